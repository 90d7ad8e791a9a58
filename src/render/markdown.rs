//! The summary that is kept beside an evidence file: facts only, no source lines, nothing of the run. The pieces that
//! the rendered evidence (`document`) has in common with it are here as well.

use std::fmt::Write;

use super::LinkBase;
use super::text::{count, position, resolved_share, routes_to, shorten, shortest_edges};
use crate::evidence::Evidence;
use crate::evidence::model::{Edge, Queue, Route};

/// Number of unresolved calls that are listed, those that most routes reach first.
const CALLS: usize = 50;

/// The summary as Markdown.
pub fn markdown(evidence: &Evidence) -> String {
    let mut out = String::new();
    head(&mut out, evidence, "Which routes feed which queues");
    validation(&mut out, evidence);
    for queue in &evidence.queues {
        one_queue(&mut out, evidence, queue);
    }
    not_understood(&mut out, evidence);
    out
}

/// Text as code in a table cell.
pub(super) fn code(text: &str) -> String {
    inline(text).replace('|', "\\|")
}

/// Text as code in a line.
pub(super) fn inline(text: &str) -> String {
    let fence = if text.contains('`') { "``" } else { "`" };
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{}{space}{fence}", text)
}

pub(super) fn codes<S: AsRef<str>>(texts: &[S]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| code(text.as_ref())).collect();
    texts.join(", ")
}

/// `text` as code that leads to a line of the sources, if there is a place for links to lead to.
pub(super) fn linked(text: &str, (file, line): (&str, u32), base: Option<&LinkBase>) -> String {
    match base {
        Some(base) => format!("[{}]({})", code(text), base.line(file, line)),
        None => code(text),
    }
}

/// A position as [`linked`] code.
pub(super) fn place(file: &str, line: u32, base: Option<&LinkBase>) -> String {
    linked(&format!("{file}:{line}"), (file, line), base)
}

/// The title and what was scanned.
pub(super) fn head(out: &mut String, evidence: &Evidence, title: &str) {
    let (source, statistics) = (&evidence.source, &evidence.statistics);
    let _ = writeln!(out, "# {title}\n");
    let _ = writeln!(out, "| | |\n|---|---|");
    let _ = writeln!(out, "| entry modules | {} |", codes(&source.entries));
    let _ = writeln!(out, "| files | {} analysed, {} left out |", source.files, source.excluded_files);
    let _ = writeln!(out, "| source digest | {} |", code(&source.digest));
    let written = statistics.routes - statistics.automatic_routes;
    let _ = writeln!(out, "| routes | {written} written, {} automatic |", statistics.automatic_routes);
    if let Some(tracker) = &source.tracker {
        let _ = writeln!(
            out,
            "| route tracker | {}: {} of {} rows name a route; {} without a row |",
            code(&tracker.file),
            tracker.matched,
            tracker.rows,
            count(statistics.untracked_routes, "written route")
        );
        if !tracker.stale.is_empty() {
            let _ = writeln!(out, "| stale rows | {} |", codes(&tracker.stale));
        }
    }
    let _ = writeln!(out, "| queues | {} |", statistics.queues);
    let certainties: Vec<String> =
        statistics.edges_by_certainty.iter().map(|(name, number)| format!("{number} {name}")).collect();
    let _ = writeln!(out, "| edges | {} ({}) |", statistics.edges, certainties.join(", "));
    let _ = writeln!(
        out,
        "| calls that routes reach | {}, {} resolved |",
        statistics.reachable_calls,
        resolved_share(evidence)
    );
}

fn validation(out: &mut String, evidence: &Evidence) {
    if evidence.validation_items.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n## Validation items\n\n| queue | status | routes | edges |\n|---|---|---|---|");
    for item in &evidence.validation_items {
        let (written, _) = routes_to(evidence, &item.queue);
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            code(&item.queue),
            item.status,
            written.len(),
            item.edge_ids.len()
        );
    }
}

fn one_queue(out: &mut String, evidence: &Evidence, queue: &Queue) {
    let _ = writeln!(out, "\n## {}\n", code(&queue.name));
    queue_facts(out, queue, None);
    routes(out, evidence, queue);
    for edge in shortest_edges(evidence, &queue.name) {
        chain(out, edge);
    }
}

/// Where a queue is created, who puts items on it and who takes them off.
pub(super) fn queue_facts(out: &mut String, queue: &Queue, base: Option<&LinkBase>) {
    let mut facts = vec![format!("Created at {}", place(&queue.created.file, queue.created.line, base))];
    if let Some(variable) = &queue.variable {
        facts.push(format!("as {}", code(variable)));
    }
    if let Some(key) = &queue.config_key {
        facts.push(format!("named by configuration key {}", code(key)));
    }
    match queue.has_namespace {
        Some(true) => facts.push("items carry a namespace".into()),
        Some(false) => facts.push("items carry no namespace".into()),
        None => {}
    }
    let _ = writeln!(out, "{}.\n", facts.join(", "));

    let _ = writeln!(out, "| producer | operation | body keys | reached by routes |\n|---|---|---|---|");
    for producer in &queue.producers {
        let mut keys: Vec<String> = producer.body.always.iter().map(|key| code(key)).collect();
        keys.extend(producer.body.sometimes.iter().map(|key| format!("{} (sometimes)", code(key))));
        if producer.body.open {
            keys.push("others".into());
        }
        let _ = writeln!(
            out,
            "| {} {} | {} | {} | {} |",
            place(&producer.file, producer.line, base),
            code(&producer.symbol),
            producer.operation,
            keys.join(", "),
            if producer.reached_by_routes { "yes" } else { "no" }
        );
    }
    if !queue.consumers.is_empty() {
        let consumers: Vec<String> = queue
            .consumers
            .iter()
            .map(|c| linked(&format!("{}:{} {}", c.file, c.line, c.symbol), (&c.file, c.line), base))
            .collect();
        let _ = writeln!(out, "\nTaken off by {}.", consumers.join(", "));
    }
}

fn routes(out: &mut String, evidence: &Evidence, queue: &Queue) {
    let mut rows: Vec<(&Route, Vec<&Edge>)> = Vec::new();
    for route in evidence.routes.iter().filter(|route| route.automatic.is_none()) {
        let mine = |edge: &&Edge| edge.queue == queue.name && edge.route_id == route.id;
        let edges: Vec<&Edge> = evidence.edges.iter().filter(mine).collect();
        if !edges.is_empty() {
            rows.push((route, edges));
        }
    }
    rows.sort_by_key(|(route, _)| &route.id);
    let (_, automatic) = routes_to(evidence, &queue.name);
    if rows.is_empty() && automatic.is_empty() {
        let _ = writeln!(out, "\nNo route reaches a producer.");
        return;
    }
    let more =
        if automatic.is_empty() { String::new() } else { format!(" and {} automatic", automatic.len()) };
    let _ = writeln!(out, "\n{}{more}:\n", count(rows.len(), "route"));
    let _ = writeln!(
        out,
        "| route | method | rule | edges | certainty | conditions on every path |\n|---|---|---|---|---|---|"
    );
    for (route, edges) in rows {
        let best = ["exact", "may", "assumed"]
            .into_iter()
            .find(|name| edges.iter().any(|edge| edge.certainty == *name));
        let first = edges.first().map_or(&[][..], |edge| &edge.gates);
        let shared: Vec<&String> =
            first.iter().filter(|gate| edges.iter().all(|edge| edge.gates.contains(gate))).collect();
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} |",
            route.id,
            route.method,
            code(&route.rule),
            edges.len(),
            best.unwrap_or("unknown"),
            codes(&shared)
        );
    }
}

fn chain(out: &mut String, edge: &Edge) {
    let site = format!("{}:{}", edge.producer.file, edge.producer.line);
    let _ = writeln!(
        out,
        "\nShortest chain to {}: {} {} {} ({}, {}{})\n",
        inline(&site),
        edge.route_id,
        edge.method,
        inline(&edge.rule),
        edge.id,
        edge.certainty,
        if edge.unconditional { ", unconditional" } else { "" }
    );
    for (number, hop) in edge.path.iter().enumerate() {
        let gates = if hop.gates.is_empty() {
            String::new()
        } else {
            format!(", if {}", hop.gates.iter().map(|gate| inline(gate)).collect::<Vec<_>>().join(", "))
        };
        let place = format!("{}:{}", hop.file, hop.line);
        let _ = writeln!(
            out,
            "{}. {} {} ({}{gates})",
            number + 1,
            inline(&place),
            inline(&hop.symbol),
            inline(&hop.kind)
        );
    }
}

fn not_understood(out: &mut String, evidence: &Evidence) {
    let _ = writeln!(out, "\n## Not understood\n");
    let mut any = false;
    for (name, number) in &evidence.statistics.caps_hit {
        any = true;
        let _ = writeln!(out, "- limit {} hit {}", code(name), count(*number, "time"));
    }
    for diagnostic in evidence.diagnostics.iter().filter(|diagnostic| diagnostic.severity != "note") {
        any = true;
        let place = position(diagnostic).map(|place| format!("{}: ", code(&place))).unwrap_or_default();
        let _ =
            writeln!(out, "- {} ({}) {place}{}", diagnostic.severity, diagnostic.code, diagnostic.message);
    }
    let mut calls: Vec<_> = evidence.unresolved.iter().filter(|call| call.routes > 0).collect();
    calls.sort_by_key(|call| std::cmp::Reverse(call.routes));
    if !calls.is_empty() {
        let _ = writeln!(
            out,
            "{}| call | place | reason | routes |\n|---|---|---|---|",
            if any { "\n" } else { "" }
        );
        for call in calls.iter().take(CALLS) {
            let place = format!("{}:{} {}", call.file, call.line, call.symbol);
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} |",
                code(&shorten(&call.callee)),
                code(&place),
                call.reason,
                call.routes
            );
        }
        if let Some(rest) = calls.len().checked_sub(CALLS).filter(|rest| *rest > 0) {
            let _ = writeln!(out, "\nand {} more in the evidence", count(rest, "call"));
        }
        any = true;
    }
    if !any {
        let _ = writeln!(out, "Nothing.");
    }
}
