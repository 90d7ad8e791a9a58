//! The tables with a row for each route.

use super::{Facts, Proof, Report, gates, shown};
use crate::evidence::model::Route;
use crate::plan::{Kind, Row};

/// Checks the route tracker.
pub(super) fn tracker(facts: &Facts<'_>, report: &mut Report) {
    let Some(table) = facts.plan.table(Kind::RouteTracker) else { return };
    let mut unlisted = gates::Unlisted::default();
    for row in table.rows() {
        let Some(route) = known_route(facts, &row, report) else { continue };
        handler(route, &row, &row.get("file"), report);
        if table.has("feature_gates") {
            gates::check(facts, route, &row, &mut unlisted, report);
        }
    }
    unlisted.report(report);
}

/// Checks the route checklist.
pub(super) fn checklist(facts: &Facts<'_>, report: &mut Report) {
    let Some(table) = facts.plan.table(Kind::RouteChecklist) else { return };
    for row in table.rows() {
        if let Some(route) = known_route(facts, &row, report) {
            handler(route, &row, &row.get("source_file"), report);
        }
    }
}

/// The route that a row names, by its ID, or by method and rule where the scan knew another tracker.
fn known_route<'a>(facts: &Facts<'a>, row: &Row<'_>, report: &mut Report) -> Option<&'a Route> {
    let (id, method, rule) = (row.get("route_id"), row.get("method"), row.get("path_template"));
    report.claim();
    let by_rule = facts.evidence.routes.iter().find(|route| {
        route.automatic.is_none() && route.method.eq_ignore_ascii_case(&method) && route.rule == rule
    });
    let by_id = facts.route(&id);
    let text = match by_id.or(by_rule) {
        Some(route) if by_id.is_none() || is_meant(route, &method, &rule) => return Some(route),
        Some(route) => format!("{id} is {} {}", route.method, route.rule),
        None if facts.evidence.source.tracker.as_ref().is_some_and(|tracker| tracker.stale.contains(&id)) => {
            "the scan found no route for this row".to_owned()
        }
        None => "the evidence has neither this ID nor a written route with this method and rule".to_owned(),
    };
    let claim = format!("route_id: {id}, {method} {rule}");
    let message = format!("{id} ({method} {rule}) is no route of the application");
    report.finding("plan-row-stale", row.line(), claim, message, Proof::text(text));
    None
}

/// Whether a row with the route's ID means that route. A row that was matched through an expression or as a family
/// has another rule than the route.
fn is_meant(route: &Route, method: &str, rule: &str) -> bool {
    let exact = route.tracker.matched.as_deref() == Some("exact");
    route.method.eq_ignore_ascii_case(method) && (!exact || route.rule == rule)
}

/// Checks file and symbol of the handler. A row that names a class means a method of it.
fn handler(route: &Route, row: &Row<'_>, file: &str, report: &mut Report) {
    let symbol = row.get("symbol");
    let Some(place) = route.handler.as_ref().filter(|_| !file.is_empty()) else { return };
    report.claim();
    // A row whose symbol is the registering call says that there is no name to give.
    let says_symbol = !symbol.is_empty() && symbol != "add_url_rule";
    let names_class = |name: &str| {
        // A class inherits the method: its name is then that of the endpoint.
        let endpoint = route.endpoint.rsplit('.').next().unwrap_or(&route.endpoint);
        place.symbol.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            || endpoint.eq_ignore_ascii_case(name)
    };
    if place.file == file && (!says_symbol || names_class(&symbol)) {
        return;
    }
    if says_symbol && names_class(&symbol) && place.file != file && route.registered.file == file {
        // Registered where the row says, inherited from a class in another file.
        return;
    }
    let proof = Proof::text(format!(
        "{} is served by {} in {}:{}",
        shown(route),
        place.symbol,
        place.file,
        place.line
    ))
    .places([place.clone(), route.registered.clone()]);
    let message = format!("{} is handled by another function than {symbol} in {file}", shown(route));
    report.finding("plan-handler-wrong", row.line(), format!("{symbol} in {file}"), message, proof);
}
