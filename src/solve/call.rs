//! Calls: which function instances a call enters, and with which contexts.
//!
//! A call meets a function value in a target, which gathers the sources of each parameter. Contexts are the
//! Cartesian product of the keys that flow into the parameters (Agesen 1995); a parameter that no
//! key flows into is shared. Calls are strict: a target makes its first instance when every
//! parameter has a value.

use super::contexts::Rule;
use super::graph::NodeId;
pub(super) use super::passing::Args;
pub use super::passing::{Call, Passing};
use super::primitive::Pending;
use super::shape::SHAPE;
use super::target::{BoundParam, Route, Seen, Target};
use super::value::{ClassKey, Constants, Context, InstId, ObjKind, Value, ValueId, well_known};
use super::{Origin, ROOT_FUNC, Solver, Use};
use crate::finding::HopKind;
use crate::ir::{FuncIr, Op, VarDef};
use crate::link::{FuncId, Name};
use smallvec::{SmallVec, smallvec};

/// The place of a call site among the keys of a context.
pub(super) const SITE: u32 = u32::MAX;

/// The keys of a combination: one for each bound parameter of a target, none where cloning does not count.
type Keys = SmallVec<[Option<ValueId>; 6]>;

/// What is done with the instances of a target.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mode {
    /// An ordinary call.
    Plain,
    /// The call of a context manager function: its body runs around the `with` body.
    Manager,
    /// `__init__` of a class that is being instantiated.
    Construct(ValueId),
}

/// Whether nested scopes capture variables of a function: its closures then differ from call to call, so it is cloned per
/// call site.
pub(super) fn captures(func: &FuncIr) -> bool {
    func.vars.iter().any(|v| v.def == VarDef::Cell)
}

impl Solver<'_> {
    /// Calls a special method, which Python looks up on the class alone (data model, section 3.3.12).
    pub(super) fn call_method(
        &mut self,
        recv: ValueId,
        name: Name,
        args: &[NodeId],
        dst: NodeId,
        at: Origin,
        kind: Option<HopKind>,
    ) {
        let Some(class) = self.class_of(recv) else { return };
        let args: Args = args.iter().map(|&n| (Passing::Pos, n)).collect();
        let call = self.synthetic_call(at, args, dst, kind);
        let raw = self.lookup(class, name);
        let bound = self.graph.node();
        self.watch(raw, Use::Bind { recv, dst: bound, at });
        self.watch(bound, Use::Callee(call));
    }

    /// Calls a value with the arguments of a call.
    pub(super) fn dispatch(&mut self, call: u32, callee: ValueId, recv: Option<ValueId>) {
        if recv.is_none() && !self.meets(call, callee) {
            return;
        }
        match self.values.get(callee) {
            // `WorkQueue.put(queue, ...)`.
            Value::Func(..) if recv.is_none() && self.is_producing(callee) => {
                if let Some(first) = self.argument(call, Some(0), None) {
                    let args = self.args(call).into_iter().skip(1).collect();
                    let call = self.with_args(call, args);
                    let what = self.primitive(Pending::Method { call, func: callee });
                    self.watch(first, Use::Primitive { what });
                }
            }
            Value::Func(..) => self.call_func(call, callee, recv, Mode::Plain),
            Value::ManagerFunc(inner) => match self.values.get(inner) {
                Value::Func(..) => self.call_func(call, inner, recv, Mode::Manager),
                _ => self.dispatch(call, inner, recv),
            },
            Value::Bound(this, func) => {
                if self.queue_operation(call, this, func) {
                    return;
                }
                self.dispatch(call, func, Some(this));
            }
            Value::StaticMethod(inner) | Value::ClassMethod(inner) => self.dispatch(call, inner, recv),
            Value::Class(..) => {
                let call = self.with_receiver(call, recv);
                self.call_class(call, callee);
            }
            Value::Inst(..) => {
                let call = self.with_receiver(call, recv);
                if let Some(class) = self.class_of(callee) {
                    let origin = self.calls[call as usize].origin;
                    let raw = self.lookup(class, self.names.call);
                    let bound = self.graph.node();
                    self.watch(raw, Use::Bind { recv: callee, dst: bound, at: origin });
                    self.watch(bound, Use::Callee(call));
                }
            }
            Value::Obj(ObjKind::Partial, ..) => {
                let call = self.with_receiver(call, recv);
                if let Some(merged) = self.partial_call(call, callee) {
                    let func = self.field(callee, self.names.func);
                    self.watch(func, Use::Callee(merged));
                }
            }
            Value::Obj(ObjKind::Primitive(name), ..) => {
                let call = self.with_receiver(call, recv);
                self.call_primitive(call, callee, name);
            }
            // A context manager that `contextlib.contextmanager` made is a decorator.
            Value::Manager(_) => {
                let call = self.with_receiver(call, recv);
                if let Some(function) = self.argument(call, Some(0), Some("func")) {
                    self.put_under_manager(call, callee, function);
                }
            }
            Value::Obj(ObjKind::NamedTuple, ..) => self.construct_named_tuple(call, callee, callee),
            Value::Ext(path) => {
                let call = self.with_receiver(call, recv);
                self.call_external(call, path, None);
            }
            Value::ExtMethod(this, path) => self.call_external(call, path, Some(this)),
            Value::QueuePut(queue) => self.queue_put(call, queue),
            Value::Dispatch(class, method) => self.dispatch_view(call, class, method),
            Value::None => {}
            Value::Setting(_) => {
                let dst = self.calls[call as usize].dst;
                self.graph.add(dst, callee);
            }
            Value::Obj(ObjKind::External(class), ..) if self.model_of(class, self.names.call).is_some() => {
                let path = self.join_names(class, self.names.call);
                self.call_external(call, path, Some(callee));
            }
            Value::Unknown | Value::Obj(..) | Value::Opaque | Value::AnyStr | Value::Str(_) => {
                let origin = self.calls[call as usize].origin;
                let dst = self.calls[call as usize].dst;
                if matches!(self.values.get(callee), Value::Unknown) {
                    self.unknown_calls.entry(origin).or_insert("unknown-callee");
                    self.assume_called(call);
                    self.result_or_decorated(call, well_known::UNKNOWN);
                    return;
                }
                self.graph.add(dst, well_known::UNKNOWN);
            }
            _ => {}
        }
    }

    /// The key that a receiver gives.
    pub(super) fn receiver_key(&mut self, recv: ValueId) -> Option<ValueId> {
        if !self.contexts.has(Rule::Receivers) {
            return None;
        }
        match self.values.get(recv) {
            Value::Inst(key, _) => Some(self.any_of(key)),
            _ => self.values.key(recv, Constants::Shared),
        }
    }

    pub(super) fn any_of(&mut self, key: ClassKey) -> ValueId {
        self.values.intern_self_keyed(Value::AnyOf(key))
    }

    /// The key of a value at a parameter of `func`, or none where cloning would nest without end.
    pub(super) fn param_key(&mut self, func: FuncId, tested: Constants, value: ValueId) -> Option<ValueId> {
        let key = self.values.key(value, tested)?;
        if !self.is_key(key) {
            return None;
        }
        let depth = self.value_depth(key);
        if depth < 3 {
            return Some(key);
        }
        if depth > self.limits.depth {
            self.cap("context-depth");
            return None;
        }
        if self.occurrences(key, func) >= self.limits.recursion {
            self.cap("context-recursion");
            return None;
        }
        Some(key)
    }

    /// Whether a value is a key by a rule that holds. Constants are none unless `tested` lets them be.
    fn is_key(&self, key: ValueId) -> bool {
        match self.values.get(key) {
            Value::AnyOf(_) => self.contexts.has(Rule::Receivers),
            Value::None | Value::Bool(_) | Value::Int(_) | Value::Str(_) | Value::Setting(_) => true,
            _ => self.contexts.has(Rule::Callables),
        }
    }

    /// How often `func` stands in the environments and keys below a value.
    fn occurrences(&self, value: ValueId, func: FuncId) -> u32 {
        let mut stack = vec![value];
        let mut insts: Vec<InstId> = Vec::new();
        let mut count = 0;
        let mut steps = 0;
        loop {
            steps += 1;
            if steps > self.limits.context_walk {
                self.cap("context-walk");
                break;
            }
            if let Some(inst) = insts.pop() {
                if inst == InstId::NONE {
                    continue;
                }
                let i = &self.insts[inst.0 as usize];
                if i.func == func {
                    count += 1;
                }
                insts.push(i.env);
                stack.extend(i.context.iter().map(|&(_, v)| v));
                continue;
            }
            let Some(v) = stack.pop() else { break };
            match self.values.get(v) {
                Value::Func(_, env) | Value::Class(_, env) => insts.push(env),
                Value::Generator(i) | Value::Manager(i) | Value::Obj(_, _, i) => insts.push(i),
                Value::Bound(a, b) => stack.extend([a, b]),
                Value::ManagerFunc(f) | Value::StaticMethod(f) | Value::ClassMethod(f) => stack.push(f),
                Value::Inst(key, _) | Value::AnyOf(key) => {
                    let (class, context) = self.values.class_of_key(key);
                    stack.push(class);
                    stack.extend(context.iter().map(|&(_, v)| v));
                }
                _ => {}
            }
        }
        count
    }

    pub(super) fn call_func(&mut self, call: u32, fval: ValueId, recv: Option<ValueId>, mode: Mode) {
        let Value::Func(func, env) = self.values.get(fval) else { return };
        let recv_key = match recv {
            Some(r) => self.receiver_key(r),
            None => None,
        };
        let class = match mode {
            Mode::Construct(class) => Some(class),
            _ => None,
        };
        // Receivers without a key get a target of their own, under themselves.
        let met = (fval, recv_key.or(recv), class);
        if let Some(target) = self.targets.find(call, met) {
            if let (Some(recv), Some(node)) = (recv, self.targets[target].self_node) {
                self.graph.add(node, recv);
            }
            return;
        }
        let takes_self = recv.is_some() || class.is_some();
        let Some(mut sources) = self.sources(call, fval, func, takes_self) else { return };
        let shape = self.shape_of_call(call, (func, env), takes_self, &mut sources);
        let self_node = recv.map(|recv| {
            let node = self.graph.node();
            self.graph.add(node, recv);
            node
        });
        let is_named = class.is_some_and(|c| self.queue_class(c).is_some() || self.is_registering(c));
        let all_tested = is_named && self.contexts.has(Rule::Queues);
        let constants = self.deciding_constants(func);
        let (counting, by_site) = self.counting((func, env), takes_self, shape, &sources);
        let bound = sources.iter().zip(counting).map(|(source, counts)| {
            let tested = if all_tested {
                Constants::AndSettings
            } else if counts {
                constants
            } else {
                Constants::Shared
            };
            BoundParam { param: source.param, source: source.node, tested, seen: SmallVec::new() }
        });
        let recv = recv_key;
        let target = Target { call, met, func, env, mode, recv, self_node, shape, by_site, bound: (0, 0) };
        let target = self.targets.push(target, bound);
        if sources.is_empty() {
            self.combine(target, None);
            return;
        }
        for (place, source) in (0..).zip(sources) {
            self.watch(source.node, Use::Param { target, place });
        }
    }

    /// A value reached a parameter of a target.
    pub(super) fn on_param(&mut self, target: u32, place: u32, value: ValueId) {
        let func = self.targets[target].func;
        let tested = self.targets.bound(target)[place as usize].tested;
        let key = self.param_key(func, tested, value);
        let seen = &mut self.targets.bound_mut(target, place).seen;
        let Some(&Seen { mut route, .. }) = seen.iter().find(|seen| seen.key == key) else {
            seen.push(Seen { key, route: Route::EMPTY });
            self.combine(target, Some((place as usize, key)));
            return;
        };
        while let Some((node, rest)) = self.targets.step(route) {
            self.graph.add(node, value);
            route = rest;
        }
    }

    /// Lets the values with a key that reach a parameter of a target flow to a node: those that are there, and later ones.
    fn lead(&mut self, target: u32, place: usize, key: Option<ValueId>, node: NodeId) {
        let func = self.targets[target].func;
        let BoundParam { source, tested, .. } = self.targets.bound(target)[place];
        self.targets.lead(target, place as u32, key, node);
        for i in 0..self.graph.values(source).len() {
            let value = self.graph.values(source)[i];
            if self.param_key(func, tested, value) == key {
                self.graph.add(node, value);
            }
        }
    }

    /// Makes the instances of all combinations of the keys seen so far, with one parameter fixed.
    fn combine(&mut self, target: u32, fixed: Option<(usize, Option<ValueId>)>) {
        let bound = self.targets.bound(target);
        // Keys seen from here on make their combinations themselves.
        let mut counts: SmallVec<[usize; 6]> = SmallVec::with_capacity(bound.len());
        counts.extend(bound.iter().map(|param| param.seen.len()));
        if let Some((place, _)) = fixed {
            counts[place] = 1;
        }
        if counts.contains(&0) {
            return;
        }
        let mut at: SmallVec<[usize; 6]> = smallvec![0; counts.len()];
        loop {
            let mut keys = Keys::new();
            for (place, (param, &at)) in self.targets.bound(target).iter().zip(&at).enumerate() {
                keys.push(match fixed {
                    Some((fixed, key)) if fixed == place => key,
                    _ => param.seen[at].key,
                });
            }
            self.link(target, &keys);
            let mut i = 0;
            loop {
                if i == at.len() {
                    return;
                }
                at[i] += 1;
                if at[i] < counts[i] {
                    break;
                }
                at[i] = 0;
                i += 1;
            }
        }
    }

    /// Connects a target to the instance of one combination of keys.
    fn link(&mut self, target: u32, keys: &[Option<ValueId>]) {
        let Target { call, func, env, mode, self_node, mut recv, shape, by_site, .. } = self.targets[target];
        let Call { origin, dst, kind, decorates, .. } = self.calls[call as usize];
        let mut object = None;
        let mut keyed = Context::new();
        for (bound, key) in self.targets.bound(target).iter().zip(keys) {
            keyed.extend(key.map(|key| (bound.param, key)));
        }
        if let Mode::Construct(class) = mode {
            let mut context = Context::new();
            for &(param, key) in &keyed {
                let key = self.constructor_key(class, key, Some((func, param)));
                context.extend(key.map(|key| (param, key)));
            }
            context.extend(self.place_of_making(class, origin));
            let key = self.values.class_key(class, context);
            let value = self.instance_value(key, origin);
            recv = Some(self.any_of(key));
            object = Some(value);
        }
        let mut context = Context::new();
        context.extend(recv.map(|recv| (0, recv)));
        context.extend(keyed);
        if let Some(shape) = shape {
            context.push((SHAPE, self.values.intern_self_keyed(Value::Shape(shape))));
        }
        let by_site = (self.captures[func.0 as usize] || by_site) && self.contexts.has(Rule::CallSites);
        if by_site && !self.is_root(origin.inst) {
            let site = self.site_key(origin);
            context.push((SITE, site));
        }
        let full = self.context_count.get(&(func, env)).copied().unwrap_or(0) >= self.limits.contexts;
        let capped = full && self.known_instance(func, env, &context).is_none();
        if capped {
            self.cap_at("contexts-per-function", func.0);
            context.truncate(usize::from(recv.is_some()));
        }
        let inst = self.instance(func, env, context);
        if decorates {
            self.decorator_insts.insert(inst);
        }
        // A wrapper such as `def wrapper(*args)` takes the receiver as its first element.
        let this = if self_node.is_some() || object.is_some() { self.receiver_node(inst) } else { None };
        if let Some(object) = object {
            if let Some(this) = this {
                self.graph.add(this, object);
            }
            self.graph.add(dst, object);
        } else if let (Some(self_node), Some(this)) = (self_node, this) {
            self.flow_once(self_node, this);
        }
        let takes_self = self_node.is_some() || object.is_some();
        for (place, &key) in keys.iter().enumerate() {
            let BoundParam { param, source, .. } = self.targets.bound(target)[place];
            let node = self.bound_node(inst, param, shape, takes_self);
            if capped {
                self.flow(source, node);
                continue;
            }
            match key {
                Some(k) if !self.is_class_pattern(k) => {
                    self.graph.add(node, k);
                }
                key => self.lead(target, place, key, node),
            }
        }
        self.bind_rest(target, inst);
        let is_generator = self.program.func(func).is_generator;
        match mode {
            Mode::Construct(_) => self.edge(origin, inst, kind.or(Some(HopKind::Constructor))),
            Mode::Manager if is_generator => {
                let manager = self.values.intern_self_keyed(Value::Manager(inst));
                self.graph.add(dst, manager);
            }
            Mode::Manager => {
                let ret = self.insts[inst.0 as usize].ret;
                let what = self.primitive(super::primitive::Pending::Managed { dst });
                self.watch(ret, Use::Primitive { what });
                self.edge(origin, inst, kind);
            }
            Mode::Plain if is_generator => {
                let generator = self.values.intern_self_keyed(Value::Generator(inst));
                self.graph.add(dst, generator);
            }
            Mode::Plain => {
                let ret = self.insts[inst.0 as usize].ret;
                self.flow_once(ret, dst);
                self.edge(origin, inst, kind);
            }
        }
    }

    /// Whether a key stands for several values, so that the values themselves must flow.
    fn is_class_pattern(&self, key: ValueId) -> bool {
        match self.values.get(key) {
            Value::AnyOf(_) => true,
            Value::Bound(recv, _) => self.is_class_pattern(recv),
            _ => false,
        }
    }

    /// Whether an origin stands in the framework rather than in code.
    pub fn is_root(&self, inst: InstId) -> bool {
        self.insts[inst.0 as usize].func == ROOT_FUNC
    }

    /// Gives loads that found nothing an untracked value, so that the strict calls behind them go on. Returns whether
    /// anything changed.
    pub(super) fn release_blocked(&mut self) -> bool {
        let mut changed = self.release_shared();
        let mut waiting = std::mem::take(&mut self.waiting_loads);
        for inst in (self.watched_insts..self.insts.len() as u32).map(InstId) {
            let func = self.insts[inst.0 as usize].func;
            if func != ROOT_FUNC {
                let loads = self.layout(func).loads().iter().map(|&index| Origin { inst, index });
                waiting.extend(loads.filter(|&at| !self.is_dead(at)));
            }
        }
        self.watched_insts = self.insts.len() as u32;
        waiting.retain(|&at| {
            let (Op::LoadAttr { dst, .. } | Op::LoadGlobal { dst, .. }) = *self.op(at) else { return false };
            let node = self.var(at.inst, dst);
            if !self.graph.values(node).is_empty() {
                return false;
            }
            let fed = match *self.op(at) {
                Op::LoadAttr { obj, name, .. } => {
                    self.may_find_more(self.var(at.inst, obj), self.sym(at.inst, name))
                }
                _ => true,
            };
            if fed {
                self.graph.add(node, well_known::UNKNOWN);
                changed = true;
            }
            !fed
        });
        self.waiting_loads = waiting;
        if changed {
            self.cap("released-loads");
        }
        changed
    }
}
