//! Classes: class statements, linearisation (C3), what definitions bind, lookup along the MRO, `super()`, named tuples.

use super::call::{Args, Passing};
use super::graph::NodeId;
use super::made::Made;
use super::primitive::Pending;
use super::value::{ClassDef, Context, InstId, ObjKind, Value, ValueId, well_known};
use super::{Origin, Solver, Use};
use crate::finding::HopKind;
use crate::ir::{Arg, Op};
use crate::link::{FuncId, Name};

/// What is known of a class value.
pub struct ClassInfo {
    /// Values of each base expression.
    pub(super) bases: Vec<Vec<ValueId>>,
    /// Linearisation (C3; where it fails, depth first), the class itself first.
    pub mro: Vec<ValueId>,
    /// Where the class goes when its bases are known.
    pub(super) dst: NodeId,
    ready: bool,
    at: Origin,
    /// The body of its statement, or what a call made it of.
    origin: ClassOrigin,
    /// Index of the configured queue class that it is or derives from.
    pub queue: Option<usize>,
    exception: bool,
    /// Whether it is an enumeration.
    pub(super) is_enum: bool,
    /// Whether it derives from a container of the language.
    pub(super) is_container: bool,
    /// The class of the library that registers routes and that it derives from.
    registering: Option<Name>,
    /// The linearisations, one for each choice of alternative bases (`class C(A if x else B)`); empty where there is no choice
    /// and `mro` is it, or where there are too many choices, and what any base has is found.
    lines: Vec<Vec<ValueId>>,
    /// Whether there are too many.
    any_line: bool,
    /// Whether it is not known how many bases it has.
    unpacks: bool,
    looked_up: Vec<(Name, NodeId)>,
    /// Lookups by `super()`: behind which class, what, and where it goes.
    looked_up_behind: Vec<(ValueId, Name, NodeId)>,
}

/// A class with more linearisations than this has what any of its bases has.
const MAX_LINES: usize = 8;

/// Where what a class holds comes from.
pub(super) enum ClassOrigin {
    /// The body of its statement, which runs.
    Body(FuncId),
    /// The arguments of a call.
    Made(Made),
}

impl ClassInfo {
    /// Whether one of its bases is one of several.
    pub(super) fn is_chosen(&self) -> bool {
        self.bases.iter().any(|values| values.len() > 1)
    }

    /// A class of which nothing is known yet but the number of its bases.
    pub(super) fn new(
        value: ValueId,
        bases: usize,
        dst: NodeId,
        at: Origin,
        origin: ClassOrigin,
    ) -> ClassInfo {
        ClassInfo {
            bases: vec![Vec::new(); bases],
            mro: vec![value],
            dst,
            ready: false,
            at,
            origin,
            queue: None,
            exception: false,
            is_container: false,
            is_enum: false,
            registering: None,
            lines: Vec::new(),
            any_line: false,
            unpacks: false,
            looked_up: Vec::new(),
            looked_up_behind: Vec::new(),
        }
    }

    /// Where its statement or call stands.
    pub(super) fn place(&self) -> Origin {
        self.at
    }

    /// What a call made the class of; none for a class statement.
    pub(super) fn made(&self) -> Option<&Made> {
        match &self.origin {
            ClassOrigin::Made(made) => Some(made),
            ClassOrigin::Body(_) => None,
        }
    }

    /// The same, to be changed.
    pub(super) fn made_mut(&mut self) -> Option<&mut Made> {
        match &mut self.origin {
            ClassOrigin::Made(made) => Some(made),
            ClassOrigin::Body(_) => None,
        }
    }

    /// Whether each base has a value, and a class that a call makes its namespace.
    fn is_complete(&self) -> bool {
        self.bases.iter().all(|b| !b.is_empty()) && self.made().is_none_or(Made::has_namespace)
    }

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
        let value = self.values.intern_self_keyed(Value::Class(ClassDef::Statement(class), env));
        let dotted = self.program.class_dotted(class);
        let queue = self.queue_classes.iter().position(|q| q.path == dotted);
        let mut slots: Vec<(NodeId, bool)> = Vec::new();
        for base in &bases {
            if matches!(base, Arg::Pos(_) | Arg::Star(_)) {
                slots.push((self.var(at.inst, base.var()), matches!(base, Arg::Star(_))));
            }
        }
        if let Some(first) = self.classes.get(&value) {
            // Without the rule of environments: one class for all.
            let (made, dst) = (first.dst, self.var(at.inst, dst));
            self.flow(made, dst);
            self.watch_bases(value, slots);
            return;
        }
        let dst = self.var(at.inst, dst);
        let info = ClassInfo::new(value, slots.len(), dst, at, ClassOrigin::Body(body));
        self.classes.insert(value, ClassInfo { queue, ..info });
        self.note_metaclass(value, at);
        if slots.is_empty() {
            self.class_ready(value);
        }
        self.watch_bases(value, slots);
    }

    /// Watches the bases of a class statement, of which some are unpacked.
    fn watch_bases(&mut self, class: ValueId, bases: Vec<(NodeId, bool)>) {
        for (slot, (node, unpacked)) in (0..).zip(bases) {
            if unpacked {
                let what = self.primitive(Pending::Bases { class, slot });
                self.watch(node, Use::Primitive { what });
            } else {
                self.watch(node, Use::Base { class, slot });
            }
        }
    }

    /// What a class statement unpacks for bases became known. How many there are is seldom: the class has what any of them has.
    pub(super) fn on_unpacked_bases(&mut self, class: ValueId, slot: u32, bases: ValueId) {
        if let Some(info) = self.classes.get_mut(&class) {
            info.unpacks = true;
        }
        if self.display_length(bases) == Some(0) {
            let object = self.ext_value("builtins.object");
            self.on_base(class, slot, object);
            return;
        }
        let (elements, at) = (self.graph.node(), self.classes[&class].at);
        self.iterate(bases, elements, at);
        self.watch(elements, Use::Base { class, slot });
    }

    /// A base of a class became known.
    pub(super) fn on_base(&mut self, class: ValueId, slot: u32, base: ValueId) {
        if base == class || base == well_known::NONE {
            return;
        }
        let Some(info) = self.classes.get_mut(&class) else { return };
        let known = &mut info.bases[slot as usize];
        if known.contains(&base) {
            return;
        }
        known.push(base);
        self.class_changed(class);
    }

    /// A class learned something: it is there when it is complete; lookups made before take in what comes later.
    pub(super) fn class_changed(&mut self, class: ValueId) {
        let Some(info) = self.classes.get(&class).filter(|info| info.is_complete()) else { return };
        if !info.ready {
            self.class_ready(class);
            return;
        }
        self.attributes.clear();
        let mut changed = vec![class];
        let mut next = 0;
        while let Some(&class) = changed.get(next) {
            next += 1;
            self.linearise(class);
            let looked_up = self.classes.get(&class).map(|info| info.looked_up.clone());
            for (name, node) in looked_up.unwrap_or_default() {
                self.connect_lookup(class, name, node);
            }
            let behind = self.classes.get(&class).map(|info| info.looked_up_behind.clone());
            for (after, name, node) in behind.unwrap_or_default() {
                self.connect_behind(class, after, name, node);
            }
            let subclasses = self.existing_field(class, self.names.subclasses);
            let subclasses = subclasses.map_or(&[][..], |node| self.graph.values(node));
            let new: Vec<ValueId> = subclasses
                .iter()
                .copied()
                .filter(|class| self.classes.contains_key(class) && !changed.contains(class))
                .collect();
            changed.extend(new);
        }
        self.find_instances(&changed);
    }

    fn class_ready(&mut self, class: ValueId) {
        self.linearise(class);
        let Some(info) = self.classes.get_mut(&class) else { return };
        info.ready = true;
        let (dst, at) = (info.dst, info.at);
        let body = match info.origin {
            ClassOrigin::Body(body) => Some(body),
            ClassOrigin::Made(_) => None,
        };
        let bases: Vec<ValueId> = info.bases.iter().flatten().copied().collect();
        for base in bases {
            if matches!(self.values.get(base), Value::Class(..)) {
                let node = self.field(base, self.names.subclasses);
                self.graph.add(node, class);
            }
        }
        if let Some(body) = body {
            let inst = self.instance(body, at.inst, Context::new());
            self.body_class.insert(inst, class);
            self.edge(at, inst, None);
        }
        if self.live.tells_of_subclasses() {
            self.tell_of_subclass(class, at);
        }
        self.make_by_metaclass(class, at);
        self.graph.add(dst, class);
    }

    /// Calls `__init_subclass__` of the bases of a new class, with the keyword arguments of its statement.
    fn tell_of_subclass(&mut self, class: ValueId, at: Origin) {
        let mut args = Args::new();
        if let Op::MakeClass { bases, .. } = self.op(at) {
            let bases = bases.clone();
            for base in &bases {
                let passing = match *base {
                    Arg::Kw(name, _) => Passing::Kw(self.sym(at.inst, name)),
                    Arg::DoubleStar(_) => Passing::DoubleStar,
                    Arg::Pos(_) | Arg::Star(_) => continue,
                };
                if !matches!(passing, Passing::Kw(name) if self.text(name) == "metaclass") {
                    args.push((passing, self.var(at.inst, base.var())));
                }
            }
        }
        let (bound, ignored) = (self.graph.node(), self.graph.node());
        let call = self.synthetic_call(at, args, ignored, Some(HopKind::Method));
        let raw = self.lookup_behind(class, class, self.names.init_subclass);
        let what = self.primitive(Pending::InitSubclass { class, dst: bound });
        self.watch(raw, Use::Primitive { what });
        self.watch(bound, Use::Callee(call));
    }

    /// The classes of which a class has an attribute by some choice of bases: itself and its bases.
    pub fn possible_bases(&self, class: ValueId) -> impl Iterator<Item = ValueId> + '_ {
        let info = self.classes.get(&class);
        let lines = info.into_iter().flat_map(|info| info.lines.iter().flatten().chain(&info.mro));
        lines.copied()
    }

    /// The linearisations of a base.
    fn lines_of(&self, base: ValueId) -> Vec<Vec<ValueId>> {
        match self.classes.get(&base) {
            Some(info) if info.lines.is_empty() => vec![info.mro.clone()],
            Some(info) => info.lines.clone(),
            None => vec![vec![base]],
        }
    }

    /// Computes the MRO from the bases known so far.
    fn linearise(&mut self, class: ValueId) {
        let slots = self.classes[&class].bases.clone();
        // For each base of each choice made so far, the base and its line.
        let mut choices: Vec<Vec<(ValueId, Vec<ValueId>)>> = vec![Vec::new()];
        let mut any_line = self.classes[&class].unpacks
            || slots.iter().flatten().any(|b| self.classes.get(b).is_some_and(|i| i.any_line));
        for slot in &slots {
            let lines = slot.iter().flat_map(|&base| self.lines_of(base).into_iter().map(move |l| (base, l)));
            let lines: Vec<(ValueId, Vec<ValueId>)> = lines.collect();
            any_line |= choices.len() * lines.len() > MAX_LINES;
            if any_line {
                break;
            }
            let longer = |choice: &Vec<(ValueId, Vec<ValueId>)>, line: &(ValueId, Vec<ValueId>)| {
                choice.iter().chain([line]).cloned().collect()
            };
            choices = choices.iter().flat_map(|c| lines.iter().map(move |line| longer(c, line))).collect();
        }
        let all = || slots.iter().flatten().map(|&base| (base, self.lines_of(base).swap_remove(0)));
        let (mro, lines) = match &choices[..] {
            [bases] if !any_line => (linearised(class, bases), Vec::new()),
            _ if any_line => (linearised(class, &all().collect::<Vec<_>>()), Vec::new()),
            choices => {
                let lines: Vec<_> = choices.iter().map(|bases| linearised(class, bases)).collect();
                (linearised(class, &all().collect::<Vec<_>>()), lines)
            }
        };
        let queue = mro.iter().find_map(|c| self.classes.get(c).and_then(|i| i.queue));
        let exception = mro.iter().any(|&c| match self.values.get(c) {
            Value::Ext(path) => {
                let text = self.text(path);
                text.ends_with("Exception") || text.ends_with("Error") || text.ends_with("Warning")
            }
            _ => false,
        });
        let is_enum = mro.iter().any(|&base| self.makes_enumerations(base));
        let is_container = mro.iter().any(|&base| super::derived::may_contain(self, base));
        let registering = mro.iter().find_map(|&c| match self.values.get(c) {
            Value::Ext(path) if self.models.registers(self.text(path)).is_some() => Some(path),
            _ => None,
        });
        if let Some(info) = self.classes.get_mut(&class) {
            info.registering = registering;
            info.mro = mro;
            info.lines = lines;
            info.any_line = any_line;
            info.queue = queue;
            info.exception = exception;
            info.is_container = is_container;
            info.is_enum = is_enum;
        }
    }

    /// The MRO of a class value.
    pub fn mro(&self, class: ValueId) -> &[ValueId] {
        self.classes.get(&class).map_or(&[], |i| &i.mro)
    }

    pub(super) fn is_exception(&self, class: ValueId) -> bool {
        self.classes.get(&class).is_some_and(|i| i.exception)
    }

    /// The library class of an application, a blueprint or an API object, be it made of that class or of one of the project that
    /// derives from it.
    pub fn registering_class(&self, owner: ValueId) -> Option<&'static str> {
        let path = match self.values.get(owner) {
            Value::Obj(ObjKind::External(path), ..) => path,
            Value::Inst(..) => self.classes.get(&self.class_of(owner)?)?.registering?,
            _ => return None,
        };
        self.models.registers(self.text(path))
    }

    /// Whether instances of a class register routes.
    pub(super) fn is_registering(&self, class: ValueId) -> bool {
        self.classes.get(&class).is_some_and(|info| info.registering.is_some())
    }

    /// The class of an instance value.
    pub fn class_of(&self, value: ValueId) -> Option<ValueId> {
        match self.values.get(value) {
            Value::Inst(key, _) | Value::AnyOf(key) => Some(self.values.class_of_key(key).0),
            _ => None,
        }
    }

    /// Whether the body of a class statement binds a name, or the namespace that a call makes a class of certainly has it.
    pub fn binds(&self, class: ValueId, name: Name) -> bool {
        match self.values.get(class) {
            Value::Class(ClassDef::Statement(id), _) => self.program.class_binds(id, name),
            Value::Class(ClassDef::Call(_), _) => {
                self.classes.get(&class).and_then(ClassInfo::made).is_some_and(|made| made.has(name))
            }
            _ => false,
        }
    }

    /// Whether a class that binds a name does so whatever its body tests.
    fn certainly_binds(&self, class: ValueId, name: Name) -> bool {
        match self.values.get(class) {
            Value::Class(ClassDef::Statement(id), _) => self.program.class_certainly_binds(id, name),
            _ => true,
        }
    }

    /// Whether a class or a project base of it binds a name.
    pub(super) fn defines(&self, class: ValueId, name: Name) -> bool {
        self.mro(class).iter().any(|&c| self.binds(c, name))
    }

    /// Whether methods of a class or its project bases store an attribute on `self`.
    pub(super) fn stores(&self, class: ValueId, name: Name) -> bool {
        self.mro(class).iter().any(|&c| {
            let Value::Class(ClassDef::Statement(id), _) = self.values.get(c) else { return false };
            self.program.class_stores(id, name)
        })
    }

    /// `super(class, this)`.
    pub(super) fn super_of(&mut self, class: NodeId, this: NodeId, dst: NodeId) {
        let what = self.primitive(super::primitive::Pending::Super { class, this, dst });
        self.watch(this, Use::Primitive { what });
        self.watch(class, Use::Primitive { what });
    }

    /// The plain name of a class value; of one that a call makes the first that is known.
    pub fn class_name(&self, class: ValueId) -> String {
        match self.values.get(class) {
            Value::Class(ClassDef::Call(_), _) => self.made_name(class),
            Value::Class(ClassDef::Statement(id), _) => {
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

    /// The named tuple class that a class derives from.
    pub(super) fn named_tuple_of(&self, class: ValueId) -> Option<ValueId> {
        self.mro(class).iter().copied().find(|&c| match self.values.get(c) {
            Value::Obj(ObjKind::NamedTuple, ..) => true,
            Value::Class(..) => self.is_tuple_statement(c),
            _ => false,
        })
    }

    /// Whether a value is an instance of a class that derives from a named tuple class.
    pub(super) fn is_named_tuple(&self, value: ValueId) -> bool {
        self.class_of(value).is_some_and(|class| self.named_tuple_of(class).is_some())
    }

    /// Whether `value[key]` of an instance is an element of the tuple that it is.
    pub(super) fn has_elements(&self, value: ValueId) -> bool {
        let plain = |class| !self.defines(class, self.names.getitem);
        self.is_named_tuple(value) && self.class_of(value).is_some_and(plain)
    }

    /// Field names of a named tuple class, as far as they are constants.
    pub(super) fn named_tuple_fields(&mut self, tuple: ValueId) -> Vec<Name> {
        if let Some(fields) = self.record_fields(tuple) {
            return fields;
        }
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
                        // `NamedTuple("T", [("field", type)])` has pairs of a name and a type.
                        let text = self.first_of_pair(text).unwrap_or(text);
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

    fn first_of_pair(&mut self, pair: ValueId) -> Option<ValueId> {
        let Value::Obj(ObjKind::Tuple, ..) = self.values.get(pair) else { return None };
        let first = self.index_name(0);
        self.graph.values(self.existing_field(pair, first)?).first().copied()
    }

    /// The class value whose body an instance runs.
    pub fn class_of_body(&self, body: InstId) -> Option<ValueId> {
        self.body_class.get(&body).copied()
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
        let any_line = self.classes.get(&class).is_some_and(|info| info.any_line);
        for line in self.lines_of(class) {
            self.connect_line(&line, any_line, name, node);
        }
    }

    /// What `super()` finds in a class behind one of its bases.
    pub(super) fn lookup_behind(&mut self, class: ValueId, after: ValueId, name: Name) -> NodeId {
        let node = self.graph.node();
        if let Some(info) = self.classes.get_mut(&class) {
            info.looked_up_behind.push((after, name, node));
        }
        self.connect_behind(class, after, name, node);
        node
    }

    fn connect_behind(&mut self, class: ValueId, after: ValueId, name: Name, node: NodeId) {
        let any_line = self.classes.get(&class).is_some_and(|info| info.any_line);
        for line in self.lines_of(class) {
            if let Some(position) = line.iter().position(|&c| c == after) {
                self.connect_line(&line[position + 1..], any_line, name, node);
            }
        }
    }

    /// Lets a node see what the classes of a line have under a name: the first that binds it, or all.
    fn connect_line(&mut self, mro: &[ValueId], all: bool, name: Name, node: NodeId) {
        let mut external = None;
        let mut unknown = false;
        for &class in mro {
            match self.values.get(class) {
                Value::Class(..) => {
                    let field = self.field(class, name);
                    self.flow(field, node);
                    if self.binds(class, name) && !all && self.certainly_binds(class, name) {
                        return;
                    }
                }
                Value::Ext(path) if self.text(path) == "builtins.object" => {}
                // Annotated names are fields of the instances, not attributes of the base.
                Value::Ext(path)
                    if self.text(path) == "typing.NamedTuple"
                        && !is_tuple_helper(self.text(name))
                        && !is_tuple_method(self.text(name)) => {}
                Value::Ext(path) if external.is_none() => external = Some(path),
                Value::Obj(ObjKind::NamedTuple, ..)
                    if external.is_none() && (is_tuple_helper(self.text(name)) || name == self.names.new) =>
                {
                    external = Some(self.program.names.intern("builtins.tuple"));
                }
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
}

/// The linearisation of a class (C3; where it fails, depth first), from those of its bases.
fn linearised(class: ValueId, bases: &[(ValueId, Vec<ValueId>)]) -> Vec<ValueId> {
    let mut sequences: Vec<Vec<ValueId>> = bases.iter().map(|(_, line)| line.clone()).collect();
    sequences.push(bases.iter().map(|&(base, _)| base).collect());
    let mut mro = vec![class];
    loop {
        sequences.retain(|s| !s.is_empty());
        let Some(first) = sequences.first() else { return mro };
        let in_tail = |head: &ValueId| sequences.iter().any(|s| s[1..].contains(head));
        let head = sequences.iter().map(|s| s[0]).find(|head| !in_tail(head)).unwrap_or(first[0]);
        mro.push(head);
        for s in &mut sequences {
            s.retain(|&v| v != head);
        }
    }
}

/// Whether a name is one that every named tuple has beside its fields, whose names do not begin with an underscore.
pub(super) fn is_tuple_helper(name: &str) -> bool {
    name.starts_with('_') && !name.starts_with("__")
}

/// Whether a name is a method that every tuple has, which a field of a named one may hide.
pub(super) fn is_tuple_method(name: &str) -> bool {
    matches!(name, "count" | "index") || name.starts_with("__")
}
