//! Who is at the other end: by the socket, never by what is said.

#![forbid(unsafe_code)]

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use std::os::unix::net::UnixStream;

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

    /// Whether somebody has this uid. Nobody has those that users have for containers (subuid(5)): they
    /// may do nothing here.
    pub fn is_somebody(&self) -> bool {
        !matches!(nix::unistd::User::from_uid(self.uid.into()), Ok(None))
    }
}
