//! What `cloud2fa doctor` says of a stack is what libpam does with it: for each stack a login that
//! should not get in, or should.
#![allow(missing_docs)]

use cloud2fa_tests::checkup::{Checkup, look, set_service};
use cloud2fa_tests::libpam::{Application, in_order};
use cloud2fa_tests::{Code, Reply};
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
