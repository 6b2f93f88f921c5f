//! `cloud2fa setup`, killed at each system call that changes a file: each is what it was or what it is to be,
//! and what the journal says is enough to take all of it back. To be killed between two of these is to be
//! killed at the later one.
#![allow(missing_docs)]

use cloud2fa_tests::command::{self, Ended};
use cloud2fa_tests::machine;
use cloud2fa_tests::strace::{self, Call};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a shell shows for a program that SIGKILL has ended.
const KILLED: i32 = 128 + 9;

/// Where setup writes.
const DIRECTORIES: [&str; 3] = ["/etc/pam.d", "/etc/ssh/sshd_config.d", "/etc/cloud2fa"];

/// Ends the name of a file that is not in its place yet.
const NEW: &str = ".cloud2fa.new";

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// All that stands where setup writes.
fn files() -> Files {
    let entries =
        DIRECTORIES.iter().flat_map(|directory| fs::read_dir(directory).into_iter().flatten());
    let paths = entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_file());
    paths.map(|path| (path.clone(), fs::read(&path).expect("readable"))).collect()
}

/// Without the journal, and what a killed one was writing.
fn in_place(files: &Files) -> Files {
    let is_in_place = |path: &Path| {
        path != Path::new("/etc/cloud2fa/setup.json") && !path.to_string_lossy().ends_with(NEW)
    };
    files
        .iter()
        .filter(|(path, _)| is_in_place(path))
        .map(|(path, text)| (path.clone(), text.clone()))
        .collect()
}

/// Whether a call changes something where setup writes.
fn changes(call: &Call) -> bool {
    let is_there = DIRECTORIES.iter().any(|directory| call.text.contains(directory));
    let changes = ["write", "fchmod", "fsync", "rename", "unlink"].contains(&call.name.as_str());
    is_there && (changes || call.name == "openat" && call.text.contains("O_CREAT"))
}

/// Runs setup, killed at `at`. Gives the calls that change something.
fn setup(words: &[&str], at: Option<&Call>) -> (Ended, Vec<Call>) {
    let mut plain = Command::new(command::path());
    plain.env_remove("SUDO_USER").env("LC_ALL", "C.UTF-8");
    plain.arg("setup").args(words).arg("--json");
    let (mut traced, output) = strace::around_alone(&plain, at.map(Call::kill).as_deref());
    let ended = command::ended(traced.stdin(Stdio::null()));
    let calls = strace::read_alone(&output);
    (ended, calls.into_iter().filter(changes).collect())
}

/// No change can be tried on a copy: the module does not lie where libpam looks on this machine, and doctor would
/// see that.
fn nothing_can_be_tried() {
    let [mount, no, unshare] =
        [("mount", "mount"), ("false", "coreutils"), ("unshare", "util-linux")]
            .map(|(name, package)| machine::program(name, package));
    let mounted = Command::new(mount).arg("--bind").args([no, unshare]).status();
    assert!(mounted.expect("mount starts").success());
}

const ON: [&str; 5] = ["ssh", "sudo", "--now", "--yes", "--untried"];

#[test]
fn killed_anywhere_it_leaves_whole_files_that_are_taken_back() {
    machine::must_be_private();
    nothing_can_be_tried();
    for directory in &DIRECTORIES[1..] {
        fs::create_dir_all(directory).expect("a directory");
    }
    let before = files();
    let (whole, on) = setup(&ON, None);
    assert_eq!(whole.status, 0, "{whole:?}");
    let after = files();
    let (undone, off) = setup(&["--undo"], None);
    assert_eq!(undone.status, 0, "{undone:?}");
    assert_eq!(files(), before, "setup --undo leaves nothing");
    assert!(on.len() > 30 && off.len() > 20, "{} and {} calls", on.len(), off.len());

    let mut seen = BTreeMap::new();
    for call in &on {
        let (killed, _) = setup(&ON, Some(call));
        assert_eq!(killed.status, KILLED, "{call:?}: {killed:?}");
        *seen.entry(is_whole(&before, &after, call)).or_insert(0) += 1;
        back(&before, call);
    }
    // Nothing changed yet; something; everything.
    assert!(seen.len() >= 3, "{seen:?}");
    eprintln!("setup: {} kills; files changed, and how often: {seen:?}", on.len());

    for call in &off {
        assert_eq!(setup(&ON, None).0.status, 0);
        let (killed, _) = setup(&["--undo"], Some(call));
        assert_eq!(killed.status, KILLED, "{call:?}: {killed:?}");
        is_whole(&before, &after, call);
        back(&before, call);
    }
    eprintln!("setup --undo: {} kills", off.len());
}

/// That each file is the one from before or the new one. Gives how many are new.
fn is_whole(before: &Files, after: &Files, call: &Call) -> usize {
    let (before, after, now) = (in_place(before), in_place(after), in_place(&files()));
    let paths: std::collections::BTreeSet<_> =
        before.keys().chain(after.keys()).chain(now.keys()).collect();
    let new = paths.into_iter().filter(|path| {
        let [old, new, now] = [&before, &after, &now].map(|files| files.get(*path));
        assert!(now == old || now == new, "{call:?}: {} is neither", path.display());
        now != old
    });
    new.count()
}

/// That setup takes back what was left.
fn back(before: &Files, call: &Call) {
    let (undone, _) = setup(&["--undo"], None);
    assert_eq!(undone.status, 0, "{call:?}: {undone:?}");
    let left: Vec<_> =
        files().into_iter().filter(|(path, text)| before.get(path) != Some(text)).collect();
    assert_eq!(left, [], "{call:?}");
    assert_eq!(files().len(), before.len(), "{call:?}: something is gone");
}
