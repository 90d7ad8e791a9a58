//! Propagation: the worklist, and what new values of a node trigger.

use super::graph::{NodeId, Popped, Succ};
use super::value::{Value, ValueId, well_known};
use super::{Origin, Solver};
use crate::link::{FuncId, Name};

/// What new values of a node trigger.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Use {
    /// An operand of an instruction; `role` says which one.
    Instr { at: Origin, role: u8 },
    /// The callee of a call.
    Callee(u32),
    /// The source of a parameter of a call target.
    Param { target: u32, place: u32 },
    /// A star argument: positional parameter from element `index`.
    StarParam { staging: NodeId, index: u32 },
    /// A double-star argument: parameter by name.
    DoubleStarParam { staging: NodeId, name: Name },
    /// A star argument into `*args`: elements from `from` on go to the tuple from `to` on.
    StarRest { tuple: ValueId, from: u32, to: u32 },
    /// A double-star argument into `**kwargs`, except these names.
    DoubleStarRest { dict: ValueId, except: FuncId },
    /// Raw attributes of a class, to be bound to a receiver.
    Bind { recv: ValueId, dst: NodeId, at: Origin },
    /// Raw attributes of the class of an object whose attribute is loaded.
    BindLoaded { index: u32 },
    /// Raw `__init__` of a class under construction.
    Construct { call: u32, class: ValueId },
    /// Bases of a class value.
    Base { class: ValueId, slot: u32 },
    /// Elements of iterated values.
    Iterate { dst: NodeId, at: Origin },
    /// Keys of dicts.
    Keys { dst: NodeId },
    /// Copies the slots of containers into an object.
    Spread { to: ValueId },
    /// The value is a mapping or an iterable of pairs that a dict is made of.
    Entries { dict: ValueId, at: Origin },
    /// A value-driven primitive: see [`primitive`].
    Primitive { what: u32 },
    /// Generators that are consumed.
    Consume { at: Origin },
    /// A term of a library model that loads an attribute.
    AttrTerm { dst: NodeId, name: Name, at: Origin },
}

/// What tests let through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Filter {
    NotNone,
    IsNone,
    Truthy,
    Falsy,
}

impl Solver<'_> {
    /// Solves to the least fixpoint.
    ///
    /// Calls are strict: a call waits until each argument has a value. Where an argument never gets one
    /// (a library gap), the call is released with an untracked value after the rest is stable, and the
    /// release is counted under the cap `released-loads`.
    pub fn solve(&mut self) {
        loop {
            self.run();
            let changed = self.fold_late()
                || self.release_unwrapped()
                || self.release_current_app()
                || self.release_blocked()
                || self.release_tested();
            if !changed {
                break;
            }
        }
    }

    fn run(&mut self) {
        loop {
            if let Some(inst) = self.install.pop_back() {
                self.install(inst);
                continue;
            }
            let Some(Popped { node, unseen, mut succs, owner }) = self.graph.pop() else { break };
            while let Some((succ, rest)) = self.graph.succ(succs) {
                for i in unseen.clone() {
                    let value = self.graph.values(node)[i];
                    self.push(succ, value);
                }
                succs = rest;
            }
            self.hand_to_uses(owner, node, unseen);
        }
    }

    pub(super) fn push(&mut self, succ: Succ, value: ValueId) {
        match succ {
            Succ::Copy(to) => {
                self.graph.add(to, value);
            }
            Succ::Use(what) => self.on_use(what, value),
        }
    }

    pub(super) fn attach(&mut self, node: NodeId, succ: Succ) {
        let seen = self.graph.attach(node, succ);
        for i in 0..seen {
            let value = self.graph.values(node)[i];
            self.push(succ, value);
        }
    }

    /// Values of `from` flow to `to`.
    pub(super) fn flow(&mut self, from: NodeId, to: NodeId) {
        if self.graph.new_copy(from, to) {
            self.attach(from, Succ::Copy(to));
        }
    }

    /// The same for an edge that is made once, or seldom twice: it is not checked whether it is there.
    pub(super) fn flow_once(&mut self, from: NodeId, to: NodeId) {
        self.attach(from, Succ::Copy(to));
    }

    pub(super) fn watch(&mut self, node: NodeId, what: Use) {
        self.attach(node, Succ::Use(what));
    }

    /// A node that holds exactly this value.
    pub(super) fn constant(&mut self, value: ValueId) -> NodeId {
        if let Some(&node) = self.constants.get(&value) {
            return node;
        }
        let node = self.graph.node();
        self.graph.add(node, value);
        self.constants.insert(value, node);
        node
    }

    pub(super) fn passes(&self, filter: Filter, value: ValueId) -> bool {
        match filter {
            Filter::NotNone => value != well_known::NONE,
            Filter::IsNone => matches!(
                self.values.get(value),
                Value::None | Value::Unknown | Value::Data | Value::Setting(_) | Value::Ext(_)
            ),
            Filter::Truthy => value != well_known::NONE && value != well_known::FALSE,
            Filter::Falsy => !matches!(
                self.values.get(value),
                Value::Bool(true)
                    | Value::Func(..)
                    | Value::Class(..)
                    | Value::Bound(..)
                    | Value::Module(_)
                    | Value::ManagerFunc(_)
                    | Value::QueuePut(_)
            ),
        }
    }

    fn on_use(&mut self, what: Use, value: ValueId) {
        match what {
            Use::Instr { at, role } => self.on_operand(at, role, value),
            Use::Callee(call) => self.dispatch(call, value, None),
            Use::Param { target, place } => self.on_param(target, place, value),
            Use::StarParam { staging, index } => self.load_index(value, index, staging),
            Use::DoubleStarParam { .. } if self.is_no_mapping(value) => {}
            Use::DoubleStarParam { staging, name } => self.load_key(value, name, staging),
            Use::StarRest { tuple, from, to } => self.spread_shifted(value, tuple, from, to),
            Use::DoubleStarRest { dict, except } => self.spread_except(value, dict, except),
            Use::Bind { recv, dst, at } => self.bind(value, recv, dst, at),
            Use::BindLoaded { index } => self.bind_loaded(index, value),
            Use::Construct { call, class } => self.construct_with(call, class, value),
            Use::Base { class, slot } => self.on_base(class, slot, value),
            Use::Iterate { dst, at } => self.iterate(value, dst, at),
            Use::Keys { dst } => self.keys_of(value, dst),
            Use::Spread { to } => self.spread(value, to),
            Use::Entries { dict, at } => self.add_entries(dict, value, at),
            Use::Primitive { what } => self.on_primitive(what, value),
            Use::Consume { at } => self.consume(value, at),
            Use::AttrTerm { dst, name, at } => self.load_attr(value, name, dst, at),
        }
    }
}
