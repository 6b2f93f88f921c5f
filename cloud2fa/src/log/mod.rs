//! What the system's log is told of each decision, by the module, the service and root's
//! command: one line, stable, `key=value`; fail2ban and people depend on it.

mod event;
mod line;
mod reason;

pub use event::Event;
pub use line::{Call, LogLine};
pub use reason::Reason;

/// How much a line matters; the levels of syslog(3), with their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The store is not healthy.
    Alert = 1,
    /// The administrator's files say what they must not, or something does not work.
    Error = 3,
    /// Something was refused.
    Notice = 5,
    /// Something was accepted, skipped or changed.
    Info = 6,
    /// Asked for by the module's argument `debug`.
    Debug = 7,
}

/// The first word of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The second factor, or the password before a change of it, is proven.
    Accepted,
    /// The login, or what else was asked for, is refused.
    Refused,
    /// The user has no second factor, and policy lets such users in.
    Skipped,
    /// The second factor is on, with a new key.
    Enrolled,
    /// There are new backup codes.
    Regenerated,
    /// The second factor is off.
    Disabled,
    /// Failures, wait and lock are forgotten.
    Unlocked,
}

impl Decision {
    /// The word in the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Skipped => "skipped",
            Self::Enrolled => "enrolled",
            Self::Regenerated => "regenerated",
            Self::Disabled => "disabled",
            Self::Unlocked => "unlocked",
        }
    }
}
