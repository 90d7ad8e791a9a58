//! The invariants of a lowered file, as a function.

use crate::ir::{Arg, Cond, Const, FileIr, FormatPart, FuncIr, Op, ScopeKind, Side, Sym, VarDef, VarId};

/// Verifies the invariants that solving relies on; the message names the first one that does not hold.
pub fn check(file: &FileIr) -> Result<(), String> {
    let Some(module) = file.funcs.first() else {
        return Err("no module body".to_owned());
    };
    if module.kind != ScopeKind::Module || module.parent.is_some() {
        return Err("the first scope is not the module body".to_owned());
    }
    for (index, func) in file.funcs.iter().enumerate() {
        Checker { file, func, index }
            .run()
            .map_err(|message| format!("scope {index} ({}): {message}", text(file, func.qualname)))?;
    }
    for (index, class) in file.classes.iter().enumerate() {
        let body = file.funcs.get(class.body.0 as usize);
        if !body.is_some_and(|body| matches!(body.kind, ScopeKind::ClassBody(c) if c.0 as usize == index)) {
            return Err(format!("class {index}: its body is not its body"));
        }
    }
    Ok(())
}

fn text(file: &FileIr, sym: Sym) -> &str {
    file.strings.get(sym.0 as usize).map_or("?", |text| text.as_ref())
}

struct Checker<'a> {
    file: &'a FileIr,
    func: &'a FuncIr,
    index: usize,
}

impl Checker<'_> {
    fn run(&self) -> Result<(), String> {
        let func = self.func;
        self.sym(func.name)?;
        self.sym(func.qualname)?;
        func.bound_names.iter().try_for_each(|&name| self.sym(name))?;
        func.self_attrs.iter().try_for_each(|&name| self.sym(name))?;
        if !func.bound_names.is_sorted_by(|a, b| a < b) || !func.self_attrs.is_sorted_by(|a, b| a < b) {
            return Err("names are not sorted and unique".to_owned());
        }
        if self.index > 0 && func.parent.is_none_or(|parent| parent.0 as usize >= self.index) {
            return Err("its parent does not stand before it".to_owned());
        }
        if let ScopeKind::ClassBody(class) = func.kind
            && class.0 as usize >= self.file.classes.len()
        {
            return Err("its class does not exist".to_owned());
        }
        for (i, param) in func.params.iter().enumerate() {
            self.sym(param.name)?;
            if let Some(annotation) = param.annotation {
                self.sym(annotation)?;
            }
            self.var(param.var)?;
            if func.vars[param.var.0 as usize].def != VarDef::Param(i as u32) {
                return Err(format!("parameter {i} is not its variable"));
            }
        }
        for decorator in &func.decorators {
            self.sym(decorator.name)?;
            let call = func
                .parent
                .and_then(|parent| self.file.funcs.get(parent.0 as usize))
                .and_then(|parent| parent.instrs.get(decorator.call as usize));
            if !call.is_some_and(|call| matches!(call.op, Op::Call { .. })) {
                return Err("a decorator is not applied by a call".to_owned());
            }
        }
        for (i, guard) in func.guards.iter().enumerate().skip(1) {
            if guard.parent.0 as usize >= i {
                return Err(format!("guard {i} stands before its parent"));
            }
            self.cond(&guard.cond)?;
            if let Some(call) = guard.unless_returns
                && !func.instrs.get(call as usize).is_some_and(|call| matches!(call.op, Op::Call { .. }))
            {
                return Err(format!("guard {i} waits for no call"));
            }
        }
        for repeat in &func.repeats {
            if repeat.first.end > repeat.again.start || repeat.again.end as usize > func.instrs.len() {
                return Err("a repetition does not stand after what it repeats".to_owned());
            }
        }
        for catch in &func.catches {
            if catch.body.start > catch.body.end || catch.body.end as usize > func.instrs.len() {
                return Err("a handler has no body to catch from".to_owned());
            }
            if catch.handler.start < catch.body.end || catch.handler.end as usize > func.instrs.len() {
                return Err("a handler does not stand behind what it catches from".to_owned());
            }
            catch.class.map_or(Ok(()), |class| self.var(class))?;
        }
        let mut defs: Vec<Vec<u32>> = vec![Vec::new(); func.vars.len()];
        for (i, instr) in func.instrs.iter().enumerate() {
            if instr.guard.0 as usize >= func.guards.len() {
                return Err(format!("instruction {i}: no such guard"));
            }
            if instr.pos.line == 0 || instr.pos.col == 0 {
                return Err(format!("instruction {i}: no position"));
            }
            self.instr(&instr.op).map_err(|message| format!("instruction {i}: {message}"))?;
            if let Some(dst) = dst(&instr.op) {
                defs[dst.0 as usize].push(i as u32);
            }
        }
        for (v, (var, defs)) in func.vars.iter().zip(&defs).enumerate() {
            if let Some(name) = var.name {
                self.sym(name)?;
            }
            let copies = || defs.iter().all(|&i| matches!(func.instrs[i as usize].op, Op::Copy { .. }));
            let sound = match var.def {
                VarDef::Param(index) => {
                    defs.is_empty()
                        && func.params.get(index as usize).is_some_and(|param| param.var.0 as usize == v)
                }
                VarDef::Instr(index) => defs.as_slice() == [index],
                VarDef::Cell | VarDef::Join => copies(),
            };
            if !sound {
                return Err(format!("variable {v} is not defined as it says: {var:?}, {defs:?}"));
            }
        }
        Ok(())
    }

    fn sym(&self, sym: Sym) -> Result<(), String> {
        match self.file.strings.get(sym.0 as usize) {
            Some(_) => Ok(()),
            None => Err(format!("no string {}", sym.0)),
        }
    }

    fn var(&self, var: VarId) -> Result<(), String> {
        match self.func.vars.get(var.0 as usize) {
            Some(_) => Ok(()),
            None => Err(format!("no variable {}", var.0)),
        }
    }

    fn constant(&self, constant: &Const) -> Result<(), String> {
        match constant {
            Const::Str(sym) => self.sym(*sym),
            _ => Ok(()),
        }
    }

    fn cond(&self, cond: &Cond) -> Result<(), String> {
        match cond {
            Cond::Truthy(var) | Cond::IsNone(var) | Cond::Ordered(var, ..) => self.var(*var),
            Cond::Equals(var, constant) | Cond::Contains(var, constant) => {
                self.var(*var)?;
                self.constant(constant)
            }
            Cond::OneOf(var, constants) => {
                self.var(*var)?;
                constants.iter().try_for_each(|c| self.constant(c))
            }
            Cond::IsInstance(a, b) | Cond::Same(a, b) | Cond::Within(a, b) => {
                self.var(*a)?;
                self.var(*b)
            }
            Cond::Every(var, inner) => {
                self.var(*var)?;
                self.cond(inner)
            }
            Cond::Not(inner) => self.cond(inner),
            Cond::And(parts) | Cond::Or(parts) => parts.iter().try_for_each(|c| self.cond(c)),
            Cond::Returned(at) => match self.func.instrs.get(*at as usize).map(|instr| &instr.op) {
                Some(Op::Call { .. } | Op::With { .. }) => Ok(()),
                _ => {
                    Err(format!("a condition waits for instruction {at}, which is neither a call nor a with"))
                }
            },
            Cond::Opaque => Ok(()),
        }
    }

    fn free(&self, levels: u32, cell: VarId) -> Result<(), String> {
        let mut at = self.func;
        for _ in 0..levels {
            at = at
                .parent
                .and_then(|parent| self.file.funcs.get(parent.0 as usize))
                .ok_or("a free name reaches outside the module")?;
        }
        match at.vars.get(cell.0 as usize) {
            Some(var) if levels > 0 && var.def == VarDef::Cell => Ok(()),
            _ => Err(format!("no cell {} {levels} levels up", cell.0)),
        }
    }

    fn instr(&self, op: &Op) -> Result<(), String> {
        if let Some(dst) = dst(op) {
            self.var(dst)?;
        }
        match op {
            Op::Copy { src, .. }
            | Op::Iter { src, .. }
            | Op::Unpack { src, .. }
            | Op::Matched { src, .. }
            | Op::Yield { src, .. }
            | Op::YieldFrom { src, .. }
            | Op::Await { src, .. }
            | Op::Return { src } => self.var(*src),
            Op::Narrow { src, by, .. } => {
                self.var(*src)?;
                match by {
                    crate::ir::Narrowing::IsInstance(class) | crate::ir::Narrowing::NotInstance(class) => {
                        self.var(*class)
                    }
                    _ => Ok(()),
                }
            }
            Op::Const { value, .. } => self.constant(value),
            Op::Test { cond, .. } if cond.subject().is_none() => Err("a test of no variable".to_owned()),
            Op::Test { cond, .. } => self.cond(cond),
            Op::Opaque { .. } | Op::Delete => Ok(()),
            Op::Operate { left, right, .. } => {
                self.var(*left)?;
                match right {
                    Side::Var(var) => self.var(*var),
                    Side::Str(text) => self.sym(*text),
                    Side::Missing | Side::Singleton(_) | Side::Int(_) | Side::Constant => Ok(()),
                }
            }
            Op::LoadGlobal { name, .. }
            | Op::LoadClassName { name, .. }
            | Op::Import { name, .. }
            | Op::ImportStar { module: name, .. } => self.sym(*name),
            Op::StoreGlobal { name, src } | Op::StoreClassName { name, src } => {
                self.sym(*name)?;
                self.var(*src)
            }
            Op::LoadFree { levels, cell, .. } => self.free(*levels, *cell),
            Op::StoreFree { levels, cell, src } => {
                self.var(*src)?;
                self.free(*levels, *cell)
            }
            Op::LoadAttr { obj, name, .. } => {
                self.var(*obj)?;
                self.sym(*name)
            }
            Op::StoreAttr { obj, name, src } => {
                self.var(*obj)?;
                self.var(*src)?;
                self.sym(*name)
            }
            Op::LoadSub { obj, key, .. } => {
                self.var(*obj)?;
                self.var(*key)
            }
            Op::StoreSub { obj, key, src } => {
                self.var(*obj)?;
                self.var(*key)?;
                self.var(*src)
            }
            Op::Slice { obj, .. } => self.var(*obj),
            Op::Call { callee, args, .. } => {
                self.var(*callee)?;
                self.args(args)
            }
            Op::Super { class_levels, this, .. } => {
                self.var(*this)?;
                let mut at = self.func;
                for _ in 0..*class_levels {
                    at = at
                        .parent
                        .and_then(|parent| self.file.funcs.get(parent.0 as usize))
                        .ok_or("no class around super()")?;
                }
                match at.kind {
                    ScopeKind::ClassBody(_) => Ok(()),
                    _ => Err("super() is not in a class".to_owned()),
                }
            }
            Op::MakeFunc { func, defaults, .. } => {
                let made = self.file.funcs.get(func.0 as usize).ok_or("no such function")?;
                if made.parent.map(|parent| parent.0 as usize) != Some(self.index) {
                    return Err("makes a function of another scope".to_owned());
                }
                for (index, var) in defaults {
                    self.var(*var)?;
                    if *index as usize >= made.params.len() {
                        return Err("a default of no parameter".to_owned());
                    }
                }
                Ok(())
            }
            Op::MakeClass { class, bases, .. } => {
                if class.0 as usize >= self.file.classes.len() {
                    return Err("no such class".to_owned());
                }
                self.args(bases)
            }
            Op::MakeSeq { items, .. } => items.iter().try_for_each(|(var, _)| self.var(*var)),
            Op::MakeDict { items, .. } => items.iter().try_for_each(|(key, value)| {
                key.map_or(Ok(()), |key| self.var(key))?;
                self.var(*value)
            }),
            Op::BinOp { left, right, .. } => {
                self.var(*left)?;
                self.var(*right)
            }
            Op::Format { parts, .. } => parts.iter().try_for_each(|part| match part {
                FormatPart::Text(text) => self.sym(*text),
                FormatPart::Value(var, _) => self.var(*var),
            }),
            Op::Raise { exc } => self.var(*exc),
            Op::Caught { class, .. } => self.var(*class),
            Op::With { manager, .. } => self.var(*manager),
            Op::ImportFrom { module, name, .. } => {
                self.sym(*module)?;
                self.sym(*name)
            }
        }
    }

    fn args(&self, args: &[Arg]) -> Result<(), String> {
        args.iter().try_for_each(|arg| {
            if let Arg::Kw(name, _) = arg {
                self.sym(*name)?;
            }
            self.var(arg.var())
        })
    }
}

/// The variable that an instruction defines.
pub(super) fn dst(op: &Op) -> Option<VarId> {
    match op {
        Op::Copy { dst, .. }
        | Op::Narrow { dst, .. }
        | Op::Const { dst, .. }
        | Op::Opaque { dst }
        | Op::Test { dst, .. }
        | Op::LoadGlobal { dst, .. }
        | Op::LoadClassName { dst, .. }
        | Op::LoadFree { dst, .. }
        | Op::LoadAttr { dst, .. }
        | Op::LoadSub { dst, .. }
        | Op::Slice { dst, .. }
        | Op::Call { dst, .. }
        | Op::Super { dst, .. }
        | Op::MakeFunc { dst, .. }
        | Op::MakeClass { dst, .. }
        | Op::MakeSeq { dst, .. }
        | Op::MakeDict { dst, .. }
        | Op::Iter { dst, .. }
        | Op::Unpack { dst, .. }
        | Op::Matched { dst, .. }
        | Op::BinOp { dst, .. }
        | Op::Format { dst, .. }
        | Op::Yield { dst, .. }
        | Op::YieldFrom { dst, .. }
        | Op::Await { dst, .. }
        | Op::Caught { dst, .. }
        | Op::With { dst, .. }
        | Op::Import { dst, .. }
        | Op::ImportFrom { dst, .. } => Some(*dst),
        Op::Operate { dst, .. } => *dst,
        Op::StoreGlobal { .. }
        | Op::StoreClassName { .. }
        | Op::StoreFree { .. }
        | Op::StoreAttr { .. }
        | Op::StoreSub { .. }
        | Op::Return { .. }
        | Op::Raise { .. }
        | Op::ImportStar { .. }
        | Op::Delete => None,
    }
}
