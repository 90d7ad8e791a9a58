//! Witness paths as hops a reviewer can follow.

use super::conditions::{edge_avoids, necessary};
use super::{CallGraph, SiteKey, Ways, certainty};
use crate::finding::{Certainty, Hop, HopKind, Place, Route};
use crate::ir::{CallRole, Op, VarDef, VarId};
use crate::link::FuncId;
use crate::routes::RouteRoots;
use crate::solve::value::{InstId, Value, ValueId};
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
    let mut sites: FxHashMap<(Origin, SiteKey), Vec<Origin>> = FxHashMap::default();
    for put in &solver.registry.puts {
        let Some(queue) = solver.registry.queues.iter().find(|q| q.value == put.queue) else { continue };
        if !solver.is_root(put.at.inst) {
            sites.entry((queue.at, SiteKey::of(solver, put))).or_default().push(put.at);
        }
    }
    let mut sites: Vec<_> = sites.into_iter().collect();
    sites.sort_by_key(|((queue, site), _)| (queue.inst, queue.index, *site));
    let mut found = Vec::new();
    let mut raises: FxHashMap<InstId, Search<'_, '_>> = FxHashMap::default();
    for ((queue, site), puts) in sites {
        let mut to_put = Search::new(solver, graph, puts);
        for route in roots {
            let method = routes[route.route].method.as_str();
            let Some(way) = to_put.best(&route.roots, method) else { continue };
            let mut gates = to_put.needed(&route.roots, method, &way);
            gates.extend(routes[route.route].gates.iter().cloned());
            let mut path: Vec<Hop> = way.steps.iter().filter_map(|&i| hop(solver, graph, i)).collect();
            path.push(last_hop(solver, way.end, site));
            if let Some(raise) = to_the_raise(solver, graph, way.root, &mut raises) {
                let handlers = || solver.registry.hooks.iter().filter(|hook| hook.exception.is_some());
                let may_raise = |root: &&InstId| !handlers().any(|hook| hook.root == **root);
                let starts: Vec<InstId> = route.roots.iter().filter(may_raise).copied().collect();
                if let Some(way) = raise.best(&starts, method) {
                    gates.extend(raise.needed(&starts, method, &way));
                    // The handler is entered from the `raise`.
                    path[0].place = place(solver, way.end);
                    path[0].gates = solver.gates(way.end);
                    path.splice(0..0, way.steps.iter().filter_map(|&i| hop(solver, graph, i)));
                }
            }
            gates.sort();
            gates.dedup();
            let weakest = path.iter().map(|h| certainty(h.kind, h.targets)).max().unwrap_or(Certainty::Exact);
            found.push(RawEdge { route: route.route, queue, site, certainty: weakest, gates, path });
        }
    }
    found
}

/// A way through the call graph.
struct Way {
    root: InstId,
    /// Indices of call edges.
    steps: Vec<usize>,
    /// The target that it ends at.
    end: Origin,
}

/// What a search leaves out: calls that a test of the request's method rules out, and what stands under some conditions.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
struct Without {
    method: Option<String>,
    conditions: Vec<String>,
}

/// Searches the ways to one set of targets, and keeps what it computed.
struct Search<'s, 'p> {
    solver: &'s Solver<'p>,
    graph: &'s CallGraph,
    targets: Vec<Origin>,
    /// What is in flight on the way, of a search for `raise` statements: calls that catch it are left out.
    exceptions: &'s [ValueId],
    known: FxHashMap<Without, Ways>,
}

impl<'s, 'p> Search<'s, 'p> {
    fn new(solver: &'s Solver<'p>, graph: &'s CallGraph, targets: Vec<Origin>) -> Self {
        Search { solver, graph, targets, exceptions: &[], known: FxHashMap::default() }
    }

    /// The best way from one of some roots for a request with this method.
    fn best(&mut self, roots: &[InstId], method: &str) -> Option<Way> {
        let way = self.way(roots, Without::default())?;
        let runs = |i: &usize| self.solver.runs_for(self.solver.edges[*i].from, method);
        if way.steps.iter().all(runs) && self.solver.runs_for(way.end, method) {
            return Some(way);
        }
        // A test of the request's method rules it out: it is looked for again without such calls.
        self.way(roots, Without { method: Some(method.to_owned()), conditions: Vec::new() })
    }

    fn way(&mut self, roots: &[InstId], without: Without) -> Option<Way> {
        if !self.known.contains_key(&without) {
            let ways = self.ways(&without);
            self.known.insert(without.clone(), ways);
        }
        let ways = &self.known[&without];
        let reaching = roots.iter().filter_map(|&root| ways.cost(root).map(|cost| (cost, root)));
        let (_, root) = reaching.min()?;
        let steps = ways.edges(root, self.solver);
        let last = steps.last().map_or(root, |&i| self.solver.edges[i].to);
        let open = |t: &&Origin| t.inst == last && self.open(**t, &without);
        let end = *self.targets.iter().find(open)?;
        Some(Way { root, steps, end })
    }

    fn open(&self, target: Origin, without: &Without) -> bool {
        let runs = without.method.as_ref().is_none_or(|method| self.solver.runs_for(target, method));
        runs && (without.conditions.is_empty()
            || !self.solver.gates(target).iter().any(|g| without.conditions.contains(g)))
    }

    fn ways(&self, without: &Without) -> Ways {
        let targets: Vec<(InstId, u64)> = self
            .targets
            .iter()
            .filter(|t| self.open(**t, without))
            .map(|t| (t.inst, (self.solver.gates(*t).len() as u64) << 44))
            .collect();
        if *without == Without::default() && self.exceptions.is_empty() {
            return self.graph.ways(&targets);
        }
        self.graph.ways_over(&targets, |edge| {
            let from = self.solver.edges[edge].from;
            without.method.as_ref().is_none_or(|method| self.solver.runs_for(from, method))
                && !self.solver.catches(from, self.exceptions)
                && edge_avoids(self.graph, self.solver, edge, &without.conditions)
        })
    }

    fn conditions(&self, way: &Way) -> Vec<String> {
        let inside = way.steps.iter().filter(|&&i| !self.solver.is_root(self.solver.edges[i].from.inst));
        let mut gates: Vec<String> = inside.flat_map(|&i| self.graph.hop_gates(self.solver, i)).collect();
        gates.extend(self.solver.gates(way.end));
        gates.sort();
        gates.dedup();
        gates
    }

    /// The conditions that every way needs, out of those of the best one.
    fn needed(&mut self, roots: &[InstId], method: &str, best: &Way) -> Vec<String> {
        let path = self.conditions(best);
        necessary(&path, |avoided| {
            let without = Without { method: Some(method.to_owned()), conditions: avoided.to_vec() };
            self.way(roots, without).map(|way| self.conditions(&way))
        })
    }
}

/// For a route that gets to an error handler: the search for a `raise` of what the handler takes.
fn to_the_raise<'a, 's, 'p>(
    solver: &'s Solver<'p>,
    graph: &'s CallGraph,
    root: InstId,
    known: &'a mut FxHashMap<InstId, Search<'s, 'p>>,
) -> Option<&'a mut Search<'s, 'p>> {
    let hook = solver.registry.hooks.iter().find(|h| h.root == root)?;
    let raised = hook.raised.as_ref()?;
    Some(known.entry(root).or_insert_with(|| Search {
        exceptions: &raised.classes,
        ..Search::new(solver, graph, raised.at.clone())
    }))
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
fn definition(solver: &Solver<'_>, inst: InstId) -> Place {
    defined_at(solver, solver.insts[inst.0 as usize].func)
}

/// The definition of a function.
pub(crate) fn defined_at(solver: &Solver<'_>, func: FuncId) -> Place {
    Place {
        file: solver.program.file_of(func).path.clone(),
        line: solver.program.func(func).pos.line,
        symbol: solver.program.qualname(func).to_owned(),
    }
}

/// The hop of a put itself.
pub(crate) fn last_hop(solver: &Solver<'_>, at: Origin, site: SiteKey) -> Hop {
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

/// A call of the solution, by its index, as a hop.
pub(crate) fn hop(solver: &Solver<'_>, graph: &CallGraph, index: usize) -> Option<Hop> {
    let edge = &solver.edges[index];
    let target = definition(solver, edge.to);
    if solver.is_root(edge.from.inst) {
        return Some(Hop {
            kind: match edge.kind {
                _ if solver.is_assumed(edge.to) => HopKind::External,
                Some(kind @ (HopKind::Hook | HopKind::Decorator | HopKind::Yield)) => kind,
                _ => HopKind::Route,
            },
            target: target.symbol.clone(),
            place: target,
            targets: 1,
            gates: Vec::new(),
        });
    }
    Some(Hop {
        place: place(solver, edge.from),
        kind: kind_of(solver, edge),
        target: target.symbol,
        targets: graph.targets_of(edge),
        gates: graph.hop_gates(solver, index),
    })
}

/// How an edge is resolved.
pub(crate) fn kind_of(solver: &Solver<'_>, edge: &crate::solve::CallEdge) -> HopKind {
    match edge.kind {
        _ if solver.is_assumed(edge.to) => HopKind::External,
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
