//! Whether a login looks into the store itself or asks the service, by what stands in its way
//! (ARCHITECTURE.md, "Direct, or through the service"). Each row is a login that sees the store so; the service
//! sees a healthy one, in which the user is enrolled.
#![allow(missing_docs)]

use cloud2fa::backup_codes::HeapMemory;
use cloud2fa::{FileStore, Rules, Secret, Status, Store};
use cloud2fa_tests::service::{self, LOG};
use cloud2fa_tests::user::{self, Enrolled, numbered};
use cloud2fa_tests::view::{Seen, View, as_user, bind, directory};
use std::path::Path;

const STORE: &str = "/var/lib/cloud2fa";
const PAM_HOST: &str = env!("CARGO_BIN_EXE_pam_host");

/// A store that the login sees in the place of the service's.
const ANOTHER: &str = "mount -t tmpfs -o mode=0700 tmpfs /var/lib/cloud2fa";
const READ_ONLY: &str = "mount -o remount,bind,ro /var/lib/cloud2fa";
const NO_DIRECTORY: &str = "mount -t tmpfs tmpfs /var/lib";
const NO_SOCKET: &str = "mount -t tmpfs tmpfs /run/cloud2fa";

/// What a login does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Direct,
    Service,
    /// Neither, and refuses.
    Unavailable,
}

fn enrol(name: &str) -> Enrolled {
    service::start();
    user::enrol(Path::new(STORE), user::of_this_machine(name), Secret::generate().unwrap())
}

/// How the user stands in the service's store.
fn status(of: &Enrolled) -> Status {
    let memory = Box::new(HeapMemory::default());
    let mut store = FileStore::open(Path::new(STORE), 0, Rules::default(), memory).unwrap();
    store.status(&of.user, &user::now).unwrap().status().unwrap().clone()
}

/// Whether the service was asked to evaluate a code of that user's.
fn service_evaluated(whose: &Enrolled, is_expected: bool) -> bool {
    let name = format!(" user=\"{}\" ", whose.user.name);
    if is_expected {
        service::logged(&[&name, " method=Verify"]);
    }
    let log = std::fs::read_to_string(LOG).unwrap();
    log.lines().any(|line| line.contains(&name) && line.contains(" method=Verify"))
}

/// A store with a record that the login may see, healthy but for what `spoil` does to it.
fn another_store(name: &str, spoil: impl FnOnce(&Path)) -> String {
    let store = directory(name).join("store");
    FileStore::init(&store, 0).unwrap();
    spoil(&store);
    bind(&store, STORE)
}

fn set_mode(path: &Path, mode: u32) {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
    std::fs::set_permissions(path, mode).unwrap();
}

fn damage(path: &Path) {
    user::write_private(path, &[0; 8192]);
}

#[test]
fn each_row_of_the_table() {
    let unsafe_store = another_store("unsafe", |store| set_mode(store, 0o755));
    let spoilt_marker =
        another_store("marker", |store| std::fs::write(store.join(".store"), "damaged").unwrap());
    // Each row has a user of its own, by its number.
    let both = |one: &str, other: &str| format!("{one}\n{other}");
    let rows = [
        ("a healthy store", String::new(), Way::Direct),
        ("a healthy store, and no socket", NO_SOCKET.to_owned(), Way::Direct),
        ("a read-only store", READ_ONLY.to_owned(), Way::Service),
        ("a read-only store, and no socket", both(READ_ONLY, NO_SOCKET), Way::Unavailable),
        ("no directory", NO_DIRECTORY.to_owned(), Way::Service),
        ("no directory, and no socket", both(NO_DIRECTORY, NO_SOCKET), Way::Unavailable),
        ("a user's program", as_user(numbered(76)), Way::Service),
        (
            "a user's program, and no socket",
            both(NO_SOCKET, &as_user(numbered(77))),
            Way::Unavailable,
        ),
        ("a directory that is no store", ANOTHER.to_owned(), Way::Unavailable),
        ("a store that others may read", unsafe_store, Way::Unavailable),
        ("a store whose marker is damaged", spoilt_marker, Way::Unavailable),
    ];
    for (number, (name, script, way)) in rows.into_iter().enumerate() {
        let whose = enrol(&format!("u{:03}", 70 + number));
        for arguments in ["", "nullok"] {
            let view = View::new(PAM_HOST, &format!("row{number}{arguments}"), &script, arguments);
            // The first enrolment has eight backup codes, and each way round takes one.
            let code = &whose.backup_codes[arguments.len()];
            let what = format!("{name} {arguments}");
            match way {
                Way::Unavailable => {
                    let seen = view.login(whose.user.name.as_str(), code);
                    is_unavailable(&seen, &what);
                    // What is in the way of the files comes first, the service in brackets.
                    let why = seen.line.split_once(" detail=").expect("a detail").1;
                    assert!(!why.split(". (").next().unwrap().contains("service"), "{what}: {why}");
                    let both = name.ends_with("no socket");
                    assert_eq!(why.contains(". (The service was asked "), both, "{what}: {why}");
                }
                Way::Direct | Way::Service => evaluates(&view, &whose, code, &what),
            }
            assert_eq!(
                service_evaluated(&whose, way == Way::Service),
                way == Way::Service,
                "{what}"
            );
        }
    }
}

fn is_unavailable(seen: &Seen, what: &str) {
    assert_eq!(
        (seen.code.as_str(), seen.asked),
        ("PAM_AUTHINFO_UNAVAIL", false),
        "{what}: {seen:?}"
    );
    assert!(seen.line.contains(" reason=store_unavailable "), "{what}: {seen:?}");
}

/// Codes are evaluated, and what they are worth is written where the service has its store.
fn evaluates(view: &View, whose: &Enrolled, code: &str, what: &str) {
    let name = whose.user.name.as_str();
    let before = status(whose);
    let wrong = view.login(name, &whose.wrong_code());
    assert_eq!(wrong.code, "PAM_AUTH_ERR", "{what}: {wrong:?}");
    assert_eq!(status(whose).failures, before.failures + 1, "{what}");
    let right = view.login(name, code);
    assert_eq!(right.code, "PAM_SUCCESS", "{what}: {right:?}");
    assert_eq!(status(whose).backup_codes_left, before.backup_codes_left - 1, "{what}");
    let again = view.login(name, code);
    assert!(again.code == "PAM_AUTH_ERR" && again.line.contains(" reason=replayed "), "{again:?}");
}

#[test]
fn a_record_that_is_missing_means_not_enrolled_whatever_the_service_knows() {
    let whose = enrol("u090");
    let (name, code) = ("u090", whose.backup_codes[0].as_str());
    let empty = another_store("empty", |_| {});
    let let_in = View::new(PAM_HOST, "missing1", &empty, "nullok").login(name, code);
    assert_eq!((let_in.code.as_str(), let_in.asked), ("PAM_SUCCESS", false));
    assert!(let_in.line.starts_with("skipped user=\"u090\" reason=not_enrolled "), "{let_in:?}");
    let refused = View::new(PAM_HOST, "missing2", &empty, "").login(name, code);
    assert_eq!((refused.code.as_str(), refused.asked), ("PAM_AUTH_ERR", true));
    assert!(refused.line.contains(" reason=not_enrolled "), "{refused:?}");
    assert!(!service_evaluated(&whose, false));
}

#[test]
fn a_record_that_is_damaged_refuses_whatever_the_service_knows() {
    let whose = enrol("u091");
    let damaged = another_store("damaged", |store| damage(&store.join("u091.account")));
    let seen =
        View::new(PAM_HOST, "damaged1", &damaged, "nullok").login("u091", &whose.backup_codes[0]);
    is_unavailable(&seen, "a damaged record");
    assert!(seen.line.contains("u091.account is damaged"), "{seen:?}");
    assert!(!service_evaluated(&whose, false));
}

#[test]
fn what_the_service_finds_damaged_refuses_too() {
    service::start();
    damage(&Path::new(STORE).join("u092.account"));
    for (number, script) in [READ_ONLY, NO_DIRECTORY].into_iter().enumerate() {
        let view = View::new(PAM_HOST, &format!("served{number}"), script, "nullok");
        is_unavailable(&view.login("u092", "123456"), script);
    }
}

#[test]
fn who_is_not_enrolled_by_the_service_is_let_in_by_policy_alone() {
    service::start();
    for (number, script) in [READ_ONLY, NO_DIRECTORY].into_iter().enumerate() {
        let let_in =
            View::new(PAM_HOST, &format!("none{number}"), script, "nullok").login("u093", "");
        assert_eq!((let_in.code.as_str(), let_in.asked), ("PAM_SUCCESS", false), "{let_in:?}");
        let refused =
            View::new(PAM_HOST, &format!("no{number}"), script, "").login("u093", "123456");
        assert_eq!((refused.code.as_str(), refused.asked), ("PAM_AUTH_ERR", true), "{refused:?}");
    }
}
