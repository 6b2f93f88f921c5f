//! What a store has of a user, as the caller has read it.

use cloud2fa::Status;

/// One record.
#[derive(Debug)]
pub struct Record {
    /// The user whose record it is.
    pub user: String,
    /// The uid in it. `None` if the record cannot be used.
    pub uid: Option<u32>,
    /// How the user stands. `None` if the user is not enrolled, or the record cannot be used.
    pub status: Option<Status>,
    /// Why the record cannot be used, without what to do about it.
    pub unusable: Option<String>,
    /// Whether the system knows a user of that name.
    pub is_known: bool,
    /// Another user who has the uid now and is not enrolled.
    pub renamed_to: Option<String>,
}
