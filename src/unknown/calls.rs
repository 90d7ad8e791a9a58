//! The calls that routes reach: which are understood, and why the others are not.

use super::imported;
use crate::ir::{Arg, Op, VarDef, VarId};
use crate::link::{FuncId, Name};
use crate::paths::CallGraph;
use crate::solve::ask::Closure;
use crate::solve::value::{InstId, ObjKind, Value, ValueId, well_known};
use crate::solve::{Origin, Solver};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// How a call is understood: what it does in the best understood of its contexts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Understood {
    /// It enters a function, or makes an instance of a class, of the project.
    Project,
    /// It is an operation of a queue.
    Queue,
    /// It enters a library function that a model describes, or a method of a builtin type.
    Modelled,
    /// It enters something of a library of which only the name is known.
    Named,
    /// What is called cannot be called: as far as values tell it raises an error.
    Uncallable,
}

impl Understood {
    /// All kinds with the words that they are counted under.
    pub const ALL: [(Understood, &'static str); 5] = [
        (Understood::Project, "project"),
        (Understood::Queue, "queue"),
        (Understood::Modelled, "modelled-library"),
        (Understood::Named, "named-library"),
        (Understood::Uncallable, "uncallable"),
    ];
}

/// Why a call is open. The codes are explained in `data/codes/diagnostics.toml`.
mod reason {
    pub const RECEIVER: &str = "unknown-receiver";
    pub const ATTRIBUTE: &str = "unknown-attribute";
    pub const COMPUTED: &str = "computed-attribute";
    pub const ELEMENT: &str = "unknown-element";
    pub const RESULT: &str = "unknown-result";
    pub const ARGUMENT: &str = "unknown-argument";
    pub const CALLEE: &str = "unknown-callee";
    pub const PARTLY: &str = "partly-unknown-callee";
    pub const IMPORT: &str = "dynamic-import";
    pub const CODE: &str = "dynamic-code";
    pub const SETTING: &str = "configured-callee";
    pub const CALLBACK: &str = "unmodelled-callback";
    pub const HANDED: &str = "unknown-callback";
    pub const WAITING: &str = "argument-without-value";
}

/// What an open call may enter.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// Anything at all: the called value itself is not known.
    pub anything: bool,
    /// A function that answers to the call's name and takes its arguments.
    pub named: bool,
    /// These functions.
    pub functions: Vec<Closure>,
    /// Queues that are handed to it.
    pub queues: Vec<ValueId>,
}

/// A call that is not understood in some context.
#[derive(Debug)]
pub struct OpenCall {
    /// The first of the contexts that leave it open.
    pub at: Origin,
    /// The instances in which it is open, ascending.
    pub insts: Vec<InstId>,
    /// Stable reason code.
    pub reason: &'static str,
    /// What it may enter.
    pub target: Target,
}

/// What became of all reachable calls.
#[derive(Debug, Default)]
pub struct Calls {
    /// Number of calls that are understood, by kind, in the order of [`Understood::ALL`].
    pub understood: [usize; Understood::ALL.len()],
    /// The others, by function and instruction.
    pub open: Vec<OpenCall>,
}

/// A call in one context.
enum Judgement {
    Understood(Understood),
    Open(&'static str, Target),
    /// Nothing but a setting is called: what another context calls decides.
    Setting,
}

/// A call site over all its contexts.
#[derive(Default)]
struct Site {
    understood: Option<Understood>,
    open: Option<OpenCall>,
    setting: Option<OpenCall>,
}

/// Goes through the calls of the instances that routes reach. `puts` says of a function whether a put can be reached from it.
pub fn survey(
    solver: &Solver<'_>,
    graph: &CallGraph,
    reached: &[bool],
    puts: &(dyn Fn(Closure) -> bool + Sync),
) -> Calls {
    let inside = |inst: &InstId| reached[inst.0 as usize] && !solver.is_root(*inst);
    let mut insts: Vec<InstId> = (0..reached.len() as u32).map(InstId).filter(inside).collect();
    let func = |inst: InstId| solver.insts[inst.0 as usize].func;
    insts.sort_by_key(|&inst| func(inst));
    let of_functions: Vec<&[InstId]> = insts.chunk_by(|&a, &b| func(a) == func(b)).collect();
    let sites: Vec<Site> =
        of_functions.par_iter().flat_map_iter(|insts| in_function(solver, graph, insts, puts)).collect();
    let mut calls = Calls::default();
    for site in sites {
        // A setting that is called has a default that another context sees; without one nothing is known of it.
        let setting = site.setting.filter(|_| site.understood.is_none());
        match (site.open.or(setting), site.understood) {
            (Some(open), _) => calls.open.push(open),
            (None, Some(kind)) => calls.understood[kind as usize] += 1,
            (None, None) => {}
        }
    }
    for call in &mut calls.open {
        call.target.functions.sort_unstable();
        call.target.functions.dedup();
        call.target.queues.sort_unstable();
        call.target.queues.dedup();
    }
    calls.open.sort_unstable_by_key(|call| (solver.insts[call.at.inst.0 as usize].func, call.at.index));
    calls
}

/// The calls of one function in some instances of it.
fn in_function(
    solver: &Solver<'_>,
    graph: &CallGraph,
    insts: &[InstId],
    puts: &(dyn Fn(Closure) -> bool + Sync),
) -> impl Iterator<Item = Site> {
    let func = solver.insts[insts[0].0 as usize].func;
    let calls = calls_in(solver, func);
    let mut sites: FxHashMap<u32, Site> = FxHashMap::default();
    let mut entering: Vec<u32> = Vec::new();
    for &inst in insts {
        entering.clear();
        entering.extend(graph.edges_from(solver, inst).map(|(from, ..)| from.index));
        for &(index, callee) in &calls {
            let at = Origin { inst, index };
            let values = solver.graph.values(solver.var(inst, callee));
            if values.is_empty() {
                // Never executed in this context, as far as values tell.
                continue;
            }
            // A body that was written once and runs once for each element of a literal is one call.
            let original = solver.program.func(func).original(index);
            let site = sites.entry(original).or_default();
            match judge(solver, graph, at, values, entering.contains(&index), puts) {
                Judgement::Understood(kind) => {
                    site.understood = Some(site.understood.map_or(kind, |best| best.min(kind)));
                }
                Judgement::Open(..) | Judgement::Setting if !solver.runs(at) => {}
                Judgement::Open(reason, target) => add(&mut site.open, at, reason, target),
                Judgement::Setting => {
                    let target = Target { anything: true, ..Target::default() };
                    add(&mut site.setting, at, reason::SETTING, target);
                }
            }
        }
    }
    sites.into_values()
}

fn calls_in(solver: &Solver<'_>, func: FuncId) -> Vec<(u32, VarId)> {
    let instrs = (0..).zip(&solver.program.func(func).instrs);
    let call = |(index, instr): (u32, &crate::ir::Instr)| match instr.op {
        Op::Call { callee, .. } => Some((index, callee)),
        _ => None,
    };
    instrs.filter_map(call).collect()
}

fn add(open: &mut Option<OpenCall>, at: Origin, reason: &'static str, target: Target) {
    let call =
        open.get_or_insert_with(|| OpenCall { at, insts: Vec::new(), reason, target: Target::default() });
    if call.insts.last() != Some(&at.inst) {
        call.insts.push(at.inst);
    }
    call.target.anything |= target.anything;
    call.target.named |= target.named;
    call.target.functions.extend(target.functions);
    call.target.queues.extend(target.queues);
}

/// How a call is understood in one context.
fn judge(
    solver: &Solver<'_>,
    graph: &CallGraph,
    at: Origin,
    values: &[ValueId],
    enters: bool,
    puts: &(dyn Fn(Closure) -> bool + Sync),
) -> Judgement {
    let mut best: Option<Understood> = None;
    let (mut unknown, mut setting, mut data) = (false, false, false);
    let mut called_back = Vec::new();
    for &value in values {
        let kind = match solver.values.get(value) {
            Value::Unknown => {
                unknown = true;
                continue;
            }
            Value::Setting(_) => {
                setting = true;
                continue;
            }
            Value::Data => {
                data = true;
                continue;
            }
            Value::QueuePut(_) => Understood::Queue,
            Value::Bound(this, _) if is_queue(solver, this) => Understood::Queue,
            Value::Func(..)
            | Value::Bound(..)
            | Value::Class(..)
            | Value::Inst(..)
            | Value::ManagerFunc(_)
            | Value::StaticMethod(_)
            | Value::ClassMethod(_)
            | Value::Manager(_)
            | Value::Obj(ObjKind::Partial, ..) => Understood::Project,
            Value::Obj(ObjKind::Primitive(_) | ObjKind::NamedTuple, ..) | Value::Dispatch(..) => {
                Understood::Modelled
            }
            Value::Ext(path) | Value::ExtMethod(_, path) => match solver.library_model(path) {
                Some(model) if model.kind.as_deref() == Some("runs_code") => {
                    return Judgement::Open(reason::CODE, anything(solver, at));
                }
                Some(_) => Understood::Modelled,
                None => {
                    given(solver, at, value, path, &mut called_back);
                    Understood::Named
                }
            },
            Value::Obj(ObjKind::External(_), ..) => Understood::Named,
            _ => Understood::Uncallable,
        };
        best = Some(best.map_or(kind, |best| best.min(kind)));
    }
    if unknown || data {
        let (reason, named) = cause(solver, at);
        let reason = match enters {
            _ if imported::callee(solver, graph, at) => reason::IMPORT,
            true => reason::PARTLY,
            false => reason,
        };
        let queues = handed_queues(solver, at);
        return Judgement::Open(reason, Target { anything: !named, named, functions: Vec::new(), queues });
    }
    if solver.unknown_calls.contains_key(&at) {
        return Judgement::Open(reason::HANDED, anything(solver, at));
    }
    if !enters && best == Some(Understood::Project) && waits(solver, at) {
        let mut functions = Vec::new();
        for &value in values {
            solver.functions_behind(value, &mut functions);
        }
        if !functions.is_empty() {
            return Judgement::Open(reason::WAITING, Target { functions, ..Target::default() });
        }
    }
    // Libraries are handed objects all the time: that one calls back what puts nothing is no news.
    called_back.retain(|&closure| puts(closure));
    if !called_back.is_empty() {
        return Judgement::Open(reason::CALLBACK, Target { functions: called_back, ..Target::default() });
    }
    match best {
        Some(kind) => Judgement::Understood(kind),
        None if setting => Judgement::Setting,
        None => Judgement::Understood(Understood::Uncallable),
    }
}

fn anything(solver: &Solver<'_>, at: Origin) -> Target {
    Target { anything: true, queues: handed_queues(solver, at), ..Target::default() }
}

fn op<'s>(solver: &'s Solver<'_>, at: Origin) -> &'s Op {
    &solver.program.func(solver.insts[at.inst.0 as usize].func).instrs[at.index as usize].op
}

fn is_queue(solver: &Solver<'_>, value: ValueId) -> bool {
    solver.class_of(value).is_some_and(|class| solver.queue_class(class).is_some())
}

/// The queues among the arguments of a call.
fn handed_queues(solver: &Solver<'_>, at: Origin) -> Vec<ValueId> {
    let Op::Call { args, .. } = op(solver, at) else { return Vec::new() };
    let values = args.iter().flat_map(|arg| solver.graph.values(solver.var(at.inst, arg.var())));
    let queue = |&value: &ValueId| match solver.values.get(value) {
        Value::QueuePut(queue) | Value::QueueBatch(queue) => Some(queue),
        Value::Bound(this, _) => Some(this).filter(|&this| is_queue(solver, this)),
        _ => Some(value).filter(|&value| is_queue(solver, value)),
    };
    values.filter_map(queue).collect()
}

/// What a function of a library without a model may call of what it is given, besides the callables themselves, which
/// solving takes to be called: methods of an instance whose class derives from a class of that library, and what
/// stands in a container.
fn given(solver: &Solver<'_>, at: Origin, callee: ValueId, path: Name, out: &mut Vec<Closure>) {
    let library = solver.text(path).split(['.', '(']).next().unwrap_or_default();
    if let Value::ExtMethod(this, _) = solver.values.get(callee) {
        solver.overriding_methods(this, library, out);
    }
    let Op::Call { args, .. } = op(solver, at) else { return };
    for arg in args {
        for &value in solver.graph.values(solver.var(at.inst, arg.var())) {
            match solver.values.get(value) {
                Value::Inst(..) => solver.overriding_methods(value, library, out),
                Value::Obj(ObjKind::List | ObjKind::Tuple | ObjKind::Set | ObjKind::Dict, ..) => {
                    for element in solver.elements(value) {
                        if !matches!(solver.values.get(element), Value::Class(..) | Value::Inst(..)) {
                            solver.functions_behind(element, out);
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

/// Why the callee of a call is unknown, and whether its name says what it may be: it does not where the unknown value
/// itself was stored under it.
fn cause(solver: &Solver<'_>, at: Origin) -> (&'static str, bool) {
    let func = solver.insts[at.inst.0 as usize].func;
    let ir = solver.program.func(func);
    let Op::Call { callee, .. } = ir.instrs[at.index as usize].op else { return (reason::CALLEE, false) };
    let mut var = callee;
    for _ in 0..16 {
        match ir.vars[var.0 as usize].def {
            VarDef::Param(_) => return (reason::ARGUMENT, false),
            VarDef::Instr(index) => match ir.instrs[index as usize].op {
                Op::Copy { src, .. } | Op::Narrow { src, .. } | Op::Await { src, .. } => var = src,
                Op::LoadAttr { obj, name, .. } => {
                    let name = solver.program.file_of(func).names[name.0 as usize];
                    let objects = solver.graph.values(solver.var(at.inst, obj));
                    let stored = objects.iter().any(|&object| solver.holds_unknown(object, name));
                    let unknown = objects.contains(&well_known::UNKNOWN);
                    let reason = match unknown {
                        true if holds_import(solver, at.inst, obj) => reason::IMPORT,
                        true => reason::RECEIVER,
                        false => reason::ATTRIBUTE,
                    };
                    return (reason, !stored);
                }
                Op::LoadSub { .. } => return (reason::ELEMENT, false),
                Op::Call { .. } => {
                    let computed = called_primitive(solver, at.inst, index) == Some("getattr");
                    return (if computed { reason::COMPUTED } else { reason::RESULT }, false);
                }
                _ => return (reason::CALLEE, false),
            },
            _ => return (reason::CALLEE, false),
        }
    }
    (reason::CALLEE, false)
}

/// Whether a variable holds what importing a module by a computed name gave.
fn holds_import(solver: &Solver<'_>, inst: InstId, var: VarId) -> bool {
    let ir = solver.program.func(solver.insts[inst.0 as usize].func);
    let VarDef::Instr(index) = ir.vars[var.0 as usize].def else { return false };
    matches!(ir.instrs[index as usize].op, Op::Call { .. })
        && called_primitive(solver, inst, index) == Some("import_module")
}

/// The primitive that the model of a called library function names.
pub(super) fn called_primitive<'s>(solver: &'s Solver<'_>, inst: InstId, index: u32) -> Option<&'s str> {
    let Op::Call { callee, .. } = op(solver, Origin { inst, index }) else { return None };
    solver.graph.values(solver.var(inst, *callee)).iter().find_map(|&value| match solver.values.get(value) {
        Value::Ext(path) => solver.models.get(solver.text(path))?.prim.as_deref(),
        _ => None,
    })
}

/// Whether a call of a known function was never made because an argument has no value, where values do not explain it:
/// something that its value rests on was not understood.
fn waits(solver: &Solver<'_>, at: Origin) -> bool {
    let Op::Call { args, .. } = op(solver, at) else { return false };
    args.iter().any(|arg| {
        matches!(arg, Arg::Pos(_) | Arg::Kw(..))
            && solver.graph.values(solver.var(at.inst, arg.var())).is_empty()
            && !impossible(solver, at.inst, arg.var(), 0)
    })
}

/// Whether values explain that a variable has none: a test lets none of them through, `None` has no attributes, a
/// container is empty, a function always raises.
fn impossible(solver: &Solver<'_>, inst: InstId, var: VarId, depth: u32) -> bool {
    let ir = solver.program.func(solver.insts[inst.0 as usize].func);
    if depth > 16 {
        return false;
    }
    let index = match ir.vars[var.0 as usize].def {
        VarDef::Instr(index) => index,
        VarDef::Join => {
            let mut sources = ir.instrs.iter().filter_map(|instr| match instr.op {
                Op::Copy { dst, src } | Op::Narrow { dst, src, .. } if dst == var => Some(src),
                _ => None,
            });
            return sources.all(|src| impossible(solver, inst, src, depth + 1));
        }
        VarDef::Param(_) | VarDef::Cell => return false,
    };
    let values = |var: VarId| solver.graph.values(solver.var(inst, var));
    let follows = |var: VarId| !values(var).is_empty() || impossible(solver, inst, var, depth + 1);
    if !solver.runs(Origin { inst, index }) {
        return true;
    }
    match &ir.instrs[index as usize].op {
        Op::Copy { src, .. } => impossible(solver, inst, *src, depth + 1),
        Op::Narrow { src, .. }
        | Op::Iter { src, .. }
        | Op::Unpack { src, .. }
        | Op::Matched { src, .. }
        | Op::Await { src, .. } => follows(*src),
        Op::LoadSub { obj, .. } | Op::Slice { obj, .. } | Op::LoadAttr { obj, .. } => follows(*obj),
        Op::BinOp { left, right, .. } => [left, right]
            .into_iter()
            .any(|&side| values(side).is_empty() && impossible(solver, inst, side, depth + 1)),
        Op::Call { callee, args, .. } => {
            let raises = solver.never_returns_from(Origin { inst, index });
            let stuck =
                |arg: &Arg| values(arg.var()).is_empty() && impossible(solver, inst, arg.var(), depth + 1);
            raises
                || values(*callee).is_empty() && impossible(solver, inst, *callee, depth + 1)
                || args.iter().any(stuck)
        }
        _ => false,
    }
}

/// The callee as written, as far as it is a dotted name.
pub fn callee_text(solver: &Solver<'_>, at: Origin) -> String {
    let func = solver.insts[at.inst.0 as usize].func;
    let ir = solver.program.func(func);
    let file = solver.program.file_of(func);
    let text = |sym: crate::ir::Sym| file.ir.strings[sym.0 as usize].to_string();
    let Op::Call { callee, .. } = ir.instrs[at.index as usize].op else { return String::new() };
    let mut parts = Vec::new();
    let mut var = callee;
    for _ in 0..8 {
        let info = &ir.vars[var.0 as usize];
        if let Some(name) = info.name {
            parts.push(text(name));
            break;
        }
        let VarDef::Instr(index) = info.def else { break };
        match ir.instrs[index as usize].op {
            Op::LoadAttr { obj, name, .. } => {
                parts.push(text(name));
                var = obj;
            }
            Op::LoadGlobal { name, .. } => {
                parts.push(text(name));
                break;
            }
            Op::Call { callee, .. } => {
                parts.push("()".to_owned());
                var = callee;
            }
            Op::Copy { src, .. } | Op::Narrow { src, .. } => var = src,
            _ => {
                parts.push("<expression>".to_owned());
                break;
            }
        }
    }
    parts.reverse();
    parts.join(".").replace(".()", "()")
}
