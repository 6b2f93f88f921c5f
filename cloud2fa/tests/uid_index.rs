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

/// Which index the marker calls complete.
fn says(house: &House) -> Option<String> {
    let marker = marker(house);
    let (_, index) = marker.split_once("\nindex = \"")?;
    Some(index.strip_suffix("\"\n").expect("the last line").to_owned())
}

/// Which one the index says that it is.
fn of(house: &House) -> Option<String> {
    Some(std::fs::read_link(house.path().join("uid/of")).ok()?.to_str().unwrap().to_owned())
}

fn is_complete(house: &House) -> bool {
    let is = says(house).is_some_and(|index| of(house) == Some(index));
    assert_eq!(house.store().index_is_complete().unwrap(), is);
    is
}

/// All links but the one that says which index it is.
fn entries(house: &House) -> Vec<String> {
    let links = std::fs::read_dir(house.path().join("uid")).unwrap();
    let names = links.map(|link| link.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != "of").collect()
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
    assert!(entries(&house).is_empty());
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
    let cases: [(&str, bool, Break); 11] = [
        ("whole", false, |house| std::fs::remove_file(entry(house, UID)).unwrap()),
        ("not complete", true, |house| {
            std::fs::remove_file(entry(house, UID)).unwrap();
            let marker = marker(house);
            let (before, _) = marker.split_once("index = ").unwrap();
            std::fs::write(house.path().join(".store"), before).unwrap();
        }),
        ("of an earlier version", true, |house| {
            std::fs::remove_file(entry(house, UID)).unwrap();
            make_older(&house.path());
        }),
        ("taken away", true, |house| {
            std::fs::remove_dir_all(house.path().join("uid")).unwrap();
        }),
        ("made anew by an enrolment", true, |house| {
            std::fs::remove_dir_all(house.path().join("uid")).unwrap();
            enrol_properly(&mut house.store(), &user("zed", 5)).unwrap();
        }),
        ("without the links that a backup has not brought back", true, |house| {
            std::fs::remove_file(entry(house, UID)).unwrap();
            std::fs::remove_file(house.path().join("uid/of")).unwrap();
        }),
        ("another one's", true, |house| {
            std::fs::remove_file(entry(house, UID)).unwrap();
            std::fs::remove_file(house.path().join("uid/of")).unwrap();
            symlink("07", house.path().join("uid/of")).unwrap();
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
    assert!(is_complete(&house));
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
fn a_record_that_cannot_be_used_stands_in_the_way_of_whoever_has_its_names_uid() {
    // Of a store of an earlier version, and of one whose index was complete before a restore.
    for make in [(|house| make_older(&house.path())) as fn(&House), |_| ()] {
        let (house, _) = House::with_a_copy_of_alice();
        let record = house.bytes();
        std::fs::remove_dir_all(house.path().join("uid")).unwrap();
        house.put(b"");
        make(&house);
        house.store().complete_index(&System::default()).unwrap();
        assert!(is_complete(&house));
        assert_eq!(entries(&house), ["unusable"]);
        let another = |alice| {
            let root = ("root", Known::Uid(0));
            let system = System::of(&[root, ("another", Known::Uid(UID)), ("alice", alice)]);
            find(&mut house.store(), &user("another", UID), &system)
        };
        // What the system says is asked at each login, and not remembered.
        assert!(!another(Known::NoSuchUser).unwrap().1, "nobody logs in by that name");
        for alice in [Known::Uid(UID), Known::LookUpFailed] {
            let found = another(alice);
            assert!(matches!(found, Err(StoreError::Damaged { .. })), "{found:?}");
        }
        assert!(!another(Known::Uid(7)).unwrap().1, "another uid's");
        // Also when it has been mended in place.
        house.put(&record);
        assert!(is_alice(&another(Known::Uid(UID)).unwrap()));
        house.store().complete_index(&System::default()).unwrap();
        assert_eq!(entries(&house), ["1000"]);
        assert!(is_alice(&another(Known::Uid(UID)).unwrap()));
    }
}

#[test]
fn one_whose_names_uid_is_known_stands_in_nobody_elses_way() {
    let (house, _) = House::with_a_copy_of_alice();
    house.put(b"");
    house.store().complete_index(&System::of(&[("alice", Known::Uid(UID))])).unwrap();
    assert_eq!(entries(&house), ["1000"]);
    let system = System::of(&[("alice", Known::LookUpFailed)]);
    let found = find(&mut house.store(), &user("another", UID), &system);
    assert!(matches!(found, Err(StoreError::Damaged { .. })), "{found:?}");
    assert!(!find(&mut house.store(), &user("bob", 7), &system).unwrap().1);
}

#[test]
fn a_marker_that_is_replaced_while_it_is_read_keeps_nobody_out() {
    let house = House::new();
    let is_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (path, new) = (house.path().join(".store"), house.path().join("new"));
            while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                std::fs::copy(&path, &new).unwrap();
                std::fs::rename(&new, &path).unwrap();
            }
        });
        let opened: Result<Vec<_>, _> = (0..3000).map(|_| house::open(&house.path())).collect();
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(opened.is_ok(), "{:?}", opened.err());
    });
}

#[test]
fn what_is_damaged_or_restored_is_put_in_order_by_init() {
    let house = House::new();
    enrol(&house, "alice", UID);
    enrol(&house, "bea", UID);
    change(&house, "%%");
    put(&house.path(), &record(), &user("restored", 8));
    let before = says(&house);
    assert_eq!(house.store().complete_index(&System::default()).unwrap(), 2);
    assert_eq!(target(&house, UID).unwrap(), "alice/bea");
    assert_eq!(target(&house, 8).unwrap(), "restored");
    assert_eq!(says(&house), before);
}

#[test]
fn an_index_that_was_not_complete_is_written_anew_down_to_the_last_link() {
    let house = House::new();
    enrol(&house, "alice", UID);
    enrol(&house, "bea", 7);
    let inodes =
        || [UID, 7].map(|uid| std::fs::symlink_metadata(entry(&house, uid)).unwrap().ino());
    let before = inodes();
    house.store().complete_index(&System::default()).unwrap();
    assert_eq!(inodes(), before, "nothing is missing");
    // Whether these links have come to the disk nobody knows.
    std::fs::remove_file(house.path().join("uid/of")).unwrap();
    assert_eq!(house.store().complete_index(&System::default()).unwrap(), 0);
    let after = inodes();
    assert!(after[0] != before[0] && after[1] != before[1] && is_complete(&house));
}

#[test]
fn an_enrolment_writes_its_entry_also_where_one_is_there() {
    let house = House::new();
    enrol_properly(&mut house.store(), &alice()).unwrap();
    let inode = || std::fs::symlink_metadata(entry(&house, UID)).unwrap().ino();
    let before = inode();
    let basis = house.store().status(&alice(), &|| NOW).unwrap().basis();
    house.store().disable(&alice(), &basis, Failures::Cleared, &|| NOW).unwrap();
    enrol_properly(&mut house.store(), &alice()).unwrap();
    assert_ne!(inode(), before);
}

#[test]
fn of_two_who_change_the_marker_the_later_one_is_told() {
    let house = House::new();
    enrol(&house, "alice", UID);
    let (mut one, mut other) = (house.store(), house.store());
    other.to_format_1().unwrap();
    std::fs::remove_dir_all(house.path().join("uid")).unwrap();
    for changed in [one.complete_index(&System::default()).map(|_| ()), one.to_format_1()] {
        assert!(matches!(changed, Err(StoreError::StoreChanged(_))), "{changed:?}");
    }
    assert!(marker(&house).contains("format = 1"));
    // Also where it looks as it did before.
    let mut one = house.store();
    let before = marker(&house);
    house.store().complete_index(&System::default()).unwrap();
    house.store().to_format_1().unwrap();
    assert_eq!(marker(&house), before);
    let mut between = house.store();
    one.complete_index(&System::default()).unwrap();
    house.store().to_format_1().unwrap();
    house.store().complete_index(&System::default()).unwrap();
    let changed = between.complete_index(&System::default());
    assert!(matches!(changed, Err(StoreError::StoreChanged(_))), "{changed:?}");
}

#[test]
fn a_store_that_is_open_since_long_goes_by_the_marker_of_now() {
    // Its record is in no entry.
    let (house, _) = House::with_a_copy_of_alice();
    let elsewhere = house.dir.path().join("record");
    std::fs::rename(house.file(), &elsewhere).unwrap();
    let mut open = house.store();
    let system = System::sharing(UID, &["another", "alice"]);
    assert!(!find(&mut open, &user("another", UID), &system).unwrap().1);
    house.store().to_format_1().unwrap();
    // By an earlier version, which knows no index.
    std::fs::rename(&elsewhere, house.file()).unwrap();
    assert!(is_alice(&find(&mut open, &user("another", UID), &system).unwrap()));
}

#[test]
fn back_in_format_1_the_marker_is_as_it_was_and_the_index_counts_no_more() {
    let (house, _) = House::with_a_copy_of_alice();
    let new = marker(&house);
    let mut store = house.store();
    store.to_format_1().unwrap();
    assert!(!store.index_is_complete().unwrap());
    let (before, _) = new.split_once("index = ").unwrap();
    assert_eq!(marker(&house), before.replace("format = 2", "format = 1"));
    // An earlier version enrols somebody.
    put(&house.path(), &record(), &user("bea", 9));
    assert!(!house.store().index_finds(&user("bea", 9)).unwrap());
    house.store().complete_index(&System::default()).unwrap();
    assert_eq!(target(&house, 9).unwrap(), "bea");
    assert!(is_complete(&house) && marker(&house) != new, "it is another index");
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
        FileStore::open(&house.path(), house::owner(), cloud2fa::Rules::default(), memory).unwrap();
    assert!(store.index_finds(&user("any", UID)).unwrap());
    assert_eq!(store.complete_index(&System::default()).unwrap(), 0);
    assert!(matches!(store.status(&alice(), &|| NOW), Ok(Standing::Enrolled(..))));
}
