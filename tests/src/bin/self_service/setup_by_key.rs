//! `cloud2fa setup ssh` where ssh takes keys alone: the code is asked for behind the key, nothing is opened that was
//! shut, and whom it would shut out is named first.

use super::setup::{ADMINISTRATOR, files, ground, leave, setup, wait_until};
use cloud2fa_tests::booted::Machine;
use cloud2fa_tests::doctor;
use cloud2fa_tests::logins::Phone;
use cloud2fa_tests::people::{CODE, KEY};
use cloud2fa_tests::pty::Ended;
use cloud2fa_tests::sshd::{self, LET_IN};

/// Who has a key, and is not enrolled.
const PROGRAM: &str = "backup";

/// Both methods, so that a password would be asked for where sshd takes one.
const ALL: &str = "PreferredAuthentications=publickey,keyboard-interactive,password";

/// Stands in the status where sshd asks by PAM's files, and its own settings cannot be read.
const ONLY_ROOT: &str = "Only root can read them.";

/// A machine where keys alone are taken, and two users with one.
fn key_only(machine: &Machine) -> Phone {
    let phone = ground(machine);
    machine.add_user("otto");
    machine.script(&format!(
        "[ -e /root/key ] || ssh-keygen -q -t ed25519 -N '' -f /root/key
         usermod --shell /bin/sh {PROGRAM}; install -d -m 0755 -o {PROGRAM} /var/backups
         for user in {ADMINISTRATOR} {PROGRAM}; do
             home=$(getent passwd $user | cut -d: -f6)
             install -d -m 0700 -o $user $home/.ssh
             install -m 0600 -o $user /root/key.pub $home/.ssh/authorized_keys
         done"
    ));
    set_ssh(machine, "PasswordAuthentication no\nKbdInteractiveAuthentication no\n");
    phone
}

fn set_ssh(machine: &Machine, settings: &str) {
    machine.write("/etc/ssh/sshd_config.d/10-own.conf", settings);
    machine.restart_sshd();
}

fn leave_all(machine: &Machine) {
    leave(machine);
    machine.script(&format!(
        "rm /etc/ssh/sshd_config.d/10-own.conf /var/backups/.ssh/authorized_keys
         usermod --shell /usr/sbin/nologin {PROGRAM}"
    ));
    machine.restart_sshd();
}

/// The client with these options; answers the question for a code, if it is asked.
fn log_in(machine: &Machine, user: &str, options: &[&str], code: Option<&str>) -> Ended {
    let mut client = machine.at_terminal(&sshd::client("ssh", 22, user, options));
    if let Some(code) = code {
        client.answer(CODE, code);
    }
    client.finish()
}

fn by_key(machine: &Machine, user: &str, code: Option<&str>) -> Ended {
    log_in(machine, user, &[ALL, KEY], code)
}

/// Nobody is asked for a password, by any way.
fn takes_no_password(machine: &Machine) {
    for user in [ADMINISTRATOR, "otto", "root"] {
        let ended = log_in(machine, user, &[ALL, "PubkeyAuthentication=no"], None);
        assert!(!ended.shown.contains("assword:") && !ended.shown.contains(CODE), "{ended:?}");
        assert!(ended.shown.contains("Permission denied"), "{ended:?}");
    }
}

pub fn the_code_is_asked_for_behind_it(machine: &Machine) {
    let mut phone = key_only(machine);
    let before = files(machine);
    let alone = by_key(machine, PROGRAM, None);
    assert!(alone.shown.contains(LET_IN), "{alone:?}");
    takes_no_password(machine);

    // PAM's file alone does not make sshd ask. root is told so; others are told that they cannot know.
    machine.with_file(
        "/etc/pam.d/sshd",
        |usual| format!("{usual}auth required pam_cloud2fa.so nullok\n"),
        || {
            let root = machine.script(&format!("cloud2fa status --user {ADMINISTRATOR}"));
            assert!(root.contains("no login yet") && !root.contains(ONLY_ROOT), "{root}");
            let (own, _) = machine.asks(ADMINISTRATOR, &["status"]);
            assert!(own.contains(" sshd") && own.contains(ONLY_ROOT), "{own}");
        },
    );

    // What the journal does not reach back to nobody knows.
    let words = format!("ssh --yes --by {ADMINISTRATOR}");
    let refused = |words: &str| {
        let refused = machine.script(&format!("cloud2fa setup {words} 2>&1 || echo status $?"));
        assert!(refused.contains("status "), "{refused}");
        refused
    };
    machine.script("touch --date='20 days ago' /etc/machine-id");
    let partly = refused(&format!("{words} --by-key-alone {PROGRAM}"));
    assert!(partly.contains("The journal does not go back 30 days"), "{partly}");
    // On a machine that is as old as its journal it is known; and others than sshd may say what they want.
    machine.script(
        "touch /etc/machine-id
         runuser --user otto -- logger --tag sshd 'Accepted publickey for otto from 192.0.2.1 port 1 ssh2'"
    );

    // Whom it would shut out is named, and nothing is changed.
    let told = format!("--by-key-alone {PROGRAM}\n");
    let said = refused(&words);
    assert!(said.contains(&told) && said.contains("status 1"), "{said}");
    let said = refused(&format!("{words} --by-key-alone {PROGRAM},{ADMINISTRATOR}"));
    assert!(said.contains("would prove nothing"), "{said}");
    let said = refused(&format!("{words} --by-key-alone '{PROGRAM}*'"));
    assert!(said.contains("no user"), "{said}");
    assert!(setup(machine, "ssh --dry-run").contains(&format!("would shut out: {PROGRAM}.")));
    assert_eq!(files(machine), before);

    let said = setup(machine, &format!("{words} --by-key-alone {PROGRAM} --within 10m"));
    assert!(said.contains("ssh asks for a code now."), "{said}");
    takes_no_password(machine);
    let alone = by_key(machine, PROGRAM, None);
    assert!(alone.shown.contains(LET_IN) && !alone.shown.contains(CODE), "{alone:?}");
    let wrong = by_key(machine, ADMINISTRATOR, Some("000000"));
    assert!(!wrong.shown.contains(LET_IN) && !wrong.shown.contains("assword:"), "{wrong:?}");
    let mut session = machine.at_terminal(&{
        let mut words = sshd::client("ssh", 22, ADMINISTRATOR, &[ALL, KEY]);
        "echo in; read -p more: x".clone_into(words.last_mut().expect("a command"));
        words
    });
    session.answer(CODE, &phone.code());
    session.expect("more:");
    wait_until(machine, "ssh asks for a code.");
    session.type_line("");
    session.finish();
    let root = machine.script(&format!("cloud2fa status --user {ADMINISTRATOR}"));
    assert!(root.contains(" sshd") && !root.contains(ONLY_ROOT), "{root}");
    let said = refused(&format!("{words} --by-key-alone otto"));
    assert!(said.contains("it asks already"), "{said}");
    let faults = doctor::faults(machine);
    assert!(faults.iter().all(|id| id == "not_enrolled"), "{faults:?}");
    takes_no_password(machine);

    assert!(setup(machine, "--undo").contains("ssh asks for no code any more."));
    assert_eq!(files(machine), before);
    let alone = by_key(machine, ADMINISTRATOR, None);
    assert!(alone.shown.contains(LET_IN) && !alone.shown.contains(CODE), "{alone:?}");
    takes_no_password(machine);

    // Nobody's code is right: keys are enough again.
    setup(machine, &format!("{words} --shut-out --within 20s"));
    let shut_out = by_key(machine, PROGRAM, Some("000000"));
    assert!(!shut_out.shown.contains(LET_IN), "{shut_out:?}");
    wait_until(machine, "The last change of ssh was taken back");
    machine.script("rm -f /etc/cloud2fa/setup.json");
    assert_eq!(files(machine), before);
    assert!(by_key(machine, PROGRAM, None).shown.contains(LET_IN));
    leave_all(machine);
}
