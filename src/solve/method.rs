//! Tests of the method of the request: what runs for `GET` and what for `POST`.

use super::closure::Scope;
use super::guard::evaluate;
use super::value::{InstId, ObjKind, Value, ValueId};
use super::views::HTTP_METHODS;
use super::{CallEdge, Origin, Solver};
use crate::ir::{Arg, Cond, Const, Op, VarDef, VarId};
use crate::link::Name;

/// Calls of calls are followed this deep to a test.
const MAX_CALLS: u8 = 3;

/// A lookup under a key that a call does.
enum LookUp {
    /// `object.get(key)`.
    Get(VarId),
    /// `getattr(object, key)`.
    Attribute,
}

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

    /// Whether a call may enter what it does when the request has this HTTP method (upper case): `TABLE[request.method]()` enters
    /// what is under that key, `getattr(self, request.method.lower())()` the method of that name.
    pub fn enters_for(&self, edge: &CallEdge, method: &str) -> bool {
        if self.is_root(edge.from.inst) || edge.kind.is_some() {
            return true;
        }
        let Op::Call { callee, .. } = *self.op(edge.from) else { return true };
        self.chosen_for(edge.from.inst, callee, method).is_none_or(|values| {
            let entered = &self.insts[edge.to.0 as usize];
            values.into_iter().any(|value| match self.values.get(value) {
                Value::Func(func, env) => (func, env) == (entered.func, entered.env),
                Value::Bound(_, function) => {
                    self.values.get(function) == Value::Func(entered.func, entered.env)
                }
                _ => true,
            })
        })
    }

    /// What a variable may hold when the request has a method, if it was chosen by that.
    fn chosen_for(&self, inst: InstId, var: VarId, method: &str) -> Option<Vec<ValueId>> {
        let ir = self.program.func(self.insts[inst.0 as usize].func);
        let VarDef::Instr(index) = ir.vars[var.0 as usize].def else { return None };
        match ir.instrs[index as usize].op {
            Op::Copy { src, .. } | Op::Narrow { src, .. } => self.chosen_for(inst, src, method),
            Op::LoadSub { obj, key, .. } => self.held_for(inst, obj, key, method),
            Op::Call { callee, ref args, .. } => match (self.looked_up_by(inst, callee), &args[..]) {
                (Some(LookUp::Get(obj)), &[Arg::Pos(key)]) => self.held_for(inst, obj, key, method),
                (Some(LookUp::Get(obj)), &[Arg::Pos(key), Arg::Pos(default)]) => {
                    let mut values = self.held_for(inst, obj, key, method)?;
                    values.extend(self.graph.values(self.var(inst, default)));
                    Some(values)
                }
                (Some(LookUp::Attribute), &[Arg::Pos(obj), Arg::Pos(key)]) => {
                    self.attributes_for(inst, obj, key, method)
                }
                (Some(LookUp::Attribute), &[Arg::Pos(obj), Arg::Pos(key), Arg::Pos(default)]) => {
                    let mut values = self.attributes_for(inst, obj, key, method)?;
                    values.extend(self.graph.values(self.var(inst, default)));
                    Some(values)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// What kind of lookup under a key a callee is.
    fn looked_up_by(&self, inst: InstId, callee: VarId) -> Option<LookUp> {
        let [value] = *self.graph.values(self.var(inst, callee)) else { return None };
        match self.values.get(value) {
            Value::Ext(path) if self.text(path) == "builtins.getattr" => Some(LookUp::Attribute),
            Value::ExtMethod(_, path) if self.text(path) == "builtins.dict.get" => {
                let ir = self.program.func(self.insts[inst.0 as usize].func);
                let VarDef::Instr(index) = ir.vars[callee.0 as usize].def else { return None };
                match ir.instrs[index as usize].op {
                    Op::LoadAttr { obj, .. } => Some(LookUp::Get(obj)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// What dicts hold under the method of the request.
    fn held_for(&self, inst: InstId, obj: VarId, key: VarId, method: &str) -> Option<Vec<ValueId>> {
        let key = self.spelled(inst, key, method)?;
        let name = self.program.names.find(&key);
        let mut held = Vec::new();
        for &object in self.graph.values(self.var(inst, obj)) {
            if !matches!(self.values.get(object), Value::Obj(ObjKind::Dict, ..)) {
                return None;
            }
            let named = name.and_then(|name| self.existing_field(object, name));
            let nodes = named.into_iter().chain(self.existing_rest(object));
            held.extend(nodes.flat_map(|node| self.graph.values(node)));
        }
        Some(held)
    }

    /// What objects of classes of the program have under the method of the request as an attribute: methods, as functions.
    fn attributes_for(&self, inst: InstId, obj: VarId, key: VarId, method: &str) -> Option<Vec<ValueId>> {
        let key = self.spelled(inst, key, method)?;
        let Some(name) = self.program.names.find(&key) else { return Some(Vec::new()) };
        let mut held = Vec::new();
        for &object in self.graph.values(self.var(inst, obj)) {
            let class = self.class_of(object).filter(|&class| !self.may_have_any(class))?;
            let holders = std::iter::once(object).chain(self.possible_bases(class));
            let nodes = holders.filter_map(|holder| self.existing_field(holder, name));
            held.extend(nodes.flat_map(|node| self.graph.values(node)));
            held.extend(self.existing_rest(object).into_iter().flat_map(|node| self.graph.values(node)));
        }
        Some(held)
    }

    /// A method as a variable that holds that of the request spells it.
    fn spelled(&self, inst: InstId, var: VarId, method: &str) -> Option<String> {
        Some(match self.spelling(inst, var)? {
            Spelling::Upper => method.to_owned(),
            Spelling::Lower => method.to_lowercase(),
        })
    }

    /// The names that a text may be which is the method of the request, as it comes or in lower case.
    pub(super) fn methods_named_by(&mut self, text: ValueId) -> Option<Vec<Name>> {
        let Value::Ext(path) = self.values.get(text) else { return None };
        let path = self.text(path);
        let (path, spelling) = match path.strip_suffix(".lower()") {
            Some(path) => (path, Spelling::Lower),
            None => (path.strip_suffix(".upper()").unwrap_or(path), Spelling::Upper),
        };
        if self.models.get(path)?.kind.as_deref() != Some("http_method") {
            return None;
        }
        let spelled = HTTP_METHODS.iter().map(|&method| match spelling {
            Spelling::Lower => self.program.names.intern(method),
            Spelling::Upper => self.program.names.intern(&method.to_uppercase()),
        });
        Some(spelled.collect())
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
        let is_method = |values: &[ValueId]| {
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
