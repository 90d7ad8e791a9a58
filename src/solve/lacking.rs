//! Attributes that an object cannot have: to read one raises, so that nothing comes of it.
//!
//! A read that finds nothing may be a gap, of the program text or of the models, and is then given an untracked value. It is
//! none where all that could give the attribute is known: the object is of a class whose bases are all class statements of
//! the program, which nothing changes afterwards, and no store can have escaped.

use super::class::{ClassInfo, is_tuple_helper, is_tuple_method};
use super::graph::NodeId;
use super::value::{ClassDef, ObjKind, Value, ValueId, well_known};
use super::{Origin, Solver};
use crate::ir::{Arg, Op};
use crate::link::Name;
use crate::models::Term;

impl Solver<'_> {
    /// Whether an attribute load may find something that the solver does not see: one of the objects is neither `None` nor
    /// known to lack the attribute.
    pub(super) fn may_find_more(&self, objects: NodeId, name: Name) -> bool {
        let objects = self.graph.values(objects).iter();
        objects.into_iter().any(|&object| self.values.get(object) != Value::None && !self.lacks(object, name))
    }

    /// Whether an object certainly lacks an attribute, as far as is known: stores that are still to be seen may change that.
    pub(super) fn lacks(&self, object: ValueId, name: Name) -> bool {
        let text = self.text(name);
        let special = text.starts_with("__") && text.ends_with("__");
        let Some(class) = self.class_of(object) else {
            // A named tuple is made by a call.
            return !special
                && self.display_length(object).is_some()
                && !is_tuple_helper(text)
                && !is_tuple_method(text);
        };
        !special
            && !self.stored_on_unknown.contains(&name)
            && !self.exposed.contains(&object)
            && !self.has_more(object)
            && !self.has_more(well_known::UNKNOWN)
            && !self.holds(object, name)
            && !self.defines(class, name)
            && !self.stores(class, name)
            && ![self.names.getattr, self.names.getattribute, self.names.init_subclass]
                .iter()
                .any(|&hook| self.defines(class, hook))
            && self.mro(class).iter().all(|&base| !self.holds(base, name) && self.is_plain_class(base))
    }

    /// Whether something is stored on an object under a name.
    fn holds(&self, object: ValueId, name: Name) -> bool {
        self.existing_field(object, name).is_some_and(|node| !self.graph.values(node).is_empty())
    }

    /// Whether something is stored on an object under a name that is not known.
    fn has_more(&self, object: ValueId) -> bool {
        let rest = self.slots.get(object).and_then(|slots| slots.rest);
        rest.is_some_and(|rest| !self.graph.values(rest).is_empty())
    }

    /// Whether a class has what its statement says and nothing else.
    fn is_plain_class(&self, class: ValueId) -> bool {
        match self.values.get(class) {
            Value::Class(ClassDef::Statement(_), _) => {
                !self.has_more(class)
                    && self.classes.get(&class).is_some_and(|info| self.is_left_alone(class, info))
            }
            Value::Obj(ObjKind::NamedTuple, ..) => true,
            Value::Ext(path) => self.text(path) == "builtins.object",
            _ => false,
        }
    }

    /// Whether neither a decorator nor a metaclass adds anything to a class.
    fn is_left_alone(&self, class: ValueId, info: &ClassInfo) -> bool {
        let Value::Class(ClassDef::Statement(id), _) = self.values.get(class) else { return false };
        let at = info.place();
        let Op::MakeClass { bases, .. } = self.op(at) else { return false };
        let all = |var, passes: &dyn Fn(&str) -> bool| {
            let values = self.graph.values(self.var(at.inst, var));
            !values.is_empty()
                && values.iter().all(|&value| match self.values.get(value) {
                    Value::Ext(path) => passes(self.text(path)),
                    _ => false,
                })
        };
        let returns_it = |path: &str| {
            let returns = self.models.get(path).and_then(|entry| entry.returns.as_ref());
            matches!(returns, Some(Term::Arg(Some(0), _)))
        };
        let decorators = &self.program.class(id).0.decorators;
        decorators.iter().all(|decorator| match self.op(Origin { inst: at.inst, index: decorator.call }) {
            Op::Call { callee, .. } => all(*callee, &returns_it),
            _ => false,
        }) && bases.iter().all(|base| match base {
            Arg::Pos(_) => true,
            Arg::Kw(_, var) => all(*var, &|path| path == "abc.ABCMeta"),
            Arg::Star(_) | Arg::DoubleStar(_) => false,
        })
    }
}
