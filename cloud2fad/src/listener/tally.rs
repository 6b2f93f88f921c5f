//! What is too often to be logged each time: a line at once, and then one a minute with the number.

#![forbid(unsafe_code)]

use crate::log;
use crate::report::Misbehaviour;
use cloud2fa::log::{Call, Event, Reason, Severity};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Between two lines about the same.
const PAUSE: Duration = Duration::from_secs(60);

/// Uids that are told apart in that time.
const MOST_UIDS: usize = 1000;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// More connections than may wait.
    TooMany,
    /// Those of uids that are nobody's.
    Nobody,
    /// Callers that were hung up on.
    Misbehaved(Misbehaviour),
}

/// What was not logged yet.
#[derive(Default)]
pub struct Tally {
    counts: BTreeMap<What, Count>,
}

struct Count {
    /// When the last line was logged.
    logged: Instant,
    /// Since then.
    times: BTreeMap<u32, u64>,
}

/// A line to log.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    what: What,
    /// Whose it was most often.
    uid: u32,
    times: u64,
    of_others: u64,
}

impl Tally {
    /// Counts one. Gives the line where it is the first since a while.
    pub fn add(&mut self, what: What, uid: u32, now: Instant) -> Option<Line> {
        let Some(count) = self.counts.get_mut(&what) else {
            self.counts.insert(what, Count { logged: now, times: BTreeMap::new() });
            return Some(Line { what, uid, times: 1, of_others: 0 });
        };
        if count.times.len() < MOST_UIDS || count.times.contains_key(&uid) {
            *count.times.entry(uid).or_default() += 1;
        }
        None
    }

    /// How long until the next line is due.
    pub fn wait(&self, now: Instant) -> Option<Duration> {
        let due = self.counts.values().map(|count| count.logged + PAUSE);
        due.min().map(|due| due.saturating_duration_since(now))
    }

    /// The lines that are due; `at_the_end`: all there are.
    pub fn due(&mut self, now: Instant, at_the_end: bool) -> Vec<Line> {
        let mut lines = Vec::new();
        self.counts.retain(|what, count| {
            if now.saturating_duration_since(count.logged) < PAUSE && !at_the_end {
                return true;
            }
            let Some(line) = count.line(*what) else { return false };
            lines.push(line);
            *count = Count { logged: now, times: BTreeMap::new() };
            true
        });
        lines
    }
}

impl Count {
    fn line(&self, what: What) -> Option<Line> {
        let (uid, times) = self.times.iter().max_by_key(|(_, times)| **times)?;
        let all: u64 = self.times.values().sum();
        Some(Line { what, uid: *uid, times: *times, of_others: all - times })
    }
}

impl Line {
    /// Logs it.
    pub fn log(&self) {
        let (reason, what) = match self.what {
            What::TooMany => (Reason::TooManyConnections, None),
            What::Nobody => (Reason::UnknownUser, None),
            What::Misbehaved(how) => (Reason::Misbehaved, Some(how.what())),
        };
        let times = (self.times, self.of_others) != (1, 0);
        let times = times.then(|| match self.of_others {
            0 => format!("{} times in a minute", self.times),
            others => format!("{} times in a minute, and {others} times by other uids", self.times),
        });
        let detail: Vec<_> = what.map(str::to_owned).into_iter().chain(times).collect();
        let mut event = Event::refused(reason);
        if !detail.is_empty() {
            event = event.with_detail(Severity::Notice, detail.join("; "));
        }
        log::event(&event, None, Call { uid: Some(self.uid), method: None });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOW: What = What::Misbehaved(Misbehaviour::TookTooLong);

    fn line(what: What, uid: u32, times: u64, of_others: u64) -> Line {
        Line { what, uid, times, of_others }
    }

    #[test]
    fn the_first_is_a_line_at_once_and_what_follows_one_a_minute() {
        let (mut tally, now) = (Tally::default(), Instant::now());
        assert_eq!(tally.wait(now), None);
        assert_eq!(tally.add(SLOW, 1000, now), Some(line(SLOW, 1000, 1, 0)));
        for (uid, times) in [(1000, 3), (1001, 5)] {
            (0..times).for_each(|_| assert_eq!(tally.add(SLOW, uid, now), None));
        }
        assert_eq!(tally.add(What::TooMany, 1000, now), Some(line(What::TooMany, 1000, 1, 0)));
        assert_eq!(tally.due(now, false), []);
        assert_eq!(tally.wait(now), Some(PAUSE));
        let later = now + PAUSE;
        assert_eq!(tally.due(later, false), [line(SLOW, 1001, 5, 3)]);
        // A minute without any: what comes next is a line at once.
        assert_eq!(tally.due(later + PAUSE, false), []);
        assert_eq!(tally.wait(later), None);
        assert!(tally.add(SLOW, 1000, later + PAUSE).is_some());
    }

    #[test]
    fn at_the_end_nothing_is_left_out() {
        let (mut tally, now) = (Tally::default(), Instant::now());
        for _ in 0..3 {
            tally.add(What::Nobody, 7, now);
        }
        assert_eq!(tally.due(now, true), [line(What::Nobody, 7, 2, 0)]);
    }
}
