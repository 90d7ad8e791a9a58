//! Flags: attributes that hold a constant which the class of an object or its constructor decides.
//!
//! `class Loud(Model): notify = True`, and `Store(send=False)` with `self.send = send`: a method of the base that asks `if self.notify` is
//! run in a context of its own for each of them, so the branch that cannot run is not walked. That holds only as long as nothing
//! else may assign the attribute. So an attribute counts if the text of the whole program assigns it nowhere else, under whatever
//! object, and if all classes around it are known; no attribute does where the program assigns some under computed names.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::namespace::{Binding, Names, unchanged};
use super::value::Value;
use crate::ir::{Arg, Cond, Const, FuncIr, GuardId, Op, Operator, ScopeKind, VarDef, VarId};
use crate::link::{self, ClassId, File, FuncId, Name, Program};

/// Bases of bases are followed this far.
const MAX_BASES: usize = 16;

/// What the text of a program says of its flags.
#[derive(Clone, Default)]
pub struct Flags {
    /// Attributes that one constructor alone assigns, from a parameter as it came.
    stored: FxHashMap<Name, (FuncId, u32)>,
    /// The parameters behind these, where the attribute is tested: a bit set for each constructor.
    params: FxHashMap<FuncId, u32>,
    /// The constants of class bodies that nothing else assigns.
    constants: FxHashMap<(ClassId, Name), Value>,
    /// For each class of which all bases are known: these, and its constructor.
    classes: FxHashMap<ClassId, Known>,
}

/// A class of which all bases are classes of the program that names tell, over all generations.
#[derive(Clone)]
struct Known {
    bases: Vec<ClassId>,
    /// The function `__init__` that it has, or inherits.
    constructor: Option<FuncId>,
}

/// What stands in a file.
#[derive(Default)]
struct Read {
    /// Class statements with their bases; none for one that names do not tell.
    bases: Vec<(ClassId, Option<Vec<ClassId>>)>,
    /// Assignments of attributes: the name, and the parameter if one is stored as it came, always.
    stores: Vec<(Name, Option<(FuncId, u32)>)>,
    /// Attributes that are tested.
    tested: Vec<Name>,
    /// Constants of class bodies; none for a name that is bound to something else, or twice.
    constants: Vec<((ClassId, Name), Option<Value>)>,
    /// Texts that stand in it: what is named by a text may be assigned under it.
    texts: Vec<Name>,
    /// Whether it may assign attributes under computed names, or take them away.
    is_dynamic: bool,
    /// Whether it may run a constructor again on an object that there is, or make objects in another way.
    is_constructing: bool,
}

impl Flags {
    /// Whether a program, before the solver gives names of its own, names what assigns attributes under computed names.
    pub(super) fn are_out_of_sight(names: &link::Names) -> bool {
        const NAMES: [&str; 12] = [
            "__dict__",
            "__setattr__",
            "__getattribute__",
            "__bases__",
            "__copy__",
            "__deepcopy__",
            "__delattr__",
            "delattr",
            "exec",
            "eval",
            "locals",
            "vars",
        ];
        NAMES.iter().any(|name| names.find(name).is_some())
    }

    /// Reads them off the text of a program.
    pub(super) fn of(names: &Names<'_>) -> Flags {
        let program = names.program;
        let reads: Vec<Read> = program.files.par_iter().map(|file| read(names, file)).collect();
        if reads.iter().any(|read| read.is_dynamic) {
            return Flags::default();
        }
        let mut flags = Flags { classes: known_classes(names, &reads), ..Flags::default() };
        let mut stores: FxHashMap<Name, Option<(FuncId, u32)>> = FxHashMap::default();
        for &(name, stored) in reads.iter().flat_map(|read| &read.stores) {
            stores.entry(name).and_modify(|known| *known = None).or_insert(stored);
        }
        let mut bound: FxHashMap<(ClassId, Name), Option<Value>> = FxHashMap::default();
        for &(place, constant) in reads.iter().flat_map(|read| &read.constants) {
            bound.entry(place).and_modify(|known| *known = None).or_insert(constant);
        }
        let texts: FxHashSet<Name> = reads.iter().flat_map(|read| read.texts.iter().copied()).collect();
        stores.iter_mut().filter(|(name, _)| texts.contains(name)).for_each(|(_, stored)| *stored = None);
        if reads.iter().any(|read| read.is_constructing) {
            stores.values_mut().for_each(|stored| *stored = None);
        }
        for &(_, name) in bound.keys() {
            // An object that lacks its own attribute has that of its class.
            if let Some(stored) = stores.get_mut(&name) {
                *stored = None;
            }
        }
        flags.constants = bound
            .into_iter()
            .filter(|((_, name), _)| !stores.contains_key(name) && !texts.contains(name))
            .filter_map(|(place, constant)| Some((place, constant?)))
            .collect();
        flags.stored = stores.into_iter().filter_map(|(name, stored)| Some((name, stored?))).collect();
        for name in reads.iter().flat_map(|read| &read.tested) {
            if let Some(&(constructor, param)) = flags.stored.get(name)
                && let Some(bit) = 1u32.checked_shl(param)
            {
                *flags.params.entry(constructor).or_default() |= bit;
            }
        }
        flags
    }

    /// The parameters of a constructor that only end up in attributes which are tested, as a bit set.
    pub fn parameters(&self, constructor: FuncId) -> u32 {
        self.params.get(&constructor).copied().unwrap_or(0)
    }

    /// The parameter of the constructor of a class that its objects hold under an attribute.
    pub fn parameter(&self, class: ClassId, name: Name) -> Option<u32> {
        let &(constructor, param) = self.stored.get(&name)?;
        (self.classes.get(&class)?.constructor == Some(constructor)).then_some(param)
    }

    /// The constant that a class has under an attribute, itself or from a base; none if that is not the same in all
    /// linearisations of its bases.
    pub fn constant(&self, program: &Program, class: ClassId, name: Name) -> Option<Value> {
        let known = self.classes.get(&class)?;
        if program.class_binds(class, name) {
            return self.constants.get(&(class, name)).copied();
        }
        // A class that is a base of two of them is found twice, and is the same.
        let mut found = None;
        for &base in &known.bases {
            if self.has(program, base, name) {
                let constant = self.constant(program, base, name)?;
                if found.is_some_and(|other| other != constant) {
                    return None;
                }
                found = Some(constant);
            }
        }
        found
    }

    /// Whether a class or one of its bases binds a name.
    fn has(&self, program: &Program, class: ClassId, name: Name) -> bool {
        program.class_binds(class, name)
            || self
                .classes
                .get(&class)
                .is_some_and(|known| known.bases.iter().any(|&base| self.has(program, base, name)))
    }
}

/// The classes of which all bases are known.
fn known_classes(names: &Names<'_>, reads: &[Read]) -> FxHashMap<ClassId, Known> {
    let mut bases: FxHashMap<ClassId, Option<&[ClassId]>> = FxHashMap::default();
    for (class, found) in reads.iter().flat_map(|read| &read.bases) {
        bases.entry(*class).and_modify(|known| *known = None).or_insert(found.as_deref());
    }
    let init = names.program.names.find("__init__");
    let mut known = FxHashMap::default();
    for (&class, own) in &bases {
        // All generations: each of them has to be known, and none may be its own base.
        let mut open = vec![(class, 0)];
        let mut all_known = true;
        while let Some((at, depth)) = open.pop() {
            match bases.get(&at) {
                Some(Some(above)) if depth < MAX_BASES => {
                    open.extend(above.iter().map(|&base| (base, depth + 1)));
                }
                _ => {
                    all_known = false;
                    break;
                }
            }
        }
        if let Some(own) = own.filter(|_| all_known) {
            let mut constructor = None;
            let mut at = Some(class);
            // With several bases the first one that has a constructor may not be the one that the MRO gives.
            while let Some(here) = at {
                let bound = init.and_then(|init| names.of_class(here, init));
                at = match (bound, bases.get(&here).copied().flatten()) {
                    (Some(Binding::Function(function)), _) => {
                        constructor = Some(function);
                        None
                    }
                    (None, Some([base])) => Some(*base),
                    _ => None,
                };
            }
            known.insert(class, Known { bases: own.to_vec(), constructor });
        }
    }
    known
}

fn read(names: &Names<'_>, file: &File) -> Read {
    let mut read = Read::default();
    let text = |sym: crate::ir::Sym| &*file.ir.strings[sym.0 as usize];
    for (func, ir) in (file.first_func..).map(FuncId).zip(&file.ir.funcs) {
        for guard in &ir.guards {
            collect_tested(file, ir, &guard.cond, &mut read.tested);
        }
        // How often the function names `setattr`, and how often it calls it under a name that is written there.
        let (mut loaded, mut followed) = (0, 0);
        for (index, instr) in (0..).zip(&ir.instrs) {
            match &instr.op {
                Op::MakeClass { class, bases, .. } => {
                    let is_object = |var: VarId| matches!(defined(ir, var), Some(&Op::LoadGlobal { name, .. }) if text(name) == "object");
                    // What a decorator makes of it is not known: `dataclass` takes the constants of the body for defaults.
                    let is_decorated = !file.ir.classes[class.0 as usize].decorators.is_empty();
                    let mut found = (!is_decorated).then(Vec::new);
                    for base in &**bases {
                        match *base {
                            Arg::Pos(var) if is_object(var) => {}
                            Arg::Pos(var) => match names.resolve(file, ir, var) {
                                Some(Binding::Class(base)) => {
                                    if let Some(found) = &mut found {
                                        found.push(base);
                                    }
                                }
                                _ => found = None,
                            },
                            // A metaclass may do anything.
                            _ => found = None,
                        }
                    }
                    read.bases.push((ClassId(file.first_class + class.0), found));
                }
                Op::StoreAttr { obj, name, src } => {
                    let is_method = ir
                        .parent
                        .is_some_and(|p| matches!(file.ir.funcs[p.0 as usize].kind, ScopeKind::ClassBody(_)));
                    let is_self = ir.vars[unchanged(ir, *obj).0 as usize].def == VarDef::Param(0);
                    let param = match ir.vars[unchanged(ir, *src).0 as usize].def {
                        VarDef::Param(param) => Some((func, param)),
                        _ => None,
                    };
                    // A decorator may pass on something else.
                    let is_constructor = text(ir.name) == "__init__" && ir.decorators.is_empty();
                    let is_plain = is_method && is_self && is_constructor && always_runs(ir, index);
                    read.is_dynamic |= text(*name) == "__class__";
                    read.is_constructing |= matches!(text(*name), "__defaults__" | "__kwdefaults__");
                    read.stores.push((file.names[name.0 as usize], param.filter(|_| is_plain)));
                }
                Op::StoreClassName { name, src } => {
                    let ScopeKind::ClassBody(class) = ir.kind else { continue };
                    let constant = match defined(ir, *src) {
                        Some(Op::Const { value, .. }) if always_runs(ir, index) => match *value {
                            Const::None => Some(Value::None),
                            Const::Bool(truth) => Some(Value::Bool(truth)),
                            Const::Int(int) => Some(Value::Int(int)),
                            Const::Str(sym) => Some(Value::Str(file.names[sym.0 as usize])),
                            Const::Other => None,
                        },
                        _ => None,
                    };
                    let place = (ClassId(file.first_class + class.0), file.names[name.0 as usize]);
                    read.constants.push((place, constant));
                }
                Op::Test { cond, .. } => collect_tested(file, ir, cond, &mut read.tested),
                // The name that `setattr` is called with, if it is written there, is one of the texts.
                Op::Call { callee, args, .. } if matches!(defined(ir, *callee), Some(&Op::LoadGlobal { name, .. }) if text(name) == "setattr") =>
                {
                    let is_text =
                        |var| matches!(defined(ir, var), Some(Op::Const { value: Const::Str(_), .. }));
                    followed += u32::from(matches!(args.get(1), Some(Arg::Pos(var)) if is_text(*var)));
                }
                Op::LoadGlobal { name, .. } if text(*name) == "setattr" => loaded += 1,
                Op::LoadAttr { obj, name, .. } => {
                    read.is_dynamic |= text(*name) == "setattr";
                    let goes_on =
                        text(ir.name) == "__init__" && matches!(defined(ir, *obj), Some(Op::Super { .. }));
                    read.is_constructing |= text(*name) == "__init__" && !goes_on
                        || matches!(text(*name), "__new__" | "__kwdefaults__");
                }
                Op::ImportFrom { name, .. } => read.is_dynamic |= text(*name) == "setattr",
                Op::MakeFunc { func, .. } => {
                    read.is_constructing |= text(file.ir.funcs[func.0 as usize].name) == "__new__";
                }
                Op::Const { value: Const::Str(sym), .. } => {
                    read.is_constructing |= text(*sym) == "__init__";
                    read.texts.push(file.names[sym.0 as usize]);
                }
                // What is taken away from an object leaves that of its class, and what a class body takes away that of its base.
                Op::Delete if matches!(ir.kind, ScopeKind::ClassBody(_)) => read.is_dynamic = true,
                Op::Operate { op: Operator::DeleteAttribute, .. } => read.is_dynamic = true,
                _ => {}
            }
        }
        read.is_dynamic |= loaded > followed;
    }
    read
}

/// Whether an instruction runs whenever its function does: it stands in no branch, no loop over elements and no `try` statement.
fn always_runs(ir: &FuncIr, index: u32) -> bool {
    let before = ir.instrs.iter().take(index as usize);
    ir.instrs[index as usize].guard == GuardId::ALWAYS
        && !before.into_iter().any(|instr| matches!(instr.op, Op::Iter { .. } | Op::With { .. }))
        && !ir.catches.iter().any(|catch| catch.body.contains(&index) || catch.handler.contains(&index))
}

/// The instruction that a variable is the result of.
fn defined(ir: &FuncIr, var: VarId) -> Option<&Op> {
    match ir.vars[unchanged(ir, var).0 as usize].def {
        VarDef::Instr(index) => Some(&ir.instrs[index as usize].op),
        _ => None,
    }
}

/// The names of attributes that a condition tests.
fn collect_tested(file: &File, ir: &FuncIr, cond: &Cond, out: &mut Vec<Name>) {
    match cond {
        Cond::Not(inner) => collect_tested(file, ir, inner, out),
        Cond::And(parts) | Cond::Or(parts) => {
            parts.iter().for_each(|part| collect_tested(file, ir, part, out));
        }
        _ => {
            if let Some(var) = cond.subject()
                && let Some(&Op::LoadAttr { name, .. }) = defined(ir, var)
            {
                out.push(file.names[name.0 as usize]);
            }
        }
    }
}
