//! What an examination takes of its caller.

use crate::record::Record;
use cloud2fa::{Config, FileStore, Names, StoreError, UnixTime};

/// What the caller hands in: the clock, who must own what, the stores, and the system's users.
#[derive(Clone, Copy)]
pub struct Tools<'t> {
    /// The time.
    pub now: &'t dyn Fn() -> UnixTime,
    /// A time as people and programs read it.
    pub written: &'t dyn Fn(UnixTime) -> String,
    /// The uid that must own configuration, store, and PAM's files and modules.
    pub root: u32,
    /// Opens the store that a configuration names.
    pub open: &'t dyn Fn(&Config) -> Result<FileStore, StoreError>,
    /// All records of a store, with what the system says to their users.
    pub records: &'t dyn Fn(&mut FileStore) -> Result<Vec<Record>, StoreError>,
    /// The system's users.
    pub names: &'t dyn Names,
}
