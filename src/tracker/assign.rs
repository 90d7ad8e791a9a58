//! Laying the tracker's rows over the routes of a scan.
//!
//! Order matters, since a route takes one ID: rows that name a rule exactly come first, then rows with an
//! expression, then rows whose rule the scan itself knows only as a template, then families. Within each
//! step the most certain pairs are made first, so that the outcome does not depend on the order of the rows.

use std::collections::{BTreeMap, BTreeSet};

use super::{Row, Shape, Template, Tracker};
use crate::digest::sha256_hex;
use crate::finding::{Diagnostic, Place, Route, Severity};

/// How a row found its route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MatchKind {
    /// Method and rule are the same.
    Exact,
    /// The rule fits the pieces of the row's expression, and the handler is the row's.
    Expression,
    /// The route's own rule has a part that only configuration decides, and fits.
    Template,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowResult {
    /// It names this route.
    Matched {
        /// Index of the route.
        route: usize,
        /// How.
        by: MatchKind,
    },
    /// It stands for a family of which only these concrete members exist.
    Instances(Vec<usize>),
    /// It names nothing that the application serves.
    Stale(StaleReason),
}

/// Why a row is stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaleReason {
    /// No route fits.
    NoRoute,
    /// A route fits, but another row (by index) names it with more right.
    Taken(usize),
}

/// The row that names a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tracked {
    /// Index of the row.
    pub row: usize,
    /// How it was matched.
    pub by: MatchKind,
}

/// The outcome: an ID for every route and a result for every row.
#[derive(Debug, Default)]
pub struct Assignment {
    /// ID of each route, all different.
    pub ids: Vec<String>,
    /// The row that names each route, none for untracked ones.
    pub tracked: Vec<Option<Tracked>>,
    /// The row whose family an untracked route is a member of.
    pub instance_of: Vec<Option<usize>>,
    /// What became of each row.
    pub rows: Vec<RowResult>,
}

impl Assignment {
    /// Number of rows that name a route, instances of a family included.
    pub fn matched_rows(&self) -> usize {
        self.rows.iter().filter(|result| !matches!(result, RowResult::Stale(_))).count()
    }

    /// One diagnostic for each stale row and each family without a template, in row order.
    pub fn diagnostics(&self, tracker: &Tracker) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for (row, result) in tracker.rows.iter().zip(&self.rows) {
            let name = format!("{} ({} {})", row.route_id, row.method, row.path_template);
            let (code, message) = match result {
                RowResult::Matched { .. } => continue,
                RowResult::Instances(members) => {
                    let message = format!("{name} stands for {} routes with IDs of their own", members.len());
                    ("tracker-row-instances", message)
                }
                RowResult::Stale(StaleReason::NoRoute) => {
                    let message =
                        format!("{name} names no route of this tree: remove the row or correct its path");
                    ("tracker-row-stale", message)
                }
                RowResult::Stale(StaleReason::Taken(other)) => {
                    let other = &tracker.rows[*other];
                    let message = format!(
                        "{name} names a route that {} on line {} names already: remove one of the rows",
                        other.route_id, other.line
                    );
                    ("tracker-row-stale", message)
                }
            };
            let severity = if code == "tracker-row-stale" { Severity::Warning } else { Severity::Note };
            let line = u32::try_from(row.line).unwrap_or(u32::MAX);
            found.push(Diagnostic {
                file: Some(tracker.label.clone()),
                line,
                column: 0,
                severity,
                code,
                message,
            });
        }
        found
    }
}

/// Lays `tracker` over `routes`.
pub fn assign(routes: &[Route], tracker: Option<&Tracker>) -> Assignment {
    let rows = tracker.map_or(&[][..], |tracker| &tracker.rows);
    let mut matcher = Matcher {
        routes,
        rows,
        rules: routes.iter().map(|route| Template::of_rule(&route.rule)).collect(),
        tracked: vec![None; routes.len()],
        results: vec![None; rows.len()],
    };
    matcher.exact();
    matcher.expressions();
    matcher.templates();
    let instance_of = matcher.families();
    let Matcher { tracked, results, .. } = matcher;
    let rows_done = (0..rows.len())
        .map(|row| {
            results[row]
                .clone()
                .unwrap_or_else(|| RowResult::Stale(stale_reason(routes, rows, &tracked, row)))
        })
        .collect();
    let ids = ids(routes, rows, &tracked);
    Assignment { ids, tracked, instance_of, rows: rows_done }
}

struct Matcher<'a> {
    routes: &'a [Route],
    rows: &'a [Row],
    rules: Vec<Template>,
    tracked: Vec<Option<Tracked>>,
    results: Vec<Option<RowResult>>,
}

impl Matcher<'_> {
    fn claim(&mut self, row: usize, route: usize, by: MatchKind) {
        self.tracked[route] = Some(Tracked { row, by });
        self.results[row] = Some(RowResult::Matched { route, by });
    }

    /// Rows that name method and rule. One rule can have several routes (an explicit HEAD beside that of a GET,
    /// two applications), so a row prefers the route of its own handler.
    fn exact(&mut self) {
        let mut by_key: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
        for (index, route) in self.routes.iter().enumerate() {
            by_key.entry((&route.method, &route.rule)).or_default().push(index);
        }
        let mut pairs = Vec::new();
        for (index, row) in self.rows.iter().enumerate() {
            if row.shape != Shape::Exact {
                continue;
            }
            let found = by_key.get(&(row.method.as_str(), row.path_template.as_str()));
            pairs.extend(found.into_iter().flatten().map(|route| (index, *route)));
        }
        self.claim_in_order(pairs, MatchKind::Exact);
    }

    /// Makes pairs in order of how well handler and row agree, each row and each route once.
    fn claim_in_order(&mut self, mut pairs: Vec<(usize, usize)>, by: MatchKind) {
        pairs.sort_by_key(|&(row, route)| {
            let (row_data, route_data) = (&self.rows[row], &self.routes[route]);
            (agreement(row_data, route_data), route_data.automatic.is_some(), row, route)
        });
        for (row, route) in pairs {
            if self.results[row].is_none() && self.tracked[route].is_none() {
                self.claim(row, route, by);
            }
        }
    }

    /// Rows with an expression: the handler has to be the row's, and the rule has to fit what is known of the
    /// expression. A row with one route left takes it, until none is left or all have several; then the row of
    /// which most is known takes the rule that leaves least to its holes.
    fn expressions(&mut self) {
        for strict in [true, false] {
            loop {
                let mut open: Vec<(usize, Vec<usize>)> = Vec::new();
                for (index, row) in self.rows.iter().enumerate() {
                    let Shape::Expression(template) = &row.shape else {
                        continue;
                    };
                    if self.results[index].is_none() {
                        let candidates = self.candidates(row, template, strict);
                        if !candidates.is_empty() {
                            open.push((index, candidates));
                        }
                    }
                }
                let known = |row: usize| match &self.rows[row].shape {
                    Shape::Expression(template) => template.known(),
                    _ => 0,
                };
                let first = open.into_iter().min_by_key(|(row, candidates)| {
                    (candidates.len().min(2), std::cmp::Reverse(known(*row)), *row)
                });
                let Some((row, candidates)) = first else {
                    break;
                };
                let best = candidates.into_iter().min_by_key(|&route| {
                    let data = &self.routes[route];
                    (data.automatic.is_some(), self.rules[route].has_holes(), data.rule.len(), route)
                });
                let Some(route) = best else { break };
                self.claim(row, route, MatchKind::Expression);
            }
        }
    }

    /// Routes that a row with an expression may mean. A handler that moved to another file keeps its symbol:
    /// without `strict` the symbol is enough.
    fn candidates(&self, row: &Row, template: &Template, strict: bool) -> Vec<usize> {
        let fits = |index: &usize| {
            let route = &self.routes[*index];
            self.tracked[*index].is_none()
                && route.method == row.method
                && handled_by(row, route, strict)
                && template.fits(&self.rules[*index])
        };
        (0..self.routes.len()).filter(fits).collect()
    }

    /// Rows that name a rule of which the scan knows only a template.
    fn templates(&mut self) {
        let mut pairs = Vec::new();
        for (index, row) in self.rows.iter().enumerate() {
            if row.shape != Shape::Exact || self.results[index].is_some() {
                continue;
            }
            let mut path = Template::of_rule(&row.path_template);
            if path.has_holes() {
                path = Template::default();
            }
            for (route, data) in self.routes.iter().enumerate() {
                if self.tracked[route].is_none()
                    && self.rules[route].has_holes()
                    && data.method == row.method
                    && handled_by(row, data, true)
                    && path.fits(&self.rules[route])
                {
                    pairs.push((index, route));
                }
            }
        }
        self.claim_in_order(pairs, MatchKind::Template);
    }

    /// Rows that stand for a family: the rule with holes in the same places is theirs, rules with values in
    /// those places are members.
    fn families(&mut self) -> Vec<Option<usize>> {
        let mut instance_of = vec![None; self.routes.len()];
        let mut pairs = Vec::new();
        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, row) in self.rows.iter().enumerate() {
            let Shape::Family(template) = &row.shape else {
                continue;
            };
            for (route, data) in self.routes.iter().enumerate() {
                let fits = self.tracked[route].is_none()
                    && data.method == row.method
                    && stands_in(&row.file, data)
                    && template.fits_within_segments(&self.rules[route]);
                if fits && self.rules[route].has_holes() {
                    pairs.push((index, route));
                } else if fits {
                    members.entry(index).or_default().push(route);
                }
            }
        }
        self.claim_in_order(pairs, MatchKind::Template);
        for (row, routes) in members {
            for route in &routes {
                instance_of[*route].get_or_insert(row);
            }
            if self.results[row].is_none() {
                self.results[row] = Some(RowResult::Instances(routes));
            }
        }
        instance_of
    }
}

/// How far a route is from being the row's by handler: 0 is file and symbol, 3 neither.
fn agreement(row: &Row, route: &Route) -> u8 {
    let file = stands_in(&row.file, route);
    let symbol = route.handler.as_ref().is_some_and(|handler| same_symbol(&row.symbol, handler));
    match (file, symbol) {
        (true, true) => 0,
        (true, false) => 1,
        (false, true) => 2,
        (false, false) => 3,
    }
}

/// Whether the route is handled, or at least registered, in `file`.
fn stands_in(file: &str, route: &Route) -> bool {
    route.registered.file == file || route.handler.as_ref().is_some_and(|handler| handler.file == file)
}

fn handled_by(row: &Row, route: &Route, strict: bool) -> bool {
    let Some(handler) = &route.handler else {
        return false;
    };
    (!strict || handler.file == row.file || route.registered.file == row.file)
        && same_symbol(&row.symbol, handler)
}

/// A tracker names the function, or the class whose method handles the request.
fn same_symbol(symbol: &str, handler: &Place) -> bool {
    let enclosing = handler.symbol.rsplit_once('.').map(|(class, _)| class);
    handler.symbol == symbol || enclosing == Some(symbol)
}

fn stale_reason(routes: &[Route], rows: &[Row], tracked: &[Option<Tracked>], row: usize) -> StaleReason {
    let row = &rows[row];
    for (route, claim) in routes.iter().zip(tracked) {
        if let Some(claim) = claim
            && row.shape == Shape::Exact
            && (&route.method, &route.rule) == (&row.method, &row.path_template)
        {
            return StaleReason::Taken(claim.row);
        }
    }
    StaleReason::NoRoute
}

/// The ID of a route that no tracker names: `X-<METHOD>-` and the first 8 hexadecimal digits of the SHA-256 of
/// `METHOD rule`. It depends on nothing else, so that it stays while the route stays.
pub fn derived_id(method: &str, rule: &str) -> String {
    let hash = sha256_hex(format!("{method} {rule}").as_bytes());
    format!("X-{method}-{}", &hash[..8])
}

/// An ID for every route. Where two would be the same (one rule in two applications), the later route hashes
/// its endpoint as well, and its position among its likes if even that is the same.
fn ids(routes: &[Route], rows: &[Row], tracked: &[Option<Tracked>]) -> Vec<String> {
    let mut used: BTreeSet<String> = rows.iter().map(|row| row.route_id.clone()).collect();
    let mut ids = Vec::with_capacity(routes.len());
    for (route, claim) in routes.iter().zip(tracked) {
        if let Some(claim) = claim {
            ids.push(rows[claim.row].route_id.clone());
            continue;
        }
        let mut id = derived_id(&route.method, &route.rule);
        let mut attempt = 0;
        while !used.insert(id.clone()) {
            attempt += 1;
            let text = format!("{} {}\n{}\n{attempt}", route.method, route.rule, route.endpoint);
            id = format!("X-{}-{}", route.method, &sha256_hex(text.as_bytes())[..8]);
        }
        ids.push(id);
    }
    ids
}
