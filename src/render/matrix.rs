//! The proven dependency matrix as CSV and as Markdown, and the state of the open validation items.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::text::count;
use crate::evidence::Evidence;
use crate::matrix::{RouteCell, Row};

/// The columns of the CSV file: those of the plan's own matrix.
const COLUMNS: [&str; 12] = [
    "queue_var",
    "default_queue_name",
    "producer_files",
    "producer_route_files",
    "producer_route_count",
    "producer_route_ids",
    "producer_review_waves",
    "consumer_files",
    "consumer_programs",
    "consumer_process_ids",
    "consumer_review_waves",
    "cutover_constraint",
];

/// The matrix as CSV. No cell is one that a spreadsheet would run as a formula.
///
/// # Errors
/// Never in memory; the error is that of the writer.
pub fn matrix_csv(rows: &[Row<'_>]) -> std::io::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for row in rows {
        let modules: BTreeSet<&str> =
            row.consumers.iter().flat_map(|one| one.modules).map(String::as_str).collect();
        let of = |cell: fn(&crate::matrix::Consumer<'_>) -> String| {
            let cells: BTreeSet<String> =
                row.consumers.iter().map(cell).filter(|text| !text.is_empty()).collect();
            join(cells)
        };
        let cells = [
            row.variable.to_owned(),
            row.queue.to_owned(),
            join(row.producer_files()),
            join(row.route_files()),
            row.routes.len().to_string(),
            join(row.routes.iter().map(|cell| cell.route.id.as_str())),
            join(&row.route_waves),
            join(modules),
            of(|one| one.program.to_owned()),
            of(|one| one.process.clone()),
            of(|one| one.wave.clone()),
            constraint(row),
        ];
        writer.write_record(cells.map(|cell| plain(&cell)))?;
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    String::from_utf8(bytes).map_err(std::io::Error::other)
}

fn join<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    let texts: Vec<String> = texts.into_iter().map(|text| text.as_ref().to_owned()).collect();
    texts.join("; ")
}

/// A cell that no spreadsheet runs as a formula: an apostrophe before the signs that begin one (OWASP, CSV injection).
fn plain(cell: &str) -> String {
    let begins = crate::checklist::block::formula(cell.as_bytes()).is_some();
    if begins { format!("'{cell}") } else { cell.to_owned() }
}

fn constraint(row: &Row<'_>) -> String {
    if row.routes.is_empty() {
        return "no route reaches this queue".to_owned();
    }
    let what = if row.routes.len() == 1 {
        "1 route depends"
    } else {
        &format!("{} routes depend", row.routes.len())
    };
    let tests = if row.compatibility_test.is_empty() {
        "the mixed-mode queue compatibility tests".to_owned()
    } else {
        row.compatibility_test.clone()
    };
    format!("{what} on the consumer: route cutover before worker cutover only with {tests}")
}

/// The matrix as Markdown: the table of the cutover plan with proven cells, then the routes of each queue.
pub fn matrix_markdown(evidence: &Evidence, rows: &[Row<'_>]) -> String {
    let mut out = String::from("# Dependency matrix (proven)\n\n");
    let _ = writeln!(out, "From the evidence of source digest `{}`.", evidence.source.digest);
    out.push_str(
        "Producers, routes and consumers are proven by chains of calls; waves, process IDs and rules are the plan's.\n\n",
    );
    out.push_str(
        "| Queue | Producer surface | Consumer process wave | Route/API dependency | Required sequencing rule |\n\
         |---|---|---|---|---|\n",
    );
    for row in rows {
        let producers: Vec<String> = row
            .producers
            .iter()
            .map(|site| format!("`{}` (`{}:{}`)", site.symbol, site.file, site.line))
            .collect();
        let consumers: Vec<String> = row
            .consumers
            .iter()
            .map(|one| {
                let wave = if one.wave.is_empty() { String::new() } else { format!("`{}` ", one.wave) };
                format!("{wave}(`{}`)", one.program)
            })
            .collect();
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {} | {} |",
            cell(row.queue),
            cell(&or_none(producers.join("<br>"))),
            cell(&or_none(consumers.join("<br>"))),
            cell(&dependency(row)),
            cell(&row.rule)
        );
    }
    for row in rows {
        let _ = writeln!(out, "\n## `{}`\n", row.queue);
        for one in &row.consumers {
            let begins = one.begins.map(|at| format!(", which begins at `{}:{}`", at.file, at.line));
            let process = if one.process.is_empty() { String::new() } else { format!(" ({})", one.process) };
            let _ = writeln!(
                out,
                "Consumed by program `{}`{process}{}.\n",
                one.program,
                begins.unwrap_or_default()
            );
        }
        if row.routes.is_empty() {
            out.push_str("No route reaches it.\n");
            continue;
        }
        out.push_str("| Route | Method and rule | Certainty | Gates on every chain | Chains |\n|---|---|---|---|---|\n");
        for one in &row.routes {
            let gates: Vec<String> = one.gates().iter().map(|gate| code(gate)).collect();
            let edges: Vec<String> = one.edges.iter().map(|edge| format!("`{}`", edge.id)).collect();
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {} |",
                cell(&one.route.id),
                cell(&code(&format!("{} {}", one.route.method, one.route.rule))),
                one.certainty(),
                cell(&or_none(gates.join(", "))),
                edges.join(", ")
            );
        }
        if !row.automatic.is_empty() {
            let _ = writeln!(out, "\nAnd by themselves: {}.", row.automatic.join(", "));
        }
    }
    out
}

fn dependency(row: &Row<'_>) -> String {
    if row.routes.is_empty() {
        return "none".to_owned();
    }
    let ids: Vec<&str> = row.routes.iter().map(|cell| cell.route.id.as_str()).collect();
    let waves = if row.route_waves.is_empty() {
        String::new()
    } else {
        format!(" (`{}`)", row.route_waves.join("`, `"))
    };
    format!("{}{waves}: {}", count(ids.len(), "route"), ids.join(", "))
}

fn or_none(text: String) -> String {
    if text.is_empty() { "none".to_owned() } else { text }
}

/// Text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace('\n', " ")
}

/// Text as code.
fn code(text: &str) -> String {
    let fence = if text.contains('`') { "``" } else { "`" };
    format!("{fence}{text}{fence}")
}

/// The state of the open validation items, as a list to be pasted into the plan.
pub fn validation_items(evidence: &Evidence, rows: &[Row<'_>]) -> String {
    let mut out = String::new();
    for item in &evidence.validation_items {
        let row = rows.iter().find(|row| row.queue == item.queue);
        let mark = if item.status == "confirmed" { "x" } else { " " };
        let _ = write!(out, "- [{mark}] `{}`: {}", item.queue, item.status);
        let Some(row) = row else {
            out.push_str("; the application has no queue of this name\n");
            continue;
        };
        let certainties: Vec<String> = row
            .certainties()
            .into_iter()
            .filter(|(_, number)| *number > 0)
            .map(|(certainty, number)| format!("{number} {certainty}"))
            .collect();
        let certainties =
            if certainties.is_empty() { String::new() } else { format!(" ({})", certainties.join(", ")) };
        let _ = writeln!(
            out,
            ", {}, {}{certainties}",
            count(row.routes.len(), "route"),
            count(row.chains(), "chain")
        );
        for one in &row.routes {
            let _ = writeln!(out, "  - {}", item_route(one));
        }
        if !row.automatic.is_empty() {
            let _ = writeln!(out, "  - by themselves: {}", row.automatic.join(", "));
        }
        for open in open_points(row) {
            let _ = writeln!(out, "  - open: {open}");
        }
    }
    let statistics = &evidence.statistics;
    let _ = writeln!(
        out,
        "- Open for all of them: {} of the {} calls that routes reach are not resolved, {}; a chain through one of them \
         would not be found. What requests really enqueue (dynamic pass) is not part of this evidence.",
        statistics.reachable_calls - statistics.resolved_calls.min(statistics.reachable_calls),
        statistics.reachable_calls,
        caps(evidence)
    );
    out
}

fn caps(evidence: &Evidence) -> String {
    let caps: Vec<String> = evidence
        .statistics
        .caps_hit
        .iter()
        .map(|(name, number)| format!("`{name}` {number} times"))
        .collect();
    if caps.is_empty() {
        "no limit was hit".to_owned()
    } else {
        format!("limits were hit: {}", caps.join(", "))
    }
}

fn item_route(one: &RouteCell<'_>) -> String {
    let gates: Vec<String> = one.gates().iter().map(|gate| code(gate)).collect();
    let only = if gates.is_empty() { String::new() } else { format!(", only with {}", gates.join(" and ")) };
    let mut files: Vec<String> =
        one.edges.iter().map(|edge| format!("`{}:{}`", edge.producer.file, edge.producer.line)).collect();
    files.dedup();
    format!(
        "{} {}: {}{only}; {}",
        one.route.id,
        code(&format!("{} {}", one.route.method, one.route.rule)),
        one.certainty(),
        files.join(", ")
    )
}

/// What a reviewer has yet to look at.
fn open_points(row: &Row<'_>) -> Vec<String> {
    let mut open = Vec::new();
    if row.routes.is_empty() {
        open.push("no route was found".to_owned());
    }
    let unsure = row.routes.iter().filter(|cell| cell.certainty() != "exact").count();
    if unsure > 0 {
        let verb = if unsure == 1 { "has" } else { "have" };
        open.push(format!(
            "{} {verb} chains with a call that may enter one of several functions, or rests on an assumption",
            count(unsure, "route")
        ));
    }
    let unreached = row.producers.iter().filter(|site| !site.reached_by_routes);
    for site in unreached {
        open.push(format!("no route reaches the producer `{}` (`{}:{}`)", site.symbol, site.file, site.line));
    }
    let untracked: Vec<&str> = row
        .routes
        .iter()
        .filter(|cell| cell.route.tracker.status != "tracked")
        .map(|cell| cell.route.id.as_str())
        .collect();
    if !untracked.is_empty() {
        open.push(format!("without a row in the tracker: {}", untracked.join(", ")));
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for bad in ["=1+1", "+1", "-1", "@x", "\t=1", "\r", " =1"] {
            assert_eq!(plain(bad), format!("'{bad}"));
        }
        for good in ["a=b", "", "ROUTE-1", "'=1"] {
            assert_eq!(plain(good), good);
        }
    }

    #[test]
    fn bars_do_not_end_a_cell() {
        assert_eq!(cell("a|b\nc"), "a\\|b c");
    }
}
