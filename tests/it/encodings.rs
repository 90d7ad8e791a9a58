//! Python files in other encodings than UTF-8: what is found in them, where, and whether CPython reads them the same.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use producer_map::source::encoding::decode;

use crate::support::{python, run, scan, stdout};

const QUEUE: &str = "class WorkQueue:\n    def __init__(self, queue_name, store):\n        self.store = store\n\n    \
                     def put(self, names, message):\n        self.store.append(message)\n";

/// An application with a rule and a queue in Latin-1, and text before the put in its line.
const LATIN_1: &[u8] = b"#!/usr/bin/env python\n# -*- coding: latin-1 -*-\n\
    import json\nfrom flask import Flask\nfrom data.queue import WorkQueue\n\n\
    app = Flask(__name__)\njobs = WorkQueue('caf\xe9', None)\n\n\n\
    @app.route('/\xfcber', methods=['POST'])\ndef work():\n    '\xe4\xf6'; jobs.put([], json.dumps({'gr\xf6\xdfe': 1}))\n    return ''\n";

fn tree(web: &[u8]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("temporary directory");
    fs::create_dir(dir.path().join("data")).expect("writable");
    fs::write(dir.path().join("data/__init__.py"), "").expect("writable");
    fs::write(dir.path().join("data/queue.py"), QUEUE).expect("writable");
    fs::write(dir.path().join("web.py"), web).expect("writable");
    dir
}

#[test]
fn a_declared_encoding_is_read() {
    let dir = tree(LATIN_1);
    let evidence = scan(dir.path(), &["--entry", "web.py"]);
    let edge = &evidence.edges[0];
    assert_eq!((&*edge.rule, &*edge.queue, edge.producer.line), ("/\u{fc}ber", "caf\u{e9}", 13));
    assert_eq!(evidence.queues[0].producers[0].body.always, ["gr\u{f6}\u{df}e"]);
    let root = dir.path().to_string_lossy();
    let why = stdout(&run(dir.path(), &["why", &edge.route_id, "--root", &root]));
    assert!(why.contains("13 | '\u{e4}\u{f6}'; jobs.put([], json.dumps({'gr\u{f6}\u{df}e': 1}))"), "{why}");
}

#[test]
fn the_same_text_in_utf_8_gives_the_same_evidence() {
    let latin = tree(LATIN_1);
    let text: String = LATIN_1.iter().map(|&byte| char::from(byte)).collect();
    let utf8 = tree(text.replace("latin-1", "utf-8").as_bytes());
    let [mut latin, mut utf8] = [latin, utf8].map(|dir| scan(dir.path(), &["--entry", "web.py"]));
    for evidence in [&mut latin, &mut utf8] {
        evidence.source.digest.clear();
        evidence.source.bytes = 0;
    }
    assert!(latin == utf8, "the evidence differs");
}

/// Where the Encoding Standard has a character that CPython takes for another or for none.
const KNOWN: [(&str, u8); 3] = [("cp1255", 0xca), ("koi8-u", 0xae), ("koi8-u", 0xbe)];

/// For each name that CPython has for an encoding: the codec, and what each single byte stands for.
const CODECS: &str = "
import codecs, encodings.aliases as a, json
out = {}
for name in {**a.aliases, **{codec: 1 for codec in a.aliases.values()}, 'cp874': 1, 'koi8_u': 1}:
    try:
        info = codecs.lookup(name)
        two_bytes_are_one = len(bytes([0x83, 0x5c]).decode(name, 'replace')) == 1
        if not info._is_text_encoding or two_bytes_are_one:
            continue
    except (LookupError, UnicodeError):
        continue
    row = []
    for byte in range(256):
        try:
            row.append(bytes([byte]).decode(name))
        except UnicodeError:
            row.append(None)
    out[name] = (info.name, row)
print(json.dumps(out))
";

#[test]
fn one_byte_encodings_are_read_as_cpython_reads_them() {
    let Some(python) = python() else { return };
    let output = Command::new(python).args(["-c", CODECS]).output().expect("Python starts");
    let codecs: BTreeMap<String, (String, Vec<Option<String>>)> =
        serde_json::from_slice(&output.stdout).expect("JSON");
    let mut compared = 0;
    let mut differences = Vec::new();
    for (name, (codec, characters)) in &codecs {
        let decoded = |bytes: &[u8]| {
            let source = [b"# coding: ", name.as_bytes(), b"\n", bytes].concat();
            decode(source).map(|text| text.split_once('\n').map_or("", |(_, rest)| rest).to_owned())
        };
        let one_byte = characters.iter().filter(|c| c.is_some()).count() > 0xa0;
        if !one_byte || decoded(b"x").is_err() {
            continue;
        }
        compared += 1;
        for (byte, expected) in (0..=255u8).zip(characters) {
            let found = decoded(&[byte]).ok();
            if found != *expected && !KNOWN.contains(&(codec, byte)) {
                differences.push(format!("{name} ({codec}) 0x{byte:02x}: {found:?}, CPython {expected:?}"));
            }
        }
    }
    assert!(compared > 40, "{compared}");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
