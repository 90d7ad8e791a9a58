//! Loops over what is written out: the rows of a literal, or of a table that has a name.
//!
//! `for rule, view in [("/a", a), ("/b", b)]` is lowered once for each row, so that what stands in one row stays together. So is a loop
//! over `TABLE`, where a single assignment of the scope gives the table as a list or tuple that is written out: what is added to it later
//! may stand at any place of it. A dict may get keys that its literal does not have.

use ruff_python_ast::statement_visitor::{StatementVisitor, walk_stmt};
use ruff_python_ast::{Expr, Stmt, StmtFor};
use ruff_text_size::{Ranged, TextRange};

use super::Lowerer;
use super::scope::Res;
use crate::ir::{Const, Op, Repeat, ScopeKind, VarId};

/// Loops over literals with more rows than this are lowered as any loop.
const MAX_ROWS: usize = 32;

/// The rows of a loop.
enum Rows<'a> {
    /// What is assigned to the targets, row by row.
    Written(Vec<Vec<&'a Expr>>),
    /// A table with so many rows.
    Numbered(usize),
}

impl<'a> Lowerer<'a> {
    /// A loop whose rows are written out: its body once for each of them. Returns whether the loop is one.
    pub(super) fn unrolled(&mut self, s: &'a StmtFor) -> bool {
        let (Some(first), Some(last)) = (s.body.first(), s.body.last()) else { return false };
        let body = TextRange::new(first.start(), last.end());
        // A scope of its own is lowered once.
        let has_scope = || self.table.by_range.keys().any(|&range| body.contains_range(range));
        if s.is_async || !s.body.iter().all(repeatable) || has_scope() {
            return false;
        }
        let Some(targets) = targets(&s.target) else { return false };
        let Some(rows) = self.rows(s, &targets) else { return false };
        let values = self.values_of(s, &targets, rows);
        let mut first: Option<std::ops::Range<u32>> = None;
        for row in values {
            let start = self.f.instrs.len() as u32;
            for (target, value) in targets.iter().zip(row) {
                self.assign(target, value);
            }
            self.block(&s.body);
            let again = start..self.f.instrs.len() as u32;
            match &first {
                None => first = Some(again),
                Some(first) => self.f.repeats.push(Repeat { first: first.clone(), again }),
            }
            if !self.f.live {
                return true;
            }
        }
        self.block(&s.orelse);
        true
    }

    fn rows(&self, s: &'a StmtFor, targets: &[&'a Expr]) -> Option<Rows<'a>> {
        let is_row = |row: &&Expr| fits(row, &s.target, targets.len()).is_some();
        let rows = if let Some(rows) = elements(&s.iter) {
            Rows::Written(rows.iter().map(|row| fits(row, &s.target, targets.len())).collect::<Option<_>>()?)
        } else {
            let rows = elements(self.written(&s.iter).filter(|_| s.iter.is_name_expr())?)?;
            if !rows.iter().all(|row| is_row(&row)) {
                return None;
            }
            Rows::Numbered(rows.len())
        };
        let count = match &rows {
            Rows::Written(rows) => rows.len(),
            Rows::Numbered(count) => *count,
        };
        (1..=MAX_ROWS).contains(&count).then_some(rows)
    }

    /// The values of the targets, row by row.
    fn values_of(&mut self, s: &'a StmtFor, targets: &[&'a Expr], rows: Rows<'a>) -> Vec<Vec<VarId>> {
        let at = s.iter.start();
        let pos = self.pos(at);
        match rows {
            Rows::Written(rows) => rows
                .into_iter()
                .map(|row| row.into_iter().map(|element| self.expr(element)).collect())
                .collect(),
            Rows::Numbered(count) => {
                let table = self.expr(&s.iter);
                let mut values = Vec::with_capacity(count);
                for number in 0..count {
                    let key = self.emit_const(Const::Int(number as i64), at);
                    let row = self.f.fresh(None);
                    self.f.emit(Op::LoadSub { dst: row, obj: table, key }, pos);
                    if !s.target.is_tuple_expr() && !s.target.is_list_expr() {
                        values.push(vec![row]);
                        continue;
                    }
                    let unpack = |index: usize| {
                        let dst = self.f.fresh(None);
                        let op =
                            Op::Unpack { dst, src: row, index: index as u32, from_end: false, rest: false };
                        self.f.emit(op, pos);
                        dst
                    };
                    values.push((0..targets.len()).map(unpack).collect());
                }
                values
            }
        }
    }

    /// The literal that an expression is, or that the only assignment of the name that it is gives it.
    fn written(&self, expr: &'a Expr) -> Option<&'a Expr> {
        let Expr::Name(name) = expr else { return Some(expr) };
        if self.table.deep.is_some() || matches!(self.f.kind, ScopeKind::ClassBody(_)) {
            return None;
        }
        let sym = self.names.find(name.id.as_str(), self.class)?;
        let body = match self.table.resolve(self.scope(), sym).map(|info| info.res) {
            Some(Res::Local(_)) => self.bodies.last(),
            Some(Res::Free { .. }) => None,
            Some(Res::Global) | None => self.bodies.first(),
        }?;
        only_assignment(body, name.id.as_str())
    }
}

/// The names that a loop assigns to.
fn targets(target: &Expr) -> Option<Vec<&Expr>> {
    match target {
        Expr::Name(_) => Some(vec![target]),
        target => {
            let targets = elements(target)?;
            targets.iter().all(Expr::is_name_expr).then(|| targets.iter().collect())
        }
    }
}

/// What a row gives the targets of a loop, if it is as long as they are many.
fn fits<'a>(row: &'a Expr, target: &Expr, targets: usize) -> Option<Vec<&'a Expr>> {
    if target.is_name_expr() {
        return Some(vec![row]);
    }
    elements(row).filter(|row| row.len() == targets).map(|row| row.iter().collect())
}

/// The elements of a list or tuple that is written out.
fn elements(expr: &Expr) -> Option<&[Expr]> {
    let elements = match expr {
        Expr::Tuple(tuple) => tuple.elts.as_slice(),
        Expr::List(list) => list.elts.as_slice(),
        _ => return None,
    };
    (!elements.iter().any(Expr::is_starred_expr)).then_some(elements)
}

/// What the only statement of a body that binds a name assigns to it, if it always runs.
fn only_assignment<'a>(body: &'a [Stmt], name: &str) -> Option<&'a Expr> {
    let mut search = Bindings { name, count: 0, depth: 0 };
    search.visit_body(body);
    if search.count != 1 {
        return None;
    }
    body.iter().find_map(|statement| match statement {
        Stmt::Assign(s) => match &s.targets[..] {
            [Expr::Name(target)] if target.id.as_str() == name => Some(s.value.as_ref()),
            _ => None,
        },
        Stmt::AnnAssign(s) => match s.target.as_ref() {
            Expr::Name(target) if target.id.as_str() == name => s.value.as_deref(),
            _ => None,
        },
        _ => None,
    })
}

/// Counts the statements of a scope that bind a name; one of an inner scope that may is as many as two.
struct Bindings<'n> {
    name: &'n str,
    count: u32,
    depth: u32,
}

impl Bindings<'_> {
    fn target(&mut self, target: &Expr) {
        match target {
            Expr::Name(name) => self.count += u32::from(name.id.as_str() == self.name),
            Expr::Starred(starred) => self.target(&starred.value),
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|target| self.target(target)),
            Expr::List(list) => list.elts.iter().for_each(|target| self.target(target)),
            _ => {}
        }
    }
}

impl<'a> StatementVisitor<'a> for Bindings<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        let is_name = |text: &str| u32::from(text == self.name);
        match statement {
            Stmt::Global(s) => self.count += 2 * s.names.iter().map(|name| is_name(name)).sum::<u32>(),
            Stmt::Nonlocal(s) => self.count += 2 * s.names.iter().map(|name| is_name(name)).sum::<u32>(),
            Stmt::FunctionDef(s) => {
                self.count += if self.depth == 0 { is_name(&s.name) } else { 0 };
                self.depth += 1;
                walk_stmt(self, statement);
                self.depth -= 1;
            }
            Stmt::ClassDef(s) => {
                self.count += if self.depth == 0 { is_name(&s.name) } else { 0 };
                self.depth += 1;
                walk_stmt(self, statement);
                self.depth -= 1;
            }
            statement => {
                if self.depth == 0 {
                    match statement {
                        Stmt::Assign(s) => s.targets.iter().for_each(|target| self.target(target)),
                        Stmt::AnnAssign(s) => self.target(&s.target),
                        Stmt::AugAssign(s) => self.target(&s.target),
                        Stmt::For(s) => self.target(&s.target),
                        Stmt::Delete(s) => s.targets.iter().for_each(|target| self.target(target)),
                        Stmt::With(s) => {
                            s.items.iter().filter_map(|item| item.optional_vars.as_deref()).for_each(
                                |target| {
                                    self.target(target);
                                },
                            );
                        }
                        Stmt::Import(s) => {
                            for alias in &s.names {
                                let bound = alias.asname.as_ref().unwrap_or(&alias.name);
                                self.count += u32::from(bound.as_str() == self.name);
                            }
                        }
                        Stmt::ImportFrom(s) => {
                            for alias in &s.names {
                                let bound = alias.asname.as_ref().unwrap_or(&alias.name);
                                self.count += u32::from(bound.as_str() == self.name);
                                self.count += 2 * u32::from(alias.name.as_str() == "*");
                            }
                        }
                        _ => {}
                    }
                }
                walk_stmt(self, statement);
            }
        }
    }
}

/// Whether a statement can be lowered several times: it opens no scope, is no loop and does not leave one.
fn repeatable(statement: &Stmt) -> bool {
    match statement {
        Stmt::Expr(_)
        | Stmt::Assign(_)
        | Stmt::AnnAssign(_)
        | Stmt::AugAssign(_)
        | Stmt::Assert(_)
        | Stmt::Pass(_)
        | Stmt::Return(_)
        | Stmt::Raise(_) => true,
        Stmt::If(s) => {
            let arms = s.elif_else_clauses.iter().flat_map(|clause| &clause.body);
            s.body.iter().chain(arms).all(repeatable)
        }
        _ => false,
    }
}
