//! Two releases compared, by the program from outside.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{assert_snapshot, copy_tree, crate_root, miniquay, run, stderr, stdout};

/// A second release of the sample: a copy of the first with the files of `testdata/miniquay_next` over it.
fn next_release(dir: &Path) -> PathBuf {
    let next = dir.join("next");
    copy_tree(&miniquay(), &next);
    copy_tree(&crate_root().join("testdata/miniquay_next"), &next);
    next
}

/// A directory with the evidence of the first release and of a changed one, as `old.json` and `new.json`.
fn compared(change: impl FnOnce(&Path) -> PathBuf) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("temporary directory");
    let new = change(dir.path());
    for (root, file) in [(miniquay(), "old.json"), (new, "new.json")] {
        let root = root.to_string_lossy().into_owned();
        assert_eq!(run(dir.path(), &["scan", &root, "-o", file, "-q"]).status.code(), Some(0));
    }
    dir
}

fn diff(dir: &Path, arguments: &[&str]) -> String {
    stdout(&run(dir, &[&["diff", "old.json", "new.json"], arguments].concat()))
}

fn json(dir: &Path) -> Value {
    serde_json::from_str(&diff(dir, &["--format", "json"])).expect("JSON")
}

fn codes(diff: &Value) -> Vec<&str> {
    let changes = diff["changes"].as_array().expect("changes").iter();
    let mut codes: Vec<&str> = changes.map(|change| change["code"].as_str().expect("a code")).collect();
    codes.dedup();
    codes
}

/// Changes the Python files of a copy of the sample.
fn rewritten(dir: &Path, rewrite: &mut dyn FnMut(&str) -> String) -> PathBuf {
    fn walk(dir: &Path, rewrite: &mut dyn FnMut(&str) -> String) {
        let mut entries: Vec<PathBuf> =
            fs::read_dir(dir).expect("readable").map(|entry| entry.expect("readable").path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                walk(&path, rewrite);
            } else if path.extension().is_some_and(|extension| extension == "py") {
                let text = fs::read_to_string(&path).expect("readable");
                fs::write(&path, rewrite(&text)).expect("writable");
            }
        }
    }
    let copy = dir.join("copy");
    copy_tree(&miniquay(), &copy);
    walk(&copy, rewrite);
    copy
}

/// Moves functions within a file: neighbours that have no decorators, and so nothing that runs where they stand, are put
/// in the opposite order. Counts those that have another place then.
fn reorder(text: &str, moved: &mut usize) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for indent in ["    ", ""] {
        let start = format!("{indent}def ");
        let inside = |line: &str| line.is_empty() || line.starts_with(&format!("{indent}    "));
        let mut out: Vec<String> = Vec::new();
        let mut at = 0;
        while at < lines.len() {
            let mut blocks: Vec<&[String]> = Vec::new();
            let decorated = at > 0 && lines[at - 1].trim_start().starts_with('@');
            let mut end = at;
            while !decorated && end < lines.len() && lines[end].starts_with(&start) {
                let more = lines[end + 1..].iter().take_while(|line| inside(line)).count();
                blocks.push(&lines[end..=end + more]);
                end += more + 1;
            }
            if blocks.is_empty() {
                out.push(lines[at].clone());
                at += 1;
                continue;
            }
            *moved += if blocks.len() > 1 { blocks.len() } else { 0 };
            for block in blocks.iter().rev() {
                out.extend(block.iter().cloned());
                // The last function of a file ends without blank lines.
                out.extend([String::new(), String::new()]);
            }
            at = end;
        }
        lines = out;
    }
    lines.join("\n") + "\n"
}

/// Writes a file in another way: comments and blank lines before functions and classes, and a line break after each
/// opening parenthesis of the code.
fn reformat(text: &str) -> String {
    let mut padded = String::from("# another beginning\n\n\n");
    for line in text.lines() {
        let code = line.trim_start();
        if code.starts_with("def ") || code.starts_with("class ") || code.starts_with('@') {
            let indent = &line[..line.len() - code.len()];
            padded.push_str(&format!("\n{indent}# moved down\n\n"));
        }
        padded.push_str(line);
        padded.push('\n');
    }
    let mut out = String::new();
    let mut quote: Option<&str> = None;
    let mut comment = false;
    let mut rest = padded.as_str();
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        match quote {
            Some(_) if c == '\\' => length += rest[1..].chars().next().map_or(0, char::len_utf8),
            Some(end) if rest.starts_with(end) => {
                length = end.len();
                quote = None;
            }
            Some(_) => {}
            None if comment => comment = c != '\n',
            None => {
                quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| rest.starts_with(quote));
                length = quote.map_or(length, str::len);
                comment = c == '#';
            }
        }
        out.push_str(&rest[..length]);
        rest = &rest[length..];
        if c == '(' && quote.is_none() && !comment && !rest.starts_with(')') {
            out.push_str("\n            ");
        }
    }
    out
}

#[test]
fn a_tree_is_no_different_from_itself() {
    let root = miniquay().to_string_lossy().into_owned();
    let output = run(crate_root(), &["diff", &root, &root, "--fail-on", "info"]);
    assert!(stdout(&output).ends_with("\nno difference\n"));
}

#[test]
fn moved_functions_and_another_format_are_no_difference() {
    let mut moved = 0;
    let mut changed = 0;
    let dir = compared(|dir| {
        rewritten(dir, &mut |text| {
            let new = reformat(&reorder(text, &mut moved));
            changed += usize::from(new.lines().count() > text.lines().count() + 3);
            new
        })
    });
    assert!(moved > 80 && changed > 60, "{moved} functions moved, {changed} files changed");
    let (old, new) = (dir.path().join("old.json"), dir.path().join("new.json"));
    let syntax = |path: &Path| fs::read_to_string(path).expect("evidence").matches("syntax-error").count();
    assert_eq!((syntax(&old), syntax(&new)), (0, 0));
    assert_eq!(json(dir.path())["changes"], Value::Array(Vec::new()));
}

#[test]
fn two_releases_differ_in_one_of_everything() {
    let dir = compared(next_release);
    assert_snapshot("diff-miniquay.txt", &diff(dir.path(), &[]));
    assert_snapshot("diff-miniquay.md", &diff(dir.path(), &["--format", "markdown"]));
    assert_snapshot("diff-miniquay.json", &diff(dir.path(), &["--format", "json"]));
    assert_snapshot("diff-miniquay-github.txt", &diff(dir.path(), &["--format", "github"]));
    let found = json(dir.path());
    let mut shown = codes(&found);
    shown.sort_unstable();
    shown.dedup();
    // The other kinds need a file that is broken, or evidence of another version: tests of their own.
    let elsewhere = [
        "edge-found",
        "edge-lost",
        "pairs-closed",
        "pairs-opened",
        "queue-found",
        "queue-lost",
        "route-found",
        "route-handler-lost",
        "route-lost",
        "scan-tool-changed",
    ];
    let all = producer_map::diff::model::Kind::ALL.iter().map(|kind| kind.code());
    let mut wanted: Vec<&str> = all.filter(|code| !elsewhere.contains(code)).collect();
    wanted.sort_unstable();
    assert_eq!(shown, wanted);
}

#[test]
fn the_json_form_is_what_its_schema_describes() {
    let dir = compared(next_release);
    let schema = stdout(&run(dir.path(), &["schema", "diff"]));
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("the schema is a schema");
    let validator = jsonschema::draft202012::new(&schema).expect("the schema compiles");
    let mut found = json(dir.path());
    let errors: Vec<String> = validator.iter_errors(&found).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
    found["changes"][0]["code"] = "edge-guessed".into();
    assert!(!validator.is_valid(&found));
    let known = &schema["$defs"]["change"]["properties"]["code"]["enum"];
    let kinds = producer_map::diff::model::Kind::ALL.iter().map(|kind| kind.code());
    assert_eq!(known.as_array().map(Vec::len), Some(kinds.clone().count()));
    assert!(kinds.into_iter().all(|code| known.as_array().is_some_and(|known| known.contains(&code.into()))));
}

/// The sample with one file changed.
fn changed(dir: &Path, file: &str, change: impl Fn(&str) -> String) -> PathBuf {
    let copy = dir.join("copy");
    copy_tree(&miniquay(), &copy);
    let text = fs::read_to_string(copy.join(file)).expect("readable");
    let new = change(&text);
    assert_ne!(text, new);
    fs::write(copy.join(file), new).expect("writable");
    copy
}

fn reasons<'a>(diff: &'a Value, code: &str) -> Vec<&'a str> {
    let changes = diff["changes"].as_array().expect("changes").iter();
    changes.filter(|change| change["code"] == code).filter_map(|change| change["reason"].as_str()).collect()
}

#[test]
fn what_a_broken_file_hides_is_lost_and_not_removed() {
    let broken = |dir: &Path| {
        changed(dir, "data/model/marker.py", |text| text.replace("return queue.put(", "return queue put("))
    };
    let dir = compared(broken);
    let found = json(dir.path());
    assert!(
        codes(&found).contains(&"edge-lost") && !codes(&found).contains(&"edge-removed"),
        "{:?}",
        codes(&found)
    );
    let reasons = reasons(&found, "edge-lost");
    assert!(
        reasons.iter().all(|reason| *reason == "data/model/marker.py was not read completely (syntax-error)")
    );
    // Seen from the other side the same edges are found, and not new.
    let output = run(dir.path(), &["diff", "new.json", "old.json", "--format", "json"]);
    let back: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert!(codes(&back).contains(&"edge-found") && !codes(&back).contains(&"edge-added"));
}

#[test]
fn what_is_excluded_is_lost_and_what_is_deleted_is_removed() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let root = miniquay().to_string_lossy().into_owned();
    for arguments in [
        &["scan", &root, "-o", "old.json", "-q"][..],
        &["scan", &root, "-o", "new.json", "-q", "--exclude", "endpoints/webhooks.py"],
    ] {
        assert_eq!(run(dir.path(), arguments).status.code(), Some(0));
    }
    let found = json(dir.path());
    let reason = "endpoints/webhooks.py is left out (by the rule `endpoints/webhooks.py`)";
    for code in ["edge-lost", "route-lost"] {
        assert!(reasons(&found, code).contains(&reason), "{code}: {:?}", reasons(&found, code));
    }
    assert!(!codes(&found).contains(&"edge-removed") && !codes(&found).contains(&"route-removed"));

    let dir = compared(|dir| {
        changed(dir, "endpoints/webhooks.py", |text| {
            text.replace("@webhooks.before_request\n", "").replace("@webhooks.route(\"/status\")\n", "")
        })
    });
    let found = json(dir.path());
    assert!(codes(&found).contains(&"edge-removed") && codes(&found).contains(&"route-removed"));
    assert!(!codes(&found).contains(&"edge-lost") && !codes(&found).contains(&"route-lost"));
}

#[test]
fn an_edge_behind_a_handler_that_is_not_seen_is_lost() {
    let dir = compared(|_| miniquay());
    let path = dir.path().join("new.json");
    let mut new: Value = serde_json::from_str(&fs::read_to_string(&path).expect("evidence")).expect("JSON");
    let edges = new["edges"].as_array_mut().expect("edges");
    let at = edges.iter().position(|edge| edge["rule"] == "/contact").expect("an edge");
    let edge = edges.remove(at);
    let mut served_by = |handler: Value| {
        let routes = new["routes"].as_array_mut().expect("routes");
        let route = routes.iter_mut().find(|route| route["id"] == edge["route_id"]).expect("its route");
        route["handler"] = handler;
        fs::write(&path, new.to_string()).expect("writable");
        let output = run(dir.path(), &["diff", "new.json", "old.json", "--format", "json"]);
        (json(dir.path()), serde_json::from_str::<Value>(&stdout(&output)).expect("JSON"))
    };
    let outer = &edge["path"][0];
    let place = |symbol: &Value| serde_json::json!({ "file": outer["file"], "line": 1, "symbol": symbol });
    let (there, back) = served_by(place(&outer["symbol"]));
    let reason = "the handler contact is not seen behind no_store.<locals>.wrapper";
    assert_eq!((reasons(&there, "edge-lost"), reasons(&back, "edge-found")), (vec![reason], vec![reason]));
    let (there, _) = served_by(Value::Null);
    assert_eq!(reasons(&there, "edge-lost"), ["the handler contact is not seen"]);
    assert!(codes(&there).contains(&"route-handler-lost"));
    // Another function that does not stand in front of it is simply another handler.
    let (there, _) = served_by(place(&"elsewhere".into()));
    assert!(codes(&there).contains(&"edge-removed") && codes(&there).contains(&"route-handler-moved"));
}

#[test]
fn a_limit_or_an_open_call_makes_an_edge_lost() {
    let dir = compared(next_release);
    let path = dir.path().join("new.json");
    let mut new: Value = serde_json::from_str(&fs::read_to_string(&path).expect("evidence")).expect("JSON");
    let mut write = |change: &dyn Fn(&mut Value)| {
        change(&mut new);
        fs::write(&path, new.to_string()).expect("writable");
        json(dir.path())
    };
    let open = write(&|new| {
        let call = serde_json::json!({
            "file": "endpoints/secscan.py", "line": 9, "symbol": "receive_notification", "callee": "x.put",
            "reason": "unknown-receiver", "routes": 1
        });
        new["unresolved"].as_array_mut().expect("a list").push(call);
    });
    let reason = "the call of x.put at endpoints/secscan.py:9 in receive_notification is not resolved (unknown-receiver)";
    assert!(reasons(&open, "edge-lost").contains(&reason), "{:?}", reasons(&open, "edge-lost"));
    let capped = write(&|new| {
        new["unresolved"] = Value::Array(Vec::new());
        new["statistics"]["caps_hit"]["context-depth"] = 1.into();
        new["tool"]["version"] = "99.0.0".into();
    });
    assert!(reasons(&capped, "edge-lost").contains(&"a limit was hit (context-depth)"));
    assert!(codes(&capped).contains(&"scan-tool-changed"));
}

#[test]
fn fail_on_decides_the_exit_status() {
    let dir = compared(next_release);
    let status = |arguments: &[&str]| {
        let output = run(dir.path(), &[&["diff", "old.json", "new.json"], arguments].concat());
        (output.status.code(), stderr(&output))
    };
    assert_eq!(status(&[]), (Some(0), String::new()));
    let (code, message) = status(&["--fail-on", "breaking"]);
    assert_eq!(code, Some(1));
    assert!(
        message.starts_with("error: ") && message.ends_with(" differences are breaking, and not accepted\n")
    );
    let same = run(dir.path(), &["diff", "old.json", "old.json", "--fail-on", "info"]);
    assert_eq!(same.status.code(), Some(0));
    // The differences are written all the same.
    let arguments =
        ["diff", "old.json", "new.json", "--fail-on", "info", "-o", "out/d.md", "--format", "markdown"];
    assert_eq!(run(dir.path(), &arguments).status.code(), Some(1));
    assert!(
        fs::read_to_string(dir.path().join("out/d.md")).expect("written").starts_with("## Routes and queues")
    );
}

#[test]
fn accepted_differences_do_not_fail() {
    let dir = compared(|dir| {
        changed(dir, "endpoints/webhooks.py", |text| text.replace("@webhooks.route(\"/status\")\n", ""))
    });
    let found = json(dir.path());
    let changes = found["changes"].as_array().expect("changes");
    assert!(!changes.is_empty());
    let mut text = String::new();
    for change in changes {
        let (code, subject) =
            (change["code"].as_str().expect("code"), change["subject"]["id"].as_str().expect("id"));
        text.push_str(&format!(
            "[[accepted]]\ncode = \"{code}\"\nsubject = \"{subject}\"\nreason = \"the page is gone\"\n\
             owner = \"web team\"\nexpires = 2027-03-31\n\n"
        ));
    }
    fs::write(dir.path().join("a.toml"), &text).expect("writable");
    let diff = |more: &[&str]| {
        run(dir.path(), &[&["diff", "old.json", "new.json", "--fail-on", "info"], more].concat())
    };
    assert_eq!(diff(&[]).status.code(), Some(1));
    let good = diff(&["--accepted", "a.toml", "--today", "2027-03-31"]);
    assert!(stdout(&good).contains("accepted by web team until 2027-03-31: the page is gone"));
    let late = diff(&["--accepted", "a.toml", "--today", "2027-04-01"]);
    assert_eq!(late.status.code(), Some(2));
    assert!(stderr(&late).contains("\n  a.toml:1: acceptance of "), "{}", stderr(&late));
    assert!(!late.stdout.is_empty(), "the differences are news all the same");
    let stale =
        run(dir.path(), &["diff", "old.json", "old.json", "--accepted", "a.toml", "--today", "2027-01-01"]);
    assert_eq!(stale.status.code(), Some(2));
    assert!(stderr(&stale).contains("a.toml:1: no difference is "));
    // Where the new side is a file, the usual name is looked for in the current directory.
    fs::write(dir.path().join("producer-map-accepted.toml"), "[[accepted]]\n").expect("writable");
    let wrong = diff(&[]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(
        wrong.stdout.is_empty() && stderr(&wrong).contains("producer-map-accepted.toml:1: `code` is missing")
    );
}

/// A call on something unknown takes the certainty that there is no edge, and only that; without it the certainty is back.
#[test]
fn a_pair_that_opens_is_a_notice_and_one_that_closes_is_none() {
    let tree = crate_root().join("tests/trees/unknown");
    let dir = tempfile::tempdir().expect("temporary directory");
    let plain = dir.path().join("plain");
    copy_tree(&tree, &plain);
    let text = fs::read_to_string(tree.join("web.py")).expect("readable");
    assert!(text.contains("members()[0].enqueue"));
    let text = text.replace("members()[0].enqueue", "model.Timer().start");
    fs::write(plain.join("web.py"), text).expect("writable");
    for (root, file) in [(&plain, "old.json"), (&tree, "new.json")] {
        let root = root.to_string_lossy();
        assert_eq!(run(dir.path(), &["scan", &root, "-o", file, "-q"]).status.code(), Some(0));
    }
    let opened = json(dir.path());
    assert_eq!(codes(&opened), ["pairs-opened"]);
    let change = &opened["changes"][0];
    assert_eq!((&change["level"], &change["subject"]["queue"]), (&"notice".into(), &"jobs".into()));
    let message = change["message"].as_str().expect("a sentence");
    assert!(message.ends_with("(unknown-receiver) leaves 1 route open for jobs"), "{message}");
    fs::rename(dir.path().join("old.json"), dir.path().join("plain.json")).expect("renamed");
    fs::rename(dir.path().join("new.json"), dir.path().join("old.json")).expect("renamed");
    fs::rename(dir.path().join("plain.json"), dir.path().join("new.json")).expect("renamed");
    let closed = json(dir.path());
    assert_eq!(codes(&closed), ["pairs-closed"]);
    assert_eq!(closed["changes"][0]["level"], "info");
}

#[test]
fn inputs_that_are_nothing_are_named() {
    let dir = compared(|_| miniquay());
    let cases: [(&[&str], &str); 6] = [
        (&["diff", "old.json", "no-such"], "`no-such` is no file and no directory"),
        (&["diff", "old.json", "new.json", "--threads", "1"], "no effect on two evidence files"),
        (
            &["diff", "old.json", "new.json", "--accepted", "no.toml"],
            "cannot read accepted differences no.toml",
        ),
        (&["diff", "old.json", "new.json", "--today", "2027-02-30"], "give a day as in 2027-01-31"),
        (&["diff", "old.json", "new.json", "--repo", "no-repo"], "no git repository in no-repo"),
        (&["diff", "old.json"], "Usage:"),
    ];
    for (arguments, message) in cases {
        let output = run(dir.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(message), "{arguments:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn codes_are_explained() {
    let dir = tempfile::tempdir().expect("temporary directory");
    assert_snapshot("explain-edge-added.txt", &stdout(&run(dir.path(), &["explain", "edge-added"])));
    let all = stdout(&run(dir.path(), &["explain"]));
    for kind in producer_map::diff::model::Kind::ALL {
        assert!(all.contains(kind.code()));
    }
    let json = stdout(&run(dir.path(), &["explain", "syntax-error", "--format", "json"]));
    let code: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&code["area"], &code["level"]), (&"diagnostics".into(), &"warning".into()));
    let unknown = run(dir.path(), &["explain", "edge-add"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(stderr(&unknown).starts_with("error: no code `edge-add`; the nearest are\n  edge-added  "));
    assert_snapshot("help-diff.txt", &stdout(&run(dir.path(), &["diff", "--help"])));
}

/// Every code that the sources of the program give to a diagnostic, to an unresolved call or to a limit is in the catalogue,
/// and the catalogue has no others.
#[test]
fn codes_of_diagnostics_and_catalogue_agree() {
    fn literals(dir: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(dir).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                literals(&path, found);
                continue;
            }
            let text = fs::read_to_string(&path).expect("readable");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let quoted = code.split('"').skip(1).step_by(2);
            found.extend(quoted.filter(|text| !text.contains(char::is_whitespace)).map(str::to_owned));
            for (before, rest) in code.match_indices(".cap(\"").chain(code.match_indices("code: \"")) {
                let name = code[before + rest.len()..].split('"').next().unwrap_or_default();
                assert!(
                    producer_map::codes::find(name).is_some(),
                    "{name} in {} is not explained",
                    path.display()
                );
            }
            for name in code
                .split('"')
                .filter(|text| text.starts_with("unknown-") || text.ends_with("-unknown-callee"))
            {
                let known = producer_map::codes::find(name).is_some() || name == "unknown-queue";
                assert!(known, "{name} in {} is not explained", path.display());
            }
        }
    }
    let mut found = Vec::new();
    for room in [
        "scan.rs", "source", "queues", "routes", "paths", "unknown", "solve", "tracker", "evidence",
        "workers",
    ] {
        let path = crate_root().join("src").join(room);
        if path.is_dir() {
            literals(&path, &mut found);
        } else {
            let text = fs::read_to_string(&path).expect("readable");
            found.extend(text.split('"').skip(1).step_by(2).map(str::to_owned));
        }
    }
    for code in producer_map::codes::all().iter().filter(|code| code.area == "diagnostics") {
        assert!(found.contains(&code.name), "nothing says {}", code.name);
    }
}
