//! Why the command did not do what it was asked for.

use std::fmt::Display;

/// Failures. Where a text takes an error of the library or the system, that says what happened.
#[derive(Debug, Clone, Copy)]
pub struct Failures {
    /// What was typed makes no sense to clap, which says why.
    pub see_help: fn(&str) -> String,
    /// Root's alone.
    pub not_root: &'static str,
    /// Under sudo, without `--user`.
    pub whose: &'static str,
    /// `--config`, where somebody else than root goes through the service.
    pub not_root_and_configuration: &'static str,
    /// A user who is named by the uid.
    pub uid: fn(u32) -> String,
    /// The system cannot say whether it has this user: why.
    pub users_cannot_be_asked: fn(&str, &dyn Display) -> String,
    /// The system does not have this user.
    pub no_such_user: fn(&str) -> String,
    /// This user's name or uid cannot be in the store: why.
    pub cannot_be_enrolled: fn(&str, &dyn Display) -> String,
    /// Secrets would go into a pipe or file.
    pub no_terminal: &'static str,
    /// Standard input cannot be set up.
    pub no_input: fn(&dyn Display) -> String,
    /// An answer has more than so many bytes.
    pub answer_is_too_long: fn(usize) -> String,
    /// The input ended where an answer was waited for.
    pub input_ended: &'static str,
    /// The input failed where an answer was waited for.
    pub input_cannot_be_read: fn(&dyn Display) -> String,
    /// Waiting for the input failed.
    pub input_cannot_be_waited_for: fn(&dyn Display) -> String,
    /// Ctrl-C, or another signal that ends a program.
    pub interrupted: &'static str,
    /// Somebody has not agreed.
    pub left_as_it_was: &'static str,
    /// Like `interrupted`, where a backup code is gone.
    pub interrupted_and_spent: &'static str,
    /// Why an enrolment was not changed, where a backup code is gone.
    pub and_spent: fn(&dyn Display) -> String,
    /// clap takes no name there; whom one means is said so.
    pub name_a_user: fn(&str) -> String,
    /// A password would be shown.
    pub terminal_cannot_hide: fn(&dyn Display) -> String,
    /// The terminal takes no text.
    pub terminal_cannot_be_written: fn(&dyn Display) -> String,
    /// Standard output takes no JSON.
    pub output_cannot_be_written: fn(&dyn Display) -> String,
    /// The file of `--qr-file` or `--codes-file` cannot be written.
    pub file_cannot_be_written: fn(&dyn Display, &dyn Display) -> String,
    /// The file of `--qr-file` or `--codes-file` is there already.
    pub file_exists: fn(&dyn Display, &dyn Display) -> String,
    /// No code has proven the new key.
    pub not_proven: &'static str,
    /// What was typed cannot be a code.
    pub no_code: &'static str,
    /// The system's clock is so many seconds behind the last accepted code.
    pub clock_is_behind: fn(u64) -> String,
}

/// What to do next.
#[derive(Debug, Clone, Copy)]
pub struct Advice {
    /// For root: the command that unlocks.
    pub unlocks: fn(&str) -> String,
    /// For a user: the command that an administrator unlocks with.
    pub administrator_unlocks: fn(&str) -> String,
    /// The error that there is no enrolment, and the command that enrols.
    pub not_enrolled: fn(&dyn Display, &str) -> String,
    /// The error that there is an enrolment, and the command that replaces it.
    pub enrolled: fn(&dyn Display, &str) -> String,
    /// The error that the enrolment has changed, and the command that shows it.
    pub changed: fn(&dyn Display, &str) -> String,
    /// The error that nothing could be written, for want of room.
    pub disk_is_full: fn(&dyn Display) -> String,
}
