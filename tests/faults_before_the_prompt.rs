//! Each system call on the configuration and on the store that a login makes before its
//! prompt fails, one at a time: refused at once with the documented code, and logged.
#![allow(missing_docs)]

use cloud2fa_tests::host_process::HostProcess;
use cloud2fa_tests::strace::{self, Call};
use cloud2fa_tests::{Code, Fixture};
use std::process::Command;

const PAM_HOST: &str = env!("CARGO_BIN_EXE_pam_host");

/// A login from its start to its end, answered with `answer`; `inject` is what fails.
fn login(fixture: &Fixture, answer: &str, inject: Option<&str>) -> (Vec<String>, Vec<Call>) {
    login_of(fixture, "alice", answer, inject)
}

/// The same of somebody else.
fn login_of(
    fixture: &Fixture,
    name: &str,
    answer: &str,
    inject: Option<&str>,
) -> (Vec<String>, Vec<Call>) {
    let mut plain = Command::new(PAM_HOST);
    plain.arg(fixture.services()).args([&fixture.service, name]);
    let (mut traced, output) = strace::around(&plain, inject);
    let mut host = HostProcess::run(&mut traced);
    host.answer(answer);
    let (said, _) = host.finish();
    (said, strace::read(&output))
}

/// The calls on `path` before the prompt, without `close`, which may fail.
fn calls_on(fixture: &Fixture, path: &str) -> Vec<Call> {
    let alice = fixture.enrol("alice");
    let (said, calls) = login(fixture, &alice.code(), None);
    assert_eq!(said, ["ask Verification code: ", "code PAM_SUCCESS"]);
    let before = calls.into_iter().take_while(|call| !call.text.contains("ask Verification"));
    before.filter(|call| call.text.contains(path) && call.name != "close").collect()
}

/// What a call may fail with.
fn errors(call: &Call) -> &'static [&'static str] {
    match call.name.as_str() {
        "openat" => &["EIO", "EMFILE", "ENFILE", "ENOMEM", "EACCES", "ELOOP"],
        "statx" => &["EIO", "ENOMEM", "ESTALE"],
        _ => &["EIO", "ESTALE"],
    }
}

const UNAVAILABLE: &str = "reason The code cannot be checked right now. The system log says why.";

/// Lets each of `calls` fail in each way, and looks at how the login ends.
fn each_fails(fixture: &Fixture, calls: &[Call], code: &str, reason: &str, texts: &[&str]) {
    let alice = fixture.enrol("alice");
    let record = fixture.record(&alice);
    let mut runs = 0;
    for call in calls {
        for error in errors(call) {
            let lines_before = fixture.log().len();
            let (said, _) = login(fixture, &alice.code(), Some(&call.fail(error)));
            let about = format!("{error} at {call:?}");
            assert_eq!(
                said,
                [texts, &[&format!("code {code}")]].concat(),
                "{about}: nothing is asked"
            );
            let log = fixture.log().split_off(lines_before);
            let [line] = &log[..] else { panic!("{about}: {log:?}") };
            assert!(line.message().contains(&format!(" reason={reason} ")), "{about}: {line:?}");
            // A limit is the caller's own, and no fault of the store's.
            let limit = matches!(*error, "EMFILE" | "ENOMEM") && line.severity() == "notice";
            assert!(limit || matches!(line.severity(), "alert" | "err"), "{about}: {line:?}");
            assert!(fixture.record(&alice) == record, "{about}: something was written");
            runs += 1;
        }
    }
    eprintln!("{} calls, {runs} logins: {code}", calls.len());
    assert_eq!(fixture.login("alice", &[&alice.code()]).code, Code::SUCCESS, "nothing stays");
}

#[test]
fn each_call_on_the_configuration_may_fail() {
    let fixture = Fixture::new();
    let path = fixture.config_path().to_string_lossy().into_owned();
    let calls = calls_on(&fixture, &path);
    for name in ["openat", "statx", "read"] {
        assert!(calls.iter().any(|call| call.name == name), "no {name} in {calls:#?}");
    }
    // Reading a file ends with finding its end; a missing file that was named is no default.
    each_fails(&fixture, &calls, "PAM_SERVICE_ERR", "bad_config", &[UNAVAILABLE]);
}

#[test]
fn each_call_on_the_store_may_fail_before_the_prompt() {
    let fixture = Fixture::new();
    let path = fixture.store_path().to_string_lossy().into_owned();
    let calls: Vec<_> =
        calls_on(&fixture, &path).into_iter().filter(|call| call.name != "read").collect();
    // The directory, its marker and the record are opened, examined and, if files, read.
    for (name, count) in [("openat", 3), ("statx", 3), ("pread64", 2)] {
        assert!(
            calls.iter().filter(|call| call.name == name).count() >= count,
            "{name}: {calls:#?}"
        );
    }
    each_fails(&fixture, &calls, "PAM_AUTHINFO_UNAVAIL", "store_unavailable", &[UNAVAILABLE]);
}

#[test]
fn with_nullok_too_no_failure_of_the_store_reads_as_not_enrolled() {
    let fixture = Fixture::new();
    fixture.set_stack(&["auth sufficient MODULE CONFIG nullok", "auth required pam_deny.so"]);
    let path = fixture.store_path().to_string_lossy().into_owned();
    let calls: Vec<_> =
        calls_on(&fixture, &path).into_iter().filter(|call| call.name != "read").collect();
    let alice = fixture.enrol("alice");
    for call in &calls {
        let (said, _) = login(&fixture, &alice.wrong_code(), Some(&call.fail("EIO")));
        assert!(said.last().is_some_and(|code| code != "code PAM_SUCCESS"), "{call:?}: {said:?}");
    }
    let log = fixture.log();
    assert!(!log.iter().any(|line| line.message().starts_with("skipped ")), "{log:?}");
    assert_eq!(fixture.status(&alice).failures, 0);
}

#[test]
fn a_look_up_of_users_that_fails_skips_nothing() {
    let (fixture, bob) = Fixture::with("bob");
    fixture.set_stack(&["auth sufficient MODULE CONFIG nullok", "auth required pam_deny.so"]);
    cloud2fa_tests::user::add_alias(&bob.user, "robert");
    let (said, calls) = login_of(&fixture, "robert", &bob.code(), None);
    assert_eq!(said, ["ask Verification code: ", "code PAM_SUCCESS"], "the enrolment of bob's uid");
    let look_ups =
        calls.iter().filter(|call| call.name == "openat" && call.text.contains("/etc/passwd"));
    let look_ups: Vec<_> = look_ups.collect();
    assert!(look_ups.len() >= 2, "one by each name: {calls:#?}");
    for call in look_ups {
        for error in ["EMFILE", "EIO", "ENOENT"] {
            let (said, _) =
                login_of(&fixture, "robert", &bob.wrong_code(), Some(&call.fail(error)));
            assert_ne!(
                said.last().map(String::as_str),
                Some("code PAM_SUCCESS"),
                "{error} at {call:?}"
            );
        }
    }
    let log = fixture.log();
    assert!(!log.iter().any(|line| line.message().starts_with("skipped ")), "{log:?}");
}
