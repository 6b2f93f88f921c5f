//! What uses ssh without a person at each connection, by the commands of docs/ssh-clients.md.

use crate::ground::{ENROLLED, Factor, UNENROLLED, with};
use crate::page::{SSH_CLIENTS, commands};
use crate::proof::must_be_said;
use cloud2fa_tests::booted::{Machine, PASSWORD, all_of};
use cloud2fa_tests::people::{CODE, at_terminal};
use cloud2fa_tests::recipe;
use std::process::Output;

/// Otto sits at the client and logs in as Rosa, at a server by that name.
const GROUND: &str = "
    echo '127.0.0.1 server.example.org' >>/etc/hosts
    rm -rf /home/otto/.ssh /home/otto/work; install -d -m 0700 -o otto /home/otto/.ssh; install -d -o otto /home/otto/work
    ssh-keyscan -t ed25519 server.example.org 2>/dev/null >/home/otto/.ssh/known_hosts
    runuser --user otto -- ssh-keygen -q -t ed25519 -N '' -f /home/otto/.ssh/id_ed25519
    install -d -m 0700 -o rosa /home/rosa/.ssh
    install -m 0600 -o rosa /home/otto/.ssh/id_ed25519.pub /home/rosa/.ssh/authorized_keys
    # What is copied, and what is cloned.
    runuser --user otto -- sh -ec 'cd ~/work; echo notes >notes.txt; mkdir project; echo one >project/file'
    rm -rf /home/rosa/notes.txt /home/rosa/project /home/rosa/project.git
    runuser --user rosa -- git init --quiet --bare /home/rosa/project.git";

/// With a recipe of the package's for sshd.
fn with_recipe(machine: &Machine, name: &str, act: impl FnOnce(Factor)) {
    with(machine, "", |factor| {
        recipe::with(machine, &format!("/usr/share/cloud2fa/recipes/{name}"), || {
            machine.script(GROUND);
            act(factor);
        });
    });
    machine.script("rm -rf /home/rosa/.ssh /home/otto/.ssh");
    machine.restart_sshd();
}

/// Otto's shell, without a terminal at which anybody could be asked.
fn by_otto(machine: &Machine, script: &str) -> Output {
    let script = format!("export HOME=/home/{UNENROLLED}; cd ~/work; {script}");
    machine
        .run(&["setsid", "--wait", "runuser", "--user", UNENROLLED, "--", "sh", "-ec", &script], "")
}

/// A command of the page's, with the password and a code in their places.
fn typed(heading: &str, password: &str, code: &str) -> String {
    let block = commands(SSH_CLIENTS, heading, 0);
    assert!(block.contains("123456"), "{block}");
    block.replace("my-password", password).replace("123456", code)
}

/// A command of the page's lets in by a right code, once, and by no wrong one.
fn runs_by_code(machine: &Machine, factor: &mut Factor, heading: &str) {
    let code = factor.of_the_app();
    let right = by_otto(machine, &typed(heading, PASSWORD, &code));
    assert!(right.status.success(), "{}", all_of(&right));
    for (code, reason) in [(&code, "reason=replayed"), (&factor.wrong, "reason=wrong_code")] {
        let since = machine.journal_cursor();
        let refused = by_otto(machine, &typed(heading, PASSWORD, code));
        assert!(!refused.status.success(), "{}", all_of(&refused));
        must_be_said(machine, &since, reason);
    }
}

pub fn control_master(machine: &Machine) {
    with_recipe(machine, "ssh-password-then-code", |mut factor| {
        let written = by_otto(machine, commands(SSH_CLIENTS, "One code for all: ControlMaster", 0));
        assert!(written.status.success(), "{}", all_of(&written));
        let block = commands(SSH_CLIENTS, "One code for all: ControlMaster", 1);
        let (first, rest) = block.split_once('\n').expect("several lines");
        let since = machine.journal_cursor();
        // A key would be enough with this recipe.
        machine.script("rm /home/otto/.ssh/id_ed25519*");
        let first = format!("export HOME=/home/{UNENROLLED}; cd ~/work; {first}");
        let words = ["runuser", "--user", UNENROLLED, "--", "sh", "-c", &first];
        let opened =
            at_terminal(machine, &words, &[("Password: ", PASSWORD), (CODE, &factor.code())]);
        assert_eq!(opened.status, 0, "{opened:?}");
        let others = by_otto(machine, rest);
        assert!(others.status.success(), "{}", all_of(&others));
        machine.script(
            "cmp /home/rosa/notes.txt /home/otto/work/notes.txt; cmp /home/rosa/project/file /home/otto/work/project/file
             test -d /home/otto/work/clone",
        );
        let log = machine.journal_since(&since);
        assert_eq!(log.matches("pam_cloud2fa(sshd:auth): accepted").count(), 1, "{log}");
        let closed = by_otto(machine, commands(SSH_CLIENTS, "One code for all: ControlMaster", 2));
        assert!(closed.status.success(), "{}", all_of(&closed));
        let alone = by_otto(
            machine,
            "ssh -o BatchMode=yes -o PubkeyAuthentication=no server.example.org true",
        );
        assert!(!alone.status.success(), "{}", all_of(&alone));
    });
}

pub fn behind_a_key(machine: &Machine) {
    for heading in ["sshpass", "paramiko"] {
        with_recipe(machine, "ssh-key-then-code", |mut factor| {
            runs_by_code(machine, &mut factor, heading);
        });
    }
}

pub fn one_field(machine: &Machine) {
    for heading in ["PuTTY's plink", "lftp", "curl"] {
        with_recipe(machine, "ssh-one-field", |mut factor| {
            let key = machine
                .script("ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub | cut -d ' ' -f 2");
            // Whom plink does not know it asks about.
            machine.write(
                "/usr/local/bin/plink",
                &format!("#!/bin/sh\nexec /usr/bin/plink -hostkey {} \"$@\"\n", key.trim()),
            );
            machine.script("chmod 0755 /usr/local/bin/plink; rm -rf /home/otto/.ssh/id_ed25519*");
            runs_by_code(machine, &mut factor, heading);
            println!("    {heading} ({ENROLLED})");
        });
    }
    machine.script("rm -f /usr/local/bin/plink");
}
