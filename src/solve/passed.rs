//! Where the values of parameters and of variables of other scopes come from, as it is written: which argument of a call a
//! parameter of what it enters is, which assignments a variable of a module has.
//!
//! What is known of a parameter by its values alone says nothing of how they came about: `a and b` that is passed on is either
//! operand. The argument as it is written says it, if every call that enters the instance is an ordinary one.

use super::value::{InstId, Value};
use super::{CallEdge, Origin, Solver};
use crate::ir::{Arg, FuncIr, Op, ParamKind, VarDef, VarId};
use crate::link::{File, FuncId, ModId, Name};
use rustc_hash::FxHashMap;

/// A parameter of an instance that more calls enter is taken as it comes.
const MAX_CALLS: usize = 4;

/// The calls into each instance, or out of each, those of one instance together.
pub(super) struct ByInstance {
    starts: Vec<u32>,
    /// Indices of call edges.
    edges: Vec<u32>,
}

impl ByInstance {
    fn new(instances: usize, edges: &[CallEdge], side: impl Fn(&CallEdge) -> InstId) -> ByInstance {
        let mut starts = vec![0u32; instances + 1];
        for edge in edges {
            starts[side(edge).0 as usize + 1] += 1;
        }
        for inst in 0..instances {
            starts[inst + 1] += starts[inst];
        }
        let mut next = starts.clone();
        let mut sorted = vec![0; edges.len()];
        for (index, edge) in (0..).zip(edges) {
            let slot = &mut next[side(edge).0 as usize];
            sorted[*slot as usize] = index;
            *slot += 1;
        }
        ByInstance { starts, edges: sorted }
    }

    fn of(&self, inst: InstId) -> &[u32] {
        let bound = |at: usize| self.starts.get(at).map_or(self.edges.len(), |&start| start as usize);
        &self.edges[bound(inst.0 as usize)..bound(inst.0 as usize + 1)]
    }
}

/// The assignments of variables of a module, by name: in which function, which instruction, what is assigned.
pub(super) type Stores = FxHashMap<Name, Vec<(FuncId, u32, VarId)>>;

fn stores_in(file: &File) -> Stores {
    let mut stores = Stores::default();
    for (func, ir) in (file.first_func..).map(FuncId).zip(&file.ir.funcs) {
        for (index, instr) in (0..).zip(&ir.instrs) {
            if let Op::StoreGlobal { name, src } = instr.op {
                stores.entry(file.names[name.0 as usize]).or_default().push((func, index, src));
            }
        }
    }
    stores
}

/// The assignments of attributes and of variables of class bodies, by name.
pub(super) fn attribute_stores(files: &[File]) -> Stores {
    let mut stores = Stores::default();
    for file in files {
        for (func, ir) in (file.first_func..).map(FuncId).zip(&file.ir.funcs) {
            for (index, instr) in (0..).zip(&ir.instrs) {
                if let Op::StoreAttr { name, src, .. } | Op::StoreClassName { name, src } = instr.op {
                    stores.entry(file.names[name.0 as usize]).or_default().push((func, index, src));
                }
            }
        }
    }
    stores
}

impl Solver<'_> {
    /// The calls that enter an instance.
    pub(crate) fn entering(&self, inst: InstId) -> &[u32] {
        let all =
            self.entering.get_or_init(|| ByInstance::new(self.insts.len(), &self.edges, |edge| edge.to));
        all.of(inst)
    }

    /// The calls of an instance, by index.
    pub(super) fn edges_of(&self, inst: InstId) -> &[u32] {
        let all = self
            .leaving
            .get_or_init(|| ByInstance::new(self.insts.len(), &self.edges, |edge| edge.from.inst));
        all.of(inst)
    }

    /// The variable, at the place of a call, that a parameter of what the call enters is bound to. None for a default, and for
    /// all that is not written as an argument of its own.
    pub(crate) fn passed_by(&self, edge: &CallEdge, param: u32) -> Option<VarId> {
        if edge.kind.is_some() || self.is_root(edge.from.inst) {
            return None;
        }
        let caller = self.insts[edge.from.inst.0 as usize].func;
        let Op::Call { callee, ref args, .. } = self.program.func(caller).instrs[edge.from.index as usize].op
        else {
            return None;
        };
        let entered = &self.insts[edge.to.0 as usize];
        let is_entered = |function| self.values.get(function) == Value::Func(entered.func, entered.env);
        let mut receivers: Option<usize> = None;
        for &value in self.graph.values(self.var(edge.from.inst, callee)) {
            let takes = match self.values.get(value) {
                Value::Func(..) if is_entered(value) => 0,
                Value::Bound(_, function) if is_entered(function) => 1,
                Value::Func(..) | Value::Bound(..) => continue,
                // What else is called there may enter the same function in a way of its own.
                _ => return None,
            };
            if receivers.is_some_and(|known| known != takes) {
                return None;
            }
            receivers = Some(takes);
        }
        let position = (param as usize).checked_sub(receivers?)?;
        let taken = self.program.func(entered.func).params.get(param as usize)?;
        let name = self.program.file_of(entered.func).names[taken.name.0 as usize];
        let names = &self.program.file_of(caller).names;
        let mut positional = 0;
        let mut found = None;
        for arg in args {
            match *arg {
                Arg::Pos(var) => {
                    if positional == position && taken.kind != ParamKind::KeywordOnly {
                        found = Some(var);
                    }
                    positional += 1;
                }
                Arg::Kw(keyword, var) => {
                    if names[keyword.0 as usize] == name {
                        found = Some(var);
                    }
                }
                Arg::Star(_) | Arg::DoubleStar(_) => return None,
            }
        }
        found.filter(|_| !matches!(taken.kind, ParamKind::VarArgs | ParamKind::KwArgs))
    }

    /// The parameter that a variable is, here or in an enclosing function.
    pub(super) fn parameter(&self, inst: InstId, var: VarId) -> Option<(InstId, u32)> {
        let (mut inst, mut var) = (inst, var);
        loop {
            if inst == InstId::NONE || self.is_root(inst) {
                return None;
            }
            let func = self.insts[inst.0 as usize].func;
            let ir = self.program.func(func);
            match ir.vars[var.0 as usize].def {
                VarDef::Param(param) => return Some((inst, param)),
                VarDef::Cell => return Some((inst, self.layout(func).held(var)?)),
                // A variable is defined once, and environments nest, so this ends.
                VarDef::Instr(index) => match ir.instrs[index as usize].op {
                    Op::Copy { src, .. } | Op::Narrow { src, .. } => var = src,
                    Op::LoadFree { levels, cell, .. } => (inst, var) = (self.env(inst, levels), cell),
                    _ => return None,
                },
                VarDef::Join => return None,
            }
        }
    }

    /// What is passed for the parameter that a variable is: for each call that enters its instance, the caller and the variable
    /// there. None if the variable is no parameter, or some call passes it in a way that is not followed.
    pub(super) fn passed_for(&self, inst: InstId, var: VarId) -> Option<Vec<(InstId, VarId)>> {
        let (inst, param) = self.parameter(inst, var)?;
        let entering = self.entering(inst);
        if entering.is_empty() || entering.len() > MAX_CALLS {
            return None;
        }
        let edges = entering.iter().map(|&index| &self.edges[index as usize]);
        edges.map(|edge| Some((edge.from.inst, self.passed_by(edge, param)?))).collect()
    }

    /// The variable of a module that an instruction reads: by its name, or by importing it from there.
    pub(crate) fn global_behind(&self, func: FuncId, index: u32) -> Option<(ModId, Name)> {
        let file = self.program.file_of(func);
        match self.program.func(func).instrs[index as usize].op {
            Op::LoadGlobal { name, .. } => Some((file.module, file.names[name.0 as usize])),
            Op::ImportFrom { level, module, name, .. } => {
                let written = self.text(file.names[module.0 as usize]);
                let dotted = self.program.absolute(file.module, level, written)?;
                let from = self.program.module(self.program.names.find(&dotted)?)?;
                Some((from, file.names[name.0 as usize]))
            }
            _ => None,
        }
    }

    /// The assignments of a variable of a module: where each stands, and what it assigns. None if something else may write it.
    pub(crate) fn stores_of(&self, module: ModId, name: Name) -> Option<Vec<(Origin, VarId)>> {
        let node = self.globals.get(&(module, name))?;
        if self.written_from_outside.contains(node) {
            return None;
        }
        let file = self.program.modules[module.0 as usize].file? as usize;
        let of_file = self.stores[file].get_or_init(|| stores_in(&self.program.files[file]));
        let mut stores = Vec::new();
        for &(func, index, src) in of_file.get(&name).into_iter().flatten() {
            stores.extend(self.instances(func).iter().map(|&inst| (Origin { inst, index }, src)));
        }
        Some(stores)
    }

    /// The same for the attributes of a name, whatever they are attributes of. None if `setattr` is given the name.
    pub(crate) fn stores_of_attribute(&self, name: Name) -> Option<Vec<(Origin, VarId)>> {
        if self.assigned_by_name.contains(&name) {
            return None;
        }
        let all = self.attribute_stores.get_or_init(|| attribute_stores(&self.program.files));
        let mut stores = Vec::new();
        for &(func, index, src) in all.get(&name).into_iter().flatten() {
            stores.extend(self.instances(func).iter().map(|&inst| (Origin { inst, index }, src)));
        }
        Some(stores)
    }

    /// The same for a variable of an enclosing function. None if it is a parameter, or if a nested function writes it.
    pub(crate) fn copies_into_cell(
        &self,
        inst: InstId,
        levels: u32,
        cell: VarId,
    ) -> Option<Vec<(Origin, VarId)>> {
        let owner = self.env(inst, levels);
        if owner == InstId::NONE || self.is_root(owner) {
            return None;
        }
        let func = self.insts[owner.0 as usize].func;
        let ir = self.program.func(func);
        let funcs = &self.program.file_of(func).ir.funcs;
        let local = self.program.local(func);
        // Variables are numbered within their function, so whose variable a nested function writes is asked as well.
        let is_owner = |nested: &FuncIr, levels: u32| {
            let outer = |inner: &FuncIr| funcs.get(inner.parent?.0 as usize);
            let below = (1..levels).try_fold(nested, |inner, _| outer(inner));
            below.is_none_or(|below| below.parent == Some(local))
        };
        let written_inside = funcs.iter().any(|nested| {
            nested.instrs.iter().any(|instr| {
                matches!(instr.op, Op::StoreFree { levels, cell: written, .. }
                    if written == cell && is_owner(nested, levels))
            })
        });
        if ir.vars[cell.0 as usize].def != VarDef::Cell || written_inside {
            return None;
        }
        let mut copies = Vec::new();
        for (index, instr) in (0..).zip(&ir.instrs) {
            match instr.op {
                Op::Copy { dst, src } if dst == cell => match ir.vars[src.0 as usize].def {
                    VarDef::Param(_) => return None,
                    _ => copies.push((Origin { inst: owner, index }, src)),
                },
                _ => {}
            }
        }
        Some(copies)
    }
}
