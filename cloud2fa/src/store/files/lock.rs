//! The lock on a file: flock(2), tried again for 5 seconds, released explicitly.
//!
//! The kernel releases it when its holder dies, so a crash never stands in the way. A
//! holder that is stopped is continued by whoever waits.

use super::shield::Shield;
use crate::store::StoreError;
use crate::store::error::io_error;
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::{major, minor};
use nix::unistd::Pid;
use std::fs::{File, TryLockError};
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long to try.
const PATIENCE: Duration = Duration::from_secs(5);

/// Pauses between tries: short at first, since a holder writes once and is done.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
/// Likewise.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// How often to look what the holder does. Its work takes milliseconds.
const SUSPICION: Duration = Duration::from_millis(100);

/// Runs `work` while `file`, which lies at `path`, is locked and this process is shielded.
pub(super) fn while_locked<T>(
    file: &File,
    path: &Path,
    work: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let shield = Shield::raise().map_err(io_error("shield the process that locks", path))?;
    lock(file, path)?;
    let outcome = work();
    // Closing would release it, too, but not while a forked child keeps the file open. If it
    // fails, closing is left; what was written down is written down.
    let _ = file.unlock();
    shield.lower().map_err(io_error("take back the real uid after locking", path))?;
    outcome
}

/// Takes the lock, or says who has it.
fn lock(file: &File, path: &Path) -> Result<(), StoreError> {
    let begin = Instant::now();
    let (deadline, mut next_look) = (begin + PATIENCE, begin + SUSPICION);
    let mut pause = SHORTEST_PAUSE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                if Instant::now() >= next_look {
                    continue_stopped_holder(file);
                    next_look = Instant::now() + SUSPICION;
                }
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

/// Continues the holder if a signal has stopped it. The shield cannot keep all of them
/// off: kill(2) looks at the real uid first and sends some microseconds later, and in
/// between the lock may have been taken.
fn continue_stopped_holder(file: &File) {
    let stopped = |pid: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The state stands behind the program's name (proc_pid_stat(5)), which may hold anything.
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
    };
    let holder = holder_of(file).filter(stopped);
    if let Some(pid) = holder.and_then(|pid| i32::try_from(pid).ok()) {
        // Where that is not allowed, it is as before: the caller waits.
        let _ = kill(Pid::from_raw(pid), Signal::SIGCONT);
    }
}

/// The process that holds the lock on `file`, by /proc/locks (proc_locks(5)).
fn holder_of(file: &File) -> Option<u32> {
    let status = file.metadata().ok()?;
    let (major, minor) =
        device_of_mount(file).unwrap_or_else(|| (major(status.dev()), minor(status.dev())));
    let wanted = format!("{major:02x}:{minor:02x}:{}", status.ino());
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    locks.lines().find_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let is_flock = fields.next() == Some("FLOCK");
        // A process of another pid namespace is shown as 0.
        let pid = fields.nth(2)?.parse().ok().filter(|pid| *pid > 0)?;
        (is_flock && fields.next()? == wanted).then_some(pid)
    })
}

/// The device of the file system that `file` was opened on, which is the one in /proc/locks.
/// stat(2) gives another where subvolumes (btrfs) or layers (overlay) have their own.
fn device_of_mount(file: &File) -> Option<(u64, u64)> {
    let about = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", file.as_raw_fd())).ok()?;
    let mount = about.lines().find_map(|line| line.strip_prefix("mnt_id:"))?.trim();
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    // MOUNT PARENT MAJOR:MINOR … (proc_pid_mountinfo(5))
    let line = mounts.lines().find(|line| line.split(' ').next() == Some(mount))?;
    let (major, minor) = line.split(' ').nth(2)?.split_once(':')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
