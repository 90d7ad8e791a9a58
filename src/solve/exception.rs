//! Exceptions: what is raised comes to whoever catches its class.
//!
//! An `except` clause sees every exception of its class that is raised anywhere, whether or not the body of its `try` statement
//! gets to the `raise`: exceptions seldom carry code, and where one does, none is missing.

use super::graph::NodeId;
use super::layout::role;
use super::primitive::Pending;
use super::value::{Context, Value, ValueId, well_known};
use super::{Origin, Solver, Use};
use crate::finding::HopKind;

impl Solver<'_> {
    /// `raise value`: a class makes an instance.
    pub(super) fn on_raise(&mut self, at: Origin, value: ValueId) {
        match self.values.get(value) {
            Value::Class(..) => {
                let made = self.graph.node();
                let call = self.synthetic_call(at, Vec::new(), made, Some(HopKind::Constructor));
                self.dispatch(call, value, None);
                let what = self.primitive(Pending::Raised);
                self.watch(made, Use::Primitive { what });
            }
            Value::Inst(..) => self.raised(value),
            _ => {}
        }
    }

    /// An instance of a class of the program is raised.
    pub(super) fn raised(&mut self, exception: ValueId) {
        let Some(class) = self.class_of(exception) else { return };
        for base in self.mro(class).to_vec() {
            if matches!(self.values.get(base), Value::Class(..)) {
                let node = self.raised_of(base);
                self.graph.add(node, exception);
            }
        }
    }

    /// The exceptions of a class that are raised.
    fn raised_of(&mut self, class: ValueId) -> NodeId {
        if let Some(&node) = self.raised.get(&class) {
            return node;
        }
        let node = self.graph.node();
        self.raised.insert(class, node);
        node
    }

    /// `except class as dst`.
    pub(super) fn caught(&mut self, at: Origin, class: ValueId, dst: NodeId) {
        if matches!(self.values.get(class), Value::Obj(..)) {
            if self.followed.insert((class, dst)) {
                let all = self.all(class);
                self.watch(all, Use::Instr { at, role: role::PRIMARY });
            }
            return;
        }
        self.caught_by(class, dst, at);
    }

    /// What an exception of a class is that comes to a handler: those that the program raises, and one of which nothing else is
    /// known.
    pub(super) fn caught_by(&mut self, class: ValueId, dst: NodeId, at: Origin) {
        let exception = match self.values.get(class) {
            Value::Class(..) => {
                let raised = self.raised_of(class);
                self.flow(raised, dst);
                let key = self.values.class_key(class, Context::new());
                self.instance_value(key, at)
            }
            Value::Ext(path) => {
                let text = format!("{}()", self.text(path));
                self.ext_value(&text)
            }
            _ => well_known::UNKNOWN,
        };
        self.graph.add(dst, exception);
    }
}
