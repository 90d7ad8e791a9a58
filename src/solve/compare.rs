//! Comparisons of two variables: a setting with a constant that has a name, or with one of several. Tests of several settings at once,
//! by `all` and `any`.

use super::closure::Scope;
use super::gate;
use super::graph::NodeId;
use super::value::{ObjKind, Value, ValueId};
use super::{Solver, strings};
use crate::ir::{Arg, Cond, Op, Operator, VarDef, VarId};

/// A setting that is compared with one of more constants than these is not worded.
const MAX_CONSTANTS: usize = 8;

/// What the result of an operator says of its operands, if it is a comparison; of a search, the container stands on the left.
pub(super) fn compared_by(op: Operator, left: VarId, right: VarId) -> Option<Cond> {
    match op {
        Operator::Equal => Some(Cond::Same(left, right)),
        Operator::NotEqual => Some(Cond::Not(Box::new(Cond::Same(left, right)))),
        Operator::Contains => Some(Cond::Within(right, left)),
        _ => None,
    }
}

/// The constants that a variable may be, or that a container may hold.
struct Constants {
    /// As they are written, sorted.
    texts: Vec<String>,
    /// Whether it is or holds each of them, not one of them.
    all: bool,
}

impl Solver<'_> {
    /// The gate that a comparison of two variables is, where one is a setting and the other a constant.
    pub(super) fn gate_of_comparison(&self, scope: Scope, cond: &Cond, holds: bool) -> Option<String> {
        let simple = |setting: &&str| !gate::is_condition(setting) && !setting.ends_with(gate::SOME_PART);
        let func = self.func_of(scope);
        let setting = |var: VarId| {
            let setting = self.setting_in(scope, var, |_| true).filter(simple);
            setting.filter(|_| !self.is_computed(func, var))
        };
        let gate = match *cond {
            Cond::Same(left, right) => {
                let (setting, other) = match (setting(left), setting(right)) {
                    (Some(setting), None) => (setting, right),
                    (None, Some(setting)) => (setting, left),
                    _ => return None,
                };
                one_of(setting, &self.constants(self.values_in(scope, other))?, holds)?
            }
            Cond::Within(item, container) => match (setting(item), setting(container)) {
                (Some(setting), None) => {
                    one_of(setting, &self.held_constants(self.values_in(scope, container))?, holds)?
                }
                (None, Some(setting)) => match &self.constants(self.values_in(scope, item))?.texts[..] {
                    [text] => format!("{setting} contains {text}"),
                    _ => return None,
                },
                _ => return None,
            },
            _ => return None,
        };
        Some(if holds { gate } else { gate::negated(&gate) })
    }

    /// The gates of `all(settings)` or `any(settings)`, if a variable is the result of such a call.
    pub(super) fn gates_of_several(&self, scope: Scope, var: VarId, holds: bool) -> Option<Vec<String>> {
        let call = self.called_for(scope, var)?;
        let Op::Call { callee, ref args, .. } = self.ir_of(scope)?.instrs[call as usize].op else {
            return None;
        };
        let [Arg::Pos(container)] = args[..] else { return None };
        let [callee] = *self.values_in(scope, callee) else { return None };
        let Value::Ext(path) = self.values.get(callee) else { return None };
        let all = match self.models.get(self.text(path))?.kind.as_deref()? {
            "all" => true,
            "any" => false,
            _ => return None,
        };
        let container = self.written_out(scope, container)?;
        let slots = self.slots.get(container)?;
        let worded = |node| {
            let values = self.graph.values(node);
            let setting =
                self.setting_of(values, |_| true).filter(|setting| !setting.ends_with(gate::SOME_PART))?;
            Some(if holds { setting.to_owned() } else { gate::negated(setting) })
        };
        let elements = slots.named.iter().map(|&(_, node)| node);
        if all == holds {
            // Each of them holds, or fails.
            return Some(elements.filter_map(worded).collect());
        }
        if slots.rest.is_some_and(|rest| !self.graph.values(rest).is_empty()) {
            return None;
        }
        let decides = |node: &NodeId| match self.graph.values(*node) {
            [value] => self.values.get(*value) != Value::Bool(!holds),
            _ => true,
        };
        let alternatives: Option<Vec<String>> = elements.filter(decides).map(worded).collect();
        let mut alternatives = alternatives?;
        alternatives.sort();
        alternatives.dedup();
        (!alternatives.is_empty()).then(|| vec![alternatives.join(gate::OR)])
    }

    /// The gates of a condition that holds for each element of a container, which the variable stands for.
    pub(super) fn gates_of_each(&self, scope: Scope, element: VarId, each: &Cond) -> Vec<String> {
        let (cond, holds) = match each {
            Cond::Not(inner) => (&**inner, false),
            each => (each, true),
        };
        let Some(ir) = self.ir_of(scope) else { return Vec::new() };
        let VarDef::Instr(index) = ir.vars[element.0 as usize].def else { return Vec::new() };
        let Op::Iter { src, .. } = ir.instrs[index as usize].op else { return Vec::new() };
        let Some(container) = self.written_out(scope, src) else { return Vec::new() };
        let slots = self.slots.get(container).into_iter().flat_map(|slots| &slots.named);
        let settings = slots.filter_map(|&(_, node)| self.setting_of(self.graph.values(node), |_| true));
        let gates = settings.filter_map(|setting| self.worded(self.func_of(scope), cond, setting));
        gates.map(|gate| if holds { gate } else { gate::negated(&gate) }).collect()
    }

    /// The container that a variable holds, if all that stands in it certainly does: a tuple or a list that is written out and
    /// tested where it stands, a tuple with a name, or what one call alone passes for `*flags`.
    fn written_out(&self, scope: Scope, var: VarId) -> Option<ValueId> {
        let [container] = *self.values_in(scope, var) else { return None };
        let Value::Obj(kind, site, maker) = self.values.get(container) else { return None };
        match (kind, self.made_by(site)) {
            (
                ObjKind::Tuple | ObjKind::List | ObjKind::Set,
                Some(Op::MakeSeq { items, comprehension: false, .. }),
            ) => {
                let ir = self.ir_of(scope)?;
                let made = match ir.vars[var.0 as usize].def {
                    VarDef::Instr(index) => Some(&ir.instrs[index as usize].op),
                    _ => None,
                };
                // A tuple stays as it is, but `xs * 0` and `tuple(xs)` are other ones.
                let is_shown = match kind {
                    ObjKind::Tuple => !matches!(made, Some(Op::BinOp { .. } | Op::Call { .. })),
                    _ => ir.vars[var.0 as usize].name.is_none() && matches!(made, Some(Op::MakeSeq { .. })),
                };
                (is_shown && !items.iter().any(|&(_, starred)| starred)).then_some(container)
            }
            (ObjKind::Tuple, None) => {
                let is_rest = (site.func as usize) < self.program.func_count();
                let [edge] = *self.entering(maker) else { return None };
                let at = self.edges[edge as usize].from;
                let Op::Call { args, .. } = &self.ir_of(Scope::Inst(at.inst))?.instrs[at.index as usize].op
                else {
                    return None;
                };
                let unpacks = args.iter().any(|arg| matches!(arg, Arg::Star(_)));
                (is_rest && !unpacks).then_some(container)
            }
            _ => None,
        }
    }

    /// The constants that some values are.
    fn constants(&self, values: &[ValueId]) -> Option<Constants> {
        if values.is_empty() || values.len() > MAX_CONSTANTS {
            return None;
        }
        let mut texts = Vec::new();
        for &value in values {
            texts.push(self.constant_value_text(self.values.get(value))?);
        }
        texts.sort();
        let all = texts.len() == 1;
        Some(Constants { texts, all })
    }

    /// A constant as it is written; none for what is no constant, or a text of which a part is open.
    pub(super) fn constant_value_text(&self, value: Value) -> Option<String> {
        Some(match value {
            Value::None => "None".to_owned(),
            Value::Bool(true) => "True".to_owned(),
            Value::Bool(false) => "False".to_owned(),
            Value::Int(int) => int.to_string(),
            Value::Str(text) if !strings::has_hole(self.text(text)) => format!("{:?}", self.text(text)),
            _ => return None,
        })
    }

    /// The constants that a container holds; a tuple holds each of them.
    fn held_constants(&self, containers: &[ValueId]) -> Option<Constants> {
        let [container] = *containers else { return None };
        let Value::Obj(kind, ..) = self.values.get(container) else { return None };
        let slots = self.slots.get(container)?;
        let nodes = || slots.named.iter().map(|&(_, node)| node).chain(slots.rest);
        match kind {
            ObjKind::Tuple | ObjKind::List | ObjKind::Set => {
                let mut held: Vec<ValueId> =
                    nodes().flat_map(|node| self.graph.values(node)).copied().collect();
                held.sort_unstable();
                held.dedup();
                let fixed = kind == ObjKind::Tuple
                    && slots.rest.is_none()
                    && nodes().all(|node| self.graph.values(node).len() == 1);
                self.constants(&held).map(|constants| Constants { all: fixed, ..constants })
            }
            ObjKind::Dict => {
                let keys = self.graph.values(self.existing_field(container, self.names.keys)?);
                self.constants(keys).map(|constants| Constants { all: false, ..constants })
            }
            _ => None,
        }
    }
}

/// A setting that is one of some constants. Where it is not known which of them it is compared with, not being it says nothing.
fn one_of(setting: &str, constants: &Constants, holds: bool) -> Option<String> {
    if !holds && !constants.all {
        return None;
    }
    match &constants.texts[..] {
        [text] if text == "None" => Some(format!("{setting} is None")),
        [text] => Some(format!("{setting} == {text}")),
        texts => Some(format!("{setting} in ({})", texts.join(", "))),
    }
}
