//! What a store's index says of a uid, and a user put into it: beside the marker, which says whether the
//! index counts.

use super::calls::Lockable;
use super::directory::Directory;
use super::index::{Index, Writing};
use super::index_entry::Entry;
use crate::store::StoreError;
use crate::user::User;

impl Directory {
    /// What the index says of `uid`, if that can be relied on now: the store may be open since long. It
    /// is read first, and then whether it counts: it may be going away.
    pub(super) fn entry_of(&self, uid: u32) -> Result<Entry, StoreError> {
        let Some(index) = Index::open(self.home())? else { return Ok(Entry::Any) };
        let entry = index.of_uid(uid)?;
        Ok(if index.is_of(&self.read_marker()?)? { entry } else { Entry::Any })
    }

    /// Whether the index is the one that the marker calls complete, as that was when the store was opened.
    pub(super) fn index_is_complete(&self) -> Result<bool, StoreError> {
        Index::open(self.home())?.map_or(Ok(false), |index| index.is_of(self.marker()))
    }

    /// Whether the index, such as it is, would find a record of `user`.
    pub(super) fn index_finds(&self, user: &User) -> Result<bool, StoreError> {
        Index::open(self.home())?.map_or(Ok(false), |index| index.finds(user))
    }

    /// Has `user` in the index, on the disk, before a record says so.
    pub(super) fn index(&self, user: &User) -> Result<(), StoreError> {
        self.calls().while_locked(self.path(), || {
            let index = Index::open_or_make(self.home())?;
            index.add(user.uid, std::slice::from_ref(&user.name), Writing::One)?;
            index.synchronise(self.home())
        })
    }
}
