//! What the relations of the specification are about: values, instances, places, calls. All of them are what they consist of;
//! none is a number that depends on when it was made.

use producer_map::ir::{Operator, VarId};
use producer_map::link::{ClassId, FuncId, ModId};

use crate::intern::handle;

handle! {
    /// A string.
    Text of String
}
handle! {
    /// An abstract value.
    V of Value
}
handle! {
    /// A function in a context.
    Inst of Instance
}
handle! {
    /// Something that holds values.
    Node of Place
}
handle! {
    /// A call: where it stands, what it passes, where its result goes.
    Call of CallSite
}
handle! {
    /// A function that a call meets.
    Target of Meeting
}

/// The string's handle.
pub fn text(of: &str) -> Text {
    Text::of(of.to_owned())
}

/// Where control stands: an instruction of an instance.
pub type At = (Inst, u32);

/// An allocation site.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Site {
    /// An instruction of a function.
    Code(FuncId, u32),
    /// A part of what a library function works out: the call, its receiver, which part.
    Library(Call, Option<V>, Vec<u32>),
    /// The same, made of something that a library made.
    Again(At),
    /// One of these, for comparing: the solver gives them numbers.
    Numbered,
}

/// What parameters are bound to, by index.
pub type Context = Vec<(u32, V)>;

/// The place of the call site among the keys of a context.
pub const SITE: u32 = u32::MAX;

/// The place of the shape of the call.
pub const SHAPE: u32 = u32::MAX - 1;

/// A function in a context.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Instance {
    /// The scope.
    pub func: FuncId,
    /// Where its free variables live.
    pub env: Option<Inst>,
    /// Keys.
    pub context: Context,
    /// Nesting depth of environments and keys; it follows from the other fields.
    pub depth: u32,
}

impl Inst {
    /// The instance of a function.
    pub fn new(func: FuncId, env: Option<Inst>, context: Context) -> Inst {
        let around = env.map_or(0, |env| env.depth + 1);
        let depth = context.iter().map(|&(_, key)| key.depth() + 1).fold(around, u32::max);
        Inst::of(Instance { func, env, context, depth })
    }

    /// The instance `levels` environments up.
    pub fn outer(self, levels: u32) -> Option<Inst> {
        (0..levels).try_fold(self, |inst, _| inst.env)
    }

    /// The node of a variable.
    pub fn var(self, var: VarId) -> Node {
        Node::of(Place::Var(self, var.0))
    }
}

/// Kinds of objects that are told apart by site and allocating instance.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Kind {
    List,
    Tuple,
    Set,
    Dict,
    Partial,
    Property,
    /// What `functools.wraps(f)` returns.
    Wraps,
}

/// An abstract value.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Value {
    Unknown,
    Opaque,
    Data,
    None,
    Bool(bool),
    Int(i64),
    Str(Text),
    AnyStr,
    Module(ModId),
    /// A scope, and the instance that its free variables live in.
    Func(FuncId, Inst),
    /// A class statement, and the instance that it stands in.
    Class(ClassId, Inst),
    /// An instance: class, constructor context, site. `keyed` follows from the class: exceptions give no key.
    Object {
        class: V,
        context: Context,
        site: Site,
        keyed: bool,
    },
    /// A key: all instances of a class with one constructor context.
    AnyOf {
        class: V,
        context: Context,
    },
    /// A container or the like.
    Obj(Kind, Site, Inst),
    /// A receiver and a function.
    Bound(V, V),
    /// Something outside of the program.
    Ext(Text),
    /// A method of something outside, and its receiver.
    ExtMethod(V, Text),
    /// An attribute of a base class outside.
    ExtAttr(Text),
    /// `super()`: the class after which lookup starts, and the receiver.
    Super(V, V),
    Generator(Inst),
    /// A function under `contextmanager`.
    ManagerFunc(V),
    /// What calling that gives.
    Manager(Inst),
    StaticMethod(V),
    ClassMethod(V),
    /// A key: a call site.
    Site(Site),
    /// A key: how many elements a call gives to `*args`, and which keywords to `**kwargs`, each if it is known.
    Shape(Option<u32>, Option<Vec<Text>>),
}

impl V {
    /// A string constant.
    pub fn str(of: &str) -> V {
        V::of(Value::Str(text(of)))
    }

    /// Something outside of the program.
    pub fn ext(path: &str) -> V {
        V::of(Value::Ext(text(path)))
    }

    /// The class of an instance, or of the key that stands for it.
    pub fn class(self) -> Option<V> {
        match *self {
            Value::Object { class, .. } | Value::AnyOf { class, .. } => Some(class),
            _ => None,
        }
    }

    pub fn is_class(self) -> bool {
        matches!(*self, Value::Class(..))
    }

    pub fn is_object(self) -> bool {
        matches!(*self, Value::Object { .. })
    }

    /// The value as the solver tells it: containers that a library made are not told apart.
    pub fn told(self) -> V {
        V::of(match &*self {
            Value::Obj(kind, Site::Library(..) | Site::Again(_), inst) => {
                Value::Obj(*kind, Site::Numbered, *inst)
            }
            Value::ExtMethod(recv, path) => Value::ExtMethod(recv.told(), *path),
            Value::Bound(recv, func) => Value::Bound(recv.told(), func.told()),
            other => other.clone(),
        })
    }

    /// Nesting depth of the environments below.
    pub fn depth(self) -> u32 {
        match &*self {
            Value::Func(_, inst)
            | Value::Class(_, inst)
            | Value::Obj(_, _, inst)
            | Value::Generator(inst)
            | Value::Manager(inst) => inst.depth,
            Value::Bound(recv, func) => recv.depth().max(func.depth()),
            Value::ManagerFunc(inner) | Value::StaticMethod(inner) | Value::ClassMethod(inner) => {
                inner.depth()
            }
            Value::Object { context, .. } | Value::AnyOf { context, .. } => {
                context.iter().map(|(_, key)| key.depth()).max().unwrap_or(0)
            }
            _ => 0,
        }
    }

    /// The key that the value gives as a receiver.
    pub fn receiver_key(self) -> Option<V> {
        match &*self {
            Value::Object { class, context, .. } => {
                Some(V::of(Value::AnyOf { class: *class, context: context.clone() }))
            }
            _ => self.key(false),
        }
    }

    /// The key that the value gives as an argument: code is its own key, an instance gives its class, a constant gives itself
    /// where constants count, data gives none (ARCHITECTURE.md, "Contexts").
    pub fn key(self, constants: bool) -> Option<V> {
        match &*self {
            Value::None | Value::Bool(_) | Value::Int(_) | Value::Str(_) => constants.then_some(self),
            Value::Object { keyed, .. } => keyed.then(|| self.receiver_key()).flatten(),
            Value::Bound(recv, func) => match recv.receiver_key() {
                Some(key) => Some(V::of(Value::Bound(key, *func))),
                None => Some(self),
            },
            Value::Obj(kind, ..) => {
                matches!(kind, Kind::Partial | Kind::Property | Kind::Wraps).then_some(self)
            }
            Value::Func(..)
            | Value::Class(..)
            | Value::AnyOf { .. }
            | Value::ManagerFunc(_)
            | Value::StaticMethod(_)
            | Value::ClassMethod(_)
            | Value::Generator(_)
            | Value::Manager(_)
            | Value::Site(_) => Some(self),
            _ => None,
        }
    }

    /// The key at a parameter of `func`; none where contexts would nest without end.
    pub fn param_key(self, func: FuncId, constants: bool) -> Option<V> {
        let key = self.key(constants)?;
        let shallow = key.depth() < 3;
        (shallow || (key.depth() <= 48 && occurrences(key, func) < 3)).then_some(key)
    }

    /// A key of objects of a class without the objects that their constructors were given, below a depth.
    pub fn without_objects_below(self, depth: u32) -> V {
        let Value::AnyOf { class, context } = &*self else { return self };
        let kept = context.iter().filter_map(|&(param, given)| match &*given {
            Value::AnyOf { .. } if depth == 0 => None,
            _ => Some((param, given.without_objects_below(depth.saturating_sub(1)))),
        });
        V::of(Value::AnyOf { class: *class, context: kept.collect() })
    }
}

/// How often a function stands in the environments and keys below a value, up to 3.
fn occurrences(value: V, func: FuncId) -> u32 {
    let (mut values, mut insts, mut count) = (vec![value], Vec::new(), 0);
    while count < 3 {
        if let Some(inst) = insts.pop() {
            let inst: Inst = inst;
            count += u32::from(inst.func == func);
            insts.extend(inst.env);
            values.extend(inst.context.iter().map(|&(_, key)| key));
        } else if let Some(value) = values.pop() {
            match &*value {
                Value::Func(_, inst)
                | Value::Class(_, inst)
                | Value::Obj(_, _, inst)
                | Value::Generator(inst)
                | Value::Manager(inst) => insts.push(*inst),
                Value::Bound(recv, func) => values.extend([*recv, *func]),
                Value::ManagerFunc(f) | Value::StaticMethod(f) | Value::ClassMethod(f) => values.push(*f),
                Value::Object { class, context, .. } | Value::AnyOf { class, context } => {
                    values.push(*class);
                    values.extend(context.iter().map(|&(_, key)| key));
                }
                _ => {}
            }
        } else {
            break;
        }
    }
    count
}

/// Something that holds values.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Place {
    /// A variable of an instance.
    Var(Inst, u32),
    /// What an instance returns.
    Return(Inst),
    /// What it yields.
    Yielded(Inst),
    /// A global of a module.
    Global(ModId, Text),
    /// A named slot of an object: an attribute, a constant key, `#0` for index 0.
    Slot(V, Text),
    /// What is stored under keys that are not constant.
    Rest(V),
    /// Everything in an object.
    All(V),
    /// The keys of a dict.
    Keys(V),
    /// The default of a parameter of a function.
    Default(V, u32),
    /// The attribute of a class along its bases, not bound to anything.
    Lookup(V, Text),
    /// The same, of the bases that come after another class.
    LookupAfter(V, V, Text),
    /// Exactly one value.
    Given(V),
    /// What may be bound to a parameter at a call with `*` or `**`.
    Staged(Target, u32),
    /// What a call that the language makes by itself calls: a method of this name, bound to its receiver.
    Special(Call, V, Text),
    /// What a property gives where it is read.
    Got(At, V),
    /// What a method returns that an operator runs: where, which operator, of which object, which of its methods, and whether
    /// that of the right operand.
    Operated(At, Operator, V, usize, bool),
    /// The iterator that an object gives where it is iterated.
    Iterator(At, V),
    /// A part of what a library function works out.
    Part(Call, Option<V>, Vec<u32>),
    /// What a class that is raised makes an instance to be raised in.
    MadeToRaise(At),
    /// The exceptions of a class that are raised.
    Raised(V),
    /// The pairs that a dict is made of, out of an iterable.
    Pairs(V, V),
    /// Nobody looks at it.
    Ignored,
}

/// How an argument is passed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Passing {
    Pos,
    Star,
    Kw(Text),
    DoubleStar,
}

/// A call.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct CallSite {
    /// Where it stands.
    pub at: At,
    /// What it passes, in order.
    pub args: Vec<(Passing, Node)>,
    /// Where the result goes.
    pub dst: Node,
    /// Whether it applies a decorator.
    pub decorates: bool,
    /// The partials that it went through: one that may hold itself takes part once.
    pub through: Vec<V>,
}

impl Call {
    /// The call with a receiver put before its arguments.
    pub fn with(self, recv: Option<V>) -> Call {
        let Some(recv) = recv else { return self };
        let mut changed = (*self).clone();
        changed.args.insert(0, (Passing::Pos, Node::of(Place::Given(recv))));
        Call::of(changed)
    }
}

/// What is done with the instances of a target.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Mode {
    /// An ordinary call.
    Plain,
    /// The call of a context manager function.
    Manager,
    /// `__init__` of a class that is instantiated.
    Construct(V),
}

/// A call that meets a function. Receivers with one key meet it together, one without a key meets it alone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Meeting {
    pub call: Call,
    /// The function value.
    pub callee: V,
    pub mode: Mode,
    /// The key of the receivers, or the one receiver without a key.
    pub receiver: Option<V>,
    /// Whether `receiver` is a key.
    pub keyed: bool,
}

impl Meeting {
    /// Whether the first parameter is the receiver.
    pub fn takes_self(&self) -> bool {
        self.receiver.is_some() || matches!(self.mode, Mode::Construct(_))
    }
    /// The function.
    pub fn func(&self) -> FuncId {
        match *self.callee {
            Value::Func(func, _) => func,
            _ => unreachable!("only functions are targets"),
        }
    }
}
