//! Daemons that are not root and verify codes for others, through the service: `FreeRADIUS`, `PostgreSQL` and
//! `Apache` as Debian ships them.

use crate::client::{curl, start};
use crate::ground::{ENROLLED, UNENROLLED, one_field, show_faults, type_in, with};
use crate::proof::{lets_in_by_one_field, must_be_said};
use crate::{databases, radius};
use cloud2fa_tests::booted::{Machine, PASSWORD};

/// The heading of the page.
const HEADING: &str = "Daemons that are not root";

/// It may read passwords, and is named in the configuration.
fn name(machine: &Machine, daemon: &str) {
    let typed = crate::page::commands(crate::page::PROGRAMS, HEADING, 0);
    let (first, rest) = typed.split_once('\n').expect("more than one line");
    assert!(first.starts_with("daemon="), "{typed}");
    machine.script(&format!("daemon={daemon}\n{rest}"));
}

pub fn freeradius(machine: &Machine) {
    with(machine, "freeradius", |mut factor| {
        type_in(machine, "FreeRADIUS", 0);
        one_field(machine, "radiusd");
        name(machine, "freerad");
        radius::start(machine);
        show_faults(machine, "freeradius as freerad, named in verifiers");
        let log_in = |user: &str, field: &str| radius::radtest(machine, user, field);
        lets_in_by_one_field(machine, &mut factor, log_in);
        // Whoever guesses there waits there, and not at ssh.
        let guess = format!("{PASSWORD}{}", factor.wrong);
        for _ in 0..5 {
            assert!(!log_in(ENROLLED, &guess).let_in);
        }
        let since = machine.journal_cursor();
        assert!(!log_in(ENROLLED, &format!("{PASSWORD}{}", factor.of_the_app())).let_in);
        must_be_said(machine, &since, "reason=wait");
        let mut terminal =
            machine.at_terminal(&["cloud2fa", "verify", "--user", ENROLLED].map(str::to_owned));
        terminal.answer("Code: ", &factor.of_the_app());
        let ended = terminal.finish();
        assert!(ended.shown.contains("The code is right."), "{}", ended.shown);
    });
}

/// The first factor is the daemon's own: `pam_exec` asks a program of the test.
pub fn freeradius_with_passwords_of_its_own(machine: &Machine) {
    with(machine, "freeradius", |mut factor| {
        type_in(machine, "FreeRADIUS", 0);
        name(machine, "freerad");
        machine.script(&format!(
            "gpasswd --delete freerad shadow
             printf '#!/bin/sh\\n[ \"$(tr -d \"\\\\000\")\" = {PASSWORD} ]\\n' >/usr/local/sbin/its-own
             chmod 0755 /usr/local/sbin/its-own
             cat >/etc/pam.d/radiusd <<'end'
auth required pam_cloud2fa.so forward_pass nullok
auth required pam_exec.so quiet expose_authtok /usr/local/sbin/its-own
account required pam_permit.so
end"
        ));
        radius::start(machine);
        let log_in = |user: &str, field: &str| radius::radtest(machine, user, field);
        lets_in_by_one_field(machine, &mut factor, log_in);
        machine.script("rm /usr/local/sbin/its-own");
    });
}

pub fn postgresql(machine: &Machine) {
    with(machine, "postgresql", |mut factor| {
        start(machine, "postgresql", 5432);
        one_field(machine, "postgresql");
        name(machine, "postgres");
        databases::postgres(machine, "pam pamservice=postgresql");
        show_faults(machine, "postgresql as postgres, named in verifiers");
        let log_in = |user: &str, field: &str| databases::psql(machine, user, field);
        lets_in_by_one_field(machine, &mut factor, log_in);
        machine.script("gpasswd --delete postgres shadow");
    });
}

/// By `mod_authnz_pam`: each request costs a code.
pub fn apache(machine: &Machine) {
    with(machine, "apache2", |mut factor| {
        one_field(machine, "apache2");
        name(machine, "www-data");
        machine.write(
            "/etc/apache2/conf-enabled/pam.conf",
            "<Location />\nAuthType Basic\nAuthName x\nAuthBasicProvider PAM\nAuthPAMService apache2\n\
             Require valid-user\n</Location>\n",
        );
        machine.script("a2enmod --quiet authnz_pam");
        start(machine, "apache2", 80);
        show_faults(machine, "apache as www-data, named in verifiers");
        let log_in = |user: &str, field: &str| curl(machine, "http://127.0.0.1/", user, field);
        lets_in_by_one_field(machine, &mut factor, log_in);
        assert!(log_in(UNENROLLED, PASSWORD).let_in);
        machine.script("gpasswd --delete www-data shadow");
    });
}
