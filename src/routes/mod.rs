//! Routes: what was registered, as Flask would serve it.
//!
//! Source: Flask 2.3 `Flask.add_url_rule` (automatic HEAD and OPTIONS), `BlueprintSetupState.add_url_rule` (prefixes and
//! endpoint names), flask_restful 0.3.10 `Api._complete_url`.

mod gates;
mod handler;
pub mod open;

use crate::finding::{Automatic, Diagnostic, Place, Route, Severity};
use crate::link::{ModId, Name};
use crate::paths::{Around, CallGraph};
use crate::solve::Solver;
use crate::solve::registry::{Hook, Registration};
use crate::solve::strings::{HOLE, SETTING_HOLE, fills, has_hole};
use crate::solve::value::{InstId, ObjKind, Value, ValueId};
use rayon::prelude::*;

/// The framework calls that handle a route: its view, then the hooks that run for it.
#[derive(Debug, Clone)]
pub struct RouteRoots {
    /// Index of the route.
    pub route: usize,
    /// Roots, the view's first.
    pub roots: Vec<InstId>,
    /// The conditions under which the route exists, whatever the wrappers around its handler ask for: hooks run before these.
    pub exists: Vec<String>,
}

/// A place where an owner's rules are served.
struct Served {
    prefix: String,
    blueprint: Option<ValueId>,
    /// Names of the blueprints around it, outermost first.
    names: Vec<String>,
    entries: Vec<String>,
    mounts: Vec<gates::Mounted>,
}

/// The routes of a solution and the framework calls behind each, in the same order.
pub fn extract(
    solver: &mut Solver<'_>,
    graph: &CallGraph,
    entries: &[ModId],
) -> (Vec<Route>, Vec<RouteRoots>) {
    let solution: &Solver<'_> = solver;
    let hooks = || solution.registry.hooks.iter().map(|hook| Occasion::of(solution, graph, hook)).collect();
    let (init, (hooks, (registrations, views, around))) = rayon::join(
        || gates::InitGraph::new(solution, entries),
        || rayon::join::<_, _, Vec<Occasion>, _>(hooks, || views(solution, graph)),
    );
    let context = Context { graph, init: &init, hooks: &hooks, around: &around };
    let registered: Vec<Registered> = registrations
        .iter()
        .zip(&views)
        .map(|(registration, view)| Registered {
            registration,
            view,
            places: served(solver, registration.owner, entries, 0),
            methods: methods(solver, registration, view),
            names: endpoint_names(solver, registration, view),
        })
        .collect();
    let solver: &Solver<'_> = solver;
    let mut all: Vec<(Route, RouteRoots)> = registered
        .par_iter()
        .flat_map_iter(|one| one.places.iter().flat_map(|place| one.routes(solver, &context, place)))
        .collect();
    all.sort_by(|(a, _), (b, _)| {
        (&a.rule, &a.method, rank(a.automatic), &a.endpoint, &a.served_by).cmp(&(
            &b.rule,
            &b.method,
            rank(b.automatic),
            &b.endpoint,
            &b.served_by,
        ))
    });
    let mut routes: Vec<Route> = Vec::new();
    let mut roots: Vec<RouteRoots> = Vec::new();
    for (route, calls) in all {
        // One (method, rule) is one route; an automatic method gives way to a written one (it sorts after).
        if let Some(last) = routes.last_mut()
            && last.rule == route.rule
            && last.method == route.method
        {
            if last.automatic.is_none() == route.automatic.is_none() {
                for entry in route.served_by {
                    if !last.served_by.contains(&entry) {
                        last.served_by.push(entry);
                        last.served_by.sort();
                    }
                }
                // Either registration serves it.
                last.gates = gates::of_either(&last.gates, &route.gates);
                if let Some(last) = roots.last_mut() {
                    let more = calls.roots.iter().filter(|call| !last.roots.contains(call));
                    let more: Vec<InstId> = more.copied().collect();
                    last.roots.extend(more);
                    last.exists = gates::of_either(&last.exists, &calls.exists);
                }
            }
            continue;
        }
        roots.push(RouteRoots { route: routes.len(), ..calls });
        routes.push(route);
    }
    (routes, roots)
}

/// The registrations that make routes, what each of them serves, and what stands around that.
fn views<'g>(
    solver: &Solver<'_>,
    graph: &'g CallGraph,
) -> (Vec<Registration>, Vec<handler::View>, Around<'g>) {
    let mut registrations = solver.registry.registrations.clone();
    registrations.retain(|registration| !class_based_base(solver, registration));
    let views: Vec<handler::View> =
        registrations.par_iter().map(|registration| handler::resolve(solver, registration)).collect();
    let roots = registrations.iter().map(|registration| registration.root);
    let around = Around::new(solver, graph, roots, views.iter().filter_map(|view| view.func));
    (registrations, views, around)
}

/// Which of several claims to one (method, rule) wins: a written one, then an inherited one, then Flask's own.
fn rank(automatic: Option<Automatic>) -> u8 {
    match automatic {
        None => 0,
        Some(Automatic::InheritedOptions) => 1,
        Some(Automatic::Head) => 2,
        Some(Automatic::Options) => 3,
        Some(Automatic::Framework) => 4,
    }
}

/// Whether a registration is the untyped form of a class based view, which has one registration per method.
fn class_based_base(solver: &Solver<'_>, registration: &Registration) -> bool {
    registration.dispatch.is_none()
        && solver.graph.values(registration.view).iter().any(|&v| match solver.values.get(v) {
            Value::Obj(ObjKind::Primitive(name), ..) => solver.program.names.text(name) == "view",
            _ => false,
        })
}

/// Where the rules of an application, blueprint or API object are served.
fn served(solver: &mut Solver<'_>, owner: ValueId, entries: &[ModId], depth: u32) -> Vec<Served> {
    if depth > 8 {
        return Vec::new();
    }
    let class = solver.registering_class(owner);
    match class {
        Some("flask.Flask") => vec![Served {
            prefix: String::new(),
            blueprint: None,
            names: Vec::new(),
            entries: entries.iter().filter_map(|&m| path_of(solver, m)).collect(),
            mounts: Vec::new(),
        }],
        Some("flask.Blueprint") => {
            // A blueprint that stands for several of one place has the prefixes of all.
            let mut own = field_strings(solver, owner, "url_prefix");
            if own.is_empty() {
                own.push(String::new());
            }
            let name = field_strings(solver, owner, "#0")
                .into_iter()
                .next()
                .or_else(|| field_strings(solver, owner, "name").into_iter().next());
            let mut places = Vec::new();
            for mount in solver.registry.mounts.clone() {
                if !solver.graph.contains(mount.blueprint, owner) {
                    continue;
                }
                // A prefix that nobody passes (`**options` without it) is the blueprint's own.
                let mut prefixes = mount.prefix.map(|node| texts(solver, node)).unwrap_or_default();
                if prefixes.is_empty() {
                    prefixes.clone_from(&own);
                }
                let module = solver.program.module_of(solver.insts[mount.at.inst.0 as usize].func);
                for outer in served(solver, mount.owner, entries, depth + 1) {
                    for prefix in &prefixes {
                        let mut mounts = outer.mounts.clone();
                        mounts.push(gates::Mounted { at: mount.at, node: mount.blueprint, blueprint: owner });
                        let mut names = outer.names.clone();
                        names.extend(name.clone());
                        places.push(Served {
                            names,
                            prefix: join(&outer.prefix, prefix),
                            blueprint: Some(owner),
                            entries: if entries.contains(&module) {
                                path_of(solver, module).into_iter().collect()
                            } else {
                                outer.entries.clone()
                            },
                            mounts,
                        });
                    }
                }
            }
            places
        }
        _ => {
            // An API object serves on the application or blueprint that it was given, and so does what a blueprint hands to
            // functions that are to be called when it is registered (`Blueprint.record`).
            let prefix = field_strings(solver, owner, "prefix").into_iter().next().unwrap_or_default();
            let app = if class.is_some() { "app" } else { "blueprint" };
            let app = solver.program.names.intern(app);
            let apps = solver.field(owner, app);
            let mut places = Vec::new();
            for app in solver.graph.values(apps).to_vec() {
                for mut place in served(solver, app, entries, depth + 1) {
                    place.prefix = join(&place.prefix, &prefix);
                    places.push(place);
                }
            }
            places
        }
    }
}

fn path_of(solver: &Solver<'_>, module: ModId) -> Option<String> {
    let file = solver.program.modules[module.0 as usize].file?;
    Some(solver.program.files[file as usize].path.clone())
}

/// Prefix and rule with one slash between them, as Flask joins them.
fn join(prefix: &str, rule: &str) -> String {
    if prefix.is_empty() {
        return rule.to_owned();
    }
    if rule.is_empty() {
        return prefix.to_owned();
    }
    format!("{}/{}", prefix.trim_end_matches('/'), rule.trim_start_matches('/'))
}

/// Rule texts at a node: constants, with `{}` for what only configuration decides.
fn texts(solver: &Solver<'_>, node: crate::solve::graph::NodeId) -> Vec<String> {
    let mut texts = Vec::new();
    let mut open = false;
    for &value in solver.graph.values(node) {
        match solver.values.get(value) {
            Value::Str(name) => texts.push(solver.program.names.text(name).to_owned()),
            Value::AnyStr => open = true,
            _ => {}
        }
    }
    if texts.is_empty() && open {
        texts.push(HOLE.to_string());
    }
    // A template whose setting has a default is the rule with the default, under another configuration.
    let all = texts.clone();
    texts.retain(|text| {
        !text.contains(SETTING_HOLE) || !all.iter().any(|other| !has_hole(other) && fills(other, text))
    });
    for text in &mut texts {
        *text = text.replace([HOLE, SETTING_HOLE], "{}");
    }
    texts.sort();
    texts.dedup();
    texts
}

fn field_strings(solver: &mut Solver<'_>, object: ValueId, name: &str) -> Vec<String> {
    let name: Name = solver.program.names.intern(name);
    match solver.existing_field(object, name) {
        Some(node) => texts(solver, node),
        None => Vec::new(),
    }
}

/// What is known before the first route.
struct Context<'a> {
    graph: &'a CallGraph,
    init: &'a gates::InitGraph,
    hooks: &'a [Occasion],
    around: &'a Around<'a>,
}

/// A registration with what it says.
struct Registered<'a> {
    registration: &'a Registration,
    view: &'a handler::View,
    /// Where its rules are served.
    places: Vec<Served>,
    /// The methods, those that Flask adds among them.
    methods: Vec<(String, Option<Automatic>)>,
    /// Names of the endpoint, without those of blueprints.
    names: Vec<String>,
}

impl Registered<'_> {
    /// Its routes in one of the places that serve it.
    fn routes(
        &self,
        solver: &Solver<'_>,
        context: &Context<'_>,
        served: &Served,
    ) -> Vec<(Route, RouteRoots)> {
        let (registration, view) = (self.registration, self.view);
        let rules = texts(solver, registration.rule);
        if rules.is_empty() {
            return Vec::new();
        }
        let blueprint = (!served.names.is_empty()).then(|| served.names.join("."));
        // The view runs only for methods that it handles, and so do the handlers of what it raises.
        let roots = |view| roots(solver, context.hooks, served.blueprint, view);
        let [handling, answering] = [roots(Some(registration.root)), roots(None)];
        let registered = registered_place(solver, registration, context.init);
        let gates =
            gates::of_registration(solver, context.graph, context.init, registration, &served.mounts, view);
        let with_gates = |(method, automatic): &(String, Option<Automatic>)| {
            let handles = !matches!(automatic, Some(Automatic::Options | Automatic::Framework));
            // Flask answers HEAD where it answers GET.
            let named = if *automatic == Some(Automatic::Head) { "GET" } else { method };
            let mut exists = gates.binding.clone();
            exists.extend(gates::of_named_method(solver, registration, named));
            let mut around = Vec::new();
            if let Some(handler) = view.func.filter(|_| handles) {
                around = context.around.conditions(solver, registration.root, handler, method);
            }
            (method.clone(), *automatic, handles, exists, around)
        };
        let methods: Vec<_> = self.methods.iter().map(with_gates).collect();
        let mut all = Vec::new();
        for (i, rule) in rules.iter().enumerate() {
            // One rule per login service goes with one endpoint per login service; otherwise the first name serves all.
            let name = &self.names[if self.names.len() == rules.len() { i } else { 0 }];
            let endpoint = match &blueprint {
                Some(blueprint) => format!("{blueprint}.{name}"),
                None => name.clone(),
            };
            let of_rule = gates::of_rule(solver, registration, rule);
            for (method, automatic, handles, exists, around) in &methods {
                let mut exists: Vec<String> = exists.iter().chain(&of_rule).cloned().collect();
                exists.sort();
                exists.dedup();
                let mut binding: Vec<String> = exists.iter().chain(around).cloned().collect();
                binding.sort();
                binding.dedup();
                let (automatic, handles) = (*automatic, *handles);
                let calls = if handles { handling.clone() } else { answering.clone() };
                let route = Route {
                    method: method.clone(),
                    rule: join(&served.prefix, rule),
                    endpoint: endpoint.clone(),
                    blueprint: blueprint.clone(),
                    served_by: served.entries.clone(),
                    handler: if handles { view.handler.clone() } else { None },
                    registered: registered.clone(),
                    decorators: if handles { view.decorators.clone() } else { Vec::new() },
                    gates: binding,
                    unbound_gates: if handles { gates.unbound.clone() } else { Vec::new() },
                    automatic,
                };
                all.push((route, RouteRoots { route: 0, roots: calls, exists }));
            }
        }
        all
    }
}

/// The methods of a registration, those that Flask adds among them.
fn methods(
    solver: &mut Solver<'_>,
    registration: &Registration,
    view: &handler::View,
) -> Vec<(String, Option<Automatic>)> {
    if registration.serves_head {
        return vec![("HEAD".to_owned(), Some(Automatic::Head))];
    }
    let explicit = explicit_methods(solver, registration);
    let framework = registration.dispatch.is_none() && view.handler.is_none() && view.name.is_empty();
    let mut methods: Vec<(String, Option<Automatic>)> = explicit
        .iter()
        .map(|method| {
            let inherited = method == "OPTIONS" && view.inherited;
            let automatic = match (framework, inherited) {
                (true, _) => Some(Automatic::Framework),
                (false, true) => Some(Automatic::InheritedOptions),
                (false, false) => None,
            };
            (method.clone(), automatic)
        })
        .collect();
    let is_explicit = |method: &str| explicit.iter().any(|known| known == method);
    let by_another = |other: &Registration| {
        other.serves_head && other.at == registration.at && other.dispatch == registration.dispatch
    };
    let has_head = is_explicit("HEAD") || solver.registry.registrations.iter().any(by_another);
    if is_explicit("GET") && !has_head {
        methods.push(("HEAD".to_owned(), Some(Automatic::Head)));
    }
    if !is_explicit("OPTIONS") {
        methods.push(("OPTIONS".to_owned(), Some(Automatic::Options)));
    }
    methods
}

fn explicit_methods(solver: &mut Solver<'_>, registration: &Registration) -> Vec<String> {
    if let Some((_, method)) = registration.dispatch
        && solver.program.names.text(method) != "dispatch_request"
    {
        return vec![solver.program.names.text(method).to_uppercase()];
    }
    let mut methods = registration.fixed_methods.clone();
    if methods.is_empty()
        && let Some(node) = registration.methods
    {
        for list in solver.graph.values(node).to_vec() {
            if matches!(solver.values.get(list), Value::Obj(..)) {
                let all = solver.all(list);
                methods.extend(solver.strings(all));
            }
        }
        for method in &mut methods {
            *method = method.to_uppercase();
        }
    }
    methods.sort();
    methods.dedup();
    if methods.is_empty() {
        methods.push("GET".to_owned());
    }
    methods
}

fn endpoint_names(solver: &mut Solver<'_>, registration: &Registration, view: &handler::View) -> Vec<String> {
    if let Some(node) = registration.endpoint {
        let names = texts(solver, node);
        if !names.is_empty() {
            return names;
        }
    }
    if registration.is_resource
        && let Some((class, _)) = registration.dispatch
    {
        return vec![solver.class_name(class).to_lowercase()];
    }
    vec![view.name.clone()]
}

/// When a hook runs.
struct Occasion {
    /// Whether requests reach its application or blueprint at all.
    served: bool,
    /// For a handler of exceptions of the project: by instance, whether such an exception gets out of it.
    raised: Option<Vec<bool>>,
}

impl Occasion {
    fn of(solver: &Solver<'_>, graph: &CallGraph, hook: &Hook) -> Occasion {
        let raised = hook.raised.as_ref().map(|raised| {
            let passes = |edge: usize| !solver.catches(solver.edges[edge].from, &raised.classes);
            graph.reaching(raised.at.iter().map(|at| at.inst), passes)
        });
        Occasion { served: hook.owner.is_none_or(|owner| solver.is_served(owner)), raised }
    }
}

/// What runs for requests to an application or blueprint: the view, if it does, then the hooks.
fn roots(
    solver: &Solver<'_>,
    hooks: &[Occasion],
    blueprint: Option<ValueId>,
    view: Option<InstId>,
) -> Vec<InstId> {
    let runs_here = |hook: &Hook| {
        let on_app = hook.owner.is_none_or(|owner| !solver.is_blueprint(owner));
        on_app || hook.kind.contains("app") || (blueprint.is_some() && hook.owner == blueprint)
    };
    let here: Vec<(&Hook, &Occasion)> = solver
        .registry
        .hooks
        .iter()
        .zip(hooks)
        .filter(|(hook, occasion)| occasion.served && runs_here(hook))
        .collect();
    let others = here.iter().filter(|(hook, _)| hook.exception.is_none()).map(|(hook, _)| hook.root);
    let raising: Vec<InstId> = view.into_iter().chain(others).collect();
    let is_raised = |raised: &Vec<bool>| raising.iter().any(|root| raised[root.0 as usize]);
    let running = here.iter().filter(|(_, occasion)| occasion.raised.as_ref().is_none_or(&is_raised));
    view.into_iter().chain(running.map(|(hook, _)| hook.root)).collect()
}

/// Where a rule is registered: the decorator of the view or resource if one does it, else the call.
fn registered_place(solver: &Solver<'_>, registration: &Registration, init: &gates::InitGraph) -> Place {
    let at = init.decorator_call(solver, registration.at).unwrap_or(registration.at);
    crate::paths::place(solver, at)
}

/// What is said about conditions that do not bind: one diagnostic for each decorator and condition.
pub fn unbound_gates(routes: &[Route]) -> Vec<Diagnostic> {
    let gates = routes.iter().flat_map(|route| &route.unbound_gates);
    let mut diagnostics: Vec<Diagnostic> = gates
        .map(|gate| Diagnostic {
            file: Some(gate.place.file.clone()),
            line: gate.place.line,
            column: 0,
            severity: Severity::Warning,
            code: "gate-unbound",
            message: format!(
                "`{}` does not decide anything: its decorator stands above the one that registers the route",
                gate.condition
            ),
        })
        .collect();
    diagnostics.sort();
    diagnostics.dedup();
    diagnostics
}
