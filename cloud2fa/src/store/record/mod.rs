//! An account as text: TOML, readable, documented in cloud2fa.toml(5) section FILES.
//!
//! It is written by hand, into one buffer of the final size that is wiped afterwards: a
//! serializer would leave copies of the secret wherever its buffer has grown. It is public for
//! stores outside this crate, which keep the same text elsewhere.

mod entries;
mod format1;
mod lines;
mod read;
mod write;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_format1;

pub use super::content::Content;
pub(super) use format1::write as write_format_1;
pub use format1::{Lost, NotInFormat1};

use crate::account::Account;
use crate::seal::{Seal, SealError};

/// The format that this version writes.
pub const FORMAT: u64 = 2;

/// The format that the first versions wrote.
pub const FIRST_FORMAT: u64 = 1;

/// Bytes that a text may have: what a slot has room for, beside its header and its end.
pub const LONGEST_TEXT: usize = 3900;

/// Why a text gives no account. What is wrong with its content must not reach a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// It is none.
    #[error("its content is not an account")]
    NoAccount,
    /// The secret in it was not opened.
    #[error("its secret is sealed, and {0}")]
    Unopened(#[from] SealError),
}

/// The text of `account`, in today's format.
pub fn write(account: &Account) -> Content {
    write::write(account)
}

/// The account of a text of today's format or of an earlier one. `seal` opens a sealed secret.
pub fn read(format: u64, text: &[u8], seal: &dyn Seal) -> Result<Account, Unread> {
    let text = std::str::from_utf8(text).map_err(|_| Unread::NoAccount)?;
    match format {
        FIRST_FORMAT => format1::read(text).ok_or(Unread::NoAccount),
        FORMAT => {
            let mut reader = read::Reader::new(text, seal);
            let account = reader.account();
            account.ok_or(reader.unopened.map_or(Unread::NoAccount, Unread::Unopened))
        }
        _ => Err(Unread::NoAccount),
    }
}
