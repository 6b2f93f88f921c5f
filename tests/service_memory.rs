//! What stays in the memory of the service's process of what it was told in confidence: nothing.
#![allow(missing_docs)]

use cloud2fa::Secret;
use cloud2fa_tests::processes::wait_for;
use cloud2fa_tests::user::{A_MOMENT, step_with_time_left};
use cloud2fa_tests::visitor;
use serde_json::json;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;

const ALICE: u32 = 5001;

/// What the process may write to, as it is now.
fn memory(pid: u32) -> Vec<u8> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let memory = File::open(format!("/proc/{pid}/mem")).unwrap();
    let mut all = Vec::new();
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (begin, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let number = |hex| u64::from_str_radix(hex, 16).unwrap();
        let (begin, end) = (number(begin), number(end));
        let mut bytes = vec![0; usize::try_from(end - begin).unwrap()];
        // The kernel's own pages cannot be read.
        if memory.read_exact_at(&mut bytes, begin).is_ok() {
            all.extend(bytes);
        }
    }
    all
}

fn holds(pid: u32, what: &str) -> bool {
    let mut bytes = memory(pid);
    // As text, which is searched fast.
    bytes.iter_mut().filter(|byte| !byte.is_ascii()).for_each(|byte| *byte = 0);
    String::from_utf8(bytes).expect("ASCII").contains(what)
}

/// Soon after the answer, which the process sends first.
fn is_wiped(pid: u32, what: &str, secret: &str) {
    wait_for(&format!("{what}: wiped"), || (!holds(pid, secret)).then_some(()));
}

#[test]
fn passwords_keys_and_backup_codes_are_wiped_while_the_connection_goes_on() {
    let mut connection = visitor::connect(ALICE);
    let info = json!({ "user": "no-such-name-anywhere" });
    connection.call("GetStatus", &info);
    let pid = visitor::instance_of(ALICE);
    assert!(holds(pid, "PATH="), "the memory is not even read");

    let password = "a-password-that-stands-nowhere-else";
    connection.call("Authenticate", &json!({ "user": "alice", "password": password }));
    // The beginning of what is given back is overwritten by the allocator itself.
    is_wiped(pid, "the password", &password[16..]);

    connection.call("Authenticate", &json!({ "user": "alice", "password": "pw" }));
    let begun = connection.call("BeginEnrolment", &json!({ "user": "alice", "replace": false }));
    let key = begun["parameters"]["secret"].as_str().unwrap_or_else(|| panic!("{begun}"));
    is_wiped(pid, "the key, as it is shown", &key[16..]);

    let code = Secret::from_base32(key).unwrap().token_at(step_with_time_left(A_MOMENT));
    let enrolled = connection.call("ConfirmEnrolment", &json!({ "code": code.as_str() }));
    let codes = enrolled["parameters"]["backup_codes"].as_array().expect("backup codes");
    for code in codes {
        is_wiped(pid, "a backup code", code.as_str().unwrap());
    }
}
