//! Real programs with PAM stacks of a test's own, started as other users; and what
//! /proc says about processes.

use crate::Fixture;
use crate::pty::Pty;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A user of the private machine whom no other test of this process has.
pub fn another_user() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    assert!(number < 300, "the private machine has the users u000 to u299");
    format!("u{number:03}")
}

/// `words` to be run with the fixture's service files of these names in the place of
/// those in /etc/pam.d. Nobody else sees them there: each program has its own view of /etc.
pub fn with_stacks(fixture: &Fixture, services: &[&str], words: &[&str]) -> Vec<String> {
    const SCRIPT: &str = r#"
        while [ "$1" != -- ]; do mount --bind "$1" "/etc/pam.d/$2"; shift 2; done
        shift
        exec "$@""#;
    let mut all: Vec<String> =
        ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-ec", SCRIPT, "sh"]
            .map(str::to_owned)
            .to_vec();
    for service in services {
        all.push(fixture.services().join(service).to_string_lossy().into_owned());
        all.push((*service).to_owned());
    }
    all.push("--".to_owned());
    all.extend(words.iter().map(|word| (*word).to_owned()));
    all
}

/// `words` to be run by the ordinary user `name`.
pub fn as_user<'w>(name: &'w str, words: &[&'w str]) -> Vec<&'w str> {
    let user = ["setpriv", "--reuid", name, "--regid", name, "--clear-groups", "--"];
    [&user[..], words].concat()
}

/// A user's terminal, in which `words` runs with the fixture's stacks for su and sudo.
pub fn at_terminal(fixture: &Fixture, user: &str, words: &[&str]) -> Pty {
    let services: Vec<_> = ["su", "sudo"]
        .into_iter()
        .filter(|service| fixture.services().join(service).exists())
        .collect();
    Pty::start(&with_stacks(fixture, &services, &as_user(user, words)))
}

/// A field of `/proc/PID/status`, such as `SigBlk`. `None` if the process is gone.
pub fn status_field(pid: u32, field: &str) -> Option<String> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    Some(line.trim().to_owned())
}

/// The real uid of a process.
pub fn real_uid(pid: u32) -> Option<u32> {
    status_field(pid, "Uid")?.split_whitespace().next()?.parse().ok()
}

/// Whether a process is stopped by a signal; `t` is what a traced one shows then.
pub fn is_stopped(pid: u32) -> bool {
    status_field(pid, "State").is_some_and(|state| state.starts_with(['T', 't']))
}

/// Waits until a process that has shown its prompt sleeps, which it does when it reads the
/// answer. A key pressed before is lost on sudo: its handler notes the signal, then it reads.
pub fn wait_until_it_reads(pid: u32) {
    // It may also sleep for something else, and throw away what was typed until then (tcsetattr(3)).
    wait_until_it_is_in(pid, libc::SYS_read);
}

/// Waits until a process is in that system call.
pub fn wait_until_it_is_in(pid: u32, number: i64) {
    let begin = format!("{number} ");
    let call = || std::fs::read_to_string(format!("/proc/{pid}/syscall")).unwrap_or_default();
    wait_for("a process in a call", || call().starts_with(&begin).then_some(()));
}

/// All that descend from `pid` and still run.
pub fn descendants(pid: u32) -> Vec<u32> {
    let children =
        std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let children = children.split_whitespace().filter_map(|child| child.parse().ok());
    children.flat_map(|child: u32| [vec![child], descendants(child)].concat()).collect()
}

/// The descendant of `pid` that runs the program `name`; waits until there is one.
pub fn descendant_named(pid: u32, name: &str) -> u32 {
    let is_it = |pid: &u32| status_field(*pid, "Name").as_deref() == Some(name);
    wait_for(&format!("a process {name}"), || descendants(pid).into_iter().find(is_it))
}

/// How long to wait for what a busy machine does some time.
const PATIENCE: Duration = Duration::from_secs(180);

/// Waits until `what` is there.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}: waited for in vain");
        std::thread::sleep(Duration::from_millis(2));
    }
}
