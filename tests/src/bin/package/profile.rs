//! The profile in common-auth, which nearly every service includes: who is asked is asked once, and
//! sessions that nobody answers questions for go on.

use crate::dpkg::{install_first, purge, script, switch_on};
use cloud2fa_tests::booted::{Machine, PASSWORD, all_of};
use cloud2fa_tests::logins::enable;
use cloud2fa_tests::people::{self, CODE, KEY, People, at_terminal};
use cloud2fa_tests::processes::wait_for;
use cloud2fa_tests::sshd::{self, LET_IN};

/// Who has no systemd of their own yet.
const NEWCOMER: &str = "nina";

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
    // This is logged, too: the service's own stack has the profile in it.
    machine.add_user(NEWCOMER);
    enable(machine, NEWCOMER);
    let since = machine.journal_cursor();
    cron(machine);
    user_manager(machine);
    by_root(machine);
    without_password(machine);
    by_key(machine);
    let log = machine.journal_since(&since);
    assert!(log.contains("pam_unix(cron:session): session opened for user rosa"), "{log}");
    let opened = format!("pam_unix(systemd-user:session): session opened for user {NEWCOMER}");
    assert!(log.contains(&opened), "{log}");
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

/// The own systemd of a user who is enrolled and has never logged in, which nobody has to log in for.
/// Rosa's has run since she came; systemd 252 does not always start again one that it has just
/// stopped ("Failed to create …/init.scope control group: Permission denied").
fn user_manager(machine: &Machine) {
    let home = format!("/home/{NEWCOMER}");
    machine.write(
        &format!("{home}/.config/systemd/user/job.service"),
        "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'id -un >%h/by-systemd'\n",
    );
    script(
        machine,
        &format!(
            "chown -R {NEWCOMER}: {home}/.config
             uid=$(id -u {NEWCOMER})
             [ \"$(systemctl is-active user@$uid.service)\" = inactive ]
             loginctl enable-linger {NEWCOMER}
             # It waits for the start that this has begun.
             systemctl start user@$uid.service
             runuser --user {NEWCOMER} -- env XDG_RUNTIME_DIR=/run/user/$uid systemctl --user start job.service
             [ $(cat {home}/by-systemd) = {NEWCOMER} ]
             loginctl disable-linger {NEWCOMER}"
        ),
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
