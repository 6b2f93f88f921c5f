//! A login leaves the process that it happens in as it was. One test alone in its
//! program, since it looks at the whole process.
#![allow(missing_docs)]

use cloud2fa_tests::{Code, Fixture, Reply, machine};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{Uid, setresuid};
use std::collections::BTreeMap;

/// Lines of /proc/thread-self/status that a login must not change (proc(5)). Besides memory
/// and scheduling, that is all.
const STATUS: [&str; 18] = [
    "Umask",
    "Uid",
    "Gid",
    "Groups",
    "Threads",
    "SigPnd",
    "ShdPnd",
    "SigBlk",
    "SigIgn",
    "SigCgt",
    "CapInh",
    "CapPrm",
    "CapEff",
    "CapBnd",
    "CapAmb",
    "NoNewPrivs",
    "Seccomp",
    "CoreDumping",
];

/// What is to be seen of this process from outside.
fn snapshot() -> BTreeMap<String, String> {
    let mut seen = BTreeMap::new();
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
    for key in STATUS {
        let start = format!("{key}:");
        let value = status.lines().find_map(|line| line.strip_prefix(&start));
        seen.insert(
            key.to_owned(),
            value.unwrap_or_else(|| panic!("no {key} in status")).to_owned(),
        );
    }
    for entry in std::fs::read_dir("/proc/self/fd").unwrap() {
        let entry = entry.unwrap();
        let target = std::fs::read_link(entry.path()).unwrap();
        // Not the directory that is being read.
        if !target.ends_with("fd") {
            seen.insert(
                format!("fd {}", entry.file_name().display()),
                target.display().to_string(),
            );
        }
    }
    for (name, value) in std::env::vars_os() {
        seen.insert(format!("env {}", name.display()), value.display().to_string());
    }
    seen.insert("directory".to_owned(), std::env::current_dir().unwrap().display().to_string());
    seen.insert("limits".to_owned(), std::fs::read_to_string("/proc/self/limits").unwrap());
    seen.insert("dumpable".to_owned(), owner_of_proc_files().to_string());
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let module = machine::module();
    let loaded = maps.lines().any(|line| line.ends_with(&*module.to_string_lossy()));
    seen.insert("module is loaded".to_owned(), loaded.to_string());
    seen
}

/// What is not as it was.
fn differences(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let changed =
        before.keys().chain(after.keys()).filter(|key| before.get(*key) != after.get(*key));
    let of = |side: &BTreeMap<String, String>, key| {
        side.get(key).cloned().unwrap_or_else(|| "nothing".to_owned())
    };
    let mut told: Vec<_> = changed
        .map(|key| format!("{key} was {}, is {}", of(before, key), of(after, key)))
        .collect();
    told.sort();
    told.dedup();
    told
}

/// Whether a core of this process may be dumped: shows in the owner of its files in /proc.
fn owner_of_proc_files() -> u32 {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self/environ").unwrap().uid()
}

#[test]
fn descriptors_ids_masks_and_all_else_are_after_a_login_as_before() {
    let (fixture, alice) = Fixture::with("alice");
    // Things that a careless module would set to what is usual.
    umask(Mode::from_bits_truncate(0o137));
    std::env::set_current_dir("/").unwrap();
    let blocked: SigSet = [Signal::SIGUSR1, Signal::SIGXFSZ].into_iter().collect();
    blocked.thread_block().unwrap();
    setrlimit(Resource::RLIMIT_CPU, 50_000, 60_000).unwrap();
    // The first login makes libc open /dev/log, which stays open; nothing else may be new.
    let before = snapshot();
    assert_eq!(fixture.login("alice", &[&alice.wrong_code()]).code, Code::AUTH_ERR);
    let changed = differences(&before, &snapshot());
    let [log] = &changed[..] else { panic!("{changed:?}") };
    assert!(log.starts_with("fd ") && log.contains(" was nothing, is socket:"), "{log}");

    // Once as root, as sshd is, and once with a caller's real uid, as su and sudo have it.
    let real_uids = [Uid::from_raw(0), Uid::from_raw(alice.user.uid)];
    for (round, real) in (0..).zip(real_uids) {
        setresuid(real, Uid::from_raw(0), Uid::from_raw(0)).unwrap();
        let code = alice.code_at(round);
        let not_listed = "nobody-of-that-name";
        let logins: [(&str, Reply, Code); 9] = [
            ("alice", Reply::from(&alice.wrong_code()), Code::AUTH_ERR),
            ("alice", Reply::from(&code), Code::SUCCESS),
            ("alice", Reply::from(&code), Code::AUTH_ERR),
            (
                "alice",
                Reply::from(&alice.backup_codes[usize::try_from(round).unwrap()]),
                Code::SUCCESS,
            ),
            ("alice", Reply::from("not a code"), Code::AUTH_ERR),
            ("alice", Reply::NoAnswer, Code::CONV_ERR),
            ("alice", Reply::Fails(Code::CONV_AGAIN), Code::INCOMPLETE),
            ("bob", Reply::from("123456"), Code::AUTH_ERR),
            (not_listed, Reply::from("123456"), Code::AUTH_ERR),
        ];
        let before = snapshot();
        assert_eq!(before["module is loaded"], "false");
        for (name, reply, expected) in logins {
            assert_eq!(fixture.login_with(name, vec![reply], 0).code, expected);
            let changed = differences(&before, &snapshot());
            assert!(changed.is_empty(), "{name} {expected}, round {round}: {changed:?}");
        }
        // A stopped login: a lock, where nothing is typed, and an unhealthy store.
        fixture.rewrite(&alice, "locked", "true");
        assert_eq!(fixture.login("alice", &[""]).code, Code::MAXTRIES);
        fixture.rewrite(&alice, "locked", "false");
        let marker = fixture.store_path().join(".store");
        std::fs::rename(&marker, fixture.path().join("aside")).unwrap();
        assert_eq!(fixture.login("alice", &[]).code, Code::AUTHINFO_UNAVAIL);
        std::fs::rename(fixture.path().join("aside"), &marker).unwrap();
        let changed = differences(&before, &snapshot());
        assert!(changed.is_empty(), "stopped logins, round {round}: {changed:?}");
    }
}
