//! From the first installation to the purge, with logins by ssh at each stage.

use crate::dpkg::{
    FIRST, HIGHER, UNENROLLED, are_installed, code_logs_in, install, install_first, is_on,
    password_alone_logs_in, purge, remove, script, state, switch_on,
};
use cloud2fa_tests::booted::Machine;
use cloud2fa_tests::logins::{enable, ssh_to};
use cloud2fa_tests::sshd::LET_IN;

pub fn whole(machine: &Machine) {
    password_alone_logs_in(machine, "anna");
    install(machine, FIRST);
    // Enrolled or not: no login asks before it is switched on.
    let (mut phone, codes) = enable(machine, "anna");
    password_alone_logs_in(machine, "anna");
    password_alone_logs_in(machine, UNENROLLED);
    switch_on(machine);
    code_logs_in(machine, "anna", &phone.code());
    password_alone_logs_in(machine, UNENROLLED);
    upgrade(machine, &codes[..2]);
    // And back.
    script(machine, &format!("dpkg --install {FIRST}/*.deb"));
    assert!(are_installed(machine) && is_on(machine));
    code_logs_in(machine, "anna", &codes[2]);
    password_alone_logs_in(machine, UNENROLLED);
    // The profile goes first, so that the passwords are enough again.
    remove(machine);
    assert!(!is_on(machine));
    script(machine, "! ls /usr/lib/*/security/pam_cloud2fa.so 2>/dev/null");
    password_alone_logs_in(machine, "anna");
    password_alone_logs_in(machine, UNENROLLED);
    purge(machine);
}

/// To a higher version, while somebody is logged in.
fn upgrade(machine: &Machine, codes: &[String]) {
    let repeat = format!("echo {LET_IN}; while read line; do echo read: $line; done");
    let mut session = ssh_to(machine, "anna", Some(&codes[0]), &repeat);
    session.expect(LET_IN);
    // Who logs in meanwhile without being root finds the socket.
    let socket = "stat --format %i /run/cloud2fa/socket
        systemctl show --property ActiveEnterTimestampMonotonic cloud2fad.socket";
    let before = script(machine, socket);
    let installed = install(machine, HIGHER);
    assert_eq!(script(machine, socket), before);
    assert!(
        installed.contains("Unpacking libpam-cloud2fa") && installed.contains(" over "),
        "{installed}"
    );
    assert!(are_installed(machine) && is_on(machine));
    session.type_line("still here");
    session.expect("read: still here");
    drop(session);
    script(machine, "systemctl is-active cloud2fad.socket");
    code_logs_in(machine, "anna", &codes[1]);
    password_alone_logs_in(machine, UNENROLLED);
}

pub fn again(machine: &Machine) {
    install_first(machine);
    let (_, codes) = enable(machine, "anna");
    let said = remove(machine);
    assert!(said.contains("Second factors in /var/lib/cloud2fa: 1."), "{said}");
    // Profile off, as it was before the first installation.
    install(machine, FIRST);
    assert!(!is_on(machine));
    password_alone_logs_in(machine, "anna");
    switch_on(machine);
    code_logs_in(machine, "anna", &codes[0]);
    // A purge says what it deletes before it does.
    let said = purge(machine);
    let warned = said.find("Purging it\ndeletes them for good");
    let deleted = said.find("Deleting all second factors");
    assert!(warned.is_some() && warned < deleted, "{said}");
    script(machine, "! [ -e /var/lib/cloud2fa ]");
    password_alone_logs_in(machine, "anna");
    install(machine, FIRST);
    switch_on(machine);
    password_alone_logs_in(machine, "anna");
    purge(machine);
}

/// dpkg does not ask such a package whether it may be removed.
pub fn unpacked(machine: &Machine) {
    install_first(machine);
    switch_on(machine);
    script(machine, &format!("dpkg --unpack {HIGHER}/*.deb"));
    assert_eq!(state(machine, "libpam-cloud2fa"), "unpacked");
    // Meanwhile it works.
    password_alone_logs_in(machine, UNENROLLED);
    remove(machine);
    assert!(!is_on(machine));
    script(machine, "! [ -e /run/cloud2fa/socket ]");
    password_alone_logs_in(machine, UNENROLLED);
    purge(machine);
}
