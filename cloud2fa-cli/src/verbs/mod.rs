//! The verbs: each looks whether it may, does one operation on the store, and says so.

mod enable;
mod verify;

use crate::arguments::{Arguments, Target, Verb};
use crate::caller::{self, require_root};
use crate::dialogue::{Dialogue, Done, Row};
use crate::failure::{Failure, Kind};
use crate::machine;
use cloud2fa::store::{Basis, Listed, OldCopy};
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
        Verb::Init => init(arguments, dialogue),
        Verb::List => list(arguments, dialogue),
        Verb::Unlock(named) => unlock(arguments, named.name(), dialogue),
    }
}

fn status(
    arguments: &Arguments,
    target: &Target,
    dialogue: &mut dyn Dialogue,
) -> Result<ExitCode, Failure> {
    let mut store = store_of_root(arguments)?;
    let user = caller::resolve_recorded(target, &mut store)?;
    let standing = store.status(&user, &machine::now)?;
    dialogue.status(user.name.as_str(), &standing)?;
    Ok(ExitCode::SUCCESS)
}

fn regenerate(
    arguments: &Arguments,
    target: &Target,
    dialogue: &mut dyn Dialogue,
) -> Result<ExitCode, Failure> {
    let (user, mut store) = begin_asking(arguments, target, dialogue)?;
    let Standing::Enrolled(generation, _) = store.status(&user, &machine::now)? else {
        return Err(StoreError::NotEnrolled(user.name).into());
    };
    let issued = store.regenerate_backup_codes(&user, &generation, &machine::now)?;
    warn_of(&issued.old_copy, &user);
    dialogue.done(user.name.as_str(), &Done::Regenerated(&issued.backup_codes))?;
    Ok(ExitCode::SUCCESS)
}

fn disable(
    arguments: &Arguments,
    target: &Target,
    dialogue: &mut dyn Dialogue,
) -> Result<ExitCode, Failure> {
    let mut store = store_of_root(arguments)?;
    let user = caller::resolve_recorded(target, &mut store)?;
    let basis = match store.status(&user, &machine::now) {
        Ok(Standing::Enrolled(generation, _)) => Basis::Generation(generation),
        Ok(Standing::Disabled(_) | Standing::NeverEnrolled) => {
            return Err(StoreError::NotEnrolled(user.name).into());
        }
        Err(error) => unusable(error)?,
    };
    let old_copy = store.disable(&user, &basis, &machine::now)?;
    warn_of(&old_copy, &user);
    dialogue.done(user.name.as_str(), &Done::Disabled)?;
    Ok(ExitCode::SUCCESS)
}

fn init(arguments: &Arguments, dialogue: &mut dyn Dialogue) -> Result<ExitCode, Failure> {
    require_root()?;
    let config = machine::config(arguments)?;
    let new = FileStore::init(&config.state_dir, machine::ROOT)?;
    dialogue.initialised(&config.state_dir, new)?;
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
    let mut is_known = true;
    let standing = standing.map_err(Failure::from).and_then(|standing| {
        match caller::find(name.as_str()) {
            Ok(user) if user.name == name && Some(user.uid) != uid => {
                // The store says what it says to this user.
                Ok(store.status(&user, &machine::now)?)
            }
            Err(failure) if failure.kind != Kind::UnknownUser => Err(failure),
            found => {
                is_known = found.is_ok_and(|user| user.name == name);
                Ok(standing)
            }
        }
    });
    Row { user: name.to_string(), standing, is_known }
}

fn unlock(
    arguments: &Arguments,
    name: &str,
    dialogue: &mut dyn Dialogue,
) -> Result<ExitCode, Failure> {
    let mut store = store_of_root(arguments)?;
    let user = caller::find_recorded(name, &mut store)?;
    store.unlock(&user, &machine::now)?;
    dialogue.done(user.name.as_str(), &Done::Unlocked)?;
    Ok(ExitCode::SUCCESS)
}

/// The store, for root alone.
fn store_of_root(arguments: &Arguments) -> Result<FileStore, Failure> {
    require_root()?;
    machine::store(&machine::config(arguments)?)
}

/// What a verb begins with that asks for codes or shows them.
fn begin_asking(
    arguments: &Arguments,
    target: &Target,
    dialogue: &dyn Dialogue,
) -> Result<(User, FileStore), Failure> {
    let user = caller::resolve(target)?;
    require_root()?;
    dialogue.require_interactive()?;
    Ok((user, machine::store(&machine::config(arguments)?)?))
}

/// Root may write over a record that cannot be used; nothing else that is wrong is passed over.
fn unusable(error: StoreError) -> Result<Basis, StoreError> {
    if error.is_about_one_record() { Ok(Basis::Unusable) } else { Err(error) }
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
