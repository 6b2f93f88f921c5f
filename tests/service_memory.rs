//! What stays in the memory of the service's process of what it was told in confidence: nothing.
#![allow(missing_docs)]

use cloud2fa::{BackupCode, Secret};
use cloud2fa_tests::memory::{self, Secrets};
use cloud2fa_tests::processes::wait_for;
use cloud2fa_tests::service::Raw;
use cloud2fa_tests::user::{A_MOMENT, step_with_time_left, uid};
use cloud2fa_tests::visitor;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Soon after the answer, which the process sends first.
fn is_wiped(pid: u32, what: &str, secrets: &Secrets) {
    let mut found = BTreeSet::new();
    let gone = |found: &mut BTreeSet<String>| {
        *found = secrets.found_in(&memory::of_process(pid));
        found.is_empty().then_some(())
    };
    for _ in 0..200 {
        if gone(&mut found).is_some() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("{what}: {found:#?}");
}

fn text(what: &str, text: &str) -> Secrets {
    let mut secrets = Secrets::default();
    secrets.text(what, text);
    secrets
}

fn backup_code(printed: &str) -> Secrets {
    let mut secrets = Secrets::default();
    secrets.backup_code("a backup code", printed);
    secrets
}

/// Lets the service verify a code that is wrong.
fn verify(connection: &mut Raw, code: &str) {
    let status = connection.call("GetStatus", &json!({ "user": "alice" }));
    let generation = &status["parameters"]["standing"]["generation"];
    let answer = connection.call(
        "Verify",
        &json!({ "user": "alice", "generation": generation, "code": code, "purpose": "login" }),
    );
    assert_eq!(answer["parameters"]["verdict"]["verdict"], "wrong", "{answer}");
}

fn codes_of(answer: &Value) -> Vec<String> {
    let codes = answer["parameters"]["backup_codes"].as_array();
    let codes = codes.unwrap_or_else(|| panic!("no backup codes: {answer}"));
    codes.iter().map(|code| code.as_str().expect("a text").to_owned()).collect()
}

#[test]
fn passwords_keys_and_codes_are_wiped_while_the_connection_goes_on() {
    let mut connection = visitor::connect(uid("alice"));
    connection.call("GetStatus", &json!({ "user": "no-such-name-anywhere" }));
    let pid = visitor::instance_of(uid("alice"));
    let there = text("an environment", "PATH=/");
    assert!(!there.found_in(&memory::of_process(pid)).is_empty(), "the memory is not even read");

    let password = "correct-horse-battery-staple";
    connection.call("Authenticate", &json!({ "user": "alice", "password": password }));
    is_wiped(pid, "after a wrong password", &text("the password", password));

    connection.call("Authenticate", &json!({ "user": "alice", "password": "pw" }));
    let begun = connection.call("BeginEnrolment", &json!({ "user": "alice", "replace": false }));
    let key = begun["parameters"]["secret"].as_str().unwrap_or_else(|| panic!("{begun}"));
    // Its bytes are needed until a code proves it.
    is_wiped(pid, "after the key was shown", &text("the key, as it is shown", key));

    let secret = Secret::from_base32(key).unwrap();
    let step = step_with_time_left(A_MOMENT);
    let code = secret.token_at(step);
    let enrolled = connection.call("ConfirmEnrolment", &json!({ "code": code.as_str() }));
    let mut secrets = text("the code that proved it", code.as_str());
    secrets.key(&secret);
    let codes = codes_of(&enrolled);
    for code in &codes {
        secrets.backup_code("a new backup code", code);
    }
    is_wiped(pid, "after an enrolment", &secrets);

    let far = secret.token_at(cloud2fa::TimeStep(step.0 - 40));
    verify(&mut connection, far.as_str());
    let mut secrets = text("a wrong code", far.as_str());
    secrets.key(&secret);
    is_wiped(pid, "after a wrong code", &secrets);
    let strange = BackupCode::generate().unwrap().printed();
    verify(&mut connection, &strange);
    is_wiped(pid, "after a wrong backup code", &backup_code(&strange));

    connection.call("Authenticate", &json!({ "user": "alice", "password": "pw" }));
    let current = json!({ "user": "alice", "current_code": codes[0] });
    let renewed = connection.call("RegenerateBackupCodes", &current);
    let mut secrets = backup_code(&codes[0]);
    for code in codes_of(&renewed) {
        secrets.backup_code("a new backup code", &code);
    }
    secrets.key(&secret);
    is_wiped(pid, "after new backup codes", &secrets);
    wait_for("the connection is still served", || {
        let status = connection.call("GetStatus", &json!({ "user": "alice" }));
        status.get("error").is_none().then_some(())
    });
}
