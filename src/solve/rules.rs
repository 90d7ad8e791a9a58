//! Rules of routes: what their variables and the registration give the view, and the converters of variables.
//!
//! Sources: werkzeug 2.3 `routing.Rule`, `routing.Map.converters`; Flask 2.3 `Flask.add_url_rule`.

use super::call::Passing;
use super::graph::NodeId;
use super::primitive::Pending;
use super::strings::has_hole;
use super::value::{InstId, ObjKind, Value, ValueId, well_known};
use super::{Origin, Solver, Use};
use crate::finding::HopKind;

impl Solver<'_> {
    /// The framework's call of a view: the rule's placeholders and the registration's `defaults` as keyword arguments; what it
    /// returns is streamed.
    pub(super) fn view_call(
        &mut self,
        root: super::InstId,
        owner: ValueId,
        rule: NodeId,
        defaults: Option<NodeId>,
    ) -> u32 {
        let at = Origin { inst: root, index: 0 };
        let dict = self.object(ObjKind::Dict, at);
        let what = self.primitive(Pending::RuleArguments { dict, at });
        self.watch(rule, Use::Primitive { what });
        // `Blueprint(url_defaults=...)`, or `register_blueprint(url_defaults=...)`.
        let name = self.program.names.intern("url_defaults");
        if self.is_blueprint(owner) {
            let defaults = self.field(owner, name);
            self.watch(defaults, Use::Spread { to: dict });
        } else if self.registering_class(owner).is_none() {
            // What a blueprint hands to functions that register rules later.
            let blueprint = self.program.names.intern("blueprint");
            let (blueprint, defaults) = (self.field(owner, blueprint), self.graph.node());
            let what = self.primitive(Pending::FieldOf { name, dst: defaults });
            self.watch(blueprint, Use::Primitive { what });
            self.watch(defaults, Use::Spread { to: dict });
        }
        if let Some(defaults) = defaults {
            self.watch(defaults, Use::Spread { to: dict });
        }
        let node = self.constant(dict);
        let dst = self.graph.node();
        self.watch(dst, Use::Consume { at });
        self.synthetic_call(at, vec![(Passing::DoubleStar, node)], dst, Some(HopKind::Route))
    }

    /// The placeholders of a rule string: `<converter(args):name>` (werkzeug routing).
    pub(super) fn rule_arguments(&mut self, rule: ValueId, dict: ValueId, at: Origin) {
        // What is not known of a rule may have any variable: no parameter is left its default alone.
        if !matches!(self.values.get(rule), Value::Str(name) if !has_hole(self.text(name))) {
            let rest = self.rest(dict);
            self.graph.add(rest, well_known::ANY_STR);
        }
        let Value::Str(name) = self.values.get(rule) else { return };
        for Variable { name, converter } in variables(self.text(name)) {
            let name = self.program.names.intern(&name);
            let field = self.field(dict, name);
            match converter {
                Some(converter) => self.convert(&converter, field, at),
                None => {
                    self.graph.add(field, well_known::ANY_STR);
                }
            }
        }
    }

    /// What a converter makes of a part of the path. A converter of the library makes text or a number of it, which carry no
    /// code; `to_python` of a class of the project runs for each request.
    fn convert(&mut self, converter: &str, dst: NodeId, at: Origin) {
        let classes = self.graph.node();
        let key = self.program.names.intern(converter);
        let key = self.values.intern_keyed(Value::Str(key), None);
        let (object, key) = (self.converters(), self.constant(key));
        let default = self.graph.node();
        let what = self.primitive(Pending::DictGet { object, key, default, dst: classes });
        self.watch(object, Use::Primitive { what });
        self.watch(key, Use::Primitive { what });
        let what = self.primitive(Pending::Converter { dst, at });
        self.watch(classes, Use::Primitive { what });
        self.graph.add(dst, well_known::ANY_STR);
    }

    /// The mappings of names to converters of all applications.
    fn converters(&mut self) -> NodeId {
        if let Some(known) = self.converters {
            return known;
        }
        let converters = self.graph.node();
        self.converters = Some(converters);
        let path = self.program.names.intern("flask.current_app");
        let otherwise = self.ext_named(path);
        let (apps, map) = (self.current_app(otherwise), self.graph.node());
        let at = Origin { inst: InstId::NONE, index: 0 };
        for (from, name, to) in [(apps, "url_map", map), (map, "converters", converters)] {
            let name = self.program.names.intern(name);
            self.watch(from, Use::AttrTerm { dst: to, name, at });
        }
        converters
    }

    /// A converter class under the name that a rule gives: the framework makes an instance with the rule and has it convert
    /// each request's part of the path.
    pub(super) fn converter(&mut self, class: ValueId, dst: NodeId, at: Origin) {
        let name = self.program.names.intern("to_python");
        if !self.defines(class, name) {
            return;
        }
        let (map, made, method) = (self.constant(well_known::UNKNOWN), self.graph.node(), self.graph.node());
        let construct = self.synthetic_call(at, vec![(Passing::Pos, map), (Passing::Star, map)], made, None);
        self.dispatch(construct, class, None);
        self.watch(made, Use::AttrTerm { dst: method, name, at });
        let text = self.constant(well_known::ANY_STR);
        let call = self.synthetic_call(at, vec![(Passing::Pos, text)], dst, Some(HopKind::Callback));
        self.watch(method, Use::Callee(call));
    }
}

/// A variable of a rule.
#[derive(Debug, PartialEq, Eq)]
struct Variable {
    name: String,
    /// The name of its converter, if one is given.
    converter: Option<String>,
}

/// The variables of a rule: `/<a>/<conv(x):b>` has `a` and `b`. Brackets inside converter arguments count as text when they stand in quotes.
fn variables(rule: &str) -> Vec<Variable> {
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
            let before = inside.rfind(name).map_or("", |start| &inside[..start]);
            let converter = before.split(['(', ':']).next().unwrap_or_default().trim();
            let converter = (!converter.is_empty()).then(|| converter.to_owned());
            names.push(Variable { name: name.to_owned(), converter });
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::{Variable, variables};

    #[test]
    fn brackets_in_quotes_are_text() {
        let names = variables("/v1/<ns>/<regex(\"a:b>c\"):digest>/x").into_iter().map(|found| found.name);
        assert!(names.eq(["ns", "digest"]));
        assert!(variables("/plain").is_empty());
    }

    #[test]
    fn converters_are_told_by_name() {
        let variable = |name: &str, converter: Option<&str>| Variable {
            name: name.to_owned(),
            converter: converter.map(str::to_owned),
        };
        let found = variables("/<a>/<path:b>/<regex(\"x:y\"):c>/<any(p, q): d>");
        let expected = [("a", None), ("b", Some("path")), ("c", Some("regex")), ("d", Some("any"))];
        assert_eq!(found, expected.map(|(name, converter)| variable(name, converter)));
    }
}
