//! What stands beside a setting: its default, or something else that happens to be equal.
//!
//! `on = features.X` holds the setting and, since the program reads a default as well, `True`. `on = True if x else features.X` holds the
//! same two values, and is no condition on the setting. They are told apart by where the constant comes from: a default never
//! comes without its setting.

use super::Solver;
use super::closure::Scope;
use super::value::{InstId, Value, ValueId};
use crate::ir::{Op, VarDef, VarId};
use crate::link::Name;

/// Sources of sources are asked so deep whether they bring a constant without the setting.
const MAX_SOURCES: u8 = 8;

impl Solver<'_> {
    /// The one setting that a variable holds, if it holds nothing but that and constants that stand for it (its defaults).
    pub fn setting(&self, inst: InstId, var: VarId) -> Option<&str> {
        self.setting_in(Scope::Inst(inst), var, |_| true)
    }

    /// The one setting that a variable holds, if those of its other values that count are nothing but its defaults.
    pub(super) fn setting_in(
        &self,
        scope: Scope,
        var: VarId,
        counts: impl Fn(ValueId) -> bool,
    ) -> Option<&str> {
        let values = self.values_in(scope, var);
        let text = self.setting_of(values, &counts)?;
        if let Scope::Inst(inst) = scope
            && let Some(&setting) = values.iter().find(|&&v| matches!(self.values.get(v), Value::Setting(_)))
        {
            let mut others = values.iter().filter(|&&value| value != setting && counts(value));
            if others.any(|&other| self.comes_alone(inst, var, (setting, other), MAX_SOURCES)) {
                return None;
            }
        }
        Some(text)
    }

    /// The one setting among values of which those that count are nothing but that and its defaults. A constant that came in
    /// another way does what it does whatever is configured.
    pub(super) fn setting_of(&self, values: &[ValueId], counts: impl Fn(ValueId) -> bool) -> Option<&str> {
        // `config.FEATURE_X` and `features.X` stay as written: a reviewer looks for the text in the source.
        let name = |&value: &ValueId| match self.values.get(value) {
            Value::Setting(name) => Some((value, name)),
            _ => None,
        };
        let mut settings = values.iter().filter_map(name);
        let (setting, name) = settings.next()?;
        let others = values.iter().filter(|&&value| value != setting);
        let mut others = others.filter(|&&value| !self.is_default(setting, value) && counts(value));
        (settings.next().is_none() && others.next().is_none()).then(|| self.text(name))
    }

    /// Whether something brings a value to a variable without the setting beside which it stands there.
    fn comes_alone(&self, inst: InstId, var: VarId, pair: (ValueId, ValueId), depth: u8) -> bool {
        let (setting, other) = pair;
        if self.is_root(inst) || !self.graph.contains(self.var(inst, var), other) {
            return false;
        }
        if !self.graph.contains(self.var(inst, var), setting) {
            return true;
        }
        let Some(deeper) = depth.checked_sub(1) else { return false };
        let any = |sources: Vec<(super::Origin, VarId)>| {
            sources
                .into_iter()
                .any(|(at, src)| !self.never_runs(at) && self.comes_alone(at.inst, src, pair, deeper))
        };
        let func = self.insts[inst.0 as usize].func;
        let ir = self.program.func(func);
        let copies = || {
            let copies = (0..).zip(&ir.instrs).filter_map(|(index, instr)| match instr.op {
                Op::Copy { dst, src } if dst == var => Some((super::Origin { inst, index }, src)),
                _ => None,
            });
            copies.collect()
        };
        match ir.vars[var.0 as usize].def {
            VarDef::Join => any(copies()),
            VarDef::Param(param) => self.is_passed_alone(inst, param, pair, deeper),
            VarDef::Cell => match self.layout(func).held(var) {
                Some(param) => self.is_passed_alone(inst, param, pair, deeper),
                None => any(copies()),
            },
            VarDef::Instr(index) => match ir.instrs[index as usize].op {
                Op::Copy { src, .. } | Op::Narrow { src, .. } => self.comes_alone(inst, src, pair, deeper),
                Op::LoadFree { levels, cell, .. } => {
                    let owner = self.env(inst, levels);
                    owner != InstId::NONE && self.comes_alone(owner, cell, pair, deeper)
                }
                Op::LoadGlobal { .. } | Op::ImportFrom { .. } => {
                    let Some((module, name)) = self.global_behind(func, index) else { return false };
                    let is_default = || {
                        let node = self.globals.get(&(module, name));
                        let defaults = self.defaults_of_settings.get(&setting);
                        node.is_some_and(|node| defaults.is_some_and(|defaults| defaults.contains(node)))
                    };
                    !is_default() && any(self.stores_of(module, name).unwrap_or_default())
                }
                Op::LoadAttr { obj, name, .. } => {
                    let name = self.program.file_of(func).names[name.0 as usize];
                    any(self.stores_on(self.graph.values(self.var(inst, obj)), name))
                }
                Op::Call { .. } => self
                    .leaving(super::Origin { inst, index })
                    .any(|edge| edge.kind.is_none() && any(self.returns_of(edge.to))),
                _ => false,
            },
        }
    }

    fn is_passed_alone(&self, inst: InstId, param: u32, pair: (ValueId, ValueId), depth: u8) -> bool {
        let edges = self.entering(inst).iter().map(|&edge| &self.edges[edge as usize]);
        edges
            .filter_map(|edge| Some((edge.from.inst, self.passed_by(edge, param)?)))
            .any(|(caller, argument)| self.comes_alone(caller, argument, pair, depth))
    }

    /// The assignments of an attribute of some objects, or of their classes.
    fn stores_on(&self, objects: &[ValueId], name: Name) -> Vec<(super::Origin, VarId)> {
        let is_object = |object: &ValueId| matches!(self.values.get(*object), Value::Inst(..));
        if !objects.iter().all(is_object) {
            return Vec::new();
        }
        let mut stores = self.stores_of_attribute(name);
        stores.retain(|&(at, _)| match *self.op(at) {
            Op::StoreAttr { obj, .. } => {
                let stored_on = self.graph.values(self.var(at.inst, obj));
                stored_on.iter().any(|object| objects.contains(object))
            }
            _ => {
                let class = self.body_class.get(&at.inst);
                class.is_some_and(|class| {
                    objects.iter().any(|&o| self.class_of(o).is_some_and(|of| self.mro(of).contains(class)))
                })
            }
        });
        stores
    }
}
