//! A comparison as Rust types. The order of fields is the order of keys in the JSON form, which
//! `schemas/diff-v1.schema.json` describes.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::codes;

/// Value of the top-level `schema`: a name and the number of the format.
pub const SCHEMA_NAME: &str = "producer-map/diff/1";

/// The JSON Schema of a comparison.
pub const JSON_SCHEMA: &str = include_str!("../../schemas/diff-v1.schema.json");

/// The differences between two scans.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// Name and number of the format.
    pub schema: &'static str,
    /// The old side.
    pub old: Side,
    /// The new side.
    pub new: Side,
    /// Number of changes by level, accepted ones not counted.
    pub counts: BTreeMap<Level, usize>,
    /// Number of accepted changes.
    pub accepted: usize,
    /// The changes, the worst first.
    pub changes: Vec<Change>,
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Side {
    /// As it was asked for: a file, a directory or a revision.
    pub label: String,
    /// Full id of the commit, when it was read from a git repository.
    pub revision: Option<String>,
    /// SHA-256 over the analysed files.
    pub digest: String,
    /// Version of the program that scanned it.
    pub tool: String,
}

/// How much a change matters; the order is that of severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Explains.
    Info,
    /// Worth a look before signing off.
    Notice,
    /// Concerns a decision that rests on the evidence.
    Breaking,
}

impl Level {
    /// All levels, the worst first.
    pub const ALL: [Self; 3] = [Self::Breaking, Self::Notice, Self::Info];

    /// The level's word in the catalogue of codes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Breaking => "breaking",
            Self::Notice => "notice",
            Self::Info => "info",
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $code:literal,)*) => {
        /// What kind of change it is. The codes are explained in `data/codes/diff.toml`, which also gives the levels.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind { $($(#[$doc])* $kind,)* }

        impl Kind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// The stable code.
            pub fn code(self) -> &'static str {
                match self { $(Self::$kind => $code,)* }
            }
        }
    };
}

kinds! {
    /// An edge without a partner on the old side.
    EdgeAdded = "edge-added",
    /// The same, where the old side could not have seen it.
    EdgeFound = "edge-found",
    /// An edge without a partner on the new side.
    EdgeRemoved = "edge-removed",
    /// The same, where the new side could not have seen it.
    EdgeLost = "edge-lost",
    /// The edge exists under conditions under which it did not before.
    EdgeGatesLoosened = "edge-gates-loosened",
    /// The edge has more conditions than before.
    EdgeGatesTightened = "edge-gates-tightened",
    /// Another certainty.
    EdgeCertaintyChanged = "edge-certainty-changed",
    /// The same route and queue, another producer.
    EdgeProducerMoved = "edge-producer-moved",
    /// The same edge through other functions.
    EdgeChainChanged = "edge-chain-changed",
    /// A queue without a partner on the old side.
    QueueAdded = "queue-added",
    /// The same, where the old side could not have seen it.
    QueueFound = "queue-found",
    /// A queue without a partner on the new side.
    QueueRemoved = "queue-removed",
    /// The same, where the new side could not have seen it.
    QueueLost = "queue-lost",
    /// The same allocation with another default name.
    QueueRenamed = "queue-renamed",
    /// Another configuration key names the queue.
    QueueConfigKeyChanged = "queue-config-key-changed",
    /// Another `has_namespace`.
    QueueNamespaceChanged = "queue-namespace-changed",
    /// A new key in the body.
    QueueBodyKeyAdded = "queue-body-key-added",
    /// A key that is no longer in the body.
    QueueBodyKeyRemoved = "queue-body-key-removed",
    /// A key that was always there and is only sometimes.
    QueueBodyKeyOptional = "queue-body-key-optional",
    /// A key that was sometimes there and is always.
    QueueBodyKeyRequired = "queue-body-key-required",
    /// A body that was seen completely and no longer is.
    QueueBodyUnclear = "queue-body-unclear",
    /// A route without a partner on the old side.
    RouteAdded = "route-added",
    /// The same, where the old side could not have seen it.
    RouteFound = "route-found",
    /// A route without a partner on the new side.
    RouteRemoved = "route-removed",
    /// The same, where the new side could not have seen it.
    RouteLost = "route-lost",
    /// The same endpoint and method, another rule.
    RouteRuleChanged = "route-rule-changed",
    /// Another handler.
    RouteHandlerMoved = "route-handler-moved",
    /// The handler was seen and no longer is.
    RouteHandlerLost = "route-handler-lost",
    /// Other conditions.
    RouteGatesChanged = "route-gates-changed",
    /// Other IDs of the same routes, as one change.
    RouteIdsChanged = "route-ids-changed",
    /// Pairs of a route and a queue that were closed and are open.
    PairsOpened = "pairs-opened",
    /// The other way round.
    PairsClosed = "pairs-closed",
    /// Other entry modules or exclusion rules.
    ScanSettingsChanged = "scan-settings-changed",
    /// Another version of the program.
    ScanToolChanged = "scan-tool-changed",
}

impl Kind {
    /// The level that the catalogue gives to the kind.
    ///
    /// # Panics
    /// Never in a released program: a test looks up every kind.
    pub fn level(self) -> Level {
        let Some(code) = codes::find(self.code()) else { panic!("{} is not in the catalogue", self.code()) };
        let level = Level::ALL.into_iter().find(|level| level.name() == code.level);
        level.unwrap_or_else(|| panic!("{} has the level {}", code.name, code.level))
    }
}

/// What a change is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SubjectKind {
    /// A route.
    #[default]
    Route,
    /// A queue.
    Queue,
    /// An edge.
    Edge,
    /// A call that is not resolved.
    Call,
    /// How a side was scanned.
    Scan,
}

/// The identity of what a change is about: that of the new side where it has one.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Subject {
    /// What it is.
    pub kind: SubjectKind,
    /// HTTP method of a route or an edge.
    pub method: Option<String>,
    /// URL rule of a route or an edge.
    pub rule: Option<String>,
    /// Default name of a queue, of an edge's queue, or of the queue that a call leaves open.
    pub queue: Option<String>,
    /// File and function that puts the item, of an edge.
    pub producer: Option<String>,
    /// ID of the route, of a route or an edge.
    pub route_id: Option<String>,
    /// Edge ID, route ID, default name of the queue, ID of the call, or the setting.
    pub id: String,
}

/// A place in the sources of one side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Path relative to the root.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Qualified name of the scope.
    pub symbol: String,
    /// Whether the place is in the new side, and not in the old one.
    pub new: bool,
}

/// Somebody accepts a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Acceptance {
    /// Why.
    pub reason: String,
    /// Who.
    pub owner: String,
    /// Until and on which day.
    pub expires: String,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What kind of change it is.
    #[serde(skip)]
    pub kind: Kind,
    /// Stable code of the kind.
    pub code: &'static str,
    /// How much it matters.
    pub level: Level,
    /// What it is about.
    pub subject: Subject,
    /// What is so on the old side, none where it does not exist.
    pub before: Option<Vec<String>>,
    /// What is so on the new side, none where it does not exist.
    pub after: Option<Vec<String>>,
    /// Why something is lost or found.
    pub reason: Option<String>,
    /// One sentence.
    pub message: String,
    /// Where to look.
    pub place: Option<Place>,
    /// Who accepts it.
    pub accepted: Option<Acceptance>,
}

impl Change {
    /// A change of this kind.
    pub fn new(kind: Kind, subject: Subject, message: String) -> Self {
        Self {
            kind,
            code: kind.code(),
            level: kind.level(),
            subject,
            before: None,
            after: None,
            reason: None,
            message,
            place: None,
            accepted: None,
        }
    }

    /// The change with what is so on both sides.
    #[must_use]
    pub fn values(self, before: Vec<String>, after: Vec<String>) -> Self {
        Self { before: Some(before), after: Some(after), ..self }
    }

    /// The change at a place.
    #[must_use]
    pub fn at(self, file: &str, line: u32, symbol: &str, new: bool) -> Self {
        let place = Place { file: file.to_owned(), line, symbol: symbol.to_owned(), new };
        Self { place: Some(place), ..self }
    }
}

impl Diff {
    /// A comparison of two sides with these changes, the worst first.
    pub fn new(old: Side, new: Side, changes: Vec<Change>) -> Self {
        let mut diff = Self { schema: SCHEMA_NAME, old, new, counts: BTreeMap::new(), accepted: 0, changes };
        diff.count();
        diff
    }

    /// Counts again, after changes were accepted.
    pub fn count(&mut self) {
        self.counts = Level::ALL.into_iter().map(|level| (level, 0)).collect();
        self.accepted = 0;
        for change in &self.changes {
            match change.accepted {
                Some(_) => self.accepted += 1,
                None => *self.counts.entry(change.level).or_default() += 1,
            }
        }
    }

    /// Number of changes at this level that nobody accepts.
    pub fn at_level(&self, level: Level) -> usize {
        self.counts.get(&level).copied().unwrap_or_default()
    }

    /// The worst level of a change that nobody accepts.
    pub fn worst(&self) -> Option<Level> {
        Level::ALL.into_iter().find(|level| self.at_level(*level) > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_catalogue_agree() {
        let known: Vec<&str> =
            codes::all().iter().filter(|code| code.area == "diff").map(|code| &*code.name).collect();
        let mut used: Vec<&str> = Kind::ALL.iter().map(|kind| kind.code()).collect();
        used.sort_unstable();
        assert_eq!(known, used);
        for kind in Kind::ALL {
            assert!(Level::ALL.contains(&kind.level()));
        }
    }

    #[test]
    fn what_decisions_rest_on_is_breaking() {
        for kind in [Kind::EdgeAdded, Kind::EdgeRemoved, Kind::QueueBodyKeyRemoved, Kind::QueueRenamed] {
            assert_eq!(kind.level(), Level::Breaking, "{}", kind.code());
        }
        assert!(Level::Breaking > Level::Notice && Level::Notice > Level::Info);
    }
}
