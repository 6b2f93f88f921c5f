//! Programs that ask PAM, and what each makes of it.

/// What a program does with what PAM asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// It puts each question to the user.
    AsksEach,
    /// It has one answer for all of them, the password, or fails at the second one.
    OneAnswer,
    /// Likewise, and it asks PAM anew at each request, by when the code is used.
    OneAnswerEachRequest,
    /// Its configuration says which answer belongs to which question.
    AnswersAsConfigured,
    /// It has PAM look at accounts and sessions alone, and never asks for a password.
    AuthenticatesNobody,
}

/// What a program does beside PAM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Habit {
    /// It asks somebody else, too, when PAM has refused (proftpd's modules).
    AsksOthersToo,
    /// With `-c` it lets in again for hours by what PAM has let in once (saslauthd).
    RemembersWithC,
    /// Likewise, if its cache has a size (dovecot).
    RemembersInCache,
}

/// A program, or several that are of a kind.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// What administrators call it.
    pub name: &'static str,
    /// The PAM services by which it asks.
    pub services: &'static [&'static str],
    /// How the files of its processes end.
    pub files: &'static [&'static str],
    pub manner: Manner,
    /// The user as whom it asks PAM, if that is not root.
    pub user: Option<&'static str>,
    pub habit: Option<Habit>,
    /// The units of sockets at which systemd listens for it.
    pub sockets: &'static [&'static str],
}

impl Program {
    const fn new(
        name: &'static str,
        services: &'static [&'static str],
        files: &'static [&'static str],
        manner: Manner,
    ) -> Self {
        Self { name, services, files, manner, user: None, habit: None, sockets: &[] }
    }

    const fn at(self, sockets: &'static [&'static str]) -> Self {
        Self { sockets, ..self }
    }

    const fn of(self, user: &'static str) -> Self {
        Self { user: Some(user), ..self }
    }

    const fn with(self, habit: Habit) -> Self {
        Self { habit: Some(habit), ..self }
    }
}

use Manner::{AnswersAsConfigured, AsksEach, AuthenticatesNobody, OneAnswer, OneAnswerEachRequest};

/// What others ask instead of PAM.
pub const SASLAUTHD: &str = "saslauthd";

/// Mail servers ask saslauthd by the names of their protocols.
const MAIL: &[&str] =
    &["imap", "imaps", "pop", "pop3", "pop3s", "sieve", "smtp", "smtpd", "submission", "saslauthd"];

/// All that are known. Who is not in here is taken for one that asks each question.
pub const PROGRAMS: &[Program] = &[
    // Seen on Debian.
    Program::new("sshd", &["sshd"], &["sshd"], AsksEach).at(&["ssh.socket", "sshd.socket"]),
    Program::new("Cockpit", &["cockpit"], &["cockpit-tls", "cockpit-ws"], AsksEach)
        .at(&["cockpit.socket"]),
    Program::new("MariaDB", &["mariadb", "mysql"], &["mariadbd", "mysqld"], AsksEach),
    Program::new("OpenVPN", &["openvpn"], &["openvpn"], AnswersAsConfigured),
    Program::new("vsftpd", &["vsftpd"], &["vsftpd"], OneAnswer),
    Program::new("ProFTPD", &["proftpd"], &["proftpd"], OneAnswer).with(Habit::AsksOthersToo),
    Program::new("Dovecot", &["dovecot"], &["dovecot"], OneAnswer).with(Habit::RemembersInCache),
    Program::new(SASLAUTHD, MAIL, &["saslauthd"], OneAnswer).with(Habit::RemembersWithC),
    Program::new("FreeRADIUS", &["radiusd"], &["freeradius", "radiusd"], OneAnswer).of("freerad"),
    Program::new("PostgreSQL", &["postgresql"], &["postgres"], OneAnswer).of("postgres"),
    Program::new("nginx", &["nginx"], &["nginx"], OneAnswerEachRequest).of("www-data"),
    Program::new("pwauth", &["pwauth"], &[], OneAnswer),
    Program::new("Monit", &["monit"], &["monit"], OneAnswerEachRequest),
    Program::new("cron", &["cron", "crond"], &[], AuthenticatesNobody),
    Program::new("at", &["atd"], &[], AuthenticatesNobody),
    Program::new("i3lock", &["i3lock"], &[], OneAnswer),
    Program::new("screen", &["screen"], &[], OneAnswer),
    // By their documents.
    Program::new("Pure-FTPd", &["pure-ftpd"], &["pure-ftpd"], OneAnswer),
    Program::new("an FTP server", &["ftp"], &[], OneAnswer),
    Program::new("Postfix", &[], &["postfix/sbin/master"], OneAnswer),
    Program::new("Exim", &["exim4"], &["exim4"], OneAnswer),
    Program::new("Courier", &["courier"], &["couriertcpd"], OneAnswer),
    Program::new("Cyrus", &["cyrus"], &["cyrus/bin/master"], OneAnswer),
    Program::new("Netatalk", &["netatalk"], &["afpd"], OneAnswer),
    Program::new("CUPS", &["cups"], &["cupsd"], OneAnswer),
    Program::new("Squid", &["squid"], &["squid"], OneAnswerEachRequest),
    Program::new("pppd", &["ppp"], &[], OneAnswer),
    Program::new("xrdp", &["xrdp-sesman"], &["xrdp"], OneAnswer),
    Program::new("a VNC server", &["vnc"], &["vncserver-x11-core"], OneAnswer),
    Program::new("ejabberd", &["ejabberd"], &[], OneAnswer),
    Program::new("Prosody", &["prosody"], &[], OneAnswer),
    Program::new("Apache", &["apache2", "httpd"], &["apache2", "httpd"], OneAnswerEachRequest)
        .of("www-data"),
    Program::new("Webmin", &["webmin", "usermin"], &["miniserv.pl"], OneAnswer),
    Program::new("NX", &["nx"], &["nxserver.bin"], OneAnswer),
    Program::new("swaylock", &["swaylock", "waylock"], &[], OneAnswer),
];

/// The program that asks by this service.
pub fn of_service(service: &str) -> Option<&'static Program> {
    PROGRAMS.iter().find(|program| program.services.contains(&service))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_service_is_one_program_s() {
        let services: Vec<_> = PROGRAMS.iter().flat_map(|program| program.services).collect();
        assert_eq!(services.iter().collect::<BTreeSet<_>>().len(), services.len());
        assert_eq!(of_service("mysql").map(|it| it.name), Some("MariaDB"));
        assert!(of_service("login").is_none());
    }
}
