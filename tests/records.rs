//! What the library writes is what cloud2fa.toml(5) section FILES says: read back by a second reader.
#![allow(missing_docs)]

use cloud2fa::account::{
    Attempt, Drift, Enrolment, Fingerprint, Ignorable, Notice, NoticeKind, RememberedKey, Ticket,
    Usage,
};
use cloud2fa::backup_codes::{BackupCodeSet, CodeHash, HashRecipe};
use cloud2fa::budget::Budget;
use cloud2fa::history::{Entry, Origin, Outcome};
use cloud2fa::seal::{NoSeal, Seal, SealError, Sealed};
use cloud2fa::store::record;
use cloud2fa::throttle::Wait;
use cloud2fa::totp::{Algorithm, Parameters};
use cloud2fa::{Account, Factor, Holder, Secret, UnixTime, UserName};
use cloud2fa_tests::records::{self, BackupCodes, Decision, Record};
use cloud2fa_tests::slots;

/// The last second of the year 9999, and the day it is in.
const LATEST: UnixTime = UnixTime(253_402_300_799);
const LAST_DAY: u64 = 2_932_896;

/// As long an address as there is.
const ADDRESS: &str = "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff";

/// A seal whose sealed secret is as long as one may be.
struct Longest;

const SEALED: [u8; Sealed::LONGEST] = [0xfb; Sealed::LONGEST];

impl Seal for Longest {
    fn open(&self, _: &UserName, _: &Sealed) -> Result<zeroize::Zeroizing<Vec<u8>>, SealError> {
        Ok(vec![0xfe; 15].into())
    }

    fn seal(&self, _: &UserName, _: &[u8], counter: u64) -> Result<Sealed, SealError> {
        Ok(Sealed::new(&SEALED, counter).expect("it is as long as it may be"))
    }
}

fn fingerprint(byte: u8) -> Fingerprint {
    Fingerprint::new([byte; 16])
}

fn code_set() -> BackupCodeSet {
    let hashes = (0..8).map(|nth| CodeHash::from_bytes(&[0xf0 + nth; 32]).unwrap()).collect();
    BackupCodeSet::from_parts(HashRecipe::from_parts(65_536, 10, &[7; 16]).unwrap(), hashes)
        .unwrap()
}

fn decisions() -> Vec<Entry> {
    let outcomes = [Outcome::Accepted, Outcome::Replayed];
    let each = outcomes.into_iter().flat_map(|outcome| (0..4).map(move |nth| (outcome, nth)));
    let entry = |(outcome, nth)| Entry {
        at: UnixTime(LATEST.0 - nth),
        outcome,
        factor: Factor::BackupCode,
        origin: Origin::new(&format!("{nth}{}", "s".repeat(23)), Some(ADDRESS)),
        times: u32::MAX,
    };
    each.map(entry).collect()
}

/// The fullest record there can be.
fn fullest() -> Account {
    let name = UserName::new(&"a".repeat(200)).unwrap();
    let parameters = Parameters::new(Algorithm::Sha512, 8, 300).unwrap();
    let secret = Secret::weak_from_bytes(&[0xfe; 15], LATEST).unwrap().with_parameters(parameters);
    let enrolment = Enrolment {
        drift: Drift::new(-2880).unwrap(),
        codes_seen: false,
        unconfirmed_until: Some(LATEST),
        ..Enrolment::new(
            secret.seal(&name, &Longest, u64::MAX).unwrap(),
            LATEST,
            &"\"\\".repeat(50),
            code_set(),
        )
    };
    let mut usage = Usage {
        last_step_at: Some(LATEST),
        last_used: Some(LATEST),
        spent: (0..8).collect(),
        failures: u32::MAX,
        failures_since_login: u32::MAX,
        wait: Some(Wait { from: LATEST, seconds: LATEST.0 }),
        locked: true,
        budget: Budget::from_parts(LAST_DAY, [u16::MAX; 31]),
        last_attempt: Some(Attempt {
            id: [0xf1; 16],
            asked: fingerprint(0xf2),
            outcome: Outcome::Replayed,
            at: LATEST,
        }),
        ..Usage::default()
    };
    for nth in 0..8 {
        usage.remembered.add(RememberedKey { hash: fingerprint(nth), ends: LATEST });
    }
    for number in 0..4 {
        let (kind, number) = (NoticeKind::RenewedByRoot, LATEST.0 - number);
        usage.notices.add(Notice { kind, at: LATEST, number });
    }
    for entry in decisions() {
        usage.history.add(entry);
    }
    Account {
        enrolment: Some(enrolment),
        ticket: Some(Ticket { hash: fingerprint(0xf3), ends: LATEST }),
        usage,
        ignorable: Ignorable::from_lines(&("x".repeat(255) + "\n")).unwrap(),
        ..Account::empty(Holder { name, uid: Some(u32::MAX) }).unwrap()
    }
}

/// The same, as the page says that it stands there.
fn fullest_as_documented(generation: String) -> Record {
    let latest = LATEST.0;
    let decided = |entry: &Entry| Decision {
        at: entry.at.0,
        outcome: if entry.outcome == Outcome::Accepted { "accepted" } else { "replayed" }
            .to_owned(),
        factor: "backup_code".to_owned(),
        service: entry.origin.service().to_owned(),
        address: Some(ADDRESS.parse().unwrap()),
        times: u64::from(u32::MAX),
    };
    Record {
        generation,
        user: "a".repeat(200),
        uid: Some(u64::from(u32::MAX)),
        enrolled: true,
        ticket: Some((vec![0xf3; 16], latest)),
        secret: None,
        sealed_secret: Some((SEALED.to_vec(), u64::MAX)),
        parameters: Some(("SHA512".to_owned(), 8, 300)),
        drift: -2880,
        replace_weak_by: Some(latest),
        created: Some((latest, "\"\\".repeat(50))),
        codes_seen: false,
        unconfirmed_until: Some(latest),
        backup_codes: Some(BackupCodes {
            memory_kib: 65_536,
            passes: 10,
            salt: vec![7; 16],
            hashes: (0..8).map(|nth| vec![0xf0 + nth; 32]).collect(),
        }),
        last_step_at: Some(latest),
        last_used: Some(latest),
        spent_backup_codes: (0..8).collect(),
        failures: u64::from(u32::MAX),
        failures_since_login: u64::from(u32::MAX),
        wait: Some((latest, latest)),
        locked: true,
        budget: Some((LAST_DAY, vec![u64::from(u16::MAX); 31])),
        remembered: (0..8).map(|nth| (vec![nth; 16], latest)).collect(),
        notices: (0..4).map(|nth| ("renewed_by_root".to_owned(), latest, latest - nth)).collect(),
        last_attempt: Some((vec![0xf1; 16], vec![0xf2; 16], "replayed".to_owned(), latest)),
        decisions: decisions().iter().map(decided).collect(),
        ignorable: "x".repeat(255) + "\n",
    }
}

fn text_of(account: &Account) -> String {
    String::from_utf8(record::write(account).to_vec()).unwrap()
}

#[test]
fn the_fullest_record_fits_into_a_slot_with_200_bytes_to_spare_and_reads_back() {
    let account = fullest();
    let text = text_of(&account);
    assert_eq!(records::read(&text), fullest_as_documented(account.generation.to_hex()));
    // Blanks behind the text, with the longest header that a slot can have.
    let slot = slots::seal(slots::FORMAT, u64::MAX / 2, &text);
    let blanks = slot[..slots::SLOT - 17].iter().rev().take_while(|byte| **byte == b' ').count();
    assert!(blanks >= 200, "{blanks}");
}

#[test]
fn an_enrolment_of_today_reads_back() {
    let secret = Secret::generate().unwrap();
    let enrolment = Enrolment::new(secret.clone(), UnixTime(1_764_000_000), "root", code_set());
    let user = Holder { name: UserName::new("DOM\\ann \"x\"").unwrap(), uid: Some(1000) };
    let mut account = Account { enrolment: Some(enrolment), ..Account::empty(user).unwrap() };
    account.usage.failures = 3;
    account.usage.budget.count(UnixTime(1_764_000_000 - 3 * 86_400));
    account.usage.budget.count(UnixTime(1_764_000_000));
    let record = records::read(&text_of(&account));
    assert_eq!(record.user, "DOM\\ann \"x\"");
    assert_eq!(
        record.secret.unwrap(),
        data_encoding::BASE32_NOPAD.decode(secret.to_base32().as_bytes()).unwrap()
    );
    assert_eq!(record.parameters, Some(("SHA1".to_owned(), 6, 30)));
    assert_eq!(record.budget, Some((1_764_000_000 / 86_400, vec![1, 0, 0, 1])));
    assert_eq!((record.failures, record.failures_since_login, record.locked), (3, 0, false));
}

#[test]
fn what_a_host_reads_of_it_is_what_the_host_wrote() {
    let mut account = fullest();
    let enrolment = account.enrolment.as_mut().unwrap();
    enrolment.secret = Secret::from_bytes(&[0xfe; 64]).unwrap();
    let text = record::write(&account);
    assert_eq!(record::read(slots::FORMAT, &text, &NoSeal).unwrap(), account);
}
