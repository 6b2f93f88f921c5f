//! `cloud2fa doctor` where systemd runs: what it says of the units, and that it finds nothing wrong
//! with machines that are set up by the book.

use cloud2fa_tests::booted::Machine;
use cloud2fa_tests::doctor::faults;

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
