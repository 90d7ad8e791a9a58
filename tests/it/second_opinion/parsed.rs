//! Definitions and calls as `rustpython-parser` sees them, without those that lowering leaves out by rule:
//!
//! - **annotations** (PEP 484, 526), type parameters and type aliases (PEP 695): they are not part of a run;
//! - **branches for type checkers**: the body of `if TYPE_CHECKING`;
//! - **statements after one that control does not leave**: `return`, `raise`, `break`, `continue`, an endless loop without
//!   `break`, a branching all of whose arms end so. Code after a `with` counts, since managers may swallow exceptions.
//!
//! Private names are compared as Python mangles them.

use rustpython_parser::ast::{
    Arguments, Comprehension, Constant, ExceptHandler, Expr, Pattern, Ranged, Stmt, Suite, UnaryOp,
};
use rustpython_parser::text_size::TextSize;
use rustpython_parser::{Parse, ParseError};

use super::{Item, What};

/// Everything that a file defines and calls.
pub fn items(text: &str) -> Result<Vec<Item>, ParseError> {
    let body = Suite::parse(text, "<file>")?;
    let mut walk = Walk {
        text,
        items: Vec::new(),
        scopes: vec!["<module>".to_owned()],
        classes: Vec::new(),
        breaks: Vec::new(),
    };
    walk.block(&body);
    Ok(walk.items)
}

struct Walk<'a> {
    text: &'a str,
    items: Vec<Item>,
    /// Names of the scopes around, the module first.
    scopes: Vec<String>,
    /// Names of the classes around.
    classes: Vec<String>,
    /// For each loop around, whether a `break` leaves it.
    breaks: Vec<bool>,
}

impl Walk<'_> {
    fn line(&self, at: TextSize) -> usize {
        let before = &self.text.as_bytes()[..at.to_usize()];
        1 + before
            .iter()
            .enumerate()
            .filter(|&(i, &byte)| {
                byte == b'\n' || (byte == b'\r' && self.text.as_bytes().get(i + 1) != Some(&b'\n'))
            })
            .count()
    }

    fn mangled(&self, name: &str) -> String {
        let class = self.classes.last().map(|class| class.trim_start_matches('_')).unwrap_or_default();
        let private = name.starts_with("__") && !name.ends_with("__");
        if private && !class.is_empty() { format!("_{class}{name}") } else { name.to_owned() }
    }

    fn push(&mut self, line: usize, what: What) {
        let scope = self.scopes.last().cloned().unwrap_or_default();
        self.items.push(Item { line, scope, what });
    }

    /// Walks a block; returns whether control falls out of it.
    fn block(&mut self, body: &[Stmt]) -> bool {
        let mut falls = true;
        for (i, stmt) in body.iter().enumerate() {
            if !falls && !matches!(body[i - 1], Stmt::With(_) | Stmt::AsyncWith(_)) {
                return false;
            }
            falls = self.stmt(stmt);
        }
        falls
    }

    /// Walks a statement; returns whether control falls out of it.
    #[allow(clippy::too_many_lines, reason = "one arm per kind of statement, each short")]
    fn stmt(&mut self, stmt: &Stmt) -> bool {
        match stmt {
            Stmt::FunctionDef(s) => {
                self.function(&s.name, &s.args, &s.body, &s.decorator_list, false, s.start());
            }
            Stmt::AsyncFunctionDef(s) => {
                self.function(&s.name, &s.args, &s.body, &s.decorator_list, true, s.start());
            }
            Stmt::ClassDef(s) => {
                self.exprs(&s.decorator_list);
                self.exprs(&s.bases);
                s.keywords.iter().for_each(|keyword| self.expr(&keyword.value));
                let line = self.definition_line(&s.decorator_list, s.start());
                let decorators = s.decorator_list.len();
                self.push(line, What::Class { name: s.name.to_string(), decorators });
                self.scopes.push(s.name.to_string());
                self.classes.push(s.name.to_string());
                self.block(&s.body);
                self.classes.pop();
                self.scopes.pop();
            }
            Stmt::Return(s) => {
                self.opt(s.value.as_deref());
                return false;
            }
            Stmt::Raise(s) => {
                self.opt(s.exc.as_deref());
                self.opt(s.cause.as_deref());
                return false;
            }
            Stmt::Continue(_) => return false,
            Stmt::Break(_) => {
                if let Some(left) = self.breaks.last_mut() {
                    *left = true;
                }
                return false;
            }
            Stmt::Delete(s) => self.exprs(&s.targets),
            Stmt::Assign(s) => {
                self.expr(&s.value);
                self.exprs(&s.targets);
            }
            Stmt::AugAssign(s) => {
                self.expr(&s.target);
                self.expr(&s.value);
            }
            Stmt::AnnAssign(s) => {
                if let Some(value) = &s.value {
                    self.expr(value);
                    self.expr(&s.target);
                }
            }
            Stmt::For(s) => return self.for_loop(&s.target, &s.iter, &s.body, &s.orelse),
            Stmt::AsyncFor(s) => return self.for_loop(&s.target, &s.iter, &s.body, &s.orelse),
            Stmt::While(s) => {
                let endless = is_true(&s.test);
                self.expr(&s.test);
                return self.loop_body(&s.body, &s.orelse, endless);
            }
            Stmt::If(s) => match type_checking(&s.test) {
                Some(true) => return self.block(&s.orelse),
                Some(false) => return self.block(&s.body),
                None => {
                    self.expr(&s.test);
                    let body = self.block(&s.body);
                    let orelse = self.block(&s.orelse);
                    return body || orelse;
                }
            },
            Stmt::With(s) => {
                for item in &s.items {
                    self.expr(&item.context_expr);
                    self.opt(item.optional_vars.as_deref());
                }
                return self.block(&s.body);
            }
            Stmt::AsyncWith(s) => {
                for item in &s.items {
                    self.expr(&item.context_expr);
                    self.opt(item.optional_vars.as_deref());
                }
                return self.block(&s.body);
            }
            Stmt::Match(s) => {
                self.expr(&s.subject);
                let mut falls = false;
                for case in &s.cases {
                    self.pattern(&case.pattern);
                    self.opt(case.guard.as_deref());
                    falls |= self.block(&case.body);
                    if case.guard.is_none() && irrefutable(&case.pattern) {
                        return falls;
                    }
                }
                return true;
            }
            Stmt::Try(s) => return self.try_stmt(&s.body, &s.handlers, &s.orelse, &s.finalbody),
            Stmt::TryStar(s) => return self.try_stmt(&s.body, &s.handlers, &s.orelse, &s.finalbody),
            Stmt::Assert(s) => {
                self.expr(&s.test);
                self.opt(s.msg.as_deref());
            }
            Stmt::Expr(s) => self.expr(&s.value),
            Stmt::TypeAlias(_)
            | Stmt::Import(_)
            | Stmt::ImportFrom(_)
            | Stmt::Global(_)
            | Stmt::Nonlocal(_)
            | Stmt::Pass(_) => {}
        }
        true
    }

    fn function(
        &mut self,
        name: &str,
        args: &Arguments,
        body: &[Stmt],
        decorators: &[Expr],
        is_async: bool,
        start: TextSize,
    ) {
        self.exprs(decorators);
        self.defaults(args);
        let line = self.definition_line(decorators, start);
        let what = What::Function {
            name: name.to_owned(),
            is_async,
            params: count(args),
            decorators: decorators.len(),
        };
        self.push(line, what);
        let breaks = std::mem::take(&mut self.breaks);
        self.scopes.push(name.to_owned());
        self.block(body);
        self.scopes.pop();
        self.breaks = breaks;
    }

    /// The line of `def` or `class`: the parser's range of a decorated definition begins there, not at the decorator.
    fn definition_line(&self, decorators: &[Expr], start: TextSize) -> usize {
        debug_assert!(decorators.iter().all(|decorator| decorator.end() <= start));
        self.line(start)
    }

    fn for_loop(&mut self, target: &Expr, iter: &Expr, body: &[Stmt], orelse: &[Stmt]) -> bool {
        self.expr(iter);
        self.expr(target);
        self.loop_body(body, orelse, false)
    }

    fn loop_body(&mut self, body: &[Stmt], orelse: &[Stmt], endless: bool) -> bool {
        self.breaks.push(false);
        self.block(body);
        let left = self.breaks.pop().unwrap_or(false);
        let ended = !endless && self.block(orelse);
        ended || left
    }

    fn try_stmt(
        &mut self,
        body: &[Stmt],
        handlers: &[ExceptHandler],
        orelse: &[Stmt],
        finalbody: &[Stmt],
    ) -> bool {
        let mut falls = self.block(body) && self.block(orelse);
        for handler in handlers {
            let ExceptHandler::ExceptHandler(handler) = handler;
            self.opt(handler.type_.as_deref());
            falls |= self.block(&handler.body);
        }
        let finally = self.block(finalbody);
        falls && finally
    }

    fn pattern(&mut self, pattern: &Pattern) {
        match pattern {
            Pattern::MatchValue(p) => self.expr(&p.value),
            Pattern::MatchSequence(p) => p.patterns.iter().for_each(|inner| self.pattern(inner)),
            Pattern::MatchMapping(p) => {
                self.exprs(&p.keys);
                p.patterns.iter().for_each(|inner| self.pattern(inner));
            }
            Pattern::MatchClass(p) => {
                self.expr(&p.cls);
                p.patterns.iter().chain(&p.kwd_patterns).for_each(|inner| self.pattern(inner));
            }
            Pattern::MatchAs(p) => p.pattern.iter().for_each(|inner| self.pattern(inner)),
            Pattern::MatchOr(p) => p.patterns.iter().for_each(|inner| self.pattern(inner)),
            Pattern::MatchSingleton(_) | Pattern::MatchStar(_) => {}
        }
    }

    fn defaults(&mut self, args: &Arguments) {
        for arg in args.posonlyargs.iter().chain(&args.args).chain(&args.kwonlyargs) {
            self.opt(arg.default.as_deref());
        }
    }

    fn opt(&mut self, expr: Option<&Expr>) {
        if let Some(expr) = expr {
            self.expr(expr);
        }
    }

    fn exprs(&mut self, exprs: &[Expr]) {
        exprs.iter().for_each(|expr| self.expr(expr));
    }

    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Call(e) => {
                self.expr(&e.func);
                self.exprs(&e.args);
                e.keywords.iter().for_each(|keyword| self.expr(&keyword.value));
                let (callee, line) = match e.func.as_ref() {
                    Expr::Name(name) => (Some(self.mangled(&name.id)), self.line(e.func.start())),
                    // An attribute's range ends with its name.
                    Expr::Attribute(a) => (Some(self.mangled(&a.attr)), self.line(e.func.end())),
                    Expr::NamedExpr(_) => (None, self.line(e.func.start())),
                    other => (None, self.line(other.start())),
                };
                self.push(line, What::Call { callee, positional: e.args.len(), keywords: e.keywords.len() });
            }
            Expr::Lambda(e) => {
                self.defaults(&e.args);
                let line = self.line(e.start());
                let name = "<lambda>".to_owned();
                let what = What::Function { name, is_async: false, params: count(&e.args), decorators: 0 };
                self.push(line, what);
                self.scopes.push("<lambda>".to_owned());
                self.expr(&e.body);
                self.scopes.pop();
            }
            Expr::BoolOp(e) => self.exprs(&e.values),
            Expr::NamedExpr(e) => self.expr(&e.value),
            Expr::BinOp(e) => {
                self.expr(&e.left);
                self.expr(&e.right);
            }
            Expr::UnaryOp(e) => self.expr(&e.operand),
            Expr::IfExp(e) => {
                self.expr(&e.test);
                self.expr(&e.body);
                self.expr(&e.orelse);
            }
            Expr::Dict(e) => {
                e.keys.iter().flatten().for_each(|key| self.expr(key));
                self.exprs(&e.values);
            }
            Expr::Set(e) => self.exprs(&e.elts),
            Expr::ListComp(e) => self.comprehension(&e.generators, &[&e.elt]),
            Expr::SetComp(e) => self.comprehension(&e.generators, &[&e.elt]),
            Expr::DictComp(e) => self.comprehension(&e.generators, &[&e.key, &e.value]),
            Expr::GeneratorExp(e) => self.comprehension(&e.generators, &[&e.elt]),
            Expr::Await(e) => self.expr(&e.value),
            Expr::Yield(e) => self.opt(e.value.as_deref()),
            Expr::YieldFrom(e) => self.expr(&e.value),
            Expr::Compare(e) => {
                self.expr(&e.left);
                self.exprs(&e.comparators);
            }
            Expr::FormattedValue(e) => {
                self.expr(&e.value);
                self.opt(e.format_spec.as_deref());
            }
            Expr::JoinedStr(e) => self.exprs(&e.values),
            Expr::Attribute(e) => self.expr(&e.value),
            Expr::Subscript(e) => {
                self.expr(&e.value);
                self.expr(&e.slice);
            }
            Expr::Starred(e) => self.expr(&e.value),
            Expr::List(e) => self.exprs(&e.elts),
            Expr::Tuple(e) => self.exprs(&e.elts),
            Expr::Slice(e) => {
                self.opt(e.lower.as_deref());
                self.opt(e.upper.as_deref());
                self.opt(e.step.as_deref());
            }
            Expr::Name(_) | Expr::Constant(_) => {}
        }
    }

    fn comprehension(&mut self, generators: &[Comprehension], elements: &[&Expr]) {
        for generator in generators {
            self.expr(&generator.iter);
            self.expr(&generator.target);
            self.exprs(&generator.ifs);
        }
        elements.iter().for_each(|element| self.expr(element));
    }
}

fn count(args: &Arguments) -> usize {
    let named = args.posonlyargs.len() + args.args.len() + args.kwonlyargs.len();
    named + usize::from(args.vararg.is_some()) + usize::from(args.kwarg.is_some())
}

/// Whether a test tells type checkers from runs: `Some(true)` if only the former enter.
fn type_checking(test: &Expr) -> Option<bool> {
    match test {
        Expr::Name(name) if name.id.as_str() == "TYPE_CHECKING" => Some(true),
        Expr::Attribute(e) if e.attr.as_str() == "TYPE_CHECKING" && e.value.is_name_expr() => Some(true),
        Expr::UnaryOp(e) if e.op == UnaryOp::Not => {
            type_checking(&e.operand).filter(|&only| only).map(|_| false)
        }
        _ => None,
    }
}

/// Whether a test is a constant that holds.
fn is_true(test: &Expr) -> bool {
    match test {
        Expr::Constant(e) => match &e.value {
            Constant::Bool(value) => *value,
            Constant::Int(value) => value.to_string() != "0",
            _ => false,
        },
        _ => false,
    }
}

/// Whether a pattern takes everything: a name, `_`, or an alternative of which one does.
fn irrefutable(pattern: &Pattern) -> bool {
    match pattern {
        Pattern::MatchAs(p) => p.pattern.as_deref().is_none_or(irrefutable),
        Pattern::MatchOr(p) => p.patterns.iter().any(irrefutable),
        _ => false,
    }
}
