//! What the program has to know about a project, as data: documented defaults and the optional
//! `producer-map.toml` over them.
//!
//! The defaults are a file of the same format (`data/defaults.toml`), so that no name of any project
//! stands in the code and every default can be read, copied and replaced.

mod glob;
mod load;

pub use glob::{PathFilter, Pattern, PatternError};
pub use load::{ConfigError, DEFAULTS, FILE_NAME};

use serde::Deserialize;

/// Everything the configuration decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// WSGI entry modules, as file paths relative to the scanned root.
    pub entries: Vec<String>,
    /// Whether `entries` are the built-in defaults: then a missing one is no mistake of the user's.
    pub entries_are_default: bool,
    /// Patterns of what is left out, the defaults first.
    pub exclude: Vec<Pattern>,
    /// Patterns that take back what `exclude` leaves out.
    pub include: Vec<Pattern>,
    /// Dotted names of the modules whose attributes are feature flags.
    pub feature_modules: Vec<String>,
    /// Usual places of the route tracker, relative to the scanned root, in the order they are tried.
    pub tracker: Vec<String>,
    /// Default names of the queues that get a validation item, in the order of the items.
    pub validation_queues: Vec<String>,
    /// Patterns of the modules that are executed only to find consumers.
    pub consumer_entries: Vec<Pattern>,
    /// Usual places of the supervisor's configuration, relative to the scanned root, in the order they are tried.
    pub supervisor: Vec<String>,
    /// Where the cutover plan's tables are looked for, and under which names.
    pub plan: PlanNames,
    /// The classes whose instances are work queues.
    pub queue_classes: Vec<QueueClass>,
}

/// A class whose instances are work queues.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueClass {
    /// Dotted path: module, then class.
    pub path: String,
    /// Methods that enqueue their argument.
    pub put: Vec<String>,
    /// Methods whose `with` block is handed a function that enqueues.
    #[serde(default)]
    pub batch: Vec<String>,
    /// Methods that take an item off.
    #[serde(default)]
    pub consume: Vec<String>,
    /// Parameter of a put that holds the item's body; without it the keys of bodies are not looked for.
    #[serde(default)]
    pub body_arg: Option<Parameter>,
    /// Constructor parameter that holds the queue's name.
    pub name_arg: Parameter,
    /// Constructor parameter that tells whether items carry a namespace.
    #[serde(default)]
    pub namespace_arg: Option<Parameter>,
}

/// Usual places of the cutover plan's tables. Each list is tried in order; names are relative to the directory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlanNames {
    /// Directories, relative to the current one.
    pub directories: Vec<String>,
    /// The dependency matrix.
    pub matrix: Vec<String>,
    /// The cutover plan.
    pub cutover: Vec<String>,
    /// The route tracker.
    pub route_tracker: Vec<String>,
    /// The route checklist.
    pub route_checklist: Vec<String>,
    /// The worker tracker.
    pub worker_tracker: Vec<String>,
    /// The worker checklist.
    pub worker_checklist: Vec<String>,
    /// The worker tests.
    pub worker_tests: Vec<String>,
    /// The queue tests.
    pub queue_tests: Vec<String>,
    /// The payload inventory.
    pub payloads: Vec<String>,
}

impl QueueClass {
    /// The module and the class of `path`; [`Config`] holds only paths that have both.
    pub fn module_and_class(&self) -> (&str, &str) {
        self.path.rsplit_once('.').unwrap_or(("", &self.path))
    }
}

/// A constructor parameter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Parameter {
    /// By position, counted from 0 without `self`.
    Position(usize),
    /// By name.
    Name(String),
}

impl Config {
    /// The filter that `exclude` and `include` make together.
    pub fn path_filter(&self) -> PathFilter {
        PathFilter::new(self.exclude.clone(), self.include.clone())
    }

    /// Replaces the entry modules, given as file paths or dotted module names.
    pub fn set_entries<S: AsRef<str>>(&mut self, entries: &[S]) {
        self.entries = entries.iter().map(|e| module_file(e.as_ref())).collect();
        self.entries_are_default = false;
    }
}

/// The file path of an entry given as a path (`pkg/app.py`) or as a dotted name (`pkg.app`).
fn module_file(entry: &str) -> String {
    let entry = entry.trim_start_matches("./");
    if entry.ends_with(".py") { entry.replace('\\', "/") } else { format!("{}.py", entry.replace('.', "/")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_paths_or_dotted_names() {
        assert_eq!(module_file("web.py"), "web.py");
        assert_eq!(module_file("./pkg/app.py"), "pkg/app.py");
        assert_eq!(module_file("pkg.app"), "pkg/app.py");
    }

    #[test]
    fn set_entries_marks_them_as_chosen() {
        let mut config = Config::defaults();
        assert!(config.entries_are_default);
        config.set_entries(&["pkg.app"]);
        assert_eq!(config.entries, ["pkg/app.py"]);
        assert!(!config.entries_are_default);
    }
}
