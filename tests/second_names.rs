//! Several names of one uid: whose enrolment is asked for at their logins, whatever the policy, and
//! what the command says and does by such a name. The users are made and deleted by the system's
//! own programs.
#![allow(missing_docs)]

use cloud2fa::{Secret, Store};
use cloud2fa_tests::command::{self, Ended, run};
use cloud2fa_tests::user::{self, of_this_machine};
use cloud2fa_tests::{Code, Enrolled, Fixture, Reply, index, machine};
use serde_json::json;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The tests change the machine's users.
fn alone() -> MutexGuard<'static, ()> {
    static USERS_ARE_OURS: Mutex<()> = Mutex::new(());
    machine::must_be_private();
    USERS_ARE_OURS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn useradd(arguments: &[&str]) {
    let mut command = Command::new(machine::program("useradd", "passwd"));
    let ended =
        command::ended(command.args(["--no-create-home", "--shell=/bin/sh"]).args(arguments));
    assert_eq!(ended.status, 0, "{ended:?}");
}

fn userdel(name: &str) {
    let ended = command::ended(Command::new(machine::program("userdel", "passwd")).arg(name));
    assert_eq!(ended.status, 0, "{ended:?}");
}

/// A store with a user who was made for it, enrolled, and a second name of the uid.
fn with_second_name(name: &str, second: &str) -> (Fixture, Enrolled) {
    useradd(&[name]);
    let fixture = Fixture::new();
    let enrolled = fixture.enrol(name);
    useradd(&["--non-unique", "--uid", &enrolled.user.uid.to_string(), second]);
    (fixture, enrolled)
}

/// Configuration and arguments of each policy.
const POLICIES: [(&str, &str); 6] = [
    ("", "CONFIG"),
    ("", "CONFIG nullok"),
    ("unenrolled = \"refuse\"", "CONFIG nullok"),
    ("unenrolled = \"refuse\"", "CONFIG"),
    ("unenrolled = \"allow\"", "CONFIG"),
    ("unenrolled = \"allow\"", "CONFIG nullok"),
];

#[test]
fn a_second_name_is_asked_for_the_code_of_the_enrolled_one_under_every_policy() {
    let _alone = alone();
    let (fixture, anna) = with_second_name("anna", "anna2");
    for (number, (config, arguments)) in (0..).zip(POLICIES) {
        fixture.set_config(config);
        let about = format!("{config} {arguments}");
        let log = |decision: &str, reason: &str| {
            let (_, line) = fixture.last_log_line();
            let begin = format!("{decision} user=\"anna2\" reason={reason} factor=token ");
            let end = " detail=\"the enrolment is anna's\"";
            assert!(line.starts_with(&begin) && line.ends_with(end), "{about}: {line}");
        };
        let wrong = fixture.raw("anna2", arguments, vec![Reply::from(&anna.wrong_code())]);
        assert_eq!((wrong.code, wrong.asked().len()), (Code::AUTH_ERR, 1), "{about}");
        log("refused", "wrong_code");
        let code = &anna.backup_codes[number];
        let right = fixture.raw("anna2", arguments, vec![Reply::from(code)]);
        assert_eq!(right.code, Code::SUCCESS, "{about}");
        // What it was good for once it is for no name any more.
        for name in ["anna", "anna2"] {
            let again = fixture.raw(name, arguments, vec![Reply::from(code)]);
            assert_eq!(again.code, Code::AUTH_ERR, "{about}: {name}");
        }
    }
    assert_eq!(fixture.raw("anna2", "CONFIG", vec![Reply::from(&anna.code())]).code, Code::SUCCESS);
    assert!(fixture.last_log_line().1.ends_with(" detail=\"the enrolment is anna's\""));
    // Who has none of either name's uid is none of anna's.
    assert_eq!(fixture.raw("bob", "CONFIG nullok", vec![]).code, Code::IGNORE);
    assert!(!fixture.last_log_line().1.contains("detail="));
}

#[test]
fn who_gets_the_uid_of_a_deleted_user_inherits_no_factor() {
    let _alone = alone();
    useradd(&["beata"]);
    let fixture = Fixture::new();
    let gone = fixture.enrol("beata");
    userdel("beata");
    // Given anew at once (useradd(8), the first free one behind the last).
    useradd(&["berta"]);
    assert_eq!(of_this_machine("berta").uid, gone.user.uid, "what this test is about");
    let let_in = fixture.raw("berta", "CONFIG nullok", vec![]);
    assert_eq!((let_in.code, let_in.messages.len()), (Code::IGNORE, 0));
    let line = fixture.last_log_line().1;
    assert!(line.starts_with("skipped user=\"berta\" reason=not_enrolled "), "{line}");
    assert!(!line.contains("detail="), "{line}");
    let refused = fixture.raw("berta", "CONFIG", vec![Reply::from(&gone.code())]);
    assert_eq!(refused.code, Code::AUTH_ERR, "the code of somebody else");
    assert!(fixture.last_log_line().1.contains(" reason=not_enrolled "));
    let status = run(&fixture, &["status", "--user", "berta", "--json"]).last();
    assert_eq!((&status["enrolled"], status.get("enrolment_of")), (&json!(false), None));
    // And has an enrolment like everybody else, beside what is left.
    let berta = fixture.enrol("berta");
    assert_eq!(
        fixture.raw("berta", "CONFIG", vec![Reply::from(&berta.code())]).code,
        Code::SUCCESS
    );
    assert_eq!(index::names(&fixture.store_path(), gone.user.uid).unwrap(), "beata/berta");
    let listed = run(&fixture, &["list"]);
    assert!(listed.output.contains("; the system has no such user"), "{listed:?}");
}

#[test]
fn who_is_enrolled_under_both_names_has_two_and_a_third_is_asked_for_the_first() {
    let _alone = alone();
    let (fixture, cora) = with_second_name("cora", "cleo");
    let cleo = fixture.enrol("cleo");
    useradd(&["--non-unique", "--uid", &cora.user.uid.to_string(), "zora"]);
    let login = |name: &str, code: &str| fixture.raw(name, "CONFIG", vec![Reply::from(code)]).code;
    assert_eq!(login("zora", &cora.code()), Code::AUTH_ERR);
    assert_eq!(login("zora", &cleo.code()), Code::SUCCESS, "the first in their order");
    assert_eq!(login("cora", &cora.code()), Code::SUCCESS, "its own");
    userdel("cleo");
    assert_eq!(login("zora", &cora.code_at(1)), Code::SUCCESS, "who is gone counts no more");
    userdel("cora");
    assert_eq!(fixture.raw("zora", "CONFIG nullok", vec![]).code, Code::IGNORE);
}

/// What `--json` said last, of a command that ended well.
fn said(ended: &Ended) -> serde_json::Value {
    assert_eq!(ended.status, 0, "{ended:?}");
    ended.last()
}

#[test]
fn root_s_verbs_act_on_the_enrolment_and_say_whose_it_is() {
    let _alone = alone();
    let (fixture, dora) = with_second_name("dora", "dora2");
    let about_dora = |ended: &Ended, key: &str| {
        let said = said(ended);
        let (done, user, whose) = (&said[key], &said["user"], &said["enrolment_of"]);
        assert_eq!(
            (done, user, whose),
            (&json!(true), &json!("dora2"), &json!("dora")),
            "{ended:?}"
        );
    };
    about_dora(&run(&fixture, &["status", "--user", "dora2", "--json"]), "enrolled");
    let shown = run(&fixture, &["status", "--user", "dora2"]).output;
    assert!(
        shown.contains("so this is about dora.") && shown.contains("User:                 dora\n"),
        "{shown}"
    );

    fixture.fail(&dora, 3);
    about_dora(&run(&fixture, &["unlock", "dora2", "--json"]), "unlocked");
    assert_eq!(fixture.status(&dora).failures, 0);

    let mut verify = command::Dialogue::start(&fixture, &["verify", "--user", "dora2"]);
    assert_eq!(verify.line()["ask"], "code");
    verify.answer(&dora.code());
    let last = said(&verify.end());
    assert_eq!((&last["verdict"], &last["enrolment_of"]), (&json!("accepted"), &json!("dora")));

    let ended = run(&fixture, &["regenerate", "--user", "dora2", "--json"]);
    about_dora(&ended, "regenerated");
    let new = ended.last()["backup_codes"][0].as_str().unwrap().to_owned();
    assert_eq!(fixture.raw("dora", "CONFIG", vec![Reply::from(&new)]).code, Code::SUCCESS);

    about_dora(&run(&fixture, &["disable", "--user", "dora2", "--json"]), "disabled");
    let mut store = fixture.store();
    assert!(store.status(&dora.user, &user::now).unwrap().status().is_none());
    let ended = run(&fixture, &["disable", "--user", "dora2", "--json"]);
    assert_eq!((ended.status, &ended.last()["error"]), (4, &json!("not_enrolled")));
}

#[test]
fn root_enrols_a_second_name_besides() {
    let _alone = alone();
    let (fixture, edda) = with_second_name("edda", "edda2");
    let mut enable = command::Dialogue::start(&fixture, &["enable", "--user", "edda2"]);
    let secret = Secret::from_base32(enable.line()["secret"].as_str().unwrap()).unwrap();
    assert_eq!(enable.line()["ask"], "code");
    enable.answer(secret.token_at(user::step_with_time_left(user::A_MOMENT)).as_str());
    let last = said(&enable.end());
    assert_eq!((&last["user"], last.get("enrolment_of")), (&json!("edda2"), None));
    let old = fixture.raw("edda2", "CONFIG", vec![Reply::from(&edda.backup_codes[0])]);
    assert_eq!(old.code, Code::AUTH_ERR, "it has its own now");
    let names = index::names(&fixture.store_path(), edda.user.uid).unwrap();
    assert_eq!(names, "edda/edda2");
}

#[test]
fn an_incomplete_index_changes_nothing_of_whom_is_asked() {
    let _alone = alone();
    let (fixture, frida) = with_second_name("frida", "frida2");
    let store = fixture.store_path();
    std::fs::remove_file(index::entry(&store, frida.user.uid)).unwrap();
    let let_in = fixture.raw("frida2", "CONFIG nullok", vec![]);
    assert_eq!(let_in.code, Code::IGNORE, "what a complete index lacks is not there");
    user::write_private(&store.join(".store"), b"format = 1\nid = \"00\"\n");
    let code = &frida.backup_codes[0];
    let asked = fixture.raw("frida2", "CONFIG nullok", vec![Reply::from(code)]);
    assert_eq!(asked.code, Code::SUCCESS);
    let marker = std::fs::read(store.join(".store")).unwrap();
    assert_eq!(marker, b"format = 1\nid = \"00\"\n", "a login does not make it");
    assert_eq!(index::names(&store, frida.user.uid), None, "nor an entry");
    assert!(run(&fixture, &["list"]).errors.contains("index of uids is incomplete"));
    let init = run(&fixture, &["init"]);
    assert!(init.output.ends_with(" Its index of uids is now complete.\n"), "{init:?}");
    assert_eq!(index::names(&store, frida.user.uid).unwrap(), "frida");
    let asked = fixture.raw("frida2", "CONFIG nullok", vec![Reply::from(&frida.backup_codes[1])]);
    assert_eq!(asked.code, Code::SUCCESS);
}
