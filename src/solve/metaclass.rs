//! Metaclasses of the program (data model, section 3.3.3): what runs when a class is made, and when it is called.
//!
//! `class C(metaclass=M)` runs `M.__new__` and `M.__init__`, and `C()` is `M.__call__(C)`, which comes to the constructor by
//! `super().__call__`. The class itself is what its statement makes, whatever `M.__new__` returns.

use super::call::{Args, Passing};
use super::graph::NodeId;
use super::primitive::Pending;
use super::value::{ObjKind, Value, ValueId, well_known};
use super::{Origin, Solver, Use};
use crate::ir::{Arg, Op};
use crate::link::Name;

impl Solver<'_> {
    /// Notes the metaclass that the statement of a class names.
    pub(super) fn note_metaclass(&mut self, class: ValueId, at: Origin) {
        let Op::MakeClass { bases, .. } = self.op(at) else { return };
        let mut named = bases.iter().filter_map(|base| match *base {
            Arg::Kw(name, var) if self.text(self.sym(at.inst, name)) == "metaclass" => Some(var),
            _ => None,
        });
        if let Some(var) = named.next() {
            self.metaclasses.insert(class, self.var(at.inst, var));
        }
    }

    /// Runs what the metaclass of a class, its own or that of a base, does when the class is made.
    pub(super) fn make_by_metaclass(&mut self, class: ValueId, at: Origin) {
        if let Some(metaclass) = self.metaclass_of(class) {
            let what = self.primitive(Pending::Metaclass { class, at });
            self.watch(metaclass, Use::Primitive { what });
        }
    }

    /// Calls a class: by its metaclass, if that has a say in it.
    pub(super) fn call_class(&mut self, call: u32, class: ValueId) {
        match self.metaclass_of(class) {
            Some(metaclass) => {
                let what = self.primitive(Pending::CallOfClass { call, class });
                self.watch(metaclass, Use::Primitive { what });
            }
            None => self.construct(call, class),
        }
    }

    /// Where the metaclass of a class stands, if a class statement of the MRO names one.
    fn metaclass_of(&self, class: ValueId) -> Option<NodeId> {
        if self.metaclasses.is_empty() {
            return None;
        }
        self.mro(class).iter().find_map(|class| self.metaclasses.get(class).copied())
    }

    /// A metaclass became known of a class that is made.
    pub(super) fn made_by_metaclass(&mut self, class: ValueId, metaclass: ValueId, at: Origin) {
        if !matches!(self.values.get(metaclass), Value::Class(..)) {
            return;
        }
        let made = self.program.names.intern(MADE);
        let made = self.field(metaclass, made);
        self.graph.add(made, class);
        let name = self.constant(well_known::ANY_STR);
        let (bases, namespace) = (self.object(ObjKind::Tuple, at), self.object(ObjKind::Dict, at));
        let arguments = [name, self.constant(bases), self.constant(namespace)];
        let new = self.program.names.intern("__new__");
        if self.defines(metaclass, new) {
            let ignored = self.graph.node();
            let first = [self.constant(metaclass)];
            let args: Args = first.iter().chain(&arguments).map(|&node| (Passing::Pos, node)).collect();
            let call = self.synthetic_call(at, args, ignored, None);
            let raw = self.lookup(metaclass, new);
            self.watch(raw, Use::Callee(call));
        }
        if self.defines(metaclass, self.names.init) {
            let ignored = self.graph.node();
            let args = arguments.iter().map(|&node| (Passing::Pos, node)).collect();
            self.call_of_metaclass(at, args, ignored, (metaclass, class), self.names.init);
        }
    }

    /// A metaclass became known of a class that is called.
    pub(super) fn called_by_metaclass(&mut self, call: u32, class: ValueId, metaclass: ValueId) {
        // What the metaclass gives back may be made in ways that are not followed: an object of the class is among it.
        self.construct(call, class);
        let is_known = matches!(self.values.get(metaclass), Value::Class(..));
        if !is_known || !self.defines(metaclass, self.names.call) {
            return;
        }
        let (at, dst) = (self.calls[call as usize].origin, self.calls[call as usize].dst);
        let args = self.args(call);
        self.call_of_metaclass(at, args, dst, (metaclass, class), self.names.call);
    }

    /// Calls a method of a metaclass on a class.
    fn call_of_metaclass(
        &mut self,
        at: Origin,
        args: Args,
        dst: NodeId,
        (metaclass, class): (ValueId, ValueId),
        name: Name,
    ) {
        let call = self.synthetic_call(at, args, dst, None);
        let (raw, bound) = (self.lookup(metaclass, name), self.graph.node());
        let what = self.primitive(Pending::InitSubclass { class, dst: bound });
        self.watch(raw, Use::Primitive { what });
        self.watch(bound, Use::Callee(call));
    }
}

/// The field of a metaclass that holds the classes that it makes: what `type.__new__` returns.
const MADE: &str = "__classes__";
