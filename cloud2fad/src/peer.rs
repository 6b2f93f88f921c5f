//! Who is at the other end: by the socket, never by what is said.

#![forbid(unsafe_code)]

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;

/// Where each uid has its places. MaxConnectionsPerSource= of systemd 252 does not know
/// sockets of this kind (systemd.socket(5)).
const PLACES: &str = "/run/cloud2fa/places";

/// Connections that one user may have at a time.
const PLACES_EACH: u32 = 4;

/// A place, taken as long as this lives.
pub enum Place {
    /// Not counted.
    Roots,
    /// One of the user's.
    Users {
        /// The lock is the place.
        _locked: File,
    },
}

/// The peer.
pub struct Peer {
    /// Its effective uid when it connected (SO_PEERCRED, unix(7)).
    pub uid: u32,
}

impl Peer {
    /// Of a connection.
    pub fn of(stream: &UnixStream) -> nix::Result<Self> {
        Ok(Self { uid: getsockopt(stream, PeerCredentials)?.uid() })
    }

    /// Whether somebody has this uid. The uids that a user has for containers (subuid(5)) are
    /// nobody's: they may do nothing here, and each would have places of its own.
    pub fn is_somebody(&self) -> bool {
        !matches!(nix::unistd::User::from_uid(self.uid.into()), Ok(None))
    }

    /// Takes one of the user's places; nothing where all are taken. Root has as many as it likes.
    pub fn take_place(&self) -> io::Result<Option<Place>> {
        if self.uid == crate::ROOT {
            return Ok(Some(Place::Roots));
        }
        match DirBuilder::new().mode(0o700).create(PLACES) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        for number in 0..PLACES_EACH {
            let path = format!("{PLACES}/{}-{number}", self.uid);
            let file =
                File::options().write(true).create(true).truncate(false).mode(0o600).open(path)?;
            match file.try_lock() {
                Ok(()) => return Ok(Some(Place::Users { _locked: file })),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Ok(None)
    }
}
