//! Call graphs as JSON: in the shape that PyCG writes, and with places and kinds.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use super::{names, to_json};
use crate::callgraph::{Graph, NodeKind};

/// Value of the top-level `schema` of [`json`].
const SCHEMA: &str = "producer-map/callgraph/1";

/// The graph as an adjacency map of dotted names, the shape of PyCG's simple format (Salis et al., ICSE 2021): every node
/// is a key, what calls nothing has an empty list.
///
/// # Errors
/// Never for this type; the error is that of the serialiser.
pub fn pycg(graph: &Graph) -> io::Result<String> {
    to_json(&adjacency(graph))
}

/// The graph as an adjacency map of dotted names.
pub fn adjacency(graph: &Graph) -> BTreeMap<&str, Vec<&str>> {
    let mut map: BTreeMap<&str, Vec<&str>> =
        graph.nodes.iter().map(|node| (node.name.as_str(), Vec::new())).collect();
    for edge in &graph.edges {
        let (from, to) = (&graph.nodes[edge.from].name, &graph.nodes[edge.to].name);
        map.entry(from).or_default().push(to);
    }
    map
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    nodes: Vec<NodeRecord<'a>>,
    edges: Vec<EdgeRecord<'a>>,
    entered: Vec<&'a str>,
    unresolved: Vec<UnresolvedRecord<'a>>,
}

#[derive(Serialize)]
struct NodeRecord<'a> {
    name: &'a str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
}

#[derive(Serialize)]
struct EdgeRecord<'a> {
    from: &'a str,
    to: &'a str,
    kinds: Vec<&'static str>,
    lines: &'a [u32],
}

#[derive(Serialize)]
struct UnresolvedRecord<'a> {
    from: &'a str,
    line: u32,
}

/// The graph with the place of each definition, the lines of the calls, how they are resolved, and the calls that are not.
///
/// # Errors
/// Never for this type; the error is that of the serialiser.
pub fn json(graph: &Graph) -> io::Result<String> {
    let name = |index: usize| graph.nodes[index].name.as_str();
    let document = Document {
        schema: SCHEMA,
        nodes: graph
            .nodes
            .iter()
            .map(|node| NodeRecord {
                name: &node.name,
                kind: node_kind(node.kind),
                file: node.place.as_ref().map(|(file, _)| file.as_str()),
                line: node.place.as_ref().map(|(_, line)| *line),
            })
            .collect(),
        edges: graph
            .edges
            .iter()
            .map(|edge| EdgeRecord {
                from: name(edge.from),
                to: name(edge.to),
                kinds: edge.kinds.iter().map(|&kind| names::hop_kind(kind)).collect(),
                lines: &edge.lines,
            })
            .collect(),
        entered: graph.entered.iter().map(|&index| name(index)).collect(),
        unresolved: graph
            .unresolved
            .iter()
            .map(|call| UnresolvedRecord { from: name(call.from), line: call.line })
            .collect(),
    };
    to_json(&document)
}

fn node_kind(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Module => "module",
        NodeKind::Function => "function",
        NodeKind::Lambda => "lambda",
        NodeKind::Builtin => "builtin",
        NodeKind::External => "external",
    }
}
