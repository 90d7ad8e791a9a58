//! Discovering and reading the sources. Only this room knows where they lie: in a directory, or in a git repository.
//!
//! A [`Tree`] is either; what is found in a commit is what is found in its checkout.

mod directory;
pub mod encoding;
mod git;

pub use git::{Revision, RevisionError};

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::config::PathFilter;
use crate::finding::{Diagnostic, Severity};
use encoding::Undecodable;

/// A tree of files.
#[derive(Debug, Clone)]
pub enum Tree {
    /// What lies below a directory.
    Directory(PathBuf),
    /// The files of a commit.
    Revision(Box<Revision>),
}

/// A discovered file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Path relative to the root, `/` separated.
    pub path: String,
    /// Where its content is.
    content: Content,
}

/// Where the content of a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    File(PathBuf),
    Object(gix::ObjectId),
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

impl Discovered {
    /// Whether the file at `path` is a Python file that is to be analysed; counts those that the rules leave out.
    fn wants(&mut self, path: &str, filter: &PathFilter) -> bool {
        if !path.ends_with(".py") {
            return false;
        }
        let excluded = filter.excluded(path, false).is_some();
        self.excluded += usize::from(excluded);
        !excluded
    }
}

impl Tree {
    /// The tree below `root`.
    pub fn directory(root: &Path) -> Self {
        Self::Directory(root.to_owned())
    }

    /// The files of the commit that `name` leads to (a tag, a branch, a full or abbreviated id, `main~2`; after a colon
    /// a directory of it) in the repository that `directory` is or lies in.
    ///
    /// # Errors
    /// When there is no repository, or no such commit in it.
    pub fn revision(directory: &Path, name: &str) -> Result<Self, RevisionError> {
        Ok(Self::Revision(Box::new(Revision::open(directory, name)?)))
    }

    /// Full id of the commit whose files these are.
    pub fn commit(&self) -> Option<&str> {
        match self {
            Self::Directory(_) => None,
            Self::Revision(revision) => Some(&revision.commit),
        }
    }

    /// The directory that the tree lies in, none for a commit.
    pub fn root(&self) -> Option<&Path> {
        match self {
            Self::Directory(root) => Some(root),
            Self::Revision(_) => None,
        }
    }

    /// How messages name the file at `path`.
    pub fn place(&self, path: &str) -> PathBuf {
        match self {
            Self::Directory(root) => root.join(path),
            Self::Revision(revision) if revision.name.contains(':') => {
                PathBuf::from(format!("{}/{path}", revision.name.trim_end_matches('/')))
            }
            Self::Revision(revision) => PathBuf::from(format!("{}:{path}", revision.name)),
        }
    }

    /// Finds the Python files that `filter` keeps.
    ///
    /// # Errors
    /// When the root itself cannot be read.
    pub fn discover(&self, filter: &PathFilter) -> io::Result<Discovered> {
        let mut found = match self {
            Self::Directory(root) => directory::discover(root, filter)?,
            Self::Revision(revision) => revision.discover(filter)?,
        };
        found.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }

    /// The content of the file at `path` (relative to the root, with `/`), none if there is no file.
    ///
    /// # Errors
    /// When there is one and it cannot be read.
    pub fn file(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        match self {
            Self::Directory(root) => directory::file(root, path),
            Self::Revision(revision) => revision.file(path),
        }
    }

    /// The first of some `places` where there is a file, with its text.
    pub fn first_of<'a>(&self, places: &'a [String]) -> Option<(&'a str, Result<String, Diagnostic>)> {
        places.iter().find_map(|place| {
            let bytes = self.file(place).transpose()?;
            Some((place.as_str(), text(place, bytes)))
        })
    }

    /// Reads a discovered file in the encoding that it declares, see [`encoding`].
    ///
    /// # Errors
    /// A diagnostic that names the file and what is wrong with it.
    pub fn read(&self, file: &SourceFile) -> Result<String, Diagnostic> {
        let bytes = match (&file.content, self) {
            (Content::File(path), _) => std::fs::read(path),
            (Content::Object(id), Self::Revision(revision)) => revision.read(*id),
            (Content::Object(_), Self::Directory(_)) => Err(io::ErrorKind::NotFound.into()),
        };
        python(&file.path, bytes)
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(root) => write!(f, "{}", root.display()),
            Self::Revision(revision) => f.write_str(&revision.name),
        }
    }
}

/// The text of a Python file.
fn python(path: &str, bytes: io::Result<Vec<u8>>) -> Result<String, Diagnostic> {
    let bytes = bytes.map_err(|error| left_out(path, &error))?;
    encoding::decode(bytes).map_err(|problem| no_text(path, problem))
}

/// The text of any other file: UTF-8, of which a byte order mark is dropped.
fn text(path: &str, bytes: io::Result<Vec<u8>>) -> Result<String, Diagnostic> {
    let bytes = bytes.map_err(|error| left_out(path, &error))?;
    encoding::utf8(bytes, "; convert the file to UTF-8").map_err(|problem| no_text(path, problem))
}

fn no_text(path: &str, problem: Undecodable) -> Diagnostic {
    Diagnostic {
        file: Some(path.to_owned()),
        line: problem.line,
        column: problem.column,
        severity: Severity::Warning,
        code: if problem.declaration { "unknown-encoding" } else { "undecodable-file" },
        message: format!("{}; it is left out", problem.message),
    }
}

fn left_out(path: &str, error: &io::Error) -> Diagnostic {
    Diagnostic {
        file: Some(path.to_owned()),
        line: 0,
        column: 0,
        severity: Severity::Warning,
        code: "unreadable-file",
        message: format!("cannot be read ({}); the file is left out", error.kind()),
    }
}

/// The diagnostic of an entry that cannot be read; without a cause it is a loop of links.
fn unreadable(path: Option<String>, cause: Option<io::ErrorKind>) -> Diagnostic {
    Diagnostic {
        file: path,
        line: 0,
        column: 0,
        severity: Severity::Warning,
        code: "unreadable-entry",
        message: match cause {
            Some(kind) => format!("cannot be read ({kind}); make it readable or exclude it"),
            None => "cannot be walked; exclude it".to_owned(),
        },
    }
}
