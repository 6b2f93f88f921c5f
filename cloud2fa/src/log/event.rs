//! What there is to log of a decision, whoever it was made for.

use super::{Decision, Reason, Severity};
use crate::account::Cleared;
use crate::answer::Factor;
use crate::backup_codes::HashError;
use crate::budget;
use crate::decide::Verdict;
use crate::enrolment::NotProven;
use crate::store::{OldCopy, StoreError};
use crate::user::UserName;
use nix::errno::Errno;

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What was decided.
    pub decision: Decision,
    /// Why.
    pub reason: Reason,
    /// How much it matters.
    pub severity: Severity,
    /// Which kind of code was evaluated.
    pub factor: Option<Factor>,
    /// Wrong codes in a row.
    pub failures: u32,
    /// Seconds until the next evaluation.
    pub wait: u64,
    /// What an administrator should know besides.
    pub detail: Option<String>,
}

impl Event {
    /// A refusal.
    pub fn refused(reason: Reason) -> Self {
        Self {
            decision: Decision::Refused,
            reason,
            severity: Severity::Notice,
            factor: None,
            failures: 0,
            wait: 0,
            detail: None,
        }
    }

    /// Anything but a refusal.
    pub fn done(decision: Decision, reason: Reason, factor: Option<Factor>) -> Self {
        Self { decision, severity: Severity::Info, factor, ..Self::refused(reason) }
    }

    /// The same, with more to know.
    #[must_use]
    pub fn with_detail(self, severity: Severity, detail: impl Into<String>) -> Self {
        Self { severity, detail: Some(detail.into()), ..self }
    }

    /// The same, with one more thing to know, which changes nothing of how much it matters.
    fn besides(self, more: String) -> Self {
        let detail = match self.detail {
            Some(detail) => format!("{detail}; {more}"),
            None => more,
        };
        Self { detail: Some(detail), ..self }
    }

    /// The same, where the enrolment is another name's than the one that the line is about.
    #[must_use]
    pub fn about_another(self, whose: &UserName) -> Self {
        self.besides(format!("the enrolment is {whose}'s"))
    }

    /// The same of a change, which the line is about, where another name was asked for.
    #[must_use]
    pub fn asked_for(self, name: &UserName) -> Self {
        self.besides(format!("asked for {name}, who has the same uid"))
    }

    /// Of what a code of this kind is worth.
    pub fn of_verdict(verdict: &Verdict, factor: Factor) -> Self {
        let event = match verdict {
            Verdict::Accepted { .. } => Self {
                detail: detail_of_accepted(verdict, factor),
                ..Self::done(Decision::Accepted, Reason::RightCode, None)
            },
            Verdict::Wrong { failures, wait_seconds, .. } => Self {
                failures: *failures,
                wait: *wait_seconds,
                ..Self::refused(Reason::WrongCode)
            },
            Verdict::Replayed { .. } => Self::refused(Reason::Replayed),
            Verdict::ClockWentBack { behind_by } => {
                let detail = format!(
                    "the clock is {behind_by} s behind the last accepted code: set it right; if it was ahead then, \
                     enable --replace helps; backup codes work"
                );
                Self::refused(Reason::ClockWentBack).with_detail(Severity::Notice, detail)
            }
            Verdict::Wait { seconds } => Self { wait: *seconds, ..Self::refused(Reason::Wait) },
            Verdict::Locked => Self::refused(Reason::Locked),
            Verdict::Changed => Self::refused(Reason::EnrolmentChanged),
        };
        Self { factor: Some(factor), ..event }
    }

    /// The same of a code that is only tried.
    pub fn of_trial(verdict: &Verdict, factor: Factor) -> Self {
        let event = Self::of_verdict(verdict, factor);
        // It clears nothing, either.
        let detail = event.detail.filter(|_| !matches!(verdict, Verdict::Accepted { .. }));
        let detail = detail.or_else(|| Some("a trial: a right code is not spent".to_owned()));
        Self { detail, ..event }
    }

    /// Of a code that does not prove a new key.
    pub fn of_not_proven(why: NotProven) -> Self {
        let event = Self { factor: Some(Factor::Token), ..Self::refused(Reason::NotProven) };
        match why {
            NotProven::WrongCode => event,
            NotProven::ClockOff { seconds } => {
                let detail = format!("the app's clock minus this system's is about {seconds} s");
                event.with_detail(Severity::Notice, detail)
            }
        }
    }

    /// The same, where a copy of what was before may be left.
    #[must_use]
    pub fn with_old_copy(self, old_copy: &OldCopy) -> Self {
        let OldCopy::Left(error) = old_copy else { return self };
        let detail = format!(
            "the old copy in the account file could not be wiped ({error}); the next change does it"
        );
        self.with_detail(Severity::Notice, detail)
    }

    /// The same, where that has cleared what stood against the user's tokens. Said behind what
    /// there is to know already.
    #[must_use]
    pub fn with_cleared(self, cleared: Cleared) -> Self {
        let said = self.detail.into_iter().chain(detail_of_cleared(cleared));
        let detail = Some(said.collect::<Vec<_>>().join("; ")).filter(|detail| !detail.is_empty());
        Self { detail, ..self }
    }

    /// The same, where so many of the user's tokens were wrong in 30 days.
    #[must_use]
    pub fn with_budget_used(self, used: u32) -> Self {
        Self { detail: self.detail.or_else(|| detail_of_budget(used)), ..self }
    }

    /// Of a store that did not do what it was asked for.
    pub fn of_store_error(error: &StoreError) -> Self {
        let is_busy = matches!(error, StoreError::Busy { .. } | StoreError::Hashing(_));
        let healthy = is_busy || is_a_limit_of_the_caller(error);
        let severity = if healthy { Severity::Notice } else { Severity::Alert };
        Self::refused(Reason::StoreUnavailable).with_detail(severity, error.to_string())
    }
}

/// What an administrator should know of a right code besides.
fn detail_of_accepted(verdict: &Verdict, factor: Factor) -> Option<String> {
    let Verdict::Accepted { failures_since_login, budget_used, opened, .. } = *verdict else {
        return None;
    };
    match factor {
        Factor::Token => detail_of_budget(budget_used),
        Factor::BackupCode => {
            detail_of_cleared(Cleared { failures_since_login, budget_used, opened })
        }
    }
}

fn detail_of_cleared(cleared: Cleared) -> Option<String> {
    let Cleared { failures_since_login, budget_used, opened } = cleared;
    if opened {
        return Some(format!(
            "a wait or lock is over; wrong codes since the last login: {failures_since_login}, \
             of the app in 30 days: {budget_used}"
        ));
    }
    (budget_used > 0)
        .then(|| format!("wrong codes of the app in 30 days: {budget_used}, which count no more"))
}

fn detail_of_budget(used: u32) -> Option<String> {
    let largest = budget::LARGEST;
    (used >= budget::WORTH_TELLING)
        .then(|| format!("wrong codes of the app in 30 days: {used} of {largest}"))
}

/// Whether the store may be as healthy as ever: with `ulimit` anybody can make this happen
/// to their own su.
fn is_a_limit_of_the_caller(error: &StoreError) -> bool {
    let source = match error {
        StoreError::Io { source, .. } => source,
        // `ulimit -v`: Argon2 wants 9 MiB.
        StoreError::Hash(error) => return matches!(error, HashError::OutOfMemory),
        _ => return false,
    };
    let number = source.raw_os_error().map(Errno::from_raw);
    matches!(number, Some(Errno::EFBIG | Errno::EMFILE | Errno::ENOMEM))
}
