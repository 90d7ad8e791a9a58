//! Attributes that an object cannot have: where all that could give one is known, reading it raises.

use std::collections::{HashMap, HashSet};

use producer_map::ir::{Arg, ContainerKind, Op};
use producer_map::models::Term;

use crate::domain::{Inst, Kind, Node, Site, Text, V, Value, text};
use crate::shapes::{is_tuple_attribute, rest_of, slot_of};
use crate::world::World;

/// What a fixpoint says that decides what objects lack.
pub struct Known {
    /// The values of each node that has any.
    pub holds: HashMap<Node, Vec<V>>,
    /// The linearisation of each class.
    pub lines: HashMap<V, Vec<V>>,
    /// Objects whose attributes are handed out as a dict.
    pub exposed: HashSet<V>,
    /// Names under which something is stored on an untracked value.
    pub stored_on_unknown: HashSet<Text>,
}

impl Known {
    /// Whether an object certainly lacks an attribute.
    pub fn lacks(&self, w: &World<'_>, object: V, name: Text) -> bool {
        if let Value::Obj(Kind::Tuple, Site::Code(func, index), _) = &*object {
            let written = match w.program.func(*func).instrs.get(*index as usize).map(|instr| &instr.op) {
                Some(Op::MakeSeq { kind: ContainerKind::Tuple, items, comprehension: false, .. }) => {
                    items.iter().all(|(_, starred)| !starred)
                }
                _ => false,
            };
            return written && !is_tuple_attribute(&name);
        }
        let Some(line) = object.class().and_then(|class| self.lines.get(&class)) else { return false };
        let holds = |node: Node| self.holds.contains_key(&node);
        let given = |of: V| holds(slot_of(of, name)) || holds(rest_of(of));
        let special = name.starts_with("__") && name.ends_with("__");
        let hooks = ["__getattr__", "__getattribute__", "__init_subclass__"];
        !special
            && !self.stored_on_unknown.contains(&name)
            && !holds(rest_of(V::of(Value::Unknown)))
            && !self.exposed.contains(&object)
            && !given(object)
            && !w.defines(line, name)
            && !w.stores(line, name)
            && !hooks.iter().any(|hook| w.defines(line, text(hook)))
            && line.iter().all(|&base| !given(base) && self.is_plain(w, base))
    }

    /// Whether neither a decorator nor a metaclass adds anything to a class.
    fn is_plain(&self, w: &World<'_>, class: V) -> bool {
        let (class, inst) = match &*class {
            Value::Class(class, inst) => (*class, *inst),
            Value::Ext(path) => return path.as_str() == "builtins.object",
            _ => return false,
        };
        let instrs = &w.func(inst.func).instrs;
        let statement = instrs.iter().find_map(|instr| match &instr.op {
            Op::MakeClass { class: local, bases, .. } => {
                (w.program.sibling_class(inst.func, *local) == class).then_some(bases)
            }
            _ => None,
        });
        let Some(bases) = statement else { return false };
        let decorators = &w.program.class(class).0.decorators;
        let kept = |call: u32| match &instrs[call as usize].op {
            Op::Call { callee, .. } => self.all(inst, callee.0, |path| {
                let returns = w.models.get(path).and_then(|entry| entry.returns.as_ref());
                matches!(returns, Some(Term::Arg(Some(0), _)))
            }),
            _ => false,
        };
        decorators.iter().all(|decorator| kept(decorator.call))
            && bases.iter().all(|base| match base {
                Arg::Pos(_) => true,
                Arg::Kw(_, var) => self.all(inst, var.0, |path| path == "abc.ABCMeta"),
                Arg::Star(_) | Arg::DoubleStar(_) => false,
            })
    }

    /// Whether a variable holds nothing but such things outside of the program.
    fn all(&self, inst: Inst, var: u32, passes: impl Fn(&str) -> bool) -> bool {
        let outside = |value: &V| matches!(&**value, Value::Ext(path) if passes(path));
        self.holds.get(&inst.var(producer_map::ir::VarId(var))).is_some_and(|v| v.iter().all(outside))
    }
}
