//! `cloud2fa setup` and an upgrade while a change waits to be confirmed.

use crate::dpkg::{FIRST, HIGHER, install, install_first, purge, script};
use cloud2fa_tests::booted::Machine;
use cloud2fa_tests::processes::wait_for;

/// What setup changes here.
const FILES: &str = "sha256sum /etc/pam.d/sudo /etc/pam.d/sudo-i";

pub fn through_an_upgrade(machine: &Machine) {
    install_first(machine);
    let before = script(machine, FILES);
    script(machine, "cloud2fa setup sudo --yes --within 10m");
    let (changed, watch) = (script(machine, FILES), watch(machine));
    for version in [HIGHER, FIRST] {
        install(machine, version);
        assert_eq!(script(machine, FILES), changed, "{version}");
        assert!(says(machine, "sudo is not confirmed yet"), "{version}");
        assert_eq!(self::watch(machine), watch, "{version}: it waits on");
    }
    script(machine, "cloud2fa setup --keep");
    // The time ends in an upgrade that has stopped halfway.
    script(machine, "cloud2fa setup --undo; cloud2fa setup sudo --yes --within 20s");
    script(machine, &format!("dpkg --unpack {HIGHER}/*.deb"));
    wait_for("the change to be taken back", || {
        says(machine, "The last change of sudo was taken back").then_some(())
    });
    assert_eq!(script(machine, FILES), before);
    install(machine, HIGHER);
    assert_eq!(script(machine, FILES), before);
    purge(machine);
}

/// The process that waits.
fn watch(machine: &Machine) -> String {
    script(
        machine,
        "systemctl is-active cloud2fa-setup.service
         systemctl show --property=MainPID --value cloud2fa-setup.service",
    )
}

fn says(machine: &Machine, what: &str) -> bool {
    script(machine, "cloud2fa setup").contains(what)
}
