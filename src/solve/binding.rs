//! Binding: which argument reaches which parameter (Python reference, section 6.3.4).

use super::call::Passing;
use super::contexts::Rule;
use super::graph::NodeId;
use super::shape::Rest;
use super::target::Target;
use super::value::{Constants, InstId, Value, ValueId};
use super::{Solver, Use};
use crate::ir::ParamKind;
use crate::link::{FuncId, Name};
use smallvec::SmallVec;

/// What is bound to a parameter.
#[derive(Clone, Copy)]
pub(super) struct Source {
    /// Which parameter.
    pub param: u32,
    /// Where its values come from.
    pub node: NodeId,
    /// Whether it is certainly this argument or default, not something out of `*x` or `**x`.
    pub definite: bool,
}

/// The arguments of a call, by how they are passed.
#[derive(Default)]
struct Given {
    /// By position, before any `*x`.
    positional: SmallVec<[NodeId; 6]>,
    stars: SmallVec<[NodeId; 2]>,
    /// By position, after a `*x`.
    late: SmallVec<[NodeId; 2]>,
    keywords: SmallVec<[(Name, NodeId); 4]>,
    doubles: SmallVec<[NodeId; 2]>,
}

impl Given {
    fn of(args: &[(Passing, NodeId)]) -> Given {
        let mut given = Given::default();
        for &(passing, node) in args {
            match passing {
                Passing::Pos if given.stars.is_empty() => given.positional.push(node),
                Passing::Pos => given.late.push(node),
                Passing::Star => given.stars.push(node),
                Passing::Kw(name) => given.keywords.push((name, node)),
                Passing::DoubleStar => given.doubles.push(node),
            }
        }
        given
    }
}

impl Solver<'_> {
    /// Where the values of each parameter come from, or none if the arguments cannot fit.
    pub(super) fn sources(
        &mut self,
        call: u32,
        fval: ValueId,
        func: FuncId,
        takes_self: bool,
    ) -> Option<SmallVec<[Source; 6]>> {
        let Given { positional, stars, late, keywords, doubles } = Given::of(&self.args(call));
        let params: SmallVec<[(ParamKind, Name); 8]> = {
            let file = self.program.file_of(func);
            let params = self.program.func(func).params.iter();
            params.map(|p| (p.kind, file.names[p.name.0 as usize])).collect()
        };
        let has_kwargs = params.iter().any(|p| p.0 == ParamKind::KwArgs);
        let has_varargs = params.iter().any(|p| p.0 == ParamKind::VarArgs);
        let slots = params
            .iter()
            .filter(|p| matches!(p.0, ParamKind::PositionalOnly | ParamKind::Positional))
            .count();
        let offset = usize::from(takes_self);
        let coarse = self.reading.coarse;
        if (positional.len() + offset > slots || (offset > slots)) && !has_varargs && !coarse {
            return None;
        }
        if !has_kwargs
            && !coarse
            && keywords.iter().any(|(name, _)| {
                !params
                    .iter()
                    .any(|p| p.1 == *name && matches!(p.0, ParamKind::Positional | ParamKind::KeywordOnly))
            })
        {
            return None;
        }
        let by_framework = self.is_root(self.calls[call as usize].origin.inst);
        let mut sources = SmallVec::new();
        for (index, (kind, name)) in params.into_iter().enumerate() {
            let param = index as u32;
            let is_positional = kind != ParamKind::KeywordOnly;
            let is_rest = matches!(kind, ParamKind::VarArgs | ParamKind::KwArgs);
            if is_rest || (is_positional && index < offset) {
                continue;
            }
            let at = index.wrapping_sub(offset);
            let default = self.defaults.contains_key(&(fval, param));
            let passed = if is_positional && at < positional.len() {
                Some(positional[at])
            } else if kind != ParamKind::PositionalOnly {
                keywords.iter().find(|k| k.0 == name).map(|&(_, node)| node)
            } else {
                None
            };
            if let Some(node) = passed {
                if coarse && default {
                    let staging = self.graph.node();
                    let default = self.default_node(fval, param);
                    self.flow(default, staging);
                    self.flow(node, staging);
                    sources.push(Source { param, node: staging, definite: false });
                } else {
                    sources.push(Source { param, node, definite: true });
                }
                continue;
            }
            let uncertain = (is_positional && !stars.is_empty()) || !doubles.is_empty();
            if !uncertain {
                if !default && coarse {
                    continue;
                }
                if !default {
                    return None;
                }
                sources.push(Source { param, node: self.default_node(fval, param), definite: true });
                continue;
            }
            let staging = self.graph.node();
            if default {
                let node = self.default_node(fval, param);
                self.flow(node, staging);
            }
            if is_positional {
                let element = (at - positional.len()) as u32;
                for &star in &stars {
                    self.watch(star, Use::StarParam { staging, index: element });
                }
                for &node in &late {
                    self.flow(node, staging);
                }
            }
            if kind != ParamKind::PositionalOnly {
                for &double in &doubles {
                    self.watch(double, Use::DoubleStarParam { staging, name });
                }
            }
            // What a framework passes it passes by name, and always.
            sources.push(Source { param, node: staging, definite: by_framework });
        }
        Some(sources)
    }

    /// Fills `*args` and `**kwargs` of an instance from the call of a target, as far as they are not bound slot by slot.
    pub(super) fn bind_rest(&mut self, target: u32, inst: InstId) {
        let func = self.insts[inst.0 as usize].func;
        let (tuple, dict) = self.rest_objects(inst);
        if tuple.is_none() && dict.is_none() {
            return;
        }
        let Target { call, shape, .. } = self.targets[target];
        let takes_self = self.targets[target].takes_self();
        let args = self.args(call);
        let slots = self
            .program
            .func(func)
            .params
            .iter()
            .filter(|p| matches!(p.kind, ParamKind::PositionalOnly | ParamKind::Positional))
            .count();
        // Positions count the receiver, which has its place already.
        let mut position = usize::from(takes_self);
        let mut after_star = false;
        for (passing, node) in args {
            match passing {
                Passing::Pos => {
                    if let Some(tuple) = tuple {
                        if after_star {
                            let rest = self.rest(tuple);
                            self.flow(node, rest);
                        } else if position >= slots
                            && !self.binds_slot(target, shape, Rest::Element((position - slots) as u32))
                        {
                            let name = self.index_name((position - slots) as u32);
                            let slot = self.field(tuple, name);
                            self.flow(node, slot);
                        }
                    }
                    position += 1;
                }
                Passing::Star => {
                    if let Some(tuple) = tuple {
                        let from = slots.saturating_sub(position) as u32;
                        let to = position.saturating_sub(slots) as u32;
                        self.watch(node, Use::StarRest { tuple, from, to });
                    }
                    after_star = true;
                }
                Passing::Kw(name) => {
                    let file = self.program.file_of(func);
                    let takes = self.program.func(func).params.iter().any(|p| {
                        file.names[p.name.0 as usize] == name
                            && matches!(p.kind, ParamKind::Positional | ParamKind::KeywordOnly)
                    });
                    if let Some(dict) = dict
                        && !takes
                        && !self.binds_slot(target, shape, Rest::Keyword(name))
                    {
                        let slot = self.field(dict, name);
                        self.flow(node, slot);
                        let keys = self.field(dict, self.names.keys);
                        let key = self.values.intern_keyed(Value::Str(name), None);
                        self.graph.add(keys, key);
                    }
                }
                Passing::DoubleStar => {
                    if let Some(dict) = dict {
                        self.watch(node, Use::DoubleStarRest { dict, except: func });
                    }
                }
            }
        }
    }

    /// Where the receiver of an instance goes: its first parameter, or the first element of `*args`.
    pub(super) fn receiver_node(&mut self, inst: InstId) -> Option<NodeId> {
        let func = self.insts[inst.0 as usize].func;
        let first = self.program.func(func).params.first()?.kind;
        match first {
            ParamKind::Positional | ParamKind::PositionalOnly => Some(self.param_node(inst, 0)),
            ParamKind::VarArgs => {
                let tuple = self.rest_objects(inst).0?;
                let name = self.index_name(0);
                Some(self.field(tuple, name))
            }
            ParamKind::KeywordOnly | ParamKind::KwArgs => None,
        }
    }

    /// Which constants are keys at the deciding parameters of a function.
    pub(super) fn deciding_constants(&self, func: FuncId) -> Constants {
        let name = self.program.file_of(func).names[self.program.func(func).name.0 as usize];
        let rule = if name == self.names.getattr { Rule::AttributeNames } else { Rule::Constants };
        if self.contexts.has(rule) { Constants::AndSettings } else { Constants::Shared }
    }

    /// The parameters at which definite constants count, as a bit set: those that the function tests, and those that it passes on
    /// to where they are tested. A function with so many that contexts would multiply first does without the latter,
    /// then without any.
    pub(super) fn deciding(&self, func: FuncId) -> u32 {
        let params = (0..u32::BITS).zip(&self.program.func(func).params);
        let own = params.filter(|(_, p)| p.tested).fold(0u32, |set, (index, _)| set | 1 << index);
        let wide = own | self.passed_on[func.0 as usize];
        let few = |set: &u32| set.count_ones() as usize <= self.limits.tested;
        if !few(&wide) {
            self.cap_at("tested-parameters", func.0);
        }
        [wide, own].into_iter().find(few).unwrap_or(0)
    }

    pub(super) fn param_node(&self, inst: InstId, param: u32) -> NodeId {
        let func = self.insts[inst.0 as usize].func;
        let var = self.program.func(func).params[param as usize].var;
        self.var(inst, var)
    }
}
