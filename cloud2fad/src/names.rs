//! Users, as the system's database has them now.

#![forbid(unsafe_code)]

use cloud2fa::User;

/// The user of that name. `None` if there is none, or nobody can say.
pub fn find(name: &str) -> Option<User> {
    let entry = nix::unistd::User::from_name(name).ok().flatten();
    entry.and_then(|entry| User::try_from(entry).ok())
}
