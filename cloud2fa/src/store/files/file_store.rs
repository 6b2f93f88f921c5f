//! The embedded store: one file a user in one directory. A change is one slot, overwritten
//! in place and synchronised, under the lock of the user's file.

use super::account_file::{AccountFile, KEEPS, WIPES, first_slot};
use super::calls::{Access, Calls, FileCalls, Lockable};
use super::directory::{Directory, Replaced};
use super::hash_lock::HashLock;
use super::new_file::Created;
use super::system::System;
use crate::account::{Account, Usage};
use crate::answer::Answer;
use crate::attempt::Attempt;
use crate::backup_codes::HashMemory;
use crate::decide::{Claim, Verdict};
use crate::rules::Rules;
use crate::store::changes::{self, OldCopy};
use crate::store::{Basis, Challenge, StoreError};
use crate::time::Clock;
use crate::user::{User, UserName};
use nix::unistd::Uid;
use std::path::Path;

/// The embedded store.
pub struct FileStore<C: Calls = System> {
    pub(super) directory: Directory<C>,
    rules: Rules,
    pub(super) memory: Box<dyn HashMemory>,
    hash_lock: HashLock,
}

impl FileStore {
    /// Opens the store in the directory `path`, which must be `owner`'s alone. `memory` is for hashing backup codes.
    pub fn open(
        path: &Path,
        owner: u32,
        rules: Rules,
        memory: Box<dyn HashMemory>,
    ) -> Result<Self, StoreError> {
        let hash_lock = HashLock::of_this_process();
        Ok(Self { directory: Directory::open(path, owner)?, rules, memory, hash_lock })
    }

    /// Makes an empty store in the directory `path`. Says whether there was none before.
    pub fn init(path: &Path, owner: u32) -> Result<bool, StoreError> {
        Directory::init(path, owner)
    }
}

/// An account file, and what is in it.
type Found<C> = (AccountFile<<C as Calls>::File>, Account);

impl<C: Calls> FileStore<C> {
    /// A store on a model of the disk.
    #[cfg(test)]
    pub(super) fn on(calls: C, owner: u32, rules: Rules, memory: Box<dyn HashMemory>) -> Self {
        let hash_lock = HashLock::of_this_process();
        Self { directory: Directory::on(calls, owner), rules, memory, hash_lock }
    }

    /// The same, in which backup codes are hashed in the turn of `uid`, who has another process try them.
    pub(super) fn hashing_for(self, uid: u32) -> Self {
        Self { hash_lock: HashLock::of(Uid::from_raw(uid)), ..self }
    }

    /// What it decides by.
    pub(super) fn rules(&self) -> Rules {
        self.rules
    }

    /// What is there of a user, whatever the uid.
    #[cfg(test)]
    pub(super) fn record_of(&self, name: &UserName) -> Result<Option<Account>, StoreError> {
        Ok(self.peek(name, Access::Read)?.map(|(_, account)| account))
    }

    /// The record of `user`, without the lock: for a look before.
    pub(super) fn peek(
        &self,
        name: &UserName,
        access: Access,
    ) -> Result<Option<Found<C>>, StoreError> {
        let Some(file) = self.directory.account(name, access)? else { return Ok(None) };
        let account = look(&file)?;
        Ok(Some((file, account)))
    }

    /// The same, for a user whose uid must fit.
    pub(super) fn peek_own(
        &self,
        user: &User,
        access: Access,
    ) -> Result<Option<Found<C>>, StoreError> {
        let found = self.peek(&user.name, access)?;
        if let Some((file, account)) = &found {
            file.must_be_of(account, user)?;
        }
        Ok(found)
    }

    /// Reads the account under the lock and lets `change` say what it becomes; commits that, if anything.
    pub(super) fn update<const WIPE: bool, T>(
        &self,
        user: &User,
        file: &AccountFile<C::File>,
        change: impl FnOnce(&Account) -> Result<(T, Option<Account>), StoreError>,
    ) -> Result<(T, OldCopy), StoreError> {
        file.file.while_locked(&file.path, || {
            file.check(self.directory.owner())?;
            let loaded = file.load_own(user)?;
            let (outcome, account) = change(&loaded.account)?;
            let Some(account) = account else { return Ok((outcome, OldCopy::Wiped)) };
            let old_copy = file.commit::<WIPE>(self.directory.calls(), &loaded, &account)?;
            Ok((outcome, old_copy))
        })
    }

    /// What an attempt claims, before the lock. `None` if the account has another enrolment by now.
    pub(super) fn claim(
        &mut self,
        file: &AccountFile<C::File>,
        attempt: &Attempt<'_>,
    ) -> Result<Option<Claim>, StoreError> {
        // There is nothing to look up for a token: it is read under the lock what it is worth.
        if let Answer::Token(token) = attempt.answer {
            return Ok(Some(Claim::Token(token.clone())));
        }
        let account = look(file)?;
        file.must_be_of(&account, attempt.user)?;
        let (memory, hash_lock) = (&mut self.memory, self.hash_lock);
        changes::claim(&account, attempt, |recipe, code| {
            file.file.while_hashing(hash_lock, &file.path, || Ok(recipe.hash(code, &mut **memory)?))
        })
    }

    /// Writes `account` where nothing usable stands: a new file, or all of an unusable one that is
    /// root's alone.
    fn write_over(&self, user: &User, account: &Account) -> Result<OldCopy, StoreError> {
        let name = &user.name;
        let path = self.directory.account_path(name);
        let slot = first_slot(self.directory.calls(), account, &path)?;
        match self.directory.replace(name, &slot)? {
            Replaced::Yes => Ok(OldCopy::Wiped),
            Replaced::InPlace(file) => file.file.while_locked(&file.path, || {
                let owner = self.directory.owner();
                match file.check(owner).and_then(|()| file.load_own(user)) {
                    Ok(_) => Err(StoreError::Changed(name.clone())),
                    // It has changed since it was looked at.
                    Err(error @ (StoreError::Removed(_) | StoreError::UnsafeRecord { .. })) => {
                        Err(error)
                    }
                    Err(_) => file.write_over(self.directory.calls(), account),
                }
            }),
        }
    }

    /// Makes the file of a user who has none.
    fn create(&self, account: &Account) -> Result<(), StoreError> {
        let path = self.directory.account_path(&account.user.name);
        let slot = first_slot(self.directory.calls(), account, &path)?;
        match self.directory.create_account(&account.user.name, &slot)? {
            Created::Yes => Ok(()),
            Created::ExistsAlready => Err(StoreError::Changed(account.user.name.clone())),
        }
    }

    /// Whether `basis` is an enrolment of this user with this uid already.
    pub(super) fn is_enrolled_as(&self, user: &User, basis: &Basis) -> Result<bool, StoreError> {
        let Basis::Generation(generation) = basis else { return Ok(false) };
        let found = self.peek(&user.name, Access::Read)?;
        Ok(found.is_some_and(|(_, account)| {
            let is_basis = account.generation == *generation && account.enrolment.is_some();
            is_basis && account.user.uid == Some(user.uid)
        }))
    }

    /// Brings a new state of `user` into the store, if `basis` is still what is there.
    /// `renew` makes it of the usage that is carried over.
    pub(super) fn put(
        &self,
        user: &User,
        basis: &Basis,
        renew: impl FnOnce(Usage) -> Result<Account, StoreError>,
    ) -> Result<OldCopy, StoreError> {
        match basis {
            Basis::Unusable => self.write_over(user, &renew(Usage::default())?),
            Basis::Nothing => self.create(&renew(Usage::default())?).map(|()| OldCopy::Wiped),
            Basis::Generation(_) => {
                let file = self.directory.account(&user.name, Access::Write)?;
                let file = file.ok_or_else(|| StoreError::Changed(user.name.clone()))?;
                let ((), old_copy) = self.update::<WIPES, _>(user, &file, |account| {
                    let usage = changes::usage(Some(account), user, basis)?;
                    Ok(((), Some(renew(usage)?)))
                })?;
                Ok(old_copy)
            }
        }
    }
}

impl<C: Calls> FileStore<C> {
    /// [`crate::store::Verifier::challenge`].
    pub(super) fn challenge_here(
        &self,
        user: &User,
        clock: Clock<'_>,
    ) -> Result<Challenge, StoreError> {
        let Some((file, account)) = self.peek_own(user, Access::Write)? else {
            return Ok(Challenge::NotEnrolled);
        };
        if let (challenge, None) = changes::challenge(&account, clock()) {
            return Ok(challenge);
        }
        let (challenge, _) = self
            .update::<KEEPS, _>(user, &file, |account| Ok(changes::challenge(account, clock())))?;
        Ok(challenge)
    }

    /// [`crate::store::Verifier::verify`].
    pub(super) fn verify_here(
        &mut self,
        attempt: &Attempt<'_>,
        clock: Clock<'_>,
    ) -> Result<Verdict, StoreError> {
        let Some(file) = self.directory.account(&attempt.user.name, Access::Write)? else {
            return Ok(Verdict::Changed);
        };
        let Some(claim) = self.claim(&file, attempt)? else {
            return Ok(Verdict::Changed);
        };
        let (verdict, _) = self.update::<KEEPS, _>(attempt.user, &file, |account| {
            Ok(changes::verify(account, attempt, &claim, clock(), &self.rules))
        })?;
        Ok(verdict)
    }
}

/// Reads a record without the lock.
fn look<F: FileCalls>(file: &AccountFile<F>) -> Result<Account, StoreError> {
    let loaded = match file.load() {
        // Two commits during one read can tear both copies; under the lock nobody commits.
        Err(StoreError::Damaged { .. }) => file.file.while_locked(&file.path, || file.load()),
        outcome => outcome,
    }?;
    Ok(loaded.account)
}
