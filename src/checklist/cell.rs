//! What the tool says in a cell: facts of the evidence on one line.
//!
//! Facts are `name value` pairs with `; ` between them, edges stand apart by ` | `. There is no comma and no quote in
//! it but those of names, so that a cell which needed no quotes in CSV needs none afterwards.

use std::fmt::Write;

use super::block::plain;
use crate::evidence::Evidence;
use crate::evidence::model::{Edge, conjunction};
use crate::render::{LinkBase, edge_anchor, queue_anchor};

/// Number of characters that the tool takes of a cell at most: of the 32,767 that spreadsheets hold, a quarter.
const LONGEST: usize = 8_000;

/// Number of digits of a commit or digest that are written.
const DIGITS: usize = 12;

/// Where the links of a cell lead.
#[derive(Debug, Clone)]
pub enum Links {
    /// To an anchor in the rendered evidence, which cells call by this name.
    Document(String),
    /// To the source line that puts items on the queue, or takes them off.
    Source(LinkBase),
}

/// What is the same in all cells of a run.
#[derive(Debug, Clone)]
pub struct Style {
    /// Where links lead.
    pub links: Links,
    /// What the evidence is of: see [`stamp`].
    pub stamp: String,
}

/// What the evidence is of: the commit that the user names, or else the one that was scanned, or else the digest
/// of the sources, each with its name.
pub fn stamp(evidence: &Evidence, commit: Option<&str>) -> String {
    let digits = |text: &str| text.chars().take(DIGITS).collect::<String>();
    match (commit, &evidence.source.revision) {
        (Some(commit), _) => format!("commit {}", plain(commit)),
        (None, Some(revision)) => format!("commit {}", plain(&digits(revision))),
        (None, None) => format!("source-digest {}", digits(&evidence.source.digest)),
    }
}

/// The queue that a worker takes items off, and what leads to it.
#[derive(Debug)]
pub struct Fed<'a> {
    /// Default name of the queue.
    pub queue: &'a str,
    /// Where the worker takes items off: file and line.
    pub consumer: (&'a str, u32),
    /// Edges to the queue, at least one.
    pub edges: Vec<&'a Edge>,
}

/// What to say in the row of the route `id`, which has these edges.
pub fn route(id: &str, edges: &[&Edge], style: &Style) -> String {
    let entries: Vec<String> = edges.iter().map(|edge| one_edge(id, edge, &style.links)).collect();
    line(&entries, "edge", style)
}

/// What to say in the row of a worker that takes items off these queues.
pub fn worker(fed: &[Fed<'_>], style: &Style) -> String {
    let entries: Vec<String> = fed.iter().map(|fed| one_queue(fed, &style.links)).collect();
    line(&entries, "queue", style)
}

fn one_edge(id: &str, edge: &Edge, links: &Links) -> String {
    let mut text = String::new();
    // A row can stand for a family of routes: then the one that is meant is named.
    if edge.route_id != id {
        let _ = write!(text, "route {} {} {}; ", edge.route_id, edge.method, edge.rule);
    }
    let producer = &edge.producer;
    let gates = gates(&edge.gates);
    let link = match links {
        Links::Document(name) => format!("{name}#{}", edge_anchor(&edge.id)),
        Links::Source(base) => base.line(&producer.file, producer.line),
    };
    let _ = write!(
        text,
        "queue {}; producer {}:{}; certainty {}; gates {gates}; evidence {link}",
        edge.queue, producer.file, producer.symbol, edge.certainty
    );
    plain(&text)
}

/// Conditions as one.
fn gates(gates: &[String]) -> String {
    if gates.is_empty() { "none".to_owned() } else { conjunction(gates) }
}

fn one_queue(fed: &Fed<'_>, links: &Links) -> String {
    let mut text = format!("queue {}", fed.queue);
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for certainty in ["exact", "may", "assumed"] {
        // A route with several edges to the queue counts by the best of them.
        let mut ids: Vec<&str> = Vec::new();
        for edge in fed.edges.iter().filter(|edge| edge.certainty == certainty) {
            if !seen.iter().any(|(id, _)| *id == edge.route_id) {
                seen.push((&edge.route_id, certainty));
                ids.push(&edge.route_id);
            }
        }
        ids.sort_unstable();
        if !ids.is_empty() {
            let _ = write!(text, "; routes {certainty} {}", ids.join(" "));
        }
    }
    let link = match links {
        Links::Document(name) => format!("{name}#{}", queue_anchor(fed.queue)),
        Links::Source(base) => base.line(fed.consumer.0, fed.consumer.1),
    };
    let _ = write!(text, "; evidence {link}");
    plain(&text)
}

/// The entries as far as they fit, how many more there are, and the stamp.
fn line(entries: &[String], noun: &str, style: &Style) -> String {
    let mut text = String::new();
    let mut shown = 0;
    for entry in entries {
        if text.chars().count() + entry.chars().count() > LONGEST {
            break;
        }
        text.push_str(entry);
        text.push_str(" | ");
        shown += 1;
    }
    match entries.len() - shown {
        0 => {}
        1 => text.push_str(&format!("1 more {noun} in the evidence | ")),
        more => text.push_str(&format!("{more} more {noun}s in the evidence | ")),
    }
    text.push_str(&style.stamp);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::model::EdgeProducer;

    fn edge(route: &str, queue: &str, certainty: &str, gates: &[&str]) -> Edge {
        Edge {
            id: "E-00Ff".into(),
            route_id: route.into(),
            method: "GET".into(),
            rule: "/a".into(),
            queue: queue.into(),
            producer: EdgeProducer {
                id: "S-1".into(),
                file: "m/a.py".into(),
                line: 7,
                symbol: "A.f.<locals>.g".into(),
                operation: "put".into(),
            },
            certainty: certainty.into(),
            gates: gates.iter().map(|gate| (*gate).to_owned()).collect(),
            unconditional: gates.is_empty(),
            path_id: "P-1".into(),
            path: Vec::new(),
        }
    }

    fn style(links: Links) -> Style {
        Style { links, stamp: "commit abc".into() }
    }

    fn document() -> Style {
        style(Links::Document("e.md".into()))
    }

    #[test]
    fn an_edge_is_told_on_one_line_without_quotes() {
        let edge = edge("R-1", "mail", "may", &["features.A", "config.B != \"x\""]);
        assert_eq!(
            route("R-1", &[&edge], &document()),
            "queue mail; producer m/a.py:A.f.<locals>.g; certainty may; \
             gates features.A and config.B != 'x'; evidence e.md#e-00ff | commit abc"
        );
        let base = "https://host.example/".parse().expect("an address");
        let permalink = route("R-1", &[&edge], &style(Links::Source(base)));
        assert!(permalink.contains("; evidence https://host.example/m/a.py#L7 | "), "{permalink}");
    }

    #[test]
    fn conditions_do_not_run_into_each_other() {
        let edge = edge("R-1", "mail", "may", &["config.M chooses \"a\" or \"b\"", "features.A"]);
        assert!(
            route("R-1", &[&edge], &document())
                .contains("; gates (config.M chooses 'a' or 'b') and features.A; ")
        );
        assert_eq!(gates(&["a or b".into()]), "a or b");
        assert_eq!(gates(&[]), "none");
    }

    #[test]
    fn a_member_of_a_family_is_named() {
        let edge = edge("X-GET-1", "mail", "exact", &[]);
        let text = route("R-1", &[&edge], &document());
        assert!(
            text.starts_with("route X-GET-1 GET /a; queue mail; ") && text.contains("; gates none; "),
            "{text}"
        );
    }

    #[test]
    fn a_worker_gets_each_route_once_by_its_best_edge() {
        let edges = [("R-2", "may"), ("R-1", "may"), ("R-2", "exact"), ("R-1", "may")]
            .map(|(id, how)| edge(id, "mail", how, &[]));
        let fed = Fed { queue: "mail", consumer: ("w.py", 3), edges: edges.iter().collect() };
        assert_eq!(
            worker(&[fed], &document()),
            "queue mail; routes exact R-2; routes may R-1; evidence e.md#queue-mail | commit abc"
        );
    }

    #[test]
    fn a_cell_does_not_burst() {
        let edges: Vec<Edge> =
            (0..500).map(|number| edge(&format!("R-{number}"), "mail", "exact", &[])).collect();
        let text = route("R-0", &edges.iter().collect::<Vec<_>>(), &document());
        assert!(
            text.len() < LONGEST + 100 && text.ends_with(" more edges in the evidence | commit abc"),
            "{text}"
        );
    }
}
