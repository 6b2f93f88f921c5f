//! What an account remembers for a while: a ticket, keys that were proven, words that wait for the
//! user, the last attempt.

use super::{Fingerprint, Latest};
use crate::history::Outcome;
use crate::time::UnixTime;

/// What a first enrolment may be made with: good until it ends, for whoever has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// Of the ticket.
    pub hash: Fingerprint,
    /// From when on it is good for nothing.
    pub ends: UnixTime,
}

/// An ssh key that came with an accepted code: who comes with it again is not asked until it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RememberedKey {
    /// Of the key and all that it is bound to.
    pub hash: Fingerprint,
    /// From when on it is asked for again.
    pub ends: UnixTime,
}

/// The keys that are remembered.
pub type Remembered = Latest<RememberedKey, 8>;

/// What the user is to be told at the next login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeKind {
    /// Root has opened a wait or the lock; the number is how many wrong codes there were since the
    /// last login.
    Opened,
    /// The budget of wrong codes was set to zero; the number is what was used of it.
    BudgetCleared,
    /// Root has renewed the second factor.
    RenewedByRoot,
    /// Backup codes were made anew.
    BackupCodesRenewed,
    /// A backup code was used; the number is how many are left.
    BackupCodeUsed,
    /// The key is weak and must be replaced; the number is by when, in UNIX seconds.
    WeakKey,
}

impl NoticeKind {
    /// All there are.
    pub const ALL: [Self; 6] = [
        Self::Opened,
        Self::BudgetCleared,
        Self::RenewedByRoot,
        Self::BackupCodesRenewed,
        Self::BackupCodeUsed,
        Self::WeakKey,
    ];

    /// Its word in a record: at most 16 bytes.
    pub fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::BudgetCleared => "budget_cleared",
            Self::RenewedByRoot => "renewed_by_root",
            Self::BackupCodesRenewed => "codes_renewed",
            Self::BackupCodeUsed => "code_used",
            Self::WeakKey => "weak_key",
        }
    }
}

/// Something that the user is to be told at the next login: what, not in which words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// What.
    pub kind: NoticeKind,
    /// When it happened.
    pub at: UnixTime,
    /// The number that belongs to it; 0 where none does.
    pub number: u64,
}

/// What waits for the user.
pub type Notices = Latest<Notice, 4>;

/// The last attempt that came with an id: the same one, asked again because its answer was lost on
/// the way, is answered alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// Random, made by who asks.
    pub id: [u8; 16],
    /// Of all that was asked: host, user and answer.
    pub asked: Fingerprint,
    /// What the answer was.
    pub outcome: Outcome,
    /// When it was given.
    pub at: UnixTime,
}
