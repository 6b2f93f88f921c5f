//! One connection to the service: nothing waits longer than its deadline, no answer is
//! longer than it may be.

use super::SOCKET;
use super::error::ServiceError;
use super::wire::Inbox;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::sockopt::{PeerCredentials, SendTimeout};
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockType, UnixAddr, connect, getsockopt, send, setsockopt,
    socket,
};
use nix::sys::time::{TimeVal, TimeValLike};
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How long to wait for the first answer, as a person would: a socket that is there has a service behind
/// it, which on a busy machine comes late.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often whoever waits can do something else.
const TICK: Duration = Duration::from_secs(1);

/// How long to try again after the service has hung up: it has too many connections, or is just being
/// upgraded.
const HUNG_UP_ON: Duration = Duration::from_secs(5);

/// Pauses between these tries.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
/// Likewise.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// How long a call may take: five seconds for the store's lock, two that a refusal is held
/// back, and the hashing of a code or a password on a busy machine.
const LONGEST_CALL: Duration = Duration::from_secs(60);

/// Who must have made the socket.
const ROOT: u32 = 0;

/// The first call on each connection: it changes nothing, so that it can be made again.
const GREETING: &[u8] = b"{\"method\":\"org.varlink.service.GetInfo\"}\0";

/// A connection that the service has answered on.
pub(super) struct Connection {
    socket: File,
    inbox: Inbox,
}

/// What is done each second of waiting for a service that is slow; how many seconds it has been.
pub type EachSecond = fn(u32);

/// Until when to wait, and what to do meanwhile.
struct Patience {
    until: Instant,
    ticks: u32,
    next: Instant,
    each_second: Option<EachSecond>,
}

impl Patience {
    fn of(length: Duration, each_second: Option<EachSecond>) -> Self {
        let now = Instant::now();
        Self { until: now + length, ticks: 0, next: now + TICK, each_second }
    }

    /// What is left until then, or until there is something to do: never nothing.
    fn left(&mut self) -> Result<Duration, ServiceError> {
        let now = Instant::now();
        if now >= self.until {
            return Err(ServiceError::TooSlow);
        }
        let Some(each_second) = self.each_second else { return Ok(self.until - now) };
        if now >= self.next {
            self.ticks += 1;
            self.next = now + TICK;
            each_second(self.ticks);
        }
        Ok((self.until - now).min(TICK))
    }
}

impl Connection {
    /// Connects, and is greeted; tried again for five seconds while the service hangs up.
    pub(super) fn open(each_second: Option<EachSecond>) -> Result<Self, ServiceError> {
        let mut patience = Patience::of(PATIENCE, each_second);
        let mut until = None;
        let mut pause = SHORTEST_PAUSE;
        loop {
            let outcome = Self::connect(&mut patience).and_then(|mut connection| {
                connection.exchange(GREETING, &mut patience).map(|_| connection)
            });
            match outcome {
                Err(ServiceError::Ended)
                    if Instant::now() + pause
                        < *until.get_or_insert_with(|| Instant::now() + HUNG_UP_ON) =>
                {
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(ServiceError::Ended) => return Err(ServiceError::Full),
                outcome => return outcome,
            }
        }
    }

    /// Who waits for a place in the socket's queue gets it in turn; who asks again and again does not.
    fn connect(patience: &mut Patience) -> Result<Self, ServiceError> {
        let socket = socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
        let address = UnixAddr::new(SOCKET)?;
        loop {
            let left = i64::try_from(patience.left()?.as_millis()).unwrap_or(i64::MAX).max(1);
            setsockopt(&socket, SendTimeout, &TimeVal::milliseconds(left))?;
            match connect(socket.as_raw_fd(), &address) {
                // The time is over (unix(7), SO_SNDTIMEO in socket(7)), or a signal came.
                Err(Errno::EAGAIN | Errno::EINTR) => {}
                outcome => break outcome?,
            }
        }
        let flags = OFlag::from_bits_retain(fcntl(&socket, FcntlArg::F_GETFL)?);
        fcntl(&socket, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
        if getsockopt(&socket, PeerCredentials)?.uid() != ROOT {
            return Err(ServiceError::NotRoots);
        }
        Ok(Self { socket: File::from(socket), inbox: Inbox::default() })
    }

    /// Sends a call and gives the answer to it, without the NUL at its end.
    pub(super) fn call(&mut self, message: &[u8]) -> Result<Zeroizing<Vec<u8>>, ServiceError> {
        self.exchange(message, &mut Patience::of(LONGEST_CALL, None))
    }

    fn exchange(
        &mut self,
        message: &[u8],
        patience: &mut Patience,
    ) -> Result<Zeroizing<Vec<u8>>, ServiceError> {
        self.send(message, patience)?;
        loop {
            if let Some(answer) = self.inbox.take() {
                return Ok(answer);
            }
            if self.inbox.is_too_long() {
                return Err(ServiceError::Nonsense);
            }
            self.receive(patience)?;
        }
    }

    fn send(&self, message: &[u8], patience: &mut Patience) -> Result<(), ServiceError> {
        let mut left = message;
        while !left.is_empty() {
            // A service that has hung up must not end this program by SIGPIPE.
            match send(self.socket.as_raw_fd(), left, MsgFlags::MSG_NOSIGNAL) {
                Ok(sent) => left = &left[sent..],
                Err(Errno::EAGAIN) => self.wait(PollFlags::POLLOUT, patience)?,
                Err(Errno::EINTR) => {}
                Err(Errno::EPIPE | Errno::ECONNRESET) => return Err(ServiceError::Ended),
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(())
    }

    fn receive(&mut self, patience: &mut Patience) -> Result<(), ServiceError> {
        match self.inbox.read(&mut self.socket) {
            Ok(0) => Err(ServiceError::Ended),
            Ok(_) => Ok(()),
            Err(error) => match error.raw_os_error().map(Errno::from_raw) {
                Some(Errno::EAGAIN) => self.wait(PollFlags::POLLIN, patience),
                Some(Errno::EINTR) => Ok(()),
                Some(Errno::ECONNRESET) => Err(ServiceError::Ended),
                errno => Err(errno.unwrap_or(Errno::EIO).into()),
            },
        }
    }

    fn wait(&self, event: PollFlags, patience: &mut Patience) -> Result<(), ServiceError> {
        let left = patience.left()?.max(Duration::from_millis(1));
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(self.socket.as_fd(), event)], timeout) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }
}
