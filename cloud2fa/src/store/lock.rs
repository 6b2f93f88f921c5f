//! The lock on a file: flock(2), tried again for 5 seconds, released explicitly.
//!
//! The kernel releases it when its holder dies, so a crash never stands in the way.

use super::shield::Shield;
use super::{StoreError, io_error};
use std::fs::{File, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long to try.
const PATIENCE: Duration = Duration::from_secs(5);

/// Pauses between tries: short at first, since a holder writes once and is done.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
/// Likewise.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// Runs `work` while `file`, which lies at `path`, is locked and this process is shielded.
pub(super) fn while_locked<T>(
    file: &File,
    path: &Path,
    work: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let shield = Shield::raise().map_err(io_error("shield the process that locks", path))?;
    lock(file, path)?;
    let outcome = work();
    // Closing would release it, too, but not while a forked child keeps the file open.
    let unlocked = file.unlock().map_err(io_error("unlock", path));
    shield.lower().map_err(io_error("take back the real uid after locking", path))?;
    let outcome = outcome?;
    unlocked.map(|()| outcome)
}

/// Takes the lock, or says who has it.
fn lock(file: &File, path: &Path) -> Result<(), StoreError> {
    let deadline = Instant::now() + PATIENCE;
    let mut pause = SHORTEST_PAUSE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                std::thread::sleep(pause);
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Busy { path: path.to_owned(), holder: holder_of(file) });
            }
            Err(TryLockError::Error(source)) => {
                return Err(StoreError::Io { doing: "lock", path: path.to_owned(), source });
            }
        }
    }
}

/// The process that holds the lock on `file`, by /proc/locks (proc_locks(5)).
fn holder_of(file: &File) -> Option<u32> {
    let inode = format!(":{}", file.metadata().ok()?.ino());
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    locks.lines().find_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let is_flock = fields.next() == Some("FLOCK");
        let pid = fields.nth(2)?.parse().ok()?;
        (is_flock && fields.next()?.ends_with(&inode)).then_some(pid)
    })
}
