//! Why a second factor was not changed.

use std::fmt::Display;

/// Refusals. Those of a code stand before `nothing_was_changed`, as do some of the others.
#[derive(Debug, Clone, Copy)]
pub struct Refusals {
    /// Another user's.
    pub not_permitted: &'static str,
    /// The system does not know this name.
    pub unknown_user: fn(&str) -> String,
    /// There is nothing to check a password against.
    pub no_password: &'static str,
    /// A change was asked for before the password was checked.
    pub password_required: &'static str,
    /// PAM did not take the password.
    pub wrong_password: &'static str,
    /// Something beside the store does not work. What, is for the log.
    pub unavailable: &'static str,
    /// A change takes a code of what it changes.
    pub current_code_required: &'static str,
    /// The code of the app is wrong.
    pub wrong_code: &'static str,
    /// The backup code is wrong.
    pub wrong_backup_code: &'static str,
    /// The code of the app was used, or is of before.
    pub used_code: &'static str,
    /// The backup code was used.
    pub used_backup_code: &'static str,
    /// Codes of the app are locked.
    pub locked: &'static str,
    /// The next code of the app must wait so many seconds.
    pub must_wait: fn(u64) -> String,
    /// The system's clock is so many seconds behind the last accepted code.
    pub clock_is_behind: fn(u64) -> String,
    /// The enrolment is another one than a moment ago.
    pub changed: &'static str,
    /// What was typed cannot be a code.
    pub not_a_code: &'static str,
    /// This user has an enrolment.
    pub already_enrolled: fn(&str) -> String,
    /// This user's logins ask for the codes of another name.
    pub enrolled_as: fn(&str, &str) -> String,
    /// A code came before a key was shown.
    pub no_enrolment_begun: &'static str,
    /// The code does not prove the new key.
    pub not_proven: &'static str,
    /// This user has no enrolment.
    pub not_enrolled: fn(&str) -> String,
    /// This user's enrolment was changed by somebody else, and what to do.
    pub enrolment_changed: fn(&str) -> String,
    /// Why, and that all is as it was.
    pub nothing_was_changed: fn(&dyn Display) -> String,
    /// What is wrong with the machine, in the words of the log.
    pub of_the_machine: fn(&dyn Display) -> String,
}
