//! Closures that nothing calls: what can be read of them without an instance.
//!
//! A decorator outside the registering one makes a wrapper that serves no request. What the wrapper would have decided is
//! still worth telling, so conditions are read either in an instance or in such a closure.

use super::gate::Common;
use super::value::{InstId, Value, ValueId};
use super::{ROOT_FUNC, Solver};
use crate::ir::{FuncIr, GuardId, Op, VarDef, VarId};
use crate::link::FuncId;

/// Where conditions are read.
#[derive(Clone, Copy)]
pub(super) enum Scope {
    /// In an instance.
    Inst(InstId),
    /// In a function with the instance that its free variables live in.
    Closure(FuncId, InstId),
}

impl Solver<'_> {
    pub(super) fn func_of(&self, scope: Scope) -> FuncId {
        match scope {
            Scope::Inst(inst) => self.insts[inst.0 as usize].func,
            Scope::Closure(func, _) => func,
        }
    }

    /// The code of a scope, none for the framework.
    pub(super) fn ir_of(&self, scope: Scope) -> Option<&FuncIr> {
        let func = self.func_of(scope);
        (func != ROOT_FUNC).then(|| self.program.func(func))
    }

    /// The values of a variable. Of a closure only those are known that come from outside: cells of its environment and globals.
    pub(super) fn values_in(&self, scope: Scope, var: VarId) -> &[ValueId] {
        let (func, env) = match scope {
            Scope::Inst(inst) => return self.graph.values(self.var(inst, var)),
            Scope::Closure(func, env) => (func, env),
        };
        let ir = self.program.func(func);
        let mut var = var;
        // A variable is defined once, so the chain of copies ends.
        while let VarDef::Instr(index) = ir.vars[var.0 as usize].def {
            match ir.instrs[index as usize].op {
                Op::Copy { src, .. } | Op::Narrow { src, .. } => var = src,
                Op::LoadFree { levels, cell, .. } => {
                    let owner = self.env(env, levels - 1);
                    let known = owner != InstId::NONE;
                    return if known { self.graph.values(self.var(owner, cell)) } else { &[] };
                }
                Op::LoadGlobal { name, .. } => {
                    let file = self.program.file_of(func);
                    let node = self.globals.get(&(file.module, file.names[name.0 as usize]));
                    return node.map_or(&[], |&node| self.graph.values(node));
                }
                _ => return &[],
            }
        }
        &[]
    }

    /// The conditions under which a closure calls `inner`, which it closes over; none if it never does.
    pub fn closure_gates(&self, closure: ValueId, inner: ValueId) -> Option<Vec<String>> {
        let Value::Func(func, env) = self.values.get(closure) else { return None };
        let scope = Scope::Closure(func, env);
        let mut common = Common::default();
        for instr in &self.program.func(func).instrs {
            let Op::Call { callee, .. } = instr.op else { continue };
            if !self.values_in(scope, callee).contains(&inner) {
                continue;
            }
            common.add(self.gates_in(scope, instr.guard));
        }
        common.known()
    }

    /// Whether the context of a scope rules a guard out.
    pub(super) fn rules_out(&self, scope: Scope, guard: GuardId) -> bool {
        matches!(scope, Scope::Inst(inst) if self.insts[inst.0 as usize].rules_out(guard))
    }
}
