//! Functions that pass on what they take by `*args` and `**kwargs`, as far as their text tells.
//!
//! `def wrapper(*args, **kwargs): return func(*args, **kwargs)` has to keep its calls apart as `func` does, or a decorator that
//! changes nothing would make one of all of them. What solving does with that stands in `shape`; here it is read off the text
//! which functions pass the two on, by which calls, and whether a dict reaches its call as it came.

use super::layout::held;
use super::namespace::{Names, unchanged};
use crate::ir::{Arg, Const, FuncIr, Op, ParamKind, VarDef, VarId};
use crate::link::{File, FuncId, Name, Program};
use rustc_hash::FxHashSet;

/// So many copies, slices and closures are followed from an unpacked variable to the parameter that it is.
const MAX_STEPS: usize = 16;

/// What a function passes on unpacked.
#[derive(Clone, Default, Debug)]
pub struct Forwards {
    /// Whether `*args` is passed on, by a call in the function or in one that is nested in it.
    pub tuple: bool,
    /// Whether `**kwargs` is.
    pub dict: bool,
    /// The calls that pass on parameters of the function.
    pub onward: Vec<Onward>,
    /// The unpacked arguments of calls in the function that are parameters, of it or of one around it.
    pub unpacked: Vec<Unpacked>,
}

/// A call that passes parameters of a function on.
#[derive(Clone, Debug)]
pub struct Onward {
    /// Its instruction, if it stands in the function itself.
    pub index: Option<u32>,
    /// What it calls.
    pub callee: Callee,
    /// What it passes, in order.
    pub args: Vec<Passed>,
}

/// What is known of the callee before anything is solved.
#[derive(Clone, Copy, Debug)]
pub enum Callee {
    /// A cell, so many environments up from the function.
    Free(u32, VarId),
    /// By name: a function, and how many of its parameters are bound already.
    Named(FuncId, u32),
    /// Nothing.
    Other,
}

/// An argument of such a call; the parameter is that of the function that passes it on, none if it is something else.
#[derive(Clone, Copy, Debug)]
pub enum Passed {
    /// By position.
    Pos(Option<u32>),
    /// By keyword.
    Kw(Name, Option<u32>),
    /// The elements of `*args` from an index to below another.
    Star(u32, u32),
    /// The items of `**kwargs`.
    DoubleStar,
    /// Something else unpacked by `*`: what follows has no known position.
    Elements,
    /// Something else unpacked by `**`.
    Items,
}

/// An unpacked argument that is `*args` or `**kwargs` of the function or of one around it.
#[derive(Clone, Debug)]
pub struct Unpacked {
    /// The instruction, and which of its arguments.
    pub index: u32,
    /// Which of its arguments.
    pub argument: u32,
    /// How many environments up the parameter is.
    pub levels: u32,
    /// Elements from the first index to below the second, if it is `*args`.
    pub bounds: Option<(u32, u32)>,
    /// What was done to the dict, if it is `**kwargs`.
    pub dict: DictUse,
}

/// What a function does to the dict of its `**kwargs` beside passing it on.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct DictUse {
    /// It gets away, or loses keys that are not known.
    pub open: bool,
    /// It gets further items, or loses some.
    pub changes: bool,
    /// Keys that it may lose.
    pub removed: Vec<Name>,
}

/// Reads what every function passes on, by function; none for most.
pub(super) fn forwards(program: &Program, names: &Names<'_>) -> Vec<Option<Box<Forwards>>> {
    let mut all: Vec<Option<Box<Forwards>>> = (0..program.func_count()).map(|_| None).collect();
    for file in program.files.iter() {
        let first = file.first_func;
        for (local, ir) in (0..).zip(&file.ir.funcs) {
            for (index, instr) in (0..).zip(&ir.instrs) {
                if let Op::Call { callee, args, .. } = &instr.op {
                    let call = Text { file, names, local };
                    call.read(index, *callee, args, &mut all[first as usize..]);
                }
            }
        }
    }
    all
}

/// Where an unpacked variable comes from.
#[derive(Clone, Copy)]
struct Star {
    /// The function whose parameter it is, in its file.
    owner: u32,
    levels: u32,
    bounds: Option<(u32, u32)>,
}

/// A function of a file, in which calls are read.
struct Text<'p> {
    file: &'p File,
    names: &'p Names<'p>,
    local: u32,
}

impl Text<'_> {
    fn ir(&self, local: u32) -> &FuncIr {
        &self.file.ir.funcs[local as usize]
    }

    /// Follows an unpacked variable to `*args` or `**kwargs`.
    fn star(&self, var: VarId, wanted: ParamKind) -> Option<Star> {
        let (mut local, mut var, mut levels, mut bounds) = (self.local, var, 0, None);
        for _ in 0..MAX_STEPS {
            let ir = self.ir(local);
            let param = match ir.vars[var.0 as usize].def {
                VarDef::Param(param) => param,
                VarDef::Cell => {
                    let held = held(ir, &self.file.ir);
                    held.iter().find(|(cell, _)| *cell == var)?.1
                }
                VarDef::Join => return None,
                VarDef::Instr(index) => {
                    match ir.instrs[index as usize].op {
                        Op::Copy { src, .. } | Op::Narrow { src, .. } => var = src,
                        Op::Slice { obj, bounds: Some(of), .. } if bounds.is_none() => {
                            bounds = Some(of);
                            var = obj;
                        }
                        Op::LoadFree { levels: up, cell, .. } => {
                            local = self.above(local, up)?;
                            levels += up;
                            var = cell;
                        }
                        _ => return None,
                    }
                    continue;
                }
            };
            let bounds = (wanted == ParamKind::VarArgs).then(|| bounds.unwrap_or((0, u32::MAX)));
            return (ir.params[param as usize].kind == wanted).then_some(Star {
                owner: local,
                levels,
                bounds,
            });
        }
        None
    }

    /// The scope so many levels up.
    fn above(&self, local: u32, levels: u32) -> Option<u32> {
        (0..levels).try_fold(local, |local, _| Some(self.ir(local).parent?.0))
    }

    /// Notes what a call passes on: at the functions whose parameters these are, and where it stands.
    fn read(&self, index: u32, callee: VarId, args: &[Arg], of: &mut [Option<Box<Forwards>>]) {
        let ir = self.ir(self.local);
        let free = self.free(callee);
        let unpacks = args.iter().any(|arg| matches!(arg, Arg::Star(_) | Arg::DoubleStar(_)));
        if !unpacks && (free.is_none() || ir.params.is_empty()) {
            return;
        }
        let star = |arg: &Arg| match *arg {
            Arg::Star(var) => self.star(var, ParamKind::VarArgs),
            Arg::DoubleStar(var) => self.star(var, ParamKind::KwArgs),
            Arg::Pos(_) | Arg::Kw(..) => None,
        };
        let stars: Vec<Option<Star>> = args.iter().map(star).collect();
        let own = |var: VarId| match ir.vars[unchanged(ir, var).0 as usize].def {
            VarDef::Param(param) => Some(param),
            _ => None,
        };
        let mut owners: Vec<u32> = stars.iter().flatten().map(|star| star.owner).collect();
        let passes_own =
            || args.iter().any(|arg| matches!(arg, Arg::Pos(v) | Arg::Kw(_, v) if own(*v).is_some()));
        if free.is_some() && !ir.params.is_empty() && passes_own() {
            owners.push(self.local);
        }
        owners.sort_unstable();
        owners.dedup();
        for &owner in &owners {
            let own = |var: VarId| own(var).filter(|_| owner == self.local);
            let passed = args.iter().zip(&stars).map(|(arg, star)| {
                let star = star.filter(|star| star.owner == owner);
                match (*arg, star) {
                    (Arg::Pos(var), _) => Passed::Pos(own(var)),
                    (Arg::Kw(name, var), _) => Passed::Kw(self.file.names[name.0 as usize], own(var)),
                    (Arg::Star(_), Some(Star { bounds: Some((from, until)), .. })) => {
                        Passed::Star(from, until)
                    }
                    (Arg::Star(_), _) => Passed::Elements,
                    (Arg::DoubleStar(_), Some(_)) => Passed::DoubleStar,
                    (Arg::DoubleStar(_), None) => Passed::Items,
                }
            });
            let levels =
                stars.iter().flatten().find(|star| star.owner == owner).map_or(0, |star| star.levels);
            let callee = match free {
                Some((up, cell)) if up > levels => Callee::Free(up - levels, cell),
                Some(_) => Callee::Other,
                None => match self.names.entered(self.file, ir, callee) {
                    Some((func, bound)) => Callee::Named(func, bound),
                    None => Callee::Other,
                },
            };
            let index = (owner == self.local).then_some(index);
            let onward = Onward { index, callee, args: passed.collect() };
            let forwards = of[owner as usize].get_or_insert_default();
            forwards.tuple |= onward.args.iter().any(|arg| matches!(arg, Passed::Star(..)));
            forwards.dict |= onward.args.iter().any(|arg| matches!(arg, Passed::DoubleStar));
            forwards.onward.push(onward);
        }
        for (argument, star) in (0..).zip(stars) {
            let Some(Star { owner, levels, bounds }) = star else { continue };
            let dict = if bounds.is_some() { DictUse::default() } else { self.dict_use(owner) };
            of[self.local as usize].get_or_insert_default().unpacked.push(Unpacked {
                index,
                argument,
                levels,
                bounds,
                dict,
            });
        }
    }

    /// The cell that a callee is read from.
    fn free(&self, callee: VarId) -> Option<(u32, VarId)> {
        let ir = self.ir(self.local);
        match ir.vars[unchanged(ir, callee).0 as usize].def {
            VarDef::Instr(index) => match ir.instrs[index as usize].op {
                Op::LoadFree { levels, cell, .. } => Some((levels, cell)),
                _ => None,
            },
            _ => None,
        }
    }

    /// What happens to `**kwargs` of a function, in it and in the functions nested in it.
    fn dict_use(&self, owner: u32) -> DictUse {
        let mut found = DictUse::default();
        let param = self.ir(owner).params.iter().find(|param| param.kind == ParamKind::KwArgs);
        let Some(param) = param else { return found };
        let mut aliases: FxHashSet<(u32, VarId)> = FxHashSet::default();
        aliases.insert((owner, param.var));
        let mut within = vec![owner];
        let scopes = (owner + 1..).zip(&self.file.ir.funcs[owner as usize + 1..]);
        for (local, ir) in scopes {
            if ir.parent.is_some_and(|parent| within.contains(&parent.0)) {
                within.push(local);
            }
        }
        loop {
            let before = aliases.len();
            for &local in &within {
                for instr in &self.ir(local).instrs {
                    let alias = match instr.op {
                        Op::Copy { dst, src } | Op::Narrow { dst, src, .. } => {
                            aliases.contains(&(local, src)).then_some(dst)
                        }
                        Op::LoadFree { dst, levels, cell } => {
                            let above = self.above(local, levels);
                            above.is_some_and(|above| aliases.contains(&(above, cell))).then_some(dst)
                        }
                        _ => None,
                    };
                    aliases.extend(alias.map(|alias| (local, alias)));
                }
            }
            if aliases.len() == before {
                break;
            }
        }
        for &local in &within {
            for instr in &self.ir(local).instrs {
                self.note_use(local, &instr.op, |var| aliases.contains(&(local, var)), &mut found);
            }
        }
        found
    }

    /// Notes what an instruction does to a dict that some variables hold.
    fn note_use(&self, local: u32, op: &Op, is_dict: impl Fn(VarId) -> bool, found: &mut DictUse) {
        match op {
            Op::Call { args, .. } => {
                found.open |=
                    args.iter().any(|arg| matches!(arg, Arg::Pos(v) | Arg::Kw(_, v) if is_dict(*v)));
            }
            Op::LoadAttr { dst, obj, name } if is_dict(*obj) => {
                match &*self.file.ir.strings[name.0 as usize] {
                    "get" | "items" | "keys" | "values" | "copy" => {}
                    "setdefault" | "update" => found.changes = true,
                    "pop" => match self.popped(local, *dst) {
                        Some(names) => {
                            found.changes = true;
                            found.removed.extend(names);
                        }
                        None => found.open = true,
                    },
                    _ => found.open = true,
                }
            }
            Op::StoreSub { obj, src, .. } => {
                found.changes |= is_dict(*obj);
                found.open |= is_dict(*src);
            }
            Op::MakeDict { items, .. } => {
                found.open |= items.iter().any(|(key, value)| key.is_some() && is_dict(*value));
            }
            Op::MakeSeq { items, .. } => {
                found.open |= items.iter().any(|(item, star)| !star && is_dict(*item));
            }
            Op::MakeFunc { defaults, .. } => found.open |= defaults.iter().any(|(_, var)| is_dict(*var)),
            Op::BinOp { left, right, .. } => found.open |= is_dict(*left) || is_dict(*right),
            Op::StoreGlobal { src, .. }
            | Op::StoreClassName { src, .. }
            | Op::StoreFree { src, .. }
            | Op::StoreAttr { src, .. }
            | Op::Yield { src, .. }
            | Op::Return { src } => found.open |= is_dict(*src),
            // `del kwargs["x"]` does not say what it is about.
            Op::Delete => found.open = true,
            _ => {}
        }
    }

    /// The keys that calls of a `pop` take out, if all of them are constants.
    fn popped(&self, local: u32, pop: VarId) -> Option<Vec<Name>> {
        let ir = self.ir(local);
        let calls = ir.instrs.iter().filter_map(|instr| match &instr.op {
            Op::Call { callee, args, .. } if *callee == pop => Some(&**args),
            _ => None,
        });
        let key = |args: &[Arg]| {
            let Some(Arg::Pos(key)) = args.first() else { return None };
            let VarDef::Instr(index) = ir.vars[unchanged(ir, *key).0 as usize].def else { return None };
            match ir.instrs[index as usize].op {
                Op::Const { value: Const::Str(text), .. } => Some(self.file.names[text.0 as usize]),
                _ => None,
            }
        };
        let keys: Option<Vec<Name>> = calls.map(key).collect();
        keys.filter(|keys| !keys.is_empty())
    }
}
