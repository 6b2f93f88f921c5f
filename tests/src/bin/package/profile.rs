//! The profile in common-auth, which nearly every service includes: who is asked is asked once, and
//! sessions that nobody answers questions for go on.

use crate::dpkg::{install_first, purge, script, switch_on};
use cloud2fa_tests::booted::{Machine, PASSWORD, all_of};
use cloud2fa_tests::people::{self, CODE, KEY, People, at_terminal};
use cloud2fa_tests::processes::wait_for;
use cloud2fa_tests::sshd::{self, LET_IN};

/// Installs, switches on, and enrols Rosa.
pub fn begin(machine: &Machine) -> People {
    install_first(machine);
    let people = People::come(machine);
    switch_on(machine);
    people
}

pub fn asks_once(machine: &Machine) {
    let mut people = begin(machine);
    people::console(machine, &mut people);
    people::sshd(machine, &mut people);
    people::sudo(machine, &mut people);
    people::su(machine, &mut people);
    purge(machine);
}

pub fn sessions(machine: &Machine) {
    begin(machine);
    let since = machine.journal_cursor();
    cron(machine);
    user_manager(machine);
    by_root(machine);
    without_password(machine);
    by_key(machine);
    let log = machine.journal_since(&since);
    assert!(log.contains("pam_unix(cron:session): session opened for user rosa"), "{log}");
    assert!(log.contains("pam_unix(systemd-user:session): session opened for user rosa"), "{log}");
    let asked = log.lines().find(|line| line.contains("pam_cloud2fa("));
    assert_eq!(asked, None, "{log}");
    purge(machine);
}

/// A job that cron runs when it starts for the first time since the machine has.
fn cron(machine: &Machine) {
    script(
        machine,
        "rm -f /run/crond.reboot /home/rosa/by-cron
         echo '@reboot id -un >by-cron' | crontab -u rosa -
         systemctl restart cron",
    );
    wait_for("cron's job", || {
        let said = machine.run(&["cat", "/home/rosa/by-cron"], "");
        (all_of(&said) == "rosa\n").then_some(())
    });
    script(machine, "crontab -u rosa -r");
}

/// The user's own systemd, which nobody has to log in for.
fn user_manager(machine: &Machine) {
    machine.write(
        "/home/rosa/.config/systemd/user/job.service",
        "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'id -un >%h/by-systemd'\n",
    );
    script(
        machine,
        "rm -f /home/rosa/by-systemd; chown -R rosa: /home/rosa/.config
         uid=$(id -u rosa)
         loginctl enable-linger rosa
         systemctl restart user@$uid.service
         runuser --user rosa -- env XDG_RUNTIME_DIR=/run/user/$uid systemctl --user start job.service
         [ $(cat /home/rosa/by-systemd) = rosa ]
         loginctl disable-linger rosa",
    );
}

/// Root becomes her, without a terminal.
fn by_root(machine: &Machine) {
    assert_eq!(machine.must(&["su", "-", "rosa", "-c", "id -un"]), "rosa\n");
}

/// Whom sudo asks for no password, it asks for no code. Who must give the password must give both.
fn without_password(machine: &Machine) {
    let words = ["runuser", "--user", "rosa", "--", "sudo", "-n", "id", "-un"];
    let refused = machine.run(&words, "");
    assert!(!refused.status.success(), "{}", all_of(&refused));
    let free = |_: &str| "rosa ALL=(ALL:ALL) NOPASSWD: ALL\n".to_owned();
    machine.with_file("/etc/sudoers.d/rosa", free, || {
        assert_eq!(machine.must(&words), "root\n");
    });
}

/// A key is enough where sshd's settings say nothing else.
fn by_key(machine: &Machine) {
    let options = ["PreferredAuthentications=publickey", KEY];
    let words = sshd::client("ssh", 22, "rosa", &options);
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let shown = at_terminal(machine, &words, &[]);
    assert!(shown.shown.contains(LET_IN), "{shown:?}");
    assert_eq!((shown.count(CODE), shown.count(PASSWORD)), (0, 0), "{shown:?}");
}
