//! How the command shows a new key and new backup codes. Where a line is too long for its place, the command
//! breaks it.

use std::fmt::Display;

/// A new key, its picture, and backup codes.
#[derive(Debug, Clone, Copy)]
pub struct Enrolment {
    /// Stands above it all: the user's name, and the issuer.
    pub title: fn(&str, &str) -> String,
    /// The first step.
    pub open_the_app: &'static str,
    /// The second step, beside or below the picture. The key follows.
    pub scan_or_type: &'static str,
    /// The second step without a picture. The key follows.
    pub type_the_key: &'static str,
    /// The app gives the account this name, since there is one of the user's already.
    pub is_called: fn(&str) -> String,
    /// The third step.
    pub type_the_code: &'static str,
    /// How to get out of it. Stands last.
    pub nothing_is_saved_yet: &'static str,
    /// A picture would need so many columns and rows, of so many that there are; it is not drawn.
    pub too_small: fn((usize, usize), (usize, usize)) -> String,
    /// A smaller picture is possible. Stands behind `too_small`.
    pub half_is_enough: &'static str,
    /// Stands above the backup codes: the user's name, the machine's, and the date.
    pub backup_codes: fn(&str, &str, &str) -> String,
    /// Stands below the backup codes: how to keep them, and the command that makes new ones.
    pub keep_backup_codes: fn(&str) -> String,
    /// Nobody has said that the backup codes are saved: the command that makes new ones.
    pub if_not_saved: fn(&str) -> String,
    /// The backup codes are in this file.
    pub codes_are_in: fn(&dyn Display) -> String,
}
