//! Why a store did not do what it was asked for: what happened, and what to do.

use super::fault::{Damage, Unsafe};
use super::record::NotInFormat1;
use crate::backup_codes::HashError;
use crate::randomness::NoRandomness;
use crate::seal::SealError;
use crate::user::UserName;
use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

/// Why a store did not do what it was asked for. The text says what happened and, behind a semicolon,
/// what to do; callers that need one of the two have [`StoreError::what`] and [`StoreError::next`].
#[derive(Debug)]
pub enum StoreError {
    /// The directory is not there.
    Missing(PathBuf),
    /// The directory is there, but nobody made it a store.
    NotInitialised(PathBuf),
    /// Somebody else could have changed it.
    UnsafeStore {
        /// The directory, its index or its file `.store`.
        path: PathBuf,
        /// What is wrong.
        why: Unsafe,
        /// What to do.
        remedy: &'static str,
    },
    /// The record is not a file that only root could have changed.
    UnsafeRecord {
        /// The account file.
        path: PathBuf,
        /// What is wrong.
        why: Unsafe,
    },
    /// It was opened, and has no name any more: an enrolment that failed was taken back, or
    /// somebody has removed the record.
    Removed(PathBuf),
    /// Neither copy of the record can be read.
    Damaged {
        /// The account file.
        path: PathBuf,
        /// What is wrong, without its content.
        why: Damage,
    },
    /// Written by a later version.
    LaterFormat {
        /// The account file or the file `.store`.
        path: PathBuf,
        /// Its format.
        found: u64,
    },
    /// The account was deleted and made anew, or the name was given to somebody else.
    ForeignUid {
        /// The account file.
        path: PathBuf,
        /// Whose it is.
        recorded: u32,
        /// Who asks.
        actual: u32,
    },
    /// The record says no uid, as those of an authority do.
    NoUid {
        /// The account file.
        path: PathBuf,
    },
    /// The secret lies sealed, and cannot be opened here.
    Sealed {
        /// The account file.
        path: PathBuf,
        /// Why it is not opened.
        why: SealError,
    },
    /// The record cannot be written for a version that knows format 1 alone.
    NotInFormat1 {
        /// The account file.
        path: PathBuf,
        /// Why not.
        why: NotInFormat1,
    },
    /// A call to the system failed.
    Io {
        /// What was tried, as in "cannot … PATH".
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Somebody else holds the lock, for longer than 5 seconds.
    Busy {
        /// The file that is locked.
        path: PathBuf,
        /// The process, where /proc/locks tells.
        holder: Option<u32>,
    },
    /// Whose uid it is takes a look at all records, and that takes longer than 5 seconds.
    NotIndexed(PathBuf),
    /// Its marker or its index is another one than a moment ago.
    StoreChanged(PathBuf),
    /// Somebody may make records that the index lacks.
    EarlierVersion {
        /// The store's directory.
        path: PathBuf,
        /// The process.
        pid: u32,
        /// What it runs.
        program: PathBuf,
    },
    /// Others try backup codes of the same user, for longer than 5 seconds.
    Hashing(PathBuf),
    /// Somebody else changed the enrolment in between.
    Changed(UserName),
    /// There is no enrolment to act on.
    NotEnrolled(UserName),
    /// The store is on another side, and that side did not do it. Why, in its words.
    Unreachable(String),
    /// This process may not write the store's files, and the service did not do it, either.
    OutOfReach {
        /// What is in the way of the files.
        files: String,
        /// What the service said, or why it said nothing.
        service: String,
    },
    /// No hash could be made.
    Hash(HashError),
    /// No random numbers.
    NoRandomness(NoRandomness),
}

impl StoreError {
    /// Whether only one user's record is concerned, so that an administrator may write it over.
    pub fn is_about_one_record(&self) -> bool {
        let of_its_content = matches!(self, Self::NoUid { .. } | Self::Sealed { .. });
        of_its_content
            || matches!(
                self,
                Self::UnsafeRecord { .. } | Self::Damaged { .. } | Self::ForeignUid { .. }
            )
            || matches!(self, Self::LaterFormat { path, .. } if path.extension().is_some())
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::Hash(error) => error.source(),
            Self::NoRandomness(error) => error.source(),
            _ => None,
        }
    }
}

impl From<HashError> for StoreError {
    fn from(error: HashError) -> Self {
        Self::Hash(error)
    }
}

impl From<NoRandomness> for StoreError {
    fn from(error: NoRandomness) -> Self {
        Self::NoRandomness(error)
    }
}

/// Makes a [`StoreError::Io`] of what failed on `path`.
pub(super) fn io_error(doing: &'static str, path: &Path) -> impl Fn(io::Error) -> StoreError {
    move |source| StoreError::Io { doing, path: path.to_owned(), source }
}
