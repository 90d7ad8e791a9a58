//! The arguments of `matrix` and `audit`: which files of the cutover plan they read.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::args::DEFAULT_EVIDENCE;
use crate::plan::Kind;

const MATRIX_HELP: &str = "\
Routes, producers and consumers come from the evidence; process IDs, review waves and sequencing rules from the plan's
tables, as far as they are there. Without a table its cells are empty.

Formats:
  csv        the columns of the plan's own matrix (route_worker_dependency_matrix.csv)
  markdown   the table of the cutover plan with proven cells, then the routes of each queue
  items      the state of the open validation items, ready to be pasted into the cutover plan

Examples:
  producer-map matrix --plans plans/rewrite/generated
  producer-map matrix --format markdown -o matrix.md
  producer-map matrix --format items --evidence evidence.json | less

Exit status:
  0    done
  2    wrong use, or a file that was given and cannot be used: it is named with its line";

const AUDIT_HELP: &str = "\
Every contradiction is one finding: a stable code, the plan's claim with file and line, and the proof. What the evidence
can neither prove nor refute is no finding. The tables are looked for under their usual names in the directory of the
plan; those that are not there are listed as not checked.

Examples:
  producer-map audit                                    the plan's usual place, output/evidence.json
  producer-map audit --plans quay-plans --plan cutover.md
  producer-map audit --format sarif -o audit.sarif      with a code flow for each chain
  producer-map audit --format json | jq '.findings[].code'

Exit status:
  0    no contradiction
  1    at least one
  2    wrong use, or a file that was given and cannot be used: it is named with its line";

/// Which files of the plan are read.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Evidence to read
    #[arg(long, value_name = "FILE", default_value = DEFAULT_EVIDENCE)]
    pub evidence: PathBuf,
    /// Directory with the plan's tables [default: the usual ones, such as plans/rewrite/generated]
    #[arg(long, value_name = "DIR", help_heading = "The plan")]
    pub plans: Option<PathBuf>,
    /// Dependency matrix (CSV, a row for each queue)
    #[arg(long, value_name = "FILE", help_heading = "The plan")]
    pub matrix: Option<PathBuf>,
    /// Cutover plan (Markdown)
    #[arg(long, value_name = "FILE", help_heading = "The plan")]
    pub plan: Option<PathBuf>,
    /// Route tracker (CSV)
    #[arg(long, value_name = "FILE", help_heading = "The plan")]
    pub routes: Option<PathBuf>,
    /// Route checklist with review waves (CSV)
    #[arg(long, value_name = "FILE", help_heading = "The plan")]
    pub route_checklist: Option<PathBuf>,
    /// Worker tracker with process IDs (CSV)
    #[arg(long, value_name = "FILE", help_heading = "The plan")]
    pub workers: Option<PathBuf>,
    /// Worker checklist with review waves (CSV)
    #[arg(long, value_name = "FILE", help_heading = "The plan")]
    pub worker_checklist: Option<PathBuf>,
    /// Tests of the workers (CSV)
    #[arg(long, value_name = "FILE", help_heading = "The plan")]
    pub worker_tests: Option<PathBuf>,
    /// Tests of the queues (CSV)
    #[arg(long, value_name = "FILE", help_heading = "The plan")]
    pub queue_tests: Option<PathBuf>,
    /// Keys of the queues' bodies (Markdown)
    #[arg(long, value_name = "FILE", help_heading = "The plan")]
    pub payloads: Option<PathBuf>,
    /// Configuration [default: producer-map.toml in the current directory, if there is one]
    #[arg(long, value_name = "FILE", help_heading = "The plan")]
    pub config: Option<PathBuf>,
}

impl PlanArgs {
    /// The files that were named one by one.
    pub fn given(&self) -> Vec<(Kind, PathBuf)> {
        let all = [
            (Kind::Matrix, &self.matrix),
            (Kind::Cutover, &self.plan),
            (Kind::RouteTracker, &self.routes),
            (Kind::RouteChecklist, &self.route_checklist),
            (Kind::WorkerTracker, &self.workers),
            (Kind::WorkerChecklist, &self.worker_checklist),
            (Kind::WorkerTests, &self.worker_tests),
            (Kind::QueueTests, &self.queue_tests),
            (Kind::Payloads, &self.payloads),
        ];
        all.into_iter().filter_map(|(kind, path)| Some((kind, path.clone()?))).collect()
    }
}

/// `matrix`.
#[derive(Debug, Args)]
#[command(after_help = MATRIX_HELP)]
pub struct MatrixArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub plan: PlanArgs,
    /// What to write
    #[arg(long, value_enum, default_value_t = MatrixFormat::Csv)]
    pub format: MatrixFormat,
    /// Where it goes, `-` for standard output
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    pub output: PathBuf,
}

/// What `matrix` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MatrixFormat {
    /// The columns of the plan's own matrix
    Csv,
    /// The table of the cutover plan
    Markdown,
    /// The state of the open validation items
    Items,
}

/// `audit`.
#[derive(Debug, Args)]
#[command(after_help = AUDIT_HELP)]
pub struct AuditArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub plan: PlanArgs,
    /// How to write the findings
    #[arg(long, value_enum, default_value_t = AuditFormat::Text)]
    pub format: AuditFormat,
    /// Where they go, `-` for standard output
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    pub output: PathBuf,
}

/// How `audit` writes its findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AuditFormat {
    /// For people
    Text,
    /// For programs
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}
