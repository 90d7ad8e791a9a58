//! Comprehensions and generator expressions, which are lowered where they stand.

use ruff_python_ast::{Comprehension, Expr};
use ruff_text_size::{Ranged, TextRange};

use super::Lowerer;
use super::builder::Exit;
use super::cond::Want;
use crate::ir::{ContainerKind, Op, Pos, VarId};

impl<'a> Lowerer<'a> {
    pub(super) fn comprehension(
        &mut self,
        range: TextRange,
        generators: &'a [Comprehension],
        kind: ContainerKind,
        key: Option<&'a Expr>,
        value: &'a Expr,
    ) -> VarId {
        let pos = self.pos(range.start());
        // The first iterable is evaluated in the scope around the comprehension.
        let first = match generators.first() {
            Some(generator) => self.expr(&generator.iter),
            None => self.opaque_at(range.start()),
        };
        let Some(scope) = self.table.scope_at(range) else {
            return self.opaque_at(range.start());
        };
        let outer = self.f.guard;
        self.open_loop(range, pos);
        self.f.scopes.push(scope);
        for (i, generator) in generators.iter().enumerate() {
            let src = if i == 0 { first } else { self.expr(&generator.iter) };
            let at = self.pos(generator.target.start());
            let dst = self.f.fresh(None);
            self.f.emit(Op::Iter { dst, src }, at);
            self.assign(&generator.target, dst);
            for test in &generator.ifs {
                let tested = self.test(test, Want::Truth);
                self.f.guard = self.f.guard_in(self.f.guard, &tested.cond, true, None);
                self.apply(&tested.then, test);
            }
        }
        let key = key.map(|key| self.expr(key));
        let value = self.expr(value);
        let key = key.map(|key| self.filtered(key, outer, pos));
        let value = self.filtered(value, outer, pos);
        self.f.scopes.pop();
        self.f.back_edge(pos);
        let guard = self.f.guard;
        self.f.guard = outer;
        let (mark, _) = self.f.close_loop();
        // What `:=` bound inside is bound afterwards, unless the comprehension found no element. Its own
        // variables are gone.
        let mut diff = self.f.roll_back(mark);
        let slots = self.slots();
        diff.retain(|&(slot, _)| !slots[slot as usize].comprehension);
        if !diff.is_empty() {
            let none = Exit { diff: Vec::new(), guard: outer };
            self.join_exits(&[none, Exit { diff, guard }], true, range.start());
        }
        let dst = self.f.fresh(None);
        let op = match kind {
            ContainerKind::Dict => Op::MakeDict { dst, items: [(key, value)].into(), comprehension: true },
            kind => Op::MakeSeq { dst, kind, items: [(value, false)].into(), comprehension: true },
        };
        self.f.emit(op, pos);
        dst
    }

    /// The element of a comprehension passes only if the conditions hold: the container itself is made anyway.
    fn filtered(&mut self, src: VarId, outer: crate::ir::GuardId, pos: Pos) -> VarId {
        if self.f.guard == outer {
            return src;
        }
        let dst = self.f.fresh(None);
        self.f.emit(Op::Copy { dst, src }, pos);
        dst
    }
}
