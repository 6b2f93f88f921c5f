//! The QR code as a file. It holds the secret: new, its owner's alone, never through a link.

use crate::failure::{Failure, Kind};
use cloud2fa::qr::Picture;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A file that goes away again, unless the enrolment that it shows comes about.
pub struct QrFile {
    path: PathBuf,
    keep: bool,
}

impl QrFile {
    /// Writes `picture` into the new file `path`.
    pub fn create(path: &Path, picture: &Picture) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| {
            let remedy = match error.kind() {
                std::io::ErrorKind::AlreadyExists => "; name a file that does not exist yet",
                _ => "",
            };
            let message =
                format!("cannot write the QR code into {} ({error}){remedy}", path.display());
            Failure::new(Kind::Unavailable, message)
        };
        // create_new is O_EXCL, which follows no link (open(2)).
        let mut file =
            File::options().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
        let made = Self { path: path.to_owned(), keep: false };
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
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
