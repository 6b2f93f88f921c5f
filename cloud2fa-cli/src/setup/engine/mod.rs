//! Makes a change, lets it stay, or takes it back. Each step may be the last one: what the journal says is
//! what must be taken back, and to take back twice is to take back once.

mod outcome;

pub use outcome::{Left, NotMade};

use crate::language::WORDS;
use crate::setup::block;
use crate::setup::files;
use crate::setup::found;
use crate::setup::journal::{Change, Changed, Journal, Unconfirmed};
use crate::setup::plan::{Edit, Plan};
use crate::setup::service::Service;
use std::fs::File;
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// What holds programs of this kind off each other.
const LOCK: &str = "/run/cloud2fa-setup.lock";

/// Permissions of group and others.
const OTHERS: u32 = 0o077;

/// What must be told of a change of files.
pub trait Reload {
    /// Fails if the service of this machine cannot use its files as they are now.
    fn check(&self, service: Service) -> io::Result<()>;

    /// Lets the service go by them.
    fn reload(&self, service: Service) -> io::Result<()>;
}

/// The changes of one machine, locked.
pub struct Engine<'a> {
    journal: PathBuf,
    machine: &'a dyn Reload,
    _lock: Option<File>,
}

/// How long to wait for the lock: the watch has it for a moment, again and again, and so has whoever changes
/// something. Nobody holds it while a person is asked.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between tries.
const PAUSE: Duration = Duration::from_millis(50);

impl<'a> Engine<'a> {
    /// Like [`Engine::try_open`], after a while.
    pub fn open(journal: &Path, machine: &'a dyn Reload) -> io::Result<Option<Self>> {
        let begin = Instant::now();
        loop {
            let engine = Self::try_open(journal, machine)?;
            if engine.is_some() || begin.elapsed() > PATIENCE {
                return Ok(engine);
            }
            sleep(PAUSE);
        }
    }

    /// That of this machine. `None` if somebody else has it.
    pub fn try_open(journal: &Path, machine: &'a dyn Reload) -> io::Result<Option<Self>> {
        let lock = lock_file()?;
        match lock.try_lock() {
            Ok(()) => {
                files::remove_left_over(journal)?;
                Ok(Some(Self::of(journal, machine, Some(lock))))
            }
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(error)) => Err(error),
        }
    }

    fn of(journal: &Path, machine: &'a dyn Reload, lock: Option<File>) -> Self {
        Self { journal: journal.to_owned(), machine, _lock: lock }
    }

    /// What was changed.
    pub fn journal(&self) -> io::Result<Journal> {
        Journal::read(&self.journal)
    }

    /// Makes a change that stays.
    pub fn apply(&self, plan: &Plan, unconfirmed: Option<Unconfirmed>) -> Result<(), NotMade> {
        self.announce(plan, unconfirmed)?;
        self.write(plan)
    }

    /// Makes a change that is taken back unless it is confirmed, by whoever `start_watch` starts. The outer error
    /// is its: then nothing is changed.
    pub fn apply_watched(
        &self,
        plan: &Plan,
        unconfirmed: Unconfirmed,
        start_watch: &dyn Fn() -> io::Result<()>,
    ) -> io::Result<Result<(), NotMade>> {
        if let Err(not_made) = self.announce(plan, Some(unconfirmed)) {
            return Ok(Err(not_made));
        }
        if let Err(error) = start_watch() {
            self.forget(plan.service)?;
            return Err(error);
        }
        Ok(self.write(plan))
    }

    /// Writes the change into the journal, before any file is changed.
    fn announce(&self, plan: &Plan, unconfirmed: Option<Unconfirmed>) -> Result<(), NotMade> {
        let mut journal = self.journal().map_err(NotMade::Failed)?;
        for edit in &plan.edits {
            if files::text(&edit.path).map_err(NotMade::Failed)? != edit.before {
                return Err(NotMade::EditedMeanwhile(edit.path.clone()));
            }
        }
        let changed =
            |edit: &Edit| Changed { path: edit.path.clone(), is_new: edit.before.is_none() };
        let files = plan.edits.iter().map(changed).collect();
        // With two of them, to take the later one back would take both.
        if journal.of(plan.service).is_some() {
            return Err(NotMade::SetUpBefore);
        }
        journal.changes.push(Change { service: plan.service, files, unconfirmed });
        journal.write(&self.journal).map_err(NotMade::Failed)
    }

    /// Takes a change out of the journal that was not begun.
    fn forget(&self, service: Service) -> io::Result<()> {
        let mut journal = self.journal()?;
        journal.changes.retain(|change| change.service != service);
        journal.write(&self.journal)
    }

    fn write(&self, plan: &Plan) -> Result<(), NotMade> {
        let service = plan.service;
        let write = |edit: &Edit| files::write_text(&edit.path, &edit.after);
        let made = plan.edits.iter().try_for_each(write);
        let checked = made.and_then(|()| self.machine.check(service));
        checked.and_then(|()| self.machine.reload(service)).map_err(|error| {
            match self.take_back(service) {
                Ok(()) => NotMade::Failed(error),
                Err(left) => {
                    // If that fails, too, the watch does so when the time is over.
                    let _ = self.give_up(service);
                    NotMade::Left(error, left.or_in_any_of(&plan.edits))
                }
            }
        })
    }

    /// Leaves no more time to confirm a change.
    fn give_up(&self, service: Service) -> io::Result<()> {
        let mut journal = self.journal()?;
        for change in journal.changes.iter_mut().filter(|change| change.service == service) {
            if let Some(unconfirmed) = &mut change.unconfirmed {
                unconfirmed.until = 0;
            }
        }
        journal.write(&self.journal)
    }

    /// Lets the change of a service stay.
    pub fn keep(&self, service: Service) -> io::Result<()> {
        let mut journal = self.journal()?;
        // They may be out, and the service may not go by that yet.
        let files = journal.of(service).into_iter().flat_map(|change| &change.files);
        if !files.map(|file| stands_in(&file.path)).all(|stands| matches!(stands, Ok(true))) {
            return Err(io::Error::other(WORDS.setup_failures.lines_are_out));
        }
        for change in journal.changes.iter_mut().filter(|change| change.service == service) {
            change.unconfirmed = None;
        }
        journal.write(&self.journal)
    }

    /// Takes our lines out of the files of a service, and nothing else.
    pub fn take_back(&self, service: Service) -> Result<(), Left> {
        self.take_out(service, false)
    }

    /// The same, because nobody has confirmed it: that is remembered until somebody has looked.
    pub fn expire(&self, service: Service) -> Result<(), Left> {
        self.take_out(service, true)
    }

    /// The files come first: a disk that is full takes no notes, and must not keep anybody out.
    fn take_out(&self, service: Service, is_expired: bool) -> Result<(), Left> {
        let lines = |files: &[Changed]| {
            let paths: Vec<_> = files.iter().map(|file| file.path.clone()).collect();
            |error| Left::Lines(paths, error)
        };
        let mut journal = self.journal().map_err(lines(&[]))?;
        let Some(change) = journal.of(service) else { return Ok(()) };
        for (number, file) in change.files.iter().enumerate().rev() {
            take_out_of(file).map_err(lines(&change.files[..=number]))?;
        }
        self.machine.reload(service).map_err(Left::Effect)?;
        journal.changes.retain(|change| change.service != service);
        if is_expired && !journal.taken_back.contains(&service) {
            journal.taken_back.push(service);
        }
        journal.write(&self.journal).map_err(Left::Effect)
    }

    /// Makes the journal anew that cannot be read: from what was read before, or from our lines.
    pub fn write_anew(&self, before: Option<&Journal>) -> io::Result<Journal> {
        let journal = match before {
            Some(before) => before.clone(),
            None => found::journal(&found::files())?,
        };
        journal.write(&self.journal)?;
        Ok(journal)
    }

    /// Somebody has looked at what was taken back.
    pub fn forget_taken_back(&self) -> io::Result<()> {
        let mut journal = self.journal()?;
        if journal.taken_back.is_empty() {
            return Ok(());
        }
        journal.taken_back.clear();
        journal.write(&self.journal)
    }
}

/// The file that is locked. It is root's alone: whoever may open it may lock it, for as long as it pleases.
fn lock_file() -> io::Result<File> {
    loop {
        let lock = File::options().create(true).append(true).mode(0o600).open(LOCK)?;
        let about = lock.metadata()?;
        if about.uid() == 0 && about.mode() & OTHERS == 0 {
            return Ok(lock);
        }
        std::fs::remove_file(LOCK)?;
    }
}

/// Whether our lines are in a file.
fn stands_in(path: &Path) -> io::Result<bool> {
    Ok(files::text(path)?.is_some_and(|text| block::is_in(&text)))
}

fn take_out_of(file: &Changed) -> io::Result<()> {
    files::remove_left_over(&file.path)?;
    let Some(text) = files::text(&file.path)? else { return Ok(()) };
    let rest = block::without(&text);
    if file.is_new && rest.trim().is_empty() {
        return files::remove(&file.path);
    }
    if rest == text {
        return Ok(());
    }
    match files::write_text(&file.path, &rest) {
        // It has become shorter, so that there is room for it where it is.
        Err(error) if error.kind() == io::ErrorKind::StorageFull => {
            files::write_in_place(&file.path, &rest)
        }
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests;
