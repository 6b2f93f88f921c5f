//! What one login needs of the program that it happens in. libpam is one such host; tests are others.

#![forbid(unsafe_code)]

use cloud2fa::log::Severity;
use cloud2fa::user::BadUserName;
use cloud2fa::{Names, UnixTime, User};
use pam::constants::PamResultCode;
use zeroize::Zeroizing;

/// What somebody typed. Wiped when dropped.
pub type Typed = Zeroizing<Vec<u8>>;

/// Whom a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Good to know: left out where the program wants no information (`PAM_SILENT`).
    Information,
    /// Why a login fails, or will fail next time: said always.
    Reason,
}

/// The program that a login happens in, and the names that the system knows there. An error is the code
/// that refuses the login.
pub trait Host: Names {
    /// `PAM_SERVICE`: the service file's name.
    fn service(&self) -> String;

    /// `PAM_RHOST`: where the user comes from.
    fn remote_host(&self) -> Option<String>;

    /// What sshd has proven of the user in this login so far (`SSH_AUTH_INFO_0` in PAM's environment, which
    /// sshd sets anew each time: `expose_authinfo` in auth-pam.c).
    fn proven_by_sshd(&mut self) -> Option<Vec<u8>>;

    /// Who wants to log in, as typed.
    fn user_name(&mut self) -> Result<String, PamResultCode>;

    /// The user of that name as the system's database spells it. `None` if it
    /// knows none, or does not answer.
    fn find_user(&mut self, name: &str) -> Option<Result<User, BadUserName>>;

    /// `PAM_AUTHTOK`: the password that an earlier module asked for.
    fn first_pass(&self) -> Option<Typed>;

    /// Sets `PAM_AUTHTOK` for the modules that follow.
    fn hand_on(&mut self, password: &[u8]) -> Result<(), PamResultCode>;

    /// Asks once, without echo.
    fn ask(&mut self, prompt: &str) -> Result<Typed, PamResultCode>;

    /// Tells the user something. That nobody listens changes nothing.
    fn tell(&mut self, tone: Tone, text: &str);

    /// Asks libpam to wait before it reports a failure (pam_fail_delay(3)).
    fn delay_failure(&mut self);

    /// Writes a line to the system's log.
    fn log(&mut self, severity: Severity, line: &str);

    /// The time. The one place where the module reads the clock.
    fn now(&self) -> UnixTime;
}
