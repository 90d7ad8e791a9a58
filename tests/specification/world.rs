//! The program as the rules see it: functions of the intermediate representation alone.

use std::collections::{HashMap, HashSet};

use producer_map::ir::{
    Arg, CallRole, Cond, Const, FormatPart, FuncIr, GuardId, Op, Param, ParamKind, ScopeKind, Sym, VarDef,
    VarId,
};
use producer_map::link::{FuncId, ModId, Program};
use producer_map::models::{Entry, Models, Term};
use producer_map::solve::flags::Flags;
use producer_map::solve::forward::Forwards;
use producer_map::solve::given::ToldApart;
use producer_map::solve::value as solve;

use crate::domain::{
    At, Call, CallSite, Inst, Meeting, Mode, Node, Passing, Place, SHAPE, SITE, Site, Target, Text, V, Value,
    text,
};

/// More tested parameters than this, and a function is not cloned on constants.
pub const TESTED: usize = 4;

/// A program and what is known of it.
pub struct World<'p> {
    pub program: &'p Program,
    pub models: &'p Models,
    /// Modules that are run as `__main__`.
    main: HashSet<ModId>,
    /// Parameters with a default.
    defaults: HashSet<(FuncId, u32)>,
    pub said: Said,
    /// Texts of the files' strings, by file.
    texts: HashMap<String, Vec<Text>>,
}

/// What the text of functions says before anything is solved: names and copies tell it, and no rule.
pub struct Said {
    /// For each function the parameters that it passes on to where they are tested, as a bit set.
    pub passed_on: Vec<u32>,
    /// For each function what it passes on unpacked.
    pub forwards: Vec<Option<Box<Forwards>>>,
    /// The parameters of constructors at which the class of an object counts.
    pub told_apart: ToldApart,
    /// Attributes that hold constants.
    pub flags: Flags,
    /// By function, whether it registers something.
    pub registering: Vec<bool>,
}

/// Where the values of a parameter come from at a call.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Source {
    /// Not from an argument: the receiver, `*args`, `**kwargs`.
    Elsewhere,
    /// From one node.
    Node(Node),
    /// From what a `*x` or `**x` may hold, a default, or an argument behind a `*x`.
    Mixed { nodes: Vec<Node>, stars: Vec<(Node, u32)>, doubles: Vec<(Node, Text)> },
}

impl<'p> World<'p> {
    /// A linked program, and what its text says.
    pub fn new(program: &'p Program, models: &'p Models, main: &[ModId], said: Said) -> World<'p> {
        let mut defaults = HashSet::new();
        let mut texts = HashMap::new();
        for file in program.files.iter() {
            texts.insert(file.path.clone(), file.ir.strings.iter().map(|s| text(s)).collect());
            for instr in file.ir.funcs.iter().flat_map(|func| &func.instrs) {
                if let Op::MakeFunc { func, defaults: given, .. } = &instr.op {
                    defaults.extend(given.iter().map(|&(p, _)| (FuncId(file.first_func + func.0), p)));
                }
            }
        }
        World { program, models, main: main.iter().copied().collect(), defaults, texts, said }
    }

    /// Whether a module binds a name.
    pub fn binds_name(&self, module: ModId, name: &str) -> bool {
        let names = &self.program.modules[module.0 as usize].names;
        self.program.names.find(name).is_some_and(|name| names.contains(&name))
    }

    pub fn func(&self, func: FuncId) -> &'p FuncIr {
        self.program.func(func)
    }

    pub fn op(&self, (inst, index): At) -> &'p Op {
        &self.func(inst.func).instrs[index as usize].op
    }

    pub fn sym(&self, func: FuncId, sym: Sym) -> Text {
        self.texts[&self.program.file_of(func).path][sym.0 as usize]
    }

    pub fn module_of(&self, inst: Inst) -> ModId {
        self.program.module_of(inst.func)
    }

    pub fn params(&self, func: FuncId) -> &'p [Param] {
        &self.func(func).params
    }

    /// Whether a module binds a name.
    pub fn binds(&self, module: ModId, name: Text) -> bool {
        let bound = &self.program.modules[module.0 as usize].names;
        self.program.names.find(&name).is_some_and(|name| bound.binary_search(&name).is_ok())
    }

    /// What a global name is that the module does not bind.
    pub fn builtin(&self, module: ModId, name: Text) -> V {
        match name.as_str() {
            "__name__" => V::str(self.module_name(module)),
            "__file__" | "__doc__" => V::of(Value::AnyStr),
            name => V::ext(&format!("builtins.{name}")),
        }
    }

    pub fn module_name(&self, module: ModId) -> &'p str {
        self.program.names.text(self.program.modules[module.0 as usize].name)
    }

    /// The module of a dotted name.
    pub fn module(&self, dotted: &str) -> Option<ModId> {
        self.program.names.find(dotted).and_then(|name| self.program.module(name))
    }

    pub fn submodule(&self, module: ModId, name: Text) -> Option<ModId> {
        self.program.names.find(&name).and_then(|name| self.program.submodule(module, name))
    }

    /// A module, and the packages above it that importing it runs first.
    pub fn with_parents(&self, module: ModId) -> Vec<ModId> {
        let dotted = self.module_name(module);
        let ends = dotted.match_indices('.').map(|(end, _)| end).chain([dotted.len()]);
        ends.filter_map(|end| self.module(&dotted[..end])).collect()
    }

    /// The names that `from module import *` takes; none where `__all__` would decide.
    pub fn star_names(&self, module: ModId) -> Option<Vec<Text>> {
        let names = self.program.modules[module.0 as usize].names.iter();
        let names: Vec<&str> = names.map(|&name| self.program.names.text(name)).collect();
        let private = |name: &&&str| !name.starts_with('_');
        (!names.contains(&"__all__")).then(|| names.iter().filter(private).map(|name| text(name)).collect())
    }

    /// The value of a literal. A text with white space is any string unless it is used as a key where it stands.
    pub fn literal(&self, at: At, value: &Const, dst: VarId) -> V {
        if let Const::Str(sym) = *value {
            let text = self.sym(at.0.func, sym);
            let keys = |op: &Op| match op {
                Op::LoadSub { key, .. } | Op::StoreSub { key, .. } => *key == dst,
                Op::MakeDict { items, .. } => items.iter().any(|(key, _)| *key == Some(dst)),
                _ => false,
            };
            let is_key = || self.func(at.0.func).instrs.iter().any(|instr| keys(&instr.op));
            if text.contains(char::is_whitespace) && !is_key() {
                return V::of(Value::AnyStr);
            }
        }
        self.constant(at.0.func, value).unwrap_or(V::of(Value::Opaque))
    }

    /// The constant that an operator has on its right.
    pub fn compared_with(&self, at: At, value: &Const) -> V {
        match self.constant(at.0.func, value) {
            Some(value) if matches!(&*value, Value::Str(text) if text.contains(char::is_whitespace)) => {
                V::of(Value::AnyStr)
            }
            value => value.unwrap_or(V::of(Value::Opaque)),
        }
    }

    /// The same for a condition.
    pub fn tested_with(&self, at: At, cond: &Cond) -> Option<V> {
        match cond {
            Cond::Equals(_, constant) | Cond::Contains(_, constant) => Some(self.compared_with(at, constant)),
            Cond::OneOf(_, constants) if constants.len() == 1 => Some(self.compared_with(at, &constants[0])),
            Cond::OneOf(..) | Cond::Ordered(..) => Some(V::of(Value::Opaque)),
            Cond::Not(inner) => self.tested_with(at, inner),
            _ => None,
        }
    }

    fn constant(&self, func: FuncId, value: &Const) -> Option<V> {
        Some(V::of(match *value {
            Const::None => Value::None,
            Const::Bool(b) => Value::Bool(b),
            Const::Int(i) => Value::Int(i),
            Const::Str(sym) => Value::Str(self.sym(func, sym)),
            Const::Other => return None,
        }))
    }

    // Conditions that the context decides.

    /// The instructions of an instance that its context does not rule out.
    pub fn live(&self, inst: Inst) -> Vec<u32> {
        let instrs = (0..).zip(&self.func(inst.func).instrs);
        instrs.filter(|(_, instr)| self.may_run(inst, instr.guard)).map(|(index, _)| index).collect()
    }

    fn may_run(&self, inst: Inst, guard: GuardId) -> bool {
        if guard == GuardId::ALWAYS {
            return true;
        }
        let guard = &self.func(inst.func).guards[guard.0 as usize];
        let fails = || self.decide(inst, &guard.cond).is_some_and(|truth| truth != guard.holds);
        self.may_run(inst, guard.parent) && (!guard.is_certain() || !fails())
    }

    /// The truth of a condition under the context, none if that leaves it open.
    fn decide(&self, inst: Inst, cond: &Cond) -> Option<bool> {
        match cond {
            Cond::Not(inner) => self.decide(inst, inner).map(|truth| !truth),
            Cond::And(parts) => self.decide_all(inst, parts, false),
            Cond::Or(parts) => self.decide_all(inst, parts, true),
            Cond::Truthy(var) => match *self.bound_to(inst, *var)? {
                Value::None => Some(false),
                Value::Bool(b) => Some(b),
                Value::Int(i) => Some(i != 0),
                Value::Str(text) => (!has_hole(&text)).then(|| !text.is_empty()),
                Value::Func(..) | Value::Class(..) | Value::Bound(..) | Value::ManagerFunc(_) => Some(true),
                _ => None,
            },
            Cond::IsNone(var) => Some(*self.bound_to(inst, *var)? == Value::None),
            Cond::Equals(var, constant) => {
                if self.is_main_test(inst, *var, constant) {
                    return (!self.main.contains(&self.module_of(inst))).then_some(false);
                }
                self.equals(inst.func, self.bound_to(inst, *var)?, constant)
            }
            Cond::OneOf(var, constants) => {
                let value = self.bound_to(inst, *var)?;
                let answers: Vec<_> = constants.iter().map(|c| self.equals(inst.func, value, c)).collect();
                if answers.contains(&Some(true)) {
                    return Some(true);
                }
                answers.iter().all(|answer| *answer == Some(false)).then_some(false)
            }
            Cond::Ordered(var, order, bound) => match *self.bound_to(inst, *var)? {
                Value::Int(int) => Some(order.holds(int, *bound)),
                Value::Bool(truth) => Some(order.holds(i64::from(truth), *bound)),
                _ => None,
            },
            Cond::Contains(var, Const::Str(part)) => match *self.bound_to(inst, *var)? {
                Value::Str(text) if !has_hole(&text) => {
                    Some(text.contains(self.sym(inst.func, *part).as_str()))
                }
                _ => None,
            },
            Cond::IsInstance(var, class) => self.is_of_builtin(inst, *class, self.bound_to(inst, *var)?),
            Cond::Contains(..)
            | Cond::Same(..)
            | Cond::Within(..)
            | Cond::Every(..)
            | Cond::Returned(_)
            | Cond::Opaque => None,
        }
    }

    /// Whether a constant is an instance of a class of the language that goes by its own name.
    fn is_of_builtin(&self, inst: Inst, class: VarId, value: V) -> Option<bool> {
        const CLASSES: [&str; 10] =
            ["str", "bytes", "int", "float", "bool", "list", "tuple", "dict", "set", "frozenset"];
        let ir = self.func(inst.func);
        let VarDef::Instr(index) = ir.vars[class.0 as usize].def else { return None };
        let Op::LoadGlobal { name, .. } = ir.instrs[index as usize].op else { return None };
        let name = self.sym(inst.func, name);
        let module = &self.program.modules[self.module_of(inst).0 as usize];
        let is_bound = self.program.names.find(&name).is_some_and(|name| module.names.contains(&name));
        if is_bound || !CLASSES.contains(&name.as_str()) {
            return None;
        }
        let classes: &[&str] = match *value {
            Value::Str(_) => &["str"],
            Value::Int(_) => &["int"],
            Value::Bool(_) => &["bool", "int"],
            Value::None => &[],
            _ => return None,
        };
        (!classes.contains(&name.as_str())).then_some(false)
    }

    /// One part with the truth `decisive` decides the whole.
    fn decide_all(&self, inst: Inst, parts: &[Cond], decisive: bool) -> Option<bool> {
        let truths: Vec<Option<bool>> = parts.iter().map(|part| self.decide(inst, part)).collect();
        if truths.contains(&Some(decisive)) {
            return Some(decisive);
        }
        truths.iter().all(Option::is_some).then_some(!decisive)
    }

    fn equals(&self, func: FuncId, value: V, constant: &Const) -> Option<bool> {
        let same = self.constant(func, constant)? == value;
        match (&*value, constant) {
            (Value::Str(text), Const::Str(_)) if has_hole(text) => None,
            // `True == 1`.
            (Value::Bool(_), Const::Int(_)) | (Value::Int(_), Const::Bool(_)) => None,
            (Value::None | Value::Bool(_) | Value::Int(_) | Value::Str(_), _) => Some(same),
            (Value::Func(..) | Value::Class(..) | Value::Bound(..), _) => Some(false),
            // An instance may define `__eq__`.
            (Value::AnyOf { .. }, Const::None | Const::Bool(_)) => Some(false),
            _ => None,
        }
    }

    fn is_main_test(&self, inst: Inst, var: VarId, constant: &Const) -> bool {
        let is_main = |sym: Sym| self.sym(inst.func, sym).as_str() == "__main__";
        let is_name = |sym: Sym| self.sym(inst.func, sym).as_str() == "__name__";
        let ir = self.func(inst.func);
        let VarDef::Instr(index) = ir.vars[var.0 as usize].def else { return false };
        matches!(*constant, Const::Str(sym) if is_main(sym))
            && matches!(ir.instrs[index as usize].op, Op::LoadGlobal { name, .. } if is_name(name))
    }

    /// What the context binds a variable to: its own, or that of an instance around it.
    fn bound_to(&self, inst: Inst, var: VarId) -> Option<V> {
        let ir = self.func(inst.func);
        let at_param = |param: u32| inst.context.iter().find(|(at, _)| *at == param).map(|&(_, key)| key);
        match ir.vars[var.0 as usize].def {
            VarDef::Param(param) => at_param(param),
            VarDef::Cell => at_param(self.only_param_in(inst.func, var)?),
            VarDef::Instr(index) => match &ir.instrs[index as usize].op {
                Op::Copy { src, .. } | Op::Narrow { src, .. } => self.bound_to(inst, *src),
                Op::LoadFree { levels, cell, .. } => self.bound_to(inst.outer(*levels)?, *cell),
                Op::Const { value, .. } => self.constant(inst.func, value),
                Op::LoadAttr { obj, name, .. } => {
                    let name = self.program.names.find(&self.sym(inst.func, *name))?;
                    self.flag(self.receiver_of(inst, *obj)?, name)
                }
                _ => None,
            },
            VarDef::Join => None,
        }
    }

    /// The key that the context binds a parameter to which a variable is.
    fn receiver_of(&self, inst: Inst, var: VarId) -> Option<V> {
        let ir = self.func(inst.func);
        let at_param = |param: u32| inst.context.iter().find(|(at, _)| *at == param).map(|&(_, key)| key);
        match ir.vars[var.0 as usize].def {
            VarDef::Param(param) => at_param(param),
            VarDef::Cell => at_param(self.only_param_in(inst.func, var)?),
            VarDef::Instr(index) => match ir.instrs[index as usize].op {
                Op::Copy { src, .. } | Op::Narrow { src, .. } => self.receiver_of(inst, src),
                Op::LoadFree { levels, cell, .. } => self.receiver_of(inst.outer(levels)?, cell),
                _ => None,
            },
            VarDef::Join => None,
        }
    }

    /// The constant that objects with a key, or a class, have under an attribute.
    fn flag(&self, key: V, name: producer_map::link::Name) -> Option<V> {
        let none = Vec::new();
        let (class, context) = match &*key {
            Value::AnyOf { class, context } => (*class, context),
            Value::Class(..) => (key, &none),
            _ => return None,
        };
        let Value::Class(class, _) = *class else { return None };
        if let Some(param) = self.said.flags.parameter(class, name) {
            return context.iter().find(|(at, _)| *at == param).map(|&(_, constant)| constant);
        }
        Some(match self.said.flags.constant(self.program, class, name)? {
            solve::Value::None => V::of(Value::None),
            solve::Value::Bool(truth) => V::of(Value::Bool(truth)),
            solve::Value::Int(int) => V::of(Value::Int(int)),
            solve::Value::Str(text) => V::str(self.program.names.text(text)),
            _ => return None,
        })
    }

    /// The parameter that a cell holds, if nothing else is stored in it. A `nonlocal` assignment anywhere in the file to a
    /// cell of this number counts as one.
    pub fn only_param_in(&self, func: FuncId, cell: VarId) -> Option<u32> {
        let ir = self.func(func);
        let mut sources = ir.instrs.iter().filter_map(|instr| match instr.op {
            Op::Copy { dst, src } if dst == cell => Some(ir.vars[src.0 as usize].def),
            _ => None,
        });
        let (Some(VarDef::Param(param)), None) = (sources.next(), sources.next()) else { return None };
        let mut all = self.program.file_of(func).ir.funcs.iter().flat_map(|func| &func.instrs);
        let written = all.any(|instr| matches!(instr.op, Op::StoreFree { cell: other, .. } if other == cell));
        (!written).then_some(param)
    }

    // Calls.

    /// The call of an instruction.
    pub fn call(&self, at: At) -> Option<Call> {
        let Op::Call { dst, args, role, .. } = self.op(at) else { return None };
        let args = (0..).zip(args).flat_map(|(number, arg)| {
            let passing = match *arg {
                Arg::Pos(_) => Passing::Pos,
                Arg::Star(_) => Passing::Star,
                Arg::Kw(name, _) => Passing::Kw(self.sym(at.0.func, name)),
                Arg::DoubleStar(_) => Passing::DoubleStar,
            };
            let passed = (passing, at.0.var(arg.var()));
            self.unpacked(at, number, passed).unwrap_or_else(|| vec![passed])
        });
        let decorates = *role != CallRole::Plain;
        Some(Call::of(CallSite {
            at,
            args: args.collect(),
            dst: at.0.var(*dst),
            decorates,
            through: Vec::new(),
        }))
    }

    /// The target of a call at a function value, if there can be one.
    pub fn target(&self, call: Call, callee: V, recv: Option<V>, mode: Mode) -> Target {
        let key = recv.and_then(V::receiver_key);
        Target::of(Meeting { call, callee, mode, receiver: key.or(recv), keyed: key.is_some() })
    }

    /// Where the values of each parameter come from; none if the arguments do not fit (Python reference, 6.3.4).
    pub fn sources(&self, target: Target) -> Option<Vec<Source>> {
        let Value::Func(func, _) = *target.callee else { return None };
        let params = self.params(func);
        let args = &target.call.args;
        let split = args.iter().position(|(passing, _)| *passing == Passing::Star).unwrap_or(args.len());
        let by_position = |args: &[(Passing, Node)]| -> Vec<Node> {
            args.iter().filter(|(passing, _)| *passing == Passing::Pos).map(|arg| arg.1).collect()
        };
        let (early, late) = (by_position(&args[..split]), by_position(&args[split..]));
        let all =
            |wanted: Passing| args.iter().filter(move |(passing, _)| *passing == wanted).map(|arg| arg.1);
        let stars: Vec<Node> = all(Passing::Star).collect();
        let doubles: Vec<Node> = all(Passing::DoubleStar).collect();
        let has = |kind: ParamKind| params.iter().any(|param| param.kind == kind);
        let offset = usize::from(target.takes_self());
        if early.len() + offset > positions(params) && !has(ParamKind::VarArgs) {
            return None;
        }
        let takes = |name: Text| self.keyword_param(func, name);
        let stray = |arg: &(Passing, Node)| matches!(arg.0, Passing::Kw(name) if !takes(name));
        if !has(ParamKind::KwArgs) && args.iter().any(stray) {
            return None;
        }
        let source = |(index, param): (usize, &Param)| {
            let positional = matches!(param.kind, ParamKind::PositionalOnly | ParamKind::Positional);
            if matches!(param.kind, ParamKind::VarArgs | ParamKind::KwArgs) || (positional && index < offset)
            {
                return Some(Source::Elsewhere);
            }
            let name = self.sym(func, param.name);
            let by_name = param.kind != ParamKind::PositionalOnly;
            let passed = match index.checked_sub(offset).and_then(|at| early.get(at)) {
                Some(&node) if positional => Some(node),
                _ if by_name => all(Passing::Kw(name)).next(),
                _ => None,
            };
            if let Some(node) = passed {
                return Some(Source::Node(node));
            }
            let default = self.defaults.contains(&(func, index as u32));
            let default = default.then(|| Node::of(Place::Default(target.callee, index as u32)));
            if (stars.is_empty() || !positional) && doubles.is_empty() {
                return default.map(Source::Node);
            }
            let mut nodes: Vec<Node> = default.into_iter().collect();
            let mut elements = Vec::new();
            if positional {
                let element = (index - offset - early.len()) as u32;
                elements.extend(stars.iter().map(|&star| (star, element)));
                nodes.extend(&late);
            }
            let named = doubles.iter().filter(|_| by_name).map(|&double| (double, name));
            Some(Source::Mixed { nodes, stars: elements, doubles: named.collect() })
        };
        let sources: Option<Vec<Source>> = params.iter().enumerate().map(source).collect();
        let behind = self.shape_of_call(target).map(|(_, behind)| behind).unwrap_or_default();
        Some(sources?.into_iter().chain(behind).collect())
    }

    /// Whether a keyword argument of this name goes to a parameter.
    pub fn keyword_param(&self, func: FuncId, name: Text) -> bool {
        self.params(func).iter().any(|param| {
            self.sym(func, param.name) == name
                && matches!(param.kind, ParamKind::Positional | ParamKind::KeywordOnly)
        })
    }

    /// The parameters at which constants count: the function tests them or passes them on to where they are tested. With too many of these the latter do not count, and then none does.
    pub fn deciding(&self, func: FuncId) -> u32 {
        let params = (0..u32::BITS).zip(self.params(func));
        let own = params.filter(|(_, param)| param.tested).fold(0, |set, (index, _)| set | 1 << index);
        let sets = [own | self.said.passed_on[func.0 as usize], own];
        let few = |set: &&u32| set.count_ones() as usize <= TESTED;
        sets.iter().find(few).copied().unwrap_or(0)
    }

    /// The instance that a target enters with these keys, and the object that it constructs.
    pub fn entered(
        &self,
        target: Target,
        keys: &[(u32, Option<V>)],
        is_exception: bool,
    ) -> Option<(Inst, Option<V>)> {
        let Value::Func(func, env) = *target.callee else { return None };
        let keys = keys.iter().filter_map(|&(param, key)| Some((param, key?)));
        let mut receiver = target.receiver.filter(|_| target.keyed);
        let mut object = None;
        if let Mode::Construct(class) = target.mode {
            let context: Vec<_> = keys
                .clone()
                .filter_map(|(param, key)| Some((param, self.constructor_key(func, param, key)?)))
                .chain(self.place_of_making(class, target.call.at))
                .collect();
            let new = self.object(class, context, target.call.at, is_exception);
            receiver = new.receiver_key();
            object = Some(new);
        }
        let mut context: Vec<(u32, V)> = receiver.map(|key| (0, key)).into_iter().collect();
        context.extend(keys);
        context.extend(self.shape_of_call(target).map(|(shape, _)| (SHAPE, shape)));
        if self.captures(func) || self.onward(func, Some(env)).by_site {
            context.push((SITE, self.site_key(target.call.at)));
        }
        Some((Inst::new(func, Some(env), context), object))
    }

    /// What the key of a constructor's argument tells the instances apart by: code by itself, an object by its class where the
    /// text shows that there are others, a constant only where it is a flag.
    fn constructor_key(&self, func: FuncId, param: u32, key: V) -> Option<V> {
        match &*key {
            Value::None | Value::Bool(_) | Value::Int(_) | Value::Str(_) => {
                (self.said.flags.parameters(func) >> param & 1 == 1).then_some(key)
            }
            Value::AnyOf { class, .. } => match &**class {
                Value::Class(id, _) if self.said.told_apart.by(func, param, *id) => {
                    Some(key.without_objects_below(1))
                }
                _ => None,
            },
            _ => Some(key),
        }
    }

    /// What tells objects apart that modules make, if their class keeps what it is given: where they are made.
    pub fn place_of_making(&self, class: V, at: At) -> Option<(u32, V)> {
        let Value::Class(id, _) = *class else { return None };
        let counts = self.said.told_apart.by_site(id) && self.func(at.0.func).kind == ScopeKind::Module;
        counts.then(|| (SITE, self.site_key(at)))
    }

    /// The instance of a class that an instruction makes.
    pub fn object(&self, class: V, context: Vec<(u32, V)>, at: At, is_exception: bool) -> V {
        V::of(Value::Object { class, context, site: site(at), keyed: !is_exception })
    }

    // Classes.

    /// The class whose body an instance runs.
    pub fn class_of_body(&self, body: Inst) -> Option<V> {
        let ScopeKind::ClassBody(local) = self.func(body.func).kind else { return None };
        Some(V::of(Value::Class(self.program.sibling_class(body.func, local), body.env?)))
    }

    /// Whether a class statement binds a name.
    pub fn class_binds(&self, class: V, name: Text) -> bool {
        let Value::Class(class, _) = *class else { return false };
        let body = self.program.class(class).1;
        self.func(body).bound_names.iter().any(|&bound| self.sym(body, bound) == name)
    }

    /// Whether a class is one of the program without a method, or `object`.
    pub fn lacks_method(&self, class: V, name: Text) -> bool {
        match &*class {
            Value::Class(..) => !self.class_binds(class, name),
            Value::Ext(path) => path.as_str() == "builtins.object",
            _ => false,
        }
    }

    /// The call that tells a base of a new class of it.
    pub fn subclass_call(&self, at: At) -> Call {
        let Op::MakeClass { bases, .. } = self.op(at) else { unreachable!("only statements make classes") };
        let args = bases.iter().filter_map(|base| {
            let passing = match *base {
                Arg::Kw(name, _) => Passing::Kw(self.sym(at.0.func, name)),
                Arg::DoubleStar(_) => Passing::DoubleStar,
                Arg::Pos(_) | Arg::Star(_) => return None,
            };
            let is_metaclass = matches!(passing, Passing::Kw(name) if name.as_str() == "metaclass");
            (!is_metaclass).then(|| (passing, at.0.var(base.var())))
        });
        let (args, dst) = (args.collect(), Node::of(Place::Ignored));
        Call::of(CallSite { at, args, dst, decorates: false, through: Vec::new() })
    }

    /// Whether a class or a base of it in the program binds a name.
    pub fn defines(&self, mro: &[V], name: Text) -> bool {
        mro.iter().any(|&class| self.class_binds(class, name))
    }

    /// Whether a method of a class or of a base stores an attribute on its first parameter.
    pub fn stores(&self, mro: &[V], name: Text) -> bool {
        mro.iter().any(|&class| {
            let Value::Class(class, _) = *class else { return false };
            let body = self.program.class(class).1;
            let file = self.program.file_of(body);
            let mut methods = (file.first_func..).zip(&file.ir.funcs);
            methods.any(|(id, func)| {
                func.parent.is_some_and(|parent| file.first_func + parent.0 == body.0)
                    && func.self_attrs.iter().any(|&attr| self.sym(FuncId(id), attr) == name)
            })
        })
    }

    /// What an attribute may be along a list of classes: slots of classes up to the first that binds it, and what classes
    /// outside of the program before that may have.
    pub fn along(&self, mro: &[V], name: Text) -> (Vec<Node>, Vec<V>) {
        let mut slots = Vec::new();
        let (mut outside, mut unknown) = (None, false);
        for &class in mro {
            match &*class {
                Value::Class(..) => {
                    slots.push(Node::of(Place::Slot(class, name)));
                    let certainly = |id| {
                        let name = self.program.names.find(&name);
                        name.is_some_and(|name| self.program.class_certainly_binds(id, name))
                    };
                    if self.class_binds(class, name) && matches!(*class, Value::Class(id, _) if certainly(id))
                    {
                        return (slots, Vec::new());
                    }
                }
                Value::Ext(path) if outside.is_none() && path.as_str() != "builtins.object" => {
                    outside = Some(V::of(Value::ExtAttr(text(&format!("{}.{}", **path, *name)))));
                }
                Value::Unknown => unknown = true,
                _ => {}
            }
        }
        let unknown = unknown.then(|| V::of(Value::Unknown));
        (slots, outside.into_iter().chain(unknown).collect())
    }

    /// Whether reading an attribute of an instance goes through `__getattr__`: nothing else in the program gives it.
    pub fn has_getattr(&self, mro: &[V], name: Text) -> bool {
        let special = name.starts_with("__") && name.ends_with("__");
        !special
            && !self.defines(mro, name)
            && !self.stores(mro, name)
            && self.defines(mro, text("__getattr__"))
    }

    /// A part of what a library holds, where no model speaks of it.
    pub fn part(&self, value: V) -> Option<V> {
        let Value::ExtMethod(_, path) = &*value else { return None };
        self.models.get(path).is_none_or(Entry::says_nothing).then(|| V::ext(path))
    }

    /// The word that the model of a dotted path has for the kind of thing it is.
    pub fn kind_of(&self, path: &str) -> Option<&str> {
        self.models.get(path)?.kind.as_deref()
    }

    /// Whether a class among some bases has a constructor that a model describes.
    pub fn has_modelled_constructor(&self, line: &[V]) -> bool {
        line.iter().any(|base| match &**base {
            Value::Ext(path) => **path == "typing.NamedTuple" || self.models.constructor(path).is_some(),
            _ => false,
        })
    }

    /// What a class outside of the program says of an instance of which nothing else is known: a value, or none where it is a
    /// container; none at all where nothing is said.
    pub fn instance(&self, class: V) -> Option<Option<V>> {
        let Value::Ext(path) = &*class else { return None };
        let term = self.models.get(path)?.instance.as_ref()?;
        Some(match term {
            Term::Apply(word, _) if word == "str" => Some(V::of(Value::AnyStr)),
            Term::Apply(word, _) if word == "opaque" => Some(V::of(Value::Opaque)),
            _ => None,
        })
    }

    /// The plain name of a class value.
    pub fn class_name(&self, class: V) -> &'p str {
        let Value::Class(class, _) = *class else { return "" };
        let file = self.program.class_file(class);
        &file.ir.strings[self.program.class(class).0.name.0 as usize]
    }

    /// The plain name of a function value.
    pub fn func_name(&self, func: V) -> &'p str {
        let Value::Func(func, _) = *func else { return "" };
        &self.program.file_of(func).ir.strings[self.func(func).name.0 as usize]
    }

    /// What a call decorates, if it is the application of a decorator.
    pub fn decorates(&self, call: Call) -> Option<Node> {
        match call.args[..] {
            [(Passing::Pos, node)] if call.decorates => Some(node),
            _ => None,
        }
    }

    /// The parts of `f"..."`, in order: text, or a node.
    pub fn format_parts(&self, at: At) -> Vec<Result<Text, Node>> {
        let Op::Format { parts, .. } = self.op(at) else { return Vec::new() };
        let part = |part: &FormatPart| match *part {
            FormatPart::Text(sym) => Ok(self.sym(at.0.func, sym)),
            FormatPart::Value(var, _) => Err(at.0.var(var)),
        };
        parts.iter().map(part).collect()
    }
}

/// The allocation site of an instruction.
pub fn site((inst, index): At) -> Site {
    Site::Code(inst.func, index)
}

/// Number of parameters that take arguments by position.
pub fn positions(params: &[Param]) -> usize {
    let by_position =
        |param: &&Param| matches!(param.kind, ParamKind::PositionalOnly | ParamKind::Positional);
    params.iter().filter(by_position).count()
}

/// Whether only the program makes instances of a class: no base is outside of it.
pub fn makes_its_instances(mro: &[V]) -> bool {
    mro.iter().all(|class| match &**class {
        Value::Class(..) => true,
        Value::Ext(path) => path.as_str() == "builtins.object",
        _ => false,
    })
}

/// Whether a class is an exception, by the names of its bases outside of the program.
pub fn is_exception(mro: &[V]) -> bool {
    mro.iter().any(|class| match &**class {
        Value::Ext(path) => ["Exception", "Error", "Warning"].iter().any(|end| path.ends_with(end)),
        _ => false,
    })
}

/// The linearisation of a class (C3; where it fails, depth first), from those of its bases.
pub fn linearise(class: V, bases: &[(V, Vec<V>)]) -> Vec<V> {
    let mut rows: Vec<Vec<V>> = bases.iter().map(|(_, mro)| mro.clone()).collect();
    rows.push(bases.iter().map(|(base, _)| *base).collect());
    let mut mro = vec![class];
    loop {
        rows.retain(|row| !row.is_empty());
        let Some(first) = rows.first() else { return mro };
        let in_tail = |head: &V| rows.iter().any(|row| row[1..].contains(head));
        let next = rows.iter().map(|row| row[0]).find(|head| !in_tail(head)).unwrap_or(first[0]);
        mro.push(next);
        rows.iter_mut().for_each(|row| row.retain(|&class| class != next));
    }
}

/// A part of a string that only run time knows.
pub const HOLE: char = '\u{FFFC}';

fn has_hole(text: &str) -> bool {
    text.contains(HOLE)
}

/// The slot that a key names, if it is a constant.
pub fn slot_name(key: V) -> Option<Text> {
    match &*key {
        Value::Str(text) if !has_hole(text) => Some(*text),
        Value::Int(index) => Some(text(&format!("#{index}"))),
        _ => None,
    }
}

/// The text that a value is in a string.
pub fn as_text(value: V) -> String {
    match &*value {
        Value::Str(text) => (**text).clone(),
        Value::Int(i) => i.to_string(),
        _ => HOLE.to_string(),
    }
}

/// The longest string that the rules speak of, in bytes. The solver has limits of its own for strings that grow, which depend
/// on what comes first.
pub const LONG: usize = 60;

/// A string that an operation made.
pub fn folded(made: &str) -> V {
    let only_holes = !made.is_empty() && made.chars().all(|c| c == HOLE);
    if only_holes || made.len() > 2 * LONG { V::of(Value::AnyStr) } else { V::str(made) }
}

/// The path of an attribute of something outside: results of results, and long paths, are just something of their library.
pub fn attribute_path(path: &str, name: &str) -> String {
    let dots = path.matches('.').count();
    if path.ends_with(".*") {
        path.to_owned()
    } else if dots >= 5 || path.matches("()").count() > 1 {
        format!("{}.*", path.split(['.', '(']).next().unwrap_or(path))
    } else {
        format!("{path}.{name}")
    }
}

/// The result of a function of a library that no model describes.
pub fn result_path(path: &str) -> String {
    if path.ends_with(".*") {
        path.to_owned()
    } else if path.matches("()").count() > 1 {
        format!("{}.*", path.split(['.', '(']).next().unwrap_or(path))
    } else {
        format!("{path}()")
    }
}
