//! Around a record that cannot be used: who may write over what, and what a list says of it.

#![allow(missing_docs)]

#[path = "common/house.rs"]
mod house;

use cloud2fa::decide::{Purpose, Verdict};
use cloud2fa::store::{Basis, Store, StoreError, Verifier};
use house::{FILE, House, NOW, accepted, alice, later, user};

fn is_damaged(error: &StoreError) -> bool {
    matches!(error, StoreError::Damaged { .. })
}

#[test]
fn an_unusable_record_gets_no_new_backup_codes_and_no_replacement() {
    // Apart from the others, since both hash eight codes before they look.
    let (house, enrolled) = House::with_a_copy_of_alice();
    house.put(&[0; FILE]);
    let seen = enrolled.generation;
    let outcome = house.store().regenerate_backup_codes(&alice(), &seen, &|| NOW);
    assert!(is_damaged(&outcome.unwrap_err()));
    let outcome = house.enrol(&Basis::Generation(seen), NOW);
    assert!(outcome.as_ref().is_err_and(is_damaged));
    let outcome = house.enrol(&Basis::Nothing, NOW);
    assert!(matches!(outcome, Err(StoreError::Changed(_))));
    assert!(house.bytes() == [0; FILE]);
}

#[test]
fn a_file_under_another_users_name_is_damaged_and_the_list_says_so() {
    let (house, enrolled) = House::with_alice();
    std::fs::copy(house.file(), house.path().join("bob.account")).unwrap();
    let (mut store, bob) = (house.store(), user("bob", 1000));
    let seen = &enrolled.generation;
    assert!(is_damaged(&store.challenge(&bob, &|| NOW).unwrap_err()));
    let right = enrolled.token(later(1));
    let outcome = store.verify(&bob, seen, &right, Purpose::Login, &|| later(1));
    assert!(is_damaged(&outcome.unwrap_err()));
    let list = store.list(&|| NOW).unwrap();
    assert!(list[0].standing.is_ok() && list[0].name == alice().name);
    assert!(list[1].standing.as_ref().is_err_and(is_damaged), "{:?}", list[1]);
}

#[test]
fn a_healthy_record_is_not_written_over_as_unusable() {
    let (house, enrolled) = House::with_alice();
    let before = house.bytes();
    let outcome = house.store().disable(&alice(), &Basis::Unusable, &|| NOW);
    assert!(matches!(outcome, Err(StoreError::Changed(_))), "{outcome:?}");
    assert!(matches!(house.enrol(&Basis::Unusable, NOW), Err(StoreError::Changed(_))));
    assert!(house.bytes() == before);
    let verdict = house.login(&enrolled.generation, &enrolled.token(later(1)), later(1));
    assert!(accepted(&verdict.unwrap()));
    // Gone meanwhile: then it is a first enrolment.
    std::fs::remove_file(house.file()).unwrap();
    house.enrol(&Basis::Unusable, NOW).unwrap();
    let verdict = house.login(&enrolled.generation, &enrolled.token(NOW), NOW);
    assert_eq!(verdict.unwrap(), Verdict::Changed);
}
