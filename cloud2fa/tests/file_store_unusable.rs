//! Around a record that cannot be used: who may write over what, and what a list says of it.

#![allow(missing_docs)]

#[path = "common/house.rs"]
mod house;

use cloud2fa::decide::{Purpose, Verdict};
use cloud2fa::store::{Basis, Failures, Store, StoreError, Verifier};
use house::{FILE, House, NOW, accepted, alice, attempt, later, user};
use std::fs::{File, Permissions};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};

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
    let outcome = store.verify(&attempt(&bob, seen, &right, Purpose::Login), &|| later(1));
    assert!(is_damaged(&outcome.unwrap_err()));
    let list = house.list(NOW);
    assert!(list[0].standing.is_ok() && list[0].name == alice().name);
    assert!(list[1].standing.as_ref().is_err_and(is_damaged), "{:?}", list[1]);
}

#[test]
fn who_had_the_file_open_before_root_wrote_over_it_reads_and_writes_nothing_of_the_new_record() {
    let (house, old) = House::with_alice();
    // As somebody has it open whom it belonged to, or to whom it was open.
    let theirs = File::options().read(true).write(true).open(house.file()).unwrap();
    let before = house.bytes();
    std::fs::set_permissions(house.file(), Permissions::from_mode(0o606)).unwrap();
    let new = house.enrol(&Basis::Unusable, NOW).unwrap();
    let right = new.token(later(1));
    assert!(accepted(&house.login(&new.generation, &right, later(1)).unwrap()));

    let mut seen = vec![0; FILE];
    theirs.read_exact_at(&mut seen, 0).unwrap();
    assert!(seen == before, "they see what has become of it");
    theirs.write_all_at(&house.bytes(), 0).unwrap();
    theirs.write_all_at(&before, 0).unwrap();
    assert!(!accepted(&house.login(&new.generation, &right, later(1)).unwrap()), "a replay");
    assert!(house.holds(&new.secret.to_base32()) && !house.holds(&old.secret.to_base32()));
    // What was there is kept for whoever wants to know what happened.
    let aside = |name: &str| name.starts_with(".aside-alice.account-");
    assert_eq!(names(&house).iter().filter(|name| aside(name)).count(), 1, "{:?}", names(&house));
}

/// What is in the store.
fn names(house: &House) -> Vec<String> {
    let entries = std::fs::read_dir(house.path()).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_damaged_record_that_is_root_s_alone_is_written_over_in_place() {
    let (house, _) = House::with_a_copy_of_alice();
    house.put(&[0; FILE]);
    let inode = || std::fs::metadata(house.file()).unwrap().ino();
    let before = (inode(), names(&house).len());
    house.enrol(&Basis::Unusable, NOW).unwrap();
    assert_eq!((inode(), names(&house).len()), before, "a full disk would have no room for it");
}

#[test]
fn a_healthy_record_is_not_written_over_as_unusable() {
    let (house, enrolled) = House::with_alice();
    let before = house.bytes();
    let outcome = house.store().disable(&alice(), &Basis::Unusable, Failures::CarriedOver, &|| NOW);
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
