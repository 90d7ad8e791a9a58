//! From a name as typed to the thing it means, or to the nearest names.

use super::CliError;
use super::args::TreeArgs;
use crate::codes::{self, Code};
use crate::evidence::Evidence;
use crate::evidence::model::{Queue, Route};

impl TreeArgs {
    /// Refuses options for scanning where evidence is read instead.
    pub(super) fn refused_with_evidence(&self) -> Result<(), CliError> {
        if !self.given() {
            return Ok(());
        }
        let message = "options for scanning have no effect with --evidence: leave one of them out";
        Err(CliError::Usage(message.to_owned()))
    }
}

/// Number of names that are suggested at most.
const SUGGESTIONS: usize = 4;

/// Likeness, from 0 to 1, below which a name is not worth suggesting.
const LIKE: f64 = 0.6;

/// The routes that `name` means: one by its ID, or all of a method and rule (an explicit route and an automatic
/// one, or one in each of two applications).
///
/// # Errors
/// When there is none; the message names the nearest.
pub(super) fn routes<'a>(evidence: &'a Evidence, name: &str) -> Result<Vec<&'a Route>, CliError> {
    let name = name.trim();
    let by_id: Vec<&Route> =
        evidence.routes.iter().filter(|route| route.id.eq_ignore_ascii_case(name)).collect();
    if !by_id.is_empty() {
        return Ok(by_id);
    }
    let same = |route: &&Route| {
        name.split_once(char::is_whitespace).is_some_and(|(method, rule)| {
            route.method.eq_ignore_ascii_case(method) && route.rule == rule.trim()
        })
    };
    let by_rule: Vec<&Route> = evidence.routes.iter().filter(same).collect();
    if !by_rule.is_empty() {
        return Ok(by_rule);
    }
    let with_rule = |wanted: &str| -> Vec<String> {
        let mine = evidence.routes.iter().filter(|route| route.rule == wanted && route.automatic.is_none());
        mine.map(shown).collect()
    };
    let rule = name.split_once(char::is_whitespace).map_or(name, |(_, rule)| rule.trim());
    let mut near = with_rule(rule);
    if near.is_empty() {
        let names = evidence.routes.iter().flat_map(|route| {
            let key = format!("{} {}", route.method, route.rule);
            [(route.id.clone(), route), (key, route), (route.rule.clone(), route)]
        });
        near = nearest(name, names.map(|(name, route)| (name, shown(route))));
    }
    Err(unknown("route", name, &near, "list them with `producer-map routes`"))
}

fn shown(route: &Route) -> String {
    format!("{}  {} {}", route.id, route.method, route.rule)
}

/// The default name of the queue that `name` means: a default name, or a variable.
///
/// # Errors
/// When there is none; the message names the nearest.
pub(super) fn queue<'a>(evidence: &'a Evidence, name: &str) -> Result<&'a str, CliError> {
    let name = name.trim();
    let by_name = evidence.queues.iter().find(|queue| queue.name == name);
    let by_variable = || evidence.queues.iter().find(|queue| queue.variable.as_deref() == Some(name));
    if let Some(queue) = by_name.or_else(by_variable) {
        return Ok(&queue.name);
    }
    let names = evidence.queues.iter().flat_map(|queue: &Queue| {
        let variable = queue.variable.clone().map(|variable| (variable, queue.name.clone()));
        [Some((queue.name.clone(), queue.name.clone())), variable].into_iter().flatten()
    });
    let mut near = nearest(name, names);
    if near.is_empty() && evidence.queues.len() <= 2 * SUGGESTIONS + 4 {
        near = evidence.queues.iter().map(|queue| queue.name.clone()).collect();
    }
    Err(unknown("queue", name, &near, "list them with `producer-map queues`"))
}

/// What to show for the names most like `wanted`, most alike first.
fn nearest(wanted: &str, names: impl Iterator<Item = (String, String)>) -> Vec<String> {
    let wanted = wanted.to_lowercase();
    let mut scored: Vec<(f64, String)> = names
        .map(|(name, shown)| (strsim::normalized_damerau_levenshtein(&wanted, &name.to_lowercase()), shown))
        .filter(|(score, _)| *score >= LIKE)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let mut near: Vec<String> = Vec::new();
    for (_, shown) in scored {
        if near.len() < SUGGESTIONS && !near.contains(&shown) {
            near.push(shown);
        }
    }
    near
}

/// The catalogue's entry of `name`.
///
/// # Errors
/// When there is none; the message names the nearest.
pub(super) fn code(name: &str) -> Result<&'static Code, CliError> {
    let name = name.trim().to_lowercase();
    codes::find(&name).ok_or_else(|| {
        let names =
            codes::all().iter().map(|code| (code.name.clone(), format!("{}  {}", code.name, code.title)));
        unknown("code", &name, &nearest(&name, names), "list them with `producer-map explain`")
    })
}

fn unknown(kind: &str, name: &str, near: &[String], advice: &str) -> CliError {
    let mut message = format!("no {kind} `{name}`");
    if near.is_empty() {
        message.push_str(&format!("; {advice}"));
    } else {
        message.push_str("; the nearest are");
        for name in near {
            message.push_str(&format!("\n  {name}"));
        }
    }
    CliError::Usage(message)
}
