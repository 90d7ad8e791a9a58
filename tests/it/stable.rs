//! The same tree gives the same bytes.

use std::fs;

use crate::support::{copy_tree, miniquay, run, stdout};

/// The evidence as text, of the tree in `root` seen from there.
fn evidence(root: &std::path::Path, arguments: &[&str]) -> String {
    let arguments = [&["scan", "-o", "-", "-q"], arguments].concat();
    stdout(&run(root, &arguments))
}

#[test]
fn threads_place_and_order_of_files_do_not_show() {
    let one = evidence(&miniquay(), &["--threads", "1"]);
    assert_eq!(evidence(&miniquay(), &["--threads", "2"]), one);
    assert_eq!(evidence(&miniquay(), &["--threads", "7"]), one);

    let dir = tempfile::tempdir().expect("temporary directory");
    let elsewhere = dir.path().join("a place, elsewhere").join("x");
    copy_tree(&miniquay(), &elsewhere);
    assert_eq!(evidence(&elsewhere, &[]), one);
    let name = elsewhere.to_string_lossy();
    let from_outside = stdout(&run(dir.path(), &["scan", &name, "-o", "-", "-q"]));
    assert_eq!(from_outside, one);
    assert!(!one.contains("elsewhere") && !one.contains(env!("CARGO_MANIFEST_DIR")));
}

#[test]
fn blank_lines_change_lines_and_digests_but_no_identity() {
    let dir = tempfile::tempdir().expect("temporary directory");
    copy_tree(&miniquay(), dir.path());
    for name in ["endpoints/webhooks.py", "data/model/marker.py", "app.py"] {
        let path = dir.path().join(name);
        let text = fs::read_to_string(&path).expect("readable");
        fs::write(&path, format!("\n\n{text}")).expect("writable");
    }
    let ids = |text: &str| -> Vec<String> {
        let value: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let edges = value["edges"].as_array().expect("edges").iter();
        let edges =
            edges.map(|edge| format!("{} {} {}", edge["id"], edge["path_id"], edge["producer"]["id"]));
        let routes = value["routes"].as_array().expect("routes").iter();
        edges.chain(routes.map(|route| route["id"].to_string())).collect()
    };
    let (before, after) = (evidence(&miniquay(), &[]), evidence(dir.path(), &[]));
    assert_ne!(before, after);
    assert_eq!(ids(&before), ids(&after));
}
