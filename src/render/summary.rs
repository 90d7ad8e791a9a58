//! What `scan` prints: the answer per queue, then what was not understood.

use std::fmt::Write;

use super::text::{
    BAD, CAUTION, GOOD, HEADING, NAME, QUIET, count, list, paint, position, resolved_share, routes_to, share,
    shorten, wrap,
};
use crate::evidence::Evidence;
use crate::evidence::model::{Diagnostic, Queue, Unresolved};

/// Numbers of diagnostics and unresolved calls that are shown; the evidence holds all of them.
const SHOWN: usize = 10;

/// The summary of a scan.
pub fn summary(evidence: &Evidence) -> String {
    let mut out = String::new();
    head(&mut out, evidence);
    for queue in &evidence.queues {
        one_queue(&mut out, evidence, queue);
    }
    let missing = evidence.validation_items.iter().filter(|item| item.status == "unknown-queue");
    for item in missing {
        let _ = writeln!(
            out,
            "\n{}  {}",
            paint(HEADING, &item.queue),
            paint(BAD, "no queue of this name in the tree")
        );
    }
    guesses(&mut out, evidence);
    not_understood(&mut out, evidence);
    out
}

fn head(out: &mut String, evidence: &Evidence) {
    let statistics = &evidence.statistics;
    let written = statistics.routes - statistics.automatic_routes;
    let _ = writeln!(
        out,
        "{} ({} more by themselves), {}, {} in {}",
        count(written, "route"),
        statistics.automatic_routes,
        count(statistics.queues, "queue"),
        count(statistics.edges, "edge"),
        count(evidence.source.files, "file"),
    );
    match &evidence.source.tracker {
        Some(tracker) => {
            let stale = tracker.rows - tracker.matched;
            let style = if stale == 0 { GOOD } else { CAUTION };
            let fit = format!("{} of {} rows name a route", tracker.matched, tracker.rows);
            let untracked = count(statistics.untracked_routes, "written route");
            let _ =
                writeln!(out, "tracker {}: {}, {untracked} without a row", tracker.file, paint(style, fit));
        }
        None => {
            let _ = writeln!(out, "{}", paint(CAUTION, "no route tracker: every route has a derived ID"));
        }
    }
    let confirmed = evidence.validation_items.iter().filter(|item| item.status == "confirmed").count();
    let all = evidence.validation_items.len();
    if all > 0 {
        let style = if confirmed == all { GOOD } else { CAUTION };
        let _ = writeln!(out, "{}", paint(style, format!("{confirmed} of {all} validation items confirmed")));
    }
}

fn one_queue(out: &mut String, evidence: &Evidence, queue: &Queue) {
    let item = evidence.validation_items.iter().find(|item| item.queue == queue.name);
    let status = match item.map(|item| item.status.as_str()) {
        Some("confirmed") => format!("  {}", paint(GOOD, "confirmed")),
        Some(status) => format!("  {}", paint(BAD, status)),
        None => String::new(),
    };
    let _ = writeln!(out, "\n{}{status}", paint(HEADING, &queue.name));
    for producer in &queue.producers {
        let alone = if producer.reached_by_routes { "" } else { ", no route reaches it" };
        let place = format!("{}:{}", producer.file, producer.line);
        let _ = writeln!(
            out,
            "  {} {} in {}{}",
            paint(QUIET, &producer.operation),
            paint(NAME, place),
            producer.symbol,
            paint(QUIET, alone)
        );
    }
    if queue.producers.is_empty() {
        let _ = writeln!(out, "  {}", paint(CAUTION, "no producer site was found"));
    }
    let (written, automatic) = routes_to(evidence, &queue.name);
    let more =
        if automatic.is_empty() { String::new() } else { format!(" and {} automatic", automatic.len()) };
    let _ = writeln!(out, "  {}{more}", count(written.len(), "route"));
    out.push_str(&wrap(&written, 4));
}

/// Edges that rest on names alone, if they were asked for.
fn guesses(out: &mut String, evidence: &Evidence) {
    let Some(guesses) = &evidence.guesses else { return };
    let _ = writeln!(out, "\n{}", paint(HEADING, "guesses, by the name of a call alone"));
    if guesses.is_empty() {
        let _ = writeln!(out, "  none");
    }
    for guess in guesses.iter().take(SHOWN) {
        let _ = writeln!(
            out,
            "  {} {} {} -> {} from {} {}",
            paint(QUIET, &guess.id),
            guess.method,
            guess.rule,
            guess.queue,
            guess.producer.file,
            guess.producer.symbol
        );
    }
    more(out, guesses.len(), "guess");
}

fn not_understood(out: &mut String, evidence: &Evidence) {
    let problems: Vec<&Diagnostic> = ["error", "warning"]
        .into_iter()
        .flat_map(|severity| {
            evidence.diagnostics.iter().filter(move |diagnostic| diagnostic.severity == severity)
        })
        .collect();
    let mut calls: Vec<&Unresolved> = evidence.unresolved.iter().filter(|call| call.routes > 0).collect();
    // Those that matter first. A stable sort: among calls that as many routes reach, the order of the evidence stays.
    calls.sort_by_key(|call| (call.queues.is_empty(), std::cmp::Reverse(call.routes)));
    let _ = writeln!(out, "\n{}", paint(HEADING, "not understood"));
    let statistics = &evidence.statistics;
    let _ = writeln!(
        out,
        "  {} of the {} that routes reach are resolved",
        resolved_share(evidence),
        count(statistics.reachable_calls, "call")
    );
    if evidence.open.is_some() {
        let pairs = statistics.pairs;
        let _ = writeln!(
            out,
            "  {} of the {} of a route and a queue without an edge are closed{}",
            share(pairs.closed, pairs.closed + pairs.open),
            count(pairs.closed + pairs.open, "pair"),
            if pairs.open > 0 { format!(", {} open", pairs.open) } else { String::new() }
        );
    }
    for (name, number) in &statistics.caps_hit {
        let _ = writeln!(out, "  {} {name} ({})", paint(CAUTION, "limit hit"), count(*number, "time"));
    }
    if problems.is_empty() && calls.is_empty() {
        let _ = writeln!(out, "  nothing else");
    }
    for problem in problems.iter().take(SHOWN) {
        let style = if problem.severity == "error" { BAD } else { CAUTION };
        let place = position(problem).map(|place| format!("{place}: ")).unwrap_or_default();
        let _ = writeln!(out, "  {} {place}{}", paint(style, &problem.code), problem.message);
    }
    more(out, problems.len(), "problem");
    for call in calls.iter().take(SHOWN) {
        let _ = writeln!(
            out,
            "  {} {}:{} {} in {}, on the way of {}{}",
            paint(CAUTION, &call.reason),
            call.file,
            call.line,
            shorten(&call.callee),
            call.symbol,
            count(call.routes, "route"),
            may_lead(call)
        );
    }
    more(out, calls.len(), "call");
}

/// Where an unresolved call may lead to, as the end of a sentence.
fn may_lead(call: &Unresolved) -> String {
    if call.queues.is_empty() { String::new() } else { format!(", may lead to {}", list(&call.queues)) }
}

fn more(out: &mut String, all: usize, noun: &str) {
    if let Some(rest) = all.checked_sub(SHOWN).filter(|rest| *rest > 0) {
        let _ =
            writeln!(out, "  {}", paint(QUIET, format!("and {} more in the evidence", count(rest, noun))));
    }
}
