//! Reading an evidence file back.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::SCHEMA_NAME;
use super::model::Evidence;

/// An evidence file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read evidence {}: {source}; make it with `producer-map scan`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file is not an evidence file.
    #[error("{} is not an evidence file: {message}; make it again with `producer-map scan`", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        message: String,
    },
    /// The file has another format.
    #[error(
        "{} has the format `{found}`, this program reads `{SCHEMA_NAME}`; \
         use the version of producer-map that wrote it, or scan again",
        path.display()
    )]
    Schema {
        /// The file.
        path: PathBuf,
        /// The format it names.
        found: String,
    },
}

#[derive(Deserialize)]
struct Header {
    schema: String,
}

/// Reads the evidence file at `path`.
///
/// # Errors
/// When the file cannot be read, is no evidence, or has a format that this version does not know.
pub fn load(path: &Path) -> Result<Evidence, LoadError> {
    let bytes =
        std::fs::read(path).map_err(|source| LoadError::Unreadable { path: path.to_owned(), source })?;
    let malformed =
        |error: serde_json::Error| LoadError::Malformed { path: path.to_owned(), message: error.to_string() };
    let header: Header = serde_json::from_slice(&bytes).map_err(malformed)?;
    if header.schema != SCHEMA_NAME {
        return Err(LoadError::Schema { path: path.to_owned(), found: header.schema });
    }
    serde_json::from_slice(&bytes).map_err(malformed)
}
