//! What su leaves in the log under limits that its caller has set (`ulimit`): who is evaluated is
//! logged, and a store that is healthy is not called anything else.
#![allow(missing_docs)]

use cloud2fa_tests::host_process::HostProcess;
use cloud2fa_tests::processes::at_terminal;
use cloud2fa_tests::strace::Strace;
use cloud2fa_tests::{Fixture, syslog};
use std::process::Command;

const PROMPT: &str = "Verification code: ";

#[test]
fn the_limit_of_processor_time_is_lifted_from_before_the_commit_until_the_line_is_logged() {
    let (fixture, bob) = Fixture::with("bob");
    let mut host = HostProcess::start(env!("CARGO_BIN_EXE_pam_host"), &[], &fixture, "bob");
    host.wait_for_prompt();
    let pid = host.id().to_string();
    let limited = Command::new("prlimit").args(["--pid", &pid, "--cpu=50000:60000"]).status();
    assert!(limited.expect("util-linux has it").success());
    let strace = Strace::attach(host.id(), None);
    host.answer(&bob.code());
    host.finish();
    // Whether the kernel lets it lift the hard limit, too, is a matter of CAP_SYS_RESOURCE.
    let calls = strace.calls();
    let first = |name: &str, part: &str| {
        let found = calls.iter().position(|it| it.name == name && it.text.contains(part));
        found.unwrap_or_else(|| panic!("no {name} with {part}: {calls:#?}"))
    };
    let all = "RLIMIT_CPU, {rlim_cur=RLIM64_INFINITY, rlim_max=RLIM64_INFINITY}, NULL";
    let lifted = first("prlimit64", all);
    let commit = first("fdatasync", ".account");
    let logged = first("sendto", "\"<86>");
    let put_back = first("prlimit64", "RLIMIT_CPU, {rlim_cur=50000, rlim_max=60000}, NULL");
    let order = [lifted, commit, logged, put_back];
    assert!(order.is_sorted(), "{order:?}: {calls:#?}");
}

#[test]
fn too_little_memory_to_hash_a_backup_code_is_no_alert() {
    let (fixture, _) = Fixture::with("bob");
    let rest = ["account required pam_permit.so", "session required pam_permit.so"];
    fixture.set_service("su", &[&["auth required MODULE CONFIG"], &rest[..]].concat());
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
