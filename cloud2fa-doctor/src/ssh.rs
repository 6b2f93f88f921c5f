//! How sshd lets people in, for whoever is about to change that: what to set, and where it counts.

pub use crate::sshd::{Counts, Lines};

use crate::programs::ask_sshd;
use crate::sshd::{Look, Sshd, read};

/// The drop-in of whoever switches on: read before those that cloud images bring (`50-cloud-init.conf`),
/// and the first line of a keyword is the one that counts.
pub const DROP_IN: &str = "/etc/ssh/sshd_config.d/00-cloud2fa.conf";

/// Whether sshd can use its files; an error is what it says against them.
pub fn try_files() -> Result<(), String> {
    match ask_sshd(&["-t".to_owned()]) {
        Some(said) if !said.success => Err(said.errors.trim().to_owned()),
        Some(_) | None => Ok(()),
    }
}

/// The sshd of this machine, as its files say that it is started.
pub struct Ssh(Box<Sshd>);

impl Ssh {
    /// Looks. `None` if there is no sshd; an error is what sshd says against its own files.
    pub fn read() -> Result<Option<Self>, String> {
        match read() {
            Look::Absent => Ok(None),
            Look::Failed(failed) => Err(failed.why().to_owned()),
            Look::Settings(sshd) => Ok(Some(Self(sshd))),
        }
    }

    /// The name of its PAM service.
    pub fn pam_service(&self) -> String {
        self.0.service()
    }

    /// Whether a password is part of a way in today. Where it is not, it must not become one.
    pub fn takes_passwords(&self) -> bool {
        self.0.settings().takes_passwords()
    }

    /// Whether it uses PAM.
    pub fn uses_pam(&self) -> bool {
        self.0.settings().is_on("usepam")
    }

    /// Whether any way in has the questions of its PAM stack.
    pub fn asks_pam(&self) -> bool {
        self.uses_pam() && !self.0.settings().no_way_asks()
    }

    /// Whether how people log in is set otherwise for some.
    pub fn has_match_about_logins(&self) -> bool {
        self.0.has_match_about_logins()
    }

    /// Whether root logs in by a key, and could answer no question.
    pub fn root_has_keys_alone(&self) -> bool {
        self.0.root_has_keys_alone()
    }

    /// The methods that make a login today, as `AuthenticationMethods` has them.
    pub fn methods_of_today(&self) -> String {
        self.0.settings().methods_of_today()
    }

    /// Whether each way in takes a key, and PAM's questions behind it.
    pub fn asks_behind_each_key(&self) -> bool {
        self.uses_pam() && self.0.settings().asks_behind_each_key()
    }

    /// Whether a key is enough for this user.
    pub fn key_is_enough_for(&self, user: &str) -> bool {
        self.0.key_is_enough_for(user)
    }

    /// What makes it ask for a code behind the key, where nothing is typed today.
    pub fn key_then_code(&self) -> Lines {
        self.0.settings().key_then_code()
    }

    /// What makes it ask question by question, the ways in being those of today.
    pub fn password_then_code(&self) -> Lines {
        self.0.settings().password_then_code()
    }

    /// Whether it is set so already.
    pub fn has(&self, lines: &Lines) -> bool {
        let settings = self.0.settings();
        lines.iter().all(|(keyword, value)| settings.get(&keyword.to_ascii_lowercase()) == value)
    }

    /// Where these lines count.
    pub fn place(&self, lines: &Lines) -> Counts {
        self.0.place(lines, DROP_IN)
    }
}
