//! The conditions under which a route exists.
//!
//! They stand in three places: around the code that registers it (`if features.X: app.register_blueprint(...)`), in decorators
//! that return nothing unless a setting is on, applied before the registering one, and in wrappers
//! that refuse the request before the handler is called.

use super::handler::View;
use crate::finding::HopKind;
use crate::ir::{CallRole, Op, VarDef};
use crate::paths::CallGraph;
use crate::solve::registry::Registration;
use crate::solve::value::{InstId, well_known};
use crate::solve::{Origin, Solver};
use rustc_hash::FxHashMap;

/// Who first called each instance, or imported each module: the start-up half of the call graph.
pub struct InitGraph {
    parent: FxHashMap<InstId, Origin>,
}

/// Calls between what a decorator runs and its application at most.
const MAX_DECORATOR_DEPTH: usize = 8;

impl InitGraph {
    /// Built from the order of discovery, so that parents lead to an entry module.
    pub fn new(solver: &Solver<'_>) -> InitGraph {
        let mut parent = FxHashMap::default();
        for edge in &solver.edges {
            if !solver.is_root(edge.from.inst) && edge.from.inst != edge.to {
                parent.entry(edge.to).or_insert(edge.from);
            }
        }
        for &(origin, inst) in &solver.registry.imports {
            if origin.inst != inst {
                parent.entry(inst).or_insert(origin);
            }
        }
        InitGraph { parent }
    }

    /// The origins from an instance up to where nobody called it.
    fn chain(&self, solver: &Solver<'_>, inst: InstId) -> Vec<Origin> {
        let mut chain = Vec::new();
        let mut at = inst;
        while let Some(&origin) = self.parent.get(&at) {
            if chain.contains(&origin) {
                break;
            }
            if chain.len() >= solver.limits.startup_walk {
                solver.cap("startup-walk");
                break;
            }
            chain.push(origin);
            at = origin.inst;
        }
        chain
    }

    /// The decorator application that an origin happens in, if one does.
    pub fn decorator_call(&self, solver: &Solver<'_>, at: Origin) -> Option<Origin> {
        std::iter::once(at)
            .chain(self.chain(solver, at.inst))
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

/// The gates of a route.
pub fn of_route(
    solver: &Solver<'_>,
    graph: &CallGraph,
    init: &InitGraph,
    registration: &Registration,
    mounts: &[Origin],
    view: &View,
) -> Vec<String> {
    let mut gates = Vec::new();
    for &at in std::iter::once(&registration.at).chain(mounts) {
        gates.extend(solver.gates(at));
        for origin in init.chain(solver, at.inst) {
            gates.extend(solver.gates(origin));
        }
    }
    if let Some(at) = init.decorator_call(solver, registration.at) {
        gates.extend(decorator_gates(solver, graph, at));
    }
    gates.extend(wrapper_gates(solver, graph, registration, view));
    gates.sort();
    gates.dedup();
    gates
}

/// Conditions of decorators that were applied to the same definition before the registering one: what they return when the
/// condition fails is `None`, so nothing is registered.
fn decorator_gates(solver: &Solver<'_>, graph: &CallGraph, registering: Origin) -> Vec<String> {
    let Some(subject) = role(solver, registering) else { return Vec::new() };
    let func = solver.insts[registering.inst.0 as usize].func;
    let mut gates = Vec::new();
    for (index, instr) in solver.program.func(func).instrs.iter().enumerate() {
        let applied = matches!(instr.op, Op::Call { role, .. } if role == subject);
        if !applied || index as u32 >= registering.index {
            continue;
        }
        let at = Origin { inst: registering.inst, index: index as u32 };
        for (origin, to, _) in graph.edges_from(solver, registering.inst) {
            if origin == at {
                gates.extend(return_gates(solver, to));
            }
        }
    }
    gates
}

/// The conditions that hold whenever something other than `None` is returned.
fn return_gates(solver: &Solver<'_>, inst: InstId) -> Vec<String> {
    let func = solver.insts[inst.0 as usize].func;
    let ir = solver.program.func(func);
    let mut common: Option<Vec<String>> = None;
    let mut meet = |gates: Vec<String>| {
        common = Some(match common.take() {
            None => gates,
            Some(before) => before.into_iter().filter(|g| gates.contains(g)).collect(),
        });
    };
    let only_none = |var| solver.graph.values(solver.var(inst, var)).iter().all(|&v| v == well_known::NONE);
    for instr in &ir.instrs {
        let Op::Return { src } = instr.op else { continue };
        if only_none(src) {
            continue;
        }
        let outer = solver.guard_gates(inst, instr.guard);
        if ir.vars[src.0 as usize].def != VarDef::Join {
            meet(outer);
            continue;
        }
        // `return x if condition else None`: each alternative has its own condition.
        for alternative in &ir.instrs {
            if let Op::Copy { dst, src: part } = alternative.op
                && dst == src
                && !only_none(part)
            {
                let mut gates = solver.guard_gates(inst, alternative.guard);
                gates.extend(outer.iter().cloned());
                meet(gates);
            }
        }
    }
    common.unwrap_or_default()
}

/// The conditions that every way through the wrappers to the handler meets.
fn wrapper_gates(
    solver: &Solver<'_>,
    graph: &CallGraph,
    registration: &Registration,
    view: &View,
) -> Vec<String> {
    let Some(handler) = view.func else { return Vec::new() };
    // Forward from the framework's call, through wrappers only: decorated calls and the view itself.
    let mut gates: Option<Vec<String>> = None;
    let mut stack: Vec<(InstId, Vec<String>)> = vec![(registration.root, Vec::new())];
    let mut steps = 0;
    while let Some((inst, so_far)) = stack.pop() {
        steps += 1;
        if steps > solver.limits.wrapper_walk {
            solver.cap("wrapper-walk");
            return Vec::new();
        }
        if !solver.is_root(inst) && solver.insts[inst.0 as usize].func == handler {
            gates = Some(match gates {
                None => so_far,
                Some(before) => before.into_iter().filter(|g| so_far.contains(g)).collect(),
            });
            continue;
        }
        for (origin, to, kind) in graph.calls_from(solver, inst) {
            let wraps = solver.is_root(inst)
                || matches!(kind, HopKind::Decorator | HopKind::Route)
                || solver.insts[to.0 as usize].func == handler;
            if !wraps || to == inst {
                continue;
            }
            let mut gates = so_far.clone();
            gates.extend(graph.gates_at(origin).iter().cloned());
            stack.push((to, gates));
        }
    }
    gates.unwrap_or_default()
}
