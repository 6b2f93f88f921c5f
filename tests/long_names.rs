//! Users whose names are too long to be a file's, and so cannot be enrolled: the policy is theirs as
//! anybody's, and whoever shares a uid with an enrolled user is asked for that one's code.
#![allow(missing_docs)]

use cloud2fa_tests::checkup::shell;
use cloud2fa_tests::command::run;
use cloud2fa_tests::{Code, Fixture, Reply, user};
use std::sync::Once;

/// 23 letters, 69 bytes, 207 as a file's name.
fn long(last: &str) -> String {
    format!("{}{last}", "漢".repeat(22))
}

/// A user of that name with bob's uid, and one with alice's.
fn make_users() {
    static MADE: Once = Once::new();
    MADE.call_once(|| {
        let of = |name: &str, like: &str| {
            let uid = user::uid(like);
            shell(&format!("echo '{name}:x:{uid}:{uid}::/:/bin/sh' >>/etc/passwd"));
        };
        of(&long("字"), "bob");
        of(&long("語"), "alice");
    });
}

#[test]
fn who_cannot_be_enrolled_for_a_name_is_let_in_where_the_policy_lets_the_unenrolled_in() {
    let fixture = Fixture::new();
    make_users();
    let name = long("字");
    for (arguments, expected, decision) in
        [("CONFIG nullok", Code::IGNORE, "skipped"), ("CONFIG", Code::AUTH_ERR, "refused")]
    {
        let outcome = fixture.raw(&name, arguments, vec![Reply::from("123456")]);
        assert_eq!(outcome.code, expected, "{arguments}");
        let (_, line) = fixture.last_log_line();
        let named = format!("{decision} user=\"{name}\" reason=not_enrolled ");
        assert!(line.starts_with(&named), "{line}");
    }
    let refused = run(&fixture, &["enable", "--user", &name]);
    assert!(refused.errors.contains("more than 200 bytes as a file name"), "{refused:?}");
    assert_eq!(refused.status, 1, "{refused:?}");
}

#[test]
fn a_long_name_is_no_way_round_the_enrolment_of_its_uid() {
    let (fixture, alice) = Fixture::with("alice");
    make_users();
    let name = long("語");
    for arguments in ["CONFIG nullok", "CONFIG"] {
        let wrong = fixture.raw(&name, arguments, vec![Reply::from(&alice.wrong_code())]);
        assert_eq!((wrong.code, wrong.asked().len()), (Code::AUTH_ERR, 1), "{arguments}");
    }
    let right = fixture.raw(&name, "CONFIG nullok", vec![Reply::from(&alice.code())]);
    assert_eq!(right.code, Code::SUCCESS);
}
