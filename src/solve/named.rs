//! The names that solving compares with.

use super::strings;
use crate::link::{Name, Names};

/// Names that the solver compares with.
pub(super) struct WellKnownNames {
    pub rest: Name,
    pub keys: Name,
    pub init: Name,
    pub call: Name,
    pub enter: Name,
    pub exit: Name,
    pub iter: Name,
    pub next: Name,
    pub getattr: Name,
    pub getattribute: Name,
    pub init_subclass: Name,
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
            init: n("__init__"),
            call: n("__call__"),
            enter: n("__enter__"),
            exit: n("__exit__"),
            iter: n("__iter__"),
            next: n("__next__"),
            getattr: n("__getattr__"),
            getattribute: n("__getattribute__"),
            init_subclass: n("__init_subclass__"),
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
