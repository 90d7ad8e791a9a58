//! What the rules say of single instructions, values and places: no relations, and nothing that a fixpoint is needed for.

use producer_map::ir::{
    Arg, BinOp, Const, ContainerKind, FormatPart, Narrowing, Op, Operator, Param, ParamKind, Side, VarId,
};
use producer_map::link::FuncId;

use crate::domain::{
    At, Call, CallSite, Inst, Kind, Node, Passing, Place, Site, Target, Text, V, Value, text,
};
use crate::library::Wrapper;
use crate::world::{World, as_text, attribute_path, folded, positions, site};

/// Elements beyond this index that are passed on are not told apart.
const ELEMENTS: u32 = 64;

/// What slots of one object go to slots of another.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Forward {
    All,
    /// Elements from the first index to below the second go to the third and on.
    Shift(u32, u32, u32),
    /// All but those that are parameters of a function.
    Except(FuncId),
}

/// The operands whose values decide what an instruction does, each with its place among them.
pub fn operands(op: &Op) -> Vec<(VarId, u32)> {
    let numbered = |vars: Vec<VarId>| vars.into_iter().zip(0..).collect();
    match op {
        Op::Narrow { src, by: Narrowing::IsInstance(class), .. } => numbered(vec![*src, *class]),
        Op::Narrow { src, .. }
        | Op::Iter { src, .. }
        | Op::Unpack { src, .. }
        | Op::Matched { src, .. }
        | Op::YieldFrom { src, .. } => numbered(vec![*src]),
        Op::LoadAttr { obj, .. } | Op::StoreAttr { obj, .. } | Op::Slice { obj, .. } => numbered(vec![*obj]),
        Op::LoadSub { obj, key, .. } | Op::StoreSub { obj, key, .. } => numbered(vec![*obj, *key]),
        Op::BinOp { left, right, .. } | Op::Operate { left, right: Side::Var(right), .. } => {
            numbered(vec![*left, *right])
        }
        Op::Operate { left, .. } => numbered(vec![*left]),
        Op::Test { cond, by: Some(_), .. } => numbered(cond.subject().into_iter().collect()),
        Op::Format { parts, .. } => {
            let vars = (0..).zip(parts).filter_map(|(place, part)| match part {
                FormatPart::Value(var, _) => Some((*var, place)),
                FormatPart::Text(_) => None,
            });
            vars.collect()
        }
        Op::Call { callee: var, .. }
        | Op::Super { this: var, .. }
        | Op::Raise { exc: var }
        | Op::Caught { class: var, .. }
        | Op::With { manager: var, .. } => numbered(vec![*var]),
        Op::MakeClass { bases, .. } => {
            let positional = bases.iter().filter(|base| matches!(base, Arg::Pos(_)));
            numbered(positional.map(|base| base.var()).collect())
        }
        Op::MakeSeq { items, .. } => numbered(items.iter().map(|item| item.0).collect()),
        Op::MakeDict { items, .. } => {
            numbered(items.iter().map(|(key, value)| key.unwrap_or(*value)).collect())
        }
        _ => Vec::new(),
    }
}

pub fn var(at: &At, var: &VarId) -> Node {
    at.0.var(*var)
}

pub fn slot_of(object: V, name: Text) -> Node {
    Node::of(Place::Slot(object, name))
}

pub fn rest_of(object: V) -> Node {
    Node::of(Place::Rest(object))
}

pub fn all_of(object: V) -> Node {
    Node::of(Place::All(object))
}

pub fn keys_of(object: V) -> Node {
    Node::of(Place::Keys(object))
}

pub fn given(value: V) -> Node {
    Node::of(Place::Given(value))
}

pub fn index_name(index: u32) -> Text {
    text(&format!("#{index}"))
}

/// The container that an instruction makes.
pub fn made(at: &At, kind: Kind) -> V {
    V::of(Value::Obj(kind, site(*at), at.0))
}

/// A call that the language or a library makes.
pub fn implied(at: &At, args: Vec<Node>, dst: Node) -> Call {
    let args = args.into_iter().map(|node| (Passing::Pos, node)).collect();
    Call::of(CallSite { at: *at, args, dst, decorates: false, through: Vec::new() })
}

/// A call of which nobody knows the arguments: one for each parameter that takes one by position, of which some are bound
/// already, and any number for `*args` and `**kwargs`.
pub fn blind(at: &At, params: &[Param], bound: usize) -> Call {
    let unknown = given(V::of(Value::Unknown));
    let args = params.iter().skip(bound.min(positions(params))).filter_map(|param| match param.kind {
        ParamKind::PositionalOnly | ParamKind::Positional => Some((Passing::Pos, unknown)),
        ParamKind::VarArgs => Some((Passing::Star, unknown)),
        ParamKind::KwArgs => Some((Passing::DoubleStar, unknown)),
        ParamKind::KeywordOnly => None,
    });
    let args = args.collect();
    Call::of(CallSite { at: *at, args, dst: Node::of(Place::Ignored), decorates: false, through: Vec::new() })
}

/// What a conditional lets through, of the tests that need nothing but the value.
pub fn passes(by: Narrowing, value: V) -> bool {
    match by {
        Narrowing::NotNone => *value != Value::None,
        Narrowing::IsNone => matches!(*value, Value::None | Value::Unknown | Value::Ext(_)),
        Narrowing::Truthy => !matches!(*value, Value::None | Value::Bool(false)),
        Narrowing::Falsy => !matches!(
            *value,
            Value::Bool(true)
                | Value::Func(..)
                | Value::Class(..)
                | Value::Bound(..)
                | Value::Module(_)
                | Value::ManagerFunc(_)
        ),
        Narrowing::IsInstance(_) => {
            value.class().is_none() && !matches!(*value, Value::None | Value::Unknown)
        }
        Narrowing::NotInstance(_) => true,
    }
}

/// Where a forwarded slot goes.
pub fn forwarded(world: &World<'_>, rule: Forward, name: Text, to: V) -> Option<Node> {
    match rule {
        Forward::All => Some(slot_of(to, name)),
        Forward::Shift(from, until, at) => match name.strip_prefix('#').and_then(|i| i.parse::<u32>().ok()) {
            Some(i) if !(from..until).contains(&i) => None,
            Some(i) if i - from + at > ELEMENTS => Some(rest_of(to)),
            Some(i) => Some(slot_of(to, index_name(i - from + at))),
            None => Some(rest_of(to)),
        },
        Forward::Except(func) => (!world.keyword_param(func, name)).then(|| slot_of(to, name)),
    }
}

/// The tuple of `*args` and the dict of `**kwargs` of an instance, with their variables.
pub fn rest_objects(world: &World<'_>, inst: Inst) -> Vec<(Kind, V, Node)> {
    let params = world.params(inst.func).iter().zip(0u32..);
    let object = |(param, index): (&Param, u32)| {
        let kind = match param.kind {
            ParamKind::VarArgs => Kind::Tuple,
            ParamKind::KwArgs => Kind::Dict,
            _ => return None,
        };
        let object = V::of(Value::Obj(kind, Site::Code(inst.func, u32::MAX - index), inst));
        Some((kind, object, inst.var(param.var)))
    };
    params.filter_map(object).collect()
}

/// Where the receiver of an instance goes.
pub fn receiver_place(world: &World<'_>, inst: Inst) -> Option<Node> {
    let first = world.params(inst.func).first()?;
    match first.kind {
        ParamKind::Positional | ParamKind::PositionalOnly => Some(inst.var(first.var)),
        ParamKind::VarArgs => {
            rest_objects(world, inst).first().map(|&(_, tuple, _)| slot_of(tuple, index_name(0)))
        }
        ParamKind::KeywordOnly | ParamKind::KwArgs => None,
    }
}

/// What a call adds to `*args` and `**kwargs` of an instance.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Surplus {
    /// An argument goes to a place of an object.
    Place(Node, Node),
    /// A keyword argument of this name goes to a dict.
    Keyword(Node, V, Text),
    /// The elements of `*x` go to a tuple, from the first index on to the second.
    Star(Node, V, u32, u32),
    /// The items of `**x` go to a dict, except those that are parameters of a function.
    DoubleStar(Node, V, FuncId),
}

pub fn surplus(world: &World<'_>, target: Target, inst: Inst) -> Vec<Surplus> {
    let objects = rest_objects(world, inst);
    let of_kind = |kind| objects.iter().find(|object| object.0 == kind).map(|object| object.1);
    let (tuple, dict) = (of_kind(Kind::Tuple), of_kind(Kind::Dict));
    let slots = positions(world.params(inst.func));
    let mut position = usize::from(target.takes_self());
    let mut after_star = false;
    let mut found = Vec::new();
    for &(passing, node) in &target.call.args {
        match (passing, tuple, dict) {
            (Passing::Pos, Some(tuple), _) if after_star => found.push(Surplus::Place(node, rest_of(tuple))),
            (Passing::Pos, Some(tuple), _)
                if position >= slots
                    && !world.binds_slot(target, Kind::Tuple, index_name((position - slots) as u32)) =>
            {
                let place = slot_of(tuple, index_name((position - slots) as u32));
                found.push(Surplus::Place(node, place));
            }
            (Passing::Star, Some(tuple), _) => {
                let (from, to) = (slots.saturating_sub(position), position.saturating_sub(slots));
                found.push(Surplus::Star(node, tuple, from as u32, to as u32));
            }
            (Passing::Kw(name), _, Some(dict))
                if !world.keyword_param(inst.func, name) && !world.binds_slot(target, Kind::Dict, name) =>
            {
                found.push(Surplus::Keyword(node, dict, name));
            }
            (Passing::DoubleStar, _, Some(dict)) => found.push(Surplus::DoubleStar(node, dict, inst.func)),
            _ => {}
        }
        position += usize::from(passing == Passing::Pos);
        after_star |= passing == Passing::Star;
    }
    found
}

/// The kind of a display.
pub fn sequence(kind: ContainerKind) -> Kind {
    match kind {
        ContainerKind::List => Kind::List,
        ContainerKind::Tuple => Kind::Tuple,
        ContainerKind::Set | ContainerKind::Dict => Kind::Set,
    }
}

/// Whether the element behind these has a known index.
pub fn is_fixed(kind: ContainerKind, comprehension: bool, before: &[(VarId, bool)]) -> bool {
    !comprehension && sequence(kind) != Kind::Set && before.iter().all(|(_, star)| !star)
}

/// What is in a value that is no container of ours, if anything is known of it.
pub fn inside(value: V) -> Option<V> {
    match *value {
        Value::Unknown | Value::Data | Value::Ext(_) => Some(value),
        Value::Str(_) | Value::AnyStr => Some(V::of(Value::AnyStr)),
        _ => None,
    }
}

/// What stands under a key of such a value: a part of something that carries no code is data.
pub fn element(value: V) -> Option<V> {
    if *value == Value::Opaque { Some(V::of(Value::Data)) } else { inside(value) }
}

/// Whether a value has neither elements nor items, so that asking for them raises.
pub fn has_no_elements(value: V) -> bool {
    matches!(
        *value,
        Value::None
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Func(..)
            | Value::Bound(..)
            | Value::ManagerFunc(_)
    )
}

/// Whether a raw attribute is no descriptor.
pub fn binds_to_itself(raw: V, recv: V) -> bool {
    match *raw {
        Value::Func(..) | Value::ManagerFunc(_) | Value::Obj(Kind::Wraps, ..) => false,
        Value::StaticMethod(_) | Value::ClassMethod(_) | Value::ExtAttr(_) => false,
        Value::Obj(Kind::Property, ..) => recv.is_class(),
        // An object may be a descriptor.
        Value::Object { .. } => false,
        _ => true,
    }
}

/// Whether a name is an attribute of tuples, named ones included; any other is a field.
pub fn is_tuple_attribute(name: &str) -> bool {
    matches!(name, "count" | "index") || name.starts_with('_')
}

/// An attribute of a value of a builtin type, or of something outside.
pub fn foreign_attribute(object: V, name: Text) -> Option<V> {
    let class = match &*object {
        Value::Obj(Kind::List, ..) => "list",
        Value::Obj(Kind::Tuple, ..) if is_tuple_attribute(&name) => "tuple",
        Value::Obj(Kind::Tuple, ..) => return None,
        Value::Obj(Kind::Set, ..) => "set",
        Value::Obj(Kind::Dict, ..) => "dict",
        Value::Obj(Kind::Property, ..) => "property",
        Value::Obj(Kind::Wraps, ..) => "object",
        Value::Str(_) | Value::AnyStr => "str",
        Value::Generator(_) | Value::Manager(_) => "generator",
        Value::Obj(Kind::Partial, ..) => {
            return Some(V::of(Value::ExtMethod(object, text(&format!("functools.partial.{}", *name)))));
        }
        Value::Ext(path) | Value::ExtMethod(_, path) => return Some(V::ext(&attribute_path(path, &name))),
        Value::Data | Value::Opaque | Value::Bool(_) | Value::Int(_) => "data",
        Value::Unknown | Value::ExtAttr(_) => return Some(V::of(Value::Unknown)),
        _ => return None,
    };
    Some(V::of(Value::ExtMethod(object, text(&format!("builtins.{class}.{}", *name)))))
}

/// Whether a decorator that is not understood is taken to return what it decorates.
pub fn is_definition(value: V) -> bool {
    matches!(*value, Value::Func(..) | Value::ManagerFunc(_) | Value::Class(..))
}

pub fn joined(bases: &[(V, Vec<V>)], base: V, line: Vec<V>) -> Vec<(V, Vec<V>)> {
    bases.iter().cloned().chain([(base, line)]).collect()
}

pub fn extended(keys: &[(u32, Option<V>)], param: u32, key: Option<V>) -> Vec<(u32, Option<V>)> {
    keys.iter().copied().chain([(param, key)]).collect()
}

/// The copy of a container, or of what gives elements.
pub fn copy_of(value: V, site: &Site, at: At) -> Option<V> {
    let kind = match *value {
        Value::Obj(kind @ (Kind::List | Kind::Tuple | Kind::Set | Kind::Dict), ..) => kind,
        Value::Generator(_) | Value::Object { .. } => Kind::List,
        _ => return None,
    };
    Some(V::of(Value::Obj(kind, site.clone(), at.0)))
}

pub fn wrapped(func: V, how: Wrapper) -> V {
    V::of(match how {
        Wrapper::Manager => Value::ManagerFunc(func),
        Wrapper::Static => Value::StaticMethod(func),
        Wrapper::Class => Value::ClassMethod(func),
    })
}

/// What a string method makes of a value.
pub fn as_method_leaves(value: V, method: &str) -> V {
    let Value::Str(text) = *value else { return V::of(Value::AnyStr) };
    match method {
        "same" => value,
        "lower" => V::str(&text.to_lowercase()),
        "upper" => V::str(&text.to_uppercase()),
        "strip" => V::str(text.trim()),
        "lstrip" => V::str(text.trim_start()),
        "rstrip" => V::str(text.trim_end()),
        _ => V::of(Value::AnyStr),
    }
}

/// What an operator makes of two values.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Outcome {
    /// A list with the elements of both.
    Joined,
    /// A value.
    Value(V),
    /// The rules do not say.
    Outside(&'static str),
}

impl Outcome {
    /// Whether strings, containers or neither decide. What becomes of operands of which some are strings and some
    /// are not depends, in the solver, on which comes first.
    pub fn kind(self) -> u8 {
        match self {
            Outcome::Joined => 0,
            Outcome::Value(value) if *value == Value::Opaque => 1,
            Outcome::Value(_) => 2,
            Outcome::Outside(_) => 3,
        }
    }
}

pub fn outcome(op: BinOp, left: V, right: V) -> Outcome {
    let container = |value: V| matches!(*value, Value::Obj(..));
    let string = |value: V| matches!(*value, Value::Str(_) | Value::AnyStr);
    match op {
        BinOp::Add if container(left) || container(right) => Outcome::Joined,
        BinOp::Add if string(left) || string(right) => {
            Outcome::Value(folded(&(as_text(left) + &as_text(right))))
        }
        BinOp::Mult if container(left) => Outcome::Outside("a container that is repeated"),
        BinOp::Mult if string(left) => Outcome::Value(V::of(Value::AnyStr)),
        BinOp::Mod if string(left) => Outcome::Outside("a format and its arguments"),
        BinOp::BitOr if container(left) || container(right) => Outcome::Outside("two dicts"),
        _ => Outcome::Value(V::of(Value::Opaque)),
    }
}

/// An operator and its operands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Operation {
    pub op: Operator,
    pub left: Node,
    pub right: Option<Node>,
    pub dst: Option<Node>,
}

/// The operation of an instruction.
pub fn operation(w: &World<'_>, at: &At) -> Option<Operation> {
    match w.op(*at) {
        Op::Operate { dst, op, left, right } => {
            let right = match right {
                Side::Missing => None,
                Side::Var(right) => Some(var(at, right)),
                Side::Singleton(None) => Some(given(V::of(Value::None))),
                Side::Singleton(Some(truth)) => Some(given(V::of(Value::Bool(*truth)))),
                Side::Int(int) => Some(given(V::of(Value::Int((*int).into())))),
                Side::Str(text) => Some(given(w.compared_with(*at, &Const::Str(*text)))),
                Side::Constant => Some(given(V::of(Value::Opaque))),
            };
            let dst = dst.as_ref().map(|dst| var(at, dst));
            Some(Operation { op: *op, left: var(at, left), right, dst })
        }
        Op::BinOp { dst, op, left, right, augmented } => Some(Operation {
            op: op.operator(*augmented)?,
            left: var(at, left),
            right: Some(var(at, right)),
            dst: Some(var(at, dst)),
        }),
        Op::Test { dst, cond, by: Some(op) } => Some(Operation {
            op: *op,
            left: var(at, &cond.subject()?),
            right: Some(given(w.tested_with(*at, cond)?)),
            dst: Some(var(at, dst)),
        }),
        _ => None,
    }
}

/// Which of the methods of an operator a class has, by its bases: the first from a place on.
pub fn method_of(w: &World<'_>, op: Operator, reflected: bool, from: usize, mro: &[V]) -> Option<usize> {
    let (own, right) = op.methods();
    let methods = if reflected { right } else { own };
    (from..methods.len()).find(|&place| w.defines(mro, text(methods[place])))
}

/// The method that an operator runs, by its place: its name, and the call of it.
pub fn operator_call(
    w: &World<'_>,
    at: &At,
    op: Operator,
    object: V,
    place: usize,
    reflected: bool,
) -> (Text, Call) {
    let (own, right) = op.methods();
    let name = if reflected { right } else { own }[place];
    let args = match (op, operation(w, at)) {
        (Operator::Format, _) if name == "__format__" => vec![given(V::of(Value::AnyStr))],
        (Operator::Contains, _) if name == "__getitem__" => vec![given(V::of(Value::Opaque))],
        (op, Some(of)) if of.op == op => {
            if reflected { Some(of.left) } else { of.right }.into_iter().collect()
        }
        (Operator::Equal, _) => vec![given(V::of(Value::Unknown))],
        _ => Vec::new(),
    };
    (text(name), implied(at, args, Node::of(Place::Operated(*at, op, object, place, reflected))))
}

/// Whether a method says that another one is to be asked.
pub fn declines(value: V) -> bool {
    value == V::ext("builtins.NotImplemented")
}

/// What holds the items of a value; none if what is stored under a key is not kept. Items of what a library has are apart from
/// its attributes.
pub fn items_of(value: V) -> Option<V> {
    match &*value {
        Value::Obj(..) => Some(value),
        Value::Ext(path) if is_named_object(path) => Some(V::ext(&format!("{}.[]", **path))),
        Value::ExtMethod(owner, path) if is_named_object(path) => {
            Some(V::of(Value::ExtMethod(*owner, text(&format!("{}.[]", **path)))))
        }
        _ => None,
    }
}

/// Whether what is stored as an attribute of a value is kept there.
pub fn takes_attributes(value: V) -> bool {
    match &*value {
        Value::Module(_) | Value::Object { .. } | Value::Class(..) | Value::Obj(..) | Value::Func(..) => true,
        Value::Ext(path) | Value::ExtMethod(_, path) => is_named_object(path),
        _ => false,
    }
}

/// Whether a dotted path names one object of a library.
pub fn is_named_object(path: &str) -> bool {
    !path.contains('(') && !path.ends_with(".*")
}

/// Whether a dict that is made of a value takes it for pairs.
pub fn is_made_of_pairs(value: V) -> bool {
    matches!(*value, Value::Obj(Kind::List | Kind::Tuple | Kind::Set, ..) | Value::Generator(_))
}

/// Whether a value is a pair whose parts are known.
pub fn is_pair(value: V) -> bool {
    matches!(*value, Value::Obj(Kind::List | Kind::Tuple, ..))
}
