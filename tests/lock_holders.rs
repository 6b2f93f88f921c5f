//! Who holds a lock is known on each kind of file system: a process that is stopped there is
//! continued, and one that keeps the lock is named. /proc/locks tells it by a device that is
//! not always the one of stat(2).
#![allow(missing_docs)]

use cloud2fa_tests::disk::{Disk, Kind};
use cloud2fa_tests::host_process::HostProcess;
use cloud2fa_tests::processes::{is_stopped, wait_for};
use cloud2fa_tests::{Fixture, machine};
use std::fs::File;
use std::process::{Child, Command};

const PAM_HOST: &str = env!("CARGO_BIN_EXE_pam_host");

/// A program that holds the lock on alice's record and runs `script` in a shell.
fn holder(fixture: &Fixture, script: &str) -> Child {
    Command::new(machine::program("flock", "util-linux"))
        .arg("--no-fork")
        .arg(fixture.account_path("alice"))
        .args(["/bin/sh", "-c", script])
        .spawn()
        .expect("flock starts")
}

fn login(fixture: &Fixture, code: &str) -> Option<String> {
    let mut host = HostProcess::start(PAM_HOST, &[], fixture, "alice");
    host.wait_for_prompt();
    host.answer(code);
    host.wait_for_code()
}

/// Waits until somebody has the lock.
fn wait_for_the_lock(fixture: &Fixture) {
    let file = File::open(fixture.account_path("alice")).unwrap();
    wait_for("the lock", || {
        let is_taken = file.try_lock().is_err();
        file.unlock().expect("ours, or nobody's");
        is_taken.then_some(())
    });
}

fn is_known(kind: Kind) {
    let fixture = Fixture::new();
    let _disk = Disk::under(&fixture, kind);
    let alice = fixture.enrol("alice");

    let mut stopped = holder(&fixture, "kill -s STOP $$; exit 7");
    wait_for("a stopped process", || is_stopped(stopped.id()).then_some(()));
    assert_eq!(login(&fixture, &alice.code()).as_deref(), Some("PAM_SUCCESS"), "{kind:?}");
    assert_eq!(stopped.wait().expect("a child of ours").code(), Some(7), "{kind:?}");

    let mut keeper = holder(&fixture, "exec sleep 60");
    wait_for_the_lock(&fixture);
    let code = login(&fixture, &alice.code_at(1));
    keeper.kill().and_then(|()| keeper.wait()).expect("a child of ours");
    assert_eq!(code.as_deref(), Some("PAM_AUTHINFO_UNAVAIL"), "{kind:?}");
    let (_, line) = fixture.last_log_line();
    let named = format!("is locked by process {}; if it is frozen", keeper.id());
    assert!(line.contains(&named), "{kind:?}: {line}");
}

#[test]
fn on_ext4() {
    is_known(Kind::Ext4);
}

#[test]
fn on_xfs() {
    is_known(Kind::Xfs);
}

#[test]
fn on_btrfs() {
    is_known(Kind::Btrfs);
}

#[test]
fn on_tmpfs() {
    is_known(Kind::Tmpfs);
}

#[test]
fn on_an_overlay() {
    is_known(Kind::Overlay);
}
