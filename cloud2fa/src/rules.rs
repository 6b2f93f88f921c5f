//! The rules by which it is decided what a code is worth.

use crate::throttle::Throttle;

/// The rules that the administrator sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How many steps a phone's clock may be off, either side (RFC 6238 section 5.2: at most one is recommended).
    pub skew: u64,
    /// What wrong codes cost.
    pub throttle: Throttle,
}

impl Default for Rules {
    fn default() -> Self {
        Self { skew: 1, throttle: Throttle::default() }
    }
}
