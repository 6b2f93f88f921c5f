//! What the user is told, and in which tone. The words are the library's.

#![forbid(unsafe_code)]

use crate::host::Tone;
use cloud2fa::words::Login;
use cloud2fa::{BackupCode, Factor, Token, Verdict, budget};
use std::borrow::Cow;

/// A text, whatever the language is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text {
    /// The store cannot be asked, or the verdict not written down.
    Unavailable,
    /// Somebody tries backup codes of this user.
    TryAgain,
    /// The answer is wrong; told alike whether there is an enrolment or not, since nobody must see who has one.
    Wrong(Factor),
    /// The answer cannot be a code.
    Misshapen {
        /// Where it has the password before it.
        one_field: bool,
    },
    /// The same, where nothing but a backup code is taken.
    NotABackupCode,
    /// The backup code was spent before.
    BackupCodeIsUsed,
    /// The code was used or is of before.
    CodeIsUsed {
        /// Seconds until the app shows the next one; 0 if it does now.
        next_in: u64,
    },
    /// The system's clock has gone back.
    ClockIsBehind,
    /// Somebody has changed the enrolment since the question.
    EnrolmentHasChanged,
    /// So many seconds are left.
    MustWait(u64),
    /// Locked until a backup code or an administrator unlocks.
    Locked,
    /// Wrong codes since the last login.
    WrongSinceLogin {
        /// So many.
        count: u32,
        /// A wait or a lock has just ended.
        opened: bool,
    },
    /// So many in 30 days, which a backup code has cleared.
    BudgetCleared(u32),
    /// So many in 30 days.
    BudgetUsed(u32),
    /// So many backup codes are left.
    BackupCodesLeft(usize),
}

impl Text {
    /// In the language of these words.
    pub fn by(self, words: &Login) -> Cow<'static, str> {
        let said = match self {
            Self::CodeIsUsed { next_in: seconds @ 1.. } => (words.code_is_used_next_in)(seconds),
            Self::MustWait(seconds) => (words.must_wait)(seconds),
            Self::WrongSinceLogin { count, opened: false } => (words.wrong_since_login)(count),
            Self::WrongSinceLogin { count, opened: true } => {
                (words.wrong_since_login_and_opened)(count)
            }
            Self::BudgetCleared(count) => (words.budget_cleared)(count),
            Self::BudgetUsed(count) => (words.budget_used)(count, budget::LARGEST),
            Self::BackupCodesLeft(left @ 1..) => (words.backup_codes_left)(left),
            fixed => return Cow::Borrowed(fixed.without_numbers(words)),
        };
        Cow::Owned(said)
    }

    fn without_numbers(self, words: &Login) -> &'static str {
        match self {
            Self::TryAgain => words.try_again,
            Self::Wrong(Factor::Token) => words.wrong_code,
            Self::Wrong(Factor::BackupCode) => words.wrong_backup_code,
            Self::Misshapen { one_field: false } => words.not_a_code,
            Self::Misshapen { one_field: true } => words.no_code_behind_password,
            Self::NotABackupCode => words.not_a_backup_code,
            Self::BackupCodeIsUsed => words.backup_code_is_used,
            Self::CodeIsUsed { .. } => words.code_is_used,
            Self::ClockIsBehind => words.clock_is_behind,
            Self::EnrolmentHasChanged => words.enrolment_has_changed,
            Self::Locked => words.locked,
            Self::BackupCodesLeft(_) => words.last_backup_code,
            // The others have numbers.
            _ => words.unavailable,
        }
    }
}

/// The prompt, where password and code may come in one field, and where only a backup code is taken.
pub fn prompt(words: &Login, one_field: bool, backup_codes_alone: bool) -> &'static str {
    match (one_field, backup_codes_alone) {
        (false, false) => words.verification_code,
        (false, true) => words.backup_code,
        (true, false) => words.password_and_verification_code,
        (true, true) => words.password_and_backup_code,
    }
}

/// What of an answer of so many bytes is said of which only its length is known.
pub fn of_length(length: usize, one_field: bool) -> Text {
    match length {
        Token::LENGTH if !one_field => Text::Wrong(Factor::Token),
        BackupCode::PRINTED_LENGTH if !one_field => Text::Wrong(Factor::BackupCode),
        _ => Text::Misshapen { one_field },
    }
}

/// What a verdict is explained with.
pub fn of_verdict(verdict: &Verdict, factor: Factor) -> Vec<(Tone, Text)> {
    let by_backup_code = factor == Factor::BackupCode;
    let reason = match *verdict {
        Verdict::Accepted { backup_codes_left, failures_since_login, budget_used, opened } => {
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
        Verdict::Wrong { locked: true, .. } | Verdict::Locked => Text::Locked,
        Verdict::Wrong { wait_seconds: 0, .. } => Text::Wrong(factor),
        Verdict::Wrong { wait_seconds: seconds, .. } | Verdict::Wait { seconds } => {
            Text::MustWait(seconds)
        }
        Verdict::Replayed { .. } if by_backup_code => Text::BackupCodeIsUsed,
        Verdict::Replayed { next_in } => Text::CodeIsUsed { next_in },
        Verdict::ClockWentBack { .. } => Text::ClockIsBehind,
        Verdict::Changed => Text::EnrolmentHasChanged,
    };
    vec![(Tone::Reason, reason)]
}

/// Wrong codes since the last login. Whose wait or lock has just ended must hear of it, and why.
fn since_login(count: u32, opened: bool) -> Option<(Tone, Text)> {
    let tone = if opened { Tone::Reason } else { Tone::Information };
    (opened || count > 0).then_some((tone, Text::WrongSinceLogin { count, opened }))
}

/// A backup code has cleared the budget.
fn of_cleared_budget(used: u32) -> Option<(Tone, Text)> {
    let tone = if used < budget::WORTH_TELLING { Tone::Information } else { Tone::Reason };
    (used > 0).then_some((tone, Text::BudgetCleared(used)))
}

/// The budget is half used, or more: somebody guesses, again and again, and logins clear that.
fn of_budget(used: u32) -> Option<(Tone, Text)> {
    (used >= budget::WORTH_TELLING).then_some((Tone::Reason, Text::BudgetUsed(used)))
}

fn of_backup_codes_left(left: usize) -> (Tone, Text) {
    let tone = if left == 0 { Tone::Reason } else { Tone::Information };
    (tone, Text::BackupCodesLeft(left))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloud2fa::words::ENGLISH;

    fn accepted(
        failures_since_login: u32,
        budget_used: u32,
        opened: bool,
        by_backup_code: bool,
    ) -> Vec<(Tone, String)> {
        let verdict =
            Verdict::Accepted { backup_codes_left: 1, failures_since_login, budget_used, opened };
        let factor = if by_backup_code { Factor::BackupCode } else { Factor::Token };
        let texts = of_verdict(&verdict, factor).into_iter();
        texts.map(|(tone, text)| (tone, text.by(&ENGLISH.login).into_owned())).collect()
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
