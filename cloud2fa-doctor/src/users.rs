//! Users of this machine against enrolments: who is asked and cannot answer, who could and is not asked.

use crate::config::set;
use crate::finding::{Finding, Id, Severity, listed};
use crate::pam::{self, AskingService, Unenrolled};
use crate::record::Record;
use crate::sshd::Before;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What pam-auth-update knows the module by.
const PROFILE: &str = "/usr/share/pam-configs/cloud2fa";

/// The local files that say who can log in by password.
#[derive(Debug, Default)]
pub struct Accounts {
    pub passwd: String,
    pub shadow: String,
    pub shells: String,
}

/// Reads the local files. Users of a directory (LDAP) are not in them, and it need not list its users.
pub fn read() -> Accounts {
    let text = |path| String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
    Accounts {
        passwd: text("/etc/passwd"),
        shadow: text("/etc/shadow"),
        shells: text("/etc/shells"),
    }
}

impl Accounts {
    /// Users with a shell and a password (passwd(5), shadow(5), shells(5)).
    pub fn who_can_log_in(&self) -> Vec<String> {
        let shells: Vec<_> = self.shells.lines().map(str::trim).collect();
        let has_shell = |fields: &[&str]| match fields.get(6) {
            // The default is /bin/sh.
            Some(&"") => true,
            Some(shell) => {
                shells.contains(shell) && !shell.ends_with("/nologin") && !shell.ends_with("/false")
            }
            None => false,
        };
        let with_password = self.who_has_a_password();
        let entries = self.passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
        let users = entries.filter(|it| has_shell(it) && with_password.contains(it[0]));
        users.map(|fields| fields[0].to_owned()).collect()
    }

    /// Everybody who can answer the question for a code: enrolled users, and all other names of their uids.
    pub fn enrolled(&self, records: &[Record]) -> BTreeSet<String> {
        let enrolled = || records.iter().filter(|it| it.status.is_some());
        let counting = enrolled().filter(|it| it.is_known).filter_map(|it| it.uid);
        let uids: BTreeSet<_> = counting.collect();
        let others = self.passwd.lines().filter_map(|line| {
            let mut fields = line.split(':');
            let (name, uid) = (fields.next()?, fields.nth(1)?.parse().ok()?);
            uids.contains(&uid).then(|| name.to_owned())
        });
        enrolled().map(|it| it.user.clone()).chain(others).collect()
    }

    /// Whether a user has an entry by which some password is right.
    pub fn has_password(&self, name: &str) -> bool {
        self.who_has_a_password().contains(name)
    }

    /// Names with such an entry. The first one of a name counts.
    fn who_has_a_password(&self) -> BTreeSet<&str> {
        let (mut seen, mut with) = (BTreeSet::new(), BTreeSet::new());
        for line in self.shadow.lines() {
            let mut fields = line.split(':');
            let (name, hash) = (fields.next().unwrap_or_default(), fields.next());
            if seen.insert(name) && hash.is_some_and(|hash| !hash.starts_with(['!', '*'])) {
                with.insert(name);
            }
        }
        with
    }
}

/// How the module can be switched on here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SwitchOn {
    /// The package's profile.
    Profile,
    /// A line in a service's file.
    Line,
    /// The module is not there: a line that names it would let nobody in.
    Nothing,
}

/// Looks which parts of the module are there.
pub fn how_to_switch_on(root: u32) -> SwitchOn {
    if !pam::has_module(root) {
        SwitchOn::Nothing
    } else if Path::new(PROFILE).is_file() {
        SwitchOn::Profile
    } else {
        SwitchOn::Line
    }
}

/// Compares enrolled users with those who can log in.
pub fn check(
    accounts: &Accounts,
    records: &[Record],
    asked: &[AskingService],
    by: SwitchOn,
    before: &Before,
) -> Vec<Finding> {
    let enrolled: Vec<_> =
        records.iter().filter(|it| it.status.is_some()).map(|it| it.user.clone()).collect();
    if asked.is_empty() {
        return (!enrolled.is_empty())
            .then(|| never_asked(&enrolled, by, before))
            .into_iter()
            .collect();
    }
    let of = |becomes| {
        let services = asked.iter().filter(move |it| it.unenrolled == Some(becomes));
        services.map(|it| it.service.clone())
    };
    let may_be_let_in = of(Unenrolled::Refused).next().is_some();
    let refusing: Vec<_> = of(Unenrolled::Refused).chain(of(Unenrolled::NeverLetIn)).collect();
    let mut without = accounts.who_can_log_in();
    let answering = accounts.enrolled(records);
    without.retain(|user| !answering.contains(user));
    let refused = !refusing.is_empty() && !without.is_empty();
    refused.then(|| not_enrolled(&without, &refusing, may_be_let_in)).into_iter().collect()
}

/// How the module is switched on; `before` is what sshd needs first.
fn how(by: SwitchOn, before: &Before) -> String {
    let line = match by {
        SwitchOn::Profile => {
            "for all services that have common-auth:\n    pam-auth-update --enable cloud2fa"
        }
        SwitchOn::Line => {
            "for ssh, in /etc/pam.d/sshd right behind `@include common-auth`:\n    auth required pam_cloud2fa.so nullok"
        }
        SwitchOn::Nothing => {
            return "The module pam_cloud2fa.so is not there, and no line may name it before it is. Install it \
                    (Debian's package libpam-cloud2fa), and look again what is left to do."
                .to_owned();
        }
    };
    match before {
        Before::Nothing => line.replacen("for", "For", 1),
        Before::Do(first) => {
            format!("First, so that enrolled users can log in by ssh then:\n{first}\nThen, {line}")
        }
        Before::Unknown => "sshd cannot say how it is set, and as it is set it may have no question for a code: enrolled \
                            users could not log in any more. Put right first what sshd_unreadable says, and look again."
            .to_owned(),
    }
}

fn never_asked(enrolled: &[String], by: SwitchOn, before: &Before) -> Finding {
    Finding::new(
        Severity::Warning,
        Id::NeverAsked,
        format!(
            "{} enrolled, and no PAM service asks for a code: {}",
            counted(enrolled),
            listed(enrolled)
        ),
        "Their logins take a password alone; they may believe otherwise.",
        how(by, before),
    )
    .about_users(enrolled)
}

fn not_enrolled(users: &[String], services: &[String], may_be_let_in: bool) -> Finding {
    let or = if may_be_let_in {
        format!("\nor let users in until they have enrolled:{}", set("unenrolled", "\"allow\""))
    } else {
        "\n(Where sshd asks for a key first, they need one, too.)".to_owned()
    };
    Finding::new(
        Severity::Warning,
        Id::NotEnrolled,
        format!(
            "{} not enrolled, and refused by {}: {}",
            counted(users),
            listed(services),
            listed(users)
        ),
        "They have a shell and a password, and cannot log in there.",
        format!("Enrol them:\n    cloud2fa enable --user NAME{or}"),
    )
    .about_users(users)
    .about_services(services)
}

fn counted(users: &[String]) -> String {
    match users.len() {
        1 => "1 user is".to_owned(),
        count => format!("{count} users are"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloud2fa::{Status, UnixTime};

    #[test]
    fn who_has_a_shell_and_a_password_can_log_in() {
        let accounts = Accounts {
            passwd: "root:x:0:0::/root:/bin/bash\nanna:x:1:1::/:/bin/sh\nkey:x:2:2::/:/bin/sh\nd:x:3:3::/:/usr/sbin/nologin\n\
                     no:x:4:4::/:/bin/false\nempty:x:5:5::/:\nshort\n"
                .to_owned(),
            shadow: "root:*:1\nanna:$y$x:1\nkey:!:1\nd:$y$x:1\nno:$y$x:1\nempty:$y$x\n".to_owned(),
            shells: "# shells\n/bin/sh\n/bin/bash\n/usr/sbin/nologin\n/bin/false\n".to_owned(),
        };
        assert_eq!(accounts.who_can_log_in(), ["anna", "empty"]);
    }

    #[test]
    fn other_names_of_an_enrolled_user_are_not_without_an_enrolment() {
        let accounts = Accounts {
            passwd: "anna:x:1:1::/:\nanna2:x:1:1::/:\nbert:x:2:2::/:\nberta:x:2:2::/:\n".to_owned(),
            ..Accounts::default()
        };
        let record = |user: &str, uid, is_known| Record {
            user: user.to_owned(),
            uid: Some(uid),
            status: Some(Status {
                since: UnixTime(0),
                last_used: None,
                backup_codes_left: 8,
                failures: 0,
                wait_seconds: 0,
                locked: false,
                budget_used: 0,
                history: cloud2fa::history::History::default(),
            }),
            unusable: None,
            is_known,
            renamed_to: None,
        };
        let enrolled = accounts.enrolled(&[record("anna", 1, true), record("gone", 2, false)]);
        assert_eq!(enrolled.into_iter().collect::<Vec<_>>(), ["anna", "anna2", "gone"]);
    }

    #[test]
    fn a_module_that_is_not_there_is_named_in_no_line() {
        let fix = |by| never_asked(&["anna".to_owned()], by, &Before::Nothing).fix;
        assert!(fix(SwitchOn::Profile).ends_with("\n    pam-auth-update --enable cloud2fa"));
        assert!(fix(SwitchOn::Line).ends_with("\n    auth required pam_cloud2fa.so nullok"));
        assert!(!fix(SwitchOn::Nothing).contains("auth required"));
    }

    #[test]
    fn what_sshd_needs_comes_before_the_module_is_switched_on() {
        for (by, line) in [
            (SwitchOn::Profile, "pam-auth-update"),
            (SwitchOn::Line, "auth required pam_cloud2fa.so"),
        ] {
            let first = "In FILE:\n    KbdInteractiveAuthentication yes".to_owned();
            let fix = how(by, &Before::Do(first));
            let (before, after) = fix.split_once("\nThen, for ").unwrap();
            assert!(before.ends_with("\n    KbdInteractiveAuthentication yes"), "{fix}");
            assert!(!before.contains(line) && after.contains(line), "{fix}");
            assert!(!how(by, &Before::Unknown).contains(line));
        }
    }
}
