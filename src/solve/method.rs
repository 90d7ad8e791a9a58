//! Tests of the method of the request: what runs for `GET` and what for `POST`.

use super::closure::Scope;
use super::guard::evaluate;
use super::value::{InstId, Value};
use super::{Origin, Solver};
use crate::ir::{Cond, Const, Op, VarDef, VarId};

/// Calls of calls are followed this deep to a test.
const MAX_CALLS: u8 = 3;

/// How the method of the request is spelled where it is tested.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spelling {
    /// As the request has it, in upper case.
    Upper,
    /// In lower case.
    Lower,
}

impl Solver<'_> {
    /// Whether an instruction may run when the request has this HTTP method (upper case): tests of the request's method decide
    /// it, `request.method == "GET"`, also where their result was kept in a variable or is what a function returns.
    pub fn runs_for(&self, at: Origin, method: &str) -> bool {
        self.runs_within(at, method, MAX_CALLS)
    }

    fn runs_within(&self, at: Origin, method: &str, depth: u8) -> bool {
        self.guards_in(Scope::Inst(at.inst), at.index).all(|guard| {
            !guard.is_certain()
                || self
                    .method_decides(at.inst, &guard.cond, method, depth)
                    .is_none_or(|truth| truth == guard.holds)
        })
    }

    fn method_decides(&self, inst: InstId, cond: &Cond, method: &str, depth: u8) -> Option<bool> {
        let is_text = |constant: &Const, spelling: Spelling| match constant {
            Const::Str(s) => {
                let func = self.insts[inst.0 as usize].func;
                let text = self.text(self.program.file_of(func).names[s.0 as usize]);
                match spelling {
                    Spelling::Upper => text == method,
                    Spelling::Lower => text == method.to_lowercase(),
                }
            }
            _ => false,
        };
        evaluate(cond, &|part| match part {
            Cond::Equals(var, constant) => Some(is_text(constant, self.spelling(inst, *var)?)),
            Cond::OneOf(var, constants) => {
                let spelling = self.spelling(inst, *var)?;
                Some(constants.iter().any(|constant| is_text(constant, spelling)))
            }
            Cond::Truthy(var) => self.truth_for(inst, *var, method, depth),
            _ => None,
        })
    }

    /// The truth of a variable when the request has a method: of a test that was kept, or of what a call returns.
    fn truth_for(&self, inst: InstId, var: VarId, method: &str, depth: u8) -> Option<bool> {
        let deeper = depth.checked_sub(1)?;
        if let Some(cond) = self.tested_before(Scope::Inst(inst), var) {
            return self.method_decides(inst, &cond, method, deeper);
        }
        let call = Origin { inst, index: self.called_for(Scope::Inst(inst), var)? };
        let mut truths = Vec::new();
        for edge in self.leaving(call) {
            let entered = self.program.func(self.insts[edge.to.0 as usize].func);
            if edge.kind.is_some() || entered.is_async || entered.is_generator {
                return None;
            }
            for (at, src) in self.returns_of(edge.to) {
                if !self.runs_within(at, method, deeper) {
                    continue;
                }
                let truth = match self.graph.values(self.var(edge.to, src)) {
                    [value] => match self.values.get(*value) {
                        Value::Bool(truth) => Some(truth),
                        Value::None => Some(false),
                        _ => None,
                    },
                    _ => None,
                };
                truths.push(truth.or_else(|| self.truth_for(edge.to, src, method, deeper))?);
            }
        }
        // What else is called there, such as a library function, leaves no edge.
        let callee = match *self.op(call) {
            Op::Call { callee, .. } => callee,
            _ => return None,
        };
        let callees = self.graph.values(self.var(inst, callee));
        let known = callees
            .iter()
            .all(|&callee| matches!(self.values.get(callee), Value::Func(..) | Value::Bound(..)));
        let &first = truths.first()?;
        (known && truths.iter().all(|&truth| truth == first)).then_some(first)
    }

    /// How a variable spells the method of the request; none if it holds anything else.
    fn spelling(&self, inst: InstId, var: VarId) -> Option<Spelling> {
        let values = self.graph.values(self.var(inst, var));
        let is_method = |values: &[super::ValueId]| {
            !values.is_empty()
                && values.iter().all(|&v| match self.values.get(v) {
                    Value::Ext(path) => self
                        .models
                        .get(self.text(path))
                        .is_some_and(|entry| entry.kind.as_deref() == Some("http_method")),
                    _ => false,
                })
        };
        if is_method(values) {
            return Some(Spelling::Upper);
        }
        let call = self.called_for(Scope::Inst(inst), var)?;
        let func = self.insts[inst.0 as usize].func;
        let (ir, file) = (self.program.func(func), self.program.file_of(func));
        let Op::Call { callee, ref args, .. } = ir.instrs[call as usize].op else { return None };
        let VarDef::Instr(load) = ir.vars[callee.0 as usize].def else { return None };
        let Op::LoadAttr { obj, name, .. } = ir.instrs[load as usize].op else { return None };
        if !args.is_empty() || !is_method(self.graph.values(self.var(inst, obj))) {
            return None;
        }
        match &*file.ir.strings[name.0 as usize] {
            "lower" => Some(Spelling::Lower),
            "upper" => Some(Spelling::Upper),
            _ => None,
        }
    }
}
