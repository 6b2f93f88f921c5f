//! su and sudo run the module with the caller's real uid. Whichever call on identities or
//! signals fails, the real uid is the caller's again when the login has ended.
#![allow(missing_docs)]

use cloud2fa_tests::host_process::HostProcess;
use cloud2fa_tests::processes::{real_uid, status_field};
use cloud2fa_tests::strace::Strace;
use cloud2fa_tests::{Code, Fixture, machine};
use std::process::Command;

const PAM_HOST: &str = env!("CARGO_BIN_EXE_pam_host");

/// A shell's script: says that it waits until the user namespace has numbers, then becomes
/// the words behind. Without numbers the shell sees one uid twice, and keeps both.
const WAIT_FOR_NUMBERS: &str =
    r#"echo waits; until read -r line </proc/self/uid_map; do sleep 0.01; done; exec "$@""#;

/// A program whose effective uid is root's and whose real uid is bob's, in two logins of
/// alice; it stands at the first one's prompt.
fn as_su_does(fixture: &Fixture) -> HostProcess {
    let bob = cloud2fa_tests::user::of_this_machine("bob").uid.to_string();
    let mut command = Command::new(machine::program("setpriv", "util-linux"));
    command.args(["--ruid", &bob, "--", PAM_HOST, "--loop", "2"]).arg(fixture.services());
    let mut host = HostProcess::run(command.args([&fixture.service, "alice"]));
    host.wait_for_prompt();
    assert_eq!(status_field(host.id(), "Uid").as_deref(), Some(&*format!("{bob}\t0\t0\t0")));
    host
}

/// The same with bob outside of a user namespace whose numbers are `numbers` (uid_map in
/// user_namespaces(7)).
fn in_user_namespace(fixture: &Fixture, numbers: &str) -> HostProcess {
    let bob = cloud2fa_tests::user::of_this_machine("bob").uid.to_string();
    let mut command = Command::new(machine::program("setpriv", "util-linux"));
    command.args(["--ruid", &bob, "--", "unshare", "--user", "--", "/bin/sh", "-c"]);
    command.args([WAIT_FOR_NUMBERS, "sh", PAM_HOST, "--loop", "2"]).arg(fixture.services());
    let mut host = HostProcess::run(command.args([&fixture.service, "alice"]));
    assert_eq!(host.line().as_deref(), Some("waits"));
    std::fs::write(format!("/proc/{}/uid_map", host.id()), numbers).expect("root may");
    host.wait_for_prompt();
    host
}

#[test]
fn a_caller_without_a_number_in_the_user_namespace_gets_in_and_stays_who_he_is() {
    let uid = |name| cloud2fa_tests::user::of_this_machine(name).uid;
    // getresuid(2) gives 65534 for bob, whether that is nobody's number there or carol's.
    for numbers in ["0 0 1\n".to_owned(), format!("0 0 1\n65534 {} 1\n", uid("carol"))] {
        let (fixture, alice) = Fixture::with("alice");
        let mut host = in_user_namespace(&fixture, &numbers);
        let codes = [alice.code_at(0), alice.code_at(1)];
        for (code, is_last) in codes.iter().zip([false, true]) {
            host.answer(code);
            let outcome = host.wait_for_code();
            assert_eq!(outcome.as_deref(), Some("PAM_SUCCESS"), "{numbers:?}");
            if !is_last {
                host.wait_for_prompt();
                assert_eq!(real_uid(host.id()), Some(uid("bob")), "{numbers:?}");
            }
        }
        host.finish();
    }
}

#[test]
fn whatever_fails_the_real_uid_is_the_callers_afterwards() {
    let bob = cloud2fa_tests::user::of_this_machine("bob").uid;
    let cases = [
        (None, "PAM_SUCCESS"),
        // Looking for the way back, becoming root, and becoming bob again: each fails once.
        (Some("inject=setresuid:error=EAGAIN:when=1"), "PAM_AUTHINFO_UNAVAIL"),
        (Some("inject=setresuid:error=EAGAIN:when=2"), "PAM_AUTHINFO_UNAVAIL"),
        // The third is behind the log line, and is tried again.
        (Some("inject=setresuid:error=EAGAIN:when=3"), "PAM_SUCCESS"),
        // There is no way back: bob has no number here, or a filter forbids it.
        (Some("inject=setresuid:error=EINVAL:when=1"), "PAM_SUCCESS"),
        (Some("inject=setresuid:error=EPERM:when=1+"), "PAM_SUCCESS"),
        (Some("inject=getresuid:error=EIO:when=1"), "PAM_AUTHINFO_UNAVAIL"),
        // Around the decision and its log line, and around the lock.
        (Some("inject=rt_sigprocmask:error=EIO:when=1"), "PAM_AUTHINFO_UNAVAIL"),
        (Some("inject=rt_sigprocmask:error=EIO:when=2"), "PAM_AUTHINFO_UNAVAIL"),
        (Some("inject=rt_sigprocmask:error=EIO:when=3+"), "PAM_SUCCESS"),
        // Between the two: each ends the work under the shield early.
        (Some("inject=flock:error=ENOLCK:when=1"), "PAM_AUTHINFO_UNAVAIL"),
        (Some("inject=pread64:error=EIO:when=1"), "PAM_AUTHINFO_UNAVAIL"),
        (Some("inject=pwrite64:error=EIO:when=1"), "PAM_AUTHINFO_UNAVAIL"),
        (Some("inject=pwrite64:error=EFBIG:when=1"), "PAM_AUTHINFO_UNAVAIL"),
        (Some("inject=fdatasync:error=EIO:when=1"), "PAM_AUTHINFO_UNAVAIL"),
        // Closing releases it, too.
        (Some("inject=flock:error=EIO:when=2"), "PAM_SUCCESS"),
    ];
    for (inject, expected) in cases {
        let fixture = Fixture::new();
        let alice = fixture.enrol("alice");
        let mut host = as_su_does(&fixture);
        let blocked_before = status_field(host.id(), "SigBlk");
        let strace = Strace::attach(host.id(), inject);
        host.answer(&alice.code());
        assert_eq!(host.wait_for_code().as_deref(), Some(expected), "{inject:?}");
        host.wait_for_prompt();
        assert_eq!(real_uid(host.id()), Some(bob), "{inject:?}: the real uid");
        if !inject.is_some_and(|inject| inject.contains("rt_sigprocmask")) {
            assert_eq!(
                status_field(host.id(), "SigBlk"),
                blocked_before,
                "{inject:?}: blocked signals"
            );
        }
        host.answer("");
        host.finish();
        let calls = strace.calls();
        let changes = calls.iter().filter(|call| call.name == "setresuid").count();
        // Three for the login, and for the empty answer three around its line in the log.
        assert!(inject.is_some() || changes == 6, "{calls:#?}");
        assert_eq!(fixture.login("alice", &[&alice.code_at(1)]).code, Code::SUCCESS, "{inject:?}");
    }
}
