//! The tables with a row for each process.

use super::{Facts, Proof, Report, list};
use crate::evidence::model::{Place, Worker};
use crate::plan::{Kind, Row};

/// Checks a table of processes.
pub(super) fn processes(kind: Kind, facts: &Facts<'_>, report: &mut Report) {
    let Some(table) = facts.plan.table(kind) else { return };
    if facts.evidence.workers.is_empty() {
        return;
    }
    for row in table.rows() {
        let program = row.get("program");
        let Some(worker) = facts.evidence.workers.iter().find(|worker| worker.program == program) else {
            stale(facts, &row, &program, report);
            continue;
        };
        report.claim();
        module(worker, &row, report);
        if table.has("input_contract") {
            queues(facts, worker, &row, report);
        }
    }
    for worker in &facts.evidence.workers {
        report.claim();
        if table.find("program", &worker.program).is_none() {
            let proof =
                Proof::text(format!("{}:{} starts it", worker.file, worker.line)).places([section(worker)]);
            let message = format!("program {} has no row", worker.program);
            report.finding("plan-program-missing", 1, "a row for each program".into(), message, proof);
        }
    }
}

/// A row of a program that nothing starts, unless the row itself says that the program is gone.
fn stale(facts: &Facts<'_>, row: &Row<'_>, program: &str, report: &mut Report) {
    report.claim();
    let states = ["migration_status", "verification_status"].map(|column| row.get(column).to_lowercase());
    let is_open = states.iter().any(|state| state.contains("retired") || state.starts_with("blocked"));
    if is_open {
        return;
    }
    let file = facts.evidence.workers.first().map_or("", |worker| &worker.file);
    let proof = Proof::text(format!("{file} has no section of this program"));
    let message = format!("program {program} is not started by the supervisor");
    report.finding("plan-program-stale", row.line(), format!("program: {program}"), message, proof);
}

fn section(worker: &Worker) -> Place {
    Place { file: worker.file.clone(), line: worker.line, symbol: worker.program.clone() }
}

fn module(worker: &Worker, row: &Row<'_>, report: &mut Report) {
    let source = row.get("python_source");
    // A command that was not understood runs who knows what.
    if source.is_empty() || worker.modules.is_empty() {
        return;
    }
    report.claim();
    if !worker.modules.contains(&source) {
        let text = format!("{}:{} runs {}", worker.file, worker.line, list(&worker.modules));
        let proof = Proof::text(text).places([section(worker)]);
        let message = format!("program {} does not run {source}", worker.program);
        report.finding("plan-module-wrong", row.line(), format!("python_source: {source}"), message, proof);
    }
}

/// `queue=NAME`, with a remark in parentheses behind it; several are separated by `;`.
fn queues(facts: &Facts<'_>, worker: &Worker, row: &Row<'_>, report: &mut Report) {
    let cell = row.get("input_contract");
    let named = |item: String| {
        let name = item.strip_prefix("queue=")?;
        Some(name.split('(').next().unwrap_or(name).trim().to_owned())
    };
    let claimed: Vec<String> = row.list("input_contract").into_iter().filter_map(named).collect();
    let mut proven: Vec<&str> = worker.consumes.iter().map(|one| one.queue.as_str()).collect();
    proven.dedup();
    for queue in &claimed {
        report.claim();
        // Nothing is known of a queue that exists and that nobody was found to consume.
        let unknown = facts.queue(queue).is_some() && facts.consumers(queue).is_empty();
        if !proven.contains(&queue.as_str()) && !unknown {
            let proof = Proof::text(format!("the queues it takes items off: {}", list(&proven)));
            let message = format!("program {} takes nothing off `{queue}`", worker.program);
            let claim = format!("input_contract: {cell}");
            report.finding("plan-input-wrong", row.line(), claim, message, proof.places([section(worker)]));
        }
    }
    for queue in &proven {
        report.claim();
        if !claimed.iter().any(|one| one == queue) {
            let chain =
                worker.consumes.iter().filter(|one| one.queue == **queue).flat_map(|one| one.chain.clone());
            let proof = Proof::text(format!("it takes items off `{queue}`")).places(chain);
            let message =
                format!("program {} takes items off `{queue}`, which its row does not say", worker.program);
            let claim = format!("input_contract: {cell}");
            report.finding("plan-input-missing", row.line(), claim, message, proof);
        }
    }
}
