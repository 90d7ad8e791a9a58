//! The audit for people and as JSON.

use std::fmt::Write;

use anstyle::Style;
use serde::Serialize;

use super::text::{BAD, CAUTION, HEADING, NAME, QUIET, count, paint};
use crate::audit::{Audit, Finding, level};
use crate::evidence::model::{Hop, Place};

/// Name and number of the JSON format.
const SCHEMA: &str = "producer-map/audit/1";

/// The audit as text for the terminal.
pub fn audit_text(audit: &Audit) -> String {
    let mut out = String::new();
    let mut place = String::new();
    for finding in &audit.findings {
        let at = format!("{}:{}", finding.claim.file, finding.claim.line);
        if at != place {
            if !place.is_empty() {
                out.push('\n');
            }
            let _ = writeln!(out, "{}", paint(HEADING, &at));
            place = at;
        }
        let level = level(finding.code);
        let _ = writeln!(
            out,
            "  {} {} {}",
            paint(style(level), level),
            paint(NAME, finding.code),
            finding.message
        );
        let _ = writeln!(out, "      {} {}", paint(QUIET, "plan: "), finding.claim.text);
        let _ = writeln!(out, "      {} {}", paint(QUIET, "proof:"), finding.proof.text);
        for place in &finding.proof.places {
            let _ =
                writeln!(out, "      {} {}:{} {}", paint(QUIET, "at"), place.file, place.line, place.symbol);
        }
    }
    if !audit.findings.is_empty() {
        out.push('\n');
    }
    for one in &audit.checked {
        let found = audit.findings.iter().filter(|finding| finding.claim.file == one.file).count();
        let _ =
            writeln!(out, "{} {}: {}, {found} contradicted", one.kind, one.file, count(one.claims, "claim"));
    }
    for text in &audit.unchecked {
        let _ = writeln!(out, "{}", paint(QUIET, format!("not checked: {text}")));
    }
    let total = count(audit.findings.len(), "contradiction");
    let _ = writeln!(out, "{}", paint(HEADING, total));
    out
}

fn style(level: &str) -> Style {
    match level {
        "error" => BAD,
        "warning" => CAUTION,
        _ => QUIET,
    }
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    findings: Vec<Record<'a>>,
    checked: Vec<CheckedRecord<'a>>,
    unchecked: &'a [String],
}

#[derive(Serialize)]
struct Record<'a> {
    code: &'static str,
    level: &'static str,
    message: &'a str,
    claim: ClaimRecord<'a>,
    proof: ProofRecord<'a>,
}

#[derive(Serialize)]
struct ClaimRecord<'a> {
    file: &'a str,
    line: u64,
    text: &'a str,
}

#[derive(Serialize)]
struct ProofRecord<'a> {
    text: &'a str,
    places: &'a [Place],
    edges: Vec<EdgeRecord<'a>>,
}

#[derive(Serialize)]
struct EdgeRecord<'a> {
    id: &'a str,
    path: &'a [Hop],
}

#[derive(Serialize)]
struct CheckedRecord<'a> {
    kind: &'static str,
    file: &'a str,
    claims: usize,
}

/// The audit as JSON.
///
/// # Errors
/// Never in memory; the error is that of the serialiser.
pub fn audit_json(audit: &Audit) -> std::io::Result<String> {
    let document = Document {
        schema: SCHEMA,
        findings: audit.findings.iter().map(record).collect(),
        checked: audit
            .checked
            .iter()
            .map(|one| CheckedRecord { kind: one.kind, file: &one.file, claims: one.claims })
            .collect(),
        unchecked: &audit.unchecked,
    };
    crate::evidence::to_json(&document)
}

fn record(finding: &Finding) -> Record<'_> {
    let proof = &finding.proof;
    Record {
        code: finding.code,
        level: level(finding.code),
        message: &finding.message,
        claim: ClaimRecord { file: &finding.claim.file, line: finding.claim.line, text: &finding.claim.text },
        proof: ProofRecord {
            text: &proof.text,
            places: &proof.places,
            edges: proof.chains.iter().map(|(id, path)| EdgeRecord { id, path }).collect(),
        },
    }
}
