//! What `cloud2fa doctor` says of a stack is what libpam does with it: for each stack a login that
//! should not get in, or should. And no way in that libpam has is unknown to doctor.
#![allow(missing_docs)]

use cloud2fa_tests::checkup::{Checkup, look, set_service};
use cloud2fa_tests::libpam::{Application, in_order};
use cloud2fa_tests::{Code, Message, Reply};
use proptest::prelude::*;
use std::path::Path;

/// The password of everybody on this machine.
const PASSWORD: &str = "pw";

/// Who logs in, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Login {
    /// With the password and a wrong code.
    WrongCode,
    /// With the password alone: nothing else must be asked for.
    PasswordAlone,
    /// With the right code alone: nothing else must be asked for.
    CodeAlone,
    /// With both, right.
    Both,
}

/// Whether alice gets in at sshd's stack.
fn gets_in(checkup: &Checkup, login: Login) -> bool {
    let answers = match login {
        Login::WrongCode => vec![PASSWORD.to_owned(), checkup.alice.wrong_code()],
        Login::PasswordAlone => vec![PASSWORD.to_owned()],
        Login::CodeAlone => vec![checkup.alice.code()],
        Login::Both => vec![PASSWORD.to_owned(), checkup.alice.code()],
    };
    let replies = answers.iter().map(|answer| Reply::from(answer.as_str())).collect();
    let mut application =
        Application::start(Path::new("/etc/pam.d"), "sshd", Some("alice"), in_order(replies));
    application.authenticate(0) == Code::SUCCESS
}

const CODE: &str = "auth required /run/pam_cloud2fa.so";
const NONE: &str = "-auth required pam_nosuch.so";

/// The stack, what doctor must say of it (nothing: it is fine), a login, and whether it gets in.
const STACKS: &[(&[&str], &str, Login, bool)] = &[
    (&["@include common-auth", CODE], "", Login::Both, true),
    (&["@include common-auth", CODE], "", Login::WrongCode, false),
    (&["@include common-auth", CODE], "", Login::PasswordAlone, false),
    (&["auth substack system-auth", CODE], "", Login::WrongCode, false),
    (&["auth substack system-auth", CODE], "", Login::Both, true),
    (&["auth include system-auth", CODE], "jumped_past", Login::PasswordAlone, true),
    (
        &["@include common-auth", "auth optional /run/pam_cloud2fa.so"],
        "wrong_code_lets_in",
        Login::WrongCode,
        true,
    ),
    (
        &["@include common-auth", "auth sufficient /run/pam_cloud2fa.so"],
        "wrong_code_lets_in",
        Login::WrongCode,
        true,
    ),
    (
        &["@include common-auth", "auth [success=ok default=ignore] /run/pam_cloud2fa.so"],
        "wrong_code_lets_in",
        Login::WrongCode,
        true,
    ),
    (
        &[
            "@include common-auth",
            "auth [success=ok auth_err=reset default=bad] /run/pam_cloud2fa.so",
            "auth required pam_permit.so",
        ],
        "wrong_code_lets_in",
        Login::WrongCode,
        true,
    ),
    (
        &[
            "@include common-auth",
            "auth [success=ok auth_err=2 default=bad] /run/pam_cloud2fa.so",
            "auth optional pam_permit.so",
        ],
        "",
        Login::WrongCode,
        false,
    ),
    (
        &["@include common-auth", "auth [success=ok default=ok] /run/pam_cloud2fa.so"],
        "",
        Login::WrongCode,
        false,
    ),
    (
        &["@include common-auth", "auth [success=ok default=done] /run/pam_cloud2fa.so"],
        "",
        Login::WrongCode,
        false,
    ),
    (
        &[
            "@include common-auth",
            "auth \\",
            "  [success = ok  default = die] \\",
            "/run/pam_cloud2fa.so # yes",
        ],
        "",
        Login::Both,
        true,
    ),
    (
        &[
            "auth [success=2 default=ignore] pam_unix.so",
            "auth requisite pam_deny.so",
            CODE,
            "auth required pam_permit.so",
        ],
        "jumped_past",
        Login::PasswordAlone,
        true,
    ),
    (
        &["auth [success=1 default=ignore] pam_unix.so", "auth requisite pam_deny.so", CODE],
        "",
        Login::Both,
        true,
    ),
    (
        &["@include common-auth", "auth sufficient pam_permit.so", CODE],
        "jumped_past",
        Login::PasswordAlone,
        true,
    ),
    (
        &[
            "@include common-auth",
            "auth [success=1 default=ignore] pam_succeed_if.so quiet user = alice",
            CODE,
        ],
        "exempt",
        Login::PasswordAlone,
        true,
    ),
    (&[CODE], "sshd_code_alone", Login::CodeAlone, true),
    (&["auth optional pam_faildelay.so", CODE], "sshd_code_alone", Login::CodeAlone, true),
    (
        &["@include common-auth", "auth [success=ok] /run/pam_cloud2fa.so"],
        "",
        Login::WrongCode,
        false,
    ),
    (
        &["@include common-auth", "auth perhaps /run/pam_cloud2fa.so"],
        "nobody_gets_in",
        Login::Both,
        false,
    ),
    (
        &["@include common-auth", CODE, "auth include no-such-file"],
        "nobody_gets_in",
        Login::Both,
        false,
    ),
    (
        &["@include common-auth", "auth [success=9 default=bad] /run/pam_cloud2fa.so"],
        "nobody_gets_in",
        Login::Both,
        false,
    ),
    (
        &["@include common-auth", CODE, "auth substack deny-all"],
        "nobody_gets_in",
        Login::Both,
        false,
    ),
    (
        &["@include common-auth", "auth required /run/pam_cloud2fa.so nulok"],
        "bad_argument",
        Login::Both,
        false,
    ),
    (
        &["@include common-auth", "auth required /run/pam_cloud2fa.so nullok\r"],
        "bad_argument",
        Login::Both,
        false,
    ),
    (
        &["@include common-auth", "auth required \u{a0}/run/pam_cloud2fa.so"],
        "module_unusable",
        Login::Both,
        false,
    ),
    (
        &["@include common-auth", CODE, "sesion required pam_permit.so"],
        "nobody_gets_in",
        Login::Both,
        false,
    ),
    (&["@include common-auth", CODE, "sesion optional pam_permit.so"], "", Login::Both, true),
    (
        &["@include common-auth", CODE, "@inlcude common-account"],
        "nobody_gets_in",
        Login::Both,
        false,
    ),
    (
        &["@include common-auth", CODE, "sesion include deny-all"],
        "nobody_gets_in",
        Login::Both,
        false,
    ),
    (&["@include common-auth", CODE, "account include no-such-file"], "", Login::Both, true),
    (&["@include common-auth", CODE, "account"], "", Login::Both, true),
    (&["@include common-auth", CODE, "auth optional"], "", Login::Both, true),
    (
        &[
            "@include common-auth",
            "auth [success=ok ignore=ignore default=die oops] /run/pam_cloud2fa.so",
        ],
        "nobody_gets_in",
        Login::Both,
        false,
    ),
    (
        &["@include common-auth", "auth [Success=ok default=die] /run/pam_cloud2fa.so"],
        "nobody_gets_in",
        Login::Both,
        false,
    ),
    (
        &["@include common-auth", "auth success=okdefault=die /run/pam_cloud2fa.so"],
        "",
        Login::Both,
        true,
    ),
    (&["@include common-auth", "auth required \\ ", "/run/pam_cloud2fa.so"], "", Login::Both, true),
    (&["@include common-auth", CODE, "auth include cut-off"], "nobody_gets_in", Login::Both, false),
    (&["@include below/auth", CODE], "", Login::Both, true),
    (
        &["@include common-auth", "auth required /run/pam_cloud2fa.so use_first_pass"],
        "first_pass_is_password",
        Login::Both,
        false,
    ),
    (
        &["auth required pam_exec.so quiet /bin/true", CODE],
        "sshd_code_alone",
        Login::CodeAlone,
        true,
    ),
    (
        &["@include common-auth", "auth required pam_cloud2fa.so"],
        "module_unusable",
        Login::Both,
        false,
    ),
    (
        &["@include common-auth", "-auth required pam_cloud2fa.so"],
        "module_unusable",
        Login::Both,
        false,
    ),
    (&["@include common-auth", CODE, NONE], "other_module_unusable", Login::Both, false),
    (&["@include common-auth", CODE, "-auth optional pam_nosuch.so"], "", Login::Both, true),
];

#[test]
fn doctor_says_of_a_stack_what_libpam_does_with_it() {
    // These are about users and policy; and the notes.
    let aside = ["not_enrolled", "unenrolled_refused", "sshd_root_locked_out", "clock_unknown"];
    for (stack, expected, login, expected_in) in STACKS {
        let checkup = Checkup::healthy();
        set_service(
            "system-auth",
            &[
                "auth required pam_env.so",
                "auth sufficient pam_unix.so",
                "auth required pam_deny.so",
            ],
        );
        set_service("deny-all", &["auth optional pam_permit.so", "auth requisite pam_deny.so"]);
        set_service("cut-off", &["auth optional pam_permit.so \\"]);
        std::fs::create_dir("/etc/pam.d/below").expect("a directory");
        set_service("below/auth", &["auth required pam_unix.so"]);
        set_service("sshd", stack);
        assert_eq!(gets_in(&checkup, *login), *expected_in, "{login:?} at {stack:?}");
        let found = look(&[]).findings.into_iter().map(|(_, id)| id);
        let found: Vec<_> = found.filter(|id| !aside.contains(&id.as_str())).collect();
        let expected: Vec<_> = Some(*expected).filter(|id| !id.is_empty()).into_iter().collect();
        assert_eq!(found, expected, "{stack:?}");
    }
}

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
