//! The names that solving compares with, and those that it makes.

use super::value::{Value, ValueId};
use super::{Solver, strings};
use crate::link::{Name, Names};
use crate::models::{Entry, Models};

/// Names that the solver compares with.
pub(super) struct WellKnownNames {
    pub rest: Name,
    pub keys: Name,
    pub items: Name,
    pub init: Name,
    pub new: Name,
    pub call: Name,
    pub enter: Name,
    pub exit: Name,
    pub aenter: Name,
    pub aexit: Name,
    pub aiter: Name,
    pub anext: Name,
    pub missing: Name,
    pub class_getitem: Name,
    pub current_object: Name,
    pub members: Name,
    pub iter: Name,
    pub match_args: Name,
    pub next: Name,
    pub getattr: Name,
    pub getattribute: Name,
    pub init_subclass: Name,
    pub post_init: Name,
    pub dispatch_request: Name,
    pub name: Name,
    pub module: Name,
    pub main: Name,
    pub class: Name,
    pub wrapped: Name,
    pub fget: Name,
    pub func: Name,
    pub subclasses: Name,
    pub getitem: Name,
    pub setitem: Name,
    pub setattr: Name,
    pub get: Name,
    pub set: Name,
    pub delete: Name,
    pub set_name: Name,
    pub manager: Name,
    pub dict: Name,
    pub doc: Name,
    pub file: Name,
    pub qualname: Name,
    pub json: Name,
    pub fields: Name,
    pub hole: Name,
    pub setting_hole: Name,
}

impl WellKnownNames {
    /// Interns them.
    pub fn new(names: &mut Names) -> WellKnownNames {
        let mut n = |text: &str| names.intern(text);
        WellKnownNames {
            rest: n("*"),
            keys: n("*keys"),
            items: n("[]"),
            init: n("__init__"),
            new: n("__new__"),
            call: n("__call__"),
            enter: n("__enter__"),
            exit: n("__exit__"),
            aenter: n("__aenter__"),
            aexit: n("__aexit__"),
            aiter: n("__aiter__"),
            anext: n("__anext__"),
            missing: n("__missing__"),
            class_getitem: n("__class_getitem__"),
            current_object: n("_get_current_object"),
            members: n("__members__"),
            iter: n("__iter__"),
            match_args: n("__match_args__"),
            next: n("__next__"),
            getattr: n("__getattr__"),
            getattribute: n("__getattribute__"),
            init_subclass: n("__init_subclass__"),
            post_init: n("__post_init__"),
            dispatch_request: n("dispatch_request"),
            name: n("__name__"),
            module: n("__module__"),
            main: n("__main__"),
            class: n("__class__"),
            wrapped: n("__wrapped__"),
            fget: n("fget"),
            func: n("func"),
            subclasses: n("__subclasses__"),
            getitem: n("__getitem__"),
            setitem: n("__setitem__"),
            setattr: n("__setattr__"),
            get: n("__get__"),
            set: n("__set__"),
            delete: n("__delete__"),
            set_name: n("__set_name__"),
            manager: n("manager"),
            dict: n("__dict__"),
            doc: n("__doc__"),
            file: n("__file__"),
            qualname: n("__qualname__"),
            json: n("json"),
            fields: n("fields"),
            hole: n(strings::HOLE.encode_utf8(&mut [0; 4])),
            setting_hole: n(strings::SETTING_HOLE.encode_utf8(&mut [0; 4])),
        }
    }
}

impl<'p> Solver<'p> {
    /// Interns a string value.
    pub fn str_value(&mut self, text: &str) -> ValueId {
        let name = self.program.names.intern(text);
        self.values.intern_keyed(Value::Str(name), None)
    }

    /// Interns an external object.
    pub fn ext_value(&mut self, path: &str) -> ValueId {
        let name = self.program.names.intern(path);
        self.ext_named(name)
    }

    pub(super) fn ext_named(&mut self, path: Name) -> ValueId {
        self.values.intern_keyed(Value::Ext(path), None)
    }

    /// `class.name`, interned; asked for again and again.
    pub(super) fn dotted_name(&mut self, class: &str, name: Name) -> Name {
        let class = self.program.names.intern(class);
        self.join_names(class, name)
    }

    pub(super) fn join_names(&mut self, class: Name, name: Name) -> Name {
        if let Some(&joined) = self.joined.get(&(class, name)) {
            return joined;
        }
        let text = format!("{}.{}", self.text(class), self.text(name));
        let joined = self.program.names.intern(&text);
        self.joined.insert((class, name), joined);
        joined
    }

    /// The model of an external path.
    pub(super) fn model(&mut self, path: Name) -> Option<&'p Entry> {
        if let Some(&entry) = self.entries.get(&path) {
            return entry;
        }
        let models: &'p Models = self.models;
        let entry = models.get(self.program.names.text(path));
        self.entries.insert(path, entry);
        entry
    }

    /// The text of a name.
    pub fn text(&self, name: Name) -> &str {
        self.program.names.text(name)
    }
}
