//! Users, as the system's database has them now.

#![forbid(unsafe_code)]

use cloud2fa::{User, UserName};

/// The user of that name. `None` if there is none, or nobody can say.
pub fn find(name: &str) -> Option<User> {
    let entry = nix::unistd::User::from_name(name).ok().flatten();
    entry.and_then(|entry| User::try_from(entry).ok())
}

/// Who of these names has the uid.
pub fn of_uid(uid: u32, names: &[UserName]) -> Option<User> {
    names.iter().filter_map(|name| find(name.as_str())).find(|user| user.uid == uid)
}
