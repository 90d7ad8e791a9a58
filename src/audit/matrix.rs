//! The dependency matrix, and the tables that have a row for each queue.

use super::{Facts, Proof, Report, list, producer_places, shown};
use crate::evidence::model::{Place, Queue};
use crate::plan::{Kind, Row};
use std::collections::BTreeSet;

/// Checks the matrix.
pub(super) fn check(facts: &Facts<'_>, report: &mut Report) {
    let Some(table) = facts.plan.table(Kind::Matrix) else { return };
    for row in table.rows() {
        let name = row.get("default_queue_name");
        let Some(queue) = known_queue(facts, report, row.line(), "default_queue_name", &name) else {
            continue;
        };
        variable(queue, &row, report);
        producer_files(queue, row.line(), "producer_files", &row.list("producer_files"), report);
        routes(facts, queue, &row, report);
        route_files(facts, queue, &row, report);
        waves(facts, queue, &row, report);
        let programs = row.list("consumer_programs");
        consumers(facts, queue, row.line(), &programs, &row.list("consumer_files"), report);
        processes(facts, queue, &row, &programs, report);
    }
    let named: Vec<String> = table.rows().map(|row| row.get("default_queue_name")).collect();
    missing_queues(facts, &named, report);
}

/// Checks a table with one row of tests for each queue.
pub(super) fn queue_tests(facts: &Facts<'_>, report: &mut Report) {
    let Some(table) = facts.plan.table(Kind::QueueTests) else { return };
    for row in table.rows() {
        known_queue(facts, report, row.line(), "queue_name", &row.get("queue_name"));
    }
    let named: Vec<String> = table.rows().map(|row| row.get("queue_name")).collect();
    missing_queues(facts, &named, report);
}

/// The queue that a row names.
pub(super) fn known_queue<'a>(
    facts: &Facts<'a>,
    report: &mut Report,
    line: u64,
    column: &str,
    name: &str,
) -> Option<&'a Queue> {
    report.claim();
    let found = facts.queue(name);
    if found.is_none() {
        let names: Vec<&str> = facts.evidence.queues.iter().map(|queue| queue.name.as_str()).collect();
        let proof = Proof::text(format!("the queues of the application are {}", list(&names)));
        let message = format!("there is no queue `{name}`");
        report.finding("plan-queue-unknown", line, format!("{column}: {name}"), message, proof);
    }
    found
}

/// Queues that a table with a row for each does not name.
pub(super) fn missing_queues(facts: &Facts<'_>, named: &[String], report: &mut Report) {
    for queue in &facts.evidence.queues {
        report.claim();
        if named.contains(&queue.name) {
            continue;
        }
        let proof =
            Proof::text(format!("it is created in {}", queue.created.file)).places([queue.created.clone()]);
        let message = format!("queue `{}` has no row", queue.name);
        report.finding("plan-queue-missing", 1, "a row for each queue".into(), message, proof);
    }
}

fn variable(queue: &Queue, row: &Row<'_>, report: &mut Report) {
    let claimed = row.get("queue_var");
    let (false, Some(variable)) = (claimed.is_empty(), &queue.variable) else { return };
    report.claim();
    if claimed != *variable {
        let proof = Proof::text(format!("it is bound to `{variable}`")).places([queue.created.clone()]);
        let message = format!("queue `{}` is not held by `{claimed}`", queue.name);
        report.finding("plan-queue-variable", row.line(), format!("queue_var: {claimed}"), message, proof);
    }
}

/// Checks the files in which items are said to be put.
pub(super) fn producer_files(
    queue: &Queue,
    line: u64,
    column: &str,
    claimed: &[String],
    report: &mut Report,
) {
    let proven: BTreeSet<&str> = queue.producers.iter().map(|producer| producer.file.as_str()).collect();
    let names: Vec<&str> = proven.iter().copied().collect();
    for file in claimed {
        report.claim();
        if proven.contains(file.as_str()) {
            continue;
        }
        let text = format!("the producers of `{}` stand in {}", queue.name, list(&names));
        let proof = Proof::text(text).places(producer_places(queue));
        let message = format!("{file} puts nothing on `{}`", queue.name);
        report.finding("plan-producer-file-wrong", line, format!("{column}: {file}"), message, proof);
    }
    for file in proven {
        report.claim();
        if claimed.iter().any(|one| one == file) {
            continue;
        }
        let places = producer_places(queue).into_iter().filter(|place| place.file == file);
        let proof = Proof::text(format!("{file} puts items on `{}`", queue.name)).places(places);
        let message = format!("{file} is not listed as a producer of `{}`", queue.name);
        let claim = format!("{column}: {}", list(claimed));
        report.finding("plan-producer-file-missing", line, claim, message, proof);
    }
}

fn routes(facts: &Facts<'_>, queue: &Queue, row: &Row<'_>, report: &mut Report) {
    let claimed = row.list("producer_route_ids");
    let proven = facts.routes_to(&queue.name);
    let line = row.line();
    for id in &claimed {
        report.claim();
        let claim = format!("producer_route_ids: {id}");
        let Some(route) = facts.route(id) else {
            let proof = Proof::text("the evidence has no route of this ID");
            let message = format!("there is no route {id}");
            report.finding("plan-route-unknown", line, claim, message, proof);
            continue;
        };
        // Automatic routes count here: whoever lists one is not wrong.
        let edges = facts.evidence.edges.iter();
        if edges.clone().any(|edge| edge.route_id == *id && edge.queue == queue.name) {
            continue;
        }
        let mut others: Vec<&str> =
            edges.filter(|edge| edge.route_id == *id).map(|edge| edge.queue.as_str()).collect();
        others.dedup();
        let text = format!(
            "no chain of calls leads from its handler to a producer of `{}`; the queues it reaches: {}",
            queue.name,
            list(&others)
        );
        let proof = Proof::text(text).places(route.handler.clone()).places(producer_places(queue));
        let message = format!("{} does not reach `{}`", shown(route), queue.name);
        report.finding("plan-route-unreachable", line, claim, message, proof);
    }
    for (id, edges) in proven {
        report.claim();
        if claimed.iter().any(|one| one == id) {
            continue;
        }
        let Some(route) = facts.route(id) else { continue };
        let mut certainties: Vec<&str> = edges.iter().map(|edge| edge.certainty.as_str()).collect();
        certainties.sort_unstable();
        certainties.dedup();
        let ids: Vec<&str> = edges.iter().map(|edge| edge.id.as_str()).collect();
        let text = format!("reached by {} ({})", list(&ids), list(&certainties));
        let proof = Proof::text(text).places(route.handler.clone()).chains(edges);
        let message = format!("{} reaches `{}` and is not listed", shown(route), queue.name);
        let claim = format!("producer_route_ids: {}", list(&claimed));
        report.finding("plan-route-missing", line, claim, message, proof);
    }
    let count = row.get("producer_route_count");
    if !count.is_empty() {
        report.claim();
        if count != claimed.len().to_string() {
            let proof = Proof::text(format!("producer_route_ids lists {}", claimed.len()));
            let message =
                format!("the row of `{}` counts {count} routes and lists another number", queue.name);
            let claim = format!("producer_route_count: {count}");
            report.finding("plan-route-count", line, claim, message, proof);
        }
    }
}

fn route_files(facts: &Facts<'_>, queue: &Queue, row: &Row<'_>, report: &mut Report) {
    let handlers: Vec<Place> = facts
        .routes_to(&queue.name)
        .into_iter()
        .filter_map(|(id, _)| facts.route(id)?.handler.clone())
        .collect();
    let files: BTreeSet<&str> = handlers.iter().map(|place| place.file.as_str()).collect();
    let files: Vec<&str> = files.into_iter().collect();
    for file in row.list("producer_route_files") {
        report.claim();
        if files.contains(&file.as_str()) {
            continue;
        }
        let text = format!("the handlers of the routes that reach it stand in {}", list(&files));
        let message = format!("no route of {file} reaches `{}`", queue.name);
        let claim = format!("producer_route_files: {file}");
        let proof = Proof::text(text).places(handlers.iter().cloned());
        report.finding("plan-route-file-wrong", row.line(), claim, message, proof);
    }
}

/// Waves that are listed although no route or program of the proven row is in them. Those that are not listed follow
/// from routes that are not.
fn waves(facts: &Facts<'_>, queue: &Queue, row: &Row<'_>, report: &mut Report) {
    if let Some(table) = facts.plan.table(Kind::RouteChecklist).filter(|table| table.has("review_wave")) {
        let of = |(id, _): (&str, _)| Some(table.find("route_id", id)?.get("review_wave"));
        let proven: BTreeSet<String> = facts.routes_to(&queue.name).into_iter().filter_map(of).collect();
        let what = "the review waves of the routes that reach it";
        listed_waves(queue, row, "producer_review_waves", what, &proven, report);
    }
    if let Some(table) = facts.plan.table(Kind::WorkerChecklist).filter(|table| table.has("review_wave")) {
        let of = |(program, _): (&str, _)| Some(table.find("program", program)?.get("review_wave"));
        let proven: BTreeSet<String> = facts.consumers(&queue.name).into_iter().filter_map(of).collect();
        let what = "the review waves of the programs that consume it";
        listed_waves(queue, row, "consumer_review_waves", what, &proven, report);
    }
}

fn listed_waves(
    queue: &Queue,
    row: &Row<'_>,
    column: &str,
    what: &str,
    proven: &BTreeSet<String>,
    report: &mut Report,
) {
    if proven.is_empty() {
        // No route or program is known, or the checklist has none of them.
        return;
    }
    let names: Vec<&str> = proven.iter().map(String::as_str).collect();
    for wave in row.list(column) {
        report.claim();
        if !proven.contains(&wave) {
            let proof = Proof::text(format!("{what}: {}", list(&names)));
            let message = format!("`{}` does not depend on wave {wave}", queue.name);
            report.finding("plan-wave-wrong", row.line(), format!("{column}: {wave}"), message, proof);
        }
    }
}

/// Checks programs and files that are said to consume a queue.
pub(super) fn consumers(
    facts: &Facts<'_>,
    queue: &Queue,
    line: u64,
    programs: &[String],
    files: &[String],
    report: &mut Report,
) {
    let proven = facts.consumers(&queue.name);
    if proven.is_empty() {
        // Who consumes it was not found: nothing is proven, nothing refuted.
        return;
    }
    let names: Vec<&str> = proven.iter().map(|(program, _)| *program).collect();
    let places: Vec<Place> = queue
        .consumers
        .iter()
        .map(|site| Place { file: site.file.clone(), line: site.line, symbol: site.symbol.clone() })
        .collect();
    for program in programs {
        report.claim();
        if names.contains(&program.as_str()) {
            continue;
        }
        let text = format!("the programs that take items off `{}`: {}", queue.name, list(&names));
        let message = format!("program {program} takes nothing off `{}`", queue.name);
        let claim = format!("consumer_programs: {program}");
        report.finding(
            "plan-consumer-program-wrong",
            line,
            claim,
            message,
            Proof::text(text).places(places.clone()),
        );
    }
    for (program, _) in &proven {
        report.claim();
        if programs.iter().any(|one| one == program) {
            continue;
        }
        let message = format!("program {program} takes items off `{}` and is not listed", queue.name);
        let claim = format!("consumer_programs: {}", list(programs));
        let proof = consuming(facts, queue, program);
        report.finding("plan-consumer-program-missing", line, claim, message, proof);
    }
    let known: BTreeSet<&str> = proven
        .iter()
        .flat_map(|(_, files)| files.iter().copied())
        .chain(places.iter().map(|place| place.file.as_str()))
        .collect();
    for file in files {
        report.claim();
        if known.contains(file.as_str()) {
            continue;
        }
        let names: Vec<&str> = known.iter().copied().collect();
        let text = format!("`{}` is consumed in {}", queue.name, list(&names));
        let message = format!("{file} takes nothing off `{}`", queue.name);
        let claim = format!("consumer_files: {file}");
        report.finding(
            "plan-consumer-file-wrong",
            line,
            claim,
            message,
            Proof::text(text).places(places.clone()),
        );
    }
    for (program, known) in &proven {
        report.claim();
        // The same contradiction as a missing program, where that is missing as well.
        let said = programs.iter().any(|one| one == program);
        if files.is_empty() || !said || files.iter().any(|file| known.contains(file.as_str())) {
            continue;
        }
        let message = format!("no file of program {program}, which consumes `{}`, is listed", queue.name);
        let claim = format!("consumer_files: {}", list(files));
        let proof = consuming(facts, queue, program);
        report.finding("plan-consumer-file-missing", line, claim, message, proof);
    }
}

/// The proof that a program consumes a queue.
fn consuming(facts: &Facts<'_>, queue: &Queue, program: &str) -> Proof {
    let worker = facts.evidence.workers.iter().find(|worker| worker.program == program);
    let Some(worker) = worker else { return Proof::default() };
    let text = format!("{}:{} starts it with {}", worker.file, worker.line, list(&worker.modules));
    let chain =
        worker.consumes.iter().filter(|one| one.queue == queue.name).flat_map(|one| one.chain.clone());
    Proof::text(text).places(chain)
}

/// Process IDs of programs that neither consume the queue nor are listed in the row.
fn processes(facts: &Facts<'_>, queue: &Queue, row: &Row<'_>, programs: &[String], report: &mut Report) {
    let Some(table) = facts.plan.table(Kind::WorkerTracker) else { return };
    let proven = facts.consumers(&queue.name);
    for id in row.list("consumer_process_ids") {
        report.claim();
        let program = table.find("process_id", &id).map(|process| (process.get("program"), process.line()));
        let is_meant = |name: &String| proven.iter().any(|(one, _)| one == name) || programs.contains(name);
        if program.as_ref().is_some_and(|(name, _)| proven.is_empty() || is_meant(name)) {
            continue;
        }
        let text = match &program {
            Some((name, line)) => format!("{}:{line}: {id} is program {name}", table.label),
            None => format!("{} has no process {id}", table.label),
        };
        let message = format!("{id} is no process that takes items off `{}`", queue.name);
        let claim = format!("consumer_process_ids: {id}");
        report.finding("plan-process-wrong", row.line(), claim, message, Proof::text(text));
    }
}
