//! Witness paths as hops a reviewer can follow.

use super::conditions::necessary;
use super::kinds::kind_of;
use super::sets::SetId;
use super::targets::{Counting, Variants};
use super::{CallGraph, EXCEPTIONAL, MAY, SiteKey, Ways, certainty};
use crate::finding::{Certainty, Hop, HopKind, Place, Route};
use crate::link::FuncId;
use crate::routes::RouteRoots;
use crate::solve::value::{InstId, ValueId};
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
            let Some((way, mut gates)) = to_put.best(&route.roots, method) else { continue };
            gates.extend(route.exists.iter().cloned());
            let (mut path, variants) = follow(solver, graph, way.root, &way.steps);
            path.push(last_hop(solver, graph, &variants, way.end, site));
            if let Some(raise) = to_the_raise(solver, graph, way.root, &mut raises) {
                let handlers = || solver.registry.hooks.iter().filter(|hook| hook.exception.is_some());
                let may_raise = |root: &&InstId| !handlers().any(|hook| hook.root == **root);
                let starts: Vec<InstId> = route.roots.iter().filter(may_raise).copied().collect();
                if let Some((way, needed)) = raise.best(&starts, method) {
                    gates.extend(needed);
                    // The handler is entered from the `raise`.
                    path[0].place = place(solver, way.end);
                    path[0].gates = solver.gates(way.end);
                    path.splice(0..0, follow(solver, graph, way.root, &way.steps).0);
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

/// What a search leaves out: calls that a test of the request's method rules out, and what stands under some conditions. What
/// is given does not count as a condition.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
struct Without {
    method: Option<String>,
    conditions: Vec<String>,
    given: Vec<String>,
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
    fn new(solver: &'s Solver<'p>, graph: &'s CallGraph, mut targets: Vec<Origin>) -> Self {
        targets.sort_by_key(|at| (solver.insts[at.inst.0 as usize].func, at.index, at.inst));
        Search { solver, graph, targets, exceptions: &[], known: FxHashMap::default() }
    }

    /// The best way from one of some roots for a request with this method, and the conditions that every way needs.
    fn best(&mut self, roots: &[InstId], method: &str) -> Option<(Way, Vec<String>)> {
        let way = self.first(roots, method)?;
        let needed = self.needed(roots, method, &way);
        let way = self.lightest(roots, method, way, &needed);
        Some((self.most_certain(roots, method, way), needed))
    }

    /// The best way of a search that sees each call alone.
    fn first(&mut self, roots: &[InstId], method: &str) -> Option<Way> {
        let way = self.way(roots, Without::default())?;
        let runs = |i: &usize| self.solver.runs_for(self.solver.edges[*i].from, method);
        if way.steps.iter().all(runs) && self.solver.runs_for(way.end, method) {
            return Some(way);
        }
        // A test of the request's method rules it out: it is looked for again without such calls.
        self.way(roots, Without { method: Some(method.to_owned()), ..Without::default() })
    }

    /// The same way, or one with fewer different conditions. A search counts the conditions from where it is to the target: of
    /// two ways on, the one with more may be the better one, since the way there has met them already. What every way meets
    /// is therefore given.
    fn lightest(&mut self, roots: &[InstId], method: &str, way: Way, needed: &[String]) -> Way {
        let conditions = self.conditions(&way);
        let given: Vec<String> = conditions.iter().filter(|&met| needed.contains(met)).cloned().collect();
        if given.is_empty() || conditions.len() == given.len() {
            return way;
        }
        let without = Without { method: Some(method.to_owned()), given, ..Without::default() };
        let other = self.way(roots, without);
        other.filter(|other| self.conditions(other).len() < conditions.len()).unwrap_or(way)
    }

    /// The same way, or one without further conditions that has fewer assumptions or uncertain hops. A search sees each
    /// instance alone, and not which others the way may stand in as well.
    fn most_certain(&mut self, roots: &[InstId], method: &str, way: Way) -> Way {
        let mut given: Vec<String> = way.steps.iter().flat_map(|&i| self.graph.hop_gates(i)).collect();
        given.extend(self.solver.gates(way.end));
        given.sort();
        given.dedup();
        let without = Without { method: Some(method.to_owned()), given, ..Without::default() };
        let within = self.graph.within(&without.given);
        let end = |inst: InstId| {
            let mut open = self.targets.iter().filter(|t| t.inst == inst && self.open(**t, &without));
            let target = open.find(|t| self.solver.gates(**t).iter().all(|g| without.given.contains(g)))?;
            Some((*target, self.exceptional(*target)))
        };
        let passes = |edge: usize| within(edge) && self.passes(edge, &without);
        // Ways without conditions beside these; the search is not made where there is nothing to gain.
        let searched = |ways: &Ways| {
            let counting =
                Counting { solver: self.solver, graph: self.graph, ways, passes: &passes, end: &end };
            let cost = counting.cost(way.root, &way.steps, way.end);
            let least = roots.iter().filter_map(|&root| ways.cost(root)).min();
            if least.is_none_or(|least| least / MAY >= cost / MAY) {
                return None;
            }
            let (root, steps) = counting.better(roots, cost)?;
            let last = steps.last().map_or(root, |&i| self.solver.edges[i].to);
            Some(Way { root, steps, end: end(last)?.0 })
        };
        let variants = follow(self.solver, self.graph, way.root, &way.steps);
        let is_uncertain = |hop: &Hop| certainty(hop.kind, hop.targets) != Certainty::Exact;
        let put_is = variants.1.put(self.solver, self.graph, way.end.index) > 1;
        if !put_is && !variants.0.iter().any(is_uncertain) {
            return way;
        }
        let ways = match self.known.get(&without) {
            Some(ways) => searched(ways),
            None => {
                let ways = self.ways(&without);
                let found = searched(&ways);
                self.known.insert(without, ways);
                found
            }
        };
        ways.unwrap_or(way)
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
        let conditions = |target: &&Origin| self.solver.gates(**target).len();
        let end = *self.targets.iter().filter(open).min_by_key(conditions)?;
        Some(Way { root, steps, end })
    }

    fn open(&self, target: Origin, without: &Without) -> bool {
        let runs = without.method.as_ref().is_none_or(|method| self.solver.runs_for(target, method));
        runs && (without.conditions.is_empty()
            || !self.solver.gates(target).iter().any(|g| without.conditions.contains(g)))
    }

    fn ways(&self, without: &Without) -> Ways {
        let open = self.targets.iter().filter(|t| self.open(**t, without));
        let targets: Vec<(InstId, SetId, u64)> =
            open.map(|t| (t.inst, self.graph.end_set(t), self.exceptional(*t))).collect();
        if *without == Without::default() && self.exceptions.is_empty() {
            return self.graph.ways(&targets, &[], |_| true);
        }
        let free = self.graph.free_of(&without.conditions);
        self.graph.ways(&targets, &without.given, |edge| free(edge) && self.passes(edge, without))
    }

    /// What a target costs beside its conditions.
    fn exceptional(&self, target: Origin) -> u64 {
        if self.solver.is_handling(target) { EXCEPTIONAL } else { 0 }
    }

    /// Whether a request with the method gets along an edge, and the exception in flight too.
    fn passes(&self, edge: usize, without: &Without) -> bool {
        let from = self.solver.edges[edge].from;
        without.method.as_ref().is_none_or(|method| self.solver.runs_for(from, method))
            && !self.solver.catches(from, self.exceptions)
    }

    fn conditions(&self, way: &Way) -> Vec<String> {
        let inside = way.steps.iter().filter(|&&i| !self.solver.is_root(self.solver.edges[i].from.inst));
        let mut gates: Vec<String> = inside.flat_map(|&i| self.graph.hop_gates(i)).collect();
        gates.extend(self.solver.gates(way.end));
        gates.sort();
        gates.dedup();
        gates
    }

    /// The conditions that every way needs, out of those of the best one.
    fn needed(&mut self, roots: &[InstId], method: &str, best: &Way) -> Vec<String> {
        let path = self.conditions(best);
        necessary(&path, |avoided| {
            let method = Some(method.to_owned());
            let without = Without { method, conditions: avoided.to_vec(), given: Vec::new() };
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

/// The hop of a put itself, which may concern any queue that it does in one of some variants.
pub(crate) fn last_hop(
    solver: &Solver<'_>,
    graph: &CallGraph,
    variants: &Variants,
    at: Origin,
    site: SiteKey,
) -> Hop {
    Hop {
        place: place(solver, at),
        kind: HopKind::Producer,
        target: match site.operation {
            crate::finding::Operation::Put => "put".to_owned(),
            crate::finding::Operation::BatchInsert => "batch_insert".to_owned(),
        },
        targets: variants.put(solver, graph, at.index),
        gates: solver.gates(at),
    }
}

/// The hops of a path that begins in an instance and takes some edges (by index), and where it may stand after them.
pub(crate) fn follow(
    solver: &Solver<'_>,
    graph: &CallGraph,
    from: InstId,
    steps: &[usize],
) -> (Vec<Hop>, Variants) {
    let mut variants = Variants::of(from);
    let mut hops = Vec::with_capacity(steps.len() + 1);
    hops.extend(steps.iter().map(|&step| take(solver, graph, &mut variants, step)));
    (hops, variants)
}

/// A call of the solution, by its index, as a hop of a path that stands in some variants of the caller.
pub(crate) fn take(solver: &Solver<'_>, graph: &CallGraph, variants: &mut Variants, index: usize) -> Hop {
    let (next, targets) = variants.enter(solver, graph, index);
    *variants = next;
    let edge = &solver.edges[index];
    let target = definition(solver, edge.to);
    if solver.is_root(edge.from.inst) {
        return Hop {
            kind: match edge.kind {
                _ if solver.is_assumed(edge.to) => HopKind::External,
                Some(kind @ (HopKind::Hook | HopKind::Decorator | HopKind::Yield)) => kind,
                _ => HopKind::Route,
            },
            target: target.symbol.clone(),
            place: target,
            targets,
            gates: Vec::new(),
        };
    }
    Hop {
        place: place(solver, edge.from),
        kind: kind_of(solver, edge),
        target: target.symbol,
        targets,
        gates: graph.hop_gates(index),
    }
}
