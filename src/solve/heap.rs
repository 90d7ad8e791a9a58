//! The heap: fields of objects, and containers with one slot per constant key and one for the rest.

use super::primitive::Pending;
use super::value::{InstId, ObjKind, Value, ValueId, well_known};
use super::{Origin, SlotListener, SlotRule, Solver, Use};
use crate::finding::HopKind;
use crate::link::{FuncId, Name};
use crate::solve::graph::NodeId;

impl Solver<'_> {
    /// The field `name` of an object, made when it is first asked for.
    pub fn field(&mut self, object: ValueId, name: Name) -> NodeId {
        if let Some(&node) = self.fields.get(&(object, name)) {
            return node;
        }
        let node = self.graph.node();
        self.fields.insert((object, name), node);
        if name == self.names.keys {
            return node;
        }
        let slots = self.slots.of(object);
        slots.named.push((name, node));
        let (rest, all, listeners) = (slots.rest, slots.all, slots.listeners.clone());
        if let Some(rest) = rest {
            self.flow_once(rest, node);
        }
        if let Some(all) = all {
            self.flow_once(node, all);
        }
        for listener in listeners {
            self.forward_slot(listener, name, node);
        }
        node
    }

    /// The field if something made it.
    pub fn existing_field(&self, object: ValueId, name: Name) -> Option<NodeId> {
        self.fields.get(&(object, name)).copied()
    }

    /// The names of the fields of an object, in the order in which they were made.
    pub fn field_names(&self, object: ValueId) -> Vec<Name> {
        self.slots.get(object).map(|s| s.named.iter().map(|&(n, _)| n).collect()).unwrap_or_default()
    }

    /// The slot of an object for keys that are not constant.
    pub fn rest(&mut self, object: ValueId) -> NodeId {
        if let Some(rest) = self.slots.get(object).and_then(|s| s.rest) {
            return rest;
        }
        let rest = self.graph.node();
        let name = self.names.rest;
        let slots = self.slots.of(object);
        slots.rest = Some(rest);
        let (named, all, listeners) = (slots.named.clone(), slots.all, slots.listeners.clone());
        for (_, node) in named {
            self.flow_once(rest, node);
        }
        if let Some(all) = all {
            self.flow_once(rest, all);
        }
        for listener in listeners {
            self.forward_slot(listener, name, rest);
        }
        rest
    }

    /// The same, if something made it.
    pub(super) fn existing_rest(&self, object: ValueId) -> Option<NodeId> {
        self.slots.get(object).and_then(|slots| slots.rest)
    }

    /// The union of all slots of an object.
    pub fn all(&mut self, object: ValueId) -> NodeId {
        if let Some(all) = self.slots.get(object).and_then(|s| s.all) {
            return all;
        }
        let all = self.graph.node();
        let slots = self.slots.of(object);
        slots.all = Some(all);
        let (named, rest) = (slots.named.clone(), slots.rest);
        for (_, node) in named {
            self.flow_once(node, all);
        }
        if let Some(rest) = rest {
            self.flow_once(rest, all);
        }
        all
    }

    /// All slots of `from` are those of `to` as well.
    pub(super) fn share_slots(&mut self, from: ValueId, to: ValueId) {
        self.listen(from, to, SlotRule::All);
    }

    fn listen(&mut self, object: ValueId, to: ValueId, rule: SlotRule) {
        let index = self.slot_listeners.len() as u32;
        self.slot_listeners.push(SlotListener { to, rule });
        let slots = self.slots.of(object);
        slots.listeners.push(index);
        let (named, rest) = (slots.named.clone(), slots.rest);
        for (name, node) in named {
            self.forward_slot(index, name, node);
        }
        if let Some(rest) = rest {
            self.forward_slot(index, self.names.rest, rest);
        }
    }

    /// Where something is stored in an object under a name: in a module (`globals().update(...)`) that is a variable of it.
    pub(super) fn slot_of(&mut self, object: ValueId, name: Name) -> NodeId {
        let Value::Module(module) = self.values.get(object) else { return self.field(object, name) };
        let node = self.global(module, name);
        self.written_from_outside.insert(node);
        node
    }

    fn forward_slot(&mut self, listener: u32, name: Name, node: NodeId) {
        let SlotListener { to, rule } = self.slot_listeners[listener as usize].clone();
        if name == self.names.rest {
            let rest = self.rest(to);
            self.flow(node, rest);
            return;
        }
        let target = match rule {
            SlotRule::All => self.slot_of(to, name),
            SlotRule::Shift { from, until, to: at } => match self.index_of(name) {
                Some(i) if (from..until).contains(&i) && i - from + at > self.limits.elements => {
                    self.cap_at("shifted-elements", node.0);
                    self.rest(to)
                }
                Some(i) if (from..until).contains(&i) => {
                    let shifted = self.index_name(i - from + at);
                    self.field(to, shifted)
                }
                Some(_) => return,
                None => self.rest(to),
            },
            SlotRule::ExceptParams(func) => {
                let file = self.program.file_of(func);
                let takes = self.program.func(func).params.iter().any(|p| {
                    file.names[p.name.0 as usize] == name
                        && !matches!(
                            p.kind,
                            crate::ir::ParamKind::VarArgs
                                | crate::ir::ParamKind::KwArgs
                                | crate::ir::ParamKind::PositionalOnly
                        )
                });
                if takes {
                    return;
                }
                self.field(to, name)
            }
        };
        self.flow(node, target);
        if matches!(self.values.get(to), Value::Obj(ObjKind::Dict, ..)) {
            let keys = self.field(to, self.names.keys);
            let key = self.values.intern_keyed(Value::Str(name), None);
            self.graph.add(keys, key);
        }
    }

    /// The field name of a positional element.
    pub fn index_name(&mut self, index: u32) -> Name {
        while self.index_names.len() <= index as usize {
            let next = self.program.names.intern(&format!("#{}", self.index_names.len()));
            self.index_names.push(next);
        }
        self.index_names[index as usize]
    }

    fn index_of(&self, name: Name) -> Option<u32> {
        self.text(name).strip_prefix('#')?.parse().ok()
    }

    /// A fresh-looking object for (site, instance): the same on every call.
    pub fn object(&mut self, kind: ObjKind, at: Origin) -> ValueId {
        let site = self.site(at);
        let value = Value::Obj(kind, site, at.inst);
        match kind {
            ObjKind::Partial | ObjKind::Property | ObjKind::Primitive(_) | ObjKind::NamedTuple => {
                self.values.intern_self_keyed(value)
            }
            _ => self.values.intern_keyed(value, None),
        }
    }

    pub(super) fn is_container(&self, value: ValueId) -> bool {
        matches!(self.values.get(value), Value::Obj(..))
    }

    /// Whether `**value` raises: it has no elements, or is an object of a class of the program without `__getitem__`, which is
    /// looked up on the class alone.
    pub(super) fn is_no_mapping(&self, value: ValueId) -> bool {
        let lacks_items = |class| !self.defines(class, self.names.getitem) && self.makes_its_instances(class);
        self.has_no_elements(value) || self.class_of(value).is_some_and(lacks_items)
    }

    /// What iteration over a value yields; `at` is where it is consumed (no instance: not recorded).
    pub(super) fn iterate(&mut self, value: ValueId, dst: NodeId, at: Origin) {
        match self.values.get(value) {
            Value::Obj(ObjKind::Dict, ..) => {
                let keys = self.field(value, self.names.keys);
                self.flow(keys, dst);
            }
            Value::Obj(ObjKind::External(_), ..) => {
                let all = self.all(value);
                self.flow(all, dst);
                self.graph.add(dst, well_known::UNKNOWN);
            }
            Value::Obj(..) => {
                let all = self.all(value);
                self.flow(all, dst);
            }
            Value::Generator(inst) => {
                let yielded = self.insts[inst.0 as usize].yielded;
                self.flow(yielded, dst);
                if at.inst != InstId::NONE {
                    self.edge(at, inst, Some(HopKind::Yield));
                }
            }
            Value::Inst(..) if self.is_named_tuple(value) => {
                let all = self.all(value);
                self.flow(all, dst);
            }
            Value::Inst(..) => {
                if let Some(contents) = self.contents_unless(value, self.names.iter) {
                    self.iterate(contents, dst, at);
                    return;
                }
                if at.inst == InstId::NONE {
                    self.graph.add(dst, well_known::UNKNOWN);
                    return;
                }
                // `__iter__` gives an iterator, often a generator, or the object itself with `__next__`.
                if self.iterated.insert((value, dst)) {
                    let iterator = self.graph.node();
                    self.call_method(value, self.names.iter, &[], iterator, at, Some(HopKind::Yield));
                    self.watch(iterator, Use::Iterate { dst, at });
                    self.call_method(value, self.names.next, &[], dst, at, Some(HopKind::Yield));
                    // Without these, elements are asked for by their number (data model, section 3.3.7).
                    let by_number = self.class_of(value).is_some_and(|class| {
                        self.defines(class, self.names.getitem) && !self.defines(class, self.names.iter)
                    });
                    if by_number {
                        let number = [self.constant(well_known::OPAQUE)];
                        let item = self.names.getitem;
                        self.call_method(value, item, &number, dst, at, Some(HopKind::Method));
                    }
                    // `async for`.
                    if self.class_of(value).is_some_and(|class| self.defines(class, self.names.anext)) {
                        self.call_method(value, self.names.anext, &[], dst, at, Some(HopKind::Yield));
                    }
                    if self.class_of(value).is_some_and(|class| self.defines(class, self.names.aiter)) {
                        let iterator = self.graph.node();
                        self.call_method(value, self.names.aiter, &[], iterator, at, Some(HopKind::Yield));
                        self.watch(iterator, Use::Iterate { dst, at });
                    }
                }
            }
            Value::Class(..) if self.load_members(value, dst) => {}
            Value::Class(..) => {
                // Members of an enumeration.
                self.graph.add(dst, well_known::UNKNOWN);
                if at.inst != InstId::NONE && self.iterated.insert((value, dst)) {
                    let iterator = self.graph.node();
                    self.run_of_metaclass(value, self.names.iter, &[], iterator, at);
                    self.watch(iterator, Use::Iterate { dst, at });
                }
            }
            Value::Str(_) | Value::AnyStr => {
                self.graph.add(dst, well_known::ANY_STR);
            }
            Value::Setting(_) => {
                let part = self.part_of_setting(value, None);
                self.graph.add(dst, part);
            }
            Value::Ext(_) | Value::Unknown | Value::Data => {
                self.graph.add(dst, value);
            }
            Value::Opaque => {
                self.graph.add(dst, well_known::OPAQUE);
            }
            _ if self.has_no_elements(value) => {}
            _ => {
                self.graph.add(dst, well_known::UNKNOWN);
            }
        }
    }

    pub(super) fn is_config_object(&self, value: ValueId) -> bool {
        match self.values.get(value) {
            Value::Obj(ObjKind::External(path), ..) => self.models.is_config(self.text(path)),
            _ => false,
        }
    }

    /// Keys of a mapping.
    pub(super) fn keys_of(&mut self, value: ValueId, dst: NodeId) {
        match self.values.get(value) {
            Value::Obj(ObjKind::Dict, ..) => {
                let keys = self.field(value, self.names.keys);
                self.flow(keys, dst);
            }
            Value::None => {}
            _ => {
                self.graph.add(dst, well_known::ANY_STR);
            }
        }
    }

    /// Copies all slots of `from` into `to`.
    pub(super) fn spread(&mut self, from: ValueId, to: ValueId) {
        if from == to {
            return;
        }
        let from = self.contents_of(from).unwrap_or(from);
        match self.values.get(from) {
            Value::Obj(ObjKind::Dict, ..) => {
                self.listen(from, to, SlotRule::All);
                let (a, b) = (self.field(from, self.names.keys), self.field(to, self.names.keys));
                self.flow(a, b);
            }
            Value::Obj(..) => {
                let all = self.all(from);
                let rest = self.rest(to);
                self.flow(all, rest);
            }
            Value::None => {}
            // What an operator configures is the setting itself; it does not blur every key.
            _ if self.is_config_object(to) => {}
            _ => {
                let rest = self.rest(to);
                let at = Origin { inst: InstId::NONE, index: 0 };
                self.iterate(from, rest, at);
            }
        }
    }

    /// What a value adds to a dict that is made of it (`dict(x)`, `d.update(x)`): the entries of a mapping, else pairs of a key
    /// and a value (Python library reference, `dict`).
    pub(super) fn add_entries(&mut self, dict: ValueId, value: ValueId, at: Origin) {
        let of_pairs = matches!(
            self.values.get(value),
            Value::Obj(ObjKind::List | ObjKind::Tuple | ObjKind::Set, ..) | Value::Generator(_)
        );
        if !of_pairs {
            self.spread(value, dict);
            return;
        }
        let pairs = self.graph.node();
        self.iterate(value, pairs, at);
        let what = self.primitive(Pending::Pair { dict });
        self.watch(pairs, Use::Primitive { what });
    }

    /// Stores a pair of a key and a value in a dict.
    pub(super) fn store_pair(&mut self, dict: ValueId, pair: ValueId) {
        if !matches!(self.values.get(pair), Value::Obj(ObjKind::Tuple | ObjKind::List, ..)) {
            // The parts of data, and of what a library gives, are such themselves.
            let (keys, rest) = (self.field(dict, self.names.keys), self.rest(dict));
            let at = Origin { inst: InstId::NONE, index: 0 };
            self.iterate(pair, keys, at);
            self.iterate(pair, rest, at);
            return;
        }
        let [key, value] = [0, 1].map(|index| {
            let name = self.index_name(index);
            self.field(pair, name)
        });
        let what = self.primitive(Pending::DictItem { object: dict, value });
        self.watch(key, Use::Primitive { what });
    }

    /// Copies the elements of a sequence from index `first` to below `until` into `to`.
    pub(super) fn spread_slice(&mut self, from: ValueId, to: ValueId, first: u32, until: u32) {
        self.listen(from, to, SlotRule::Shift { from: first, until, to: 0 });
    }

    pub(super) fn spread_shifted(&mut self, from: ValueId, to: ValueId, first: u32, at: u32) {
        match self.values.get(from) {
            Value::Obj(ObjKind::List | ObjKind::Tuple, ..) => {
                self.listen(from, to, SlotRule::Shift { from: first, until: u32::MAX, to: at });
            }
            _ => {
                let rest = self.rest(to);
                let nowhere = Origin { inst: InstId::NONE, index: 0 };
                self.iterate(from, rest, nowhere);
            }
        }
    }

    pub(super) fn spread_except(&mut self, from: ValueId, to: ValueId, except: FuncId) {
        match self.values.get(from) {
            Value::Obj(ObjKind::Dict, ..) => self.listen(from, to, SlotRule::ExceptParams(except)),
            _ if self.is_no_mapping(from) => {}
            Value::Setting(_) => {
                self.listen(self.whole_setting(from), to, SlotRule::ExceptParams(except));
                let (rest, part) = (self.rest(to), self.part_of_setting(from, None));
                self.graph.add(rest, part);
            }
            // A part of data is data, a part of what a library gives is the library's.
            Value::Data | Value::Ext(_) => {
                let rest = self.rest(to);
                self.graph.add(rest, from);
            }
            _ => {
                let rest = self.rest(to);
                self.graph.add(rest, well_known::UNKNOWN);
            }
        }
    }
}
