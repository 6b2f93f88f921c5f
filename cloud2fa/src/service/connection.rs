//! One connection to the service: nothing waits longer than its deadline, no answer is
//! longer than it may be.

use super::{Inbox, SOCKET};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::sockopt::PeerCredentials;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockType, UnixAddr, connect, getsockopt, send, socket,
};
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How long to try to be let in. The socket is there or it is not; a service that is full
/// for the moment is tried again.
const PATIENCE: Duration = Duration::from_secs(5);

/// Pauses between these tries.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
/// Likewise.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// How long a call may take: five seconds for the store's lock, two that a refusal is held
/// back, and the hashing of a code or a password on a busy machine.
const LONGEST_CALL: Duration = Duration::from_secs(20);

/// Who must have made the socket.
const ROOT: u32 = 0;

/// The first call on each connection: it changes nothing, so that it can be made again.
const GREETING: &[u8] = b"{\"method\":\"org.varlink.service.GetInfo\"}\0";

/// Why the service did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// Nobody listens there, or nobody answered in time.
    #[error(
        "the service cannot be reached at {SOCKET} ({0}); an administrator switches it on with \
         `systemctl enable --now cloud2fad.socket`"
    )]
    Unreachable(Errno),
    /// It hung up at once, for five seconds.
    #[error("the service has as many connections as it takes, of this user or in all; try again")]
    Full,
    /// Somebody else than root listens there.
    #[error("{SOCKET} is not root's; find out whose it is")]
    NotRoots,
    /// It ended the connection in the middle.
    #[error("the service ended the conversation, as it does after 2 minutes; start again")]
    Ended,
    /// It answered what no service of ours does.
    #[error("the service's answer makes no sense; are its version and this program's the same?")]
    Nonsense,
    /// It does not say whose enrolment is asked of a name.
    #[error(
        "the service is of an earlier version, and does not say whether another name of the same uid \
         is enrolled; upgrade it (the packages cloud2fa and libpam-cloud2fa together), then \
         `systemctl stop 'cloud2fad@*.service'`"
    )]
    Earlier,
    /// It refused. Why, in its own words.
    #[error("{0}")]
    Refused(String),
}

impl From<Errno> for ServiceError {
    fn from(errno: Errno) -> Self {
        Self::Unreachable(errno)
    }
}

/// A connection that the service has answered on.
pub(super) struct Connection {
    socket: File,
    inbox: Inbox,
}

impl Connection {
    /// Connects, and is greeted; tried again for five seconds while the service is full.
    pub(super) fn open() -> Result<Self, ServiceError> {
        let deadline = Instant::now() + PATIENCE;
        let mut pause = SHORTEST_PAUSE;
        loop {
            let outcome = Self::connect().and_then(|mut connection| {
                connection.exchange(GREETING, deadline).map(|_| connection)
            });
            match outcome {
                // The queue is full, or systemd has as many instances as it may, and hung up.
                Err(ServiceError::Unreachable(Errno::EAGAIN) | ServiceError::Ended)
                    if Instant::now() + pause < deadline =>
                {
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(ServiceError::Ended) => return Err(ServiceError::Full),
                outcome => return outcome,
            }
        }
    }

    fn connect() -> Result<Self, ServiceError> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
        connect(socket.as_raw_fd(), &UnixAddr::new(SOCKET)?)?;
        if getsockopt(&socket, PeerCredentials)?.uid() != ROOT {
            return Err(ServiceError::NotRoots);
        }
        Ok(Self { socket: File::from(socket), inbox: Inbox::default() })
    }

    /// Sends a call and gives the answer to it, without the NUL at its end.
    pub(super) fn call(&mut self, message: &[u8]) -> Result<Zeroizing<Vec<u8>>, ServiceError> {
        self.exchange(message, Instant::now() + LONGEST_CALL)
    }

    fn exchange(
        &mut self,
        message: &[u8],
        deadline: Instant,
    ) -> Result<Zeroizing<Vec<u8>>, ServiceError> {
        self.send(message, deadline)?;
        loop {
            if let Some(answer) = self.inbox.take() {
                return Ok(answer);
            }
            if self.inbox.is_too_long() {
                return Err(ServiceError::Nonsense);
            }
            self.receive(deadline)?;
        }
    }

    fn send(&self, message: &[u8], deadline: Instant) -> Result<(), ServiceError> {
        let mut left = message;
        while !left.is_empty() {
            // A service that has hung up must not end this program by SIGPIPE.
            match send(self.socket.as_raw_fd(), left, MsgFlags::MSG_NOSIGNAL) {
                Ok(sent) => left = &left[sent..],
                Err(Errno::EAGAIN) => self.wait(PollFlags::POLLOUT, deadline)?,
                Err(Errno::EINTR) => {}
                Err(Errno::EPIPE | Errno::ECONNRESET) => return Err(ServiceError::Ended),
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(())
    }

    fn receive(&mut self, deadline: Instant) -> Result<(), ServiceError> {
        match self.inbox.read(&mut self.socket) {
            Ok(0) => Err(ServiceError::Ended),
            Ok(_) => Ok(()),
            Err(error) => match error.raw_os_error().map(Errno::from_raw) {
                Some(Errno::EAGAIN) => self.wait(PollFlags::POLLIN, deadline),
                Some(Errno::EINTR) => Ok(()),
                Some(Errno::ECONNRESET) => Err(ServiceError::Ended),
                errno => Err(errno.unwrap_or(Errno::EIO).into()),
            },
        }
    }

    fn wait(&self, event: PollFlags, deadline: Instant) -> Result<(), ServiceError> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Errno::ETIMEDOUT.into());
        }
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(self.socket.as_fd(), event)], timeout) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }
}
