//! What the names of module and class bodies stand for, as far as the text alone tells.
//!
//! It is no part of solving: what does not follow from names is not found, which costs precision and nothing else.

use rustc_hash::FxHashMap;

use crate::ir::{Arg, CallRole, FuncIr, Op, Param, ParamKind, ScopeKind, Sym, VarDef, VarId};
use crate::link::{ClassId, File, FuncId, ModId, Name, Program};

/// Names that lead to names are followed this far.
const MAX_ALIASES: usize = 8;

/// What a name of a module or class stands for.
#[derive(Clone, Copy)]
pub(super) enum Binding {
    /// A function, whatever decorates it.
    Function(FuncId),
    /// A class, whatever decorates it.
    Class(ClassId),
    /// A module.
    Module(ModId),
    /// A name of another module.
    From(ModId, Name),
}

/// The names that module and class bodies bind to one thing alone, by scope.
pub(super) struct Names<'p> {
    pub(super) program: &'p Program,
    bound: FxHashMap<(FuncId, Name), Option<Binding>>,
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

    /// What a variable stands for, if it is a function or class of the scope or an import.
    fn value(&self, file: &File, ir: &FuncIr, var: VarId) -> Option<Binding> {
        let VarDef::Instr(index) = ir.vars[var.0 as usize].def else { return None };
        let text = |sym: Sym| &*file.ir.strings[sym.0 as usize];
        let module =
            |dotted: &str| self.program.names.find(dotted).and_then(|name| self.program.module(name));
        match ir.instrs[index as usize].op {
            // A decorator is taken to pass on what it takes.
            Op::MakeFunc { func, .. } | Op::Call { role: CallRole::DecoratesFunc(func), .. } => {
                Some(Binding::Function(FuncId(file.first_func + func.0)))
            }
            Op::MakeClass { class, .. } | Op::Call { role: CallRole::DecoratesClass(class), .. } => {
                Some(Binding::Class(ClassId(file.first_class + class.0)))
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

    /// Follows a name of a module to the one that it is another name of.
    pub(super) fn origin(&self, module: ModId, name: Name) -> (ModId, Name) {
        let mut at = (module, name);
        for _ in 0..MAX_ALIASES {
            let bound = self.program.body(at.0).and_then(|body| self.bound.get(&(body, at.1)));
            match bound {
                Some(&Some(Binding::From(module, name))) => at = (module, name),
                _ => break,
            }
        }
        at
    }

    /// The name of a module that a variable is read from.
    pub(super) fn read_from(&self, file: &File, ir: &FuncIr, var: VarId) -> Option<(ModId, Name)> {
        let VarDef::Instr(index) = ir.vars[var.0 as usize].def else { return None };
        match ir.instrs[index as usize].op {
            Op::LoadGlobal { name, .. } => Some(self.origin(file.module, file.names[name.0 as usize])),
            Op::LoadAttr { obj, name, .. } => match self.named(file, ir, obj)? {
                Binding::Module(module) => Some(self.origin(module, file.names[name.0 as usize])),
                _ => None,
            },
            _ => match self.value(file, ir, var)? {
                Binding::From(module, name) => Some(self.origin(module, name)),
                _ => None,
            },
        }
    }

    /// What the body of a class binds a name to.
    pub(super) fn of_class(&self, class: ClassId, name: Name) -> Option<Binding> {
        *self.bound.get(&(self.program.class(class).1, name))?
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
    pub(super) fn resolve(&self, file: &File, ir: &FuncIr, var: VarId) -> Option<Binding> {
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
            Binding::Class(_) | Binding::Module(_) | Binding::From(..) => None,
        }
    }
}

impl Names<'_> {
    /// The parameters of a function that arguments written in a file are passed for, of which so many are bound already; none
    /// for those behind a `*x`, and for those that end up in `*args` and `**kwargs`.
    pub(super) fn taken_by<'a>(
        &'a self,
        file: &'a File,
        args: &'a [Arg],
        function: FuncId,
        bound: u32,
    ) -> impl Iterator<Item = (u32, VarId)> + 'a {
        let taking = self.program.func(function);
        let names = &self.program.file_of(function).names;
        let starred = args.iter().position(|arg| matches!(arg, Arg::Star(_))).unwrap_or(args.len());
        args.iter().enumerate().filter_map(move |(at, arg)| {
            let takes =
                |param: &&Param| matches!(param.kind, ParamKind::Positional | ParamKind::PositionalOnly);
            // Before a `*x` there are but arguments by position.
            let place = at + bound as usize;
            let to = match arg {
                Arg::Pos(_) if at < starred => taking.params.get(place).filter(takes).map(|_| place),
                Arg::Kw(name, _) => {
                    let name = file.names[name.0 as usize];
                    taking.params.iter().position(|param| names[param.name.0 as usize] == name)
                }
                _ => None,
            };
            to.map(|to| (to as u32, arg.var()))
        })
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
