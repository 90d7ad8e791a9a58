//! Classes that a call makes: `type(name, bases, namespace)` (library reference, "Built-in Functions", `type`).
//!
//! Such a class is told apart by the place of the call and the instance that runs it, as a class statement is. It is there
//! when each base and the namespace have a value. What its namespace holds are its attributes: values under keys that are
//! not known answer to every name, and then do not hide what a base has.

use super::call::Call;
use super::class::{ClassInfo, ClassOrigin};
use super::graph::NodeId;
use super::primitive::Pending;
use super::value::{AllocSite, ClassDef, ObjKind, Value, ValueId, well_known};
use super::{Solver, Use};
use crate::ir::{Const, ContainerKind, Op, VarDef};
use crate::link::{FuncId, Name};

/// What a call makes a class of.
pub(super) struct Made {
    /// Its name.
    name: NodeId,
    /// The names that every namespace seen so far certainly has; none before the first.
    has: Option<Vec<Name>>,
}

impl Made {
    /// Whether a namespace is known.
    pub(super) fn has_namespace(&self) -> bool {
        self.has.is_some()
    }

    /// Whether the class certainly has an attribute of its own.
    pub(super) fn has(&self, name: Name) -> bool {
        self.has.as_ref().is_some_and(|has| has.contains(&name))
    }
}

impl Solver<'_> {
    /// `type(name, bases, namespace)`.
    pub(super) fn make_class_by_call(&mut self, call: u32, name: NodeId, bases: NodeId, namespace: NodeId) {
        let what = self.primitive(Pending::ClassOf { call, name, namespace });
        self.watch(bases, Use::Primitive { what });
    }

    /// The bases that a class is made with. A tuple that is not written out says neither how many there are nor in which order:
    /// then nothing is known of the class.
    pub(super) fn class_of_bases(&mut self, call: u32, name: NodeId, namespace: NodeId, bases: ValueId) {
        let Call { origin, dst, .. } = self.calls[call as usize];
        let Some(count) = self.display_length(bases) else {
            self.graph.add(dst, well_known::UNKNOWN);
            return;
        };
        let home = self.home(origin.inst);
        let class = self.values.intern_self_keyed(Value::Class(ClassDef::Call(self.site(origin)), home));
        match self.classes.get(&class) {
            // Other bases at the same place: alternatives, if they are as many.
            Some(first) if first.bases.len() == count => {
                let made = first.dst;
                self.flow(made, dst);
            }
            Some(_) => {
                self.graph.add(dst, well_known::UNKNOWN);
                return;
            }
            None => {
                let made = ClassOrigin::Made(Made { name, has: None });
                self.classes.insert(class, ClassInfo::new(class, count, dst, origin, made));
            }
        }
        for slot in 0..count as u32 {
            let element = self.index_name(slot);
            let element = self.field(bases, element);
            self.watch(element, Use::Base { class, slot });
        }
        let what = self.primitive(Pending::Namespace { class });
        self.watch(namespace, Use::Primitive { what });
    }

    /// A namespace of a class that a call makes.
    pub(super) fn on_namespace(&mut self, class: ValueId, namespace: ValueId) {
        if matches!(self.values.get(class), Value::Inst(..)) {
            self.share_namespace(class, namespace);
            return;
        }
        let keys = self.display_keys(namespace);
        match self.values.get(namespace) {
            Value::Obj(ObjKind::Dict, ..) => self.share_slots(namespace, class),
            Value::None => return,
            _ => {
                let rest = self.rest(class);
                self.graph.add(rest, well_known::UNKNOWN);
            }
        }
        if let Some(made) = self.classes.get_mut(&class).and_then(ClassInfo::made_mut) {
            made.has = Some(match made.has.take() {
                Some(mut has) => {
                    has.retain(|name| keys.contains(name));
                    has
                }
                None => keys,
            });
            self.class_changed(class);
        }
    }

    /// A mapping that holds the attributes of an object: `object.__dict__ = mapping`.
    fn share_namespace(&mut self, object: ValueId, mapping: ValueId) {
        if matches!(self.values.get(mapping), Value::Obj(ObjKind::Dict, ..)) {
            self.share_slots(mapping, object);
            self.share_slots(object, mapping);
        }
    }

    /// Whether a class or a base of it is made by a call, so that it may have attributes of any name.
    pub(super) fn may_have_any(&self, class: ValueId) -> bool {
        self.mro(class).iter().any(|&c| matches!(self.values.get(c), Value::Class(ClassDef::Call(_), _)))
    }

    /// The node with the name of a class that a call makes.
    pub(super) fn made_name_node(&self, class: ValueId) -> Option<NodeId> {
        self.classes.get(&class).and_then(ClassInfo::made).map(|made| made.name)
    }

    pub(super) fn made_name(&self, class: ValueId) -> String {
        let names = self.made_name_node(class).map_or(&[][..], |node| self.graph.values(node));
        let text = |&name: &ValueId| match self.values.get(name) {
            Value::Str(text) => Some(self.text(text).to_owned()),
            _ => None,
        };
        names.iter().find_map(text).unwrap_or_default()
    }

    /// The instruction of an allocation site.
    pub(super) fn allocation(&self, site: AllocSite) -> Option<(FuncId, &Op)> {
        let func = FuncId(site.func);
        let known = (func.0 as usize) < self.program.func_count();
        let instr = known.then(|| self.program.func(func).instrs.get(site.index as usize)).flatten()?;
        Some((func, &instr.op))
    }

    /// How many elements a tuple has that is written out.
    pub(super) fn display_length(&self, tuple: ValueId) -> Option<usize> {
        let Value::Obj(ObjKind::Tuple, site, _) = self.values.get(tuple) else { return None };
        match self.allocation(site)?.1 {
            Op::MakeSeq { kind: ContainerKind::Tuple, items, comprehension: false, .. } => {
                items.iter().all(|(_, starred)| !starred).then_some(items.len())
            }
            _ => None,
        }
    }

    /// The constant keys of a dict display.
    fn display_keys(&self, dict: ValueId) -> Vec<Name> {
        let Value::Obj(ObjKind::Dict, site, _) = self.values.get(dict) else { return Vec::new() };
        let Some((func, Op::MakeDict { items, .. })) = self.allocation(site) else { return Vec::new() };
        let (ir, file) = (self.program.func(func), self.program.file_of(func));
        let constant = |(key, _): &(Option<crate::ir::VarId>, crate::ir::VarId)| {
            let VarDef::Instr(index) = ir.vars[key.as_ref()?.0 as usize].def else { return None };
            match ir.instrs[index as usize].op {
                Op::Const { value: Const::Str(text), .. } => Some(file.names[text.0 as usize]),
                _ => None,
            }
        };
        items.iter().filter_map(constant).collect()
    }
}
