//! A service that does not start, while somebody waits for it.

use cloud2fa_tests::booted::Machine;
use std::time::Instant;

const SOMEBODY: &str = "gustav";

const PROGRAM: &str = "/usr/local/libexec/cloud2fad";

/// systemd starts it again for whoever waits, and must have something else to do in between; when it is
/// mended, it serves without anybody's help.
pub fn cannot_be_executed(machine: &Machine) {
    machine.add_user(SOMEBODY);
    machine.script(&format!("systemctl stop cloud2fad.service; chmod 0644 {PROGRAM}"));
    let (since, began) = (machine.journal_cursor(), Instant::now());
    let waits = ["timeout", "8", "su", SOMEBODY, "-c", "cloud2fa status"];
    let is_served = machine.run(&waits, "").status.success();
    let (tries, lasted) = (tries(machine, &since), began.elapsed());
    machine.must(&["chmod", "0755", PROGRAM]);
    assert!(!is_served, "nobody can have answered");
    println!("    tried {tries} times in {:.0} s", lasted.as_secs_f64());
    // Each has a second of its own (ExecStopPost= in the unit).
    assert!(tries >= 2 && tries as u64 <= lasted.as_secs() + 2, "{tries} times in {lasted:?}");
    let (said, is_served) = machine.asks(SOMEBODY, &["status"]);
    assert!(is_served, "{said}");
}

/// How often systemd has tried to run the program.
fn tries(machine: &Machine, since: &str) -> usize {
    let journal = machine.journal_since(since);
    let ended =
        |line: &&str| line.contains("cloud2fad.service") && line.contains("status=203/EXEC");
    journal.lines().filter(ended).count()
}
