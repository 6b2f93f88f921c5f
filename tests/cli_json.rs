//! The command by JSON, as other programs use it: each verb, each form, each exit status.
#![allow(missing_docs)]

use cloud2fa::{Secret, Token};
use cloud2fa_tests::command::{Dialogue, run};
use cloud2fa_tests::user::{A_MOMENT, Enrolled, now, of_this_machine, step_with_time_left};
use cloud2fa_tests::{Code, Fixture};
use serde_json::{Value, json};

fn keys(value: &Value) -> Vec<&str> {
    // serde_json keeps the order of the text only by a feature; here the set is what counts.
    let mut keys: Vec<_> =
        value.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// Enrols by the command; gives the secret and the backup codes.
fn enable(fixture: &Fixture, arguments: &[&str]) -> (Secret, Vec<String>) {
    let (secret, codes, _) = enable_by_proof(fixture, arguments);
    (secret, codes)
}

/// The same; gives the code that has proved it, too.
fn enable_by_proof(fixture: &Fixture, arguments: &[&str]) -> (Secret, Vec<String>, Token) {
    let mut dialogue = Dialogue::start(fixture, &[&["enable"], arguments].concat());
    let key = dialogue.line();
    assert_eq!(keys(&key), ["secret", "uri"]);
    let secret = Secret::from_base32(key["secret"].as_str().unwrap()).unwrap();
    assert_eq!(dialogue.line(), json!({"ask": "code"}));
    let proof = secret.token_at(step_with_time_left(A_MOMENT));
    dialogue.answer(proof.as_str());
    let enabled = dialogue.line();
    assert_eq!(enabled["enabled"], true);
    assert_eq!(keys(&enabled), ["asked_by", "backup_codes", "enabled", "user"]);
    assert_eq!(enabled["asked_by"], json!([]), "no login of this machine asks yet");
    assert_eq!(dialogue.end().status, 0);
    (secret, strings(&enabled["backup_codes"]), proof)
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect()
}

/// Tries a code by `verify`; gives the last line and the exit status.
fn verify(fixture: &Fixture, name: &str, code: &str) -> (Value, i32) {
    let mut dialogue = Dialogue::start(fixture, &["verify", "--user", name]);
    assert_eq!(dialogue.line(), json!({"ask": "code"}));
    dialogue.answer(code);
    let ended = dialogue.end();
    (ended.last(), ended.status)
}

#[test]
fn an_enrolment_by_json_ends_in_a_login_through_the_module() {
    let fixture = Fixture::new();
    let (secret, codes) = enable(&fixture, &["--user", "alice"]);
    assert_eq!(codes.len(), 8);
    let next = cloud2fa::TimeStep(cloud2fa::TimeStep::of(now()).0 + 1);
    assert_eq!(fixture.login("alice", &[secret.token_at(next).as_str()]).code, Code::SUCCESS);
    assert_eq!(fixture.login("alice", &[&codes[0]]).code, Code::SUCCESS);
}

#[test]
fn the_code_that_proved_the_enrolment_is_spent() {
    let fixture = Fixture::new();
    let (_, _, used) = enable_by_proof(&fixture, &["--user", "alice"]);
    assert_eq!(fixture.login("alice", &[used.as_str()]).code, Code::AUTH_ERR);
}

#[test]
fn a_wrong_code_is_asked_again_with_its_reason_three_times_in_all() {
    let fixture = Fixture::new();
    let mut dialogue = Dialogue::start(&fixture, &["enable", "--user", "alice"]);
    let secret = Secret::from_base32(dialogue.line()["secret"].as_str().unwrap()).unwrap();
    assert_eq!(dialogue.line(), json!({"ask": "code"}));
    for no_try in ["not a code", "", "12345"] {
        dialogue.answer(no_try);
        let again = json!({"ask": "code", "because": "not_a_code", "tries_left": 3});
        assert_eq!(dialogue.line(), again);
    }
    let wrong = cloud2fa_tests::user::wrong_code_of(&secret);
    dialogue.answer(&wrong);
    assert_eq!(dialogue.line(), json!({"ask": "code", "because": "wrong_code", "tries_left": 2}));
    let three_minutes_ago = cloud2fa::TimeStep(cloud2fa::TimeStep::of(now()).0 - 6);
    dialogue.answer(secret.token_at(three_minutes_ago).as_str());
    let again = dialogue.line();
    assert_eq!(again["tries_left"], 1);
    let off = again["clock_off_seconds"].as_i64().expect("told by how much");
    assert!((-210..=-150).contains(&off), "{off}");
    dialogue.answer(&wrong);
    let ended = dialogue.end();
    assert_eq!((ended.last()["error"].as_str(), ended.status), (Some("wrong_code"), 3));
    assert_eq!(run(&fixture, &["status", "--user", "alice", "--json"]).last()["enrolled"], false);
    assert!(!fixture.account_path("alice").exists());
}

#[test]
fn an_enrolled_user_is_replaced_only_on_demand() {
    let fixture = Fixture::new();
    let (old, old_codes) = enable(&fixture, &["--user", "alice"]);
    let refused = run(&fixture, &["enable", "--user", "alice", "--json"]);
    assert_eq!((refused.last()["error"].as_str(), refused.status), (Some("already_enrolled"), 4));
    assert_eq!(fixture.login("alice", &[&old_codes[0]]).code, Code::SUCCESS);
    // "since" has whole seconds: the use must be before that of the new enrolment.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let (new, codes) = enable(&fixture, &["--replace", "--user", "alice"]);
    let status = run(&fixture, &["status", "--user", "alice", "--json"]).last();
    assert!(status["last_used"].is_null(), "used before it was made: {status}");
    let next = cloud2fa::TimeStep(cloud2fa::TimeStep::of(now()).0 + 1);
    assert_eq!(fixture.login("alice", &[old.token_at(next).as_str()]).code, Code::AUTH_ERR);
    assert_eq!(fixture.login("alice", &[&old_codes[1]]).code, Code::AUTH_ERR);
    assert_eq!(fixture.login("alice", &[new.token_at(next).as_str()]).code, Code::SUCCESS);
    assert_eq!(fixture.login("alice", &[&codes[7]]).code, Code::SUCCESS);
}

#[test]
fn regenerate_makes_the_old_backup_codes_die_and_the_app_go_on() {
    let fixture = Fixture::new();
    let (secret, old) = enable(&fixture, &["--user", "bob"]);
    let ended = run(&fixture, &["regenerate", "--user", "bob", "--json"]);
    let regenerated = ended.last();
    assert_eq!(ended.status, 0);
    assert_eq!(keys(&regenerated), ["backup_codes", "regenerated", "user"]);
    let new = strings(&regenerated["backup_codes"]);
    assert_eq!(fixture.login("bob", &[&old[0]]).code, Code::AUTH_ERR);
    assert_eq!(fixture.login("bob", &[&new[0]]).code, Code::SUCCESS);
    let next = cloud2fa::TimeStep(cloud2fa::TimeStep::of(now()).0 + 1);
    assert_eq!(fixture.login("bob", &[secret.token_at(next).as_str()]).code, Code::SUCCESS);
}

#[test]
fn disable_turns_the_factor_off_and_says_so() {
    let fixture = Fixture::new();
    enable(&fixture, &["--user", "bob"]);
    let ended = run(&fixture, &["disable", "--user", "bob", "--json"]);
    assert_eq!((ended.last(), ended.status), (json!({"disabled": true, "user": "bob"}), 0));
    let again = run(&fixture, &["disable", "--user", "bob", "--json"]);
    assert_eq!((again.last()["error"].as_str(), again.status), (Some("not_enrolled"), 4));
    for verb in ["regenerate", "verify"] {
        let refused = run(&fixture, &[verb, "--user", "bob", "--json"]);
        assert_eq!((refused.last()["error"].as_str(), refused.status), (Some("not_enrolled"), 4));
    }
    enable(&fixture, &["--user", "bob"]);
}

#[test]
fn status_has_all_its_keys_whether_enrolled_or_not() {
    let fixture = Fixture::new();
    let all = [
        "asked_by",
        "backup_codes_left",
        "budget_used",
        "decisions",
        "enrolled",
        "failures",
        "last_used",
        "locked",
        "since",
        "user",
        "wait_seconds",
    ];
    let ended = run(&fixture, &["status", "--user", "carol", "--json"]);
    assert_eq!((keys(&ended.last()).as_slice(), ended.status), (&all[..], 0));
    assert_eq!(ended.last()["enrolled"], false);
    assert!(
        all.iter()
            .filter(|key| !["asked_by", "enrolled", "user"].contains(key))
            .all(|key| ended.last()[key].is_null())
    );
    let (secret, backup_codes) = enable(&fixture, &["--user", "carol"]);
    let carol = Enrolled { user: of_this_machine("carol"), secret, backup_codes };
    fixture.login("carol", &[&carol.backup_codes[0]]);
    fixture.login("carol", &[&carol.wrong_code()]);
    let status = run(&fixture, &["status", "--user", "carol", "--json"]).last();
    assert_eq!(keys(&status), all);
    assert_eq!((&status["enrolled"], &status["failures"]), (&json!(true), &json!(1)));
    assert_eq!((&status["backup_codes_left"], &status["locked"]), (&json!(7), &json!(false)));
    for time in ["since", "last_used"] {
        let text = status[time].as_str().unwrap();
        assert!(text.len() == 20 && text.ends_with('Z') && text.contains('T'), "{text}");
    }
    // What asks is the machine's, and not a user's.
    let mut listed = run(&fixture, &["list", "--json"]).last();
    listed["asked_by"] = json!([]);
    assert_eq!(listed, status);
}

#[test]
fn verify_spends_nothing_and_counts_what_is_wrong() {
    let (fixture, alice) = Fixture::with("alice");
    let (code, backup) = (alice.code(), alice.backup_codes[0].clone());
    let accepted =
        json!({"verdict": "accepted", "user": "alice", "kind": "token", "wait_seconds": 0});
    assert_eq!(verify(&fixture, "alice", &code), (accepted.clone(), 0));
    assert_eq!(verify(&fixture, "alice", &code), (accepted, 0));
    let (verdict, status) = verify(&fixture, "alice", &backup.to_lowercase());
    assert_eq!(
        (&verdict["verdict"], &verdict["kind"], status),
        (&json!("accepted"), &json!("backup_code"), 0)
    );
    let (verdict, status) = verify(&fixture, "alice", &alice.wrong_code());
    assert_eq!((&verdict["verdict"], status), (&json!("wrong"), 3));
    assert_eq!(fixture.status(&alice).failures, 1);
    assert_eq!(fixture.login("alice", &[&code]).code, Code::SUCCESS);
    let (verdict, status) = verify(&fixture, "alice", &code);
    assert_eq!((&verdict["verdict"], status), (&json!("replayed"), 3));
}

/// Tries a code of alice's, who must wait or is locked: what is asked, the last line, the status.
fn try_at_a_shut_door(fixture: &Fixture, code: &str) -> (Value, Value, i32) {
    let mut dialogue = Dialogue::start(fixture, &["verify", "--user", "alice"]);
    let asked = dialogue.line();
    dialogue.answer(code);
    let ended = dialogue.end();
    (asked, ended.last(), ended.status)
}

#[test]
fn the_last_decisions_and_the_budget_are_shown() {
    let (fixture, alice) = Fixture::with("alice");
    fixture.login("alice", &[&alice.wrong_code()]);
    fixture.login("alice", &[&alice.wrong_code()]);
    verify(&fixture, "alice", &alice.wrong_code());
    fixture.login("alice", &[&alice.backup_codes[0]]);
    let status = run(&fixture, &["status", "--user", "alice", "--json"]).last();
    assert_eq!(status["budget_used"], 0, "the backup code has cleared it");
    let mut decisions = status["decisions"].as_array().unwrap().clone();
    for decision in &mut decisions {
        let time = decision.as_object_mut().unwrap().remove("time").unwrap();
        assert!(time.as_str().unwrap().ends_with('Z'), "{time}");
    }
    let decision = |verdict: &str, kind: &str, service: &str, times: u32| json!({"verdict": verdict, "kind": kind, "service": service, "address": null, "times": times});
    let expected = [
        decision("accepted", "backup_code", &fixture.service, 1),
        decision("wrong", "token", "cloud2fa", 1),
        decision("wrong", "token", &fixture.service, 2),
    ];
    assert!(expected.iter().all(|it| decisions.contains(it)), "{decisions:?}");
    assert_eq!(decisions.len(), 3);
    let shown = run(&fixture, &["status", "--user", "alice"]).output;
    assert!(shown.contains("Last decisions:\n") && shown.contains("  2 times"), "{shown}");
}

#[test]
fn waiting_and_locked_users_are_told_apart_and_unlocked() {
    let (fixture, alice) = Fixture::with("alice");
    for _ in 0..5 {
        fixture.login("alice", &[&alice.wrong_code()]);
    }
    let (asked, waiting, status) = try_at_a_shut_door(&fixture, &alice.code());
    assert_eq!((&asked["ask"], &asked["because"]), (&json!("code"), &json!("wait")));
    assert!((1..=30).contains(&asked["wait_seconds"].as_u64().unwrap()), "{asked}");
    assert_eq!((waiting["verdict"].as_str(), status), (Some("wait"), 5));
    assert!((1..=30).contains(&waiting["wait_seconds"].as_u64().unwrap()));
    for (number, whom) in
        [&["alice"][..], &["--user", "alice"], &["--user=alice"]].into_iter().enumerate()
    {
        let unlocked = run(&fixture, &[&["unlock", "--json"], whom].concat());
        let mut done = json!({"unlocked": true, "user": "alice"});
        if number == 0 {
            done["cleared"] = json!({"failures_since_login": 5, "budget_used": 5, "opened": true});
        }
        assert_eq!((unlocked.last(), unlocked.status), (done, 0));
    }
    fixture.rewrite(&alice, "locked", "true");
    let (asked, locked, status) = try_at_a_shut_door(&fixture, &alice.code());
    assert_eq!(asked, json!({"ask": "code", "because": "locked"}));
    assert_eq!((locked["verdict"].as_str(), status), (Some("locked"), 5));
    // A backup code is tried now, too; that opens nothing.
    let (_, right, status) = try_at_a_shut_door(&fixture, &alice.backup_codes[0]);
    assert_eq!((right["verdict"].as_str(), status), (Some("accepted"), 0));
    let (_, wrong, status) = try_at_a_shut_door(&fixture, "0000-0000-0000Z");
    assert_eq!((wrong["verdict"].as_str(), status), (Some("wrong"), 3));
    assert_eq!(run(&fixture, &["status", "--user", "alice", "--json"]).last()["locked"], true);
    assert_eq!(run(&fixture, &["unlock", "alice"]).status, 0);
    assert_eq!(fixture.login("alice", &[&alice.code()]).code, Code::SUCCESS);
}

#[test]
fn init_makes_a_store_once() {
    let fixture = Fixture::new();
    let init = |new: bool| {
        let ended = run(&fixture, &["init", "--json"]);
        let state_dir = fixture.store_path();
        let said = json!({"initialised": true, "new": new, "format": 2, "state_dir": state_dir});
        assert_eq!((ended.last(), ended.status), (said, 0));
    };
    init(false);
    let marker = std::fs::read(fixture.store_path().join(".store")).unwrap();
    std::fs::remove_dir_all(fixture.store_path()).unwrap();
    init(true);
    assert_ne!(std::fs::read(fixture.store_path().join(".store")).unwrap(), marker);
}

#[test]
fn list_shows_records_that_cannot_be_used_and_fails() {
    let (fixture, _) = Fixture::with("alice");
    fixture.enrol("bob");
    std::fs::write(fixture.account_path("bob"), "").unwrap();
    let ended = run(&fixture, &["list", "--json"]);
    let lines: Vec<Value> =
        ended.output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines.len(), ended.status), (2, 1));
    assert_eq!((&lines[0]["user"], &lines[0]["enrolled"]), (&json!("alice"), &json!(true)));
    assert_eq!((&lines[1]["user"], &lines[1]["error"]), (&json!("bob"), &json!("unavailable")));
}
