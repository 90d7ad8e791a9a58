//! Holding the solver's solution against that of the specification.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;

use producer_map::ir::VarId;
use producer_map::link::{FuncId, LoweredFile, ModId, Program};
use producer_map::lower::lower;
use producer_map::models::Models;
use producer_map::solve::observe::Observed;
use producer_map::solve::value::{AllocSite, ClassDef, InstId, ObjKind, Value as Solved, ValueId};
use producer_map::solve::{Knowledge, Reading, Solver};

use crate::domain::{At, Inst, Kind, Site, V, Value, text};
use crate::rules::{Solution, solve};
use crate::world::{Said, World, is_exception};

/// With more instances than this a program is too large for the specification, which is naive.
const MANY: usize = 150;

/// A program: path and text of its files.
pub type Files = Vec<(String, String)>;

/// What comparing came to.
#[derive(Debug)]
pub enum Outcome {
    /// Both say the same; how many values of variables and how many edges.
    Same { values: usize, edges: usize },
    /// The program has something that the specification does not speak of.
    Outside(BTreeSet<String>),
    /// They differ: what is only in one of them.
    Differ(String),
}

fn link(files: &[(String, String)]) -> Program {
    let mut lowered: Vec<LoweredFile> =
        files.iter().map(|(path, text)| LoweredFile { path: path.clone(), ir: lower(text) }).collect();
    lowered.sort_by(|a, b| a.path.cmp(&b.path));
    Program::link(lowered)
}

/// `main.py`, or every module if there is no such file.
fn entries(program: &Program) -> Vec<ModId> {
    match program.module_of_path("main.py") {
        Some(main) => vec![main],
        None => program.files.iter().map(|file| file.module).collect(),
    }
}

/// Solves a program both ways.
pub fn compare(files: &[(String, String)], models: &Models) -> Outcome {
    compare_changed(files, models, |_| {})
}

/// The same, with a change of what the specification says.
pub fn compare_changed(
    files: &[(String, String)],
    models: &Models,
    change: impl Fn(&mut Solution),
) -> Outcome {
    let mut program = link(files);
    let entries = entries(&program);
    let (solved, said) = match solved(&mut program, models, &entries) {
        Ok(solved) => solved,
        Err(why) => return Outcome::Outside(BTreeSet::from([why])),
    };
    let mut specified = solve(&World::new(&program, models, &entries, said), &entries);
    change(&mut specified);
    if !specified.outside.is_empty() {
        return Outcome::Outside(specified.outside);
    }
    let differences = differences(&program, &specified, &solved);
    if !differences.is_empty() {
        return Outcome::Differ(differences);
    }
    Outcome::Same { values: solved.variables.values().map(BTreeSet::len).sum(), edges: solved.edges.len() }
}

/// The solver's solution, and what the text says without it; or why nothing is compared.
fn solved(program: &mut Program, models: &Models, entries: &[ModId]) -> Result<(Solution, Said), String> {
    let mut solver = Solver::new(program, models, &Knowledge::default());
    solver.reading = Reading { results: 1, coarse: false };
    for &entry in entries {
        solver.run_module(entry, true);
    }
    solver.solve();
    if let Some((cap, _)) = solver.caps_hit().into_iter().find(|(cap, _)| cap == "contexts-per-function") {
        return Err(cap);
    }
    let observed: BTreeMap<InstId, Observed> = solver.observed_instances().collect();
    if observed.len() > MANY {
        return Err("many instances".to_owned());
    }
    let functions = (0..solver.program.func_count() as u32).map(FuncId);
    let said = Said {
        passed_on: functions.map(|func| solver.observed_passed_on(func)).collect(),
        forwards: solver.observed_forwards().to_vec(),
        told_apart: solver.observed_told_apart().clone(),
        flags: solver.observed_flags().clone(),
        registering: solver.observed_registering().to_vec(),
    };
    let reader = Reader {
        solver: &solver,
        observed,
        values: HashMap::new(),
        insts: HashMap::new(),
        unspecified: None,
    };
    Ok((reader.read()?, said))
}

/// Reads a solution of the solver in the words of the specification.
struct Reader<'s, 'p> {
    solver: &'s Solver<'p>,
    observed: BTreeMap<InstId, Observed>,
    values: HashMap<ValueId, V>,
    insts: HashMap<InstId, Inst>,
    /// A kind of value that the specification does not have.
    unspecified: Option<String>,
}

/// The name of a variant.
fn word(value: &impl std::fmt::Debug) -> String {
    let text = format!("{value:?}");
    text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}

impl Reader<'_, '_> {
    fn read(mut self) -> Result<Solution, String> {
        let mut solution = Solution::default();
        for (id, observed) in self.observed.clone() {
            let inst = self.inst(id);
            solution.instances.insert(inst);
            for var in 0..self.solver.program.func(observed.func).vars.len() as u32 {
                let values = self.solver.observed_values(id, VarId(var));
                let values: BTreeSet<V> = values.into_iter().map(|value| self.value(value)).collect();
                if !values.is_empty() {
                    solution.variables.insert((inst, var), values);
                }
            }
        }
        for (from, to) in self.solver.observed_edges() {
            if !self.observed.contains_key(&from.inst) {
                return Err("calls by a framework".to_owned());
            }
            let edge = ((self.inst(from.inst), from.index), self.inst(to));
            solution.edges.insert(edge);
        }
        match self.unspecified {
            Some(what) => Err(what),
            None => Ok(solution),
        }
    }

    fn inst(&mut self, id: InstId) -> Inst {
        if let Some(&inst) = self.insts.get(&id) {
            return inst;
        }
        let observed = self.observed[&id].clone();
        let env = observed.env.map(|env| self.inst(env));
        let context = observed.context.iter().map(|&(at, key)| (at, self.value(key))).collect();
        let inst = Inst::new(observed.func, env, context);
        self.insts.insert(id, inst);
        inst
    }

    fn value(&mut self, id: ValueId) -> V {
        if let Some(&value) = self.values.get(&id) {
            return value;
        }
        let solver = self.solver;
        let written = solver.program.func_count() as u32;
        let site = |site: AllocSite| match site.func < written {
            true => Site::Code(FuncId(site.func), site.index),
            false => Site::Numbered,
        };
        let name = |name| text(solver.text(name));
        let value = match solver.values.get(id) {
            Solved::Unknown => Value::Unknown,
            Solved::Opaque => Value::Opaque,
            Solved::Data => Value::Data,
            Solved::None => Value::None,
            Solved::Bool(b) => Value::Bool(b),
            Solved::Int(i) => Value::Int(i),
            Solved::Str(s) => Value::Str(name(s)),
            Solved::AnyStr => Value::AnyStr,
            Solved::Module(module) => Value::Module(module),
            Solved::Func(func, env) => Value::Func(func, self.inst(env)),
            Solved::Class(ClassDef::Statement(class), env) => Value::Class(class, self.inst(env)),
            Solved::Inst(key, at) => {
                let (class, context) = solver.values.class_of_key(key);
                let line: Vec<V> = solver.mro(class).iter().map(|&class| self.value(class)).collect();
                let context = context.iter().map(|&(at, key)| (at, self.value(key))).collect();
                Value::Object {
                    class: self.value(class),
                    context,
                    site: site(at),
                    keyed: !is_exception(&line),
                }
            }
            Solved::AnyOf(key) => {
                let (class, context) = solver.values.class_of_key(key);
                let context = context.iter().map(|&(at, key)| (at, self.value(key))).collect();
                Value::AnyOf { class: self.value(class), context }
            }
            Solved::Obj(_, _, InstId::NONE) => {
                self.unspecified = Some("objects that libraries hold".to_owned());
                Value::Unknown
            }
            Solved::Obj(kind, at, inst) => {
                let kind = match kind {
                    ObjKind::List => Kind::List,
                    ObjKind::Tuple => Kind::Tuple,
                    ObjKind::Set => Kind::Set,
                    ObjKind::Dict => Kind::Dict,
                    ObjKind::Partial => Kind::Partial,
                    ObjKind::Property => Kind::Property,
                    ObjKind::Primitive(_) => Kind::Wraps,
                    other => {
                        self.unspecified = Some(format!("objects of kind {}", word(&other)));
                        Kind::Set
                    }
                };
                Value::Obj(kind, site(at), self.inst(inst))
            }
            Solved::Bound(recv, func) => Value::Bound(self.value(recv), self.value(func)),
            Solved::Ext(path) => Value::Ext(name(path)),
            Solved::ExtMethod(recv, path) => Value::ExtMethod(self.value(recv), name(path)),
            Solved::ExtAttr(path) => Value::ExtAttr(name(path)),
            Solved::Super(after, this) => Value::Super(self.value(after), self.value(this)),
            Solved::Generator(inst) => Value::Generator(self.inst(inst)),
            Solved::ManagerFunc(func) => Value::ManagerFunc(self.value(func)),
            Solved::Manager(inst) => Value::Manager(self.inst(inst)),
            Solved::StaticMethod(func) => Value::StaticMethod(self.value(func)),
            Solved::ClassMethod(func) => Value::ClassMethod(self.value(func)),
            Solved::Site(at) => Value::Site(site(at)),
            Solved::Shape(id) => {
                let shape = solver.shape(id);
                let names = shape.names.as_ref().map(|names| names.iter().map(|&n| name(n)).collect());
                Value::Shape(shape.positions, names)
            }
            other => {
                self.unspecified = Some(format!("values of kind {}", word(&other)));
                Value::Unknown
            }
        };
        let value = V::of(value);
        self.values.insert(id, value);
        value
    }
}

/// What stands in one solution only, by what a reader of the program would call it; empty if they are equal.
fn differences(program: &Program, specified: &Solution, solved: &Solution) -> String {
    let place = |(inst, index): At| {
        let func = program.func(inst.func);
        let line = func.instrs.get(index as usize).map_or(func.pos.line, |instr| instr.pos.line);
        format!("{}:{line} in {}", program.file_of(inst.func).path, program.qualname(inst.func))
    };
    let show = |value: V| {
        let text = format!("{value:?}");
        text.chars().take(160).collect::<String>()
    };
    let mut found = String::new();
    for (who, one, other) in [("specification", specified, solved), ("solver", solved, specified)] {
        for &inst in one.instances.difference(&other.instances) {
            let keys: Vec<String> =
                inst.context.iter().map(|&(at, key)| format!("{at}: {}", show(key))).collect();
            let _ = writeln!(
                found,
                "only {who}: instance of {} [{}]",
                program.qualname(inst.func),
                keys.join(", ")
            );
        }
        for &(at, to) in one.edges.difference(&other.edges) {
            let _ = writeln!(found, "only {who}: {} enters {}", place(at), program.qualname(to.func));
        }
        let sorted: BTreeMap<_, _> = one.variables.iter().collect();
        let none = BTreeSet::new();
        for (&(inst, var), values) in sorted {
            let known = other.variables.get(&(inst, var)).unwrap_or(&none);
            for &value in values.difference(known) {
                let at = place((inst, definition(program, inst, var)));
                let _ = writeln!(found, "only {who}: v{var} at {at} is {}", show(value));
            }
        }
    }
    let lines: Vec<&str> = found.lines().take(40).collect();
    lines.join("\n")
}

/// The instruction that assigns a variable, or a number that no instruction has.
fn definition(program: &Program, inst: Inst, var: u32) -> u32 {
    match program.func(inst.func).vars[var as usize].def {
        producer_map::ir::VarDef::Instr(index) => index,
        _ => u32::MAX,
    }
}
