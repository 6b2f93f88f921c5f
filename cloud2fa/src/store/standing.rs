//! How a user stands with the second factor, for people to read.

use super::error::StoreError;
use crate::account::{Account, Generation};
use crate::history::History;
use crate::time::UnixTime;
use crate::user::{User, UserName};

/// What is known of one enrolled user, secrets left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// When the enrolment was made.
    pub since: UnixTime,
    /// When a code was last accepted at a login.
    pub last_used: Option<UnixTime>,
    /// Backup codes that are not spent.
    pub backup_codes_left: usize,
    /// Wrong tokens in a row.
    pub failures: u32,
    /// Seconds until the next token is evaluated.
    pub wait_seconds: u64,
    /// Tokens are locked out until a right backup code or an administrator unlocks.
    pub locked: bool,
    /// Wrong tokens of the last 30 days.
    pub budget_used: u32,
    /// The last decisions.
    pub history: History,
}

/// How a user stands with the second factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The healthy store has no record of this user.
    NeverEnrolled,
    /// There was an enrolment.
    Disabled(Generation),
    /// There is one.
    Enrolled(Generation, Status),
}

impl Standing {
    /// How `account` stands at `now`.
    pub fn of(account: &Account, now: UnixTime) -> Self {
        let generation = account.generation.clone();
        let usage = &account.usage;
        match &account.enrolment {
            None => Self::Disabled(generation),
            Some(enrolment) => Self::Enrolled(
                generation,
                Status {
                    since: enrolment.created,
                    // One of an earlier enrolment's is none of this one's.
                    last_used: usage.last_used.filter(|at| *at >= enrolment.created),
                    backup_codes_left: usage.spent.left(),
                    failures: usage.failures,
                    wait_seconds: usage.wait_left(now),
                    locked: usage.is_locked(now),
                    budget_used: usage.budget.used(now),
                    history: usage.history.clone(),
                },
            ),
        }
    }

    /// The status of an enrolment, where there is one.
    pub fn status(&self) -> Option<&Status> {
        match self {
            Self::Enrolled(_, status) => Some(status),
            Self::NeverEnrolled | Self::Disabled(_) => None,
        }
    }

    /// What a change that begins now must find unchanged when it commits.
    pub fn basis(&self) -> Basis {
        match self {
            Self::NeverEnrolled => Basis::Nothing,
            Self::Disabled(generation) | Self::Enrolled(generation, _) => {
                Basis::Generation(generation.clone())
            }
        }
    }
}

/// The enrolment that is asked of a name: whose it is, and how that one stands. Where there is none,
/// it is the name's own standing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The user who was asked for, or another name of the same uid.
    pub whose: User,
    /// How that one stands.
    pub standing: Standing,
}

/// What a change was begun on: it commits on nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// No record.
    Nothing,
    /// This record.
    Generation(Generation),
    /// A record that cannot be used, whatever is wrong with it (see
    /// [`StoreError::is_about_one_record`]): it is written over. For administrators only.
    Unusable,
}

/// One record, as a list has it.
#[derive(Debug)]
pub struct Listed {
    /// Whose record it is.
    pub name: UserName,
    /// The uid in it. `None` if it cannot be used.
    pub uid: Option<u32>,
    /// How the user stands, or why the record cannot be used.
    pub standing: Result<Standing, StoreError>,
}
