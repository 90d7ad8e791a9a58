//! Why one side may not see what the other one saw: files that are broken or left out, calls that are unresolved, limits
//! that were hit.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{PathFilter, Pattern};
use crate::evidence::Evidence;
use crate::evidence::model::{Edge, Queue, Route, Unresolved};

/// Diagnostics that mean that a file, or everything below an entry, was not analysed as it is.
const BROKEN: [&str; 5] =
    ["syntax-error", "undecodable-file", "unknown-encoding", "unreadable-file", "unreadable-entry"];

/// What hides things from one side, the blind one.
#[derive(Debug)]
pub(super) struct Reasons<'a> {
    seen: &'a Evidence,
    /// The diagnostic's code by file.
    broken: BTreeMap<&'a str, &'a str>,
    filter: PathFilter,
    /// Calls that the blind side alone could not resolve, by file and function.
    unresolved: BTreeMap<(&'a str, &'a str), &'a Unresolved>,
    /// Limits that the blind side alone hit.
    caps: Vec<&'a str>,
}

impl<'a> Reasons<'a> {
    /// Why `blind` may not see what `seen` has.
    pub(super) fn new(seen: &'a Evidence, blind: &'a Evidence) -> Self {
        let mut broken = BTreeMap::new();
        for diagnostic in blind.diagnostics.iter().filter(|found| BROKEN.contains(&found.code.as_str())) {
            if let Some(file) = &diagnostic.file {
                broken.entry(file.as_str()).or_insert(diagnostic.code.as_str());
            }
        }
        let mut known: BTreeMap<_, usize> = BTreeMap::new();
        for call in &seen.unresolved {
            *known.entry((&call.file, &call.symbol, &call.callee)).or_default() += 1;
        }
        let mut unresolved = BTreeMap::new();
        for call in &blind.unresolved {
            match known.get_mut(&(&call.file, &call.symbol, &call.callee)) {
                Some(count) if *count > 0 => *count -= 1,
                _ => {
                    unresolved.entry((call.file.as_str(), call.symbol.as_str())).or_insert(call);
                }
            }
        }
        let hit =
            |evidence: &Evidence, cap: &str| evidence.statistics.caps_hit.get(cap).is_some_and(|n| *n > 0);
        let caps = blind.statistics.caps_hit.keys().map(String::as_str);
        let caps = caps.filter(|cap| hit(blind, cap) && !hit(seen, cap)).collect();
        Self { seen, broken, filter: filter(&blind.source.exclusion_rules), unresolved, caps }
    }

    /// Why the blind side may not see an edge of the other side; `route` and `queue` are what it connects.
    pub(super) fn edge(
        &self,
        edge: &'a Edge,
        route: Option<&'a Route>,
        queue: Option<&'a Queue>,
    ) -> Option<String> {
        let mut files: Vec<&str> = edge.path.iter().map(|hop| hop.file.as_str()).collect();
        files.push(&edge.producer.file);
        files.extend(queue.map(|queue| queue.created.file.as_str()));
        files.extend(route.into_iter().flat_map(files_of));
        let calls = edge.path.iter().map(|hop| (hop.file.as_str(), hop.symbol.as_str()));
        self.of_files(&files).or_else(|| self.of_calls(calls)).or_else(|| self.of_caps())
    }

    /// Why the blind side may not see a route of the other side.
    pub(super) fn route(&self, route: &'a Route) -> Option<String> {
        let registered = (route.registered.file.as_str(), route.registered.symbol.as_str());
        self.of_files(&files_of(route)).or_else(|| self.of_calls([registered])).or_else(|| self.of_caps())
    }

    /// Why the blind side may not see a queue of the other side.
    pub(super) fn queue(&self, queue: &'a Queue) -> Option<String> {
        let created = (queue.created.file.as_str(), queue.created.symbol.as_str());
        self.of_files(&[&queue.created.file]).or_else(|| self.of_calls([created])).or_else(|| self.of_caps())
    }

    /// What is wrong with one of the files, or with what runs before they do: the packages they lie in and the entry
    /// modules.
    fn of_files(&self, files: &[&str]) -> Option<String> {
        let mut all: BTreeSet<String> = self.seen.source.entries.iter().cloned().collect();
        for file in files {
            all.insert((*file).to_owned());
            all.extend(file.match_indices('/').map(|(end, _)| format!("{}/__init__.py", &file[..end])));
        }
        let given = |file: &&String| !files.contains(&file.as_str());
        // The files themselves say more than those above them.
        let (far, near): (Vec<&String>, Vec<&String>) = all.iter().partition(given);
        near.into_iter().chain(far).find_map(|file| self.of_file(file))
    }

    fn of_file(&self, file: &str) -> Option<String> {
        let above = file.match_indices('/').map(|(end, _)| &file[..end]);
        for path in above.chain([file]) {
            if let Some(code) = self.broken.get(path) {
                return Some(format!("{path} was not read completely ({code})"));
            }
        }
        let rule = self.filter.excluded(file, false)?;
        Some(format!("{file} is left out (by the rule `{rule}`)"))
    }

    fn of_calls<'b>(&self, functions: impl IntoIterator<Item = (&'b str, &'b str)>) -> Option<String> {
        let call = functions.into_iter().find_map(|function| self.unresolved.get(&function).copied())?;
        let Unresolved { file, line, symbol, callee, reason, .. } = call;
        Some(format!("the call of {callee} at {file}:{line} in {symbol} is not resolved ({reason})"))
    }

    fn of_caps(&self) -> Option<String> {
        (!self.caps.is_empty()).then(|| format!("a limit was hit ({})", self.caps.join(", ")))
    }
}

/// The files that a route needs to be seen.
fn files_of(route: &Route) -> Vec<&str> {
    let mut files = vec![route.registered.file.as_str()];
    files.extend(route.handler.as_ref().map(|handler| handler.file.as_str()));
    files.extend(route.decorators.iter().map(|decorator| decorator.file.as_str()));
    files
}

/// The filter that rules in force make, as evidence lists them.
fn filter(rules: &[String]) -> PathFilter {
    let read = |rule: &str| Pattern::new(rule).ok();
    let exclude = rules.iter().filter(|rule| !rule.starts_with('!')).filter_map(|rule| read(rule));
    let include = rules.iter().filter_map(|rule| rule.strip_prefix('!')).filter_map(read);
    PathFilter::new(exclude.collect(), include.collect())
}
