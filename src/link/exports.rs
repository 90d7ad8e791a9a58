//! The names that modules bind, with `from x import *` followed to a fixpoint.
//!
//! `__all__` decides what a star import takes when it is a display of strings, also one that is extended by `+=`;
//! otherwise every name without a leading underscore is taken (Python reference, section 7.11).

use super::{File, ModId, Name, Program};
use crate::ir::{BinOp, Const, FuncIr, Op, VarDef, VarId};
use rayon::prelude::*;

/// Fills [`super::Module::names`].
pub(super) fn compute(program: &mut Program) {
    let mut names: Vec<Vec<Name>> = vec![Vec::new(); program.modules.len()];
    let mut stars: Vec<(usize, usize)> = Vec::new();
    let of_files: Vec<(Vec<Name>, Vec<ModId>)> =
        program.files.par_iter().map(|file| bound_in(program, file)).collect();
    for (file, (bound, starred)) in program.files.iter().zip(of_files) {
        let module = file.module.0 as usize;
        names[module] = bound;
        stars.extend(starred.into_iter().map(|from| (module, from.0 as usize)));
    }
    loop {
        let mut changed = false;
        for &(into, from) in &stars {
            let taken = star_names(program, ModId(from as u32), &names[from]);
            let before = names[into].len();
            let merged = &mut names[into];
            merged.extend(taken);
            merged.sort_unstable();
            merged.dedup();
            changed |= merged.len() != before;
        }
        if !changed {
            break;
        }
    }
    for (module, names) in program.modules.iter_mut().zip(names) {
        module.names = names;
    }
}

/// The names that a file binds in its module, sorted, and the modules that it takes names from by `import *`.
fn bound_in(program: &Program, file: &File) -> (Vec<Name>, Vec<ModId>) {
    let mut bound: Vec<Name> =
        file.ir.funcs[0].bound_names.iter().map(|s| file.names[s.0 as usize]).collect();
    let mut stars = Vec::new();
    for instr in file.ir.funcs.iter().flat_map(|func| &func.instrs) {
        match &instr.op {
            Op::StoreGlobal { name, .. } => bound.push(file.names[name.0 as usize]),
            Op::ImportStar { level, module: from } => {
                let dotted = &file.ir.strings[from.0 as usize];
                let target = program
                    .absolute(file.module, *level, dotted)
                    .and_then(|d| program.names.find(&d))
                    .and_then(|n| program.module(n));
                stars.extend(target);
            }
            _ => {}
        }
    }
    bound.sort_unstable();
    bound.dedup();
    (bound, stars)
}

/// The names that `from module import *` takes, given all that the module binds.
pub(crate) fn star_names(program: &Program, module: ModId, bound: &[Name]) -> Vec<Name> {
    if let Some(listed) = listed(program, module) {
        return listed;
    }
    bound.iter().copied().filter(|&n| !program.names.text(n).starts_with('_')).collect()
}

fn listed(program: &Program, module: ModId) -> Option<Vec<Name>> {
    let file = &program.files[program.modules[module.0 as usize].file? as usize];
    let body = &file.ir.funcs[0];
    let mut found = None;
    for instr in &body.instrs {
        if let Op::StoreGlobal { name, src } = instr.op
            && &*file.ir.strings[name.0 as usize] == "__all__"
        {
            let mut strings = Vec::new();
            collect_strings(body, src, &mut strings, 0);
            found = Some(strings.into_iter().map(|s: crate::ir::Sym| file.names[s.0 as usize]).collect());
        }
    }
    found
}

fn collect_strings(func: &FuncIr, var: VarId, out: &mut Vec<crate::ir::Sym>, depth: u32) {
    let VarDef::Instr(index) = func.vars[var.0 as usize].def else { return };
    if depth > 64 {
        return;
    }
    match &func.instrs[index as usize].op {
        Op::MakeSeq { items, .. } => {
            for (item, _) in items {
                collect_strings(func, *item, out, depth + 1);
            }
        }
        Op::Const { value: Const::Str(s), .. } => out.push(*s),
        Op::BinOp { op: BinOp::Add, left, right, .. } => {
            collect_strings(func, *left, out, depth + 1);
            collect_strings(func, *right, out, depth + 1);
        }
        Op::Copy { src, .. } | Op::Narrow { src, .. } => collect_strings(func, *src, out, depth + 1),
        _ => {}
    }
}
