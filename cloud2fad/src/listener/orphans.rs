//! What a process has started and left behind: a program of a PAM stage. It comes to the listening process,
//! and ends.

#![forbid(unsafe_code)]

use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

/// The children of this process, which has one thread (proc_tid_children(5)).
const CHILDREN: &str = "/proc/thread-self/children";

/// Has them come here, and not to systemd.
pub fn adopt() -> nix::Result<()> {
    set_child_subreaper(true)
}

/// Ends all children but those that are known. Gives whether there were any: theirs come next.
pub fn end(is_known: impl Fn(u32) -> bool) -> bool {
    let children = std::fs::read_to_string(CHILDREN).unwrap_or_default();
    let children = children.split_whitespace().filter_map(|pid| pid.parse::<i32>().ok());
    let orphans: Vec<_> = children.filter(|pid| !is_known(pid.unsigned_abs())).collect();
    for orphan in &orphans {
        let pid = Pid::from_raw(*orphan);
        let _ = kill(pid, Signal::SIGKILL);
        let _ = waitpid(pid, Some(WaitPidFlag::WNOHANG));
    }
    !orphans.is_empty()
}
