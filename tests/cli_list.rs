//! Records and the system's users: what `list` says where the two do not fit together, and that
//! an administrator can do away with each record.
#![allow(missing_docs)]

use cloud2fa::{Secret, User, UserName};
use cloud2fa_tests::command::{Ended, ended, of, run};
use cloud2fa_tests::{Enrolled, Fixture, machine, slots, user};
use serde_json::{Value, json};
use std::process::{Command, Stdio};

/// A user who had an account here and an enrolment, and has the account no more.
fn enrol_one_who_has_gone(fixture: &Fixture) -> Enrolled {
    let gone = User { name: UserName::new("gone").unwrap(), uid: 4711 };
    user::enrol(&fixture.store_path(), gone, Secret::generate().unwrap())
}

fn lines(ended: &Ended) -> Vec<Value> {
    ended.output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The line of `list` that is about `name`.
fn row(ended: &Ended, name: &str) -> String {
    let found = ended.output.lines().find(|line| line.split_whitespace().next() == Some(name));
    found.unwrap_or_else(|| panic!("{name} is not in {ended:?}")).to_owned()
}

#[test]
fn an_enrolment_of_the_uid_that_the_user_had_before_is_shown_as_unusable() {
    let (fixture, alice) = Fixture::with("alice");
    fixture.enrol("bob");
    fixture.rewrite(&alice, "uid", "4999");
    let ended = run(&fixture, &["list"]);
    assert_eq!(ended.status, 1, "{ended:?}");
    assert!(row(&ended, "alice").contains("enrolment belongs to uid 4999"), "{ended:?}");
    assert!(row(&ended, "bob").ends_with("  ok"), "{ended:?}");
    let json = run(&fixture, &["list", "--json"]);
    let [alice, bob] = &lines(&json)[..] else { panic!("{json:?}") };
    assert_eq!((&alice["user"], &alice["error"]), (&json!("alice"), &json!("unavailable")));
    assert!(alice["message"].as_str().unwrap().contains("enrolment belongs to uid 4999"));
    assert_eq!((&bob["enrolled"], json.status), (&json!(true), 1));
}

#[test]
fn a_disabled_record_of_another_uid_is_no_fault() {
    let (fixture, alice) = Fixture::with("alice");
    fixture.rewrite(&alice, "uid", "4999");
    assert_eq!(run(&fixture, &["disable", "--user", "alice"]).status, 0);
    let ended = run(&fixture, &["list"]);
    assert_eq!((ended.output.as_str(), ended.status), ("Nobody is enrolled.\n", 0));
}

#[test]
fn a_user_whom_the_system_has_forgotten_is_listed_with_a_note_and_no_fault() {
    let (fixture, _) = Fixture::with("alice");
    enrol_one_who_has_gone(&fixture);
    let ended = run(&fixture, &["list"]);
    assert!(row(&ended, "gone").ends_with("  ok; the system has no such user"), "{ended:?}");
    assert!(row(&ended, "alice").ends_with("  ok"), "{ended:?}");
    assert_eq!(ended.status, 0);
    let json = run(&fixture, &["list", "--json"]);
    let [alice, gone] = &lines(&json)[..] else { panic!("{json:?}") };
    assert_eq!((&gone["user"], &gone["enrolled"]), (&json!("gone"), &json!(true)));
    assert_eq!((&gone["note"], alice.get("note")), (&json!("unknown_user"), None));
    assert_eq!(json.status, 0);
}

#[test]
fn a_user_who_has_another_name_now_is_listed_with_it_until_enrolled_under_it() {
    let (fixture, before) = Fixture::with("frank");
    // No other test here needs him. usermod(8) looks at more than this machine has.
    let mut rename = Command::new("sed");
    assert!(rename.args(["-i", "s/^frank:/franz:/", "/etc/passwd"]).status().unwrap().success());
    let ended = run(&fixture, &["list"]);
    let note = "  ok; the system has no such user, and the uid is franz's, who is not enrolled";
    assert!(row(&ended, "frank").ends_with(note) && ended.status == 0, "{ended:?}");
    let json = run(&fixture, &["list", "--json"]).last();
    assert_eq!((&json["note"], &json["renamed_to"]), (&json!("unknown_user"), &json!("franz")));
    let now = User { name: UserName::new("franz").unwrap(), uid: before.user.uid };
    user::enrol(&fixture.store_path(), now, Secret::generate().unwrap());
    let ended = run(&fixture, &["list"]);
    assert!(row(&ended, "frank").ends_with("  ok; the system has no such user"), "{ended:?}");
    assert_eq!(run(&fixture, &["disable", "--user", "frank"]).status, 0);
    let ended = run(&fixture, &["list"]);
    assert!(row(&ended, "franz").ends_with("  ok") && !ended.output.contains("frank"), "{ended:?}");
}

#[test]
fn root_does_away_with_a_record_of_a_user_whom_the_system_has_forgotten() {
    let fixture = Fixture::new();
    enrol_one_who_has_gone(&fixture);
    let path = fixture.account_path("gone");
    let whole = std::fs::read(&path).unwrap();
    // The last: an enrolment of somebody else's under this name.
    let of_another = user::with_value(&slots::newest(&whole).1, "user", "\"eve\"");
    for content in [whole, Vec::new(), slots::file(&of_another)] {
        user::write_private(&path, &content);
        let ended = run(&fixture, &["disable", "--user", "gone", "--json"]);
        let done = json!({"disabled": true, "user": "gone"});
        assert_eq!((ended.last(), ended.status), (done, 0));
        assert!(!String::from_utf8_lossy(&std::fs::read(&path).unwrap()).contains("secret"));
        assert_eq!(run(&fixture, &["list"]).output, "Nobody is enrolled.\n");
    }
}

#[test]
fn a_damaged_record_of_a_user_whom_the_system_has_forgotten_is_shown_as_what_it_is() {
    let fixture = Fixture::new();
    enrol_one_who_has_gone(&fixture);
    std::fs::write(fixture.account_path("gone"), "").unwrap();
    for verb in [&["status", "--user", "gone"][..], &["unlock", "gone"]] {
        let ended = run(&fixture, verb);
        assert_eq!((ended.status, ended.output.as_str()), (1, ""), "{ended:?}");
        assert!(ended.errors.contains("gone.account is damaged"), "{}", ended.errors);
    }
    let ended = run(&fixture, &["list"]);
    assert!(row(&ended, "gone").contains("is damaged") && ended.status == 1, "{ended:?}");
}

#[test]
fn a_user_who_cannot_be_looked_up_is_not_called_healthy() {
    machine::must_be_private();
    // Another source of users would answer that it knows of none (nsswitch.conf(5)).
    std::fs::write("/etc/nsswitch.conf", "passwd: files\n").unwrap();
    let (fixture, _) = Fixture::with("alice");
    let command = of(&fixture);
    let mut traced = Command::new(machine::program("strace", "strace"));
    traced.args(["-qq", "-o", "/dev/null", "-P", "/etc/passwd", "-e", "inject=openat:error=EIO"]);
    traced.arg(command.get_program()).args(command.get_args());
    let ended = ended(traced.arg("list").stdin(Stdio::null()));
    assert!(row(&ended, "alice").contains("cannot be asked for") && ended.status == 1, "{ended:?}");
}
