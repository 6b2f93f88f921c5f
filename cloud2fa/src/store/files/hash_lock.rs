//! Backup codes of a user are hashed one at a time, so that any number of answers costs one core
//! and one hash's memory. Not under the record's own lock: tokens go on meanwhile.
//!
//! One at a time *for each uid that tries*: su and sudo run with their caller's real uid, and a
//! caller may freeze or starve the own processes; nobody else's logins must wait for these. What
//! comes over the network is tried by root's programs, all by one uid.

use crate::store::StoreError;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use nix::unistd::{Uid, getuid};
use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long to try; as long as for the record's own lock.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between tries. A hash takes some tens of milliseconds.
const PAUSE: Duration = Duration::from_millis(10);

/// The first of the bytes that are locked, one for each uid: behind all that a record has.
const FIRST_BYTE: u32 = 1 << 16;

/// A lock of one byte of the account file: an open file description's (fcntl(2)), which other
/// threads of the process respect, the record's flock(2) does not meet, and the kernel releases
/// when its holder dies.
#[derive(Debug, Clone, Copy)]
pub struct HashLock {
    byte: libc::off_t,
}

impl HashLock {
    /// That of whoever runs this process.
    pub(super) fn of_this_process() -> Self {
        Self::of(getuid())
    }

    /// That of a uid.
    pub(super) fn of(caller: Uid) -> Self {
        let byte = u64::from(FIRST_BYTE) + u64::from(caller.as_raw());
        // Where off_t has 32 bits the highest uids share theirs.
        Self { byte: libc::off_t::try_from(byte).unwrap_or(libc::off_t::MAX) }
    }

    /// Runs `work` while this is locked in `file`, which lies at `path` and is open for writing.
    pub(super) fn hold<T>(
        self,
        file: &File,
        path: &Path,
        work: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let begin = Instant::now();
        loop {
            match self.set(file, libc::F_WRLCK) {
                Ok(()) => break,
                Err(Errno::EAGAIN | Errno::EACCES | Errno::EINTR) => {}
                Err(errno) => {
                    let (path, source) = (path.to_owned(), errno.into());
                    return Err(StoreError::Io { doing: "lock", path, source });
                }
            }
            if begin.elapsed() >= PATIENCE {
                return Err(StoreError::Hashing(path.to_owned()));
            }
            std::thread::sleep(PAUSE);
        }
        let outcome = work();
        // Closing would release it, too, but not while a forked child keeps the file open.
        let _ = self.set(file, libc::F_UNLCK);
        outcome
    }

    fn set(self, file: &File, kind: libc::c_int) -> nix::Result<()> {
        let short = |it: libc::c_int| libc::c_short::try_from(it).map_err(|_| Errno::EINVAL);
        let lock = libc::flock {
            l_type: short(kind)?,
            l_whence: short(libc::SEEK_SET)?,
            l_start: self.byte,
            l_len: 1,
            l_pid: 0,
        };
        fcntl(file, FcntlArg::F_OFD_SETLK(&lock)).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether `second` may hash while `first` does.
    fn both(first: Uid, second: Uid) -> bool {
        let file = tempfile::NamedTempFile::new().unwrap();
        let other = file.reopen().unwrap();
        let held = HashLock::of(first).hold(file.as_file(), file.path(), || {
            Ok(HashLock::of(second).set(&other, libc::F_WRLCK).is_ok())
        });
        // It is released: whoever comes next need not wait.
        HashLock::of(first).set(&file.reopen().unwrap(), libc::F_WRLCK).unwrap();
        held.unwrap()
    }

    #[test]
    fn one_at_a_time_for_each_who_tries_and_nobody_waits_for_another() {
        let [root, mallory, last] = [0, 1001, u32::MAX].map(Uid::from_raw);
        assert!(!both(root, root) && !both(mallory, mallory));
        assert!(both(mallory, root) && both(root, last));
    }

    #[test]
    fn the_records_own_lock_is_another() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().lock().unwrap();
        let other = file.reopen().unwrap();
        HashLock::of_this_process().hold(&other, file.path(), || Ok(())).unwrap();
    }
}
