//! The verbs: each looks whether it may, does one operation on the store, and says so.

mod authorise;
pub mod doctor;
mod enable;
mod init;
mod tries;
mod verify;
mod write_back;

pub use write_back::WentBack;

use authorise::change;

use crate::arguments::{Arguments, Target, Verb};
use crate::caller::{self, require_root};
use crate::dialogue::{Dialogue, Done, Row};
use crate::failure::{Failure, Kind};
use crate::{log, machine};
use cloud2fa::log::Decision;
use cloud2fa::manage::{Caller, Manager, StoreManager};
use cloud2fa::service::Client;
use cloud2fa::store::{Disabled, Issued, Listed, OldCopy};
use cloud2fa::{FileStore, Standing, Store, StoreError, User};
use std::process::ExitCode;

/// Runs the verb.
pub fn run(arguments: &Arguments, dialogue: &mut dyn Dialogue) -> Result<ExitCode, Failure> {
    match &arguments.verb {
        Verb::Enable(how) => enable::run(arguments, how, dialogue),
        Verb::Status(target) => status(arguments, target, dialogue),
        Verb::Regenerate(target) => regenerate(arguments, target, dialogue),
        Verb::Disable(target) => disable(arguments, target, dialogue),
        Verb::Verify(target) => verify::run(arguments, target, dialogue),
        Verb::Init(how) => init::run(arguments, how, dialogue),
        Verb::List => list(arguments, dialogue),
        Verb::Unlock(named) => unlock(arguments, named.name(), dialogue),
        Verb::Doctor => doctor::run(arguments, dialogue),
    }
}

fn status(
    arguments: &Arguments,
    target: &Target,
    dialogue: &mut dyn Dialogue,
) -> Result<ExitCode, Failure> {
    let (user, mut manager) = manager(arguments, target)?;
    let standing = manager.status(&user, &machine::now)?;
    dialogue.status(user.name.as_str(), &standing)?;
    Ok(ExitCode::SUCCESS)
}

fn regenerate(
    arguments: &Arguments,
    target: &Target,
    dialogue: &mut dyn Dialogue,
) -> Result<ExitCode, Failure> {
    let (user, mut manager) = manager(arguments, target)?;
    dialogue.require_interactive()?;
    require_enrolled(&user, &manager.status(&user, &machine::now)?)?;
    let issued = change(&user, &mut *manager, dialogue, |manager, current| {
        manager.regenerate_backup_codes(&user, current, &machine::now)
    })?;
    let Issued { backup_codes, old_copy, cleared } = issued;
    log::change("RegenerateBackupCodes", &user, Decision::Regenerated, &old_copy, cleared);
    warn_of(&old_copy, &user);
    dialogue.done(user.name.as_str(), &Done::Regenerated(&backup_codes), cleared)?;
    Ok(ExitCode::SUCCESS)
}

fn disable(
    arguments: &Arguments,
    target: &Target,
    dialogue: &mut dyn Dialogue,
) -> Result<ExitCode, Failure> {
    let (user, mut manager) = manager(arguments, target)?;
    // A record that cannot be used is root's to do away with; the manager decides on that.
    if let Ok(standing) = manager.status(&user, &machine::now) {
        require_enrolled(&user, &standing)?;
    }
    let Disabled { old_copy, cleared } =
        change(&user, &mut *manager, dialogue, |manager, current| {
            manager.disable(&user, current, &machine::now)
        })?;
    log::change("Disable", &user, Decision::Disabled, &old_copy, cleared);
    warn_of(&old_copy, &user);
    dialogue.done(user.name.as_str(), &Done::Disabled, cleared)?;
    Ok(ExitCode::SUCCESS)
}

fn list(arguments: &Arguments, dialogue: &mut dyn Dialogue) -> Result<ExitCode, Failure> {
    let mut store = store_of_root(arguments)?;
    let listed = store.list(&machine::now)?.into_iter();
    let enrolled = listed
        .filter(|listed| listed.standing.as_ref().map_or(true, |found| found.status().is_some()));
    let rows: Vec<_> = enrolled.map(|listed| row(listed, &mut store)).collect();
    dialogue.list(&rows)?;
    // Records that cannot be used refuse their users' logins: somebody must look.
    let all_usable = rows.iter().all(|row| row.standing.is_ok());
    Ok(if all_usable { ExitCode::SUCCESS } else { Kind::Unavailable.exit_code() })
}

/// What the system says to a record: its user may be gone, or be another one by now.
fn row(listed: Listed, store: &mut dyn Store) -> Row {
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
    Row { user: name.to_string(), standing, is_known, renamed_to }
}

/// The name that the system has for this uid, if it is not enrolled.
fn unenrolled_of(uid: u32, store: &mut dyn Store) -> Option<String> {
    let user = User::try_from(nix::unistd::User::from_uid(uid.into()).ok()??).ok()?;
    let is_enrolled = store.status(&user, &machine::now).ok()?.status().is_some();
    (!is_enrolled).then(|| user.name.to_string())
}

fn unlock(
    arguments: &Arguments,
    name: &str,
    dialogue: &mut dyn Dialogue,
) -> Result<ExitCode, Failure> {
    let mut store = store_of_root(arguments)?;
    let user = caller::find_recorded(name, &mut store)?;
    let cleared = store.unlock(&user, &machine::now)?;
    log::change("Unlock", &user, Decision::Unlocked, &OldCopy::Wiped, cleared);
    dialogue.done(user.name.as_str(), &Done::Unlocked, cleared)?;
    Ok(ExitCode::SUCCESS)
}

/// The store, for root alone.
fn store_of_root(arguments: &Arguments) -> Result<FileStore, Failure> {
    require_root()?;
    Ok(machine::store(&machine::config(arguments)?)?)
}

/// Whose second factor is meant, and the side that can manage it: the store's files for root,
/// the service for everybody else.
fn manager(arguments: &Arguments, target: &Target) -> Result<(User, Box<dyn Manager>), Failure> {
    let Some(root) = caller::root() else {
        if arguments.config.is_some() {
            let message = "only root can name another configuration: the service has its own";
            return Err(Failure::new(Kind::Usage, message));
        }
        return Ok((caller::resolve(target)?, Box::new(Client::default())));
    };
    let config = machine::config(arguments)?;
    let mut store = machine::store(&config)?;
    let user = match arguments.verb {
        // For these the system must know the user.
        Verb::Enable(_) | Verb::Regenerate(_) | Verb::Verify(_) => caller::resolve(target)?,
        _ => caller::resolve_recorded(target, &mut store)?,
    };
    Ok((user, Box::new(StoreManager::new(store, Caller::Administrator(root), &config))))
}

fn require_enrolled(user: &User, standing: &Standing) -> Result<(), Failure> {
    match standing {
        Standing::Enrolled(..) => Ok(()),
        Standing::Disabled(_) | Standing::NeverEnrolled => {
            Err(StoreError::NotEnrolled(user.name.clone()).into())
        }
    }
}

/// The change is done, but a copy of what was before could not be overwritten.
fn warn_of(old_copy: &OldCopy, user: &User) {
    if let OldCopy::Left(error) = old_copy {
        eprintln!(
            "cloud2fa: warning: the old copy in the account file of {} could not be wiped ({error}); the next change does it",
            user.name
        );
    }
}
