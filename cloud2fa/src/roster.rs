//! All who have a record, and what the system says to their names: they may be gone, or be others by now.

use crate::names::Users;
use crate::store::{Listed, Standing, Store, StoreError};
use crate::time::Clock;
use crate::user::UserName;
use nix::errno::Errno;

/// Somebody who has a record.
#[derive(Debug)]
pub struct Person {
    /// Whose record it is.
    pub name: UserName,
    /// The uid in it. `None` if it cannot be used.
    pub uid: Option<u32>,
    /// How the user stands, or why that cannot be said.
    pub standing: Result<Standing, Unsayable>,
    /// Whether the system has a user of that name.
    pub is_known: bool,
    /// Who has the uid now and is not enrolled: the same person by another name, or somebody else.
    pub renamed_to: Option<UserName>,
}

/// Why it cannot be said how somebody stands.
#[derive(Debug, thiserror::Error)]
pub enum Unsayable {
    /// The record cannot be used.
    #[error(transparent)]
    Record(#[from] StoreError),
    /// The system could not be asked for the name.
    #[error("the system's user database cannot be asked for {name:?} ({1})", name = .0.as_str())]
    Name(UserName, Errno),
}

/// Walks all records that are `wanted`, in the order of names. Not all of them are in memory at once, and
/// the system is not asked for the others.
pub fn walk<E: From<StoreError>>(
    store: &mut dyn Store,
    users: &mut dyn Users,
    clock: Clock<'_>,
    wanted: impl Fn(&Listed) -> bool,
    mut each: impl FnMut(Person) -> Result<(), E>,
) -> Result<(), E> {
    let mut page = store.names_after(None)?;
    while let Some(last) = page.last().cloned() {
        users.expect(&page);
        for name in page {
            if let Some(listed) = store.record(&name, clock).filter(&wanted) {
                each(person(listed, store, users, clock))?;
            }
        }
        page = store.names_after(Some(&last))?;
    }
    Ok(())
}

/// What the system says to a record.
fn person(listed: Listed, store: &mut dyn Store, users: &dyn Users, clock: Clock<'_>) -> Person {
    let Listed { name, uid, standing } = listed;
    let (mut is_known, mut renamed_to) = (true, None);
    let standing = standing.map_err(Unsayable::from).and_then(|standing| {
        match users.by_name(&name) {
            Ok(Some(user)) if user.name == name && Some(user.uid) != uid => {
                // The store says what it says to this user.
                Ok(store.status(&user, clock)?)
            }
            Ok(Some(user)) => {
                is_known = user.name == name;
                Ok(standing)
            }
            Ok(None) => {
                is_known = false;
                renamed_to = uid.and_then(|uid| unenrolled_of(uid, store, users, clock));
                Ok(standing)
            }
            Err(errno) => Err(Unsayable::Name(name.clone(), errno)),
        }
    });
    Person { name, uid, standing, is_known, renamed_to }
}

/// The name that the system has for this uid, if it is not enrolled.
fn unenrolled_of(
    uid: u32,
    store: &mut dyn Store,
    users: &dyn Users,
    clock: Clock<'_>,
) -> Option<UserName> {
    let user = users.by_uid(uid).ok()??;
    let is_enrolled = store.status(&user, clock).ok()?.status().is_some();
    (!is_enrolled).then_some(user.name)
}
