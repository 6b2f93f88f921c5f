//! What `setup` says.

use std::fmt::Display;

/// What `setup` shows before it changes anything, what it asks, and what came of it.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// How it will ask.
    pub password_then_code: fn(service: &str) -> String,
    /// The same, where a key comes first.
    pub key_then_code: fn(service: &str) -> String,
    /// For these users the key goes on to be enough.
    pub enough_for: fn(names: &str) -> String,
    /// These users would be shut out.
    pub shuts_out: fn(names: &str) -> String,
    /// Begins the lines of one file.
    pub file: fn(path: &dyn Display, is_new: bool) -> String,
    /// Asks whether to go on.
    pub go_on: &'static str,
    /// It asks now, and stays if one of these logs in within so many seconds.
    pub asks_now: fn(service: &str, within: u64, names: &str) -> String,
    /// It asks now, and stays if somebody says so within so many seconds: nobody is enrolled who could prove it.
    pub asks_now_unproven: fn(service: &str, within: u64) -> String,
    /// It asks now, and that stays.
    pub asks_for_good: fn(service: &str) -> String,
    /// It asks already.
    pub asks_already: fn(service: &str) -> String,
    /// It is not on this machine.
    pub is_not_there: fn(service: &str) -> String,
    /// It asks for no code.
    pub asks_not: fn(service: &str) -> String,
    /// A change waits for its proof for so many seconds more.
    pub is_unconfirmed: fn(service: &str, seconds: u64) -> String,
    /// A change was taken back.
    pub was_taken_back: fn(service: &str) -> String,
    /// A change stays, since an administrator has logged in.
    pub is_confirmed: fn(service: &str) -> String,
    /// Our lines are out again.
    pub is_undone: fn(service: &str) -> String,
    /// Our lines are out again, which only they themselves have shown.
    pub is_undone_as_found: fn(service: &str) -> String,
    /// There is nothing of ours to take out.
    pub nothing_to_undo: &'static str,
    /// There is no change that waits for its proof.
    pub nothing_to_keep: &'static str,
    /// For the log and all terminals: nobody has confirmed a change.
    pub taken_back: fn(service: &str) -> String,
    /// For the log: a change cannot be taken back.
    pub not_taken_back: fn(service: &str, error: &dyn Display) -> String,
    /// For the log: our lines are out, and the service does not go by that yet.
    pub not_without_effect: fn(service: &str, error: &dyn Display) -> String,
    /// What was changed cannot be read; also for the log.
    pub no_journal: fn(error: &dyn Display) -> String,
    /// For the log: what was changed could not be read, and is written anew as it was.
    pub journal_written_anew: fn(error: &dyn Display) -> String,
    /// For the log: what was changed cannot be read, and nobody may have confirmed it.
    pub no_journal_all_goes: fn(error: &dyn Display) -> String,
    /// For the log: a change is confirmed by a login.
    pub kept: fn(service: &str) -> String,
}

/// Why `setup` does not do what it was asked for.
#[derive(Debug, Clone, Copy)]
pub struct SetupFailures {
    /// A file or the system fails.
    pub cannot_be_done: fn(error: &dyn Display) -> String,
    /// Somebody else runs it.
    pub busy: &'static str,
    /// Without systemd nothing would take a change back.
    pub no_systemd: &'static str,
    /// The unit that takes back does not run.
    pub no_watch: fn(error: &dyn Display) -> String,
    /// Nobody is enrolled, and whoever is not enrolled is refused.
    pub nobody_enrolled: &'static str,
    /// This one is not enrolled.
    pub not_enrolled: fn(name: &str) -> String,
    /// A PAM file does not say where the password is checked.
    pub no_password: fn(path: &dyn Display) -> String,
    /// sshd's command line sets this.
    pub set_on_the_command_line: fn(keyword: &str) -> String,
    /// sshd says this against its own files.
    pub sshd_fails: fn(why: &str) -> String,
    /// doctor finds this when the change is tried on a copy.
    pub would_go_wrong: fn(what: &str) -> String,
    /// The change cannot be tried on a copy.
    pub cannot_be_tried: fn(error: &dyn Display) -> String,
    /// A file was edited meanwhile.
    pub edited_meanwhile: fn(path: &dyn Display) -> String,
    /// A change failed, and is taken back.
    pub failed: fn(error: &dyn Display) -> String,
    /// A change failed, and taking it back, too: that is tried again.
    pub left: fn(error: &dyn Display) -> String,
    /// A change failed, and taking it back, too, which nobody tries again. What is left of it was said by
    /// `lines_are_left` or `effect_is_left`.
    pub left_for_good: fn(error: &dyn Display, left: &str) -> String,
    /// Lines may be left in these files.
    pub lines_are_left: fn(service: &str, files: &str, error: &dyn Display) -> String,
    /// No lines are left, and the service does not go by that yet.
    pub effect_is_left: fn(service: &str, error: &dyn Display) -> String,
    /// A change cannot be confirmed, since its lines are not there any more.
    pub lines_are_out: &'static str,
    /// `--keep` from a session that was there before the change.
    pub old_session: &'static str,
    /// A program must say that it means it.
    pub needs_yes: &'static str,
    /// These users log in by a key alone, and could not any more. Again without blanks.
    pub shuts_out: fn(names: &str, list: &str) -> String,
    /// Who logs in by a key is not known for all of the time.
    pub key_logins_partly: &'static str,
    /// `--by` names somebody who is not asked for a code.
    pub is_not_asked: fn(name: &str) -> String,
    /// `--by-key-alone` for what asks already.
    pub asks_already: &'static str,
    /// A file has lines between our marks already.
    pub has_our_lines: fn(path: &dyn Display) -> String,
    /// Who logs in by a key cannot be found out.
    pub key_logins_unknown: fn(error: &dyn Display) -> String,
    /// A name that cannot stand in sshd's files.
    pub not_for_sshd: fn(name: &str) -> String,
    /// `--by-key-alone` without ssh.
    pub is_about_ssh: &'static str,
    /// `--by-key-alone`, where only the top of sshd's own file counts.
    pub no_place_for_match: &'static str,
    /// sshd is set otherwise for some.
    pub has_match: &'static str,
    /// sshd does not use PAM.
    pub pam_off: &'static str,
    /// A change of this service is there already.
    pub set_up_before: fn(service: &str) -> String,
}
