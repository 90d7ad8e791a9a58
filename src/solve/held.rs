//! What objects of libraries hold: attributes that a model describes, and what the program puts there (`flask.g.x`, an attribute
//! of the request or of the application, `app.extensions["x"]`).
//!
//! An object that is known by its dotted path alone is one object, whoever reads it: what one request stores in `flask.g`
//! every request may find there.

use super::Solver;
use super::graph::NodeId;
use super::library::TERM_SITES;
use super::value::{AllocSite, InstId, ObjKind, Value, ValueId, well_known};
use crate::link::Name;
use crate::models::{Entry, Term};

/// What stands for the application that serves a request (`flask.current_app`): the applications that the program makes.
pub(super) struct CurrentApp {
    /// Where they flow.
    node: NodeId,
    /// What stands for it where the program makes none.
    otherwise: ValueId,
}

/// The base of named tuples, whose elements are its attributes.
pub(super) const NAMED_TUPLE: &str = "typing.NamedTuple";

impl Solver<'_> {
    /// What a library has under a dotted path, found as an attribute of `owner` or imported by name.
    pub(super) fn load_from_library(&mut self, owner: Option<ValueId>, path: Name, dst: NodeId) {
        let entry = self.model(path);
        match (entry.and_then(|entry| entry.kind.as_deref()), owner) {
            (Some("attribute"), _) => {
                let node = self.modelled_attribute(owner, path, entry);
                self.flow(node, dst);
            }
            (Some("method"), Some(owner)) => {
                let method = self.ext_method(owner, path);
                self.graph.add(dst, method);
            }
            _ => {
                let value = self.ext_named(path);
                self.graph.add(dst, value);
            }
        }
    }

    /// Whether a model says of a dotted path, or of the instances of a class, that it has no attributes but those that the
    /// program puts there.
    pub(super) fn is_holder(&mut self, path: Name) -> bool {
        self.model(path).is_some_and(|entry| entry.kind.as_deref() == Some("holder"))
    }

    /// The model of an attribute of a class.
    pub(super) fn model_of(&mut self, class: Name, name: Name) -> Option<&Entry> {
        let path = self.join_names(class, name);
        self.model(path)
    }

    /// Whether a model describes a dotted path as an attribute that is no method.
    pub(super) fn is_modelled_attribute(&mut self, path: Name) -> bool {
        self.model(path).is_some_and(|entry| entry.kind.as_deref() == Some("attribute"))
    }

    /// An attribute that a model describes; the same object at each load.
    pub(super) fn modelled_attribute(
        &mut self,
        owner: Option<ValueId>,
        path: Name,
        entry: Option<&Entry>,
    ) -> NodeId {
        let owner = owner.unwrap_or(well_known::UNKNOWN);
        if let Some(&known) = self.modelled_attributes.get(&(owner, path)) {
            return known;
        }
        let node = self.graph.node();
        self.modelled_attributes.insert((owner, path), node);
        if let Some(term) = entry.and_then(|entry| entry.returns.as_ref()) {
            self.attribute_term(term, owner, path, node);
        }
        node
    }

    /// Evaluates the term of an attribute, which rests on its object alone.
    fn attribute_term(&mut self, term: &Term, owner: ValueId, path: Name, dst: NodeId) {
        let Term::Apply(symbol, args) = term else { return };
        let word = |solver: &mut Self| match args.first() {
            Some(Term::Arg(_, Some(word)) | Term::Apply(word, _)) => solver.program.names.intern(word),
            _ => path,
        };
        match symbol.as_str() {
            "self" => {
                self.graph.add(dst, owner);
            }
            "library" => {
                let name = word(self);
                let value = self.ext_named(name);
                self.graph.add(dst, value);
            }
            "new" => {
                let class = word(self);
                let object = self.held_object(ObjKind::External(class));
                self.graph.add(dst, object);
            }
            "lists" => {
                let (object, list) = (self.held_object(ObjKind::Dict), self.held_object(ObjKind::List));
                let rest = self.rest(object);
                self.graph.add(rest, list);
                self.graph.add(dst, object);
            }
            "views" => {
                let object = self.held_object(ObjKind::Dict);
                let keys = self.field(object, self.names.keys);
                self.graph.add(keys, well_known::ANY_STR);
                self.view_tables.insert(object);
                self.graph.add(dst, object);
            }
            "dict" => {
                let object = self.held_object(ObjKind::Dict);
                let (keys, rest) = (self.field(object, self.names.keys), self.rest(object));
                for (term, node) in args.iter().zip([keys, rest]) {
                    self.attribute_term(term, owner, path, node);
                }
                self.graph.add(dst, object);
            }
            "field" => {
                let Some(Term::Arg(_, Some(name))) = args.get(1) else { return };
                let name = self.program.names.intern(name);
                let field = self.field(owner, name);
                self.flow(field, dst);
            }
            "any" => {
                for term in args {
                    self.attribute_term(term, owner, path, dst);
                }
            }
            "applications" => {
                let otherwise = self.ext_named(path);
                let node = self.current_app(otherwise);
                self.flow(node, dst);
            }
            "str" => {
                self.graph.add(dst, well_known::ANY_STR);
            }
            _ => {
                self.graph.add(dst, well_known::UNKNOWN);
            }
        }
    }

    /// The object of a library class under a name, of which its owner has one for each name.
    pub(super) fn load_interned(&mut self, owner: Option<ValueId>, name: ValueId, class: Name, dst: NodeId) {
        let object = match (self.values.get(name), self.named_objects.get(&(owner, class, name))) {
            (Value::Str(_), Some(&known)) => known,
            (Value::Str(_), None) => {
                let object = self.held_object(ObjKind::External(class));
                self.named_objects.insert((owner, class, name), object);
                object
            }
            _ => well_known::UNKNOWN,
        };
        self.graph.add(dst, object);
    }

    /// Whether a dotted path names one object. What a library function returns is another object at each call, and what stands
    /// for many things of a library is no object.
    pub(super) fn is_named_object(&self, path: Name) -> bool {
        let text = self.text(path);
        !text.contains('(') && !text.ends_with(".*")
    }

    /// What holds the items of an object, if what is stored there is kept: of one of a library that is known by its path
    /// something else than what holds its attributes, so that an item under a key that is not known is no attribute.
    pub(super) fn items_of(&mut self, object: ValueId) -> Option<ValueId> {
        match self.values.get(object) {
            Value::Ext(path) if self.is_named_object(path) => {
                let path = self.join_names(path, self.names.items);
                Some(self.ext_named(path))
            }
            Value::ExtMethod(owner, path) if self.is_named_object(path) => {
                let path = self.join_names(path, self.names.items);
                Some(self.values.intern_keyed(Value::ExtMethod(owner, path), None))
            }
            Value::Ext(_) | Value::ExtMethod(..) => None,
            _ => Some(object),
        }
    }

    pub(super) fn held_object(&mut self, kind: ObjKind) -> ValueId {
        self.term_sites += 1;
        let site = AllocSite { func: TERM_SITES, index: self.term_sites };
        self.values.intern_keyed(Value::Obj(kind, site, InstId::NONE), None)
    }

    pub(super) fn current_app(&mut self, otherwise: ValueId) -> NodeId {
        if let Some(known) = &self.current_app {
            return known.node;
        }
        let node = self.graph.node();
        self.current_app = Some(CurrentApp { node, otherwise });
        for i in 0..self.apps.len() {
            self.graph.add(node, self.apps[i]);
        }
        node
    }

    /// Notes an application; returns whether it is new.
    pub(super) fn add_application(&mut self, app: ValueId) -> bool {
        if self.apps.contains(&app) {
            return false;
        }
        self.apps.push(app);
        if let Some(CurrentApp { node, .. }) = self.current_app {
            self.graph.add(node, app);
        }
        true
    }

    /// The current application of a program that makes none is the library's. Returns whether that is news.
    pub(super) fn release_current_app(&mut self) -> bool {
        let Some(CurrentApp { node, otherwise }) = self.current_app else { return false };
        let none = self.graph.values(node).is_empty();
        if none {
            self.graph.add(node, otherwise);
        }
        none
    }
}
