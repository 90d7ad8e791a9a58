//! What is not known of registrations: rules and methods that the solution does not give, said aloud.

use super::class_based_base;
use crate::finding::{Diagnostic, Severity};
use crate::paths::place;
use crate::solve::Solver;
use crate::solve::graph::NodeId;
use crate::solve::registry::Registration;
use crate::solve::value::{ObjKind, Value, ValueId};

/// One diagnostic for each place that registers a rule or methods that are not known, or not all: such routes may be missing.
pub fn registrations(solver: &Solver<'_>) -> Vec<Diagnostic> {
    let registrations = solver.registry.registrations.iter();
    let written =
        registrations.filter(|known| !solver.is_root(known.at.inst) && !class_based_base(solver, known));
    let mut diagnostics: Vec<Diagnostic> = written.flat_map(|known| of_registration(solver, known)).collect();
    diagnostics.sort();
    diagnostics.dedup();
    diagnostics
}

fn of_registration(solver: &Solver<'_>, registration: &Registration) -> Vec<Diagnostic> {
    let at = place(solver, registration.at);
    let warning = |code: &'static str, what: &str| Diagnostic {
        file: Some(at.file.clone()),
        line: at.line,
        column: 0,
        severity: Severity::Warning,
        code,
        message: format!("{what}: routes that are registered here may be missing"),
    };
    let mut found = Vec::new();
    let rules = solver.graph.values(registration.rule);
    let is_text = |&value: &ValueId| matches!(solver.values.get(value), Value::Str(_) | Value::AnyStr);
    // A setting stands beside its default.
    let is_setting = |&value: &ValueId| matches!(solver.values.get(value), Value::Setting(_));
    let has_default = rules.iter().any(is_text);
    if !rules.iter().all(|rule| is_text(rule) || has_default && is_setting(rule)) {
        found.push(warning("rule-unknown", "a rule is not known"));
    }
    if registration.fixed_methods.is_empty()
        && registration.methods.is_some_and(|methods| !are_known(solver, methods))
    {
        found.push(warning("methods-unknown", "the methods of a rule are not all known"));
    }
    found
}

/// Whether a node holds nothing but lists of texts, or nothing at all.
fn are_known(solver: &Solver<'_>, methods: NodeId) -> bool {
    let is_text = |value: ValueId| matches!(solver.values.get(value), Value::Str(_));
    solver.graph.values(methods).iter().all(|&list| match solver.values.get(list) {
        Value::None => true,
        Value::Obj(ObjKind::Dict, ..) => true,
        Value::Obj(..) => solver.elements(list).into_iter().all(is_text),
        _ => false,
    })
}
