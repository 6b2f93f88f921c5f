//! An independent model of the decision, written from DESIGN.md section 4 and not from the code.

use crate::accounts::hash;
use cloud2fa::account::Usage;
use cloud2fa::backup_codes::CODES;
use cloud2fa::decide::{Claim, Policy, Purpose, Verdict};
use cloud2fa::throttle::{Throttle, Wait};
use cloud2fa::{Secret, TimeStep, UnixTime};

/// The length of the wait after `failures`, as DESIGN.md section 4 says it.
pub fn wait_after(failures: u32, throttle: &Throttle) -> u64 {
    if failures < throttle.free_failures {
        return 0;
    }
    let mut wait = throttle.first_wait;
    for _ in throttle.free_failures..failures {
        wait *= 2;
    }
    wait.min(throttle.longest_wait)
}

/// What a claim must be worth, and what the usage must be afterwards.
pub fn model(
    before: &Usage,
    secret: &Secret,
    claim: &Claim,
    now: UnixTime,
    policy: &Policy,
    purpose: Purpose,
) -> (&'static str, Usage) {
    let mut usage = before.clone();
    if let Some(wait) = usage.wait.as_mut().filter(|wait| now < wait.from) {
        wait.from = now;
    }
    if usage.locked {
        return ("locked", usage);
    }
    if usage.wait.is_some_and(|wait| now.0 < wait.from.0 + wait.seconds) {
        return ("wait", usage);
    }
    let here = now.0 / 30;
    let mut spent = usage.clone();
    // Whether the code is still unused; none where it is wrong.
    let fresh = match claim {
        Claim::Token(token) => {
            if usage.last_step_at.is_some_and(|last| last.0 / 30 > here + policy.skew) {
                return ("clock went back", usage);
            }
            let window = here.saturating_sub(policy.skew)..=here + policy.skew;
            let step = window.map(TimeStep).filter(|step| secret.token_at(*step) == *token).max();
            spent.last_step_at = step.map(|step| UnixTime(30 * step.0));
            step.map(|step| usage.last_step_at.is_none_or(|last| step.0 > last.0 / 30))
        }
        Claim::BackupCode(typed) => {
            let position = (0..CODES).find(|position| hash(*position) == *typed);
            position.map(|position| {
                spent.spent.insert(position);
                !usage.spent.contains(position)
            })
        }
    };
    match fresh {
        Some(true) if purpose == Purpose::Trial => ("accepted", usage),
        Some(true) => {
            (spent.failures, spent.failures_since_login) = (0, 0);
            (spent.wait, spent.locked) = (None, false);
            spent.last_used = Some(now);
            ("accepted", spent)
        }
        Some(false) => ("replayed", usage),
        None => {
            usage.failures += 1;
            usage.failures_since_login += 1;
            let seconds = wait_after(usage.failures, &policy.throttle);
            usage.wait = (seconds > 0).then_some(Wait { from: now, seconds });
            usage.locked = usage.failures >= policy.throttle.lock_after;
            ("wrong", usage)
        }
    }
}

/// The verdict in a word, as [`model`] says it.
pub fn kind(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted { .. } => "accepted",
        Verdict::Wrong { .. } => "wrong",
        Verdict::Replayed { .. } => "replayed",
        Verdict::ClockWentBack { .. } => "clock went back",
        Verdict::Wait { .. } => "wait",
        Verdict::Locked => "locked",
        Verdict::Changed => "changed",
    }
}
