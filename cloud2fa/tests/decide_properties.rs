//! What holds of `decide` for every sequence of answers, clocks and crashes.
//!
//! An independent model says for each answer what it must be worth, and what the account
//! must be afterwards; on top of it stand the promises over the whole sequence.

#![allow(missing_docs)]

#[path = "common/accounts.rs"]
mod accounts;
#[path = "common/model.rs"]
mod model;

use accounts::{hash, new_account};
use cloud2fa::account::{SpentCodes, Usage};
use cloud2fa::backup_codes::CODES;
use cloud2fa::decide::{Claim, Policy, Purpose, Verdict, decide};
use cloud2fa::throttle::Throttle;
use cloud2fa::{Secret, TimeStep, Token, UnixTime};
use model::{kind, model, wait_after};
use proptest::prelude::*;
use std::collections::BTreeSet;

#[derive(Debug, Clone)]
enum Typed {
    /// What the app shows so many steps from now.
    TokenAt(i64),
    AnyToken(u32),
    BackupCode(usize),
    StrangeBackupCode,
}

/// What becomes of the decided account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Committed,
    /// Neither committed nor was the verdict given out.
    LostBeforeTheCommit,
    /// Committed, but the verdict was not given out.
    CrashedAfterTheCommit,
}

#[derive(Debug, Clone)]
enum Event {
    Answer { typed: Typed, purpose: Purpose, fate: Fate },
    ClockMoves(i64),
    Unlock,
}

fn typed() -> impl Strategy<Value = Typed> {
    prop_oneof![
        6 => (-4_i64..=4).prop_map(Typed::TokenAt),
        3 => (0_u32..1_000_000).prop_map(Typed::AnyToken),
        3 => (0..CODES).prop_map(Typed::BackupCode),
        2 => Just(Typed::StrangeBackupCode),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let purpose = prop_oneof![5 => Just(Purpose::Login), 1 => Just(Purpose::Trial)];
    let fate = prop_oneof![
        6 => Just(Fate::Committed),
        1 => Just(Fate::LostBeforeTheCommit),
        1 => Just(Fate::CrashedAfterTheCommit),
    ];
    let answer = (typed(), purpose, fate).prop_map(|(typed, purpose, fate)| Event::Answer {
        typed,
        purpose,
        fate,
    });
    let moves = prop_oneof![
        6 => 0_i64..=45,
        3 => -90_i64..=90,
        2 => 0_i64..=4000,
        1 => -2_000_000_000_i64..=2_000_000_000,
    ];
    prop_oneof![8 => answer, 4 => moves.prop_map(Event::ClockMoves), 1 => Just(Event::Unlock)]
}

fn policy() -> impl Strategy<Value = Policy> {
    let first_wait = prop_oneof![4 => Just(30_u64), 1 => Just(0), 1 => 1_u64..=100];
    (0_u64..=3, 1_u32..=6, first_wait, 30_u64..=300, 1_u32..=14).prop_map(
        |(skew, free_failures, first_wait, longest_wait, lock_after)| Policy {
            skew,
            throttle: Throttle { free_failures, first_wait, longest_wait, lock_after },
        },
    )
}

fn start() -> impl Strategy<Value = u64> {
    prop_oneof![0_u64..200, Just(1_764_000_015_u64), 0_u64..1 << 41]
}

fn claim(typed: &Typed, secret: &Secret, now: UnixTime) -> Claim {
    match typed {
        Typed::TokenAt(offset) => {
            Claim::Token(secret.token_at(TimeStep((now.0 / 30).saturating_add_signed(*offset))))
        }
        Typed::AnyToken(number) => {
            Claim::Token(Token::from_digits(format!("{number:06}").as_bytes()).unwrap())
        }
        Typed::BackupCode(position) => Claim::BackupCode(hash(*position)),
        Typed::StrangeBackupCode => Claim::BackupCode(hash(99)),
    }
}

/// What has been accepted so far, kept apart from the account.
#[derive(Default)]
struct Accepted {
    steps: BTreeSet<UnixTime>,
    backup_codes: BTreeSet<usize>,
}

impl Accepted {
    /// Takes down what a committed login has accepted; it must be new.
    fn enter(&mut self, before: &Usage, after: &Usage, claim: &Claim) -> Result<(), TestCaseError> {
        match claim {
            Claim::Token(_) => {
                let step = after.last_step_at.unwrap();
                prop_assert!(self.steps.last().is_none_or(|last| step > *last));
                self.steps.insert(step);
                prop_assert_eq!(before.spent, after.spent);
            }
            Claim::BackupCode(_) => {
                let new = |position: &usize| !before.spent.contains(*position);
                let newly: Vec<_> = after.spent.positions().filter(new).collect();
                prop_assert_eq!(newly.len(), 1);
                prop_assert!(self.backup_codes.insert(newly[0]));
                prop_assert_eq!(before.last_step_at, after.last_step_at);
            }
        }
        Ok(())
    }
}

/// Plays `events` and checks each of them.
fn play(key: [u8; 20], start: u64, policy: &Policy, events: &[Event]) -> Result<(), TestCaseError> {
    let secret = Secret::from_bytes(&key).unwrap();
    let (mut account, mut now) = (new_account(secret.clone()), UnixTime(start));
    let mut accepted = Accepted::default();
    for event in events {
        let (typed, purpose, fate) = match event {
            Event::ClockMoves(seconds) => {
                now = UnixTime(now.0.saturating_add_signed(*seconds));
                continue;
            }
            Event::Unlock => {
                let last_step_at = account.usage.last_step_at;
                account.usage.clear_failures();
                prop_assert_eq!(account.usage.last_step_at, last_step_at);
                continue;
            }
            Event::Answer { typed, purpose, fate } => (typed, *purpose, *fate),
        };
        let claim = claim(typed, &secret, now);
        let before = account.usage.clone();
        let (verdict, decided) = decide(&account, &claim, now, policy, purpose);
        let (expected, usage) = model(&before, &secret, &claim, now, policy, purpose);

        prop_assert_eq!(kind(&verdict), expected);
        prop_assert_eq!(&decided.usage, &usage);
        prop_assert_eq!(&decided.enrolment, &account.enrolment);
        prop_assert_eq!(&decided.generation, &account.generation);
        promises(&verdict, &before, &usage, purpose)?;
        if fate == Fate::LostBeforeTheCommit {
            continue;
        }
        account = decided;
        if kind(&verdict) == "accepted" && purpose == Purpose::Login {
            accepted.enter(&before, &usage, &claim)?;
        }
    }
    Ok(())
}

/// What holds of each single decision.
fn promises(
    verdict: &Verdict,
    before: &Usage,
    after: &Usage,
    purpose: Purpose,
) -> Result<(), TestCaseError> {
    let login = kind(verdict) == "accepted" && purpose == Purpose::Login;
    prop_assert!(login || after.failures >= before.failures, "failures went down");
    prop_assert!(after.last_step_at >= before.last_step_at, "the last step went back");
    let still_spent = |position| after.spent.contains(position);
    prop_assert!(before.spent.positions().all(still_spent), "a code came back");
    if !login {
        prop_assert_eq!(before.last_step_at, after.last_step_at);
        prop_assert_eq!(before.spent, after.spent);
    }
    match verdict {
        Verdict::Wrong { failures, wait_seconds, locked } => {
            prop_assert_eq!(before.failures + 1, *failures);
            prop_assert_eq!(after.wait.map_or(0, |wait| wait.seconds), *wait_seconds);
            prop_assert_eq!(after.locked, *locked);
        }
        Verdict::Accepted { backup_codes_left, failures_since_login } => {
            prop_assert_eq!(after.spent.left(), *backup_codes_left);
            prop_assert_eq!(before.failures_since_login, *failures_since_login);
        }
        Verdict::Wait { seconds } => {
            prop_assert!(*seconds > 0 && *seconds <= after.wait.unwrap().seconds);
            prop_assert_eq!(before.failures, after.failures);
        }
        _ => prop_assert_eq!(before.failures, after.failures),
    }
    Ok(())
}

/// Without a file of failures: what fails is to become a test of its own.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(3000))]

    #[test]
    fn no_sequence_of_answers_clocks_and_crashes_breaks_a_promise(
        key: [u8; 20], start in start(), policy in policy(),
        events in prop::collection::vec(event(), 1..60),
    ) {
        play(key, start, &policy, &events)?;
    }

    #[test]
    fn exactly_the_free_failures_of_any_number_of_wrong_answers_at_once_are_evaluated(
        free_failures in 1_u32..=20, more in 0_u32..=60, first_wait in 1_u64..=3600,
        start in start(), backup_codes: bool,
    ) {
        let throttle = Throttle { free_failures, first_wait, ..Throttle::default() };
        let policy = Policy { throttle, ..Policy::default() };
        let secret = Secret::from_bytes(&[1; 20]).unwrap();
        let (mut account, now) = (new_account(secret.clone()), UnixTime(start));
        let strange = (0..).map(Typed::AnyToken).map(|typed| claim(&typed, &secret, now));
        let strange = strange.filter(|claim| match claim {
            Claim::Token(token) => secret.latest_step_of(token, now, 1).is_none(),
            Claim::BackupCode(_) => false,
        });
        let mut evaluated = 0;
        for token in strange.take((free_failures + more) as usize) {
            let claim = if backup_codes { Claim::BackupCode(hash(99)) } else { token };
            let (verdict, decided) = decide(&account, &claim, now, &policy, Purpose::Login);
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
        let policy = Policy { throttle, ..Policy::default() };
        let mut account = new_account(Secret::from_bytes(&[1; 20]).unwrap());
        let (mut now, wrong) = (UnixTime(1_764_000_015), Claim::BackupCode(hash(99)));
        for failure in 1..=lock_after {
            prop_assert!(!account.usage.locked);
            let (verdict, decided) = decide(&account, &wrong, now, &policy, Purpose::Login);
            let wait_seconds = wait_after(failure, &throttle);
            let locked = failure == lock_after;
            prop_assert_eq!(verdict, Verdict::Wrong { failures: failure, wait_seconds, locked });
            account = decided;
            now = now.plus(wait_seconds);
        }
        let right = Claim::BackupCode(hash(0));
        for purpose in [Purpose::Login, Purpose::Trial] {
            let (verdict, decided) = decide(&account, &right, now.plus(1 << 40), &policy, purpose);
            prop_assert_eq!(verdict, Verdict::Locked);
            prop_assert_eq!(&decided, &account);
        }
    }

    #[test]
    fn a_clock_that_went_back_refuses_tokens_and_takes_backup_codes(
        back in 1_u64..=1_000_000, skew in 0_u64..=10, offset in -12_i64..=12, failures in 0_u32..=4,
    ) {
        let policy = Policy { skew, ..Policy::default() };
        let secret = Secret::from_bytes(&[1; 20]).unwrap();
        let mut account = new_account(secret.clone());
        let last = TimeStep(58_800_000);
        account.usage = Usage { last_step_at: Some(last.start()), failures, ..Usage::default() };
        // The last second of the last step from which the window does not reach `last`, and before.
        let now = UnixTime((last.0 - skew) * 30 - back);
        let token = claim(&Typed::TokenAt(offset), &secret, now);
        let (verdict, decided) = decide(&account, &token, now, &policy, Purpose::Login);
        prop_assert_eq!(verdict, Verdict::ClockWentBack { behind_by: back });
        prop_assert_eq!(&decided, &account);
        let (verdict, _) = decide(&account, &token, now.plus(back), &policy, Purpose::Login);
        prop_assert_ne!(kind(&verdict), "clock went back");

        let backup_code = Claim::BackupCode(hash(3));
        let (verdict, decided) = decide(&account, &backup_code, now, &policy, Purpose::Login);
        prop_assert_eq!(kind(&verdict), "accepted");
        prop_assert_eq!(decided.usage.last_step_at, Some(last.start()));
        let mut spent = SpentCodes::default();
        spent.insert(3);
        prop_assert_eq!(decided.usage.spent, spent);
    }
}
