//! A daemon that is not root and verifies codes for others: the real module in a program of that user, the real
//! service behind its socket.
#![allow(missing_docs)]

use cloud2fa::backup_codes::HeapMemory;
use cloud2fa::{FileStore, Rules, Secret, Status, Store, Verifier};
use cloud2fa_tests::user::{self, Enrolled, of_this_machine};
use cloud2fa_tests::view::{Seen, View, as_user};
use cloud2fa_tests::visitor::{self, error_of};
use cloud2fa_tests::{command, service};
use serde_json::json;
use std::path::Path;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

const STORE: &str = "/var/lib/cloud2fa";
const PAM_HOST: &str = env!("CARGO_BIN_EXE_pam_host");

/// Users of Debian's whose daemons are none of these tests.
const DAEMON: &str = "mail";
const ANOTHER_DAEMON: &str = "news";
const NO_DAEMON: &str = "games";

fn enrol(name: &str) -> Enrolled {
    static CONFIGURED: Once = Once::new();
    service::start();
    CONFIGURED.call_once(|| {
        std::fs::create_dir_all("/etc/cloud2fa").unwrap();
        let verifiers =
            format!("verifiers = [\"nosuchuser\", \"{DAEMON}\", \"{ANOTHER_DAEMON}\"]\n");
        std::fs::write("/etc/cloud2fa/cloud2fa.toml", verifiers).unwrap();
    });
    user::enrol(Path::new(STORE), of_this_machine(name), Secret::generate().unwrap())
}

fn store() -> FileStore {
    let memory = Box::new(HeapMemory::default());
    FileStore::open(Path::new(STORE), 0, Rules::default(), memory).unwrap()
}

fn status(of: &Enrolled) -> Status {
    store().status(&of.user, &user::now).unwrap().status().unwrap().clone()
}

/// A login at a program of `daemon`'s, whose PAM service no other one of this process has.
fn by(daemon: &str, service: &str, arguments: &str) -> View {
    View::new(PAM_HOST, service, &as_user(of_this_machine(daemon).uid), arguments)
}

fn login(view: &View, whose: &Enrolled, answer: &str) -> Seen {
    view.login(whose.user.name.as_str(), answer)
}

#[test]
fn a_daemon_that_is_named_lets_in_by_the_code_once() {
    let whose = enrol("u120");
    let view = by(DAEMON, "named", "");
    let code = whose.code();
    let right = login(&view, &whose, &code);
    assert_eq!((right.code.as_str(), right.asked), ("PAM_SUCCESS", true), "{right:?}");
    let again = login(&view, &whose, &code);
    assert_eq!(again.code, "PAM_AUTH_ERR", "{again:?}");
    assert!(again.line.contains(" reason=replayed "), "{again:?}");
    let backup = &whose.backup_codes[0];
    assert_eq!(login(&view, &whose, backup).code, "PAM_SUCCESS");
    assert_eq!(login(&by(ANOTHER_DAEMON, "other", ""), &whose, backup).code, "PAM_AUTH_ERR");
    let history = status(&whose).history;
    assert!(history.entries().any(|entry| entry.origin.service() == DAEMON), "{history:?}");
}

#[test]
fn one_that_is_not_is_told_so_in_the_log_and_lets_nobody_in() {
    let whose = enrol("u121");
    let uid = of_this_machine(NO_DAEMON).uid;
    for arguments in ["", "nullok"] {
        let view = by(NO_DAEMON, &format!("unnamed{arguments}"), arguments);
        let seen = login(&view, &whose, &whose.code());
        assert_eq!((seen.code.as_str(), seen.asked), ("PAM_AUTHINFO_UNAVAIL", false), "{seen:?}");
        let says = format!("runs as uid {uid}, for whom nobody else's codes are verified");
        assert!(seen.line.contains(&says) && seen.line.contains("verifiers in cloud2fa.toml"));
    }
}

#[test]
fn whoever_is_not_enrolled_is_the_policys_to_decide() {
    enrol("u122");
    for (arguments, expected) in [("nullok", "PAM_SUCCESS"), ("", "PAM_AUTH_ERR")] {
        let seen = by(DAEMON, &format!("none{arguments}"), arguments).login("u123", "123456");
        assert_eq!(seen.code, expected, "{seen:?}");
    }
}

#[test]
fn wrong_codes_make_the_daemon_wait_and_nobody_else() {
    let whose = enrol("u124");
    let (view, another) = (by(DAEMON, "guesses", ""), by(ANOTHER_DAEMON, "quiet", ""));
    for _ in 0..5 {
        assert_eq!(login(&view, &whose, &whose.wrong_code()).code, "PAM_AUTH_ERR");
    }
    let seen = login(&view, &whose, &whose.code());
    assert_eq!(seen.code, "PAM_MAXTRIES", "{seen:?}");
    let standing = status(&whose);
    assert_eq!((standing.wait_seconds, standing.failures, standing.budget_used), (0, 0, 5));
    assert_eq!(login(&another, &whose, &whose.code()).code, "PAM_SUCCESS");
    // A backup code opens it where it is shut.
    assert_eq!(login(&view, &whose, &whose.backup_codes[1]).code, "PAM_SUCCESS");
    assert_eq!(status(&whose).budget_used, 0);
}

#[test]
fn root_opens_what_a_daemon_has_shut() {
    let whose = enrol("u125");
    let (name, view) = (whose.user.name.as_str(), by(DAEMON, "unlocked", ""));
    for _ in 0..5 {
        login(&view, &whose, &whose.wrong_code());
    }
    assert_eq!(login(&view, &whose, "000000").code, "PAM_MAXTRIES");
    let unlocked =
        std::process::Command::new(command::path()).args(["unlock", name]).output().unwrap();
    assert!(unlocked.status.success(), "{unlocked:?}");
    assert_eq!(login(&view, &whose, &whose.code()).code, "PAM_SUCCESS");
}

#[test]
fn a_daemon_learns_how_to_ask_and_nothing_else_of_a_user() {
    let whose = enrol("u126");
    let (name, uid) = (whose.user.name.as_str(), of_this_machine(DAEMON).uid);
    let found = visitor::call(uid, "Challenge", &json!({ "user": name }));
    let standing = &found["parameters"]["standing"];
    assert_eq!(standing["state"], "enrolled", "{found}");
    for hidden in ["since", "backup_codes_left", "failures", "wait_seconds", "budget_used"] {
        assert_eq!(standing[hidden], 0, "{hidden}: {found}");
    }
    assert_eq!((&standing["last_used"], &standing["decisions"]), (&json!(null), &json!([])));
    let code = whose.code();
    let call = |purpose: &str| {
        let generation = &standing["generation"];
        json!({ "user": name, "generation": generation, "code": code, "purpose": purpose })
    };
    let tried = visitor::call(uid, "Verify", &call("trial"));
    assert_eq!(error_of(&tried), Some("NotPermitted"), "it would be spent by nobody");
    let accepted = visitor::call(uid, "Verify", &call("login"));
    let verdict = &accepted["parameters"]["verdict"];
    assert_eq!(verdict["verdict"], "accepted", "{accepted}");
    assert_eq!(verdict["failures_since_login"], 0, "{accepted}");
}

/// Each of these would hold the record's lock for a commit, of which a slow disk does not make many a second.
#[test]
fn a_daemon_that_repeats_a_used_code_keeps_nobody_from_logging_in() {
    const SECONDS: u64 = 6;
    let whose = enrol("u127");
    let (name, uid) = (whose.user.name.as_str(), of_this_machine(DAEMON).uid);
    let found = visitor::call(uid, "Challenge", &json!({ "user": name }));
    let generation = &found["parameters"]["standing"]["generation"];
    let code = &whose.backup_codes[0];
    let call = json!({ "user": name, "generation": generation, "code": code, "purpose": "login" });
    let first = visitor::call(uid, "Verify", &call);
    assert_eq!(first["parameters"]["verdict"]["verdict"], "accepted", "{first}");
    let end = Instant::now() + Duration::from_secs(SECONDS);
    let answers = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| {
                while Instant::now() < end {
                    let again = visitor::call(uid, "Verify", &call);
                    assert_eq!(again["parameters"]["verdict"]["verdict"], "replayed", "{again}");
                    answers.fetch_add(1, Relaxed);
                }
            });
        }
        for _ in 0..8 {
            let own = store().verify(
                &user::at_login(&whose.user, &generation_of(&whose), &wrong(&whose)),
                &user::now,
            );
            assert!(own.is_ok(), "{own:?}");
        }
    });
    // Sixteen at a time, each held back for two seconds; and those that wait when the time is over.
    let answers = answers.into_inner();
    assert!(answers <= 16 * (SECONDS / 2) + 32, "{answers} in {SECONDS} s");
}

fn generation_of(whose: &Enrolled) -> cloud2fa::Generation {
    match store().status(&whose.user, &user::now).unwrap() {
        cloud2fa::Standing::Enrolled(generation, _) => generation,
        other => panic!("{other:?}"),
    }
}

fn wrong(whose: &Enrolled) -> cloud2fa::Answer {
    cloud2fa::Answer::parse(whose.wrong_code().as_bytes()).unwrap()
}
