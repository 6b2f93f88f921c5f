//! `cloud2fa setup` where it can do no more what it has said, or does not know any more what it has done: it says
//! what is there and what helps, and nothing that waits to be confirmed is forgotten.
#![allow(missing_docs)]

use cloud2fa_tests::command::Ended;
use cloud2fa_tests::setup::{self, Files, JOURNAL, TOLD, files, must, setup, setup_with};
use cloud2fa_tests::syslog;
use std::fs;
use std::path::Path;

/// A change that waits for its proof.
const ON: [&str; 6] = ["ssh", "sudo", "--within", "10m", "--yes", "--untried"];

/// One that stays.
const ON_FOR_GOOD: [&str; 5] = ["ssh", "sudo", "--now", "--yes", "--untried"];

const UNDO: [&str; 1] = ["--undo"];

/// What cloud2fa-setup-boot.service runs.
const BOOT: [&str; 2] = ["--take-back-unconfirmed", "--of-earlier-boots"];

/// What the units run when the watch has ended.
const END: [&str; 1] = ["--take-back-unconfirmed"];

const DROP_IN: &str = "/etc/ssh/sshd_config.d/00-cloud2fa.conf";

/// What another administrator has written into sshd's files.
const BROKEN: &str = "/etc/ssh/sshd_config.d/50-broken.conf";

/// Something for the log, about which somebody has to do something.
fn alerts() -> Vec<String> {
    let alerts = syslog::lines().into_iter().filter(|line| line.severity() == "alert");
    alerts.map(|line| line.text).collect()
}

fn refuses(words: &[&str]) -> Ended {
    let (ended, _) = setup(words, None);
    assert_eq!(ended.status, 1, "{words:?}: {ended:?}");
    ended
}

fn message(ended: &Ended) -> String {
    ended.last()["message"].as_str().unwrap_or_else(|| panic!("{ended:?}")).to_owned()
}

/// That all is as before, but that setup says so.
fn all_is_taken_back(before: &Files) {
    let (said, _) = setup(&[], None);
    assert!(said.output.contains("was_taken_back"), "{said:?}");
    setup::must_stand(before, &said);
}

#[test]
fn what_is_made_for_good_and_can_neither_be_made_nor_taken_back_says_what_is_left() {
    const NOW: [&str; 4] = ["ssh", "--now", "--yes", "--untried"];
    let _ground = setup::ground();
    let before = files();
    let calls = must(&NOW);
    must(&UNDO);
    // PAM's file does not come into its place, and from then on nothing can be removed.
    let is_it = |text: &str| text.contains("/etc/pam.d/sshd");
    let at = calls.iter().position(|call| call.name == "rename" && is_it(&call.text));
    let at = at.expect("the file is put into its place");
    let removals = calls[..at].iter().filter(|call| call.name == "unlink");
    let removals = removals.map(|call| call.number).max().expect("some");
    let faults =
        [calls[at].fail("EIO"), format!("inject=unlink:error=EROFS:when={}+", removals + 1)];
    let (left, _) = setup_with(&NOW, faults.iter().map(String::as_str));
    assert_eq!(left.status, 1, "{left:?}");
    let said = message(&left);
    for part in [
        "nothing takes it back by itself",
        "may be left in /etc/ssh/sshd_config.d/00-cloud2fa.conf, /etc/pam.d/sshd",
        "cloud2fa setup ssh --undo",
    ] {
        assert!(said.contains(part), "{said}");
    }
    assert!(files().contains_key(Path::new(DROP_IN)), "that is what is left");
    must(&["ssh", "--undo"]);
    setup::must_stand(&before, &said);
}

/// What may become of a file.
fn damages() -> [Vec<u8>; 3] {
    let whole = fs::read(JOURNAL).expect("readable");
    [whole[..whole.len() / 2].to_vec(), b"\0\0\xff".to_vec(), Vec::new()]
}

#[test]
fn where_the_journal_is_damaged_its_marks_say_what_is_to_be_taken_back() {
    let _ground = setup::ground();
    syslog::listen();
    let before = files();
    for number in 0..3 {
        must(&ON_FOR_GOOD);
        let damage = &damages()[number];
        fs::write(JOURNAL, damage).expect("ours");
        let damaged = files();
        for words in [&[][..], &["--keep"], &["su", "--yes", "--now", "--untried"]] {
            let said = message(&refuses(words));
            assert!(said.contains("cannot be read") && said.contains("setup --undo"), "{said}");
        }
        // What asks goes on: nobody knows that anything waits. It is said.
        let known = alerts().len();
        refuses(&BOOT);
        setup::must_stand(&damaged, &"a boot");
        let alerts = alerts();
        assert!(alerts[known..].concat().contains("all of that stays as it is"), "{alerts:?}");
        let (undone, _) = setup(&UNDO, None);
        assert_eq!(undone.output.matches("\"undone\"").count(), 2, "{undone:?}");
        setup::must_stand(&before, damage);
    }
}

#[test]
fn where_the_journal_is_damaged_and_the_watch_has_ended_nothing_stays() {
    let _ground = setup::ground();
    syslog::listen();
    let before = files();
    for number in 0..3 {
        must(&ON);
        fs::write(JOURNAL, &damages()[number]).expect("ours");
        let known = alerts().len();
        must(&END);
        let alerts = alerts()[known..].concat();
        assert!(alerts.contains("all of it is taken back"), "{alerts}");
        assert!(alerts.contains("ssh asks for no code any more"), "{alerts}");
        all_is_taken_back(&before);
    }
}

#[test]
fn where_somebody_has_broken_sshds_files_the_lines_go_and_sshd_goes_on() {
    let _ground = setup::ground();
    syslog::listen();
    let before = files();
    for words in [&END[..], &UNDO] {
        must(&ON);
        fs::write(BROKEN, "NoSuchKeyword yes\n").expect("ours");
        let (known, told) = (alerts().len(), fs::read_to_string(TOLD).expect("ours").len());
        let said = refuses(words).output + &alerts()[known..].concat();
        for part in ["are out of its files again", "sshd cannot use its own files", "NoSuchKeyword"]
        {
            assert!(said.contains(part), "{words:?}: {said}");
        }
        let mut now = files();
        now.remove(Path::new(BROKEN)).expect("another's file stays");
        now.remove(Path::new(JOURNAL)).expect("it is not done yet");
        assert_eq!(now, before, "{words:?}");
        let told = &fs::read_to_string(TOLD).expect("ours")[told..];
        assert!(!told.contains("reload") && !told.contains("restart"), "{told}");
        // There is nothing that could be confirmed.
        let kept = refuses(&["ssh", "--keep"]);
        fs::remove_file(BROKEN).expect("ours");
        must(words);
        assert!(fs::read_to_string(TOLD).expect("ours").ends_with("reload ssh.service\n"));
        must(&[]);
        setup::must_stand(&before, &kept);
    }
}
