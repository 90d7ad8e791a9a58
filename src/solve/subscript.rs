//! Subscripts: elements of containers and items of mappings, loaded and stored (data model, section 3.3.7).

use super::call::Passing;
use super::graph::NodeId;
use super::primitive::Pending;
use super::value::{InstId, ObjKind, Value, ValueId, well_known};
use super::{Origin, Solver, Use};
use crate::finding::HopKind;
use crate::link::Name;
use crate::models::Entry;

impl Solver<'_> {
    /// Reads `value[key]` for a constant key.
    pub(super) fn load_key(&mut self, value: ValueId, key: Name, dst: NodeId) {
        if self.view_tables.contains(&value) {
            let view = self.view_under(key);
            self.flow(view, dst);
        }
        match self.values.get(value) {
            Value::Obj(ObjKind::External(path), ..) => {
                let path = self.text(path).to_owned();
                if self.models.is_config(&path) {
                    self.load_config(value, key, dst);
                } else {
                    let node = self.field(value, key);
                    self.flow(node, dst);
                    self.graph.add(dst, well_known::UNKNOWN);
                }
            }
            Value::Obj(..) => {
                let node = self.field(value, key);
                self.flow(node, dst);
            }
            Value::None => {}
            Value::Setting(_) => {
                let node = self.field(self.whole_setting(value), key);
                self.flow(node, dst);
                self.note_default(value, key, node);
                let part = self.part_of_setting(value, Some(key));
                self.graph.add(dst, part);
            }
            Value::Unknown | Value::Data => {
                self.graph.add(dst, value);
            }
            Value::Ext(_) => {
                if let Some(items) = self.items_of(value) {
                    let node = self.field(items, key);
                    self.flow(node, dst);
                }
                self.graph.add(dst, value);
            }
            Value::Module(module) => {
                // `globals()[name]`, `vars(module)[name]`.
                let node = self.global(module, key);
                self.flow(node, dst);
            }
            Value::Str(_) | Value::AnyStr => {
                self.graph.add(dst, well_known::ANY_STR);
            }
            Value::Opaque => {
                self.graph.add(dst, well_known::DATA);
            }
            // A part of what a library holds is the library's, unless a model says otherwise.
            Value::ExtMethod(_, path) if self.model(path).is_none_or(Entry::says_nothing) => {
                if let Some(items) = self.items_of(value) {
                    let node = self.field(items, key);
                    self.flow(node, dst);
                }
                let value = self.ext_named(path);
                self.graph.add(dst, value);
            }
            _ if self.has_no_elements(value) => {}
            _ => {
                self.graph.add(dst, well_known::UNKNOWN);
            }
        }
    }

    /// Whether a value has neither elements nor items, so that asking for them raises.
    pub(super) fn has_no_elements(&self, value: ValueId) -> bool {
        matches!(
            self.values.get(value),
            Value::None
                | Value::Bool(_)
                | Value::Int(_)
                | Value::Func(..)
                | Value::Bound(..)
                | Value::ManagerFunc(_)
        )
    }

    /// Reads element `index` of a sequence.
    pub(super) fn load_index(&mut self, value: ValueId, index: u32, dst: NodeId) {
        let is_seq = matches!(
            self.values.get(value),
            Value::Obj(ObjKind::List | ObjKind::Tuple | ObjKind::NamedTuple | ObjKind::External(_), ..)
        );
        if is_seq || self.is_named_tuple(value) {
            let name = self.index_name(index);
            let node = self.field(value, name);
            self.flow(node, dst);
        } else {
            let at = Origin { inst: InstId::NONE, index: 0 };
            self.iterate(value, dst, at);
        }
    }

    /// Stores under a key value: constant strings and integers name a slot, anything else goes to the rest.
    pub(super) fn store_key(&mut self, object: ValueId, key: ValueId, src: NodeId) {
        let object = self.whole_setting(object);
        match self.values.get(object) {
            // What is configured under a computed key is the setting itself; it does not blur every key.
            Value::Obj(..) if self.is_config_object(object) && self.slot_name(key).is_none() => return,
            Value::Obj(..) | Value::Ext(_) | Value::ExtMethod(..) => {}
            // What the program adds to a mapping that is configured.
            Value::Setting(_) if self.slot_name(key).is_some() => {}
            // `globals()[name] = x`.
            Value::Module(module) => {
                let node = match self.slot_name(key) {
                    Some(name) => self.global(module, name),
                    None => self.rest(object),
                };
                self.written_from_outside.insert(node);
                self.flow(src, node);
                return;
            }
            _ => return,
        }
        let Some(object) = self.items_of(object) else { return };
        let from_end = matches!(
            (self.values.get(key), self.values.get(object)),
            (Value::Int(..0), Value::Obj(ObjKind::List, ..))
        );
        let slot = match self.slot_name(key) {
            Some(name) if !from_end => self.field(object, name),
            _ => self.rest(object),
        };
        self.flow(src, slot);
        if matches!(self.values.get(object), Value::Obj(ObjKind::Dict, ..)) {
            let keys = self.field(object, self.names.keys);
            self.graph.add(keys, key);
        }
    }

    /// The same, if something has asked for that slot.
    pub(super) fn known_slot_name(&self, key: ValueId) -> Option<Name> {
        match self.values.get(key) {
            Value::Str(name) if !super::strings::has_hole(self.text(name)) => Some(name),
            Value::Int(i) => self.program.names.find(&format!("#{i}")),
            _ => None,
        }
    }

    /// The slot that a key value names, if it is a constant without a hole.
    pub(super) fn slot_name(&mut self, key: ValueId) -> Option<Name> {
        match self.values.get(key) {
            Value::Str(name) if !super::strings::has_hole(self.text(name)) => Some(name),
            Value::Int(i @ 0..=4096) => Some(self.index_name(i as u32)),
            Value::Int(i) => Some(self.program.names.intern(&format!("#{i}"))),
            Value::Inst(..) => self.slot_of_member(key),
            _ => None,
        }
    }

    /// Whether `object[key]` may run `__missing__`: of a dict class of the program, where nothing of it says how keys are found
    /// (data model, section 3.3.7).
    pub(super) fn asks_for_missing(&self, object: ValueId) -> bool {
        let asks =
            |class| !self.defines(class, self.names.getitem) && self.defines(class, self.names.missing);
        self.class_of(object).is_some_and(asks)
    }

    /// `C[key]` of a class: `__getitem__` of its metaclass, `__class_getitem__` of its own (PEP 560).
    pub(super) fn load_sub_of_class(&mut self, class: ValueId, key: NodeId, dst: NodeId, at: Origin) {
        self.run_of_metaclass(class, self.names.getitem, &[key], dst, at);
        if self.defines(class, self.names.class_getitem) {
            let raw = self.lookup(class, self.names.class_getitem);
            let (bound, args) = (self.graph.node(), vec![(Passing::Pos, key)]);
            let call = self.synthetic_call(at, args, dst, Some(HopKind::Method));
            let what = self.primitive(Pending::InitSubclass { class, dst: bound });
            self.watch(raw, Use::Primitive { what });
            self.watch(bound, Use::Callee(call));
        }
    }

    /// The module of the program that a mapping of modules has under a name: `sys.modules[name]`.
    pub(super) fn module_in(&mut self, mapping: Name, name: Name) -> Option<ValueId> {
        self.model(mapping).filter(|entry| entry.kind.as_deref() == Some("modules"))?;
        let module = self.program.module(name)?;
        Some(self.values.intern_keyed(Value::Module(module), None))
    }

    /// Loads `object[key]` for one key value.
    pub(super) fn load_sub(&mut self, object: ValueId, key: ValueId, dst: NodeId) {
        if matches!(self.values.get(object), Value::Inst(..)) && self.is_named_tuple(object) {
            let node = match self.slot_name(key) {
                Some(name) => self.field(object, name),
                None => self.all(object),
            };
            self.flow(node, dst);
            return;
        }
        if matches!(self.values.get(object), Value::Class(..)) {
            // `Handler[int]` of a generic class stands for the class (PEP 560), unless something of the program answers.
            if !self.load_member_under(object, key, dst)
                && self.metaclasses_of(object).is_empty()
                && !self.defines(object, self.names.class_getitem)
            {
                self.graph.add(dst, object);
            }
            return;
        }
        // Places are counted from the end.
        let key = match (self.values.get(key), self.values.get(object)) {
            (Value::Int(place @ ..0), Value::Obj(ObjKind::List | ObjKind::Tuple, ..)) => {
                let length = self.display_length(object).map(|length| length as i64);
                match length.and_then(|length| u32::try_from(length + place).ok()) {
                    Some(place) => self.values.intern_keyed(Value::Int(i64::from(place)), None),
                    None => well_known::OPAQUE,
                }
            }
            _ => key,
        };
        if let Some(name) = self.slot_name(key) {
            if let Value::Ext(path) = self.values.get(object)
                && let Some(module) = self.module_in(path, name)
            {
                self.graph.add(dst, module);
                return;
            }
            self.load_key(object, name, dst);
            return;
        }
        match self.values.get(object) {
            Value::Obj(ObjKind::External(_), ..) => {
                let all = self.all(object);
                self.flow(all, dst);
                // What an operator configures is data.
                let other =
                    if self.is_config_object(object) { well_known::DATA } else { well_known::UNKNOWN };
                self.graph.add(dst, other);
            }
            Value::Obj(..) => {
                let all = self.all(object);
                self.flow(all, dst);
            }
            Value::Setting(_) => {
                let all = self.all(self.whole_setting(object));
                self.flow(all, dst);
                let part = self.part_of_setting(object, None);
                self.graph.add(dst, part);
            }
            Value::Ext(_) => {
                if let Some(items) = self.items_of(object) {
                    let all = self.all(items);
                    self.flow(all, dst);
                }
                self.graph.add(dst, object);
            }
            Value::Module(_) => {
                self.graph.add(dst, well_known::UNKNOWN);
            }
            _ => self.load_key(object, self.names.rest, dst),
        }
    }
}
