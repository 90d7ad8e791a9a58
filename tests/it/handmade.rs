//! Findings written by hand, those of the tree `tests/trees/ledger` and some more that no small tree would give: for
//! tests of what is made of findings, whatever finds them.

use producer_map::digest::sha256_hex;
use producer_map::evidence::{Context, Evidence, build};
use producer_map::finding::{
    Automatic, BodyKeys, Certainty, Consumption, Decorator, Diagnostic, Edge, Findings, Hop, HopKind,
    OpenPair, Operation, Place, ProducerSite, Queue, QueueUse, Route, Severity, SourceFacts, Statistics,
    UnresolvedCall, Worker,
};
use producer_map::tracker;

use crate::support::ledger;

/// The evidence made of [`findings`] and the tracker of the tree.
pub fn evidence() -> Evidence {
    let findings = findings();
    let file = "plans/routes.csv";
    let tracker = tracker::read(&ledger().join(file), file).expect("well formed");
    let assignment = tracker::assign(&findings.routes, Some(&tracker));
    let queues = ["archive", "reminders", "audit"].map(str::to_owned);
    let context = Context { tracker: Some(&tracker), assignment: &assignment, validation_queues: &queues };
    build(&findings, context)
}

fn place(file: &str, line: u32, symbol: &str) -> Place {
    Place { file: file.into(), line, symbol: symbol.into() }
}

fn hop(file: &str, line: u32, symbol: &str, kind: HopKind, target: &str) -> Hop {
    Hop { place: place(file, line, symbol), kind, target: target.into(), targets: 1, gates: Vec::new() }
}

fn route(method: &str, rule: &str, endpoint: &str, handler: Place, registered: Place) -> Route {
    Route {
        method: method.into(),
        rule: rule.into(),
        endpoint: endpoint.into(),
        blueprint: endpoint.split_once('.').map(|(blueprint, _)| blueprint.into()),
        served_by: vec!["web.py".into()],
        handler: Some(handler),
        registered,
        decorators: Vec::new(),
        gates: Vec::new(),
        unbound_gates: Vec::new(),
        automatic: None,
    }
}

fn routes() -> Vec<Route> {
    let list = || {
        route(
            "GET",
            "/ledger/entries",
            "ledger.list_entries",
            place("views.py", 18, "list_entries"),
            place("views.py", 17, "<module>"),
        )
    };
    let close = || {
        let decorators = vec![Decorator { name: "logged".into(), file: "views.py".into(), line: 23 }];
        let handler = place("views.py", 24, "close_entry");
        let registered = place("views.py", 22, "<module>");
        Route {
            decorators,
            ..route("DELETE", "/ledger/entries/<entry_id>", "ledger.close_entry", handler, registered)
        }
    };
    let remind = || {
        let handler = place("views.py", 30, "remind");
        route(
            "POST",
            "/ledger/entries/<entry_id>/remind",
            "ledger.remind",
            handler,
            place("views.py", 29, "<module>"),
        )
    };
    let sso = || {
        let gates = vec!["config SSO_SERVICES".to_owned()];
        let handler = place("views.py", 35, "sso_back");
        Route { gates, ..route("GET", "/sso/{}/back", "sso_{}", handler, place("web.py", 11, "<module>")) }
    };
    let automatic = |method: &str, reason: Automatic, route: Route| Route {
        method: method.into(),
        automatic: Some(reason),
        handler: if reason == Automatic::Options { None } else { route.handler },
        ..route
    };
    vec![
        list(),
        automatic("HEAD", Automatic::Head, list()),
        automatic("OPTIONS", Automatic::Options, list()),
        close(),
        automatic("OPTIONS", Automatic::Options, close()),
        automatic("OPTIONS", Automatic::Options, remind()),
        remind(),
        sso(),
        automatic("HEAD", Automatic::Head, sso()),
        automatic("OPTIONS", Automatic::Options, sso()),
    ]
}

fn producer(place: Place, always: &[&str]) -> ProducerSite {
    let always = always.iter().map(|key| (*key).to_owned()).collect();
    ProducerSite {
        place,
        operation: Operation::Put,
        ordinal: 0,
        body: BodyKeys { always, sometimes: Vec::new(), open: false },
        reached_by_routes: true,
    }
}

fn queues() -> Vec<Queue> {
    let archive = Queue {
        name: "archive".into(),
        variable: Some("archive_queue".into()),
        config_key: Some("ARCHIVE_QUEUE".into()),
        has_namespace: Some(true),
        created: place("queues.py", 7, "<module>"),
        producers: vec![producer(place("service.py", 8, "close"), &["entry", "reason"])],
        consumers: vec![QueueUse {
            place: place("worker.py", 5, "work"),
            operation: "get".into(),
            via: None,
        }],
        other_uses: Vec::new(),
    };
    let reminders = Queue {
        name: "reminders".into(),
        variable: Some("reminder_queue".into()),
        config_key: Some("REMINDER_QUEUE".into()),
        has_namespace: Some(false),
        created: place("queues.py", 6, "<module>"),
        producers: vec![producer(place("service.py", 20, "remind"), &["entry"])],
        consumers: Vec::new(),
        other_uses: Vec::new(),
    };
    vec![archive, reminders]
}

fn edges() -> Vec<Edge> {
    let gate = "features.ARCHIVING".to_owned();
    let mut put = hop("service.py", 8, "close", HopKind::Producer, "WorkQueue.put");
    put.gates = vec![gate.clone()];
    let mut wrapped = hop("views.py", 12, "logged.<locals>.wrapper", HopKind::Decorator, "close_entry");
    wrapped.targets = 2;
    let close = Edge {
        route: 3,
        queue: 0,
        producer: 0,
        certainty: Certainty::May,
        gates: vec![gate],
        path: vec![
            hop("views.py", 22, "<module>", HopKind::Route, "logged.<locals>.wrapper"),
            wrapped,
            hop("views.py", 25, "close_entry", HopKind::Direct, "close_all"),
            hop("service.py", 16, "close_all", HopKind::Direct, "close"),
            put,
        ],
    };
    let remind = Edge {
        route: 6,
        queue: 1,
        producer: 0,
        certainty: Certainty::Exact,
        gates: Vec::new(),
        path: vec![
            hop("views.py", 29, "<module>", HopKind::Route, "remind"),
            hop("views.py", 31, "remind", HopKind::Direct, "remind"),
            hop("service.py", 20, "remind", HopKind::Producer, "WorkQueue.put"),
        ],
    };
    vec![close, remind]
}

fn workers() -> Vec<Worker> {
    let worker = |program: &str, line, modules: &[&str], consumes| Worker {
        program: program.into(),
        file: "supervisord.conf".into(),
        line,
        modules: modules.iter().map(|&file| file.into()).collect(),
        consumes,
    };
    let chain = vec![place("worker.py", 5, "work")];
    vec![
        worker("archiver", 1, &["worker.py"], vec![Consumption { queue: 0, consumer: 0, chain }]),
        worker("proxy", 4, &[], Vec::new()),
    ]
}

/// The findings.
pub fn findings() -> Findings {
    let broken = Diagnostic {
        file: Some("broken.py".into()),
        line: 3,
        column: 7,
        severity: Severity::Error,
        code: "syntax-error",
        message: "expected `:`; what follows in this file is not analysed".into(),
    };
    let unresolved = UnresolvedCall {
        place: place("web.py", 11, "<module>"),
        ordinal: 0,
        reason: "unknown-receiver",
        callee: "service.name".into(),
        routes: 2,
        queues: vec![1],
        anything: false,
        may_enter: vec![place("service.py", 4, "remind")],
    };
    let open = OpenPair { route: 0, queue: 1, calls: vec![0] };
    Findings {
        source: SourceFacts {
            entries: vec!["web.py".into()],
            files: 8,
            bytes: 2048,
            excluded_files: 0,
            exclusion_rules: vec!["tests/".into()],
            digest: sha256_hex(b"ledger"),
            revision: None,
        },
        routes: routes(),
        queues: queues(),
        edges: edges(),
        workers: workers(),
        diagnostics: vec![broken],
        unresolved: vec![unresolved],
        open: vec![open],
        guesses: None,
        statistics: Statistics {
            instances: 12,
            functions: 11,
            variables: 90,
            reachable_calls: 9,
            resolved_calls: 8,
            understood: vec![("project", 5), ("named-library", 3)],
            caps_hit: vec![("strings-per-variable".into(), 1)],
        },
    }
}
