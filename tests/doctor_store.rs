//! `cloud2fa doctor` on machines where store, configuration, service or users are broken in one
//! place each.
#![allow(missing_docs)]

use cloud2fa::Secret;
use cloud2fa_tests::checkup::{
    CONFIG, Checkup, SOCKET, STORE, all, doctor, ids, look, set_mode, set_service, shell,
};
use cloud2fa_tests::command::{self, Dialogue};
use cloud2fa_tests::disk::{Disk, Kind};
use cloud2fa_tests::{Fixture, user};
use serde_json::Value;
use std::fs;

#[test]
fn what_is_wrong_with_store_and_records_is_found() {
    all(&[
        (
            "an empty directory",
            |_| shell(&format!("rm -r {STORE}/.store {STORE}/*")),
            &["store_missing"],
        ),
        (
            "no directory",
            |_| fs::write(CONFIG, "state_dir = '/run/no-such-store'").unwrap(),
            &["store_missing"],
        ),
        ("open to others", |_| set_mode(STORE, 0o755), &["store_unsafe"]),
        (
            "a damaged marker",
            |_| fs::write(format!("{STORE}/.store"), "x").unwrap(),
            &["store_unusable"],
        ),
        (
            "none where the configuration of sshd's line says that it is",
            |_| {
                fs::write("/etc/cloud2fa/other.toml", "state_dir = '/run/no-such-store'").unwrap();
                let module = "auth required /run/pam_cloud2fa.so nullok";
                let line = format!("{module} config=/etc/cloud2fa/other.toml");
                set_service("sshd", &["@include common-auth", &line]);
            },
            &["store_missing", "never_asked"],
        ),
        (
            "a later version's",
            |_| fs::write(format!("{STORE}/.store"), "format = 3\n").unwrap(),
            &["store_unusable"],
        ),
        ("read-only", |_| shell(&format!("mount -o remount,ro {STORE}")), &["store_read_only"]),
        (
            "a damaged record",
            |_| user::write_private(format!("{STORE}/alice.account").as_ref(), b""),
            &["record_unusable"],
        ),
        ("a record of another uid", |checkup| checkup.rewrite("uid", "4711"), &["record_unusable"]),
        (
            "a store of an earlier version",
            |_| shell(&format!("rm -r {STORE}/uid; echo 'format = 1' > {STORE}/.store")),
            &["index_incomplete"],
        ),
        (
            "a record that was restored alone",
            |_| shell(&format!("rm {STORE}/uid/*")),
            &["index_incomplete"],
        ),
        (
            "a damaged record that was restored alone",
            |_| {
                shell(&format!("rm {STORE}/uid/*"));
                user::write_private(format!("{STORE}/alice.account").as_ref(), b"");
            },
            &["record_unusable", "index_incomplete"],
        ),
        ("a locked user", |checkup| checkup.rewrite("locked", "true"), &["user_locked"]),
        (
            "a user who has another name",
            |_| shell("sed -i s/^alice:/alicia:/ /etc/passwd /etc/shadow"),
            &["user_renamed"],
        ),
        ("a user who is gone", |_| shell("sed -i /^alice:/d /etc/passwd"), &["user_unknown"]),
        (
            "a clock that went back",
            |checkup| checkup.rewrite("created", &(user::now().0 + 3600).to_string()),
            &["clock_behind"],
        ),
    ]);
}

#[test]
fn a_clock_that_was_ahead_is_told_from_one_that_is_behind_and_what_is_said_helps() {
    let checkup = Checkup::healthy();
    checkup.rewrite("created", &(user::now().0 + 3600).to_string());
    let unlock = || {
        let mut command = std::process::Command::new(command::path());
        let ended = command::ended(command.args(["unlock", "alice"]));
        assert_eq!(ended.status, 0, "{ended:?}");
        ended.output
    };
    let behind = doctor(&["clock_behind"]).output;
    assert!(behind.contains("Set the clock right."), "{behind}");
    assert!(unlock().contains("Set the clock right."));
    // systemd-timesyncd says that it has done so.
    shell("mkdir -p /run/systemd/timesync; touch /run/systemd/timesync/synchronized");
    let ahead = doctor(&["clock_behind"]).output;
    assert!(
        ahead.contains("Give each of them a new key") && !ahead.contains("Set the clock"),
        "{ahead}"
    );
    let said = unlock();
    let remedy = "cloud2fa enable --replace --user ";
    assert!(said.contains("The clock is right now."), "{said}");
    assert!(said.contains(&format!(" `{remedy}alice`")), "{said}");
    let typed = ahead.lines().find_map(|line| line.trim().strip_prefix(remedy));
    assert_eq!(typed, Some("NAME"), "{ahead}");
    let mut dialogue = Dialogue::spawn(std::process::Command::new(command::path()).args([
        "enable",
        "--replace",
        "--user",
        "alice",
        "--json",
    ]));
    let key = dialogue.line();
    let secret = Secret::from_base32(key["secret"].as_str().unwrap()).unwrap();
    assert_eq!(dialogue.line()["ask"], "code");
    dialogue.answer(secret.token_at(secret.step_at(user::now())).as_str());
    assert_eq!(dialogue.end().status, 0);
    shell("rm /run/systemd/timesync/synchronized");
    assert!(!ids(&look(&[])).contains("clock_behind"));
    assert_eq!(unlock().lines().next(), Some("alice is unlocked."));
}

#[test]
fn a_store_on_btrfs_that_copies_on_write_is_found() {
    let checkup = Checkup::healthy();
    let fixture = Fixture::new();
    let disk = Disk::under(&fixture, Kind::Btrfs);
    let store = fixture.store_path();
    fs::write(CONFIG, format!("state_dir = '{}'\n", store.display())).unwrap();
    assert!(ids(&look(&[])).contains("store_copies_on_write"));
    shell(&command_of("store_copies_on_write"));
    assert!(!ids(&look(&[])).contains("store_copies_on_write"));
    drop((disk, checkup));
}

#[test]
fn a_new_store_on_btrfs_has_its_records_written_in_place() {
    let checkup = Checkup::healthy();
    let fixture = Fixture::new();
    let disk = Disk::under(&fixture, Kind::Btrfs);
    let (old, new) = (fixture.store_path(), fixture.store_path().join("new"));
    fs::write(CONFIG, format!("state_dir = '{}'\n", new.display())).unwrap();
    let init = |expected| {
        let mut command = std::process::Command::new(command::path());
        let ended = command::ended(command.arg("init"));
        assert_eq!(ended.status, expected, "{ended:?}");
    };
    init(0);
    user::enrol(&new, user::of_this_machine("alice"), Secret::generate().unwrap());
    let flags = |path: &std::path::Path| {
        let said = std::process::Command::new("lsattr").arg("-d").arg(path).output().unwrap();
        String::from_utf8(said.stdout).unwrap().split(' ').next().unwrap().contains('C')
    };
    assert!(flags(&new) && flags(&new.join("alice.account")) && !flags(&old));
    assert!(!ids(&look(&[])).contains("store_copies_on_write"));
    // One that is there is left as it is.
    shell(&format!("chattr -C {}", new.display()));
    init(0);
    assert!(!flags(&new));
    drop((disk, checkup));
}

/// What is to be typed of what doctor says.
fn command_of(id: &str) -> String {
    let said = doctor(&["--json"]).output;
    let mut lines = said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let finding = lines.find(|line| line["id"] == id).unwrap();
    let fix = finding["fix"].as_str().unwrap();
    fix.lines().filter_map(|line| line.strip_prefix("    ")).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_damaged_marker_is_made_anew_by_what_is_said_and_the_records_stay() {
    let checkup = Checkup::healthy();
    fs::write(format!("{STORE}/.store"), "x").unwrap();
    let command = command_of("store_unusable").replace("cloud2fa init", "\"$CLOUD2FA\" init");
    shell(&format!("CLOUD2FA={}\n{command}", command::path().display()));
    assert_eq!(look(&[]).status, 0);
    assert!(doctor(&["--verbose"]).output.contains("1 enrolled"));
    drop(checkup);
}

#[test]
fn all_who_are_refused_are_named() {
    let checkup = Checkup::healthy();
    fs::write(CONFIG, "unenrolled = 'refuse'").unwrap();
    let said = doctor(&["--json"]).output;
    assert!(["bob", "u000", "u299"].iter().all(|user| said.contains(user)), "{said}");
    drop(checkup);
}

#[test]
fn what_is_wrong_with_configuration_service_and_users_is_found() {
    all(&[
        (
            "a mistake in the configuration",
            |_| fs::write(CONFIG, "skwe = 1").unwrap(),
            &["bad_config"],
        ),
        (
            "a configuration on a volume that is not mounted",
            |_| shell(&format!("rm {CONFIG}; ln -s /run/no-such-volume {CONFIG}")),
            &["bad_config"],
        ),
        ("a configuration that others may write", |_| set_mode(CONFIG, 0o646), &["bad_config"]),
        (
            "a password is enough",
            |_| fs::write(CONFIG, "reauthenticate = 'password'").unwrap(),
            &["reauthenticate_password"],
        ),
        ("a wide window", |_| fs::write(CONFIG, "skew = 5").unwrap(), &["wide_skew"]),
        (
            "no waits",
            |_| fs::write(CONFIG, "[throttle]\nfirst_wait = '0s'").unwrap(),
            &["weak_throttle"],
        ),
        (
            "everybody is refused",
            |_| fs::write(CONFIG, "unenrolled = 'refuse'").unwrap(),
            &["not_enrolled"],
        ),
        ("nobody is asked", |_| set_service("sshd", &["@include common-auth"]), &["never_asked"]),
        ("a socket for root alone", |_| set_mode(SOCKET, 0o600), &["service_socket"]),
        (
            "a socket that users do not come to",
            |_| set_mode("/run/cloud2fa", 0o700),
            &["service_socket"],
        ),
        (
            "a socket that is none",
            |_| shell(&format!("rm {SOCKET}; touch {SOCKET}")),
            &["service_socket"],
        ),
        (
            "no PAM file for the service",
            |_| fs::remove_file("/etc/pam.d/cloud2fa").unwrap(),
            &["service_no_pam_file"],
        ),
        ("the service is off", |_| fs::remove_file(SOCKET).unwrap(), &["service_off"]),
    ]);
}
