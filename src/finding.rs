//! The vocabulary between analysis and output: what a scan found, with no trace of how it is stored,
//! serialised or printed.
//!
//! Files are paths relative to the scanned root with `/` separators; lines start at 1; symbols are
//! PEP 3155 qualified names (`Class.method`, `deco.<locals>.wrapper`, `<module>`). Everything is in
//! a stable order: routes by (rule, method, app), queues by default name, edges by (route, queue,
//! producer), sites by (file, line).

/// A place in the source and the scope it stands in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Path relative to the scanned root.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Qualified name of the scope.
    pub symbol: String,
}

/// Everything a scan found.
#[derive(Debug, Default)]
pub struct Findings {
    /// Facts about the sources, for the evidence's `source`.
    pub source: SourceFacts,
    /// Routes that Flask would serve, automatic ones included.
    pub routes: Vec<Route>,
    /// Queues by allocation site.
    pub queues: Vec<Queue>,
    /// Route-to-producer edges.
    pub edges: Vec<Edge>,
    /// Programs that the supervisor starts, in the order of its configuration.
    pub workers: Vec<Worker>,
    /// Problems and limits met on the way.
    pub diagnostics: Vec<Diagnostic>,
    /// Reachable calls that could not be resolved.
    pub unresolved: Vec<UnresolvedCall>,
    /// Pairs of a route and a queue without an edge that a call leaves open, by (route, queue). All others are closed.
    pub open: Vec<OpenPair>,
    /// Edges that rest on the name of a call alone, by (route, queue, producer); none if they were asked for and there are
    /// none, absent if they were not asked for.
    pub guesses: Option<Vec<Edge>>,
    /// Counters of the run that are a function of the input alone.
    pub statistics: Statistics,
}

/// What was scanned.
#[derive(Debug, Default, Clone)]
pub struct SourceFacts {
    /// WSGI entry modules that were executed, as file paths.
    pub entries: Vec<String>,
    /// Number of Python files analysed.
    pub files: usize,
    /// Bytes of those files.
    pub bytes: u64,
    /// Number of Python files left out by the exclusion rules.
    pub excluded_files: usize,
    /// The exclusion rules in force.
    pub exclusion_rules: Vec<String>,
    /// SHA-256 over (path, content) of the analysed files in path order, as lower-case hex.
    pub digest: String,
    /// Full id of the commit they are of, when they were read from a git repository.
    pub revision: Option<String>,
}

/// A HEAD or OPTIONS that nobody wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Automatic {
    /// HEAD, which Flask adds to every GET.
    Head,
    /// OPTIONS, which Flask answers itself.
    Options,
    /// An `options` method that a resource class inherits from a base class of the project.
    InheritedOptions,
    /// A rule that the framework itself adds (the static file route).
    Framework,
}

/// One (method, rule) that a WSGI application serves.
#[derive(Debug, Clone)]
pub struct Route {
    /// HTTP method in upper case.
    pub method: String,
    /// URL rule with every constant folded; a part that only configuration decides is `{}`.
    pub rule: String,
    /// Flask endpoint name, with the blueprint prefix.
    pub endpoint: String,
    /// Blueprint name, none for rules on the application.
    pub blueprint: Option<String>,
    /// Entry modules (file paths) whose application serves it, sorted.
    pub served_by: Vec<String>,
    /// The innermost function that serves it; none for framework views.
    pub handler: Option<Place>,
    /// Where the rule is registered.
    pub registered: Place,
    /// Decorators around the handler, outermost first.
    pub decorators: Vec<Decorator>,
    /// Conditions under which the route exists, each as text, sorted.
    pub gates: Vec<String>,
    /// Conditions of decorators that stand outside the registering one and so decide nothing, from the inside out.
    pub unbound_gates: Vec<UnboundGate>,
    /// Set for routes nobody wrote.
    pub automatic: Option<Automatic>,
}

/// A decorator around a handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decorator {
    /// As written, without arguments.
    pub name: String,
    /// Where it is applied.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
}

/// A condition that reads as if a route had it, and that does not bind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnboundGate {
    /// The condition as text.
    pub condition: String,
    /// Where the decorator is applied that has it.
    pub place: Place,
}

/// A work queue.
#[derive(Debug, Clone)]
pub struct Queue {
    /// Default name (through the configuration defaults); `{}` marks what only configuration decides.
    pub name: String,
    /// The variable it is first bound to, e.g. `notification_queue`.
    pub variable: Option<String>,
    /// Configuration key that names it.
    pub config_key: Option<String>,
    /// Whether items carry a namespace; none when not a constant.
    pub has_namespace: Option<bool>,
    /// Where the instance is created.
    pub created: Place,
    /// Places that put items on it.
    pub producers: Vec<ProducerSite>,
    /// Places that take items off it.
    pub consumers: Vec<QueueUse>,
    /// Other operations on it.
    pub other_uses: Vec<QueueUse>,
}

/// How an item gets onto the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// `q.put(...)`.
    Put,
    /// The call of the function that `with q.batch_insert() as put` hands out.
    BatchInsert,
}

/// One producer site.
#[derive(Debug, Clone)]
pub struct ProducerSite {
    /// Where the item is put; `symbol` is the enclosing function.
    pub place: Place,
    /// How.
    pub operation: Operation,
    /// Which of the enclosing symbol's producer calls this is, from 0 in source order: part of the site's identity.
    pub ordinal: u32,
    /// Keys of the JSON body.
    pub body: BodyKeys,
    /// Whether any route reaches it.
    pub reached_by_routes: bool,
}

/// The keys of a JSON object body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BodyKeys {
    /// Keys that are always there, sorted.
    pub always: Vec<String>,
    /// Keys that are only sometimes there, sorted.
    pub sometimes: Vec<String>,
    /// Whether the body could not be seen completely.
    pub open: bool,
}

/// A non-producing use of a queue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct QueueUse {
    /// Where; `symbol` is the enclosing function.
    pub place: Place,
    /// Method of the queue class that is called.
    pub operation: String,
    /// Class of the instance that holds the queue when it is not the enclosing one, e.g. the concrete worker:
    /// its plain name, where it is defined.
    pub via: Option<Place>,
}

/// A program that the supervisor of the tree starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// Its name.
    pub program: String,
    /// File of its section in the supervisor's configuration.
    pub file: String,
    /// Line of the section's header, from 1.
    pub line: u32,
    /// Files of the Python modules that its command runs, sorted; empty for programs that are not of the tree.
    pub modules: Vec<String>,
    /// The queues it takes items off.
    pub consumes: Vec<Consumption>,
}

/// Why a program is said to take items off a queue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Consumption {
    /// Index into [`Findings::queues`].
    pub queue: usize,
    /// Index into that queue's `consumers`.
    pub consumer: usize,
    /// Calls that lead from the program's module to the instance that takes the items (the last one creates
    /// it) or, where no instance does, to the function that takes them.
    pub chain: Vec<Place>,
}

/// How sure an edge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// Every hop has one target.
    Exact,
    /// Some hop is one of several targets.
    May,
    /// Some hop rests on a stated assumption.
    Assumed,
}

/// One (route, queue, producer site), with a witness path.
#[derive(Debug, Clone)]
pub struct Edge {
    /// Index into [`Findings::routes`].
    pub route: usize,
    /// Index into [`Findings::queues`].
    pub queue: usize,
    /// Index into that queue's `producers`.
    pub producer: usize,
    /// The weakest hop of the path.
    pub certainty: Certainty,
    /// Conditions under which the route exists, and those that every path meets, sorted. Fewer than those of the path that is shown where
    /// paths differ.
    pub gates: Vec<String>,
    /// Witness path, from the route to the producer site: the one with the fewest conditions, then the best certainty,
    /// then the fewest exceptional hops, then the shortest.
    pub path: Vec<Hop>,
}

impl Edge {
    /// Whether the path meets no condition: it has the fewest, so that some path is unconditional only if this one is.
    pub fn is_unconditional(&self) -> bool {
        self.gates.is_empty() && self.path.iter().all(|hop| hop.gates.is_empty())
    }
}

/// How control gets from one hop to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HopKind {
    /// The first hop: the framework calls the view.
    Route,
    /// A call of a function by name.
    Direct,
    /// A call of a method on an instance or class.
    Method,
    /// A call of a constructor.
    Constructor,
    /// A decorator's wrapper calls what it wraps.
    Decorator,
    /// A call of a closure held in a variable.
    Closure,
    /// A call of a function or bound method that was passed in.
    Callback,
    /// A method found through `__getattr__`.
    GetAttr,
    /// A value taken out of a container by key: a dict of classes or functions.
    DictOfClasses,
    /// A `with` statement runs the manager's code.
    ContextManager,
    /// Iteration or streaming runs a generator.
    Yield,
    /// A call through `super()`.
    Super,
    /// A framework hook: before/after request, error handler, teardown.
    Hook,
    /// A property or other descriptor.
    Property,
    /// A guess: a method of something unknown has the name of the function.
    Name,
    /// A thread, greenlet or executor runs it.
    Thread,
    /// A library that is not modelled is assumed to call what it was given.
    External,
    /// The last hop: the item is put.
    Producer,
}

/// One hop of a witness path. `place` is where control stands: the position of the call inside the function
/// `place.symbol`; `kind` is how that call was resolved; `target` is the function it enters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// Position of the call; for the first hop the handler's outermost view or registration.
    pub place: Place,
    /// How it was resolved.
    pub kind: HopKind,
    /// Qualified name of the function that the call enters (the queue's operation at the last hop).
    pub target: String,
    /// How many functions the call may enter in any context in which the path may have come to it (queues, at the last hop);
    /// 1 when it is certain.
    pub targets: u32,
    /// Conditions of this hop, as text.
    pub gates: Vec<String>,
}

/// How bad a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The run is useful, this fact should be known.
    Note,
    /// Something was lost.
    Warning,
    /// Something is wrong with the input.
    Error,
}

/// A problem or limit met on the way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// File, when there is one.
    pub file: Option<String>,
    /// Line from 1, 0 when there is none.
    pub line: u32,
    /// Column from 1, 0 when there is none.
    pub column: u32,
    /// How bad.
    pub severity: Severity,
    /// Stable code in kebab case, e.g. `syntax-error`.
    pub code: &'static str,
    /// One sentence, and what to do about it.
    pub message: String,
}

/// A call that routes reach and that could not be resolved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnresolvedCall {
    /// Where.
    pub place: Place,
    /// Which of the enclosing symbol's unresolved calls of this text it is, from 0 in source order: part of its identity.
    pub ordinal: u32,
    /// Stable reason code, e.g. `unknown-receiver`.
    pub reason: &'static str,
    /// What is called, as text.
    pub callee: String,
    /// Number of routes that reach it.
    pub routes: usize,
    /// The queues for which it matters: indices into [`Findings::queues`].
    pub queues: Vec<usize>,
    /// Whether the called value itself is unknown, so that it may be anything.
    pub anything: bool,
    /// The functions that it may enter and from which one of these queues is reached: their definitions.
    pub may_enter: Vec<Place>,
}

/// A route and a queue without an edge, between which a call that matters is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenPair {
    /// Index into [`Findings::routes`].
    pub route: usize,
    /// Index into [`Findings::queues`].
    pub queue: usize,
    /// The calls that keep it open: indices into [`Findings::unresolved`], ascending.
    pub calls: Vec<usize>,
}

/// How near the code that a route reaches comes to a queue that it does not feed; the nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nearness {
    /// A call that is open may enter the function.
    Open,
    /// The function uses the queue in another way than to put on it.
    Used,
    /// The function is entered, in contexts from which no way leads on.
    Entered,
    /// A call has the name of the function, and enters another one.
    Named,
    /// A method of the same class is entered.
    Class,
    /// Something of the same module is entered.
    Module,
    /// None of these.
    Nothing,
}

/// The nearest miss of a route and a queue without an edge.
#[derive(Debug, Clone)]
pub struct NearMiss {
    /// How near.
    pub nearness: Nearness,
    /// How the route gets there: to the call, the function, or the one of the same class or module.
    pub way: Vec<Hop>,
    /// The call that would have to enter the function, and what it calls as text.
    pub call: Option<(Place, String)>,
    /// The function from which the queue would be reached, where it is defined; none if anything may be called.
    pub function: Option<Place>,
    /// Whether the scan ran that function.
    pub runs: bool,
    /// From the function to the put.
    pub rest: Vec<Hop>,
}

/// Counters that depend on the input alone.
#[derive(Debug, Default, Clone)]
pub struct Statistics {
    /// Function instances (function, context) that were solved.
    pub instances: usize,
    /// Distinct functions among them.
    pub functions: usize,
    /// Variables (function, context, SSA version).
    pub variables: usize,
    /// Call sites that routes reach.
    pub reachable_calls: usize,
    /// Of those, calls that are resolved in every context.
    pub resolved_calls: usize,
    /// Of these, how many by kind of what they call.
    pub understood: Vec<(&'static str, usize)>,
    /// Caps that were hit, by name.
    pub caps_hit: Vec<(String, usize)>,
}
