//! What setup has changed on this machine, written down before it is changed: whoever dies in between
//! leaves behind what must be taken back.

use super::files;
use super::proof::Before;
use super::service::Service;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

/// Where it is: on the same file system as what is changed, so that one power cut meets both alike.
pub use cloud2fa_doctor::JOURNAL;

/// All that setup has changed and not taken back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    /// What was changed.
    pub changes: Vec<Change>,
    /// What was taken back because nobody confirmed it, until somebody has looked.
    pub taken_back: Vec<Service>,
}

/// One service that was made to ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What asks.
    pub service: Service,
    /// The files with our lines, in the order in which they are written. They are taken back in the
    /// opposite order.
    pub files: Vec<Changed>,
    /// What must happen for the change to stay. `None` if it stays.
    pub unconfirmed: Option<Unconfirmed>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// Where.
    pub path: PathBuf,
    /// Whether there was none before: then it goes when nothing else is in it.
    pub is_new: bool,
}

/// How long a change waits for its proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unconfirmed {
    /// The boot in which the change was made: after another one it is taken back.
    pub boot: String,
    /// Seconds of `CLOCK_BOOTTIME`, which nobody can set, until it is taken back.
    pub until: u64,
    /// The administrators of whom one must log in. Without any, somebody must say so.
    pub proof: Vec<Before>,
    /// When it was made, on the same clock: a session that has come before is no proof.
    pub since: u64,
    /// The sessions that were there before. `None` if logins of this service begin none that logind knows.
    pub sessions: Option<Vec<String>>,
    /// The PAM services whose files were changed: a login at another one is no proof.
    pub pam_services: Vec<String>,
}

impl Journal {
    /// Reads it. An empty one if there is none.
    pub fn read(path: &Path) -> io::Result<Self> {
        match std::fs::read(path) {
            Ok(text) => Ok(serde_json::from_slice(&text)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// Writes it, as a whole or not at all. An empty one is no file.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        if *self == Self::default() {
            return files::remove(path);
        }
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        files::write_private(path, &text)
    }

    /// The change of a service.
    pub fn of(&self, service: Service) -> Option<&Change> {
        self.changes.iter().find(|change| change.service == service)
    }

    /// Those that wait for their proof.
    pub fn unconfirmed(&self) -> impl Iterator<Item = (&Change, &Unconfirmed)> {
        self.changes.iter().filter_map(|change| Some((change, change.unconfirmed.as_ref()?)))
    }
}
