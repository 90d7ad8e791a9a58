//! The audit as SARIF 2.1.0 (OASIS, Static Analysis Results Interchange Format), with a code flow for each chain.
//!
//! The location of a result is the plan's claim; places of the proof are related locations. Fingerprints hold no line, so
//! that a row that moves keeps its alert.

use serde::Serialize;

use crate::audit::{Audit, Finding, level};
use crate::codes::{self, Code};
use crate::digest::sha256_hex;
use crate::evidence::model::{Hop, Place};

/// Where the format is described.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json";

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool<'a>,
    automation_details: AutomationDetails,
    column_kind: &'static str,
    results: Vec<SarifResult<'a>>,
}

#[derive(Serialize)]
struct AutomationDetails {
    id: &'static str,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
struct Driver<'a> {
    name: &'static str,
    version: &'static str,
    rules: Vec<Rule<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'a> {
    id: &'a str,
    short_description: Message<'a>,
    full_description: Message<'a>,
    help: Message<'a>,
    default_configuration: Configuration<'a>,
}

#[derive(Serialize)]
struct Configuration<'a> {
    level: &'a str,
}

#[derive(Serialize)]
struct Message<'a> {
    text: std::borrow::Cow<'a, str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult<'a> {
    rule_id: &'a str,
    rule_index: usize,
    level: &'a str,
    message: Message<'a>,
    locations: [Location<'a>; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    code_flows: Vec<CodeFlow<'a>>,
    partial_fingerprints: Fingerprints,
}

#[derive(Serialize)]
struct Fingerprints {
    #[serde(rename = "producerMapClaim/v1")]
    claim: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<LogicalLocation<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation<'a> {
    fully_qualified_name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CodeFlow<'a> {
    message: Message<'a>,
    thread_flows: [ThreadFlow<'a>; 1],
}

#[derive(Serialize)]
struct ThreadFlow<'a> {
    locations: Vec<ThreadFlowLocation<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ThreadFlowLocation<'a> {
    execution_order: usize,
    kinds: [&'a str; 1],
    location: Location<'a>,
}

/// The audit as a SARIF log.
///
/// # Errors
/// Never in memory; the error is that of the serialiser.
pub fn audit_sarif(audit: &Audit) -> std::io::Result<String> {
    let codes: Vec<&Code> = codes::all().iter().filter(|code| code.area == "audit").collect();
    let rules = codes.iter().map(|code| Rule {
        id: &code.name,
        short_description: message(&code.title),
        full_description: message(&code.why),
        help: message(&code.action),
        default_configuration: Configuration { level: &code.level },
    });
    let driver =
        Driver { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION"), rules: rules.collect() };
    let results = audit.findings.iter().map(|finding| {
        let rule_index = codes.iter().position(|code| code.name == finding.code).unwrap_or_default();
        result(finding, rule_index)
    });
    let run = Run {
        tool: Tool { driver },
        automation_details: AutomationDetails { id: "producer-map/audit/" },
        column_kind: "unicodeCodePoints",
        results: results.collect(),
    };
    crate::evidence::to_json(&Log { schema: SCHEMA, version: "2.1.0", runs: [run] })
}

fn message(text: &str) -> Message<'_> {
    Message { text: text.into() }
}

fn result(finding: &Finding, rule_index: usize) -> SarifResult<'_> {
    let (claim, proof) = (&finding.claim, &finding.proof);
    let text = format!("{}. The plan says `{}`; {}.", finding.message, claim.text, proof.text);
    let related = proof.places.iter().enumerate().map(|(number, place)| {
        let Place { file, line, symbol } = place;
        Location {
            id: Some(number + 1),
            ..location(file, u64::from(*line), Some(symbol), Some(symbol.clone()))
        }
    });
    SarifResult {
        rule_id: finding.code,
        rule_index,
        level: level(finding.code),
        message: Message { text: text.into() },
        locations: [location(&claim.file, claim.line, None, None)],
        related_locations: related.collect(),
        code_flows: proof.chains.iter().map(|(id, path)| flow(id, path)).collect(),
        partial_fingerprints: Fingerprints {
            claim: sha256_hex([finding.code, &claim.file, &finding.message].join("\0").as_bytes()),
        },
    }
}

fn flow<'a>(id: &'a str, path: &'a [Hop]) -> CodeFlow<'a> {
    let step = |(order, hop): (usize, &'a Hop)| {
        let text =
            if hop.target.is_empty() { hop.kind.clone() } else { format!("{}: {}", hop.kind, hop.target) };
        ThreadFlowLocation {
            execution_order: order + 1,
            kinds: [&hop.kind],
            location: location(&hop.file, u64::from(hop.line), Some(&hop.symbol), Some(text)),
        }
    };
    CodeFlow {
        message: message(id),
        thread_flows: [ThreadFlow { locations: path.iter().enumerate().map(step).collect() }],
    }
}

fn location<'a>(file: &str, line: u64, symbol: Option<&'a str>, text: Option<String>) -> Location<'a> {
    Location {
        id: None,
        physical_location: PhysicalLocation {
            artifact_location: ArtifactLocation { uri: uri(file) },
            region: Region { start_line: line.max(1) },
        },
        logical_locations: symbol
            .map(|name| LogicalLocation { fully_qualified_name: name })
            .into_iter()
            .collect(),
        message: text.map(|text| Message { text: text.into() }),
    }
}

/// A relative path as a URI reference (RFC 3986).
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn paths_become_uri_references() {
        assert_eq!(uri("plans/a_b-1.csv"), "plans/a_b-1.csv");
        assert_eq!(uri("a b/ü#1.py"), "a%20b/%C3%BC%231.py");
    }
}
