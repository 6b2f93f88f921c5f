//! The verbs: each looks whether it may, does one operation on the store, and says so.

mod authorise;
mod doctor;
mod enable;
mod engine;
mod init;
mod key_only;
mod list;
mod setup;
mod tries;
mod verify;
pub mod write_back;

use authorise::change;

use crate::arguments::{Arguments, Disable, Regenerate, Target, Verb};
use crate::caller::{self, require_root};
use crate::dialogue::{Ahead, Dialogue, Done, NewCodes, codes_page};
use crate::failure::{Failure, Kind};
use crate::language::WORDS;
use crate::new_file::NewFile;
use crate::{asking, input, log, machine};
use cloud2fa::client::Client;
use cloud2fa::log::Decision;
use cloud2fa::manage::{Caller, Manager, StoreManager};
use cloud2fa::names::{Names, Nss};
use cloud2fa::store::{Disabled, Issued, OldCopy};
use cloud2fa::{BackupCode, FileStore, Found, Standing, Store, StoreError, User, Verifier};
use cloud2fa_doctor::{clock_is_kept, is_ahead};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Runs the verb.
pub fn run(arguments: &Arguments, dialogue: &mut dyn Dialogue) -> Result<ExitCode, Failure> {
    match &arguments.verb {
        Verb::Enable(how) => enable::run(arguments, how, dialogue),
        Verb::Status(target) => status(arguments, target, dialogue),
        Verb::Regenerate(how) => regenerate(arguments, how, dialogue),
        Verb::Disable(how) => disable(arguments, how, dialogue),
        Verb::Verify(target) => verify::run(arguments, target, dialogue),
        Verb::Init(how) => init::run(arguments, how, dialogue),
        Verb::List => list::run(arguments, dialogue),
        Verb::Unlock(named) => unlock(arguments, named.name(), dialogue),
        Verb::Setup(how) => setup::run(how, dialogue),
        Verb::Doctor(how) => doctor::run(arguments, how, dialogue),
    }
}

fn status(
    arguments: &Arguments,
    target: &Target,
    dialogue: &mut dyn Dialogue,
) -> Result<ExitCode, Failure> {
    let (user, mut manager) = manager(arguments, target)?;
    let Found { whose, standing } = manager.status(&user, &machine::now)?;
    say_whose(&user, &whose, dialogue)?;
    dialogue.status(user.name.as_str(), &standing, &asking::AskedBy::read())?;
    Ok(ExitCode::SUCCESS)
}

fn regenerate(
    arguments: &Arguments,
    how: &Regenerate,
    dialogue: &mut dyn Dialogue,
) -> Result<ExitCode, Failure> {
    let (user, mut manager) = manager(arguments, &how.target)?;
    dialogue.require_interactive()?;
    let file = how.codes.codes_file.as_deref().map(NewFile::create).transpose()?;
    let Found { whose, standing } = manager.status(&user, &machine::now)?;
    require_enrolled(&user, &standing)?;
    say_whose(&user, &whose, dialogue)?;
    let issued = change(&user, &mut *manager, dialogue, |manager, current| {
        manager.regenerate_backup_codes(&user, current, &machine::now)
    })?;
    let Issued { backup_codes, old_copy, cleared } = issued;
    let change = Decision::Regenerated;
    log::change("RegenerateBackupCodes", &user, &whose, change, &old_copy, cleared);
    let saved = Saved::write(file, &whose, &backup_codes);
    let codes = NewCodes { codes: &backup_codes, file: saved.file() };
    dialogue.done(user.name.as_str(), &Done::Regenerated(codes), cleared)?;
    saved.warn();
    warn_of(&old_copy, &whose);
    Ok(ExitCode::SUCCESS)
}

fn disable(
    arguments: &Arguments,
    how: &Disable,
    dialogue: &mut dyn Dialogue,
) -> Result<ExitCode, Failure> {
    let (user, mut manager) = manager(arguments, &how.target)?;
    // A record that cannot be used is root's to do away with; the manager decides on that.
    let mut whose = user.clone();
    if let Ok(found) = manager.status(&user, &machine::now) {
        require_enrolled(&user, &found.standing)?;
        whose = found.whose;
        say_whose(&user, &whose, dialogue)?;
    }
    let refused_by = asking::refusing_without();
    if !how.yes
        && !refused_by.is_empty()
        && !dialogue.agrees_to_be_refused(whose.name.as_str(), &refused_by)?
    {
        return Err(Failure::new(Kind::Interrupted, WORDS.failures.left_as_it_was));
    }
    let Disabled { old_copy, cleared } =
        change(&user, &mut *manager, dialogue, |manager, current| {
            manager.disable(&user, current, &machine::now)
        })?;
    log::change("Disable", &user, &whose, Decision::Disabled, &old_copy, cleared);
    dialogue.done(user.name.as_str(), &Done::Disabled(&refused_by), cleared)?;
    warn_of(&old_copy, &whose);
    Ok(ExitCode::SUCCESS)
}

fn unlock(
    arguments: &Arguments,
    name: &str,
    dialogue: &mut dyn Dialogue,
) -> Result<ExitCode, Failure> {
    let mut store = store_of_root(arguments)?;
    let (user, names) = caller::find_recorded(name, &mut store)?;
    let whose = store.whose(&user, &*names)?;
    let cleared = store.unlock(&whose, &machine::now)?;
    say_whose(&user, &whose, dialogue)?;
    log::change("Unlock", &user, &whose, Decision::Unlocked, &OldCopy::Wiped, cleared);
    let ahead = clock_was_ahead(&mut store, &whose, arguments)?;
    dialogue.done(user.name.as_str(), &Done::Unlocked(ahead), cleared)?;
    Ok(ExitCode::SUCCESS)
}

/// What unlocking does not help against.
fn clock_was_ahead(
    store: &mut dyn Store,
    whose: &User,
    arguments: &Arguments,
) -> Result<Option<Ahead>, Failure> {
    let now = machine::now();
    let standing = store.status(whose, &machine::now)?;
    let until = standing.status().map(|it| it.last_used.unwrap_or(it.since).max(it.since));
    let skew = machine::config(arguments)?.skew;
    let until = until.filter(|until| is_ahead(*until, now, skew));
    Ok(until.map(|until| Ahead { until, is_right_now: clock_is_kept() }))
}

/// For who sits at a terminal and sees nothing happen. Nothing is asked of the service yet, so that Ctrl-C
/// may end this program.
fn while_it_is_slow(seconds: u32) {
    if seconds == 2 && std::io::stderr().is_terminal() {
        eprintln!("{}", WORDS.results.waiting_for_the_service);
    }
    input::let_signals_in();
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
            return Err(Failure::new(Kind::Usage, WORDS.failures.not_root_and_configuration));
        }
        return Ok((caller::resolve(target)?, Box::new(Client::doing(while_it_is_slow))));
    };
    let config = machine::config(arguments)?;
    let mut store = machine::store(&config)?;
    let (user, names): (User, Box<dyn Names>) = match arguments.verb {
        // For these the system must know the user.
        Verb::Enable(_) | Verb::Regenerate(_) | Verb::Verify(_) => {
            (caller::resolve(target)?, Box::new(Nss))
        }
        _ => caller::resolve_recorded(target, &mut store)?,
    };
    let caller = Caller::Administrator(root);
    Ok((user, Box::new(StoreManager::new(store, caller, names, &config))))
}

/// Says whose enrolment it is, where it is another name's than was asked for.
fn say_whose(user: &User, whose: &User, dialogue: &mut dyn Dialogue) -> Result<(), Failure> {
    if user == whose {
        return Ok(());
    }
    dialogue.about(user.name.as_str(), whose.name.as_str())
}

fn require_enrolled(user: &User, standing: &Standing) -> Result<(), Failure> {
    match standing {
        Standing::Enrolled(..) => Ok(()),
        Standing::Disabled(_) | Standing::NeverEnrolled => {
            Err(StoreError::NotEnrolled(user.name.clone()).into())
        }
    }
}

/// The file that backup codes are in, or why they are not and must be shown. Nothing of both where no file was
/// asked for.
struct Saved(Option<Result<PathBuf, Failure>>);

impl Saved {
    /// Writes new backup codes into the file that was asked for.
    fn write(file: Option<NewFile>, user: &User, codes: &[BackupCode]) -> Self {
        Self(file.map(|mut file| {
            let written = file.write(&codes_page::page(user.name.as_str(), codes));
            written.map(|()| file.keep())
        }))
    }

    fn file(&self) -> Option<&Path> {
        self.0.as_ref()?.as_deref().ok()
    }

    /// Says what has failed, where nothing covers it any more.
    fn warn(&self) {
        if let Some(Err(failure)) = &self.0 {
            eprintln!("cloud2fa: {failure}");
        }
    }
}

/// The change is done, but a copy of what was before could not be overwritten.
fn warn_of(old_copy: &OldCopy, user: &User) {
    if let OldCopy::Left(error) = old_copy {
        let warning = (WORDS.results.old_copy_is_left)(user.name.as_str(), error);
        eprintln!("cloud2fa: {warning}");
    }
}
