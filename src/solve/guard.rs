//! Guards: which branches a context rules out, and which conditions on settings stand on the way to an instruction.

use super::graph::NodeId;
use super::value::{InstId, Value, ValueId};
use super::{Origin, ROOT_FUNC, Solver};
use crate::ir::{Arg, Cond, Const, Guard, GuardId, Op, VarDef, VarId};
use crate::link::Name;

/// The truth of a condition, where `leaf` gives that of enough of its parts (Kleene's three-valued logic).
fn evaluate(cond: &Cond, leaf: &dyn Fn(&Cond) -> Option<bool>) -> Option<bool> {
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
                || (guard.unless_returns.is_none()
                    && self.decide(inst, &guard.cond).is_some_and(|truth| truth != guard.holds));
        }
        if dead.contains(&true) { dead } else { Vec::new() }
    }

    /// The truth of a condition, where the context decides it.
    fn decide(&self, inst: InstId, cond: &Cond) -> Option<bool> {
        evaluate(cond, &|part| match part {
            Cond::Truthy(var) => match self.definite(inst, *var)? {
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
            Cond::IsNone(var) => match self.definite(inst, *var)? {
                Value::None => Some(true),
                Value::Setting(_) => None,
                _ => Some(false),
            },
            Cond::Equals(var, constant) => {
                if self.is_main_name(inst, *var, constant) {
                    let module = self.program.module_of(self.insts[inst.0 as usize].func);
                    return (!self.main_modules.contains(&module)).then_some(false);
                }
                self.equals(inst, self.definite(inst, *var)?, constant)
            }
            Cond::OneOf(var, constants) => {
                let value = self.definite(inst, *var)?;
                let mut unknown = false;
                for constant in constants {
                    match self.equals(inst, value, constant) {
                        Some(true) => return Some(true),
                        Some(false) => {}
                        None => unknown = true,
                    }
                }
                (!unknown).then_some(false)
            }
            _ => None,
        })
    }

    fn equals(&self, inst: InstId, value: Value, constant: &Const) -> Option<bool> {
        let func = self.insts[inst.0 as usize].func;
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

    /// Whether an instruction may run when the request has this HTTP method: tests of the request's method
    /// (`request.method == "GET"`) decide it.
    pub fn runs_for(&self, at: Origin, method: &str) -> bool {
        self.guards_of(at).all(|guard| {
            guard.unless_returns.is_some()
                || self.method_decides(at.inst, &guard.cond, method).is_none_or(|truth| truth == guard.holds)
        })
    }

    fn method_decides(&self, inst: InstId, cond: &Cond, method: &str) -> Option<bool> {
        let is_method = |var: &VarId| {
            let values = self.graph.values(self.var(inst, *var));
            !values.is_empty()
                && values.iter().all(|&v| match self.values.get(v) {
                    Value::Ext(path) => self
                        .models
                        .get(self.text(path))
                        .is_some_and(|e| e.kind.as_deref() == Some("http_method")),
                    _ => false,
                })
        };
        let is_text = |constant: &Const| match constant {
            Const::Str(s) => {
                let func = self.insts[inst.0 as usize].func;
                self.text(self.program.file_of(func).names[s.0 as usize]) == method
            }
            _ => false,
        };
        evaluate(cond, &|part| match part {
            Cond::Equals(var, constant) if is_method(var) => Some(is_text(constant)),
            Cond::OneOf(var, constants) if is_method(var) => Some(constants.iter().any(is_text)),
            _ => None,
        })
    }

    /// Whether the solution rules an instruction out: it stands under `if hasattr(f, "name")`, and no function that `f`
    /// may be has such an attribute. True is final only when everything is solved.
    pub fn ruled_out(&self, at: Origin) -> bool {
        self.guards_of(at).any(|guard| {
            guard.unless_returns.is_none()
                && evaluate(&guard.cond, &|part| match part {
                    Cond::Truthy(var) => self.lacks_attribute(at.inst, *var).then_some(false),
                    _ => None,
                })
                .is_some_and(|truth| truth != guard.holds)
        })
    }

    /// The guards around an instruction, innermost first.
    fn guards_of(&self, at: Origin) -> impl Iterator<Item = &Guard> {
        let func = self.insts[at.inst.0 as usize].func;
        let ir = (func != ROOT_FUNC).then(|| self.program.func(func));
        let mut next = ir.map_or(GuardId::ALWAYS, |ir| ir.instrs[at.index as usize].guard);
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
            && objects.iter().all(|&object| self.function_lacks(object, name, &mut Vec::new()))
    }

    /// Whether a value is a function without an attribute; `functools.wraps` copies the attributes of what it wraps.
    fn function_lacks(&self, value: ValueId, name: Name, seen: &mut Vec<ValueId>) -> bool {
        if seen.contains(&value) {
            return true;
        }
        seen.push(value);
        let empty = |node: NodeId| self.graph.values(node).is_empty();
        match self.values.get(value) {
            Value::Func(..) => {
                self.existing_field(value, name).is_none_or(empty)
                    && self.slots.get(&value).and_then(|s| s.rest).is_none_or(empty)
                    && self.existing_field(value, self.names.wrapped).is_none_or(|wrapped| {
                        self.graph.values(wrapped).iter().all(|&v| self.function_lacks(v, name, seen))
                    })
            }
            Value::Bound(_, func) => self.function_lacks(func, name, seen),
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
        let func = self.insts[inst.0 as usize].func;
        let mut gates = Vec::new();
        let mut at = guard;
        while at != GuardId::ALWAYS {
            let guard = &self.program.func(func).guards[at.0 as usize];
            let binds = match guard.unless_returns {
                None => true,
                Some(call) => self.never_returns(Origin { inst, index: call }),
            };
            if binds {
                self.collect_gates(inst, &guard.cond, guard.holds, &mut gates);
            }
            at = guard.parent;
        }
        gates.sort();
        gates.dedup();
        gates
    }

    fn collect_gates(&self, inst: InstId, cond: &Cond, holds: bool, out: &mut Vec<String>) {
        match (cond, holds) {
            (Cond::Not(inner), _) => self.collect_gates(inst, inner, !holds, out),
            (Cond::And(parts), true) | (Cond::Or(parts), false) => {
                for part in parts {
                    self.collect_gates(inst, part, holds, out);
                }
            }
            (Cond::And(parts), false) | (Cond::Or(parts), true) => {
                // One of several: a gate only if every alternative is one and the context leaves it open.
                let mut texts = Vec::new();
                for part in parts {
                    if self.decide(inst, part).is_some_and(|t| t != holds) {
                        continue;
                    }
                    let mut one = Vec::new();
                    self.collect_gates(inst, part, holds, &mut one);
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
            (Cond::Truthy(var), _) => {
                if let Some(setting) = self.setting(inst, *var) {
                    let compound = setting.contains(" and ") || setting.contains(" or ");
                    match (holds, compound) {
                        (true, true) if !setting.contains(" or ") => {
                            out.extend(setting.split(" and ").map(str::to_owned));
                        }
                        (true, _) => out.push(setting),
                        (false, false) => out.push(format!("not {setting}")),
                        (false, true) => out.push(format!("not ({setting})")),
                    }
                }
            }
            (Cond::IsNone(var), _) => {
                if let Some(setting) = self.setting(inst, *var) {
                    out.push(format!("{setting} {} None", if holds { "is" } else { "is not" }));
                }
            }
            (Cond::Equals(var, constant), _) => {
                if let Some(setting) = self.setting(inst, *var) {
                    let text = self.constant_text(inst, constant);
                    out.push(format!("{setting} {} {text}", if holds { "==" } else { "!=" }));
                }
            }
            (Cond::OneOf(var, constants), _) => {
                if let Some(setting) = self.setting(inst, *var) {
                    let texts: Vec<_> = constants.iter().map(|c| self.constant_text(inst, c)).collect();
                    let word = if holds { "in" } else { "not in" };
                    out.push(format!("{setting} {word} ({})", texts.join(", ")));
                }
            }
            (Cond::Contains(..) | Cond::IsInstance(..) | Cond::Opaque, _) => {}
        }
    }

    /// The one setting that a variable holds, if it holds nothing but that and constants (its defaults).
    pub fn setting(&self, inst: InstId, var: VarId) -> Option<String> {
        let mut found: Option<&str> = None;
        for &value in self.graph.values(self.var(inst, var)) {
            match self.values.get(value) {
                Value::Setting(name) => {
                    let text = self.text(name);
                    if found.is_some_and(|f| f != text) {
                        return None;
                    }
                    found = Some(text);
                }
                Value::None | Value::Bool(_) | Value::Int(_) | Value::Str(_) | Value::Opaque => {}
                Value::Obj(..) => {}
                _ => return None,
            }
        }
        let text = found?;
        // `config.FEATURE_X` and `features.X` stay as written: a reviewer looks for the text in the source.
        Some(text.to_owned())
    }

    fn constant_text(&self, inst: InstId, constant: &Const) -> String {
        let func = self.insts[inst.0 as usize].func;
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

    /// Whether a call never returns: every callee is modelled so or is a function whose every path raises.
    fn never_returns(&self, at: Origin) -> bool {
        let func = self.insts[at.inst.0 as usize].func;
        let Op::Call { callee, .. } = self.program.func(func).instrs[at.index as usize].op else {
            return false;
        };
        let values = self.graph.values(self.var(at.inst, callee));
        !values.is_empty() && values.iter().all(|&v| self.value_never_returns(v, 0))
    }

    fn value_never_returns(&self, value: ValueId, depth: u32) -> bool {
        match self.values.get(value) {
            Value::Func(func, _) => {
                let ir = self.program.func(func);
                if ir.never_returns {
                    return true;
                }
                if depth > 3 || ir.is_generator {
                    return false;
                }
                // A function that only forwards to one that never returns, as its last statement.
                let Some(last) = ir.instrs.iter().rposition(|i| matches!(i.op, Op::Call { .. })) else {
                    return false;
                };
                let instr = &ir.instrs[last];
                if instr.guard != GuardId::ALWAYS
                    || ir.instrs.iter().any(|i| matches!(i.op, Op::Return { .. }))
                {
                    return false;
                }
                let Op::Call { callee, .. } = instr.op else { return false };
                let VarDef::Instr(def) = ir.vars[callee.0 as usize].def else { return false };
                let file = self.program.file_of(func);
                match ir.instrs[def as usize].op {
                    Op::LoadGlobal { name, .. } => {
                        let name = file.names[name.0 as usize];
                        let module = file.module;
                        self.globals.get(&(module, name)).is_some_and(|&node| {
                            let values = self.graph.values(node);
                            !values.is_empty()
                                && values.iter().all(|&v| self.value_never_returns(v, depth + 1))
                        })
                    }
                    _ => false,
                }
            }
            Value::Bound(_, func) => self.value_never_returns(func, depth),
            Value::Ext(path) | Value::ExtMethod(_, path) => {
                self.models.get(self.text(path)).is_some_and(|e| e.prim.as_deref() == Some("never"))
            }
            _ => false,
        }
    }
}
