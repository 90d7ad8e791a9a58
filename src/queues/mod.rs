//! Queues from their allocation sites: names, producer sites with body keys, consumers and other uses.

mod body;
mod holders;

use crate::finding::{Edge, Findings, Place, ProducerSite, Queue, QueueUse};
use crate::ir::{Op, ParamKind};
use crate::paths::{RawEdge, SiteKey, place};
use crate::solve::value::{ClassDef, Value, ValueId};
use crate::solve::{Origin, ParameterRef, Solver};
use std::collections::BTreeMap;

use holders::Holders;

/// Where the taking of items begins: for a consumer, the origins that create the instances whose method takes
/// them, or the origins of the call itself where no instance does.
#[derive(Debug, Clone)]
pub struct ConsumerStart {
    /// Index into [`Findings::queues`].
    pub queue: usize,
    /// Index into that queue's `consumers`.
    pub consumer: usize,
    /// The origins, sorted.
    pub origins: Vec<Origin>,
}

/// Where the queues of the findings, and the taking of items off them, begin.
#[derive(Debug, Default)]
pub struct Beginnings {
    /// Where each queue is created, in the order of [`Findings::queues`].
    pub created: Vec<Origin>,
    /// Where each consumer begins, for those who want to know which program runs it.
    pub consumers: Vec<ConsumerStart>,
}

/// Fills queues and edges from the complete solution and the edges that were found before consumers ran.
///
/// Guesses, if there are any, are given the numbers of queues and producers and nothing else.
pub fn complete(
    solver: &Solver<'_>,
    edges: Vec<RawEdge>,
    guesses: Option<Vec<RawEdge>>,
    findings: &mut Findings,
) -> Beginnings {
    let holders = Holders::new(solver);
    let mut groups: BTreeMap<(u32, u32), Vec<(ValueId, usize)>> = BTreeMap::new();
    for queue in &solver.registry.queues {
        groups.entry((queue.at.inst.0, queue.at.index)).or_default().push((queue.value, queue.class));
    }
    let mut built: Vec<Built> = Vec::new();
    for ((inst, index), members) in groups {
        let at = Origin { inst: crate::solve::value::InstId(inst), index };
        built.push(queue(solver, at, &members, &edges, &holders));
    }
    built.sort_by(|Built { queue: a, .. }, Built { queue: b, .. }| {
        (&a.name, &a.created.file, a.created.line).cmp(&(&b.name, &b.created.file, b.created.line))
    });
    findings.edges = edges.into_iter().filter_map(|edge| numbered(edge, &built)).collect();
    findings.edges.sort_by_key(|e| (e.route, e.queue, e.producer));
    findings.guesses = guesses.map(|guesses| {
        let mut guesses: Vec<Edge> = guesses.into_iter().filter_map(|edge| numbered(edge, &built)).collect();
        guesses.sort_by_key(|e| (e.route, e.queue, e.producer));
        guesses
    });
    let starts = built.iter().enumerate().flat_map(|(queue, one)| {
        let origins = one.starts.iter().enumerate();
        origins.map(move |(consumer, origins)| ConsumerStart { queue, consumer, origins: origins.clone() })
    });
    let consumers = starts.collect();
    let created = built.iter().map(|one| one.at).collect();
    findings.queues = built.into_iter().map(|one| one.queue).collect();
    Beginnings { created, consumers }
}

/// An edge with the numbers of its queue and its producer.
fn numbered(edge: RawEdge, built: &[Built]) -> Option<Edge> {
    let queue = built.iter().position(|one| one.at == edge.queue)?;
    let producer = built[queue].sites.iter().position(|site| *site == edge.site)?;
    Some(Edge {
        route: edge.route,
        queue,
        producer,
        certainty: edge.certainty,
        gates: edge.gates,
        path: edge.path,
    })
}

/// A queue with what its parts are made of.
struct Built {
    queue: Queue,
    at: Origin,
    /// The sites of `queue.producers`, in their order.
    sites: Vec<SiteKey>,
    /// Where each of `queue.consumers` begins, in their order.
    starts: Vec<Vec<Origin>>,
}

fn queue(
    solver: &Solver<'_>,
    at: Origin,
    members: &[(ValueId, usize)],
    edges: &[RawEdge],
    holders: &Holders,
) -> Built {
    let values: Vec<ValueId> = members.iter().map(|m| m.0).collect();
    let config = solver.queue_config(members[0].1);
    let names = constructor_values(solver, holders, &values, &config.name);
    let mut name = None;
    let mut config_key = None;
    for value in names {
        match solver.values.get(value) {
            Value::Str(text) if name.is_none() => {
                name = Some(
                    solver
                        .program
                        .names
                        .text(text)
                        .replace([crate::solve::strings::HOLE, crate::solve::strings::SETTING_HOLE], "{}"),
                );
            }
            Value::Setting(_) => {
                let Value::Setting(setting) = solver.values.get(solver.whole_setting(value)) else {
                    continue;
                };
                let text = solver.program.names.text(setting);
                config_key = Some(text.strip_prefix("config.").unwrap_or(text).to_owned());
            }
            _ => {}
        }
    }
    let mut has_namespace = None;
    if let Some(parameter) = &config.namespace {
        let flags: Vec<bool> = constructor_values(solver, holders, &values, parameter)
            .into_iter()
            .filter_map(|v| match solver.values.get(v) {
                Value::Bool(flag) => Some(flag),
                _ => None,
            })
            .collect();
        if let Some(&first) = flags.first()
            && flags.iter().all(|&f| f == first)
        {
            has_namespace = Some(first);
        }
    }
    let mut sites: BTreeMap<(String, u32, SiteKey), (ProducerSite, Vec<_>)> = BTreeMap::new();
    for put in solver.registry.puts.iter().filter(|p| values.contains(&p.queue)) {
        if solver.is_root(put.at.inst) {
            continue;
        }
        let key = SiteKey::of(solver, put);
        let place = place(solver, put.at);
        let reached = edges.iter().any(|e| e.queue == at && e.site == key);
        let entry = sites.entry((place.file.clone(), place.line, key)).or_insert_with(|| {
            (
                ProducerSite {
                    place,
                    operation: put.operation,
                    ordinal: 0,
                    body: Default::default(),
                    reached_by_routes: reached,
                },
                Vec::new(),
            )
        });
        entry.1.push(put.body);
    }
    let mut producers = Vec::new();
    let mut keys = Vec::new();
    for ((_, _, key), (mut site, bodies)) in sites {
        site.body = body::keys(solver, &bodies);
        site.ordinal = producers
            .iter()
            .filter(|p: &&ProducerSite| {
                p.place.file == site.place.file && p.place.symbol == site.place.symbol
            })
            .count() as u32;
        producers.push(site);
        keys.push(key);
    }
    let mut consumers: BTreeMap<QueueUse, Vec<Origin>> = BTreeMap::new();
    let mut other_uses = Vec::new();
    for touch in solver.registry.touches.iter().filter(|t| values.contains(&t.queue)) {
        if solver.is_root(touch.at.inst) {
            continue;
        }
        let method = solver.program.names.text(touch.method).to_owned();
        let place = place(solver, touch.at);
        let via = receiver_class(solver, touch.at)
            .filter(|class| place.symbol.split('.').next() != Some(class.symbol.as_str()));
        let is_consumer = config.consume.contains(&method);
        let one = QueueUse { place, operation: method, via };
        if is_consumer {
            consumers.entry(one).or_default().extend(holders.begin(solver, touch.at));
        } else {
            other_uses.push(one);
        }
    }
    other_uses.sort();
    other_uses.dedup();
    let (consumers, starts): (Vec<QueueUse>, Vec<Vec<Origin>>) = consumers.into_iter().unzip();
    let queue = Queue {
        name: name.unwrap_or_else(|| "{}".to_owned()),
        variable: variable(solver, at),
        config_key,
        has_namespace,
        created: place(solver, at),
        producers,
        consumers,
        other_uses,
    };
    Built { queue, at, sites: keys, starts }
}

/// The values that reach a parameter of the constructors of these instances.
fn constructor_values(
    solver: &Solver<'_>,
    holders: &Holders,
    instances: &[ValueId],
    parameter: &ParameterRef,
) -> Vec<ValueId> {
    let mut found = Vec::new();
    for &instance in instances {
        for &inst in holders.constructors_of(solver, instance) {
            let func = solver.program.func(solver.insts[inst.0 as usize].func);
            let file = solver.program.file_of(solver.insts[inst.0 as usize].func);
            let var = func.params.iter().enumerate().find(|(i, p)| {
                !matches!(p.kind, ParamKind::VarArgs | ParamKind::KwArgs)
                    && match parameter {
                        ParameterRef::Position(position) => *i == *position as usize + 1,
                        ParameterRef::Name(name) => *file.ir.strings[p.name.0 as usize] == **name,
                    }
            });
            if let Some((_, param)) = var {
                for &value in solver.graph.values(solver.var(inst, param.var)) {
                    if !found.contains(&value) {
                        found.push(value);
                    }
                }
            }
        }
    }
    found
}

/// The variable or attribute that the result of a call is first bound to.
fn variable(solver: &Solver<'_>, at: Origin) -> Option<String> {
    if solver.is_root(at.inst) {
        return None;
    }
    let func = solver.insts[at.inst.0 as usize].func;
    let ir = solver.program.func(func);
    let file = solver.program.file_of(func);
    let Op::Call { dst, .. } = ir.instrs[at.index as usize].op else { return None };
    if let Some(name) = ir.vars[dst.0 as usize].name {
        return Some(file.ir.strings[name.0 as usize].to_string());
    }
    ir.instrs[at.index as usize..].iter().find_map(|instr| {
        let name = match instr.op {
            Op::StoreGlobal { name, src } | Op::StoreClassName { name, src } if src == dst => name,
            Op::StoreAttr { name, src, .. } if src == dst => name,
            Op::Copy { dst: to, src } if src == dst => ir.vars[to.0 as usize].name?,
            _ => return None,
        };
        Some(file.ir.strings[name.0 as usize].to_string())
    })
}

/// The class of the instance whose method an origin stands in: its plain name, where it is defined.
fn receiver_class(solver: &Solver<'_>, at: Origin) -> Option<Place> {
    let class = solver.class_of(holders::receiver(solver, at)?)?;
    let Value::Class(ClassDef::Statement(id), _) = solver.values.get(class) else { return None };
    Some(Place {
        file: solver.program.class_file(id).path.clone(),
        line: solver.program.class(id).0.pos.line,
        symbol: solver.class_name(class),
    })
}
