//! The constraint graph: points-to sets, copy edges and the uses that new values trigger.
//!
//! Andersen's inclusion constraints (1994) with difference propagation (Pearce, Kelly, Hankin 2003): a node
//! keeps its values in the order in which they came, and `done` says how many of them its
//! successors have seen. Everything is append-only, so the solution is a least fixpoint and ids are
//! reproducible.

use super::flow::Use;
use super::value::{InstId, ValueId};
use crate::link::FuncId;
use rayon::prelude::*;
use rustc_hash::FxHashSet;

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
    /// They trigger something.
    Use(Use),
}

const NIL: u32 = u32::MAX;
/// So many values stand in the node itself: three nodes of four hold one.
const INLINE: usize = 2;
/// Above this many values a node gets a hash set beside its list; a shorter one is gone through faster than it is hashed.
const SMALL: usize = 64;

/// A node, kept small: there are more of them than of anything else, and propagation jumps between them. Four share a line of
/// the processor's cache.
///
/// A node with a listener (a successor or an owner) is in the worklist exactly while it holds values that are not seen.
struct Node {
    /// Up to [`INLINE`] values. Of a node with more: its place among the spilled lists, and how many of its values are seen.
    inline: [ValueId; INLINE],
    succs: Succs,
    state: State,
}

/// A successor of a node that has several.
#[derive(Clone, Copy)]
struct Link {
    /// Never a list.
    succ: Succs,
    /// The successors that came before.
    rest: Succs,
}

/// The successors of a node in four bytes: a kind in the top bits, and a number. One successor, as most nodes have, stands here
/// itself: a copy with the node that it flows to, anything else with its place in the table of its kind. Several are a list of
/// links, the latest first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Succs(u32);

impl Succs {
    const NONE: Succs = Succs(u32::MAX);
    const KIND: u32 = 30;
    const COPY: u32 = 0;
    const USE: u32 = 1;
    const LIST: u32 = 2;

    fn new(kind: u32, number: usize) -> Succs {
        assert!(number < (1 << Succs::KIND) - 1, "more nodes or successors than memory has room for");
        Succs(kind << Succs::KIND | number as u32)
    }

    fn kind(self) -> u32 {
        self.0 >> Succs::KIND
    }

    fn number(self) -> u32 {
        self.0 & ((1 << Succs::KIND) - 1)
    }
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

    /// Adds a value that is not there.
    fn push(&mut self, value: ValueId) {
        self.values.push(value);
        match &mut self.set {
            Some(set) => {
                set.insert(value);
            }
            None if self.values.len() > SMALL => {
                self.set = Some(Box::new(self.values.iter().copied().collect()));
            }
            None => {}
        }
    }
}

/// Four bytes: the [`Owner`] of a node, how many values it holds, and how many of them are seen, as long as they stand in the
/// node itself.
#[derive(Clone, Copy, PartialEq, Eq)]
struct State(u32);

impl State {
    /// The number of the owner, an instance or a function; all bits for nobody.
    const OWNER: u32 = (1 << 27) - 1;
    /// Whether the owner is a function.
    const FUNC: u32 = 1 << 27;
    /// Where the number of values stands: two bits, all of them set for a spilled list.
    const LEN: u32 = 28;
    /// Where the number of seen ones stands.
    const DONE: u32 = 30;
    const SPILLED: usize = 3;
    const NOBODY: State = State(State::OWNER);

    /// A node without values.
    fn new(owner: Owner) -> State {
        let number = match owner {
            Owner::Nobody => return State::NOBODY,
            Owner::Inst(inst) => inst.0,
            Owner::Func(func) => func.0,
        };
        assert!(number < State::OWNER, "more instances or functions than memory has room for");
        State(if matches!(owner, Owner::Func(_)) { number | State::FUNC } else { number })
    }

    fn owner(self) -> Owner {
        match self.0 & State::OWNER {
            State::OWNER => Owner::Nobody,
            number if self.0 & State::FUNC == 0 => Owner::Inst(InstId(number)),
            number => Owner::Func(FuncId(number)),
        }
    }

    fn is_owned(self) -> bool {
        self.0 & State::OWNER != State::OWNER
    }

    fn len(self) -> usize {
        (self.0 >> State::LEN & 3) as usize
    }

    fn set_len(&mut self, len: usize) {
        self.0 = self.0 & !(3 << State::LEN) | (len as u32) << State::LEN;
    }

    fn done(self) -> usize {
        (self.0 >> State::DONE) as usize
    }

    fn set_done(&mut self, done: usize) {
        self.0 = self.0 & !(3 << State::DONE) | (done as u32) << State::DONE;
    }
}

impl Node {
    fn new(state: State) -> Node {
        Node { inline: [ValueId(NIL); INLINE], succs: Succs::NONE, state }
    }

    fn is_spilled(&self) -> bool {
        self.state.len() == State::SPILLED
    }

    /// Its place among the spilled lists.
    fn place(&self) -> usize {
        self.inline[0].0 as usize
    }

    fn has_listener(&self) -> bool {
        self.succs != Succs::NONE || self.state.is_owned()
    }

    /// How many values its listeners have seen.
    fn done(&self) -> usize {
        if self.is_spilled() { self.inline[1].0 as usize } else { self.state.done() }
    }

    fn set_done(&mut self, done: usize) {
        if self.is_spilled() {
            self.inline[1] = ValueId(done as u32);
        } else {
            self.state.set_done(done);
        }
    }
}

/// A node whose successors are to see new values.
pub struct Popped {
    /// The node.
    pub node: NodeId,
    /// Which of its values are new.
    pub unseen: std::ops::Range<usize>,
    /// Its successors.
    pub(super) succs: Succs,
    /// Who else is to see them.
    pub owner: Owner,
}

/// The graph. Node 0 is [`NodeId::EMPTY`].
pub struct Graph {
    nodes: Vec<Node>,
    links: Vec<Link>,
    uses: Vec<Use>,
    spilled: Vec<Spilled>,
    queue: Vec<NodeId>,
    recent: Recent,
}

/// Copy edges that were made lately. Most that would be made twice are made twice soon, and one that is there twice costs time
/// and changes nothing: so this forgets, and stays in the cache of the processor.
struct Recent {
    slots: Vec<(NodeId, NodeId)>,
}

impl Recent {
    /// The number of slots is two to this power.
    const BITS: u32 = 15;

    fn new() -> Recent {
        Recent { slots: vec![(NodeId::EMPTY, NodeId::EMPTY); 1 << Recent::BITS] }
    }

    /// Notes an edge; false if it is known to be there.
    fn note(&mut self, from: NodeId, to: NodeId) -> bool {
        // Fibonacci hashing (Knuth, The Art of Computer Programming, section 6.4): the upper bits depend on all of the key.
        let key = u64::from(from.0) << u32::BITS | u64::from(to.0);
        let hash = key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - Recent::BITS);
        std::mem::replace(&mut self.slots[hash as usize], (from, to)) != (from, to)
    }
}

impl Default for Graph {
    fn default() -> Graph {
        Graph {
            nodes: vec![Node::new(State::NOBODY)],
            links: Vec::new(),
            uses: Vec::new(),
            spilled: Vec::new(),
            queue: Vec::new(),
            recent: Recent::new(),
        }
    }
}

impl Graph {
    /// Makes room for so many more nodes, links of successors, uses, and lists of values.
    pub fn reserve(&mut self, nodes: usize, links: usize, uses: usize, spilled: usize) {
        self.nodes.reserve(nodes);
        self.links.reserve(links);
        self.uses.reserve(uses);
        self.spilled.reserve(spilled);
    }

    /// A fresh node without values.
    #[inline]
    pub fn node(&mut self) -> NodeId {
        let id = NodeId(self.nodes.len() as u32);
        self.nodes.push(Node::new(State::NOBODY));
        id
    }

    /// Fresh nodes with consecutive ids, one for each item; the first is returned. An item says whether instructions use
    /// the variable, so that its values are handed to the owner.
    pub fn block(&mut self, owner: Owner, used: impl Iterator<Item = bool>) -> NodeId {
        let id = NodeId(self.nodes.len() as u32);
        let owned = State::new(owner);
        self.nodes.extend(used.map(|used| Node::new(if used { owned } else { State::NOBODY })));
        id
    }

    /// Number of nodes.
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// The values of a node in the order in which they came.
    #[inline]
    pub fn values(&self, node: NodeId) -> &[ValueId] {
        let n = &self.nodes[node.0 as usize];
        if n.is_spilled() { &self.spilled[n.place()].values } else { &n.inline[..n.state.len()] }
    }

    /// How many values of a node its successors and its owner have seen.
    pub fn seen(&self, node: NodeId) -> usize {
        self.nodes[node.0 as usize].done()
    }

    /// Whether a node holds a value.
    pub fn contains(&self, node: NodeId, value: ValueId) -> bool {
        let n = &self.nodes[node.0 as usize];
        if n.is_spilled() {
            self.spilled[n.place()].contains(value)
        } else {
            n.inline[..n.state.len()].contains(&value)
        }
    }

    /// Adds a value; true if it is new.
    pub fn add(&mut self, node: NodeId, value: ValueId) -> bool {
        let n = &mut self.nodes[node.0 as usize];
        let len = n.state.len();
        let was_seen = if len < State::SPILLED {
            if n.inline[..len].contains(&value) {
                return false;
            }
            let done = n.state.done();
            if len < INLINE {
                n.inline[len] = value;
            } else {
                let mut values = Vec::with_capacity(4 * INLINE);
                values.extend_from_slice(&n.inline);
                values.push(value);
                n.inline = [ValueId(self.spilled.len() as u32), ValueId(done as u32)];
                self.spilled.push(Spilled { values, set: None });
            }
            n.state.set_len(len + 1);
            done == len
        } else {
            let spilled = &mut self.spilled[n.place()];
            if spilled.contains(value) {
                return false;
            }
            let was_seen = n.done() == spilled.values.len();
            spilled.push(value);
            was_seen
        };
        if was_seen && n.has_listener() {
            self.queue.push(node);
        }
        true
    }

    /// Attaches a successor that has not seen any value yet. The caller hands it the values seen so
    /// far; later ones reach it by the worklist. Returns how many values were seen so far.
    pub(super) fn attach(&mut self, node: NodeId, succ: Succ) -> usize {
        let succ = self.pack(succ);
        let n = &mut self.nodes[node.0 as usize];
        if !n.has_listener() {
            // Nobody listened before: whatever stands here counts as seen from now on.
            let held = if n.is_spilled() { self.spilled[n.place()].values.len() } else { n.state.len() };
            n.set_done(held);
        }
        if n.succs == Succs::NONE {
            n.succs = succ;
        } else {
            if n.succs.kind() != Succs::LIST {
                self.links.push(Link { succ: n.succs, rest: Succs::NONE });
                n.succs = Succs::new(Succs::LIST, self.links.len() - 1);
            }
            self.links.push(Link { succ, rest: n.succs });
            n.succs = Succs::new(Succs::LIST, self.links.len() - 1);
        }
        n.done()
    }

    fn pack(&mut self, succ: Succ) -> Succs {
        match succ {
            Succ::Copy(to) => Succs::new(Succs::COPY, to.0 as usize),
            Succ::Use(what) => {
                self.uses.push(what);
                Succs::new(Succs::USE, self.uses.len() - 1)
            }
        }
    }

    /// Whether a plain copy edge may be new; records it.
    pub fn new_copy(&mut self, from: NodeId, to: NodeId) -> bool {
        from != to && self.recent.note(from, to)
    }

    /// The next node with unseen values.
    pub fn pop(&mut self) -> Option<Popped> {
        let node = self.queue.pop()?;
        let n = &mut self.nodes[node.0 as usize];
        let from = n.done();
        let held = if n.is_spilled() { self.spilled[n.place()].values.len() } else { n.state.len() };
        n.set_done(held);
        Some(Popped { node, unseen: from..held, succs: n.succs, owner: n.state.owner() })
    }

    /// The flows of values to nodes that pass a test: from which node, and to which. They come in the order of the nodes that
    /// they come from. What calls pass is not among them.
    pub(super) fn flows_to(&self, passes: impl Fn(NodeId) -> bool + Sync) -> Vec<(NodeId, NodeId)> {
        const CHUNK: usize = 1 << 14;
        let chunks = self.nodes.par_chunks(CHUNK).enumerate();
        let flows = chunks.map(|(chunk, nodes)| {
            let mut flows = Vec::new();
            self.for_each_flow((chunk * CHUNK) as u32, nodes, |from, to| {
                if passes(to) {
                    flows.push((from, to));
                }
            });
            flows
        });
        flows.collect::<Vec<_>>().concat()
    }

    /// Calls `each` for every flow from some nodes, the first of which has this number.
    fn for_each_flow(&self, first: u32, nodes: &[Node], mut each: impl FnMut(NodeId, NodeId)) {
        for (number, node) in (first..).zip(nodes) {
            let mut succs = node.succs;
            while succs != Succs::NONE {
                let link = match succs.kind() {
                    Succs::LIST => self.links[succs.number() as usize],
                    _ => Link { succ: succs, rest: Succs::NONE },
                };
                if link.succ.kind() == Succs::COPY {
                    each(NodeId(number), NodeId(link.succ.number()));
                }
                succs = link.rest;
            }
        }
    }

    /// The first of some successors, and the rest.
    #[inline]
    pub(super) fn succ(&self, succs: Succs) -> Option<(Succ, Succs)> {
        if succs == Succs::NONE {
            return None;
        }
        let (succ, rest) = if succs.kind() == Succs::LIST {
            let Link { succ, rest } = self.links[succs.number() as usize];
            (succ, rest)
        } else {
            (succs, Succs::NONE)
        };
        let number = succ.number();
        let succ = match succ.kind() {
            Succs::COPY => Succ::Copy(NodeId(number)),
            _ => Succ::Use(self.uses[number as usize]),
        };
        Some((succ, rest))
    }
}
