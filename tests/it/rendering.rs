//! What is made of findings: the evidence file, the summaries, the lists and the story of a chain.

use std::path::Path;

use producer_map::evidence::{Evidence, to_json};
use producer_map::render;

use crate::handmade::evidence;
use crate::support::{assert_snapshot, ledger};

/// As it looks where styles are not wanted.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

fn why(evidence: &Evidence, id: &str, queue: Option<&str>, root: &Path) -> String {
    let route = evidence.routes.iter().find(|route| route.id == id).expect("the route");
    plain(&render::why(evidence, route, queue, &mut render::SourceTree::new(root)))
}

#[test]
fn evidence_file() {
    assert_snapshot("evidence.json", &to_json(&evidence()).expect("JSON"));
}

#[test]
fn summary_for_the_terminal() {
    assert_snapshot("summary.txt", &plain(&render::summary(&evidence())));
}

#[test]
fn summary_as_markdown() {
    assert_snapshot("summary.md", &render::markdown(&evidence()));
}

#[test]
fn lists() {
    let evidence = evidence();
    assert_snapshot("routes.txt", &plain(&render::routes_table(&evidence, false)));
    assert_snapshot("routes-all.txt", &plain(&render::routes_table(&evidence, true)));
    assert_snapshot("queues.txt", &plain(&render::queues_table(&evidence)));
}

#[test]
fn story_of_a_chain() {
    let text = why(&evidence(), "LEDGER-2", None, &ledger());
    assert_snapshot("why.txt", &text);
    assert_eq!(why(&evidence(), "LEDGER-2", Some("archive"), &ledger()), text);
}

#[test]
fn story_without_source_lines() {
    let text = why(&evidence(), "LEDGER-2", None, Path::new("no/such/place"));
    assert!(text.contains("service.py:8") && !text.contains("service.close_all([entry_id])"));
}
