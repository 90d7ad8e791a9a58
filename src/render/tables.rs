//! `routes` and `queues` as tables.

use std::collections::{BTreeMap, BTreeSet};

use anstyle::Style;

use super::text::{GOOD, HEADING, NAME, QUIET, count, paint, routes_to};
use crate::evidence::Evidence;

/// A cell with its style.
type Cell = (String, Style);

fn plain(text: impl Into<String>) -> Cell {
    (text.into(), Style::new())
}

/// Columns as wide as their widest cell; the last one is not padded.
fn table(header: &[&str], rows: &[Vec<Cell>]) -> String {
    let mut widths: Vec<usize> = header.iter().map(|name| name.chars().count()).collect();
    for row in rows {
        for (width, (text, _)) in widths.iter_mut().zip(row) {
            *width = (*width).max(text.chars().count());
        }
    }
    let head: Vec<Cell> = header.iter().map(|name| ((*name).to_owned(), HEADING)).collect();
    let mut out = String::new();
    for row in [&head].into_iter().chain(rows) {
        let last = row.iter().rposition(|(text, _)| !text.is_empty()).unwrap_or(0);
        for (index, ((text, style), width)) in row.iter().zip(&widths).enumerate().take(last + 1) {
            out.push_str(&paint(*style, text));
            if index < last {
                out.push_str(&" ".repeat(width - text.chars().count() + 2));
            }
        }
        out.push('\n');
    }
    out
}

/// The routes; those that nobody wrote only if `automatic`.
pub fn routes_table(evidence: &Evidence, automatic: bool) -> String {
    let mut queues: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for edge in &evidence.edges {
        queues.entry(&edge.route_id).or_default().insert(&edge.queue);
    }
    let mut rows = Vec::new();
    let mut hidden = 0;
    for route in &evidence.routes {
        if route.automatic.is_some() && !automatic {
            hidden += 1;
            continue;
        }
        let handler = match (&route.handler, &route.automatic) {
            (Some(handler), _) => plain(format!("{}:{} {}", handler.file, handler.line, handler.symbol)),
            (None, reason) => (format!("({})", reason.as_deref().unwrap_or("framework")), QUIET),
        };
        let reached: Vec<&str> = queues.get(route.id.as_str()).into_iter().flatten().copied().collect();
        rows.push(vec![
            (route.id.clone(), NAME),
            plain(&route.method),
            plain(&route.rule),
            handler,
            (reached.join(" "), GOOD),
        ]);
    }
    let mut out = table(&["ID", "METHOD", "RULE", "HANDLER", "QUEUES"], &rows);
    if hidden > 0 {
        let note = format!("{} not shown: --all shows them", count(hidden, "automatic route"));
        out.push_str(&paint(QUIET, note));
        out.push('\n');
    }
    out
}

/// The queues.
pub fn queues_table(evidence: &Evidence) -> String {
    let mut rows = Vec::new();
    for queue in &evidence.queues {
        let (written, automatic) = routes_to(evidence, &queue.name);
        let namespace = match queue.has_namespace {
            Some(true) => "yes",
            Some(false) => "no",
            None => "?",
        };
        let item = evidence.validation_items.iter().find(|item| item.queue == queue.name);
        rows.push(vec![
            (queue.name.clone(), NAME),
            plain(queue.variable.as_deref().unwrap_or("-")),
            plain(queue.config_key.as_deref().unwrap_or("-")),
            plain(namespace),
            plain(queue.producers.len().to_string()),
            plain(written.len().to_string()),
            plain(automatic.len().to_string()),
            plain(queue.consumers.len().to_string()),
            plain(item.map_or("-", |item| item.status.as_str())),
            plain(format!("{}:{}", queue.created.file, queue.created.line)),
        ]);
    }
    let header = [
        "QUEUE",
        "VARIABLE",
        "CONFIG KEY",
        "NAMESPACE",
        "PRODUCERS",
        "ROUTES",
        "AUTOMATIC",
        "CONSUMERS",
        "VALIDATION",
        "CREATED",
    ];
    table(&header, &rows)
}
