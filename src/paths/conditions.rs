//! Conditions on settings: under which a receiver exists, and which of a path's conditions every path needs.

use super::CallGraph;
use crate::ir::{Arg, Op, VarDef, VarId};
use crate::solve::value::{InstId, ObjKind, Value, ValueId};
use crate::solve::{Origin, ROOT_FUNC, Solver};
use rustc_hash::FxHashMap;

/// More alternatives than this, and a condition is given up: the edge then claims less, not more.
const MAX_ALTERNATIVES: usize = 8;

/// For each class key, the conditions common to all allocation sites of its instances.
pub(super) fn of_receivers(solver: &Solver<'_>) -> FxHashMap<ValueId, Vec<String>> {
    let mut by_func: FxHashMap<u32, Vec<InstId>> = FxHashMap::default();
    for (i, inst) in solver.insts.iter().enumerate() {
        by_func.entry(inst.func.0).or_default().push(InstId(i as u32));
    }
    let mut common: FxHashMap<ValueId, Option<Vec<String>>> = FxHashMap::default();
    for id in 0..solver.values.len() as u32 {
        let Value::Inst(key, site) = solver.values.get(ValueId(id)) else { continue };
        let Some(any) = solver.values.find(&Value::AnyOf(key)) else { continue };
        let (class, _) = solver.values.class_of_key(key);
        let known = common.entry(any).or_insert(None);
        if site.func == ROOT_FUNC.0 {
            *known = Some(Vec::new());
            continue;
        }
        for &inst in by_func.get(&site.func).into_iter().flatten() {
            if known.as_ref().is_some_and(Vec::is_empty) {
                break;
            }
            let at = Origin { inst, index: site.index };
            if !makes(solver, at, class) {
                continue;
            }
            let mut gates = solver.gates(at);
            gates.extend(choice(solver, at, class));
            *known = Some(match known.take() {
                None => gates,
                Some(before) => before.into_iter().filter(|g| gates.contains(g)).collect(),
            });
        }
    }
    common.into_iter().filter_map(|(k, g)| g.filter(|g| !g.is_empty()).map(|g| (k, g))).collect()
}

fn op<'a>(solver: &'a Solver<'_>, at: Origin) -> &'a Op {
    &solver.program.func(solver.insts[at.inst.0 as usize].func).instrs[at.index as usize].op
}

/// Whether the call at an instruction may instantiate a class; what is not a call is taken to.
fn makes(solver: &Solver<'_>, at: Origin, class: ValueId) -> bool {
    match op(solver, at) {
        Op::Call { callee, .. } => {
            let values = solver.graph.values(solver.var(at.inst, *callee));
            // A bound `__new__`, a partial or a factory of the library: it cannot be told which context made it.
            values.contains(&class)
                || !values.iter().any(|&v| matches!(solver.values.get(v), Value::Class(..)))
        }
        _ => true,
    }
}

/// The choice by a setting that makes a call instantiate a class: `CLASSES[config["KEY"]](...)`, or the same with
/// `CLASSES.get(config["KEY"])`.
fn choice(solver: &Solver<'_>, at: Origin, class: ValueId) -> Option<String> {
    let Op::Call { callee, .. } = op(solver, at) else { return None };
    let (table, key, otherwise) = lookup(solver, at.inst, *callee)?;
    let setting = solver.setting(at.inst, key)?;
    let holds = |node| solver.graph.values(node).contains(&class);
    if otherwise.is_some_and(|var| holds(solver.var(at.inst, var))) {
        return None;
    }
    let mut keys: Vec<String> = Vec::new();
    for &value in solver.graph.values(solver.var(at.inst, table)) {
        let Value::Obj(ObjKind::Dict, ..) = solver.values.get(value) else { continue };
        for name in solver.field_names(value) {
            if solver.existing_field(value, name).is_some_and(holds) {
                keys.push(format!("{:?}", solver.text(name)));
            }
        }
    }
    keys.sort();
    keys.dedup();
    (!keys.is_empty()).then(|| format!("{setting} chooses {}", keys.join(" or ")))
}

/// Where a variable is looked up in a table: table, key, and the default of `get`.
fn lookup(solver: &Solver<'_>, inst: InstId, var: VarId) -> Option<(VarId, VarId, Option<VarId>)> {
    let ir = solver.program.func(solver.insts[inst.0 as usize].func);
    let file = solver.program.file_of(solver.insts[inst.0 as usize].func);
    let mut var = var;
    // A variable is defined once, so the chain of copies ends.
    loop {
        let VarDef::Instr(index) = ir.vars[var.0 as usize].def else { return None };
        match &ir.instrs[index as usize].op {
            Op::Copy { src, .. } | Op::Narrow { src, .. } => var = *src,
            Op::LoadSub { obj, key, .. } => return Some((*obj, *key, None)),
            Op::Call { callee, args, .. } => {
                let VarDef::Instr(load) = ir.vars[callee.0 as usize].def else { return None };
                let Op::LoadAttr { obj, name, .. } = ir.instrs[load as usize].op else { return None };
                if &*file.ir.strings[name.0 as usize] != "get" {
                    return None;
                }
                return match args.as_slice() {
                    [Arg::Pos(key)] => Some((obj, *key, None)),
                    [Arg::Pos(key), Arg::Pos(otherwise)] => Some((obj, *key, Some(*otherwise))),
                    _ => None,
                };
            }
            _ => return None,
        }
    }
}

/// What every path needs of the conditions of one path.
///
/// `path` holds that path's conditions; `avoiding` gives the conditions of the best path that does without some
/// conditions, none if there is no such path. For each condition the result has one that is at least as weak: the
/// condition itself if no path does without it, else a disjunction that each path meets in one of its parts;
/// nothing if some path needs no more than the others of `path`.
pub(super) fn necessary(
    path: &[String],
    mut avoiding: impl FnMut(&[String]) -> Option<Vec<String>>,
) -> Vec<String> {
    let mut needed = Vec::new();
    'conditions: for condition in path {
        let mut parts = vec![condition.clone()];
        while let Some(other) = avoiding(&parts) {
            let more: Vec<&String> = other.iter().filter(|g| !path.contains(g)).collect();
            // Alternatives are most often on the same setting.
            let same = |g: &&&String| subject(g) == subject(condition);
            let Some(part) = more.iter().find(same).or(more.first()) else { continue 'conditions };
            if parts.len() == MAX_ALTERNATIVES || excludes(&parts, part) {
                continue 'conditions;
            }
            parts.push((*part).clone());
        }
        needed.push(disjunction(parts));
    }
    needed.sort();
    needed.dedup();
    needed
}

/// The setting that a condition is about.
fn subject(condition: &str) -> &str {
    let positive = condition.strip_prefix("not ").unwrap_or(condition);
    positive.split(' ').next().unwrap_or(positive)
}

/// Whether a disjunction with `part` always holds.
fn excludes(parts: &[String], part: &str) -> bool {
    parts.iter().any(|other| opposite(other) == part || opposite(part) == *other)
}

/// The negation of a condition, as conditions are written.
fn opposite(condition: &str) -> String {
    for (positive, negative) in [(" == ", " != "), (" is None", " is not None"), (" in (", " not in (")] {
        if let Some((subject, rest)) = condition.split_once(positive) {
            return format!("{subject}{negative}{rest}");
        }
    }
    format!("not {condition}")
}

/// The text of a disjunction; choices by one setting are drawn together.
fn disjunction(mut parts: Vec<String>) -> String {
    parts.sort();
    let mut texts: Vec<String> = Vec::new();
    for part in parts {
        let choice = part.split_once(" chooses ");
        let joined = choice.and_then(|(setting, key)| {
            let before = texts.last_mut()?;
            before.starts_with(&format!("{setting} chooses ")).then(|| *before += &format!(" or {key}"))
        });
        if joined.is_none() {
            texts.push(part);
        }
    }
    texts.join(" or ")
}

/// Whether an edge of the call graph does without some conditions.
pub(super) fn edge_avoids(graph: &CallGraph, solver: &Solver<'_>, edge: usize, avoided: &[String]) -> bool {
    let edge = &solver.edges[edge];
    let free = |gates: &[String]| !gates.iter().any(|g| avoided.contains(g));
    free(graph.gates_at(edge.from)) && free(graph.receiver_gates(solver, edge.to))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `necessary` over paths that are given by their conditions, best first.
    fn needed(paths: &[&[&str]]) -> Vec<String> {
        let paths: Vec<Vec<String>> =
            paths.iter().map(|p| p.iter().map(ToString::to_string).collect()).collect();
        necessary(&paths[0], |avoided| paths.iter().find(|p| !p.iter().any(|g| avoided.contains(g))).cloned())
    }

    #[test]
    fn a_condition_of_every_path_stays() {
        assert_eq!(needed(&[&["a", "b"]]), ["a", "b"]);
        assert_eq!(needed(&[&["a", "b"], &["a", "b", "c"]]), ["a", "b"]);
    }

    #[test]
    fn a_condition_that_a_path_does_without_is_none() {
        assert_eq!(needed(&[&["a", "b"], &["b"]]), ["b"]);
        assert_eq!(needed(&[&["a"], &["not a"]]), [""; 0]);
        assert_eq!(needed(&[&["a != 1"], &["a == 1"]]), [""; 0]);
        assert_eq!(needed(&[&["a == 2"], &["a == 1"]]), ["a == 1 or a == 2"]);
    }

    #[test]
    fn alternatives_become_a_disjunction() {
        assert_eq!(needed(&[&["a", "b"], &["b", "c"]]), ["a or c", "b"]);
        assert_eq!(needed(&[&["a"], &["b", "c"], &["c", "d"]]), ["a or b or c"]);
        assert_eq!(
            needed(&[&["config.X chooses \"p\""], &["config.X chooses \"q\""], &["features.Y"]]),
            ["config.X chooses \"p\" or \"q\" or features.Y"]
        );
    }

    #[test]
    fn too_many_alternatives_claim_nothing() {
        let names: Vec<String> = (0..=MAX_ALTERNATIVES).map(|i| format!("g{i}")).collect();
        let paths: Vec<Vec<&str>> = names.iter().map(|n| vec![n.as_str()]).collect();
        let paths: Vec<&[&str]> = paths.iter().map(Vec::as_slice).collect();
        assert_eq!(needed(&paths), [""; 0]);
        assert_eq!(needed(&paths[..MAX_ALTERNATIVES]).len(), 1);
    }
}
