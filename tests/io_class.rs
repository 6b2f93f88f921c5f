//! A login does not hold the lock on a record with the I/O class that its caller has chosen, and
//! changes no limit that needs no change.
#![allow(missing_docs)]

use cloud2fa_tests::host_process::HostProcess;
use cloud2fa_tests::strace::{self, Call};
use cloud2fa_tests::{Enrolled, Fixture};
use std::process::Command;

/// What a login does whose program was started by these words.
fn login(fixture: &Fixture, enrolled: &Enrolled, words: &[&str]) -> Vec<Call> {
    let mut command = Command::new(words[0]);
    let program = env!("CARGO_BIN_EXE_pam_host");
    command.args(&words[1..]).arg(program).arg(fixture.services());
    command.args([&fixture.service, enrolled.user.name.as_str()]);
    let (mut traced, output) = strace::around(&command, []);
    let mut host = HostProcess::run(&mut traced);
    host.wait_for_prompt();
    host.answer(&enrolled.code());
    assert_eq!(host.wait_for_code().as_deref(), Some("PAM_SUCCESS"));
    host.finish();
    let calls = strace::read(&output);
    // Classes and policies are set before it becomes the program.
    let started = |call: &Call| call.name == "execve" && call.text.contains("pam_host");
    let at = calls.iter().rposition(started).expect("pam_host was started");
    calls[at..].to_vec()
}

/// Where `name` is called with `argument`, after `from`.
fn position(calls: &[Call], from: usize, name: &str, argument: &str) -> usize {
    let is_it = |call: &Call| call.name == name && call.text.contains(argument);
    let at = calls[from..].iter().position(is_it);
    from + at.unwrap_or_else(|| panic!("no {name}({argument}) behind {from}: {calls:#?}"))
}

#[test]
fn a_low_io_class_is_put_aside_while_the_lock_is_held_and_back_afterwards() {
    let (fixture, alice) = Fixture::with("alice");
    for (words, before) in [
        (&["ionice", "-c", "3"][..], "IOPRIO_CLASS_IDLE"),
        (&["ionice", "-c", "2", "-n", "7"], "IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 7)"),
        // Without a class of its own it has the one that the kernel makes of its scheduling.
        (&["chrt", "-i", "0"], "IOPRIO_CLASS_NONE"),
        (&["nice", "-n", "19"], "IOPRIO_CLASS_NONE"),
    ] {
        // Each with a record of its own: a code is good once.
        let alice = fixture.enrol_with("alice", alice.secret.clone());
        let calls = login(&fixture, &alice, words);
        let usual = position(&calls, 0, "ioprio_set", "IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4)");
        let lock = position(&calls, usual, "flock", "LOCK_EX");
        let unlock = position(&calls, lock, "flock", "LOCK_UN");
        let back = position(&calls, unlock, "ioprio_set", before);
        assert_eq!(calls.iter().filter(|call| call.name == "ioprio_set").count(), 2);
        let locks_outside = calls[..usual].iter().chain(&calls[back..]);
        assert!(!locks_outside.clone().any(|call| call.name == "flock"));
    }
}

/// However nice the tests are run, with no class of its own.
const PLAIN: [&str; 4] = ["sh", "-c", "renice -n 0 -p $$ >/dev/null && exec \"$@\"", "sh"];

#[test]
fn a_usual_login_sets_no_class() {
    let (fixture, alice) = Fixture::with("alice");
    for words in [&["ionice", "-c", "2", "-n", "4"][..], &PLAIN] {
        let alice = fixture.enrol_with("alice", alice.secret.clone());
        let calls = login(&fixture, &alice, words);
        position(&calls, 0, "ioprio_get", "");
        assert!(!calls.iter().any(|call| call.name == "ioprio_set"));
    }
}

#[test]
fn a_usual_login_sets_no_limit() {
    let (fixture, alice) = Fixture::with("alice");
    let calls = login(&fixture, &alice, &PLAIN);
    let limits = calls.iter().filter(|call| ["prlimit64", "setrlimit"].contains(&&*call.name));
    // What is only asked for has no new value.
    let set: Vec<_> = limits.filter(|call| !call.text.contains(", NULL, ")).collect();
    assert!(set.is_empty(), "{set:#?}");
}
