//! Elements: under which conditions a container holds them.
//!
//! `for service in services: register(service)` does what it does for each element, so what it registers for one is there only
//! if the element is. The conditions are those of the calls that put the element into the list, `services.append(service)`, and
//! what these asked the element itself: `if service.enabled(config)`. They are given for the elements of one class, and only if
//! every way in which such an element comes into the list is a call of that kind. For one value all ways that are written count:
//! displays, calls that add, and assignments by key.

use super::closure::Scope;
use super::gate::{self, Common};
use super::graph::NodeId;
use super::value::{AllocSite, InstId, ObjKind, Value, ValueId};
use super::{Origin, Solver};
use crate::ir::{Arg, Cond, FuncIr, Op, VarDef, VarId};
use crate::link::{FuncId, Name};
use crate::models::Term;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// How lists and sets are filled.
pub(super) struct Filling {
    /// For each container, the nodes outside of it whose values flow into one of its slots, and which slot.
    sources: FxHashMap<ValueId, Vec<(NodeId, NodeId)>>,
    /// By the node of what is added, the calls of methods that add it: where, the callee, what is added.
    adding: FxHashMap<NodeId, Vec<(Origin, VarId, VarId)>>,
    /// By the node of what is assigned, assignments by key: where `a[0] = b` stands, `a`, `b`.
    assigned: FxHashMap<NodeId, Vec<(Origin, VarId, VarId)>>,
    /// Names of methods, and whether they add to a list or set.
    adders: FxHashMap<Name, bool>,
}

impl Filling {
    fn new(solver: &Solver<'_>) -> Filling {
        // By node, the list that it is a slot of.
        let mut slots: FxHashMap<NodeId, ValueId> = FxHashMap::default();
        let mut is_slot: Vec<bool> = vec![false; solver.graph.node_count()];
        for (container, of_container) in solver.slots.iter() {
            if is_container(solver, container) {
                let named = of_container.named.iter().map(|&(_, node)| node);
                for node in named.chain(of_container.rest).chain(of_container.all) {
                    slots.insert(node, container);
                    is_slot[node.0 as usize] = true;
                }
            }
        }
        // Few nodes are slots of lists, and all flows are looked at.
        let into_slots = solver.graph.flows_to(|to| is_slot[to.0 as usize]);
        let mut sources: FxHashMap<ValueId, Vec<(NodeId, NodeId)>> = FxHashMap::default();
        for (from, to) in into_slots {
            if let Some(&container) = slots.get(&to)
                && slots.get(&from) != Some(&container)
            {
                sources.entry(container).or_default().push((from, to));
            }
        }
        let mut filling = Filling {
            sources,
            adding: FxHashMap::default(),
            assigned: FxHashMap::default(),
            adders: FxHashMap::default(),
        };
        for number in 0..solver.program.func_count() as u32 {
            let func = FuncId(number);
            if !solver.instances(func).is_empty() {
                filling.read(solver, func);
            }
        }
        filling
    }

    /// Whether a callee is read, where it is called, under the name of a method that adds to a list or set. What is called in
    /// another way adds in a way that is not known.
    fn may_add(&mut self, solver: &Solver<'_>, func: FuncId, callee: VarId) -> bool {
        let ir = solver.program.func(func);
        let VarDef::Instr(index) = ir.vars[origin_of(ir, callee).0 as usize].def else { return false };
        let Op::LoadAttr { name, .. } = ir.instrs[index as usize].op else { return false };
        let name = solver.program.file_of(func).names[name.0 as usize];
        *self.adders.entry(name).or_insert_with(|| {
            let adds = |class: &str| added_at(solver, &format!("{class}.{}", solver.text(name))).is_some();
            adds("builtins.list") || adds("builtins.set")
        })
    }

    /// Notes what the instructions of a function add.
    fn read(&mut self, solver: &Solver<'_>, func: FuncId) {
        for (index, instr) in (0..).zip(&solver.program.func(func).instrs) {
            match instr.op {
                Op::StoreSub { obj, src, .. } => {
                    for &inst in solver.instances(func) {
                        let assigned = self.assigned.entry(solver.var(inst, src)).or_default();
                        assigned.push((Origin { inst, index }, obj, src));
                    }
                }
                Op::Call { callee, ref args, .. } if self.may_add(solver, func, callee) => {
                    for &inst in solver.instances(func) {
                        let callees = solver.graph.values(solver.var(inst, callee));
                        if let Some(added) = callees.iter().find_map(|&callee| added_by(solver, callee, args))
                        {
                            let adding = self.adding.entry(solver.var(inst, added)).or_default();
                            adding.push((Origin { inst, index }, callee, added));
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

fn is_list(solver: &Solver<'_>, value: ValueId) -> bool {
    matches!(solver.values.get(value), Value::Obj(ObjKind::List | ObjKind::Set, ..))
}

fn is_container(solver: &Solver<'_>, value: ValueId) -> bool {
    let kind = match solver.values.get(value) {
        Value::Obj(kind, ..) => kind,
        _ => return false,
    };
    matches!(kind, ObjKind::List | ObjKind::Set | ObjKind::Tuple | ObjKind::Dict)
}

/// The argument that a method of a library adds to what it is called on.
fn added_at(solver: &Solver<'_>, path: &str) -> Option<u32> {
    solver.models.get(path)?.does.iter().find_map(|term| match term {
        Term::Apply(word, terms) if word == "append" => match terms.as_slice() {
            [Term::Apply(to, _), Term::Arg(position, _)] if to == "self" => *position,
            _ => None,
        },
        _ => None,
    })
}

/// The argument that a call of a callee adds to the list that the callee is a method of.
fn added_by(solver: &Solver<'_>, callee: ValueId, args: &[Arg]) -> Option<VarId> {
    let Value::ExtMethod(container, path) = solver.values.get(callee) else { return None };
    if !is_list(solver, container) {
        return None;
    }
    let position = added_at(solver, solver.text(path))?;
    match args.get(position as usize)? {
        Arg::Pos(var) if !args.iter().any(|arg| matches!(arg, Arg::Star(_))) => Some(*var),
        _ => None,
    }
}

/// The variable that another is a copy of, or a part by narrowing.
fn origin_of(ir: &FuncIr, var: VarId) -> VarId {
    let mut var = var;
    // A variable is defined once, so the chain of copies ends.
    while let VarDef::Instr(index) = ir.vars[var.0 as usize].def
        && let Op::Copy { src, .. } | Op::Narrow { src, .. } = ir.instrs[index as usize].op
    {
        var = src;
    }
    var
}

impl Solver<'_> {
    /// Makes what [`Solver::element_gates`] reads, before several threads ask for it and all wait for the first.
    pub fn prepare_elements(&self) {
        self.filling.get_or_init(|| Filling::new(self));
    }

    /// The conditions under which an instance is entered because of the elements that it is passed: every call passes for some
    /// parameter an element of a list, and these lists hold elements of that class only under these conditions.
    pub fn element_gates(&self, inst: InstId) -> Vec<String> {
        let mut gates = Vec::new();
        for &(param, key) in &self.insts[inst.0 as usize].context {
            if !matches!(self.values.get(key), Value::AnyOf(_)) {
                continue;
            }
            let edges = self.entering(inst).iter().map(|&index| &self.edges[index as usize]);
            let of_calls = edges.map(|edge| {
                let argument = self.passed_by(edge, param)?;
                self.gates_of_element(edge.from.inst, argument, key)
            });
            gates.extend(common(of_calls).unwrap_or_default());
        }
        gates
    }

    /// The conditions under which a variable is an element of a class, if it is an element of lists.
    fn gates_of_element(&self, inst: InstId, var: VarId, key: ValueId) -> Option<Vec<String>> {
        let ir = self.program.func(self.insts[inst.0 as usize].func);
        let VarDef::Instr(index) = ir.vars[origin_of(ir, var).0 as usize].def else { return None };
        let Op::Iter { src, .. } = ir.instrs[index as usize].op else { return None };
        let mut ways = Vec::new();
        for &container in self.graph.values(self.var(inst, src)) {
            match self.values.get(container) {
                Value::Obj(ObjKind::List | ObjKind::Set, ..) => {
                    if self.elements(container).iter().any(|&element| self.is_of(element, key)) {
                        ways.extend(self.additions(container, key)?);
                    }
                }
                // What these hold is nothing that the program makes.
                Value::None | Value::Setting(_) | Value::Data | Value::Opaque | Value::Unknown => {}
                _ => return None,
            }
        }
        ways.retain(|&(at, _)| !self.never_runs(at));
        common(ways.into_iter().map(|(at, element)| {
            let mut gates = self.gates(at);
            gates.extend(self.asked_gates(at, element, key));
            Some(gates)
        }))
    }

    fn is_of(&self, value: ValueId, key: ValueId) -> bool {
        matches!((self.values.get(value), self.values.get(key)),
            (Value::Inst(class, _), Value::AnyOf(wanted)) if class == wanted)
    }

    /// The calls that add elements of a class to a list: where, and what is added. None if they may come into it in another way.
    fn additions(&self, container: ValueId, key: ValueId) -> Option<Vec<(Origin, VarId)>> {
        let filling = self.filling.get_or_init(|| Filling::new(self));
        let holds = |node: NodeId| self.graph.values(node).iter().any(|&value| self.is_of(value, key));
        let Value::Obj(_, site, maker) = self.values.get(container) else { return None };
        // A display flows from the same variables as calls do.
        let Op::MakeSeq { ref items, comprehension: false, .. } = *self.made_by(site)? else { return None };
        if items.iter().any(|&(item, starred)| starred || holds(self.var(maker, item))) {
            return None;
        }
        let mut found = Vec::new();
        for &(source, _) in filling.sources.get(&container)? {
            if !holds(source) {
                continue;
            }
            let before = found.len();
            found.extend(self.calls_adding(filling, source, container));
            if found.len() == before {
                return None;
            }
        }
        Some(found)
    }

    /// The instruction that makes what is made at a site, if it is one of the program.
    pub(super) fn made_by(&self, site: AllocSite) -> Option<&Op> {
        let is_known = (site.func as usize) < self.program.func_count();
        let func = is_known.then(|| self.program.func(FuncId(site.func)))?;
        func.instrs.get(site.index as usize).map(|instr| &instr.op)
    }

    /// The calls that add what is at a node to a container.
    fn calls_adding(&self, filling: &Filling, source: NodeId, container: ValueId) -> Vec<(Origin, VarId)> {
        let adds =
            |&callee: &ValueId| matches!(self.values.get(callee), Value::ExtMethod(to, _) if to == container);
        let calls = filling.adding.get(&source).into_iter().flatten();
        let adding =
            calls.filter(|(at, callee, _)| self.graph.values(self.var(at.inst, *callee)).iter().any(adds));
        adding.map(|&(at, _, added)| (at, added)).collect()
    }

    /// The ways in which a value comes into a slot of a container, or into any of its slots: where, and the variable that is put
    /// there. None if it may come there in another way.
    pub(super) fn ways_into(
        &self,
        container: ValueId,
        slot: Option<NodeId>,
        value: ValueId,
    ) -> Option<Vec<(Origin, VarId)>> {
        let filling = self.filling.get_or_init(|| Filling::new(self));
        let Value::Obj(_, site, maker) = self.values.get(container) else { return None };
        if !is_container(self, container) {
            return None;
        }
        let display: SmallVec<[VarId; 8]> = match self.made_by(site)? {
            Op::MakeSeq { items, .. } => {
                items.iter().filter(|(_, starred)| !starred).map(|&(item, _)| item).collect()
            }
            Op::MakeDict { items, .. } => {
                items.iter().filter(|(key, _)| key.is_some()).map(|&(_, item)| item).collect()
            }
            _ => return None,
        };
        let made = Origin { inst: maker, index: site.index };
        let mut found = Vec::new();
        // What stands under a key that is not known may stand under each.
        let rest = self.slots.get(container)?.rest;
        for &(source, to) in filling.sources.get(&container)? {
            if slot.is_some_and(|slot| slot != to && rest != Some(to)) || !self.graph.contains(source, value)
            {
                continue;
            }
            let before = found.len();
            let shown = display.iter().filter(|&&item| self.var(maker, item) == source);
            found.extend(shown.map(|&item| (made, item)));
            found.extend(self.calls_adding(filling, source, container));
            let assigning = filling.assigned.get(&source).into_iter().flatten();
            let into =
                assigning.filter(|(at, obj, _)| self.graph.contains(self.var(at.inst, *obj), container));
            found.extend(into.map(|&(at, _, src)| (at, src)));
            let followed = &found[before..];
            if followed.is_empty()
                || followed.iter().any(|&way| self.is_put_elsewhere(way, followed, container))
            {
                return None;
            }
        }
        Some(found)
    }

    /// Whether the function of a way into a container passes the same variable to another call that may put it there.
    fn is_put_elsewhere(
        &self,
        (at, put): (Origin, VarId),
        followed: &[(Origin, VarId)],
        container: ValueId,
    ) -> bool {
        let ir = self.program.func(self.insts[at.inst.0 as usize].func);
        let node = self.var(at.inst, put);
        (0..).zip(&ir.instrs).any(|(index, instr)| {
            let Op::Call { callee, ref args, .. } = instr.op else { return false };
            let passes = args.iter().any(|arg| self.var(at.inst, arg.var()) == node);
            let is_way = followed.iter().any(|&(way, _)| way == (Origin { inst: at.inst, index }));
            let reaches = || {
                let callees = self.graph.values(self.var(at.inst, callee)).iter();
                let on_it = callees.copied().any(
                    |callee| matches!(self.values.get(callee), Value::ExtMethod(to, _) if to == container),
                );
                on_it || args.iter().any(|arg| self.graph.contains(self.var(at.inst, arg.var()), container))
            };
            passes && !is_way && reaches()
        })
    }

    /// The conditions that are asked of an element of a class before it is added.
    fn asked_gates(&self, at: Origin, element: VarId, key: ValueId) -> Vec<String> {
        let scope = Scope::Inst(at.inst);
        let mut gates = Vec::new();
        for guard in self.guards_in(scope, at.index) {
            if self.guard_binds(scope, guard) {
                self.collect_asked(at.inst, (&guard.cond, guard.holds), (element, key), &mut gates);
            }
        }
        gates
    }

    fn collect_asked(
        &self,
        inst: InstId,
        (cond, holds): (&Cond, bool),
        element: (VarId, ValueId),
        out: &mut Vec<String>,
    ) {
        match (cond, holds) {
            (Cond::Not(inner), _) => self.collect_asked(inst, (inner, !holds), element, out),
            (Cond::And(parts), true) | (Cond::Or(parts), false) => {
                for part in parts {
                    self.collect_asked(inst, (part, holds), element, out);
                }
            }
            (Cond::Truthy(var), _) => {
                if let Some(answer) = self.answer(inst, *var, element) {
                    let gate = if holds { answer.to_owned() } else { gate::negated(answer) };
                    out.extend(gate::claims(&gate).into_iter().map(str::to_owned));
                }
            }
            _ => {}
        }
    }

    /// The setting that a variable is if it is what a method of an element returns, where the element is of a class.
    fn answer(&self, inst: InstId, var: VarId, (element, key): (VarId, ValueId)) -> Option<&str> {
        let ir = self.program.func(self.insts[inst.0 as usize].func);
        let defined = |var: VarId| match ir.vars[origin_of(ir, var).0 as usize].def {
            VarDef::Instr(index) => Some((index, &ir.instrs[index as usize].op)),
            _ => None,
        };
        let (index, &Op::Call { callee, .. }) = defined(var)? else { return None };
        let (_, &Op::LoadAttr { obj, .. }) = defined(callee)? else { return None };
        if origin_of(ir, obj) != origin_of(ir, element) {
            return None;
        }
        let is_method = |&callee: &ValueId| matches!(self.values.get(callee), Value::Bound(..));
        if !self.graph.values(self.var(inst, callee)).iter().all(is_method) {
            return None;
        }
        let from = Origin { inst, index };
        let mut settings = Vec::new();
        for edge in self.leaving(from) {
            let entered = &self.insts[edge.to.0 as usize];
            if entered.context.first() == Some(&(0, key)) {
                settings.push(self.setting_of(self.graph.values(entered.ret), |_| true)?);
            }
        }
        settings.dedup();
        match settings[..] {
            [setting] if !setting.ends_with(gate::SOME_PART) => Some(setting),
            _ => None,
        }
    }
}

/// What some sets of conditions have in common; none if one is not known, or if there are none.
fn common(sets: impl Iterator<Item = Option<Vec<String>>>) -> Option<Vec<String>> {
    let mut common = Common::default();
    for set in sets {
        common.add(set?);
    }
    common.known()
}
