//! Conditions on settings: under which a receiver exists, and which of a path's conditions every path needs.

use crate::ir::{Op, VarDef, VarId};
use crate::link::FuncId;
use crate::solve::gate::{Common, negated, subject};
use crate::solve::value::{InstId, Value, ValueId};
use crate::solve::{CallEdge, Inst, Origin, ROOT_FUNC, Solver};
use rustc_hash::FxHashMap;

/// More alternatives than this, and a condition is given up: the edge then claims less, not more.
const MAX_ALTERNATIVES: usize = 8;

/// The conditions that all calls which enter an instance have in common: those under which they run, and those of the choice of
/// what they enter.
fn of_entering(solver: &Solver<'_>, registered: &FxHashMap<InstId, Registered>, inst: InstId) -> Vec<String> {
    let mut common = Common::default();
    for &edge in solver.entering(inst) {
        if common.is_over() {
            break;
        }
        let edge = &solver.edges[edge as usize];
        if solver.ruled_out(edge.from) {
            continue;
        }
        let mut gates = solver.gates(edge.from);
        gates.extend(of_callee(solver, registered, edge));
        common.add(gates);
    }
    common.all()
}

/// For each class key, the conditions common to all allocation sites of its instances.
pub(super) fn of_receivers(
    solver: &Solver<'_>,
    registered: &FxHashMap<InstId, Registered>,
) -> FxHashMap<ValueId, Vec<String>> {
    let mut common: FxHashMap<ValueId, Common> = FxHashMap::default();
    for id in 0..solver.values.len() as u32 {
        let Value::Inst(key, site) = solver.values.get(ValueId(id)) else { continue };
        let Some(any) = solver.values.find(&Value::AnyOf(key)) else { continue };
        let (class, _) = solver.values.class_of_key(key);
        let known = common.entry(any).or_default();
        if site.func == ROOT_FUNC.0 {
            known.add(Vec::new());
            continue;
        }
        for &inst in solver.instances(FuncId(site.func)) {
            if known.is_over() {
                break;
            }
            let at = Origin { inst, index: site.index };
            if !makes(solver, at, class) {
                continue;
            }
            let mut gates = solver.gates(at);
            if let Op::Call { callee, .. } = op(solver, at) {
                gates.extend(solver.chosen_under(inst, *callee, class));
            }
            gates.extend(of_entering(solver, registered, inst));
            known.add(gates);
        }
    }
    common
        .into_iter()
        .map(|(key, common)| (key, common.all()))
        .filter(|(_, gates)| !gates.is_empty())
        .collect()
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
    /// Whether other views are put in the place of what was registered.
    is_replaced: bool,
    /// The blueprint that the hook is one of, if it is: it runs only if that is registered.
    blueprint: Option<ValueId>,
}

/// What the framework was told to call, by its calls.
pub(super) fn registered(solver: &Solver<'_>) -> FxHashMap<InstId, Registered> {
    let views = solver.registry.registrations.iter();
    let views = views.map(|view| {
        let others = |node| !solver.graph.values(node).is_empty();
        let is_replaced = view.replaced.is_some_and(others);
        (view.root, Registered { at: view.at, is_hook: false, is_replaced, blueprint: None })
    });
    let hooks = solver.registry.hooks.iter().map(|hook| {
        let blueprint = hook.owner.filter(|&owner| solver.is_blueprint(owner));
        (hook.root, Registered { at: hook.at, is_hook: true, is_replaced: false, blueprint })
    });
    views.chain(hooks).collect()
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
        let Some(&Registered { at, is_hook, is_replaced, blueprint }) = registered.get(&inst) else {
            return Vec::new();
        };
        if solver.is_root(at.inst) {
            return Vec::new();
        }
        let mut gates = if is_hook { solver.gates(at) } else { Vec::new() };
        gates.extend(blueprint.map_or(Vec::new(), |blueprint| of_mounting(solver, blueprint)));
        // What is put in the place of a view may be the same function.
        if let Op::Call { args, .. } = op(solver, at)
            && !is_replaced
        {
            let variables = args.iter().map(|arg| arg.var());
            gates.extend(variables.flat_map(|var| solver.chosen_to_enter(at.inst, var, entered)));
        }
        return gates;
    }
    if edge.kind.is_some() {
        return Vec::new();
    }
    let Op::Call { callee, .. } = *op(solver, edge.from) else { return Vec::new() };
    let mut gates = solver.chosen_to_enter(inst, callee, entered);
    gates.extend(of_base(solver, inst, callee, entered));
    gates.extend(solver.gates_of_constants(edge));
    for &(param, key) in &entered.context {
        if matches!(solver.values.get(key), Value::Func(..) | Value::Bound(..) | Value::Class(..))
            && let Some(argument) = solver.passed_by(edge, param)
            && solver.may_be_chosen(inst, argument)
        {
            gates.extend(solver.chosen_under(inst, argument, key));
        }
    }
    gates
}

/// The conditions that all calls which register a blueprint have in common.
fn of_mounting(solver: &Solver<'_>, blueprint: ValueId) -> Vec<String> {
    let mut common = Common::default();
    for mount in &solver.registry.mounts {
        if !solver.graph.contains(mount.blueprint, blueprint) {
            continue;
        }
        common.add(solver.gates(mount.at));
    }
    common.all()
}

/// The conditions under which the class of the receiver that an instance was entered with has the class that defines its function
/// as a base. That counts where the call finds the function by its name on objects, and nothing else puts it there.
fn of_base(solver: &Solver<'_>, inst: InstId, callee: VarId, entered: &Inst) -> Vec<String> {
    if !solver.has_chosen_bases() {
        return Vec::new();
    }
    let func = solver.insts[inst.0 as usize].func;
    let (ir, file) = (solver.program.func(func), solver.program.file_of(func));
    let VarDef::Instr(load) = ir.vars[callee.0 as usize].def else { return Vec::new() };
    let Op::LoadAttr { obj, name, .. } = ir.instrs[load as usize].op else { return Vec::new() };
    let name = file.names[name.0 as usize];
    let objects = solver.graph.values(solver.var(inst, obj));
    let are_objects = objects.iter().all(|&object| matches!(solver.values.get(object), Value::Inst(..)));
    let class_word = solver.program.names.find("__class__");
    let is_assigned = |name| {
        let op = |at: Origin| op(solver, at);
        let is_store = |&(at, _): &(Origin, _)| matches!(op(at), Op::StoreAttr { .. });
        solver.stores_of_attribute(name).is_none_or(|stores| stores.iter().any(is_store))
    };
    if !are_objects || is_assigned(name) || class_word.is_some_and(is_assigned) {
        return Vec::new();
    }
    let receiver = entered.context.first().filter(|&&(param, _)| param == 0);
    let Some(Value::AnyOf(key)) = receiver.map(|&(_, key)| solver.values.get(key)) else { return Vec::new() };
    let class = solver.values.class_of_key(key).0;
    let Some(body) = solver.program.parent(entered.func) else { return Vec::new() };
    let holds = |base: &ValueId| {
        solver.existing_field(*base, name).is_some_and(|node| {
            let values = solver.graph.values(node).iter();
            values.copied().any(|value| solver.values.get(value) == Value::Func(entered.func, entered.env))
        })
    };
    let mut holding: Vec<ValueId> = solver.possible_bases(class).filter(holds).collect();
    holding.sort_unstable();
    holding.dedup();
    let [defining] = holding[..] else { return Vec::new() };
    let defining = Some(defining).filter(|&base| solver.body_of(base) == Some(body));
    defining.map_or(Vec::new(), |base| solver.gates_of_base(class, base))
}

/// The conditions of a put on a queue: those under which it runs, and those under which its receiver is that queue. Sorted.
pub(super) fn of_put(solver: &Solver<'_>, at: Origin, queue: ValueId) -> Vec<String> {
    let mut gates = solver.gates(at);
    if let Op::Call { callee, .. } = *op(solver, at) {
        let ir = solver.program.func(solver.insts[at.inst.0 as usize].func);
        if let VarDef::Instr(load) = ir.vars[callee.0 as usize].def
            && let Op::LoadAttr { obj, .. } = ir.instrs[load as usize].op
            && solver.may_be_chosen(at.inst, obj)
        {
            gates.extend(solver.chosen_under(at.inst, obj, queue));
        }
    }
    gates.sort();
    gates.dedup();
    gates
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
