//! The connection: whole messages in, whole messages out, all of them bounded in number, size and
//! time.

#![forbid(unsafe_code)]

use crate::report::Misbehaviour;
use cloud2fa::client::wire::Inbox;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io::{ErrorKind, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// Until the first byte.
const FIRST_BYTE: Duration = Duration::from_secs(5);

/// Until the end.
const WHOLE: Duration = Duration::from_secs(120);

/// Until the end, from when a new key waits for the code that proves it.
const WHOLE_ENROLLING: Duration = Duration::from_secs(600);

/// Until an answer is taken.
const ANSWER: Duration = Duration::from_secs(5);

/// Calls that are answered. The longest dialogue of the command and the module has 10: a greeting,
/// then password, code of the old key and code of the new one, each tried three times. Three times
/// as many leave room for other clients. Each refusal is a line of the log, which journald keeps
/// up to a number for each unit, and so for each connection (RateLimitBurst= in journald.conf(5)):
/// without an end to them, the line of a change that follows would be dropped.
const MOST_CALLS: u32 = 32;

/// Calls of a daemon that asks for others: a login there needs one on each of two connections.
const MOST_CALLS_OF_A_DAEMON: u32 = 4;

/// Why there is no further message.
pub enum Hangup {
    /// The peer has hung up, or time is over.
    Finished,
    /// For the log.
    Misbehaved(Misbehaviour),
}

/// The connection.
pub struct Connection {
    stream: UnixStream,
    began: Instant,
    heard: bool,
    calls_left: u32,
    inbox: Inbox,
}

impl Connection {
    /// Begins now.
    pub fn new(stream: UnixStream) -> std::io::Result<Self> {
        stream.set_write_timeout(Some(ANSWER))?;
        let (began, inbox) = (Instant::now(), Inbox::default());
        Ok(Self { stream, began, heard: false, calls_left: MOST_CALLS, inbox })
    }

    /// The next message, without the NUL that ends it.
    pub fn receive(&mut self, enrolling: bool) -> Result<Zeroizing<Vec<u8>>, Hangup> {
        loop {
            // Also where the next message is there already: many sent at once are not more time.
            if self.time_left(enrolling).is_zero() {
                return Err(Hangup::Misbehaved(Misbehaviour::TookTooLong));
            }
            if let Some(message) = self.inbox.take() {
                let too_many = Hangup::Misbehaved(Misbehaviour::TooManyCalls);
                self.calls_left = self.calls_left.checked_sub(1).ok_or(too_many)?;
                return Ok(message);
            }
            if self.inbox.is_too_long() {
                return Err(Hangup::Misbehaved(Misbehaviour::MessageTooLong));
            }
            self.wait(enrolling)?;
            match self.inbox.read(&mut self.stream) {
                Ok(0) if self.inbox.is_empty() => return Err(Hangup::Finished),
                Ok(0) => return Err(Hangup::Misbehaved(Misbehaviour::HungUpInTheMiddle)),
                Ok(_) => self.heard = true,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(Hangup::Finished),
            }
        }
    }

    /// A daemon asks for others on it.
    pub fn is_a_daemons(&mut self) {
        self.calls_left = self.calls_left.min(MOST_CALLS_OF_A_DAEMON - 1);
    }

    /// Sends an answer, or nothing where the peer takes none.
    pub fn send(&mut self, answer: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(answer)
    }

    /// Until this connection ends.
    fn time_left(&self, enrolling: bool) -> Duration {
        let allowed = match (self.heard, enrolling) {
            (false, _) => FIRST_BYTE,
            (true, false) => WHOLE,
            (true, true) => WHOLE_ENROLLING,
        };
        allowed.saturating_sub(self.began.elapsed())
    }

    /// Waits for something to read, or until the time is over.
    fn wait(&self, enrolling: bool) -> Result<(), Hangup> {
        loop {
            let left = self.time_left(enrolling);
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            match poll(&mut [PollFd::new(self.stream.as_fd(), PollFlags::POLLIN)], timeout) {
                Ok(0) => return Err(Hangup::Misbehaved(Misbehaviour::TookTooLong)),
                Ok(_) => return Ok(()),
                Err(nix::errno::Errno::EINTR) => {}
                Err(_) => return Err(Hangup::Finished),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_calls_sent_at_once_do_not_outlast_the_connections_time() {
        let (mut client, service) = UnixStream::pair().unwrap();
        client.write_all(b"{}\0{}\0{}\0").unwrap();
        let mut connection = Connection::new(service).unwrap();
        assert!(connection.receive(false).is_ok_and(|message| *message == b"{}"));
        connection.began -= WHOLE;
        assert!(matches!(
            connection.receive(false),
            Err(Hangup::Misbehaved(Misbehaviour::TookTooLong))
        ));
        assert!(connection.receive(true).is_ok(), "a key waits for its code for longer");
        connection.began -= WHOLE_ENROLLING;
        assert!(matches!(
            connection.receive(true),
            Err(Hangup::Misbehaved(Misbehaviour::TookTooLong))
        ));
    }
}
