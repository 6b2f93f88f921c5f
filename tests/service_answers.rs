//! The module before a socket behind which something is wrong: it refuses in time, also with
//! `nullok`, and takes nothing for an answer that is none.
#![allow(missing_docs)]

use cloud2fa_tests::command;
use cloud2fa_tests::terminal::Terminal;
use cloud2fa_tests::user::uid;
use cloud2fa_tests::view::{Seen, View, bind, directory};
use cloud2fa_tests::visitor;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, UnixAddr, connect, listen, socket,
};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use std::fs::Permissions;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const PAM_HOST: &str = env!("CARGO_BIN_EXE_pam_host");
const CODE: &str = "0000-0000-0000Z";

/// Until a service is given up that is not there, or hangs up; and what a busy machine needs.
const IN_TIME: Duration = Duration::from_secs(25);
/// One that is there and does not answer, likewise.
const SLOW_IN_TIME: Duration = Duration::from_secs(300);

/// What the other side does with a connection, call by call, until it hangs up.
type Answers = Vec<Vec<u8>>;

/// Never an answer; the connection stays open for as long as the other side wants.
const SILENCE: &[u8] = b"silence";

fn answer(answer: &Value) -> Vec<u8> {
    format!("{answer}\0").into_bytes()
}

fn greeting() -> Vec<u8> {
    answer(&json!({"parameters": {"vendor": "cloud2fa"}}))
}

fn enrolled() -> Value {
    json!({"parameters": {"standing": {
        "state": "enrolled", "generation": "0".repeat(32), "since": 1_700_000_000, "last_used": null,
        "backup_codes_left": 8, "failures": 0, "wait_seconds": 0, "locked": false,
    }}})
}

fn verdict(verdict: &Value) -> Value {
    json!({"parameters": {"verdict": verdict}})
}

/// A directory for the socket, and the view of a login that finds no store, and that socket.
fn view(arguments: &str) -> (PathBuf, View) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    std::fs::create_dir_all("/run/cloud2fa").unwrap();
    let name = format!("answers{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let at = directory(&name);
    let script = format!("mount -t tmpfs tmpfs /var/lib\n{}", bind(&at, "/run/cloud2fa"));
    (at, View::new(PAM_HOST, &name, &script, arguments))
}

/// Logs alice in while each connection is answered so: to the first, the first answers, and
/// so on; there is nobody behind the last.
fn login(connections: &[Answers]) -> Seen {
    let (at, view) = view("nullok");
    let listener = UnixListener::bind(at.join("socket")).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            for answers in connections {
                let (stream, _) = listener.accept().unwrap();
                let answers = answers.clone();
                scope.spawn(move || serve(stream, &answers));
            }
        });
        let seen = view.login("alice", CODE);
        // Connections that the login did not need.
        for _ in connections {
            let _ = UnixStream::connect(at.join("socket"));
        }
        seen
    })
}

fn serve(mut stream: UnixStream, answers: &[Vec<u8>]) {
    for answer in answers {
        let mut byte = [1];
        while byte[0] != 0 {
            if !matches!(stream.read(&mut byte), Ok(1)) {
                return;
            }
        }
        if answer == SILENCE {
            let _ = stream.read(&mut byte);
            return;
        }
        let _ = stream.write_all(answer);
    }
}

fn is_unavailable(seen: &Seen, asked: bool, within: Duration, what: &str) {
    assert_eq!(
        (seen.code.as_str(), seen.asked),
        ("PAM_AUTHINFO_UNAVAIL", asked),
        "{what}: {seen:?}"
    );
    assert!(seen.line.contains(" reason=store_unavailable "), "{what}: {seen:?}");
    assert!(seen.took < within, "{what}: {seen:?}");
}

/// A login at a socket of that making refuses in time, with and without `nullok`.
fn refuses_at(what: &str, within: Duration, make: impl Fn(&Path) -> Option<OwnedFd> + Sync) {
    let refuses = |arguments| {
        let (at, view) = view(arguments);
        let held = make(&at.join("socket"));
        is_unavailable(&view.login("alice", CODE), false, within, what);
        drop(held);
    };
    thread::scope(|scope| {
        for arguments in ["", "nullok"] {
            scope.spawn(move || refuses(arguments));
        }
    });
}

#[test]
fn no_socket_and_one_that_nobody_listens_at() {
    refuses_at("no socket", IN_TIME, |_| None);
    refuses_at("a file", IN_TIME, |path| std::fs::write(path, "").map(|()| None).unwrap());
    refuses_at("nobody listens", IN_TIME, |path| {
        drop(UnixListener::bind(path).unwrap());
        None
    });
}

#[test]
fn a_socket_that_is_not_roots() {
    for arguments in ["", "nullok"] {
        let (at, view) = view(arguments);
        std::os::unix::fs::chown(&at, Some(uid("alice")), None).unwrap();
        let theirs = visitor::listen_as(uid("alice"), &at.join("socket"));
        let seen = view.login("alice", CODE);
        is_unavailable(&seen, false, IN_TIME, "somebody else's");
        assert!(seen.line.contains("is not root's; find out whose it is"), "{seen:?}");
        drop(theirs);
    }
}

fn a_socket_whose_queue_is_full() {
    refuses_at("the queue is full", SLOW_IN_TIME, |path| {
        let new = |flags| socket(AddressFamily::Unix, SockType::Stream, flags, None).unwrap();
        let address = UnixAddr::new(path).unwrap();
        let listener = new(SockFlag::SOCK_CLOEXEC);
        nix::sys::socket::bind(listener.as_raw_fd(), &address).unwrap();
        listen(&listener, Backlog::new(0).unwrap()).unwrap();
        let one = new(SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK);
        connect(one.as_raw_fd(), &address).unwrap();
        // Kept in the queue by the listener alone.
        Some(listener)
    });
}

fn a_service_that_accepts_nobody() {
    refuses_at("nobody accepts", SLOW_IN_TIME, |path| {
        Some(UnixListener::bind(path).unwrap().into())
    });
}

/// The command at a terminal, of a user who finds that socket.
fn command_at(directory: &Path, verb: &str) -> Terminal {
    // Once: what runs cannot be written.
    static COPIED: Once = Once::new();
    let program = "/run/cloud2fa-of-users";
    COPIED.call_once(|| {
        std::fs::copy(command::path(), program).unwrap();
    });
    let as_alice = format!("exec setpriv --reuid alice --clear-groups {program} {verb}");
    let script = format!("{}\n{as_alice}", bind(directory, "/run/cloud2fa"));
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "/bin/sh", "-ec", &script]);
    Terminal::start(&command, 80)
}

/// A socket that everybody finds, and the directory that it is in.
fn open_socket() -> (PathBuf, UnixListener) {
    let (at, _) = view("nullok");
    let socket = at.join("socket");
    let listener = UnixListener::bind(&socket).unwrap();
    std::fs::set_permissions(&socket, Permissions::from_mode(0o666)).unwrap();
    (at, listener)
}

const WAITING: &str = "The machine is busy. Waiting for the service ...";

#[test]
fn who_sits_at_a_terminal_is_told_that_the_service_takes_its_time_and_is_served_when_it_comes() {
    let (at, listener) = open_socket();
    let began = Instant::now();
    let mut terminal = command_at(&at, "status");
    terminal.expect(WAITING);
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
    // Longer than any client of before has waited.
    thread::sleep(Duration::from_secs(10));
    let answers = [
        greeting(),
        answer(&json!({"parameters": {
            "standing": {"state": "never_enrolled"}, "whose": "alice",
        }})),
    ];
    let (stream, _) = listener.accept().unwrap();
    serve(stream, &answers);
    terminal.expect("alice has no second factor");
}

#[test]
fn who_does_not_want_to_wait_presses_ctrl_c() {
    let (at, _listener) = open_socket();
    let mut terminal = command_at(&at, "status");
    terminal.expect(WAITING);
    let pressed = Instant::now();
    terminal.type_in("\u{3}");
    assert_ne!(terminal.end().1, 0);
    assert!(pressed.elapsed() < Duration::from_secs(60), "{:?}", pressed.elapsed());
}

fn a_service_that_is_too_slow_is_not_said_to_be_gone() {
    let (at, _listener) = open_socket();
    let mut terminal = command_at(&at, "status");
    terminal.expect("has not answered for a minute");
    let (shown, status) = terminal.end();
    assert!(status != 0 && !shown.contains("switches it on"), "{shown}");
}

#[test]
fn a_service_that_hangs_up() {
    let never = vec![Answers::new(); 200];
    is_unavailable(&login(&never), false, IN_TIME, "it hangs up on each connection");
}

fn half_a_greeting(first: &[u8]) {
    let half = [vec![first.to_vec(), SILENCE.to_vec()]];
    let what = String::from_utf8_lossy(&first[..first.len().min(20)]);
    is_unavailable(&login(&half), false, SLOW_IN_TIME, &what);
}

#[test]
fn one_that_does_not_answer_is_waited_for_for_a_minute() {
    thread::scope(|scope| {
        scope.spawn(a_socket_whose_queue_is_full);
        scope.spawn(a_service_that_accepts_nobody);
        scope.spawn(|| half_a_greeting(SILENCE));
        scope.spawn(|| half_a_greeting(b"{\"parameters\":"));
        scope.spawn(|| half_a_greeting(&vec![b' '; 60_000]));
        scope.spawn(a_service_that_greets_and_is_silent);
        scope.spawn(a_service_that_is_silent_after_the_prompt);
        scope.spawn(a_service_that_is_too_slow_is_not_said_to_be_gone);
    });
}

fn a_service_that_greets_and_is_silent() {
    let silent = vec![greeting(), SILENCE.to_vec()];
    is_unavailable(&login(&[silent]), false, SLOW_IN_TIME, "before the prompt");
}

fn a_service_that_is_silent_after_the_prompt() {
    let asked = vec![greeting(), answer(&enrolled())];
    let silent = vec![greeting(), SILENCE.to_vec()];
    is_unavailable(&login(&[asked, silent]), true, SLOW_IN_TIME, "after the prompt");
}

/// Answers that are none, whatever was asked.
fn no_answers() -> Vec<Vec<u8>> {
    let nested = "[".repeat(10_000) + &"]".repeat(10_000) + "\0";
    let mut answers = vec![
        b"garbage\0".to_vec(),
        b"\0".to_vec(),
        b"\xff\xfe\0".to_vec(),
        b"{\"parameters\":{\"standing\":{\"state\":\"never_enrolled\"".to_vec(),
        b"{\"parameters\":{\"standing\":{\"state\":\"never_\0enrolled\"}}}\0".to_vec(),
        vec![b' '; 200_000],
        nested.into_bytes(),
    ];
    let values = [
        json!({}),
        json!([]),
        json!({"parameters": null}),
        json!({"parameters": []}),
        json!({"error": "io.cloud2fa.NotEnrolled", "parameters": {}}),
        json!({"error": "io.cloud2fa.Nothing", "parameters": enrolled()["parameters"]}),
        json!({"error": 5, "parameters": enrolled()["parameters"]}),
        json!({"error": "io.cloud2fa.Unavailable", "parameters": {"message": "x"}}),
        json!({"error": "io.cloud2fa.NotPermitted"}),
        json!({"parameters": {"standing": "never_enrolled", "verdict": "accepted"}}),
        json!({"parameters": {"standing": {"state": "disabled"}}}),
        json!({"parameters": {"standing": {"state": ["never_enrolled"]}}}),
        json!({"parameters": {"standing": {"state": "enrolled", "generation": "00"}}}),
        verdict(&json!({"verdict": "accepted"})),
        verdict(
            &json!({"verdict": "accepted", "backup_codes_left": -1, "failures_since_login": 0}),
        ),
        verdict(
            &json!({"verdict": "accepted", "backup_codes_left": 8, "failures_since_login": 1_u64 << 40}),
        ),
        verdict(&json!({"verdict": "ACCEPTED", "backup_codes_left": 8, "failures_since_login": 0})),
    ];
    answers.extend(values.iter().map(answer));
    let fields = ["since", "backup_codes_left", "failures", "wait_seconds", "locked", "last_used"];
    for field in fields.into_iter().chain(["budget_used", "decisions"]) {
        for value in [json!(-1), json!("0"), json!(1.5), json!(1e300)] {
            let mut damaged = enrolled();
            damaged["parameters"]["standing"][field] = value;
            answers.push(answer(&damaged));
        }
    }
    answers
}

#[test]
fn an_answer_that_is_none_refuses() {
    for none in no_answers() {
        let what = String::from_utf8_lossy(&none[..none.len().min(200)]).into_owned();
        let before = vec![greeting(), none.clone()];
        is_unavailable(&login(&[before]), false, IN_TIME, &what);
        let asked = vec![greeting(), answer(&enrolled())];
        let after = vec![greeting(), none];
        is_unavailable(&login(&[asked, after]), true, IN_TIME, &what);
    }
    // To the other question, this is none either.
    let accepted =
        verdict(&json!({"verdict": "accepted", "backup_codes_left": 8, "failures_since_login": 0}));
    let early = vec![greeting(), answer(&accepted)];
    is_unavailable(&login(&[early]), false, IN_TIME, "a verdict before the prompt");
    let asked = vec![greeting(), answer(&enrolled())];
    is_unavailable(&login(&[asked.clone(), asked]), true, IN_TIME, "no verdict");
}

#[test]
fn an_answer_that_is_one_is_believed() {
    let asked = vec![greeting(), answer(&enrolled())];
    let accepted =
        json!({"verdict": "accepted", "backup_codes_left": 8, "failures_since_login": 0});
    let accepted = vec![greeting(), answer(&verdict(&accepted))];
    let seen = login(&[asked, accepted]);
    assert_eq!((seen.code.as_str(), seen.asked), ("PAM_SUCCESS", true), "{seen:?}");
    let mut nobody = json!({"parameters": {"standing": {"state": "never_enrolled"}}});
    let earlier = login(&[vec![greeting(), answer(&nobody)]]);
    is_unavailable(&earlier, false, IN_TIME, "a service that does not say whose it is");
    nobody["parameters"]["whose"] = json!("alice");
    let seen = login(&[vec![greeting(), answer(&nobody)]]);
    assert_eq!((seen.code.as_str(), seen.asked), ("PAM_SUCCESS", false), "{seen:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, max_shrink_time: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_answer_lets_nobody_in(
        typos in proptest::collection::vec((any::<Index>(), any::<u8>()), 1..6),
        end in any::<Index>(),
    ) {
        let wrong = json!({"verdict": "wrong", "failures": 1, "wait_seconds": 0, "locked": false});
        let damaged = |good: &Value| {
            let mut bytes = answer(good);
            for (at, byte) in &typos {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            bytes.truncate(end.index(2 * bytes.len()));
            bytes
        };
        let seen = login(&[
            vec![greeting(), damaged(&enrolled())],
            vec![greeting(), damaged(&verdict(&wrong))],
        ]);
        prop_assert!(seen.code != "PAM_SUCCESS" && seen.took < IN_TIME, "{:?}", seen);
        let asked = vec![greeting(), answer(&enrolled())];
        let seen = login(&[asked, vec![greeting(), damaged(&verdict(&wrong))]]);
        prop_assert!(seen.code != "PAM_SUCCESS" && seen.took < IN_TIME, "{:?}", seen);
    }
}
