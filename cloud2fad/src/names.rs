//! Users, as the system's database has them now.

#![forbid(unsafe_code)]

use cloud2fa::{User, UserName};

/// The user of that name. `None` if there is none, or nobody can say.
pub fn find(name: &str) -> Option<User> {
    let entry = nix::unistd::User::from_name(name).ok().flatten();
    entry.and_then(|entry| User::try_from(entry).ok())
}

/// Which of these daemons' users has the uid. Root's is nobody's but root's.
pub fn daemon_of(uid: u32, daemons: &[UserName]) -> Option<UserName> {
    let has_uid = |name: &&UserName| find(name.as_str()).is_some_and(|user| user.uid == uid);
    daemons.iter().filter(|_| uid != crate::ROOT).find(has_uid).cloned()
}
