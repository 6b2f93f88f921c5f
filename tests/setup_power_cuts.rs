//! `cloud2fa setup` on a machine whose power goes at each system call that changes a file: each is what it was or
//! what it is to be, whatever has reached the disk. What is new is in the journal, and goes at the next boot.
#![allow(missing_docs)]

use cloud2fa_tests::disk::Kind;
use cloud2fa_tests::power::{Arrives, Etc};
use cloud2fa_tests::setup::{self, Files, JOURNAL, KILLED, files, must, new_boot, setup};
use cloud2fa_tests::strace::Call;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

/// A change that waits for its proof.
const ON: [&str; 6] = ["ssh", "sudo", "--within", "10m", "--yes", "--untried"];

/// One that stays.
const ON_FOR_GOOD: [&str; 5] = ["ssh", "sudo", "--now", "--yes", "--untried"];

const UNDO: [&str; 1] = ["--undo"];

/// What cloud2fa-setup-boot.service runs.
const BOOT: [&str; 2] = ["--take-back-unconfirmed", "--of-earlier-boots"];

#[test]
fn an_ext4_that_loses_its_power_has_whole_files_and_the_next_boot_takes_back_what_is_new() {
    cut_everywhere(Kind::Ext4);
}

#[test]
fn an_xfs_that_loses_its_power_has_whole_files_and_the_next_boot_takes_back_what_is_new() {
    cut_everywhere(Kind::Xfs);
}

fn cut_everywhere(kind: Kind) {
    let _ground = setup::ground();
    let ground = Ground::on(kind);
    ground.what_is_done_is_on_the_disk();
    let (on, off, at_boot) = ground.calls();
    for arrives in [Arrives::Nothing, Arrives::Names] {
        let begin = Instant::now();
        let mut seen = BTreeMap::new();
        for call in &on {
            *seen.entry(ground.cut(&ON, call, arrives)).or_insert(0) += 1;
            boot();
            ground.is_as_before(call);
        }
        assert!(seen.len() >= 3, "nothing, something and everything: {seen:?}");
        for call in &at_boot {
            ground.etc.load("waits");
            new_boot();
            ground.cut(&BOOT, call, arrives);
            boot();
            ground.is_as_before(call);
        }
        for call in &off {
            ground.etc.load("stays");
            ground.cut(&UNDO, call, arrives);
            boot();
            must(&UNDO);
            ground.is_as_before(call);
        }
        let counts = (on.len(), at_boot.len(), off.len());
        eprintln!(
            "{kind:?}, {arrives:?}: {counts:?} cuts, files new: {seen:?}; {:?}",
            begin.elapsed()
        );
    }
}

/// /etc on a disk, and what stands there without and with the change.
struct Ground {
    etc: Etc,
    before: Files,
    after: Files,
}

impl Ground {
    fn on(kind: Kind) -> Self {
        let etc = Etc::on(kind);
        let before = files();
        must(&ON);
        let after = files();
        must(&UNDO);
        setup::must_stand(&before, &UNDO);
        Self { etc, before, after }
    }

    /// Setup has ended, and says that it is done.
    fn what_is_done_is_on_the_disk(&self) {
        must(&ON_FOR_GOOD);
        let with_journal = files();
        self.etc.cut(Arrives::Nothing);
        setup::must_stand(&with_journal, &ON_FOR_GOOD);
        must(&UNDO);
        self.etc.cut(Arrives::Nothing);
        setup::must_stand(&self.before, &UNDO);
    }

    /// The calls that change something: of a change, of taking it back, and of the next boot.
    fn calls(&self) -> (Vec<Call>, Vec<Call>, Vec<Call>) {
        let on = must(&ON);
        self.etc.save("waits");
        new_boot();
        let at_boot = must(&BOOT);
        forget();
        must(&ON_FOR_GOOD);
        self.etc.save("stays");
        let off = must(&UNDO);
        setup::must_stand(&self.before, &UNDO);
        let counts = (on.len(), off.len(), at_boot.len());
        assert!(counts.0 > 30 && counts.1 > 20 && counts.2 > 20, "{counts:?}");
        (on, off, at_boot)
    }

    /// Kills setup at a call, and cuts the power. Gives how many files are new.
    fn cut(&self, words: &[&str], call: &Call, arrives: Arrives) -> usize {
        let (killed, _) = setup(words, Some(call));
        assert_eq!(killed.status, KILLED, "{call:?}: {killed:?}");
        self.etc.cut(arrives);
        let new = setup::new(&self.before, &self.after, call);
        let journal = fs::read_to_string(JOURNAL).unwrap_or_default();
        for path in &new {
            assert!(journal.contains(&format!("\"{}\"", path.display())), "{call:?}: {journal:?}");
        }
        new.len()
    }

    /// Nothing is left over when somebody has looked.
    fn is_as_before(&self, call: &Call) {
        must(&["--keep"]);
        forget();
        setup::must_stand(&self.before, call);
    }
}

/// Removes the journal, where it says no more than that something was taken back.
fn forget() {
    if let Ok(journal) = fs::read_to_string(JOURNAL) {
        assert!(journal.contains("\"changes\": [],"), "{journal}");
        fs::remove_file(JOURNAL).expect("ours");
    }
}

/// What a machine does when it has its power again.
fn boot() {
    new_boot();
    // The unit's ConditionPathExists=.
    if Path::new(JOURNAL).exists() {
        must(&BOOT);
    }
}
