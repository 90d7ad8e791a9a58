//! Guards: which branches a context rules out, and which conditions on settings stand on the way to an instruction.

use super::chosen::CHOICES;
use super::closure::Scope;
use super::gate;
use super::graph::NodeId;
use super::refusal::{self, Ends};
use super::value::{ClassDef, InstId, Value, ValueId, well_known};
use super::{Origin, ROOT_FUNC, Solver};
use super::compare::compared_by;
use crate::ir::{Arg, BinOp, Cond, Const, Guard, GuardId, Op, Side, VarDef, VarId};
use crate::link::{FuncId, Name};
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

/// The truth of a condition, where `leaf` gives that of enough of its parts (Kleene's three-valued logic).
pub(super) fn evaluate(cond: &Cond, leaf: &dyn Fn(&Cond) -> Option<bool>) -> Option<bool> {
    // The truth of one part that decides the whole; the other truth must hold of all.
    let of_parts = |parts: &[Cond], decisive: bool| {
        let mut open = false;
        for part in parts {
            match evaluate(part, leaf) {
                Some(truth) if truth == decisive => return Some(decisive),
                Some(_) => {}
                None => open = true,
            }
        }
        (!open).then_some(!decisive)
    };
    match cond {
        Cond::Not(inner) => evaluate(inner, leaf).map(|truth| !truth),
        Cond::And(parts) => of_parts(parts, false),
        Cond::Or(parts) => of_parts(parts, true),
        part => leaf(part),
    }
}

impl Solver<'_> {
    /// For each guard of the function of an instance, whether the context makes it impossible. Constants in parameters are
    /// definite because the context binds them, so the answer never changes while solving.
    pub(super) fn dead_guards(&self, inst: InstId) -> Vec<bool> {
        let func = self.insts[inst.0 as usize].func;
        let guards = &self.program.func(func).guards;
        if guards.len() <= 1 {
            return Vec::new();
        }
        let mut dead = vec![false; guards.len()];
        for (i, guard) in guards.iter().enumerate().skip(1) {
            dead[i] = dead[guard.parent.0 as usize]
                || (guard.is_certain()
                    && self.decide(inst, &guard.cond).is_some_and(|truth| truth != guard.holds));
        }
        if dead.contains(&true) { dead } else { Vec::new() }
    }

    /// The truth of a condition, where the context decides it.
    fn decide(&self, inst: InstId, cond: &Cond) -> Option<bool> {
        evaluate(cond, &|part| match part {
            Cond::Equals(var, constant) if self.is_main_name(inst, *var, constant) => {
                let module = self.program.module_of(self.insts[inst.0 as usize].func);
                (!self.main_modules.contains(&module)).then_some(false)
            }
            Cond::Truthy(var) | Cond::IsNone(var) | Cond::Equals(var, _) | Cond::OneOf(var, _) => {
                self.truth(self.insts[inst.0 as usize].func, part, self.definite(inst, *var)?)
            }
            _ => None,
        })
    }

    /// The truth of a simple condition of a function where its subject is a value, if the value decides it.
    pub(super) fn truth(&self, func: FuncId, cond: &Cond, value: Value) -> Option<bool> {
        match cond {
            Cond::Not(inner) => self.truth(func, inner, value).map(|truth| !truth),
            Cond::Truthy(_) => match value {
                Value::None | Value::Bool(false) => Some(false),
                Value::Bool(true) => Some(true),
                Value::Int(i) => Some(i != 0),
                Value::Str(name) => {
                    let text = self.text(name);
                    if super::strings::has_hole(text) { None } else { Some(!text.is_empty()) }
                }
                Value::Func(..) | Value::Class(..) | Value::Bound(..) | Value::ManagerFunc(_) => Some(true),
                _ => None,
            },
            Cond::IsNone(_) => match value {
                Value::None => Some(true),
                Value::Setting(_) => None,
                _ => Some(false),
            },
            Cond::Equals(_, constant) => self.equals(func, value, constant),
            Cond::OneOf(_, constants) => {
                let mut unknown = false;
                for constant in constants {
                    match self.equals(func, value, constant) {
                        Some(true) => return Some(true),
                        Some(false) => {}
                        None => unknown = true,
                    }
                }
                (!unknown).then_some(false)
            }
            _ => None,
        }
    }

    fn equals(&self, func: FuncId, value: Value, constant: &Const) -> Option<bool> {
        match (value, constant) {
            (Value::Setting(_), _) | (_, Const::Other) => None,
            (Value::None, Const::None) => Some(true),
            (Value::Bool(a), Const::Bool(b)) => Some(a == *b),
            (Value::Int(a), Const::Int(b)) => Some(a == *b),
            (Value::Str(a), Const::Str(b)) => {
                if super::strings::has_hole(self.text(a)) {
                    return None;
                }
                Some(a == self.program.file_of(func).names[b.0 as usize])
            }
            (Value::Bool(_), Const::Int(_)) | (Value::Int(_), Const::Bool(_)) => None,
            (Value::None | Value::Bool(_) | Value::Int(_) | Value::Str(_), _)
            | (Value::Func(..) | Value::Class(..) | Value::Bound(..), _)
            | (Value::AnyOf(_), Const::None | Const::Bool(_)) => Some(false),
            _ => None,
        }
    }

    fn is_main_name(&self, inst: InstId, var: VarId, constant: &Const) -> bool {
        let func = self.insts[inst.0 as usize].func;
        let file = self.program.file_of(func);
        let Const::Str(text) = constant else { return false };
        if file.names[text.0 as usize] != self.names.main {
            return false;
        }
        let ir = self.program.func(func);
        let VarDef::Instr(index) = ir.vars[var.0 as usize].def else { return false };
        matches!(ir.instrs[index as usize].op,
            Op::LoadGlobal { name, .. } if file.names[name.0 as usize] == self.names.name)
    }

    /// The key that the context binds a parameter to which a variable is, here or in an enclosing instance.
    fn bound_key(&self, inst: InstId, var: VarId) -> Option<ValueId> {
        let (inst, param) = self.parameter(inst, var)?;
        let context = &self.insts[inst.0 as usize].context;
        context.iter().find(|&&(at, _)| at == param).map(|&(_, key)| key)
    }

    /// The constant that objects with a key, or a class, have under an attribute, if they certainly do.
    fn constant_attribute(&self, key: ValueId, name: Name) -> Option<Value> {
        let (class, context): (ValueId, &[(u32, ValueId)]) = match self.values.get(key) {
            Value::AnyOf(key) => self.values.class_of_key(key),
            Value::Class(..) => (key, &[]),
            _ => return None,
        };
        let Value::Class(ClassDef::Statement(class), _) = self.values.get(class) else { return None };
        if let Some(param) = self.flags.parameter(class, name) {
            return context.iter().find(|&&(at, _)| at == param).map(|&(_, constant)| self.values.get(constant));
        }
        self.flags.constant(self.program, class, name)
    }

    /// The value that a variable is bound to by the context of the instance or of an enclosing one.
    fn definite(&self, inst: InstId, var: VarId) -> Option<Value> {
        let mut inst = inst;
        let mut var = var;
        for _ in 0..self.limits.definite_walk {
            if inst == InstId::NONE {
                return None;
            }
            let i = &self.insts[inst.0 as usize];
            if i.func == ROOT_FUNC {
                return None;
            }
            let ir = self.program.func(i.func);
            match ir.vars[var.0 as usize].def {
                VarDef::Param(p) => {
                    return i.context.iter().find(|c| c.0 == p).map(|c| self.values.get(c.1));
                }
                VarDef::Cell => {
                    let p = self.layout(i.func).held(var)?;
                    return i.context.iter().find(|c| c.0 == p).map(|c| self.values.get(c.1));
                }
                VarDef::Instr(index) => match &ir.instrs[index as usize].op {
                    Op::Copy { src, .. } | Op::Narrow { src, .. } => var = *src,
                    Op::LoadFree { levels, cell, .. } => {
                        inst = self.env(inst, *levels);
                        var = *cell;
                    }
                    Op::LoadAttr { obj, name, .. } => {
                        let name = self.program.file_of(i.func).names[name.0 as usize];
                        return self.constant_attribute(self.bound_key(inst, *obj)?, name);
                    }
                    Op::Const { value, .. } => {
                        return Some(match value {
                            Const::None => Value::None,
                            Const::Bool(b) => Value::Bool(*b),
                            Const::Int(i) => Value::Int(*i),
                            Const::Str(s) => Value::Str(self.program.file_of(i.func).names[s.0 as usize]),
                            Const::Other => return None,
                        });
                    }
                    _ => return None,
                },
                VarDef::Join => return None,
            }
        }
        self.cap("definite-walk");
        None
    }

    /// Whether the context of its instance rules an instruction out.
    pub fn never_runs(&self, at: Origin) -> bool {
        self.is_dead(at)
    }

    /// Whether the solution rules an instruction out: it stands under `if hasattr(f, "name")`, and no function or object that
    /// `f` may be has such an attribute. True is final only when everything is solved.
    pub fn ruled_out(&self, at: Origin) -> bool {
        self.guards_of(at).any(|guard| {
            guard.is_certain()
                && evaluate(&guard.cond, &|part| match part {
                    Cond::Truthy(var) => self.lacks_attribute(at.inst, *var).then_some(false),
                    _ => None,
                })
                .is_some_and(|truth| truth != guard.holds)
        })
    }

    /// The guards around an instruction, innermost first.
    fn guards_of(&self, at: Origin) -> impl Iterator<Item = &Guard> {
        self.guards_in(Scope::Inst(at.inst), at.index)
    }

    /// The same for an instruction of a scope.
    pub(super) fn guards_in(&self, scope: Scope, index: u32) -> impl Iterator<Item = &Guard> {
        let ir = self.ir_of(scope);
        let mut next = ir.map_or(GuardId::ALWAYS, |ir| ir.instrs[index as usize].guard);
        std::iter::from_fn(move || {
            let guard = &ir.filter(|_| next != GuardId::ALWAYS)?.guards[next.0 as usize];
            next = guard.parent;
            Some(guard)
        })
    }

    /// Whether a variable is `hasattr(f, "name")` and certainly false.
    fn lacks_attribute(&self, inst: InstId, var: VarId) -> bool {
        let ir = self.program.func(self.insts[inst.0 as usize].func);
        let VarDef::Instr(index) = ir.vars[var.0 as usize].def else { return false };
        let Op::Call { callee, ref args, .. } = ir.instrs[index as usize].op else { return false };
        let [Arg::Pos(object), Arg::Pos(name)] = args[..] else { return false };
        let is_hasattr = |&v: &ValueId| match self.values.get(v) {
            Value::Ext(path) => {
                self.models.get(self.text(path)).is_some_and(|e| e.kind.as_deref() == Some("hasattr"))
            }
            _ => false,
        };
        let callees = self.graph.values(self.var(inst, callee));
        let objects = self.graph.values(self.var(inst, object));
        let [name] = self.graph.values(self.var(inst, name)) else { return false };
        let Value::Str(name) = self.values.get(*name) else { return false };
        // Names that the language gives to every function are not looked for.
        let given = self.text(name).starts_with("__") && self.text(name).ends_with("__");
        !given
            && !callees.is_empty()
            && callees.iter().all(is_hasattr)
            && !objects.is_empty()
            && objects.iter().all(|&object| self.value_lacks(object, name, &mut Vec::new()))
    }

    /// Whether a value is a function or an object without an attribute; `functools.wraps` copies the attributes of what it wraps.
    fn value_lacks(&self, value: ValueId, name: Name, seen: &mut Vec<ValueId>) -> bool {
        if seen.contains(&value) {
            return true;
        }
        seen.push(value);
        let empty = |node: NodeId| self.graph.values(node).is_empty();
        match self.values.get(value) {
            Value::Func(..) => {
                self.existing_field(value, name).is_none_or(empty)
                    && self.slots.get(value).and_then(|s| s.rest).is_none_or(empty)
                    && self.existing_field(value, self.names.wrapped).is_none_or(|wrapped| {
                        self.graph.values(wrapped).iter().all(|&v| self.value_lacks(v, name, seen))
                    })
            }
            Value::Bound(_, func) => self.value_lacks(func, name, seen),
            Value::Inst(..) => self.lacks(value, name),
            // A conditional decorator may leave this of a function.
            Value::None => true,
            _ => false,
        }
    }

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
        let mut common: Option<Vec<String>> = None;
        for &value in values.iter().filter(|value| !fails(value)) {
            let gates = self.chosen(inst, var, value, left).unwrap_or_default();
            match &mut common {
                None => common = Some(gates),
                Some(before) => before.retain(|gate| gates.contains(gate)),
            }
        }
        common.unwrap_or_default()
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
        let mut common: Option<Vec<String>> = None;
        for (caller, argument) in passed {
            let scope = Scope::Inst(caller);
            let mut gates = Vec::new();
            // Only what is written as a condition says more than its values do.
            if let Some(cond) = self.tested_before(scope, argument) {
                self.collect_gates(scope, (&cond, holds), asking, &mut gates);
            }
            match &mut common {
                None => common = Some(gates),
                Some(before) => before.retain(|gate| gates.contains(gate)),
            }
        }
        asking.params.pop();
        out.extend(common.unwrap_or_default());
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
    fn is_computed(&self, func: FuncId, var: VarId) -> bool {
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
