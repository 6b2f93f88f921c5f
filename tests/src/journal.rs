//! systemd's journal on this private machine: what the system's log is told goes there, with who
//! has told it.

use crate::processes::wait_for;
use crate::{machine, syslog};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const JOURNALD: &str = "/lib/systemd/systemd-journald";
const SOCKET: &str = "/run/systemd/journal/dev-log";

/// A running journald, for the whole test program.
#[derive(Debug)]
pub struct Journal {
    /// The shell that ends it with this program: its standard input is closed then.
    _keeper: Child,
}

impl Journal {
    /// Starts it in the place of what [`syslog`] reads.
    pub fn start() -> Self {
        machine::must_be_private();
        // Once in a program, and before: it would take the place again.
        syslog::listen();
        std::fs::create_dir_all("/run/systemd/journal").expect("a private /run");
        std::fs::create_dir_all("/run/log/journal").expect("a private /run");
        // Each program's lines are kept, however many there are.
        std::fs::create_dir_all("/etc/systemd").expect("a private /etc");
        std::fs::write("/etc/systemd/journald.conf", "[Journal]\nRateLimitBurst=0\n")
            .expect("a private /etc");
        let script = "\"$0\" </dev/null 2>/run/journald.log & read -r line; kill $!";
        let mut shell = Command::new("sh");
        let shell = shell.args(["-c", script, JOURNALD]).stdin(Stdio::piped());
        let keeper = shell.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let keeper = keeper.expect("a shell starts");
        wait_for("journald's socket", || Path::new(SOCKET).exists().then_some(()));
        std::fs::remove_file("/dev/log").expect("it was bound");
        std::os::unix::fs::symlink(SOCKET, "/dev/log").expect("a private /dev");
        Self { _keeper: keeper }
    }

    /// What a command line with journalctl in it shows to root, of what was logged until now.
    pub fn shows(&self, command: &str) -> String {
        let sync = Command::new("journalctl").arg("--sync").status().expect("it runs");
        assert!(sync.success(), "journalctl --sync");
        let output = Command::new("sh").args(["-ec", command]).output().expect("a shell");
        let errors = String::from_utf8_lossy(&output.stderr);
        // 1 and "-- No entries --" is what journalctl gives where it finds nothing.
        assert!(output.status.code() <= Some(1) && errors.is_empty(), "{command}: {errors}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }
}

/// Has `line` logged with logger(1), by the user `name` as if by `tag`.
pub fn log_as(name: &str, tag: &str, line: &str) {
    let words = crate::processes::as_user(name, &["logger", "-p", "authpriv.notice", "-t", tag]);
    let logger = Command::new(words[0]).args(&words[1..]).args(["--", line]).status();
    assert!(logger.expect("it runs").success(), "logger");
}
