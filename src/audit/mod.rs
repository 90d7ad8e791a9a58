//! The audit: the cutover plan's own tables held against the evidence.
//!
//! Every contradiction is one finding with a stable code, the plan's claim with file and line, and the proof. A claim
//! that the evidence can neither prove nor refute is no finding. What follows from another finding is not reported a second time: a
//! route that is missing also makes the number of routes, their files and their review waves wrong.

mod gates;
mod matrix;
mod prose;
mod routes;
mod workers;

use crate::evidence::Evidence;
use crate::evidence::model::{Edge, Hop, Place, Queue, Route};
use crate::plan::{Kind, Plan};
use std::collections::BTreeSet;

/// What an audit found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
    /// Contradictions, in the order of the plan's files and lines.
    pub findings: Vec<Finding>,
    /// What was held against the evidence, in the order of the files.
    pub checked: Vec<Checked>,
    /// What was not, and why.
    pub unchecked: Vec<String>,
}

/// One contradiction between the plan and the evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Stable code; see [`crate::codes`].
    pub code: &'static str,
    /// What the plan says.
    pub claim: Claim,
    /// The contradiction in one sentence.
    pub message: String,
    /// Why it is one.
    pub proof: Proof,
}

/// What the plan says, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The plan's file.
    pub file: String,
    /// Line, from 1.
    pub line: u64,
    /// The claim, with the column it stands in.
    pub text: String,
}

/// What the evidence says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proof {
    /// In one sentence.
    pub text: String,
    /// Places in the source that show it.
    pub places: Vec<Place>,
    /// Chains that show it, as (edge ID, hops).
    pub chains: Vec<(String, Vec<Hop>)>,
}

/// A file of the plan that was held against the evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What it is.
    pub kind: &'static str,
    /// The file.
    pub file: String,
    /// Number of claims that were held against the evidence.
    pub claims: usize,
}

/// Holds `plan` against `evidence`.
pub fn audit(evidence: &Evidence, plan: &Plan) -> Audit {
    let facts = Facts { evidence, plan };
    let mut report = Report::default();
    for kind in Kind::ALL {
        let Some(label) = plan.label(kind) else {
            report.audit.unchecked.push(format!("{}: no such file", kind.name()));
            continue;
        };
        let (before, first) = (report.claims, report.audit.findings.len());
        report.file = label.to_owned();
        match kind {
            Kind::Matrix => matrix::check(&facts, &mut report),
            Kind::Cutover => prose::cutover(&facts, &mut report),
            Kind::RouteTracker => routes::tracker(&facts, &mut report),
            Kind::RouteChecklist => routes::checklist(&facts, &mut report),
            Kind::WorkerTracker | Kind::WorkerChecklist | Kind::WorkerTests => {
                workers::processes(kind, &facts, &mut report);
            }
            Kind::QueueTests => matrix::queue_tests(&facts, &mut report),
            Kind::Payloads => prose::payloads(&facts, &mut report),
        }
        report.audit.findings[first..].sort_by_key(|finding| finding.claim.line);
        let claims = report.claims - before;
        let file = std::mem::take(&mut report.file);
        report.audit.checked.push(Checked { kind: kind.name(), file, claims });
    }
    report.audit.unchecked.extend(unknown(&facts));
    report.audit
}

/// What the evidence itself leaves open.
fn unknown(facts: &Facts<'_>) -> Vec<String> {
    let mut open = Vec::new();
    if facts.evidence.workers.is_empty() {
        open.push("programs: the evidence has none; scan a tree with a supervisor configuration".to_owned());
    } else {
        let is_unknown = |queue: &&Queue| facts.consumers(&queue.name).is_empty();
        let names: Vec<&str> =
            facts.evidence.queues.iter().filter(is_unknown).map(|queue| queue.name.as_str()).collect();
        if !names.is_empty() {
            open.push(format!("consumers of {}: no program was found to take anything off", list(&names)));
        }
    }
    let statistics = &facts.evidence.statistics;
    let unresolved = statistics.reachable_calls.saturating_sub(statistics.resolved_calls);
    if unresolved > 0 {
        open.push(format!(
            "{unresolved} of the {} calls that routes reach are not resolved: a chain through one of them is not known",
            statistics.reachable_calls
        ));
    }
    open
}

/// Level of one of the audit's codes: `error`, `warning` or `note`.
pub fn level(code: &str) -> &'static str {
    crate::codes::find(code).map_or("error", |code| &code.level)
}

/// What the claims are held against.
struct Facts<'a> {
    evidence: &'a Evidence,
    plan: &'a Plan,
}

impl<'a> Facts<'a> {
    fn queue(&self, name: &str) -> Option<&'a Queue> {
        self.evidence.queues.iter().find(|queue| queue.name == name)
    }

    fn route(&self, id: &str) -> Option<&'a Route> {
        self.evidence.routes.iter().find(|route| route.id == id)
    }

    /// The edges to a queue from routes that somebody wrote.
    fn edges_to(&self, queue: &str) -> Vec<&'a Edge> {
        let written: BTreeSet<&str> = self
            .evidence
            .routes
            .iter()
            .filter(|route| route.automatic.is_none())
            .map(|route| route.id.as_str())
            .collect();
        let edges = self.evidence.edges.iter();
        edges.filter(|edge| edge.queue == queue && written.contains(edge.route_id.as_str())).collect()
    }

    /// The written routes that reach a queue: ID and edges, by ID.
    fn routes_to(&self, queue: &str) -> Vec<(&'a str, Vec<&'a Edge>)> {
        let edges = self.edges_to(queue);
        let ids: BTreeSet<&str> = edges.iter().map(|edge| edge.route_id.as_str()).collect();
        let of = |id: &'a str| (id, edges.iter().copied().filter(|edge| edge.route_id == id).collect());
        ids.into_iter().map(of).collect()
    }

    /// The programs that consume a queue, and for each the files in which its consuming can be seen.
    fn consumers(&self, queue: &str) -> Vec<(&'a str, BTreeSet<&'a str>)> {
        let mut found = Vec::new();
        for worker in &self.evidence.workers {
            let mut files: BTreeSet<&str> = BTreeSet::new();
            for one in worker.consumes.iter().filter(|one| one.queue == queue) {
                files.extend(worker.modules.iter().map(String::as_str));
                files.insert(&one.consumer.file);
                files.extend(one.consumer.via_file.as_deref());
                files.extend(one.chain.iter().map(|place| place.file.as_str()));
            }
            if !files.is_empty() {
                found.push((worker.program.as_str(), files));
            }
        }
        found
    }
}

/// Collects findings and counts claims.
#[derive(Default)]
struct Report {
    audit: Audit,
    file: String,
    claims: usize,
}

impl Report {
    /// A claim was held against the evidence.
    fn claim(&mut self) {
        self.claims += 1;
    }

    /// It is contradicted.
    fn finding(&mut self, code: &'static str, line: u64, claim: String, message: String, proof: Proof) {
        let claim = Claim { file: self.file.clone(), line, text: claim };
        self.audit.findings.push(Finding { code, claim, message, proof });
    }
}

impl Proof {
    fn text(text: impl Into<String>) -> Proof {
        Proof { text: text.into(), ..Proof::default() }
    }

    fn places(mut self, places: impl IntoIterator<Item = Place>) -> Proof {
        self.places.extend(places);
        self.places.sort();
        self.places.dedup();
        self
    }

    fn chains<'a>(mut self, edges: impl IntoIterator<Item = &'a Edge>) -> Proof {
        self.chains.extend(edges.into_iter().map(|edge| (edge.id.clone(), edge.path.clone())));
        self
    }
}

/// `ROUTE-1 (GET /a)`.
fn shown(route: &Route) -> String {
    format!("{} ({} {})", route.id, route.method, route.rule)
}

/// The places that put items on a queue.
fn producer_places(queue: &Queue) -> Vec<Place> {
    let place = |p: &crate::evidence::model::Producer| Place {
        file: p.file.clone(),
        line: p.line,
        symbol: p.symbol.clone(),
    };
    queue.producers.iter().map(place).collect()
}

/// `a, b`, or a word for an empty list.
fn list<T: AsRef<str>>(texts: &[T]) -> String {
    if texts.is_empty() {
        return "none".to_owned();
    }
    texts.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_code_that_is_reported_is_explained_and_every_explained_one_reported() {
        let sources = [
            include_str!("gates.rs"),
            include_str!("matrix.rs"),
            include_str!("prose.rs"),
            include_str!("routes.rs"),
            include_str!("workers.rs"),
        ];
        let mut used: Vec<&str> = sources
            .iter()
            .flat_map(|text| text.split('"').skip(1).step_by(2))
            .filter(|text| text.starts_with("plan-") && !text.contains(' '))
            .collect();
        used.sort_unstable();
        used.dedup();
        let explained = crate::codes::all().iter().filter(|code| code.area == "audit");
        assert_eq!(used, explained.map(|code| code.name.as_str()).collect::<Vec<_>>());
    }
}
