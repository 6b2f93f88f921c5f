//! All that is known of one user: the enrolment, and how it has been used.

mod creator;
mod fingerprint;
mod ignorable;
mod latest;
mod left_behind;
mod toll;

pub use creator::Creator;
pub use fingerprint::Fingerprint;
pub use ignorable::Ignorable;
pub use latest::Latest;
pub use left_behind::{Attempt, Notice, NoticeKind, Notices, Remembered, RememberedKey, Ticket};
pub use toll::{DAEMONS, Toll, Tolls};

use crate::backup_codes::{BackupCodeSet, CODES};
use crate::budget::Budget;
use crate::history::History;
use crate::randomness::NoRandomness;
use crate::throttle::Wait;
use crate::time::UnixTime;
use crate::totp::Secret;
use crate::user::{User, UserName};

/// A random id that changes with every enrolment, regeneration and disabling, so that
/// an answer to an older one is told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation([u8; 16]);

impl Generation {
    /// A new one.
    pub fn generate() -> Result<Self, NoRandomness> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Reads what [`Self::to_hex`] wrote.
    pub fn from_hex(text: &str) -> Option<Self> {
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// 32 hexadecimal digits.
    pub fn to_hex(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.0)
    }
}

/// Whose record it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The canonical name.
    pub name: UserName,
    /// The uid of then. An authority's records have none, since uids differ from host to host; on
    /// a host every record has one.
    pub uid: Option<u32>,
}

impl From<User> for Holder {
    fn from(user: User) -> Self {
        Self { name: user.name, uid: Some(user.uid) }
    }
}

/// One user's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Which enrolment this is.
    pub generation: Generation,
    /// Whose it is.
    pub user: Holder,
    /// `None` if the second factor is disabled, or never was enabled; the usage lives on.
    pub enrolment: Option<Enrolment>,
    /// With what the user may enrol.
    pub ticket: Option<Ticket>,
    /// What logins have left behind.
    pub usage: Usage,
    /// What a later version has left in the record.
    pub ignorable: Ignorable,
}

impl Account {
    /// Of `user`, with nothing in it but a new generation.
    pub fn empty(user: impl Into<Holder>) -> Result<Self, NoRandomness> {
        Ok(Self {
            generation: Generation::generate()?,
            user: user.into(),
            enrolment: None,
            ticket: None,
            usage: Usage::default(),
            ignorable: Ignorable::default(),
        })
    }
}

/// What a user was enrolled with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// The key shared with the app.
    pub secret: Secret,
    /// By how much the phone's clock is off.
    pub drift: Drift,
    /// When.
    pub created: UnixTime,
    /// By whom.
    pub created_by: Creator,
    /// Whether the user has shown to have the backup codes.
    pub codes_seen: bool,
    /// Until when a first right code must confirm it. `None` if it is confirmed.
    pub unconfirmed_until: Option<UnixTime>,
    /// Hashes of the backup codes.
    pub backup_codes: BackupCodeSet,
}

impl Enrolment {
    /// One that a code has proven.
    pub fn new(
        secret: Secret,
        created: UnixTime,
        created_by: &str,
        backup_codes: BackupCodeSet,
    ) -> Self {
        Self {
            secret,
            drift: Drift::default(),
            created,
            created_by: Creator::from(created_by),
            codes_seen: true,
            unconfirmed_until: None,
            backup_codes,
        }
    }

    /// What the phone's clock shows at `now`: the time that codes are looked for at.
    pub fn phone_time(&self, now: UnixTime) -> UnixTime {
        let seconds =
            i64::from(self.drift.steps()) * self.secret.parameters().period().cast_signed();
        UnixTime(now.0.saturating_add_signed(seconds))
    }
}

/// By how many steps a phone's clock is ahead of the right time; below 0: behind it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Drift(i16);

impl Drift {
    /// A day of usual steps. pam_google_authenticator, whose files know it too, goes to half of it.
    const LARGEST: i16 = 2880;

    /// So many steps. `None` if it is more than a day of usual ones.
    pub fn new(steps: i16) -> Option<Self> {
        (-Self::LARGEST..=Self::LARGEST).contains(&steps).then_some(Self(steps))
    }

    /// The steps.
    pub fn steps(self) -> i16 {
        self.0
    }
}

/// What logins leave behind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// The first moment of the last accepted step, by the phone's clock ([`Enrolment::phone_time`]);
    /// no step that begins then or before is accepted again.
    pub last_step_at: Option<UnixTime>,
    /// When a code was last accepted at a login.
    pub last_used: Option<UnixTime>,
    /// Which backup codes of the set are spent.
    pub spent: SpentCodes,
    /// Wrong tokens in a row; the throttle's count. `unlock` clears it.
    pub failures: u32,
    /// Wrong codes of both kinds since the last login, for the user to be told. `unlock` leaves it.
    pub failures_since_login: u32,
    /// The wait that the last failure began.
    pub wait: Option<Wait>,
    /// Tokens are locked out until a right backup code or an administrator unlocks.
    pub locked: bool,
    /// Wrong tokens of the last 30 days, which a login does not clear.
    pub budget: Budget,
    /// What wrong tokens have cost at daemons that verify for others.
    pub tolls: Tolls,
    /// The last decisions.
    pub history: History,
    /// Keys that are not asked again for a while.
    pub remembered: Remembered,
    /// What the user is to be told at the next login.
    pub notices: Notices,
    /// The last attempt that came with an id.
    pub last_attempt: Option<Attempt>,
}

impl Usage {
    /// Seconds until the next token is evaluated.
    pub fn wait_left(&self, now: UnixTime) -> u64 {
        self.wait.map_or(0, |wait| wait.left(now))
    }

    /// Whether no token is evaluated until somebody unlocks. A budget that is used up locks
    /// whatever has cleared the lock that it set.
    pub fn is_locked(&self, now: UnixTime) -> bool {
        self.locked || self.budget.is_used_up(now)
    }

    /// Takes failures, wait and lock away, as each login does.
    pub fn clear_failures(&mut self) {
        self.failures = 0;
        self.wait = None;
        self.locked = false;
    }

    /// The same and the budget, as a right backup code does. Says what there was.
    pub fn clear_all_failures(&mut self, now: UnixTime) -> Cleared {
        let cleared = Cleared {
            failures_since_login: self.failures_since_login,
            budget_used: self.budget.used(now),
            opened: self.is_locked(now) || self.wait_left(now) > 0,
        };
        self.clear_failures();
        self.budget.clear();
        self.tolls = Tolls::default();
        cleared
    }

    /// The same by root: where that opens a wait or a lock, the user is told at the next login.
    pub fn clear_as_root(&mut self, now: UnixTime) -> Cleared {
        let cleared = self.clear_all_failures(now);
        if cleared.opened {
            self.take_opened();
            let number = cleared.failures_since_login.into();
            self.notices.add(Notice { kind: NoticeKind::Opened, at: now, number });
        }
        cleared
    }

    /// Takes the notice away that root has opened a wait or a lock. Says whether there was one.
    pub fn take_opened(&mut self) -> bool {
        let before = self.notices.entries().len();
        self.notices.retain(|notice| notice.kind != NoticeKind::Opened);
        self.notices.entries().len() < before
    }

    /// Begins the wait anew where the clock was set back to before its start. Says whether it did.
    pub fn anchor_wait(&mut self, now: UnixTime) -> bool {
        let anchored = self.wait.and_then(|wait| wait.anchored(now));
        self.wait = anchored.or(self.wait);
        anchored.is_some()
    }
}

/// What stood against a user's tokens and was taken away, for people to be told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cleared {
    /// Wrong codes since the last login.
    pub failures_since_login: u32,
    /// Wrong tokens of the last 30 days; they count no more.
    pub budget_used: u32,
    /// Whether a wait or a lock has ended by it.
    pub opened: bool,
}

/// Which of the 8 backup codes are spent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SpentCodes([bool; CODES]);

impl SpentCodes {
    /// Whether the code at `position` is spent.
    pub fn contains(&self, position: usize) -> bool {
        self.0[position]
    }

    /// Spends the code at `position`.
    pub fn insert(&mut self, position: usize) {
        self.0[position] = true;
    }

    /// How many codes are left.
    pub fn left(&self) -> usize {
        self.0.iter().filter(|spent| !**spent).count()
    }

    /// The positions of the spent codes.
    pub fn positions(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().filter(|(_, spent)| **spent).map(|(position, _)| position)
    }
}

impl FromIterator<usize> for SpentCodes {
    fn from_iter<I: IntoIterator<Item = usize>>(positions: I) -> Self {
        let mut spent = Self::default();
        positions.into_iter().for_each(|position| spent.insert(position));
        spent
    }
}
