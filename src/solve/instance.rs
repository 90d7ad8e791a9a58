//! Instances: the instructions of a function in a context, turned into constraints.

use super::class::ClassInfo;
use super::contexts::Rule;
use super::gate;
use super::graph::{NodeId, Owner};
use super::index::hash_of;
use super::layout::role;
use super::primitive::Pending;
use super::value::{Context, InstId, ObjKind, Value, ValueId, well_known};
use super::{Inst, NO_CALL, Origin, ROOT_FUNC, Solver, Use};
use crate::finding::HopKind;
use crate::ir::{BinOp, Const, ContainerKind, Op, Operator, ParamKind, VarDef, VarId};
use crate::link::{FuncId, ModId, Name};
use crate::models::Entry;

/// A condition whose text would be longer than this, in bytes, is not kept.
const MAX_CONDITION: usize = 512;

impl Solver<'_> {
    /// The instance of a function in a context; new ones are queued for installation.
    pub(super) fn instance(&mut self, func: FuncId, env: InstId, context: Context) -> InstId {
        let id = InstId(self.insts.len() as u32);
        let insts = &self.insts;
        let same = |known: u32| insts[known as usize].is_for(func, env, &context);
        let hash = |known: u32| insts[known as usize].hash();
        let of = hash_of(&(func, env, context.as_slice()));
        if let Some(known) = self.inst_index.find_or_add(of, id.0, same, hash) {
            return InstId(known);
        }
        self.lay_out(func);
        let layout = &self.layouts[func.0 as usize];
        let vars = layout.own_count() as u32;
        let calls = self.call_of.len() as u32;
        self.call_of.resize(self.call_of.len() + layout.call_count(), NO_CALL);
        let base = self.graph.block(Owner::Inst(id), layout.own_used().iter().copied().chain([false, false]));
        let mut depth = if env == InstId::NONE { 0 } else { self.insts[env.0 as usize].depth + 1 };
        for &(_, value) in &context {
            depth = depth.max(self.value_depth(value) + 1);
        }
        self.insts.push(Inst {
            func,
            env,
            context,
            base,
            ret: NodeId(base.0 + vars),
            yielded: NodeId(base.0 + vars + 1),
            depth,
            dead: Vec::new(),
            calls,
        });
        *self.context_count.entry((func, env)).or_insert(0) += 1;
        self.install.push_back(id);
        id
    }

    /// The instance of a function in a context, if there is one.
    pub(super) fn known_instance(&self, func: FuncId, env: InstId, context: &Context) -> Option<InstId> {
        let same = |known: u32| self.insts[known as usize].is_for(func, env, context);
        self.inst_index.find(hash_of(&(func, env, context.as_slice())), same).map(InstId)
    }

    /// An instance without code that stands for the framework.
    pub(super) fn root(&mut self) -> InstId {
        let id = InstId(self.insts.len() as u32);
        let base = self.graph.block(Owner::Nobody, [false, false].into_iter());
        self.insts.push(Inst {
            func: ROOT_FUNC,
            env: InstId::NONE,
            context: Context::new(),
            base,
            ret: base,
            yielded: NodeId(base.0 + 1),
            depth: 0,
            dead: Vec::new(),
            calls: 0,
        });
        id
    }

    pub(super) fn value_depth(&self, value: ValueId) -> u32 {
        match self.values.get(value) {
            Value::Func(_, env) | Value::Class(_, env) => self.inst_depth(env),
            Value::Bound(recv, func) => self.value_depth(recv).max(self.value_depth(func)),
            Value::ManagerFunc(f) | Value::StaticMethod(f) | Value::ClassMethod(f) => self.value_depth(f),
            Value::Obj(_, _, inst) | Value::Generator(inst) | Value::Manager(inst) => self.inst_depth(inst),
            Value::Inst(key, _) | Value::AnyOf(key) => {
                let (_, context) = self.values.class_of_key(key);
                context.iter().map(|&(_, v)| self.value_depth(v)).max().unwrap_or(0)
            }
            _ => 0,
        }
    }

    fn inst_depth(&self, inst: InstId) -> u32 {
        if inst == InstId::NONE { 0 } else { self.insts[inst.0 as usize].depth }
    }

    /// Turns the instructions of an instance into constraints.
    pub(super) fn install(&mut self, inst: InstId) {
        let func = self.insts[inst.0 as usize].func;
        self.insts[inst.0 as usize].dead = self.dead_guards(inst);
        for i in 0..self.layout(func).initial().len() {
            let at = Origin { inst, index: self.layout(func).initial()[i] };
            if !self.is_dead(at) {
                self.install_instr(at);
            }
        }
        self.install_shared(inst);
    }

    /// The operation of an instruction; the IR outlives every borrow that the solver takes.
    #[inline]
    pub(super) fn op(&self, at: Origin) -> &Op {
        let func = self.insts[at.inst.0 as usize].func;
        &self.program.func(func).instrs[at.index as usize].op
    }

    #[inline]
    pub(super) fn sym(&self, inst: InstId, sym: crate::ir::Sym) -> Name {
        let func = self.insts[inst.0 as usize].func;
        self.program.file_of(func).names[sym.0 as usize]
    }

    pub(super) fn module_of(&self, inst: InstId) -> ModId {
        self.program.module_of(self.insts[inst.0 as usize].func)
    }

    /// Puts the value of a constant, or of a global, where it belongs.
    pub(super) fn install_constant(&mut self, at: Origin, dst: NodeId) {
        let inst = at.inst;
        let value = match *self.op(at) {
            Op::Const { ref value, .. } => match *value {
                Const::None => well_known::NONE,
                Const::Bool(true) => well_known::TRUE,
                Const::Bool(false) => well_known::FALSE,
                Const::Int(i) => self.values.intern_keyed(Value::Int(i), None),
                Const::Str(s) => {
                    let (name, func) = (self.sym(inst, s), self.insts[inst.0 as usize].func);
                    match self.layout(func).is_prose(at.index) {
                        true => well_known::ANY_STR,
                        false => self.values.intern_keyed(Value::Str(name), None),
                    }
                }
                Const::Other => well_known::OPAQUE,
            },
            Op::Opaque { .. } | Op::Test { .. } | Op::Operate { .. } => well_known::OPAQUE,
            Op::LoadGlobal { name, .. } => {
                let name = self.sym(inst, name);
                self.load_global(inst, name, dst);
                return;
            }
            _ => return,
        };
        self.graph.add(dst, value);
    }

    #[allow(clippy::too_many_lines, reason = "one arm per instruction, each short")]
    fn install_instr(&mut self, at: Origin) {
        let inst = at.inst;
        match *self.op(at) {
            Op::Const { dst, .. }
            | Op::Opaque { dst }
            | Op::Operate { dst: Some(dst), .. }
            | Op::Test { dst, .. }
            | Op::LoadGlobal { dst, .. } => {
                self.install_constant(at, self.var(at.inst, dst));
            }
            Op::LoadClassName { dst, name } => {
                let name = self.sym(inst, name);
                if let Some(&class) = self.body_class.get(&inst) {
                    let node = self.field(class, name);
                    self.flow(node, self.var(at.inst, dst));
                }
                self.load_global(inst, name, self.var(at.inst, dst));
            }
            Op::StoreClassName { name, src } => {
                let name = self.sym(inst, name);
                if let Some(&class) = self.body_class.get(&inst) {
                    let node = self.field(class, name);
                    self.flow(self.var(at.inst, src), node);
                    if self.live.tells_names()
                        && let Some(at) = self.classes.get(&class).map(ClassInfo::place)
                    {
                        let what = self.primitive(Pending::SetName { class, name, at });
                        self.watch(self.var(inst, src), Use::Primitive { what });
                    }
                }
            }
            Op::LoadFree { dst, levels, cell } => {
                let owner = self.env(inst, levels);
                if owner != InstId::NONE {
                    let from = self.var(owner, cell);
                    self.flow_once(from, self.var(at.inst, dst));
                }
            }
            Op::Super { dst, class_levels, this } => {
                let body = self.env(inst, class_levels);
                if let Some(&class) = self.body_class.get(&body) {
                    let class_node = self.constant(class);
                    self.super_of(class_node, self.var(at.inst, this), self.var(at.inst, dst));
                }
            }
            Op::MakeFunc { dst, func: local, ref defaults } => {
                let defaults = defaults.clone();
                let func = self.program.sibling(self.insts[inst.0 as usize].func, local);
                let env = self.home(inst);
                let value = self.values.intern_self_keyed(Value::Func(func, env));
                for (param, var) in defaults {
                    let node = self.default_node(value, param);
                    self.flow_once(self.var(at.inst, var), node);
                }
                self.graph.add(self.var(at.inst, dst), value);
            }
            Op::MakeClass { .. } => self.make_class(at),
            Op::MakeSeq { dst, kind, ref items, comprehension } => {
                let items = items.clone();
                let kind = match kind {
                    ContainerKind::List => ObjKind::List,
                    ContainerKind::Tuple => ObjKind::Tuple,
                    ContainerKind::Set | ContainerKind::Dict => ObjKind::Set,
                };
                let object = self.object(kind, at);
                let mut fixed = !comprehension && kind != ObjKind::Set;
                for (i, (var, starred)) in items.into_iter().enumerate() {
                    if starred {
                        fixed = false;
                        self.watch(self.var(at.inst, var), Use::Spread { to: object });
                        self.watch(self.var(at.inst, var), Use::Consume { at });
                    } else if fixed {
                        let name = self.index_name(i as u32);
                        let slot = self.field(object, name);
                        self.flow_once(self.var(at.inst, var), slot);
                    } else {
                        let rest = self.rest(object);
                        self.flow_once(self.var(at.inst, var), rest);
                    }
                }
                self.graph.add(self.var(at.inst, dst), object);
            }
            Op::MakeDict { dst, ref items, .. } => {
                let items = items.clone();
                let object = self.object(ObjKind::Dict, at);
                for (key, var) in items {
                    match key {
                        Some(key) => {
                            let what = self.primitive(super::primitive::Pending::DictItem {
                                object,
                                value: self.var(at.inst, var),
                            });
                            self.watch(self.var(at.inst, key), Use::Primitive { what });
                        }
                        None => self.watch(self.var(at.inst, var), Use::Spread { to: object }),
                    }
                }
                self.graph.add(self.var(at.inst, dst), object);
            }
            Op::Format { dst, .. } => self.fold_format(at, self.var(at.inst, dst)),
            Op::Yield { dst, .. } => {
                self.graph.add(self.var(at.inst, dst), well_known::UNKNOWN);
            }
            Op::Import { dst, name, leaf } => {
                let name = self.sym(inst, name);
                self.import(at, name, leaf, self.var(at.inst, dst));
            }
            Op::ImportFrom { dst, level, module, name } => {
                let (module, name) = (self.sym(inst, module), self.sym(inst, name));
                self.import_from(at, level, module, name, self.var(at.inst, dst));
            }
            Op::ImportStar { level, module } => {
                let module = self.sym(inst, module);
                self.import_star(at, level, module);
            }
            // The rest acts on the values of its operands.
            _ => {}
        }
    }

    /// A new value of an operand. The commonest kinds of instructions are not among these: see [`super::layout`].
    pub(super) fn on_operand(&mut self, at: Origin, which: u8, value: ValueId) {
        match *self.op(at) {
            Op::Narrow { dst, src, by } => self.narrow(at, (dst, src), by, which, value),
            Op::StoreGlobal { name, .. } => {
                let name = self.sym(at.inst, name);
                let module = self.module_of(at.inst);
                let node = self.global(module, name);
                self.graph.add(node, value);
            }
            Op::StoreFree { levels, cell, .. } => {
                let owner = self.env(at.inst, levels);
                if owner != InstId::NONE {
                    let to = self.var(owner, cell);
                    self.graph.add(to, value);
                }
            }
            Op::Yield { .. } => {
                let yielded = self.insts[at.inst.0 as usize].yielded;
                self.graph.add(yielded, value);
            }
            Op::Iter { dst, .. } => self.iterate(value, self.var(at.inst, dst), at),
            Op::StoreAttr { name, src, .. } => {
                let name = self.sym(at.inst, name);
                self.store_attr(value, name, self.var(at.inst, src), at);
            }
            Op::LoadSub { dst, obj, key } => {
                if which == role::PRIMARY {
                    if matches!(self.values.get(value), Value::Inst(..)) && !self.has_elements(value) {
                        let (args, dst) = ([self.var(at.inst, key)], self.var(at.inst, dst));
                        let item = self.names.getitem;
                        self.call_method(value, item, &args, dst, at, Some(HopKind::Method));
                        if self.asks_for_missing(value) {
                            let missing = self.names.missing;
                            self.call_method(value, missing, &args, dst, at, Some(HopKind::Method));
                        }
                        return;
                    }
                    if matches!(self.values.get(value), Value::Class(..)) {
                        self.load_sub_of_class(value, self.var(at.inst, key), self.var(at.inst, dst), at);
                    }
                    for i in 0..self.graph.values(self.var(at.inst, key)).len() {
                        let k = self.graph.values(self.var(at.inst, key))[i];
                        self.load_sub(value, k, self.var(at.inst, dst));
                    }
                } else {
                    for i in 0..self.graph.values(self.var(at.inst, obj)).len() {
                        let o = self.graph.values(self.var(at.inst, obj))[i];
                        if !matches!(self.values.get(o), Value::Inst(..)) || self.has_elements(o) {
                            self.load_sub(o, value, self.var(at.inst, dst));
                        }
                    }
                }
            }
            Op::StoreSub { obj, key, src } => {
                if which == role::PRIMARY {
                    let mut value = value;
                    if matches!(self.values.get(value), Value::Inst(..)) {
                        let args = [self.var(at.inst, key), self.var(at.inst, src)];
                        let ignored = self.graph.node();
                        self.run_special(value, self.names.setitem, &args, ignored, at);
                        let Some(contents) = self.contents_unless(value, self.names.setitem) else { return };
                        value = contents;
                    }
                    for i in 0..self.graph.values(self.var(at.inst, key)).len() {
                        let k = self.graph.values(self.var(at.inst, key))[i];
                        self.store_key(value, k, self.var(at.inst, src));
                    }
                } else {
                    for i in 0..self.graph.values(self.var(at.inst, obj)).len() {
                        let o = self.graph.values(self.var(at.inst, obj))[i];
                        let o = self.contents_unless(o, self.names.setitem).unwrap_or(o);
                        self.store_key(o, value, self.var(at.inst, src));
                    }
                }
            }
            Op::Slice { dst, bounds, .. } => match self.values.get(value) {
                Value::Str(_) | Value::AnyStr => {
                    self.graph.add(self.var(at.inst, dst), well_known::ANY_STR);
                }
                Value::Obj(ObjKind::List | ObjKind::Tuple, ..) => {
                    let list = self.object(ObjKind::List, at);
                    match bounds {
                        Some((from, until)) => self.spread_slice(value, list, from, until),
                        None => {
                            let (all, rest) = (self.all(value), self.rest(list));
                            self.flow(all, rest);
                        }
                    }
                    self.graph.add(self.var(at.inst, dst), list);
                }
                _ => {
                    let (key, result) = (self.constant(well_known::OPAQUE), self.var(at.inst, dst));
                    if !self.run_special(value, self.names.getitem, &[key], result, at) {
                        self.graph.add(result, value);
                    }
                }
            },
            Op::Unpack { dst, index, from_end, rest, .. } => {
                if rest {
                    let list = self.object(ObjKind::List, at);
                    let node = self.rest(list);
                    self.iterate(value, node, at);
                    self.graph.add(self.var(at.inst, dst), list);
                } else if from_end {
                    self.iterate(value, self.var(at.inst, dst), at);
                } else {
                    match self.values.get(value) {
                        Value::Inst(..) if self.is_named_tuple(value) => {
                            self.load_index(value, index, self.var(at.inst, dst));
                        }
                        Value::Generator(_) | Value::Inst(..) => {
                            self.iterate(value, self.var(at.inst, dst), at)
                        }
                        Value::None => {}
                        _ => self.load_index(value, index, self.var(at.inst, dst)),
                    }
                }
            }
            Op::Matched { dst, index, .. } => self.matched(value, index, self.var(at.inst, dst), at),
            Op::YieldFrom { dst, .. } => {
                let yielded = self.insts[at.inst.0 as usize].yielded;
                self.iterate(value, yielded, at);
                match self.values.get(value) {
                    Value::Generator(g) => {
                        let ret = self.insts[g.0 as usize].ret;
                        self.flow(ret, self.var(at.inst, dst));
                    }
                    _ => {
                        self.graph.add(self.var(at.inst, dst), well_known::UNKNOWN);
                    }
                }
            }
            Op::BinOp { dst, op: op @ (BinOp::And | BinOp::Or), left, right, .. } => {
                let word = if op == BinOp::And { gate::AND } else { gate::OR };
                let other = if which == role::PRIMARY { right } else { left };
                self.either(value, word, self.var(at.inst, other), self.var(at.inst, dst));
            }
            Op::BinOp { .. } => {
                // An element of what a text is formatted with.
                if which == role::ELEMENT {
                    self.make_text(at, Operator::Str, value);
                }
                self.fold_binop(at);
            }
            Op::Format { dst, .. } => self.fold_format(at, self.var(at.inst, dst)),
            Op::Test { dst, .. } => self.test(at, value, self.var(at.inst, dst)),
            Op::Raise { .. } => self.on_raise(at, value),
            Op::Caught { dst, .. } => self.caught(at, value, self.var(at.inst, dst)),
            Op::With { dst, is_async, .. } => {
                self.enter_with(at, value, self.var(at.inst, dst), is_async);
            }
            _ => {}
        }
    }

    /// `a and b`, `a or b`: either operand. Two settings make one that says both. A setting beside a constant is the setting
    /// with its default; beside anything else the result is a condition of which only a part is known.
    fn either(&mut self, value: ValueId, word: &str, other: NodeId, dst: NodeId) {
        let Value::Setting(_) = self.values.get(value) else {
            self.graph.add(dst, value);
            for i in 0..self.graph.values(other).len() {
                let setting = self.graph.values(other)[i];
                if matches!(self.values.get(setting), Value::Setting(_)) {
                    self.join_conditions(setting, word, value, dst);
                }
            }
            return;
        };
        for i in 0..self.graph.values(other).len() {
            self.join_conditions(value, word, self.graph.values(other)[i], dst);
        }
    }

    /// A loop may join conditions for ever, so their number at a variable is bounded: where two differ nothing is claimed, and a
    /// third says no more. Neither does one whose text is too long.
    fn join_conditions(&mut self, setting: ValueId, word: &str, beside: ValueId, dst: NodeId) {
        let Value::Setting(name) = self.values.get(setting) else { return };
        let text = self.text(name);
        let joined = match self.values.get(beside) {
            _ if beside == setting => None,
            Value::Setting(other) => Some(gate::joined(text, word, self.text(other))),
            Value::None | Value::Bool(_) | Value::Int(_) | Value::Str(_) | Value::Obj(..) => None,
            // The result of a test before it is known what it is about; if it is no setting, nothing is claimed.
            Value::Opaque => return,
            _ => Some(gate::joined(text, word, gate::UNKNOWN)),
        };
        let there =
            self.graph.values(dst).iter().filter(|&&v| matches!(self.values.get(v), Value::Setting(_)));
        let condition = match joined {
            None => setting,
            Some(text) if text.len() > MAX_CONDITION || there.count() > 1 => well_known::UNKNOWN,
            Some(text) => {
                let name = self.program.names.intern(&text);
                self.values.intern_keyed(Value::Setting(name), None)
            }
        };
        self.graph.add(dst, condition);
    }

    /// Enters a context manager: for `with`, and for `ExitStack.enter_context`.
    pub(super) fn enter_with(&mut self, at: Origin, manager: ValueId, dst: NodeId, is_async: bool) {
        match self.values.get(manager) {
            Value::Manager(inner) => {
                let yielded = self.insts[inner.0 as usize].yielded;
                self.flow(yielded, dst);
                self.edge(at, inner, Some(HopKind::ContextManager));
            }
            Value::QueueBatch(queue) => {
                let put = self.values.intern_self_keyed(Value::QueuePut(queue));
                self.graph.add(dst, put);
            }
            Value::Inst(..) => {
                let (enter, exit) = if is_async {
                    (self.names.aenter, self.names.aexit)
                } else {
                    (self.names.enter, self.names.exit)
                };
                let ignored = self.graph.node();
                let untracked = self.constant(well_known::OPAQUE);
                self.call_method(manager, enter, &[], dst, at, Some(HopKind::ContextManager));
                let arguments = [untracked, untracked, untracked];
                self.call_method(manager, exit, &arguments, ignored, at, Some(HopKind::ContextManager));
            }
            Value::None => {}
            _ => {
                self.graph.add(dst, manager);
            }
        }
    }

    /// What a class pattern takes from an object by position (PEP 634): a class of the program says which attribute that is.
    fn matched(&mut self, object: ValueId, index: u32, dst: NodeId, at: Origin) {
        let Some(class) = self.class_of(object) else {
            self.graph.add(dst, object);
            return;
        };
        if self.defines(class, self.names.match_args) {
            let (names, name) = (self.lookup(class, self.names.match_args), self.graph.node());
            self.watch(names, Use::StarParam { staging: name, index });
            let object = self.constant(object);
            let what = self.primitive(Pending::GetAttr { object, name, dst, at });
            self.watch(object, Use::Primitive { what });
            self.watch(name, Use::Primitive { what });
        } else if let Some(fields) = self.record_fields(class) {
            if let Some(&name) = fields.get(index as usize) {
                self.load_attr(object, name, dst, at);
            }
        } else if self.named_tuple_of(class).is_some() {
            self.load_index(object, index, dst);
        } else {
            self.graph.add(dst, object);
        }
    }

    /// The environment of what an instance makes: itself, or without the rule one for all instances of its function, which then
    /// share their cells.
    pub(super) fn home(&mut self, inst: InstId) -> InstId {
        if self.contexts.has(Rule::Environments) {
            return inst;
        }
        let func = self.insts[inst.0 as usize].func;
        let home = *self.homes.entry(func).or_insert(inst);
        if home != inst {
            let vars = &self.program.func(func).vars;
            let cells: Vec<VarId> = (0..)
                .map(VarId)
                .zip(vars)
                .filter(|(_, v)| v.def == VarDef::Cell)
                .map(|(var, _)| var)
                .collect();
            for cell in cells {
                let (own, shared) = (self.var(inst, cell), self.var(home, cell));
                self.flow(own, shared);
                self.flow(shared, own);
            }
        }
        home
    }

    /// The instance `levels` environments up.
    pub(super) fn env(&self, inst: InstId, levels: u32) -> InstId {
        let mut at = inst;
        for _ in 0..levels {
            if at == InstId::NONE {
                return at;
            }
            at = self.insts[at.0 as usize].env;
        }
        at
    }

    fn load_global(&mut self, inst: InstId, name: Name, dst: NodeId) {
        let module = self.module_of(inst);
        if self.program.modules[module.0 as usize].names.binary_search(&name).is_ok() {
            let node = self.global(module, name);
            self.flow_once(node, dst);
        } else if name == self.names.name {
            let dotted = self.program.modules[module.0 as usize].name;
            let value = self.values.intern_keyed(Value::Str(dotted), None);
            self.graph.add(dst, value);
        } else if name == self.names.file || name == self.names.doc {
            self.graph.add(dst, well_known::ANY_STR);
        } else {
            if let Some(rest) = self.dynamic_globals(module) {
                self.flow(rest, dst);
            }
            let path = self.dotted_name("builtins", name);
            if self.model(path).is_none_or(Entry::says_nothing) {
                // `globals().update(name=x)`.
                let node = self.global(module, name);
                self.flow_once(node, dst);
            }
            let value = self.ext_named(path);
            self.graph.add(dst, value);
        }
    }

    fn dynamic_globals(&mut self, module: ModId) -> Option<NodeId> {
        let value = self.values.intern_keyed(Value::Module(module), None);
        self.slots.get(value).and_then(|s| s.rest)
    }

    /// The node that holds the default of a parameter of a function value.
    pub(super) fn default_node(&mut self, func: ValueId, param: u32) -> NodeId {
        if let Some(&node) = self.defaults.get(&(func, param)) {
            return node;
        }
        let node = self.graph.node();
        self.defaults.insert((func, param), node);
        node
    }

    /// Makes the tuple and dict objects of `*args` and `**kwargs` of an instance; gives (tuple, dict).
    pub(super) fn rest_objects(&mut self, inst: InstId) -> (Option<ValueId>, Option<ValueId>) {
        let func = self.insts[inst.0 as usize].func;
        let mut tuple = None;
        let mut dict = None;
        if !self.layout(func).takes_rest {
            return (tuple, dict);
        }
        for p in 0..self.program.func(func).params.len() {
            let param = &self.program.func(func).params[p];
            let (kind, var) = (param.kind, param.var);
            let kind = match kind {
                ParamKind::VarArgs => ObjKind::Tuple,
                ParamKind::KwArgs => ObjKind::Dict,
                _ => continue,
            };
            let site = super::AllocSite { func: func.0, index: u32::MAX - p as u32 };
            let value = Value::Obj(kind, site, inst);
            let node = self.var(inst, var);
            // Each call of the instance asks: what is there already is near at hand.
            let made = self.graph.values(node).iter().copied().find(|&made| self.values.get(made) == value);
            let object = made.unwrap_or_else(|| self.values.intern_keyed(value, None));
            if made.is_none() {
                self.graph.add(node, object);
            }
            match kind {
                ObjKind::Tuple => tuple = Some(object),
                _ => dict = Some(object),
            }
        }
        (tuple, dict)
    }
}
