//! One account file: checked as what is open, read, and written a slot at a time.

use super::record::{self, Lost, Unread};
use super::shield::Shield;
use super::slots::{
    self, BadSlots, Content, FILE_SIZE, FIRST_FORMAT, FORMAT, HIGHEST_SEQUENCE, SLOT_SIZE,
};
use super::{OldCopy, StoreError, io_error};
use crate::seal::NoSeal;
use crate::{Account, User, UserName};
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Permissions of group and others, and set-id bits.
const FORBIDDEN_BITS: u32 = 0o7077;

/// An open account file.
#[derive(Debug)]
pub(super) struct AccountFile {
    pub(super) file: File,
    pub(super) path: PathBuf,
}

/// An account as it was read, and where the next commit goes.
pub(super) struct Loaded {
    pub(super) account: Account,
    /// The slot that holds it.
    index: usize,
    sequence: u64,
    end_of_other: u8,
}

/// Whether a commit overwrites the other copy, too, since it holds what is no more.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wipe {
    No,
    OldCopy,
}

impl AccountFile {
    /// Checks the open file. Once more under the lock, since only then nobody moves it aside.
    pub(super) fn check(&self, owner: u32) -> Result<(), StoreError> {
        let status = self.file.metadata().map_err(io_error("examine", &self.path))?;
        if status.nlink() == 0 {
            return Err(StoreError::Removed(self.path.clone()));
        }
        if let Some(why) = wrong_with(&status, owner) {
            return Err(StoreError::UnsafeRecord { path: self.path.clone(), why });
        }
        if status.len() != FILE_SIZE as u64 {
            return Err(self.damaged("it has a wrong size"));
        }
        Ok(())
    }

    /// Reads and parses the current slot.
    pub(super) fn load(&self) -> Result<Loaded, StoreError> {
        let mut content = Content::zeros(FILE_SIZE);
        self.file.read_exact_at(&mut content, 0).map_err(io_error("read", &self.path))?;
        let current = slots::current(&content).map_err(|bad| match bad {
            BadSlots::Damaged => self.damaged("neither copy in it is as it was written"),
            BadSlots::LaterFormat(found) => {
                StoreError::LaterFormat { path: self.path.clone(), found }
            }
        })?;
        if current.sequence >= HIGHEST_SEQUENCE {
            return Err(self.damaged("its sequence number is at the end"));
        }
        let read = record::read(current.format, current.text, &NoSeal);
        let account = read.map_err(|why| match why {
            Unread::NoAccount => self.damaged("its content is not an account"),
            Unread::Unopened(why) => StoreError::Sealed { path: self.path.clone(), why },
        })?;
        let (index, sequence, end_of_other) =
            (current.index, current.sequence, current.end_of_other);
        Ok(Loaded { account, index, sequence, end_of_other })
    }

    /// The same, for a user whose name and uid must fit.
    pub(super) fn load_own(&self, user: &User) -> Result<Loaded, StoreError> {
        let loaded = self.load()?;
        self.must_be_of(&loaded.account, user)?;
        Ok(loaded)
    }

    /// The account must be `user`'s own. That of a disabled one may be an older uid's: there
    /// is nothing in it that could be used by the wrong person.
    pub(super) fn must_be_of(&self, account: &Account, user: &User) -> Result<(), StoreError> {
        let recorded = self.must_name(account, &user.name)?;
        if recorded != user.uid && account.enrolment.is_some() {
            let path = self.path.clone();
            return Err(StoreError::ForeignUid { path, recorded, actual: user.uid });
        }
        Ok(())
    }

    /// The account must be that of a user `name` of a host. Gives the uid.
    pub(super) fn must_name(&self, account: &Account, name: &UserName) -> Result<u32, StoreError> {
        if account.user.name != *name {
            return Err(self.damaged("it names another user"));
        }
        account.user.uid.ok_or_else(|| StoreError::NoUid { path: self.path.clone() })
    }

    /// Commits what `loaded` has become. The file is locked.
    pub(super) fn commit(
        &self,
        loaded: &Loaded,
        account: &Account,
        wipe: Wipe,
    ) -> Result<OldCopy, StoreError> {
        self.commit_text(loaded, FORMAT, &record::write(account), wipe)
    }

    /// Makes both copies ones of format 1, unless they are. Says what is lost. The file is locked.
    pub(super) fn write_back(&self, name: &UserName) -> Result<Vec<Lost>, StoreError> {
        let loaded = self.load()?;
        self.must_name(&loaded.account, name)?;
        if !slots::has_format(&self.read_any()?, FORMAT) {
            return Ok(Vec::new());
        }
        let (text, lost) = record::write_format_1(&loaded.account)
            .map_err(|why| StoreError::NotInFormat1 { path: self.path.clone(), why })?;
        match self.commit_text(&loaded, FIRST_FORMAT, &text, Wipe::OldCopy)? {
            OldCopy::Wiped => Ok(lost),
            OldCopy::Left(source) => Err(io_error("write", &self.path)(source)),
        }
    }

    /// Commits a text of this format.
    fn commit_text(
        &self,
        loaded: &Loaded,
        format: u64,
        text: &Content,
        wipe: Wipe,
    ) -> Result<OldCopy, StoreError> {
        // `load` has left room for it.
        let sequence = loaded.sequence + 1;
        let slot = encode(format, sequence, text, loaded.end_of_other, &self.path)?;
        self.write(1 - loaded.index, &slot)?;
        Ok(match wipe {
            Wipe::No => OldCopy::Wiped,
            Wipe::OldCopy => self.wipe(loaded.index, &slot),
        })
    }

    /// Makes this file, whatever is in it, the record of `account`. The file is locked, and root's
    /// alone.
    pub(super) fn write_over(&self, account: &Account) -> Result<OldCopy, StoreError> {
        let old = self.read_any()?;
        let next = slots::highest_sequence(&old) + 1;
        // A number that was forged leaves no room for the commits to come.
        let forged = next > HIGHEST_SEQUENCE / 2;
        let sequence = if forged { 1 } else { next };
        let end = slots::last_byte(&old, 0);
        let slot = encode(FORMAT, sequence, &record::write(account), end, &self.path)?;
        self.write(0, &slot)?;
        // Only now, since a file of the right size is read.
        Shield::without_signal(self.file.set_len(FILE_SIZE as u64))
            .map_err(io_error("put in order", &self.path))?;
        if forged {
            // What has the forged number would count still.
            return self.write(1, &slot).map(|()| OldCopy::Wiped);
        }
        Ok(self.wipe(1, &slot))
    }

    /// What of the two slots can be read, whatever the file's size.
    fn read_any(&self) -> Result<Content, StoreError> {
        let mut content = Content::zeros(FILE_SIZE);
        let mut filled = 0;
        while filled < FILE_SIZE {
            let read = self.file.read_at(&mut content[filled..], filled as u64);
            match read.map_err(io_error("read", &self.path))? {
                0 => break,
                read => filled += read,
            }
        }
        Ok(content)
    }

    /// One slot, in place, on the disk before anybody hears of it.
    fn write(&self, index: usize, slot: &Content) -> Result<(), StoreError> {
        Shield::without_signal(self.file.write_all_at(slot, (index * SLOT_SIZE) as u64))
            .map_err(io_error("write", &self.path))?;
        self.file.sync_data().map_err(io_error("synchronise", &self.path))
    }

    /// Overwrites the copy of what was before.
    fn wipe(&self, index: usize, slot: &Content) -> OldCopy {
        match self.write(index, slot) {
            Ok(()) => OldCopy::Wiped,
            Err(StoreError::Io { source, .. }) => OldCopy::Left(source),
            Err(error) => OldCopy::Left(io::Error::other(error)),
        }
    }

    fn damaged(&self, why: &'static str) -> StoreError {
        StoreError::Damaged { path: self.path.clone(), why }
    }
}

/// The content of a new account file.
pub(super) fn new_content(account: &Account, path: &Path) -> Result<Content, StoreError> {
    let slot = encode(FORMAT, 1, &record::write(account), 0, path)?;
    let mut content = Content::with_room_for(FILE_SIZE);
    content.extend_from_slice(&slot);
    content.extend_from_slice(&slot);
    Ok(content)
}

/// The slot of `text`, for a place whose last byte is `end`.
fn encode(
    format: u64,
    sequence: u64,
    text: &Content,
    end: u8,
    path: &Path,
) -> Result<Content, StoreError> {
    let why = "its content would not fit";
    slots::encode(format, sequence, &slots::nonce_over(end)?, text)
        .ok_or_else(|| StoreError::Damaged { path: path.to_owned(), why })
}

/// Why a file in the store could have been changed by others than `owner`.
pub(super) fn wrong_with(status: &Metadata, owner: u32) -> Option<&'static str> {
    if !status.is_file() {
        Some("is not a regular file")
    } else if status.uid() != owner {
        Some("does not belong to root")
    } else if status.mode() & FORBIDDEN_BITS != 0 {
        Some("is open to others than root")
    } else if status.nlink() != 1 {
        Some("has more than one name (hard link)")
    } else {
        None
    }
}
