//! Who is served, and when: a pure function of who came, who is served and the time. What is too much
//! waits, so that whoever comes without end has nothing to do but wait, too; what is too much even for
//! that is hung up on.

#![forbid(unsafe_code)]

use super::allowance::Allowance;
use crate::ROOT;
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// Processes for users at a time.
const PLACES: usize = 64;

/// Of them, for uids of which it is not known whether they are somebody's: their processes may wait for
/// whoever answers that.
const PLACES_OF_UNKNOWN: usize = PLACES / 8;

/// For each user.
const PLACES_EACH: usize = 4;

/// Each such uid has one, until that is known.
const PLACES_EACH_UNKNOWN: usize = 1;

/// Places that logins by root have besides.
const PLACES_OF_ROOT: usize = 32;

/// For all uids together that a user may have for containers, until one is known to be somebody's: there are
/// many for each user, who can be any of them. Hardly ever a person has one.
const PLACES_OF_SUBORDINATE: usize = 1;

/// For each daemon that verifies for others, beside the users' places: a login there takes one or two, for as
/// long as a backup code or a wrong code takes.
const PLACES_EACH_DAEMON: usize = 16;

/// Connections of one uid that wait.
const WAITING_EACH: usize = 1024;

/// Of all such uids together.
const WAITING_SUBORDINATE: usize = 8;

/// How long it is remembered that a uid is nobody's.
const NOBODY_FOR: Duration = Duration::from_secs(60);

/// Whose a uid is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Somebody {
    /// A user's.
    User,
    /// A daemon's that verifies for others.
    Daemon,
}

/// What is known of a uid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// Nothing yet.
    Nothing,
    /// It is somebody's, or nobody can say.
    Somebody(Somebody),
    /// It is nobody's, as was said at that time.
    Nobody(Instant),
}

/// A uid's connections.
struct Caller<C> {
    known: Known,
    /// Whether users have it for containers.
    is_subordinate: bool,
    waiting: VecDeque<C>,
    served: usize,
    allowance: Allowance,
}

/// All connections that are not ended; `C` is one that waits.
pub struct Admission<C> {
    callers: HashMap<u32, Caller<C>>,
    /// The uids that wait, whose turn it is first.
    turns: VecDeque<u32>,
    waiting: usize,
    most_waiting: usize,
    /// Connections of users that are served, and of those the ones of whose uid nothing is known.
    served: usize,
    served_unknown: usize,
    served_subordinate: usize,
    /// What all uids of which nothing is known may use.
    unknown: Allowance,
    /// What those of them may use that users have for containers.
    subordinate: Allowance,
}

/// Why a connection is hung up on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// The uid is nobody's.
    Nobody,
    /// Too many wait.
    TooMany,
}

impl<C> Admission<C> {
    /// With nobody there. `most_waiting`: so many connections wait at most, of all.
    pub fn new(most_waiting: usize, now: Instant) -> Self {
        let (callers, turns) = (HashMap::new(), VecDeque::new());
        let (unknown, subordinate) = (Allowance::new(now), Allowance::new(now));
        Self {
            callers,
            turns,
            waiting: 0,
            most_waiting,
            served: 0,
            served_unknown: 0,
            served_subordinate: 0,
            unknown,
            subordinate,
        }
    }

    /// A connection has come, of a uid that users have for containers or of another. Gives whose connections
    /// are hung up on for it, and why: its own, or one of who has most.
    pub fn arrive(
        &mut self,
        (uid, is_subordinate): (u32, bool),
        connection: C,
        now: Instant,
    ) -> Option<(u32, Excess)> {
        let is_full = is_subordinate && self.waiting_subordinate() >= WAITING_SUBORDINATE;
        let caller = self.callers.entry(uid).or_insert_with(|| Caller::new(now));
        // The file may change; who is served is counted as what it was.
        if caller.served == 0 {
            caller.is_subordinate = is_subordinate;
        }
        if caller.is_nobody(now) {
            return Some((uid, Excess::Nobody));
        }
        if caller.waiting.len() >= WAITING_EACH || is_full && !caller.is_somebody() {
            return Some((uid, Excess::TooMany));
        }
        if caller.waiting.is_empty() {
            self.turns.push_back(uid);
        }
        caller.waiting.push_back(connection);
        self.waiting += 1;
        if self.waiting <= self.most_waiting {
            return None;
        }
        let most = self.turns.iter().copied().max_by_key(|uid| self.callers[uid].waiting.len())?;
        self.take_from(most, VecDeque::pop_back);
        Some((most, Excess::TooMany))
    }

    /// Whom to serve next, if anybody may be.
    pub fn next(&mut self, now: Instant) -> Option<(u32, C)> {
        let turn =
            self.turns.iter().position(|uid| self.wait_of(*uid, now) == Some(Duration::ZERO))?;
        let uid = self.turns[turn];
        let caller = self.callers.get_mut(&uid)?;
        caller.served += 1;
        caller.allowance.take(now);
        self.served += usize::from(caller.takes_a_users_place(uid));
        if uid != ROOT && !caller.is_somebody() {
            let is_subordinate = caller.is_subordinate;
            *self.unknown_served(is_subordinate) += 1;
            let allowance = if is_subordinate { &mut self.subordinate } else { &mut self.unknown };
            allowance.take(now);
        }
        // Behind all others.
        self.turns.remove(turn);
        self.turns.push_back(uid);
        self.take_from(uid, VecDeque::pop_front).map(|connection| (uid, connection))
    }

    /// How long until somebody who waits may be served, if nobody is done before.
    pub fn wait(&self, now: Instant) -> Option<Duration> {
        self.turns.iter().filter_map(|uid| self.wait_of(*uid, now)).min()
    }

    /// How long a uid that waits has to wait for its allowance. `None` if it waits for a place.
    fn wait_of(&self, uid: u32, now: Instant) -> Option<Duration> {
        let caller = &self.callers[&uid];
        if uid == ROOT {
            // Root needs no allowance: it may end the service.
            return (caller.served < PLACES_OF_ROOT).then_some(Duration::ZERO);
        }
        if caller.known == Known::Somebody(Somebody::Daemon) {
            let has_place = caller.served < PLACES_EACH_DAEMON;
            return has_place.then(|| caller.allowance.wait(now).unwrap_or_default());
        }
        let (has_place, allowance) = if caller.is_somebody() {
            (caller.served < PLACES_EACH, &caller.allowance)
        } else if caller.is_subordinate {
            (self.served_subordinate < PLACES_OF_SUBORDINATE, &self.subordinate)
        } else {
            let is_first = caller.served < PLACES_EACH_UNKNOWN;
            (is_first && self.served_unknown < PLACES_OF_UNKNOWN, &self.unknown)
        };
        (has_place && self.served < PLACES).then(|| allowance.wait(now).unwrap_or_default())
    }

    /// A process has found out that its caller's uid is somebody's.
    pub fn learn(&mut self, uid: u32, somebody: Somebody, now: Instant) {
        let Some(caller) = self.callers.get_mut(&uid) else { return };
        // Each process of a daemon's says first that it is somebody's. Who is none any more stays one until the
        // service ends, which costs nobody else anything.
        let is_daemon = caller.known == Known::Somebody(Somebody::Daemon);
        if uid == ROOT || is_daemon || caller.known == Known::Somebody(somebody) {
            return;
        }
        let (served, is_subordinate) = (caller.served, caller.is_subordinate);
        let was_unknown = !caller.is_somebody();
        caller.known = Known::Somebody(somebody);
        if somebody == Somebody::Daemon {
            caller.allowance = Allowance::of_a_daemon(now);
            self.served -= served;
        }
        if was_unknown {
            *self.unknown_served(is_subordinate) -= served;
        }
    }

    /// A process has found out that its caller's uid is nobody's. Who waits is hung up on; gives how many that
    /// were.
    pub fn learn_nobody(&mut self, uid: u32, now: Instant) -> usize {
        let Some(caller) = self.callers.get_mut(&uid) else { return 0 };
        // A user who was there a moment ago keeps the places that are taken.
        if caller.is_somebody() {
            return 0;
        }
        caller.known = Known::Nobody(now);
        let dropped = caller.waiting.len();
        caller.waiting.clear();
        self.waiting -= dropped;
        self.turns.retain(|other| *other != uid);
        dropped
    }

    /// A line was logged because of a uid.
    pub fn logged(&mut self, uid: u32, now: Instant) {
        if let Some(caller) = self.callers.get_mut(&uid) {
            caller.allowance.take(now);
        }
    }

    /// How long the lines of a uid's processes have to wait, so that nobody fills the log.
    pub fn mute(&self, uid: u32, now: Instant) -> Option<Duration> {
        self.callers.get(&uid).filter(|_| uid != ROOT).and_then(|caller| caller.allowance.wait(now))
    }

    /// A process has ended.
    pub fn end(&mut self, uid: u32) {
        let Some(caller) = self.callers.get_mut(&uid) else { return };
        caller.served -= 1;
        let (is_unknown, is_subordinate) = (!caller.is_somebody(), caller.is_subordinate);
        self.served -= usize::from(caller.takes_a_users_place(uid));
        if uid != ROOT {
            *self.unknown_served(is_subordinate) -= usize::from(is_unknown);
        }
    }

    /// Forgets those that wait and have gone, and all of whom nothing need be known.
    pub fn sweep(&mut self, now: Instant, has_gone: impl Fn(&C) -> bool) {
        for caller in self.callers.values_mut() {
            caller.waiting.retain(|connection| !has_gone(connection));
        }
        self.waiting = self.callers.values().map(|caller| caller.waiting.len()).sum();
        self.turns.retain(|uid| !self.callers[uid].waiting.is_empty());
        self.callers.retain(|_, caller| {
            let must_be_known = caller.is_somebody() || caller.is_nobody(now);
            must_be_known
                || caller.served > 0
                || !caller.waiting.is_empty()
                || !caller.allowance.is_whole(now)
        });
    }

    /// Whether nobody waits or is served.
    pub fn is_idle(&self) -> bool {
        self.waiting == 0 && self.callers.values().all(|caller| caller.served == 0)
    }

    /// How many are served of the uids of which nothing is known, of that kind.
    fn unknown_served(&mut self, is_subordinate: bool) -> &mut usize {
        if is_subordinate { &mut self.served_subordinate } else { &mut self.served_unknown }
    }

    fn waiting_subordinate(&self) -> usize {
        let callers = self.turns.iter().map(|uid| &self.callers[uid]);
        let unknown = callers.filter(|it| it.is_subordinate && !it.is_somebody());
        unknown.map(|caller| caller.waiting.len()).sum()
    }

    fn take_from(&mut self, uid: u32, take: fn(&mut VecDeque<C>) -> Option<C>) -> Option<C> {
        let caller = self.callers.get_mut(&uid)?;
        let taken = take(&mut caller.waiting)?;
        self.waiting -= 1;
        if caller.waiting.is_empty() {
            self.turns.retain(|other| *other != uid);
        }
        Some(taken)
    }
}

impl<C> Caller<C> {
    fn new(now: Instant) -> Self {
        Self {
            known: Known::Nothing,
            is_subordinate: false,
            waiting: VecDeque::new(),
            served: 0,
            allowance: Allowance::new(now),
        }
    }

    fn is_somebody(&self) -> bool {
        matches!(self.known, Known::Somebody(_))
    }

    /// Whether those who are served take places that all users share. `uid` is its own.
    fn takes_a_users_place(&self, uid: u32) -> bool {
        uid != ROOT && self.known != Known::Somebody(Somebody::Daemon)
    }

    /// Whether it is known that it is nobody. After a while it may be somebody's.
    fn is_nobody(&mut self, now: Instant) -> bool {
        if matches!(self.known, Known::Nobody(since) if now.saturating_duration_since(since) >= NOBODY_FOR)
        {
            self.known = Known::Nothing;
        }
        matches!(self.known, Known::Nobody(_))
    }
}

#[cfg(test)]
#[path = "admission_tests.rs"]
mod tests;
