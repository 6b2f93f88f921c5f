//! No way in that libpam has is unknown to `cloud2fa doctor`: random stacks, by logins.
#![allow(missing_docs)]

use cloud2fa_tests::checkup::{Checkup, look, set_service};
use cloud2fa_tests::libpam::{Application, in_order};
use cloud2fa_tests::{Code, Message, Reply};
use proptest::prelude::*;
use std::path::Path;

/// A control, as words or in brackets, whether it makes sense or not.
fn control() -> impl Strategy<Value = String> {
    let code =
        prop::sample::select(&["success", "auth_err", "ignore", "default", "user_unknown"][..]);
    let action = prop::sample::select(
        &["ok", "ok", "ignore", "ignore", "done", "die", "bad", "reset", "1", "2", "3"][..],
    );
    let pair = (code, action).prop_map(|(code, action)| format!("{code}={action}"));
    let pairs =
        prop::collection::vec(pair, 1..5).prop_map(|pairs| format!("[{}]", pairs.join(" ")));
    let word = &["required", "requisite", "sufficient", "optional"][..];
    prop_oneof![pairs, prop::sample::select(word).prop_map(str::to_owned)]
}

/// A line: `password` stands for a module whose outcome is said, and which counts as one that has
/// checked something.
fn line() -> impl Strategy<Value = String> {
    let module = prop::sample::select(
        &[
            "pam_debug.so auth=success",
            "pam_debug.so auth=auth_err",
            "pam_debug.so auth=user_unknown",
            "pam_permit.so",
            "pam_deny.so",
        ][..],
    );
    let line = (control(), module).prop_map(|(control, module)| format!("auth {control} {module}"));
    // What people type, too.
    let odd = prop::sample::select(
        &[
            "sesion optional pam_permit.so",
            "@inlcude other-auth",
            "auth optional",
            "auth [success=ok default=ignore oops] pam_permit.so",
            "auth success=okdefault=ignore pam_permit.so",
            "auth [Success=ok default=ignore] pam_permit.so",
            "auth [SUFFICIENT] pam_permit.so",
            "account include third-auth",
            "account",
            "sesion include third-auth",
            "auth optional \\ \n\tpam_permit.so",
        ][..],
    );
    prop_oneof![9 => line, 1 => odd.prop_map(str::to_owned)]
}

/// A stack with the module in it, once, and the file that it may include.
fn stack() -> impl Strategy<Value = (Vec<String>, Vec<String>)> {
    let ours = control().prop_map(|control| format!("auth {control} /run/pam_cloud2fa.so"));
    let include =
        prop::sample::select(&["auth include other-auth", "auth substack other-auth"][..]);
    let lines = || prop::collection::vec(line(), 0..4);
    let before = (lines(), prop::option::of(include), lines());
    let before = before.prop_map(|(first, include, rest)| {
        let include = include.map(str::to_owned);
        first.into_iter().chain(include).chain(rest).collect::<Vec<_>>()
    });
    let stack = (before, ours, lines()).prop_map(|(before, ours, behind)| {
        before.into_iter().chain([ours]).chain(behind).collect()
    });
    (stack, lines())
}

/// Logs alice in at sshd's stack. Gives whether she gets in, and whether the module has asked.
fn log_in(answer: &str) -> (bool, bool) {
    let replies = vec![Reply::from(answer)];
    let mut application =
        Application::start(Path::new("/etc/pam.d"), "sshd", Some("alice"), in_order(replies));
    let let_in = application.authenticate(0) == Code::SUCCESS;
    (let_in, application.messages().iter().any(Message::is_prompt))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_way_in_that_libpam_has_is_unknown_to_doctor((stack, other) in stack()) {
        let checkup = Checkup::healthy();
        let lines: Vec<_> = stack.iter().map(String::as_str).collect();
        let others: Vec<_> = other.iter().map(String::as_str).collect();
        set_service("other-auth", &others);
        set_service("third-auth", &["auth required pam_debug.so auth=success"]);
        set_service("sshd", &lines);
        let found = look(&[]).findings;
        let says = |ids: &[&str]| found.iter().any(|(_, id)| ids.contains(&id.as_str()));
        let (let_in, asked) = log_in(&checkup.alice.wrong_code());
        if let_in && asked {
            prop_assert!(says(&["wrong_code_lets_in"]), "{found:?}");
        } else if let_in {
            prop_assert!(says(&["jumped_past", "other_way_in"]), "{found:?}");
        }
        let (let_in, _) = log_in(&checkup.alice.code());
        prop_assert!(!(let_in && says(&["nobody_gets_in"])), "{found:?}");
    }
}
