//! What a real sshd must not make of the second factor: guesses that nobody made, and
//! questions to which every answer is refused.
#![allow(missing_docs)]

use cloud2fa_tests::processes::another_user;
use cloud2fa_tests::sshd::{LET_IN, PASSWORD_THEN_CODE, Sshd};
use cloud2fa_tests::{Fixture, syslog, user};

const PASSWORD: &str = "Password: ";
const PROMPT: &str = "Verification code: ";
const BACKUP_PROMPT: &str = "Backup code: ";
/// The prompt of the client itself, for sshd's method `password`.
const CLIENTS_PROMPT: &str = "'s password: ";
/// The client's exit status where it was not let in.
const REFUSED: i32 = 255;
const WRONG: &str = "That code is wrong. A backup code works, too.";
/// The module alone.
const CODE_ONLY: &[&str] = &["auth required MODULE CONFIG"];

#[test]
fn the_method_password_repeated_200_times_counts_nothing() {
    const CLIENTS: usize = 40;
    const TRIES: usize = 5;
    let (name, fixture) = (another_user(), Fixture::new());
    let enrolled = fixture.enrol(&name);
    let before = fixture.record(&enrolled);
    let options = [
        "AuthenticationMethods any",
        "PasswordAuthentication yes",
        "KbdInteractiveAuthentication no",
        "MaxAuthTries 100",
        "MaxStartups 100",
    ];
    let sshd = Sshd::start(&fixture, PASSWORD_THEN_CODE, &options);
    let prompts = format!("NumberOfPasswordPrompts={TRIES}");
    let with_password = ["PreferredAuthentications=password", &prompts];
    // Side by side, since libpam waits after each of them.
    let mut clients: Vec<_> =
        (0..CLIENTS).map(|_| sshd.connect_with(&name, &with_password)).collect();
    for _ in 0..TRIES {
        for client in &mut clients {
            client.answer(CLIENTS_PROMPT, "pw");
        }
    }
    for client in clients {
        let ended = client.finish();
        assert_eq!((ended.status, ended.count(LET_IN)), (REFUSED, 0), "{ended:?}");
    }
    assert_eq!(fixture.record(&enrolled), before, "nothing was written");
    let lines = syslog::lines_about(&name);
    assert_eq!(lines.len(), CLIENTS * TRIES);
    for line in lines {
        assert_eq!(line.severity(), "notice");
        let message = line.message();
        assert!(
            message.contains(" reason=password_repeated factor=none service=sshd "),
            "{message}"
        );
        assert!(message.contains(" failures=0 wait=0 detail="), "{message}");
        assert!(
            message.contains(
                "for sshd set PasswordAuthentication no and KbdInteractiveAuthentication yes"
            ),
            "{message}"
        );
    }
    // The same user with a program that asks gets in at once.
    let sshd = Sshd::start(&fixture, PASSWORD_THEN_CODE, &[]);
    let mut client = sshd.connect(&name);
    client.answer(PASSWORD, "pw");
    client.answer(PROMPT, &enrolled.code());
    client.expect(LET_IN);
    assert_eq!(client.finish().status, 0);
}

/// sshd refuses `name` by `option`, whatever is typed: right codes of all kinds are
/// neither spent nor counted. `stack` is what it asks by.
fn is_refused_and_nothing_is_spent(fixture: &Fixture, name: &str, stack: &[&str], option: &str) {
    let enrolled = fixture.enrol(name);
    let before = fixture.record(&enrolled);
    let asks_password = stack == PASSWORD_THEN_CODE;
    let seen = syslog::lines_about(name).len();
    let sshd = Sshd::start(fixture, stack, &[option]);
    // That of the next step is right for a minute yet: libpam waits, and on a busy machine all do.
    let codes = [
        enrolled.code_at(1),
        enrolled.backup_codes[0].clone(),
        enrolled.wrong_code(),
        "x".repeat(300),
    ];
    let mut clients: Vec<_> = codes.iter().map(|code| (code, sshd.connect(name))).collect();
    for (code, client) in &mut clients {
        if asks_password {
            // sshd's answer for it is wrong, and Debian's stack ends there.
            client.answer(PASSWORD, "pw");
        } else {
            client.answer(PROMPT, code);
        }
    }
    // What everybody is told of such an answer: sshd hides whom it refuses.
    let told = [WRONG, "That backup code is wrong.", WRONG, "That is not a code. "];
    for ((_, client), told) in clients.into_iter().zip(told) {
        let ended = client.finish();
        assert_eq!((ended.status, ended.count(LET_IN)), (REFUSED, 0), "{option}: {ended:?}");
        assert_eq!(ended.count(told), usize::from(!asks_password), "{option}: {ended:?}");
    }
    assert_eq!(fixture.record(&enrolled), before, "{option}: nothing was written");
    let lines = &syslog::lines_about(name)[seen..];
    assert_eq!(lines.len(), if asks_password { 0 } else { codes.len() }, "{lines:?}");
    for line in lines {
        let message = line.message();
        assert!(
            message.contains(" reason=refused_by_sshd factor=none ")
                && message.contains("PermitRootLogin"),
            "{message}"
        );
    }
    // What was not spent still works where sshd has nothing against it.
    let sshd = Sshd::start(fixture, CODE_ONLY, &["PermitRootLogin yes"]);
    for code in &codes[..2] {
        let mut client = sshd.connect(name);
        client.answer(PROMPT, code);
        client.expect(LET_IN);
        assert_eq!(client.finish().status, 0, "{option}");
    }
}

#[test]
fn a_user_whom_sshd_denies_spends_and_counts_nothing() {
    let (name, fixture) = (another_user(), Fixture::new());
    is_refused_and_nothing_is_spent(&fixture, &name, CODE_ONLY, &format!("DenyUsers {name}"));
}

#[test]
fn a_user_whom_sshd_denies_is_refused_by_the_password_stage_already() {
    let (name, fixture) = (another_user(), Fixture::new());
    is_refused_and_nothing_is_spent(
        &fixture,
        &name,
        PASSWORD_THEN_CODE,
        "AllowUsers somebody-else",
    );
}

#[test]
fn root_whom_sshd_does_not_permit_spends_and_counts_nothing() {
    for permit in ["PermitRootLogin no", "PermitRootLogin prohibit-password"] {
        is_refused_and_nothing_is_spent(&Fixture::new(), "root", CODE_ONLY, permit);
    }
}

#[test]
fn the_junk_of_a_refused_user_that_passes_an_optional_password_stage_counts_nothing() {
    let (name, fixture) = (another_user(), Fixture::new());
    let enrolled = fixture.enrol(&name);
    let before = fixture.record(&enrolled);
    let deny = format!("DenyUsers {name}");
    let stack = ["auth required pam_unix.so", "auth required MODULE CONFIG"];
    let sshd = Sshd::start(&fixture, &stack, &[&deny]);
    let mut client = sshd.connect(&name);
    client.answer(PASSWORD, "pw");
    client.answer(PROMPT, &enrolled.code());
    assert_eq!(client.finish().status, REFUSED);
    assert_eq!(fixture.record(&enrolled), before);
    let lines = syslog::lines_about(&name);
    assert!(
        lines.len() == 1 && lines[0].message().contains(" reason=refused_by_sshd "),
        "{lines:?}"
    );
}

#[test]
fn who_must_wait_is_told_and_asked_for_a_backup_code() {
    let (name, fixture) = (another_user(), Fixture::new());
    let enrolled = fixture.enrol(&name);
    fixture.fail(&enrolled, 5);
    fixture.rewrite(&enrolled, "wait_from", &user::now().0.to_string());
    fixture.rewrite(&enrolled, "wait_seconds", "3000");
    let sshd = Sshd::start(&fixture, PASSWORD_THEN_CODE, &[]);
    let mut client = sshd.connect_with(&name, &["NumberOfPasswordPrompts=3"]);
    client.answer(PASSWORD, "pw");
    client.expect("Too many wrong codes. Try again in 50 min, or use a backup code.");
    client.answer(BACKUP_PROMPT, &enrolled.code());
    let ended = client.finish();
    let counts = (ended.count(PASSWORD), ended.count(PROMPT), ended.count(BACKUP_PROMPT));
    assert_eq!((ended.status, counts), (REFUSED, (1, 0, 1)), "{ended:?}");
    // The same in a stack that asks for a code only; and a backup code is let in by.
    let sshd = Sshd::start(&fixture, CODE_ONLY, &[]);
    let mut client = sshd.connect_with(&name, &["NumberOfPasswordPrompts=3"]);
    client.expect("Too many wrong codes. Try again in ");
    client.answer(BACKUP_PROMPT, "0000-0000-0000Z");
    client.answer(BACKUP_PROMPT, &enrolled.backup_codes[0]);
    client.expect("6 wrong codes since your last login.");
    client.expect("change it");
    client.expect(LET_IN);
    let ended = client.finish();
    let counts = (ended.count(PROMPT), ended.count("That backup code is wrong."));
    assert_eq!((ended.status, counts), (0, (0, 1)), "{ended:?}");
    // The wait is over: the app's code is in again.
    let mut client = sshd.connect(&name);
    client.answer(PROMPT, &enrolled.code());
    client.expect(LET_IN);
    assert_eq!(client.finish().status, 0);
}

#[test]
fn the_fifth_wrong_code_ends_sshds_asking() {
    let (name, fixture) = (another_user(), Fixture::new());
    let enrolled = fixture.enrol(&name);
    fixture.fail(&enrolled, 4);
    let sshd = Sshd::start(&fixture, CODE_ONLY, &[]);
    let mut client = sshd.connect_with(&name, &["NumberOfPasswordPrompts=3"]);
    client.answer(PROMPT, &enrolled.wrong_code());
    client.expect("Too many wrong codes. Try again in 30 s, or use a backup code.");
    // The round after it finds the wait, and asks for what is taken.
    client.answer(BACKUP_PROMPT, "");
    let ended = client.finish();
    assert_eq!((ended.status, ended.count(PROMPT)), (REFUSED, 1), "{ended:?}");
    assert_eq!(fixture.status(&enrolled).failures, 5);
}

#[test]
fn a_store_that_is_not_there_refuses_with_the_reason() {
    let (name, fixture) = (another_user(), Fixture::new());
    let enrolled = fixture.enrol(&name);
    let aside = fixture.path().join("aside");
    std::fs::rename(fixture.store_path(), &aside).unwrap();
    let stack = ["@include common-auth", "auth required MODULE CONFIG nullok"];
    let sshd = Sshd::start(&fixture, &stack, &[]);
    let mut client = sshd.connect(&name);
    client.answer(PASSWORD, "pw");
    client.expect("The code cannot be checked right now.");
    let ended = client.finish();
    assert_eq!(
        (ended.status, ended.count(PROMPT), ended.count(LET_IN)),
        (REFUSED, 0, 0),
        "{ended:?}"
    );
    std::fs::rename(&aside, fixture.store_path()).unwrap();
    let mut client = sshd.connect(&name);
    client.answer(PASSWORD, "pw");
    client.answer(PROMPT, &enrolled.code());
    client.expect(LET_IN);
    assert_eq!(client.finish().status, 0);
}
