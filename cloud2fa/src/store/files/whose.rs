//! Whose enrolment is asked of a name, in the embedded store: which records the rule is asked about.

use super::FileStore;
use super::calls::Access;
use super::index_entry::Entry;
use crate::account::Account;
use crate::names::Names;
use crate::store::StoreError;
use crate::store::whose::counts_for;
use crate::user::{User, UserName};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

/// How long all records may be looked at, where the index does not say which to look at. As long as a
/// lock is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

impl FileStore {
    /// Whose enrolment is asked of `user`: `user`'s own, too, where there is none.
    pub(super) fn whose_record(
        &self,
        user: &User,
        names: &dyn Names,
        patience: Duration,
    ) -> Result<User, StoreError> {
        if self
            .peek_own(user, Access::Read)?
            .is_some_and(|(_, account)| account.enrolment.is_some())
        {
            return Ok(user.clone());
        }
        let (candidates, deadline) = match self.directory.entry_of(user.uid)? {
            Entry::Names(names) => (names, None),
            Entry::Any | Entry::Damaged => {
                // From now on, since listing them may take long, too.
                let deadline = Instant::now() + patience;
                (self.directory.names()?, Some(deadline))
            }
        };
        // In the order of names. Sorting all would be more code to load, and more than is looked at.
        let mut candidates: BinaryHeap<_> = candidates.into_iter().map(Reverse).collect();
        while let Some(Reverse(name)) = candidates.pop() {
            if name == user.name {
                continue;
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Err(StoreError::NotIndexed(self.directory.path().to_owned()));
            }
            if counts_for(self.peek_any(&name), &name, user, names)? {
                return Ok(User { name, uid: user.uid });
            }
        }
        Ok(user.clone())
    }

    /// The record of `name`, whatever uid it is of.
    pub(super) fn peek_any(&self, name: &UserName) -> Result<Option<Account>, StoreError> {
        let Some((file, account)) = self.peek(name, Access::Read)? else { return Ok(None) };
        file.must_name(&account, name)?;
        Ok(Some(account))
    }

    /// How long a login looks at all records.
    pub(super) const fn patience() -> Duration {
        PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup_codes::HeapMemory;
    use crate::names::Known;
    use crate::rules::Rules;
    use crate::store::{Challenge, Verifier};
    use crate::time::UnixTime;
    use std::os::unix::fs::OpenOptionsExt;

    struct Nobody;

    impl Names for Nobody {
        fn uid_of(&self, name: &UserName) -> Known {
            panic!("{name} was looked up")
        }
    }

    /// Knows nobody but alice.
    struct Alone;

    impl Names for Alone {
        fn uid_of(&self, name: &UserName) -> Known {
            if name.as_str() == "alice" { Known::Uid(1000) } else { Known::NoSuchUser }
        }
    }

    #[test]
    fn who_has_no_enrolment_is_refused_where_looking_at_all_records_takes_too_long() {
        let directory = tempfile::tempdir().unwrap();
        let (path, owner) = (directory.path().join("store"), nix::unistd::geteuid().as_raw());
        FileStore::init(&path, owner).unwrap();
        let open = || {
            let memory = Box::<HeapMemory>::default();
            FileStore::open(&path, owner, Rules::default(), memory).unwrap()
        };
        let file = path.join("zed.account");
        std::fs::File::options().write(true).create_new(true).mode(0o600).open(file).unwrap();
        let alice = User { name: UserName::new("alice").unwrap(), uid: 1000 };
        let whose = open().whose_record(&alice, &Nobody, Duration::ZERO);
        assert_eq!(whose.unwrap(), alice, "the index is complete");
        std::fs::write(path.join(".store"), "format = 1\n").unwrap();
        let whose = open().whose_record(&alice, &Nobody, Duration::ZERO);
        assert!(matches!(whose, Err(StoreError::NotIndexed(at)) if at == path));
        let found = open().find(&alice, &Alone, &|| UnixTime(0)).unwrap();
        assert_eq!((found.whose, found.challenge), (alice, Challenge::NotEnrolled), "in time");
    }
}
