//! The evidence against its published schema.

use crate::support::{ledger, miniquay, run, stdout};
use producer_map::evidence::{JSON_SCHEMA, load};

fn evidence() -> serde_json::Value {
    let output = run(&ledger(), &["scan", "-o", "-", "-q"]);
    serde_json::from_str(&stdout(&output)).expect("JSON")
}

fn validator() -> jsonschema::Validator {
    let schema = serde_json::from_str(JSON_SCHEMA).expect("the schema is JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("the schema is a schema");
    jsonschema::draft202012::new(&schema).expect("the schema compiles")
}

#[test]
fn schema_is_printed() {
    assert_eq!(stdout(&run(crate::support::crate_root(), &["schema"])), JSON_SCHEMA);
}

#[test]
fn evidence_is_valid() {
    let errors: Vec<String> = validator()
        .iter_errors(&evidence())
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(errors, Vec::<String>::new());
}

#[test]
fn evidence_with_workers_is_valid() {
    let output = run(&miniquay(), &["scan", "-o", "-", "-q"]);
    let mut evidence: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert!(validator().is_valid(&evidence));
    assert_ne!(evidence["workers"][0]["program"], serde_json::Value::Null);
    let consumer = &mut evidence["workers"][3]["consumes"][0]["consumer"];
    let file = consumer.as_object_mut().expect("object").remove("via_file");
    assert_eq!(file, Some("workers/chunkcleanupworker.py".into()));
    assert!(validator().is_valid(&evidence), "early files do not name the file of the class");
    evidence["workers"][0]["line"] = 0.into();
    assert!(!validator().is_valid(&evidence));
}

#[test]
fn the_schema_refuses_what_is_not_evidence() {
    let validator = validator();
    let good = evidence();
    let mut bad = good.clone();
    bad["edges"][0]["path"][0]["kind"] = "guess".into();
    assert!(!validator.is_valid(&bad));
    let mut bad = good.clone();
    bad["routes"][0].as_object_mut().expect("object").remove("tracker");
    assert!(!validator.is_valid(&bad));
    let mut bad = good;
    bad["started_at"] = "noon".into();
    assert!(!validator.is_valid(&bad));
}

#[test]
fn evidence_reads_back_as_it_was() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let path = dir.path().join("e.json");
    let text = stdout(&run(&ledger(), &["scan", "-o", "-", "-q"]));
    std::fs::write(&path, &text).expect("writable");
    let evidence = load(&path).expect("loads");
    assert_eq!(producer_map::evidence::to_json(&evidence).expect("JSON"), text);
}

#[test]
fn files_with_fewer_and_with_more_keys_load() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let path = dir.path().join("e.json");
    let mut old = evidence();
    for key in ["unresolved", "workers"] {
        old.as_object_mut().expect("object").remove(key);
    }
    old["edges"][0].as_object_mut().expect("object").remove("path_id");
    old["later"] = 1.into();
    std::fs::write(&path, old.to_string()).expect("writable");
    let evidence = load(&path).expect("loads");
    assert!(evidence.unresolved.is_empty() && evidence.workers.is_empty());
    assert_eq!(evidence.edges[0].path_id, "");
}
