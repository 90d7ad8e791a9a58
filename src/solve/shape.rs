//! Shapes: how functions that pass on `*args` and `**kwargs` keep their calls apart.
//!
//! A call that gives such a function a known number of elements and known keywords has a [`Shape`], which is part of the
//! context, so each instance has a tuple and a dict of its own with one slot for each. Where the instance unpacks them again it
//! passes these slots, by position and by keyword. An element or keyword that ends up at a parameter is bound like one: its keys
//! are part of the context as well. So what is called in the end is called as if there was nothing between.

use super::binding::Source;
use super::call::{Args, Passing};
use super::contexts::Rule;
use super::forward::{Callee, Onward, Passed};
use super::graph::NodeId;
use super::target::Target;
use super::value::{InstId, Value, ValueId};
use super::{Origin, Solver};
use crate::ir::ParamKind;
use crate::link::{FuncId, Name};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// So many calls are looked at behind a wrapper for what decides; wrappers may call each other in a circle.
const MAX_CALLS: u32 = 64;

/// The place of the shape among the keys of a context.
pub const SHAPE: u32 = u32::MAX - 1;

/// What a call gives to `*args` and `**kwargs` of a function that passes them on.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub struct Shape {
    /// Elements of `*args`, a receiver among them; none if it is not passed on, or the call unpacks something itself.
    pub positions: Option<u32>,
    /// Keywords that go to `**kwargs`, in the order of their texts; none in the same cases.
    pub names: Option<Vec<Name>>,
}

/// What counts at a call of a function that passes on what it takes.
#[derive(Clone, Default)]
pub(super) struct Decision {
    /// Parameters at which definite constants count, as a bit set.
    params: u32,
    /// Elements of `*args` at which they do.
    positions: u32,
    /// Keywords at which they do.
    names: SmallVec<[Name; 2]>,
    /// Elements of `*args` that end up at parameters.
    bound_positions: u32,
    /// Keywords that do.
    bound_names: SmallVec<[Name; 6]>,
    /// Whether all elements and keywords decide and end up at parameters, since what is called in the end is not known.
    all: bool,
    /// Whether the call site counts.
    by_site: bool,
}

/// What is known of a function in an environment.
pub(super) struct Known {
    decision: Decision,
    /// So many calls were looked at; all bits if there are more than are looked at.
    calls: u32,
}

/// What counts at calls of functions that pass on what they take, by function and environment.
pub(super) type Decisions = FxHashMap<(FuncId, InstId), Known>;

impl Decision {
    fn decides(&self, argument: Rest) -> bool {
        self.all
            || match argument {
                Rest::Element(index) => has(self.positions, index),
                Rest::Keyword(name) => self.names.contains(&name),
            }
    }

    fn binds(&self, argument: Rest) -> bool {
        self.all
            || match argument {
                Rest::Element(index) => has(self.bound_positions, index),
                Rest::Keyword(name) => self.bound_names.contains(&name),
            }
    }
}

/// What a call gives to `*args` or `**kwargs`.
#[derive(Clone, Copy)]
pub(super) enum Rest {
    /// An element of the tuple.
    Element(u32),
    /// An item of the dict.
    Keyword(Name),
}

impl Shape {
    /// An argument of the call that stands behind those for parameters; `first` elements are there already.
    fn argument(&self, first: u32, number: u32) -> Option<Rest> {
        let given = self.positions.map_or(0, |positions| positions - first);
        match number.checked_sub(given) {
            None => Some(Rest::Element(first + number)),
            Some(number) => self.names.as_ref()?.get(number as usize).map(|&name| Rest::Keyword(name)),
        }
    }

    /// The number of an argument of the call behind those for parameters.
    fn number(&self, first: u32, argument: Rest) -> Option<u32> {
        let given = self.positions.map_or(0, |positions| positions - first);
        match argument {
            Rest::Element(index) => self.positions.and_then(|_| index.checked_sub(first)),
            Rest::Keyword(name) => {
                let number = self.names.as_ref()?.iter().position(|&known| known == name)?;
                Some(given + number as u32)
            }
        }
    }
}

fn has(set: u32, index: u32) -> bool {
    set.checked_shr(index).unwrap_or(0) & 1 == 1
}

impl Solver<'_> {
    /// Number of parameters that take arguments by position.
    pub(super) fn slots(&self, func: FuncId) -> u32 {
        let by_position = |kind| matches!(kind, ParamKind::PositionalOnly | ParamKind::Positional);
        self.program.func(func).params.iter().filter(|param| by_position(param.kind)).count() as u32
    }

    /// The place of a named parameter.
    pub(super) fn keyword_param(&self, func: FuncId, name: Name) -> Option<u32> {
        let names = &self.program.file_of(func).names;
        let takes = |kind| matches!(kind, ParamKind::Positional | ParamKind::KeywordOnly);
        let mut params = (0..).zip(&self.program.func(func).params);
        params.find(|(_, p)| takes(p.kind) && names[p.name.0 as usize] == name).map(|(index, _)| index)
    }

    /// The elements of `*args` that are no arguments: the receiver, if no parameter takes it.
    fn first_given(&self, func: FuncId, takes_self: bool) -> u32 {
        u32::from(takes_self).saturating_sub(self.slots(func))
    }

    /// The shape of a call, if the function passes on what it takes; the arguments that go to `*args` and `**kwargs`, and from
    /// there to parameters, are added to the sources, numbered on from the parameters.
    pub(super) fn shape_of_call(
        &mut self,
        call: u32,
        (func, env): (FuncId, InstId),
        takes_self: bool,
        sources: &mut SmallVec<[Source; 6]>,
    ) -> Option<u32> {
        if self.forwards[func.0 as usize].is_none() || !self.contexts.has(Rule::Forwarding) {
            return None;
        }
        if !self.decisions.contains_key(&(func, env)) {
            let mut known = std::mem::take(&mut self.decisions);
            let (decision, all) = self.onward(func, env, &mut { MAX_CALLS }, &mut known);
            if !all {
                known.insert((func, env), Known { decision, calls: u32::MAX });
            }
            self.decisions = known;
        }
        let forwards = self.forwards[func.0 as usize].as_deref()?;
        let (slots, offset) = (self.slots(func), u32::from(takes_self));
        let args = self.args(call);
        let unpacks = |by: Passing| args.iter().any(|(passing, _)| *passing == by);
        let mut shape = Shape::default();
        let mut given: SmallVec<[NodeId; 6]> = SmallVec::new();
        if forwards.tuple && !unpacks(Passing::Star) {
            let positional = args.iter().filter(|(passing, _)| *passing == Passing::Pos);
            let positional: SmallVec<[NodeId; 6]> = positional.map(|&(_, node)| node).collect();
            shape.positions = Some((offset + positional.len() as u32).saturating_sub(slots));
            given.extend(positional.into_iter().skip(slots.saturating_sub(offset) as usize));
        }
        if forwards.dict && !unpacks(Passing::DoubleStar) {
            let keywords = args.iter().filter_map(|&(passing, node)| match passing {
                Passing::Kw(name) if self.keyword_param(func, name).is_none() => Some((name, node)),
                _ => None,
            });
            let mut keywords: Vec<(Name, NodeId)> = keywords.collect();
            keywords.sort_by(|a, b| self.text(a.0).cmp(self.text(b.0)));
            given.extend(keywords.iter().map(|&(_, node)| node));
            shape.names = Some(keywords.into_iter().map(|(name, _)| name).collect());
        }
        if shape == Shape::default() {
            return None;
        }
        let params = self.program.func(func).params.len() as u32;
        let (first, decision) = (self.first_given(func, takes_self), &self.decisions[&(func, env)].decision);
        let binds = |number| shape.argument(first, number).is_some_and(|argument| decision.binds(argument));
        let bound = (0..).zip(given).filter(|&(number, _)| binds(number));
        sources.extend(bound.map(|(number, node)| Source { param: params + number, node, definite: true }));
        Some(self.intern_shape(shape))
    }

    fn intern_shape(&mut self, shape: Shape) -> u32 {
        if let Some(&known) = self.shape_index.get(&shape) {
            return known;
        }
        let id = self.shapes.len() as u32;
        self.shapes.push(shape.clone());
        self.shape_index.insert(shape, id);
        id
    }

    /// The shape behind its number.
    pub fn shape(&self, id: u32) -> &Shape {
        &self.shapes[id as usize]
    }

    /// The shape of the calls that an instance is for.
    fn shape_of(&self, inst: InstId) -> Option<&Shape> {
        let context = &self.insts[inst.0 as usize].context;
        let &(_, key) = context.iter().find(|(place, _)| *place == SHAPE)?;
        match self.values.get(key) {
            Value::Shape(id) => Some(self.shape(id)),
            _ => None,
        }
    }

    /// The node of an instance that a source is bound to: a parameter, or a slot of `*args` or `**kwargs`.
    pub(super) fn bound_node(
        &mut self,
        inst: InstId,
        param: u32,
        shape: Option<u32>,
        takes_self: bool,
    ) -> NodeId {
        let func = self.insts[inst.0 as usize].func;
        let params = self.program.func(func).params.len() as u32;
        let (Some(shape), Some(number)) = (shape, param.checked_sub(params)) else {
            return self.param_node(inst, param);
        };
        let first = self.first_given(func, takes_self);
        let (tuple, dict) = self.rest_objects(inst);
        match (self.shape(shape).argument(first, number), tuple, dict) {
            (Some(Rest::Element(index)), Some(tuple), _) => {
                let name = self.index_name(index);
                self.field(tuple, name)
            }
            (Some(Rest::Keyword(name)), _, Some(dict)) => {
                let keys = self.field(dict, self.names.keys);
                let key = self.values.intern_keyed(Value::Str(name), None);
                self.graph.add(keys, key);
                self.field(dict, name)
            }
            _ => NodeId::EMPTY,
        }
    }

    /// Whether a target binds a slot of `*args` or `**kwargs` by itself.
    pub(super) fn binds_slot(&self, target: u32, shape: Option<u32>, argument: Rest) -> bool {
        let Target { func, .. } = self.targets[target];
        let params = self.program.func(func).params.len() as u32;
        let first = self.first_given(func, self.targets[target].takes_self());
        let number = shape.and_then(|shape| self.shape(shape).number(first, argument));
        number.is_some_and(|number| self.targets.binds(target, params + number))
    }

    /// Whether a call instruction unpacks `*args` or `**kwargs` of an instance with a shape.
    pub(super) fn unpacks(&self, at: Origin) -> bool {
        let func = self.insts[at.inst.0 as usize].func;
        let forwards = self.forwards[func.0 as usize].as_deref();
        forwards.is_some_and(|forwards| forwards.unpacked.iter().any(|unpacked| unpacked.index == at.index))
            && self.contexts.has(Rule::Forwarding)
    }

    /// The arguments of a call, where those that unpack `*args` and `**kwargs` of an instance with a shape are what these hold.
    pub(super) fn unpacked(&mut self, at: Origin, args: Args) -> Args {
        let func = self.insts[at.inst.0 as usize].func;
        let Some(forwards) = self.forwards[func.0 as usize].as_deref() else { return args };
        let unpacked = forwards.unpacked.iter().filter(|unpacked| unpacked.index == at.index);
        let unpacked: SmallVec<[_; 2]> = unpacked.cloned().collect();
        if unpacked.is_empty() || !self.contexts.has(Rule::Forwarding) {
            return args;
        }
        let mut changed = Args::new();
        for (argument, passed) in (0..).zip(args) {
            let from = unpacked.iter().find(|unpacked| unpacked.argument == argument);
            let owner =
                from.map(|from| self.env(at.inst, from.levels)).filter(|&owner| owner != InstId::NONE);
            let (Some(from), Some(owner)) = (from, owner) else {
                changed.push(passed);
                continue;
            };
            let shape = self.shape_of(owner).cloned().unwrap_or_default();
            let (tuple, dict) = self.rest_objects(owner);
            match (from.bounds, shape.positions, shape.names) {
                (Some((first, until)), Some(positions), _) => {
                    let Some(tuple) = tuple else { continue };
                    for index in first..until.min(positions) {
                        let name = self.index_name(index);
                        changed.push((Passing::Pos, self.field(tuple, name)));
                    }
                }
                (None, _, Some(names)) if !from.dict.open => {
                    let Some(dict) = dict else { continue };
                    for name in names.into_iter().filter(|name| !from.dict.removed.contains(name)) {
                        changed.push((Passing::Kw(name), self.field(dict, name)));
                    }
                    if from.dict.changes {
                        changed.push(passed);
                    }
                }
                _ => changed.push(passed),
            }
        }
        changed
    }

    /// The key of a call site. A call that passes on what its function takes counts as the call of that function.
    pub(super) fn site_key(&mut self, origin: Origin) -> ValueId {
        let inst = &self.insts[origin.inst.0 as usize];
        let passes_on = self.forwards.get(inst.func.0 as usize).and_then(|forwards| forwards.as_deref());
        let is_onward = passes_on.is_some_and(|forwards| {
            forwards.onward.iter().any(|onward| onward.index == Some(origin.index) && onward.unpacks())
        });
        let site = inst.context.iter().find(|(place, _)| *place == super::call::SITE);
        match site {
            Some(&(_, site)) if is_onward && self.contexts.has(Rule::Forwarding) => site,
            _ => self.values.intern_self_keyed(Value::Site(self.site(origin))),
        }
    }

    /// For each source of a call whether definite constants count at it, and whether the call site counts.
    pub(super) fn counting(
        &self,
        (func, env): (FuncId, InstId),
        takes_self: bool,
        shape: Option<u32>,
        sources: &[Source],
    ) -> (SmallVec<[bool; 6]>, bool) {
        let own = self.deciding(func);
        let at_params = |set: u32| sources.iter().map(|s| s.definite && has(set, s.param)).collect();
        if self.forwards[func.0 as usize].is_none() || !self.contexts.has(Rule::Forwarding) {
            return (at_params(own), false);
        }
        let decision = &self.decisions[&(func, env)].decision;
        let (params, first) =
            (self.program.func(func).params.len() as u32, self.first_given(func, takes_self));
        let rest = |number: u32| shape.and_then(|shape| self.shape(shape).argument(first, number));
        let set = own | decision.params;
        let counts: SmallVec<[bool; 6]> = sources
            .iter()
            .map(|source| match source.param.checked_sub(params) {
                None => source.definite && has(set, source.param),
                Some(number) => rest(number).is_some_and(|rest| decision.decides(rest)),
            })
            .collect();
        let behind =
            sources.iter().zip(&counts).filter(|(source, counts)| **counts && source.param >= params);
        if set.count_ones() as usize + behind.count() > self.limits.tested {
            self.cap_at("tested-parameters", func.0);
            return (at_params(own), decision.by_site);
        }
        (counts, decision.by_site)
    }

    /// What decides in the functions that a function passes on to what it takes, as far as `left` more calls tell, and whether
    /// they tell all. What is known already is not gone through again, but its calls count: what is found does not depend on
    /// what was asked before.
    fn onward(&self, func: FuncId, env: InstId, left: &mut u32, known: &mut Decisions) -> (Decision, bool) {
        let mut decision = Decision::default();
        let Some(forwards) = self.forwards[func.0 as usize].as_deref() else { return (decision, true) };
        if let Some(known) = known.get(&(func, env))
            && let Some(fewer) = left.checked_sub(known.calls)
        {
            *left = fewer;
            return (known.decision.clone(), true);
        }
        let (before, mut complete) = (*left, true);
        for onward in &forwards.onward {
            let Some(fewer) = left.checked_sub(1) else {
                complete = false;
                break;
            };
            *left = fewer;
            let Some((callee, env, bound)) = self.callee(env, onward.callee) else {
                decision.all |= onward.unpacks();
                continue;
            };
            let (mut inner, all) = self.onward(callee, env, left, known);
            complete &= all;
            inner.params |= self.deciding(callee);
            inner.by_site |= self.captures[callee.0 as usize];
            decision.by_site |= inner.by_site && onward.unpacks();
            self.pass_back(func, onward, callee, bound, &inner, &mut decision);
        }
        if complete {
            let calls = before - *left;
            known.insert((func, env), Known { decision: decision.clone(), calls });
        }
        (decision, complete)
    }

    /// Adds what decides at the arguments of a call, given what decides in the function that it enters.
    fn pass_back(
        &self,
        func: FuncId,
        onward: &Onward,
        callee: FuncId,
        bound: u32,
        inner: &Decision,
        decision: &mut Decision,
    ) {
        let slots = self.slots(callee);
        let onward_of_callee = self.forwards[callee.0 as usize].as_deref();
        let (takes_tuple, takes_dict) = onward_of_callee.map_or((false, false), |f| (f.tuple, f.dict));
        let binds = |position: u32| match position.checked_sub(slots) {
            None => true,
            Some(index) => takes_tuple && inner.binds(Rest::Element(index)),
        };
        let at = |position: u32| match position.checked_sub(slots) {
            None => has(inner.params, position),
            Some(index) => inner.decides(Rest::Element(index)),
        };
        let under = |name: Name| match self.keyword_param(callee, name) {
            Some(param) => has(inner.params, param),
            None => inner.decides(Rest::Keyword(name)),
        };
        let mut position = Some(bound);
        for passed in &onward.args {
            match *passed {
                Passed::Pos(param) => {
                    if let (Some(param), true) = (param, position.is_some_and(at)) {
                        decision.params |= 1u32.checked_shl(param).unwrap_or(0);
                    }
                    position = position.map(|position| position + 1);
                }
                Passed::Kw(name, param) => {
                    if let (Some(param), true) = (param, under(name)) {
                        decision.params |= 1u32.checked_shl(param).unwrap_or(0);
                    }
                }
                Passed::Star(from, until) => {
                    let first = position.take();
                    for index in from..until.min(u32::BITS) {
                        let Some(position) = first.map(|first| first + index - from) else { break };
                        decision.positions |= u32::from(at(position)) << index;
                        decision.bound_positions |= u32::from(binds(position)) << index;
                    }
                }
                Passed::DoubleStar => {
                    decision.all |= inner.all;
                    let names = &self.program.file_of(callee).names;
                    let params = self.program.func(callee).params.iter();
                    let named = params
                        .filter(|p| matches!(p.kind, ParamKind::Positional | ParamKind::KeywordOnly))
                        .map(|param| names[param.name.0 as usize]);
                    let further = inner.bound_names.iter().copied().filter(|_| takes_dict);
                    for name in named.chain(further).filter(|&name| self.keyword_param(func, name).is_none())
                    {
                        decision.bound_names.push(name);
                        decision.names.extend(Some(name).filter(|&name| under(name)));
                    }
                }
                Passed::Elements => position = None,
                Passed::Items => {}
            }
        }
    }

    /// The function that a call enters, its environment, and how many of its parameters are bound already, as far as the
    /// environment of the function with the call tells.
    fn callee(&self, env: InstId, callee: Callee) -> Option<(FuncId, InstId, u32)> {
        let (levels, cell) = match callee {
            Callee::Free(levels, cell) => (levels, cell),
            Callee::Named(func, bound) => return Some((func, InstId::NONE, bound)),
            Callee::Other => return None,
        };
        let owner = self.env(env, levels - 1);
        let inst = self.insts.get(owner.0 as usize)?;
        let param = self.layout(inst.func).held(cell)?;
        let mut value = inst.context.iter().find(|(place, _)| *place == param)?.1;
        let mut bound = 0;
        loop {
            match self.values.get(value) {
                Value::Func(func, env) => return Some((func, env, bound)),
                Value::Bound(_, func) => {
                    bound = 1;
                    value = func;
                }
                Value::ManagerFunc(func) | Value::StaticMethod(func) | Value::ClassMethod(func) => {
                    value = func
                }
                _ => return None,
            }
        }
    }
}

impl Onward {
    /// Whether it unpacks `*args` or `**kwargs`.
    pub(super) fn unpacks(&self) -> bool {
        self.args.iter().any(|arg| matches!(arg, Passed::Star(..) | Passed::DoubleStar))
    }
}
