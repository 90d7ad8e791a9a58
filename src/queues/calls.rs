//! Calls that routes reach: how many are resolved, and which are not.

use crate::finding::{Findings, UnresolvedCall};
use crate::ir::{Op, VarDef};
use crate::paths::{CallGraph, place};
use crate::routes::RouteRoots;
use crate::solve::value::{InstId, Value};
use crate::solve::{Origin, Solver};
use std::collections::BTreeMap;

/// A call site over all its contexts.
#[derive(Default)]
struct CallSite {
    routes: u32,
    unresolved: Option<(&'static str, Origin)>,
}

/// Counts the calls that routes reach and lists those that could not be resolved, and the counters of the solution.
pub fn unresolved(solver: &Solver<'_>, graph: &CallGraph, roots: &[RouteRoots], findings: &mut Findings) {
    let weights = crate::routes::weights(graph, roots, solver.insts.len());
    let mut with_edge: rustc_hash::FxHashSet<Origin> = rustc_hash::FxHashSet::default();
    for edge in &solver.edges {
        with_edge.insert(edge.from);
    }
    let mut functions = rustc_hash::FxHashSet::default();
    let mut sites: BTreeMap<(u32, u32), CallSite> = BTreeMap::new();
    for (i, inst) in solver.insts.iter().enumerate() {
        let id = InstId(i as u32);
        if solver.is_root(id) {
            continue;
        }
        functions.insert(inst.func);
        if weights[i] == 0 {
            continue;
        }
        for (index, instr) in solver.program.func(inst.func).instrs.iter().enumerate() {
            let Op::Call { callee, .. } = instr.op else { continue };
            let origin = Origin { inst: id, index: index as u32 };
            let values = solver.graph.values(solver.var(id, callee));
            if values.is_empty() {
                // Never executed in this context, as far as values tell.
                continue;
            }
            let unknown = values.iter().any(|&v| matches!(solver.values.get(v), Value::Unknown));
            let reason = unknown.then_some(if with_edge.contains(&origin) {
                "partly-unknown-callee"
            } else {
                reason(solver, origin)
            });
            let index = solver.program.func(inst.func).original(index as u32);
            let entry = sites.entry((inst.func.0, index)).or_default();
            entry.routes = entry.routes.max(weights[i]);
            if let Some(reason) = reason {
                entry.unresolved.get_or_insert((reason, origin));
            }
        }
    }
    findings.statistics.instances = solver.insts.len();
    findings.statistics.functions = functions.len();
    findings.statistics.variables = solver.graph.node_count();
    findings.statistics.reachable_calls = sites.len();
    findings.statistics.resolved_calls = sites.values().filter(|s| s.unresolved.is_none()).count();
    for site in sites.into_values() {
        if let Some((reason, origin)) = site.unresolved {
            findings.unresolved.push(UnresolvedCall {
                place: place(solver, origin),
                reason,
                callee: callee_text(solver, origin),
                routes: site.routes as usize,
            });
        }
    }
    findings.unresolved.sort_by(|a, b| b.routes.cmp(&a.routes).then_with(|| a.cmp(b)));
}

fn reason(solver: &Solver<'_>, at: Origin) -> &'static str {
    let func = solver.insts[at.inst.0 as usize].func;
    let ir = solver.program.func(func);
    let Op::Call { callee, .. } = ir.instrs[at.index as usize].op else { return "unknown-callee" };
    match ir.vars[callee.0 as usize].def {
        VarDef::Instr(index) => match ir.instrs[index as usize].op {
            Op::LoadAttr { obj, .. } => {
                let values = solver.graph.values(solver.var(at.inst, obj));
                if values.iter().any(|&v| matches!(solver.values.get(v), Value::Unknown)) {
                    "unknown-receiver"
                } else {
                    "unknown-attribute"
                }
            }
            Op::LoadSub { .. } => "unknown-element",
            Op::Call { .. } => "unknown-result",
            _ => "unknown-callee",
        },
        VarDef::Param(_) => "unknown-argument",
        _ => "unknown-callee",
    }
}

/// The callee as written, as far as it is a dotted name.
fn callee_text(solver: &Solver<'_>, at: Origin) -> String {
    let func = solver.insts[at.inst.0 as usize].func;
    let ir = solver.program.func(func);
    let file = solver.program.file_of(func);
    let text = |sym: crate::ir::Sym| file.ir.strings[sym.0 as usize].to_string();
    let Op::Call { callee, .. } = ir.instrs[at.index as usize].op else { return String::new() };
    let mut parts = Vec::new();
    let mut var = callee;
    for _ in 0..8 {
        let info = &ir.vars[var.0 as usize];
        if let Some(name) = info.name {
            parts.push(text(name));
            break;
        }
        let VarDef::Instr(index) = info.def else { break };
        match ir.instrs[index as usize].op {
            Op::LoadAttr { obj, name, .. } => {
                parts.push(text(name));
                var = obj;
            }
            Op::LoadGlobal { name, .. } => {
                parts.push(text(name));
                break;
            }
            Op::Call { callee, .. } => {
                parts.push("()".to_owned());
                var = callee;
            }
            Op::Copy { src, .. } | Op::Narrow { src, .. } => var = src,
            _ => {
                parts.push("<expression>".to_owned());
                break;
            }
        }
    }
    parts.reverse();
    parts.join(".").replace(".()", "()")
}
