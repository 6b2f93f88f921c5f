//! What an examination takes of its caller.

use cloud2fa::{Config, FileStore, StoreError, UnixTime};

/// What the caller hands in: the clock, who must own what, and the stores.
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
}
