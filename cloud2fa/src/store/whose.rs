//! Whose enrolment is asked of a name: **the** rule, for logins, the service and the command.
//!
//! The name's own; else that of an enrolled record of the same uid whose own name the system still
//! knows with that uid, of several the first in the order of names; else none. So a second name is no
//! way around the first one's second factor, and who gets a uid anew (useradd(8) gives it at once)
//! inherits none. Which records have a uid is for the store to say: the system, asked for a uid, may
//! answer with any of its names.

use super::error::StoreError;
use crate::account::Account;
use crate::names::{Names, share_a_uid};
use crate::user::{User, UserName};

/// Whether the record of `name`, as it was read, is asked for at `user`'s logins. One that cannot be used
/// may be, and so is an error, unless the system says that it is none of this uid's.
pub fn counts_for(
    record: Result<Option<Account>, StoreError>,
    name: &UserName,
    user: &User,
    names: &dyn Names,
) -> Result<bool, StoreError> {
    match record {
        Ok(Some(account)) if account.user.uid == Some(user.uid) && account.enrolment.is_some() => {
            Ok(share_a_uid(names, name, user))
        }
        Err(error) if !error.is_about_one_record() || share_a_uid(names, name, user) => Err(error),
        Ok(_) | Err(_) => Ok(false),
    }
}
