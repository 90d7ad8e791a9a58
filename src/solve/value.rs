//! Abstract values, interned, and the context keys that they give.
//!
//! A value stands for a set of run-time objects: an allocation site, a closure, a class with the environment it was
//! made in, a constant, an external object by dotted path. The context key of a value (see
//! [`Values::key`]) is what a function is cloned on when the value is passed to it, after Agesen's
//! Cartesian product algorithm (ECOOP 1995): values that carry code give a key of their own,
//! instances give the key of their class (Smaragdakis et al., type sensitivity, POPL 2011).

use super::graph::NodeId;
use super::index::{Index, hash_of};
use crate::link::{ClassId, FuncId, ModId, Name};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// An interned value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ValueId(pub u32);

/// A function in a context: its environment and the keys its parameters are bound to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct InstId(pub u32);

impl InstId {
    /// No environment.
    pub const NONE: InstId = InstId(u32::MAX);
}

/// What a function, or a class, is cloned on: keys by parameter.
pub type Context = SmallVec<[(u32, ValueId); 4]>;

/// A class together with the constructor context that its instances were made in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ClassKey(pub u32);

/// An allocation site: a function and an instruction of it, or a numbered synthetic one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct AllocSite {
    /// The function; `u32::MAX` for synthetic sites.
    pub func: u32,
    /// The instruction, or a number.
    pub index: u32,
}

/// What makes a class.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum ClassDef {
    /// A class statement.
    Statement(ClassId),
    /// The call of `type(name, bases, namespace)` at this site.
    Call(AllocSite),
}

/// Kinds of objects that are identified by allocation site and allocating instance.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum ObjKind {
    /// A list.
    List,
    /// A tuple.
    Tuple,
    /// A set.
    Set,
    /// A dict.
    Dict,
    /// `functools.partial(f, ...)`: field `func`, positional fields `#0`..., keyword fields by name.
    Partial,
    /// A `property`: fields `fget`, `fset`.
    Property,
    /// A class that `collections.namedtuple` made: field `fields`.
    NamedTuple,
    /// An instance of a modelled external class, whose dotted path is given.
    External(Name),
    /// The text that `json.dumps` made: field `json`.
    Json,
    /// A decorator that a primitive returned, e.g. of `Blueprint.route(...)`; the name is the primitive.
    Primitive(Name),
}

/// An abstract value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Value {
    /// Anything: the value is not tracked.
    Unknown,
    /// Something that carries no code: a number, bytes, the result of a comparison.
    Opaque,
    /// Data that came from outside, as `json.loads` gives it: any of `None`, text, numbers, or a container of such. What
    /// is called on it are methods of builtin types, and what they return is data again.
    Data,
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// A small integer.
    Int(i64),
    /// A string; a hole that only run time fills is the character U+FFFC.
    Str(Name),
    /// Any string.
    AnyStr,
    /// A module of the program.
    Module(ModId),
    /// A function object: the scope and the instance that its free variables live in.
    Func(FuncId, InstId),
    /// A class object: what made it, and the instance that did.
    Class(ClassDef, InstId),
    /// An instance of a program class.
    Inst(ClassKey, AllocSite),
    /// Any instance with this class key: a context key, never a points-to value.
    AnyOf(ClassKey),
    /// A container or another object by site and allocating instance.
    Obj(ObjKind, AllocSite, InstId),
    /// A function bound to a receiver.
    Bound(ValueId, ValueId),
    /// An external object by dotted path.
    Ext(Name),
    /// A method of an external class bound to a receiver, by dotted path.
    ExtMethod(ValueId, Name),
    /// An attribute found on an external base class, not yet bound.
    ExtAttr(Name),
    /// A configuration value: `features.X` or `config.KEY`.
    Setting(Name),
    /// `super()`: the class after which lookup starts, and the receiver.
    Super(ValueId, ValueId),
    /// A generator made by an instance.
    Generator(InstId),
    /// A function under `contextlib.contextmanager`.
    ManagerFunc(ValueId),
    /// A context manager that runs an instance around the `with` body.
    Manager(InstId),
    /// `staticmethod(f)`.
    StaticMethod(ValueId),
    /// `classmethod(f)`.
    ClassMethod(ValueId),
    /// What `queue.batch_insert()` returns.
    QueueBatch(ValueId),
    /// What entering that gives: the function that puts.
    QueuePut(ValueId),
    /// A call site: a context key, never a points-to value.
    Site(AllocSite),
    /// The shape of a call, by number: a context key, never a points-to value.
    Shape(u32),
    /// The view that a framework makes of a class: class value, HTTP method (lower case).
    Dispatch(ValueId, Name),
}

/// Which constants give a key at a parameter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Constants {
    /// None: all constants share a context.
    Shared,
    /// Literal constants.
    Distinct,
    /// Literal constants and settings.
    AndSettings,
}

/// The value table.
#[derive(Default)]
pub struct Values {
    table: Vec<Value>,
    index: Index,
    keys: Vec<Option<ValueId>>,
    class_keys: Vec<(ValueId, Context)>,
    class_key_index: FxHashMap<(ValueId, Context), ClassKey>,
}

/// Values with a fixed id.
pub mod well_known {
    use super::ValueId;
    /// [`super::Value::Unknown`].
    pub const UNKNOWN: ValueId = ValueId(0);
    /// [`super::Value::Opaque`].
    pub const OPAQUE: ValueId = ValueId(1);
    /// [`super::Value::None`].
    pub const NONE: ValueId = ValueId(2);
    /// `True`.
    pub const TRUE: ValueId = ValueId(3);
    /// `False`.
    pub const FALSE: ValueId = ValueId(4);
    /// [`super::Value::AnyStr`].
    pub const ANY_STR: ValueId = ValueId(5);
    /// [`super::Value::Data`].
    pub const DATA: ValueId = ValueId(6);
}

impl Values {
    /// A table that holds the well-known values.
    pub fn new() -> Values {
        let mut values = Values::default();
        for value in [
            Value::Unknown,
            Value::Opaque,
            Value::None,
            Value::Bool(true),
            Value::Bool(false),
            Value::AnyStr,
            Value::Data,
        ] {
            values.intern_keyed(value, None);
        }
        values
    }

    /// Makes room for so many more values.
    pub fn reserve(&mut self, count: usize) {
        self.table.reserve(count);
        self.keys.reserve(count);
        self.index.reserve(count, |id| hash_of(&self.table[id as usize]));
    }

    /// The value behind an id.
    #[inline]
    pub fn get(&self, id: ValueId) -> Value {
        self.table[id.0 as usize]
    }

    /// The id of `value`, if it was interned before.
    pub fn find(&self, value: &Value) -> Option<ValueId> {
        self.index.find(hash_of(value), |id| self.table[id as usize] == *value).map(ValueId)
    }

    /// Interns a value whose context key is `key`.
    pub fn intern_keyed(&mut self, value: Value, key: Option<ValueId>) -> ValueId {
        self.intern(value, |_| key)
    }

    /// Interns a value that is its own context key.
    pub fn intern_self_keyed(&mut self, value: Value) -> ValueId {
        self.intern(value, Some)
    }

    fn intern(&mut self, value: Value, key: impl Fn(ValueId) -> Option<ValueId>) -> ValueId {
        let next = self.table.len() as u32;
        let table = &self.table;
        let hash = |id: u32| hash_of(&table[id as usize]);
        if let Some(id) =
            self.index.find_or_add(hash_of(&value), next, |id| table[id as usize] == value, hash)
        {
            return ValueId(id);
        }
        self.table.push(value);
        self.keys.push(key(ValueId(next)));
        ValueId(next)
    }

    /// The context key of a value when it is passed to a parameter: none if functions are not cloned on it.
    pub fn key(&self, id: ValueId, constants: Constants) -> Option<ValueId> {
        match self.get(id) {
            Value::None | Value::Bool(_) | Value::Int(_) | Value::Str(_) => {
                (constants != Constants::Shared).then_some(id)
            }
            // Conditions have none: each stands beside the untracked result of its test, and the two are one.
            Value::Setting(_) => self.keys[id.0 as usize].filter(|_| constants == Constants::AndSettings),
            _ => self.keys[id.0 as usize],
        }
    }

    /// Interns the key of a class with a constructor context.
    pub fn class_key(&mut self, class: ValueId, context: Context) -> ClassKey {
        let index = (class, context);
        if let Some(&key) = self.class_key_index.get(&index) {
            return key;
        }
        let key = ClassKey(self.class_keys.len() as u32);
        self.class_keys.push(index.clone());
        self.class_key_index.insert(index, key);
        key
    }

    /// The class and constructor context of a class key.
    pub fn class_of_key(&self, key: ClassKey) -> (ValueId, &[(u32, ValueId)]) {
        let (class, context) = &self.class_keys[key.0 as usize];
        (*class, context)
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether nothing was interned.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }
}

/// A field of an abstract object.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Field {
    /// The object.
    pub object: ValueId,
    /// The attribute, key or index.
    pub name: Name,
}

/// The fields of one object in the order in which they were made.
#[derive(Default, Debug)]
pub struct Slots {
    /// Named fields.
    pub named: Vec<(Name, NodeId)>,
    /// Fields whose name is not known.
    pub rest: Option<NodeId>,
    /// The union of all fields.
    pub all: Option<NodeId>,
    /// Who wants to hear of new named fields.
    pub listeners: Vec<u32>,
}

/// The fields of the objects that have any: a place for each value, and the fields in the order in which objects got them.
#[derive(Default, Debug)]
pub struct SlotsByObject {
    places: Vec<u32>,
    slots: Vec<(ValueId, Slots)>,
}

impl SlotsByObject {
    /// Makes room for so many more objects with fields.
    pub fn reserve(&mut self, count: usize) {
        self.slots.reserve(count);
        self.places.reserve(2 * count);
    }

    /// The fields of an object, if it has any.
    #[inline]
    pub fn get(&self, object: ValueId) -> Option<&Slots> {
        let &place = self.places.get(object.0 as usize)?;
        self.slots.get(place as usize).map(|(_, slots)| slots)
    }

    /// The fields of an object.
    pub fn of(&mut self, object: ValueId) -> &mut Slots {
        let number = object.0 as usize;
        if number >= self.places.len() {
            self.places.resize(number + 1, u32::MAX);
        }
        if self.places[number] == u32::MAX {
            self.places[number] = self.slots.len() as u32;
            self.slots.push((object, Slots::default()));
        }
        &mut self.slots[self.places[number] as usize].1
    }

    /// Objects and their fields.
    pub fn iter(&self) -> impl Iterator<Item = (ValueId, &Slots)> {
        self.slots.iter().map(|(object, slots)| (*object, slots))
    }
}
