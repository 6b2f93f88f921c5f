//! What people do with second factors: turn one on, look at it, renew its backup codes, turn
//! it off. [`Manager`] has two sides: [`StoreManager`] does it, and knows what each change
//! needs; [`crate::client::Client`] has the service do it, where the store is out of reach.

mod caller;
mod for_others;
mod store_manager;

pub use caller::{Caller, PasswordCheck, PasswordRefused};
pub use for_others::ForOthers;
pub use store_manager::StoreManager;

use crate::answer::{Answer, Factor};
use crate::attempt::Attempt;
use crate::config::Invalid;
use crate::decide::Verdict;
use crate::enrolment::NotProven;
use crate::randomness::NoRandomness;
use crate::store::{Disabled, Found, Issued, StoreError};
use crate::time::Clock;
use crate::totp::Token;
use crate::user::{User, UserName};
use zeroize::Zeroizing;

/// What a change of a second factor needs, beside the right to make it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requirements {
    /// The user's password.
    pub password: bool,
    /// A code or backup code of the enrolment that is to be changed.
    pub current_code: bool,
}

/// The key of an enrolment that no code has proven yet, to be shown to its user.
#[derive(Debug)]
pub struct NewKey {
    /// The name that the app shows.
    pub issuer: String,
    /// The account that the app shows: the user's name, or for a replacement the one of [`crate::otpauth::account_beside`].
    pub account: String,
    /// For a QR code.
    pub uri: Zeroizing<String>,
    /// For apps without a camera; base32.
    pub secret: Zeroizing<String>,
}

/// Whole operations on second factors, on behalf of somebody: whether that somebody may is
/// decided on the other side of this trait, too. All but an enrolment are about the enrolment that is
/// asked of `user`'s name ([`crate::Verifier::whose`]): another name's of the same uid, where `user` has
/// none.
pub trait Manager {
    /// The enrolment, for people to read. Changes nothing.
    fn status(&mut self, user: &User, clock: Clock<'_>) -> Result<Found, Refusal>;

    /// The enrolment, before a code is asked for. Fails where a verdict could not be written down
    /// afterwards.
    fn challenge(&mut self, user: &User, clock: Clock<'_>) -> Result<Found, Refusal>;

    /// Evaluates an answer to the challenge.
    fn verify(&mut self, attempt: &Attempt<'_>, clock: Clock<'_>) -> Result<Verdict, Refusal>;

    /// What a change of `user`'s second factor needs, as it stands now.
    fn requirements(&mut self, user: &User, clock: Clock<'_>) -> Result<Requirements, Refusal>;

    /// Checks the password of whose enrolment it is, for the next change.
    fn authenticate(&mut self, user: &User, password: &[u8]) -> Result<(), Refusal>;

    /// Makes a key for `user`, which nothing but this manager's memory holds before a code proves it. While
    /// another name of the uid is enrolled, whose codes `user`'s logins ask for, root alone may.
    fn begin_enrolment(
        &mut self,
        user: &User,
        replace: bool,
        current: Option<&Answer>,
        clock: Clock<'_>,
    ) -> Result<NewKey, Refusal>;

    /// Saves the enrolment begun, if `token` is the app's. If not, the next one may be.
    fn confirm_enrolment(&mut self, token: &Token, clock: Clock<'_>) -> Result<Issued, Refusal>;

    /// Replaces the backup codes; the app goes on.
    fn regenerate_backup_codes(
        &mut self,
        user: &User,
        current: Option<&Answer>,
        clock: Clock<'_>,
    ) -> Result<Issued, Refusal>;

    /// Turns the second factor off.
    fn disable(
        &mut self,
        user: &User,
        current: Option<&Answer>,
        clock: Clock<'_>,
    ) -> Result<Disabled, Refusal>;
}

/// Why something was not done. Each text says what happened and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Another user's.
    #[error("only root can use --user; leave it out to manage your own second factor")]
    NotPermitted,
    /// NSS knows no such name.
    #[error("this system has no user {0:?}; check the spelling")]
    UnknownUser(String),
    /// Nothing to check a password against.
    #[error(
        "this account has no password (or it is locked), so it cannot manage its second factor; ask an administrator"
    )]
    NoPassword,
    /// A change was asked for before the password was checked.
    #[error("the password must be checked first")]
    PasswordRequired,
    /// PAM did not take the password.
    #[error("the password is wrong; nothing was changed")]
    WrongPassword,
    /// Something beside the store does not work: PAM, or the configuration. What, is for the log.
    #[error("this cannot be done right now; the system log says why. Nothing was changed")]
    Unavailable(String),
    /// The configuration has a mistake in what this needs.
    #[error("{0}; nothing was changed")]
    BadConfig(Invalid),
    /// The password is right, and the account may not be used (pam_acct_mgmt(3)).
    #[error("{0}; nothing was changed")]
    AccountRefused(String),
    /// Changing an enrolment takes one of its codes.
    #[error("a current code or a backup code is needed")]
    CurrentCodeRequired,
    /// That code was not accepted.
    #[error("{}; nothing was changed", explain(.0, *.1))]
    CurrentCodeRefused(Verdict, Factor),
    /// What was typed is not shaped like a code. It was not evaluated.
    #[error(
        "that is not a code: a code is 6 digits, or a backup code like XXXX-XXXX-XXXXX; nothing was changed"
    )]
    NotACode,
    /// There is an enrolment already.
    #[error("{0} is already enrolled")]
    AlreadyEnrolled(UserName),
    /// There is one of another name of the uid: the password of this one must not be enough to go past it.
    #[error(
        "{name} has the same uid as {whose} and uses {whose}'s codes; only root can enrol {name} separately"
    )]
    EnrolledAs {
        /// Who was to be enrolled.
        name: UserName,
        /// Whose enrolment it is.
        whose: UserName,
    },
    /// A code came before a key was shown.
    #[error("no enrolment was begun")]
    NoEnrolmentBegun,
    /// The code does not prove the new key.
    #[error("that code does not match the new key; nothing was saved")]
    NotProven(NotProven),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<NoRandomness> for Refusal {
    fn from(error: NoRandomness) -> Self {
        Self::Store(error.into())
    }
}

/// Why a code was not accepted.
fn explain(verdict: &Verdict, factor: Factor) -> String {
    let code = match factor {
        Factor::Token => "code",
        Factor::BackupCode => "backup code",
    };
    match verdict {
        Verdict::Wrong { locked: true, .. } | Verdict::Locked => {
            "app codes are locked after too many wrong ones; a backup code unlocks them, or an administrator"
                .to_owned()
        }
        Verdict::Wrong { wait_seconds: seconds @ 1.., .. } | Verdict::Wait { seconds } => {
            format!(
                "too many wrong codes; wait {seconds} s, or use a backup code"
            )
        }
        Verdict::Wrong { .. } => format!("the {code} is wrong"),
        Verdict::Replayed { .. } => format!("the {code} was already used or is too old"),
        Verdict::ClockWentBack { behind_by } => format!(
            "this machine's clock is {behind_by} s behind the last accepted code; use a backup code"
        ),
        Verdict::Changed => "the enrolment was changed in the meantime; start again".to_owned(),
        // Nobody refuses for this.
        Verdict::Accepted { .. } => format!("the {code} is right"),
    }
}
