//! The watch of `cloud2fa setup`: it forgets nothing of what it waits for, and takes nothing for that which is not.
#![allow(missing_docs)]

use cloud2fa_tests::setup::{self, Watch, files, must};
use cloud2fa_tests::syslog;

/// A change that waits for its proof.
const ON: [&str; 6] = ["ssh", "sudo", "--within", "10m", "--yes", "--untried"];

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
