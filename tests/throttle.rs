//! What wrong codes cost, and what a clock that went back does.
#![allow(missing_docs)]

use cloud2fa::{Store, TimeStep, UnixTime, Verdict};
use cloud2fa_tests::libpam::{Application, SILENT};
use cloud2fa_tests::{Code, Fixture, Reply, Style, user};

const WRONG: &str = "That code is wrong. A backup code works, too.";
const LOCKED: &str = "Too many wrong codes. Locked: use a backup code, or ask an administrator.";
const BACKUP_PROMPT: &str = "Backup code: ";

/// What somebody in a wait is told: nothing else, and the seconds are near `about`.
fn is_told_to_wait(text: &str, about: std::ops::RangeInclusive<u64>) -> bool {
    let seconds = text.strip_prefix("Too many wrong codes. Try again in ");
    let seconds = seconds.and_then(|rest| rest.strip_suffix(" s, or use a backup code."));
    seconds.and_then(|seconds| seconds.parse().ok()).is_some_and(|seconds| about.contains(&seconds))
}

#[test]
fn five_wrong_codes_begin_a_wait_in_which_a_backup_code_is_asked_for() {
    let (fixture, alice) = Fixture::with("alice");
    let wrong = alice.wrong_code();
    for failures in 1..5 {
        let outcome = fixture.login("alice", &[&wrong]);
        assert_eq!(
            (outcome.code, outcome.texts()),
            (Code::AUTH_ERR, vec![WRONG]),
            "failure {failures}"
        );
    }
    let fifth = fixture.login("alice", &[&wrong]);
    assert_eq!(
        (fifth.code, fifth.texts()),
        (Code::AUTH_ERR, vec!["Too many wrong codes. Try again in 30 s, or use a backup code."])
    );
    let before = fixture.record(&alice);
    for flags in [0, SILENT] {
        for nothing in ["", "pw", "123"] {
            let sixth = fixture.login_with("alice", vec![Reply::from(nothing)], flags);
            assert_eq!((sixth.code, sixth.delays), (Code::MAXTRIES, 1));
            let [reason, prompt, told] = &sixth.messages[..] else { panic!("{sixth:?}") };
            assert_eq!((reason.style, &prompt.text[..]), (Style::Reason, BACKUP_PROMPT));
            assert_eq!(told.text, "That is not a backup code. They look like ABCD-EFGH-JKMNP.");
            assert!(is_told_to_wait(&reason.text, 10..=30), "{reason:?}");
            let (severity, line) = fixture.last_log_line();
            assert_eq!(severity, "notice");
            assert!(line.starts_with("refused user=\"alice\" reason=wait factor=none "), "{line}");
            assert!(line.contains(" failures=5 wait="), "{line}");
        }
        // A token is not looked at: neither spent nor counted.
        let token = fixture.login_with("alice", vec![Reply::from(&alice.code())], flags);
        assert_eq!(token.code, Code::MAXTRIES);
        assert!(token.texts().iter().all(|text| is_told_to_wait(text, 5..=30)), "{token:?}");
        let (_, line) = fixture.last_log_line();
        assert!(line.starts_with("refused user=\"alice\" reason=wait factor=token "), "{line}");
    }
    assert_eq!(fixture.record(&alice), before, "something was written");
}

#[test]
fn after_the_wait_a_right_code_lets_in_and_clears_the_count() {
    let (fixture, alice) = Fixture::with("alice");
    fixture.fail(&alice, 5);
    let still = user::now().0 - 20;
    fixture.rewrite(&alice, "wait_from", &still.to_string());
    // No code is made up meanwhile, which may take some seconds.
    assert_eq!(fixture.login("alice", &["123456"]).code, Code::MAXTRIES);
    let over = user::now().0 - 30;
    fixture.rewrite(&alice, "wait_from", &over.to_string());
    let outcome = fixture.login("alice", &[&alice.code()]);
    assert_eq!(
        (outcome.code, outcome.texts()),
        (Code::SUCCESS, vec!["5 wrong codes since your last login."])
    );
    let status = fixture.status(&alice);
    assert_eq!((status.failures, status.wait_seconds), (0, 0));
}

#[test]
fn waits_grow_to_the_configured_length() {
    let (fixture, alice) = Fixture::with("alice");
    fixture
        .set_config("[throttle]\nfree_failures = 2\nfirst_wait = \"90s\"\nlongest_wait = \"10m\"");
    for (failures, text) in
        [(1, None), (2, Some("90 s")), (3, Some("3 min")), (4, Some("6 min")), (5, Some("10 min"))]
    {
        let outcome = fixture.login("alice", &[&alice.wrong_code()]);
        let wait =
            |text| format!("Too many wrong codes. Try again in {text}, or use a backup code.");
        let expected = text.map_or_else(|| WRONG.to_owned(), wait);
        assert_eq!((outcome.code, outcome.texts()), (Code::AUTH_ERR, vec![&*expected]));
        assert_eq!(fixture.status(&alice).failures, failures);
        if text.is_some() {
            fixture.rewrite(&alice, "wait_from", &(user::now().0 - 600).to_string());
        }
    }
}

#[test]
fn an_answer_that_arrives_in_a_wait_is_not_evaluated_and_not_spent() {
    let (fixture, alice) = Fixture::with("alice");
    let (code, wrong) = (alice.code(), alice.wrong_code());
    // The prompt is open while five other logins fail.
    let mut application = Application::start(
        &fixture.services(),
        &fixture.service,
        Some("alice"),
        Box::new(|_| {
            for _ in 0..5 {
                fixture.login("alice", &[&wrong]);
            }
            Reply::from(&code)
        }),
    );
    assert_eq!(application.authenticate(0), Code::MAXTRIES);
    assert_eq!(application.messages().len(), 2, "{:?}", application.messages());
    assert!(application.messages()[1].text.starts_with("Too many wrong codes. Try again in "));
    assert_eq!(fixture.status(&alice).failures, 5);
    fixture.store().unlock(&alice.user, &user::now).unwrap();
    assert_eq!(fixture.login("alice", &[&code]).code, Code::SUCCESS, "it was not spent");
}

#[test]
fn a_hundred_wrong_codes_lock_until_a_backup_code_or_an_administrator_unlocks() {
    let (fixture, alice) = Fixture::with("alice");
    fixture.fail(&alice, 99);
    let hundredth = fixture.login("alice", &[&alice.wrong_code()]);
    assert_eq!((hundredth.code, hundredth.texts()), (Code::AUTH_ERR, vec![LOCKED]));
    assert!(fixture.status(&alice).locked);
    // Time does not help.
    fixture.rewrite(&alice, "wait_from", "1000000");
    let right = fixture.login_with("alice", vec![Reply::from(&alice.code())], SILENT);
    assert_eq!((right.code, right.texts()), (Code::MAXTRIES, vec![LOCKED, LOCKED]));
    assert_eq!(right.asked(), [BACKUP_PROMPT]);
    let (severity, line) = fixture.last_log_line();
    assert_eq!(severity, "notice");
    assert!(line.contains(" reason=locked ") && line.contains(" failures=100 "), "{line}");
    fixture.store().unlock(&alice.user, &user::now).unwrap();
    let outcome = fixture.login("alice", &[&alice.code()]);
    let told = "100 wrong codes since your last login. App codes work again.\nIf those weren't you, someone may know your \
                password: change it.";
    assert_eq!((outcome.code, outcome.texts()), (Code::SUCCESS, vec![told]));
}

#[test]
fn unlocking_does_not_bring_a_used_code_back() {
    let (fixture, alice) = Fixture::with("alice");
    let code = alice.code();
    assert_eq!(fixture.login("alice", &[&code]).code, Code::SUCCESS);
    fixture.store().unlock(&alice.user, &user::now).unwrap();
    assert_eq!(fixture.login("alice", &[&code]).code, Code::AUTH_ERR);
}

#[test]
fn after_the_clock_went_back_tokens_wait_and_backup_codes_work() {
    let (fixture, alice) = Fixture::with("alice");
    // A login an hour from now: then the clock was set right, an hour back.
    let later = UnixTime(user::now().0 + 3600);
    let token = alice.secret.token_at(TimeStep::of(later));
    assert!(matches!(fixture.verify_at(&alice, token.as_str(), later), Verdict::Accepted { .. }));
    for answer in [alice.code(), alice.wrong_code(), token.as_str().to_owned()] {
        let outcome = fixture.login("alice", &[&answer]);
        assert_eq!(outcome.code, Code::AUTH_ERR);
        let text = "This machine's clock is behind. App codes do not work: use a backup code.";
        assert_eq!(outcome.texts(), [text]);
    }
    let (severity, line) = fixture.last_log_line();
    assert_eq!(severity, "notice");
    assert!(
        line.contains(" reason=clock_went_back ") && line.contains("detail=\"the clock is "),
        "{line}"
    );
    assert_eq!(fixture.status(&alice).failures, 0, "none of them is counted");
    assert_eq!(fixture.login("alice", &[&alice.backup_codes[0]]).code, Code::SUCCESS);
}

#[test]
fn a_wait_begun_in_the_future_begins_anew_and_ends() {
    let (fixture, alice) = Fixture::with("alice");
    let wrong = alice.wrong_code();
    for number in 0..5 {
        fixture.verify_at(&alice, &wrong, UnixTime(user::now().0 + 86_400 + number));
    }
    let outcome = fixture.login("alice", &[&alice.code()]);
    assert_eq!(
        (outcome.code, outcome.texts()),
        (Code::MAXTRIES, vec!["Too many wrong codes. Try again in 30 s, or use a backup code."; 2])
    );
    // It is written down when it began.
    fixture.rewrite(&alice, "wait_from", &(user::now().0 - 30).to_string());
    assert_eq!(fixture.login("alice", &[&alice.code()]).code, Code::SUCCESS);
}
