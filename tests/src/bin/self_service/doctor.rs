//! `cloud2fa doctor` where systemd runs: what it says of the units, and that it finds nothing wrong
//! with machines that are set up by the book.

use cloud2fa_tests::booted::{Machine, all_of};
use serde_json::Value;

/// Ids of what is wrong, sorted, and left out what the machine around this one says: its clock is
/// the one here, too.
pub fn faults(machine: &Machine) -> Vec<String> {
    let said = all_of(&machine.run(&["cloud2fa", "doctor", "--json"], ""));
    let lines: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {said}")))
        .collect();
    let (last, found) = lines.split_last().expect("a last line");
    assert_eq!(last["findings"], found.len(), "{said}");
    let wrong = found.iter().filter(|finding| finding["severity"] != "note");
    let ids = wrong.filter_map(|finding| finding["id"].as_str());
    let mut ids: Vec<_> = ids.filter(|id| !id.starts_with("clock_un")).map(str::to_owned).collect();
    ids.sort();
    ids
}

/// What is done to the machine, what is found then, and what undoes it.
const BROKEN: &[(&str, &[&str], &str)] = &[
    (
        "systemctl disable cloud2fad.socket",
        &["service_not_enabled"],
        "systemctl enable cloud2fad.socket",
    ),
    (
        "systemctl stop cloud2fad.socket",
        &["service_not_listening"],
        "systemctl start cloud2fad.socket",
    ),
    (
        "mv /usr/local/libexec/cloud2fad /root/cloud2fad",
        &["service_missing"],
        "mv /root/cloud2fad /usr/local/libexec/cloud2fad",
    ),
    (
        "mkdir -p /run/systemd/system/cloud2fad.socket.d
         printf '[Socket]\\nSocketMode=0600\\n' >/run/systemd/system/cloud2fad.socket.d/mode.conf
         systemctl daemon-reload; systemctl restart cloud2fad.socket",
        &["service_socket"],
        "rm -r /run/systemd/system/cloud2fad.socket.d
         systemctl daemon-reload; systemctl restart cloud2fad.socket",
    ),
    (
        "cp /etc/cloud2fa/cloud2fa.toml /root; sed -i '1i state_dir = \"/srv/store\"' /etc/cloud2fa/cloud2fa.toml
         cloud2fa init",
        &["service_cannot_write"],
        "mv /root/cloud2fa.toml /etc/cloud2fa; rm -r /srv/store",
    ),
    ("mv /etc/pam.d/cloud2fa /root", &["service_no_pam_file"], "mv /root/cloud2fa /etc/pam.d"),
];

pub fn units(machine: &Machine) {
    // What other checks have left in the store would be a finding of its own.
    assert_eq!(ours(machine), [""; 0]);
    for (break_it, expected, mend) in BROKEN {
        machine.script(break_it);
        let found = ours(machine);
        machine.script(mend);
        assert_eq!(found, *expected, "{break_it}");
    }
    assert_eq!(ours(machine), [""; 0]);
}

/// Those about the service.
fn ours(machine: &Machine) -> Vec<String> {
    faults(machine).into_iter().filter(|id| id.starts_with("service_")).collect()
}
