//! How the command shows users and machines.

use std::fmt::Display;

/// How users stand: one of them in lines with a label each, or all in a table.
#[derive(Debug, Clone, Copy)]
pub struct Overview {
    /// How a time is written, to the minute (strftime(3)); all are as wide.
    pub local_time: &'static str,
    /// Label: whom this is about.
    pub user: &'static str,
    /// Label: whether there is a second factor.
    pub second_factor: &'static str,
    /// Label: when it was used.
    pub last_used: &'static str,
    /// Labels the services that ask for a code.
    pub asked_by: &'static str,
    /// sshd asks by PAM's files; its own settings cannot be read.
    pub sshd_unknown: &'static str,
    /// No login asks for a code.
    pub no_login: &'static str,
    /// Label: how many backup codes there are.
    pub backup_codes_left: &'static str,
    /// Label: how many codes were wrong since the last right one.
    pub wrong_in_a_row: &'static str,
    /// Label: what stands against codes of the app.
    pub wait: &'static str,
    /// Label: how much of the budget of wrong codes is used.
    pub wrong_in_30_days: &'static str,
    /// There is a second factor since then.
    pub on_since: fn(&str) -> String,
    /// Never used, in lines and table.
    pub never: &'static str,
    /// So many of so many.
    pub of: fn(&dyn Display, &dyn Display) -> String,
    /// Locked, and what unlocks.
    pub locked: fn(&str) -> String,
    /// Nothing stands against codes of the app.
    pub no_wait: &'static str,
    /// Codes of the app must wait so many seconds.
    pub seconds: fn(u64) -> String,
    /// There is no second factor: the command that turns it on.
    pub not_enrolled: fn(&str, &str) -> String,
    /// The table would be empty.
    pub nobody: &'static str,
    /// The table's columns: user, since, last used, backup codes, wrong codes, state.
    pub columns: [&'static str; 6],
    /// State in the table: nothing stands against codes of the app.
    pub state_ok: &'static str,
    /// State in the table: locked.
    pub state_locked: &'static str,
    /// State in the table: codes of the app must wait so many seconds.
    pub state_wait: fn(u64) -> String,
    /// Behind the state: how much of the budget is used, by `of`.
    pub state_in_30_days: fn(&str) -> String,
    /// Behind the state: the system does not know the user.
    pub state_unknown: &'static str,
    /// Like `state_unknown`, and another name has the uid.
    pub state_renamed: fn(&str) -> String,
    /// Stands above the last decisions.
    pub decisions: &'static str,
    /// A decision: the code was right.
    pub accepted: &'static str,
    /// A decision: the code was wrong.
    pub wrong: &'static str,
    /// A decision: the code was used.
    pub used: &'static str,
    /// A decision was on a code of the app.
    pub app: &'static str,
    /// A decision was on a backup code.
    pub backup_code: &'static str,
    /// A decision's login came from this address.
    pub from: fn(&str) -> String,
    /// So many equal decisions in a row.
    pub times: fn(u32) -> String,
}

/// What stands around the findings of `doctor`.
#[derive(Debug, Clone, Copy)]
pub struct Examination {
    /// How many findings are critical, warnings and notes, and how many more are accepted.
    pub summary: fn([usize; 3], usize) -> String,
    /// Begins the line of a critical finding. These four are as wide.
    pub is_critical: &'static str,
    /// Begins the line of a warning.
    pub is_warning: &'static str,
    /// Begins the line of a note.
    pub is_note: &'static str,
    /// Begins the line of a finding that is accepted.
    pub is_accepted: &'static str,
    /// How to hear more of a finding. Stands below the lines.
    pub explained_by: &'static str,
    /// No login asks for a code: what to do next.
    pub nothing_asks: &'static str,
    /// There is no finding with the id that was asked for.
    pub not_found: &'static str,
    /// Stands above the critical findings.
    pub critical: &'static str,
    /// Stands above the warnings.
    pub warning: &'static str,
    /// Stands above the notes.
    pub note: &'static str,
    /// Stands above the findings that are accepted.
    pub accepted: &'static str,
    /// Stands behind the id of a finding that is accepted.
    pub marked_accepted: &'static str,
    /// Label: why a finding matters.
    pub why: &'static str,
    /// Label: what to do.
    pub fix: &'static str,
    /// No finding is worse than a note. Stands before `looked_at`.
    pub nothing_wrong: &'static str,
    /// Stands above what was looked at.
    pub looked_at: &'static str,
}
