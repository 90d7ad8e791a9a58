//! The evidence file as Rust types. The order of fields is the order of keys in the file.
//!
//! Reading is lenient, so that files of other minor versions load: unknown keys are passed over, and keys that
//! were added after the first release have defaults. Words from a closed list are text here; the lists stand in
//! the JSON Schema.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The whole file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Name and number of the format.
    pub schema: String,
    /// What wrote the file.
    pub tool: Tool,
    /// What was scanned.
    pub source: Source,
    /// Routes by (rule, method, application).
    pub routes: Vec<Route>,
    /// Queues by default name.
    pub queues: Vec<Queue>,
    /// Programs that the supervisor starts, in the order of its configuration.
    #[serde(default)]
    pub workers: Vec<Worker>,
    /// Edges by (route, queue, producer).
    pub edges: Vec<Edge>,
    /// The queues whose producing routes are to be confirmed.
    pub validation_items: Vec<ValidationItem>,
    /// Problems and limits, by place.
    pub diagnostics: Vec<Diagnostic>,
    /// Calls that routes reach and that could not be resolved.
    #[serde(default)]
    pub unresolved: Vec<Unresolved>,
    /// Pairs of a route and a queue without an edge that calls leave open, by queue and calls; every other pair without an
    /// edge is closed. A file that was written before this was recorded does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<Vec<OpenPairs>>,
    /// Edges that rest on the name of a call alone; only if they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guesses: Option<Vec<Edge>>,
    /// Counters.
    pub statistics: Statistics,
}

/// What wrote the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// Program name.
    pub name: String,
    /// Program version.
    pub version: String,
}

/// What was scanned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// WSGI entry modules that were executed.
    pub entries: Vec<String>,
    /// Number of Python files analysed.
    pub files: usize,
    /// Their size in bytes.
    pub bytes: u64,
    /// Number of Python files left out.
    pub excluded_files: usize,
    /// The rules by which they were.
    pub exclusion_rules: Vec<String>,
    /// SHA-256 over the analysed files.
    pub digest: String,
    /// Full id of the commit they are of; only when they were read from a git repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// The route tracker, if there was one.
    pub tracker: Option<TrackerSource>,
}

/// The route tracker and how well it fits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackerSource {
    /// Path relative to the root, or the file name if it lies outside.
    pub file: String,
    /// SHA-256 of its content.
    pub digest: String,
    /// Number of rows.
    pub rows: usize,
    /// Number of rows that name a route.
    pub matched: usize,
    /// IDs of the rows that name none.
    pub stale: Vec<String>,
}

/// A place in the source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// Path relative to the root.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Qualified name of the scope.
    pub symbol: String,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The tracker's ID, or one derived from method and rule.
    pub id: String,
    /// HTTP method.
    pub method: String,
    /// URL rule.
    pub rule: String,
    /// Flask endpoint.
    pub endpoint: String,
    /// Blueprint name.
    #[serde(default)]
    pub blueprint: Option<String>,
    /// Entry modules whose application serves it.
    #[serde(default)]
    pub served_by: Vec<String>,
    /// The innermost function that serves it.
    pub handler: Option<Place>,
    /// Where it is registered.
    pub registered: Place,
    /// Decorators around the handler, outermost first.
    #[serde(default)]
    pub decorators: Vec<Decorator>,
    /// Conditions under which it exists.
    pub gates: Vec<String>,
    /// Conditions of decorators that stand outside the registering one and so decide nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unbound_gates: Vec<UnboundGate>,
    /// Why it exists although nobody wrote it: `head`, `options`, `inherited-options` or `framework`.
    pub automatic: Option<String>,
    /// How the ID came about.
    pub tracker: RouteTracker,
}

/// A decorator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decorator {
    /// Name as written.
    pub name: String,
    /// File.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
}

/// A condition that reads as if a route had it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnboundGate {
    /// The condition.
    pub condition: String,
    /// File of the decorator.
    pub file: String,
    /// Line of the decorator, from 1.
    pub line: u32,
}

/// How a route relates to the tracker.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteTracker {
    /// `tracked` or `untracked`.
    pub status: String,
    /// How the row was found: `exact`, `expression` or `template`.
    #[serde(rename = "match")]
    pub matched: Option<String>,
    /// Line of the row in the tracker.
    pub line: Option<u64>,
    /// The row's file.
    pub file: Option<String>,
    /// The row's symbol.
    pub symbol: Option<String>,
    /// ID of the row that stands for a family of which this untracked route is a member.
    pub instance_of: Option<String>,
}

/// A queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// Default name.
    pub name: String,
    /// Variable it is first bound to.
    pub variable: Option<String>,
    /// Configuration key that names it.
    pub config_key: Option<String>,
    /// Whether its items carry a namespace.
    pub has_namespace: Option<bool>,
    /// Where it is created.
    pub created: Place,
    /// Sites that put items on it.
    pub producers: Vec<Producer>,
    /// Sites that take items off it.
    pub consumers: Vec<QueueUse>,
    /// Other operations.
    pub other_uses: Vec<QueueUse>,
}

/// A producer site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Producer {
    /// Site ID.
    pub id: String,
    /// File.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Enclosing function.
    pub symbol: String,
    /// `put` or `batch_insert`.
    pub operation: String,
    /// Keys of the JSON body.
    pub body: Body,
    /// Whether any route reaches it.
    pub reached_by_routes: bool,
}

/// Keys of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// Always there.
    pub always: Vec<String>,
    /// Sometimes there.
    pub sometimes: Vec<String>,
    /// Whether there may be others.
    pub open: bool,
}

/// A use of a queue that enqueues nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueUse {
    /// File.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Enclosing function.
    pub symbol: String,
    /// Method of the queue.
    pub operation: String,
    /// Class of the instance that holds the queue, when it is another than the enclosing one.
    pub via: Option<String>,
    /// File that defines that class.
    #[serde(default)]
    pub via_file: Option<String>,
    /// Line of its definition, from 1.
    #[serde(default)]
    pub via_line: Option<u32>,
}

/// A program that the supervisor starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    /// Its name.
    pub program: String,
    /// File of its section in the supervisor's configuration.
    pub file: String,
    /// Line of the section's header, from 1.
    pub line: u32,
    /// Files of the Python modules that its command runs.
    pub modules: Vec<String>,
    /// The queues it takes items off: one record per consumer site.
    pub consumes: Vec<Consumption>,
}

/// A consumer site that a program runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consumption {
    /// Default name of the queue.
    pub queue: String,
    /// The consumer, as under `queues`.
    pub consumer: QueueUse,
    /// Calls from the program's module to the creation of the instance that takes the items.
    pub chain: Vec<Place>,
}

/// An edge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    /// Edge ID.
    pub id: String,
    /// Route ID.
    pub route_id: String,
    /// HTTP method of the route.
    pub method: String,
    /// URL rule of the route.
    pub rule: String,
    /// Default name of the queue.
    pub queue: String,
    /// The producer site.
    pub producer: EdgeProducer,
    /// `exact`, `may` or `assumed`.
    pub certainty: String,
    /// Conditions under which the route exists, and those that every path meets.
    pub gates: Vec<String>,
    /// Whether the path meets no condition and the route always exists; the path has the fewest of all.
    #[serde(default)]
    pub unconditional: bool,
    /// Path ID.
    #[serde(default)]
    pub path_id: String,
    /// Witness path, from the route to the producer site.
    pub path: Vec<Hop>,
}

/// The producer site of an edge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgeProducer {
    /// Site ID.
    #[serde(default)]
    pub id: String,
    /// File.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Enclosing function.
    pub symbol: String,
    /// `put` or `batch_insert`.
    pub operation: String,
}

/// A hop of a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// File of the call.
    pub file: String,
    /// Line of the call, from 1.
    pub line: u32,
    /// Function in which the call stands.
    pub symbol: String,
    /// How the call was resolved.
    pub kind: String,
    /// The function it enters.
    #[serde(default)]
    pub target: String,
    /// Number of functions it may enter in any context in which the path may have come to it; of queues, at the last hop.
    #[serde(default = "one")]
    pub targets: u32,
    /// Conditions of this hop.
    #[serde(default)]
    pub gates: Vec<String>,
}

fn one() -> u32 {
    1
}

/// A queue whose producing routes are to be confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidationItem {
    /// Default name of the queue.
    pub queue: String,
    /// `confirmed`, `open` or `unknown-queue`.
    pub status: String,
    /// Routes that have an edge to it.
    pub route_ids: Vec<String>,
    /// Those edges.
    pub edge_ids: Vec<String>,
}

/// A problem or limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// `error`, `warning` or `note`.
    pub severity: String,
    /// Stable code.
    pub code: String,
    /// File.
    pub file: Option<String>,
    /// Line, from 1.
    pub line: Option<u32>,
    /// Column, from 1.
    pub column: Option<u32>,
    /// What, and what to do about it.
    pub message: String,
}

/// An unresolved call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unresolved {
    /// Its ID; empty in files that were written before it had one.
    #[serde(default)]
    pub id: String,
    /// File.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Enclosing function.
    pub symbol: String,
    /// What is called.
    pub callee: String,
    /// Stable code.
    pub reason: String,
    /// Number of routes that reach it.
    pub routes: usize,
    /// Default names of the queues for which it matters.
    #[serde(default)]
    pub queues: Vec<String>,
    /// Whether it may enter anything.
    #[serde(default)]
    pub anything: bool,
    /// The functions that it may enter and from which one of these queues is reached.
    #[serde(default)]
    pub may_enter: Vec<Place>,
}

/// Routes that calls leave open for a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenPairs {
    /// Default name of the queue.
    pub queue: String,
    /// IDs of the calls, by the number of routes that reach them.
    pub calls: Vec<String>,
    /// IDs of the routes, in the order of the routes.
    pub route_ids: Vec<String>,
}

/// The nearest miss of a route and a queue; not part of the file, but made of its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    /// How near: `open`, `used`, `entered`, `named`, `class`, `module` or `nothing`.
    pub nearness: String,
    /// How the route gets there.
    pub way: Vec<Hop>,
    /// The call that would have to enter the function.
    pub call: Option<Place>,
    /// What it calls, as text.
    pub callee: String,
    /// The function from which the queue would be reached, where it is defined.
    pub function: Option<Place>,
    /// Whether the scan ran that function.
    pub runs: bool,
    /// From the function to the put.
    pub rest: Vec<Hop>,
}

/// Numbers of pairs of a route and a queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pairs {
    /// With an edge.
    pub edges: usize,
    /// Without an edge, and nothing that matters is unresolved on the way.
    pub closed: usize,
    /// Without an edge, and something that matters is unresolved on the way.
    pub open: usize,
}

/// Counters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    /// Routes.
    pub routes: usize,
    /// Of those, automatic ones.
    pub automatic_routes: usize,
    /// Routes with a row of the tracker.
    pub tracked_routes: usize,
    /// Routes that somebody wrote and that have no row.
    pub untracked_routes: usize,
    /// Queues.
    pub queues: usize,
    /// Producer sites.
    pub producer_sites: usize,
    /// Edges.
    pub edges: usize,
    /// Edges by certainty.
    pub edges_by_certainty: BTreeMap<String, usize>,
    /// Function instances that were solved.
    pub instances: usize,
    /// Distinct functions among them.
    pub functions: usize,
    /// Variables.
    pub variables: usize,
    /// Call sites that routes reach.
    pub reachable_calls: usize,
    /// Of those, resolved ones.
    pub resolved_calls: usize,
    /// The resolved ones by what they call.
    #[serde(default)]
    pub resolved_by_kind: BTreeMap<String, usize>,
    /// The others by reason.
    #[serde(default)]
    pub unresolved_by_reason: BTreeMap<String, usize>,
    /// Pairs of a route and a queue.
    #[serde(default)]
    pub pairs: Pairs,
    /// Caps that were hit.
    pub caps_hit: BTreeMap<String, usize>,
}

/// Conditions as one, with parentheses where words in one of them could be taken for the `and` or `or` between them.
pub fn conjunction(gates: &[String]) -> String {
    let ambiguous = |gate: &str| [" and ", " or "].iter().any(|word| gate.contains(word));
    let shown: Vec<String> = gates
        .iter()
        .map(|gate| if gates.len() > 1 && ambiguous(gate) { format!("({gate})") } else { gate.clone() })
        .collect();
    shown.join(" and ")
}
