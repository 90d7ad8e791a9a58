//! Statements.

use ruff_python_ast::{BoolOp, Expr, Stmt};
use ruff_text_size::{Ranged, TextSize};

use super::cond::Want;
use super::{Lowerer, MAX_STMT_DEPTH};
use crate::ir::{Cond, Const, Op, Operator, ScopeKind, Side, VarId};

impl<'a> Lowerer<'a> {
    /// Lowers a block up to its first statement that ends it. Returns the call if the last statement is a bare call.
    pub(super) fn block(&mut self, body: &'a [Stmt]) -> Option<u32> {
        let mut bare = None;
        let mut revival = None;
        for stmt in body {
            if !self.f.live {
                // A manager may swallow what ended its body; the code below a `with` shows that it does.
                match revival.take() {
                    Some((since, guard)) => {
                        self.f.live = true;
                        self.f.guard = guard;
                        let until = self.f.bindings();
                        self.join_log(since..until, stmt.start());
                    }
                    None => return None,
                }
            }
            if let Some(call) = bare {
                self.f.guard = self.f.guard_in(self.f.guard, &Cond::Returned(call), true, None);
            }
            let since = self.f.bindings();
            let guard = self.f.guard;
            bare = self.stmt(stmt);
            revival = stmt.is_with_stmt().then_some((since, guard));
        }
        bare.filter(|_| self.f.live)
    }

    fn stmt(&mut self, stmt: &'a Stmt) -> Option<u32> {
        if self.stmt_depth >= MAX_STMT_DEPTH {
            self.too_deep(stmt.start());
            return None;
        }
        self.stmt_depth += 1;
        let bare = self.stmt_inner(stmt);
        self.stmt_depth -= 1;
        bare
    }

    fn stmt_inner(&mut self, stmt: &'a Stmt) -> Option<u32> {
        match stmt {
            Stmt::Expr(s) => {
                if self.constant(&s.value).is_some() {
                    return None;
                }
                // A generator that is dropped at once only gets its first iterable.
                if let Expr::Generator(generator) = s.value.as_ref() {
                    if let Some(first) = generator.generators.first() {
                        self.expr(&first.iter);
                    }
                    return None;
                }
                match s.value.as_ref() {
                    Expr::BoolOp(e) => {
                        if let [test, then] = e.values.as_slice() {
                            self.branch(test, e.op == BoolOp::And, then, None);
                            return None;
                        }
                    }
                    Expr::If(e) => {
                        self.branch(&e.test, true, &e.body, Some(&e.orelse));
                        return None;
                    }
                    _ => {}
                }
                let value = self.expr(&s.value);
                return self.bare_call(&s.value, value);
            }
            Stmt::Assign(s) => {
                let value = self.expr(&s.value);
                for target in &s.targets {
                    self.assign(target, value);
                }
            }
            Stmt::AnnAssign(s) => {
                if let Some(value) = &s.value {
                    let value = self.expr(value);
                    self.assign(&s.target, value);
                }
            }
            Stmt::AugAssign(s) => self.aug_assign(s),
            Stmt::Return(s) => {
                let src = match &s.value {
                    Some(value) => self.expr(value),
                    None => self.emit_const(Const::None, s.start()),
                };
                let pos = self.pos(s.start());
                self.f.emit(Op::Return { src }, pos);
                self.f.returns = true;
                self.f.live = false;
            }
            Stmt::Raise(s) => {
                if let Some(exc) = &s.exc {
                    let exc = self.expr(exc);
                    if let Some(cause) = &s.cause
                        && self.constant(cause).is_none()
                    {
                        self.expr(cause);
                    }
                    let pos = self.pos(s.start());
                    self.f.emit(Op::Raise { exc }, pos);
                }
                self.f.live = false;
            }
            Stmt::If(s) => self.if_stmt(s),
            Stmt::For(s) => self.for_stmt(s),
            Stmt::While(s) => self.while_stmt(s),
            Stmt::Try(s) => self.try_stmt(s),
            Stmt::With(s) => self.with_stmt(s),
            Stmt::Match(s) => self.match_stmt(s),
            Stmt::FunctionDef(def) => self.function(def),
            Stmt::ClassDef(def) => self.class(def),
            Stmt::Assert(s) => {
                let test = self.test(&s.test, Want::Truth);
                let before = self.f.guard;
                if let Some(msg) = &s.msg
                    && self.constant(msg).is_none()
                {
                    let mark = self.f.mark();
                    self.f.guard = self.f.guard_in(before, &test.cond, false, None);
                    self.apply(&test.otherwise, msg);
                    self.expr(msg);
                    self.f.roll_back(mark);
                }
                self.f.guard = self.f.guard_in(before, &test.cond, true, None);
                self.apply(&test.then, &s.test);
            }
            Stmt::Delete(s) => {
                for target in &s.targets {
                    self.delete(target);
                }
            }
            Stmt::Import(s) => {
                for alias in &s.names {
                    let pos = self.pos(alias.start());
                    let name = self.names.intern(alias.name.as_str());
                    let dst = self.f.fresh(None);
                    let leaf = alias.asname.is_some();
                    self.f.emit(Op::Import { dst, name, leaf }, pos);
                    let bound = match &alias.asname {
                        Some(asname) => asname.as_str(),
                        None => alias.name.as_str().split('.').next().unwrap_or(""),
                    };
                    let bound = self.sym(bound);
                    self.bind(bound, dst, alias.start());
                }
            }
            Stmt::ImportFrom(s) => {
                if s.level == 0 && s.module.as_deref() == Some("__future__") {
                    return None;
                }
                let module = self.names.intern(s.module.as_ref().map_or("", |module| module.as_str()));
                for alias in &s.names {
                    let pos = self.pos(alias.start());
                    if alias.name.as_str() == "*" {
                        if matches!(self.f.kind, ScopeKind::Module | ScopeKind::ClassBody(_)) {
                            let level = s.level;
                            self.f.emit(Op::ImportStar { level, module }, pos);
                            self.f.star = self.f.vars.len() as u32;
                        }
                        continue;
                    }
                    let name = self.names.intern(alias.name.as_str());
                    let dst = self.f.fresh(None);
                    self.f.emit(Op::ImportFrom { dst, level: s.level, module, name }, pos);
                    let bound = alias.asname.as_ref().unwrap_or(&alias.name);
                    let bound = self.sym(bound.as_str());
                    self.bind(bound, dst, alias.start());
                }
            }
            Stmt::TypeAlias(s) => {
                let value = self.opaque_at(s.start());
                self.assign(&s.name, value);
            }
            Stmt::Break(_) => {
                self.f.break_edge();
                self.f.live = false;
            }
            Stmt::Continue(s) => {
                let pos = self.pos(s.start());
                self.f.back_edge(pos);
                self.f.live = false;
            }
            Stmt::Global(_) | Stmt::Nonlocal(_) | Stmt::Pass(_) | Stmt::IpyEscapeCommand(_) => {}
        }
        None
    }

    /// The call that an expression statement consists of.
    pub(super) fn bare_call(&self, expr: &Expr, value: VarId) -> Option<u32> {
        let called = match expr {
            Expr::Call(_) => value,
            Expr::Await(inner) if inner.value.is_call_expr() => {
                match self.f.instrs.last().map(|instr| &instr.op) {
                    Some(Op::Await { src, .. }) => *src,
                    _ => return None,
                }
            }
            _ => return None,
        };
        let index = self
            .f
            .instrs
            .iter()
            .rposition(|instr| matches!(instr.op, Op::Call { dst, .. } if dst == called))?;
        Some(index as u32)
    }

    /// What follows a bare call runs only if the call returns. An empty `Or` is false.
    pub(super) fn guard_returned(&mut self, bare: Option<u32>) {
        if let Some(call) = bare {
            let never = Cond::Or(Vec::new());
            self.f.guard = self.f.guard_in(self.f.guard, &never, true, Some(call));
        }
    }

    /// Binds a target to a value.
    pub(super) fn assign(&mut self, target: &'a Expr, value: VarId) {
        match target {
            Expr::Name(e) => {
                let name = self.sym(e.id.as_str());
                self.bind(name, value, e.start());
            }
            Expr::Attribute(e) => {
                let obj = self.expr(&e.value);
                let name = self.sym(e.attr.as_str());
                self.note_self_attr(obj, name);
                let pos = self.pos(e.start());
                self.f.emit(Op::StoreAttr { obj, name, src: value }, pos);
            }
            Expr::Subscript(e) => {
                let obj = self.expr(&e.value);
                let mut src = value;
                if e.slice.is_slice_expr() {
                    // `a[i:j] = b` stores the elements of `b`.
                    let pos = self.pos(e.start());
                    src = self.f.fresh(None);
                    self.f.emit(Op::Iter { dst: src, src: value }, pos);
                }
                let key = self.expr(&e.slice);
                self.mark_tested_var(key);
                let pos = self.pos(e.start());
                self.f.emit(Op::StoreSub { obj, key, src }, pos);
            }
            Expr::Tuple(e) => self.unpack(&e.elts, value, e.start()),
            Expr::List(e) => self.unpack(&e.elts, value, e.start()),
            Expr::Starred(e) => self.assign(&e.value, value),
            _ => {}
        }
    }

    fn unpack(&mut self, elts: &'a [Expr], src: VarId, at: TextSize) {
        if self.depth >= super::MAX_EXPR_DEPTH {
            self.too_deep(at);
            return;
        }
        self.depth += 1;
        let star = elts.iter().position(Expr::is_starred_expr);
        for (i, elt) in elts.iter().enumerate() {
            let pos = self.pos(elt.start());
            let from_end = star.is_some_and(|star| i > star);
            let dst = self.f.fresh(None);
            self.f.emit(
                Op::Unpack {
                    dst,
                    src,
                    index: if from_end { elts.len() - 1 - i } else { i } as u32,
                    from_end,
                    rest: star == Some(i),
                },
                pos,
            );
            self.assign(elt, dst);
        }
        self.depth -= 1;
    }

    fn aug_assign(&mut self, s: &'a ruff_python_ast::StmtAugAssign) {
        let pos = self.pos(s.start());
        match s.target.as_ref() {
            Expr::Name(e) => {
                let name = self.sym(e.id.as_str());
                let left = self.read(name, e.start());
                let right = self.expr(&s.value);
                let value = self.binary(s.op, true, (left, right), s.start());
                self.bind(name, value, e.start());
            }
            Expr::Attribute(e) => {
                let obj = self.expr(&e.value);
                let name = self.sym(e.attr.as_str());
                let at = self.pos(e.attr.start());
                let left = self.f.fresh(None);
                self.f.emit(Op::LoadAttr { dst: left, obj, name }, at);
                let right = self.expr(&s.value);
                let src = self.binary(s.op, true, (left, right), s.start());
                self.note_self_attr(obj, name);
                self.f.emit(Op::StoreAttr { obj, name, src }, pos);
            }
            Expr::Subscript(e) => {
                let obj = self.expr(&e.value);
                let key = self.expr(&e.slice);
                self.mark_tested_var(key);
                let left = self.f.fresh(None);
                self.f.emit(Op::LoadSub { dst: left, obj, key }, pos);
                let right = self.expr(&s.value);
                let src = self.binary(s.op, true, (left, right), s.start());
                self.f.emit(Op::StoreSub { obj, key, src }, pos);
            }
            _ => {
                self.expr(&s.value);
            }
        }
    }

    fn delete(&mut self, target: &'a Expr) {
        match target {
            Expr::Name(e) => {
                let name = self.sym(e.id.as_str());
                self.unbind(name);
            }
            Expr::Attribute(e) => {
                let obj = self.expr(&e.value);
                let name = Side::Str(self.sym(e.attr.as_str()));
                self.operate_only(Operator::DeleteAttribute, obj, name, e.start());
            }
            Expr::Subscript(e) => {
                let obj = self.expr(&e.value);
                let key = self.expr(&e.slice);
                self.operate_only(Operator::DeleteItem, obj, Side::Var(key), e.start());
            }
            Expr::Tuple(e) => return e.elts.iter().for_each(|elt| self.delete_nested(elt)),
            Expr::List(e) => return e.elts.iter().for_each(|elt| self.delete_nested(elt)),
            _ => return,
        }
        let pos = self.pos(target.start());
        self.f.emit(Op::Delete, pos);
    }

    fn delete_nested(&mut self, target: &'a Expr) {
        if self.depth >= super::MAX_EXPR_DEPTH {
            self.too_deep(target.start());
            return;
        }
        self.depth += 1;
        self.delete(target);
        self.depth -= 1;
    }
}
