//! What the tests stand on: none of them is forgotten, none looks at what is out of date, and the machines
//! that they run on are private.
#![allow(missing_docs)]

use cloud2fa_tests::machine::{module, must_be_private, newer_source, workspace};
use cloud2fa_tests::processes::wait_for;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

/// Writes a file, with the directories above it, that is so many seconds old.
fn write(path: &Path, age: u64) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let file = File::create(path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
}

#[test]
fn what_is_older_than_a_source_is_stale() {
    let checkout = tempfile::tempdir().unwrap();
    let at = |file: &str| checkout.path().join(file);
    let built = at("target/release/libpam_cloud2fa.so");
    write(&built, 100);
    assert_eq!(newer_source(checkout.path(), &built), None, "without sources nothing is newer");
    let sources = [
        "Cargo.toml",
        "Cargo.lock",
        "cloud2fa/Cargo.toml",
        "cloud2fa/src/decide.rs",
        "a_new_crate/Cargo.toml",
        "a_new_crate/src/deep/er/lib.rs",
        "conf/io.cloud2fa.varlink",
    ];
    for source in sources {
        write(&at(source), 200);
    }
    for other in [
        "tests/Cargo.toml",
        "tests/login.rs",
        "cloud2fa/tests/decide.rs",
        "docs/new.md",
        "target/release/new",
    ] {
        write(&at(other), 0);
    }
    assert_eq!(newer_source(checkout.path(), &built), None);
    for source in sources {
        write(&at(source), 50);
        assert_eq!(newer_source(checkout.path(), &built), Some(at(source)));
        write(&at(source), 200);
    }
}

/// `module()` in a process of its own, with a file mounted on one of the sources there.
#[test]
fn a_stale_module_ends_a_test_and_a_named_one_does_not() {
    must_be_private();
    let directory = tempfile::tempdir().unwrap();
    let (module, lock) = (directory.path().join("module.so"), directory.path().join("Cargo.lock"));
    write(&lock, 0);
    let outcome = |named: Option<&Path>| {
        let mut command = Command::new("unshare");
        let script = "mount --bind \"$1\" \"$2\"; shift 2; exec \"$@\"";
        command.args(["--mount", "--propagation", "private", "sh", "-ec", script, "sh"]);
        command.args([&lock, &workspace().join("Cargo.lock"), &std::env::current_exe().unwrap()]);
        command.args(["--exact", "--ignored", "the_module_is_fresh"]).env_remove("CLOUD2FA_MODULE");
        command.envs(named.map(|named| ("CLOUD2FA_MODULE", named)));
        let output = command.output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let (passed, said) = outcome(None);
    assert!(!passed && said.contains("make build"), "{said}");
    let (passed, said) = outcome(Some(&module));
    assert!(!passed && said.contains("make build"), "{said}");
    write(&module, 1_000_000_000);
    let (passed, said) = outcome(Some(&module));
    assert!(passed, "{said}");
}

#[test]
#[ignore = "the test above runs it"]
fn the_module_is_fresh() {
    module();
}

/// What another machine says that is there at the same time as this one.
fn other_machine(script: &str) -> Command {
    let mut command = Command::new(workspace().join("tests/private-machine"));
    command.args(["sh", "-c", script]).env_remove("CLOUD2FA_PRIVATE_MACHINE");
    command
}

#[test]
fn machines_at_once_have_users_of_their_own() {
    must_be_private();
    let mut first = other_machine("id -u alice; id -u u299; read -r line; exit 0");
    let mut first = first.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(first.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut uid = || said.next().unwrap().parse::<u32>().unwrap();
    let theirs = uid()..=uid();
    let second = other_machine("id -u alice; id -u u299").output().unwrap();
    let second = String::from_utf8(second.stdout).unwrap();
    for uid in second.lines() {
        assert!(!theirs.contains(&uid.parse().unwrap()), "{uid} is in {theirs:?}");
    }
    assert_eq!(second.lines().count(), 2);
    drop(first.stdin.take());
    assert!(first.wait().unwrap().success());
}

#[test]
fn a_machine_ends_as_its_command_did_and_nothing_of_it_is_left() {
    must_be_private();
    let is_there = |seconds: u32| {
        let command = format!("sleep\0{seconds}\0");
        let processes = Path::new("/proc").read_dir().unwrap().flatten();
        processes
            .flat_map(|entry| fs::read(entry.path().join("cmdline")))
            .any(|said| said == command.as_bytes())
    };
    let status = other_machine("setsid sleep 471101 >/dev/null 2>&1 & exit 7").status().unwrap();
    assert_eq!(status.code(), Some(7));
    assert!(!is_there(471_101));
    assert_eq!(other_machine("kill -SEGV $$").status().unwrap().code(), Some(128 + 11));
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        let mut machine = other_machine("sleep 471102; true").spawn().unwrap();
        wait_for("its command", || is_there(471_102).then_some(()));
        kill(Pid::from_raw(machine.id().try_into().unwrap()), signal).unwrap();
        assert!(!machine.wait().unwrap().success());
        wait_for("its end", || (!is_there(471_102)).then_some(()));
    }
}

/// Names of the files `*.rs` and of the entries in Cargo.toml.
#[test]
fn no_test_program_is_forgotten() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files =
        tests.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<_> =
        files.filter(|name| Path::new(name).extension().is_some_and(|end| end == "rs")).collect();
    let manifest = fs::read_to_string(tests.join("Cargo.toml")).unwrap();
    let value = |entry: &str, key: &str| {
        let line = entry.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
        line.unwrap_or_else(|| panic!("no {key} in {entry}")).trim_matches('"').to_owned()
    };
    let mut entries = BTreeSet::new();
    for entry in manifest.split("[[test]]").skip(1) {
        let path = value(entry, "path");
        assert_eq!(format!("{}.rs", value(entry, "name")), path);
        entries.insert(path);
    }
    assert_eq!(files, entries, "each file tests/*.rs needs its [[test]] in tests/Cargo.toml");
}
