//! How the machine is: what setup goes by before it changes anything.

use super::files;
use super::plan::{self, Impossible, Plan, Recipe};
use super::service::Service;
use crate::machine::ROOT;
use cloud2fa_doctor::services_that_ask;
use cloud2fa_doctor::ssh::Ssh;
use std::path::Path;
use std::process::Command;

/// How far back to look for logins by key.
const SINCE: &str = "-30d";

/// The machine.
pub struct Machine {
    asking: Vec<String>,
    ssh: Result<Option<Ssh>, String>,
}

/// What of sshd's is to be changed.
pub struct OfSsh {
    /// The files.
    pub plan: Result<Plan, Impossible>,
    /// Who logs in by key, and would have to be enrolled.
    pub by_key: Vec<String>,
}

impl plan::Machine for Machine {
    fn text(&self, path: &Path) -> Option<String> {
        files::text(path).ok().flatten()
    }

    fn asks(&self, pam_service: &str) -> bool {
        self.asking.iter().any(|asking| asking == pam_service)
    }
}

impl Machine {
    /// Looks.
    pub fn read() -> Self {
        Self { asking: services_that_ask(ROOT), ssh: Ssh::read() }
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
        (!files.is_empty()).then_some(asks)
    }

    /// What is to be changed for sudo, su or the console.
    pub fn plan_pam(&self, service: Service) -> Result<Plan, Impossible> {
        plan::of_pam(service, self)
    }

    /// What is to be changed for ssh. An error is what sshd says against its own files.
    pub fn plan_ssh(&self, by_key_alone: &[String]) -> Result<OfSsh, String> {
        let ssh = match &self.ssh {
            Err(why) => return Err(why.clone()),
            Ok(None) => {
                return Ok(OfSsh { plan: Err(Impossible::NotThere), by_key: Vec::new() });
            }
            Ok(Some(ssh)) => ssh,
        };
        let recipe =
            if ssh.takes_passwords() { Recipe::PasswordThenCode } else { Recipe::KeyThenCode };
        let lines = match recipe {
            Recipe::PasswordThenCode => ssh.password_then_code(),
            Recipe::KeyThenCode => ssh.key_then_code(),
        };
        let place = ssh.place(&lines);
        let by_key_alone = by_key_alone.to_vec();
        let of_ssh = plan::Ssh { recipe, lines, place, by_key_alone };
        let by_key = match recipe {
            Recipe::PasswordThenCode => Vec::new(),
            Recipe::KeyThenCode => who_logs_in_by_key(ssh),
        };
        let asks = ssh.has(&of_ssh.lines) && plan::Machine::asks(self, &ssh.pam_service());
        let plan = if asks {
            Err(Impossible::AsksAlready)
        } else {
            plan::of_ssh(&of_ssh, &ssh.pam_service(), self)
        };
        Ok(OfSsh { plan, by_key })
    }
}

/// Who has logged in by a key of late, by the journal, and root where that is possible.
fn who_logs_in_by_key(ssh: &Ssh) -> Vec<String> {
    let mut names: Vec<_> =
        ssh.takes_keys_of_root().then(|| "root".to_owned()).into_iter().collect();
    let arguments =
        ["--quiet", "--output=cat", "--since", SINCE, "-t", "sshd", "-t", "sshd-session"];
    let said = Command::new("journalctl").args(arguments).output();
    let text =
        said.map(|said| String::from_utf8_lossy(&said.stdout).into_owned()).unwrap_or_default();
    let of_line = |line: &str| {
        line.strip_prefix("Accepted publickey for ")?.split(' ').next().map(str::to_owned)
    };
    names.extend(text.lines().filter_map(of_line));
    names.sort();
    names.dedup();
    names
}
