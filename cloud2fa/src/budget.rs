//! How many wrong tokens were evaluated in the last 30 days, whatever logged in between.
//!
//! Waits and the lock are forgotten at a login, so that who types four wrong codes behind each
//! right one would never be slowed. This count is not (NIST SP 800-63B 3.2.2 asks for a bound).

use crate::time::UnixTime;

/// Seconds of a UTC day; POSIX time has no leap seconds.
const DAY_SECONDS: u64 = 86_400;

/// Days that are told apart: a day counts until 30 days after its end.
pub const DAYS: usize = 31;

/// Wrong tokens of one user that are evaluated in any 30 days. A guess hits one of three steps
/// in a million, so that 300 come to 0.09 % in a month.
pub const LARGEST: u32 = 300;

/// From here on people are told: somebody guesses, and knows the password.
pub const WORTH_TELLING: u32 = LARGEST / 2;

/// Wrong tokens by UTC day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Budget {
    /// The number of the newest day that anything was counted on, from 1970-01-01.
    newest: u64,
    /// Of that day, and of the days before it.
    counts: [u16; DAYS],
}

impl Budget {
    /// A budget as a record has it: the newest day's number, and its count and those of the days before.
    pub fn from_parts(newest: u64, counts: [u16; DAYS]) -> Self {
        Self { newest, counts }
    }

    /// The newest day's number.
    pub fn newest(&self) -> u64 {
        self.newest
    }

    /// The counts of the newest day and of the days before it.
    pub fn counts(&self) -> &[u16; DAYS] {
        &self.counts
    }

    /// Wrong tokens that count at `now`. A clock that went back lowers it by nothing.
    pub fn used(&self, now: UnixTime) -> u32 {
        self.at(now).counts.iter().copied().map(u32::from).sum()
    }

    /// Those of the day of `now`. Where the clock went back by up to a day, of the newest; what was counted by a
    /// clock further ahead is of no day that anybody would wait for.
    pub fn used_today(&self, now: UnixTime) -> u32 {
        if self.newest > now.0 / DAY_SECONDS + 1 {
            return 0;
        }
        self.at(now).counts[0].into()
    }

    /// Seconds until that day ends.
    pub fn left_of_the_day(now: UnixTime) -> u64 {
        DAY_SECONDS - now.0 % DAY_SECONDS
    }

    /// Whether no further token may be evaluated.
    pub fn is_used_up(&self, now: UnixTime) -> bool {
        self.used(now) >= LARGEST
    }

    /// Counts one more. Where the clock went back it counts on the newest day; but where that is further
    /// ahead than anything counts, the clock was wrong then, and all is of today, or it would never age.
    /// It is not wrong now: behind the last accepted code no token is evaluated.
    pub fn count(&mut self, now: UnixTime) {
        let today = now.0 / DAY_SECONDS;
        if self.newest.saturating_sub(today) > DAYS as u64 {
            let sum = u16::try_from(self.used(now)).unwrap_or(u16::MAX);
            *self = Self { newest: today, counts: [0; DAYS] };
            self.counts[0] = sum;
        }
        *self = self.at(now);
        self.counts[0] = self.counts[0].saturating_add(1);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The same with the day of `now` as the newest, unless the newest is later.
    fn at(&self, now: UnixTime) -> Self {
        let newest = self.newest.max(now.0 / DAY_SECONDS);
        let older_by = usize::try_from(newest - self.newest).unwrap_or(DAYS).min(DAYS);
        let mut counts = [0; DAYS];
        counts[older_by..].copy_from_slice(&self.counts[..DAYS - older_by]);
        Self { newest, counts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime(1_764_000_000);

    fn days(number: u64) -> u64 {
        number * DAY_SECONDS
    }

    #[test]
    fn a_day_counts_until_thirty_days_after_its_end() {
        let mut budget = Budget::default();
        budget.count(NOW);
        let end_of_day = (NOW.0 / DAY_SECONDS + 1) * DAY_SECONDS;
        assert_eq!(budget.used(UnixTime(end_of_day + days(30) - 1)), 1);
        assert_eq!(budget.used(UnixTime(end_of_day + days(30))), 0);
    }

    #[test]
    fn a_clock_that_went_back_never_lowers_the_sum() {
        let mut budget = Budget::default();
        for day in 0..DAYS as u64 {
            budget.count(NOW.plus(days(day)));
        }
        for back in [0, 1, 30, 31, 40, 20_000] {
            let then = UnixTime(NOW.0.saturating_sub(days(back)));
            assert_eq!(budget.used(then), 31);
            let mut more = budget;
            more.count(then);
            assert_eq!(more.used(then), 32);
        }
    }

    #[test]
    fn what_was_counted_by_a_clock_that_was_years_ahead_ages_by_the_right_one() {
        let mut budget = Budget::default();
        budget.count(NOW);
        budget.count(NOW.plus(days(7300)));
        for _ in 0..3 {
            budget.count(NOW.plus(days(7301)));
        }
        assert_eq!(budget.used(NOW), 4, "of the first one nothing is known any more");
        budget.count(NOW);
        assert_eq!(budget.used(NOW), 5, "not lowered");
        budget.count(NOW.plus(days(1)));
        let at = |day| budget.used(NOW.plus(days(day)));
        assert_eq!([at(30), at(31), at(32)], [6, 1, 0]);
    }

    #[test]
    fn the_three_hundredth_uses_it_up() {
        let mut budget = Budget::default();
        for wrong in 1..=LARGEST {
            assert!(!budget.is_used_up(NOW));
            budget.count(NOW.plus(days(u64::from(wrong) % 25)));
        }
        assert!(budget.is_used_up(NOW.plus(days(25))));
        budget.clear();
        assert_eq!(budget.used(NOW), 0);
    }

    #[test]
    fn a_clock_far_ahead_and_counts_of_any_size_do_not_overflow() {
        let mut budget = Budget::from_parts(u64::MAX / DAY_SECONDS, [u16::MAX; DAYS]);
        budget.count(UnixTime(u64::MAX));
        assert_eq!(budget.used(UnixTime(0)), 31 * u32::from(u16::MAX));
        // More than was ever evaluated.
        budget.count(UnixTime(0));
        assert!(budget.is_used_up(UnixTime(0)));
    }
}
