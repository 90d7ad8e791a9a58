//! `matrix` and `audit`: the evidence beside the cutover plan.

use std::path::{Path, PathBuf};

use super::plan_args::{AuditArgs, AuditFormat, MatrixArgs, MatrixFormat, PlanArgs};
use super::{CliError, Terminal};
use crate::config::Config;
use crate::evidence::{self, Evidence};
use crate::plan::{Files, Kind, Plan};
use crate::source::Tree;
use crate::{audit, matrix, render};

/// Runs `matrix`.
pub(super) fn matrix(args: &MatrixArgs, terminal: &Terminal) -> Result<(), CliError> {
    let (evidence, plan) = read(&args.plan)?;
    let rows = matrix::rows(&evidence, &plan);
    let text = match args.format {
        MatrixFormat::Csv => render::matrix_csv(&rows)?,
        MatrixFormat::Markdown => render::matrix_markdown(&evidence, &rows),
        MatrixFormat::Items => render::validation_items(&evidence, &rows),
    };
    let used = [Kind::WorkerTracker, Kind::WorkerChecklist, Kind::RouteChecklist];
    for kind in used.into_iter().filter(|kind| plan.label(*kind).is_none()) {
        terminal.note(&format!("note: no {}: the cells that it fills are empty\n", kind.name()));
    }
    write(&args.output, &text, terminal)
}

/// Runs `audit`.
pub(super) fn audit(args: &AuditArgs, terminal: &Terminal) -> Result<(), CliError> {
    let (evidence, plan) = read(&args.plan)?;
    if Kind::ALL.into_iter().all(|kind| plan.label(kind).is_none()) {
        let message = "no table of the plan: name its directory with --plans, or the files one by one";
        return Err(CliError::Usage(message.to_owned()));
    }
    let audit = audit::audit(&evidence, &plan);
    let text = match args.format {
        AuditFormat::Text => render::audit_text(&audit),
        AuditFormat::Json => render::audit_json(&audit)?,
        AuditFormat::Sarif => render::audit_sarif(&audit)?,
    };
    write(&args.output, &text, terminal)?;
    match audit.findings.len() {
        0 => Ok(()),
        1 => Err(CliError::Findings("the plan contradicts the evidence once".to_owned())),
        number => Err(CliError::Findings(format!("the plan contradicts the evidence {number} times"))),
    }
}

fn read(args: &PlanArgs) -> Result<(Evidence, Plan), CliError> {
    let config = Config::for_tree(&Tree::directory(Path::new(".")), args.config.as_deref())?;
    let directory: Option<PathBuf> = match &args.plans {
        Some(directory) if !directory.is_dir() => {
            return Err(CliError::Usage(format!("--plans {}: no such directory", directory.display())));
        }
        Some(directory) => Some(directory.clone()),
        None => Files::usual_directory(Path::new("."), &config.plan),
    };
    let evidence = evidence::load(&args.evidence)?;
    let files = Files::find(directory.as_deref(), &config.plan, &args.given());
    if let (Some(directory), true) = (&args.plans, files.is_empty()) {
        let message = format!(
            "no table of the plan in {}: the names that are looked for stand under [plan] in the configuration",
            directory.display()
        );
        return Err(CliError::Usage(message));
    }
    Ok((evidence, Plan::read(&files)?))
}

fn write(output: &Path, text: &str, terminal: &Terminal) -> Result<(), CliError> {
    if output.as_os_str() == "-" {
        return Ok(terminal.print(text)?);
    }
    // What a terminal is told in colors, a file is told without.
    let plain = anstream::adapter::strip_str(text).to_string();
    evidence::write_atomically(output, &plain, "-o")?;
    terminal.note(&format!("wrote {}\n", output.display()));
    Ok(())
}
