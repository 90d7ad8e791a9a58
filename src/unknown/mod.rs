//! What routes reach and the scan does not understand, and what follows for the edges that were not found.
//!
//! A call is **open** if in some context of an instance that a route reaches its callee is unknown, or was never entered for
//! want of an argument, or if a library without a model may call something of the project back in a way that
//! solving does not follow. A call that a library attributes to itself (a function of a named library, a method of a
//! builtin type or of data) is not open.
//!
//! An open call **matters** for a queue if what it may enter can reach a put on the queue ([`matter`] says how that is
//! decided). What it may enter is
//! - anything, where the called value itself is unknown: a parameter, an element, a result, or an attribute under which
//!   something unknown was stored;
//! - a function that answers to the name and takes the arguments ([`names`]), where a method of an unknown object is called;
//! - the known functions, where the call was not entered for want of an argument or a library may call back.
//!
//! A pair of a route and a queue without an edge is **closed** if no call that matters for the queue is open on the way of
//! the route, else **open**. Names decide only what is left open: they never make an edge, unless
//! `--assume names` asks for guesses, which stand apart ([`guess`]).
//!
//! What is taken for granted: data and settings hold no code of the project; a container into which nothing was seen
//! to go is empty; operators, conversions and attribute reads on unknown objects run nothing that enqueues.

pub mod arcs;
pub mod calls;
pub mod guess;
mod imported;
pub mod matter;
pub mod names;
pub mod nearest;

use crate::finding::{Findings, OpenPair, Statistics, UnresolvedCall};
use crate::link::FuncId;
use crate::paths::{CallGraph, defined_at, place};
use crate::routes::RouteRoots;
use crate::solve::ask::Closure;
use crate::solve::registry::Put;
use crate::solve::{Origin, ROOT_FUNC, Solver};
use arcs::Arcs;
use calls::{Calls, Understood, callee_text};
use matter::{Instances, Meaning, Reaching};
use rustc_hash::FxHashSet;
use std::collections::{BTreeMap, BTreeSet};

/// What is not understood, before queues have their final numbers.
pub struct Unknown {
    /// The call graph that it was read off.
    pub arcs: Arcs,
    /// All reachable calls.
    pub calls: Calls,
    /// What the open ones may mean.
    pub meaning: Meaning,
    /// For each queue, by where it is created: what can reach it.
    pub queues: BTreeMap<(u32, u32), Reaching>,
    /// For each route the open calls on its way, ascending.
    pub on_the_way: Vec<Vec<u32>>,
    /// The counters of the solution that it was read off.
    statistics: Statistics,
}

/// What the survey asks of the solution, whatever the routes are.
pub struct Ground {
    arcs: Arcs,
    instances: Instances,
    /// Marks the instances from which a put can be reached.
    producing: Vec<bool>,
}

impl Ground {
    /// Prepares a survey.
    pub fn new(solver: &Solver<'_>, graph: &CallGraph) -> Ground {
        let arcs = Arcs::new(graph);
        let instances = Instances::new(solver, &arcs);
        let mut producing = vec![false; arcs.instance_count()];
        let outside = |put: &&Put| !solver.is_root(put.at.inst);
        arcs.mark_callers(solver.registry.puts.iter().filter(outside).map(|put| put.at.inst), &mut producing);
        Ground { arcs, instances, producing }
    }
}

/// Goes through the calls that routes reach. A function of the solution: it changes nothing.
pub fn survey(solver: &Solver<'_>, graph: &CallGraph, ground: Ground, roots: &[RouteRoots]) -> Unknown {
    let Ground { arcs, instances, producing } = ground;
    let mut reached = vec![false; arcs.instance_count()];
    arcs.mark_called(roots.iter().flat_map(|route| route.roots.iter().copied()), &mut reached);
    let puts = |closure: Closure| instances.of(closure).any(|inst| producing[inst.0 as usize]);
    let calls = calls::survey(solver, graph, &reached, &puts);
    let (on_the_way, meaning) =
        rayon::join(|| on_the_way(&arcs, &calls, roots), || Meaning::new(solver, instances, &calls));
    let mut puts: BTreeMap<(u32, u32), Vec<Origin>> = BTreeMap::new();
    for queue in &solver.registry.queues {
        let on_it = solver.registry.puts.iter().filter(|put| put.queue == queue.value);
        let put = on_it.map(|put| put.at).filter(|at| !solver.is_root(at.inst));
        puts.entry((queue.at.inst.0, queue.at.index)).or_default().extend(put);
    }
    let reaching = |(created, puts): ((u32, u32), Vec<Origin>)| {
        let mine = |value| {
            let queues = &solver.registry.queues;
            queues.iter().any(|q| q.value == value && (q.at.inst.0, q.at.index) == created)
        };
        let handed = |call: &calls::OpenCall| call.target.queues.iter().any(|&value| mine(value));
        (created, meaning.reaching(&arcs, &calls, &puts, handed))
    };
    let queues = puts.into_iter().map(reaching).collect();
    let statistics = count(solver, &calls);
    Unknown { arcs, calls, meaning, queues, on_the_way, statistics }
}

/// For each route the open calls that it reaches, in the contexts that leave them open.
fn on_the_way(arcs: &Arcs, calls: &Calls, roots: &[RouteRoots]) -> Vec<Vec<u32>> {
    let words = calls.open.len().div_ceil(64);
    let mut rows = vec![0u64; arcs.instance_count() * words];
    for (number, call) in calls.open.iter().enumerate() {
        for inst in &call.insts {
            rows[inst.0 as usize * words + number / 64] |= 1 << (number % 64);
        }
    }
    arcs.gather(&mut rows, words);
    let of_route = |route: &RouteRoots| {
        let mut row = vec![0u64; words];
        for root in &route.roots {
            for (word, more) in row.iter_mut().zip(&rows[root.0 as usize * words..]) {
                *word |= more;
            }
        }
        (0..calls.open.len() as u32).filter(|&n| row[n as usize / 64] >> (n % 64) & 1 == 1).collect()
    };
    roots.iter().map(of_route).collect()
}

/// Enters calls, open pairs and counters into the findings; `created` says where each queue of them is created.
pub fn complete(solver: &Solver<'_>, unknown: &Unknown, created: &[Origin], findings: &mut Findings) {
    let calls = &unknown.calls;
    let mut routes = vec![0usize; calls.open.len()];
    for &call in unknown.on_the_way.iter().flatten() {
        routes[call as usize] += 1;
    }
    let reaching: Vec<Option<&Reaching>> =
        created.iter().map(|at| unknown.queues.get(&(at.inst.0, at.index))).collect();
    let mut listed: Vec<(UnresolvedCall, usize)> = Vec::with_capacity(calls.open.len());
    for (number, call) in calls.open.iter().enumerate() {
        let matters = |queue: &usize| reaching[*queue].is_some_and(|reaching| reaching.calls[number]);
        let queues: Vec<usize> = (0..reaching.len()).filter(matters).collect();
        let entered: BTreeSet<FuncId> = queues
            .iter()
            .filter_map(|&queue| reaching[queue])
            .flat_map(|reaching| unknown.meaning.entered(number, calls, reaching))
            .map(|closure| closure.func)
            .collect();
        let record = UnresolvedCall {
            place: place(solver, call.at),
            ordinal: 0,
            reason: call.reason,
            callee: callee_text(solver, call.at),
            routes: routes[number],
            queues,
            anything: call.target.anything,
            may_enter: entered.into_iter().map(|func| defined_at(solver, func)).collect(),
        };
        listed.push((record, number));
    }
    // Of calls that read the same in one function the order in the text tells them apart.
    let mut seen: BTreeMap<(String, String, String), u32> = BTreeMap::new();
    for (call, _) in &mut listed {
        let key = (call.place.file.clone(), call.place.symbol.clone(), call.callee.clone());
        let count = seen.entry(key).or_default();
        call.ordinal = *count;
        *count += 1;
    }
    listed.sort_by(|(a, _), (b, _)| b.routes.cmp(&a.routes).then_with(|| a.cmp(b)));
    let mut position = vec![0usize; listed.len()];
    for (at, (_, number)) in listed.iter().enumerate() {
        position[*number] = at;
    }
    let edges: BTreeSet<(usize, usize)> =
        findings.edges.iter().map(|edge| (edge.route, edge.queue)).collect();
    for (route, on_the_way) in unknown.on_the_way.iter().enumerate() {
        for (queue, reaching) in reaching.iter().enumerate() {
            let Some(reaching) = reaching else { continue };
            let mut open: Vec<usize> = on_the_way
                .iter()
                .filter(|&&call| reaching.calls[call as usize])
                .map(|&call| position[call as usize])
                .collect();
            if !open.is_empty() && !edges.contains(&(route, queue)) {
                open.sort_unstable();
                findings.open.push(OpenPair { route, queue, calls: open });
            }
        }
    }
    findings.unresolved = listed.into_iter().map(|(call, _)| call).collect();
    findings.statistics = unknown.statistics.clone();
}

fn count(solver: &Solver<'_>, calls: &Calls) -> Statistics {
    let functions = solver.insts.iter().map(|inst| inst.func).filter(|&func| func != ROOT_FUNC);
    let resolved = calls.understood.iter().sum();
    Statistics {
        instances: solver.insts.len(),
        functions: functions.collect::<FxHashSet<_>>().len(),
        variables: solver.graph.node_count(),
        reachable_calls: resolved + calls.open.len(),
        resolved_calls: resolved,
        understood: Understood::ALL.map(|(kind, word)| (word, calls.understood[kind as usize])).to_vec(),
        caps_hit: Vec::new(),
    }
}
