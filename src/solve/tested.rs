//! Parameters that are only passed on to a function that tests them.
//!
//! A function is cloned on constants in the parameters that it tests ([`crate::ir::Param::tested`]). One that hands a parameter
//! on as it came, to a parameter that is tested, decides by it as well, over any number of calls. Calls are followed as far as
//! names alone tell what they enter: functions of the module, imported ones, those of an imported module, and methods of the
//! class itself through `self`. That is no part of solving: a call that is not followed costs precision, nothing else.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::namespace::{Names, unchanged};
use crate::ir::{Arg, Op, VarDef, VarId};
use crate::link::{File, FuncId, Program};

/// A parameter: its function and its index.
type Parameter = (FuncId, u32);

/// The parameters that are passed on, directly or over others, to one that is tested: for each function a bit set.
pub(super) fn passed_on(program: &Program, names: &Names<'_>) -> Vec<u32> {
    let of_file = |file: &File| {
        let mut passed: Vec<(Parameter, Parameter)> = Vec::new();
        for (func, ir) in (file.first_func..).map(FuncId).zip(&file.ir.funcs) {
            if ir.params.is_empty() {
                continue;
            }
            for instr in &ir.instrs {
                if let Op::Call { callee, args, .. } = &instr.op {
                    names.call(file, func, (*callee, &**args), &mut passed);
                }
            }
        }
        passed
    };
    let passed: Vec<Vec<(Parameter, Parameter)>> = program.files.par_iter().map(of_file).collect();
    // From a parameter to those that are passed on to it.
    let mut feeders: FxHashMap<Parameter, Vec<Parameter>> = FxHashMap::default();
    for (to, from) in passed.into_iter().flatten() {
        feeders.entry(to).or_default().push(from);
    }
    let tested = |&(func, index): &Parameter| program.func(func).params[index as usize].tested;
    let mut open: Vec<Parameter> = feeders.keys().copied().filter(tested).collect();
    let mut found = vec![0u32; program.func_count()];
    while let Some(parameter) = open.pop() {
        for &feeder in feeders.get(&parameter).into_iter().flatten() {
            let (func, index) = feeder;
            let Some(bit) = 1u32.checked_shl(index) else { continue };
            let set = &mut found[func.0 as usize];
            if !tested(&feeder) && *set & bit == 0 {
                *set |= bit;
                open.push(feeder);
            }
        }
    }
    found
}

impl Names<'_> {
    /// Notes which parameters of a function one of its calls passes on (second), and to which (first).
    fn call(
        &self,
        file: &File,
        func: FuncId,
        (callee, args): (VarId, &[Arg]),
        passed: &mut Vec<(Parameter, Parameter)>,
    ) {
        let ir = self.program.func(func);
        let param = |var: VarId| match ir.vars[unchanged(ir, var).0 as usize].def {
            VarDef::Param(index) => Some(index),
            _ => None,
        };
        if !args.iter().any(|arg| matches!(arg, Arg::Pos(var) | Arg::Kw(_, var) if param(*var).is_some())) {
            return;
        }
        let Some((target, offset)) = self.entered(file, ir, callee) else { return };
        for (to, var) in self.taken_by(file, args, target, offset) {
            passed.extend(param(var).map(|from| ((target, to), (func, from))));
        }
    }
}
