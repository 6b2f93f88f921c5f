//! What can be made to ask for a code.

use serde::{Deserialize, Serialize};

/// What can be made to ask for a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// Logins by ssh.
    Ssh,
    /// sudo: the code of whoever calls it.
    Sudo,
    /// su: the code of the user whom one becomes.
    Su,
    /// The text console.
    Console,
}

impl Service {
    /// All there are, in the order in which they are switched on.
    pub const ALL: [Self; 4] = [Self::Ssh, Self::Sudo, Self::Su, Self::Console];

    /// The word in arguments and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ssh => "ssh",
            Self::Sudo => "sudo",
            Self::Su => "su",
            Self::Console => "console",
        }
    }

    /// The names of PAM's service files. sshd may be told another one than the usual.
    pub fn pam_files(self) -> &'static [&'static str] {
        match self {
            Self::Ssh => &["sshd"],
            Self::Sudo => &["sudo", "sudo-i"],
            // su-l includes it.
            Self::Su => &["su"],
            Self::Console => &["login"],
        }
    }

    /// The PAM services whose logins go through it, as records name them.
    pub fn pam_services(self) -> &'static [&'static str] {
        match self {
            Self::Su => &["su", "su-l"],
            _ => self.pam_files(),
        }
    }
}
