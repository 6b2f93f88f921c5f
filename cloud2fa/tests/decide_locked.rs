//! Who is locked out by wrong codes, by what, and what opens: DESIGN.md section 4 as cases.

#![allow(missing_docs)]

#[path = "common/accounts.rs"]
mod accounts;
#[path = "common/desk.rs"]
mod desk;

use accounts::hash;
use cloud2fa::Factor::{BackupCode, Token};
use cloud2fa::decide::{Claim, Purpose, Verdict};
use cloud2fa::history::Outcome;
use desk::{Desk, START, STEP, accepted, right};

#[test]
fn at_the_last_second_of_a_wait_no_token_counts_and_at_its_end_each_does() {
    let mut desk = Desk::rfc();
    desk.guess(5, START);
    let verdict = desk.login_with_step(STEP, START.plus(29));
    assert_eq!(verdict, Verdict::Wait { seconds: 1 });
    assert_eq!(desk.account.usage.failures, 5);
    assert!(accepted(&desk.login_with_step(STEP, START.plus(30))));
}

#[test]
fn a_right_backup_code_ends_a_wait_and_a_lock_and_says_what_there_was() {
    for (lock_after, wrong) in [(100, 5), (5, 5)] {
        let mut desk = Desk::rfc();
        desk.rules.throttle.lock_after = lock_after;
        desk.guess(wrong, START);
        let verdict = desk.login_with_code(3, START.plus(1));
        let expected = Verdict::Accepted {
            backup_codes_left: 7,
            failures_since_login: wrong,
            budget_used: wrong,
            opened: true,
        };
        assert_eq!(verdict, expected);
        let usage = &desk.account.usage;
        assert_eq!((usage.failures, usage.wait, usage.locked), (0, None, false));
        assert_eq!(usage.budget.used(START.plus(1)), 0);
        assert!(accepted(&desk.login_with_step(STEP, START.plus(1))), "the app works again");
        assert_eq!(desk.login_with_code(3, START.plus(1)), Verdict::Replayed { next_in: 0 });
    }
}

#[test]
fn a_wrong_backup_code_is_counted_for_its_owner_alone_wait_or_not() {
    for tokens in [0, 4, 5, 6] {
        let mut desk = Desk::rfc();
        desk.rules.throttle.lock_after = 6;
        desk.guess(tokens.min(5), START);
        desk.guess(tokens.saturating_sub(5), START.plus(30));
        let (before, now) = (desk.account.usage.clone(), START.plus(31));
        for _ in 0..1000 {
            let verdict = desk.login_with_code(99, now);
            assert_eq!(
                verdict,
                Verdict::Wrong { failures: tokens, wait_seconds: 0, locked: false }
            );
        }
        let mut after = desk.account.usage.clone();
        assert_eq!(after.failures_since_login, tokens + 1000);
        let last = after.history.latest_first()[0].clone();
        assert_eq!((last.outcome, last.factor, last.times), (Outcome::Wrong, BackupCode, 1000));
        (after.failures_since_login, after.history) = (tokens, before.history.clone());
        assert_eq!(after, before, "neither the ladder nor the budget nor a wait has changed");
    }
}

#[test]
fn a_spent_backup_code_opens_nothing() {
    let mut desk = Desk::rfc();
    assert!(accepted(&desk.login_with_code(0, START)));
    desk.guess(5, START);
    let wait = desk.account.usage.wait;
    assert_eq!(desk.login_with_code(0, START), Verdict::Replayed { next_in: 0 });
    assert_eq!(desk.account.usage.wait, wait);
    assert_eq!(desk.login_with_step(STEP, START), Verdict::Wait { seconds: 30 });
}

#[test]
fn a_trial_tries_a_backup_code_in_a_wait_and_opens_nothing() {
    let mut desk = Desk::rfc();
    desk.guess(5, START);
    let before = desk.account.clone();
    let verdict = desk.decide(&Claim::BackupCode(hash(0)), START, Purpose::Trial);
    assert_eq!(verdict, right(8, 5, 5));
    assert_eq!(desk.account, before);
}

#[test]
fn four_wrong_codes_behind_each_right_one_are_locked_at_three_hundred() {
    let mut desk = Desk::rfc();
    let (mut now, mut evaluated) = (START, 0);
    for login in 0.. {
        for _ in 0..4 {
            evaluated += 1;
            let verdict = desk.login_with_wrong_token(now);
            let Verdict::Wrong { locked, wait_seconds: 0, .. } = verdict else {
                panic!("{verdict:?}")
            };
            assert_eq!(locked, evaluated == 300, "{evaluated}");
        }
        let step = now.0 / 30;
        let verdict = desk.login_with_step(step, now);
        if evaluated == 300 {
            assert_eq!(verdict, Verdict::Locked);
            break;
        }
        assert_eq!(verdict, right(8, 4, evaluated), "login {login}");
        now = now.plus(8 * 3600);
    }
    // Whatever clears the lock, the budget holds it, until days have gone by.
    desk.account.usage.clear_failures();
    assert_eq!(desk.login_with_step(now.0 / 30, now), Verdict::Locked);
    assert_eq!(desk.login_with_wrong_token(now), Verdict::Locked);
    let month = now.plus(31 * 86_400);
    assert!(accepted(&desk.login_with_step(month.0 / 30, month)));
    // A backup code, too: then all of it is there again.
    desk.account.usage.locked = true;
    assert!(accepted(&desk.login_with_code(0, month)));
    assert_eq!(desk.account.usage.budget.used(month), 0);
}

#[test]
fn the_last_decisions_are_kept_and_what_was_not_evaluated_is_not() {
    let mut desk = Desk::rfc();
    assert!(accepted(&desk.login_with_step(STEP, START)));
    desk.login_with_step(STEP, START.plus(1));
    desk.guess(5, START.plus(2));
    desk.login_with_step(STEP + 1, START.plus(3));
    desk.login_with_code(99, START.plus(4));
    assert!(accepted(&desk.login_with_code(0, START.plus(5))));
    desk.decide(&Claim::BackupCode(hash(1)), START.plus(6), Purpose::Trial);
    desk.decide(&Claim::BackupCode(hash(0)), START.plus(7), Purpose::Trial);
    let wrong = desk.wrong_token(START.plus(8));
    desk.decide(&wrong, START.plus(8), Purpose::Trial);
    let kept = desk.account.usage.history.latest_first();
    let kept: Vec<_> = kept
        .into_iter()
        .map(|entry| (entry.at.since(START), entry.outcome, entry.factor, entry.times))
        .collect();
    assert_eq!(
        kept,
        [
            (8, Outcome::Wrong, Token, 1),
            (5, Outcome::Accepted, BackupCode, 1),
            (4, Outcome::Wrong, BackupCode, 1),
            (2, Outcome::Wrong, Token, 5),
            (1, Outcome::Replayed, Token, 1),
            (0, Outcome::Accepted, Token, 1),
        ]
    );
}
