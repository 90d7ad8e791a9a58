//! Queues of two sides. A queue is an allocation; its default name is what changes when it is renamed.

use std::collections::{BTreeMap, BTreeSet};

use super::Sides;
use super::pair::Pairs;
use crate::diff::model::{Change, Kind, Subject, SubjectKind};
use crate::evidence::model::{Producer, Queue};

/// Pairs the queues: those with the same default name, and then those of the same allocation.
pub(super) fn pairs<'a>(sides: &Sides<'a>) -> Pairs<'a, Queue> {
    let mut pairs = Pairs::new(&sides.old.queues, &sides.new.queues);
    pairs.by(|queue| Some((&queue.name, &queue.variable)));
    pairs.by(|queue| Some(&queue.name));
    pairs.by(|queue| queue.config_key.as_ref());
    pairs.by(|queue| queue.variable.as_ref().map(|variable| (variable, &queue.created.file)));
    pairs.by(|queue| queue.variable.as_ref());
    // In a module's body there are many, in a function that makes a queue there is one.
    pairs.by(|queue| {
        (queue.created.symbol != "<module>").then_some((&queue.created.file, &queue.created.symbol))
    });
    pairs
}

/// How the queues differ.
pub(super) fn changes(sides: &Sides<'_>, pairs: &Pairs<'_, Queue>) -> Vec<Change> {
    let mut changes = Vec::new();
    for (old, new) in &pairs.both {
        changes.extend(differences(old, new));
        changes.extend(bodies(old, new));
    }
    for queue in &pairs.old {
        let reason = sides.lost.queue(queue);
        let (kind, verb) = match reason {
            Some(_) => (Kind::QueueLost, "is no longer seen"),
            None => (Kind::QueueRemoved, "is gone"),
        };
        let mut change = change(kind, queue, format!("queue {} {verb}", queue.name), false);
        change.before = Some(facts(queue));
        change.reason = reason;
        changes.push(change);
    }
    for queue in &pairs.new {
        let reason = sides.hidden.queue(queue);
        let (kind, verb) = match reason {
            Some(_) => (Kind::QueueFound, "is seen"),
            None => (Kind::QueueAdded, "is new"),
        };
        let mut change = change(kind, queue, format!("queue {} {verb}", queue.name), true);
        change.after = Some(facts(queue));
        change.reason = reason;
        changes.push(change);
    }
    changes
}

fn differences(old: &Queue, new: &Queue) -> Vec<Change> {
    let mut changes = Vec::new();
    let name = &new.name;
    if old.name != new.name {
        let message = format!("queue {} is now {name}", old.name);
        changes.push(
            change(Kind::QueueRenamed, new, message, true).values(vec![old.name.clone()], vec![name.clone()]),
        );
    }
    if old.config_key != new.config_key {
        let shown = |key: &Option<String>| key.clone().unwrap_or_else(|| "nothing".to_owned());
        let (before, after) = (shown(&old.config_key), shown(&new.config_key));
        let message = format!("queue {name} is named by {after}, not by {before}");
        let values = (old.config_key.iter().cloned().collect(), new.config_key.iter().cloned().collect());
        changes.push(change(Kind::QueueConfigKeyChanged, new, message, true).values(values.0, values.1));
    }
    if old.has_namespace != new.has_namespace {
        let shown = |flag: Option<bool>| match flag {
            Some(true) => "carry a namespace",
            Some(false) => "carry no namespace",
            None => "may carry a namespace",
        };
        let (before, after) = (shown(old.has_namespace), shown(new.has_namespace));
        let message = format!("items of queue {name} {after}; they formerly {before}");
        let values = (vec![before.to_owned()], vec![after.to_owned()]);
        changes.push(change(Kind::QueueNamespaceChanged, new, message, true).values(values.0, values.1));
    }
    changes
}

/// Whether a key is in the bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Never,
    Sometimes,
    Always,
}

fn presence(key: &str, producer: &Producer) -> Presence {
    if producer.body.always.iter().any(|other| other == key) {
        Presence::Always
    } else if producer.body.sometimes.iter().any(|other| other == key) {
        Presence::Sometimes
    } else {
        Presence::Never
    }
}

/// Whether a key is in the bodies that some producers make: what a consumer of the queue sees.
fn overall(key: &str, producers: &[Producer]) -> Presence {
    let mut found = producers.iter().map(|producer| presence(key, producer));
    if found.clone().all(|presence| presence == Presence::Always) {
        Presence::Always
    } else if found.all(|presence| presence == Presence::Never) {
        Presence::Never
    } else {
        Presence::Sometimes
    }
}

/// Differences in the keys of the bodies: of the queue as a whole, and where that stays the same, of each producer that
/// both sides have.
fn bodies(old: &Queue, new: &Queue) -> Vec<Change> {
    if old.producers.is_empty() || new.producers.is_empty() {
        return Vec::new();
    }
    let keys = |queue: &Queue| -> BTreeSet<String> {
        let body =
            |producer: &Producer| [producer.body.always.clone(), producer.body.sometimes.clone()].concat();
        queue.producers.iter().flat_map(body).collect()
    };
    let mut producers = Pairs::new(&old.producers, &new.producers);
    producers.by(|producer| Some((&producer.file, &producer.symbol, &producer.id)));
    producers.by(|producer| Some((&producer.file, &producer.symbol)));
    producers.by(|producer| Some(&producer.symbol));
    if let ([_], [_]) = (producers.old.as_slice(), producers.new.as_slice()) {
        producers.by(|_| Some(()));
    }

    let mut changes = Vec::new();
    let opened: Vec<_> = producers
        .both
        .iter()
        .filter(|(old, new)| !old.body.open && new.body.open)
        .map(|(_, new)| *new)
        .collect();
    let unclear = new.producers.iter().any(|producer| producer.body.open);
    let mut hidden: Vec<String> = Vec::new();
    for key in keys(old).union(&keys(new)) {
        let (before, after) = (overall(key, &old.producers), overall(key, &new.producers));
        if before != after {
            if after == Presence::Never && unclear {
                hidden.push(key.clone());
            } else {
                changes.extend(key_change(new, key, (before, after), None));
            }
            continue;
        }
        for (old_site, new_site) in &producers.both {
            let (before, after) = (presence(key, old_site), presence(key, new_site));
            if before != after && !(after == Presence::Never && new_site.body.open) {
                changes.extend(key_change(new, key, (before, after), Some(new_site)));
            }
        }
    }
    if !opened.is_empty() || !hidden.is_empty() {
        let mut message = format!("the keys of the body on queue {} are no longer all known", new.name);
        if !hidden.is_empty() {
            message.push_str(&format!("; not seen any more: {}", hidden.join(", ")));
        }
        let mut change = change(Kind::QueueBodyUnclear, new, message, true).values(hidden, Vec::new());
        if let Some(site) = opened.first() {
            change = change.at(&site.file, site.line, &site.symbol, true);
        }
        changes.push(change);
    }
    changes
}

fn key_change(
    queue: &Queue,
    key: &str,
    (before, after): (Presence, Presence),
    site: Option<&Producer>,
) -> Option<Change> {
    let (kind, what) = match (before, after) {
        (Presence::Never, Presence::Always) => (Kind::QueueBodyKeyAdded, "is new"),
        (Presence::Never, Presence::Sometimes) => {
            (Kind::QueueBodyKeyAdded, "is new, and only sometimes there")
        }
        (_, Presence::Never) => (Kind::QueueBodyKeyRemoved, "is gone"),
        (Presence::Always, Presence::Sometimes) => (Kind::QueueBodyKeyOptional, "is only sometimes there"),
        (Presence::Sometimes, Presence::Always) => (Kind::QueueBodyKeyRequired, "is always there"),
        _ => return None,
    };
    let whose = site.map(|site| format!(" that {} in {} makes", site.symbol, site.file)).unwrap_or_default();
    let message = format!("key {key} of the body on queue {}{whose} {what}", queue.name);
    let shown = |presence| match presence {
        Presence::Never => Vec::new(),
        Presence::Sometimes => vec![format!("{key} (sometimes)")],
        Presence::Always => vec![key.to_owned()],
    };
    // Producers are in the order of their places; the first one that has the key now is as good as any.
    let with_key = queue.producers.iter().find(|site| presence(key, site) != Presence::Never);
    let mut change = change(kind, queue, message, true).values(shown(before), shown(after));
    if let Some(site) = site.or(with_key).or(queue.producers.first()) {
        change = change.at(&site.file, site.line, &site.symbol, true);
    }
    Some(change)
}

fn facts(queue: &Queue) -> Vec<String> {
    let variable = queue.variable.as_ref().map(|name| format!("variable {name}"));
    let key = queue.config_key.as_ref().map(|name| format!("configuration key {name}"));
    let created = Some(format!("created in {} {}", queue.created.file, queue.created.symbol));
    [variable, key, created].into_iter().flatten().collect()
}

fn change(kind: Kind, queue: &Queue, message: String, new: bool) -> Change {
    let subject = Subject {
        kind: SubjectKind::Queue,
        id: queue.name.clone(),
        queue: Some(queue.name.clone()),
        ..Subject::default()
    };
    Change::new(kind, subject, message).at(
        &queue.created.file,
        queue.created.line,
        &queue.created.symbol,
        new,
    )
}

/// For each default name the number of its pair; what has no partner gets a number of its own.
pub(super) fn numbers<'a>(pairs: &Pairs<'a, Queue>) -> (BTreeMap<&'a str, usize>, BTreeMap<&'a str, usize>) {
    let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
    for (number, (before, after)) in pairs.both.iter().enumerate() {
        old.entry(before.name.as_str()).or_insert(number);
        new.entry(after.name.as_str()).or_insert(number);
    }
    let paired = pairs.both.len();
    for (number, queue) in pairs.old.iter().enumerate() {
        old.entry(&queue.name).or_insert(paired + number);
    }
    for (number, queue) in pairs.new.iter().enumerate() {
        new.entry(&queue.name).or_insert(paired + pairs.old.len() + number);
    }
    (old, new)
}
