//! What a host may know of a user before it asks for a code.

use super::standing::{Found, Standing, Status};
use crate::account::{Account, Generation, Toll};
use crate::history::History;
use crate::pair;
use crate::throttle::Shut;
use crate::time::UnixTime;
use crate::user::User;

/// What a host may know of a user before it asks for a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Challenge {
    /// There is no enrolment.
    NotEnrolled,
    /// Any code of this enrolment is evaluated.
    Ask(Generation),
    /// Only a backup code of it is: the user must wait, or is locked.
    AskForBackupCode(Generation, Shut),
}

impl Shut {
    /// Why no token of who stands so is evaluated. `None` if one is.
    pub fn of(status: &Status) -> Option<Self> {
        let Status { locked, wait_seconds, failures, budget_used, .. } = *status;
        (locked || wait_seconds > 0).then_some(Self { locked, wait_seconds, failures, budget_used })
    }
}

impl Challenge {
    /// Of `account` at `now`.
    pub(super) fn of(account: &Account, now: UnixTime) -> Self {
        if account.enrolment.is_none() {
            return Self::NotEnrolled;
        }
        let (usage, seen) = (&account.usage, account.generation.clone());
        let (locked, wait_seconds) = (usage.is_locked(now), usage.wait_left(now));
        if !locked && wait_seconds == 0 {
            return Self::Ask(seen);
        }
        let (failures, budget_used) = (usage.failures, usage.budget.used(now));
        Self::AskForBackupCode(seen, Shut { locked, wait_seconds, failures, budget_used })
    }

    /// Of `account` at `now`, where a daemon asks at which wrong tokens have cost `toll`.
    pub(super) fn for_pair(account: &Account, toll: &Toll, now: UnixTime) -> Self {
        if account.enrolment.is_none() {
            return Self::NotEnrolled;
        }
        let seen = account.generation.clone();
        match pair::shut(&account.usage, toll, now) {
            None => Self::Ask(seen),
            Some(shut) => Self::AskForBackupCode(seen, shut),
        }
    }

    /// Which enrolment is asked for. `None` if there is none.
    pub fn seen(&self) -> Option<&Generation> {
        match self {
            Self::NotEnrolled => None,
            Self::Ask(seen) | Self::AskForBackupCode(seen, _) => Some(seen),
        }
    }
}

/// As who stands so is asked.
impl From<Standing> for Challenge {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::NeverEnrolled | Standing::Disabled(_) => Self::NotEnrolled,
            Standing::Enrolled(seen, status) => match Shut::of(&status) {
                None => Self::Ask(seen),
                Some(shut) => Self::AskForBackupCode(seen, shut),
            },
        }
    }
}

/// A standing that says how codes are asked for, and nothing else of who stands so.
impl From<Challenged> for Found {
    fn from(Challenged { whose, challenge }: Challenged) -> Self {
        let status = |shut: Option<Shut>| Status {
            since: UnixTime(0),
            last_used: None,
            backup_codes_left: 0,
            failures: shut.map_or(0, |shut| shut.failures),
            wait_seconds: shut.map_or(0, |shut| shut.wait_seconds),
            locked: shut.is_some_and(|shut| shut.locked),
            budget_used: shut.map_or(0, |shut| shut.budget_used),
            history: History::default(),
        };
        let standing = match challenge {
            Challenge::NotEnrolled => Standing::NeverEnrolled,
            Challenge::Ask(seen) => Standing::Enrolled(seen, status(None)),
            Challenge::AskForBackupCode(seen, shut) => Standing::Enrolled(seen, status(Some(shut))),
        };
        Self { whose, standing }
    }
}

/// Whose enrolment is asked of a name, and what may be known of it before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenged {
    /// The user who was asked for, or another name of the same uid.
    pub whose: User,
    /// The challenge of that one.
    pub challenge: Challenge,
}
