//! What to type next, as it is said to the caller.

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
    if getuid().is_root() {
        format!("a backup code unlocks, or {command}")
    } else {
        format!("a backup code unlocks, or an administrator with {command}")
    }
}
