//! Where accounts live. [`Store`] is phrased in whole operations, so that a store may
//! also be a service or a database that reads, decides and writes on its own side.

mod account_file;
mod calls;
mod directory;
#[cfg(test)]
mod disk_model;
mod earlier;
mod error;
mod error_text;
mod fault;
mod file;
mod hash_lock;
mod index;
mod index_entry;
mod indexing;
mod lock;
mod marker;
mod new_file;
mod operations;
mod reach;
pub mod record;
mod shield;
mod slots;
mod system;
mod whose;
mod write_back;

pub use error::StoreError;
pub use fault::{Damage, Unsafe};
pub use file::FileStore;
pub use reach::Reach;
pub use shield::Shield;
pub use write_back::WrittenBack;

use error::io_error;

use crate::history::History;
use crate::names::Names;
use crate::time::Clock;
use crate::{
    Account, Attempt, BackupCode, Cleared, Generation, ProvenEnrolment, UnixTime, User, UserName,
    Verdict,
};
use std::io;

/// What is known of one enrolled user, secrets left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// When the enrolment was made.
    pub since: UnixTime,
    /// When a code was last accepted at a login.
    pub last_used: Option<UnixTime>,
    /// Backup codes that are not spent.
    pub backup_codes_left: usize,
    /// Wrong tokens in a row.
    pub failures: u32,
    /// Seconds until the next token is evaluated.
    pub wait_seconds: u64,
    /// Tokens are locked out until a right backup code or an administrator unlocks.
    pub locked: bool,
    /// Wrong tokens of the last 30 days.
    pub budget_used: u32,
    /// The last decisions.
    pub history: History,
}

/// How a user stands with the second factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The healthy store has no record of this user.
    NeverEnrolled,
    /// There was an enrolment.
    Disabled(Generation),
    /// There is one.
    Enrolled(Generation, Status),
}

impl Standing {
    /// How `account` stands at `now`.
    fn of(account: &Account, now: UnixTime) -> Self {
        let generation = account.generation.clone();
        let usage = &account.usage;
        match &account.enrolment {
            None => Self::Disabled(generation),
            Some(enrolment) => Self::Enrolled(
                generation,
                Status {
                    since: enrolment.created,
                    // One of an earlier enrolment's is none of this one's.
                    last_used: usage.last_used.filter(|at| *at >= enrolment.created),
                    backup_codes_left: usage.spent.left(),
                    failures: usage.failures,
                    wait_seconds: usage.wait_left(now),
                    locked: usage.is_locked(now),
                    budget_used: usage.budget.used(now),
                    history: usage.history.clone(),
                },
            ),
        }
    }

    /// The status of an enrolment, where there is one.
    pub fn status(&self) -> Option<&Status> {
        match self {
            Self::Enrolled(_, status) => Some(status),
            Self::NeverEnrolled | Self::Disabled(_) => None,
        }
    }

    /// What a change that begins now must find unchanged when it commits.
    pub fn basis(&self) -> Basis {
        match self {
            Self::NeverEnrolled => Basis::Nothing,
            Self::Disabled(generation) | Self::Enrolled(generation, _) => {
                Basis::Generation(generation.clone())
            }
        }
    }
}

/// The enrolment that is asked of a name: whose it is, and how that one stands. Where there is none,
/// it is the name's own standing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The user who was asked for, or another name of the same uid.
    pub whose: User,
    /// How that one stands.
    pub standing: Standing,
}

/// What a change was begun on: it commits on nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// No record.
    Nothing,
    /// This record.
    Generation(Generation),
    /// A record that cannot be used, whatever is wrong with it (see
    /// [`StoreError::is_about_one_record`]): it is written over. For administrators only.
    Unusable,
}

/// What becomes of failures, waits, the lock and the budget at a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failures {
    /// They stay, as at a user's own change: who knows the password must not shed them.
    CarriedOver,
    /// They go, as at root's: it is a new binding.
    Cleared,
}

/// What a change hands out.
#[derive(Debug)]
pub struct Issued {
    /// The new backup codes: shown once, kept nowhere.
    pub backup_codes: Vec<BackupCode>,
    /// Whether the old copy is overwritten, too.
    pub old_copy: OldCopy,
    /// What stood against the user's tokens, and is gone.
    pub cleared: Cleared,
}

/// The second factor is off.
#[derive(Debug)]
pub struct Disabled {
    /// Whether the old copy is overwritten, too.
    pub old_copy: OldCopy,
    /// What stood against the user's tokens, and is gone.
    pub cleared: Cleared,
}

/// What became of the copy that a change made obsolete, and of the secrets in it.
#[derive(Debug)]
pub enum OldCopy {
    /// It is overwritten.
    Wiped,
    /// It could not be, and is until the next change. The change itself is done.
    Left(io::Error),
}

/// One line of [`Store::list`].
#[derive(Debug)]
pub struct Listed {
    /// Whose record it is.
    pub name: UserName,
    /// The uid in it; nothing where it cannot be used.
    pub uid: Option<u32>,
    /// How the user stands, or why the record cannot be used.
    pub standing: Result<Standing, StoreError>,
}

/// How often an enrolment may be turned off just when it was found.
const TRIES: u32 = 3;

/// What a login needs. The clock is an argument; who decides on another side, as a service
/// does, goes by the clock there.
pub trait Verifier {
    /// How `user` stands, before a code is asked for. Fails where a verdict could not
    /// be written down afterwards.
    fn challenge(&mut self, user: &User, clock: Clock<'_>) -> Result<Standing, StoreError>;

    /// Evaluates the answer, and writes down what follows from it.
    fn verify(&mut self, attempt: &Attempt<'_>, clock: Clock<'_>) -> Result<Verdict, StoreError>;

    /// Whose enrolment is asked of `user`'s name: `user`'s own; else that of an enrolled record of the
    /// same uid whose own name the system still knows with that uid, of several the first in the order
    /// of names; else `user`'s, who has none. `user` has just been found by `names`.
    fn whose(&mut self, user: &User, names: &dyn Names) -> Result<User, StoreError>;

    /// That enrolment, before a code is asked for. Who has one of their own is not looked up anew.
    fn find(
        &mut self,
        user: &User,
        names: &dyn Names,
        clock: Clock<'_>,
    ) -> Result<Found, StoreError> {
        for _ in 0..TRIES {
            let standing = self.challenge(user, clock)?;
            if standing.status().is_some() {
                return Ok(Found { whose: user.clone(), standing });
            }
            let whose = self.whose(user, names)?;
            if whose == *user {
                return Ok(Found { whose, standing });
            }
            if let standing @ Standing::Enrolled(..) = self.challenge(&whose, clock)? {
                return Ok(Found { whose, standing });
            }
            // Turned off since; there may be another one.
        }
        Err(StoreError::Changed(user.name.clone()))
    }
}

/// Whole operations on accounts. A caller's right to ask is for the caller to check.
pub trait Store: Verifier {
    /// Saves an enrolment that a code has proven, made by the user of name `by`.
    fn enrol(
        &mut self,
        user: &User,
        proven: ProvenEnrolment,
        by: &str,
        basis: &Basis,
        failures: Failures,
        clock: Clock<'_>,
    ) -> Result<Issued, StoreError>;

    /// Replaces the backup codes of the enrolment `basis`; the app goes on.
    fn regenerate_backup_codes(
        &mut self,
        user: &User,
        basis: &Generation,
        clock: Clock<'_>,
    ) -> Result<Issued, StoreError>;

    /// Turns the second factor off.
    fn disable(
        &mut self,
        user: &User,
        basis: &Basis,
        failures: Failures,
        clock: Clock<'_>,
    ) -> Result<Disabled, StoreError>;

    /// Takes failures, wait, lock and budget away; never the last step.
    fn unlock(&mut self, user: &User, clock: Clock<'_>) -> Result<Cleared, StoreError>;

    /// How `user` stands, for people to read. Changes nothing.
    fn status(&mut self, user: &User, clock: Clock<'_>) -> Result<Standing, StoreError>;

    /// All records, by name.
    fn list(&mut self, clock: Clock<'_>) -> Result<Vec<Listed>, StoreError>;
}
