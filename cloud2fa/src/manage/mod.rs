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
use crate::words::{ENGLISH_REFUSALS, command::Refusals};
use std::fmt;
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
#[derive(Debug)]
pub enum Refusal {
    /// Another user's.
    NotPermitted,
    /// NSS knows no such name.
    UnknownUser(String),
    /// Nothing to check a password against.
    NoPassword,
    /// A change was asked for before the password was checked.
    PasswordRequired,
    /// PAM did not take the password.
    WrongPassword,
    /// Something beside the store does not work: PAM, or the configuration. What, is for the log.
    Unavailable(String),
    /// The configuration has a mistake in what this needs.
    BadConfig(Invalid),
    /// The password is right, and the account may not be used (pam_acct_mgmt(3)).
    AccountRefused(String),
    /// Changing an enrolment takes one of its codes.
    CurrentCodeRequired,
    /// That code was not accepted.
    CurrentCodeRefused(Verdict, Factor),
    /// What was typed is not shaped like a code. It was not evaluated.
    NotACode,
    /// There is an enrolment already.
    AlreadyEnrolled(UserName),
    /// There is one of another name of the uid: the password of this one must not be enough to go past it.
    EnrolledAs {
        /// Who was to be enrolled.
        name: UserName,
        /// Whose enrolment it is.
        whose: UserName,
    },
    /// A code came before a key was shown.
    NoEnrolmentBegun,
    /// The code does not prove the new key.
    NotProven(NotProven),
    /// The store.
    Store(StoreError),
}

impl Refusal {
    /// What happened, and what to do, in the language of these words.
    pub fn text(&self, words: &Refusals) -> String {
        let unchanged = |why: &dyn fmt::Display| (words.nothing_was_changed)(why);
        match self {
            Self::NotPermitted => words.not_permitted.to_owned(),
            Self::UnknownUser(name) => (words.unknown_user)(name),
            Self::NoPassword => words.no_password.to_owned(),
            Self::PasswordRequired => words.password_required.to_owned(),
            Self::WrongPassword => unchanged(&words.wrong_password),
            Self::Unavailable(_) => unchanged(&words.unavailable),
            Self::BadConfig(mistake) => unchanged(mistake),
            Self::AccountRefused(why) => unchanged(why),
            Self::CurrentCodeRequired => words.current_code_required.to_owned(),
            Self::CurrentCodeRefused(verdict, factor) => {
                unchanged(&of_verdict(verdict, *factor, words))
            }
            Self::NotACode => unchanged(&words.not_a_code),
            Self::AlreadyEnrolled(name) => (words.already_enrolled)(name.as_str()),
            Self::EnrolledAs { name, whose } => (words.enrolled_as)(name.as_str(), whose.as_str()),
            Self::NoEnrolmentBegun => words.no_enrolment_begun.to_owned(),
            Self::NotProven(_) => words.not_proven.to_owned(),
            Self::Store(StoreError::NotEnrolled(name)) => (words.not_enrolled)(name.as_str()),
            Self::Store(StoreError::Changed(name)) => (words.enrolment_changed)(name.as_str()),
            Self::Store(error) => (words.of_the_machine)(error),
        }
    }
}

/// In English, as for the log.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(&ENGLISH_REFUSALS))
    }
}

impl std::error::Error for Refusal {}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<NoRandomness> for Refusal {
    fn from(error: NoRandomness) -> Self {
        Self::Store(error.into())
    }
}

/// Why a code was not accepted.
fn of_verdict(verdict: &Verdict, factor: Factor, words: &Refusals) -> String {
    let by_token = factor == Factor::Token;
    match *verdict {
        Verdict::Wrong { locked: true, .. } | Verdict::Locked => words.locked.to_owned(),
        Verdict::Wrong { wait_seconds: seconds @ 1.., .. } | Verdict::Wait { seconds } => {
            (words.must_wait)(seconds)
        }
        // Nobody refuses for a right one.
        Verdict::Wrong { .. } | Verdict::Accepted { .. } => {
            (if by_token { words.wrong_code } else { words.wrong_backup_code }).to_owned()
        }
        Verdict::Replayed { .. } => {
            (if by_token { words.used_code } else { words.used_backup_code }).to_owned()
        }
        Verdict::ClockWentBack { behind_by } => (words.clock_is_behind)(behind_by),
        Verdict::Changed => words.changed.to_owned(),
    }
}
