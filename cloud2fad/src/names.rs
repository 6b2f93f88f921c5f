//! Names and uids, as the system's database has them now.

#![forbid(unsafe_code)]

use cloud2fa::User;

/// The user of that name; nothing where there is none, or nobody can say.
pub fn find(name: &str) -> Option<User> {
    usable(nix::unistd::User::from_name(name))
}

/// The first user of that uid, likewise: another name where one uid has several.
pub fn first_of(uid: u32) -> Option<User> {
    usable(nix::unistd::User::from_uid(uid.into()))
}

fn usable(entry: nix::Result<Option<nix::unistd::User>>) -> Option<User> {
    entry.ok().flatten().and_then(|entry| User::try_from(entry).ok())
}
