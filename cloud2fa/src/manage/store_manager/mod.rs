//! The side of [`super::Manager`] that does it, on a store: what a change needs is decided here.

mod operations;

use super::{Caller, Refusal};
use crate::account::{Cleared, Generation};
use crate::answer::{Answer, Factor};
use crate::attempt::Attempt;
use crate::config::{Config, Invalid, Reauthenticate};
use crate::decide::{Purpose, Verdict};
use crate::enrolment::PendingEnrolment;
use crate::history::Origin;
use crate::names::Names;
use crate::store::{Basis, Challenged, Failures, Standing, Store, StoreError};
use crate::time::Clock;
use crate::user::{User, UserName};

/// A manager on a store.
pub struct StoreManager<S> {
    store: S,
    caller: Caller,
    names: Box<dyn Names>,
    issuer: Result<String, Invalid>,
    skew: u64,
    reauthenticate: Reauthenticate,
    /// Whose password was checked, for one change.
    authenticated: Option<User>,
    pending: Option<Pending>,
    /// The kind of code that was spent for a change, and what it was worth.
    spent: Option<(Factor, Verdict)>,
    /// What a backup code that was spent for a change has cleared, until the change is made.
    cleared: Cleared,
    /// Whose enrolment the last operation was about, where it was another name's.
    other: Option<UserName>,
}

/// A key that was shown.
struct Pending {
    user: User,
    key: PendingEnrolment,
    basis: Basis,
}

impl<S: Store> StoreManager<S> {
    /// Manages `store` on behalf of `caller`; `names` are the system's.
    pub fn new(store: S, caller: Caller, names: Box<dyn Names>, config: &Config) -> Self {
        Self {
            store,
            caller,
            names,
            issuer: config.issuer_or_host_name(),
            skew: config.skew,
            reauthenticate: config.reauthenticate,
            authenticated: None,
            pending: None,
            spent: None,
            cleared: Cleared::default(),
            other: None,
        }
    }

    /// To whom a key was shown that no code has proven yet.
    pub fn enrolling(&self) -> Option<&User> {
        self.pending.as_ref().map(|pending| &pending.user)
    }

    /// The kind of code that the last change has spent, whatever became of it, and what it was
    /// worth. Said once.
    pub fn take_spent(&mut self) -> Option<(Factor, Verdict)> {
        self.spent.take()
    }

    /// Whose enrolment the last operation was about, where it was another name's than was asked for.
    /// Said once.
    pub fn take_other_name(&mut self) -> Option<UserName> {
        self.other.take()
    }

    /// Whose enrolment is meant by `user`, for whom the caller may act: that one has the same uid.
    fn meant(&mut self, user: &User, clock: Clock<'_>) -> Result<User, Refusal> {
        self.permit(user)?;
        match self.store.status(user, clock) {
            // What is to be done fails likewise; or does away with what cannot be used.
            Ok(Standing::Enrolled(..)) | Err(_) => Ok(user.clone()),
            Ok(_) => self.whose(user),
        }
    }

    /// The same where `user`'s own record must be usable.
    fn whose(&mut self, user: &User) -> Result<User, Refusal> {
        let whose = self.store.whose(user, &*self.names)?;
        self.note_other(user, &whose);
        Ok(whose)
    }

    /// Whose it is as logins find it: what is turned off in between is looked for anew.
    fn find(&mut self, user: &User, clock: Clock<'_>) -> Result<Challenged, Refusal> {
        self.permit(user)?;
        let found = self.store.find(user, &*self.names, clock)?;
        self.note_other(user, &found.whose);
        Ok(found)
    }

    fn note_other(&mut self, user: &User, whose: &User) {
        self.other = (whose.name != user.name).then(|| whose.name.clone());
    }

    /// Whether the caller may act for `user`. Every operation asks this itself, too.
    pub fn permit(&self, user: &User) -> Result<(), Refusal> {
        if self.caller.may_act_for(user) { Ok(()) } else { Err(Refusal::NotPermitted) }
    }

    /// How `user` stands before a change, for somebody who may begin one.
    fn standing(&mut self, user: &User, clock: Clock<'_>) -> Result<Before, Refusal> {
        self.permit(user)?;
        if matches!(self.caller, Caller::Owner { .. }) && self.authenticated.as_ref() != Some(user)
        {
            return Err(Refusal::PasswordRequired);
        }
        match self.store.status(user, clock) {
            Ok(Standing::Enrolled(generation, _)) => Ok(Before::Enrolled(generation)),
            Ok(standing) => Ok(Before::NotEnrolled(standing.basis())),
            // An administrator may write over what cannot be used.
            Err(error) if self.is_administrator() && error.is_about_one_record() => {
                Ok(Before::Unusable(error))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Only root enrols a name whose logins ask for another name's codes.
    fn must_not_be_behind_another_name(&mut self, user: &User) -> Result<(), Refusal> {
        self.permit(user)?;
        if self.is_administrator() {
            return Ok(());
        }
        let whose = self.whose(user)?.name;
        if whose == user.name {
            return Ok(());
        }
        Err(Refusal::EnrolledAs { name: user.name.clone(), whose })
    }

    fn is_administrator(&self) -> bool {
        matches!(self.caller, Caller::Administrator(_))
    }

    /// Spends a code of the enrolment that is to be changed, where that is needed.
    fn spend_current(
        &mut self,
        user: &User,
        seen: &Generation,
        current: Option<&Answer>,
        clock: Clock<'_>,
    ) -> Result<(), Refusal> {
        if self.is_administrator() || self.reauthenticate == Reauthenticate::Password {
            return Ok(());
        }
        let answer = current.ok_or(Refusal::CurrentCodeRequired)?;
        let origin = Origin::own();
        let attempt = Attempt { user, seen, answer, purpose: Purpose::Login, origin: &origin };
        match self.store.verify(&attempt, clock)? {
            verdict @ Verdict::Accepted { .. } => {
                self.cleared = cleared_by(&verdict, answer.factor());
                self.spent = Some((answer.factor(), verdict));
                Ok(())
            }
            // As where another change comes between the code and the commit.
            Verdict::Changed => Err(StoreError::Changed(user.name.clone()).into()),
            verdict => Err(Refusal::CurrentCodeRefused(verdict, answer.factor())),
        }
    }

    /// What becomes of failures at a change of this caller's.
    fn failures(&self) -> Failures {
        if self.is_administrator() { Failures::Cleared } else { Failures::CarriedOver }
    }

    /// What the change has cleared, or the backup code that was spent for it.
    fn with_spent(&mut self, cleared: Cleared) -> Cleared {
        let by_code = std::mem::take(&mut self.cleared);
        if self.is_administrator() { cleared } else { by_code }
    }

    /// The name that an enrolment is signed with.
    fn signature(&self, user: &User) -> String {
        match &self.caller {
            Caller::Administrator(name) => name.to_string(),
            Caller::Owner { .. } => user.name.to_string(),
        }
    }
}

/// What a right code has cleared, or root before it. A token leaves the budget.
fn cleared_by(verdict: &Verdict, factor: Factor) -> Cleared {
    match *verdict {
        Verdict::Accepted { failures_since_login, budget_used, opened, .. } => match factor {
            Factor::BackupCode => Cleared { failures_since_login, budget_used, opened },
            Factor::Token if opened => Cleared { failures_since_login, budget_used: 0, opened },
            Factor::Token => Cleared::default(),
        },
        _ => Cleared::default(),
    }
}

/// What a change finds.
enum Before {
    Enrolled(Generation),
    NotEnrolled(Basis),
    /// A record that cannot be used; an administrator may go on.
    Unusable(StoreError),
}
