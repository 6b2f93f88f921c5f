//! On whose behalf a second factor is managed, and whose it may be.

use crate::user::{User, UserName};

/// Why a password proves nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordRefused {
    /// It is not the user's.
    Wrong,
    /// It is, and the account may not be used: why, and what to do.
    Account(String),
    /// It could not be checked. The reason is for the log.
    Unavailable(String),
}

/// Checks passwords as logins do.
pub trait PasswordCheck {
    /// Whether the user has a password that could be right.
    fn has_password(&self, name: &UserName) -> bool;

    /// Whether `password` is the user's, and the account in order.
    fn check(&mut self, name: &UserName, password: &[u8]) -> Result<(), PasswordRefused>;
}

/// Who asks.
pub enum Caller {
    /// Root, by this name. Never asked for a password or an old code.
    Administrator(UserName),
    /// A user: for the accounts of this uid alone, and a change takes the password.
    Owner {
        /// From the system, never from what is asked.
        uid: u32,
        /// How the password is checked.
        passwords: Box<dyn PasswordCheck>,
    },
}

impl Caller {
    /// **The** rule of who may: root for all, a user for the accounts that have that user's uid.
    pub(super) fn may_act_for(&self, user: &User) -> bool {
        match self {
            Self::Administrator(_) => true,
            Self::Owner { uid, .. } => *uid == user.uid,
        }
    }
}
