//! The store's directory and files as the system has them: [`Calls`], made.

use super::calls::{Access, Calls, Facts, FileCalls, Lockable, Naming, Sealing};
use super::hash_lock::HashLock;
use super::shield::Shield;
use super::{lock, slots};
use crate::randomness::NoRandomness;
use crate::store::StoreError;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, RenameFlags, openat, renameat, renameat2};
use nix::sys::stat::{Mode, fstatat};
use nix::unistd::{UnlinkatFlags, linkat, unlinkat};
use std::fs::{File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The permission bits of a mode, with those of set-id.
const PERMISSIONS: u32 = 0o7777;

/// An open directory.
#[derive(Debug)]
pub struct System {
    pub(super) file: File,
    /// Where it was opened.
    pub(super) path: PathBuf,
}

impl Lockable for System {
    fn while_locked<T>(
        &self,
        path: &Path,
        work: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        lock::while_locked(&self.file, path, work)
    }
}

impl Calls for System {
    type File = File;

    fn open(&self, name: &str, access: Access) -> nix::Result<File> {
        let access = match access {
            Access::Read => OFlag::O_RDONLY,
            Access::Write => OFlag::O_RDWR,
        };
        let careful = OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        let open = |flags| openat(&self.file, name, access | careful | flags, Mode::empty());
        // Each login writes to a record, so that the next one's reading would note the time of
        // access (relatime, mount(8)): a write to the inode.
        let file = match open(OFlag::O_NOATIME) {
            // Only a file's owner may leave it out (open(2)). Whose it is, is checked later.
            Err(Errno::EPERM) => open(OFlag::empty()),
            outcome => outcome,
        };
        file.map(File::from)
    }

    fn create(&self, name: &str) -> io::Result<File> {
        let flags =
            OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
        let mode = Mode::S_IRUSR | Mode::S_IWUSR;
        let file = File::from(openat(&self.file, name, flags, mode)?);
        file.try_lock()?;
        // The umask may have taken bits away.
        file.set_permissions(Permissions::from_mode(0o600))?;
        Ok(file)
    }

    fn rename(&self, from: &str, to: &str, naming: Naming) -> nix::Result<()> {
        let rename = |flags| renameat2(&self.file, from, &self.file, to, flags);
        match naming {
            Naming::Free => rename(RenameFlags::RENAME_NOREPLACE),
            Naming::Exchange => rename(RenameFlags::RENAME_EXCHANGE),
            Naming::Over => renameat(&self.file, from, &self.file, to),
        }
    }

    fn link(&self, from: &str, to: &str) -> nix::Result<()> {
        linkat(&self.file, from, &self.file, to, AtFlags::empty())
    }

    fn unlink(&self, name: &str) -> nix::Result<()> {
        unlinkat(&self.file, name, UnlinkatFlags::NoRemoveDir)
    }

    fn exists(&self, name: &str) -> nix::Result<bool> {
        match fstatat(&self.file, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::ENOENT) => Ok(false),
            Err(errno) => Err(errno),
        }
    }

    fn each_name(&self, each: &mut dyn FnMut(&str)) -> io::Result<()> {
        for entry in std::fs::read_dir(&self.path)? {
            if let Some(name) = entry?.file_name().to_str() {
                each(name);
            }
        }
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }
}

impl From<&Metadata> for Facts {
    fn from(status: &Metadata) -> Self {
        Self {
            is_regular: status.is_file(),
            owner: status.uid(),
            mode: status.mode() & PERMISSIONS,
            links: status.nlink(),
            size: status.len(),
        }
    }
}

impl Lockable for File {
    fn while_locked<T>(
        &self,
        path: &Path,
        work: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        lock::while_locked(self, path, work)
    }
}

impl FileCalls for File {
    fn facts(&self) -> io::Result<Facts> {
        self.metadata().map(|status| Facts::from(&status))
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(self, buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        Shield::without_signal(self.write_all_at(bytes, offset))
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn sync_whole(&self) -> io::Result<()> {
        self.sync_all()
    }

    fn set_size(&self, size: u64) -> io::Result<()> {
        Shield::without_signal(self.set_len(size))
    }

    fn unlock(&self) {
        // Where it fails, the lock ends with the file's last descriptor.
        let _ = Self::unlock(self);
    }

    fn while_hashing<T>(
        &self,
        lock: HashLock,
        path: &Path,
        work: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        lock.hold(self, path, work)
    }
}

impl Sealing for System {
    fn random_hex(&self) -> Result<String, NoRandomness> {
        random_hex()
    }

    fn checksum(&self, head: &[u8], text: &[u8]) -> String {
        slots::checksum(head, text)
    }
}

impl Sealing for File {
    fn random_hex(&self) -> Result<String, NoRandomness> {
        random_hex()
    }

    fn checksum(&self, head: &[u8], text: &[u8]) -> String {
        slots::checksum(head, text)
    }
}

/// 16 random hexadecimal digits.
fn random_hex() -> Result<String, NoRandomness> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)?;
    Ok(data_encoding::HEXLOWER.encode(&bytes))
}
