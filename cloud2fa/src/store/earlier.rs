//! Processes of an earlier version that have the store open: they make records, and know no index.
//!
//! A process does not say its version. So it is told by its program: the command and the service
//! alone make records, and what runs now is another file than this process runs. A login, whatever
//! its version, makes none.

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

/// One of them, by what /proc shows (proc_pid_exe(5), proc_pid_fd(5)). Without it nobody is found.
fn find(directory: &File) -> Option<Process> {
    let status = directory.metadata().ok()?;
    let directory = (status.dev(), status.ino());
    let own = file_at(Path::new("/proc/self/exe"));
    std::fs::read_dir("/proc").ok()?.flatten().find_map(|process| {
        let pid = process.file_name().to_str()?.parse().ok()?;
        let exe = process.path().join("exe");
        let program = std::fs::read_link(&exe).ok()?;
        let is_other = program.file_name()?.as_bytes().starts_with(PROGRAM) && file_at(&exe) != own;
        let has_it = is_other && has_open(&process.path().join("fd"), directory);
        has_it.then_some(Process { pid, program })
    })
}

fn has_open(descriptors: &Path, directory: (u64, u64)) -> bool {
    let open = std::fs::read_dir(descriptors).into_iter().flatten().flatten();
    open.into_iter().any(|descriptor| file_at(&descriptor.path()) == Some(directory))
}

/// Device and inode of what a path leads to.
fn file_at(path: &Path) -> Option<(u64, u64)> {
    let status = std::fs::metadata(path).ok()?;
    Some((status.dev(), status.ino()))
}
