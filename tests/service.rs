//! Users without root: the command and the module by way of the service.
#![allow(missing_docs)]

use cloud2fa::{Secret, Token};
use cloud2fa_tests::command::{Dialogue, Ended, ended};
use cloud2fa_tests::machine;
use cloud2fa_tests::service::{self, COMMAND, MODULE, Raw, as_uid};
use cloud2fa_tests::user::{A_MOMENT, numbered, step_with_time_left, uid};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

const NOBODY: u32 = 65534;

fn cloud2fa(uid: u32, arguments: &[&str]) -> Command {
    service::start();
    let mut command = as_uid(uid, Path::new(COMMAND));
    command.args(arguments).arg("--json").env_remove("SUDO_UID");
    command
}

fn run(uid: u32, arguments: &[&str]) -> Ended {
    ended(cloud2fa(uid, arguments).stdin(Stdio::null()))
}

fn dialogue(uid: u32, arguments: &[&str]) -> Dialogue {
    Dialogue::spawn(&mut cloud2fa(uid, arguments))
}

fn codes(value: &Value) -> Vec<String> {
    let codes = value["backup_codes"].as_array().expect("backup codes");
    codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect()
}

/// Goes on with `enable` behind the password; gives the secret, the proof and the backup codes.
fn prove(mut dialogue: Dialogue) -> (Secret, Token, Vec<String>) {
    let key = dialogue.line();
    let secret = Secret::from_base32(key["secret"].as_str().unwrap()).unwrap();
    assert!(key["uri"].as_str().unwrap().starts_with("otpauth://totp/"));
    assert_eq!(dialogue.line(), json!({"ask": "code"}));
    let proof = secret.token_at(step_with_time_left(A_MOMENT));
    dialogue.answer(proof.as_str());
    let enabled = dialogue.line();
    assert_eq!(enabled["enabled"], true, "{enabled}");
    assert_eq!(dialogue.end().status, 0);
    (secret, proof, codes(&enabled))
}

fn enable(uid: u32) -> (Secret, Token, Vec<String>) {
    let mut dialogue = dialogue(uid, &["enable"]);
    assert_eq!(dialogue.line(), json!({"ask": "password"}));
    dialogue.answer("pw");
    prove(dialogue)
}

#[test]
fn a_user_enrols_renews_replaces_and_turns_off_without_root() {
    let (_, proof, first) = enable(uid("alice"));
    let status = run(uid("alice"), &["status"]).last();
    assert_eq!((&status["enrolled"], &status["user"]), (&json!(true), &json!("alice")));

    // Regenerating takes the password and a code that was not used.
    let mut regenerate = dialogue(uid("alice"), &["regenerate"]);
    assert_eq!(regenerate.line(), json!({"ask": "password"}));
    regenerate.answer("wrong");
    let again = json!({"ask": "password", "because": "wrong_password", "tries_left": 2});
    assert_eq!(regenerate.line(), again);
    regenerate.answer("pw");
    assert_eq!(regenerate.line(), json!({"ask": "current_code"}));
    regenerate.answer(proof.as_str());
    let again = json!({"ask": "current_code", "because": "wrong_code", "tries_left": 2});
    assert_eq!(regenerate.line(), again, "the code that proved the enrolment is spent");
    regenerate.answer(&first[0]);
    let second = codes(&regenerate.line());
    assert_eq!(regenerate.end().status, 0);

    // A lost phone is replaced by a backup code; the old ones are dead.
    let mut replace = dialogue(uid("alice"), &["enable", "--replace"]);
    assert_eq!(replace.line(), json!({"ask": "password"}));
    replace.answer("pw");
    assert_eq!(replace.line(), json!({"ask": "current_code"}));
    replace.answer(&first[1]);
    assert_eq!(replace.line()["because"], "wrong_code");
    replace.answer(&second[0]);
    let (_, _, third) = prove(replace);

    let mut disable = dialogue(uid("alice"), &["disable"]);
    assert_eq!(disable.line(), json!({"ask": "password"}));
    disable.answer("pw");
    assert_eq!(disable.line(), json!({"ask": "current_code"}));
    disable.answer(&third[7]);
    let disabled = disable.line();
    assert_eq!((&disabled["disabled"], &disabled["user"]), (&json!(true), &json!("alice")));
    // On this machine all logins ask, and refuse whoever has no second factor.
    assert!(disabled["refused_by"].as_array().unwrap().contains(&json!("sshd")), "{disabled}");
    assert_eq!(disable.end().status, 0);
    assert_eq!(run(uid("alice"), &["status"]).last()["enrolled"], false);
}

#[test]
fn three_wrong_passwords_change_nothing() {
    let mut enable = dialogue(uid("bob"), &["enable"]);
    for _ in 0..3 {
        assert_eq!(enable.line()["ask"], "password");
        enable.answer("not it");
    }
    let ended = enable.end();
    assert_eq!((ended.last()["error"].as_str(), ended.status), (Some("wrong_password"), 3));
    assert_eq!(run(uid("bob"), &["status"]).last()["enrolled"], false);
}

#[test]
fn hanging_up_before_the_proof_leaves_nothing() {
    let mut enable = dialogue(uid("bob"), &["enable"]);
    assert_eq!(enable.line()["ask"], "password");
    enable.answer("pw");
    enable.line();
    assert_eq!(enable.line()["ask"], "code");
    assert_eq!(enable.end().status, 130);
    assert!(!Path::new("/var/lib/cloud2fa/bob.account").exists());
}

#[test]
fn an_account_without_a_password_is_told_so_at_once() {
    service::start();
    let uid = numbered(1);
    let shadow = std::fs::read_to_string("/etc/shadow").unwrap();
    let locked: Vec<_> = shadow
        .lines()
        .map(|line| if line.starts_with("u001:") { "u001:*:20000:0:99999:7:::" } else { line })
        .collect();
    std::fs::write("/etc/shadow", locked.join("\n") + "\n").unwrap();
    let ended = run(uid, &["enable"]);
    assert_eq!((ended.last()["error"].as_str(), ended.status), (Some("no_password"), 1));
    let shadow = std::fs::read_to_string("/etc/shadow").unwrap();
    // chage -E: the account has expired long ago, and the password is right.
    let expired = shadow.lines().map(|line| match line.strip_prefix("u002:") {
        Some(rest) => format!("u002:{}:20000:0:99999:7::1:", rest.split(':').next().unwrap()),
        None => line.to_owned(),
    });
    std::fs::write("/etc/shadow", expired.collect::<Vec<_>>().join("\n") + "\n").unwrap();
    let mut enable = dialogue(numbered(2), &["enable"]);
    assert_eq!(enable.line()["ask"], "password");
    enable.answer("pw");
    let ended = enable.end();
    assert_eq!((ended.last()["error"].as_str(), ended.status), (Some("not_permitted"), 1));
}

#[test]
fn nobody_may_do_anything_with_a_strangers_second_factor() {
    enable(uid("carol"));
    for (uid, whose, expected) in [
        (uid("carol"), "carol", None),
        (0, "carol", None),
        (uid("dave"), "carol", Some("not_permitted")),
        (NOBODY, "carol", Some("not_permitted")),
        (uid("dave"), "nosuchuser", Some("unknown_user")),
    ] {
        for verb in ["status", "verify", "regenerate", "disable", "enable"] {
            let ended = run(uid, &[verb, "--user", whose]);
            let error = ended.last()["error"].as_str().map(str::to_owned);
            match expected {
                Some(_) => assert_eq!(error.as_deref(), expected, "{uid} {verb} {whose}"),
                None => assert_ne!(error.as_deref(), Some("not_permitted"), "{uid} {verb}"),
            }
        }
    }
    assert_eq!(
        run(0, &["status", "--user", "carol"]).last()["enrolled"],
        false,
        "root disabled it"
    );
}

/// Logs in through the module in a program that runs as that user.
fn login_as_user(uid: u32, name: &str, code: &str) -> String {
    let stack = format!("auth required {MODULE}\nauth required pam_permit.so\n");
    std::fs::write("/etc/pam.d/locker", stack).unwrap();
    let mut command = as_uid(uid, &machine::program("pamtester", "pamtester"));
    command.args(["locker", name, "authenticate"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(format!("{code}\n").as_bytes());
    let output = child.wait_with_output().unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn the_module_in_a_users_program_asks_the_service_and_spends_the_code() {
    let (_, _, codes) = enable(uid("erin"));
    let right = "successfully authenticated";
    assert!(login_as_user(uid("erin"), "erin", &codes[3]).contains(right));
    assert!(!login_as_user(uid("erin"), "erin", &codes[3]).contains(right), "it is spent");
    assert!(!login_as_user(uid("erin"), "erin", "000000").contains(right));
    assert_eq!(run(uid("erin"), &["status"]).last()["failures"], 1);
    // For the caller's own account only.
    assert!(!login_as_user(uid("frank"), "erin", &codes[4]).contains(right));
    assert!(login_as_user(uid("erin"), "erin", &codes[4]).contains(right), "it was not spent");
}

#[test]
fn what_is_no_call_is_hung_up_on_or_refused() {
    service::start();
    let answer_to = |bytes: &[u8]| {
        let mut raw = Raw::open();
        raw.send(bytes);
        String::from_utf8(raw.receive()).unwrap()
    };
    assert_eq!(answer_to(b"hello\0"), "");
    assert_eq!(answer_to(b"\0"), "");
    assert_eq!(answer_to(&vec![b' '; 70_000]), "");
    let known = answer_to(b"{\"method\":\"org.varlink.service.GetInfo\"}\0");
    assert!(known.contains("io.cloud2fa") && known.contains("org.varlink.service"), "{known}");
    let described = answer_to(
        b"{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":{\"interface\":\"io.cloud2fa\"}}\0",
    );
    assert!(described.contains("method ConfirmEnrolment"), "{described}");
    for (call, error) in [
        (r#"{"method":"io.cloud2fa.Nothing"}"#, "MethodNotFound"),
        (r#"{"method":"org.other.Nothing"}"#, "InterfaceNotFound"),
        (r#"{"method":"io.cloud2fa.GetStatus"}"#, "InvalidParameter"),
        (r#"{"method":"io.cloud2fa.GetStatus","parameters":{"user":5}}"#, "InvalidParameter"),
        (
            r#"{"method":"io.cloud2fa.GetStatus","parameters":{"user":"alice","x":1}}"#,
            "InvalidParameter",
        ),
        (
            r#"{"method":"io.cloud2fa.ConfirmEnrolment","parameters":{"code":"123456"}}"#,
            "io.cloud2fa.NoEnrolmentBegun",
        ),
        (
            r#"{"method":"io.cloud2fa.GetStatus","parameters":{"user":"no such user"}}"#,
            "io.cloud2fa.UnknownUser",
        ),
    ] {
        let answer = answer_to(format!("{call}\0").as_bytes());
        assert!(answer.contains(error), "{call}: {answer}");
    }
}

#[test]
fn no_password_and_no_code_is_in_the_services_log() {
    let (secret, proof, codes) = enable(numbered(10));
    service::logged(&["enrolled user=\"u010\""]);
    let log = std::fs::read_to_string(service::LOG).unwrap();
    for secret in [&*secret.to_base32(), proof.as_str(), &codes[0], "\"pw\""] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[test]
fn the_service_does_not_answer_for_another_configurations_store() {
    service::start();
    // Nobody of this store is enrolled, and it is not there.
    let config = "/etc/cloud2fa-elsewhere.toml";
    std::fs::write(config, "state_dir = \"/var/lib/not-mounted\"\nunenrolled = \"allow\"\n")
        .unwrap();
    let stack = format!("auth required {MODULE} config={config}\n");
    std::fs::write("/etc/pam.d/elsewhere", stack).unwrap();
    let mut pamtester = Command::new(machine::program("pamtester", "pamtester"));
    let output = pamtester.args(["elsewhere", "u020", "authenticate"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("cannot be checked right now"), "{output:?}");
}
