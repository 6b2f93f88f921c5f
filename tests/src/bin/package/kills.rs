//! `kill -9` of dpkg, and of what it has started, at many moments: nobody is locked out, then or
//! after it is mended.

use crate::dpkg::{
    FIRST, HIGHER, UNENROLLED, are_installed, code_logs_in, install, install_first, is_on,
    password_alone_logs_in, purge, state, switch_on, try_script,
};
use cloud2fa_tests::booted::Machine;
use cloud2fa_tests::logins::enable;
use cloud2fa_tests::processes::{descendant_named, wait_until_it_reads};
use cloud2fa_tests::strace::Strace;
use std::io::Write;
use std::process::Stdio;

/// Files are put in place, and states are noted, by rename; scripts are waited for by wait4. The
/// number is how many of these calls are passed over from one kill to the next.
const PUTS_IN_PLACE: (&str, usize) = ("rename", 17);
const WAITS: (&str, usize) = ("wait4", 3);
const DELETES: (&str, usize) = ("unlink", 13);

pub fn in_upgrade(machine: &Machine) {
    install_first(machine);
    switch_on(machine);
    let (_, codes) = enable(machine, "anna");
    let upgrade = format!("--install {HIGHER}/cloud2fa.deb {HIGHER}/libpam-cloud2fa.deb");
    at_moments(machine, &upgrade, &[PUTS_IN_PLACE, WAITS], || {
        password_alone_logs_in(machine, UNENROLLED);
        mend(machine);
        password_alone_logs_in(machine, UNENROLLED);
    });
    code_logs_in(machine, "anna", &codes[0]);
    purge(machine);
}

pub fn in_installation(machine: &Machine) {
    let installation = format!("--install {FIRST}/cloud2fa.deb {FIRST}/libpam-cloud2fa.deb");
    purge(machine);
    // Fewer moments: all is done anew for each, and nothing is on.
    at_moments(machine, &installation, &[("rename", 41), ("wait4", 7)], || {
        password_alone_logs_in(machine, UNENROLLED);
        mend(machine);
        switch_on(machine);
        password_alone_logs_in(machine, UNENROLLED);
        purge(machine);
    });
    purge(machine);
}

pub fn in_removal(machine: &Machine) {
    mend(machine);
    switch_on(machine);
    let removal = "--remove libpam-cloud2fa cloud2fa";
    at_moments(machine, removal, &[PUTS_IN_PLACE, WAITS, DELETES], || {
        password_alone_logs_in(machine, UNENROLLED);
        let over = is_over(machine);
        mend(machine);
        assert!(over || is_on(machine), "it was on before the removal");
        switch_on(machine);
        password_alone_logs_in(machine, UNENROLLED);
    });
    purge(machine);
}

/// A removal has done all that it has to do: what was on is not switched on again.
fn is_over(machine: &Machine) -> bool {
    let noted = try_script(machine, "ls /var/lib/misc/libpam-cloud2fa.*").1;
    match state(machine, "libpam-cloud2fa").as_str() {
        // dpkg has only to note it.
        "half-installed" => !noted,
        "config-files" => true,
        _ => false,
    }
}

/// dpkg's own remedies, in the order in which its messages name them.
fn mend(machine: &Machine) {
    let _ = try_script(machine, "dpkg --configure --pending");
    install(machine, FIRST);
    assert!(are_installed(machine));
}

/// Runs dpkg again and again, killed each time at a later call of a kind, until it comes to its
/// end; `then` looks at the machine after each kill.
fn at_moments(machine: &Machine, arguments: &str, kinds: &[(&str, usize)], then: impl Fn()) {
    for (call, distance) in kinds {
        let mut kills = 0;
        // Other moments on the other suite.
        let first = if machine.suite == "bookworm" { 1 } else { 1 + distance / 2 };
        for moment in (first..).step_by(*distance) {
            if !is_killed(machine, arguments, call, moment) {
                break;
            }
            kills += 1;
            then();
        }
        println!("    dpkg killed at {kills} calls of {call}");
        assert!(kills > 0, "dpkg calls {call}");
        then();
    }
}

/// Runs dpkg, killed at that call of that kind, or killed is what it has started; says whether it
/// came so far.
fn is_killed(machine: &Machine, arguments: &str, call: &str, moment: usize) -> bool {
    let script = format!("read go; export DEBIAN_FRONTEND=noninteractive; exec dpkg {arguments}");
    let mut command = machine.command(&["sh", "-c", &script]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("bash starts");
    let shell = descendant_named(child.id(), "sh");
    wait_until_it_reads(shell);
    let inject = format!("inject={call}:signal=KILL:when={moment}");
    let traced = Strace::attach(shell, [format!("trace={call}").as_str(), &inject]);
    child.stdin.take().expect("piped").write_all(b"\n").expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    drop(traced);
    !output.status.success()
}
