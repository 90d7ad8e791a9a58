//! Names: how they are read, bound and unbound.

use ruff_python_ast::Expr;
use ruff_text_size::TextSize;

use super::Lowerer;
use super::builder::UNBOUND;
use super::expr::first_param;
use super::scope::{Kind, Res};
use crate::ir::{Op, Pos, ScopeKind, Sym, VarId};

impl Lowerer<'_> {
    /// Reads a name.
    pub(super) fn read(&mut self, name: Sym, at: TextSize) -> VarId {
        let scope = self.scope();
        let info = self.table.resolve(scope, name).copied();
        let in_class = self.table.scopes[scope as usize].kind == Kind::Class;
        let mut class_name = false;
        let mut res = info.map_or(Res::Global, |info| info.res);
        if let Res::Local(slot) = res {
            let info_slot = &self.slots()[slot as usize];
            if info_slot.written_inside {
                return self.f.cells[slot as usize];
            }
            let own = info_slot.comprehension;
            let version = self.f.get(slot);
            let module = self.f.kind == ScopeKind::Module && !own;
            if version != UNBOUND && !(module && (info_slot.declared_global || self.f.starred(version))) {
                return version;
            }
            if module {
                res = Res::Global;
            } else if in_class {
                res = info.map_or(Res::Global, |info| info.outer);
                class_name = true;
            } else {
                return self.opaque_at(at);
            }
        }
        let pos = self.pos(at);
        let op = |dst| match res {
            Res::Free { levels, slot } => {
                let at = self.stack.len() - levels as usize;
                let cell = self.stack[at].cells[slot as usize];
                Op::LoadFree { dst, levels, cell }
            }
            _ if class_name => Op::LoadClassName { dst, name },
            _ => Op::LoadGlobal { dst, name },
        };
        let dst = VarId(self.f.vars.len() as u32);
        let op = op(dst);
        self.f.fresh(None);
        self.f.emit(op, pos);
        dst
    }

    /// Whether a name means the module namespace or a builtin here.
    pub(super) fn is_global_name(&mut self, name: &str) -> bool {
        let name = self.names.intern(name);
        let scope = self.scope();
        match self.table.resolve(scope, name).map(|info| info.res) {
            None | Some(Res::Global) => true,
            Some(Res::Local(_) | Res::Free { .. }) => false,
        }
    }

    /// The slot of a plain local name that tests may narrow.
    pub(super) fn narrowable(&self, expr: &Expr) -> Option<u32> {
        let name = match expr {
            Expr::Name(name) => name.id.as_str(),
            Expr::Named(named) => match named.target.as_ref() {
                Expr::Name(name) => name.id.as_str(),
                _ => return None,
            },
            _ => return None,
        };
        let name = self.names.find(name, self.class)?;
        let Res::Local(slot) = self.table.resolve(self.scope(), name)?.res else {
            return None;
        };
        let info = &self.slots()[slot as usize];
        let shared = self.f.kind == ScopeKind::Module
            && !info.comprehension
            && (info.declared_global || self.f.starred(self.f.get(slot)));
        (!info.written_inside && !shared && self.f.get(slot) != UNBOUND).then_some(slot)
    }

    /// Binds a name in the current scope; the version that it has now.
    pub(super) fn bind(&mut self, name: Sym, value: VarId, at: TextSize) -> VarId {
        self.bind_in(self.scope(), name, value, at)
    }

    /// Binds a name by `:=`, which reaches out of comprehensions.
    pub(super) fn bind_walrus(&mut self, name: Sym, value: VarId, at: TextSize) -> VarId {
        self.bind_in(self.host(), name, value, at)
    }

    fn bind_in(&mut self, scope: u32, name: Sym, value: VarId, at: TextSize) -> VarId {
        let Some(info) = self.table.resolve(scope, name).copied() else {
            return value;
        };
        let pos = self.pos(at);
        match info.res {
            Res::Local(slot) => {
                let version = self.name_value(name, value, pos);
                self.f.define(slot, version);
                let cell = self.f.cells[slot as usize];
                if cell != UNBOUND {
                    self.f.emit(Op::Copy { dst: cell, src: version }, pos);
                }
                if !self.slots()[slot as usize].comprehension {
                    match self.f.kind {
                        ScopeKind::Module => {
                            self.f.emit(Op::StoreGlobal { name, src: version }, pos);
                        }
                        ScopeKind::ClassBody(_) => {
                            self.f.emit(Op::StoreClassName { name, src: version }, pos);
                        }
                        ScopeKind::Function | ScopeKind::Lambda => {}
                    }
                }
                version
            }
            Res::Free { levels, slot } => {
                let at = self.stack.len() - levels as usize;
                let cell = self.stack[at].cells[slot as usize];
                self.f.emit(Op::StoreFree { levels, cell, src: value }, pos);
                value
            }
            Res::Global => {
                self.f.emit(Op::StoreGlobal { name, src: value }, pos);
                value
            }
        }
    }

    /// Unbinds a name.
    pub(super) fn unbind(&mut self, name: Sym) {
        if let Some(Res::Local(slot)) = self.table.resolve(self.scope(), name).map(|info| info.res) {
            self.f.set(slot, UNBOUND);
        }
    }

    /// A version of a name: the temporary itself if it has no name yet, else a copy.
    fn name_value(&mut self, name: Sym, value: VarId, pos: Pos) -> VarId {
        let info = &mut self.f.vars[value.0 as usize];
        if info.name.is_none() {
            info.name = Some(name);
            return value;
        }
        let dst = self.f.fresh(Some(name));
        self.f.emit(Op::Copy { dst, src: value }, pos);
        dst
    }

    /// Notes a store to an attribute of a method's own first parameter.
    pub(super) fn note_self_attr(&mut self, obj: VarId, name: Sym) {
        let Some((levels, 0)) = self.param_of(obj) else {
            return;
        };
        let depth = self.stack.len();
        let Some(at) = depth.checked_sub(levels as usize) else {
            return;
        };
        let in_class = at > 0
            && self.stack.get(at - 1).is_some_and(|parent| matches!(parent.kind, ScopeKind::ClassBody(_)));
        let method = if levels == 0 {
            &mut self.f
        } else {
            match self.stack.get_mut(at) {
                Some(method) => method,
                None => return,
            }
        };
        if in_class && method.kind == ScopeKind::Function && first_param(&method.params).is_some() {
            method.self_attrs.insert(name);
        }
    }
}
