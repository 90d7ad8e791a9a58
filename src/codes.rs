//! The catalogue of codes: what each means, why it matters and what to do about it.
//!
//! A code is a word in kebab case that stands for one kind of finding, unique in the whole program and never given
//! another meaning. The texts are data, one file for each area in `data/codes`; `producer-map explain` prints them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// The areas in the order in which they are listed: name, file, and the levels that its codes may have.
const AREAS: [(&str, &str, [&str; 3]); 4] = [
    ("diagnostics", include_str!("../data/codes/diagnostics.toml"), SEVERITIES),
    ("diff", include_str!("../data/codes/diff.toml"), ["breaking", "notice", "info"]),
    ("audit", include_str!("../data/codes/audit.toml"), SEVERITIES),
    ("link", include_str!("../data/codes/link.toml"), SEVERITIES),
];

/// Levels of everything but differences, the worst first.
const SEVERITIES: [&str; 3] = ["error", "warning", "note"];

/// A code and its explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Code {
    /// The code, in kebab case.
    pub name: String,
    /// What it belongs to: the name of its file in `data/codes`.
    pub area: &'static str,
    /// How bad it is: `breaking`, `notice` or `info` for a difference, `error`, `warning` or `note` for all else.
    pub level: String,
    /// What it says, in one line.
    pub title: String,
    /// Why it matters.
    pub why: String,
    /// What to do about it.
    pub action: String,
}

/// An entry as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    level: String,
    title: String,
    why: String,
    action: String,
}

/// All codes, by area and then by name.
///
/// # Panics
/// Never in a released program: a test reads the embedded files.
pub fn all() -> &'static [Code] {
    static CODES: LazyLock<Vec<Code>> = LazyLock::new(|| match read() {
        Ok(codes) => codes,
        Err(message) => panic!("the catalogue of codes is malformed: {message}"),
    });
    &CODES
}

/// The code of this name.
pub fn find(name: &str) -> Option<&'static Code> {
    all().iter().find(|code| code.name == name)
}

/// Names of the areas, in the order of [`all`].
pub fn areas() -> impl Iterator<Item = &'static str> {
    AREAS.iter().map(|(area, _, _)| *area)
}

fn read() -> Result<Vec<Code>, String> {
    let mut codes: Vec<Code> = Vec::new();
    for (area, text, levels) in AREAS {
        let entries: BTreeMap<String, Entry> =
            toml::from_str(text).map_err(|error| format!("{area}.toml: {error}"))?;
        for (name, Entry { level, title, why, action }) in entries {
            if codes.iter().any(|code| code.name == name) {
                return Err(format!("{area}.toml: `{name}` is in another area as well"));
            }
            if !levels.contains(&level.as_str()) {
                return Err(format!("{area}.toml: `{name}` has the level `{level}`"));
            }
            codes.push(Code { name, area, level, title, why, action });
        }
    }
    Ok(codes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kebab(word: &str) -> bool {
        let lower = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        word.split('-').all(lower)
    }

    #[test]
    fn the_catalogue_is_well_formed() {
        let codes = read().expect("well formed");
        for code in &codes {
            let name = &code.name;
            assert!(kebab(name) && name.contains('-'), "{name}");
            assert!(!code.title.is_empty() && !code.title.ends_with('.'), "{name}: a title is no sentence");
            for sentence in [&code.why, &code.action] {
                assert!(sentence.ends_with('.') && !sentence.contains('\n'), "{name}: {sentence}");
            }
        }
        for area in areas() {
            assert!(codes.iter().any(|code| code.area == area), "{area} is empty");
        }
    }

    #[test]
    fn a_code_is_found_by_its_name_alone() {
        assert_eq!(
            find("edge-added").map(|code| (code.area, code.level.as_str())),
            Some(("diff", "breaking"))
        );
        assert_eq!(find("edge"), None);
    }
}
