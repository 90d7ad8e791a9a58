//! Conditions: what a test says about variables, and how it narrows the names it tests.

use ruff_python_ast::{BoolOp, CmpOp, Expr, ExprBoolOp, ExprCompare, UnaryOp};
use ruff_text_size::Ranged;

use super::builder::Exit;
use super::{Lowerer, MAX_EXPR_DEPTH};
use crate::ir::{BinOp, Cond, Const, Narrowing, Op, Operator, Order, Side, Sym, VarDef, VarId};

/// A name is known to pass a test.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fact {
    slot: u32,
    /// The version that was tested, before any narrowing.
    root: VarId,
    by: Narrowing,
}

/// What is wanted of a test.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// Its truth.
    Truth,
    /// Its value, of which nobody asks whether it is true.
    Value,
    /// Both.
    Both,
}

impl Want {
    /// What is wanted of an operand whose truth decides.
    fn decides(self) -> Want {
        if self == Want::Truth { Want::Truth } else { Want::Both }
    }

    fn value(self) -> bool {
        self != Want::Truth
    }
}

/// A test that has been lowered.
pub(super) struct Test {
    /// The condition.
    pub(super) cond: Cond,
    /// What is known if it holds.
    pub(super) then: Vec<Fact>,
    /// What is known if it fails.
    pub(super) otherwise: Vec<Fact>,
    /// Its value, where it was asked for.
    pub(super) value: Option<VarId>,
}

impl Test {
    pub(super) fn opaque(value: Option<VarId>) -> Test {
        Test { cond: Cond::Opaque, then: Vec::new(), otherwise: Vec::new(), value }
    }
}

/// What runs the special method of a comparison; of the container for `in`.
fn operator(op: CmpOp) -> Operator {
    match op {
        CmpOp::Eq | CmpOp::Is => Operator::Equal,
        CmpOp::NotEq | CmpOp::IsNot => Operator::NotEqual,
        CmpOp::Lt => Operator::Ordered(Order::Less),
        CmpOp::LtE => Operator::Ordered(Order::AtMost),
        CmpOp::Gt => Operator::Ordered(Order::Greater),
        CmpOp::GtE => Operator::Ordered(Order::AtLeast),
        CmpOp::In | CmpOp::NotIn => Operator::Contains,
    }
}

/// Negates without stacking negations.
pub(super) fn negate(cond: Cond) -> Cond {
    match cond {
        Cond::Opaque => Cond::Opaque,
        Cond::Not(inner) => *inner,
        other => Cond::Not(Box::new(other)),
    }
}

impl<'a> Lowerer<'a> {
    /// Lowers a test: its operands, then what it says.
    pub(super) fn test(&mut self, expr: &'a Expr, want: Want) -> Test {
        if self.depth >= MAX_EXPR_DEPTH {
            let value = self.expr(expr);
            return Test::opaque(Some(value));
        }
        self.depth += 1;
        let test = self.test_inner(expr, want);
        self.depth -= 1;
        test
    }

    fn test_inner(&mut self, expr: &'a Expr, want: Want) -> Test {
        match expr {
            Expr::BoolOp(e) => self.bool_op(e, want),
            Expr::UnaryOp(e) if e.op == UnaryOp::Not => {
                let inner = self.test(&e.operand, want.decides());
                let value = want.value().then(|| match inner.value {
                    Some(operand) => self.verdict(negate(Cond::Truthy(operand)), None, expr),
                    None => self.opaque(expr),
                });
                Test { cond: negate(inner.cond), then: inner.otherwise, otherwise: inner.then, value }
            }
            Expr::Compare(e) => {
                let test = self.compare(e, want);
                self.mark_tested(&test.cond);
                test
            }
            Expr::Call(e) => {
                let value = self.expr(expr);
                let is_instance = matches!(e.func.as_ref(), Expr::Name(name)
                    if name.id.as_str() == "isinstance" && self.is_global_name("isinstance"))
                    && e.arguments.keywords.is_empty();
                if is_instance
                    && let [tested, _] = e.arguments.args.as_ref()
                    && let Some([subject, class]) = self.last_call_args()
                {
                    let cond = Cond::IsInstance(subject, class);
                    self.mark_tested(&cond);
                    let then = self.fact(tested, subject, Narrowing::IsInstance(class));
                    let otherwise = self.fact(tested, subject, Narrowing::NotInstance(class));
                    return Test { cond, then, otherwise, value: Some(value) };
                }
                self.truth(expr, value, want)
            }
            _ => {
                let value = self.expr(expr);
                self.truth(expr, value, want)
            }
        }
    }

    /// The truth of a value.
    fn truth(&mut self, expr: &'a Expr, value: VarId, want: Want) -> Test {
        if want != Want::Value {
            self.ask_truth(expr, value);
        }
        if let Some(VarDef::Instr(index)) = self.f.vars.get(value.0 as usize).map(|var| var.def)
            && let Some(op @ (Op::Opaque { .. } | Op::Operate { .. })) =
                self.f.instrs.get(index as usize).map(|i| &i.op)
        {
            // What was compared before says what the comparison says.
            let compares = matches!(
                op,
                Op::Operate {
                    op: Operator::Equal | Operator::NotEqual | Operator::Contains,
                    right: Side::Var(_),
                    ..
                }
            );
            let cond = if compares { Cond::Truthy(value) } else { Cond::Opaque };
            return Test { cond, ..Test::opaque(Some(value)) };
        }
        let cond = Cond::Truthy(value);
        self.mark_tested(&cond);
        Test {
            cond,
            then: self.fact(expr, value, Narrowing::Truthy),
            otherwise: self.fact(expr, value, Narrowing::Falsy),
            value: Some(value),
        }
    }

    fn fact(&self, tested: &Expr, var: VarId, by: Narrowing) -> Vec<Fact> {
        match self.narrowable(tested) {
            Some(slot) => vec![Fact { slot, root: self.f.root(var), by }],
            None => Vec::new(),
        }
    }

    /// Narrows names by what a test has shown. Facts about versions that are no longer current say nothing.
    pub(super) fn apply(&mut self, facts: &[Fact], at: &Expr) {
        if facts.is_empty() {
            return;
        }
        let pos = self.pos(at.start());
        for fact in facts {
            let src = self.f.get(fact.slot);
            if self.f.root(src) != fact.root {
                continue;
            }
            let name = self.slot_names().get(fact.slot as usize).copied();
            let dst = self.f.fresh(name);
            self.f.emit(Op::Narrow { dst, src, by: fact.by }, pos);
            self.f.set_root(dst, src);
            self.f.set(fact.slot, dst);
        }
    }

    /// `and` and `or`: each operand runs only if those before it held (failed), and sees names narrowed by them.
    fn bool_op(&mut self, e: &'a ExprBoolOp, want: Want) -> Test {
        let and = e.op == BoolOp::And;
        let outer = self.f.guard;
        // The first operand is evaluated in any case: branching begins after it.
        let mut mark = self.f.mark();
        let mut bindings = self.f.bindings();
        let mut conds = Vec::with_capacity(e.values.len());
        let mut facts = Vec::new();
        let mut sole = None;
        let mut value: Option<VarId> = None;
        let mut exits = Vec::new();
        let last = e.values.len().saturating_sub(1);
        for (i, operand) in e.values.iter().enumerate() {
            let test = self.test(operand, if i < last { want.decides() } else { want });
            if i == 0 {
                mark = self.f.mark();
                bindings = self.f.bindings();
            }
            if want.value()
                && let Some(right) = test.value
            {
                value = Some(match value {
                    None => right,
                    Some(left) => {
                        let pos = self.pos(e.start());
                        let dst = self.f.fresh(None);
                        let op = if and { BinOp::And } else { BinOp::Or };
                        let op = Op::BinOp { dst, op, left, right, augmented: false };
                        self.f.emit_under(op, outer, pos);
                        dst
                    }
                });
            }
            let (met, failed) = if and { (test.then, test.otherwise) } else { (test.otherwise, test.then) };
            sole = (i == 0).then_some(failed);
            if i < last {
                // Walrus targets of this operand are bound whether or not the next one runs.
                if self.f.bindings() != bindings {
                    let diff = self.f.diff_since(mark);
                    let guard = self.f.guard;
                    exits.push(Exit { diff, guard });
                }
                self.f.guard = self.f.guard_in(self.f.guard, &test.cond, and, None);
                self.apply(&met, operand);
            }
            facts.extend(met);
            conds.push(test.cond);
        }
        let guard = self.f.guard;
        let bound = self.f.bindings() != bindings;
        let diff = self.f.roll_back(mark);
        if bound {
            if exits.len() < last {
                exits.push(Exit { diff: Vec::new(), guard: outer });
            }
            exits.push(Exit { diff, guard });
            self.join_exits(&exits, true, e.start());
        }
        self.f.guard = outer;
        let sole = sole.unwrap_or_default();
        let cond = if conds.iter().all(|cond| matches!(cond, Cond::Opaque)) {
            Cond::Opaque
        } else if and {
            Cond::And(conds)
        } else {
            Cond::Or(conds)
        };
        let (then, otherwise) = if and { (facts, sole) } else { (sole, facts) };
        Test { cond, then, otherwise, value }
    }

    /// A comparison: what it says, and what the special methods of its operands give.
    pub(super) fn compare(&mut self, e: &'a ExprCompare, want: Want) -> Test {
        let ([op], [right]) = (e.ops.as_ref(), e.comparators.as_ref()) else {
            let mut left = self.side(&e.left);
            for (op, comparator) in e.ops.iter().zip(&e.comparators) {
                let right = self.side(comparator);
                self.compare_sides(left, *op, right, e, Want::Truth);
                left = right;
            }
            return Test::opaque(None);
        };
        let left = e.left.as_ref();
        let flip = matches!(op, CmpOp::NotEq | CmpOp::IsNot | CmpOp::NotIn);
        match op {
            CmpOp::Eq | CmpOp::NotEq | CmpOp::Is | CmpOp::IsNot => {
                let (tested, constant) = match (self.constant(left), self.constant(right)) {
                    (None, Some(constant)) => (left, constant),
                    (Some(constant), None) => (right, constant),
                    (Some(_), Some(_)) => return Test::opaque(None),
                    (None, None) => return self.compare_values(left, *op, right, e, want),
                };
                let var = self.expr(tested);
                let identity = matches!(op, CmpOp::Is | CmpOp::IsNot);
                if constant == Const::None && identity {
                    let yes = self.fact(tested, var, Narrowing::IsNone);
                    let no = self.fact(tested, var, Narrowing::NotNone);
                    let cond = Cond::IsNone(var);
                    let (cond, then, otherwise) =
                        if flip { (negate(cond), no, yes) } else { (cond, yes, no) };
                    let value = want.value().then(|| self.verdict_of(cond.clone(), None, e));
                    return Test { cond, then, otherwise, value };
                }
                let by = (!identity).then_some((operator(*op), var, Side::of(&constant)));
                self.compared(Cond::Equals(var, constant), flip, by, e, want)
            }
            CmpOp::In | CmpOp::NotIn => {
                let elements = match right {
                    Expr::Tuple(display) => Some(display.elts.as_slice()),
                    Expr::List(display) => Some(display.elts.as_slice()),
                    Expr::Set(display) => Some(display.elts.as_slice()),
                    _ => None,
                };
                let consts: Option<Vec<Const>> =
                    elements.and_then(|elts| elts.iter().map(|elt| self.constant(elt)).collect());
                if let Some(consts) = consts {
                    if self.constant(left).is_some() {
                        return Test::opaque(None);
                    }
                    let var = self.expr(left);
                    // Compared with each of them.
                    let one = if let [constant] = &*consts { constant.clone() } else { Const::Other };
                    let by = Some((Operator::Equal, var, Side::of(&one)));
                    return self.compared(Cond::OneOf(var, consts), flip, by, e, want);
                }
                match self.constant(left) {
                    Some(constant) => {
                        let var = self.expr(right);
                        let by = Some((Operator::Contains, var, Side::of(&constant)));
                        self.compared(Cond::Contains(var, constant), flip, by, e, want)
                    }
                    None => self.compare_values(left, *op, right, e, want),
                }
            }
            CmpOp::Lt => self.ordered(left, Order::Less, right, e, want),
            CmpOp::LtE => self.ordered(left, Order::AtMost, right, e, want),
            CmpOp::Gt => self.ordered(left, Order::Greater, right, e, want),
            CmpOp::GtE => self.ordered(left, Order::AtLeast, right, e, want),
        }
    }

    /// A comparison with a constant: `by` is the operator, the operand that is tested, and the other one.
    fn compared(
        &mut self,
        cond: Cond,
        flip: bool,
        by: Option<(Operator, VarId, Side)>,
        e: &'a ExprCompare,
        want: Want,
    ) -> Test {
        let cond = if flip { negate(cond) } else { cond };
        let value = if want.value() {
            Some(self.verdict_of(cond.clone(), by.map(|by| by.0), e))
        } else {
            if let Some((op, left, right)) = by {
                self.operate_only(op, left, right, e.start());
            }
            None
        };
        Test { cond, then: Vec::new(), otherwise: Vec::new(), value }
    }

    fn verdict_of(&mut self, cond: Cond, by: Option<Operator>, e: &'a ExprCompare) -> VarId {
        let pos = self.pos(e.start());
        let dst = self.f.fresh(None);
        self.f.emit(Op::Test { dst, cond: Box::new(cond), by }, pos);
        dst
    }

    /// A comparison of two values.
    fn compare_values(
        &mut self,
        left: &'a Expr,
        op: CmpOp,
        right: &'a Expr,
        e: &'a ExprCompare,
        want: Want,
    ) -> Test {
        let left = self.side(left);
        let right = self.side(right);
        let value = self.compare_sides(left, op, right, e, want);
        let (Side::Var(left), Side::Var(right)) = (left, right) else { return Test::opaque(value) };
        let cond = match op {
            CmpOp::Eq | CmpOp::Is => Cond::Same(left, right),
            CmpOp::NotEq | CmpOp::IsNot => negate(Cond::Same(left, right)),
            CmpOp::In => Cond::Within(left, right),
            CmpOp::NotIn => negate(Cond::Within(left, right)),
            CmpOp::Lt | CmpOp::LtE | CmpOp::Gt | CmpOp::GtE => Cond::Opaque,
        };
        Test { cond, then: Vec::new(), otherwise: Vec::new(), value }
    }

    /// Runs the special methods that a comparison runs; gives its value, if that is wanted and may be another than an untracked one.
    fn compare_sides(
        &mut self,
        left: Side,
        op: CmpOp,
        right: Side,
        e: &'a ExprCompare,
        want: Want,
    ) -> Option<VarId> {
        let (left, op, right) = match (op, left, right) {
            (CmpOp::Is | CmpOp::IsNot, ..) => return None,
            // The container is asked.
            (CmpOp::In | CmpOp::NotIn, item, Side::Var(container)) => (container, Operator::Contains, item),
            (CmpOp::In | CmpOp::NotIn, ..) => return None,
            (_, Side::Var(left), right) => (left, operator(op), right),
            (_, left, Side::Var(right)) => (right, operator(op).flipped(), left),
            _ => return None,
        };
        if want.value() {
            return Some(self.operate(op, left, right, e.start()));
        }
        self.operate_only(op, left, right, e.start());
        None
    }

    /// A comparison by order: a condition if one side is an integer.
    fn ordered(
        &mut self,
        left: &'a Expr,
        order: Order,
        right: &'a Expr,
        e: &'a ExprCompare,
        want: Want,
    ) -> Test {
        let (tested, order, bound) = match (self.constant(left), self.constant(right)) {
            (None, Some(Const::Int(bound))) => (left, order, bound),
            (Some(Const::Int(bound)), None) => (right, order.flipped(), bound),
            _ => {
                let op = match order {
                    Order::Less => CmpOp::Lt,
                    Order::AtMost => CmpOp::LtE,
                    Order::Greater => CmpOp::Gt,
                    Order::AtLeast => CmpOp::GtE,
                };
                return self.compare_values(left, op, right, e, want);
            }
        };
        let var = self.expr(tested);
        let cond = match (self.searched(tested, var), order, bound) {
            (Some((text, part)), Order::AtLeast, 0) | (Some((text, part)), Order::Greater, -1) => {
                Cond::Contains(text, part)
            }
            (Some((text, part)), Order::Less, 0) | (Some((text, part)), Order::AtMost, -1) => {
                Cond::Not(Box::new(Cond::Contains(text, part)))
            }
            _ => Cond::Ordered(var, order, bound),
        };
        let asks = matches!(cond, Cond::Ordered(..));
        let by = asks.then_some((Operator::Ordered(order), var, Side::of(&Const::Int(bound))));
        self.compared(cond, false, by, e, want)
    }

    /// What `text.find("part")` searches, and for what: its result, in a variable, is -1 if the text does not contain it.
    fn searched(&mut self, expr: &Expr, result: VarId) -> Option<(VarId, Const)> {
        let Expr::Call(call) = expr else { return None };
        let Expr::Attribute(attribute) = call.func.as_ref() else { return None };
        let ([part], true) = (&*call.arguments.args, call.arguments.keywords.is_empty()) else { return None };
        let part = self.constant(part).filter(|part| matches!(part, Const::Str(_)))?;
        let defined = |var: VarId| match self.f.vars.get(var.0 as usize)?.def {
            VarDef::Instr(index) => self.f.instrs.get(index as usize).map(|instr| &instr.op),
            _ => None,
        };
        let Op::Call { callee, .. } = *defined(result)? else { return None };
        let Op::LoadAttr { obj, .. } = *defined(callee)? else { return None };
        (attribute.attr.as_str() == "find").then_some((obj, part))
    }

    /// An operand of a comparison.
    fn side(&mut self, expr: &'a Expr) -> Side {
        match self.constant(expr) {
            Some(constant) => Side::of(&constant),
            None => Side::Var(self.expr(expr)),
        }
    }

    /// Marks the parameters whose own value a condition tests.
    pub(super) fn mark_tested(&mut self, cond: &Cond) {
        match cond {
            Cond::Truthy(var)
            | Cond::IsNone(var)
            | Cond::Equals(var, _)
            | Cond::OneOf(var, _)
            | Cond::Contains(var, _)
            | Cond::Ordered(var, ..)
            | Cond::IsInstance(var, _) => self.mark_tested_var(*var),
            Cond::Not(inner) => self.mark_tested(inner),
            Cond::And(parts) | Cond::Or(parts) => {
                parts.iter().for_each(|part| self.mark_tested(part));
            }
            // No context decides a comparison of two variables.
            Cond::Same(..) | Cond::Within(..) | Cond::Every(..) | Cond::Returned(_) | Cond::Opaque => {}
        }
    }

    /// Marks the parameter that a variable is the value of, here or in an enclosing function.
    pub(super) fn mark_tested_var(&mut self, var: VarId) {
        if let Some((levels, index)) = self.param_of(var) {
            let params = match levels {
                0 => &mut self.f.params,
                _ => {
                    let at = self.stack.len() - levels as usize;
                    &mut self.stack[at].params
                }
            };
            if let Some(param) = params.get_mut(index as usize) {
                param.tested = true;
            }
        }
    }

    /// The parameter whose own value a variable holds: how many scopes up, and its index there.
    pub(super) fn param_of(&self, var: VarId) -> Option<(u32, u32)> {
        let root = self.f.root(var);
        match self.f.vars.get(root.0 as usize)?.def {
            VarDef::Param(index) => Some((0, index)),
            VarDef::Instr(index) => match self.f.instrs.get(index as usize)?.op {
                Op::LoadFree { levels, cell, .. } => {
                    let at = self.stack.len().checked_sub(levels as usize)?;
                    let owner = self.stack.get(at)?;
                    let scope = &self.table.scopes[*owner.scopes.first()? as usize];
                    let slot = owner.cells.iter().position(|&known| known == cell)?;
                    let slot = scope.slots.get(slot)?;
                    if slot.binds != 1 || slot.written_inside {
                        return None;
                    }
                    let index = owner.params.iter().position(|p| p.name == slot.name)?;
                    Some((levels, index as u32))
                }
                _ => None,
            },
            VarDef::Cell | VarDef::Join => None,
        }
    }

    fn constant_sym(&mut self, text: &str) -> Sym {
        self.names.intern(text)
    }

    /// The constant that an expression is.
    pub(super) fn constant(&mut self, expr: &Expr) -> Option<Const> {
        Some(match expr {
            Expr::NoneLiteral(_) => Const::None,
            Expr::BooleanLiteral(e) => Const::Bool(e.value),
            Expr::StringLiteral(e) => Const::Str(self.constant_sym(e.value.to_str())),
            Expr::BytesLiteral(_) | Expr::EllipsisLiteral(_) => Const::Other,
            Expr::NumberLiteral(e) => match &e.value {
                ruff_python_ast::Number::Int(int) => int.as_i64().map_or(Const::Other, Const::Int),
                _ => Const::Other,
            },
            Expr::UnaryOp(e) if e.op == UnaryOp::USub => match e.operand.as_ref() {
                Expr::NumberLiteral(number) => match &number.value {
                    ruff_python_ast::Number::Int(int) => {
                        int.as_i64().map_or(Const::Other, |int| Const::Int(-int))
                    }
                    _ => Const::Other,
                },
                _ => return None,
            },
            _ => return None,
        })
    }
}
