//! The nearest miss: how near the code that a route reaches comes to a producer that it does not reach.
//!
//! The functions from which a queue is reached are ordered by their distance, in calls, from the put. The miss is the
//! nearest of them that an open call on the way of the route may enter; or else a function that the route enters and that
//! uses the queue without putting on it; or else the nearest that the route enters in another context, or whose name and
//! arguments some call on its way has that enters another function of the project; or else the nearest of a class or a
//! module of which the route enters something, views left aside in both; or else the function that puts. A wrapper
//! that is nearest only by what it wraps says nothing: another route's view stands in its place.

use super::Unknown;
use super::arcs::{Distances, FAR};
use super::calls::callee_text;
use super::names::{Callee, Signature, callee, takes};
use crate::finding::{Hop, HopKind, NearMiss, Nearness};
use crate::ir::{Op, ScopeKind};
use crate::link::{FuncId, Name, Program};
use crate::paths::{CallGraph, SiteKey, defined_at, follow, kind_of, last_hop, place};
use crate::routes::RouteRoots;
use crate::solve::ask::{Closure, Held};
use crate::solve::registry::Put;
use crate::solve::value::InstId;
use crate::solve::{Origin, Solver};
use rustc_hash::{FxHashMap, FxHashSet};

/// A function from which a queue is reached.
struct Leading {
    distance: u32,
    func: FuncId,
    inst: InstId,
    /// Whether the framework enters it: nothing else calls a view.
    is_view: bool,
    /// Whether it leads on by calling what it wraps.
    is_wrapper: bool,
}

/// What a route and a queue are looked at with.
struct View<'s, 'p> {
    solver: &'s Solver<'p>,
    graph: &'s CallGraph,
    /// From the route, for requests of its method where they get there.
    from: Distances,
    /// The same, whatever the method: an open call is on the way of a route in any case.
    anyhow: Distances,
    /// To the puts.
    to: Distances,
    puts: Vec<Put>,
    /// The nearest instance that the route reaches, by function.
    entered: FxHashMap<FuncId, InstId>,
}

/// The nearest miss of a route with a method and the queue that is created at `created`. None if nothing puts on it.
pub fn nearest(
    solver: &Solver<'_>,
    graph: &CallGraph,
    unknown: &Unknown,
    route: &RouteRoots,
    method: &str,
    created: Origin,
) -> Option<NearMiss> {
    let queues: Vec<_> = solver.registry.queues.iter().filter(|queue| queue.at == created).collect();
    let known =
        |put: &&Put| (put.at.inst.0 as usize) < unknown.arcs.instance_count() && !solver.is_root(put.at.inst);
    let on_it = |put: &&Put| queues.iter().any(|queue| queue.value == put.queue);
    let mut puts: Vec<Put> = solver.registry.puts.iter().filter(known).filter(on_it).copied().collect();
    puts.sort_by_key(|put| (put.at.inst, put.at.index));
    let to = unknown.arcs.distances_to(puts.iter().map(|put| put.at.inst));
    let roots = || route.roots.iter().copied();
    let serves = |call: usize| {
        let edge = &solver.edges[call];
        solver.runs_for(edge.from, method) && solver.enters_for(edge, method)
    };
    let from = unknown.arcs.distances_from(roots(), serves);
    let anyhow = unknown.arcs.distances_from(roots(), |_| true);
    let inside = |&inst: &InstId| !solver.is_root(inst);
    let all = (0..unknown.arcs.instance_count() as u32).map(InstId);

    let mut entered: FxHashMap<FuncId, InstId> = FxHashMap::default();
    for inst in all.clone().filter(|inst| from.of[inst.0 as usize] != FAR).filter(inside) {
        let nearest = entered.entry(solver.insts[inst.0 as usize].func).or_insert(inst);
        if from.of[inst.0 as usize] < from.of[nearest.0 as usize] {
            *nearest = inst;
        }
    }
    let mut leading: Vec<Leading> = all
        .filter(|inst| to.of[inst.0 as usize] != FAR)
        .filter(inside)
        .map(|inst| Leading {
            distance: to.of[inst.0 as usize],
            func: solver.insts[inst.0 as usize].func,
            inst,
            is_view: false,
            is_wrapper: false,
        })
        .collect();
    leading.sort_by_key(|one| (one.distance, one.func, one.inst));
    let mut seen = FxHashSet::default();
    leading.retain(|one| seen.insert(one.func));
    let wrapped = |call: usize| kind_of(solver, &solver.edges[call]) == HopKind::Decorator;
    for one in &mut leading {
        one.is_view = is_view(solver, unknown, one.inst, &wrapped);
        one.is_wrapper = to.first(one.inst).is_some_and(wrapped);
    }

    let uses = solver.registry.touches.iter().filter(|touch| queues.iter().any(|q| q.value == touch.queue));
    let uses: Vec<Origin> = uses.map(|touch| touch.at).filter(|at| !solver.is_root(at.inst)).collect();
    let view = View { solver, graph, from, anyhow, to, puts, entered };
    let open = view.open(unknown, route.route, created, &leading);
    let leading: Vec<Leading> = leading.into_iter().filter(|one| !one.is_wrapper).collect();
    open.or_else(|| view.used(&uses))
        .or_else(|| view.entered_or_named(unknown, &leading))
        .or_else(|| view.touched(&leading))
}

/// Whether the framework enters an instance, itself or through the wrappers of decorators.
fn is_view(solver: &Solver<'_>, unknown: &Unknown, inst: InstId, wrapped: &dyn Fn(usize) -> bool) -> bool {
    let mut open = vec![inst];
    let mut seen = FxHashSet::default();
    while let Some(inst) = open.pop() {
        for &(caller, call) in unknown.arcs.callers_of(inst) {
            let caller = InstId(caller);
            if solver.is_root(caller) {
                return true;
            }
            if wrapped(call as usize) && seen.insert(caller) {
                open.push(caller);
            }
        }
    }
    false
}

impl View<'_, '_> {
    /// An open call that matters, and the nearest function that it may enter.
    fn open(
        &self,
        unknown: &Unknown,
        route: usize,
        created: Origin,
        leading: &[Leading],
    ) -> Option<NearMiss> {
        let reaching = unknown.queues.get(&(created.inst.0, created.index))?;
        let mattering = unknown.on_the_way[route].iter().map(|&call| call as usize);
        let mut best: Option<(u32, usize, Option<&Leading>, Option<FuncId>)> = None;
        for call in mattering.filter(|&call| reaching.calls[call]) {
            let entered = unknown.meaning.entered(call, &unknown.calls, reaching);
            let entered: Vec<FuncId> = entered.into_iter().map(|closure| closure.func).collect();
            let nearest = leading.iter().find(|one| entered.contains(&one.func));
            // What the scan has not run comes after what it has, and what may be anything comes last.
            let rank = match (nearest, entered.is_empty()) {
                (Some(one), _) => one.distance,
                (None, false) => FAR - 1,
                (None, true) => FAR,
            };
            if best.is_none_or(|(least, ..)| rank < least) {
                best = Some((rank, call, nearest, entered.first().copied()));
            }
        }
        let (_, call, nearest, function) = best?;
        let insts = unknown.calls.open[call].insts.iter();
        let nearer = |inst: &InstId| (self.from.of[inst.0 as usize], self.anyhow.of[inst.0 as usize]);
        let inst = insts.copied().min_by_key(nearer)?;
        let at = Origin { inst, index: unknown.calls.open[call].at.index };
        Some(NearMiss {
            nearness: Nearness::Open,
            way: self.way(inst),
            call: Some((place(self.solver, at), callee_text(self.solver, at))),
            function: nearest.map(|one| one.func).or(function).map(|func| defined_at(self.solver, func)),
            runs: nearest.map(|one| one.func).or(function).is_some_and(|func| {
                let anywhere = Closure { func, env: None };
                unknown.meaning.instances(anywhere).next().is_some()
            }),
            rest: nearest.map(|one| self.rest(one)).unwrap_or_default(),
        })
    }

    /// A function that uses the queue in another way, the nearest to the route.
    fn used(&self, uses: &[Origin]) -> Option<NearMiss> {
        let reached =
            uses.iter().filter(|at| self.from.of.get(at.inst.0 as usize).is_some_and(|&d| d != FAR));
        let at = *reached.min_by_key(|at| (self.from.of[at.inst.0 as usize], at.inst, at.index))?;
        Some(NearMiss {
            nearness: Nearness::Used,
            way: self.way(at.inst),
            call: Some((place(self.solver, at), callee_text(self.solver, at))),
            function: Some(defined_at(self.solver, self.solver.insts[at.inst.0 as usize].func)),
            runs: true,
            rest: Vec::new(),
        })
    }

    /// A function that is entered in another context, or one of which a call has the name, whichever is nearer.
    fn entered_or_named(&self, unknown: &Unknown, leading: &[Leading]) -> Option<NearMiss> {
        let entered = leading.iter().find(|one| self.entered.contains_key(&one.func));
        let calls = self.calls_by_name(unknown, leading);
        let program: &Program = self.solver.program;
        let mut others = leading.iter().filter(|one| !one.is_view && !self.entered.contains_key(&one.func));
        let named = others.find_map(|one| {
            let calls = calls.get(&name_of(program, one.func))?;
            let (at, _) =
                calls.iter().find(|(_, signature)| takes(program, one.func, signature, Held::Method))?;
            Some((one, *at))
        });
        match (entered, named) {
            (Some(one), named) if named.is_none_or(|(other, _)| one.distance <= other.distance) => {
                Some(NearMiss {
                    nearness: Nearness::Entered,
                    way: self.way(self.entered[&one.func]),
                    call: None,
                    function: Some(defined_at(self.solver, one.func)),
                    runs: true,
                    rest: self.rest(one),
                })
            }
            (_, Some((one, at))) => Some(NearMiss {
                nearness: Nearness::Named,
                way: self.way(at.inst),
                call: Some((place(self.solver, at), callee_text(self.solver, at))),
                function: Some(defined_at(self.solver, one.func)),
                runs: true,
                rest: self.rest(one),
            }),
            _ => None,
        }
    }

    /// The calls of entered functions that have the name of a leading function and enter something of the project, or are
    /// open, by name and then in source order.
    fn calls_by_name(
        &self,
        unknown: &Unknown,
        leading: &[Leading],
    ) -> FxHashMap<Name, Vec<(Origin, Signature)>> {
        let program: &Program = self.solver.program;
        let names: FxHashSet<Name> = leading.iter().map(|one| name_of(program, one.func)).collect();
        let mut functions: Vec<(FuncId, InstId)> =
            self.entered.iter().map(|(&func, &inst)| (func, inst)).collect();
        functions.sort_unstable();
        let mut found: FxHashMap<Name, Vec<(Origin, Signature)>> = FxHashMap::default();
        for (func, inst) in functions {
            let mut entering: Option<FxHashSet<u32>> = None;
            for (index, instr) in (0..).zip(&program.func(func).instrs) {
                if !matches!(instr.op, Op::Call { .. }) {
                    continue;
                }
                let Callee::Named(signature) = callee(program, func, index) else { continue };
                if !names.contains(&signature.name) {
                    continue;
                }
                let at = Origin { inst, index };
                let entering = entering.get_or_insert_with(|| {
                    self.graph.edges_from(self.solver, inst).map(|(from, ..)| from.index).collect()
                });
                let open =
                    || unknown.calls.open.iter().any(|c| c.at.index == index && c.insts.contains(&inst));
                if entering.contains(&index) || open() {
                    found.entry(signature.name).or_default().push((at, signature));
                }
            }
        }
        found
    }

    /// The nearest function of a class or module of which something is entered; or else the one that puts.
    fn touched(&self, leading: &[Leading]) -> Option<NearMiss> {
        let program: &Program = self.solver.program;
        let class = |func: FuncId| {
            program.parent(func).filter(|&body| matches!(program.func(body).kind, ScopeKind::ClassBody(_)))
        };
        let nearer = |a: InstId, b: InstId| {
            let rank = |inst: InstId| (self.from.of[inst.0 as usize], inst);
            if rank(a) <= rank(b) { a } else { b }
        };
        let mut classes: FxHashMap<FuncId, InstId> = FxHashMap::default();
        let mut modules = FxHashMap::default();
        for (&func, &inst) in &self.entered {
            if let Some(body) = class(func) {
                classes.entry(body).and_modify(|known| *known = nearer(*known, inst)).or_insert(inst);
            }
            let module = program.module_of(func);
            modules.entry(module).and_modify(|known| *known = nearer(*known, inst)).or_insert(inst);
        }
        let callable = || leading.iter().filter(|one| !one.is_view);
        let in_class = callable().find_map(|one| Some((one, *classes.get(&class(one.func)?)?)));
        let in_module = callable().find_map(|one| Some((one, *modules.get(&program.module_of(one.func))?)));
        let (nearness, one, inst) = match (in_class, in_module) {
            (Some((one, inst)), other) if other.is_none_or(|(o, _)| one.distance <= o.distance) => {
                (Nearness::Class, one, Some(inst))
            }
            (_, Some((one, inst))) => (Nearness::Module, one, Some(inst)),
            _ => (Nearness::Nothing, leading.first()?, None),
        };
        Some(NearMiss {
            nearness,
            way: inst.map(|inst| self.way(inst)).unwrap_or_default(),
            call: None,
            function: Some(defined_at(self.solver, one.func)),
            runs: true,
            rest: self.rest(one),
        })
    }

    /// The hops of a shortest way from the route to an instance.
    fn way(&self, inst: InstId) -> Vec<Hop> {
        let from = if self.from.of[inst.0 as usize] == FAR { &self.anyhow } else { &self.from };
        let mut calls = from.way(inst);
        calls.reverse();
        follow(self.solver, self.graph, from.end(inst), &calls).0
    }

    /// The hops of a shortest way from a function to the put.
    fn rest(&self, one: &Leading) -> Vec<Hop> {
        let calls = self.to.way(one.inst);
        let (mut hops, variants) = follow(self.solver, self.graph, one.inst, &calls);
        let end = self.to.end(one.inst);
        if let Some(put) = self.puts.iter().find(|put| put.at.inst == end) {
            let site = SiteKey::of(self.solver, put);
            hops.push(last_hop(self.solver, self.graph, &variants, put.at, site));
        }
        hops
    }
}

fn name_of(program: &Program, func: FuncId) -> Name {
    program.file_of(func).names[program.func(func).name.0 as usize]
}
