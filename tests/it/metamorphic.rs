//! Metamorphic tests: the sample is changed in ways that do not change what it does, and the scan has to find the same.
//!
//! Each transformation works on the ranges that the parser gives, and has to change something. With a Python at hand the
//! changed sources are compiled; with Flask as well (`PYTHON`, see `support::python`) the changed application is run, and has
//! to enqueue what the sample enqueues.

mod scopes;
mod source;
mod transform;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use producer_map::config::Config;
use producer_map::evidence::Evidence;
use producer_map::evidence::model::{Edge, Queue, Route};
use producer_map::source::Tree;
use serde_json::Value;

use crate::support::{copy_tree, crate_root, miniquay, python, scan, stderr};
use source::Sources;
use transform::Which;

fn sources() -> &'static Sources {
    static SOURCES: OnceLock<Sources> = OnceLock::new();
    SOURCES.get_or_init(|| source::read(&miniquay()))
}

fn untransformed() -> &'static Evidence {
    static FOUND: OnceLock<Evidence> = OnceLock::new();
    FOUND.get_or_init(|| scan(&miniquay(), &[]))
}

/// The changed sample in a folder of its own, with the script that runs it beside it.
struct Changed {
    folder: PathBuf,
    _temporary: tempfile::TempDir,
}

impl Changed {
    /// Writes changed sources over a copy of the sample; at least `count` files have to differ.
    fn write(changed: &Sources, count: usize) -> Changed {
        let differ = changed.iter().filter(|(path, text)| sources().get(*path) != Some(text)).count();
        assert!(differ >= count, "only {differ} files were changed");
        let temporary = tempfile::tempdir().expect("writable");
        let folder = temporary.path().to_path_buf();
        copy_tree(&miniquay(), &folder.join("miniquay"));
        copy_tree(&crate_root().join("testdata/miniquay_check"), &folder.join("miniquay_check"));
        for (path, text) in changed {
            source::parse(path, text);
            std::fs::write(folder.join("miniquay").join(path), text).expect("writable");
        }
        let changed = Changed { folder, _temporary: temporary };
        changed.runs();
        changed
    }

    fn scan(&self) -> Evidence {
        scan(&self.folder.join("miniquay"), &[])
    }

    /// Compiles the sources, and runs the application if Flask is there.
    fn runs(&self) {
        let Some(python) = python() else { return };
        let mut compile = Command::new(&python);
        compile.args(["-W", "error", "-m", "compileall", "-q", "miniquay"]).current_dir(&self.folder);
        let output = compile.output().expect("Python starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        let Some(expected) = recorded() else { return };
        let found = observe(&python, &self.folder);
        assert_eq!(&found, expected, "the changed application does something else");
    }
}

/// What the requests of the sample come to when it is run, none without Flask.
fn recorded() -> Option<&'static BTreeSet<String>> {
    static RECORDED: OnceLock<Option<BTreeSet<String>>> = OnceLock::new();
    let recorded = RECORDED.get_or_init(|| {
        let python = python()?;
        let flask = Command::new(&python).args(["-c", "import flask, flask_restful"]).output().ok()?;
        if !flask.status.success() {
            eprintln!("not run: {python} has no Flask");
            return None;
        }
        Some(observe(&python, &crate_root().join("testdata")))
    });
    recorded.as_ref()
}

/// The answers to the requests of the sample, and what each put on which queue.
fn observe(python: &str, folder: &Path) -> BTreeSet<String> {
    let mut command = Command::new(python);
    command.arg(folder.join("miniquay_check/run_recorded.py")).args(["--observe", "{}"]);
    let output = command.env("PYTHONDONTWRITEBYTECODE", "1").output().expect("Python starts");
    assert!(output.status.success(), "{}", stderr(&output));
    let run: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let each = |key: &str, parts: &[&str]| -> Vec<String> {
        let entries = run[key].as_array().expect("a list");
        entries.iter().map(|entry| parts.iter().map(|part| format!("{} ", entry[*part])).collect()).collect()
    };
    let answers = each("answers", &["method", "path", "status"]);
    let observed = each("observed", &["method", "rule", "queue", "body_keys"]);
    assert!(!observed.is_empty(), "nothing was enqueued");
    answers.into_iter().chain(observed).collect()
}

/// What must be the same: lines never count, since definitions move.
#[derive(Clone, Copy, PartialEq)]
enum Same {
    /// Everything, witness paths included.
    Paths,
    /// Routes, queues and edges with their identities; paths have further hops.
    Edges,
}

fn described_route(route: &Route) -> String {
    let handler = route.handler.as_ref().map(|place| format!("{}:{}", place.file, place.symbol));
    format!("{} {} {} {} {handler:?} {:?}", route.id, route.method, route.rule, route.endpoint, route.gates)
}

fn described_queue(queue: &Queue) -> String {
    let producers: BTreeSet<String> = queue
        .producers
        .iter()
        .map(|site| {
            format!(
                "{} {}:{} {:?} {:?}",
                site.id, site.file, site.symbol, site.body.always, site.body.sometimes
            )
        })
        .collect();
    format!(
        "{} {:?} {:?} {:?} {producers:?}",
        queue.name, queue.variable, queue.config_key, queue.has_namespace
    )
}

fn described_edge(edge: &Edge, same: Same) -> String {
    let Edge { id, route_id, method, rule, queue, certainty, gates, path_id, .. } = edge;
    let producer = format!("{}:{} {}", edge.producer.file, edge.producer.symbol, edge.producer.operation);
    let text = format!("{id} {route_id} {method} {rule} -> {queue} {producer} {certainty} {gates:?}");
    match same {
        Same::Edges => text,
        Same::Paths => {
            let hops: Vec<String> =
                edge.path.iter().map(|hop| format!("{}[{}]", hop.symbol, hop.kind)).collect();
            format!("{text} {path_id} {}", hops.join(" > "))
        }
    }
}

/// What stands in one scan only.
fn differences(changed: &Evidence, same: Same) -> Vec<String> {
    let described = |evidence: &Evidence| -> BTreeSet<String> {
        let routes = evidence.routes.iter().map(described_route);
        let queues = evidence.queues.iter().map(described_queue);
        let edges = evidence.edges.iter().map(|edge| described_edge(edge, same));
        routes.chain(queues).chain(edges).collect()
    };
    let (before, after) = (described(untransformed()), described(changed));
    let lost = before.difference(&after).map(|text| format!("- {text}"));
    let found = after.difference(&before).map(|text| format!("+ {text}"));
    lost.chain(found).collect()
}

fn assert_same(changed: &Evidence, same: Same) {
    assert!(changed.edges.len() > 50, "the sample has edges");
    let differences = differences(changed, same);
    assert!(differences.is_empty(), "\n{}\n", differences.join("\n"));
}

/// The files that define what the configuration names.
fn configured() -> Vec<String> {
    let config = Config::for_tree(&Tree::directory(&miniquay()), None).expect("well formed");
    let file =
        |path: &String| path.rsplit_once('.').map(|(module, _)| format!("{}.py", module.replace('.', "/")));
    config.queue_classes.iter().filter_map(|class| file(&class.path)).collect()
}

#[test]
fn renamed_locals() {
    let changed = Changed::write(&transform::rename_locals(sources()), 20);
    assert_same(&changed.scan(), Same::Paths);
}

#[test]
fn reordered_definitions() {
    let changed = Changed::write(&transform::reorder_definitions(sources()), 15);
    assert_same(&changed.scan(), Same::Paths);
}

/// Compares with functions under a decorator that changes nothing. So many findings are lost and so many found today; both
/// ought to be 0, and the test fails as soon as they are others.
fn decorated(which: Which, wraps: bool, files: usize, lost: usize, found: usize) {
    let changed = Changed::write(&transform::decorate(sources(), &configured(), which, wraps), files);
    let differences = differences(&changed.scan(), Same::Edges);
    let count = |sign: char| differences.iter().filter(|difference| difference.starts_with(sign)).count();
    assert_eq!((count('-'), count('+')), (lost, found), "\n{}\n", differences.join("\n"));
}

#[test]
fn a_decorator_around_decorated_functions() {
    decorated(Which::Decorated, true, 10, 0, 0);
}

#[test]
fn a_decorator_around_plain_functions() {
    decorated(Which::Plain, true, 10, 0, 0);
    decorated(Which::Plain, false, 10, 0, 0);
}

#[test]
fn a_decorator_around_methods() {
    decorated(Which::Methods, true, 20, 0, 0);
}

/// What `show_if(flag)` returns hides a route if it returns nothing, under another decorator as well.
#[test]
fn a_decorator_around_inner_functions() {
    decorated(Which::Inner, true, 5, 0, 0);
}

#[test]
fn functions_behind_aliases() {
    let changed = Changed::write(&transform::alias_functions(sources()), 20);
    assert_same(&changed.scan(), Same::Paths);
}

/// An edge where identities may change, since they are made of files: what moved counts under the file that it comes from.
#[derive(PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Stayed {
    edge: [String; 6],
    gates: Vec<String>,
    /// The identity, if the producer did not move.
    id: Option<String>,
}

#[test]
fn modules_split_in_two() {
    let (split, moved_from) = transform::split_modules(sources(), &configured());
    let found = Changed::write(&split, 10).scan();
    let origin = |file: &String| moved_from.get(file).unwrap_or(file).clone();
    let moved: BTreeSet<String> = {
        let producers = found.edges.iter().map(|edge| &edge.producer);
        let moved = producers.filter(|producer| moved_from.contains_key(&producer.file));
        moved.map(|producer| format!("{} {}", origin(&producer.file), producer.symbol)).collect()
    };
    assert!(!moved.is_empty(), "no producer moved");
    let edges = |evidence: &Evidence| -> BTreeSet<Stayed> {
        let stayed = |edge: &Edge| {
            let Edge { id, method, rule, queue, producer, certainty, gates, .. } = edge;
            let file = origin(&producer.file);
            let stays = !moved.contains(&format!("{file} {}", producer.symbol));
            let edge = [method, rule, queue, &file, &producer.symbol, certainty].map(String::clone);
            Stayed { edge, gates: gates.clone(), id: stays.then(|| id.clone()) }
        };
        evidence.edges.iter().map(stayed).collect()
    };
    assert_eq!(edges(untransformed()), edges(&found));
    let routes = |evidence: &Evidence| -> BTreeSet<[String; 3]> {
        evidence
            .routes
            .iter()
            .map(|route| [&route.id, &route.method, &route.rule].map(String::clone))
            .collect()
    };
    assert_eq!(routes(untransformed()), routes(&found));
}
