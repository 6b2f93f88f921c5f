//! The process that listens: it serves each caller whatever becomes of the others, and nothing is left of
//! what it has started.
#![allow(missing_docs)]

use cloud2fa_tests::processes::{descendants, status_field, wait_for};
use cloud2fa_tests::service::{self, Raw};
use cloud2fa_tests::user::{name_of, numbered};
use cloud2fa_tests::visitor::{self, call, connect, error_of, instance_of, instances_of};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};

/// What a machine with much else to do takes for an answer.
const AT_ONCE: Duration = Duration::from_secs(4);

const GREETING: &[u8] = b"{\"method\":\"org.varlink.service.GetInfo\"}\0";

/// A user of the private machine, and whether there is an answer for that user; within what time.
fn is_served(uid: u32) -> Duration {
    let began = Instant::now();
    let answer = call(uid, "GetStatus", &json!({ "user": name_of(uid) }));
    assert_eq!(error_of(&answer), None, "{answer}");
    began.elapsed()
}

fn end(pid: u32) {
    kill(Pid::from_raw(pid.try_into().unwrap()), Signal::SIGKILL).unwrap();
}

/// A cache of names that comes to no end with one uid, byte after byte, and knows nothing of others.
fn answer_without_end(uid: u32) {
    std::fs::create_dir_all("/run/nscd").unwrap();
    let nscd = UnixListener::bind("/run/nscd/socket").unwrap();
    let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    std::fs::set_permissions("/run/nscd/socket", everybody).unwrap();
    std::thread::spawn(move || {
        for connection in nscd.incoming() {
            let mut connection = connection.unwrap();
            std::thread::spawn(move || dribble(&mut connection, uid));
        }
    });
}

/// Numbers of 4 bytes: version, kind and length of a question, before the key; of the answer the version,
/// that there is one, lengths of name and password, uid, gid, and three lengths (nscd-client.h).
fn dribble(connection: &mut UnixStream, uid: u32) {
    let mut question = [0; 64];
    let count = connection.read(&mut question).unwrap_or(0);
    if question[..count].get(12..) == Some(format!("{uid}\0").as_bytes()) {
        let begin = [2_u32, 1, 500, 2, uid, uid, 2, 2, 2].map(u32::to_ne_bytes);
        let _ = connection.write_all(begin.as_flattened());
        // libc waits for 5 s for each.
        while connection.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_secs(1));
        }
    }
}

#[test]
fn a_user_about_whom_nobody_answers_keeps_nobody_waiting_and_is_hung_up_on() {
    service::start();
    answer_without_end(numbered(140));
    let began = Instant::now();
    let mut waits: Vec<Raw> = (0..20).map(|_| connect(numbered(140))).collect();
    instance_of(numbered(140));
    for uid in numbered(141)..numbered(150) {
        let took = is_served(uid);
        assert!(took < AT_ONCE, "{uid} waited for {took:?}");
    }
    // One that has just lost the place may not be quite gone yet.
    let one_place = || (instances_of(numbered(140)).len() <= 1).then_some(());
    wait_for("one place for who is not known", one_place);
    waits[0].send(GREETING);
    assert!(waits[0].receive().is_empty(), "an answer, although nobody knows whose");
    let lasted = began.elapsed();
    assert!((9..60).contains(&lasted.as_secs()), "{lasted:?}");
}

#[test]
fn what_a_process_has_started_ends_with_it_and_the_service_goes_on() {
    service::start();
    let stack = "/etc/pam.d/cloud2fa";
    let usual = std::fs::read_to_string(stack).unwrap();
    std::fs::write("/run/slow", "#!/bin/sh\nexec sleep 4711\n").unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions("/run/slow", executable).unwrap();
    std::fs::write(stack, "auth required pam_exec.so quiet /run/slow\n").unwrap();
    let mut connection = connect(numbered(151));
    connection.send(
        b"{\"method\":\"io.cloud2fa.Authenticate\",\"parameters\":{\"user\":\"u151\",\"password\":\"pw\"}}\0",
    );
    let process = instance_of(numbered(151));
    let started = wait_for("the program", || {
        descendants(process)
            .into_iter()
            .find(|pid| status_field(*pid, "Name").as_deref() == Some("sleep"))
    });
    end(process);
    std::fs::write(stack, usual).unwrap();
    wait_for("its end", || status_field(started, "Name").is_none().then_some(()));
    assert!(connection.receive().is_empty());
    assert!(is_served(numbered(152)) < AT_ONCE);
}

#[test]
fn root_has_places_of_its_own() {
    service::start();
    // So many that places are taken again when those of the first are hung up on, as silent ones are.
    let held: Vec<_> = (numbered(160)..numbered(176)).map(|uid| visitor::crowd(uid, 60)).collect();
    let served = |uid: u32| {
        let mut raw = connect(uid);
        raw.send(GREETING);
        !raw.receive().is_empty()
    };
    for uid in numbered(160)..numbered(176) {
        wait_for("four places", || (instances_of(uid).len() == 4).then_some(()));
    }
    let began = Instant::now();
    let root: Value = Raw::open().call("GetStatus", &json!({ "user": "u160" }));
    assert_eq!(error_of(&root), None, "{root}");
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    drop(held);
    assert!(served(numbered(177)));
}
