//! `cloud2fa setup` where others come in between, or it comes in between itself.

use super::setup::{ADMINISTRATOR, asks_no_code, files, ground, leave, setup, wait_until};
use cloud2fa_tests::booted::Machine;
use cloud2fa_tests::logins::ssh_to;
use cloud2fa_tests::processes::wait_for;

/// What another administrator has written.
const BROKEN: &str = "/etc/ssh/sshd_config.d/50-broken.conf";

pub fn broken_files_of_sshd(machine: &Machine) {
    let _phone = ground(machine);
    let (before, cursor) = (files(machine), machine.journal_cursor());
    setup(machine, &format!("ssh --yes --by {ADMINISTRATOR} --within 10m"));
    let changed = files(machine);
    let sshd = || {
        machine
            .script("systemctl show --property=MainPID,ActiveEnterTimestampMonotonic ssh.service")
    };
    let (running, open) = (sshd(), machine.journal_cursor());
    machine.write(BROKEN, "NoSuchKeyword yes\n");
    machine.script("systemctl stop cloud2fa-setup.service");
    let log = || machine.journal_since(&cursor);
    wait_for("what sshd says", || {
        let log = log();
        let says = ["are out of its files again", "sshd cannot use its own files", "NoSuchKeyword"];
        says.iter().all(|part| log.contains(part)).then_some(())
    });
    // The lines are out, and sshd was not made to fail.
    let others = |all: &str| -> Vec<String> {
        let lines =
            all.lines().filter(|line| !line.contains(BROKEN) && !line.contains("setup.json"));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(others(&files(machine)), others(&before));
    assert_ne!(others(&changed), others(&before));
    assert_eq!(sshd(), running);
    let log = machine.journal_since(&open);
    assert!(!log.contains("Reloading ssh.service") && !log.contains("SIGHUP"), "{log}");
    asks_no_code(machine);
    // Mended, sshd goes by its files again, without anybody's help.
    machine.script(&format!("rm {BROKEN}"));
    wait_until(machine, "The last change of ssh was taken back");
    assert_eq!(files(machine), before);
    asks_no_code(machine);
    machine.script("systemctl reset-failed cloud2fa-setup.service 2>/dev/null || true");
    leave(machine);
}

pub fn one_right_behind_another(machine: &Machine) {
    let _phone = ground(machine);
    let before = files(machine);
    for _ in 0..5 {
        let change = format!("cloud2fa setup sudo --yes --by {ADMINISTRATOR} --within 10m");
        machine.script(&format!("{change}; cloud2fa setup --undo; {change}"));
        // The one that has ended has by now taken back what it would.
        machine.script("sleep 1; systemctl is-active cloud2fa-setup.service");
        let said = setup(machine, "");
        assert!(said.contains("sudo is not confirmed yet"), "{said}");
        setup(machine, "--undo");
    }
    assert_eq!(files(machine), before);
    leave(machine);
}

pub fn an_sshd_that_a_socket_starts(machine: &Machine) {
    let mut phone = ground(machine);
    machine.script(
        "systemctl disable --now ssh.service; systemctl enable --now ssh.socket
         systemctl is-active ssh.socket",
    );
    let before = files(machine);
    // Nobody is connected, and then somebody is.
    let said = setup(machine, &format!("ssh --yes --by {ADMINISTRATOR} --within 10m"));
    assert!(said.contains("ssh asks for a code now."), "{said}");
    let mut session =
        ssh_to(machine, ADMINISTRATOR, Some(&phone.code()), "echo in; read -p more: x");
    session.expect("more:");
    wait_until(machine, "ssh asks for a code.");
    assert!(setup(machine, "--undo").contains("ssh asks for no code any more."));
    session.type_line("");
    session.finish();
    assert_eq!(files(machine), before);
    asks_no_code(machine);
    machine.script(
        "systemctl stop ssh.socket ssh.service; systemctl disable ssh.socket
         systemctl enable ssh.service; systemctl reset-failed ssh.service || true
         systemctl start ssh.service",
    );
    leave(machine);
}
