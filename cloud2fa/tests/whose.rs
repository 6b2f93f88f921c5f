//! Whose enrolment is asked of a name: the rule, in each of its cases.

#![allow(missing_docs)]

#[path = "common/house.rs"]
mod house;
#[path = "common/names.rs"]
mod names;

use cloud2fa::manage::{Caller, Manager, StoreManager};
use cloud2fa::store::{Basis, Failures, Standing};
use cloud2fa::{Config, FileStore, Known, Names, Store, StoreError, User, Verifier};
use house::{House, NOW, alice, user};
use names::{System, Untouched, enrol, find};
use std::rc::Rc;

const UID: u32 = 1000;

fn found(house: &House, name: &str, names: &dyn Names) -> (String, bool) {
    find(&mut house.store(), &user(name, UID), names).unwrap()
}

fn whose(name: &str) -> (String, bool) {
    (name.to_owned(), true)
}

fn nobodys(name: &str) -> (String, bool) {
    (name.to_owned(), false)
}

#[test]
fn who_has_an_enrolment_is_asked_for_it_and_nobody_is_looked_up() {
    let house = House::new();
    enrol(&house, "aaron", UID);
    enrol(&house, "alice", UID);
    // What a login does not touch may be as broken as it likes.
    std::fs::remove_dir_all(house.path().join("uid")).unwrap();
    std::fs::write(house.path().join("uid"), "").unwrap();
    assert_eq!(found(&house, "alice", &Untouched), whose("alice"));
    assert_eq!(house.store().whose(&alice(), &Untouched).unwrap(), alice());
}

#[test]
fn another_name_of_the_uid_is_asked_for_the_enrolment_that_there_is() {
    let house = House::new();
    enrol(&house, "alice", UID);
    let system = System::sharing(UID, &["alice", "alice2", "aaron"]);
    assert_eq!(found(&house, "alice2", &system), whose("alice"));
    assert_eq!(found(&house, "aaron", &system), whose("alice"), "in whatever order they stand");
    let other = find(&mut house.store(), &user("bob", UID + 1), &Untouched).unwrap();
    assert_eq!(other, nobodys("bob"), "another uid");
}

#[test]
fn who_gets_the_uid_of_somebody_who_is_gone_inherits_nothing() {
    let house = House::new();
    enrol(&house, "alice", UID);
    let gone = System::sharing(UID, &["bob"]);
    assert_eq!(found(&house, "bob", &gone), nobodys("bob"), "deleted");
    let moved = System::of(&[("bob", Known::Uid(UID)), ("alice", Known::Uid(2000))]);
    assert_eq!(found(&house, "bob", &moved), nobodys("bob"), "another uid now");
}

#[test]
fn a_look_up_that_fails_lets_nobody_past() {
    let house = House::new();
    enrol(&house, "alice", UID);
    let failing = System::of(&[("alice2", Known::Uid(UID)), ("alice", Known::LookUpFailed)]);
    assert_eq!(found(&house, "alice2", &failing), whose("alice"));
    // A database that does not even know who is logging in has nothing to say of others.
    assert_eq!(found(&house, "alice2", &System::default()), whose("alice"));
}

#[test]
fn of_two_enrolled_names_the_first_that_the_system_knows_is_asked() {
    let house = House::new();
    enrol(&house, "zed", UID);
    enrol(&house, "bea", UID);
    let both = System::sharing(UID, &["alice2", "zed", "bea"]);
    assert_eq!(found(&house, "alice2", &both), whose("bea"));
    assert_eq!(found(&house, "zed", &both), whose("zed"), "its own");
    assert_eq!(found(&house, "alice2", &System::sharing(UID, &["alice2", "zed"])), whose("zed"));
}

#[test]
fn who_has_turned_it_off_is_asked_for_another_name_s() {
    let house = House::new();
    enrol(&house, "alice", UID);
    enrol(&house, "bea", UID);
    let mut store = house.store();
    let basis = store.status(&alice(), &|| NOW).unwrap().basis();
    store.disable(&alice(), &basis, Failures::CarriedOver, &|| NOW).unwrap();
    let system = System::sharing(UID, &["alice", "bea", "alice2"]);
    assert_eq!(found(&house, "alice", &system), whose("bea"));
    assert_eq!(found(&house, "alice2", &system), whose("bea"), "alice's is off");
    let bea = user("bea", UID);
    let basis = store.status(&bea, &|| NOW).unwrap().basis();
    store.disable(&bea, &basis, Failures::CarriedOver, &|| NOW).unwrap();
    assert_eq!(found(&house, "alice", &system), nobodys("alice"));
    assert_eq!(system.asked.get(), 2, "who is not enrolled is not looked up");
}

#[test]
fn an_entry_too_many_is_harmless() {
    let house = House::new();
    enrol(&house, "alice", 2000);
    enrol(&house, "zed", UID);
    std::fs::remove_file(house.path().join("uid/1000")).unwrap();
    std::os::unix::fs::symlink("alice/nobody/zed", house.path().join("uid/1000")).unwrap();
    let system = System::sharing(UID, &["alice2", "alice", "nobody", "zed"]);
    assert_eq!(found(&house, "alice2", &system), whose("zed"));
}

#[test]
fn a_record_that_cannot_be_used_refuses_other_names_while_the_system_knows_it_with_the_uid() {
    type Break = fn(&House);
    let broken: [(&str, Break); 3] = [
        ("damaged", |house| house.put(b"")),
        ("open to others", |house| {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(house.file(), PermissionsExt::from_mode(0o644)).unwrap();
        }),
        ("a later version's", |house| house.put(&house::file_of(9, 1, "x"))),
    ];
    for (case, break_it) in broken {
        let house = House::new();
        enrol(&house, "alice", UID);
        break_it(&house);
        let ask = |system| find(&mut house.store(), &user("alice2", UID), &system);
        let error = ask(System::sharing(UID, &["alice2", "alice"])).expect_err(case);
        assert!(error.is_about_one_record(), "{case}: {error:?}");
        let failing = [("alice2", Known::Uid(UID)), ("alice", Known::LookUpFailed)];
        assert!(ask(System::of(&failing)).is_err(), "{case}");
        let none = ask(System::sharing(UID, &["alice2"])).unwrap();
        assert_eq!(none, nobodys("alice2"), "{case}: alice is gone");
        let moved = [("alice2", Known::Uid(UID)), ("alice", Known::Uid(7))];
        assert_eq!(ask(System::of(&moved)).unwrap(), nobodys("alice2"), "{case}");
        let own = find(&mut house.store(), &alice(), &Untouched);
        assert!(own.is_err_and(|error| error.is_about_one_record()), "{case}: its own");
    }
}

#[test]
fn an_enrolment_of_a_uid_that_its_name_had_before_counts_for_nobody() {
    let house = House::new();
    enrol(&house, "alice", UID);
    // useradd gave alice's uid to bob, and alice another one.
    let system = System::of(&[("alice", Known::Uid(2000)), ("bob", Known::Uid(UID))]);
    assert_eq!(found(&house, "bob", &system), nobodys("bob"));
    let alice_now = find(&mut house.store(), &user("alice", 2000), &system);
    assert!(matches!(alice_now, Err(StoreError::ForeignUid { recorded: UID, actual: 2000, .. })));
}

/// Turns its record off whenever it is looked up.
struct TurnsOff(Rc<House>);

impl Names for TurnsOff {
    fn uid_of(&self, name: &cloud2fa::UserName) -> Known {
        let user = User { name: name.clone(), uid: UID };
        let mut store: FileStore = self.0.store();
        let basis = store.status(&user, &|| NOW).unwrap().basis();
        if let Basis::Generation(_) = basis {
            store.disable(&user, &basis, Failures::CarriedOver, &|| NOW).unwrap();
        }
        Known::Uid(UID)
    }
}

#[test]
fn what_is_turned_off_just_then_is_not_asked_for_and_the_next_one_is() {
    let house = Rc::new(House::new());
    enrol(&house, "alice", UID);
    enrol(&house, "bea", UID);
    assert_eq!(found(&house, "alice2", &TurnsOff(house.clone())), nobodys("alice2"));
    assert!(matches!(house.standing(NOW), Standing::Disabled(_)));
    let bea = house.store().status(&user("bea", UID), &|| NOW).unwrap();
    assert!(matches!(bea, Standing::Disabled(_)));
}

#[test]
fn the_service_and_the_command_find_it_as_logins_do() {
    let house = Rc::new(House::new());
    enrol(&house, "alice", UID);
    enrol(&house, "bea", UID);
    let root = Caller::Administrator(user("root", 0).name);
    let names = Box::new(TurnsOff(house.clone()));
    let mut manager = StoreManager::new(house.store(), root, names, &Config::default());
    let alice2 = user("alice2", UID);
    let found = manager.challenge(&alice2, &|| NOW).unwrap();
    assert_eq!((found.whose, found.standing), (alice2, Standing::NeverEnrolled));
    assert_eq!(manager.take_other_name(), None);
}
