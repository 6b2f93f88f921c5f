//! `cloud2fa setup`, killed at each system call that changes a file: each is what it was or what it is to be,
//! and what the journal says is enough to take all of it back. To be killed between two of these is to be
//! killed at the later one.
#![allow(missing_docs)]

use cloud2fa_tests::setup::{self, Files, KILLED, files, setup};
use cloud2fa_tests::strace::Call;
use std::collections::BTreeMap;

const ON: [&str; 5] = ["ssh", "sudo", "--now", "--yes", "--untried"];

#[test]
fn killed_anywhere_it_leaves_whole_files_that_are_taken_back() {
    let _ground = setup::ground();
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
        *seen.entry(setup::new(&before, &after, call).len()).or_insert(0) += 1;
        back(&before, call);
    }
    // Nothing changed yet; something; everything.
    assert!(seen.len() >= 3, "{seen:?}");
    eprintln!("setup: {} kills; files changed, and how often: {seen:?}", on.len());

    for call in &off {
        assert_eq!(setup(&ON, None).0.status, 0);
        let (killed, _) = setup(&["--undo"], Some(call));
        assert_eq!(killed.status, KILLED, "{call:?}: {killed:?}");
        setup::new(&before, &after, call);
        back(&before, call);
    }
    eprintln!("setup --undo: {} kills", off.len());
}

/// That setup takes back what was left.
fn back(before: &Files, call: &Call) {
    let (undone, _) = setup(&["--undo"], None);
    assert_eq!(undone.status, 0, "{call:?}: {undone:?}");
    setup::must_stand(before, call);
}
