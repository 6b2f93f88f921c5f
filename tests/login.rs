//! Which codes let in: one login after another at the built module in real libpam.
#![allow(missing_docs)]

use cloud2fa::{Secret, TimeStep};
use cloud2fa_tests::libpam::SILENT;
use cloud2fa_tests::user::{A_WHILE, step_with_time_left};
use cloud2fa_tests::{Code, Fixture, Message, Reply, Style};

const PROMPT: &str = "Verification code: ";
const WRONG: &str = "That code is wrong. A backup code works, too.";
const WRONG_BACKUP_CODE: &str = "That backup code is wrong.";

#[test]
fn the_code_of_now_lets_in_after_one_hidden_prompt() {
    let (fixture, alice) = Fixture::with("alice");
    let outcome = fixture.login("alice", &[&alice.code()]);
    assert_eq!(outcome.code, Code::SUCCESS);
    assert_eq!(outcome.messages, [Message { style: Style::AskHidden, text: PROMPT.to_owned() }]);
    assert!(fixture.status(&alice).last_used.is_some());
}

#[test]
fn the_codes_of_one_step_either_side_let_in() {
    for offset in [-1, 1] {
        let (fixture, alice) = Fixture::with("alice");
        let outcome = fixture.login("alice", &[&alice.code_at(offset)]);
        assert_eq!(outcome.code, Code::SUCCESS, "{offset} steps from now");
    }
}

#[test]
fn the_codes_of_two_steps_either_side_are_refused_and_counted() {
    let (fixture, alice) = Fixture::with("alice");
    for (offset, failures) in [(-2, 1), (2, 2)] {
        let outcome = fixture.login("alice", &[&alice.code_at(offset)]);
        assert_eq!(outcome.code, Code::AUTH_ERR, "{offset} steps from now");
        assert_eq!((outcome.asked(), outcome.texts()), (vec![PROMPT], vec![WRONG]));
        assert_eq!(fixture.status(&alice).failures, failures);
    }
}

#[test]
fn a_wider_skew_lets_older_codes_in() {
    let (fixture, alice) = Fixture::with("alice");
    fixture.set_config("skew = 3");
    assert_eq!(fixture.login("alice", &[&alice.code_at(-4)]).code, Code::AUTH_ERR);
    assert_eq!(fixture.login("alice", &[&alice.code_at(-3)]).code, Code::SUCCESS);
    fixture.set_config("skew = 0");
    let step = step_with_time_left(A_WHILE);
    let next = alice.code_in(TimeStep(step.0 + 1));
    assert_eq!(fixture.login("alice", &[&next]).code, Code::AUTH_ERR);
    assert_eq!(fixture.login("alice", &[&alice.code_in(step)]).code, Code::SUCCESS);
}

#[test]
fn a_code_works_once_and_a_second_use_is_told_apart() {
    let (fixture, alice) = Fixture::with("alice");
    let code = alice.code();
    assert_eq!(fixture.login("alice", &[&code]).code, Code::SUCCESS);
    let again = fixture.login("alice", &[&code]);
    assert_eq!(again.code, Code::AUTH_ERR);
    let [.., Message { style: Style::Reason, text }] = &again.messages[..] else {
        panic!("{again:?}")
    };
    let seconds =
        text.strip_prefix("This code was already used or is too old. The next one appears in ");
    let seconds: u64 =
        seconds.and_then(|rest| rest.strip_suffix(" s.")).expect("the seconds").parse().unwrap();
    assert!((1..=30).contains(&seconds), "{text}");
    assert_eq!(fixture.status(&alice).failures, 0, "a replay is no guess");
}

#[test]
fn codes_are_accepted_in_rising_order_only() {
    let (fixture, alice) = Fixture::with("alice");
    let [older, now] = alice.codes_at([-1, 0]);
    assert_eq!(fixture.login("alice", &[&older]).code, Code::SUCCESS);
    assert_eq!(fixture.login("alice", &[&now]).code, Code::SUCCESS);
    let older = fixture.login("alice", &[&older]);
    assert_eq!(older.code, Code::AUTH_ERR);
    assert!(older.texts()[0].starts_with("This code was already used or is too old"), "{older:?}");
}

#[test]
fn what_cannot_be_a_code_is_refused_and_not_counted() {
    let (fixture, alice) = Fixture::with("alice");
    let before = fixture.record(&alice);
    let code = alice.code();
    let not_codes = [
        "",
        " ",
        &code[..5],
        &format!("{code}0"),
        "abcdef",
        "１２３４５６",
        "+12345",
        &format!("{code}\n"),
        &format!("\t{code}"),
        "ABCD-0123-4567U",
        &alice.backup_codes[0][1..],
    ];
    for typed in not_codes {
        let outcome = fixture.login("alice", &[typed]);
        assert_eq!(outcome.code, Code::AUTH_ERR, "{typed:?}");
        assert_eq!(outcome.asked(), [PROMPT]);
    }
    assert_eq!(fixture.record(&alice), before, "nothing was written");
}

#[test]
fn each_refusal_has_its_reason_also_for_silent_programs() {
    const NOT_A_CODE: &str =
        "That is not a code. Type 6 digits, or a backup code like ABCD-EFGH-JKMNP.";
    for flags in [0, SILENT] {
        let (fixture, alice) = Fixture::with("alice");
        for (typed, text) in [
            (alice.wrong_code(), WRONG),
            ("0000-0000-0000Z".to_owned(), WRONG_BACKUP_CODE),
            (String::new(), NOT_A_CODE),
            ("12345".to_owned(), NOT_A_CODE),
            ("the password".to_owned(), NOT_A_CODE),
        ] {
            let refused = fixture.login_with("alice", vec![Reply::from(&typed)], flags);
            assert_eq!(refused.code, Code::AUTH_ERR, "{typed:?}");
            let told = Message { style: Style::Reason, text: text.to_owned() };
            assert_eq!(refused.messages[1..], [told], "{typed:?}");
        }
    }
}

#[test]
fn spaces_and_dashes_in_a_code_are_ignored() {
    let spellings: [fn(&str) -> String; 3] = [
        |code| format!("{} {}", &code[..3], &code[3..]),
        |code| format!(" {code} "),
        |code| format!("{}-{}", &code[..3], &code[3..]),
    ];
    for spell in spellings {
        let (fixture, alice) = Fixture::with("alice");
        let typed = spell(&alice.code());
        assert_eq!(fixture.login("alice", &[&typed]).code, Code::SUCCESS, "{typed:?}");
    }
}

#[test]
fn a_leading_zero_belongs_to_the_code() {
    let fixture = Fixture::new();
    let alice = std::iter::repeat_with(|| fixture.enrol_with("alice", Secret::generate().unwrap()))
        .take(1000)
        .find(|alice| alice.code().starts_with('0'))
        .expect("one secret of ten has such a code now");
    let code = alice.code();
    assert_eq!(fixture.login("alice", &[&code[1..]]).code, Code::AUTH_ERR);
    assert_eq!(fixture.login("alice", &[&code]).code, Code::SUCCESS);
}

#[test]
fn each_backup_code_works_once_in_any_spelling() {
    let (fixture, alice) = Fixture::with("alice");
    let first = fixture.login("alice", &[&alice.backup_codes[0]]);
    assert_eq!((first.code, first.texts()), (Code::SUCCESS, vec!["7 backup codes left."]));
    let again = fixture.login("alice", &[&alice.backup_codes[0]]);
    let used = "This backup code has already been used. Use another one.";
    assert_eq!((again.code, again.texts()), (Code::AUTH_ERR, vec![used]));
    let sloppy =
        alice.backup_codes[1].replace('-', "").replace('1', "l").replace('0', "o").to_lowercase();
    let second = fixture.login("alice", &[&sloppy]);
    assert_eq!((second.code, second.texts()), (Code::SUCCESS, vec!["6 backup codes left."]));
    let status = fixture.status(&alice);
    assert_eq!((status.backup_codes_left, status.failures), (6, 0));
}

#[test]
fn wrong_backup_codes_are_logged_and_told_and_cost_nothing() {
    let (fixture, alice) = Fixture::with("alice");
    // More than tokens have free.
    for _ in 0..6 {
        let outcome = fixture.login("alice", &["0000-0000-0000Z"]);
        assert_eq!((outcome.code, outcome.texts()), (Code::AUTH_ERR, vec![WRONG_BACKUP_CODE]));
        let (severity, line) = fixture.last_log_line();
        assert_eq!(severity, "notice", "{line}");
        assert!(line.contains(" reason=wrong_code factor=backup_code "), "{line}");
        assert!(line.contains(" failures=0 wait=0"), "{line}");
        let status = fixture.status(&alice);
        assert_eq!((status.failures, status.backup_codes_left), (0, 8));
    }
    let told = fixture.login("alice", &[&alice.code()]);
    assert_eq!(told.code, Code::SUCCESS);
    let text = "6 wrong codes since your last login.".to_owned();
    assert_eq!(told.messages[1..], [Message { style: Style::Information, text }]);
}

#[test]
fn the_last_backup_code_is_said_even_to_silent_programs() {
    for flags in [0, SILENT] {
        let (fixture, alice) = Fixture::with("alice");
        fixture.rewrite(&alice, "spent_backup_codes", "[0, 1, 2, 3, 4, 5, 6]");
        let last = fixture.login_with("alice", vec![Reply::from(&alice.backup_codes[7])], flags);
        assert_eq!(last.code, Code::SUCCESS);
        let text = "That was your last backup code. Make new ones: cloud2fa regenerate".to_owned();
        assert_eq!(last.messages[1..], [Message { style: Style::Reason, text }]);
        assert_eq!(fixture.login("alice", &[&alice.code()]).code, Code::SUCCESS, "the app goes on");
    }
}

#[test]
fn wrong_codes_since_the_last_login_are_told_once() {
    let (fixture, alice) = Fixture::with("alice");
    for _ in 0..2 {
        assert_eq!(fixture.login("alice", &[&alice.wrong_code()]).code, Code::AUTH_ERR);
    }
    let told = fixture.login("alice", &[&alice.code_at(0)]);
    assert_eq!(told.code, Code::SUCCESS);
    let text = "2 wrong codes since your last login.".to_owned();
    assert_eq!(told.messages[1..], [Message { style: Style::Information, text }]);
    let next = fixture.login("alice", &[&alice.code_at(1)]);
    assert_eq!((next.code, next.texts()), (Code::SUCCESS, vec![]));
}

#[test]
fn silent_programs_get_reasons_and_no_information() {
    let (fixture, alice) = Fixture::with("alice");
    let code = alice.code();
    let replies = |answer: &str| vec![Reply::from(answer)];
    assert_eq!(fixture.login("alice", &[&alice.wrong_code()]).code, Code::AUTH_ERR);
    let success = fixture.login_with("alice", replies(&alice.backup_codes[3]), SILENT);
    assert_eq!((success.code, success.texts()), (Code::SUCCESS, vec![]));
    assert_eq!(fixture.login_with("alice", replies(&code), SILENT).code, Code::SUCCESS);
    let replayed = fixture.login_with("alice", replies(&code), SILENT);
    assert_eq!(replayed.code, Code::AUTH_ERR);
    assert_eq!(replayed.messages[1].style, Style::Reason);
    assert!(
        replayed.messages[1].text.starts_with("This code was already used or is too old"),
        "{replayed:?}"
    );
}

#[test]
fn a_failure_delays_and_a_success_does_not() {
    let (fixture, alice) = Fixture::with("alice");
    let mut application = fixture.application("alice", vec![Reply::from(&alice.wrong_code())]);
    assert_eq!(application.authenticate(0), Code::AUTH_ERR);
    // pam_fail_delay(3): what was asked for, varied by half.
    let [delay] = application.delays() else { panic!("{:?}", application.delays()) };
    assert!((1_000_000..=3_000_000).contains(delay), "{delay}");
    assert_eq!(fixture.login("alice", &[&alice.code()]).delays, 0);
}
