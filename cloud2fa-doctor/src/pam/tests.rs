//! PAM files as they are found on machines, and what is found in them.

use super::*;
use crate::stack::Unloadable;

/// Debian's, as pam-auth-update writes it; the password may come from two places.
pub const DEBIAN: &str = "auth\t[success=2 default=ignore]\tpam_unix.so nullok\n\
    auth\t[success=1 default=ignore]\tpam_sss.so use_first_pass\n\
    # here's the fallback if no module succeeds\n\
    auth\trequisite\t\t\tpam_deny.so\n\
    auth\trequired\t\t\tpam_permit.so\n";

/// Debian's, of a machine with local users alone.
const DEBIAN_LOCAL: &str = "auth\t[success=1 default=ignore]\tpam_unix.so nullok\n\
    auth\trequisite\t\t\tpam_deny.so\n\
    auth\trequired\t\t\tpam_permit.so\n\
    auth\toptional\t\t\tpam_cap.so \n";

/// Fedora's, as authselect writes it.
pub const FEDORA: &str = "auth        required                                     pam_env.so\n\
    auth        required                                     pam_faildelay.so delay=2000000\n\
    auth        required                                     pam_faillock.so preauth silent\n\
    auth        [default=1 ignore=ignore success=ok]         pam_usertype.so isregular\n\
    auth        [default=1 ignore=ignore success=ok]         pam_localuser.so\n\
    auth        sufficient                                   pam_unix.so nullok\n\
    auth        [default=1 ignore=ignore success=ok]         pam_usertype.so isregular\n\
    auth        sufficient                                   pam_sss.so forward_pass\n\
    auth        required                                     pam_faillock.so authfail\n\
    auth        required                                     pam_deny.so\n";

pub const CODE: &str = "auth required pam_cloud2fa.so\n";

fn facts(files: &[(&str, &str)]) -> Facts {
    let at = |name: &str| {
        if name.starts_with('/') {
            PathBuf::from(name)
        } else {
            PathBuf::from("/etc/pam.d").join(name)
        }
    };
    let files = files.iter().map(|(name, text)| (at(name), text.as_bytes().to_vec())).collect();
    let configs = BTreeMap::from([(None, Ok(Config::default()))]);
    Facts { files: Files(files), configs, ..Facts::default() }
}

/// What is found, the notes on policies left out.
pub(super) fn found(files: &[(&str, &str)]) -> Vec<&'static str> {
    let (findings, _) = check(&facts(files), "sshd");
    let ids = findings.iter().map(|finding| finding.id);
    ids.filter(|id| ![Id::UnenrolledAllowed, Id::UnenrolledRefused].contains(id))
        .map(Id::word)
        .collect()
}

/// What is found in a service of that text, beside Debian's common-auth.
fn found_in(service: &str) -> Vec<&'static str> {
    found(&[("login", service), ("common-auth", DEBIAN)])
}

#[test]
fn the_code_behind_the_password_is_fine_on_every_distribution() {
    let fine: &[&[(&str, &str)]] = &[
        &[("login", &format!("@include common-auth\n{CODE}")), ("common-auth", DEBIAN)],
        &[
            ("login", &format!("auth optional pam_faildelay.so\n@include common-auth\n{CODE}")),
            ("common-auth", DEBIAN_LOCAL),
        ],
        &[("login", "@include common-auth"), ("common-auth", &format!("{DEBIAN}{CODE}"))],
        &[("login", &format!("auth substack system-auth\n{CODE}")), ("system-auth", FEDORA)],
        &[
            ("login", &format!("auth include a\n{CODE}")),
            ("a", "auth include b\n"),
            ("b", DEBIAN_LOCAL),
        ],
        &[(
            "su",
            &format!("auth sufficient pam_rootok.so\nauth required pam_wheel.so\n{DEBIAN}{CODE}"),
        )],
        &[("login", &format!("{DEBIAN}auth requisite pam_cloud2fa.so nullok\n"))],
        &[(
            "login",
            &format!(
                "{DEBIAN}auth [success=ok ignore=ignore default=bad] pam_cloud2fa.so nullok\n"
            ),
        )],
        &[(
            "login",
            "auth required pam_unix.so\n-auth required pam_cloud2fa.so\nauth optional pam_gnome_keyring.so\n",
        )],
        &[("vsftpd", &format!("auth required pam_cloud2fa.so forward_pass\n{DEBIAN}"))],
        &[("cloud2fa", "@include common-auth"), ("common-auth", "auth optional pam_cloud2fa.so\n")],
        &[("login.dpkg-old", "auth optional pam_cloud2fa.so\n")],
        &[("login.save", "auth optional pam_cloud2fa.so\n")],
        &[("LOGIN", "auth optional pam_cloud2fa.so\n")],
        &[("login", &format!("@include below/auth\n{CODE}")), ("below/auth", DEBIAN)],
        &[("login", &format!("{DEBIAN}auth required \\ \n\tpam_cloud2fa.so nullok\n"))],
        &[("login", &format!("{DEBIAN}auth success=okignore=ignore pam_cloud2fa.so nullok\n"))],
        &[("login", &format!("{DEBIAN}{CODE}account include missing\naccount required\n"))],
        &[
            ("login", "auth required pam_unix.so\n"),
            ("/usr/lib/pam.d/login", "auth optional pam_cloud2fa.so\n"),
        ],
    ];
    for files in fine {
        assert_eq!(found(files), [""; 0], "{files:?}");
    }
}

#[test]
fn a_control_that_passes_over_a_refusal_is_found() {
    for (line, expected) in [
        ("auth optional pam_cloud2fa.so", "wrong_code_lets_in"),
        ("auth sufficient pam_cloud2fa.so", "wrong_code_lets_in"),
        ("auth [success=ok default=ignore] pam_cloud2fa.so", "wrong_code_lets_in"),
        ("auth [success=ok auth_err=die default=ignore] pam_cloud2fa.so", "wrong_code_lets_in"),
        (
            "auth [success=ok auth_err=reset default=bad] pam_cloud2fa.so\nauth required pam_permit.so",
            "wrong_code_lets_in",
        ),
        ("auth [success=ok authinfo_unavail=ignore default=bad] pam_cloud2fa.so", "doubt_lets_in"),
        ("auth [success=ok service_err=ignore default=die] pam_cloud2fa.so", "doubt_lets_in"),
        ("auth [success=ok default=die] pam_cloud2fa.so nullok", "policy_without_effect"),
        ("auth [success=bad default=die] pam_cloud2fa.so", "nobody_gets_in"),
        ("auth perhaps pam_cloud2fa.so", "nobody_gets_in"),
        ("auth required pam_cloud2fa.so\nauth requisite pam_deny.so", "nobody_gets_in"),
        ("auth required pam_cloud2fa.so\nauth include no-such-file", "nobody_gets_in"),
        ("auth required pam_cloud2fa.so\nauth required pam_cloud2fa.so", "asked_twice"),
        ("auth required pam_cloud2fa.so nulok", "bad_argument"),
        ("auth required pam_cloud2fa.so nullok\r", "bad_argument"),
        ("auth required pam_cloud2fa.so\nsesion required pam_permit.so", "nobody_gets_in"),
        ("auth required pam_cloud2fa.so\n@inlcude common-account", "nobody_gets_in"),
        ("auth required pam_cloud2fa.so\n@include", "nobody_gets_in"),
        ("auth required pam_cloud2fa.so\naccount required pam_unix.so \\", "nobody_gets_in"),
        ("auth [success=ok ignore=ignore default=die oops] pam_cloud2fa.so", "nobody_gets_in"),
        ("auth [Success=ok default=die] pam_cloud2fa.so", "nobody_gets_in"),
        ("auth required pam_cloud2fa.so use_first_pass", "first_pass_is_password"),
        ("auth required pam_cloud2fa.so forward_pass use_first_pass", "first_pass_is_password"),
        ("account required pam_cloud2fa.so", "wrong_type"),
    ] {
        assert_eq!(found_in(&format!("@include common-auth\n{line}\n")), [expected], "{line}");
    }
}

#[test]
fn a_way_past_the_module_is_found_with_what_leads_there() {
    for (text, expected) in [
        (format!("auth sufficient pam_unix.so\n{CODE}"), "jumped_past"),
        (
            format!(
                "auth [success=2 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n{CODE}auth required pam_permit.so\n"
            ),
            "jumped_past",
        ),
        (format!("auth [success=done default=die] pam_unix.so\n{CODE}"), "jumped_past"),
        (format!("auth include system-auth\n{CODE}"), "jumped_past"),
        (format!("@include common-auth\nauth sufficient pam_permit.so\n{CODE}"), "jumped_past"),
        (format!("auth sufficient pam_fprintd.so\n@include common-auth\n{CODE}"), "other_way_in"),
        (
            format!(
                "@include common-auth\nauth [success=1 default=ignore] pam_google_authenticator.so nullok\n{CODE}"
            ),
            "second_factor_beside",
        ),
        (
            format!("@include common-auth\nauth sufficient pam_u2f.so\n{CODE}"),
            "second_factor_beside",
        ),
        // The password's own modules in that place are as bad as ever, and a key that is touched is no password.
        (
            format!(
                "@include common-auth\nauth [success=1 default=ignore] pam_unix.so nullok\n{CODE}"
            ),
            "jumped_past",
        ),
        (format!("auth sufficient pam_u2f.so\n@include common-auth\n{CODE}"), "other_way_in"),
        (
            format!(
                "@include common-auth\nauth [success=1 default=ignore] pam_succeed_if.so user ingroup exempt\n{CODE}"
            ),
            "exempt",
        ),
        (format!("{CODE}@include common-auth\n"), "before_password"),
        (CODE.to_owned(), "code_alone"),
        (format!("auth optional pam_unix.so\n{CODE}"), "code_alone"),
        (format!("auth required pam_faillock.so preauth\n{CODE}"), "code_alone"),
        (
            "auth required pam_cloud2fa.so nullok\nauth required pam_permit.so\n".to_owned(),
            "code_alone",
        ),
    ] {
        let files = [
            ("login", text.as_str()),
            ("common-auth", DEBIAN),
            ("system-auth", "auth sufficient pam_unix.so\nauth required pam_deny.so\n"),
        ];
        assert!(found(&files).contains(&expected), "{text}: {:?}", found(&files));
    }
}

#[test]
fn what_libpam_cannot_read_is_named_with_its_place() {
    for (behind, place) in [
        ("sesion optional pam_x.so\nauth required\n", "/etc/pam.d/login:3"),
        ("session optional pam_x.so \\\n", "/etc/pam.d/login:2"),
        ("auth include deep\n", "/etc/pam.d/deep:1"),
    ] {
        let text = format!("{CODE}{behind}");
        let (findings, _) = check(&facts(&[("login", &text), ("deep", "@include deep\n")]), "sshd");
        let found = findings.iter().find(|finding| finding.id == Id::NobodyGetsIn).unwrap();
        assert!(found.fix.contains(place), "{text}: {}", found.fix);
    }
    // Whatever the service: libpam reads this file, too.
    let files = [("login", &*format!("{DEBIAN}{CODE}")), ("other", "auth required \\")];
    assert_eq!(found(&files), ["nobody_gets_in"]);
}

#[test]
fn a_module_that_may_check_anything_or_nothing_is_named_where_nothing_else_comes_first() {
    for (before, expected) in [
        ("auth required pam_own.so", &["unknown_before_code"][..]),
        ("auth required pam_exec.so expose_authtok /x", &["unknown_before_code"]),
        ("auth required pam_exec.so /x", &["code_alone"]),
        ("auth required pam_sepermit.so", &["code_alone"]),
        ("auth required pam_own.so\n@include common-auth", &[]),
        ("auth required pam_unix.so\nauth required pam_own.so", &[]),
    ] {
        assert_eq!(found_in(&format!("{before}\n{CODE}")), expected, "{before}");
    }
}

#[test]
fn who_is_not_enrolled_is_let_in_only_where_something_else_lets_in() {
    for (text, unenrolled, expected) in [
        ("auth required pam_cloud2fa.so nullok", Unenrolled::NeverLetIn, Id::UnenrolledRefused),
        (
            "@include common-auth\nauth required pam_cloud2fa.so nullok",
            Unenrolled::LetIn,
            Id::UnenrolledAllowed,
        ),
        (
            "@include common-auth\nauth required pam_cloud2fa.so",
            Unenrolled::Refused,
            Id::UnenrolledRefused,
        ),
    ] {
        let (findings, asked) = check(&facts(&[("login", text), ("common-auth", DEBIAN)]), "sshd");
        assert_eq!(asked[0].unenrolled, Some(unenrolled), "{text}");
        let found = findings.iter().find(|finding| finding.id == expected).unwrap();
        assert_eq!(found.fix.contains("unenrolled = \"allow\""), unenrolled == Unenrolled::Refused);
    }
}

#[test]
fn a_jump_over_a_line_that_was_taken_out_is_found() {
    let jump = "auth [success=1 default=ignore] pam_succeed_if.so user ingroup exempt\n";
    let common = ("common-auth", DEBIAN);
    let text = format!("@include common-auth\n{jump}account required pam_unix.so\n");
    assert_eq!(found(&[("login", &text), common]), ["jump_too_far"]);
    let text = format!("@include common-auth\n{jump}auth optional pam_warn.so\n");
    assert_eq!(found(&[("login", &text), common]), [""; 0]);
}

#[test]
fn a_condition_that_everybody_meets_is_a_fault() {
    for (condition, severity) in [
        ("pam_localuser.so", Severity::Warning),
        ("pam_usertype.so isregular", Severity::Warning),
        ("pam_succeed_if.so user ingroup exempt", Severity::Note),
    ] {
        let text = format!("auth sufficient {condition}\n{DEBIAN}{CODE}");
        let (findings, _) = check(&facts(&[("login", &text)]), "sshd");
        let found = findings.iter().find(|finding| finding.id == Id::Exempt).unwrap();
        assert_eq!(found.severity, severity, "{condition}");
    }
}

#[test]
fn a_service_may_have_the_name_of_a_file_that_others_include() {
    let bad = "@include common-auth\nauth optional pam_cloud2fa.so\n";
    let common = ("common-auth", DEBIAN);
    assert_eq!(found(&[("vpn-auth", bad), common]), ["wrong_code_lets_in"]);
    let both = [("login", bad), ("i3lock", "auth include login\n"), common];
    let (findings, asked) = check(&facts(&both), "sshd");
    assert_eq!(asked.len(), 2, "{findings:?}");
}

#[test]
fn who_asks_pam_for_no_password_asks_for_no_code() {
    let common = format!("{DEBIAN}{CODE}");
    let include = "@include common-auth\n";
    let files = [("cron", include), ("atd", include), ("su", include), ("common-auth", &common)];
    let (_, asked) = check(&facts(&files), "sshd");
    assert_eq!(asked.into_iter().map(|it| it.service).collect::<Vec<_>>(), ["su"]);
}

#[test]
fn sshd_without_lines_of_its_own_is_what_others_are() {
    let other = format!("@include common-auth\n{CODE}");
    let files = [
        ("sshd", "session required pam_unix.so\n"),
        ("cron", "session required pam_unix.so\n"),
        ("other", &*other),
        ("common-auth", DEBIAN),
    ];
    let (_, asked) = check(&facts(&files), "sshd");
    let names: Vec<_> = asked.into_iter().map(|it| it.service).collect();
    assert_eq!(names, ["other", "sshd"]);
}

#[test]
fn the_line_to_write_is_one_that_libpam_reads_again() {
    let line = "auth optional pam_cloud2fa.so [prompt=Your [x\\] code: ]";
    let (findings, _) = check(
        &facts(&[("login", &format!("@include common-auth\n{line}\n")), ("common-auth", DEBIAN)]),
        "sshd",
    );
    assert!(
        findings[0].fix.ends_with(&line.replace("optional", "required")),
        "{}",
        findings[0].fix
    );
}

#[test]
fn one_bad_line_that_services_share_is_one_finding_that_names_them() {
    let common = format!("{DEBIAN}auth optional pam_cloud2fa.so\n");
    let include = "@include common-auth\n";
    let files = [("sudo", include), ("su", include), ("login", include), ("common-auth", &common)];
    let (findings, asked) = check(&facts(&files), "sshd");
    let [finding, _] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!(
        finding.what,
        "/etc/pam.d/common-auth:6: the control lets in who types a wrong code (for login, su, sudo)"
    );
    assert!(finding.fix.ends_with("\n    auth required pam_cloud2fa.so"), "{}", finding.fix);
    assert_eq!(asked.len(), 3);
}

#[test]
fn another_module_that_is_missing_is_as_bad_as_its_control() {
    let missing = |line: &str| {
        let text = format!("auth required pam_unix.so\n{line}\n{CODE}");
        let mut facts = facts(&[("login", &text), ("passwd", "auth required pam_x.so")]);
        let why = Fault::NotLoaded(Unloadable::Missing);
        facts.modules.insert("pam_x.so".to_owned(), why);
        let (findings, _) = check(&facts, "sshd");
        let found = findings.iter().find(|it| it.id == Id::OtherModuleUnusable);
        found.map(|finding| finding.severity)
    };
    for (line, severity) in [
        ("auth required pam_x.so", Some(Severity::Critical)),
        ("-auth required pam_x.so", Some(Severity::Critical)),
        ("auth [success=ok default=die] pam_x.so", Some(Severity::Critical)),
        ("auth optional pam_x.so", Some(Severity::Note)),
        ("auth [success=ok module_unknown=ignore default=die] pam_x.so", Some(Severity::Note)),
        ("-auth optional pam_x.so", None),
        ("auth required pam_y.so", None),
    ] {
        assert_eq!(missing(line), severity, "{line}");
    }
}

#[test]
fn files_that_others_may_write_are_found_where_a_code_is_asked_for() {
    let found = |text: &str| {
        let mut facts = facts(&[("login", text)]);
        facts.unsafe_paths.insert("/etc/pam.d/my file".into());
        let (findings, _) = check(&facts, "sshd");
        findings.into_iter().find(|it| it.id == Id::PamFileUnsafe)
    };
    let finding = found(&format!("auth required pam_unix.so\n{CODE}")).unwrap();
    assert!(finding.fix.ends_with("\n    chmod go-w '/etc/pam.d/my file'"), "{}", finding.fix);
    assert_eq!(found("auth required pam_unix.so\n"), None);
}

#[test]
fn whether_a_code_is_enough_for_ssh_is_left_to_what_sshd_says() {
    let (findings, asked) = check(&facts(&[("sshd", CODE)]), "sshd");
    assert!(findings.iter().all(|finding| finding.severity == Severity::Note), "{findings:?}");
    assert!(asked[0].code_alone && asked[0].unenrolled == Some(Unenrolled::NeverLetIn));
}

#[test]
fn a_file_that_libpam_does_not_read_is_no_stack() {
    assert_eq!(
        found(&[("/etc/pam.conf", "login auth required pam_cloud2fa.so\n")]),
        ["pam_conf_ignored"]
    );
}
