//! A tree that lies in a directory.

use std::io;
use std::path::Path;

use super::{Content, Discovered, SourceFile, unreadable};
use crate::config::PathFilter;

/// Walks the tree below `root`. Symbolic links to directories are not followed, so loops cannot occur.
pub(super) fn discover(root: &Path, filter: &PathFilter) -> io::Result<Discovered> {
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
                let cause = error.io_error().map(io::Error::kind);
                found.diagnostics.push(unreadable(error.path().map(&relative), cause));
                continue;
            }
        };
        if !entry.file_name().as_encoded_bytes().ends_with(b".py") {
            continue;
        }
        let is_file =
            entry.file_type().is_file() || (entry.file_type().is_symlink() && entry.path().is_file());
        let path = relative(entry.path());
        if is_file && found.wants(&path, filter) {
            found.files.push(SourceFile { path, content: Content::File(entry.into_path()) });
        }
    }
    Ok(found)
}

/// The content of the file at `path` below `root`, none if there is no file.
pub(super) fn file(root: &Path, path: &str) -> io::Result<Option<Vec<u8>>> {
    let path = root.join(path);
    if path.is_file() { std::fs::read(path).map(Some) } else { Ok(None) }
}
