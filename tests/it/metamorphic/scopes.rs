//! Names of a scope, as far as the transformations need them.

use std::collections::{BTreeMap, BTreeSet};

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Alias, ExceptHandler, Expr, ExprContext, Parameter, Pattern, Stmt};
use ruff_text_size::{Ranged, TextRange};

/// The names in some statements.
#[derive(Default)]
pub struct Names<'a> {
    /// Places where a name stands, in this scope and not in one inside of it.
    pub places: BTreeMap<&'a str, Vec<TextRange>>,
    /// Names that an assignment, a loop or the like binds in this scope.
    pub assigned: BTreeSet<&'a str>,
    /// Names bound in another way: by an import, a definition, an exception handler, a pattern, a parameter, or declared.
    pub bound_otherwise: BTreeSet<&'a str>,
    /// Names that stand in a scope inside of this one, comprehensions with their targets included.
    pub inner: BTreeSet<&'a str>,
    /// Functions and lambdas in this scope.
    pub functions: Vec<TextRange>,
    depth: usize,
}

impl<'a> Names<'a> {
    /// The names in the statements of one scope.
    pub fn of(body: &'a [Stmt]) -> Names<'a> {
        let mut names = Names::default();
        names.visit_body(body);
        names
    }

    /// All names that stand somewhere in a statement.
    pub fn in_statement(stmt: &'a Stmt) -> BTreeSet<&'a str> {
        let names = Names::of(std::slice::from_ref(stmt));
        names.places.keys().copied().chain(names.inner).collect()
    }

    fn other(&mut self, name: &'a str) {
        if self.depth > 0 {
            self.inner.insert(name);
        } else {
            self.bound_otherwise.insert(name);
        }
    }

    fn inside(&mut self, visit: impl FnOnce(&mut Self)) {
        self.depth += 1;
        visit(self);
        self.depth -= 1;
    }
}

impl<'a> Visitor<'a> for Names<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(def) => {
                self.other(&def.name);
                self.functions.push(def.range());
                def.decorator_list.iter().for_each(|decorator| self.visit_decorator(decorator));
                def.parameters
                    .iter()
                    .filter_map(|p| p.default())
                    .for_each(|default| self.visit_expr(default));
                self.inside(|names| {
                    names.visit_parameters(&def.parameters);
                    names.visit_body(&def.body);
                });
            }
            Stmt::ClassDef(class) => {
                self.other(&class.name);
                class.decorator_list.iter().for_each(|decorator| self.visit_decorator(decorator));
                class.arguments.iter().for_each(|arguments| self.visit_arguments(arguments));
                self.inside(|names| names.visit_body(&class.body));
            }
            Stmt::Global(global) => global.names.iter().for_each(|name| self.other(name)),
            Stmt::Nonlocal(nonlocal) => nonlocal.names.iter().for_each(|name| self.other(name)),
            _ => visitor::walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Name(name) if self.depth > 0 => _ = self.inner.insert(&name.id),
            Expr::Name(name) => {
                self.places.entry(&name.id).or_default().push(name.range());
                if name.ctx == ExprContext::Store {
                    self.assigned.insert(&name.id);
                }
            }
            Expr::Lambda(lambda) => {
                self.functions.push(lambda.range());
                self.inside(|names| visitor::walk_expr(names, expr));
            }
            Expr::ListComp(_) | Expr::SetComp(_) | Expr::DictComp(_) | Expr::Generator(_) => {
                self.inside(|names| visitor::walk_expr(names, expr));
            }
            _ => visitor::walk_expr(self, expr),
        }
    }

    fn visit_parameter(&mut self, parameter: &'a Parameter) {
        self.other(&parameter.name);
        visitor::walk_parameter(self, parameter);
    }

    fn visit_alias(&mut self, alias: &'a Alias) {
        let name = alias.asname.as_ref().unwrap_or(&alias.name);
        self.other(name.split('.').next().unwrap_or(name));
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(named) = handler;
        if let Some(name) = &named.name {
            self.other(name);
        }
        visitor::walk_except_handler(self, handler);
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        match pattern {
            Pattern::MatchAs(bound) => bound.name.iter().for_each(|name| self.other(name)),
            Pattern::MatchStar(bound) => bound.name.iter().for_each(|name| self.other(name)),
            Pattern::MatchMapping(bound) => bound.rest.iter().for_each(|name| self.other(name)),
            _ => {}
        }
        visitor::walk_pattern(self, pattern);
    }
}
