//! Scans of git revisions: what is found in a commit is what is found in its checkout. The repositories are made here with
//! loose objects, apart from one with a pack that lies in `tests/repositories`; no git program is needed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::bstr::BString;
use gix::objs::tree::{Entry, EntryKind};

use crate::support::{copy_tree, crate_root, ledger, miniquay, run, stderr, stdout};

/// Who makes the commits, and when.
fn somebody() -> gix::actor::SignatureRef<'static> {
    gix::actor::SignatureRef::from_bytes(b"Nobody <nobody@example.org> 1577836800 +0000")
        .expect("a signature")
}

/// Writes a tree object of what lies in a directory, symbolic links as such.
fn write_tree(repository: &gix::Repository, dir: &Path) -> ObjectId {
    let mut entries = Vec::new();
    for entry in fs::read_dir(dir).expect("readable") {
        let path = entry.expect("readable").path();
        let name = path.file_name().expect("a name");
        let filename = BString::from(name.as_encoded_bytes());
        let (kind, oid) = if path.is_symlink() {
            let target = fs::read_link(&path).expect("a link");
            let target = target.as_os_str().as_encoded_bytes().to_vec();
            (EntryKind::Link, repository.write_blob(target).expect("written").detach())
        } else if path.is_dir() {
            (EntryKind::Tree, write_tree(repository, &path))
        } else {
            let content = fs::read(&path).expect("readable");
            (EntryKind::Blob, repository.write_blob(content).expect("written").detach())
        };
        entries.push(Entry { mode: kind.into(), filename, oid });
    }
    entries.sort();
    repository.write_object(&gix::objs::Tree { entries }).expect("written").detach()
}

/// Commits what lies in `dir` to `main`.
fn commit(repository: &gix::Repository, dir: &Path, parents: &[ObjectId]) -> ObjectId {
    let tree = write_tree(repository, dir);
    let (who, parents) = (somebody(), parents.iter().copied());
    repository.commit_as(who, who, "refs/heads/main", "a release", tree, parents).expect("committed").detach()
}

fn new_repository(dir: &Path) -> gix::Repository {
    gix::init_bare(dir).expect("a repository")
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The evidence of a scan as JSON, and the revision in it.
fn evidence(arguments: &[&str]) -> (serde_json::Value, Option<String>) {
    let output = run(crate_root(), &[&["scan", "-o", "-", "-q"], arguments].concat());
    let mut value: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let revision = value["source"].as_object_mut().expect("object").remove("revision");
    (value, revision.and_then(|revision| revision.as_str().map(str::to_owned)))
}

/// Puts everything beside the sample that a walk has to decide about.
#[cfg(unix)]
fn add_oddities(root: &Path) {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    let write = |name: &str, text: &[u8]| fs::write(root.join(name), text).expect("writable");
    fs::create_dir_all(root.join("odd/deep")).expect("writable");
    fs::create_dir_all(root.join("node_modules")).expect("writable");
    write("node_modules/left_out.py", b"x = 1\n");
    write("odd/test_left_out.py", b"x = 1\n");
    write("odd/bytes.py", b"x = '\xff'\n");
    write("odd/latin.py", b"# coding: latin-1\nx = '\xff'\n");
    write("odd/klingon.py", b"# coding: klingon\nx = 1\n");
    write("odd/broken.py", b"def f(:\n    pass\n");
    write("odd/real.py", b"x = 1\n");
    let link = |target: &str, name: &str| symlink(target, root.join(name)).expect("a link");
    link("../odd/real.py", "odd/to_file.py");
    link("to_file.py", "odd/to_link.py");
    link("../../workers", "odd/deep/to_directory");
    link("deep", "odd/to_directory.py");
    link("deep/to_directory/queueworker.py", "odd/through_directory.py");
    link("nowhere.py", "odd/dangling.py");
    link("loop.py", "odd/loop.py");
    let unreadable_name = std::ffi::OsStr::from_bytes(b"odd/caf\xe9.py");
    fs::write(root.join(unreadable_name), b"x = 1\n").expect("writable");
}

#[cfg(not(unix))]
fn add_oddities(_: &Path) {}

#[test]
fn a_revision_gives_the_evidence_of_its_checkout() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let checkout = dir.path().join("checkout");
    copy_tree(&miniquay(), &checkout);
    add_oddities(&checkout);
    let repository = new_repository(&dir.path().join("bare.git"));
    let first = commit(&repository, &checkout, &[]);
    let (expected, none) = evidence(&[&text(&checkout)]);
    assert_eq!(none, None);
    let codes: Vec<&str> = expected["diagnostics"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|d| d["code"].as_str())
        .collect();
    for code in ["undecodable-file", "unknown-encoding", "syntax-error"] {
        assert!(!cfg!(unix) || codes.contains(&code), "{code}");
    }

    let repo = text(&dir.path().join("bare.git"));
    let (found, revision) = evidence(&["--repo", &repo, "--rev", "main"]);
    assert!(found == expected, "the evidence differs");
    assert_eq!(revision, Some(first.to_string()));
    // The same for one thread and for many.
    assert!(evidence(&["--repo", &repo, "--rev", "main", "--threads", "1"]).0 == expected);
}

#[test]
fn a_revision_has_many_names() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let repository = new_repository(dir.path());
    let first = commit(&repository, &ledger(), &[]);
    let second = commit(&repository, &miniquay(), &[first]);
    let tag = gix::objs::Tag {
        target: first,
        target_kind: gix::objs::Kind::Commit,
        name: "v1".into(),
        tagger: None,
        message: "the first release".into(),
        signature: None,
    };
    let tag = repository.write_object(&tag).expect("written").detach();
    let any = gix::refs::transaction::PreviousValue::Any;
    repository.tag_reference("v1", tag, any).expect("a tag");
    let repo = text(dir.path());
    let full = first.to_string();
    let expected = evidence(&[&text(&ledger())]).0;
    for name in ["v1", "refs/tags/v1", &full, &full[..7], "main~1", "main^", "HEAD~"] {
        let (found, revision) = evidence(&["--repo", &repo, "--rev", name]);
        assert!(found == expected, "{name}");
        assert_eq!(revision.as_deref(), Some(full.as_str()), "{name}");
    }
    assert_eq!(
        evidence(&[&repo, "--rev", "HEAD"]).1,
        Some(second.to_string()),
        "the root may name the repository"
    );
    let cases = [
        ("v9", "no revision `v9` in "),
        ("main..v1", "no revision `main..v1` in "),
        ("main:no/such", "no directory `no/such` in revision `main`"),
        ("main:web.py", "no directory `web.py` in revision `main`"),
    ];
    for (name, message) in cases {
        let output = run(crate_root(), &["scan", "--repo", &repo, "--rev", name, "-o", "-"]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(stderr(&output).contains(message), "{}", stderr(&output));
    }
}

#[test]
fn a_directory_of_a_revision_is_a_tree() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let source = dir.path().join("source");
    copy_tree(&ledger(), &source.join("services/ledger"));
    let repository = new_repository(&dir.path().join("bare.git"));
    commit(&repository, &source, &[]);
    let repo = text(&dir.path().join("bare.git"));
    let (found, revision) = evidence(&["--repo", &repo, "--rev", "main:services/ledger/"]);
    assert!(found == evidence(&[&text(&ledger())]).0);
    assert!(revision.is_some());
}

#[test]
fn packs_are_read_as_loose_objects_are() {
    let repo = text(&crate_root().join("tests/repositories/packed.git"));
    let rules = |name: &str| -> Vec<String> {
        let (found, _) = evidence(&["--repo", &repo, "--rev", name]);
        let routes = found["routes"].as_array().expect("routes").iter();
        let written = routes.filter(|route| route["automatic"].is_null());
        written.map(|route| route["rule"].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(rules("v1"), ["/work"]);
    assert_eq!(rules("v2"), ["/rest", "/work"]);
    assert_eq!(rules("HEAD"), ["/rest", "/work"]);
    let output = run(crate_root(), &["diff", "--repo", &repo, "v1", "v2"]);
    let text = stdout(&output);
    assert!(
        text.starts_with("v1 (") && text.contains("GET /rest (X-GET-") && text.contains("route-added"),
        "{text}"
    );
    assert!(text.contains("\nno breaking, 1 notice, no info\n"), "{text}");
}

/// The files of the loose objects that hold a blob of this content.
fn object(repository: &gix::Repository, content: &[u8]) -> PathBuf {
    let id = repository.write_blob(content).expect("written").to_string();
    repository.git_dir().join("objects").join(&id[..2]).join(&id[2..])
}

#[test]
fn a_missing_object_costs_its_file_if_that_is_analysed_and_else_nothing() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let source = dir.path().join("source");
    copy_tree(&ledger(), &source);
    fs::write(source.join("large.mmdb"), b"a large file").expect("writable");
    fs::write(source.join("alone.py"), b"ALONE = 1\n").expect("writable");
    let repository = new_repository(&dir.path().join("bare.git"));
    commit(&repository, &source, &[]);
    let repo = text(&dir.path().join("bare.git"));
    let before = evidence(&["--repo", &repo, "--rev", "main"]).0;
    fs::remove_file(object(&repository, b"a large file")).expect("there");
    assert!(evidence(&["--repo", &repo, "--rev", "main"]).0 == before);
    fs::remove_file(object(&repository, b"ALONE = 1\n")).expect("there");
    let after = evidence(&["--repo", &repo, "--rev", "main"]).0;
    let missing: BTreeMap<&str, &str> = after["diagnostics"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|found| Some((found["file"].as_str()?, found["code"].as_str()?)))
        .collect();
    assert_eq!(missing.get("alone.py"), Some(&"unreadable-file"));
    assert_eq!(after["edges"], before["edges"]);
}

#[test]
fn revisions_files_and_directories_are_compared_alike() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let repository = new_repository(&dir.path().join("bare.git"));
    commit(&repository, &ledger(), &[]);
    let (repo, tree) = (text(&dir.path().join("bare.git")), text(&ledger()));
    assert_eq!(run(dir.path(), &["scan", &tree, "-o", "e.json", "-q"]).status.code(), Some(0));
    for (old, new) in [("main", "e.json"), ("e.json", "main"), (&*tree, "main"), ("main", &*tree)] {
        let output = run(dir.path(), &["diff", "--repo", &repo, old, new, "--fail-on", "info"]);
        assert!(stdout(&output).ends_with("\nno difference\n"), "{old} {new}");
    }
    // In a repository a name that is no file is a revision.
    let output = run(&dir.path().join("bare.git"), &["diff", "main", &tree]);
    assert!(stdout(&output).ends_with("\nno difference\n"));
}
