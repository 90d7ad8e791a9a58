//! Python sources that tests change: a tree of them, and edits by the ranges that the parser gives.

use std::collections::BTreeMap;
use std::path::Path;

use ruff_python_ast::{ModModule, Stmt, StmtFunctionDef};
use ruff_python_parser::{Parsed, parse_module};
use ruff_text_size::{Ranged, TextRange, TextSize};

/// Path and text of the Python files of a tree.
pub type Sources = BTreeMap<String, String>;

/// Reads the Python files below a directory.
pub fn read(root: &Path) -> Sources {
    fn walk(root: &Path, folder: &Path, found: &mut Sources) {
        for entry in std::fs::read_dir(folder).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                walk(root, &path, found);
            } else if path.extension().is_some_and(|end| end == "py") {
                let name =
                    path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
                found.insert(name, std::fs::read_to_string(&path).expect("UTF-8"));
            }
        }
    }
    let mut found = Sources::new();
    walk(root, root, &mut found);
    found
}

/// Parses a file that has to be valid.
pub fn parse(path: &str, text: &str) -> Parsed<ModModule> {
    parse_module(text).unwrap_or_else(|error| panic!("{path}: {error}\n{text}"))
}

/// Replacements of parts of one text.
#[derive(Default)]
pub struct Edits(Vec<(TextRange, String)>);

impl Edits {
    /// Puts a text in the place of a part.
    pub fn replace(&mut self, range: TextRange, with: impl Into<String>) {
        self.0.push((range, with.into()));
    }

    /// Puts a text before a position.
    pub fn insert(&mut self, at: TextSize, text: impl Into<String>) {
        self.replace(TextRange::empty(at), text);
    }

    /// The changed text.
    pub fn apply(mut self, text: &str) -> String {
        self.0.sort_by_key(|(range, _)| (range.start(), range.end()));
        let (mut changed, mut done) = (String::new(), TextSize::new(0));
        for (range, with) in self.0 {
            assert!(range.start() >= done, "edits overlap");
            changed += &text[TextRange::new(done, range.start())];
            changed += &with;
            done = range.end();
        }
        changed + &text[done.to_usize()..]
    }
}

/// Where the line begins that holds a position.
pub fn line_start(text: &str, at: TextSize) -> TextSize {
    let start = text[..at.to_usize()].rfind('\n').map_or(0, |end| end + 1);
    TextSize::try_from(start).expect("a small file")
}

/// Where the `def` line of a function begins, below its decorators, and its indentation.
pub fn def_line<'t>(text: &'t str, def: &StmtFunctionDef) -> (TextSize, &'t str) {
    let start = line_start(text, def.name.start());
    let line = &text[start.to_usize()..];
    (start, &line[..line.len() - line.trim_start().len()])
}

/// Where a module's own statements begin: behind its docstring and imports from `__future__`.
pub fn first_statement(body: &[Stmt]) -> Option<&Stmt> {
    body.iter().find(|stmt| match stmt {
        Stmt::Expr(expr) => !expr.value.is_string_literal_expr(),
        Stmt::ImportFrom(import) => import.module.as_deref() != Some("__future__"),
        _ => true,
    })
}
