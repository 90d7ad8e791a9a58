//! The real tracker: every row is understood, and finds its route among those the rows themselves describe.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::support::crate_root;
use producer_map::finding::{Automatic, Place, Route};
use producer_map::tracker::{MatchKind, Row, RowResult, Shape, Tracker, assign, derived_id, read};

fn file(name: &str) -> PathBuf {
    crate_root().join("testdata/quay").join(name)
}

fn tracker() -> Tracker {
    read(&file("route_migration_tracker.csv"), "tracker.csv").expect("the tracker is well formed")
}

/// Rules of the rows with an expression, by route ID.
fn rules() -> BTreeMap<String, String> {
    let mut reader = csv::Reader::from_path(file("expression_rules.csv")).expect("readable");
    let records = reader.records().map(|record| record.expect("well formed"));
    records.map(|record| (record[0].to_owned(), record[1].to_owned())).collect()
}

fn route(row: &Row, rule: &str, symbol: &str) -> Route {
    let registered = Place { file: row.file.clone(), line: 1, symbol: "<module>".into() };
    Route {
        method: row.method.clone(),
        rule: rule.into(),
        endpoint: symbol.into(),
        blueprint: None,
        served_by: Vec::new(),
        handler: Some(Place { symbol: symbol.into(), ..registered.clone() }),
        registered,
        decorators: Vec::new(),
        gates: Vec::new(),
        unbound_gates: Vec::new(),
        automatic: None,
    }
}

/// The routes that the application serves, HEAD of every GET included, in the order of a scan.
fn routes(tracker: &Tracker) -> Vec<Route> {
    let rules = rules();
    let mut routes = Vec::new();
    for row in &tracker.rows {
        let rule = rules.get(&row.route_id).unwrap_or(&row.path_template);
        // Resources handle a method in a method of their class, plain views do not.
        let class = row.symbol.starts_with(char::is_uppercase);
        let symbol =
            if class { format!("{}.{}", row.symbol, row.method.to_lowercase()) } else { row.symbol.clone() };
        let route = route(row, rule, &symbol);
        if row.method == "GET" {
            routes.push(Route { method: "HEAD".into(), automatic: Some(Automatic::Head), ..route.clone() });
        }
        routes.push(route);
    }
    routes.sort_by(|a, b| (&a.rule, &a.method).cmp(&(&b.rule, &b.method)));
    routes
}

#[test]
fn all_rows_parse_and_the_expressions_are_recognised() {
    let tracker = tracker();
    assert_eq!(tracker.rows.len(), 413);
    let open: Vec<&str> = tracker
        .rows
        .iter()
        .filter(|row| row.shape != Shape::Exact)
        .map(|row| row.route_id.as_str())
        .collect();
    let expected: Vec<String> = rules().into_keys().collect();
    assert_eq!(open, expected);
    assert_eq!(open.len(), 24);
    let families = tracker.rows.iter().filter(|row| matches!(row.shape, Shape::Family(_))).count();
    assert_eq!(families, 7);
}

#[test]
fn every_row_finds_its_own_route() {
    let tracker = tracker();
    let routes = routes(&tracker);
    let assignment = assign(&routes, Some(&tracker));
    let mut kinds: BTreeMap<MatchKind, usize> = BTreeMap::new();
    for (row, result) in tracker.rows.iter().zip(&assignment.rows) {
        let RowResult::Matched { route, by } = result else { panic!("{} is {result:?}", row.route_id) };
        *kinds.entry(*by).or_default() += 1;
        let rule = rules().get(&row.route_id).unwrap_or(&row.path_template).clone();
        assert_eq!((&routes[*route].method, &routes[*route].rule), (&row.method, &rule), "{}", row.route_id);
        assert_eq!(routes[*route].automatic, None, "{}", row.route_id);
        assert_eq!(assignment.ids[*route], row.route_id);
    }
    assert_eq!(
        kinds,
        BTreeMap::from([(MatchKind::Exact, 389), (MatchKind::Expression, 17), (MatchKind::Template, 7)])
    );
    assert_eq!(assignment.matched_rows(), 413);
    assert!(assignment.diagnostics(&tracker).is_empty());
}

#[test]
fn ids_are_unique_and_do_not_depend_on_the_tracker() {
    let tracker = tracker();
    let routes = routes(&tracker);
    let with = assign(&routes, Some(&tracker));
    let without = assign(&routes, None);
    for ids in [&with.ids, &without.ids] {
        let mut sorted = ids.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(sorted.len(), routes.len());
    }
    assert!(without.tracked.iter().all(Option::is_none));
    let first = &routes[0];
    assert_eq!(without.ids[0], derived_id(&first.method, &first.rule));
}

#[test]
fn concrete_members_of_a_family_are_instances() {
    let tracker = tracker();
    let mut routes = routes(&tracker);
    let of_family = |route: &Route| route.rule.contains("{}") && route.automatic.is_none();
    let mut concrete: Vec<Route> = routes.iter().filter(|route| of_family(route)).cloned().collect();
    for route in &mut concrete {
        route.rule = route.rule.replace("{}", "example");
    }
    let first = routes.len();
    routes.extend(concrete);
    let assignment = assign(&routes, Some(&tracker));
    assert_eq!(assignment.matched_rows(), 413);
    assert!(assignment.tracked[first..].iter().all(Option::is_none));
    assert!(assignment.instance_of[first..].iter().all(Option::is_some));

    routes.retain(|route| !route.rule.contains("{}"));
    let assignment = assign(&routes, Some(&tracker));
    let instances = assignment.rows.iter().filter(|result| matches!(result, RowResult::Instances(_))).count();
    assert_eq!(instances, 7);
    let notes = assignment.diagnostics(&tracker);
    assert!(notes.len() == 7 && notes.iter().all(|note| note.code == "tracker-row-instances"));
}

#[test]
fn moved_files_and_missing_routes() {
    let tracker = tracker();
    let mut routes = routes(&tracker);
    for route in &mut routes {
        route.registered.file = "moved.py".into();
        if let Some(handler) = &mut route.handler {
            handler.file = "moved.py".into();
        }
    }
    // A family is recognised by its file alone, everything else by rule or symbol.
    assert_eq!(assign(&routes, Some(&tracker)).matched_rows(), 406);
    routes.truncate(0);
    let assignment = assign(&routes, Some(&tracker));
    assert_eq!(assignment.matched_rows(), 0);
    let stale = assignment.diagnostics(&tracker);
    assert_eq!(stale.len(), 413);
    assert_eq!((stale[0].line, stale[0].code), (2, "tracker-row-stale"));
}

#[test]
fn rows_of_one_symbol_are_told_apart_by_their_literals() {
    let text = "route_id,file,symbol,method,path_template,path_expr\n\
                R-1,a.py,f,GET,/x/<ROUTE>,ROUTE\n\
                R-2,a.py,f,GET,\"/x/<ROUTE + \"\"/tags\"\">\",\"ROUTE + \"\"/tags\"\"\"\n";
    let dir = tempfile::tempdir().expect("temporary directory");
    let path = dir.path().join("t.csv");
    std::fs::write(&path, text).expect("writable");
    let tracker = read(&path, "t.csv").expect("well formed");
    let row = &tracker.rows[0];
    let both = [route(row, "/x/<item>/tags", "f"), route(row, "/x/<item>", "f")];
    let assignment = assign(&both, Some(&tracker));
    assert_eq!(assignment.ids, ["R-2", "R-1"]);
    // One rule for two expressions: the row that says more has it, the other is stale.
    let one = [route(row, "/x/<item>/tags", "f")];
    assert_eq!(assign(&one, Some(&tracker)).ids, ["R-2"]);
}

#[test]
fn routes_of_one_rule_have_ids_of_their_own() {
    let tracker = tracker();
    let row = &tracker.rows[0];
    let same = [route(row, "/x", "f"), route(row, "/x", "g"), route(row, "/x", "g")];
    let ids = assign(&same, None).ids;
    assert_eq!(ids[0], derived_id(&row.method, "/x"));
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
}
