//! Web frameworks, run in the abstract: rules, blueprints, resources and hooks become calls by the framework.
//!
//! Sources: Flask 2.3 `Scaffold.route`, `Flask.add_url_rule`, `View.as_view`, `MethodView.dispatch_request`;
//! flask_restful 0.3.10 `Api.add_resource`, `Api._register_view`, `Resource.dispatch_request`.

use super::call::{Call, Passing};
use super::graph::NodeId;
use super::primitive::Pending;
use super::registry::{Hook, Mount, Registration};
use super::strings::has_hole;
use super::value::{ObjKind, Value, ValueId, well_known};
use super::{Origin, Solver, Use};
use crate::finding::HopKind;
use crate::link::Name;
use crate::models::Entry;

/// The HTTP methods that class based views dispatch on (werkzeug, flask.views.http_method_funcs).
const HTTP_METHODS: &[&str] = &["get", "head", "post", "put", "delete", "patch", "options", "trace"];

impl Solver<'_> {
    /// Runs a primitive of the web models.
    pub(super) fn call_web_primitive(&mut self, call: u32, prim: &str, entry: &Entry, recv: Option<ValueId>) {
        let Call { origin, dst, .. } = self.calls[call as usize];
        match prim {
            "new_app" | "new_blueprint" | "new_api" => {
                let class = match prim {
                    "new_app" => "flask.Flask",
                    "new_blueprint" => "flask.Blueprint",
                    _ => "flask_restful.Api",
                };
                let object = self.registering_object(class, origin);
                self.store_arguments(call, object);
                if prim == "new_app" && self.apps.insert(object) {
                    self.add_static_route(object, origin);
                }
                if prim == "new_api"
                    && let Some(app) = self.argument(call, Some(0), Some("app"))
                {
                    let name = self.program.names.intern("app");
                    let field = self.field(object, name);
                    self.flow(app, field);
                }
                self.graph.add(dst, object);
            }
            "route" | "hook_factory" | "resource_decorator" => {
                let name = self.program.names.intern(prim);
                let object = self.object(ObjKind::Primitive(name), origin);
                self.store_arguments(call, object);
                if let Some(recv) = recv {
                    let owner = self.program.names.intern("owner");
                    let field = self.field(object, owner);
                    self.graph.add(field, recv);
                }
                if let Some(kind) = &entry.kind {
                    let word = self.program.names.intern("kind");
                    let field = self.field(object, word);
                    let value = self.str_value(kind);
                    self.graph.add(field, value);
                }
                for (i, term) in entry.with.iter().enumerate() {
                    if let Some(node) = self.term(term, call, recv) {
                        let name = self.program.names.intern(&format!("with{i}"));
                        let field = self.field(object, name);
                        self.flow(node, field);
                    }
                }
                self.graph.add(dst, object);
            }
            "add_url_rule" => {
                let Some(recv) = recv else { return };
                let Some(rule) = self.argument(call, Some(0), Some("rule")) else { return };
                let Some(view) = self.argument(call, Some(2), Some("view_func")) else { return };
                let endpoint = self.argument(call, Some(1), Some("endpoint"));
                let methods = self.argument(call, None, Some("methods"));
                let defaults = self.argument(call, None, Some("defaults"));
                self.register(recv, rule, methods, endpoint, defaults, view, origin, Vec::new());
                self.graph.add(dst, well_known::NONE);
            }
            "register_blueprint" => {
                let Some(recv) = recv else { return };
                let Some(blueprint) = self.argument(call, Some(0), Some("blueprint")) else { return };
                let prefix = self.argument(call, None, Some("url_prefix"));
                if !self.registry.mounts.iter().any(|m| m.at == origin && m.owner == recv) {
                    self.registry.mounts.push(Mount { owner: recv, blueprint, prefix, at: origin });
                }
                self.graph.add(dst, well_known::NONE);
            }
            "hook" | "hook1" => {
                let position = u32::from(prim == "hook1");
                let Some(function) = self.argument(call, Some(position), Some("f")) else { return };
                let args = entry
                    .with
                    .iter()
                    .filter_map(|t| self.term(t, call, recv).map(|n| (Passing::Pos, n)))
                    .collect();
                let kind = entry.kind.clone().unwrap_or_default();
                self.add_hook(recv, kind, function, args, origin);
            }
            "as_view" => {
                let name = self.program.names.intern("view");
                let object = self.object(ObjKind::Primitive(name), origin);
                self.store_arguments(call, object);
                if let Some(recv) = recv {
                    let class = self.program.names.intern("view_class");
                    let field = self.field(object, class);
                    self.graph.add(field, recv);
                    // What stands after the name goes to the constructor at each request.
                    let args: Vec<(Passing, NodeId)> = self.args(call).into_iter().skip(1).collect();
                    self.view_arguments.entry(object).or_insert(args);
                }
                self.graph.add(dst, object);
            }
            "add_resource" => {
                let Some(recv) = recv else { return };
                let Some(class) = self.argument(call, Some(0), Some("resource")) else { return };
                let what = self.primitive(Pending::Resource { call, recv });
                self.watch(class, Use::Primitive { what });
                self.graph.add(dst, well_known::NONE);
            }
            _ => {
                self.graph.add(dst, well_known::UNKNOWN);
            }
        }
    }

    fn store_arguments(&mut self, call: u32, object: ValueId) {
        let mut position = 0;
        for (passing, node) in self.args(call) {
            let name = match passing {
                Passing::Pos => {
                    position += 1;
                    self.index_name(position - 1)
                }
                Passing::Kw(name) => name,
                Passing::Star | Passing::DoubleStar => continue,
            };
            let field = self.field(object, name);
            self.flow(node, field);
        }
    }

    /// Calls an object that a web primitive returned: a decorator, or a class based view.
    pub(super) fn call_web_object(&mut self, call: u32, prim: &str, object: ValueId) {
        let Call { origin, dst, .. } = self.calls[call as usize];
        let first = self.argument(call, Some(0), None);
        let existing =
            |s: &Self, text: &str| s.program.names.find(text).and_then(|n| s.existing_field(object, n));
        match (prim, first) {
            ("route", Some(view)) => {
                self.flow(view, dst);
                let Some(owner) = existing(self, "owner") else { return };
                let Some(rule) = existing(self, "#0").or_else(|| existing(self, "rule")) else { return };
                let methods = existing(self, "methods");
                let defaults = existing(self, "defaults");
                let endpoint = existing(self, "endpoint");
                let fixed = existing(self, "kind").map(|k| self.strings(k)).unwrap_or_default();
                for owner in self.graph.values(owner).to_vec() {
                    self.register(owner, rule, methods, endpoint, defaults, view, origin, fixed.clone());
                }
            }
            ("hook_factory", Some(function)) => {
                self.flow(function, dst);
                let owner = existing(self, "owner");
                let kind = existing(self, "kind")
                    .and_then(|k| self.strings(k).into_iter().next())
                    .unwrap_or_default();
                let mut args = Vec::new();
                for i in 0.. {
                    match existing(self, &format!("with{i}")) {
                        Some(node) => args.push((Passing::Pos, node)),
                        None => break,
                    }
                }
                let owner = owner.and_then(|o| self.graph.values(o).first().copied());
                self.add_hook(owner, kind, function, args, origin);
            }
            ("resource_decorator", Some(class)) => {
                self.flow(class, dst);
                let Some(owner) = existing(self, "owner") else { return };
                let Some(&recv) = self.graph.values(owner).first() else { return };
                // The URLs of `Api.resource(*urls)` stand where `add_resource` has them after the class.
                let mut args = self.args(call);
                for i in 0.. {
                    match existing(self, &format!("#{i}")) {
                        Some(node) => args.push((Passing::Pos, node)),
                        None => break,
                    }
                }
                let call = self.with_args(call, args);
                let what = self.primitive(Pending::Resource { call, recv });
                self.watch(class, Use::Primitive { what });
            }
            ("view", _) => {
                // A class based view that something other than a rule calls: any method may run.
                let Some(classes) = existing(self, "view_class") else { return };
                for class in self.graph.values(classes).to_vec() {
                    for method in self.http_methods(class) {
                        self.dispatch_view(call, object, method);
                    }
                }
            }
            _ => {
                if let Some(first) = first {
                    self.flow(first, dst);
                }
            }
        }
    }

    /// The constant strings at a node.
    pub fn strings(&self, node: NodeId) -> Vec<String> {
        self.graph
            .values(node)
            .iter()
            .filter_map(|&v| match self.values.get(v) {
                Value::Str(name) => Some(self.text(name).to_owned()),
                _ => None,
            })
            .collect()
    }

    #[allow(clippy::too_many_arguments, reason = "the parameters of add_url_rule")]
    fn register(
        &mut self,
        owner: ValueId,
        rule: NodeId,
        methods: Option<NodeId>,
        endpoint: Option<NodeId>,
        defaults: Option<NodeId>,
        view: NodeId,
        at: Origin,
        fixed_methods: Vec<String>,
    ) {
        let known = |r: &Registration| r.at == at && r.owner == owner && r.rule == rule && r.view == view;
        if self.registry.registrations.iter().any(known) {
            return;
        }
        let registration = self.registry.registrations.len();
        let root = self.root();
        self.registry.registrations.push(Registration {
            owner,
            rule,
            methods,
            fixed_methods,
            endpoint,
            defaults,
            view,
            dispatch: None,
            at,
            root,
            is_resource: false,
        });
        let call = self.view_call(root, rule, defaults);
        let what = self.primitive(Pending::View { call, registration });
        self.watch(view, Use::Primitive { what });
    }

    /// The framework's call of a view: the rule's placeholders and the registration's `defaults` as keyword arguments; what it
    /// returns is streamed.
    fn view_call(&mut self, root: super::InstId, rule: NodeId, defaults: Option<NodeId>) -> u32 {
        let at = Origin { inst: root, index: 0 };
        let dict = self.object(ObjKind::Dict, at);
        let what = self.primitive(Pending::RuleArguments { dict });
        self.watch(rule, Use::Primitive { what });
        if let Some(defaults) = defaults {
            self.watch(defaults, Use::Spread { to: dict });
        }
        let node = self.constant(dict);
        let dst = self.graph.node();
        self.watch(dst, Use::Consume { at });
        self.synthetic_call(at, vec![(Passing::DoubleStar, node)], dst, Some(HopKind::Route))
    }

    /// The placeholders of a rule string: `<converter(args):name>` (werkzeug routing).
    pub(super) fn rule_arguments(&mut self, rule: ValueId, dict: ValueId) {
        // What is not known of a rule may have any variable: no parameter is left its default alone.
        if !matches!(self.values.get(rule), Value::Str(name) if !has_hole(self.text(name))) {
            let rest = self.rest(dict);
            self.graph.add(rest, well_known::ANY_STR);
        }
        let Value::Str(name) = self.values.get(rule) else { return };
        for name in rule_placeholders(self.text(name)) {
            let name = self.program.names.intern(&name);
            let field = self.field(dict, name);
            self.graph.add(field, well_known::ANY_STR);
        }
    }

    /// A view value of a rule: a function is called; a class based view becomes one registration per method.
    pub(super) fn register_view(&mut self, call: u32, registration: usize, view: ValueId) {
        let Value::Obj(ObjKind::Primitive(name), ..) = self.values.get(view) else {
            self.dispatch(call, view, None);
            return;
        };
        if self.text(name) != "view" {
            self.dispatch(call, view, None);
            return;
        }
        let word = self.program.names.intern("view_class");
        let classes = self.field(view, word);
        let base = self.registry.registrations[registration].clone();
        for class in self.graph.values(classes).to_vec() {
            let mut methods = self.http_methods(class);
            let mut accepted = None;
            if methods.is_empty() {
                // A plain `View` serves all its methods in one function.
                methods.push(self.program.names.intern("dispatch_request"));
                let name = self.program.names.intern("methods");
                accepted = Some(self.lookup(class, name));
            }
            for method in methods {
                let root = self.root();
                let call = self.view_call(root, base.rule, base.defaults);
                self.registry.registrations.push(Registration {
                    dispatch: Some((class, method)),
                    methods: accepted.or(base.methods),
                    root,
                    ..base.clone()
                });
                let decorators = self.program.names.intern("decorators");
                self.call_wrapped(call, class, decorators, view, method);
            }
        }
    }

    /// The HTTP methods that a class or a project base of it defines.
    pub(super) fn http_methods(&mut self, class: ValueId) -> Vec<Name> {
        let mut methods: Vec<Name> = HTTP_METHODS.iter().map(|m| self.program.names.intern(m)).collect();
        methods.retain(|&m| self.defines(class, m));
        methods
    }

    /// A resource class reached `add_resource`.
    pub(super) fn register_resource(&mut self, call: u32, api: ValueId, class: ValueId) {
        if !matches!(self.values.get(class), Value::Class(..)) {
            return;
        }
        let origin = self.calls[call as usize].origin;
        let args = self.args(call);
        let endpoint = self.argument(call, None, Some("endpoint"));
        let rule = self.graph.node();
        let mut position = 0;
        for (passing, node) in args {
            match passing {
                Passing::Pos => {
                    if position > 0 {
                        self.flow(node, rule);
                    }
                    position += 1;
                }
                Passing::Star => self.watch(node, Use::Iterate { dst: rule, at: origin }),
                Passing::Kw(_) | Passing::DoubleStar => {}
            }
        }
        let defaults = self.argument(call, None, Some("defaults"));
        for method in self.http_methods(class) {
            let dispatch = self.values.intern_self_keyed(Value::Dispatch(class, method));
            let view = self.constant(dispatch);
            let root = self.root();
            let view_call = self.view_call(root, rule, defaults);
            self.registry.registrations.push(Registration {
                owner: api,
                rule,
                methods: None,
                fixed_methods: vec![self.text(method).to_uppercase()],
                endpoint,
                defaults,
                view,
                dispatch: Some((class, method)),
                at: origin,
                root,
                is_resource: true,
            });
            let decorators = self.program.names.intern("decorators");
            self.call_wrapped(view_call, api, decorators, class, method);
        }
    }

    /// Calls the dispatching view of (class, method) through the decorators that `holder.list` names.
    fn call_wrapped(&mut self, call: u32, holder: ValueId, list: Name, view: ValueId, method: Name) {
        let dispatch = self.values.intern_self_keyed(Value::Dispatch(view, method));
        let start = self.constant(dispatch);
        let outer = self.graph.node();
        let at = self.calls[call as usize].origin;
        self.watch(outer, Use::Callee(call));
        let lists = match self.values.get(holder) {
            Value::Class(..) if !self.defines(holder, list) => None,
            Value::Class(..) => Some(self.lookup(holder, list)),
            _ => Some(self.field(holder, list)),
        };
        match lists {
            Some(lists) => {
                self.unwrapped.push((lists, start, outer));
                let what = self.primitive(Pending::Chain { start, dst: outer, at, method: None });
                self.watch(lists, Use::Primitive { what });
            }
            None => self.flow(start, outer),
        }
    }

    /// Views whose list of decorators never got a value are called bare. Returns whether there were any.
    pub(super) fn release_unwrapped(&mut self) -> bool {
        let mut changed = false;
        for (lists, start, outer) in std::mem::take(&mut self.unwrapped) {
            if self.graph.values(lists).is_empty() {
                self.flow(start, outer);
                changed = true;
            }
        }
        changed
    }

    /// Applies a list (or per-method dict) of decorators to what flows from `start`; the first is innermost.
    pub(super) fn chain(
        &mut self,
        list: ValueId,
        start: NodeId,
        dst: NodeId,
        at: Origin,
        method: Option<Name>,
    ) {
        match self.values.get(list) {
            Value::Obj(ObjKind::List | ObjKind::Tuple, ..) => {
                let mut current = start;
                for index in 0.. {
                    let name = self.index_name(index);
                    let Some(decorator) = self.existing_field(list, name) else { break };
                    let next = self.graph.node();
                    let call = self.decorating_call(at, current, next);
                    self.watch(decorator, Use::Callee(call));
                    current = next;
                }
                self.flow(current, dst);
            }
            Value::Obj(ObjKind::Dict, ..) => {
                // `method_decorators.get(method, [])`: a method that is not in it is not decorated.
                if method.is_none_or(|method| self.existing_field(list, method).is_none()) {
                    self.flow(start, dst);
                }
                if let Some(method) = method {
                    let lists = self.field(list, method);
                    let what = self.primitive(Pending::Chain { start, dst, at, method: None });
                    self.watch(lists, Use::Primitive { what });
                }
            }
            _ => self.flow(start, dst),
        }
    }

    /// The framework's view of a class (or of what `as_view` made of one): makes an instance, wraps the method in
    /// `method_decorators`, calls it.
    pub(super) fn dispatch_view(&mut self, call: u32, view: ValueId, method: Name) {
        if matches!(self.values.get(view), Value::Class(..)) {
            self.dispatch_class(call, view, view, method);
            return;
        }
        let word = self.program.names.intern("view_class");
        let classes = self.field(view, word);
        for class in self.graph.values(classes).to_vec() {
            self.dispatch_class(call, view, class, method);
        }
    }

    fn dispatch_class(&mut self, call: u32, view: ValueId, class: ValueId, method: Name) {
        let origin = self.calls[call as usize].origin;
        let made = self.graph.node();
        let args = self.view_arguments.get(&view).cloned().unwrap_or_default();
        let construct = self.synthetic_call(origin, args, made, None);
        self.dispatch(construct, class, None);
        let bound = self.graph.node();
        self.watch(made, Use::AttrTerm { dst: bound, name: method, at: origin });
        let decorators = self.program.names.intern("method_decorators");
        let callee = self.graph.node();
        let kind = self.calls[call as usize].kind.filter(|k| *k == HopKind::Route).unwrap_or(HopKind::Method);
        let inner = self.of_kind(call, kind);
        self.watch(callee, Use::Callee(inner));
        if self.defines(class, decorators) {
            let lists = self.lookup(class, decorators);
            let what = self.primitive(Pending::Chain {
                start: bound,
                dst: callee,
                at: origin,
                method: Some(method),
            });
            self.watch(lists, Use::Primitive { what });
        } else {
            self.flow(bound, callee);
        }
    }

    /// Registers a hook and lets the framework call it.
    fn add_hook(
        &mut self,
        owner: Option<ValueId>,
        kind: String,
        function: NodeId,
        args: Vec<(Passing, NodeId)>,
        at: Origin,
    ) {
        if self.registry.hooks.iter().any(|h| h.at == at && h.kind == kind && h.owner == owner) {
            return;
        }
        let root = self.root();
        let dst = self.graph.node();
        let origin = Origin { inst: root, index: 0 };
        self.watch(dst, Use::Consume { at: origin });
        let exception = kind.contains("errorhandler").then(|| args.first().map(|a| a.1)).flatten();
        let call = self.synthetic_call(origin, args, dst, Some(HopKind::Hook));
        self.registry.hooks.push(Hook { owner, kind, root, at, exception, raised: None });
        self.watch(function, Use::Callee(call));
    }

    /// Flask adds `/static/<path:filename>` to an application with a static folder (the default).
    fn add_static_route(&mut self, app: ValueId, at: Origin) {
        let rule = self.str_value("/static/<path:filename>");
        let rule = self.constant(rule);
        let endpoint = self.str_value("static");
        let endpoint = self.constant(endpoint);
        let view = self.graph.node();
        let root = self.root();
        self.registry.registrations.push(Registration {
            owner: app,
            rule,
            methods: None,
            fixed_methods: vec!["GET".to_owned()],
            endpoint: Some(endpoint),
            defaults: None,
            view,
            dispatch: None,
            at,
            root,
            is_resource: false,
        });
    }
}

/// The argument names of a rule: `/<a>/<conv(x):b>` has `a` and `b`. Brackets inside converter arguments count as text when
/// they stand in quotes.
pub fn rule_placeholders(rule: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut chars = rule.chars();
    while let Some(c) = chars.next() {
        if c != '<' {
            continue;
        }
        let mut inside = String::new();
        let mut quote = None;
        for c in chars.by_ref() {
            match (quote, c) {
                (Some(q), c) if q == c => quote = None,
                (None, '"' | '\'') => quote = Some(c),
                (None, '>') => break,
                _ => {}
            }
            inside.push(c);
        }
        let name = inside.rsplit(':').next().unwrap_or("").trim();
        let name: &str = name.rsplit([')', '"', '\'']).next().unwrap_or(name);
        if !name.is_empty() {
            names.push(name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::rule_placeholders;

    #[test]
    fn placeholders_are_found_behind_converters() {
        assert_eq!(rule_placeholders("/v1/<ns>/<regex(\"a:b>c\"):digest>/x"), ["ns", "digest"]);
        assert!(rule_placeholders("/plain").is_empty());
    }
}
