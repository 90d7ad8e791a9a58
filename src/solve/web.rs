//! Web frameworks, run in the abstract: rules, blueprints, resources and hooks become calls by the framework.
//!
//! Sources: Flask 2.3 `Scaffold.route`, `Flask.add_url_rule`, `Blueprint.record`; blinker 1.6.

use super::call::{Call, Passing};
use super::graph::NodeId;
use super::primitive::Pending;
use super::registry::{Hook, Mount, Registration};
use super::value::{ObjKind, Value, ValueId, well_known};
use super::{Origin, Solver, Use};
use crate::finding::HopKind;
use crate::ir::{FuncIr, Op, VarDef, VarId};
use crate::link::{File, Name, Program};
use crate::models::{Entry, Term};

/// The methods of `Flask` that run for each request, with how many arguments they take (Flask 2.3, `Flask.wsgi_app` and what it
/// calls).
const REQUEST_METHODS: &[(&str, usize)] = &[
    ("__call__", 2),
    ("wsgi_app", 2),
    ("full_dispatch_request", 0),
    ("preprocess_request", 0),
    ("dispatch_request", 0),
    ("make_response", 1),
    ("finalize_request", 1),
    ("process_response", 1),
    ("handle_user_exception", 1),
    ("handle_exception", 1),
    ("handle_http_exception", 1),
    ("do_teardown_request", 1),
    ("do_teardown_appcontext", 1),
];

/// The attributes of `Flask` that hold lists of functions which run for each request, with how many arguments these take.
const REQUEST_TABLES: &[(&str, usize)] =
    &[("before_request_funcs", 0), ("after_request_funcs", 1), ("teardown_request_funcs", 1)];

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
                if prim == "new_app" && self.add_application(object) {
                    self.add_static_route(object, origin);
                    self.add_overridden(object, origin);
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
            "init_app" | "init_blueprint" => {
                // The constructor of a class of the project that derives from the library's.
                let Some(recv) = recv.filter(|&recv| matches!(self.values.get(recv), Value::Inst(..))) else {
                    return;
                };
                self.store_arguments(call, recv);
                if prim == "init_app" && self.add_application(recv) {
                    self.add_static_route(recv, origin);
                    self.add_overridden(recv, origin);
                }
                self.graph.add(dst, well_known::NONE);
            }
            "route" | "hook_factory" | "resource_decorator" | "endpoint" | "storing_decorator" => {
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
                if !entry.with.is_empty() {
                    let args = self.hook_arguments(call, entry, recv);
                    self.partials.insert(object, args.into());
                }
                self.graph.add(dst, object);
            }
            "add_url_rule" => {
                let Some(recv) = recv else { return };
                let Some(rule) = self.argument(call, Some(0), Some("rule")) else { return };
                let endpoint = self.argument(call, Some(1), Some("endpoint"));
                let view = self.argument(call, Some(2), Some("view_func"));
                let Some(view) = view.or_else(|| Some(self.view_of_endpoint(recv, endpoint?, origin))) else {
                    return;
                };
                let methods = self.argument(call, None, Some("methods"));
                let defaults = self.argument(call, None, Some("defaults"));
                self.register(recv, rule, methods, endpoint, defaults, view, origin, Vec::new());
                self.graph.add(dst, well_known::NONE);
            }
            "register_blueprint" => {
                let Some(recv) = recv else { return };
                let Some(blueprint) = self.argument(call, Some(0), Some("blueprint")) else { return };
                let prefix = self.argument(call, None, Some("url_prefix"));
                if let Some(value) = self.argument(call, None, Some("url_defaults")) {
                    let name = self.program.names.intern("url_defaults");
                    let what = self.primitive(Pending::SetField { name, value });
                    self.watch(blueprint, Use::Primitive { what });
                }
                if !self.registry.mounts.iter().any(|m| m.at == origin && m.owner == recv) {
                    self.registry.mounts.push(Mount { owner: recv, blueprint, prefix, at: origin });
                }
                self.graph.add(dst, well_known::NONE);
            }
            "dispatch_request" => {
                if let Some(recv) = recv {
                    self.dispatch_by_library(call, recv);
                }
            }
            "interned" => {
                let Some(name) = self.argument(call, Some(0), Some("name")) else { return };
                let class = self.program.names.intern(entry.kind.as_deref().unwrap_or_default());
                let what = self.primitive(Pending::Interned { owner: recv, class, dst });
                self.watch(name, Use::Primitive { what });
            }
            "hook" | "hook1" => {
                let position = u32::from(prim == "hook1");
                let Some(function) = self.argument(call, Some(position), Some("f")) else { return };
                let args = self.hook_arguments(call, entry, recv);
                let kind = entry.kind.clone().unwrap_or_default();
                let exception = self.argument(call, (position > 0).then_some(0), None);
                self.add_hook(recv, kind, function, args, exception, origin);
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

    /// What the framework passes to a hook: terms by position, `keyword(name, term)` by name.
    fn hook_arguments(&mut self, call: u32, entry: &Entry, recv: Option<ValueId>) -> Vec<(Passing, NodeId)> {
        let mut args = Vec::new();
        for term in &entry.with {
            let (passing, term) = match term {
                Term::Apply(symbol, inner) if symbol == "keyword" => match &inner[..] {
                    [Term::Arg(None, Some(name)), term] => {
                        (Passing::Kw(self.program.names.intern(name)), term)
                    }
                    _ => continue,
                },
                term => (Passing::Pos, term),
            };
            args.extend(self.term(term, call, recv).map(|node| (passing, node)));
        }
        args
    }

    /// What an application or blueprint has for the views of endpoints (`Flask.view_functions`).
    fn view_functions(&mut self, owner: ValueId, at: Origin) -> NodeId {
        let name = self.program.names.intern("view_functions");
        let (owner, dst) = (self.constant(owner), self.graph.node());
        self.watch(owner, Use::AttrTerm { dst, name, at });
        dst
    }

    /// The view that the program gives an endpoint apart from its rule: `@app.endpoint(name)`, `app.view_functions[name] = view`.
    fn view_of_endpoint(&mut self, owner: ValueId, endpoint: NodeId, at: Origin) -> NodeId {
        let (object, view) = (self.view_functions(owner, at), self.graph.node());
        let what = self.primitive(Pending::Stored { object, key: endpoint, dst: view });
        self.watch(object, Use::Primitive { what });
        self.watch(endpoint, Use::Primitive { what });
        view
    }

    /// Methods that the framework calls for each request, where the class of an application has its own.
    fn add_overridden(&mut self, app: ValueId, at: Origin) {
        // `app.wsgi_app = Middleware(app.wsgi_app)`.
        let name = self.program.names.intern("wsgi_app");
        let (around, unknown) = (self.field(app, name), self.constant(well_known::UNKNOWN));
        let args = vec![(Passing::Pos, unknown); 2];
        self.add_hook(Some(app), "middleware".to_owned(), around, args, None, at);
        for (name, arguments) in REQUEST_TABLES {
            if self.program.names.find(name).is_none() {
                continue;
            }
            let name = self.program.names.intern(name);
            let (object, tables) = (self.constant(app), self.graph.node());
            self.watch(object, Use::AttrTerm { dst: tables, name, at });
            let (lists, function) = (self.graph.node(), self.graph.node());
            let what = self.primitive(Pending::ValuesOf { dst: lists });
            self.watch(tables, Use::Primitive { what });
            self.watch(lists, Use::Iterate { dst: function, at });
            let args = vec![(Passing::Pos, unknown); *arguments];
            self.add_hook(Some(app), self.text(name).to_owned(), function, args, None, at);
        }
        let Some(class) = self.class_of(app) else { return };
        for (name, arguments) in REQUEST_METHODS {
            let name = self.program.names.intern(name);
            if !self.defines(class, name) {
                continue;
            }
            let (object, method) = (self.constant(app), self.graph.node());
            self.watch(object, Use::AttrTerm { dst: method, name, at });
            let unknown = self.constant(well_known::UNKNOWN);
            let args = vec![(Passing::Pos, unknown); *arguments];
            self.add_hook(Some(app), format!("application {}", self.text(name)), method, args, None, at);
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
            ("endpoint", Some(view)) => {
                self.flow(view, dst);
                let (Some(owner), Some(name)) = (existing(self, "owner"), existing(self, "#0")) else {
                    return;
                };
                for owner in self.graph.values(owner).to_vec() {
                    let views = self.view_functions(owner, origin);
                    let what = self.primitive(Pending::SetKey { key: name, value: view });
                    self.watch(views, Use::Primitive { what });
                }
            }
            ("storing_decorator", Some(function)) => {
                self.flow(function, dst);
                let (Some(owner), Some(kind)) = (existing(self, "owner"), existing(self, "kind")) else {
                    return;
                };
                for owner in self.graph.values(owner).to_vec() {
                    for kind in self.strings(kind) {
                        let name = self.program.names.intern(&kind);
                        let field = self.field(owner, name);
                        self.flow(function, field);
                    }
                }
            }
            ("hook_factory", Some(function)) => {
                self.flow(function, dst);
                let owner = existing(self, "owner");
                let kind = existing(self, "kind")
                    .and_then(|k| self.strings(k).into_iter().next())
                    .unwrap_or_default();
                let args = self.partials.get(&object).cloned().unwrap_or_default().into_vec();
                let owner = owner.and_then(|o| self.graph.values(o).first().copied());
                let exception = existing(self, "#0").filter(|_| kind.contains("errorhandler"));
                self.add_hook(owner, kind, function, args, exception, origin);
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
        // Without methods of its own, a rule has those that its view function names (Flask 2.3, `add_url_rule`).
        let methods = methods.or_else(|| {
            let (name, dst) = (self.program.names.intern("methods"), self.graph.node());
            let what = self.primitive(Pending::FieldOf { name, dst });
            self.watch(view, Use::Primitive { what });
            Some(dst)
        });
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
            serves_head: false,
            replaced: None,
        });
        let call = self.view_call(root, owner, rule, defaults);
        let what = self.primitive(Pending::View { call, registration });
        self.watch(view, Use::Primitive { what });
        if !self.view_tables.is_empty() || self.program.names.find("view_functions").is_some() {
            let endpoint = endpoint.unwrap_or_else(|| {
                let name = self.graph.node();
                self.watch(view, Use::AttrTerm { dst: name, name: self.names.name, at });
                name
            });
            let full = self.full_endpoint(owner, endpoint);
            let note = self.primitive(Pending::RegisteredUnder { view });
            self.watch(full, Use::Primitive { what: note });
            if !self.replaces_views {
                return;
            }
            let replaced = self.replaced_view(owner, full, at);
            self.watch(replaced, Use::Primitive { what });
            self.registry.registrations[registration].replaced = Some(replaced);
        }
    }

    /// The endpoint of a view: those of a blueprint have its name before them.
    fn full_endpoint(&mut self, owner: ValueId, endpoint: NodeId) -> NodeId {
        if !self.is_blueprint(owner) {
            return endpoint;
        }
        let full = self.graph.node();
        for field in ["#0", "name"] {
            let Some(field) = self.program.names.find(field) else { continue };
            let Some(names) = self.existing_field(owner, field) else { continue };
            for name in self.strings(names) {
                let what = self.primitive(Pending::Below { name, dst: full });
                self.watch(endpoint, Use::Primitive { what });
            }
        }
        full
    }

    /// What the program puts in the place of a view that is registered: `app.view_functions[endpoint] = view`.
    fn replaced_view(&mut self, owner: ValueId, endpoint: NodeId, at: Origin) -> NodeId {
        if !self.is_blueprint(owner) {
            return self.view_of_endpoint(owner, endpoint, at);
        }
        let path = self.program.names.intern("flask.current_app");
        let otherwise = self.ext_named(path);
        let (apps, views, dst) = (self.current_app(otherwise), self.graph.node(), self.graph.node());
        let name = self.program.names.intern("view_functions");
        self.watch(apps, Use::AttrTerm { dst: views, name, at });
        let what = self.primitive(Pending::Stored { object: views, key: endpoint, dst });
        self.watch(views, Use::Primitive { what });
        self.watch(endpoint, Use::Primitive { what });
        dst
    }

    /// The views that are registered under an endpoint.
    pub(super) fn view_under(&mut self, endpoint: Name) -> NodeId {
        if let Some(&node) = self.views.get(&endpoint) {
            return node;
        }
        let node = self.graph.node();
        self.views.insert(endpoint, node);
        node
    }

    /// Registers a hook and lets the framework call it.
    fn add_hook(
        &mut self,
        owner: Option<ValueId>,
        kind: String,
        function: NodeId,
        args: Vec<(Passing, NodeId)>,
        exception: Option<NodeId>,
        at: Origin,
    ) {
        if self.registry.hooks.iter().any(|h| h.at == at && h.kind == kind && h.owner == owner) {
            return;
        }
        let root = self.root();
        let dst = self.graph.node();
        let origin = Origin { inst: root, index: 0 };
        self.watch(dst, Use::Consume { at: origin });
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
            serves_head: false,
            replaced: None,
        });
    }
}

/// Whether something of a program is stored in the views of an application by their endpoint: `app.view_functions[name] = view`, or
/// what a name that holds them is used for.
pub(super) fn replaces_views(program: &Program) -> bool {
    let Some(wanted) = program.names.find("view_functions") else { return false };
    let funcs = program.files.iter().flat_map(|file| file.ir.funcs.iter().map(move |ir| (file, ir)));
    let reads = |file: &File, ir: &FuncIr, var: VarId| {
        matches!(ir.vars[var.0 as usize].def, VarDef::Instr(index)
            if matches!(ir.instrs[index as usize].op,
                Op::LoadAttr { name, .. } if file.names[name.0 as usize] == wanted))
    };
    // A load of one entry changes nothing; whatever else is done with them may.
    funcs.into_iter().any(|(file, ir)| {
        let loads = ir.instrs.iter().filter(
            |instr| matches!(instr.op, Op::LoadAttr { name, .. } if file.names[name.0 as usize] == wanted),
        );
        let read = ir
            .instrs
            .iter()
            .filter(|instr| matches!(instr.op, Op::LoadSub { obj, .. } if reads(file, ir, obj)));
        loads.count() > read.count()
    })
}
