//! Callables that library functions make of names and other callables: `operator.attrgetter`, `itemgetter` and `methodcaller`,
//! `weakref.ref`, `functools.partialmethod`.
//!
//! Source: Python 3.12 library reference, modules `operator`, `weakref` and `functools`.

use super::call::{Args, Call, Passing};
use super::graph::NodeId;
use super::primitive::Pending;
use super::value::{ObjKind, Value, ValueId, well_known};
use super::{Origin, Solver, Use};

impl Solver<'_> {
    /// Makes such a callable: an object of kind `kind` with the first argument, and the other arguments to be passed on.
    pub(super) fn make_callable(&mut self, call: u32, kind: &str) {
        let Call { origin, dst, .. } = self.calls[call as usize];
        let name = self.program.names.intern(kind);
        let object = self.object(ObjKind::Primitive(name), origin);
        if let Some(first) = self.argument(call, Some(0), None) {
            let field = self.field(object, self.names.func);
            self.flow(first, field);
        }
        // All names of `attrgetter("a", "b")`, or what `methodcaller` and `partialmethod` pass on.
        let passed = self.args(call).into_iter().skip_while(|(passing, _)| *passing != Passing::Pos);
        let passed: Args = passed.collect();
        self.partials.entry(object).or_insert(passed);
        self.graph.add(dst, object);
    }

    /// Calls such a callable; returns whether `kind` is one of them.
    pub(super) fn call_callable(&mut self, call: u32, kind: &str, object: ValueId) -> bool {
        let Call { origin: at, dst, .. } = self.calls[call as usize];
        let made_of = self.field(object, self.names.func);
        let passed = self.partials.get(&object).cloned().unwrap_or_default();
        match kind {
            "weakref" => self.flow(made_of, dst),
            "partialmethod" => {
                // The receiver goes before what the partial passes.
                let mut given = self.args(call).into_iter();
                let mut args: Args = given.by_ref().take(1).collect();
                args.extend(passed.into_iter().skip(1));
                args.extend(given);
                args.sort_by_key(|(p, _)| matches!(p, Passing::Kw(_) | Passing::DoubleStar));
                let inner = self.with_args(call, args);
                self.watch(made_of, Use::Callee(inner));
            }
            "attrgetter" | "itemgetter" => {
                let Some(object) = self.argument(call, Some(0), None) else { return true };
                let names: Vec<NodeId> = passed.iter().map(|&(_, node)| node).collect();
                let several = names.len() > 1;
                let tuple = several.then(|| self.object(ObjKind::Tuple, at));
                for (index, names) in (0..).zip(names) {
                    let dst = match tuple {
                        Some(tuple) => {
                            let index = self.index_name(index);
                            self.field(tuple, index)
                        }
                        None => dst,
                    };
                    let pending = if kind == "attrgetter" {
                        Pending::DottedAttr { object, dst, at }
                    } else {
                        let default = self.graph.node();
                        Pending::DictGet { object, key: names, default, dst }
                    };
                    let by_key = kind == "itemgetter";
                    let what = self.primitive(pending);
                    self.watch(names, Use::Primitive { what });
                    if by_key {
                        self.watch(object, Use::Primitive { what });
                        let method = vec![self.names.getitem];
                        let what =
                            self.primitive(Pending::Special { names: method, args: vec![names], dst, at });
                        self.watch(object, Use::Primitive { what });
                    }
                }
                if let Some(tuple) = tuple {
                    self.graph.add(dst, tuple);
                }
            }
            "methodcaller" => {
                let Some(object) = self.argument(call, Some(0), None) else { return true };
                let method = self.graph.node();
                let what = self.primitive(Pending::GetAttr { object, name: made_of, dst: method, at });
                self.watch(object, Use::Primitive { what });
                self.watch(made_of, Use::Primitive { what });
                let args = passed.into_iter().skip(1).collect();
                let inner = self.with_args(call, args);
                self.watch(method, Use::Callee(inner));
            }
            _ => return false,
        }
        true
    }

    /// The attribute under a dotted name of whatever comes to a node.
    pub(super) fn load_dotted(&mut self, object: NodeId, name: ValueId, dst: NodeId, at: Origin) {
        let Value::Str(name) = self.values.get(name) else {
            self.graph.add(dst, well_known::UNKNOWN);
            return;
        };
        let text = self.text(name).to_owned();
        let parts: Vec<&str> = text.split('.').collect();
        let mut current = object;
        for (i, part) in parts.iter().enumerate() {
            let next = if i + 1 == parts.len() { dst } else { self.graph.node() };
            let name = self.program.names.intern(part);
            self.watch(current, Use::AttrTerm { dst: next, name, at });
            current = next;
        }
    }
}
