//! The decision: what an answer is worth to an account at a time. Pure: no clock, no disk, no PAM.

use crate::account::{Account, Enrolment, Usage};
use crate::backup_codes::CodeHash;
use crate::throttle::{Throttle, Wait};
use crate::{Secret, TimeStep, Token, UnixTime};

/// The rules that the administrator sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How many steps a phone's clock may be off, either side (RFC 6238 section 5.2: at most one is recommended).
    pub skew: u64,
    /// What wrong codes cost.
    pub throttle: Throttle,
}

impl Default for Policy {
    fn default() -> Self {
        Self { skew: 1, throttle: Throttle::default() }
    }
}

/// Which kind of code was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    /// Six digits of the app.
    Token,
    /// One of the printed codes.
    BackupCode,
}

/// An answer as the decision needs it: a backup code comes hashed, since that takes
/// long and is done before the account is locked.
#[derive(Debug, Clone)]
pub enum Claim {
    /// Six digits.
    Token(Token),
    /// A backup code's hash, under the salt of the account's generation.
    BackupCode(CodeHash),
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
    },
    /// Not a code of this account.
    Wrong {
        /// Wrong codes in a row, with this one.
        failures: u32,
        /// Seconds until the next evaluation.
        wait_seconds: u64,
        /// Whether this one locked the factor.
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
    /// Not evaluated: too soon after wrong codes.
    Wait {
        /// Seconds that are left.
        seconds: u64,
    },
    /// Not evaluated: locked until an administrator unlocks.
    Locked,
    /// Not evaluated: the enrolment is not the one that was asked for.
    Changed,
}

/// Decides on a claim. Gives the verdict and the account as it must be written down
/// before anything that depends on the verdict is said.
pub fn decide(
    account: &Account,
    claim: &Claim,
    now: UnixTime,
    policy: &Policy,
    purpose: Purpose,
) -> (Verdict, Account) {
    let mut account = account.clone();
    account.usage.anchor_wait(now);
    let verdict = match &account.enrolment {
        None => Verdict::Changed,
        Some(enrolment) => judge(enrolment, &mut account.usage, claim, now, policy, purpose),
    };
    (verdict, account)
}

/// Decides on a claim of an enrolled account.
fn judge(
    enrolment: &Enrolment,
    usage: &mut Usage,
    claim: &Claim,
    now: UnixTime,
    policy: &Policy,
    purpose: Purpose,
) -> Verdict {
    if usage.locked {
        return Verdict::Locked;
    }
    let seconds = usage.wait_left(now);
    if seconds > 0 {
        return Verdict::Wait { seconds };
    }
    match claim {
        Claim::Token(token) => {
            let (secret, phone) = (&enrolment.secret, enrolment.phone_time(now));
            if let Some(behind_by) = clock_went_back(secret, usage, phone, policy.skew) {
                return Verdict::ClockWentBack { behind_by };
            }
            let step = secret.latest_step_of(token, phone, policy.skew);
            match step.map(|step| secret.start_of(step)) {
                None => wrong(usage, now, &policy.throttle),
                Some(start) if usage.last_step_at.is_some_and(|last| start <= last) => {
                    Verdict::Replayed { next_in: next_token_in(secret, usage, phone) }
                }
                Some(start) => right(usage, now, purpose, |usage| usage.last_step_at = Some(start)),
            }
        }
        Claim::BackupCode(hash) => match enrolment.backup_codes.position(hash) {
            None => wrong(usage, now, &policy.throttle),
            Some(position) if usage.spent.contains(position) => Verdict::Replayed { next_in: 0 },
            Some(position) => right(usage, now, purpose, |usage| usage.spent.insert(position)),
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

/// Counts a wrong code, and begins the wait or the lock that it costs.
fn wrong(usage: &mut Usage, now: UnixTime, throttle: &Throttle) -> Verdict {
    usage.failures = usage.failures.saturating_add(1);
    usage.failures_since_login = usage.failures_since_login.saturating_add(1);
    let wait_seconds = throttle.wait_after(usage.failures);
    usage.wait = (wait_seconds > 0).then_some(Wait { from: now, seconds: wait_seconds });
    usage.locked = throttle.locks_at(usage.failures);
    Verdict::Wrong { failures: usage.failures, wait_seconds, locked: usage.locked }
}

/// Accepts; a login spends the code and clears what the failures before cost.
fn right(
    usage: &mut Usage,
    now: UnixTime,
    purpose: Purpose,
    spend: impl FnOnce(&mut Usage),
) -> Verdict {
    let failures_since_login = usage.failures_since_login;
    if purpose == Purpose::Login {
        spend(usage);
        usage.clear_failures();
        usage.failures_since_login = 0;
        usage.last_used = Some(now);
    }
    Verdict::Accepted { backup_codes_left: usage.spent.left(), failures_since_login }
}
