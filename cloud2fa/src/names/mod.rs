//! Names of users, and what the system says of them now (NSS): the port, and what an answer is
//! worth.

mod local;
mod nss;

pub use nss::{Nss, NssInBulk};

use crate::user::{User, UserName};
use nix::errno::Errno;

/// What the system says of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It is this uid's.
    Uid(u32),
    /// It is nobody's.
    NoSuchUser,
    /// Nobody can say.
    LookUpFailed,
}

impl From<nix::Result<Option<nix::unistd::User>>> for Known {
    /// Takes the answer of getpwnam_r(3).
    fn from(answer: nix::Result<Option<nix::unistd::User>>) -> Self {
        match answer {
            Ok(Some(user)) => Self::Uid(user.uid.as_raw()),
            Ok(None) => Self::NoSuchUser,
            Err(_) => Self::LookUpFailed,
        }
    }
}

/// The system's database of users, asked by name and never by uid: of several names of one uid,
/// caches give the one that was asked for last (nscd.conf(5), auto-propagate).
pub trait Names {
    /// Whose uid `name` has now.
    fn uid_of(&self, name: &UserName) -> Known;
}

/// The system's users as they are looked at in numbers, by an administrator: nobody is let in by it.
pub trait Users {
    /// These names, in any order, are asked for next.
    fn expect(&mut self, names: &[UserName]);

    /// The user of that name, spelled as the system does. `None` if there is none.
    fn by_name(&self, name: &UserName) -> Result<Option<User>, Errno>;

    /// A user of that uid. `None` if there is none.
    fn by_uid(&self, uid: u32) -> Result<Option<User>, Errno>;
}

/// Whose uid `name` has now, by a system that must know `found`.
///
/// "No such user" is what a database says, too, whose own source cannot be read: /etc/passwd for a
/// caller without a free descriptor, while another source answers (nsswitch.conf(5)). So it counts
/// only if it is said twice, and if `found` is still found in between.
pub(crate) fn surely(names: &dyn Names, name: &UserName, found: &User) -> Known {
    match names.uid_of(name) {
        Known::NoSuchUser
            if names.uid_of(&found.name) != Known::Uid(found.uid)
                || names.uid_of(name) != Known::NoSuchUser =>
        {
            Known::LookUpFailed
        }
        known => known,
    }
}

/// Whether the system may know `name` with the uid of `user`, who has just been found in it.
pub(crate) fn share_a_uid(names: &dyn Names, name: &UserName, user: &User) -> bool {
    match surely(names, name, user) {
        Known::Uid(uid) => uid == user.uid,
        Known::NoSuchUser => false,
        Known::LookUpFailed => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    /// Answers in this order; panics when asked more, or for another name.
    struct Script(RefCell<Vec<(&'static str, Known)>>);

    impl Names for Script {
        fn uid_of(&self, name: &UserName) -> Known {
            let mut answers = self.0.borrow_mut();
            assert!(!answers.is_empty(), "asked for {name}, one time too many");
            let (asked, answer) = answers.remove(0);
            assert_eq!(name.as_str(), asked);
            answer
        }
    }

    fn share(answers: &[(&'static str, Known)]) -> bool {
        let script = Script(RefCell::new(answers.to_vec()));
        let user = User { name: UserName::new("alice2").unwrap(), uid: 1000 };
        let share = share_a_uid(&script, &UserName::new("alice").unwrap(), &user);
        assert!(script.0.borrow().is_empty(), "not asked: {:?}", script.0.borrow());
        share
    }

    #[test]
    fn a_name_counts_unless_the_system_knows_better() {
        use Known::{LookUpFailed, NoSuchUser, Uid};
        assert!(share(&[("alice", Uid(1000))]));
        assert!(!share(&[("alice", Uid(1001))]));
        assert!(share(&[("alice", LookUpFailed)]));
        let gone = ("alice", NoSuchUser);
        assert!(!share(&[gone, ("alice2", Uid(1000)), gone]));
        assert!(share(&[gone, ("alice2", NoSuchUser)]), "nor is who has just been found");
        assert!(share(&[gone, ("alice2", LookUpFailed)]));
        assert!(share(&[gone, ("alice2", Uid(1001))]));
        assert!(share(&[gone, ("alice2", Uid(1000)), ("alice", Uid(1000))]), "said once");
        assert!(share(&[gone, ("alice2", Uid(1000)), ("alice", LookUpFailed)]));
    }
}
