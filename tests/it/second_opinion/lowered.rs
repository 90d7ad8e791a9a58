//! Definitions and calls as the intermediate representation holds them.

use producer_map::ir::{Arg, CallRole, FileIr, FuncIr, LocalFunc, Op, ScopeKind, VarDef, VarId};

use super::{Item, What};

/// Everything that a file defines and calls.
///
/// Lowering adds two kinds of instructions for which no call is written, or is written otherwise: the application of a
/// decorator is a call with a role of its own (counted as decorators), and `super()` is an instruction of its own
/// (counted as a call).
pub fn items(ir: &FileIr) -> Vec<Item> {
    let mut items = Vec::new();
    for (index, func) in ir.funcs.iter().enumerate() {
        let scope = text(ir, func.name);
        match func.kind {
            ScopeKind::Function | ScopeKind::Lambda => items.push(Item {
                line: func.pos.line as usize,
                scope: parent(ir, func),
                what: What::Function {
                    name: scope.clone(),
                    is_async: func.is_async,
                    params: func.params.len(),
                    decorators: applied(ir, CallRole::DecoratesFunc(LocalFunc(index as u32))),
                },
            }),
            ScopeKind::ClassBody(class) => {
                let stated = &ir.classes[class.0 as usize];
                items.push(Item {
                    line: stated.pos.line as usize,
                    scope: parent(ir, func),
                    what: What::Class {
                        name: text(ir, stated.name),
                        decorators: applied(ir, CallRole::DecoratesClass(class)),
                    },
                });
            }
            ScopeKind::Module => {}
        }
        for (instr, at) in func.instrs.iter().zip(0..) {
            if func.original(at) != at {
                continue;
            }
            let what = match &instr.op {
                Op::Call { callee, args, role: CallRole::Plain, .. } => {
                    let is_keyword = |arg: &&Arg| matches!(arg, Arg::Kw(..) | Arg::DoubleStar(_));
                    let keywords = args.iter().filter(is_keyword).count();
                    let callee = callee_name(ir, func, *callee);
                    What::Call { callee, positional: args.len() - keywords, keywords }
                }
                Op::Super { .. } => {
                    What::Call { callee: Some("super".to_owned()), positional: 0, keywords: 0 }
                }
                _ => continue,
            };
            items.push(Item { line: instr.pos.line as usize, scope: scope.clone(), what });
        }
    }
    items
}

fn text(ir: &FileIr, sym: producer_map::ir::Sym) -> String {
    ir.strings[sym.0 as usize].to_string()
}

fn parent(ir: &FileIr, func: &FuncIr) -> String {
    func.parent.map_or_else(String::new, |parent| text(ir, ir.funcs[parent.0 as usize].name))
}

/// How many instructions apply a decorator in this role.
fn applied(ir: &FileIr, wanted: CallRole) -> usize {
    let instrs = ir.funcs.iter().flat_map(|func| &func.instrs);
    instrs.filter(|instr| matches!(instr.op, Op::Call { role, .. } if role == wanted)).count()
}

/// The name that a callee was read by, none if it is no name.
fn callee_name(ir: &FileIr, func: &FuncIr, callee: VarId) -> Option<String> {
    let var = &func.vars[callee.0 as usize];
    if let Some(name) = var.name {
        return Some(text(ir, name));
    }
    let VarDef::Instr(index) = var.def else { return None };
    match func.instrs[index as usize].op {
        Op::LoadGlobal { name, .. } | Op::LoadClassName { name, .. } | Op::LoadAttr { name, .. } => {
            Some(text(ir, name))
        }
        Op::LoadFree { levels, cell, .. } => {
            let mut owner = func;
            for _ in 0..levels {
                owner = &ir.funcs[owner.parent?.0 as usize];
            }
            owner.vars[cell.0 as usize].name.map(|name| text(ir, name))
        }
        _ => None,
    }
}
