//! Lines from standard input, of bounded length, and the signals that may arrive instead.
//!
//! The signals are blocked from the start: they are looked at where a person is asked
//! something, and nowhere else, so that no change is cut in the middle. SIGXFSZ is blocked
//! with them, so that a write beyond `ulimit -f` is an error and not the end.

use crate::failure::{Failure, Kind};
use crate::language::WORDS;
use nix::errno::Errno;
use nix::libc::_POSIX_VDISABLE;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::termios::SpecialCharacterIndices::VSUSP;
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;
use zeroize::{Zeroize, Zeroizing};

/// No password, code or answer is longer (`PAM_MAX_RESP_SIZE` in `_pam_types.h`).
const LONGEST_LINE: usize = 512;

/// The signals that end a program, and that somebody may send: the screen is to be put back before.
fn ending() -> SigSet {
    let usual = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT];
    let others = [Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGALRM, Signal::SIGVTALRM];
    usual.into_iter().chain(others).chain([Signal::SIGXCPU]).collect()
}

/// Lets those that have come end this program, where nothing is begun that could be left half done.
pub fn let_signals_in() {
    // A program that cannot set its mask has not blocked them.
    let _ = ending().thread_unblock().and_then(|()| ending().thread_block());
}

/// Waits so long, or until there is something to read in `also`, or a signal comes that ends programs. Says
/// whether one has come; it is not taken.
pub fn is_to_end_within(time: Duration, also: Option<BorrowedFd<'_>>) -> bool {
    let signals = SignalFd::with_flags(&ending(), SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK);
    let time = PollTimeout::try_from(time).unwrap_or(PollTimeout::ZERO);
    let Ok(signals) = signals else { return false };
    let also = also.map(|also| PollFd::new(also, PollFlags::POLLIN));
    let signals = PollFd::new(signals.as_fd(), PollFlags::POLLIN);
    let mut events: Vec<_> = std::iter::once(signals).chain(also).collect();
    poll(&mut events, time).is_ok() && events[0].any().unwrap_or(false)
}

/// Standard input.
pub struct Input {
    stdin: File,
    signals: SignalFd,
    /// What was read beyond the last line.
    rest: Zeroizing<Vec<u8>>,
}

impl Input {
    /// Blocks the signals that end a program, and looks out for them from now on.
    pub fn new() -> Result<Self, Failure> {
        let set_up = || -> std::io::Result<Self> {
            let ending = ending();
            ending.thread_block()?;
            SigSet::from(Signal::SIGXFSZ).thread_block()?;
            let signals =
                SignalFd::with_flags(&ending, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
            let stdin = File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
            Ok(Self { stdin, signals, rest: Zeroizing::new(Vec::with_capacity(2 * LONGEST_LINE)) })
        };
        set_up().map_err(|error| Failure::new(Kind::Unavailable, (WORDS.failures.no_input)(&error)))
    }

    /// The next line, without its end.
    pub fn line(&mut self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let mut line = Zeroizing::new(self.rest[..end].to_vec());
                // What is behind the rest would stay until the end.
                self.rest.copy_within(end + 1.., 0);
                let left = self.rest.len() - (end + 1);
                self.rest[left..].zeroize();
                self.rest.truncate(left);
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(line);
            }
            if self.rest.len() > LONGEST_LINE {
                let message = (WORDS.failures.answer_is_too_long)(LONGEST_LINE);
                return Err(Failure::new(Kind::Usage, message));
            }
            self.wait()?;
            let mut chunk = Zeroizing::new([0; LONGEST_LINE]);
            match self.stdin.read(&mut *chunk) {
                Ok(0) => return Err(interrupted(WORDS.failures.input_ended)),
                Ok(read) => self.rest.extend_from_slice(&chunk[..read]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(interrupted((WORDS.failures.input_cannot_be_read)(&error)));
                }
            }
        }
    }

    /// Shows no more of what is typed, until the guard that this gives is dropped. Ctrl-C is
    /// waited for like a line, so that the terminal is restored then, too.
    pub fn hide(&self) -> Result<Changed, Failure> {
        // What was typed ahead was shown: it is no password.
        self.changed(SetArg::TCSAFLUSH, |terminal| {
            terminal.local_flags.remove(LocalFlags::ECHO);
            // After Ctrl-Z a shell could be without echo, and the rest of the password with it.
            terminal.control_chars[VSUSP as usize] = _POSIX_VDISABLE;
        })
    }

    /// Has Ctrl-Z do nothing, until the guard that this gives is dropped.
    pub fn without_suspending(&self) -> Result<Changed, Failure> {
        self.changed(SetArg::TCSANOW, |terminal| {
            terminal.control_chars[VSUSP as usize] = _POSIX_VDISABLE;
        })
    }

    fn changed(&self, when: SetArg, change: impl Fn(&mut Termios)) -> Result<Changed, Failure> {
        let set = || -> nix::Result<Changed> {
            let terminal = self.stdin.try_clone().map_err(|_| Errno::EMFILE)?;
            let before = tcgetattr(&terminal)?;
            let mut changed = before.clone();
            change(&mut changed);
            tcsetattr(&terminal, when, &changed)?;
            Ok(Changed { terminal, before })
        };
        set().map_err(|errno| {
            let message = (WORDS.failures.terminal_cannot_hide)(&errno);
            Failure::new(Kind::Unavailable, message)
        })
    }

    /// Waits for input or for a signal.
    fn wait(&self) -> Result<(), Failure> {
        let mut events = [
            PollFd::new(self.stdin.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
        ];
        loop {
            match poll(&mut events, PollTimeout::NONE) {
                Err(Errno::EINTR) => {}
                Err(errno) => {
                    return Err(interrupted((WORDS.failures.input_cannot_be_waited_for)(&errno)));
                }
                Ok(_) if events[1].any().unwrap_or(true) => {
                    return Err(interrupted(WORDS.failures.interrupted));
                }
                Ok(_) => return Ok(()),
            }
        }
    }
}

/// The terminal is set otherwise, as long as this lives.
pub struct Changed {
    terminal: File,
    before: Termios,
}

impl Drop for Changed {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing.
        let _ = tcsetattr(&self.terminal, SetArg::TCSANOW, &self.before);
    }
}

fn interrupted(message: impl Into<String>) -> Failure {
    Failure::new(Kind::Interrupted, message)
}
