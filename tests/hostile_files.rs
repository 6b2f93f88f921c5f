//! Account files that are not what the library wrote: none lets anybody in, none hangs,
//! each is one alert, and root gets rid of each.
#![allow(missing_docs)]

use cloud2fa::Store;
use cloud2fa::store::{Basis, Failures};
use cloud2fa_tests::fixture::Outcome;
use cloud2fa_tests::watchdog::Watchdog;
use cloud2fa_tests::{Code, Enrolled, Fixture, Reply, slots, user};
use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use std::os::unix::fs::{FileExt, PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::{Duration, Instant};

const UNAVAILABLE: &str = "The code cannot be checked right now. The system log says why.";

/// What it is, what the log says of it, and how to make it of a good record at the path.
type Hostile = (&'static str, &'static str, fn(&Path));

const HOSTILE: [Hostile; 27] = [
    ("empty", "has a wrong size", |path| truncate(path, 0)),
    ("cut short", "has a wrong size", |path| truncate(path, 8191)),
    ("half", "has a wrong size", |path| truncate(path, 4096)),
    ("too long", "has a wrong size", |path| truncate(path, 8193)),
    ("10 MB", "has a wrong size", |path| truncate(path, 10_000_000)),
    ("a sparse terabyte", "has a wrong size", |path| truncate(path, 1 << 40)),
    ("all zeros", "neither copy", |path| user::write_private(path, &[0; 8192])),
    ("noise", "neither copy", |path| user::write_private(path, &noise())),
    ("a flipped byte in both slots", "neither copy", |path| flip(path, &[200, 4296])),
    ("a flipped padding byte in both slots", "neither copy", |path| flip(path, &[4000, 8000])),
    ("a flipped sequence number in both slots", "neither copy", |path| flip(path, &[19, 4115])),
    ("sealed, but no account", "not an account", |path| rewrite(path, |_| "nonsense\n".to_owned())),
    ("sealed, with an unknown key", "not an account", |path| {
        rewrite(path, |text| format!("strange = 1\n{text}"));
    }),
    ("sealed, with a short secret", "not an account", |path| {
        rewrite(path, |text| user::with_value(text, "secret", "\"JBSWY3DPEHPK3PXP\""));
    }),
    ("sealed, with Argon2 that takes 4 GiB", "not an account", |path| {
        rewrite(path, |text| user::with_value(text, "memory_kib", "4194304"));
    }),
    ("somebody else's", "names another user", |path| {
        rewrite(path, |text| user::with_value(text, "user", "\"bob\""));
    }),
    ("a deleted user's", "enrolment belongs to uid 4999", |path| {
        rewrite(path, |text| user::with_value(text, "uid", "4999"));
    }),
    ("a later version's", "has format 3", |path| {
        let (sequence, text) = newest(path);
        let later = slots::seal(slots::LATER_FORMAT, sequence + 1, &text);
        std::fs::File::options().write(true).open(path).unwrap().write_all_at(&later, 0).unwrap();
    }),
    ("a directory", "not a regular file", |path| {
        replace(path, |path| std::fs::create_dir(path).unwrap());
    }),
    ("a FIFO", "not a regular file", |path| replace(path, |path| node(path, SFlag::S_IFIFO))),
    ("a terminal", "not a regular file", |path| replace(path, |path| node(path, SFlag::S_IFCHR))),
    ("a socket", "not a regular file", |path| {
        replace(path, |path| drop(UnixListener::bind(path).unwrap()));
    }),
    ("a link to a good record", "is a symbolic link", |path| {
        let aside = path.with_file_name("good");
        std::fs::rename(path, &aside).unwrap();
        symlink(&aside, path).unwrap();
    }),
    ("a link to nowhere", "is a symbolic link", |path| {
        replace(path, |path| symlink("/nowhere", path).unwrap());
    }),
    ("a file with two names", "more than one name", |path| {
        std::fs::hard_link(path, path.with_file_name("other")).unwrap();
    }),
    ("readable by the group", "is open to others", |path| set_mode(path, 0o640)),
    ("alice's", "does not belong to root", |path| {
        chown(path, Some(user::of_this_machine("alice").uid), None).unwrap();
    }),
];

fn truncate(path: &Path, length: u64) {
    std::fs::File::options().write(true).open(path).unwrap().set_len(length).unwrap();
}

fn noise() -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..8192).map(|_| next()).collect()
}

fn flip(path: &Path, offsets: &[usize]) {
    let mut bytes = std::fs::read(path).unwrap();
    for offset in offsets {
        bytes[*offset] ^= 1;
    }
    user::write_private(path, &bytes);
}

fn newest(path: &Path) -> (u64, String) {
    slots::newest(&std::fs::read(path).unwrap())
}

fn rewrite(path: &Path, change: impl FnOnce(&str) -> String) {
    user::write_private(path, &slots::file(&change(&newest(path).1)));
}

fn replace(path: &Path, make: impl FnOnce(&Path)) {
    std::fs::remove_file(path).unwrap();
    make(path);
}

fn node(path: &Path, kind: SFlag) {
    // The terminal that nobody has: opening it waits or becomes one's own terminal, unless one takes care.
    mknod(path, kind, Mode::S_IRUSR | Mode::S_IWUSR, makedev(5, 0)).unwrap();
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

/// A fixture in which alice's record is hostile.
fn with_hostile(make: fn(&Path)) -> (Fixture, Enrolled) {
    let (fixture, alice) = Fixture::with("alice");
    make(&fixture.account_path("alice"));
    (fixture, alice)
}

fn login(fixture: &Fixture, arguments: &str, answer: &str) -> Outcome {
    let _watchdog = Watchdog::bites_after(Duration::from_secs(120), "a login at a hostile file");
    let begin = Instant::now();
    let outcome = fixture.raw("alice", arguments, vec![Reply::from(answer)]);
    assert!(begin.elapsed() < Duration::from_secs(4), "it took {:?}", begin.elapsed());
    outcome
}

#[test]
fn each_refuses_at_once_with_one_alert_whatever_the_policy() {
    for (what, why, make) in HOSTILE {
        let (fixture, alice) = with_hostile(make);
        fixture.enrol("bob");
        for (count, arguments) in ["CONFIG", "CONFIG nullok"].into_iter().enumerate() {
            for (config, nth) in [("", 1), ("unenrolled = \"allow\"", 2)] {
                fixture.set_config(config);
                let outcome = login(&fixture, arguments, &alice.code());
                assert_eq!(outcome.code, Code::AUTHINFO_UNAVAIL, "{what}");
                assert_eq!(
                    (outcome.asked(), outcome.texts()),
                    (vec![], vec![UNAVAILABLE]),
                    "{what}"
                );
                assert_eq!(fixture.log().len(), 2 * count + nth, "{what}: one line each");
            }
        }
        let (severity, line) = fixture.last_log_line();
        assert_eq!(severity, "alert", "{what}");
        assert!(
            line.starts_with("refused user=\"alice\" reason=store_unavailable factor=none "),
            "{what}: {line}"
        );
        assert!(line.contains("/alice.account") && line.contains(why), "{what}: {line}");
        // Nobody else is concerned.
        let bob = fixture.enrol("bob");
        assert_eq!(
            fixture.raw("bob", "CONFIG", vec![Reply::from(&bob.code())]).code,
            Code::SUCCESS,
            "{what}"
        );
        assert_eq!(fixture.raw("carol", "CONFIG nullok", vec![]).code, Code::IGNORE, "{what}");
    }
}

#[test]
fn root_clears_each_by_disabling_and_enrols_anew() {
    for (what, _, make) in HOSTILE {
        let (fixture, alice) = with_hostile(make);
        let mut store = fixture.store();
        let error = store.status(&alice.user, &user::now).expect_err(what);
        assert!(error.is_about_one_record(), "the command would not offer it for {what}: {error}");
        store
            .disable(&alice.user, &Basis::Unusable, Failures::CarriedOver, &user::now)
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(login(&fixture, "CONFIG nullok", "").code, Code::IGNORE, "{what}");
        let refused = login(&fixture, "CONFIG", &alice.code());
        assert_eq!((refused.code, refused.asked().len()), (Code::AUTH_ERR, 1), "{what}");
        let file = fixture.account_path("alice");
        let status = std::fs::symlink_metadata(&file).unwrap();
        assert!(status.is_file() && status.len() == 8192, "{what}");
        assert!(
            !String::from_utf8_lossy(&std::fs::read(&file).unwrap()).contains("secret"),
            "{what}"
        );
        let again = fixture.enrol("alice");
        assert_eq!(login(&fixture, "CONFIG", &again.code()).code, Code::SUCCESS, "{what}");
    }
}

#[test]
fn one_damaged_slot_keeps_nobody_out() {
    for slot in [0, 1] {
        let (fixture, alice) = Fixture::with("alice");
        let [before, now] = alice.codes_at([-1, 0]);
        assert_eq!(login(&fixture, "CONFIG", &before).code, Code::SUCCESS);
        flip(&fixture.account_path("alice"), &[slot * slots::SLOT + 300]);
        assert_eq!(login(&fixture, "CONFIG", &now).code, Code::SUCCESS, "slot {slot}");
        assert_eq!(login(&fixture, "CONFIG", &now).code, Code::AUTH_ERR, "slot {slot}");
    }
}

#[test]
fn a_torn_commit_is_the_state_before_it() {
    let (fixture, alice) = Fixture::with("alice");
    let code = alice.code();
    let path = fixture.account_path("alice");
    let before = std::fs::read(&path).unwrap();
    assert_eq!(login(&fixture, "CONFIG", &code).code, Code::SUCCESS);
    let after = std::fs::read(&path).unwrap();
    let first = |file: &[u8]| slots::unmarked(&file[..slots::SLOT]);
    let slot = if first(&before) == first(&after) { slots::SLOT } else { 0 };
    for written in [1, 30, 100, 101, 512, 1024, 2048, 4095] {
        let mut torn = before.clone();
        torn[slot..slot + written].copy_from_slice(&after[slot..slot + written]);
        user::write_private(&path, &torn);
        let status = fixture.status(&alice);
        assert_eq!(status.last_used, None, "{written} bytes written");
    }
    assert_eq!(login(&fixture, "CONFIG", &code).code, Code::SUCCESS);
}
