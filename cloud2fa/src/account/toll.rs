//! What wrong tokens have cost a user at a daemon that verifies for others: there alone, and apart from what they
//! cost at the user's own logins.

use super::Latest;
use crate::budget::Budget;
use crate::config::MOST_VERIFIERS;
use crate::throttle::Wait;
use crate::time::UnixTime;
use crate::user::UserName;

/// Daemons that may have a toll in one record; the configuration names no more.
pub const DAEMONS: usize = MOST_VERIFIERS;

/// What wrong tokens have cost at one daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toll {
    /// The name of the daemon's user.
    pub daemon: UserName,
    /// Wrong tokens in a row.
    pub failures: u32,
    /// The wait that the last one began.
    pub wait: Option<Wait>,
    /// No token is evaluated there until a right backup code or an administrator unlocks.
    pub locked: bool,
    /// Wrong tokens of the last 30 days, which a login does not clear.
    pub budget: Budget,
}

impl Toll {
    /// Nothing yet.
    pub fn none(daemon: UserName) -> Self {
        Self { daemon, failures: 0, wait: None, locked: false, budget: Budget::default() }
    }

    /// Takes failures, wait and lock away, as each login there does.
    pub fn clear_failures(&mut self) {
        *self = Self { budget: self.budget, ..Self::none(self.daemon.clone()) };
    }

    /// Begins the wait anew where the clock was set back to before its start.
    pub fn anchor_wait(&mut self, now: UnixTime) {
        self.wait = self.wait.and_then(|wait| wait.anchored(now)).or(self.wait);
    }

    /// Whether there is nothing to remember.
    fn is_none(&self, now: UnixTime) -> bool {
        self.failures == 0 && self.wait.is_none() && !self.locked && self.budget.used(now) == 0
    }
}

/// The tolls at all daemons.
pub type Tolls = Latest<Toll, DAEMONS>;

impl Tolls {
    /// That at `daemon`.
    pub fn at(&self, daemon: &UserName) -> Toll {
        let found = self.entries().iter().find(|toll| toll.daemon == *daemon);
        found.cloned().unwrap_or_else(|| Toll::none(daemon.clone()))
    }

    /// Puts one in the place of what it was. One that is nothing is not kept, here or elsewhere.
    pub fn put(&mut self, toll: Toll, now: UnixTime) {
        self.retain(|other| other.daemon != toll.daemon && !other.is_none(now));
        if !toll.is_none(now) {
            self.add(toll);
        }
    }
}
