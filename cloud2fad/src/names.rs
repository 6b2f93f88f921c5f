//! Names and uids, as the system's database has them now.

#![forbid(unsafe_code)]

use cloud2fa::{Known, Names, User, UserName};

/// The system's database.
pub struct System;

impl Names for System {
    fn uid_of(&self, name: &UserName) -> Known {
        nix::unistd::User::from_name(name.as_str()).into()
    }
}

/// The user of that name; nothing where there is none, or nobody can say.
pub fn find(name: &str) -> Option<User> {
    let entry = nix::unistd::User::from_name(name).ok().flatten();
    entry.and_then(|entry| User::try_from(entry).ok())
}
