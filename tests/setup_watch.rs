//! The watch of `cloud2fa setup`: it forgets nothing of what it waits for, and takes nothing for that which is not.
#![allow(missing_docs)]

use cloud2fa_tests::processes::wait_for;
use cloud2fa_tests::setup::{self, JOURNAL, NO_SERVICES, STATE, TOLD, Watch, files, must};
use cloud2fa_tests::syslog;
use std::fs;
use std::path::Path;
use std::process::Stdio;

/// A change that waits for its proof.
const ON: [&str; 6] = ["ssh", "sudo", "--within", "10m", "--yes", "--untried"];

/// What sshd needs to read its files.
const SSHD: &str = "/run/sshd";
const HIDDEN: &str = "/run/sshd.hidden";

const UNDO: [&str; 1] = ["--undo"];

#[test]
fn a_watch_writes_a_damaged_journal_anew_and_forgets_nothing() {
    let _ground = setup::ground();
    syslog::listen();
    let before = files();
    must(&["su", "--now", "--yes", "--untried"]);
    let confirmed = files();
    must(&ON);
    let whole = files();
    let watch = Watch::start(&mut setup::command(&["--watch"]));
    for damage in ["", "{", "{}"] {
        watch.mends(damage.as_bytes());
        setup::must_stand(&whole, &damage);
    }
    let log = syslog::lines().into_iter().filter(|line| line.severity() == "alert");
    assert!(log.into_iter().any(|line| line.text.contains("written anew as it was")));
    assert!(watch.stop());
    // What was confirmed stays.
    must(&[]);
    setup::must_stand(&confirmed, &"the watch's end");
    must(&UNDO);
    setup::must_stand(&before, &UNDO);
}

#[test]
fn a_boot_takes_back_before_sshd_could_even_be_asked_what_it_makes_of_its_files() {
    let _ground = setup::ground();
    let before = files();
    must(&ON);
    setup::new_boot();
    // systemd makes its directory when sshd starts.
    fs::write(NO_SERVICES, "").and_then(|()| fs::rename(SSHD, HIDDEN)).expect("ours");
    must(&["--take-back-unconfirmed", "--of-earlier-boots"]);
    fs::rename(HIDDEN, SSHD).and_then(|()| fs::remove_file(NO_SERVICES)).expect("ours");
    must(&[]);
    setup::must_stand(&before, &"a boot");
}

#[test]
fn a_watch_that_is_about_to_end_is_waited_for_before_anything_is_changed() {
    let _ground = setup::ground();
    let before = files();
    for state in ["deactivating", "active"] {
        fs::write(STATE, state).expect("ours");
        let told = fs::read_to_string(TOLD).expect("ours").len();
        let mut change = setup::command(&["sudo", "--within", "10m", "--yes", "--untried"]);
        let mut change = change.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("starts");
        wait_for("some looks", || {
            let told = fs::read_to_string(TOLD).expect("ours").split_off(told);
            assert!(!told.contains("start "), "{told}");
            (told.matches("show ").count() > 3).then_some(())
        });
        assert!(!Path::new(JOURNAL).exists());
        setup::must_stand(&before, &state);
        fs::write(STATE, "inactive").expect("ours");
        assert!(change.wait().expect("a child of ours").success());
        // One that has something to wait for goes on, and takes the next one as well.
        fs::write(STATE, "active").expect("ours");
        must(&["ssh", "--within", "10m", "--yes", "--untried"]);
        fs::write(STATE, "inactive").expect("ours");
        must(&UNDO);
        setup::must_stand(&before, &UNDO);
    }
}
