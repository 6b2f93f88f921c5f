//! Programs that the network reaches, and where a password alone lets in.

use crate::finding::{Finding, Id, Severity, listed};
use crate::pam::{Facts, takes_password_alone};
use crate::programs_of_pam::{Manner, PROGRAMS, Program, SASLAUTHD};
use crate::stack::Handler;
use std::collections::BTreeSet;

/// sshd, whose own settings say whether it takes passwords.
#[derive(Debug, Clone)]
pub struct Ssh {
    pub service: String,
    pub takes_passwords: bool,
    pub uses_pam: bool,
}

/// The findings. `reachable` are programs that listen; `is_asked` says whether any login asks for a code.
pub fn check(
    facts: &Facts,
    ssh: &Ssh,
    reachable: &BTreeSet<&'static str>,
    is_asked: bool,
) -> Vec<Finding> {
    let reachable = PROGRAMS.iter().filter(|program| reachable.contains(program.name));
    let (sshd, others): (Vec<&Program>, Vec<_>) = reachable.partition(|program| is_sshd(program));
    let takes_one = if ssh.uses_pam {
        takes_password_alone(facts, &ssh.service)
    } else {
        // Where its stack has the module all the same, that is another finding.
        !facts.files.stack(&ssh.service, "auth").iter().any(Handler::is_ours)
    };
    let of_ssh = !sshd.is_empty() && ssh.takes_passwords && takes_one;
    let with_services = others.into_iter().filter_map(|program| {
        let asks = |service: &str| {
            // Debian has no files for the services of mail: they go by that of all others.
            facts.files.has_lines(service, "auth") || program.name == SASLAUTHD && service == "smtp"
        };
        let services = program.services.iter().filter(|it| asks(it));
        let services = services.filter(|it| takes_password_alone(facts, it));
        let services: Vec<_> = services.map(|it| (*it).to_owned()).collect();
        (!services.is_empty()).then_some((program, services))
    });
    let others: Vec<_> = with_services.collect();
    let findings = [
        of_ssh.then(|| by_ssh(&ssh.service, is_asked)),
        (!others.is_empty()).then(|| by_others(&others)),
    ];
    findings.into_iter().flatten().collect()
}

fn is_sshd(program: &Program) -> bool {
    program.services.contains(&"sshd")
}

/// A warning where other logins ask for a code: somebody has meant it to be needed.
fn by_ssh(service: &str, is_asked: bool) -> Finding {
    Finding::new(
        if is_asked { Severity::Warning } else { Severity::Note },
        Id::PasswordAlone,
        "ssh is open to the network, and a password alone is enough to log in",
        "Anyone who guesses or steals a password gets in.",
        "Make ssh ask for a code:\n    cloud2fa setup ssh",
    )
    .about_services(&[service.to_owned()])
}

fn by_others(programs: &[(&Program, Vec<String>)]) -> Finding {
    let names: Vec<_> = programs.iter().map(|(program, _)| program.name.to_owned()).collect();
    let services = programs.iter().flat_map(|(_, services)| services.clone()).collect::<Vec<_>>();
    let asks = programs.iter().any(|(program, _)| program.manner == Manner::AsksEach);
    let has_one_field = programs.iter().any(|(program, _)| program.manner != Manner::AsksEach);
    let ways = [
        asks.then_some(
            "If the program asks one question after the other (Cockpit, MariaDB), add this below the password's line \
             in its file in /etc/pam.d:\n    auth required pam_cloud2fa.so nullok",
        ),
        has_one_field.then_some(
            "If it has a single field, for the password with the code behind it, replace the password's lines:\n    \
             auth required pam_cloud2fa.so forward_pass nullok\n    auth required pam_unix.so try_first_pass",
        ),
        Some("If this is meant, add password_alone to `accept` in cloud2fa.toml."),
    ];
    let fix: Vec<_> = ways.into_iter().flatten().collect();
    Finding::new(
        Severity::Note,
        Id::PasswordAlone,
        format!(
            "open to the network, and a password alone is enough to log in: {}",
            listed(&names)
        ),
        "Anyone who guesses or steals a password gets in.",
        fix.join("\n"),
    )
    .about_services(&services)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::Files;
    use std::path::Path;

    const PASSWORD: &str = "auth required pam_unix.so\n";

    fn facts() -> Facts {
        let code = format!("{PASSWORD}auth required pam_cloud2fa.so\n");
        let files = [
            ("sshd", PASSWORD),
            ("vsftpd", PASSWORD),
            ("cockpit", &code),
            ("other", "auth required pam_deny.so\n"),
        ];
        let files = files.map(|(name, text)| (Path::new("/etc/pam.d").join(name), text.into()));
        Facts { files: Files(files.into()), ..Facts::default() }
    }

    fn found(takes_passwords: bool, uses_pam: bool, is_asked: bool) -> Vec<(Severity, String)> {
        let ssh = Ssh { service: "sshd".to_owned(), takes_passwords, uses_pam };
        let reachable = ["sshd", "vsftpd", "Cockpit", "ProFTPD"].into();
        let findings = check(&facts(), &ssh, &reachable, is_asked).into_iter();
        let services = |it: Finding| it.about.services.into_iter().collect::<Vec<_>>().join(" ");
        findings.map(|it| (it.severity, services(it))).collect()
    }

    #[test]
    fn a_program_that_is_reached_and_takes_a_password_alone_is_found() {
        let ftp = (Severity::Note, "vsftpd".to_owned());
        let ssh = |severity| (severity, "sshd".to_owned());
        assert_eq!(found(true, true, true), [ssh(Severity::Warning), ftp.clone()]);
        // Without PAM, sshd compares the password itself.
        assert_eq!(found(true, false, true), [ssh(Severity::Warning), ftp.clone()]);
        assert_eq!(found(true, true, false), [ssh(Severity::Note), ftp.clone()]);
        assert_eq!(found(false, true, true), [ftp]);
    }

    #[test]
    fn saslauthd_asks_by_the_file_of_all_others_where_mail_has_none() {
        let ssh = Ssh { service: "sshd".to_owned(), takes_passwords: false, uses_pam: true };
        let found = |other: &str| {
            let mut facts = facts();
            facts.files.0.insert(Path::new("/etc/pam.d/other").into(), other.into());
            let findings = check(&facts, &ssh, &[SASLAUTHD].into(), true);
            findings.into_iter().flat_map(|it| it.about.services).collect::<Vec<_>>()
        };
        assert_eq!(found("auth required pam_deny.so\n"), [""; 0]);
        assert_eq!(found(PASSWORD), ["smtp"]);
    }
}
