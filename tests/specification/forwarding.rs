//! Functions that pass on what they take by `*args` and `**kwargs`: calls of them have a shape, each element and each keyword is
//! bound like a parameter, and where it is unpacked again it is passed by its position and by its name.

use producer_map::ir::{ParamKind, VarDef, VarId};
use producer_map::link::{FuncId, Name};
use producer_map::solve::forward::{Callee, Forwards, Onward, Passed};

use crate::domain::{At, Inst, Kind, Node, Passing, SHAPE, SITE, Target, Text, V, Value, text};
use crate::shapes::{index_name, rest_objects, slot_of};
use crate::world::{Source, TESTED, World, positions, site};

/// So many calls are looked at behind a wrapper.
const CALLS: u32 = 64;

/// What counts at the arguments of a call, for what is called in the end.
#[derive(Default)]
pub struct Counts {
    params: Vec<u32>,
    elements: Vec<u32>,
    keywords: Vec<Text>,
    /// Elements and keywords that end up at parameters.
    bound_elements: Vec<u32>,
    bound_keywords: Vec<Text>,
    /// Every element and every keyword counts and is bound: it is not known what is called.
    all: bool,
    pub by_site: bool,
}

impl World<'_> {
    fn forwards(&self, func: FuncId) -> Option<&Forwards> {
        self.said.forwards[func.0 as usize].as_deref()
    }

    fn name(&self, name: Name) -> Text {
        text(self.program.names.text(name))
    }

    /// The elements of `*args` that no argument gives: a receiver that no parameter takes.
    fn first_given(&self, target: Target) -> usize {
        usize::from(target.takes_self()).saturating_sub(positions(self.params(target.func())))
    }

    /// The shape of a call of a function that passes on what it takes, and what it gives behind the parameters: to be bound
    /// where it ends up at a parameter.
    pub fn shape_of_call(&self, target: Target) -> Option<(V, Vec<Source>)> {
        let Value::Func(func, env) = *target.callee else { return None };
        let forwards = self.forwards(func)?;
        let args = &target.call.args;
        let unpacks = |by: Passing| args.iter().any(|(passing, _)| *passing == by);
        let mut nodes = Vec::new();
        let elements = (forwards.tuple && !unpacks(Passing::Star)).then(|| {
            let given: Vec<Node> =
                args.iter().filter(|(passing, _)| *passing == Passing::Pos).map(|&(_, node)| node).collect();
            let bound = usize::from(target.takes_self());
            let taken = positions(self.params(func));
            nodes.extend(given.iter().skip(taken.saturating_sub(bound)));
            (bound + given.len()).saturating_sub(taken) as u32
        });
        let keywords = (forwards.dict && !unpacks(Passing::DoubleStar)).then(|| {
            let mut given: Vec<(Text, Node)> = Vec::new();
            for &(passing, node) in args {
                if let Passing::Kw(name) = passing
                    && !self.keyword_param(func, name)
                {
                    given.push((name, node));
                }
            }
            given.sort_by(|(a, _), (b, _)| a.as_str().cmp(b.as_str()));
            nodes.extend(given.iter().map(|(_, node)| node));
            given.into_iter().map(|(name, _)| name).collect()
        });
        if elements.is_none() && keywords.is_none() {
            return None;
        }
        let shape = V::of(Value::Shape(elements, keywords));
        let counts = self.onward(func, Some(env));
        let slots = self.slots_of_shape(target, shape);
        let sources = slots.iter().zip(nodes).map(|(&(kind, name), node)| {
            let bound = match kind {
                Kind::Tuple => counts.bound_elements.iter().any(|&index| index_name(index) == name),
                _ => counts.bound_keywords.contains(&name),
            };
            if bound || counts.all { Source::Node(node) } else { Source::Elsewhere }
        });
        Some((shape, sources.collect()))
    }

    /// The names of the slots that a call fills behind the parameters: of the tuple, then of the dict.
    fn slots_of_call(&self, target: Target) -> Vec<(Kind, Text)> {
        self.shape_of_call(target).map_or(Vec::new(), |(shape, _)| self.slots_of_shape(target, shape))
    }

    fn slots_of_shape(&self, target: Target, shape: V) -> Vec<(Kind, Text)> {
        let Value::Shape(elements, keywords) = &*shape else { return Vec::new() };
        let elements = self.first_given(target) as u32..elements.unwrap_or(0);
        let elements = elements.map(|index| (Kind::Tuple, index_name(index)));
        elements.chain(keywords.iter().flatten().map(|&name| (Kind::Dict, name))).collect()
    }

    /// Whether a slot is bound like a parameter.
    pub fn binds_slot(&self, target: Target, kind: Kind, name: Text) -> bool {
        let Some((_, sources)) = self.shape_of_call(target) else { return false };
        let slots = self.slots_of_call(target);
        slots.iter().zip(sources).any(|(slot, source)| *slot == (kind, name) && source != Source::Elsewhere)
    }

    fn object_of(&self, inst: Inst, kind: Kind) -> Option<V> {
        rest_objects(self, inst).into_iter().find(|object| object.0 == kind).map(|object| object.1)
    }

    /// Where an argument goes: to a parameter, or to a slot of `*args` or `**kwargs`.
    pub fn bound_node(&self, target: Target, inst: Inst, place: u32) -> Option<Node> {
        let params = self.params(inst.func);
        if let Some(param) = params.get(place as usize) {
            return Some(inst.var(param.var));
        }
        let &(kind, name) = self.slots_of_call(target).get(place as usize - params.len())?;
        Some(slot_of(self.object_of(inst, kind)?, name))
    }

    /// What is passed in place of an argument that unpacks what an instance with a shape took; none for any other.
    pub fn unpacked(
        &self,
        (inst, index): At,
        argument: u32,
        passed: (Passing, Node),
    ) -> Option<Vec<(Passing, Node)>> {
        let unpacked = &self.forwards(inst.func)?.unpacked;
        let from = unpacked.iter().find(|from| from.index == index && from.argument == argument)?;
        let owner = inst.outer(from.levels)?;
        let shape = owner.context.iter().find(|(place, _)| *place == SHAPE)?.1;
        let Value::Shape(elements, keywords) = &*shape else { return None };
        let slot = |kind, name| Some(slot_of(self.object_of(owner, kind)?, name));
        if let Some((first, until)) = from.bounds {
            let elements = first..until.min((*elements)?);
            return elements.map(|x| Some((Passing::Pos, slot(Kind::Tuple, index_name(x))?))).collect();
        }
        if from.dict.open {
            return None;
        }
        let removed: Vec<Text> = from.dict.removed.iter().map(|&name| self.name(name)).collect();
        let kept = keywords.as_ref()?.iter().filter(|name| !removed.contains(name));
        let kept = kept.map(|&name| Some((Passing::Kw(name), slot(Kind::Dict, name)?)));
        kept.chain(from.dict.changes.then_some(Some(passed))).collect()
    }

    /// Whether definite constants count at an argument.
    pub fn constants_count(&self, target: Target, place: u32, source: &Source) -> bool {
        let Value::Func(func, env) = *target.callee else { return false };
        let own = self.deciding(func);
        let has = |set: u32| set.checked_shr(place).unwrap_or(0) & 1 == 1;
        let definite = matches!(source, Source::Node(_));
        let counts = self.onward(func, Some(env));
        let set = counts
            .params
            .iter()
            .filter(|param| **param < u32::BITS)
            .fold(own, |set, param| set | 1 << *param);
        let decides = |&(kind, name): &(Kind, Text)| {
            counts.all
                || match kind {
                    Kind::Tuple => counts.elements.iter().any(|&index| index_name(index) == name),
                    _ => counts.keywords.contains(&name),
                }
        };
        let slots = self.slots_of_call(target);
        let behind = slots.iter().filter(|slot| decides(slot) && self.binds_slot(target, slot.0, slot.1));
        let behind = behind.count();
        if set.count_ones() as usize + behind > TESTED {
            return definite && has(own);
        }
        match (place as usize).checked_sub(self.params(func).len()) {
            None => definite && has(set),
            Some(number) => slots.get(number).is_some_and(decides),
        }
    }

    pub fn captures(&self, func: FuncId) -> bool {
        self.said.registering[func.0 as usize]
            || self.func(func).vars.iter().any(|var| var.def == VarDef::Cell)
    }

    /// The key of a call site: the call of the function, for a call that passes on what it takes.
    pub fn site_key(&self, at: At) -> V {
        let own = at.0.context.iter().find(|(place, _)| *place == SITE).map(|&(_, site)| site);
        let onward = self.forwards(at.0.func).map_or(&[][..], |forwards| &forwards.onward[..]);
        let passes_on = onward.iter().any(|onward| onward.index == Some(at.1) && unpacks(onward));
        own.filter(|_| passes_on).unwrap_or_else(|| V::of(Value::Site(site(at))))
    }

    /// What counts for the functions that a function passes on to what it takes.
    pub fn onward(&self, func: FuncId, env: Option<Inst>) -> Counts {
        self.onward_within(func, env, &mut { CALLS })
    }

    fn onward_within(&self, func: FuncId, env: Option<Inst>, left: &mut u32) -> Counts {
        let mut counts = Counts::default();
        let Some(forwards) = self.forwards(func) else { return counts };
        for onward in &forwards.onward {
            if *left == 0 {
                break;
            }
            *left -= 1;
            let Some((callee, env, bound)) = self.callee(env, onward.callee) else {
                counts.all |= unpacks(onward);
                continue;
            };
            let mut inner = self.onward_within(callee, env, left);
            inner.params.extend((0..u32::BITS).filter(|param| self.deciding(callee) >> param & 1 == 1));
            counts.by_site |= unpacks(onward) && (inner.by_site || self.captures(callee));
            self.pass_back(func, onward, callee, bound, &inner, &mut counts);
        }
        counts
    }

    fn pass_back(
        &self,
        func: FuncId,
        onward: &Onward,
        callee: FuncId,
        bound: u32,
        inner: &Counts,
        counts: &mut Counts,
    ) {
        let params = self.params(callee);
        let at = |position: u32| match position.checked_sub(positions(params) as u32) {
            None => inner.params.contains(&position),
            Some(index) => inner.all || inner.elements.contains(&index),
        };
        let named = |name: Text| {
            let takes = |kind| matches!(kind, ParamKind::Positional | ParamKind::KeywordOnly);
            params.iter().position(|param| takes(param.kind) && self.sym(callee, param.name) == name)
        };
        let under = |name: Text| match named(name) {
            Some(param) => inner.params.contains(&(param as u32)),
            None => inner.all || inner.keywords.contains(&name),
        };
        let of_callee = self.forwards(callee);
        let (takes_tuple, takes_dict) = of_callee.map_or((false, false), |of| (of.tuple, of.dict));
        let binds = |position: u32| match position.checked_sub(positions(params) as u32) {
            None => true,
            Some(index) => takes_tuple && (inner.all || inner.bound_elements.contains(&index)),
        };
        let mut position = Some(bound);
        for passed in &onward.args {
            match *passed {
                Passed::Pos(param) => {
                    counts.params.extend(param.filter(|_| position.is_some_and(at)));
                    position = position.map(|position| position + 1);
                }
                Passed::Kw(name, param) => counts.params.extend(param.filter(|_| under(self.name(name)))),
                Passed::Star(from, until) => {
                    let first = position.take();
                    for index in from..until.min(u32::BITS) {
                        let Some(position) = first.map(|first| first + index - from) else { continue };
                        counts.elements.extend(at(position).then_some(index));
                        counts.bound_elements.extend(binds(position).then_some(index));
                    }
                }
                Passed::DoubleStar => {
                    counts.all |= inner.all;
                    let names = params.iter().map(|param| self.sym(callee, param.name));
                    let taken = names.filter(|&name| named(name).is_some());
                    let further = inner.bound_keywords.iter().copied().filter(|_| takes_dict);
                    for name in taken.chain(further).filter(|&name| !self.keyword_param(func, name)) {
                        counts.bound_keywords.push(name);
                        counts.keywords.extend(under(name).then_some(name));
                    }
                }
                Passed::Elements => position = None,
                Passed::Items => {}
            }
        }
    }

    /// The function that a call enters, as far as the environment of the function with the call tells.
    fn callee(&self, env: Option<Inst>, callee: Callee) -> Option<(FuncId, Option<Inst>, u32)> {
        let (levels, cell): (u32, VarId) = match callee {
            Callee::Free(levels, cell) => (levels, cell),
            Callee::Named(func, bound) => return Some((func, None, bound)),
            Callee::Other => return None,
        };
        let owner = env?.outer(levels - 1)?;
        let param = self.only_param_in(owner.func, cell)?;
        let mut value = owner.context.iter().find(|(place, _)| *place == param)?.1;
        let mut bound = 0;
        loop {
            match *value {
                Value::Func(func, env) => return Some((func, Some(env), bound)),
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

fn unpacks(onward: &Onward) -> bool {
    onward.args.iter().any(|arg| matches!(arg, Passed::Star(..) | Passed::DoubleStar))
}
