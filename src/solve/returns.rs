//! Calls that never return: what follows `abort(404)` runs only if what led to it did not hold.

use super::closure::Scope;
use super::guard::evaluate;
use super::value::{InstId, Value, ValueId};
use super::{Origin, Solver};
use crate::ir::{Cond, Guard, Op, VarDef, VarId};
use crate::link::FuncId;

/// Calls are followed so deep: helpers that refuse a request are wrapped in few others.
const DEPTH: u32 = 8;

/// Alternatives over more different tests than this are taken to leave a way open.
const MAX_TESTS: usize = 8;

impl Solver<'_> {
    /// The instances of a function that are installed; when everything is stable, all of them.
    pub fn instances(&self, func: FuncId) -> &[InstId] {
        self.installed.get(func.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// Whether the call at a place never returns.
    pub fn never_returns_from(&self, at: Origin) -> bool {
        self.never_returns(Scope::Inst(at.inst), at.index)
    }

    /// Whether a call never returns: every callee is modelled so, or is a function that cannot end but by raising. Neither does
    /// one that the context rules out.
    pub(super) fn never_returns(&self, scope: Scope, call: u32) -> bool {
        self.call_never_returns(scope, call, DEPTH)
    }

    /// Whether a call enters nothing but what is written to never return: `abort(404)`.
    pub(super) fn certainly_ends(&self, inst: InstId, call: u32) -> bool {
        let func = self.insts[inst.0 as usize].func;
        let Op::Call { callee, .. } = self.program.func(func).instrs[call as usize].op else { return false };
        let callees = self.graph.values(self.var(inst, callee));
        let ends = |&value: &ValueId| match self.values.get(value) {
            Value::Func(func, _) => self.program.func(func).never_returns,
            Value::Ext(path) => self.library_model(path).is_some_and(|e| e.prim.as_deref() == Some("never")),
            _ => false,
        };
        !callees.is_empty() && callees.iter().all(ends)
    }

    fn call_never_returns(&self, scope: Scope, call: u32, depth: u32) -> bool {
        let op = self.ir_of(scope).map(|ir| &ir.instrs[call as usize].op);
        let Some(&Op::Call { callee, .. }) = op else { return false };
        if matches!(scope, Scope::Inst(inst) if self.never_runs(Origin { inst, index: call })) {
            return true;
        }
        let callees = self.values_in(scope, callee);
        !callees.is_empty() && callees.iter().all(|&callee| self.value_never_returns(callee, depth))
    }

    fn value_never_returns(&self, value: ValueId, depth: u32) -> bool {
        match self.values.get(value) {
            Value::Func(func, env) => {
                let ir = self.program.func(func);
                if ir.never_returns || ir.is_generator || depth == 0 {
                    return ir.never_returns;
                }
                let of_env = |inst: &&InstId| self.insts[inst.0 as usize].env == env;
                let mut instances = self.instances(func).iter().filter(of_env).peekable();
                // The end of a function is a `return` as well, and for most the one that decides.
                let mut ends = |&inst: &InstId| {
                    ir.instrs.iter().enumerate().rev().all(|(index, instr)| match instr.op {
                        Op::Return { src } => {
                            self.is_cut_off(Scope::Inst(inst), index as u32, src, depth - 1)
                        }
                        _ => true,
                    })
                };
                instances.peek().is_some() && instances.all(&mut ends)
            }
            Value::Bound(_, func) | Value::StaticMethod(func) | Value::ClassMethod(func) => {
                self.value_never_returns(func, depth)
            }
            Value::Ext(path) | Value::ExtMethod(_, path) => {
                self.models.get(self.text(path)).is_some_and(|e| e.prim.as_deref() == Some("never"))
            }
            _ => false,
        }
    }

    /// Whether a `return` is never met: the context rules it out, its value is that of a call that never returns, or it stands
    /// behind such a call.
    pub(super) fn is_cut_off(&self, scope: Scope, index: u32, returned: VarId, depth: u32) -> bool {
        let Some(ir) = self.ir_of(scope) else { return false };
        if self.rules_out(scope, ir.instrs[index as usize].guard) {
            return true;
        }
        let ends = |call: u32| self.call_never_returns(scope, call, depth);
        if let VarDef::Instr(made) = ir.vars[returned.0 as usize].def
            && ends(made)
        {
            return true;
        }
        // A guard that is false unless a call returns stands for the call itself; several that exclude each other stand for
        // alternatives that each end in such a call.
        let guards: Vec<&Guard> = self.guards_in(scope, index).collect();
        if !guards.iter().any(|guard| guard.unless_returns.is_some()) || !exclude_each_other(&guards) {
            return false;
        }
        let binding = |guard: &&Guard| guard.within.is_empty() && guard.unless_returns.is_none_or(ends);
        exclude_each_other(&guards.into_iter().filter(binding).collect::<Vec<_>>())
    }
}

/// Whether no truth of the tests in some guards lets all of them hold.
fn exclude_each_other(guards: &[&Guard]) -> bool {
    let mut tests = Vec::new();
    for guard in guards {
        collect_tests(&guard.cond, &mut tests);
    }
    if tests.len() > MAX_TESTS {
        return false;
    }
    (0u32..1 << tests.len()).all(|truths| {
        let truth = |test: &Cond| {
            let number = tests.iter().position(|known| *known == test)?;
            Some(truths >> number & 1 == 1)
        };
        guards.iter().any(|guard| evaluate(&guard.cond, &truth).is_some_and(|holds| holds != guard.holds))
    })
}

/// The different tests that a condition consists of; what is not tracked may be anything.
fn collect_tests<'c>(cond: &'c Cond, tests: &mut Vec<&'c Cond>) {
    match cond {
        Cond::Not(inner) => collect_tests(inner, tests),
        Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| collect_tests(part, tests)),
        Cond::Returned(_) | Cond::Opaque => {}
        test if tests.contains(&test) => {}
        test => tests.push(test),
    }
}
