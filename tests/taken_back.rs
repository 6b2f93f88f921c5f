//! A first enrolment that fails at the very end, when its record has its name already, is taken
//! back. Who has found the record meanwhile is told so, and nothing of theirs is lost unseen.
#![allow(missing_docs)]

use cloud2fa::{Secret, Standing, Store};
use cloud2fa_tests::command::Dialogue;
use cloud2fa_tests::processes::wait_for;
use cloud2fa_tests::strace::Strace;
use cloud2fa_tests::{Enrolled, Fixture, user};

/// Begins `enable` for alice, up to the question for a code.
fn begin(fixture: &Fixture, options: &[&str]) -> (Dialogue, Enrolled) {
    let mut dialogue =
        Dialogue::start(fixture, &[&["enable", "--user", "alice"], options].concat());
    let secret =
        Secret::from_base32(dialogue.line()["secret"].as_str().expect("a secret")).expect("base32");
    assert_eq!(dialogue.line()["ask"], "code");
    let user = user::of_this_machine("alice");
    (dialogue, Enrolled { user, secret, backup_codes: Vec::new() })
}

#[test]
fn a_replacement_of_a_record_that_is_taken_back_is_not_told_as_done() {
    let fixture = Fixture::new();
    let (mut first, new) = begin(&fixture, &[]);
    // The fourth fsync is the directory's, when the record is in it: it takes two seconds, and fails. Two
    // are the index's.
    let strace = Strace::attach(first.pid(), ["inject=fsync:error=EIO:delay_enter=2000000:when=4"]);
    first.answer(&new.code());
    wait_for("the record", || fixture.account_path("alice").exists().then_some(()));
    let (mut second, newer) = begin(&fixture, &["--replace"]);
    second.answer(&newer.code());
    let (first, second) = (first.end(), second.end());
    drop(strace);

    assert_eq!((first.status, &first.last()["error"]), (1, &"unavailable".into()), "{first:?}");
    assert!(first.output.contains("cannot synchronise"), "{first:?}");
    assert_eq!((second.status, &second.last()["error"]), (1, &"unavailable".into()), "{second:?}");
    assert!(second.output.contains("its making was taken back; try again"), "{second:?}");
    let standing = fixture.store().status(&newer.user, &user::now).expect("a healthy store");
    assert_eq!(standing, Standing::NeverEnrolled);
}
