//! The process that listens, when it ends: by itself when nobody comes, or by force.
#![allow(missing_docs)]

use cloud2fa_tests::machine;
use cloud2fa_tests::processes::{status_field, wait_for};
use cloud2fa_tests::user::{name_of, numbered};
use cloud2fa_tests::visitor::{call, connect, error_of, instance_of, listener};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// There is one service, which each of these tests has end.
static ONE: Mutex<()> = Mutex::new(());

const GREETING: &[u8] = b"{\"method\":\"org.varlink.service.GetInfo\"}\0";

/// Asks as a user of the private machine.
fn is_served(uid: u32) {
    let answer = call(uid, "GetStatus", &json!({ "user": name_of(uid) }));
    assert_eq!(error_of(&answer), None, "{answer}");
}

#[test]
fn with_the_process_that_listens_all_others_end_and_the_next_caller_has_new_ones() {
    let _one = ONE.lock();
    let mut connection = connect(numbered(153));
    connection.send(GREETING);
    assert!(!connection.receive().is_empty());
    let process = instance_of(numbered(153));
    let service = i32::try_from(listener()).unwrap();
    kill(Pid::from_raw(service), Signal::SIGKILL).unwrap();
    assert!(connection.receive().is_empty());
    wait_for("its end", || status_field(process, "Name").is_none().then_some(()));
    is_served(numbered(154));
}

#[test]
fn it_asks_nobody_for_names_and_goes_when_nobody_comes() {
    let _one = ONE.lock();
    is_served(numbered(155));
    let parent = listener();
    let mut strace = Command::new(machine::program("strace", "strace"));
    strace.args(["-e", "trace=%file,%network", "-p", &parent.to_string()]);
    let mut strace = strace.stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(strace.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(said.next().unwrap().contains("attached"));
    for uid in [numbered(155), numbered(156), numbered(157)] {
        is_served(uid);
    }
    let served_at = Instant::now();
    let calls: Vec<String> = said.collect();
    let idle = served_at.elapsed();
    assert!(strace.wait().unwrap().success());
    assert!(idle > Duration::from_secs(20), "it went after {idle:?}");
    let opened = calls.iter().filter(|call| call.contains("open") || call.contains("connect("));
    for call in opened {
        assert!(call.contains("\"/proc/thread-self/children\""), "{call}");
    }
    let accepted =
        calls.iter().filter(|call| call.contains("accept4(") && !call.contains("EAGAIN"));
    assert!(accepted.count() >= 3, "{calls:#?}");
    is_served(numbered(155));
}
