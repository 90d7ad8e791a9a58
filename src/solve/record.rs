//! Records: classes whose constructor is generated from annotated fields, that is dataclasses and `typing.NamedTuple`.
//!
//! Sources: Python 3.12 library reference, `dataclasses` (fields in the order of the bases, then of the class) and
//! `typing.NamedTuple`.
//!
//! What the constructor is given tells instances apart as for a constructor that is written: see
//! [`Solver::constructor_key`]. A record is made when each argument has a value, in one instance for each combination of
//! keys.

use super::call::{Args, Call, Passing};
use super::graph::NodeId;
use super::modelled::FIELD;
use super::primitive::Pending;
use super::value::{ClassDef, Constants, Context, ObjKind, Value, ValueId, well_known};
use super::{Origin, Solver, Use};
use crate::finding::HopKind;
use crate::ir::ParamKind;
use crate::link::Name;
use smallvec::SmallVec;

/// Depth of a key below which it counts: records of records would nest without end.
const MAX_DEPTH: u32 = 3;

/// The keys of the arguments of one instance, none where an argument gives none.
type Keys = SmallVec<[Option<ValueId>; 6]>;

/// A call of the constructor of a record class.
pub(super) struct Record {
    call: u32,
    class: ValueId,
    /// The fields that are passed.
    passed: Vec<Passed>,
    /// The instances, each with the keys of its arguments.
    made: Vec<(Keys, ValueId)>,
}

/// A field to which an argument is passed.
struct Passed {
    name: Name,
    /// Its place among all fields.
    index: u32,
    source: NodeId,
    /// The keys seen so far.
    seen: SmallVec<[Option<ValueId>; 2]>,
}

impl Solver<'_> {
    /// Notes that a decorator generates the constructor of a class.
    pub(super) fn mark_record(&mut self, class: ValueId) {
        if matches!(self.values.get(class), Value::Class(..)) {
            self.record_classes.insert(class);
        }
    }

    /// The fields of a record class in the order of the generated constructor; none if it is no record.
    pub(super) fn record_fields(&self, class: ValueId) -> Option<Vec<Name>> {
        let mro = self.mro(class);
        let generated =
            |&class: &ValueId| self.record_classes.contains(&class) || self.is_tuple_statement(class);
        if !mro.iter().any(generated) {
            return None;
        }
        let mut fields: Vec<Name> = Vec::new();
        for &base in mro.iter().rev().filter(|&base| generated(base)) {
            let Value::Class(ClassDef::Statement(id), _) = self.values.get(base) else { continue };
            let file = self.program.class_file(id);
            for field in &self.program.class(id).0.fields {
                let name = file.names[field.0 as usize];
                if !fields.contains(&name) {
                    fields.push(name);
                }
            }
        }
        Some(fields)
    }

    /// Whether a class statement makes a named tuple class of its annotated names.
    pub(super) fn is_tuple_statement(&self, class: ValueId) -> bool {
        let typed = |&base: &ValueId| match self.values.get(base) {
            Value::Ext(path) => self.text(path) == "typing.NamedTuple",
            _ => false,
        };
        self.classes.get(&class).is_some_and(|info| info.bases.iter().flatten().any(typed))
    }

    /// Calls the generated constructor of a record class.
    pub(super) fn construct_record(&mut self, call: u32, class: ValueId, fields: &[Name]) {
        let mut passed = Vec::new();
        let args = self.args(call);
        let known = |passing: Passing| args.iter().any(|&(p, _)| p == passing);
        let positional = args.iter().filter(|(p, _)| *p == Passing::Pos).count();
        for (index, &name) in (0..).zip(fields) {
            let given = (index as usize) < positional
                || known(Passing::Kw(name))
                || known(Passing::Star)
                || known(Passing::DoubleStar);
            if !given {
                continue;
            }
            let text = self.text(name).to_owned();
            let Some(source) = self.argument(call, Some(index), Some(&text)) else { continue };
            // What comes out of `*x` and `**x` may leave a field its default.
            let definite = (index as usize) < positional || known(Passing::Kw(name));
            if !definite {
                let default = self.lookup(class, name);
                self.flow(default, source);
            }
            passed.push(Passed { name, index, source, seen: SmallVec::new() });
        }
        let record = self.records.len() as u32;
        let sources: Vec<NodeId> = passed.iter().map(|field| field.source).collect();
        self.records.push(Record { call, class, passed, made: Vec::new() });
        if sources.is_empty() {
            self.make_record(record, Keys::new());
        }
        for (place, source) in (0..).zip(sources) {
            let what = self.primitive(Pending::RecordField { record, place });
            self.watch(source, Use::Primitive { what });
        }
    }

    /// A value reached a field of a record that is made.
    pub(super) fn on_record_field(&mut self, record: u32, place: u32, value: ValueId) {
        let (number, place) = (record as usize, place as usize);
        let class = self.records[number].class;
        let key = self.record_key(class, value);
        let Passed { name, index, ref seen, .. } = self.records[number].passed[place];
        if !seen.contains(&key) {
            self.records[number].passed[place].seen.push(key);
            self.combine_record(record, place, key);
            return;
        }
        let made = self.records[number].made.iter().filter(|(keys, _)| keys[place] == key);
        for object in made.map(|&(_, object)| object).collect::<Vec<_>>() {
            for node in self.record_slots(class, object, name, index) {
                self.graph.add(node, value);
            }
        }
    }

    /// The key that an argument gives the instance.
    fn record_key(&mut self, class: ValueId, value: ValueId) -> Option<ValueId> {
        let key = self.values.key(value, Constants::Shared)?;
        if self.value_depth(key) >= MAX_DEPTH {
            self.cap("context-depth");
            return None;
        }
        self.constructor_key(class, key, None)
    }

    /// Makes the instances of all combinations of the keys seen so far with a new one.
    fn combine_record(&mut self, record: u32, place: usize, key: Option<ValueId>) {
        let mut all: Vec<Keys> = vec![Keys::new()];
        for (at, field) in self.records[record as usize].passed.iter().enumerate() {
            let keys: &[Option<ValueId>] = if at == place { &[key] } else { &field.seen };
            let longer = |begun: &Keys| {
                keys.iter().map(|&key| begun.iter().copied().chain([key]).collect()).collect::<Vec<Keys>>()
            };
            all = all.iter().flat_map(longer).collect();
            if all.len() > self.limits.contexts {
                // The instances without keys take the values of all.
                // Classes are counted from the other end.
                let class = self.records[record as usize].class;
                self.cap_at("contexts-per-function", u32::MAX - class.0);
                let count = self.records[record as usize].passed.len();
                all = vec![std::iter::repeat_n(None, count).collect()];
                break;
            }
        }
        for keys in all {
            self.make_record(record, keys);
        }
    }

    fn make_record(&mut self, record: u32, keys: Keys) {
        let Record { call, class, ref passed, .. } = self.records[record as usize];
        let Call { origin, dst, .. } = self.calls[call as usize];
        let context: Context =
            passed.iter().zip(&keys).filter_map(|(field, key)| Some((field.index + 1, (*key)?))).collect();
        let fields: Vec<(Name, u32, NodeId, Option<ValueId>)> =
            passed.iter().zip(&keys).map(|(f, &key)| (f.name, f.index, f.source, key)).collect();
        let key = self.values.class_key(class, context);
        let object = self.instance_value(key, origin);
        for &(name, index, source, key) in &fields {
            for i in 0..self.graph.values(source).len() {
                let value = self.graph.values(source)[i];
                if self.record_key(class, value) == key {
                    for node in self.record_slots(class, object, name, index) {
                        self.graph.add(node, value);
                    }
                }
            }
        }
        self.records[record as usize].made.push((keys, object));
        if self.named_tuple_of(class).is_some() {
            self.default_elements(class, object, &fields);
        }
        for name in self.record_fields(class).unwrap_or_default() {
            if fields.iter().all(|&(passed, ..)| passed != name) {
                let (default, field) = (self.lookup(class, name), self.field(object, name));
                let what = self.primitive(Pending::DefaultOfField { dst: field, at: origin });
                self.watch(default, Use::Primitive { what });
            }
        }
        let post = self.names.post_init;
        if self.defines(class, post) {
            let raw = self.lookup(class, post);
            let what = self.primitive(Pending::PostInit { object, at: origin });
            self.watch(raw, Use::Primitive { what });
        }
        self.graph.add(dst, object);
    }

    /// What stands in a class body for a field that is not given: its factory makes one for each record.
    pub(super) fn default_of_field(&mut self, default: ValueId, dst: NodeId, at: Origin) {
        let Value::Obj(ObjKind::Primitive(prim), ..) = self.values.get(default) else { return };
        if self.text(prim) != FIELD {
            return;
        }
        let name = self.program.names.intern("default_factory");
        if let Some(factory) = self.existing_field(default, name) {
            let call = self.synthetic_call(at, Args::new(), dst, Some(HopKind::Callback));
            self.watch(factory, Use::Callee(call));
        }
    }

    /// Calls `__post_init__` of a new record: with the fields that are there for it alone (`dataclasses.InitVar`), which are those that
    /// its parameters name.
    pub(super) fn initialise_record(&mut self, object: ValueId, post: ValueId, at: Origin) {
        let (Value::Func(func, _), Some(class)) = (self.values.get(post), self.class_of(object)) else {
            return;
        };
        let file = self.program.file_of(func);
        let params = &self.program.func(func).params;
        let named = params
            .iter()
            .skip(1)
            .filter(|p| matches!(p.kind, ParamKind::Positional | ParamKind::KeywordOnly));
        let names: Vec<Name> = named.map(|param| file.names[param.name.0 as usize]).collect();
        let fields = self.record_fields(class).unwrap_or_default();
        let mut args = Args::new();
        for name in names {
            let node = if fields.contains(&name) {
                let (field, default) = (self.field(object, name), self.lookup(class, name));
                self.flow(default, field);
                field
            } else {
                self.constant(well_known::UNKNOWN)
            };
            args.push((Passing::Kw(name), node));
        }
        let ignored = self.graph.node();
        let call = self.synthetic_call(at, args, ignored, Some(HopKind::Constructor));
        self.dispatch(call, post, Some(object));
    }

    /// The elements of a named tuple for fields that are not passed: their defaults.
    fn default_elements(
        &mut self,
        class: ValueId,
        object: ValueId,
        passed: &[(Name, u32, NodeId, Option<ValueId>)],
    ) {
        for (index, name) in (0..).zip(self.record_fields(class).unwrap_or_default()) {
            if passed.iter().all(|&(_, known, ..)| known != index) {
                let (default, element) = (self.lookup(class, name), self.index_name(index));
                let element = self.field(object, element);
                self.flow(default, element);
            }
        }
    }

    /// Where the value of a field goes: an attribute, and of a named tuple an element.
    fn record_slots(&mut self, class: ValueId, object: ValueId, name: Name, index: u32) -> Vec<NodeId> {
        let mut slots = vec![self.field(object, name)];
        if self.named_tuple_of(class).is_some() {
            let element = self.index_name(index);
            slots.push(self.field(object, element));
        }
        slots
    }
}
