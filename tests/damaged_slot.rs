//! One slot of a record is damaged, at each of its bytes: a login goes by the other one,
//! and what it writes repairs the record.
#![allow(missing_docs)]

use cloud2fa_tests::loaded_module::LoadedModule;
use cloud2fa_tests::slots::{SLOT, is_whole, newest};
use cloud2fa_tests::{Code, Enrolled, Fixture, user};

/// A record whose newer slot, the second, knows that a code is spent, and the code.
fn record(fixture: &Fixture, alice: &Enrolled) -> (Vec<u8>, String) {
    let code = alice.code();
    let before = newest(&fixture.record(alice));
    fixture.verify_at(alice, &code, user::now());
    let record = fixture.record(alice);
    let after = newest(&record);
    assert_eq!((newest(&record[..SLOT]), newest(&record[SLOT..])), (before, after));
    (record, code)
}

/// Logs in by `code` beside a record with a damaged byte, for each byte of one slot.
fn each_byte_damaged(slot: usize, expected: Code, answer: fn(&Enrolled, String) -> String) {
    // Kept in memory, as in a server.
    let _module = LoadedModule::open();
    let fixture = Fixture::new();
    for at in slot * SLOT..(slot + 1) * SLOT {
        let alice = fixture.enrol("alice");
        let (mut record, code) = record(&fixture, &alice);
        let answer = answer(&alice, code);
        record[at] ^= 1 << (at % 8);
        user::write_private(&fixture.account_path("alice"), &record);
        assert_eq!(fixture.login("alice", &[&answer]).code, expected, "byte {at}");
        // The login has written over the damaged slot: both are whole, one after the other.
        let repaired = fixture.record(&alice);
        let sequences = [0, 1].map(|index| {
            let slot = &repaired[index * SLOT..][..SLOT];
            assert!(is_whole(slot), "byte {at}: slot {index} is damaged");
            newest(slot).0
        });
        assert_eq!(sequences[0].abs_diff(sequences[1]), 1, "byte {at}: {sequences:?}");
        assert_eq!(fixture.login("alice", &[&answer]).code, Code::AUTH_ERR, "byte {at}: once more");
    }
}

#[test]
fn with_the_older_slot_damaged_the_newer_one_knows_what_is_spent() {
    each_byte_damaged(0, Code::AUTH_ERR, |_, spent| spent);
}

#[test]
fn with_the_newer_slot_damaged_the_older_one_lets_in() {
    each_byte_damaged(1, Code::SUCCESS, |alice, _| alice.code_at(1));
}
