//! `matrix` and `audit` on the made-up plan of the sample, and on the real one where there is a copy.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::support::{assert_snapshot, copy_tree, crate_root, ledger, miniquay, run, stderr, stdout};

/// A directory with the evidence of the sample and its plan, to run in.
fn workplace() -> &'static Path {
    static PLACE: OnceLock<tempfile::TempDir> = OnceLock::new();
    let make = || {
        let dir = tempfile::tempdir().expect("temporary directory");
        let root = miniquay().to_string_lossy().into_owned();
        let output = run(dir.path(), &["scan", &root, "-q"]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        copy_tree(&crate_root().join("testdata/miniquay_plan"), &dir.path().join("plans"));
        dir
    };
    PLACE.get_or_init(make).path()
}

fn audit(arguments: &[&str]) -> (serde_json::Value, i32) {
    let output = run(workplace(), &[&["audit", "--format", "json"], arguments].concat());
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    (serde_json::from_str(&text).expect(&text), output.status.code().expect("a status"))
}

/// `line code`, by file.
fn found(audit: &serde_json::Value) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for finding in audit["findings"].as_array().expect("findings") {
        let claim = &finding["claim"];
        let file = claim["file"].as_str().expect("file").rsplit('/').next().expect("a name").to_owned();
        let code = finding["code"].as_str().expect("code");
        found.entry(file).or_default().push(format!("{} {code}", claim["line"]));
    }
    found
}

#[test]
fn each_wrong_claim_of_the_sample_is_found_and_no_right_one() {
    let (audit, status) = audit(&[]);
    assert_eq!(status, 1);
    let expect = |file: &str, findings: &[&str]| {
        let found = found(&audit);
        let found: Vec<&str> = found.get(file).into_iter().flatten().map(String::as_str).collect();
        // A row for each queue or program: that is said once for each that lacks one, and is checked below.
        let found: Vec<&str> = found.into_iter().filter(|one| !one.starts_with("1 ")).collect();
        assert_eq!(found, findings, "{file}");
    };
    expect(
        "route_worker_dependency_matrix.csv",
        &[
            // Line 2 is right in every cell.
            "3 plan-queue-variable",
            "3 plan-producer-file-wrong",
            "3 plan-producer-file-missing",
            "3 plan-route-unknown",
            "3 plan-route-missing",
            "3 plan-route-count",
            "3 plan-consumer-file-wrong",
            "3 plan-consumer-file-missing",
            // Its other route is right.
            "4 plan-route-unreachable",
            // Nobody knows who consumes this queue, so that its consumer cells are no contradiction.
            "5 plan-route-file-wrong",
            "5 plan-wave-wrong",
            "5 plan-process-wrong",
            "6 plan-wave-wrong",
            "6 plan-consumer-program-wrong",
            "6 plan-consumer-program-missing",
            "6 plan-consumer-file-wrong",
            "6 plan-process-wrong",
            "7 plan-queue-unknown",
        ],
    );
    expect(
        "queue_cutover_dependencies.md",
        &["12 plan-wave-wrong", "12 plan-family-wrong", "13 plan-family-wrong", "13 plan-family-missing"],
    );
    expect(
        "route_migration_tracker.csv",
        &[
            "2 plan-handler-wrong",
            // The one decorator that could enforce it enforces the other gate of the row.
            "3 plan-gate-unenforced",
            "4 plan-gate-unlisted",
            // The decorator stands above the registering one; on line 8 the same decorator stands below.
            "9 plan-gate-unenforced",
            "9 plan-gate-unlisted",
            "14 plan-row-stale",
        ],
    );
    // The ID of line 8 is that of a route with another rule.
    expect("route_auth_verification_checklist.csv", &["8 plan-row-stale", "10 plan-handler-wrong"]);
    expect(
        "worker_migration_tracker.csv",
        // The program of line 9 is gone as well, and the row says so.
        &["3 plan-module-wrong", "5 plan-input-missing", "8 plan-program-stale"],
    );
    expect("worker_verification_checklist.csv", &[]);
    expect("queue_worker_contract_tests.csv", &[]);
    expect(
        "queue_payload_inventory.md",
        &["6 plan-body-key-wrong", "6 plan-body-key-missing", "7 plan-queue-unknown"],
    );
    let missing = |code: &str| {
        let all = audit["findings"].as_array().expect("findings").iter();
        all.filter(|one| one["code"] == code).count()
    };
    assert_eq!((missing("plan-queue-missing"), missing("plan-program-missing")), (14, 1));
}

#[test]
fn every_finding_has_a_claim_and_a_proof() {
    let (audit, _) = audit(&[]);
    for finding in audit["findings"].as_array().expect("findings") {
        assert!(finding["claim"]["line"].as_u64().is_some_and(|line| line > 0), "{finding}");
        assert!(!finding["proof"]["text"].as_str().expect("text").is_empty(), "{finding}");
        if finding["code"] == "plan-route-missing" {
            let hops = finding["proof"]["edges"][0]["path"].as_array().expect("hops");
            assert!(hops.len() > 1 && hops[hops.len() - 1]["kind"] == "producer", "{finding}");
        }
    }
    let unchecked = audit["unchecked"].to_string();
    for part in ["worker tests: no such file", "consumers of audit,", "are not resolved"] {
        assert!(unchecked.contains(part), "{unchecked}");
    }
}

#[test]
fn texts_are_as_they_were() {
    let text = |arguments: &[&str]| String::from_utf8(run(workplace(), arguments).stdout).expect("UTF-8");
    assert_snapshot("audit.txt", &text(&["audit"]));
    assert_snapshot("matrix.csv", &text(&["matrix"]));
    assert_snapshot("matrix.md", &text(&["matrix", "--format", "markdown"]));
    assert_snapshot("validation-items.md", &text(&["matrix", "--format", "items"]));
}

#[test]
fn the_matrix_has_the_columns_of_the_plan_and_nothing_contradicts_it() {
    let text = stdout(&run(workplace(), &["matrix", "-q"]));
    let plan =
        fs::read_to_string(workplace().join("plans/route_worker_dependency_matrix.csv")).expect("plan");
    assert_eq!(text.lines().next(), plan.lines().next());
    let own = workplace().join("own.csv");
    fs::write(&own, text).expect("written");
    let output = run(workplace(), &["audit", "--format", "json", "--matrix", "own.csv"]);
    let audit: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(found(&audit).get("own.csv"), None);
}

#[test]
fn a_plan_without_a_wrong_claim_ends_with_status_0() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let tests = workplace().join("plans/queue_worker_contract_tests.csv");
    fs::copy(tests, dir.path().join("queue_worker_contract_tests.csv")).expect("copied");
    let plans = dir.path().to_string_lossy();
    let output = run(workplace(), &["audit", "--plans", &plans]);
    assert!(stdout(&output).contains("0 contradictions"), "{}", stdout(&output));
    // The name alone stands for a file outside of the current directory.
    assert!(!stdout(&output).contains(&*plans));
}

#[test]
fn bad_input_is_named_with_its_line() {
    let place = workplace();
    fs::write(place.join("short.csv"), "default_queue_name,queue_var\nmail,x\n").expect("written");
    fs::write(place.join("rows.csv"), "queue_name,a\nmail,1\nmail,2\n\"x\n").expect("written");
    fs::write(place.join("text.md"), "# No table\n").expect("written");
    let fails = |arguments: &[&str], parts: &[&str]| {
        let output = run(place, &[&["audit"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert_eq!(output.stdout, b"");
        for part in parts {
            assert!(stderr(&output).contains(part), "{part}: {}", stderr(&output));
        }
    };
    fails(&["--matrix", "short.csv"], &["short.csv:1: columns `producer_files`"]);
    fails(&["--queue-tests", "rows.csv"], &["rows.csv:3: `queue_name` mail", "rows.csv:4: "]);
    fails(&["--plan", "text.md"], &["text.md:1: no table with the columns `Queue`"]);
    fails(&["--workers", "none.csv"], &["cannot read none.csv"]);
    fails(&["--plans", "nowhere"], &["--plans nowhere: no such directory"]);
    fails(&["--plans", "output"], &["no table of the plan in output"]);
    fails(&["--evidence", "none.json"], &["cannot read evidence none.json"]);
    let bare = tempfile::tempdir().expect("temporary directory");
    let evidence = place.join("output/evidence.json");
    let output = run(bare.path(), &["audit", "--evidence", &evidence.to_string_lossy()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("no table of the plan: name its directory"));
    let output = run(place, &["audit", "--matrix", "short.csv", "-o", "kept.txt"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!place.join("kept.txt").exists());
}

#[test]
fn formulas_are_not_written() {
    // A queue whose name a spreadsheet would run.
    let dir = tempfile::tempdir().expect("temporary directory");
    let tree = dir.path().join("tree");
    copy_tree(&ledger(), &tree);
    let config = tree.join("config.py");
    let text = fs::read_to_string(&config).expect("readable");
    fs::write(&config, text.replace("archive", "=archive")).expect("written");
    let output = run(dir.path(), &["scan", "tree", "-q"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let evidence = fs::read_to_string(dir.path().join("output/evidence.json")).expect("evidence");
    assert!(evidence.contains("\"=archive\""), "the tree has such a queue");
    let text = stdout(&run(dir.path(), &["matrix", "-q"]));
    assert!(text.contains(",'=archive,"), "{text}");
    assert!(!text.contains(",=") && !text.contains("\n="), "{text}");
}

fn sarif_validator() -> jsonschema::Validator {
    let text = include_str!("../third-party/sarif-2.1.0.schema.json");
    let mut schema: serde_json::Value = serde_json::from_str(text).expect("the schema is JSON");
    // This pattern has a bracket that is never opened, which strict readers of regular expressions refuse; it is for a
    // key that is not written.
    for definition in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][definition]["properties"]["language"];
        assert!(language.as_object_mut().expect("a property").remove("pattern").is_some());
    }
    jsonschema::draft7::new(&schema).expect("the schema compiles")
}

#[test]
fn sarif_is_what_the_published_schema_wants() {
    let output = run(workplace(), &["audit", "--format", "sarif"]);
    let mut log: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let validator = sarif_validator();
    let errors: Vec<String> =
        validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert_eq!(errors, Vec::<String>::new());
    let results = log["runs"][0]["results"].as_array().expect("results").clone();
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().expect("rules").clone();
    assert_eq!(results.len(), audit(&[]).0["findings"].as_array().expect("findings").len());
    let mut fingerprints: Vec<String> = Vec::new();
    for result in &results {
        let index = result["ruleIndex"].as_u64().expect("index") as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
        fingerprints.push(result["partialFingerprints"]["producerMapClaim/v1"].to_string());
        if result["ruleId"] == "plan-route-missing" {
            let steps = &result["codeFlows"][0]["threadFlows"][0]["locations"];
            let steps = steps.as_array().expect("a chain");
            assert!(steps.len() > 1);
            assert_eq!(steps[0]["executionOrder"], 1);
            assert_eq!(steps[steps.len() - 1]["kinds"][0], "producer");
        }
    }
    let all = fingerprints.len();
    fingerprints.sort();
    fingerprints.dedup();
    assert_eq!(fingerprints.len(), all, "each finding has a fingerprint of its own");
    log["runs"][0]["results"][0]["level"] = "terrible".into();
    assert!(!validator.is_valid(&log), "the schema refuses something");
}

/// The plan's files for Quay 2a1b6372 and the evidence of its tree, where both are there.
fn quay() -> Option<&'static (tempfile::TempDir, PathBuf)> {
    static PLACE: OnceLock<Option<(tempfile::TempDir, PathBuf)>> = OnceLock::new();
    let make = || {
        let named = |name: &str| std::env::var_os(name).map(PathBuf::from);
        let (Some(tree), Some(plans)) = (named("QUAY_TREE"), named("QUAY_PLANS")) else {
            eprintln!("skipped: QUAY_TREE and QUAY_PLANS do not name Quay 2a1b6372 and its plan's tables");
            return None;
        };
        let dir = tempfile::tempdir().expect("temporary directory");
        let tracker = plans.join("route_migration_tracker.csv");
        let arguments = ["scan", &*tree.to_string_lossy(), "--routes", &*tracker.to_string_lossy(), "-q"]
            .map(str::to_owned);
        let output = run(dir.path(), &arguments.each_ref().map(String::as_str));
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        Some((dir, plans))
    };
    PLACE.get_or_init(make).as_ref()
}

#[test]
fn the_real_matrix_has_one_right_pair_and_five_wrong_ones() {
    let Some((dir, plans)) = quay() else { return };
    let output = run(dir.path(), &["audit", "--format", "json", "--plans", &plans.to_string_lossy()]);
    assert_eq!(output.status.code(), Some(1));
    let audit: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let of = |code: &str| -> Vec<String> {
        let all = audit["findings"].as_array().expect("findings").iter().filter(|one| one["code"] == code);
        let shown = |one: &serde_json::Value| {
            format!("{}: {}", one["claim"]["line"], one["claim"]["text"].as_str().expect("text"))
        };
        all.map(shown).collect()
    };
    // Read off the sources by hand: line 6 is `notification`, line 7 `secscanv4`.
    assert_eq!(
        of("plan-route-unreachable"),
        [
            "6: producer_route_ids: ROUTE-0338",
            "6: producer_route_ids: ROUTE-0339",
            "6: producer_route_ids: ROUTE-0340",
            "7: producer_route_ids: ROUTE-0338",
            "7: producer_route_ids: ROUTE-0339",
        ]
    );
    assert_eq!(of("plan-producer-file-wrong"), ["6: producer_files: endpoints/secscan.py"]);
    assert_eq!(of("plan-producer-file-missing"), Vec::<String>::new());
    assert_eq!(
        of("plan-consumer-program-wrong"),
        ["6: consumer_programs: securityscanningnotificationworker"]
    );
    assert_eq!(
        of("plan-consumer-file-wrong"),
        ["6: consumer_files: workers/securityscanningnotificationworker.py"]
    );
    // Both decorators stand above the one that registers the view.
    assert_eq!(
        of("plan-gate-unenforced"),
        [
            "341: feature_gates: features.SECURITY_SCANNER",
            "341: feature_gates: features.SECURITY_NOTIFICATIONS"
        ]
    );
    for right in ["plan-handler-wrong", "plan-row-stale", "plan-module-wrong", "plan-input-wrong"] {
        assert_eq!(of(right), Vec::<String>::new(), "{right}");
    }
    for right in ["plan-program-stale", "plan-program-missing", "plan-queue-unknown", "plan-queue-missing"] {
        assert_eq!(of(right), Vec::<String>::new(), "{right}");
    }
}

#[test]
fn the_proven_matrix_of_quay_is_contradicted_by_nothing() {
    let Some((dir, plans)) = quay() else { return };
    let plans = plans.to_string_lossy();
    let text = stdout(&run(dir.path(), &["matrix", "-q", "--plans", &plans]));
    assert_eq!(text.lines().count(), 10);
    fs::write(dir.path().join("own.csv"), text).expect("written");
    let output = run(dir.path(), &["audit", "--format", "json", "--plans", &plans, "--matrix", "own.csv"]);
    let audit: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(found(&audit).get("own.csv"), None);
}

/// A gate that no row of a tracker lists is one thing that the tracker leaves out; once some row lists it, each other row that
/// does not is wrong by itself.
#[test]
fn a_gate_that_no_row_lists_is_said_once() {
    const ROUTES: usize = 12;
    let dir = tempfile::tempdir().expect("temporary directory");
    let mut source = "from flask import Flask\n\nimport features\n\napp = Flask(__name__)\n\n".to_owned();
    source += "if features.SEND:\n";
    for number in 0..ROUTES {
        source += &format!("\n    @app.route(\"/r{number}\")\n    def r{number}():\n        return \"\"\n");
    }
    fs::write(dir.path().join("web.py"), source).expect("written");
    fs::write(dir.path().join("features.py"), "SEND = True\n").expect("written");
    let unlisted = |listing: usize| {
        let mut tracker =
            "route_id,source_type,file,symbol,method,path_template,path_expr,route_family,feature_gates,\
                           decorators\n"
                .to_owned();
        for number in 0..ROUTES {
            let gate = if number < listing { "features.SEND" } else { "" };
            tracker += &format!(
                "ROUTE-{number:04},route,web.py,r{number},GET,/r{number},/r{number},web,{gate},app.route\n"
            );
        }
        fs::write(dir.path().join("tracker.csv"), tracker).expect("written");
        let scan = run(
            dir.path(),
            &["scan", ".", "--entry", "web.py", "--routes", "tracker.csv", "-o", "e.json", "-q"],
        );
        assert_eq!(scan.status.code(), Some(0), "{}", stderr(&scan));
        let audit = ["audit", "--evidence", "e.json", "--routes", "tracker.csv", "--format", "json"];
        let output = run(dir.path(), &audit);
        let audit: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let findings = audit["findings"].as_array().expect("findings").clone();
        let gates = findings.into_iter().filter(|finding| finding["code"] == "plan-gate-unlisted");
        gates.map(|finding| finding["message"].as_str().expect("text").to_owned()).collect::<Vec<_>>()
    };
    let [all] = &unlisted(0)[..] else { panic!("one finding for all") };
    assert!(all.contains("the routes of 12 rows") && all.contains("no row lists it"), "{all}");
    let rest = unlisted(1);
    assert_eq!(rest.len(), ROUTES - 1, "{rest:?}");
    assert!(rest.iter().all(|message| message.ends_with("is not listed")), "{rest:?}");
    assert_eq!(unlisted(ROUTES), Vec::<String>::new());
}
