//! Path patterns: the small language in which `exclude`, `include` and `consumer_entries` are written.
//!
//! * A pattern without a slash is matched against every component of a path: `tests/` means a directory of
//!   that name anywhere, `test_*.py` a file or directory of that shape anywhere.
//! * A pattern with a slash before its end is matched against the path from the scanned root.
//! * `*` stands for any run of characters within a component, `?` for one, `**` as a whole component for any
//!   number of components, none included.
//! * A trailing slash restricts a pattern to directories.

use std::fmt;

/// A path pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    components: Vec<String>,
    anchored: bool,
    directory: bool,
}

/// A pattern that cannot mean anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Nothing to match.
    #[error("empty pattern: write a directory name such as `build/` or a path such as `tools/*.py`")]
    Empty,
    /// A component that no relative path has.
    #[error(
        "pattern `{0}` leaves the scanned root or has an empty component: write it relative to the root, without `.`, `..` and `//`"
    )]
    Component(String),
    /// `**` beside other characters.
    #[error(
        "pattern `{0}` has `**` beside other characters: make `**` a component of its own, as in `a/**/b`"
    )]
    DoubleStar(String),
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// When the pattern is empty, leaves the root, or has `**` beside other characters in a component.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        let body = text.strip_prefix('/').unwrap_or(text);
        let directory = body.ends_with('/');
        let body = body.strip_suffix('/').unwrap_or(body);
        if body.is_empty() {
            return Err(PatternError::Empty);
        }
        let components: Vec<String> = body.split('/').map(str::to_owned).collect();
        for component in &components {
            if matches!(component.as_str(), "" | "." | "..") {
                return Err(PatternError::Component(text.to_owned()));
            }
            if component.contains("**") && component != "**" {
                return Err(PatternError::DoubleStar(text.to_owned()));
            }
        }
        let anchored = text.starts_with('/') || components.len() > 1;
        Ok(Self { text: text.to_owned(), components, anchored, directory })
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the pattern names this path itself (not something above it). `path` is relative, with `/`.
    pub fn matches(&self, path: &str, is_dir: bool) -> bool {
        if self.directory && !is_dir {
            return false;
        }
        if self.anchored {
            let parts: Vec<&str> = path.split('/').collect();
            match_components(&self.components, &parts)
        } else {
            let name = path.rsplit('/').next().unwrap_or(path);
            self.components.first().is_some_and(|c| c == "**" || match_component(c, name))
        }
    }

    /// Whether something below directory `dir` could match: only a pattern from the root can tell.
    fn may_match_below(&self, dir: &str) -> bool {
        if !self.anchored {
            return false;
        }
        let mut pattern = self.components.iter();
        for part in dir.split('/') {
            match pattern.next() {
                None => return false,
                Some(component) if component == "**" => return true,
                Some(component) if match_component(component, part) => {}
                Some(_) => return false,
            }
        }
        pattern.next().is_some()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn match_components(pattern: &[String], parts: &[&str]) -> bool {
    match pattern.split_first() {
        None => parts.is_empty(),
        Some((first, rest)) if first == "**" => {
            (0..=parts.len()).any(|skip| match_components(rest, &parts[skip..]))
        }
        Some((first, rest)) => parts
            .split_first()
            .is_some_and(|(part, others)| match_component(first, part) && match_components(rest, others)),
    }
}

/// Matches `*` and `?` within one component, by stepping back to the last `*` on a mismatch.
fn match_component(pattern: &str, text: &str) -> bool {
    if !pattern.contains(['*', '?']) {
        return pattern == text;
    }
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // What follows the last `*`, and where in the text what it stands for ends.
    let mut star = None;
    loop {
        let (mut pattern_after, mut text_after) = (pattern.clone(), text.clone());
        match (pattern_after.next(), text_after.next()) {
            (Some('*'), _) => {
                star = Some((pattern_after.clone(), text.clone()));
                pattern = pattern_after;
                continue;
            }
            (None, None) => return true,
            (Some(wanted), Some(found)) if wanted == '?' || wanted == found => {
                (pattern, text) = (pattern_after, text_after);
                continue;
            }
            _ => {}
        }
        let Some((after, end)) = &mut star else { return false };
        if end.next().is_none() {
            return false;
        }
        (pattern, text) = (after.clone(), end.clone());
    }
}

/// Decides which paths are left out.
///
/// A path inherits the verdict of the directory it is in; at each step down an `exclude` pattern that names the
/// step leaves it out and an `include` pattern that names it takes it back, the second being the stronger.
#[derive(Debug, Clone)]
pub struct PathFilter {
    exclude: Vec<Pattern>,
    include: Vec<Pattern>,
}

impl PathFilter {
    /// A filter of these patterns.
    pub fn new(exclude: Vec<Pattern>, include: Vec<Pattern>) -> Self {
        Self { exclude, include }
    }

    /// The rule that leaves out this path, none if it is kept. `path` is relative to the root, with `/`.
    pub fn excluded(&self, path: &str, is_dir: bool) -> Option<&Pattern> {
        let mut verdict = None;
        let ends = path.match_indices('/').map(|(at, _)| (at, true)).chain([(path.len(), is_dir)]);
        for (end, dir) in ends {
            let step = &path[..end];
            if self.include.iter().any(|p| p.matches(step, dir)) {
                verdict = None;
            } else if let Some(rule) = self.exclude.iter().find(|p| p.matches(step, dir)) {
                verdict = Some(rule);
            }
        }
        verdict
    }

    /// Whether a walk has to look into directory `dir`: it is kept, or an `include` pattern from the root may
    /// take back something below it.
    pub fn descend(&self, dir: &str) -> bool {
        dir.is_empty()
            || self.excluded(dir, true).is_none()
            || self.include.iter().any(|p| p.may_match_below(dir))
    }

    /// The rules in force as text, exclusions first and each inclusion with a leading `!`.
    pub fn rules(&self) -> Vec<String> {
        let exclude = self.exclude.iter().map(ToString::to_string);
        exclude.chain(self.include.iter().map(|p| format!("!{p}"))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::new(text).expect(text)
    }

    fn filter(exclude: &[&str], include: &[&str]) -> PathFilter {
        let read = |list: &[&str]| list.iter().map(|p| pattern(p)).collect();
        PathFilter::new(read(exclude), read(include))
    }

    #[test]
    fn names_match_anywhere_paths_from_the_root() {
        assert!(pattern("tests/").matches("a/tests", true));
        assert!(!pattern("tests/").matches("a/tests", false));
        assert!(pattern("test_*.py").matches("a/b/test_x.py", false));
        assert!(!pattern("test_*.py").matches("a/attest_x.py", false));
        assert!(pattern("a/*.py").matches("a/b.py", false));
        assert!(!pattern("a/*.py").matches("c/a/b.py", false));
        assert!(pattern("/b.py").matches("b.py", false));
        assert!(!pattern("/b.py").matches("a/b.py", false));
    }

    #[test]
    fn stars_within_and_across_components() {
        assert!(pattern("a/**").matches("a", true));
        assert!(pattern("a/**").matches("a/b/c.py", false));
        assert!(pattern("**/x.py").matches("x.py", false));
        assert!(pattern("a/**/x.py").matches("a/b/c/x.py", false));
        assert!(!pattern("a/*").matches("a/b/c", false));
        assert!(pattern("*a*b?").matches("xaybaabc", false));
        assert!(!pattern("*a*b?").matches("xayb", false));
    }

    #[test]
    fn unusable_patterns_are_refused() {
        assert_eq!(Pattern::new(""), Err(PatternError::Empty));
        assert_eq!(Pattern::new("/"), Err(PatternError::Empty));
        assert!(matches!(Pattern::new("../x"), Err(PatternError::Component(_))));
        assert!(matches!(Pattern::new("a//x"), Err(PatternError::Component(_))));
        assert!(matches!(Pattern::new("a**/x"), Err(PatternError::DoubleStar(_))));
    }

    #[test]
    fn what_lies_in_an_excluded_directory_is_excluded() {
        let filter = filter(&["tests/", "conftest.py"], &[]);
        assert_eq!(filter.excluded("a/tests/b/c.py", false).map(Pattern::as_str), Some("tests/"));
        assert!(filter.excluded("a/conftest.py", false).is_some());
        assert!(filter.excluded("a/b.py", false).is_none());
        assert!(filter.excluded("tests", false).is_none());
        assert!(!filter.descend("a/tests"));
        assert!(filter.descend("a"));
        assert!(filter.descend(""));
    }

    #[test]
    fn inclusion_takes_back_a_part() {
        let filter = filter(&["tests/", "__pycache__/"], &["tests/helpers/**"]);
        assert!(filter.descend("tests"));
        assert!(filter.excluded("tests/a.py", false).is_some());
        assert!(filter.excluded("tests/helpers/a.py", false).is_none());
        assert!(filter.excluded("tests/other/a.py", false).is_some());
        assert!(!filter.descend("tests/other"));
        assert_eq!(filter.rules(), ["tests/", "__pycache__/", "!tests/helpers/**"]);
    }

    #[test]
    fn a_name_takes_back_every_directory_of_that_name() {
        let filter = filter(&["tests/", "__pycache__/"], &["tests/"]);
        assert!(filter.excluded("a/tests/b.py", false).is_none());
        assert!(filter.excluded("a/tests/__pycache__/b.py", false).is_some());
    }
}
