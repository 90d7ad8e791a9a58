//! Whether something unknown comes out of a module that is imported by a computed name.

use super::calls::called_primitive;
use crate::ir::{Op, VarDef, VarId};
use crate::paths::CallGraph;
use crate::solve::value::{ClassDef, InstId, Value, well_known};
use crate::solve::{Origin, Solver};
use rustc_hash::FxHashSet;

/// So many variables are looked at.
const VARIABLES: usize = 64;

/// Whether the callee of a call may come out of a module that is imported by a computed name: it is read off the result of
/// the import, or returned, called or kept in an attribute of an object on the way.
pub(super) fn callee(solver: &Solver<'_>, graph: &CallGraph, at: Origin) -> bool {
    let func = solver.insts[at.inst.0 as usize].func;
    let Op::Call { callee, .. } = solver.program.func(func).instrs[at.index as usize].op else {
        return false;
    };
    let mut search = Search { solver, graph, open: vec![(at.inst, callee)], seen: FxHashSet::default() };
    while let Some((inst, var)) = search.open.pop() {
        if search.seen.len() < VARIABLES && search.seen.insert((inst, var)) && search.looks(inst, var) {
            return true;
        }
    }
    false
}

/// A search backwards along what is unknown.
struct Search<'s, 'p> {
    solver: &'s Solver<'p>,
    graph: &'s CallGraph,
    open: Vec<(InstId, VarId)>,
    seen: FxHashSet<(InstId, VarId)>,
}

impl Search<'_, '_> {
    /// Whether a variable holds an imported module itself; if not, where its value may come from is put down.
    fn looks(&mut self, inst: InstId, var: VarId) -> bool {
        let unknown = self.solver.graph.contains(self.solver.var(inst, var), well_known::UNKNOWN);
        if !unknown || self.solver.is_root(inst) {
            return false;
        }
        let ir = self.solver.program.func(self.solver.insts[inst.0 as usize].func);
        let index = match ir.vars[var.0 as usize].def {
            VarDef::Instr(index) => index,
            VarDef::Join | VarDef::Cell => {
                let sources = ir.instrs.iter().filter_map(|instr| match instr.op {
                    Op::Copy { dst, src } if dst == var => Some((inst, src)),
                    _ => None,
                });
                self.open.extend(sources);
                return false;
            }
            VarDef::Param(_) => return false,
        };
        match &ir.instrs[index as usize].op {
            Op::Copy { src, .. } | Op::Narrow { src, .. } | Op::Await { src, .. } => {
                self.open.push((inst, *src));
            }
            Op::LoadAttr { obj, name, .. } => {
                self.open.push((inst, *obj));
                self.returned(inst, index);
                let name = &*self.solver.program.file_of(self.solver.insts[inst.0 as usize].func).ir.strings
                    [name.0 as usize];
                self.stored(inst, *obj, name);
            }
            Op::Call { callee, args, .. } => match called_primitive(self.solver, inst, index) {
                Some("import_module") => return true,
                Some("getattr") => self.open.extend(args.first().map(|object| (inst, object.var()))),
                _ => {
                    self.open.push((inst, *callee));
                    self.returned(inst, index);
                }
            },
            _ => {}
        }
        false
    }

    /// What the functions return that an instruction enters.
    fn returned(&mut self, inst: InstId, index: u32) {
        let entered = self.graph.edges_from(self.solver, inst).filter(|(from, ..)| from.index == index);
        for (_, to, _) in entered {
            let ir = self.solver.program.func(self.solver.insts[to.0 as usize].func);
            self.open.extend(ir.instrs.iter().filter_map(|instr| match instr.op {
                Op::Return { src } => Some((to, src)),
                _ => None,
            }));
        }
    }

    /// What the methods of the classes of an object store under an attribute of it.
    fn stored(&mut self, inst: InstId, object: VarId, name: &str) {
        let solver = self.solver;
        for &value in solver.graph.values(solver.var(inst, object)) {
            let Some(class) = solver.class_of(value) else { continue };
            for &base in solver.mro(class) {
                let Value::Class(ClassDef::Statement(id), _) = solver.values.get(base) else { continue };
                let body = solver.program.class(id).1;
                let file = solver.program.file_of(body);
                for (func, ir) in (file.first_func..).zip(&file.ir.funcs) {
                    if ir.parent.is_none_or(|parent| parent.0 + file.first_func != body.0) {
                        continue;
                    }
                    for instr in &ir.instrs {
                        let Op::StoreAttr { obj, name: stored, src } = instr.op else { continue };
                        if &*file.ir.strings[stored.0 as usize] != name {
                            continue;
                        }
                        let instances = solver.instances(crate::link::FuncId(func)).iter();
                        let own = instances
                            .filter(|&&method| solver.graph.contains(solver.var(method, obj), value));
                        self.open.extend(own.map(|&method| (method, src)));
                    }
                }
            }
        }
    }
}
