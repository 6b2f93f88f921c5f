//! Clients that are used by several checks, and servers that have started.

use crate::proof::Came;
use cloud2fa_tests::booted::Machine;
use cloud2fa_tests::processes::wait_for;

/// A right answer of curl's is the exit status 0: of FTP, IMAP, HTTP and HTTPS.
pub fn curl(machine: &Machine, url: &str, user: &str, password: &str) -> Came {
    let login = format!("{user}:{password}");
    let words = ["curl", "--silent", "--show-error", "--fail", "--insecure", "--user", &login, url];
    Came::by_status(&machine.run(&words, ""))
}

/// Starts a unit anew, and waits until somebody listens at that TCP port.
pub fn start(machine: &Machine, unit: &str, port: u16) {
    machine.script(&format!(
        "systemctl reset-failed {unit} 2>/dev/null || :; systemctl restart {unit}"
    ));
    listens(machine, port);
}

/// Waits until somebody listens at that TCP port.
pub fn listens(machine: &Machine, port: u16) {
    let script =
        format!("ss --listening --tcp --numeric --no-header 'sport = :{port}' | grep -q .");
    wait_for(&format!("a server at port {port}"), || {
        machine.run(&["sh", "-c", &script], "").status.success().then_some(())
    });
}
