//! Wall-clock time as the rest of the library sees it: whole seconds, passed in by the caller.

/// Seconds since 1970-01-01 00:00:00 UTC, 64 bits wide (RFC 6238 section 4.2 asks for it: 2038).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixTime(pub u64);

impl UnixTime {
    /// This moment and `seconds` more.
    #[must_use]
    pub fn plus(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// How many seconds `self` is after `earlier`; 0 where it is not.
    #[must_use]
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Reads the clock. A store operation calls it once, when it holds the lock: what
/// was waited for the lock is then over.
pub type Clock<'a> = &'a dyn Fn() -> UnixTime;
