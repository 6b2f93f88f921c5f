//! A record that others could have opened is replaced by a new file. Killed at each system call,
//! also where the file system cannot exchange two names: at every moment there is a record, since
//! a user without one might be let in.
#![allow(missing_docs)]

use cloud2fa::Secret;
use cloud2fa_tests::command::{Dialogue, Ended};
use cloud2fa_tests::strace::{Call, Strace, after_answer};
use cloud2fa_tests::{Code, Enrolled, Fixture, user};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

/// As renameat2(2) does on file systems that do not know its flags.
const NO_FLAGS: &str = "inject=renameat2:error=EINVAL";

/// Alice, whose record others can read.
fn unsafe_record() -> (Fixture, Enrolled) {
    let (fixture, alice) = Fixture::with("alice");
    let path = fixture.account_path("alice");
    std::fs::set_permissions(path, Permissions::from_mode(0o644)).expect("a mode");
    fixture.set_stack(&["auth required MODULE CONFIG nullok", "auth required pam_permit.so"]);
    (fixture, alice)
}

/// Runs `enable --replace`; from its proof on it is traced, with strace's options `inject`.
fn replace(fixture: &Fixture, inject: &[&str]) -> (Ended, Vec<Call>, Enrolled) {
    let mut dialogue = Dialogue::start(fixture, &["enable", "--user", "alice", "--replace"]);
    let key = dialogue.line();
    let secret = Secret::from_base32(key["secret"].as_str().expect("a secret")).expect("base32");
    assert_eq!(dialogue.line()["ask"], "code");
    let new = Enrolled { user: user::of_this_machine("alice"), secret, backup_codes: Vec::new() };
    let proof = new.code();
    let strace = Strace::attach(dialogue.pid(), inject.iter().copied());
    dialogue.answer(&proof);
    let ended = dialogue.end();
    (ended, after_answer(strace.calls(), &proof), new)
}

fn a_replacement_is_killed(inject: &[&str]) {
    let (whole, calls, _) = replace(&unsafe_record().0, inject);
    assert_eq!(whole.status, 0, "{whole:?}");
    let (mut before, mut behind) = (0, 0);
    // Where renameat2 fails it changes nothing, and strace does one thing alone to a call. How often something
    // is drawn again is chance, and nothing is changed by it.
    let left_out: &[&str] =
        if inject.is_empty() { &["getrandom"] } else { &["getrandom", "renameat2"] };
    for call in calls.into_iter().filter(|call| !left_out.contains(&&*call.name)) {
        let (fixture, _) = unsafe_record();
        let (ended, _, new) = replace(&fixture, &[inject, &[&call.kill()]].concat());
        assert_ne!(ended.status, 0, "{call:?}");
        assert!(fixture.account_path("alice").exists(), "{call:?}: there is no record");
        match fixture.login("alice", &[&new.code_at(1)]).code {
            Code::SUCCESS => behind += 1,
            Code::AUTHINFO_UNAVAIL => before += 1,
            other => panic!("{call:?}: {other:?}, which is not what a record gives"),
        }
        let (again, _, new) = replace(&fixture, inject);
        assert_eq!(again.status, 0, "{call:?}: {again:?}");
        assert_eq!(fixture.login("alice", &[&new.code_at(1)]).code, Code::SUCCESS, "{call:?}");
    }
    assert!(before > 0 && behind > 0, "{before} kills before the commit, {behind} behind it");
}

#[test]
fn there_is_a_record_at_every_moment() {
    a_replacement_is_killed(&[]);
}

#[test]
fn so_there_is_where_names_cannot_be_exchanged() {
    a_replacement_is_killed(&[NO_FLAGS]);
}
