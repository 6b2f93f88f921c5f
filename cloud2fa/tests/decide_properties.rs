//! What holds of `decide` for every sequence of answers, clocks and crashes.
//!
//! An independent model says for each answer what it must be worth, and what the account
//! must be afterwards; on top of it stand the promises over the whole sequence.

#![allow(missing_docs)]

#[path = "common/accounts.rs"]
mod accounts;
#[path = "common/model.rs"]
mod model;
#[path = "common/typed.rs"]
mod typed;

use accounts::new_account;
use cloud2fa::account::Usage;
use cloud2fa::backup_codes::CODES;
use cloud2fa::decide::{Claim, Purpose, Verdict, decide};
use cloud2fa::history::Origin;
use cloud2fa::rules::Rules;
use cloud2fa::throttle::Throttle;
use cloud2fa::{Factor, Secret, UnixTime};
use model::{Ledger, kind, model};
use proptest::prelude::*;
use std::collections::BTreeSet;
use typed::{Typed, cases, claim, start};

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
    Answer { typed: Typed, purpose: Purpose, origin: u8, fate: Fate },
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
    let answer = (typed(), purpose, 0_u8..3, fate)
        .prop_map(|(typed, purpose, origin, fate)| Event::Answer { typed, purpose, origin, fate });
    let moves = prop_oneof![
        6 => 0_i64..=45,
        3 => -90_i64..=90,
        2 => 0_i64..=4000,
        // About what the budget counts back.
        1 => -4_000_000_i64..=4_000_000,
        1 => -2_000_000_000_i64..=2_000_000_000,
    ];
    prop_oneof![8 => answer, 4 => moves.prop_map(Event::ClockMoves), 1 => Just(Event::Unlock)]
}

fn rules() -> impl Strategy<Value = Rules> {
    let first_wait = prop_oneof![4 => Just(30_u64), 1 => Just(0), 1 => 1_u64..=100];
    (0_u64..=3, 1_u32..=6, first_wait, 30_u64..=300, 1_u32..=14).prop_map(
        |(skew, free_failures, first_wait, longest_wait, lock_after)| Rules {
            skew,
            throttle: Throttle { free_failures, first_wait, longest_wait, lock_after },
        },
    )
}

/// Wrong tokens before: seldom so many that the budget is nearly used up.
fn wrong_before() -> impl Strategy<Value = u32> {
    prop_oneof![3 => Just(0_u32), 1 => 290_u32..=301]
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
fn play(
    key: [u8; 20],
    start: u64,
    wrong_before: u32,
    rules: &Rules,
    events: &[Event],
) -> Result<(), TestCaseError> {
    let secret = Secret::from_bytes(&key).unwrap();
    let (mut account, mut now) = (new_account(secret.clone()), UnixTime(start));
    let (mut accepted, mut ledger) = (Accepted::default(), Ledger::default());
    for _ in 0..wrong_before {
        account.usage.budget.count(now);
        ledger.count(now);
    }
    for event in events {
        let (typed, purpose, origin, fate) = match event {
            Event::ClockMoves(seconds) => {
                now = UnixTime(now.0.saturating_add_signed(*seconds));
                continue;
            }
            Event::Unlock => {
                let last_step_at = account.usage.last_step_at;
                let used = ledger.used(now);
                let cleared = account.usage.clear_as_root(now);
                prop_assert_eq!(cleared.budget_used as usize, used);
                ledger.clear();
                prop_assert_eq!(account.usage.last_step_at, last_step_at);
                continue;
            }
            Event::Answer { typed, purpose, origin, fate } => {
                let origin = Origin::new(["sshd", "su", "login"][usize::from(*origin)], None);
                (typed, *purpose, origin, *fate)
            }
        };
        let claim = claim(typed, &secret, now);
        let before = account.usage.clone();
        let (verdict, decided) = decide(&account, &claim, purpose, &origin, now, rules);
        let ledger_before = ledger.clone();
        let (expected, usage) =
            model(&before, &secret, (&claim, purpose, &origin), now, rules, &mut ledger);

        prop_assert_eq!(kind(&verdict), expected);
        prop_assert_eq!(decided.usage.budget.used(now) as usize, ledger.used(now));
        prop_assert!(decided.usage.history.entries().eq(&ledger.decisions()));
        let (budget, history) = (decided.usage.budget, decided.usage.history.clone());
        let usage = Usage { budget, history, ..usage };
        prop_assert_eq!(&decided.usage, &usage);
        prop_assert_eq!(&decided.enrolment, &account.enrolment);
        prop_assert_eq!(&decided.generation, &account.generation);
        promises(&verdict, &before, &usage, claim.factor(), purpose, now)?;
        if fate == Fate::LostBeforeTheCommit {
            ledger = ledger_before;
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
    factor: Factor,
    purpose: Purpose,
    now: UnixTime,
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
    let by_backup_code = login && factor == Factor::BackupCode;
    let (budget_before, budget_after) = (before.budget.used(now), after.budget.used(now));
    prop_assert!(by_backup_code || budget_after >= budget_before, "the budget went down");
    let mut shut = before.clone();
    shut.anchor_wait(now);
    let shut = shut.is_locked(now) || shut.wait_left(now) > 0;
    match verdict {
        Verdict::Wrong { failures, wait_seconds, locked } if factor == Factor::BackupCode => {
            prop_assert_eq!(before.failures, *failures);
            prop_assert_eq!(
                (*wait_seconds, *locked),
                (0, false),
                "a backup code has cost something"
            );
            let told = Usage {
                failures_since_login: before.failures_since_login + 1,
                // What is decided is written down, and a clock that went back begins the wait anew.
                history: after.history.clone(),
                wait: after.wait,
                ..before.clone()
            };
            prop_assert_eq!(after, &told);
            prop_assert_eq!(
                after.wait.map(|wait| wait.seconds),
                before.wait.map(|wait| wait.seconds)
            );
        }
        Verdict::Wrong { failures, wait_seconds, locked } => {
            prop_assert!(!shut, "evaluated at a shut door");
            prop_assert_eq!(before.failures + 1, *failures);
            prop_assert_eq!(budget_before + 1, budget_after);
            prop_assert!(budget_after <= 300, "more than the budget was evaluated");
            prop_assert_eq!(after.wait.map_or(0, |wait| wait.seconds), *wait_seconds);
            prop_assert_eq!(after.locked, *locked);
        }
        Verdict::Accepted { backup_codes_left, failures_since_login, budget_used, opened } => {
            prop_assert_eq!(after.spent.left(), *backup_codes_left);
            prop_assert_eq!(before.failures_since_login, *failures_since_login);
            prop_assert_eq!(budget_before, *budget_used);
            prop_assert_eq!(budget_after, if by_backup_code { 0 } else { budget_before });
            let by_root = login && before.clone().take_opened();
            prop_assert_eq!(*opened, by_backup_code && shut || by_root);
            prop_assert!(!login || !after.clone().take_opened(), "told twice");
            prop_assert!(!login || !after.is_locked(now));
            prop_assert!(!login || (after.failures == 0 && after.wait_left(now) == 0));
        }
        Verdict::Wait { seconds } => {
            prop_assert!(*seconds > 0 && *seconds <= after.wait.unwrap().seconds);
            prop_assert_eq!(before.failures, after.failures);
        }
        _ => prop_assert_eq!(before.failures, after.failures),
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(3000))]

    #[test]
    fn no_sequence_of_answers_clocks_and_crashes_breaks_a_promise(
        key: [u8; 20], start in start(), wrong_before in wrong_before(), rules in rules(),
        events in prop::collection::vec(event(), 1..60),
    ) {
        play(key, start, wrong_before, &rules, &events)?;
    }
}
