//! What `cloud2fa setup` changes on a private machine, and the system calls by which it does.

use crate::command::{self, Ended};
use crate::machine;
use crate::processes::{descendant_named, wait_for, wait_until_it_is_in};
use crate::strace::{self, Call};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

/// What a shell shows for a program that SIGKILL has ended.
pub const KILLED: i32 = 128 + 9;

/// Where setup writes.
pub const DIRECTORIES: [&str; 3] = ["/etc/pam.d", "/etc/ssh/sshd_config.d", "/etc/cloud2fa"];

/// Where it writes down what it changes.
pub const JOURNAL: &str = "/etc/cloud2fa/setup.json";

/// What systemctl was told, a line each.
pub const TOLD: &str = "/run/systemctl.log";

/// The state that systemctl says that a unit has, where it is asked for it.
pub const STATE: &str = "/run/systemctl.state";

/// Where this file is, no unit runs.
pub const NO_SERVICES: &str = "/run/systemctl.boots";

/// unshare(1), which setup does not find.
pub const UNSHARE: &str = "/run/unshare";

/// Stands over the kernel's.
const BOOT: &str = "/run/boot_id";

/// The system calls that do it, besides the opening of a new file.
const CHANGING: [&str; 9] =
    ["write", "chmod", "fchmod", "ftruncate", "fsync", "rename", "unlink", "mkdir", "link"];

/// Ends the name of a file that is not in its place yet.
const NEW: &str = ".cloud2fa.new";

/// What stands in files.
pub type Files = BTreeMap<PathBuf, Vec<u8>>;

/// All that stands where setup writes.
pub fn files() -> Files {
    let entries =
        DIRECTORIES.iter().flat_map(|directory| fs::read_dir(directory).into_iter().flatten());
    let paths = entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_file());
    paths.map(|path| (path.clone(), fs::read(&path).expect("readable"))).collect()
}

/// Without the journal, and what a killed one was writing.
fn in_place(files: &Files) -> Files {
    let is_in_place =
        |path: &Path| path != Path::new(JOURNAL) && !path.to_string_lossy().ends_with(NEW);
    files
        .iter()
        .filter(|(path, _)| is_in_place(path))
        .map(|(path, text)| (path.clone(), text.clone()))
        .collect()
}

/// Whether a call changes something where setup writes.
fn changes(call: &Call) -> bool {
    let is_there = DIRECTORIES.iter().any(|directory| call.text.contains(directory));
    let changes = CHANGING.contains(&call.name.as_str());
    is_there && (changes || call.name == "openat" && call.text.contains("O_CREAT"))
}

/// Runs setup, killed at `at`. Gives the calls that change something.
pub fn setup(words: &[&str], at: Option<&Call>) -> (Ended, Vec<Call>) {
    setup_with(words, at.map(Call::kill).as_deref())
}

/// Runs setup, with faults as a [`Call`] gives them.
pub fn setup_with<'i>(
    words: &[&str],
    inject: impl IntoIterator<Item = &'i str>,
) -> (Ended, Vec<Call>) {
    let mut plain = command(words);
    plain.arg("--json");
    let (mut traced, output) = strace::around_alone(&plain, inject);
    let ended = command::ended(traced.stdin(Stdio::null()));
    let calls = strace::read_alone(&output);
    (ended, calls.into_iter().filter(changes).collect())
}

/// Runs setup to its end. Gives the calls that change something.
pub fn must(words: &[&str]) -> Vec<Call> {
    let (ended, calls) = setup(words, None);
    assert_eq!(ended.status, 0, "{words:?}: {ended:?}");
    calls
}

/// The command `cloud2fa setup`, as root without sudo.
pub fn command(words: &[&str]) -> Command {
    let mut command = Command::new(command::path());
    command.env_remove("SUDO_USER").env("LC_ALL", "C.UTF-8").arg("setup").args(words);
    command
}

/// The directories where setup writes, a store, and a systemd that does what it is told: nothing here is about
/// units. No change can be tried on a copy: the module does not lie where libpam looks on this machine, and
/// doctor would see that. The machine has one /etc: this is for one test at a time.
pub fn ground() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    static MADE: Once = Once::new();
    let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    MADE.call_once(make_ground);
    one
}

fn make_ground() {
    machine::must_be_private();
    for directory in DIRECTORIES {
        fs::create_dir_all(directory).expect("a directory");
    }
    let init = command::ended(Command::new(command::path()).arg("init"));
    assert_eq!(init.status, 0, "{init:?}");
    let unshare = machine::program("unshare", "util-linux");
    fs::copy(&unshare, UNSHARE).expect("ours");
    put_over(&machine::program("false", "coreutils"), &unshare);
    fs::create_dir_all("/run/systemd/system").expect("ours");
    let systemctl = Path::new("/run/systemctl");
    let script = format!(
        "#!/bin/sh\necho \"$*\" >>{TOLD}
         [ ! -e {NO_SERVICES} ] || exit 3
         case \"$*\" in 'is-active --quiet ssh.socket') exit 3;; esac
         [ \"$1\" != show ] || cat {STATE}\n"
    );
    fs::write(systemctl, script).expect("ours");
    fs::write(STATE, "inactive\n").and_then(|()| fs::write(TOLD, "")).expect("ours");
    fs::set_permissions(systemctl, Permissions::from_mode(0o755)).expect("ours");
    put_over(systemctl, &machine::program("systemctl", "systemd"));
    new_boot();
    put_over(Path::new(BOOT), Path::new("/proc/sys/kernel/random/boot_id"));
}

/// The kernel's name for a boot is another one from now on.
pub fn new_boot() {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    fs::write(BOOT, format!("00000000-0000-4000-8000-{number:012}\n")).expect("ours");
}

/// Makes a file what is found at a path on this machine.
fn put_over(file: &Path, path: &Path) {
    let mount = machine::program("mount", "mount");
    let mounted = Command::new(mount).arg("--bind").args([file, path]).status();
    assert!(mounted.expect("mount starts").success());
}

/// That each file is the one from before or the new one. Gives those that are new.
pub fn new(before: &Files, after: &Files, call: &Call) -> BTreeSet<PathBuf> {
    let (before, after, now) = (in_place(before), in_place(after), in_place(&files()));
    let paths: BTreeSet<_> = before.keys().chain(after.keys()).chain(now.keys()).collect();
    let new = paths.into_iter().filter(|path| {
        let [old, new, now] = [&before, &after, &now].map(|files| files.get(*path));
        assert!(now == old || now == new, "{call:?}: {} is neither", path.display());
        now != old
    });
    new.cloned().collect()
}

/// That these files are there as they are here, and no others, after this.
pub fn must_stand(expected: &Files, after: &dyn Debug) {
    let now = files();
    let all: BTreeSet<_> = expected.keys().chain(now.keys()).collect();
    let other: Vec<_> =
        all.into_iter().filter(|path| expected.get(*path) != now.get(*path)).collect();
    assert!(other.is_empty(), "{after:?}: {other:?}");
}

/// A watch, as its unit would run it.
#[derive(Debug)]
pub struct Watch {
    child: Child,
    pid: u32,
}

impl Watch {
    /// Starts it by this command.
    pub fn spawn(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::null()).spawn().expect("the command starts");
        Self { pid: child.id(), child }
    }

    /// Likewise, and waits until it has looked once.
    pub fn start(command: &mut Command) -> Self {
        let watch = Self::spawn(command);
        wait_until_it_is_in(watch.pid, libc::SYS_poll);
        watch
    }

    /// Likewise, by a command that starts the watch as a child of its own.
    pub fn start_behind(command: &mut Command) -> Self {
        let mut watch = Self::spawn(command);
        watch.pid = descendant_named(watch.pid, "cloud2fa");
        wait_until_it_is_in(watch.pid, libc::SYS_poll);
        watch
    }

    /// Damages the journal, and waits until the watch has written it anew: so that it has looked, and goes on
    /// to wait.
    pub fn mends(&self, damage: &[u8]) {
        let whole = fs::read(JOURNAL).expect("there is something to wait for");
        fs::write(JOURNAL, damage).expect("ours");
        wait_for("the journal", || (fs::read(JOURNAL).ok()? == whole).then_some(()));
        wait_until_it_is_in(self.pid, libc::SYS_poll);
    }

    /// Ends it as systemctl does; whether it is content.
    pub fn stop(self) -> bool {
        let pid = Pid::from_raw(self.pid.try_into().expect("a process number"));
        kill(pid, Signal::SIGTERM).expect("it runs");
        self.ends()
    }

    /// Waits until it has ended; whether it is content.
    pub fn ends(mut self) -> bool {
        wait_for("the watch's end", || self.child.try_wait().expect("a child of ours")).success()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
