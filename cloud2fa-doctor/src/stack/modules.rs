//! What is known of the modules of others.

/// What a module is there for in a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// pam_cloud2fa.
    Ours,
    /// Checks a password.
    Password,
    /// Asks for another second factor.
    SecondFactor,
    /// Says about whom, where or when the login is, and asks for nothing.
    Condition,
    /// Neither lets in nor is a condition that an administrator chooses.
    Neutral,
    /// Refuses always.
    Deny,
    /// Lets in always.
    Permit,
    /// Ours, where it takes no part in the login.
    Aside,
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
    "pam_aad.so",
    "pam_centrifydc.so",
    "pam_lsass.so",
    "pam_vas3.so",
];

/// What people have beside a password: a code of another app, a key that is touched, a phone that is asked.
const SECOND_FACTOR: &[&str] =
    &["pam_google_authenticator.so", "pam_oath.so", "pam_u2f.so", "pam_yubico.so", "pam_duo.so"];

const CONDITION: &[&str] = &[
    "pam_rootok.so",
    "pam_succeed_if.so",
    "pam_listfile.so",
    "pam_access.so",
    "pam_wheel.so",
    "pam_time.so",
    "pam_localuser.so",
    "pam_usertype.so",
    "pam_sepermit.so",
];

/// Of these, those whose condition holds for nearly everybody.
const BROAD: &[&str] = &["pam_localuser.so", "pam_usertype.so"];

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
    "pam_lastlog2.so",
    "pam_wtmpdb.so",
    "pam_namespace.so",
    "pam_setquota.so",
    "pam_tty_audit.so",
    "pam_xauth.so",
    "pam_tmpdir.so",
    "pam_mkhomedir.so",
    "pam_oddjob_mkhomedir.so",
    "pam_canonicalize_user.so",
];

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// What the module of that path is, with these arguments.
pub fn kind(path: &str, arguments: &[String]) -> Kind {
    let name = name_of(path);
    match name {
        // As cargo calls it, too; and however it is misspelt.
        _ if name.contains("pam_cloud2fa") => Kind::Ours,
        // Without the password its program can say about whom the login is, and no more.
        "pam_exec.so" if !arguments.iter().any(|it| it == "expose_authtok") => Kind::Condition,
        "pam_deny.so" => Kind::Deny,
        "pam_permit.so" => Kind::Permit,
        _ if PASSWORD.contains(&name) => Kind::Password,
        _ if SECOND_FACTOR.contains(&name) => Kind::SecondFactor,
        _ if CONDITION.contains(&name) => Kind::Condition,
        _ if NEUTRAL.contains(&name) => Kind::Neutral,
        _ => Kind::Unknown,
    }
}

/// Whether a condition is one that nearly everybody meets.
pub fn is_broad(path: &str) -> bool {
    BROAD.contains(&name_of(path))
}
