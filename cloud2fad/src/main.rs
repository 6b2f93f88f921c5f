//! The service: one connection on standard input, as its socket unit hands it over; gone when
//! that is done. Users manage their own second factor through it, without root.

#![deny(unsafe_code)]

mod answer;
mod connection;
mod given;
mod interface;
mod log;
mod names;
mod pam;
mod peer;
mod session;
mod wiped;

use cloud2fa::UnixTime;
use cloud2fa::log::{Call, Event, Reason, Severity};
use connection::{Connection, Gone};
use interface::Service;
use peer::Peer;
use session::Session;
use std::convert::Infallible;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};
use zeroize::zeroize_stack;

/// Bytes of stack that a call works with, with a quarter to spare: most of it is Argon2's. HMAC,
/// BLAKE2b and Argon2 leave pieces of keys and codes there, which they do not wipe.
const WORK: usize = 16 * 1024;

/// Whose configuration and store are.
const ROOT: u32 = 0;

fn main() -> ExitCode {
    // Passwords pass through this process; a core dump must not keep them. Where that is not
    // allowed, nothing worse than before happens.
    let _ = nix::sys::prctl::set_dumpable(false);
    std::panic::set_hook(Box::new(|_| log::panic()));
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let event = Event::refused(Reason::ServiceFailed)
                .with_detail(Severity::Error, error.to_string());
            log::event(&event, None, Call { uid: None, method: None });
            ExitCode::FAILURE
        }
    }
}

/// Serves the connection that is standard input.
fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let stream = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let peer = Peer::of(&stream)?;
    let call = Call { uid: Some(peer.uid), method: None };
    if !peer.is_somebody() {
        log::event(&Event::refused(Reason::UnknownUser), None, call);
        return Ok(());
    }
    // Held until this process ends. Who has too many connections is hung up on, as systemd
    // does with those that are too many in all.
    let Some(_place) = peer.take_place()? else {
        log::event(&Event::refused(Reason::TooManyConnections), None, call);
        return Ok(());
    };
    if let Err(Gone::Misbehaved(how)) = answer_all(Connection::new(stream)?, Session::new(&peer)) {
        let event = Event::refused(Reason::Misbehaved).with_detail(Severity::Notice, how);
        log::event(&event, None, call);
    }
    Ok(())
}

/// Answers call after call, until the connection ends.
fn answer_all(mut connection: Connection, session: Session) -> Result<Infallible, Gone> {
    let mut service = Service::new(session);
    loop {
        let message = connection.receive(service.is_enrolling())?;
        let answer = service.answer(&message).ok_or(Gone::Misbehaved("sent what is no call"))?;
        zeroize_stack::<WORK>();
        connection.send(&answer).map_err(|_| Gone::Finished)?;
    }
}

/// The time. The one place where the service reads the clock.
fn now() -> UnixTime {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime(since_1970.as_secs())
}
