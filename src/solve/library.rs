//! Calls of external functions: library models, and the default for what is not modelled.

use super::call::{Args, Passing};
use super::graph::NodeId;
use super::value::{AllocSite, ObjKind, Value, ValueId, well_known};
use super::{Origin, Solver, Use};
use crate::finding::HopKind;
use crate::link::Name;
use crate::models::Term;

/// What stands for the function in the sites of containers that terms make.
pub(super) const TERM_SITES: u32 = u32::MAX - 1;

impl Solver<'_> {
    /// Calls an external function or a method of an external class.
    pub(super) fn call_external(&mut self, call: u32, path: Name, recv: Option<ValueId>) {
        let recv = recv.map(|recv| self.receiver_of_library(recv, path));
        let origin = self.calls[call as usize].origin;
        let dst = self.calls[call as usize].dst;
        self.external_calls.entry(origin).or_insert(path);
        if self.reading.coarse && !self.calls[call as usize].decorates {
            self.assume_result(call);
        }
        let Some(entry) = self.model(path) else {
            self.call_unmodelled(call, path);
            return;
        };
        for term in &entry.does {
            self.term(term, call, recv);
        }
        if let Some(prim) = &entry.prim {
            self.call_library_primitive(call, prim, entry, recv);
        }
        match &entry.returns {
            Some(Term::Arg(None, Some(word))) if word == "unmodelled" => {
                self.call_unmodelled(call, path);
            }
            Some(Term::Arg(None, Some(word))) if word == "opaque_object" => {
                let value = self.result_of(path);
                self.graph.add(dst, value);
            }
            Some(term) => match self.term(term, call, recv) {
                Some(node) => self.flow(node, dst),
                None => {
                    self.graph.add(dst, well_known::UNKNOWN);
                }
            },
            None if entry.prim.is_none() => {
                let value = self.result_of(path);
                self.graph.add(dst, value);
            }
            None => {}
        }
    }

    /// A function that no model describes: it returns something of its own, and is assumed to call what it is given.
    fn call_unmodelled(&mut self, call: u32, path: Name) {
        // `super().__new__(cls)` of a class that derives from one of a library.
        if self.text(path).ends_with(".__new__")
            && let Some(first) = self.argument(call, Some(0), None)
        {
            let what = self.primitive(super::primitive::Pending::Allocate { call });
            self.watch(first, Use::Primitive { what });
            return;
        }
        // What an attribute without a known name returns is no further apart from it.
        let result =
            if self.text(path).ends_with(".*") { self.ext_named(path) } else { self.result_of(path) };
        self.result_or_decorated(call, result);
        self.assume_called(call);
    }

    /// What stands for all that a function outside of the program returns.
    fn result_of(&mut self, path: Name) -> ValueId {
        if let Some(&known) = self.results.get(&path) {
            return known;
        }
        // Results of results collapse, as attributes of results do.
        let text = self.text(path);
        let result = if text.matches("()").count() > self.reading.results {
            let root = text.split(['.', '(']).next().unwrap_or(text);
            self.ext_value(&format!("{root}.*"))
        } else {
            self.ext_value(&format!("{text}()"))
        };
        self.results.insert(path, result);
        result
    }

    /// What a function that is not known returns: `result`, but where it is applied as a decorator what it decorates, which it
    /// is assumed to call when it is called itself.
    pub(super) fn result_or_decorated(&mut self, call: u32, result: ValueId) {
        let super::call::Call { dst, decorates, .. } = self.calls[call as usize];
        match self.args(call)[..] {
            [(Passing::Pos, decorated)] if decorates => {
                let what = self.primitive(super::primitive::Pending::Decorated { result, dst });
                self.watch(decorated, Use::Primitive { what });
            }
            _ => {
                self.graph.add(dst, result);
            }
        }
    }

    /// Callables among the arguments of a call that is not understood are assumed to be called, and generators to be
    /// consumed. Classes are not: they are passed as types far more often than as factories.
    pub(super) fn assume_called(&mut self, call: u32) {
        let origin = self.calls[call as usize].origin;
        self.assume_arguments(call, super::primitive::Pending::Assumed { origin, returned_by: None });
    }

    /// The same, with what they return among what the call returns.
    fn assume_result(&mut self, call: u32) {
        let origin = self.calls[call as usize].origin;
        self.assume_arguments(call, super::primitive::Pending::Assumed { origin, returned_by: Some(call) });
    }

    fn assume_arguments(&mut self, call: u32, assumed: super::primitive::Pending) {
        let inst = self.calls[call as usize].origin.inst;
        let mut what = None;
        for (passing, node) in self.args(call) {
            let passes_one = matches!(passing, Passing::Pos | Passing::Kw(_));
            // Nobody calls a constant.
            if passes_one && !self.is_constant(inst, node) {
                let what = *what.get_or_insert_with(|| self.primitive(assumed.clone()));
                self.watch(node, Use::Primitive { what });
            }
        }
    }

    /// The node of an argument by position or keyword.
    pub(super) fn argument(
        &mut self,
        call: u32,
        position: Option<u32>,
        keyword: Option<&str>,
    ) -> Option<NodeId> {
        let args = self.args(call);
        if let Some(keyword) = keyword {
            let name = self.program.names.intern(keyword);
            if let Some((_, node)) = args.iter().find(|(p, _)| *p == Passing::Kw(name)) {
                return Some(*node);
            }
        }
        if let Some(position) = position {
            let star = args.iter().position(|(p, _)| *p == Passing::Star).unwrap_or(args.len());
            let before: Vec<NodeId> =
                args[..star].iter().filter(|(p, _)| *p == Passing::Pos).map(|a| a.1).collect();
            if let Some(&node) = before.get(position as usize) {
                return Some(node);
            }
            if star < args.len() {
                let staging = self.graph.node();
                let index = position - before.len() as u32;
                self.watch(args[star].1, Use::StarParam { staging, index });
                return Some(staging);
            }
        }
        if let Some(keyword) = keyword
            && let Some((_, double)) = args.iter().find(|(p, _)| *p == Passing::DoubleStar)
        {
            let staging = self.graph.node();
            let name = self.program.names.intern(keyword);
            self.watch(*double, Use::DoubleStarParam { staging, name });
            return Some(staging);
        }
        None
    }

    /// All positional arguments from one position on, as one node.
    fn arguments_from(&mut self, call: u32, from: u32) -> NodeId {
        let node = self.graph.node();
        let mut position = 0;
        for (passing, arg) in self.args(call) {
            match passing {
                Passing::Pos => {
                    if position >= from {
                        self.flow(arg, node);
                    }
                    position += 1;
                }
                Passing::Star => {
                    let at = self.calls[call as usize].origin;
                    self.watch(arg, Use::Iterate { dst: node, at });
                }
                _ => {}
            }
        }
        node
    }

    /// Evaluates a term of a model at a call; none if it rests on an argument that was not passed.
    #[allow(clippy::too_many_lines, reason = "one arm per function symbol of the term language")]
    pub(super) fn term(&mut self, term: &Term, call: u32, recv: Option<ValueId>) -> Option<NodeId> {
        let at = self.calls[call as usize].origin;
        let (symbol, args) = match term {
            Term::Arg(position, keyword) => {
                return self.argument(call, *position, keyword.as_deref());
            }
            Term::Apply(symbol, args) => (symbol.as_str(), args.as_slice()),
        };
        let word = |t: &Term| match t {
            Term::Arg(_, Some(word)) => word.clone(),
            Term::Arg(Some(n), None) => n.to_string(),
            Term::Apply(word, _) => word.clone(),
            Term::Arg(None, None) => String::new(),
        };
        Some(match symbol {
            "self" => self.constant(recv?),
            "str" => self.constant(well_known::ANY_STR),
            "opaque" => self.constant(well_known::OPAQUE),
            "data" => self.constant(well_known::DATA),
            "unknown" => self.constant(well_known::UNKNOWN),
            "none" => self.constant(well_known::NONE),
            "identity" => {
                let value = self.ext_value("producer_map.identity");
                self.constant(value)
            }
            "module" => {
                let func = self.insts[at.inst.0 as usize].func;
                let module = self.program.module_of(func);
                let value = self.values.intern_keyed(Value::Module(module), None);
                self.constant(value)
            }
            "applications" => {
                let path = self.program.names.intern("flask.current_app");
                let otherwise = self.ext_named(path);
                self.current_app(otherwise)
            }
            "library" => {
                let value = self.ext_value(&word(&args[0]));
                self.constant(value)
            }
            "keywords" => {
                let site = self.term_site(at, recv);
                let dict = self.values.intern_keyed(Value::Obj(ObjKind::Dict, site, at.inst), None);
                for (passing, node) in self.args(call) {
                    match passing {
                        Passing::Kw(name) => {
                            let slot = self.field(dict, name);
                            self.flow(node, slot);
                        }
                        Passing::DoubleStar => self.watch(node, Use::Spread { to: dict }),
                        Passing::Pos | Passing::Star => {}
                    }
                }
                self.constant(dict)
            }
            "args" => {
                let from = args.first().map_or(0, |t| word(t).parse().unwrap_or(0));
                self.arguments_from(call, from)
            }
            "passed" => {
                // The positional arguments from one on, as a tuple in order.
                let from = args.first().map_or(0, |t| word(t).parse().unwrap_or(0));
                let site = self.term_site(at, recv);
                let tuple = self.values.intern_keyed(Value::Obj(ObjKind::Tuple, site, at.inst), None);
                let mut position = 0u32;
                for (passing, node) in self.args(call) {
                    match passing {
                        Passing::Pos => {
                            if position >= from {
                                let name = self.index_name(position - from);
                                let slot = self.field(tuple, name);
                                self.flow(node, slot);
                            }
                            position += 1;
                        }
                        Passing::Star => {
                            let first = from.saturating_sub(position);
                            let to = position.saturating_sub(from);
                            self.watch(node, Use::StarRest { tuple, from: first, to });
                        }
                        _ => {}
                    }
                }
                self.constant(tuple)
            }
            "elem" => {
                let src = self.term(&args[0], call, recv)?;
                let dst = self.graph.node();
                self.watch(src, Use::Iterate { dst, at });
                dst
            }
            "keys" => {
                let src = self.term(&args[0], call, recv)?;
                let dst = self.graph.node();
                self.watch(src, Use::Keys { dst });
                dst
            }
            "values" => {
                let src = self.term(&args[0], call, recv)?;
                let dst = self.graph.node();
                let what = self.primitive(super::primitive::Pending::ValuesOf { dst });
                self.watch(src, Use::Primitive { what });
                dst
            }
            "index" => {
                let src = self.term(&args[0], call, recv)?;
                let dst = self.graph.node();
                let index = word(&args[1]).parse().unwrap_or(0);
                self.watch(src, Use::StarParam { staging: dst, index });
                dst
            }
            "list" | "set" | "tuple" | "dict" | "copyseq" | "copy" => {
                self.container_term(symbol, args, call, recv)?
            }
            "attr" => {
                let src = self.term(&args[0], call, recv)?;
                let dst = self.graph.node();
                let name = self.program.names.intern(&word(&args[1]));
                self.watch(src, Use::AttrTerm { dst, name, at });
                dst
            }
            "field" => {
                let src = self.term(&args[0], call, recv)?;
                let dst = self.graph.node();
                let name = self.program.names.intern(&word(&args[1]));
                let what = self.primitive(super::primitive::Pending::FieldOf { name, dst });
                self.watch(src, Use::Primitive { what });
                dst
            }
            "getattr" => {
                let object = self.term(&args[0], call, recv)?;
                let name = self.term(&args[1], call, recv)?;
                let dst = self.graph.node();
                let what = self.primitive(super::primitive::Pending::GetAttr { object, name, dst, at });
                self.watch(object, Use::Primitive { what });
                self.watch(name, Use::Primitive { what });
                dst
            }
            "call" | "thread" => {
                let kind = if symbol == "thread" { HopKind::Thread } else { HopKind::Callback };
                let callee = self.term(&args[0], call, recv)?;
                let passed: Args = args[1..]
                    .iter()
                    .filter_map(|t| match t {
                        Term::Apply(symbol, inner) if symbol == "star" => {
                            self.term(&inner[0], call, recv).map(|n| (Passing::Star, n))
                        }
                        Term::Apply(symbol, inner) if symbol == "doublestar" => {
                            self.term(&inner[0], call, recv).map(|n| (Passing::DoubleStar, n))
                        }
                        _ => self.term(t, call, recv).map(|n| (Passing::Pos, n)),
                    })
                    .collect();
                let dst = self.graph.node();
                let inner = self.synthetic_call(at, passed, dst, Some(kind));
                self.watch(callee, Use::Callee(inner));
                dst
            }
            "special" => {
                let receiver = self.term(&args[0], call, recv)?;
                let names = args[1..].iter().map(|t| self.program.names.intern(&word(t))).collect();
                let dst = self.graph.node();
                let what =
                    self.primitive(super::primitive::Pending::Special { names, args: Vec::new(), dst, at });
                self.watch(receiver, Use::Primitive { what });
                dst
            }
            "method" => {
                let receiver = self.term(&args[0], call, recv)?;
                let names = vec![self.program.names.intern(&word(&args[1]))];
                let args = args[2..].iter().filter_map(|t| self.term(t, call, recv)).collect();
                let dst = self.graph.node();
                let what = self.primitive(super::primitive::Pending::Special { names, args, dst, at });
                self.watch(receiver, Use::Primitive { what });
                dst
            }
            "given" => {
                self.term(&args[0], call, recv)?;
                self.term(&args[1], call, recv)?
            }
            "new" => {
                let value = self.external_object(&word(&args[0]), at);
                self.constant(value)
            }
            "any" => {
                let dst = self.graph.node();
                for t in args {
                    if let Some(node) = self.term(t, call, recv) {
                        self.flow(node, dst);
                    }
                }
                dst
            }
            "caught" => {
                let src = self.term(&args[0], call, recv)?;
                let dst = self.graph.node();
                let what = self.primitive(super::primitive::Pending::Caught { dst, at });
                self.watch(src, Use::Primitive { what });
                dst
            }
            "append" => {
                let target = self.term(&args[0], call, recv)?;
                let value = self.term(&args[1], call, recv)?;
                let what = self.primitive(super::primitive::Pending::Append { value });
                self.watch(target, Use::Primitive { what });
                target
            }
            "setkey" => {
                let object = self.term(&args[0], call, recv)?;
                let key = self.term(&args[1], call, recv)?;
                let value = self.term(&args[2], call, recv)?;
                for o in self.graph.values(object).to_vec() {
                    let what = self.primitive(super::primitive::Pending::DictItem { object: o, value });
                    self.watch(key, Use::Primitive { what });
                }
                object
            }
            "setattr" => {
                let object = self.term(&args[0], call, recv)?;
                let name = self.term(&args[1], call, recv)?;
                let value = self.term(&args[2], call, recv)?;
                let what = self.primitive(super::primitive::Pending::SetAttr {
                    object,
                    name,
                    value,
                    plain: true,
                    at,
                });
                self.watch(object, Use::Primitive { what });
                self.watch(name, Use::Primitive { what });
                object
            }
            "setfield" => {
                let object = self.term(&args[0], call, recv)?;
                let name = self.program.names.intern(&word(&args[1]));
                let value = self.term(&args[2], call, recv)?;
                let what = self.primitive(super::primitive::Pending::SetField { name, value });
                self.watch(object, Use::Primitive { what });
                object
            }
            _ => self.constant(well_known::UNKNOWN),
        })
    }

    /// The site of a container that a term makes; several of one call differ by number. Where the receiver is such a
    /// container itself, all at one place share a site: `d = d.copy()` in a loop would else make copies of copies for ever.
    fn term_site(&mut self, at: Origin, recv: Option<ValueId>) -> AllocSite {
        let of_a_term = recv.is_some_and(
            |recv| matches!(self.values.get(recv), Value::Obj(_, site, _) if site.func == TERM_SITES),
        );
        if of_a_term && let Some(&site) = self.shared_sites.get(&at) {
            return site;
        }
        self.term_sites += 1;
        let site = AllocSite { func: TERM_SITES, index: self.term_sites };
        if of_a_term {
            self.shared_sites.insert(at, site);
        }
        site
    }

    fn container_term(
        &mut self,
        symbol: &str,
        args: &[Term],
        call: u32,
        recv: Option<ValueId>,
    ) -> Option<NodeId> {
        let at = self.calls[call as usize].origin;
        let kind = match symbol {
            "list" => ObjKind::List,
            "set" => ObjKind::Set,
            "dict" => ObjKind::Dict,
            _ => ObjKind::Tuple,
        };
        let site = self.term_site(at, recv);
        if matches!(symbol, "copy" | "copyseq") {
            let src = self.term(&args[0], call, recv)?;
            let dst = self.graph.node();
            let what = self.primitive(super::primitive::Pending::CopyOf { dst, at, site });
            self.watch(src, Use::Primitive { what });
            return Some(dst);
        }
        let object = self.values.intern_keyed(Value::Obj(kind, site, at.inst), None);
        match symbol {
            "dict" => {
                let keys = self.field(object, self.names.keys);
                if let Some(key) = self.term(&args[0], call, recv) {
                    self.flow(key, keys);
                }
                let rest = self.rest(object);
                if let Some(value) = self.term(&args[1], call, recv) {
                    self.flow(value, rest);
                }
            }
            "tuple" => {
                for (i, t) in args.iter().enumerate() {
                    let Some(node) = self.term(t, call, recv) else { continue };
                    let name = self.index_name(i as u32);
                    let slot = self.field(object, name);
                    self.flow(node, slot);
                }
            }
            _ => {
                for t in args {
                    let rest = self.rest(object);
                    if let Some(node) = self.term(t, call, recv) {
                        self.flow(node, rest);
                    }
                }
            }
        }
        Some(self.constant(object))
    }

    /// A new instance of an external class.
    pub(super) fn external_object(&mut self, path: &str, at: Origin) -> ValueId {
        let name = self.program.names.intern(path);
        self.object(ObjKind::External(name), at)
    }

    /// The same for an application, a blueprint or an API: functions that are given one are cloned on it, so that a helper
    /// that prepares blueprints keeps them apart.
    pub(super) fn registering_object(&mut self, path: &str, at: Origin) -> ValueId {
        let name = self.program.names.intern(path);
        let site = self.site(at);
        self.values.intern_self_keyed(Value::Obj(ObjKind::External(name), site, at.inst))
    }

    /// An attribute of an instance of an external class: what the model says, else a method by name.
    pub(super) fn load_external_attr(&mut self, value: ValueId, class: Name, name: Name, dst: NodeId) {
        let path = self.join_names(class, name);
        if self.is_modelled_attribute(path) {
            let entry = self.model(path);
            let node = self.modelled_attribute(Some(value), path, entry);
            self.flow(node, dst);
            return;
        }
        let method = self.ext_method(value, path);
        self.graph.add(dst, method);
    }

    /// Reads a key of the application configuration: stored values, the attribute of the configuration objects, and the
    /// setting itself, which stands for whatever an operator configures.
    pub(super) fn load_config(&mut self, config: ValueId, key: Name, dst: NodeId) {
        let node = self.field(config, key);
        self.flow(node, dst);
        self.note_default(config, key, node);
        let source = self.program.names.intern("config_object");
        let objects = self.field(config, source);
        let at = Origin { inst: super::InstId::NONE, index: 0 };
        let declared = self.graph.node();
        self.flow(declared, dst);
        self.note_default(config, key, declared);
        let what = self.primitive(super::primitive::Pending::ConfigAttr { name: key, dst: declared, at });
        self.watch(objects, Use::Primitive { what });
        // After the defaults: where a text is folded from both, the default is already known.
        let setting = self.configured(key);
        self.graph.add(dst, setting);
    }
}
