//! The log line of a decision: fail2ban and people depend on it.
#![allow(missing_docs)]

use cloud2fa_tests::{Code, Fixture, Reply, user};

/// A login from a host; gives the code and the last line's severity and message.
fn login_from(
    fixture: &Fixture,
    name: &str,
    host: Option<&str>,
    answer: &str,
) -> (Code, &'static str, String) {
    let before = fixture.log().len();
    let mut application = fixture.application(name, vec![Reply::from(answer)]);
    if let Some(host) = host {
        application.set_remote_host(host);
    }
    let code = application.authenticate(0);
    assert_eq!(fixture.log().len(), before + 1, "one line a decision");
    let (severity, line) = fixture.last_log_line();
    (code, severity, line)
}

#[test]
fn each_decision_is_one_line_that_stays_as_it_is() {
    let (fixture, alice) = Fixture::with("alice");
    let (service, code, wrong) = (&fixture.service, alice.code(), alice.wrong_code());
    let used_up = alice.backup_codes[0].clone();
    let nobody = "nobody-of-that-name";
    // What the line says, with the host and the service left out.
    let steps: [(&str, &str, &str, &str); 12] = [
        ("alice", &wrong, "refused reason=wrong_code factor=token", "failures=1 wait=0"),
        (
            "alice",
            "0000-0000-0000Z",
            "refused reason=wrong_code factor=backup_code",
            "failures=1 wait=0",
        ),
        ("alice", "12345", "refused reason=not_a_code factor=none", "failures=0 wait=0"),
        ("alice", &code, "accepted reason=right_code factor=token", "failures=0 wait=0"),
        ("alice", &code, "refused reason=replayed factor=token", "failures=0 wait=0"),
        (
            "alice",
            &used_up,
            "accepted reason=right_code factor=backup_code",
            "failures=0 wait=0 detail=\"wrong codes of the app in 30 days: 1, which count no more\"",
        ),
        ("alice", &used_up, "refused reason=replayed factor=backup_code", "failures=0 wait=0"),
        ("bob", &code, "refused reason=not_enrolled factor=none", "failures=0 wait=0"),
        (nobody, &code, "refused reason=unknown_user factor=none", "failures=0 wait=0"),
        ("alice", &wrong, "refused reason=wrong_code factor=token", "failures=1 wait=0"),
        ("alice", &wrong, "refused reason=wrong_code factor=token", "failures=2 wait=0"),
        ("alice", &wrong, "refused reason=wrong_code factor=token", "failures=3 wait=30"),
    ];
    fixture.set_config("[throttle]\nfree_failures = 3");
    for (name, answer, said, counts) in steps {
        let (decision, why) = said.split_once(' ').unwrap();
        let (code, severity) = if decision == "accepted" {
            (Code::SUCCESS, "info")
        } else {
            (Code::AUTH_ERR, "notice")
        };
        let user = if name == nobody { "" } else { name };
        let line =
            format!("{decision} user=\"{user}\" {why} service={service} rhost=192.0.2.1 {counts}");
        assert_eq!(login_from(&fixture, name, Some("192.0.2.1"), answer), (code, severity, line));
    }
    fixture.rewrite(&alice, "wait_from", &user::now().0.to_string());
    let (code, severity, line) = login_from(&fixture, "alice", None, "");
    let begin = format!(
        "refused user=\"alice\" reason=wait factor=none service={service} rhost=- failures=3 wait="
    );
    let seconds = line.strip_prefix(&begin).unwrap_or_else(|| panic!("{line}"));
    assert!((20..=30).contains(&seconds.parse::<u64>().unwrap()), "{line}");
    assert_eq!((code, severity), (Code::MAXTRIES, "notice"));
    fixture.rewrite(&alice, "locked", "true");
    let (code, severity, line) = login_from(&fixture, "alice", None, "");
    assert!(
        line.contains(" reason=locked factor=none ") && line.contains(" failures=3 "),
        "{line}"
    );
    assert_eq!((code, severity), (Code::MAXTRIES, "notice"));
}

#[test]
fn it_goes_to_authpriv_with_the_modules_name_and_the_service() {
    let (fixture, alice) = Fixture::with("alice");
    assert_eq!(fixture.login("alice", &[&alice.code()]).code, Code::SUCCESS);
    let line = fixture.log().pop().unwrap();
    // LOG_AUTHPRIV is facility 10, "info" severity 6 (syslog(3)).
    assert_eq!(line.priority, 10 * 8 + 6);
    let name = format!(" libpam_cloud2fa({}:auth): accepted ", fixture.service);
    assert!(line.text.contains(&name), "{}", line.text);
}

#[test]
fn an_address_of_any_form_is_one_word_and_nobody_can_forge_a_field() {
    let (fixture, alice) = Fixture::with("alice");
    let wrong = alice.wrong_code();
    fixture.set_config("[throttle]\nfree_failures = 100");
    for (host, logged) in [
        ("2001:db8::1%eth0", "2001:db8::1%eth0"),
        ("host.example.com", "host.example.com"),
        ("", "-"),
        ("a b", "\"a b\""),
        (
            "1.2.3.4 failures=0\nrefused user=\"root\"",
            "\"1.2.3.4 failures=0\\x0arefused user=\\\"root\\\"\"",
        ),
        ("\u{1b}[2J", "\"\\x1b[2J\""),
    ] {
        let (_, _, line) = login_from(&fixture, "alice", Some(host), &wrong);
        assert!(line.contains(&format!(" rhost={logged} failures=")), "{line}");
    }
}

#[test]
fn a_name_that_nobody_has_is_left_out_since_it_may_be_a_password() {
    let (fixture, _) = Fixture::with("alice");
    for name in ["x\" reason=right_code\naccepted user=\"root", "100%s%n%x", "correct horse"] {
        let (_, _, line) = login_from(&fixture, name, None, "123456");
        assert!(line.starts_with("refused user=\"\" reason=unknown_user factor=none "), "{line}");
    }
}

#[test]
fn a_very_long_name_is_still_one_line() {
    let (fixture, _) = Fixture::with("alice");
    let (code, _, line) = login_from(&fixture, &"x".repeat(400), None, "123456");
    assert_eq!(code, Code::AUTH_ERR);
    assert!(line.ends_with(" failures=0 wait=0"), "{line}");
}
