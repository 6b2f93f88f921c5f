//! The embedded store: one file a user in one directory. A change is one slot, overwritten
//! in place and synchronised, under the lock of the user's file.

use super::directory::{Access, AccountFile, Created, Directory, Remains, io_error};
use super::lock::while_locked;
use super::shield::Shield;
use super::slots::{self, BadSlots, FILE_SIZE, FileContent, SLOT_SIZE};
use super::{Basis, Issued, Listed, OldCopy, Standing, Store, StoreError, record};
use crate::account::{Enrolment, SpentCodes, Usage};
use crate::backup_codes::{BackupCodeSet, HashMemory};
use crate::decide::Claim;
use crate::time::Clock;
use crate::{
    Account, Answer, Generation, Policy, ProvenEnrolment, Purpose, User, UserName, Verdict, decide,
};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use zeroize::Zeroizing;

/// The embedded store.
pub struct FileStore {
    directory: Directory,
    policy: Policy,
    memory: Box<dyn HashMemory>,
}

/// An account as it was read, and where the next commit goes.
struct Loaded {
    account: Account,
    /// The slot that holds it.
    index: usize,
    sequence: u64,
}

impl FileStore {
    /// Opens the store in the directory `path`, which must be `owner`'s alone. `memory` is for hashing backup codes.
    pub fn open(
        path: &Path,
        owner: u32,
        policy: Policy,
        memory: Box<dyn HashMemory>,
    ) -> Result<Self, StoreError> {
        Ok(Self { directory: Directory::open(path, owner)?, policy, memory })
    }

    /// Makes an empty store in the directory `path`. Says whether there was none before.
    pub fn init(path: &Path, owner: u32) -> Result<bool, StoreError> {
        Directory::init(path, owner)
    }

    /// The record of `user`, without the lock: for a look before.
    fn peek(
        &self,
        user: &User,
        access: Access,
    ) -> Result<Option<(AccountFile, Account)>, StoreError> {
        let Some(file) = self.directory.account(&user.name, access)? else { return Ok(None) };
        let account = match load(&file) {
            Ok(loaded) => loaded.account,
            // Two commits during one read can tear both copies; under the lock nobody commits.
            Err(StoreError::Damaged { .. }) => {
                while_locked(&file.file, &file.path, || load(&file))?.account
            }
            Err(error) => return Err(error),
        };
        Ok(Some((file, account)))
    }

    /// The same, for a user whose uid must fit.
    fn peek_own(
        &self,
        user: &User,
        access: Access,
    ) -> Result<Option<(AccountFile, Account)>, StoreError> {
        let found = self.peek(user, access)?;
        if let Some((file, account)) = &found {
            check_owner(account, user, file)?;
        }
        Ok(found)
    }

    /// Reads the account under the lock and lets `change` say what it becomes; commits that, if anything.
    fn update<T>(
        &self,
        user: &User,
        file: &AccountFile,
        wipe: Wipe,
        change: impl FnOnce(&Account) -> Result<(T, Option<Account>), StoreError>,
    ) -> Result<(T, OldCopy), StoreError> {
        while_locked(&file.file, &file.path, || {
            file.check(self.directory.owner())?;
            let loaded = load(file)?;
            check_owner(&loaded.account, user, file)?;
            let (outcome, account) = change(&loaded.account)?;
            let Some(account) = account else { return Ok((outcome, OldCopy::Wiped)) };
            let sequence = next_sequence(loaded.sequence, file)?;
            let slot = encode(sequence, &account, &file.path)?;
            commit(file, 1 - loaded.index, &slot)?;
            let old_copy = match wipe {
                Wipe::No => OldCopy::Wiped,
                Wipe::OldCopy => wiped(commit(file, loaded.index, &slot)),
            };
            Ok((outcome, old_copy))
        })
    }

    /// Hashes a backup code outside the lock, under the salt that the account has now.
    fn claim(&mut self, answer: &Answer, account: &Account) -> Result<Option<Claim>, StoreError> {
        Ok(match (answer, &account.enrolment) {
            (_, None) => None,
            (Answer::Token(token), Some(_)) => Some(Claim::Token(token.clone())),
            (Answer::BackupCode(code), Some(enrolment)) => {
                let hash = enrolment.backup_codes.recipe().hash(code, &mut *self.memory)?;
                Some(Claim::BackupCode(hash))
            }
        })
    }

    /// Writes `account` where nothing usable stands: a new file, or all of an unusable one.
    fn write_over(&self, account: &Account) -> Result<OldCopy, StoreError> {
        let name = &account.user.name;
        match self.directory.remains(name)? {
            Remains::Nothing => self.create(account).map(|()| OldCopy::Wiped),
            Remains::File(file) => while_locked(&file.file, &file.path, || {
                let usable = file.check(self.directory.owner()).and_then(|()| load(&file));
                if usable
                    .is_ok_and(|loaded| check_owner(&loaded.account, &account.user, &file).is_ok())
                {
                    return Err(StoreError::Changed(name.clone()));
                }
                let sequence =
                    slots::highest_sequence(&read_any(&file)?).checked_add(1).unwrap_or(1);
                let slot = encode(sequence, account, &file.path)?;
                file.put_in_order(self.directory.owner())?;
                commit(&file, 0, &slot)?;
                Ok(wiped(commit(&file, 1, &slot)))
            }),
        }
    }

    /// Makes the file of a user who has none.
    fn create(&self, account: &Account) -> Result<(), StoreError> {
        let path = self.directory.account_path(&account.user.name);
        let slot = encode(1, account, &path)?;
        let content = Zeroizing::new([&slot[..], &slot[..]].concat());
        match self.directory.create_account(&account.user.name, &content)? {
            Created::Yes => Ok(()),
            Created::ExistsAlready => Err(StoreError::Changed(account.user.name.clone())),
        }
    }

    /// Brings a new state of `user` into the store, if `basis` is still what is there.
    /// `renew` makes it of the usage that is carried over.
    fn replace(
        &self,
        user: &User,
        basis: &Basis,
        renew: impl FnOnce(Usage) -> Result<Account, StoreError>,
    ) -> Result<OldCopy, StoreError> {
        match basis {
            Basis::Unusable => self.write_over(&renew(Usage::default())?),
            Basis::Nothing => self.create(&renew(Usage::default())?).map(|()| OldCopy::Wiped),
            Basis::Generation(generation) => {
                let changed = || StoreError::Changed(user.name.clone());
                let file =
                    self.directory.account(&user.name, Access::Write)?.ok_or_else(changed)?;
                let ((), old_copy) = self.update(user, &file, Wipe::OldCopy, |account| {
                    if account.generation != *generation {
                        return Err(changed());
                    }
                    Ok(((), Some(renew(account.usage.clone())?)))
                })?;
                Ok(old_copy)
            }
        }
    }
}

/// Whether a commit overwrites the other copy, too, since it holds what is no more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wipe {
    No,
    OldCopy,
}

impl Store for FileStore {
    fn challenge(&mut self, user: &User, clock: Clock<'_>) -> Result<Standing, StoreError> {
        let Some((file, account)) = self.peek_own(user, Access::Write)? else {
            return Ok(Standing::NeverEnrolled);
        };
        let now = clock();
        if !account.usage.clone().anchor_wait(now) {
            return Ok(Standing::of(&account, now));
        }
        // The clock was set back: the wait begins anew, and that must be written down, or it never ends.
        let (standing, _) = self.update(user, &file, Wipe::No, |account| {
            let mut account = account.clone();
            account.usage.anchor_wait(now);
            Ok((Standing::of(&account, now), Some(account)))
        })?;
        Ok(standing)
    }

    fn verify(
        &mut self,
        user: &User,
        seen: &Generation,
        answer: &Answer,
        purpose: Purpose,
        clock: Clock<'_>,
    ) -> Result<Verdict, StoreError> {
        let Some((file, account)) = self.peek_own(user, Access::Write)? else {
            return Ok(Verdict::Changed);
        };
        if account.generation != *seen {
            return Ok(Verdict::Changed);
        }
        let Some(claim) = self.claim(answer, &account)? else { return Ok(Verdict::Changed) };
        let policy = self.policy;
        let (verdict, _) = self.update(user, &file, Wipe::No, |account| {
            if account.generation != *seen {
                return Ok((Verdict::Changed, None));
            }
            let (verdict, decided) = decide(account, &claim, clock(), &policy, purpose);
            let evaluated = matches!(
                verdict,
                Verdict::Accepted { .. } | Verdict::Wrong { .. } | Verdict::Replayed { .. }
            );
            // What was evaluated is written down always, even if nothing has changed: a
            // failing write must not tell a right code from a wrong one.
            let write = evaluated || decided != *account;
            Ok((verdict, write.then_some(decided)))
        })?;
        Ok(verdict)
    }

    fn enrol(
        &mut self,
        user: &User,
        proven: ProvenEnrolment,
        by: &str,
        basis: &Basis,
        clock: Clock<'_>,
    ) -> Result<Issued, StoreError> {
        let (backup_codes, set) = BackupCodeSet::generate(&mut *self.memory)?;
        let enrolment = Enrolment {
            secret: proven.secret,
            created: clock(),
            created_by: by.to_owned(),
            backup_codes: set,
        };
        let old_copy = self.replace(user, basis, |usage| {
            let last_step = usage.last_step.max(Some(proven.proof));
            let usage = Usage { last_step, spent: SpentCodes::default(), ..usage };
            Ok(Account {
                generation: Generation::generate()?,
                user: user.clone(),
                enrolment: Some(enrolment),
                usage,
            })
        })?;
        Ok(Issued { backup_codes, old_copy })
    }

    fn regenerate_backup_codes(
        &mut self,
        user: &User,
        basis: &Generation,
        _clock: Clock<'_>,
    ) -> Result<Issued, StoreError> {
        let (backup_codes, set) = BackupCodeSet::generate(&mut *self.memory)?;
        let not_enrolled = || StoreError::NotEnrolled(user.name.clone());
        let file = self.directory.account(&user.name, Access::Write)?.ok_or_else(not_enrolled)?;
        let ((), old_copy) = self.update(user, &file, Wipe::OldCopy, |account| {
            if account.generation != *basis {
                return Err(StoreError::Changed(user.name.clone()));
            }
            let mut account = account.clone();
            account.enrolment.as_mut().ok_or_else(not_enrolled)?.backup_codes = set;
            account.usage.spent = SpentCodes::default();
            account.generation = Generation::generate()?;
            Ok(((), Some(account)))
        })?;
        Ok(Issued { backup_codes, old_copy })
    }

    fn disable(
        &mut self,
        user: &User,
        basis: &Basis,
        _clock: Clock<'_>,
    ) -> Result<OldCopy, StoreError> {
        self.replace(user, basis, |usage| {
            let usage = Usage { spent: SpentCodes::default(), ..usage };
            Ok(Account {
                generation: Generation::generate()?,
                user: user.clone(),
                enrolment: None,
                usage,
            })
        })
    }

    fn unlock(&mut self, user: &User, _clock: Clock<'_>) -> Result<(), StoreError> {
        let file = self.directory.account(&user.name, Access::Write)?;
        let file = file.ok_or_else(|| StoreError::NotEnrolled(user.name.clone()))?;
        self.update(user, &file, Wipe::No, |account| {
            let mut account = account.clone();
            account.usage.clear_failures();
            Ok(((), Some(account)))
        })?;
        Ok(())
    }

    fn status(&mut self, user: &User, clock: Clock<'_>) -> Result<Standing, StoreError> {
        let found = self.peek_own(user, Access::Read)?;
        Ok(found.map_or(Standing::NeverEnrolled, |(_, account)| Standing::of(&account, clock())))
    }

    fn list(&mut self, clock: Clock<'_>) -> Result<Vec<Listed>, StoreError> {
        let now = clock();
        let standing = |name: &UserName| -> Result<Standing, StoreError> {
            let user = User { name: name.clone(), uid: 0 };
            let found = self.peek(&user, Access::Read)?;
            Ok(found.map_or(Standing::NeverEnrolled, |(_, account)| Standing::of(&account, now)))
        };
        let names = self.directory.names()?;
        Ok(names.into_iter().map(|name| Listed { standing: standing(&name), name }).collect())
    }
}

fn check_owner(account: &Account, user: &User, file: &AccountFile) -> Result<(), StoreError> {
    let path = || file.path.clone();
    if account.user.name != user.name {
        return Err(StoreError::Damaged { path: path(), why: "it names another user" });
    }
    if account.user.uid != user.uid {
        return Err(StoreError::ForeignUid {
            path: path(),
            recorded: account.user.uid,
            actual: user.uid,
        });
    }
    Ok(())
}

/// Reads and parses the current slot.
fn load(file: &AccountFile) -> Result<Loaded, StoreError> {
    let mut content: FileContent = Zeroizing::new(vec![0; FILE_SIZE]);
    file.file.read_exact_at(&mut content, 0).map_err(io_error("read", &file.path))?;
    let current = slots::current(&content).map_err(|bad| match bad {
        BadSlots::Damaged => StoreError::Damaged {
            path: file.path.clone(),
            why: "neither copy in it is as it was written",
        },
        BadSlots::LaterFormat(found) => StoreError::LaterFormat { path: file.path.clone(), found },
    })?;
    let account = record::read(current.text).ok_or_else(|| StoreError::Damaged {
        path: file.path.clone(),
        why: "its content is not an account",
    })?;
    Ok(Loaded { account, index: current.index, sequence: current.sequence })
}

/// What of the two slots can be read, whatever the file's size.
fn read_any(file: &AccountFile) -> Result<FileContent, StoreError> {
    let mut content: FileContent = Zeroizing::new(vec![0; FILE_SIZE]);
    let mut filled = 0;
    while filled < FILE_SIZE {
        match file
            .file
            .read_at(&mut content[filled..], filled as u64)
            .map_err(io_error("read", &file.path))?
        {
            0 => break,
            read => filled += read,
        }
    }
    Ok(content)
}

/// The commit: one slot, in place, on the disk before anybody hears of it.
fn commit(file: &AccountFile, index: usize, slot: &FileContent) -> Result<(), StoreError> {
    let written = file.file.write_all_at(slot, (index * SLOT_SIZE) as u64);
    if written.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::FileTooLarge) {
        Shield::swallow_file_size_signal();
    }
    written.map_err(io_error("write", &file.path))?;
    file.file.sync_data().map_err(io_error("synchronise", &file.path))
}

/// What became of the second copy.
fn wiped(outcome: Result<(), StoreError>) -> OldCopy {
    match outcome {
        Ok(()) => OldCopy::Wiped,
        Err(StoreError::Io { source, .. }) => OldCopy::Left(source),
        Err(error) => OldCopy::Left(io::Error::other(error)),
    }
}

fn next_sequence(sequence: u64, file: &AccountFile) -> Result<u64, StoreError> {
    let why = "its sequence number is at the end";
    sequence.checked_add(1).ok_or_else(|| StoreError::Damaged { path: file.path.clone(), why })
}

fn encode(sequence: u64, account: &Account, path: &Path) -> Result<FileContent, StoreError> {
    let why = "its content would not fit";
    slots::encode(sequence, &record::write(account))
        .ok_or_else(|| StoreError::Damaged { path: path.to_owned(), why })
}
