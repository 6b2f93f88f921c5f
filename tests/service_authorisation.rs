//! Who may do what with whose second factor: each cell of the table by the real socket, in a
//! process with that uid, on a store that is made anew.
#![allow(missing_docs)]

use cloud2fa::backup_codes::HeapMemory;
use cloud2fa::{FileStore, Generation, Rules, Secret, Store};
use cloud2fa_tests::index;
use cloud2fa_tests::service::{self, Raw};
use cloud2fa_tests::user::{self, Enrolled, of_this_machine};
use cloud2fa_tests::visitor::{self, error_of};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const STORE: &str = "/var/lib/cloud2fa";

/// Accounts are the columns: alice and carol are enrolled, the others are not; alice2 is a
/// second name of alice's uid, by which all but an enrolment is about alice's, with alice's password, and
/// which root alone enrols while alice is; nobody has no password, nosuchuser does not exist. Whoever is asked for a password or a code gives the right one. "ok"
/// is an answer without an error, Verify's is its verdict. ConfirmEnrolment names no account, and
/// comes behind BeginEnrolment on the same connection. mail is a daemon that verifies for others.
const TABLE: &str = "
| who    | method                | alice            | alice2           | bob              | carol            | root             | nobody           | nosuchuser       |
|--------|-----------------------|------------------|------------------|------------------|------------------|------------------|------------------|------------------|
| root   | GetStatus             | ok               | ok               | ok               | ok               | ok               | ok               | UnknownUser      |
| root   | Challenge             | ok               | ok               | ok               | ok               | ok               | ok               | UnknownUser      |
| root   | Verify                | accepted         | accepted         | changed          | accepted         | changed          | changed          | UnknownUser      |
| root   | GetRequirements       | ok               | ok               | ok               | ok               | ok               | ok               | UnknownUser      |
| root   | Authenticate          | ok               | ok               | ok               | ok               | ok               | ok               | UnknownUser      |
| root   | BeginEnrolment        | ok               | ok               | ok               | ok               | ok               | ok               | UnknownUser      |
| root   | ConfirmEnrolment      | ok               | ok               | ok               | ok               | ok               | ok               | NoEnrolmentBegun |
| root   | RegenerateBackupCodes | ok               | ok               | NotEnrolled      | ok               | NotEnrolled      | NotEnrolled      | UnknownUser      |
| root   | Disable               | ok               | ok               | NotEnrolled      | ok               | NotEnrolled      | NotEnrolled      | UnknownUser      |
| alice  | GetStatus             | ok               | ok               | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     |
| alice  | Challenge             | ok               | ok               | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     |
| alice  | Verify                | accepted         | accepted         | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     |
| alice  | GetRequirements       | ok               | ok               | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     |
| alice  | Authenticate          | ok               | ok               | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     |
| alice  | BeginEnrolment        | ok               | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     |
| alice  | ConfirmEnrolment      | ok               | NoEnrolmentBegun | NoEnrolmentBegun | NoEnrolmentBegun | NoEnrolmentBegun | NoEnrolmentBegun | NoEnrolmentBegun |
| alice  | RegenerateBackupCodes | ok               | ok               | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     |
| alice  | Disable               | ok               | ok               | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     |
| alice2 | GetStatus             | ok               | ok               | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     |
| alice2 | Challenge             | ok               | ok               | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     |
| alice2 | Verify                | accepted         | accepted         | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     |
| alice2 | GetRequirements       | ok               | ok               | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     |
| alice2 | Authenticate          | ok               | ok               | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     |
| alice2 | BeginEnrolment        | ok               | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     |
| alice2 | ConfirmEnrolment      | ok               | NoEnrolmentBegun | NoEnrolmentBegun | NoEnrolmentBegun | NoEnrolmentBegun | NoEnrolmentBegun | NoEnrolmentBegun |
| alice2 | RegenerateBackupCodes | ok               | ok               | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     |
| alice2 | Disable               | ok               | ok               | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     |
| bob    | GetStatus             | NotPermitted     | NotPermitted     | ok               | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     |
| bob    | Challenge             | NotPermitted     | NotPermitted     | ok               | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     |
| bob    | Verify                | NotPermitted     | NotPermitted     | changed          | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     |
| bob    | GetRequirements       | NotPermitted     | NotPermitted     | ok               | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     |
| bob    | Authenticate          | NotPermitted     | NotPermitted     | ok               | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     |
| bob    | BeginEnrolment        | NotPermitted     | NotPermitted     | ok               | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     |
| bob    | ConfirmEnrolment      | NoEnrolmentBegun | NoEnrolmentBegun | ok               | NoEnrolmentBegun | NoEnrolmentBegun | NoEnrolmentBegun | NoEnrolmentBegun |
| bob    | RegenerateBackupCodes | NotPermitted     | NotPermitted     | NotEnrolled      | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     |
| bob    | Disable               | NotPermitted     | NotPermitted     | NotEnrolled      | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     |
| nobody | GetStatus             | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | ok               | NotPermitted     |
| nobody | Challenge             | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | ok               | NotPermitted     |
| nobody | Verify                | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | changed          | NotPermitted     |
| nobody | GetRequirements       | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NoPassword       | NotPermitted     |
| nobody | Authenticate          | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NoPassword       | NotPermitted     |
| nobody | BeginEnrolment        | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | PasswordRequired | NotPermitted     |
| nobody | ConfirmEnrolment      | NoEnrolmentBegun | NoEnrolmentBegun | NoEnrolmentBegun | NoEnrolmentBegun | NoEnrolmentBegun | NoEnrolmentBegun | NoEnrolmentBegun |
| nobody | RegenerateBackupCodes | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | PasswordRequired | NotPermitted     |
| nobody | Disable               | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | PasswordRequired | NotPermitted     |
| mail   | GetStatus             | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     |
| mail   | Challenge             | ok               | ok               | ok               | ok               | ok               | ok               | NotPermitted     |
| mail   | Verify                | accepted         | accepted         | changed          | accepted         | changed          | changed          | NotPermitted     |
| mail   | GetRequirements       | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     |
| mail   | Authenticate          | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     |
| mail   | BeginEnrolment        | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     |
| mail   | ConfirmEnrolment      | NoEnrolmentBegun | NoEnrolmentBegun | NoEnrolmentBegun | NoEnrolmentBegun | NoEnrolmentBegun | NoEnrolmentBegun | NoEnrolmentBegun |
| mail   | RegenerateBackupCodes | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     |
| mail   | Disable               | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     | NotPermitted     |
";

/// The password is "other": openssl passwd -6 -salt cloud2fa other
const OTHER_PASSWORD: &str = "$6$cloud2fa$0eKMfAzwqN3U0Cf50AybEtdjGQVatrXjIguAfCKTQwlXtTXw.MrdlspagAB67JExm/Cy5omXDArIX1KSMc/m30";

/// What a stranger is told, to the byte.
const NOT_PERMITTED: &str = r#"{"error":"io.cloud2fa.NotPermitted","parameters":{}}"#;

/// The words of a line of the table.
fn words(line: &str) -> Vec<&str> {
    line.trim_matches('|').split('|').map(str::trim).collect()
}

/// Both tests write the store, and one of them breaks it.
fn alone() -> MutexGuard<'static, ()> {
    static STORE_IS_OURS: Mutex<()> = Mutex::new(());
    let guard = STORE_IS_OURS.lock().unwrap_or_else(PoisonError::into_inner);
    service::start();
    std::fs::create_dir_all("/etc/cloud2fa").unwrap();
    std::fs::write("/etc/cloud2fa/cloud2fa.toml", "verifiers = [\"mail\"]\n").unwrap();
    if nix::unistd::User::from_name("alice2").unwrap().is_none() {
        user::add_alias(&of_this_machine("alice"), "alice2");
        let shadow = std::fs::read_to_string("/etc/shadow").unwrap();
        let other = format!("alice2:{OTHER_PASSWORD}:20000:0:99999:7:::\n");
        std::fs::write("/etc/shadow", shadow + &other).unwrap();
    }
    guard
}

/// The files of the store, whole.
fn files() -> BTreeMap<PathBuf, Vec<u8>> {
    let files = index::files(STORE.as_ref()).into_iter();
    files.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// A store in which alice and carol are enrolled, and nobody else.
fn new_store() -> [Enrolled; 2] {
    for path in files().into_keys().filter(|path| !path.ends_with(".store")) {
        std::fs::remove_file(path).unwrap();
    }
    ["alice", "carol"].map(|name| {
        user::enrol(Path::new(STORE), of_this_machine(name), Secret::generate().unwrap())
    })
}

/// What `method` is called with, for that account.
fn parameters(method: &str, whose: &str, enrolled: &[Enrolled]) -> Value {
    // Whose codes alice2's logins ask for.
    let owner = if whose == "alice2" { "alice" } else { whose };
    let owner = enrolled.iter().find(|enrolled| enrolled.user.name.as_str() == owner);
    let code = owner.map(|owner| owner.backup_codes[0].clone());
    match method {
        "Verify" => {
            let standing = owner.map(|_| {
                Raw::open().call("GetStatus", &json!({ "user": whose }))["parameters"]["standing"]["generation"].clone()
            });
            let generation =
                standing.unwrap_or_else(|| json!(Generation::generate().unwrap().to_hex()));
            let code = code.unwrap_or_else(|| enrolled[0].backup_codes[0].clone());
            json!({ "user": whose, "generation": generation, "code": code, "purpose": "login" })
        }
        "Authenticate" => json!({ "user": whose, "password": "pw" }),
        "BeginEnrolment" => json!({ "user": whose, "replace": true, "current_code": code }),
        "RegenerateBackupCodes" | "Disable" => json!({ "user": whose, "current_code": code }),
        _ => json!({ "user": whose }),
    }
}

/// Calls `method` for that account, behind what must come before it. Gives the bytes.
fn call(connection: &mut Raw, method: &str, whose: &str, enrolled: &[Enrolled]) -> Value {
    if matches!(method, "BeginEnrolment" | "RegenerateBackupCodes" | "Disable") {
        connection.call("Authenticate", &parameters("Authenticate", whose, enrolled));
    }
    if method != "ConfirmEnrolment" {
        return connection.call(method, &parameters(method, whose, enrolled));
    }
    let begun = call(connection, "BeginEnrolment", whose, enrolled);
    let secret = begun["parameters"]["secret"].as_str().and_then(Secret::from_base32);
    let secret = secret.unwrap_or_else(|| Secret::generate().unwrap());
    let code = secret.token_at(user::step_with_time_left(user::A_MOMENT));
    connection.call(method, &json!({ "code": code.as_str() }))
}

#[test]
fn each_cell_of_the_table_of_who_may_do_what() {
    let _alone = alone();
    let lines: Vec<_> = TABLE.trim().lines().map(words).collect();
    let accounts = &lines[0][2..];
    let mut wrong = Vec::new();
    let mut cells = 0;
    for line in &lines[2..] {
        let (who, method) = (line[0], line[1]);
        let uid = of_this_machine(who).uid;
        for (whose, expected) in accounts.iter().zip(&line[2..]) {
            let enrolled = new_store();
            let before = files();
            let answer = call(&mut visitor::connect(uid), method, whose, &enrolled);
            let verdict = answer["parameters"]["verdict"]["verdict"].as_str();
            let outcome = error_of(&answer).or(verdict).unwrap_or("ok");
            if outcome != *expected {
                wrong.push(format!("{who} {method} {whose}: {outcome}, not {expected}"));
            }
            if outcome == "NotPermitted" {
                assert_eq!(answer.to_string(), NOT_PERMITTED, "{who} {method} {whose}");
            }
            if !matches!(outcome, "ok" | "accepted") {
                assert!(files() == before, "{who} {method} {whose}: the store has changed");
            }
            cells += 1;
        }
    }
    assert_eq!(wrong, [""; 0]);
    assert_eq!(cells, 6 * 9 * 7);
    println!("{cells} cells, as expected:\n{TABLE}");
}

#[test]
fn the_password_of_a_second_name_is_not_the_firsts() {
    let _alone = alone();
    let [alice, _] = new_store();
    let before = files();
    let mut connection = visitor::connect(alice.user.uid);
    let authenticate = json!({ "user": "alice2", "password": "other" });
    assert_eq!(error_of(&connection.call("Authenticate", &authenticate)), Some("WrongPassword"));
    for method in ["RegenerateBackupCodes", "Disable"] {
        for whose in ["alice", "alice2"] {
            let call = parameters(method, whose, std::slice::from_ref(&alice));
            let answer = connection.call(method, &call);
            assert_eq!(error_of(&answer), Some("PasswordRequired"), "{method} {whose}");
        }
    }
    let call = parameters("BeginEnrolment", "alice", std::slice::from_ref(&alice));
    let answer = connection.call("BeginEnrolment", &call);
    assert_eq!(error_of(&answer), Some("PasswordRequired"));
    assert!(files() == before, "the store has changed");
    // alice2's is for what is alice2's own.
    let mut store =
        FileStore::open(STORE.as_ref(), 0, Rules::default(), Box::<HeapMemory>::default());
    let store = store.as_mut().unwrap();
    let basis = store.status(&alice.user, &user::now).unwrap().basis();
    store.disable(&alice.user, &basis, cloud2fa::store::Failures::Cleared, &user::now).unwrap();
    assert_eq!(error_of(&connection.call("Authenticate", &authenticate)), None);
}

/// What a stranger's call is answered, to the byte, and how long that takes.
fn timed(connection: &mut Raw, method: &str, parameters: &Value) -> (Vec<u8>, Duration) {
    let call = json!({ "method": format!("io.cloud2fa.{method}"), "parameters": parameters });
    let begun = Instant::now();
    connection.send(format!("{call}\0").as_bytes());
    (connection.receive(), begun.elapsed())
}

const OF_AN_ACCOUNT: [&str; 8] = [
    "GetStatus",
    "Challenge",
    "Verify",
    "GetRequirements",
    "Authenticate",
    "BeginEnrolment",
    "RegenerateBackupCodes",
    "Disable",
];

/// Whose accounts a stranger cannot tell apart.
const STRANGERS: [&str; 4] = ["carol", "bob", "root", "nosuchuser"];

#[test]
fn a_stranger_cannot_tell_by_the_clock_who_is_enrolled_or_exists() {
    let _alone = alone();
    let enrolled = new_store();
    let dave = of_this_machine("dave").uid;
    for method in OF_AN_ACCOUNT {
        let calls = STRANGERS.map(|whose| parameters(method, whose, &enrolled));
        let mut connection = visitor::connect(dave);
        let mut times = [const { Vec::new() }; STRANGERS.len()];
        for round in 1..=31 {
            // So many calls are answered on one connection.
            if round % 8 == 0 {
                connection = visitor::connect(dave);
            }
            for (times, call) in times.iter_mut().zip(&calls) {
                let (answer, time) = timed(&mut connection, method, call);
                assert_eq!(String::from_utf8_lossy(&answer), NOT_PERMITTED, "{method} {call}");
                times.push(time);
            }
        }
        // The fastest of many is what it takes, whatever else the machine has to do.
        let fastest = times.map(|times| times.into_iter().min().unwrap());
        println!("{method}: {STRANGERS:?} {fastest:?}");
        // A password or a code that is hashed takes longer than this, a name that is looked up less.
        let [least, most] = [fastest.iter().min(), fastest.iter().max()].map(Option::unwrap);
        let difference = most.saturating_sub(*least);
        assert!(difference < Duration::from_millis(2), "{method}: {STRANGERS:?} {fastest:?}");
    }
}

#[test]
fn nor_by_what_is_wrong_with_the_call_or_with_the_store() {
    let _alone = alone();
    let enrolled = new_store();
    let dave = of_this_machine("dave").uid;
    let calls = OF_AN_ACCOUNT
        .map(|method| (method, STRANGERS.map(|whose| parameters(method, whose, &enrolled))));
    let calls = BTreeMap::from(calls);
    let answers = |method: &str, change: &dyn Fn(&mut Value)| {
        let answers = calls[method].clone().map(|mut call| {
            change(&mut call);
            timed(&mut visitor::connect(dave), method, &call).0
        });
        let [first, others @ ..] = answers.map(|answer| String::from_utf8(answer).unwrap());
        assert!(others.iter().all(|answer| *answer == first), "{method}: {first} {others:?}");
        first
    };
    for (key, value) in [
        ("code", json!("12")),
        ("generation", json!("x")),
        ("current_code", json!("12")),
        ("password", json!(5)),
        ("replace", Value::Null),
        ("more", json!(true)),
    ] {
        for method in OF_AN_ACCOUNT {
            assert_eq!(answers(method, &|call| call[key] = value.clone()), NOT_PERMITTED);
        }
    }
    let marker = Path::new(STORE).join(".store");
    let content = std::fs::read(&marker).unwrap();
    std::fs::write(&marker, "damaged\n").unwrap();
    let answers = OF_AN_ACCOUNT.map(|method| answers(method, &|_| ()));
    std::fs::write(&marker, content).unwrap();
    assert!(answers.iter().all(|answer| answer.contains("Unavailable")), "{answers:?}");
}
