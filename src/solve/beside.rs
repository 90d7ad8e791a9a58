//! What stands beside a setting: its default, or something else that happens to be equal.
//!
//! `on = features.X` holds the setting and, since the program reads a default as well, `True`. `on = True if x else features.X` holds the
//! same two values, and is no condition on the setting. They are told apart by where the constant comes from: a default never
//! comes without its setting. Where that is not followed, the constant may come alone.

use super::closure::Scope;
use super::value::{InstId, ObjKind, Value, ValueId};
use super::{CallEdge, Origin, Solver};
use crate::finding::HopKind;
use crate::ir::{Arg, Op, ParamKind, VarDef, VarId};
use crate::link::{FuncId, Name};

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
        let Some(deeper) = depth.checked_sub(1) else { return true };
        let any = |sources: Vec<(Origin, VarId)>| {
            sources
                .into_iter()
                .any(|(at, src)| !self.never_runs(at) && self.comes_alone(at.inst, src, pair, deeper))
        };
        let func = self.insts[inst.0 as usize].func;
        let ir = self.program.func(func);
        let copies = || {
            let copies = (0..).zip(&ir.instrs).filter_map(|(index, instr)| match instr.op {
                Op::Copy { dst, src } if dst == var => Some((Origin { inst, index }, src)),
                _ => None,
            });
            copies.collect()
        };
        match ir.vars[var.0 as usize].def {
            VarDef::Join => any(copies()),
            VarDef::Param(param) => self.is_passed_alone(inst, param, pair, deeper),
            VarDef::Cell => match self.layout(func).held(var) {
                Some(param) => self.is_passed_alone(inst, param, pair, deeper),
                None => self.is_written_inside(func, var) || any(copies()),
            },
            VarDef::Instr(index) => match ir.instrs[index as usize].op {
                Op::Copy { src, .. } | Op::Narrow { src, .. } => self.comes_alone(inst, src, pair, deeper),
                Op::LoadFree { levels, cell, .. } => {
                    let owner = self.env(inst, levels);
                    owner == InstId::NONE || self.comes_alone(owner, cell, pair, deeper)
                }
                Op::LoadGlobal { .. } | Op::ImportFrom { .. } => {
                    let Some((module, name)) = self.global_behind(func, index) else { return true };
                    let is_default = || {
                        let node = self.globals.get(&(module, name));
                        let defaults = self.defaults_of_settings.get(&setting);
                        node.is_some_and(|node| defaults.is_some_and(|defaults| defaults.contains(node)))
                    };
                    !is_default() && self.stores_of(module, name).is_none_or(any)
                }
                Op::LoadAttr { obj, name, .. } => {
                    let name = self.program.file_of(func).names[name.0 as usize];
                    let objects = self.graph.values(self.var(inst, obj));
                    let is_feature = |&object: &ValueId| match self.values.get(object) {
                        Value::Module(module) => self.feature_modules.contains(&module),
                        _ => false,
                    };
                    let read = objects.iter().any(|&object| self.is_configured(object));
                    if read || objects.iter().all(is_feature) {
                        return false;
                    }
                    let stores = self.stores_on(objects, name);
                    // A property gives what its function returns.
                    let is_run = |&(at, src): &(Origin, VarId)| {
                        let is_code = |&value: &ValueId| {
                            matches!(
                                self.values.get(value),
                                Value::Func(..) | Value::Obj(ObjKind::Property, ..)
                            )
                        };
                        self.graph.values(self.var(at.inst, src)).iter().any(is_code)
                    };
                    stores.is_empty() || stores.iter().any(is_run) || any(stores)
                }
                Op::LoadSub { obj, .. }
                | Op::Iter { src: obj, .. }
                | Op::Unpack { src: obj, .. }
                | Op::Matched { src: obj, .. }
                | Op::Slice { obj, .. } => {
                    let objects = self.graph.values(self.var(inst, obj));
                    !objects.iter().any(|&object| self.is_configured(object))
                }
                Op::Call { callee, ref args, .. } => {
                    let mut edges = self.leaving(Origin { inst, index }).peekable();
                    if edges.peek().is_some() {
                        return edges.any(|edge| edge.kind.is_some() || any(self.returns_of(edge.to)));
                    }
                    // `config.get("KEY", default)`; what else a library gives back, it was given.
                    let of_config = |&callee: &ValueId| match self.values.get(callee) {
                        Value::ExtMethod(object, _) => self.is_configured(object),
                        _ => false,
                    };
                    let comes_along = |arg: &Arg| {
                        let node = self.var(inst, arg.var());
                        self.graph.contains(node, setting) && !self.comes_alone(inst, arg.var(), pair, deeper)
                    };
                    !self.graph.values(self.var(inst, callee)).iter().any(of_config)
                        && !args.iter().any(comes_along)
                }
                // The untracked result of a test, and what `or` gives in place of a setting, are beside it by nature.
                Op::Test { .. } | Op::BinOp { .. } | Op::Operate { .. } | Op::Format { .. } => false,
                _ => true,
            },
        }
    }

    /// Whether some call passes the value for a parameter without the setting.
    fn is_passed_alone(&self, inst: InstId, param: u32, pair: (ValueId, ValueId), depth: u8) -> bool {
        self.entering(inst).iter().map(|&edge| &self.edges[edge as usize]).any(|edge| {
            let argument = match edge.kind {
                Some(HopKind::Constructor) => self.constructed_with(edge, param),
                _ => self.passed_by(edge, param),
            };
            argument.is_none_or(|argument| self.comes_alone(edge.from.inst, argument, pair, depth))
        })
    }

    /// The variable that the call of a class passes for a parameter of its constructor, if it is written as one argument.
    fn constructed_with(&self, edge: &CallEdge, param: u32) -> Option<VarId> {
        let Op::Call { args, .. } =
            &self.ir_of(Scope::Inst(edge.from.inst))?.instrs[edge.from.index as usize].op
        else {
            return None;
        };
        let caller = self.program.file_of(self.insts[edge.from.inst.0 as usize].func);
        let function = self.insts[edge.to.0 as usize].func;
        let taken = self.program.func(function).params.get(param as usize)?;
        let name = self.program.file_of(function).names[taken.name.0 as usize];
        let place = (param as usize).checked_sub(1)?;
        if args.iter().any(|arg| matches!(arg, Arg::Star(_) | Arg::DoubleStar(_))) {
            return None;
        }
        let given = args.iter().enumerate().find_map(|(at, arg)| match *arg {
            Arg::Pos(var) if at == place => Some(var),
            Arg::Kw(keyword, var) if caller.names[keyword.0 as usize] == name => Some(var),
            _ => None,
        });
        given.filter(|_| !matches!(taken.kind, ParamKind::VarArgs | ParamKind::KwArgs))
    }

    /// Whether an object is what an operator configures.
    fn is_configured(&self, object: ValueId) -> bool {
        matches!(self.values.get(object), Value::Setting(_)) || self.is_config_object(object)
    }

    /// Whether a nested function may write a cell. Cells are numbered within their function, so this may be one of another.
    fn is_written_inside(&self, func: FuncId, cell: VarId) -> bool {
        let funcs = &self.program.file_of(func).ir.funcs;
        let mut instrs = funcs.iter().flat_map(|func| &func.instrs);
        instrs.any(|instr| matches!(instr.op, Op::StoreFree { cell: written, .. } if written == cell))
    }

    /// The assignments of an attribute of some objects, or of their classes; none if others may assign it.
    fn stores_on(&self, objects: &[ValueId], name: Name) -> Vec<(Origin, VarId)> {
        let Some(mut stores) = self.stores_of_attribute(name) else { return Vec::new() };
        if objects.iter().any(|object| self.assigned_otherwise.contains(object)) {
            return Vec::new();
        }
        stores.retain(|&(at, _)| match *self.op(at) {
            Op::StoreAttr { obj, .. } => {
                let stored_on = self.graph.values(self.var(at.inst, obj));
                let is_class_of = |class: &ValueId| {
                    let classes = objects.iter().filter_map(|&object| self.class_of(object));
                    classes.into_iter().any(|of| self.possible_bases(of).any(|base| base == *class))
                };
                stored_on.iter().any(|object| objects.contains(object) || is_class_of(object))
            }
            _ => {
                let class = self.body_class.get(&at.inst);
                class.is_some_and(|class| {
                    objects.iter().any(|&object| {
                        let of = if class == &object { Some(object) } else { self.class_of(object) };
                        of.is_some_and(|of| self.possible_bases(of).any(|base| base == *class))
                    })
                })
            }
        });
        stores
    }
}
