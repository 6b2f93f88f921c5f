//! `FreeRADIUS`, whose `rlm_pam` has one field. As Debian ships it, it is not root.

use crate::ground::{one_field, show_faults, type_in, with};
use crate::proof::{Came, lets_in_by_one_field, refuses_everybody};
use cloud2fa_tests::booted::Machine;
use cloud2fa_tests::processes::wait_for;

pub fn radtest(machine: &Machine, user: &str, field: &str) -> Came {
    let output = machine.run(&["radtest", user, field, "127.0.0.1", "0", "testing123"], "");
    let came = Came::by_status(&output);
    Came { let_in: came.said.contains("Received Access-Accept"), said: came.said }
}

pub fn start(machine: &Machine) {
    machine
        .script("systemctl reset-failed freeradius 2>/dev/null || :; systemctl restart freeradius");
    wait_for("the server", || {
        let script = "ss --listening --udp --numeric --no-header 'sport = :1812' | grep -q .";
        machine.run(&["sh", "-c", script], "").status.success().then_some(())
    });
}

/// With the module for PAM, and as root, as the page has it.
pub fn as_root(machine: &Machine) {
    type_in(machine, "FreeRADIUS", 0);
    type_in(machine, "FreeRADIUS", 1);
    start(machine);
}

pub fn freeradius(machine: &Machine) {
    with(machine, "freeradius", |mut factor| {
        type_in(machine, "FreeRADIUS", 0);
        one_field(machine, "radiusd");
        start(machine);
        show_faults(machine, "freeradius as freerad, one field");
        let log_in = |user: &str, field: &str| radtest(machine, user, field);
        refuses_everybody(machine, &mut factor, "radiusd", log_in);
    });
}

pub fn freeradius_as_root(machine: &Machine) {
    with(machine, "freeradius", |mut factor| {
        as_root(machine);
        one_field(machine, "radiusd");
        show_faults(machine, "freeradius as root, one field");
        lets_in_by_one_field(machine, &mut factor, |user, field| radtest(machine, user, field));
    });
}
