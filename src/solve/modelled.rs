//! Calls of library functions whose model names a primitive, and of the decorators that such primitives return.

use super::call::Passing;
use super::generic::{GENERIC, IMPLEMENTATION, REGISTERS};
use super::graph::NodeId;
use super::primitive::{Pending, Wrap};
use super::value::{ObjKind, Value, ValueId, well_known};
use super::{Origin, Solver, Use};
use crate::ir::{Arg, Const, Op, VarDef};
use crate::link::Name;
use crate::models::Entry;

/// The primitive that says what a field of a record is where none is given (`dataclasses.field`).
pub(super) const FIELD: &str = "record_field";

/// The field of a named tuple class that holds what the last of its fields are where they are not given.
pub(super) const DEFAULTS: &str = "defaults";

/// The primitive that is a function under a context manager: it is called within it (contextlib.ContextDecorator).
pub(super) const MANAGED: &str = "managed";

impl Solver<'_> {
    /// Runs the primitive of a library model.
    #[allow(clippy::too_many_lines, reason = "one arm per primitive, each short")]
    pub(super) fn call_library_primitive(
        &mut self,
        call: u32,
        prim: &str,
        entry: &Entry,
        recv: Option<ValueId>,
    ) {
        let super::call::Call { origin, dst, .. } = self.calls[call as usize];
        let args = self.args(call);
        let first = self.argument(call, Some(0), None);
        match prim {
            "never" => {}
            "partial" => {
                let object = self.object(ObjKind::Partial, origin);
                if let Some(first) = first {
                    let func = self.field(object, self.names.func);
                    self.flow(first, func);
                }
                let passed = args.into_iter().skip_while(|(passing, _)| *passing != Passing::Pos).skip(1);
                self.partials.entry(object).or_insert_with(|| passed.collect());
                self.graph.add(dst, object);
            }
            "callable" => self.make_callable(call, entry.kind.as_deref().unwrap_or_default()),
            "new_holder" => {
                let Some(&path) = self.external_calls.get(&origin) else { return };
                let path = self.text(path).to_owned();
                let object = self.external_object(&path, origin);
                self.hold_arguments(call, object);
                self.graph.add(dst, object);
            }
            "hold" => {
                if let Some(recv) = recv {
                    self.hold_arguments(call, recv);
                }
                self.graph.add(dst, well_known::NONE);
            }
            "wraps" => {
                let name = self.program.names.intern("wraps");
                let object = self.object(ObjKind::Primitive(name), origin);
                if let Some(first) = first {
                    let field = self.field(object, self.names.wrapped);
                    self.flow(first, field);
                }
                self.graph.add(dst, object);
            }
            "decorator" => {
                let identity = self.ext_value("producer_map.identity");
                match first {
                    Some(first) => {
                        let what = self.primitive(Pending::Decorator { dst });
                        self.watch(first, Use::Primitive { what });
                    }
                    None => {
                        self.graph.add(dst, identity);
                    }
                }
            }
            "record" => match first {
                Some(first) => {
                    let what = self.primitive(Pending::Record { dst });
                    self.watch(first, Use::Primitive { what });
                }
                None => {
                    // With arguments of its own it is to be applied to the class.
                    if let Some(&path) = self.external_calls.get(&origin) {
                        let decorator = self.ext_named(path);
                        self.graph.add(dst, decorator);
                    }
                }
            },
            "set_keywords" => {
                let Some(first) = first else { return };
                for (passing, value) in args {
                    if let Passing::Kw(name) = passing {
                        let what = self.primitive(Pending::SetField { name, value });
                        self.watch(first, Use::Primitive { what });
                    }
                }
            }
            "contextmanager" | "staticmethod" | "classmethod" => {
                let Some(first) = first else { return };
                let wrap = match prim {
                    "contextmanager" => Wrap::Manager,
                    "staticmethod" => Wrap::Static,
                    _ => Wrap::Class,
                };
                let what = self.primitive(Pending::Wrapped { wrap, dst });
                self.watch(first, Use::Primitive { what });
            }
            "property" => {
                let object = self.object(ObjKind::Property, origin);
                for (index, name) in ["fget", "fset", "fdel"].into_iter().enumerate() {
                    if let Some(node) = self.argument(call, Some(index as u32), Some(name)) {
                        let name = self.program.names.intern(name);
                        let field = self.field(object, name);
                        self.flow(node, field);
                    }
                }
                self.graph.add(dst, object);
            }
            "property_with" => {
                // A new property, with another function in one place.
                if let (Some(recv), Some(first)) = (recv, first) {
                    let object = self.object(ObjKind::Property, origin);
                    for name in ["fget", "fset", "fdel"] {
                        let is_other = entry.kind.as_deref() == Some(name);
                        let name = self.program.names.intern(name);
                        let (field, own) = (self.field(object, name), self.field(recv, name));
                        self.flow(if is_other { first } else { own }, field);
                    }
                    self.graph.add(dst, object);
                }
            }
            "getattr" => {
                let (Some(object), Some(name)) = (first, self.argument(call, Some(1), None)) else {
                    return;
                };
                let what = self.primitive(Pending::GetAttr { object, name, dst, at: origin });
                self.watch(object, Use::Primitive { what });
                self.watch(name, Use::Primitive { what });
                if let Some(default) = self.argument(call, Some(2), None) {
                    self.flow(default, dst);
                }
            }
            "setattr" => {
                // `object.__setattr__(object, name, value)`, or as a method of the object.
                let plain = entry.kind.as_deref() == Some("plain");
                let this = recv.map(|recv| self.constant(recv));
                let (object, place) = if this.is_some() { (this, 0) } else { (first, 1) };
                let (Some(object), Some(name), Some(value)) = (
                    object,
                    self.argument(call, Some(place), None),
                    self.argument(call, Some(place + 1), None),
                ) else {
                    return;
                };
                let what = self.primitive(Pending::SetAttr { object, name, value, at: origin, plain });
                self.watch(object, Use::Primitive { what });
                self.watch(name, Use::Primitive { what });
                self.graph.add(dst, well_known::NONE);
            }
            "construct" => {
                if let Some(class) = recv.filter(|&recv| matches!(self.values.get(recv), Value::Class(..))) {
                    self.construct(call, class);
                } else if let Some(first) = first {
                    // `type.__call__(cls, ...)`.
                    let call = self.with_args(call, args.into_iter().skip(1).collect());
                    let what = self.primitive(Pending::Construct { call });
                    self.watch(first, Use::Primitive { what });
                }
            }
            "allocate" => match first {
                Some(first) => {
                    let what = self.primitive(Pending::Allocate { call });
                    self.watch(first, Use::Primitive { what });
                }
                None => {
                    self.graph.add(dst, well_known::UNKNOWN);
                }
            },
            "super" => {
                let (Some(class), Some(this)) = (first, self.argument(call, Some(1), None)) else {
                    return;
                };
                self.super_of(class, this, dst);
            }
            "type" => match (first, self.argument(call, Some(1), None), self.argument(call, Some(2), None)) {
                (Some(name), Some(bases), Some(namespace)) => {
                    self.make_class_by_call(call, name, bases, namespace);
                }
                (Some(first), None, None) => {
                    let what = self.primitive(Pending::TypeOf { dst });
                    self.watch(first, Use::Primitive { what });
                }
                _ => {
                    self.graph.add(dst, well_known::UNKNOWN);
                }
            },
            "str" => match first {
                Some(first) => {
                    let what = self.primitive(Pending::StrMethod { kind: "same".to_owned(), dst });
                    self.watch(first, Use::Primitive { what });
                }
                None => {
                    self.graph.add(dst, well_known::ANY_STR);
                }
            },
            "dict" => {
                let object = self.object(ObjKind::Dict, origin);
                self.fill_dict(call, object);
                self.graph.add(dst, object);
            }
            "dict_update" => {
                if let Some(recv) = recv {
                    self.fill_dict(call, recv);
                }
                self.graph.add(dst, well_known::NONE);
            }
            "dict_get" => {
                let (Some(recv), Some(key)) = (recv, first) else { return };
                let object = self.constant(recv);
                let default = self.argument(call, Some(1), Some("default"));
                let default = default.unwrap_or_else(|| self.constant(well_known::NONE));
                let what = self.primitive(Pending::DictGet { object, key, default, dst });
                self.watch(key, Use::Primitive { what });
                self.flow(default, dst);
            }
            "namedtuple" => {
                let object = self.object(ObjKind::NamedTuple, origin);
                if let Some(fields) = self.argument(call, Some(1), Some("field_names")) {
                    let field = self.field(object, self.names.fields);
                    self.flow(fields, field);
                    // Names with spaces between them: such a text is no value elsewhere.
                    if let Some(text) = self.written_text(origin, 1, "field_names") {
                        let text = self.str_value(&text);
                        self.graph.add(field, text);
                    }
                }
                if let Some(defaults) = self.argument(call, None, Some("defaults")) {
                    let name = self.program.names.intern(DEFAULTS);
                    let field = self.field(object, name);
                    self.flow(defaults, field);
                }
                self.graph.add(dst, object);
            }
            "record_field" => {
                let object = self.primitive_object(FIELD, origin);
                self.hold_arguments(call, object);
                // Read from the class, it is its default.
                if let Some(default) = self.argument(call, None, Some("default")) {
                    self.flow(default, dst);
                }
                self.graph.add(dst, object);
            }
            "replace" => {
                // A named tuple with other values in some fields; it is taken for the same tuple, which then has either.
                let Some(recv) = recv else { return };
                let class = self.class_of(recv).and_then(|class| self.named_tuple_of(class));
                let fields = class.map(|class| self.named_tuple_fields(class)).unwrap_or_default();
                for (passing, node) in args {
                    match passing {
                        Passing::Kw(name) => self.store_tuple_field(recv, &fields, name, node),
                        Passing::DoubleStar => self.watch(node, Use::Spread { to: recv }),
                        Passing::Pos | Passing::Star => {}
                    }
                }
            }
            "json" => {
                let object = self.object(ObjKind::Json, origin);
                if let Some(first) = first {
                    let field = self.field(object, self.names.json);
                    self.flow(first, field);
                }
                self.graph.add(dst, object);
            }
            "format" => {
                let Some(recv) = recv else { return };
                let what = self.primitive(Pending::Format { format: recv, call, dst });
                let mut watched = false;
                for (_, node) in args {
                    self.watch(node, Use::Primitive { what });
                    watched = true;
                }
                if !watched {
                    self.graph.add(dst, recv);
                }
            }
            "join" => {
                let Some(parts) = first else { return };
                // The elements are read: a generator runs.
                let ignored = self.graph.node();
                self.watch(parts, Use::Iterate { dst: ignored, at: origin });
                match recv.filter(|&recv| matches!(self.values.get(recv), Value::Str(_))) {
                    Some(separator) => {
                        let what = self.primitive(Pending::Join { separator, parts, dst });
                        self.watch(parts, Use::Primitive { what });
                    }
                    None => {
                        self.graph.add(dst, well_known::ANY_STR);
                    }
                }
            }
            "split" => {
                let list = self.object(ObjKind::List, origin);
                let rest = self.rest(list);
                self.graph.add(rest, well_known::ANY_STR);
                self.graph.add(dst, list);
            }
            "str_method" => {
                let (Some(recv), Some(kind)) = (recv, entry.kind.as_deref()) else { return };
                match first {
                    // `text.strip("/")`.
                    Some(first) => {
                        let what = self.primitive(Pending::Strip { text: recv, kind: kind.to_owned(), dst });
                        self.watch(first, Use::Primitive { what });
                    }
                    None => self.str_method(kind, recv, dst),
                }
            }
            "import_module" => {
                let Some(first) = first else { return };
                let package = self.argument(call, Some(1), Some("package"));
                let what = self.primitive(Pending::ImportModule { dst, at: origin, package });
                self.watch(first, Use::Primitive { what });
                if let Some(package) = package {
                    let what = self.primitive(Pending::Again { names: first, what });
                    self.watch(package, Use::Primitive { what });
                }
            }
            "import_string" => {
                let Some(first) = first else { return };
                let what = self.primitive(Pending::ImportString { dst, at: origin });
                self.watch(first, Use::Primitive { what });
            }
            MANAGED => {
                let (Some(recv), Some(first)) = (recv, first) else { return };
                self.put_under_manager(call, recv, first);
            }
            GENERIC => self.make_generic(call, entry.kind.as_deref() == Some("method")),
            REGISTERS => {
                if let (Some(generic), Some(first)) = (recv, first) {
                    self.register_with(call, generic, first);
                }
            }
            "enter" => {
                let Some(first) = first else { return };
                let what = self.primitive(Pending::Enter { dst, at: origin });
                self.watch(first, Use::Primitive { what });
            }
            _ => self.call_web_primitive(call, prim, entry, recv),
        }
    }

    /// The text that is written as an argument of the call that stands at a place.
    fn written_text(&self, at: Origin, position: usize, keyword: &str) -> Option<String> {
        let Op::Call { args, .. } = self.op(at) else { return None };
        let func = self.insts[at.inst.0 as usize].func;
        let (ir, file) = (self.program.func(func), self.program.file_of(func));
        let positional = args.iter().filter(|arg| matches!(arg, Arg::Pos(_))).nth(position);
        let is_named =
            |arg: &&Arg| matches!(arg, Arg::Kw(name, _) if self.text(file.names[name.0 as usize]) == keyword);
        let var = args.iter().find(is_named).or(positional)?.var();
        let VarDef::Instr(index) = ir.vars[var.0 as usize].def else { return None };
        match ir.instrs[index as usize].op {
            Op::Const { value: Const::Str(text), .. } => {
                Some(self.text(file.names[text.0 as usize]).to_owned())
            }
            _ => None,
        }
    }

    /// Keyword arguments become attributes of an object.
    fn hold_arguments(&mut self, call: u32, object: ValueId) {
        for (passing, node) in self.args(call) {
            match passing {
                Passing::Kw(name) => {
                    let field = self.field(object, name);
                    self.flow(node, field);
                }
                Passing::Pos | Passing::DoubleStar => self.watch(node, Use::Spread { to: object }),
                Passing::Star => {}
            }
        }
    }

    fn fill_dict(&mut self, call: u32, object: ValueId) {
        let origin = self.calls[call as usize].origin;
        for (passing, node) in self.args(call) {
            match passing {
                Passing::Pos => self.watch(node, Use::Entries { dict: object, at: origin }),
                Passing::DoubleStar => self.watch(node, Use::Spread { to: object }),
                Passing::Kw(name) => {
                    let field = self.slot_of(object, name);
                    self.flow(node, field);
                    let key = self.values.intern_keyed(Value::Str(name), None);
                    let keys = self.field(object, self.names.keys);
                    self.graph.add(keys, key);
                }
                Passing::Star => {
                    let rest = self.rest(object);
                    self.watch(node, Use::Iterate { dst: rest, at: origin });
                }
            }
        }
    }

    /// An object that a primitive makes at a place.
    pub(super) fn primitive_object(&mut self, prim: &str, at: Origin) -> ValueId {
        let name = self.program.names.intern(prim);
        self.object(ObjKind::Primitive(name), at)
    }

    /// A context manager decorates a function.
    pub(super) fn put_under_manager(&mut self, call: u32, manager: ValueId, function: NodeId) {
        let super::call::Call { origin, dst, .. } = self.calls[call as usize];
        let object = self.primitive_object(MANAGED, origin);
        let (func, managers) = (self.field(object, self.names.func), self.field(object, self.names.manager));
        self.flow(function, func);
        self.graph.add(managers, manager);
        self.graph.add(dst, object);
    }

    /// A function under a context manager is called, or a generic one.
    fn call_behind(&mut self, call: u32, object: ValueId) {
        let origin = self.calls[call as usize].origin;
        if let Some(managers) = self.existing_field(object, self.names.manager) {
            let dst = self.graph.node();
            let what = self.primitive(Pending::Enter { dst, at: origin });
            self.watch(managers, Use::Primitive { what });
        }
        let func = self.field(object, self.names.func);
        self.watch(func, Use::Callee(call));
    }

    /// Calls a decorator that a primitive returned.
    pub(super) fn call_primitive(&mut self, call: u32, object: ValueId, name: Name) {
        let prim = self.text(name).to_owned();
        let dst = self.calls[call as usize].dst;
        match prim.as_str() {
            MANAGED | GENERIC => return self.call_behind(call, object),
            IMPLEMENTATION => return self.call_implementation(call, object),
            _ => {}
        }
        let Some(first) = self.argument(call, Some(0), None) else {
            if self.call_callable(call, &prim, object) {
                return;
            }
            self.call_web_object(call, &prim, object);
            return;
        };
        match prim.as_str() {
            "wraps" => {
                // The wrapper keeps a link to what it wraps (functools.update_wrapper).
                let wrapped = self.field(object, self.names.wrapped);
                let what = self.primitive(Pending::SetField { name: self.names.wrapped, value: wrapped });
                self.watch(first, Use::Primitive { what });
                self.flow(first, dst);
            }
            REGISTERS => self.implement(object, first, dst),
            _ if self.call_callable(call, &prim, object) => {}
            _ => self.call_web_object(call, &prim, object),
        }
    }
}
