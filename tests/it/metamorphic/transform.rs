//! The transformations: each takes the sources of a program and gives those of one that does the same.

use std::collections::{BTreeMap, BTreeSet};

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Expr, ModModule, Stmt, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange};

use super::scopes::Names;
use super::source::{Edits, Sources, def_line, first_statement, parse};

/// A function of a module.
struct Function<'a> {
    def: &'a StmtFunctionDef,
    /// Whether it stands in another function, in the body of a class.
    in_function: bool,
    in_class: bool,
}

impl Function<'_> {
    /// Whether functions stand in it.
    fn has_inner(&self) -> bool {
        !Names::of(&self.def.body).functions.is_empty()
    }
}

/// Every function of a module.
fn functions(module: &ModModule) -> Vec<Function<'_>> {
    #[derive(Default)]
    struct Finder<'a> {
        found: Vec<Function<'a>>,
        functions: usize,
        in_class: bool,
    }
    impl<'a> Visitor<'a> for Finder<'a> {
        fn visit_stmt(&mut self, stmt: &'a Stmt) {
            let outer = self.in_class;
            match stmt {
                Stmt::FunctionDef(def) => {
                    self.found.push(Function {
                        def,
                        in_function: self.functions > 0,
                        in_class: self.in_class,
                    });
                    self.in_class = false;
                    self.functions += 1;
                    visitor::walk_stmt(self, stmt);
                    self.functions -= 1;
                }
                Stmt::ClassDef(_) => {
                    self.in_class = true;
                    visitor::walk_stmt(self, stmt);
                }
                _ => visitor::walk_stmt(self, stmt),
            }
            self.in_class = outer;
        }
    }
    let mut finder = Finder::default();
    finder.visit_body(&module.body);
    finder.found
}

/// Changes each file by edits.
fn edit_each(sources: &Sources, edits: impl Fn(&str, &str, &ModModule) -> Edits) -> Sources {
    let changed = sources.iter().map(|(path, text)| {
        let parsed = parse(path, text);
        (path.clone(), edits(path, text, parsed.syntax()).apply(text))
    });
    changed.collect()
}

/// Local variables get other names. Parameters keep theirs, since callers use them, and so does what is bound in another
/// way than by assignment or stands in a scope inside the function.
pub fn rename_locals(sources: &Sources) -> Sources {
    edit_each(sources, |_, _, module| {
        let mut edits = Edits::default();
        for Function { def, .. } in functions(module) {
            let names = Names::of(&def.body);
            if ["locals", "vars", "eval", "exec"].iter().any(|name| names.places.contains_key(name)) {
                continue;
            }
            let params: BTreeSet<&str> = def.parameters.iter().map(|param| param.name().as_str()).collect();
            for name in &names.assigned {
                if names.bound_otherwise.contains(name) || names.inner.contains(name) || params.contains(name)
                {
                    continue;
                }
                for &place in &names.places[name] {
                    edits.replace(place, format!("{name}_renamed"));
                }
            }
        }
        edits
    })
}

/// Definitions that stand one after the other without anything between them change places.
pub fn reorder_definitions(sources: &Sources) -> Sources {
    edit_each(sources, |_, text, module| {
        let mut edits = Edits::default();
        reverse_runs(text, &module.body, &mut edits);
        for stmt in &module.body {
            if let Stmt::ClassDef(class) = stmt {
                reverse_runs(text, &class.body, &mut edits);
            }
        }
        edits
    })
}

/// Reverses each run of functions that neither a decorator nor a default ties to a place.
fn reverse_runs(text: &str, body: &[Stmt], edits: &mut Edits) {
    let is_free = |stmt: &Stmt| match stmt {
        Stmt::FunctionDef(def) => {
            let mut defaults = def.parameters.iter().filter_map(|param| param.default());
            def.decorator_list.is_empty() && defaults.all(Expr::is_literal_expr)
        }
        _ => false,
    };
    for run in body.chunk_by(|a, b| is_free(a) && is_free(b)) {
        let names: BTreeSet<&str> =
            run.iter().filter_map(|stmt| Some(stmt.as_function_def_stmt()?.name.as_str())).collect();
        if run.len() < 2 || names.len() < run.len() {
            continue;
        }
        for (stmt, other) in run.iter().zip(run.iter().rev()) {
            if stmt.range() != other.range() {
                edits.replace(stmt.range(), &text[other.range()]);
            }
        }
    }
}

/// The decorator that changes nothing, with and without `functools.wraps`.
const PASSING: [&str; 2] = [
    "def passing(func):\n    def wrapper(*args, **kwargs):\n        return func(*args, **kwargs)\n\n    return wrapper\n",
    "import functools\n\n\ndef passing(func):\n    @functools.wraps(func)\n    def wrapper(*args, **kwargs):\n        \
     return func(*args, **kwargs)\n\n    return wrapper\n",
];

/// Which functions get a decorator. Those of the configured files and those in which functions stand get none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Which {
    /// Functions of modules that have no decorator.
    Plain,
    /// Functions of modules that have one.
    Decorated,
    /// Methods.
    Methods,
    /// Functions in functions: what decorators and factories return.
    Inner,
}

/// A decorator that changes nothing stands right above functions, closest to them. Without `functools.wraps` they lose their
/// name, which views and methods need, since they are found again by what they are called.
pub fn decorate(sources: &Sources, configured: &[String], which: Which, wraps: bool) -> Sources {
    // What Python calls on the class without being told so.
    let implicit = ["__new__", "__init_subclass__", "__class_getitem__"];
    let mut changed = edit_each(sources, |path, text, module| {
        let mut edits = Edits::default();
        if configured.iter().any(|configured| configured == path) {
            return edits;
        }
        if let Some(first) = first_statement(&module.body) {
            edits.insert(first.start(), "from passing import passing\n");
        }
        for function in functions(module) {
            let Function { def, in_function, in_class } = function;
            let wanted = match which {
                Which::Inner => in_function,
                Which::Methods => in_class && !in_function,
                Which::Plain => !in_function && !in_class && def.decorator_list.is_empty(),
                Which::Decorated => !in_function && !in_class && !def.decorator_list.is_empty(),
            };
            if wanted && !function.has_inner() && !implicit.contains(&def.name.as_str()) {
                let (start, indentation) = def_line(text, def);
                edits.insert(start, format!("{indentation}@passing\n"));
            }
        }
        edits
    });
    changed.insert("passing.py".to_owned(), PASSING[usize::from(wraps)].to_owned());
    changed
}

/// Every module that can be is split in two: definitions that need nothing of it but its imports and each other move to
/// a module beside it, from which it imports them again. The files in `whole` stay as they are. Gives as well where each
/// new file comes from.
pub fn split_modules(sources: &Sources, whole: &[String]) -> (Sources, BTreeMap<String, String>) {
    let mut changed = Sources::new();
    let mut moved_from = BTreeMap::new();
    for (path, text) in sources {
        let parsed = parse(path, text);
        let moved = movable(&parsed.syntax().body);
        let stem = path.trim_end_matches(".py");
        let importable = stem.split('/').all(|part| !part.starts_with(|c: char| c.is_ascii_digit()));
        let stays = stem.ends_with("__init__") || whole.contains(path) || !importable;
        if moved.is_empty() || stays || moved.len() == parsed.syntax().body.len() {
            changed.insert(path.clone(), text.clone());
            continue;
        }
        let (mut edits, mut half) = (Edits::default(), String::new());
        for stmt in parsed.syntax().body.iter().filter(|stmt| is_import(stmt)) {
            half += &format!("{}\n", &text[stmt.range()]);
        }
        let module = format!("{}_half", stem.replace('/', "."));
        for stmt in moved {
            half += &format!("\n\n{}\n", &text[stmt.range()]);
            let name = defined(stmt).unwrap_or_default();
            edits.replace(stmt.range(), format!("from {module} import {name}"));
        }
        moved_from.insert(format!("{stem}_half.py"), path.clone());
        changed.insert(format!("{stem}_half.py"), half);
        changed.insert(path.clone(), edits.apply(text));
    }
    (changed, moved_from)
}

fn is_import(stmt: &Stmt) -> bool {
    matches!(stmt, Stmt::Import(_) | Stmt::ImportFrom(_))
}

/// The name that a definition without decorators binds.
fn defined(stmt: &Stmt) -> Option<&str> {
    match stmt {
        Stmt::FunctionDef(def) if def.decorator_list.is_empty() => Some(&def.name),
        Stmt::ClassDef(class) if class.decorator_list.is_empty() => Some(&class.name),
        _ => None,
    }
}

/// The definitions of a module that use no other name of it than imports and each other.
fn movable(body: &[Stmt]) -> Vec<&Stmt> {
    let imported = {
        let imports: Vec<&Stmt> = body.iter().filter(|stmt| is_import(stmt)).collect();
        imports
            .iter()
            .flat_map(|stmt| Names::of(std::slice::from_ref(*stmt)).bound_otherwise)
            .collect::<BTreeSet<_>>()
    };
    let all = Names::of(body);
    let own: BTreeSet<&str> = all.assigned.union(&all.bound_otherwise).copied().collect();
    let once = |name: &str| body.iter().filter(|stmt| defined(stmt) == Some(name)).count() == 1;
    let mut movable: Vec<&Stmt> = body
        .iter()
        .filter(|stmt| defined(stmt).is_some_and(|name| !all.assigned.contains(name) && once(name)))
        .collect();
    loop {
        let known: BTreeSet<&str> = movable.iter().filter_map(|stmt| defined(stmt)).collect();
        let before = movable.len();
        movable.retain(|stmt| {
            let mut needed = Names::in_statement(stmt).into_iter().filter(|name| own.contains(name));
            needed.all(|name| known.contains(name) || imported.contains(name))
        });
        if movable.len() == before {
            return movable;
        }
    }
}

/// Every function of a module that nobody decorates goes by another name where it is used: in its module, and where it
/// is imported from.
pub fn alias_functions(sources: &Sources) -> Sources {
    let aliased: BTreeMap<String, BTreeSet<String>> = sources
        .iter()
        .map(|(path, text)| (path.clone(), aliasable(&parse(path, text).syntax().body)))
        .collect();
    edit_each(sources, |path, text, module| {
        let mut edits = Edits::default();
        for stmt in &module.body {
            if let Some(name) = defined(stmt).filter(|name| aliased[path].contains(*name)) {
                edits.insert(stmt.end(), format!("\n\n\n{name}_alias = {name}"));
            }
        }
        for (name, place) in uses(module) {
            if aliased[path].contains(name) {
                edits.replace(place, format!("{name}_alias"));
            }
        }
        import_aliases(text, module, &aliased, &mut edits);
        edits
    })
}

/// Functions of a module whose names stand for nothing else in it.
fn aliasable(body: &[Stmt]) -> BTreeSet<String> {
    let functions = body.iter().filter(|stmt| stmt.is_function_def_stmt()).filter_map(defined);
    let bindings = |name: &&str| {
        let in_scope = |body: &[Stmt]| {
            let names = Names::of(body);
            usize::from(names.assigned.contains(name) || names.bound_otherwise.contains(name))
        };
        let module = in_scope(body);
        let mut inside = 0;
        for stmt in body {
            inside += Shadows::count(stmt, name);
        }
        module + inside
    };
    functions.filter(|name| bindings(name) == 1).map(str::to_owned).collect()
}

/// Counts the scopes inside a statement that bind a name themselves.
struct Shadows<'n> {
    name: &'n str,
    count: usize,
}

impl<'n> Shadows<'n> {
    fn count(stmt: &Stmt, name: &'n str) -> usize {
        let mut shadows = Shadows { name, count: 0 };
        shadows.visit_stmt(stmt);
        shadows.count
    }

    fn scope(&mut self, body: &[Stmt]) {
        let names = Names::of(body);
        self.count +=
            usize::from(names.assigned.contains(self.name) || names.bound_otherwise.contains(self.name));
    }
}

impl<'a> Visitor<'a> for Shadows<'_> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(def) => self.scope(&def.body),
            Stmt::ClassDef(class) => self.scope(&class.body),
            _ => {}
        }
        visitor::walk_stmt(self, stmt);
    }

    fn visit_parameter(&mut self, parameter: &'a ruff_python_ast::Parameter) {
        self.count += usize::from(parameter.name.as_str() == self.name);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        let target =
            expr.as_name_expr().is_some_and(|name| name.ctx.is_store() && name.id.as_str() == self.name);
        self.count += usize::from(target);
        visitor::walk_expr(self, expr);
    }
}

/// Where names are read in a module.
fn uses(module: &ModModule) -> Vec<(&str, TextRange)> {
    #[derive(Default)]
    struct Finder<'a>(Vec<(&'a str, TextRange)>);
    impl<'a> Visitor<'a> for Finder<'a> {
        fn visit_expr(&mut self, expr: &'a Expr) {
            if let Expr::Name(name) = expr
                && name.ctx.is_load()
            {
                self.0.push((&name.id, name.range()));
            }
            visitor::walk_expr(self, expr);
        }
    }
    let mut finder = Finder::default();
    finder.visit_body(&module.body);
    finder.0
}

/// `from module import function` takes the alias instead.
fn import_aliases(
    text: &str,
    module: &ModModule,
    aliased: &BTreeMap<String, BTreeSet<String>>,
    edits: &mut Edits,
) {
    struct Finder<'a>(Vec<&'a ruff_python_ast::StmtImportFrom>);
    impl<'a> Visitor<'a> for Finder<'a> {
        fn visit_stmt(&mut self, stmt: &'a Stmt) {
            if let Stmt::ImportFrom(import) = stmt {
                self.0.push(import);
            }
            visitor::walk_stmt(self, stmt);
        }
    }
    let mut finder = Finder(Vec::new());
    finder.visit_body(&module.body);
    for import in finder.0.into_iter().filter(|import| import.level == 0) {
        let Some(dotted) = &import.module else { continue };
        let folder = dotted.replace('.', "/");
        let found = [format!("{folder}.py"), format!("{folder}/__init__.py")];
        let Some(known) = found.iter().find_map(|path| aliased.get(path)) else { continue };
        for alias in import.names.iter().filter(|alias| known.contains(alias.name.as_str())) {
            let bound = alias.asname.as_ref().unwrap_or(&alias.name);
            debug_assert!(text[alias.range()].starts_with(alias.name.as_str()));
            edits.replace(alias.range(), format!("{}_alias as {bound}", alias.name));
        }
    }
}
