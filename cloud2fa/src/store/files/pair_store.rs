//! The store as a daemon sees it that verifies codes for others: what wrong tokens cost is kept for the pair
//! of user and daemon, in a record of its own beside the user's, and written in the same moment.

use super::FileStore;
use super::account_file::{AccountFile, KEEPS, Loaded, first_slot};
use super::calls::{Access, Calls};
use crate::account::{Account, Holder, Usage};
use crate::attempt::Attempt;
use crate::decide::Verdict;
use crate::names::Names;
use crate::store::changes::{self, Pair};
use crate::store::{Challenge, StoreError, Verifier};
use crate::time::Clock;
use crate::user::{User, UserName};
use std::fs::File;

/// A store as one daemon sees it.
pub struct PairStore {
    store: FileStore,
    daemon: UserName,
}

impl PairStore {
    /// `store`, as `daemon` sees it, which is the name of its user.
    pub fn new(store: FileStore, daemon: UserName) -> Self {
        Self { store, daemon }
    }

    /// The pair's record. It is made before any code is looked at, so that where there is no room for it,
    /// a right code fares as a wrong one.
    fn pair_of(&self, user: &User) -> Result<PairFile, StoreError> {
        let directory = &self.store.directory;
        loop {
            if let Some(file) = directory.pair(&user.name, &self.daemon, Access::Write)? {
                return Ok(PairFile { file, user: user.clone() });
            }
            let empty = Account::empty(user.clone())?;
            let path = directory.pair_path(&user.name, &self.daemon);
            let slot = first_slot(directory.calls(), &empty, &path)?;
            // Where another process was first, its file is found now.
            directory.create_pair(&user.name, &self.daemon, &slot)?;
        }
    }
}

/// The record of a pair. Whoever has locked the user's own record may read and write it.
struct PairFile {
    file: AccountFile<File>,
    user: User,
}

impl PairFile {
    fn load(&self) -> Result<(Loaded, Usage), StoreError> {
        let loaded = self.file.load_own(&self.user)?;
        // What is left of somebody who had the name before is nothing to who has it now.
        let is_own = loaded.account.user.uid == Some(self.user.uid);
        let usage = if is_own { loaded.account.usage.clone() } else { Usage::default() };
        Ok((loaded, usage))
    }

    fn commit(
        &self,
        directory: &impl Calls,
        loaded: &Loaded,
        usage: Usage,
    ) -> Result<(), StoreError> {
        let account =
            Account { user: Holder::from(self.user.clone()), usage, ..loaded.account.clone() };
        self.file.commit::<KEEPS>(directory, loaded, &account).map(drop)
    }
}

impl Verifier for PairStore {
    fn challenge(&mut self, user: &User, clock: Clock<'_>) -> Result<Challenge, StoreError> {
        let Some((file, account)) = self.store.peek_own(user, Access::Write)? else {
            return Ok(Challenge::NotEnrolled);
        };
        if account.enrolment.is_none() {
            return Ok(Challenge::NotEnrolled);
        }
        let (pair, directory) = (self.pair_of(user)?, &self.store.directory);
        let (challenge, _) = self.store.update::<KEEPS, _>(user, &file, |account| {
            let (loaded, usage) = pair.load()?;
            let (challenge, anchored) = changes::challenge_for_pair(account, &usage, clock());
            if let Some(anchored) = anchored {
                pair.commit(directory.calls(), &loaded, anchored)?;
            }
            Ok((challenge, None))
        })?;
        Ok(challenge)
    }

    fn verify(&mut self, attempt: &Attempt<'_>, clock: Clock<'_>) -> Result<Verdict, StoreError> {
        let Some(file) = self.store.directory.account(&attempt.user.name, Access::Write)? else {
            return Ok(Verdict::Changed);
        };
        let Some(claim) = self.store.claim(&file, attempt)? else { return Ok(Verdict::Changed) };
        let (pair, rules) = (self.pair_of(attempt.user)?, self.store.rules());
        let (verdict, _) = self.store.update::<KEEPS, _>(attempt.user, &file, |account| {
            let (loaded, usage) = pair.load()?;
            let before = Pair { account, pair: &usage };
            let (verdict, after) =
                changes::verify_for_pair(&before, attempt, &claim, clock(), &rules);
            let Some((account, usage)) = after else { return Ok((verdict, None)) };
            // First: where only this comes about, a wrong token has counted, and a right one is not spent.
            pair.commit(self.store.directory.calls(), &loaded, usage)?;
            Ok((verdict, Some(account)))
        })?;
        Ok(verdict)
    }

    fn whose(&mut self, user: &User, names: &dyn Names) -> Result<User, StoreError> {
        self.store.whose(user, names)
    }
}

impl FileStore {
    /// The same store, in which these daemons verify for others.
    #[must_use]
    pub fn with_daemons(mut self, daemons: Vec<UserName>) -> Self {
        self.daemons = daemons;
        self
    }

    /// Forgets what wrong tokens have cost `user` at the daemons, as what root renews is free of it. Nothing
    /// else is in these records, so that a damaged one goes, too.
    pub(super) fn forget_pairs(&self, user: &User) -> Result<(), StoreError> {
        self.daemons.iter().try_for_each(|daemon| self.directory.remove_pair(&user.name, daemon))
    }
}
