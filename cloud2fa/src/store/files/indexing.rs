//! Makes the index of uids complete, and takes a store back to the format without one. For root's
//! `cloud2fa init`; a login never does it.

use super::FileStore;
use super::calls::Lockable;
use super::earlier::{Process, outlasting};
use super::index::{Index, Writing};
use super::marker::Marker;
use super::new_file::remove_leftovers;
use crate::names::{Known, Names};
use crate::store::StoreError;
use crate::user::{User, UserName};
use std::collections::BTreeMap;

/// Entries that are written in one go: enrolments wait for no more.
const AT_A_TIME: usize = 500;

/// What has been found of records.
#[derive(Default)]
struct Walk {
    /// Names by uid, in the order of names.
    names: BTreeMap<u32, Vec<UserName>>,
    /// Those that cannot be used, and whose uid the system does not say, either.
    unusable: Vec<UserName>,
}

impl FileStore {
    /// Has each record's uid in the index, and then says so. Gives the number of uids of which something
    /// was missing. The marker gets the format of this version. Enrolments may go on meanwhile.
    ///
    /// It does not say so, and it is an error, where an earlier version may make another record: another
    /// name of that uid would be taken for one without an enrolment.
    pub fn complete_index(&mut self, names: &dyn Names) -> Result<usize, StoreError> {
        let was_complete = self.index_is_complete()?;
        let writing = if was_complete { Writing::Missing } else { Writing::All };
        let earlier = if was_complete { None } else { self.shut_out_earlier_versions()? };
        let index = self.locked(|| Index::open_or_make(self.directory.home()))?;
        let walk = self.walk(names)?;
        let added = self.add_all(&index, &walk, writing)?;
        if let Some(Process { pid, program }) = earlier {
            let path = self.directory.path().to_owned();
            return Err(StoreError::EarlierVersion { path, pid, program });
        }
        self.locked(|| {
            self.must_be_as_it_was()?;
            if !index.is_in_place(self.directory.home())? {
                return Err(self.changed());
            }
            index.synchronise(self.directory.home())?;
            index.set_unusable(&walk.unusable)?;
            index.synchronise(self.directory.home())?;
            if !was_complete {
                index.is_now_of(self.directory.marker())?;
                index.synchronise(self.directory.home())?;
            }
            // Another one that was ended in the middle may have left its marker.
            remove_leftovers(self.directory.calls());
            Ok(())
        })?;
        Ok(added)
    }

    /// From now on, who opens the store has each new record in the index, so that a look at all records
    /// afterwards finds the rest. Says who has it open from before.
    fn shut_out_earlier_versions(&mut self) -> Result<Option<Process>, StoreError> {
        let marker = self.directory.marker().with_index()?;
        self.put_marker(marker)?;
        Ok(outlasting(self.directory.file()))
    }

    /// Has all records in `index`. Says of how many uids something was missing.
    fn add_all(&self, index: &Index, walk: &Walk, writing: Writing) -> Result<usize, StoreError> {
        let entries: Vec<_> = walk.names.iter().collect();
        let mut added = 0;
        for entries in entries.chunks(AT_A_TIME) {
            self.locked(|| {
                for (uid, names) in entries {
                    added += usize::from(index.add(**uid, names, writing)?);
                }
                Ok(())
            })?;
        }
        Ok(added)
    }

    /// Takes the store back to the format that versions without an index know. The index stays, and
    /// counts no more; [`Self::complete_index`] makes it count again.
    pub fn to_format_1(&mut self) -> Result<(), StoreError> {
        // An earlier version adds nothing to the index, and may run as soon as this is written.
        self.put_marker(self.directory.marker().without_index())
    }

    /// Whether a uid that is not in the index is no enrolled user's.
    pub fn index_is_complete(&self) -> Result<bool, StoreError> {
        self.directory.index_is_complete()
    }

    /// Whether the index would find a record of `user`.
    pub fn index_finds(&self, user: &User) -> Result<bool, StoreError> {
        self.directory.index_finds(user)
    }

    /// Notes whose the records are. Of one that cannot be used it is the uid that the name has.
    fn walk(&self, names: &dyn Names) -> Result<Walk, StoreError> {
        let mut walk = Walk::default();
        let mut listed = self.directory.names()?;
        listed.sort();
        for name in listed {
            let uid = match self.peek_any(&name) {
                // Taken away since it was listed.
                Ok(None) | Err(StoreError::Removed(_)) => continue,
                Ok(Some(account)) => account.user.uid,
                Err(error) if error.is_about_one_record() => {
                    let Known::Uid(uid) = names.uid_of(&name) else {
                        // "No such user" may be said for a moment only.
                        walk.unusable.push(name);
                        continue;
                    };
                    Some(uid)
                }
                Err(error) => return Err(error),
            };
            if let Some(uid) = uid {
                walk.names.entry(uid).or_default().push(name);
            }
        }
        Ok(walk)
    }

    /// Puts `marker` in the place of the one that was read.
    fn put_marker(&mut self, marker: Marker) -> Result<(), StoreError> {
        self.locked(|| {
            self.must_be_as_it_was()?;
            if marker == *self.directory.marker() {
                return Ok(());
            }
            marker.put(self.directory.calls(), self.directory.path())
        })?;
        self.directory.set_marker(marker);
        Ok(())
    }

    /// Nobody has changed the marker since it was read. The store is locked.
    fn must_be_as_it_was(&self) -> Result<(), StoreError> {
        let is_same = self.directory.read_marker()? == *self.directory.marker();
        if is_same { Ok(()) } else { Err(self.changed()) }
    }

    fn changed(&self) -> StoreError {
        StoreError::StoreChanged(self.directory.path().to_owned())
    }

    fn locked<T>(&self, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.directory.calls().while_locked(self.directory.path(), work)
    }
}
