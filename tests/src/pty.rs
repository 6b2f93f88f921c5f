//! A real program at a terminal of its own, and somebody who reads and types: su, sudo
//! and ssh ask nowhere else.

use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{posix_openpt, ptsname_r, unlockpt};
use nix::sys::termios::{LocalFlags, tcgetattr};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// How long a program may take to say what is expected of it, on a machine that has ten times as
/// much to do as it can. libpam's delay after a wrong code is up to 3 seconds of it.
const PATIENCE: Duration = Duration::from_secs(300);

/// The key Ctrl-C.
pub const CTRL_C: &str = "\x03";
/// The key Ctrl-Z.
pub const CTRL_Z: &str = "\x1a";

/// A program at a terminal. Killed when dropped.
#[derive(Debug)]
pub struct Pty {
    child: Child,
    /// Nothing once the terminal has hung up.
    master: Option<File>,
    shown: Vec<u8>,
    /// How much of it was expected already.
    seen: usize,
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// All that the terminal has shown.
    pub shown: String,
    /// The exit status; 128 and the signal's number where one has ended it.
    pub status: i32,
}

impl Ended {
    /// How often `text` was shown.
    pub fn count(&self, text: &str) -> usize {
        self.shown.matches(text).count()
    }
}

impl Pty {
    /// Starts `words` as the leader of a session whose controlling terminal is new. What
    /// `words` becomes by exec keeps the child's process id.
    pub fn start(words: &[String]) -> Self {
        let mut command = Command::new(&words[0]);
        Self::run(command.args(&words[1..]))
    }

    /// The same with the variables of `command`.
    pub fn run(command: &Command) -> Self {
        // Not openpty: whatever program starts meanwhile would inherit the master, and hold it open.
        let master =
            posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC).expect("a terminal");
        unlockpt(&master).expect("it is ours");
        let name = ptsname_r(&master).expect("it has a name");
        let open = || {
            File::options().read(true).write(true).custom_flags(OFlag::O_NOCTTY.bits()).open(&name)
        };
        let side = || open().expect("the other side of it");
        // A terminal's programs start with all signals as usual. Who has started the tests in the
        // background may have left it to them that Ctrl-C is ignored.
        let child = Command::new("env")
            .args(["--default-signal", "setsid", "--ctty", "--"])
            .arg(command.get_program())
            .args(command.get_args())
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("LC_ALL", "C.UTF-8")
            .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .stdin(side())
            .stdout(side())
            .stderr(side())
            .spawn()
            .expect("setsid starts (package util-linux)");
        Self { child, master: Some(File::from(OwnedFd::from(master))), shown: Vec::new(), seen: 0 }
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until `text` is shown, behind what was expected before.
    pub fn expect(&mut self, text: &str) {
        let shows = self.shows(text);
        assert!(shows, "expected {text:?}, but this is all that was shown:\n{}", self.transcript());
    }

    /// Waits until `text` is shown, or the program ends without. Says whether it was shown.
    pub fn shows(&mut self, text: &str) -> bool {
        self.shows_one_of(&[text]).is_some()
    }

    /// Waits until one of `texts` is shown. Says which.
    pub fn shows_one_of(&mut self, texts: &[&str]) -> Option<usize> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let shown = String::from_utf8_lossy(&self.shown[self.seen..]).into_owned();
            let found = texts
                .iter()
                .enumerate()
                .find_map(|(index, text)| Some((index, shown.find(text)? + text.len())));
            if let Some((index, end)) = found {
                self.seen += end;
                return Some(index);
            }
            if !self.read_more(deadline) {
                return None;
            }
        }
    }

    /// Types `line` and Enter.
    pub fn type_line(&mut self, line: &str) {
        self.press(&format!("{line}\n"));
    }

    /// Types `keys`. Nobody may be there any more to read them.
    pub fn press(&mut self, keys: &str) {
        if let Some(master) = &mut self.master {
            let _ = master.write_all(keys.as_bytes());
        }
    }

    /// Waits for `prompt`, and answers it.
    pub fn answer(&mut self, prompt: &str, line: &str) {
        self.expect(prompt);
        self.type_line(line);
    }

    /// Whether what is typed is shown.
    pub fn echoes(&self) -> bool {
        let master = self.master.as_ref().expect("not hung up");
        tcgetattr(master).expect("a terminal").local_flags.contains(LocalFlags::ECHO)
    }

    /// The terminal is gone, as when its window is closed.
    pub fn hang_up(&mut self) {
        self.master = None;
    }

    /// Whether the program has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("a child of ours").is_some()
    }

    /// All that was shown so far, as the terminal got it.
    pub fn bytes(&self) -> &[u8] {
        &self.shown
    }

    /// All that was shown so far.
    pub fn transcript(&self) -> String {
        String::from_utf8_lossy(&self.shown).replace('\r', "")
    }

    /// Waits until the program ends by itself.
    pub fn finish(mut self) -> Ended {
        let deadline = Instant::now() + PATIENCE;
        while self.read_more(deadline) {}
        let status = loop {
            match self.child.try_wait().expect("a child of ours") {
                Some(status) => break code(status),
                None if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(1)),
                None => panic!("it does not end, having shown:\n{}", self.transcript()),
            }
        };
        Ended { shown: self.transcript(), status }
    }

    /// Reads what comes next. Says whether more may come: not after the end of all
    /// programs at the terminal, nor after `deadline`.
    fn read_more(&mut self, deadline: Instant) -> bool {
        let Some(master) = &mut self.master else { return false };
        let left = deadline.saturating_duration_since(Instant::now()).as_millis();
        let timeout = PollTimeout::try_from(left).expect("some minutes");
        let ready = poll(&mut [PollFd::new(master.as_fd(), PollFlags::POLLIN)], timeout);
        if ready == Ok(0) {
            return false;
        }
        let mut buffer = [0; 4096];
        match master.read(&mut buffer) {
            // EIO: no program has the terminal open any more.
            Ok(0) | Err(_) => false,
            Ok(length) => {
                self.shown.extend_from_slice(&buffer[..length]);
                true
            }
        }
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn code(status: ExitStatus) -> i32 {
    status.code().or(status.signal().map(|signal| 128 + signal)).expect("it has ended")
}
