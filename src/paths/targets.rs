//! How many functions a hop may enter.
//!
//! The call graph has a copy of a function for each context, and in each copy a call may enter one function alone: where a
//! model is one of two classes, chosen two calls above, `model.save()` enters one method in each. A request that gets to
//! the call may be in either. A path is therefore followed with all the copies that its calls may have entered
//! ([`Variants`]), and a call counts what it enters in any of them: a choice counts once, at the call that it decides, and
//! an argument that decides nothing counts nowhere.

use super::CallGraph;
use crate::finding::HopKind;
use crate::ir::Op;
use crate::link::{FuncId, Name, Program};
use crate::solve::value::{InstId, ObjKind, Value, ValueId};
use crate::solve::{Origin, Solver};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::{SmallVec, smallvec};

/// The instances of one function in which a path may stand, ascending.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Variants(SmallVec<[InstId; 2]>);

/// What a call may do instead of entering a function of the project.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Other {
    /// Something that is not known.
    Unknown,
    /// It enters a library.
    Library(Name),
    /// It makes something that has no constructor of its own.
    Made(ValueId),
    /// It puts on the queue that is created here.
    Queue(Origin),
}

impl Variants {
    /// A path that begins in an instance.
    pub(crate) fn of(inst: InstId) -> Variants {
        Variants(smallvec![inst])
    }

    /// Where a path stands after the call of an edge (by index), and how many functions that call may have entered.
    pub(crate) fn enter(&self, solver: &Solver<'_>, graph: &CallGraph, edge: usize) -> (Variants, u32) {
        let taken = &solver.edges[edge];
        let func = solver.insts[taken.to.0 as usize].func;
        let mut functions: SmallVec<[FuncId; 8]> = SmallVec::new();
        let mut entered: SmallVec<[InstId; 2]> = SmallVec::new();
        for &inst in &self.0 {
            for (from, to, kind) in graph.edges_from(solver, inst) {
                if from.index == taken.from.index && same_act(kind, taken.kind) {
                    let callee = solver.insts[to.0 as usize].func;
                    functions.push(callee);
                    if callee == func {
                        entered.push(to);
                    }
                }
            }
        }
        entered.sort_unstable();
        entered.dedup();
        // The framework calls what is registered, whatever else may be.
        let targets = match solver.is_root(taken.from.inst) {
            true => 1,
            false => {
                let known = alternatives(solver.program, taken.kind, func, &mut functions);
                known + self.others(solver, graph, taken.from.index, taken.kind, Some(func))
            }
        };
        (Variants(entered), targets)
    }

    /// How many queues, and whatever else, a put may concern.
    pub(crate) fn put(&self, solver: &Solver<'_>, graph: &CallGraph, index: u32) -> u32 {
        let edges = self.0.iter().flat_map(|&inst| graph.edges_from(solver, inst));
        let plain = edges.filter(|(from, _, kind)| from.index == index && same_act(*kind, None));
        let functions: FxHashSet<FuncId> = plain.map(|(_, to, _)| solver.insts[to.0 as usize].func).collect();
        functions.len() as u32 + self.others(solver, graph, index, None, None)
    }

    /// What a call may do besides entering functions of the project. A call of a library that calls back enters what it
    /// was handed, and not instead of the library.
    fn others(
        &self,
        solver: &Solver<'_>,
        graph: &CallGraph,
        index: u32,
        kind: Option<HopKind>,
        entered: Option<FuncId>,
    ) -> u32 {
        let mut others: FxHashSet<Other> = FxHashSet::default();
        let mut direct = entered.is_none();
        let mut behind = Vec::new();
        for &inst in &self.0 {
            let at = Origin { inst, index };
            if !solver.runs(at) {
                continue;
            }
            if solver.unknown_calls.contains_key(&at) {
                others.insert(Other::Unknown);
            }
            let ir = solver.program.func(solver.insts[inst.0 as usize].func);
            let Op::Call { callee, .. } = ir.instrs[index as usize].op else { continue };
            if !same_act(kind, None) {
                continue;
            }
            others.extend(graph.puts_at(at).iter().map(|&queue| Other::Queue(queue)));
            for &value in solver.graph.values(solver.var(inst, callee)) {
                let other = match solver.values.get(value) {
                    Value::Unknown | Value::Data => Other::Unknown,
                    Value::Ext(path)
                    | Value::ExtMethod(_, path)
                    | Value::Obj(ObjKind::External(path), ..) => Other::Library(path),
                    Value::Obj(ObjKind::NamedTuple, ..) => Other::Made(value),
                    known => {
                        solver.functions_behind(value, &mut behind);
                        direct |= behind.iter().any(|closure| Some(closure.func) == entered);
                        if !(behind.is_empty() && matches!(known, Value::Class(..))) {
                            behind.clear();
                            continue;
                        }
                        Other::Made(value)
                    }
                };
                others.insert(other);
            }
        }
        if direct { others.len() as u32 } else { u32::from(others.contains(&Other::Unknown)) }
    }
}

/// Whether edges of one instruction stand for one call of it. An instruction may make several, each with a kind of its own;
/// the plain call enters a constructor where what is called is a class.
fn same_act(a: Option<HopKind>, b: Option<HopKind>) -> bool {
    let plain = |kind: Option<HopKind>| matches!(kind, None | Some(HopKind::Constructor));
    a == b || plain(a) && plain(b)
}

/// How many of some functions a call enters in place of `entered`, itself included. `with` and iteration call two special
/// methods one after the other: these are no alternatives of each other.
pub(super) fn alternatives(
    program: &Program,
    kind: Option<HopKind>,
    entered: FuncId,
    functions: &mut SmallVec<[FuncId; 8]>,
) -> u32 {
    functions.sort_unstable();
    functions.dedup();
    if functions.len() > 1 && matches!(kind, Some(HopKind::ContextManager | HopKind::Yield)) {
        let name = |func: FuncId| {
            program.names.text(program.file_of(func).names[program.func(func).name.0 as usize])
        };
        let first =
            |func: FuncId| matches!(name(func), "__enter__" | "__aenter__" | "__iter__" | "__aiter__");
        let second = |func: FuncId| matches!(name(func), "__exit__" | "__aexit__" | "__next__" | "__anext__");
        let is_second = second(entered);
        functions.retain(|func| if is_second { !first(*func) } else { !second(*func) });
    }
    functions.len().max(1) as u32
}

/// Whether a hop of some kind enters one of several functions in the one instance that some edges (by index) of one instruction
/// start from. This is a lower bound: whichever of the functions is entered.
pub(super) fn is_uncertain(solver: &Solver<'_>, kind: Option<HopKind>, edges: &[u32]) -> bool {
    let from = solver.edges[edges[0] as usize].from;
    if solver.is_root(from.inst) {
        return false;
    }
    let func = |edge: u32| solver.insts[solver.edges[edge as usize].to.0 as usize].func;
    let unknown = solver.unknown_calls.contains_key(&from);
    if unknown || edges.iter().all(|&edge| func(edge) == func(edges[0])) {
        return unknown;
    }
    let same = edges.iter().filter(|&&other| same_act(solver.edges[other as usize].kind, kind));
    let functions: SmallVec<[FuncId; 8]> = same.map(|&other| func(other)).collect();
    functions.iter().all(|&entered| alternatives(solver.program, kind, entered, &mut functions.clone()) > 1)
}

/// Where items are put, and where the queues are created on which they are put.
pub(super) fn puts(solver: &Solver<'_>) -> FxHashMap<Origin, SmallVec<[Origin; 1]>> {
    let created: FxHashMap<ValueId, Origin> =
        solver.registry.queues.iter().map(|queue| (queue.value, queue.at)).collect();
    let mut puts: FxHashMap<Origin, SmallVec<[Origin; 1]>> = FxHashMap::default();
    for put in &solver.registry.puts {
        let Some(&queue) = created.get(&put.queue) else { continue };
        let queues = puts.entry(put.at).or_default();
        if !queues.contains(&queue) {
            queues.push(queue);
        }
    }
    puts
}
