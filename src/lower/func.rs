//! Scopes: functions, classes, parameters, decorators, and the binding of names.

use ruff_python_ast::{Decorator, Expr, Parameters, Stmt, StmtClassDef, StmtFunctionDef};
use ruff_text_size::{Ranged, TextSize};

use super::builder::{Builder, UNBOUND};
use super::scope::Res;
use super::{Lowerer, slot_names};
use crate::ir::{
    Arg, CallRole, ClassIr, Const, DecoratorRef, FileIr, FuncIr, LocalClass, LocalFunc, Op, Param, ParamKind,
    Pos, ScopeKind, Sym, VarDef, VarId,
};

impl<'a> Lowerer<'a> {
    /// Opens a function, lambda or class body in the current scope.
    pub(super) fn enter(&mut self, kind: ScopeKind, scope: u32, name: Sym, qualname: Option<Sym>) {
        let qualname = match qualname {
            Some(qualname) => qualname,
            None => self.qualname(name),
        };
        let id = LocalFunc(self.funcs.len() as u32);
        self.funcs.push(None);
        let slots = &self.table.scopes[scope as usize].slots;
        self.slot_names.push(slot_names(slots));
        let f = match self.spare.pop() {
            Some(mut spare) => {
                spare.restart(id, kind, scope, slots.len(), qualname);
                spare
            }
            None => Builder::new(id, kind, scope, slots.len(), qualname),
        };
        let outer = std::mem::replace(&mut self.f, f);
        self.stack.push(outer);
        self.f.name = name;
        self.f.update = self.names.intern("update");
    }

    /// The qualified name (PEP 3155) of something defined in the current scope.
    pub(super) fn qualname(&mut self, name: Sym) -> Sym {
        let outer = self.names.text(self.f.qualname);
        let inner = self.names.text(name);
        let text = match self.f.kind {
            ScopeKind::Module => return name,
            ScopeKind::ClassBody(_) => format!("{outer}.{inner}"),
            ScopeKind::Function | ScopeKind::Lambda => format!("{outer}.<locals>.{inner}"),
        };
        self.names.intern(&text)
    }

    /// Makes the cells of the current scope, parameters filled in.
    pub(super) fn make_cells(&mut self, pos: Pos) {
        let host = self.host() as usize;
        for slot in 0..self.table.scopes[host].slots.len() {
            let info = &self.table.scopes[host].slots[slot];
            if !info.captured {
                continue;
            }
            let cell = self.f.declare(Some(info.name), VarDef::Cell);
            self.f.cells[slot] = cell;
            let src = self.f.get(slot as u32);
            if src != UNBOUND {
                self.f.emit(Op::Copy { dst: cell, src }, pos);
            }
        }
    }

    /// Closes the current scope and goes back to the one around it.
    pub(super) fn leave(&mut self, end_line: u32, is_async: bool, pos: Pos) -> LocalFunc {
        let id = self.f.id;
        if let Some(outer) = self.stack.pop() {
            let inner = std::mem::replace(&mut self.f, outer);
            let parent = Some(self.f.id);
            self.slot_names.pop();
            let func = self.close(inner, parent, end_line, is_async, pos);
            self.funcs[id.0 as usize] = Some(func);
        }
        id
    }

    fn close(
        &mut self,
        mut f: Builder,
        parent: Option<LocalFunc>,
        end_line: u32,
        is_async: bool,
        pos: Pos,
    ) -> FuncIr {
        let scope = &self.table.scopes[f.scopes.first().copied().unwrap_or(0) as usize];
        let mut bound_names: Vec<Sym> =
            scope.slots.iter().filter(|slot| !slot.comprehension).map(|slot| slot.name).collect();
        bound_names.sort_unstable();
        bound_names.dedup();
        let mut self_attrs: Vec<Sym> = f.self_attrs.drain().collect();
        self_attrs.sort_unstable();
        let func = FuncIr {
            name: f.name,
            qualname: f.qualname,
            kind: f.kind,
            parent,
            pos,
            end_line,
            is_generator: scope.is_generator,
            is_async,
            params: std::mem::take(&mut f.params),
            // Copied to lists of just their length.
            vars: f.vars.drain(..).collect(),
            instrs: f.instrs.drain(..).collect(),
            guards: f.guards.drain(..).collect(),
            bound_names,
            repeats: std::mem::take(&mut f.repeats),
            catches: std::mem::take(&mut f.catches),
            decorators: Vec::new(),
            self_attrs,
            never_returns: !scope.is_generator && !f.returns && !f.live,
        };
        self.spare.push(f);
        func
    }

    /// Closes the module.
    pub(super) fn finish(mut self, end_line: u32, pos: Pos) -> FileIr {
        let blank = Builder::new(LocalFunc(0), ScopeKind::Module, 0, 0, self.f.qualname);
        let module = std::mem::replace(&mut self.f, blank);
        let module = self.close(module, None, end_line, false, pos);
        if let Some(first) = self.funcs.first_mut() {
            *first = Some(module);
        }
        FileIr {
            strings: self.names.into_strings(),
            funcs: self.funcs.into_iter().flatten().collect(),
            classes: self.classes.into_iter().flatten().collect(),
            errors: self.errors,
        }
    }

    /// Default values, evaluated in the current scope.
    pub(super) fn defaults(&mut self, params: &'a Parameters) -> Vec<(u32, VarId)> {
        let mut defaults = Vec::new();
        for (index, param) in ordered(params).into_iter().enumerate() {
            if let Some(default) = param.default {
                defaults.push((index as u32, self.expr(default)));
            }
        }
        defaults
    }

    /// Declares the parameters of the current scope.
    pub(super) fn params(&mut self, params: &'a Parameters) {
        for (index, param) in ordered(params).into_iter().enumerate() {
            let name = self.sym(param.name);
            let var = self.f.declare(Some(name), VarDef::Param(index as u32));
            let annotation = param.annotation.and_then(|annotation| {
                let text = match annotation {
                    Expr::StringLiteral(text) => {
                        let text = text.value.to_str();
                        is_dotted(text).then(|| text.to_owned())
                    }
                    other => dotted(other),
                };
                text.map(|text| self.names.intern(&text))
            });
            self.f.params.push(Param { name, kind: param.kind, var, tested: false, annotation });
            let scope = self.host();
            if let Some(Res::Local(slot)) = self.table.resolve(scope, name).map(|info| info.res) {
                self.f.define(slot, var);
            }
        }
    }

    /// A `def` statement.
    pub(super) fn function(&mut self, def: &'a StmtFunctionDef) {
        let Some(scope) = self.table.scope_at(def.range) else {
            return;
        };
        let decorators = self.decorator_values(&def.decorator_list);
        let defaults = self.defaults(&def.parameters);
        let at = self.keyword(&def.decorator_list, def.start());
        let pos = self.pos(at);
        let bound = self.sym(def.name.as_str());
        let (name, qualname) = self.def_names(def.name.as_str(), bound);
        let end_line = self.lines.line_before(def.end());
        self.enter(ScopeKind::Function, scope, name, Some(qualname));
        self.params(&def.parameters);
        self.make_cells(pos);
        self.bodies.push(&def.body);
        let bare = self.block(&def.body);
        self.bodies.pop();
        if self.f.live {
            self.f.returns = true;
            if !self.table.scopes[scope as usize].is_generator {
                self.guard_returned(bare);
                let end = TextSize::from(u32::from(def.end()).saturating_sub(1));
                let src = self.emit_const(Const::None, end);
                let at = self.pos(end);
                self.f.emit(Op::Return { src }, at);
            }
        }
        let func = self.leave(end_line, def.is_async, pos);
        let dst = self.f.fresh(None);
        self.f.emit(Op::MakeFunc { dst, func, defaults: defaults.into() }, pos);
        let role = CallRole::DecoratesFunc(func);
        let (value, refs) = self.decorate(&def.decorator_list, decorators, dst, role);
        if let Some(func) = &mut self.funcs[func.0 as usize] {
            func.decorators = refs;
        }
        self.bind(bound, value, at);
    }

    /// A `class` statement.
    pub(super) fn class(&mut self, def: &'a StmtClassDef) {
        let Some(scope) = self.table.scope_at(def.range) else {
            return;
        };
        let decorators = self.decorator_values(&def.decorator_list);
        let mut bases = Vec::with_capacity(def.bases().len() + def.keywords().len());
        for base in def.bases() {
            bases.push(match base {
                Expr::Starred(starred) => Arg::Star(self.expr(&starred.value)),
                base => Arg::Pos(self.expr(base)),
            });
        }
        for keyword in def.keywords() {
            let value = self.expr(&keyword.value);
            if let Some(name) = &keyword.arg {
                bases.push(Arg::Kw(self.sym(name.as_str()), value));
            }
        }
        let at = self.keyword(&def.decorator_list, def.start());
        let pos = self.pos(at);
        let bound = self.sym(def.name.as_str());
        let (name, qualname) = self.def_names(def.name.as_str(), bound);
        let end_line = self.lines.line_before(def.end());
        let class = LocalClass(self.classes.len() as u32);
        self.classes.push(None);
        let outer_class = self.class.replace(def.name.as_str());
        self.enter(ScopeKind::ClassBody(class), scope, name, Some(qualname));
        self.make_cells(pos);
        self.block(&def.body);
        let body = self.leave(end_line, false, pos);
        self.class = outer_class;
        let dst = self.f.fresh(None);
        self.f.emit(Op::MakeClass { dst, class, bases: bases.into() }, pos);
        let role = CallRole::DecoratesClass(class);
        let (value, refs) = self.decorate(&def.decorator_list, decorators, dst, role);
        if let Some(func) = &mut self.funcs[body.0 as usize] {
            func.decorators = refs.clone();
        }
        let fields = self.annotated(&def.body);
        self.classes[class.0 as usize] =
            Some(ClassIr { name, qualname, body, pos, decorators: refs, fields });
        self.bind(bound, value, at);
    }

    /// The names that the statements of a class body annotate, except as class variables (`typing.ClassVar`).
    fn annotated(&mut self, body: &[Stmt]) -> Vec<Sym> {
        let mut names = Vec::new();
        for stmt in body {
            let Stmt::AnnAssign(stmt) = stmt else { continue };
            let Expr::Name(target) = &*stmt.target else { continue };
            let annotation = match &*stmt.annotation {
                Expr::Subscript(annotation) => dotted(&annotation.value),
                Expr::StringLiteral(text) => text.value.to_str().split('[').next().map(str::to_owned),
                annotation => dotted(annotation),
            };
            let last = annotation.as_deref().and_then(|text| text.rsplit('.').next());
            if last != Some("ClassVar") {
                names.push(self.sym(target.id.as_str()));
            }
        }
        names
    }

    /// The plain and the qualified name of a definition; a name declared `global` is qualified as such.
    fn def_names(&mut self, text: &str, bound: Sym) -> (Sym, Sym) {
        let name = self.names.intern(text);
        let global = self.table.resolve(self.scope(), bound).is_some_and(|info| info.is_global());
        let qualname = if global { name } else { self.qualname(name) };
        (name, qualname)
    }

    /// Where the `def` or `class` keyword stands, below the decorators.
    fn keyword(&mut self, decorators: &[Decorator], start: TextSize) -> TextSize {
        match decorators.last() {
            Some(last) => self.lines.skip_trivia(last.end()),
            None => start,
        }
    }

    fn decorator_values(&mut self, decorators: &'a [Decorator]) -> Vec<VarId> {
        decorators.iter().map(|decorator| self.expr(&decorator.expression)).collect()
    }

    /// Applies decorators, innermost first; the references are in source order.
    fn decorate(
        &mut self,
        decorators: &[Decorator],
        values: Vec<VarId>,
        mut value: VarId,
        role: CallRole,
    ) -> (VarId, Vec<DecoratorRef>) {
        let mut refs = Vec::with_capacity(decorators.len());
        for (decorator, callee) in decorators.iter().zip(values).rev() {
            let pos = self.pos(decorator.expression.start());
            let (dst, call) = self.emit_call(callee, vec![Arg::Pos(value)], role, pos);
            value = dst;
            let named = match &decorator.expression {
                Expr::Call(call) => call.func.as_ref(),
                other => other,
            };
            let text = dotted(named);
            let name = self.names.intern(text.as_deref().unwrap_or("<expression>"));
            refs.push(DecoratorRef { name, pos, call });
        }
        refs.reverse();
        (value, refs)
    }
}

/// A parameter as written.
struct Written<'a> {
    name: &'a str,
    kind: ParamKind,
    default: Option<&'a Expr>,
    annotation: Option<&'a Expr>,
}

/// Parameters in declaration order.
fn ordered(params: &Parameters) -> Vec<Written<'_>> {
    let mut all = Vec::with_capacity(params.len());
    let groups = [
        (&params.posonlyargs, ParamKind::PositionalOnly),
        (&params.args, ParamKind::Positional),
        (&params.kwonlyargs, ParamKind::KeywordOnly),
    ];
    for (group, kind) in groups {
        if kind == ParamKind::KeywordOnly
            && let Some(vararg) = &params.vararg
        {
            all.push(Written {
                name: vararg.name.as_str(),
                kind: ParamKind::VarArgs,
                default: None,
                annotation: vararg.annotation(),
            });
        }
        all.extend(group.iter().map(|param| Written {
            name: param.parameter.name.as_str(),
            kind,
            default: param.default.as_deref(),
            annotation: param.parameter.annotation(),
        }));
    }
    if let Some(kwarg) = &params.kwarg {
        all.push(Written {
            name: kwarg.name.as_str(),
            kind: ParamKind::KwArgs,
            default: None,
            annotation: kwarg.annotation(),
        });
    }
    all
}

/// The text of a dotted name.
fn dotted(expr: &Expr) -> Option<String> {
    let mut parts = Vec::new();
    let mut at = expr;
    loop {
        match at {
            Expr::Attribute(attribute) => {
                parts.push(attribute.attr.as_str());
                at = &attribute.value;
            }
            Expr::Name(name) => {
                parts.push(name.id.as_str());
                break;
            }
            _ => return None,
        }
    }
    parts.reverse();
    Some(parts.join("."))
}

fn is_dotted(text: &str) -> bool {
    !text.is_empty()
        && text.split('.').all(|part| {
            !part.starts_with(|c: char| c.is_ascii_digit())
                && !part.is_empty()
                && part.chars().all(|c| c == '_' || c.is_alphanumeric())
        })
}
