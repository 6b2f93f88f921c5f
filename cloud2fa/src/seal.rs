//! Secrets that lie sealed in a record: only who has the key of the seal reads them.

use crate::user::UserName;
use std::fmt;
use zeroize::Zeroizing;

/// A sealed secret, as it stands in a record.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    bytes: Vec<u8>,
    counter: u64,
}

impl Sealed {
    /// Bytes that one may have: a secret of 64, a nonce of 24, a tag of 16, and 16 for the id of a key.
    pub const LONGEST: usize = 120;

    /// Of these bytes. `None` if there are none, or too many. `counter` is another one for each
    /// sealing of a user's secret.
    pub fn new(bytes: &[u8], counter: u64) -> Option<Self> {
        let legal = (1..=Self::LONGEST).contains(&bytes.len());
        legal.then(|| Self { bytes: bytes.to_vec(), counter })
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Which sealing it is.
    pub fn counter(&self) -> u64 {
        self.counter
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed(hidden, {})", self.counter)
    }
}

/// Why a sealed secret is not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// There is no key here.
    #[error("there is no key here to open it")]
    NoKey,
    /// It is not what was sealed for this user, or was sealed with another key.
    #[error("it does not open with the key that is here")]
    NotOpened,
}

/// Who has the key of the seal.
pub trait Seal {
    /// The bytes of `name`'s secret.
    fn open(&self, name: &UserName, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, SealError>;

    /// Seals `secret` for `name`, as the sealing `counter`.
    fn seal(&self, name: &UserName, secret: &[u8], counter: u64) -> Result<Sealed, SealError>;
}

/// Of a host: its records are not sealed, and what is sealed is not its own.
#[derive(Debug, Clone, Copy)]
pub struct NoSeal;

impl Seal for NoSeal {
    fn open(&self, _: &UserName, _: &Sealed) -> Result<Zeroizing<Vec<u8>>, SealError> {
        Err(SealError::NoKey)
    }

    fn seal(&self, _: &UserName, _: &[u8], _: u64) -> Result<Sealed, SealError> {
        Err(SealError::NoKey)
    }
}
