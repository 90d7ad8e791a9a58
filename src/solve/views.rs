//! Class based views and resources: which methods they have, how the framework makes an instance and calls a method through the
//! decorators that are listed in attributes.
//!
//! Sources: Flask 2.3 `View.as_view`, `MethodView.dispatch_request`; flask_restful 0.3.10 `Api.add_resource`,
//! `Api._register_view`, `Resource.dispatch_request`.

use super::call::Passing;
use super::graph::NodeId;
use super::primitive::Pending;
use super::registry::Registration;
use super::value::{AllocSite, Context, InstId, ObjKind, Value, ValueId};
use super::{Origin, Solver, Use};
use crate::finding::HopKind;
use crate::ir::{BinOp, Op, VarDef};
use crate::link::Name;

/// The HTTP methods that class based views dispatch on (werkzeug, flask.views.http_method_funcs).
pub(super) const HTTP_METHODS: &[&str] =
    &["get", "head", "post", "put", "delete", "patch", "options", "trace"];

/// The place of the HTTP method in the class key of an instance that the framework makes to serve it.
const METHOD: u32 = u32::MAX - 2;

impl Solver<'_> {
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
                methods.push(self.names.dispatch_request);
                let name = self.program.names.intern("methods");
                accepted = Some(self.lookup(class, name));
            }
            for method in methods {
                let root = self.root();
                let call = self.view_call(root, base.owner, base.rule, base.defaults);
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
        // Each rule that is written by itself has variables of its own.
        let mut rules = Vec::new();
        let is_class = usize::from(matches!(args.first(), Some((Passing::Pos, _))));
        for (passing, node) in args.into_iter().skip(is_class) {
            match passing {
                Passing::Pos => rules.push(node),
                Passing::Star => {
                    let rule = self.graph.node();
                    self.watch(node, Use::Iterate { dst: rule, at: origin });
                    rules.push(rule);
                }
                Passing::Kw(_) | Passing::DoubleStar => {}
            }
        }
        for (passing, name) in
            [(Passing::Star, "resource_class_args"), (Passing::DoubleStar, "resource_class_kwargs")]
        {
            if let Some(node) = self.argument(call, None, Some(name)) {
                let given = self.view_arguments.entry(class).or_default();
                if !given.contains(&(passing, node)) {
                    given.push((passing, node));
                }
            }
        }
        let defaults = self.argument(call, None, Some("defaults"));
        let mut methods = self.http_methods(class);
        let (get, head) = (self.program.names.intern("get"), self.program.names.intern("head"));
        // Which decorators there are depends on the method of the request, and the method that serves it is another one.
        if methods.contains(&get) && !methods.contains(&head) && self.decorates_by_method(class) {
            methods.push(head);
        }
        for (&rule, &method) in rules.iter().flat_map(|rule| methods.iter().map(move |method| (rule, method)))
        {
            let serves_head = method == head && !self.defines(class, head);
            let dispatch = self.values.intern_self_keyed(Value::Dispatch(class, method));
            let view = self.constant(dispatch);
            let root = self.root();
            let view_call = self.view_call(root, api, rule, defaults);
            self.registry.registrations.push(Registration {
                owner: api,
                rule,
                methods: None,
                fixed_methods: vec![self.text(method).to_uppercase()],
                endpoint,
                defaults,
                view,
                dispatch: Some((class, if serves_head { get } else { method })),
                at: origin,
                root,
                is_resource: true,
                serves_head,
                replaced: None,
            });
            let decorators = self.program.names.intern("decorators");
            self.call_wrapped(view_call, api, decorators, class, method);
        }
    }

    /// Whether a class or a base of it has a dict of `method_decorators`, by method (flask_restful, `Resource.dispatch_request`).
    fn decorates_by_method(&self, class: ValueId) -> bool {
        let Some(wanted) = self.program.names.find("method_decorators") else { return false };
        self.mro(class).iter().filter_map(|&base| self.body_of(base)).any(|body| {
            let (ir, file) = (self.program.func(body), self.program.file_of(body));
            ir.instrs.iter().any(|instr| match instr.op {
                Op::StoreClassName { name, src } if file.names[name.0 as usize] == wanted => {
                    matches!(ir.vars[src.0 as usize].def, VarDef::Instr(index)
                        if matches!(ir.instrs[index as usize].op, Op::MakeDict { .. }))
                }
                _ => false,
            })
        })
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

    /// The lists that a list is the sum of.
    fn summands(&mut self, site: AllocSite, inst: InstId) -> Option<(NodeId, NodeId)> {
        let (_, &Op::BinOp { op: BinOp::Add, left, right, .. }) = self.allocation(site)? else { return None };
        Some((self.var(inst, left), self.var(inst, right)))
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
            Value::Obj(ObjKind::List | ObjKind::Tuple, site, inst) => {
                if let Some((left, right)) = self.summands(site, inst) {
                    let between = self.graph.node();
                    for (lists, start, dst) in [(left, start, between), (right, between, dst)] {
                        let what = self.primitive(Pending::Chain { start, dst, at, method: None });
                        self.watch(lists, Use::Primitive { what });
                    }
                    return;
                }
                let mut current = start;
                for index in 0.. {
                    let name = self.index_name(index);
                    let Some(decorator) = self.existing_field(list, name) else { break };
                    let next = self.graph.node();
                    let call = self.decorating_call(at, current, next);
                    self.watch(decorator, Use::Callee(call));
                    current = next;
                }
                match self.existing_rest(list) {
                    // Of a list that was put together it is not known in which order: each decorator wraps what the others
                    // would, which comes to the same calls.
                    Some(others) => {
                        let call = self.decorating_call(at, current, dst);
                        self.watch(others, Use::Callee(call));
                        self.unwrapped.push((others, current, dst));
                    }
                    None => self.flow(current, dst),
                }
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
        let dispatch = self.names.dispatch_request;
        if method != dispatch && self.defines(class, dispatch) {
            // What the project has in place of the library's dispatching runs first. Which method it comes to in the end is
            // the one of the request, so the instance is made for that.
            let (instance, entry) = (self.graph.node(), self.graph.node());
            let what = self.primitive(Pending::ForMethod { method, dst: instance, at: origin });
            self.watch(made, Use::Primitive { what });
            self.watch(instance, Use::AttrTerm { dst: entry, name: dispatch, at: origin });
            let inner = self.of_kind(call, self.view_hop(call));
            self.watch(entry, Use::Callee(inner));
            return;
        }
        let kind = self.view_hop(call);
        self.call_view_method(call, (made, class), method, kind);
    }

    /// How the framework's call of a view appears.
    fn view_hop(&self, call: u32) -> HopKind {
        self.calls[call as usize].kind.filter(|k| *k == HopKind::Route).unwrap_or(HopKind::Method)
    }

    /// Calls a method of an instance of a view class through the decorators that the class lists for it.
    fn call_view_method(&mut self, call: u32, (made, class): (NodeId, ValueId), method: Name, kind: HopKind) {
        let at = self.calls[call as usize].origin;
        let bound = self.graph.node();
        let is_head = self.text(method) == "head" && !self.defines(class, method);
        let serving = if is_head { self.program.names.intern("get") } else { method };
        self.watch(made, Use::AttrTerm { dst: bound, name: serving, at });
        let decorators = self.program.names.intern("method_decorators");
        let callee = self.graph.node();
        let inner = self.of_kind(call, kind);
        self.watch(callee, Use::Callee(inner));
        if self.defines(class, decorators) {
            let lists = self.lookup(class, decorators);
            let what = self.primitive(Pending::Chain { start: bound, dst: callee, at, method: Some(method) });
            self.watch(lists, Use::Primitive { what });
        } else {
            self.flow(bound, callee);
        }
    }

    /// An instance of a view class that serves one HTTP method: its class key says which.
    pub(super) fn for_method(&mut self, made: ValueId, method: Name, dst: NodeId, at: Origin) {
        let Value::Inst(key, _) = self.values.get(made) else { return };
        let (class, context) = self.values.class_of_key(key);
        let mut context = Context::from_slice(context);
        let method = self.values.intern_keyed(Value::Str(method), None);
        context.push((METHOD, method));
        let key = self.values.class_key(class, context);
        let instance = self.instance_value(key, at);
        self.share_slots(made, instance);
        self.graph.add(dst, instance);
    }

    /// The library's own `dispatch_request`, which the project's calls by `super()`: it calls the method of the request.
    pub(super) fn dispatch_by_library(&mut self, call: u32, recv: ValueId) {
        let Value::Inst(key, _) = self.values.get(recv) else { return };
        let (class, context) = self.values.class_of_key(key);
        let method = context.iter().find(|&&(place, _)| place == METHOD).map(|&(_, method)| method);
        let methods = match method.map(|method| self.values.get(method)) {
            Some(Value::Str(method)) => vec![method],
            // Somebody else's call: any method may run.
            _ => self.http_methods(class),
        };
        let made = self.constant(recv);
        for method in methods {
            self.call_view_method(call, (made, class), method, HopKind::Method);
        }
    }
}
