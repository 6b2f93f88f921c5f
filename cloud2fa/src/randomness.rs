//! The system's random numbers, and that there are none.

/// The system gave no random numbers.
#[derive(Debug, thiserror::Error)]
#[error("the system gave no random numbers ({0})")]
pub struct NoRandomness(#[from] getrandom::Error);
