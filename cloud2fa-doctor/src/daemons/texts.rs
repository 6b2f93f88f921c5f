//! What is said of programs that do not go with a code as they are.

use crate::config::set_list;
use crate::finding::{Finding, Id, Severity, listed};
use std::collections::BTreeSet;

/// Password and code typed in one field.
const ONE_FIELD: &str = "\n    auth required pam_cloud2fa.so forward_pass nullok\n    auth required pam_unix.so try_first_pass";

/// Where Debian's ProFTPD has its configuration, and saslauthd its options.
const PROFTPD: &str = "/etc/proftpd";
const SASLAUTHD: &str = "/etc/default/saslauthd";

pub fn one_answer(services: &[String]) -> Finding {
    Finding::new(
        Severity::Warning,
        Id::OneAnswer,
        format!(
            "programs that have one password, and nobody to ask for a code, get to the module (for {})",
            listed(services)
        ),
        "They answer the question for the code with the password, so enrolled users cannot log in.",
        format!(
            "In these services' files, put two lines in place of `@include common-auth` (or of what else leads to the \
             module, such as `auth include login`), so that password and code are typed in one field:{ONE_FIELD}\n\
             or one, so that they do without a code:\n    auth required pam_unix.so"
        ),
    )
}

pub fn openvpn(services: &[String]) -> Finding {
    Finding::new(
        Severity::Warning,
        Id::OneAnswer,
        format!("OpenVPN is not told which answer is the code (for {})", listed(services)),
        "Its plugin answers the question for the code with the password, so enrolled users cannot connect.",
        "Name both in the plugin's line, and let clients ask for the code (`static-challenge \"Verification code\" 1`):\n    \
         plugin openvpn-plugin-auth-pam.so \"openvpn login USERNAME password PASSWORD verification OTP\"\n\
         Without `auth-gen-token`, each renegotiation needs another code.",
    )
}

/// Its lock has no service of its own, and so the one of all that have none.
pub fn screen() -> Finding {
    Finding::new(
        Severity::Warning,
        Id::OneAnswer,
        "screen's lock has a single field, and uses the module by way of /etc/pam.d/other",
        "It answers the question for the code with the password, so enrolled users cannot unlock their sessions.",
        format!("Create /etc/pam.d/screen with these lines, so that people type password and code in one field:{ONE_FIELD}"),
    )
    .about_services(&["other".to_owned()])
}

/// Some can live with it.
pub fn each_request(services: &[String]) -> Finding {
    Finding::new(
        Severity::Note,
        Id::AsksEachRequest,
        format!("these programs ask for a code at every request: {}", listed(services)),
        "Each request needs a new code, and there is one every 30 seconds, so a second page is refused.",
        "If that is too few, let a program stand before it that asks once and gives a session, and let this one take \
         connections from that alone.",
    )
}

/// `users` are all whom the configuration should name then; none where that does not help.
pub fn without_root(services: &[String], users: &BTreeSet<String>) -> Finding {
    let names: Vec<_> = users.iter().cloned().collect();
    let by_service = format!(
        "FreeRADIUS and PostgreSQL: name their accounts, which may then have everybody's codes verified by the \
         service:{}\n    systemctl enable --now cloud2fad.socket\n\
         and let password and code be typed in one field (to check passwords, pam_unix.so needs the account in \
         group shadow):{ONE_FIELD}\n\
         FreeRADIUS may run as root instead (`user` and `group` in radiusd.conf, User= in its unit), and PostgreSQL \
         ask it (method `radius` in pg_hba.conf).\n",
        set_list("verifiers", &names)
    );
    Finding::new(
        Severity::Warning,
        Id::DaemonNotRoot,
        format!(
            "these programs do not run as root, and cannot ask for codes: {}",
            listed(services)
        ),
        "Only root may ask for other people's codes. Every login there is refused, enrolled or not.",
        format!(
            "{}nginx and Apache ask anew at each request, when the code is used: let a program stand before them that \
             asks once and gives a session, or Apache ask by pwauth with `AuthExternalProvideCache On`.",
            if users.is_empty() { "" } else { &by_service }
        ),
    )
}

pub fn goes_round(services: &[String]) -> Finding {
    Finding::new(
        Severity::Critical,
        Id::GoesRoundPam,
        format!(
            "ProFTPD checks the password itself after the module has refused a login (for {})",
            listed(services)
        ),
        "A password alone is enough to log in, enrolled or not.",
        format!(
            "Let PAM have the last word:\n    \
             grep -lirs '^[[:space:]]*AuthOrder' {PROFTPD} | xargs -r sed -i '/^[[:space:]]*AuthOrder/Id'\n    \
             printf '\\nAuthOrder mod_auth_pam.c* mod_auth_unix.c\\n' >>{PROFTPD}/proftpd.conf\n    \
             systemctl restart proftpd"
        ),
    )
}

pub fn remembered(services: &[String]) -> Finding {
    Finding::new(
        Severity::Warning,
        Id::AnswersRemembered,
        format!("these programs remember logins and do not ask again: {}", listed(services)),
        "A password and a code that somebody has seen stay good for hours.",
        format!(
            "Run saslauthd without -c:\n    \
             sed -i '/^OPTIONS=/s/\\([\" =]\\)-c\\b */\\1/' {SASLAUTHD}; systemctl restart saslauthd\n\
             or switch Dovecot's cache off:\n    \
             echo 'auth_cache_size = 0' >/etc/dovecot/conf.d/99-no-cache.conf; systemctl restart dovecot"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemons::read::proftpd;
    use std::fs;
    use std::path::Path;
    use std::process::Command;

    /// Types what a finding says, in `root` instead of `place`; what restarts a daemon is left out.
    fn typed(finding: &Finding, place: &str, root: &Path) {
        let lines = finding.fix.lines().filter_map(|line| line.strip_prefix("    "));
        let lines = lines.filter(|line| line.contains(place) && !line.starts_with("systemctl"));
        let script: Vec<_> = lines.map(|line| line.split("; systemctl").next().unwrap()).collect();
        let script = script.join("\n").replace(place, root.to_str().unwrap());
        assert!(
            Command::new("/bin/sh").args(["-ec", &script]).status().unwrap().success(),
            "{script}"
        );
    }

    #[test]
    fn proftpd_asks_pam_alone_after_what_is_said_whatever_its_files_say() {
        for (main, more) in [
            ("", None),
            ("# AuthOrder mod_auth_pam.c* mod_auth_unix.c\nPort 21", None),
            ("AuthOrder mod_auth_unix.c mod_auth_pam.c\n", Some("  authorder mod_auth_unix.c\n")),
            (
                "<VirtualHost x>\n\tAuthOrder mod_auth_pam.c mod_auth_unix.c\n</VirtualHost>\n",
                Some(""),
            ),
        ] {
            let directory = tempfile::tempdir().unwrap();
            let (file, other) =
                (directory.path().join("proftpd.conf"), directory.path().join("x.conf"));
            fs::write(&file, main).unwrap();
            if let Some(more) = more {
                fs::write(&other, more).unwrap();
            }
            let texts = || {
                let other = fs::read_to_string(&other).unwrap_or_default();
                vec![fs::read_to_string(&file).unwrap(), other]
            };
            assert!(proftpd(&texts()), "{main}");
            typed(&goes_round(&["proftpd".to_owned()]), PROFTPD, directory.path());
            assert!(!proftpd(&texts()), "{:?}", texts());
            let port = main.lines().filter(|line| line.starts_with("Port")).count();
            assert_eq!(texts()[0].lines().filter(|line| line.starts_with("Port 21")).count(), port);
        }
    }

    #[test]
    fn saslauthd_is_without_its_cache_after_what_is_said() {
        for (options, expected) in [
            ("OPTIONS=\"-c -m /var/run/saslauthd\"", "OPTIONS=\"-m /var/run/saslauthd\""),
            ("OPTIONS=\"-m /var/run/saslauthd -c\"", "OPTIONS=\"-m /var/run/saslauthd \""),
            ("OPTIONS=-c", "OPTIONS="),
            ("# -c\nOPTIONS=\"-m /run/-comm\"", "# -c\nOPTIONS=\"-m /run/-comm\""),
            ("", ""),
        ] {
            let directory = tempfile::tempdir().unwrap();
            let file = directory.path().join("saslauthd");
            fs::write(&file, options).unwrap();
            typed(&remembered(&["smtp".to_owned()]), SASLAUTHD, &file);
            assert_eq!(fs::read_to_string(&file).unwrap(), expected);
        }
    }
}
