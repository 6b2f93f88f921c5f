//! Stores that are not healthy, full, read-only or busy, and user names that are paths.
#![allow(missing_docs)]

use cloud2fa::Store;
use cloud2fa::store::Failures;
use cloud2fa_tests::watchdog::Watchdog;
use cloud2fa_tests::{Code, Fixture, Reply, machine, user};
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const WRONG: &str = "That code is wrong. A backup code works, too.";
const UNAVAILABLE: &str = "The code cannot be checked right now. The system log says why.";

/// What is wrong, what the log says, and how to make it of a healthy store.
type Unhealthy = (&'static str, &'static str, fn(&Path));

const UNHEALTHY: [Unhealthy; 18] = [
    ("no directory", "there is no store", |path| std::fs::remove_dir_all(path).unwrap()),
    ("an empty directory", "its file .store is missing", |path| {
        std::fs::remove_dir_all(path).unwrap();
        std::fs::create_dir(path).unwrap();
        set_mode(path, 0o700);
    }),
    ("no marker", "its file .store is missing", |path| {
        std::fs::remove_file(path.join(".store")).unwrap();
    }),
    ("an empty marker", ".store is damaged", |path| user::write_private(&path.join(".store"), b"")),
    ("noise for a marker", ".store is damaged", |path| {
        user::write_private(&path.join(".store"), &[0xff; 99]);
    }),
    ("a marker of a later version", "has format 3", |path| {
        user::write_private(&path.join(".store"), b"format = 3\nid = \"00\"\n");
    }),
    ("a huge marker", ".store is too large", |path| {
        File::options().write(true).open(path.join(".store")).unwrap().set_len(1 << 40).unwrap();
    }),
    ("a marker open to others", ".store is open to others", |path| {
        set_mode(&path.join(".store"), 0o644);
    }),
    ("alice's marker", ".store does not belong to root", |path| {
        give_to_alice(&path.join(".store"));
    }),
    ("a marker with two names", ".store has more than one name", |path| {
        std::fs::hard_link(path.join(".store"), path.join("other")).unwrap();
    }),
    ("a linked marker", "cannot open", |path| {
        std::fs::rename(path.join(".store"), path.join("aside")).unwrap();
        symlink("aside", path.join(".store")).unwrap();
    }),
    ("a FIFO for a marker", ".store is not a regular file", |path| {
        std::fs::remove_file(path.join(".store")).unwrap();
        nix::unistd::mkfifo(&path.join(".store"), nix::sys::stat::Mode::S_IRUSR).unwrap();
    }),
    ("a directory that the group may write", "is open to others", |path| set_mode(path, 0o770)),
    ("a directory that all may look into", "is open to others", |path| set_mode(path, 0o701)),
    ("a sticky directory for all", "is open to others", |path| set_mode(path, 0o1777)),
    ("alice's directory", "does not belong to root", give_to_alice),
    ("a link to the directory", "is not a directory", |path| {
        std::fs::rename(path, path.with_file_name("aside")).unwrap();
        symlink("aside", path).unwrap();
    }),
    ("a FIFO for a directory", "is not a directory", |path| {
        std::fs::remove_dir_all(path).unwrap();
        nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    }),
];

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

fn give_to_alice(path: &Path) {
    chown(path, Some(user::of_this_machine("alice").uid), None).unwrap();
}

#[test]
fn an_unhealthy_store_refuses_everybody_at_once_whatever_the_policy() {
    for (what, why, make) in UNHEALTHY {
        let (fixture, alice) = Fixture::with("alice");
        fixture.set_config("unenrolled = \"allow\"");
        make(&fixture.store_path());
        for name in ["alice", "bob", "nobody-of-that-name"] {
            let _watchdog = Watchdog::bites_after(Duration::from_secs(120), what);
            let begin = Instant::now();
            let outcome = fixture.raw(name, "CONFIG nullok", vec![Reply::from(&alice.code())]);
            assert!(begin.elapsed() < Duration::from_secs(4), "{what}: it takes too long");
            assert_eq!(outcome.code, Code::AUTHINFO_UNAVAIL, "{what}: {name}");
            assert_eq!((outcome.asked(), outcome.texts()), (vec![], vec![UNAVAILABLE]), "{what}");
        }
        let log = fixture.log();
        assert_eq!(log.len(), 3, "{what}: one line each");
        let (severity, line) = fixture.last_log_line();
        assert_eq!(severity, "alert", "{what}");
        assert!(
            line.contains(" reason=store_unavailable ") && line.contains(why),
            "{what}: {line}"
        );
    }
}

/// Runs a program of the base system.
fn run(program: &str, arguments: &[&str]) {
    let program = machine::program(program, "mount");
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Unmounts when dropped, so that the fixture's directory can be removed.
struct Mounted(String);

impl Drop for Mounted {
    fn drop(&mut self) {
        run("umount", &["--lazy", &self.0]);
    }
}

#[test]
fn a_read_only_store_accepts_no_code() {
    let (fixture, alice) = Fixture::with("alice");
    let store = fixture.store_path().to_string_lossy().into_owned();
    run("mount", &["--bind", &store, &store]);
    let mounted = Mounted(store.clone());
    run("mount", &["-o", "remount,bind,ro", &store]);
    let code = alice.code();
    for arguments in ["CONFIG", "CONFIG nullok"] {
        let outcome = fixture.raw("alice", arguments, vec![Reply::from(&code)]);
        assert_eq!((outcome.code, outcome.texts()), (Code::AUTHINFO_UNAVAIL, vec![UNAVAILABLE]));
        let (severity, line) = fixture.last_log_line();
        assert!(severity == "alert" && line.contains("Read-only file system"), "{line}");
    }
    drop(mounted);
    assert_eq!(fixture.raw("alice", "CONFIG", vec![Reply::from(&code)]).code, Code::SUCCESS);
}

#[test]
fn a_full_store_accepts_each_code_once() {
    let fixture = Fixture::new();
    let store = fixture.store_path().to_string_lossy().into_owned();
    run("mount", &["-t", "tmpfs", "-o", "size=128k,mode=0700", "full", &store]);
    let _mounted = Mounted(store);
    cloud2fa::FileStore::init(&fixture.store_path(), 0).unwrap();
    let alice = fixture.enrol("alice");
    let mut filler = File::create(fixture.store_path().join("filler")).unwrap();
    let full = std::iter::repeat_with(|| filler.write_all(&[1; 512]))
        .take(1000)
        .any(|written| written.is_err());
    assert!(full, "the disk is full now");
    let code = alice.code();
    for (answer, expected) in [
        (&alice.wrong_code(), Code::AUTH_ERR),
        (&code, Code::SUCCESS),
        (&code, Code::AUTH_ERR),
        (&alice.backup_codes[0], Code::SUCCESS),
        (&alice.backup_codes[0], Code::AUTH_ERR),
    ] {
        assert_eq!(fixture.raw("alice", "CONFIG", vec![Reply::from(answer)]).code, expected);
    }
    let mut store = fixture.store();
    let basis = store.status(&alice.user, &user::now).unwrap().basis();
    store.disable(&alice.user, &basis, Failures::CarriedOver, &user::now).unwrap();
    assert_eq!(fixture.raw("alice", "CONFIG nullok", vec![]).code, Code::IGNORE);
}

#[test]
fn a_record_that_somebody_keeps_locked_is_given_up_after_five_seconds() {
    let (fixture, alice) = Fixture::with("alice");
    let code = alice.code();
    let locked = File::open(fixture.account_path("alice")).unwrap();
    locked.lock().unwrap();
    let begin = Instant::now();
    let outcome = fixture.login("alice", &[&code]);
    let seconds = begin.elapsed().as_secs_f32();
    assert!((4.9..25.0).contains(&seconds), "{seconds} s");
    assert_eq!((outcome.code, outcome.texts()), (Code::AUTHINFO_UNAVAIL, vec![UNAVAILABLE]));
    let (severity, line) = fixture.last_log_line();
    assert_eq!(severity, "notice", "the store itself is healthy");
    assert!(line.contains(&format!(" is locked by process {}", std::process::id())), "{line}");
    locked.unlock().unwrap();
    assert_eq!(fixture.login("alice", &[&alice.code()]).code, Code::SUCCESS);
}

#[test]
fn leftovers_in_the_store_stand_in_nobodys_way() {
    let (fixture, alice) = Fixture::with("alice");
    for name in [
        ".new-0011223344556677",
        ".aside-alice.account-00",
        "lost+found",
        "bob.account.bak",
        ".account",
    ] {
        std::fs::write(fixture.store_path().join(name), "x").unwrap();
    }
    assert_eq!(
        fixture.raw("alice", "CONFIG", vec![Reply::from(&alice.code())]).code,
        Code::SUCCESS
    );
    assert_eq!(fixture.raw("bob", "CONFIG nullok", vec![]).code, Code::IGNORE);
}

/// All files below a directory.
fn files(path: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(path)
        .unwrap()
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            let below = if path.is_dir() { files(&path) } else { vec![] };
            below.into_iter().chain([path.to_string_lossy().into_owned()])
        })
        .collect();
    names.sort();
    names
}

#[test]
fn a_user_name_that_is_a_path_is_refused_and_touches_no_file() {
    let (fixture, alice) = Fixture::with("alice");
    fixture.set_stack(&["auth required MODULE CONFIG nullok"]);
    let before = files(fixture.path());
    let long = "x".repeat(300);
    let names = [
        "../x",
        "../store/alice",
        "a/b",
        "",
        ".",
        "..",
        "-f",
        "a\nb",
        "alice\n",
        "ALICE",
        " alice",
        &long,
    ];
    for name in names {
        let outcome = fixture.login(name, &[&alice.code()]);
        assert_eq!((outcome.code, outcome.texts()), (Code::AUTH_ERR, vec![WRONG]), "{name:?}");
        let (_, line) = fixture.last_log_line();
        assert!(!line.contains('\n') && line.contains(" reason=unknown_user "), "{line}");
    }
    assert_eq!(files(fixture.path()), before);
}

#[test]
fn a_user_of_the_system_with_such_a_name_is_a_user_like_others() {
    // The machine is private, so its users are ours to make.
    let mut passwd = File::options().append(true).open("/etc/passwd").unwrap();
    let names = ["../../alice", ".store", "100%", "DOM\\ann", "jörg", "a%2Eb"];
    let (no_file_s, nobody_s) = ("y".repeat(201), "z".repeat(256));
    for (uid, name) in (7000..).zip(names.into_iter().chain([&*no_file_s, &nobody_s])) {
        writeln!(passwd, "{name}:x:{uid}:{uid}::/:/bin/sh").unwrap();
    }
    let fixture = Fixture::new();
    for (uid, name) in (7000..).zip(names) {
        let user = cloud2fa::User { name: cloud2fa::UserName::new(name).unwrap(), uid };
        assert_eq!(fixture.raw(name, "CONFIG nullok", vec![]).code, Code::IGNORE, "{name}");
        let secret = cloud2fa::Secret::generate().unwrap();
        let enrolled = user::enrol(&fixture.store_path(), user, secret);
        let outcome = fixture.raw(name, "CONFIG nullok", vec![Reply::from(&enrolled.code())]);
        assert_eq!(outcome.code, Code::SUCCESS, "{name}");
    }
    // Who cannot be enrolled for the length of the name is one who is not enrolled; tests/long_names.rs.
    assert_eq!(fixture.raw(&no_file_s, "CONFIG nullok", vec![]).code, Code::IGNORE);
    for (name, arguments) in [(&no_file_s, "CONFIG"), (&nobody_s, "CONFIG nullok")] {
        let outcome = fixture.raw(name, arguments, vec![Reply::from("123456")]);
        assert_eq!((outcome.code, outcome.asked().len()), (Code::AUTH_ERR, 1), "{name}");
    }
}
