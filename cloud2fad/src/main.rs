//! The service: one connection on standard input, as its socket unit hands it over; gone when
//! that is done. Users manage their own second factor through it, without root.

#![deny(unsafe_code)]

mod answer;
mod connection;
mod interface;
mod log;
mod pam;
mod peer;
mod session;

use cloud2fa::UnixTime;
use connection::{Connection, Gone};
use interface::Service;
use log::Severity;
use peer::Peer;
use session::Session;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

/// Whose configuration and store are.
const ROOT: u32 = 0;

fn main() -> ExitCode {
    // Passwords pass through this process; a core dump must not keep them. Where that is not
    // allowed, nothing worse than before happens.
    let _ = nix::sys::prctl::set_dumpable(false);
    // What a panic says could be what a user typed.
    std::panic::set_hook(Box::new(|_| {
        log::line(Severity::Alert, "reason=panic: please report this bug");
    }));
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::line(Severity::Error, &error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// Serves the connection that is standard input.
fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let stream = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let peer = Peer::of(&stream)?;
    // Held until this process ends. Who has too many connections is hung up on, as systemd
    // does with those that are too many in all.
    let Some(_place) = peer.take_place()? else {
        log::line(Severity::Notice, &format!("too many connections of uid {}", peer.uid));
        return Ok(());
    };
    let mut connection = Connection::new(stream)?;
    let mut service = Service::new(Session::new(&peer));
    loop {
        let message = match connection.receive(service.is_enrolling()) {
            Ok(message) => message,
            Err(Gone::Finished) => return Ok(()),
            Err(Gone::Misbehaved(how)) => {
                log::line(Severity::Notice, &format!("uid {}: {how}", peer.uid));
                return Ok(());
            }
        };
        let Some(answer) = service.answer(&message) else {
            log::line(Severity::Notice, &format!("uid {}: sent what is no call", peer.uid));
            return Ok(());
        };
        if connection.send(&answer).is_err() {
            return Ok(());
        }
    }
}

/// The time. The one place where the service reads the clock.
fn now() -> UnixTime {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime(since_1970.as_secs())
}
