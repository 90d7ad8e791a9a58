//! Parameters that are only passed on to a function that tests them.
//!
//! A function is cloned on constants in the parameters that it tests ([`crate::ir::Param::tested`]). One that hands a parameter
//! on as it came, to a parameter that is tested, decides by it as well, over any number of calls. Calls are followed as far as
//! names alone tell what they enter: functions of the module, imported ones, those of an imported module, and methods of the
//! class itself through `self`. That is no part of solving: a call that is not followed costs precision, nothing else.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::ir::{Arg, CallRole, FuncIr, Op, ParamKind, ScopeKind, VarDef, VarId};
use crate::link::{File, FuncId, ModId, Name, Program};

/// A parameter: its function and its index.
type Parameter = (FuncId, u32);

/// Names that lead to names are followed this far.
const MAX_ALIASES: usize = 8;

/// What a name of a module or class stands for.
#[derive(Clone, Copy)]
enum Binding {
    Function(FuncId),
    Module(ModId),
    /// A name of another module.
    From(ModId, Name),
}

/// The names that module and class bodies bind to one thing alone, by scope.
pub(super) struct Names<'p> {
    program: &'p Program,
    bound: FxHashMap<(FuncId, Name), Option<Binding>>,
}

/// The parameters that are passed on, directly or over others, to one that is tested: for each function a bit set.
pub(super) fn passed_on(program: &Program, names: &Names<'_>) -> Vec<u32> {
    let of_file = |file: &File| {
        let mut passed: Vec<(Parameter, Parameter)> = Vec::new();
        for (func, ir) in (file.first_func..).map(FuncId).zip(&file.ir.funcs) {
            if ir.params.is_empty() {
                continue;
            }
            for instr in &ir.instrs {
                if let Op::Call { callee, args, .. } = &instr.op {
                    names.call(file, func, (*callee, &**args), &mut passed);
                }
            }
        }
        passed
    };
    let passed: Vec<Vec<(Parameter, Parameter)>> = program.files.par_iter().map(of_file).collect();
    // From a parameter to those that are passed on to it.
    let mut feeders: FxHashMap<Parameter, Vec<Parameter>> = FxHashMap::default();
    for (to, from) in passed.into_iter().flatten() {
        feeders.entry(to).or_default().push(from);
    }
    let tested = |&(func, index): &Parameter| program.func(func).params[index as usize].tested;
    let mut open: Vec<Parameter> = feeders.keys().copied().filter(tested).collect();
    let mut found = vec![0u32; program.func_count()];
    while let Some(parameter) = open.pop() {
        for &feeder in feeders.get(&parameter).into_iter().flatten() {
            let (func, index) = feeder;
            let Some(bit) = 1u32.checked_shl(index) else { continue };
            let set = &mut found[func.0 as usize];
            if !tested(&feeder) && *set & bit == 0 {
                *set |= bit;
                open.push(feeder);
            }
        }
    }
    found
}

impl<'p> Names<'p> {
    pub(super) fn of(program: &'p Program) -> Names<'p> {
        let mut names = Names { program, bound: FxHashMap::default() };
        for file in program.files.iter() {
            for (scope, ir) in (file.first_func..).map(FuncId).zip(&file.ir.funcs) {
                if !matches!(ir.kind, ScopeKind::Module | ScopeKind::ClassBody(_)) {
                    continue;
                }
                for instr in &ir.instrs {
                    let (Op::StoreGlobal { name, src } | Op::StoreClassName { name, src }) = instr.op else {
                        continue;
                    };
                    let binding = names.value(file, ir, src);
                    let name = file.names[name.0 as usize];
                    names.bound.entry((scope, name)).and_modify(|known| *known = None).or_insert(binding);
                }
            }
        }
        names
    }

    /// What a variable stands for, if it is a function of the scope or an import.
    fn value(&self, file: &File, ir: &FuncIr, var: VarId) -> Option<Binding> {
        let VarDef::Instr(index) = ir.vars[var.0 as usize].def else { return None };
        let text = |sym: crate::ir::Sym| &*file.ir.strings[sym.0 as usize];
        let module =
            |dotted: &str| self.program.names.find(dotted).and_then(|name| self.program.module(name));
        match ir.instrs[index as usize].op {
            // A decorator is taken to pass on what it takes.
            Op::MakeFunc { func, .. } | Op::Call { role: CallRole::DecoratesFunc(func), .. } => {
                Some(Binding::Function(FuncId(file.first_func + func.0)))
            }
            Op::Import { name, leaf, .. } => {
                let dotted = text(name);
                let dotted = if leaf { dotted } else { dotted.split('.').next().unwrap_or(dotted) };
                module(dotted).map(Binding::Module)
            }
            Op::ImportFrom { level, module: from, name, .. } => {
                let from = module(&self.program.absolute(file.module, level, text(from))?)?;
                let name = file.names[name.0 as usize];
                let submodule = self.program.submodule(from, name).map(Binding::Module);
                let is_bound = self.program.modules[from.0 as usize].names.binary_search(&name).is_ok();
                if is_bound { Some(Binding::From(from, name)) } else { submodule }
            }
            _ => None,
        }
    }

    /// Follows a name of a module to what it stands for.
    fn of_module(&self, module: ModId, name: Name) -> Option<Binding> {
        let mut at = (module, name);
        for _ in 0..MAX_ALIASES {
            let body = self.program.body(at.0)?;
            match (*self.bound.get(&(body, at.1))?)? {
                Binding::From(module, name) => at = (module, name),
                found => return Some(found),
            }
        }
        None
    }

    /// What a variable of a function stands for.
    fn resolve(&self, file: &File, ir: &FuncIr, var: VarId) -> Option<Binding> {
        let VarDef::Instr(index) = ir.vars[var.0 as usize].def else { return None };
        match ir.instrs[index as usize].op {
            Op::LoadAttr { obj, name, .. } => match self.named(file, ir, obj)? {
                Binding::Module(module) => self.of_module(module, file.names[name.0 as usize]),
                _ => None,
            },
            _ => self.named(file, ir, var),
        }
    }

    fn named(&self, file: &File, ir: &FuncIr, var: VarId) -> Option<Binding> {
        let VarDef::Instr(index) = ir.vars[var.0 as usize].def else { return None };
        match ir.instrs[index as usize].op {
            Op::LoadGlobal { name, .. } => self.of_module(file.module, file.names[name.0 as usize]),
            _ => match self.value(file, ir, var)? {
                Binding::From(module, name) => self.of_module(module, name),
                found => Some(found),
            },
        }
    }

    /// The method of the function's own class that `self.name` is.
    fn own_method(&self, file: &File, ir: &FuncIr, callee: VarId) -> Option<FuncId> {
        let VarDef::Instr(index) = ir.vars[callee.0 as usize].def else { return None };
        let Op::LoadAttr { obj, name, .. } = ir.instrs[index as usize].op else { return None };
        let body = FuncId(file.first_func + ir.parent?.0);
        let is_self = ir.vars[obj.0 as usize].def == VarDef::Param(0);
        if !is_self || !matches!(self.program.func(body).kind, ScopeKind::ClassBody(_)) {
            return None;
        }
        match (*self.bound.get(&(body, file.names[name.0 as usize]))?)? {
            Binding::Function(method) => Some(method),
            _ => None,
        }
    }

    /// The function that names alone tell a call to enter, and how many of its parameters are bound already.
    pub(super) fn entered(&self, file: &File, ir: &FuncIr, callee: VarId) -> Option<(FuncId, u32)> {
        if let Some(method) = self.own_method(file, ir, callee) {
            return Some((method, 1));
        }
        match self.resolve(file, ir, callee)? {
            Binding::Function(target) => Some((target, 0)),
            Binding::Module(_) | Binding::From(..) => None,
        }
    }

    /// Notes which parameters of a function one of its calls passes on (second), and to which (first).
    fn call(
        &self,
        file: &File,
        func: FuncId,
        (callee, args): (VarId, &[Arg]),
        passed: &mut Vec<(Parameter, Parameter)>,
    ) {
        let ir = self.program.func(func);
        let param = |var: VarId| match ir.vars[unchanged(ir, var).0 as usize].def {
            VarDef::Param(index) => Some(index),
            _ => None,
        };
        if !args.iter().any(|arg| matches!(arg, Arg::Pos(var) | Arg::Kw(_, var) if param(*var).is_some())) {
            return;
        }
        let Some((target, offset)) = self.entered(file, ir, callee) else { return };
        let offset = offset as usize;
        let taking = self.program.func(target);
        let target_file = self.program.file_of(target);
        let starred = args.iter().position(|arg| matches!(arg, Arg::Star(_))).unwrap_or(args.len());
        let mut position = offset;
        for (at, arg) in args.iter().enumerate() {
            let to = match arg {
                Arg::Pos(_) if at < starred => {
                    position += 1;
                    let takes = |p: &&crate::ir::Param| {
                        matches!(p.kind, ParamKind::Positional | ParamKind::PositionalOnly)
                    };
                    taking.params.get(position - 1).filter(takes).map(|_| position - 1)
                }
                Arg::Kw(name, _) => {
                    let name = file.names[name.0 as usize];
                    taking.params.iter().position(|p| target_file.names[p.name.0 as usize] == name)
                }
                _ => None,
            };
            if let (Some(to), Some(from)) = (to, param(arg.var())) {
                passed.push(((target, to as u32), (func, from)));
            }
        }
    }
}

/// The variable that another is a copy of.
pub(super) fn unchanged(ir: &FuncIr, var: VarId) -> VarId {
    match ir.vars[var.0 as usize].def {
        VarDef::Instr(index) => match ir.instrs[index as usize].op {
            Op::Copy { src, .. } | Op::Narrow { src, .. } => src,
            _ => var,
        },
        _ => var,
    }
}
