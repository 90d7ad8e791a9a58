//! Imports: they run module bodies and bind modules and their names (Python reference, section 5).

use super::graph::NodeId;
use super::strings::{HOLE, SETTING_HOLE, fills, has_hole};
use super::value::{Value, ValueId, well_known};
use super::{Origin, Solver};
use crate::link::{ModId, Name, Resolved};

/// What stands for a part of a text that is not known.
const HOLES: [char; 2] = [HOLE, SETTING_HOLE];

impl Solver<'_> {
    fn import_module(&mut self, at: Origin, module: ModId) -> ValueId {
        let dotted = self.text(self.program.modules[module.0 as usize].name).to_owned();
        // Importing a module first runs the packages above it (Python reference, section 5.4).
        let mut end = 0;
        while let Some(dot) = dotted[end..].find('.') {
            end += dot;
            let parent = self.program.names.find(&dotted[..end]).and_then(|n| self.program.module(n));
            if let Some(parent) = parent {
                self.run_imported(at, parent);
            }
            end += 1;
        }
        self.run_imported(at, module);
        self.values.intern_keyed(Value::Module(module), None)
    }

    fn run_imported(&mut self, at: Origin, module: ModId) {
        if let Some(inst) = self.run_module(module, false) {
            self.registry.imports.push((at, inst));
        }
    }

    pub(super) fn import(&mut self, at: Origin, name: Name, leaf: bool, dst: NodeId) {
        let dotted = self.text(name).to_owned();
        match self.program.resolve(&dotted) {
            Resolved::Module(module) => {
                let mut value = self.import_module(at, module);
                if !leaf && let Some((root, _)) = dotted.split_once('.') {
                    value = match self.program.resolve(root) {
                        Resolved::Module(root) => self.import_module(at, root),
                        Resolved::External(root) => self.values.intern_keyed(Value::Ext(root), None),
                    };
                }
                self.graph.add(dst, value);
            }
            Resolved::External(_) => {
                let bound = if leaf { dotted.as_str() } else { dotted.split('.').next().unwrap_or("") };
                let value = match self.program.resolve(bound) {
                    Resolved::Module(root) => self.import_module(at, root),
                    Resolved::External(root) => self.values.intern_keyed(Value::Ext(root), None),
                };
                self.graph.add(dst, value);
            }
        }
    }

    pub(super) fn import_from(&mut self, at: Origin, level: u32, module: Name, name: Name, dst: NodeId) {
        let here = self.module_of(at.inst);
        let dotted = self.text(module).to_owned();
        let Some(absolute) = self.program.absolute(here, level, &dotted) else {
            self.graph.add(dst, well_known::UNKNOWN);
            return;
        };
        match self.program.resolve(&absolute) {
            Resolved::Module(module) => {
                let value = self.import_module(at, module);
                let submodule = self.program.submodule(module, name);
                let bound = self.program.modules[module.0 as usize].names.binary_search(&name).is_ok();
                if bound {
                    let node = self.global(module, name);
                    self.flow(node, dst);
                    self.flag_with_default(module, name, node, dst);
                }
                // A package that imports a submodule from itself binds the name by that very import.
                if let Some(submodule) = submodule
                    && (!bound || module == here)
                {
                    let value = self.import_module(at, submodule);
                    self.graph.add(dst, value);
                } else if !bound {
                    self.load_attr(value, name, dst, at);
                }
            }
            Resolved::External(_) => {
                let text = format!("{absolute}.{}", self.text(name));
                let path = self.program.names.intern(&text);
                self.load_from_library(None, path, dst);
            }
        }
    }

    /// `import_module(name, package)` of a name that is computed. Of one of which a part is open, all modules that it may be.
    pub(super) fn import_named(&mut self, name: ValueId, package: Option<NodeId>, dst: NodeId, at: Origin) {
        let Value::Str(name) = self.values.get(name) else {
            self.graph.add(dst, well_known::UNKNOWN);
            return;
        };
        let text = self.text(name).to_owned();
        if !text.starts_with('.') {
            self.import_dotted(&text, dst, at);
            return;
        }
        let packages = package.map(|package| self.strings(package)).unwrap_or_default();
        let level = text.chars().take_while(|&c| c == '.').count();
        for package in packages {
            let mut parts: Vec<&str> = package.split('.').collect();
            parts.truncate((parts.len() + 1).saturating_sub(level));
            let dotted = format!("{}.{}", parts.join("."), &text[level..]);
            self.import_dotted(&dotted, dst, at);
        }
    }

    fn import_dotted(&mut self, text: &str, dst: NodeId, at: Origin) {
        let named: Vec<ModId> = match self.program.resolve(text) {
            Resolved::Module(module) => vec![module],
            // `"plugins." + name`: one of the modules of a package.
            Resolved::External(_) if has_hole(text) => {
                let package =
                    text.find(HOLES).map(|hole| &text[..hole]).filter(|before| before.ends_with('.'));
                let names = self.program.modules.iter().map(|module| self.text(module.name));
                let template = text.replace(HOLE, &SETTING_HOLE.to_string());
                let fits = |name: &str| package.is_some() && fills(name, &template);
                (0..).map(ModId).zip(names).filter(|(_, name)| fits(name)).map(|(module, _)| module).collect()
            }
            Resolved::External(_) => {
                let value = self.ext_value(text);
                self.graph.add(dst, value);
                return;
            }
        };
        if named.is_empty() {
            self.graph.add(dst, well_known::UNKNOWN);
        }
        for module in named {
            let value = self.import_module(at, module);
            self.graph.add(dst, value);
        }
    }

    /// What is imported by a dotted name, of a module or of something in one: `"package.module:name"`, `"package.module.name"`.
    pub(super) fn import_string(&mut self, name: ValueId, dst: NodeId, at: Origin) {
        let text = match self.values.get(name) {
            Value::Str(name) if !has_hole(self.text(name)) => self.text(name).replace(':', "."),
            _ => {
                self.graph.add(dst, well_known::UNKNOWN);
                return;
            }
        };
        match (self.program.resolve(&text), text.rsplit_once('.')) {
            (Resolved::External(_), Some((module, name))) => match self.program.resolve(module) {
                Resolved::Module(module) => {
                    let (module, name) = (self.import_module(at, module), self.program.names.intern(name));
                    self.load_attr(module, name, dst, at);
                }
                Resolved::External(_) => {
                    let value = self.ext_value(&text);
                    self.graph.add(dst, value);
                }
            },
            _ => self.import_dotted(&text, dst, at),
        }
    }

    pub(super) fn import_star(&mut self, at: Origin, level: u32, module: Name) {
        let here = self.module_of(at.inst);
        let dotted = self.text(module).to_owned();
        let Some(absolute) = self.program.absolute(here, level, &dotted) else { return };
        if let Resolved::Module(from) = self.program.resolve(&absolute) {
            self.import_module(at, from);
            let bound = self.program.modules[from.0 as usize].names.clone();
            for name in crate::link::star_names(self.program, from, &bound) {
                let (source, target) = (self.global(from, name), self.global(here, name));
                self.written_from_outside.insert(target);
                self.flow(source, target);
            }
        }
    }
}
