//! The constraint graph: points-to sets, copy edges and the uses that new values trigger.
//!
//! Andersen's inclusion constraints (1994) with difference propagation (Pearce, Kelly, Hankin 2003): a node
//! keeps its values in the order in which they came, and `done` says how many of them its
//! successors have seen. Everything is append-only, so the solution is a least fixpoint and ids are
//! reproducible.

use super::flow::Use;
use super::value::{InstId, ValueId};
use crate::link::FuncId;
use rustc_hash::FxHashSet;
use std::collections::VecDeque;

/// A variable in a context, a field, or a synthetic variable.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct NodeId(pub u32);

impl NodeId {
    /// The node that never holds a value.
    pub const EMPTY: NodeId = NodeId(0);
}

/// To whom new values of a node are handed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owner {
    /// To successors only.
    Nobody,
    /// To the instructions of an instance, too: the node is a variable of it.
    Inst(InstId),
    /// To the instructions of all instances of a function: the node is a variable that they share.
    Func(FuncId),
}

/// What happens to the values of a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Succ {
    /// They flow to another node.
    Copy(NodeId),
    /// Those that pass a filter flow to another node.
    Filtered(NodeId, u32),
    /// They trigger something.
    Use(Use),
}

const NIL: u32 = u32::MAX;
/// So many values stand in the node itself: three nodes of four hold one.
const INLINE: usize = 2;
/// Above this many values a node gets a hash set beside its list; a shorter one is gone through faster than it is hashed.
const SMALL: usize = 64;

/// A node, kept small: there are more of them than of anything else, and propagation jumps between them.
struct Node {
    /// Up to [`INLINE`] values; of a node with more, the first is its place among the spilled lists.
    inline: [ValueId; INLINE],
    len: u32,
    done: u32,
    first: u32,
    owner: PackedOwner,
    queued: bool,
}

/// The values of a node that holds many.
struct Spilled {
    values: Vec<ValueId>,
    set: Option<Box<FxHashSet<ValueId>>>,
}

impl Spilled {
    fn contains(&self, value: ValueId) -> bool {
        if let Some(set) = &self.set {
            return set.contains(&value);
        }
        // Without a way out inside of it, the inner loop compares several values at a time.
        let any = |values: &[ValueId]| values.iter().fold(false, |found, &there| found | (there == value));
        let chunks = self.values.chunks_exact(8);
        any(chunks.remainder()) || chunks.into_iter().any(any)
    }
}

/// An [`Owner`] in four bytes: an instance, a function with the top bit set, or all bits.
#[derive(Clone, Copy, PartialEq, Eq)]
struct PackedOwner(u32);

impl PackedOwner {
    const NOBODY: PackedOwner = PackedOwner(u32::MAX);
    const FUNC: u32 = 1 << 31;

    fn new(owner: Owner) -> PackedOwner {
        match owner {
            Owner::Nobody => PackedOwner::NOBODY,
            Owner::Inst(inst) => PackedOwner(inst.0),
            Owner::Func(func) => PackedOwner(func.0 | PackedOwner::FUNC),
        }
    }

    fn get(self) -> Owner {
        if self == PackedOwner::NOBODY {
            Owner::Nobody
        } else if self.0 & PackedOwner::FUNC == 0 {
            Owner::Inst(InstId(self.0))
        } else {
            Owner::Func(FuncId(self.0 & !PackedOwner::FUNC))
        }
    }
}

impl Node {
    fn new(owner: PackedOwner) -> Node {
        Node { inline: [ValueId(NIL); INLINE], len: 0, done: 0, first: NIL, owner, queued: false }
    }

    fn is_spilled(&self) -> bool {
        self.len as usize > INLINE
    }
}

/// A node whose successors are to see new values.
pub struct Popped {
    /// The node.
    pub node: NodeId,
    /// Which of its values are new.
    pub unseen: std::ops::Range<usize>,
    /// The first successor.
    pub first: u32,
    /// Who else is to see them.
    pub owner: Owner,
}

/// The graph. Node 0 is [`NodeId::EMPTY`].
pub struct Graph {
    nodes: Vec<Node>,
    succs: Vec<(Succ, u32)>,
    spilled: Vec<Spilled>,
    queue: VecDeque<NodeId>,
    copies: FxHashSet<(NodeId, NodeId)>,
}

impl Default for Graph {
    fn default() -> Graph {
        Graph {
            nodes: vec![Node::new(PackedOwner::NOBODY)],
            succs: Vec::new(),
            spilled: Vec::new(),
            queue: VecDeque::new(),
            copies: FxHashSet::default(),
        }
    }
}

impl Graph {
    /// Makes room for so many more nodes, successors, and copy edges.
    pub fn reserve(&mut self, nodes: usize, succs: usize, copies: usize) {
        self.nodes.reserve(nodes);
        self.succs.reserve(succs);
        self.copies.reserve(copies);
    }

    /// A fresh node without values.
    pub fn node(&mut self) -> NodeId {
        let id = NodeId(self.nodes.len() as u32);
        self.nodes.push(Node::new(PackedOwner::NOBODY));
        id
    }

    /// Fresh nodes with consecutive ids, one for each item; the first is returned. An item says whether instructions use
    /// the variable, so that its values are handed to the owner.
    pub fn block(&mut self, owner: Owner, used: impl Iterator<Item = bool>) -> NodeId {
        let id = NodeId(self.nodes.len() as u32);
        let owner = PackedOwner::new(owner);
        self.nodes.extend(used.map(|used| Node::new(if used { owner } else { PackedOwner::NOBODY })));
        id
    }

    /// Number of nodes.
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// The values of a node in the order in which they came.
    pub fn values(&self, node: NodeId) -> &[ValueId] {
        let n = &self.nodes[node.0 as usize];
        if n.is_spilled() {
            &self.spilled[n.inline[0].0 as usize].values
        } else {
            &n.inline[..n.len as usize]
        }
    }

    /// How many values of a node its successors and its owner have seen.
    pub fn seen(&self, node: NodeId) -> usize {
        self.nodes[node.0 as usize].done as usize
    }

    /// Whether a node holds a value.
    pub fn contains(&self, node: NodeId, value: ValueId) -> bool {
        let n = &self.nodes[node.0 as usize];
        if n.is_spilled() {
            self.spilled[n.inline[0].0 as usize].contains(value)
        } else {
            n.inline[..n.len as usize].contains(&value)
        }
    }

    /// Adds a value; true if it is new.
    pub fn add(&mut self, node: NodeId, value: ValueId) -> bool {
        let n = &mut self.nodes[node.0 as usize];
        let len = n.len as usize;
        if len <= INLINE {
            if n.inline[..len].contains(&value) {
                return false;
            }
            if len < INLINE {
                n.inline[len] = value;
            } else {
                let mut values = Vec::with_capacity(4 * INLINE);
                values.extend_from_slice(&n.inline);
                values.push(value);
                n.inline[0] = ValueId(self.spilled.len() as u32);
                self.spilled.push(Spilled { values, set: None });
            }
        } else {
            let spilled = &mut self.spilled[n.inline[0].0 as usize];
            if spilled.contains(value) {
                return false;
            }
            spilled.values.push(value);
            match &mut spilled.set {
                Some(set) => {
                    set.insert(value);
                }
                None if spilled.values.len() > SMALL => {
                    spilled.set = Some(Box::new(spilled.values.iter().copied().collect()));
                }
                None => {}
            }
        }
        n.len += 1;
        if !n.queued && (n.first != NIL || n.owner != PackedOwner::NOBODY) {
            n.queued = true;
            self.queue.push_back(node);
        }
        true
    }

    /// Attaches a successor that has not seen any value yet. The caller hands it the values seen so
    /// far; later ones reach it by the worklist. Returns how many values were seen so far.
    pub(super) fn attach(&mut self, node: NodeId, succ: Succ) -> usize {
        let next = self.nodes[node.0 as usize].first;
        let index = self.succs.len() as u32;
        self.succs.push((succ, next));
        let n = &mut self.nodes[node.0 as usize];
        if next == NIL && n.owner == PackedOwner::NOBODY {
            // Nobody listened before: whatever stands here counts as seen from now on.
            n.done = n.len;
        }
        n.first = index;
        n.done as usize
    }

    /// Whether a plain copy edge is new; records it.
    pub fn new_copy(&mut self, from: NodeId, to: NodeId) -> bool {
        from != to && self.copies.insert((from, to))
    }

    /// The next node with unseen values.
    pub fn pop(&mut self) -> Option<Popped> {
        let node = self.queue.pop_back()?;
        let n = &mut self.nodes[node.0 as usize];
        n.queued = false;
        let from = n.done as usize;
        n.done = n.len;
        Some(Popped { node, unseen: from..n.len as usize, first: n.first, owner: n.owner.get() })
    }

    /// Every flow of values from one node to another, filtered ones among them.
    pub(super) fn flows(&self) -> impl Iterator<Item = (NodeId, NodeId)> + '_ {
        (0..).zip(&self.nodes).flat_map(move |(number, node)| {
            let mut next = node.first;
            std::iter::from_fn(move || {
                let (succ, after) = self.succ(next)?;
                next = after;
                Some(succ)
            })
            .filter_map(move |succ| match succ {
                Succ::Copy(to) | Succ::Filtered(to, _) => Some((NodeId(number), to)),
                Succ::Use(_) => None,
            })
        })
    }

    /// A successor and the one after it.
    pub(super) fn succ(&self, index: u32) -> Option<(Succ, u32)> {
        (index != NIL).then(|| self.succs[index as usize])
    }
}
