//! The system's database of users, by the C library (nsswitch.conf(5)).

use super::local::Local;
use super::{Known, Names, Users};
use crate::user::{User, UserName};
use nix::errno::Errno;

/// The system's database, asked anew for each name.
#[derive(Debug, Default, Clone, Copy)]
pub struct Nss;

impl Names for Nss {
    fn uid_of(&self, name: &UserName) -> Known {
        nix::unistd::User::from_name(name.as_str()).into()
    }
}

/// The system's database, for who asks for many names: those that are local are read from /etc/passwd in
/// one go, where that is what the system would say. Asked one by one, each would read the whole file.
#[derive(Debug, Default)]
pub struct NssInBulk(Local);

impl Users for NssInBulk {
    fn expect(&mut self, names: &[UserName]) {
        self.0.read(names);
    }

    fn by_name(&self, name: &UserName) -> Result<Option<User>, Errno> {
        if let Some(user) = self.0.find(name) {
            return Ok(Some(user));
        }
        let entry = nix::unistd::User::from_name(name.as_str())?;
        // A name that no record can have is nobody's who has one.
        Ok(entry.and_then(|entry| User::try_from(entry).ok()))
    }

    fn by_uid(&self, uid: u32) -> Result<Option<User>, Errno> {
        let entry = nix::unistd::User::from_uid(uid.into())?;
        Ok(entry.and_then(|entry| User::try_from(entry).ok()))
    }
}
