//! Where accounts live. [`Store`] is phrased in whole operations, so that a store may
//! also be a service or a database. What an operation makes of an account is the same in each of them:
//! [`changes`]; as what an account is kept, [`record`] says.

mod challenge;
pub mod changes;
mod content;
mod error;
mod error_text;
mod fault;
pub mod files;
pub mod record;
mod standing;
pub mod whose;

pub use crate::throttle::Shut;
pub use challenge::{Challenge, Challenged};
pub use changes::{Disabled, Failures, Issued, OldCopy};
pub use error::StoreError;
pub use fault::{Damage, Unsafe};
pub use standing::{Basis, Found, Listed, Standing, Status};

use crate::account::{Cleared, Generation};
use crate::attempt::Attempt;
use crate::decide::Verdict;
use crate::enrolment::ProvenEnrolment;
use crate::names::Names;
use crate::time::Clock;
use crate::user::{User, UserName};

/// How often an enrolment may be turned off just when it was found.
const TRIES: u32 = 3;

/// What a login needs. The clock is an argument; who decides on another side, as a service
/// does, goes by the clock there.
pub trait Verifier {
    /// What may be known of `user` before a code is asked for. Fails where a verdict could not
    /// be written down afterwards.
    fn challenge(&mut self, user: &User, clock: Clock<'_>) -> Result<Challenge, StoreError>;

    /// Evaluates the answer, and writes down what follows from it.
    fn verify(&mut self, attempt: &Attempt<'_>, clock: Clock<'_>) -> Result<Verdict, StoreError>;

    /// Whose enrolment is asked of `user`'s name: `user`'s own; else that of an enrolled record of the
    /// same uid whose own name the system still knows with that uid, of several the first in the order
    /// of names; else `user`'s, who has none. `user` has just been found by `names`.
    fn whose(&mut self, user: &User, names: &dyn Names) -> Result<User, StoreError>;

    /// That enrolment, before a code is asked for. Who has one of their own is not looked up anew.
    fn find(
        &mut self,
        user: &User,
        names: &dyn Names,
        clock: Clock<'_>,
    ) -> Result<Challenged, StoreError> {
        for _ in 0..TRIES {
            let challenge = self.challenge(user, clock)?;
            if challenge != Challenge::NotEnrolled {
                return Ok(Challenged { whose: user.clone(), challenge });
            }
            let whose = self.whose(user, names)?;
            if whose == *user {
                return Ok(Challenged { whose, challenge });
            }
            let challenge = self.challenge(&whose, clock)?;
            if challenge != Challenge::NotEnrolled {
                return Ok(Challenged { whose, challenge });
            }
            // Turned off since; there may be another one.
        }
        Err(StoreError::Changed(user.name.clone()))
    }
}

/// Whole operations on accounts. A caller's right to ask is for the caller to check.
pub trait Store: Verifier {
    /// Saves an enrolment that a code has proven, made by the user of name `by`.
    fn enrol(
        &mut self,
        user: &User,
        proven: ProvenEnrolment,
        by: &str,
        basis: &Basis,
        failures: Failures,
        clock: Clock<'_>,
    ) -> Result<Issued, StoreError>;

    /// Replaces the backup codes of the enrolment `basis`; the app goes on.
    fn regenerate_backup_codes(
        &mut self,
        user: &User,
        basis: &Generation,
        clock: Clock<'_>,
    ) -> Result<Issued, StoreError>;

    /// Turns the second factor off.
    fn disable(
        &mut self,
        user: &User,
        basis: &Basis,
        failures: Failures,
        clock: Clock<'_>,
    ) -> Result<Disabled, StoreError>;

    /// Takes failures, wait, lock and budget away; never the last step.
    fn unlock(&mut self, user: &User, clock: Clock<'_>) -> Result<Cleared, StoreError>;

    /// How `user` stands, for people to read. Changes nothing.
    fn status(&mut self, user: &User, clock: Clock<'_>) -> Result<Standing, StoreError>;

    /// Names that have a record, in their order, from the first one behind `after` on: as many at a time as
    /// the store likes, and none at the end.
    fn names_after(&mut self, after: Option<&UserName>) -> Result<Vec<UserName>, StoreError>;

    /// The record of that name, whatever uid it is of. `None` if there is none.
    fn record(&mut self, name: &UserName, clock: Clock<'_>) -> Option<Listed>;
}
