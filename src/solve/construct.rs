//! Instantiation: `__new__`, `__init__`, the constructor context of instances, named tuples.

use super::call::{Args, Call, Mode, Passing, SITE};
use super::contexts::Rule;
use super::graph::NodeId;
use super::modelled::DEFAULTS;
use super::primitive::Pending;
use super::value::{ClassDef, ClassKey, Context, InstId, ObjKind, Value, ValueId, well_known};
use super::{Origin, Solver, Use};
use crate::finding::HopKind;
use crate::ir::ScopeKind;
use crate::link::{FuncId, Name};
use smallvec::smallvec;

/// The objects that the constructor of an object was given count, and those that theirs were given, so deep.
const MAX_NESTED: u32 = 1;

impl Solver<'_> {
    /// Calls a class: `__new__` makes an object, and `__init__` runs on it (data model, section 3.3.1).
    pub(super) fn construct(&mut self, call: u32, class: ValueId) {
        // `Class(value)` of an enumeration is the member with this value.
        let dst = self.calls[call as usize].dst;
        if self.load_members(class, dst) {
            return;
        }
        if !self.live.makes_objects() || !self.defines(class, self.names.new) {
            self.make_and_initialise(call, class);
            return;
        }
        let origin = self.calls[call as usize].origin;
        let (made, this) = (self.graph.node(), self.constant(class));
        let mut args: Args = smallvec![(Passing::Pos, this)];
        args.extend(self.args(call));
        let inner = self.synthetic_call(origin, args, made, Some(HopKind::Constructor));
        let raw = self.lookup(class, self.names.new);
        self.watch(raw, Use::Callee(inner));
        let what = self.primitive(Pending::MadeByNew { call, class });
        self.watch(made, Use::Primitive { what });
    }

    /// Something that `__new__` of a class returned: `__init__` runs on an object of the class. Where it is not known what was
    /// returned, it is taken to be such an object.
    pub(super) fn made_by_new(&mut self, call: u32, class: ValueId, made: ValueId) {
        let Call { origin, dst, .. } = self.calls[call as usize];
        if made == well_known::UNKNOWN {
            self.make_and_initialise(call, class);
            return;
        }
        self.graph.add(dst, made);
        let Some(own) = self.class_of(made).filter(|&own| self.mro(own).contains(&class)) else { return };
        let args = self.args(call);
        if self.defines(own, self.names.init) {
            let ignored = self.graph.node();
            let call = self.synthetic_call(origin, args, ignored, Some(HopKind::Constructor));
            let (raw, bound) = (self.lookup(own, self.names.init), self.graph.node());
            self.watch(raw, Use::Bind { recv: made, dst: bound, at: origin });
            self.watch(bound, Use::Callee(call));
        } else if let Some(fields) = self.record_fields(own) {
            self.construct_record(call, own, &fields);
        }
    }

    /// `object.__new__(cls)`, or that of a library class: an object of the class, which is no initialised one yet. What tells
    /// objects of the class apart is what `__new__` of the program was given.
    pub(super) fn allocate(&mut self, call: u32, class: ValueId) {
        let Call { origin, dst, .. } = self.calls[call as usize];
        if !matches!(self.values.get(class), Value::Class(..)) {
            self.graph.add(dst, well_known::UNKNOWN);
            return;
        }
        if let Some(tuple) = self.named_tuple_of(class) {
            let args = self.args(call).into_iter().skip(1).collect();
            let call = self.with_args(call, args);
            self.construct_named_tuple(call, class, tuple);
            return;
        }
        let mut context = Context::new();
        let inst = &self.insts[origin.inst.0 as usize];
        if !self.is_root(origin.inst) && self.is_named_new(inst.func) {
            let (func, given) = (inst.func, inst.context.clone());
            let params = self.program.func(func).params.len() as u32;
            for (param, key) in given.into_iter().filter(|&(param, _)| (1..params).contains(&param)) {
                let key = self.constructor_key(class, key, Some((func, param)));
                context.extend(key.map(|key| (param, key)));
            }
        }
        let key = self.values.class_key(class, context);
        let object = self.instance_value(key, origin);
        self.graph.add(dst, object);
    }

    fn is_named_new(&self, func: FuncId) -> bool {
        let name = self.program.func(func).name;
        self.program.file_of(func).names[name.0 as usize] == self.names.new
    }

    /// Makes an instance and runs `__init__`.
    fn make_and_initialise(&mut self, call: u32, class: ValueId) {
        let Call { origin, dst, .. } = self.calls[call as usize];
        if self.defines(class, self.names.init) {
            let raw = self.lookup(class, self.names.init);
            self.watch(raw, Use::Construct { call, class });
            return;
        }
        if self.may_have_any(class) {
            let raw = self.lookup(class, self.names.init);
            self.watch(raw, Use::Construct { call, class });
        }
        if let Some(fields) = self.record_fields(class) {
            self.construct_record(call, class, &fields);
            return;
        }
        if let Some(tuple) = self.named_tuple_of(class) {
            self.construct_named_tuple(call, class, tuple);
            return;
        }
        let context = self.place_of_making(class, origin).into_iter().collect();
        let key = self.values.class_key(class, context);
        let object = self.instance_value(key, origin);
        if let Some(path) = self.library_constructor(class) {
            let (args, made) = (self.args(call), self.graph.node());
            let inner = self.synthetic_call(origin, args, made, None);
            self.call_external(inner, path, Some(object));
        }
        // Without a constructor in the project, keyword arguments become attributes (dataclasses, ORM rows, ...).
        for (passing, node) in self.args(call) {
            if let Passing::Kw(name) = passing {
                let field = self.field(object, name);
                self.flow(node, field);
            }
        }
        self.graph.add(dst, object);
        self.assume_called(call);
    }

    /// The constructor of the library class that a class without one of its own derives from, if a model describes it.
    fn library_constructor(&mut self, class: ValueId) -> Option<Name> {
        let bases: Vec<ValueId> = self.mro(class).to_vec();
        bases.into_iter().find_map(|base| {
            let Value::Ext(path) = self.values.get(base) else { return None };
            let constructor = self.models.constructor(self.text(path))?;
            Some(self.program.names.intern(&constructor))
        })
    }

    /// A raw `__init__` of a class under construction.
    pub(super) fn construct_with(&mut self, call: u32, class: ValueId, raw: ValueId) {
        match self.values.get(raw) {
            Value::Func(..) => self.call_func(call, raw, None, Mode::Construct(class)),
            _ => {
                let Call { origin, dst, .. } = self.calls[call as usize];
                let key = self.values.class_key(class, Context::new());
                let object = self.instance_value(key, origin);
                self.graph.add(dst, object);
            }
        }
    }

    /// The instance of a class key that an origin allocates. Exceptions give no key as arguments: they carry messages, and
    /// cloning on them buys nothing.
    pub(super) fn instance_value(&mut self, key: ClassKey, origin: Origin) -> ValueId {
        let site = self.site(origin);
        let class = self.values.class_of_key(key).0;
        let any = self.any_of(key);
        let keyed = !self.is_exception(class);
        let known = self.values.len();
        let value = self.values.intern_keyed(Value::Inst(key, site), keyed.then_some(any));
        if self.values.len() > known {
            self.add_instance(class, value);
        }
        if let Some(queue) = self.queue_class(class) {
            self.registry.add_queue(value, origin, queue);
        }
        value
    }

    /// A named tuple: positional and keyword arguments become attributes and elements.
    pub(super) fn construct_named_tuple(&mut self, call: u32, class: ValueId, tuple: ValueId) {
        let Call { origin, dst, .. } = self.calls[call as usize];
        let args = self.args(call);
        let object = if class == tuple {
            self.object(ObjKind::Tuple, origin)
        } else {
            let key = self.values.class_key(class, Context::new());
            self.instance_value(key, origin)
        };
        let fields = self.named_tuple_fields(tuple);
        self.default_fields(tuple, object, &fields, &args);
        for (i, (passing, node)) in args.into_iter().enumerate() {
            match passing {
                Passing::Pos => {
                    let name = self.index_name(i as u32);
                    let element = self.field(object, name);
                    self.flow(node, element);
                    if let Some(&field) = fields.get(i) {
                        let attribute = self.field(object, field);
                        self.flow(node, attribute);
                    }
                }
                Passing::Kw(name) => self.store_tuple_field(object, &fields, name, node),
                Passing::Star => {
                    let rest = self.rest(object);
                    self.watch(node, Use::Iterate { dst: rest, at: origin });
                }
                Passing::DoubleStar => self.watch(node, Use::Spread { to: object }),
            }
        }
        self.graph.add(dst, object);
    }

    /// What `namedtuple(..., defaults=...)` gives for the fields that a call does not pass. Which default belongs to which of them is
    /// not told apart.
    fn default_fields(&mut self, tuple: ValueId, object: ValueId, fields: &[Name], args: &Args) {
        let Some(defaults) =
            self.program.names.find(DEFAULTS).and_then(|name| self.existing_field(tuple, name))
        else {
            return;
        };
        let positional = args.iter().filter(|(passing, _)| *passing == Passing::Pos).count();
        let is_given = |name: Name| args.iter().any(|&(passing, _)| passing == Passing::Kw(name));
        let lacking: Vec<Name> =
            fields.iter().skip(positional).copied().filter(|&name| !is_given(name)).collect();
        let at = Origin { inst: InstId::NONE, index: 0 };
        for name in lacking {
            let value = self.graph.node();
            self.watch(defaults, Use::Iterate { dst: value, at });
            self.store_tuple_field(object, fields, name, value);
        }
    }

    /// Stores a field of a named tuple, which is an element as well.
    pub(super) fn store_tuple_field(&mut self, object: ValueId, fields: &[Name], name: Name, src: NodeId) {
        let attribute = self.field(object, name);
        self.flow(src, attribute);
        if let Some(index) = fields.iter().position(|&field| field == name) {
            let element = self.index_name(index as u32);
            let element = self.field(object, element);
            self.flow(src, element);
        }
    }

    /// The key that a constructor argument gives the instances that are made, so that they are told apart by it: code and queues
    /// do so, ordinary objects where the text shows that the parameter is given different ones ([`super::given`]), constants for
    /// queues themselves and where they are flags ([`super::flags`]).
    pub(super) fn constructor_key(
        &mut self,
        class: ValueId,
        key: ValueId,
        param: Option<(FuncId, u32)>,
    ) -> Option<ValueId> {
        match self.values.get(key) {
            Value::None | Value::Bool(_) | Value::Int(_) | Value::Str(_) | Value::Setting(_) => {
                let flag = param.is_some_and(|(constructor, param)| {
                    self.flags.parameters(constructor).checked_shr(param).is_some_and(|bits| bits & 1 == 1)
                });
                let counts = self.queue_class(class).is_some()
                    || self.is_registering(class)
                    || flag && self.contexts.has(Rule::Constructors);
                counts.then_some(key)
            }
            _ if !self.contexts.has(Rule::Constructors) => None,
            Value::AnyOf(class_key) => {
                let (class, _) = self.values.class_of_key(class_key);
                if self.queue_class(class).is_some() {
                    return Some(key);
                }
                let (Some((function, param)), Value::Class(ClassDef::Statement(class), _)) =
                    (param, self.values.get(class))
                else {
                    return None;
                };
                self.told_apart.by(function, param, class).then(|| {
                    let cut = self.without_objects_below(class_key, MAX_NESTED);
                    self.any_of(cut)
                })
            }
            _ => Some(key),
        }
    }

    /// What tells objects apart by the place where the body of a module makes them, if their class says so or is a container: a key
    /// like that of a call site.
    pub(super) fn place_of_making(&mut self, class: ValueId, origin: Origin) -> Option<(u32, ValueId)> {
        let Value::Class(ClassDef::Statement(id), _) = self.values.get(class) else { return None };
        let counts = self.contexts.has(Rule::Constructors)
            && (self.told_apart.by_site(id)
                || self.classes.get(&class).is_some_and(|info| info.is_container))
            && !self.is_root(origin.inst)
            && self.program.func(self.insts[origin.inst.0 as usize].func).kind == ScopeKind::Module;
        counts.then(|| (SITE, self.site_key(origin)))
    }

    /// A class key in which objects that were given to constructors stand no deeper: a wrapper of a wrapper would nest without end.
    fn without_objects_below(&mut self, key: ClassKey, depth: u32) -> ClassKey {
        let (class, context) = self.values.class_of_key(key);
        if context.is_empty() {
            return key;
        }
        let context = Context::from_slice(context);
        let mut kept = Context::new();
        for (param, given) in context {
            match self.values.get(given) {
                Value::AnyOf(inner) if self.queue_class(self.values.class_of_key(inner).0).is_none() => {
                    if depth > 0 {
                        let cut = self.without_objects_below(inner, depth - 1);
                        kept.push((param, self.any_of(cut)));
                    }
                }
                _ => kept.push((param, given)),
            }
        }
        self.values.class_key(class, kept)
    }
}
