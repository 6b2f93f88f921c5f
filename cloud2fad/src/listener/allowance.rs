//! How often somebody is served: a hundred times at once, then twenty times a second; a daemon that verifies
//! for others five times as often.

#![forbid(unsafe_code)]

use std::time::{Duration, Instant};

/// What may be used up at once. A command of ours makes two connections, a login two.
const MOST: u32 = 100;

/// One of them comes back in this time. A process takes some 2 ms of a processor, so that who connects
/// without end takes a twentieth of one.
const EACH: Duration = Duration::from_millis(50);

/// The same for a daemon, which may be a fifth of a processor's work: fifty logins a second.
const EACH_OF_A_DAEMON: Duration = Duration::from_millis(10);

/// What one uid may still use.
#[derive(Debug, Clone, Copy)]
pub struct Allowance {
    /// In which one comes back.
    each: Duration,
    /// When all of it is there again; in the past where nothing was used.
    whole_at: Instant,
}

impl Allowance {
    /// Whole.
    pub fn new(now: Instant) -> Self {
        Self { each: EACH, whole_at: now }
    }

    /// Whole, for a daemon.
    pub fn of_a_daemon(now: Instant) -> Self {
        Self { each: EACH_OF_A_DAEMON, whole_at: now }
    }

    /// Uses one up, also one that is not there: a line that was logged is logged.
    pub fn take(&mut self, now: Instant) {
        // What is owed is bounded, too.
        let latest = now + self.each * (2 * MOST);
        self.whole_at = (self.whole_at.max(now) + self.each).min(latest);
    }

    /// How long until there is one to use. `None` if there is one now.
    pub fn wait(&self, now: Instant) -> Option<Duration> {
        let left = self.whole_at.saturating_duration_since(now + self.each * (MOST - 1));
        (!left.is_zero()).then_some(left)
    }

    /// Whether nothing of it is used, so that it need not be remembered.
    pub fn is_whole(&self, now: Instant) -> bool {
        self.whole_at <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_at_once_and_then_twenty_a_second() {
        let now = Instant::now();
        let mut allowance = Allowance::new(now);
        for _ in 0..MOST {
            assert_eq!(allowance.wait(now), None);
            allowance.take(now);
        }
        assert_eq!(allowance.wait(now), Some(EACH));
        assert!(!allowance.is_whole(now));
        let later = now + Duration::from_secs(1);
        for _ in 0..20 {
            assert_eq!(allowance.wait(later), None);
            allowance.take(later);
        }
        assert!(allowance.wait(later).is_some());
        assert!(allowance.is_whole(later + Duration::from_secs(5)));
    }

    #[test]
    fn what_is_owed_is_bounded() {
        let now = Instant::now();
        let mut allowance = Allowance::new(now);
        (0..100_000).for_each(|_| allowance.take(now));
        assert!(allowance.wait(now).is_some_and(|wait| wait <= EACH * (MOST + 1)));
    }
}
