//! `after_key` at a real sshd: behind a key the code is asked for in place of the password; without one, all is as
//! if the module were not there.
#![allow(missing_docs)]

use cloud2fa_tests::processes::another_user;
use cloud2fa_tests::pty::Pty;
use cloud2fa_tests::sshd::{LET_IN, Sshd};
use cloud2fa_tests::{Fixture, syslog};

const PASSWORD: &str = "Password: ";
const PROMPT: &str = "Verification code: ";
/// The client's exit status where it was not let in.
const REFUSED: i32 = 255;

const STACK: [&str; 2] = [
    "auth [success=done ignore=ignore default=die] MODULE CONFIG after_key",
    "@include common-auth",
];

/// An sshd with such a stack, and the client's options for a user with a key.
fn start(fixture: &Fixture, methods: &str) -> (Sshd, Vec<String>) {
    start_with(fixture, methods, &STACK)
}

fn start_with(fixture: &Fixture, methods: &str, stack: &[&str]) -> (Sshd, Vec<String>) {
    let key = Sshd::key(fixture);
    let authorized = format!("AuthorizedKeysFile {}", key.with_extension("pub").display());
    let methods = format!("AuthenticationMethods {methods}");
    let sshd = Sshd::start(fixture, stack, &[&methods, &authorized]);
    let identity = format!("IdentityFile={}", key.display());
    let preferred = "PreferredAuthentications=publickey,keyboard-interactive,password";
    (sshd, vec![preferred.to_owned(), "IdentitiesOnly=yes".to_owned(), identity])
}

fn with_key(sshd: &Sshd, user: &str, options: &[String]) -> Pty {
    sshd.connect_with(user, &options.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn behind_a_key_the_code_is_asked_for_and_no_password() {
    let (name, fixture) = (another_user(), Fixture::new());
    let enrolled = fixture.enrol(&name);
    let (sshd, key) = start(&fixture, "publickey,keyboard-interactive:pam");
    let mut client = with_key(&sshd, &name, &key);
    client.answer(PROMPT, &enrolled.code());
    client.expect(LET_IN);
    let ended = client.finish();
    assert_eq!((ended.status, ended.count(PASSWORD), ended.count(PROMPT)), (0, 0, 1), "{ended:?}");
    // A wrong one ends it: there is no password to go on with.
    for wrong in [enrolled.wrong_code(), "pw".to_owned(), String::new()] {
        let mut client = with_key(&sshd, &name, &key);
        client.answer(PROMPT, &wrong);
        let ended = client.finish();
        assert_eq!((ended.status, ended.count(PASSWORD)), (REFUSED, 0), "{wrong:?}: {ended:?}");
    }
    // Without the key nothing is asked.
    let ended = sshd.connect(&name).finish();
    assert_eq!((ended.status, ended.count(PROMPT), ended.count(PASSWORD)), (REFUSED, 0, 0));
}

#[test]
fn what_stands_below_sets_credentials_as_if_the_module_were_not_there() {
    std::fs::write("/etc/security/group.conf", "*;*;*;Al0000-2400;floppy\n").unwrap();
    for (methods, with_code, answered) in [
        ("publickey,keyboard-interactive:pam", true, PROMPT),
        ("publickey", false, ""),
        ("keyboard-interactive:pam", false, PASSWORD),
    ] {
        let (name, fixture) = (another_user(), Fixture::new());
        let enrolled = fixture.enrol(&name);
        let group = "auth optional pam_group.so";
        let (sshd, key) = start_with(&fixture, methods, &[STACK[0], STACK[1], group]);
        let mut words = sshd.client(&name, &key.iter().map(String::as_str).collect::<Vec<_>>());
        "id --name --groups".clone_into(words.last_mut().unwrap());
        let mut client = Pty::start(&words);
        if !answered.is_empty() {
            client.answer(answered, &if with_code { enrolled.code() } else { "pw".to_owned() });
        }
        let ended = client.finish();
        assert!(ended.status == 0 && ended.shown.contains("floppy"), "{methods}: {ended:?}");
    }
}

#[test]
fn whoever_is_not_enrolled_is_refused_behind_a_key() {
    let (name, fixture) = (another_user(), Fixture::new());
    let (sshd, key) = start(&fixture, "publickey,keyboard-interactive:pam");
    for answer in ["123456", "pw"] {
        let mut client = with_key(&sshd, &name, &key);
        client.answer(PROMPT, answer);
        let ended = client.finish();
        assert_eq!((ended.status, ended.count(PASSWORD)), (REFUSED, 0), "{ended:?}");
    }
}

#[test]
fn without_a_key_a_code_is_worth_nothing_and_the_password_is_what_it_was() {
    for methods in ["keyboard-interactive:pam", "any", "keyboard-interactive:pam,publickey"] {
        let (name, fixture) = (another_user(), Fixture::new());
        let enrolled = fixture.enrol(&name);
        let (sshd, key) = start(&fixture, methods);
        // A key that is there and was not proven yet is none.
        let by_questions = "PreferredAuthentications=keyboard-interactive,publickey".to_owned();
        let options = [&[by_questions], &key[1..]].concat();
        for (answer, is_right) in [(enrolled.code(), false), ("pw".to_owned(), true)] {
            let mut client = with_key(&sshd, &name, &options);
            client.answer(PASSWORD, &answer);
            let ended = client.finish();
            // With `any` a key that comes second lets in by itself.
            let lets_in = is_right || methods == "any";
            assert_eq!((ended.count(LET_IN) == 1, ended.count(PROMPT)), (lets_in, 0), "{ended:?}");
        }
        let skipped = "skipped user=\"\" reason=no_key ";
        assert!(syslog::lines_about("").iter().any(|line| line.message().contains(skipped)));
        assert_eq!(fixture.status(&enrolled).last_used, None);
    }
}
