//! The constraint graph: points-to sets, copy edges and the uses that new values trigger.
//!
//! Andersen's inclusion constraints (1994) with difference propagation (Pearce, Kelly, Hankin 2003): a node
//! keeps its values in the order in which they came, and `done` says how many of them its
//! successors have seen. Everything is append-only, so the solution is a least fixpoint and ids are
//! reproducible.

use super::value::{InstId, ValueId};
use crate::link::FuncId;
use rustc_hash::FxHashSet;
use smallvec::SmallVec;
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
pub enum Succ {
    /// They flow to another node.
    Copy(NodeId),
    /// Those that pass a filter flow to another node.
    Filtered(NodeId, u32),
    /// They trigger a use (index into the solver's table).
    Use(u32),
}

const NIL: u32 = u32::MAX;
/// Above this many values a node gets a hash set beside its list.
const SMALL: usize = 12;

struct Node {
    /// Three nodes of four hold one value: a few stand in the node itself.
    values: SmallVec<[ValueId; 4]>,
    done: u32,
    first: u32,
    big: u32,
    owner: Owner,
    queued: bool,
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

impl Default for Node {
    fn default() -> Node {
        Node { values: SmallVec::new(), done: 0, first: NIL, big: NIL, owner: Owner::Nobody, queued: false }
    }
}

/// The graph. Node 0 is [`NodeId::EMPTY`].
pub struct Graph {
    nodes: Vec<Node>,
    succs: Vec<(Succ, u32)>,
    big: Vec<FxHashSet<ValueId>>,
    queue: VecDeque<NodeId>,
    copies: FxHashSet<(NodeId, NodeId)>,
}

impl Default for Graph {
    fn default() -> Graph {
        Graph {
            nodes: vec![Node::default()],
            succs: Vec::new(),
            big: Vec::new(),
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
        self.nodes.push(Node::default());
        id
    }

    /// Fresh nodes with consecutive ids, one for each item; the first is returned. An item says whether instructions use
    /// the variable, so that its values are handed to the owner.
    pub fn block(&mut self, owner: Owner, used: impl Iterator<Item = bool>) -> NodeId {
        let id = NodeId(self.nodes.len() as u32);
        let owner = |used| if used { owner } else { Owner::Nobody };
        self.nodes.extend(used.map(|used| Node { owner: owner(used), ..Node::default() }));
        id
    }

    /// Number of nodes.
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// The values of a node in the order in which they came.
    pub fn values(&self, node: NodeId) -> &[ValueId] {
        &self.nodes[node.0 as usize].values
    }

    /// How many values of a node its successors and its owner have seen.
    pub fn seen(&self, node: NodeId) -> usize {
        self.nodes[node.0 as usize].done as usize
    }

    /// Whether a node holds a value.
    pub fn contains(&self, node: NodeId, value: ValueId) -> bool {
        let n = &self.nodes[node.0 as usize];
        if n.big == NIL { n.values.contains(&value) } else { self.big[n.big as usize].contains(&value) }
    }

    /// Adds a value; true if it is new.
    pub fn add(&mut self, node: NodeId, value: ValueId) -> bool {
        let n = &mut self.nodes[node.0 as usize];
        if n.big == NIL {
            if n.values.contains(&value) {
                return false;
            }
            n.values.push(value);
            if n.values.len() > SMALL {
                n.big = self.big.len() as u32;
                self.big.push(n.values.iter().copied().collect());
            }
        } else {
            if !self.big[n.big as usize].insert(value) {
                return false;
            }
            n.values.push(value);
        }
        if !n.queued && (n.first != NIL || n.owner != Owner::Nobody) {
            n.queued = true;
            self.queue.push_back(node);
        }
        true
    }

    /// Attaches a successor that has not seen any value yet. The caller hands it the values seen so
    /// far; later ones reach it by the worklist. Returns how many values were seen so far.
    pub fn attach(&mut self, node: NodeId, succ: Succ) -> usize {
        let next = self.nodes[node.0 as usize].first;
        let index = self.succs.len() as u32;
        self.succs.push((succ, next));
        let n = &mut self.nodes[node.0 as usize];
        if next == NIL && n.owner == Owner::Nobody {
            // Nobody listened before: whatever stands here counts as seen from now on.
            n.done = n.values.len() as u32;
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
        let node = self.queue.pop_front()?;
        let n = &mut self.nodes[node.0 as usize];
        n.queued = false;
        let from = n.done as usize;
        n.done = n.values.len() as u32;
        Some(Popped { node, unseen: from..n.values.len(), first: n.first, owner: n.owner })
    }

    /// A successor and the one after it.
    pub fn succ(&self, index: u32) -> Option<(Succ, u32)> {
        (index != NIL).then(|| self.succs[index as usize])
    }
}
