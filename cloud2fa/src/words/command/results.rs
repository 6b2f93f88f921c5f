//! What the command says that it did.

use std::fmt::Display;

/// What was done.
#[derive(Debug, Clone, Copy)]
pub struct Results {
    /// Somebody's second factor is on.
    pub enabled: fn(&str) -> String,
    /// These services ask for its codes. Stands behind `enabled`.
    pub these_ask: fn(&str) -> String,
    /// No service does. Stands behind `enabled`.
    pub nothing_asks: &'static str,
    /// Somebody has new backup codes.
    pub regenerated: fn(&str) -> String,
    /// Without a second factor, this user is refused by these services; the command that replaces it.
    pub refused_without: fn(&str, &str, &str) -> String,
    /// Somebody's second factor is off.
    pub disabled: fn(&str) -> String,
    /// Somebody may try again.
    pub unlocked: fn(&str) -> String,
    /// Nothing locks somebody out any more, and codes are refused all the same: until this time, when one was
    /// accepted by a clock that was ahead, as far as that can be said. The command makes a new key.
    pub unlocked_and_ahead: fn(&str, &str, bool, &str) -> String,
    /// Wrong codes that count no more: so many since the last login, and so many in 30 days.
    pub cleared: fn(u32, u32) -> String,
    /// Codes of the app are taken again. Stands below `cleared`.
    pub opened: &'static str,
    /// A user's logins are asked for the codes of another name, whom this is about.
    pub is_about: fn(&str, &str) -> String,
    /// `init` has made the store in this directory.
    pub store_is_made: fn(&dyn Display) -> String,
    /// `init` has found a store in this directory, and changed nothing.
    pub store_is_as_it_was: fn(&dyn Display) -> String,
    /// `init` has found a store in this directory, and completed its index of uids.
    pub store_is_completed: fn(&dyn Display) -> String,
    /// So many records are in format 1.
    pub records_in_format_1: fn(usize) -> String,
    /// So many records have lost something, which is one of `losses`.
    pub lost: fn(usize, &str) -> String,
    /// What records can lose.
    pub losses: Losses,
    /// All records are in format 1: what to do now.
    pub all_went_back: &'static str,
    /// Some records are not in format 1. They are named above.
    pub some_did_not_go_back: &'static str,
    /// `list` goes on, but the store's index of uids is not complete.
    pub index_is_not_complete: &'static str,
    /// The change is done, but this user's old copy could not be wiped, for this reason.
    pub old_copy_is_left: fn(&str, &dyn Display) -> String,
    /// The service takes its time.
    pub waiting_for_the_service: &'static str,
}

/// What a record in format 1 has no place for.
#[derive(Debug, Clone, Copy)]
pub struct Losses {
    /// How many wrong codes of the last 30 days count.
    pub budget: &'static str,
    /// What wrong codes have cost at daemons.
    pub tolls: &'static str,
    /// The last decisions.
    pub decisions: &'static str,
    /// Keys that are not asked again.
    pub remembered_keys: &'static str,
    /// What the user would have been told.
    pub notices: &'static str,
    /// The ticket.
    pub ticket: &'static str,
    /// The last attempt with an id.
    pub last_attempt: &'static str,
    /// That the user has not shown to have the backup codes.
    pub codes_not_seen: &'static str,
    /// What a later version left.
    pub ignorable: &'static str,
}

/// What `verify` says to a code.
#[derive(Debug, Clone, Copy)]
pub struct Trial {
    /// A login would accept the code of the app.
    pub right: &'static str,
    /// A login would accept the backup code.
    pub right_backup_code: &'static str,
    /// The code of the app is wrong: so many in a row are.
    pub wrong: fn(u32) -> String,
    /// The code of the app is wrong, and the next one must wait so many seconds.
    pub wrong_and_must_wait: fn(u64) -> String,
    /// The code of the app is wrong, and locks.
    pub wrong_and_locked: &'static str,
    /// The backup code is wrong.
    pub wrong_backup_code: &'static str,
    /// The backup code is wrong, and codes of the app are locked.
    pub wrong_backup_code_and_locked: &'static str,
    /// The code of the app was used, or is of before.
    pub used: &'static str,
    /// The backup code was used.
    pub used_backup_code: &'static str,
    /// Codes of the app are locked: what unlocks.
    pub locked: fn(&str) -> String,
}
