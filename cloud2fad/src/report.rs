//! What a process that serves a connection tells its parent, a byte each, over a pipe that is its
//! standard output at first.

#![forbid(unsafe_code)]

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::dup2_stdout;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::OnceLock;

/// A report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// The caller's uid is somebody's, or nobody can say.
    Somebody,
    /// It is that of a daemon which verifies codes for others.
    Daemon,
    /// It is nobody's.
    Nobody,
    /// The caller was hung up on.
    Misbehaved(Misbehaviour),
}

/// Why a caller is hung up on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Misbehaviour {
    /// The connection's time is over.
    TookTooLong,
    /// More than any client of ours needs.
    TooManyCalls,
    /// Longer than any message of ours.
    MessageTooLong,
    /// A message without an end.
    HungUpInTheMiddle,
    /// No JSON, or no call.
    NoCall,
}

impl Misbehaviour {
    /// For the log.
    pub fn what(self) -> &'static str {
        match self {
            Self::TookTooLong => "took too long",
            Self::TooManyCalls => "made too many calls",
            Self::MessageTooLong => "a message is too long",
            Self::HungUpInTheMiddle => "hung up in the middle of a message",
            Self::NoCall => "sent what is no call",
        }
    }
}

/// Each report and its byte.
const BYTES: [(Report, u8); 8] = [
    (Report::Somebody, b's'),
    (Report::Daemon, b'd'),
    (Report::Nobody, b'n'),
    (Report::Misbehaved(Misbehaviour::TookTooLong), b't'),
    (Report::Misbehaved(Misbehaviour::TooManyCalls), b'c'),
    (Report::Misbehaved(Misbehaviour::MessageTooLong), b'm'),
    (Report::Misbehaved(Misbehaviour::HungUpInTheMiddle), b'h'),
    (Report::Misbehaved(Misbehaviour::NoCall), b'x'),
];

impl Report {
    /// What a byte means. `None` if no report has it.
    pub fn from_byte(byte: u8) -> Option<Self> {
        BYTES.iter().find(|(_, its)| *its == byte).map(|(report, _)| *report)
    }

    fn byte(self) -> Option<u8> {
        BYTES.iter().find(|(report, _)| *report == self).map(|(_, byte)| *byte)
    }
}

/// The pipe. One for the process, as standard error is.
static TO_PARENT: OnceLock<File> = OnceLock::new();

/// Moves the pipe to where no program that a PAM stage starts has it: its end is this process's end.
/// Gives whether the parent still reads.
pub fn take_the_pipe() -> io::Result<bool> {
    let pipe = io::stdout().as_fd().try_clone_to_owned()?;
    dup2_stdout(File::options().write(true).open("/dev/null")?)?;
    let is_read = is_read(&pipe)?;
    let _ = TO_PARENT.set(File::from(pipe));
    Ok(is_read)
}

/// A pipe that nobody reads is in error (poll(2)).
fn is_read(pipe: &OwnedFd) -> io::Result<bool> {
    let mut pipes = [PollFd::new(pipe.as_fd(), PollFlags::empty())];
    poll(&mut pipes, PollTimeout::ZERO)?;
    Ok(!pipes[0].revents().is_some_and(|events| events.contains(PollFlags::POLLERR)))
}

/// Tells the parent. It need not be there: then nothing is counted, and nothing is lost.
pub fn tell(report: Report) {
    if let (Some(mut pipe), Some(byte)) = (TO_PARENT.get(), report.byte()) {
        let _ = pipe.write_all(&[byte]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_report_is_read_as_what_it_was() {
        for (report, byte) in BYTES {
            assert_eq!(report.byte(), Some(byte));
            assert_eq!(Report::from_byte(byte), Some(report));
        }
        assert_eq!(Report::from_byte(0), None);
    }
}
