//! `link` and `render`: the evidence in the checklists, and the document that they link to.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::OnceLock;

use producer_map::checklist::{Links, Style, plan};
use producer_map::evidence::model::Worker;
use producer_map::evidence::{Evidence, load, to_json};
use producer_map::render;
use producer_map::sheet::{Edits, Sheet};

use crate::support::{assert_snapshot, crate_root, miniquay, run, stderr, stdout};

const ROUTES: &str = "miniquay_routes.csv";
const WORKERS: &str = "miniquay_workers.csv";

fn shipped() -> PathBuf {
    crate_root().join("testdata/checklists")
}

/// The evidence of the sample, as text.
fn evidence() -> &'static str {
    static EVIDENCE: OnceLock<String> = OnceLock::new();
    EVIDENCE.get_or_init(|| stdout(&run(&miniquay(), &["scan", "-o", "-", "-q"])))
}

/// A directory with the evidence of the sample and copies of its checklists.
fn workplace() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("temporary directory");
    fs::write(dir.path().join("evidence.json"), evidence()).expect("writable");
    for name in [ROUTES, WORKERS] {
        fs::copy(shipped().join(name), dir.path().join(name)).expect("copied");
    }
    dir
}

fn link(dir: &Path, arguments: &[&str]) -> Output {
    run(dir, &[&["link", "--evidence", "evidence.json", "--commit", "0123456789ab"], arguments].concat())
}

fn read(dir: &Path, name: &str) -> Vec<u8> {
    fs::read(dir.join(name)).expect("readable")
}

/// Records of a CSV file, the header among them, as another reader sees them.
fn records(bytes: &[u8]) -> Vec<csv::ByteRecord> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes);
    reader.byte_records().collect::<Result<_, _>>().expect("well formed")
}

/// The first fields of the records in which two states differ. They differ in nothing but the columns named.
fn changed(old: &[u8], new: &[u8], columns: &[&str]) -> Vec<String> {
    let (old, new) = (records(old), records(new));
    assert_eq!(old.len(), new.len());
    let header = old[0].clone();
    let mut ids = Vec::new();
    for (before, after) in old.iter().zip(&new).filter(|(before, after)| before != after) {
        ids.push(String::from_utf8_lossy(&before[0]).into_owned());
        assert_eq!(before.len(), after.len());
        for ((name, before), after) in header.iter().zip(before).zip(after) {
            assert!(before == after || columns.iter().any(|column| column.as_bytes() == name), "{ids:?}");
        }
    }
    ids
}

#[test]
fn a_dry_run_prints_the_difference_and_writes_nothing() {
    let dir = workplace();
    let output = link(dir.path(), &["--checklist", ROUTES, WORKERS]);
    assert_snapshot("link-dry-run.diff", &stdout(&output));
    assert_snapshot("link-dry-run.txt", &stderr(&output));
    for name in [ROUTES, WORKERS] {
        assert_eq!(read(dir.path(), name), read(&shipped(), name));
    }
}

#[test]
fn what_is_written_stays_and_nothing_else_changes() {
    let dir = workplace();
    let checklists = ["--checklist", ROUTES, "--checklist", WORKERS];
    let with = |more: &[&str]| link(dir.path(), &[&checklists, more].concat());
    let stale = with(&["--check", "-q"]);
    assert_eq!(stale.status.code(), Some(1));
    assert_eq!(
        stderr(&stale),
        format!(
            "error: out of date, bring up to date with `producer-map link --write`:\n  {ROUTES}\n  {WORKERS}\n"
        )
    );
    assert_eq!(stdout(&with(&["--write", "-q"])), "");

    let (old, new) = (read(&shipped(), ROUTES), read(dir.path(), ROUTES));
    // Of the first the edge is gone, the others have edges.
    let expected = ["\u{feff}ROUTE-0001", "ROUTE-0010", "ROUTE-0022", "ROUTE-0056", "ROUTE-0054"];
    let expected = expected.map(|id| id.trim_start_matches('\u{feff}'));
    assert_eq!(changed(&old, &new, &["verification_notes"]), expected);
    assert!(new.starts_with("\u{feff}route_id".as_bytes()) && new.ends_with(b",=not touched,A3"));
    let line_ends = |bytes: &[u8]| bytes.windows(2).filter(|pair| pair == b"\r\n").count();
    assert_eq!(line_ends(&new), line_ends(&old));
    let text = String::from_utf8_lossy(&new);
    assert!(
        text.contains(",Read by hand.,A1\r\n"),
        "the part of a gone edge is removed, and its quotes never come"
    );
    assert!(
        text.contains("\"Two steps:\r\nmark, then \"\"collect\"\", as the worker says [producer-map: queue ")
    );
    assert!(
        text.contains("\"Before. [producer-map: queue ")
            && text.contains(":producer-map] After, with a comma.\"")
    );

    assert_eq!(with(&["--check"]).status.code(), Some(0));
    assert_eq!(stdout(&with(&["--write"])), "");
    assert_eq!(stdout(&with(&[])), "");
    assert_eq!(read(dir.path(), ROUTES), new);
}

#[test]
fn nothing_is_written_when_anything_is_wrong() {
    let dir = workplace();
    let mut rows = read(&shipped(), WORKERS);
    rows.extend(b"PROC-006,,,,,,,\nPROC-007,other,,workers/none.py,,,,\n");
    fs::write(dir.path().join("more.csv"), &rows).expect("writable");
    let output = link(dir.path(), &["--checklist", ROUTES, "more.csv", "--write"]);
    assert_eq!(output.status.code(), Some(2));
    let message = stderr(&output);
    assert!(
        message.contains("\n  more.csv:8: duplicate process_id PROC-006, first used on line 7"),
        "{message}"
    );
    assert!(
        message.contains("\n  more.csv:9: no program other") && message.contains("(checklist-row-unmatched)")
    );
    assert_eq!(read(dir.path(), ROUTES), read(&shipped(), ROUTES));
    assert_eq!(read(dir.path(), "more.csv"), rows);
}

#[test]
fn the_status_changes_only_with_the_flag() {
    let dir = workplace();
    let arguments = ["--checklist", ROUTES, "--write", "-q"];
    assert_eq!(link(dir.path(), &arguments).status.code(), Some(0));
    let before = read(dir.path(), ROUTES);
    let status = ["--set-status", "verified-evidence-linked"];
    assert_eq!(link(dir.path(), &[&arguments[..], &status].concat()).status.code(), Some(0));
    let after = read(dir.path(), ROUTES);
    let ids = changed(&before, &after, &["verification_status"]);
    assert_eq!(ids, ["ROUTE-0010", "ROUTE-0022", "ROUTE-0056", "ROUTE-0054"]);
    let text = String::from_utf8_lossy(&after);
    // What had quotes keeps them, what had none gets none.
    assert_eq!(text.matches(",verified-evidence-linked,").count(), 2);
    assert_eq!(text.matches(",\"verified-evidence-linked\",").count(), 2);
}

#[test]
fn wrong_use_of_link_ends_with_2() {
    let dir = workplace();
    let cases: [(&[&str], &str); 8] = [
        (&[], "--checklist"),
        (&["--checklist", "no.csv"], "cannot read checklist no.csv"),
        (&["--checklist", ROUTES, "./miniquay_routes.csv"], "names ./miniquay_routes.csv twice"),
        (&["--checklist", ROUTES, "--write", "--check"], "cannot be used with"),
        (&["--checklist", ROUTES, "--link-base", "ftp://host/"], "https://"),
        (
            &["--checklist", ROUTES, "--link-base", "https://host/", "--rendered", "a.md"],
            "cannot be used with",
        ),
        (&["--checklist", ROUTES, "--set-status", "=1"], "begins with a letter"),
        (&["--checklist", ROUTES, "--rendered", "a b.md"], "begins with a letter"),
    ];
    for (arguments, message) in cases {
        let output = link(dir.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(message), "{arguments:?}: {}", stderr(&output));
    }
}

/// Whatever follows `prefix` in `text`, up to a character that no link has.
fn links<'a>(text: &'a str, prefix: &str) -> BTreeSet<&'a str> {
    let end = |rest: &'a str| rest.split([' ', ')', '"']).next().unwrap_or_default();
    text.split(prefix).skip(1).map(end).collect()
}

#[test]
fn every_link_has_its_anchor() {
    let dir = workplace();
    assert_eq!(stderr(&run(dir.path(), &["render", "--evidence", "evidence.json"])), "wrote evidence.md\n");
    let document = fs::read_to_string(dir.path().join("evidence.md")).expect("written");
    let names: Vec<&str> = document
        .split("<a id=\"")
        .skip(1)
        .filter_map(|rest| rest.split_once('"'))
        .map(|(name, _)| name)
        .collect();
    let anchors: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(anchors.len(), names.len(), "no anchor stands twice");

    assert_eq!(link(dir.path(), &["--checklist", ROUTES, WORKERS, "--write"]).status.code(), Some(0));
    for name in [ROUTES, WORKERS] {
        let text = String::from_utf8(read(dir.path(), name)).expect("UTF-8");
        let wanted = links(&text, "evidence.md#");
        assert!(wanted.len() > 2, "{name}");
        assert!(wanted.is_subset(&anchors), "{name}: {wanted:?}");
    }
    let inside = links(&document, "](#");
    assert!(inside.len() > 50 && inside.is_subset(&anchors));
}

#[test]
fn a_link_base_makes_links_of_positions() {
    let dir = workplace();
    let base = ["--link-base", "https://host.example/blob/abc"];
    let document = stdout(&run(
        dir.path(),
        &[&["render", "--evidence", "evidence.json", "-o", "-"], &base[..]].concat(),
    ));
    let links = links(&document, "](https://host.example/blob/abc/");
    let all: BTreeSet<String> = load(&dir.path().join("evidence.json"))
        .expect("evidence")
        .edges
        .iter()
        .flat_map(|edge| edge.path.iter().map(|hop| format!("{}#L{}", hop.file, hop.line)))
        .collect();
    assert!(all.len() > 50 && all.iter().all(|place| links.contains(place.as_str())));

    let text = stdout(&link(dir.path(), &[&["--checklist", ROUTES], &base[..]].concat()));
    assert!(text.contains("; evidence https://host.example/blob/abc/data/model/marker.py#L10 |"), "{text}");
    assert!(
        !text.contains(".md#e-") || text.matches(".md#e-").count() == 1,
        "only the part that goes had an anchor"
    );
}

#[test]
fn document_of_the_evidence() {
    let evidence = crate::handmade::evidence();
    assert_snapshot("document.md", &render::document(&evidence, None));
    let base = "https://host.example/blob/abc/".parse().expect("an address");
    assert_snapshot("document-links.md", &render::document(&evidence, Some(&base)));
}

/// The CSV files below a directory.
fn csv_files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            found.extend(csv_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "csv") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The directory with the plan's own CSV files.
fn plans() -> Option<PathBuf> {
    let plans = std::env::var_os("QUAY_PLANS").map(PathBuf::from);
    if plans.is_none() {
        eprintln!("skipped: QUAY_PLANS does not name a directory with the CSV files of the plan");
    }
    plans
}

fn assert_round_trip(files: &[PathBuf]) {
    for path in files {
        let bytes = fs::read(path).expect("readable");
        let (sheet, problems) = Sheet::parse(bytes.clone());
        assert_eq!(problems, [], "{}", path.display());
        assert_eq!(sheet.edited(&Edits::new()), bytes, "{}", path.display());
        // Another reader sees the same fields.
        let others = records(&bytes);
        assert_eq!(sheet.len() + 1, others.len(), "{}", path.display());
        for (row, other) in others.iter().skip(1).enumerate() {
            for (column, field) in other.iter().enumerate() {
                assert_eq!(*sheet.field(row, column), *field, "{}:{}", path.display(), sheet.line(row));
            }
        }
    }
}

#[test]
fn every_form_of_csv_comes_back() {
    let files = csv_files(&crate_root().join("testdata"));
    assert!(files.len() > 10);
    assert_round_trip(&files);
}

#[test]
fn every_file_of_the_plan_comes_back() {
    let Some(plans) = plans() else { return };
    let files = csv_files(&plans);
    assert!(files.len() > 1, "{} holds no CSV files", plans.display());
    assert_round_trip(&files);
}

/// The committed evidence of Quay.
fn quay() -> Evidence {
    load(&crate_root().join("output/quay-2a1b6372/evidence.json")).expect("evidence")
}

#[test]
fn without_edges_a_checklist_of_the_plan_comes_back() {
    let Some(plans) = plans() else { return };
    let mut evidence = quay();
    evidence.edges.clear();
    let style = Style { links: Links::Document("evidence.md".into()), stamp: "commit abc".into() };
    let bytes = read(&plans, "route_auth_verification_checklist.csv");
    let plan = plan(&bytes, &evidence, &style, Some("changed")).expect("in order");
    assert_eq!((plan.matched, plan.with_edges, plan.changed), (413, 0, 0));
    assert_eq!(plan.content, bytes);
}

/// Links a copy of a checklist of the plan with `evidence`. The rows that change are those whose field `key` is in
/// `with_edges`, they change in the notes alone, and a second run changes nothing.
fn assert_links(evidence: &Evidence, bytes: &[u8], key: usize, with_edges: &BTreeSet<&str>) {
    let dir = tempfile::tempdir().expect("temporary directory");
    fs::write(dir.path().join("evidence.json"), to_json(evidence).expect("JSON")).expect("writable");
    fs::write(dir.path().join("list.csv"), bytes).expect("writable");
    let write = || {
        let output = link(dir.path(), &["--checklist", "list.csv", "--write"]);
        assert_eq!(stdout(&output), "");
        stderr(&output)
    };
    write();
    let new = read(dir.path(), "list.csv");
    let expected: Vec<String> = records(bytes)
        .iter()
        .filter(|record| with_edges.contains(&*String::from_utf8_lossy(&record[key])))
        .map(|record| String::from_utf8_lossy(&record[0]).into_owned())
        .collect();
    assert!(!expected.is_empty());
    assert_eq!(changed(bytes, &new, &["verification_notes"]), expected);
    // Line by line, as git compares them.
    let lines = |bytes: &[u8]| bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
    let (old_lines, new_lines) = (lines(bytes), lines(&new));
    assert_eq!(old_lines.len(), new_lines.len());
    let different = old_lines.iter().zip(&new_lines).filter(|(old, new)| old != new).count();
    assert_eq!(different, expected.len());
    assert!(write().contains(", 0 changed\n"));
    assert_eq!(read(dir.path(), "list.csv"), new);
}

#[test]
fn only_rows_with_edges_change_in_the_route_checklist_of_the_plan() {
    let Some(plans) = plans() else { return };
    let evidence = quay();
    let with_edges = evidence.edges.iter().map(|edge| edge.route_id.as_str()).collect();
    assert_links(&evidence, &read(&plans, "route_auth_verification_checklist.csv"), 0, &with_edges);
}

#[test]
fn only_workers_that_routes_feed_change_in_the_worker_checklist_of_the_plan() {
    let Some(plans) = plans() else { return };
    let Some(evidence) = crate::quay::evidence() else { return };
    let fed: BTreeSet<&str> = evidence.edges.iter().map(|edge| edge.queue.as_str()).collect();
    let takes = |worker: &&Worker| worker.consumes.iter().any(|taken| fed.contains(taken.queue.as_str()));
    let with_edges: BTreeSet<&str> =
        evidence.workers.iter().filter(takes).map(|worker| worker.program.as_str()).collect();
    // Each of the nine queues has a program of its own.
    assert_eq!(with_edges.len(), 9, "{with_edges:?}");
    assert_links(evidence, &read(&plans, "worker_verification_checklist.csv"), 1, &with_edges);
}

#[test]
fn the_committed_document_is_that_of_the_committed_evidence() {
    let base = "https://github.com/quay/quay/blob/2a1b6372086e22fb63df66c62ee3ac024d375e5b/";
    let document = render::document(&quay(), Some(&base.parse().expect("an address")));
    let path = crate_root().join("output/quay-2a1b6372/evidence.md");
    let committed = fs::read_to_string(path).expect("the rendered evidence is committed");
    assert!(
        committed == document,
        "run: producer-map render --evidence output/quay-2a1b6372/evidence.json --link-base {base}"
    );
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    let dir = tempfile::tempdir().expect("temporary directory");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = stdout(&run(dir.path(), &["completions", shell]));
        assert!(script.contains("set-status"), "{shell}");
    }
    assert_eq!(run(dir.path(), &["completions", "tcsh"]).status.code(), Some(2));
    let page = stdout(&run(dir.path(), &["man"]));
    assert!(page.starts_with(".ie") && page.contains("producer\\-map"), "{page}");
    assert_eq!(stdout(&run(dir.path(), &["man", "-o", "man1"])), "");
    for name in ["", "-scan", "-why", "-link", "-render"] {
        let page = fs::read_to_string(dir.path().join(format!("man1/producer-map{name}.1"))).expect("a page");
        assert!(page.contains(".SH SYNOPSIS"), "{name}");
    }
}
