//! The module's texts in English.

use crate::words::login::Login;

pub const LOGIN: Login = Login {
    verification_code: "Verification code: ",
    backup_code: "Backup code: ",
    password_and_verification_code: "Password & verification code: ",
    password_and_backup_code: "Password & backup code: ",
    unavailable: "The second factor cannot be checked now. The system's log says why.",
    try_again: "Too many backup codes are being tried. Try again.",
    wrong_code: "That code is wrong. A backup code works, too.",
    wrong_backup_code: "That backup code is wrong.",
    not_a_code: "That is not a code: 6 digits, or a backup code like ABCD-EFGH-JKMNP.",
    not_a_backup_code: "That is not a backup code: one looks like ABCD-EFGH-JKMNP.",
    no_code_behind_password: "There is no code behind the password: 6 digits, or ABCD-EFGH-JKMNP.",
    backup_code_is_used: "This backup code was used already; take another one.",
    code_is_used: "This code is used or too old; take the one that the app shows now.",
    code_is_used_next_in: |seconds| {
        format!("This code is used or too old; the next one comes in {seconds} s.")
    },
    clock_is_behind: "The clock of this system is behind, so that codes of the app cannot be checked. Use a backup code.",
    enrolment_has_changed: "The enrolment has changed, log in again.",
    must_wait: |seconds| {
        let duration = duration(seconds);
        format!("Too many wrong codes. Try again in {duration}, or use a backup code.")
    },
    locked: "Too many wrong codes. Codes of the app are locked: use a backup code, or ask an administrator to unlock them.",
    wrong_since_login: |count| format!("{} since the last login.", wrong_codes(count)),
    wrong_since_login_and_opened: |count| {
        format!(
            "{} since the last login. If they were not yours, somebody may know your password: change it. \
             Codes of the app work again.",
            wrong_codes(count)
        )
    },
    budget_cleared: |count| {
        format!(
            "{} of the app in the last 30 days; from now on they are counted anew.",
            wrong_codes(count)
        )
    },
    budget_used: |count, largest| {
        format!(
            "{} in the last 30 days; at {largest} codes of the app are locked. If they were not yours, \
             somebody may know your password: change it.",
            wrong_codes(count)
        )
    },
    last_backup_code: "That was the last backup code. Make new ones with `cloud2fa regenerate`.",
    backup_codes_left: |count| format!("{count} backup code{} left.", s(count == 1)),
};

fn wrong_codes(count: u32) -> String {
    format!("{count} wrong code{}", s(count == 1))
}

fn s(is_one: bool) -> &'static str {
    if is_one { "" } else { "s" }
}

/// Seconds as people say them; rounded up, so that nobody comes back too early.
fn duration(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3600)),
    }
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
        assert_eq!((login.wrong_since_login)(1), "1 wrong code since the last login.");
        assert_eq!((login.wrong_since_login)(2), "2 wrong codes since the last login.");
    }
}
