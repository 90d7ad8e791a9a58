//! Guesses: edges that would be there if a call by name entered every function that answers to the name.
//!
//! They are made on request, for pairs of a route and a queue that have no edge, and stand apart from the edges. Each is
//! a shortest way, in hops; at least one of its hops is of kind `name`. Functions that the scan has not run are not
//! gone through.

use super::Unknown;
use super::matter::Reaching;
use crate::finding::{Certainty, Hop, HopKind, Route};
use crate::paths::{CallGraph, RawEdge, SiteKey, Variants, last_hop, place, take};
use crate::routes::RouteRoots;
use crate::solve::value::InstId;
use crate::solve::{Origin, Solver};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::{BTreeMap, VecDeque};

/// One step towards a put.
#[derive(Clone, Copy)]
enum Step {
    /// A call of the solution, by its index.
    Call(u32),
    /// An open call (by its number) that has the name of the function it leads to.
    Name(usize),
}

/// The guesses for all pairs that have no edge among `edges`.
pub fn guesses(
    solver: &Solver<'_>,
    graph: &CallGraph,
    unknown: &Unknown,
    (routes, roots): (&[Route], &[RouteRoots]),
    edges: &[RawEdge],
) -> Vec<RawEdge> {
    let mut sites: BTreeMap<((u32, u32), SiteKey), Vec<Origin>> = BTreeMap::new();
    for put in solver.registry.puts.iter().filter(|put| !solver.is_root(put.at.inst)) {
        let Some(queue) = solver.registry.queues.iter().find(|queue| queue.value == put.queue) else {
            continue;
        };
        let created = (queue.at.inst.0, queue.at.index);
        if (put.at.inst.0 as usize) < unknown.arcs.instance_count() {
            sites.entry((created, SiteKey::of(solver, put))).or_default().push(put.at);
        }
    }
    let known: FxHashSet<(usize, Origin)> = edges.iter().map(|edge| (edge.route, edge.queue)).collect();
    let mut found = Vec::new();
    for ((created, site), puts) in sites {
        let queue = Origin { inst: InstId(created.0), index: created.1 };
        let Some(reaching) = unknown.queues.get(&created) else { continue };
        let steps = steps(unknown, reaching, &puts);
        for route in roots.iter().filter(|route| !known.contains(&(route.route, queue))) {
            let reaching = route.roots.iter().filter_map(|root| Some((steps.get(root)?.0, *root)));
            let Some((_, root)) = reaching.min() else { continue };
            let path = path(solver, graph, unknown, &steps, root, &puts, site);
            let mut gates: Vec<String> = path.iter().flat_map(|hop| hop.gates.iter().cloned()).collect();
            gates.extend(routes[route.route].gates.iter().cloned());
            gates.sort();
            gates.dedup();
            found.push(RawEdge {
                route: route.route,
                queue,
                site,
                certainty: Certainty::Assumed,
                gates,
                path,
            });
        }
    }
    found
}

/// For each instance that may reach a put: the distance, and the step that leads one nearer with where it leads.
type Steps = FxHashMap<InstId, (u32, Option<(Step, InstId)>)>;

fn steps(unknown: &Unknown, reaching: &Reaching, puts: &[Origin]) -> Steps {
    // The calls by name that may enter an instance.
    let mut by_name: FxHashMap<InstId, Vec<usize>> = FxHashMap::default();
    for (number, call) in unknown.calls.open.iter().enumerate() {
        if call.target.named && reaching.calls[number] {
            for closure in unknown.meaning.entered(number, &unknown.calls, reaching) {
                for inst in unknown.meaning.instances(closure) {
                    by_name.entry(inst).or_default().push(number);
                }
            }
        }
    }
    let mut steps: Steps = FxHashMap::default();
    let mut queue: VecDeque<InstId> = VecDeque::new();
    for put in puts {
        if steps.insert(put.inst, (0, None)).is_none() {
            queue.push_back(put.inst);
        }
    }
    while let Some(inst) = queue.pop_front() {
        let distance = steps[&inst].0 + 1;
        let mut visit = |caller: InstId, step: Step| {
            steps.entry(caller).or_insert_with(|| {
                queue.push_back(caller);
                (distance, Some((step, inst)))
            });
        };
        for &(caller, call) in unknown.arcs.callers_of(inst) {
            visit(InstId(caller), Step::Call(call));
        }
        for &number in by_name.get(&inst).map_or(&[][..], Vec::as_slice) {
            for &caller in &unknown.calls.open[number].insts {
                visit(caller, Step::Name(number));
            }
        }
    }
    steps
}

fn path(
    solver: &Solver<'_>,
    graph: &CallGraph,
    unknown: &Unknown,
    steps: &Steps,
    root: InstId,
    puts: &[Origin],
    site: SiteKey,
) -> Vec<Hop> {
    let mut path = Vec::new();
    let mut at = root;
    let mut variants = Variants::of(root);
    while let Some((step, next)) = steps[&at].1 {
        match step {
            Step::Call(call) => path.push(take(solver, graph, &mut variants, call as usize)),
            Step::Name(number) => {
                let from = Origin { inst: at, index: unknown.calls.open[number].at.index };
                path.push(Hop {
                    place: place(solver, from),
                    kind: HopKind::Name,
                    target: solver.program.qualname(solver.insts[next.0 as usize].func).to_owned(),
                    targets: unknown.meaning.named(number).len() as u32,
                    gates: solver.gates(from),
                });
                variants = Variants::of(next);
            }
        }
        at = next;
    }
    if let Some(&put) = puts.iter().find(|put| put.inst == at) {
        path.push(last_hop(solver, graph, &variants, put, site));
    }
    path
}
