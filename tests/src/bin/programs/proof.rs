//! What each program that lets in by a code must do: let in by a right one, once, and by no other.

use crate::ground::{ENROLLED, Factor, UNENROLLED};
use cloud2fa_tests::booted::{Machine, PASSWORD, all_of};
use std::process::Output;

/// What came of a login.
#[derive(Debug)]
pub struct Came {
    /// Whether the program has let in.
    pub let_in: bool,
    /// What its client has said.
    pub said: String,
}

impl Came {
    /// The client ends with 0 where it is let in.
    pub fn by_status(output: &Output) -> Self {
        Self { let_in: output.status.success(), said: all_of(output) }
    }
}

/// A right code lets in, it does so once, a wrong one does not, and who is not enrolled needs none.
/// The module itself says why it has refused. `log_in` gets a user and the code, if there is one.
pub fn lets_in_by_code(
    machine: &Machine,
    factor: &mut Factor,
    log_in: impl Fn(&str, Option<&str>) -> Came,
) {
    let code = factor.of_the_app();
    let right = log_in(ENROLLED, Some(&code));
    assert!(right.let_in, "a right code: {right:?}");
    let since = machine.journal_cursor();
    let again = log_in(ENROLLED, Some(&code));
    assert!(!again.let_in, "the same code once more: {again:?}");
    must_be_said(machine, &since, "reason=replayed");
    let since = machine.journal_cursor();
    let wrong = log_in(ENROLLED, Some(&factor.wrong));
    assert!(!wrong.let_in, "a wrong code: {wrong:?}");
    must_be_said(machine, &since, "reason=wrong_code");
    let unenrolled = log_in(UNENROLLED, None);
    assert!(unenrolled.let_in, "not enrolled: {unenrolled:?}");
}

/// Like [`lets_in_by_code`], where password and code are typed in one field: `log_in` gets both at once.
pub fn lets_in_by_one_field(
    machine: &Machine,
    factor: &mut Factor,
    log_in: impl Fn(&str, &str) -> Came,
) {
    let field = |code: Option<&str>| format!("{PASSWORD}{}", code.unwrap_or_default());
    lets_in_by_code(machine, factor, |user, code| log_in(user, &field(code)));
    let without = log_in(ENROLLED, PASSWORD);
    assert!(!without.let_in, "without a code: {without:?}");
    let wrong_password = log_in(ENROLLED, &format!("x{}", factor.code()));
    assert!(!wrong_password.let_in, "a wrong password: {wrong_password:?}");
}

/// The program answers each question with the password, which is no guess, and is refused.
pub fn repeats_the_password(machine: &Machine, log_in: impl Fn(&str, &str) -> Came) {
    let since = machine.journal_cursor();
    let refused = log_in(ENROLLED, PASSWORD);
    assert!(!refused.let_in, "{refused:?}");
    must_be_said(machine, &since, "reason=password_repeated");
}

/// Who calls the module may not ask about others: neither a right code lets in nor, where there is no
/// enrolment, the password alone. `log_in` gets a user and what is typed in the one field.
pub fn refuses_everybody(
    machine: &Machine,
    factor: &mut Factor,
    service: &str,
    log_in: impl Fn(&str, &str) -> Came,
) {
    let both = format!("{PASSWORD}{}", factor.code());
    for (user, field) in [(ENROLLED, &both[..]), (UNENROLLED, PASSWORD)] {
        let since = machine.journal_cursor();
        let refused = log_in(user, field);
        assert!(!refused.let_in, "{refused:?}");
        must_be_said(
            machine,
            &since,
            &format!("pam_cloud2fa({service}:auth): refused user=\"{user}\""),
        );
    }
}

/// The log has a line with these words since then.
pub fn must_be_said(machine: &Machine, since: &str, words: &str) {
    let log = machine.journal_since(since);
    assert!(log.lines().any(|line| line.contains(words)), "no {words} in the log:\n{log}");
}
