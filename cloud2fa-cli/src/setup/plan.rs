//! Which files get which lines, so that a service asks for a code. A pure function of how the machine is.

use super::block::{self, Place};
use super::service::Service;
use cloud2fa_doctor::ssh::{Counts, Lines};
use std::path::{Path, PathBuf};

/// What the lines are, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipe {
    /// The password as today, then the code.
    PasswordThenCode,
    /// The key as today, then the code; no password, as today.
    KeyThenCode,
}

/// What is to be changed for one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What is to ask.
    pub service: Service,
    /// How it will.
    pub recipe: Recipe,
    /// The files, in the order in which they are to be written.
    pub edits: Vec<Edit>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Where.
    pub path: PathBuf,
    /// What stands there. `None` if there is no such file.
    pub before: Option<String>,
    /// What is to stand there.
    pub after: String,
}

/// Why a service cannot be made to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Impossible {
    /// It asks already.
    AsksAlready,
    /// It is not on this machine: there is no PAM file of it.
    NotThere,
    /// A PAM file does not say where the password is checked.
    NoPassword(PathBuf),
    /// sshd's command line sets this, and wins over all files.
    SetOnTheCommandLine(&'static str),
}

/// What must be known of sshd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ssh {
    /// How it is to be set.
    pub recipe: Recipe,
    /// The lines for that.
    pub lines: Lines,
    /// Where they count.
    pub place: Counts,
    /// Who goes on by key alone.
    pub by_key_alone: Vec<String>,
}

/// What must be known of the machine.
pub trait Machine {
    /// What stands in a file. `None` if there is none.
    fn text(&self, path: &Path) -> Option<String>;
    /// The PAM services that ask for a code.
    fn asks(&self, pam_service: &str) -> bool;
}

/// Where PAM's files are.
const PAM: &str = "/etc/pam.d";

/// The line behind a password: who is not enrolled goes on as before.
const BEHIND_PASSWORD: &str = "auth required pam_cloud2fa.so nullok";

/// The line behind a key: the code is all that is asked, and what comes after it is not reached. Who is not
/// enrolled is refused: there is nothing else in this stack.
const BEHIND_KEY: &str = "auth [success=done default=die] pam_cloud2fa.so";

/// The file of a PAM service.
pub fn pam_file(service: &str) -> PathBuf {
    Path::new(PAM).join(service)
}

/// What makes sudo, su or the console ask.
pub fn of_pam(service: Service, machine: &dyn Machine) -> Result<Plan, Impossible> {
    let files = service.pam_files().iter().map(|file| (*file, pam_file(file)));
    let there: Vec<_> = files.filter(|(_, path)| machine.text(path).is_some()).collect();
    if there.is_empty() {
        return Err(Impossible::NotThere);
    }
    let silent = there.into_iter().filter(|(file, _)| !machine.asks(file));
    let edits =
        silent.map(|(_, path)| pam_edit(machine, path, BEHIND_PASSWORD, Place::BelowPassword));
    let edits = edits.collect::<Result<Vec<_>, _>>()?;
    if edits.is_empty() {
        return Err(Impossible::AsksAlready);
    }
    Ok(Plan { service, recipe: Recipe::PasswordThenCode, edits })
}

/// What makes sshd ask. Its settings come first: with the line in PAM's file and without them, a code alone
/// could log in, or the password would be taken for the code.
pub fn of_ssh(ssh: &Ssh, pam_service: &str, machine: &dyn Machine) -> Result<Plan, Impossible> {
    let (line, place) = match ssh.recipe {
        Recipe::PasswordThenCode => (BEHIND_PASSWORD, Place::BelowPassword),
        Recipe::KeyThenCode => (BEHIND_KEY, Place::Top),
    };
    let path = match &ssh.place {
        Counts::InDropIn => PathBuf::from(cloud2fa_doctor::ssh::DROP_IN),
        Counts::AtTopOf(main) => PathBuf::from(main),
        Counts::Nowhere(keyword) => return Err(Impossible::SetOnTheCommandLine(keyword)),
    };
    let before = machine.text(&path);
    let after = block::with(before.as_deref().unwrap_or_default(), &sshd_lines(ssh), Place::Top);
    let mut edits = vec![Edit { path, before, after: after.unwrap_or_default() }];
    let pam = pam_file(pam_service);
    if !machine.asks(pam_service) {
        edits.push(pam_edit(machine, pam, line, place)?);
    }
    Ok(Plan { service: Service::Ssh, recipe: ssh.recipe, edits })
}

fn sshd_lines(ssh: &Ssh) -> String {
    let lines = ssh.lines.iter().map(|(keyword, value)| format!("{keyword} {value}"));
    let users = ssh.by_key_alone.iter().flat_map(|user| {
        [format!("Match User {user}"), "    AuthenticationMethods publickey".to_owned()]
    });
    // What comes below is about everybody again.
    let end = (!ssh.by_key_alone.is_empty()).then(|| "Match all".to_owned());
    lines.chain(users).chain(end).collect::<Vec<_>>().join("\n")
}

fn pam_edit(
    machine: &dyn Machine,
    path: PathBuf,
    line: &str,
    place: Place,
) -> Result<Edit, Impossible> {
    let before = machine.text(&path).ok_or(Impossible::NotThere)?;
    let after = block::with(&before, line, place);
    let after = after.ok_or_else(|| Impossible::NoPassword(path.clone()))?;
    Ok(Edit { path, before: Some(before), after })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    struct Files(HashMap<&'static str, &'static str>, &'static [&'static str]);

    impl Machine for Files {
        fn text(&self, path: &Path) -> Option<String> {
            self.0.get(path.to_str()?).map(|text| (*text).to_owned())
        }

        fn asks(&self, pam_service: &str) -> bool {
            self.1.contains(&pam_service)
        }
    }

    fn debian(asking: &'static [&'static str]) -> Files {
        let files = ["sshd", "sudo", "sudo-i", "su", "login"];
        let path = |file| match file {
            "sshd" => "/etc/pam.d/sshd",
            "sudo" => "/etc/pam.d/sudo",
            "sudo-i" => "/etc/pam.d/sudo-i",
            "su" => "/etc/pam.d/su",
            _ => "/etc/pam.d/login",
        };
        Files(files.map(|file| (path(file), "@include common-auth\n")).into(), asking)
    }

    fn ssh(recipe: Recipe, place: Counts) -> Ssh {
        let lines = vec![("UsePAM", "yes".to_owned()), ("PasswordAuthentication", "no".to_owned())];
        Ssh { recipe, lines, place, by_key_alone: Vec::new() }
    }

    fn paths(plan: &Plan) -> Vec<&str> {
        plan.edits.iter().map(|edit| edit.path.to_str().unwrap()).collect()
    }

    #[test]
    fn sudo_has_two_files_and_those_that_ask_already_stay() {
        let plan = of_pam(Service::Sudo, &debian(&[])).unwrap();
        assert_eq!(paths(&plan), ["/etc/pam.d/sudo", "/etc/pam.d/sudo-i"]);
        let plan = of_pam(Service::Sudo, &debian(&["sudo"])).unwrap();
        assert_eq!(paths(&plan), ["/etc/pam.d/sudo-i"]);
        let asks = of_pam(Service::Sudo, &debian(&["sudo", "sudo-i"]));
        assert_eq!(asks, Err(Impossible::AsksAlready));
        let none = of_pam(Service::Su, &Files(HashMap::new(), &[]));
        assert_eq!(none, Err(Impossible::NotThere));
    }

    #[test]
    fn sshd_is_set_before_pam_asks() {
        let drop_in =
            of_ssh(&ssh(Recipe::PasswordThenCode, Counts::InDropIn), "sshd", &debian(&[])).unwrap();
        assert_eq!(paths(&drop_in), [cloud2fa_doctor::ssh::DROP_IN, "/etc/pam.d/sshd"]);
        assert_eq!(drop_in.edits[0].before, None);
        assert!(
            drop_in.edits[1]
                .after
                .starts_with("@include common-auth\n# cloud2fa: begin\nauth required ")
        );
        // The profile is on: sshd alone is to be set.
        let ask =
            of_ssh(&ssh(Recipe::PasswordThenCode, Counts::InDropIn), "sshd", &debian(&["sshd"]))
                .unwrap();
        assert_eq!(paths(&ask), [cloud2fa_doctor::ssh::DROP_IN]);
    }

    #[test]
    fn behind_a_key_nothing_else_is_asked_and_whoever_goes_on_by_key_alone_is_named() {
        let mut ssh = ssh(Recipe::KeyThenCode, Counts::InDropIn);
        ssh.by_key_alone = vec!["root".to_owned()];
        let plan = of_ssh(&ssh, "sshd", &debian(&[])).unwrap();
        assert!(
            plan.edits[0]
                .after
                .contains("Match User root\n    AuthenticationMethods publickey\nMatch all\n")
        );
        let line = "auth [success=done default=die] pam_cloud2fa.so\n";
        assert!(
            plan.edits[1]
                .after
                .starts_with(&format!("# cloud2fa: begin\n{line}# cloud2fa: end\n@include"))
        );
    }

    #[test]
    fn what_sshds_command_line_sets_no_file_can_change() {
        let plan =
            of_ssh(&ssh(Recipe::PasswordThenCode, Counts::Nowhere("UsePAM")), "sshd", &debian(&[]));
        assert_eq!(plan, Err(Impossible::SetOnTheCommandLine("UsePAM")));
    }
}
