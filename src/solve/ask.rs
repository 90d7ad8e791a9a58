//! What later stages ask of a solution. Nothing here changes it.

use super::graph::NodeId;
use super::value::{ClassDef, InstId, ObjKind, Value, ValueId, well_known};
use super::{Origin, ROOT_FUNC, Solver};
use crate::link::{ClassId, FuncId, Name};
use crate::models::Entry;
use rustc_hash::FxHashSet;

/// A function that something may enter: in one environment, or in any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Closure {
    /// The function.
    pub func: FuncId,
    /// Where its free variables live; none if that is not known.
    pub env: Option<InstId>,
}

/// How something holds a function that is an attribute of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Held {
    /// As it is: a call passes what it takes.
    Bare,
    /// As a method, a class or a bound method: the first argument is there already.
    Method,
    /// As a partial, which passes arguments of its own.
    Partial,
}

impl Solver<'_> {
    /// Whether an instruction runs, as far as the context of its instance and the solution tell.
    pub fn runs(&self, at: Origin) -> bool {
        let inst = &self.insts[at.inst.0 as usize];
        if inst.func == ROOT_FUNC {
            return true;
        }
        let guard = self.program.func(inst.func).instrs[at.index as usize].guard;
        !inst.dead.get(guard.0 as usize).copied().unwrap_or(false) && !self.ruled_out(at)
    }

    /// Whether an instruction stands in the handler of a `try` statement.
    pub fn is_handling(&self, at: Origin) -> bool {
        let func = self.insts[at.inst.0 as usize].func;
        func != ROOT_FUNC
            && self.program.func(func).catches.iter().any(|catch| catch.handler.contains(&at.index))
    }

    /// The model that says what an external function does; none where only its name is known.
    pub fn library_model(&self, path: Name) -> Option<&Entry> {
        let entry = match self.entries.get(&path) {
            Some(&entry) => entry,
            None => self.models.get(self.text(path)),
        };
        entry.filter(|entry| !entry.says_nothing())
    }

    /// Whether something unknown was stored under an attribute of an object, of a class that it derives from, or of a
    /// module.
    pub fn holds_unknown(&self, object: ValueId, name: Name) -> bool {
        let unknown = |node: NodeId| self.graph.contains(node, well_known::UNKNOWN);
        let field = |object: ValueId| self.existing_field(object, name).is_some_and(unknown);
        match self.values.get(object) {
            Value::Module(module) => self.globals.get(&(module, name)).copied().is_some_and(unknown),
            Value::Inst(..) => {
                let class = self.class_of(object);
                field(object) || class.is_some_and(|class| self.mro(class).iter().any(|&c| field(c)))
            }
            Value::Class(..) => self.mro(object).iter().any(|&c| field(c)),
            Value::Bound(_, func) | Value::ManagerFunc(func) => self.holds_unknown(func, name),
            _ => field(object),
        }
    }

    /// Functions that are bound under one of these names as an attribute of an object, a class or a module, whatever
    /// they are called where they are defined; and how they are held. Sorted.
    pub fn functions_bound_under(&self, names: &FxHashSet<Name>) -> Vec<(Name, Closure, Held)> {
        let of_class = |object: ValueId| matches!(self.values.get(object), Value::Class(..));
        let fields = self.fields.iter().map(|(&(object, name), &node)| (name, node, of_class(object)));
        let globals = self.globals.iter().map(|(&(_, name), &node)| (name, node, false));
        let mut found = Vec::new();
        let mut functions = Vec::new();
        for (name, node, in_class) in fields.chain(globals).filter(|(name, ..)| names.contains(name)) {
            for &value in self.graph.values(node) {
                let held = match self.values.get(value) {
                    Value::Obj(ObjKind::Partial, ..) => Held::Partial,
                    Value::Func(..) if !in_class => Held::Bare,
                    _ => Held::Method,
                };
                self.functions_behind(value, &mut functions);
                found.extend(functions.drain(..).map(|func| (name, func, held)));
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The functions of the project that calling a value enters first: of a class its constructor.
    pub fn functions_behind(&self, value: ValueId, out: &mut Vec<Closure>) {
        match self.values.get(value) {
            Value::Func(func, env) => out.push(Closure { func, env: Some(env) }),
            Value::ManagerFunc(inner) | Value::StaticMethod(inner) | Value::ClassMethod(inner) => {
                self.functions_behind(inner, out);
            }
            Value::Bound(_, func) => self.functions_behind(func, out),
            Value::Class(..) => self.functions_of_class(value, self.names.init, out),
            Value::Inst(..) => {
                if let Some(class) = self.class_of(value) {
                    self.functions_of_class(class, self.names.call, out);
                }
            }
            Value::Obj(ObjKind::Partial, ..) => {
                for &func in
                    self.existing_field(value, self.names.func).map_or(&[][..], |n| self.graph.values(n))
                {
                    if func != value {
                        self.functions_behind(func, out);
                    }
                }
            }
            _ => {}
        }
    }

    /// The classes of the project of which there are instances, with their bases, and those with a method that the
    /// framework calls.
    pub fn instantiated(&self) -> FxHashSet<ClassId> {
        let mut classes: FxHashSet<ValueId> = FxHashSet::default();
        for number in 0..self.values.len() {
            let value = ValueId(number as u32);
            match self.values.get(value) {
                Value::Dispatch(class, _) => classes.insert(class),
                _ => self.class_of(value).is_some_and(|class| classes.insert(class)),
            };
        }
        let bases = classes.iter().flat_map(|&class| self.mro(class));
        let project = bases.filter_map(|&base| match self.values.get(base) {
            Value::Class(ClassDef::Statement(id), _) => Some(id),
            _ => None,
        });
        project.collect()
    }

    /// The names of the methods that put items on queues.
    pub fn producing_methods(&self) -> FxHashSet<Name> {
        let methods = self.queue_classes.iter().flat_map(|class| class.put.iter().chain(&class.batch));
        methods.filter_map(|method| self.program.names.find(method)).collect()
    }

    /// The methods of the queue classes that put items on queues.
    pub fn putting_functions(&self) -> FxHashSet<FuncId> {
        let names = self.producing_methods();
        let all = (0..self.program.func_count() as u32).map(FuncId);
        let is_named = |func: &FuncId| {
            names.contains(&self.program.file_of(*func).names[self.program.func(*func).name.0 as usize])
        };
        all.filter(is_named).filter(|&func| self.inside_queue_class(func)).collect()
    }

    /// The functions of the project that override, or may override, methods of a library: those of an instance whose
    /// class derives from a class of it. Empty for all other values.
    pub fn overriding_methods(&self, object: ValueId, library: &str, out: &mut Vec<Closure>) {
        let Some(class) = self.class_of(object) else { return };
        let of_library = |&base: &ValueId| match self.values.get(base) {
            Value::Ext(path) => self.text(path).split('.').next() == Some(library),
            _ => false,
        };
        if !self.mro(class).iter().any(of_library) {
            return;
        }
        for &base in self.mro(class) {
            for name in self.field_names(base) {
                for &value in self.existing_field(base, name).map_or(&[][..], |node| self.graph.values(node))
                {
                    if matches!(self.values.get(value), Value::Func(..)) {
                        self.functions_behind(value, out);
                    }
                }
            }
        }
    }

    /// What stands in a container, in no particular order.
    pub fn elements(&self, container: ValueId) -> Vec<ValueId> {
        let Some(slots) = self.slots.get(container) else { return Vec::new() };
        let nodes = slots.named.iter().map(|&(_, node)| node).chain(slots.rest);
        nodes.flat_map(|node| self.graph.values(node)).copied().collect()
    }

    /// The body of the statement that defines a class.
    pub fn body_of(&self, class: ValueId) -> Option<FuncId> {
        match self.values.get(class) {
            Value::Class(ClassDef::Statement(id), _) => Some(self.program.class(id).1),
            _ => None,
        }
    }

    /// The functions that a class or the nearest base of it binds to a name.
    fn functions_of_class(&self, class: ValueId, name: Name, out: &mut Vec<Closure>) {
        let nearest = self.mro(class).iter().find_map(|&c| {
            let values = self.graph.values(self.existing_field(c, name)?);
            (!values.is_empty()).then_some(values)
        });
        for &value in nearest.unwrap_or(&[]) {
            if matches!(self.values.get(value), Value::Func(..) | Value::ManagerFunc(_)) {
                self.functions_behind(value, out);
            }
        }
    }
}
