//! Mail: IMAP by dovecot, and saslauthd, which checks passwords for mail servers and LDAP.

use crate::client::{curl, listens, start};
use crate::ground::{ENROLLED, Factor, one_field, show_faults, two_questions, type_in, with};
use crate::proof::{Came, lets_in_by_one_field, repeats_the_password};
use cloud2fa_tests::booted::{Machine, PASSWORD};

const IMAP: u16 = 143;

pub fn dovecot(machine: &Machine) {
    with(machine, "dovecot.socket dovecot", |mut factor| {
        let log_in = |user: &str, field: &str| curl(machine, "imap://127.0.0.1/", user, field);
        two_questions(machine, "dovecot");
        start(machine, "dovecot", IMAP);
        show_faults(machine, "dovecot, two questions");
        repeats_the_password(machine, log_in);
        one_field(machine, "dovecot");
        show_faults(machine, "dovecot, one field");
        lets_in_by_one_field(machine, &mut factor, log_in);
        type_in(machine, "Dovecot", 0);
        listens(machine, IMAP);
        takes_it_again(&mut factor, log_in);
    });
}

/// `testsaslauthd` asks as a mail server does.
fn sasl(machine: &Machine, user: &str, field: &str) -> Came {
    Came::by_status(&machine.run(&["testsaslauthd", "-u", user, "-p", field, "-s", "imap"], ""))
}

pub fn saslauthd(machine: &Machine) {
    with(machine, "saslauthd", |mut factor| {
        one_field(machine, "imap");
        show_faults(machine, "saslauthd with -c, one field");
        machine.script("echo START=yes >>/etc/default/saslauthd; systemctl restart saslauthd");
        takes_it_again(&mut factor, |user, field| sasl(machine, user, field));
        type_in(machine, "saslauthd", 0);
        show_faults(machine, "saslauthd without -c, one field");
        lets_in_by_one_field(machine, &mut factor, |user, field| sasl(machine, user, field));
        two_questions(machine, "imap");
        show_faults(machine, "saslauthd, two questions");
        repeats_the_password(machine, |user, field| sasl(machine, user, field));
    });
}

/// It keeps what was right: the module is not asked again.
fn takes_it_again(factor: &mut Factor, log_in: impl Fn(&str, &str) -> Came) {
    let field = format!("{PASSWORD}{}", factor.code());
    for time in ["the first time", "once more"] {
        let came = log_in(ENROLLED, &field);
        assert!(came.let_in, "{time}: {came:?}");
    }
}
