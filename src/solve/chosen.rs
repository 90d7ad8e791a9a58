//! Choices: under which conditions a variable holds a value.
//!
//! `f = send if features.X else skip` makes a call of `f` enter `send` under a condition that stands nowhere around the call. So the
//! ways in which a value comes into a variable are followed backwards, along what is written: assignments of variables, modules
//! and attributes, what functions return, what is passed, what tables hold. What all ways have in common holds whenever the
//! variable has the value. A way that is not followed has nothing in common with the others.

use super::class::ClassInfo;
use super::closure::Scope;
use super::condition::Asking;
use super::gate::{self, Common};
use super::graph::NodeId;
use super::value::{ClassDef, InstId, ObjKind, Value, ValueId};
use super::{CallEdge, Inst, Origin, Solver};
use crate::ir::{Arg, Cond, Op, ScopeKind, VarDef, VarId};
use crate::link::{FuncId, Name};

/// Choices of choices are followed so deep: `elif` after `elif` is one choice.
pub(super) const CHOICES: u8 = 8;

impl Solver<'_> {
    /// The conditions under which a variable holds a value.
    pub fn chosen_under(&self, inst: InstId, var: VarId, value: ValueId) -> Vec<String> {
        self.chosen(inst, var, value, CHOICES).unwrap_or_default()
    }

    /// The conditions under which a variable holds the function that is entered; none if several of its values enter it.
    pub fn chosen_to_enter(&self, inst: InstId, var: VarId, entered: &Inst) -> Vec<String> {
        self.chosen_entering(inst, var, entered, CHOICES)
    }

    fn chosen_entering(&self, inst: InstId, var: VarId, entered: &Inst, depth: u8) -> Vec<String> {
        if !self.may_be_chosen(inst, var) {
            return Vec::new();
        }
        let enters = |&&value: &&ValueId| {
            let function = match self.values.get(value) {
                Value::Bound(_, function) => function,
                _ => value,
            };
            self.values.get(function) == Value::Func(entered.func, entered.env)
        };
        let mut values = self.graph.values(self.var(inst, var)).iter().filter(enters);
        match (values.next(), values.next()) {
            (Some(&value), None) => self.chosen(inst, var, value, depth).unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    /// Whether a variable may hold what it holds by a choice. What is read from elsewhere and is only one thing was not chosen.
    pub fn may_be_chosen(&self, inst: InstId, var: VarId) -> bool {
        let ir = self.program.func(self.insts[inst.0 as usize].func);
        match ir.vars[var.0 as usize].def {
            VarDef::Join => true,
            VarDef::Instr(index) => match ir.instrs[index as usize].op {
                Op::Copy { .. }
                | Op::Narrow { .. }
                | Op::LoadSub { .. }
                | Op::Iter { .. }
                | Op::Call { .. } => true,
                Op::LoadGlobal { .. } | Op::LoadFree { .. } => {
                    self.graph.values(self.var(inst, var)).len() > 1
                }
                Op::LoadAttr { .. } => self.is_unbound_choice(inst, var),
                _ => false,
            },
            VarDef::Param(_) | VarDef::Cell => false,
        }
    }

    /// Whether a variable holds one of several classes and functions that are no methods.
    fn is_unbound_choice(&self, inst: InstId, var: VarId) -> bool {
        let values = self.graph.values(self.var(inst, var));
        let is_unbound =
            |&value: &ValueId| matches!(self.values.get(value), Value::Class(..) | Value::Func(..));
        values.len() > 1 && values.iter().all(is_unbound)
    }

    /// The conditions under which a variable holds a value; none if it holds it never.
    pub(super) fn chosen(&self, inst: InstId, var: VarId, value: ValueId, depth: u8) -> Option<Vec<String>> {
        if self.is_root(inst) {
            return Some(Vec::new());
        }
        if !self.graph.contains(self.var(inst, var), value) {
            return None;
        }
        let Some(deeper) = depth.checked_sub(1) else { return Some(Vec::new()) };
        let func = self.insts[inst.0 as usize].func;
        let ir = self.program.func(func);
        match ir.vars[var.0 as usize].def {
            VarDef::Instr(index) => match ir.instrs[index as usize].op {
                Op::Copy { src, .. } | Op::Narrow { src, .. } => {
                    let mut gates = self.chosen(inst, src, value, deeper)?;
                    gates.extend(self.gates_within(Origin { inst, index }, deeper));
                    Some(gates)
                }
                Op::LoadGlobal { .. } | Op::ImportFrom { .. } => {
                    let stores = self
                        .global_behind(func, index)
                        .and_then(|(module, name)| self.stores_of(module, name));
                    Some(stores.map_or(Vec::new(), |stores| self.under_all(&stores, value, deeper)))
                }
                Op::LoadFree { levels, cell, .. } => {
                    let copies = self.copies_into_cell(inst, levels, cell);
                    Some(copies.map_or(Vec::new(), |copies| self.under_all(&copies, value, deeper)))
                }
                Op::LoadAttr { obj, name, .. } if self.is_unbound_choice(inst, var) => {
                    let name = self.program.file_of(func).names[name.0 as usize];
                    let stores = self.stores_behind(inst, obj, name);
                    Some(stores.map_or(Vec::new(), |stores| self.under_all(&stores, value, deeper)))
                }
                Op::Call { callee, .. } => Some(match self.choice(inst, var, value) {
                    Some(choice) => vec![choice],
                    None => self.returned_under(Origin { inst, index }, callee, value, deeper),
                }),
                Op::LoadSub { obj, key, .. } => Some(match self.choice(inst, var, value) {
                    Some(choice) => vec![choice],
                    None => self.held_under((inst, obj), Some(key), value, deeper),
                }),
                Op::Iter { src, .. } => Some(self.held_under((inst, src), None, value, deeper)),
                _ => Some(self.choice(inst, var, value).into_iter().collect()),
            },
            VarDef::Join => {
                let copies = (0..).zip(&ir.instrs).filter_map(|(index, instr)| match instr.op {
                    Op::Copy { dst, src } if dst == var => Some((Origin { inst, index }, src)),
                    _ => None,
                });
                self.meet_all(copies, value, deeper)
            }
            VarDef::Param(param) => Some(self.passed_under(inst, param, value, deeper)),
            VarDef::Cell => {
                let param = self.layout(func).held(var);
                Some(param.map_or(Vec::new(), |param| self.passed_under(inst, param, value, deeper)))
            }
        }
    }

    /// The assignments of an attribute of what a variable holds: of classes and their objects, and of modules. None if something
    /// else may give it to one of these.
    fn stores_behind(&self, inst: InstId, obj: VarId, name: Name) -> Option<Vec<(Origin, VarId)>> {
        let mut stores = self.stores_of_attribute(name)?;
        for &object in self.graph.values(self.var(inst, obj)) {
            let class = match self.values.get(object) {
                Value::Module(module) => {
                    stores.extend(self.stores_of(module, name)?);
                    continue;
                }
                Value::Class(..) => object,
                Value::Inst(..) => self.class_of(object)?,
                _ => return None,
            };
            if self.assigned_otherwise.contains(&object) || self.assigned_otherwise.contains(&class) {
                return None;
            }
            // A generated constructor, or a call that makes a class, assigns without an assignment.
            let is_plain = |class: ValueId| match self.values.get(class) {
                Value::Class(ClassDef::Statement(id), _) => self.program.class(id).0.decorators.is_empty(),
                Value::Ext(path) => self.text(path) == "builtins.object",
                _ => false,
            };
            if !self.possible_bases(class).all(is_plain) {
                return None;
            }
        }
        Some(stores)
    }

    /// The conditions under which what a variable holds has a value as an element, or under a key.
    fn held_under(
        &self,
        (inst, var): (InstId, VarId),
        key: Option<VarId>,
        value: ValueId,
        depth: u8,
    ) -> Vec<String> {
        // A number is a place only as long as nothing is taken out before it.
        let name = key.and_then(|key| match self.graph.values(self.var(inst, key)) {
            [key] if matches!(self.values.get(*key), Value::Str(_)) => self.known_slot_name(*key),
            _ => None,
        });
        let mut ways = Common::default();
        for &container in self.graph.values(self.var(inst, var)) {
            let put = match self.values.get(container) {
                // Its keys come out of a dict that is gone through.
                Value::Obj(ObjKind::Dict, ..) if key.is_none() => None,
                Value::Obj(..) => {
                    let slot = name.and_then(|name| self.existing_field(container, name));
                    self.ways_into(container, slot, value)
                }
                Value::Generator(made) => self.yields(made),
                // What these hold is nothing that the program makes.
                Value::None | Value::Setting(_) | Value::Data | Value::Opaque => continue,
                _ => None,
            };
            let Some(put) = put else { return Vec::new() };
            if let Some(gates) = self.meet_all(put, value, depth) {
                ways.add(gates);
            }
        }
        ways.all()
    }

    /// What a generator yields, and where; none if another one yields for it.
    fn yields(&self, inst: InstId) -> Option<Vec<(Origin, VarId)>> {
        let ir = self.ir_of(Scope::Inst(inst))?;
        if ir.instrs.iter().any(|instr| matches!(instr.op, Op::YieldFrom { .. })) {
            return None;
        }
        let yielded = (0..).zip(&ir.instrs).filter_map(|(index, instr)| match instr.op {
            Op::Yield { src, .. } => Some((Origin { inst, index }, src)),
            _ => None,
        });
        Some(yielded.collect())
    }

    /// The conditions of a call that enters an instance which is for the default of a setting that the call passes: it does so if
    /// that is what is configured.
    pub fn gates_of_constants(&self, edge: &CallEdge) -> Vec<String> {
        let mut gates = Vec::new();
        for &(param, key) in &self.insts[edge.to.0 as usize].context {
            let is_constant =
                |value| matches!(value, Value::None | Value::Bool(_) | Value::Int(_) | Value::Str(_));
            if !is_constant(self.values.get(key)) {
                continue;
            }
            let Some(argument) = self.passed_by(edge, param) else { continue };
            let Some(setting) = self.setting(edge.from.inst, argument) else { continue };
            let gate = match self.values.get(key) {
                Value::Bool(true) => setting.to_owned(),
                Value::Bool(false) => gate::negated(setting),
                _ if gate::is_condition(setting) => continue,
                Value::None => format!("{setting} is None"),
                constant => match self.constant_value_text(constant) {
                    Some(text) => format!("{setting} == {text}"),
                    None => continue,
                },
            };
            gates.extend(gate::claims(&gate).into_iter().map(str::to_owned));
        }
        gates
    }

    /// The conditions under which a call returns a value: those of what it enters, and of the ends of that which return it.
    fn returned_under(&self, at: Origin, callee: VarId, value: ValueId, depth: u8) -> Vec<String> {
        let mut ways = Common::default();
        let mut entered = Vec::new();
        for edge in self.leaving(at) {
            let to = &self.insts[edge.to.0 as usize];
            if edge.kind.is_some() {
                return Vec::new();
            }
            entered.push(Value::Func(to.func, to.env));
            if !self.graph.contains(to.ret, value) {
                continue;
            }
            let mut gates = self.chosen_entering(at.inst, callee, to, depth);
            gates.extend(self.gates_of_constants(edge));
            gates.extend(self.ends_returning(edge, value, depth));
            ways.add(gates);
        }
        // What else is called there may return it as well: a library function, a class, a function that has not returned yet.
        for &called in self.graph.values(self.var(at.inst, callee)) {
            let function = match self.values.get(called) {
                Value::Bound(_, function) => function,
                _ => called,
            };
            let is_known = match self.values.get(called) {
                Value::Class(..) => !matches!(self.values.get(value), Value::Inst(..)),
                Value::None => true,
                _ => entered.contains(&self.values.get(function)),
            };
            if !is_known {
                ways.add(self.chosen(at.inst, callee, called, depth).unwrap_or_default());
            }
        }
        ways.all()
    }

    /// The conditions that all ends of what a call enters which return a value have in common. What they ask of a parameter is asked
    /// of what this call passes for it.
    fn ends_returning(&self, edge: &CallEdge, value: ValueId, depth: u8) -> Vec<String> {
        let mut ways = Common::default();
        let scope = Scope::Inst(edge.to);
        for (at, src) in self.returns_of(edge.to) {
            if ways.is_over() || self.never_runs(at) {
                continue;
            }
            let Some(mut gates) = self.chosen(edge.to, src, value, depth) else { continue };
            gates.extend(self.gates_within(at, depth));
            let mut params = Vec::new();
            for guard in self.guards_in(scope, at.index).filter(|guard| self.guard_binds(scope, guard)) {
                self.collect_params(self.func_of(scope), (&guard.cond, guard.holds), &mut params);
            }
            for (param, truth) in params {
                if let Some(argument) = self.passed_by(edge, param) {
                    let asked = (&Cond::Truthy(argument), truth);
                    let caller = Scope::Inst(edge.from.inst);
                    self.collect_gates(caller, asked, &mut Asking::of_choice(depth), &mut gates);
                }
            }
            ways.add(gates);
        }
        ways.all()
    }

    /// What an instance returns, and where.
    pub(super) fn returns_of(&self, inst: InstId) -> Vec<(Origin, VarId)> {
        let Some(ir) = self.ir_of(Scope::Inst(inst)) else { return Vec::new() };
        let ends = (0..).zip(&ir.instrs).filter_map(|(index, instr)| match instr.op {
            Op::Return { src } => Some((Origin { inst, index }, src)),
            _ => None,
        });
        ends.collect()
    }

    /// The conditions under which calls pass a value for a parameter of an instance.
    fn passed_under(&self, inst: InstId, param: u32, value: ValueId, depth: u8) -> Vec<String> {
        let mut ways = Common::default();
        for &edge in self.entering(inst) {
            let edge = &self.edges[edge as usize];
            let Some(argument) = self.passed_by(edge, param) else { return Vec::new() };
            if ways.is_over() {
                break;
            }
            if let Some(mut gates) = self.chosen(edge.from.inst, argument, value, depth) {
                gates.extend(self.gates_within(edge.from, depth));
                ways.add(gates);
            }
        }
        ways.all()
    }

    /// The conditions that all of some assignments which assign a value have in common; none if there are none such.
    fn meet_all(
        &self,
        assignments: impl IntoIterator<Item = (Origin, VarId)>,
        value: ValueId,
        depth: u8,
    ) -> Option<Vec<String>> {
        let mut ways = Common::default();
        for (at, src) in assignments {
            if ways.is_over() || self.never_runs(at) {
                continue;
            }
            if let Some(mut gates) = self.chosen(at.inst, src, value, depth) {
                gates.extend(self.gates_within(at, depth));
                ways.add(gates);
            }
        }
        ways.known()
    }

    /// The same for assignments that are all there are. A value that none of them assigns came in a way that is not known.
    fn under_all(&self, assignments: &[(Origin, VarId)], value: ValueId, depth: u8) -> Vec<String> {
        self.meet_all(assignments.iter().copied(), value, depth).unwrap_or_default()
    }

    /// The conditions on settings of an instruction, where so many choices may still be followed.
    fn gates_within(&self, at: Origin, depth: u8) -> Vec<String> {
        let scope = Scope::Inst(at.inst);
        let Some(ir) = self.ir_of(scope) else { return Vec::new() };
        let mut gates = Vec::new();
        let guard = ir.instrs[at.index as usize].guard;
        self.collect_guards(scope, guard, &mut Asking::of_choice(depth), &mut gates);
        gates
    }

    /// The choice by a setting that makes a variable hold a class or function: `TABLE[config["KEY"]]`, or the same with
    /// `TABLE.get(config["KEY"])`.
    fn choice(&self, inst: InstId, var: VarId, chosen: ValueId) -> Option<String> {
        let (table, key, otherwise) = self.looked_up_in(inst, var)?;
        // What some part of a setting chooses, the setting chooses.
        let setting =
            gate::without_part(self.setting(inst, key).filter(|setting| !gate::is_compound(setting))?);
        let holds = |node| self.graph.contains(node, chosen);
        if otherwise.is_some_and(|var| holds(self.var(inst, var))) {
            return None;
        }
        let mut keys: Vec<String> = Vec::new();
        for &value in self.graph.values(self.var(inst, table)) {
            let Value::Obj(ObjKind::Dict, ..) = self.values.get(value) else { continue };
            for name in self.field_names(value) {
                if self.existing_field(value, name).is_some_and(holds) {
                    keys.push(format!("{:?}", self.text(name)));
                }
            }
        }
        keys.sort();
        keys.dedup();
        (!keys.is_empty()).then(|| format!("{setting} chooses {}", keys.join(" or ")))
    }

    /// Where a variable is looked up in a table: table, key, and the default of `get`.
    fn looked_up_in(&self, inst: InstId, var: VarId) -> Option<(VarId, VarId, Option<VarId>)> {
        let ir = self.program.func(self.insts[inst.0 as usize].func);
        let file = self.program.file_of(self.insts[inst.0 as usize].func);
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

    /// The conditions under which what is at a node is a value, if the node is that of a variable.
    pub fn held_at(&self, node: NodeId, value: ValueId) -> Vec<String> {
        self.variable_at(node).map_or(Vec::new(), |(inst, var)| self.chosen_under(inst, var, value))
    }

    /// The variable that has a node of its own.
    fn variable_at(&self, node: NodeId) -> Option<(InstId, VarId)> {
        // Instances get their nodes one after the other.
        let inst = self.insts.partition_point(|inst| inst.base <= node).checked_sub(1)?;
        let inst = InstId(inst as u32);
        let vars = self.ir_of(Scope::Inst(inst))?.vars.len() as u32;
        (0..vars).map(VarId).find(|&var| self.var(inst, var) == node).map(|var| (inst, var))
    }

    /// The conditions under which a function is defined, and the classes around it.
    pub fn definition_gates(&self, func: FuncId) -> Vec<String> {
        let mut gates = Vec::new();
        let mut func = func;
        while let Some(scope) = self.program.parent(func) {
            let local = self.program.local(func);
            let class = match self.program.func(func).kind {
                ScopeKind::ClassBody(class) => Some(class),
                _ => None,
            };
            let defines = |op: &Op| match *op {
                Op::MakeFunc { func, .. } => func == local,
                Op::MakeClass { class: made, .. } => Some(made) == class,
                _ => false,
            };
            let Some(index) = self.program.func(scope).instrs.iter().position(|instr| defines(&instr.op))
            else {
                break;
            };
            let mut ways = Common::default();
            for &inst in self.instances(scope) {
                ways.add(self.gates(Origin { inst, index: index as u32 }));
            }
            gates.extend(ways.all());
            // What a function defines is defined when it is called.
            if !matches!(self.program.func(scope).kind, ScopeKind::ClassBody(_)) {
                break;
            }
            func = scope;
        }
        gates
    }

    /// The conditions under which a class has another in its MRO, because its bases, or theirs, are chosen.
    pub fn gates_of_base(&self, class: ValueId, base: ValueId) -> Vec<String> {
        if class == base || !self.has_chosen_bases() {
            return Vec::new();
        }
        self.base_under(class, base, CHOICES)
    }

    /// Whether any class has a base that is chosen.
    pub fn has_chosen_bases(&self) -> bool {
        *self.chosen_bases.get_or_init(|| self.classes.values().any(ClassInfo::is_chosen))
    }

    fn base_under(&self, class: ValueId, wanted: ValueId, depth: u8) -> Vec<String> {
        let (Some(info), Some(deeper)) = (self.classes.get(&class), depth.checked_sub(1)) else {
            return Vec::new();
        };
        let at = info.place();
        let variables: Vec<VarId> = match (self.ir_of(Scope::Inst(at.inst)), at.index) {
            (Some(ir), index) => match &ir.instrs[index as usize].op {
                // What an unpacked one brings is not known.
                Op::MakeClass { bases, .. } if !bases.iter().any(|base| matches!(base, Arg::Star(_))) => {
                    positional(bases)
                }
                _ => return Vec::new(),
            },
            (None, _) => return Vec::new(),
        };
        let mut ways = Common::default();
        for (values, var) in info.bases.iter().zip(variables) {
            for &base in values.iter().filter(|&&base| self.possible_bases(base).any(|of| of == wanted)) {
                let mut gates = match values.len() {
                    1 => Vec::new(),
                    _ => self.chosen(at.inst, var, base, deeper).unwrap_or_default(),
                };
                if base != wanted {
                    gates.extend(self.base_under(base, wanted, deeper));
                }
                ways.add(gates);
            }
        }
        ways.all()
    }

    /// The edges of a call.
    pub(super) fn leaving(&self, at: Origin) -> impl Iterator<Item = &CallEdge> {
        self.edges_of(at.inst)
            .iter()
            .map(|&edge| &self.edges[edge as usize])
            .filter(move |edge| edge.from == at)
    }
}

/// The bases of a class statement that are written as one each, as [`ClassInfo::bases`] has them.
fn positional(bases: &[Arg]) -> Vec<VarId> {
    let bases = bases.iter().filter_map(|base| match *base {
        Arg::Pos(var) => Some(var),
        _ => None,
    });
    bases.collect()
}
