//! What the user is told, and in which tone. The words are the library's.

#![forbid(unsafe_code)]

use crate::host::Tone;
use cloud2fa::words::{ENGLISH, Login};
use cloud2fa::{BackupCode, Factor, Token, Verdict, budget};

/// The module's language.
pub const WORDS: &Login = &ENGLISH.login;

/// The prompt, where password and code may come in one field, and where only a backup code is taken.
pub fn prompt(one_field: bool, backup_codes_alone: bool) -> &'static str {
    match (one_field, backup_codes_alone) {
        (false, false) => WORDS.verification_code,
        (false, true) => WORDS.backup_code,
        (true, false) => WORDS.password_and_verification_code,
        (true, true) => WORDS.password_and_backup_code,
    }
}

/// The answer is wrong; told alike whether there is an enrolment or not, since nobody must see who has one.
pub fn of_wrong(factor: Factor) -> &'static str {
    match factor {
        Factor::Token => WORDS.wrong_code,
        Factor::BackupCode => WORDS.wrong_backup_code,
    }
}

/// The answer cannot be a code.
pub fn of_misshapen(one_field: bool) -> &'static str {
    if one_field { WORDS.no_code_behind_password } else { WORDS.not_a_code }
}

/// What of an answer of so many bytes is said of which only its length is known.
pub fn of_length(length: usize, one_field: bool) -> &'static str {
    let factor = match length {
        Token::LENGTH => Some(Factor::Token),
        BackupCode::PRINTED_LENGTH => Some(Factor::BackupCode),
        _ => None,
    };
    factor.filter(|_| !one_field).map_or_else(|| of_misshapen(one_field), of_wrong)
}

/// What a verdict is explained with.
pub fn of_verdict(verdict: &Verdict, factor: Factor) -> Vec<(Tone, String)> {
    let by_backup_code = factor == Factor::BackupCode;
    let reason = match verdict {
        &Verdict::Accepted { backup_codes_left, failures_since_login, budget_used, opened } => {
            let left = by_backup_code.then(|| of_backup_codes_left(backup_codes_left));
            let since = since_login(failures_since_login, opened);
            let in_30_days = if !by_backup_code {
                of_budget(budget_used)
            } else if budget_used != failures_since_login {
                of_cleared_budget(budget_used)
            } else {
                // That number has just been told.
                None
            };
            return left.into_iter().chain(since).chain(in_30_days).collect();
        }
        Verdict::Wrong { locked: true, .. } | Verdict::Locked => WORDS.locked.to_owned(),
        Verdict::Wrong { wait_seconds: 0, .. } => of_wrong(factor).to_owned(),
        Verdict::Wrong { wait_seconds: seconds, .. } | Verdict::Wait { seconds } => {
            (WORDS.must_wait)(*seconds)
        }
        Verdict::Replayed { .. } if by_backup_code => WORDS.backup_code_is_used.to_owned(),
        Verdict::Replayed { next_in: 0 } => WORDS.code_is_used.to_owned(),
        Verdict::Replayed { next_in } => (WORDS.code_is_used_next_in)(*next_in),
        Verdict::ClockWentBack { .. } => WORDS.clock_is_behind.to_owned(),
        Verdict::Changed => WORDS.enrolment_has_changed.to_owned(),
    };
    vec![(Tone::Reason, reason)]
}

/// Wrong codes since the last login. Whose wait or lock has just ended must hear of it, and why.
fn since_login(failures: u32, opened: bool) -> Option<(Tone, String)> {
    if opened {
        return Some((Tone::Reason, (WORDS.wrong_since_login_and_opened)(failures)));
    }
    (failures > 0).then(|| (Tone::Information, (WORDS.wrong_since_login)(failures)))
}

/// A backup code has cleared the budget.
fn of_cleared_budget(used: u32) -> Option<(Tone, String)> {
    let tone = if used < budget::WORTH_TELLING { Tone::Information } else { Tone::Reason };
    (used > 0).then(|| (tone, (WORDS.budget_cleared)(used)))
}

/// The budget is half used, or more: somebody guesses, again and again, and logins clear that.
fn of_budget(used: u32) -> Option<(Tone, String)> {
    let text = || (WORDS.budget_used)(used, budget::LARGEST);
    (used >= budget::WORTH_TELLING).then(|| (Tone::Reason, text()))
}

fn of_backup_codes_left(left: usize) -> (Tone, String) {
    match left {
        0 => (Tone::Reason, WORDS.last_backup_code.to_owned()),
        left => (Tone::Information, (WORDS.backup_codes_left)(left)),
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
        let factor = if by_backup_code { Factor::BackupCode } else { Factor::Token };
        of_verdict(&verdict, factor)
    }

    #[test]
    fn what_is_left_is_said_before_what_was_wrong() {
        let texts: Vec<_> = accepted(1, 1, false, true).into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["1 backup code left.", "1 wrong code since your last login."]);
    }

    #[test]
    fn the_last_backup_code_is_said_even_to_silent_programs() {
        let verdict = Verdict::Accepted {
            backup_codes_left: 0,
            failures_since_login: 0,
            budget_used: 0,
            opened: false,
        };
        assert_eq!(of_verdict(&verdict, Factor::BackupCode)[0].0, Tone::Reason);
        assert!(of_verdict(&verdict, Factor::Token).is_empty());
    }

    #[test]
    fn whose_wait_or_lock_has_ended_is_told_why_even_by_silent_programs() {
        let [left, (tone, why)] = &accepted(57, 57, true, true)[..] else { panic!() };
        assert_eq!((left.0, *tone), (Tone::Information, Tone::Reason));
        assert!(why.starts_with("57 wrong codes since your last login. "), "{why}");
        assert!(why.contains("change it"), "{why}");
    }

    #[test]
    fn the_budget_is_told_when_it_is_cleared_and_at_each_login_from_half_of_it_on() {
        let last = |texts: Vec<(Tone, String)>| texts.into_iter().last();
        let cleared = "12 wrong codes in the last 30 days; the count starts again now.";
        assert_eq!(
            last(accepted(4, 12, false, true)),
            Some((Tone::Information, cleared.to_owned()))
        );
        assert_eq!(last(accepted(4, 300, true, true)).unwrap().0, Tone::Reason);
        assert_eq!(last(accepted(0, 149, false, false)), None);
        let (tone, text) = last(accepted(0, 150, false, false)).unwrap();
        assert_eq!(tone, Tone::Reason);
        assert!(text.starts_with("150 wrong codes in the last 30 days; at 300, "), "{text}");
    }
}
