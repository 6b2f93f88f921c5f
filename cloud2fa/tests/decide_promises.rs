//! What holds of `decide` for any numbers: how many answers are evaluated, when a user is locked,
//! and what a backup code and a clock that went back change.

#![allow(missing_docs)]

#[path = "common/accounts.rs"]
mod accounts;
#[path = "common/model.rs"]
mod model;
#[path = "common/typed.rs"]
mod typed;

use accounts::{hash, new_account};
use cloud2fa::account::{SpentCodes, Usage};
use cloud2fa::decide::{Claim, Purpose, Verdict, decide};
use cloud2fa::history::Origin;
use cloud2fa::rules::Rules;
use cloud2fa::throttle::Throttle;
use cloud2fa::{Account, Secret, TimeStep, UnixTime};
use model::{kind, wait_after};
use proptest::prelude::*;
use typed::{Typed, cases, claim, start, strange_token};

proptest! {
    #![proptest_config(cases(3000))]

    #[test]
    fn exactly_the_free_failures_of_any_number_of_wrong_answers_at_once_are_evaluated(
        free_failures in 1_u32..=20, more in 0_u32..=60, first_wait in 1_u64..=3600,
        start in start(),
    ) {
        let throttle = Throttle { free_failures, first_wait, ..Throttle::default() };
        let rules = Rules { throttle, ..Rules::default() };
        let secret = Secret::from_bytes(&[1; 20]).unwrap();
        let (mut account, now) = (new_account(secret.clone()), UnixTime(start));
        let strange = (0..).map(Typed::AnyToken).map(|typed| claim(&typed, &secret, now));
        let strange = strange.filter(|claim| match claim {
            Claim::Token(token) => secret.latest_step_of(token, now, 1).is_none(),
            Claim::BackupCode(_) => false,
        });
        let mut evaluated = 0;
        for claim in strange.take((free_failures + more) as usize) {
            let (verdict, decided) = decide(&account, &claim, Purpose::Login, &Origin::own(), now, &rules);
            evaluated += u32::from(kind(&verdict) == "wrong");
            account = decided;
        }
        prop_assert_eq!(evaluated, free_failures);
        prop_assert_eq!(account.usage.failures, free_failures);
    }

    #[test]
    fn whoever_waits_out_every_wait_is_locked_at_the_limit_and_not_before(
        free_failures in 1_u32..=8, first_wait in 0_u64..=60, lock_after in 1_u32..=40,
    ) {
        let throttle = Throttle { free_failures, first_wait, lock_after, longest_wait: 3600 };
        let rules = Rules { throttle, ..Rules::default() };
        let secret = Secret::from_bytes(&[1; 20]).unwrap();
        let (mut account, mut now) = (new_account(secret.clone()), UnixTime(1_764_000_015));
        for failure in 1..=lock_after {
            prop_assert!(!account.usage.locked);
            let wrong = strange_token(&secret, now);
            let (verdict, decided) = decide(&account, &wrong, Purpose::Login, &Origin::own(), now, &rules);
            let wait_seconds = wait_after(failure, &throttle);
            let locked = failure == lock_after;
            prop_assert_eq!(verdict, Verdict::Wrong { failures: failure, wait_seconds, locked });
            account = decided;
            now = now.plus(wait_seconds);
        }
        now = now.plus(1 << 40);
        let right = claim(&Typed::TokenAt(0), &secret, now);
        for purpose in [Purpose::Login, Purpose::Trial] {
            let (verdict, decided) = decide(&account, &right, purpose, &Origin::own(), now, &rules);
            prop_assert_eq!(verdict, Verdict::Locked);
            prop_assert_eq!(&decided, &account);
        }
        let backup_code = Claim::BackupCode(hash(0));
        let (verdict, decided) =
            decide(&account, &backup_code, Purpose::Login, &Origin::own(), now, &rules);
        prop_assert_eq!(kind(&verdict), "accepted");
        let (verdict, _) = decide(&decided, &right, Purpose::Login, &Origin::own(), now, &rules);
        prop_assert_eq!(kind(&verdict), "accepted");
    }

    #[test]
    fn no_backup_code_that_is_wrong_changes_what_tokens_are_worth(
        wrong_tokens in 0_u32..=12, wrong_codes in 1_u32..=50, later in 0_u64..=4000,
    ) {
        let rules = Rules::default();
        let secret = Secret::from_bytes(&[1; 20]).unwrap();
        let (mut account, mut now) = (new_account(secret.clone()), UnixTime(1_764_000_015));
        let answer = |account: &mut Account, claim: &Claim, now| {
            let (verdict, decided) =
                decide(account, claim, Purpose::Login, &Origin::own(), now, &rules);
            *account = decided;
            verdict
        };
        for _ in 0..wrong_tokens {
            answer(&mut account, &strange_token(&secret, now), now);
            now = now.plus(later);
        }
        let mut without = account.clone();
        for _ in 0..wrong_codes {
            let verdict = answer(&mut account, &Claim::BackupCode(hash(99)), now);
            prop_assert_eq!(kind(&verdict), "wrong");
        }
        for claim in [strange_token(&secret, now), claim(&Typed::TokenAt(0), &secret, now)] {
            let (with, expected) =
                (answer(&mut account, &claim, now), answer(&mut without, &claim, now));
            prop_assert_eq!(kind(&with), kind(&expected));
            prop_assert_eq!(account.usage.wait, without.usage.wait);
            prop_assert_eq!(account.usage.budget, without.usage.budget);
        }
    }

    #[test]
    fn a_clock_that_went_back_refuses_tokens_and_takes_backup_codes(
        back in 1_u64..=1_000_000, skew in 0_u64..=10, offset in -12_i64..=12, failures in 0_u32..=4,
    ) {
        let rules = Rules { skew, ..Rules::default() };
        let secret = Secret::from_bytes(&[1; 20]).unwrap();
        let mut account = new_account(secret.clone());
        let last = TimeStep(58_800_000);
        account.usage = Usage { last_step_at: Some(last.start()), failures, ..Usage::default() };
        // The last second of the last step from which the window does not reach `last`, and before.
        let now = UnixTime((last.0 - skew) * 30 - back);
        let token = claim(&Typed::TokenAt(offset), &secret, now);
        let (verdict, decided) = decide(&account, &token, Purpose::Login, &Origin::own(), now, &rules);
        prop_assert_eq!(verdict, Verdict::ClockWentBack { behind_by: back });
        prop_assert_eq!(&decided, &account);
        let (verdict, _) = decide(&account, &token, Purpose::Login, &Origin::own(), now.plus(back), &rules);
        prop_assert_ne!(kind(&verdict), "clock went back");

        let backup_code = Claim::BackupCode(hash(3));
        let (verdict, decided) = decide(&account, &backup_code, Purpose::Login, &Origin::own(), now, &rules);
        prop_assert_eq!(kind(&verdict), "accepted");
        prop_assert_eq!(decided.usage.last_step_at, Some(last.start()));
        let mut spent = SpentCodes::default();
        spent.insert(3);
        prop_assert_eq!(decided.usage.spent, spent);
    }
}
