//! The walk that fills the symbol table.
//!
//! Annotations are not walked: they are not evaluated in the sense of this tool.

use ruff_python_ast::{Comprehension, Expr, InterpolatedStringElement, Parameters, Pattern, Stmt, StmtIf};
use ruff_text_size::{Ranged, TextRange};
use rustc_hash::{FxHashMap, FxHashSet};

use super::scope::{
    BOUND, GLOBAL, Kind, NO_SCOPE, NO_SLOT, NONLOCAL, NameInfo, Res, Scope, Slot, Table, USED,
};
use super::text::Interner;
use super::{MAX_EXPR_DEPTH, MAX_STMT_DEPTH, branches, fstring_elements};
use crate::ir::Sym;

/// Builds the symbol table.
pub(super) fn build(body: &[Stmt], interner: &mut Interner) -> Table {
    let mut walker = Walker {
        interner,
        table: Table {
            scopes: Vec::new(),
            by_range: FxHashMap::default(),
            loops: FxHashMap::default(),
            deep: None,
            longest_chain: 0,
        },
        globals: FxHashSet::default(),
        current: 0,
        class: None,
        expr_depth: 0,
        stmt_depth: 0,
        seen: Vec::new(),
    };
    walker.open(Kind::Module, NO_SCOPE, None);
    walker.block(body);
    let Walker { mut table, globals, .. } = walker;
    table.resolve_all(&globals);
    table
}

struct Walker<'a, 'i> {
    interner: &'i mut Interner,
    table: Table,
    globals: FxHashSet<Sym>,
    current: u32,
    class: Option<&'a str>,
    expr_depth: u32,
    stmt_depth: u32,
    seen: Vec<u32>,
}

impl<'a> Walker<'a, '_> {
    fn open(&mut self, kind: Kind, parent: u32, range: Option<TextRange>) -> u32 {
        let id = self.table.scopes.len() as u32;
        let host = if kind == Kind::Comprehension { self.table.scopes[parent as usize].host } else { id };
        self.table.scopes.push(Scope {
            kind,
            host,
            names: FxHashMap::default(),
            slots: Vec::new(),
            is_generator: false,
            parent,
            log: Vec::new(),
            first_param: NO_SLOT,
        });
        if let Some(range) = range {
            self.table.by_range.insert(range, id);
        }
        id
    }

    fn sym(&mut self, text: &str) -> Sym {
        self.interner.name(text, self.class)
    }

    fn flag(&mut self, scope: u32, name: Sym, flag: u8) -> &mut NameInfo {
        let info = self.table.scopes[scope as usize].names.entry(name).or_insert(NameInfo {
            flags: 0,
            slot: NO_SLOT,
            res: Res::Global,
            outer: Res::Global,
        });
        info.flags |= flag;
        info
    }

    fn bind_in(&mut self, scope: u32, name: Sym) -> u32 {
        let comprehension = self.table.scopes[scope as usize].kind == Kind::Comprehension;
        let host = self.table.scopes[scope as usize].host as usize;
        let next = self.table.scopes[host].slots.len() as u32;
        let info = self.flag(scope, name, BOUND);
        if info.flags & (GLOBAL | NONLOCAL) != 0 {
            return NO_SLOT;
        }
        if info.slot == NO_SLOT {
            info.slot = next;
        }
        let slot = info.slot;
        let host = &mut self.table.scopes[host];
        if slot == next {
            host.slots.push(Slot {
                name,
                captured: false,
                written_inside: false,
                declared_global: false,
                comprehension,
                binds: 0,
            });
        }
        host.slots[slot as usize].binds += 1;
        host.log.push(slot);
        slot
    }

    fn bind(&mut self, text: &str) {
        let name = self.sym(text);
        self.bind_in(self.current, name);
    }

    fn use_name(&mut self, text: &str) {
        let name = self.sym(text);
        self.flag(self.current, name, USED);
    }

    fn log_len(&self) -> usize {
        let host = self.table.scopes[self.current as usize].host as usize;
        self.table.scopes[host].log.len()
    }

    /// Records what has been assigned since `start` as the assignments of the loop with this range.
    fn record_loop(&mut self, range: TextRange, start: usize) {
        let host = self.table.scopes[self.current as usize].host as usize;
        let host = &self.table.scopes[host];
        self.seen.clear();
        self.seen.extend(host.log[start..].iter().copied().filter(|&slot| {
            let slot = &host.slots[slot as usize];
            !slot.comprehension
        }));
        self.seen.sort_unstable();
        self.seen.dedup();
        if !self.seen.is_empty() {
            self.table.loops.insert(range, self.seen.clone().into_boxed_slice());
        }
    }

    fn block(&mut self, body: &'a [Stmt]) {
        for stmt in body {
            self.stmt(stmt);
        }
    }

    fn stmt(&mut self, stmt: &'a Stmt) {
        if self.stmt_depth >= MAX_STMT_DEPTH {
            self.table.deep.get_or_insert(stmt.start());
            return;
        }
        self.stmt_depth += 1;
        self.stmt_inner(stmt);
        self.stmt_depth -= 1;
    }

    fn stmt_inner(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(def) => {
                for decorator in &def.decorator_list {
                    self.expr(&decorator.expression);
                }
                self.defaults(&def.parameters);
                self.bind(def.name.as_str());
                let outer = self.current;
                self.current = self.open(Kind::Function, outer, Some(def.range));
                self.params(&def.parameters);
                self.block(&def.body);
                self.current = outer;
            }
            Stmt::ClassDef(class) => {
                for decorator in &class.decorator_list {
                    self.expr(&decorator.expression);
                }
                for base in class.bases() {
                    self.expr(base);
                }
                for keyword in class.keywords() {
                    self.expr(&keyword.value);
                }
                self.bind(class.name.as_str());
                let outer = self.current;
                let outer_class = self.class.replace(class.name.as_str());
                self.current = self.open(Kind::Class, outer, Some(class.range));
                self.block(&class.body);
                self.current = outer;
                self.class = outer_class;
            }
            Stmt::Return(s) => self.opt(s.value.as_deref()),
            Stmt::Delete(s) => s.targets.iter().for_each(|target| self.target(target)),
            Stmt::TypeAlias(s) => self.target(&s.name),
            Stmt::Assign(s) => {
                self.expr(&s.value);
                s.targets.iter().for_each(|target| self.target(target));
            }
            Stmt::AugAssign(s) => {
                self.expr(&s.value);
                if let Expr::Name(name) = s.target.as_ref() {
                    self.use_name(name.id.as_str());
                }
                self.target(&s.target);
            }
            Stmt::AnnAssign(s) => {
                self.opt(s.value.as_deref());
                self.target(&s.target);
            }
            Stmt::For(s) => {
                self.expr(&s.iter);
                let start = self.log_len();
                self.target(&s.target);
                self.block(&s.body);
                self.record_loop(s.range, start);
                self.block(&s.orelse);
            }
            Stmt::While(s) => {
                let start = self.log_len();
                self.expr(&s.test);
                self.block(&s.body);
                self.record_loop(s.range, start);
                self.block(&s.orelse);
            }
            Stmt::If(s) => self.if_stmt(s),
            Stmt::With(s) => {
                for item in &s.items {
                    self.expr(&item.context_expr);
                    if let Some(target) = &item.optional_vars {
                        self.target(target);
                    }
                }
                self.block(&s.body);
            }
            Stmt::Match(s) => {
                self.expr(&s.subject);
                for case in &s.cases {
                    self.pattern(&case.pattern);
                    self.opt(case.guard.as_deref());
                    self.block(&case.body);
                }
            }
            Stmt::Raise(s) => {
                self.opt(s.exc.as_deref());
                self.opt(s.cause.as_deref());
            }
            Stmt::Try(s) => {
                self.block(&s.body);
                for handler in &s.handlers {
                    let ruff_python_ast::ExceptHandler::ExceptHandler(handler) = handler;
                    self.opt(handler.type_.as_deref());
                    if let Some(name) = &handler.name {
                        self.bind(name.as_str());
                    }
                    self.block(&handler.body);
                }
                self.block(&s.orelse);
                self.block(&s.finalbody);
            }
            Stmt::Assert(s) => {
                self.expr(&s.test);
                self.opt(s.msg.as_deref());
            }
            Stmt::Import(s) => {
                for alias in &s.names {
                    let bound = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
                    self.bind(bound.split('.').next().unwrap_or(bound));
                }
            }
            Stmt::ImportFrom(s) => {
                if s.module.as_deref() == Some("__future__") {
                    return;
                }
                for alias in &s.names {
                    let bound = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
                    if bound != "*" {
                        self.bind(bound);
                    }
                }
            }
            Stmt::Global(s) => {
                for name in &s.names {
                    let name = self.sym(name.as_str());
                    if self.table.scopes[self.current as usize].kind != Kind::Module {
                        self.globals.insert(name);
                        self.flag(self.current, name, GLOBAL);
                    }
                }
            }
            Stmt::Nonlocal(s) => {
                for name in &s.names {
                    let name = self.sym(name.as_str());
                    if self.table.scopes[self.current as usize].kind != Kind::Module {
                        self.flag(self.current, name, NONLOCAL);
                    }
                }
            }
            Stmt::Expr(s) => self.expr(&s.value),
            Stmt::Pass(_) | Stmt::Break(_) | Stmt::Continue(_) | Stmt::IpyEscapeCommand(_) => {}
        }
    }

    fn if_stmt(&mut self, s: &'a StmtIf) {
        for branch in branches(s) {
            if let Some(test) = branch.test {
                self.expr(test);
            }
            self.block(branch.body);
        }
    }

    fn defaults(&mut self, params: &'a Parameters) {
        for param in params {
            if let Some(default) = param.default() {
                self.expr(default);
            }
        }
    }

    fn params(&mut self, params: &'a Parameters) {
        let mut first = true;
        for param in params {
            let name = self.sym(param.name().as_str());
            let slot = self.bind_in(self.current, name);
            if first && !param.is_variadic() {
                self.table.scopes[self.current as usize].first_param = slot;
            }
            first = false;
        }
    }

    fn opt(&mut self, expr: Option<&'a Expr>) {
        if let Some(expr) = expr {
            self.expr(expr);
        }
    }

    fn target(&mut self, target: &'a Expr) {
        match target {
            Expr::Name(name) => self.bind(name.id.as_str()),
            Expr::Tuple(_) | Expr::List(_) | Expr::Starred(_) => {
                if self.expr_depth >= MAX_EXPR_DEPTH {
                    self.table.deep.get_or_insert(target.start());
                    return;
                }
                self.expr_depth += 1;
                match target {
                    Expr::Tuple(tuple) => tuple.elts.iter().for_each(|elt| self.target(elt)),
                    Expr::List(list) => list.elts.iter().for_each(|elt| self.target(elt)),
                    Expr::Starred(starred) => self.target(&starred.value),
                    _ => {}
                }
                self.expr_depth -= 1;
            }
            other => self.expr(other),
        }
    }

    fn pattern(&mut self, pattern: &'a Pattern) {
        if self.expr_depth >= MAX_EXPR_DEPTH {
            self.table.deep.get_or_insert(pattern.start());
            return;
        }
        self.expr_depth += 1;
        match pattern {
            Pattern::MatchValue(p) => self.expr(&p.value),
            Pattern::MatchSingleton(_) => {}
            Pattern::MatchSequence(p) => p.patterns.iter().for_each(|p| self.pattern(p)),
            Pattern::MatchMapping(p) => {
                p.keys.iter().for_each(|key| self.expr(key));
                p.patterns.iter().for_each(|p| self.pattern(p));
                if let Some(rest) = &p.rest {
                    self.bind(rest.as_str());
                }
            }
            Pattern::MatchClass(p) => {
                self.expr(&p.cls);
                p.arguments.patterns.iter().for_each(|p| self.pattern(p));
                p.arguments.keywords.iter().for_each(|k| self.pattern(&k.pattern));
            }
            Pattern::MatchStar(p) => {
                if let Some(name) = &p.name {
                    self.bind(name.as_str());
                }
            }
            Pattern::MatchAs(p) => {
                if let Some(pattern) = &p.pattern {
                    self.pattern(pattern);
                }
                if let Some(name) = &p.name {
                    self.bind(name.as_str());
                }
            }
            Pattern::MatchOr(p) => p.patterns.iter().for_each(|p| self.pattern(p)),
        }
        self.expr_depth -= 1;
    }

    fn expr(&mut self, expr: &'a Expr) {
        if self.expr_depth >= MAX_EXPR_DEPTH {
            self.table.deep.get_or_insert(expr.start());
            return;
        }
        self.expr_depth += 1;
        self.expr_inner(expr);
        self.expr_depth -= 1;
    }

    /// Left operands, callees and receivers are followed in a loop: such chains are as long as people like.
    fn expr_inner(&mut self, mut expr: &'a Expr) {
        let mut chain = 0;
        loop {
            chain += 1;
            expr = match expr {
                Expr::Attribute(e) => &e.value,
                Expr::Subscript(e) => {
                    self.expr(&e.slice);
                    &e.value
                }
                Expr::BinOp(e) => {
                    self.expr(&e.right);
                    &e.left
                }
                Expr::Call(e) => {
                    if let Expr::Name(name) = e.func.as_ref()
                        && name.id.as_str() == "super"
                        && e.arguments.is_empty()
                    {
                        self.capture_self();
                    }
                    e.arguments.args.iter().for_each(|arg| self.expr(arg));
                    e.arguments.keywords.iter().for_each(|keyword| self.expr(&keyword.value));
                    &e.func
                }
                other => {
                    self.leaf(other);
                    break;
                }
            };
        }
        self.table.longest_chain = self.table.longest_chain.max(chain);
    }

    fn leaf(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Name(e) => self.use_name(e.id.as_str()),
            Expr::BoolOp(e) => e.values.iter().for_each(|value| self.expr(value)),
            Expr::Named(e) => {
                self.expr(&e.value);
                if let Expr::Name(name) = e.target.as_ref() {
                    let name = self.sym(name.id.as_str());
                    let host = self.table.scopes[self.current as usize].host;
                    self.bind_in(host, name);
                }
            }
            Expr::UnaryOp(e) => self.expr(&e.operand),
            Expr::Lambda(e) => {
                if let Some(params) = &e.parameters {
                    self.defaults(params);
                }
                let outer = self.current;
                self.current = self.open(Kind::Lambda, outer, Some(e.range));
                if let Some(params) = &e.parameters {
                    self.params(params);
                }
                self.expr(&e.body);
                self.current = outer;
            }
            Expr::If(e) => {
                self.expr(&e.test);
                self.expr(&e.body);
                self.expr(&e.orelse);
            }
            Expr::Dict(e) => {
                for item in &e.items {
                    self.opt(item.key.as_ref());
                    self.expr(&item.value);
                }
            }
            Expr::Set(e) => e.elts.iter().for_each(|elt| self.expr(elt)),
            Expr::List(e) => e.elts.iter().for_each(|elt| self.expr(elt)),
            Expr::Tuple(e) => e.elts.iter().for_each(|elt| self.expr(elt)),
            Expr::ListComp(e) => self.comprehension(e.range, &e.generators, &[&e.elt]),
            Expr::SetComp(e) => self.comprehension(e.range, &e.generators, &[&e.elt]),
            Expr::Generator(e) => self.comprehension(e.range, &e.generators, &[&e.elt]),
            Expr::DictComp(e) => match &e.key {
                Some(key) => self.comprehension(e.range, &e.generators, &[key, &e.value]),
                None => self.comprehension(e.range, &e.generators, &[&e.value]),
            },
            Expr::Await(e) => self.expr(&e.value),
            Expr::Yield(e) => {
                self.mark_generator();
                self.opt(e.value.as_deref());
            }
            Expr::YieldFrom(e) => {
                self.mark_generator();
                self.expr(&e.value);
            }
            Expr::Compare(e) => {
                self.expr(&e.left);
                e.comparators.iter().for_each(|c| self.expr(c));
            }
            Expr::FString(e) => fstring_elements(&e.value).for_each(|el| self.element(el)),
            Expr::TString(e) => e.value.elements().for_each(|el| self.element(el)),
            Expr::Starred(e) => self.expr(&e.value),
            Expr::Slice(e) => {
                self.opt(e.lower.as_deref());
                self.opt(e.upper.as_deref());
                self.opt(e.step.as_deref());
            }
            Expr::Attribute(_)
            | Expr::Subscript(_)
            | Expr::BinOp(_)
            | Expr::Call(_)
            | Expr::StringLiteral(_)
            | Expr::BytesLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_)
            | Expr::EllipsisLiteral(_)
            | Expr::IpyEscapeCommand(_) => {}
        }
    }

    fn element(&mut self, element: &'a InterpolatedStringElement) {
        if let InterpolatedStringElement::Interpolation(value) = element {
            self.expr(&value.expression);
            if let Some(spec) = &value.format_spec
                && self.expr_depth < MAX_EXPR_DEPTH
            {
                self.expr_depth += 1;
                spec.elements.iter().for_each(|el| self.element(el));
                self.expr_depth -= 1;
            }
        }
    }

    fn comprehension(&mut self, range: TextRange, generators: &'a [Comprehension], results: &[&'a Expr]) {
        let outer = self.current;
        let start = self.log_len();
        if let Some(first) = generators.first() {
            self.expr(&first.iter);
        }
        self.current = self.open(Kind::Comprehension, outer, Some(range));
        for (i, generator) in generators.iter().enumerate() {
            if i > 0 {
                self.expr(&generator.iter);
            }
            self.target(&generator.target);
            generator.ifs.iter().for_each(|test| self.expr(test));
        }
        results.iter().for_each(|result| self.expr(result));
        self.record_loop(range, start);
        self.current = outer;
    }

    fn mark_generator(&mut self) {
        let host = self.table.scopes[self.current as usize].host as usize;
        self.table.scopes[host].is_generator = true;
    }

    /// `super()` in a function nested in a method reads the method's first parameter through a cell.
    fn capture_self(&mut self) {
        let scopes = &self.table.scopes;
        let here = scopes[self.current as usize].host;
        let mut method = here;
        loop {
            let scope = &scopes[method as usize];
            if !matches!(scope.kind, Kind::Function | Kind::Lambda) || scope.parent == NO_SCOPE {
                return;
            }
            let parent = scopes[scope.parent as usize].host;
            if scopes[parent as usize].kind == Kind::Class {
                break;
            }
            method = parent;
        }
        let method = &mut self.table.scopes[method as usize];
        let first = method.first_param;
        let nested = method.host != here;
        if let Some(slot) = method.slots.get_mut(first as usize)
            && nested
        {
            slot.captured = true;
        }
    }
}
