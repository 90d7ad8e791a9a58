//! The handler of a route: the innermost function below every decorator, and the decorators around it.

use crate::finding::{Decorator, Place};
use crate::ir::DecoratorRef;
use crate::link::{FuncId, Name};
use crate::solve::Solver;
use crate::solve::registry::Registration;
use crate::solve::value::{ClassDef, ObjKind, Value, ValueId};

/// What is known of the view of a registration.
#[derive(Debug, Default, Clone)]
pub struct View {
    /// The innermost function.
    pub handler: Option<Place>,
    /// The function itself.
    pub func: Option<FuncId>,
    /// The name that Flask takes as endpoint.
    pub name: String,
    /// Decorators, outermost first.
    pub decorators: Vec<Decorator>,
    /// Whether a class based view's method comes from a base class.
    pub inherited: bool,
}

/// Resolves the view of a registration.
pub fn resolve(solver: &Solver<'_>, registration: &Registration) -> View {
    if let Some((class, method)) = registration.dispatch {
        return resolve_method(solver, registration, class, method);
    }
    let mut view = View::default();
    let values = solver.graph.values(registration.view).to_vec();
    if let Some(handler) = innermost_of(solver, &values, 0) {
        fill(solver, handler.func, &mut view);
    }
    view
}

fn resolve_method(solver: &Solver<'_>, registration: &Registration, class: ValueId, method: Name) -> View {
    let mut view = View { name: solver.class_name(class), ..View::default() };
    for value in solver.graph.values(registration.view).to_vec() {
        if let Value::Obj(ObjKind::Primitive(_), ..) = solver.values.get(value)
            && let Some(name) = solver.program.names.find("#0")
            && let Some(node) = solver.existing_field(value, name)
            && let Some(text) = solver.strings(node).into_iter().next()
        {
            view.name = text;
        }
    }
    for (depth, &owner) in solver.mro(class).to_vec().iter().enumerate() {
        if !solver.binds(owner, method) {
            continue;
        }
        view.inherited = depth > 0;
        let Some(node) = solver.existing_field(owner, method) else { break };
        let values = solver.graph.values(node).to_vec();
        if let Some(handler) = innermost_of(solver, &values, 0) {
            fill(solver, handler.func, &mut view);
        }
        break;
    }
    if let Value::Class(ClassDef::Statement(id), _) = solver.values.get(class) {
        let (ir, _) = solver.program.class(id);
        let file = solver.program.class_file(id);
        let mut outer = decorators(solver, file, &ir.decorators);
        outer.append(&mut view.decorators);
        view.decorators = outer;
    }
    view
}

fn decorators(solver: &Solver<'_>, file: &crate::link::File, refs: &[DecoratorRef]) -> Vec<Decorator> {
    refs.iter()
        .map(|d| Decorator {
            name: solver.program.names.text(file.names[d.name.0 as usize]).to_owned(),
            file: file.path.clone(),
            line: d.pos.line,
        })
        .collect()
}

fn fill(solver: &Solver<'_>, func: FuncId, view: &mut View) {
    let ir = solver.program.func(func);
    let file = solver.program.file_of(func);
    view.func = Some(func);
    view.handler = Some(Place {
        file: file.path.clone(),
        line: ir.pos.line,
        symbol: solver.program.qualname(func).to_owned(),
    });
    if view.name.is_empty() {
        view.name = solver.program.names.text(file.names[ir.name.0 as usize]).to_owned();
    }
    view.decorators = decorators(solver, file, &ir.decorators);
}

/// The function below some decorators.
struct Innermost {
    func: FuncId,
    /// Whether it is a closure of a decorator that was given no function: below a conditional decorator it may get `None`.
    is_wrapper: bool,
}

/// The innermost function of some values: one that a decorator wraps, if there is such a one.
fn innermost_of(solver: &Solver<'_>, values: &[ValueId], depth: u32) -> Option<Innermost> {
    let mut found = None;
    for &value in values {
        match innermost(solver, value, depth) {
            Some(wrapped) if !wrapped.is_wrapper => return Some(wrapped),
            other => found = found.or(other),
        }
    }
    found
}

/// Follows `__wrapped__` (functools.wraps), and for wrappers without it the one callable that the decorator was given.
fn innermost(solver: &Solver<'_>, value: ValueId, depth: u32) -> Option<Innermost> {
    if depth > 64 {
        return None;
    }
    match solver.values.get(value) {
        Value::Func(func, env) => {
            let inner = under_wraps(solver, value);
            if let Some(found) = innermost_of(solver, &inner, depth + 1) {
                return Some(found);
            }
            let is_wrapper = env.0 != u32::MAX && solver.decorator_insts.contains(&env);
            let this = Some(Innermost { func, is_wrapper });
            if is_wrapper {
                let callables: Vec<ValueId> = solver.insts[env.0 as usize]
                    .context
                    .iter()
                    .map(|c| c.1)
                    .filter(|&v| matches!(solver.values.get(v), Value::Func(..) | Value::Bound(..)))
                    .collect();
                if let [only] = callables[..] {
                    return innermost(solver, only, depth + 1).or(this);
                }
            }
            this
        }
        Value::Inst(..) => {
            // A class based decorator: what it keeps under `__wrapped__` (functools.update_wrapper), else its `__call__`.
            let inner = under_wraps(solver, value);
            if let Some(found) = innermost_of(solver, &inner, depth + 1) {
                return Some(found);
            }
            let call = solver.program.names.find("__call__")?;
            let class = solver.class_of(value)?;
            for owner in solver.mro(class).to_vec() {
                if solver.binds(owner, call) {
                    let node = solver.existing_field(owner, call)?;
                    let raw = solver.graph.values(node).to_vec();
                    return innermost_of(solver, &raw, depth + 1);
                }
            }
            None
        }
        Value::Bound(_, func)
        | Value::ManagerFunc(func)
        | Value::StaticMethod(func)
        | Value::ClassMethod(func) => innermost(solver, func, depth + 1),
        // A partial, or a function under a context manager.
        Value::Obj(ObjKind::Partial | ObjKind::Primitive(_), ..) => {
            let name = solver.program.names.find("func")?;
            let node = solver.existing_field(value, name)?;
            let inner = solver.graph.values(node).to_vec();
            innermost_of(solver, &inner, depth + 1)
        }
        _ => None,
    }
}

/// What a function or object says that it wraps.
fn under_wraps(solver: &Solver<'_>, value: ValueId) -> Vec<ValueId> {
    let Some(wrapped) = solver.program.names.find("__wrapped__") else { return Vec::new() };
    let values = solver.existing_field(value, wrapped).map_or(&[][..], |node| solver.graph.values(node));
    values.iter().copied().filter(|&inner| inner != value).collect()
}
