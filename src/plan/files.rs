//! Which files make up a plan, and where they are looked for.

use std::path::{Path, PathBuf};

use super::markdown::{self, CutoverRow, PayloadRow};
use super::{PlanError, Table, label};
use crate::config::PlanNames;

/// What a file of the plan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Queues with their producers, routes and consumers.
    Matrix,
    /// The cutover plan with its dependency matrix.
    Cutover,
    /// Routes with their owners and gates.
    RouteTracker,
    /// Routes with the state of their review.
    RouteChecklist,
    /// Processes with their programs and inputs.
    WorkerTracker,
    /// Processes with the state of their review.
    WorkerChecklist,
    /// Processes with their tests.
    WorkerTests,
    /// Queues with their tests.
    QueueTests,
    /// Queues with the keys of their bodies.
    Payloads,
}

impl Kind {
    /// All kinds, in the order in which they are read and reported.
    pub const ALL: [Kind; 9] = [
        Kind::Matrix,
        Kind::Cutover,
        Kind::RouteTracker,
        Kind::RouteChecklist,
        Kind::WorkerTracker,
        Kind::WorkerChecklist,
        Kind::WorkerTests,
        Kind::QueueTests,
        Kind::Payloads,
    ];

    /// What to call it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Matrix => "dependency matrix",
            Kind::Cutover => "cutover plan",
            Kind::RouteTracker => "route tracker",
            Kind::RouteChecklist => "route checklist",
            Kind::WorkerTracker => "worker tracker",
            Kind::WorkerChecklist => "worker checklist",
            Kind::WorkerTests => "worker tests",
            Kind::QueueTests => "queue tests",
            Kind::Payloads => "payload inventory",
        }
    }

    fn names(self, names: &PlanNames) -> &[String] {
        match self {
            Kind::Matrix => &names.matrix,
            Kind::Cutover => &names.cutover,
            Kind::RouteTracker => &names.route_tracker,
            Kind::RouteChecklist => &names.route_checklist,
            Kind::WorkerTracker => &names.worker_tracker,
            Kind::WorkerChecklist => &names.worker_checklist,
            Kind::WorkerTests => &names.worker_tests,
            Kind::QueueTests => &names.queue_tests,
            Kind::Payloads => &names.payloads,
        }
    }
}

/// Where the files are.
#[derive(Debug, Clone, Default)]
pub struct Files(Vec<(Kind, PathBuf)>);

impl Files {
    /// The files that were `given`, and for the other kinds those that lie in `directory` under their usual names.
    pub fn find(directory: Option<&Path>, names: &PlanNames, given: &[(Kind, PathBuf)]) -> Files {
        let usual = |kind: Kind| {
            let directory = directory?;
            kind.names(names).iter().map(|name| directory.join(name)).find(|path| path.is_file())
        };
        let one = |kind: Kind| given.iter().find(|(k, _)| *k == kind).map(|(_, path)| path.clone());
        Files(
            Kind::ALL
                .into_iter()
                .filter_map(|kind| Some((kind, one(kind).or_else(|| usual(kind))?)))
                .collect(),
        )
    }

    /// The first of the usual directories, relative to `root`, that is there.
    pub fn usual_directory(root: &Path, names: &PlanNames) -> Option<PathBuf> {
        names.directories.iter().map(|name| root.join(name)).find(|path| path.is_dir())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn get(&self, kind: Kind) -> Option<&Path> {
        self.0.iter().find(|(k, _)| *k == kind).map(|(_, path)| path.as_path())
    }
}

/// The tables of a plan, as far as they are there.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The CSV tables.
    tables: Vec<(Kind, Table)>,
    /// Label and rows of the cutover plan.
    pub cutover: Option<(String, Vec<CutoverRow>)>,
    /// Label and rows of the payload inventory.
    pub payloads: Option<(String, Vec<PayloadRow>)>,
}

impl Plan {
    /// Reads the files.
    ///
    /// # Errors
    /// When one of them cannot be read or is malformed.
    pub fn read(files: &Files) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        for kind in Kind::ALL {
            let Some(path) = files.get(kind) else { continue };
            match kind {
                Kind::Cutover => plan.cutover = Some((label(path), markdown::cutover(path)?)),
                Kind::Payloads => plan.payloads = Some((label(path), markdown::payloads(path)?)),
                _ => plan.tables.push((kind, Table::read(path, required(kind))?)),
            }
        }
        Ok(plan)
    }

    /// A CSV table.
    pub fn table(&self, kind: Kind) -> Option<&Table> {
        self.tables.iter().find(|(k, _)| *k == kind).map(|(_, table)| table)
    }

    /// The file of a kind, as it is called in what is written.
    pub fn label(&self, kind: Kind) -> Option<&str> {
        match kind {
            Kind::Cutover => self.cutover.as_ref().map(|(label, _)| label.as_str()),
            Kind::Payloads => self.payloads.as_ref().map(|(label, _)| label.as_str()),
            _ => self.table(kind).map(|table| table.label.as_str()),
        }
    }
}

/// The columns without which a table says nothing; the first is its key.
fn required(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Matrix => &[
            "default_queue_name",
            "queue_var",
            "producer_files",
            "producer_route_ids",
            "consumer_files",
            "consumer_programs",
        ],
        Kind::RouteTracker => &["route_id", "file", "symbol", "method", "path_template"],
        Kind::RouteChecklist => &["route_id", "source_file", "symbol", "method", "path_template"],
        Kind::WorkerTracker | Kind::WorkerChecklist | Kind::WorkerTests => {
            &["process_id", "program", "python_source"]
        }
        Kind::QueueTests => &["queue_name"],
        Kind::Cutover | Kind::Payloads => &[],
    }
}
