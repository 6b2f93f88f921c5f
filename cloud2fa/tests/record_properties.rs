//! Any account reads back as it was written, and no bytes make the reader do anything but refuse.

#![allow(missing_docs)]

#[path = "common/accounts.rs"]
mod accounts;

use accounts::{code_set, hash};
use cloud2fa::account::{
    Attempt, Drift, Enrolment, Fingerprint, Ignorable, Notice, NoticeKind, RememberedKey, Ticket,
    Toll, Usage,
};
use cloud2fa::backup_codes::CODES;
use cloud2fa::budget::{Budget, DAYS};
use cloud2fa::history::{Entry, Origin, Outcome};
use cloud2fa::seal::{NoSeal, Seal, SealError, Sealed};
use cloud2fa::store::record::{LONGEST_TEXT, read, write};
use cloud2fa::throttle::Wait;
use cloud2fa::totp::{Algorithm, Parameters};
use cloud2fa::{Account, Factor, Generation, Holder, Secret, UnixTime, UserName};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use std::net::IpAddr;
use zeroize::Zeroizing;

/// Seals by name: another one's does not open.
struct Named;

impl Seal for Named {
    fn open(&self, name: &UserName, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let mark = [u8::try_from(name.as_str().len()).unwrap()];
        let secret = sealed.as_bytes().strip_prefix(&mark).ok_or(SealError::NotOpened)?;
        Ok(Zeroizing::new(secret.to_vec()))
    }

    fn seal(&self, name: &UserName, secret: &[u8], counter: u64) -> Result<Sealed, SealError> {
        let bytes = [&[u8::try_from(name.as_str().len()).unwrap()], secret].concat();
        Ok(Sealed::new(&bytes, counter).unwrap())
    }
}

fn time() -> impl Strategy<Value = UnixTime> {
    // To the end of the year 9999, and mostly about now.
    prop_oneof![0..=253_402_300_799_u64, 1_700_000_000..2_000_000_000_u64].prop_map(UnixTime)
}

fn fingerprint() -> impl Strategy<Value = Fingerprint> {
    any::<[u8; 16]>().prop_map(Fingerprint::new)
}

fn name() -> impl Strategy<Value = UserName> {
    let text = prop_oneof!["[a-z][a-z0-9_-]{0,199}", "[a-z\"\\\\. @\u{e4}\u{20ac}]{1,22}"];
    text.prop_map(|text| UserName::new(&text).unwrap())
}

fn secret() -> impl Strategy<Value = Secret> {
    let strong = vec(any::<u8>(), 16..=64).prop_map(|key| Secret::from_bytes(&key).unwrap());
    let weak = (vec(any::<u8>(), 10..=15), time())
        .prop_map(|(key, end)| Secret::weak_from_bytes(&key, end).unwrap());
    let usual = Just(Parameters::USUAL);
    let any = (select(&Algorithm::ALL[..]), 6..=8_u8, 10..=300_u64).prop_map(
        |(algorithm, digits, period)| Parameters::new(algorithm, digits, period).unwrap(),
    );
    (prop_oneof![strong, weak], prop_oneof![usual, any])
        .prop_map(|(secret, parameters)| secret.with_parameters(parameters))
}

fn enrolment() -> impl Strategy<Value = Enrolment> {
    let times = (time(), option::of(time()));
    let set = vec(0..CODES, CODES).prop_map(|all| code_set(all.into_iter().map(hash).collect()));
    (secret(), -2880..=2880_i16, times, ".{0,250}", any::<bool>(), set).prop_map(
        |(secret, drift, (created, unconfirmed_until), by, seen, set)| Enrolment {
            drift: Drift::new(drift).unwrap(),
            codes_seen: seen,
            unconfirmed_until,
            ..Enrolment::new(secret, created, &by, set)
        },
    )
}

fn outcome() -> impl Strategy<Value = Outcome> {
    select(&[Outcome::Accepted, Outcome::Wrong, Outcome::Replayed][..])
}

fn entry() -> impl Strategy<Value = Entry> {
    let factor = select(&[Factor::Token, Factor::BackupCode][..]);
    let origin = (".{0,30}", option::of(any::<IpAddr>())).prop_map(|(service, address)| {
        Origin::new(&service, address.map(|address| address.to_string()).as_deref())
    });
    (time(), outcome(), factor, origin, any::<u32>()).prop_map(
        |(at, outcome, factor, origin, times)| Entry { at, outcome, factor, origin, times },
    )
}

fn budget() -> impl Strategy<Value = Budget> {
    let count = prop_oneof![3 => Just(0), 1 => 0..=300_u16, 1 => any::<u16>()];
    (time(), vec(count, DAYS))
        .prop_map(|(time, counts)| Budget::from_parts(time.0 / 86_400, counts.try_into().unwrap()))
}

fn wait() -> impl Strategy<Value = Wait> {
    (time(), 1..=31_536_000_u64).prop_map(|(from, seconds)| Wait { from, seconds })
}

fn notice() -> impl Strategy<Value = Notice> {
    (select(&NoticeKind::ALL[..]), time(), 0..=253_402_300_799_u64)
        .prop_map(|(kind, at, number)| Notice { kind, at, number })
}

fn attempt() -> impl Strategy<Value = Attempt> {
    (any::<[u8; 16]>(), fingerprint(), outcome(), time())
        .prop_map(|(id, asked, outcome, at)| Attempt { id, asked, outcome, at })
}

fn toll() -> impl Strategy<Value = Toll> {
    let daemon = "[a-z_][a-z0-9_.-]{0,12}".prop_map(|name| UserName::new(&name).unwrap());
    let rest = (any::<u32>(), option::of(wait()), any::<bool>(), budget());
    (daemon, rest).prop_map(|(daemon, (failures, wait, locked, budget))| Toll {
        failures,
        wait,
        locked,
        budget,
        ..Toll::none(daemon)
    })
}

fn usage() -> impl Strategy<Value = Usage> {
    let codes = (option::of(time()), option::of(time()), vec(0..CODES, 0..=CODES));
    let failures = (0..=9_u32, any::<u32>(), option::of(wait()), any::<bool>());
    let key = (fingerprint(), time()).prop_map(|(hash, ends)| RememberedKey { hash, ends });
    let lists = (vec(entry(), 0..20), vec(key, 0..12), vec(notice(), 0..6), vec(toll(), 0..6));
    (codes, failures, budget(), lists, option::of(attempt())).prop_map(
        |(codes, failures, budget, (entries, keys, notices, tolls), last_attempt)| {
            let mut usage = Usage {
                last_step_at: codes.0,
                last_used: codes.1,
                spent: codes.2.into_iter().collect(),
                failures: failures.0,
                failures_since_login: failures.1,
                wait: failures.2,
                locked: failures.3,
                budget,
                last_attempt,
                ..Usage::default()
            };
            for entry in entries {
                usage.history.add(entry);
            }
            for toll in tolls {
                usage.tolls.add(toll);
            }
            for key in keys {
                usage.remembered.add(key);
            }
            for notice in notices {
                usage.notices.add(notice);
            }
            usage
        },
    )
}

fn account() -> impl Strategy<Value = Account> {
    let user = (name(), option::of(any::<u32>())).prop_map(|(name, uid)| Holder { name, uid });
    let ticket = (fingerprint(), time()).prop_map(|(hash, ends)| Ticket { hash, ends });
    let lines = vec("[a-z]{1,8} = [0-9]{1,9}", 0..6).prop_map(|lines| {
        Ignorable::from_lines(&lines.iter().flat_map(|line| [line, "\n"]).collect::<String>())
    });
    let sealing = option::of(any::<u64>());
    (user, option::of(enrolment()), sealing, option::of(ticket), usage(), lines).prop_map(
        |(user, mut enrolment, sealing, ticket, usage, lines)| {
            if let (Some(enrolment), Some(counter)) = (&mut enrolment, sealing) {
                let secret = enrolment.secret.clone();
                enrolment.secret = secret.seal(&user.name, &Named, counter).unwrap();
            }
            let ignorable = lines.unwrap();
            let generation = Generation::generate().unwrap();
            Account { generation, user, enrolment, ticket, usage, ignorable }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_account_reads_back_as_it_was_written_and_has_room(account in account()) {
        let text = write(&account);
        prop_assert!(text.len() + 200 <= LONGEST_TEXT, "{}", text.len());
        prop_assert_eq!(read(2, &text, &Named), Ok(account.clone()));
        let sealed = account.enrolment.is_some_and(|it| it.secret.sealed().is_some());
        prop_assert_eq!(read(2, &text, &NoSeal).is_err(), sealed);
        // It is the one text of that account.
        prop_assert!(*write(&read(2, &text, &Named).unwrap()) == *text);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in vec(any::<u8>(), 0..600), format in 0..4_u64) {
        prop_assert!(read(format, &bytes, &NoSeal).is_err());
    }

    #[test]
    fn a_text_with_bytes_changed_lost_or_added_never_makes_the_reader_panic(
        account in account(),
        changes in vec((any::<proptest::sample::Index>(), any::<u8>(), 0..4_u8), 1..6),
        format in 1..=2_u64,
    ) {
        let mut text = write(&account).to_vec();
        for (at, byte, what) in changes {
            if text.is_empty() {
                break;
            }
            let at = at.index(text.len());
            match what {
                0 => text[at] = byte,
                1 => drop(text.remove(at)),
                2 => text.insert(at, byte),
                _ => text.truncate(at.max(1)),
            }
        }
        // What reads all the same is an account, and can be written.
        if let Ok(read) = read(format, &text, &Named) {
            prop_assert!(write(&read).len() <= LONGEST_TEXT);
        }
    }
}
