//! Connections to the service as other users, with bytes of the test's own on them; and the
//! processes that serve them.

use crate::processes::{descendants, wait_for};
use crate::service::{self, Raw, SOCKET, as_uid};
use cloud2fa::User;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A connection that a process of that uid has made.
pub fn connect(uid: u32) -> Raw {
    let socket = prepared_by(connector(uid, Path::new(SOCKET)));
    Raw::from(UnixStream::from(socket))
}

/// A socket at `path` that a process of that uid listens at, to all who look who that is.
pub fn listen_as(uid: u32, path: &Path) -> OwnedFd {
    let mut command = connector(uid, path);
    command.arg("listen");
    prepared_by(command)
}

/// A socket that `command` has had as its standard input.
fn prepared_by(mut command: Command) -> OwnedFd {
    let flags = SockFlag::SOCK_CLOEXEC;
    let socket = socket(AddressFamily::Unix, SockType::Stream, flags, None).expect("a socket");
    let theirs = socket.try_clone().expect("a file descriptor");
    let status = command.stdin(Stdio::from(theirs)).status().expect("setpriv starts");
    assert!(status.success(), "{command:?}");
    socket
}

/// Calls one method on a connection of its own.
pub fn call(uid: u32, method: &str, parameters: &Value) -> Value {
    connect(uid).call(method, parameters)
}

/// A user's connection on which the password was checked already.
pub fn authenticated(uid: u32, name: &str) -> Raw {
    let mut connection = connect(uid);
    let answer = connection.call("Authenticate", &json!({ "user": name, "password": "pw" }));
    assert_eq!(answer, json!({ "parameters": {} }), "{name}");
    connection
}

/// The parameters of Verify for a user, as the user stands now.
pub fn verify(user: &User, code: &str, purpose: &str) -> Value {
    let name = user.name.as_str();
    let status = call(user.uid, "GetStatus", &json!({ "user": name }));
    let generation = &status["parameters"]["standing"]["generation"];
    json!({ "user": name, "generation": generation, "code": code, "purpose": purpose })
}

/// A process of that uid that holds so many connections until it is dropped.
pub fn crowd(uid: u32, count: usize) -> Crowd {
    let mut command = connector(uid, Path::new(SOCKET));
    command.arg(count.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("setpriv starts");
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().expect("piped"));
    output.read_line(&mut line).expect("text");
    assert_eq!(line, "open\n", "uid {uid} is not let in to {SOCKET} {count} times");
    Crowd(child)
}

fn connector(uid: u32, socket: &Path) -> Command {
    service::start();
    let mut command = as_uid(uid, Path::new(service::CONNECTOR));
    command.arg(socket);
    command
}

/// Connections that somebody holds.
#[derive(Debug)]
pub struct Crowd(Child);

impl Drop for Crowd {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// The processes that serve a user: they say so.
pub fn instances_of(uid: u32) -> Vec<u32> {
    let name = format!("cloud2fad\0uid={uid}\0");
    let serves = |pid: &u32| {
        std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|said| said == name.as_bytes())
    };
    descendants_of_threads().into_iter().filter(serves).collect()
}

/// The process that listens. Waits until there is one.
pub fn listener() -> u32 {
    let program = [service::path().to_str().expect("UTF-8").as_bytes(), b"\0"].concat();
    let listens =
        |pid: &u32| std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|said| said == program);
    wait_for("the service", || descendants_of_threads().into_iter().find(listens))
}

/// The process that serves a user who has one connection. Waits until there is one.
pub fn instance_of(uid: u32) -> u32 {
    wait_for("the service's process", || match instances_of(uid)[..] {
        [pid] => Some(pid),
        _ => None,
    })
}

/// All that any thread of this process has started.
fn descendants_of_threads() -> Vec<u32> {
    let threads = std::fs::read_dir("/proc/self/task").expect("threads").flatten();
    let children = threads.flat_map(|thread| {
        let children = std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        children.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<u32>>()
    });
    children.flat_map(|child| [vec![child], descendants(child)].concat()).collect()
}

/// The error in an answer, without the interface's name; nothing in a good one.
pub fn error_of(answer: &Value) -> Option<&str> {
    let error = answer.get("error")?.as_str().expect("an error's name");
    Some(error.strip_prefix("io.cloud2fa.").unwrap_or(error))
}
