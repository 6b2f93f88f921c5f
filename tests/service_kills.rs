//! The service, killed at each system call of each method that changes something: the user
//! has the old second factor or the new one, whole, no code is taken twice, and the next call
//! goes on.
#![allow(missing_docs)]

use cloud2fa::Secret;
use cloud2fa_tests::command::Dialogue;
use cloud2fa_tests::processes::wait_for;
use cloud2fa_tests::service::{self, Raw, as_uid};
use cloud2fa_tests::strace::Strace;
use cloud2fa_tests::victim::{Left, Victim};
use cloud2fa_tests::visitor::{self, error_of, instance_of, instances_of, verify};
use cloud2fa_tests::{Enrolled, user};
use serde_json::{Value, json};
use std::path::Path;

/// Kills a method at each of its calls. `begin` gives a new victim, the connection as it must
/// be, and the call's parameters; `look` is given what is left, and the answer.
fn killed_at_each_call(
    method: &str,
    expected: &[Left],
    begin: impl Fn() -> (Victim, Raw, Value),
    look: impl Fn(&Victim, Left, &Value),
) {
    killed_at_each_call_by(|victim| victim.enrolled.user.uid, method, expected, begin, look);
}

/// The same on a connection of the uid that `by` says.
fn killed_at_each_call_by(
    by: impl Fn(&Victim) -> u32,
    method: &str,
    expected: &[Left],
    begin: impl Fn() -> (Victim, Raw, Value),
    look: impl Fn(&Victim, Left, &Value),
) {
    let (victim, connection, parameters) = begin();
    let (answer, mut calls) = Victim::traced(by(&victim), connection, method, &parameters, None);
    let answer = answer.expect("an answer");
    assert_eq!(error_of(&answer), None, "{answer}");
    // How often something is drawn again, or waited for, is chance, and nothing is changed by it.
    calls.retain(|call| !["getrandom", "poll"].contains(&call.name.as_str()));
    let mut left = Vec::new();
    let mut silent = 0;
    for call in &calls {
        let (victim, connection, parameters) = begin();
        let (answer, _) = Victim::traced(by(&victim), connection, method, &parameters, Some(call));
        let found = victim.left();
        let told = answer.is_some();
        assert!(!told || Some(&found) == expected.last(), "{call:?}: told {answer:?}, {found:?}");
        silent += usize::from(!told);
        look(&victim, found, &parameters);
        left.push(found);
    }
    let counts = expected.iter().map(|state| left.iter().filter(|found| *found == state).count());
    let counts: Vec<_> = counts.collect();
    eprintln!(
        "{method}: {} kills, {silent} without an answer; {expected:?}: {counts:?}",
        left.len()
    );
    assert!(left.is_sorted() && !counts.contains(&0), "{left:?}");
    assert_eq!(counts.iter().sum::<usize>(), left.len(), "{left:?}");
    assert!(silent > counts[0], "the answer is the last that there is");
}

#[test]
fn verify_may_be_killed_at_each_system_call() {
    let begin = || {
        let victim = Victim::enrolled("u120");
        let user = &victim.enrolled.user;
        let login = verify(user, &victim.enrolled.backup_codes[0], "login");
        let connection = victim.connection();
        (victim, connection, login)
    };
    killed_at_each_call("Verify", &[Left::Old, Left::Spent], begin, |victim, left, call| {
        let again = victim.login(call["code"].as_str().unwrap());
        assert_eq!(again, if left == Left::Old { "accepted" } else { "replayed" });
        assert_eq!(victim.login(&victim.enrolled.code()), "accepted");
    });
}

/// Two records are written then, of the pair and of the user.
#[test]
fn so_may_the_verify_of_a_daemon_that_verifies_for_others() {
    service::start();
    std::fs::create_dir_all("/etc/cloud2fa").unwrap();
    std::fs::write("/etc/cloud2fa/cloud2fa.toml", "verifiers = [\"mail\"]\n").unwrap();
    let mail = user::of_this_machine("mail").uid;
    let begin = || {
        let victim = Victim::enrolled("u127");
        let mut call = verify(&victim.enrolled.user, &victim.enrolled.backup_codes[0], "login");
        call["code"] = json!(victim.enrolled.code());
        wait_for("the end of other connections", || instances_of(mail).is_empty().then_some(()));
        let mut connection = visitor::connect(mail);
        connection.call("Challenge", &json!({ "user": victim.name() }));
        (victim, connection, call)
    };
    let all = [Left::Old, Left::Spent];
    killed_at_each_call_by(
        |_| mail,
        "Verify",
        &all,
        begin,
        |victim, left, call| {
            let again = visitor::call(mail, "Verify", call);
            let verdict = again["parameters"]["verdict"]["verdict"].as_str();
            assert_eq!(verdict, Some(if left == Left::Old { "accepted" } else { "replayed" }));
            assert_eq!(victim.login(&victim.enrolled.backup_codes[1]), "accepted");
        },
    );
}

#[test]
fn so_may_the_beginning_of_an_enrolment() {
    let begin = || {
        let victim = Victim::enrolled("u121");
        let code = victim.enrolled.code();
        let call = json!({ "user": victim.name(), "replace": true, "current_code": code });
        let connection = victim.connection();
        (victim, connection, call)
    };
    killed_at_each_call(
        "BeginEnrolment",
        &[Left::Old, Left::Spent],
        begin,
        |victim, left, call| {
            let again = victim.login(call["current_code"].as_str().unwrap());
            assert_eq!(again, if left == Left::Old { "accepted" } else { "replayed" });
            let mut call = call.clone();
            call["current_code"] = json!(victim.enrolled.backup_codes[0]);
            assert_eq!(error_of(&victim.next("BeginEnrolment", &call)), None);
        },
    );
}

/// A victim at the proof of a new key, whose secret takes the place of the old one.
fn at_the_proof(mut victim: Victim, old: &mut Option<Enrolled>) -> (Victim, Raw, Value) {
    let mut connection = victim.connection();
    let mut call = victim.with_code(&victim.enrolled.backup_codes[7]);
    call["replace"] = json!(true);
    let key = connection.call("BeginEnrolment", &call);
    let secret = key["parameters"]["secret"].as_str().unwrap_or_else(|| panic!("{key}"));
    // The code that was spent for it is not what is looked for.
    victim.before = victim.record();
    *old = Some(victim.enrolled.clone());
    victim.enrolled.secret = Secret::from_base32(secret).unwrap();
    let proof = json!({ "code": victim.enrolled.code() });
    (victim, connection, proof)
}

#[test]
fn so_may_the_proof_of_a_first_enrolment() {
    let begin = || at_the_proof(Victim::new("u122"), &mut None);
    killed_at_each_call(
        "ConfirmEnrolment",
        &[Left::Old, Left::New],
        begin,
        |victim, left, proof| {
            let again = victim.login(proof["code"].as_str().unwrap());
            if left == Left::New {
                assert_eq!((again.as_str(), victim.leftovers()), ("replayed", 0));
                assert_eq!(victim.login(&victim.enrolled.code_at(1)), "accepted");
                return;
            }
            assert_eq!(again, "", "there is no enrolment");
            let again = Victim { enrolled: victim.enrolled.clone(), before: None };
            let (again, mut connection, proof) = at_the_proof(again, &mut None);
            assert_eq!(error_of(&connection.call("ConfirmEnrolment", &proof)), None);
            assert_eq!(again.leftovers(), 0);
            assert_eq!(again.login(&again.enrolled.code_at(1)), "accepted");
        },
    );
}

#[test]
fn so_may_the_proof_of_a_replacement() {
    let old = std::cell::RefCell::new(None);
    let begin = || at_the_proof(Victim::enrolled("u123"), &mut old.borrow_mut());
    killed_at_each_call(
        "ConfirmEnrolment",
        &[Left::Old, Left::New],
        begin,
        |victim, left, proof| {
            let old = old.borrow().clone().unwrap();
            if left == Left::Old {
                assert_eq!(victim.login(&old.code()), "accepted");
                assert_eq!(victim.login(&old.backup_codes[0]), "accepted");
            } else {
                assert_eq!(victim.login(proof["code"].as_str().unwrap()), "replayed");
                assert_eq!(victim.login(&victim.enrolled.code_at(1)), "accepted");
                assert!(!victim.record().unwrap().contains(&*old.secret.to_base32()));
            }
        },
    );
}

#[test]
fn so_may_a_regeneration() {
    let begin = || {
        let victim = Victim::enrolled("u124");
        let call = victim.with_code(&victim.enrolled.code());
        let connection = victim.connection();
        (victim, connection, call)
    };
    let all = [Left::Old, Left::Spent, Left::New];
    killed_at_each_call("RegenerateBackupCodes", &all, begin, |victim, left, call| {
        let again = victim.login(call["current_code"].as_str().unwrap());
        assert_eq!(again, if left == Left::Old { "accepted" } else { "replayed" });
        if left != Left::New {
            assert_eq!(victim.login(&victim.enrolled.backup_codes[0]), "accepted");
        }
        let call = victim.with_code(&victim.enrolled.code_at(1));
        assert_eq!(error_of(&victim.next("RegenerateBackupCodes", &call)), None);
    });
}

#[test]
fn so_may_a_disabling() {
    let begin = || {
        let victim = Victim::enrolled("u125");
        let call = victim.with_code(&victim.enrolled.backup_codes[0]);
        let connection = victim.connection();
        (victim, connection, call)
    };
    let all = [Left::Old, Left::Spent, Left::New];
    killed_at_each_call("Disable", &all, begin, |victim, left, call| {
        let again = victim.login(call["current_code"].as_str().unwrap());
        let expected = match left {
            Left::Old => "accepted",
            Left::Spent => "replayed",
            Left::New => "changed",
        };
        assert_eq!(again, expected);
        let answer = victim.next("Disable", &victim.with_code(&victim.enrolled.code()));
        assert_eq!(error_of(&answer), (left == Left::New).then_some("NotEnrolled"));
    });
}

#[test]
fn the_command_says_that_the_service_has_ended_and_can_be_run_again() {
    for kill in ["pwrite64:signal=KILL:when=1", "pwrite64:signal=KILL:when=2"] {
        let victim = Victim::enrolled("u126");
        let uid = victim.enrolled.user.uid;
        let start = || {
            let mut command = as_uid(uid, Path::new(service::COMMAND));
            let mut disable = Dialogue::spawn(command.args(["disable", "--json"]));
            assert_eq!(disable.line(), json!({ "ask": "password" }));
            disable.answer("pw");
            assert_eq!(disable.line(), json!({ "ask": "current_code" }));
            disable
        };
        let mut disable = start();
        let strace = Strace::attach(instance_of(uid), [format!("inject={kill}").as_str()]);
        disable.answer(&victim.enrolled.backup_codes[0]);
        let ended = disable.end();
        strace.calls();
        assert_eq!(ended.last()["error"], "unavailable", "{ended:?}");
        assert_ne!(victim.left(), Left::New);
        let mut disable = start();
        disable.answer(&victim.enrolled.backup_codes[1]);
        assert_eq!(disable.line()["disabled"], true);
    }
}
