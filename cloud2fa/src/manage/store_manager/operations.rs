//! [`Manager`] on a store: each operation, with what it needs before.

use super::{Before, Pending, StoreManager};
use crate::answer::Answer;
use crate::attempt::Attempt;
use crate::config::Reauthenticate;
use crate::decide::Verdict;
use crate::enrolment::PendingEnrolment;
use crate::manage::{Caller, Manager, NewKey, PasswordRefused, Refusal, Requirements};
use crate::otpauth;
use crate::store::{Basis, Challenge, Challenged, Disabled, Found, Issued, Store, StoreError};
use crate::time::Clock;
use crate::totp::Token;
use crate::user::User;

impl<S: Store> Manager for StoreManager<S> {
    fn status(&mut self, user: &User, clock: Clock<'_>) -> Result<Found, Refusal> {
        let whose = self.meant(user, clock)?;
        let standing = self.store.status(&whose, clock)?;
        Ok(Found { whose, standing })
    }

    fn challenge(&mut self, user: &User, clock: Clock<'_>) -> Result<Found, Refusal> {
        let Challenged { whose, challenge } = self.find(user, clock)?;
        let standing = self.store.status(&whose, clock)?;
        // Who was enrolled a moment ago must not be taken for somebody who never was.
        if challenge != Challenge::NotEnrolled && standing.status().is_none() {
            return Err(StoreError::Changed(user.name.clone()).into());
        }
        Ok(Found { whose, standing })
    }

    fn verify(&mut self, attempt: &Attempt<'_>, clock: Clock<'_>) -> Result<Verdict, Refusal> {
        let whose = self.find(attempt.user, clock)?.whose;
        Ok(self.store.verify(&Attempt { user: &whose, ..*attempt }, clock)?)
    }

    fn requirements(&mut self, user: &User, clock: Clock<'_>) -> Result<Requirements, Refusal> {
        let whose = self.meant(user, clock)?;
        match &self.caller {
            Caller::Administrator(_) => {
                return Ok(Requirements { password: false, current_code: false });
            }
            Caller::Owner { passwords, .. } if !passwords.has_password(&whose.name) => {
                return Err(Refusal::NoPassword);
            }
            Caller::Owner { .. } => {}
        }
        let enrolled = self.store.status(&whose, clock)?.status().is_some();
        let both = self.reauthenticate == Reauthenticate::Both;
        Ok(Requirements { password: true, current_code: enrolled && both })
    }

    fn authenticate(&mut self, user: &User, password: &[u8]) -> Result<(), Refusal> {
        self.permit(user)?;
        self.authenticated = None;
        if self.is_administrator() {
            return Ok(());
        }
        // Another name's password must not be enough to change the enrolment of this one.
        let whose = self.whose(user)?;
        if let Caller::Owner { passwords, .. } = &mut self.caller {
            if !passwords.has_password(&whose.name) {
                return Err(Refusal::NoPassword);
            }
            passwords.check(&whose.name, password).map_err(|refused| match refused {
                PasswordRefused::Wrong => Refusal::WrongPassword,
                PasswordRefused::Account(why) => Refusal::AccountRefused(why),
                PasswordRefused::Unavailable(why) => Refusal::Unavailable(why),
            })?;
            self.authenticated = Some(whose);
        }
        Ok(())
    }

    fn begin_enrolment(
        &mut self,
        user: &User,
        replace: bool,
        current: Option<&Answer>,
        clock: Clock<'_>,
    ) -> Result<NewKey, Refusal> {
        // Before a code is spent.
        let issuer = self.issuer.clone().map_err(Refusal::BadConfig)?;
        self.must_not_be_behind_another_name(user)?;
        let mut account = user.name.to_string();
        let basis = match self.standing(user, clock)? {
            Before::Enrolled(_) if !replace => {
                return Err(Refusal::AlreadyEnrolled(user.name.clone()));
            }
            Before::Enrolled(generation) => {
                account = otpauth::account_beside(&account)?;
                self.spend_current(user, &generation, current, clock)?;
                Basis::Generation(generation)
            }
            Before::NotEnrolled(basis) => basis,
            Before::Unusable(_) if replace => Basis::Unusable,
            Before::Unusable(error) => return Err(error.into()),
        };
        let key = PendingEnrolment::generate()?;
        let new_key = NewKey {
            uri: otpauth::uri(&issuer, &account, key.secret()),
            issuer,
            account,
            secret: key.secret().to_base32(),
        };
        self.authenticated = None;
        self.pending = Some(Pending { user: user.clone(), key, basis });
        Ok(new_key)
    }

    fn confirm_enrolment(&mut self, token: &Token, clock: Clock<'_>) -> Result<Issued, Refusal> {
        let pending = self.pending.as_ref().ok_or(Refusal::NoEnrolmentBegun)?;
        let proven = pending.key.prove(token, clock(), self.skew).map_err(Refusal::NotProven)?;
        let user = pending.user.clone();
        self.must_not_be_behind_another_name(&user)?;
        let Pending { user, basis, .. } = self.pending.take().ok_or(Refusal::NoEnrolmentBegun)?;
        let (by, failures) = (self.signature(&user), self.failures());
        let issued = self.store.enrol(&user, proven, &by, &basis, failures, clock)?;
        Ok(Issued { cleared: self.with_spent(issued.cleared), ..issued })
    }

    fn regenerate_backup_codes(
        &mut self,
        user: &User,
        current: Option<&Answer>,
        clock: Clock<'_>,
    ) -> Result<Issued, Refusal> {
        let user = &self.meant(user, clock)?;
        let generation = match self.standing(user, clock)? {
            Before::Enrolled(generation) => generation,
            Before::NotEnrolled(_) => return Err(StoreError::NotEnrolled(user.name.clone()).into()),
            Before::Unusable(error) => return Err(error.into()),
        };
        self.spend_current(user, &generation, current, clock)?;
        self.authenticated = None;
        let issued = self.store.regenerate_backup_codes(user, &generation, clock)?;
        Ok(Issued { cleared: self.with_spent(issued.cleared), ..issued })
    }

    fn disable(
        &mut self,
        user: &User,
        current: Option<&Answer>,
        clock: Clock<'_>,
    ) -> Result<Disabled, Refusal> {
        let user = &self.meant(user, clock)?;
        let basis = match self.standing(user, clock)? {
            Before::Enrolled(generation) => {
                self.spend_current(user, &generation, current, clock)?;
                Basis::Generation(generation)
            }
            Before::NotEnrolled(_) => return Err(StoreError::NotEnrolled(user.name.clone()).into()),
            Before::Unusable(_) => Basis::Unusable,
        };
        self.authenticated = None;
        let disabled = self.store.disable(user, &basis, self.failures(), clock)?;
        Ok(Disabled { cleared: self.with_spent(disabled.cleared), ..disabled })
    }
}
