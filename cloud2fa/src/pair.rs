//! The decision where a daemon asks that verifies codes for others: what wrong tokens cost there is of the
//! pair of user and daemon, so that one that was taken over locks nobody out anywhere else. Pure, as
//! [`crate::decide()`] is.

use crate::account::{Account, Usage};
use crate::answer::Factor;
use crate::budget::{Budget, LARGEST};
use crate::decide::{Claim, Purpose, Verdict, decide, wrong_token};
use crate::history::Origin;
use crate::rules::Rules;
use crate::throttle::{Shut, Throttle};
use crate::time::UnixTime;

/// Wrong tokens of one pair that are evaluated on one day (UTC).
pub const EACH_DAY: u32 = 30;

/// Wrong tokens of one pair that are evaluated in any 30 days: a third of the user's, so that it takes three
/// daemons to use these up.
pub const EACH_MONTH: u32 = LARGEST / 3;

/// What throttles nothing. The pair has its own count, the budget is looked at besides.
const NO_THROTTLE: Throttle =
    Throttle { free_failures: u32::MAX, first_wait: 0, longest_wait: 0, lock_after: u32::MAX };

/// Why no token of the pair is evaluated. `None` if one is. What has shut the user's own logins is none of it,
/// but for the budget, which is the user's everywhere.
pub fn shut(account: &Account, pair: &Usage, now: UnixTime) -> Option<Shut> {
    let budget_used = pair.budget.used(now);
    let month_is_over = budget_used >= EACH_MONTH;
    let locked = pair.locked || month_is_over || account.usage.budget.is_used_up(now);
    let day_is_over = pair.budget.used_today(now) >= EACH_DAY;
    let until_tomorrow = if day_is_over { Budget::left_of_the_day(now) } else { 0 };
    let wait_seconds = pair.wait_left(now).max(until_tomorrow);
    let failures = pair.failures;
    (locked || wait_seconds > 0).then_some(Shut { locked, wait_seconds, failures, budget_used })
}

/// Decides on a claim that the pair's daemon has brought. Gives the verdict, and the account and the pair as
/// they must be written down before anything that depends on it is said. The daemon hears nothing that is for
/// the user's own logins, who are told all of it there.
pub fn decide_for_pair(
    account: &Account,
    pair: &Usage,
    claim: &Claim,
    origin: &Origin,
    now: UnixTime,
    rules: &Rules,
) -> (Verdict, Account, Usage) {
    let mut pair = pair.clone();
    pair.anchor_wait(now);
    if let (Factor::Token, Some(shut)) = (claim.factor(), shut(account, &pair, now)) {
        let wait = Verdict::Wait { seconds: shut.wait_seconds };
        return (if shut.locked { Verdict::Locked } else { wait }, account.clone(), pair);
    }
    let mut open = account.clone();
    open.usage.clear_failures();
    let unthrottled = Rules { throttle: NO_THROTTLE, ..*rules };
    let (verdict, mut decided) = decide(&open, claim, Purpose::Login, origin, now, &unthrottled);
    if !matches!((&verdict, claim.factor()), (Verdict::Accepted { .. }, Factor::BackupCode)) {
        keep_what_is_the_users_own(&mut decided.usage, &account.usage, &verdict, now);
    }
    let verdict = match (verdict, claim.factor()) {
        (Verdict::Accepted { backup_codes_left, .. }, factor) => {
            match factor {
                Factor::Token => pair.clear_failures(),
                Factor::BackupCode => drop(pair.clear_all_failures(now)),
            }
            let (failures_since_login, budget_used, opened) = (0, 0, false);
            Verdict::Accepted { backup_codes_left, failures_since_login, budget_used, opened }
        }
        (Verdict::Wrong { .. }, Factor::Token) => {
            wrong_token(&mut pair, now, &rules.throttle);
            let shut = shut(&decided, &pair, now);
            let (locked, wait_seconds) =
                shut.map_or((false, 0), |shut| (shut.locked, shut.wait_seconds));
            Verdict::Wrong { failures: pair.failures, wait_seconds, locked }
        }
        (Verdict::Wrong { .. }, Factor::BackupCode) => {
            Verdict::Wrong { failures: pair.failures, wait_seconds: 0, locked: false }
        }
        (other, _) => other,
    };
    (verdict, decided, pair)
}

/// Waits, lock and count of the user's own logins are neither made nor ended here, and what waits to be told
/// there waits on; only a budget that is used up locks everywhere.
fn keep_what_is_the_users_own(usage: &mut Usage, before: &Usage, verdict: &Verdict, now: UnixTime) {
    usage.failures = before.failures;
    usage.wait = before.wait;
    usage.locked = before.locked || usage.budget.is_used_up(now);
    if let Verdict::Accepted { .. } = verdict {
        usage.failures_since_login = before.failures_since_login;
        usage.notices = before.notices.clone();
    }
}
