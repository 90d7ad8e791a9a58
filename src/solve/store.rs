//! Attributes that are assigned and deleted.

use super::graph::NodeId;
use super::value::{Value, ValueId};
use super::{Origin, Solver, Use};
use crate::ir::{Op, Side};
use crate::link::Name;

impl Solver<'_> {
    /// `object.name = src`.
    pub(super) fn store_attr(&mut self, object: ValueId, name: Name, src: NodeId, at: Origin) {
        match self.values.get(object) {
            Value::Module(module) => {
                let node = self.global(module, name);
                self.written_from_outside.insert(node);
                self.flow(src, node);
                let field = self.field(object, name);
                self.flow(src, field);
            }
            Value::Inst(..) if name == self.names.dict => {
                // The attributes are what the mapping holds, also later.
                self.assigned_otherwise.insert(object);
                let what = self.primitive(super::primitive::Pending::Namespace { class: object });
                self.watch(src, Use::Primitive { what });
            }
            Value::Inst(..) => {
                if self.live.sets_attributes() {
                    let text = self.values.intern_keyed(Value::Str(name), None);
                    let text = self.constant(text);
                    let ignored = self.graph.node();
                    self.run_special(object, self.names.setattr, &[text, src], ignored, at);
                }
                self.store_on_instance(object, name, src, at);
            }
            Value::Class(..) | Value::Obj(..) | Value::Func(..) => {
                let field = self.field(object, name);
                self.flow(src, field);
            }
            Value::Ext(path) | Value::ExtMethod(_, path) if self.is_named_object(path) => {
                let field = self.field(object, name);
                self.flow(src, field);
            }
            Value::Bound(_, func) | Value::ManagerFunc(func) => self.store_attr(func, name, src, at),
            Value::Unknown => {
                self.stored_on_unknown.insert(name);
            }
            _ => {}
        }
    }

    /// What `object.__setattr__` does.
    pub(super) fn store_on_instance(&mut self, object: ValueId, name: Name, src: NodeId, at: Origin) {
        if let Some(class) = self.class_of(object)
            && self.attribute(class, name).defined
        {
            self.store_property(object, class, name, src, at);
        }
        let field = self.field(object, name);
        self.flow(src, field);
    }

    /// A property with a setter runs it.
    pub(super) fn store_property(
        &mut self,
        object: ValueId,
        class: ValueId,
        name: Name,
        src: NodeId,
        at: Origin,
    ) {
        let raw = self.lookup(class, name);
        let what = self.primitive(super::primitive::Pending::SetProperty { object, src, at });
        self.watch(raw, Use::Primitive { what });
    }

    /// `del object.name`: a descriptor that has `__delete__` runs it.
    pub(super) fn delete_attr(&mut self, at: Origin, object: ValueId) {
        let Op::Operate { right: Side::Str(name), .. } = *self.op(at) else { return };
        let name = self.sym(at.inst, name);
        if let Some(class) = self.class_of(object)
            && self.attribute(class, name).defined
        {
            let raw = self.lookup(class, name);
            let what = self.primitive(super::primitive::Pending::Delete { object, at });
            self.watch(raw, Use::Primitive { what });
        }
    }
}
