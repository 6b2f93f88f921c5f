//! Why a store did not do what it was asked for: what happened, and what to do.

use super::record::NotInFormat1;
use crate::backup_codes::HashError;
use crate::randomness::NoRandomness;
use crate::seal::SealError;
use crate::user::UserName;
use std::io;
use std::path::{Path, PathBuf};

/// Why a store did not do what it was asked for. Each text says what happened and what to do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The directory is not there.
    #[error("there is no store at {}; run `cloud2fa init`, or mount the volume that holds it", .0.display())]
    Missing(PathBuf),
    /// The directory is there, but nobody made it a store.
    #[error("{} holds no store: its file .store is missing; mount the volume that holds it, or run `cloud2fa init` for a new, empty store", .0.display())]
    NotInitialised(PathBuf),
    /// Somebody else could have changed it.
    #[error("{} {why}; {remedy}", .path.display())]
    UnsafeStore {
        /// The directory or its file `.store`.
        path: PathBuf,
        /// What is wrong.
        why: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// The record is not a file that only root could have changed.
    #[error("{} {why}; if it was not an administrator's mistake, take it as an attack, then `cloud2fa enable --replace` or `disable` the user anew", .path.display())]
    UnsafeRecord {
        /// The account file.
        path: PathBuf,
        /// What is wrong.
        why: &'static str,
    },
    /// It was opened, and has no name any more: an enrolment that failed was taken back, or
    /// somebody has removed the record.
    #[error("{} was removed just now, or its making was taken back; try again", .0.display())]
    Removed(PathBuf),
    /// Neither copy of the record can be read.
    #[error("{} is damaged ({why}); restore it from a backup and run `cloud2fa init`, or `cloud2fa enable --replace` or `disable` the user anew", .path.display())]
    Damaged {
        /// The account file.
        path: PathBuf,
        /// What is wrong, without its content.
        why: &'static str,
    },
    /// Written by a later version.
    #[error("{} has format {found}, which this version of cloud2fa does not know; install the version that wrote it", .path.display())]
    LaterFormat {
        /// The account file or the file `.store`.
        path: PathBuf,
        /// Its format.
        found: u64,
    },
    /// The account was deleted and made anew, or the name was given to somebody else.
    #[error("{}: enrolment belongs to uid {recorded}, the user has uid {actual}; `cloud2fa disable` or `enable --replace` the user", .path.display())]
    ForeignUid {
        /// The account file.
        path: PathBuf,
        /// Whose it is.
        recorded: u32,
        /// Who asks.
        actual: u32,
    },
    /// The record says no uid, as those of an authority do.
    #[error("{} is a record of an authority for many hosts, and none of this host's; restore this host's own from a backup and run `cloud2fa init`, or `cloud2fa enable --replace` or `disable` the user anew", .path.display())]
    NoUid {
        /// The account file.
        path: PathBuf,
    },
    /// The secret lies sealed, and cannot be opened here.
    #[error("{} has a sealed secret, and {why}; restore this host's own record from a backup and run `cloud2fa init`, or `cloud2fa enable --replace` or `disable` the user anew", .path.display())]
    Sealed {
        /// The account file.
        path: PathBuf,
        /// Why it is not opened.
        why: SealError,
    },
    /// The record cannot be written for a version that knows format 1 alone.
    #[error("{} cannot be written in format 1: {why}; `cloud2fa disable` the user, or `enable --replace` anew, then try again", .path.display())]
    NotInFormat1 {
        /// The account file.
        path: PathBuf,
        /// Why not.
        why: NotInFormat1,
    },
    /// A call to the system failed.
    #[error("cannot {doing} {} ({source})", .path.display())]
    Io {
        /// What was tried, as in "cannot … PATH".
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Somebody else holds the lock, for longer than 5 seconds.
    #[error("{} is locked by {}; if it is frozen or does not end, `kill -9` harms nothing", .path.display(), holder.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}")))]
    Busy {
        /// The file that is locked.
        path: PathBuf,
        /// The process, where /proc/locks tells.
        holder: Option<u32>,
    },
    /// Whose uid it is takes a look at all records, and that takes longer than 5 seconds.
    #[error("the index of uids in {} is not complete, and to look at all records takes longer than 5 s; `cloud2fa init` completes it", .0.display())]
    NotIndexed(PathBuf),
    /// Its marker or its index is another one than a moment ago.
    #[error("the store in {} was changed meanwhile, by another `cloud2fa init` or by hand; run it again", .0.display())]
    StoreChanged(PathBuf),
    /// Somebody may make records that the index lacks.
    #[error("the index of uids in {} is not complete: process {pid} ({}) is of an earlier version, and has the store open; it would enrol without it. When it has ended, run `cloud2fa init` again", .path.display(), .program.display())]
    EarlierVersion {
        /// The store's directory.
        path: PathBuf,
        /// The process.
        pid: u32,
        /// What it runs.
        program: PathBuf,
    },
    /// Others try backup codes of the same user, for longer than 5 seconds.
    #[error("{}: too many backup codes are tried at once, and they are hashed one at a time; try again", .0.display())]
    Hashing(PathBuf),
    /// Somebody else changed the enrolment in between.
    #[error("the enrolment of {0} has changed meanwhile; look at it, and start again")]
    Changed(UserName),
    /// There is no enrolment to act on.
    #[error("{0} is not enrolled")]
    NotEnrolled(UserName),
    /// The store is on another side, and that side did not do it. Why, in its words.
    #[error("{0}")]
    Unreachable(String),
    /// This process may not write the store's files, and the service did not do it, either.
    #[error("{files}. (The service was asked instead, and did not do it: {service})")]
    OutOfReach {
        /// What is in the way of the files.
        files: String,
        /// What the service said, or why it said nothing.
        service: String,
    },
    /// No hash could be made.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// No random numbers.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
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

/// Makes a [`StoreError::Io`] of what failed on `path`.
pub(super) fn io_error(doing: &'static str, path: &Path) -> impl Fn(io::Error) -> StoreError {
    move |source| StoreError::Io { doing, path: path.to_owned(), source }
}
