//! Binding: which argument reaches which parameter (Python reference, section 6.3.4).

use super::call::Passing;
use super::graph::NodeId;
use super::value::{Constants, InstId, Value, ValueId};
use super::{Solver, Use};
use crate::ir::ParamKind;
use crate::link::{FuncId, Name};

impl Solver<'_> {
    /// Where each parameter's values come from and whether the argument is definite, or none if the arguments cannot fit.
    pub(super) fn sources(
        &mut self,
        call: u32,
        fval: ValueId,
        func: FuncId,
        takes_self: bool,
    ) -> Option<(Vec<Option<NodeId>>, Vec<bool>)> {
        let args = self.calls[call as usize].args.clone();
        let first_star = args.iter().position(|(p, _)| *p == Passing::Star);
        let before_star = first_star.unwrap_or(args.len());
        let positional: Vec<NodeId> =
            args[..before_star].iter().filter(|(p, _)| *p == Passing::Pos).map(|a| a.1).collect();
        let stars: Vec<NodeId> = args.iter().filter(|(p, _)| *p == Passing::Star).map(|a| a.1).collect();
        let late: Vec<NodeId> =
            args[before_star..].iter().filter(|(p, _)| *p == Passing::Pos).map(|a| a.1).collect();
        let keywords: Vec<(Name, NodeId)> = args
            .iter()
            .filter_map(|(p, n)| if let Passing::Kw(name) = p { Some((*name, *n)) } else { None })
            .collect();
        let doubles: Vec<NodeId> =
            args.iter().filter(|(p, _)| *p == Passing::DoubleStar).map(|a| a.1).collect();
        let file_names: Vec<(ParamKind, Name, Option<u32>)> = {
            let file = self.program.file_of(func);
            self.program
                .func(func)
                .params
                .iter()
                .map(|p| (p.kind, file.names[p.name.0 as usize], None))
                .collect()
        };
        let has_kwargs = file_names.iter().any(|p| p.0 == ParamKind::KwArgs);
        let has_varargs = file_names.iter().any(|p| p.0 == ParamKind::VarArgs);
        let slots = file_names
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
                !file_names
                    .iter()
                    .any(|p| p.1 == *name && matches!(p.0, ParamKind::Positional | ParamKind::KeywordOnly))
            })
        {
            return None;
        }
        let mut staged = Vec::new();
        let mut sources: Vec<Option<NodeId>> = Vec::with_capacity(file_names.len());
        for (index, (kind, name, _)) in file_names.into_iter().enumerate() {
            match kind {
                ParamKind::VarArgs | ParamKind::KwArgs => {
                    sources.push(None);
                    continue;
                }
                _ => {}
            }
            let is_positional = kind != ParamKind::KeywordOnly;
            if is_positional && index < offset {
                sources.push(None);
                continue;
            }
            let at = index.wrapping_sub(offset);
            let default = self.defaults.contains_key(&(fval, index as u32));
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
                    staged.push(staging);
                    let default = self.default_node(fval, index as u32);
                    self.flow(default, staging);
                    self.flow(node, staging);
                    sources.push(Some(staging));
                } else {
                    sources.push(Some(node));
                }
                continue;
            }
            let uncertain = (is_positional && !stars.is_empty()) || !doubles.is_empty();
            if !uncertain {
                if !default && coarse {
                    sources.push(None);
                    continue;
                }
                if !default {
                    return None;
                }
                sources.push(Some(self.default_node(fval, index as u32)));
                continue;
            }
            let staging = self.graph.node();
            staged.push(staging);
            if default {
                let node = self.default_node(fval, index as u32);
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
            sources.push(Some(staging));
        }
        let definite = sources.iter().map(|s| s.is_some_and(|n| !staged.contains(&n))).collect();
        Some((sources, definite))
    }

    /// Fills `*args` and `**kwargs` of an instance from a call.
    pub(super) fn bind_rest(&mut self, call: u32, inst: InstId, func: FuncId, takes_self: bool) {
        let (tuple, dict) = self.rest_objects(inst);
        if tuple.is_none() && dict.is_none() {
            return;
        }
        let args = self.calls[call as usize].args.clone();
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
                        } else if position >= slots {
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

    /// At which parameters constants count: those that the function tests, as far as the argument is definite (not out of `*x`
    /// or `**x`), and unless it tests so many that the contexts would multiply.
    pub(super) fn tested(&self, func: FuncId, definite: &[bool], all: bool) -> Vec<Constants> {
        let params = &self.program.func(func).params;
        if all {
            return vec![Constants::AndSettings; params.len()];
        }
        let many = params.iter().filter(|p| p.tested).count() > self.limits.tested;
        params
            .iter()
            .zip(definite)
            .map(
                |(p, definite)| {
                    if p.tested && *definite && !many { Constants::Distinct } else { Constants::Shared }
                },
            )
            .collect()
    }

    pub(super) fn param_node(&self, inst: InstId, param: u32) -> NodeId {
        let func = self.insts[inst.0 as usize].func;
        let var = self.program.func(func).params[param as usize].var;
        self.var(inst, var)
    }
}
