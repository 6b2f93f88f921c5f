//! What to type next, as it is said to the caller.

use crate::language::WORDS;
use nix::unistd::{User, getuid};

/// The command line to suggest. `--user` is left out for the caller's own account, but never for root:
/// root usually means somebody else.
pub fn command(verb: &str, name: &str) -> String {
    let own = User::from_uid(getuid()).ok().flatten().map(|own| own.name);
    if !getuid().is_root() && own.as_deref() == Some(name) {
        format!("`cloud2fa {verb}`")
    } else {
        format!("`cloud2fa {verb} --user {name}`")
    }
}

/// What unlocks `name`.
pub fn unlocks(name: &str) -> String {
    let command = format!("`cloud2fa unlock {name}`");
    let words = &WORDS.advice;
    let unlocks = if getuid().is_root() { words.unlocks } else { words.administrator_unlocks };
    unlocks(&command)
}
