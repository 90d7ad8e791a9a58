//! The keys of JSON bodies, as really produced.

use crate::finding::BodyKeys;
use crate::ir::{Const, FuncIr, GuardId, Op, VarDef, VarId};
use crate::solve::Solver;
use crate::solve::graph::NodeId;
use crate::solve::value::{AllocSite, ObjKind, Value, ValueId};
use std::collections::BTreeSet;

/// The keys of the bodies that reach a site in its contexts.
pub fn keys(solver: &Solver<'_>, bodies: &[Option<NodeId>]) -> BodyKeys {
    let mut dicts: Vec<ValueId> = Vec::new();
    let mut open = false;
    for body in bodies {
        let Some(body) = body else {
            open = true;
            continue;
        };
        for &value in solver.graph.values(*body) {
            match solver.values.get(value) {
                Value::Obj(ObjKind::Json, ..) => match solver.json_values(value) {
                    Some(values) => {
                        for inner in values {
                            match solver.values.get(inner) {
                                Value::Obj(ObjKind::Dict, ..) => dicts.push(inner),
                                Value::None => {}
                                _ => open = true,
                            }
                        }
                    }
                    None => open = true,
                },
                Value::Str(_) | Value::None => {}
                _ => open = true,
            }
        }
    }
    dicts.sort_unstable();
    dicts.dedup();
    let mut always: Option<BTreeSet<String>> = None;
    let mut ever: BTreeSet<String> = BTreeSet::new();
    for dict in dicts {
        let (definite, possible, unknown) = dict_keys(solver, dict);
        open |= unknown;
        ever.extend(possible);
        always = Some(match always {
            None => definite,
            Some(before) => before.intersection(&definite).cloned().collect(),
        });
    }
    let always = always.unwrap_or_default();
    BodyKeys {
        sometimes: ever.difference(&always).cloned().collect(),
        always: always.into_iter().collect(),
        open,
    }
}

/// Keys that are definitely there, keys that may be there, and whether others may.
fn dict_keys(solver: &Solver<'_>, dict: ValueId) -> (BTreeSet<String>, BTreeSet<String>, bool) {
    let possible: BTreeSet<String> = solver
        .field_names(dict)
        .into_iter()
        .filter(|&name| solver.existing_field(dict, name).is_some_and(|n| !solver.graph.values(n).is_empty()))
        .map(|name| solver.program.names.text(name).to_owned())
        .filter(|text| !text.starts_with('*') && !text.starts_with('#'))
        .collect();
    let unknown = solver.has_rest(dict);
    let mut definite = BTreeSet::new();
    if let Value::Obj(_, AllocSite { func, index }, _) = solver.values.get(dict)
        && (func as usize) < solver.program.func_count()
    {
        let func = crate::link::FuncId(func);
        let ir = solver.program.func(func);
        let file = solver.program.file_of(func);
        if let Some(instr) = ir.instrs.get(index as usize) {
            let mut vars: Vec<VarId> = Vec::new();
            match &instr.op {
                Op::MakeDict { dst, items, .. } => {
                    vars.push(*dst);
                    for (key, _) in items {
                        if let Some(text) = key.and_then(|k| constant(ir, k)) {
                            definite.insert(file.ir.strings[text as usize].to_string());
                        }
                    }
                }
                Op::Call { dst, args, .. } => {
                    vars.push(*dst);
                    for arg in args {
                        if let crate::ir::Arg::Kw(name, _) = arg {
                            definite.insert(file.ir.strings[name.0 as usize].to_string());
                        }
                    }
                }
                _ => {}
            }
            // `body["k"] = v` without a condition, on the variable that holds the display.
            for later in &ir.instrs[index as usize..] {
                match &later.op {
                    Op::Copy { dst, src } if vars.contains(src) && later.guard == instr.guard => {
                        vars.push(*dst);
                    }
                    Op::StoreSub { obj, key, .. }
                        if vars.contains(obj)
                            && (later.guard == instr.guard || later.guard == GuardId::ALWAYS) =>
                    {
                        if let Some(text) = constant(ir, *key) {
                            definite.insert(file.ir.strings[text as usize].to_string());
                        }
                    }
                    _ => {}
                }
            }
        }
    }
    (definite, possible, unknown)
}

fn constant(ir: &FuncIr, var: VarId) -> Option<u32> {
    let VarDef::Instr(index) = ir.vars[var.0 as usize].def else { return None };
    match ir.instrs[index as usize].op {
        Op::Const { value: Const::Str(s), .. } => Some(s.0),
        _ => None,
    }
}
