//! One account file: checked as what is open, read, and written a slot at a time.

use super::calls::{Calls, Facts, FileCalls, Sealing};
use super::slots::{self, BadSlots, FILE_SIZE, HIGHEST_SEQUENCE, MARK_AT, SLOT_SIZE};
use crate::account::Account;
use crate::seal::NoSeal;
use crate::store::content::Content;
use crate::store::error::io_error;
use crate::store::fault::{Damage, Unsafe};
use crate::store::record::{self, FIRST_FORMAT, FORMAT, Lost, Unread};
use crate::store::{OldCopy, StoreError};
use crate::user::{User, UserName};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Permissions of group and others, and set-id bits.
const FORBIDDEN_BITS: u32 = 0o7077;

/// An open account file.
#[derive(Debug)]
pub(super) struct AccountFile<F = File> {
    pub(super) file: F,
    pub(super) path: PathBuf,
}

/// An account as it was read, and where the next commit goes.
pub(super) struct Loaded {
    pub(super) account: Account,
    /// The slot that holds it.
    index: usize,
    sequence: u64,
    end_of_other: u8,
    /// The bytes of that slot, where nothing says that they are on the disk.
    unsure: Option<Content>,
}

/// A commit leaves the other copy as it is. Known when it is compiled, so that the module, which never
/// wipes one, is the smaller for it.
pub(super) const KEEPS: bool = false;

/// A commit overwrites the other copy, too, since it holds what is no more.
pub(super) const WIPES: bool = true;

impl<F: FileCalls> AccountFile<F> {
    /// Checks the open file. Once more under the lock, since only then nobody moves it aside.
    pub(super) fn check(&self, owner: u32) -> Result<(), StoreError> {
        let facts = self.file.facts().map_err(io_error("examine", &self.path))?;
        if facts.links == 0 {
            return Err(StoreError::Removed(self.path.clone()));
        }
        if let Some(why) = wrong_with(&facts, owner) {
            return Err(StoreError::UnsafeRecord { path: self.path.clone(), why });
        }
        if facts.size != FILE_SIZE as u64 {
            return Err(self.damaged(Damage::Size));
        }
        Ok(())
    }

    /// Reads and parses the current slot.
    pub(super) fn load(&self) -> Result<Loaded, StoreError> {
        let content = self.read_any()?;
        let current = slots::current(&content, &|head, text| self.file.checksum(head, text))
            .map_err(|bad| match bad {
                BadSlots::Damaged => self.damaged(Damage::Slots),
                BadSlots::LaterFormat(found) => {
                    StoreError::LaterFormat { path: self.path.clone(), found }
                }
            })?;
        if current.sequence >= HIGHEST_SEQUENCE {
            return Err(self.damaged(Damage::LastSequence));
        }
        let read = record::read(current.format, current.text, &NoSeal);
        let account = read.map_err(|why| match why {
            Unread::NoAccount => self.damaged(Damage::NoAccount),
            Unread::Unopened(why) => StoreError::Sealed { path: self.path.clone(), why },
        })?;
        Ok(Loaded {
            account,
            index: current.index,
            sequence: current.sequence,
            end_of_other: current.end_of_other,
            unsure: (!current.is_durable)
                .then(|| Content::of(slots::slot_of(&content, current.index))),
        })
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
            return Err(self.damaged(Damage::OtherUser));
        }
        account.user.uid.ok_or_else(|| StoreError::NoUid { path: self.path.clone() })
    }

    /// Commits what `loaded` has become. The file, which lies in `directory`, is locked.
    pub(super) fn commit<const WIPE: bool>(
        &self,
        directory: &impl Calls,
        loaded: &Loaded,
        account: &Account,
    ) -> Result<OldCopy, StoreError> {
        let current = loaded.index;
        let slot = self.write_next(directory, loaded, FORMAT, &record::write(account))?;
        if WIPE {
            return Ok(self.wipe(current, &slot));
        }
        self.mark(current, &slot);
        Ok(OldCopy::Wiped)
    }

    /// Makes both copies ones of format 1, unless they are, and leaves no mark, which is none to the
    /// first versions. Says what is lost. The file, which lies in `directory`, is locked.
    pub(super) fn write_back(
        &self,
        directory: &impl Calls,
        name: &UserName,
    ) -> Result<Vec<Lost>, StoreError> {
        let loaded = self.load()?;
        self.must_name(&loaded.account, name)?;
        if !slots::has_format(&self.read_any()?, FORMAT) {
            return Ok(Vec::new());
        }
        let (text, lost) = record::write_format_1(&loaded.account)
            .map_err(|why| StoreError::NotInFormat1 { path: self.path.clone(), why })?;
        let slot = self.write_next(directory, &loaded, FIRST_FORMAT, &text)?;
        self.write(loaded.index, &slot)?;
        Ok(lost)
    }

    /// Writes a text of this format where the slot is that does not count. Gives the slot.
    fn write_next(
        &self,
        directory: &impl Calls,
        loaded: &Loaded,
        format: u64,
        text: &Content,
    ) -> Result<Content, StoreError> {
        // `load` has left room for it.
        let sequence = loaded.sequence + 1;
        let slot = encode(&self.file, format, sequence, text, loaded.end_of_other, &self.path)?;
        if let Some(unsure) = &loaded.unsure {
            self.make_durable(directory, loaded.index, unsure)?;
        }
        self.write(1 - loaded.index, &slot)?;
        Ok(slot)
    }

    /// Brings the slot that is about to be the only whole one to the disk, and the file's name:
    /// whoever wrote them may have been killed before they were, or was told that they are not. Then
    /// the kernel counts the pages as clean, so that they are written again, not only synchronised.
    fn make_durable(
        &self,
        directory: &impl Calls,
        index: usize,
        slot: &Content,
    ) -> Result<(), StoreError> {
        self.write(index, slot)?;
        directory.sync().map_err(io_error("synchronise the directory of", &self.path))
    }

    /// Notes in a new file, whose slots are both `slot`, that it is on the disk with its name.
    pub(super) fn mark_new(file: &F, slot: &[u8]) {
        // Of two that are alike the first one counts.
        let _ = file.write_at(slots::nonce_of(slot), (SLOT_SIZE + MARK_AT) as u64);
    }

    /// Notes in the slot at `index`, which counts for nothing, that `slot` is on the disk. Nothing
    /// depends on it: where it is lost, the next commit does what it saves.
    fn mark(&self, index: usize, slot: &Content) {
        let at = (index * SLOT_SIZE + MARK_AT) as u64;
        let _ = self.file.write_at(slots::nonce_of(slot), at);
    }

    /// Makes this file, whatever is in it, the record of `account`. The file, which lies in
    /// `directory`, is locked, and root's alone.
    pub(super) fn write_over(
        &self,
        directory: &impl Calls,
        account: &Account,
    ) -> Result<OldCopy, StoreError> {
        let old = self.read_any()?;
        let next = slots::highest_sequence(&old) + 1;
        // A number that was forged leaves no room for the commits to come.
        let forged = next > HIGHEST_SEQUENCE / 2;
        let sequence = if forged { 1 } else { next };
        let (text, end) = (record::write(account), slots::last_byte(&old, 0));
        let slot = encode(&self.file, FORMAT, sequence, &text, end, &self.path)?;
        self.make_durable(directory, 0, &slot)?;
        // Only now, since a file of the right size is read.
        self.file.set_size(FILE_SIZE as u64).map_err(io_error("put in order", &self.path))?;
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
        let at = (index * SLOT_SIZE) as u64;
        self.file.write_at(slot, at).map_err(io_error("write", &self.path))?;
        self.file.sync().map_err(io_error("synchronise", &self.path))
    }

    /// Overwrites the copy of what was before with one of `slot`, which is on the disk.
    fn wipe(&self, index: usize, slot: &Content) -> OldCopy {
        match self.write(index, &slots::marked(slot)) {
            Ok(()) => OldCopy::Wiped,
            Err(StoreError::Io { source, .. }) => OldCopy::Left(source),
            Err(error) => OldCopy::Left(io::Error::other(error)),
        }
    }

    fn damaged(&self, why: Damage) -> StoreError {
        StoreError::Damaged { path: self.path.clone(), why }
    }
}

/// The slot of a new account file, which lies at `path`.
pub(super) fn first_slot(
    sealing: &impl Sealing,
    account: &Account,
    path: &Path,
) -> Result<Content, StoreError> {
    encode(sealing, FORMAT, 1, &record::write(account), 0, path)
}

/// The slot of `text`, for a place whose last byte is `end`.
fn encode(
    sealing: &impl Sealing,
    format: u64,
    sequence: u64,
    text: &Content,
    end: u8,
    path: &Path,
) -> Result<Content, StoreError> {
    let nonce = slots::nonce_over(end, sealing.random_hex()?);
    let checksum = |head: &[u8], text: &[u8]| sealing.checksum(head, text);
    let why = Damage::TooLong;
    slots::encode(format, sequence, &nonce, text, &checksum)
        .ok_or_else(|| StoreError::Damaged { path: path.to_owned(), why })
}

/// Why a file in the store could have been changed by others than `owner`.
pub(super) fn wrong_with(facts: &Facts, owner: u32) -> Option<Unsafe> {
    if !facts.is_regular {
        Some(Unsafe::NotAFile)
    } else if facts.owner != owner {
        Some(Unsafe::NotRoots)
    } else if facts.mode & FORBIDDEN_BITS != 0 {
        Some(Unsafe::OpenToOthers)
    } else if facts.links != 1 {
        Some(Unsafe::SecondName)
    } else {
        None
    }
}
