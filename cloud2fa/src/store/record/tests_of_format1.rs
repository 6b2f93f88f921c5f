//! Format 1: what the first versions wrote reads as before, and what goes back is what they wrote.

use super::tests::account;
use super::*;
use crate::account::{Drift, Enrolment};
use crate::backup_codes::CODES;
use crate::seal::NoSeal;
use crate::throttle::Wait;
use crate::time::UnixTime;
use crate::totp::{Parameters, TimeStep};
use toml::de::DeTable;

/// As version 0.1.0 wrote it.
const BY_THE_FIRST_VERSION: &str = r#"generation = "00112233445566778899aabbccddeeff"
user = "DOM\\ann \"x\""
uid = 1000
enrolled = true
secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
created = 1764000000
created_by = "root"

[backup_codes]
algorithm = "argon2id"
memory_kib = 9216
passes = 4
lanes = 1
salt = "000102030405060708090a0b0c0d0e0f"
hashes = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0101010101010101010101010101010101010101010101010101010101010101",
  "0202020202020202020202020202020202020202020202020202020202020202",
  "0303030303030303030303030303030303030303030303030303030303030303",
  "0404040404040404040404040404040404040404040404040404040404040404",
  "0505050505050505050505050505050505050505050505050505050505050505",
  "0606060606060606060606060606060606060606060606060606060606060606",
  "0707070707070707070707070707070707070707070707070707070707070707",
]

[usage]
last_step = 58800000
last_used = 1764000001
spent_backup_codes = [0, 7]
failures = 6
failures_since_login = 7
wait_from = 1764000002
wait_seconds = 60
locked = true
"#;

fn read(text: &[u8]) -> Option<Account> {
    super::read(FIRST_FORMAT, text, &NoSeal).ok()
}

fn write(account: &Account) -> Content {
    write_format_1(account).unwrap().0
}

#[test]
fn what_the_first_version_wrote_reads_as_before_and_is_written_the_same() {
    let account = read(BY_THE_FIRST_VERSION.as_bytes()).unwrap();
    assert_eq!(account.generation.to_hex(), "00112233445566778899aabbccddeeff");
    assert_eq!(account.user.name.as_str(), "DOM\\ann \"x\"");
    assert_eq!(account.user.uid, Some(1000));
    let enrolment = account.enrolment.as_ref().unwrap();
    assert_eq!(*enrolment.secret.to_base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    assert_eq!(enrolment.secret.parameters(), Parameters::USUAL);
    assert_eq!(
        (enrolment.created, enrolment.created_by.as_str()),
        (UnixTime(1_764_000_000), "root")
    );
    assert_eq!((enrolment.drift, enrolment.codes_seen), (Drift::default(), true));
    let hashes = enrolment.backup_codes.hashes();
    assert!((0..).zip(hashes).all(|(position, hash)| hash.as_bytes() == [position; 32]));
    let usage = &account.usage;
    assert_eq!(usage.last_step_at, Some(TimeStep(58_800_000).start()));
    assert_eq!(usage.last_used, Some(UnixTime(1_764_000_001)));
    assert!(usage.spent.positions().eq([0, 7]));
    assert_eq!((usage.failures, usage.failures_since_login, usage.locked), (6, 7, true));
    assert_eq!(usage.wait, Some(Wait { from: UnixTime(1_764_000_002), seconds: 60 }));
    assert_eq!(std::str::from_utf8(&write(&account)).unwrap(), BY_THE_FIRST_VERSION);
    assert_eq!(write_format_1(&account).unwrap().1, []);
}

#[test]
fn an_account_reads_back_as_it_was_written() {
    for name in ["alice", "DOM\\ann \"x\"", "j\u{f6}rg"] {
        let account = account(name);
        assert_eq!(read(&write(&account)), Some(account));
    }
}

#[test]
fn what_is_written_is_toml() {
    let text = write(&account("DOM\\ann \"x\""));
    let table = DeTable::parse(std::str::from_utf8(&text).unwrap()).unwrap().into_inner();
    assert_eq!(table["user"].get_ref().as_str(), Some("DOM\\ann \"x\""));
    let codes = table["backup_codes"].get_ref().as_table().unwrap();
    assert_eq!(codes["hashes"].get_ref().as_array().unwrap().len(), CODES);
    assert!(table["usage"].get_ref().as_table().is_some());
}

#[test]
fn a_disabled_account_keeps_its_usage_and_nothing_secret() {
    let mut account = account("alice");
    account.enrolment = None;
    let text = write(&account);
    let shown = std::str::from_utf8(&text).unwrap();
    assert!(!shown.contains("secret") && !shown.contains("hashes"));
    assert_eq!(read(&text), Some(account));
}

#[test]
fn the_longest_name_fits_into_a_slot() {
    let mut account = account(&"a".repeat(200));
    account.enrolment.as_mut().unwrap().created_by = "\"".repeat(100).as_str().into();
    assert!(write(&account).len() < LONGEST_TEXT);
}

#[test]
fn a_record_that_is_not_whole_is_none() {
    for (from, to) in [
        ("enrolled = true", "enrolled = false"),
        ("locked = true", ""),
        ("lanes = 1", "lanes = 2"),
        ("memory_kib = 9216", "memory_kib = 4194304"),
        ("spent_backup_codes = [0, 7]", "spent_backup_codes = [8]"),
        ("wait_from", "wait_form"),
        ("wait_seconds = 60", ""),
        ("secret = \"", "secret = \"1"),
        ("uid = 1000", "uid = -1"),
        ("uid = 1000\n", ""),
        ("failures = 6\n", ""),
    ] {
        assert!(BY_THE_FIRST_VERSION.contains(from));
        let changed = BY_THE_FIRST_VERSION.replace(from, to);
        assert!(read(changed.as_bytes()).is_none(), "{from} -> {to}");
    }
    assert!(read(b"\xff").is_none() && read(b"").is_none());
}

#[test]
fn a_text_of_one_format_is_none_of_the_other() {
    let account = account("alice");
    assert!(read(&super::write(&account)).is_none());
    assert!(super::read(FORMAT, &write(&account), &NoSeal).is_err());
}

#[test]
fn what_would_be_another_enrolment_in_format_1_is_refused() {
    let refused = |change: &dyn Fn(&mut Account)| {
        let mut account = account("alice");
        change(&mut account);
        write_format_1(&account).unwrap_err()
    };
    let enrolment = |account: &mut Account, change: &dyn Fn(&mut Enrolment)| {
        change(account.enrolment.as_mut().unwrap());
    };
    let refused_enrolment =
        |change: &dyn Fn(&mut Enrolment)| refused(&|account| enrolment(account, change));
    assert_eq!(refused(&|account| account.user.uid = None), NotInFormat1::NoUid);
    let drift = refused_enrolment(&|it| it.drift = Drift::new(-1).unwrap());
    assert_eq!(drift, NotInFormat1::Drift);
    let unconfirmed = refused_enrolment(&|it| it.unconfirmed_until = Some(UnixTime(1)));
    assert_eq!(unconfirmed, NotInFormat1::Unconfirmed);
    let minutes = Parameters::new(Parameters::USUAL.algorithm(), 6, 60).unwrap();
    let period = refused_enrolment(&|it| it.secret = it.secret.clone().with_parameters(minutes));
    assert_eq!(period, NotInFormat1::Parameters);
    let weak = refused_enrolment(&|it| {
        it.secret = crate::Secret::weak_from_bytes(&[1; 10], UnixTime(1)).unwrap();
    });
    assert_eq!(weak, NotInFormat1::WeakKey);
    let sealed = refused_enrolment(&|it| {
        let name = crate::UserName::new("alice").unwrap();
        it.secret = it.secret.clone().seal(&name, &tests::Turned, 1).unwrap();
    });
    assert_eq!(sealed, NotInFormat1::Sealed);
}

#[test]
fn what_format_1_has_no_place_for_is_named() {
    let mut full = tests::full_account();
    full.user.uid = Some(1);
    let enrolment = full.enrolment.as_mut().unwrap();
    (enrolment.drift, enrolment.unconfirmed_until) = (Drift::default(), None);
    enrolment.secret = crate::Secret::generate().unwrap();
    let (text, lost) = write_format_1(&full).unwrap();
    let words: std::collections::BTreeSet<_> = lost.iter().map(|lost| lost.word()).collect();
    assert_eq!(words.len(), 8, "{words:?}");
    let back = read(&text).unwrap();
    assert_eq!(back.generation, full.generation);
    assert_eq!(back.usage.failures, full.usage.failures);
    assert_eq!(back.usage.spent, full.usage.spent);
}
