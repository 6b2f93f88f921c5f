//! su and sudo run the module with the caller's real uid. Whichever call on identities or
//! signals fails, the real uid is the caller's again when the login has ended.
#![allow(missing_docs)]

use cloud2fa_tests::host_process::HostProcess;
use cloud2fa_tests::processes::{real_uid, status_field};
use cloud2fa_tests::strace::Strace;
use cloud2fa_tests::{Code, Fixture, machine};
use std::process::Command;

const PAM_HOST: &str = env!("CARGO_BIN_EXE_pam_host");

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

#[test]
fn whatever_fails_the_real_uid_is_the_callers_afterwards() {
    let bob = cloud2fa_tests::user::of_this_machine("bob").uid;
    let cases = [
        (None, "PAM_SUCCESS"),
        // Becoming root, and becoming bob again: either fails once.
        (Some("inject=setresuid:error=EAGAIN:when=1"), "PAM_AUTHINFO_UNAVAIL"),
        // The second is behind the log line, and is tried again.
        (Some("inject=setresuid:error=EAGAIN:when=2"), "PAM_SUCCESS"),
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
        assert!(inject.is_some() || changes == 2, "{calls:#?}");
        assert_eq!(fixture.login("alice", &[&alice.code_at(1)]).code, Code::SUCCESS, "{inject:?}");
    }
}
