//! A password from an earlier stage, and a password and a code in one field.
#![allow(missing_docs)]

use cloud2fa_tests::fixture::Outcome;
use cloud2fa_tests::{Code, Enrolled, Fixture};

/// Asks for a password and sets `PAM_AUTHTOK`; that it may be wrong counts for nothing.
const EARLIER: &str = "auth [default=ignore] pam_unix.so nodelay";
/// Takes `PAM_AUTHTOK`, and never asks.
const LATER: &str = "auth required pam_unix.so use_first_pass nodelay";
/// Of all users of the machine.
const PASSWORD: &str = "pw";

const ASKS_PASSWORD: &str = "Password: ";
const ASKS_CODE: &str = "Verification code: ";
const ASKS_BOTH: &str = "Password & verification code: ";
const JUNK: &[u8] = b"\x08\n\r\x7fINCORRECT";

/// A way to use the module: its arguments, what the user types at each prompt (`{}` is the
/// code), and the prompts. The eight modes of google-authenticator's tests.
const MODES: [(&str, &[&str], &[&str]); 8] = [
    ("", &["pw", "{}"], &[ASKS_PASSWORD, ASKS_CODE]),
    ("forward_pass", &["pw{}"], &[ASKS_BOTH]),
    ("use_first_pass", &["{}"], &[ASKS_PASSWORD]),
    ("use_first_pass forward_pass", &["pw{}"], &[ASKS_PASSWORD]),
    ("try_first_pass", &["{}"], &[ASKS_PASSWORD]),
    ("try_first_pass forward_pass", &["pw{}"], &[ASKS_PASSWORD]),
    ("try_first_pass", &["pw", "{}"], &[ASKS_PASSWORD, ASKS_CODE]),
    ("try_first_pass forward_pass", &["wrong", "pw{}"], &[ASKS_PASSWORD, ASKS_BOTH]),
];

fn login(fixture: &Fixture, name: &str, mode: usize, code: &str) -> Outcome {
    let (arguments, typed, _) = MODES[mode];
    let module = format!("auth required MODULE CONFIG {arguments}");
    let mut stack = vec![EARLIER, &module, LATER];
    // Alone with forward_pass the module is the first to ask; without it there is no password for pam_unix.
    if mode == 1 {
        stack.remove(0);
    }
    if !arguments.contains("forward_pass") {
        stack.pop();
    }
    fixture.set_stack(&stack);
    let typed: Vec<_> = typed.iter().map(|answer| answer.replace("{}", code)).collect();
    fixture.login(name, &typed.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn each_mode_asks_as_often_as_it_must_and_tells_right_from_wrong() {
    for (mode, (arguments, _, asked)) in MODES.iter().enumerate() {
        let (fixture, alice) = Fixture::with("alice");
        let wrong = login(&fixture, "alice", mode, &alice.wrong_code());
        assert_eq!(
            (wrong.code, wrong.asked()),
            (Code::AUTH_ERR, asked.to_vec()),
            "mode {mode} {arguments}"
        );
        assert_eq!(fixture.status(&alice).failures, 1, "mode {mode} {arguments}");
        let right = login(&fixture, "alice", mode, &alice.code());
        assert_eq!(
            (right.code, right.asked()),
            (Code::SUCCESS, asked.to_vec()),
            "mode {mode} {arguments}"
        );
        let backup = login(&fixture, "alice", mode, &alice.backup_codes[2]);
        assert_eq!(
            (backup.code, backup.asked()),
            (Code::SUCCESS, asked.to_vec()),
            "mode {mode} {arguments}"
        );
        for name in ["bob", "nobody-of-that-name"] {
            let other = login(&fixture, name, mode, &alice.wrong_code());
            assert_eq!(
                (other.code, other.messages),
                (wrong.code, wrong.messages.clone()),
                "{name} mode {mode}"
            );
        }
    }
}

#[test]
fn the_password_before_the_code_must_still_be_right() {
    let (fixture, alice) = Fixture::with("alice");
    fixture.set_stack(&["auth required MODULE CONFIG forward_pass", LATER]);
    let [before, now, next] = alice.codes_at([-1, 0, 1]);
    assert_eq!(fixture.login("alice", &[&format!("wrong{before}")]).code, Code::AUTH_ERR);
    assert_eq!(fixture.login("alice", &[&now]).code, Code::AUTH_ERR, "an empty password");
    assert_eq!(fixture.login("alice", &[&format!("{PASSWORD}{next}")]).code, Code::SUCCESS);
    for typed in ["", PASSWORD, "pw12345", "pw 123 456"] {
        assert_eq!(fixture.login("alice", &[typed]).code, Code::AUTH_ERR, "{typed:?}");
    }
    assert_eq!(fixture.status(&alice).failures, 0);
}

#[test]
fn use_first_pass_never_asks() {
    let (fixture, alice) = Fixture::with("alice");
    fixture.set_stack(&["auth required MODULE CONFIG use_first_pass"]);
    let nothing = fixture.login("alice", &[&alice.code()]);
    assert_eq!((nothing.code, nothing.asked().len()), (Code::AUTH_ERR, 0));
    assert!(fixture.last_log_line().1.contains(" reason=no_first_pass "));
    fixture.set_stack(&[EARLIER, "auth required MODULE CONFIG use_first_pass"]);
    let password = fixture.login("alice", &[PASSWORD, &alice.code()]);
    assert_eq!((password.code, password.asked()), (Code::AUTH_ERR, vec![ASKS_PASSWORD]));
    assert!(fixture.last_log_line().1.contains(" reason=not_a_code "));
    assert_eq!(fixture.status(&alice).failures, 0);
}

#[test]
fn a_password_that_looks_like_a_code_is_tried_only_where_the_administrator_says_so() {
    let (fixture, alice) = Fixture::with("alice");
    fixture.set_stack(&[EARLIER, "auth required MODULE CONFIG"]);
    let outcome = fixture.login("alice", &[&alice.wrong_code(), &alice.code()]);
    assert_eq!((outcome.code, outcome.asked()), (Code::SUCCESS, vec![ASKS_PASSWORD, ASKS_CODE]));
}

/// `PAM_AUTHTOK` and answers that are no try of this user's at all.
fn is_not_counted(fixture: &Fixture, alice: &Enrolled, typed: &[&str], reason: &str) {
    let before = fixture.record(alice);
    let outcome = fixture.login("alice", typed);
    assert_eq!(outcome.code, Code::AUTH_ERR, "{typed:?}");
    assert_eq!(outcome.asked(), [ASKS_PASSWORD, ASKS_CODE]);
    let told = match typed.last().map(|typed| typed.len()) {
        Some(6) => "That code is wrong. A backup code works, too.",
        Some(15) => "That backup code is wrong.",
        _ => "That is not a code. Type 6 digits, or a backup code like ABCD-EFGH-JKMNP.",
    };
    assert_eq!(outcome.texts(), [told]);
    let (severity, line) = fixture.last_log_line();
    assert_eq!(severity, "notice");
    assert!(
        line.contains(&format!(" reason={reason} factor=none ")) && line.contains(" detail=\""),
        "{line}"
    );
    assert_eq!(&fixture.record(alice), &before, "nothing was written");
}

#[test]
fn a_program_that_repeats_the_password_locks_nobody_out() {
    let (fixture, alice) = Fixture::with("alice");
    fixture.set_stack(&[EARLIER, "auth required MODULE CONFIG"]);
    for password in
        [PASSWORD, &alice.wrong_code(), &alice.code(), "ABCD-0123-4567X", &"x".repeat(300)]
    {
        is_not_counted(&fixture, &alice, &[password, password], "password_repeated");
    }
    assert!(
        fixture.last_log_line().1.contains("KbdInteractiveAuthentication yes"),
        "the log names the remedy"
    );
    assert_eq!(fixture.login("alice", &[PASSWORD, &alice.code()]).code, Code::SUCCESS);
}

#[test]
fn what_sshd_makes_up_for_users_that_it_refuses_is_no_try() {
    let (fixture, alice) = Fixture::with("alice");
    fixture.set_stack(&[EARLIER, "auth required MODULE CONFIG"]);
    // sshd repeats it and cuts it to the length of what was typed.
    let junk =
        |length| String::from_utf8(JUNK.iter().copied().cycle().take(length).collect()).unwrap();
    for length in [1, 2, 5, 13, 14, 26, 40] {
        is_not_counted(&fixture, &alice, &[&junk(length), &alice.code()], "refused_by_sshd");
        is_not_counted(&fixture, &alice, &[PASSWORD, &junk(length)], "refused_by_sshd");
    }
    for arguments in [
        "use_first_pass",
        "try_first_pass",
        "try_first_pass forward_pass",
        "use_first_pass forward_pass",
    ] {
        fixture.set_stack(&[EARLIER, &format!("auth required MODULE CONFIG {arguments}")]);
        let outcome = fixture.login("alice", &[&junk(8), &alice.code()]);
        assert_eq!(outcome.code, Code::AUTH_ERR, "{arguments}");
    }
    assert_eq!(fixture.status(&alice).failures, 0);
    fixture.set_stack(&[EARLIER, "auth required MODULE CONFIG"]);
    assert_eq!(
        fixture.login("alice", &[PASSWORD, &alice.code()]).code,
        Code::SUCCESS,
        "no code was spent"
    );
}
