//! The index of uids: which names have a record of a uid. It is a hint, which the record's own uid
//! proves at each use; only what is not in it counts, and that only while the marker says that this
//! very directory is complete.
//!
//! One symbolic link for each uid, `uid/1000`, whose target is the names. So a look-up is one call, a
//! change is one rename, and no entry takes a block of the disk: 100,000 files or directories would
//! take 400 MB. An entry is on the disk before the first record of that uid and name is. None is ever
//! taken away: one too many costs a look at a record.
//!
//! A directory that was made anew, or that lost its links on the way (cp -L, a backup program), is
//! told by the link [`OF`] in it, which is written last: it is not the one that the marker means.

use super::index_entry::Entry;
use super::marker::Marker;
use crate::store::StoreError;
use crate::store::error::io_error;
use crate::store::fault::Unsafe;
use crate::user::{User, UserName};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, readlinkat, renameat};
use nix::sys::stat::{Mode, fstatat, mkdirat};
use nix::unistd::{UnlinkatFlags, symlinkat, unlinkat};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The directory in the store's.
const INDEX: &str = "uid";

/// The link whose target is what the marker says where this directory is complete.
const OF: &str = "of";

/// The entry of records that could not be used when the index was made: of any uid, for all one knows.
const UNUSABLE: &str = "unusable";

/// A link that is not complete yet. Only the holder of the store's lock makes one.
const TEMPORARY: &str = ".new";

/// Permissions of group and others.
const OTHERS: u32 = 0o077;

/// For what an entry is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    /// An enrolment: there may be others. Written in any case, since what is there may not have come to
    /// the disk (fsync(2) says of an error once).
    One,
    /// All that there are, of an index that is on the disk: where it lacks something.
    Missing,
    /// All that there are, in any case.
    All,
}

/// The store's directory, as far as its index needs it.
#[derive(Clone, Copy)]
pub(super) struct Home<'a> {
    pub(super) file: &'a File,
    pub(super) path: &'a Path,
    pub(super) owner: u32,
}

/// The index, open.
pub(super) struct Index {
    file: File,
    path: PathBuf,
    owner: u32,
}

impl Index {
    /// Opens it. `None` if there is none.
    pub(super) fn open(home: Home<'_>) -> Result<Option<Self>, StoreError> {
        let path = home.path.join(INDEX);
        let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let file = match openat(home.file, INDEX, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::ENOENT) => return Ok(None),
            Err(Errno::ELOOP | Errno::ENOTDIR) => {
                return Err(unsafe_index(path, Unsafe::IndexNotADirectory));
            }
            Err(errno) => return Err(io_error("open", &path)(errno.into())),
        };
        let status = file.metadata().map_err(io_error("examine", &path))?;
        if status.uid() != home.owner {
            return Err(unsafe_index(path, Unsafe::NotRoots));
        }
        if status.mode() & OTHERS != 0 {
            return Err(unsafe_index(path, Unsafe::OpenToOthers));
        }
        Ok(Some(Self { file, path, owner: home.owner }))
    }

    /// Opens it, made if need be. The store is locked.
    pub(super) fn open_or_make(home: Home<'_>) -> Result<Self, StoreError> {
        let path = home.path.join(INDEX);
        match mkdirat(home.file, INDEX, Mode::S_IRWXU) {
            Ok(()) | Err(Errno::EEXIST) => {}
            Err(errno) => return Err(io_error("make the directory", &path)(errno.into())),
        }
        Self::open(home)?.ok_or_else(|| io_error("open", &path)(Errno::ENOENT.into()))
    }

    /// What the link of that name says. `None` if there is none, and an empty text where it is none
    /// of ours, which makes no sense anywhere.
    fn target(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let failed = |errno: Errno| io_error("read", &self.path.join(name))(errno.into());
        let status = match fstatat(&self.file, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Err(Errno::ENOENT) => return Ok(None),
            outcome => outcome.map_err(failed)?,
        };
        if status.st_uid != self.owner {
            return Ok(Some(Vec::new()));
        }
        match readlinkat(&self.file, name) {
            Ok(target) => Ok(Some(target.into_vec())),
            // No link (readlink(2)).
            Err(Errno::EINVAL) => Ok(Some(Vec::new())),
            Err(errno) => Err(failed(errno)),
        }
    }

    fn entry(&self, name: &str) -> Result<Entry, StoreError> {
        let target = self.target(name)?;
        Ok(target.map_or(Entry::Names(Vec::new()), |target| Entry::parse(&target)))
    }

    /// Which records can be of `uid`.
    pub(super) fn of_uid(&self, uid: u32) -> Result<Entry, StoreError> {
        Ok(self.entry(&uid.to_string())?.and(self.entry(UNUSABLE)?))
    }

    /// Whether it would find a record of `user`.
    pub(super) fn finds(&self, user: &User) -> Result<bool, StoreError> {
        Ok(match self.of_uid(user.uid)? {
            Entry::Names(names) => names.contains(&user.name),
            Entry::Any | Entry::Damaged => true,
        })
    }

    /// Whether it is the complete one that `marker` means.
    pub(super) fn is_of(&self, marker: &Marker) -> Result<bool, StoreError> {
        let Some(index) = &marker.index else { return Ok(false) };
        Ok(self.target(OF)?.is_some_and(|of| of == index.as_bytes()))
    }

    /// Makes it that, if the marker means one. The store is locked.
    pub(super) fn is_now_of(&self, marker: &Marker) -> Result<(), StoreError> {
        marker.index.as_ref().map_or(Ok(()), |index| self.link(OF, index))
    }

    /// These are the records that may be of any uid, and no others. The store is locked, and whatever
    /// was among them before is in the index on the disk.
    pub(super) fn set_unusable(&self, names: &[UserName]) -> Result<(), StoreError> {
        let before = self.target(UNUSABLE)?;
        if !names.is_empty() {
            let target = Entry::Names(Vec::new()).with(names, true).target();
            let is_there = before.is_some_and(|before| before == target.as_bytes());
            return if is_there { Ok(()) } else { self.link(UNUSABLE, &target) };
        }
        if before.is_none() {
            return Ok(());
        }
        match unlinkat(&self.file, UNUSABLE, UnlinkatFlags::NoRemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => Ok(()),
            Err(errno) => Err(io_error("remove", &self.path.join(UNUSABLE))(errno.into())),
        }
    }

    /// Adds these names to the entry of `uid`, and says whether it lacked one. The store is locked. What is
    /// added counts when it is synchronised.
    pub(super) fn add(
        &self,
        uid: u32,
        more: &[UserName],
        writing: Writing,
    ) -> Result<bool, StoreError> {
        let name = uid.to_string();
        let before = self.target(&name)?;
        let entry = before.as_ref().map_or(Entry::Names(Vec::new()), |text| Entry::parse(text));
        let target = entry.with(more, writing != Writing::One).target();
        let lacks = before.as_deref() != Some(target.as_bytes());
        if lacks || writing != Writing::Missing {
            match self.link(&name, &target) {
                // What is there is enough, unless it has not come to the disk.
                Err(StoreError::Io { source, .. }) if is_no_room(&source) && !lacks => {}
                outcome => outcome?,
            }
        }
        Ok(lacks)
    }

    /// Makes a link, in one step where there is one.
    fn link(&self, name: &str, target: &str) -> Result<(), StoreError> {
        let failed = |errno: Errno| io_error("write", &self.path.join(name))(errno.into());
        // What a crash has left.
        match unlinkat(&self.file, TEMPORARY, UnlinkatFlags::NoRemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => {}
            Err(errno) => return Err(failed(errno)),
        }
        symlinkat(target, &self.file, TEMPORARY)
            .and_then(|()| renameat(&self.file, TEMPORARY, &self.file, name))
            .map_err(failed)
    }

    /// Whether it still has its name.
    pub(super) fn is_in_place(&self, home: Home<'_>) -> Result<bool, StoreError> {
        let facts = |file: &File| -> Result<(u64, u64), StoreError> {
            let status = file.metadata().map_err(io_error("examine", &self.path))?;
            Ok((status.dev(), status.ino()))
        };
        let Some(now) = Self::open(home)? else { return Ok(false) };
        Ok(facts(&self.file)? == facts(&now.file)?)
    }

    /// Has it on the disk, itself and all that was added.
    pub(super) fn synchronise(&self, home: Home<'_>) -> Result<(), StoreError> {
        let synchronise = |file: &File, path: &Path| -> Result<(), StoreError> {
            file.sync_all().map_err(io_error("synchronise", path))
        };
        synchronise(&self.file, &self.path)?;
        synchronise(home.file, home.path)
    }
}

fn is_no_room(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw);
    matches!(errno, Some(Errno::ENOSPC | Errno::EDQUOT))
}

fn unsafe_index(path: PathBuf, why: Unsafe) -> StoreError {
    let remedy = "find out why, then move it away and run `cloud2fa init`, which makes it anew";
    StoreError::UnsafeStore { path, why, remedy }
}
