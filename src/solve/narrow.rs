//! What a test lets through, and what a test tells of a value of which nothing was known.
//!
//! Where `isinstance(x, C)` holds, an untracked `x` is one of the instances of `C` and its subclasses that the program makes:
//! of a class without a base outside of the program nobody else makes any. If none is ever made, `x` stays untracked, as it
//! does where `C` may have instances that the program does not make. Values that are tracked pass or do not pass; a test
//! never adds to them.

use super::graph::NodeId;
use super::layout::role;
use super::value::{ObjKind, Value, ValueId, well_known};
use super::{Filter, Origin, Solver, Use};
use crate::ir::{Narrowing, VarId};

/// Who hears of the instances of a class, and where untracked values wait for there to be one.
#[derive(Default)]
pub(super) struct Instances {
    /// By class, a node with the instances of it and of its subclasses.
    of: rustc_hash::FxHashMap<ValueId, NodeId>,
    /// Results of tests that let such instances through.
    waiting: Vec<(NodeId, NodeId)>,
}

impl Solver<'_> {
    /// A new value of an operand of a narrowing.
    pub(super) fn narrow(
        &mut self,
        at: Origin,
        (dst, src): (VarId, VarId),
        by: Narrowing,
        which: u8,
        value: ValueId,
    ) {
        let Narrowing::IsInstance(class) = by else {
            if self.passes_narrowing(by, value) {
                self.graph.add(self.var(at.inst, dst), value);
            }
            return;
        };
        let (dst, src) = (self.var(at.inst, dst), self.var(at.inst, src));
        if which == role::KEY {
            // A class that comes late lets through what waited for it.
            for i in 0..self.graph.values(src).len() {
                match self.graph.values(src)[i] {
                    well_known::UNKNOWN => self.narrow_unknown(at, value, dst),
                    waiting if self.may_be_instance(waiting, &[value]) => _ = self.graph.add(dst, waiting),
                    _ => {}
                }
            }
            return;
        }
        let classes = self.var(at.inst, class);
        if value != well_known::UNKNOWN {
            if self.may_be_instance(value, self.graph.values(classes)) {
                self.graph.add(dst, value);
            }
            return;
        }
        for i in 0..self.graph.values(classes).len() {
            let class = self.graph.values(classes)[i];
            self.narrow_unknown(at, class, dst);
        }
    }

    /// Whether a value goes through a narrowing that needs nothing but the value.
    pub(super) fn passes_narrowing(&mut self, by: Narrowing, value: ValueId) -> bool {
        match by {
            Narrowing::NotNone => self.passes(Filter::NotNone, value),
            Narrowing::IsNone => self.passes(Filter::IsNone, value),
            Narrowing::Truthy => self.passes(Filter::Truthy, value),
            Narrowing::Falsy => self.passes(Filter::Falsy, value),
            Narrowing::IsInstance(_) | Narrowing::NotInstance(_) => true,
        }
    }

    /// An untracked value is an instance of a class.
    fn narrow_unknown(&mut self, at: Origin, class: ValueId, dst: NodeId) {
        if !self.followed.insert((class, dst)) {
            return;
        }
        match self.values.get(class) {
            Value::Class(..) if self.makes_its_instances(class) => {
                let instances = self.instances_of(class);
                self.flow(instances, dst);
                self.instances.waiting.push((instances, dst));
            }
            Value::Obj(ObjKind::Tuple | ObjKind::List, ..) => {
                let all = self.all(class);
                self.watch(all, Use::Instr { at, role: role::KEY });
            }
            Value::Ext(path) => match self.model(path).and_then(|entry| entry.instance.as_ref()) {
                Some(term) => {
                    let call = self.synthetic_call(at, super::call::Args::new(), dst, None);
                    if let Some(instance) = self.term(term, call, None) {
                        self.flow(instance, dst);
                    }
                    let instances = self.instances_of(class);
                    self.flow(instances, dst);
                }
                None => {
                    self.graph.add(dst, well_known::UNKNOWN);
                }
            },
            _ => {
                self.graph.add(dst, well_known::UNKNOWN);
            }
        }
    }

    /// Whether only the program makes instances of a class: no base of it is a library's.
    pub(super) fn makes_its_instances(&self, class: ValueId) -> bool {
        self.mro(class).iter().all(|&base| match self.values.get(base) {
            Value::Class(..) => true,
            Value::Ext(path) => self.text(path) == "builtins.object",
            Value::Obj(ObjKind::NamedTuple, ..) => true,
            _ => false,
        })
    }

    /// The instances of a class and of its subclasses.
    fn instances_of(&mut self, class: ValueId) -> NodeId {
        if let Some(&node) = self.instances.of.get(&class) {
            return node;
        }
        let node = self.graph.node();
        self.instances.of.insert(class, node);
        self.find_instances(&[class]);
        node
    }

    /// Adds what there is to the nodes of these classes and their bases.
    pub(super) fn find_instances(&mut self, classes: &[ValueId]) {
        if self.instances.of.is_empty() {
            return;
        }
        for number in 0..self.values.len() as u32 {
            let value = ValueId(number);
            if let (Value::Inst(..), Some(class)) = (self.values.get(value), self.class_of(value))
                && self.mro(class).iter().any(|base| classes.contains(base))
            {
                self.add_instance(class, value);
            }
        }
    }

    /// An instance of a class is made.
    pub(super) fn add_instance(&mut self, class: ValueId, instance: ValueId) {
        if self.instances.of.is_empty() {
            return;
        }
        for i in 0..self.mro(class).len() {
            let base = self.mro(class)[i];
            if let Some(&node) = self.instances.of.get(&base) {
                self.graph.add(node, instance);
            }
        }
    }

    /// Lets untracked values through where no instance is made of the class that they are tested against; returns whether
    /// there was any.
    pub(super) fn release_tested(&mut self) -> bool {
        let mut changed = false;
        for (instances, dst) in self.instances.waiting.clone() {
            if self.graph.values(instances).is_empty() {
                changed |= self.graph.add(dst, well_known::UNKNOWN);
            }
        }
        changed
    }
}
