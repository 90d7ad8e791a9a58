//! Conditions under which a call returns, or returns something that passes a test: a helper that refuses a request under a
//! condition, a predicate that answers by branches, a manager that refuses to be entered.
//!
//! They are those that all ends of the function have in common, over all its instances; what a function says does not depend on
//! who asks, so it is worked out once.

use super::closure::Scope;
use super::condition::Asking;
use super::gate::Common;
use super::value::{InstId, ObjKind, Value, ValueId};
use super::{Origin, Solver};
use crate::ir::{Cond, Const, Guard, GuardId, Op, VarDef, VarId};
use crate::link::FuncId;
use smallvec::SmallVec;
use std::sync::OnceLock;

/// Calls that stand before the end of a called function are asked so deep what they refuse.
pub(super) const DEPTH: u8 = 2;

/// A function with more instances than this is not asked.
const MAX_INSTANCES: usize = 64;

/// Which of the ends of a function count.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ends<'c> {
    /// All.
    Any,
    /// Those that return what may be true.
    Truthy,
    /// Those that return what may be false.
    Falsy,
    /// Those that may return `None`.
    None,
    /// Those that may return something else.
    NotNone,
    /// Those that may return what a simple condition of a function holds for, or what it fails for.
    Such(FuncId, &'c Cond, bool),
}

impl Ends<'_> {
    /// Its place among those that are asked for again and again.
    fn place(self) -> Option<usize> {
        match self {
            Ends::Any => Some(0),
            Ends::Truthy => Some(1),
            Ends::Falsy => Some(2),
            Ends::None => Some(3),
            Ends::NotNone => Some(4),
            Ends::Such(..) => None,
        }
    }
}

/// What is known when a function has returned.
#[derive(Default, Clone, Debug)]
pub(super) struct Returned {
    /// Conditions on settings.
    gates: Vec<String>,
    /// Parameters, each with the truth of what is passed for it.
    params: Vec<(u32, bool)>,
}

impl Returned {
    fn is_empty(&self) -> bool {
        self.gates.is_empty() && self.params.is_empty()
    }

    /// What holds in both cases.
    fn meet(&mut self, other: &Returned) {
        self.gates.retain(|gate| other.gates.contains(gate));
        self.params.retain(|param| other.params.contains(param));
    }
}

/// The ends that a condition of a function on what a call returned speaks of, with what it returned; none where it does not tell
/// them apart.
pub(super) fn ends_of(func: FuncId, (cond, holds): (&Cond, bool)) -> Option<(VarId, Ends<'_>)> {
    Some(match (cond, holds) {
        (Cond::Truthy(var), true) | (Cond::Equals(var, Const::Bool(true)), true) => (*var, Ends::Truthy),
        (Cond::Truthy(var), false) | (Cond::Equals(var, Const::Bool(false)), true) => (*var, Ends::Falsy),
        (Cond::IsNone(var), true) => (*var, Ends::None),
        (Cond::IsNone(var), false) => (*var, Ends::NotNone),
        (Cond::Equals(var, _) | Cond::OneOf(var, _), _) => (*var, Ends::Such(func, cond, holds)),
        _ => return None,
    })
}

/// What is known of functions that have returned, by function and what they return, for each depth of asking.
#[derive(Default)]
pub(super) struct Refusals(OnceLock<Vec<OnceLock<Option<Box<Returned>>>>>);

impl Refusals {
    /// Forgets what was worked out, since there is more to know.
    pub fn forget(&mut self) {
        self.0.take();
    }
}

/// The number of places of [`Ends`].
const ENDS: usize = 5;

impl Solver<'_> {
    /// The conditions under which the call, or the entering of a `with`, at an instruction has returned.
    pub(super) fn gates_of_returning(
        &self,
        scope: Scope,
        index: u32,
        ends: Ends<'_>,
        asking: &mut Asking,
        out: &mut Vec<String>,
    ) {
        if asking.depth >= DEPTH {
            return;
        }
        let Some(ir) = self.ir_of(scope) else { return };
        let called = match ir.instrs[index as usize].op {
            Op::Call { callee, .. } => callee,
            Op::With { manager, .. } => manager,
            _ => return,
        };
        let is_with = matches!(ir.instrs[index as usize].op, Op::With { .. });
        let mut common = Common::default();
        for &value in self.values_in(scope, called) {
            let mut gates = Vec::new();
            if is_with {
                self.gates_of_entering(value, asking.depth, &mut gates);
            } else {
                self.gates_of_call(scope, index, value, ends, asking, &mut gates);
            }
            common.add(gates);
            if common.is_over() {
                return;
            }
        }
        out.extend(common.all());
    }

    fn gates_of_call(
        &self,
        scope: Scope,
        index: u32,
        callee: ValueId,
        ends: Ends<'_>,
        asking: &mut Asking,
        out: &mut Vec<String>,
    ) {
        let func = match self.values.get(callee) {
            Value::Func(func, _) => func,
            Value::Bound(_, method) | Value::StaticMethod(method) | Value::ClassMethod(method) => {
                return self.gates_of_call(scope, index, method, ends, asking, out);
            }
            _ => return,
        };
        let worked_out = match ends.place() {
            Some(place) => self.returned(func, (ends, place), asking.depth).cloned(),
            None => self.work_out(func, ends, asking.depth),
        };
        let Some(returned) = worked_out else { return };
        out.extend(returned.gates.iter().cloned());
        let Scope::Inst(caller) = scope else { return };
        for &(param, truth) in &returned.params {
            let Some(passed) = self.passed_at(Origin { inst: caller, index }, func, param) else { continue };
            asking.depth += 1;
            self.collect_gates(scope, (&Cond::Truthy(passed), truth), asking, out);
            asking.depth -= 1;
        }
    }

    /// What the call at a place passes for a parameter of a function, if that is one variable.
    fn passed_at(&self, at: Origin, func: FuncId, param: u32) -> Option<VarId> {
        let mut found = None;
        for &inst in self.instances(func) {
            for &edge in self.entering(inst) {
                let edge = &self.edges[edge as usize];
                if edge.from != at {
                    continue;
                }
                let passed = self.passed_by(edge, param)?;
                if found.is_some_and(|known| known != passed) {
                    return None;
                }
                found = Some(passed);
            }
        }
        found
    }

    /// What is known when a function has returned in some way; none if nothing is.
    fn returned(&self, func: FuncId, (ends, place): (Ends<'_>, usize), depth: u8) -> Option<&Returned> {
        let count = self.program.func_count();
        let table = self.refusals.0.get_or_init(|| {
            std::iter::repeat_with(OnceLock::new).take(count * ENDS * usize::from(DEPTH)).collect()
        });
        let place = (usize::from(depth) * count + func.0 as usize) * ENDS + place;
        table[place].get_or_init(|| self.work_out(func, ends, depth).map(Box::new)).as_deref()
    }

    fn work_out(&self, func: FuncId, ends: Ends<'_>, depth: u8) -> Option<Returned> {
        let ir = self.program.func(func);
        let instances = self.instances(func);
        if ir.is_generator || instances.is_empty() || instances.len() > MAX_INSTANCES {
            return None;
        }
        let mut common: Option<Returned> = None;
        // The end of a function is a `return` as well, and for most the one that says that nothing is refused.
        for (index, instr) in (0..ir.instrs.len() as u32).zip(&ir.instrs).rev() {
            let Op::Return { src } = instr.op else { continue };
            if matches!(ends, Ends::Any) && instr.guard == GuardId::ALWAYS {
                return None;
            }
            for &inst in instances {
                let scope = Scope::Inst(inst);
                if self.is_cut_off(scope, index, src, 1) || !self.may_be(scope, src, ends) {
                    continue;
                }
                let mut returned = Returned::default();
                self.collect_guards(scope, instr.guard, &mut Asking::at(depth + 1), &mut returned.gates);
                if let Ends::Truthy | Ends::Falsy = ends {
                    let result = (&Cond::Truthy(src), matches!(ends, Ends::Truthy));
                    self.collect_gates(scope, result, &mut Asking::at(depth + 1), &mut returned.gates);
                }
                for guard in self.guards_in(scope, index) {
                    if self.guard_binds(scope, guard) {
                        self.collect_params(func, (&guard.cond, guard.holds), &mut returned.params);
                    }
                }
                match &mut common {
                    None => common = Some(returned),
                    Some(before) => before.meet(&returned),
                }
                if common.as_ref().is_some_and(Returned::is_empty) {
                    return None;
                }
            }
        }
        common
    }

    /// Whether what is returned may be of a kind. What is not certainly of another kind may.
    fn may_be(&self, scope: Scope, returned: VarId, ends: Ends<'_>) -> bool {
        let values = self.values_in(scope, returned);
        values.is_empty()
            || values.iter().any(|&value| {
                let value = self.values.get(value);
                if let Ends::Such(func, cond, holds) = ends {
                    return self.truth(func, cond, value) != Some(!holds);
                }
                let is_none = match value {
                    Value::None => Some(true),
                    Value::Bool(_)
                    | Value::Int(_)
                    | Value::Str(_)
                    | Value::AnyStr
                    | Value::Func(..)
                    | Value::Class(..)
                    | Value::Bound(..)
                    | Value::Inst(..)
                    | Value::Obj(
                        ObjKind::List | ObjKind::Tuple | ObjKind::Set | ObjKind::Dict | ObjKind::Partial,
                        ..,
                    ) => Some(false),
                    _ => None,
                };
                let is_true = match value {
                    Value::None => Some(false),
                    Value::Bool(truth) => Some(truth),
                    Value::Int(i) => Some(i != 0),
                    Value::Str(text) if !super::strings::has_hole(self.text(text)) => {
                        Some(!self.text(text).is_empty())
                    }
                    Value::Func(..) | Value::Class(..) | Value::Bound(..) => Some(true),
                    _ => None,
                };
                match ends {
                    Ends::Any | Ends::Such(..) => true,
                    Ends::Truthy => is_true != Some(false),
                    Ends::Falsy => is_true != Some(true),
                    Ends::None => is_none != Some(false),
                    Ends::NotNone => is_none != Some(true),
                }
            })
    }

    /// The parameters whose truth a condition of their function asks for.
    pub(super) fn collect_params(
        &self,
        func: FuncId,
        (cond, holds): (&Cond, bool),
        out: &mut Vec<(u32, bool)>,
    ) {
        match (cond, holds) {
            (Cond::Not(inner), _) => self.collect_params(func, (inner, !holds), out),
            (Cond::And(parts), true) | (Cond::Or(parts), false) => {
                parts.iter().for_each(|part| self.collect_params(func, (part, holds), out));
            }
            (Cond::Truthy(var), _) => {
                let ir = self.program.func(func);
                let mut var = *var;
                loop {
                    // A variable is defined once, so the chain of copies ends.
                    match ir.vars[var.0 as usize].def {
                        VarDef::Param(param) => return out.push((param, holds)),
                        VarDef::Instr(index) => match ir.instrs[index as usize].op {
                            Op::Copy { src, .. } | Op::Narrow { src, .. } => var = src,
                            _ => return,
                        },
                        VarDef::Cell | VarDef::Join => return,
                    }
                }
            }
            _ => {}
        }
    }

    /// The conditions under which a manager lets itself be entered: those of the `yield` of a generator function, or of the ends
    /// of `__enter__`.
    fn gates_of_entering(&self, manager: ValueId, depth: u8, out: &mut Vec<String>) {
        match self.values.get(manager) {
            Value::Manager(inst) => {
                let scope = Scope::Inst(inst);
                let Some(ir) = self.ir_of(scope) else { return };
                let mut common = Common::default();
                for instr in &ir.instrs {
                    if !matches!(instr.op, Op::Yield { .. } | Op::YieldFrom { .. }) {
                        continue;
                    }
                    let mut gates = Vec::new();
                    self.collect_guards(scope, instr.guard, &mut Asking::at(depth + 1), &mut gates);
                    common.add(gates);
                }
                out.extend(common.all());
            }
            Value::Inst(..) => {
                let Some(class) = self.class_of(manager) else { return };
                let functions = self.methods_of(class, self.names.enter);
                let [func] = functions[..] else { return };
                if let Some(returned) = self.returned(func, (Ends::Any, 0), depth) {
                    out.extend(returned.gates.iter().cloned());
                }
            }
            _ => {}
        }
    }

    /// The functions that the nearest class in the MRO binds to a name, if they are all known.
    fn methods_of(&self, class: ValueId, name: crate::link::Name) -> SmallVec<[FuncId; 2]> {
        let mut functions = SmallVec::new();
        for &base in self.mro(class) {
            if !self.binds(base, name) {
                continue;
            }
            let values = self.existing_field(base, name).map_or(&[][..], |node| self.graph.values(node));
            for &value in values {
                match self.values.get(value) {
                    Value::Func(func, _) => functions.push(func),
                    _ => return SmallVec::new(),
                }
            }
            break;
        }
        functions
    }

    /// Whether a guard binds: the call it waits for never returns, and no manager around swallows what ends a body early.
    pub(super) fn guard_binds(&self, scope: Scope, guard: &Guard) -> bool {
        guard.unless_returns.is_none_or(|call| self.never_returns(scope, call))
            && guard.within.iter().all(|&with| self.lets_through(scope, with))
    }

    /// Whether the manager of a `with` certainly lets exceptions through. Managers of libraries do, unless a model says otherwise.
    fn lets_through(&self, scope: Scope, with: u32) -> bool {
        let Some(ir) = self.ir_of(scope) else { return false };
        let Op::With { manager, .. } = ir.instrs[with as usize].op else { return false };
        let values = self.values_in(scope, manager);
        !values.is_empty()
            && values.iter().all(|&value| match self.values.get(value) {
                Value::Manager(inst) => self.yields_unguarded(inst),
                Value::Inst(..) => self.exits_without_a_word(value),
                Value::Ext(path) | Value::ExtMethod(_, path) | Value::Obj(ObjKind::External(path), ..) => {
                    !self.swallows(path)
                }
                Value::QueueBatch(_) | Value::None => true,
                _ => false,
            })
    }

    fn swallows(&self, path: crate::link::Name) -> bool {
        self.models.get(self.text(path)).is_some_and(|entry| entry.kind.as_deref() == Some("swallows"))
    }

    /// Whether no `yield` of a generator stands in a `try` statement with a handler that ends what it catches.
    fn yields_unguarded(&self, inst: InstId) -> bool {
        let Some(ir) = self.ir_of(Scope::Inst(inst)) else { return false };
        let caught = |index: u32| ir.catches.iter().any(|catch| catch.ends && catch.body.contains(&index));
        let yields = |op: &Op| matches!(op, Op::Yield { .. } | Op::YieldFrom { .. });
        (0..).zip(&ir.instrs).all(|(index, instr)| !yields(&instr.op) || !caught(index))
    }

    /// Whether `__exit__` of an object returns nothing but what is certainly false.
    fn exits_without_a_word(&self, manager: ValueId) -> bool {
        let Some(class) = self.class_of(manager) else { return false };
        let exit = self.names.exit;
        if !self.mro(class).iter().any(|&base| self.binds(base, exit)) {
            return true;
        }
        let functions = self.methods_of(class, exit);
        !functions.is_empty()
            && functions.iter().all(|&func| {
                self.instances(func).iter().all(|&inst| {
                    let returned = |op: &Op| match *op {
                        Op::Return { src } => Some(src),
                        _ => None,
                    };
                    let instrs = &self.program.func(func).instrs;
                    instrs.iter().filter_map(|instr| returned(&instr.op)).all(|src| {
                        let values = self.values_in(Scope::Inst(inst), src);
                        !values.is_empty() && !self.may_be(Scope::Inst(inst), src, Ends::Truthy)
                    })
                })
            })
    }
}
