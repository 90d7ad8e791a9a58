//! Parameters of constructors that are given objects of different origins.
//!
//! `Service(Mirror())` and `Service(Repo())` make two kinds of services, and what they call differs; an application that makes
//! one `Service(config)` has one kind, whatever classes `config` may have. So a constructor tells its objects apart by the class
//! of an argument only where the text of the program shows that it is given different things: from two names, by two
//! constructors, or something of which the text does not tell where it comes from. A parameter that is passed on comes from
//! where the calls of its function, as far as names tell them, got it.
//!
//! What is put into an object later is not told by its constructor: `first = Bus()`, `second = Bus()`, and handlers are added to each.
//! So the objects that modules make of a class are told apart by where they are made, if there are a few and their class keeps
//! what methods are given.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::namespace::{Binding, Names, unchanged};
use crate::ir::{Arg, FuncIr, Op, ScopeKind, VarDef, VarId};
use crate::link::{ClassId, File, FuncId, ModId, Name, Program};

/// Bases of bases are followed this far to a constructor.
const MAX_BASES: usize = 8;

/// A class of which modules make more objects than this is data.
const MAX_MADE: usize = 16;

/// A parameter: its function and its index.
type Parameter = (FuncId, u32);

/// In place of an index: any parameter. What a function returns, or a constructor makes, differs where one of these does.
const ANY: u32 = u32::MAX;

/// Where an argument comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// A name of a module.
    Named(ModId, Name),
    /// A call of this function.
    Returned(FuncId),
    /// A call of this class.
    Made(ClassId),
    /// A parameter of the function that passes it.
    Passed(Parameter),
    /// Something else: not the same twice.
    Elsewhere,
}

/// What names tell a call to enter.
#[derive(Clone, Copy)]
enum Entered {
    /// The constructor of a class.
    Class(ClassId),
    /// A function of which so many parameters are bound already.
    Function(FuncId, u32),
}

/// What the classes of a file derive from, and its calls: what they enter, and where they stand.
#[derive(Default)]
struct Read {
    bases: Vec<(ClassId, ClassId)>,
    calls: Vec<(Entered, FuncId, u32)>,
    /// The classes that calls in the body of the module make objects of.
    made: Vec<ClassId>,
    /// The classes that keep what methods are given: in attributes, or in containers that the constructor makes.
    stateful: Vec<ClassId>,
}

/// The first base of each class that has one.
type Bases = FxHashMap<ClassId, ClassId>;

/// What is known of a parameter.
#[derive(Default)]
struct Known {
    /// The first origin of what it is given.
    first: Option<Origin>,
    /// Whether it is given things of different origins.
    differs: bool,
    /// The parameters that it is passed on to.
    feeds: Vec<Parameter>,
}

/// What tells the objects apart that a constructor makes.
#[derive(Clone, Default)]
pub struct ToldApart {
    /// For each constructor, the parameters at which the class of an object counts: a bit set.
    params: FxHashMap<FuncId, u32>,
    /// The classes of which modules make several objects that keep what methods are given.
    keeping: FxHashSet<ClassId>,
    /// The classes that have a method of a name that some other class has as well: what is called on one of them may be called
    /// on others.
    classes: Vec<bool>,
}

impl ToldApart {
    /// Whether the class of an object that is passed for a parameter of a constructor counts.
    pub fn by(&self, constructor: FuncId, param: u32, class: ClassId) -> bool {
        let params = self.params.get(&constructor).copied().unwrap_or(0);
        params.checked_shr(param).is_some_and(|bits| bits & 1 == 1) && self.classes[class.0 as usize]
    }

    /// Reads it off the text of a program.
    /// Where attributes are assigned out of sight (`first.__dict__.update(second.__dict__)`), one object may come to hold what
    /// another was given.
    pub(super) fn of(names: &Names<'_>, out_of_sight: bool) -> ToldApart {
        let reads: Vec<Read> = names.program.files.par_iter().map(|file| read(names, file)).collect();
        let bases: Bases = reads.iter().flat_map(|read| read.bases.iter().copied()).collect();
        ToldApart {
            params: parameters(names, &reads, &bases),
            keeping: if out_of_sight { FxHashSet::default() } else { keeping(&reads, &bases) },
            classes: with_others(names.program),
        }
    }

    /// Whether the objects of a class that modules make are told apart by where they are made.
    pub fn by_site(&self, class: ClassId) -> bool {
        self.keeping.contains(&class)
    }
}

/// For each class, whether it has a method of a name that some other class has as well.
fn with_others(program: &Program) -> Vec<bool> {
    let init = program.names.find("__init__");
    let mut methods: FxHashMap<Name, (ClassId, bool)> = FxHashMap::default();
    let each = |visit: &mut dyn FnMut(ClassId, Name)| {
        for file in program.files.iter() {
            for func in file.ir.funcs.iter().filter(|func| func.kind == ScopeKind::Function) {
                let Some(parent) = func.parent else { continue };
                let ScopeKind::ClassBody(class) = file.ir.funcs[parent.0 as usize].kind else { continue };
                let name = file.names[func.name.0 as usize];
                if Some(name) != init {
                    visit(ClassId(file.first_class + class.0), name);
                }
            }
        }
    };
    each(&mut |class, name| {
        let first = methods.entry(name).or_insert((class, false));
        first.1 |= first.0 != class;
    });
    let mut shared = vec![false; program.class_count()];
    each(&mut |class, name| shared[class.0 as usize] |= methods[&name].1);
    shared
}

/// The classes of which modules make several objects, and that keep what methods are given.
fn keeping(reads: &[Read], bases: &Bases) -> FxHashSet<ClassId> {
    let stateful: FxHashSet<ClassId> = reads.iter().flat_map(|read| read.stateful.iter().copied()).collect();
    let mut made: FxHashMap<ClassId, usize> = FxHashMap::default();
    for &class in reads.iter().flat_map(|read| &read.made) {
        *made.entry(class).or_default() += 1;
    }
    let is_stateful = |class: ClassId| {
        let generations = std::iter::successors(Some(class), |class| bases.get(class).copied());
        generations.take(MAX_BASES).any(|class| stateful.contains(&class))
    };
    let several = made.into_iter().filter(|&(_, count)| (2..=MAX_MADE).contains(&count));
    several.map(|(class, _)| class).filter(|&class| is_stateful(class)).collect()
}

/// For each constructor, the parameters that are given objects of different origins: a bit set.
fn parameters(names: &Names<'_>, read: &[Read], bases: &Bases) -> FxHashMap<FuncId, u32> {
    let program = names.program;
    let Some(init) = program.names.find("__init__") else { return FxHashMap::default() };
    let constructor = |class: ClassId| {
        let mut class = class;
        for _ in 0..MAX_BASES {
            match names.of_class(class, init) {
                Some(Binding::Function(function)) => return Some(function),
                Some(_) => return None,
                None => class = *bases.get(&class)?,
            }
        }
        None
    };
    let mut known: FxHashMap<Parameter, Known> = FxHashMap::default();
    let mut constructors: Vec<FuncId> = Vec::new();
    for &(entered, func, index) in read.iter().flat_map(|read| &read.calls) {
        let (function, bound) = match entered {
            Entered::Function(function, bound) => (function, bound),
            Entered::Class(class) => match constructor(class) {
                Some(function) => {
                    constructors.push(function);
                    (function, 1)
                }
                None => continue,
            },
        };
        let (file, ir) = (program.file_of(func), program.func(func));
        let Op::Call { args, .. } = &ir.instrs[index as usize].op else { continue };
        for (param, var) in names.taken_by(file, args, function, bound) {
            let Some(origin) = origin(names, file, (func, ir), var) else { continue };
            let parameter = known.entry((function, param)).or_default();
            let first = *parameter.first.get_or_insert(origin);
            parameter.differs |= first != origin || origin == Origin::Elsewhere;
            let from = match origin {
                Origin::Passed(from) => Some(from),
                Origin::Returned(from) => Some((from, ANY)),
                Origin::Made(class) => constructor(class).map(|from| (from, ANY)),
                Origin::Named(..) | Origin::Elsewhere => None,
            };
            if let Some(from) = from {
                known.entry(from).or_default().feeds.push((function, param));
            }
        }
    }
    spread(&mut known);
    constructors.sort_unstable();
    constructors.dedup();
    let mut apart: FxHashMap<FuncId, u32> = FxHashMap::default();
    for (&(function, param), parameter) in &known {
        if parameter.differs
            && constructors.binary_search(&function).is_ok()
            && let Some(bit) = 1u32.checked_shl(param)
        {
            *apart.entry(function).or_default() |= bit;
        }
    }
    apart
}

/// What is passed on differs where what came in does. A parameter that no call is known to give anything came from anywhere.
fn spread(known: &mut FxHashMap<Parameter, Known>) {
    let differs = |(&parameter, known): (&Parameter, &Known)| {
        (known.differs || known.first.is_none() && parameter.1 != ANY).then_some(parameter)
    };
    let mut open: Vec<Parameter> = known.iter().filter_map(differs).collect();
    while let Some(parameter) = open.pop() {
        let feeds = known.get(&parameter).map_or(Vec::new(), |known| known.feeds.clone());
        let any = (parameter.1 != ANY).then_some((parameter.0, ANY));
        for fed in feeds.into_iter().chain(any) {
            if let Some(fed_known) = known.get_mut(&fed)
                && !fed_known.differs
            {
                fed_known.differs = true;
                open.push(fed);
            }
        }
    }
}

fn read(names: &Names<'_>, file: &File) -> Read {
    let mut read = Read::default();
    for (func, ir) in (file.first_func..).map(FuncId).zip(&file.ir.funcs) {
        for (index, instr) in (0..).zip(&ir.instrs) {
            match &instr.op {
                Op::MakeClass { class, bases, .. } => {
                    // Which of several has the constructor is not asked: the first one mostly.
                    if let Some(Arg::Pos(base)) = bases.first()
                        && let Some(Binding::Class(base)) = names.resolve(file, ir, *base)
                    {
                        read.bases.push((ClassId(file.first_class + class.0), base));
                    }
                }
                Op::StoreAttr { obj, src, .. } => {
                    let parent = ir.parent.map(|parent| file.ir.funcs[parent.0 as usize].kind);
                    let Some(ScopeKind::ClassBody(class)) = parent else { continue };
                    let is_self = ir.vars[unchanged(ir, *obj).0 as usize].def == VarDef::Param(0);
                    let in_constructor = &*file.ir.strings[ir.name.0 as usize] == "__init__";
                    let makes_container = || match ir.vars[unchanged(ir, *src).0 as usize].def {
                        VarDef::Instr(index) => matches!(
                            ir.instrs[index as usize].op,
                            Op::MakeSeq { .. } | Op::MakeDict { .. } | Op::Call { .. }
                        ),
                        _ => false,
                    };
                    if is_self && (!in_constructor || makes_container()) {
                        read.stateful.push(ClassId(file.first_class + class.0));
                    }
                }
                Op::Call { callee, args, .. } => {
                    let entered = match names.resolve(file, ir, *callee) {
                        Some(Binding::Class(class)) => {
                            if ir.kind == ScopeKind::Module {
                                read.made.push(class);
                            }
                            Some(Entered::Class(class))
                        }
                        _ if args.is_empty() => None,
                        Some(_) | None => names
                            .entered(file, ir, *callee)
                            .map(|(function, bound)| Entered::Function(function, bound)),
                    };
                    read.calls.extend(entered.map(|entered| (entered, func, index)));
                }
                _ => {}
            }
        }
    }
    read
}

/// Where an argument comes from; none if it is no object of a class.
fn origin(names: &Names<'_>, file: &File, (func, ir): (FuncId, &FuncIr), var: VarId) -> Option<Origin> {
    let var = unchanged(ir, var);
    if let Some((module, name)) = names.read_from(file, ir, var) {
        return Some(Origin::Named(module, name));
    }
    let index = match ir.vars[var.0 as usize].def {
        VarDef::Instr(index) => index,
        VarDef::Param(param) => return Some(Origin::Passed((func, param))),
        VarDef::Cell | VarDef::Join => return Some(Origin::Elsewhere),
    };
    Some(match ir.instrs[index as usize].op {
        Op::Const { .. }
        | Op::Opaque { .. }
        | Op::Format { .. }
        | Op::Test { .. }
        | Op::MakeSeq { .. }
        | Op::MakeDict { .. }
        | Op::MakeFunc { .. } => return None,
        Op::Call { callee, .. } => match names.resolve(file, ir, callee) {
            Some(Binding::Class(class)) => Origin::Made(class),
            Some(Binding::Function(function)) => Origin::Returned(function),
            _ => Origin::Elsewhere,
        },
        _ => Origin::Elsewhere,
    })
}
