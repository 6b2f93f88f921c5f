//! What the command refuses, and how: each refusal says what and what next, has its exit
//! status, and changes nothing.
#![allow(missing_docs)]

use cloud2fa_tests::Fixture;
use cloud2fa_tests::command::{Ended, ended, of, path, run};
use cloud2fa_tests::index;
use cloud2fa_tests::service::as_uid;
use cloud2fa_tests::user::uid;
use std::process::{Command, Stdio};

/// Both dialogues refuse alike; gives the text.
fn refused(fixture: &Fixture, arguments: &[&str], kind: &str, status: i32) -> String {
    let human = run(fixture, arguments);
    assert_eq!((human.status, human.output.as_str()), (status, ""), "{human:?}");
    let json = run(fixture, &[arguments, &["--json"]].concat());
    assert_eq!((json.last()["error"].as_str(), json.status), (Some(kind), status), "{json:?}");
    assert_eq!(human.errors, format!("cloud2fa: {}\n", json.last()["message"].as_str().unwrap()));
    human.errors
}

#[test]
fn without_a_terminal_and_without_json_nothing_is_asked_or_shown() {
    let (fixture, alice) = Fixture::with("alice");
    let before = fixture.record(&alice);
    for arguments in [
        ["enable", "--user", "bob"],
        ["regenerate", "--user", "alice"],
        ["verify", "--user", "alice"],
    ] {
        let ended = run(&fixture, &arguments);
        assert_eq!(ended.status, 2);
        assert!(
            ended.errors.contains("needs a terminal") && ended.errors.contains("--json"),
            "{}",
            ended.errors
        );
    }
    assert_eq!(fixture.record(&alice), before);
    assert!(!fixture.account_path("bob").exists());
}

#[test]
fn without_a_store_the_remedy_is_named() {
    let fixture = Fixture::new();
    std::fs::remove_file(fixture.store_path().join(".store")).unwrap();
    let text = refused(&fixture, &["status", "--user", "alice"], "unavailable", 1);
    assert!(text.contains("holds no store") && text.contains("cloud2fa init"), "{text}");
    std::fs::remove_dir_all(fixture.store_path()).unwrap();
    let text = refused(&fixture, &["list"], "unavailable", 1);
    assert!(text.contains("there is no store") && text.contains("cloud2fa init"), "{text}");
    let enable = run(&fixture, &["enable", "--user", "alice", "--json"]);
    assert_eq!((enable.last()["error"].as_str(), enable.status), (Some("unavailable"), 1));
    assert!(!fixture.store_path().exists(), "enable makes no store");
}

#[test]
fn unknown_users_and_paths_for_names_are_no_users() {
    let fixture = Fixture::new();
    for name in ["nobody-here", "../x", "a/b", "", "-f", "x\ny", &"y".repeat(300)] {
        let text = refused(&fixture, &["status", &format!("--user={name}")], "unknown_user", 1);
        assert!(text.contains("no user"), "{text}");
        assert!(text.lines().count() == 1, "one line, whatever was typed: {text:?}");
    }
    refused(&fixture, &["unlock", "nobody-here"], "unknown_user", 1);
    assert_eq!(index::files(&fixture.store_path()), [fixture.store_path().join(".store")]);
}

#[test]
fn an_enrolment_of_a_later_version_is_left_alone() {
    let (fixture, alice) = Fixture::with("alice");
    let text = String::from_utf8(fixture.record(&alice)).unwrap();
    let later = cloud2fa_tests::slots::seal(7, 9, text.lines().nth(1).unwrap());
    std::fs::write(fixture.account_path("alice"), [&later[..], &later[..]].concat()).unwrap();
    let before = fixture.record(&alice);
    let text = refused(&fixture, &["status", "--user", "alice"], "unavailable", 1);
    assert!(
        text.contains("format 7") && text.contains("install the version that wrote it"),
        "{text}"
    );
    assert_eq!(run(&fixture, &["enable", "--user", "alice", "--json"]).status, 1);
    assert_eq!(fixture.record(&alice), before);
    assert_eq!(
        run(&fixture, &["disable", "--user", "alice"]).status,
        0,
        "root may do away with it"
    );
}

#[test]
fn sudo_without_a_name_has_two_readings() {
    let fixture = Fixture::new();
    for verb in ["enable", "status", "regenerate", "disable", "verify"] {
        let mut command = of(&fixture);
        let ended = ended(command.args([verb, "--json"]).env("SUDO_UID", "1000"));
        assert_eq!((ended.last()["error"].as_str(), ended.status), (Some("usage"), 2));
        let message = ended.last()["message"].as_str().unwrap().to_owned();
        assert!(message.contains("--user root") && message.contains("Without sudo"), "{message}");
    }
}

#[test]
fn an_ordinary_user_is_told_what_only_root_can_do() {
    let (fixture, _) = Fixture::with("alice");
    let as_user = |arguments: &[&str]| -> Ended {
        let mut as_alice = as_uid(uid("alice"), &path());
        ended(as_alice.args(arguments).stdin(Stdio::null()))
    };
    for verb in [&["list"][..], &["init"], &["unlock", "alice"]] {
        let ended = as_user(verb);
        assert_eq!((ended.output.as_str(), ended.status), ("", 1), "{ended:?}");
        assert!(
            ended.errors.contains("only root can do this") && ended.errors.contains("sudo"),
            "{}",
            ended.errors
        );
        let json = as_user(&[verb, &["--json"]].concat());
        assert_eq!(json.last()["error"].as_str(), Some("not_permitted"));
    }
    let config = fixture.config_path();
    let named = as_user(&["status", "--json", "--config", config.to_str().unwrap()]);
    assert_eq!((named.last()["error"].as_str(), named.status), (Some("usage"), 2));
}

#[test]
fn a_user_is_told_when_the_service_cannot_be_reached() {
    cloud2fa_tests::machine::must_be_private();
    for verb in ["status", "enable", "regenerate", "disable", "verify"] {
        let ended =
            ended(as_uid(uid("alice"), &path()).args([verb, "--json"]).stdin(Stdio::null()));
        let last = ended.last();
        assert_eq!((last["error"].as_str(), ended.status), (Some("unavailable"), 1), "{verb}");
        let message = last["message"].as_str().unwrap();
        assert!(message.contains("/run/cloud2fa/socket"), "{message}");
        let remedy =
            "an administrator switches it on with `systemctl enable --now cloud2fad.socket`";
        assert!(message.ends_with(remedy), "{message}");
    }
}

#[test]
fn a_bad_configuration_is_located() {
    let fixture = Fixture::new();
    fixture.set_config("skew = 99");
    let text = refused(&fixture, &["list"], "bad_config", 1);
    assert!(text.contains("cloud2fa.toml:2:8: skew must be"), "{text}");
    let mut command = Command::new(path());
    let missing = ended(command.args(["list", "--config", "/nonexistent.toml", "--json"]));
    assert_eq!((missing.last()["error"].as_str(), missing.status), (Some("bad_config"), 1));
}

#[test]
fn usage_errors_are_json_where_json_is_spoken() {
    let fixture = Fixture::new();
    for arguments in [
        &["frob"][..],
        &["enable", "--qr", "neon"],
        &["unlock"],
        &["unlock", "alice", "--user", "alice"],
        &["status", "alice"],
        &[],
    ] {
        let ended = run(&fixture, &[arguments, &["--json"]].concat());
        assert_eq!((ended.last()["error"].as_str(), ended.status), (Some("usage"), 2), "{ended:?}");
        assert_eq!(ended.output.lines().count(), 1);
        let human = run(&fixture, arguments);
        assert_eq!((human.status, human.output.as_str()), (2, ""), "{human:?}");
        assert!(human.errors.contains("--help"), "{}", human.errors);
    }
}

#[test]
fn wrong_usage_gets_no_advice_that_leads_astray() {
    let fixture = Fixture::new();
    // clap's: "to pass '--force' as a value, use '-- --force'". That unlocks nobody.
    let ended = run(&fixture, &["unlock", "--force", "alice"]);
    assert!(ended.status == 2 && !ended.errors.contains("as a value"), "{}", ended.errors);
    // The others help.
    let ended = run(&fixture, &["--user", "alice", "status"]);
    assert!(ended.errors.contains("tip: 'status --user' exists"), "{}", ended.errors);
    let ended = run(&fixture, &["enable", "--usr", "alice"]);
    assert!(ended.errors.contains("tip: a similar argument exists: '--user'"), "{}", ended.errors);
}

#[test]
fn configuration_and_json_are_taken_before_and_after_the_verb() {
    let fixture = Fixture::new();
    let config = fixture.config_path();
    let config = config.to_str().unwrap();
    for arguments in
        [["--json", "--config", config, "list"], ["list", "--config", config, "--json"]]
    {
        let mut command = Command::new(path());
        assert_eq!(ended(command.args(arguments)).status, 0);
    }
}

#[test]
fn an_endless_answer_is_cut_off() {
    let fixture = Fixture::new();
    let mut command = of(&fixture);
    command
        .args(["enable", "--user", "alice", "--json"])
        .stdin(std::fs::File::open("/dev/zero").unwrap());
    let ended = ended(&mut command);
    assert_eq!((ended.last()["error"].as_str(), ended.status), (Some("usage"), 2));
    assert!(!fixture.account_path("alice").exists());
}

#[test]
fn lost_output_changes_nothing_before_the_proof() {
    let fixture = Fixture::new();
    let mut command = of(&fixture);
    command.args(["enable", "--user", "alice", "--json"]).stdin(Stdio::null());
    let ended =
        ended(command.stdout(std::fs::File::options().write(true).open("/dev/full").unwrap()));
    assert_eq!(ended.status, 1, "{ended:?}");
    assert!(ended.errors.contains("cannot be written") && !fixture.account_path("alice").exists());
}
