//! A file for secrets: new, its owner's alone, never through a link.

use crate::failure::{Failure, Kind};
use crate::language::WORDS;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use nix::unistd::{UnlinkatFlags, unlinkat};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file that goes away again, unless what its secrets are for comes about.
pub struct NewFile {
    path: PathBuf,
    file: File,
    /// Kept open, so that the file is removed where it was made.
    directory: File,
    name: OsString,
    keep: bool,
}

impl NewFile {
    /// Makes the file, still empty: before anything is spent that it could fail for.
    pub fn create(path: &Path) -> Result<Self, Failure> {
        let failed = |error: io::Error| failure(path, &error);
        let no_file = || failed(io::ErrorKind::IsADirectory.into());
        let name = path.file_name().ok_or_else(no_file)?.to_owned();
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = File::open(parent.unwrap_or(Path::new("."))).map_err(failed)?;
        // O_EXCL follows no link (open(2)).
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC;
        let file = openat(&directory, name.as_os_str(), flags, Mode::S_IRUSR | Mode::S_IWUSR);
        let file = File::from(file.map_err(|errno| failed(errno.into()))?);
        Ok(Self { path: path.to_owned(), file, directory, name, keep: false })
    }

    /// Writes all that is to be in it.
    pub fn write(&mut self, content: &str) -> Result<(), Failure> {
        let written = self.file.write_all(content.as_bytes()).and_then(|()| self.file.sync_all());
        written.map_err(|error| failure(&self.path, &error))
    }

    /// What it is for has come about. Where it is.
    pub fn keep(mut self) -> PathBuf {
        self.keep = true;
        std::mem::take(&mut self.path)
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.keep {
            let _ = unlinkat(&self.directory, self.name.as_os_str(), UnlinkatFlags::NoRemoveDir);
        }
    }
}

fn failure(path: &Path, error: &io::Error) -> Failure {
    let message = match error.kind() {
        io::ErrorKind::AlreadyExists => WORDS.failures.file_exists,
        _ => WORDS.failures.file_cannot_be_written,
    };
    Failure::new(Kind::Unavailable, message(&path.display(), error))
}
