//! Reading configuration: the built-in defaults, then `producer-map.toml` over them.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::{Config, Pattern, PlanNames, QueueClass, module_file};
use crate::source::Tree;

/// The built-in defaults, in the format of the configuration file.
pub const DEFAULTS: &str = include_str!("../../data/defaults.toml");

/// Name of the configuration file in the scanned root.
pub const FILE_NAME: &str = "producer-map.toml";

/// A configuration file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read configuration {}: {source}; check the path given to --config", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file says something that cannot be meant.
    #[error("{}:{line}:{column}: {message}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What is wrong and what to write instead.
        message: String,
    },
}

/// The file as written: every key optional, positions kept for messages.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    entries: Option<Vec<Spanned<String>>>,
    exclude: Option<Vec<Spanned<String>>>,
    include: Option<Vec<Spanned<String>>>,
    feature_modules: Option<Vec<Spanned<String>>>,
    tracker: Option<Vec<Spanned<String>>>,
    validation_queues: Option<Vec<Spanned<String>>>,
    consumer_entries: Option<Vec<Spanned<String>>>,
    supervisor: Option<Vec<Spanned<String>>>,
    plan: Option<PlanNames>,
    queue_class: Option<Vec<Spanned<QueueClass>>>,
}

/// A mistake at a position of the text.
struct Mistake {
    span: Range<usize>,
    message: String,
}

impl Config {
    /// The built-in defaults.
    ///
    /// # Panics
    /// Never in a released program: a test reads the embedded file.
    pub fn defaults() -> Self {
        let mut config = Config {
            entries: Vec::new(),
            entries_are_default: true,
            exclude: Vec::new(),
            include: Vec::new(),
            feature_modules: Vec::new(),
            tracker: Vec::new(),
            validation_queues: Vec::new(),
            consumer_entries: Vec::new(),
            supervisor: Vec::new(),
            plan: PlanNames::default(),
            queue_classes: Vec::new(),
        };
        if let Err(mistake) = parse(DEFAULTS).and_then(|raw| apply(&mut config, raw)) {
            panic!("the built-in defaults are malformed: {}", mistake.message);
        }
        config.entries_are_default = true;
        config
    }

    /// The configuration for a scan of `tree`: the defaults, and over them `file`, or else the
    /// `producer-map.toml` in the root of the tree if there is one.
    ///
    /// # Errors
    /// When the file cannot be read or is malformed.
    pub fn for_tree(tree: &Tree, file: Option<&Path>) -> Result<Self, ConfigError> {
        if let Some(path) = file {
            return Self::from_file(path);
        }
        let path = tree.place(FILE_NAME);
        let text = tree.file(FILE_NAME).and_then(|bytes| {
            bytes.map(|bytes| String::from_utf8(bytes).map_err(io::Error::other)).transpose()
        });
        match text.map_err(|source| ConfigError::Unreadable { path: path.clone(), source })? {
            Some(text) => Self::from_text(&text, &path),
            None => Ok(Self::defaults()),
        }
    }

    /// The defaults with the file at `path` over them.
    ///
    /// # Errors
    /// When the file cannot be read or is malformed.
    pub fn from_file(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        Self::from_text(&text, path)
    }

    /// The defaults with `text` over them; `path` is for messages only.
    ///
    /// # Errors
    /// When the text is malformed.
    pub fn from_text(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let mut config = Self::defaults();
        parse(text).and_then(|raw| apply(&mut config, raw)).map_err(|mistake| {
            let (line, column) = position(text, mistake.span.start);
            ConfigError::Malformed { path: path.to_owned(), line, column, message: mistake.message }
        })?;
        Ok(config)
    }
}

fn parse(text: &str) -> Result<Raw, Mistake> {
    toml::from_str(text)
        .map_err(|error| Mistake { span: error.span().unwrap_or(0..0), message: error.message().to_owned() })
}

fn apply(config: &mut Config, raw: Raw) -> Result<(), Mistake> {
    if let Some(entries) = raw.entries {
        let entries = plain(entries, "name the module, as in `web.py` or `pkg.app`")?;
        config.entries = entries.iter().map(|e| module_file(e)).collect();
        config.entries_are_default = false;
    }
    if let Some(exclude) = raw.exclude {
        config.exclude.extend(patterns(exclude)?);
    }
    if let Some(include) = raw.include {
        config.include = patterns(include)?;
    }
    if let Some(modules) = raw.feature_modules {
        config.feature_modules = plain(modules, "name the module, as in `features`")?;
    }
    if let Some(places) = raw.tracker {
        config.tracker = plain(places, "name the file relative to the scanned root")?;
    }
    if let Some(queues) = raw.validation_queues {
        config.validation_queues = plain(queues, "name the queue by its default name")?;
    }
    if let Some(entries) = raw.consumer_entries {
        config.consumer_entries = patterns(entries)?;
    }
    if let Some(places) = raw.supervisor {
        config.supervisor = plain(places, "name the file relative to the scanned root")?;
    }
    if let Some(plan) = raw.plan {
        config.plan = plan;
    }
    if let Some(classes) = raw.queue_class {
        config.queue_classes = classes.into_iter().map(queue_class).collect::<Result<_, _>>()?;
    }
    Ok(())
}

fn plain(values: Vec<Spanned<String>>, advice: &str) -> Result<Vec<String>, Mistake> {
    let read = |value: Spanned<String>| {
        if value.get_ref().trim().is_empty() {
            return Err(Mistake { span: value.span(), message: format!("empty value: {advice}") });
        }
        Ok(value.into_inner())
    };
    values.into_iter().map(read).collect()
}

fn patterns(values: Vec<Spanned<String>>) -> Result<Vec<Pattern>, Mistake> {
    let read = |value: Spanned<String>| {
        Pattern::new(value.get_ref())
            .map_err(|error| Mistake { span: value.span(), message: error.to_string() })
    };
    values.into_iter().map(read).collect()
}

fn queue_class(value: Spanned<QueueClass>) -> Result<QueueClass, Mistake> {
    let span = value.span();
    let class = value.into_inner();
    let dotted = class.path.split('.').count() > 1 && class.path.split('.').all(|part| !part.is_empty());
    if !dotted {
        let message = format!("queue class path `{}` names no module: write `module.Class`", class.path);
        return Err(Mistake { span, message });
    }
    if class.put.is_empty() && class.batch.is_empty() {
        let message =
            format!("queue class `{}` has no producing method: list some in `put` or `batch`", class.path);
        return Err(Mistake { span, message });
    }
    Ok(class)
}

/// Line and column, from 1, of a byte offset.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Parameter;

    fn error(text: &str) -> String {
        Config::from_text(text, Path::new("producer-map.toml")).expect_err(text).to_string()
    }

    #[test]
    fn the_defaults_are_complete() {
        let config = Config::defaults();
        assert_eq!(config.entries.len(), 3);
        assert!(config.entries_are_default);
        assert_eq!(config.validation_queues.len(), 6);
        assert_eq!(config.queue_classes.len(), 1);
        assert_eq!(config.queue_classes[0].name_arg, Parameter::Name("queue_name".into()));
        assert!(
            !config.exclude.is_empty() && !config.tracker.is_empty() && !config.consumer_entries.is_empty()
        );
        let filter = config.path_filter();
        for path in
            ["a/test/b.py", "tests/x.py", "m/migrations/1.py", ".git/x.py", "a/test_b.py", "a/b_test.py"]
        {
            assert!(filter.excluded(path, false).is_some(), "{path}");
        }
        assert!(filter.excluded("a/contest.py", false).is_none());
    }

    #[test]
    fn a_key_replaces_and_exclude_adds() {
        let text = "entries = [\"pkg.app\"]\nexclude = [\"tools/\"]\nvalidation_queues = []\n\
                    [[queue_class]]\npath = \"jobs.Queue\"\nput = [\"send\"]\nname_arg = 1\n";
        let config = Config::from_text(text, Path::new("x")).expect("valid");
        assert_eq!(config.entries, ["pkg/app.py"]);
        assert!(!config.entries_are_default);
        assert_eq!(config.exclude.len(), Config::defaults().exclude.len() + 1);
        assert!(config.validation_queues.is_empty());
        assert_eq!(config.queue_classes.len(), 1);
        assert_eq!(config.queue_classes[0].name_arg, Parameter::Position(1));
        assert_eq!(config.queue_classes[0].module_and_class(), ("jobs", "Queue"));
        assert_eq!(config.feature_modules, Config::defaults().feature_modules);
    }

    #[test]
    fn mistakes_name_file_and_line() {
        assert!(error("\nentry = []\n").starts_with("producer-map.toml:2:1: unknown field `entry`"));
        assert!(
            error("exclude = [\n  \"ok\",\n  \"../x\",\n]")
                .starts_with("producer-map.toml:3:3: pattern `../x`")
        );
        assert!(error("entries = [\"\"]").contains(":1:12: empty value"));
        assert!(error("entries = 3").starts_with("producer-map.toml:1:11: "));
        assert!(error("x = [").starts_with("producer-map.toml:1:"));
        let class = "[[queue_class]]\npath = \"Queue\"\nput = [\"put\"]\nname_arg = 0\n";
        assert!(error(class).contains("names no module"));
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Config::from_file(Path::new("no/such.toml")).expect_err("missing").to_string();
        assert!(error.contains("no/such.toml") && error.contains("--config"), "{error}");
    }
}
