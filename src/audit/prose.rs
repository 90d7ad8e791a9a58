//! The Markdown tables: what stands between backticks is a claim, the words around it are not.

use super::matrix::{consumers, known_queue, missing_queues, producer_files};
use super::{Facts, Proof, Report, list, producer_places, shown};
use crate::evidence::model::{Edge, Queue, Route};
use crate::plan::{CutoverRow, Kind, code_spans};
use std::collections::{BTreeMap, BTreeSet};

/// Checks the dependency matrix of the cutover plan.
pub(super) fn cutover(facts: &Facts<'_>, report: &mut Report) {
    let Some((_, rows)) = &facts.plan.cutover else { return };
    for row in rows {
        let Some(queue) = known_queue(facts, report, row.line, "Queue", &row.queue) else { continue };
        let files: Vec<String> =
            code_spans(&row.producers).into_iter().filter(|code| code.ends_with(".py")).collect();
        producer_files(queue, row.line, "Producer surface", &files, report);
        consumer(facts, queue, row, report);
        families(facts, queue, row, report);
    }
    let named: Vec<String> = rows.iter().map(|row| row.queue.clone()).collect();
    missing_queues(facts, &named, report);
}

/// `P2` (`program`): a wave is what the worker checklist has as one, anything else is a program.
fn consumer(facts: &Facts<'_>, queue: &Queue, row: &CutoverRow, report: &mut Report) {
    let table = facts.plan.table(Kind::WorkerChecklist).filter(|table| table.has("review_wave"));
    let waves: BTreeSet<String> =
        table.iter().flat_map(|table| table.rows()).map(|process| process.get("review_wave")).collect();
    let is_program = |code: &&String| facts.evidence.workers.iter().any(|worker| worker.program == **code);
    let codes = code_spans(&row.consumer);
    let (claimed_waves, programs): (Vec<String>, Vec<String>) =
        codes.into_iter().partition(|code| waves.contains(code) || (!is_program(&code) && is_wave(code)));
    consumers(facts, queue, row.line, &programs, &[], report);
    let Some(table) = table else { return };
    let of = |(program, _): (&str, _)| Some(table.find("program", program)?.get("review_wave"));
    let proven: BTreeSet<String> = facts.consumers(&queue.name).into_iter().filter_map(of).collect();
    for wave in claimed_waves {
        report.claim();
        if !proven.is_empty() && !proven.contains(&wave) {
            let names: Vec<&String> = proven.iter().collect();
            let proof =
                Proof::text(format!("the review waves of the programs that consume it: {}", list(&names)));
            let message = format!("`{}` does not depend on wave {wave}", queue.name);
            let claim = format!("Consumer process wave: {wave}");
            report.finding("plan-wave-wrong", row.line, claim, message, proof);
        }
    }
}

/// A letter and a number.
fn is_wave(code: &str) -> bool {
    let mut chars = code.chars();
    chars.next().is_some_and(|c| c.is_ascii_uppercase())
        && code.len() > 1
        && chars.all(|c| c.is_ascii_digit())
}

/// Route families and URL prefixes.
fn families(facts: &Facts<'_>, queue: &Queue, row: &CutoverRow, report: &mut Report) {
    let codes = code_spans(&row.routes);
    let proven = facts.routes_to(&queue.name);
    let routes: Vec<(&Route, &Vec<&Edge>)> =
        proven.iter().filter_map(|(id, edges)| Some((facts.route(id)?, edges))).collect();
    let prefixes: Vec<&String> = codes.iter().filter(|code| code.starts_with('/')).collect();
    let under = |route: &Route, prefix: &str| {
        let prefix = prefix.trim_end_matches(['/', '*']);
        route.rule.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let claim = format!("Route/API dependency: {}", row.routes);
    for prefix in &prefixes {
        report.claim();
        if !routes.iter().any(|(route, _)| under(route, prefix)) {
            let rules: Vec<String> = routes.iter().map(|(route, _)| shown(route)).collect();
            let proof = Proof::text(format!("the routes that reach it: {}", list(&rules)));
            let message = format!("no route below {prefix} reaches `{}`", queue.name);
            report.finding("plan-family-wrong", row.line, claim.clone(), message, proof);
        }
    }
    let Some(table) = facts.plan.table(Kind::RouteTracker).filter(|table| table.has("route_family")) else {
        return;
    };
    let known: BTreeSet<String> = table.rows().map(|row| row.get("route_family")).collect();
    let mut members: BTreeMap<String, Vec<(&Route, &Vec<&Edge>)>> = BTreeMap::new();
    for (route, edges) in routes {
        if let Some(row) = table.find("route_id", &route.id) {
            members.entry(row.get("route_family")).or_default().push((route, edges));
        }
    }
    let names: Vec<&String> = members.keys().collect();
    let claimed: Vec<&String> = codes.iter().filter(|code| known.contains(*code)).collect();
    for family in &claimed {
        report.claim();
        if !members.contains_key(*family) {
            let proof = Proof::text(format!("the families of the routes that reach it: {}", list(&names)))
                .places(producer_places(queue));
            let message = format!("no route of the family {family} reaches `{}`", queue.name);
            report.finding("plan-family-wrong", row.line, claim.clone(), message, proof);
        }
    }
    if claimed.is_empty() {
        // Words alone, or prefixes: no list that could lack a family.
        return;
    }
    for (family, routes) in &members {
        report.claim();
        let covered = routes.iter().all(|(route, _)| prefixes.iter().any(|prefix| under(route, prefix)));
        if claimed.contains(&family) || covered {
            continue;
        }
        let ids: Vec<String> = routes.iter().map(|(route, _)| shown(route)).collect();
        let chains = routes.iter().flat_map(|(_, edges)| edges.iter().copied());
        let proof =
            Proof::text(format!("routes of this family that reach it: {}", list(&ids))).chains(chains);
        let message =
            format!("routes of the family {family} reach `{}`, and the family is not listed", queue.name);
        report.finding("plan-family-missing", row.line, claim.clone(), message, proof);
    }
}

/// Checks the keys of bodies.
pub(super) fn payloads(facts: &Facts<'_>, report: &mut Report) {
    let Some((_, rows)) = &facts.plan.payloads else { return };
    for row in rows {
        let queue = facts
            .evidence
            .queues
            .iter()
            .find(|queue| queue.variable.as_deref() == Some(row.variable.as_str()));
        let Some(queue) = queue.or_else(|| facts.queue(&row.variable)) else {
            report.claim();
            let names: Vec<&str> =
                facts.evidence.queues.iter().filter_map(|queue| queue.variable.as_deref()).collect();
            let proof = Proof::text(format!("the variables of the queues are {}", list(&names)));
            let message = format!("there is no queue `{}`", row.variable);
            report.finding(
                "plan-queue-unknown",
                row.line,
                format!("Queue var: {}", row.variable),
                message,
                proof,
            );
            continue;
        };
        keys(queue, row.line, &row.producer_keys, report);
    }
}

fn keys(queue: &Queue, line: u64, claimed: &[String], report: &mut Report) {
    let mut proven: BTreeSet<&str> = BTreeSet::new();
    for producer in &queue.producers {
        proven.extend(producer.body.always.iter().chain(&producer.body.sometimes).map(String::as_str));
    }
    let is_open = queue.producers.iter().any(|producer| producer.body.open);
    let names: Vec<&str> = proven.iter().copied().collect();
    let claim = format!("Producer keys: {}", list(claimed));
    for key in claimed {
        report.claim();
        // A body that was not seen completely may hold any key.
        if !is_open && !proven.contains(key.as_str()) {
            let text = format!("the bodies put on `{}` have the keys {}", queue.name, list(&names));
            let message = format!("no item of `{}` has the key `{key}`", queue.name);
            let proof = Proof::text(text).places(producer_places(queue));
            report.finding("plan-body-key-wrong", line, claim.clone(), message, proof);
        }
    }
    for key in proven {
        report.claim();
        if claimed.iter().any(|one| one == key) {
            continue;
        }
        let with = |producer: &&crate::evidence::model::Producer| {
            producer.body.always.iter().chain(&producer.body.sometimes).any(|one| one == key)
        };
        let always = queue.producers.iter().all(|producer| producer.body.always.iter().any(|one| one == key));
        let sites: Vec<&str> =
            queue.producers.iter().filter(with).map(|producer| producer.id.as_str()).collect();
        let often = if always { "always" } else { "sometimes" };
        let text = format!("it is {often} in the body put at {}", list(&sites));
        let message = format!("items of `{}` have the key `{key}`, which is not listed", queue.name);
        let proof = Proof::text(text).places(producer_places(queue));
        report.finding("plan-body-key-missing", line, claim.clone(), message, proof);
    }
}
