//! A mistake in a key that logins do not need refuses none; what needs it refuses, and spends nothing.
#![allow(missing_docs)]

use cloud2fa::Secret;
use cloud2fa_tests::command::{Dialogue, ended};
use cloud2fa_tests::service::{self, COMMAND, as_uid};
use cloud2fa_tests::user::{self, uid};
use cloud2fa_tests::{Code, Fixture, Reply};
use std::fs;
use std::path::Path;

#[test]
fn a_mistaken_issuer_refuses_no_login_and_an_enrolment_before_a_code_is_spent() {
    service::start();
    let secret = Secret::generate().unwrap();
    let alice = user::enrol(Path::new("/var/lib/cloud2fa"), user::of_this_machine("alice"), secret);
    fs::create_dir_all("/etc/cloud2fa").unwrap();
    fs::write("/etc/cloud2fa/cloud2fa.toml", "issuer = \"Example: Corp\"\naccept = \"all\"\n")
        .unwrap();
    let fixture = Fixture::new();
    let login = |code: &str| fixture.raw("alice", "", vec![Reply::from(code)]).code;
    assert_eq!(login(&alice.code()), Code::SUCCESS);
    let current = alice.code_at(1);
    let mut command = as_uid(uid("alice"), Path::new(COMMAND));
    let mut enable = Dialogue::spawn(command.args(["enable", "--replace", "--json"]));
    let mut line = enable.line();
    while let Some(ask) = line["ask"].as_str() {
        enable.answer(if ask == "password" { "pw" } else { &current });
        line = enable.line();
    }
    // What stands in root's files is told to root.
    assert_eq!((&line["error"], enable.end().status), (&"unavailable".into(), 1), "{line}");
    let logged = service::logged(&["method=BeginEnrolment ", "reason=bad_config "]);
    assert!(logged.contains("cloud2fa.toml:1:"), "{logged}");
    let mut command = std::process::Command::new(COMMAND);
    let by_root = ended(command.args(["enable", "--replace", "--user", "alice", "--json"]));
    assert_eq!((by_root.last()["error"].as_str(), by_root.status), (Some("bad_config"), 1));
    assert_eq!(login(&current), Code::SUCCESS, "the code is not spent");
}
