//! The store's directory and its marker, and what files in it look like over an account's life.

#![allow(missing_docs)]

#[path = "common/house.rs"]
mod house;
#[path = "common/names.rs"]
mod names;

use cloud2fa::backup_codes::HeapMemory;
use cloud2fa::rules::Rules;
use cloud2fa::store::{Basis, Failures, Store, StoreError};
use cloud2fa::{FileStore, UserName};
use house::{FILE, House, NOW, accepted, alice, later, open, owner};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// What lies in the store's directory.
fn files(house: &House) -> Vec<String> {
    let entries = std::fs::read_dir(house.path()).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Asserts that the store opens no more, and that `init` neither repairs nor replaces it.
fn refuses(path: &Path, case: &str, expected: impl Fn(&StoreError) -> bool) {
    let error = open(path).err().unwrap_or_else(|| panic!("{case}: opens"));
    assert!(expected(&error), "{case}: {error:?}");
    assert!(!error.is_about_one_record(), "{case}: {error:?}");
    let error = FileStore::init(path, owner()).expect_err(case);
    assert!(expected(&error), "{case}: init: {error:?}");
}

fn is_unsafe_store(error: &StoreError) -> bool {
    matches!(error, StoreError::UnsafeStore { .. })
}

#[test]
fn init_makes_a_store_once_and_leaves_a_healthy_one_alone() {
    let house = House::new();
    let marker = house.path().join(".store");
    let before = (std::fs::read(&marker).unwrap(), std::fs::metadata(&marker).unwrap().ino());
    assert!(!FileStore::init(&house.path(), owner()).unwrap());
    let after = (std::fs::read(&marker).unwrap(), std::fs::metadata(&marker).unwrap().ino());
    assert_eq!(before, after);
    assert_eq!(files(&house), [".store", "uid"], "no leftovers");
    assert_ne!(before.0, std::fs::read(House::new().path().join(".store")).unwrap(), "the id");
}

#[test]
fn nothing_but_init_makes_a_store() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    assert!(matches!(open(&path), Err(StoreError::Missing(_))));
    std::fs::create_dir(&path).unwrap();
    chmod(&path, 0o700);
    assert!(matches!(open(&path), Err(StoreError::NotInitialised(_))));
    assert_eq!(std::fs::read_dir(&path).unwrap().count(), 0);
    assert!(FileStore::init(&path, owner()).unwrap());
    open(&path).unwrap();
    let orphan = directory.path().join("no/such/store");
    assert!(matches!(FileStore::init(&orphan, owner()), Err(StoreError::Io { .. })));
}

#[test]
fn a_store_whose_marker_is_lost_does_not_read_as_nobody_enrolled() {
    let (house, _) = House::with_alice();
    std::fs::remove_file(house.path().join(".store")).unwrap();
    assert!(matches!(open(&house.path()), Err(StoreError::NotInitialised(_))));
}

#[test]
fn a_directory_that_is_open_to_others_is_refused() {
    let house = House::new();
    for bits in [0o755, 0o701, 0o710, 0o770, 0o720, 0o702] {
        chmod(&house.path(), bits);
        refuses(&house.path(), &format!("{bits:o}"), is_unsafe_store);
    }
    chmod(&house.path(), 0o700);
    open(&house.path()).unwrap();
}

#[test]
fn init_shuts_the_empty_directory_of_a_fresh_volume() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("volume");
    std::fs::create_dir(&path).unwrap();
    std::fs::create_dir(path.join("lost+found")).unwrap();
    chmod(&path, 0o755);
    // What nobody but init does.
    assert!(open(&path).as_ref().is_err_and(is_unsafe_store));
    assert_eq!(mode(&path), 0o755);
    assert!(FileStore::init(&path, owner()).unwrap());
    assert_eq!(mode(&path), 0o700);
    open(&path).unwrap();
}

#[test]
fn init_does_not_shut_what_is_not_a_fresh_volume() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("directory");
    std::fs::create_dir(&path).unwrap();
    // Others could put something into it.
    for bits in [0o777, 0o1777, 0o775, 0o757] {
        chmod(&path, bits);
        refuses(&path, &format!("{bits:o}"), is_unsafe_store);
        assert_eq!(mode(&path), bits);
    }
    // By way of a link.
    chmod(&path, 0o755);
    let link = directory.path().join("link");
    symlink(&path, &link).unwrap();
    refuses(&link, "link", is_unsafe_store);
    assert!(FileStore::init(&path, owner() + 1).as_ref().is_err_and(is_unsafe_store));
    // Somebody uses it.
    std::fs::write(path.join("file"), "").unwrap();
    refuses(&path, "in use", is_unsafe_store);
    assert_eq!(mode(&path), 0o755);
}

#[test]
fn a_directory_of_somebody_else_is_refused() {
    let house = House::new();
    let memory = Box::<HeapMemory>::default();
    let error = FileStore::open(&house.path(), owner() + 1, Rules::default(), memory).err();
    assert!(error.as_ref().is_some_and(is_unsafe_store), "{error:?}");
    assert!(FileStore::init(&house.path(), owner() + 1).as_ref().is_err_and(is_unsafe_store));
}

#[test]
fn a_link_to_a_store_is_no_store() {
    let house = House::new();
    let link = house.dir.path().join("link");
    symlink(house.path(), &link).unwrap();
    refuses(&link, "link", is_unsafe_store);
    let dangling = house.dir.path().join("dangling");
    symlink(house.dir.path().join("nowhere"), &dangling).unwrap();
    refuses(&dangling, "dangling", is_unsafe_store);
    assert!(!house.dir.path().join("nowhere").exists());
}

#[test]
fn a_link_to_a_store_is_no_store_with_a_slash_behind_it_either() {
    // A trailing slash makes open(2) follow the link in spite of O_NOFOLLOW.
    let house = House::new();
    let link = house.dir.path().join("link");
    symlink(house.path(), &link).unwrap();
    refuses(&link.join(""), "link/", is_unsafe_store);
    refuses(&link.join("."), "link/.", is_unsafe_store);
    open(&house.path().join("")).unwrap();
}

#[test]
fn what_is_no_directory_is_no_store() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    std::fs::write(&path, "").unwrap();
    refuses(&path, "file", is_unsafe_store);
    let path = directory.path().join("fifo");
    mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
    refuses(&path, "fifo", is_unsafe_store);
}

#[test]
fn a_damaged_marker_is_refused_and_init_does_not_replace_it() {
    let house = House::new();
    let marker = house.path().join(".store");
    let whole = std::fs::read(&marker).unwrap();
    let big = vec![b'#'; 5000];
    for content in
        [&b""[..], b"\0\0\0", b"format = -1\n", b"id = 1\n", b"format = \"1\"\n", b"\xff", &big]
    {
        std::fs::write(&marker, content).unwrap();
        refuses(&house.path(), &format!("{:?}", content.first()), is_unsafe_store);
        assert!(std::fs::read(&marker).unwrap() == content, "init changed it");
    }
    std::fs::write(&marker, "format = 3\nid = \"x\"\nmore = true\n").unwrap();
    let is_later = |error: &StoreError| matches!(error, StoreError::LaterFormat { found: 3, .. });
    refuses(&house.path(), "later format", is_later);
    std::fs::write(&marker, whole).unwrap();
    open(&house.path()).unwrap();
}

#[test]
fn a_marker_that_others_could_have_changed_is_refused() {
    let house = House::new();
    let (marker, aside) = (house.path().join(".store"), house.dir.path().join("aside"));
    for bits in [0o644, 0o620, 0o602, 0o4600] {
        chmod(&marker, bits);
        refuses(&house.path(), &format!("{bits:o}"), is_unsafe_store);
    }
    chmod(&marker, 0o600);
    std::fs::hard_link(&marker, &aside).unwrap();
    refuses(&house.path(), "hard link", is_unsafe_store);
    std::fs::remove_file(&marker).unwrap();
    symlink(&aside, &marker).unwrap();
    refuses(&house.path(), "link", |_| true);
    std::fs::remove_file(&marker).unwrap();
    symlink(house.dir.path().join("nowhere"), &marker).unwrap();
    refuses(&house.path(), "dangling link", |_| true);
    std::fs::remove_file(&marker).unwrap();
    mkfifo(&marker, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
    refuses(&house.path(), "fifo", is_unsafe_store);
    std::fs::remove_file(&marker).unwrap();
    std::fs::create_dir(&marker).unwrap();
    refuses(&house.path(), "directory", is_unsafe_store);
}

#[test]
fn files_are_the_owners_alone_whatever_the_umask_is() {
    // The umask is the whole process's. Of the other tests here none relies on it.
    let umask = nix::sys::stat::umask(Mode::empty());
    let (house, _) = House::with_alice();
    nix::sys::stat::umask(umask);
    assert_eq!(mode(&house.path()), 0o700);
    assert_eq!(mode(&house.path().join(".store")), 0o600);
    assert_eq!(mode(&house.file()), 0o600);
}

#[test]
fn init_works_where_new_directories_inherit_the_group() {
    // As below /var/local on Debian, which is staff's with the set-group-id bit.
    let directory = tempfile::tempdir().unwrap();
    chmod(directory.path(), 0o2755);
    let path = directory.path().join("store");
    assert!(FileStore::init(&path, owner()).unwrap());
    open(&path).unwrap();
}

#[test]
fn the_file_stays_the_same_one_from_the_enrolment_on() {
    let (house, enrolled) = House::with_alice();
    let inode = std::fs::metadata(house.file()).unwrap().ino();
    let intact = |after: &str| {
        let status = std::fs::symlink_metadata(house.file()).unwrap();
        assert!(status.is_file() && status.uid() == owner(), "{after}");
        assert_eq!((status.ino(), status.len()), (inode, FILE as u64), "{after}");
        assert_eq!((mode(&house.file()), mode(&house.path())), (0o600, 0o700), "{after}");
        assert_eq!(files(&house), [".store", "alice.account", "uid"], "{after}: leftovers");
    };
    intact("enrolment");
    assert!(accepted(
        &house.login(&enrolled.generation, &enrolled.token(later(1)), later(1)).unwrap()
    ));
    intact("login");
    house.guess(&enrolled, 5, later(1));
    intact("wrong codes");
    house.store().unlock(&alice(), &|| later(1)).unwrap();
    intact("unlock");
    house.store().regenerate_backup_codes(&alice(), &enrolled.generation, &|| later(1)).unwrap();
    intact("regenerate");
    house.enrol(&house.standing(NOW).basis(), later(1)).unwrap();
    intact("replace");
    house
        .store()
        .disable(&alice(), &house.standing(NOW).basis(), Failures::CarriedOver, &|| later(1))
        .unwrap();
    intact("disable");
    house.enrol(&house.standing(NOW).basis(), later(1)).unwrap();
    intact("enrol again");
}

#[test]
fn leftovers_of_a_crash_never_stand_in_the_way() {
    type Plant = dyn Fn(&Path);
    let plants: [(&str, &Plant); 5] = [
        ("whole", &|at| std::fs::write(at, vec![b'x'; FILE]).unwrap()),
        ("empty", &|at| std::fs::write(at, "").unwrap()),
        ("link", &|at| symlink("/etc/passwd", at).unwrap()),
        ("fifo", &|at| mkfifo(at, Mode::S_IRUSR | Mode::S_IWUSR).unwrap()),
        ("directory", &|at| std::fs::create_dir(at).unwrap()),
    ];
    for (what, plant) in plants {
        let house = House::new();
        // Earlier versions had something random behind it.
        let (leftover, earlier) = (house.path().join(".new"), house.path().join(".new-0123"));
        plant(&leftover);
        plant(&earlier);
        let enrolled = house.enrol(&Basis::Nothing, NOW).unwrap();
        let right = enrolled.token(later(1));
        assert!(accepted(&house.login(&enrolled.generation, &right, later(1)).unwrap()), "{what}");
        let is_there = |path: &Path| path.symlink_metadata().is_ok();
        let is_directory = what == "directory";
        assert_eq!((is_there(&leftover), is_there(&earlier)), (is_directory, true), "{what}");
        house.store().complete_index(&names::Untouched).unwrap();
        assert_eq!(is_there(&earlier), is_directory, "{what}: `cloud2fa init` removes it");
    }
    assert!(Path::new("/etc/passwd").exists());
}

#[test]
fn a_name_is_a_file_name_whatever_is_in_it() {
    let house = House::new();
    let long = "a".repeat(200);
    for name in ["../store", "/etc/passwd", ".store", ".", "..", "-rf", "DOM\\ann", "jörg", &long]
    {
        let user = house::user(name, 1000);
        house.store().disable(&user, &Basis::Nothing, Failures::CarriedOver, &|| NOW).unwrap();
        let path = house.path().join(user.name.encoded() + ".account");
        assert_eq!(std::fs::metadata(path).unwrap().len(), FILE as u64, "{name}");
    }
    let names: Vec<UserName> = house.list(NOW).into_iter().map(|listed| listed.name).collect();
    assert_eq!(names.len(), 9);
    open(&house.path()).unwrap();
    assert_eq!(std::fs::read_dir(house.dir.path()).unwrap().count(), 1, "nothing beside the store");
}
