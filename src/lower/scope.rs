//! The symbol table pass: which scope binds which name, and which locals nested scopes capture.
//!
//! Comprehensions are scopes of names here, but not functions: their variables are slots of the function
//! that holds them (the *host*).

use ruff_text_size::{TextRange, TextSize};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::ir::Sym;

/// No slot.
pub(super) const NO_SLOT: u32 = u32::MAX;
/// No scope.
pub(super) const NO_SCOPE: u32 = u32::MAX;

/// What kind of scope of names it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Module,
    Class,
    Function,
    Lambda,
    Comprehension,
}

/// What a name means in a scope.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Res {
    /// A slot of the host.
    Local(u32),
    /// A slot of an enclosing host.
    Free { levels: u32, slot: u32 },
    /// The module namespace or the builtins.
    Global,
}

pub(super) const USED: u8 = 1;
pub(super) const BOUND: u8 = 2;
pub(super) const GLOBAL: u8 = 4;
pub(super) const NONLOCAL: u8 = 8;

/// A name in a scope.
#[derive(Clone, Copy)]
pub(super) struct NameInfo {
    pub(super) flags: u8,
    pub(super) slot: u32,
    /// What the name means here.
    pub(super) res: Res,
    /// For a name that a class body binds: what it means where the body has not bound it.
    pub(super) outer: Res,
}

impl NameInfo {
    /// Whether the scope declares the name `global`.
    pub(super) fn is_global(&self) -> bool {
        self.flags & GLOBAL != 0
    }
}

/// A variable of a host: a local name, or a variable of a comprehension in it.
pub(super) struct Slot {
    /// The name.
    pub(super) name: Sym,
    /// Whether a nested function or class reads or writes it.
    pub(super) captured: bool,
    /// Whether a nested function writes it.
    pub(super) written_inside: bool,
    /// For a module: whether some function declares it `global`.
    pub(super) declared_global: bool,
    /// Whether it belongs to a comprehension.
    pub(super) comprehension: bool,
    /// How many times it is bound, parameters included.
    pub(super) binds: u32,
}

/// One scope of names.
pub(super) struct Scope {
    /// What it is.
    pub(super) kind: Kind,
    /// The function, class or module that holds it: itself, unless it is a comprehension.
    pub(super) host: u32,
    /// Names by symbol.
    pub(super) names: FxHashMap<Sym, NameInfo>,
    /// Variables (of hosts only).
    pub(super) slots: Vec<Slot>,
    /// Whether a `yield` stands in it.
    pub(super) is_generator: bool,
    pub(super) parent: u32,
    /// Every binding of a slot, in order: what a loop assigns is a section of it.
    pub(super) log: Vec<u32>,
    /// The slot of the first positional parameter.
    pub(super) first_param: u32,
}

/// The symbol table of a file.
pub(super) struct Table {
    /// All scopes; the module first.
    pub(super) scopes: Vec<Scope>,
    pub(super) by_range: FxHashMap<TextRange, u32>,
    pub(super) loops: FxHashMap<TextRange, Box<[u32]>>,
    /// Where nesting got too deep, once.
    pub(super) deep: Option<TextSize>,
    /// The longest chain of left operands.
    pub(super) longest_chain: u32,
}

impl Table {
    /// The scope that a `def`, `class`, `lambda` or comprehension with this range opens.
    pub(super) fn scope_at(&self, range: TextRange) -> Option<u32> {
        self.by_range.get(&range).copied()
    }

    /// The slots of the host that a loop or comprehension with this range assigns.
    pub(super) fn assigned_in(&self, range: TextRange) -> &[u32] {
        self.loops.get(&range).map_or(&[], |slots| slots.as_ref())
    }

    /// The meaning of a name in a scope.
    pub(super) fn resolve(&self, scope: u32, name: Sym) -> Option<&NameInfo> {
        self.scopes[scope as usize].names.get(&name)
    }
}

impl Table {
    /// Looks a name up in the scopes around `scope`.
    fn outward(&self, scope: u32, name: Sym) -> (Res, u32) {
        let scopes = &self.scopes;
        let mut levels = 0;
        let mut at = scope;
        loop {
            let here = &scopes[at as usize];
            if here.parent == NO_SCOPE {
                return (Res::Global, NO_SCOPE);
            }
            if here.kind != Kind::Comprehension {
                levels += 1;
            }
            at = here.parent;
            let outer = &scopes[at as usize];
            if outer.kind == Kind::Class || (outer.kind == Kind::Module && levels > 0) {
                continue;
            }
            if let Some(info) = outer.names.get(&name) {
                if info.flags & GLOBAL != 0 {
                    return (Res::Global, NO_SCOPE);
                }
                if info.flags & NONLOCAL == 0 && info.slot != NO_SLOT {
                    let res = if levels == 0 {
                        Res::Local(info.slot)
                    } else {
                        Res::Free { levels, slot: info.slot }
                    };
                    return (res, outer.host);
                }
            }
        }
    }

    /// Resolves every name, once all bindings are known. `globals` are the names that some scope declares
    /// `global`.
    pub(super) fn resolve_all(&mut self, globals: &FxHashSet<Sym>) {
        let mut found: Vec<(Sym, NameInfo)> = Vec::new();
        for id in 0..self.scopes.len() as u32 {
            let scope = &self.scopes[id as usize];
            let class = scope.kind == Kind::Class;
            found.clear();
            found.extend(scope.names.iter().map(|(&name, &info)| (name, info)));
            for (name, mut info) in found.drain(..) {
                let flags = info.flags;
                let own = flags & (GLOBAL | NONLOCAL) == 0 && info.slot != NO_SLOT;
                if flags & GLOBAL == 0 && (!own || (class && flags & USED != 0)) {
                    let (res, owner) = self.outward(id, name);
                    if let Res::Free { slot, .. } = res {
                        let slot = &mut self.scopes[owner as usize].slots[slot as usize];
                        slot.captured = true;
                        slot.written_inside |= flags & NONLOCAL != 0 && flags & BOUND != 0;
                    }
                    info.res = res;
                    info.outer = res;
                }
                if own {
                    info.res = Res::Local(info.slot);
                }
                self.scopes[id as usize].names.insert(name, info);
            }
        }
        if let Some(module) = self.scopes.first_mut() {
            for slot in &mut module.slots {
                slot.declared_global = !slot.comprehension && globals.contains(&slot.name);
            }
        }
    }
}
