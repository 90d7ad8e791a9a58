//! Who holds a queue: where the instances are created whose methods use it.

use crate::ir::{Op, ScopeKind};
use crate::link::FuncId;
use crate::solve::value::{AllocSite, InstId, Value, ValueId};
use crate::solve::{Origin, ROOT_FUNC, Solver};
use rustc_hash::FxHashMap;

/// The key of the receiver of the method that an origin stands in. The first parameter of a plain function is none.
pub(super) fn receiver(solver: &Solver<'_>, at: Origin) -> Option<ValueId> {
    let inst = &solver.insts[at.inst.0 as usize];
    let body = solver.program.parent(inst.func)?;
    let ScopeKind::ClassBody(_) = solver.program.func(body).kind else { return None };
    inst.context.iter().find(|&&(parameter, _)| parameter == 0).map(|&(_, key)| key)
}

/// The instances of the solution by the class key that methods are cloned on, and function instances by function.
pub(super) struct Holders {
    objects: FxHashMap<ValueId, Vec<(ValueId, AllocSite)>>,
    insts: FxHashMap<FuncId, Vec<InstId>>,
    constructors: FxHashMap<ValueId, Vec<InstId>>,
}

impl Holders {
    /// Collects them from a solution.
    pub(super) fn new(solver: &Solver<'_>) -> Holders {
        let mut objects: FxHashMap<ValueId, Vec<(ValueId, AllocSite)>> = FxHashMap::default();
        for id in 0..solver.values.len() as u32 {
            let Value::Inst(key, site) = solver.values.get(ValueId(id)) else { continue };
            if let Some(any) = solver.values.find(&Value::AnyOf(key)) {
                objects.entry(any).or_default().push((ValueId(id), site));
            }
        }
        let mut insts: FxHashMap<FuncId, Vec<InstId>> = FxHashMap::default();
        let mut constructors: FxHashMap<ValueId, Vec<InstId>> = FxHashMap::default();
        for (id, inst) in (0..).map(InstId).zip(&solver.insts) {
            insts.entry(inst.func).or_default().push(id);
            if let Some(receiver) = solver.constructs(id) {
                constructors.entry(receiver).or_default().push(id);
            }
        }
        Holders { objects, insts, constructors }
    }

    /// The instances of `__init__` that made an object.
    pub(super) fn constructors_of(&self, solver: &Solver<'_>, object: ValueId) -> &[InstId] {
        let any = solver.class_key_of(object).and_then(|key| solver.values.find(&Value::AnyOf(key)));
        any.and_then(|any| self.constructors.get(&any)).map_or(&[], Vec::as_slice)
    }

    /// Where the instances are created whose method the origin stands in; the origin itself if it stands in no
    /// method, or if nothing in the program creates them.
    pub(super) fn begin(&self, solver: &Solver<'_>, at: Origin) -> Vec<Origin> {
        let key = receiver(solver, at);
        let objects = key.and_then(|key| self.objects.get(&key)).map_or(&[][..], Vec::as_slice);
        let mut origins: Vec<Origin> =
            objects.iter().flat_map(|&(object, site)| self.creating(solver, object, site)).collect();
        if origins.is_empty() {
            origins.push(at);
        }
        origins
    }

    /// The instances of the creating function in which the object comes out of the creating call: a helper that is
    /// given the class makes another object in each of its contexts.
    fn creating(&self, solver: &Solver<'_>, object: ValueId, site: AllocSite) -> Vec<Origin> {
        let func = FuncId(site.func);
        if func == ROOT_FUNC {
            return Vec::new();
        }
        let Some(Op::Call { dst, .. }) =
            solver.program.func(func).instrs.get(site.index as usize).map(|i| &i.op)
        else {
            return Vec::new();
        };
        let insts = self.insts.get(&func).map_or(&[][..], Vec::as_slice);
        insts
            .iter()
            .filter(|inst| solver.graph.contains(solver.var(**inst, *dst), object))
            .map(|&inst| Origin { inst, index: site.index })
            .collect()
    }
}
