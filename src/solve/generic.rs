//! Generic functions: which implementation a call enters is decided by the class of its first argument.
//!
//! Source: Python library reference, `functools.singledispatch` and `singledispatchmethod`. An implementation takes the arguments that may be
//! instances of the class that it is registered for; the function that was there first takes any.

use super::graph::NodeId;
use super::primitive::Pending;
use super::value::{ObjKind, Value, ValueId};
use super::{Origin, Solver, Use};
use crate::link::Name;

/// The primitive that is a generic function.
pub(super) const GENERIC: &str = "singledispatch";

/// The primitive that registers an implementation with one, and the decorator that it returns.
pub(super) const REGISTERS: &str = "singledispatch_register";

/// The primitive that is an implementation for the instances of a class.
pub(super) const IMPLEMENTATION: &str = "singledispatch_implementation";

/// The field of a decorator or implementation that holds the class.
const CLASS: &str = "class";

/// The field of a generic function that says whether it is a method.
const METHOD: &str = "method";

impl Solver<'_> {
    /// `singledispatch(function)`.
    pub(super) fn make_generic(&mut self, call: u32, is_method: bool) {
        let (origin, dst) = (self.calls[call as usize].origin, self.calls[call as usize].dst);
        let object = self.primitive_object(GENERIC, origin);
        if let Some(first) = self.argument(call, Some(0), Some("func")) {
            let func = self.field(object, self.names.func);
            self.flow(first, func);
        }
        if is_method {
            let name = self.program.names.intern(METHOD);
            let field = self.field(object, name);
            self.graph.add(field, super::value::well_known::TRUE);
        }
        self.graph.add(dst, object);
    }

    /// `generic.register(cls, function)`, `generic.register(cls)` and `generic.register(function)`.
    pub(super) fn register_with(&mut self, call: u32, generic: ValueId, first: NodeId) {
        let (at, dst) = (self.calls[call as usize].origin, self.calls[call as usize].dst);
        match self.argument(call, Some(1), Some("func")) {
            Some(function) => {
                self.add_implementation(generic, Some(first), function, at);
                self.flow(function, dst);
            }
            None => {
                let what = self.primitive(Pending::Dispatched { generic, dst, at });
                self.watch(first, Use::Primitive { what });
            }
        }
    }

    /// What `generic.register(value)` makes of a value: of a function with annotations an implementation, of a class the decorator of one.
    pub(super) fn register_implementation(
        &mut self,
        generic: ValueId,
        value: ValueId,
        dst: NodeId,
        at: Origin,
    ) {
        match self.values.get(value) {
            Value::Func(..) | Value::Bound(..) | Value::StaticMethod(_) | Value::ClassMethod(_) => {
                let class = self.annotated_class(generic, value);
                let function = self.constant(value);
                self.add_implementation(generic, class, function, at);
                self.graph.add(dst, value);
            }
            _ => {
                let decorator = self.primitive_object(REGISTERS, at);
                let class = self.class_field(decorator);
                self.graph.add(class, value);
                let generics = self.field(decorator, self.names.func);
                self.graph.add(generics, generic);
                self.graph.add(dst, decorator);
            }
        }
    }

    /// A decorator that registers what it decorates, and returns it.
    pub(super) fn implement(&mut self, decorator: ValueId, function: NodeId, dst: NodeId) {
        let Value::Obj(_, site, inst) = self.values.get(decorator) else { return };
        let (generics, class) = (self.field(decorator, self.names.func), self.class_field(decorator));
        for generic in self.graph.values(generics).to_vec() {
            self.add_implementation(generic, Some(class), function, Origin { inst, index: site.index });
        }
        self.flow(function, dst);
    }

    /// Adds an implementation for a class, or for whatever comes.
    fn add_implementation(&mut self, generic: ValueId, class: Option<NodeId>, function: NodeId, at: Origin) {
        let implementations = self.field(generic, self.names.func);
        let Some(class) = class else {
            self.flow(function, implementations);
            return;
        };
        let object = self.primitive_object(IMPLEMENTATION, at);
        let (func, own) = (self.field(object, self.names.func), self.class_field(object));
        self.flow(function, func);
        self.flow(class, own);
        let method = self.program.names.intern(METHOD);
        let (said, own) = (self.field(generic, method), self.field(object, method));
        self.flow(said, own);
        self.graph.add(implementations, object);
    }

    /// The class of the language that the annotation of the first argument names.
    fn annotated_class(&mut self, generic: ValueId, function: ValueId) -> Option<NodeId> {
        let place = self.dispatched_place(generic);
        let Value::Func(func, _) = self.values.get(function) else { return None };
        let annotation = self.program.func(func).params.get(place as usize)?.annotation?;
        let name = self.program.file_of(func).names[annotation.0 as usize];
        let path = self.dotted_name("builtins", name);
        is_plain(self.text(path)).then(|| {
            let class = self.ext_named(path);
            self.constant(class)
        })
    }

    /// The place of the argument that decides: behind the receiver of a method.
    fn dispatched_place(&mut self, object: ValueId) -> u32 {
        let method = self.program.names.intern(METHOD);
        let said = self.existing_field(object, method);
        u32::from(said.is_some_and(|said| !self.graph.values(said).is_empty()))
    }

    fn class_field(&mut self, object: ValueId) -> NodeId {
        let name: Name = self.program.names.intern(CLASS);
        self.field(object, name)
    }

    /// An implementation is called: with what may be an instance of its class.
    pub(super) fn call_implementation(&mut self, call: u32, object: ValueId) {
        let place = self.dispatched_place(object) as usize;
        let (func, class) = (self.field(object, self.names.func), self.class_field(object));
        let mut args = self.args(call);
        let positional = |passing| matches!(passing, super::call::Passing::Pos);
        let call = if args.len() > place && args[..=place].iter().all(|&(passing, _)| positional(passing)) {
            let (given, fitting) = (args[place].1, self.graph.node());
            args[place].1 = fitting;
            let what = self.primitive(Pending::Fits { value: given, class, dst: fitting });
            self.watch(given, Use::Primitive { what });
            self.watch(class, Use::Primitive { what });
            self.with_args(call, args)
        } else {
            call
        };
        self.watch(func, Use::Callee(call));
    }

    /// Whether a value may be an instance of a class, which may be one of the language.
    pub(super) fn may_be_of(&self, value: ValueId, class: ValueId) -> bool {
        let path = match self.values.get(class) {
            Value::Ext(path) => Some(self.text(path)),
            Value::Class(..) => None,
            _ => return true,
        };
        let own = match self.values.get(value) {
            Value::Inst(..) => {
                let Some(own) = self.class_of(value) else { return true };
                return self.mro(own).contains(&class)
                    || !self.makes_its_instances(own)
                    || path.is_some_and(|path| !is_plain(path));
            }
            Value::Str(_) | Value::AnyStr => &["builtins.str"][..],
            Value::Int(_) => &["builtins.int"],
            Value::Bool(_) => &["builtins.bool", "builtins.int"],
            Value::None => &[],
            Value::Obj(ObjKind::Dict, ..) => &["builtins.dict"],
            Value::Obj(ObjKind::List, ..) => &["builtins.list"],
            Value::Obj(ObjKind::Set, ..) => &["builtins.set", "builtins.frozenset"],
            Value::Obj(ObjKind::Tuple, ..) => &["builtins.tuple"],
            Value::Func(..) | Value::Bound(..) => &[],
            _ => return true,
        };
        // What is no class of the program is none of its instances; an abstract class of the library may have any.
        path.is_some_and(|path| !is_plain(path) || own.contains(&path))
    }
}

/// Whether a path is that of a class of the language whose instances are told by what they are.
fn is_plain(path: &str) -> bool {
    const CLASSES: [&str; 10] =
        ["str", "bytes", "int", "float", "bool", "list", "tuple", "dict", "set", "frozenset"];
    path.strip_prefix("builtins.").is_some_and(|name| CLASSES.contains(&name))
}
