//! `cloud2fa doctor` in the package's life: what it says to do, done word for word.

use crate::dpkg::{
    FIRST, UNENROLLED, code_logs_in, install, install_first, is_on, password_alone_logs_in, purge,
    script,
};
use cloud2fa_tests::booted::Machine;
use cloud2fa_tests::doctor::{do_as_it_says, faults};
use cloud2fa_tests::logins::{enable, sshd_asks};

const NONE: [&str; 0] = [];

pub fn word_for_word(machine: &Machine) {
    // sshd as Debian has it.
    script(machine, "rm /etc/ssh/sshd_config.d/cloud2fa.conf");
    machine.restart_sshd();
    install_first(machine);
    assert_eq!(faults(machine), NONE);
    let (_, codes) = enable(machine, "anna");
    assert_eq!(faults(machine), ["never_asked"]);
    do_as_it_says(machine, "never_asked", 0);
    assert!(is_on(machine));
    // At once, without a second look.
    code_logs_in(machine, "anna", &codes[0]);
    assert_eq!(faults(machine), ["sshd_key_alone"]);
    do_as_it_says(machine, "sshd_key_alone", 1);
    assert_eq!(faults(machine), NONE);
    password_alone_logs_in(machine, UNENROLLED);
    without_module(machine);
    code_logs_in(machine, "anna", &codes[1]);
    first_value_wins(machine, &codes[2]);
    sshd_asks(machine);
    purge(machine);
}

/// Another file says something else before: what is said is to be changed there.
fn first_value_wins(machine: &Machine, code: &str) {
    let file = "/etc/ssh/sshd_config.d/50-cloud-init.conf";
    machine.write(file, "UsePAM no\nPasswordAuthentication yes\n");
    machine.restart_sshd();
    assert_eq!(faults(machine), ["sshd_pam_off"]);
    do_as_it_says(machine, "sshd_pam_off", 0);
    code_logs_in(machine, "anna", code);
    script(machine, &format!("rm {file}"));
    machine.restart_sshd();
    assert_eq!(faults(machine), NONE);
}

/// The command without the module's package, and the module's file gone from under PAM.
fn without_module(machine: &Machine) {
    script(machine, "dpkg --remove libpam-cloud2fa");
    assert_eq!(faults(machine), ["never_asked"]);
    // Nothing that it says to do locks anybody out.
    do_as_it_says(machine, "never_asked", 0);
    password_alone_logs_in(machine, "anna");
    install(machine, FIRST);
    do_as_it_says(machine, "never_asked", 0);
    assert_eq!(faults(machine), NONE);
    script(machine, "mv /usr/lib/*/security/pam_cloud2fa.so /root");
    assert_eq!(faults(machine), ["module_unusable"]);
    install(machine, FIRST);
    assert_eq!(faults(machine), NONE);
}
