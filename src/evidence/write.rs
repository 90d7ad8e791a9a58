//! Writing: JSON text, and files that are there whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

/// An output that could not be written; an earlier file at the place is as it was.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}; choose another place with {option}", path.display())]
pub struct WriteError {
    /// The output.
    pub path: PathBuf,
    /// Why not.
    pub source: io::Error,
    /// The command line option that moves it.
    pub option: &'static str,
}

/// `value` as JSON: keys in the order of the types, one space of indentation, a newline at the end.
///
/// # Errors
/// Never for the types of this crate; the error is that of the serialiser.
pub fn to_json<T: Serialize + ?Sized>(value: &T) -> io::Result<String> {
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b" ");
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, formatter))?;
    bytes.push(b'\n');
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// Writes `text` to `path` by way of a temporary file beside it, making the directory if need be; `option` is the
/// command line option to name in an error.
///
/// # Errors
/// When the file cannot be written; then an earlier file is left as it was.
pub fn write_atomically(path: &Path, text: &str, option: &'static str) -> Result<(), WriteError> {
    replace(path, text.as_bytes()).map_err(|source| WriteError { path: path.to_owned(), source, option })
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Through a symbolic link the file it names is replaced, not the link.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    match fs::metadata(&target) {
        // A device or pipe cannot be renamed over.
        Ok(metadata) if !metadata.is_file() && !metadata.is_dir() => {
            return fs::OpenOptions::new().write(true).open(&target)?.write_all(bytes);
        }
        _ => {}
    }
    staged(&target, bytes)?.persist(&target).map(drop).map_err(|error| error.error)
}

/// A temporary file beside `target` that holds `bytes` and can take its place.
fn staged(target: &Path, bytes: &[u8]) -> io::Result<tempfile::NamedTempFile> {
    let earlier = fs::metadata(target).ok();
    match &earlier {
        Some(metadata) if metadata.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Some(metadata) if metadata.permissions().readonly() => {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        _ => {}
    }
    let directory = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(directory)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".producer-map-");
    #[cfg(unix)]
    {
        // A temporary file is private by default; this one becomes an ordinary file, as the umask has it.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(directory)?;
    file.write_all(bytes)?;
    if let Some(metadata) = earlier {
        fs::set_permissions(file.path(), metadata.permissions())?;
    }
    Ok(file)
}

/// A file that is to be changed.
#[derive(Debug, Clone, Copy)]
pub struct Replacement<'a> {
    /// The file.
    pub path: &'a Path,
    /// What it held when it was read.
    pub old: &'a [u8],
    /// What it is to hold.
    pub new: &'a [u8],
}

/// A file that could not be changed together with others.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}; {}", path.display(), state(left))]
pub struct ReplaceError {
    /// The file.
    pub path: PathBuf,
    /// Why not.
    pub source: io::Error,
    /// Files that were changed before it and could not be put back.
    pub left: Vec<PathBuf>,
}

fn state(left: &[PathBuf]) -> String {
    if left.is_empty() {
        return "no file was changed: make it writable and run again".to_owned();
    }
    let names: Vec<String> = left.iter().map(|path| path.display().to_string()).collect();
    format!("changed already, and not put back: {}", names.join(", "))
}

/// Changes all the files or none, as far as a file system without transactions allows: all new contents lie beside the
/// files before the first is renamed, and when a later one fails the earlier ones get their old content back.
///
/// # Errors
/// When a file cannot be written, or holds something else than what was read.
pub fn replace_together(files: &[Replacement<'_>]) -> Result<(), ReplaceError> {
    let failed = |path: &Path, source| ReplaceError { path: path.to_owned(), source, left: Vec::new() };
    let mut prepared = Vec::new();
    for file in files {
        let target = file.path.canonicalize().map_err(|error| failed(file.path, error))?;
        let temporary = staged(&target, file.new).map_err(|error| failed(file.path, error))?;
        prepared.push((file, target, temporary));
    }
    for file in files {
        if fs::read(file.path).map_err(|error| failed(file.path, error))? != file.old {
            return Err(failed(file.path, io::Error::other("somebody changed it meanwhile")));
        }
    }
    let mut done: Vec<&Replacement<'_>> = Vec::new();
    for (file, target, temporary) in prepared {
        if let Err(error) = temporary.persist(&target) {
            let mut failure = failed(file.path, error.error);
            done.retain(|earlier| replace(earlier.path, earlier.old).is_err());
            failure.left = done.iter().map(|earlier| earlier.path.to_owned()).collect();
            return Err(failure);
        }
        done.push(file);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = dir.path().join("new/deep/file.json");
        write_atomically(&path, "one", "-o").expect("first write");
        write_atomically(&path, "two", "-o").expect("second write");
        assert_eq!(fs::read_to_string(&path).expect("readable"), "two");
        let names = fs::read_dir(path.parent().expect("parent")).expect("directory").count();
        assert_eq!(names, 1);
    }

    #[test]
    fn an_unwritable_place_is_named() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let error = write_atomically(dir.path(), "x", "-o").expect_err("a directory");
        assert!(error.to_string().contains("choose another place with -o"));
        fs::write(dir.path().join("file"), "as it was").expect("writable");
        assert!(write_atomically(&dir.path().join("file/below"), "x", "-o").is_err());
        assert_eq!(fs::read_to_string(dir.path().join("file")).expect("readable"), "as it was");
    }

    #[test]
    fn all_files_change_or_none() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = |name: &str| dir.path().join(name);
        let (a, b) = (path("a"), path("b"));
        fs::write(&a, "a").expect("writable");
        fs::write(&b, "b").expect("writable");
        let change = |b_was: &'static [u8]| {
            let files = [
                Replacement { path: &a, old: b"a", new: b"A" },
                Replacement { path: &b, old: b_was, new: b"B" },
            ];
            replace_together(&files).map_err(|error| error.to_string())
        };
        let contents = || [&a, &b].map(|path| fs::read_to_string(path).expect("readable"));
        assert!(change(b"another").is_err_and(|message| message.contains("changed it meanwhile")));
        assert_eq!(contents(), ["a", "b"]);
        assert_eq!(change(b"b"), Ok(()));
        assert_eq!(contents(), ["A", "B"]);
        assert_eq!(fs::read_dir(dir.path()).expect("directory").count(), 2, "nothing is left beside them");
        let lost = path("lost");
        let files = [
            Replacement { path: &a, old: b"A", new: b"a" },
            Replacement { path: &lost, old: b"", new: b"x" },
        ];
        assert!(replace_together(&files).is_err());
        assert_eq!(contents(), ["A", "B"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_replaced_file_keeps_its_permissions() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = dir.path().join("file");
        fs::write(&path, "one").expect("writable");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("mine");
        write_atomically(&path, "two", "-o").expect("written");
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
    }

    #[test]
    fn json_is_indented_by_one() {
        assert_eq!(to_json(&[1, 2]).expect("json"), "[\n 1,\n 2\n]\n");
    }
}
