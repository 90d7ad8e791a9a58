//! The best way of a route to a set of targets: the fewest different conditions, then the fewest assumptions, then the fewest
//! uncertain hops, then the fewest that an `except` makes, then the shortest.
//!
//! A way to an error handler begins with the way to a `raise` of what the handler takes. Both are one way, in two phases: as
//! long as the exception is still to be raised, a call that catches it is no step.

use super::certain::Certain;
use super::conditions::{necessary, of_put};
use super::lightest::{Conditions, Crossing};
use super::region::{Act, Region, Step, Stop};
use super::{CallGraph, EXCEPTIONAL};
use crate::routes::RouteRoots;
use crate::solve::registry::Raised;
use crate::solve::value::{InstId, ValueId};
use crate::solve::{Origin, Solver};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// What leads to some targets, whatever the method of the request.
struct Leading {
    targets: FxHashMap<InstId, SmallVec<[Origin; 1]>>,
    /// By instance.
    leads: Vec<bool>,
}

/// The phase in which a way is on to its targets; the others are those of the error handlers, by number.
const PUT: u32 = u32::MAX;

/// Searches the ways to the puts of one producer site after the other, and keeps what does not depend on the site.
pub(super) struct Search<'s, 'p> {
    solver: &'s Solver<'p>,
    graph: &'s CallGraph,
    /// By number of the error handler, what leads to a `raise` of what it takes.
    raises: FxHashMap<u32, Leading>,
}

/// The search for ways to some puts.
pub(super) struct ToPuts<'a, 's, 'p> {
    search: &'a mut Search<'s, 'p>,
    leading: Leading,
    /// By put, the queue; every target that is led to is one of these.
    queues: FxHashMap<Origin, ValueId>,
}

/// A way, and what every way needs.
pub(super) struct Found {
    /// Steps, the last of which is the put.
    pub(super) acts: Vec<Act>,
    /// The call of the framework that it begins with.
    pub(super) root: InstId,
    /// The conditions of the put.
    pub(super) end: Vec<String>,
    /// Conditions that every way needs, beside those under which there is the route; where ways differ, one of several.
    pub(super) needed: Vec<String>,
}

impl Leading {
    fn to(graph: &CallGraph, mut targets: Vec<Origin>, passes: impl Fn(usize) -> bool) -> Leading {
        targets.sort_unstable_by_key(|at| (at.inst, at.index));
        targets.dedup();
        let leads = graph.reaching(targets.iter().map(|at| at.inst), passes);
        let mut by_inst: FxHashMap<InstId, SmallVec<[Origin; 1]>> = FxHashMap::default();
        for at in targets {
            by_inst.entry(at.inst).or_default().push(at);
        }
        Leading { targets: by_inst, leads }
    }

    fn from(&self, inst: InstId) -> bool {
        self.leads[inst.0 as usize]
    }

    fn at(&self, inst: InstId) -> &[Origin] {
        self.targets.get(&inst).map_or(&[], SmallVec::as_slice)
    }
}

impl<'s, 'p> Search<'s, 'p> {
    pub(super) fn new(solver: &'s Solver<'p>, graph: &'s CallGraph) -> Self {
        Search { solver, graph, raises: FxHashMap::default() }
    }

    /// The search for ways to some puts, each with its queue.
    pub(super) fn to(&mut self, puts: &[(Origin, ValueId)]) -> ToPuts<'_, 's, 'p> {
        let leading = Leading::to(self.graph, puts.iter().map(|(at, _)| *at).collect(), |_| true);
        ToPuts { search: self, leading, queues: puts.iter().copied().collect() }
    }

    /// The number of the error handler that a root is the call of, and what it takes; only those of exceptions of the project.
    fn handler(&self, root: InstId) -> Option<(u32, &'s Raised)> {
        let hooks = (0..).zip(&self.solver.registry.hooks);
        hooks.filter(|(_, hook)| hook.root == root).find_map(|(n, hook)| Some((n, hook.raised.as_ref()?)))
    }
}

impl<'s> ToPuts<'_, 's, '_> {
    /// The best way of a route for requests with this method, and what every way needs.
    pub(super) fn best(&mut self, route: &RouteRoots, method: &str) -> Option<Found> {
        let starts = self.starts(&route.roots);
        if starts.is_empty() {
            return None;
        }
        let region = Region::grow(starts, |stop, steps| self.steps(stop, method, steps));
        let (solver, graph) = (self.search.solver, self.search.graph);
        let sets = region.sets();
        let given = sets.numbers_of(&route.exists);
        let crossing = Crossing { region: &region, given: &given, limit: solver.limits.condition_sets };
        let lightest = |avoided: &[u32]| {
            let found = crossing.lightest(avoided)?;
            if found.is_capped {
                solver.cap("condition-sets");
            }
            Some(found.sets)
        };
        let all = lightest(&[])?;
        let (conditions, arcs) = Certain { solver, graph, region: &region }.best(&all)?;
        // Of equally small sets, the one of the way that costs least.
        let cheapest = |smallest: Vec<Conditions>| {
            let cost = |set: &Conditions| Some(region.ways(set).best(&region)?.0);
            let costs = smallest.into_iter().filter_map(|set| Some((cost(&set)?, set)));
            costs.min().map(|(_, set)| set)
        };
        let counted = |set: &[u32]| -> Vec<String> {
            let counted: Conditions = set.iter().copied().filter(|one| !given.contains(one)).collect();
            sets.worded(&counted)
        };
        let needed = necessary(&counted(conditions), |avoided| {
            let smallest = lightest(&sets.numbers_of(avoided))?;
            cheapest(smallest).map(|set| counted(&set))
        });
        let root = region.inst(region.arc(*arcs.first()?).from);
        let end = sets.worded(sets.numbers(region.arc(*arcs.last()?).set));
        Some(Found { acts: arcs.iter().map(|&arc| region.arc(arc).act).collect(), root, end, needed })
    }

    /// Where ways of a route begin: at the framework's calls that lead to a put, and at those that lead to the `raise` of what a
    /// handler takes which leads there.
    fn starts(&mut self, roots: &[InstId]) -> Vec<Stop> {
        let mut starts = Vec::new();
        for &root in roots.iter().filter(|&&root| self.leading.from(root)) {
            let Some((number, raised)) = self.search.handler(root) else {
                starts.push(Stop { phase: PUT, inst: root });
                continue;
            };
            let Search { solver, graph, ref mut raises } = *self.search;
            let raise = raises.entry(number).or_insert_with(|| {
                let passes = |edge: usize| !solver.catches(solver.edges[edge].from, &raised.classes);
                Leading::to(graph, raised.at.clone(), passes)
            });
            // What a handler raises is not handled again.
            let handles =
                |root: InstId| solver.registry.hooks.iter().any(|h| h.exception.is_some() && h.root == root);
            let others = roots.iter().filter(|&&other| raise.from(other) && !handles(other));
            starts.extend(others.map(|&inst| Stop { phase: number, inst }));
        }
        starts
    }

    /// The steps of requests with a method at a place.
    fn steps(&self, stop: Stop, method: &str, steps: &mut Vec<Step<'s>>) {
        let Search { solver, graph, ref raises } = *self.search;
        let handler = (stop.phase != PUT).then(|| &solver.registry.hooks[stop.phase as usize]);
        let leading = if handler.is_some() { &raises[&stop.phase] } else { &self.leading };
        let in_flight =
            handler.and_then(|hook| hook.raised.as_ref()).map_or(&[][..], |raised| raised.classes.as_slice());
        let edges: SmallVec<[u32; 16]> = graph.edges_of(stop.inst).collect();
        let from = |edge: u32| solver.edges[edge as usize].from;
        for call in edges.chunk_by(|&a, &b| from(a) == from(b)) {
            let at = from(call[0]);
            let leads = |edge: &&u32| {
                let call = &solver.edges[**edge as usize];
                leading.from(call.to) && solver.enters_for(call, method)
            };
            let mut leads = call.iter().filter(leads).peekable();
            if leads.peek().is_none() || !solver.runs_for(at, method) || solver.catches(at, in_flight) {
                continue;
            }
            steps.extend(leads.map(|&edge| Step {
                act: Act::Call(edge),
                to: Some(Stop { phase: stop.phase, inst: solver.edges[edge as usize].to }),
                gates: graph.hop_gates(solver, edge as usize).into(),
                cost: CallGraph::weight(solver, edge, call),
            }));
        }
        for &at in leading.at(stop.inst).iter().filter(|&&at| solver.runs_for(at, method)) {
            let in_except = if solver.is_handling(at) { EXCEPTIONAL } else { 0 };
            steps.push(match handler {
                Some(hook) => Step {
                    act: Act::Raise(at),
                    to: Some(Stop { phase: PUT, inst: hook.root }),
                    gates: solver.gates(at).into(),
                    cost: in_except + EXCEPTIONAL,
                },
                None => {
                    let gates = of_put(solver, at, self.queues[&at]).into();
                    Step { act: Act::Put(at), to: None, gates, cost: in_except }
                }
            });
        }
    }
}
