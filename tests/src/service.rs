//! The built service behind its socket, on this private machine: started when somebody connects, as
//! systemd does. The module stands in common-auth, too.

use crate::command;
use crate::machine;
use crate::processes::{as_user, wait_for};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::Mode;
use serde_json::{Value, json};
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Once;
use std::time::Duration;

/// Where the service listens.
pub const SOCKET: &str = "/run/cloud2fa/socket";

/// The built module, where programs of users can read it, wherever the checkout lies.
pub const MODULE: &str = "/run/pam_cloud2fa.so";

/// The built command, likewise.
pub const COMMAND: &str = "/run/programs/cloud2fa";

/// The program `connector`, likewise.
pub const CONNECTOR: &str = "/run/programs/connector";

/// What it logs.
pub const LOG: &str = "/run/cloud2fad.log";

/// The built service.
pub fn path() -> PathBuf {
    machine::built("CLOUD2FA_SERVICE", "cloud2fad")
}

/// Starts the service, once for a test program, on an empty store at the usual place.
pub fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        machine::must_be_private();
        // Programs of users must be let in to the socket's directory.
        nix::sys::stat::umask(Mode::from_bits_truncate(0o022));
        let pam = machine::workspace().join("conf/pam.d/cloud2fa");
        fs::copy(pam, "/etc/pam.d/cloud2fa").expect("the PAM service");
        let common = fs::read_to_string("/etc/pam.d/common-auth").expect("Debian's common-auth");
        publish(&machine::module(), MODULE);
        fs::create_dir("/run/programs").expect("a directory for programs");
        publish(&command::path(), COMMAND);
        publish(&connector(), CONNECTOR);
        let line = format!("{common}\nauth required {MODULE}\n");
        fs::write("/etc/pam.d/common-auth", line).expect("the module in common-auth");
        let store = Path::new("/var/lib/cloud2fa");
        cloud2fa::FileStore::init(store, 0).expect("a store");
        fs::create_dir_all("/run/cloud2fa").expect("the socket's directory");
        let listener = UnixListener::bind(SOCKET).expect("the socket");
        fs::set_permissions(SOCKET, fs::Permissions::from_mode(0o666)).expect("its mode");
        let (service, log) = (path(), fs::File::create(LOG).expect("a log"));
        std::thread::spawn(move || {
            loop {
                let mut somebody = [PollFd::new(listener.as_fd(), PollFlags::POLLIN)];
                if poll(&mut somebody, PollTimeout::NONE).is_err() {
                    continue;
                }
                let socket = listener.try_clone().expect("the socket");
                let mut service = Command::new(&service);
                let log = log.try_clone().expect("the log");
                service.stdin(OwnedFd::from(socket)).stdout(Stdio::null()).stderr(log);
                service.status().expect("the service starts");
            }
        });
    });
}

/// The last line of the log that has all these parts in it. It comes by way of the process that listens, and
/// so a moment after the answer: this waits for it.
pub fn logged(parts: &[&str]) -> String {
    wait_for(&format!("a line of the log with {parts:?}"), || {
        let log = fs::read_to_string(LOG).ok()?;
        let line = log.lines().rev().find(|line| parts.iter().all(|part| line.contains(part)));
        line.map(str::to_owned)
    })
}

/// Copies a program to where every user may run it.
fn publish(program: &Path, to: &str) {
    fs::copy(program, to).expect("a program that was built");
    fs::set_permissions(to, fs::Permissions::from_mode(0o755)).expect("its mode");
}

/// Cargo puts it above the directory of the tests.
fn connector() -> PathBuf {
    let test = std::env::current_exe().expect("this program");
    test.parent().and_then(Path::parent).expect("target").join("connector")
}

/// A command that runs as the user of that uid.
pub fn as_uid(uid: u32, program: &Path) -> Command {
    let (uid, program) = (uid.to_string(), program.to_str().expect("UTF-8"));
    let words = as_user(&uid, &[program]);
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
    command
}

/// A raw connection, with a time limit for reading.
#[derive(Debug)]
pub struct Raw(UnixStream);

impl From<UnixStream> for Raw {
    fn from(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(Duration::from_secs(120))).expect("a time limit");
        Self(stream)
    }
}

impl Raw {
    /// Connects as this process, which is root's.
    pub fn open() -> Self {
        Self::from(UnixStream::connect(SOCKET).expect("the service listens"))
    }

    /// Calls a method of ours.
    pub fn call(&mut self, method: &str, parameters: &Value) -> Value {
        let call = json!({ "method": format!("io.cloud2fa.{method}"), "parameters": parameters });
        self.send(format!("{call}\0").as_bytes());
        let answer = self.receive();
        serde_json::from_slice(&answer).unwrap_or_else(|_| {
            panic!("{method}: no answer but {:?}", String::from_utf8_lossy(&answer))
        })
    }

    /// Sends bytes as they are. A service that has hung up is no fault.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.try_send(bytes);
    }

    /// The same, where it matters whether the service still takes them.
    pub fn try_send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.write_all(bytes)
    }

    /// All that comes until the service hangs up, since nothing more is sent to it.
    pub fn finish(mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // A service that has hung up before it has read all of it resets the connection.
        let _ = self.0.shutdown(std::net::Shutdown::Write);
        let _ = self.0.read_to_end(&mut bytes);
        bytes
    }

    /// All that comes until the service hangs up or sends a NUL; the NUL is left out.
    pub fn receive(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut byte = [0];
        loop {
            match self.0.read(&mut byte) {
                Ok(1) if byte[0] != 0 => bytes.push(byte[0]),
                // Where a thread changes its uid, as a login does, libc interrupts all others.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => break,
            }
        }
        bytes
    }
}
