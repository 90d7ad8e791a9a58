//! Rows of a worker checklist: which program a row means, and which routes feed the queues it takes items off.

use std::collections::BTreeMap;

use super::cell::{self, Fed, Style};
use super::{Answer, Answers, Problem, code, column, duplicates};
use crate::evidence::Evidence;
use crate::evidence::model::Worker;
use crate::sheet::Sheet;

/// An answer for each row of a worker checklist.
///
/// # Errors
/// When a column is missing, or when the evidence knows no programs.
pub(super) fn answers(sheet: &Sheet, evidence: &Evidence, style: &Style) -> Result<Answers, Vec<Problem>> {
    let ids = column(sheet, "process_id")?;
    let (programs, sources) = (column(sheet, "program")?, column(sheet, "python_source")?);
    if evidence.workers.is_empty() {
        let message = "the evidence names no worker programs: scan again with a tree that has the supervisor's configuration";
        return Err(vec![Problem::new(1, code::UNMATCHED, message)]);
    }
    let mut twice = duplicates(sheet, ids, "process_id");
    let answer = |row: usize| {
        if let Some(problem) = twice.remove(&row) {
            return Err(problem);
        }
        let (program, source) = (sheet.text(row, programs), sheet.text(row, sources));
        match program_of(evidence, &program, &source) {
            Ok(None) => Ok(Answer::Unknown),
            Ok(Some(worker)) => {
                let fed = fed(evidence, worker);
                Ok(Answer::Known((!fed.is_empty()).then(|| cell::worker(&fed, style))))
            }
            Err((code, message)) => Err(Problem::new(sheet.line(row), code, message)),
        }
    };
    Ok((0..sheet.len()).map(answer).collect())
}

/// The program that a row means: the one of its name, which has to run the row's module, or else the only one that runs
/// the module. A row without a module may be of a program that the tree does not start.
fn program_of<'a>(
    evidence: &'a Evidence,
    program: &str,
    source: &str,
) -> Result<Option<&'a Worker>, (&'static str, String)> {
    let runs = |worker: &&Worker| worker.modules.iter().any(|module| module == source);
    let named = evidence.workers.iter().find(|worker| worker.program == program);
    match named {
        Some(_) if source.is_empty() => return Ok(named),
        Some(worker) if runs(&worker) => return Ok(named),
        Some(worker) => {
            let found =
                if worker.modules.is_empty() { "no module".to_owned() } else { worker.modules.join(" ") };
            let message = format!(
                "program {program} runs {found} ({}:{}), and {source} in this row: correct the row",
                worker.file, worker.line
            );
            return Err((code::DIFFERS, message));
        }
        None if source.is_empty() => return Ok(None),
        None => {}
    }
    let mut running = evidence.workers.iter().filter(runs);
    match (running.next(), running.next()) {
        (Some(worker), None) => Ok(Some(worker)),
        _ => {
            let message = format!(
                "no program {program} is in the evidence, and {source} does not tell which is meant: correct the row"
            );
            Err((code::UNMATCHED, message))
        }
    }
}

/// The queues that a program takes items off and that routes feed, by name.
fn fed<'a>(evidence: &'a Evidence, worker: &'a Worker) -> Vec<Fed<'a>> {
    let mut queues: BTreeMap<&str, (&str, u32)> = BTreeMap::new();
    for taken in &worker.consumes {
        let consumer = &taken.consumer;
        // The class of the worker says more than the loop that it inherits.
        let place = match (&consumer.via_file, consumer.via_line) {
            (Some(file), Some(line)) => (file.as_str(), line),
            _ => (consumer.file.as_str(), consumer.line),
        };
        queues.entry(&taken.queue).or_insert(place);
    }
    queues
        .into_iter()
        .map(|(queue, consumer)| Fed {
            queue,
            consumer,
            edges: evidence.edges.iter().filter(|edge| edge.queue == queue).collect(),
        })
        .filter(|fed| !fed.edges.is_empty())
        .collect()
}
