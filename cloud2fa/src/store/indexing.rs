//! Makes the index of uids complete, and takes a store back to the format without one. For root's
//! `cloud2fa init`; a login never does it.

use super::calls::Lockable;
use super::index::Index;
use super::marker::Marker;
use super::new_file::remove_leftovers;
use super::{FileStore, StoreError};
use crate::names::{Known, Names};
use crate::{User, UserName};
use std::collections::{BTreeMap, BTreeSet};

/// Entries that are written in one go: enrolments wait for no more.
const AT_A_TIME: usize = 500;

/// What has been found of records.
#[derive(Default)]
struct Walk {
    /// Names by uid, in the order of names.
    names: BTreeMap<u32, Vec<UserName>>,
    /// All that were looked at and could be read.
    read: BTreeSet<UserName>,
}

impl FileStore {
    /// Has each record's uid in the index, and says so in the marker, which gets the format of this
    /// version. Gives the number of uids of which something was missing. Enrolments may go on meanwhile.
    pub fn complete_index(&mut self, names: &dyn Names) -> Result<usize, StoreError> {
        let marker = self.directory.marker().completed();
        let mut walk = Walk::default();
        self.look_at(self.directory.names()?, names, &mut walk)?;
        let mut added = 0;
        let entries: Vec<_> = walk.names.iter().collect();
        for entries in entries.chunks(AT_A_TIME) {
            added += self.locked(|| {
                let index = Index::open_or_make(&self.directory)?;
                // Who has enrolled since is in the entry, or comes to it: it is damaged no more.
                add(&index, entries.iter().copied(), true)
            })?;
        }
        // What came meanwhile is there already, unless an earlier version has made it.
        added += self.locked(|| {
            let mut late = Walk::default();
            let unread = |name: &UserName| !walk.read.contains(name);
            let unread = self.directory.names()?.into_iter().filter(unread).collect();
            self.look_at(unread, names, &mut late)?;
            let index = Index::open_or_make(&self.directory)?;
            let added = add(&index, late.names.iter(), false)?;
            index.synchronise(&self.directory)?;
            // Another one that was ended in the middle may have left its marker.
            remove_leftovers(self.directory.calls());
            self.put_marker(&marker)?;
            Ok(added)
        })?;
        self.directory.set_marker(marker);
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
    pub fn index_is_complete(&self) -> bool {
        self.directory.marker().index_is_complete
    }

    /// Whether the index would find a record of `user`.
    pub fn index_finds(&self, user: &User) -> Result<bool, StoreError> {
        self.directory.index_finds(user)
    }

    /// Notes whose these records are. Of one that cannot be used it is the uid that the name has.
    fn look_at(
        &self,
        listed: Vec<UserName>,
        names: &dyn Names,
        walk: &mut Walk,
    ) -> Result<(), StoreError> {
        for name in listed {
            let uid = match self.peek_any(&name) {
                // Taken away since it was listed.
                Ok(None) | Err(StoreError::Removed(_)) => continue,
                Ok(Some(account)) => {
                    walk.read.insert(name.clone());
                    account.user.uid
                }
                Err(error) if error.is_about_one_record() => match names.uid_of(&name) {
                    Known::Uid(uid) => Some(uid),
                    Known::NoSuchUser | Known::LookUpFailed => None,
                },
                Err(error) => return Err(error),
            };
            if let Some(uid) = uid {
                walk.names.entry(uid).or_default().push(name);
            }
        }
        Ok(())
    }

    /// Writes `marker`, if it says anything else than the one that is there. The store is locked.
    fn put_marker(&self, marker: &Marker) -> Result<(), StoreError> {
        if marker == self.directory.marker() {
            return Ok(());
        }
        marker.put(self.directory.calls(), self.directory.path())
    }

    fn locked<T>(&self, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.directory.calls().while_locked(self.directory.path(), work)
    }
}

/// Adds these entries. Says how many of them lacked something.
fn add<'e>(
    index: &Index,
    entries: impl IntoIterator<Item = (&'e u32, &'e Vec<UserName>)>,
    are_all: bool,
) -> Result<usize, StoreError> {
    let mut added = 0;
    for (uid, names) in entries {
        added += usize::from(index.add(*uid, names, are_all)?);
    }
    Ok(added)
}
