//! Messages as they arrive: each ends with a NUL (varlink's rule), none is longer than it may be,
//! and all of it is wiped. Client and service read alike.

use std::io::{self, Read};
use zeroize::Zeroizing;

/// Bytes of the longest message, either way.
const LONGEST_MESSAGE: usize = 64 * 1024;

/// Bytes that are read at once.
const CHUNK: usize = 4096;

/// What has arrived and was not taken yet.
pub struct Inbox(Zeroizing<Vec<u8>>);

impl Default for Inbox {
    fn default() -> Self {
        // Room for all that may come, so that the buffer never moves: it may hold a password.
        Self(Zeroizing::new(Vec::with_capacity(LONGEST_MESSAGE + CHUNK)))
    }
}

impl Inbox {
    /// The next message, without the NUL, if it is there.
    pub fn take(&mut self) -> Option<Zeroizing<Vec<u8>>> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        let message = Zeroizing::new(self.0[..end].to_vec());
        self.0.drain(..=end);
        Some(message)
    }

    /// Reads once. Says how many bytes there were: none at the end.
    pub fn read(&mut self, from: &mut impl Read) -> io::Result<usize> {
        let mut chunk = Zeroizing::new([0; CHUNK]);
        let read = from.read(&mut *chunk)?;
        self.0.extend_from_slice(&chunk[..read]);
        Ok(read)
    }

    /// Whether what is there is too long for the message that it begins.
    pub fn is_too_long(&self) -> bool {
        self.0.len() > LONGEST_MESSAGE
    }

    /// Whether nothing is there.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
