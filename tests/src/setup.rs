//! What `cloud2fa setup` changes on a private machine, and the system calls by which it does.

use crate::command::{self, Ended};
use crate::machine;
use crate::strace::{self, Call};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a shell shows for a program that SIGKILL has ended.
pub const KILLED: i32 = 128 + 9;

/// Where setup writes.
pub const DIRECTORIES: [&str; 3] = ["/etc/pam.d", "/etc/ssh/sshd_config.d", "/etc/cloud2fa"];

/// Where it writes down what it changes.
pub const JOURNAL: &str = "/etc/cloud2fa/setup.json";

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
    let mut plain = Command::new(command::path());
    plain.env_remove("SUDO_USER").env("LC_ALL", "C.UTF-8");
    plain.arg("setup").args(words).arg("--json");
    let (mut traced, output) = strace::around_alone(&plain, at.map(Call::kill).as_deref());
    let ended = command::ended(traced.stdin(Stdio::null()));
    let calls = strace::read_alone(&output);
    (ended, calls.into_iter().filter(changes).collect())
}

/// Makes the directories where setup writes. No change can be tried on a copy: the module does not lie where
/// libpam looks on this machine, and doctor would see that.
pub fn make_ground() {
    machine::must_be_private();
    for directory in DIRECTORIES {
        fs::create_dir_all(directory).expect("a directory");
    }
    let no = machine::program("false", "coreutils");
    put_over(&no, &machine::program("unshare", "util-linux"));
}

/// Makes a file what is found at a path on this machine.
pub fn put_over(file: &Path, path: &Path) {
    machine::must_be_private();
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
