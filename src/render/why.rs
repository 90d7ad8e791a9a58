//! `why`: a chain as a story, each hop with its source lines.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Component, Path, PathBuf};

use super::text::{CAUTION, HEADING, NAME, QUIET, certainty_style, count, paint};
use super::why_not;
use crate::evidence::Evidence;
use crate::evidence::model::{Edge, Hop, Route, conjunction};

/// Lines of one call that are shown at most.
const CALL_LINES: usize = 4;

/// The tree that source lines are read from.
#[derive(Debug)]
pub struct SourceTree {
    root: PathBuf,
    files: BTreeMap<String, Option<Vec<String>>>,
    missing: bool,
}

impl SourceTree {
    /// The tree at `root`; files are read when they are needed.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), files: BTreeMap::new(), missing: false }
    }

    /// Whether some line that was asked for is not in the tree.
    pub fn missed_lines(&self) -> bool {
        self.missing
    }

    /// The call that starts on `line`: that line, and the following ones while a bracket is open.
    fn call(&mut self, file: &str, line: u32) -> Vec<(u32, String)> {
        let lines = self.lines(file);
        let mut found = Vec::new();
        let mut open = 0i32;
        for number in (line..).take(CALL_LINES) {
            let Some(text) = lines.get(number as usize - 1) else {
                break;
            };
            open +=
                text.matches(['(', '[', '{']).count() as i32 - text.matches([')', ']', '}']).count() as i32;
            found.push((number, text.clone()));
            if open <= 0 {
                break;
            }
        }
        self.missing |= found.is_empty();
        found
    }

    fn lines(&mut self, file: &str) -> &[String] {
        let root = &self.root;
        let lines = self.files.entry(file.to_owned()).or_insert_with(|| {
            let path = Path::new(file);
            // An evidence file is input: it names files of the tree, and nothing else is read on its word.
            if !path.components().all(|component| matches!(component, Component::Normal(_))) {
                return None;
            }
            let bytes = std::fs::read(root.join(path)).ok()?;
            let text = crate::source::encoding::decode_for_display(bytes);
            Some(text.lines().map(|line| line.trim_end().to_owned()).collect())
        });
        lines.as_deref().unwrap_or(&[])
    }
}

/// The chains of `route`, to `queue` or to every queue.
pub fn why(evidence: &Evidence, route: &Route, queue: Option<&str>, tree: &mut SourceTree) -> String {
    let mut out = String::new();
    introduce(&mut out, route);
    let mine = |edge: &&Edge| edge.route_id == route.id && queue.is_none_or(|queue| edge.queue == queue);
    let edges: Vec<&Edge> = evidence.edges.iter().filter(mine).collect();
    if edges.is_empty() {
        let target = queue.map_or("any queue".to_owned(), |queue| format!("queue {queue}"));
        let _ = writeln!(out, "\nno chain from this route to a producer of {target} was found");
        match queue {
            Some(queue) => {
                let _ = writeln!(out, "{}", why_not::verdict(evidence, route, queue));
            }
            None => {
                let open = evidence.open.as_ref().map(|open| why_not::queues_left_open(open, route));
                let text = match open.as_deref() {
                    Some([]) => {
                        "closed: no call on its way that is not understood can lead to one".to_owned()
                    }
                    Some(queues) => {
                        let text = format!("open for {}: `why-not` names the calls", queues.join(", "));
                        paint(CAUTION, text).to_string()
                    }
                    None => return out,
                };
                let _ = writeln!(out, "{text}");
            }
        }
        return out;
    }
    for (index, edge) in edges.iter().enumerate() {
        tell(&mut out, edge, (index + 1, edges.len()), tree);
    }
    out
}

/// What a route is.
pub(super) fn introduce(out: &mut String, route: &Route) {
    let _ = writeln!(out, "{}  {} {}", paint(HEADING, &route.id), route.method, paint(HEADING, &route.rule));
    if let Some(handler) = &route.handler {
        let place = format!("{}:{}", handler.file, handler.line);
        let _ = writeln!(out, "  served by {} {}", paint(NAME, place), handler.symbol);
    }
    if let Some(automatic) = &route.automatic {
        let _ = writeln!(out, "  exists by itself ({automatic})");
    }
    if !route.decorators.is_empty() {
        let names: Vec<&str> = route.decorators.iter().map(|decorator| decorator.name.as_str()).collect();
        let _ = writeln!(out, "  inside {}", names.join(", "));
    }
    if !route.gates.is_empty() {
        let _ = writeln!(out, "  exists if {}", paint(CAUTION, conjunction(&route.gates)));
    }
    for gate in &route.unbound_gates {
        let place = paint(NAME, format!("{}:{}", gate.file, gate.line));
        let _ = writeln!(out, "  does not depend on {}, which {place} seems to say", gate.condition);
    }
}

fn tell(out: &mut String, edge: &Edge, (number, all): (usize, usize), tree: &mut SourceTree) {
    let producer = &edge.producer;
    let counter = if all > 1 { format!("chain {number} of {all}: ") } else { String::new() };
    let certainty = paint(certainty_style(&edge.certainty), &edge.certainty);
    let _ =
        writeln!(out, "\n{counter}{} {certainty}  {}", paint(HEADING, &edge.queue), paint(QUIET, &edge.id));
    let _ = writeln!(
        out,
        "  {} in {} {}:{}, {}",
        producer.operation,
        producer.symbol,
        producer.file,
        producer.line,
        count(edge.path.len(), "hop")
    );
    if !edge.gates.is_empty() {
        let _ = writeln!(out, "  only if {}", paint(CAUTION, conjunction(&edge.gates)));
    }
    if edge.unconditional {
        let _ = writeln!(out, "  unconditional");
    }
    hops(out, &edge.path, 1, &edge.queue, tree);
}

/// Hops with their source lines, numbered from `first`.
pub(super) fn hops(out: &mut String, hops: &[Hop], first: usize, queue: &str, tree: &mut SourceTree) {
    let width = hops.iter().map(|hop| hop.line + CALL_LINES as u32).max().unwrap_or(0).to_string().len();
    for (number, hop) in (first..).zip(hops) {
        let place = format!("{}:{}", hop.file, hop.line);
        let _ = writeln!(out, "\n{number:>3}. {} in {}", paint(NAME, place), hop.symbol);
        let lines = tree.call(&hop.file, hop.line);
        let indent =
            lines.iter().filter(|(_, text)| !text.is_empty()).map(|(_, text)| indentation(text)).min();
        for (line, text) in &lines {
            let text = text.get(indent.unwrap_or(0)..).unwrap_or(text);
            let _ = writeln!(
                out,
                "     {}{}",
                paint(QUIET, format!("{line:>width$} |")),
                if text.is_empty() { String::new() } else { format!(" {text}") }
            );
        }
        let _ = writeln!(out, "     {}{}", step(hop, queue), alternatives(hop));
        if !hop.gates.is_empty() {
            let _ = writeln!(out, "     if {}", paint(CAUTION, conjunction(&hop.gates)));
        }
    }
}

fn indentation(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

fn alternatives(hop: &Hop) -> String {
    if hop.targets > 1 { paint(CAUTION, format!(" (one of {} targets)", hop.targets)) } else { String::new() }
}

/// What happens at a hop, as a sentence.
fn step(hop: &Hop, queue: &str) -> String {
    let target = if hop.target.is_empty() { "the next function" } else { &hop.target };
    match hop.kind.as_str() {
        "route" => format!("a request arrives: the framework calls {target}"),
        "direct" => format!("calls {target}"),
        "method" => format!("calls the method {target}"),
        "constructor" => format!("constructs an instance: {target}"),
        "decorator" => format!("the decorator's wrapper calls what it wraps: {target}"),
        "closure" => format!("calls a closure held in a variable: {target}"),
        "callback" => format!("calls a function that was passed in: {target}"),
        "__getattr__" => format!("__getattr__ finds the method elsewhere: {target}"),
        "dict-of-classes" => format!("calls what a container holds under a key: {target}"),
        "context-manager" => format!("the with statement runs the manager: {target}"),
        "yield" => format!("iteration runs the generator: {target}"),
        "super" => format!("super() leads to {target}"),
        "hook" => format!("the framework runs the hook {target}"),
        "property" => format!("reading the attribute runs {target}"),
        "name" => format!("a guess: {target} has the name of what is called here"),
        "thread" => format!("a thread, greenlet or executor runs {target}"),
        "external" => format!("a library that is not modelled is assumed to call {target}"),
        "producer" => format!("an item goes onto {queue}"),
        other => format!("{other}: {target}"),
    }
}
