//! The calls to the system that the store's directory and its account files are made of: the seam
//! under which the tests put a disk of their own, so that what runs above it is the real code.

use super::hash_lock::HashLock;
use crate::randomness::NoRandomness;
use crate::store::StoreError;
use std::io;
use std::path::Path;

/// How a record is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// To be looked at.
    Read,
    /// To be changed: fails at once on a read-only file system.
    Write,
}

/// What happens to a file that has the new name already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// It keeps the name, and the call fails (RENAME_NOREPLACE).
    Free,
    /// The two get each other's names (RENAME_EXCHANGE).
    Exchange,
    /// It loses the name in the same moment (rename(2)).
    Over,
}

/// What stat(2) says of an open file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Whether it is a regular one.
    pub is_regular: bool,
    /// The owner's uid.
    pub owner: u32,
    /// Permissions and set-id bits.
    pub mode: u32,
    /// How many names it has.
    pub links: u64,
    /// Bytes.
    pub size: u64,
}

/// Something that can be locked.
pub trait Lockable {
    /// Runs `work` while this, which lies at `path`, is locked and the process is shielded.
    fn while_locked<T>(
        &self,
        path: &Path,
        work: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError>;
}

/// What a slot's nonce and checksum are made of.
pub trait Sealing {
    /// 16 random hexadecimal digits.
    fn random_hex(&self) -> Result<String, NoRandomness>;

    /// The checksum of two pieces of a slot: 64 hexadecimal digits.
    fn checksum(&self, head: &[u8], text: &[u8]) -> String;
}

/// The store's directory.
pub trait Calls: Lockable + Sealing {
    /// A file in it.
    type File: FileCalls;

    /// Opens a file without following or waiting for anything. Whose it is, is not looked at.
    fn open(&self, name: &str, access: Access) -> nix::Result<Self::File>;

    /// Makes an empty file, 0600, that this process alone has locked. Fails where the name is taken.
    fn create(&self, name: &str) -> io::Result<Self::File>;

    /// Gives a file another name.
    fn rename(&self, from: &str, to: &str, naming: Naming) -> nix::Result<()>;

    /// Gives a file one more name.
    fn link(&self, from: &str, to: &str) -> nix::Result<()>;

    /// Takes a name away.
    fn unlink(&self, name: &str) -> nix::Result<()>;

    /// Whether something has that name.
    fn exists(&self, name: &str) -> nix::Result<bool>;

    /// All names that are text, one after another.
    fn each_name(&self, each: &mut dyn FnMut(&str)) -> io::Result<()>;

    /// Brings the names to the disk (fsync(2)).
    fn sync(&self) -> io::Result<()>;
}

/// An open file of the store.
pub trait FileCalls: Lockable + Sealing {
    /// stat(2).
    fn facts(&self) -> io::Result<Facts>;

    /// Reads what is there, up to the buffer's length (pread(2)).
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes all of it. What `ulimit -f` refuses ends nobody (SIGXFSZ).
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Brings the content to the disk (fdatasync(2)).
    fn sync(&self) -> io::Result<()>;

    /// Brings content, size, owner and mode to the disk (fsync(2)).
    fn sync_whole(&self) -> io::Result<()>;

    /// Cuts or lengthens it.
    fn set_size(&self, size: u64) -> io::Result<()>;

    /// Ends the lock that a new file came with.
    fn unlock(&self);

    /// Runs `work` while this process has `lock` on this file, which lies at `path`.
    fn while_hashing<T>(
        &self,
        lock: HashLock,
        path: &Path,
        work: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError>;
}
