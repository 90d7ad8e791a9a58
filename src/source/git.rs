//! A tree that lies in a git repository: the files of a commit, read from its objects.
//!
//! Neither a checkout nor a git program is needed, and only what is asked for is read: objects of other files may be
//! missing, as in a partial clone. What a checkout would hold is what is found, with these limits: filters of a
//! checkout (line ends, large file storage) are not applied, a submodule is an empty directory, and a symbolic link
//! that leaves the tree leads nowhere.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::bstr::{BString, ByteSlice};
use gix::objs::tree::EntryKind;

use super::{Content, Discovered, SourceFile, unreadable};
use crate::config::PathFilter;

/// Symbolic links that are followed on one path at most; a file system has such a limit as well.
const LINKS: usize = 40;

/// A revision whose files cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum RevisionError {
    /// There is no repository.
    #[error("no git repository in {} ({message}); name its directory with --repo", path.display())]
    Repository {
        /// Where it was looked for.
        path: PathBuf,
        /// Why it was not found.
        message: String,
    },
    /// The repository does not have the revision.
    #[error("no revision `{name}` in {} ({message}); name a tag, a branch or a commit", path.display())]
    Unknown {
        /// The revision as it was asked for.
        name: String,
        /// The repository.
        path: PathBuf,
        /// What the name leads to.
        message: String,
    },
    /// The revision does not have the directory.
    #[error("no directory `{directory}` in revision `{name}`; write REV or REV:DIRECTORY")]
    Directory {
        /// The directory as it was asked for.
        directory: String,
        /// The revision.
        name: String,
    },
}

/// The files of a commit.
#[derive(Clone)]
pub struct Revision {
    repository: gix::ThreadSafeRepository,
    /// The tree object of the root.
    root: ObjectId,
    /// Full id of the commit.
    pub(super) commit: String,
    /// As it was asked for.
    pub(super) name: String,
}

impl std::fmt::Debug for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Revision").field("name", &self.name).field("commit", &self.commit).finish()
    }
}

/// Kind, name and object of what a directory holds.
type Entry = (EntryKind, BString, ObjectId);

/// What a path in the tree leads to.
enum Found {
    Directory(ObjectId),
    File(ObjectId),
}

impl Revision {
    /// Opens the repository that `directory` is in (a checkout, a directory of it, or a bare repository) and looks up
    /// `name`: whatever leads to a commit, and after a colon a directory of it.
    pub(super) fn open(directory: &Path, name: &str) -> Result<Self, RevisionError> {
        let no_repository = |message| RevisionError::Repository { path: directory.to_owned(), message };
        if !directory.is_dir() {
            return Err(no_repository("there is no such directory".to_owned()));
        }
        // Isolated: no setting of the user or the machine has a say in what is read.
        let options = gix::sec::trust::Mapping {
            full: gix::open::Options::isolated(),
            reduced: gix::open::Options::isolated(),
        };
        let repository = gix::ThreadSafeRepository::discover_opts(
            directory,
            gix::discover::upwards::Options::default(),
            options,
        )
        .map_err(|error| no_repository(first_line(&error)))?;
        let (revision, subdirectory) = match name.split_once(':') {
            Some((revision, subdirectory)) => (revision, Some(subdirectory)),
            None => (name, None),
        };
        let unknown = |message| RevisionError::Unknown {
            name: revision.to_owned(),
            path: directory.to_owned(),
            message,
        };
        let (commit, root) = {
            let local = repository.to_thread_local();
            let id = local.rev_parse_single(revision).map_err(|error| unknown(first_line(&error)))?;
            let commit = id
                .object()
                .and_then(gix::Object::peel_to_commit)
                .map_err(|error| unknown(first_line(&error)))?;
            let root = commit.tree_id().map_err(|error| unknown(first_line(&error)))?.detach();
            (commit.id().to_string(), root)
        };
        let mut found = Self { repository, root, commit, name: name.to_owned() };
        if let Some(directory) = subdirectory {
            let missing =
                || RevisionError::Directory { directory: directory.to_owned(), name: revision.to_owned() };
            match found.find(directory.as_bytes()) {
                Ok(Some(Found::Directory(tree))) => found.root = tree,
                _ => return Err(missing()),
            }
        }
        Ok(found)
    }

    /// Walks the tree. Symbolic links to directories are not followed.
    pub(super) fn discover(&self, filter: &PathFilter) -> io::Result<Discovered> {
        let mut found = Discovered::default();
        let root = self.entries(self.root)?;
        let mut open: Vec<(Vec<BString>, Vec<Entry>)> = vec![(Vec::new(), root)];
        while let Some((directory, entries)) = open.pop() {
            for (kind, name, id) in entries {
                let mut parts = directory.clone();
                parts.push(name);
                let path = shown(&parts);
                let content = match kind {
                    EntryKind::Tree => {
                        if filter.descend(&path) {
                            match self.entries(id) {
                                Ok(entries) => open.push((parts, entries)),
                                Err(error) => {
                                    found.diagnostics.push(unreadable(Some(path), Some(error.kind())))
                                }
                            }
                        }
                        continue;
                    }
                    EntryKind::Blob | EntryKind::BlobExecutable => id,
                    EntryKind::Link if path.ends_with(".py") => match self.find(&parts.join(&b'/')) {
                        Ok(Some(Found::File(id))) => id,
                        Ok(_) => continue,
                        Err(error) => {
                            found.diagnostics.push(unreadable(Some(path), Some(error.kind())));
                            continue;
                        }
                    },
                    EntryKind::Link | EntryKind::Commit => continue,
                };
                if found.wants(&path, filter) {
                    found.files.push(SourceFile { path, content: Content::Object(content) });
                }
            }
        }
        Ok(found)
    }

    /// The content of the file at `path`, none if there is no file.
    pub(super) fn file(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        match self.find(path.as_bytes())? {
            Some(Found::File(id)) => self.read(id).map(Some),
            _ => Ok(None),
        }
    }

    /// The bytes of an object.
    pub(super) fn read(&self, id: ObjectId) -> io::Result<Vec<u8>> {
        let local = self.repository.to_thread_local();
        let object = local.find_object(id).map_err(|error| missing(&error))?;
        Ok(object.detach().data)
    }

    /// The entries of a tree object.
    fn entries(&self, tree: ObjectId) -> io::Result<Vec<Entry>> {
        let local = self.repository.to_thread_local();
        let tree = local.find_tree(tree).map_err(|error| missing(&error))?;
        let decoded = tree.decode().map_err(|error| missing(&error))?;
        let entry = |entry: &gix::objs::tree::EntryRef<'_>| {
            (entry.mode.kind(), entry.filename.to_owned(), entry.oid.to_owned())
        };
        Ok(decoded.entries.iter().map(entry).collect())
    }

    /// What `path` leads to from the root of the tree, through symbolic links as a file system would
    /// follow them; none if it leads nowhere or out of the tree.
    fn find(&self, path: &[u8]) -> io::Result<Option<Found>> {
        let split = |path: &[u8]| path.split_str("/").map(BString::from).collect::<Vec<_>>();
        let mut pending: VecDeque<BString> = split(path).into();
        let mut directories = vec![self.root];
        let mut links = 0;
        while let Some(name) = pending.pop_front() {
            let Some(&directory) = directories.last() else { return Ok(None) };
            match name.as_slice() {
                b"" | b"." => continue,
                b".." => {
                    directories.pop();
                    if directories.is_empty() {
                        return Ok(None);
                    }
                    continue;
                }
                _ => {}
            }
            let entry = self.entries(directory)?.into_iter().find(|(_, entry, _)| *entry == name);
            match entry {
                Some((EntryKind::Tree, _, id)) => directories.push(id),
                Some((EntryKind::Blob | EntryKind::BlobExecutable, _, id)) => {
                    return Ok(pending.is_empty().then_some(Found::File(id)));
                }
                Some((EntryKind::Link, _, id)) => {
                    links += 1;
                    let target = self.read(id)?;
                    if links > LINKS || target.is_empty() || target.starts_with(b"/") {
                        return Ok(None);
                    }
                    for part in split(&target).into_iter().rev() {
                        pending.push_front(part);
                    }
                }
                Some((EntryKind::Commit, ..)) | None => return Ok(None),
            }
        }
        Ok(directories.pop().map(Found::Directory))
    }
}

/// A path as text. Names that are not UTF-8 are shown as a directory walk shows them.
fn shown(parts: &[BString]) -> String {
    let parts: Vec<_> = parts.iter().map(|part| String::from_utf8_lossy(part)).collect();
    parts.join("/")
}

fn missing(error: &gix::Error) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, first_line(error))
}

/// An error of the library as a part of a sentence.
fn first_line(error: &gix::Error) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or("unknown reason").trim_end_matches('.').to_owned()
}
