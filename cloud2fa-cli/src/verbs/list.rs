//! `list`: all who are enrolled, and what the system says to their names.

use super::store_of_root;
use crate::arguments::Arguments;
use crate::caller;
use crate::dialogue::{Dialogue, Row};
use crate::failure::{Failure, Kind};
use crate::machine;
use cloud2fa::store::{Listed, walk};
use cloud2fa::{Store, User};
use std::process::ExitCode;

pub fn run(arguments: &Arguments, dialogue: &mut dyn Dialogue) -> Result<ExitCode, Failure> {
    let mut store = store_of_root(arguments)?;
    let mut rows = Vec::new();
    walk(&mut store, &machine::now, |store, listed| {
        if listed.standing.as_ref().map_or(true, |found| found.status().is_some()) {
            rows.push(row(listed, store));
        }
        Ok::<(), Failure>(())
    })?;
    dialogue.list(&rows)?;
    if !store.index_is_complete()? {
        eprintln!(
            "cloud2fa: warning: the store's index of uids is not complete; `cloud2fa init` completes it"
        );
    }
    // Records that cannot be used refuse their users' logins: somebody must look.
    let all_usable = rows.iter().all(|row| row.standing.is_ok());
    Ok(if all_usable { ExitCode::SUCCESS } else { Kind::Unavailable.exit_code() })
}

/// What the system says to a record: its user may be gone, or be another one by now.
pub fn row(listed: Listed, store: &mut dyn Store) -> Row {
    let Listed { name, uid, standing } = listed;
    let (mut is_known, mut renamed_to) = (true, None);
    let standing = standing.map_err(Failure::from).and_then(|standing| {
        match caller::find(name.as_str()) {
            Ok(user) if user.name == name && Some(user.uid) != uid => {
                // The store says what it says to this user.
                Ok(store.status(&user, &machine::now)?)
            }
            Err(failure) if failure.kind != Kind::UnknownUser => Err(failure),
            Err(_) => {
                is_known = false;
                renamed_to = uid.and_then(|uid| unenrolled_of(uid, store));
                Ok(standing)
            }
            Ok(user) => {
                is_known = user.name == name;
                Ok(standing)
            }
        }
    });
    Row { user: name.to_string(), uid, standing, is_known, renamed_to }
}

/// The name that the system has for this uid, if it is not enrolled.
fn unenrolled_of(uid: u32, store: &mut dyn Store) -> Option<String> {
    let user = User::try_from(nix::unistd::User::from_uid(uid.into()).ok()??).ok()?;
    let is_enrolled = store.status(&user, &machine::now).ok()?.status().is_some();
    (!is_enrolled).then(|| user.name.to_string())
}
