//! Targets: the function values that calls meet, and the keys that reach their parameters.

use super::call::Mode;
use super::graph::NodeId;
use super::value::{Constants, InstId, ValueId};
use crate::link::FuncId;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::ops::Index;

/// A function value that a call meets.
#[derive(Clone, Copy)]
pub struct Target {
    pub(super) call: u32,
    /// What tells it apart from other targets of the call.
    pub(super) met: Met,
    pub(super) func: FuncId,
    pub(super) env: InstId,
    pub(super) mode: Mode,
    /// The receiver's key.
    pub(super) recv: Option<ValueId>,
    /// The receivers.
    pub(super) self_node: Option<NodeId>,
    /// The shape of the call, if the function passes on what it takes.
    pub(super) shape: Option<u32>,
    /// Whether the call site counts for what is called in the end.
    pub(super) by_site: bool,
    /// Where its bound parameters begin in [`Targets::bound`], and where they end; set by [`Targets::push`].
    pub(super) bound: (u32, u32),
}

impl Target {
    /// Whether the first parameter, or the first element of `*args`, is a receiver.
    pub(super) fn takes_self(&self) -> bool {
        self.self_node.is_some() || matches!(self.mode, Mode::Construct(_))
    }
}

/// A parameter of a target.
pub(super) struct BoundParam {
    /// Which one.
    pub param: u32,
    /// Where its values come from.
    pub source: NodeId,
    /// Whether constants count.
    pub tested: Constants,
    /// Keys seen so far, and where their values go.
    pub seen: SmallVec<[Seen; 2]>,
}

/// A key that reached a parameter of a target.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    /// The key; none stands for values without one.
    pub key: Option<ValueId>,
    /// The nodes that values with this key flow to: the parameter in the instances of this key.
    pub route: Route,
}

/// A list of nodes in [`Targets`].
#[derive(Clone, Copy)]
pub(super) struct Route(u32);

impl Route {
    /// Nowhere.
    pub const EMPTY: Route = Route(NONE);
}

/// What tells the targets of a call apart: the function value, the receiver's key or the receiver, the class that is
/// instantiated.
pub(super) type Met = (ValueId, Option<ValueId>, Option<ValueId>);

const NONE: u32 = u32::MAX;

/// All targets. Their parameters stand in one table: most have one or two, and there are many targets.
#[derive(Default)]
pub(super) struct Targets {
    table: Vec<Target>,
    /// The parameters that arguments or defaults are bound to, then the slots of `*args` and `**kwargs` by shape.
    bound: Vec<BoundParam>,
    /// By call, its first target, or [`NONE`].
    first: Vec<u32>,
    /// The nodes of routes, each with the rest of its route.
    routes: Vec<(NodeId, Route)>,
    /// The targets of a call behind its first.
    others: FxHashMap<(u32, Met), u32>,
}

impl Targets {
    /// Makes room for so many more targets.
    pub fn reserve(&mut self, count: usize) {
        self.table.reserve(count);
        self.bound.reserve(count + count / 4);
        self.routes.reserve(count + count / 4);
        self.first.reserve(2 * count);
    }

    /// The target of a call that meets something.
    pub fn find(&self, call: u32, met: Met) -> Option<u32> {
        let first = self.first.get(call as usize).copied().filter(|&first| first != NONE)?;
        if self[first].met == met { Some(first) } else { self.others.get(&(call, met)).copied() }
    }

    /// Adds a target.
    pub fn push(&mut self, target: Target, bound: impl Iterator<Item = BoundParam>) -> u32 {
        let begin = self.bound.len() as u32;
        self.bound.extend(bound);
        let number = self.table.len() as u32;
        self.table.push(Target { bound: (begin, self.bound.len() as u32), ..target });
        let Target { call, met, .. } = target;
        if call as usize >= self.first.len() {
            self.first.resize(call as usize + 1, NONE);
        }
        match &mut self.first[call as usize] {
            first if *first == NONE => *first = number,
            _ => {
                self.others.insert((call, met), number);
            }
        }
        number
    }

    /// The bound parameters of a target.
    pub fn bound(&self, target: u32) -> &[BoundParam] {
        let (first, end) = self[target].bound;
        &self.bound[first as usize..end as usize]
    }

    /// A bound parameter of a target, by its place.
    pub fn bound_mut(&mut self, target: u32, place: u32) -> &mut BoundParam {
        let (first, _) = self[target].bound;
        &mut self.bound[(first + place) as usize]
    }

    /// The first node of a route, and the rest.
    #[inline]
    pub fn step(&self, route: Route) -> Option<(NodeId, Route)> {
        self.routes.get(route.0 as usize).copied()
    }

    /// Lets the values with a key that has reached a parameter flow to one more node.
    pub fn lead(&mut self, target: u32, place: u32, key: Option<ValueId>, node: NodeId) {
        let next = Route(self.routes.len() as u32);
        if let Some(seen) = self.bound_mut(target, place).seen.iter_mut().find(|seen| seen.key == key) {
            let rest = std::mem::replace(&mut seen.route, next);
            self.routes.push((node, rest));
        }
    }

    /// Whether a parameter, or the slot with a number behind them, is bound.
    pub fn binds(&self, target: u32, param: u32) -> bool {
        self.bound(target).iter().any(|bound| bound.param == param)
    }
}

impl Index<u32> for Targets {
    type Output = Target;

    fn index(&self, target: u32) -> &Target {
        &self.table[target as usize]
    }
}
