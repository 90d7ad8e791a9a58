//! Operands: which instructions of a function use which of its variables.
//!
//! The table belongs to the function, not to its instances: an instance is installed without a constraint of its own for
//! each operand, and a new value of a variable is handed to the instructions that the table lists.

use super::graph::NodeId;
use super::value::InstId;
use super::{Origin, Solver};
use crate::ir::{Const, FormatPart, FuncIr, Op, VarId};
use crate::link::FuncId;
use rustc_hash::FxHashSet;
use std::ops::Range;
use std::rc::Rc;

/// Which operand of an instruction a variable is, for instructions that treat their operands differently.
pub(super) mod role {
    /// The operand that decides: object, source, left side, callee.
    pub const PRIMARY: u8 = 0;
    /// The key of a subscript, the right side of an operation.
    pub const KEY: u8 = 1;
}

/// A use of a variable.
#[derive(Clone, Copy)]
struct Operand {
    index: u32,
    role: u8,
}

/// The uses of all variables of a function, packed: those of variable `v` stand from `starts[v]` to `starts[v + 1]`.
pub(super) struct Operands {
    starts: Vec<u32>,
    uses: Vec<Operand>,
    /// Instructions that make prose, ascending.
    prose: Vec<u32>,
    /// Instructions that load an attribute or a global, ascending.
    loads: Vec<u32>,
}

impl Operands {
    fn new(ir: &FuncIr, strings: &[Box<str>]) -> Operands {
        let mut all: Vec<(VarId, Operand)> = Vec::new();
        for (index, instr) in ir.instrs.iter().enumerate() {
            watched(&instr.op, |var, role| all.push((var, Operand { index: index as u32, role })));
        }
        let keys: FxHashSet<VarId> = ir.instrs.iter().flat_map(|instr| keys(&instr.op)).collect();
        let prose = ir.instrs.iter().enumerate().filter(|(_, instr)| match instr.op {
            Op::Const { dst, value: Const::Str(text) } => {
                strings[text.0 as usize].contains(char::is_whitespace) && !keys.contains(&dst)
            }
            _ => false,
        });
        let prose = prose.map(|(index, _)| index as u32).collect();
        let is_load = |op: &Op| matches!(op, Op::LoadAttr { .. } | Op::LoadGlobal { .. });
        let loads = (0..).zip(&ir.instrs).filter(|(_, instr)| is_load(&instr.op));
        let loads = loads.map(|(index, _)| index).collect();
        all.sort_by_key(|&(var, _)| var.0);
        let mut starts = vec![0u32; ir.vars.len() + 1];
        for (var, _) in &all {
            starts[var.0 as usize + 1] += 1;
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        Operands { starts, uses: all.into_iter().map(|(_, operand)| operand).collect(), prose, loads }
    }

    /// For each variable, whether any instruction uses it.
    pub(super) fn used(&self) -> impl Iterator<Item = bool> + '_ {
        self.starts.windows(2).map(|ends| ends[0] != ends[1])
    }

    /// Whether a constant is prose: a text with white space that is not used as a key where it stands. Prose names nothing, no
    /// attribute, rule, endpoint or setting, so it counts as any string: messages for people would otherwise make
    /// most of the values and many of the contexts.
    pub(super) fn is_prose(&self, index: u32) -> bool {
        self.prose.binary_search(&index).is_ok()
    }

    /// The instructions that load an attribute or a global.
    pub(super) fn loads(&self) -> &[u32] {
        &self.loads
    }

    fn of(&self, var: VarId) -> Range<usize> {
        self.starts[var.0 as usize] as usize..self.starts[var.0 as usize + 1] as usize
    }
}

/// The keys of an instruction.
fn keys(op: &Op) -> Vec<VarId> {
    match op {
        Op::LoadSub { key, .. } | Op::StoreSub { key, .. } => vec![*key],
        Op::MakeDict { items, .. } => items.iter().filter_map(|(key, _)| *key).collect(),
        _ => Vec::new(),
    }
}

/// Calls `each` with the variables whose new values an instruction acts on; `Solver::on_operand` is what it does then.
/// Arguments of calls, elements of containers and defaults flow by constraints of their own.
fn watched(op: &Op, mut each: impl FnMut(VarId, u8)) {
    match op {
        Op::Copy { src, .. }
        | Op::Await { src, .. }
        | Op::Narrow { src, .. }
        | Op::StoreGlobal { src, .. }
        | Op::StoreFree { src, .. }
        | Op::Yield { src, .. }
        | Op::Return { src }
        | Op::Iter { src, .. }
        | Op::Unpack { src, .. }
        | Op::YieldFrom { src, .. } => each(*src, role::PRIMARY),
        Op::LoadAttr { obj, .. } | Op::StoreAttr { obj, .. } | Op::Slice { obj, .. } => {
            each(*obj, role::PRIMARY);
        }
        Op::LoadSub { obj, key, .. } | Op::StoreSub { obj, key, .. } => {
            each(*obj, role::PRIMARY);
            each(*key, role::KEY);
        }
        Op::Call { callee, .. } => each(*callee, role::PRIMARY),
        Op::BinOp { left, right, .. } => {
            each(*left, role::PRIMARY);
            each(*right, role::KEY);
        }
        Op::Format { parts, .. } => {
            for part in parts {
                if let FormatPart::Value(var) = part {
                    each(*var, role::PRIMARY);
                }
            }
        }
        Op::Raise { exc } => each(*exc, role::PRIMARY),
        Op::Caught { class, .. } => each(*class, role::PRIMARY),
        Op::With { manager, .. } => each(*manager, role::PRIMARY),
        Op::Const { .. }
        | Op::Opaque { .. }
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

impl Solver<'_> {
    /// The table of a function, made when it is first asked for.
    pub(super) fn operands(&mut self, func: FuncId) -> Rc<Operands> {
        let program = &self.program;
        let new = || Rc::new(Operands::new(program.func(func), &program.file_of(func).ir.strings));
        Rc::clone(self.operands[func.0 as usize].get_or_insert_with(new))
    }

    /// Hands new values of a variable of an instance to the instructions that use it, unless the context rules them out.
    pub(super) fn hand_to_uses(&mut self, owner: InstId, node: NodeId, unseen: Range<usize>) {
        let inst = &self.insts[owner.0 as usize];
        let (func, var) = (inst.func, VarId(node.0 - inst.base.0));
        let operands = self.operands(func);
        for at in operands.of(var) {
            let Operand { index, role } = operands.uses[at];
            let guard = self.program.func(func).instrs[index as usize].guard;
            if self.insts[owner.0 as usize].dead.get(guard.0 as usize).copied().unwrap_or(false) {
                continue;
            }
            for i in unseen.clone() {
                let value = self.graph.values(node)[i];
                self.on_operand(Origin { inst: owner, index }, role, value);
            }
        }
    }
}
