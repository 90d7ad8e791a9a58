//! Operators on objects of the program: the special methods that they run (data model, section 3.3).
//!
//! Python looks a special method up on the class alone. Most operators meet no object with one, so an instruction listens to its
//! operands for this only if some name of the program is that of a method that it may run (see [`Live`]).

use super::graph::NodeId;
use super::layout::role;
use super::primitive::Pending;
use super::value::{InstId, ObjKind, Value, ValueId, well_known};
use super::{Origin, Solver, Use};
use crate::finding::HopKind;
use crate::ir::{Binary, Cond, FormatPart, Op, Operator, Order, Side};
use crate::link::{Name, Names};

/// What an operator makes text of an object with when it is the `%` of a text.
const TEXT: Operator = Operator::Str;

/// The operators that may run a method of the program: those with a special method that something in the program is named.
#[derive(Clone, Copy, Default)]
pub(super) struct Live {
    any: u64,
    reflected: u64,
    setattr: bool,
    descriptors: bool,
    set_name: bool,
    init_subclass: bool,
    new: bool,
    getattribute: bool,
}

impl Live {
    /// Those of a program, before the solver gives names of its own.
    pub fn of(names: &Names) -> Live {
        let named = |methods: &[&str]| methods.iter().any(|method| names.find(method).is_some());
        let mut live = Live::default();
        for op in all() {
            let (own, reflected) = op.methods();
            let makes_text = matches!(op, Operator::Binary(Binary::Mod) | Operator::Augmented(Binary::Mod))
                && named(TEXT.methods().0);
            // A generator that is searched runs.
            let searches = op == Operator::Contains;
            let runs = searches || makes_text || op.combines_sets() || named(own) || named(reflected);
            live.any |= u64::from(runs) << number(op);
            live.reflected |= u64::from(named(reflected)) << number(op);
        }
        live.setattr = named(&["__setattr__"]);
        live.descriptors = named(&["__get__", "__set__", "__delete__"]);
        live.set_name = named(&["__set_name__"]);
        live.init_subclass = named(&["__init_subclass__"]);
        live.new = named(&["__new__"]);
        live.getattribute = named(&["__getattribute__"]);
        // Where an element of a list is deleted, others move.
        live.any |= 1 << number(Operator::DeleteItem);
        // An attribute that is deleted may be a descriptor.
        live.any |= u64::from(named(&["__delete__", "deleter", "fdel"])) << number(Operator::DeleteAttribute);
        live
    }

    /// Whether storing an attribute may.
    pub fn sets_attributes(self) -> bool {
        self.setattr
    }

    /// Whether loading, storing or deleting an attribute of a class may, because of what the attribute is.
    pub fn has_descriptors(self) -> bool {
        self.descriptors
    }

    /// Whether binding a name in a class body may.
    pub fn tells_names(self) -> bool {
        self.set_name
    }

    /// Whether loading any attribute of an object may.
    pub fn answers_all(self) -> bool {
        self.getattribute
    }

    /// Whether making an object may, before it is initialised.
    pub fn makes_objects(self) -> bool {
        self.new
    }

    /// Whether deriving a class may.
    pub fn tells_of_subclasses(self) -> bool {
        self.init_subclass
    }

    /// Whether an operator may run a method at all.
    pub fn has(self, op: Operator) -> bool {
        self.any >> number(op) & 1 == 1
    }

    /// Whether it may make text of an object: the `%` of a text.
    pub fn makes_text(self, op: Operator) -> bool {
        matches!(op, Operator::Binary(Binary::Mod) | Operator::Augmented(Binary::Mod)) && self.has(TEXT)
    }

    /// Whether it may run one of its right operand.
    pub fn reflects(self, op: Operator) -> bool {
        self.reflected >> number(op) & 1 == 1
    }
}

/// All operators.
fn all() -> impl Iterator<Item = Operator> {
    use Operator::{
        Contains, DeleteAttribute, DeleteItem, Equal, Format, Invert, Negative, NotEqual, Ordered, Positive,
        Repr, Str, Truth,
    };
    let binary = [
        Binary::Add,
        Binary::Sub,
        Binary::Mult,
        Binary::MatMult,
        Binary::Div,
        Binary::FloorDiv,
        Binary::Mod,
        Binary::Pow,
        Binary::LShift,
        Binary::RShift,
        Binary::BitOr,
        Binary::BitXor,
        Binary::BitAnd,
    ];
    let others = [
        Negative,
        Positive,
        Invert,
        Equal,
        NotEqual,
        Contains,
        Truth,
        DeleteItem,
        DeleteAttribute,
        Format,
        Str,
        Repr,
    ];
    let orders = [Order::Less, Order::AtMost, Order::Greater, Order::AtLeast].map(Ordered);
    let arithmetic = binary.into_iter().flat_map(|op| [Operator::Binary(op), Operator::Augmented(op)]);
    arithmetic.chain(others).chain(orders)
}

/// The place of an operator among all of them.
fn number(op: Operator) -> u32 {
    match op {
        Operator::Binary(op) => op as u32,
        Operator::Augmented(op) => 13 + op as u32,
        Operator::Ordered(order) => 26 + order as u32,
        Operator::Negative => 30,
        Operator::Positive => 31,
        Operator::Invert => 32,
        Operator::Equal => 33,
        Operator::NotEqual => 34,
        Operator::Contains => 35,
        Operator::Truth => 36,
        Operator::DeleteItem => 37,
        Operator::DeleteAttribute => 38,
        Operator::Format => 39,
        Operator::Str => 40,
        Operator::Repr => 41,
    }
}

/// An operator and its operands in an instance.
struct Operation {
    op: Operator,
    left: NodeId,
    right: Option<NodeId>,
    dst: Option<NodeId>,
}

/// A method that an operator has run on an object.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Ran {
    at: Origin,
    op: Operator,
    object: ValueId,
    /// Its place among those of the left operand, or of the right one.
    method: u8,
    reflected: bool,
}

impl Solver<'_> {
    /// The operation of an instruction that has one.
    fn operation(&mut self, at: Origin) -> Option<Operation> {
        let Origin { inst, .. } = at;
        match *self.op(at) {
            Op::Operate { dst, op, left, right } => {
                let right = self.side(inst, right);
                let dst = dst.map(|dst| self.var(inst, dst));
                Some(Operation { op, left: self.var(inst, left), right, dst })
            }
            Op::BinOp { dst, op, left, right, augmented } => {
                let (left, right, dst) = (self.var(inst, left), self.var(inst, right), self.var(inst, dst));
                Some(Operation { op: op.operator(augmented)?, left, right: Some(right), dst: Some(dst) })
            }
            Op::Test { dst, ref cond, by: Some(op) } => {
                let (left, right) = (self.var(inst, cond.subject()?), compared_with(cond)?);
                let right = self.side(inst, right);
                Some(Operation { op, left, right, dst: Some(self.var(inst, dst)) })
            }
            _ => None,
        }
    }

    /// The node of a right operand.
    fn side(&mut self, inst: InstId, side: Side) -> Option<NodeId> {
        let value = match side {
            Side::Missing => return None,
            Side::Var(var) => return Some(self.var(inst, var)),
            Side::Singleton(None) => well_known::NONE,
            Side::Singleton(Some(true)) => well_known::TRUE,
            Side::Singleton(Some(false)) => well_known::FALSE,
            Side::Int(int) => self.values.intern_keyed(Value::Int(int.into()), None),
            Side::Str(text) => {
                let name = self.sym(inst, text);
                // Prose names nothing.
                match self.text(name).bytes().any(|byte| byte.is_ascii_whitespace()) {
                    true => well_known::ANY_STR,
                    false => self.values.intern_keyed(Value::Str(name), None),
                }
            }
            Side::Constant => well_known::OPAQUE,
        };
        Some(self.constant(value))
    }

    /// A new value of an operand of an operator: of the left one, or, by `which`, of the right one.
    pub(super) fn on_operator(&mut self, at: Origin, which: u8, value: ValueId) {
        let is_object = matches!(self.values.get(value), Value::Inst(..));
        if let Op::Format { parts, .. } = self.op(at) {
            let parts = parts.clone();
            for part in parts {
                if let FormatPart::Value(var, by) = part
                    && is_object
                    && self.graph.contains(self.var(at.inst, var), value)
                {
                    self.make_text(at, by, value);
                }
            }
            return;
        }
        let Some(operation) = self.operation(at) else { return };
        if operation.op == Operator::DeleteItem
            && matches!(self.values.get(value), Value::Obj(ObjKind::List, ..))
        {
            // What stands behind it takes its place.
            let (all, rest) = (self.all(value), self.rest(value));
            self.flow(all, rest);
        }
        if operation.op == Operator::DeleteAttribute && is_object {
            self.delete_attr(at, value);
        }
        if operation.op.combines_sets() && matches!(self.values.get(value), Value::Obj(ObjKind::Set, ..)) {
            self.combine_sets(at, &operation, value);
        }
        if operation.op == Operator::Contains {
            self.search(at, &operation, which, value);
            return;
        }
        let is_text = |s: &Self, value: ValueId| matches!(s.values.get(value), Value::Str(_) | Value::AnyStr);
        let formats =
            matches!(operation.op, Operator::Binary(Binary::Mod) | Operator::Augmented(Binary::Mod));
        if which == role::PRIMARY {
            if let Some(method) = self.first_method(operation.op, value, false) {
                self.run_method(at, &operation, value, method, false);
                self.reflect(at, &operation, Some(value));
            } else if self.live.reflects(operation.op) && self.first_without(&operation) == Some(value) {
                self.reflect(at, &operation, None);
            }
            if formats && is_text(self, value) {
                self.make_text_of_all(at, &operation);
            }
            return;
        }
        if !is_object {
            return;
        }
        if formats {
            let lefts = self.graph.values(operation.left);
            if lefts.iter().any(|&left| is_text(self, left)) {
                self.make_text(at, TEXT, value);
            }
        }
        if let Some(method) = self.first_method(operation.op, value, true) {
            let goes_first = (0..self.graph.values(operation.left).len())
                .any(|i| self.is_derived(value, self.graph.values(operation.left)[i]));
            if goes_first || self.first_without(&operation).is_some() || self.declined(at, operation.op) {
                self.run_method(at, &operation, value, method, true);
            }
        }
    }

    /// The difference, the intersection or the symmetric difference of a set and another one: elements of the first, of the last
    /// those of both.
    fn combine_sets(&mut self, at: Origin, operation: &Operation, left: ValueId) {
        let Some(dst) = operation.dst else { return };
        let set = self.object(ObjKind::Set, at);
        let rest = self.rest(set);
        self.iterate(left, rest, at);
        let symmetric =
            matches!(operation.op, Operator::Binary(Binary::BitXor) | Operator::Augmented(Binary::BitXor));
        if let Some(right) = operation.right.filter(|_| symmetric) {
            self.watch(right, Use::Iterate { dst: rest, at });
        }
        self.graph.add(dst, set);
    }

    /// The first value of the left operand that has none of the methods of an operator.
    fn first_without(&mut self, operation: &Operation) -> Option<ValueId> {
        for i in 0..self.graph.values(operation.left).len() {
            let value = self.graph.values(operation.left)[i];
            if self.first_method(operation.op, value, false).is_none() {
                return Some(value);
            }
        }
        None
    }

    /// Runs the methods of the right operand: of those objects whose class derives from that of an object on the left, or of all.
    fn reflect(&mut self, at: Origin, operation: &Operation, of: Option<ValueId>) {
        let Some(right) = operation.right.filter(|_| self.live.reflects(operation.op)) else { return };
        for i in 0..self.graph.values(right).len() {
            let value = self.graph.values(right)[i];
            if of.is_none_or(|left| self.is_derived(value, left))
                && let Some(method) = self.first_method(operation.op, value, true)
            {
                self.run_method(at, operation, value, method, true);
            }
        }
    }

    /// Whether the class of an object is another than that of a second one, and derives from it: its method is asked first.
    fn is_derived(&self, object: ValueId, from: ValueId) -> bool {
        match (self.class_of(object), self.class_of(from)) {
            (Some(class), Some(base)) => class != base && self.mro(class).contains(&base),
            _ => false,
        }
    }

    /// Whether a method of the left operand has returned `NotImplemented`.
    fn declined(&self, at: Origin, op: Operator) -> bool {
        self.declined.contains(&(at, op))
    }

    /// Which of the methods of an operator the class of an object has: the first.
    fn first_method(&mut self, op: Operator, object: ValueId, reflected: bool) -> Option<u8> {
        if !matches!(self.values.get(object), Value::Inst(..)) {
            return None;
        }
        let class = self.class_of(object)?;
        let (own, right) = op.methods();
        let methods = if reflected { right } else { own };
        (0..).zip(methods).find(|(_, method)| self.has_method(class, method)).map(|(place, _)| place)
    }

    fn has_method(&mut self, class: ValueId, method: &str) -> bool {
        self.program.names.find(method).is_some_and(|name| self.attribute(class, name).defined)
    }

    fn run_method(
        &mut self,
        at: Origin,
        operation: &Operation,
        object: ValueId,
        method: u8,
        reflected: bool,
    ) {
        let Operation { op, left, right, dst } = *operation;
        let ran = Ran { at, op, object, method, reflected };
        if !self.ran.insert(ran) {
            return;
        }
        let (own, others) = op.methods();
        let name = if reflected { others } else { own }[method as usize];
        let name = self.program.names.intern(name);
        let argument = if reflected { Some(left) } else { right };
        let got = self.graph.node();
        self.call_method(object, name, argument.as_slice(), got, at, Some(HopKind::Method));
        if dst.is_some() || !others.is_empty() {
            let what = self.primitive(Pending::Operated { ran });
            self.watch(got, Use::Primitive { what });
        }
    }

    /// What a method of an operator returned: the value of the operator, or that the next method is to be asked.
    pub(super) fn on_operated(&mut self, ran: Ran, value: ValueId) {
        let Ran { at, op, object, method, reflected } = ran;
        let Some(operation) = self.operation(at) else { return };
        if op != operation.op {
            return;
        }
        let declines = matches!(self.values.get(value), Value::Ext(path) if self.text(path) == "builtins.NotImplemented");
        if !declines {
            if let Some(dst) = operation.dst {
                self.graph.add(dst, value);
            }
            return;
        }
        if reflected {
            return;
        }
        let own = op.methods().0;
        let next = (method as usize + 1..own.len()).find(|&place| {
            // `!=` asks for `__eq__` only where there is no `__ne__`.
            let class = self.class_of(object);
            op != Operator::NotEqual && class.is_some_and(|class| self.has_method(class, own[place]))
        });
        match next {
            Some(place) => self.run_method(at, &operation, object, place as u8, false),
            None => {
                self.declined.insert((at, op));
                self.reflect(at, &operation, None);
            }
        }
    }

    /// `item in container`. An object among the elements is compared with, by `__eq__`, where the item is an object itself.
    fn search(&mut self, at: Origin, operation: &Operation, which: u8, value: ValueId) {
        let Some(items) = operation.right else { return };
        let is_display = |s: &Self, value: ValueId| {
            matches!(s.values.get(value), Value::Obj(ObjKind::List | ObjKind::Tuple, ..))
        };
        if which == role::KEY {
            for i in 0..self.graph.values(operation.left).len() {
                let container = self.graph.values(operation.left)[i];
                if is_display(self, container) {
                    self.compare_with_elements(at, value);
                }
            }
            return;
        }
        match self.values.get(value) {
            Value::Inst(..) => match self.first_method(Operator::Contains, value, false) {
                Some(0) => self.run_method(at, &Operation { dst: None, ..*operation }, value, 0, false),
                Some(1) => {
                    let ignored = self.graph.node();
                    self.iterate(value, ignored, at);
                }
                Some(method) => {
                    let index = self.constant(well_known::OPAQUE);
                    let operation = Operation { right: Some(index), dst: None, ..*operation };
                    self.run_method(at, &operation, value, method, false);
                }
                None => {}
            },
            Value::Generator(_) => self.consume(value, at),
            _ if is_display(self, value) => {
                for i in 0..self.graph.values(items).len() {
                    self.compare_with_elements(at, self.graph.values(items)[i]);
                }
            }
            _ => {}
        }
    }

    fn compare_with_elements(&mut self, at: Origin, item: ValueId) {
        if let Some(method) = self.first_method(Operator::Equal, item, false) {
            let element = self.constant(well_known::UNKNOWN);
            let operation = Operation { op: Operator::Equal, left: element, right: Some(element), dst: None };
            self.run_method(at, &operation, item, method, false);
        }
    }

    fn make_text_of_all(&mut self, at: Origin, operation: &Operation) {
        let Some(right) = operation.right else { return };
        for i in 0..self.graph.values(right).len() {
            self.make_text(at, TEXT, self.graph.values(right)[i]);
        }
    }

    /// Makes text of a value: an object of the program is asked for it.
    pub(super) fn make_text(&mut self, at: Origin, by: Operator, value: ValueId) {
        let Some(method) = self.first_method(by, value, false) else { return };
        let specification = by.methods().0[method as usize] == "__format__";
        let right = specification.then(|| self.constant(well_known::ANY_STR));
        let operation = Operation { op: by, left: NodeId::EMPTY, right, dst: None };
        self.run_method(at, &operation, value, method, false);
    }

    /// Runs a special method of an object with these arguments, if its class has it; returns whether it has.
    pub(super) fn run_special(
        &mut self,
        object: ValueId,
        method: Name,
        args: &[NodeId],
        dst: NodeId,
        at: Origin,
    ) -> bool {
        let has = matches!(self.values.get(object), Value::Inst(..))
            && self.class_of(object).is_some_and(|class| self.attribute(class, method).defined);
        if has {
            self.call_method(object, method, args, dst, at, Some(HopKind::Method));
        }
        has
    }
}

/// What a simple condition compares with; of several constants nothing is known.
fn compared_with(cond: &Cond) -> Option<Side> {
    match cond {
        Cond::Equals(_, constant) | Cond::Contains(_, constant) => Some(Side::of(constant)),
        Cond::OneOf(_, constants) => match &constants[..] {
            [constant] => Some(Side::of(constant)),
            _ => Some(Side::Constant),
        },
        Cond::Ordered(..) => Some(Side::Constant),
        Cond::Not(inner) => compared_with(inner),
        _ => None,
    }
}
