//! The journal has what root does by the command, as the command's own.

use cloud2fa_tests::booted::Machine;
use cloud2fa_tests::logins::enable;
use serde_json::Value;

pub fn of_root(machine: &Machine) {
    machine.add_user("greta");
    enable(machine, "greta");
    machine.must(&["cloud2fa", "unlock", "greta"]);
    machine.must(&["cloud2fa", "disable", "--user", "greta"]);
    machine.must(&["journalctl", "--sync"]);
    let entries = machine.must(&["journalctl", "--identifier=cloud2fa", "--output=json"]);
    let entries = entries.lines().map(|entry| serde_json::from_str::<Value>(entry).expect("JSON"));
    let about_greta = |entry: &Value| entry["MESSAGE"].as_str().unwrap().contains("\"greta\"");
    let entries: Vec<_> = entries.filter(about_greta).collect();
    let whats = [("unlocked", "Unlock"), ("disabled", "Disable")];
    assert_eq!(entries.len(), whats.len(), "{entries:?}");
    for ((decision, method), entry) in whats.into_iter().zip(entries) {
        let line = format!(
            "{decision} user=\"greta\" reason=by_root factor=none service=cloud2fa rhost=- failures=0 wait=0 uid=0 method={method}"
        );
        assert_eq!(entry["MESSAGE"], line);
        // authpriv.info
        assert_eq!((&entry["SYSLOG_FACILITY"], &entry["PRIORITY"]), (&"10".into(), &"6".into()));
        assert_eq!(entry["SYSLOG_PID"], entry["_PID"], "{entry}");
    }
}
