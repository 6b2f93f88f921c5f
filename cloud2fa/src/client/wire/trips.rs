//! What one side writes, the other reads as the same: of each type, whatever is in it.

use super::refusal::Asked;
use super::reply::{IncomingReply, Reply};
use crate::account::{Cleared, Generation};
use crate::answer::Factor;
use crate::backup_codes::BackupCode;
use crate::decide::Verdict;
use crate::enrolment::NotProven;
use crate::history::{Entry, History, KEPT, Origin, Outcome};
use crate::manage::{NewKey, Refusal, Requirements};
use crate::store::{Disabled, Found, Issued, OldCopy, Standing, Status, StoreError};
use crate::time::UnixTime;
use crate::user::{User, UserName};
use proptest::prelude::*;
use zeroize::Zeroizing;

fn user() -> User {
    User { name: UserName::new("alice").unwrap(), uid: 5001 }
}

/// What the other side makes of it.
fn sent(reply: Reply) -> Result<IncomingReply, Refusal> {
    let user = user();
    let bytes = reply.finish();
    let (nul, message) = bytes.split_last().unwrap();
    assert!(*nul == 0 && !message.contains(&0), "a message ends with its only NUL");
    IncomingReply::parse(message, &Asked { user: &user, factor: Factor::BackupCode })
}

fn read(reply: Reply) -> IncomingReply {
    sent(reply).unwrap_or_else(|refusal| panic!("{refusal}"))
}

fn origin() -> impl Strategy<Value = Origin> {
    let address = prop_oneof![
        Just(None),
        any::<std::net::Ipv4Addr>().prop_map(|it| Some(it.to_string())),
        any::<std::net::Ipv6Addr>().prop_map(|it| Some(it.to_string())),
    ];
    ("[ -~]{0,40}", address).prop_map(|(service, it)| Origin::new(&service, it.as_deref()))
}

fn entry() -> impl Strategy<Value = Entry> {
    let outcome = prop::sample::select(&[Outcome::Accepted, Outcome::Wrong, Outcome::Replayed][..]);
    let factor = prop::sample::select(&[Factor::Token, Factor::BackupCode][..]);
    (any::<u64>(), outcome, factor, origin(), any::<u32>()).prop_map(
        |(at, outcome, factor, origin, times)| Entry {
            at: UnixTime(at),
            outcome,
            factor,
            origin,
            times,
        },
    )
}

/// As many as are kept, at most.
fn history() -> impl Strategy<Value = History> {
    proptest::collection::vec(entry(), 0..=KEPT).prop_map(|mut entries| {
        for entry in &mut entries {
            entry.outcome = Outcome::Wrong;
        }
        History::from_entries(entries).unwrap()
    })
}

fn standing() -> impl Strategy<Value = Standing> {
    let numbers = (any::<u64>(), any::<Option<u64>>(), 0..=8_usize, any::<u32>(), any::<u64>());
    let enrolled = (numbers, any::<bool>(), any::<u32>(), history());
    let generation = || Generation::generate().unwrap();
    prop_oneof![
        1 => Just(Standing::NeverEnrolled),
        1 => Just(()).prop_map(move |()| Standing::Disabled(generation())),
        6 => enrolled.prop_map(move |(numbers, locked, budget_used, history)| {
            let (since, last_used, backup_codes_left, failures, wait_seconds) = numbers;
            let (since, last_used) = (UnixTime(since), last_used.map(UnixTime));
            Standing::Enrolled(generation(), Status {
                since, last_used, backup_codes_left, failures, wait_seconds, locked, budget_used, history,
            })
        }),
    ]
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        (0..=8_usize, any::<u32>(), any::<u32>(), any::<bool>()).prop_map(
            |(backup_codes_left, failures_since_login, budget_used, opened)| Verdict::Accepted {
                backup_codes_left,
                failures_since_login,
                budget_used,
                opened,
            }
        ),
        (any::<u32>(), any::<u64>(), any::<bool>()).prop_map(|(failures, wait_seconds, locked)| {
            Verdict::Wrong { failures, wait_seconds, locked }
        }),
        any::<u64>().prop_map(|next_in| Verdict::Replayed { next_in }),
        any::<u64>().prop_map(|behind_by| Verdict::ClockWentBack { behind_by }),
        any::<u64>().prop_map(|seconds| Verdict::Wait { seconds }),
        Just(Verdict::Locked),
        Just(Verdict::Changed),
    ]
}

fn cleared() -> impl Strategy<Value = Cleared> {
    (any::<u32>(), any::<u32>(), any::<bool>()).prop_map(
        |(failures_since_login, budget_used, opened)| Cleared {
            failures_since_login,
            budget_used,
            opened,
        },
    )
}

fn old_copy(wiped: bool) -> OldCopy {
    if wiped { OldCopy::Wiped } else { OldCopy::Left(std::io::Error::other("EIO")) }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn how_somebody_stands_and_whose_it_is(standing in standing(), whose in "[a-z][a-z0-9.-]{0,30}") {
        let whose = User { name: UserName::new(&whose).unwrap(), uid: user().uid };
        let found = Found { whose, standing };
        prop_assert_eq!(read(Reply::found(&found)).found(&user()), Ok(found));
    }

    #[test]
    fn what_a_code_is_worth(verdict in verdict()) {
        prop_assert_eq!(read(Reply::verdict(&verdict)).verdict().ok(), Some(verdict));
    }

    #[test]
    fn what_a_change_needs(password: bool, current_code: bool) {
        let needs = Requirements { password, current_code };
        prop_assert_eq!(read(Reply::requirements(needs)).requirements().ok(), Some(needs));
    }

    #[test]
    fn a_new_key(issuer in ".{1,64}", account in ".{1,64}", uri in ".{0,300}", secret in "[A-Z2-7]{32}") {
        let key = NewKey { issuer: issuer.clone(), account: account.clone(), uri: Zeroizing::new(uri.clone()), secret: Zeroizing::new(secret.clone()) };
        let got = read(Reply::new_key(&key)).new_key().unwrap();
        prop_assert_eq!((got.issuer, got.account, (*got.uri).clone(), (*got.secret).clone()), (issuer, account, uri, secret));
    }

    #[test]
    fn new_backup_codes_and_what_a_change_has_cleared(count in 0..9_usize, wiped: bool, cleared in cleared()) {
        let backup_codes: Vec<_> = (0..count).map(|_| BackupCode::generate().unwrap()).collect();
        let issued = Issued { backup_codes: backup_codes.clone(), old_copy: old_copy(wiped), cleared };
        let got = read(Reply::issued(&issued)).issued().unwrap();
        prop_assert_eq!((got.backup_codes, got.cleared), (backup_codes, cleared));
        prop_assert_eq!(matches!(got.old_copy, OldCopy::Wiped), wiped);
        let disabled = Disabled { old_copy: old_copy(wiped), cleared };
        let got = read(Reply::disabled(&disabled)).disabled().unwrap();
        prop_assert_eq!((matches!(got.old_copy, OldCopy::Wiped), got.cleared), (wiped, cleared));
    }

    #[test]
    fn a_refusal(verdict in verdict(), seconds: i64, why in ".{0,100}") {
        let name = user().name;
        for refusal in [
            Refusal::NotPermitted,
            Refusal::UnknownUser(name.to_string()),
            Refusal::NoPassword,
            Refusal::PasswordRequired,
            Refusal::WrongPassword,
            Refusal::AccountRefused(why.clone()),
            Refusal::CurrentCodeRequired,
            Refusal::CurrentCodeRefused(verdict, Factor::BackupCode),
            Refusal::NotACode,
            Refusal::AlreadyEnrolled(name.clone()),
            StoreError::NotEnrolled(name.clone()).into(),
            StoreError::Changed(name.clone()).into(),
            Refusal::NoEnrolmentBegun,
            Refusal::NotProven(NotProven::WrongCode),
            Refusal::NotProven(NotProven::ClockOff { seconds }),
            StoreError::Unreachable(why.clone()).into(),
        ] {
            let got = sent(Reply::refused(&refusal, true)).err();
            prop_assert_eq!(got.map(|got| format!("{got:?}")), Some(format!("{refusal:?}")));
        }
    }
}

#[test]
fn who_is_not_root_is_told_neither_who_exists_nor_what_is_wrong() {
    let refusals = [
        Refusal::UnknownUser("bob".to_owned()),
        Refusal::EnrolledAs { name: user().name, whose: user().name },
    ];
    for refusal in refusals {
        let got = sent(Reply::refused(&refusal, false)).err().unwrap();
        assert!(matches!(got, Refusal::NotPermitted), "{got:?}");
    }
    let broken = StoreError::Missing("/var/lib/secret-place".into()).into();
    let got = sent(Reply::refused(&broken, false)).err().unwrap().to_string();
    assert!(!got.contains("secret-place") && got.contains("log"), "{got}");
    assert!(
        sent(Reply::refused(&broken, true)).err().unwrap().to_string().contains("secret-place")
    );
}
