//! The service: users manage their own second factor through it, without root. What it is, standard
//! input says: a socket that listens, from systemd, or one connection, from the process that listens.

#![deny(unsafe_code)]

mod call_error;
mod confined;
mod connection;
mod interface;
mod listener;
mod log;
mod names;
mod pam;
mod peer;
mod report;
mod session;

use cloud2fa::UnixTime;
use cloud2fa::log::{Call, Event, Reason, Severity};
use connection::{Connection, Hangup};
use listener::Listener;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::prctl::set_dumpable;
use nix::sys::socket::{getsockopt, sockopt::AcceptConn};
use peer::Peer;
use report::{Misbehaviour, Report, tell};
use session::Session;
use std::convert::Infallible;
use std::error::Error;
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use zeroize::zeroize_stack;

/// Bytes of stack that a call works with, with a quarter to spare: most of it is Argon2's. HMAC,
/// BLAKE2b and Argon2 leave pieces of keys and codes there, which they do not wipe.
const WORK: usize = 16 * 1024;

/// The uid that must own configuration and store.
const ROOT: u32 = 0;

/// How long a service that cannot go on stays, so that systemd, which starts it again at once while
/// somebody waits, has something else to do in between.
const BEFORE_FAILING: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|_| log::panic()));
    let listens = getsockopt(&std::io::stdin(), AcceptConn).unwrap_or(false);
    let outcome = if listens { listen() } else { serve() };
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    let event =
        Event::refused(Reason::ServiceFailed).with_detail(Severity::Error, error.to_string());
    log::event(&event, None, Call { uid: None, method: None });
    if listens {
        std::thread::sleep(BEFORE_FAILING);
    }
    ExitCode::FAILURE
}

/// Lets callers in at the socket that is standard input, and starts this program for each.
fn listen() -> Result<(), Box<dyn Error>> {
    set_dumpable(false)?;
    // A log that is stuck must not stop the one process that all others need.
    fcntl(std::io::stderr(), FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    let socket = UnixListener::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    Ok(Listener::new(socket)?.run()?)
}

/// Serves the connection that is standard input.
fn serve() -> Result<(), Box<dyn Error>> {
    confined::confine()?;
    if !report::take_the_pipe()? {
        return Ok(());
    }
    let stream = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let peer = Peer::of(&stream)?;
    if !peer.is_somebody() {
        tell(Report::Nobody);
        return Ok(());
    }
    tell(Report::Somebody);
    if let Err(Hangup::Misbehaved(how)) = answer_all(Connection::new(stream)?, Session::new(&peer))
    {
        tell(Report::Misbehaved(how));
    }
    Ok(())
}

/// Answers call after call, until the connection ends.
fn answer_all(mut connection: Connection, mut session: Session) -> Result<Infallible, Hangup> {
    loop {
        let message = connection.receive(session.is_enrolling())?;
        let answer = interface::answer(&mut session, &message);
        let answer = answer.ok_or(Hangup::Misbehaved(Misbehaviour::NoCall))?;
        zeroize_stack::<WORK>();
        if session.is_daemons() {
            connection.is_a_daemons();
        }
        connection.send(&answer).map_err(|_| Hangup::Finished)?;
    }
}

/// The time. The one place where the service reads the clock.
fn now() -> UnixTime {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime(since_1970.as_secs())
}
