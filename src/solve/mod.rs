//! Solving: whole-program points-to analysis with an on-the-fly call graph.
//!
//! The program is run in the abstract, from the module bodies of the entries: a function instance (function,
//! environment, context) exists when it is first called, its instructions become constraints, and
//! new values trigger the uses they flow into until nothing changes.
//!
//! Rooms: `knowledge` and `limits` what the solver is told and where it stops, [`value`] what flows, [`graph`] along
//! what, `flow` how, [`instance`] instructions to constraints, `layout` where variables live, `ahead` layouts made
//! before they are asked for, `handing` new values to the instructions that use them, `index` what is found by its
//! content, `named` the names that solving compares with, `import` imports, [`call`] calls and contexts, `passing` what they pass, `target` what
//! they meet, [`contexts`] which rules make them, `tested` parameters that are passed on to where they are tested,
//! [`forward`] which functions pass on `*args` and `**kwargs`, [`shape`] how these keep their calls apart, `binding`
//! arguments to parameters, `operator` the special methods that operators run, `construct` instantiation, `class` classes and lookup along the MRO, `made` classes that a
//! call makes, [`attr`] attributes, `lacking` those that an object cannot have, [`heap`] fields and containers,
//! [`strings`] constant folding, [`library`], [`primitive`] and `modelled` modelled externals, [`web`] frameworks,
//! [`registry`] what frameworks and queues recorded, [`guard`] conditions, `narrow` what tests let through, [`gate`]
//! how they are worded, `setting` parts of settings, `passed` where the values of parameters and of variables of other
//! scopes come from, `element` how elements come into lists, `store` and `subscript` assignments and elements, `derived`, `enumeration` and
//! `generic` objects with rules of their own, `registering` functions that register, `returns` calls that never return, `closure` what is read
//! of closures that nothing calls, `uncalled` functions that nothing calls, [`ask`] what later stages ask of the
//! solution, [`observe`] the solution seen from outside.

mod ahead;
pub mod ask;
pub mod attr;
mod beside;
mod binding;
pub mod call;
mod callable;
mod chosen;
mod class;
mod closure;
mod compare;
mod condition;
mod construct;
pub mod contexts;
mod derived;
mod element;
mod enumeration;
mod exception;
pub mod flags;
mod flow;
pub mod forward;
pub mod gate;
mod generic;
pub mod given;
pub mod graph;
pub mod guard;
mod handing;
pub mod heap;
mod held;
mod import;
mod index;
pub mod instance;
mod knowledge;
mod lacking;
mod layout;
pub mod library;
mod limits;
mod made;
mod metaclass;
mod method;
mod modelled;
mod named;
mod namespace;
mod narrow;
pub mod observe;
mod operator;
mod passed;
mod passing;
pub mod primitive;
mod record;
mod refusal;
mod registering;
pub mod registry;
mod returns;
mod rules;
mod setting;
pub mod shape;
mod store;
pub mod strings;
mod subscript;
mod target;
mod tested;
mod uncalled;
pub mod value;
mod views;
pub mod web;

use crate::finding::HopKind;
use crate::ir::{Instr, Op};
use crate::link::{FuncId, ModId, Name, Program};
use crate::models::Models;
use contexts::Contexts;
use flow::{Filter, Use};
use graph::{Graph, NodeId};
use index::{Index, hash_of};
pub use knowledge::{Knowledge, ParameterRef, QueueClass, Reading};
use layout::Layout;
use limits::Caps;
pub use limits::Limits;
use named::WellKnownNames;
use registry::Registry;
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock};
use value::{AllocSite, ClassKey, Context, InstId, SlotsByObject, Value, ValueId, Values};

/// A function instance.
pub struct Inst {
    /// The function; [`FuncId`] `u32::MAX` for a root that stands for the framework.
    pub func: FuncId,
    /// Where its free variables live.
    pub env: InstId,
    /// Keys that parameters are bound to, by parameter index.
    pub context: Context,
    /// Node of the first variable that is its own; the others follow (see [`layout`]).
    base: NodeId,
    /// What it returns.
    pub ret: NodeId,
    /// What it yields.
    pub yielded: NodeId,
    /// Nesting depth of environments and keys.
    pub depth: u32,
    /// For each guard, whether the context rules it out; empty if it rules out none, and until the instance is installed.
    dead: Vec<bool>,
    /// Where its calling instructions begin in [`Solver::call_of`].
    calls: u32,
}

/// No call yet.
const NO_CALL: u32 = u32::MAX;

impl Inst {
    /// Whether it is the instance of a function in an environment and a context.
    fn is_for(&self, func: FuncId, env: InstId, context: &[(u32, ValueId)]) -> bool {
        self.func == func && self.env == env && self.context.as_slice() == context
    }

    /// The hash of what tells it apart from other instances.
    fn hash(&self) -> u64 {
        hash_of(&(self.func, self.env, self.context.as_slice()))
    }

    /// Whether the context rules a guard out.
    fn rules_out(&self, guard: crate::ir::GuardId) -> bool {
        self.dead.get(guard.0 as usize).copied().unwrap_or(false)
    }
}

/// A function that stands for the framework that calls views and hooks.
pub const ROOT_FUNC: FuncId = FuncId(u32::MAX);

/// A position in an instance: where control stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Origin {
    /// The instance.
    pub inst: InstId,
    /// Index of the instruction.
    pub index: u32,
}

/// An edge of the call graph.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CallEdge {
    /// Where the call stands.
    pub from: Origin,
    /// What it enters.
    pub to: InstId,
    /// How, if the call itself says so; otherwise the report derives it from the callee's definition.
    pub kind: Option<HopKind>,
}

/// How slots of an object are forwarded when new ones appear.
#[derive(Clone, Debug)]
struct SlotListener {
    to: ValueId,
    rule: SlotRule,
}

#[derive(Clone, Debug)]
enum SlotRule {
    All,
    /// Elements from `from` to below `until` go to `to` and on.
    Shift {
        from: u32,
        until: u32,
        to: u32,
    },
    ExceptParams(FuncId),
}

/// The solver and, after [`Solver::solve`], the solution.
pub struct Solver<'p> {
    /// The linked program.
    pub program: &'p mut Program,
    /// Library models.
    pub models: &'p Models,
    /// Values.
    pub values: Values,
    /// Constraint graph.
    pub graph: Graph,
    /// Instances by id.
    pub insts: Vec<Inst>,
    /// Call graph edges in the order of discovery.
    pub edges: Vec<CallEdge>,
    /// The same by what they enter, made when it is asked for.
    entering: OnceLock<passed::ByInstance>,
    leaving: OnceLock<passed::ByInstance>,
    /// Whether any class has a base that is chosen.
    chosen_bases: OnceLock<bool>,
    /// By file, the assignments of its variables, made when they are asked for.
    stores: Vec<OnceLock<passed::Stores>>,
    /// The assignments of attributes, made when they are asked for.
    attribute_stores: OnceLock<passed::Stores>,
    /// Under which conditions functions return, worked out when it is asked for.
    refusals: refusal::Refusals,
    /// How lists are filled, made when it is asked for.
    filling: OnceLock<element::Filling>,
    /// Variables of modules that something other than an assignment of the module writes.
    written_from_outside: FxHashSet<NodeId>,
    /// What was registered on the way.
    pub registry: Registry,
    /// Limits that were hit, also by questions about the solution, which several threads ask.
    caps: Mutex<Caps>,
    /// Attribute loads that went through `__getattr__`.
    pub via_getattr: FxHashSet<Origin>,
    /// Instances whose call applied a decorator.
    pub decorator_insts: FxHashSet<InstId>,
    /// Functions and classes under a decorator that is not known.
    assumed_decorations: FxHashSet<ValueId>,
    /// Calls (origin) with a callee that is not tracked.
    pub unknown_calls: FxHashMap<Origin, &'static str>,
    /// Calls (origin) whose callee is external, and its path.
    pub external_calls: FxHashMap<Origin, Name>,
    /// How fine the program is read; to be set before anything is run.
    pub reading: Reading,
    /// What keeps calls apart; to be set before anything is run.
    pub contexts: Contexts,
    /// Where the solver stops; to be set before anything is run.
    pub limits: Limits,
    instances: narrow::Instances,
    /// Names under which something is stored on a value that is not tracked.
    stored_on_unknown: FxHashSet<Name>,
    /// Objects of which attributes are assigned otherwise than under their name, and the names that `setattr` is given.
    assigned_otherwise: FxHashSet<ValueId>,
    assigned_by_name: FxHashSet<Name>,
    /// Objects whose attributes are handed out as a dict.
    exposed: FxHashSet<ValueId>,
    homes: FxHashMap<FuncId, InstId>,
    captures: Vec<bool>,
    /// By function, whether it registers something.
    registering: Vec<bool>,
    passed_on: Vec<u32>,
    /// For each class whose statement names a metaclass, where that stands.
    metaclasses: FxHashMap<ValueId, NodeId>,
    /// What tells the objects apart that a constructor makes.
    told_apart: given::ToldApart,
    /// By enumeration, the names of its members if these are objects; and the members that there are.
    members: FxHashMap<ValueId, Option<Arc<[Name]>>>,
    made_members: FxHashSet<ValueId>,
    /// By class of objects that derives from a container, what holds their items.
    contents: FxHashMap<ClassKey, ValueId>,
    /// What the text says of attributes that hold constants.
    flags: flags::Flags,
    /// By function, what it passes on unpacked.
    forwards: Vec<Option<Box<forward::Forwards>>>,
    shapes: Vec<shape::Shape>,
    shape_index: FxHashMap<shape::Shape, u32>,
    /// What counts at calls of functions that pass on what they take, by function and environment.
    decisions: shape::Decisions,
    layouts: Vec<Layout>,
    ahead: Arc<ahead::Ahead>,
    /// By function, the instances that are installed, in this order.
    installed: Vec<Vec<InstId>>,
    /// The calls of the calling instructions of each instance (see [`Inst::calls`]), [`NO_CALL`] before the first callee.
    call_of: Vec<u32>,
    queue_classes: Vec<QueueClass>,
    feature_modules: FxHashSet<ModId>,
    main_modules: FxHashSet<ModId>,
    inst_index: Index,
    context_count: FxHashMap<(FuncId, InstId), usize>,
    install: VecDeque<InstId>,
    edge_index: Index,
    calls: Vec<call::Call>,
    /// Arguments of calls that do not pass just what is written at their instruction.
    given: Vec<call::Args>,
    /// The callees that a call meets after the first.
    called: FxHashSet<(u32, ValueId)>,
    targets: target::Targets,
    slots: SlotsByObject,
    fields: FxHashMap<(ValueId, Name), NodeId>,
    slot_listeners: Vec<SlotListener>,
    globals: FxHashMap<(ModId, Name), NodeId>,
    module_insts: FxHashMap<ModId, InstId>,
    classes: FxHashMap<ValueId, class::ClassInfo>,
    lookups: FxHashMap<(ValueId, Name), NodeId>,
    attributes: FxHashMap<(ValueId, Name), attr::Attribute>,
    loaded: Vec<attr::Loaded>,
    loaded_index: FxHashMap<(ValueId, Name), u32>,
    /// Nodes to which the attributes of several objects flow, by the nodes of these.
    bundles: FxHashMap<SmallVec<[NodeId; 16]>, NodeId>,
    body_class: FxHashMap<InstId, ValueId>,
    property_calls: FxHashMap<(Origin, ValueId), NodeId>,
    /// Getters that are called already: where, the property, the receiver.
    getters: FxHashSet<(Origin, ValueId, ValueId)>,
    /// Chains of values that may lead back to where they began (a function that wraps itself, a tuple of exceptions that holds
    /// itself): which have been followed, and to which node.
    followed: FxHashSet<(ValueId, NodeId)>,
    /// What partials pass.
    partials: FxHashMap<ValueId, call::Args>,
    /// By class, the exceptions that are raised.
    raised: FxHashMap<ValueId, NodeId>,
    /// Classes whose constructor a decorator generates.
    record_classes: FxHashSet<ValueId>,
    records: Vec<record::Record>,
    /// Calls that a partial made of another call: which, and the partial.
    merged: FxHashMap<u32, (u32, ValueId)>,
    defaults: FxHashMap<(ValueId, u32), NodeId>,
    string_depth: FxHashMap<Name, u8>,
    /// What parts of settings are parts of.
    setting_parts: FxHashMap<ValueId, setting::Part>,
    parts_by_key: FxHashMap<(ValueId, Option<Name>), ValueId>,
    /// What stands for a setting where nothing is configured.
    defaults_of_settings: FxHashMap<ValueId, SmallVec<[NodeId; 2]>>,
    iterated: FxHashSet<(ValueId, NodeId)>,
    term_sites: u32,
    shared_sites: FxHashMap<Origin, AllocSite>,
    index_names: Vec<Name>,
    joined: FxHashMap<(Name, Name), Name>,
    extended: FxHashMap<(Name, Name), Name>,
    entries: FxHashMap<Name, Option<&'p crate::models::Entry>>,
    /// What functions outside of the program return, by path, where that has no name of its own.
    results: FxHashMap<Name, ValueId>,
    /// Settings, by the name of their key.
    configured: FxHashMap<Name, ValueId>,
    /// Applications, in the order in which they were found.
    apps: Vec<ValueId>,
    current_app: Option<held::CurrentApp>,
    /// Where the mappings of names to converters flow.
    converters: Option<NodeId>,
    modelled_attributes: FxHashMap<(ValueId, Name), NodeId>,
    /// By owner, class and name, the objects of libraries of which there is one for each name.
    named_objects: FxHashMap<(Option<ValueId>, Name, ValueId), ValueId>,
    view_arguments: FxHashMap<ValueId, Vec<(call::Passing, NodeId)>>,
    unwrapped: Vec<(NodeId, NodeId, NodeId)>,
    refolds: FxHashSet<(Origin, NodeId)>,
    late_folds: Vec<strings::Late>,
    late_parts: FxHashSet<(u32, NodeId)>,
    /// Loads that have found nothing so far, of the first [`Solver::watched_insts`] instances.
    waiting_loads: Vec<Origin>,
    /// Shared variables that have found nothing so far, by function and number, except those of [`Solver::newly_shared`].
    waiting_shared: Vec<(FuncId, u32)>,
    /// Functions whose shared variables were installed since these were looked at.
    newly_shared: Vec<FuncId>,
    watched_insts: u32,
    primitives: Vec<primitive::Pending>,
    constants: FxHashMap<ValueId, NodeId>,
    /// Operators that may run methods of the program.
    live: operator::Live,
    /// Methods that operators have run.
    ran: FxHashSet<operator::Ran>,
    /// Where a method of the left operand of an operator has returned `NotImplemented`.
    declined: FxHashSet<(Origin, crate::ir::Operator)>,
    uncalled: FxHashSet<uncalled::Definition>,
    uncalled_by: Option<InstId>,
    /// The mappings of endpoints to views, and what is registered under each endpoint.
    view_tables: FxHashSet<ValueId>,
    views: FxHashMap<Name, NodeId>,
    /// Whether the program may put views in the place of others.
    replaces_views: bool,
    names: WellKnownNames,
}

impl<'p> Solver<'p> {
    /// A solver over a linked program.
    pub fn new(program: &'p mut Program, models: &'p Models, knowledge: &Knowledge) -> Solver<'p> {
        let live = operator::Live::of(&program.names);
        let no_flags = flags::Flags::are_out_of_sight(&program.names);
        let replaces_views = web::replaces_views(program);
        let names = WellKnownNames::new(&mut program.names);
        let feature_modules = knowledge
            .feature_modules
            .iter()
            .filter_map(|m| program.names.find(m).and_then(|n| program.module(n)))
            .collect();
        let mut captures: Vec<bool> =
            program.files.iter().flat_map(|file| &file.ir.funcs).map(call::captures).collect();
        let registering = registering::functions(program, models);
        captures.iter_mut().zip(&registering).for_each(|(captures, registers)| *captures |= registers);
        let layouts = captures.iter().map(|_| Layout::default()).collect();
        let installed = vec![Vec::new(); captures.len()];
        let ((mut passed_on, flags), (forwards, told_apart)) = {
            let program = &*program;
            let names = namespace::Names::of(program);
            rayon::join(
                || {
                    (
                        tested::passed_on(program, &names),
                        if no_flags { flags::Flags::default() } else { flags::Flags::of(&names) },
                    )
                },
                || (forward::forwards(program, &names), given::ToldApart::of(&names, no_flags)),
            )
        };
        // What ends up in an attribute that is tested is tested.
        for (func, set) in (0..).map(FuncId).zip(&mut passed_on) {
            *set |= flags.parameters(func);
        }
        let ahead = ahead::Ahead::start(program, live);
        let files = program.files.len();
        let mut solver = Solver {
            program,
            models,
            values: Values::new(),
            graph: Graph::default(),
            insts: Vec::new(),
            edges: Vec::new(),
            entering: OnceLock::new(),
            leaving: OnceLock::new(),
            chosen_bases: OnceLock::new(),
            stores: vec![OnceLock::new(); files],
            attribute_stores: OnceLock::new(),
            refusals: refusal::Refusals::default(),
            filling: OnceLock::new(),
            written_from_outside: FxHashSet::default(),
            registry: Registry::default(),
            caps: Mutex::default(),
            via_getattr: FxHashSet::default(),
            decorator_insts: FxHashSet::default(),
            assumed_decorations: FxHashSet::default(),
            unknown_calls: FxHashMap::default(),
            external_calls: FxHashMap::default(),
            reading: Reading::default(),
            contexts: Contexts::default(),
            limits: Limits::default(),
            instances: narrow::Instances::default(),
            stored_on_unknown: FxHashSet::default(),
            assigned_otherwise: FxHashSet::default(),
            contents: FxHashMap::default(),
            members: FxHashMap::default(),
            made_members: FxHashSet::default(),
            assigned_by_name: FxHashSet::default(),
            exposed: FxHashSet::default(),
            homes: FxHashMap::default(),
            captures,
            registering,
            passed_on,
            metaclasses: FxHashMap::default(),
            told_apart,
            flags,
            forwards,
            shapes: Vec::new(),
            shape_index: FxHashMap::default(),
            decisions: shape::Decisions::default(),
            layouts,
            ahead,
            installed,
            call_of: Vec::new(),
            queue_classes: knowledge.queue_classes.clone(),
            feature_modules,
            main_modules: FxHashSet::default(),
            inst_index: Index::default(),
            context_count: FxHashMap::default(),
            install: VecDeque::new(),
            edge_index: Index::default(),
            calls: Vec::new(),
            given: Vec::new(),
            called: FxHashSet::default(),
            targets: target::Targets::default(),
            slots: SlotsByObject::default(),
            fields: FxHashMap::default(),
            slot_listeners: Vec::new(),
            globals: FxHashMap::default(),
            module_insts: FxHashMap::default(),
            classes: FxHashMap::default(),
            lookups: FxHashMap::default(),
            attributes: FxHashMap::default(),
            loaded: Vec::new(),
            loaded_index: FxHashMap::default(),
            bundles: FxHashMap::default(),
            body_class: FxHashMap::default(),
            property_calls: FxHashMap::default(),
            getters: FxHashSet::default(),
            followed: FxHashSet::default(),
            partials: FxHashMap::default(),
            raised: FxHashMap::default(),
            record_classes: FxHashSet::default(),
            records: Vec::new(),
            merged: FxHashMap::default(),
            defaults: FxHashMap::default(),
            string_depth: FxHashMap::default(),
            setting_parts: FxHashMap::default(),
            defaults_of_settings: FxHashMap::default(),
            parts_by_key: FxHashMap::default(),
            iterated: FxHashSet::default(),
            term_sites: 0,
            shared_sites: FxHashMap::default(),
            index_names: Vec::new(),
            joined: FxHashMap::default(),
            extended: FxHashMap::default(),
            entries: FxHashMap::default(),
            results: FxHashMap::default(),
            configured: FxHashMap::default(),
            apps: Vec::new(),
            current_app: None,
            converters: None,
            modelled_attributes: FxHashMap::default(),
            named_objects: FxHashMap::default(),
            view_arguments: FxHashMap::default(),
            unwrapped: Vec::new(),
            refolds: FxHashSet::default(),
            late_folds: Vec::new(),
            late_parts: FxHashSet::default(),
            waiting_loads: Vec::new(),
            waiting_shared: Vec::new(),
            newly_shared: Vec::new(),
            watched_insts: 0,
            primitives: Vec::new(),
            constants: FxHashMap::default(),
            live,
            ran: FxHashSet::default(),
            declined: FxHashSet::default(),
            uncalled: FxHashSet::default(),
            uncalled_by: None,
            view_tables: FxHashSet::default(),
            views: FxHashMap::default(),
            replaces_views,
            names,
        };
        solver.reserve();
        solver
    }

    /// The tables that hold most of the memory, apart from what they were made of.
    pub(crate) fn into_tables(self) -> impl Send + use<> {
        let called = (self.calls, self.given, self.targets, self.called, self.call_of);
        let objects = (self.slots, self.fields, self.classes, self.attributes, self.loaded, self.partials);
        let code = (self.insts, self.inst_index, self.edges, self.edge_index, self.layouts, self.installed);
        (self.values, self.graph, self.registry, called, objects, code)
    }

    /// Makes room for what a program of this size comes to, so that the big tables are not copied while they grow. The factors,
    /// per instruction of the program, are those of a large web application; tests, of which hardly any runs a method, do not count.
    fn reserve(&mut self) {
        let funcs = self.program.files.iter().flat_map(|file| &file.ir.funcs);
        let tests = |instr: &&Instr| matches!(instr.op, Op::Operate { dst: None, .. });
        let size: usize =
            funcs.map(|func| func.instrs.len() - func.instrs.iter().filter(tests).count()).sum();
        self.graph.reserve(4 * size, 5 * size / 2, 5 * size / 4, size / 3);
        self.calls.reserve(3 * size / 4);
        self.fields.reserve(size / 2);
        self.call_of.reserve(2 * size / 3);
        self.targets.reserve(2 * size / 5);
        self.edge_index.reserve(size / 2, |_| 0);
        self.edges.reserve(size / 2);
        self.values.reserve(size / 2);
        self.slots.reserve(size / 4);
        self.primitives.reserve(2 * size / 7);
        self.inst_index.reserve(size / 7, |_| 0);
        self.insts.reserve(size / 7);
    }

    /// Runs a module body, as the first import of it does. `as_main` also runs what stands under
    /// `if __name__ == "__main__"`.
    pub fn run_module(&mut self, module: ModId, as_main: bool) -> Option<InstId> {
        if as_main {
            self.main_modules.insert(module);
        }
        if let Some(&inst) = self.module_insts.get(&module) {
            return Some(inst);
        }
        let body = self.program.body(module)?;
        let inst = self.instance(body, InstId::NONE, Context::new());
        self.module_insts.insert(module, inst);
        Some(inst)
    }

    /// Whether the body of a module has been run.
    pub fn has_run(&self, module: ModId) -> bool {
        self.module_insts.contains_key(&module)
    }

    /// The node of a global variable.
    pub fn global(&mut self, module: ModId, name: Name) -> NodeId {
        if let Some(&node) = self.globals.get(&(module, name)) {
            return node;
        }
        let node = self.graph.node();
        self.globals.insert((module, name), node);
        node
    }

    /// The allocation site of an instruction.
    fn site(&self, at: Origin) -> AllocSite {
        let func = self.insts[at.inst.0 as usize].func;
        // The framework has no instructions: its sites are its calls.
        let index = if func == ROOT_FUNC { at.inst.0 } else { at.index };
        AllocSite { func: func.0, index }
    }

    /// Records a call graph edge.
    fn edge(&mut self, from: Origin, to: InstId, kind: Option<HopKind>) {
        let edge = CallEdge { from, to, kind };
        let (edges, next) = (&self.edges, self.edges.len() as u32);
        let same = |known: u32| edges[known as usize] == edge;
        let hash = |known: u32| hash_of(&edges[known as usize]);
        if self.edge_index.find_or_add(hash_of(&edge), next, same, hash).is_none() {
            self.edges.push(edge);
            self.entering.take();
            self.leaving.take();
            self.chosen_bases.take();
            self.filling.take();
            self.refusals.forget();
        }
    }

    /// Whether an instance is of a function under a decorator that is not known: that it is called when the decorated name is
    /// called is an assumption.
    pub fn is_assumed(&self, inst: InstId) -> bool {
        let Inst { func, env, .. } = self.insts[inst.0 as usize];
        let function = self.values.find(&Value::Func(func, env));
        !self.assumed_decorations.is_empty()
            && function.is_some_and(|f| self.assumed_decorations.contains(&f))
    }

    /// The configured queue classes.
    pub fn queue_config(&self, class: usize) -> &QueueClass {
        &self.queue_classes[class]
    }

    /// Whether a class value is, or derives from, a configured queue class; gives its index.
    pub fn queue_class(&self, class: ValueId) -> Option<usize> {
        let info = self.classes.get(&class)?;
        info.queue
    }

    /// The class key of an instance value.
    pub fn class_key_of(&self, value: ValueId) -> Option<ClassKey> {
        match self.values.get(value) {
            Value::Inst(key, _) | Value::AnyOf(key) => Some(key),
            _ => None,
        }
    }
}
