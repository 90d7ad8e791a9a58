//! The intermediate representation that lowering makes of one Python file and that solving reads.
//!
//! One [`FileIr`] stands for one source file. It holds no syntax tree and no absolute path: names
//! are file-local [`Sym`]s into [`FileIr::strings`], positions are lines (from 1) and columns (from
//! 1, in characters).
//!
//! Every scope (module body, class body, function, lambda) is a [`FuncIr`]: a list of three-address
//! instructions over variables in SSA form (Cytron et al. 1991; built structurally as in Braun et
//! al. 2013). A variable is assigned by exactly one instruction, or by several [`Op::Copy`]
//! instructions when it is a join (phi) of control flow.
//!
//! Invariants:
//! - `funcs[0]` is the module body. Every other function has a `parent` that stands before it.
//! - Comprehensions and generator expressions are lowered inline, in the scope that holds them, with
//!   their targets as fresh variables; they are not functions of their own.
//! - The instruction list is flow-insensitive apart from SSA: its order is source order, which the
//!   solver relies on only for reports.
//! - A guard lists conditions that NECESSARILY hold when the instruction runs (an
//!   under-approximation of the control dependence is fine, an invented condition is a bug).

/// A string of one file: index into [`FileIr::strings`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Sym(pub u32);

/// An SSA variable of one function: index into [`FuncIr::vars`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct VarId(pub u32);

/// A scope of one file: index into [`FileIr::funcs`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct LocalFunc(pub u32);

/// A class statement of one file: index into [`FileIr::classes`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct LocalClass(pub u32);

/// A guard of one function: index into [`FuncIr::guards`]; guard 0 is "always".
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct GuardId(pub u32);

impl GuardId {
    /// The guard that always holds.
    pub const ALWAYS: GuardId = GuardId(0);
}

/// A position: line and column from 1.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct Pos {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub col: u32,
}

/// One lowered source file.
#[derive(Debug, Default)]
pub struct FileIr {
    /// The file's string table, each string once.
    pub strings: Vec<Box<str>>,
    /// Scopes; the module body first, parents before children, in source order.
    pub funcs: Vec<FuncIr>,
    /// Class statements in source order.
    pub classes: Vec<ClassIr>,
    /// What the parser rejected, in source order.
    pub errors: Vec<SyntaxError>,
}

/// A syntax error of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where.
    pub pos: Pos,
    /// The parser's message.
    pub message: String,
}

/// What kind of scope a [`FuncIr`] is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ScopeKind {
    /// A module body.
    Module,
    /// The body of a class statement; its names become attributes of the class.
    ClassBody(LocalClass),
    /// A `def`.
    Function,
    /// A `lambda`.
    Lambda,
}

/// One scope.
#[derive(Debug)]
pub struct FuncIr {
    /// The plain name: the function's, the class's, `<lambda>`, or `<module>`.
    pub name: Sym,
    /// PEP 3155 qualified name, e.g. `Repo.delete` or `deco.<locals>.wrapper`; `<module>` for a module.
    pub qualname: Sym,
    /// What it is.
    pub kind: ScopeKind,
    /// The lexically enclosing scope (a class body counts), none for the module.
    pub parent: Option<LocalFunc>,
    /// Position of the `def`, `class` or `lambda` keyword itself, below any decorator.
    pub pos: Pos,
    /// Last line of the scope.
    pub end_line: u32,
    /// Whether the body holds a `yield` (calling it makes a generator).
    pub is_generator: bool,
    /// Whether it is an `async def`.
    pub is_async: bool,
    /// Parameters in declaration order.
    pub params: Vec<Param>,
    /// Variables.
    pub vars: Vec<VarInfo>,
    /// Instructions in source order.
    pub instrs: Vec<Instr>,
    /// Guards; entry 0 is "always" and must not be read for its fields.
    pub guards: Vec<Guard>,
    /// Names that the scope binds with `global`-free assignment, import, def, class, for, with, except: for a
    /// module or class body its namespace, for a function its locals. Sorted, unique.
    pub bound_names: Vec<Sym>,
    /// Bodies of loops that stand once for each element of the literal that the loop runs over.
    pub repeats: Vec<Repeat>,
    /// What the handlers of `try` statements catch; inner statements before outer ones.
    pub catches: Vec<Catch>,
    /// The decorators of the `def` or `class`, outermost first.
    pub decorators: Vec<DecoratorRef>,
    /// For a method, attribute names stored on the first parameter (`self.x = ...`), sorted, unique.
    pub self_attrs: Vec<Sym>,
    /// Whether every path through the body raises or loops: it never returns or falls off its end.
    pub never_returns: bool,
}

/// Instructions that say again what others say, for the next element of a loop over a literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// The instructions for the first element.
    pub first: std::ops::Range<u32>,
    /// Those that say the same for another one.
    pub again: std::ops::Range<u32>,
}

impl FuncIr {
    /// The first of the instructions that stand for one piece of source: what tells places apart goes by it.
    pub fn original(&self, index: u32) -> u32 {
        let Some(repeat) = self.repeats.iter().find(|repeat| repeat.again.contains(&index)) else {
            return index;
        };
        let instr = &self.instrs[index as usize];
        let same = |&at: &u32| {
            let first = &self.instrs[at as usize];
            first.pos == instr.pos && std::mem::discriminant(&first.op) == std::mem::discriminant(&instr.op)
        };
        repeat.first.clone().find(same).unwrap_or(index)
    }
}

/// A handler of a `try` statement. Those of one statement have the same body and stand in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catch {
    /// The instructions of the body of the statement.
    pub body: std::ops::Range<u32>,
    /// The instructions of the handler.
    pub handler: std::ops::Range<u32>,
    /// The exception class or tuple of classes that it names; none if it catches everything.
    pub class: Option<VarId>,
    /// Whether the exception ends here: nothing in the handler raises it again.
    pub ends: bool,
}

/// One class statement.
#[derive(Debug)]
pub struct ClassIr {
    /// Plain name.
    pub name: Sym,
    /// PEP 3155 qualified name.
    pub qualname: Sym,
    /// Its body scope.
    pub body: LocalFunc,
    /// Position of the `class` keyword.
    pub pos: Pos,
    /// The decorators, outermost first.
    pub decorators: Vec<DecoratorRef>,
    /// The names that its body annotates (PEP 526), in their order, class variables left out: the fields of a dataclass.
    pub fields: Vec<Sym>,
}

/// A decorator as written, for display.
#[derive(Debug, Clone)]
pub struct DecoratorRef {
    /// Dotted text of the decorator without call arguments, e.g. `v2_bp.route`; `<expression>` when it is
    /// not a dotted name or a call of one.
    pub name: Sym,
    /// Where the decorator expression starts.
    pub pos: Pos,
    /// The call instruction that applies it, in the enclosing scope.
    pub call: u32,
}

/// How a parameter takes arguments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParamKind {
    /// Before `/`.
    PositionalOnly,
    /// Ordinary.
    Positional,
    /// `*args`: the variable is a tuple.
    VarArgs,
    /// After `*`.
    KeywordOnly,
    /// `**kwargs`: the variable is a dict.
    KwArgs,
}

/// One parameter.
#[derive(Debug, Clone)]
pub struct Param {
    /// Name without stars.
    pub name: Sym,
    /// Kind.
    pub kind: ParamKind,
    /// Its variable (the first SSA version).
    pub var: VarId,
    /// Whether a definite constant in it can decide something in this function or in a function nested in it:
    /// it is tested (an operand of a condition of `if`, `while`, `assert`, conditional expression, `and`/`or`, comprehension
    /// `if`), or used as the name in `getattr`/`hasattr`/`setattr`, or as a key: a subscript, or the first argument of a method
    /// that is called `get`, `setdefault` or `pop`. Only uses of
    /// the parameter's own value count (not after reassignment).
    pub tested: bool,
    /// Dotted text of the annotation, if it is a name or a dotted name or a string of one.
    pub annotation: Option<Sym>,
}

/// Where a variable's value comes from: what a report says about a call through it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VarDef {
    /// A parameter: index into [`FuncIr::params`].
    Param(u32),
    /// A cell: the flow-insensitive union of a local that nested functions capture.
    Cell,
    /// The result of an instruction: index into [`FuncIr::instrs`].
    Instr(u32),
    /// A join of several definitions of one name.
    Join,
}

/// One SSA variable.
#[derive(Debug, Clone)]
pub struct VarInfo {
    /// The source name, none for temporaries.
    pub name: Option<Sym>,
    /// Its definition.
    pub def: VarDef,
}

/// A condition under which instructions run.
#[derive(Debug, Clone)]
pub struct Guard {
    /// The guard around it ([`GuardId::ALWAYS`] at the top).
    pub parent: GuardId,
    /// The condition.
    pub cond: Cond,
    /// Whether the condition holds (true) or fails (false).
    pub holds: bool,
    /// If set, the guard binds only if the call at this instruction never returns: code after
    /// `if not x: abort(404)` is guarded by `x` when `abort` always raises.
    pub unless_returns: Option<u32>,
    /// The `with` statements whose body ended early when the condition failed: it binds only if their managers let exceptions
    /// through. Ascending.
    pub within: Box<[u32]>,
}

impl Guard {
    /// Whether it binds whatever calls and managers do.
    pub fn is_certain(&self) -> bool {
        self.unless_returns.is_none() && self.within.is_empty()
    }
}

/// A comparison by order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Order {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

impl Order {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Order::Less => "<",
            Order::AtMost => "<=",
            Order::Greater => ">",
            Order::AtLeast => ">=",
        }
    }

    /// Whether it holds of two integers.
    pub fn holds(self, left: i64, right: i64) -> bool {
        match self {
            Order::Less => left < right,
            Order::AtMost => left <= right,
            Order::Greater => left > right,
            Order::AtLeast => left >= right,
        }
    }

    /// The same comparison with its sides exchanged.
    pub fn flipped(self) -> Order {
        match self {
            Order::Less => Order::Greater,
            Order::AtMost => Order::AtLeast,
            Order::Greater => Order::Less,
            Order::AtLeast => Order::AtMost,
        }
    }
}

/// A condition, over variables at the point of the test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cond {
    /// The truth value of a variable.
    Truthy(VarId),
    /// `x is None` (`x is not None` is a `Not`).
    IsNone(VarId),
    /// `x == c`, `x is True` and so on, with a constant on one side.
    Equals(VarId, Const),
    /// `x in (c, d)` with constants only.
    OneOf(VarId, Vec<Const>),
    /// `c in x` with a constant left side.
    Contains(VarId, Const),
    /// `x < 3` and so on, with an integer on one side; turned so that the variable stands on the left.
    Ordered(VarId, Order, i64),
    /// `isinstance(x, cls)`.
    IsInstance(VarId, VarId),
    /// `x == y`, `x is y`.
    Same(VarId, VarId),
    /// `x in y`.
    Within(VarId, VarId),
    /// A simple condition holds for each of the elements that the iteration variable stands for.
    Every(VarId, Box<Cond>),
    /// Negation.
    Not(Box<Cond>),
    /// Conjunction.
    And(Vec<Cond>),
    /// Disjunction.
    Or(Vec<Cond>),
    /// The call, or the entering of a `with`, at this instruction has returned: it refuses nothing.
    Returned(u32),
    /// A condition that cannot depend on values that are tracked, e.g. `a < b`.
    Opaque,
}

impl Cond {
    /// The one variable that a simple condition compares with constants; none for all others.
    pub fn subject(&self) -> Option<VarId> {
        match self {
            Cond::Truthy(var)
            | Cond::IsNone(var)
            | Cond::Equals(var, _)
            | Cond::OneOf(var, _)
            | Cond::Contains(var, _)
            | Cond::Ordered(var, ..) => Some(*var),
            Cond::Not(inner) => inner.subject(),
            Cond::IsInstance(..)
            | Cond::Same(..)
            | Cond::Within(..)
            | Cond::Every(..)
            | Cond::And(_)
            | Cond::Or(_)
            | Cond::Returned(_)
            | Cond::Opaque => None,
        }
    }
}

/// A literal constant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Const {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An integer that fits.
    Int(i64),
    /// A string.
    Str(Sym),
    /// A bytes literal, a float, a complex number, an ellipsis, or an integer that does not fit.
    Other,
}

/// A container display.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ContainerKind {
    /// `[...]` and list comprehensions.
    List,
    /// `(...)`.
    Tuple,
    /// `{...}` and set comprehensions.
    Set,
    /// `{k: v}` and dict comprehensions.
    Dict,
}

/// An argument of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arg {
    /// `f(x)`.
    Pos(VarId),
    /// `f(*x)`.
    Star(VarId),
    /// `f(name=x)`.
    Kw(Sym, VarId),
    /// `f(**x)`.
    DoubleStar(VarId),
}

impl Arg {
    /// The variable that is passed.
    pub fn var(self) -> VarId {
        match self {
            Arg::Pos(v) | Arg::Star(v) | Arg::Kw(_, v) | Arg::DoubleStar(v) => v,
        }
    }
}

/// One instruction.
#[derive(Debug)]
pub struct Instr {
    /// What it does.
    pub op: Op,
    /// Under which condition it runs.
    pub guard: GuardId,
    /// Where the expression starts; for a call `a.b(c)` the line of the name that is called (`b`), as a reader
    /// looks for it in a chain of calls over several lines.
    pub pos: Pos,
}

/// Why a filter lets a value through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Narrowing {
    /// Not `None`.
    NotNone,
    /// Only `None`.
    IsNone,
    /// May be true.
    Truthy,
    /// May be false.
    Falsy,
    /// An instance of the class in the variable.
    IsInstance(VarId),
    /// Not an instance of the class in the variable.
    NotInstance(VarId),
}

/// What an instruction does. `dst` is always fresh, except for joins.
#[derive(Debug)]
#[allow(missing_docs, reason = "each variant's text names its fields")]
pub enum Op {
    /// `dst = src`; several of them with one `dst` are a join.
    Copy { dst: VarId, src: VarId },
    /// `dst` is whether a simple condition holds (see [`Cond::subject`]): a comparison or `not x` used as a value. A comparison
    /// by `by` runs the special method of an object, and `dst` holds what that returns as well.
    Test { dst: VarId, cond: Box<Cond>, by: Option<Operator> },
    /// `dst = src`, only the values that pass the test.
    Narrow { dst: VarId, src: VarId, by: Narrowing },
    /// `dst = constant`.
    Const { dst: VarId, value: Const },
    /// A value that is not tracked at all: a slice object, a comparison of constants.
    Opaque { dst: VarId },
    /// An operator that makes nothing of strings and containers: an untracked value. Where an operand is an object of the program
    /// whose class has the special method of the operator, that runs, and `dst` holds what it returns as well. A test by itself,
    /// as that of `if x:`, has no `dst`.
    Operate { dst: Option<VarId>, op: Operator, left: VarId, right: Side },
    /// Reads a name of the module namespace or of the builtins.
    LoadGlobal { dst: VarId, name: Sym },
    /// Writes a name of the module namespace: every binding in a module body, and `global` names in functions.
    StoreGlobal { name: Sym, src: VarId },
    /// Reads a name in a class body before the body binds it, or after: class namespace, then enclosing functions' cells are not
    /// looked at (lowering emits `LoadFree` for those), then globals.
    LoadClassName { dst: VarId, name: Sym },
    /// Writes an attribute of the class being defined: every binding in a class body.
    StoreClassName { name: Sym, src: VarId },
    /// Reads a cell of an enclosing scope: `levels` parents up (1 is the direct parent; class bodies count as
    /// a level), variable `cell` there.
    LoadFree { dst: VarId, levels: u32, cell: VarId },
    /// Writes such a cell (`nonlocal`).
    StoreFree { levels: u32, cell: VarId, src: VarId },
    /// `dst = obj.name`.
    LoadAttr { dst: VarId, obj: VarId, name: Sym },
    /// `obj.name = src`.
    StoreAttr { obj: VarId, name: Sym, src: VarId },
    /// `dst = obj[key]`.
    LoadSub { dst: VarId, obj: VarId, key: VarId },
    /// `obj[key] = src`.
    StoreSub { obj: VarId, key: VarId, src: VarId },
    /// `dst = obj[a:b]`: a container with the same elements; with `bounds`, those from the first index to below the second.
    Slice { dst: VarId, obj: VarId, bounds: Option<(u32, u32)> },
    /// `dst = callee(args)`.
    Call { dst: VarId, callee: VarId, args: Box<[Arg]>, role: CallRole },
    /// `dst = super()` without arguments, inside a method: `class_levels` is how many parents up the class body scope is,
    /// `this` the first parameter of the method that holds it (read through a cell when nested).
    Super { dst: VarId, class_levels: u32, this: VarId },
    /// Makes a function object. `defaults` are (parameter index, variable).
    MakeFunc { dst: VarId, func: LocalFunc, defaults: Box<[(u32, VarId)]> },
    /// Makes a class object by running its body. `bases` also holds `metaclass=` and the like.
    MakeClass { dst: VarId, class: LocalClass, bases: Box<[Arg]> },
    /// Makes a list, tuple or set; a starred element is `(var, true)`. In a comprehension there is one element.
    MakeSeq { dst: VarId, kind: ContainerKind, items: Box<[(VarId, bool)]>, comprehension: bool },
    /// Makes a dict; a missing key is `**value`.
    MakeDict { dst: VarId, items: Box<[(Option<VarId>, VarId)]>, comprehension: bool },
    /// An element that iteration over `src` yields.
    Iter { dst: VarId, src: VarId },
    /// Element `index` of an unpacked `src`; `from_end` counts from the end (after a starred target);
    /// `rest` is the starred target itself (a list).
    Unpack { dst: VarId, src: VarId, index: u32, from_end: bool, rest: bool },
    /// What a class pattern takes from a matched object `src` by position: the attribute that `__match_args__` has at `index`, or,
    /// of a builtin class, the object itself (PEP 634).
    Matched { dst: VarId, src: VarId, index: u32 },
    /// `dst = left op right` where strings or containers may be concatenated or formatted: `+`, `%`, `|`, `*`, augmented (`+=`)
    /// too. Special methods of objects run as those of [`Op::Operate`] do.
    BinOp { dst: VarId, op: BinOp, left: VarId, right: VarId, augmented: bool },
    /// An f-string: literal parts and variables in order.
    Format { dst: VarId, parts: Box<[FormatPart]> },
    /// `yield src`; `dst` is what is sent in.
    Yield { dst: VarId, src: VarId },
    /// `yield from src`.
    YieldFrom { dst: VarId, src: VarId },
    /// `await src`.
    Await { dst: VarId, src: VarId },
    /// `return src`.
    Return { src: VarId },
    /// `raise exc`.
    Raise { exc: VarId },
    /// `except class as dst`.
    Caught { dst: VarId, class: VarId },
    /// Entering `with manager as dst`; leaving it is implied.
    With { dst: VarId, manager: VarId, is_async: bool },
    /// `import name` (dotted): loads every module on the way. `dst` is the root module, or the leaf with `as`.
    Import { dst: VarId, name: Sym, leaf: bool },
    /// `from module import name`; `level` dots; an empty module string for `from . import name`.
    ImportFrom { dst: VarId, level: u32, module: Sym, name: Sym },
    /// `from module import *` in a module body.
    ImportStar { level: u32, module: Sym },
    /// `del obj.name`, `del obj[key]`, `del name`: nothing is tracked, kept for reports.
    Delete,
}

/// The role of a call in its statement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallRole {
    /// An ordinary call expression.
    Plain,
    /// The application of a decorator to the function (a `def` of this file).
    DecoratesFunc(LocalFunc),
    /// The application of a decorator to the class.
    DecoratesClass(LocalClass),
}

/// Operators that lowering keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BinOp {
    /// `+`
    Add,
    /// `%`
    Mod,
    /// `|`
    BitOr,
    /// `*`
    Mult,
    /// `and` as a value: either operand.
    And,
    /// `or` as a value: either operand.
    Or,
}

impl BinOp {
    /// What runs a special method of an operand; `and` and `or` run none but those that tell the truth of one.
    pub fn operator(self, augmented: bool) -> Option<Operator> {
        let op = match self {
            BinOp::Add => Binary::Add,
            BinOp::Mod => Binary::Mod,
            BinOp::BitOr => Binary::BitOr,
            BinOp::Mult => Binary::Mult,
            BinOp::And | BinOp::Or => return None,
        };
        Some(if augmented { Operator::Augmented(op) } else { Operator::Binary(op) })
    }
}

/// A binary arithmetic operator (Python reference, section 6.7).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are those of the operators")]
pub enum Binary {
    Add,
    Sub,
    Mult,
    MatMult,
    Div,
    FloorDiv,
    Mod,
    Pow,
    LShift,
    RShift,
    BitOr,
    BitXor,
    BitAnd,
}

/// What runs a special method of an object (data model, section 3.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub enum Operator {
    /// `a + b` and so on.
    Binary(Binary),
    /// `a += b` and so on.
    Augmented(Binary),
    /// `-a`
    Negative,
    /// `+a`
    Positive,
    /// `~a`
    Invert,
    /// `a == b`
    Equal,
    /// `a != b`
    NotEqual,
    /// `a < b` and so on.
    Ordered(Order),
    /// `b in a`: the container stands on the left.
    Contains,
    /// Whether `a` is true.
    Truth,
    /// `del a[b]`
    DeleteItem,
    /// `del a.b`
    DeleteAttribute,
    /// `a` in an f-string, or of `str.format`.
    Format,
    /// `a!s` in an f-string, or for `%s`.
    Str,
    /// `a!r` in an f-string.
    Repr,
}

/// The names of special methods.
type Methods = &'static [&'static str];

impl Operator {
    /// Whether it makes a set of two sets: a part of the first, or what is in one of them alone.
    pub fn combines_sets(self) -> bool {
        matches!(
            self,
            Operator::Binary(Binary::Sub | Binary::BitAnd | Binary::BitXor)
                | Operator::Augmented(Binary::Sub | Binary::BitAnd | Binary::BitXor)
        )
    }

    /// The special methods of the left operand, the first of which that its class has is run; behind it, those of the right operand,
    /// of which the same holds where the left operand has none, or its method returns `NotImplemented`.
    pub fn methods(self) -> (Methods, Methods) {
        match self {
            Operator::Binary(op) | Operator::Augmented(op) => {
                let (augmented, plain, reflected): (Methods, Methods, Methods) = match op {
                    Binary::Add => (&["__iadd__", "__add__"], &["__add__"], &["__radd__"]),
                    Binary::Sub => (&["__isub__", "__sub__"], &["__sub__"], &["__rsub__"]),
                    Binary::Mult => (&["__imul__", "__mul__"], &["__mul__"], &["__rmul__"]),
                    Binary::MatMult => (&["__imatmul__", "__matmul__"], &["__matmul__"], &["__rmatmul__"]),
                    Binary::Div => (&["__itruediv__", "__truediv__"], &["__truediv__"], &["__rtruediv__"]),
                    Binary::FloorDiv => {
                        (&["__ifloordiv__", "__floordiv__"], &["__floordiv__"], &["__rfloordiv__"])
                    }
                    Binary::Mod => (&["__imod__", "__mod__"], &["__mod__"], &["__rmod__"]),
                    Binary::Pow => (&["__ipow__", "__pow__"], &["__pow__"], &["__rpow__"]),
                    Binary::LShift => (&["__ilshift__", "__lshift__"], &["__lshift__"], &["__rlshift__"]),
                    Binary::RShift => (&["__irshift__", "__rshift__"], &["__rshift__"], &["__rrshift__"]),
                    Binary::BitOr => (&["__ior__", "__or__"], &["__or__"], &["__ror__"]),
                    Binary::BitXor => (&["__ixor__", "__xor__"], &["__xor__"], &["__rxor__"]),
                    Binary::BitAnd => (&["__iand__", "__and__"], &["__and__"], &["__rand__"]),
                };
                (if matches!(self, Operator::Augmented(_)) { augmented } else { plain }, reflected)
            }
            Operator::Negative => (&["__neg__"], &[]),
            Operator::Positive => (&["__pos__"], &[]),
            Operator::Invert => (&["__invert__"], &[]),
            Operator::Equal => (&["__eq__"], &["__eq__"]),
            Operator::NotEqual => (&["__ne__", "__eq__"], &["__ne__", "__eq__"]),
            Operator::Ordered(Order::Less) => (&["__lt__"], &["__gt__"]),
            Operator::Ordered(Order::AtMost) => (&["__le__"], &["__ge__"]),
            Operator::Ordered(Order::Greater) => (&["__gt__"], &["__lt__"]),
            Operator::Ordered(Order::AtLeast) => (&["__ge__"], &["__le__"]),
            Operator::Contains => (&["__contains__", "__iter__", "__getitem__"], &[]),
            Operator::Truth => (&["__bool__", "__len__"], &[]),
            Operator::DeleteItem => (&["__delitem__"], &[]),
            Operator::DeleteAttribute => (&["__delattr__"], &[]),
            Operator::Format => (&["__format__", "__str__", "__repr__"], &[]),
            Operator::Str => (&["__str__", "__repr__"], &[]),
            Operator::Repr => (&["__repr__"], &[]),
        }
    }

    /// The same comparison with its sides exchanged.
    pub fn flipped(self) -> Operator {
        match self {
            Operator::Ordered(order) => Operator::Ordered(order.flipped()),
            other => other,
        }
    }
}

/// The right operand of an [`Operator`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// There is none.
    Missing,
    /// A variable.
    Var(VarId),
    /// `None`, `True` or `False`.
    Singleton(Option<bool>),
    /// An integer that fits.
    Int(i32),
    /// A string.
    Str(Sym),
    /// A constant of which no more is known.
    Constant,
}

impl Side {
    /// A constant, as far as it fits: most instructions are short, and there are many of them.
    pub fn of(constant: &Const) -> Side {
        match *constant {
            Const::None => Side::Singleton(None),
            Const::Bool(truth) => Side::Singleton(Some(truth)),
            Const::Int(int) => i32::try_from(int).map_or(Side::Constant, Side::Int),
            Const::Str(text) => Side::Str(text),
            Const::Other => Side::Constant,
        }
    }
}

/// A part of an f-string.
#[derive(Debug, Clone, Copy)]
pub enum FormatPart {
    /// Literal text.
    Text(Sym),
    /// An interpolated value, and what makes text of it: [`Operator::Format`], [`Operator::Str`] or [`Operator::Repr`].
    Value(VarId, Operator),
}
