//! Processes of an earlier version that have the store open: they make records, and know no index.
//!
//! A process does not say its version, but /proc shows how it opened the store's directory: they did
//! so with O_NOFOLLOW and O_NONBLOCK (opendir(3) with the latter alone), and versions with an index
//! do not. The command and the service alone make records; a login, whatever its version, makes none.

use nix::fcntl::OFlag;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long to wait for them. Who is asked for a code takes longer, and all others are done.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// Begins the names of the programs: of the command and of the service, when they are deleted, too.
const PROGRAM: &[u8] = b"cloud2fa";

/// One of them.
pub(super) struct Process {
    pub(super) pid: u32,
    pub(super) program: PathBuf,
}

/// Waits until they are gone, and says who is not.
pub(super) fn outlasting(directory: &File) -> Option<Process> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = find(directory)?;
        if Instant::now() >= deadline {
            return Some(found);
        }
        std::thread::sleep(PAUSE);
    }
}

/// One of them, by what /proc shows (proc_pid_exe(5), proc_pid_fdinfo(5)). Without it nobody is found.
fn find(directory: &File) -> Option<Process> {
    let status = directory.metadata().ok()?;
    let directory = (status.dev(), status.ino());
    std::fs::read_dir("/proc").ok()?.flatten().find_map(|process| {
        let pid = process.file_name().to_str()?.parse().ok()?;
        let program = std::fs::read_link(process.path().join("exe")).ok()?;
        let is_ours = program.file_name()?.as_bytes().starts_with(PROGRAM);
        let is_earlier = is_ours && has_open(&process.path(), directory);
        is_earlier.then_some(Process { pid, program })
    })
}

/// Whether a process has the directory open as earlier versions do.
fn has_open(process: &Path, directory: (u64, u64)) -> bool {
    let open = std::fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
    open.into_iter().any(|descriptor| {
        let status = std::fs::metadata(descriptor.path());
        status.is_ok_and(|status| (status.dev(), status.ino()) == directory)
            // Where it is gone by now, the process is done.
            && std::fs::read_to_string(process.join("fdinfo").join(descriptor.file_name()))
                .is_ok_and(|facts| is_of_an_earlier_version(&facts))
    })
}

/// By the flags that a descriptor was opened with, in octal.
fn is_of_an_earlier_version(facts: &str) -> bool {
    let flags = facts.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| i32::from_str_radix(flags.trim(), 8).ok());
    let both = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    flags.is_some_and(|flags| OFlag::from_bits_retain(flags).contains(both))
}
