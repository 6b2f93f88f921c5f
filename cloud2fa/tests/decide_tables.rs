//! The rules of DESIGN.md section 4 as cases, one promise each: what a code is worth.

#![allow(missing_docs)]

#[path = "common/accounts.rs"]
mod accounts;
#[path = "common/desk.rs"]
mod desk;

use accounts::hash;
use cloud2fa::decide::{Claim, Purpose, Verdict};
use cloud2fa::throttle::Throttle;
use cloud2fa::{Cleared, TimeStep, Token, UnixTime};
use desk::{Desk, START, STEP, accepted, right};

#[test]
fn a_code_counts_in_its_own_step_and_one_either_side_from_the_first_to_the_last_second() {
    for (seconds, right) in [(-31, false), (-30, true), (0, true), (29, true), (59, true)]
        .into_iter()
        .chain([(60, false), (3000, false), (-3000, false)])
    {
        let now = UnixTime(START.0.checked_add_signed(seconds).unwrap());
        assert_eq!(accepted(&Desk::rfc().login_with_step(STEP, now)), right, "{seconds}");
    }
}

#[test]
fn skew_says_how_many_steps_either_side() {
    for skew in [0, 1, 2, 10] {
        for offset in -12_i64..=12 {
            let mut desk = Desk::rfc();
            desk.rules.skew = skew;
            let verdict = desk.login_with_step(STEP.checked_add_signed(offset).unwrap(), START);
            assert_eq!(accepted(&verdict), offset.unsigned_abs() <= skew, "{skew} {offset}");
        }
    }
}

#[test]
fn a_code_is_refused_the_second_time() {
    let mut desk = Desk::rfc();
    assert!(accepted(&desk.login_with_step(STEP, START)));
    for (seconds, next_in) in [(0, 30), (10, 20), (29, 1), (30, 0), (59, 0)] {
        let verdict = desk.login_with_step(STEP, START.plus(seconds));
        assert_eq!(verdict, Verdict::Replayed { next_in }, "{seconds}");
    }
}

#[test]
fn an_older_code_is_refused_after_a_newer_one() {
    let mut desk = Desk::rfc();
    assert!(accepted(&desk.login_with_step(STEP + 1, START)));
    assert_eq!(desk.login_with_step(STEP, START), Verdict::Replayed { next_in: 60 });
    assert_eq!(desk.login_with_step(STEP - 1, START), Verdict::Replayed { next_in: 60 });
    assert!(accepted(&desk.login_with_step(STEP + 2, START.plus(30))));
}

#[test]
fn codes_one_after_the_other_are_all_taken_in_one_window() {
    let mut desk = Desk::rfc();
    for step in [STEP - 1, STEP, STEP + 1] {
        assert!(accepted(&desk.login_with_step(step, START)));
    }
}

#[test]
fn of_two_steps_with_the_same_code_the_latest_is_spent() {
    // Key and steps from a search: the only way to tell that the window is walked to its end.
    let key = data_encoding::HEXLOWER.decode(b"4c78ba7d3d8b3da176170e761f0ba6115f45847b").unwrap();
    let code = Claim::Token(Token::from_digits(b"012500").unwrap());
    let now = TimeStep(133_866).start();

    let mut desk = Desk::new(&key);
    assert!(matches!(desk.token_of(133_865), Claim::Token(_)));
    assert!(accepted(&desk.decide(&code, now, Purpose::Login)));
    assert_eq!(desk.account.usage.last_step_at, Some(TimeStep(133_867).start()));
    assert_eq!(desk.decide(&code, now, Purpose::Login), Verdict::Replayed { next_in: 60 });
    assert_eq!(desk.decide(&code, now.plus(30), Purpose::Login), Verdict::Replayed { next_in: 30 });

    // The earlier step spent, the later one is still a code of its own, once.
    let mut desk = Desk::new(&key);
    assert!(accepted(&desk.decide(&code, TimeStep(133_865).start(), Purpose::Login)));
    assert_eq!(desk.account.usage.last_step_at, Some(TimeStep(133_865).start()));
    assert!(accepted(&desk.decide(&code, now, Purpose::Login)));
    assert!(!accepted(&desk.decide(&code, now, Purpose::Login)));
}

#[test]
fn every_backup_code_works_once_and_a_second_use_is_told_apart() {
    let mut desk = Desk::rfc();
    for number in 0..8 {
        let left = 7 - number;
        let verdict = desk.login_with_code(number, START);
        assert_eq!(verdict, right(left, 0, 0));
        assert_eq!(desk.login_with_code(number, START), Verdict::Replayed { next_in: 0 });
    }
    assert_eq!(desk.account.usage.failures, 0);
    assert_eq!(desk.account.usage.last_step_at, None);
    assert!(accepted(&desk.login_with_step(STEP, START)));
}

#[test]
fn waits_double_from_the_fifth_failure_to_the_longest() {
    let mut desk = Desk::rfc();
    let mut now = START;
    let waits = [0, 0, 0, 0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600];
    for (failures, wait_seconds) in (1..).zip(waits) {
        let verdict = desk.login_with_wrong_token(now);
        assert_eq!(verdict, Verdict::Wrong { failures, wait_seconds, locked: false });
        if wait_seconds > 0 {
            let last_second = now.plus(wait_seconds - 1);
            assert_eq!(desk.login_with_wrong_token(last_second), Verdict::Wait { seconds: 1 });
        }
        now = now.plus(wait_seconds);
    }
}

#[test]
fn a_token_during_a_wait_is_neither_evaluated_nor_spent_nor_counted_nor_written() {
    let mut desk = Desk::rfc();
    desk.guess(5, START);
    let before = desk.account.clone();
    for claim in [desk.token_of(STEP), desk.wrong_token(START)] {
        for purpose in [Purpose::Login, Purpose::Trial] {
            let verdict = desk.decide(&claim, START.plus(10), purpose);
            assert_eq!(verdict, Verdict::Wait { seconds: 20 });
            assert_eq!(desk.account, before);
        }
    }
    assert!(accepted(&desk.login_with_step(STEP, START.plus(30))));
}

#[test]
fn without_a_first_wait_nobody_waits_and_the_lock_still_comes() {
    let mut desk = Desk::rfc();
    desk.rules.throttle = Throttle { first_wait: 0, ..Throttle::default() };
    desk.guess(99, START);
    assert!(!desk.account.usage.locked && desk.account.usage.wait.is_none());
    desk.guess(1, START);
    assert_eq!(desk.login_with_step(STEP, START), Verdict::Locked);
}

#[test]
fn a_success_clears_the_count_and_says_how_many_there_were() {
    let mut desk = Desk::rfc();
    desk.guess(5, START);
    let verdict = desk.login_with_step(STEP + 1, START.plus(30));
    assert_eq!(verdict, right(8, 5, 5));
    assert_eq!(desk.account.usage.failures, 0);
    assert_eq!(desk.account.usage.last_used, Some(START.plus(30)));
    let verdict = desk.login_with_code(0, START.plus(30));
    assert_eq!(verdict, right(7, 0, 5), "a token has left the budget");
    // All of the free failures are there again.
    desk.guess(5, START.plus(30));
}

#[test]
fn a_replay_neither_adds_to_the_count_nor_clears_it() {
    let mut desk = Desk::rfc();
    assert!(accepted(&desk.login_with_step(STEP, START)));
    assert!(accepted(&desk.login_with_code(0, START)));
    desk.guess(3, START);
    for _ in 0..20 {
        assert_eq!(desk.login_with_step(STEP, START), Verdict::Replayed { next_in: 30 });
        assert_eq!(desk.login_with_code(0, START), Verdict::Replayed { next_in: 0 });
    }
    assert_eq!(desk.account.usage.failures, 3);
}

#[test]
fn a_trial_spends_and_clears_nothing_and_counts_a_wrong_code() {
    let mut desk = Desk::rfc();
    desk.guess(2, START);
    let before = desk.account.clone();
    let token = desk.token_of(STEP);
    for claim in [&token, &Claim::BackupCode(hash(0))] {
        for _ in 0..2 {
            let verdict = desk.decide(claim, START, Purpose::Trial);
            assert_eq!(verdict, right(8, 2, 2));
            assert_eq!(desk.account, before);
        }
    }
    for failures in 3..=5 {
        let verdict = desk.decide(&desk.wrong_token(START), START, Purpose::Trial);
        let wait_seconds = if failures == 5 { 30 } else { 0 };
        assert_eq!(verdict, Verdict::Wrong { failures, wait_seconds, locked: false });
    }
    assert_eq!(desk.decide(&token, START, Purpose::Trial), Verdict::Wait { seconds: 30 });
    assert!(accepted(&desk.login_with_step(STEP + 1, START.plus(30))));
    let replay = desk.token_of(STEP + 1);
    let verdict = desk.decide(&replay, START.plus(30), Purpose::Trial);
    assert_eq!(verdict, Verdict::Replayed { next_in: 30 });
}

#[test]
fn an_unlock_clears_failures_wait_and_lock_and_never_the_last_step() {
    let mut desk = Desk::rfc();
    desk.rules.throttle = Throttle { lock_after: 6, ..Throttle::default() };
    assert!(accepted(&desk.login_with_step(STEP, START)));
    desk.guess(5, START);
    desk.guess(1, START.plus(30));
    assert_eq!(desk.login_with_step(STEP + 3, START.plus(90)), Verdict::Locked);
    let cleared = desk.account.usage.clear_as_root(START.plus(90));
    let expected = Cleared { failures_since_login: 6, budget_used: 6, opened: true };
    assert_eq!(cleared, expected);
    let usage = &desk.account.usage;
    assert_eq!((usage.failures, usage.wait, usage.locked), (0, None, false));
    assert_eq!(usage.last_step_at, Some(TimeStep(STEP).start()));
    assert_eq!(desk.login_with_step(STEP, START.plus(30)), Verdict::Replayed { next_in: 0 });
    // The next login hears of it, and no other.
    let verdict = desk.login_with_step(STEP + 3, START.plus(90));
    let told = Verdict::Accepted {
        backup_codes_left: 8,
        failures_since_login: 6,
        budget_used: 0,
        opened: true,
    };
    assert_eq!(verdict, told);
    assert_eq!(desk.account.usage.notices.entries(), []);
    assert_eq!(desk.login_with_step(STEP + 4, START.plus(120)), right(8, 0, 0));
}

#[test]
fn a_clock_that_went_back_less_than_the_window_is_no_such_case() {
    let mut desk = Desk::rfc();
    assert!(accepted(&desk.login_with_step(STEP, START)));
    let verdict = desk.login_with_step(STEP, START_OF_STEP_BEFORE);
    assert_eq!(verdict, Verdict::Replayed { next_in: 60 });
    let before = desk.account.clone();
    let earlier = UnixTime(START_OF_STEP_BEFORE.0 - 1);
    for step in [STEP - 3, STEP - 2, STEP, 5] {
        let verdict = desk.login_with_step(step, earlier);
        assert_eq!(verdict, Verdict::ClockWentBack { behind_by: 1 }, "{step}");
    }
    assert_eq!(desk.account, before);
}

/// The window of this moment reaches [`STEP`]; that of the second before does not.
const START_OF_STEP_BEFORE: UnixTime = UnixTime(1_764_000_000 - 30);

#[test]
fn a_wait_begins_anew_where_the_clock_was_set_back_and_is_never_longer() {
    let mut desk = Desk::rfc();
    desk.guess(5, START);
    let back = UnixTime(START.0 - 1_000_000);
    let step = back.0 / 30;
    assert_eq!(desk.login_with_step(step, back), Verdict::Wait { seconds: 30 });
    assert_eq!(desk.login_with_step(step, back.plus(29)), Verdict::Wait { seconds: 1 });
    assert!(accepted(&desk.login_with_step(step, back.plus(30))));
}

#[test]
fn an_account_without_an_enrolment_takes_no_code() {
    let mut desk = Desk::rfc();
    desk.account.enrolment = None;
    let before = desk.account.clone();
    assert_eq!(desk.login_with_step(STEP, START), Verdict::Changed);
    assert_eq!(desk.login_with_code(0, START), Verdict::Changed);
    assert_eq!(desk.account, before);
}

#[test]
fn the_first_steps_of_time_are_no_edge() {
    let mut desk = Desk::rfc();
    desk.rules.skew = 10;
    assert!(accepted(&desk.login_with_step(0, UnixTime(0))));
    assert!(!accepted(&desk.login_with_step(0, UnixTime(0))));
    assert!(accepted(&desk.login_with_step(10, UnixTime(0))));
}
