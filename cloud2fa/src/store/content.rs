//! The bytes of an account file in memory: wiped when they go out of use.

use std::fmt;
use std::ops::{Deref, DerefMut};
use zeroize::Zeroize;

/// What stands in an account file, or will. Wiped when dropped, as a whole: `Zeroizing` wipes a
/// vector byte by byte, which takes longer than to read it from the file.
pub struct Content(Vec<u8>);

impl Content {
    /// So many zeros.
    pub(in crate::store) fn zeros(length: usize) -> Self {
        Self(vec![0; length])
    }

    /// A copy of `bytes`.
    pub(in crate::store) fn of(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// Nothing yet, and room for so many bytes: more must not be added, since what has grown
    /// leaves a copy behind.
    pub(in crate::store) fn with_room_for(length: usize) -> Self {
        Self(Vec::with_capacity(length))
    }
}

impl Drop for Content {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}

impl Deref for Content {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Content {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Content(hidden)")
    }
}
