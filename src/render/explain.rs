//! `explain`: the catalogue of codes for people.

use std::fmt::Write;

use super::text::{HEADING, NAME, QUIET, level_style, paint, wrap};
use crate::codes::{self, Code};

/// One code with everything that is known about it.
pub fn explanation(code: &Code) -> String {
    let mut out = String::new();
    let level = paint(level_style(&code.level), &code.level);
    let _ = writeln!(out, "{}  {level}  {}", paint(HEADING, &code.name), paint(QUIET, code.area));
    for (heading, text) in [("", &code.title), ("Why it matters", &code.why), ("What to do", &code.action)] {
        if !heading.is_empty() {
            let _ = writeln!(out, "\n{heading}");
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        out.push_str(&wrap(&words, 2));
    }
    out
}

/// All codes, by area.
pub fn catalogue() -> String {
    let mut out = String::new();
    let width = codes::all().iter().map(|code| code.name.len()).max().unwrap_or(0);
    for area in codes::areas() {
        if !out.is_empty() {
            out.push('\n');
        }
        let _ = writeln!(out, "{}", paint(HEADING, area));
        for code in codes::all().iter().filter(|code| code.area == area) {
            let name = paint(NAME, format!("{:width$}", code.name));
            let level = paint(level_style(&code.level), format!("{:8}", code.level));
            let _ = writeln!(out, "  {name}  {level}  {}", code.title);
        }
    }
    out
}
