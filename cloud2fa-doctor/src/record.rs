//! What a store has of a user, as far as an examination needs it: there may be very many.

use cloud2fa::history::History;
use cloud2fa::roster::{Person, Unsayable};
use cloud2fa::{Standing, Status};

/// One record.
#[derive(Debug)]
pub struct Record {
    /// The user whose record it is.
    pub user: String,
    /// The uid in it. `None` if the record cannot be used.
    pub uid: Option<u32>,
    /// How the user stands, without the last decisions. `None` if the user is not enrolled, or the record
    /// cannot be used.
    pub status: Option<Status>,
    /// Why the record cannot be used, without what to do about it.
    pub unusable: Option<String>,
    /// Whether the system knows a user of that name.
    pub is_known: bool,
    /// Another user who has the uid now and is not enrolled.
    pub renamed_to: Option<String>,
}

impl From<Person> for Record {
    fn from(person: Person) -> Self {
        let (status, unusable) = match person.standing {
            Ok(Standing::Enrolled(_, status)) => {
                (Some(Status { history: History::default(), ..status }), None)
            }
            Ok(Standing::NeverEnrolled | Standing::Disabled(_)) => (None, None),
            Err(Unsayable::Record(error)) => (None, Some(error.what())),
            Err(error @ Unsayable::Name(..)) => (None, Some(error.to_string())),
        };
        Self {
            user: person.name.to_string(),
            uid: person.uid,
            status,
            unusable,
            is_known: person.is_known,
            renamed_to: person.renamed_to.map(|name| name.to_string()),
        }
    }
}
