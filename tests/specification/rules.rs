//! The rules of the engine, as a Datalog program: what ARCHITECTURE.md says in prose, and `src/solve` computes with a worklist.
//!
//! The program is run to its least fixpoint from nothing but the intermediate representation and the entry modules. Nothing
//! here knows an order: there are no ids, no caches and no nodes that are made on demand. A rule that the specification does
//! not have derives `outside`, and then says nothing about the program at hand.

use std::collections::{BTreeSet, HashMap, HashSet};

use ascent::ascent_run;
use producer_map::ir::{Arg, BinOp, FormatPart, Narrowing, Op, Operator, Side, VarId};
use producer_map::link::ModId;

use crate::domain::{At, Call, Inst, Kind, Mode, Node, Passing, Place, Target, Text, V, Value, text};
use crate::imports::{Import, import};
use crate::lacking::Known;
use crate::library::{Effect, effects, merged};
use crate::shapes::*;
use crate::world::{
    LONG, Source, World, as_text, folded, is_exception, linearise, makes_its_instances, slot_name,
};

/// The least fixpoint.
#[derive(Default)]
pub struct Solution {
    /// What each variable of each instance may be.
    pub variables: HashMap<(Inst, u32), BTreeSet<V>>,
    /// The instances.
    pub instances: BTreeSet<Inst>,
    /// Which instruction enters which instance.
    pub edges: BTreeSet<(At, Inst)>,
    /// What the program has that the rules do not speak of.
    pub outside: BTreeSet<String>,
    /// Where an untracked value is tested against a class of which there is no instance.
    untold: HashSet<Node>,
    /// Attributes that are read and that the object cannot have.
    lacking: HashSet<(V, Text)>,
}

/// Solves a program, strict calls included: a load that finds nothing when all is stable gives an untracked value, and
/// everything is solved again with that.
pub fn solve(world: &World<'_>, entries: &[ModId]) -> Solution {
    let mut released = HashSet::new();
    loop {
        let solution = fixpoint(world, entries, &released);
        let before = released.len();
        released.extend(blocked(world, &solution));
        if released.len() == before {
            released.extend(&solution.untold);
        }
        if released.len() == before || !solution.outside.is_empty() {
            return solution;
        }
    }
}

/// Variables that a load leaves empty: of an attribute of something that is not `None`, or of a global.
fn blocked(world: &World<'_>, solution: &Solution) -> HashSet<Node> {
    let holds = |inst: Inst, var: VarId| solution.variables.get(&(inst, var.0));
    let blocked = |at: At| {
        let (dst, fed) = match *world.op(at) {
            Op::LoadAttr { dst, obj, name } => {
                let name = world.sym(at.0.func, name);
                let may_have =
                    |&object: &V| *object != Value::None && !solution.lacking.contains(&(object, name));
                (dst, holds(at.0, obj).is_some_and(|objects| objects.iter().any(may_have)))
            }
            Op::LoadGlobal { dst, .. } => (dst, true),
            _ => return None,
        };
        (fed && holds(at.0, dst).is_none()).then(|| at.0.var(dst))
    };
    let live =
        solution.instances.iter().flat_map(|&inst| world.live(inst).into_iter().map(move |x| (inst, x)));
    live.filter_map(blocked).collect()
}

/// The least fixpoint, where these nodes hold an untracked value from the start.
#[allow(
    clippy::just_underscores_and_digits,
    reason = "`_` in a rule is any value, and what the macro makes of it has a name"
)]
fn fixpoint(w: &World<'_>, entries: &[ModId], released: &HashSet<Node>) -> Solution {
    let unknown = V::of(Value::Unknown);
    let opaque = V::of(Value::Opaque);
    let any_str = V::of(Value::AnyStr);
    let program = ascent_run! {
        /// A node holds a value; the values of one node are among those of another.
        relation points(Node, V);
        relation flow(Node, Node);
        points(to, v) <-- flow(from, to), points(from, v);
        points(n, unknown) <-- for n in released.iter().copied();

        /// Something that no rule is about.
        relation outside(String);

        // Module bodies, instances, and the instructions that their contexts leave.
        relation imported(ModId);
        relation instance(Inst);
        relation runs(At);
        imported(m) <-- for m in entries.iter().copied();
        instance(Inst::new(body, None, Vec::new())) <-- imported(m), if let Some(body) = w.program.body(*m);
        runs((*i, x)) <-- instance(i), for x in w.live(*i);

        /// A value reaches an operand of an instruction.
        relation operand(Node, At, u32);
        relation takes(At, u32, V);
        operand(var(at, &v), *at, role) <-- runs(at), for (v, role) in operands(w.op(*at));
        takes(at, role, v) <-- operand(n, at, role), points(n, v);

        // Constants and copies.
        points(var(at, dst), w.literal(*at, value, *dst)) <-- runs(at), if let Op::Const { dst, value } = w.op(*at);
        points(var(at, dst), opaque) <-- runs(at), if let Op::Opaque { dst } | Op::Test { dst, .. } | Op::Operate { dst: Some(dst), .. } = w.op(*at);
        flow(var(at, src), var(at, dst)) <--
            runs(at), if let Op::Copy { dst, src } | Op::Await { dst, src } = w.op(*at);
        flow(var(at, side), var(at, dst)) <--
            runs(at), if let Op::BinOp { dst, op: BinOp::And | BinOp::Or, left, right, .. } = w.op(*at), for side in [left, right];
        points(var(at, dst), v) <--
            takes(at, 0, v), if let Op::Narrow { dst, by, .. } = w.op(*at), if passes(*by, *v);
        points(var(at, dst), v) <--
            takes(at, 0, v), takes(at, 1, c),
            if let Op::Narrow { dst, by: Narrowing::IsInstance(_), .. } = w.op(*at),
            if let Some(class) = v.class(), mro(class, line), if !c.is_class() || line.contains(c);

        // An untracked value that is an instance of a class is one that the program makes, or what its model says.
        relation object(V);
        relation untracked(At, V);
        relation waits(At, V);
        relation answered(At, V);
        object(o) <-- points(_, o), if o.is_object();
        untracked(at, c) <--
            takes(at, 0, v), if **v == Value::Unknown, takes(at, 1, c),
            if let Op::Narrow { by: Narrowing::IsInstance(_), .. } = w.op(*at);
        waits(at, c) <-- untracked(at, c), mro(c, line), if makes_its_instances(line);
        points(var(at, dst), o), answered(at, c) <--
            waits(at, c), object(o), if let Some(class) = o.class(), mro(class, line), if line.contains(c),
            if let Op::Narrow { dst, .. } = w.op(*at);
        points(var(at, dst), unknown) <--
            untracked(at, c), mro(c, line), if !makes_its_instances(line), if let Op::Narrow { dst, .. } = w.op(*at);
        all(c), operand(all_of(*c), *at, 1) <-- untracked(at, c), if let Value::Obj(Kind::Tuple | Kind::List, ..) = **c;
        points(var(at, dst), o) <--
            untracked(at, c), if w.instance(*c).is_some(), object(o), if let Some(class) = o.class(), mro(class, line),
            if line.contains(c), if let Op::Narrow { dst, .. } = w.op(*at);
        points(var(at, dst), v) <--
            untracked(at, c), if let Some(Some(v)) = w.instance(*c), if let Op::Narrow { dst, .. } = w.op(*at);
        outside("an instance of a container".to_owned()) <-- untracked(_, c), if w.instance(*c) == Some(None);
        points(var(at, dst), unknown) <--
            untracked(at, c), if !c.is_class(), if w.instance(*c).is_none(),
            if !matches!(**c, Value::Obj(Kind::Tuple | Kind::List, ..)), if let Op::Narrow { dst, .. } = w.op(*at);

        // Globals, and names of class bodies.
        flow(global, var(at, dst)) <--
            runs(at), if let Op::LoadGlobal { dst, name: sym } | Op::LoadClassName { dst, name: sym } = w.op(*at),
            let (m, name) = (w.module_of(at.0), w.sym(at.0.func, *sym)), if w.binds(m, name),
            let global = Node::of(Place::Global(m, name));
        points(var(at, dst), w.builtin(m, name)) <--
            runs(at), if let Op::LoadGlobal { dst, name: sym } | Op::LoadClassName { dst, name: sym } = w.op(*at),
            let (m, name) = (w.module_of(at.0), w.sym(at.0.func, *sym)), if !w.binds(m, name);
        flow(var(at, src), Node::of(Place::Global(w.module_of(at.0), w.sym(at.0.func, *name)))) <--
            runs(at), if let Op::StoreGlobal { name, src } = w.op(*at);
        slot(class, name), flow(slot_of(class, name), var(at, dst)) <--
            runs(at), if let Op::LoadClassName { dst, name: sym } = w.op(*at),
            if let Some(class) = w.class_of_body(at.0), let name = w.sym(at.0.func, *sym);
        slot(class, name), flow(var(at, src), slot_of(class, name)) <--
            runs(at), if let Op::StoreClassName { name: sym, src } = w.op(*at),
            if let Some(class) = w.class_of_body(at.0), let name = w.sym(at.0.func, *sym);

        // Free variables: they live in the instance around.
        flow(outer.var(*cell), var(at, dst)) <--
            runs(at), if let Op::LoadFree { dst, levels, cell } = w.op(*at), if let Some(outer) = at.0.outer(*levels);
        flow(var(at, src), outer.var(*cell)) <--
            runs(at), if let Op::StoreFree { levels, cell, src } = w.op(*at), if let Some(outer) = at.0.outer(*levels);

        // Imports run modules and bind them, or their names.
        relation imports(At, Import);
        imports(at, what) <-- runs(at), for what in import(w, *at);
        imported(m) <-- imports(_, what), if let Import::Run(m) = what;
        points(dst, v) <-- imports(_, what), if let Import::Value(v, dst) = what;
        flow(from, to) <-- imports(_, what), if let Import::Flow(from, to) = what;
        load(module, name, dst, at) <-- imports(at, what), if let Import::Load(module, name, dst) = what;
        outside("a star import under __all__".to_owned()) <-- imports(_, what), if let Import::Listed = what;

        // Objects: named slots, one slot for the rest, which any name may be in, and all of them together.
        relation slot(V, Text);
        relation all(V);
        flow(rest_of(*o), slot_of(*o, *n)) <-- slot(o, n);
        flow(slot_of(*o, *n), all_of(*o)) <-- all(o), slot(o, n);
        flow(rest_of(*o), all_of(*o)) <-- all(o);

        // Slots of one object that another takes over.
        relation forward(V, V, Forward);
        flow(slot_of(*from, *n), place), slot(to, *new) <--
            forward(from, to, rule), slot(from, n), if let Some(place) = forwarded(w, *rule, *n, *to),
            if let Place::Slot(_, new) = &*place;
        flow(slot_of(*from, *n), place) <--
            forward(from, to, rule), slot(from, n), if let Some(place) = forwarded(w, *rule, *n, *to),
            if let Place::Rest(_) = &*place;
        points(keys_of(*to), V::of(Value::Str(*n))) <--
            forward(from, to, rule), slot(from, n), if let Value::Obj(Kind::Dict, ..) = **to,
            if forwarded(w, *rule, *n, *to).is_some();
        flow(rest_of(*from), rest_of(*to)) <-- forward(from, to, _);

        /// Everything in a value goes to an object, as `**x` or `*x` in a display does.
        relation spread(V, V);
        forward(from, to, Forward::All), flow(keys_of(*from), keys_of(*to)) <--
            spread(from, to), if from != to, if let Value::Obj(Kind::Dict, ..) = **from;
        all(from), flow(all_of(*from), rest_of(*to)) <--
            spread(from, to), if from != to, if let Value::Obj(kind, ..) = **from, if kind != Kind::Dict;
        iterate(from, rest_of(*to), None) <-- spread(from, to), if !matches!(**from, Value::Obj(..));

        // Containers.
        points(var(at, dst), made(at, sequence(*kind))) <-- runs(at), if let Op::MakeSeq { dst, kind, .. } = w.op(*at);
        slot(list, index_name(x as u32)), flow(var(at, item), slot_of(list, index_name(x as u32))) <--
            runs(at), if let Op::MakeSeq { kind, items, comprehension, .. } = w.op(*at),
            let list = made(at, sequence(*kind)), for (x, (item, star)) in items.iter().enumerate(),
            if !star && is_fixed(*kind, *comprehension, &items[..x]);
        flow(var(at, item), rest_of(list)) <--
            runs(at), if let Op::MakeSeq { kind, items, comprehension, .. } = w.op(*at),
            let list = made(at, sequence(*kind)), for (x, (item, star)) in items.iter().enumerate(),
            if !star && !is_fixed(*kind, *comprehension, &items[..x]);
        spread(v, made(at, sequence(*kind))) <--
            takes(at, x, v), if let Op::MakeSeq { kind, items, .. } = w.op(*at), if items[*x as usize].1;
        points(var(at, dst), made(at, Kind::Dict)) <-- runs(at), if let Op::MakeDict { dst, .. } = w.op(*at);
        put(made(at, Kind::Dict), key, var(at, &items[*x as usize].1)) <--
            takes(at, x, key), if let Op::MakeDict { items, .. } = w.op(*at), if items[*x as usize].0.is_some();
        spread(v, made(at, Kind::Dict)) <--
            takes(at, x, v), if let Op::MakeDict { items, .. } = w.op(*at), if items[*x as usize].0.is_none();

        /// `object[key] = source`: a constant key names a slot.
        relation put(V, V, Node);
        put(o, k, var(at, src)) <--
            takes(at, 0, o), takes(at, 1, k), if let Op::StoreSub { src, .. } = w.op(*at);
        special(o, text("__setitem__"), implied(at, vec![var(at, key), var(at, src)], Node::of(Place::Ignored))) <--
            takes(at, 0, o), if let Op::StoreSub { key, src, .. } = w.op(*at), if o.is_object(),
            if let Some(class) = o.class(), mro(class, line), if w.defines(line, text("__setitem__"));
        slot(o, n), flow(src, slot_of(*o, n)) <--
            put(object, k, src), if let Some(o) = &items_of(*object), if let Some(n) = slot_name(*k);
        flow(src, rest_of(o)) <-- put(object, k, src), if let Some(o) = items_of(*object), if slot_name(*k).is_none();
        points(keys_of(*o), k) <-- put(o, k, _), if let Value::Obj(Kind::Dict, ..) = **o;
        flow(src, Node::of(Place::Global(m, n))) <--
            put(o, k, src), if let Value::Module(m) = **o, if let Some(n) = slot_name(*k);
        outside("a global under a computed name".to_owned()) <--
            put(o, k, _), if let Value::Module(_) = **o, if slot_name(*k).is_none();

        /// `destination = object[key]`.
        relation item(V, V, Node);
        item(o, k, var(at, dst)) <--
            takes(at, 0, o), takes(at, 1, k), if let Op::LoadSub { dst, .. } = w.op(*at), if !o.is_object();
        special(o, text("__getitem__"), implied(at, vec![var(at, key)], var(at, dst))) <--
            takes(at, 0, o), if let Op::LoadSub { dst, key, .. } = w.op(*at), if o.is_object();
        slot(o, n), flow(slot_of(*o, n), dst) <--
            item(o, k, dst), if let Value::Obj(..) = **o, if let Some(n) = slot_name(*k);
        all(o), flow(all_of(*o), dst) <--
            item(o, k, dst), if let Value::Obj(..) = **o, if slot_name(*k).is_none();
        slot(o, n), flow(slot_of(*o, n), dst) <--
            item(object, k, dst), if let Value::Ext(_) = **object, if let Some(o) = &items_of(*object),
            if let Some(n) = slot_name(*k);
        all(o), flow(all_of(*o), dst) <--
            item(object, k, dst), if let Value::Ext(_) = **object, if let Some(o) = &items_of(*object), if slot_name(*k).is_none();
        slot(o, n), flow(slot_of(*o, n), dst) <--
            item(object, k, dst), if let Value::ExtMethod(..) = **object, if w.part(*object).is_some(),
            if let Some(o) = &items_of(*object), if let Some(n) = slot_name(*k);
        flow(Node::of(Place::Global(m, n)), dst) <--
            item(o, k, dst), if let Value::Module(m) = **o, if let Some(n) = slot_name(*k);
        points(dst, unknown) <-- item(o, k, dst), if let Value::Module(_) = **o, if slot_name(*k).is_none();
        points(dst, o) <--
            item(o, _, dst), if o.is_class(), mro(o, line), if !w.defines(line, text("__class_getitem__"));
        points(dst, w.part(*o).or(element(*o)).unwrap_or(unknown)) <--
            item(o, _, dst), if !matches!(**o, Value::Obj(..) | Value::Module(_)), if !o.is_class(), if !has_no_elements(*o);

        /// `destination = object[index]`, where a sequence is unpacked.
        relation element(V, u32, Node);
        slot(o, index_name(*x)), flow(slot_of(*o, index_name(*x)), dst) <--
            element(o, x, dst), if let Value::Obj(Kind::List | Kind::Tuple, ..) = **o;
        iterate(o, dst, None) <-- element(o, _, dst), if !matches!(**o, Value::Obj(Kind::List | Kind::Tuple, ..));

        /// What iterating a value gives; the instruction that iterates, if it counts as a call.
        relation iterate(V, Node, Option<At>);
        relation iterates(Node, Node, Option<At>);
        iterate(v, dst, at) <-- iterates(n, dst, at), points(n, v);
        iterate(v, var(at, dst), Some(*at)) <-- takes(at, 0, v), if let Op::Iter { dst, .. } = w.op(*at);
        flow(keys_of(*v), dst) <-- iterate(v, dst, _), if let Value::Obj(Kind::Dict, ..) = **v;
        all(v), flow(all_of(*v), dst) <--
            iterate(v, dst, _), if let Value::Obj(kind, ..) = **v, if kind != Kind::Dict;
        flow(Node::of(Place::Yielded(g)), dst) <-- iterate(v, dst, _), if let Value::Generator(g) = **v;
        edge(at, g) <-- iterate(v, _, place), if let Value::Generator(g) = **v, if let Some(at) = *place;
        points(dst, unknown) <-- iterate(v, dst, at), if at.is_none(), if v.is_object();
        special(v, text("__iter__"), implied(&at, vec![], iterator)), iterates(iterator, dst, Some(at)),
        special(v, text("__next__"), implied(&at, vec![], *dst)) <--
            iterate(v, dst, place), if v.is_object(), if let Some(at) = *place,
            let iterator = Node::of(Place::Iterator(at, *v));
        special(v, text("__getitem__"), implied(at, vec![given(opaque)], *dst)) <--
            iterate(v, dst, place), if v.is_object(), if let Some(at) = place,
            if let Some(class) = v.class(), mro(class, line),
            if w.defines(line, text("__getitem__")), if !w.defines(line, text("__iter__"));
        points(dst, inside(*v).unwrap_or(unknown)) <--
            iterate(v, dst, _), if !v.is_object(),
            if !matches!(**v, Value::Obj(..) | Value::Generator(_) | Value::Opaque), if !has_no_elements(*v);
        points(dst, opaque) <-- iterate(v, dst, _), if **v == Value::Opaque;

        // Unpacking and slicing.
        iterate(v, rest_of(list), Some(*at)), points(var(at, dst), list) <--
            takes(at, 0, v), if let Op::Unpack { dst, rest: true, .. } = w.op(*at), let list = made(at, Kind::List);
        iterate(v, var(at, dst), Some(*at)) <--
            takes(at, 0, v), if let Op::Unpack { dst, rest: false, from_end, .. } = w.op(*at),
            if *from_end || v.is_object() || matches!(**v, Value::Generator(_));
        element(v, index, var(at, dst)) <--
            takes(at, 0, v), if let Op::Unpack { dst, rest: false, from_end: false, index, .. } = w.op(*at),
            if !v.is_object(), if !matches!(**v, Value::Generator(_));
        points(var(at, dst), any_str) <--
            takes(at, 0, v), if let Op::Slice { dst, .. } = w.op(*at), if let Value::Str(_) | Value::AnyStr = **v;
        points(var(at, dst), list), slices(v, list, *bounds) <--
            takes(at, 0, v), if let Op::Slice { dst, bounds, .. } = w.op(*at),
            if let Value::Obj(Kind::List | Kind::Tuple, ..) = **v, let list = made(at, Kind::List);
        special(v, text("__getitem__"), implied(at, vec![given(opaque)], var(at, dst))) <--
            takes(at, 0, v), if let Op::Slice { dst, .. } = w.op(*at), if let Some(class) = v.class(), mro(class, line),
            if w.defines(line, text("__getitem__"));
        points(var(at, dst), v) <--
            takes(at, 0, v), if let Op::Slice { dst, .. } = w.op(*at), if let Some(class) = v.class(), mro(class, line),
            if !w.defines(line, text("__getitem__"));
        points(var(at, dst), v) <--
            takes(at, 0, v), if let Op::Slice { dst, .. } = w.op(*at), if !v.is_object(),
            if !matches!(**v, Value::Str(_) | Value::AnyStr | Value::Obj(Kind::List | Kind::Tuple, ..));
        relation slices(V, V, Option<(u32, u32)>);
        forward(v, list, Forward::Shift(*from, *until, 0)) <-- slices(v, list, bounds), if let Some((from, until)) = bounds;
        all(v), flow(all_of(*v), rest_of(*list)) <-- slices(v, list, bounds), if bounds.is_none();

        // Operators. What strings and other operands make together depends on the kinds of the operands, see `mixed`.
        relation operates(At, Outcome);
        operates(at, outcome(*op, *a, *b)) <--
            takes(at, 0, a), takes(at, 1, b), if let Op::BinOp { op, .. } = w.op(*at), if !matches!(op, BinOp::And | BinOp::Or);
        points(var(at, dst), made(at, Kind::List)),
        iterates(var(at, left), rest_of(made(at, Kind::List)), Some(*at)),
        iterates(var(at, right), rest_of(made(at, Kind::List)), Some(*at)) <--
            operates(at, made_of), if let Op::BinOp { dst, left, right, .. } = w.op(*at), if *made_of == Outcome::Joined;
        points(var(at, dst), v) <--
            operates(at, made_of), if let Op::BinOp { dst, .. } = w.op(*at), if let Outcome::Value(v) = made_of;
        outside(format!("an operator on {operands}")) <-- operates(_, made_of), if let Outcome::Outside(operands) = made_of;
        outside("an operator on sets".to_owned()) <--
            takes(at, 0, v), if let Value::Obj(Kind::Set, ..) = **v,
            if let Some(of) = operation(w, at), if of.op.combines_sets();
        outside("an operator on operands of several kinds".to_owned()) <--
            operates(at, a), operates(at, b), if a.kind() != b.kind();

        /// Special methods that operators run on objects: those of the left operand, and those of the right one where the left
        /// one has none, derives from it no method of its own, or where its method declines.
        relation asked(At, Operator, V, usize, bool);
        relation without(At);
        relation reflects(At, Operator, V, usize);
        relation declined(At);
        asked(at, of.op, v, place, false) <--
            takes(at, 0, v), if let Some(of) = operation(w, at), if of.op != Operator::Contains, if v.is_object(),
            if let Some(class) = v.class(), mro(class, line), if let Some(place) = method_of(w, of.op, false, 0, line);
        without(at) <-- takes(at, 0, v), if operation(w, at).is_some(), if !v.is_object();
        without(at) <--
            takes(at, 0, v), if let Some(of) = operation(w, at), if v.is_object(), if let Some(class) = v.class(),
            mro(class, line), if method_of(w, of.op, false, 0, line).is_none();
        reflects(at, of.op, v, place) <--
            takes(at, 1, v), if let Some(of) = operation(w, at), if v.is_object(), if let Some(class) = v.class(),
            mro(class, line), if let Some(place) = method_of(w, of.op, true, 0, line);
        asked(at, op, v, place, true) <-- reflects(at, op, v, place), without(at);
        asked(at, op, v, place, true) <-- reflects(at, op, v, place), declined(at);
        asked(at, op, v, place, true) <--
            reflects(at, op, v, place), takes(at, 0, left), if left.is_object(), if left.class() != v.class(),
            if let Some(class) = v.class(), mro(class, line), if left.class().is_some_and(|base| line.contains(&base));
        // `item in container` asks the container, and the item where it is an object beside others.
        asked(at, of.op, v, place, false) <--
            takes(at, 0, v), if let Some(of) = operation(w, at), if of.op == Operator::Contains, if v.is_object(),
            if let Some(class) = v.class(), mro(class, line), if let Some(place) = method_of(w, of.op, false, 0, line),
            if place != 1;
        iterate(v, Node::of(Place::Ignored), Some(*at)) <--
            takes(at, 0, v), if let Some(of) = operation(w, at), if of.op == Operator::Contains, if v.is_object(),
            if let Some(class) = v.class(), mro(class, line), if method_of(w, of.op, false, 0, line) == Some(1);
        edge(at, g) <--
            takes(at, 0, v), if let Value::Generator(g) = **v, if let Some(of) = operation(w, at),
            if of.op == Operator::Contains;
        asked(at, Operator::Equal, v, place, false) <--
            takes(at, 0, container), if let Value::Obj(Kind::List | Kind::Tuple, ..) = **container,
            if let Some(of) = operation(w, at), if of.op == Operator::Contains, takes(at, 1, v), if v.is_object(),
            if let Some(class) = v.class(), mro(class, line),
            if let Some(place) = method_of(w, Operator::Equal, false, 0, line);
        asked(at, by, v, place, false) <--
            takes(at, x, v), if let Op::Format { parts, .. } = w.op(*at),
            if let Some(FormatPart::Value(_, by)) = parts.get(*x as usize), if v.is_object(),
            if let Some(class) = v.class(), mro(class, line), if let Some(place) = method_of(w, *by, false, 0, line);
        special(v, name, call) <--
            asked(at, op, v, place, reflected), let (name, call) = operator_call(w, at, *op, *v, *place, *reflected);
        relation operated(At, Operator, V, usize, bool, V);
        operated(at, op, v, place, reflected, got) <--
            asked(at, op, v, place, reflected), if operation(w, at).is_some_and(|of| of.op == *op),
            points(Node::of(Place::Operated(*at, *op, *v, *place, *reflected)), got);
        points(dst, got) <--
            operated(at, op, _, _, _, got), if *op != Operator::Contains, if !declines(*got),
            if let Some(dst) = operation(w, at).and_then(|of| of.dst);
        asked(at, op, v, next, false) <--
            operated(at, op, v, place, reflected, got), if declines(*got), if !reflected, if *op != Operator::NotEqual,
            if let Some(class) = v.class(), mro(class, line),
            if let Some(next) = method_of(w, *op, false, place + 1, line);
        declined(at) <--
            operated(at, op, v, place, reflected, got), if declines(*got), if !reflected,
            if let Some(class) = v.class(), mro(class, line),
            if *op == Operator::NotEqual || method_of(w, *op, false, place + 1, line).is_none();

        /// The text of the first parts of an f-string.
        relation formatted(At, usize, String);
        formatted(at, 0, String::new()) <-- runs(at), if let Op::Format { .. } = w.op(*at);
        formatted(at, n + 1, format!("{so_far}{}", **part)) <--
            formatted(at, n, so_far), if let Some(Ok(part)) = w.format_parts(*at).get(*n);
        formatted(at, n + 1, format!("{so_far}{}", as_text(*v))) <--
            formatted(at, n, so_far), if let Some(&Err(part)) = w.format_parts(*at).get(*n), points(part, v);
        points(var(at, dst), folded(done)) <--
            formatted(at, n, done), if let Op::Format { dst, parts } = w.op(*at), if *n == parts.len();
        outside("a long string".to_owned()) <-- points(_, v), if let Value::Str(made) = **v, if made.len() > LONG;

        // Functions are values; the closure is the instance that made them.
        points(var(at, dst), func) <--
            runs(at), if let Op::MakeFunc { dst, func: local, .. } = w.op(*at),
            let func = V::of(Value::Func(w.program.sibling(at.0.func, *local), at.0));
        flow(var(at, &default), Node::of(Place::Default(func, param))) <--
            runs(at), if let Op::MakeFunc { func: local, defaults, .. } = w.op(*at),
            let func = V::of(Value::Func(w.program.sibling(at.0.func, *local), at.0)),
            for (param, default) in defaults.iter().copied();

        // Classes: made when each base has a value; then the body runs.
        relation statement(V, At);
        relation base(V, usize, V);
        relation bases(V, usize, Vec<(V, Vec<V>)>);
        relation mro(V, Vec<V>);
        relation body(Inst);
        statement(V::of(Value::Class(w.program.sibling_class(at.0.func, *class), at.0)), *at) <--
            runs(at), if let Op::MakeClass { class, .. } = w.op(*at);
        base(class, *slot as usize, b) <-- statement(class, at), takes(at, slot, b), if b != class, if **b != Value::None;
        bases(class, 0, Vec::new()) <-- statement(class, _);
        bases(class, n + 1, joined(so_far, *b, line.clone())) <--
            bases(class, n, so_far), base(class, n, b), if b.is_class(), mro(b, line);
        bases(class, n + 1, joined(so_far, *b, vec![*b])) <-- bases(class, n, so_far), base(class, n, b), if !b.is_class();
        mro(class, linearise(*class, all)), instance(body), body(body), edge(at, body), points(var(at, dst), class) <--
            statement(class, at), if let Op::MakeClass { dst, class: local, .. } = w.op(*at),
            bases(class, operands(w.op(*at)).len(), all),
            let body = Inst::new(w.program.class(w.program.sibling_class(at.0.func, *local)).1, Some(at.0), Vec::new());
        slot(b, text("__subclasses__")), points(slot_of(*b, text("__subclasses__")), class) <--
            mro(class, _), base(class, _, b), if b.is_class();

        outside("a metaclass".to_owned()) <--
            statement(_, at), if let Op::MakeClass { bases, .. } = w.op(*at),
            for base in bases.iter(), if let Arg::Kw(_, given) = base, points(var(at, given), v), if v.is_class();

        outside(format!("a class with {special}")) <--
            mro(class, line), for special in ["__new__", "__getattribute__", "__missing__", "__class_getitem__", "__aenter__", "__anext__"],
            if w.defines(line, text(special));
        edge(at, g) <--
            takes(at, x, v), if let Op::MakeSeq { items, .. } = w.op(*at), if items[*x as usize].1,
            if let Value::Generator(g) = **v;
        outside("a special attribute".to_owned()) <--
            runs(at), if let Op::LoadAttr { name, .. } = w.op(*at),
            if ["__dict__", "__call__", "__self__", "__func__"].contains(&w.sym(at.0.func, *name).as_str());
        outside("a place from the end".to_owned()) <--
            item(o, k, _), if let Value::Obj(Kind::List | Kind::Tuple, ..) = **o,
            if let Value::Int(place) = **k, if place < 0;
        outside("a module that answers for names".to_owned()) <--
            points(_, v), if let Value::Module(m) = **v, if w.binds_name(m, "__getattr__");
        outside("a class that derives from a container".to_owned()) <--
            mro(_, line), for base in line, if let Value::Ext(path) = **base,
            if ["builtins.dict", "builtins.list", "builtins.set", "builtins.tuple", "collections.UserDict",
                "collections.UserList"].contains(&path.as_str());
        outside("an enumeration".to_owned()) <--
            mro(_, line), for base in line, if let Value::Ext(path) = **base, if path.starts_with("enum.");
        outside("a class pattern".to_owned()) <-- takes(at, _, _), if let Op::Matched { .. } = w.op(*at);
        outside("bases that are unpacked".to_owned()) <--
            statement(_, at), if let Op::MakeClass { bases, .. } = w.op(*at),
            if bases.iter().any(|base| matches!(base, Arg::Star(_)));

        /// An attribute of a class along its bases, before anything is bound.
        relation lookup(V, Text);
        slot(o, n), flow(slot_of(*o, *n), Node::of(Place::Lookup(*class, *name))) <--
            lookup(class, name), mro(class, line), for place in w.along(line, *name).0, if let Place::Slot(o, n) = &*place;
        points(Node::of(Place::Lookup(*class, *name)), v) <--
            lookup(class, name), mro(class, line), for v in w.along(line, *name).1;

        // Receivers: the values of a node are bound (descriptor protocol).
        relation binds(Node, V, Node, At);
        relation bind(V, V, Node, At);
        bind(raw, recv, dst, at) <-- binds(n, recv, dst, at), points(n, raw);
        points(dst, if recv.is_class() { *raw } else { V::of(Value::Bound(*recv, *raw)) }) <--
            bind(raw, recv, dst, _), if let Value::Func(..) | Value::ManagerFunc(_) | Value::Obj(Kind::Wraps, ..) = **raw;
        points(dst, inner) <-- bind(raw, _, dst, _), if let Value::StaticMethod(inner) = **raw;
        points(dst, V::of(Value::Bound(class, inner))) <--
            bind(raw, recv, dst, _), if let Value::ClassMethod(inner) = **raw,
            if let Some(class) = Some(*recv).filter(|recv| recv.is_class()).or(recv.class());
        slot(raw, text("fget")), binds(slot_of(*raw, text("fget")), *recv, getter, *at), calls(getter, call), flow(got, dst) <--
            bind(raw, recv, dst, at), if let Value::Obj(Kind::Property, ..) = **raw, if !recv.is_class(),
            let got = Node::of(Place::Got(*at, *raw)), let call = implied(at, vec![], got),
            let getter = Node::of(Place::Special(call, *recv, text("fget")));
        points(dst, V::of(Value::ExtMethod(*recv, path))) <-- bind(raw, recv, dst, _), if let Value::ExtAttr(path) = **raw;
        points(dst, raw) <-- bind(raw, recv, dst, _), if binds_to_itself(*raw, *recv);
        points(dst, raw) <--
            bind(raw, _, dst, _), if let Some(class) = raw.class(), mro(class, line), if !w.defines(line, text("__get__"));
        special(raw, text("__get__"), implied(at, vec![given(instance), given(owner)], got)), flow(got, dst) <--
            bind(raw, recv, dst, at), if let Some(class) = raw.class(), mro(class, line),
            if w.defines(line, text("__get__")),
            let (instance, owner) = recv.class().map_or((V::of(Value::None), *recv), |class| (*recv, class)),
            let got = Node::of(Place::Got(*at, *raw));

        /// A special method, which the language looks up on the class alone.
        relation special(V, Text, Call);
        lookup(class, name), binds(Node::of(Place::Lookup(class, *name)), *recv, method, call.at), calls(method, *call) <--
            special(recv, name, call), if let Some(class) = recv.class(),
            let method = Node::of(Place::Special(*call, *recv, *name));

        /// `destination = object.name`.
        relation load(V, Text, Node, At);
        relation loads(Node, Text, Node, At);
        load(v, name, dst, at) <-- loads(n, name, dst, at), points(n, v);
        load(o, w.sym(at.0.func, *name), var(at, dst), *at) <-- takes(at, 0, o), if let Op::LoadAttr { dst, name, .. } = w.op(*at);
        // Of modules,
        flow(Node::of(Place::Global(m, *n)), dst) <-- load(o, n, dst, _), if let Value::Module(m) = **o, if w.binds(m, *n);
        points(dst, V::of(Value::Module(sub))) <--
            load(o, n, dst, _), if let Value::Module(m) = **o, if !w.binds(m, *n), if let Some(sub) = w.submodule(m, *n);
        slot(o, n), flow(slot_of(*o, *n), dst) <--
            load(o, n, dst, _), if let Value::Module(m) = **o, if !w.binds(m, *n), if w.submodule(m, *n).is_none();
        // of classes,
        points(dst, V::str(&w.class_name(*o))) <--
            load(o, n, dst, _), if o.is_class(), if let "__name__" | "__qualname__" = n.as_str();
        points(dst, V::of(Value::ExtMethod(*o, text(&format!("builtins.type.{}", **n))))) <--
            load(o, n, dst, _), if o.is_class(), if let "__subclasses__" | "mro" = n.as_str();
        lookup(o, n), binds(Node::of(Place::Lookup(*o, *n)), o, dst, at) <--
            load(o, n, dst, at), if o.is_class(),
            if !["__name__", "__qualname__", "__subclasses__", "mro"].contains(&n.as_str());
        // of instances: their own, then what `__getattr__` gives, or what the class has,
        points(dst, class) <-- load(o, n, dst, _), if o.is_object(), if n.as_str() == "__class__", if let Some(class) = o.class();
        all(o), flow(all_of(*o), rest_of(dict)), points(dst, dict) <--
            load(o, n, dst, at), if o.is_object(), if n.as_str() == "__dict__", let dict = made(at, Kind::Dict);
        relation member(V, Text, Node, At);
        member(o, n, dst, at) <--
            load(o, n, dst, at), if o.is_object(), if !["__class__", "__dict__"].contains(&n.as_str());
        slot(o, n), flow(slot_of(*o, *n), dst) <-- member(o, n, dst, _);
        special(o, text("__getattr__"), implied(at, vec![given(V::of(Value::Str(*n)))], *dst)) <--
            member(o, n, dst, at), if let Some(class) = o.class(), mro(class, line), if w.has_getattr(line, *n);
        lookup(class, n), binds(Node::of(Place::Lookup(class, *n)), o, dst, at) <--
            member(o, n, dst, at), if let Some(class) = o.class(), mro(class, line), if !w.has_getattr(line, *n);
        // after a class among the bases,
        points(var(at, dst), V::of(Value::Super(class, *v))) <--
            takes(at, 0, v), if let Op::Super { dst, class_levels, .. } = w.op(*at), if v.is_object() || v.is_class(),
            if let Some(class) = at.0.outer(*class_levels).and_then(|body| w.class_of_body(body));
        relation beyond(V, V, Text);
        beyond(class, after, n), binds(Node::of(Place::LookupAfter(class, after, *n)), this, dst, at) <--
            load(o, n, dst, at), if let Value::Super(after, this) = **o,
            if let Some(class) = Some(this).filter(|this| this.is_class()).or(this.class());
        slot(o, n), flow(slot_of(*o, *n), Node::of(Place::LookupAfter(*class, *after, *name))) <--
            beyond(class, after, name), mro(class, line), if let Some(x) = line.iter().position(|c| c == after),
            for place in w.along(&line[x + 1..], *name).0, if let Place::Slot(o, n) = &*place;
        points(Node::of(Place::LookupAfter(*class, *after, *name)), v) <--
            beyond(class, after, name), mro(class, line), if let Some(x) = line.iter().position(|c| c == after),
            for v in w.along(&line[x + 1..], *name).1;
        points(dst, V::of(Value::ExtMethod(this, text(&format!("builtins.object.{}", **n))))) <--
            load(o, n, dst, _), if let Value::Super(after, this) = **o,
            if let "__new__" | "__getattribute__" | "__setattr__" | "__delattr__" | "__init_subclass__" = n.as_str(),
            if let Some(class) = Some(this).filter(|this| this.is_class()).or(this.class()), mro(class, line),
            if line.iter().skip_while(|&&base| base != after).skip(1).all(|&base| w.lacks_method(base, *n));
        // of functions,
        points(dst, V::str(&w.func_name(*o))), slot(o, text("__wrapped__")), loads(slot_of(*o, text("__wrapped__")), n, dst, at) <--
            load(o, n, dst, at), if let Value::Func(..) = **o, if n.as_str() == "__name__";
        points(dst, any_str) <--
            load(o, n, dst, _), if let Value::Func(..) = **o, if let "__doc__" | "__module__" | "__qualname__" = n.as_str();
        slot(o, n), flow(slot_of(*o, *n), dst) <--
            load(o, n, dst, _), if let Value::Func(..) = **o,
            if !["__name__", "__doc__", "__module__", "__qualname__"].contains(&n.as_str());
        slot(o, text("__wrapped__")), loads(slot_of(*o, text("__wrapped__")), n, dst, at) <--
            load(o, n, dst, at), if let Value::Func(..) = **o,
            if !["__name__", "__doc__", "__module__", "__qualname__", "__wrapped__"].contains(&n.as_str());
        points(dst, this) <-- load(o, n, dst, _), if let Value::Bound(this, _) = **o, if n.as_str() == "__self__";
        points(dst, func) <-- load(o, n, dst, _), if let Value::Bound(_, func) = **o, if n.as_str() == "__func__";
        load(func, n, dst, at) <--
            load(o, n, dst, at), if let Value::Bound(_, func) = **o, if !["__self__", "__func__"].contains(&n.as_str());
        load(f, n, dst, at) <--
            load(o, n, dst, at), if let Value::ManagerFunc(f) | Value::StaticMethod(f) | Value::ClassMethod(f) = **o;
        // and of the rest.
        slot(o, n), flow(slot_of(*o, *n), dst) <--
            load(o, n, dst, _), if let Value::Obj(Kind::Tuple | Kind::Partial, ..) = **o,
            if !n.starts_with('_') || n.starts_with("__");
        slot(o, n), flow(slot_of(*o, *n), dst) <--
            load(o, n, dst, _), if let Value::Ext(path) | Value::ExtMethod(_, path) = **o, if is_named_object(&path);
        points(dst, v) <-- load(o, n, dst, _), if let Some(v) = foreign_attribute(*o, *n);
        outside("a modelled attribute".to_owned()) <--
            load(o, _, _, _), if let Value::Ext(path) = **o, if w.kind_of(&path) == Some("holder");
        outside("a modelled attribute".to_owned()) <--
            points(_, v), if let Value::Ext(path) | Value::ExtAttr(path) = **v,
            if let Some("attribute" | "method") = w.kind_of(&path);

        /// `object.name = source`.
        relation store(V, Text, Node, At);
        store(o, w.sym(at.0.func, *name), var(at, src), *at) <--
            takes(at, 0, o), if let Op::StoreAttr { name, src, .. } = w.op(*at);
        flow(src, Node::of(Place::Global(m, *n))) <-- store(o, n, src, _), if let Value::Module(m) = **o;
        slot(o, n), flow(src, slot_of(*o, *n)) <--
            store(o, n, src, _),
            if !matches!(**o, Value::Bound(..) | Value::ManagerFunc(_)), if takes_attributes(*o);
        store(f, n, src, at) <-- store(o, n, src, at), if let Value::Bound(_, f) | Value::ManagerFunc(f) = **o;
        special(o, text("__setattr__"), implied(at, vec![given(V::of(Value::Str(*n))), *src], Node::of(Place::Ignored))) <--
            store(o, n, src, at), if o.is_object(), if let Some(class) = o.class(), mro(class, line),
            if w.defines(line, text("__setattr__"));
        relation assigned(Node, V, Node, At);
        lookup(class, n), assigned(Node::of(Place::Lookup(class, *n)), o, src, at) <--
            store(o, n, src, at), if o.is_object(), if let Some(class) = o.class(), mro(class, line), if w.defines(line, *n);
        slot(p, text("fset")), binds(slot_of(*p, text("fset")), o, setter, at), calls(setter, call) <--
            assigned(n, o, src, at), points(n, p), if let Value::Obj(Kind::Property, ..) = **p,
            let call = implied(at, vec![*src], Node::of(Place::Ignored)),
            let setter = Node::of(Place::Special(call, *o, text("fset")));

        special(p, text("__set__"), implied(at, vec![given(*o), *src], Node::of(Place::Ignored))) <--
            assigned(n, o, src, at), points(n, p), if let Some(class) = p.class(), if p.is_object(), mro(class, line),
            if w.defines(line, text("__set__"));
        relation deleted(Node, V, At);
        lookup(class, n), deleted(Node::of(Place::Lookup(class, n)), o, at) <--
            takes(at, 0, o), if let Op::Operate { op: Operator::DeleteAttribute, right: Side::Str(name), .. } = w.op(*at),
            if o.is_object(), let n = w.sym(at.0.func, *name), if let Some(class) = o.class(), mro(class, line),
            if w.defines(line, n);
        special(p, text("__delete__"), implied(at, vec![given(*o)], Node::of(Place::Ignored))) <--
            deleted(n, o, at), points(n, p), if p.is_object(), if let Some(class) = p.class(), mro(class, line),
            if w.defines(line, text("__delete__"));

        // What a class is told when it is made, and what its attributes are told.
        special(v, text("__set_name__"), implied(at, vec![given(class), given(V::of(Value::Str(name)))], Node::of(Place::Ignored))) <--
            runs(stored), if let Op::StoreClassName { name: sym, src } = w.op(*stored),
            if let Some(class) = w.class_of_body(stored.0), statement(class, at), points(var(stored, src), v),
            if v.is_object(), if let Some(of) = v.class(), mro(of, line), if w.defines(line, text("__set_name__")),
            let name = w.sym(stored.0.func, *sym);
        beyond(class, class, text("__init_subclass__")) <-- statement(class, _), mro(class, _);
        meets(w.subclass_call(*at), V::of(Value::Bound(*class, f)), None) <--
            statement(class, at), points(Node::of(Place::LookupAfter(*class, *class, text("__init_subclass__"))), raw),
            if let Some(f) = match **raw { Value::Func(..) => Some(*raw), Value::ClassMethod(f) => Some(f), _ => None };

        /// A call meets a callee, with a receiver if it is a method.
        relation calls(Node, Call);
        relation meets(Call, V, Option<V>);
        meets(call, v, None) <-- calls(n, call), points(n, v);
        meets(call, v, None) <-- takes(at, 0, v), if let Some(call) = w.call(*at);
        outside("a context manager as a decorator".to_owned()) <-- meets(_, v, _), if let Value::Manager(_) = **v;
        meets(call, f, Some(this)) <-- meets(call, v, _), if let Value::Bound(this, f) = **v;
        meets(call, f, recv) <-- meets(call, v, recv), if let Value::StaticMethod(f) | Value::ClassMethod(f) = **v;
        meets(call, f, recv) <-- meets(call, v, recv), if let Value::ManagerFunc(f) = **v, if !matches!(*f, Value::Func(..));
        special(v, text("__call__"), call.with(*recv)) <-- meets(call, v, recv), if v.is_object();
        construct(call.with(*recv), v) <-- meets(call, v, recv), if v.is_class();
        points(call.dst, unknown) <--
            meets(call, v, _), if let Value::Opaque | Value::AnyStr | Value::Str(_) | Value::Obj(..) = **v,
            if !matches!(**v, Value::Obj(Kind::Partial | Kind::Wraps, ..));
        assumes(call), decorated(call, unknown) <-- meets(call, v, _), if **v == Value::Unknown;
        external(call.with(*recv), path, None) <-- meets(call, v, recv), if let Value::Ext(path) = **v;
        external(call, path, Some(this)) <-- meets(call, v, _), if let Value::ExtMethod(this, path) = **v;

        /// Functions that calls meet, and the receivers that they meet them with.
        relation target(Target);
        relation receiver(Target, V);
        target(w.target(*call, *f, *recv, Mode::Plain)) <-- meets(call, f, recv), if let Value::Func(..) = **f;
        target(w.target(*call, f, *recv, Mode::Manager)) <--
            meets(call, v, recv), if let Value::ManagerFunc(f) = **v, if let Value::Func(..) = *f;
        receiver(w.target(*call, *f, Some(this), Mode::Plain), this) <--
            meets(call, f, recv), if let Some(this) = *recv, if let Value::Func(..) = **f;
        receiver(w.target(*call, f, Some(this), Mode::Manager), this) <--
            meets(call, v, recv), if let Some(this) = *recv, if let Value::ManagerFunc(f) = **v, if let Value::Func(..) = *f;

        /// Calls with what they pass themselves.
        relation passes_values(Call);
        passes_values(call) <-- meets(call, _, _);
        passes_values(call) <-- construct(call, _);
        passes_values(call) <-- external(call, _, _);
        points(n, v) <-- passes_values(call), for (_, n) in call.args.iter(), if let Place::Given(v) = **n;

        // Arguments to parameters, by key. A call is strict: it enters a function for each combination of one key per parameter.
        relation source(Target, u32, Node, bool);
        relation staged(Target, u32, Source);
        relation count(Target, u32);
        relation absent(Target, u32);
        relation keyed(Target, u32, Option<V>, V);
        relation combination(Target, u32, Vec<(u32, Option<V>)>);
        staged(t, p as u32, s) <-- target(t), if let Some(sources) = w.sources(*t), for (p, s) in sources.into_iter().enumerate();
        combination(t, 0, Vec::new()), count(t, sources.len() as u32) <-- target(t), if let Some(sources) = w.sources(*t);
        absent(t, p) <-- staged(t, p, s), if *s == Source::Elsewhere;
        source(t, p, *n, w.constants_count(*t, *p, s)) <-- staged(t, p, s), if let Source::Node(n) = s;
        source(t, p, Node::of(Place::Staged(*t, *p)), false) <-- staged(t, p, s), if let Source::Mixed { .. } = s;
        flow(n, Node::of(Place::Staged(*t, *p))) <-- staged(t, p, s), if let Source::Mixed { nodes, .. } = s, for n in nodes.iter();
        element(v, x, Node::of(Place::Staged(*t, *p))) <--
            staged(t, p, s), if let Source::Mixed { stars, .. } = s, for (n, x) in stars.iter(), points(n, v);
        item(v, V::of(Value::Str(*name)), Node::of(Place::Staged(*t, *p))) <--
            staged(t, p, s), if let Source::Mixed { doubles, .. } = s, for (n, name) in doubles.iter(), mapping(n, v);
        keyed(t, p, v.param_key(t.func(), *constants), v) <-- source(t, p, n, constants), points(n, v);
        combination(t, p + 1, so_far) <-- combination(t, p, so_far), absent(t, p);
        combination(t, p + 1, extended(so_far, *p, *key)) <-- combination(t, p, so_far), keyed(t, p, key, _);

        /// A target enters an instance.
        relation enters(Target, Inst);
        relation bound(Target, Inst, u32, Option<V>);
        relation makes(Target, Inst, V);
        enters(t, inst), instance(inst) <--
            combination(t, n, keys), count(t, n), if !matches!(t.mode, Mode::Construct(_)),
            if let Some((inst, _)) = w.entered(*t, keys, false);
        bound(t, inst, *p, *key) <--
            combination(t, n, keys), count(t, n), if !matches!(t.mode, Mode::Construct(_)),
            if let Some((inst, _)) = w.entered(*t, keys, false), for (p, key) in keys.iter();
        enters(t, inst), instance(inst), makes(t, inst, object) <--
            combination(t, n, keys), count(t, n), if let Mode::Construct(class) = t.mode, mro(class, line),
            if let Some((inst, Some(object))) = w.entered(*t, keys, is_exception(line));
        bound(t, inst, *p, *key) <--
            combination(t, n, keys), count(t, n), if let Mode::Construct(class) = t.mode, mro(class, line),
            if let Some((inst, Some(_))) = w.entered(*t, keys, is_exception(line)), for (p, key) in keys.iter();
        points(node, v), slot_at(node) <--
            bound(t, inst, p, key), keyed(t, p, key, v), if let Some(node) = w.bound_node(*t, *inst, *p);
        points(keys_of(*dict), V::of(Value::Str(*name))) <--
            bound(t, inst, p, _), if let Some(node) = w.bound_node(*t, *inst, *p), if let Place::Slot(dict, name) = &*node,
            if let Value::Obj(Kind::Dict, ..) = **dict;

        // Receivers, `*args`, `**kwargs`.
        points(place, this), slot_at(place) <--
            enters(t, inst), receiver(t, this), if let Some(place) = receiver_place(w, *inst);
        points(place, object), slot_at(place) <-- makes(_, inst, object), if let Some(place) = receiver_place(w, *inst);
        relation slot_at(Node);
        slot(o, n) <-- slot_at(place), if let Place::Slot(o, n) = **place;
        points(node, object) <-- enters(_, inst), for (_, object, node) in rest_objects(w, *inst);
        relation adds(Surplus);
        adds(what) <-- enters(t, inst), for what in surplus(w, *t, *inst);
        flow(from, to), slot_at(to) <-- adds(what), if let Surplus::Place(from, to) = what;
        slot(dict, name), flow(from, slot_of(*dict, *name)), points(keys_of(*dict), V::of(Value::Str(*name))) <--
            adds(what), if let Surplus::Keyword(from, dict, name) = what;
        forward(v, tuple, Forward::Shift(*from, u32::MAX, *to)) <--
            adds(what), if let Surplus::Star(n, tuple, from, to) = what, points(n, v),
            if let Value::Obj(Kind::List | Kind::Tuple, ..) = **v;
        iterate(v, rest_of(*tuple), None) <--
            adds(what), if let Surplus::Star(n, tuple, _, _) = what, points(n, v),
            if !matches!(**v, Value::Obj(Kind::List | Kind::Tuple, ..));
        forward(v, dict, Forward::Except(*func)) <--
            adds(what), if let Surplus::DoubleStar(n, dict, func) = what, points(n, v), if let Value::Obj(Kind::Dict, ..) = **v;
        points(rest_of(*dict), if let Value::Data | Value::Ext(_) = **v { *v } else { unknown }) <--
            adds(what), if let Surplus::DoubleStar(n, dict, _) = what, mapping(n, v),
            if !matches!(**v, Value::Obj(Kind::Dict, ..));
        // What stands behind `**` without raising: an object needs `__getitem__`, which is looked up on its class.
        relation doubled(Node);
        relation mapping(Node, V);
        doubled(n) <-- staged(_, _, s), if let Source::Mixed { doubles, .. } = s, for (n, _) in doubles.iter();
        doubled(n) <-- adds(what), if let Surplus::DoubleStar(n, _, _) = what;
        mapping(n, v) <-- doubled(n), points(n, v), if !v.is_object(), if !has_no_elements(*v);
        mapping(n, v) <--
            doubled(n), points(n, v), if let Some(class) = v.class(), mro(class, line),
            if w.defines(line, text("__getitem__")) || !makes_its_instances(line);

        /// What is entered runs, and its result comes back; a generator and a context manager run when they are used.
        relation edge(At, Inst);
        edge(t.call.at, inst), points(t.call.dst, object) <-- makes(t, inst, object);
        edge(t.call.at, inst), flow(Node::of(Place::Return(*inst)), t.call.dst) <--
            enters(t, inst), if t.mode == Mode::Plain, if !w.func(inst.func).is_generator;
        points(t.call.dst, V::of(Value::Generator(*inst))) <--
            enters(t, inst), if t.mode == Mode::Plain, if w.func(inst.func).is_generator;
        points(t.call.dst, V::of(Value::Manager(*inst))) <--
            enters(t, inst), if t.mode == Mode::Manager, if w.func(inst.func).is_generator;
        // A wrapper of a generator function runs when it is called; what it returns is the context manager.
        edge(t.call.at, inst), returns_manager(Node::of(Place::Return(*inst)), t.call.dst) <--
            enters(t, inst), if t.mode == Mode::Manager, if !w.func(inst.func).is_generator;
        relation returns_manager(Node, Node);
        points(dst, V::of(Value::Manager(g))) <--
            returns_manager(n, dst), points(n, v), if let Value::Generator(g) = **v;
        points(dst, unknown) <-- returns_manager(n, dst), points(n, v), if **v == Value::Unknown;

        // Returns, yields, raises.
        flow(var(at, src), Node::of(Place::Return(at.0))) <-- runs(at), if let Op::Return { src } = w.op(*at);
        flow(var(at, src), Node::of(Place::Yielded(at.0))), points(var(at, dst), unknown) <--
            runs(at), if let Op::Yield { dst, src } = w.op(*at);
        iterate(v, Node::of(Place::Yielded(at.0)), Some(*at)) <-- takes(at, 0, v), if let Op::YieldFrom { .. } = w.op(*at);
        flow(Node::of(Place::Return(g)), var(at, dst)) <--
            takes(at, 0, v), if let Op::YieldFrom { dst, .. } = w.op(*at), if let Value::Generator(g) = **v;
        points(var(at, dst), unknown) <--
            takes(at, 0, v), if let Op::YieldFrom { dst, .. } = w.op(*at), if !matches!(**v, Value::Generator(_));
        relation raised(V);
        meets(implied(at, vec![], Node::of(Place::MadeToRaise(*at))), v, None) <--
            takes(at, 0, v), if let Op::Raise { .. } = w.op(*at), if v.is_class();
        raised(e) <-- takes(at, 0, e), if let Op::Raise { .. } = w.op(*at), if e.is_object();
        raised(e) <-- points(n, e), if let Place::MadeToRaise(_) = **n, if e.is_object();
        points(Node::of(Place::Raised(*base)), e) <--
            raised(e), if let Some(class) = e.class(), mro(class, line), for base in line, if base.is_class();
        flow(Node::of(Place::Raised(*v)), var(at, dst)) <--
            takes(at, 0, v), if let Op::Caught { dst, .. } = w.op(*at), if v.is_class();
        points(var(at, dst), w.object(*v, Vec::new(), *at, is_exception(line))) <--
            takes(at, 0, v), if let Op::Caught { dst, .. } = w.op(*at), if v.is_class(), mro(v, line);
        all(v), operand(all_of(*v), *at, 0) <--
            takes(at, 0, v), if let Op::Caught { .. } = w.op(*at), if let Value::Obj(..) = **v;
        points(var(at, dst), V::ext(&format!("{}()", *path))) <--
            takes(at, 0, v), if let Op::Caught { dst, .. } = w.op(*at), if let Value::Ext(path) = **v;
        points(var(at, dst), unknown) <--
            takes(at, 0, v), if let Op::Caught { dst, .. } = w.op(*at),
            if !matches!(**v, Value::Class(..) | Value::Obj(..) | Value::Ext(_));

        /// A context manager is entered.
        relation enter(V, Node, At);
        enter(v, var(at, dst), *at) <-- takes(at, 0, v), if let Op::With { dst, .. } = w.op(*at);
        flow(Node::of(Place::Yielded(inst)), dst), edge(at, inst) <-- enter(v, dst, at), if let Value::Manager(inst) = **v;
        special(v, text("__enter__"), implied(at, vec![], *dst)),
        special(v, text("__exit__"), implied(at, vec![given(opaque); 3], Node::of(Place::Ignored))) <--
            enter(v, dst, at), if v.is_object();
        points(dst, v) <-- enter(v, dst, _), if !v.is_object(), if !matches!(**v, Value::Manager(_) | Value::None);

        /// A class is instantiated: its `__init__` runs, or keyword arguments become attributes.
        relation construct(Call, V);
        relation initialises(Node, Call, V);
        lookup(class, text("__init__")), initialises(Node::of(Place::Lookup(*class, text("__init__"))), call, class) <--
            construct(call, class), mro(class, line), if w.defines(line, text("__init__"));
        target(w.target(*call, *f, None, Mode::Construct(*class))) <--
            initialises(n, call, class), points(n, f), if let Value::Func(..) = **f;
        points(call.dst, w.object(*class, Vec::new(), call.at, is_exception(line))) <--
            initialises(n, call, class), points(n, f), if !matches!(**f, Value::Func(..)), mro(class, line);
        outside("a constructor of a library".to_owned()) <--
            construct(_, class), mro(class, line), if !w.defines(line, text("__init__")), if w.has_modelled_constructor(line);
        relation plain(Call, V);
        plain(call, w.object(*class, w.place_of_making(*class, call.at).into_iter().collect(), call.at, is_exception(line))),
        assumes(call) <--
            construct(call, class), mro(class, line), if !w.defines(line, text("__init__"));
        points(call.dst, object) <-- plain(call, object);
        slot(object, *name), flow(n, slot_of(*object, *name)) <--
            plain(call, object), for (passing, n) in call.args.iter(), if let Passing::Kw(name) = passing;

        /// What is handed to something that is not understood is assumed to be called.
        relation assumes(Call);
        relation assumed(At, V);
        assumed(call.at, v) <--
            assumes(call), for (passing, n) in call.args.iter(), if let Passing::Pos | Passing::Kw(_) = passing, points(n, v);
        meets(blind(at, w.params(f), 0), v, None) <-- assumed(at, v), if let Value::Func(f, _) = **v;
        meets(blind(at, w.params(f), 1), v, None) <--
            assumed(at, v), if let Value::Bound(_, method) = **v, if let Value::Func(f, _) = *method;
        edge(at, g) <-- assumed(at, v), if let Value::Generator(g) = **v;

        /// A library function: what its model says. Of one without a model nothing is known but that it may call what it is
        /// given; if it decorates something, it is taken to return that.
        relation external(Call, Text, Option<V>);
        relation decorated(Call, V);
        relation effect(At, Effect);
        effect(call.at, what) <-- external(call, path, recv), for what in effects(w, *call, *path, *recv);
        decorated(call, result), assumes(call) <--
            external(call, path, recv), for what in effects(w, *call, *path, *recv), if let Effect::NotModelled(result) = what;
        points(call.dst, result) <-- decorated(call, result), if w.decorates(*call).is_none();
        points(call.dst, if is_definition(*v) { *v } else { *result }) <--
            decorated(call, result), if let Some(n) = w.decorates(*call), points(n, v);
        outside(what.clone()) <-- effect(_, e), if let Effect::Outside(what) = e;
        flow(from, to) <-- effect(_, e), if let Effect::Flow(from, to) = e;
        points(n, v) <-- effect(_, e), if let Effect::Holds(n, v) = e;
        iterates(n, dst, Some(*at)) <-- effect(at, e), if let Effect::Elements(n, dst) = e;
        flow(keys_of(*v), dst) <--
            effect(_, e), if let Effect::Keys(n, dst) = e, points(n, v), if let Value::Obj(Kind::Dict, ..) = **v;
        points(dst, any_str) <--
            effect(_, e), if let Effect::Keys(n, dst) = e, points(n, v),
            if !matches!(**v, Value::Obj(Kind::Dict, ..) | Value::None);
        all(v), flow(all_of(*v), dst) <--
            effect(_, e), if let Effect::Values(n, dst) = e, points(n, v), if let Value::Obj(..) | Value::Object { .. } = **v;
        points(dst, unknown) <--
            effect(_, e), if let Effect::Values(n, dst) = e, points(n, v),
            if !matches!(**v, Value::Obj(..) | Value::Object { .. } | Value::None);
        element(v, *x, dst) <-- effect(_, e), if let Effect::Index(n, x, dst) = e, points(n, v);
        loads(n, name, dst, at) <-- effect(at, e), if let Effect::Attribute(n, name, dst) = e;
        slot(v, name), flow(slot_of(*v, *name), dst) <-- effect(_, e), if let Effect::Field(n, name, dst) = e, points(n, v);
        slot(v, name), flow(src, slot_of(*v, *name)) <-- effect(_, e), if let Effect::SetField(n, name, src) = e, points(n, v);
        slot(o, n) <-- effect(_, e), if let Effect::Named(o, n) = e;
        flow(src, rest_of(*v)) <--
            effect(_, e), if let Effect::Append(n, src) = e, points(n, v), if let Value::Obj(..) = **v;
        put(o, k, src) <-- effect(_, e), if let Effect::Put(o, n, src) = e, points(n, k);
        item(o, k, dst) <-- effect(_, e), if let Effect::Item(o, n, dst) = e, points(n, k);
        spread(v, to) <-- effect(_, e), if let Effect::Spread(n, to) = e, points(n, v);
        // What a dict is made of: a mapping, else pairs of a key and a value.
        relation pair(V, V);
        spread(v, to) <-- effect(_, e), if let Effect::Entries(n, to) = e, points(n, v), if !is_made_of_pairs(*v);
        iterate(v, Node::of(Place::Pairs(*to, *v)), Some(*at)) <--
            effect(at, e), if let Effect::Entries(n, to) = e, points(n, v), if is_made_of_pairs(*v);
        pair(to, p) <-- points(n, p), if let Place::Pairs(to, _) = **n;
        slot(p, index_name(0)), slot(p, index_name(1)) <-- pair(_, p), if is_pair(*p);
        put(to, k, slot_of(*p, index_name(1))) <-- pair(to, p), if is_pair(*p), points(slot_of(*p, index_name(0)), k);
        iterate(p, keys_of(*to), None), iterate(p, rest_of(*to), None) <-- pair(to, p), if !is_pair(*p);
        relation copies(V, V, At);
        points(dst, copy), copies(v, copy, at) <--
            effect(at, e), if let Effect::Copy(n, s, dst) = e, points(n, v), if let Some(copy) = copy_of(*v, s, *at);
        points(dst, v) <--
            effect(at, e), if let Effect::Copy(n, s, dst) = e, points(n, v), if copy_of(*v, s, *at).is_none();
        spread(v, copy) <-- copies(v, copy, _), if let Value::Obj(Kind::Dict, ..) = **v;
        forward(v, copy, Forward::Shift(0, u32::MAX, 0)) <--
            copies(v, copy, _), if let Value::Obj(Kind::List | Kind::Tuple, ..) = **v;
        iterate(v, rest_of(*copy), None) <-- copies(v, copy, _), if let Value::Obj(Kind::Set, ..) = **v;
        iterate(v, rest_of(*copy), Some(*at)) <-- copies(v, copy, at), if !matches!(**v, Value::Obj(..));
        calls(n, call) <-- effect(_, e), if let Effect::Calls(n, call) = e;
        special(v, name, implied(at, vec![], *dst)) <--
            effect(at, e), if let Effect::Special(n, names, dst) = e, points(n, v),
            if let Some(class) = v.class(), mro(class, line), if let Some(name) = names.iter().find(|name| w.defines(line, **name));
        points(dst, wrapped(*v, *how)) <-- effect(_, e), if let Effect::Wrap(n, how, dst) = e, points(n, v);
        points(dst, if is_definition(*v) || matches!(**v, Value::Bound(..)) { *v } else { V::ext("producer_map.identity") }) <--
            effect(_, e), if let Effect::Kept(n, dst) = e, points(n, v);
        load(o, name, dst, at) <--
            effect(at, e), if let Effect::GetAttr(objects, names, dst) = e, points(objects, o), points(names, n),
            if let Some(name) = slot_name(*n);
        points(dst, if let Value::Ext(_) | Value::Data = **o { *o } else { unknown }) <--
            effect(_, e), if let Effect::GetAttr(objects, names, dst) = e, points(objects, o), points(names, n),
            if slot_name(*n).is_none(), if **o != Value::None;
        store(o, name, src, at) <--
            effect(at, e), if let Effect::SetAttr(objects, names, src) = e, points(objects, o), points(names, n),
            if let Some(name) = slot_name(*n);
        flow(src, rest_of(*o)) <--
            effect(_, e), if let Effect::SetAttr(objects, names, src) = e, points(objects, o), points(names, n),
            if slot_name(*n).is_none();
        points(dst, V::of(Value::Super(*c, *t))) <--
            effect(_, e), if let Effect::Super(classes, this, dst) = e, points(classes, c), if c.is_class(),
            points(this, t), if t.is_object() || t.is_class();
        points(dst, v.class().unwrap_or(unknown)) <-- effect(_, e), if let Effect::TypeOf(n, dst) = e, points(n, v);
        points(dst, as_method_leaves(*v, how)) <-- effect(_, e), if let Effect::Str(n, how, dst) = e, points(n, v);

        /// A partial is called with what it was made with as well; `functools.wraps(f)(g)` is `g`, and remembers `f`.
        relation partial(V, Call);
        partial(v, made) <-- effect(_, e), if let Effect::Partial(v, made) = e;
        calls(slot_of(*v, text("func")), merged(call.with(*recv), *v, *made)) <--
            meets(call, v, recv), partial(v, made), if !call.through.contains(v);
        meets(implied(at, vec![], Node::of(Place::Ignored)), v, None) <--
            assumed(at, v), if let Value::Obj(Kind::Partial, ..) = **v;
        relation wraps(V, Node, Node);
        wraps(v, first, call.dst) <--
            meets(call, v, recv), if let Value::Obj(Kind::Wraps, ..) = **v,
            if let Some((Passing::Pos, first)) = call.with(*recv).args.first().copied();
        flow(first, dst) <-- wraps(_, first, dst);
        slot(f, text("__wrapped__")), flow(slot_of(*v, text("__wrapped__")), slot_of(*f, text("__wrapped__"))) <--
            wraps(v, first, _), points(first, f);
    };
    let mut solution = Solution {
        instances: program.instance.iter().map(|(inst,)| *inst).collect(),
        edges: program.edge.into_iter().collect(),
        outside: program.outside.into_iter().map(|(what,)| what).collect(),
        ..Solution::default()
    };
    let mut known = Known {
        holds: HashMap::new(),
        lines: program.mro.into_iter().collect(),
        exposed: HashSet::new(),
        stored_on_unknown: HashSet::new(),
    };
    for &(node, value) in &program.points {
        known.holds.entry(node).or_default().push(value);
    }
    for (_, effect) in &program.effect {
        if let Effect::Values(node, _) = effect {
            known.exposed.extend(known.holds.get(node).into_iter().flatten());
        }
    }
    let dicts = program.load.iter().filter(|load| load.1.as_str() == "__dict__");
    known.exposed.extend(dicts.map(|load| load.0));
    let unknown_stores = program.store.iter().filter(|store| *store.0 == Value::Unknown);
    known.stored_on_unknown.extend(unknown_stores.map(|store| store.1));
    let read: HashSet<(V, Text)> = program
        .member
        .iter()
        .map(|member| (member.0, member.1))
        .chain(program.load.iter().map(|load| (load.0, load.1)))
        .collect();
    solution.lacking = read.into_iter().filter(|&(object, name)| known.lacks(w, object, name)).collect();
    let answered: HashSet<(At, V)> = program.answered.into_iter().collect();
    for waiting in program.waits.into_iter().filter(|waiting| !answered.contains(waiting)) {
        if let (at, Op::Narrow { dst, .. }) = (waiting.0, w.op(waiting.0)) {
            solution.untold.insert(at.0.var(*dst));
        }
    }
    for (node, value) in program.points {
        if let Place::Var(inst, var) = *node {
            solution.variables.entry((inst, var)).or_default().insert(value.told());
        }
    }
    solution
}
