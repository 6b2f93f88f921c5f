//! A hostile client of the service, while another user is served all the time. Whatever it
//! sends: the memory of its processes is bounded, they end, nothing is written down, and the
//! service goes on.
#![allow(missing_docs)]

use cloud2fa_tests::attack::{Attack, PATIENCE};
use cloud2fa_tests::processes::{wait_for, wait_until_it_is_in};
use cloud2fa_tests::service;
use cloud2fa_tests::strace::Strace;
use cloud2fa_tests::user::of_this_machine;
use cloud2fa_tests::visitor::{self, instance_of, instances_of, verify};
use serde_json::json;
use std::thread;
use std::time::{Duration, Instant};

/// Bytes that a service can have taken of a message without an end: what it reads (64 KiB and
/// a bit), and what the kernel holds for it.
const MOST_TAKEN: usize = 1024 * 1024;

#[test]
fn connections_without_a_byte_end_after_five_seconds() {
    let attack = Attack::by("u100", "u200");
    let held: Vec<_> = (0..4).map(|_| attack.connect()).collect();
    let begun = Instant::now();
    attack.until_there_are(4);
    attack.until_all_are_gone(PATIENCE);
    let lasted = begun.elapsed();
    assert!(lasted > Duration::from_secs(3), "they were hung up on after {lasted:?}");
    drop(held);
    attack.end("connections without a byte");
}

#[test]
fn half_a_message_is_waited_for_until_the_connections_time_is_over() {
    let attack = Attack::by("u101", "u201");
    let mut held = attack.connect();
    let pid = instance_of(attack.uid);
    wait_until_it_is_in(pid, libc::SYS_poll);
    let strace = Strace::attach(pid, None);
    // What is left of the time gets less with each byte, and is not given again.
    for byte in b"{\"method\":" {
        held.send(&[*byte]);
        thread::sleep(Duration::from_millis(300));
    }
    assert_eq!(instances_of(attack.uid), [pid], "it waits for the other half");
    drop(held);
    let calls = strace.calls();
    let waits: Vec<u64> = calls.iter().filter_map(|call| timeout_of(&call.text)).collect();
    eprintln!("milliseconds that are waited at most: {waits:?}");
    assert!(waits.len() >= 8 && waits.is_sorted_by(|a, b| a > b), "{calls:#?}");
    assert!(waits.iter().all(|wait| (100_000..120_000).contains(wait)), "{waits:?}");
    attack.end("half a message");
}

#[test]
fn and_then_it_ends() {
    let attack = Attack::by("u107", "u207");
    let mut held = attack.connect();
    attack.until_there_are(1);
    let pid = instance_of(attack.uid);
    wait_until_it_is_in(pid, libc::SYS_poll);
    // The kernel says at the next wait that its time is over.
    let strace = Strace::attach(pid, ["inject=poll:retval=0"]);
    held.send(b"{");
    assert!(held.receive().is_empty());
    strace.calls();
    attack.end("half a message, and time is over");
}

/// The time limit of a poll(2) in milliseconds, as strace shows it: `poll([…], 1, 119998) = 1`.
fn timeout_of(call: &str) -> Option<u64> {
    let limit = call.strip_prefix("poll(")?.split("], 1, ").nth(1)?;
    limit.split(')').next()?.parse().ok()
}

#[test]
fn of_a_hundred_megabytes_it_takes_no_more_than_a_message_may_have() {
    let attack = Attack::by("u102", "u202");
    for byte in [b' ', b'x', b'['] {
        let mut connection = attack.connect();
        connection.send(&vec![byte; 60_000]);
        attack.until_there_are(1);
        let chunk = vec![byte; 64 * 1024];
        let taken = (0..1600).take_while(|_| connection.try_send(&chunk).is_ok()).count();
        assert!(taken * chunk.len() < MOST_TAKEN, "{taken} chunks of {byte:?}");
        assert!(connection.receive().is_empty());
    }
    attack.end("100 MB of message");
}

#[test]
fn of_a_thousand_connections_at_once_a_user_has_four() {
    let attack = Attack::by("u103", "u203");
    let crowd = visitor::crowd(attack.uid, 1000);
    attack.until_there_are(4);
    // Three times four of them have said nothing until they were hung up on.
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(15) {
        let count = instances_of(attack.uid).len();
        assert!(count <= 4, "{count}");
        thread::sleep(Duration::from_millis(20));
    }
    drop(crowd);
    attack.until_all_are_gone(PATIENCE);
    // A line for the first of a kind, and one a minute.
    let log = std::fs::read_to_string(service::LOG).unwrap();
    let lines = log.lines().filter(|line| line.contains(&format!(" uid={} ", attack.uid)));
    assert!(lines.clone().count() <= 4, "{:?}", lines.collect::<Vec<_>>());
    attack.end("1000 connections");
}

#[test]
fn a_uid_that_is_nobodys_has_no_connections_at_all() {
    service::start();
    // One of those that subuid(5) gives a user for containers.
    let uid = 1_000_100;
    let mut connection = visitor::connect(uid);
    connection.send(b"{\"method\":\"org.varlink.service.GetInfo\"}\0");
    assert!(connection.receive().is_empty());
    let line =
        " reason=unknown_user factor=none service=cloud2fa rhost=- failures=0 wait=0 uid=1000100 ";
    service::logged(&[line]);
    // It is not asked about again for a minute.
    let mut connection = visitor::connect(uid);
    assert!(connection.receive().is_empty());
    assert!(instances_of(uid).is_empty());
}

#[test]
fn what_makes_no_sense_is_refused_or_hung_up_on() {
    let attack = Attack::by("u104", "u204");
    let deep = |open: &str, close: &str| {
        format!(
            "{{\"method\":\"io.cloud2fa.GetStatus\",\"parameters\":{}1{}}}",
            open.repeat(9_000),
            close.repeat(9_000)
        )
    };
    let wide = format!(
        r#"{{"method":"io.cloud2fa.GetStatus","parameters":{{"user":[{}1]}}}}"#,
        "1,".repeat(30_000)
    );
    let mine = attack.name;
    for (call, expected) in [
        ("hello".to_owned(), ""),
        (String::new(), ""),
        ("\u{1}\u{2}".to_owned(), ""),
        ("{\"method\":5}".to_owned(), ""),
        ("[]".to_owned(), ""),
        (deep("[", "]"), ""),
        (wide, "InvalidParameter"),
        (deep("{\"a\":", "}"), ""),
        (r#"{"method":"io.cloud2fa."}"#.to_owned(), "MethodNotFound"),
        (r#"{"method":"io.cloud2faGetStatus"}"#.to_owned(), "InterfaceNotFound"),
        (
            r#"{"method":"io.cloud2fa.Unlock","parameters":{"user":"alice"}}"#.to_owned(),
            "MethodNotFound",
        ),
        (
            r#"{"method":"io.cloud2fa.ConfirmEnrolment","parameters":{"code":"000000"}}"#
                .to_owned(),
            "NoEnrolmentBegun",
        ),
        (
            format!(r#"{{"method":"io.cloud2fa.Disable","parameters":{{"user":"{mine}"}}}}"#),
            "PasswordRequired",
        ),
        (
            format!(
                r#"{{"method":"io.cloud2fa.GetStatus","parameters":{{"user":"{mine}","user":"root"}}}}"#
            ),
            "NotPermitted",
        ),
        (
            format!(
                r#"{{"method":"io.cloud2fa.GetStatus","parameters":{{"user":"{}"}}}}"#,
                "x".repeat(60_000)
            ),
            "NotPermitted",
        ),
    ] {
        let mut connection = attack.connect();
        connection.send(format!("{call}\0").as_bytes());
        let answer = String::from_utf8(connection.receive()).unwrap();
        let shown: String = call.chars().take(90).collect();
        assert_eq!(answer.is_empty(), expected.is_empty(), "{shown}: {answer}");
        assert!(answer.contains(expected), "{shown}: {answer}");
    }
    // Bytes that are not even text.
    let mut connection = attack.connect();
    attack.until_there_are(1);
    connection.send(b"\xff\xfe\xfd\0");
    assert!(connection.receive().is_empty());
    attack.end("nonsense");
}

#[test]
fn a_client_that_never_reads_is_not_waited_for() {
    let attack = Attack::by("u105", "u205");
    // The answer names the method, so that few of them are more than the kernel holds.
    let call = format!("{{\"method\":\"io.cloud2fa.{}\"}}\0", "x".repeat(60_000)).into_bytes();
    let mut connection = attack.connect();
    let begun = Instant::now();
    // Until the service stops reading, and hangs up.
    while connection.try_send(&call).is_ok() {
        assert!(begun.elapsed() < PATIENCE, "it goes on for ever");
    }
    attack.until_all_are_gone(PATIENCE);
    assert!(begun.elapsed() > Duration::from_secs(3), "it was given time to read");
    attack.end("replies that nobody reads");
}

#[test]
fn of_a_thousand_refused_calls_on_a_connection_a_few_dozen_are_answered_and_logged() {
    let attack = Attack::by("u108", "u208");
    let mut connection = attack.connect();
    attack.until_there_are(1);
    let call = b"{\"method\":\"io.cloud2fa.GetStatus\",\"parameters\":{\"user\":\"root\"}}\0";
    let sent = (0..1000).take_while(|_| connection.try_send(call).is_ok()).count();
    let answers = connection.finish();
    let answered = answers.split(|byte| *byte == 0).filter(|answer| !answer.is_empty()).count();
    attack.until_all_are_gone(PATIENCE);
    let of_attacker = format!(" uid={} ", attack.uid);
    let lines = wait_for("all lines", || {
        let log = std::fs::read_to_string(service::LOG).unwrap();
        let lines = log.lines().filter(|line| line.contains(&of_attacker));
        let lines: Vec<_> = lines.map(str::to_owned).collect();
        (lines.len() > answered).then_some(lines)
    });
    eprintln!("{sent} calls sent, {answered} answered, {} lines", lines.len());
    assert!((10..=50).contains(&answered), "{answered} were answered");
    assert_eq!(lines.len(), answered + 1);
    let (last, refused) = lines.split_last().unwrap();
    assert!(refused.iter().all(|line| line.contains(" reason=not_permitted ")), "{refused:?}");
    let hung_up = last.contains(" reason=misbehaved ") && last.contains("made too many calls");
    assert!(hung_up, "{last}");
    attack.end("a thousand refused calls");
}

#[test]
fn the_most_that_a_call_can_cost_is_bounded_too() {
    let mut attack = Attack::by("u106", "u206");
    let code = verify(&of_this_machine(attack.name), "0000-0000-00000", "trial");
    let password = |text: &str| json!({ "user": attack.name, "password": text });
    // A password that is hashed, one that would be hashed for long, a code that takes much memory.
    let calls = [
        ("Authenticate", password("no")),
        ("Authenticate", password(&"x".repeat(60_000))),
        ("Verify", code),
    ];
    attack.until_all_are_gone(PATIENCE);
    let mut connections: Vec<_> = (0..4).map(|_| attack.connect()).collect();
    thread::scope(|scope| {
        for connection in &mut connections {
            scope.spawn(|| {
                for (method, call) in &calls {
                    let begun = Instant::now();
                    connection.call(method, call);
                    let took = begun.elapsed();
                    assert!(took < PATIENCE, "{method} took {took:?}");
                }
            });
        }
    });
    drop(connections);
    // A wrong backup code costs no wait, and its owner is told.
    let record = attack.record();
    assert!(
        record.contains("failures_since_login = 4") && !record.contains("\nfailures ="),
        "{record}"
    );
    attack.record_may_have_changed();
    attack.end("what costs most");
}
