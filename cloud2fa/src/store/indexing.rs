//! Makes the index of uids complete, and takes a store back to the format without one. For root's
//! `cloud2fa init`; a login never does it.

use super::calls::Lockable;
use super::earlier::{Process, outlasting};
use super::index::{Index, Writing};
use super::marker::Marker;
use super::new_file::remove_leftovers;
use super::{FileStore, StoreError};
use crate::{User, UserName};
use std::collections::BTreeMap;

/// Entries that are written in one go: enrolments wait for no more.
const AT_A_TIME: usize = 500;

/// What has been found of records.
#[derive(Default)]
struct Walk {
    /// Names by uid, in the order of names.
    names: BTreeMap<u32, Vec<UserName>>,
    /// Those that cannot be used, so that nobody can tell whose they are.
    unusable: Vec<UserName>,
}

impl FileStore {
    /// Has each record's uid in the index, and says so in the marker, which gets the format of this
    /// version. Gives the number of entries that something was missing in. Enrolments may go on meanwhile.
    ///
    /// The marker does not say so, and it is an error, where an earlier version may make another record:
    /// another name of that uid would be taken for one without an enrolment.
    pub fn complete_index(&mut self) -> Result<usize, StoreError> {
        let was_complete = self.index_is_complete()?;
        let writing = if was_complete { Writing::Missing } else { Writing::All };
        let earlier = if was_complete { None } else { self.shut_out_earlier_versions()? };
        let index = self.locked(|| Index::open_or_make(&self.directory))?;
        let added = self.add_all(&index, writing)?;
        if let Some(Process { pid, program }) = earlier {
            let path = self.directory.path().to_owned();
            return Err(StoreError::EarlierVersion { path, pid, program });
        }
        let (marker, of) = match self.directory.marker() {
            marker if was_complete => (marker.clone(), None),
            marker => marker.completed().map(|(marker, of)| (marker, Some(of)))?,
        };
        self.locked(|| {
            if !index.is_in_place(&self.directory)? {
                return Err(self.marker_changed());
            }
            of.map_or(Ok(()), |of| index.is_now(&of))?;
            index.synchronise(&self.directory)?;
            // Another one that was ended in the middle may have left its marker.
            remove_leftovers(self.directory.calls());
            self.put_marker(&marker)
        })?;
        self.directory.set_marker(marker);
        Ok(added)
    }

    /// From now on, who opens the store has each new record in the index, so that a look at all records
    /// afterwards finds the rest. Says who has it open from before.
    fn shut_out_earlier_versions(&mut self) -> Result<Option<Process>, StoreError> {
        let marker = self.directory.marker().incomplete();
        self.locked(|| self.put_marker(&marker))?;
        self.directory.set_marker(marker);
        Ok(outlasting(self.directory.file()))
    }

    /// Has all records in `index`. Says how many entries lacked something.
    fn add_all(&self, index: &Index, writing: Writing) -> Result<usize, StoreError> {
        let walk = self.walk()?;
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
        added += usize::from(self.locked(|| index.add_unusable(&walk.unusable, writing))?);
        Ok(added)
    }

    /// Takes the store back to the format that versions without an index know. The index stays, and
    /// counts no more; [`Self::complete_index`] makes it count again.
    pub fn to_format_1(&mut self) -> Result<(), StoreError> {
        // An earlier version adds nothing to the index, and may run as soon as this is written.
        let marker = self.directory.marker().without_index();
        self.locked(|| self.put_marker(&marker))?;
        self.directory.set_marker(marker);
        Ok(())
    }

    /// Whether a uid that is not in the index is no enrolled user's.
    pub fn index_is_complete(&self) -> Result<bool, StoreError> {
        self.directory.index_is_complete()
    }

    /// Whether the index would find a record of `user`.
    pub fn index_finds(&self, user: &User) -> Result<bool, StoreError> {
        self.directory.index_finds(user)
    }

    /// Notes whose the records are.
    fn walk(&self) -> Result<Walk, StoreError> {
        let mut walk = Walk::default();
        let mut listed = self.directory.names()?;
        listed.sort();
        for name in listed {
            match self.peek_any(&name) {
                // Taken away since it was listed.
                Ok(None) | Err(StoreError::Removed(_)) => {}
                Ok(Some(account)) => {
                    if let Some(uid) = account.user.uid {
                        walk.names.entry(uid).or_default().push(name);
                    }
                }
                Err(error) if error.is_about_one_record() => walk.unusable.push(name),
                Err(error) => return Err(error),
            }
        }
        Ok(walk)
    }

    /// Writes `marker`, if it says anything else than the one that is there, which nobody has changed
    /// since it was read. The store is locked.
    fn put_marker(&self, marker: &Marker) -> Result<(), StoreError> {
        if self.directory.read_marker()? != *self.directory.marker() {
            return Err(self.marker_changed());
        }
        if marker == self.directory.marker() {
            return Ok(());
        }
        marker.put(self.directory.calls(), self.directory.path())
    }

    fn marker_changed(&self) -> StoreError {
        StoreError::StoreChanged(self.directory.path().to_owned())
    }

    fn locked<T>(&self, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.directory.calls().while_locked(self.directory.path(), work)
    }
}
