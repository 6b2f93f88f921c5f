//! What comes of a change that is not made, or not taken back.

use crate::setup::plan::Edit;
use std::io;
use std::path::PathBuf;

/// Why a change was not made.
#[derive(Debug)]
pub enum NotMade {
    /// Somebody has edited this file since it was looked at.
    EditedMeanwhile(PathBuf),
    /// The service was changed before.
    SetUpBefore,
    /// It failed, and what was changed is taken back.
    Failed(io::Error),
    /// It failed, and so did taking it back: a watch goes on trying, where there is one.
    Left(io::Error, Left),
}

/// What is left of a change that cannot be taken back.
#[derive(Debug)]
pub enum Left {
    /// Lines of ours, most likely in these files. Without any, nobody knows where: the journal cannot be read.
    Lines(Vec<PathBuf>, io::Error),
    /// No line; but the service does not go by that yet, or it could not be written down.
    Effect(io::Error),
}

impl Left {
    /// The same of a change whose files are known.
    pub fn or_in_any_of(self, edits: &[Edit]) -> Self {
        match self {
            Self::Lines(files, error) if files.is_empty() => {
                Self::Lines(edits.iter().map(|edit| edit.path.clone()).collect(), error)
            }
            other => other,
        }
    }

    /// What keeps it.
    pub fn error(&self) -> &io::Error {
        match self {
            Self::Lines(_, error) | Self::Effect(error) => error,
        }
    }
}
