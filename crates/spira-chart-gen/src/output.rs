//! Writing the charts to disk, whole or not at all.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use similar::{ChangeTag, TextDiff};
use spira_manifests::document::UMBRELLA;

use crate::emit::File;

/// A file that could not be read, written or removed.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct OutputError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// How a file on disk differs from what would be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stale {
    /// It is not there.
    Missing(PathBuf),
    /// It is there, and nothing makes it.
    Extra(PathBuf),
    /// It holds something else.
    Differs {
        /// The file.
        path: PathBuf,
        /// The first differing line, and what it should be.
        hint: String,
    },
}

impl std::fmt::Display for Stale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(path) => write!(f, "missing  {}", path.display()),
            Self::Extra(path) => write!(f, "extra    {}", path.display()),
            Self::Differs { path, hint } => write!(f, "differs  {}\n{hint}", path.display()),
        }
    }
}

/// Compares `files` with what is below `folder`, in the charts that this project owns.
///
/// # Errors
/// If a file there cannot be read.
pub fn check(folder: &Path, files: &[File]) -> Result<Vec<Stale>, OutputError> {
    let mut on_disk = owned(folder)?;
    let mut stale = Vec::new();
    for file in files {
        let path = folder.join(&file.path);
        match on_disk.remove(&path) {
            None => stale.push(Stale::Missing(path)),
            Some(bytes) if bytes == file.text.as_bytes() => {}
            Some(bytes) => stale.push(Stale::Differs {
                hint: hint(&String::from_utf8_lossy(&bytes), &file.text),
                path,
            }),
        }
    }
    stale.extend(on_disk.into_keys().map(Stale::Extra));
    Ok(stale)
}

/// What a writing did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// How many files changed or came.
    pub changed: usize,
    /// How many files were removed.
    pub removed: usize,
}

/// Writes `files` below `folder` and removes what else is in the charts that this project owns.
/// A file appears under its name only once it is whole; one that is right is left alone.
///
/// # Errors
/// If a file cannot be read, written or removed.
pub fn write(folder: &Path, files: &[File]) -> Result<Written, OutputError> {
    let mut written = Written::default();
    let stale = check(folder, files)?;
    for file in files {
        let path = folder.join(&file.path);
        let is_stale = stale.iter().any(|stale| match stale {
            Stale::Missing(other) | Stale::Differs { path: other, .. } => *other == path,
            Stale::Extra(_) => false,
        });
        if is_stale {
            replace(&path, &file.text).map_err(at(&path))?;
            written.changed += 1;
        }
    }
    for extra in stale {
        if let Stale::Extra(path) = extra {
            fs::remove_file(&path).map_err(at(&path))?;
            remove_empty_folders(&path, folder);
            written.removed += 1;
        }
    }
    Ok(written)
}

fn at(path: &Path) -> impl Fn(io::Error) -> OutputError {
    let path = path.to_owned();
    move |source| OutputError {
        path: path.clone(),
        source,
    }
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    // As other files have it: a temporary file is for its owner alone otherwise.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut whole = builder.tempfile_in(folder)?;
    whole.write_all(text.as_bytes())?;
    whole.persist(path)?;
    Ok(())
}

fn remove_empty_folders(path: &Path, folder: &Path) {
    let mut parent = path.parent();
    while let Some(here) = parent.filter(|here| *here != folder && here.starts_with(folder)) {
        // It fails where the folder is not empty, which is when to stop.
        if fs::remove_dir(here).is_err() {
            return;
        }
        parent = here.parent();
    }
}

/// The files of the charts that this project owns: never anything beside `spira/`.
fn owned(folder: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>, OutputError> {
    let mut files = BTreeMap::new();
    let mut open = vec![folder.join(UMBRELLA)];
    while let Some(here) = open.pop() {
        let entries = match fs::read_dir(&here) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            other => other.map_err(at(&here))?,
        };
        for entry in entries {
            let path = entry.map_err(at(&here))?.path();
            let kind = fs::symlink_metadata(&path).map_err(at(&path))?.file_type();
            if kind.is_dir() {
                open.push(path);
            } else {
                // A link is not followed: it is none of the files that are written.
                let bytes = if kind.is_symlink() {
                    Vec::new()
                } else {
                    fs::read(&path).map_err(at(&path))?
                };
                files.insert(path, bytes);
            }
        }
    }
    Ok(files)
}

/// The first lines that differ.
fn hint(old: &str, new: &str) -> String {
    const SHOWN: usize = 6;
    let diff = TextDiff::from_lines(old, new);
    let changes = diff
        .iter_all_changes()
        .filter(|c| c.tag() != ChangeTag::Equal);
    let lines: Vec<_> = changes
        .take(SHOWN)
        .map(|change| {
            let line = change.old_index().or(change.new_index()).unwrap_or(0) + 1;
            format!("  {line:>4} {}{}", change.tag(), change.value().trim_end())
        })
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests;
