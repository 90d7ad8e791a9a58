//! Objects of classes of the program that derive from a container: `class Registry(dict)`, `class Rows(UserList)`.
//!
//! What such an object holds is kept apart from its attributes, in a container: what the methods of the library class do, they do with
//! that. Objects that no context tells apart share one, as they share what their methods do.

use super::value::{ObjKind, Value, ValueId};
use super::{Solver, held};
use crate::link::Name;

/// The classes of containers, and what holds the items of objects that derive from them. The models say which classes of
/// libraries derive from these.
const CONTAINERS: [(&str, ObjKind); 4] = [
    ("builtins.dict", ObjKind::Dict),
    ("builtins.list", ObjKind::List),
    ("builtins.set", ObjKind::Set),
    ("builtins.tuple", ObjKind::Tuple),
];

impl Solver<'_> {
    /// What holds the items of an object of the program, if its class derives from a container of the language.
    pub(super) fn contents_of(&mut self, object: ValueId) -> Option<ValueId> {
        let Value::Inst(key, _) = self.values.get(object) else { return None };
        let (class, _) = self.values.class_of_key(key);
        if !self.classes.get(&class)?.is_container {
            return None;
        }
        if let Some(&known) = self.contents.get(&key) {
            return Some(known);
        }
        let mro = self.mro(class).iter();
        let kind = mro.copied().find_map(|base| match self.values.get(base) {
            Value::Ext(path) => self.kind_of_container(self.text(path)),
            _ => None,
        })?;
        let contents = self.held_object(kind);
        self.contents.insert(key, contents);
        Some(contents)
    }

    /// The container that instances of a class of a library are.
    pub(super) fn kind_of_container(&self, class: &str) -> Option<ObjKind> {
        CONTAINERS.iter().find(|(path, _)| self.models.is_a(class, path)).map(|&(_, kind)| kind)
    }

    /// What a method of a library class works on: of the methods of a container what holds the items of the receiver.
    pub(super) fn receiver_of_library(&mut self, receiver: ValueId, path: Name) -> ValueId {
        let class = self.text(path).rsplit_once('.').map(|(class, _)| class);
        match class.and_then(|class| self.kind_of_container(class)) {
            Some(_) => self.contents_of(receiver).unwrap_or(receiver),
            None => receiver,
        }
    }

    /// What iteration, unpacking and subscripts of an object of the program work on, if nothing of the program stands before
    /// the container.
    pub(super) fn contents_unless(&mut self, object: ValueId, method: Name) -> Option<ValueId> {
        let contents = self.contents_of(object)?;
        let class = self.class_of(object)?;
        (!self.defines(class, method)).then_some(contents)
    }
}

/// Whether a class of a library is a container, or a base of one: asked when an MRO is made.
pub(super) fn may_contain(solver: &Solver<'_>, base: ValueId) -> bool {
    matches!(solver.values.get(base), Value::Ext(path)
        if solver.text(path) != held::NAMED_TUPLE && solver.kind_of_container(solver.text(path)).is_some())
}
