//! Which functions a call may enter if nothing but its name and its arguments is known.
//!
//! A function answers to the name of its definition, and to any name under which the solution holds it as an attribute of
//! an object, a class or a module. A class answers for its constructor. Whatever the name, an attribute of an
//! unknown object may go through the `__getattr__` of some class.

use crate::ir::{Arg, FuncIr, Op, Param, ParamKind, ScopeKind, VarDef};
use crate::link::{FuncId, Name, Program};
use crate::solve::Solver;
use crate::solve::ask::{Closure, Held};
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
    /// Whether there may be more of them, from a `**x`.
    pub double_star: bool,
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
    let mut signature =
        Signature { name, attribute, positional: 0, star: false, keywords: Vec::new(), double_star: false };
    for arg in args {
        match arg {
            Arg::Pos(_) => signature.positional += 1,
            Arg::Star(_) => signature.star = true,
            Arg::Kw(name, _) => signature.keywords.push(names[name.0 as usize]),
            Arg::DoubleStar(_) => signature.double_star = true,
        }
    }
    Callee::Named(signature)
}

/// Whether a function can be called with the arguments of a call, as a method of some receiver or as it is (Python
/// reference, section 6.3.4). Decorators change what a function takes, so a decorated one takes anything, and so does a
/// partial. A function that is defined outside of a class is a method only where it is held as one.
pub fn takes(program: &Program, func: FuncId, call: &Signature, held: Held) -> bool {
    let ir = program.func(func);
    if !ir.decorators.is_empty() || held == Held::Partial {
        return true;
    }
    let in_class = program
        .parent(func)
        .is_some_and(|parent| matches!(program.func(parent).kind, ScopeKind::ClassBody(_)));
    let names = &program.file_of(func).names;
    let optional = |param: usize| has_default(program, func, param);
    let fits = |bound: usize| fits(ir, names, call, bound, &optional);
    // A method is called on an instance, or on its class with the instance as first argument.
    (in_class || held == Held::Method) && fits(1)
        || fits(0) && (!in_class || call.positional > 0 || call.star)
}

/// Whether a parameter (by its place) has a default, which the instruction that makes the function gives it.
fn has_default(program: &Program, func: FuncId, param: usize) -> bool {
    let Some(parent) = program.parent(func) else { return true };
    program.func(parent).instrs.iter().any(|instr| match &instr.op {
        Op::MakeFunc { func: local, defaults, .. } => {
            program.sibling(parent, *local) == func && defaults.iter().any(|&(p, _)| p as usize == param)
        }
        _ => false,
    })
}

/// Whether the arguments fit when the first parameters are `bound` already: there is a parameter for each, and none is left
/// without that needs one.
fn fits(
    ir: &FuncIr,
    names: &[Name],
    call: &Signature,
    bound: usize,
    optional: &dyn Fn(usize) -> bool,
) -> bool {
    let has = |kind: ParamKind| ir.params.iter().any(|param| param.kind == kind);
    let by_position = |kind: ParamKind| matches!(kind, ParamKind::PositionalOnly | ParamKind::Positional);
    let slots = ir.params.iter().filter(|param| by_position(param.kind)).count();
    let given = call.positional as usize + bound;
    let room = has(ParamKind::VarArgs) || given <= slots;
    let by_name = |name: &Name| {
        let named =
            ir.params.iter().filter(|p| matches!(p.kind, ParamKind::Positional | ParamKind::KeywordOnly));
        named.into_iter().any(|param| names[param.name.0 as usize] == *name)
    };
    let filled = |(place, param): (usize, &Param)| {
        let named = || call.double_star || call.keywords.contains(&names[param.name.0 as usize]);
        let filled = match param.kind {
            ParamKind::PositionalOnly => place < given || call.star,
            ParamKind::Positional => place < given || call.star || named(),
            ParamKind::KeywordOnly => named(),
            ParamKind::VarArgs | ParamKind::KwArgs => true,
        };
        filled || optional(place)
    };
    room && (has(ParamKind::KwArgs) || call.keywords.iter().all(by_name))
        && ir.params.iter().enumerate().all(filled)
}

/// The functions of the program by the names that they answer to.
pub struct Index {
    by_name: FxHashMap<Name, Vec<Closure>>,
    getattr: Vec<Closure>,
    /// How functions are held that are not held bare.
    held: FxHashSet<(Name, FuncId, Held)>,
}

impl Index {
    /// All functions by the names of their definitions.
    pub fn new(program: &Program) -> Index {
        let mut by_name: FxHashMap<Name, Vec<Closure>> = FxHashMap::default();
        let init = program.names.find("__init__");
        for file in program.files.iter() {
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
        Index { by_name, getattr: getattr.unwrap_or_default(), held: FxHashSet::default() }
    }

    /// Adds what the solution holds under some names.
    pub fn add_bound(&mut self, solver: &Solver<'_>, names: &FxHashSet<Name>) {
        for (name, bound, held) in solver.functions_bound_under(names) {
            if held != Held::Bare {
                self.held.insert((name, bound.func, held));
            }
            let functions = self.by_name.entry(name).or_default();
            if !functions.iter().any(|known| known.func == bound.func && known.env.is_none()) {
                functions.push(bound);
            }
        }
    }

    /// The functions that a call may enter by its name and arguments, in a stable order.
    pub fn candidates(&self, program: &Program, call: &Signature) -> Vec<Closure> {
        let named = self.by_name.get(&call.name).map_or(&[][..], Vec::as_slice);
        let may_be = |closure: &Closure| {
            let func = closure.func;
            let is_held = |held: Held| held == Held::Bare || self.held.contains(&(call.name, func, held));
            [Held::Bare, Held::Method, Held::Partial]
                .into_iter()
                .any(|held| is_held(held) && takes(program, func, call, held))
        };
        let mut found: Vec<Closure> = named.iter().copied().filter(may_be).collect();
        if call.attribute {
            found.extend(&self.getattr);
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}
