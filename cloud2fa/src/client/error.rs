//! Why the service did not do what it was asked for.

use super::SOCKET;
use crate::store::StoreError;
use nix::errno::Errno;

/// Why the service did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// Nobody listens there.
    #[error(
        "the service cannot be reached at {SOCKET} ({0}); an administrator switches it on with \
         `systemctl enable --now cloud2fad.socket`"
    )]
    Unreachable(Errno),
    /// It is there, and has not answered in time.
    #[error(
        "the service at {SOCKET} has not answered for a minute; the machine may be too busy: try again"
    )]
    TooSlow,
    /// It hung up at once, for five seconds.
    #[error("the service has as many connections as it takes, of this user or in all; try again")]
    Full,
    /// Somebody else than root listens there.
    #[error("{SOCKET} is not root's; find out whose it is")]
    NotRoots,
    /// It ended the connection in the middle.
    #[error("the service ended the conversation, as it does after 2 minutes; start again")]
    Ended,
    /// It answered what no service of ours does.
    #[error("the service's answer makes no sense; are its version and this program's the same?")]
    Nonsense,
    /// It does not say whose enrolment is asked of a name.
    #[error(
        "the service is of an earlier version, and does not say whether another name of the same uid \
         is enrolled; upgrade it (the packages cloud2fa and libpam-cloud2fa together), then \
         `systemctl stop cloud2fad.service 'cloud2fad@*.service'`"
    )]
    Earlier,
    /// It verifies nobody else's codes for this uid.
    #[error(
        "this program runs as uid {0}, for whom nobody else's codes are verified; run it as root, or name its \
         user in verifiers in cloud2fa.toml"
    )]
    NotForOthers(u32),
    /// It does not know the user, as in a container with users of its own.
    #[error(
        "the service knows no user {0:?}, and this program does; look at what users each of them sees"
    )]
    UnknownUser(String),
    /// It refused. Why, in its own words.
    #[error("{0}")]
    Refused(String),
}

impl From<Errno> for ServiceError {
    fn from(errno: Errno) -> Self {
        Self::Unreachable(errno)
    }
}

/// For who asks a store, the service is one that cannot be reached.
impl From<ServiceError> for StoreError {
    fn from(error: ServiceError) -> Self {
        Self::Unreachable(error.to_string())
    }
}
