//! The decision: what an answer is worth to an account at a time. Pure: no clock, no disk, no PAM.

use crate::account::{Account, Enrolment, Usage};
use crate::answer::Factor;
use crate::backup_codes::CodeHash;
use crate::history::{Entry, Origin, Outcome};
use crate::rules::Rules;
use crate::throttle::Throttle;
use crate::time::UnixTime;
use crate::totp::{Secret, TimeStep, Token};

/// An answer as the decision needs it: a backup code comes hashed, since that takes
/// long and is done before the account is locked.
#[derive(Debug, Clone)]
pub enum Claim {
    /// Six digits.
    Token(Token),
    /// A backup code's hash, under the salt of the account's generation.
    BackupCode(CodeHash),
}

impl Claim {
    /// Which kind of code this is.
    pub fn factor(&self) -> Factor {
        match self {
            Self::Token(_) => Factor::Token,
            Self::BackupCode(_) => Factor::BackupCode,
        }
    }
}

/// Why an answer is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To log in: a right code is spent.
    Login,
    /// To try whether a code would work: a right one is not spent and clears nothing, a wrong one counts.
    Trial,
}

/// What an answer is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Right. A login spends it.
    Accepted {
        /// Backup codes that are left.
        backup_codes_left: usize,
        /// Wrong codes since the login before.
        failures_since_login: u32,
        /// Wrong tokens of the last 30 days. A login by backup code sets them to zero, one by token does not.
        budget_used: u32,
        /// Whether a wait or a lock was ended: by this login, or by root since the one before.
        opened: bool,
    },
    /// Not a code of this account.
    Wrong {
        /// Wrong tokens in a row, with this one if it is one.
        failures: u32,
        /// Seconds until the next token is evaluated, if this one costs that. A backup code costs nothing.
        wait_seconds: u64,
        /// Whether this one has locked tokens out.
        locked: bool,
    },
    /// A code of this account that is used already, or older than one that is.
    Replayed {
        /// Seconds until the app shows one that can work; 0 if it does now, or for a backup code.
        next_in: u64,
    },
    /// A token, while the clock is behind the last accepted step: refused unseen.
    ClockWentBack {
        /// Seconds that the clock is behind, at least.
        behind_by: u64,
    },
    /// A token, not evaluated: too soon after wrong ones.
    Wait {
        /// Seconds that are left.
        seconds: u64,
    },
    /// A token, not evaluated: locked out until a right backup code or an administrator unlocks.
    Locked,
    /// Not evaluated: the enrolment is not the one that was asked for.
    Changed,
}

impl Verdict {
    /// Whether the answer was looked at. Only then there is something to write down, and always.
    pub fn is_of_an_evaluation(&self) -> bool {
        matches!(self, Self::Accepted { .. } | Self::Wrong { .. } | Self::Replayed { .. })
    }
}

/// Decides on a claim made at `origin`. Gives the verdict and the account as it must be written
/// down before anything that depends on the verdict is said.
pub fn decide(
    account: &Account,
    claim: &Claim,
    purpose: Purpose,
    origin: &Origin,
    now: UnixTime,
    rules: &Rules,
) -> (Verdict, Account) {
    let mut account = account.clone();
    let usage = &mut account.usage;
    usage.anchor_wait(now);
    let verdict = match (&account.enrolment, claim.factor()) {
        (None, _) => Verdict::Changed,
        (Some(_), Factor::Token) if usage.is_locked(now) => Verdict::Locked,
        (Some(_), Factor::Token) if usage.wait_left(now) > 0 => {
            Verdict::Wait { seconds: usage.wait_left(now) }
        }
        (Some(enrolment), factor) => {
            match (judge(enrolment, usage, claim, now, rules.skew), factor) {
                (Judged::Wrong, Factor::Token) => wrong_token(usage, now, &rules.throttle),
                (Judged::Wrong, Factor::BackupCode) => wrong_backup_code(usage),
                (Judged::Used { next_in }, _) => Verdict::Replayed { next_in },
                (Judged::ClockWentBack { behind_by }, _) => Verdict::ClockWentBack { behind_by },
                (Judged::RightToken(start), _) => right_token(usage, now, purpose, start),
                (Judged::RightBackupCode(position), _) => {
                    right_backup_code(usage, now, purpose, position)
                }
            }
        }
    };
    keep_in_history(usage, &verdict, purpose, claim.factor(), origin, now);
    (verdict, account)
}

/// Adds a verdict to the last decisions, where it is one of them.
pub(crate) fn keep_in_history(
    usage: &mut Usage,
    verdict: &Verdict,
    purpose: Purpose,
    factor: Factor,
    origin: &Origin,
    now: UnixTime,
) {
    if let Some(outcome) = outcome_to_keep(verdict, purpose) {
        let origin = origin.clone();
        usage.history.add(Entry { at: now, outcome, factor, origin, times: 1 });
    }
}

/// What the last decisions have of a verdict. A trial is no login; a wrong code at one is a guess.
fn outcome_to_keep(verdict: &Verdict, purpose: Purpose) -> Option<Outcome> {
    match (verdict, purpose) {
        (Verdict::Wrong { .. }, _) => Some(Outcome::Wrong),
        (Verdict::Accepted { .. }, Purpose::Login) => Some(Outcome::Accepted),
        (Verdict::Replayed { .. }, Purpose::Login) => Some(Outcome::Replayed),
        _ => None,
    }
}

/// What a claim is, whatever stands against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judged {
    /// Not a code of the account.
    Wrong,
    /// One that is used, or older than one that is; seconds until the app shows one that can work.
    Used { next_in: u64 },
    /// A token, while the clock is so many seconds behind the last accepted step.
    ClockWentBack { behind_by: u64 },
    /// The token of the step that begins then.
    RightToken(UnixTime),
    /// The backup code at that position.
    RightBackupCode(usize),
}

/// Judges a claim of an enrolled account. Nothing is spent or counted by it.
pub(crate) fn judge(
    enrolment: &Enrolment,
    usage: &Usage,
    claim: &Claim,
    now: UnixTime,
    skew: u64,
) -> Judged {
    match claim {
        Claim::Token(token) => {
            let (secret, phone) = (&enrolment.secret, enrolment.phone_time(now));
            if let Some(behind_by) = clock_went_back(secret, usage, phone, skew) {
                return Judged::ClockWentBack { behind_by };
            }
            let step = secret.latest_step_of(token, phone, skew);
            match step.map(|step| secret.start_of(step)) {
                None => Judged::Wrong,
                Some(start) if usage.last_step_at.is_some_and(|last| start <= last) => {
                    Judged::Used { next_in: next_token_in(secret, usage, phone) }
                }
                Some(start) => Judged::RightToken(start),
            }
        }
        // 65 random bits cannot be guessed: neither a wait nor a lock keeps their owner out.
        Claim::BackupCode(hash) => match enrolment.backup_codes.position(hash) {
            None => Judged::Wrong,
            Some(position) if usage.spent.contains(position) => Judged::Used { next_in: 0 },
            Some(position) => Judged::RightBackupCode(position),
        },
    }
}

/// Seconds that the clock is behind, at least, where the last accepted step is beyond the
/// window: the clock was set back, and every token of now may have been seen before.
fn clock_went_back(secret: &Secret, usage: &Usage, phone: UnixTime, skew: u64) -> Option<u64> {
    let last = usage.last_step_at?;
    let here = secret.step_at(phone);
    let horizon = secret.start_of(TimeStep(here.0.saturating_add(skew)));
    let reach = secret.start_of(TimeStep(skew)).0;
    (last > horizon).then(|| UnixTime(last.0.saturating_sub(reach)).since(phone))
}

/// Seconds until a clock that is right shows a token later than the last accepted one;
/// 0 where it shows one already.
fn next_token_in(secret: &Secret, usage: &Usage, phone: UnixTime) -> u64 {
    let next = usage.last_step_at.map(|last| last.plus(secret.parameters().period()));
    next.map_or(0, |next| next.since(phone))
}

/// Counts a wrong token, and begins the wait or the lock that it costs.
fn wrong_token(usage: &mut Usage, now: UnixTime, throttle: &Throttle) -> Verdict {
    usage.failures = usage.failures.saturating_add(1);
    usage.failures_since_login = usage.failures_since_login.saturating_add(1);
    usage.budget.count(now);
    usage.wait = throttle.wait_from(now, usage.failures);
    let wait_seconds = usage.wait.map_or(0, |wait| wait.seconds);
    usage.locked = throttle.locks_at(usage.failures) || usage.budget.is_used_up(now);
    Verdict::Wrong { failures: usage.failures, wait_seconds, locked: usage.locked }
}

/// Counts a wrong backup code for its owner to be told, and for nothing else: who could make
/// somebody wait with such ones could do it also during a wait.
fn wrong_backup_code(usage: &mut Usage) -> Verdict {
    usage.failures_since_login = usage.failures_since_login.saturating_add(1);
    Verdict::Wrong { failures: usage.failures, wait_seconds: 0, locked: false }
}

/// Accepts the token of the step that begins at `start`; a login spends it. What the budget has counted stays: else four wrong codes
/// behind each right one would never cost anything.
fn right_token(usage: &mut Usage, now: UnixTime, purpose: Purpose, start: UnixTime) -> Verdict {
    let (failures_since_login, budget_used) = (usage.failures_since_login, usage.budget.used(now));
    let mut opened = false;
    if purpose == Purpose::Login {
        usage.last_step_at = Some(start);
        usage.clear_failures();
        opened = logged_in(usage, now);
    }
    let backup_codes_left = usage.spent.left();
    Verdict::Accepted { backup_codes_left, failures_since_login, budget_used, opened }
}

/// Accepts a backup code; a login spends it, and with it all that wrong tokens have cost is over.
fn right_backup_code(
    usage: &mut Usage,
    now: UnixTime,
    purpose: Purpose,
    position: usize,
) -> Verdict {
    let (failures_since_login, budget_used) = (usage.failures_since_login, usage.budget.used(now));
    let mut opened = false;
    if purpose == Purpose::Login {
        usage.spent.insert(position);
        let opened_here = usage.clear_all_failures(now).opened;
        opened = logged_in(usage, now) || opened_here;
    }
    let backup_codes_left = usage.spent.left();
    Verdict::Accepted { backup_codes_left, failures_since_login, budget_used, opened }
}

/// Says whether root has opened a wait or a lock since the login before, of which this one tells.
fn logged_in(usage: &mut Usage, now: UnixTime) -> bool {
    usage.failures_since_login = 0;
    usage.last_used = Some(now);
    usage.take_opened()
}
