//! Discovering and reading the sources. Only this room knows absolute paths.

use crate::config::PathFilter;
use crate::finding::{Diagnostic, Severity};
use std::path::{Path, PathBuf};

/// A discovered file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Path relative to the root, `/` separated.
    pub path: String,
    /// Where it is.
    pub absolute: PathBuf,
}

/// What discovery found.
#[derive(Debug, Default)]
pub struct Discovered {
    /// Files to analyse, sorted by path.
    pub files: Vec<SourceFile>,
    /// Number of Python files that the exclusion rules left out (those below excluded folders are not counted).
    pub excluded: usize,
    /// Entries that could not be read.
    pub diagnostics: Vec<Diagnostic>,
}

/// Walks the tree below `root`. Symbolic links to directories are not followed, so loops cannot occur.
///
/// # Errors
/// When the root itself is no readable directory.
pub fn discover(root: &Path, filter: &PathFilter) -> std::io::Result<Discovered> {
    std::fs::read_dir(root)?;
    let mut found = Discovered::default();
    let relative = |path: &Path| {
        let parts = path.strip_prefix(root).unwrap_or(path).iter().map(|p| p.to_string_lossy());
        parts.collect::<Vec<_>>().join("/")
    };
    let walk = walkdir::WalkDir::new(root).sort_by_file_name().into_iter();
    for entry in walk.filter_entry(|e| !e.file_type().is_dir() || filter.descend(&relative(e.path()))) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                found.diagnostics.push(Diagnostic {
                    file: error.path().map(&relative),
                    line: 0,
                    column: 0,
                    severity: Severity::Warning,
                    code: "unreadable-entry",
                    message: match error.io_error() {
                        Some(io) => format!("cannot be read ({}); make it readable or exclude it", io.kind()),
                        None => "cannot be walked; exclude it".to_owned(),
                    },
                });
                continue;
            }
        };
        let path = relative(entry.path());
        let is_file =
            entry.file_type().is_file() || (entry.file_type().is_symlink() && entry.path().is_file());
        if !is_file || !path.ends_with(".py") {
            continue;
        }
        if filter.excluded(&path, false).is_some() {
            found.excluded += 1;
            continue;
        }
        found.files.push(SourceFile { path, absolute: entry.into_path() });
    }
    found.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// The first of some `places`, paths relative to `root`, where there is a file.
pub fn first_of(root: &Path, places: &[String]) -> Option<SourceFile> {
    let file = |place: &String| SourceFile { path: place.clone(), absolute: root.join(place) };
    places.iter().map(file).find(|file| file.absolute.is_file())
}

/// Reads a file as UTF-8 (PEP 3120; a byte order mark is dropped).
///
/// # Errors
/// A diagnostic that names the file and what is wrong with it.
pub fn read(file: &SourceFile) -> Result<String, Diagnostic> {
    let fail = |line: u32, column: u32, code: &'static str, message: String| Diagnostic {
        file: Some(file.path.clone()),
        line,
        column,
        severity: Severity::Warning,
        code,
        message,
    };
    let bytes = std::fs::read(&file.absolute).map_err(|e| {
        fail(0, 0, "unreadable-file", format!("cannot be read ({}); the file is left out", e.kind()))
    })?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        }),
        Err(error) => {
            let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = valid.iter().filter(|&&b| b == b'\n').count() as u32 + 1;
            let start = valid.iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
            let column = String::from_utf8_lossy(&valid[start..]).chars().count() as u32 + 1;
            let message = "not valid UTF-8; convert the file to UTF-8, it is left out".to_owned();
            Err(fail(line, column, "undecodable-file", message))
        }
    }
}
