//! Ansible's role, by the ansible-playbook of the suite: in the machine, over ssh, as a user with a key who
//! becomes root by sudo. It stands among the checks of the packages since it installs them.

use crate::dpkg::{
    FIRST, HIGHER, INSTALLED, UNENROLLED, code_logs_in, install_first, password_alone_logs_in,
    purge, script, state,
};
use crate::playbook::{HERE, play, site, site_in_check_mode};
use cloud2fa_tests::booted::{Machine, PASSWORD};
use cloud2fa_tests::doctor;
use cloud2fa_tests::logins::{enable, sshd_asks};
use cloud2fa_tests::processes::wait_for;
use serde_json::{Value, json};

/// What `tests/package` has copied from the checkout.
const SHIPPED: &str = "/root/packages/ansible";

/// As whom Ansible logs in.
const ROBOT: &str = "robot";

/// A play of a few tasks.
const PLAY: &str = "- hosts: all\n  become: true\n  gather_facts: false\n  tasks:\n";

/// A machine as Debian ships it, without the packages, and a user for Ansible.
fn ground(machine: &Machine) {
    purge(machine);
    machine.script("rm -f /etc/ssh/sshd_config.d/cloud2fa.conf");
    machine.restart_sshd();
    machine.add_user(ROBOT);
    machine.script(&format!(
        "[ -e /root/robot ] || ssh-keygen -q -t ed25519 -N '' -f /root/robot
         install -d -m 0700 -o {ROBOT} /home/{ROBOT}/.ssh
         install -m 0600 -o {ROBOT} /root/robot.pub /home/{ROBOT}/.ssh/authorized_keys
         echo '{ROBOT} ALL=(ALL:ALL) NOPASSWD: ALL' >/etc/sudoers.d/{ROBOT}
         rm -rf {HERE} /var/cache/cloud2fa; cp -r {SHIPPED} {HERE}; mkdir {HERE}/files; cp {FIRST}/*.deb {HERE}/files"
    ));
    let host = json!({
        "ansible_host": "127.0.0.1",
        "ansible_user": ROBOT,
        "ansible_ssh_private_key_file": "/root/robot",
        "ansible_ssh_common_args": "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null",
    });
    machine.write(
        &format!("{HERE}/hosts.json"),
        &json!({"all": {"hosts": {"machine": host}}}).to_string(),
    );
}

fn leave(machine: &Machine) {
    purge(machine);
    script(machine, &format!("rm -rf {HERE} /var/cache/cloud2fa /etc/sudoers.d/{ROBOT}"));
    sshd_asks(machine);
}

/// All that the role may change.
fn files(machine: &Machine) -> String {
    let places = "/etc/pam.d /etc/ssh /etc/cloud2fa /var/cache/cloud2fa /var/lib/dpkg/status";
    script(machine, &format!("find {places} -type f -exec sha256sum {{}} + 2>/dev/null | sort"))
}

/// How setup says that a service stands. It is said once that a change was taken back.
fn states(machine: &Machine, service: &str) -> Vec<String> {
    let said = machine.must(&["cloud2fa", "setup", "--json"]);
    let lines = said.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let of_it = lines.filter(|line| line["service"] == service);
    of_it.map(|line| line["state"].as_str().expect("a text").to_owned()).collect()
}

/// Nothing waits to be confirmed, and nobody waits for it.
fn is_settled(machine: &Machine) {
    let journal = machine.must(&["cat", "/etc/cloud2fa/setup.json"]);
    let journal: Value = serde_json::from_str(&journal).expect("JSON");
    assert_eq!(journal["changes"][0]["unconfirmed"], Value::Null, "{journal}");
    wait_for("the end of the watch", || {
        let unit = ["systemctl", "is-active", "--quiet", "cloud2fa-setup.service"];
        (!machine.run(&unit, "").status.success()).then_some(())
    });
}

pub fn fresh_host(machine: &Machine) {
    ground(machine);
    let before = files(machine);
    let would = site_in_check_mode(machine, &json!({})).changed();
    assert!(would.said.contains("libpam-cloud2fa.deb"), "{}", would.said);
    assert_eq!(files(machine), before, "check mode changes nothing");
    site(machine, &json!({})).changed();
    assert_eq!(states(machine, "ssh"), ["asks"]);
    is_settled(machine);
    let (_, codes) = enable(machine, "anna");
    code_logs_in(machine, "anna", &codes[0]);
    password_alone_logs_in(machine, UNENROLLED);
    let after = files(machine);
    site(machine, &json!({})).changed_nothing();
    site_in_check_mode(machine, &json!({})).changed_nothing();
    // As from a repository whose lists have just come: there is no network to fetch them.
    script(
        machine,
        "mkdir -p /var/lib/apt/periodic; touch /var/lib/apt/periodic/update-success-stamp",
    );
    let by_name = json!({"cloud2fa_packages": ["cloud2fa", "libpam-cloud2fa"]});
    site(machine, &by_name).changed_nothing();
    assert_eq!(files(machine), after);
    // Both of the next version.
    machine.script(&format!("cp {HIGHER}/*.deb {HERE}/files"));
    site(machine, &json!({})).changed();
    let versions = script(machine, "dpkg-query --show cloud2fa libpam-cloud2fa");
    assert_eq!(versions.matches("+higher").count(), 2, "{versions}");
    site(machine, &json!({})).changed_nothing();
    code_logs_in(machine, "anna", &codes[1]);
    script(machine, &format!("diff -r {SHIPPED} /usr/share/doc/cloud2fa/examples/ansible"));
    leave(machine);
}

pub fn check_mode(machine: &Machine) {
    ground(machine);
    install_first(machine);
    machine
        .script("mkdir -p /var/cache/cloud2fa; cp /root/ansible/files/*.deb /var/cache/cloud2fa");
    let before = files(machine);
    let would = site_in_check_mode(machine, &json!({"cloud2fa_services": ["ssh", "sudo"]}));
    let would = would.changed();
    for line in ["+lock_after = 50", "auth required pam_cloud2fa.so nullok", "/etc/pam.d/sudo"] {
        assert!(would.said.contains(line), "{line}: {}", would.said);
    }
    let bad = json!({"cloud2fa_config": {"no_such_key": 1}});
    site_in_check_mode(machine, &bad).failed("unknown key");
    assert_eq!(files(machine), before);
    assert_eq!(states(machine, "ssh"), ["asks_not"]);
    leave(machine);
}

pub fn configuration(machine: &Machine) {
    ground(machine);
    install_first(machine);
    let good = json!({
        "cloud2fa_services": [],
        "cloud2fa_config": {
            "issuer": "Büro \"1\" \\ 🐧",
            "skew": 2,
            "throttle": {"first_wait": "0s", "lock_after": 50},
        },
    });
    site(machine, &good).changed();
    let written = machine.must(&["cat", "/etc/cloud2fa/cloud2fa.toml"]);
    let expected = "# Ansible managed\nissuer = \"Büro \\\"1\\\" \\\\ 🐧\"\nskew = 2\n\n[throttle]\n\
                    first_wait = \"0s\"\nlock_after = 50\n";
    assert_eq!(written, expected);
    assert_eq!(script(machine, "stat --format '%a %U' /etc/cloud2fa/cloud2fa.toml"), "644 root\n");
    assert_eq!(doctor::faults(machine), [""; 0]);
    for bad in [json!({"no_such_key": 1}), json!({"skew": "wide"}), json!({"skew": null})] {
        let variables = json!({"cloud2fa_config": bad});
        site(machine, &variables).failed("failed to validate");
        assert_eq!(machine.must(&["cat", "/etc/cloud2fa/cloud2fa.toml"]), written);
    }
    // Nothing was switched on behind it.
    assert_eq!(states(machine, "ssh"), ["asks_not"]);
    shapes(machine);
    leave(machine);
}

/// Whatever a later version's keys are.
fn shapes(machine: &Machine) {
    let config = json!({
        "list": ["a", "b"], "empty": [], "yes": true, "number": 7,
        "table": {"list": [1, 2], "text": "line\nline"},
        "many": [{"user": "anna", "until": "never"}, {"user": "uwe", "services": ["sshd"]}],
    });
    let rendered = format!(
        "{PLAY}    - ansible.builtin.template:\n        \
         src: roles/cloud2fa/templates/cloud2fa.toml.j2\n        dest: /run/shapes.toml\n"
    );
    machine.write(&format!("{HERE}/shapes.yml"), &rendered);
    play(machine, "shapes.yml", &json!({"cloud2fa_config": config}), &[]).changed();
    let python =
        "import json, tomllib; print(json.dumps(tomllib.load(open('/run/shapes.toml', 'rb'))))";
    let read = machine.must(&["python3", "-c", python]);
    assert_eq!(serde_json::from_str::<Value>(&read).expect("JSON"), config);
}

pub fn refusal(machine: &Machine) {
    ground(machine);
    install_first(machine);
    let own = "/etc/ssh/sshd_config.d/10-own.conf";
    machine.write(own, "PasswordAuthentication no\nKbdInteractiveAuthentication no\n");
    machine.restart_sshd();
    let variables = json!({
        "cloud2fa_packages": [], "cloud2fa_config": null, "cloud2fa_services": ["sudo", "ssh"],
    });
    let before = files(machine);
    for rollback in [true, false] {
        let mut variables = variables.clone();
        variables["cloud2fa_rollback"] = json!(rollback);
        let refused = site(machine, &variables).failed("could not log in by ssh any more");
        assert_eq!(refused.count("changed"), 0, "{}", refused.said);
        assert_eq!(files(machine), before);
    }
    // Where that is said, a key goes on to be enough for who runs it.
    let left_out = json!({
        "cloud2fa_packages": [], "cloud2fa_config": null, "cloud2fa_services": ["ssh"],
        "cloud2fa_rollback": false, "cloud2fa_by_key_alone": [ROBOT], "cloud2fa_shut_out": true,
    });
    site(machine, &left_out).changed();
    assert_eq!(states(machine, "ssh"), ["asks"]);
    site(machine, &left_out).changed_nothing();
    script(machine, "cloud2fa setup --undo");
    machine.script(&format!("rm {own}"));
    machine.restart_sshd();
    let before = files(machine);
    // An administrator who could prove it is not enrolled.
    let by = json!({"cloud2fa_packages": [], "cloud2fa_config": null, "cloud2fa_by": "anna"});
    site(machine, &by).failed("cloud2fa setup: anna is not enrolled");
    assert_eq!(files(machine), before);
    purge(machine);
    let missing = json!({"cloud2fa_packages": []});
    site(machine, &missing).failed("No such file or directory");
    leave(machine);
}

pub fn for_good(machine: &Machine) {
    ground(machine);
    // As it comes from a command line.
    let variables = json!({"cloud2fa_rollback": "false", "cloud2fa_services": ["ssh", "console"]});
    let made = site(machine, &variables).changed();
    assert!(!made.said.contains("Confirm the change"), "{}", made.said);
    assert_eq!(state(machine, "libpam-cloud2fa"), INSTALLED);
    assert_eq!(states(machine, "ssh"), ["asks"]);
    assert_eq!(states(machine, "console"), ["asks"]);
    is_settled(machine);
    site(machine, &variables).changed_nothing();
    leave(machine);
}

pub fn old_connection(machine: &Machine) {
    ground(machine);
    install_first(machine);
    let tasks = "    - ansible.builtin.command: cloud2fa setup ssh --json --yes\n    \
                 - ansible.builtin.command: cloud2fa setup ssh --json --keep\n";
    machine.write(&format!("{HERE}/old.yml"), &format!("{PLAY}{tasks}"));
    play(machine, "old.yml", &json!({}), &[]).failed("not_permitted");
    assert_eq!(states(machine, "ssh"), ["unconfirmed"]);
    // A run that was broken off there is ended by the next one.
    let next = site(machine, &json!({"cloud2fa_packages": [], "cloud2fa_config": null}));
    assert_eq!(next.changed().count("changed"), 1);
    assert_eq!(states(machine, "ssh"), ["asks"]);
    is_settled(machine);
    leave(machine);
}

pub fn shut_out(machine: &Machine) {
    ground(machine);
    install_first(machine);
    enable(machine, ROBOT);
    let before = files(machine);
    machine.script(&format!("echo '{ROBOT} ALL=(ALL:ALL) ALL' >/etc/sudoers.d/{ROBOT}"));
    let variables = json!({
        "ansible_become_password": PASSWORD,
        "cloud2fa_packages": [], "cloud2fa_config": null,
        "cloud2fa_services": ["sudo"], "cloud2fa_within": "20s",
    });
    // It types the password alone, and sudo wants a code behind it.
    let shut_out = site(machine, &variables).failed("Incorrect sudo password");
    assert!(shut_out.said.contains("Confirm the change over a new one"), "{}", shut_out.said);
    wait_for("the change to be taken back", || {
        states(machine, "sudo").contains(&"was_taken_back".to_owned()).then_some(())
    });
    machine.script("rm -f /etc/cloud2fa/setup.json");
    assert_eq!(files(machine), before);
    leave(machine);
}
