//! Imports: they run module bodies, the packages above first, and bind modules and their names (Python reference, 5 and 7.11).

use producer_map::ir::Op;
use producer_map::link::ModId;

use crate::domain::{At, Node, Place, Text, V, Value};
use crate::world::World;

/// A consequence of an import statement.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Import {
    /// A module body runs.
    Run(ModId),
    /// A node holds a value.
    Value(V, Node),
    /// What one node holds, another holds, too.
    Flow(Node, Node),
    /// An attribute of a module is read.
    Load(V, Text, Node),
    /// `__all__` decides what is imported.
    Listed,
}

/// The consequences of an instruction, none if it is no import.
pub fn import(world: &World<'_>, at: At) -> Vec<Import> {
    let here = world.module_of(at.0);
    let sym = |sym| world.sym(at.0.func, sym);
    match *world.op(at) {
        Op::Import { dst, name, leaf } => whole(world, &sym(name), leaf, at.0.var(dst)),
        Op::ImportFrom { dst, level, module, name } => {
            let dst = at.0.var(dst);
            let Some(module) = world.program.absolute(here, level, &sym(module)) else {
                return vec![Import::Value(V::of(Value::Unknown), dst)];
            };
            from(world, here, &module, sym(name), dst)
        }
        Op::ImportStar { level, module } => {
            let module = world.program.absolute(here, level, &sym(module));
            let Some(module) = module.and_then(|module| world.module(&module)) else { return Vec::new() };
            let mut found = runs(world, module);
            let global = |module, name| Node::of(Place::Global(module, name));
            match world.star_names(module) {
                Some(names) => {
                    let flow = |name| Import::Flow(global(module, name), global(here, name));
                    found.extend(names.into_iter().map(flow));
                }
                None => found.push(Import::Listed),
            }
            found
        }
        _ => Vec::new(),
    }
}

fn runs(world: &World<'_>, module: ModId) -> Vec<Import> {
    world.with_parents(module).into_iter().map(Import::Run).collect()
}

/// `import a.b.c` runs all three and binds `a`; with `as`, the leaf.
fn whole(world: &World<'_>, dotted: &str, leaf: bool, dst: Node) -> Vec<Import> {
    let bound = if leaf { dotted } else { dotted.split('.').next().unwrap_or(dotted) };
    let mut found = Vec::new();
    for module in [world.module(dotted), world.module(bound)].into_iter().flatten() {
        found.extend(runs(world, module));
    }
    let value = match world.module(bound) {
        Some(module) => V::of(Value::Module(module)),
        None => V::ext(bound),
    };
    found.push(Import::Value(value, dst));
    found
}

/// `from module import name`: a name that the module binds, or a submodule.
fn from(world: &World<'_>, here: ModId, dotted: &str, name: Text, dst: Node) -> Vec<Import> {
    let Some(module) = world.module(dotted) else {
        return vec![Import::Value(V::ext(&format!("{dotted}.{}", *name)), dst)];
    };
    let mut found = runs(world, module);
    let bound = world.binds(module, name);
    if bound {
        found.push(Import::Flow(Node::of(Place::Global(module, name)), dst));
    }
    match world.submodule(module, name) {
        // A package that imports a submodule from itself binds the name by that very import.
        Some(submodule) if !bound || module == here => {
            found.extend(runs(world, submodule));
            found.push(Import::Value(V::of(Value::Module(submodule)), dst));
        }
        None if !bound => found.push(Import::Load(V::of(Value::Module(module)), name, dst)),
        _ => {}
    }
    found
}
