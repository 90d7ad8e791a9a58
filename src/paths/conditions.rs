//! Conditions on settings: under which a receiver exists, and which of a path's conditions every path needs.

use crate::ir::{Arg, Op, VarDef, VarId};
use crate::link::FuncId;
use crate::solve::gate::{is_compound, negated, subject, without_part};
use crate::solve::value::{InstId, ObjKind, Value, ValueId};
use crate::solve::{CallEdge, Inst, Origin, ROOT_FUNC, Solver};
use rustc_hash::FxHashMap;

/// More alternatives than this, and a condition is given up: the edge then claims less, not more.
const MAX_ALTERNATIVES: usize = 8;

/// Choices of choices are followed so deep: `elif` after `elif` is one choice.
const CHOICES: u32 = 8;

/// The conditions that all calls which enter an instance have in common: those under which they run, and those of the choice of
/// what they enter.
fn of_entering(solver: &Solver<'_>, registered: &FxHashMap<InstId, Registered>, inst: InstId) -> Vec<String> {
    let mut common: Option<Vec<String>> = None;
    for &edge in solver.entering(inst) {
        if common.as_ref().is_some_and(Vec::is_empty) {
            break;
        }
        let edge = &solver.edges[edge as usize];
        if solver.ruled_out(edge.from) {
            continue;
        }
        let mut gates = solver.gates(edge.from);
        gates.extend(of_callee(solver, registered, edge));
        common = Some(match common {
            None => gates,
            Some(before) => before.into_iter().filter(|g| gates.contains(g)).collect(),
        });
    }
    common.unwrap_or_default()
}

/// For each class key, the conditions common to all allocation sites of its instances.
pub(super) fn of_receivers(
    solver: &Solver<'_>,
    registered: &FxHashMap<InstId, Registered>,
) -> FxHashMap<ValueId, Vec<String>> {
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
        for &inst in solver.instances(FuncId(site.func)) {
            if known.as_ref().is_some_and(Vec::is_empty) {
                break;
            }
            let at = Origin { inst, index: site.index };
            if !makes(solver, at, class) {
                continue;
            }
            let mut gates = solver.gates(at);
            if let Op::Call { callee, .. } = op(solver, at) {
                gates.extend(chosen_under(solver, inst, *callee, class, CHOICES).unwrap_or_default());
            }
            gates.extend(of_entering(solver, registered, inst));
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

/// What the framework was told to call.
#[derive(Clone, Copy)]
pub(super) struct Registered {
    /// The call that registers it.
    at: Origin,
    /// Whether it is a hook. What a hook is registered under is a condition of what it does; for a view, it is one of the route.
    is_hook: bool,
}

/// What the framework was told to call, by its calls.
pub(super) fn registered(solver: &Solver<'_>) -> FxHashMap<InstId, Registered> {
    let views = solver.registry.registrations.iter();
    let views = views.map(|view| (view.root, Registered { at: view.at, is_hook: false }));
    let hooks = solver.registry.hooks.iter();
    views.chain(hooks.map(|hook| (hook.root, Registered { at: hook.at, is_hook: true }))).collect()
}

/// The conditions under which a call enters just this instance, because its callee is chosen: `(f if features.X else g)()`, or
/// `TABLE[config["KEY"]]()`. So may be the function that it passes, which the instance is for: `run(f if features.X else g)`.
/// The framework calls what was passed to it where that was `registered`.
pub(super) fn of_callee(
    solver: &Solver<'_>,
    registered: &FxHashMap<InstId, Registered>,
    edge: &CallEdge,
) -> Vec<String> {
    let inst = edge.from.inst;
    let entered = &solver.insts[edge.to.0 as usize];
    if solver.is_root(inst) {
        let Some(&Registered { at, is_hook }) = registered.get(&inst) else { return Vec::new() };
        if solver.is_root(at.inst) {
            return Vec::new();
        }
        let mut gates = if is_hook { solver.gates(at) } else { Vec::new() };
        if let Op::Call { args, .. } = op(solver, at) {
            let variables = args.iter().map(|arg| arg.var());
            gates.extend(variables.flat_map(|var| chosen_to_enter(solver, at.inst, var, entered)));
        }
        return gates;
    }
    if edge.kind.is_some() {
        return Vec::new();
    }
    let Op::Call { callee, .. } = *op(solver, edge.from) else { return Vec::new() };
    let mut gates = chosen_to_enter(solver, inst, callee, entered);
    for &(param, key) in &entered.context {
        if matches!(solver.values.get(key), Value::Func(..) | Value::Bound(..) | Value::Class(..))
            && let Some(argument) = solver.passed_by(edge, param)
            && may_be_chosen(solver, inst, argument)
        {
            gates.extend(chosen_under(solver, inst, argument, key, CHOICES).unwrap_or_default());
        }
    }
    gates
}

/// The conditions of a put on a queue: those under which it runs, and those under which its receiver is that queue. Sorted.
pub(super) fn of_put(solver: &Solver<'_>, at: Origin, queue: ValueId) -> Vec<String> {
    let mut gates = solver.gates(at);
    if let Op::Call { callee, .. } = *op(solver, at) {
        let ir = solver.program.func(solver.insts[at.inst.0 as usize].func);
        if let VarDef::Instr(load) = ir.vars[callee.0 as usize].def
            && let Op::LoadAttr { obj, .. } = ir.instrs[load as usize].op
            && may_be_chosen(solver, at.inst, obj)
        {
            gates.extend(chosen_under(solver, at.inst, obj, queue, CHOICES).unwrap_or_default());
        }
    }
    gates.sort();
    gates.dedup();
    gates
}

/// The conditions under which a variable holds the function that is entered; none if several of its values enter it.
fn chosen_to_enter(solver: &Solver<'_>, inst: InstId, var: VarId, entered: &Inst) -> Vec<String> {
    if !may_be_chosen(solver, inst, var) {
        return Vec::new();
    }
    let enters = |&&value: &&ValueId| {
        let function = match solver.values.get(value) {
            Value::Bound(_, function) => function,
            _ => value,
        };
        solver.values.get(function) == Value::Func(entered.func, entered.env)
    };
    let mut values = solver.graph.values(solver.var(inst, var)).iter().filter(enters);
    match (values.next(), values.next()) {
        (Some(&value), None) => chosen_under(solver, inst, var, value, CHOICES).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// Whether a variable may hold what it holds by a choice. What is read from elsewhere and is only one thing was not chosen.
fn may_be_chosen(solver: &Solver<'_>, inst: InstId, var: VarId) -> bool {
    let ir = solver.program.func(solver.insts[inst.0 as usize].func);
    match ir.vars[var.0 as usize].def {
        VarDef::Join => true,
        VarDef::Instr(index) => match ir.instrs[index as usize].op {
            Op::Copy { .. } | Op::Narrow { .. } | Op::LoadSub { .. } | Op::Call { .. } => true,
            Op::LoadGlobal { .. } | Op::LoadFree { .. } => {
                solver.graph.values(solver.var(inst, var)).len() > 1
            }
            Op::LoadAttr { .. } => is_unbound_choice(solver, inst, var),
            _ => false,
        },
        VarDef::Param(_) | VarDef::Cell => false,
    }
}

/// Whether a variable holds one of several classes and functions that are no methods.
fn is_unbound_choice(solver: &Solver<'_>, inst: InstId, var: VarId) -> bool {
    let values = solver.graph.values(solver.var(inst, var));
    let is_unbound =
        |&value: &ValueId| matches!(solver.values.get(value), Value::Class(..) | Value::Func(..));
    values.len() > 1 && values.iter().all(is_unbound)
}

/// The conditions under which a variable holds a value; none if it holds it never.
fn chosen_under(
    solver: &Solver<'_>,
    inst: InstId,
    var: VarId,
    value: ValueId,
    depth: u32,
) -> Option<Vec<String>> {
    if !solver.graph.values(solver.var(inst, var)).contains(&value) {
        return None;
    }
    if depth == 0 {
        return Some(Vec::new());
    }
    let func = solver.insts[inst.0 as usize].func;
    let ir = solver.program.func(func);
    match ir.vars[var.0 as usize].def {
        VarDef::Instr(index) => match ir.instrs[index as usize].op {
            Op::Copy { src, .. } | Op::Narrow { src, .. } => {
                chosen_under(solver, inst, src, value, depth - 1)
            }
            Op::LoadGlobal { .. } | Op::ImportFrom { .. } => {
                let stores = solver
                    .global_behind(func, index)
                    .and_then(|(module, name)| solver.stores_of(module, name));
                Some(stores.map_or(Vec::new(), |stores| under_all(solver, &stores, value, depth)))
            }
            Op::LoadFree { levels, cell, .. } => {
                let copies = solver.copies_into_cell(inst, levels, cell);
                Some(copies.map_or(Vec::new(), |copies| under_all(solver, &copies, value, depth)))
            }
            Op::LoadAttr { name, .. } if is_unbound_choice(solver, inst, var) => {
                let name = solver.program.file_of(func).names[name.0 as usize];
                Some(under_all(solver, &solver.stores_of_attribute(name), value, depth))
            }
            _ => Some(choice(solver, inst, var, value).into_iter().collect()),
        },
        VarDef::Join => {
            let copies = (0..).zip(&ir.instrs).filter_map(|(index, instr)| match instr.op {
                Op::Copy { dst, src } if dst == var => Some((Origin { inst, index }, src)),
                _ => None,
            });
            meet_all(solver, copies, value, depth)
        }
        VarDef::Param(_) | VarDef::Cell => Some(Vec::new()),
    }
}

/// The conditions that all of some assignments which assign a value have in common; none if there are none such.
fn meet_all(
    solver: &Solver<'_>,
    assignments: impl IntoIterator<Item = (Origin, VarId)>,
    value: ValueId,
    depth: u32,
) -> Option<Vec<String>> {
    let mut common: Option<Vec<String>> = None;
    for (at, src) in assignments {
        if solver.never_runs(at) {
            continue;
        }
        let Some(mut gates) = chosen_under(solver, at.inst, src, value, depth - 1) else { continue };
        gates.extend(solver.gates(at));
        common = Some(match common {
            None => gates,
            Some(before) => before.into_iter().filter(|g| gates.contains(g)).collect(),
        });
    }
    common
}

/// The same for assignments that are all there are. A value that none of them assigns came in a way that is not known.
fn under_all(
    solver: &Solver<'_>,
    assignments: &[(Origin, VarId)],
    value: ValueId,
    depth: u32,
) -> Vec<String> {
    meet_all(solver, assignments.iter().copied(), value, depth).unwrap_or_default()
}

/// The choice by a setting that makes a variable hold a class or function: `TABLE[config["KEY"]]`, or the same with
/// `TABLE.get(config["KEY"])`.
fn choice(solver: &Solver<'_>, inst: InstId, var: VarId, chosen: ValueId) -> Option<String> {
    let (table, key, otherwise) = lookup(solver, inst, var)?;
    // What some part of a setting chooses, the setting chooses.
    let setting = without_part(solver.setting(inst, key).filter(|setting| !is_compound(setting))?);
    let holds = |node| solver.graph.values(node).contains(&chosen);
    if otherwise.is_some_and(|var| holds(solver.var(inst, var))) {
        return None;
    }
    let mut keys: Vec<String> = Vec::new();
    for &value in solver.graph.values(solver.var(inst, table)) {
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
                return match **args {
                    [Arg::Pos(key)] => Some((obj, key, None)),
                    [Arg::Pos(key), Arg::Pos(otherwise)] => Some((obj, key, Some(otherwise))),
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
pub(crate) fn necessary(
    path: &[String],
    mut avoiding: impl FnMut(&[String]) -> Option<Vec<String>>,
) -> Vec<String> {
    let mut needed = Vec::new();
    'conditions: for condition in path {
        let mut parts = vec![condition.clone()];
        while let Some(other) = avoiding(&parts) {
            let adds = |g: &&String| !path.contains(g) && !excludes(&parts, g);
            let more: Vec<&String> = other.iter().filter(adds).collect();
            // Alternatives are most often on the same setting.
            let same = |g: &&&String| subject(g) == subject(condition);
            let Some(part) = more.iter().find(same).or(more.first()) else { continue 'conditions };
            if parts.len() == MAX_ALTERNATIVES {
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

/// Whether a disjunction with `part` always holds.
fn excludes(parts: &[String], part: &str) -> bool {
    let opposite = negated(part);
    parts.contains(&opposite)
}

/// The text of a disjunction; choices by one setting are drawn together.
fn disjunction(parts: Vec<String>) -> String {
    // What is a disjunction itself adds its parts.
    let is_plain = |part: &str| ![" and ", "(", " chooses "].iter().any(|word| part.contains(word));
    let apart = |part: String| -> Vec<String> {
        if is_plain(&part) { part.split(" or ").map(str::to_owned).collect() } else { vec![part] }
    };
    let mut parts: Vec<String> = parts.into_iter().flat_map(apart).collect();
    parts.sort();
    parts.dedup();
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
        assert_eq!(needed(&[&["a"], &["b", "not a"]]), ["a or b"]);
        assert_eq!(
            needed(&[&["config.X chooses \"p\""], &["config.X chooses \"q\""], &["features.Y"]]),
            ["config.X chooses \"p\" or \"q\" or features.Y"]
        );
    }

    #[test]
    fn an_alternative_is_named_once() {
        assert_eq!(needed(&[&["a or b"], &["a"]]), ["a or b"]);
        assert_eq!(needed(&[&["a == \"x or y\" and b"], &["b"]]), ["a == \"x or y\" and b or b"]);
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
