//! What the user is told. Little: enough to know what to do next.

#![forbid(unsafe_code)]

use cloud2fa::{Verdict, budget};

use crate::host::Tone;

/// The prompt, where password and code may come in one field, and where only a backup code is
/// taken. People's scripts expect the first.
pub fn prompt(one_field: bool, backup_codes_alone: bool) -> &'static str {
    match (one_field, backup_codes_alone) {
        (false, false) => "Verification code: ",
        (false, true) => "Backup code: ",
        (true, false) => "Password & verification code: ",
        (true, true) => "Password & backup code: ",
    }
}

/// The store cannot be asked, or the verdict cannot be written down.
pub const UNAVAILABLE: &str = "The second factor cannot be checked now. The system's log says why.";

/// Somebody tries backup codes of this user, who will have this one hashed soon.
pub const TRY_AGAIN: &str = "Too many backup codes are being tried. Try again.";

/// Said where nothing but a backup code is taken; elsewhere it would show who is enrolled.
pub const WRONG_BACKUP_CODE: &str = "That backup code is wrong.";

/// What a verdict is explained with. `by_backup_code`: whether that was the answer.
pub fn of_verdict(verdict: &Verdict, by_backup_code: bool) -> Vec<(Tone, String)> {
    match verdict {
        &Verdict::Accepted { backup_codes_left, failures_since_login, budget_used, opened } => {
            let left = by_backup_code.then(|| backup_codes_left_text(backup_codes_left));
            let since = since_login_text(failures_since_login, opened);
            let in_30_days = if !by_backup_code {
                budget_text(budget_used)
            } else if budget_used != failures_since_login {
                budget_cleared_text(budget_used)
            } else {
                // That number has just been told.
                None
            };
            left.into_iter().chain(since).chain(in_30_days).collect()
        }
        Verdict::Wrong { locked: true, .. } | Verdict::Locked => vec![(Tone::Reason, locked())],
        Verdict::Wrong { wait_seconds: 0, .. } => Vec::new(),
        Verdict::Wrong { wait_seconds: seconds, .. } | Verdict::Wait { seconds } => {
            vec![(Tone::Reason, wait(*seconds))]
        }
        Verdict::Replayed { .. } if by_backup_code => {
            vec![(Tone::Reason, "This backup code was used already; take another one.".to_owned())]
        }
        Verdict::Replayed { next_in: 0 } => {
            vec![(
                Tone::Reason,
                "This code is used or too old; take the one that the app shows now.".to_owned(),
            )]
        }
        Verdict::Replayed { next_in } => {
            vec![(
                Tone::Reason,
                format!("This code is used or too old; the next one comes in {next_in} s."),
            )]
        }
        Verdict::ClockWentBack { .. } => {
            let text = "The clock of this system is behind, so that codes of the app cannot be checked. Use a backup code.";
            vec![(Tone::Reason, text.to_owned())]
        }
        Verdict::Changed => {
            vec![(Tone::Reason, "The enrolment has changed, log in again.".to_owned())]
        }
    }
}

/// Too soon after wrong codes.
pub fn wait(seconds: u64) -> String {
    format!("Too many wrong codes. Try again in {}, or use a backup code.", duration(seconds))
}

/// Locked until a backup code or an administrator unlocks.
pub fn locked() -> String {
    "Too many wrong codes. Codes of the app are locked: use a backup code, or ask an administrator to unlock them."
        .to_owned()
}

/// Wrong codes since the last login. Whose wait or lock has just ended must hear of it, and why.
fn since_login_text(failures: u32, opened: bool) -> Option<(Tone, String)> {
    let codes = counted(failures.into(), "wrong code");
    if opened {
        let text = format!(
            "{codes} since the last login. If they were not yours, somebody may know your password: change it. \
             Codes of the app work again."
        );
        return Some((Tone::Reason, text));
    }
    (failures > 0).then(|| (Tone::Information, format!("{codes} since the last login.")))
}

/// A backup code has cleared the budget.
fn budget_cleared_text(used: u32) -> Option<(Tone, String)> {
    let codes = counted(used.into(), "wrong code");
    let text =
        format!("{codes} of the app in the last 30 days; from now on they are counted anew.");
    let tone = if used < budget::WORTH_TELLING { Tone::Information } else { Tone::Reason };
    (used > 0).then_some((tone, text))
}

/// The budget is half used, or more: somebody guesses, again and again, and logins clear that.
fn budget_text(used: u32) -> Option<(Tone, String)> {
    let (codes, largest) = (counted(used.into(), "wrong code"), budget::LARGEST);
    let text = format!(
        "{codes} in the last 30 days; at {largest} codes of the app are locked. If they were not yours, \
         somebody may know your password: change it."
    );
    (used >= budget::WORTH_TELLING).then_some((Tone::Reason, text))
}

fn backup_codes_left_text(left: usize) -> (Tone, String) {
    match left {
        0 => (
            Tone::Reason,
            "That was the last backup code. Make new ones with `cloud2fa regenerate`.".to_owned(),
        ),
        left => (Tone::Information, format!("{} left.", counted(left as u64, "backup code"))),
    }
}

fn counted(number: u64, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
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

    fn accepted(
        failures_since_login: u32,
        budget_used: u32,
        opened: bool,
        by_backup_code: bool,
    ) -> Vec<(Tone, String)> {
        let verdict =
            Verdict::Accepted { backup_codes_left: 1, failures_since_login, budget_used, opened };
        of_verdict(&verdict, by_backup_code).into_iter().collect()
    }

    #[test]
    fn numbers_read_as_people_say_them() {
        let wait = |seconds| wait(seconds).replace(", or use a backup code", "");
        assert_eq!(wait(30), "Too many wrong codes. Try again in 30 s.");
        assert_eq!(wait(121), "Too many wrong codes. Try again in 3 min.");
        assert_eq!(wait(3600), "Too many wrong codes. Try again in 60 min.");
        let texts: Vec<_> = accepted(1, 1, false, true).into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["1 backup code left.", "1 wrong code since the last login."]);
    }

    #[test]
    fn the_last_backup_code_is_said_even_to_silent_programs() {
        let verdict = Verdict::Accepted {
            backup_codes_left: 0,
            failures_since_login: 0,
            budget_used: 0,
            opened: false,
        };
        assert_eq!(of_verdict(&verdict, true)[0].0, Tone::Reason);
        assert!(of_verdict(&verdict, false).is_empty());
    }

    #[test]
    fn whose_wait_or_lock_has_ended_is_told_why_even_by_silent_programs() {
        let [left, (tone, why)] = &accepted(57, 57, true, true)[..] else { panic!() };
        assert_eq!((left.0, *tone), (Tone::Information, Tone::Reason));
        assert!(why.starts_with("57 wrong codes since the last login. "), "{why}");
        assert!(why.contains("change it"), "{why}");
    }

    #[test]
    fn the_budget_is_told_when_it_is_cleared_and_at_each_login_from_half_of_it_on() {
        let last = |texts: Vec<(Tone, String)>| texts.into_iter().last();
        let cleared =
            "12 wrong codes of the app in the last 30 days; from now on they are counted anew.";
        assert_eq!(
            last(accepted(4, 12, false, true)),
            Some((Tone::Information, cleared.to_owned()))
        );
        assert_eq!(last(accepted(4, 300, true, true)).unwrap().0, Tone::Reason);
        assert_eq!(last(accepted(0, 149, false, false)), None);
        let (tone, text) = last(accepted(0, 150, false, false)).unwrap();
        assert_eq!(tone, Tone::Reason);
        assert!(text.starts_with("150 wrong codes in the last 30 days; at 300 "), "{text}");
    }
}
