//! [`Store`] on the embedded store: what each operation makes of a record.

use super::FileStore;
use super::account_file::{KEEPS, WIPES};
use super::calls::Access;
use crate::account::{Account, Cleared, Enrolment, Generation, SpentCodes, Usage};
use crate::attempt::Attempt;
use crate::backup_codes::BackupCodeSet;
use crate::decide::Verdict;
use crate::enrolment::ProvenEnrolment;
use crate::names::Names;
use crate::store::{
    Basis, Disabled, Failures, Issued, Listed, Standing, Store, StoreError, Verifier,
};
use crate::time::{Clock, UnixTime};
use crate::user::User;

impl Verifier for FileStore {
    fn challenge(&mut self, user: &User, clock: Clock<'_>) -> Result<Standing, StoreError> {
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
        let proof = proven.secret.start_of(proven.proof);
        let enrolment = Enrolment::new(proven.secret, clock(), by, set);
        let old_copy = self.put(user, basis, |usage| {
            let usage = carry_over(usage, failures, clock(), &mut cleared);
            // The secret is new: no code of it was seen before the one that proved it.
            let usage = Usage { last_step_at: Some(proof), spent: SpentCodes::default(), ..usage };
            Ok(Account { enrolment: Some(enrolment), usage, ..Account::empty(user.clone())? })
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
        let not_enrolled = || StoreError::NotEnrolled(user.name.clone());
        let file = self.directory.account(&user.name, Access::Write)?.ok_or_else(not_enrolled)?;
        let ((), old_copy) = self.update::<WIPES, _>(user, &file, |account| {
            if account.generation != *basis {
                return Err(StoreError::Changed(user.name.clone()));
            }
            let mut account = account.clone();
            account.enrolment.as_mut().ok_or_else(not_enrolled)?.backup_codes = set;
            account.usage.spent = SpentCodes::default();
            account.generation = Generation::generate()?;
            Ok(((), Some(account)))
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
            let usage = carry_over(usage, failures, clock(), &mut cleared);
            let usage = Usage { spent: SpentCodes::default(), ..usage };
            Ok(Account { usage, ..Account::empty(user.clone())? })
        })?;
        Ok(Disabled { old_copy, cleared })
    }

    fn unlock(&mut self, user: &User, clock: Clock<'_>) -> Result<Cleared, StoreError> {
        let file = self.directory.account(&user.name, Access::Write)?;
        let file = file.ok_or_else(|| StoreError::NotEnrolled(user.name.clone()))?;
        let (cleared, _) = self.update::<KEEPS, _>(user, &file, |account| {
            let mut account = account.clone();
            let cleared = account.usage.clear_as_root(clock());
            Ok((cleared, Some(account)))
        })?;
        Ok(cleared)
    }

    fn status(&mut self, user: &User, clock: Clock<'_>) -> Result<Standing, StoreError> {
        let found = self.peek_own(user, Access::Read)?;
        Ok(found.map_or(Standing::NeverEnrolled, |(_, account)| Standing::of(&account, clock())))
    }

    fn list(&mut self, clock: Clock<'_>) -> Result<Vec<Listed>, StoreError> {
        let now = clock();
        let mut names = self.directory.names()?;
        names.sort();
        let accounts = names.into_iter().map(|name| {
            let account = self.peek_any(&name);
            let uid = account.as_ref().ok().and_then(|account| account.as_ref()?.user.uid);
            let standing = account.map(|account| {
                account.map_or(Standing::NeverEnrolled, |account| Standing::of(&account, now))
            });
            Listed { name, uid, standing }
        });
        Ok(accounts.collect())
    }
}

/// The usage that a change leaves, and what it has cleared.
fn carry_over(mut usage: Usage, failures: Failures, now: UnixTime, cleared: &mut Cleared) -> Usage {
    if failures == Failures::Cleared {
        *cleared = usage.clear_as_root(now);
    }
    usage
}
