//! Witness paths as hops a reviewer can follow.

use super::{CallGraph, SiteKey, Ways, certainty};
use crate::finding::{Certainty, Hop, HopKind, Place, Route};
use crate::ir::{CallRole, Op, VarDef, VarId};
use crate::routes::RouteRoots;
use crate::solve::registry::Put;
use crate::solve::value::{InstId, Value};
use crate::solve::{Origin, Solver};
use rustc_hash::FxHashMap;

/// An edge before routes and queues have their final numbers.
#[derive(Debug, Clone)]
pub struct RawEdge {
    /// Index of the route.
    pub route: usize,
    /// Where the queue is created.
    pub queue: Origin,
    /// The producer site.
    pub site: SiteKey,
    /// The weakest hop.
    pub certainty: Certainty,
    /// Conditions along the path.
    pub gates: Vec<String>,
    /// The path.
    pub path: Vec<Hop>,
}

/// Finds the edges of all routes: for each queue and producer site the best witness path of each route that reaches it.
pub fn edges(solver: &Solver<'_>, graph: &CallGraph, routes: &[Route], roots: &[RouteRoots]) -> Vec<RawEdge> {
    let mut sites: FxHashMap<(Origin, SiteKey), Vec<&Put>> = FxHashMap::default();
    for put in &solver.registry.puts {
        let Some(queue) = solver.registry.queues.iter().find(|q| q.value == put.queue) else { continue };
        if solver.is_root(put.at.inst) {
            continue;
        }
        sites.entry((queue.at, SiteKey::of(solver, put))).or_default().push(put);
    }
    let mut keys: Vec<(Origin, SiteKey)> = sites.keys().copied().collect();
    keys.sort_by_key(|(queue, site)| (queue.inst, queue.index, *site));
    let mut found = Vec::new();
    let mut raising: FxHashMap<InstId, Ways> = FxHashMap::default();
    for key in keys {
        let puts = &sites[&key];
        let targets: Vec<(InstId, u64)> =
            puts.iter().map(|p| (p.at.inst, (solver.gates(p.at).len() as u64) << 44)).collect();
        let ways = graph.ways(&targets);
        // Ways that a test of the request's method rules out are looked for again without those calls.
        let mut by_method: FxHashMap<&str, Ways> = FxHashMap::default();
        for route in roots {
            let method = routes[route.route].method.as_str();
            let Some(root) = best_root(&ways, &route.roots) else { continue };
            let mut steps = ways.edges(root, solver);
            let runs = |i: &usize| solver.runs_for(solver.edges[*i].from, method);
            let put_runs = puts.iter().any(|p| solver.runs_for(p.at, method));
            let mut root = root;
            if !steps.iter().all(runs) || !put_runs {
                let possible = by_method.entry(method).or_insert_with(|| {
                    let targets: Vec<(InstId, u64)> = targets
                        .iter()
                        .zip(puts)
                        .filter(|(_, p)| solver.runs_for(p.at, method))
                        .map(|(t, _)| *t)
                        .collect();
                    graph.ways_over(&targets, |i| solver.runs_for(solver.edges[i].from, method))
                });
                let Some(best) = best_root(possible, &route.roots) else { continue };
                root = best;
                steps = possible.edges(root, solver);
            }
            let mut path = to_the_raise(solver, graph, route, root, &mut raising);
            path.extend(steps.iter().filter_map(|&i| hop(solver, graph, i)));
            let end = steps.last().map_or(root, |&i| solver.edges[i].to);
            let put = puts.iter().find(|p| p.at.inst == end).copied().unwrap_or(puts[0]);
            path.push(last_hop(solver, put.at, key.1));
            let mut gates: Vec<String> = path.iter().flat_map(|h| h.gates.iter().cloned()).collect();
            gates.extend(routes[route.route].gates.iter().cloned());
            gates.sort();
            gates.dedup();
            let weakest = path.iter().map(|h| certainty(h.kind, h.targets)).max().unwrap_or(Certainty::Exact);
            found.push(RawEdge {
                route: route.route,
                queue: key.0,
                site: key.1,
                certainty: weakest,
                gates,
                path,
            });
        }
    }
    found
}

/// For a route that gets to an error handler of its blueprint: the hops up to a `raise` of what the handler takes.
fn to_the_raise(
    solver: &Solver<'_>,
    graph: &CallGraph,
    route: &RouteRoots,
    root: InstId,
    cache: &mut FxHashMap<InstId, Ways>,
) -> Vec<Hop> {
    let hook = solver.registry.hooks.iter().find(|h| h.root == root);
    let Some(raisers) = hook.and_then(|h| h.raisers.as_ref()).filter(|r| !r.is_empty()) else {
        return Vec::new();
    };
    let ways = cache
        .entry(root)
        .or_insert_with(|| graph.ways(&raisers.iter().map(|&inst| (inst, 0)).collect::<Vec<_>>()));
    let view = route.roots[0];
    if ways.cost(view).is_none() {
        return Vec::new();
    }
    ways.edges(view, solver).into_iter().filter_map(|i| hop(solver, graph, i)).collect()
}

fn best_root(ways: &Ways, roots: &[InstId]) -> Option<InstId> {
    roots
        .iter()
        .filter_map(|r| ways.cost(*r).map(|cost| (cost, *r)))
        .min_by_key(|&(cost, root)| (cost, root))
        .map(|(_, root)| root)
}

/// The position of an instruction.
pub(crate) fn place(solver: &Solver<'_>, at: Origin) -> Place {
    let func = solver.insts[at.inst.0 as usize].func;
    let file = solver.program.file_of(func);
    Place {
        file: file.path.clone(),
        line: solver.program.func(func).instrs[at.index as usize].pos.line,
        symbol: solver.program.qualname(func).to_owned(),
    }
}

/// The definition of an instance's function.
pub(crate) fn definition(solver: &Solver<'_>, inst: InstId) -> Place {
    let func = solver.insts[inst.0 as usize].func;
    Place {
        file: solver.program.file_of(func).path.clone(),
        line: solver.program.func(func).pos.line,
        symbol: solver.program.qualname(func).to_owned(),
    }
}

fn last_hop(solver: &Solver<'_>, at: Origin, site: SiteKey) -> Hop {
    Hop {
        place: place(solver, at),
        kind: HopKind::Producer,
        target: match site.operation {
            crate::finding::Operation::Put => "put".to_owned(),
            crate::finding::Operation::BatchInsert => "batch_insert".to_owned(),
        },
        targets: 1,
        gates: solver.gates(at),
    }
}

fn hop(solver: &Solver<'_>, graph: &CallGraph, index: usize) -> Option<Hop> {
    let edge = &solver.edges[index];
    let target = definition(solver, edge.to);
    if solver.is_root(edge.from.inst) {
        return Some(Hop {
            kind: match edge.kind {
                Some(kind @ (HopKind::Hook | HopKind::Decorator | HopKind::Yield)) => kind,
                _ => HopKind::Route,
            },
            target: target.symbol.clone(),
            place: target,
            targets: 1,
            gates: Vec::new(),
        });
    }
    let mut gates = graph.gates_at(edge.from).to_vec();
    gates.extend(graph.receiver_gates(solver, edge.to).iter().cloned());
    gates.sort();
    gates.dedup();
    Some(Hop {
        place: place(solver, edge.from),
        kind: edge.kind.unwrap_or_else(|| kind(solver, edge.from, edge.to)),
        target: target.symbol,
        targets: graph.targets_of(edge),
        gates,
    })
}

/// How an edge is resolved.
pub(crate) fn kind_of(solver: &Solver<'_>, edge: &crate::solve::CallEdge) -> HopKind {
    match edge.kind {
        Some(kind) => kind,
        None if solver.is_root(edge.from.inst) => HopKind::Route,
        None => kind(solver, edge.from, edge.to),
    }
}

/// How a call finds its callee, read off the definition of the callee's variable.
fn kind(solver: &Solver<'_>, at: Origin, to: InstId) -> HopKind {
    let func = solver.insts[at.inst.0 as usize].func;
    let ir = solver.program.func(func);
    match ir.instrs[at.index as usize].op {
        Op::Call { role, .. } if role != CallRole::Plain => HopKind::Decorator,
        Op::Call { callee, .. } => {
            let file = solver.program.file_of(func);
            let mut var: VarId = callee;
            for _ in 0..16 {
                match ir.vars[var.0 as usize].def {
                    VarDef::Param(_) => return HopKind::Callback,
                    VarDef::Cell | VarDef::Join => return closure_or_direct(solver, to),
                    VarDef::Instr(index) => match &ir.instrs[index as usize].op {
                        Op::Copy { src, .. } | Op::Narrow { src, .. } | Op::Await { src, .. } => var = *src,
                        Op::LoadFree { levels, .. } => {
                            let mut owner = at.inst;
                            for _ in 0..*levels {
                                owner = solver.insts[owner.0 as usize].env;
                            }
                            return if solver.decorator_insts.contains(&owner) {
                                HopKind::Decorator
                            } else {
                                HopKind::Closure
                            };
                        }
                        Op::LoadSub { .. } => return HopKind::DictOfClasses,
                        Op::LoadAttr { obj, .. } => {
                            let load = Origin { inst: at.inst, index };
                            if solver.via_getattr.contains(&load) {
                                return HopKind::GetAttr;
                            }
                            if is_super(ir, *obj) {
                                return HopKind::Super;
                            }
                            let is_module = solver
                                .graph
                                .values(solver.var(at.inst, *obj))
                                .iter()
                                .any(|&v| matches!(solver.values.get(v), Value::Module(_)));
                            return if is_module { HopKind::Direct } else { HopKind::Method };
                        }
                        Op::Call { callee: getter, .. } => {
                            // `classes.get(name, default)(...)` or `getattr(obj, name)(...)`.
                            return match ir.vars[getter.0 as usize].def {
                                VarDef::Instr(i) => match &ir.instrs[i as usize].op {
                                    Op::LoadAttr { name, .. }
                                        if matches!(
                                            &*file.ir.strings[name.0 as usize],
                                            "get" | "pop" | "setdefault"
                                        ) =>
                                    {
                                        HopKind::DictOfClasses
                                    }
                                    Op::LoadGlobal { name, .. }
                                        if &*file.ir.strings[name.0 as usize] == "getattr" =>
                                    {
                                        HopKind::Method
                                    }
                                    _ => HopKind::Closure,
                                },
                                _ => HopKind::Closure,
                            };
                        }
                        Op::With { .. } => return HopKind::Closure,
                        Op::LoadGlobal { .. }
                        | Op::LoadClassName { .. }
                        | Op::ImportFrom { .. }
                        | Op::Import { .. }
                        | Op::MakeFunc { .. } => return HopKind::Direct,
                        _ => return closure_or_direct(solver, to),
                    },
                }
            }
            HopKind::Direct
        }
        Op::With { .. } => HopKind::ContextManager,
        Op::Iter { .. } | Op::YieldFrom { .. } => HopKind::Yield,
        Op::LoadAttr { .. } | Op::StoreAttr { .. } => HopKind::Property,
        Op::Raise { .. } => HopKind::Constructor,
        _ => HopKind::Direct,
    }
}

fn is_super(ir: &crate::ir::FuncIr, var: VarId) -> bool {
    let VarDef::Instr(index) = ir.vars[var.0 as usize].def else { return false };
    match ir.instrs[index as usize].op {
        Op::Super { .. } => true,
        Op::Call { callee, .. } => {
            let VarDef::Instr(i) = ir.vars[callee.0 as usize].def else { return false };
            matches!(ir.instrs[i as usize].op, Op::LoadGlobal { .. })
                && matches!(ir.instrs[index as usize].op, Op::Call { ref args, .. } if args.len() == 2)
        }
        _ => false,
    }
}

fn closure_or_direct(solver: &Solver<'_>, to: InstId) -> HopKind {
    let func = solver.insts[to.0 as usize].func;
    match solver.program.parent(func).map(|p| solver.program.func(p).kind) {
        Some(crate::ir::ScopeKind::Function | crate::ir::ScopeKind::Lambda) => HopKind::Closure,
        _ => HopKind::Direct,
    }
}
