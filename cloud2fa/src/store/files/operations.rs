//! [`Store`] on the embedded store: each operation reads a record, and writes what that becomes.

use super::FileStore;
use super::account_file::{KEEPS, WIPES};
use super::calls::Access;
use crate::account::{Cleared, Generation};
use crate::attempt::Attempt;
use crate::backup_codes::BackupCodeSet;
use crate::decide::Verdict;
use crate::enrolment::ProvenEnrolment;
use crate::names::Names;
use crate::store::changes::{self, Disabled, Failures, Issued};
use crate::store::{Basis, Challenge, Listed, Standing, Store, StoreError, Verifier};
use crate::time::Clock;
use crate::user::{User, UserName};
use std::collections::BinaryHeap;

/// Names that are in memory at once, of a list.
const PAGE: usize = 16 * 1024;

impl Verifier for FileStore {
    fn challenge(&mut self, user: &User, clock: Clock<'_>) -> Result<Challenge, StoreError> {
        self.challenge_here(user, clock)
    }

    fn verify(&mut self, attempt: &Attempt<'_>, clock: Clock<'_>) -> Result<Verdict, StoreError> {
        self.verify_here(attempt, clock)
    }

    fn whose(&mut self, user: &User, names: &dyn Names) -> Result<User, StoreError> {
        self.whose_record(user, names, Self::patience())
    }
}

impl Store for FileStore {
    fn enrol(
        &mut self,
        user: &User,
        proven: ProvenEnrolment,
        by: &str,
        basis: &Basis,
        failures: Failures,
        clock: Clock<'_>,
    ) -> Result<Issued, StoreError> {
        let (backup_codes, set) = BackupCodeSet::generate(&mut *self.memory)?;
        let is_new = !self.is_enrolled_as(user, basis)?;
        if is_new {
            self.directory.index(user)?;
        }
        let mut cleared = Cleared::default();
        let old_copy = self.put(user, basis, |usage| {
            let enrolled = changes::enrol(usage, user, proven, by, set, failures, clock())?;
            cleared = enrolled.1;
            Ok(enrolled.0)
        })?;
        // Somebody may have put another index in the place of the one that has it.
        if is_new && !self.directory.index_finds(user)? {
            self.directory.index(user)?;
        }
        Ok(Issued { backup_codes, old_copy, cleared })
    }

    fn regenerate_backup_codes(
        &mut self,
        user: &User,
        basis: &Generation,
        _clock: Clock<'_>,
    ) -> Result<Issued, StoreError> {
        let (backup_codes, set) = BackupCodeSet::generate(&mut *self.memory)?;
        let file = self.directory.account(&user.name, Access::Write)?;
        let file = file.ok_or_else(|| StoreError::NotEnrolled(user.name.clone()))?;
        let ((), old_copy) = self.update::<WIPES, _>(user, &file, |account| {
            Ok(((), Some(changes::regenerate(account, user, basis, set)?)))
        })?;
        Ok(Issued { backup_codes, old_copy, cleared: Cleared::default() })
    }

    fn disable(
        &mut self,
        user: &User,
        basis: &Basis,
        failures: Failures,
        clock: Clock<'_>,
    ) -> Result<Disabled, StoreError> {
        let mut cleared = Cleared::default();
        let old_copy = self.put(user, basis, |usage| {
            let disabled = changes::disable(usage, user, failures, clock())?;
            cleared = disabled.1;
            Ok(disabled.0)
        })?;
        Ok(Disabled { old_copy, cleared })
    }

    fn unlock(&mut self, user: &User, clock: Clock<'_>) -> Result<Cleared, StoreError> {
        let file = self.directory.account(&user.name, Access::Write)?;
        let file = file.ok_or_else(|| StoreError::NotEnrolled(user.name.clone()))?;
        let (cleared, _) = self.update::<KEEPS, _>(user, &file, |account| {
            let (account, cleared) = changes::unlock(account, clock());
            Ok((cleared, Some(account)))
        })?;
        Ok(cleared)
    }

    fn status(&mut self, user: &User, clock: Clock<'_>) -> Result<Standing, StoreError> {
        let found = self.peek_own(user, Access::Read)?;
        Ok(found.map_or(Standing::NeverEnrolled, |(_, account)| Standing::of(&account, clock())))
    }

    fn names_after(&mut self, after: Option<&UserName>) -> Result<Vec<UserName>, StoreError> {
        // The last one is on top, and gives way to one before it.
        let mut page = BinaryHeap::with_capacity(PAGE);
        self.directory.each_name(&mut |name| {
            if after.is_some_and(|after| name <= *after) {
                return;
            }
            if page.len() < PAGE {
                page.push(name);
            } else if page.peek().is_some_and(|last| name < *last) {
                page.pop();
                page.push(name);
            }
        })?;
        Ok(page.into_sorted_vec())
    }

    fn record(&mut self, name: &UserName, clock: Clock<'_>) -> Option<Listed> {
        let account = self.peek_any(name).transpose()?;
        let uid = account.as_ref().ok().and_then(|account| account.user.uid);
        let standing = account.map(|account| Standing::of(&account, clock()));
        Some(Listed { name: name.clone(), uid, standing })
    }
}
