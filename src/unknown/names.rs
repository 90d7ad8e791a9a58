//! Which functions a call may enter if nothing but its name and its arguments is known.
//!
//! A function answers to the name of its definition, and to any name under which the solution holds it as an attribute of
//! an object, a class or a module. A class answers for its constructor. Whatever the name, an attribute of an
//! unknown object may go through the `__getattr__` of some class.

use crate::ir::{Arg, FuncIr, Op, ParamKind, ScopeKind, VarDef};
use crate::link::{FuncId, Name, Program};
use crate::solve::Solver;
use crate::solve::ask::Closure;
use rustc_hash::{FxHashMap, FxHashSet};

/// How a call is written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Signature {
    /// The name under which it calls: an attribute, or a global name.
    pub name: Name,
    /// Whether the name is that of an attribute.
    pub attribute: bool,
    /// Number of arguments by position, those of `*x` not counted.
    pub positional: u32,
    /// Whether there may be more of them, from a `*x`.
    pub star: bool,
    /// Names of the arguments by keyword, in order.
    pub keywords: Vec<Name>,
}

/// What a call instruction calls, read off the text alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Callee {
    /// Something that has a name.
    Named(Signature),
    /// A function that is defined in the same scope.
    Local(FuncId),
    /// A value: a parameter, an element, the result of another call.
    Value,
}

/// What a call instruction calls.
pub fn callee(program: &Program, func: FuncId, index: u32) -> Callee {
    let ir = program.func(func);
    let Op::Call { callee, args, .. } = &ir.instrs[index as usize].op else { return Callee::Value };
    let names = &program.file_of(func).names;
    let mut var = *callee;
    let (name, attribute) = loop {
        let VarDef::Instr(index) = ir.vars[var.0 as usize].def else { return Callee::Value };
        match ir.instrs[index as usize].op {
            Op::Copy { src, .. } | Op::Narrow { src, .. } | Op::Await { src, .. } => var = src,
            Op::LoadAttr { name, .. } => break (names[name.0 as usize], true),
            Op::LoadGlobal { name, .. } | Op::LoadClassName { name, .. } | Op::ImportFrom { name, .. } => {
                break (names[name.0 as usize], false);
            }
            Op::MakeFunc { func: local, .. } => return Callee::Local(program.sibling(func, local)),
            _ => return Callee::Value,
        }
    };
    let mut signature = Signature { name, attribute, positional: 0, star: false, keywords: Vec::new() };
    for arg in args {
        match arg {
            Arg::Pos(_) => signature.positional += 1,
            Arg::Star(_) => signature.star = true,
            Arg::Kw(name, _) => signature.keywords.push(names[name.0 as usize]),
            Arg::DoubleStar(_) => {}
        }
    }
    Callee::Named(signature)
}

/// Whether a function can be called with the arguments of a call, as a method of some receiver or as it is (Python
/// reference, section 6.3.4). Decorators change what a function takes, so a decorated one takes anything. Too few
/// arguments are no obstacle: any parameter may have a default.
pub fn takes(program: &Program, func: FuncId, call: &Signature) -> bool {
    let ir = program.func(func);
    if !ir.decorators.is_empty() {
        return true;
    }
    let in_class = program
        .parent(func)
        .is_some_and(|parent| matches!(program.func(parent).kind, ScopeKind::ClassBody(_)));
    let names = &program.file_of(func).names;
    let fits = |bound: usize| fits(ir, names, call, bound);
    // A method is called on an instance, or on its class with the instance as first argument.
    fits(1) || fits(0) && (!in_class || call.positional > 0 || call.star)
}

/// Whether the arguments fit when the first parameters are `bound` already.
fn fits(ir: &FuncIr, names: &[Name], call: &Signature, bound: usize) -> bool {
    let has = |kind: ParamKind| ir.params.iter().any(|param| param.kind == kind);
    let by_position = |kind: ParamKind| matches!(kind, ParamKind::PositionalOnly | ParamKind::Positional);
    let slots = ir.params.iter().filter(|param| by_position(param.kind)).count();
    let room = has(ParamKind::VarArgs) || call.positional as usize + bound <= slots;
    let by_name = |name: &Name| {
        let named =
            ir.params.iter().filter(|p| matches!(p.kind, ParamKind::Positional | ParamKind::KeywordOnly));
        named.into_iter().any(|param| names[param.name.0 as usize] == *name)
    };
    room && (has(ParamKind::KwArgs) || call.keywords.iter().all(by_name))
}

/// The functions of the program by the names that they answer to.
pub struct Index {
    by_name: FxHashMap<Name, Vec<Closure>>,
    getattr: Vec<Closure>,
}

impl Index {
    /// All functions by the names of their definitions.
    pub fn new(program: &Program) -> Index {
        let mut by_name: FxHashMap<Name, Vec<Closure>> = FxHashMap::default();
        let init = program.names.find("__init__");
        for file in &program.files {
            for (local, ir) in (0..).zip(&file.ir.funcs) {
                let func = Closure { func: FuncId(file.first_func + local), env: None };
                let name = file.names[ir.name.0 as usize];
                if ir.kind != ScopeKind::Function {
                    continue;
                }
                by_name.entry(name).or_default().push(func);
                // A class answers for its constructor.
                if Some(name) == init
                    && let Some(parent) = ir.parent
                    && let ScopeKind::ClassBody(class) = file.ir.funcs[parent.0 as usize].kind
                {
                    let class = file.names[file.ir.classes[class.0 as usize].name.0 as usize];
                    by_name.entry(class).or_default().push(func);
                }
            }
        }
        let getattr = program.names.find("__getattr__").and_then(|name| by_name.get(&name)).cloned();
        Index { by_name, getattr: getattr.unwrap_or_default() }
    }

    /// Adds what the solution holds under some names.
    pub fn add_bound(&mut self, solver: &Solver<'_>, names: &FxHashSet<Name>) {
        for (name, bound) in solver.functions_bound_under(names) {
            let functions = self.by_name.entry(name).or_default();
            if !functions.iter().any(|known| known.func == bound.func && known.env.is_none()) {
                functions.push(bound);
            }
        }
    }

    /// The functions that a call may enter by its name and arguments, in a stable order.
    pub fn candidates(&self, program: &Program, call: &Signature) -> Vec<Closure> {
        let named = self.by_name.get(&call.name).map_or(&[][..], Vec::as_slice);
        let mut found: Vec<Closure> =
            named.iter().copied().filter(|closure| takes(program, closure.func, call)).collect();
        if call.attribute {
            found.extend(&self.getattr);
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}
