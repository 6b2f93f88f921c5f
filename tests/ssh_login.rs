//! Logins through a real sshd with the real client: which answers let in.
#![allow(missing_docs)]

use cloud2fa_tests::processes::{another_user, descendants, wait_for};
use cloud2fa_tests::sshd::{LET_IN, PASSWORD_THEN_CODE, Sshd};
use cloud2fa_tests::{Fixture, syslog};
use std::os::unix::fs::MetadataExt;

const PASSWORD: &str = "Password: ";
const PROMPT: &str = "Verification code: ";
/// The client's exit status where it was not let in.
const REFUSED: i32 = 255;

/// The words after `reason=` in the module's log lines about `user`.
fn reasons(user: &str) -> Vec<String> {
    let lines = syslog::lines_about(user);
    let reason = |line: &syslog::Line| {
        let (_, rest) = line.message().split_once(" reason=").expect("a decision");
        rest.split_whitespace().next().expect("a word").to_owned()
    };
    lines.iter().map(reason).collect()
}

#[test]
fn password_and_code_let_in_with_one_prompt_each() {
    let (name, fixture) = (another_user(), Fixture::new());
    let enrolled = fixture.enrol(&name);
    let sshd = Sshd::start(&fixture, PASSWORD_THEN_CODE, &[]);
    let mut client = sshd.connect(&name);
    client.answer(PASSWORD, "pw");
    client.answer(PROMPT, &enrolled.code());
    client.expect(LET_IN);
    let ended = client.finish();
    assert_eq!((ended.status, ended.count(PASSWORD), ended.count(PROMPT)), (0, 1, 1), "{ended:?}");
    // The part of sshd that asks is root's, for only root may read the store.
    let store = std::fs::metadata(fixture.store_path()).unwrap();
    assert_eq!((store.uid(), store.mode() & 0o777), (0, 0o700));
    let [line] = &syslog::lines_about(&name)[..] else {
        panic!("{:?}", syslog::lines_about(&name))
    };
    let expected = format!(
        "accepted user=\"{name}\" reason=right_code factor=token service=sshd rhost=127.0.0.1 failures=0 wait=0"
    );
    assert_eq!((line.severity(), line.message()), ("info", &expected[..]));
}

#[test]
fn a_wrong_code_is_refused_and_counted() {
    let (name, fixture) = (another_user(), Fixture::new());
    let enrolled = fixture.enrol(&name);
    let sshd = Sshd::start(&fixture, PASSWORD_THEN_CODE, &[]);
    let mut client = sshd.connect(&name);
    client.answer(PASSWORD, "pw");
    client.answer(PROMPT, &enrolled.wrong_code());
    client.expect("That code is wrong. A backup code works, too.");
    let ended = client.finish();
    assert_eq!((ended.status, ended.count(LET_IN)), (REFUSED, 0), "{ended:?}");
    assert_eq!(fixture.status(&enrolled).failures, 1);
    // The next login is told.
    let mut client = sshd.connect(&name);
    client.answer(PASSWORD, "pw");
    client.answer(PROMPT, &enrolled.code());
    client.expect("1 wrong code since your last login.");
    client.expect(LET_IN);
    assert_eq!(client.finish().status, 0);
    assert_eq!(reasons(&name), ["wrong_code", "right_code"]);
}

#[test]
fn whoever_is_asked_again_has_heard_why() {
    let (name, fixture) = (another_user(), Fixture::new());
    let enrolled = fixture.enrol(&name);
    let sshd = Sshd::start(&fixture, PASSWORD_THEN_CODE, &[]);
    let mut client = sshd.connect_with(&name, &["NumberOfPasswordPrompts=3"]);
    client.answer(PASSWORD, "pw");
    client.answer(PROMPT, "pw, once more");
    client.expect("That is not a code. Type 6 digits, or a backup code like ABCD-EFGH-JKMNP.");
    client.answer(PASSWORD, "pw");
    client.answer(PROMPT, &enrolled.wrong_code());
    client.expect("That code is wrong. A backup code works, too.");
    client.answer(PASSWORD, "pw");
    client.answer(PROMPT, &enrolled.code_at(1));
    client.expect(LET_IN);
    assert_eq!(client.finish().status, 0);
    assert_eq!(reasons(&name), ["not_a_code", "wrong_code", "right_code"]);
}

#[test]
fn a_used_code_is_refused_and_the_user_is_told_when_the_next_one_comes() {
    let (name, fixture) = (another_user(), Fixture::new());
    let enrolled = fixture.enrol(&name);
    let sshd = Sshd::start(&fixture, PASSWORD_THEN_CODE, &[]);
    // That of the next step is right for a minute yet, on a busy machine too.
    let code = enrolled.code_at(1);
    let mut client = sshd.connect(&name);
    client.answer(PASSWORD, "pw");
    client.answer(PROMPT, &code);
    client.expect(LET_IN);
    assert_eq!(client.finish().status, 0);
    let mut again = sshd.connect(&name);
    again.answer(PASSWORD, "pw");
    again.answer(PROMPT, &code);
    again.expect("This code was already used or is too old. The next one appears in ");
    let ended = again.finish();
    assert_eq!((ended.status, ended.count(LET_IN)), (REFUSED, 0), "{ended:?}");
    assert_eq!(fixture.status(&enrolled).failures, 0, "a replay is no guess");
    assert_eq!(reasons(&name), ["right_code", "replayed"]);
}

#[test]
fn a_backup_code_lets_in_once() {
    let (name, fixture) = (another_user(), Fixture::new());
    let enrolled = fixture.enrol(&name);
    let sshd = Sshd::start(&fixture, PASSWORD_THEN_CODE, &[]);
    let mut client = sshd.connect(&name);
    client.answer(PASSWORD, "pw");
    client.answer(PROMPT, &enrolled.backup_codes[2]);
    client.expect("7 backup codes left.");
    client.expect(LET_IN);
    assert_eq!(client.finish().status, 0);
    let mut again = sshd.connect(&name);
    again.answer(PASSWORD, "pw");
    again.answer(PROMPT, &enrolled.backup_codes[2]);
    again.expect("This backup code has already been used. Use another one.");
    assert_eq!(again.finish().status, REFUSED);
    let status = fixture.status(&enrolled);
    assert_eq!((status.backup_codes_left, status.failures), (7, 0));
}

#[test]
fn a_key_and_a_code_let_in_without_a_password() {
    let (name, fixture) = (another_user(), Fixture::new());
    let enrolled = fixture.enrol(&name);
    let key = Sshd::key(&fixture);
    let authorized = format!("AuthorizedKeysFile {}", key.with_extension("pub").display());
    let options = ["AuthenticationMethods publickey,keyboard-interactive", &authorized];
    let sshd = Sshd::start(&fixture, &["auth required MODULE CONFIG"], &options);
    let identity = format!("IdentityFile={}", key.display());
    let with_key = [
        "PreferredAuthentications=publickey,keyboard-interactive",
        "IdentitiesOnly=yes",
        &identity,
    ];
    let mut client = sshd.connect_with(&name, &with_key);
    client.answer(PROMPT, &enrolled.code());
    client.expect(LET_IN);
    let ended = client.finish();
    assert_eq!((ended.status, ended.count(PASSWORD), ended.count(PROMPT)), (0, 0, 1), "{ended:?}");
    // The code alone is not asked for.
    let without = sshd.connect(&name).finish();
    assert_eq!((without.status, without.count(PROMPT)), (REFUSED, 0), "{without:?}");
    // Nor does the key alone let in.
    let mut client = sshd.connect_with(&name, &with_key);
    client.answer(PROMPT, &enrolled.wrong_code());
    let ended = client.finish();
    assert_eq!((ended.status, ended.count(LET_IN)), (REFUSED, 0), "{ended:?}");
}

#[test]
fn a_client_that_hangs_up_at_the_prompt_leaves_nothing_behind() {
    let (name, fixture) = (another_user(), Fixture::new());
    let enrolled = fixture.enrol(&name);
    let sshd = Sshd::start(&fixture, PASSWORD_THEN_CODE, &[]);
    let before = fixture.record(&enrolled);
    let mut client = sshd.connect(&name);
    client.answer(PASSWORD, "pw");
    client.expect(PROMPT);
    assert!(!descendants(sshd.id()).is_empty(), "sshd waits in a process of its own");
    // Killed: its end of the connection is closed without a word.
    drop(client);
    wait_for("the end of the login that nobody answers", || {
        descendants(sshd.id()).is_empty().then_some(())
    });
    assert_eq!(fixture.record(&enrolled), before, "nothing was written");
    let mut next = sshd.connect(&name);
    next.answer(PASSWORD, "pw");
    next.answer(PROMPT, &enrolled.code());
    next.expect(LET_IN);
    let ended = next.finish();
    assert_eq!((ended.status, ended.count("wrong code")), (0, 0), "{ended:?}");
}

#[test]
fn a_user_without_enrolment_gets_in_where_the_stack_says_nullok() {
    let (name, fixture) = (another_user(), Fixture::new());
    let enrolled = fixture.enrol(&another_user());
    let stack = ["@include common-auth", "auth required MODULE CONFIG nullok"];
    let sshd = Sshd::start(&fixture, &stack, &[]);
    let mut client = sshd.connect(&name);
    client.answer(PASSWORD, "pw");
    client.expect(LET_IN);
    let ended = client.finish();
    assert_eq!((ended.status, ended.count(PROMPT)), (0, 0), "{ended:?}");
    assert!(syslog::lines_about(&name)[0].message().starts_with("skipped "));
    // Who is enrolled is asked all the same.
    let mut client = sshd.connect(enrolled.user.name.as_str());
    client.answer(PASSWORD, "pw");
    client.answer(PROMPT, &enrolled.code());
    client.expect(LET_IN);
    assert_eq!(client.finish().status, 0);
}

#[test]
fn a_user_without_enrolment_is_asked_and_refused_where_it_does_not() {
    let (name, fixture) = (another_user(), Fixture::new());
    let sshd = Sshd::start(&fixture, PASSWORD_THEN_CODE, &[]);
    let mut client = sshd.connect(&name);
    client.answer(PASSWORD, "pw");
    client.answer(PROMPT, "123456");
    let ended = client.finish();
    assert_eq!(
        (ended.status, ended.count(PROMPT), ended.count(LET_IN)),
        (REFUSED, 1, 0),
        "{ended:?}"
    );
    assert_eq!(reasons(&name), ["not_enrolled"]);
}
