//! The state of one scope while it is lowered: instructions, SSA versions, joins and guards.
//!
//! The current version of each slot stands in one array. A branch is lowered on that array and then
//! rolled back along a trail of old values, so that its cost is the number of its assignments and not
//! the number of names.

use std::ops::Range;

use rustc_hash::FxHashSet;

use super::cond::negate;
use super::known::Known;
use super::scope::NO_SLOT;
use crate::ir::{
    Catch, Cond, Guard, GuardId, Instr, LocalFunc, Op, Param, Pos, Repeat, ScopeKind, Sym, VarDef, VarId,
    VarInfo,
};

/// No variable: the slot is unbound here.
pub(super) const UNBOUND: VarId = VarId(u32::MAX);

/// What a branch assigned, relative to the state at its beginning.
pub(super) type Diff = Vec<(u32, VarId)>;

/// The end of one branch that control can leave by falling through.
pub(super) struct Exit {
    /// What it assigned.
    pub(super) diff: Diff,
    /// The guard that holds at its end, for the copies of a join.
    pub(super) guard: GuardId,
}

/// A loop around the current place.
pub(super) struct LoopCtx {
    /// Where the trail stood when the body began.
    mark: usize,
    /// The joins at its head.
    phis: Vec<(u32, VarId)>,
    /// The states that `break` leaves with.
    breaks: Vec<Exit>,
    /// What holds at each end of the body that leads back to its head; none if there is none.
    pub(super) ends: Option<GuardId>,
}

/// One scope being lowered.
pub(super) struct Builder {
    /// Its index.
    pub(super) id: LocalFunc,
    /// What it is.
    pub(super) kind: ScopeKind,
    /// The scope of names it is, and the comprehensions around the current place.
    pub(super) scopes: Vec<u32>,
    pub(super) name: Sym,
    pub(super) qualname: Sym,
    pub(super) params: Vec<Param>,
    pub(super) vars: Vec<VarInfo>,
    pub(super) instrs: Vec<Instr>,
    pub(super) guards: Vec<Guard>,
    /// The guard in force.
    pub(super) guard: GuardId,
    /// Whether control can be here.
    pub(super) live: bool,
    /// Whether control can leave the scope other than by an exception.
    pub(super) returns: bool,
    /// Cells by slot.
    pub(super) cells: Vec<VarId>,
    /// How many variables there were at the last star import, which may have rebound any name.
    pub(super) star: u32,
    loops: Vec<LoopCtx>,
    pub(super) self_attrs: FxHashSet<Sym>,
    pub(super) catches: Vec<Catch>,
    pub(super) repeats: Vec<Repeat>,
    /// Containers whose elements are known here.
    pub(super) known: Known,
    /// The name `update`.
    pub(super) update: Sym,
    /// Every value that was bound to a slot, in order, whatever was rolled back since. Joins and narrowed
    /// versions are not in it: they add no value.
    pub(super) log: Vec<(u32, VarId)>,
    /// For a version made by narrowing: the version it narrows, itself otherwise.
    roots: Vec<VarId>,
    depths: Vec<u32>,
    current: Vec<VarId>,
    trail: Vec<(u32, VarId)>,
    stamps: Vec<u32>,
    rows: Vec<u32>,
    epoch: u32,
}

impl Builder {
    /// Makes this the builder of another scope with nothing in it. Its lists keep their room, so that they do not grow anew for
    /// every scope.
    pub(super) fn restart(
        &mut self,
        id: LocalFunc,
        kind: ScopeKind,
        scope: u32,
        slots: usize,
        qualname: Sym,
    ) {
        let old = std::mem::replace(self, Builder::new(id, kind, scope, 0, qualname));
        fn cleared<T>(mut list: Vec<T>) -> Vec<T> {
            list.clear();
            list
        }
        fn filled<T: Clone>(mut list: Vec<T>, len: usize, with: T) -> Vec<T> {
            list.clear();
            list.resize(len, with);
            list
        }
        let root = std::mem::take(&mut self.guards);
        self.guards = cleared(old.guards);
        self.guards.extend(root);
        self.vars = cleared(old.vars);
        self.instrs = cleared(old.instrs);
        self.cells = filled(old.cells, slots, UNBOUND);
        self.log = cleared(old.log);
        self.roots = cleared(old.roots);
        self.depths = filled(old.depths, 1, 0);
        self.current = filled(old.current, slots, UNBOUND);
        self.trail = cleared(old.trail);
        self.stamps = filled(old.stamps, slots, 0);
        self.rows = filled(old.rows, slots, 0);
    }

    /// A scope with nothing in it.
    pub(super) fn new(id: LocalFunc, kind: ScopeKind, scope: u32, slots: usize, qualname: Sym) -> Self {
        Builder {
            id,
            kind,
            scopes: vec![scope],
            name: qualname,
            qualname,
            params: Vec::new(),
            vars: Vec::new(),
            instrs: Vec::new(),
            guards: vec![Guard {
                parent: GuardId::ALWAYS,
                cond: Cond::Opaque,
                holds: true,
                unless_returns: None,
                within: Box::default(),
            }],
            guard: GuardId::ALWAYS,
            live: true,
            returns: false,
            cells: vec![UNBOUND; slots],
            star: 0,
            loops: Vec::new(),
            self_attrs: FxHashSet::default(),
            catches: Vec::new(),
            repeats: Vec::new(),
            known: Known::default(),
            update: qualname,
            log: Vec::new(),
            roots: Vec::new(),
            depths: vec![0],
            current: vec![UNBOUND; slots],
            trail: Vec::new(),
            stamps: vec![0; slots],
            rows: vec![0; slots],
            epoch: 0,
        }
    }

    /// A variable that is not the result of an instruction yet to come.
    pub(super) fn declare(&mut self, name: Option<Sym>, def: VarDef) -> VarId {
        let var = VarId(self.vars.len() as u32);
        self.vars.push(VarInfo { name, def });
        self.roots.push(var);
        var
    }

    /// A variable that the next instruction defines.
    pub(super) fn fresh(&mut self, name: Option<Sym>) -> VarId {
        let next = self.instrs.len() as u32;
        self.declare(name, VarDef::Instr(next))
    }

    /// Appends an instruction; returns its index.
    pub(super) fn emit(&mut self, op: Op, pos: Pos) -> u32 {
        self.emit_under(op, self.guard, pos)
    }

    /// Appends an instruction under a guard that is not the one in force.
    pub(super) fn emit_under(&mut self, op: Op, guard: GuardId, pos: Pos) -> u32 {
        let index = self.instrs.len() as u32;
        self.observe(&op);
        self.instrs.push(Instr { op, guard, pos });
        index
    }

    /// The version of a slot.
    pub(super) fn get(&self, slot: u32) -> VarId {
        self.current.get(slot as usize).copied().unwrap_or(UNBOUND)
    }

    /// Sets the version of a slot: a join, a narrowed version, or none.
    pub(super) fn set(&mut self, slot: u32, var: VarId) {
        if slot == NO_SLOT {
            return;
        }
        let old = std::mem::replace(&mut self.current[slot as usize], var);
        self.trail.push((slot, old));
    }

    /// Binds a slot to a new value.
    pub(super) fn define(&mut self, slot: u32, var: VarId) {
        self.set(slot, var);
        self.log.push((slot, var));
    }

    /// Whether a star import may have rebound the name of this version since it was bound.
    pub(super) fn starred(&self, version: VarId) -> bool {
        let root = self.root(version);
        let joined = || self.vars.get(root.0 as usize).is_some_and(|var| var.def == VarDef::Join);
        self.star > 0 && (root.0 < self.star || joined())
    }

    /// Makes `var` a narrowed version of `of`.
    pub(super) fn set_root(&mut self, var: VarId, of: VarId) {
        self.roots[var.0 as usize] = self.root(of);
    }

    /// The version that a chain of narrowings starts from.
    pub(super) fn root(&self, var: VarId) -> VarId {
        self.roots.get(var.0 as usize).copied().unwrap_or(var)
    }

    /// The begin of a branch.
    pub(super) fn mark(&self) -> usize {
        self.trail.len()
    }

    /// How many bindings have been made, joins and narrowings aside.
    pub(super) fn bindings(&self) -> usize {
        self.log.len()
    }

    fn next_epoch(&mut self) -> u32 {
        self.epoch += 1;
        self.epoch
    }

    /// What has been assigned since `mark`; the state stays.
    pub(super) fn diff_since(&mut self, mark: usize) -> Diff {
        let epoch = self.next_epoch();
        let mut diff = Diff::new();
        for &(slot, _) in &self.trail[mark..] {
            let stamp = &mut self.stamps[slot as usize];
            if *stamp != epoch {
                *stamp = epoch;
                diff.push((slot, self.current[slot as usize]));
            }
        }
        diff
    }

    /// Ends a branch: takes back what it assigned and returns it.
    pub(super) fn roll_back(&mut self, mark: usize) -> Diff {
        self.known.clear();
        let mut diff = self.diff_since(mark);
        for (slot, old) in self.trail.drain(mark..).rev() {
            self.current[slot as usize] = old;
        }
        let current = &self.current;
        diff.retain(|&(slot, var)| current[slot as usize] != var);
        diff
    }

    /// Joins branches that began in the current state. With `cover`, the branches are all the ways there are,
    /// so that complementary narrowings of one version join to that version.
    pub(super) fn join(&mut self, exits: &[Exit], names: &[Sym], cover: bool, pos: Pos) {
        if let [exit] = exits {
            for &(slot, var) in &exit.diff {
                self.set(slot, var);
            }
            return;
        }
        let width = exits.len();
        let epoch = self.next_epoch();
        let mut slots: Vec<u32> = Vec::new();
        for exit in exits {
            for &(slot, _) in &exit.diff {
                let stamp = &mut self.stamps[slot as usize];
                if *stamp != epoch {
                    *stamp = epoch;
                    self.rows[slot as usize] = slots.len() as u32;
                    slots.push(slot);
                }
            }
        }
        if slots.is_empty() {
            return;
        }
        let mut values: Vec<VarId> = Vec::with_capacity(slots.len() * width);
        for &slot in &slots {
            values.extend(std::iter::repeat_n(self.get(slot), width));
        }
        for (i, exit) in exits.iter().enumerate() {
            for &(slot, var) in &exit.diff {
                values[self.rows[slot as usize] as usize * width + i] = var;
            }
        }
        let mut distinct: Vec<(VarId, GuardId)> = Vec::new();
        for (row, &slot) in slots.iter().enumerate() {
            let row = &values[row * width..(row + 1) * width];
            let base = self.get(slot);
            if cover && base != UNBOUND && row.iter().all(|&var| var != UNBOUND && self.narrows(var, base)) {
                continue;
            }
            distinct.clear();
            for (i, &var) in row.iter().enumerate() {
                if var == UNBOUND {
                    continue;
                }
                match distinct.iter_mut().find(|(known, _)| *known == var) {
                    Some((_, guard)) => *guard = self.common(*guard, exits[i].guard),
                    None => distinct.push((var, exits[i].guard)),
                }
            }
            match distinct.as_slice() {
                [] => self.set(slot, UNBOUND),
                [(var, _)] => {
                    let var = *var;
                    self.set(slot, var);
                }
                _ => {
                    let join = self.declare(names.get(slot as usize).copied(), VarDef::Join);
                    for &(var, guard) in &distinct {
                        self.emit_under(Op::Copy { dst: join, src: var }, guard, pos);
                    }
                    self.set(slot, join);
                }
            }
        }
    }

    /// Whether `var` is `base` or made from it by narrowing alone.
    fn narrows(&self, var: VarId, base: VarId) -> bool {
        var == base || (self.root(var) == self.root(base) && self.root(base) == base)
    }

    /// Joins what was bound to slots in a section of the log with the current versions: the state of a
    /// handler, or of a `finally` block.
    pub(super) fn join_log(&mut self, section: Range<usize>, names: &[Sym], pos: Pos) {
        let mut touched: Vec<(u32, VarId)> = self.log[section].to_vec();
        touched.sort_unstable();
        touched.dedup();
        for group in touched.chunk_by(|a, b| a.0 == b.0) {
            let slot = group[0].0;
            let base = self.get(slot);
            let mut distinct: Vec<VarId> = Vec::with_capacity(group.len() + 1);
            if base != UNBOUND {
                distinct.push(base);
            }
            distinct.extend(group.iter().map(|&(_, var)| var).filter(|&var| var != base));
            if let [var] = distinct.as_slice() {
                self.set(slot, *var);
                continue;
            }
            let join = self.declare(names.get(slot as usize).copied(), VarDef::Join);
            for &src in &distinct {
                self.emit(Op::Copy { dst: join, src }, pos);
            }
            self.set(slot, join);
        }
    }

    /// Enters a loop that assigns `slots`: makes the joins at its head.
    pub(super) fn enter_loop(&mut self, slots: &[u32], names: &[Sym], pos: Pos) {
        self.known.clear();
        let mut phis = Vec::with_capacity(slots.len());
        for &slot in slots {
            let Some(&name) = names.get(slot as usize) else {
                continue;
            };
            let before = self.get(slot);
            let phi = self.declare(Some(name), VarDef::Join);
            if before != UNBOUND {
                self.emit(Op::Copy { dst: phi, src: before }, pos);
            }
            self.set(slot, phi);
            phis.push((slot, phi));
        }
        self.loops.push(LoopCtx { mark: self.mark(), phis, breaks: Vec::new(), ends: None });
    }

    /// Control goes back to the head of the innermost loop.
    pub(super) fn back_edge(&mut self, pos: Pos) {
        let Some(mut inner) = self.loops.pop() else {
            return;
        };
        inner.ends = Some(inner.ends.map_or(self.guard, |ends| self.common(ends, self.guard)));
        for &(slot, phi) in &inner.phis {
            let src = self.get(slot);
            if src != phi && src != UNBOUND && self.root(src) != phi {
                self.emit(Op::Copy { dst: phi, src }, pos);
            }
        }
        self.loops.push(inner);
    }

    /// What holds of each element after a loop over elements, in the variable `element`: what held of it at each end of the body. The
    /// guard that says so, inside the current one.
    pub(super) fn every(&mut self, outer: GuardId, element: VarId) -> GuardId {
        let mut found = Vec::new();
        let mut at = self.loops.last().and_then(|inner| inner.ends).unwrap_or(outer);
        while self.depths[at.0 as usize] > self.depths[outer.0 as usize] {
            let guard = &self.guards[at.0 as usize];
            if guard.cond.subject().is_some_and(|var| self.root(var) == self.root(element)) {
                found.push(at);
            }
            at = guard.parent;
        }
        let mut parent = outer;
        for at in found.into_iter().rev() {
            let guard = &self.guards[at.0 as usize];
            let each = if guard.holds { guard.cond.clone() } else { negate(guard.cond.clone()) };
            let (unless_returns, within) = (guard.unless_returns, guard.within.clone());
            let id = GuardId(self.guards.len() as u32);
            let cond = Cond::Every(element, Box::new(each));
            self.guards.push(Guard { parent, cond, holds: true, unless_returns, within });
            self.depths.push(self.depths[parent.0 as usize] + 1);
            parent = id;
        }
        parent
    }

    /// Ends the body of the innermost loop: the state is that of its head again. Returns where the trail stood there
    /// and what `break` leaves with.
    pub(super) fn close_loop(&mut self) -> (usize, Vec<Exit>) {
        match self.loops.pop() {
            Some(inner) => (inner.mark, inner.breaks),
            None => (self.mark(), Vec::new()),
        }
    }

    /// Control leaves the innermost loop.
    pub(super) fn break_edge(&mut self) {
        let Some(mark) = self.loops.last().map(|inner| inner.mark) else {
            return;
        };
        let diff = self.diff_since(mark);
        let guard = self.guard;
        if let Some(inner) = self.loops.last_mut() {
            inner.breaks.push(Exit { diff, guard });
        }
    }

    /// A new guard inside `parent`, or `parent` itself if the condition says nothing.
    pub(super) fn guard_in(
        &mut self,
        parent: GuardId,
        cond: &Cond,
        holds: bool,
        unless_returns: Option<u32>,
    ) -> GuardId {
        if matches!(cond, Cond::Opaque) {
            return parent;
        }
        let id = GuardId(self.guards.len() as u32);
        let (cond, holds) = match cond {
            Cond::Not(inner) => (inner.as_ref().clone(), !holds),
            other => (other.clone(), holds),
        };
        self.guards.push(Guard { parent, cond, holds, unless_returns, within: Box::default() });
        self.depths.push(self.depths[parent.0 as usize] + 1);
        id
    }

    /// What holds inside of `with` statements that their body goes on from holds behind them as well, unless a manager swallows
    /// what ended the body early: the guards between `outer` and the current one once more, with that proviso.
    pub(super) fn leave_with(&mut self, outer: GuardId, managers: &[u32]) {
        let mut inside = Vec::new();
        let mut at = self.guard;
        while self.depths[at.0 as usize] > self.depths[outer.0 as usize] {
            inside.push(at);
            at = self.guards[at.0 as usize].parent;
        }
        let mut parent = outer;
        for at in inside.into_iter().rev() {
            let guard = &self.guards[at.0 as usize];
            let within = managers.iter().chain(&*guard.within).copied().collect();
            let (cond, holds, unless_returns) = (guard.cond.clone(), guard.holds, guard.unless_returns);
            let id = GuardId(self.guards.len() as u32);
            self.guards.push(Guard { parent, cond, holds, unless_returns, within });
            self.depths.push(self.depths[parent.0 as usize] + 1);
            parent = id;
        }
        self.guard = parent;
    }

    /// The guards between one and the current one, innermost first: the call that each waits for, and what makes it fail.
    pub(super) fn guards_within(&self, outer: GuardId) -> Vec<(Option<u32>, Cond)> {
        let mut found = Vec::new();
        let mut at = self.guard;
        while self.depths[at.0 as usize] > self.depths[outer.0 as usize] {
            let guard = &self.guards[at.0 as usize];
            if matches!(guard.cond, Cond::Returned(_)) {
                at = guard.parent;
                continue;
            }
            let failing = if guard.holds { negate(guard.cond.clone()) } else { guard.cond.clone() };
            found.push((guard.unless_returns, failing));
            at = guard.parent;
        }
        found
    }

    /// The innermost guard around both.
    pub(super) fn common(&self, mut a: GuardId, mut b: GuardId) -> GuardId {
        let depth = |guard: GuardId| self.depths[guard.0 as usize];
        while a != b {
            if depth(a) >= depth(b) {
                a = self.guards[a.0 as usize].parent;
            } else {
                b = self.guards[b.0 as usize].parent;
            }
        }
        a
    }
}
