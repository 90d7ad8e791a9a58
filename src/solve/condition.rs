//! Conditions on settings that stand on the way to an instruction: in the guards around it, in what these test, and in what was
//! tested before.

use super::chosen::CHOICES;
use super::closure::Scope;
use super::compare::compared_by;
use super::gate::{self, Common};
use super::graph::NodeId;
use super::refusal::{self, Ends};
use super::value::{InstId, Value, ValueId, well_known};
use super::{Origin, ROOT_FUNC, Solver};
use crate::ir::{BinOp, Cond, Const, GuardId, Op, Side, VarDef, VarId};
use crate::link::FuncId;
use smallvec::{SmallVec, smallvec};

/// Callers of callers are asked so deep what they pass.
const MAX_ASKED: usize = 4;

/// A variable that holds more values than this was not chosen from a few.
const MAX_CHOSEN: usize = 4;

/// A test of what was chosen counts as so many choices: what chose it may be such a test again.
const CHOICES_PER_TEST: u8 = 3;

/// Who is being asked on the way to a gate.
pub(super) struct Asking {
    /// The parameters whose callers are asked.
    params: Vec<(InstId, VarId)>,
    /// How many calls deep functions are asked under which conditions they return.
    pub depth: u8,
    /// How many choices of choices may still be followed.
    choices: u8,
}

impl Asking {
    /// Nobody yet, so many calls deep.
    pub fn at(depth: u8) -> Asking {
        Asking { params: Vec::new(), depth, choices: CHOICES }
    }

    /// The same where so many choices may still be followed.
    pub fn of_choice(choices: u8) -> Asking {
        Asking { params: Vec::new(), depth: 0, choices }
    }
}

impl Solver<'_> {
    /// The conditions on settings that necessarily hold when an instruction runs, as text.
    pub fn gates(&self, at: Origin) -> Vec<String> {
        let func = self.insts[at.inst.0 as usize].func;
        if func == ROOT_FUNC {
            return Vec::new();
        }
        let guard = self.program.func(func).instrs[at.index as usize].guard;
        self.guard_gates(at.inst, guard)
    }

    /// The same for a guard.
    pub fn guard_gates(&self, inst: InstId, guard: GuardId) -> Vec<String> {
        self.gates_in(Scope::Inst(inst), guard)
    }

    pub(super) fn gates_in(&self, scope: Scope, guard: GuardId) -> Vec<String> {
        let mut gates = Vec::new();
        self.collect_guards(scope, guard, &mut Asking::at(0), &mut gates);
        gates.sort();
        gates.dedup();
        gates
    }

    /// The gates of a guard and those around it.
    pub(super) fn collect_guards(
        &self,
        scope: Scope,
        guard: GuardId,
        asking: &mut Asking,
        out: &mut Vec<String>,
    ) {
        let Some(ir) = self.ir_of(scope) else { return };
        let mut at = guard;
        while at != GuardId::ALWAYS {
            let guard = &ir.guards[at.0 as usize];
            if self.guard_binds(scope, guard) {
                self.collect_gates(scope, (&guard.cond, guard.holds), asking, out);
            }
            at = guard.parent;
        }
    }

    /// The gates of a condition.
    pub(super) fn collect_gates(
        &self,
        scope: Scope,
        (cond, holds): (&Cond, bool),
        asking: &mut Asking,
        out: &mut Vec<String>,
    ) {
        match (cond, holds) {
            (Cond::Not(inner), _) => self.collect_gates(scope, (inner, !holds), asking, out),
            (Cond::And(parts), true) | (Cond::Or(parts), false) => {
                for part in parts {
                    self.collect_gates(scope, (part, holds), asking, out);
                }
            }
            (Cond::And(parts), false) | (Cond::Or(parts), true) => {
                // One of several: a gate only if every alternative is one and the context leaves it open.
                let mut texts = Vec::new();
                for part in parts {
                    if matches!(scope, Scope::Inst(inst) if self.decide(inst, part).is_some_and(|t| t != holds))
                    {
                        continue;
                    }
                    let mut one = Vec::new();
                    self.collect_gates(scope, (part, holds), asking, &mut one);
                    if one.is_empty() {
                        return;
                    }
                    one.sort();
                    one.dedup();
                    texts.push(one.join(" and "));
                }
                texts.sort();
                texts.dedup();
                if !texts.is_empty() {
                    out.push(texts.join(" or "));
                }
            }
            (Cond::Returned(call), true) => {
                self.gates_of_returning(scope, *call, Ends::Any, asking, out);
            }
            (Cond::Every(element, each), true) => out.extend(self.gates_of_each(scope, *element, each)),
            (Cond::Same(..) | Cond::Within(..), _) => {
                out.extend(self.gate_of_comparison(scope, cond, holds));
            }
            (simple, _) => {
                if let Cond::Truthy(var) = simple
                    && let Some(cond) = self.tested_before(scope, *var)
                {
                    return self.collect_gates(scope, (&cond, holds), asking, out);
                }
                let func = self.func_of(scope);
                // A value that does not make the condition hold is not what it holds by.
                let counts = |value| self.truth(func, simple, self.values.get(value)) != Some(!holds);
                let setting = simple.subject().and_then(|var| self.setting_in(scope, var, counts));
                let Some(setting) = setting else {
                    if let Cond::Truthy(var) = simple
                        && let Some(gates) = self.gates_of_several(scope, *var, holds)
                    {
                        return out.extend(gates);
                    }
                    out.extend(self.gates_of_choice(scope, (simple, holds), asking.choices));
                    if let Some((tested, ends)) = refusal::ends_of(func, (simple, holds))
                        && let Some(call) = self.called_for(scope, tested)
                    {
                        return self.gates_of_returning(scope, call, ends, asking, out);
                    }
                    return self.collect_passed(scope, (simple, holds), asking, out);
                };
                if let Some(gate) = self.worded(func, simple, setting) {
                    let gate = if holds { gate } else { gate::negated(&gate) };
                    out.extend(gate::claims(&gate).into_iter().map(str::to_owned));
                }
            }
        }
    }

    /// The conditions under which a variable holds one of the values that pass a test, if some of its values do not.
    fn gates_of_choice(&self, scope: Scope, (cond, holds): (&Cond, bool), choices: u8) -> Vec<String> {
        let (Scope::Inst(inst), Some(var)) = (scope, cond.subject()) else { return Vec::new() };
        let Some(left) = choices.checked_sub(CHOICES_PER_TEST) else { return Vec::new() };
        if !self.may_be_chosen(inst, var) {
            return Vec::new();
        }
        let func = self.insts[inst.0 as usize].func;
        let fails = |&value: &ValueId| self.truth(func, cond, self.values.get(value)) == Some(!holds);
        let values = self.graph.values(self.var(inst, var));
        if values.len() > MAX_CHOSEN || !values.iter().any(fails) {
            return Vec::new();
        }
        let mut common = Common::default();
        for &value in values.iter().filter(|value| !fails(value)) {
            common.add(self.chosen(inst, var, value, left).unwrap_or_default());
        }
        common.all()
    }

    /// The truth of a parameter is that of what every call passes for it. A call that passes what it is passed itself, over any
    /// others, claims nothing.
    fn collect_passed(
        &self,
        scope: Scope,
        (cond, holds): (&Cond, bool),
        asking: &mut Asking,
        out: &mut Vec<String>,
    ) {
        let (Scope::Inst(inst), Cond::Truthy(var)) = (scope, cond) else { return };
        if asking.params.len() >= MAX_ASKED || asking.params.contains(&(inst, *var)) {
            return;
        }
        let Some(passed) = self.passed_for(inst, *var) else { return };
        asking.params.push((inst, *var));
        let mut common = Common::default();
        for (caller, argument) in passed {
            let scope = Scope::Inst(caller);
            let mut gates = Vec::new();
            // Only what is written as a condition says more than its values do.
            if let Some(cond) = self.tested_before(scope, argument) {
                self.collect_gates(scope, (&cond, holds), asking, &mut gates);
            }
            common.add(gates);
        }
        asking.params.pop();
        out.extend(common.all());
    }

    /// The call whose result a variable is.
    pub(super) fn called_for(&self, scope: Scope, var: VarId) -> Option<u32> {
        let ir = self.ir_of(scope)?;
        let mut var = var;
        // A variable is defined once, so the chain of copies ends.
        while let VarDef::Instr(index) = ir.vars[var.0 as usize].def {
            match ir.instrs[index as usize].op {
                Op::Copy { src, .. } | Op::Narrow { src, .. } => var = src,
                Op::Call { .. } => return Some(index),
                _ => return None,
            }
        }
        None
    }

    /// The condition that a variable is the truth of, where the same function tests it first and uses it later.
    pub(super) fn tested_before(&self, scope: Scope, var: VarId) -> Option<Cond> {
        let ir = self.ir_of(scope)?;
        let mut var = var;
        // A variable is defined once, so the chain of copies ends.
        while let VarDef::Instr(index) = ir.vars[var.0 as usize].def {
            let both = |left, right| vec![Cond::Truthy(left), Cond::Truthy(right)];
            match ir.instrs[index as usize].op {
                Op::Copy { src, .. } | Op::Narrow { src, .. } => var = src,
                Op::Test { ref cond, .. } => return Some(Cond::clone(cond)),
                Op::BinOp { op: BinOp::And, left, right, .. } => return Some(Cond::And(both(left, right))),
                Op::BinOp { op: BinOp::Or, left, right, .. } => return Some(Cond::Or(both(left, right))),
                Op::Operate { op, left, right: Side::Var(right), .. } => return compared_by(op, left, right),
                _ => return None,
            }
        }
        None
    }

    /// Whether a variable is the result of a call other than `mapping.get(key)` and `int(text)`.
    pub(super) fn is_computed(&self, func: FuncId, var: VarId) -> bool {
        let (ir, file) = (self.program.func(func), self.program.file_of(func));
        let defined = |var: VarId| match ir.vars[var.0 as usize].def {
            VarDef::Instr(index) => Some(&ir.instrs[index as usize].op),
            _ => None,
        };
        let mut var = var;
        // A variable is defined once, so the chain of copies ends.
        while let Some(op) = defined(var) {
            match *op {
                Op::Copy { src, .. } | Op::Narrow { src, .. } => var = src,
                Op::Call { callee, .. } => {
                    return !matches!(defined(callee), Some(&Op::LoadAttr { name, .. } | &Op::LoadGlobal { name, .. })
                        if matches!(&*file.ir.strings[name.0 as usize], "get" | "int"));
                }
                _ => return false,
            }
        }
        false
    }

    /// A simple condition of a function whose subject holds a setting, as text; none for the comparison of a condition, and none
    /// for what is said of some part of a setting.
    pub(super) fn worded(&self, func: FuncId, cond: &Cond, setting: &str) -> Option<String> {
        if setting.ends_with(gate::SOME_PART) {
            return None;
        }
        let text = |constant: &Const| self.constant_text(func, constant);
        if gate::is_condition(setting) {
            return match cond {
                Cond::Not(inner) => self.worded(func, inner, setting).map(|gate| gate::negated(&gate)),
                Cond::Truthy(_) => Some(setting.to_owned()),
                _ => None,
            };
        }
        Some(match cond {
            Cond::Not(inner) => gate::negated(&self.worded(func, inner, setting)?),
            Cond::IsNone(_) => format!("{setting} is None"),
            Cond::Equals(_, constant) => format!("{setting} == {}", text(constant)),
            Cond::OneOf(_, constants) => {
                let constants: Vec<String> = constants.iter().map(text).collect();
                format!("{setting} in ({})", constants.join(", "))
            }
            Cond::Contains(_, constant) => format!("{setting} contains {}", text(constant)),
            // What is computed from a setting is not the setting.
            Cond::Ordered(var, ..) if self.is_computed(func, *var) => return None,
            Cond::Ordered(_, order, bound) => format!("{setting} {} {bound}", order.word()),
            _ => setting.to_owned(),
        })
    }

    /// A new value of what a test is about: if it is a setting, the result is a condition on it, which is kept as a setting
    /// of its own. Beside settings and their defaults a constant decides the test; where other things get there as well, the
    /// result is not tracked.
    pub(super) fn test(&mut self, at: Origin, value: ValueId, dst: NodeId) {
        let func = self.insts[at.inst.0 as usize].func;
        let Op::Test { ref cond, .. } = self.program.func(func).instrs[at.index as usize].op else { return };
        let Some(subject) = cond.subject() else { return };
        let values = self.graph.values(self.var(at.inst, subject));
        let settings: SmallVec<[ValueId; 2]> =
            values.iter().copied().filter(|&v| matches!(self.values.get(v), Value::Setting(_))).collect();
        let others: SmallVec<[ValueId; 4]> = match self.values.get(value) {
            Value::Setting(_) => values.iter().copied().filter(|v| !settings.contains(v)).collect(),
            _ if settings.is_empty() => return,
            _ => smallvec![value],
        };
        let is_default = |other: ValueId| settings.iter().any(|&setting| self.is_default(setting, other));
        let mut results: SmallVec<[ValueId; 4]> = SmallVec::new();
        for other in others.into_iter().filter(|&other| !is_default(other)) {
            results.push(match self.truth(func, cond, self.values.get(other)) {
                Some(true) => well_known::TRUE,
                Some(false) => well_known::FALSE,
                None => well_known::UNKNOWN,
            });
        }
        if let Value::Setting(name) = self.values.get(value) {
            let Some(text) = self.worded(func, cond, self.text(name)) else { return };
            let name = self.program.names.intern(&text);
            results.push(self.values.intern_keyed(Value::Setting(name), None));
        }
        for result in results {
            self.graph.add(dst, result);
        }
    }

    fn constant_text(&self, func: FuncId, constant: &Const) -> String {
        match constant {
            Const::None => "None".to_owned(),
            Const::Bool(true) => "True".to_owned(),
            Const::Bool(false) => "False".to_owned(),
            Const::Int(i) => i.to_string(),
            Const::Str(s) => {
                format!("{:?}", self.text(self.program.file_of(func).names[s.0 as usize]))
            }
            Const::Other => "...".to_owned(),
        }
    }
}
