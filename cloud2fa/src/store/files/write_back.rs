//! All records in format 1, for an administrator who goes back to a version that knows no other.

use super::FileStore;
use super::calls::{Access, Calls, Lockable};
use crate::store::StoreError;
use crate::store::record::Lost;
use crate::user::UserName;

/// One record of [`FileStore::write_back_format_1`].
#[derive(Debug)]
pub struct WrittenBack {
    /// Whose it is.
    pub name: UserName,
    /// What is lost of it (nothing, too, where it was in format 1), or why it is as it was.
    pub outcome: Result<Vec<Lost>, StoreError>,
}

impl<C: Calls> FileStore<C> {
    /// Writes every record in format 1, both copies of it, each by a commit of its own under its
    /// lock. One that cannot be said in format 1, or cannot be read, stays as it is, and the others
    /// go on. It may be stopped anywhere, and called again. A change afterwards writes today's format again.
    pub fn write_back_format_1(&mut self) -> Result<Vec<WrittenBack>, StoreError> {
        let mut names = self.directory.names()?;
        names.sort();
        let each = |name: UserName| WrittenBack { outcome: self.write_one_back(&name), name };
        Ok(names.into_iter().map(each).collect())
    }

    fn write_one_back(&self, name: &UserName) -> Result<Vec<Lost>, StoreError> {
        let Some(file) = self.directory.account(name, Access::Write)? else {
            return Ok(Vec::new());
        };
        file.file.while_locked(&file.path, || {
            file.check(self.directory.owner())?;
            file.write_back(self.directory.calls(), name)
        })
    }
}
