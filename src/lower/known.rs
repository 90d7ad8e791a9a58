//! What containers hold, as far as the text shows: a store that the next read of the same key sees replaces what was
//! there before, although the heap of the solver only grows.
//!
//! `d = {"a": f}; d["a"] = g; d["a"]()` calls `g` alone. Known is what a literal lists and what constant keys store
//! afterwards, until an instruction runs that might change a container unseen: any call, any attribute of an object
//! that is not such a container, any operator (each of them may run code), and the end or the begin of a branch or loop.
//! That another thread writes in between is not thought of.

use rustc_hash::FxHashMap;

use super::builder::Builder;
use crate::ir::{Arg, Const, ContainerKind, Op, Operator, Sym, VarDef, VarId};

/// A constant key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Key {
    Str(Sym),
    Int(i64),
}

/// The known elements of one container.
#[derive(Debug)]
struct Contents {
    is_dict: bool,
    elements: Vec<(Key, VarId)>,
}

impl Contents {
    fn get(&self, key: Key) -> Option<VarId> {
        let from_end = |i: i64| if i < 0 && !self.is_dict { i + self.elements.len() as i64 } else { i };
        let key = if let Key::Int(i) = key { Key::Int(from_end(i)) } else { key };
        self.elements.iter().find(|(known, _)| *known == key).map(|&(_, value)| value)
    }

    fn set(&mut self, key: Key, value: VarId) {
        match self.elements.iter_mut().find(|(known, _)| *known == key) {
            Some((_, held)) => *held = value,
            None => self.elements.push((key, value)),
        }
    }
}

/// Containers whose elements are known here.
#[derive(Default)]
pub(super) struct Known {
    containers: FxHashMap<VarId, Contents>,
    /// Other variables that hold one of them.
    aliases: FxHashMap<VarId, VarId>,
}

impl Known {
    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        if !self.containers.is_empty() {
            self.containers.clear();
            self.aliases.clear();
        }
    }

    fn container(&self, var: VarId) -> Option<VarId> {
        let var = self.aliases.get(&var).copied().unwrap_or(var);
        self.containers.contains_key(&var).then_some(var)
    }
}

impl Builder {
    /// What `container[key]` is here, if that is known.
    pub(super) fn known_element(&self, container: VarId, key: VarId) -> Option<VarId> {
        let container = self.known.container(container)?;
        self.known.containers.get(&container)?.get(self.constant_key(key)?)
    }

    fn constant_key(&self, var: VarId) -> Option<Key> {
        match self.defining(var)? {
            Op::Const { value: Const::Str(sym), .. } => Some(Key::Str(*sym)),
            Op::Const { value: Const::Int(int), .. } => Some(Key::Int(*int)),
            _ => None,
        }
    }

    /// The instruction that defines a variable.
    fn defining(&self, var: VarId) -> Option<&Op> {
        match self.vars.get(var.0 as usize)?.def {
            VarDef::Instr(index) => self.instrs.get(index as usize).map(|instr| &instr.op),
            _ => None,
        }
    }

    /// Takes in what an instruction does that is about to be appended.
    pub(super) fn observe(&mut self, op: &Op) {
        match op {
            Op::MakeDict { dst, items, comprehension: false } => {
                let mut contents = Contents { is_dict: true, elements: Vec::new() };
                for &(key, value) in items {
                    let Some(key) = key.and_then(|key| self.constant_key(key)) else {
                        // The key's `__hash__`, or whatever is unpacked, may run code.
                        self.known.clear();
                        return;
                    };
                    contents.set(key, value);
                }
                self.known.containers.insert(*dst, contents);
            }
            Op::MakeSeq {
                dst,
                kind: ContainerKind::List | ContainerKind::Tuple,
                items,
                comprehension: false,
            } if items.iter().all(|&(_, starred)| !starred) => {
                let elements = (0..).map(Key::Int).zip(items.iter().map(|&(value, _)| value)).collect();
                self.known.containers.insert(*dst, Contents { is_dict: false, elements });
            }
            Op::StoreSub { obj, key, src } => self.observe_store(*obj, *key, *src),
            Op::Call { callee, args, .. } if self.observe_update(*callee, args) => {}
            Op::Copy { dst, src } => {
                let single = matches!(self.vars[dst.0 as usize].def, VarDef::Instr(_));
                if let Some(container) = self.known.container(*src).filter(|_| single) {
                    self.known.aliases.insert(*dst, container);
                }
            }
            Op::LoadAttr { obj, .. } | Op::LoadSub { obj, .. } | Op::Slice { obj, .. }
                if self.known.container(*obj).is_some() => {}
            // These run no code of anybody's.
            Op::Const { .. }
            | Op::MakeDict { .. }
            | Op::MakeSeq { .. }
            | Op::MakeFunc { .. }
            | Op::LoadGlobal { .. }
            | Op::StoreGlobal { .. }
            | Op::LoadFree { .. }
            | Op::StoreFree { .. }
            | Op::LoadClassName { .. }
            | Op::StoreClassName { .. } => {}
            // What a test asks of an object changes no container that it is not given.
            Op::Operate {
                dst: None,
                op: Operator::Truth | Operator::Equal | Operator::NotEqual | Operator::Ordered(_),
                ..
            } => {}
            _ => self.known.clear(),
        }
    }

    fn observe_store(&mut self, obj: VarId, key: VarId, src: VarId) {
        let constant = self.constant_key(key);
        let Some(container) = self.known.container(obj) else {
            // It may be any of them.
            self.known.clear();
            return;
        };
        let Some(contents) = self.known.containers.get_mut(&container) else { return };
        match constant {
            Some(key)
                if contents.is_dict || contents.get(key).is_some_and(|_| matches!(key, Key::Int(0..))) =>
            {
                contents.set(key, src);
            }
            _ => self.known.clear(),
        }
    }

    /// `d.update({"a": x})` stores like `d["a"] = x`.
    fn observe_update(&mut self, callee: VarId, args: &[Arg]) -> bool {
        let Some(&Op::LoadAttr { obj, name, .. }) = self.defining(callee) else { return false };
        let [Arg::Pos(from)] = args else { return false };
        let (Some(to), Some(from)) = (self.known.container(obj), self.known.container(*from)) else {
            return false;
        };
        let elements = match self.known.containers.get(&from) {
            Some(contents) if contents.is_dict => contents.elements.clone(),
            _ => return false,
        };
        match self.known.containers.get_mut(&to) {
            Some(contents) if contents.is_dict && name == self.update => {
                elements.into_iter().for_each(|(key, value)| contents.set(key, value));
                true
            }
            _ => false,
        }
    }
}
