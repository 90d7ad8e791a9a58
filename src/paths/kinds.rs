//! The kind of a hop: how a call finds what it enters, read off the text of the function that it stands in.

use crate::finding::HopKind;
use crate::ir::{Arg, CallRole, FuncIr, LocalFunc, Op, VarDef, VarId};
use crate::solve::value::{InstId, Value};
use crate::solve::{Origin, Solver};

/// How an edge is resolved.
pub(crate) fn kind_of(solver: &Solver<'_>, edge: &crate::solve::CallEdge) -> HopKind {
    match edge.kind {
        _ if solver.is_assumed(edge.to) => HopKind::External,
        None if solver.is_root(edge.from.inst) => HopKind::Route,
        None => kind(solver, edge.from, edge.to),
        // A view is dispatched to a method by the framework: for the wrapper that calls it, it is what it wraps.
        Some(HopKind::Method)
            if !solver.is_root(edge.from.inst) && kind(solver, edge.from, edge.to) == HopKind::Decorator =>
        {
            HopKind::Decorator
        }
        Some(kind) => kind,
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
                        Op::LoadFree { levels, cell, .. } => {
                            return if wraps(solver, at.inst, *levels, *cell) {
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
                        Op::Call { callee: getter, args, .. } => {
                            // `classes.get(name, default)(...)` or `getattr(obj, name)(...)`.
                            if let VarDef::Instr(i) = ir.vars[getter.0 as usize].def {
                                let text = |name: crate::ir::Sym| &*file.ir.strings[name.0 as usize];
                                match ir.instrs[i as usize].op {
                                    Op::LoadAttr { name, .. }
                                        if matches!(text(name), "get" | "pop" | "setdefault") =>
                                    {
                                        return HopKind::DictOfClasses;
                                    }
                                    Op::LoadGlobal { name, .. } if text(name) == "getattr" => {
                                        return HopKind::Method;
                                    }
                                    _ => {}
                                }
                            }
                            match handed_through(solver, at.inst, index, to) {
                                Some(place) => var = args[place].var(),
                                None => return HopKind::Closure,
                            }
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

/// Whether a captured variable holds what a function wraps: the enclosing function is called to decorate, or it takes the
/// variable as a parameter and returns the function that calls it.
fn wraps(solver: &Solver<'_>, inst: InstId, levels: u32, cell: VarId) -> bool {
    let (mut inner, mut owner) = (inst, inst);
    for _ in 0..levels {
        inner = owner;
        owner = solver.insts[owner.0 as usize].env;
    }
    if owner == InstId::NONE || solver.is_root(owner) {
        return false;
    }
    if solver.decorator_insts.contains(&owner) {
        return true;
    }
    let func = solver.insts[owner.0 as usize].func;
    let ir = solver.program.func(func);
    let name = ir.vars[cell.0 as usize].name;
    let inner = solver.insts[inner.0 as usize].func.0 - solver.program.file_of(func).first_func;
    let mut returned = ir.instrs.iter().filter_map(|instr| match instr.op {
        Op::Return { src } => Some(src),
        _ => None,
    });
    ir.params.iter().any(|param| Some(param.name) == name)
        && returned.any(|var| holds(ir, var, LocalFunc(inner), 8))
}

/// Whether a variable holds a function that is defined in the same scope, bare or decorated.
fn holds(ir: &FuncIr, var: VarId, function: LocalFunc, depth: u32) -> bool {
    let VarDef::Instr(index) = ir.vars[var.0 as usize].def else { return false };
    match &ir.instrs[index as usize].op {
        _ if depth == 0 => false,
        Op::MakeFunc { func, .. } => *func == function,
        Op::Copy { src, .. } | Op::Narrow { src, .. } => holds(ir, *src, function, depth - 1),
        Op::Call { role: CallRole::DecoratesFunc(func), .. } => *func == function,
        Op::Call { args, .. } => args.iter().any(|arg| holds(ir, arg.var(), function, depth - 1)),
        _ => false,
    }
}

/// The argument (by its place) by which a call of a library was handed what its result enters: `library(f)(x)`.
fn handed_through(solver: &Solver<'_>, inst: InstId, call: u32, to: InstId) -> Option<usize> {
    let ir = solver.program.func(solver.insts[inst.0 as usize].func);
    let Op::Call { callee, args, .. } = &ir.instrs[call as usize].op else { return None };
    let values = |var: VarId| solver.graph.values(solver.var(inst, var));
    let mut behind = Vec::new();
    for &value in values(*callee) {
        solver.functions_behind(value, &mut behind);
    }
    if !behind.is_empty() {
        return None;
    }
    let func = solver.insts[to.0 as usize].func;
    args.iter().position(|arg| {
        behind.clear();
        if let Arg::Pos(var) = *arg {
            values(var).iter().for_each(|&value| solver.functions_behind(value, &mut behind));
        }
        behind.iter().any(|closure| closure.func == func)
    })
}

fn is_super(ir: &FuncIr, var: VarId) -> bool {
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
