//! `why-not`.

use std::path::{Path, PathBuf};

use super::args::WhyNotArgs;
use super::{CliError, Terminal, lookup, scan};
use crate::evidence::{self, Evidence};
use crate::render::{self, SourceTree};
use crate::scan::Solved;

/// Runs `why-not`.
pub(super) fn run(args: &WhyNotArgs, terminal: &Terminal) -> Result<(), CliError> {
    let root = args.root.clone().unwrap_or_else(|| PathBuf::from("."));
    let mut sources = SourceTree::new(&root);
    let text = match &args.evidence {
        Some(file) => {
            args.tree.refused_with_evidence()?;
            tell(args, &evidence::load(file)?, None, &mut sources)?
        }
        None => {
            let tree = scan::directory(Path::new(&root))?;
            let ask = |evidence: &Evidence, solved: &Solved<'_, '_>| {
                tell(args, evidence, Some(solved), &mut sources)
            };
            scan::scan_and(&tree, &args.tree, false, terminal, ask)?.1?
        }
    };
    terminal.print(&text)?;
    if args.evidence.is_some() {
        terminal
            .note("note: the nearest miss takes a scan: name the tree with --root instead of --evidence\n");
    }
    Ok(())
}

fn tell(
    args: &WhyNotArgs,
    evidence: &Evidence,
    solved: Option<&Solved<'_, '_>>,
    sources: &mut SourceTree,
) -> Result<String, CliError> {
    let routes = lookup::routes(evidence, &args.route)?;
    let queue = lookup::queue(evidence, &args.queue)?;
    let mut stories = Vec::new();
    for route in routes {
        // Routes and queues stand in the evidence in the order of the findings.
        let miss = solved.and_then(|solved| {
            let route = evidence.routes.iter().position(|other| std::ptr::eq(other, route))?;
            let queue = evidence.queues.iter().position(|other| other.name == queue)?;
            solved.nearest_miss(route, queue)
        });
        let miss = miss.as_ref().map(evidence::near_miss);
        stories.push(render::why_not(evidence, route, queue, miss.as_ref(), sources));
    }
    Ok(stories.join("\n"))
}
