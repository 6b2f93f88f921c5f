//! Disks that are full or read-only. Who is enrolled on a full one logs in, renews and
//! leaves; nothing there comes undone. On one that cannot be written nobody is asked.
#![allow(missing_docs)]

use cloud2fa::{Secret, Standing, Store};
use cloud2fa_tests::command::{self, Dialogue, Ended};
use cloud2fa_tests::disk::{Disk, Kind};
use cloud2fa_tests::host_process::HostProcess;
use cloud2fa_tests::{Code, Enrolled, Fixture, user};

/// The names in the store.
fn names(fixture: &Fixture) -> Vec<String> {
    let entries = std::fs::read_dir(fixture.store_path()).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn backup_codes(ended: &Ended) -> Vec<String> {
    let codes =
        ended.last()["backup_codes"].as_array().unwrap_or_else(|| panic!("{ended:?}")).clone();
    codes.iter().map(|code| code.as_str().expect("text").to_owned()).collect()
}

/// Runs `enable` with the right proof. Gives the new secret's holder, too.
fn enable(fixture: &Fixture, name: &str, options: &[&str]) -> (Ended, Enrolled, String) {
    let mut dialogue = Dialogue::start(fixture, &[&["enable", "--user", name], options].concat());
    let secret =
        Secret::from_base32(dialogue.line()["secret"].as_str().expect("a secret")).expect("base32");
    assert_eq!(dialogue.line()["ask"], "code");
    let new = Enrolled { user: user::of_this_machine(name), secret, backup_codes: Vec::new() };
    let proof = new.code();
    dialogue.answer(&proof);
    (dialogue.end(), new, proof)
}

fn a_full_disk(kind: Kind) {
    let fixture = Fixture::new();
    let disk = Disk::under(&fixture, kind);
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| fixture.enrol(name));
    for name in ["alice", "bob", "carol"] {
        // As the library leaves a new record: with its blocks.
        std::fs::File::open(fixture.account_path(name)).and_then(|file| file.sync_all()).unwrap();
    }
    disk.fill();

    // Logins: right, replayed, wrong, by backup code, in turn and in any number.
    let codes = alice.codes_at([-1, 0, 1]);
    for code in &codes {
        assert_eq!(fixture.login("alice", &[code]).code, Code::SUCCESS, "{kind:?}");
        assert_eq!(fixture.login("alice", &[code]).code, Code::AUTH_ERR, "{kind:?}: a replay");
    }
    for backup_code in &alice.backup_codes[..7] {
        assert_eq!(fixture.login("alice", &[backup_code]).code, Code::SUCCESS, "{kind:?}");
        assert_eq!(
            fixture.login("alice", &[backup_code]).code,
            Code::AUTH_ERR,
            "{kind:?}: a replay"
        );
    }
    for failures in 1..=5 {
        assert_eq!(fixture.login("alice", &[&alice.wrong_code()]).code, Code::AUTH_ERR, "{kind:?}");
        assert_eq!(fixture.status(&alice).failures, failures, "{kind:?}");
    }
    // In the wait a backup code lets in, here, too, and so does an administrator.
    assert_eq!(fixture.login("alice", &[&alice.wrong_code()]).code, Code::MAXTRIES, "{kind:?}");
    assert_eq!(fixture.login("alice", &[&alice.backup_codes[7]]).code, Code::SUCCESS, "{kind:?}");
    let ended = command::run(&fixture, &["unlock", "alice", "--json"]);
    assert_eq!(ended.status, 0, "{kind:?}: {ended:?}");

    // New backup codes, a new phone, and none.
    let ended = command::run(&fixture, &["regenerate", "--user", "bob", "--json"]);
    assert_eq!(ended.status, 0, "{kind:?}: {ended:?}");
    assert_eq!(fixture.login("bob", &[&backup_codes(&ended)[0]]).code, Code::SUCCESS, "{kind:?}");
    assert_eq!(
        fixture.login("bob", &[&bob.backup_codes[0]]).code,
        Code::AUTH_ERR,
        "{kind:?}: an old one"
    );
    assert_eq!(fixture.login("bob", &[&bob.code()]).code, Code::SUCCESS, "{kind:?}");
    let (ended, new, proof) = enable(&fixture, "carol", &["--replace"]);
    assert_eq!(ended.status, 0, "{kind:?}: {ended:?}");
    assert_eq!(
        fixture.login("carol", &[&proof]).code,
        Code::AUTH_ERR,
        "{kind:?}: the proof is spent"
    );
    assert_eq!(
        fixture.login("carol", &[&carol.code_at(1)]).code,
        Code::AUTH_ERR,
        "{kind:?}: the old phone"
    );
    assert_eq!(fixture.login("carol", &[&new.code_at(1)]).code, Code::SUCCESS, "{kind:?}");
    let ended = command::run(&fixture, &["disable", "--user", "bob", "--json"]);
    assert_eq!(ended.status, 0, "{kind:?}: {ended:?}");
    let standing = fixture.store().status(&bob.user, &user::now).unwrap();
    assert!(matches!(standing, Standing::Disabled(_)), "{kind:?}");

    // A first enrolment needs room: it says so, and leaves nothing.
    let before = names(&fixture);
    let (ended, dave, proof) = enable(&fixture, "dave", &[]);
    assert_eq!(
        (ended.status, &ended.last()["error"]),
        (1, &"unavailable".into()),
        "{kind:?}: {ended:?}"
    );
    let message = ended.last()["message"].as_str().expect("a text").to_owned();
    let text = "the disk is full: make room, and start again. Nothing was changed";
    assert!(message.contains(text), "{kind:?}: {message}");
    assert_eq!(names(&fixture), before, "{kind:?}");
    assert_eq!(fixture.store().status(&dave.user, &user::now).unwrap(), Standing::NeverEnrolled);
    assert_eq!(fixture.login("dave", &[&proof]).code, Code::AUTH_ERR, "{kind:?}");
    assert!(disk.is_full(), "{kind:?}: it was full all the time");
}

#[test]
fn on_a_full_ext4_everything_but_a_first_enrolment_works() {
    a_full_disk(Kind::Ext4);
}

#[test]
fn on_a_full_xfs_everything_but_a_first_enrolment_works() {
    a_full_disk(Kind::Xfs);
}

#[test]
fn on_a_full_tmpfs_everything_but_a_first_enrolment_works() {
    a_full_disk(Kind::Tmpfs);
}

#[test]
fn on_a_read_only_disk_nobody_is_asked_and_nobody_gets_in() {
    for kind in [Kind::Ext4, Kind::Tmpfs] {
        let fixture = Fixture::new();
        // The policy that lets users in who are not enrolled: not if it cannot be known.
        fixture.set_config("unenrolled = \"allow\"");
        let disk = Disk::under(&fixture, kind);
        let alice = fixture.enrol("alice");
        disk.make_read_only();
        let record = fixture.record(&alice);
        for answer in [alice.code(), alice.wrong_code(), alice.backup_codes[0].clone()] {
            let outcome = fixture.login("alice", &[&answer]);
            assert_eq!(outcome.code, Code::AUTHINFO_UNAVAIL, "{kind:?}");
            assert!(outcome.asked().is_empty(), "{kind:?}: {outcome:?}");
            assert_eq!(
                outcome.texts(),
                ["The code cannot be checked right now. The system log says why."]
            );
        }
        let (severity, line) = fixture.last_log_line();
        assert!(
            severity == "alert" && line.contains(" reason=store_unavailable "),
            "{kind:?}: {line}"
        );
        assert!(line.contains("Read-only file system"), "{kind:?}: {line}");
        for verb in ["regenerate", "disable"] {
            let ended = command::run(&fixture, &[verb, "--user", "alice", "--json"]);
            assert_eq!(
                (ended.status, &ended.last()["error"]),
                (1, &"unavailable".into()),
                "{kind:?}: {ended:?}"
            );
        }
        let ended = command::run(&fixture, &["status", "--user", "alice", "--json"]);
        assert_eq!(
            (ended.status, &ended.last()["enrolled"]),
            (0, &true.into()),
            "{kind:?}: looking works"
        );
        assert!(fixture.record(&alice) == record, "{kind:?}");
    }
}

#[test]
fn a_disk_that_becomes_read_only_at_the_prompt_accepts_nothing() {
    let fixture = Fixture::new();
    let disk = Disk::under(&fixture, Kind::Ext4);
    let said = ["right", "wrong"].map(|worth| {
        let alice = fixture.enrol("alice");
        let mut host = HostProcess::start(env!("CARGO_BIN_EXE_pam_host"), &[], &fixture, "alice");
        host.wait_for_prompt();
        disk.make_read_only();
        host.answer(&if worth == "right" { alice.code() } else { alice.wrong_code() });
        let (said, _) = host.finish();
        disk.make_writable();
        assert_eq!(fixture.status(&alice).failures, 0);
        assert_eq!(fixture.login("alice", &[&alice.code_at(1)]).code, Code::SUCCESS);
        said
    });
    assert_eq!(said[0], said[1]);
    assert_eq!(said[0].last().map(String::as_str), Some("code PAM_AUTHINFO_UNAVAIL"));
}
