//! What a daemon may that verifies codes for others: learn how somebody's code is asked for, and have an answer
//! evaluated. Nothing else.

use super::Refusal;
use crate::attempt::Attempt;
use crate::decide::Verdict;
use crate::names::Names;
use crate::store::{Found, Verifier};
use crate::time::Clock;
use crate::user::User;

/// A daemon's side of a store.
pub struct ForOthers<V> {
    store: V,
    names: Box<dyn Names>,
}

impl<V: Verifier> ForOthers<V> {
    /// On `store`, as the daemon sees it; `names` are the system's.
    pub fn new(store: V, names: Box<dyn Names>) -> Self {
        Self { store, names }
    }

    /// Whose code is asked for, and which kinds of it. Of that one nothing else is told.
    pub fn challenge(&mut self, user: &User, clock: Clock<'_>) -> Result<Found, Refusal> {
        Ok(self.store.find(user, &*self.names, clock)?.into())
    }

    /// Evaluates an answer, and spends it if it is right. Gives whose it is, too.
    pub fn verify(
        &mut self,
        attempt: &Attempt<'_>,
        clock: Clock<'_>,
    ) -> Result<(User, Verdict), Refusal> {
        let whose = self.store.find(attempt.user, &*self.names, clock)?.whose;
        let verdict = self.store.verify(&Attempt { user: &whose, ..*attempt }, clock)?;
        Ok((whose, verdict))
    }
}
