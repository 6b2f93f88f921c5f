//! What is said of a [`StoreError`]: what happened, and what to do, each for itself. Nobody takes the
//! text apart again.

use super::error::StoreError;
use std::fmt;

/// What happened, without what to do.
struct What<'a>(&'a StoreError);

impl fmt::Display for What<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let index = "the index of uids in";
        match self.0 {
            StoreError::Missing(path) => write!(f, "there is no store at {}", path.display()),
            StoreError::NotInitialised(path) => {
                write!(f, "{} holds no store: its file .store is missing", path.display())
            }
            StoreError::Io { doing, path, source } => {
                write!(f, "cannot {doing} {} ({source})", path.display())
            }
            StoreError::Busy { path, holder: Some(pid) } => {
                write!(f, "{} is locked by process {pid}", path.display())
            }
            StoreError::Busy { path, holder: None } => {
                write!(f, "{} is locked by another process", path.display())
            }
            StoreError::NotIndexed(path) => write!(
                f,
                "{index} {} is not complete, and to look at all records takes longer than 5 s",
                path.display()
            ),
            StoreError::StoreChanged(path) => write!(
                f,
                "the store in {} was changed meanwhile, by another `cloud2fa init` or by hand",
                path.display()
            ),
            StoreError::EarlierVersion { path, pid, program } => write!(
                f,
                "{index} {} is not complete: process {pid} ({}) is of an earlier version, and has the store open",
                path.display(),
                program.display()
            ),
            StoreError::Changed(name) => {
                write!(f, "the enrolment of {name} was changed in the meantime")
            }
            StoreError::NotEnrolled(name) => write!(f, "{name} is not enrolled"),
            StoreError::OutOfReach { files, service } => {
                write!(f, "{files}. (The service was asked instead, and did not do it: {service})")
            }
            StoreError::Unreachable(why) => f.write_str(why),
            StoreError::Hash(error) => write!(f, "{error}"),
            StoreError::NoRandomness(error) => write!(f, "{error}"),
            StoreError::UnsafeStore { .. }
            | StoreError::UnsafeRecord { .. }
            | StoreError::Removed(_)
            | StoreError::Damaged { .. }
            | StoreError::LaterFormat { .. }
            | StoreError::ForeignUid { .. }
            | StoreError::NoUid { .. }
            | StoreError::Sealed { .. }
            | StoreError::NotInFormat1 { .. }
            | StoreError::Hashing(_) => self.of_a_file(f),
        }
    }
}

impl What<'_> {
    /// What is wrong with a file.
    fn of_a_file(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            StoreError::UnsafeStore { path, why, .. } | StoreError::UnsafeRecord { path, why } => {
                write!(f, "{} {why}", path.display())
            }
            StoreError::Removed(path) => {
                write!(f, "{} was removed just now, or its making was taken back", path.display())
            }
            StoreError::Damaged { path, why } => {
                write!(f, "{} is damaged ({why})", path.display())
            }
            StoreError::LaterFormat { path, found } => write!(
                f,
                "{} has format {found}, which this version of cloud2fa does not know",
                path.display()
            ),
            StoreError::ForeignUid { path, recorded, actual } => write!(
                f,
                "{}: enrolment belongs to uid {recorded}, the user has uid {actual}",
                path.display()
            ),
            StoreError::NoUid { path } => write!(
                f,
                "{} is a record of an authority for many hosts, and none of this host's",
                path.display()
            ),
            StoreError::Sealed { path, why } => {
                write!(f, "{} has a sealed secret, and {why}", path.display())
            }
            StoreError::NotInFormat1 { path, why } => {
                write!(f, "{} cannot be written in format 1: {why}", path.display())
            }
            StoreError::Hashing(path) => write!(
                f,
                "{}: too many backup codes are tried at once, and they are hashed one at a time",
                path.display()
            ),
            _ => Ok(()),
        }
    }
}

impl StoreError {
    /// What happened, without what to do. Errors of another side, of hashing and of random numbers are
    /// not taken apart: their whole text is in here.
    pub fn what(&self) -> String {
        What(self).to_string()
    }

    /// What to do. `None` if there is nothing to say, or if [`StoreError::what`] says it already.
    pub fn next(&self) -> Option<&'static str> {
        Some(match self {
            Self::Missing(_) => "run `cloud2fa init`, or mount the volume that holds it",
            Self::NotInitialised(_) => {
                "mount the volume that holds it, or run `cloud2fa init` for a new, empty store"
            }
            Self::UnsafeStore { remedy, .. } => remedy,
            Self::UnsafeRecord { .. } => {
                "if it was not an administrator's mistake, take it as an attack, then `cloud2fa enable --replace` or `disable` the user anew"
            }
            Self::Removed(_) | Self::Hashing(_) => "try again",
            Self::Damaged { .. } => {
                "restore it from a backup and run `cloud2fa init`, or `cloud2fa enable --replace` or `disable` the user anew"
            }
            Self::LaterFormat { .. } => "install the version that wrote it",
            Self::ForeignUid { .. } => "`cloud2fa disable` or `enable --replace` the user",
            Self::NoUid { .. } => {
                "restore this host's own from a backup and run `cloud2fa init`, or `cloud2fa enable --replace` or `disable` the user anew"
            }
            Self::Sealed { .. } => {
                "restore this host's own record from a backup and run `cloud2fa init`, or `cloud2fa enable --replace` or `disable` the user anew"
            }
            Self::NotInFormat1 { .. } => {
                "`cloud2fa disable` the user, or `enable --replace` anew, then try again"
            }
            Self::Busy { .. } => "if it is frozen or does not end, `kill -9` harms nothing",
            Self::NotIndexed(_) => "`cloud2fa init` completes it",
            Self::StoreChanged(_) => "run it again",
            Self::EarlierVersion { .. } => {
                "it would enrol without it. When it has ended, run `cloud2fa init` again"
            }
            Self::Changed(_) => "check it, and start again",
            Self::Io { .. }
            | Self::NotEnrolled(_)
            | Self::Unreachable(_)
            | Self::OutOfReach { .. }
            | Self::Hash(_)
            | Self::NoRandomness(_) => return None,
        })
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", What(self))?;
        self.next().map_or(Ok(()), |next| write!(f, "; {next}"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::NotInFormat1;
    use super::super::{Damage, Unsafe};
    use super::*;
    use crate::UserName;
    use crate::seal::SealError;
    use std::io;
    use std::path::PathBuf;

    /// An error of each kind that is about files, and its text: what happened; what to do.
    fn errors() -> Vec<(StoreError, &'static str)> {
        let path = || PathBuf::from("/s");
        let name = || UserName::new("anna").expect("a name");
        let (why, remedy) = (Unsafe::NotRoots, "chown it");
        let (damage, sealed) = (Damage::Size, SealError::NoKey);
        let busy = |holder| StoreError::Busy { path: path(), holder };
        let earlier = StoreError::EarlierVersion { path: path(), pid: 7, program: "/p".into() };
        let source = || io::Error::from(io::ErrorKind::NotFound);
        vec![
            (
                StoreError::Missing(path()),
                "there is no store at /s; run `cloud2fa init`, or mount the volume that holds it",
            ),
            (
                StoreError::NotInitialised(path()),
                "/s holds no store: its file .store is missing; mount the volume that holds it, or run `cloud2fa init` for a new, empty store",
            ),
            (
                StoreError::UnsafeStore { path: path(), why, remedy },
                "/s does not belong to root; chown it",
            ),
            (
                StoreError::UnsafeRecord { path: path(), why },
                "/s does not belong to root; if it was not an administrator's mistake, take it as an attack, then `cloud2fa enable --replace` or `disable` the user anew",
            ),
            (
                StoreError::Removed(path()),
                "/s was removed just now, or its making was taken back; try again",
            ),
            (
                StoreError::Damaged { path: path(), why: damage },
                "/s is damaged (it has a wrong size); restore it from a backup and run `cloud2fa init`, or `cloud2fa enable --replace` or `disable` the user anew",
            ),
            (
                StoreError::LaterFormat { path: path(), found: 9 },
                "/s has format 9, which this version of cloud2fa does not know; install the version that wrote it",
            ),
            (
                StoreError::ForeignUid { path: path(), recorded: 1, actual: 2 },
                "/s: enrolment belongs to uid 1, the user has uid 2; `cloud2fa disable` or `enable --replace` the user",
            ),
            (
                StoreError::NoUid { path: path() },
                "/s is a record of an authority for many hosts, and none of this host's; restore this host's own from a backup and run `cloud2fa init`, or `cloud2fa enable --replace` or `disable` the user anew",
            ),
            (
                StoreError::Sealed { path: path(), why: sealed },
                "/s has a sealed secret, and there is no key here to open it; restore this host's own record from a backup and run `cloud2fa init`, or `cloud2fa enable --replace` or `disable` the user anew",
            ),
            (
                StoreError::Io { doing: "read", path: path(), source: source() },
                "cannot read /s (entity not found)",
            ),
            (
                busy(Some(7)),
                "/s is locked by process 7; if it is frozen or does not end, `kill -9` harms nothing",
            ),
            (
                busy(None),
                "/s is locked by another process; if it is frozen or does not end, `kill -9` harms nothing",
            ),
            (
                StoreError::NotIndexed(path()),
                "the index of uids in /s is not complete, and to look at all records takes longer than 5 s; `cloud2fa init` completes it",
            ),
            (
                StoreError::StoreChanged(path()),
                "the store in /s was changed meanwhile, by another `cloud2fa init` or by hand; run it again",
            ),
            (
                earlier,
                "the index of uids in /s is not complete: process 7 (/p) is of an earlier version, and has the store open; it would enrol without it. When it has ended, run `cloud2fa init` again",
            ),
            (
                StoreError::Hashing(path()),
                "/s: too many backup codes are tried at once, and they are hashed one at a time; try again",
            ),
            (
                StoreError::Changed(name()),
                "the enrolment of anna was changed in the meantime; check it, and start again",
            ),
            (StoreError::NotEnrolled(name()), "anna is not enrolled"),
            (
                StoreError::NotInFormat1 { path: path(), why: NotInFormat1::WeakKey },
                "/s cannot be written in format 1: its key has less than 128 bits; `cloud2fa disable` the user, or `enable --replace` anew, then try again",
            ),
        ]
    }

    #[test]
    fn a_text_is_what_happened_and_what_to_do() {
        for (error, text) in errors() {
            assert_eq!(error.to_string(), text);
            let (what, next) = match text.split_once("; ") {
                Some((what, next)) => (what, Some(next)),
                None => (text, None),
            };
            assert_eq!((&*error.what(), error.next()), (what, next));
        }
    }
}
