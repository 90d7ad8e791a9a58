//! The conditions under which a route exists.
//!
//! They stand in two places: around the code that registers it (`if features.X: app.register_blueprint(...)`) or that puts
//! what it is registered for into a list, and in decorators that return nothing unless a setting is on, applied before the
//! registering one. A third place are wrappers that refuse the request before the handler is called
//! ([`crate::paths::Around`]). A decorator that is applied after the registering one changes what the name of the view is
//! bound to, and nothing of the route: its conditions do not bind.

use super::handler::View;
use crate::finding::UnboundGate;
use crate::ir::{CallRole, Instr, Op, VarDef, VarId};
use crate::link::{FuncId, ModId};
use crate::paths::{CallGraph, necessary};
use crate::solve::gate::{Common, either, negated};
use crate::solve::graph::NodeId;
use crate::solve::registry::Registration;
use crate::solve::strings::has_hole;
use crate::solve::value::{InstId, ObjKind, Value, ValueId, well_known};
use crate::solve::{Origin, Solver};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Who called each instance, or imported each module: the start-up half of the call graph.
pub struct InitGraph {
    /// Who did it first.
    parent: FxHashMap<InstId, Way>,
    /// Who does it at all.
    all: FxHashMap<InstId, Vec<Way>>,
    /// Where the program starts.
    starts: FxHashSet<InstId>,
    /// The conditions of callers and importers, as far as they were asked for.
    conditions: Mutex<FxHashMap<Way, Arc<[String]>>>,
    /// Those under which an instance is entered at all, the same way.
    entered: Mutex<FxHashMap<InstId, Arc<[String]>>>,
}

/// A call or an import.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Way {
    /// Where it stands.
    at: Origin,
    /// The edge of a call, by index.
    edge: Option<u32>,
}

/// What is known so far. A thread that panics leaves nothing half done in it.
fn locked<T>(known: &Mutex<T>) -> MutexGuard<'_, T> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Calls between what a decorator runs and its application at most.
const MAX_DECORATOR_DEPTH: usize = 8;

impl InitGraph {
    /// Built from the order of discovery, so that parents lead to an entry module.
    pub fn new(solver: &Solver<'_>, entries: &[ModId]) -> InitGraph {
        let mut all: FxHashMap<InstId, Vec<Way>> = FxHashMap::default();
        let calls = (0..).zip(&solver.edges);
        let calls = calls.map(|(index, edge)| (Way { at: edge.from, edge: Some(index) }, edge.to));
        let imports = solver.registry.imports.iter().map(|&(at, inst)| (Way { at, edge: None }, inst));
        for (way, inst) in calls.chain(imports) {
            if !solver.is_root(way.at.inst) && way.at.inst != inst {
                all.entry(inst).or_default().push(way);
            }
        }
        let parent = all.iter().map(|(&inst, ways)| (inst, ways[0])).collect();
        let bodies = entries.iter().filter_map(|&module| solver.program.body(module));
        let starts = bodies.flat_map(|body| solver.instances(body)).copied().collect();
        InitGraph { parent, all, starts, conditions: Mutex::default(), entered: Mutex::default() }
    }

    /// The conditions of a call or import: those under which it runs and enters what it does, and those under which there is what
    /// its function was entered with.
    fn conditions(&self, solver: &Solver<'_>, graph: &CallGraph, way: Way) -> Arc<[String]> {
        if let Some(known) = locked(&self.conditions).get(&way) {
            return Arc::clone(known);
        }
        let mut gates = match way.edge {
            Some(edge) => graph.hop_gates(solver, edge as usize).to_vec(),
            None => solver.gates(way.at),
        };
        gates.extend(of_entering(solver, graph, way.at.inst));
        gates.sort();
        gates.dedup();
        let gates: Arc<[String]> = gates.into();
        locked(&self.conditions).insert(way, Arc::clone(&gates));
        gates
    }

    /// The conditions that every way from the start of the program to an instance meets; where ways differ, one of several.
    fn entered(&self, solver: &Solver<'_>, graph: &CallGraph, inst: InstId) -> Arc<[String]> {
        if let Some(known) = locked(&self.entered).get(&inst) {
            return Arc::clone(known);
        }
        let chain = self.chain(solver, inst);
        let mut first: Vec<String> =
            chain.into_iter().flat_map(|way| self.conditions(solver, graph, way).to_vec()).collect();
        first.sort();
        first.dedup();
        let gates: Arc<[String]> =
            necessary(&first, |avoided| self.avoiding(solver, graph, inst, avoided)).into();
        locked(&self.entered).insert(inst, Arc::clone(&gates));
        gates
    }

    /// The conditions of a way from the start of the program to an instance that does without some.
    fn avoiding(
        &self,
        solver: &Solver<'_>,
        graph: &CallGraph,
        inst: InstId,
        avoided: &[String],
    ) -> Option<Vec<String>> {
        // Backwards and breadth first: what was found, from where, and by which call or import.
        let mut found: Vec<(InstId, Option<(usize, Way)>)> = vec![(inst, None)];
        let mut seen: FxHashSet<InstId> = FxHashSet::default();
        seen.insert(inst);
        let mut next = 0;
        while let Some(&(at, _)) = found.get(next) {
            if self.starts.contains(&at) {
                let mut gates = Vec::new();
                let mut step = found[next].1;
                while let Some((before, way)) = step {
                    gates.extend(self.conditions(solver, graph, way).iter().cloned());
                    step = found[before].1;
                }
                gates.sort();
                gates.dedup();
                return Some(gates);
            }
            for &way in self.all.get(&at).into_iter().flatten() {
                let is_free =
                    || !self.conditions(solver, graph, way).iter().any(|gate| avoided.contains(gate));
                if !seen.contains(&way.at.inst) && is_free() {
                    seen.insert(way.at.inst);
                    found.push((way.at.inst, Some((next, way))));
                }
            }
            next += 1;
        }
        None
    }

    /// The origins from an instance up to where nobody called it.
    fn chain(&self, solver: &Solver<'_>, inst: InstId) -> Vec<Way> {
        let mut chain = Vec::new();
        let mut at = inst;
        while let Some(&way) = self.parent.get(&at) {
            if chain.contains(&way) {
                break;
            }
            if chain.len() >= solver.limits.startup_walk {
                solver.cap("startup-walk");
                break;
            }
            chain.push(way);
            at = way.at.inst;
        }
        chain
    }

    /// The decorator application that an origin happens in, if one does.
    pub fn decorator_call(&self, solver: &Solver<'_>, at: Origin) -> Option<Origin> {
        std::iter::once(at)
            .chain(self.chain(solver, at.inst).into_iter().map(|way| way.at))
            .take(MAX_DECORATOR_DEPTH)
            .find(|&origin| role(solver, origin).is_some_and(|r| r != CallRole::Plain))
    }
}

fn role(solver: &Solver<'_>, at: Origin) -> Option<CallRole> {
    if solver.is_root(at.inst) {
        return None;
    }
    let func = solver.insts[at.inst.0 as usize].func;
    match solver.program.func(func).instrs.get(at.index as usize)?.op {
        Op::Call { role, .. } => Some(role),
        _ => None,
    }
}

/// A blueprint where it is registered.
#[derive(Clone, Copy)]
pub struct Mounted {
    /// The call that registers it.
    pub at: Origin,
    /// What it is passed in.
    pub node: NodeId,
    /// Itself.
    pub blueprint: ValueId,
}

/// The conditions of a route.
pub struct RouteGates {
    /// Those under which it exists, sorted.
    pub binding: Vec<String>,
    /// Those of decorators outside the registering one, in the order of application.
    pub unbound: Vec<UnboundGate>,
}

/// The gates of a registration. Those of the wrappers around its handler depend on the method of the request as well, and on
/// whether the handler serves it at all: see [`crate::paths::Around`].
pub fn of_registration(
    solver: &Solver<'_>,
    graph: &CallGraph,
    init: &InitGraph,
    registration: &Registration,
    mounts: &[Mounted],
    view: &View,
) -> RouteGates {
    let mut gates = Vec::new();
    for mounted in mounts {
        gates.extend(solver.held_at(mounted.node, mounted.blueprint));
    }
    gates.extend(
        only_handler(solver, registration, view).map_or(Vec::new(), |func| solver.definition_gates(func)),
    );
    for at in std::iter::once(registration.at).chain(mounts.iter().map(|mounted| mounted.at)) {
        gates.extend(solver.gates(at));
        gates.extend(of_entering(solver, graph, at.inst));
        gates.extend(init.entered(solver, graph, at.inst).iter().cloned());
    }
    let registering = init.decorator_call(solver, registration.at);
    let mut unbound = Vec::new();
    if let Some(at) = registering {
        for applied in applications(solver, at.inst, role(solver, at)) {
            if applied.index < at.index {
                gates.extend(decorator_gates(solver, graph, applied));
            } else if applied.index > at.index {
                unbound.extend(unbound_gates(solver, graph, applied));
            }
        }
    }
    gates.extend(method_gates(solver, graph, registering, view));
    gates.sort();
    gates.dedup();
    RouteGates { binding: gates, unbound }
}

/// The conditions of a route that two registrations serve: what both ask for, and what one of them does where the other does not.
pub fn of_either(one: &[String], other: &[String]) -> Vec<String> {
    let common = |gate: &&String| one.contains(gate) && other.contains(gate);
    let own = |gates: &[String]| gates.iter().filter(|gate| !common(gate)).cloned().collect::<Vec<_>>();
    let (mut first, mut second) = (own(one), own(other));
    // Behind `elif`, the other condition has failed: that goes without saying.
    if let [alone] = &first[..] {
        second.retain(|gate| *gate != negated(alone));
    } else if let [alone] = &second[..] {
        first.retain(|gate| *gate != negated(alone));
    }
    let mut gates: Vec<String> = one.iter().filter(common).cloned().collect();
    if let ([one], [other]) = (&first[..], &second[..]) {
        gates.push(either(one, other));
    }
    gates.sort();
    gates
}

/// The handler of a registration, if there is no other that may serve in its place: a definition in another branch, or the method
/// of a base.
fn only_handler(solver: &Solver<'_>, registration: &Registration, view: &View) -> Option<FuncId> {
    let defined = match registration.dispatch {
        None => solver.graph.values(registration.view).len(),
        Some((class, method)) => {
            let mut bases: Vec<ValueId> = solver.possible_bases(class).collect();
            bases.sort_unstable();
            bases.dedup();
            let nodes = bases.into_iter().filter_map(|base| solver.existing_field(base, method));
            nodes.map(|node| solver.graph.values(node).len()).sum()
        }
    };
    let is_replaced = |node: NodeId| !solver.graph.values(node).is_empty();
    view.func.filter(|_| defined == 1 && !registration.replaced.is_some_and(is_replaced))
}

/// The conditions under which a registration has a rule. Empty if it has but this one, or if not all of them are known.
pub fn of_rule(solver: &Solver<'_>, registration: &Registration, rule: &str) -> Vec<String> {
    let values = solver.graph.values(registration.rule);
    if !values.iter().all(|&value| is_plain_text(solver, value)) {
        return Vec::new();
    }
    let mut common = Common::default();
    for &value in values {
        if matches!(solver.values.get(value), Value::Str(text) if solver.program.names.text(text) == rule) {
            common.add(solver.held_at(registration.rule, value));
        }
    }
    if values.len() > 1 { common.all() } else { Vec::new() }
}

/// Whether a value is a text of which nothing is left open.
fn is_plain_text(solver: &Solver<'_>, value: ValueId) -> bool {
    matches!(solver.values.get(value), Value::Str(text) if !has_hole(solver.program.names.text(text)))
}

/// The conditions under which a registration names a method. Empty if the same methods are named in any case, or if not all
/// are known.
pub fn of_named_method(solver: &Solver<'_>, registration: &Registration, method: &str) -> Vec<String> {
    let Some(node) = registration.methods else { return Vec::new() };
    let names = |value: ValueId| match solver.values.get(value) {
        Value::Str(text) => solver.program.names.text(text).eq_ignore_ascii_case(method),
        _ => false,
    };
    let values = solver.graph.values(node);
    let is_known = |&list: &ValueId| {
        let is_list =
            matches!(solver.values.get(list), Value::Obj(ObjKind::List | ObjKind::Tuple | ObjKind::Set, ..));
        let elements = solver.elements(list);
        is_list && !elements.is_empty() && elements.into_iter().all(|value| is_plain_text(solver, value))
    };
    if !values.iter().all(is_known) {
        return Vec::new();
    }
    let mut common = Common::default();
    for &list in values {
        if solver.elements(list).into_iter().any(names) {
            common.add(solver.held_at(node, list));
        }
    }
    if values.len() > 1 { common.all() } else { Vec::new() }
}

/// The conditions under which there is what an instance was entered with: objects of these classes, and elements of lists.
fn of_entering(solver: &Solver<'_>, graph: &CallGraph, inst: InstId) -> Vec<String> {
    if solver.is_root(inst) {
        return Vec::new();
    }
    let mut gates = solver.element_gates(inst);
    gates.extend(graph.gates_of_objects(solver, inst).cloned());
    gates
}

/// Where decorators are applied to one definition, innermost first.
fn applications(
    solver: &Solver<'_>,
    inst: InstId,
    definition: Option<CallRole>,
) -> impl Iterator<Item = Origin> {
    let instrs = &solver.program.func(solver.insts[inst.0 as usize].func).instrs;
    let applies = move |(_, instr): &(u32, &Instr)| match instr.op {
        Op::Call { role, .. } => role != CallRole::Plain && Some(role) == definition,
        _ => false,
    };
    (0..).zip(instrs).filter(applies).map(move |(index, _)| Origin { inst, index })
}

/// The functions that an application of a decorator, or any other call, enters.
fn decorating<'a>(
    solver: &'a Solver<'_>,
    graph: &'a CallGraph,
    applied: Origin,
) -> impl Iterator<Item = InstId> + 'a {
    graph.edges_from(solver, applied.inst).filter(move |(at, ..)| *at == applied).map(|(_, to, _)| to)
}

/// Conditions of a decorator that was applied before the registering one: what it returns when the condition fails is `None`,
/// so nothing is registered.
fn decorator_gates(solver: &Solver<'_>, graph: &CallGraph, applied: Origin) -> Vec<String> {
    decorating(solver, graph, applied).flat_map(|to| return_gates(solver, graph, to, 0)).collect()
}

/// Conditions of a decorator that was applied after the registering one: neither what it returns nor what its wrapper refuses
/// has anything to do with the route.
fn unbound_gates(solver: &Solver<'_>, graph: &CallGraph, applied: Origin) -> Vec<UnboundGate> {
    let mut gates = Vec::new();
    for to in decorating(solver, graph, applied) {
        gates.extend(return_gates(solver, graph, to, 0));
        let inst = &solver.insts[to.0 as usize];
        let decorated = inst.context.iter().map(|&(_, key)| key);
        let decorated: Vec<ValueId> =
            decorated.filter(|&key| matches!(solver.values.get(key), Value::Func(..))).collect();
        for &returned in solver.graph.values(inst.ret) {
            gates.extend(
                decorated.iter().flat_map(|&f| solver.closure_gates(returned, f).unwrap_or_default()),
            );
        }
    }
    gates.sort();
    gates.dedup();
    let place = crate::paths::place(solver, applied);
    gates.into_iter().map(|condition| UnboundGate { condition, place: place.clone() }).collect()
}

/// Conditions of the decorators of a handler that something other than one of its own decorators registers, such as the method of
/// a resource class: where they return `None`, there is nothing to call.
fn method_gates(
    solver: &Solver<'_>,
    graph: &CallGraph,
    registering: Option<Origin>,
    view: &View,
) -> Vec<String> {
    let Some((handler, scope)) = view.func.and_then(|func| Some((func, solver.program.parent(func)?))) else {
        return Vec::new();
    };
    let definition = solver.program.local(handler);
    let definition = Some(CallRole::DecoratesFunc(definition));
    let mut common = Common::default();
    for &inst in solver.instances(scope) {
        if registering.is_some_and(|at| at.inst == inst && role(solver, at) == definition) {
            return Vec::new();
        }
        let applied = applications(solver, inst, definition);
        common.add(applied.flat_map(|at| decorator_gates(solver, graph, at)).collect());
    }
    common.all()
}

/// The conditions that hold whenever something other than `None` is returned: `depth` calls of which only the result counts
/// were followed so far.
fn return_gates(solver: &Solver<'_>, graph: &CallGraph, inst: InstId, depth: usize) -> Vec<String> {
    let func = solver.insts[inst.0 as usize].func;
    let ir = solver.program.func(func);
    let mut common = Common::default();
    let only_none = |var| solver.graph.values(solver.var(inst, var)).iter().all(|&v| v == well_known::NONE);
    let of_value = |var, guard| {
        let mut gates = solver.guard_gates(inst, guard);
        gates.extend(result_gates(solver, graph, inst, var, depth));
        gates
    };
    for instr in &ir.instrs {
        let Op::Return { src } = instr.op else { continue };
        if only_none(src) {
            continue;
        }
        if ir.vars[src.0 as usize].def != VarDef::Join {
            common.add(of_value(src, instr.guard));
            continue;
        }
        // `return x if condition else None`: each alternative has its own condition.
        let outer = solver.guard_gates(inst, instr.guard);
        for alternative in &ir.instrs {
            if let Op::Copy { dst, src: part } = alternative.op
                && dst == src
                && !only_none(part)
            {
                let mut gates = of_value(part, alternative.guard);
                gates.extend(outer.iter().cloned());
                common.add(gates);
            }
        }
    }
    common.all()
}

/// The conditions that hold whenever a variable is not `None`, if it is the result of a call that enters nothing but functions
/// of the project.
fn result_gates(
    solver: &Solver<'_>,
    graph: &CallGraph,
    inst: InstId,
    var: VarId,
    depth: usize,
) -> Vec<String> {
    let ir = solver.program.func(solver.insts[inst.0 as usize].func);
    let mut var = var;
    // A variable is defined once, so the chain of copies ends.
    let (index, callee) = loop {
        let VarDef::Instr(index) = ir.vars[var.0 as usize].def else { return Vec::new() };
        match ir.instrs[index as usize].op {
            Op::Copy { src, .. } | Op::Narrow { src, .. } => var = src,
            Op::Call { callee, .. } => break (index, callee),
            _ => return Vec::new(),
        }
    };
    let is_function = |&value: &ValueId| match solver.values.get(value) {
        Value::Func(..) => true,
        Value::Bound(_, func) => matches!(solver.values.get(func), Value::Func(..)),
        _ => false,
    };
    let understood = solver.graph.values(solver.var(inst, callee)).iter().all(is_function);
    if !understood || depth >= MAX_DECORATOR_DEPTH {
        return Vec::new();
    }
    let mut common = Common::default();
    for to in decorating(solver, graph, Origin { inst, index }) {
        common.add(return_gates(solver, graph, to, depth + 1));
    }
    common.all()
}
