//! Reading the graph off a solution: instances become functions, contexts disappear.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Edge, Graph, Node, NodeKind, Unresolved};
use crate::finding::HopKind;
use crate::ir::{Op, ScopeKind};
use crate::link::{FuncId, ModId};
use crate::paths;
use crate::solve::value::{InstId, Value, ValueId};
use crate::solve::{Origin, Solver};

/// Builtins that declare what a function is when they decorate it; Python applies them, nobody calls them.
const DECLARATIONS: [&str; 3] = ["builtins.staticmethod", "builtins.classmethod", "builtins.property"];

/// How PyCG names the methods of builtin types.
const TYPES: [(&str, &str); 5] = [
    ("builtins.str.", "<**PyStr**>."),
    ("builtins.dict.", "<**PyDict**>."),
    ("builtins.list.", "<**PyList**>."),
    ("builtins.tuple.", "<**PyTuple**>."),
    ("builtins.set.", "<**PySet**>."),
];

/// What is known of an edge so far.
#[derive(Default)]
struct Found {
    kinds: BTreeSet<HopKind>,
    lines: BTreeSet<u32>,
}

struct Reader<'s, 'p> {
    solver: &'s Solver<'p>,
    /// Names of the scopes of the modules that ran.
    names: FxHashMap<FuncId, String>,
    nodes: BTreeMap<String, (NodeKind, Option<(String, u32)>)>,
    edges: BTreeMap<(String, String), Found>,
    entered: BTreeSet<String>,
    unresolved: BTreeSet<(String, u32)>,
}

/// The call graph of a solution.
pub(super) fn graph(solver: &Solver<'_>) -> Graph {
    let mut reader = Reader {
        solver,
        names: FxHashMap::default(),
        nodes: BTreeMap::new(),
        edges: BTreeMap::new(),
        entered: BTreeSet::new(),
        unresolved: BTreeSet::new(),
    };
    let mut modules: Vec<ModId> =
        solver.insts.iter().filter_map(|inst| module_run(solver, inst.func)).collect();
    modules.sort_unstable();
    modules.dedup();
    for module in modules {
        reader.define(module);
    }
    reader.program_edges();
    reader.other_edges();
    reader.finish()
}

/// The module whose body a scope is.
fn module_run(solver: &Solver<'_>, func: FuncId) -> Option<ModId> {
    if func == crate::solve::ROOT_FUNC || solver.program.func(func).kind != ScopeKind::Module {
        return None;
    }
    Some(solver.program.module_of(func))
}

impl Reader<'_, '_> {
    /// Names the scopes of a module; functions and lambdas are nodes, class bodies are not.
    fn define(&mut self, module: ModId) {
        let program = &*self.solver.program;
        let Some(body) = program.body(module) else { return };
        let file = program.file_of(body);
        let mut lambdas: FxHashMap<FuncId, u32> = FxHashMap::default();
        for (index, func) in file.ir.funcs.iter().enumerate() {
            let id = FuncId(body.0 + index as u32);
            let parent = program.parent(id);
            let outer = parent.and_then(|parent| self.names.get(&parent)).cloned().unwrap_or_default();
            let own = &file.ir.strings[func.name.0 as usize];
            let (name, kind) = match func.kind {
                ScopeKind::Module => {
                    let dotted = program.names.text(program.modules[module.0 as usize].name);
                    let name = if dotted.is_empty() { "__init__" } else { dotted };
                    (name.to_owned(), Some(NodeKind::Module))
                }
                ScopeKind::ClassBody(_) => (format!("{outer}.{own}"), None),
                ScopeKind::Function => (format!("{outer}.{own}"), Some(NodeKind::Function)),
                ScopeKind::Lambda => {
                    // Lambdas of a class body count with those around it, as they are callers there.
                    let count = lambdas.entry(parent.unwrap_or(body)).or_default();
                    *count += 1;
                    (format!("{outer}.<lambda{count}>"), Some(NodeKind::Lambda))
                }
            };
            if let Some(kind) = kind {
                let line = if kind == NodeKind::Module { 1 } else { func.pos.line };
                self.nodes.entry(name.clone()).or_insert((kind, Some((file.path.clone(), line))));
            }
            self.names.insert(id, name);
        }
    }

    /// The node that code of an instance belongs to: its function, or the function or module around a class body.
    fn caller(&self, inst: InstId) -> Option<&str> {
        if self.solver.is_root(inst) {
            return None;
        }
        let mut func = self.solver.insts[inst.0 as usize].func;
        while let ScopeKind::ClassBody(_) = self.solver.program.func(func).kind {
            func = self.solver.program.parent(func)?;
        }
        self.names.get(&func).map(String::as_str)
    }

    fn line(&self, at: Origin) -> u32 {
        let func = self.solver.insts[at.inst.0 as usize].func;
        self.solver.program.func(func).instrs[at.index as usize].pos.line
    }

    fn add(&mut self, at: Origin, to: String, kind: HopKind) {
        let Some(from) = self.caller(at.inst).map(str::to_owned) else { return };
        let line = self.line(at);
        let found = self.edges.entry((from, to)).or_default();
        found.kinds.insert(kind);
        found.lines.insert(line);
    }

    /// Calls from function to function, as solving recorded them.
    fn program_edges(&mut self) {
        for edge in &self.solver.edges {
            let callee = self.solver.insts[edge.to.0 as usize].func;
            let enters = self.solver.is_root(edge.to)
                || matches!(
                    self.solver.program.func(callee).kind,
                    ScopeKind::ClassBody(_) | ScopeKind::Module
                );
            if enters {
                continue;
            }
            if let Some(to) = self.names.get(&callee).cloned() {
                if self.solver.is_framework(edge.from.inst) {
                    self.entered.insert(to);
                    continue;
                }
                self.add(edge.from, to, paths::kind_of(self.solver, edge));
            }
        }
    }

    /// Calls that enter no function of the program, calls that make a generator, and calls that are not understood.
    fn other_edges(&mut self) {
        for (at, decorates, callee) in self.solver.dispatched() {
            let kind = if decorates { HopKind::Decorator } else { HopKind::Direct };
            if let Some((to, node)) = self.outside(callee, decorates) {
                self.nodes.entry(to.clone()).or_insert((node, None));
                self.add(at, to, kind);
            } else if let Some(to) = self.generator(callee) {
                self.add(at, to, kind);
            }
        }
        let mut supers = Vec::new();
        let mut seen = FxHashSet::default();
        for (i, inst) in self.solver.insts.iter().enumerate() {
            let id = InstId(i as u32);
            if self.solver.is_root(id) || !seen.insert(inst.func) {
                continue;
            }
            let instrs = &self.solver.program.func(inst.func).instrs;
            let called = (0u32..).zip(instrs).filter(|(_, instr)| matches!(instr.op, Op::Super { .. }));
            supers.extend(called.map(|(index, _)| Origin { inst: id, index }));
        }
        for at in supers {
            let to = "<builtin>.super".to_owned();
            self.nodes.entry(to.clone()).or_insert((NodeKind::Builtin, None));
            self.add(at, to, HopKind::Direct);
        }
        let unknown: Vec<Origin> = self.solver.unknown_calls.keys().copied().collect();
        for at in unknown {
            if let Some(from) = self.caller(at.inst).map(str::to_owned) {
                self.unresolved.insert((from, self.line(at)));
            }
        }
    }

    /// The node of a callee outside of the program.
    fn outside(&self, callee: ValueId, decorates: bool) -> Option<(String, NodeKind)> {
        let text = |name| self.solver.program.names.text(name);
        match self.solver.values.get(callee) {
            Value::Ext(path) | Value::ExtMethod(_, path) => {
                let path = text(path);
                let declares = |name: &&str| {
                    path.strip_prefix(*name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                };
                // Paths of the engine's own stand for no function at all.
                if path.starts_with("producer_map.") || (decorates && DECLARATIONS.iter().any(declares)) {
                    return None;
                }
                Some(outside_name(path))
            }
            // The constructor of a class that inherits it from a library.
            Value::Class(..) => {
                let mro = self.solver.mro(callee);
                let init = self.solver.program.names.find("__init__")?;
                if mro.iter().any(|&class| self.solver.binds(class, init)) {
                    return None;
                }
                let path = mro.iter().find_map(|&class| match self.solver.values.get(class) {
                    Value::Ext(path) if !text(path).starts_with("builtins.") => Some(text(path)),
                    _ => None,
                })?;
                Some(outside_name(&format!("{path}.__init__")))
            }
            _ => None,
        }
    }

    /// A generator function, or one that is made a context manager: it is entered only when somebody asks for its first
    /// element, but it is called here.
    fn generator(&self, callee: ValueId) -> Option<String> {
        let mut callee = callee;
        loop {
            match self.solver.values.get(callee) {
                Value::Func(func, _) if self.solver.program.func(func).is_generator => {
                    return self.names.get(&func).cloned();
                }
                Value::Bound(_, inner) | Value::ManagerFunc(inner) => callee = inner,
                _ => return None,
            }
        }
    }

    fn finish(self) -> Graph {
        let nodes: Vec<Node> =
            self.nodes.into_iter().map(|(name, (kind, place))| Node { name, kind, place }).collect();
        let index = |name: &str| nodes.binary_search_by(|node| node.name.as_str().cmp(name)).ok();
        let edges = self
            .edges
            .iter()
            .filter_map(|((from, to), found)| {
                Some(Edge {
                    from: index(from)?,
                    to: index(to)?,
                    kinds: found.kinds.iter().copied().collect(),
                    lines: found.lines.iter().copied().collect(),
                })
            })
            .collect();
        let unresolved = self
            .unresolved
            .iter()
            .filter_map(|(from, line)| Some(Unresolved { from: index(from)?, line: *line }))
            .collect();
        let entered = self.entered.iter().filter_map(|name| index(name)).collect();
        Graph { nodes, edges, entered, unresolved, diagnostics: Vec::new() }
    }
}

/// The name of something outside, by its dotted path: `builtins.str.join` is `<**PyStr**>.join`, `ext.Cls().run` is
/// `ext.Cls.run`.
fn outside_name(path: &str) -> (String, NodeKind) {
    let path = path.replace("()", "");
    for (prefix, name) in TYPES {
        if let Some(method) = path.strip_prefix(prefix) {
            return (format!("{name}{method}"), NodeKind::Builtin);
        }
    }
    match path.strip_prefix("builtins.") {
        Some(rest) => (format!("<builtin>.{rest}"), NodeKind::Builtin),
        None => (path, NodeKind::External),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_what_is_outside() {
        assert_eq!(outside_name("builtins.map"), ("<builtin>.map".to_owned(), NodeKind::Builtin));
        assert_eq!(outside_name("builtins.str.join"), ("<**PyStr**>.join".to_owned(), NodeKind::Builtin));
        assert_eq!(outside_name("ext.Cls().run"), ("ext.Cls.run".to_owned(), NodeKind::External));
        assert_eq!(outside_name("builtinsish.map"), ("builtinsish.map".to_owned(), NodeKind::External));
    }
}
