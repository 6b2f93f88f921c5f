//! Makes the index of uids complete, and takes a store back to the format without one. For root's
//! `cloud2fa init`; a login never does it.

use super::calls::Lockable;
use super::earlier::{Process, outlasting};
use super::index::Index;
use super::marker::Marker;
use super::new_file::remove_leftovers;
use super::{FileStore, StoreError};
use crate::names::{Known, Names, surely};
use crate::{User, UserName};
use std::collections::BTreeMap;

/// Entries that are written in one go: enrolments wait for no more.
const AT_A_TIME: usize = 500;

/// What has been found of records.
#[derive(Default)]
struct Walk {
    /// Names by uid, in the order of names.
    names: BTreeMap<u32, Vec<UserName>>,
    /// Those whose uid nobody can tell.
    unknown: Vec<UserName>,
}

impl FileStore {
    /// Has each record's uid in the index, and says so in the marker, which gets the format of this
    /// version. Gives the number of uids of which something was missing. Enrolments may go on meanwhile.
    ///
    /// The marker does not say so, and it is an error, where nobody can tell whose a record is, or an
    /// earlier version may make another one: another name of that uid would be taken for one without an
    /// enrolment.
    pub fn complete_index(&mut self, names: &dyn Names) -> Result<usize, StoreError> {
        let earlier = self.shut_out_earlier_versions()?;
        let walk = self.walk(names)?;
        let mut added = 0;
        let entries: Vec<_> = walk.names.iter().collect();
        for entries in entries.chunks(AT_A_TIME) {
            added += self.locked(|| {
                let index = Index::open_or_make(&self.directory)?;
                // Who has enrolled since is in the entry, or comes to it: it is damaged no more.
                add(&index, entries.iter().copied(), true)
            })?;
        }
        let failed = self.what_is_missing(walk.unknown, earlier);
        let marker = self.directory.marker();
        let marker = if failed.is_some() { marker.incomplete() } else { marker.completed() };
        self.locked(|| {
            Index::open_or_make(&self.directory)?.synchronise(&self.directory)?;
            // Another one that was ended in the middle may have left its marker.
            remove_leftovers(self.directory.calls());
            self.put_marker(&marker)
        })?;
        self.directory.set_marker(marker);
        failed.map_or(Ok(added), Err)
    }

    /// From now on, who opens the store has each new record in the index, so that a look at all records
    /// afterwards finds the rest. Says who has it open from before.
    fn shut_out_earlier_versions(&mut self) -> Result<Option<Process>, StoreError> {
        if self.index_is_complete() {
            return Ok(None);
        }
        let marker = self.directory.marker().incomplete();
        self.locked(|| self.put_marker(&marker))?;
        self.directory.set_marker(marker);
        Ok(outlasting(self.directory.file()))
    }

    fn what_is_missing(
        &self,
        names: Vec<UserName>,
        earlier: Option<Process>,
    ) -> Option<StoreError> {
        let path = self.directory.path().to_owned();
        match earlier {
            Some(Process { pid, program }) => {
                Some(StoreError::EarlierVersion { path, pid, program })
            }
            None if names.is_empty() => None,
            None => Some(StoreError::WhoseUid { path, names }),
        }
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
                Err(error) if error.is_about_one_record() => match uid_of(names, &name) {
                    Known::Uid(uid) => Some(uid),
                    // Nobody logs in by that name, and so none of its uid shares it.
                    Known::NoSuchUser => None,
                    Known::LookUpFailed => {
                        walk.unknown.push(name);
                        continue;
                    }
                },
                Err(error) => return Err(error),
            };
            if let Some(uid) = uid {
                walk.names.entry(uid).or_default().push(name);
            }
        }
        Ok(walk)
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

/// What the system says of a name, while it knows root.
fn uid_of(names: &dyn Names, name: &UserName) -> Known {
    UserName::new("root")
        .map_or(Known::LookUpFailed, |root| surely(names, name, &User { name: root, uid: 0 }))
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
