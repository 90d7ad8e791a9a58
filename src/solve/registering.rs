//! Functions that register: what each call of them makes is another application, blueprint or decorator.
//!
//! `def page(rule): return app.route(rule)` is called for each page, and `def make(name): return Blueprint(name, __name__)` for each
//! blueprint: merged over its calls, each rule would belong to each view. Such a function is told by the names that its text reads
//! and the models know; a name that means something else costs a context for each call, nothing more.

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::ir::{Op, ScopeKind};
use crate::link::{File, Name, Program};
use crate::models::Models;

/// The primitives of what registers, or makes something that does.
const REGISTERING: [&str; 10] = [
    "new_app",
    "new_blueprint",
    "new_api",
    "route",
    "endpoint",
    "add_url_rule",
    "add_resource",
    "resource_decorator",
    "register_blueprint",
    "hook_factory",
];

/// For each function of a program, whether it registers something.
pub(super) fn functions(program: &Program, models: &Models) -> Vec<bool> {
    let names: FxHashSet<Name> =
        models.last_names(&REGISTERING).filter_map(|name| program.names.find(name)).collect();
    let of_file = |file: &File| -> Vec<bool> {
        let registers = |op: &Op| match op {
            Op::LoadAttr { name, .. } | Op::LoadGlobal { name, .. } | Op::ImportFrom { name, .. } => {
                names.contains(&file.names[name.0 as usize])
            }
            _ => false,
        };
        let funcs = file.ir.funcs.iter();
        funcs
            .map(|ir| {
                matches!(ir.kind, ScopeKind::Function | ScopeKind::Lambda)
                    && ir.instrs.iter().any(|instr| registers(&instr.op))
            })
            .collect()
    };
    program.files.par_iter().map(of_file).collect::<Vec<_>>().concat()
}
