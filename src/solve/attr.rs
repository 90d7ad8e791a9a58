//! Attribute lookup, binding, and classes: MRO, class bodies, `super()`.

use super::call::Args;
use super::graph::NodeId;
use super::value::{Context, InstId, ObjKind, Value, ValueId, well_known};
use super::{Origin, Solver, Use};
use crate::finding::HopKind;
use crate::ir::{Arg, Op};
use crate::link::{ClassId, FuncId, Name};

/// What is known of a class value.
pub struct ClassInfo {
    /// Values of each base expression.
    bases: Vec<Vec<ValueId>>,
    /// Linearisation (C3; where it fails, depth first), the class itself first.
    pub mro: Vec<ValueId>,
    /// Where the class goes when its bases are known.
    dst: NodeId,
    ready: bool,
    at: Origin,
    body: FuncId,
    /// Index of the configured queue class that it is or derives from.
    pub queue: Option<usize>,
    exception: bool,
    looked_up: Vec<(Name, NodeId)>,
}

/// What definitions say of an attribute of a class.
#[derive(Clone, Copy)]
pub(super) struct Attribute {
    /// Whether the class or a project base of it binds the name.
    defined: bool,
    /// Whether an instance finds it only through `__getattr__`.
    through_getattr: bool,
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

impl ClassInfo {
    /// Whether its bases are known and its body has run.
    pub(super) fn is_ready(&self) -> bool {
        self.ready
    }
}

impl Solver<'_> {
    /// Runs a class statement.
    pub(super) fn make_class(&mut self, at: Origin) {
        let func = self.insts[at.inst.0 as usize].func;
        let (dst, local, bases) = match &self.program.func(func).instrs[at.index as usize].op {
            Op::MakeClass { dst, class, bases, .. } => (*dst, *class, bases.clone()),
            _ => return,
        };
        let class = self.program.sibling_class(func, local);
        let body = self.program.class(class).1;
        let env = self.home(at.inst);
        let value = self.values.intern_self_keyed(Value::Class(class, env));
        let dotted = self.program.class_dotted(class);
        let queue = self.queue_classes.iter().position(|q| q.path == dotted);
        let bases: Vec<NodeId> =
            bases.iter().filter(|b| matches!(b, Arg::Pos(_))).map(|b| self.var(at.inst, b.var())).collect();
        if let Some(first) = self.classes.get(&value) {
            // Without the rule of environments: one class for all.
            let (made, dst) = (first.dst, self.var(at.inst, dst));
            self.flow(made, dst);
            for (slot, node) in bases.into_iter().enumerate() {
                self.watch(node, Use::Base { class: value, slot: slot as u32 });
            }
            return;
        }
        self.classes.insert(
            value,
            ClassInfo {
                bases: vec![Vec::new(); bases.len()],
                mro: vec![value],
                dst: self.var(at.inst, dst),
                ready: false,
                at,
                body,
                queue,
                exception: false,
                looked_up: Vec::new(),
            },
        );
        if bases.is_empty() {
            self.class_ready(value);
        }
        for (slot, node) in bases.into_iter().enumerate() {
            self.watch(node, Use::Base { class: value, slot: slot as u32 });
        }
    }

    /// A base of a class became known.
    pub(super) fn on_base(&mut self, class: ValueId, slot: u32, base: ValueId) {
        if base == class || base == well_known::NONE {
            return;
        }
        let Some(info) = self.classes.get_mut(&class) else { return };
        info.bases[slot as usize].push(base);
        if !info.bases.iter().all(|b| !b.is_empty()) {
            return;
        }
        if info.ready {
            // A later alternative for a base: lookups made so far take it in, too.
            self.linearise(class);
            self.attributes.clear();
            let looked_up = self.classes[&class].looked_up.clone();
            for (name, node) in looked_up {
                self.connect_lookup(class, name, node);
            }
        } else {
            self.class_ready(class);
        }
    }

    fn class_ready(&mut self, class: ValueId) {
        self.linearise(class);
        let Some(info) = self.classes.get_mut(&class) else { return };
        info.ready = true;
        let (dst, at, body) = (info.dst, info.at, info.body);
        let bases: Vec<ValueId> = info.bases.iter().flatten().copied().collect();
        for base in bases {
            if matches!(self.values.get(base), Value::Class(..)) {
                let node = self.field(base, self.names.subclasses);
                self.graph.add(node, class);
            }
        }
        let inst = self.instance(body, at.inst, Context::new());
        self.body_class.insert(inst, class);
        self.edge(at, inst, None);
        self.graph.add(dst, class);
    }

    /// Computes the MRO from the bases known so far.
    fn linearise(&mut self, class: ValueId) {
        let mut sequences: Vec<Vec<ValueId>> = Vec::new();
        let mut direct = Vec::new();
        for base in self.classes[&class].bases.iter().flatten().copied() {
            let base_mro = match self.classes.get(&base) {
                Some(info) => info.mro.clone(),
                None => vec![base],
            };
            direct.push(base);
            sequences.push(base_mro);
        }
        sequences.push(direct);
        let mut mro = vec![class];
        loop {
            sequences.retain(|s| !s.is_empty());
            if sequences.is_empty() {
                break;
            }
            let head = sequences
                .iter()
                .map(|s| s[0])
                .find(|h| !sequences.iter().any(|s| s[1..].contains(h)))
                .unwrap_or(sequences[0][0]);
            mro.push(head);
            for s in &mut sequences {
                s.retain(|&v| v != head);
            }
        }
        let queue = mro.iter().find_map(|c| self.classes.get(c).and_then(|i| i.queue));
        let exception = mro.iter().any(|&c| match self.values.get(c) {
            Value::Ext(path) => {
                let text = self.text(path);
                text.ends_with("Exception") || text.ends_with("Error") || text.ends_with("Warning")
            }
            _ => false,
        });
        if let Some(info) = self.classes.get_mut(&class) {
            info.mro = mro;
            info.queue = queue;
            info.exception = exception;
        }
    }

    /// The MRO of a class value.
    pub fn mro(&self, class: ValueId) -> &[ValueId] {
        self.classes.get(&class).map_or(&[], |i| &i.mro)
    }

    pub(super) fn is_exception(&self, class: ValueId) -> bool {
        self.classes.get(&class).is_some_and(|i| i.exception)
    }

    /// The class of an instance value.
    pub fn class_of(&self, value: ValueId) -> Option<ValueId> {
        match self.values.get(value) {
            Value::Inst(key, _) | Value::AnyOf(key) => Some(self.values.class_of_key(key).0),
            _ => None,
        }
    }

    /// Whether the body of a class statement binds a name.
    pub fn binds(&self, class: ValueId, name: Name) -> bool {
        let Value::Class(id, _) = self.values.get(class) else { return false };
        self.class_binds(id, name)
    }

    fn class_binds(&self, class: ClassId, name: Name) -> bool {
        let (_, body) = self.program.class(class);
        let file = self.program.file_of(body);
        self.program.func(body).bound_names.iter().any(|s| file.names[s.0 as usize] == name)
    }

    /// Whether a class or a project base of it binds a name.
    pub(super) fn defines(&self, class: ValueId, name: Name) -> bool {
        self.mro(class).iter().any(|&c| self.binds(c, name))
    }

    /// Whether methods of a class or its project bases store an attribute on `self`.
    fn stores(&self, class: ValueId, name: Name) -> bool {
        self.mro(class).iter().any(|&c| {
            let Value::Class(id, _) = self.values.get(c) else { return false };
            let (_, body) = self.program.class(id);
            let file = self.program.file_of(body);
            let local = body.0 - file.first_func;
            file.ir.funcs.iter().any(|f| {
                f.parent.is_some_and(|p| p.0 == local)
                    && f.self_attrs.iter().any(|s| file.names[s.0 as usize] == name)
            })
        })
    }

    /// What the definitions of a class and its bases say of an attribute. They are asked again and again, so the answer is
    /// kept until an MRO changes.
    fn attribute(&mut self, class: ValueId, name: Name) -> Attribute {
        if let Some(&known) = self.attributes.get(&(class, name)) {
            return known;
        }
        let defined = self.defines(class, name);
        let text = self.text(name);
        let dunder = text.starts_with("__") && text.ends_with("__");
        let through_getattr =
            !dunder && !defined && !self.stores(class, name) && self.defines(class, self.names.getattr);
        let attribute = Attribute { defined, through_getattr };
        self.attributes.insert((class, name), attribute);
        attribute
    }

    /// The raw (unbound) values of an attribute of a class, along its MRO.
    pub(super) fn lookup(&mut self, class: ValueId, name: Name) -> NodeId {
        if let Some(&node) = self.lookups.get(&(class, name)) {
            return node;
        }
        let node = self.graph.node();
        self.lookups.insert((class, name), node);
        if let Some(info) = self.classes.get_mut(&class) {
            info.looked_up.push((name, node));
        }
        self.connect_lookup(class, name, node);
        node
    }

    fn connect_lookup(&mut self, class: ValueId, name: Name, node: NodeId) {
        let mro = self.mro(class).to_vec();
        self.connect_mro(&mro, name, node);
    }

    fn connect_mro(&mut self, mro: &[ValueId], name: Name, node: NodeId) {
        let mut external = None;
        let mut unknown = false;
        for &class in mro {
            match self.values.get(class) {
                Value::Class(..) => {
                    let field = self.field(class, name);
                    self.flow(field, node);
                    if self.binds(class, name) {
                        return;
                    }
                }
                Value::Ext(path) if external.is_none() && self.text(path) != "builtins.object" => {
                    external = Some(path);
                }
                Value::Obj(ObjKind::NamedTuple, ..) => {}
                Value::Unknown | Value::Setting(_) => unknown = true,
                _ => {}
            }
        }
        if let Some(path) = external {
            let attr = self.join_names(path, name);
            let value = self.values.intern_keyed(Value::ExtAttr(attr), None);
            self.graph.add(node, value);
        }
        if unknown {
            self.graph.add(node, well_known::UNKNOWN);
        }
    }

    /// A raw attribute value is read through a receiver (descriptor protocol, data model section 3.3.2).
    pub(super) fn bind(&mut self, raw: ValueId, recv: ValueId, dst: NodeId, at: Origin) {
        let is_property = matches!(self.values.get(raw), Value::Obj(ObjKind::Property, ..));
        if is_property && !matches!(self.values.get(recv), Value::Class(..)) {
            self.call_property(raw, recv, dst, at);
        } else {
            self.bind_raw(raw, recv, dst);
        }
    }

    /// Calls the getter of a property.
    fn call_property(&mut self, property: ValueId, recv: ValueId, dst: NodeId, at: Origin) {
        let result = match self.property_calls.get(&(at, property)) {
            Some(&node) => node,
            None => {
                let node = self.graph.node();
                self.property_calls.insert((at, property), node);
                node
            }
        };
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
                let value = if is_class {
                    self.values.intern_keyed(Value::ExtMethod(recv, path), None)
                } else {
                    self.ext_method(recv, path)
                };
                self.graph.add(dst, value);
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

    /// `value.name`.
    #[allow(clippy::too_many_lines, reason = "one arm per kind of value")]
    pub(super) fn load_attr(&mut self, value: ValueId, name: Name, dst: NodeId, at: Origin) {
        match self.values.get(value) {
            Value::Module(module) => {
                let bound = self.program.modules[module.0 as usize].names.binary_search(&name).is_ok();
                if bound {
                    let node = self.global(module, name);
                    self.flow_once(node, dst);
                    // A flag with a default; functions of the module are written in lower case (PEP 8).
                    let is_flag = self.feature_modules.contains(&module)
                        && !self.text(name).chars().any(char::is_lowercase);
                    if is_flag {
                        self.flag(module, name, dst);
                    }
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
                let field = self.field(value, name);
                self.flow(field, dst);
            }
            Value::Class(..) => {
                if name == self.names.name || name == self.names.qualname {
                    let text = self.class_name(value);
                    let text = self.str_value(&text);
                    self.graph.add(dst, text);
                } else if name == self.names.subclasses || self.text(name) == "mro" {
                    let path = self.dotted_name("builtins.type", name);
                    let method = self.ext_method(value, path);
                    self.graph.add(dst, method);
                } else {
                    let raw = self.lookup(value, name);
                    self.watch(raw, Use::Bind { recv: value, dst, at });
                }
            }
            Value::Inst(..) => self.load_instance_attr(value, name, dst, at),
            Value::Super(after, this) => {
                let class = match self.values.get(this) {
                    Value::Class(..) => Some(this),
                    _ => self.class_of(this),
                };
                let Some(class) = class else { return };
                let mro = self.mro(class).to_vec();
                let Some(position) = mro.iter().position(|&c| c == after) else { return };
                let raw = self.graph.node();
                self.connect_mro(&mro[position + 1..], name, raw);
                self.watch(raw, Use::Bind { recv: this, dst, at });
            }
            Value::Obj(ObjKind::External(path), ..) => {
                let text = self.text(path).to_owned();
                let field = self.field(value, name);
                self.flow(field, dst);
                self.load_external_attr(value, &text, name, dst, at);
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
                if matches!(kind, ObjKind::Tuple | ObjKind::Partial) {
                    let field = self.field(value, name);
                    self.flow(field, dst);
                }
                let path = self.dotted_name(class, name);
                let method = self.ext_method(value, path);
                self.graph.add(dst, method);
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
                let path = self.extend_path(path, name);
                let value = self.values.intern_keyed(Value::Ext(path), None);
                self.graph.add(dst, value);
            }
            Value::Setting(_) => {
                let path = self.dotted_name("builtins.setting", name);
                let method = self.ext_method(value, path);
                self.graph.add(dst, method);
                self.graph.add(dst, value);
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

    fn flag(&mut self, module: crate::link::ModId, name: Name, dst: NodeId) {
        let dotted = self.program.modules[module.0 as usize].name;
        let text = self.join_names(dotted, name);
        let value = self.values.intern_keyed(Value::Setting(text), None);
        self.graph.add(dst, value);
    }

    fn load_instance_attr(&mut self, value: ValueId, name: Name, dst: NodeId, at: Origin) {
        let Some(class) = self.class_of(value) else { return };
        if name == self.names.class {
            self.graph.add(dst, class);
            return;
        }
        if name == self.names.dict {
            let object = self.object(ObjKind::Dict, at);
            let (all, rest) = (self.all(value), self.rest(object));
            self.flow(all, rest);
            self.graph.add(dst, object);
            return;
        }
        if self.attribute(class, name).through_getattr {
            let field = self.field(value, name);
            self.flow(field, dst);
            self.via_getattr.insert(at);
            let text = self.values.intern_keyed(Value::Str(name), None);
            let argument = self.constant(text);
            let getattr = self.names.getattr;
            self.call_method(value, getattr, &[argument], dst, at, Some(HopKind::GetAttr));
            return;
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
        let properties = properties.clone();
        if self.is_shared(at.inst, dst) {
            self.flow(node, dst);
        } else {
            self.flow_once(node, dst);
        }
        for property in properties {
            self.call_property(property, value, dst, at);
        }
    }

    /// A raw attribute of the class of an object whose attribute is loaded.
    pub(super) fn bind_loaded(&mut self, index: u32, raw: ValueId) {
        let Loaded { object, node, ref loads, ref mut properties } = self.loaded[index as usize];
        if !matches!(self.values.get(raw), Value::Obj(ObjKind::Property, ..)) {
            self.bind_raw(raw, object, node);
            return;
        }
        properties.push(raw);
        for (dst, at) in loads.clone() {
            self.call_property(raw, object, dst, at);
        }
    }

    /// `object.name = src`.
    pub(super) fn store_attr(&mut self, object: ValueId, name: Name, src: NodeId, at: Origin) {
        match self.values.get(object) {
            Value::Module(module) => {
                let node = self.global(module, name);
                self.flow(src, node);
                let field = self.field(object, name);
                self.flow(src, field);
            }
            Value::Inst(..) => {
                if let Some(class) = self.class_of(object)
                    && self.attribute(class, name).defined
                {
                    self.store_property(object, class, name, src, at);
                }
                let field = self.field(object, name);
                self.flow(src, field);
            }
            Value::Class(..) | Value::Obj(..) | Value::Func(..) => {
                let field = self.field(object, name);
                self.flow(src, field);
            }
            Value::Bound(_, func) | Value::ManagerFunc(func) => self.store_attr(func, name, src, at),
            _ => {}
        }
    }

    /// A property with a setter runs it.
    fn store_property(&mut self, object: ValueId, class: ValueId, name: Name, src: NodeId, at: Origin) {
        let raw = self.lookup(class, name);
        let what = self.primitive(super::primitive::Pending::SetProperty { object, src, at });
        self.watch(raw, Use::Primitive { what });
    }

    /// `super(class, this)`.
    pub(super) fn super_of(&mut self, class: NodeId, this: NodeId, dst: NodeId) {
        let what = self.primitive(super::primitive::Pending::Super { class, this, dst });
        self.watch(this, Use::Primitive { what });
        self.watch(class, Use::Primitive { what });
    }

    /// The plain name of a class value.
    pub fn class_name(&self, class: ValueId) -> String {
        match self.values.get(class) {
            Value::Class(id, _) => {
                let file = self.program.class_file(id);
                self.text(file.names[self.program.class(id).0.name.0 as usize]).to_owned()
            }
            _ => String::new(),
        }
    }

    /// Whether a value may be an instance of one of the classes; what is no instance of the program's classes may be anything.
    pub(super) fn may_be_instance(&self, value: ValueId, classes: &[ValueId]) -> bool {
        let Some(class) = self.class_of(value) else {
            return value != well_known::NONE;
        };
        classes.iter().any(|&c| match self.values.get(c) {
            Value::Class(..) => self.mro(class).contains(&c),
            _ => true,
        })
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

    /// The named tuple class that a class derives from.
    pub(super) fn named_tuple_of(&self, class: ValueId) -> Option<ValueId> {
        self.mro(class)
            .iter()
            .copied()
            .find(|&c| matches!(self.values.get(c), Value::Obj(ObjKind::NamedTuple, ..)))
    }

    /// Field names of a named tuple class, as far as they are constants.
    pub(super) fn named_tuple_fields(&mut self, tuple: ValueId) -> Vec<Name> {
        let fields = self.field(tuple, self.names.fields);
        let mut names = Vec::new();
        for list in self.graph.values(fields).to_vec() {
            match self.values.get(list) {
                Value::Str(text) => {
                    let text = self.text(text).replace(',', " ");
                    for word in text.split_whitespace() {
                        names.push(self.program.names.intern(word));
                    }
                }
                Value::Obj(..) => {
                    let mut index = 0;
                    loop {
                        let slot = self.index_name(index);
                        let Some(node) = self.existing_field(list, slot) else { break };
                        let Some(&text) = self.graph.values(node).first() else { break };
                        let Value::Str(name) = self.values.get(text) else { break };
                        names.push(name);
                        index += 1;
                    }
                }
                _ => {}
            }
        }
        names
    }

    /// The class value whose body an instance runs.
    pub fn class_of_body(&self, body: InstId) -> Option<ValueId> {
        self.body_class.get(&body).copied()
    }
}
