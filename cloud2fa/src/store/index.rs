//! The index of uids: which names have a record of a uid. It is a hint, which the record's own uid
//! proves at each use; only what is not in it counts, and that only while the marker says that the
//! index is complete.
//!
//! One symbolic link for each uid, `uid/1000`, whose target is the names as their files spell them,
//! with a slash between two. So a look-up is one call, a change is one rename, and no entry takes
//! a block of the disk: 100,000 files or directories would take 400 MB. An entry is on the disk before
//! the first record of that uid and name is. None is ever taken away: one too many costs a look at a
//! record.

use super::calls::Lockable;
use super::directory::Directory;
use super::{StoreError, io_error};
use crate::{User, UserName};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, readlinkat, renameat};
use nix::sys::stat::{Mode, fstatat, mkdirat};
use nix::unistd::{UnlinkatFlags, symlinkat, unlinkat};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The directory in the store's.
const INDEX: &str = "uid";

/// Between two names; none has it in its file's spelling.
const BETWEEN: char = '/';

/// What stands for more names than fit: all records must be looked at. No name is spelled so.
const ANY: &str = "*";

/// The longest target that every file system takes (XFS_SYMLINK_MAXLEN is 1024).
const LONGEST_TARGET: usize = 1000;

/// An entry that is not complete yet. Only the holder of the store's lock makes one.
const TEMPORARY: &str = ".new";

/// Permissions of group and others.
const OTHERS: u32 = 0o077;

/// What the index says of a uid.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// Only records of these names can be of that uid. In order; empty where there is no entry.
    Names(Vec<UserName>),
    /// Each record can be.
    Any,
    /// What no version writes. Each record can be.
    Damaged,
}

impl Entry {
    fn parse(target: &[u8]) -> Self {
        if target == ANY.as_bytes() {
            return Self::Any;
        }
        let Ok(text) = std::str::from_utf8(target) else { return Self::Damaged };
        let mut names: Vec<UserName> = Vec::new();
        for encoded in text.split(BETWEEN) {
            let Some(name) = UserName::decode(encoded) else { return Self::Damaged };
            // Few; std's sorting would be the larger part of this file in the module.
            names.insert(names.partition_point(|before| *before < name), name);
        }
        Self::Names(names)
    }

    /// The target of what has these, too; nothing where this one does. Of one that is damaged nobody
    /// knows what was in it: `are_all` says that it can be no others.
    fn with(&self, more: &[UserName], are_all: bool) -> Option<String> {
        let names = match self {
            Self::Any => return None,
            Self::Damaged if !are_all => return Some(ANY.to_owned()),
            Self::Damaged => &[][..],
            Self::Names(names) => names,
        };
        let new = more.iter().filter(|name| !names.contains(name));
        let all: Vec<_> = names.iter().chain(new).map(UserName::encoded).collect();
        if all.len() == names.len() {
            return None;
        }
        let target = all.join(&BETWEEN.to_string());
        Some(if target.len() > LONGEST_TARGET { ANY.to_owned() } else { target })
    }
}

/// The index, open.
pub(super) struct Index {
    file: File,
    path: PathBuf,
    owner: u32,
}

impl Index {
    /// Opens it; nothing where there is none.
    fn open(directory: &Directory) -> Result<Option<Self>, StoreError> {
        let path = directory.path().join(INDEX);
        let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let file = match openat(directory.file(), INDEX, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::ENOENT) => return Ok(None),
            Err(Errno::ELOOP | Errno::ENOTDIR) => {
                return Err(unsafe_index(path, "is no directory"));
            }
            Err(errno) => return Err(io_error("open", &path)(errno.into())),
        };
        let status = file.metadata().map_err(io_error("examine", &path))?;
        if status.uid() != directory.owner() {
            return Err(unsafe_index(path, "does not belong to root"));
        }
        if status.mode() & OTHERS != 0 {
            return Err(unsafe_index(path, "is open to others than root"));
        }
        Ok(Some(Self { file, path, owner: directory.owner() }))
    }

    /// Opens it, made if need be. The store is locked.
    pub(super) fn open_or_make(directory: &Directory) -> Result<Self, StoreError> {
        let path = directory.path().join(INDEX);
        match mkdirat(directory.file(), INDEX, Mode::S_IRWXU) {
            Ok(()) | Err(Errno::EEXIST) => {}
            Err(errno) => return Err(io_error("make the directory", &path)(errno.into())),
        }
        Self::open(directory)?.ok_or_else(|| io_error("open", &path)(Errno::ENOENT.into()))
    }

    /// What it says of `uid`.
    pub(super) fn entry(&self, uid: u32) -> Result<Entry, StoreError> {
        let name = uid.to_string();
        let failed = |errno: Errno| io_error("read", &self.path.join(&name))(errno.into());
        let status = match fstatat(&self.file, &*name, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Err(Errno::ENOENT) => return Ok(Entry::Names(Vec::new())),
            outcome => outcome.map_err(failed)?,
        };
        if status.st_uid != self.owner {
            return Ok(Entry::Damaged);
        }
        match readlinkat(&self.file, &*name) {
            Ok(target) => Ok(Entry::parse(target.as_bytes())),
            // No link (readlink(2)).
            Err(Errno::EINVAL) => Ok(Entry::Damaged),
            Err(errno) => Err(failed(errno)),
        }
    }

    /// Whether it would find a record of `user`.
    fn finds(&self, user: &User) -> Result<bool, StoreError> {
        Ok(match self.entry(user.uid)? {
            Entry::Names(names) => names.contains(&user.name),
            Entry::Any => true,
            Entry::Damaged => false,
        })
    }

    /// Adds these names of `uid`, if need be, and says whether there was need; `are_all` says that the uid
    /// has no others. The store is locked. What is added counts when it is synchronised.
    pub(super) fn add(
        &self,
        uid: u32,
        more: &[UserName],
        are_all: bool,
    ) -> Result<bool, StoreError> {
        let Some(target) = self.entry(uid)?.with(more, are_all) else { return Ok(false) };
        let name = uid.to_string();
        let path = self.path.join(&name);
        let failed = io_error("write", &path);
        // What a crash has left.
        match unlinkat(&self.file, TEMPORARY, UnlinkatFlags::NoRemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => {}
            Err(errno) => return Err(failed(errno.into())),
        }
        symlinkat(&*target, &self.file, TEMPORARY)
            .and_then(|()| renameat(&self.file, TEMPORARY, &self.file, &*name))
            .map_err(|errno| failed(errno.into()))?;
        Ok(true)
    }

    /// Has it on the disk, itself and all that was added.
    pub(super) fn synchronise(&self, directory: &Directory) -> Result<(), StoreError> {
        let synchronise = |file: &File, path: &Path| -> Result<(), StoreError> {
            file.sync_all().map_err(io_error("synchronise", path))
        };
        synchronise(&self.file, &self.path)?;
        synchronise(directory.file(), directory.path())
    }
}

impl Directory {
    /// What the index says of `uid`, if that can be relied on.
    pub(super) fn entry_of(&self, uid: u32) -> Result<Entry, StoreError> {
        if !self.marker().index_is_complete {
            return Ok(Entry::Any);
        }
        // Somebody has taken it away, whatever the marker says.
        Index::open(self)?.map_or(Ok(Entry::Any), |index| index.entry(uid))
    }

    /// Whether the index, such as it is, would find a record of `user`.
    pub(super) fn index_finds(&self, user: &User) -> Result<bool, StoreError> {
        Index::open(self)?.map_or(Ok(false), |index| index.finds(user))
    }

    /// Has `user` in the index, on the disk, before a record says so. While the index is not
    /// complete, what it lacks costs nobody anything: a full disk is not in the way then.
    pub(super) fn index(&self, user: &User) -> Result<(), StoreError> {
        let indexed = self.calls().while_locked(self.path(), || {
            let index = Index::open_or_make(self)?;
            index.add(user.uid, std::slice::from_ref(&user.name), false)?;
            index.synchronise(self)
        });
        match indexed {
            Err(StoreError::Io { source, .. })
                if is_no_room(&source) && !self.marker().index_is_complete =>
            {
                Ok(())
            }
            outcome => outcome,
        }
    }
}

fn is_no_room(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw);
    matches!(errno, Some(Errno::ENOSPC | Errno::EDQUOT))
}

fn unsafe_index(path: PathBuf, why: &'static str) -> StoreError {
    let remedy = "find out why, then move it away and run `cloud2fa init`, which makes it anew";
    StoreError::UnsafeStore { path, why, remedy }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> UserName {
        UserName::new(text).unwrap()
    }

    #[test]
    fn an_entry_reads_back_in_the_order_of_names() {
        let none = Entry::Names(Vec::new());
        let one = none.with(&[name("zed")], false).unwrap();
        assert_eq!(one, "zed");
        let two = Entry::parse(one.as_bytes()).with(&[name("a/b"), name("zed")], false).unwrap();
        assert_eq!(two, "zed/a%2Fb");
        let two = Entry::parse(two.as_bytes());
        assert_eq!(two, Entry::Names(vec![name("a/b"), name("zed")]));
        assert_eq!(two.with(&[name("zed")], false), None, "it is there");
    }

    #[test]
    fn what_is_no_list_of_names_finds_all_records_until_all_of_the_uid_are_known() {
        for target in ["", "/", "alice/", "a b", "%61lice", "**", "../store", "\u{fffd}"] {
            let entry = Entry::parse(target.as_bytes());
            assert_eq!(entry, Entry::Damaged, "{target}");
            assert_eq!(entry.with(&[name("alice")], false).unwrap(), "*", "{target}");
            assert_eq!(entry.with(&[name("alice")], true).unwrap(), "alice", "{target}");
        }
        assert_eq!(Entry::parse(b"\xff"), Entry::Damaged);
    }

    #[test]
    fn names_that_do_not_fit_are_any() {
        let long = |number: usize| name(&format!("{number:0>200}"));
        let mut entry = Entry::Names(Vec::new());
        for number in 0..4 {
            entry = Entry::parse(entry.with(&[long(number)], false).unwrap().as_bytes());
            assert!(matches!(&entry, Entry::Names(names) if names.len() == number + 1));
        }
        assert_eq!(entry.with(&[long(4)], false).unwrap(), ANY);
        assert_eq!(Entry::parse(ANY.as_bytes()).with(&[long(4)], false), None);
    }
}
