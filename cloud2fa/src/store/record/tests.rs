//! Format 2: any account reads back as it was written, and the fullest has room.

use super::*;
use crate::account::{
    Attempt, DAEMONS, Drift, Enrolment, Fingerprint, Generation, Holder, Ignorable, Notice,
    NoticeKind, RememberedKey, Ticket, Toll, Usage,
};
use crate::answer::Factor;
use crate::backup_codes::{BackupCodeSet, CODES, CodeHash, HashRecipe};
use crate::budget::{Budget, DAYS};
use crate::history::{Entry, KEPT, LONGEST_SERVICE, Origin, Outcome};
use crate::pair::EACH_DAY;
use crate::seal::{NoSeal, Sealed};
use crate::throttle::Wait;
use crate::time::UnixTime;
use crate::totp::{Algorithm, Parameters, Secret, TimeStep};
use crate::user::UserName;
use zeroize::Zeroizing;

/// A seal that turns each bit, and makes a secret as long as a sealed one may be.
pub(super) struct Turned;

impl Seal for Turned {
    fn open(&self, _: &UserName, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (length, rest) = sealed.as_bytes().split_first().ok_or(SealError::NotOpened)?;
        let secret = rest.get(..usize::from(*length)).ok_or(SealError::NotOpened)?;
        Ok(Zeroizing::new(secret.iter().map(|byte| !byte).collect()))
    }

    fn seal(&self, _: &UserName, secret: &[u8], counter: u64) -> Result<Sealed, SealError> {
        let mut turned = vec![u8::try_from(secret.len()).unwrap()];
        turned.extend(secret.iter().map(|byte| !byte));
        turned.resize(Sealed::LONGEST, 0xff);
        Ok(Sealed::new(&turned, counter).unwrap())
    }
}

fn code_set(memory_kib: u32, passes: u32) -> BackupCodeSet {
    let hashes = (0..CODES).map(|_| CodeHash::from_bytes(&[0xff; 32]).unwrap()).collect();
    let recipe = HashRecipe::from_parts(memory_kib, passes, &[7; 16]).unwrap();
    BackupCodeSet::from_parts(recipe, hashes).unwrap()
}

/// An account as logins leave it.
pub(super) fn account(name: &str) -> Account {
    let secret = Secret::generate().unwrap();
    let created = UnixTime(1_764_000_000);
    let enrolment = Enrolment::new(secret, created, "root", code_set(9216, 4));
    let usage = Usage {
        last_step_at: Some(TimeStep(58_800_000).start()),
        last_used: Some(UnixTime(1_764_000_001)),
        spent: [3].into_iter().collect(),
        failures: 6,
        failures_since_login: 7,
        wait: Some(Wait { from: UnixTime(1_764_000_002), seconds: 60 }),
        locked: true,
        ..Usage::default()
    };
    let user = Holder { name: UserName::new(name).unwrap(), uid: Some(1000) };
    Account { enrolment: Some(enrolment), usage, ..Account::empty(user).unwrap() }
}

/// The last second of the year 9999.
const LATEST: UnixTime = UnixTime(253_402_300_799);

/// The fullest there can be.
pub(super) fn full_account() -> Account {
    fullest(LATEST, u16::MAX, u32::MAX)
}

/// With this time everywhere, and these counts.
fn fullest(time: UnixTime, a_day: u16, times: u32) -> Account {
    let name = UserName::new(&"a".repeat(200)).unwrap();
    let parameters = Parameters::new(Algorithm::Sha512, 8, 300).unwrap();
    let secret = Secret::weak_from_bytes(&[0xff; 15], time).unwrap().with_parameters(parameters);
    let enrolment = Enrolment {
        secret: secret.seal(&name, &Turned, u64::MAX).unwrap(),
        drift: Drift::new(-2880).unwrap(),
        created: time,
        created_by: "\"".repeat(200).as_str().into(),
        codes_seen: false,
        unconfirmed_until: Some(time),
        backup_codes: code_set(65_536, 10),
    };
    let hash = Fingerprint::new([0xff; 16]);
    Account {
        generation: Generation::generate().unwrap(),
        user: Holder { name, uid: Some(u32::MAX) },
        enrolment: Some(enrolment),
        ticket: Some(Ticket { hash, ends: time }),
        usage: full_usage(time, a_day, times),
        ignorable: Ignorable::from_lines(&("a".repeat(Ignorable::LONGEST - 1) + "\n")).unwrap(),
    }
}

fn full_usage(time: UnixTime, a_day: u16, times: u32) -> Usage {
    let hash = Fingerprint::new([0xff; 16]);
    let mut usage = Usage {
        last_step_at: Some(time),
        last_used: Some(time),
        spent: (0..CODES).collect(),
        failures: times,
        failures_since_login: times,
        wait: Some(Wait { from: time, seconds: time.0 }),
        locked: true,
        budget: Budget::from_parts(time.0 / 86_400, [a_day; DAYS]),
        last_attempt: Some(Attempt {
            id: [0xff; 16],
            asked: hash,
            outcome: Outcome::Accepted,
            at: time,
        }),
        ..Usage::default()
    };
    for _ in 0..20 {
        usage.remembered.add(RememberedKey { hash, ends: time });
        let kind = NoticeKind::RenewedByRoot;
        usage.notices.add(Notice { kind, at: time, number: time.0 });
        let add = |outcome, nth: usize| {
            let service = format!("{nth}{}", "s".repeat(LONGEST_SERVICE));
            let origin = Origin::new(&service, Some("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
            let at = UnixTime(time.0 - 20 + nth as u64);
            usage.history.add(Entry { at, outcome, factor: Factor::BackupCode, origin, times });
        };
        let mut add = add;
        for nth in 0..KEPT {
            add(Outcome::Accepted, nth);
            add(Outcome::Replayed, nth + 10);
        }
    }
    usage
}

fn read_back(account: &Account) -> Account {
    read(FORMAT, &write(account), &Turned).unwrap()
}

#[test]
fn an_account_reads_back_as_it_was_written() {
    for name in ["alice", "DOM\\ann \"x\"", "j\u{f6}rg"] {
        let account = account(name);
        assert_eq!(read_back(&account), account);
    }
}

#[test]
fn the_fullest_account_fits_with_200_bytes_to_spare() {
    let account = full_account();
    let text = write(&account);
    assert!(text.len() + 200 <= LONGEST_TEXT, "{} of {LONGEST_TEXT}", text.len());
    assert_eq!(read_back(&account), account);
}

#[test]
fn what_four_daemons_have_to_remember_has_room_beside_the_last_decisions() {
    let mut account = full_account();
    let days = [u16::try_from(EACH_DAY).unwrap(); DAYS];
    for number in 0..DAEMONS {
        let daemon = UserName::new(&format!("{number}{}", "d".repeat(39))).unwrap();
        account.usage.tolls.add(Toll {
            failures: 1000,
            wait: Some(Wait { from: LATEST, seconds: 3600 }),
            budget: Budget::from_parts(LATEST.0 / 86_400, days),
            ..Toll::none(daemon)
        });
    }
    let text = write(&account);
    assert!(text.len() <= LONGEST_TEXT, "{}", text.len());
    let read = read_back(&account);
    assert_eq!(read.usage.tolls, account.usage.tolls);
    assert!(read.usage.history.entries().count() >= 2, "{:?}", read.usage.history);
}

#[test]
fn a_plain_secret_of_64_bytes_takes_less_room_than_a_sealed_one() {
    let (sealed, mut plain) = (full_account(), full_account());
    plain.enrolment.as_mut().unwrap().secret = Secret::from_bytes(&[0xff; 64]).unwrap();
    assert!(write(&plain).len() < write(&sealed).len());
    assert_eq!(read_back(&plain), plain);
}

#[test]
fn a_weak_secret_has_an_end_and_no_other_has_one() {
    let mut account = account("alice");
    let text = |account: &Account| String::from_utf8(write(account).to_vec()).unwrap();
    let with_end = text(&account).replace("created = ", "replace_weak_by = 5\ncreated = ");
    let weak = Secret::weak_from_bytes(&[7; 10], UnixTime(5)).unwrap();
    account.enrolment.as_mut().unwrap().secret = weak;
    assert_eq!(read_back(&account), account);
    let without_end = text(&account).replace("replace_weak_by = 5\n", "");
    for text in [with_end, without_end] {
        assert_eq!(read(FORMAT, text.as_bytes(), &Turned), Err(Unread::NoAccount), "{text}");
    }
}

#[test]
fn where_numbers_are_larger_than_they_can_be_the_oldest_decisions_go_first() {
    let account = fullest(UnixTime(u64::MAX), u16::MAX, u32::MAX);
    let text = write(&account);
    assert!(text.len() <= LONGEST_TEXT, "{}", text.len());
    let read = read_back(&account);
    let all: Vec<_> = account.usage.history.entries().map(|entry| entry.at).collect();
    let kept: Vec<_> = read.usage.history.entries().map(|entry| entry.at).collect();
    assert!((1..all.len()).contains(&kept.len()), "{kept:?} of {all:?}");
    let newest_gone = all.iter().filter(|at| !kept.contains(at)).max().unwrap();
    assert!(kept.iter().all(|at| at > newest_gone), "{kept:?} of {all:?}");
    // Nothing else is left out.
    let mut rest = account;
    rest.usage.history = read.usage.history.clone();
    assert_eq!(read, rest);
}

#[test]
fn even_without_one_decision_the_rest_has_room_by_its_bounds() {
    let mut account = fullest(UnixTime(u64::MAX), u16::MAX, u32::MAX);
    account.usage.history = crate::history::History::default();
    assert!(write(&account).len() + 200 <= LONGEST_TEXT, "{}", write(&account).len());
}

#[test]
fn what_is_usual_takes_no_line() {
    let user = Holder { name: UserName::new("alice").unwrap(), uid: Some(1000) };
    let secret = Secret::generate().unwrap();
    let enrolment = Enrolment::new(secret, UnixTime(1), "root", code_set(9216, 4));
    let account = Account { enrolment: Some(enrolment), ..Account::empty(user).unwrap() };
    let text = String::from_utf8(write(&account).to_vec()).unwrap();
    let keys: Vec<_> = text.lines().filter_map(|line| Some(line.split_once(" = ")?.0)).collect();
    let usual = [
        "generation",
        "user",
        "uid",
        "enrolled",
        "secret",
        "created",
        "created_by",
        "algorithm",
        "memory_kib",
        "passes",
        "lanes",
        "salt",
        "hashes",
    ];
    assert_eq!(keys, usual);
    assert!(text.ends_with("]\n\n[usage]\n"), "{text}");
}

#[test]
fn a_record_may_hold_a_ticket_and_nothing_else() {
    let user = Holder { name: UserName::new("alice").unwrap(), uid: Some(1000) };
    let ticket = Ticket { hash: Fingerprint::new([5; 16]), ends: UnixTime(1_764_000_000) };
    let account = Account { ticket: Some(ticket), ..Account::empty(user).unwrap() };
    let text = String::from_utf8(write(&account).to_vec()).unwrap();
    let ticket = "enrolled = false\nticket = \"BQUFBQUFBQUFBQUFBQUFBQ 1764000000\"\n\n[usage]\n";
    assert!(text.ends_with(ticket), "{text}");
    assert_eq!(read_back(&account), account);
}

#[test]
fn a_disabled_account_keeps_its_usage_and_nothing_secret() {
    let mut account = full_account();
    account.enrolment = None;
    let text = String::from_utf8(write(&account).to_vec()).unwrap();
    assert!(!text.contains("secret") && !text.contains("hashes"));
    assert_eq!(read_back(&account), account);
}

#[test]
fn a_sealed_secret_is_opened_by_its_seal_alone_and_its_text_has_it_nowhere() {
    let account = full_account();
    let text = write(&account);
    let secret = account.enrolment.as_ref().unwrap().secret.to_base32();
    assert!(!std::str::from_utf8(&text).unwrap().contains(&secret[..16]));
    let unread = read(FORMAT, &text, &NoSeal).unwrap_err();
    assert_eq!(unread, Unread::Unopened(SealError::NoKey));
}

#[test]
fn lines_that_a_later_version_left_to_be_ignored_are_kept() {
    let later = "colour = \"red\"\nshape = [ 1,2 ]  # round\n";
    let mut account = account("alice");
    account.ignorable = Ignorable::from_lines(later).unwrap();
    let text = String::from_utf8(write(&account).to_vec()).unwrap();
    assert!(text.ends_with(&format!("\n\n[ignorable]\n{later}")), "{text}");
    assert_eq!(read_back(&account), account);
}

#[test]
fn a_record_that_is_not_whole_is_none() {
    let account = full_account();
    let text = String::from_utf8(write(&account).to_vec()).unwrap();
    let name = "a".repeat(200);
    for (from, to) in [
        ("enrolled = true", "enrolled = false"),
        ("locked = true", "locked = yes"),
        ("lanes = 1", "lanes = 2"),
        ("memory_kib = 65536", "memory_kib = 4194304"),
        ("spent_backup_codes = [0,", "spent_backup_codes = [8,"),
        ("wait_from", "wait_form"),
        ("wait_seconds = 253402300799\n", ""),
        ("seal_counter = 18446744073709551615\n", ""),
        ("sealed_secret = \"", "sealed_secret = \"!"),
        ("sealed_secret", "secret"),
        ("uid = 4294967295", "uid = -1"),
        ("algorithm = \"SHA512\"", "algorithm = \"MD5\""),
        ("digits = 8", "digits = 9"),
        ("period = 300", "period = 0"),
        ("drift = -2880", "drift = -2881"),
        ("codes_seen = false", "codes_seen = never"),
        ("last_step_at", "last_step"),
        ("budget = \"2932896 ", "budget = \"2932896 1,"),
        ("\"renewed_by_root ", "\"unheard_of "),
        ("notices = [\n", "notices = [\n\"opened 1 1\",\n"),
        ("remembered = [\n", "remembered = [\n\"BQUFBQUFBQUFBQUFBQUFBQ 1\",\n"),
        ("decisions = [\n", "decisions = [\n\"1 wrong token su - 1\",\n"),
        (" replayed backup_code ", " replayed backup_code  "),
        (" ffff:ffff:", " gggg:ffff:"),
        ("last_attempt = \"", "last_attempt = \" "),
        ("\n[ignorable]", "\n[unknown]"),
        ("\n[ignorable]", "\nunknown = 1\n\n[ignorable]"),
        (name.as_str(), &"a".repeat(201)),
        ("ticket = \"/", "ticket = \""),
    ] {
        assert!(text.contains(from), "{from}");
        let changed = text.replacen(from, to, 1);
        assert!(read(FORMAT, changed.as_bytes(), &Turned).is_err(), "{from} -> {to}");
    }
    let long = text.clone() + "\n";
    assert!(read(FORMAT, long.as_bytes(), &Turned).is_err());
    for bytes in [&b"\xff"[..], b""] {
        assert_eq!(read(FORMAT, bytes, &Turned), Err(Unread::NoAccount));
    }
    for format in [0, 3, u64::MAX] {
        assert!(read(format, text.as_bytes(), &Turned).is_err());
    }
}
