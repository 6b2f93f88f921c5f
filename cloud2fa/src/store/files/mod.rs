//! The embedded store: one file a user in one directory.

mod account_file;
mod calls;
mod directory;
#[cfg(test)]
mod disk_model;
mod earlier;
mod file_store;
mod hash_lock;
mod index;
mod index_entry;
mod indexing;
mod lock;
mod marker;
mod new_file;
mod operations;
mod pair_store;
mod shield;
mod slots;
mod system;
mod uids;
mod whose;
mod write_back;

pub use file_store::FileStore;
pub use pair_store::PairStore;
pub use shield::Shield;
pub use write_back::WrittenBack;
