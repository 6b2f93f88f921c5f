//! Which logins of this machine ask for a code, for whoever enrols or looks.

use crate::caller;
use crate::machine::ROOT;
use cloud2fa_doctor::Asking;
use cloud2fa_doctor::ssh::Ssh;

/// The PAM services of this machine whose logins ask for a code.
pub fn asked_by() -> Vec<String> {
    let asking = services().into_iter();
    asking.map(|it| it.service).collect()
}

/// What asks for a code, by PAM's files.
pub fn services() -> Vec<Asking> {
    cloud2fa_doctor::services_that_ask(ROOT)
}

/// What asks for a code, sshd's own settings included as far as they can be read.
pub struct AskedBy {
    /// The PAM services.
    pub services: Vec<String>,
    /// Whether sshd is one of them by PAM's files alone: only root can read its settings.
    pub is_sshd_unknown: bool,
}

impl AskedBy {
    /// Looks, as whoever calls.
    pub fn read() -> Self {
        let mut services = asked_by();
        let mut is_sshd_unknown = services.iter().any(|service| service == SSHD);
        if is_sshd_unknown
            && caller::root().is_some()
            && let Ok(Some(ssh)) = Ssh::read()
        {
            is_sshd_unknown = false;
            services.retain(|service| service != SSHD || ssh.asks_pam());
        }
        Self { services, is_sshd_unknown }
    }
}

/// sshd's PAM service, unless it is told another one.
const SSHD: &str = "sshd";

/// Those of them that refuse whoever has no second factor.
pub fn refusing_without() -> Vec<String> {
    let asking = services().into_iter();
    asking.filter(|it| it.refuses_unenrolled).map(|it| it.service).collect()
}
