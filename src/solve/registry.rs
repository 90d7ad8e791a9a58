//! What frameworks and queues recorded while solving: rules, blueprints, hooks, queue operations.

use super::graph::NodeId;
use super::value::{ClassDef, InstId, ObjKind, Value, ValueId, well_known};
use super::{Inst, Origin, Solver};
use crate::finding::Operation;
use crate::ir::VarId;
use crate::link::{FuncId, Name};
use rustc_hash::{FxHashMap, FxHashSet};

/// A rule that was registered on an application or blueprint.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The application or blueprint (or the API object, for resources).
    pub owner: ValueId,
    /// Where the rule string flows.
    pub rule: NodeId,
    /// Where the collection of methods flows, if it was given.
    pub methods: Option<NodeId>,
    /// Methods that follow from how it was registered, upper case.
    pub fixed_methods: Vec<String>,
    /// Where the endpoint name flows, if it was given.
    pub endpoint: Option<NodeId>,
    /// Where the arguments flow that the view gets beside the variables of the rule, if any were given.
    pub defaults: Option<NodeId>,
    /// Where the view flows.
    pub view: NodeId,
    /// For class based views: the class and the method (lower case).
    pub dispatch: Option<(ValueId, Name)>,
    /// Where the registering call stands.
    pub at: Origin,
    /// The framework's call of the view.
    pub root: InstId,
    /// Whether the owner is an API object of class based resources.
    pub is_resource: bool,
    /// Whether it serves `HEAD` alone, by the method for `GET`: another registration serves that.
    pub serves_head: bool,
    /// The views that the program puts in the place of the one that is registered.
    pub replaced: Option<NodeId>,
}

/// A call of `register_blueprint`.
#[derive(Debug, Clone)]
pub struct Mount {
    /// The application (or outer blueprint).
    pub owner: ValueId,
    /// Where the blueprint flows.
    pub blueprint: NodeId,
    /// Where `url_prefix` flows, if it was given.
    pub prefix: Option<NodeId>,
    /// Where the call stands.
    pub at: Origin,
}

/// A hook.
#[derive(Debug, Clone)]
pub struct Hook {
    /// The application or blueprint, none if it is not bound to one.
    pub owner: Option<ValueId>,
    /// The model's word for it, e.g. `before_request`.
    pub kind: String,
    /// The framework's call of the hook.
    pub root: InstId,
    /// Where it was registered.
    pub at: Origin,
    /// For error handlers, where the class of what they take flows.
    pub exception: Option<NodeId>,
    /// For error handlers of exception classes of the project: what is raised of them.
    pub raised: Option<Raised>,
}

/// The exceptions that an error handler takes.
#[derive(Debug, Clone)]
pub struct Raised {
    /// Their classes.
    pub classes: Vec<ValueId>,
    /// The `raise` statements that let one out of their function.
    pub at: Vec<Origin>,
}

/// A queue instance.
#[derive(Debug, Clone, Copy)]
pub struct QueueObject {
    /// The instance.
    pub value: ValueId,
    /// Where it is created.
    pub at: Origin,
    /// Index of its configured class.
    pub class: usize,
}

/// A put on a queue.
#[derive(Debug, Clone, Copy)]
pub struct Put {
    /// The queue instance.
    pub queue: ValueId,
    /// Where.
    pub at: Origin,
    /// How.
    pub operation: Operation,
    /// Where the body flows, if it was given.
    pub body: Option<NodeId>,
}

/// Another operation on a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Touch {
    /// The queue instance.
    pub queue: ValueId,
    /// Where.
    pub at: Origin,
    /// The method.
    pub method: Name,
}

/// Everything recorded.
#[derive(Default)]
pub struct Registry {
    /// Rules in the order of discovery.
    pub registrations: Vec<Registration>,
    /// Blueprint mounts.
    pub mounts: Vec<Mount>,
    /// Hooks.
    pub hooks: Vec<Hook>,
    /// Queues.
    pub queues: Vec<QueueObject>,
    /// Producer operations.
    pub puts: Vec<Put>,
    /// Other operations.
    pub touches: Vec<Touch>,
    /// Import statements and the module bodies that they run.
    pub imports: Vec<(Origin, InstId)>,
    seen_puts: FxHashSet<(ValueId, Origin, Operation)>,
    seen_touches: FxHashSet<Touch>,
}

impl Registry {
    /// Records a queue instance once.
    pub fn add_queue(&mut self, value: ValueId, at: Origin, class: usize) {
        if !self.queues.iter().any(|q| q.value == value) {
            self.queues.push(QueueObject { value, at, class });
        }
    }

    fn add_put(&mut self, put: Put) {
        if self.seen_puts.insert((put.queue, put.at, put.operation)) {
            self.puts.push(put);
        }
    }
}

impl Solver<'_> {
    /// The queue class whose body defines a function, and the function's plain name.
    fn queue_method(&self, func: ValueId) -> Option<(usize, String)> {
        let func = match self.values.get(func) {
            Value::Func(func, _) => func,
            Value::ManagerFunc(inner) => match self.values.get(inner) {
                Value::Func(func, _) => func,
                _ => return None,
            },
            _ => return None,
        };
        let body: FuncId = self.program.parent(func)?;
        let crate::ir::ScopeKind::ClassBody(class) = self.program.func(body).kind else { return None };
        let dotted = self.program.class_dotted(self.program.sibling_class(body, class));
        let index = self.queue_classes.iter().position(|q| q.path == dotted)?;
        let file = self.program.file_of(func);
        let name = self.text(file.names[self.program.func(func).name.0 as usize]).to_owned();
        Some((index, name))
    }

    /// Whether a function is a method of a queue class that puts.
    pub(super) fn is_producing(&self, func: ValueId) -> bool {
        self.queue_method(func).is_some_and(|(class, name)| {
            let class = &self.queue_classes[class];
            class.put.contains(&name) || class.batch.contains(&name)
        })
    }

    /// Handles the call of a queue's own method: records it, and for the producing ones does not look inside. Returns
    /// whether the call is dealt with.
    pub(super) fn queue_operation(&mut self, call: u32, this: ValueId, func: ValueId) -> bool {
        let is_queue = self.class_of(this).is_some_and(|c| self.queue_class(c).is_some())
            && matches!(self.values.get(this), Value::Inst(..));
        if !is_queue {
            return false;
        }
        let Some((class, name)) = self.queue_method(func) else { return false };
        let origin = self.calls[call as usize].origin;
        let dst = self.calls[call as usize].dst;
        let class = self.queue_classes[class].clone();
        if class.put.contains(&name) {
            self.record_put(call, this, Operation::Put);
            return true;
        }
        if class.batch.contains(&name) {
            let batch = self.values.intern_self_keyed(Value::QueueBatch(this));
            self.graph.add(dst, batch);
            return true;
        }
        let caller = self.insts[origin.inst.0 as usize].func;
        let inside = caller != super::ROOT_FUNC && self.inside_queue_class(caller);
        if !inside {
            let method = self.program.names.intern(&name);
            let touch = Touch { queue: this, at: origin, method };
            if self.registry.seen_touches.insert(touch) {
                self.registry.touches.push(touch);
            }
        }
        false
    }

    pub(super) fn inside_queue_class(&self, func: FuncId) -> bool {
        let mut at = Some(func);
        while let Some(func) = at {
            let parent = self.program.parent(func);
            if let Some(body) = parent
                && let crate::ir::ScopeKind::ClassBody(class) = self.program.func(body).kind
            {
                let dotted = self.program.class_dotted(self.program.sibling_class(body, class));
                return self.queue_classes.iter().any(|q| q.path == dotted);
            }
            at = parent;
        }
        false
    }

    /// Notes for each error handler where what it takes is raised. Handlers of status codes and of external exceptions stay
    /// hooks of every request, since libraries raise them.
    pub fn connect_error_handlers(&mut self) {
        let mut raised: Vec<(Origin, ValueId)> = Vec::new();
        let mut raises: FxHashMap<FuncId, Vec<(u32, VarId)>> = FxHashMap::default();
        for i in 0..self.insts.len() {
            let inst = InstId(i as u32);
            if self.is_root(inst) {
                continue;
            }
            let func = self.insts[i].func;
            let raises = raises.entry(func).or_insert_with(|| {
                let instrs = (0..).zip(&self.program.func(func).instrs);
                instrs
                    .filter_map(|(index, instr)| match instr.op {
                        crate::ir::Op::Raise { exc } => Some((index, exc)),
                        _ => None,
                    })
                    .collect()
            });
            for &(index, exc) in raises.iter() {
                let at = Origin { inst, index };
                for &value in self.graph.values(self.var(inst, exc)) {
                    let class = match self.values.get(value) {
                        Value::Class(..) => Some(value),
                        _ => self.class_of(value),
                    };
                    raised.extend(class.filter(|&c| !self.catches(at, &[c])).map(|c| (at, c)));
                }
            }
        }
        let taken_by = |hook: &Hook| -> Option<Vec<ValueId>> {
            let values = self.graph.values(hook.exception?).iter();
            let class =
                |&value: &ValueId| matches!(self.values.get(value), Value::Class(..)).then_some(value);
            let taken: Option<Vec<ValueId>> = values.map(class).collect();
            taken.filter(|classes| !classes.is_empty())
        };
        let taken: Vec<Option<Vec<ValueId>>> = self.registry.hooks.iter().map(taken_by).collect();
        for number in 0..self.registry.hooks.len() {
            let Some(own) = &taken[number] else { continue };
            // How far up a class stands that a handler takes.
            let distance =
                |taken: &[ValueId], class| self.mro(class).iter().position(|base| taken.contains(base));
            let hooks = &self.registry.hooks;
            let beside: Vec<&[ValueId]> = (0..hooks.len())
                .filter(|&other| self.is_always_beside(&hooks[other], &hooks[number]))
                .filter_map(|other| taken[other].as_deref())
                .collect();
            let takes = |&&(_, class): &&(Origin, ValueId)| {
                distance(own, class).is_some_and(|far| {
                    let nearer = |other: &&[ValueId]| distance(other, class).is_some_and(|near| near < far);
                    !beside.iter().any(nearer)
                })
            };
            let (mut at, mut classes): (Vec<Origin>, Vec<ValueId>) =
                raised.iter().filter(takes).copied().unzip();
            at.dedup();
            classes.sort_unstable();
            classes.dedup();
            self.registry.hooks[number].raised = Some(Raised { classes, at });
        }
    }

    /// Whether an error handler is there wherever another one is. Of several, Flask calls the one that takes the nearest class in
    /// the MRO of the exception (Flask documentation, "Handling Application Errors").
    fn is_always_beside(&self, hook: &Hook, other: &Hook) -> bool {
        hook.owner.is_some()
            && (hook.owner, &hook.kind) == (other.owner, &other.kind)
            && self.gates(hook.at).is_empty()
    }

    /// Whether an exception of any of these classes that comes out of an instruction ends in a `try` statement around it.
    /// What a handler names has to be known for certain.
    pub fn catches(&self, at: Origin, classes: &[ValueId]) -> bool {
        if classes.is_empty() || self.is_root(at.inst) {
            return false;
        }
        let handlers = &self.program.func(self.insts[at.inst.0 as usize].func).catches;
        let ends = |class: ValueId| {
            let around = handlers.chunk_by(|a, b| a.body == b.body).filter(|h| h[0].body.contains(&at.index));
            around.into_iter().any(|handlers| {
                // The first handler that takes an exception decides.
                handlers
                    .iter()
                    .find_map(|handler| match self.takes(at.inst, handler.class, class) {
                        Some(true) => Some(handler.ends),
                        Some(false) => None,
                        None => (!handler.ends).then_some(false),
                    })
                    .unwrap_or(false)
            })
        };
        !handlers.is_empty() && classes.iter().all(|&class| ends(class))
    }

    /// Whether a handler that names `named` takes exceptions of a class, as far as that is known.
    fn takes(&self, inst: InstId, named: Option<VarId>, class: ValueId) -> Option<bool> {
        let Some(named) = named else { return Some(true) };
        let &[named] = self.graph.values(self.var(inst, named)) else { return None };
        let Value::Obj(ObjKind::Tuple, ..) = self.values.get(named) else {
            return self.takes_class(named, class);
        };
        let mut certain = !self.has_rest(named);
        for element in self.field_names(named) {
            let element = self.existing_field(named, element).map(|node| self.graph.values(node));
            match element {
                Some(&[element]) => match self.takes_class(element, class) {
                    Some(true) => return Some(true),
                    Some(false) => {}
                    None => certain = false,
                },
                _ => certain = false,
            }
        }
        certain.then_some(false)
    }

    fn takes_class(&self, named: ValueId, class: ValueId) -> Option<bool> {
        let mro = self.mro(class);
        if mro.contains(&named) {
            return Some(true);
        }
        match self.values.get(named) {
            Value::Class(..) => Some(false),
            // The bases of an exception class of a library are not known, but for those of all exceptions.
            Value::Ext(path) => match self.text(path) {
                "builtins.BaseException" => Some(true),
                "builtins.Exception" => {
                    let base = self.program.names.find("builtins.BaseException");
                    let base = base.and_then(|name| self.values.find(&Value::Ext(name)));
                    (!base.is_some_and(|base| mro.contains(&base))).then_some(true)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether requests reach what is registered on an application or blueprint. A blueprint that nobody mounts has a part in
    /// none.
    pub fn is_served(&self, owner: ValueId) -> bool {
        let mut open = vec![owner];
        let mut seen = FxHashSet::default();
        while let Some(owner) = open.pop() {
            if !self.is_blueprint(owner) {
                return true;
            }
            if seen.insert(owner) {
                let mounts = self.registry.mounts.iter();
                let mounts = mounts.filter(|mount| self.graph.contains(mount.blueprint, owner));
                open.extend(mounts.map(|mount| mount.owner));
            }
        }
        false
    }

    /// Whether a value is a blueprint.
    pub fn is_blueprint(&self, owner: ValueId) -> bool {
        self.registering_class(owner) == Some("flask.Blueprint")
    }

    /// Whether an instance is one of `__init__` of a class; then the key of its receiver.
    pub fn constructs(&self, inst: InstId) -> Option<ValueId> {
        let Inst { func, ref context, .. } = self.insts[inst.0 as usize];
        let &(0, receiver) = context.first()? else { return None };
        let name = self.program.func(func).name;
        (self.program.file_of(func).names[name.0 as usize] == self.names.init).then_some(receiver)
    }

    /// What a JSON text was made of.
    pub fn json_values(&self, json: ValueId) -> Option<Vec<ValueId>> {
        self.existing_field(json, self.names.json).map(|n| self.graph.values(n).to_vec())
    }

    /// Whether values were stored in an object under keys that are not constant.
    pub fn has_rest(&self, object: ValueId) -> bool {
        self.slots.get(object).and_then(|s| s.rest).is_some_and(|n| !self.graph.values(n).is_empty())
    }

    /// The call of what a batch insert hands out.
    pub(super) fn queue_put(&mut self, call: u32, queue: ValueId) {
        self.record_put(call, queue, Operation::BatchInsert);
    }

    fn record_put(&mut self, call: u32, queue: ValueId, operation: Operation) {
        let class = self.class_of(queue).and_then(|c| self.queue_class(c)).unwrap_or(0);
        let (position, keyword) = self.body_parameter(queue, class);
        let body = self.argument(call, position, keyword.as_deref());
        let super::call::Call { origin, dst, .. } = self.calls[call as usize];
        self.registry.add_put(Put { queue, at: origin, operation, body });
        self.graph.add(dst, well_known::OPAQUE);
    }

    /// Position and name of the body parameter. A name is looked up in the definition of the put method; the function
    /// that a batch hands out takes what the put method takes.
    fn body_parameter(&self, queue: ValueId, class: usize) -> (Option<u32>, Option<String>) {
        let config = &self.queue_classes[class];
        let name = match &config.body {
            None => return (None, None),
            Some(super::ParameterRef::Position(position)) => return (Some(*position), None),
            Some(super::ParameterRef::Name(name)) => name.clone(),
        };
        let position = self.class_of(queue).and_then(|class| {
            self.mro(class).iter().find_map(|&c| {
                let Value::Class(ClassDef::Statement(id), _) = self.values.get(c) else { return None };
                let (_, body) = self.program.class(id);
                let file = self.program.file_of(body);
                let local = body.0 - file.first_func;
                file.ir
                    .funcs
                    .iter()
                    .filter(|f| f.parent.is_some_and(|p| p.0 == local))
                    .find(|f| config.put.iter().any(|m| **m == *file.ir.strings[f.name.0 as usize]))
                    .and_then(|f| f.params.iter().position(|p| *file.ir.strings[p.name.0 as usize] == *name))
            })
        });
        (position.map(|p| p.saturating_sub(1) as u32), Some(name))
    }
}
