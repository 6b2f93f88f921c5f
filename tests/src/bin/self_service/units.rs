//! The units as they are installed, and what other programs see of the service.

use cloud2fa_tests::booted::{Machine, all_of};

const SERVICE: &str = "/usr/local/lib/systemd/system/cloud2fad.service";
const SOCKET: &str = "/usr/local/lib/systemd/system/cloud2fad.socket";

/// The most that systemd-analyze(1) may give, of 10.
const EXPOSURE: f64 = 1.5;

pub fn verified(machine: &Machine) {
    let said = machine.run(&["systemd-analyze", "verify", "--man=no", SOCKET, SERVICE], "");
    assert!(said.status.success() && all_of(&said).is_empty(), "{}", all_of(&said));
    let said =
        machine.must(&["systemd-analyze", "security", "--offline=yes", "--no-pager", SERVICE]);
    let overall =
        said.lines().find(|line| line.contains("Overall exposure level")).expect("a score");
    let score: f64 = overall
        .split_whitespace()
        .find_map(|word| word.parse().ok())
        .unwrap_or_else(|| panic!("no number: {overall}"));
    println!("    exposure: {score}");
    assert!(score <= EXPOSURE, "{said}");
}

/// The unit with another program in it, which tries to write.
pub fn writable(machine: &Machine) {
    machine.write(
        "/usr/local/bin/probe",
        "#!/bin/sh\nfor directory in / /boot /etc /home /opt /root /run /run/lock /run/systemd /srv /usr /var /var/lib \\\n\
             /var/log /var/lib/cloud2fa /run/cloud2fa /run/faillock; do\n\
             touch $directory/probe 2>/dev/null && rm $directory/probe && found=\"$found $directory\"\ndone\n\
         echo \"writable:$found\"\n",
    );
    let since = machine.journal_cursor();
    machine.script(&format!(
        "chmod 0755 /usr/local/bin/probe
         sed 's,^ExecStart=.*,ExecStart=/usr/local/bin/probe,; s,^StandardInput=.*,StandardInput=null,' {SERVICE} \\
             >/run/systemd/system/probe.service
         systemctl daemon-reload
         systemctl start --wait probe.service
         rm /usr/local/bin/probe /run/systemd/system/probe.service
         systemctl daemon-reload"
    ));
    let log = machine.journal_since(&since);
    assert!(log.contains("writable: /var/lib/cloud2fa /run/faillock\n"), "{log}");
}

/// Uid 0 is let in by much that listens in /run, without a capability. A unit that is the shipped
/// one but for its program asks systemd to run something outside of the sandbox.
pub fn no_way_out(machine: &Machine) {
    let tries = |sandbox: &str| {
        machine.write(
            "/etc/systemd/system/break-out.service",
            &format!(
                "[Service]\nType=oneshot\n{sandbox}\n\
                 ExecStart=systemd-run --quiet --wait touch /etc/out-of-the-sandbox\n"
            ),
        );
        machine.must(&["systemctl", "daemon-reload"]);
        machine.run(&["systemctl", "start", "break-out.service"], "").status.success()
    };
    assert!(tries("CapabilityBoundingSet="), "it does not even work without a sandbox");
    machine.must(&["rm", "/etc/out-of-the-sandbox"]);
    let shipped = machine.must(&["sed", "-n", "/^\\[Service\\]/,$p", SERVICE]);
    let sandbox = shipped.lines().filter(|line| {
        !["[Service]", "ExecStart=", "Standard"].iter().any(|begin| line.starts_with(begin))
    });
    assert!(!tries(&sandbox.collect::<Vec<_>>().join("\n")), "systemd does what it asks for");
    machine.lacks(&["/etc/out-of-the-sandbox"]);
    machine.script("rm /etc/systemd/system/break-out.service; systemctl daemon-reload");
}

pub fn varlinkctl(machine: &Machine) {
    if machine.suite == "bookworm" {
        println!("    Debian 12 has no varlinkctl");
        return;
    }
    let socket = "/run/cloud2fa/socket";
    let said = machine.must(&["varlinkctl", "info", socket]);
    assert!(said.contains("io.cloud2fa") && said.contains("cloud2fad"), "{said}");
    let said = machine.must(&["varlinkctl", "introspect", socket, "io.cloud2fa"]);
    assert!(
        said.contains("method ConfirmEnrolment") && said.contains("error NotPermitted"),
        "{said}"
    );
    let call = ["varlinkctl", "call", "--json=short", socket];
    let about = |user: &str| format!("{{\"user\":\"{user}\"}}");
    let status = |user: &str, whose: &str| {
        let about = about(whose);
        let who = ["runuser", "--user", user, "--"];
        let words = [&who[..], &call, &["io.cloud2fa.GetStatus", &about]].concat();
        all_of(&machine.run(&words, ""))
    };
    assert!(status("anna", "anna").contains(r#""state":"disabled""#), "{}", status("anna", "anna"));
    assert!(status("root", "anna").contains(r#""state":"disabled""#), "{}", status("root", "anna"));
    assert!(status("anna", "root").contains("NotPermitted"), "{}", status("anna", "root"));
    assert!(status("nobody", "anna").contains("NotPermitted"), "{}", status("nobody", "anna"));
}
