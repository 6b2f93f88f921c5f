//! How long tokens must wait after wrong ones, and when they are locked out (RFC 4226 section 7.3, NIST SP 800-63B 3.2.2).

use crate::time::UnixTime;

/// The throttle's settings; the configuration's `[throttle]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttle {
    /// Wrong tokens in a row before the first wait.
    pub free_failures: u32,
    /// The first wait, seconds; it doubles with each further failure.
    pub first_wait: u64,
    /// No wait is longer, seconds.
    pub longest_wait: u64,
    /// Wrong tokens in a row at which tokens are locked out, until a right backup code or an administrator unlocks.
    pub lock_after: u32,
}

impl Default for Throttle {
    fn default() -> Self {
        Self { free_failures: 5, first_wait: 30, longest_wait: 3600, lock_after: 100 }
    }
}

impl Throttle {
    /// Seconds to wait after the `failures`th wrong code in a row.
    pub fn wait_after(&self, failures: u32) -> u64 {
        let Some(doublings) = failures.checked_sub(self.free_failures) else { return 0 };
        let factor = 2_u64.checked_pow(doublings).unwrap_or(u64::MAX);
        self.first_wait.saturating_mul(factor).min(self.longest_wait)
    }

    /// The wait that the `failures`th wrong code in a row begins at `now`. `None` if it costs none.
    pub fn wait_from(&self, now: UnixTime, failures: u32) -> Option<Wait> {
        let seconds = self.wait_after(failures);
        (seconds > 0).then_some(Wait { from: now, seconds })
    }

    /// Whether the `failures`th wrong code in a row locks the factor.
    pub fn locks_at(&self, failures: u32) -> bool {
        failures >= self.lock_after
    }
}

/// A wait, kept as start and length, so that a clock that went back cannot stretch it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// When it began.
    pub from: UnixTime,
    /// How long it lasts.
    pub seconds: u64,
}

impl Wait {
    /// Seconds that are left of it; 0 when it is over.
    pub fn left(&self, now: UnixTime) -> u64 {
        self.from.plus(self.seconds).since(now).min(self.seconds)
    }

    /// The same wait begun at `now`, where the clock was set back to before its start
    /// and it would else last longer than its length.
    pub fn anchored(&self, now: UnixTime) -> Option<Self> {
        (now < self.from).then_some(Self { from: now, seconds: self.seconds })
    }
}

/// Why no token is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shut {
    /// Until a right backup code or an administrator unlocks.
    pub locked: bool,
    /// Seconds until the next token is evaluated.
    pub wait_seconds: u64,
    /// Wrong tokens in a row.
    pub failures: u32,
    /// Wrong tokens of the last 30 days.
    pub budget_used: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_from_the_fifth_failure_to_an_hour() {
        let throttle = Throttle::default();
        let waits: Vec<_> = (0..14).map(|failures| throttle.wait_after(failures)).collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
        assert_eq!(throttle.wait_after(u32::MAX), 3600);
    }

    #[test]
    fn no_first_wait_means_no_wait_at_all() {
        let throttle = Throttle { first_wait: 0, ..Throttle::default() };
        assert_eq!(throttle.wait_after(99), 0);
    }

    #[test]
    fn a_clock_that_went_back_does_not_stretch_a_wait() {
        let wait = Wait { from: UnixTime(1_000_000), seconds: 30 };
        assert_eq!(wait.left(UnixTime(1_000_010)), 20);
        assert_eq!(wait.left(UnixTime(1_000_030)), 0);
        assert_eq!(wait.left(UnixTime(5)), 30);
        let anchored = wait.anchored(UnixTime(5)).unwrap();
        assert_eq!(anchored.left(UnixTime(36)), 0);
        assert_eq!(wait.anchored(UnixTime(1_000_010)), None);
    }
}
