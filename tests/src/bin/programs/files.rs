//! FTP: a client has one field for the password.

use crate::client::{curl, start};
use crate::ground::{ENROLLED, one_field, show_faults, type_in, with};
use crate::proof::{lets_in_by_one_field, must_be_said, repeats_the_password};
use cloud2fa_tests::booted::{Machine, PASSWORD};

const PORT: u16 = 21;

pub fn vsftpd(machine: &Machine) {
    with(machine, "vsftpd", |mut factor| {
        install(machine, "vsftpd", "proftpd-core");
        let log_in = |user: &str, field: &str| curl(machine, "ftp://127.0.0.1/", user, field);
        machine.script("echo 'auth required pam_cloud2fa.so nullok' >>/etc/pam.d/vsftpd");
        start(machine, "vsftpd", PORT);
        show_faults(machine, "vsftpd, two questions");
        repeats_the_password(machine, log_in);
        machine.script("sed -i /pam_cloud2fa.so/d /etc/pam.d/vsftpd");
        type_in(machine, "Password and code in one field", 1);
        show_faults(machine, "vsftpd, one field");
        lets_in_by_one_field(machine, &mut factor, log_in);
    });
}

/// They keep each other off.
fn install(machine: &Machine, one: &str, other: &str) {
    machine.script(&format!(
        "export DEBIAN_FRONTEND=noninteractive
         # Debian 13's wants to take that away itself.
         mkdir -p /srv/ftp
         dpkg --purge {other}
         dpkg --force-confmiss --force-confold --install /root/{one}*.deb"
    ));
}

/// As Debian ships it, it asks `mod_auth_unix` when PAM has refused.
pub fn proftpd(machine: &Machine) {
    with(machine, "proftpd", |mut factor| {
        let log_in = |user: &str, field: &str| curl(machine, "ftp://127.0.0.1/", user, field);
        install(machine, "proftpd-core", "vsftpd");
        machine.script("DEBIAN_FRONTEND=noninteractive pam-auth-update --enable cloud2fa");
        start(machine, "proftpd", PORT);
        show_faults(machine, "proftpd, as Debian ships it, the profile on");
        let since = machine.journal_cursor();
        let round = log_in(ENROLLED, PASSWORD);
        assert!(round.let_in, "{round:?}");
        must_be_said(machine, &since, "reason=password_repeated");
        type_in(machine, "ProFTPD", 0);
        let since = machine.journal_cursor();
        repeats_the_password(machine, log_in);
        must_be_said(machine, &since, "service=proftpd rhost=127.0.0.1 ");
        one_field(machine, "proftpd");
        show_faults(machine, "proftpd with AuthOrder, one field");
        lets_in_by_one_field(machine, &mut factor, log_in);
    });
}
