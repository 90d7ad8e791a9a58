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
        Ok(metadata) if metadata.is_dir() => {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        // A device or pipe cannot be renamed over.
        Ok(metadata) if !metadata.is_file() => {
            return fs::OpenOptions::new().write(true).open(&target)?.write_all(bytes);
        }
        Ok(metadata) if metadata.permissions().readonly() => {
            return Err(io::Error::from(io::ErrorKind::PermissionDenied));
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
    file.persist(&target).map(drop).map_err(|error| error.error)
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
    fn json_is_indented_by_one() {
        assert_eq!(to_json(&[1, 2]).expect("json"), "[\n 1,\n 2\n]\n");
    }
}
