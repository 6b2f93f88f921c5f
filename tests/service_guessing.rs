//! Guessing by way of the service: codes are counted there exactly as at logins, whatever the
//! guesser does with connections, and passwords are tried no faster than by other programs.
#![allow(missing_docs)]

use cloud2fa::Secret;
use cloud2fa_tests::processes::{as_user, wait_for};
use cloud2fa_tests::user::{self, Enrolled, of_this_machine};
use cloud2fa_tests::visitor::{authenticated, call, connect, error_of, instances_of, verify};
use cloud2fa_tests::{Fixture, machine, service, slots};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const STORE: &str = "/var/lib/cloud2fa";

/// A wrong code's answer is held back as long, as a login's is.
const DELAY: Duration = Duration::from_secs(2);

fn enrol(name: &str) -> Enrolled {
    service::start();
    user::enrol(Path::new(STORE), of_this_machine(name), Secret::generate().unwrap())
}

/// The text of a record.
fn record(directory: &Path, whose: &Enrolled) -> String {
    let path = directory.join(format!("{}.account", whose.user.name));
    slots::newest(&std::fs::read(path).unwrap()).1
}

/// What a record counts; the times differ.
fn counted(directory: &Path, whose: &Enrolled) -> Vec<String> {
    let keys = ["failures = ", "failures_since_login = ", "wait_seconds = ", "locked = "];
    let text = record(directory, whose);
    let lines = text.lines().filter(|line| keys.iter().any(|key| line.starts_with(key)));
    lines.map(str::to_owned).collect()
}

/// Waits until no process serves the user: one ends a moment after its client.
fn until_there_are_none(uid: u32) {
    wait_for("the end of the connections", || instances_of(uid).is_empty().then_some(()));
}

fn status(whose: &Enrolled) -> Value {
    let answer = call(whose.user.uid, "GetStatus", &json!({ "user": whose.user.name.as_str() }));
    answer["parameters"]["standing"].clone()
}

/// What Verify or a refused change says that the code was.
fn verdict(answer: &Value) -> &str {
    answer["parameters"]["verdict"]["verdict"].as_str().unwrap_or_else(|| panic!("{answer}"))
}

/// What as many wrong codes at logins, one after the other, leave in a record.
fn counted_at_logins(count: usize) -> Vec<String> {
    let (fixture, alice) = Fixture::with("alice");
    for _ in 0..count {
        fixture.login("alice", &[&alice.wrong_code()]);
    }
    counted(&fixture.store_path(), &alice)
}

#[test]
fn of_codes_over_four_connections_at_once_as_many_are_evaluated_as_at_logins() {
    let victim = enrol("u110");
    let wrong = victim.wrong_code();
    let calls = ["login", "trial"].map(|purpose| verify(&victim.user, &wrong, purpose));
    until_there_are_none(victim.user.uid);
    let (evaluated, waits) = (AtomicU32::new(0), AtomicU32::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut connection = connect(victim.user.uid);
                for number in 0..8 {
                    let begun = Instant::now();
                    let answer = connection.call("Verify", &calls[number % 2]);
                    match verdict(&answer) {
                        "wrong" => {
                            assert!(begun.elapsed() >= DELAY, "told after {:?}", begun.elapsed());
                            evaluated.fetch_add(1, Ordering::Relaxed)
                        }
                        "wait" => waits.fetch_add(1, Ordering::Relaxed),
                        other => panic!("{other}"),
                    };
                }
            });
        }
    });
    assert_eq!((evaluated.into_inner(), waits.into_inner()), (5, 27));
    assert_eq!(counted(Path::new(STORE), &victim), counted_at_logins(32));
    // What is right is not looked at now, either, and not spent.
    let before = record(Path::new(STORE), &victim);
    let try_now =
        |code: &str, purpose| call(victim.user.uid, "Verify", &verify(&victim.user, code, purpose));
    assert_eq!(verdict(&try_now(&victim.code(), "login")), "wait");
    // A backup code is, and a trial opens nothing by it.
    assert_eq!(verdict(&try_now(&victim.backup_codes[0], "trial")), "accepted");
    assert_eq!(record(Path::new(STORE), &victim), before);
    assert_eq!(verdict(&try_now(&victim.code(), "login")), "wait");
    let opened = try_now(&victim.backup_codes[0], "login");
    let said = &opened["parameters"]["verdict"];
    let expected = json!({
        "verdict": "accepted", "backup_codes_left": 7, "failures_since_login": 5,
        "budget_used": 5, "opened": true,
    });
    assert_eq!(said, &expected);
    assert_eq!(verdict(&try_now(&victim.code(), "login")), "accepted");
    let now = status(&victim);
    assert_eq!((&now["failures"], &now["budget_used"]), (&json!(0), &json!(0)));
    let decisions = now["decisions"].as_array().unwrap();
    let of = |outcome: &str| decisions.iter().filter(|it| it["outcome"] == *outcome).count();
    assert_eq!((of("accepted"), of("wrong")), (2, 1), "{decisions:?}");
    let wrong = decisions.iter().find(|it| it["outcome"] == "wrong").unwrap();
    assert_eq!((&wrong["service"], &wrong["times"]), (&json!("cloud2fa"), &json!(5)));
}

#[test]
fn a_wrong_backup_code_counts_nowhere_and_a_right_one_makes_a_change_in_a_wait() {
    let victim = enrol("u116");
    let name = victim.user.name.as_str();
    let strange = "0000-0000-0000Z";
    let mut connection = authenticated(victim.user.uid, name);
    let by = |code: &str| json!({ "user": name, "current_code": code });
    for number in 0..6 {
        let begun = Instant::now();
        let answer = connection.call("RegenerateBackupCodes", &by(strange));
        assert_eq!(error_of(&answer), Some("CurrentCodeRefused"), "{answer}");
        assert_eq!(verdict(&answer), "wrong", "{number}");
        assert!(begun.elapsed() >= DELAY, "told after {:?}", begun.elapsed());
    }
    assert_eq!(status(&victim)["failures"], 0);
    for _ in 0..5 {
        connection.call("RegenerateBackupCodes", &by(&victim.wrong_code()));
    }
    let answer = connection.call("RegenerateBackupCodes", &by(&victim.code()));
    assert_eq!(verdict(&answer), "wait");
    let changed = connection.call("RegenerateBackupCodes", &by(&victim.backup_codes[0]));
    let cleared = json!({ "failures_since_login": 11, "budget_used": 5, "opened": true });
    assert_eq!(changed["parameters"]["cleared"], cleared, "{changed}");
    let now = status(&victim);
    assert_eq!((&now["failures"], &now["wait_seconds"]), (&json!(0), &json!(0)));
}

#[test]
fn a_wrong_code_counts_whichever_method_it_comes_by() {
    let victim = enrol("u111");
    let (name, wrong) = (victim.user.name.as_str(), victim.wrong_code());
    let by = |method: &str, code: &str| match method {
        "Verify" => verify(&victim.user, code, "login"),
        "BeginEnrolment" => json!({ "user": name, "replace": true, "current_code": code }),
        _ => json!({ "user": name, "current_code": code }),
    };
    let mut connection = authenticated(victim.user.uid, name);
    let methods = ["Verify", "BeginEnrolment", "RegenerateBackupCodes", "Disable"];
    for method in methods {
        // What cannot be a code is neither evaluated nor counted, and tells nothing.
        for shapeless in ["12345", "1234567", "12345x", ""] {
            let answer = connection.call(method, &by(method, shapeless));
            assert_eq!(error_of(&answer), Some("NotACode"), "{method} {shapeless:?}");
        }
    }
    assert_eq!(status(&victim)["failures"], 0);
    for (failures, method) in methods.iter().chain(&["Disable"]).enumerate() {
        let begun = Instant::now();
        let answer = connection.call(method, &by(method, &wrong));
        assert_eq!(verdict(&answer), "wrong", "{method}");
        assert!(begun.elapsed() >= DELAY, "{method}: told after {:?}", begun.elapsed());
        assert_eq!(status(&victim)["failures"], failures + 1, "{method}");
    }
    for method in methods {
        let answer = connection.call(method, &by(method, &victim.code()));
        assert_eq!(verdict(&answer), "wait", "{method}");
    }
    assert_eq!(counted(Path::new(STORE), &victim), counted_at_logins(5));
}

#[test]
fn hanging_up_before_the_answer_saves_no_time_and_hides_no_failure() {
    let victim = enrol("u112");
    let uid = victim.user.uid;
    let guess = verify(&victim.user, &victim.wrong_code(), "trial");
    let message = json!({ "method": "io.cloud2fa.Verify", "parameters": guess }).to_string() + "\0";
    until_there_are_none(uid);
    let begun = Instant::now();
    let mut connection = connect(uid);
    connection.send(message.as_bytes());
    drop(connection);
    // It is written down before it is told: GetStatus shows it at once. That tells no more than
    // the answer will, and the place is taken until the answer would have come.
    wait_for("the failure", || (status(&victim)["failures"] == 1).then_some(()));
    let counted_after = begun.elapsed();
    until_there_are_none(uid);
    let ended_after = begun.elapsed();
    eprintln!("counted after {counted_after:?}, the place was free after {ended_after:?}");
    assert!(ended_after >= DELAY, "{ended_after:?}");
    for _ in 0..20 {
        let mut connection = connect(uid);
        connection.send(message.as_bytes());
    }
    until_there_are_none(uid);
    let failures = status(&victim)["failures"].as_u64().unwrap();
    assert!((2..=5).contains(&failures), "{failures} were evaluated");
}

/// How long passwords are tried, by each way.
const GUESSING: Duration = Duration::from_secs(6);

/// How many try at once.
const GUESSERS: usize = 16;

/// Tries `guess` over and over, in so many threads at once; gives how often it was begun in
/// GUESSING.
fn tries(threads: usize, guess: impl Fn() + Sync) -> u32 {
    let (count, begun) = (AtomicU32::new(0), Instant::now());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while begun.elapsed() < GUESSING {
                    count.fetch_add(1, Ordering::Relaxed);
                    guess();
                }
            });
        }
    });
    count.into_inner()
}

/// A program of the user's own that reads the password from its standard input.
fn ask(user: &str, program: &[&str], password: &[u8]) {
    let words = as_user(user, program);
    let mut child = Command::new(words[0])
        .args(&words[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("setpriv starts");
    let _ = child.stdin.take().expect("piped").write_all(password);
    assert!(!child.wait().expect("it ends").success(), "the password is wrong");
}

/// The passwords of this user that the service has checked.
fn checked_by_the_service(uid: u32) -> u32 {
    let log = std::fs::read_to_string(service::LOG).unwrap();
    let (uid, reason) = (format!(" uid={uid} "), " reason=wrong_password ");
    let lines = log.lines().filter(|line| line.contains(&uid) && line.contains(reason));
    lines.count().try_into().unwrap()
}

#[test]
fn passwords_are_tried_no_faster_than_by_su() {
    service::start();
    let uid = of_this_machine("u113").uid;
    let guess = json!({ "method": "io.cloud2fa.Authenticate", "parameters": { "user": "u113", "password": "no" } });
    let guess = guess.to_string() + "\0";
    // The fastest that there is: nobody waits for the answer, which is late where it is no.
    tries(GUESSERS, || connect(uid).send(guess.as_bytes()));
    // With those that are being checked.
    let by_service = checked_by_the_service(uid) + u32::try_from(instances_of(uid).len()).unwrap();
    let su = machine::program("su", "util-linux");
    let su = [su.to_str().unwrap(), "u114", "-c", "true"];
    let by_su = tries(GUESSERS, || ask("u114", &su, b"no\n"));
    // What pam_unix itself gives each user for the own password; it has no delay.
    let helper = machine::program("unix_chkpwd", "libpam-modules-bin");
    let helper = [helper.to_str().unwrap(), "u115", "nonull"];
    let by_helper = tries(1, || ask("u115", &helper, b"no\0"));
    let a_minute = |tries: u32| u64::from(tries) * 60 / GUESSING.as_secs();
    eprintln!(
        "passwords a minute: {} by the service, {} by as many su, {} by unix_chkpwd",
        a_minute(by_service),
        a_minute(by_su),
        a_minute(by_helper)
    );
    assert!(by_service >= 4, "the service was asked");
    // However many are started: four places, each of them taken for a second at least, since
    // libpam's delay of two seconds varies by a half (pam_fail_delay(3)).
    assert!(by_service <= 4 * 7, "{by_service}");
    assert!(by_service <= by_su && by_service <= by_helper, "{by_service} {by_su} {by_helper}");
}
