//! The store as a daemon sees it that verifies codes for others.

use super::FileStore;
use super::account_file::KEEPS;
use super::calls::Access;
use crate::attempt::Attempt;
use crate::decide::Verdict;
use crate::names::Names;
use crate::store::changes;
use crate::store::{Challenge, StoreError, Verifier};
use crate::time::Clock;
use crate::user::User;

/// A store as one daemon sees it.
pub struct PairStore {
    store: FileStore,
    daemon: User,
}

impl PairStore {
    /// `store`, as `daemon` sees it. Backup codes that it brings are hashed beside those of others.
    pub fn new(store: FileStore, daemon: User) -> Self {
        Self { store: store.hashing_for(daemon.uid), daemon }
    }
}

impl Verifier for PairStore {
    fn challenge(&mut self, user: &User, clock: Clock<'_>) -> Result<Challenge, StoreError> {
        let (store, daemon) = (&self.store, &self.daemon.name);
        let Some((file, account)) = store.peek_own(user, Access::Write)? else {
            return Ok(Challenge::NotEnrolled);
        };
        if let (challenge, None) = changes::challenge_for_pair(&account, daemon, clock()) {
            return Ok(challenge);
        }
        let (challenge, _) = store.update::<KEEPS, _>(user, &file, |account| {
            Ok(changes::challenge_for_pair(account, daemon, clock()))
        })?;
        Ok(challenge)
    }

    fn verify(&mut self, attempt: &Attempt<'_>, clock: Clock<'_>) -> Result<Verdict, StoreError> {
        let Some(file) = self.store.directory.account(&attempt.user.name, Access::Write)? else {
            return Ok(Verdict::Changed);
        };
        let Some(claim) = self.store.claim(&file, attempt)? else { return Ok(Verdict::Changed) };
        let (daemon, rules) = (&self.daemon.name, self.store.rules());
        let (verdict, _) = self.store.update::<KEEPS, _>(attempt.user, &file, |account| {
            Ok(changes::verify_for_pair(account, daemon, attempt, &claim, clock(), &rules))
        })?;
        Ok(verdict)
    }

    fn whose(&mut self, user: &User, names: &dyn Names) -> Result<User, StoreError> {
        self.store.whose(user, names)
    }
}
