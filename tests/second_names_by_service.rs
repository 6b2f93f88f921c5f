//! Several names of one uid, and no root: what the service says and does by a name that has no
//! enrolment of its own, what the command and the module make of it, and what is logged.
#![allow(missing_docs)]

use cloud2fa::Secret;
use cloud2fa_tests::command::{Dialogue, ended};
use cloud2fa_tests::service::{self, COMMAND, as_uid};
use cloud2fa_tests::user::{self, Enrolled, of_this_machine};
use cloud2fa_tests::view::{View, as_user};
use cloud2fa_tests::visitor::{self, error_of};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, PoisonError};

const PAM_HOST: &str = env!("CARGO_BIN_EXE_pam_host");

/// The tests write one file of users.
fn alone() -> MutexGuard<'static, ()> {
    static USERS_ARE_OURS: Mutex<()> = Mutex::new(());
    let guard = USERS_ARE_OURS.lock().unwrap_or_else(PoisonError::into_inner);
    service::start();
    guard
}

/// An enrolled user, and another name of the uid.
fn with_second_name(name: &str) -> (Enrolled, String) {
    let user = of_this_machine(name);
    let second = format!("{name}-too");
    user::add_alias(&user, &second);
    let store = Path::new("/var/lib/cloud2fa");
    (user::enrol(store, user, Secret::generate().unwrap()), second)
}

#[test]
fn a_call_by_a_second_name_is_about_the_enrolment_and_says_whose_it_is() {
    let _alone = alone();
    let (whose, second) = with_second_name("u220");
    let (name, uid) = (whose.user.name.as_str(), whose.user.uid);
    for method in ["GetStatus", "Challenge"] {
        let answer = visitor::call(uid, method, &json!({ "user": second }));
        let answer = &answer["parameters"];
        assert_eq!(
            (&answer["whose"], &answer["standing"]["state"]),
            (&json!(name), &json!("enrolled"))
        );
    }
    let verify = |code: &str| {
        let status = visitor::call(uid, "GetStatus", &json!({ "user": second }));
        let generation = &status["parameters"]["standing"]["generation"];
        let call =
            json!({ "user": second, "generation": generation, "code": code, "purpose": "login" });
        visitor::call(uid, "Verify", &call)["parameters"]["verdict"]["verdict"].clone()
    };
    assert_eq!(verify(&whose.backup_codes[0]), "accepted");
    let line = service::logged(&[&format!(" user=\"{second}\" "), "accepted ", " method=Verify "]);
    assert!(
        line.contains("accepted ")
            && line.ends_with(&format!(" detail=\"the enrolment is {name}'s\"")),
        "{line}"
    );
    assert_eq!(verify(&whose.backup_codes[0]), "replayed");

    let mut connection = visitor::authenticated(uid, &second);
    let change = |code: &str| json!({ "user": second, "current_code": code });
    let answer = connection.call("Disable", &change(&whose.backup_codes[1]));
    assert_eq!(error_of(&answer), None, "{answer}");
    let line = service::logged(&[&format!(" user=\"{name}\" "), " method=Disable "]);
    let asked = format!(" method=Disable detail=\"asked for {second}, who has the same uid\"");
    assert!(line.contains("disabled ") && line.ends_with(&asked), "{line}");
    let status = visitor::call(uid, "GetStatus", &json!({ "user": second }));
    assert_eq!(status["parameters"]["whose"], json!(second), "nobody's any more");
    assert_eq!(status["parameters"]["standing"]["state"], "never_enrolled");
}

/// The command, as the user.
fn cloud2fa(uid: u32, arguments: &[&str]) -> std::process::Command {
    let mut command = as_uid(uid, Path::new(COMMAND));
    command.args(arguments).env("LC_ALL", "C.UTF-8");
    command
}

#[test]
fn the_command_says_whose_enrolment_it_is_and_asks_for_that_one_s_password() {
    let _alone = alone();
    let (whose, second) = with_second_name("u221");
    let (name, uid) = (whose.user.name.as_str(), whose.user.uid);
    let said = |value: &Value| (value["user"].clone(), value["enrolment_of"].clone());
    let about = (json!(second), json!(name));
    let status =
        ended(cloud2fa(uid, &["status", "--user", &second, "--json"]).stdin(Stdio::null()));
    assert_eq!((said(&status.last()), status.status), (about.clone(), 0), "{status:?}");

    // Who has no password of their own changes it with the enrolment's.
    let mut dialogue =
        Dialogue::spawn(&mut cloud2fa(uid, &["regenerate", "--user", &second, "--json"]));
    assert_eq!(dialogue.line()["ask"], "password");
    dialogue.answer("pw");
    assert_eq!(dialogue.line()["ask"], "current_code");
    dialogue.answer(&whose.backup_codes[2]);
    let done = dialogue.end();
    assert_eq!((said(&done.last()), done.status), (about, 0), "{done:?}");

    for replace in [&[][..], &["--replace"]] {
        let arguments = [&["enable", "--user", &second, "--json"], replace].concat();
        let refused = ended(cloud2fa(uid, &arguments).stdin(Stdio::null()));
        assert_eq!((&refused.last()["error"], refused.status), (&json!("already_enrolled"), 4));
        let text = format!("{second} has the same uid as {name} and uses {name}'s codes");
        assert!(refused.output.contains(&text), "{refused:?}");
    }
}

#[test]
fn a_login_by_the_service_is_asked_for_the_enrolment_and_logs_whose_it_is() {
    let _alone = alone();
    let (whose, second) = with_second_name("u222");
    let name = whose.user.name.as_str();
    for (number, arguments) in ["", "nullok"].into_iter().enumerate() {
        let script = as_user(whose.user.uid);
        let view = View::new(PAM_HOST, &format!("second{number}"), &script, arguments);
        let wrong = view.login(&second, &whose.wrong_code());
        assert_eq!((wrong.code.as_str(), wrong.asked), ("PAM_AUTH_ERR", true), "{wrong:?}");
        let right = view.login(&second, &whose.backup_codes[number]);
        assert_eq!(right.code, "PAM_SUCCESS", "{right:?}");
        let begin = format!("accepted user=\"{second}\" ");
        let end = format!(
            " detail=\"wrong codes of the app in 30 days: 1, which count no more; the enrolment is {name}'s\""
        );
        assert!(right.line.starts_with(&begin) && right.line.ends_with(&end), "{right:?}");
    }
}
