//! Call graphs as drawings: Graphviz and Mermaid. Nodes that no call touches are left out.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::callgraph::{Graph, NodeKind};

/// The nodes that some edge begins or ends at, in order.
fn drawn(graph: &Graph) -> BTreeSet<usize> {
    graph.edges.iter().flat_map(|edge| [edge.from, edge.to]).collect()
}

/// The graph in the DOT language of Graphviz; builtins and libraries are dashed.
pub fn dot(graph: &Graph) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let mut text = String::from("digraph callgraph {\n  rankdir=LR;\n  node [shape=box];\n");
    for index in drawn(graph) {
        let node = &graph.nodes[index];
        let style = match node.kind {
            NodeKind::Module => " [style=bold]",
            NodeKind::Function | NodeKind::Lambda => "",
            NodeKind::Builtin | NodeKind::External => " [style=dashed]",
        };
        let _ = writeln!(text, "  {}{style};", quoted(&node.name));
    }
    for edge in &graph.edges {
        let (from, to) = (&graph.nodes[edge.from].name, &graph.nodes[edge.to].name);
        let _ = writeln!(text, "  {} -> {};", quoted(from), quoted(to));
    }
    text.push_str("}\n");
    text
}

/// The graph as a Mermaid flowchart; modules are rounded, builtins and libraries slanted.
pub fn mermaid(graph: &Graph) -> String {
    // Mermaid reads labels as HTML; its entities begin with `#`.
    let escaped = |text: &str| {
        text.replace('#', "#35;").replace('"', "#quot;").replace('<', "#lt;").replace('>', "#gt;")
    };
    let mut text = String::from("flowchart LR\n");
    for index in drawn(graph) {
        let node = &graph.nodes[index];
        let label = escaped(&node.name);
        let shape = match node.kind {
            NodeKind::Module => format!("([\"{label}\"])"),
            NodeKind::Function | NodeKind::Lambda => format!("[\"{label}\"]"),
            NodeKind::Builtin | NodeKind::External => format!("[/\"{label}\"/]"),
        };
        let _ = writeln!(text, "  n{index}{shape}");
    }
    for edge in &graph.edges {
        let _ = writeln!(text, "  n{} --> n{}", edge.from, edge.to);
    }
    text
}
