//! Functions that nothing calls: run as roots of their own, with arguments of which nothing is known.
//!
//! A call graph of a library would else end at its module bodies. Scans do not do this: there, what no route reaches is
//! of no interest.

use super::call::Passing;
use super::class::ClassInfo;
use super::value::{ClassDef, InstId, Value, ValueId, well_known};
use super::{Origin, Solver, Use};
use crate::ir::{ParamKind, ScopeKind};
use crate::link::FuncId;
use rustc_hash::FxHashSet;

/// What has been called here.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Definition {
    /// A function or lambda.
    Func(FuncId),
    /// A class.
    Class(ClassDef),
}

impl Solver<'_> {
    /// Calls what has been made and not been called yet; returns whether there was anything. What counts is the
    /// definition: of a closure that is made in many contexts one is called, and every definition is called once at most, so
    /// this comes to an end.
    ///
    /// Classes come first: one of which there is no instance is instantiated, so that methods find an instance on which
    /// `__init__` ran. Parameters with a default keep it; the others get an untracked value.
    pub fn call_uncalled(&mut self) -> bool {
        let mut entered: FxHashSet<FuncId> = self.insts.iter().map(|inst| inst.func).collect();
        let mut instantiated: FxHashSet<ClassDef> = FxHashSet::default();
        let mut functions = Vec::new();
        let mut classes = Vec::new();
        for value in (0..self.values.len() as u32).map(ValueId) {
            match self.values.get(value) {
                Value::Func(func, env) if entered.insert(func) => functions.push((value, func, env)),
                Value::Class(id, _) if self.classes.get(&value).is_some_and(ClassInfo::is_ready) => {
                    classes.push((value, id));
                }
                Value::Inst(key, _) => {
                    if let Value::Class(id, _) = self.values.get(self.values.class_of_key(key).0) {
                        instantiated.insert(id);
                    }
                }
                _ => {}
            }
        }
        let origin = Origin { inst: self.uncalled_root(), index: 0 };
        let mut called = false;
        for (class, id) in classes {
            if !instantiated.contains(&id) && self.uncalled.insert(Definition::Class(id)) {
                let init = self.mro(class).to_vec().into_iter().find_map(|base| self.own_init(base));
                self.call_blindly(origin, class, init, true);
                called = true;
            }
        }
        if called {
            return true;
        }
        for (value, func, env) in functions {
            if !self.uncalled.insert(Definition::Func(func)) {
                continue;
            }
            called = true;
            for callee in self.receivers_bound(value, func, env) {
                let takes_self = callee != value;
                self.call_blindly(origin, callee, Some(value), takes_self);
            }
        }
        called
    }

    /// Whether an instance stands for a web framework that calls views and hooks.
    pub fn is_framework(&self, inst: InstId) -> bool {
        self.is_root(inst) && self.uncalled_by != Some(inst)
    }

    /// The root that stands for whoever calls them.
    fn uncalled_root(&mut self) -> InstId {
        match self.uncalled_by {
            Some(root) => root,
            None => {
                let root = self.root();
                self.uncalled_by = Some(root);
                root
            }
        }
    }

    /// The `__init__` that the body of a class binds.
    fn own_init(&self, class: ValueId) -> Option<ValueId> {
        let node = self.existing_field(class, self.names.init)?;
        let values = self.graph.values(node).iter().copied();
        values.into_iter().find(|&value| matches!(self.values.get(value), Value::Func(..)))
    }

    /// A function as it is called: a method bound to each instance of its class, anything else as it is.
    fn receivers_bound(&mut self, value: ValueId, func: FuncId, env: InstId) -> Vec<ValueId> {
        let in_class = self
            .program
            .parent(func)
            .is_some_and(|parent| matches!(self.program.func(parent).kind, ScopeKind::ClassBody(_)));
        let class = self.body_class.get(&env).copied().filter(|_| in_class);
        let Some(class) = class else { return vec![value] };
        if self.values.find(&Value::StaticMethod(value)).is_some() {
            return vec![value];
        }
        if self.values.find(&Value::ClassMethod(value)).is_some() {
            return vec![self.bound(class, value)];
        }
        // One instance for each context that a constructor ran in: the others have the same methods.
        let mut keys = FxHashSet::default();
        let mut receivers = Vec::new();
        for instance in (0..self.values.len() as u32).map(ValueId) {
            if let Value::Inst(key, _) = self.values.get(instance)
                && self.values.class_of_key(key).0 == class
                && keys.insert(key)
            {
                receivers.push(instance);
            }
        }
        receivers.into_iter().map(|receiver| self.bound(receiver, value)).collect()
    }

    /// Calls a value with an untracked argument for each parameter of `func` without a default.
    fn call_blindly(&mut self, origin: Origin, callee: ValueId, func: Option<ValueId>, takes_self: bool) {
        let untracked = self.constant(well_known::UNKNOWN);
        let mut args = Vec::new();
        if let Some(value) = func
            && let Value::Func(id, _) = self.values.get(value)
        {
            let file = self.program.file_of(id);
            for (index, param) in
                self.program.func(id).params.iter().enumerate().skip(usize::from(takes_self))
            {
                if self.defaults.contains_key(&(value, index as u32)) {
                    continue;
                }
                match param.kind {
                    ParamKind::PositionalOnly | ParamKind::Positional => args.push((Passing::Pos, untracked)),
                    ParamKind::KeywordOnly => {
                        args.push((Passing::Kw(file.names[param.name.0 as usize]), untracked));
                    }
                    ParamKind::VarArgs | ParamKind::KwArgs => {}
                }
            }
        }
        let dst = self.graph.node();
        let call = self.synthetic_call(origin, args, dst, None);
        let callee = self.constant(callee);
        self.watch(callee, Use::Callee(call));
    }
}
