//! Which files get which lines, so that a service asks for a code. A pure function of how the machine is.

use super::block::{self, Place};
use super::service::Service;
use cloud2fa_doctor::ssh::{Counts, Lines};
use std::path::{Path, PathBuf};

/// What is to be changed for one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What is to ask.
    pub service: Service,
    /// What comes before the code.
    pub first: First,
    /// The PAM services that will ask.
    pub pam_services: Vec<String>,
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
    /// A file has such lines already, which are not setup's: to take back its own would take them, too.
    HasOurLines(PathBuf),
    /// Users who are to get in by a key alone have no place in the file where sshd begins: what is below them would
    /// hold for them alone.
    NoPlaceForMatch,
    /// sshd is set otherwise for some: what is set for all might open what is shut for them.
    HasMatch,
    /// sshd does not use PAM: to switch that on would also let in whom it refuses by itself.
    PamOff,
}

/// What must be known of sshd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ssh {
    /// Its PAM service.
    pub pam_service: String,
    /// The lines that make it ask.
    pub lines: Lines,
    /// What comes before the code.
    pub first: First,
    /// Where they count.
    pub place: Counts,
}

/// What comes before the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum First {
    /// The password.
    Password,
    /// The key, but for these users, for whom the methods of before stay.
    Key {
        enough_for: Vec<String>,
        methods: String,
        /// Whether sshd lets root, who has a key, answer no questions.
        root_cannot_answer: bool,
    },
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

/// The line behind a key: the code in place of the password, and without a key all as before.
const BEHIND_KEY: &str = "auth [success=done ignore=ignore default=die] pam_cloud2fa.so after_key";

/// The file of a PAM service.
pub fn pam_file(service: &str) -> PathBuf {
    Path::new(PAM).join(service)
}

/// What makes sudo, su or the console ask.
pub fn of_pam(service: Service, machine: &dyn Machine) -> Result<Plan, Impossible> {
    let files = service.pam_files().iter().copied();
    let there: Vec<_> = files.filter(|file| machine.text(&pam_file(file)).is_some()).collect();
    if there.is_empty() {
        return Err(Impossible::NotThere);
    }
    let silent: Vec<_> = there.into_iter().filter(|file| !machine.asks(file)).collect();
    let edits = silent.iter().map(|file| pam_edit(machine, pam_file(file)));
    let edits = edits.collect::<Result<Vec<_>, _>>()?;
    if edits.is_empty() {
        return Err(Impossible::AsksAlready);
    }
    let services = if service == Service::Su { service.pam_services() } else { &silent };
    let pam_services = services.iter().map(|it| (*it).to_owned()).collect();
    Ok(Plan { service, first: First::Password, pam_services, edits })
}

/// What makes sshd ask. Its settings come first: with the line in PAM's file and without them the password would be
/// taken for the code.
pub fn of_ssh(ssh: &Ssh, machine: &dyn Machine) -> Result<Plan, Impossible> {
    let path = match &ssh.place {
        Counts::InDropIn => PathBuf::from(cloud2fa_doctor::ssh::DROP_IN),
        Counts::AtTopOf(main) => PathBuf::from(main),
        Counts::Nowhere(keyword) => return Err(Impossible::SetOnTheCommandLine(keyword)),
    };
    let before = machine.text(&path);
    let lines = sshd_lines(ssh)?;
    let mut edits = vec![edit(path, before, &lines, Place::Top)?];
    let pam_file = pam_file(&ssh.pam_service);
    match ssh.first {
        First::Password if machine.asks(&ssh.pam_service) => {}
        First::Password => edits.push(pam_edit(machine, pam_file)?),
        First::Key { .. } => {
            let before = machine.text(&pam_file).ok_or(Impossible::NotThere)?;
            edits.push(edit(pam_file, Some(before), BEHIND_KEY, Place::Top)?);
        }
    }
    let (first, pam_services) = (ssh.first.clone(), vec![ssh.pam_service.clone()]);
    Ok(Plan { service: Service::Ssh, first, pam_services, edits })
}

/// What is to stand in sshd's file. Users to whom a key is enough have a Match, which must not go on below.
fn sshd_lines(ssh: &Ssh) -> Result<String, Impossible> {
    let lines = ssh.lines.iter().map(|(keyword, value)| format!("{keyword} {value}"));
    let mut lines: Vec<_> = lines.collect();
    match &ssh.first {
        First::Key { enough_for, methods, .. } if !enough_for.is_empty() => {
            if ssh.place != Counts::InDropIn {
                return Err(Impossible::NoPlaceForMatch);
            }
            // In the texts of files a character is a byte.
            let users: String = enough_for.join(",").bytes().map(char::from).collect();
            lines.push(format!("Match User {users}"));
            lines.push(format!("    AuthenticationMethods {methods}"));
            lines.push("Match all".to_owned());
        }
        First::Key { .. } | First::Password => {}
    }
    Ok(lines.join("\n"))
}

fn pam_edit(machine: &dyn Machine, path: PathBuf) -> Result<Edit, Impossible> {
    let before = machine.text(&path).ok_or(Impossible::NotThere)?;
    edit(path, Some(before), BEHIND_PASSWORD, Place::BelowPassword)
}

fn edit(
    path: PathBuf,
    before: Option<String>,
    lines: &str,
    place: Place,
) -> Result<Edit, Impossible> {
    let text = before.as_deref().unwrap_or_default();
    if block::is_in(text) {
        return Err(Impossible::HasOurLines(path));
    }
    match block::with(text, lines, place) {
        Some(after) => Ok(Edit { path, before, after }),
        None => Err(Impossible::NoPassword(path)),
    }
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

    fn ssh(place: Counts) -> Ssh {
        let lines = vec![("UsePAM", "yes".to_owned()), ("PasswordAuthentication", "no".to_owned())];
        Ssh { pam_service: "sshd".to_owned(), lines, first: First::Password, place }
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
    fn a_login_at_a_service_whose_file_was_not_changed_is_no_proof() {
        let services = |asking| of_pam(Service::Sudo, &debian(asking)).unwrap().pam_services;
        assert_eq!(services(&[]), ["sudo", "sudo-i"]);
        assert_eq!(services(&["sudo"]), ["sudo-i"]);
        assert_eq!(of_pam(Service::Su, &debian(&[])).unwrap().pam_services, ["su", "su-l"]);
    }

    #[test]
    fn sshd_is_set_before_pam_asks() {
        let both = of_ssh(&ssh(Counts::InDropIn), &debian(&[])).unwrap();
        assert_eq!(paths(&both), [cloud2fa_doctor::ssh::DROP_IN, "/etc/pam.d/sshd"]);
        assert_eq!(both.edits[0].before, None);
        let block = "@include common-auth\n# cloud2fa: begin\nauth required ";
        assert!(both.edits[1].after.starts_with(block));
        // The profile is on: sshd alone is to be set.
        let one = of_ssh(&ssh(Counts::InDropIn), &debian(&["sshd"])).unwrap();
        assert_eq!(paths(&one), [cloud2fa_doctor::ssh::DROP_IN]);
    }

    #[test]
    fn behind_a_key_the_code_stands_above_the_password() {
        let enough_for = vec!["backup".to_owned(), "root".to_owned()];
        let keys = |place| Ssh {
            first: First::Key {
                enough_for: enough_for.clone(),
                methods: "publickey,publickey".to_owned(),
                root_cannot_answer: false,
            },
            ..ssh(place)
        };
        // The profile asks behind a password: behind a key it is asked for none.
        for asking in [&[][..], &["sshd"]] {
            let plan = of_ssh(&keys(Counts::InDropIn), &debian(asking)).unwrap();
            assert_eq!(paths(&plan), [cloud2fa_doctor::ssh::DROP_IN, "/etc/pam.d/sshd"]);
            let block = format!("# cloud2fa: begin\n{BEHIND_KEY}\n# cloud2fa: end\n@include");
            assert!(plan.edits[1].after.starts_with(&block), "{}", plan.edits[1].after);
            let alone = "\nMatch User backup,root\n    AuthenticationMethods publickey,publickey\nMatch all\n";
            assert!(plan.edits[0].after.contains(alone), "{}", plan.edits[0].after);
        }
        let main = Counts::AtTopOf("/etc/ssh/sshd_config".to_owned());
        assert_eq!(of_ssh(&keys(main), &debian(&[])), Err(Impossible::NoPlaceForMatch));
    }

    #[test]
    fn what_sshds_command_line_sets_no_file_can_change() {
        let plan = of_ssh(&ssh(Counts::Nowhere("UsePAM")), &debian(&[]));
        assert_eq!(plan, Err(Impossible::SetOnTheCommandLine("UsePAM")));
    }
}
