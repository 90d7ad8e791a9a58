//! Enumerations with behaviour: their members are objects (Python library reference, `enum`).
//!
//! A member of an enumeration that only names constants is taken for its constant, which is what programs compare and store. Where a
//! class has methods, or members that are more than constants, each member is an instance of the class: told apart from the others by
//! its name, with `value` and `name`, made by `__init__` or `__new__` of the class if these are there.

use super::call::{Args, Passing};
use super::graph::NodeId;
use super::primitive::Pending;
use super::value::{ClassDef, ClassKey, Context, ObjKind, Value, ValueId, well_known};
use super::{Origin, Solver, Use};
use crate::finding::HopKind;
use crate::ir::{CallRole, Op, VarDef};
use crate::link::Name;
use smallvec::smallvec;
use std::sync::Arc;

/// The place of the name of a member in its class key.
const MEMBER: u32 = u32::MAX - 3;

/// The base of all enumerations. The models say which classes of the library derive from it.
const ENUM: &str = "enum.Enum";

/// Classes of the library whose members are their values as well.
const MIXED: [&str; 4] = ["enum.IntEnum", "enum.StrEnum", "builtins.str", "builtins.int"];

impl Solver<'_> {
    /// Whether a class of a library makes enumerations of those that derive from it.
    pub(super) fn makes_enumerations(&self, base: ValueId) -> bool {
        matches!(self.values.get(base), Value::Ext(path) if self.models.is_a(self.text(path), ENUM))
    }

    /// The names of the members of an enumeration with behaviour, in the order of its body; none for any other class.
    pub(super) fn members_of(&mut self, class: ValueId) -> Option<Arc<[Name]>> {
        if !self.classes.get(&class)?.is_enum {
            return None;
        }
        if let Some(known) = self.members.get(&class) {
            return known.clone();
        }
        let members = self.read_members(class);
        self.members.insert(class, members.clone());
        members
    }

    fn read_members(&self, class: ValueId) -> Option<Arc<[Name]>> {
        let mut has_behaviour = false;
        let mut members: Vec<Name> = Vec::new();
        for &base in self.mro(class) {
            let Value::Class(ClassDef::Statement(id), _) = self.values.get(base) else { continue };
            let (body, file) = (self.program.func(self.program.class(id).1), self.program.class_file(id));
            for instr in &body.instrs {
                let Op::StoreClassName { name, src } = instr.op else { continue };
                let name = file.names[name.0 as usize];
                let VarDef::Instr(index) = body.vars[src.0 as usize].def else { continue };
                let is_function = match body.instrs[index as usize].op {
                    Op::MakeFunc { .. } | Op::MakeClass { .. } => true,
                    Op::Call { role, .. } => role != CallRole::Plain,
                    _ => false,
                };
                let is_constant = match &body.instrs[index as usize].op {
                    Op::Const { .. } => true,
                    // `auto()`.
                    Op::Call { args, .. } => args.is_empty(),
                    _ => false,
                };
                let is_private = self.text(name).starts_with('_');
                has_behaviour |= is_function || !is_constant && !is_private;
                if !is_function && !is_private && base == class && !members.contains(&name) {
                    members.push(name);
                }
            }
        }
        (has_behaviour && !members.is_empty()).then(|| members.into())
    }

    /// A member of an enumeration, made when it is first asked for.
    pub(super) fn member(&mut self, class: ValueId, name: Name) -> Option<ValueId> {
        if !self.members_of(class)?.contains(&name) {
            return None;
        }
        let at = self.classes.get(&class)?.place();
        let text = self.values.intern_keyed(Value::Str(name), None);
        let context: Context = smallvec![(MEMBER, text)];
        let key = self.values.class_key(class, context);
        let known = self.values.len();
        let member = self.instance_value(key, at);
        if self.values.len() > known && self.made_members.insert(member) {
            self.make_member(class, member, name, at);
        }
        Some(member)
    }

    fn make_member(&mut self, class: ValueId, member: ValueId, name: Name, at: Origin) {
        let value = self.field(class, name);
        let text = self.values.intern_keyed(Value::Str(name), None);
        for (field, plain) in [("name", false), ("_name_", false), ("value", true), ("_value_", true)] {
            let field = self.program.names.intern(field);
            let field = self.field(member, field);
            if plain {
                self.flow(value, field);
            } else {
                self.graph.add(field, text);
            }
        }
        let what = self.primitive(Pending::Member { class, member, at });
        self.watch(value, Use::Primitive { what });
    }

    /// The value of a member became known: the class is made with it, or with its elements if it is a tuple.
    pub(super) fn initialise_member(&mut self, class: ValueId, member: ValueId, value: ValueId, at: Origin) {
        let node = self.constant(value);
        let is_tuple = matches!(self.values.get(value), Value::Obj(ObjKind::Tuple, ..));
        let given = (if is_tuple { Passing::Star } else { Passing::Pos }, node);
        if self.defines(class, self.names.new) {
            let (made, this) = (self.graph.node(), self.constant(class));
            let args: Args = smallvec![(Passing::Pos, this), given];
            let call = self.synthetic_call(at, args, made, Some(HopKind::Constructor));
            let raw = self.lookup(class, self.names.new);
            self.watch(raw, Use::Callee(call));
            let what = self.primitive(Pending::MadeMember { member });
            self.watch(made, Use::Primitive { what });
        }
        if self.defines(class, self.names.init) {
            let (ignored, args): (NodeId, Args) = (self.graph.node(), smallvec![given]);
            let call = self.synthetic_call(at, args, ignored, Some(HopKind::Constructor));
            let (raw, bound) = (self.lookup(class, self.names.init), self.graph.node());
            self.watch(raw, Use::Bind { recv: member, dst: bound, at });
            self.watch(bound, Use::Callee(call));
        }
    }

    /// `Class.NAME` of an enumeration: the member, and its value where it is that as well. Returns whether it is one.
    pub(super) fn load_member(&mut self, class: ValueId, name: Name, dst: NodeId) -> bool {
        let Some(member) = self.member(class, name) else { return false };
        self.graph.add(dst, member);
        let mixed = |base: &ValueId| matches!(self.values.get(*base), Value::Ext(path) if MIXED.contains(&self.text(path)));
        if self.mro(class).iter().any(mixed) {
            let value = self.field(class, name);
            self.flow(value, dst);
        }
        true
    }

    /// All members of an enumeration: what a loop over it yields, and what it may give for a value. Returns whether it has any.
    pub(super) fn load_members(&mut self, class: ValueId, dst: NodeId) -> bool {
        let Some(names) = self.members_of(class) else { return false };
        for &name in &*names {
            self.load_member(class, name, dst);
        }
        true
    }

    /// `Class[key]`.
    pub(super) fn load_member_under(&mut self, class: ValueId, key: ValueId, dst: NodeId) -> bool {
        if self.members_of(class).is_none() {
            return false;
        }
        match self.slot_name(key) {
            Some(name) => self.load_member(class, name, dst),
            None => self.load_members(class, dst),
        }
    }

    /// `Class.__members__`.
    pub(super) fn members_by_name(&mut self, class: ValueId, dst: NodeId, at: Origin) -> bool {
        let Some(names) = self.members_of(class) else { return false };
        let object = self.object(ObjKind::Dict, at);
        for &name in &*names {
            let (slot, key) = (self.field(object, name), self.values.intern_keyed(Value::Str(name), None));
            self.load_member(class, name, slot);
            let keys = self.field(object, self.names.keys);
            self.graph.add(keys, key);
        }
        self.graph.add(dst, object);
        true
    }

    /// The slot that a member names as a key of a mapping.
    pub(super) fn slot_of_member(&mut self, key: ValueId) -> Option<Name> {
        let Value::Inst(class, _) = self.values.get(key) else { return None };
        let (class, context) = self.values.class_of_key(class);
        let &(_, name) = context.iter().find(|&&(place, _)| place == MEMBER)?;
        let Value::Str(name) = self.values.get(name) else { return None };
        let text = format!("<{}.{}>", class.0, self.text(name));
        Some(self.program.names.intern(&text))
    }

    /// Whether objects with a key are a member of an enumeration that goes by this name, and not the one of this name. Members with
    /// one constant are one member.
    pub(super) fn is_another_member(&self, key: ClassKey, class: &str, name: Name) -> bool {
        let (of, context) = self.values.class_of_key(key);
        let Some(&(_, own)) = context.iter().find(|&&(place, _)| place == MEMBER) else { return false };
        let Value::Str(own) = self.values.get(own) else { return false };
        let is_member = matches!(self.members.get(&of), Some(Some(members)) if members.contains(&name));
        own != name && is_member && self.class_name(of) == class && !self.may_be_one(of, own, name)
    }

    /// Whether two names of the body of an enumeration may be bound to equal values.
    fn may_be_one(&self, class: ValueId, one: Name, other: Name) -> bool {
        let Value::Class(ClassDef::Statement(id), _) = self.values.get(class) else { return true };
        let (body, file) = (self.program.func(self.program.class(id).1), self.program.class_file(id));
        let made = |wanted: Name| {
            body.instrs.iter().find_map(|instr| match instr.op {
                Op::StoreClassName { name, src } if file.names[name.0 as usize] == wanted => {
                    match body.vars[src.0 as usize].def {
                        VarDef::Instr(index) => Some(&body.instrs[index as usize].op),
                        _ => None,
                    }
                }
                _ => None,
            })
        };
        match (made(one), made(other)) {
            (Some(Op::Const { value: one, .. }), Some(Op::Const { value: other, .. })) => one == other,
            // What `auto()` makes is another one each time; of what is read or put together it is not known.
            (Some(Op::Call { args, .. }), Some(_)) | (Some(_), Some(Op::Call { args, .. })) => {
                !args.is_empty()
            }
            _ => true,
        }
    }

    /// What `__new__` of an enumeration made for a member: its attributes are the member's.
    pub(super) fn share_with_member(&mut self, made: ValueId, member: ValueId) {
        if matches!(self.values.get(made), Value::Inst(..)) && made != well_known::NONE {
            self.share_slots(made, member);
        }
    }
}
