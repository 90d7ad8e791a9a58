//! Guards: which branches a context rules out, and which the solution does.

use super::closure::Scope;
use super::graph::NodeId;
use super::value::{ClassDef, InstId, Value, ValueId};
use super::{Origin, ROOT_FUNC, Solver};
use crate::ir::{Arg, Cond, Const, Guard, GuardId, Op, VarDef, VarId};
use crate::link::{FuncId, Name};

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
    pub(super) fn decide(&self, inst: InstId, cond: &Cond) -> Option<bool> {
        evaluate(cond, &|part| match part {
            Cond::Equals(var, constant) if self.is_main_name(inst, *var, constant) => {
                let module = self.program.module_of(self.insts[inst.0 as usize].func);
                (!self.main_modules.contains(&module)).then_some(false)
            }
            Cond::Truthy(var)
            | Cond::IsNone(var)
            | Cond::Equals(var, _)
            | Cond::OneOf(var, _)
            | Cond::Contains(var, _)
            | Cond::Ordered(var, ..) => {
                self.truth(self.insts[inst.0 as usize].func, part, self.definite(inst, *var)?)
            }
            Cond::Same(left, right) => self
                .is_other_member(inst, *left, *right)
                .or_else(|| self.is_other_member(inst, *right, *left))
                .map(|is_other| !is_other),
            Cond::IsInstance(var, class) => self.is_of_builtin(inst, *class, self.definite(inst, *var)?),
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
            Cond::Ordered(_, order, bound) => match value {
                Value::Int(int) => Some(order.holds(int, *bound)),
                Value::Bool(truth) => Some(order.holds(i64::from(truth), *bound)),
                _ => None,
            },
            Cond::Contains(_, Const::Str(part)) => match value {
                Value::Str(text) if !super::strings::has_hole(self.text(text)) => {
                    let part = self.text(self.program.file_of(func).names[part.0 as usize]);
                    Some(self.text(text).contains(part))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether a variable that is bound to a member of an enumeration is compared with another one, which `Class.NAME` names.
    fn is_other_member(&self, inst: InstId, var: VarId, other: VarId) -> Option<bool> {
        let Value::AnyOf(key) = self.definite(inst, var)? else { return None };
        let func = self.insts[inst.0 as usize].func;
        let (ir, file) = (self.program.func(func), self.program.file_of(func));
        let loaded = |var: VarId| match ir.vars[var.0 as usize].def {
            VarDef::Instr(index) => Some(&ir.instrs[index as usize].op),
            _ => None,
        };
        let Op::LoadAttr { obj, name, .. } = *loaded(other)? else { return None };
        let (Op::LoadGlobal { name: class, .. } | Op::ImportFrom { name: class, .. }) = *loaded(obj)? else {
            return None;
        };
        let (class, name) = (file.names[class.0 as usize], file.names[name.0 as usize]);
        self.is_another_member(key, self.text(class), name).then_some(true)
    }

    /// Whether a constant is an instance of the class in a variable, if that is a class of the language under its own name. What seems
    /// to be one may be a member of an enumeration, which is none: only a "no" is certain.
    fn is_of_builtin(&self, inst: InstId, class: VarId, value: Value) -> Option<bool> {
        let func = self.insts[inst.0 as usize].func;
        let (ir, file) = (self.program.func(func), self.program.file_of(func));
        let VarDef::Instr(index) = ir.vars[class.0 as usize].def else { return None };
        let Op::LoadGlobal { name, .. } = ir.instrs[index as usize].op else { return None };
        let name = file.names[name.0 as usize];
        let module = &self.program.modules[file.module.0 as usize];
        if module.names.binary_search(&name).is_ok() {
            return None;
        }
        let is_builtin = matches!(
            self.text(name),
            "str" | "bytes" | "int" | "float" | "bool" | "list" | "tuple" | "dict" | "set" | "frozenset"
        );
        let name = is_builtin.then(|| self.text(name))?;
        let may_be = match value {
            Value::Str(_) => name == "str",
            Value::Int(_) => name == "int",
            Value::Bool(_) => matches!(name, "bool" | "int"),
            Value::None => false,
            _ => return None,
        };
        (!may_be).then_some(false)
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
            return context
                .iter()
                .find(|&&(at, _)| at == param)
                .map(|&(_, constant)| self.values.get(constant));
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
    /// `f` may be has such an attribute, or behind a call that never returns. True is final only when everything is solved.
    pub fn ruled_out(&self, at: Origin) -> bool {
        self.guards_of(at).any(|guard| {
            guard.is_certain()
                && evaluate(&guard.cond, &|part| match part {
                    Cond::Truthy(var) => self.lacks_attribute(at.inst, *var).then_some(false),
                    Cond::Returned(call) => self.certainly_ends(at.inst, *call).then_some(false),
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
}
