//! What is known of the modules of others, and of programs that cannot ask twice.

/// What a module is there for in a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// pam_cloud2fa.
    Ours,
    /// Checks a password.
    Password,
    /// Says about whom, where or when the login is, and asks for nothing.
    Condition,
    /// Neither lets in nor is a condition that an administrator chooses.
    Neutral,
    /// Refuses always.
    Deny,
    /// Lets in always.
    Permit,
    /// Anything else: it may check whatever it likes.
    Unknown,
}

const PASSWORD: &[&str] = &[
    "pam_unix.so",
    "pam_unix_auth.so",
    "pam_extrausers.so",
    "pam_sss.so",
    "pam_ldap.so",
    "pam_krb5.so",
    "pam_winbind.so",
    "pam_systemd_home.so",
    "pam_radius_auth.so",
    "pam_tacplus.so",
    "pam_pwdfile.so",
    "pam_userdb.so",
    "pam_tcb.so",
    "pam_kanidm.so",
    "pam_himmelblau.so",
    "pam_mysql.so",
    "pam_pgsql.so",
];

const CONDITION: &[&str] = &[
    "pam_rootok.so",
    "pam_succeed_if.so",
    "pam_listfile.so",
    "pam_access.so",
    "pam_wheel.so",
    "pam_time.so",
    "pam_localuser.so",
    "pam_usertype.so",
];

const NEUTRAL: &[&str] = &[
    "pam_env.so",
    "pam_faildelay.so",
    "pam_faillock.so",
    "pam_tally2.so",
    "pam_nologin.so",
    "pam_securetty.so",
    "pam_shells.so",
    "pam_cap.so",
    "pam_group.so",
    "pam_motd.so",
    "pam_mail.so",
    "pam_echo.so",
    "pam_warn.so",
    "pam_issue.so",
    "pam_selinux.so",
    "pam_loginuid.so",
    "pam_keyinit.so",
    "pam_limits.so",
    "pam_umask.so",
    "pam_systemd.so",
    "pam_gnome_keyring.so",
    "pam_kwallet5.so",
    "pam_ecryptfs.so",
    "pam_mount.so",
    "pam_lastlog.so",
    "pam_abl.so",
    "pam_ftp.so",
];

/// What the module of that path is.
pub fn kind(path: &str) -> Kind {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name {
        // As cargo calls it, too.
        "pam_cloud2fa.so" | "libpam_cloud2fa.so" => Kind::Ours,
        "pam_deny.so" => Kind::Deny,
        "pam_permit.so" => Kind::Permit,
        _ if PASSWORD.contains(&name) => Kind::Password,
        _ if CONDITION.contains(&name) => Kind::Condition,
        _ if NEUTRAL.contains(&name) => Kind::Neutral,
        _ => Kind::Unknown,
    }
}

/// Services whose programs have one password from their client, and answer every prompt with
/// it, or fail at the second: mail, files, printers, tunnels, and lockers with a single field.
const ONE_ANSWER: &[&str] = &[
    "dovecot",
    "imap",
    "imaps",
    "pop",
    "pop3",
    "pop3s",
    "sieve",
    "smtp",
    "smtpd",
    "submission",
    "courier",
    "exim4",
    "cyrus",
    "saslauthd",
    "proftpd",
    "vsftpd",
    "pure-ftpd",
    "ftp",
    "samba",
    "netatalk",
    "cups",
    "squid",
    "openvpn",
    "ppp",
    "xrdp-sesman",
    "vnc",
    "ejabberd",
    "prosody",
    "radiusd",
    "nginx",
    "apache2",
    "httpd",
    "webmin",
    "usermin",
    "postgresql",
    "mysql",
    "mariadb",
    "nx",
    "i3lock",
    "swaylock",
    "waylock",
];

/// Whether the programs of that service cannot ask for a code after the password.
pub fn has_one_answer(service: &str) -> bool {
    ONE_ANSWER.contains(&service)
}
