//! Expressions.

use ruff_python_ast::{
    self as ast, ConversionFlag, Expr, ExprIf, ExprLambda, ExprSlice, InterpolatedStringElement, UnaryOp,
};
use ruff_text_size::{Ranged, TextSize};

use super::builder::{Exit, UNBOUND};
use super::cond::{Want, negate};
use super::{FStringPiece, Lowerer, MAX_EXPR_DEPTH, fstring_pieces, tstring_pieces};
use crate::ir::{
    BinOp, Binary, Cond, Const, ContainerKind, FormatPart, Op, Operator, ScopeKind, Side, VarDef, VarId,
};

/// The operator that makes something of strings or containers, or else the arithmetic one.
fn bin_op(op: ast::Operator) -> Result<BinOp, Binary> {
    Ok(match op {
        ast::Operator::Add => BinOp::Add,
        ast::Operator::Mod => BinOp::Mod,
        ast::Operator::BitOr => BinOp::BitOr,
        ast::Operator::Mult => BinOp::Mult,
        ast::Operator::Sub => return Err(Binary::Sub),
        ast::Operator::MatMult => return Err(Binary::MatMult),
        ast::Operator::Div => return Err(Binary::Div),
        ast::Operator::FloorDiv => return Err(Binary::FloorDiv),
        ast::Operator::Pow => return Err(Binary::Pow),
        ast::Operator::LShift => return Err(Binary::LShift),
        ast::Operator::RShift => return Err(Binary::RShift),
        ast::Operator::BitXor => return Err(Binary::BitXor),
        ast::Operator::BitAnd => return Err(Binary::BitAnd),
    })
}

impl<'a> Lowerer<'a> {
    /// A value that is not tracked.
    pub(super) fn opaque(&mut self, expr: &Expr) -> VarId {
        self.opaque_at(expr.start())
    }

    /// A value that is not tracked, at an offset.
    pub(super) fn opaque_at(&mut self, at: TextSize) -> VarId {
        let pos = self.pos(at);
        let dst = self.f.fresh(None);
        self.f.emit(Op::Opaque { dst }, pos);
        dst
    }

    /// Whether a condition holds, as a value: tracked if the condition is about one variable. `by` is what compares.
    pub(super) fn verdict(&mut self, cond: Cond, by: Option<Operator>, expr: &Expr) -> VarId {
        if cond.subject().is_none() {
            return self.opaque(expr);
        }
        let pos = self.pos(expr.start());
        let dst = self.f.fresh(None);
        self.f.emit(Op::Test { dst, cond: Box::new(cond), by }, pos);
        dst
    }

    /// An operator that makes nothing of strings and containers, as a value.
    pub(super) fn operate(&mut self, op: Operator, left: VarId, right: Side, at: TextSize) -> VarId {
        let pos = self.pos(at);
        let dst = self.f.fresh(None);
        self.f.emit(Op::Operate { dst: Some(dst), op, left, right }, pos);
        dst
    }

    /// The same where nobody looks at the value.
    pub(super) fn operate_only(&mut self, op: Operator, left: VarId, right: Side, at: TextSize) {
        let pos = self.pos(at);
        self.f.emit(Op::Operate { dst: None, op, left, right }, pos);
    }

    /// The test of a value, which asks an object whether it is true.
    pub(super) fn ask_truth(&mut self, expr: &Expr, value: VarId) {
        if self.may_be_object(expr, value) {
            self.operate_only(Operator::Truth, value, Side::Missing, expr.start());
        }
    }

    /// Whether an expression may give an object whose truth is a method's: a display, a test or a predicate does not.
    fn may_be_object(&self, expr: &Expr, value: VarId) -> bool {
        if let Expr::Call(call) = expr
            && let Expr::Name(name) = call.func.as_ref()
        {
            return !matches!(
                name.id.as_str(),
                "isinstance" | "hasattr" | "issubclass" | "callable" | "len" | "any" | "all" | "bool"
            );
        }
        let defining = match self.f.vars.get(value.0 as usize).map(|var| var.def) {
            Some(VarDef::Instr(index)) => self.f.instrs.get(index as usize).map(|instr| &instr.op),
            _ => None,
        };
        !matches!(
            defining,
            Some(
                Op::Const { .. }
                    | Op::Opaque { .. }
                    | Op::Test { .. }
                    | Op::Format { .. }
                    | Op::MakeSeq { .. }
                    | Op::MakeDict { .. }
                    | Op::MakeFunc { .. }
            )
        )
    }

    /// A constant.
    pub(super) fn emit_const(&mut self, value: Const, at: TextSize) -> VarId {
        let pos = self.pos(at);
        let dst = self.f.fresh(None);
        self.f.emit(Op::Const { dst, value }, pos);
        dst
    }

    /// Lowers an expression; the variable holds its value.
    pub(super) fn expr(&mut self, expr: &'a Expr) -> VarId {
        if self.depth >= MAX_EXPR_DEPTH {
            self.too_deep(expr.start());
            return self.opaque(expr);
        }
        self.depth += 1;
        let value = self.chain(expr);
        self.depth -= 1;
        value
    }

    /// Left operands, callees and receivers are followed in a loop: such chains are as long as people like.
    fn chain(&mut self, expr: &'a Expr) -> VarId {
        let mut links: Vec<&'a Expr> = Vec::new();
        let mut base = expr;
        loop {
            let next = match base {
                Expr::Attribute(e) => &e.value,
                Expr::Subscript(e) => &e.value,
                Expr::BinOp(e) => &e.left,
                Expr::Call(e) => &e.func,
                _ => break,
            };
            links.push(base);
            base = next;
        }
        let mut value = None;
        // `super()` is one instruction, the name is not read.
        if let Some(Expr::Call(call)) = links.last()
            && let Some(dst) = self.super_call(call)
        {
            links.pop();
            value = Some(dst);
        }
        let mut value = match value {
            Some(value) => value,
            None => self.leaf(base),
        };
        for link in links.into_iter().rev() {
            value = self.link(link, value);
        }
        value
    }

    fn link(&mut self, link: &'a Expr, value: VarId) -> VarId {
        match link {
            Expr::Attribute(e) => {
                let pos = self.pos(e.attr.start());
                let name = self.sym(e.attr.as_str());
                let dst = self.f.fresh(None);
                self.f.emit(Op::LoadAttr { dst, obj: value, name }, pos);
                dst
            }
            Expr::Subscript(e) => {
                if let Expr::Slice(slice) = e.slice.as_ref() {
                    self.slice_bounds(&e.slice);
                    let bounds = self.constant_bounds(slice);
                    let pos = self.pos(e.start());
                    let dst = self.f.fresh(None);
                    self.f.emit(Op::Slice { dst, obj: value, bounds }, pos);
                    return dst;
                }
                let key = self.expr(&e.slice);
                self.mark_tested_var(key);
                let pos = self.pos(e.start());
                let known = self.f.known_element(value, key);
                let dst = self.f.fresh(None);
                match known {
                    Some(src) => self.f.emit(Op::Copy { dst, src }, pos),
                    None => self.f.emit(Op::LoadSub { dst, obj: value, key }, pos),
                };
                dst
            }
            Expr::BinOp(e) => {
                let right = self.expr(&e.right);
                self.binary(e.op, false, (value, right), e.start())
            }
            Expr::Call(e) => self.call(e, value),
            _ => value,
        }
    }

    /// `left op right`, or what `left op= right` makes of `left`.
    pub(super) fn binary(
        &mut self,
        op: ast::Operator,
        augmented: bool,
        (left, right): (VarId, VarId),
        at: TextSize,
    ) -> VarId {
        match bin_op(op) {
            Ok(op) => {
                let pos = self.pos(at);
                let dst = self.f.fresh(None);
                self.f.emit(Op::BinOp { dst, op, left, right, augmented }, pos);
                dst
            }
            Err(op) => {
                let op = if augmented { Operator::Augmented(op) } else { Operator::Binary(op) };
                self.operate(op, left, Side::Var(right), at)
            }
        }
    }

    fn slice_bounds(&mut self, slice: &'a Expr) {
        if let Expr::Slice(slice) = slice {
            for bound in [&slice.lower, &slice.upper, &slice.step].into_iter().flatten() {
                if self.constant(bound).is_none() {
                    self.expr(bound);
                }
            }
        }
    }

    /// The range of elements that a slice takes, if it is constant, counts from the start and leaves nothing out.
    fn constant_bounds(&mut self, slice: &ExprSlice) -> Option<(u32, u32)> {
        let mut bound = |expr: &Option<Box<Expr>>, missing: u32| match expr {
            None => Some(missing),
            Some(expr) => match self.constant(expr)? {
                Const::Int(int) => u32::try_from(int).ok(),
                Const::None => Some(missing),
                _ => None,
            },
        };
        let bounds = (bound(&slice.lower, 0)?, bound(&slice.upper, u32::MAX)?);
        (bound(&slice.step, 1)? == 1).then_some(bounds)
    }

    fn leaf(&mut self, expr: &'a Expr) -> VarId {
        if let Some(value) = self.constant(expr) {
            return self.emit_const(value, expr.start());
        }
        match expr {
            Expr::Name(e) => {
                if !e.range.is_empty() {
                    let name = self.sym(e.id.as_str());
                    self.read(name, e.start())
                } else {
                    self.opaque(expr)
                }
            }
            Expr::BoolOp(_) => match self.test(expr, Want::Value).value {
                Some(value) => value,
                None => self.opaque(expr),
            },
            Expr::Compare(e) => match self.compare(e, Want::Value).value {
                Some(value) => value,
                None => self.opaque(expr),
            },
            Expr::UnaryOp(e) => {
                let op = match e.op {
                    UnaryOp::Not => {
                        let operand = self.expr(&e.operand);
                        self.ask_truth(&e.operand, operand);
                        return self.verdict(negate(Cond::Truthy(operand)), None, expr);
                    }
                    UnaryOp::Invert => Operator::Invert,
                    UnaryOp::UAdd => Operator::Positive,
                    UnaryOp::USub => Operator::Negative,
                };
                match self.constant(&e.operand) {
                    Some(_) => self.opaque(expr),
                    None => {
                        let operand = self.expr(&e.operand);
                        self.operate(op, operand, Side::Missing, e.start())
                    }
                }
            }
            Expr::Named(e) => {
                let value = self.expr(&e.value);
                match e.target.as_ref() {
                    Expr::Name(target) => {
                        let name = self.sym(target.id.as_str());
                        self.bind_walrus(name, value, target.start())
                    }
                    _ => value,
                }
            }
            Expr::Lambda(e) => self.lambda(e),
            Expr::If(e) => self.conditional(e),
            Expr::Dict(e) => {
                let mut items = Vec::with_capacity(e.items.len());
                for item in &e.items {
                    let key = item.key.as_ref().map(|key| self.expr(key));
                    items.push((key, self.expr(&item.value)));
                }
                let pos = self.pos(e.start());
                let dst = self.f.fresh(None);
                self.f.emit(Op::MakeDict { dst, items: items.into(), comprehension: false }, pos);
                dst
            }
            Expr::Set(e) => self.sequence(ContainerKind::Set, &e.elts, e.start()),
            Expr::List(e) => self.sequence(ContainerKind::List, &e.elts, e.start()),
            Expr::Tuple(e) => self.sequence(ContainerKind::Tuple, &e.elts, e.start()),
            Expr::ListComp(e) => {
                self.comprehension(e.range, &e.generators, ContainerKind::List, None, &e.elt)
            }
            Expr::Generator(e) => {
                self.comprehension(e.range, &e.generators, ContainerKind::List, None, &e.elt)
            }
            Expr::SetComp(e) => self.comprehension(e.range, &e.generators, ContainerKind::Set, None, &e.elt),
            Expr::DictComp(e) => {
                self.comprehension(e.range, &e.generators, ContainerKind::Dict, e.key.as_deref(), &e.value)
            }
            Expr::Await(e) => {
                let src = self.expr(&e.value);
                let pos = self.pos(e.start());
                let dst = self.f.fresh(None);
                self.f.emit(Op::Await { dst, src }, pos);
                dst
            }
            Expr::Yield(e) => {
                let src = match &e.value {
                    Some(value) => self.expr(value),
                    None => self.emit_const(Const::None, e.start()),
                };
                let pos = self.pos(e.start());
                let dst = self.f.fresh(None);
                self.f.emit(Op::Yield { dst, src }, pos);
                dst
            }
            Expr::YieldFrom(e) => {
                let src = self.expr(&e.value);
                let pos = self.pos(e.start());
                let dst = self.f.fresh(None);
                self.f.emit(Op::YieldFrom { dst, src }, pos);
                dst
            }
            Expr::FString(e) => self.format(fstring_pieces(&e.value), e.start()),
            Expr::TString(e) => self.format(tstring_pieces(&e.value), e.start()),
            Expr::Starred(e) => self.expr(&e.value),
            Expr::Slice(_) => {
                self.slice_bounds(expr);
                self.opaque(expr)
            }
            _ => self.opaque(expr),
        }
    }

    fn sequence(&mut self, kind: ContainerKind, elts: &'a [Expr], at: TextSize) -> VarId {
        let mut items = Vec::with_capacity(elts.len());
        for elt in elts {
            items.push(match elt {
                Expr::Starred(starred) => (self.expr(&starred.value), true),
                elt => (self.expr(elt), false),
            });
        }
        let pos = self.pos(at);
        let dst = self.f.fresh(None);
        self.f.emit(Op::MakeSeq { dst, kind, items: items.into(), comprehension: false }, pos);
        dst
    }

    /// A string with interpolations; adjacent literal pieces are one part.
    fn format(&mut self, pieces: Vec<FStringPiece<'a>>, at: TextSize) -> VarId {
        let mut parts: Vec<FormatPart> = Vec::new();
        let mut text = String::new();
        let mut values = 0;
        for piece in pieces {
            match piece {
                FStringPiece::Text(piece) => text.push_str(piece),
                FStringPiece::Element(InterpolatedStringElement::Literal(literal)) => {
                    text.push_str(&literal.value);
                }
                FStringPiece::Element(InterpolatedStringElement::Interpolation(element)) => {
                    if let Some(debug) = &element.debug_text {
                        text.push_str(debug.as_str());
                    }
                    if !text.is_empty() {
                        parts.push(FormatPart::Text(self.names.intern(&text)));
                        text.clear();
                    }
                    let by = match element.conversion {
                        ConversionFlag::None => Operator::Format,
                        ConversionFlag::Str => Operator::Str,
                        ConversionFlag::Ascii | ConversionFlag::Repr => Operator::Repr,
                    };
                    parts.push(FormatPart::Value(self.expr(&element.expression), by));
                    values += 1;
                    if let Some(spec) = &element.format_spec {
                        self.format_spec(&spec.elements);
                    }
                }
            }
        }
        if values == 0 {
            let text = self.names.intern(&text);
            return self.emit_const(Const::Str(text), at);
        }
        if !text.is_empty() {
            parts.push(FormatPart::Text(self.names.intern(&text)));
        }
        let pos = self.pos(at);
        let dst = self.f.fresh(None);
        self.f.emit(Op::Format { dst, parts: parts.into() }, pos);
        dst
    }

    /// Values in a format specification are evaluated; how they format is not tracked.
    fn format_spec(&mut self, elements: &'a [InterpolatedStringElement]) {
        if self.depth >= MAX_EXPR_DEPTH {
            return;
        }
        self.depth += 1;
        for element in elements {
            if let InterpolatedStringElement::Interpolation(element) = element {
                self.expr(&element.expression);
                if let Some(spec) = &element.format_spec {
                    self.format_spec(&spec.elements);
                }
            }
        }
        self.depth -= 1;
    }

    fn lambda(&mut self, e: &'a ExprLambda) -> VarId {
        let pos = self.pos(e.start());
        let Some(scope) = self.table.scope_at(e.range) else {
            return self.opaque_at(e.start());
        };
        let defaults = e.parameters.as_deref().map(|params| self.defaults(params)).unwrap_or_default();
        let name = self.names.intern("<lambda>");
        let end_line = self.lines.line_before(e.end());
        self.enter(ScopeKind::Lambda, scope, name, None);
        if let Some(params) = &e.parameters {
            self.params(params);
        }
        self.make_cells(pos);
        let body = self.expr(&e.body);
        let at = self.pos(e.body.start());
        self.f.emit(Op::Return { src: body }, at);
        self.f.returns = true;
        let func = self.leave(end_line, false, pos);
        let dst = self.f.fresh(None);
        self.f.emit(Op::MakeFunc { dst, func, defaults: defaults.into() }, pos);
        dst
    }

    fn conditional(&mut self, e: &'a ExprIf) -> VarId {
        let test = self.test(&e.test, Want::Truth);
        let outer = self.f.guard;
        let mark = self.f.mark();
        let pos = self.pos(e.start());
        let mut values = [UNBOUND; 2];
        let mut exits = Vec::with_capacity(2);
        for (i, (facts, branch)) in
            [(&test.then, &e.body), (&test.otherwise, &e.orelse)].into_iter().enumerate()
        {
            self.f.guard = self.f.guard_in(outer, &test.cond, i == 0, None);
            self.apply(facts, branch);
            values[i] = self.expr(branch);
            let guard = self.f.guard;
            let diff = self.f.roll_back(mark);
            exits.push(Exit { diff, guard });
        }
        self.f.guard = outer;
        self.join_exits(&exits, true, e.start());
        let dst = self.f.declare(None, VarDef::Join);
        for (src, exit) in values.into_iter().zip(&exits) {
            self.f.emit_under(Op::Copy { dst, src }, exit.guard, pos);
        }
        dst
    }
}

/// The first positional parameter.
pub(super) fn first_param(params: &[crate::ir::Param]) -> Option<&crate::ir::Param> {
    use crate::ir::ParamKind;
    params.first().filter(|param| matches!(param.kind, ParamKind::PositionalOnly | ParamKind::Positional))
}
