//! Which open calls matter, and for which queues.
//!
//! An open call matters for a queue if what it may enter can reach a put on that queue. A function that the scan has run
//! can if one of its instances does in the call graph, or reaches another open call that matters. Of a function that the
//! scan has not run the text is read: what it calls by name, and whether it calls a value or something with the name of a
//! producing method. Both go on until nothing changes, so that a chain of several open calls counts too. A method that the
//! scan has not run counts only if there can be an instance to call it on.

use super::arcs::Arcs;
use super::calls::{Calls, OpenCall};
use super::names::{Callee, Index, Signature, callee};
use crate::ir::{Op, ScopeKind};
use crate::link::{ClassId, FuncId, Name, Program};
use crate::solve::ask::Closure;
use crate::solve::value::InstId;
use crate::solve::{Origin, Solver};
use rustc_hash::{FxHashMap, FxHashSet};

/// What a function that the scan has not run calls, read off its text.
#[derive(Default)]
struct Text {
    /// Calls by name: indices of signatures.
    named: Vec<usize>,
    /// Functions that are called by what they are.
    functions: Vec<Closure>,
    /// Whether it calls a value or something with the name of a producing method: it may reach any queue.
    anything: bool,
}

/// What the names of open calls may mean, with everything that it leads to.
pub struct Meaning {
    /// The candidates of each signature.
    candidates: Vec<Vec<Closure>>,
    /// The signature of each open call that has one.
    of_call: Vec<Option<usize>>,
    /// Functions that the scan has not run, as far as open calls may lead to them.
    texts: FxHashMap<FuncId, Text>,
    /// The methods that put items on queues: those of a queue that is not known may put on any.
    putting: FxHashSet<FuncId>,
    instances: Instances,
}

/// The instances of each function, within the call graph.
pub struct Instances {
    of: Vec<Vec<(InstId, InstId)>>,
}

impl Instances {
    /// The instances of a solution, as far as the call graph has them.
    pub fn new(solver: &Solver<'_>, arcs: &Arcs) -> Instances {
        let mut of: Vec<Vec<(InstId, InstId)>> = vec![Vec::new(); solver.program.func_count()];
        for (number, inst) in solver.insts.iter().enumerate().take(arcs.instance_count()) {
            if let Some(of_func) = of.get_mut(inst.func.0 as usize) {
                of_func.push((InstId(number as u32), inst.env));
            }
        }
        Instances { of }
    }

    /// Those of one function, in its environment.
    pub fn of(&self, closure: Closure) -> impl Iterator<Item = InstId> + '_ {
        let all = self.of.get(closure.func.0 as usize).map_or(&[][..], Vec::as_slice);
        all.iter().filter(move |(_, env)| closure.env.is_none_or(|own| own == *env)).map(|(inst, _)| *inst)
    }
}

/// For one queue: which functions can reach it, and which open calls matter.
pub struct Reaching {
    /// Marks instances.
    insts: Vec<bool>,
    /// Functions that the scan has not run.
    texts: FxHashSet<FuncId>,
    /// Marks open calls, in their order.
    pub calls: Vec<bool>,
}

impl Meaning {
    /// What the open calls may mean.
    pub fn new(solver: &Solver<'_>, instances: Instances, calls: &Calls) -> Meaning {
        let program: &Program = solver.program;
        let signature = |call: &OpenCall| {
            let func = solver.insts[call.at.inst.0 as usize].func;
            match callee(program, func, call.at.index) {
                Callee::Named(signature) if call.target.named => Some(signature),
                _ => None,
            }
        };
        let signatures: Vec<Option<Signature>> = calls.open.iter().map(signature).collect();
        let mut index = Index::new(program);
        let names: FxHashSet<Name> = signatures.iter().flatten().map(|signature| signature.name).collect();
        index.add_bound(solver, &names);

        let producing = solver.producing_methods();
        let mut meaning = Meaning {
            candidates: Vec::new(),
            of_call: Vec::new(),
            texts: FxHashMap::default(),
            putting: solver.putting_functions(),
            instances,
        };
        let mut known: FxHashMap<Signature, usize> = FxHashMap::default();
        let mut unread: Vec<Closure> = Vec::new();
        for (call, signature) in calls.open.iter().zip(signatures) {
            unread.extend(&call.target.functions);
            let number = signature.map(|s| meaning.number(s, &mut known, program, &index, &mut unread));
            meaning.of_call.push(number);
        }
        let instantiated = solver.instantiated();
        let mut mentioned: FxHashSet<Name> = FxHashSet::default();
        let mut asleep: Vec<Closure> = Vec::new();
        loop {
            while let Some(closure) = unread.pop() {
                let func = closure.func;
                if meaning.instances.of(closure).next().is_some() || meaning.texts.contains_key(&func) {
                    continue;
                }
                if closure.env.is_none() && !meaning.exists(program, func, &instantiated, &mentioned) {
                    asleep.push(closure);
                    continue;
                }
                let ir = program.func(func);
                let names = &program.file_of(func).names;
                let mut text = Text::default();
                for (at, instr) in (0..).zip(&ir.instrs) {
                    match instr.op {
                        Op::LoadGlobal { name, .. }
                        | Op::LoadAttr { name, .. }
                        | Op::ImportFrom { name, .. }
                        | Op::LoadClassName { name, .. } => {
                            mentioned.insert(names[name.0 as usize]);
                            continue;
                        }
                        Op::Call { .. } => {}
                        _ => continue,
                    }
                    match callee(program, func, at) {
                        Callee::Named(signature) => {
                            text.anything |= signature.attribute && producing.contains(&signature.name);
                            let number = meaning.number(signature, &mut known, program, &index, &mut unread);
                            text.named.push(number);
                        }
                        Callee::Local(local) => {
                            let local = Closure { func: local, env: None };
                            text.functions.push(local);
                            unread.push(local);
                        }
                        Callee::Value => text.anything = true,
                    }
                }
                meaning.texts.insert(func, text);
            }
            let wakes = |closure: &Closure| meaning.exists(program, closure.func, &instantiated, &mentioned);
            let (awake, still): (Vec<Closure>, Vec<Closure>) = asleep.into_iter().partition(wakes);
            asleep = still;
            if awake.is_empty() {
                break;
            }
            unread = awake;
        }
        meaning
    }

    /// Whether a function that the scan has not run can be there to be called: not the method of a class of which there is
    /// no instance, unless something that an open call may lead to names the class; nor a function that is defined in one
    /// that does not run.
    fn exists(
        &self,
        program: &Program,
        func: FuncId,
        instantiated: &FxHashSet<ClassId>,
        mentioned: &FxHashSet<Name>,
    ) -> bool {
        let Some(parent) = program.parent(func) else { return true };
        match program.func(parent).kind {
            ScopeKind::Module => true,
            ScopeKind::ClassBody(local) => {
                let file = program.file_of(func);
                let name = file.names[file.ir.classes[local.0 as usize].name.0 as usize];
                let class = ClassId(file.first_class + local.0);
                instantiated.contains(&class) || mentioned.contains(&name)
            }
            ScopeKind::Function | ScopeKind::Lambda => {
                let parent = Closure { func: parent, env: None };
                self.instances.of(parent).next().is_some() || self.texts.contains_key(&parent.func)
            }
        }
    }

    fn number(
        &mut self,
        signature: Signature,
        known: &mut FxHashMap<Signature, usize>,
        program: &Program,
        index: &Index,
        unread: &mut Vec<Closure>,
    ) -> usize {
        if let Some(&number) = known.get(&signature) {
            return number;
        }
        let candidates = index.candidates(program, &signature);
        unread.extend(&candidates);
        self.candidates.push(candidates);
        known.insert(signature, self.candidates.len() - 1);
        self.candidates.len() - 1
    }

    /// What can reach a queue, given where items are put on it.
    pub fn reaching(
        &self,
        arcs: &Arcs,
        calls: &Calls,
        puts: &[Origin],
        is_queue: impl Fn(&OpenCall) -> bool,
    ) -> Reaching {
        let mut reaching = Reaching {
            insts: vec![false; arcs.instance_count()],
            texts: FxHashSet::default(),
            calls: vec![false; calls.open.len()],
        };
        arcs.mark_callers(puts.iter().map(|put| put.inst), &mut reaching.insts);
        loop {
            let mut changed = false;
            for (&func, text) in &self.texts {
                if !reaching.texts.contains(&func) && self.leads(text, &reaching) {
                    reaching.texts.insert(func);
                    changed = true;
                }
            }
            for (number, call) in calls.open.iter().enumerate() {
                if reaching.calls[number] {
                    continue;
                }
                let matters = call.target.anything
                    || is_queue(call)
                    || call.target.functions.iter().any(|&func| self.reaches(func, &reaching))
                    || self.of_call[number].is_some_and(|signature| self.may_reach(signature, &reaching));
                if matters {
                    reaching.calls[number] = true;
                    arcs.mark_callers(call.insts.iter().copied(), &mut reaching.insts);
                    changed = true;
                }
            }
            if !changed {
                return reaching;
            }
        }
    }

    fn leads(&self, text: &Text, reaching: &Reaching) -> bool {
        text.anything
            || text.functions.iter().any(|&func| self.reaches(func, reaching))
            || text.named.iter().any(|&signature| self.may_reach(signature, reaching))
    }

    fn may_reach(&self, signature: usize, reaching: &Reaching) -> bool {
        self.candidates[signature].iter().any(|&func| self.reaches(func, reaching))
    }

    /// Whether calling a function can reach the queue.
    fn reaches(&self, closure: Closure, reaching: &Reaching) -> bool {
        if self.putting.contains(&closure.func) {
            return true;
        }
        let mut insts = self.instances.of(closure).peekable();
        match insts.peek() {
            Some(_) => insts.any(|inst| reaching.insts[inst.0 as usize]),
            None => reaching.texts.contains(&closure.func),
        }
    }

    /// The functions that an open call may enter and that can reach the queue, ascending.
    pub fn entered(&self, call: usize, calls: &Calls, reaching: &Reaching) -> Vec<Closure> {
        let all = self.named(call).iter().chain(&calls.open[call].target.functions).copied();
        let mut entered: Vec<Closure> = all.filter(|&func| self.reaches(func, reaching)).collect();
        entered.sort_unstable();
        entered.dedup();
        entered
    }

    /// The functions that answer to the name of an open call and take its arguments.
    pub fn named(&self, call: usize) -> &[Closure] {
        self.of_call[call].map_or(&[][..], |signature| &self.candidates[signature])
    }

    /// The instances of a function.
    pub fn instances(&self, closure: Closure) -> impl Iterator<Item = InstId> + '_ {
        self.instances.of(closure)
    }
}
