//! What a login finds is on the disk before it is the only slot that is left: seen by the system
//! calls of real logins.
#![allow(missing_docs)]

use cloud2fa_tests::Fixture;
use cloud2fa_tests::host_process::HostProcess;
use cloud2fa_tests::strace::{Call, Strace, after_answer};

/// A write, a sync, and the mark.
const USUAL: [&str; 3] = ["4096 bytes", "fdatasync", "16 bytes"];

/// What is found is written again and synchronised, with its name, before that.
const UNSURE: [&str; 6] =
    ["4096 bytes", "fdatasync", "fsync", "4096 bytes", "fdatasync", "16 bytes"];

/// The writes and syncs of alice's login with `answer`, under strace's option `inject`.
fn login(fixture: &Fixture, answer: &str, inject: Option<&str>) -> Vec<String> {
    let program = env!("CARGO_BIN_EXE_pam_host");
    let mut host = HostProcess::start(program, &[], fixture, "alice");
    host.wait_for_prompt();
    let strace = Strace::attach(host.id(), inject);
    host.answer(answer);
    host.finish();
    let calls = after_answer(strace.calls(), answer);
    calls.iter().filter_map(write_or_sync).collect()
}

fn write_or_sync(call: &Call) -> Option<String> {
    match call.name.as_str() {
        // pwrite64(FD, BYTES, LENGTH, OFFSET) = RESULT
        "pwrite64" => Some(format!("{} bytes", call.text.rsplit(", ").nth(1)?)),
        "fdatasync" | "fsync" => Some(call.name.clone()),
        _ => None,
    }
}

#[test]
fn the_usual_login_has_one_write_one_sync_and_a_mark() {
    let (fixture, alice) = Fixture::with("alice");
    for answer in [alice.code(), alice.wrong_code(), alice.backup_codes[0].clone()] {
        assert_eq!(login(&fixture, &answer, None), USUAL);
    }
}

#[test]
fn what_a_failed_sync_or_a_kill_has_left_is_brought_to_the_disk_first() {
    for fault in ["inject=fdatasync:error=EIO:when=1", "inject=fdatasync:signal=KILL:when=1"] {
        let (fixture, alice) = Fixture::with("alice");
        let began = login(&fixture, &alice.code(), Some(fault));
        assert_eq!(began, USUAL[..2], "{fault}");
        assert_eq!(login(&fixture, &alice.wrong_code(), None), UNSURE, "{fault}");
        assert_eq!(login(&fixture, &alice.wrong_code(), None), USUAL, "{fault}");
    }
}

#[test]
fn a_mark_that_is_lost_costs_the_next_login_a_write_and_is_there_again() {
    let (fixture, alice) = Fixture::with("alice");
    login(&fixture, &alice.wrong_code(), Some("inject=pwrite64:error=EIO:when=2"));
    assert_eq!(login(&fixture, &alice.wrong_code(), None), UNSURE);
    assert_eq!(login(&fixture, &alice.code(), None), USUAL);
}

#[test]
fn where_the_disk_fails_for_ever_nobody_gets_in_and_nothing_is_overwritten() {
    let (fixture, alice) = Fixture::with("alice");
    let code = alice.code();
    let before = fixture.record(&alice);
    for round in 0..3 {
        let calls = login(&fixture, &code, Some("inject=fdatasync:error=EIO"));
        assert_eq!(calls, USUAL[..2], "round {round}");
        let slots = [0, 1].map(|slot| {
            let part = slot * 4096..(slot + 1) * 4096;
            fixture.record(&alice)[part.clone()] == before[part]
        });
        assert!(slots.contains(&true), "round {round}: the slot that is on the disk is gone");
    }
    assert_eq!(login(&fixture, &code, None).len(), UNSURE.len());
}
