//! Metaclasses of the program (data model, section 3.3.3): what runs when a class is made, and when it is called.
//!
//! `class C(metaclass=M)` runs `M.__new__` and `M.__init__`, and `C()` is `M.__call__(C)`, which comes to the constructor by
//! `super().__call__`. The class itself is what its statement makes, whatever `M.__new__` returns.

use super::call::{Args, Passing};
use super::graph::NodeId;
use super::primitive::Pending;
use super::value::{ObjKind, Value, ValueId, well_known};
use super::{Origin, Solver, Use};
use crate::finding::HopKind;
use crate::ir::{Arg, Op};
use crate::link::Name;
use smallvec::{SmallVec, smallvec};

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
        for metaclass in self.metaclasses_of(class) {
            let what = self.primitive(Pending::Metaclass { class, at });
            self.watch(metaclass, Use::Primitive { what });
        }
    }

    /// Calls a class: by its metaclass, if that has a say in it.
    pub(super) fn call_class(&mut self, call: u32, class: ValueId) {
        let metaclasses = self.metaclasses_of(class);
        if metaclasses.is_empty() {
            self.construct(call, class);
        }
        for metaclass in metaclasses {
            let what = self.primitive(Pending::CallOfClass { call, class });
            self.watch(metaclass, Use::Primitive { what });
        }
    }

    /// Where the metaclasses stand that the class statements of the MRO name. The most derived of them is the metaclass of the class.
    pub(super) fn metaclasses_of(&self, class: ValueId) -> SmallVec<[NodeId; 2]> {
        if self.metaclasses.is_empty() {
            return SmallVec::new();
        }
        self.mro(class).iter().filter_map(|class| self.metaclasses.get(class).copied()).collect()
    }

    /// Whether a value is a metaclass of a class, and none that another one of it derives from.
    fn is_metaclass_of(&self, metaclass: ValueId, class: ValueId) -> bool {
        let derives = |&other: &ValueId| other != metaclass && self.mro(other).contains(&metaclass);
        let others = self.metaclasses_of(class);
        let mut others = others.iter().flat_map(|&node| self.graph.values(node));
        matches!(self.values.get(metaclass), Value::Class(..)) && !others.any(derives)
    }

    /// A metaclass became known of a class that is made.
    pub(super) fn made_by_metaclass(&mut self, class: ValueId, metaclass: ValueId, at: Origin) {
        if !self.is_metaclass_of(metaclass, class) {
            return;
        }
        let made = self.program.names.intern(MADE);
        let made = self.field(metaclass, made);
        self.graph.add(made, class);
        let args = self.arguments_of_metaclass(class, at);
        if self.defines(metaclass, self.names.new) {
            let (ignored, this) = (self.graph.node(), self.constant(metaclass));
            let first: Args = smallvec![(Passing::Pos, this)];
            let call = self.synthetic_call(
                at,
                first.into_iter().chain(args.clone()).collect::<Args>(),
                ignored,
                None,
            );
            let raw = self.lookup(metaclass, self.names.new);
            self.watch(raw, Use::Callee(call));
        }
        if self.defines(metaclass, self.names.init) {
            let ignored = self.graph.node();
            self.call_of_metaclass(at, args, ignored, (metaclass, class), self.names.init);
        }
    }

    /// What a metaclass is called with: the name of the class, its bases, its namespace, and the keywords of its statement. What the
    /// metaclass adds to the namespace is an attribute of the class.
    fn arguments_of_metaclass(&mut self, class: ValueId, at: Origin) -> Args {
        let (bases, namespace) = (self.object(ObjKind::Tuple, at), self.object(ObjKind::Dict, at));
        self.share_slots(class, namespace);
        self.share_slots(namespace, class);
        let arguments = [well_known::ANY_STR, bases, namespace].map(|value| self.constant(value));
        let mut args: Args = arguments.into_iter().map(|node| (Passing::Pos, node)).collect();
        let Op::MakeClass { bases: written, .. } = self.op(at) else { return args };
        let mut place = 0;
        for base in written.clone() {
            let node = self.var(at.inst, base.var());
            match base {
                Arg::Pos(_) => {
                    let element = self.index_name(place);
                    let element = self.field(bases, element);
                    self.flow(node, element);
                    place += 1;
                }
                Arg::Kw(name, _) if self.text(self.sym(at.inst, name)) == "metaclass" => {}
                Arg::Kw(name, _) => args.push((Passing::Kw(self.sym(at.inst, name)), node)),
                Arg::DoubleStar(_) => args.push((Passing::DoubleStar, node)),
                Arg::Star(_) => {}
            }
        }
        args
    }

    /// A metaclass became known of a class that is called.
    pub(super) fn called_by_metaclass(&mut self, call: u32, class: ValueId, metaclass: ValueId) {
        // What the metaclass gives back may be made in ways that are not followed: an object of the class is among it.
        self.construct(call, class);
        if !self.is_metaclass_of(metaclass, class) || !self.defines(metaclass, self.names.call) {
            return;
        }
        let (at, dst) = (self.calls[call as usize].origin, self.calls[call as usize].dst);
        let args = self.args(call);
        self.call_of_metaclass(at, args, dst, (metaclass, class), self.names.call);
    }

    /// An attribute of a class that it and its bases do not have: that of its metaclass, of which the class is an instance.
    pub(super) fn load_from_metaclass(&mut self, class: ValueId, name: Name, dst: NodeId, at: Origin) {
        if self.metaclasses.is_empty() || self.defines(class, name) {
            return;
        }
        for metaclass in self.metaclasses_of(class) {
            let what = self.primitive(Pending::OfMetaclass { class, name, dst, at });
            self.watch(metaclass, Use::Primitive { what });
        }
    }

    /// A metaclass became known of a class of which an attribute is read.
    pub(super) fn load_of_metaclass(
        &mut self,
        (class, metaclass): (ValueId, ValueId),
        name: Name,
        dst: NodeId,
        at: Origin,
    ) {
        if !self.is_metaclass_of(metaclass, class) {
            return;
        }
        if self.defines(metaclass, name) {
            let raw = self.lookup(metaclass, name);
            let what = self.primitive(Pending::BoundToClass { class, metaclass, dst, at });
            self.watch(raw, Use::Primitive { what });
        } else if self.defines(metaclass, self.names.getattr) && !is_special(self.text(name)) {
            let text = self.values.intern_keyed(Value::Str(name), None);
            let args: Args = smallvec![(Passing::Pos, self.constant(text))];
            self.call_of_metaclass(at, args, dst, (metaclass, class), self.names.getattr);
        }
    }

    /// What a metaclass has under a name is read through a class.
    pub(super) fn bind_to_class(
        &mut self,
        raw: ValueId,
        (class, metaclass): (ValueId, ValueId),
        dst: NodeId,
        at: Origin,
    ) {
        let value = match self.values.get(raw) {
            Value::Func(..) => self.bound(class, raw),
            Value::ClassMethod(func) => self.bound(metaclass, func),
            Value::StaticMethod(func) => func,
            Value::Obj(ObjKind::Property, ..) => {
                let (getter, this) = (self.field(raw, self.names.fget), self.constant(class));
                let args: Args = smallvec![(Passing::Pos, this)];
                let call = self.synthetic_call(at, args, dst, Some(HopKind::Property));
                self.watch(getter, Use::Callee(call));
                return;
            }
            _ => raw,
        };
        self.graph.add(dst, value);
    }

    /// Runs a special method of the metaclass of a class on it, as `for x in C` and `C[key]` do. Gives whether the class has a
    /// metaclass at all.
    pub(super) fn run_of_metaclass(
        &mut self,
        class: ValueId,
        name: Name,
        args: &[NodeId],
        dst: NodeId,
        at: Origin,
    ) -> bool {
        let metaclasses = self.metaclasses_of(class);
        if metaclasses.is_empty() {
            return false;
        }
        let method = self.graph.node();
        for metaclass in metaclasses {
            let what = self.primitive(Pending::OfMetaclass { class, name, dst: method, at });
            self.watch(metaclass, Use::Primitive { what });
        }
        let args: Args = args.iter().map(|&node| (Passing::Pos, node)).collect();
        let call = self.synthetic_call(at, args, dst, Some(HopKind::Method));
        self.watch(method, Use::Callee(call));
        true
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

/// Whether a name is that of a special method, which Python does not ask `__getattr__` for.
fn is_special(name: &str) -> bool {
    name.starts_with("__") && name.ends_with("__")
}

/// The field of a metaclass that holds the classes that it makes: what `type.__new__` returns.
const MADE: &str = "__classes__";
