//! The programs that the supervisor starts, and the queues each takes items off.
//!
//! The supervisor's configuration names the module that a program runs. A program is said to consume a queue if a
//! chain of calls leads from the body of that module to the creation of the instance whose method takes the items (or,
//! where no instance does, to the function that takes them). What the instance is passed to afterwards does not
//! matter, so that a scheduler that all workers share does not mix them up; nor do imports, since a module that is
//! imported does not run its main part.

mod command;
mod supervisor;

use crate::finding::{Consumption, Diagnostic, Findings, Place, Severity, Worker};
use crate::ir::ScopeKind;
use crate::paths::place;
use crate::queues::ConsumerStart;
use crate::solve::value::InstId;
use crate::solve::{Origin, Solver};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::collections::hash_map::Entry;

/// Fills `findings.workers` from the supervisor's configuration (`path` relative to the scanned root, and its text) and
/// from where each consumer begins.
pub fn complete(
    path: &str,
    text: &str,
    solver: &Solver<'_>,
    starts: &[ConsumerStart],
    findings: &mut Findings,
) {
    let exists = |file: &str| solver.program.module_of_path(file).is_some();
    for section in supervisor::programs(text) {
        let run = command::modules(&section.command, &exists);
        for module in run.missing {
            findings.diagnostics.push(Diagnostic {
                file: Some(path.to_owned()),
                line: section.line,
                column: 0,
                severity: Severity::Warning,
                code: "worker-module-missing",
                message: format!(
                    "program {} runs the module {module}, which is not among the analysed files: correct the \
                     command, or take the file back with --include",
                    section.name
                ),
            });
        }
        findings.workers.push(Worker {
            program: section.name,
            file: path.to_owned(),
            line: section.line,
            modules: run.files,
            consumes: Vec::new(),
        });
    }
    for start in starts {
        for (file, chain) in reaching(solver, &start.origins, &findings.workers) {
            for worker in findings.workers.iter_mut().filter(|worker| worker.modules.contains(&file)) {
                let one = Consumption { queue: start.queue, consumer: start.consumer, chain: chain.clone() };
                if !worker.consumes.iter().any(|c| (c.queue, c.consumer) == (one.queue, one.consumer)) {
                    worker.consumes.push(one);
                }
            }
        }
    }
    for worker in &mut findings.workers {
        worker.consumes.sort();
    }
}

/// The files of workers' modules from whose bodies calls lead to one of the origins, each with a shortest chain. Where
/// no body does (the program is entered through a function that its command names), those with a function that does.
fn reaching(solver: &Solver<'_>, origins: &[Origin], workers: &[Worker]) -> Vec<(String, Vec<Place>)> {
    let mut from_body: Vec<(String, Vec<Place>)> = Vec::new();
    let mut from_function: Vec<(String, Vec<Place>)> = Vec::new();
    // Breadth first and backwards; an origin is followed by the next one on the way to where it began.
    let mut next: FxHashMap<InstId, (Origin, Option<InstId>)> = FxHashMap::default();
    let mut waiting: VecDeque<InstId> = VecDeque::new();
    for &origin in origins {
        if solver.is_root(origin.inst) {
            continue;
        }
        if let Entry::Vacant(entry) = next.entry(origin.inst) {
            entry.insert((origin, None));
            waiting.push_back(origin.inst);
        }
    }
    while let Some(inst) = waiting.pop_front() {
        let here = place(solver, next[&inst].0);
        let is_program = workers.iter().any(|worker| worker.modules.contains(&here.file));
        let is_body = solver.program.func(solver.insts[inst.0 as usize].func).kind == ScopeKind::Module;
        let found = if is_body { &mut from_body } else { &mut from_function };
        if is_program && !found.iter().any(|(file, _)| *file == here.file) {
            let mut chain = Vec::new();
            let mut at = Some(inst);
            while let Some((origin, after)) = at.map(|inst| next[&inst]) {
                chain.push(place(solver, origin));
                at = after;
            }
            found.push((here.file, chain));
        }
        let calls = solver.entering(inst).iter().map(|&index| solver.edges[index as usize].from);
        for origin in calls.filter(|origin| !solver.is_root(origin.inst)) {
            if let Entry::Vacant(entry) = next.entry(origin.inst) {
                entry.insert((origin, Some(inst)));
                waiting.push_back(origin.inst);
            }
        }
    }
    if from_body.is_empty() { from_function } else { from_body }
}
