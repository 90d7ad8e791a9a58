//! Handing: new values of variables go to the instructions that use them.

use super::graph::{NodeId, Owner};
use super::layout::{Act, Operand, SharedVar};
use super::value::{InstId, Value, ValueId, well_known};
use super::{Inst, Origin, Solver};
use crate::ir::Op;
use std::ops::Range;

impl Solver<'_> {
    /// Hands new values of a variable to the instructions that use it, unless the context rules them out.
    pub(super) fn hand_to_uses(&mut self, owner: Owner, node: NodeId, unseen: Range<usize>) {
        match owner {
            Owner::Nobody => {}
            Owner::Inst(inst) => {
                let Inst { func, base, .. } = self.insts[inst.0 as usize];
                let layout = self.layout(func);
                for i in layout.of(layout.own[(node.0 - base.0) as usize]) {
                    self.hand_to_use(inst, self.layout(func).uses[i], node, unseen.clone());
                }
            }
            Owner::Func(func) => {
                let instances = std::mem::take(&mut self.installed[func.0 as usize]);
                let layout = self.layout(func);
                let SharedVar { var, guard, .. } = layout.shared[(node.0 - layout.base.0) as usize];
                for i in layout.of(var) {
                    let operand = self.layout(func).uses[i];
                    if !self.matters(operand, node, unseen.clone()) {
                        continue;
                    }
                    if operand.once {
                        self.hand_to_shared(&instances, operand.index, node, unseen.clone());
                        continue;
                    }
                    for &inst in &instances {
                        // `a or b` is not ruled out where `b` is: the instance does not see `b`.
                        if !self.insts[inst.0 as usize].rules_out(guard) {
                            self.hand_to_use(inst, operand, node, unseen.clone());
                        }
                    }
                }
                self.installed[func.0 as usize] = instances;
            }
        }
    }

    /// Whether the context of an instance rules an instruction out.
    #[inline]
    pub(super) fn is_dead(&self, at: Origin) -> bool {
        let inst = &self.insts[at.inst.0 as usize];
        !inst.dead.is_empty() && inst.rules_out(self.program.func(inst.func).instrs[at.index as usize].guard)
    }

    /// Whether any of some values matters to an operand: to most operators only objects do.
    #[inline]
    fn matters(&self, operand: Operand, node: NodeId, values: Range<usize>) -> bool {
        !matches!(operand.act, Act::Operate { all: false })
            || self.graph.values(node)[values]
                .iter()
                .any(|&value| matches!(self.values.get(value), Value::Inst(..)))
    }

    fn hand_to_use(&mut self, inst: InstId, operand: Operand, node: NodeId, values: Range<usize>) {
        let at = Origin { inst, index: operand.index };
        if self.is_dead(at) {
            return;
        }
        let Inst { base, ret, .. } = self.insts[inst.0 as usize];
        if let Act::LoadAttr { name, dst } = operand.act
            && values.len() > 1
        {
            self.load_attr_of_all((node, values), name, NodeId(base.0 + dst), at);
            return;
        }
        for i in values {
            let value = self.graph.values(node)[i];
            match operand.act {
                Act::Copy { dst } => {
                    self.graph.add(NodeId(base.0 + dst), value);
                }
                Act::Return => {
                    self.graph.add(ret, value);
                }
                Act::Call { number, dst } => {
                    let call = self.call_of_instr(at, number, NodeId(base.0 + dst));
                    self.dispatch(call, value, None);
                }
                Act::LoadAttr { name, dst } => self.load_attr(value, name, NodeId(base.0 + dst), at),
                Act::Fold => {
                    self.on_operand(at, operand.role, value);
                    break;
                }
                Act::Operate { all } => {
                    if all || matches!(self.values.get(value), Value::Inst(..)) {
                        self.on_operator(at, operand.role, value);
                    }
                }
                Act::Other => self.on_operand(at, operand.role, value),
            }
        }
    }

    /// Runs the instruction of a shared variable on new values of its operand, for all instances of the function.
    fn hand_to_shared(&mut self, instances: &[InstId], index: u32, node: NodeId, values: Range<usize>) {
        let Some(&first) = instances.first() else { return };
        let at = Origin { inst: first, index };
        let func = self.insts[first.0 as usize].func;
        for i in values {
            let value = self.graph.values(node)[i];
            let (dst, passes) = match *self.op(at) {
                Op::Copy { dst, .. } | Op::Await { dst, .. } => (dst, true),
                Op::Narrow { dst, by, .. } => (dst, self.passes_narrowing(by, value)),
                Op::LoadAttr { dst, name, .. } => {
                    let (dst, name) = (self.layout(func).shared_node(dst), self.sym(first, name));
                    if !self.needs_site(value) {
                        self.load_attr(value, name, dst, at);
                        continue;
                    }
                    for at in instances.iter().map(|&inst| Origin { inst, index }) {
                        if !self.is_dead(at) {
                            self.load_attr(value, name, dst, at);
                        }
                    }
                    continue;
                }
                _ => continue,
            };
            if passes {
                let dst = self.layout(func).shared_node(dst);
                self.graph.add(dst, value);
            }
        }
    }

    /// Whether loading an attribute of a value may call something, so that it matters which instance does it.
    fn needs_site(&self, value: ValueId) -> bool {
        if self.live.has_descriptors() && matches!(self.values.get(value), Value::Class(..)) {
            return true;
        }
        !matches!(
            self.values.get(value),
            Value::Module(_)
                | Value::Class(..)
                | Value::Ext(_)
                | Value::ExtMethod(..)
                | Value::Setting(_)
                | Value::Str(_)
                | Value::AnyStr
                | Value::Unknown
                | Value::Opaque
                | Value::None
                | Value::Bool(_)
                | Value::Int(_)
        )
    }

    /// Installs the shared part of a function with its first instance, and shows each instance what is there already.
    pub(super) fn install_shared(&mut self, inst: InstId) {
        let func = self.insts[inst.0 as usize].func;
        if self.installed[func.0 as usize].is_empty() {
            self.newly_shared.push(func);
            for slot in 0..self.layout(func).shared.len() {
                let layout = self.layout(func);
                let (index, node) = (layout.shared[slot].index, NodeId(layout.base.0 + slot as u32));
                self.install_constant(Origin { inst, index }, node);
            }
        }
        self.installed[func.0 as usize].push(inst);
        for i in 0..self.layout(func).visible.len() {
            let layout = self.layout(func);
            let (slot, operand) = layout.visible[i];
            let (node, guard) = (NodeId(layout.base.0 + slot), layout.shared[slot as usize].guard);
            let seen = self.graph.seen(node);
            if seen == 0
                || !self.matters(operand, node, 0..seen)
                || self.insts[inst.0 as usize].rules_out(guard)
            {
                continue;
            }
            if !operand.once {
                self.hand_to_use(inst, operand, node, 0..seen);
                continue;
            }
            let at = Origin { inst, index: operand.index };
            let Op::LoadAttr { dst, name, .. } = *self.op(at) else { continue };
            for i in 0..seen {
                let value = self.graph.values(node)[i];
                if self.needs_site(value) && !self.is_dead(at) {
                    let (dst, name) = (self.layout(func).shared_node(dst), self.sym(inst, name));
                    self.load_attr(value, name, dst, at);
                }
            }
        }
    }

    /// Gives loads of shared variables that found nothing an untracked value; returns whether there was any.
    pub(super) fn release_shared(&mut self) -> bool {
        let mut changed = false;
        let mut waiting = std::mem::take(&mut self.waiting_shared);
        for func in std::mem::take(&mut self.newly_shared) {
            waiting.extend((0..self.layout(func).shared.len() as u32).map(|slot| (func, slot)));
        }
        waiting.sort_unstable();
        waiting.retain(|&(func, slot)| {
            let layout = self.layout(func);
            let (shared, node) = (layout.shared[slot as usize], NodeId(layout.base.0 + slot));
            if !self.graph.values(node).is_empty() {
                return false;
            }
            let fed = match self.program.func(func).instrs[shared.index as usize].op {
                Op::LoadAttr { obj, name, .. } => {
                    let name = self.program.file_of(func).names[name.0 as usize];
                    self.may_find_more(layout.shared_node(obj), name)
                }
                Op::LoadGlobal { .. } => true,
                _ => false,
            };
            let is_seen = |&inst: &InstId| !self.is_dead(Origin { inst, index: shared.index });
            let released = fed && self.installed[func.0 as usize].iter().any(is_seen);
            if released {
                self.graph.add(node, well_known::UNKNOWN);
                changed = true;
            }
            !released
        });
        self.waiting_shared = waiting;
        changed
    }
}
