//! How the machine is: what setup goes by before it changes anything.

use super::files;
use super::plan::{self, First, Impossible, Plan};
use super::service::Service;
use crate::asking;
use cloud2fa_doctor::Asking;
use cloud2fa_doctor::ssh::Ssh;
use std::path::Path;

/// The machine.
pub struct Machine {
    asking: Vec<Asking>,
    ssh: Result<Option<Ssh>, String>,
}

impl plan::Machine for Machine {
    fn text(&self, path: &Path) -> Option<String> {
        files::text(path).ok().flatten()
    }

    fn asks(&self, pam_service: &str) -> bool {
        self.asking.iter().any(|it| it.service == pam_service && !it.after_key)
    }
}

impl Machine {
    /// Looks.
    pub fn read() -> Self {
        Self { asking: asking::services(), ssh: Ssh::read() }
    }

    /// The names of a service's PAM files, as far as they are there.
    fn pam_files(&self, service: Service) -> Vec<String> {
        let there = |name: &&str| plan::Machine::text(self, &plan::pam_file(name)).is_some();
        let names = service.pam_files().iter().copied().filter(there);
        names.map(str::to_owned).collect()
    }

    /// Whether a service asks. `None` if it is not on this machine.
    pub fn asks_at(&self, service: Service) -> Option<bool> {
        let files = self.pam_files(service);
        let asks = files.iter().all(|file| plan::Machine::asks(self, file));
        let asks = match (service, &self.ssh) {
            (Service::Ssh, Ok(Some(ssh))) => self.ssh_asks(ssh),
            (Service::Ssh, _) => false,
            _ => asks,
        };
        (!files.is_empty()).then_some(asks)
    }

    /// Whether sshd asks, behind the password or behind each key.
    fn ssh_asks(&self, ssh: &Ssh) -> bool {
        let service = ssh.pam_service();
        let behind_key = self.asking.iter().any(|it| it.service == service && it.after_key);
        let behind_password = ssh.takes_passwords()
            && ssh.has(&ssh.password_then_code())
            && plan::Machine::asks(self, &service);
        behind_password || behind_key && ssh.asks_behind_each_key()
    }

    /// What is to be changed for sudo, su or the console.
    pub fn plan_pam(&self, service: Service) -> Result<Plan, Impossible> {
        plan::of_pam(service, self)
    }

    /// Whether a key is enough for all of these users, so that they need no exception.
    pub fn key_is_enough_for(&self, users: &[String]) -> bool {
        matches!(&self.ssh, Ok(Some(ssh)) if users.iter().all(|user| ssh.key_is_enough_for(user)))
    }

    /// What is to be changed for ssh; a key alone goes on to be enough for some users. The outer error is what
    /// sshd says against its own files.
    pub fn plan_ssh(&self, enough_for: &[String]) -> Result<Result<Plan, Impossible>, String> {
        let ssh = match &self.ssh {
            Err(why) => return Err(why.clone()),
            Ok(None) => return Ok(Err(Impossible::NotThere)),
            Ok(Some(ssh)) => ssh,
        };
        if self.ssh_asks(ssh) {
            return Ok(Err(Impossible::AsksAlready));
        }
        if !ssh.uses_pam() {
            return Ok(Err(Impossible::PamOff));
        }
        if ssh.has_match_about_logins() {
            return Ok(Err(Impossible::HasMatch));
        }
        let (lines, first) = if ssh.takes_passwords() {
            (ssh.password_then_code(), First::Password)
        } else {
            let (enough_for, methods) = (enough_for.to_vec(), ssh.methods_of_today());
            let root_cannot_answer = ssh.root_has_keys_alone();
            (ssh.key_then_code(), First::Key { enough_for, methods, root_cannot_answer })
        };
        let (pam_service, place) = (ssh.pam_service(), ssh.place(&lines));
        Ok(plan::of_ssh(&plan::Ssh { pam_service, lines, first, place }, self))
    }
}
