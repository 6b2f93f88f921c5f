//! What the user is told. Little: enough to know what to do next.

#![forbid(unsafe_code)]

use cloud2fa::Verdict;

use crate::host::Tone;

/// The prompt. People's scripts expect this one.
pub const PROMPT: &str = "Verification code: ";

/// The prompt where password and code come in one field.
pub const ONE_FIELD_PROMPT: &str = "Password & verification code: ";

/// The store cannot be asked, or the verdict cannot be written down.
pub const UNAVAILABLE: &str = "The second factor cannot be checked now. The system's log says why.";

/// What a verdict is explained with. `by_backup_code`: whether that was the answer.
pub fn of_verdict(verdict: &Verdict, by_backup_code: bool) -> Vec<(Tone, String)> {
    match verdict {
        Verdict::Accepted { backup_codes_left, failures_since_login } => {
            let mut texts = Vec::new();
            if by_backup_code {
                texts.push(backup_codes_left_text(*backup_codes_left));
            }
            if *failures_since_login > 0 {
                let codes = counted(u64::from(*failures_since_login), "wrong code");
                texts.push((Tone::Information, format!("{codes} since the last login.")));
            }
            texts
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
    format!("Too many wrong codes. Try again in {}.", duration(seconds))
}

/// Locked until an administrator unlocks.
pub fn locked() -> String {
    "Too many wrong codes. The second factor is locked until an administrator unlocks it."
        .to_owned()
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

    #[test]
    fn numbers_read_as_people_say_them() {
        assert_eq!(wait(30), "Too many wrong codes. Try again in 30 s.");
        assert_eq!(wait(121), "Too many wrong codes. Try again in 3 min.");
        assert_eq!(wait(3600), "Too many wrong codes. Try again in 60 min.");
        let verdict = Verdict::Accepted { backup_codes_left: 1, failures_since_login: 1 };
        let texts: Vec<_> = of_verdict(&verdict, true).into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["1 backup code left.", "1 wrong code since the last login."]);
    }

    #[test]
    fn the_last_backup_code_is_said_even_to_silent_programs() {
        let verdict = Verdict::Accepted { backup_codes_left: 0, failures_since_login: 0 };
        assert_eq!(of_verdict(&verdict, true)[0].0, Tone::Reason);
        assert!(of_verdict(&verdict, false).is_empty());
    }
}
