//! What root does by the command stands in the system's log, in the form of the service's lines.
#![allow(missing_docs)]

use cloud2fa::Secret;
use cloud2fa_tests::command::{Dialogue, run};
use cloud2fa_tests::syslog;
use cloud2fa_tests::user::{A_MOMENT, step_with_time_left};
use cloud2fa_tests::watchdog::Watchdog;
use cloud2fa_tests::{Enrolled, Fixture};
use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

/// What the command has logged about alice so far: severities and texts.
fn logged() -> Vec<(&'static str, String)> {
    let by_command = |line: &syslog::Line| {
        line.text.starts_with("cloud2fa[") && line.text.contains(" user=\"alice\" ")
    };
    let lines = syslog::lines().into_iter().filter(by_command);
    lines
        .map(|line| {
            assert_eq!(line.priority >> 3, 10, "authpriv: {line:?}");
            (line.severity(), line.text.split_once("]: ").expect("a text").1.to_owned())
        })
        .collect()
}

/// The one line that `act` adds.
fn line_of(act: impl FnOnce()) -> (&'static str, String) {
    let before = logged().len();
    act();
    let all = logged();
    assert_eq!(all.len(), before + 1, "{all:?}");
    all.into_iter().next_back().expect("one")
}

fn line(decision: &str, why: &str, failures: u32, method: &str) -> String {
    format!(
        "{decision} user=\"alice\" {why} service=cloud2fa rhost=- failures={failures} wait=0 uid=0 method={method}"
    )
}

fn does(fixture: &Fixture, verb: &str) {
    assert_eq!(run(fixture, &[verb, "--user", "alice", "--json"]).status, 0);
}

fn verify(fixture: &Fixture, code: &str, status: i32) {
    let mut dialogue = Dialogue::start(fixture, &["verify", "--user", "alice"]);
    dialogue.line();
    dialogue.answer(code);
    assert_eq!(dialogue.end().status, status);
}

/// One test: its lines are told from each other by their order.
#[test]
fn each_act_of_root_is_one_line_without_a_secret() {
    let (fixture, alice) = Fixture::with("alice");
    let trial = |line: String| format!("{line} detail=\"a trial: a right code is not spent\"");
    let wrong = line("refused", "reason=wrong_code factor=token", 1, "Verify");
    let seen = line_of(|| verify(&fixture, &alice.wrong_code(), 3));
    assert_eq!(seen, ("notice", trial(wrong)));
    let right = line("accepted", "reason=right_code factor=token", 0, "Verify");
    assert_eq!(line_of(|| verify(&fixture, &alice.code(), 0)), ("info", trial(right)));
    for (verb, decision, method) in [
        ("unlock", "unlocked", "Unlock"),
        ("regenerate", "regenerated", "RegenerateBackupCodes"),
        ("disable", "disabled", "Disable"),
    ] {
        let mut expected = line(decision, "reason=by_root factor=none", 0, method);
        if verb == "unlock" {
            expected += " detail=\"wrong codes of the app in 30 days: 1, which count no more\"";
        }
        assert_eq!(line_of(|| does(&fixture, verb)), ("info", expected));
    }
    enrols_and_is_logged(&fixture, &alice);
    // To look changes nothing, and is not logged.
    let before = logged();
    does(&fixture, "status");
    assert_eq!(run(&fixture, &["enable", "--user", "alice", "--json"]).status, 4);
    assert_eq!(logged(), before);
    a_log_that_takes_nothing_holds_up_nothing(&fixture);
}

fn enrols_and_is_logged(fixture: &Fixture, old: &Enrolled) {
    let mut dialogue = Dialogue::start(fixture, &["enable", "--user", "alice"]);
    let secret = dialogue.line()["secret"].as_str().unwrap().to_owned();
    dialogue.line();
    let refused = line_of(|| {
        dialogue.answer(&old.wrong_code());
        dialogue.line();
    });
    let not_proven = line("refused", "reason=not_proven factor=token", 0, "ConfirmEnrolment");
    assert_eq!(refused, ("notice", not_proven));
    let key = Secret::from_base32(&secret).unwrap();
    let enrolled = line_of(|| {
        let proof = key.token_at(step_with_time_left(A_MOMENT));
        dialogue.answer(proof.as_str());
        assert_eq!(dialogue.end().status, 0);
    });
    let expected = line("enrolled", "reason=right_code factor=token", 0, "ConfirmEnrolment");
    assert_eq!(enrolled, ("info", expected));
    let all = logged();
    assert!(all.iter().all(|(_, line)| !line.contains(&secret)), "{all:?}");
}

/// First nobody reads, then nobody listens. Last, since the log is gone then.
fn a_log_that_takes_nothing_holds_up_nothing(fixture: &Fixture) {
    std::fs::remove_file("/dev/log").unwrap();
    let unread = UnixDatagram::bind("/dev/log").unwrap();
    let sender = UnixDatagram::unbound().unwrap();
    sender.set_nonblocking(true).unwrap();
    let full = std::iter::repeat_with(|| sender.send_to(b"full", "/dev/log")).find_map(Result::err);
    assert_eq!(full.unwrap().kind(), ErrorKind::WouldBlock);
    let _watchdog = Watchdog::bites_after(Duration::from_secs(120), "a log that nobody reads");
    does(fixture, "unlock");
    drop(unread);
    does(fixture, "unlock");
    std::fs::remove_file("/dev/log").unwrap();
    does(fixture, "unlock");
}
