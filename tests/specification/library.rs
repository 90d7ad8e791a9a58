//! Library functions: what their models (`src/models`) say, in effects that the rules know.
//!
//! The models are data and the same for both sides; how a term is evaluated is written down here a second time. Terms and
//! primitives that frameworks need are left out.

use producer_map::models::{Entry, Term};

use crate::domain::{Call, CallSite, Kind, Node, Passing, Place, Site, Text, V, Value, text};
use crate::world::{World, result_path};

/// What a function under a wrapper becomes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Wrapper {
    Manager,
    Static,
    Class,
}

/// A consequence of the call of a library function.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Effect {
    Flow(Node, Node),
    Holds(Node, V),
    /// Elements, keys, values, one element of what is in a node.
    Elements(Node, Node),
    Keys(Node, Node),
    Values(Node, Node),
    Index(Node, u32, Node),
    /// An attribute with lookup, a slot of the object itself; the slot is set.
    Attribute(Node, Text, Node),
    Field(Node, Text, Node),
    SetField(Node, Text, Node),
    /// The object has a slot.
    Named(V, Text),
    /// A value is added to the containers in the first node; stored in one under the keys in a node.
    Append(Node, Node),
    Put(V, Node, Node),
    /// An element of an object by the keys in a node.
    Item(V, Node, Node),
    /// Everything in the values of a node goes to an object.
    Spread(Node, V),
    /// The values of a node are what a dict is made of.
    Entries(Node, V),
    /// Containers are copied to a container at a site.
    Copy(Node, Site, Node),
    Calls(Node, Call),
    /// The first of these methods that the class of a value has.
    Special(Node, Vec<Text>, Node),
    Wrap(Node, Wrapper, Node),
    /// What a decorator that keeps its function is given.
    Kept(Node, Node),
    GetAttr(Node, Node, Node),
    SetAttr(Node, Node, Node),
    Super(Node, Node, Node),
    TypeOf(Node, Node),
    /// The text of a value, as a string method of this name leaves it.
    Str(Node, String, Node),
    /// A partial, and the call that made it.
    Partial(V, Call),
    /// A function of which nothing is known.
    NotModelled(V),
    /// No rule speaks of it.
    Outside(String),
}

/// The consequences of a call of a library function.
pub fn effects(world: &World<'_>, call: Call, path: Text, recv: Option<V>) -> Vec<Effect> {
    let not_modelled = || Effect::NotModelled(V::ext(&result_path(&path)));
    let Some(entry) = world.models.get(&path) else { return vec![not_modelled()] };
    let mut evaluation = Evaluation { call, recv, effects: Vec::new(), path: Vec::new() };
    for (index, term) in (1..).zip(&entry.does) {
        evaluation.path = vec![index];
        evaluation.term(term);
    }
    evaluation.path = vec![0];
    if let Some(primitive) = &entry.prim {
        evaluation.primitive(primitive, entry);
    }
    let result = |path: &str| V::ext(&format!("{path}()"));
    match &entry.returns {
        Some(Term::Arg(None, Some(word))) if word == "unmodelled" => evaluation.effects.push(not_modelled()),
        Some(Term::Arg(None, Some(word))) if word == "opaque_object" => {
            evaluation.holds(call.dst, result(&path))
        }
        Some(term) => match evaluation.term(term) {
            Some(node) => evaluation.effects.push(Effect::Flow(node, call.dst)),
            None => evaluation.holds(call.dst, V::of(Value::Unknown)),
        },
        None if entry.prim.is_none() => evaluation.holds(call.dst, result(&path)),
        None => {}
    }
    evaluation.effects
}

/// The arguments that the call of a partial passes: its own behind those that the partial was made with, keywords last.
pub fn merged(call: Call, partial: V, made: Call) -> Call {
    let own: Vec<Passing> = call.args.iter().map(|arg| arg.0).collect();
    let frozen = made.args.iter().skip(1);
    let kept = frozen.filter(|(passing, _)| !matches!(passing, Passing::Kw(_)) || !own.contains(passing));
    let mut args: Vec<(Passing, Node)> = kept.copied().collect();
    args.extend(&call.args);
    args.sort_by_key(|(passing, _)| matches!(passing, Passing::Kw(_) | Passing::DoubleStar));
    let through = call.through.iter().copied().chain([partial]).collect();
    Call::of(CallSite { args, through, ..(*call).clone() })
}

/// One call of one function.
struct Evaluation {
    call: Call,
    recv: Option<V>,
    effects: Vec<Effect>,
    /// Which part of which term is evaluated.
    path: Vec<u32>,
}

fn word(term: &Term) -> String {
    match term {
        Term::Arg(_, Some(word)) | Term::Apply(word, _) => word.clone(),
        Term::Arg(Some(number), None) => number.to_string(),
        Term::Arg(None, None) => String::new(),
    }
}

fn number(term: Option<&Term>) -> u32 {
    term.map_or(0, |term| word(term).parse().unwrap_or(0))
}

impl Evaluation {
    fn holds(&mut self, node: Node, value: V) {
        self.effects.push(Effect::Holds(node, value));
    }

    fn given(&mut self, value: V) -> Node {
        let node = Node::of(Place::Given(value));
        self.holds(node, value);
        node
    }

    fn outside(&mut self, what: &str) {
        self.effects.push(Effect::Outside(what.to_owned()));
    }

    /// The node for the value of the term that is being evaluated.
    fn here(&self) -> Node {
        Node::of(Place::Part(self.call, self.recv, self.path.clone()))
    }

    /// The site of a container that the term makes. What is made of such a container shares one site per place: copies of
    /// copies would have no end.
    fn site(&self) -> Site {
        match self.recv.as_deref() {
            Some(Value::Obj(_, Site::Library(..) | Site::Again(_), _)) => Site::Again(self.call.at),
            _ => Site::Library(self.call, self.recv, self.path.clone()),
        }
    }

    fn container(&self, kind: Kind) -> V {
        V::of(Value::Obj(kind, self.site(), self.call.at.0))
    }

    fn argument(&mut self, position: Option<u32>, keyword: Option<&str>) -> Option<Node> {
        let args = &self.call.args;
        let spread = args.iter().any(|(passing, _)| matches!(passing, Passing::Star | Passing::DoubleStar));
        if spread {
            self.outside("a library function called with * or **");
            return None;
        }
        let named = keyword.and_then(|keyword| args.iter().find(|arg| arg.0 == Passing::Kw(text(keyword))));
        let by_position = || {
            let mut positional = args.iter().filter(|arg| arg.0 == Passing::Pos);
            position.and_then(|position| positional.nth(position as usize))
        };
        named.or_else(by_position).map(|arg| arg.1)
    }

    fn positional(&self, from: u32) -> Vec<Node> {
        let positional = self.call.args.iter().filter(|arg| arg.0 == Passing::Pos);
        positional.skip(from as usize).map(|arg| arg.1).collect()
    }

    /// Part `index` of the term that is being evaluated.
    fn part(&mut self, args: &[Term], index: usize) -> Option<Node> {
        self.path.push(index as u32);
        let node = self.term(&args[index]);
        self.path.pop();
        node
    }

    /// Evaluates a term; none if it rests on an argument that was not passed.
    fn term(&mut self, term: &Term) -> Option<Node> {
        let (symbol, args) = match term {
            Term::Arg(position, keyword) => return self.argument(*position, keyword.as_deref()),
            Term::Apply(symbol, args) => (symbol.as_str(), args.as_slice()),
        };
        let dst = self.here();
        match symbol {
            "self" => return self.recv.map(|recv| self.given(recv)),
            "str" => return Some(self.given(V::of(Value::AnyStr))),
            "opaque" => return Some(self.given(V::of(Value::Opaque))),
            "data" => return Some(self.given(V::of(Value::Data))),
            "unknown" => return Some(self.given(V::of(Value::Unknown))),
            "none" => return Some(self.given(V::of(Value::None))),
            "identity" => return Some(self.given(V::ext("producer_map.identity"))),
            "args" => {
                for node in self.positional(number(args.first())) {
                    self.effects.push(Effect::Flow(node, dst));
                }
            }
            "elem" | "keys" | "values" | "index" | "attr" | "field" => {
                let src = self.part(args, 0)?;
                self.effects.push(match symbol {
                    "elem" => Effect::Elements(src, dst),
                    "keys" => Effect::Keys(src, dst),
                    "values" => Effect::Values(src, dst),
                    "index" => Effect::Index(src, number(args.get(1)), dst),
                    "attr" => Effect::Attribute(src, text(&word(&args[1])), dst),
                    _ => Effect::Field(src, text(&word(&args[1])), dst),
                });
            }
            "list" | "set" | "tuple" | "dict" => return Some(self.filled(symbol, args)),
            "copy" | "copyseq" => {
                let src = self.part(args, 0)?;
                self.effects.push(Effect::Copy(src, self.site(), dst));
            }
            "call" => {
                let callee = self.part(args, 0)?;
                let passed = (1..args.len()).filter_map(|index| self.part(args, index));
                let passed = passed.map(|node| (Passing::Pos, node)).collect();
                let call =
                    CallSite { at: self.call.at, args: passed, dst, decorates: false, through: Vec::new() };
                self.effects.push(Effect::Calls(callee, Call::of(call)));
            }
            "special" => {
                let receiver = self.part(args, 0)?;
                let names = args[1..].iter().map(|name| text(&word(name))).collect();
                self.effects.push(Effect::Special(receiver, names, dst));
            }
            "any" => {
                for index in 0..args.len() {
                    if let Some(node) = self.part(args, index) {
                        self.effects.push(Effect::Flow(node, dst));
                    }
                }
            }
            "append" => {
                let (target, value) = (self.part(args, 0)?, self.part(args, 1)?);
                self.effects.push(Effect::Append(target, value));
                return Some(target);
            }
            "setkey" if word(&args[0]) == "self" => {
                let (key, value) = (self.part(args, 1)?, self.part(args, 2)?);
                self.effects.push(Effect::Put(self.recv?, key, value));
            }
            "setfield" => {
                let (object, value) = (self.part(args, 0)?, self.part(args, 2)?);
                self.effects.push(Effect::SetField(object, text(&word(&args[1])), value));
                return Some(object);
            }
            other => self.outside(&format!("the term {other}")),
        }
        Some(dst)
    }

    /// A new container with the values of terms in it.
    fn filled(&mut self, symbol: &str, args: &[Term]) -> Node {
        let kind = match symbol {
            "list" => Kind::List,
            "set" => Kind::Set,
            "dict" => Kind::Dict,
            _ => Kind::Tuple,
        };
        let object = self.container(kind);
        for index in 0..args.len() {
            let Some(node) = self.part(args, index) else { continue };
            let place = match (kind, index) {
                (Kind::Tuple, _) => {
                    let name = text(&format!("#{index}"));
                    self.effects.push(Effect::Named(object, name));
                    Place::Slot(object, name)
                }
                (Kind::Dict, 0) => Place::Keys(object),
                _ => Place::Rest(object),
            };
            self.effects.push(Effect::Flow(node, Node::of(place)));
        }
        self.given(object)
    }

    fn field(&mut self, object: V, name: &str, node: Node) {
        self.effects.push(Effect::Named(object, text(name)));
        self.effects.push(Effect::Flow(node, Node::of(Place::Slot(object, text(name)))));
    }

    /// An object that the function makes at the place of the call.
    fn made(&self, kind: Kind) -> V {
        let at = self.call.at;
        V::of(Value::Obj(kind, Site::Code(at.0.func, at.1), at.0))
    }

    fn primitive(&mut self, name: &str, entry: &Entry) {
        let dst = self.call.dst;
        let first = self.argument(Some(0), None);
        match (name, first) {
            ("never", _) => {}
            ("contextmanager", Some(first)) => self.effects.push(Effect::Wrap(first, Wrapper::Manager, dst)),
            ("staticmethod", Some(first)) => self.effects.push(Effect::Wrap(first, Wrapper::Static, dst)),
            ("classmethod", Some(first)) => self.effects.push(Effect::Wrap(first, Wrapper::Class, dst)),
            ("decorator", Some(first)) => self.effects.push(Effect::Kept(first, dst)),
            ("decorator", None) => self.holds(dst, V::ext("producer_map.identity")),
            ("wraps", Some(first)) => {
                let object = self.made(Kind::Wraps);
                self.field(object, "__wrapped__", first);
                self.holds(dst, object);
            }
            ("property", _) => {
                let object = self.made(Kind::Property);
                for (position, name) in (0..).zip(["fget", "fset", "fdel"]) {
                    if let Some(node) = self.argument(Some(position), Some(name)) {
                        self.field(object, name, node);
                    }
                }
                self.holds(dst, object);
            }
            ("property_setter", Some(first)) => {
                if let Some(recv) = self.recv {
                    self.field(recv, "fset", first);
                    self.holds(dst, recv);
                }
            }
            ("partial", Some(first)) => {
                let object = self.made(Kind::Partial);
                self.field(object, "func", first);
                self.effects.push(Effect::Partial(object, self.call));
                self.holds(dst, object);
            }
            ("getattr", Some(object)) => {
                let Some(name) = self.argument(Some(1), None) else { return };
                self.effects.push(Effect::GetAttr(object, name, dst));
                let default = self.argument(Some(2), None);
                self.effects.extend(default.map(|default| Effect::Flow(default, dst)));
            }
            ("setattr", _) if entry.kind.is_some() => self.outside("object.__setattr__"),
            ("setattr", Some(object)) => {
                let (name, value) = (self.argument(Some(1), None), self.argument(Some(2), None));
                let (Some(name), Some(value)) = (name, value) else { return };
                // Which name and which object go together follows from the values.
                self.effects.push(Effect::SetAttr(object, name, value));
                self.holds(dst, V::of(Value::None));
            }
            ("super", Some(class)) => {
                let Some(this) = self.argument(Some(1), None) else { return };
                self.effects.push(Effect::Super(class, this, dst));
            }
            ("type", Some(first)) => match self.call.args.len() {
                1 => self.effects.push(Effect::TypeOf(first, dst)),
                3 => self.outside("a class that a call makes"),
                _ => self.holds(dst, V::of(Value::Unknown)),
            },
            ("str", Some(first)) => self.effects.push(Effect::Str(first, "same".to_owned(), dst)),
            ("str", None) => self.holds(dst, V::of(Value::AnyStr)),
            ("str_method", _) => {
                let (Some(recv), Some(kind)) = (self.recv, &entry.kind) else { return };
                let recv = self.given(recv);
                self.effects.push(Effect::Str(recv, kind.clone(), dst));
            }
            ("dict", _) => {
                let object = self.made(Kind::Dict);
                self.fill(object);
                self.holds(dst, object);
            }
            ("dict_update", _) => {
                if let Some(recv) = self.recv {
                    self.fill(recv);
                }
                self.holds(dst, V::of(Value::None));
            }
            ("dict_get", Some(key)) => {
                let Some(recv) = self.recv else { return };
                self.effects.push(Effect::Item(recv, key, dst));
                match self.argument(Some(1), Some("default")) {
                    Some(default) => self.effects.push(Effect::Flow(default, dst)),
                    None => self.holds(dst, V::of(Value::None)),
                }
            }
            ("split", _) => {
                let list = self.made(Kind::List);
                self.holds(Node::of(Place::Rest(list)), V::of(Value::AnyStr));
                self.holds(dst, list);
            }
            (
                "contextmanager" | "staticmethod" | "classmethod" | "property_setter" | "getattr" | "setattr"
                | "super" | "type" | "dict_get",
                None,
            ) => {}
            (other, _) => self.outside(&format!("the primitive {other}")),
        }
    }

    /// The arguments of `dict(...)` and `update(...)`.
    fn fill(&mut self, object: V) {
        for (passing, node) in self.call.args.clone() {
            match passing {
                Passing::Pos => self.effects.push(Effect::Entries(node, object)),
                Passing::DoubleStar => self.effects.push(Effect::Spread(node, object)),
                Passing::Kw(name) => {
                    self.field(object, &name, node);
                    self.holds(Node::of(Place::Keys(object)), V::of(Value::Str(name)));
                }
                Passing::Star => self.outside("a library function called with * or **"),
            }
        }
    }
}
