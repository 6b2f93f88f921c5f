//! The module's texts in English.

use crate::words::login::{Login, duration};

pub const LOGIN: Login = Login {
    verification_code: "Verification code: ",
    backup_code: "Backup code: ",
    password_and_verification_code: "Password & verification code: ",
    password_and_backup_code: "Password & backup code: ",
    unavailable: "The code cannot be checked right now. The system log says why.",
    try_again: "Too many backup codes are being tried at once. Try again.",
    wrong_code: "That code is wrong. A backup code works, too.",
    wrong_backup_code: "That backup code is wrong.",
    not_a_code: "That is not a code. Type 6 digits, or a backup code like ABCD-EFGH-JKMNP.",
    not_a_backup_code: "That is not a backup code. They look like ABCD-EFGH-JKMNP.",
    no_code_behind_password: "Type the code right after the password: 6 digits, or ABCD-EFGH-JKMNP.",
    backup_code_is_used: "This backup code has already been used. Use another one.",
    code_is_used: "This code was already used or is too old. Use the one your app shows now.",
    code_is_used_next_in: |seconds| {
        format!("This code was already used or is too old. The next one appears in {seconds} s.")
    },
    clock_is_behind: "This machine's clock is behind. App codes do not work: use a backup code.",
    enrolment_has_changed: "Your second factor was just changed. Please log in again.",
    must_wait: |seconds| {
        let duration = duration(seconds);
        format!("Too many wrong codes. Try again in {duration}, or use a backup code.")
    },
    locked: "Too many wrong codes. Locked: use a backup code, or ask an administrator.",
    wrong_since_login: |count| format!("{} since your last login.", wrong_codes(count)),
    wrong_since_login_and_opened: |count| {
        format!(
            "{} since your last login. App codes work again.\n\
             If those weren't you, someone may know your password: change it.",
            wrong_codes(count)
        )
    },
    budget_cleared: |count| {
        format!("{} in the last 30 days; the count starts again now.", wrong_codes(count))
    },
    budget_used: |count, largest| {
        format!(
            "{} in the last 30 days; at {largest}, app codes are locked.\n\
             If those weren't you, someone may know your password: change it.",
            wrong_codes(count)
        )
    },
    last_backup_code: "That was your last backup code. Make new ones: cloud2fa regenerate",
    backup_codes_left: |count| format!("{count} backup code{} left.", s(count == 1)),
};

fn wrong_codes(count: u32) -> String {
    format!("{count} wrong code{}", s(count == 1))
}

fn s(is_one: bool) -> &'static str {
    if is_one { "" } else { "s" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_when_a_code_is_refused_fits_into_a_line() {
        for text in [
            LOGIN.wrong_code,
            LOGIN.wrong_backup_code,
            LOGIN.not_a_code,
            LOGIN.not_a_backup_code,
            LOGIN.no_code_behind_password,
            LOGIN.code_is_used,
        ] {
            assert!(text.len() <= 76, "{text}");
        }
    }

    #[test]
    fn numbers_read_as_people_say_them() {
        let login = LOGIN;
        let wait = |seconds| (login.must_wait)(seconds).replace(", or use a backup code", "");
        assert_eq!(wait(30), "Too many wrong codes. Try again in 30 s.");
        assert_eq!(wait(121), "Too many wrong codes. Try again in 3 min.");
        assert_eq!(wait(3600), "Too many wrong codes. Try again in 60 min.");
        assert_eq!(wait(7201), "Too many wrong codes. Try again in 3 h.");
        assert_eq!((login.backup_codes_left)(1), "1 backup code left.");
        assert_eq!((login.wrong_since_login)(1), "1 wrong code since your last login.");
        assert_eq!((login.wrong_since_login)(2), "2 wrong codes since your last login.");
    }
}
