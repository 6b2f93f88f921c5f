//! The system's log: /dev/log, read by this process.

use crate::machine;
use std::os::unix::net::UnixDatagram;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

const SOCKET: &str = "/dev/log";

static LINES: Mutex<Vec<Line>> = Mutex::new(Vec::new());
static GROWN: Condvar = Condvar::new();

/// One line as the program sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Facility and severity, syslog(3).
    pub priority: i32,
    /// All behind the priority: time, program, and what the program said.
    pub text: String,
}

impl Line {
    /// The severity's name, as journalctl(1) has it.
    pub fn severity(&self) -> &'static str {
        ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"]
            [usize::try_from(self.priority & 7).unwrap_or(0)]
    }

    /// What a module said: behind `module(service:auth): `.
    pub fn message(&self) -> &str {
        self.text.split_once("): ").map_or(&self.text, |(_, message)| message)
    }
}

/// Begins to collect. Whatever logs afterwards is heard, whichever process it is.
pub fn listen() {
    static STARTED: Once = Once::new();
    machine::must_be_private();
    STARTED.call_once(|| {
        // Left over from a test program that ran on this machine before.
        let _ = std::fs::remove_file(SOCKET);
        let socket = UnixDatagram::bind(SOCKET).expect("/dev/log can be made on a private machine");
        let anybody = std::os::unix::fs::PermissionsExt::from_mode(0o666);
        std::fs::set_permissions(SOCKET, anybody).expect("the socket is ours");
        thread::spawn(move || collect(&socket));
    });
}

fn collect(socket: &UnixDatagram) {
    let mut datagram = vec![0; 64 * 1024];
    while let Ok(length) = socket.recv(&mut datagram) {
        let text =
            String::from_utf8_lossy(&datagram[..length]).trim_end_matches(['\0', '\n']).to_owned();
        LINES.lock().unwrap_or_else(PoisonError::into_inner).push(parse(text));
        GROWN.notify_all();
    }
}

/// Takes `<86>` off the front.
fn parse(text: String) -> Line {
    let parts = text.strip_prefix('<').and_then(|rest| rest.split_once('>'));
    match parts.and_then(|(priority, rest)| Some((priority.parse().ok()?, rest.to_owned()))) {
        Some((priority, text)) => Line { priority, text },
        None => Line { priority: -1, text },
    }
}

/// All that was logged so far by anybody.
pub fn lines() -> Vec<Line> {
    static MARKS: AtomicU64 = AtomicU64::new(0);
    listen();
    // The socket is a queue: when this has come through, all that was sent before has.
    let mark = format!("mark {}", MARKS.fetch_add(1, Ordering::Relaxed));
    let sender = UnixDatagram::unbound().expect("a socket");
    sender.send_to(mark.as_bytes(), SOCKET).expect("/dev/log is open");
    let deadline = Instant::now() + Duration::from_secs(120);
    let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    while !lines.iter().any(|line| line.text == mark) {
        assert!(Instant::now() < deadline, "the reader of /dev/log does not answer");
        lines = GROWN
            .wait_timeout(lines, Duration::from_millis(100))
            .map_or_else(|e| e.into_inner().0, |it| it.0);
    }
    lines.iter().filter(|line| !line.text.starts_with("mark ")).cloned().collect()
}

/// The module's lines of the PAM service `service`.
pub fn lines_of(service: &str) -> Vec<Line> {
    let by_module = format!("cloud2fa({service}:auth): ");
    lines().into_iter().filter(|line| line.text.contains(&by_module)).collect()
}

/// The module's lines about `user`, as the line spells the name.
pub fn lines_about(user: &str) -> Vec<Line> {
    let about = format!(" user=\"{user}\" ");
    lines().into_iter().filter(|line| line.text.contains(&about)).collect()
}
