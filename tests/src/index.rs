//! The store's index of uids, spelled out anew, so that a change of it shows: one symbolic link for
//! each uid, whose target is the names' spellings with a slash between two.

use cloud2fa::User;
use std::path::{Path, PathBuf};

/// Where the entry of a uid is.
pub fn entry(store: &Path, uid: u32) -> PathBuf {
    store.join("uid").join(uid.to_string())
}

/// What stands in it, or that there is none.
pub fn names(store: &Path, uid: u32) -> Option<String> {
    let target = std::fs::read_link(entry(store, uid)).ok()?;
    Some(target.into_os_string().into_string().expect("names in ASCII"))
}

/// All files of a store, without the index.
pub fn files(store: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(store).expect("a store");
    let paths = entries.map(|entry| entry.expect("as it was made").path());
    let mut files: Vec<_> = paths.filter(|path| !path.ends_with("uid")).collect();
    files.sort();
    files
}

/// Adds a user, as an enrolment does.
pub fn add(store: &Path, user: &User) {
    let (before, name) = (names(store, user.uid), user.name.encoded());
    if before.as_ref().is_some_and(|names| names.split('/').any(|it| it == name)) {
        return;
    }
    let target = before.map_or_else(|| name.clone(), |names| format!("{names}/{name}"));
    let new = store.join("uid").join(format!(".{name}"));
    std::os::unix::fs::symlink(target, &new).expect("a store with an index");
    std::fs::rename(new, entry(store, user.uid)).expect("in the same directory");
}
