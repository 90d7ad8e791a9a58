//! The solution, to be looked at from outside: which instances there are, what their variables may be, what enters what.
//!
//! Nothing here says how the solver stores it. Scans have no use for it; the specification in `tests/specification` is held
//! against it.

use super::flags::Flags;
use super::forward::Forwards;
use super::given::ToldApart;
use super::value::{InstId, ValueId};
use super::{Origin, ROOT_FUNC, Solver};
use crate::ir::VarId;
use crate::link::FuncId;

/// An instance of a function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Observed {
    /// The function.
    pub func: FuncId,
    /// The instance that its free variables live in, none for a module body.
    pub env: Option<InstId>,
    /// What its parameters are bound to, by index; under `u32::MAX` the call site and under [`super::shape::SHAPE`] the
    /// shape of the call, where they count.
    pub context: Vec<(u32, ValueId)>,
}

impl Solver<'_> {
    /// The instances of the program's functions; what stands for a framework is none.
    pub fn observed_instances(&self) -> impl Iterator<Item = (InstId, Observed)> + '_ {
        let all = (0..).map(InstId).zip(&self.insts).filter(|(_, inst)| inst.func != ROOT_FUNC);
        all.map(|(id, inst)| {
            let env = (inst.env != InstId::NONE).then_some(inst.env);
            (id, Observed { func: inst.func, env, context: inst.context.to_vec() })
        })
    }

    /// What a variable of an instance may be, sorted: nothing if no instruction that the context leaves assigns it.
    pub fn observed_values(&self, inst: InstId, var: VarId) -> Vec<ValueId> {
        let mut values = self.graph.values(self.var(inst, var)).to_vec();
        values.sort_unstable();
        values
    }

    /// The call graph between instances: which instruction enters which, in the order of discovery.
    pub fn observed_edges(&self) -> impl Iterator<Item = (Origin, InstId)> + '_ {
        self.edges.iter().map(|edge| (edge.from, edge.to))
    }

    /// For each function what it passes on unpacked. That is known before anything is solved.
    pub fn observed_forwards(&self) -> &[Option<Box<Forwards>>] {
        &self.forwards
    }

    /// The parameters that a function passes on to where they are tested, as a bit set. That is known before anything is solved.
    pub fn observed_passed_on(&self, func: FuncId) -> u32 {
        self.passed_on[func.0 as usize]
    }

    /// What is known of attributes that hold constants. That is known before anything is solved.
    pub fn observed_flags(&self) -> &Flags {
        &self.flags
    }

    /// By function, whether it registers something. That is known before anything is solved.
    pub fn observed_registering(&self) -> &[bool] {
        &self.registering
    }

    /// What tells the objects apart that a constructor makes. That is known before anything is solved.
    pub fn observed_told_apart(&self) -> &ToldApart {
        &self.told_apart
    }
}
