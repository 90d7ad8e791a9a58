use super::*;
use crate::codes;
use crate::evidence::model::{Consumption, QueueUse, Worker};

/// Two edges: LEDGER-2 puts on `archive`, X-POST-05d31514 on `reminders`. The route of LEDGER-1 has none, LEDGER-4 is
/// stale. Two programs, of which one consumes.
fn evidence() -> Evidence {
    let text = include_str!("../../tests/snapshots/evidence.json");
    let mut evidence: Evidence = serde_json::from_str(text).expect("evidence");
    let consumer = QueueUse {
        file: "worker.py".into(),
        line: 5,
        symbol: "work".into(),
        operation: "get".into(),
        via: Some("Archiver".into()),
        via_file: Some("archiver.py".into()),
        via_line: Some(3),
    };
    let worker = |program: &str, modules: &[&str], consumes| Worker {
        program: program.into(),
        file: "supervisord.conf".into(),
        line: 4,
        modules: modules.iter().map(|module| (*module).into()).collect(),
        consumes,
    };
    let taken =
        |queue: &str| Consumption { queue: queue.into(), consumer: consumer.clone(), chain: Vec::new() };
    evidence.workers = vec![
        // Nothing feeds `audit`.
        worker("archiver", &["archiver.py"], vec![taken("archive"), taken("archive"), taken("audit")]),
        worker("dns", &[], Vec::new()),
    ];
    evidence
}

fn style() -> Style {
    Style { links: Links::Document("e.md".into()), stamp: "commit abc".into() }
}

fn planned(text: &str) -> Plan {
    plan(text.as_bytes(), &evidence(), &style(), None).expect(text)
}

fn written(text: &str) -> String {
    String::from_utf8(planned(text).content).expect("UTF-8")
}

/// Line and code of all that is wrong.
fn wrong(text: &str) -> Vec<(u64, &'static str)> {
    let problems = plan(text.as_bytes(), &evidence(), &style(), Some("linked")).expect_err(text);
    problems.into_iter().map(|problem| (problem.line, problem.code)).collect()
}

const PART: &str = "[producer-map: queue archive; producer service.py:close; certainty may; gates features.ARCHIVING; \
                    evidence e.md#e-eda0d4fee3b4 | commit abc :producer-map]";

const HEADER: &str = "route_id,method,verification_notes,verification_status,owner_signoff\n";

#[test]
fn only_rows_with_edges_change() {
    let text = format!("{HEADER}LEDGER-1,GET,\"read, by hand\",open,\nLEDGER-2,DELETE,by hand,open,ann\n");
    let plan = planned(&text);
    assert_eq!((plan.rows, plan.matched, plan.with_edges, plan.changed), (2, 2, 1, 1));
    assert_eq!(plan.linked_routes, ["LEDGER-2"]);
    assert_eq!(written(&text), text.replace("DELETE,by hand", &format!("DELETE,by hand {PART}")));
}

#[test]
fn a_second_run_changes_nothing_and_an_old_part_is_replaced() {
    let text = format!("{HEADER}LEDGER-2,DELETE,before [producer-map: old :producer-map] after,open,\n");
    let once = written(&text);
    assert_eq!(once, text.replace("[producer-map: old :producer-map]", PART));
    assert_eq!(written(&once), once);
    assert_eq!(planned(&once).changed, 0);
}

#[test]
fn a_part_goes_with_its_edge() {
    let text = format!("{HEADER}LEDGER-1,GET,by hand [producer-map: old :producer-map],open,\n");
    assert_eq!(written(&text), format!("{HEADER}LEDGER-1,GET,by hand,open,\n"));
}

#[test]
fn status_changes_only_when_asked_and_only_with_edges() {
    let text = format!("{HEADER}LEDGER-1,GET,,open,\nLEDGER-2,DELETE,{PART},open,\n");
    assert_eq!(written(&text), text);
    let plan = |text: &str| plan(text.as_bytes(), &evidence(), &style(), Some("linked")).expect("in order");
    let once = String::from_utf8(plan(&text).content).expect("UTF-8");
    assert_eq!(once, text.replace(&format!("{PART},open"), &format!("{PART},linked")));
    assert_eq!((plan(&text).changed, plan(&once).changed), (1, 0));
    // Without the flag the column need not even be there.
    assert_eq!(
        written("route_id,verification_notes\nLEDGER-1,\n"),
        "route_id,verification_notes\nLEDGER-1,\n"
    );
    assert_eq!(wrong("route_id,verification_notes\nLEDGER-1,\n"), [(1, code::COLUMN)]);
}

#[test]
fn every_problem_is_named() {
    let rows = "LEDGER-1,GET,,,\nLEDGER-1,GET,,,\n,GET,,,\nLEDGER-9,GET,,,\nLEDGER-4,GET,,,\nX-POST-05d31514,GET,,,\n\
                LEDGER-2,DELETE,[producer-map: x,,\nX,Y\n";
    assert_eq!(
        wrong(&format!("{HEADER}{rows}")),
        [
            (3, code::DUPLICATE),
            (4, code::UNMATCHED),
            (5, code::UNMATCHED),
            (6, code::UNMATCHED),
            (7, code::DIFFERS),
            (8, code::MARKER),
            (9, code::MALFORMED),
        ]
    );
    assert_eq!(wrong("a,b\n1,2\n"), [(1, code::KIND)]);
    assert_eq!(wrong("route_id,process_id,verification_notes\n"), [(1, code::KIND)]);
    assert_eq!(wrong("route_id,verification_notes,verification_notes\n"), [(1, code::COLUMN)]);
    assert_eq!(wrong("route_id,a\n1\n"), [(1, code::COLUMN), (2, code::MALFORMED)]);
    assert_eq!(wrong(""), [(1, code::MALFORMED)]);
}

#[test]
fn a_stale_row_is_told_from_an_unknown_one() {
    let text = format!("{HEADER}LEDGER-4,GET,,,\nLEDGER-9,GET,,,\n");
    let problems = plan(text.as_bytes(), &evidence(), &style(), None).expect_err("unmatched");
    assert!(problems[0].message.contains("stale row"), "{problems:?}");
    assert!(problems[1].message.contains("not in the evidence"), "{problems:?}");
}

#[test]
fn paths_are_compared_where_the_tracker_was_exact() {
    let header = "route_id,path_template,verification_notes\n";
    assert_eq!(planned(&format!("{header}LEDGER-1,/ledger/entries,\n")).matched, 1);
    // Matched by expression and by template: what the row says is not the rule.
    assert_eq!(planned(&format!("{header}LEDGER-2,<expr:PREFIX>,\nLEDGER-3,<expr:x>,\n")).matched, 2);
    let problems = plan(format!("{header}LEDGER-1,/other,\n").as_bytes(), &evidence(), &style(), None);
    assert!(problems.is_err_and(|problems| problems[0].code == code::DIFFERS));
}

#[test]
fn no_formula_is_written() {
    for notes in ["=1+1", "-checked", "@ann", "\"\tx\""] {
        let text = format!("{HEADER}LEDGER-2,DELETE,{notes},,\n");
        assert_eq!(wrong(&text), [(2, code::FORMULA)], "{notes}");
        // A cell that the tool does not write is somebody else's.
        let text = format!("{HEADER}LEDGER-1,GET,{notes},,\n");
        assert_eq!(written(&text), text);
    }
    // What a part that goes would leave behind.
    assert_eq!(
        wrong(&format!("{HEADER}LEDGER-1,GET,[producer-map: x :producer-map]=1,,\n")),
        [(2, code::FORMULA)]
    );
}

#[test]
fn a_family_means_its_members() {
    let mut evidence = evidence();
    let member = evidence.routes.iter_mut().find(|route| route.id == "X-POST-05d31514").expect("the route");
    member.tracker.instance_of = Some("LEDGER-4".into());
    let text = format!("{HEADER}LEDGER-4,POST,,,\n");
    let plan = plan(text.as_bytes(), &evidence, &style(), None).expect("matched");
    let content = String::from_utf8(plan.content).expect("UTF-8");
    assert!(content.contains("[producer-map: route X-POST-05d31514 POST /ledger"), "{content}");
    assert_eq!(plan.linked_routes, ["X-POST-05d31514"]);
}

const WORKERS: &str = "process_id,program,python_source,verification_notes,verification_status\n";

#[test]
fn a_worker_gets_the_routes_that_feed_it() {
    let text = format!(
        "{WORKERS}P-1,dns,,service,\nP-2,archiver,archiver.py,by hand,\nP-3,gone,,retired [producer-map: x :producer-map],\n"
    );
    let plan = planned(&text);
    assert_eq!(
        (plan.kind, plan.rows, plan.matched, plan.with_edges, plan.changed),
        (Kind::Workers, 3, 2, 1, 2)
    );
    let part = "[producer-map: queue archive; routes may LEDGER-2; evidence e.md#queue-archive | commit abc :producer-map]";
    let expected =
        format!("{WORKERS}P-1,dns,,service,\nP-2,archiver,archiver.py,by hand {part},\nP-3,gone,,retired,\n");
    assert_eq!(written(&text), expected);
    // The module finds the program when its name does not.
    assert_eq!(planned(&format!("{WORKERS}P-2,renamed,archiver.py,,\n")).with_edges, 1);
    let source =
        Style { links: Links::Source("https://host.example/".parse().expect("an address")), ..style() };
    let permalinks = super::plan(text.as_bytes(), &evidence(), &source, None).expect("in order");
    assert!(
        String::from_utf8_lossy(&permalinks.content)
            .contains("evidence https://host.example/archiver.py#L3 |")
    );
}

#[test]
fn a_worker_that_is_another_one_is_an_error() {
    let rows = "P-1,gone,gone.py,,\nP-2,archiver,other.py,,\nP-3,dns,dns.py,,\nP-3,dns,,,\n";
    assert_eq!(
        wrong(&format!("{WORKERS}{rows}")),
        [(2, code::UNMATCHED), (3, code::DIFFERS), (4, code::DIFFERS), (5, code::DUPLICATE)]
    );
    let mut evidence = evidence();
    evidence.workers.clear();
    let problems = plan(format!("{WORKERS}P-1,dns,,,\n").as_bytes(), &evidence, &style(), None)
        .expect_err("no programs");
    assert_eq!(problems[0].code, code::UNMATCHED);
}

#[test]
fn the_stamp_names_what_it_is() {
    let mut evidence = evidence();
    assert_eq!(stamp(&evidence, Some("v1.2")), "commit v1.2");
    assert_eq!(stamp(&evidence, None), "source-digest fe14010b4fe8");
    evidence.source.revision = Some("2a1b6372086e22fb63df66c62ee3ac024d375e5b".into());
    assert_eq!(stamp(&evidence, None), "commit 2a1b6372086e");
    assert_eq!(stamp(&evidence, Some("v1.2")), "commit v1.2");
}

#[test]
fn every_code_is_explained() {
    let mut known: Vec<&str> =
        codes::all().iter().filter(|code| code.area == "link").map(|code| code.name.as_str()).collect();
    known.sort_unstable();
    let mut all = code::ALL;
    all.sort_unstable();
    assert_eq!(known, all);
}
