//! Library models: what external functions return, call and store, as data.
//!
//! The data files beside this one have one entry per function. An entry may name a primitive (code in
//! the solver, for semantics that a term cannot say), or describe the function with terms. That of a class may say under
//! `instance` what an instance is that comes from anywhere: `isinstance(x, str)` makes a string of an unknown `x`. Classes that
//! the project may hand to a library, or whose methods call what they hold, have none.
//!
//! | term | meaning |
//! |---|---|
//! | `0`, `key`, `0\|key` | an argument by position, by keyword, by either |
//! | `args(1)`, `passed(1)` | the positional arguments from the second on: as one value, as a tuple in order |
//! | `star(t)`, `doublestar(t)` | in a call: `*t`, `**t` |
//! | `self` | the receiver |
//! | `keywords` | the keyword arguments of the call, as a dict |
//! | `elem(t)`, `keys(t)`, `values(t)` | what iterating `t` yields; the keys, the values of a mapping |
//! | `index(t, 1)` | element 1 of a sequence |
//! | `list(t, ...)`, `set(t)`, `tuple(t, ...)`, `dict(k, v)` | a new container with these elements |
//! | `attr(t, name)`, `field(t, name)` | an attribute, with lookup; a field of the object itself |
//! | `getattr(t, n)` | the attribute of `t` whose name is the string `n` |
//! | `call(f, t, ...)`, `thread(f, t, ...)` | calls `f`, at once or on another thread; gives what it returns |
//! | `special(t, __bool__, __len__)` | calls the first of these methods that the project class of `t` has |
//! | `method(t, __add__, u, ...)` | calls this method, with arguments, of the project class of `t`, if it has it |
//! | `given(t, u)` | `u`, if the call passes the argument `t` |
//! | `new(path)` | a new instance of an external class |
//! | `any(t, ...)` | any of these |
//! | `caught(t)` | an instance of exception class `t` |
//! | `copy(t)` | a new container with the same elements |
//! | `str`, `opaque`, `data` | a string, a value without code, data from outside (what is read from it is data again) |
//! | `unknown`, `none`, `identity` | anything, `None`, a decorator that changes nothing |
//! | `lists` | in attributes: a dict of lists |
//! | `applications`, `views`, `library(path)` | in attributes: the applications that the program makes; the views that are registered, by endpoint; what the library has there |
//! | `append(c, t)`, `update(c, t)`, `setkey(c, k, v)`, `setfield(c, name, v)`, `setattr(c, n, v)` | stores, for `does` |

use rustc_hash::FxHashMap;
use serde::Deserialize;

/// A term of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// An argument by position and/or keyword.
    Arg(Option<u32>, Option<String>),
    /// A function symbol applied to terms; also plain words.
    Apply(String, Vec<Term>),
}

/// The model of one external function or class.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    returns: Option<String>,
    #[serde(default)]
    does: Vec<String>,
    prim: Option<String>,
    kind: Option<String>,
    instance: Option<String>,
    #[serde(default)]
    with: Vec<String>,
    #[serde(default)]
    config: bool,
}

/// The model of one external function or class.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What it returns; none: an untracked object named after the function.
    pub returns: Option<Term>,
    /// What it does besides.
    pub does: Vec<Term>,
    /// A primitive of the solver.
    pub prim: Option<String>,
    /// A word for the primitive.
    pub kind: Option<String>,
    /// Of a class: what an instance of it is of which nothing else is known.
    pub instance: Option<Term>,
    /// Arguments for the primitive.
    pub with: Vec<Term>,
}

impl Entry {
    /// Whether it says no more than that nothing is known of the function.
    pub fn says_nothing(&self) -> bool {
        matches!(&self.returns, Some(Term::Arg(None, Some(word))) if word == "unmodelled")
    }
}

#[derive(Deserialize)]
struct RawFile {
    #[serde(default)]
    alias: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    bases: std::collections::BTreeMap<String, Vec<String>>,
    #[serde(default)]
    model: std::collections::BTreeMap<String, RawEntry>,
}

/// All models.
#[derive(Debug, Default)]
pub struct Models {
    entries: FxHashMap<String, Entry>,
    prefixes: Vec<(String, Entry)>,
    alias: FxHashMap<String, String>,
    bases: FxHashMap<String, Vec<String>>,
    config: Vec<String>,
}

/// A model file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("library models in {file}: {message}; correct the file")]
pub struct ModelError {
    /// Which file.
    pub file: String,
    /// What is wrong.
    pub message: String,
}

const FILES: &[(&str, &str)] = &[
    ("builtins.toml", include_str!("builtins.toml")),
    ("stdlib.toml", include_str!("stdlib.toml")),
    ("web.toml", include_str!("web.toml")),
];

impl Models {
    /// The models that come with the program.
    ///
    /// # Errors
    /// When a data file is malformed: a defect of the build, which a test rules out.
    pub fn shipped() -> Result<Models, ModelError> {
        let mut models = Models::default();
        for (name, text) in FILES {
            models.add(name, text)?;
        }
        Ok(models)
    }

    fn add(&mut self, file: &str, text: &str) -> Result<(), ModelError> {
        let fail = |message: String| ModelError { file: file.to_owned(), message };
        let raw: RawFile = toml::from_str(text).map_err(|e| fail(e.to_string()))?;
        self.alias.extend(raw.alias);
        self.bases.extend(raw.bases);
        for (path, raw) in raw.model {
            let parse = |t: &String| parse(t).map_err(|m| fail(format!("{path}: {m}")));
            let entry = Entry {
                returns: raw.returns.as_ref().map(parse).transpose()?,
                does: raw.does.iter().map(parse).collect::<Result<_, _>>()?,
                prim: raw.prim,
                kind: raw.kind,
                instance: raw.instance.as_ref().map(parse).transpose()?,
                with: raw.with.iter().map(parse).collect::<Result<_, _>>()?,
            };
            if raw.config {
                self.config.push(path.clone());
            }
            match path.strip_suffix(".*") {
                Some(prefix) => self.prefixes.push((format!("{prefix}."), entry)),
                None => {
                    self.entries.insert(path, entry);
                }
            }
        }
        // The longest prefix wins.
        self.prefixes.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then(a.0.cmp(&b.0)));
        Ok(())
    }

    /// The model of a dotted path; methods are looked for along the bases of their class.
    pub fn get(&self, path: &str) -> Option<&Entry> {
        let path = self.alias.get(path).map_or(path, String::as_str);
        if let Some(entry) = self.entries.get(path) {
            return Some(entry);
        }
        if let Some((class, method)) = path.rsplit_once('.') {
            let class = self.alias.get(class).map_or(class, String::as_str);
            let mut found = None;
            self.walk_bases(class, &mut |base| {
                found = found.or_else(|| self.entries.get(&format!("{base}.{method}")));
                found.is_some()
            });
            if found.is_some() {
                return found;
            }
        }
        self.prefixes.iter().find(|(prefix, _)| path.starts_with(prefix.as_str())).map(|(_, e)| e)
    }

    /// The path of the constructor of an external class or of a base of it that an entry describes as doing something.
    pub fn constructor(&self, class: &str) -> Option<String> {
        let class = self.alias.get(class).map_or(class, String::as_str);
        let mut found = None;
        self.walk_bases(class, &mut |base| {
            let path = format!("{base}.__init__");
            let entry = self.entries.get(&path);
            found = entry.filter(|entry| entry.prim.is_some() || !entry.does.is_empty()).map(|_| path);
            found.is_some()
        });
        found
    }

    /// The last names of the paths whose entries have one of these primitives and say nothing of its kind: `route` of `flask.Scaffold.route`,
    /// but not `get`, which is `route` for one method.
    pub fn last_names<'a>(&'a self, primitives: &'a [&str]) -> impl Iterator<Item = &'a str> {
        let entries = self.entries.iter();
        let named = entries.filter(|(_, entry)| {
            entry.prim.as_deref().is_some_and(|prim| primitives.contains(&prim))
                && (entry.kind.is_none() || entry.prim.as_deref() != Some("route"))
        });
        named.filter_map(|(path, _)| path.rsplit_once('.').map(|(_, name)| name))
    }

    /// Whether an entry names this path itself.
    pub fn names(&self, path: &str) -> bool {
        self.entries.contains_key(path)
    }

    fn walk_bases(&self, class: &str, visit: &mut dyn FnMut(&str) -> bool) -> bool {
        if visit(class) {
            return true;
        }
        let Some(bases) = self.bases.get(class) else { return false };
        bases.iter().any(|base| self.walk_bases(base, visit))
    }

    /// Whether an external class is, or derives from, another.
    pub fn is_a(&self, class: &str, base: &str) -> bool {
        let class = self.alias.get(class).map_or(class, String::as_str);
        self.walk_bases(class, &mut |c| c == base)
    }

    /// What an external class is that registers routes: an application, a blueprint or an API object, by the name of Flask's or
    /// flask_restful's class.
    pub fn registers(&self, class: &str) -> Option<&'static str> {
        match self.get(class)?.prim.as_deref()? {
            "new_app" => Some("flask.Flask"),
            "new_blueprint" => Some("flask.Blueprint"),
            "new_api" => Some("flask_restful.Api"),
            _ => None,
        }
    }

    /// Whether instances of an external class hold the application configuration.
    pub fn is_config(&self, class: &str) -> bool {
        self.config.iter().any(|c| c == class)
    }
}

/// Parses a term.
fn parse(text: &str) -> Result<Term, String> {
    let mut rest = text;
    let term = parse_term(&mut rest)?;
    if rest.trim().is_empty() { Ok(term) } else { Err(format!("unexpected `{rest}` in `{text}`")) }
}

fn parse_term(rest: &mut &str) -> Result<Term, String> {
    *rest = rest.trim_start();
    let end =
        rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '|'))).unwrap_or(rest.len());
    let word = &rest[..end];
    if word.is_empty() {
        return Err(format!("a word is missing before `{rest}`"));
    }
    *rest = rest[end..].trim_start();
    if let Some(inner) = rest.strip_prefix('(') {
        *rest = inner;
        let mut args = Vec::new();
        loop {
            *rest = rest.trim_start();
            if let Some(after) = rest.strip_prefix(')') {
                *rest = after;
                return Ok(Term::Apply(word.to_owned(), args));
            }
            args.push(parse_term(rest)?);
            *rest = rest.trim_start();
            if let Some(after) = rest.strip_prefix(',') {
                *rest = after;
            }
        }
    }
    if let Some((position, keyword)) = word.split_once('|') {
        let position = position.parse().map_err(|_| format!("`{word}`: a position comes first"))?;
        return Ok(Term::Arg(Some(position), Some(keyword.to_owned())));
    }
    if let Ok(position) = word.parse() {
        return Ok(Term::Arg(Some(position), None));
    }
    Ok(match word {
        "self" | "str" | "opaque" | "data" | "unknown" | "none" | "identity" | "module" | "applications"
        | "views" | "lists" | "keywords" => Term::Apply(word.to_owned(), Vec::new()),
        _ => Term::Arg(None, Some(word.to_owned())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_models_are_well_formed() {
        let models = Models::shipped().expect("shipped models parse");
        assert!(models.get("functools.partial").is_some());
        assert!(models.get("flask.Blueprint.route").is_some(), "found along the bases");
        assert!(models.get("flask.Blueprint.rout").is_none());
    }

    #[test]
    fn terms_parse() {
        assert_eq!(
            parse("list(call(0, elem(1|xs)))"),
            Ok(Term::Apply(
                "list".into(),
                vec![Term::Apply(
                    "call".into(),
                    vec![
                        Term::Arg(Some(0), None),
                        Term::Apply("elem".into(), vec![Term::Arg(Some(1), Some("xs".into()))])
                    ]
                )]
            ))
        );
        assert!(parse("list(").is_err());
        assert!(parse("x y").is_err());
    }
}
