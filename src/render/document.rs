//! The evidence as a document that checklists link to: every edge with its chain, each under an anchor of its own.
//! Facts only, no source lines, nothing of the run.

use std::fmt::Write;

use super::markdown::{code, codes, head, inline, place, queue_facts};
use super::text::{count, routes_to};
use super::{LinkBase, edge_anchor, queue_anchor, route_anchor};
use crate::evidence::Evidence;
use crate::evidence::model::{Edge, Hop, Queue, Route};

/// The document as Markdown. With `base` every position is a link to the line that it names.
pub fn document(evidence: &Evidence, base: Option<&LinkBase>) -> String {
    let mut out = String::new();
    head(&mut out, evidence, "Chains from routes to queues");
    let _ = writeln!(
        out,
        "\nAnchors: `queue-` and the name of a queue, `route-` and the ID of a route with edges, the ID of an edge; all \
         in lower case. A chain is the best witness of its edge, not the only way."
    );
    contents(&mut out, evidence);
    let _ = writeln!(out, "\n## Queues");
    for queue in &evidence.queues {
        one_queue(&mut out, evidence, queue, base);
    }
    let _ = writeln!(out, "\n## Routes");
    let mut routes: Vec<(&Route, Vec<&Edge>)> = evidence
        .routes
        .iter()
        .map(|route| {
            (route, evidence.edges.iter().filter(|edge| edge.route_id == route.id).collect::<Vec<_>>())
        })
        .filter(|(_, edges)| !edges.is_empty())
        .collect();
    routes.sort_by_key(|(route, _)| &route.id);
    for (route, edges) in routes {
        one_route(&mut out, route, &edges, base);
    }
    out
}

/// A place that links can lead to.
fn anchor(out: &mut String, name: &str) {
    let _ = writeln!(out, "\n<a id=\"{name}\"></a>\n");
}

fn contents(out: &mut String, evidence: &Evidence) {
    let _ = writeln!(out, "\n| queue | routes | automatic routes | edges |\n|---|---|---|---|");
    for queue in &evidence.queues {
        let (written, automatic) = routes_to(evidence, &queue.name);
        let edges = evidence.edges.iter().filter(|edge| edge.queue == queue.name).count();
        let (name, anchor) = (code(&queue.name), queue_anchor(&queue.name));
        let _ = writeln!(out, "| [{name}](#{anchor}) | {} | {} | {edges} |", written.len(), automatic.len());
    }
}

fn one_queue(out: &mut String, evidence: &Evidence, queue: &Queue, base: Option<&LinkBase>) {
    anchor(out, &queue_anchor(&queue.name));
    let _ = writeln!(out, "### {}\n", inline(&queue.name));
    queue_facts(out, queue, base);
    let mut edges: Vec<&Edge> = evidence.edges.iter().filter(|edge| edge.queue == queue.name).collect();
    if edges.is_empty() {
        let _ = writeln!(out, "\nNo route reaches a producer.");
        return;
    }
    // A stable sort: the edges of a route stay in the order of the evidence.
    edges.sort_by_key(|edge| &edge.route_id);
    let _ = writeln!(out, "\n| edge | route | producer | certainty | conditions |\n|---|---|---|---|---|");
    for edge in edges {
        let _ = writeln!(
            out,
            "| [{}](#{}) | [{}](#{}) {} {} | {} | {} | {} |",
            edge.id,
            edge_anchor(&edge.id),
            edge.route_id,
            route_anchor(&edge.route_id),
            edge.method,
            code(&edge.rule),
            code(&edge.producer.symbol),
            edge.certainty,
            codes(&edge.gates)
        );
    }
}

fn one_route(out: &mut String, route: &Route, edges: &[&Edge], base: Option<&LinkBase>) {
    anchor(out, &route_anchor(&route.id));
    let _ = writeln!(out, "### {} {} {}\n", route.id, route.method, inline(&route.rule));
    let mut facts = Vec::new();
    if let Some(handler) = &route.handler {
        facts.push(format!(
            "Served by {} {}.",
            place(&handler.file, handler.line, base),
            inline(&handler.symbol)
        ));
    }
    if let Some(automatic) = &route.automatic {
        facts.push(format!("Exists by itself ({automatic})."));
    }
    if !route.gates.is_empty() {
        facts.push(format!("Exists if {}.", codes(&route.gates)));
    }
    for gate in &route.unbound_gates {
        let decorator = place(&gate.file, gate.line, base);
        facts.push(format!("Does not depend on {}: {decorator} does not bind.", code(&gate.condition)));
    }
    facts.push(format!("Has {}.", count(edges.len(), "edge")));
    let _ = writeln!(out, "{}", facts.join(" "));
    for edge in edges {
        one_edge(out, edge, base);
    }
}

fn one_edge(out: &mut String, edge: &Edge, base: Option<&LinkBase>) {
    anchor(out, &edge_anchor(&edge.id));
    let producer = &edge.producer;
    let _ = writeln!(out, "#### {}: {} to {}\n", edge.id, edge.route_id, inline(&edge.queue));
    let _ = writeln!(out, "| | |\n|---|---|");
    let _ = writeln!(out, "| queue | [{}](#{}) |", code(&edge.queue), queue_anchor(&edge.queue));
    let _ = writeln!(
        out,
        "| producer | {} {}, {} |",
        place(&producer.file, producer.line, base),
        code(&producer.symbol),
        producer.operation
    );
    let _ = writeln!(out, "| certainty | {} |", edge.certainty);
    let gates = match edge.gates.as_slice() {
        [] if edge.unconditional => "none: this path is unconditional".to_owned(),
        [] => "none that every path meets".to_owned(),
        gates => codes(gates),
    };
    let _ = writeln!(out, "| conditions | {gates} |");
    let _ = writeln!(out, "| path | {} |\n", edge.path_id);
    for (number, hop) in edge.path.iter().enumerate() {
        let _ = writeln!(out, "{}. {}", number + 1, one_hop(hop, base));
    }
}

/// Where a hop is, how it was resolved, and what it enters.
fn one_hop(hop: &Hop, base: Option<&LinkBase>) -> String {
    let position = place(&hop.file, hop.line, base);
    let mut text = format!("{position} {} ({}", inline(&hop.symbol), inline(&hop.kind));
    if hop.targets > 1 {
        let _ = write!(text, ", one of {} targets", hop.targets);
    }
    if !hop.gates.is_empty() {
        let _ = write!(text, ", if {}", codes(&hop.gates));
    }
    text.push(')');
    if hop.kind != "producer" && !hop.target.is_empty() {
        let _ = write!(text, " enters {}", inline(&hop.target));
    }
    text
}
