//! Linking: from files to modules, with every name resolved to where Python would look for it.
//!
//! A module's dotted name follows from its path below the root (PEP 420: a folder without `__init__.py` is a
//! namespace package). All ids that later stages use are given here, in (path, offset) order, so
//! they do not depend on which file was lowered first.

mod exports;

pub(crate) use exports::star_names;

use crate::ir::{self, FileIr, FuncIr, LocalClass, LocalFunc, ScopeKind, Sym};
use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::sync::Arc;

/// An interned string of the whole program.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Name(pub u32);

/// A module: a file, or a namespace package without one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ModId(pub u32);

/// A scope of the program.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct FuncId(pub u32);

/// A class statement of the program.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ClassId(pub u32);

/// The program's string table.
#[derive(Default, Debug)]
pub struct Names {
    strings: IndexSet<Box<str>, FxBuildHasher>,
}

impl Names {
    /// The name for `text`, made if it is new.
    pub fn intern(&mut self, text: &str) -> Name {
        let index = match self.strings.get_index_of(text) {
            Some(index) => index,
            None => self.strings.insert_full(text.into()).0,
        };
        Name(index as u32)
    }

    /// The name for `text` if something interned it.
    pub fn find(&self, text: &str) -> Option<Name> {
        self.strings.get_index_of(text).map(|index| Name(index as u32))
    }

    /// The text of a name.
    pub fn text(&self, name: Name) -> &str {
        &self.strings[name.0 as usize]
    }
}

/// One source file after lowering, as linking takes it.
#[derive(Debug)]
pub struct LoweredFile {
    /// Path relative to the root, `/` separated.
    pub path: String,
    /// Its lowered text.
    pub ir: FileIr,
}

/// A module of the program.
#[derive(Debug)]
pub struct Module {
    /// Dotted name; empty for the root's own `__init__.py`.
    pub name: Name,
    /// Whether relative imports start at the module itself.
    pub is_package: bool,
    /// Index into [`Program::files`], none for a namespace package.
    pub file: Option<u32>,
    /// Names that the module binds, with `import *` followed: program names, sorted.
    pub names: Vec<Name>,
}

/// One file of the program.
#[derive(Debug)]
pub struct File {
    /// Path relative to the root.
    pub path: String,
    /// Lowered text.
    pub ir: FileIr,
    /// The program name of each file-local string.
    pub names: Vec<Name>,
    /// Its module.
    pub module: ModId,
    /// Id of `funcs[0]`.
    pub first_func: u32,
    /// Id of `classes[0]`.
    pub first_class: u32,
}

/// The linked program.
#[derive(Debug, Default)]
pub struct Program {
    /// String table; solving adds to it.
    pub names: Names,
    /// Files in path order.
    pub files: Arc<[File]>,
    /// Modules: one per file in path order, then namespace packages.
    pub modules: Vec<Module>,
    by_name: FxHashMap<Name, ModId>,
    func_file: Vec<u32>,
    class_file: Vec<u32>,
    class_names: Vec<ClassNames>,
}

/// Names that the statement of a class gives a meaning, each list sorted: they are asked for again and again.
#[derive(Debug, Default)]
struct ClassNames {
    /// What the body binds.
    bound: Vec<Name>,
    /// What its methods store on their first parameter.
    stored: Vec<Name>,
}

impl ClassNames {
    /// Those of the classes of a file, in their order.
    fn of_file(ir: &FileIr, names: &[Name]) -> Vec<ClassNames> {
        let mut classes: Vec<ClassNames> = ir.classes.iter().map(|_| ClassNames::default()).collect();
        let named = |syms: &[Sym]| syms.iter().map(|s| names[s.0 as usize]).collect::<Vec<Name>>();
        for func in &ir.funcs {
            if let ScopeKind::ClassBody(class) = func.kind {
                classes[class.0 as usize].bound = named(&func.bound_names);
            }
            let parent = func.parent.map(|parent| ir.funcs[parent.0 as usize].kind);
            if let Some(ScopeKind::ClassBody(class)) = parent {
                classes[class.0 as usize].stored.extend(named(&func.self_attrs));
            }
        }
        for class in &mut classes {
            class.bound.sort_unstable();
            class.stored.sort_unstable();
        }
        classes
    }
}

/// What an import statement names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Resolved {
    /// A module of the program.
    Module(ModId),
    /// Something outside, by its absolute dotted name.
    External(Name),
}

impl Program {
    /// Links lowered files. `files` must be sorted by path.
    pub fn link(files: Vec<LoweredFile>) -> Program {
        let mut program = Program::default();
        let mut linked = Vec::with_capacity(files.len());
        for (index, lowered) in files.into_iter().enumerate() {
            let (dotted, is_package) = module_name(&lowered.path);
            let name = program.names.intern(&dotted);
            let module = ModId(index as u32);
            let names: Vec<Name> = lowered.ir.strings.iter().map(|s| program.names.intern(s)).collect();
            program.class_names.extend(ClassNames::of_file(&lowered.ir, &names));
            let first_func = program.func_file.len() as u32;
            let first_class = program.class_file.len() as u32;
            program.func_file.resize(program.func_file.len() + lowered.ir.funcs.len(), index as u32);
            program.class_file.resize(program.class_file.len() + lowered.ir.classes.len(), index as u32);
            program.modules.push(Module { name, is_package, file: Some(index as u32), names: Vec::new() });
            // A package and a module of one name: Python prefers the package.
            if is_package || !program.by_name.contains_key(&name) {
                program.by_name.insert(name, module);
            }
            linked.push(File { path: lowered.path, ir: lowered.ir, names, module, first_func, first_class });
        }
        program.files = linked.into();
        program.add_namespace_packages();
        exports::compute(&mut program);
        program
    }

    fn add_namespace_packages(&mut self) {
        let mut missing: Vec<String> = Vec::new();
        for module in &self.modules {
            let mut dotted = self.names.text(module.name);
            while let Some((parent, _)) = dotted.rsplit_once('.') {
                missing.push(parent.to_owned());
                dotted = parent;
            }
        }
        missing.sort();
        missing.dedup();
        for dotted in missing {
            let name = self.names.intern(&dotted);
            if !self.by_name.contains_key(&name) {
                let id = ModId(self.modules.len() as u32);
                self.modules.push(Module { name, is_package: true, file: None, names: Vec::new() });
                self.by_name.insert(name, id);
            }
        }
    }

    /// The module of a dotted name.
    pub fn module(&self, name: Name) -> Option<ModId> {
        self.by_name.get(&name).copied()
    }

    /// The submodule `name` of `parent`.
    pub fn submodule(&self, parent: ModId, name: Name) -> Option<ModId> {
        let parent = self.names.text(self.modules[parent.0 as usize].name);
        let leaf = self.names.text(name);
        let dotted = if parent.is_empty() { leaf.to_owned() } else { format!("{parent}.{leaf}") };
        self.names.find(&dotted).and_then(|n| self.module(n))
    }

    /// The absolute dotted name of a `from` clause in `module`; none when the dots climb out of the tree.
    pub fn absolute(&self, module: ModId, level: u32, dotted: &str) -> Option<String> {
        if level == 0 {
            return Some(dotted.to_owned());
        }
        let here = &self.modules[module.0 as usize];
        let mut base = self.names.text(here.name).to_owned();
        let climb = if here.is_package { level - 1 } else { level };
        for _ in 0..climb {
            if base.is_empty() {
                return None;
            }
            base = base.rsplit_once('.').map(|(p, _)| p.to_owned()).unwrap_or_default();
        }
        Some(match (base.is_empty(), dotted.is_empty()) {
            (_, true) => base,
            (true, _) => dotted.to_owned(),
            _ => format!("{base}.{dotted}"),
        })
    }

    /// What a dotted absolute name is: a module of the program if there is one, else external.
    pub fn resolve(&mut self, dotted: &str) -> Resolved {
        let name = self.names.intern(dotted);
        match self.module(name) {
            Some(module) => Resolved::Module(module),
            None => Resolved::External(name),
        }
    }

    /// The file that holds a scope.
    #[inline]
    pub fn file_of(&self, func: FuncId) -> &File {
        &self.files[self.func_file[func.0 as usize] as usize]
    }

    /// A scope.
    #[inline]
    pub fn func(&self, func: FuncId) -> &FuncIr {
        let file = self.file_of(func);
        &file.ir.funcs[(func.0 - file.first_func) as usize]
    }

    /// The program id of a scope of the file that holds `near`.
    pub fn sibling(&self, near: FuncId, local: LocalFunc) -> FuncId {
        FuncId(self.file_of(near).first_func + local.0)
    }

    /// The id of a function within its file.
    pub fn local(&self, func: FuncId) -> LocalFunc {
        LocalFunc(func.0 - self.file_of(func).first_func)
    }

    /// The program id of a class of the file that holds `near`.
    pub fn sibling_class(&self, near: FuncId, local: LocalClass) -> ClassId {
        ClassId(self.file_of(near).first_class + local.0)
    }

    /// The enclosing scope.
    pub fn parent(&self, func: FuncId) -> Option<FuncId> {
        self.func(func).parent.map(|p| self.sibling(func, p))
    }

    /// A class statement and the program id of its body scope.
    pub fn class(&self, class: ClassId) -> (&ir::ClassIr, FuncId) {
        let file = &self.files[self.class_file[class.0 as usize] as usize];
        let ir = &file.ir.classes[(class.0 - file.first_class) as usize];
        (ir, FuncId(file.first_func + ir.body.0))
    }

    /// Whether the body of a class statement binds a name.
    pub fn class_binds(&self, class: ClassId, name: Name) -> bool {
        self.class_names[class.0 as usize].bound.binary_search(&name).is_ok()
    }

    /// Whether the body of a class statement certainly binds a name that it binds: by a statement outside of any branch, or in both
    /// branches of a test. Otherwise the attribute may be that of a base.
    pub fn class_certainly_binds(&self, class: ClassId, name: Name) -> bool {
        let (_, body) = self.class(class);
        let (ir, names) = (self.func(body), &self.file_of(body).names);
        if ir.guards.len() <= 1 {
            return true;
        }
        let mut tests: Vec<(ir::GuardId, &ir::Cond, bool)> = Vec::new();
        for instr in &ir.instrs {
            let ir::Op::StoreClassName { name: bound, .. } = instr.op else { continue };
            if names[bound.0 as usize] != name {
                continue;
            }
            if instr.guard == ir::GuardId::ALWAYS {
                return true;
            }
            let guard = &ir.guards[instr.guard.0 as usize];
            let other = |&(parent, cond, holds): &_| {
                (parent, cond) == (guard.parent, &guard.cond) && holds != guard.holds
            };
            if guard.parent == ir::GuardId::ALWAYS && tests.iter().any(other) {
                return true;
            }
            tests.push((guard.parent, &guard.cond, guard.holds));
        }
        false
    }

    /// Whether a method of a class statement stores an attribute of a name on its first parameter.
    pub fn class_stores(&self, class: ClassId, name: Name) -> bool {
        self.class_names[class.0 as usize].stored.binary_search(&name).is_ok()
    }

    /// The file of a class statement.
    pub fn class_file(&self, class: ClassId) -> &File {
        &self.files[self.class_file[class.0 as usize] as usize]
    }

    /// Number of scopes.
    pub fn func_count(&self) -> usize {
        self.func_file.len()
    }

    /// Number of class statements.
    pub fn class_count(&self) -> usize {
        self.class_file.len()
    }

    /// The module that holds a scope.
    pub fn module_of(&self, func: FuncId) -> ModId {
        self.file_of(func).module
    }

    /// The module body scope of a module, none for a namespace package.
    pub fn body(&self, module: ModId) -> Option<FuncId> {
        self.modules[module.0 as usize].file.map(|f| FuncId(self.files[f as usize].first_func))
    }

    /// The dotted name of a class or function: module, dot, qualified name.
    pub fn dotted(&self, func: FuncId) -> String {
        let file = self.file_of(func);
        let module = self.names.text(self.modules[file.module.0 as usize].name);
        format!("{module}.{}", self.qualname(func))
    }

    /// Qualified name of a scope.
    pub fn qualname(&self, func: FuncId) -> &str {
        let file = self.file_of(func);
        self.names.text(file.names[self.func(func).qualname.0 as usize])
    }

    /// The dotted name of a class.
    pub fn class_dotted(&self, class: ClassId) -> String {
        let file = self.class_file(class);
        let module = self.names.text(self.modules[file.module.0 as usize].name);
        format!("{module}.{}", self.names.text(file.names[self.class(class).0.qualname.0 as usize]))
    }

    /// The module of a file path.
    pub fn module_of_path(&self, path: &str) -> Option<ModId> {
        self.files.binary_search_by(|f| f.path.as_str().cmp(path)).ok().map(|i| self.files[i].module)
    }
}

/// Dotted module name of a path, and whether it is a package.
fn module_name(path: &str) -> (String, bool) {
    let stem = path.strip_suffix(".py").or_else(|| path.strip_suffix(".pyi")).unwrap_or(path);
    if stem == "__init__" {
        return (String::new(), true);
    }
    match stem.strip_suffix("/__init__") {
        Some(package) => (package.replace('/', "."), true),
        None => (stem.replace('/', "."), false),
    }
}
