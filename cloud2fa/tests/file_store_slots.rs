//! The two slots of an account file, through the store: their format, and that a torn or
//! damaged one leaves the other.

#![allow(missing_docs)]

#[path = "common/house.rs"]
mod house;

use cloud2fa::store::{Basis, Failures, Standing, Store, StoreError};
use cloud2fa::{TimeStep, Verdict};
use house::{
    FILE, FORMAT, House, LATER_FORMAT, NOW, SLOT, accepted, alice, file_of, is_whole, later,
    newest, parse, slot, unmarked,
};

#[test]
fn a_damaged_byte_anywhere_leaves_the_other_slot() {
    let (house, enrolled) = House::with_alice();
    house.guess(&enrolled, 1, NOW);
    let whole = house.bytes();
    let newer = newest(&whole).0;
    let mut store = house.store();
    for at in 0..FILE {
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << (at % 8);
        house.put(&damaged);
        let standing = store.status(&alice(), &|| NOW).unwrap();
        let failures = standing.status().unwrap().failures;
        assert_eq!(failures, u32::from(at / SLOT != newer), "byte {at}");
    }
}

#[test]
fn a_login_works_beside_a_damaged_slot_and_repairs_it() {
    let (house, enrolled) = House::with_alice();
    house.guess(&enrolled, 1, NOW);
    let whole = house.bytes();
    let right = enrolled.token(later(1));
    for at in (0..FILE).step_by(97) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0xff;
        house.put(&damaged);
        let verdict = house.login(&enrolled.generation, &right, later(1)).unwrap();
        assert!(accepted(&verdict), "byte {at}: {verdict:?}");
        let verdict = house.login(&enrolled.generation, &right, later(1)).unwrap();
        assert_eq!(verdict, Verdict::Replayed { next_in: 15 }, "byte {at}");
        for repaired in house.bytes().chunks(SLOT) {
            assert!(is_whole(repaired), "byte {at}");
        }
    }
}

#[test]
fn a_commit_that_is_torn_anywhere_is_as_if_it_had_not_been() {
    let (house, enrolled) = House::with_alice();
    house.guess(&enrolled, 1, NOW);
    let before = house.bytes();
    let right = enrolled.token(later(1));
    assert!(accepted(&house.login(&enrolled.generation, &right, later(1)).unwrap()));
    let after = house.bytes();
    let written = newest(&after).0;
    let other = |file: &[u8]| unmarked(&file[(1 - written) * SLOT..][..SLOT]);
    assert!(other(&before) == other(&after));
    for written_bytes in (1..SLOT).step_by(67) {
        let mut torn = before.clone();
        let start = written * SLOT;
        torn[start..start + written_bytes].copy_from_slice(&after[start..start + written_bytes]);
        house.put(&torn);
        // What differs may have been written in full: then the commit is there, and the code spent.
        let complete = torn == after;
        let verdict = house.login(&enrolled.generation, &right, later(1)).unwrap();
        assert_eq!(accepted(&verdict), !complete, "{written_bytes} bytes: {verdict:?}");
        assert!(!accepted(&house.login(&enrolled.generation, &right, later(1)).unwrap()));
    }
}

#[test]
fn each_commit_overwrites_the_older_slot_alone() {
    let (house, enrolled) = House::with_alice();
    let mut before = house.bytes();
    let mut sequence = newest(&before).1;
    for _ in 0..5 {
        house.guess(&enrolled, 1, NOW);
        let after = house.bytes();
        let (index, newer, _) = newest(&after);
        assert_eq!(newer, sequence + 1);
        let other = (1 - index) * SLOT;
        let other = |file: &[u8]| unmarked(&file[other..other + SLOT]);
        assert!(other(&before) == other(&after), "both were written");
        if sequence > 1 {
            assert_ne!(index, newest(&before).0);
        }
        (before, sequence) = (after, newer);
    }
}

#[test]
fn an_older_slot_of_a_later_format_does_not_count_and_is_written_over() {
    let (house, enrolled) = House::with_alice();
    house.guess(&enrolled, 1, NOW);
    let mut bytes = house.bytes();
    let older = (1 - newest(&bytes).0) * SLOT;
    bytes[older..older + SLOT].copy_from_slice(&slot(LATER_FORMAT, 1, "x = 1"));
    house.put(&bytes);
    assert!(accepted(
        &house.login(&enrolled.generation, &enrolled.token(later(1)), later(1)).unwrap()
    ));
}

#[test]
fn a_sequence_number_that_only_a_damaged_header_states_counts_for_nothing() {
    let (house, enrolled) = House::with_alice();
    house.guess(&enrolled, 1, NOW);
    let mut bytes = house.bytes();
    let older = (1 - newest(&bytes).0) * SLOT;
    let mut forged = slot(FORMAT, u64::MAX, "x = 1");
    forged[SLOT - 5] ^= 1;
    bytes[older..older + SLOT].copy_from_slice(&forged);
    house.put(&bytes);
    let right = enrolled.token(later(1));
    assert!(accepted(&house.login(&enrolled.generation, &right, later(1)).unwrap()));
    assert!(!accepted(&house.login(&enrolled.generation, &right, later(1)).unwrap()));
}

#[test]
fn a_record_at_the_last_sequence_number_accepts_nothing_and_can_be_disabled() {
    for last in [u64::MAX, u64::MAX / 2 + 1, u64::MAX / 2] {
        let (house, enrolled) = House::with_alice();
        let (_, _, text) = newest(&house.bytes());
        house.put(&file_of(FORMAT, last, &text));
        let right = enrolled.token(later(1));
        for _ in 0..2 {
            // Nothing newer can be written, so no verdict may be given.
            let error = house.login(&enrolled.generation, &right, later(1)).unwrap_err();
            assert!(matches!(error, StoreError::Damaged { .. }), "{last}: {error:?}");
            assert!(error.is_about_one_record());
        }
        house.store().disable(&alice(), &Basis::Unusable, Failures::CarriedOver, &|| NOW).unwrap();
        assert!(matches!(house.standing(NOW), Standing::Disabled(_)), "{last}");
        assert!(!house.holds(&enrolled.secret.to_base32()));
    }
}

#[test]
fn no_code_is_accepted_twice_where_the_sequence_numbers_end() {
    let (house, enrolled) = House::with_alice();
    let (_, _, text) = newest(&house.bytes());
    house.put(&file_of(FORMAT, u64::MAX / 2 - 1, &text));
    let right = enrolled.token(later(1));
    assert!(accepted(&house.login(&enrolled.generation, &right, later(1)).unwrap()));
    let error = house.login(&enrolled.generation, &right, later(1)).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
}

#[test]
fn a_challenge_refuses_where_a_verdict_could_not_be_written() {
    let (house, _) = House::with_alice();
    let (_, _, text) = newest(&house.bytes());
    house.put(&file_of(FORMAT, u64::MAX, &text));
    let error = house.challenge(NOW).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
}

#[test]
fn what_wrote_over_a_forged_sequence_number_goes_on_working() {
    let half = u64::MAX / 2;
    for forged in [u64::MAX, u64::MAX - 1, half + 1, half, half - 1, half - 2] {
        let (house, _) = House::with_alice();
        house.put(&file_of(FORMAT, forged, "no account"));
        let enrolled = house.enrol(&Basis::Unusable, NOW).unwrap();
        for step in 1..=4 {
            let now = later(step);
            let verdict = house.login(&enrolled.generation, &enrolled.token(now), now);
            assert!(verdict.as_ref().is_ok_and(accepted), "{forged}, login {step}: {verdict:?}");
        }
    }
}

#[test]
fn the_file_is_readable_and_says_what_the_manual_says() {
    let (house, enrolled) = House::with_alice();
    assert!(accepted(&house.login(&enrolled.generation, &enrolled.backup_code(2), NOW).unwrap()));
    house.guess(&enrolled, 5, NOW);
    let bytes = house.bytes();
    let (index, sequence, text) = newest(&bytes);
    assert_eq!(sequence, 7);
    assert_eq!(parse(&bytes[(1 - index) * SLOT..][..SLOT]).0, 6);
    assert!(is_whole(&bytes[index * SLOT..][..SLOT]), "the format");
    let secret = format!("secret = \"{}\"", *enrolled.secret.to_base32());
    for line in [
        &format!("generation = \"{}\"", enrolled.generation.to_hex()),
        "user = \"alice\"",
        "uid = 1000",
        "enrolled = true",
        &secret,
        &format!("created = {}", NOW.0),
        "created_by = \"root\"",
        "[backup_codes]",
        "algorithm = \"argon2id\"",
        "memory_kib = 9216",
        "passes = 4",
        "lanes = 1",
        "[usage]",
        &format!("last_step_at = {}", TimeStep::of(NOW).start().0),
        &format!("last_used = {}", NOW.0),
        "spent_backup_codes = [2]",
        "failures = 5",
        "failures_since_login = 5",
        &format!("wait_from = {}", NOW.0),
        "wait_seconds = 30",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}");
    }
}
