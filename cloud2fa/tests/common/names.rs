//! A system's users as a test has them, and records of users in numbers.

#![allow(missing_docs, dead_code)]

use super::house::{self, House};
use cloud2fa::store::{Challenge, Challenged};
use cloud2fa::{FileStore, Known, Names, StoreError, User, UserName, Verifier};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Says what it is told to say, and of all others that there are none. Counts what it is asked.
#[derive(Default)]
pub struct System {
    known: BTreeMap<String, Known>,
    pub asked: Cell<u32>,
}

impl System {
    pub fn of(known: &[(&str, Known)]) -> Self {
        let known = known.iter().map(|(name, known)| ((*name).to_owned(), *known)).collect();
        Self { known, asked: Cell::default() }
    }

    /// Users who have this uid all.
    pub fn sharing(uid: u32, names: &[&str]) -> Self {
        Self::of(&names.iter().map(|name| (*name, Known::Uid(uid))).collect::<Vec<_>>())
    }
}

impl Names for System {
    fn uid_of(&self, name: &UserName) -> Known {
        self.asked.set(self.asked.get() + 1);
        self.known.get(name.as_str()).copied().unwrap_or(Known::NoSuchUser)
    }
}

/// Panics when it is asked.
pub struct Untouched;

impl Names for Untouched {
    fn uid_of(&self, name: &UserName) -> Known {
        panic!("the system was asked for {name}")
    }
}

/// Alice's record, as text.
pub fn record() -> String {
    let (house, _) = House::with_a_copy_of_alice();
    house::newest(&house.bytes()).2
}

/// Puts an enrolled record of `user` into the store at `path`, and nothing into the index.
pub fn put(path: &Path, record: &str, user: &User) {
    let text = record
        .replace("user = \"alice\"", &format!("user = \"{}\"", user.name))
        .replace("uid = 1000", &format!("uid = {}", user.uid));
    let file = path.join(format!("{}.account", user.name.encoded()));
    std::fs::write(&file, house::file_of(house::FORMAT, 1, &text)).unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
}

/// The same, and into the index.
pub fn enrol(house: &House, name: &str, uid: u32) {
    put(&house.path(), &record(), &house::user(name, uid));
    let entry = house.path().join(format!("uid/{uid}"));
    let before = std::fs::read_link(&entry).ok().map(|it| it.to_str().unwrap().to_owned());
    let _ = std::fs::remove_file(&entry);
    let target = before.map_or_else(|| name.to_owned(), |before| format!("{before}/{name}"));
    std::os::unix::fs::symlink(target, entry).unwrap();
}

/// The marker of a version without an index, in one step: others may read it meanwhile.
pub fn make_older(path: &Path) {
    let written = path.join("older");
    std::fs::write(&written, "format = 1\nid = \"00\"\n").unwrap();
    std::fs::set_permissions(&written, Permissions::from_mode(0o600)).unwrap();
    std::fs::rename(written, path.join(".store")).unwrap();
}

/// Whose enrolment is asked of `user`, and whether there is one.
pub fn find(
    store: &mut FileStore,
    user: &User,
    names: &dyn Names,
) -> Result<(String, bool), StoreError> {
    let Challenged { whose, challenge } = store.find(user, names, &|| house::NOW)?;
    assert_eq!(whose.uid, user.uid);
    Ok((whose.name.to_string(), challenge != Challenge::NotEnrolled))
}
