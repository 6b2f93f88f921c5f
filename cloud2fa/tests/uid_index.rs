//! The index of uids: what is in it, when it counts, and how it comes to be complete.

#![allow(missing_docs)]

#[path = "common/house.rs"]
mod house;
#[path = "common/names.rs"]
mod names;

use cloud2fa::backup_codes::HeapMemory;
use cloud2fa::store::{Basis, Failures, Standing};
use cloud2fa::{FileStore, Known, PendingEnrolment, Store, StoreError, TimeStep, User};
use house::{House, NOW, alice, user};
use names::{System, enrol, find, make_older, put, record};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::PathBuf;

const UID: u32 = 1000;

fn entry(house: &House, uid: u32) -> PathBuf {
    house.path().join(format!("uid/{uid}"))
}

/// What stands in an entry.
fn target(house: &House, uid: u32) -> Option<String> {
    Some(std::fs::read_link(entry(house, uid)).ok()?.to_str().unwrap().to_owned())
}

fn marker(house: &House) -> String {
    std::fs::read_to_string(house.path().join(".store")).unwrap()
}

fn is_complete(house: &House) -> bool {
    let says = marker(house).ends_with("\nindex = \"complete\"\n");
    assert_eq!(house.store().index_is_complete(), says);
    says
}

/// Enrols by the library, whose hashing takes its time.
fn enrol_properly(store: &mut FileStore, user: &User) -> Result<(), StoreError> {
    let pending = PendingEnrolment::generate().unwrap();
    let code = pending.secret().token_at(TimeStep::of(NOW));
    let basis = store.status(user, &|| NOW)?.basis();
    store
        .enrol(
            user,
            pending.prove(&code, NOW, 1).unwrap(),
            "root",
            &basis,
            Failures::Cleared,
            &|| NOW,
        )
        .map(|_| ())
}

/// Whose enrolment another name of the uid is asked for; alice is known to the system, and bea.
fn asked_of_another(house: &House) -> (String, bool) {
    let system = System::sharing(UID, &["another", "alice", "bea"]);
    find(&mut house.store(), &user("another", UID), &system).unwrap()
}

const ALICE: (&str, bool) = ("alice", true);

fn is_alice(found: &(String, bool)) -> bool {
    (found.0.as_str(), found.1) == ALICE
}

#[test]
fn a_new_store_has_a_complete_index_with_nothing_in_it() {
    let house = House::new();
    assert!(is_complete(&house));
    assert!(marker(&house).contains("\nformat = 2\n"));
    assert_eq!(std::fs::read_dir(house.path().join("uid")).unwrap().count(), 0);
}

#[test]
fn a_marker_that_was_lost_is_made_anew_without_a_word_of_the_index() {
    let (house, _) = House::with_a_copy_of_alice();
    std::fs::remove_file(house.path().join(".store")).unwrap();
    assert!(FileStore::init(&house.path(), house::owner()).unwrap());
    assert!(!is_complete(&house));
    assert!(is_alice(&asked_of_another(&house)));
}

#[test]
fn an_enrolment_is_in_the_index_and_stays_there() {
    let (house, _) = House::with_alice();
    assert_eq!(target(&house, UID).unwrap(), "alice");
    let mut store = house.store();
    enrol_properly(&mut store, &user("b/ea", UID)).unwrap();
    assert_eq!(target(&house, UID).unwrap(), "alice/b%2Fea");
    enrol_properly(&mut store, &alice()).unwrap();
    let basis = store.status(&alice(), &|| NOW).unwrap().basis();
    store.disable(&alice(), &basis, Failures::Cleared, &|| NOW).unwrap();
    // The name is somebody else's now.
    let new = user("alice", 2000);
    enrol_properly(&mut store, &new).unwrap();
    assert_eq!(target(&house, UID).unwrap(), "alice/b%2Fea", "one too many is harmless");
    assert_eq!(target(&house, 2000).unwrap(), "alice");
    assert!(store.index_finds(&new).unwrap() && !store.index_finds(&user("x", 2000)).unwrap());
}

#[test]
fn a_record_that_is_written_over_is_in_the_index_under_its_new_uid() {
    let (house, _) = House::with_a_copy_of_alice();
    house.put(b"");
    let pending = PendingEnrolment::generate().unwrap();
    let code = pending.secret().token_at(TimeStep::of(NOW));
    let proven = pending.prove(&code, NOW, 1).unwrap();
    let user = user("alice", 3000);
    house
        .store()
        .enrol(&user, proven, "root", &Basis::Unusable, Failures::Cleared, &|| NOW)
        .unwrap();
    assert_eq!(target(&house, 3000).unwrap(), "alice");
}

#[test]
fn what_is_not_in_it_counts_only_while_it_is_complete_and_whole() {
    type Break = fn(&House);
    let cases: [(&str, bool, Break); 8] = [
        ("whole", false, |house| std::fs::remove_file(entry(house, UID)).unwrap()),
        ("not complete", true, |house| {
            std::fs::remove_file(entry(house, UID)).unwrap();
            let text = marker(house).replace("index = \"complete\"\n", "");
            std::fs::write(house.path().join(".store"), text).unwrap();
        }),
        ("of an earlier version", true, |house| {
            std::fs::remove_file(entry(house, UID)).unwrap();
            make_older(&house.path());
        }),
        ("taken away", true, |house| {
            std::fs::remove_dir_all(house.path().join("uid")).unwrap();
        }),
        ("names all", true, |house| change(house, "*")),
        ("an entry that makes no sense", true, |house| change(house, "../alice")),
        ("an entry that is a file", true, |house| {
            std::fs::remove_file(entry(house, UID)).unwrap();
            std::fs::write(entry(house, UID), "").unwrap();
        }),
        ("an entry of others", false, |house| change(house, "bea/zed")),
    ];
    for (case, finds, break_it) in cases {
        let house = House::new();
        enrol(&house, "alice", UID);
        break_it(&house);
        assert_eq!(is_alice(&asked_of_another(&house)), finds, "{case}");
    }
}

fn change(house: &House, target: &str) {
    std::fs::remove_file(entry(house, UID)).unwrap();
    symlink(target, entry(house, UID)).unwrap();
}

#[test]
fn an_index_that_others_could_have_changed_refuses() {
    type Break = fn(&House);
    let cases: [(&str, Break); 3] = [
        ("open to others", |house| {
            use std::os::unix::fs::PermissionsExt;
            let mode = PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(house.path().join("uid"), mode).unwrap();
        }),
        ("a link", |house| {
            std::fs::rename(house.path().join("uid"), house.dir.path().join("uid")).unwrap();
            symlink("../uid", house.path().join("uid")).unwrap();
        }),
        ("a file", |house| {
            std::fs::remove_dir_all(house.path().join("uid")).unwrap();
            std::fs::write(house.path().join("uid"), "").unwrap();
        }),
    ];
    for (case, break_it) in cases {
        let house = House::new();
        enrol(&house, "alice", UID);
        break_it(&house);
        let system = System::sharing(UID, &["another", "alice"]);
        let error = find(&mut house.store(), &user("another", UID), &system).expect_err(case);
        assert!(matches!(error, StoreError::UnsafeStore { .. }), "{case}: {error:?}");
        let error = enrol_properly(&mut house.store(), &user("bea", 7)).expect_err(case);
        assert!(matches!(error, StoreError::UnsafeStore { .. }), "{case}: {error:?}");
        assert!(house.store().complete_index(&System::default()).is_err(), "{case}");
    }
}

#[test]
fn a_store_of_an_earlier_version_is_completed_and_keeps_its_id() {
    let house = House::new();
    std::fs::remove_dir_all(house.path().join("uid")).unwrap();
    make_older(&house.path());
    let record = record();
    for (name, uid) in [("bea", UID), ("alice", UID), ("zed", 5)] {
        put(&house.path(), &record, &user(name, uid));
    }
    let mut store = house.store();
    assert_eq!(store.complete_index(&System::default()).unwrap(), 2);
    assert!(store.index_is_complete() && is_complete(&house));
    assert!(marker(&house).contains("id = \"00\""));
    assert_eq!(target(&house, UID).unwrap(), "alice/bea");
    assert_eq!(target(&house, 5).unwrap(), "zed");
    assert!(is_alice(&asked_of_another(&house)));
    let before = std::fs::metadata(house.path().join(".store")).unwrap();
    assert_eq!(store.complete_index(&System::default()).unwrap(), 0, "nothing is missing");
    let after = std::fs::metadata(house.path().join(".store")).unwrap();
    assert_eq!(before.ino(), after.ino(), "the marker is left alone");
}

#[test]
fn a_record_that_cannot_be_read_is_found_by_the_uid_that_its_name_has() {
    let (house, _) = House::with_a_copy_of_alice();
    house.put(b"");
    make_older(&house.path());
    let system = System::of(&[("alice", Known::Uid(UID)), ("another", Known::Uid(UID))]);
    house.store().complete_index(&system).unwrap();
    assert_eq!(target(&house, UID).unwrap(), "alice");
    let other = find(&mut house.store(), &user("another", UID), &system);
    assert!(matches!(other, Err(StoreError::Damaged { .. })), "{other:?}");
}

#[test]
fn while_nobody_can_tell_whose_an_unusable_record_is_the_index_does_not_count() {
    let known = |alice| {
        System::of(&[("root", Known::Uid(0)), ("another", Known::Uid(UID)), ("alice", alice)])
    };
    // Of a store of an earlier version, and of one whose index was complete before a restore.
    for make in [(|house| make_older(&house.path())) as fn(&House), |_| ()] {
        let (house, _) = House::with_a_copy_of_alice();
        std::fs::remove_dir_all(house.path().join("uid")).unwrap();
        house.put(b"");
        make(&house);
        let failed = house.store().complete_index(&known(Known::LookUpFailed));
        let Err(StoreError::WhoseUid { names, .. }) = &failed else { panic!("{failed:?}") };
        assert_eq!(names.iter().map(ToString::to_string).collect::<Vec<_>>(), ["alice"]);
        assert!(failed.unwrap_err().to_string().contains(" records of alice cannot be used"));
        assert!(!is_complete(&house) && marker(&house).contains("format = 2"));
        let other = find(&mut house.store(), &user("another", UID), &known(Known::Uid(UID)));
        assert!(matches!(other, Err(StoreError::Damaged { .. })), "{other:?}");
        assert_eq!(house.store().complete_index(&known(Known::Uid(UID))).unwrap(), 1);
        assert!(is_complete(&house));
    }
}

#[test]
fn no_such_user_counts_only_by_a_system_that_knows_root() {
    let (house, _) = House::with_a_copy_of_alice();
    house.put(b"");
    let failed = house.store().complete_index(&System::default());
    assert!(matches!(failed, Err(StoreError::WhoseUid { .. })), "{failed:?}");
    assert!(!is_complete(&house));
    house.store().complete_index(&System::sharing(0, &["root"])).unwrap();
    assert!(is_complete(&house));
}

#[test]
fn what_is_damaged_or_restored_is_put_in_order_by_init() {
    let house = House::new();
    enrol(&house, "alice", UID);
    enrol(&house, "bea", UID);
    change(&house, "%%");
    put(&house.path(), &record(), &user("restored", 8));
    assert_eq!(house.store().complete_index(&System::default()).unwrap(), 2);
    assert_eq!(target(&house, UID).unwrap(), "alice/bea");
    assert_eq!(target(&house, 8).unwrap(), "restored");
}

#[test]
fn back_in_format_1_the_marker_is_as_it_was_and_the_index_counts_no_more() {
    let (house, _) = House::with_a_copy_of_alice();
    let new = marker(&house);
    let mut store = house.store();
    store.to_format_1().unwrap();
    assert!(!store.index_is_complete());
    let old = new.replace("format = 2", "format = 1").replace("index = \"complete\"\n", "");
    assert_eq!(marker(&house), old);
    // An earlier version enrols somebody.
    put(&house.path(), &record(), &user("bea", 9));
    assert!(!house.store().index_finds(&user("bea", 9)).unwrap());
    house.store().complete_index(&System::default()).unwrap();
    assert_eq!((marker(&house), target(&house, 9).unwrap()), (new, "bea".to_owned()));
}

#[test]
fn the_index_may_be_completed_while_users_enrol() {
    let house = House::new();
    make_older(&house.path());
    let record = record();
    for number in 0..600 {
        put(&house.path(), &record, &user(&format!("u{number:03}"), 5000 + number));
    }
    std::thread::scope(|scope| {
        let enrolments = scope.spawn(|| {
            for number in 0..6 {
                let user = user(&format!("new{number}"), 5000 + number);
                enrol_properly(&mut house.store(), &user).unwrap();
            }
        });
        while !enrolments.is_finished() {
            house.store().complete_index(&System::default()).unwrap();
            make_older(&house.path());
        }
    });
    house.store().complete_index(&System::default()).unwrap();
    for number in 0..6 {
        let names = target(&house, 5000 + number).unwrap();
        assert_eq!(names.split('/').count(), 2, "{names}");
    }
    assert!((6..600).all(|number| target(&house, 5000 + number).is_some()));
}

#[test]
fn a_hundred_names_of_one_uid_are_found_by_looking_at_all() {
    let house = House::new();
    let record = record();
    make_older(&house.path());
    for number in 0..100 {
        put(&house.path(), &record, &user(&format!("{number:0>60}"), UID));
    }
    put(&house.path(), &record, &alice());
    house.store().complete_index(&System::default()).unwrap();
    assert_eq!(target(&house, UID).unwrap(), "*");
    assert!(is_alice(&asked_of_another(&house)), "the others are not known to the system");
    let memory = Box::<HeapMemory>::default();
    let mut store =
        FileStore::open(&house.path(), house::owner(), cloud2fa::Policy::default(), memory)
            .unwrap();
    assert!(store.index_finds(&user("any", UID)).unwrap());
    assert_eq!(store.complete_index(&System::default()).unwrap(), 0);
    assert!(matches!(store.status(&alice(), &|| NOW), Ok(Standing::Enrolled(..))));
}
