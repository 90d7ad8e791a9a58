//! Passing: calls, and what each passes.

use super::graph::NodeId;
use super::value::ValueId;
use super::{NO_CALL, Origin, Solver};
use crate::finding::HopKind;
use crate::ir::{Arg, CallRole, Op};
use crate::link::Name;
use smallvec::SmallVec;

/// How an argument is passed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Passing {
    /// By position.
    Pos,
    /// `*x`.
    Star,
    /// By keyword.
    Kw(Name),
    /// `**x`.
    DoubleStar,
}

/// Arguments in order: how each is passed, and its node.
pub(super) type Args = SmallVec<[(Passing, NodeId); 4]>;

/// Where the arguments of a call stand.
#[derive(Clone, Copy, Debug)]
enum Given {
    /// In its instruction: most calls pass what is written there.
    Written,
    /// In [`Solver::given`].
    At(u32),
}

/// A call.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// Where it stands.
    pub origin: Origin,
    /// Where the result goes.
    pub dst: NodeId,
    /// How the hop is named, if the call is not an ordinary one.
    pub kind: Option<HopKind>,
    /// Whether it applies a decorator.
    pub decorates: bool,
    given: Given,
    /// The callee that it met first; most meet one.
    met: Option<ValueId>,
}

impl Solver<'_> {
    /// The call of a calling instruction, made when its callee first has a value; `number` is that of the instruction among
    /// those that call.
    pub(super) fn call_of_instr(&mut self, at: Origin, number: u32, dst: NodeId) -> u32 {
        let place = (self.insts[at.inst.0 as usize].calls + number) as usize;
        if self.call_of[place] != NO_CALL {
            return self.call_of[place];
        }
        let decorates = matches!(*self.op(at), Op::Call { role, .. } if role != CallRole::Plain);
        let unpacked = if self.unpacks(at) { Some(self.unpacked(at, self.written(at))) } else { None };
        let given = unpacked.map_or(Given::Written, |args| self.give(args));
        let call = self.push_call(Call { origin: at, dst, kind: None, decorates, given, met: None });
        self.call_of[place] = call;
        call
    }

    /// The arguments of a call instruction as they are written.
    fn written(&self, at: Origin) -> Args {
        let inst = &self.insts[at.inst.0 as usize];
        let (layout, file) = (self.layout(inst.func), self.program.file_of(inst.func));
        let Op::Call { args, .. } = self.op(at) else { return Args::new() };
        let mut written = Args::with_capacity(args.len());
        for arg in args {
            let passing = match arg {
                Arg::Pos(_) => Passing::Pos,
                Arg::Star(_) => Passing::Star,
                Arg::Kw(name, _) => Passing::Kw(file.names[name.0 as usize]),
                Arg::DoubleStar(_) => Passing::DoubleStar,
            };
            written.push((passing, layout.node(inst, arg.var())));
        }
        written
    }

    /// The arguments of a call.
    pub(super) fn args(&self, call: u32) -> Args {
        let Call { origin, given, .. } = self.calls[call as usize];
        match given {
            Given::Written => self.written(origin),
            Given::At(place) => self.given[place as usize].clone(),
        }
    }

    fn give(&mut self, args: Args) -> Given {
        self.given.push(args);
        Given::At(self.given.len() as u32 - 1)
    }

    fn push_call(&mut self, call: Call) -> u32 {
        self.calls.push(call);
        self.calls.len() as u32 - 1
    }

    /// A call that a library or the framework makes.
    pub(super) fn synthetic_call(
        &mut self,
        origin: Origin,
        args: impl Into<Args>,
        dst: NodeId,
        kind: Option<HopKind>,
    ) -> u32 {
        let given = self.give(args.into());
        self.push_call(Call { origin, dst, kind, decorates: false, given, met: None })
    }

    /// A call like another that applies a decorator to something.
    pub(super) fn decorating_call(&mut self, origin: Origin, decorated: NodeId, dst: NodeId) -> u32 {
        let given = self.give(Args::from_slice(&[(Passing::Pos, decorated)]));
        let kind = Some(HopKind::Decorator);
        self.push_call(Call { origin, dst, kind, decorates: true, given, met: None })
    }

    /// The same call with other arguments.
    pub(super) fn with_args(&mut self, call: u32, args: Args) -> u32 {
        let given = self.give(args);
        self.push_call(Call { given, met: None, ..self.calls[call as usize] })
    }

    /// The same call under another name of the hop.
    pub(super) fn of_kind(&mut self, call: u32, kind: HopKind) -> u32 {
        self.push_call(Call { kind: Some(kind), met: None, ..self.calls[call as usize] })
    }

    /// The call with a receiver put before its arguments.
    pub(super) fn with_receiver(&mut self, call: u32, recv: Option<ValueId>) -> u32 {
        let Some(recv) = recv else { return call };
        let node = self.constant(recv);
        let mut args = self.args(call);
        args.insert(0, (Passing::Pos, node));
        self.with_args(call, args)
    }

    /// The call with what a partial passes put before its arguments, keywords last. A partial that may hold itself takes part
    /// in a call once.
    pub(super) fn partial_call(&mut self, call: u32, partial: ValueId) -> Option<u32> {
        let mut at = call;
        while let Some(&(outer, passed)) = self.merged.get(&at) {
            if passed == partial {
                return None;
            }
            at = outer;
        }
        let mut given = self.args(call);
        let mut args = self.partials.get(&partial).cloned().unwrap_or_default();
        args.retain(|&mut (p, _)| {
            !matches!(p, Passing::Kw(_)) || !given.iter().any(|&(passing, _)| passing == p)
        });
        args.append(&mut given);
        args.sort_by_key(|(p, _)| matches!(p, Passing::Kw(_) | Passing::DoubleStar));
        let merged = self.with_args(call, args);
        self.merged.insert(merged, (call, partial));
        Some(merged)
    }

    /// Whether a call meets a callee for the first time; records it.
    pub(super) fn meets(&mut self, call: u32, callee: ValueId) -> bool {
        let met = &mut self.calls[call as usize].met;
        match *met {
            None => {
                *met = Some(callee);
                true
            }
            Some(first) => first != callee && self.called.insert((call, callee)),
        }
    }

    /// What calls met, in the order of the calls: where the call stands, whether it applies a decorator, the callee.
    pub fn dispatched(&self) -> Vec<(Origin, bool, ValueId)> {
        let first = (0..).zip(&self.calls).filter_map(|(number, call)| Some((number, call.met?)));
        let mut called: Vec<(u32, ValueId)> = first.chain(self.called.iter().copied()).collect();
        called.sort_unstable();
        let met = |(call, callee): (u32, ValueId)| {
            let call = &self.calls[call as usize];
            (call.origin, call.decorates, callee)
        };
        called.into_iter().map(met).collect()
    }
}
