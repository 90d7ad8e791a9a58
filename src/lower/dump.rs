//! A readable text of a lowered file, for tests and for looking at one.
//!
//! One line per instruction: `line:col  instruction  [guard]`. A variable is its name and number (`x.3`), a
//! temporary is `%3`.

use std::fmt::{self, Display, Write as _};

use crate::ir::{
    Arg, BinOp, CallRole, Cond, Const, ContainerKind, DecoratorRef, FileIr, FormatPart, FuncIr, GuardId,
    Narrowing, Op, ParamKind, Pos, ScopeKind, Side, Sym, VarDef, VarId,
};

/// The text of a lowered file.
pub fn dump(file: &FileIr) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write!(out, "{}", FileText(file));
    out
}

struct FileText<'a>(&'a FileIr);

impl Display for FileText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for error in &self.0.errors {
            writeln!(f, "error {}: {}", at(error.pos), error.message)?;
        }
        for (index, func) in self.0.funcs.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            Scope { file: self.0, func }.write(f)?;
        }
        Ok(())
    }
}

fn at(pos: Pos) -> String {
    format!("{}:{}", pos.line, pos.col)
}

struct Scope<'a> {
    file: &'a FileIr,
    func: &'a FuncIr,
}

impl<'a> Scope<'a> {
    fn text(&self, sym: Sym) -> &'a str {
        self.file.strings.get(sym.0 as usize).map_or("?", |text| text.as_ref())
    }

    fn var_of(&self, func: &FuncIr, var: VarId) -> String {
        match func.vars.get(var.0 as usize) {
            None => format!("?{}", var.0),
            Some(info) => {
                let name = info.name.map_or("%", |name| self.text(name));
                match (info.name, info.def) {
                    (None, _) => format!("%{}", var.0),
                    (Some(_), VarDef::Cell) => format!("{name}.cell"),
                    (Some(_), _) => format!("{name}.{}", var.0),
                }
            }
        }
    }

    fn var(&self, var: VarId) -> String {
        self.var_of(self.func, var)
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let func = self.func;
        let kind = match func.kind {
            ScopeKind::Module => "module",
            ScopeKind::ClassBody(_) => "class",
            ScopeKind::Function => "def",
            ScopeKind::Lambda => "lambda",
        };
        write!(f, "{kind} {}", self.text(func.qualname))?;
        if matches!(func.kind, ScopeKind::Function | ScopeKind::Lambda) {
            let params: Vec<String> = func.params.iter().map(|param| self.param(param)).collect();
            write!(f, "({})", params.join(", "))?;
        }
        write!(f, " {}-{}", at(func.pos), func.end_line)?;
        for (flag, text) in [
            (func.is_async, "async"),
            (func.is_generator, "generator"),
            (func.never_returns, "never-returns"),
        ] {
            if flag {
                write!(f, " {text}")?;
            }
        }
        writeln!(f)?;
        self.names(f, "binds", &func.bound_names)?;
        self.names(f, "self attributes", &func.self_attrs)?;
        for DecoratorRef { name, pos, call } in &func.decorators {
            writeln!(f, "  @{} {} applied by #{call}", self.text(*name), at(*pos))?;
        }
        for catch in &func.catches {
            let class = catch.class.map_or("everything".to_owned(), |class| self.var(class));
            let again = if catch.ends { "" } else { " raises again" };
            writeln!(f, "  catches {class} of #{}..#{}{again}", catch.body.start, catch.body.end)?;
        }
        for (index, instr) in func.instrs.iter().enumerate() {
            write!(f, "  #{index} {} {}", at(instr.pos), self.op(&instr.op))?;
            if instr.guard != GuardId::ALWAYS {
                write!(f, "  [{}]", self.guard(instr.guard))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }

    fn names(&self, f: &mut fmt::Formatter<'_>, title: &str, names: &[Sym]) -> fmt::Result {
        if names.is_empty() {
            return Ok(());
        }
        let mut names: Vec<&str> = names.iter().map(|&name| self.text(name)).collect();
        names.sort_unstable();
        writeln!(f, "  {title}: {}", names.join(", "))
    }

    fn param(&self, param: &crate::ir::Param) -> String {
        let stars = match param.kind {
            ParamKind::VarArgs => "*",
            ParamKind::KwArgs => "**",
            _ => "",
        };
        let mut text = format!("{stars}{}", self.var(param.var));
        if let Some(annotation) = param.annotation {
            let _ = write!(text, ": {}", self.text(annotation));
        }
        if param.tested {
            text.push_str(" tested");
        }
        text
    }

    /// The guard chain, outermost first.
    fn guard(&self, mut guard: GuardId) -> String {
        let mut chain = Vec::new();
        while guard != GuardId::ALWAYS {
            let Some(info) = self.func.guards.get(guard.0 as usize) else {
                break;
            };
            let mut text = self.cond(&info.cond);
            if !info.holds {
                text = format!("not ({text})");
            }
            if let Some(call) = info.unless_returns {
                let _ = write!(text, " unless #{call} returns");
            }
            chain.push(text);
            guard = info.parent;
        }
        chain.reverse();
        chain.join("; ")
    }

    fn cond(&self, cond: &Cond) -> String {
        let list = |parts: &[Cond], word: &str, empty: &str| {
            if parts.is_empty() {
                return empty.to_owned();
            }
            let parts: Vec<String> = parts
                .iter()
                .map(|part| match part {
                    Cond::And(_) | Cond::Or(_) => format!("({})", self.cond(part)),
                    part => self.cond(part),
                })
                .collect();
            parts.join(word)
        };
        match cond {
            Cond::Truthy(var) => self.var(*var),
            Cond::IsNone(var) => format!("{} is None", self.var(*var)),
            Cond::Equals(var, value) => format!("{} == {}", self.var(*var), self.constant(value)),
            Cond::OneOf(var, values) => {
                let values: Vec<String> = values.iter().map(|v| self.constant(v)).collect();
                format!("{} in ({})", self.var(*var), values.join(", "))
            }
            Cond::Contains(var, value) => {
                format!("{} in {}", self.constant(value), self.var(*var))
            }
            Cond::Ordered(var, order, bound) => format!("{} {} {bound}", self.var(*var), order.word()),
            Cond::IsInstance(var, class) => {
                format!("isinstance({}, {})", self.var(*var), self.var(*class))
            }
            Cond::Same(left, right) => format!("{} == {}", self.var(*left), self.var(*right)),
            Cond::Within(item, container) => format!("{} in {}", self.var(*item), self.var(*container)),
            Cond::Every(var, inner) => format!("every {}: {}", self.var(*var), self.cond(inner)),
            Cond::Not(inner) => format!("not ({})", self.cond(inner)),
            Cond::And(parts) => list(parts, " and ", "true"),
            Cond::Or(parts) => list(parts, " or ", "false"),
            Cond::Returned(at) => format!("after #{at}"),
            Cond::Opaque => "?".to_owned(),
        }
    }

    fn constant(&self, constant: &Const) -> String {
        match constant {
            Const::None => "None".to_owned(),
            Const::Bool(true) => "True".to_owned(),
            Const::Bool(false) => "False".to_owned(),
            Const::Int(int) => int.to_string(),
            Const::Str(sym) => format!("{:?}", self.text(*sym)),
            Const::Other => "other".to_owned(),
        }
    }

    fn arg(&self, arg: &Arg) -> String {
        match arg {
            Arg::Pos(var) => self.var(*var),
            Arg::Star(var) => format!("*{}", self.var(*var)),
            Arg::Kw(name, var) => format!("{}={}", self.text(*name), self.var(*var)),
            Arg::DoubleStar(var) => format!("**{}", self.var(*var)),
        }
    }

    fn args(&self, args: &[Arg]) -> String {
        let args: Vec<String> = args.iter().map(|arg| self.arg(arg)).collect();
        args.join(", ")
    }

    /// The name of a cell of an enclosing scope.
    fn cell(&self, levels: u32, cell: VarId) -> String {
        let mut func = self.func;
        for _ in 0..levels {
            match func.parent.and_then(|parent| self.file.funcs.get(parent.0 as usize)) {
                Some(parent) => func = parent,
                None => return "?".to_owned(),
            }
        }
        format!("{}^{levels}", self.var_of(func, cell))
    }

    fn op(&self, op: &Op) -> String {
        let v = |var: &VarId| self.var(*var);
        let s = |sym: &Sym| self.text(*sym);
        match op {
            Op::Copy { dst, src } => format!("{} = {}", v(dst), v(src)),
            Op::Narrow { dst, src, by } => {
                let by = match by {
                    Narrowing::NotNone => "not None".to_owned(),
                    Narrowing::IsNone => "None".to_owned(),
                    Narrowing::Truthy => "truthy".to_owned(),
                    Narrowing::Falsy => "falsy".to_owned(),
                    Narrowing::IsInstance(class) => format!("instance of {}", v(class)),
                    Narrowing::NotInstance(class) => format!("not instance of {}", v(class)),
                };
                format!("{} = narrow {} to {by}", v(dst), v(src))
            }
            Op::Const { dst, value } => format!("{} = {}", v(dst), self.constant(value)),
            Op::Opaque { dst } => format!("{} = opaque", v(dst)),
            Op::Test { dst, cond, .. } => format!("{} = whether {}", v(dst), self.cond(cond)),
            Op::Operate { dst, op, left, right } => {
                let dst = dst.map_or(String::new(), |dst| format!("{} = ", self.var(dst)));
                let op = op.methods().0.first().map_or("", |name| name.trim_matches('_'));
                let right = match right {
                    Side::Missing => String::new(),
                    Side::Var(var) => format!(" {}", v(var)),
                    Side::Singleton(None) => " None".to_owned(),
                    Side::Singleton(Some(truth)) => format!(" {truth}"),
                    Side::Int(int) => format!(" {int}"),
                    Side::Str(text) => format!(" {:?}", s(text)),
                    Side::Constant => " ...".to_owned(),
                };
                format!("{dst}operate {op} {}{right}", v(left))
            }
            Op::LoadGlobal { dst, name } => format!("{} = global {}", v(dst), s(name)),
            Op::StoreGlobal { name, src } => format!("global {} = {}", s(name), v(src)),
            Op::LoadClassName { dst, name } => format!("{} = class name {}", v(dst), s(name)),
            Op::StoreClassName { name, src } => format!("class name {} = {}", s(name), v(src)),
            Op::LoadFree { dst, levels, cell } => {
                format!("{} = free {}", v(dst), self.cell(*levels, *cell))
            }
            Op::StoreFree { levels, cell, src } => {
                format!("free {} = {}", self.cell(*levels, *cell), v(src))
            }
            Op::LoadAttr { dst, obj, name } => format!("{} = {}.{}", v(dst), v(obj), s(name)),
            Op::StoreAttr { obj, name, src } => format!("{}.{} = {}", v(obj), s(name), v(src)),
            Op::LoadSub { dst, obj, key } => format!("{} = {}[{}]", v(dst), v(obj), v(key)),
            Op::StoreSub { obj, key, src } => format!("{}[{}] = {}", v(obj), v(key), v(src)),
            Op::Slice { dst, obj, bounds: None } => format!("{} = slice {}", v(dst), v(obj)),
            Op::Slice { dst, obj, bounds: Some((from, u32::MAX)) } => {
                format!("{} = slice {} {from}..", v(dst), v(obj))
            }
            Op::Slice { dst, obj, bounds: Some((from, until)) } => {
                format!("{} = slice {} {from}..{until}", v(dst), v(obj))
            }
            Op::Call { dst, callee, args, role } => {
                let role = match role {
                    CallRole::Plain => String::new(),
                    CallRole::DecoratesFunc(func) => format!(" decorates func {}", func.0),
                    CallRole::DecoratesClass(class) => format!(" decorates class {}", class.0),
                };
                format!("{} = call {}({}){role}", v(dst), v(callee), self.args(args))
            }
            Op::Super { dst, class_levels, this } => {
                format!("{} = super^{class_levels}({})", v(dst), v(this))
            }
            Op::MakeFunc { dst, func, defaults } => {
                let name = self.file.funcs.get(func.0 as usize).map_or("?", |func| self.text(func.qualname));
                let defaults: Vec<String> =
                    defaults.iter().map(|(index, var)| format!("{index}: {}", v(var))).collect();
                format!("{} = func {name}({})", v(dst), defaults.join(", "))
            }
            Op::MakeClass { dst, class, bases } => {
                let name =
                    self.file.classes.get(class.0 as usize).map_or("?", |class| self.text(class.qualname));
                format!("{} = class {name}({})", v(dst), self.args(bases))
            }
            Op::MakeSeq { dst, kind, items, comprehension } => {
                let kind = match kind {
                    ContainerKind::List => "list",
                    ContainerKind::Tuple => "tuple",
                    ContainerKind::Set => "set",
                    ContainerKind::Dict => "dict",
                };
                let items: Vec<String> = items
                    .iter()
                    .map(|(var, star)| format!("{}{}", if *star { "*" } else { "" }, v(var)))
                    .collect();
                let each = if *comprehension { " each" } else { "" };
                format!("{} = {kind}{each} ({})", v(dst), items.join(", "))
            }
            Op::MakeDict { dst, items, comprehension } => {
                let items: Vec<String> = items
                    .iter()
                    .map(|(key, value)| match key {
                        Some(key) => format!("{}: {}", v(key), v(value)),
                        None => format!("**{}", v(value)),
                    })
                    .collect();
                let each = if *comprehension { " each" } else { "" };
                format!("{} = dict{each} ({})", v(dst), items.join(", "))
            }
            Op::Iter { dst, src } => format!("{} = iter {}", v(dst), v(src)),
            Op::Unpack { dst, src, index, from_end, rest } => {
                let place = match (from_end, rest) {
                    (_, true) => "rest".to_owned(),
                    (true, false) => format!("-{}", index + 1),
                    (false, false) => index.to_string(),
                };
                format!("{} = unpack {} {place}", v(dst), v(src))
            }
            Op::Matched { dst, src, index } => format!("{} = matched {} {index}", v(dst), v(src)),
            Op::BinOp { dst, op, left, right, .. } => {
                let op = match op {
                    BinOp::Add => "+",
                    BinOp::Mod => "%",
                    BinOp::BitOr => "|",
                    BinOp::Mult => "*",
                    BinOp::And => "and",
                    BinOp::Or => "or",
                };
                format!("{} = {} {op} {}", v(dst), v(left), v(right))
            }
            Op::Format { dst, parts } => {
                let parts: Vec<String> = parts
                    .iter()
                    .map(|part| match part {
                        FormatPart::Text(text) => format!("{:?}", s(text)),
                        FormatPart::Value(var, _) => v(var),
                    })
                    .collect();
                format!("{} = format ({})", v(dst), parts.join(", "))
            }
            Op::Yield { dst, src } => format!("{} = yield {}", v(dst), v(src)),
            Op::YieldFrom { dst, src } => format!("{} = yield from {}", v(dst), v(src)),
            Op::Await { dst, src } => format!("{} = await {}", v(dst), v(src)),
            Op::Return { src } => format!("return {}", v(src)),
            Op::Raise { exc } => format!("raise {}", v(exc)),
            Op::Caught { dst, class } => format!("{} = caught {}", v(dst), v(class)),
            Op::With { dst, manager, is_async } => {
                let word = if *is_async { "async with" } else { "with" };
                format!("{} = {word} {}", v(dst), v(manager))
            }
            Op::Import { dst, name, leaf } => {
                let leaf = if *leaf { " leaf" } else { "" };
                format!("{} = import {}{leaf}", v(dst), s(name))
            }
            Op::ImportFrom { dst, level, module, name } => {
                let dots = ".".repeat(*level as usize);
                format!("{} = from {dots}{} import {}", v(dst), s(module), s(name))
            }
            Op::ImportStar { level, module } => {
                let dots = ".".repeat(*level as usize);
                format!("from {dots}{} import *", s(module))
            }
            Op::Delete => "del".to_owned(),
        }
    }
}
