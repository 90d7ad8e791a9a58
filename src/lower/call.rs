//! Calls: arguments, `super()`, and which calls make a parameter decide.

use ruff_python_ast::{ArgOrKeyword, Expr, ExprCall};
use ruff_text_size::Ranged;

use super::Lowerer;
use super::builder::UNBOUND;
use super::expr::first_param;
use crate::ir::{Arg, CallRole, Op, Pos, ScopeKind, VarId};

impl<'a> Lowerer<'a> {
    pub(super) fn call(&mut self, e: &'a ExprCall, callee: VarId) -> VarId {
        let mut args = Vec::with_capacity(e.arguments.len());
        for argument in e.arguments.iter_source_order() {
            args.push(match argument {
                ArgOrKeyword::Arg(Expr::Starred(starred)) => Arg::Star(self.expr(&starred.value)),
                ArgOrKeyword::Arg(arg) => Arg::Pos(self.expr(arg)),
                ArgOrKeyword::Keyword(keyword) => {
                    let value = self.expr(&keyword.value);
                    match &keyword.arg {
                        Some(name) => Arg::Kw(self.sym(name.as_str()), value),
                        None => Arg::DoubleStar(value),
                    }
                }
            });
        }
        if let Expr::Name(name) = e.func.as_ref()
            && matches!(name.id.as_str(), "getattr" | "hasattr" | "setattr")
            && self.is_global_name(name.id.as_str())
            && let Some(Arg::Pos(key)) = args.get(1)
        {
            self.mark_tested_var(*key);
        }
        // Methods of mappings that take a key.
        if let Expr::Attribute(attribute) = e.func.as_ref()
            && matches!(attribute.attr.as_str(), "get" | "setdefault" | "pop")
            && let Some(Arg::Pos(key)) = args.first()
        {
            self.mark_tested_var(*key);
        }
        let at = match e.func.as_ref() {
            Expr::Attribute(attribute) => attribute.attr.start(),
            other => other.start(),
        };
        let pos = self.pos(at);
        self.emit_call(callee, args, CallRole::Plain, pos).0
    }

    /// Emits a call: its value, and its index.
    pub(super) fn emit_call(
        &mut self,
        callee: VarId,
        args: Vec<Arg>,
        role: CallRole,
        pos: Pos,
    ) -> (VarId, u32) {
        let dst = self.f.fresh(None);
        let index = self.f.emit(Op::Call { dst, callee, args: args.into(), role }, pos);
        (dst, index)
    }

    /// The arguments of the call that was emitted last, if there are two plain ones.
    pub(super) fn last_call_args(&self) -> Option<[VarId; 2]> {
        match &self.f.instrs.last()?.op {
            Op::Call { args, .. } => match **args {
                [Arg::Pos(a), Arg::Pos(b)] => Some([a, b]),
                _ => None,
            },
            _ => None,
        }
    }

    /// Zero-argument `super()` in a method, or in a function nested in one.
    pub(super) fn super_call(&mut self, e: &'a ExprCall) -> Option<VarId> {
        let Expr::Name(name) = e.func.as_ref() else {
            return None;
        };
        if name.id.as_str() != "super" || !e.arguments.is_empty() || !self.is_global_name("super") {
            return None;
        }
        // Up to the function that stands directly in a class body.
        let mut levels = 0;
        let depth = self.stack.len();
        loop {
            let at = depth - levels;
            let kind = if levels == 0 { self.f.kind } else { self.stack.get(at)?.kind };
            if !matches!(kind, ScopeKind::Function | ScopeKind::Lambda) {
                return None;
            }
            let parent = self.stack.get(at.checked_sub(1)?)?;
            if matches!(parent.kind, ScopeKind::ClassBody(_)) {
                break;
            }
            levels += 1;
        }
        let pos = self.pos(e.start());
        let this = if levels == 0 {
            first_param(&self.f.params)?.var
        } else {
            let method = self.stack.get(depth - levels)?;
            let name = first_param(&method.params)?.name;
            let slots = &self.table.scopes[*method.scopes.first()? as usize].slots;
            let slot = slots.iter().position(|slot| slot.name == name)?;
            let cell = *method.cells.get(slot)?;
            if cell == UNBOUND {
                return None;
            }
            let dst = self.f.fresh(None);
            self.f.emit(Op::LoadFree { dst, levels: levels as u32, cell }, pos);
            dst
        };
        let dst = self.f.fresh(None);
        self.f.emit(Op::Super { dst, class_levels: levels as u32 + 1, this }, pos);
        Some(dst)
    }
}
