//! Names that another uid gets, and names that share one, while a connection is open.
#![allow(missing_docs)]

use cloud2fa::{Secret, User, UserName};
use cloud2fa_tests::service::{self, Raw};
use cloud2fa_tests::user::{self, A_MOMENT, of_this_machine, step_with_time_left};
use cloud2fa_tests::visitor::{self, error_of};
use serde_json::json;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Uids that nobody has.
const NEW_UIDS: u32 = 8000;

/// The tests write one file of users.
fn alone() -> MutexGuard<'static, ()> {
    static USERS_ARE_OURS: Mutex<()> = Mutex::new(());
    let guard = USERS_ARE_OURS.lock().unwrap_or_else(PoisonError::into_inner);
    service::start();
    guard
}

/// The account is deleted, and made anew with the uid `uid`; in one step.
fn move_to_uid(name: &str, uid: u32) {
    let begin = format!("{name}:");
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap();
    let lines = passwd.lines().map(|line| {
        let moved = format!("{name}:x:{uid}:{uid}::/nonexistent:/bin/sh");
        if line.starts_with(&begin) { moved } else { line.to_owned() }
    });
    std::fs::write("/etc/passwd.new", lines.map(|line| line + "\n").collect::<String>()).unwrap();
    std::fs::rename("/etc/passwd.new", "/etc/passwd").unwrap();
    assert_eq!(of_this_machine(name).uid, uid);
}

/// Begins an enrolment of `name` where the password was checked, if need be; gives the key.
fn begin(connection: &mut Raw, name: &str) -> Secret {
    let begun = connection.call("BeginEnrolment", &json!({ "user": name, "replace": false }));
    let secret = begun["parameters"]["secret"].as_str().unwrap_or_else(|| panic!("{begun}"));
    Secret::from_base32(secret).unwrap()
}

fn confirm(connection: &mut Raw, secret: &Secret) -> Option<String> {
    let code = secret.token_at(step_with_time_left(A_MOMENT));
    let answer = connection.call("ConfirmEnrolment", &json!({ "code": code.as_str() }));
    error_of(&answer).map(str::to_owned)
}

fn has_record(name: &str) -> bool {
    Path::new("/var/lib/cloud2fa").join(format!("{name}.account")).exists()
}

#[test]
fn who_has_a_name_now_gets_no_enrolment_of_who_had_it_before() {
    let _alone = alone();
    for (name, as_root) in [("u020", false), ("u021", true)] {
        let old = of_this_machine(name).uid;
        let mut connection =
            if as_root { visitor::connect(0) } else { visitor::authenticated(old, name) };
        let secret = begin(&mut connection, name);
        move_to_uid(name, old + NEW_UIDS);
        let outcome = confirm(&mut connection, &secret);
        assert_eq!(outcome.as_deref(), Some("EnrolmentChanged"), "by root: {as_root}");
        // A record of the old uid would refuse all logins of the new one.
        assert!(!has_record(name), "by root: {as_root}");
        move_to_uid(name, old);
        assert_eq!(confirm(&mut connection, &secret), None, "the same account again");
    }
}

#[test]
fn a_password_checked_before_is_not_the_one_of_who_has_the_name_now() {
    let _alone = alone();
    let old = of_this_machine("u022").uid;
    let mut connection = visitor::authenticated(old, "u022");
    move_to_uid("u022", old + NEW_UIDS);
    let call = json!({ "user": "u022", "replace": false });
    let answer = connection.call("BeginEnrolment", &call);
    assert_eq!(error_of(&answer), Some("NotPermitted"));
}

/// The logins of a name without an enrolment ask for the code of the enrolled name of its uid. With
/// an enrolment of its own they would not any more, and a password would have been enough for it.
#[test]
fn a_second_name_of_an_enrolled_user_is_enrolled_by_root_alone() {
    let _alone = alone();
    let store = Path::new("/var/lib/cloud2fa");
    let first = of_this_machine("u023");
    let shadow = std::fs::read_to_string("/etc/shadow").unwrap();
    let password = shadow.lines().find_map(|line| line.strip_prefix("u023:")).unwrap();
    user::add_alias(&first, "u023-too");
    user::set_shadow("u023-too", password);
    let second = User { name: UserName::new("u023-too").unwrap(), uid: first.uid };
    let by_owner = || {
        let mut connection = visitor::authenticated(first.uid, "u023-too");
        let call = json!({ "user": "u023-too", "replace": false });
        error_of(&connection.call("BeginEnrolment", &call)).map(str::to_owned)
    };
    assert_eq!(by_owner(), None, "neither is enrolled");

    user::enrol(store, first.clone(), Secret::generate().unwrap());
    assert_eq!(by_owner().as_deref(), Some("NotPermitted"));
    let mut root = visitor::connect(0);
    let secret = begin(&mut root, "u023-too");
    assert_eq!(confirm(&mut root, &secret), None, "root may");

    // What is there is the user's own to replace, by its own code.
    let enrolled = user::enrol(store, second, Secret::generate().unwrap());
    let mut connection = visitor::authenticated(first.uid, "u023-too");
    let current = &enrolled.backup_codes[0];
    let call = json!({ "user": "u023-too", "replace": true, "current_code": current });
    assert_eq!(error_of(&connection.call("BeginEnrolment", &call)), None);
}
