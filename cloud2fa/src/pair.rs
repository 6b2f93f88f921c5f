//! The decision where a daemon asks that verifies codes for others: what wrong tokens cost there is of the
//! pair of user and daemon, so that one that was taken over locks nobody out anywhere else. Pure, as
//! [`crate::decide()`] is.

use crate::account::{Account, Toll, Usage};
use crate::answer::Factor;
use crate::budget::{Budget, LARGEST};
use crate::decide::{Claim, Judged, Purpose, Verdict, judge, keep_in_history};
use crate::history::Origin;
use crate::rules::Rules;
use crate::throttle::{Shut, Throttle};
use crate::time::UnixTime;
use crate::user::UserName;

/// Wrong tokens of one pair that are evaluated on one day (UTC).
pub const EACH_DAY: u32 = 30;

/// Wrong tokens of one pair that are evaluated in any 30 days: a third of the user's.
pub const EACH_MONTH: u32 = LARGEST / 3;

/// Why no token of the pair is evaluated. `None` if one is. What has shut the user's own logins is none of it,
/// but for the budget, which is the user's everywhere.
pub fn shut(usage: &Usage, toll: &Toll, now: UnixTime) -> Option<Shut> {
    let budget_used = toll.budget.used(now);
    let locked = toll.locked || budget_used >= EACH_MONTH || usage.budget.is_used_up(now);
    let day_is_over = toll.budget.used_today(now) >= EACH_DAY;
    let until_tomorrow = if day_is_over { Budget::left_of_the_day(now) } else { 0 };
    let wait_seconds = toll.wait.map_or(0, |wait| wait.left(now)).max(until_tomorrow);
    let failures = toll.failures;
    (locked || wait_seconds > 0).then_some(Shut { locked, wait_seconds, failures, budget_used })
}

/// Decides on a claim that `daemon` has brought. Gives the verdict, and the account as it must be written down
/// before anything that depends on it is said. The daemon hears nothing that is for the user's own logins, who
/// are told all of it there.
pub fn decide_for_pair(
    account: &Account,
    daemon: &UserName,
    claim: &Claim,
    origin: &Origin,
    now: UnixTime,
    rules: &Rules,
) -> (Verdict, Account) {
    let mut account = account.clone();
    let mut toll = account.usage.tolls.at(daemon);
    toll.anchor_wait(now);
    let (usage, enrolment) = (&mut account.usage, account.enrolment.as_ref());
    let Some(enrolment) = enrolment else { return (Verdict::Changed, account) };
    let shut = shut(usage, &toll, now).filter(|_| claim.factor() == Factor::Token);
    let verdict = match shut {
        Some(Shut { locked: true, .. }) => Verdict::Locked,
        Some(Shut { wait_seconds: seconds, .. }) => Verdict::Wait { seconds },
        None => {
            let judged = judge(enrolment, usage, claim, now, rules.skew);
            cost(&judged, claim.factor(), usage, &mut toll, now, &rules.throttle)
        }
    };
    if toll != usage.tolls.at(daemon) {
        usage.tolls.put(toll, now);
    }
    keep_in_history(usage, &verdict, Purpose::Login, claim.factor(), origin, now);
    (verdict, account)
}

/// What becomes of usage and toll, and what the daemon hears.
fn cost(
    judged: &Judged,
    factor: Factor,
    usage: &mut Usage,
    toll: &mut Toll,
    now: UnixTime,
    throttle: &Throttle,
) -> Verdict {
    let accepted = |backup_codes_left| {
        let (failures_since_login, budget_used, opened) = (0, 0, false);
        Verdict::Accepted { backup_codes_left, failures_since_login, budget_used, opened }
    };
    match *judged {
        Judged::Wrong => {
            usage.failures_since_login = usage.failures_since_login.saturating_add(1);
            wrong(factor, usage, toll, now, throttle)
        }
        Judged::Used { next_in } => Verdict::Replayed { next_in },
        Judged::ClockWentBack { behind_by } => Verdict::ClockWentBack { behind_by },
        Judged::RightToken(start) => {
            usage.last_step_at = Some(start);
            usage.last_used = Some(now);
            toll.clear_failures();
            accepted(0)
        }
        Judged::RightBackupCode(position) => {
            usage.spent.insert(position);
            usage.last_used = Some(now);
            // What it opens elsewhere is told there, as where root opens it.
            usage.clear_as_root(now);
            *toll = Toll::none(toll.daemon.clone());
            accepted(usage.spent.left())
        }
    }
}

/// Counts a wrong token at the daemon and in the user's budget; a wrong backup code costs nothing.
fn wrong(
    factor: Factor,
    usage: &mut Usage,
    toll: &mut Toll,
    now: UnixTime,
    throttle: &Throttle,
) -> Verdict {
    if factor == Factor::BackupCode {
        return Verdict::Wrong { failures: toll.failures, wait_seconds: 0, locked: false };
    }
    toll.failures = toll.failures.saturating_add(1);
    toll.budget.count(now);
    toll.wait = throttle.wait_from(now, toll.failures);
    toll.locked = throttle.locks_at(toll.failures);
    usage.budget.count(now);
    usage.locked |= usage.budget.is_used_up(now);
    let shut = shut(usage, toll, now);
    Verdict::Wrong {
        failures: toll.failures,
        wait_seconds: shut.map_or(0, |shut| shut.wait_seconds),
        locked: shut.is_some_and(|shut| shut.locked),
    }
}
