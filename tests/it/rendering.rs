//! What is made of findings: the evidence file, the summaries, the lists and the story of a chain.

use std::path::Path;

use producer_map::evidence::model::{NearMiss, Place};
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

#[test]
fn what_is_known_of_a_near_miss_without_a_way_to_the_put() {
    let evidence = evidence();
    let route = evidence.routes.iter().find(|route| route.id == "LEDGER-1").expect("the route");
    let told = |nearness: &str, runs: bool| {
        let at =
            |line, symbol: &str| Place { file: "service.py".to_owned(), line, symbol: symbol.to_owned() };
        let miss = NearMiss {
            nearness: nearness.to_owned(),
            way: Vec::new(),
            call: Some(at(9, "caller")),
            callee: "x.check".to_owned(),
            function: Some(at(4, "check")),
            runs,
            rest: Vec::new(),
        };
        let mut tree = render::SourceTree::new(&ledger());
        let text = plain(&render::why_not(&evidence, route, "archive", Some(&miss), &mut tree));
        text.lines().skip_while(|line| !line.starts_with("nearest")).take(2).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(
        told("open", false),
        "nearest miss: check (service.py:4), which no route runs\n  x.check at service.py:9 in caller may enter it"
    );
    assert_eq!(
        told("open", true),
        "nearest miss: check (service.py:4), which leads on by a call that is not understood\n  x.check at \
         service.py:9 in caller may enter it"
    );
    assert_eq!(
        told("used", true),
        "nearest miss: check (service.py:4)\n  x.check at service.py:9 in caller uses the queue, and puts nothing on it"
    );
}
