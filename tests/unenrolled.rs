//! Users without an enrolment, and what else the table of return codes says; an outsider
//! must not be able to tell such users from others.
#![allow(missing_docs)]

use cloud2fa::Store;
use cloud2fa::store::Failures;
use cloud2fa_tests::{Code, Fixture, Reply, user};

const NOBODY: &str = "nobody-of-that-name";

fn disable(fixture: &Fixture, whose: &cloud2fa_tests::Enrolled) {
    let mut store = fixture.store();
    let basis = store.status(&whose.user, &user::now).unwrap().basis();
    store.disable(&whose.user, &basis, Failures::CarriedOver, &user::now).unwrap();
}

#[test]
fn who_is_not_enrolled_or_unknown_is_refused_just_as_for_a_wrong_code() {
    let (fixture, alice) = Fixture::with("alice");
    let carol = fixture.enrol("carol");
    disable(&fixture, &carol);
    fixture.set_config("[throttle]\nfree_failures = 100");
    let answers = [
        &alice.wrong_code(),
        "",
        "12345",
        "not a code",
        "0000-0000-0000Z",
        "\u{8}\n\r\u{7f}INCORRECT",
        &"9".repeat(9000),
    ];
    for answer in answers {
        let wrong = fixture.login("alice", &[answer]);
        assert_eq!(
            (wrong.code, wrong.asked().len(), wrong.delays),
            (Code::AUTH_ERR, 1, 1),
            "{answer}"
        );
        for name in ["bob", "carol", NOBODY, "../etc/passwd", "-f", "."] {
            assert_eq!(fixture.login(name, &[answer]), wrong, "{name} with {answer:?}");
        }
    }
    for reply in [
        Reply::NoAnswer,
        Reply::NoArray,
        Reply::Fails(Code::CONV_ERR),
        Reply::Fails(Code::CONV_AGAIN),
    ] {
        let wrong = fixture.login_with("alice", vec![reply.clone()], 0);
        for name in ["bob", "carol", NOBODY] {
            assert_eq!(
                fixture.login_with(name, vec![reply.clone()], 0),
                wrong,
                "{name} with {reply:?}"
            );
        }
    }
}

#[test]
fn the_log_tells_who_is_not_enrolled_from_who_is_unknown() {
    let (fixture, _) = Fixture::with("alice");
    for (name, reason) in
        [("bob", "not_enrolled"), (NOBODY, "unknown_user"), ("../x", "unknown_user")]
    {
        fixture.login(name, &["123456"]);
        // A name that nobody has may be a password, typed too early.
        let name = if reason == "unknown_user" { "" } else { name };
        let (severity, line) = fixture.last_log_line();
        assert_eq!(severity, "notice");
        assert!(
            line.starts_with(&format!("refused user=\"{name}\" reason={reason} factor=none ")),
            "{line}"
        );
    }
}

#[test]
fn policy_lets_the_unenrolled_in_without_a_prompt() {
    let (fixture, alice) = Fixture::with("alice");
    let carol = fixture.enrol("carol");
    disable(&fixture, &carol);
    // The configuration's key decides if it is set; else the argument; else nobody gets in.
    for (config, arguments, allowed) in [
        ("", "CONFIG", false),
        ("", "CONFIG nullok", true),
        ("unenrolled = \"refuse\"", "CONFIG nullok", false),
        ("unenrolled = \"refuse\"", "CONFIG", false),
        ("unenrolled = \"allow\"", "CONFIG", true),
        ("unenrolled = \"allow\"", "CONFIG nullok", true),
    ] {
        fixture.set_config(config);
        for name in ["bob", "carol"] {
            let outcome = fixture.raw(name, arguments, vec![Reply::from("123456")]);
            let expected = if allowed { (Code::IGNORE, 0) } else { (Code::AUTH_ERR, 2) };
            assert_eq!(
                (outcome.code, outcome.messages.len()),
                expected,
                "{name} {config} {arguments}"
            );
        }
        // An enrolled user is asked, and a stranger is refused, whatever the policy.
        for name in ["alice", NOBODY, "../x"] {
            let outcome = fixture.raw(name, arguments, vec![Reply::from(&alice.wrong_code())]);
            assert_eq!(
                (outcome.code, outcome.asked().len()),
                (Code::AUTH_ERR, 1),
                "{name} {config} {arguments}"
            );
        }
        fixture.store().unlock(&alice.user, &user::now).unwrap();
    }
    let right = fixture.raw("alice", "CONFIG nullok", vec![Reply::from(&alice.code())]);
    assert_eq!(right.code, Code::SUCCESS);
}

#[test]
fn a_skipped_login_is_logged() {
    let fixture = Fixture::new();
    fixture.set_stack(&["auth required MODULE CONFIG nullok", "auth required pam_permit.so"]);
    assert_eq!(fixture.login("bob", &[]).code, Code::SUCCESS);
    let (severity, line) = fixture.last_log_line();
    assert_eq!(severity, "info");
    let service = &fixture.service;
    let expected = format!(
        "skipped user=\"bob\" reason=not_enrolled factor=none service={service} rhost=- failures=0 wait=0"
    );
    assert_eq!(line, expected);
}

#[test]
fn a_failure_to_look_up_skips_nobody() {
    let fixture = Fixture::new();
    fixture.set_config("unenrolled = \"allow\"");
    std::fs::remove_file(fixture.store_path().join(".store")).unwrap();
    for name in ["bob", NOBODY] {
        let outcome = fixture.raw(name, "CONFIG nullok", vec![Reply::from("123456")]);
        assert_eq!((outcome.code, outcome.asked().len()), (Code::AUTHINFO_UNAVAIL, 0));
        assert_eq!(
            outcome.texts(),
            ["The code cannot be checked right now. The system log says why."]
        );
    }
}

#[test]
fn the_enrolment_that_an_answer_is_for_must_be_the_one_that_was_asked_for() {
    let (fixture, alice) = Fixture::with("alice");
    let code = alice.code();
    let changes: [&dyn Fn(); 3] = [
        &|| disable(&fixture, &alice),
        &|| {
            fixture.enrol_with("alice", alice.secret.clone());
        },
        &|| {
            let mut store = fixture.store();
            let cloud2fa::Standing::Enrolled(generation, _) =
                store.status(&alice.user, &user::now).unwrap()
            else {
                panic!("enrolled by the change before")
            };
            store.regenerate_backup_codes(&alice.user, &generation, &user::now).unwrap();
        },
    ];
    for change in changes {
        fixture.enrol_with("alice", alice.secret.clone());
        let mut application = cloud2fa_tests::libpam::Application::start(
            &fixture.services(),
            &fixture.service,
            Some("alice"),
            Box::new(|_| {
                change();
                Reply::from(&code)
            }),
        );
        assert_eq!(application.authenticate(0), Code::AUTH_ERR);
        assert_eq!(
            application.messages()[1].text,
            "Your second factor was just changed. Please log in again."
        );
        assert!(fixture.last_log_line().1.contains(" reason=enrolment_changed "));
    }
    assert_eq!(fixture.status(&alice).failures, 0);
    assert_eq!(
        fixture.login("alice", &[&code]).code,
        Code::SUCCESS,
        "it was neither counted nor spent"
    );
}

#[test]
fn the_service_of_our_own_password_check_is_passed_over_whatever_is_broken() {
    let (fixture, alice) = Fixture::with("alice");
    std::fs::remove_dir_all(fixture.store_path()).unwrap();
    std::fs::write(fixture.config_path(), "nonsense").unwrap();
    for arguments in ["CONFIG", "CONFIG no-such-argument", ""] {
        let outcome =
            fixture.raw_as("cloud2fa", "alice", arguments, vec![Reply::from(&alice.code())]);
        assert_eq!((outcome.code, outcome.messages.len()), (Code::IGNORE, 0), "{arguments}");
    }
    let lines = cloud2fa_tests::syslog::lines_of("cloud2fa");
    assert_eq!(lines.len(), 3);
    let skipped = "skipped user=\"\" reason=own_service factor=none service=cloud2fa ";
    assert!(
        lines.iter().all(|line| line.severity() == "info" && line.message().starts_with(skipped))
    );
    let elsewhere = fixture.raw("alice", "CONFIG", vec![]);
    assert_eq!(elsewhere.code, Code::SERVICE_ERR, "the same for another service refuses");
}
