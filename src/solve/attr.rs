//! Attributes: loading, binding to a receiver (descriptor protocol, data model section 3.3.2), storing.

use super::call::{Args, Passing};
use super::class::{is_tuple_helper, is_tuple_method};
use super::graph::NodeId;
use super::value::{ObjKind, Value, ValueId, well_known};
use super::{Origin, Solver, Use};
use super::{generic, modelled};
use crate::finding::HopKind;
use crate::ir::Op;
use crate::link::{ModId, Name};
use smallvec::SmallVec;
use std::ops::Range;

/// Fewer attributes than this flow each by itself.
const MIN_BUNDLE: usize = 3;

/// What definitions say of an attribute of a class.
#[derive(Clone, Copy)]
pub(super) struct Attribute {
    /// Whether the class or a project base of it binds the name.
    pub defined: bool,
    /// Whether an instance finds it only through `__getattr__`.
    through_getattr: bool,
    /// Whether the class may have it although no definition says so.
    open: bool,
}

/// An attribute of an instance that is loaded. All loads see the same values, except that each calls the properties itself.
pub(super) struct Loaded {
    object: ValueId,
    /// What the instance itself holds, and the bound attributes of its class.
    node: NodeId,
    /// Where the loads stand, and where each one's result goes.
    loads: Vec<(NodeId, Origin)>,
    properties: Vec<ValueId>,
}

impl Solver<'_> {
    /// What the definitions of a class and its bases say of an attribute. They are asked again and again, so the answer is
    /// kept until an MRO changes.
    pub(super) fn attribute(&mut self, class: ValueId, name: Name) -> Attribute {
        if let Some(&known) = self.attributes.get(&(class, name)) {
            return known;
        }
        let defined = self.defines(class, name);
        let text = self.text(name);
        let dunder = text.starts_with("__") && text.ends_with("__");
        let through_getattr =
            !dunder && !defined && !self.stores(class, name) && self.defines(class, self.names.getattr);
        let attribute = Attribute { defined, through_getattr, open: self.may_have_any(class) };
        self.attributes.insert((class, name), attribute);
        attribute
    }

    /// A raw attribute value is read through a receiver (descriptor protocol, data model section 3.3.2).
    pub(super) fn bind(&mut self, raw: ValueId, recv: ValueId, dst: NodeId, at: Origin) {
        let is_property = matches!(self.values.get(raw), Value::Obj(ObjKind::Property, ..));
        if is_property && !matches!(self.values.get(recv), Value::Class(..)) {
            self.call_property(raw, recv, dst, at);
        } else if self.is_descriptor(raw) {
            self.call_descriptor(raw, recv, dst, at);
        } else {
            self.bind_raw(raw, recv, dst);
        }
    }

    /// Whether a raw attribute is an object of the program that says itself what reading it gives.
    fn is_descriptor(&mut self, raw: ValueId) -> bool {
        self.live.has_descriptors()
            && matches!(self.values.get(raw), Value::Inst(..))
            && self.class_of(raw).is_some_and(|class| self.attribute(class, self.names.get).defined)
    }

    /// Calls `__get__` of a descriptor, with the instance, or `None` for the class itself, and the class.
    fn call_descriptor(&mut self, raw: ValueId, recv: ValueId, dst: NodeId, at: Origin) {
        let result = self.result_of_property(at, raw);
        self.flow(result, dst);
        if self.getters.insert((at, raw, recv)) {
            let (instance, owner) = match self.class_of(recv) {
                Some(class) => (recv, class),
                None => (well_known::NONE, recv),
            };
            let args = [self.constant(instance), self.constant(owner)];
            self.call_method(raw, self.names.get, &args, result, at, Some(HopKind::Property));
        }
    }

    /// The node with what a property or descriptor gives where it is read.
    fn result_of_property(&mut self, at: Origin, property: ValueId) -> NodeId {
        if let Some(&node) = self.property_calls.get(&(at, property)) {
            return node;
        }
        let node = self.graph.node();
        self.property_calls.insert((at, property), node);
        node
    }

    /// Calls the getter of a property.
    fn call_property(&mut self, property: ValueId, recv: ValueId, dst: NodeId, at: Origin) {
        let result = self.result_of_property(at, property);
        self.flow(result, dst);
        if self.getters.insert((at, property, recv)) {
            // The getter takes the receiver by binding, so the call itself has no arguments.
            let call = self.synthetic_call(at, Args::new(), result, Some(HopKind::Property));
            let getter = self.field(property, self.names.fget);
            let bound = self.graph.node();
            self.watch(getter, Use::Bind { recv, dst: bound, at });
            self.watch(bound, Use::Callee(call));
        }
    }

    /// The same for what needs no call.
    fn bind_raw(&mut self, raw: ValueId, recv: ValueId, dst: NodeId) {
        let is_class = matches!(self.values.get(recv), Value::Class(..));
        match self.values.get(raw) {
            Value::Func(..) | Value::ManagerFunc(_) | Value::Obj(ObjKind::Primitive(_), ..) => {
                if is_class {
                    self.graph.add(dst, raw);
                } else {
                    let bound = self.bound(recv, raw);
                    self.graph.add(dst, bound);
                }
            }
            Value::StaticMethod(inner) => {
                self.graph.add(dst, inner);
            }
            Value::ClassMethod(inner) => {
                let class = if is_class { Some(recv) } else { self.class_of(recv) };
                if let Some(class) = class {
                    let bound = self.bound(class, inner);
                    self.graph.add(dst, bound);
                }
            }
            Value::ExtAttr(path) => {
                if !is_class && self.is_modelled_attribute(path) {
                    let entry = self.model(path);
                    let node = self.modelled_attribute(Some(recv), path, entry);
                    self.flow(node, dst);
                    return;
                }
                let method = self.ext_method(recv, path);
                self.graph.add(dst, method);
            }
            _ => {
                self.graph.add(dst, raw);
            }
        }
    }

    pub(super) fn ext_method(&mut self, recv: ValueId, path: Name) -> ValueId {
        self.values.intern_keyed(Value::ExtMethod(recv, path), None)
    }

    /// A bound method; its key has the receiver's class in place of the receiver.
    pub(super) fn bound(&mut self, recv: ValueId, func: ValueId) -> ValueId {
        let value = Value::Bound(recv, func);
        if let Some(id) = self.values.find(&value) {
            return id;
        }
        match self.receiver_key(recv) {
            Some(key) if key != recv => {
                let key = self.values.intern_self_keyed(Value::Bound(key, func));
                self.values.intern_keyed(value, Some(key))
            }
            _ => self.values.intern_self_keyed(value),
        }
    }

    /// `value.name` for several values that come to a variable of an instance at once. Objects that go together through a program
    /// are read in many places: their attributes flow there as one.
    pub(super) fn load_attr_of_all(
        &mut self,
        (variable, values): (NodeId, Range<usize>),
        name: Name,
        dst: NodeId,
        at: Origin,
    ) {
        let mut bundle: SmallVec<[NodeId; 16]> = SmallVec::new();
        for i in values {
            let value = self.graph.values(variable)[i];
            if matches!(self.values.get(value), Value::Inst(..)) {
                bundle.extend(self.load_instance_attr(value, name, dst, at));
            } else {
                self.load_attr(value, name, dst, at);
            }
        }
        if bundle.len() < MIN_BUNDLE {
            for node in bundle {
                self.flow_once(node, dst);
            }
            return;
        }
        let node = match self.bundles.get(&bundle) {
            Some(&node) => node,
            None => {
                let node = self.graph.node();
                for &part in &bundle {
                    self.flow_once(part, node);
                }
                self.bundles.insert(bundle, node);
                node
            }
        };
        self.flow_once(node, dst);
    }

    /// `value.name`.
    #[allow(clippy::too_many_lines, reason = "one arm per kind of value")]
    pub(super) fn load_attr(&mut self, value: ValueId, name: Name, dst: NodeId, at: Origin) {
        match self.values.get(value) {
            Value::Module(module) => {
                let bound = self.program.modules[module.0 as usize].names.binary_search(&name).is_ok();
                if bound {
                    let node = self.global(module, name);
                    self.flow_once(node, dst);
                    self.flag_with_default(module, name, node, dst);
                    return;
                }
                if let Some(submodule) = self.program.submodule(module, name) {
                    let value = self.values.intern_keyed(Value::Module(submodule), None);
                    self.graph.add(dst, value);
                    return;
                }
                if self.feature_modules.contains(&module) {
                    self.flag(module, name, dst);
                    return;
                }
                // The namespace of a module is a dict.
                if name == self.names.dict {
                    self.graph.add(dst, value);
                    return;
                }
                // A module may answer for names itself (PEP 562).
                if self.program.modules[module.0 as usize].names.binary_search(&self.names.getattr).is_ok() {
                    let (answers, text) = (self.global(module, self.names.getattr), Value::Str(name));
                    let text = self.values.intern_keyed(text, None);
                    let args: Args = [(Passing::Pos, self.constant(text))].into_iter().collect();
                    let call = self.synthetic_call(at, args, dst, Some(HopKind::GetAttr));
                    self.watch(answers, Use::Callee(call));
                }
                let (field, variable) = (self.field(value, name), self.global(module, name));
                self.flow(field, dst);
                self.flow(variable, dst);
                // `globals().update(...)`: the namespace of a module is a dict.
                if matches!(
                    self.text(name),
                    "update" | "get" | "setdefault" | "pop" | "items" | "keys" | "values"
                ) {
                    let path = self.dotted_name("builtins.dict", name);
                    let method = self.ext_method(value, path);
                    self.graph.add(dst, method);
                }
            }
            Value::Class(..) => {
                if name == self.names.name || name == self.names.qualname {
                    match self.made_name_node(value) {
                        Some(name) => self.flow(name, dst),
                        None => {
                            let text = self.class_name(value);
                            let text = self.str_value(&text);
                            self.graph.add(dst, text);
                        }
                    }
                } else if self.load_member(value, name, dst)
                    || name == self.names.members && self.members_by_name(value, dst, at)
                {
                    // A member of an enumeration, or all of them: that is done.
                } else if name == self.names.subclasses || self.text(name) == "mro" {
                    let path = self.dotted_name("builtins.type", name);
                    let method = self.ext_method(value, path);
                    self.graph.add(dst, method);
                } else {
                    let raw = self.lookup(value, name);
                    self.watch(raw, Use::Bind { recv: value, dst, at });
                    self.load_from_metaclass(value, name, dst, at);
                }
            }
            Value::Inst(..) => {
                if let Some(node) = self.load_instance_attr(value, name, dst, at) {
                    if self.is_shared(at.inst, dst) {
                        self.flow(node, dst);
                    } else {
                        self.flow_once(node, dst);
                    }
                }
            }
            Value::Super(after, this) => {
                let class = match self.values.get(this) {
                    Value::Class(..) => Some(this),
                    _ => self.class_of(this),
                };
                let Some(class) = class else { return };
                // In a method of a metaclass, the receiver is a class, and what follows is looked for in its class.
                let in_metaclass = class == this && !self.possible_bases(class).any(|base| base == after);
                let class = if in_metaclass { after } else { class };
                let raw = self.lookup_behind(class, after, name);
                if name == self.names.init_subclass {
                    // It is a class method whether it says so or not.
                    let what = self.primitive(super::primitive::Pending::InitSubclass { class, dst });
                    self.watch(raw, Use::Primitive { what });
                } else {
                    self.watch(raw, Use::Bind { recv: this, dst, at });
                }
                if self.is_of_every_object(class, after, name) {
                    let path = self.dotted_name("builtins.object", name);
                    let method = self.ext_method(this, path);
                    self.graph.add(dst, method);
                }
            }
            Value::Obj(ObjKind::External(path), ..) => {
                let field = self.field(value, name);
                self.flow(field, dst);
                if !self.is_holder(path) || self.model_of(path, name).is_some() {
                    self.load_external_attr(value, path, name, dst);
                }
            }
            Value::Obj(ObjKind::Primitive(prim), ..) if self.text(prim) == modelled::MANAGED => {
                // What `functools.wraps` makes of the function that it calls.
                let func = self.field(value, self.names.func);
                self.watch(func, Use::AttrTerm { dst, name, at });
            }
            Value::Obj(ObjKind::Primitive(prim), ..) if self.text(prim) == generic::GENERIC => {
                let path = self.dotted_name("functools.singledispatch", name);
                let method = self.ext_method(value, path);
                self.graph.add(dst, method);
            }
            Value::Obj(ObjKind::Property, ..) if matches!(self.text(name), "fget" | "fset" | "fdel") => {
                let field = self.field(value, name);
                self.flow(field, dst);
            }
            Value::Obj(kind, ..) => {
                let class = match kind {
                    ObjKind::List => "builtins.list",
                    ObjKind::Tuple => "builtins.tuple",
                    ObjKind::Set => "builtins.set",
                    ObjKind::Dict => "builtins.dict",
                    ObjKind::Partial => "functools.partial",
                    ObjKind::Property => "builtins.property",
                    ObjKind::NamedTuple => "builtins.tuple",
                    ObjKind::Json => "builtins.str",
                    ObjKind::Primitive(_) | ObjKind::External(_) => "builtins.object",
                };
                if matches!(kind, ObjKind::Tuple | ObjKind::Partial) && !is_tuple_helper(self.text(name)) {
                    let field = self.field(value, name);
                    self.flow(field, dst);
                    // What is no method of a tuple is a field of a named one.
                    if kind == ObjKind::Tuple && !is_tuple_method(self.text(name)) {
                        return;
                    }
                }
                let path = self.dotted_name(class, name);
                let method = self.ext_method(value, path);
                self.graph.add(dst, method);
            }
            Value::Func(..) | Value::Bound(..) | Value::ManagerFunc(_) if name == self.names.call => {
                self.graph.add(dst, value);
            }
            Value::Func(..) if name == self.names.dict => {
                let object = self.object(ObjKind::Dict, at);
                self.share_slots(value, object);
                if self.adds_to_loaded(at) {
                    self.share_slots(object, value);
                }
                self.graph.add(dst, object);
            }
            Value::Bound(this, func) if matches!(self.text(name), "__self__" | "__func__") => {
                let part = if self.text(name) == "__self__" { this } else { func };
                self.graph.add(dst, part);
            }
            Value::Func(func, _) => {
                if name == self.names.name {
                    let file = self.program.file_of(func);
                    let plain = file.names[self.program.func(func).name.0 as usize];
                    let text = self.values.intern_keyed(Value::Str(plain), None);
                    self.graph.add(dst, text);
                    if self.followed.insert((value, dst)) {
                        let wrapped = self.field(value, self.names.wrapped);
                        self.watch(wrapped, Use::AttrTerm { dst, name, at });
                    }
                } else if name == self.names.doc || name == self.names.module || name == self.names.qualname {
                    self.graph.add(dst, well_known::ANY_STR);
                } else {
                    let field = self.field(value, name);
                    self.flow(field, dst);
                    // `functools.wraps` copies the attributes of what it wraps.
                    if name != self.names.wrapped && self.followed.insert((value, dst)) {
                        let wrapped = self.field(value, self.names.wrapped);
                        self.watch(wrapped, Use::AttrTerm { dst, name, at });
                    }
                }
            }
            Value::Bound(recv, func) => match self.text(name) {
                "__self__" => {
                    self.graph.add(dst, recv);
                }
                "__func__" => {
                    self.graph.add(dst, func);
                }
                _ => self.load_attr(func, name, dst, at),
            },
            Value::ManagerFunc(inner) | Value::StaticMethod(inner) | Value::ClassMethod(inner) => {
                self.load_attr(inner, name, dst, at);
            }
            Value::Str(_) | Value::AnyStr => {
                let path = self.dotted_name("builtins.str", name);
                let method = self.ext_method(value, path);
                self.graph.add(dst, method);
            }
            Value::Ext(path) | Value::ExtMethod(_, path) => {
                // What the program has put there, beside what the library gives.
                if self.is_named_object(path) {
                    let field = self.field(value, name);
                    self.flow(field, dst);
                }
                let is_holder = matches!(self.values.get(value), Value::Ext(_)) && self.is_holder(path);
                let path = self.extend_path(path, name);
                if !is_holder || self.models.names(self.text(path)) {
                    self.load_from_library(Some(value), path, dst);
                }
            }
            Value::Setting(_) => {
                let path = self.dotted_name("builtins.setting", name);
                let method = self.ext_method(value, path);
                self.graph.add(dst, method);
                // Any other attribute is taken for the setting, be it called or not.
                if !self.models.names(self.text(path)) {
                    self.graph.add(dst, value);
                }
            }
            Value::Data | Value::Opaque | Value::Bool(_) | Value::Int(_) => {
                let path = self.dotted_name("builtins.data", name);
                let method = self.ext_method(value, path);
                self.graph.add(dst, method);
            }
            Value::Generator(_) | Value::Manager(_) => {
                let path = self.dotted_name("builtins.generator", name);
                let method = self.ext_method(value, path);
                self.graph.add(dst, method);
            }
            Value::Unknown => {
                self.graph.add(dst, well_known::UNKNOWN);
            }
            Value::None => {}
            _ => {
                self.graph.add(dst, well_known::UNKNOWN);
            }
        }
    }

    /// Whether `super()` finds a method that every object has, since no class behind another one has it.
    fn is_of_every_object(&self, class: ValueId, after: ValueId, name: Name) -> bool {
        let is_plain = |base: ValueId| match self.values.get(base) {
            Value::Class(..) => !self.binds(base, name),
            Value::Ext(path) => self.text(path) == "builtins.object",
            _ => false,
        };
        matches!(
            self.text(name),
            "__new__" | "__getattribute__" | "__setattr__" | "__delattr__" | "__init_subclass__"
        ) && self.mro(class).iter().skip_while(|&&base| base != after).skip(1).all(|&base| is_plain(base))
    }

    /// A name of a module of flags that is bound there, to what the flag is by default. Functions of the module are written in
    /// lower case (PEP 8).
    pub(super) fn flag_with_default(&mut self, module: ModId, name: Name, default: NodeId, dst: NodeId) {
        if self.feature_modules.contains(&module) && !self.text(name).chars().any(char::is_lowercase) {
            let flag = self.flag(module, name, dst);
            self.note_default_of(flag, default);
        }
    }

    fn flag(&mut self, module: ModId, name: Name, dst: NodeId) -> ValueId {
        let dotted = self.program.modules[module.0 as usize].name;
        let text = self.join_names(dotted, name);
        let value = self.values.intern_self_keyed(Value::Setting(text));
        self.graph.add(dst, value);
        value
    }

    /// Whether the mapping that an instruction loads as an attribute is added to right there: `x.__dict__.update(y)`,
    /// `x.__dict__[key] = y`.
    fn adds_to_loaded(&self, at: Origin) -> bool {
        // Also `vars(x)`.
        let (Op::LoadAttr { dst, .. } | Op::Call { dst, .. }) = *self.op(at) else { return false };
        let func = self.insts[at.inst.0 as usize].func;
        let names = &self.program.file_of(func).names;
        self.program.func(func).instrs.iter().any(|instr| match instr.op {
            Op::LoadAttr { obj, name, .. } if obj == dst => {
                matches!(self.text(names[name.0 as usize]), "update" | "setdefault" | "__setitem__")
            }
            Op::StoreSub { obj, .. } => obj == dst,
            _ => false,
        })
    }

    /// An attribute of an instance. What the instance holds and the bound attributes of its class are in the node that is
    /// returned, which is to flow to `dst`.
    fn load_instance_attr(&mut self, value: ValueId, name: Name, dst: NodeId, at: Origin) -> Option<NodeId> {
        let class = self.class_of(value)?;
        if name == self.names.class {
            self.graph.add(dst, class);
            return None;
        }
        if name == self.names.dict {
            self.exposed.insert(value);
            let object = self.object(ObjKind::Dict, at);
            if self.adds_to_loaded(at) {
                // What is put into it is an attribute.
                self.share_slots(value, object);
                self.share_slots(object, value);
                self.assigned_otherwise.insert(value);
            } else {
                let (all, rest) = (self.all(value), self.rest(object));
                self.flow(all, rest);
            }
            self.graph.add(dst, object);
            return None;
        }
        if self.live.answers_all()
            && name != self.names.getattribute
            && self.defines(class, self.names.getattribute)
        {
            let text = self.values.intern_keyed(Value::Str(name), None);
            let argument = self.constant(text);
            let method = self.names.getattribute;
            self.call_method(value, method, &[argument], dst, at, Some(HopKind::GetAttr));
        }
        let attribute = self.attribute(class, name);
        if !attribute.defined && (name == self.names.current_object || name == self.names.setattr) {
            let path = self.dotted_name("builtins.object", name);
            let method = self.ext_method(value, path);
            self.graph.add(dst, method);
        }
        if attribute.through_getattr {
            let field = self.field(value, name);
            self.flow(field, dst);
            self.via_getattr.insert(at);
            let text = self.values.intern_keyed(Value::Str(name), None);
            let argument = self.constant(text);
            let getattr = self.names.getattr;
            self.call_method(value, getattr, &[argument], dst, at, Some(HopKind::GetAttr));
            if !attribute.open {
                return None;
            }
        }
        let index = match self.loaded_index.get(&(value, name)) {
            Some(&index) => index,
            None => {
                let (node, index) = (self.graph.node(), self.loaded.len() as u32);
                self.loaded_index.insert((value, name), index);
                self.loaded.push(Loaded { object: value, node, loads: Vec::new(), properties: Vec::new() });
                let field = self.field(value, name);
                self.flow_once(field, node);
                let raw = self.lookup(class, name);
                self.watch(raw, Use::BindLoaded { index });
                index
            }
        };
        let Loaded { node, ref mut loads, ref properties, .. } = self.loaded[index as usize];
        loads.push((dst, at));
        for property in properties.clone() {
            self.bind(property, value, dst, at);
        }
        Some(node)
    }

    /// A raw attribute of the class of an object whose attribute is loaded.
    pub(super) fn bind_loaded(&mut self, index: u32, raw: ValueId) {
        let is_property = matches!(self.values.get(raw), Value::Obj(ObjKind::Property, ..));
        let calls = is_property || self.is_descriptor(raw);
        let Loaded { object, node, ref loads, ref mut properties } = self.loaded[index as usize];
        if !calls {
            self.bind_raw(raw, object, node);
            return;
        }
        properties.push(raw);
        for (dst, at) in loads.clone() {
            self.bind(raw, object, dst, at);
        }
    }

    /// The dotted path of an attribute of an external object, kept short: results of results collapse.
    fn extend_path(&mut self, path: Name, name: Name) -> Name {
        if let Some(&known) = self.extended.get(&(path, name)) {
            return known;
        }
        let text = self.text(path);
        let segments = text.bytes().filter(|&b| b == b'.').count();
        let extended = if text.ends_with(".*") {
            path
        } else if segments >= 5 || text.matches("()").count() > self.reading.results {
            let root = text.split(['.', '(']).next().unwrap_or(text);
            let text = format!("{root}.*");
            self.program.names.intern(&text)
        } else {
            self.join_names(path, name)
        };
        self.extended.insert((path, name), extended);
        extended
    }
}
