//! `diff`: two releases compared.

use std::path::{Path, PathBuf};

use super::args::{DiffArgs, DiffFormat, FailOn};
use super::{CliError, Terminal, scan};
use crate::diff::accepted::{self, Accepted, AcceptedError};
use crate::diff::model::{Diff, Level};
use crate::evidence::{self, Evidence};
use crate::render;
use crate::source::{RevisionError, Tree};

/// What is compared.
enum Input {
    Evidence(PathBuf),
    Tree(Tree),
}

/// Runs `diff`. What is wrong with the inputs is said before anything is scanned, and what is wrong with accepted
/// differences after the others were written: they are news all the same.
pub(super) fn run(args: &DiffArgs, terminal: &Terminal) -> Result<(), CliError> {
    let repository = args.repo.as_deref();
    let (old, new) = (input(&args.old, repository)?, input(&args.new, repository)?);
    if args.tree.given() && matches!((&old, &new), (Input::Evidence(_), Input::Evidence(_))) {
        let message = "options for scanning have no effect on two evidence files: leave one of them out";
        return Err(CliError::Usage(message.to_owned()));
    }
    let accepted = accepted(args, &new)?;
    let old = obtain(&old, args, terminal)?;
    let new = obtain(&new, args, terminal)?;
    let mut diff = crate::diff::compare((&args.old, &old), (&args.new, &new));
    let today = args.today.unwrap_or_else(|| jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date());
    let mistakes = accepted.map_or(Ok(()), |accepted| accepted.apply(&mut diff.changes, today));
    diff.count();
    let text = match args.format {
        DiffFormat::Text => render::diff::text(&diff),
        DiffFormat::Json => render::diff::json(&diff)?,
        DiffFormat::Markdown => render::diff::markdown(&diff),
        DiffFormat::Github => render::diff::github(&diff),
    };
    match &args.output {
        Some(path) => {
            evidence::write_atomically(path, &anstream::adapter::strip_str(&text).to_string(), "-o")?;
        }
        None => terminal.print(&text)?,
    }
    mistakes?;
    verdict(&diff, args.fail_on)
}

/// Whether there is what the run is to fail on.
fn verdict(diff: &Diff, fail_on: FailOn) -> Result<(), CliError> {
    let from = match fail_on {
        FailOn::None => return Ok(()),
        FailOn::Breaking => Level::Breaking,
        FailOn::Notice => Level::Notice,
        FailOn::Info => Level::Info,
    };
    match diff.worst() {
        Some(worst) if worst >= from => {
            let number = diff.at_level(worst);
            let noun = if number == 1 { "difference is" } else { "differences are" };
            let message = format!("{number} {noun} {}, and not accepted", worst.name());
            Err(CliError::Findings(message))
        }
        _ => Ok(()),
    }
}

/// What a name means. With a repository it is a revision of it if it can be, otherwise a file or directory if there is one.
fn input(name: &str, repository: Option<&Path>) -> Result<Input, CliError> {
    let path = Path::new(name);
    let there = || {
        if path.is_dir() { Input::Tree(Tree::directory(path)) } else { Input::Evidence(path.to_owned()) }
    };
    match repository {
        Some(repository) => match Tree::revision(repository, name) {
            Ok(tree) => Ok(Input::Tree(tree)),
            Err(RevisionError::Unknown { .. } | RevisionError::Directory { .. }) if path.exists() => {
                Ok(there())
            }
            Err(error) => Err(error.into()),
        },
        None if path.exists() => Ok(there()),
        None => match Tree::revision(Path::new("."), name) {
            Ok(tree) => Ok(Input::Tree(tree)),
            Err(RevisionError::Repository { .. }) => {
                let message = format!(
                    "`{name}` is no file and no directory, and the current directory is in no git repository; \
                     name the repository of a revision with --repo"
                );
                Err(CliError::Usage(message))
            }
            Err(error) => Err(error.into()),
        },
    }
}

fn obtain(input: &Input, args: &DiffArgs, terminal: &Terminal) -> Result<Evidence, CliError> {
    match input {
        Input::Evidence(path) => Ok(evidence::load(path)?),
        Input::Tree(tree) => scan::scan(tree, &args.tree, terminal),
    }
}

/// The accepted differences: of the file that was named, or else of the new tree, or of the current directory when the new
/// side is a file.
fn accepted(args: &DiffArgs, new: &Input) -> Result<Option<Accepted>, CliError> {
    let here = Tree::directory(Path::new("."));
    let (path, text) = match &args.accepted {
        Some(path) => (path.clone(), std::fs::read(path).map(Some)),
        None => {
            let tree = match new {
                Input::Tree(tree) => tree,
                Input::Evidence(_) => &here,
            };
            (tree.place(accepted::FILE_NAME), tree.file(accepted::FILE_NAME))
        }
    };
    let text = text.and_then(|bytes| {
        bytes.map(|bytes| String::from_utf8(bytes).map_err(std::io::Error::other)).transpose()
    });
    match text {
        Ok(Some(text)) => Ok(Some(Accepted::from_text(&text, &path)?)),
        Ok(None) => Ok(None),
        Err(source) => Err(AcceptedError::Unreadable { path, source }.into()),
    }
}
