//! The QR code as a file. It holds the secret: new, its owner's alone, never through a link.

use crate::failure::{Failure, Kind};
use crate::language::WORDS;
use cloud2fa::qr::Picture;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use nix::unistd::{UnlinkatFlags, unlinkat};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// A file that goes away again, unless the enrolment that it shows comes about.
pub struct QrFile {
    /// Kept open, so that the file is removed where it was made.
    directory: File,
    name: OsString,
    keep: bool,
}

impl QrFile {
    /// Writes `picture` into the new file `path`.
    pub fn create(path: &Path, picture: &Picture) -> Result<Self, Failure> {
        let failed = |error: io::Error| {
            let message = match error.kind() {
                io::ErrorKind::AlreadyExists => WORDS.failures.qr_file_exists,
                _ => WORDS.failures.qr_file_cannot_be_written,
            };
            Failure::new(Kind::Unavailable, message(&path.display(), &error))
        };
        let no_file = || failed(io::ErrorKind::IsADirectory.into());
        let name = path.file_name().ok_or_else(no_file)?.to_owned();
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = File::open(parent.unwrap_or(Path::new("."))).map_err(failed)?;
        // O_EXCL follows no link (open(2)).
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC;
        let file = openat(&directory, name.as_os_str(), flags, Mode::S_IRUSR | Mode::S_IWUSR);
        let mut file = File::from(file.map_err(|errno| failed(errno.into()))?);
        let made = Self { directory, name, keep: false };
        file.write_all(picture.svg().as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        Ok(made)
    }

    /// The enrolment is saved.
    pub fn keep(mut self) {
        self.keep = true;
    }
}

impl Drop for QrFile {
    fn drop(&mut self) {
        if !self.keep {
            let _ = unlinkat(&self.directory, self.name.as_os_str(), UnlinkatFlags::NoRemoveDir);
        }
    }
}
