//! Primitives: semantics of library functions that a model term cannot say.

use super::call::{Args, Passing};
use super::graph::NodeId;
use super::operator::Ran;
use super::strings::Late;
use super::value::{AllocSite, ObjKind, Value, ValueId, well_known};
use super::{Origin, Solver, Use};
use crate::finding::HopKind;
use crate::ir::{Operator, ParamKind};
use crate::link::{FuncId, Name};

/// What a value-driven primitive does with each value that reaches it.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "each variant's text names its fields")]
pub enum Pending {
    /// The value is a key under which `value` is stored in `object`.
    DictItem { object: ValueId, value: NodeId },
    /// The value is an object in which `value` is stored under the keys at `key`.
    SetKey { key: NodeId, value: NodeId },
    /// The value is a container to which `value` is added.
    Append { value: NodeId },
    /// The value is an object whose field is set.
    SetField { name: Name, value: NodeId },
    /// The value is an object whose own field is read.
    FieldOf { name: Name, dst: NodeId },
    /// The value is a container whose values are read.
    ValuesOf { dst: NodeId },
    /// The value is a container that is copied.
    CopyOf { dst: NodeId, at: Origin, site: AllocSite },
    /// The value is an exception class of which an instance is made.
    Caught { dst: NodeId, at: Origin },
    /// The value is an exception that is raised.
    Raised,
    /// The value is the receiver of a special method that a builtin calls (data model, section 3.3): the first that its
    /// class has.
    Special { names: Vec<Name>, args: Vec<NodeId>, dst: NodeId, at: Origin },
    /// The value is what a method returned that an operator runs.
    Operated { ran: Ran },
    /// The value is passed to something that is not understood; what it returns is among what a call returns.
    Assumed { origin: Origin, returned_by: Option<u32> },
    /// The value is a property (or not) that is assigned to.
    SetProperty { object: ValueId, src: NodeId, at: Origin },
    /// The value is a descriptor (or not) that is deleted from an object.
    Delete { object: ValueId, at: Origin },
    /// The value is bound to a name in a class body.
    SetName { class: ValueId, name: Name, at: Origin },
    /// The value is `__init_subclass__` of a base of a new class.
    InitSubclass { class: ValueId, dst: NodeId },
    /// The value is that of a member of an enumeration.
    Member { class: ValueId, member: ValueId, at: Origin },
    /// The value is what `__new__` of an enumeration made for a member.
    MadeMember { member: ValueId },
    /// The value is the receiver of a method that is called as a function.
    Method { call: u32, func: ValueId },
    /// The value is a sequence of bases that a class statement unpacks.
    Bases { class: ValueId, slot: u32 },
    /// The value is what `__new__` of a class returned.
    MadeByNew { call: u32, class: ValueId },
    /// The value is a class of which the call makes an object that is not initialised.
    Allocate { call: u32 },
    /// The value is a class that the call instantiates with its other arguments.
    Construct { call: u32 },
    /// The value is the metaclass of a class that is made.
    Metaclass { class: ValueId, at: Origin },
    /// The value is the metaclass of a class that is called.
    CallOfClass { call: u32, class: ValueId },
    /// The value is the metaclass of a class of which an attribute is read that its bases do not have.
    OfMetaclass { class: ValueId, name: Name, dst: NodeId, at: Origin },
    /// The value is what a metaclass has under a name that is read through a class.
    BoundToClass { class: ValueId, metaclass: ValueId, dst: NodeId, at: Origin },
    /// The value is a class, or a function with annotations, that is registered with a generic function.
    Dispatched { generic: ValueId, dst: NodeId, at: Origin },
    /// The value is given to an implementation, or the class that it is for.
    Fits { value: NodeId, class: NodeId, dst: NodeId },
    /// A class or receiver of `super()`.
    Super { class: NodeId, this: NodeId, dst: NodeId },
    /// An object or a name of `getattr(object, name, default)`.
    GetAttr { object: NodeId, name: NodeId, dst: NodeId, at: Origin },
    /// An object or a name of `setattr(object, name, value)`; `plain` is that of `object`, which asks nobody.
    SetAttr { object: NodeId, name: NodeId, value: NodeId, at: Origin, plain: bool },
    /// A configuration object whose attribute is a configuration value.
    ConfigAttr { name: Name, dst: NodeId, at: Origin },
    /// A receiver or key of `dict.get` and its kin.
    DictGet { object: NodeId, key: NodeId, default: NodeId, dst: NodeId },
    /// A mapping or key of what the program itself stores in it.
    Stored { object: NodeId, key: NodeId, dst: NodeId },
    /// The value is an endpoint under which a view is registered.
    RegisteredUnder { view: NodeId },
    /// A dotted name of `operator.attrgetter`, of an object.
    DottedAttr { object: NodeId, dst: NodeId, at: Origin },
    /// An element that a dict is made of: a pair of a key and a value.
    Pair { dict: ValueId },
    /// The value is a string that stands behind a name and a dot.
    Below { name: String, dst: NodeId },
    /// The value says what a method such as `strip` takes from the ends of a text.
    Strip { text: ValueId, kind: String, dst: NodeId },
    /// A string of a method such as `lower`.
    StrMethod { kind: String, dst: NodeId },
    /// An operand of `str.format`.
    Format { format: ValueId, call: u32, dst: NodeId },
    /// What `separator.join(parts)` puts together.
    Join { separator: ValueId, parts: NodeId, dst: NodeId },
    /// An element of what a join puts together.
    JoinAgain { what: u32 },
    /// What a decorator that is not known makes of a value.
    Decorated { result: ValueId, dst: NodeId },
    /// A decorator, to be returned where it was applied without arguments.
    Decorator { dst: NodeId },
    /// An argument of `type(x)`.
    TypeOf { dst: NodeId },
    /// The bases that a call makes a class with.
    ClassOf { call: u32, name: NodeId, namespace: NodeId },
    /// The namespace that a call makes a class with, or the mapping that an object is given for its attributes.
    Namespace { class: ValueId },
    /// A rule string whose placeholders become arguments of the view.
    RuleArguments { dict: ValueId, at: Origin },
    /// A class that converts a variable of a rule.
    Converter { dst: NodeId, at: Origin },
    /// An instance that the framework makes to serve one method.
    ForMethod { method: Name, dst: NodeId, at: Origin },
    /// The name of an object of which there is one for each name.
    Interned { owner: Option<ValueId>, class: Name, dst: NodeId },
    /// A resource class that is registered.
    Resource { call: u32, recv: ValueId },
    /// A view that is registered, which may be class based.
    View { call: u32, registration: usize },
    /// A list of decorators that wrap a view, innermost first.
    Chain { start: NodeId, dst: NodeId, at: Origin, method: Option<Name> },
    /// A class whose constructor a decorator generates.
    Record { dst: NodeId },
    /// The value is what stands in a class body for a field of a record.
    DefaultOfField { dst: NodeId, at: Origin },
    /// The value is `__post_init__` of a record that is made.
    PostInit { object: ValueId, at: Origin },
    /// An argument of a generated constructor.
    RecordField { record: u32, place: u32 },
    /// A module name to be imported.
    ImportModule { dst: NodeId, at: Origin, package: Option<NodeId> },
    /// The value changes what another primitive makes of the values at a node.
    Again { names: NodeId, what: u32 },
    /// A dotted name of something in a module, which is imported.
    ImportString { dst: NodeId, at: Origin },
    /// A function under `contextmanager`, `staticmethod` or `classmethod`.
    Wrapped { wrap: Wrap, dst: NodeId },
    /// What a function under `contextmanager` returns that is no generator function itself, as a wrapper of one.
    Managed { dst: NodeId },
    /// A context manager that is entered by `ExitStack.enter_context`.
    Enter { dst: NodeId, at: Origin },
}

/// Function wrappers that are values of their own.
#[derive(Clone, Copy, Debug)]
pub enum Wrap {
    /// `contextlib.contextmanager`.
    Manager,
    /// `staticmethod`.
    Static,
    /// `classmethod`.
    Class,
}

impl Solver<'_> {
    pub(super) fn primitive(&mut self, pending: Pending) -> u32 {
        self.primitives.push(pending);
        self.primitives.len() as u32 - 1
    }

    /// A value reached a primitive.
    #[allow(clippy::too_many_lines, reason = "one arm per primitive, each short")]
    pub(super) fn on_primitive(&mut self, what: u32, value: ValueId) {
        match self.primitives[what as usize].clone() {
            Pending::DictItem { object, value: src } => self.store_key(object, value, src),
            Pending::SetKey { key, value: src } => {
                let what = self.primitive(Pending::DictItem { object: value, value: src });
                self.watch(key, Use::Primitive { what });
            }
            Pending::Append { value: src } => {
                if self.is_container(value) {
                    let rest = self.rest(value);
                    self.flow(src, rest);
                }
            }
            Pending::SetField { name, value: src } => {
                let field = self.field(value, name);
                self.flow(src, field);
            }
            Pending::FieldOf { name, dst } => {
                let field = self.field(value, name);
                self.flow(field, dst);
            }
            Pending::ValuesOf { dst } => match self.values.get(value) {
                Value::Obj(..) | Value::Inst(..) => {
                    self.exposed.insert(value);
                    let all = self.all(value);
                    self.flow(all, dst);
                    if self.is_config_object(value) {
                        self.graph.add(dst, well_known::DATA);
                    } else if matches!(self.values.get(value), Value::Obj(ObjKind::External(_), ..)) {
                        self.graph.add(dst, well_known::UNKNOWN);
                    }
                }
                Value::None => {}
                Value::Setting(_) => {
                    let part = self.part_of_setting(value, None);
                    self.graph.add(dst, part);
                }
                Value::Data => {
                    self.graph.add(dst, value);
                }
                _ => {
                    self.graph.add(dst, well_known::UNKNOWN);
                }
            },
            Pending::CopyOf { dst, at, site } => match self.values.get(value) {
                Value::Obj(kind @ (ObjKind::List | ObjKind::Tuple | ObjKind::Set | ObjKind::Dict), ..) => {
                    let copy = self.values.intern_keyed(Value::Obj(kind, site, at.inst), None);
                    if matches!(kind, ObjKind::Dict) {
                        self.spread(value, copy);
                    } else {
                        self.spread_shifted(value, copy, 0, 0);
                    }
                    self.graph.add(dst, copy);
                }
                Value::Generator(_) | Value::Inst(..) => {
                    let list = self.values.intern_keyed(Value::Obj(ObjKind::List, site, at.inst), None);
                    let rest = self.rest(list);
                    self.iterate(value, rest, at);
                    self.graph.add(dst, list);
                }
                _ => {
                    self.graph.add(dst, value);
                }
            },
            Pending::Caught { dst, at } => self.caught_by(value, dst, at),
            Pending::Raised => self.raised(value),
            Pending::Special { names, args, dst, at } => {
                let Some(class) = self.class_of(value) else { return };
                if let Some(name) = names.into_iter().find(|&name| self.defines(class, name)) {
                    self.call_method(value, name, &args, dst, at, Some(HopKind::Method));
                }
            }
            Pending::Operated { ran } => self.on_operated(ran, value),
            Pending::Assumed { origin, returned_by } => self.assume(origin, returned_by, value),
            Pending::SetProperty { object, src, at } => {
                if matches!(self.values.get(value), Value::Obj(ObjKind::Property, ..)) {
                    let name = self.program.names.intern("fset");
                    let setter = self.field(value, name);
                    let dst = self.graph.node();
                    let args = vec![(Passing::Pos, src)];
                    let call = self.synthetic_call(at, args, dst, Some(HopKind::Property));
                    let bound = self.graph.node();
                    self.watch(setter, Use::Bind { recv: object, dst: bound, at });
                    self.watch(bound, Use::Callee(call));
                } else if self.live.has_descriptors() {
                    let args = [self.constant(object), src];
                    let ignored = self.graph.node();
                    self.run_special(value, self.names.set, &args, ignored, at);
                }
            }
            Pending::Delete { object, at }
                if matches!(self.values.get(value), Value::Obj(ObjKind::Property, ..)) =>
            {
                let name = self.program.names.intern("fdel");
                let (deleter, ignored) = (self.field(value, name), self.graph.node());
                let call = self.synthetic_call(at, Args::new(), ignored, Some(HopKind::Property));
                let bound = self.graph.node();
                self.watch(deleter, Use::Bind { recv: object, dst: bound, at });
                self.watch(bound, Use::Callee(call));
            }
            Pending::Delete { object, at } => {
                let args = [self.constant(object)];
                let ignored = self.graph.node();
                self.run_special(value, self.names.delete, &args, ignored, at);
            }
            Pending::SetName { class, name, at } => {
                let text = self.values.intern_keyed(Value::Str(name), None);
                let args = [self.constant(class), self.constant(text)];
                let ignored = self.graph.node();
                self.run_special(value, self.names.set_name, &args, ignored, at);
            }
            Pending::Bases { class, slot } => self.on_unpacked_bases(class, slot, value),
            Pending::DefaultOfField { dst, at } => self.default_of_field(value, dst, at),
            Pending::PostInit { object, at } => self.initialise_record(object, value, at),
            Pending::Method { call, func } => {
                let bound = self.bound(value, func);
                self.dispatch(call, bound, None);
            }
            Pending::Member { class, member, at } => self.initialise_member(class, member, value, at),
            Pending::MadeMember { member } => self.share_with_member(value, member),
            Pending::MadeByNew { call, class } => self.made_by_new(call, class, value),
            Pending::Allocate { call } => self.allocate(call, value),
            Pending::Construct { call } => {
                if matches!(self.values.get(value), Value::Class(..)) {
                    self.construct(call, value);
                }
            }
            Pending::Metaclass { class, at } => self.made_by_metaclass(class, value, at),
            Pending::CallOfClass { call, class } => self.called_by_metaclass(call, class, value),
            Pending::OfMetaclass { class, name, dst, at } => {
                self.load_of_metaclass((class, value), name, dst, at);
            }
            Pending::BoundToClass { class, metaclass, dst, at } => {
                self.bind_to_class(value, (class, metaclass), dst, at);
            }
            // It is a class method whether it says so or not.
            Pending::InitSubclass { class, dst } => match self.values.get(value) {
                Value::Func(..) => {
                    let bound = self.bound(class, value);
                    self.graph.add(dst, bound);
                }
                Value::ClassMethod(func) => {
                    let bound = self.bound(class, func);
                    self.graph.add(dst, bound);
                }
                _ => {}
            },
            Pending::Dispatched { generic, dst, at } => self.register_implementation(generic, value, dst, at),
            Pending::Fits { value: given, class, dst } => {
                for (given, class) in self.new_pairs(given, class, value) {
                    if self.may_be_of(given, class) {
                        self.graph.add(dst, given);
                    }
                }
            }
            Pending::Super { class, this, dst } => {
                for (class, this) in self.new_pairs(class, this, value) {
                    let is_class = matches!(self.values.get(class), Value::Class(..));
                    if is_class && matches!(self.values.get(this), Value::Inst(..) | Value::Class(..)) {
                        let value = self.values.intern_keyed(Value::Super(class, this), None);
                        self.graph.add(dst, value);
                    }
                }
            }
            Pending::GetAttr { object, name, dst, at } => {
                for (o, n) in self.new_pairs(object, name, value) {
                    match (self.slot_name(n), self.methods_named_by(n)) {
                        (Some(name), _) => self.load_attr(o, name, dst, at),
                        (None, Some(names)) => {
                            for name in names {
                                self.load_attr(o, name, dst, at);
                            }
                        }
                        (None, None) => self.load_any_attr(o, dst),
                    }
                }
            }
            Pending::SetAttr { object, name, value: src, at, plain } => {
                for (o, n) in self.new_pairs(object, name, value) {
                    let name = self.slot_name(n);
                    match name {
                        Some(name) => self.assigned_by_name.insert(name),
                        None => self.assigned_otherwise.insert(o),
                    };
                    match name {
                        Some(name) if plain && matches!(self.values.get(o), Value::Inst(..)) => {
                            self.store_on_instance(o, name, src, at);
                        }
                        Some(name) => self.store_attr(o, name, src, at),
                        None => {
                            let rest = self.rest(o);
                            self.flow(src, rest);
                        }
                    }
                }
            }
            Pending::ConfigAttr { name, dst, at } => {
                // Of a configuration object outside of the tree nothing is known but the setting itself.
                if matches!(self.values.get(value), Value::Inst(..) | Value::Class(..) | Value::Module(_)) {
                    self.load_attr(value, name, dst, at);
                }
            }
            Pending::DictGet { object, key, default, dst } => {
                for (o, k) in self.new_pairs(object, key, value) {
                    self.load_sub(o, k, dst);
                    if let Some(name) = self.slot_name(k) {
                        self.note_default(o, name, default);
                    }
                }
            }
            Pending::Stored { object, key, dst } => {
                for (object, key) in self.new_pairs(object, key, value) {
                    if matches!(self.values.get(object), Value::Obj(..)) {
                        let slot = match self.slot_name(key) {
                            Some(name) => self.field(object, name),
                            None => self.all(object),
                        };
                        self.flow(slot, dst);
                    }
                }
            }
            Pending::RegisteredUnder { view } => {
                if let Value::Str(endpoint) = self.values.get(value) {
                    let views = self.view_under(endpoint);
                    self.flow(view, views);
                }
            }
            Pending::DottedAttr { object, dst, at } => self.load_dotted(object, value, dst, at),
            Pending::Pair { dict } => self.store_pair(dict, value),
            Pending::Below { name, dst } => {
                let below = match self.values.get(value) {
                    Value::Str(text) => {
                        let text = format!("{name}.{}", self.text(text));
                        self.str_value(&text)
                    }
                    _ => well_known::ANY_STR,
                };
                self.graph.add(dst, below);
            }
            Pending::Strip { text, kind, dst } => self.strip(text, &kind, value, dst),
            Pending::StrMethod { kind, dst } => self.str_method(&kind, value, dst),
            Pending::Format { format, call, dst } => {
                self.make_text(self.calls[call as usize].origin, Operator::Format, value);
                self.format_call(format, call, dst);
            }
            Pending::Join { dst, .. } if !self.is_fixed_sequence(value) => {
                self.graph.add(dst, well_known::ANY_STR);
            }
            Pending::Join { .. } => self.fold_later(Late::Join(what)),
            Pending::JoinAgain { what } => self.fold_later(Late::Join(what)),
            Pending::Decorator { dst } => match self.values.get(value) {
                Value::Func(..) | Value::Class(..) | Value::Bound(..) | Value::ManagerFunc(_) => {
                    self.graph.add(dst, value);
                }
                _ => {
                    let decorator = self.ext_value("producer_map.identity");
                    self.graph.add(dst, decorator);
                }
            },
            Pending::Decorated { result, dst } => match self.values.get(value) {
                Value::Func(..) | Value::ManagerFunc(_) | Value::Class(..) => {
                    self.assumed_decorations.insert(value);
                    self.graph.add(dst, value);
                }
                _ => {
                    self.graph.add(dst, result);
                }
            },
            Pending::TypeOf { dst } => match self.class_of(value) {
                Some(class) => {
                    self.graph.add(dst, class);
                }
                None => {
                    self.graph.add(dst, well_known::UNKNOWN);
                }
            },
            Pending::ClassOf { call, name, namespace } => self.class_of_bases(call, name, namespace, value),
            Pending::Namespace { class } => self.on_namespace(class, value),
            Pending::RuleArguments { dict, at } => self.rule_arguments(value, dict, at),
            Pending::Converter { dst, at } => self.converter(value, dst, at),
            Pending::ForMethod { method, dst, at } => self.for_method(value, method, dst, at),
            Pending::Interned { owner, class, dst } => self.load_interned(owner, value, class, dst),
            Pending::Resource { call, recv } => self.register_resource(call, recv, value),
            Pending::View { call, registration } => self.register_view(call, registration, value),
            Pending::Chain { start, dst, at, method } => self.chain(value, start, dst, at, method),
            Pending::Record { dst } => {
                self.mark_record(value);
                self.graph.add(dst, value);
            }
            Pending::RecordField { record, place } => self.on_record_field(record, place, value),
            Pending::ImportModule { dst, at, package } => self.import_named(value, package, dst, at),
            Pending::Again { names, what } => {
                for i in 0..self.graph.values(names).len() {
                    self.on_primitive(what, self.graph.values(names)[i]);
                }
            }
            Pending::ImportString { dst, at } => self.import_string(value, dst, at),
            Pending::Wrapped { wrap, dst } => {
                let wrapped = match wrap {
                    Wrap::Manager => Value::ManagerFunc(value),
                    Wrap::Static => Value::StaticMethod(value),
                    Wrap::Class => Value::ClassMethod(value),
                };
                let wrapped = self.values.intern_self_keyed(wrapped);
                self.graph.add(dst, wrapped);
            }
            Pending::Managed { dst } => match self.values.get(value) {
                Value::Generator(inst) => {
                    let manager = self.values.intern_self_keyed(Value::Manager(inst));
                    self.graph.add(dst, manager);
                }
                Value::Unknown => {
                    self.graph.add(dst, value);
                }
                _ => {}
            },
            Pending::Enter { dst, at } => self.enter_with(at, value, dst, false),
        }
    }

    /// The pairs of two operands that a new value of one of them makes.
    fn new_pairs(&self, a: NodeId, b: NodeId, value: ValueId) -> Vec<(ValueId, ValueId)> {
        let mut pairs = Vec::new();
        if self.graph.contains(a, value) {
            pairs.extend(self.graph.values(b).iter().map(|&v| (value, v)));
        }
        if self.graph.contains(b, value) {
            pairs.extend(self.graph.values(a).iter().filter(|&&v| v != value).map(|&v| (v, value)));
        }
        pairs
    }

    /// Arguments of which nothing is known: one for each parameter that takes one by position behind the first `bound`, and any
    /// number for `*args` and `**kwargs`.
    fn untracked_arguments(&mut self, func: FuncId, bound: usize) -> Args {
        let untracked = self.constant(well_known::UNKNOWN);
        let positions = self.slots(func) as usize;
        let params = self.program.func(func).params.iter().skip(bound.min(positions));
        let passing = params.filter_map(|param| match param.kind {
            ParamKind::PositionalOnly | ParamKind::Positional => Some(Passing::Pos),
            ParamKind::VarArgs => Some(Passing::Star),
            ParamKind::KwArgs => Some(Passing::DoubleStar),
            ParamKind::KeywordOnly => None,
        });
        passing.map(|passing| (passing, untracked)).collect()
    }

    fn assume(&mut self, origin: Origin, returned_by: Option<u32>, value: ValueId) {
        match self.values.get(value) {
            Value::Func(func, _) => {
                let args = self.untracked_arguments(func, 0);
                let dst = self.assumed_result(origin, returned_by);
                let call = self.synthetic_call(origin, args, dst, Some(HopKind::External));
                self.dispatch(call, value, None);
            }
            Value::Bound(_, func) => {
                let Value::Func(func, _) = self.values.get(func) else { return };
                let args = self.untracked_arguments(func, 1);
                let dst = self.assumed_result(origin, returned_by);
                let call = self.synthetic_call(origin, args, dst, Some(HopKind::External));
                self.dispatch(call, value, None);
            }
            Value::Obj(ObjKind::Partial, ..) | Value::ExtMethod(..) => {
                if matches!(self.values.get(value), Value::Obj(..)) {
                    let dst = self.graph.node();
                    let call = self.synthetic_call(origin, Args::new(), dst, Some(HopKind::External));
                    self.dispatch(call, value, None);
                }
            }
            Value::Generator(_) => self.consume(value, origin),
            _ => {}
        }
    }

    /// Where the result of an assumed call goes: among the elements of what the call that makes it returns, or nowhere.
    fn assumed_result(&mut self, origin: Origin, returned_by: Option<u32>) -> NodeId {
        let Some(call) = returned_by else { return self.graph.node() };
        let list = self.object(ObjKind::List, origin);
        let dst = self.calls[call as usize].dst;
        self.graph.add(dst, list);
        self.rest(list)
    }

    /// A generator that is consumed at a place runs there.
    pub(super) fn consume(&mut self, value: ValueId, at: Origin) {
        match self.values.get(value) {
            Value::Generator(inst) => self.edge(at, inst, Some(HopKind::Yield)),
            // `return rows(), 200` in a view.
            Value::Obj(ObjKind::Tuple, ..) => {
                let name = self.index_name(0);
                let first = self.field(value, name);
                if self.followed.insert((value, first)) {
                    self.watch(first, Use::Consume { at });
                }
            }
            _ => {}
        }
    }

    /// `getattr` with a name that is not a constant: a part of a setting, of data or of what a library gives is that itself, of
    /// anything else nothing is known.
    fn load_any_attr(&mut self, object: ValueId, dst: NodeId) {
        if matches!(self.values.get(object), Value::None) {
            return;
        }
        if matches!(self.values.get(object), Value::Setting(_) | Value::Ext(_) | Value::Data) {
            self.graph.add(dst, object);
            return;
        }
        self.cap("computed-attributes");
        self.graph.add(dst, well_known::UNKNOWN);
    }

    pub(super) fn str_method(&mut self, kind: &str, value: ValueId, dst: NodeId) {
        let Value::Str(name) = self.values.get(value) else {
            self.graph.add(dst, well_known::ANY_STR);
            return;
        };
        let text = self.text(name);
        let changed = match kind {
            "same" => text.to_owned(),
            "lower" => text.to_lowercase(),
            "upper" => text.to_uppercase(),
            "strip" => text.trim().to_owned(),
            "lstrip" => text.trim_start().to_owned(),
            "rstrip" => text.trim_end().to_owned(),
            _ => {
                self.graph.add(dst, well_known::ANY_STR);
                return;
            }
        };
        let value = self.str_value(&changed);
        self.graph.add(dst, value);
    }

    /// `text.strip(characters)` and its kin.
    fn strip(&mut self, text: ValueId, kind: &str, characters: ValueId, dst: NodeId) {
        let (Value::Str(text), Value::Str(characters)) = (self.values.get(text), self.values.get(characters))
        else {
            self.graph.add(dst, well_known::ANY_STR);
            return;
        };
        let (text, characters) = (self.text(text), self.text(characters));
        let taken = |c: char| characters.contains(c);
        let stripped = match kind {
            _ if super::strings::has_hole(text) || super::strings::has_hole(characters) => None,
            "strip" => Some(text.trim_matches(taken)),
            "lstrip" => Some(text.trim_start_matches(taken)),
            "rstrip" => Some(text.trim_end_matches(taken)),
            _ => None,
        };
        let value = match stripped.map(str::to_owned) {
            Some(text) => self.str_value(&text),
            None => well_known::ANY_STR,
        };
        self.graph.add(dst, value);
    }

    fn format_call(&mut self, format: ValueId, call: u32, dst: NodeId) {
        let mut positional = Vec::new();
        let mut keywords = Vec::new();
        for (passing, node) in self.args(call) {
            match passing {
                Passing::Pos => positional.push(node),
                Passing::Kw(name) => keywords.push((self.text(name).to_owned(), node)),
                Passing::Star | Passing::DoubleStar => {
                    self.graph.add(dst, well_known::ANY_STR);
                    return;
                }
            }
        }
        self.fold_str_format(format, &positional, &keywords, dst);
    }
}
