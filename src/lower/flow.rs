//! Control flow: branchings, loops, `try`, `with`.

use ruff_python_ast::statement_visitor::{StatementVisitor, walk_stmt};
use ruff_python_ast::{
    ExceptHandler, ExceptHandlerExceptHandler, Expr, MatchCase, Number, Stmt, StmtFor, StmtIf, StmtMatch,
    StmtTry, StmtWhile, StmtWith,
};
use ruff_text_size::{Ranged, TextSize};

use super::builder::Exit;
use super::cond::{Test, Want, negate};
use super::{Lowerer, branches};
use crate::ir::{Catch, Cond, GuardId, Op, VarId};

/// Arms of a branching with more conditions than this before them are not described by `unless_returns` guards.
const MAX_PATH: usize = 16;

/// A branching under construction: `if` or `match`.
struct Arms {
    outer: GuardId,
    mark: usize,
    exits: Vec<Exit>,
    /// Negated conditions of the arms before the current one, those aside that control cannot fall out of: what
    /// follows the branching is guarded by their negation anyway.
    failed: Vec<Cond>,
    /// Places in the arms that control does not go on from: arms that fall through after a bare call, arms that control cannot
    /// fall out of, and what is behind conditions inside of an arm, should they fail. The call, if there is one, and the
    /// conditions of the path to the place.
    ends: Vec<(Option<u32>, Vec<Cond>)>,
}

impl<'a> Lowerer<'a> {
    fn arms(&self) -> Arms {
        Arms {
            outer: self.f.guard,
            mark: self.f.mark(),
            exits: Vec::new(),
            failed: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// The end of an arm: keeps its state if control falls out of it. `cond` is the arm's own, none for `else`, and `guard` the
    /// guard that the arm begins with.
    fn end_arm(&mut self, arms: &mut Arms, bare: Option<u32>, cond: Option<&Cond>, guard: GuardId) {
        if (bare.is_some() || !self.f.live) && arms.failed.len() < MAX_PATH {
            let mut path = arms.failed.clone();
            path.extend(cond.cloned());
            arms.ends.push((bare.filter(|_| self.f.live), path));
        }
        if self.f.live {
            self.end_inside(arms, cond, guard);
            let diff = self.f.diff_since(arms.mark);
            if bare.is_some() && !diff.is_empty() {
                self.guard_returned(bare);
            }
            arms.exits.push(Exit { diff, guard: self.f.guard });
        }
    }

    /// What holds at the end of an arm because its body has gone on until there: `if p: if q: raise` leaves `p and q` behind. Each
    /// such guard fails on a path of its own.
    fn end_inside(&mut self, arms: &mut Arms, cond: Option<&Cond>, guard: GuardId) {
        for (call, failing) in self.f.guards_within(guard) {
            let mut path = arms.failed.clone();
            path.extend(cond.cloned());
            match failing {
                Cond::And(parts) => path.extend(parts),
                other => path.push(other),
            }
            if path.len() <= MAX_PATH {
                arms.ends.push((call, path));
            }
        }
    }

    /// Ends a branching: joins what the arms assigned, and guards what follows by the arms that cannot reach it.
    fn end_arms(&mut self, arms: Arms, at: TextSize) {
        self.f.roll_back(arms.mark);
        self.f.guard = arms.outer;
        let Some((first, rest)) = arms.exits.split_first() else {
            self.f.live = false;
            return;
        };
        self.f.live = true;
        let mut guard = first.guard;
        for exit in rest {
            guard = self.f.common(guard, exit.guard);
        }
        let returns = arms.ends.iter().all(|(call, _)| call.is_none());
        self.join_exits(&arms.exits, returns, at);
        if !rest.is_empty() {
            for (call, mut path) in arms.ends {
                if path.iter().any(|cond| matches!(cond, Cond::Opaque)) {
                    continue;
                }
                let cond = match path.len() {
                    0 => continue,
                    1 => path.remove(0),
                    _ => Cond::And(path),
                };
                guard = self.f.guard_in(guard, &cond, false, call);
            }
        }
        self.f.guard = guard;
    }

    pub(super) fn if_stmt(&mut self, s: &'a StmtIf) {
        let mut arms = self.arms();
        let mut open = true;
        for branch in branches(s) {
            let Some(expr) = branch.test else {
                let guard = self.f.guard;
                let bare = self.block(branch.body);
                self.end_arm(&mut arms, bare, None, guard);
                open = false;
                break;
            };
            let test = self.test(expr, Want::Truth);
            let guard = self.f.guard;
            let mark = self.f.mark();
            self.f.guard = self.f.guard_in(guard, &test.cond, true, None);
            let inside = self.f.guard;
            self.apply(&test.then, expr);
            let bare = self.block(branch.body);
            self.end_arm(&mut arms, bare, Some(&test.cond), inside);
            let fell_out = self.f.live;
            self.f.roll_back(mark);
            self.f.live = true;
            self.f.guard = self.f.guard_in(guard, &test.cond, false, None);
            self.apply(&test.otherwise, expr);
            if fell_out {
                arms.failed.push(negate(test.cond));
            }
        }
        if open {
            self.end_arm(&mut arms, None, None, self.f.guard);
        }
        self.end_arms(arms, s.start());
    }

    /// An expression that is a statement and chooses what is evaluated: `test or abort()` is `if not test: abort()`, and what
    /// follows is guarded in the same way. `then` is evaluated if the test comes out as `holds`.
    pub(super) fn branch(
        &mut self,
        expr: &'a Expr,
        holds: bool,
        then: &'a Expr,
        otherwise: Option<&'a Expr>,
    ) {
        let mut arms = self.arms();
        let test = self.test(expr, Want::Truth);
        let (cond, taken, missed) = match holds {
            true => (test.cond, test.then, test.otherwise),
            false => (negate(test.cond), test.otherwise, test.then),
        };
        let (guard, mark) = (self.f.guard, self.f.mark());
        self.f.guard = self.f.guard_in(guard, &cond, true, None);
        let inside = self.f.guard;
        self.apply(&taken, expr);
        let bare = self.evaluated(then);
        self.end_arm(&mut arms, bare, Some(&cond), inside);
        self.f.roll_back(mark);
        self.f.guard = self.f.guard_in(guard, &cond, false, None);
        self.apply(&missed, expr);
        arms.failed.push(negate(cond));
        let guard = self.f.guard;
        let bare = otherwise.and_then(|otherwise| self.evaluated(otherwise));
        self.end_arm(&mut arms, bare, None, guard);
        self.end_arms(arms, expr.start());
    }

    /// Evaluates an expression whose value nobody asks for; gives the call that it is.
    fn evaluated(&mut self, expr: &'a Expr) -> Option<u32> {
        if self.constant(expr).is_some() {
            return None;
        }
        let value = self.expr(expr);
        self.bare_call(expr, value)
    }

    pub(super) fn match_stmt(&mut self, s: &'a StmtMatch) {
        let subject = self.expr(&s.subject);
        let mut arms = self.arms();
        let mut open = true;
        for case in &s.cases {
            let guard = self.f.guard;
            let mark = self.f.mark();
            let (cond, certain) = self.case_test(case, subject);
            self.f.guard = self.f.guard_in(guard, &cond, true, None);
            let inside = self.f.guard;
            let bare = self.block(&case.body);
            self.end_arm(&mut arms, bare, Some(&cond), inside);
            let fell_out = self.f.live;
            self.f.roll_back(mark);
            self.f.live = true;
            if certain {
                open = false;
                break;
            }
            self.f.guard = self.f.guard_in(guard, &cond, false, None);
            if fell_out {
                arms.failed.push(negate(cond));
            }
        }
        if open {
            self.end_arm(&mut arms, None, None, self.f.guard);
        }
        self.end_arms(arms, s.start());
    }

    /// The condition of a case, and whether it always holds.
    fn case_test(&mut self, case: &'a MatchCase, subject: VarId) -> (Cond, bool) {
        let pattern = self.pattern(&case.pattern, subject);
        self.mark_tested(&pattern);
        let certain = matches!(&pattern, Cond::And(parts) if parts.is_empty());
        let Some(expr) = &case.guard else {
            // A condition that always holds says nothing.
            return (if certain { Cond::Opaque } else { pattern }, certain);
        };
        let outer = self.f.guard;
        if !certain {
            self.f.guard = self.f.guard_in(outer, &pattern, true, None);
        }
        let test = self.test(expr, Want::Truth);
        self.f.guard = outer;
        self.apply(&test.then, expr);
        let cond = match (certain, test.cond) {
            (true, cond) => cond,
            (false, Cond::Opaque) if matches!(pattern, Cond::Opaque) => Cond::Opaque,
            (false, cond) => Cond::And(vec![pattern, cond]),
        };
        (cond, false)
    }

    pub(super) fn for_stmt(&mut self, s: &'a StmtFor) {
        if self.unrolled(s) {
            return;
        }
        let src = self.expr(&s.iter);
        let outer = self.f.guard;
        let pos = self.pos(s.start());
        self.open_loop(s.range, pos);
        let at = self.pos(s.target.start());
        let dst = self.f.fresh(None);
        self.f.emit(Op::Iter { dst, src }, at);
        self.assign(&s.target, dst);
        self.block(&s.body);
        if self.f.live {
            self.f.back_edge(pos);
        }
        let after = self.f.every(outer, dst);
        let (mark, breaks) = self.f.close_loop();
        self.f.roll_back(mark);
        self.f.live = true;
        self.f.guard = after;
        self.after_loop(outer, mark, breaks, &s.orelse, s.start());
    }

    pub(super) fn while_stmt(&mut self, s: &'a StmtWhile) {
        let outer = self.f.guard;
        let pos = self.pos(s.start());
        let forever = always_true(&s.test);
        self.open_loop(s.range, pos);
        let test = if forever { Test::opaque(None) } else { self.test(&s.test, Want::Truth) };
        let mark = self.f.mark();
        self.f.guard = self.f.guard_in(outer, &test.cond, true, None);
        self.apply(&test.then, &s.test);
        self.block(&s.body);
        if self.f.live {
            self.f.back_edge(pos);
        }
        // The loop ends after a test that failed.
        self.f.roll_back(mark);
        self.f.guard = outer;
        self.f.live = !forever;
        if self.f.live {
            self.apply(&test.otherwise, &s.test);
        }
        let (mark, breaks) = self.f.close_loop();
        if self.f.live {
            // So does what follows, unless a `break` leads there.
            self.f.guard = self.f.guard_in(outer, &test.cond, false, None);
        }
        self.after_loop(outer, mark, breaks, &s.orelse, s.start());
    }

    /// The `else` block of a loop, and the join with what `break` leaves with.
    fn after_loop(
        &mut self,
        outer: GuardId,
        mark: usize,
        breaks: Vec<Exit>,
        orelse: &'a [Stmt],
        at: TextSize,
    ) {
        if self.f.live {
            self.block(orelse);
        }
        let ended = self.f.live;
        let guard = self.f.guard;
        let diff = self.f.roll_back(mark);
        let mut exits = breaks;
        if ended {
            exits.insert(0, Exit { diff, guard });
        }
        self.f.live = !exits.is_empty();
        // Without a `break`, what holds after `else` holds after the loop.
        self.f.guard = match exits.as_slice() {
            [_] if ended => guard,
            _ => outer,
        };
        if self.f.live {
            self.join_exits(&exits, false, at);
        }
    }

    pub(super) fn try_stmt(&mut self, s: &'a StmtTry) {
        let outer = self.f.guard;
        let mark = self.f.mark();
        let since = self.f.bindings();
        let mut exits = Vec::new();
        let first = self.f.instrs.len() as u32;
        self.block(&s.body);
        let body = first..self.f.instrs.len() as u32;
        let raised = self.f.bindings();
        if self.f.live {
            self.block(&s.orelse);
        }
        if self.f.live {
            exits.push(Exit { diff: self.f.diff_since(mark), guard: self.f.guard });
        }
        self.f.roll_back(mark);
        self.f.guard = outer;
        if !s.handlers.is_empty() {
            self.f.live = true;
            let at = s.handlers.first().map_or(s.start(), |handler| handler.start());
            self.join_log(since..raised, at);
            for handler in &s.handlers {
                let ExceptHandler::ExceptHandler(handler) = handler;
                let entry = self.f.mark();
                self.f.live = true;
                self.f.guard = outer;
                let class = handler.type_.as_ref().map(|class| self.expr(class));
                let number = self.f.catches.len();
                let begin = self.f.instrs.len() as u32;
                let ends = !raises_again(handler);
                self.f.catches.push(Catch { body: body.clone(), handler: begin..begin, class, ends });
                if let (Some(class), Some(name)) = (class, &handler.name) {
                    let pos = self.pos(handler.start());
                    let dst = self.f.fresh(None);
                    self.f.emit(Op::Caught { dst, class }, pos);
                    let sym = self.sym(name.as_str());
                    self.bind(sym, dst, name.start());
                }
                self.block(&handler.body);
                self.f.catches[number].handler.end = self.f.instrs.len() as u32;
                if self.f.live {
                    if let Some(name) = &handler.name {
                        let sym = self.sym(name.as_str());
                        self.unbind(sym);
                    }
                    exits.push(Exit { diff: self.f.diff_since(mark), guard: self.f.guard });
                }
                self.f.roll_back(entry);
            }
            self.f.roll_back(mark);
        }
        let mut last = None;
        if !s.finalbody.is_empty() {
            // `finally` runs whatever was bound before something was raised or returned.
            self.f.live = true;
            self.f.guard = outer;
            let until = self.f.bindings();
            self.join_log(since..until, s.finalbody[0].start());
            let entry = self.f.mark();
            self.block(&s.finalbody);
            last = Some((self.f.live, self.f.diff_since(entry)));
            self.f.roll_back(mark);
        }
        self.f.guard = outer;
        let Some((first, rest)) = exits.split_first() else {
            self.f.live = false;
            return;
        };
        self.f.live = true;
        let mut guard = first.guard;
        for exit in rest {
            guard = self.f.common(guard, exit.guard);
        }
        self.join_exits(&exits, true, s.start());
        self.f.guard = guard;
        if let Some((live, diff)) = last {
            for (slot, var) in diff {
                self.f.set(slot, var);
            }
            self.f.live = live;
        }
    }

    pub(super) fn with_stmt(&mut self, s: &'a StmtWith) {
        let outer = self.f.guard;
        let mark = self.f.mark();
        let since = self.f.bindings();
        let mut swallows = false;
        let mut managers = Vec::with_capacity(s.items.len());
        for item in &s.items {
            swallows |= swallows_exceptions(&item.context_expr);
            let manager = self.expr(&item.context_expr);
            let pos = self.pos(item.start());
            let dst = self.f.fresh(None);
            managers.push(self.f.instrs.len() as u32);
            self.f.emit(Op::With { dst, manager, is_async: s.is_async }, pos);
            if let Some(target) = &item.optional_vars {
                self.assign(target, dst);
            }
        }
        for &manager in &managers {
            self.f.guard = self.f.guard_in(self.f.guard, &Cond::Returned(manager), true, None);
        }
        let entered = self.f.guard;
        self.block(&s.body);
        if self.f.live {
            self.f.leave_with(entered, &managers);
        }
        // A manager may swallow what ended its body early.
        self.f.known.clear();
        let until = self.f.bindings();
        if !self.f.live {
            // The state of the beginning is there for the code below, should the manager swallow exceptions.
            self.f.roll_back(mark);
            return;
        }
        if swallows {
            let diff = self.f.roll_back(mark);
            let guard = self.f.guard;
            self.f.guard = outer;
            self.join_log(since..until, s.start());
            let swallowed = self.f.roll_back(mark);
            let exits = [Exit { diff, guard }, Exit { diff: swallowed, guard: outer }];
            self.join_exits(&exits, true, s.start());
        }
    }
}

/// Whether something in a handler raises the exception again that it has caught.
fn raises_again(handler: &ExceptHandlerExceptHandler) -> bool {
    struct Search<'a> {
        caught: Option<&'a str>,
        found: bool,
    }
    impl<'a> StatementVisitor<'a> for Search<'_> {
        fn visit_stmt(&mut self, statement: &'a Stmt) {
            match statement {
                Stmt::Raise(raise) => {
                    self.found |= match raise.exc.as_deref() {
                        None => true,
                        Some(Expr::Name(name)) => Some(name.id.as_str()) == self.caught,
                        Some(_) => false,
                    };
                }
                statement => walk_stmt(self, statement),
            }
        }
    }
    let mut search = Search { caught: handler.name.as_ref().map(|name| name.as_str()), found: false };
    search.visit_body(&handler.body);
    search.found
}

/// Whether a `while` test is a true constant.
fn always_true(test: &Expr) -> bool {
    match test {
        Expr::BooleanLiteral(literal) => literal.value,
        Expr::NumberLiteral(literal) => match &literal.value {
            Number::Int(int) => int.as_i64() != Some(0),
            _ => false,
        },
        _ => false,
    }
}

/// Whether a context manager is one whose purpose is to swallow exceptions.
fn swallows_exceptions(manager: &Expr) -> bool {
    let Expr::Call(call) = manager else {
        return false;
    };
    let name = match call.func.as_ref() {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        _ => return false,
    };
    matches!(name, "suppress" | "raises" | "assertRaises" | "assertRaisesRegex" | "ignored")
}
