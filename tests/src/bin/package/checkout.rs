//! Packages beside what a checkout's `make install` has put onto the machine.

use crate::dpkg::{
    UNENROLLED, install_first, is_on, password_alone_logs_in, purge, script, switch_on, try_script,
};
use cloud2fa_tests::booted::Machine;
use cloud2fa_tests::machine::workspace;
use std::process::Command;

/// Where the module is, which is a package's file and a checkout's.
const MODULE: &str = "/usr/lib/*/security/pam_cloud2fa.so";

/// `make` in a checkout that has built nothing, which is made to believe that it has.
const MAKE: &str = "cd /root/checkout && mkdir -p target/release &&
    touch target/release/libpam_cloud2fa.so target/release/cloud2fa target/release/cloud2fad &&
    make --no-print-directory PAMDIR=$(dirname /usr/lib/*/security/pam_cloud2fa.so)";

pub fn beside(machine: &Machine) {
    install_first(machine);
    switch_on(machine);
    copy_checkout(machine);
    let (said, done) = try_script(machine, &format!("{MAKE} install"));
    assert!(!done && said.contains("remove libpam-cloud2fa first"), "{said}");
    // It was there before the package.
    script(
        machine,
        "mkdir -p /usr/local/libexec /usr/local/lib/systemd/system
         cp /usr/bin/cloud2fa /usr/local/bin
         cp /usr/libexec/cloud2fad /usr/local/libexec
         cp /usr/lib/systemd/system/cloud2fad* /usr/local/lib/systemd/system
         systemctl daemon-reload",
    );
    let check = format!("dpkg --verify cloud2fa libpam-cloud2fa; ls {MODULE} /etc/pam.d/cloud2fa");
    let whole = script(machine, &check);
    script(machine, &format!("{MAKE} uninstall"));
    assert_eq!(script(machine, &check), whole);
    assert!(is_on(machine));
    script(
        machine,
        "systemctl is-active cloud2fad.socket
         systemctl is-enabled cloud2fad.socket
         rm -r /root/checkout",
    );
    machine.lacks(&[
        "/usr/local/bin/cloud2fa",
        "/usr/local/libexec/cloud2fad",
        "/usr/local/lib/systemd/system/cloud2fad.socket",
    ]);
    let (shown, done) = machine.asks("anna", &["status"]);
    assert!(done, "{shown}");
    password_alone_logs_in(machine, UNENROLLED);
    purge(machine);
}

fn copy_checkout(machine: &Machine) {
    let files = Command::new("tar")
        .current_dir(workspace())
        .args(["--exclude=./target", "--exclude=./.git", "-cf", "-", "."])
        .output()
        .expect("tar starts");
    assert!(files.status.success());
    let mut tar =
        machine.command(&["sh", "-ec", "mkdir /root/checkout; tar -C /root/checkout -xf -"]);
    let mut child = tar.stdin(std::process::Stdio::piped()).spawn().expect("bash starts");
    std::io::Write::write_all(&mut child.stdin.take().expect("piped"), &files.stdout)
        .expect("it reads");
    assert!(child.wait().expect("it ends").success());
}
