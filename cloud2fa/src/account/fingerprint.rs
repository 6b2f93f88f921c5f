//! The first 16 bytes of a hash: what a record keeps of what it must recognise and not know.

use constant_time_eq::constant_time_eq_16;
use std::fmt;

/// The first 16 bytes of a hash. 128 bits that nobody has chosen are enough to recognise something
/// by, and short enough for a record's lists.
#[derive(Clone, Copy)]
pub struct Fingerprint([u8; Self::BYTES]);

impl Fingerprint {
    /// How many bytes it has.
    pub const BYTES: usize = 16;

    /// Of these bytes.
    pub const fn new(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

impl PartialEq for Fingerprint {
    fn eq(&self, other: &Self) -> bool {
        constant_time_eq_16(&self.0, &other.0)
    }
}

impl Eq for Fingerprint {}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(hidden)")
    }
}
