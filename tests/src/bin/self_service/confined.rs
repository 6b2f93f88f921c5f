//! What a process of the service that is in an attacker's hands comes to: nothing of the others. A program
//! of a PAM stage is in the same sandbox, and behind the same filter, as the process that runs it.

use crate::flood::{Flood, Flooder};
use cloud2fa_tests::booted::{Machine, PASSWORD};
use cloud2fa_tests::logins::answer_unseen;
use cloud2fa_tests::processes::{descendants, status_field, wait_for};

const INTRUDER: &str = "/usr/local/bin/intruder";

/// Where the sandbox can write.
const REPORT: &str = "/run/faillock/intruder";

/// Ways of a root without a sandbox, of which some are shut to everybody on some kernels.
const WAYS: usize = 20;

pub fn reaches_no_other(machine: &Machine) {
    let victim = Flooder::come(machine, "flora", "/run/cloud2fa/socket", Flood::Held(1));
    machine.add_user("ines");
    let targets = wait_for("the victims", || Some([parent(machine)?, sibling(machine)?]));
    let targets = targets.map(|pid| in_the_machine(pid).to_string());
    machine.write(INTRUDER, include_str!("intruder.pl"));
    machine.write("/etc/intruder-targets", &targets.join(" "));
    machine.script(&format!("chmod 0755 {INTRUDER}; mkdir -p /run/faillock; rm -f {REPORT}"));

    let outside = [&[INTRUDER, "/root/report"][..], &targets.each_ref().map(String::as_str)];
    machine.must(&outside.concat());
    let found = machine.must(&["cat", "/root/report"]);
    println!("    root outside: {} ways", found.lines().count() - 1);
    assert!(found.lines().count() > WAYS, "{found}");

    let since = machine.journal_cursor();
    let stack = format!("auth required pam_exec.so quiet {INTRUDER} {REPORT}\n");
    machine.with_file(
        "/etc/pam.d/cloud2fa",
        |_| stack.clone() + "auth required pam_deny.so\naccount required pam_permit.so\n",
        || {
            let mut terminal = machine.cloud2fa("ines", &["enable"]);
            answer_unseen(&mut terminal, "Password: ", PASSWORD);
            terminal.expect("That password is wrong.");
        },
    );
    assert_eq!(machine.must(&["cat", REPORT]), "done\n");
    let line = "refused user=\"ines\" reason=wrong_password";
    assert!(machine.journal_since(&since).contains(line), "the log is not what it was");
    // Nobody was hit.
    let now = [parent(machine), sibling(machine)].map(|pid| pid.map(in_the_machine));
    assert_eq!(now.map(|pid| pid.unwrap_or(0).to_string()), targets);
    drop(victim);
    machine.script(&format!("rm -f {INTRUDER} {REPORT} /etc/intruder-targets /root/report"));
}

/// The process that serves flora.
fn sibling(machine: &Machine) -> Option<u32> {
    let uid = machine.must(&["id", "-u", "flora"]);
    named(machine, &format!("cloud2fad\0uid={}\0", uid.trim()))
}

/// The one that listens.
fn parent(machine: &Machine) -> Option<u32> {
    named(machine, "/usr/local/libexec/cloud2fad\0")
}

fn named(machine: &Machine, name: &str) -> Option<u32> {
    let is_it = |pid: &u32| {
        std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|said| said == name.as_bytes())
    };
    descendants(machine.init()).into_iter().find(is_it)
}

/// The number that it has in there.
fn in_the_machine(pid: u32) -> u32 {
    let numbers = status_field(pid, "NSpid").expect("it runs");
    numbers.split_whitespace().last().and_then(|last| last.parse().ok()).expect("a number")
}
