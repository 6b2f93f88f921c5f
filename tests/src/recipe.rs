//! A recipe of `conf/recipes` on a booted machine: applied, and taken back, by the commands that
//! stand in its README.

use crate::booted::Machine;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Does what the recipe in that directory says, twice, since people do; then `act`; then takes it
/// back as it says, which must leave nothing of it. Whatever happens, all is as before afterwards.
pub fn with(machine: &Machine, directory: &str, act: impl FnOnce()) {
    // Another check's line in sshd's file is put back afterwards, and not in the recipe's way.
    machine.script(
        "cp -a /etc/pam.d /run/pam.d; cp -a /etc/ssh/sshd_config.d /run/sshd_config.d
         sed -i '/pam_cloud2fa.so/d' /etc/pam.d/sshd; rm -f /etc/ssh/sshd_config.d/cloud2fa.conf
         rm -rf /run/clean; mkdir /run/clean
         cp -a /etc/pam.d /etc/ssh/sshd_config.d /run/clean",
    );
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        do_as_it_says(machine, directory, "To apply");
        do_as_it_says(machine, directory, "To apply");
        machine.script("grep -rq '^auth.*pam_cloud2fa.so' /etc/pam.d");
        act();
        do_as_it_says(machine, directory, "To take back");
        machine.script(
            "diff -r /run/clean/pam.d /etc/pam.d
             diff -r /run/clean/sshd_config.d /etc/ssh/sshd_config.d",
        );
    }));
    machine.script(
        "for place in pam.d ssh/sshd_config.d; do
             rm -r /etc/$place; mv /run/${place##*/} /etc/$place
         done",
    );
    machine.restart_sshd();
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

/// Types the commands that stand below that line of the recipe's README.
fn do_as_it_says(machine: &Machine, directory: &str, heading: &str) {
    machine.script(&format!(
        "cd {directory}
         awk '/^To /{{here=/^{heading}/}} here && /^    /{{print substr($0, 5)}}' README >/run/commands
         test -s /run/commands
         # systemd thinks that so many starts are a fault.
         systemctl reset-failed ssh
         PATH=$PATH sh -ec \"$(cat /run/commands)\""
    ));
}
