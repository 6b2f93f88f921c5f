//! The directory of the store, and files in it: opened without following or waiting for
//! anything, then checked as what is open, not by name.

use super::account_file::{AccountFile, wrong_with};
use super::calls::{Access, Calls, FileCalls, Lockable};
use super::index::{Home, Index};
use super::marker::{MARKER, Marker};
use super::new_file::{self, Created, Place};
use super::slots::SLOT_SIZE;
use super::system::System;
use crate::store::StoreError;
use crate::store::content::Content;
use crate::store::error::io_error;
use crate::store::fault::Unsafe;
use crate::user::UserName;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Ends the name of an account file.
const ACCOUNT_SUFFIX: &str = ".account";

/// Begins the name of something that stood where an account file belongs.
const ASIDE_PREFIX: &str = ".aside-";

/// Permissions of group and others.
const OTHERS: u32 = 0o077;

/// The one of them that lets put something into a directory.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// What mke2fs makes.
const OF_EVERY_VOLUME: &str = "lost+found";

/// The store's directory, found healthy.
#[derive(Debug)]
pub(super) struct Directory<C = System> {
    calls: C,
    path: PathBuf,
    owner: u32,
    /// As it was when the store was opened.
    marker: Marker,
}

/// What was done where an unusable record stands, or stood.
#[derive(Debug)]
pub(super) enum Replaced<F> {
    /// A new file is there.
    Yes,
    /// This one is there still, and can be written over in place.
    InPlace(AccountFile<F>),
}

impl Directory {
    /// Opens and checks the store at `path`; it must belong to `owner`.
    pub(super) fn open(path: &Path, owner: u32) -> Result<Self, StoreError> {
        let mut directory = Self::open_unmarked(path, owner)?;
        directory.marker = directory.read_marker()?;
        Ok(directory)
    }

    /// Makes the directory, unless it is there, and the marker, unless it is there. Says whether it made a store.
    pub(super) fn init(path: &Path, owner: u32) -> Result<bool, StoreError> {
        match Self::open(path, owner) {
            Ok(_) => return Ok(false),
            Err(StoreError::Missing(_) | StoreError::NotInitialised(_)) => {}
            Err(error @ StoreError::UnsafeStore { .. }) => {
                if !Self::shut_if_fresh(path, owner)? {
                    return Err(error);
                }
            }
            Err(error) => return Err(error),
        }
        match std::fs::DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(io_error("make the directory", path)(error));
            }
            _ => {}
        }
        let directory = Self::open_unmarked(path, owner)?;
        let made = directory.calls.while_locked(&directory.path, || {
            let index = Index::open_or_make(directory.home())?;
            let marker = Marker::new()?;
            // The records of a store whose marker was lost are in no index.
            if directory.names()?.is_empty() {
                index.is_now_of(&marker)?;
            }
            index.synchronise(directory.home())?;
            let (text, place) = (marker.text().into_bytes(), Place::Free);
            new_file::create(&directory.calls, &directory.path, MARKER, &text, place, |_| ())
        })?;
        Ok(made == Created::Yes)
    }

    /// Shuts a directory of `owner`'s that others could read and never write, and that has nothing in
    /// it but what a fresh volume has. Says whether it is one.
    fn shut_if_fresh(path: &Path, owner: u32) -> Result<bool, StoreError> {
        let (file, path) = open_directory(path)?;
        let status = file.metadata().map_err(io_error("examine", &path))?;
        if status.uid() != owner || status.mode() & WRITABLE_BY_OTHERS != 0 {
            return Ok(false);
        }
        for entry in std::fs::read_dir(&path).map_err(io_error("list", &path))? {
            if entry.map_err(io_error("list", &path))?.file_name() != OF_EVERY_VOLUME {
                return Ok(false);
            }
        }
        file.set_permissions(Permissions::from_mode(0o700))
            .map_err(io_error("change the mode of", &path))?;
        Ok(true)
    }

    /// Opens and checks the directory alone.
    fn open_unmarked(path: &Path, owner: u32) -> Result<Self, StoreError> {
        let (file, path) = open_directory(path)?;
        let unsafe_store =
            |why, remedy| StoreError::UnsafeStore { path: path.clone(), why, remedy };
        let status = file.metadata().map_err(io_error("examine", &path))?;
        if status.uid() != owner {
            return Err(unsafe_store(Unsafe::NotRoots, "find out why, then chown it to root"));
        }
        if status.mode() & OTHERS != 0 {
            return Err(unsafe_store(Unsafe::OpenToOthers, "find out why, then chmod it to 0700"));
        }
        let calls = System { file, path: path.clone() };
        Ok(Self { calls, path, owner, marker: Marker::unknown() })
    }

    /// What was open when the store was found healthy.
    pub(super) fn file(&self) -> &File {
        &self.calls.file
    }

    /// Where it lies.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What its index needs of it.
    pub(super) fn home(&self) -> Home<'_> {
        Home { file: &self.calls.file, path: &self.path, owner: self.owner }
    }

    /// What the marker says now.
    pub(super) fn read_marker(&self) -> Result<Marker, StoreError> {
        Marker::read(&self.calls, &self.path, self.owner)
    }

    /// What the marker said when the store was opened.
    pub(super) fn marker(&self) -> &Marker {
        &self.marker
    }

    /// Takes note of what it says now.
    pub(super) fn set_marker(&mut self, marker: Marker) {
        self.marker = marker;
    }
}

impl<C: Calls> Directory<C> {
    /// A directory on a model of the disk.
    #[cfg(test)]
    pub(super) fn on(calls: C, owner: u32) -> Self {
        Self { calls, path: PathBuf::from("/store"), owner, marker: Marker::unknown() }
    }

    /// Opens the account file of `name` and checks it. `None` if there is none.
    pub(super) fn account(
        &self,
        name: &UserName,
        access: Access,
    ) -> Result<Option<AccountFile<C::File>>, StoreError> {
        if name.must_fit_a_record().is_err() {
            return Ok(None);
        }
        let path = self.account_path(name);
        let unsafe_record = |why| StoreError::UnsafeRecord { path: path.clone(), why };
        let file = match self.calls.open(&account_file_name(name), access) {
            Ok(file) => file,
            Err(Errno::ENOENT) => return Ok(None),
            Err(Errno::ELOOP) => return Err(unsafe_record(Unsafe::Link)),
            Err(errno) if is_no_file(errno) => {
                return Err(unsafe_record(Unsafe::NotAFile));
            }
            Err(errno) => return Err(io_error("open", &path)(errno.into())),
        };
        let account = AccountFile { file, path };
        account.check(self.owner)?;
        Ok(Some(account))
    }

    /// Names of all account files, in no order.
    pub(super) fn each_name(&self, each: &mut dyn FnMut(UserName)) -> Result<(), StoreError> {
        let listed = self.calls.each_name(&mut |name| {
            let name = name.strip_suffix(ACCOUNT_SUFFIX).and_then(UserName::decode);
            if let Some(name) = name {
                each(name);
            }
        });
        listed.map_err(io_error("list", &self.path))
    }

    /// All of them.
    pub(super) fn names(&self) -> Result<Vec<UserName>, StoreError> {
        let mut names = Vec::new();
        self.each_name(&mut |name| names.push(name))?;
        Ok(names)
    }

    /// Makes the account file of `name`, both of whose slots are `slot`, whole or not at all.
    pub(super) fn create_account(
        &self,
        name: &UserName,
        slot: &Content,
    ) -> Result<Created, StoreError> {
        name.must_fit_a_record().map_err(|_| self.too_long(name))?;
        self.calls
            .while_locked(&self.path, || self.create(&account_file_name(name), slot, Place::Free))
    }

    fn too_long(&self, name: &UserName) -> StoreError {
        io_error("make", &self.account_path(name))(Errno::ENAMETOOLONG.into())
    }

    /// The same, with the directory locked.
    fn create(&self, name: &str, slot: &Content, place: Place<'_>) -> Result<Created, StoreError> {
        let mut content = Content::with_room_for(2 * SLOT_SIZE);
        content.extend_from_slice(slot);
        content.extend_from_slice(slot);
        new_file::create(&self.calls, &self.path, name, &content, place, |file| {
            AccountFile::mark_new(file, slot);
        })
    }

    /// Makes a file with `slot` where an unusable record of `name` stands, which is moved
    /// aside; but a file that root alone could have opened is given back as it is, to be written
    /// over in place, which needs no room on the disk. Any other one is not: who has opened it
    /// before could read the new secret in it, and write back what stood there before.
    pub(super) fn replace(
        &self,
        name: &UserName,
        slot: &Content,
    ) -> Result<Replaced<C::File>, StoreError> {
        let (path, file_name) = (self.account_path(name), account_file_name(name));
        self.calls.while_locked(&self.path, || {
            let aside = format!("{ASIDE_PREFIX}{file_name}-{}", self.calls.random_hex()?);
            let place = match self.calls.open(&file_name, Access::Write) {
                Ok(file) => {
                    let facts = file.facts().map_err(io_error("examine", &path))?;
                    if wrong_with(&facts, self.owner).is_none() {
                        let path = path.clone();
                        return Ok(Replaced::InPlace(AccountFile { file, path }));
                    }
                    Place::Taken { aside: &aside }
                }
                Err(Errno::ENOENT) => Place::Free,
                Err(errno) if is_no_file(errno) => Place::Taken { aside: &aside },
                Err(errno) => return Err(io_error("open", &path)(errno.into())),
            };
            match self.create(&file_name, slot, place)? {
                Created::Yes => Ok(Replaced::Yes),
                Created::ExistsAlready => Err(StoreError::Changed(name.clone())),
            }
        })
    }

    /// Where the account file of `name` is.
    pub(super) fn account_path(&self, name: &UserName) -> PathBuf {
        self.path.join(account_file_name(name))
    }

    /// Whose the store is.
    pub(super) fn owner(&self) -> u32 {
        self.owner
    }

    /// The calls to the system that this directory is made of.
    pub(super) fn calls(&self) -> &C {
        &self.calls
    }
}

/// Opens what must be a directory; gives its path as it was opened, too.
fn open_directory(path: &Path) -> Result<(File, PathBuf), StoreError> {
    // Nothing that O_DIRECTORY opens has to be waited for; and who has it open with O_NONBLOCK is of
    // a version without an index (earlier.rs).
    let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW;
    // A slash at the end would have a link followed in spite of O_NOFOLLOW (open(2)).
    let path = path.components().collect::<PathBuf>();
    match File::options().read(true).custom_flags(flags.bits()).open(&path) {
        Ok(file) => Ok((file, path)),
        Err(error) => Err(match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::ENOENT) => StoreError::Missing(path),
            // O_NOFOLLOW: the last component is a symbolic link (open(2)).
            Some(Errno::ELOOP | Errno::ENOTDIR) => StoreError::UnsafeStore {
                path,
                why: Unsafe::NotADirectory,
                remedy: "move it away, or name the directory itself as state_dir",
            },
            _ => io_error("open", &path)(error),
        }),
    }
}

/// Whether what was to be opened is there, and is a link, a directory, a socket, or a device that
/// is not there (open(2)).
fn is_no_file(errno: Errno) -> bool {
    matches!(errno, Errno::ELOOP | Errno::EISDIR | Errno::ENXIO | Errno::ENODEV)
}

fn account_file_name(name: &UserName) -> String {
    name.encoded() + ACCOUNT_SUFFIX
}
