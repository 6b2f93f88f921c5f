//! What su leaves in the log under limits that its caller has set (`ulimit`): who is evaluated is
//! logged, and a store that is healthy is not called anything else.
#![allow(missing_docs)]

use cloud2fa_tests::processes::{at_terminal, wait_until_it_reads};
use cloud2fa_tests::{Enrolled, Fixture, syslog};
use std::process::Command;

const PROMPT: &str = "Verification code: ";

/// Takes more than a second of processor time, by which limits are counted, and becomes su.
const BURN: &str = r#"
    while [ "$(cut -d' ' -f14 /proc/$$/stat)" -lt 110 ]; do
        i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done
    done
    exec su bob -c true"#;

/// A guess at a backup code, which is hashed for longer than the kernel waits to look at the limit.
/// Says whether it was counted, and whether it was logged.
fn guess(fixture: &Fixture, bob: &Enrolled) -> (bool, bool) {
    let logged =
        || syslog::lines_of("su").iter().filter(|it| it.text.contains("wrong_code")).count();
    let before = (fixture.status(bob).failures, logged());
    let mut terminal = at_terminal(fixture, "alice", &["/bin/sh", "-c", BURN]);
    terminal.expect(PROMPT);
    wait_until_it_reads(terminal.id());
    let pid = terminal.id().to_string();
    let limited = Command::new("prlimit").args(["--pid", &pid, "--cpu=1:1"]).status();
    assert!(limited.expect("util-linux has it").success());
    terminal.type_line("0000-0000-0000Z");
    terminal.finish();
    (fixture.status(bob).failures != before.0, logged() != before.1)
}

fn fixture() -> (Fixture, Enrolled) {
    let (fixture, bob) = Fixture::with("bob");
    let rest = ["account required pam_permit.so", "session required pam_permit.so"];
    fixture.set_service("su", &[&["auth required MODULE CONFIG"], &rest[..]].concat());
    (fixture, bob)
}

#[test]
fn su_whose_processor_time_is_used_up_evaluates_nothing_without_a_trace() {
    let (fixture, bob) = fixture();
    // The kernel may kill it before anything is evaluated, too: until the limit is lifted.
    let mut rounds = (0..5).map(|_| guess(&fixture, &bob));
    let found = rounds.find(|(counted, logged)| *counted || *logged);
    assert_eq!(found, Some((true, true)), "counted and logged");
}

#[test]
fn too_little_memory_to_hash_a_backup_code_is_no_alert() {
    let (fixture, _) = fixture();
    // su takes about 4 MiB of them, and the hash would take 9 more.
    let script = "ulimit -v 10000 && exec su bob -c true";
    let mut terminal = at_terminal(&fixture, "alice", &["/bin/sh", "-c", script]);
    terminal.answer(PROMPT, "0000-0000-0000Z");
    terminal.finish();
    let lines = syslog::lines_of("su");
    let is_it = |line: &&syslog::Line| line.text.contains("not enough memory");
    let line = lines.iter().find(is_it).unwrap_or_else(|| panic!("{lines:?}"));
    assert!(line.text.contains(" reason=store_unavailable "), "{line:?}");
    assert_eq!(line.severity(), "notice", "{line:?}");
}
