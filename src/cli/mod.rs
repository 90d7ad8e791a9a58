//! The command line: from arguments to an exit status.
//!
//! | status | meaning |
//! |---|---|
//! | 0 | done |
//! | 1 | the command was to find out whether something is amiss, and it is |
//! | 2 | wrong use: arguments, names, or files that were given and cannot be used |
//! | 3 | nothing usable in the tree |
//! | 101 | internal error: a panic, reported by the hook below |

mod args;
mod callgraph;
mod diff;
mod explain;
mod link;
mod lookup;
mod packaging;
mod plan;
mod plan_args;
mod scan;
mod show;
mod why_not;

use std::io::{self, Write};
use std::process::ExitCode;

use anstream::AutoStream;
use clap::Parser;

use crate::config::ConfigError;
use crate::diff::accepted::AcceptedError;
use crate::diff::model as diff_model;
use crate::evidence::{JSON_SCHEMA, LoadError, ReplaceError, WriteError};
use crate::plan::PlanError;
use crate::scan::ScanError;
use crate::source::RevisionError;
use crate::tracker::TrackerError;
use args::{Cli, Color, Command, SchemaOf};

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Tracker(#[from] TrackerError),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Revision(#[from] RevisionError),
    #[error(transparent)]
    Accepted(#[from] AcceptedError),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error(transparent)]
    Replace(#[from] ReplaceError),
    #[error(transparent)]
    Scan(#[from] ScanError),
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    Nothing(String),
    #[error("{0}")]
    Findings(String),
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
}

impl CliError {
    fn status(&self) -> u8 {
        match self {
            Self::Scan(error) if !error.wrong_use() => 3,
            Self::Nothing(_) => 3,
            Self::Findings(_) => 1,
            _ => 2,
        }
    }
}

/// Runs the program on the arguments of the process.
pub fn main() -> ExitCode {
    std::panic::set_hook(Box::new(report_panic));
    let cli = Cli::parse();
    let terminal = Terminal { color: cli.color, quiet: cli.quiet };
    let done = match &cli.command {
        Command::Scan(args) => scan::run(args, &terminal),
        Command::Why(args) => show::why(args, &terminal),
        Command::WhyNot(args) => why_not::run(args, &terminal),
        Command::Routes(args) => show::routes(args, &terminal),
        Command::Queues(args) => show::queues(args, &terminal),
        Command::Render(args) => show::document(args, &terminal),
        Command::Link(args) => link::run(args, &terminal),
        Command::Matrix(args) => plan::matrix(args, &terminal),
        Command::Audit(args) => plan::audit(args, &terminal),
        Command::Completions(args) => packaging::completions(args, &terminal),
        Command::Man(args) => packaging::man(args, &terminal),
        Command::Callgraph(args) => callgraph::run(args, &terminal),
        Command::Diff(args) => diff::run(args, &terminal),
        Command::Explain(args) => explain::run(args, &terminal),
        Command::Schema(args) => {
            let schema = match args.of {
                SchemaOf::Evidence => JSON_SCHEMA,
                SchemaOf::Diff => diff_model::JSON_SCHEMA,
            };
            terminal.print(schema).map_err(CliError::from)
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads the output has seen enough.
        Err(CliError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            terminal.say(&format!("error: {error}\n"));
            ExitCode::from(error.status())
        }
    }
}

/// Prints what a panic says and where it belongs; the status of a process that panics is 101.
fn report_panic(info: &std::panic::PanicHookInfo<'_>) {
    let place = info.location().map(|place| (place.file(), place.line()));
    let _ = io::stderr().write_all(internal_error(info.payload_as_str(), place).as_bytes());
}

fn internal_error(message: Option<&str>, place: Option<(&str, u32)>) -> String {
    let message = message.unwrap_or("no message");
    let place = place.map(|(file, line)| format!(" ({file}:{line})")).unwrap_or_default();
    format!(
        "internal error: {message}{place}\n\
         this is a defect of {} {}, not of the tree: please report it with this message and the command line\n",
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION"),
    )
}

/// Where text goes, and how.
struct Terminal {
    color: Color,
    quiet: bool,
}

impl Terminal {
    fn choice(&self) -> anstream::ColorChoice {
        match self.color {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        }
    }

    /// Prints a result to standard output.
    fn print(&self, text: &str) -> io::Result<()> {
        let mut stream = AutoStream::new(io::stdout().lock(), self.choice());
        stream.write_all(text.as_bytes())?;
        stream.flush()
    }

    /// Prints a message to standard error. If even that fails, nobody is left to tell.
    fn say(&self, text: &str) {
        let mut stream = AutoStream::new(io::stderr().lock(), self.choice());
        let _ = stream.write_all(text.as_bytes());
    }

    /// Prints a message that may be left out.
    fn note(&self, text: &str) {
        if !self.quiet {
            self.say(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::internal_error;

    #[test]
    fn an_internal_error_says_where_it_belongs() {
        let text = internal_error(Some("index out of bounds"), Some(("src/scan.rs", 7)));
        assert!(
            text.starts_with("internal error: index out of bounds (src/scan.rs:7)\nthis is a defect of ")
        );
        assert!(internal_error(None, None).starts_with("internal error: no message\n"));
    }
}
