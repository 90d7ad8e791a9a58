//! Layout: where the variables of a function live, and which instructions use them (`handing` is what follows from that).
//!
//! The tables belong to the function, not to its instances. A variable that holds the same in every instance, whatever the
//! environment and the context (a constant, a global, an attribute of one), is *shared*: it has one node for the
//! function, and its instruction is run once. The other variables have a node in each instance. No instance has
//! constraints of its own for operands: a new value of a variable is handed to the instructions that the table lists.

use super::graph::{NodeId, Owner};
use super::operator::Live;
use super::value::InstId;
use super::{Inst, Solver};
use crate::ir::{
    BinOp, Const, FileIr, FormatPart, FuncIr, GuardId, Narrowing, Op, Operator, Param, ParamKind, Side,
    VarDef, VarId,
};
use crate::link::{File, FuncId, Name};
use rustc_hash::FxHashSet;
use std::ops::Range;

/// Which operand of an instruction a variable is, for instructions that treat their operands differently.
pub(super) mod role {
    /// The operand that decides: object, source, left side, callee.
    pub const PRIMARY: u8 = 0;
    /// The key of a subscript, the right side of an operation, the class of `isinstance`.
    pub const KEY: u8 = 1;
    /// No operand, but an element of one.
    pub const ELEMENT: u8 = 2;
}

/// A use of a variable.
#[derive(Clone, Copy)]
pub(super) struct Operand {
    pub index: u32,
    pub role: u8,
    /// Whether the instruction assigns a shared variable, so that it is run once.
    pub once: bool,
    pub act: Act,
}

/// What an instruction does with a new value of its operand, as far as the text decides that: most uses are of a few kinds,
/// and this spares looking at the instruction again for each value. Places are those of variables in each instance.
#[derive(Clone, Copy)]
pub(super) enum Act {
    /// Hands it on to a variable.
    Copy { dst: u32 },
    /// Returns it.
    Return,
    /// Calls it; which of the calling instructions this is, and where the result goes.
    Call { number: u32, dst: u32 },
    /// Loads an attribute of it.
    LoadAttr { name: Name, dst: u32 },
    /// Folds all values that its operands have: once for any number of new ones.
    Fold,
    /// Runs a special method of it if it is an object (see `operator`); with `all`, other values matter as well.
    Operate { all: bool },
    /// Something else: see `Solver::on_operand`.
    Other,
}

impl Act {
    fn of(op: &Op, places: &[Packed], names: &[Name], calls: u32) -> Act {
        let own = |var: VarId| match places[var.0 as usize].place() {
            Place::Own(slot) => Some(slot),
            Place::Shared(_) => None,
        };
        let act = match *op {
            Op::Copy { dst, .. } | Op::Await { dst, .. } => own(dst).map(|dst| Act::Copy { dst }),
            Op::Return { .. } => Some(Act::Return),
            Op::Call { dst, .. } => own(dst).map(|dst| Act::Call { number: calls, dst }),
            Op::LoadAttr { dst, name, .. } => {
                own(dst).map(|dst| Act::LoadAttr { name: names[name.0 as usize], dst })
            }
            Op::BinOp { op: BinOp::And | BinOp::Or, .. } => None,
            Op::BinOp { .. } | Op::Format { .. } => Some(Act::Fold),
            _ => None,
        };
        act.unwrap_or(Act::Other)
    }
}

/// Where a variable lives.
enum Place {
    /// In each instance, so far from its first node.
    Own(u32),
    /// Once for the function, so far from the first shared node.
    Shared(u32),
}

/// A [`Place`] in four bytes.
#[derive(Clone, Copy)]
struct Packed(u32);

impl Packed {
    const SHARED: u32 = 1 << 31;

    fn own(slot: usize) -> Packed {
        Packed(slot as u32)
    }

    fn shared(slot: u32) -> Packed {
        Packed(slot | Packed::SHARED)
    }

    #[inline]
    fn place(self) -> Place {
        match self.0 & Packed::SHARED {
            0 => Place::Own(self.0),
            _ => Place::Shared(self.0 & !Packed::SHARED),
        }
    }
}

/// A shared variable.
#[derive(Clone, Copy)]
pub(super) struct SharedVar {
    pub var: VarId,
    /// The instruction that assigns it.
    pub index: u32,
    /// The guard of that instruction: an instance that rules the guard out does not see the variable.
    pub guard: GuardId,
}

/// The tables of a function, empty until it is first called. The uses are packed: those of variable `v` stand from `starts[v]` to `starts[v + 1]`.
#[derive(Default)]
pub(super) struct Layout {
    places: Vec<Packed>,
    pub(super) own: Vec<VarId>,
    own_used: Vec<bool>,
    pub(super) shared: Vec<SharedVar>,
    /// The node of the first shared variable; the others follow.
    pub(super) base: NodeId,
    starts: Vec<u32>,
    pub(super) uses: Vec<Operand>,
    /// Instructions that do something when an instance is installed, ascending; the others wait for values.
    initial: Vec<u32>,
    /// How many instructions call.
    call_count: u32,
    /// The uses of shared variables that each instance makes for itself, or may have to, by place of the variable.
    pub(super) visible: Vec<(u32, Operand)>,
    /// Instructions that make prose, ascending.
    prose: Vec<u32>,
    /// Instructions that load an attribute or a global into a variable that is not shared, ascending.
    loads: Vec<u32>,
    /// Cells that hold a parameter (by index), and nothing else is ever stored in them.
    held: Vec<(VarId, u32)>,
    /// Whether there is `*args` or `**kwargs`.
    pub(super) takes_rest: bool,
}

impl Layout {
    pub(super) fn new(ir: &FuncIr, file: &File, live: Live) -> Layout {
        let names = &file.names;
        let file = &file.ir;
        let (places, own, shared) = places(ir, live);
        let mut once = vec![false; ir.instrs.len()];
        for SharedVar { index, .. } in &shared {
            once[*index as usize] = true;
        }
        let mut all: Vec<(VarId, Operand)> = Vec::with_capacity(ir.instrs.len());
        let mut call_count = 0;
        for (index, (instr, &once)) in (0..).zip(ir.instrs.iter().zip(&once)) {
            let act = Act::of(&instr.op, &places, names, call_count);
            watched(&instr.op, |var, role| all.push((var, Operand { index, role, once, act })));
            operated(&instr.op, live, |var, role, any| {
                // Nothing else than this is ever in it.
                let is_object = match ir.vars[var.0 as usize].def {
                    VarDef::Instr(index) => !matches!(
                        ir.instrs[index as usize].op,
                        Op::Const { .. } | Op::Opaque { .. } | Op::Format { .. }
                    ),
                    _ => true,
                };
                if is_object || any {
                    all.push((var, Operand { index, role, once, act: Act::Operate { all: any } }));
                }
            });
            call_count += u32::from(matches!(instr.op, Op::Call { .. }));
        }
        let mut keys: FxHashSet<VarId> = FxHashSet::default();
        for instr in &ir.instrs {
            keys_of(&instr.op, |var| {
                keys.insert(var);
            });
        }
        let (mut initial, mut loads, mut prose) = (Vec::new(), Vec::new(), Vec::new());
        for (index, (instr, once)) in (0..).zip(ir.instrs.iter().zip(once)) {
            if acts_at_once(&instr.op) && !once {
                initial.push(index);
            }
            match instr.op {
                Op::LoadAttr { .. } | Op::LoadGlobal { .. } if !once => loads.push(index),
                Op::Const { dst, value: Const::Str(text) }
                    if !keys.contains(&dst)
                        && file.strings[text.0 as usize].bytes().any(|byte| byte.is_ascii_whitespace()) =>
                {
                    prose.push(index);
                }
                _ => {}
            }
        }
        all.sort_by_key(|&(var, _)| var.0);
        let mut starts = vec![0u32; ir.vars.len() + 1];
        for (var, _) in &all {
            starts[var.0 as usize + 1] += 1;
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let visible = all
            .iter()
            .filter(|(_, operand)| {
                let op = &ir.instrs[operand.index as usize].op;
                !operand.once || matches!(op, Op::LoadAttr { .. })
            })
            .filter_map(|&(var, operand)| match places[var.0 as usize].place() {
                Place::Own(_) => None,
                Place::Shared(slot) => Some((slot, operand)),
            })
            .collect();
        let uses = all.into_iter().map(|(_, operand)| operand).collect();
        let is_rest = |param: &Param| matches!(param.kind, ParamKind::VarArgs | ParamKind::KwArgs);
        let takes_rest = ir.params.iter().any(is_rest);
        let own_used = own.iter().map(|var| starts[var.0 as usize] != starts[var.0 as usize + 1]).collect();
        Layout {
            places,
            own,
            own_used,
            shared,
            base: NodeId::EMPTY,
            starts,
            uses,
            initial,
            call_count,
            visible,
            prose,
            loads,
            held: held(ir, file),
            takes_rest,
        }
    }

    /// How many nodes an instance has for variables.
    pub(super) fn own_count(&self) -> usize {
        self.own.len()
    }

    /// For each variable with a node in each instance, whether any instruction uses it.
    pub(super) fn own_used(&self) -> &[bool] {
        &self.own_used
    }

    /// Whether a constant is prose: a text with white space that is not used as a key where it stands. Prose names nothing, no
    /// attribute, rule, endpoint or setting, so it counts as any string: messages for people would otherwise make
    /// most of the values and many of the contexts.
    pub(super) fn is_prose(&self, index: u32) -> bool {
        self.prose.binary_search(&index).is_ok()
    }

    /// The instructions to be installed with an instance.
    pub(super) fn initial(&self) -> &[u32] {
        &self.initial
    }

    /// How many instructions call.
    pub(super) fn call_count(&self) -> usize {
        self.call_count as usize
    }

    /// The instructions that load an attribute or a global into a variable that is not shared.
    pub(super) fn loads(&self) -> &[u32] {
        &self.loads
    }

    /// The node of a shared variable; [`NodeId::EMPTY`] for one that is not.
    pub(super) fn shared_node(&self, var: VarId) -> NodeId {
        match self.places[var.0 as usize].place() {
            Place::Own(_) => NodeId::EMPTY,
            Place::Shared(slot) => NodeId(self.base.0 + slot),
        }
    }

    /// The node of a variable in an instance of the function. One that assigns the variable under a guard that it rules out
    /// sees [`NodeId::EMPTY`].
    #[inline]
    pub(super) fn node(&self, inst: &Inst, var: VarId) -> NodeId {
        match self.places[var.0 as usize].place() {
            Place::Own(slot) => NodeId(inst.base.0 + slot),
            Place::Shared(slot) if inst.rules_out(self.shared[slot as usize].guard) => NodeId::EMPTY,
            Place::Shared(slot) => NodeId(self.base.0 + slot),
        }
    }

    /// The parameter that a cell holds, if nothing else is ever stored in it.
    pub(super) fn held(&self, cell: VarId) -> Option<u32> {
        self.held.iter().find(|(held, _)| *held == cell).map(|&(_, param)| param)
    }

    #[inline]
    pub(super) fn of(&self, var: VarId) -> Range<usize> {
        self.starts[var.0 as usize] as usize..self.starts[var.0 as usize + 1] as usize
    }
}

/// Gives each variable its place; also lists the variables of either kind, in the order of their places.
fn places(ir: &FuncIr, live: Live) -> (Vec<Packed>, Vec<VarId>, Vec<SharedVar>) {
    let mut shared_at: Vec<Option<u32>> = vec![None; ir.vars.len()];
    let mut shared: Vec<SharedVar> = Vec::new();
    for (index, instr) in (0..).zip(&ir.instrs) {
        let dst = match instr.op {
            Op::Const { dst, .. } | Op::Opaque { dst } | Op::LoadGlobal { dst, .. } => dst,
            Op::Operate { dst: Some(dst), op, .. } if !live.has(op) => dst,
            Op::LoadAttr { dst, obj: of, .. }
            | Op::Copy { dst, src: of }
            | Op::Await { dst, src: of }
            | Op::Narrow {
                dst,
                src: of,
                by: Narrowing::NotNone | Narrowing::IsNone | Narrowing::Truthy | Narrowing::Falsy,
                ..
            } => match shared_at[of.0 as usize] {
                // An instance that sees the result has to see what it is made of.
                Some(slot) if is_within(ir, instr.guard, shared[slot as usize].guard) => dst,
                _ => continue,
            },
            _ => continue,
        };
        if ir.vars[dst.0 as usize].def == VarDef::Instr(index) {
            shared_at[dst.0 as usize] = Some(shared.len() as u32);
            shared.push(SharedVar { var: dst, index, guard: instr.guard });
        }
    }
    let mut own = Vec::with_capacity(ir.vars.len() - shared.len());
    let places = shared_at
        .iter()
        .enumerate()
        .map(|(var, slot)| match slot {
            Some(slot) => Packed::shared(*slot),
            None => {
                own.push(VarId(var as u32));
                Packed::own(own.len() - 1)
            }
        })
        .collect();
    (places, own, shared)
}

/// The cells of a function that hold a parameter and nothing else.
pub(super) fn held(ir: &FuncIr, file: &FileIr) -> Vec<(VarId, u32)> {
    let mut held: Vec<(VarId, u32)> = Vec::new();
    let mut other: Vec<VarId> = Vec::new();
    for instr in &ir.instrs {
        let Op::Copy { dst, src } = instr.op else { continue };
        if ir.vars[dst.0 as usize].def != VarDef::Cell {
            continue;
        }
        match ir.vars[src.0 as usize].def {
            VarDef::Param(param) if !held.iter().any(|&(cell, _)| cell == dst) => held.push((dst, param)),
            _ => other.push(dst),
        }
    }
    if !held.is_empty() {
        let instrs = file.funcs.iter().flat_map(|func| &func.instrs);
        other.extend(
            instrs.filter_map(|i| if let Op::StoreFree { cell, .. } = i.op { Some(cell) } else { None }),
        );
    }
    held.retain(|(cell, _)| !other.contains(cell));
    held
}

/// Whether a guard is `outer` or stands below it.
fn is_within(ir: &FuncIr, guard: GuardId, outer: GuardId) -> bool {
    let mut at = guard;
    while at != outer && at != GuardId::ALWAYS {
        at = ir.guards[at.0 as usize].parent;
    }
    at == outer
}

/// Calls `each` with the keys of an instruction.
fn keys_of(op: &Op, mut each: impl FnMut(VarId)) {
    match op {
        Op::LoadSub { key, .. } | Op::StoreSub { key, .. } => each(*key),
        Op::MakeDict { items, .. } => items.iter().filter_map(|(key, _)| *key).for_each(each),
        _ => {}
    }
}

/// Calls `each` with the variables whose new values an instruction acts on; `Solver::on_operand` is what it does then.
/// Arguments of calls, elements of containers and defaults flow by constraints of their own.
fn watched(op: &Op, mut each: impl FnMut(VarId, u8)) {
    match op {
        Op::Narrow { src, by: Narrowing::IsInstance(class), .. } => {
            each(*src, role::PRIMARY);
            each(*class, role::KEY);
        }
        Op::Copy { src, .. }
        | Op::Await { src, .. }
        | Op::Narrow { src, .. }
        | Op::StoreGlobal { src, .. }
        | Op::StoreFree { src, .. }
        | Op::Yield { src, .. }
        | Op::Return { src }
        | Op::Iter { src, .. }
        | Op::Unpack { src, .. }
        | Op::Matched { src, .. }
        | Op::YieldFrom { src, .. } => each(*src, role::PRIMARY),
        Op::LoadAttr { obj, .. } | Op::StoreAttr { obj, .. } | Op::Slice { obj, .. } => {
            each(*obj, role::PRIMARY);
        }
        Op::LoadSub { obj, key, .. } | Op::StoreSub { obj, key, .. } => {
            each(*obj, role::PRIMARY);
            each(*key, role::KEY);
        }
        Op::Call { callee, .. } => each(*callee, role::PRIMARY),
        Op::Test { cond, .. } => {
            if let Some(var) = cond.subject() {
                each(var, role::PRIMARY);
            }
        }
        Op::BinOp { left, right, .. } => {
            each(*left, role::PRIMARY);
            each(*right, role::KEY);
        }
        Op::Format { parts, .. } => {
            for part in parts {
                if let FormatPart::Value(var, _) = part {
                    each(*var, role::PRIMARY);
                }
            }
        }
        Op::Raise { exc } => each(*exc, role::PRIMARY),
        Op::Caught { class, .. } => each(*class, role::PRIMARY),
        Op::With { manager, .. } => each(*manager, role::PRIMARY),
        Op::Const { .. }
        | Op::Opaque { .. }
        | Op::Operate { .. }
        | Op::LoadGlobal { .. }
        | Op::LoadClassName { .. }
        | Op::StoreClassName { .. }
        | Op::LoadFree { .. }
        | Op::Super { .. }
        | Op::MakeFunc { .. }
        | Op::MakeClass { .. }
        | Op::MakeSeq { .. }
        | Op::MakeDict { .. }
        | Op::Import { .. }
        | Op::ImportFrom { .. }
        | Op::ImportStar { .. }
        | Op::Delete => {}
    }
}

/// Calls `each` with the variables in which an object may have a special method that an instruction runs, and whether values
/// that are no objects matter as well: `Solver::on_operator` is what it does then.
fn operated(op: &Op, live: Live, mut each: impl FnMut(VarId, u8, bool)) {
    let all = |op: Operator| live.reflects(op) || op == Operator::Contains || op.combines_sets();
    match op {
        Op::Operate { op, left, right, .. } if live.has(*op) => {
            each(*left, role::PRIMARY, all(*op));
            if let Side::Var(right) = right
                && (all(*op) || !op.methods().1.is_empty())
            {
                each(*right, role::KEY, false);
            }
        }
        Op::BinOp { op, left, right, augmented, .. } => {
            if let Some(op) = op.operator(*augmented).filter(|&op| live.has(op)) {
                each(*left, role::PRIMARY, all(op) || live.makes_text(op));
                each(*right, role::KEY, false);
            }
        }
        Op::Test { cond, by: Some(op), .. } if live.has(*op) => {
            if let Some(var) = cond.subject() {
                each(var, role::PRIMARY, *op == Operator::Contains);
            }
        }
        Op::Format { parts, .. } => {
            for part in parts {
                if let FormatPart::Value(var, op) = part
                    && live.has(*op)
                {
                    each(*var, role::PRIMARY, false);
                }
            }
        }
        _ => {}
    }
}

/// Whether an instruction does something without a value of an operand; see `Solver::install_instr`.
fn acts_at_once(op: &Op) -> bool {
    match op {
        // What comes back from these is known before what goes in.
        Op::Yield { .. } | Op::Test { .. } => true,
        Op::Delete | Op::Operate { dst: None, .. } => false,
        _ => {
            let mut waits = false;
            watched(op, |_, _| waits = true);
            !waits
        }
    }
}

impl Solver<'_> {
    /// Makes the layout of a function, if it has none yet.
    pub(super) fn lay_out(&mut self, func: FuncId) {
        if !self.layouts[func.0 as usize].starts.is_empty() {
            return;
        }
        let mut layout = self.ahead.take(self.program, func);
        let used = layout.shared.iter().map(|shared| !layout.of(shared.var).is_empty());
        layout.base = self.graph.block(Owner::Func(func), used);
        self.layouts[func.0 as usize] = layout;
    }

    /// The layout of a function that has instances.
    #[inline]
    pub(super) fn layout(&self, func: FuncId) -> &Layout {
        &self.layouts[func.0 as usize]
    }

    /// The node of a variable of an instance.
    #[inline]
    pub fn var(&self, inst: InstId, var: VarId) -> NodeId {
        let inst = &self.insts[inst.0 as usize];
        match self.layouts.get(inst.func.0 as usize) {
            Some(layout) => layout.node(inst, var),
            None => NodeId::EMPTY,
        }
    }

    /// The shared variable of the function of an instance, which may be none, that has a node.
    fn shared_at(&self, inst: InstId, node: NodeId) -> Option<(FuncId, SharedVar)> {
        let func = self.insts.get(inst.0 as usize)?.func;
        let layout = self.layouts.get(func.0 as usize)?;
        let slot = node.0.checked_sub(layout.base.0)?;
        layout.shared.get(slot as usize).map(|&shared| (func, shared))
    }

    /// Whether a node is that of a shared variable of the function of an instance, which may be none.
    pub(super) fn is_shared(&self, inst: InstId, node: NodeId) -> bool {
        self.shared_at(inst, node).is_some()
    }

    /// Whether a node is that of a variable of the function of an instance which holds a constant and nothing else.
    pub(super) fn is_constant(&self, inst: InstId, node: NodeId) -> bool {
        self.shared_at(inst, node).is_some_and(|(func, SharedVar { index, .. })| {
            let op = &self.program.func(func).instrs[index as usize].op;
            matches!(op, Op::Const { .. } | Op::Opaque { .. } | Op::Operate { .. })
        })
    }
}
