//! Facts about Quay at commit 2a1b6372, against the tree that the variable `QUAY_TREE` names. Without it there is
//! nothing to hold them against, and the tests say so and pass.

use std::path::PathBuf;
use std::sync::OnceLock;

use producer_map::evidence::Evidence;

use crate::support::{crate_root, scan};

/// The evidence of a fresh scan.
pub fn evidence() -> Option<&'static Evidence> {
    static EVIDENCE: OnceLock<Option<Evidence>> = OnceLock::new();
    let scanned = || {
        let Some(root) = std::env::var_os("QUAY_TREE").map(PathBuf::from) else {
            eprintln!("skipped: QUAY_TREE does not name a tree of Quay 2a1b6372");
            return None;
        };
        let tracker = crate_root().join("testdata/quay/route_migration_tracker.csv");
        let tracker = tracker.to_string_lossy();
        Some(scan(&root, &["--routes", &*tracker]))
    };
    EVIDENCE.get_or_init(scanned).as_ref()
}

#[test]
fn every_row_of_the_tracker_has_its_route() {
    let Some(evidence) = evidence() else { return };
    let tracker = evidence.source.tracker.as_ref().expect("the tracker was given");
    assert_eq!(tracker.stale, Vec::<String>::new());
    assert_eq!((tracker.rows, tracker.matched), (413, 413));
}

#[test]
fn the_known_pairs_are_right() {
    let Some(evidence) = evidence() else { return };
    let path = crate_root().join("tests/facts/quay-known-edges.csv");
    let mut reader = csv::Reader::from_path(path).expect("readable");
    let mut failures = Vec::new();
    for record in reader.records() {
        let record = record.expect("well formed");
        let (id, method, rule, queue) = (&record[0], &record[1], &record[2], &record[3]);
        let route = evidence.routes.iter().find(|route| route.id == *id);
        if route.is_none_or(|route| route.method != *method) {
            failures.push(format!("{id} {method} {rule} is not a route"));
            continue;
        }
        let edge = evidence.edges.iter().find(|edge| edge.route_id == *id && edge.queue == *queue);
        if edge.is_some() != (record[4] == *"edge") {
            let symbols =
                edge.map(|edge| edge.path.iter().map(|hop| hop.symbol.as_str()).collect::<Vec<_>>());
            failures.push(format!("{id} {method} {rule} -> {queue}: {}; found {symbols:?}", &record[4]));
        }
    }
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

/// What is not understood stays within bounds: calls that routes reach, and pairs of a route and a queue without an edge.
#[test]
fn nearly_all_calls_are_resolved_and_pairs_closed() {
    let Some(evidence) = evidence() else { return };
    let statistics = &evidence.statistics;
    let share = |part: usize, whole: usize| part as f64 / whole as f64;
    let resolved = share(statistics.resolved_calls, statistics.reachable_calls);
    assert!(resolved >= 0.97, "{resolved:.4} of {} calls resolved", statistics.reachable_calls);
    let pairs = statistics.pairs;
    let closed = share(pairs.closed, pairs.closed + pairs.open);
    assert!(closed >= 0.95, "{closed:.4} closed: {pairs:?}");
    assert_eq!(pairs.edges + pairs.closed + pairs.open, evidence.routes.len() * evidence.queues.len());
}

/// Each open pair names calls that matter for its queue, and no pair with an edge is open.
#[test]
fn open_pairs_name_calls_that_matter() {
    let Some(evidence) = evidence() else { return };
    for pairs in evidence.open.as_ref().expect("recorded") {
        for id in &pairs.calls {
            let call = evidence.unresolved.iter().find(|call| call.id == *id).expect("listed");
            assert!(call.queues.contains(&pairs.queue), "{id} for {}", pairs.queue);
            assert!(call.anything || !call.may_enter.is_empty(), "{id} may enter nothing");
        }
        for id in &pairs.route_ids {
            let edge = evidence.edges.iter().find(|edge| edge.route_id == *id && edge.queue == pairs.queue);
            assert!(edge.is_none(), "{id} feeds {} and is open", pairs.queue);
        }
    }
}

#[test]
fn nine_queues_each_with_an_edge() {
    let Some(evidence) = evidence() else { return };
    let names: Vec<&str> = evidence.queues.iter().map(|queue| queue.name.as_str()).collect();
    assert_eq!(names.len(), 9, "{names:?}");
    for name in names {
        assert!(evidence.edges.iter().any(|edge| edge.queue == name), "{name} has no edge");
    }
}

#[test]
fn all_validation_items_are_confirmed() {
    let Some(evidence) = evidence() else { return };
    assert_eq!(evidence.validation_items.len(), 6);
    for item in &evidence.validation_items {
        assert_eq!(item.status, "confirmed", "{}", item.queue);
        assert!(!item.route_ids.is_empty() && !item.edge_ids.is_empty(), "{}", item.queue);
    }
}

#[test]
fn no_edge_is_without_a_whole_chain() {
    let Some(evidence) = evidence() else { return };
    for edge in &evidence.edges {
        let kinds: Vec<&str> = edge.path.iter().map(|hop| hop.kind.as_str()).collect();
        assert!(matches!(kinds.first(), Some(&("route" | "hook"))), "{}: {kinds:?}", edge.id);
        assert_eq!(kinds.last(), Some(&"producer"), "{}", edge.id);
    }
}

#[test]
fn each_queue_is_consumed_by_one_program() {
    let Some(evidence) = evidence() else { return };
    let mut pairs: Vec<(&str, &str, &str)> = Vec::new();
    for worker in &evidence.workers {
        for one in &worker.consumes {
            pairs.push((&one.queue, &worker.program, &worker.modules[0]));
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    // Established by reading conf/supervisord.conf.jnj and the modules that it names.
    assert_eq!(
        pairs,
        [
            ("chunk_cleanup", "chunkcleanupworker", "workers/chunkcleanupworker.py"),
            ("dockerfilebuild", "builder", "buildman/builder.py"),
            ("exportactionlogs", "exportactionlogsworker", "workers/exportactionlogsworker.py"),
            ("imagestoragereplication", "storagereplication", "workers/storagereplication.py"),
            ("namespacegc", "namespacegcworker", "workers/namespacegcworker.py"),
            ("notification", "notificationworker", "workers/notificationworker/notificationworker.py"),
            ("proxycacheblob", "proxycacheblobworker", "workers/proxycacheblobworker.py"),
            ("repositorygc", "repositorygcworker", "workers/repositorygcworker.py"),
            (
                "secscanv4",
                "securityscanningnotificationworker",
                "workers/securityscanningnotificationworker.py"
            ),
        ]
    );
    let builder = evidence.workers.iter().find(|worker| worker.program == "builder").expect("there");
    let chain: Vec<&str> = builder.consumes[0].chain.iter().map(|at| at.symbol.as_str()).collect();
    assert_eq!(chain, ["<module>", "run_build_manager", "BuilderServer.__init__"]);
}
