//! `link`: the evidence into the checklists.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use super::args::{DEFAULT_EVIDENCE, LinkArgs};
use super::{CliError, Terminal};
use crate::checklist::{self, Kind, Links, Plan, Style};
use crate::evidence::{self, Evidence, Replacement};
use crate::render;

/// Number of routes without a row that are named; a batch of a checklist lacks most of them.
const MISSING: usize = 10;

/// A checklist that was read, and what is to become of it.
struct Planned<'a> {
    path: &'a Path,
    old: Vec<u8>,
    plan: Plan,
}

/// Runs `link`. Nothing is written before every checklist has been read and found in order.
pub(super) fn run(args: &LinkArgs, terminal: &Terminal) -> Result<(), CliError> {
    refuse_repetition(&args.checklist)?;
    let file = args.evidence.as_deref().unwrap_or(Path::new(DEFAULT_EVIDENCE));
    let evidence = evidence::load(file)?;
    let style =
        Style { links: links(args, file), stamp: checklist::stamp(&evidence, args.commit.as_deref()) };

    let mut planned = Vec::new();
    let mut wrong = String::new();
    for path in &args.checklist {
        let old = fs::read(path).map_err(|error| {
            CliError::Usage(format!("cannot read checklist {}: {error}; check the path", path.display()))
        })?;
        match checklist::plan(&old, &evidence, &style, args.set_status.as_deref()) {
            Ok(plan) => planned.push(Planned { path, old, plan }),
            Err(problems) => {
                for problem in problems {
                    let (path, line) = (path.display(), problem.line);
                    let _ = write!(wrong, "\n  {path}:{line}: {} ({})", problem.message, problem.code);
                }
            }
        }
    }
    if !wrong.is_empty() {
        return Err(CliError::Usage(format!(
            "nothing was written, since checklists are not in order:{wrong}"
        )));
    }

    let changing: Vec<&Planned> = planned.iter().filter(|it| it.plan.content != it.old).collect();
    if args.write {
        let outputs: Vec<Replacement> = changing
            .iter()
            .map(|it| Replacement { path: it.path, old: &it.old, new: &it.plan.content })
            .collect();
        evidence::replace_together(&outputs)?;
    } else {
        for it in &changing {
            terminal.print(&render::unified_diff(&it.path.to_string_lossy(), &it.old, &it.plan.content))?;
        }
    }
    terminal.note(&summary(&planned, &evidence, args.write));
    if args.check && !changing.is_empty() {
        let mut message = "out of date, bring up to date with `producer-map link --write`:".to_owned();
        for it in &changing {
            let _ = write!(message, "\n  {}", it.path.display());
        }
        return Err(CliError::Findings(message));
    }
    Ok(())
}

/// Two plans for one file would undo each other.
fn refuse_repetition(paths: &[PathBuf]) -> Result<(), CliError> {
    let mut seen = BTreeSet::new();
    for path in paths {
        if !seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())) {
            return Err(CliError::Usage(format!("--checklist names {} twice", path.display())));
        }
    }
    Ok(())
}

/// Where links lead: to source lines with --link-base, and else to the rendered evidence, under the name that was given
/// or the one that `render` gives it.
fn links(args: &LinkArgs, evidence: &Path) -> Links {
    match (&args.link_base, &args.rendered) {
        (Some(base), _) => Links::Source(base.clone()),
        (None, Some(name)) => Links::Document(name.clone()),
        (None, None) => {
            let name = evidence.with_extension("md");
            Links::Document(name.file_name().unwrap_or_default().to_string_lossy().into_owned())
        }
    }
}

/// What was found and done, one line for each checklist.
fn summary(planned: &[Planned], evidence: &Evidence, written: bool) -> String {
    let mut text = String::new();
    for Planned { path, plan, .. } in planned {
        let verb = if written { "changed" } else { "to change" };
        let _ = writeln!(
            text,
            "{}: {} rows, {} matched, {} with edges, {} {verb}",
            path.display(),
            plan.rows,
            plan.matched,
            plan.with_edges,
            plan.changed
        );
    }
    if planned.iter().any(|it| it.plan.kind == Kind::Routes) {
        let here: BTreeSet<&str> =
            planned.iter().flat_map(|it| it.plan.linked_routes.iter().map(String::as_str)).collect();
        let all: BTreeSet<&str> = evidence.edges.iter().map(|edge| edge.route_id.as_str()).collect();
        let missing: Vec<&str> = all.difference(&here).copied().collect();
        if !missing.is_empty() {
            let shown = missing.iter().take(MISSING).copied().collect::<Vec<_>>().join(" ");
            let more = missing.len().saturating_sub(MISSING);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let _ = writeln!(text, "routes with edges and without a row here: {shown}{more}");
        }
    }
    text
}
