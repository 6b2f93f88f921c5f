//! `cloud2fa setup` on a machine as Debian ships it: logins ask for a code, and the change takes itself back
//! unless an administrator has logged in through it.

use cloud2fa_tests::booted::{Machine, PASSWORD};
use cloud2fa_tests::doctor;
use cloud2fa_tests::logins::{Phone, enable, ssh, ssh_to};
use cloud2fa_tests::people::{self, CODE};
use cloud2fa_tests::processes::wait_for;
use cloud2fa_tests::sshd::{self, LET_IN};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Who proves the changes.
pub const ADMINISTRATOR: &str = "sophie";

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The client's options, whichever of the two sshd takes.
const BY_PASSWORD: [&str; 1] = ["PreferredAuthentications=keyboard-interactive,password"];

/// What setup changes.
const FILES: &str = "/etc/pam.d /etc/ssh /etc/cloud2fa";

/// What stands in all files that setup may change.
pub fn files(machine: &Machine) -> String {
    machine.script(&format!("find {FILES} -type f -exec sha256sum {{}} + | sort"))
}

/// An administrator who is enrolled, and a machine whose ssh is Debian's own.
pub fn ground(machine: &Machine) -> Phone {
    machine.add_user(ADMINISTRATOR);
    enable(machine, ADMINISTRATOR).0
}

pub fn leave(machine: &Machine) {
    machine.script(&format!(
        "cloud2fa setup --undo; cloud2fa disable --user {ADMINISTRATOR}; loginctl kill-user {ADMINISTRATOR} || true
         sleep 1; userdel --remove {ADMINISTRATOR} 2>/dev/null || userdel -f --remove {ADMINISTRATOR}"
    ));
}

pub fn setup(machine: &Machine, words: &str) -> String {
    machine.script(&format!("cloud2fa setup {words} 2>&1"))
}

/// ssh lets in by the password alone.
pub fn asks_no_code(machine: &Machine) {
    let mut client = machine.at_terminal(&sshd::client("ssh", 22, ADMINISTRATOR, &BY_PASSWORD));
    client.answer("assword: ", PASSWORD);
    let ended = client.finish();
    assert!(ended.shown.contains(LET_IN) && !ended.shown.contains(CODE), "{ended:?}");
}

/// ssh asks for a code, and takes no wrong one.
fn asks_a_code(machine: &Machine) {
    let (let_in, shown) = ssh(machine, ADMINISTRATOR, Some("000000"));
    assert!(!let_in && shown.contains("That code is wrong."), "{shown}");
}

/// Waits until setup says this of ssh.
pub fn wait_until(machine: &Machine, said: &str) {
    let begin = Instant::now();
    loop {
        let all = setup(machine, "");
        if all.contains(said) {
            return;
        }
        assert!(begin.elapsed() < PATIENCE, "{said} is not said: {all}");
        sleep(Duration::from_millis(300));
    }
}

pub fn is_confirmed_by_a_login(machine: &Machine) {
    let mut phone = ground(machine);
    let before = files(machine);
    let dry = setup(machine, "ssh --dry-run");
    assert!(dry.contains("/etc/pam.d/sshd") && dry.contains("PasswordAuthentication no"), "{dry}");
    assert_eq!(files(machine), before, "a dry run changes nothing");
    let said = setup(machine, &format!("ssh --yes --by {ADMINISTRATOR} --within 10m"));
    assert!(said.contains("ssh asks for a code now."), "{said}");
    assert!(setup(machine, "").contains("ssh is not confirmed yet"));
    // A second one changes nothing.
    let changed = files(machine);
    assert!(setup(machine, "ssh --yes").contains("ssh is not confirmed yet"));
    assert_eq!(files(machine), changed);
    let mut session = ssh_to(machine, ADMINISTRATOR, Some(&phone.code()), "echo in");
    session.expect("in");
    wait_until(machine, "ssh asks for a code.");
    session.finish();
    assert!(machine.script("cloud2fa setup --keep").contains("Nothing waits"));
    asks_a_code(machine);
    assert!(setup(machine, "--undo").contains("ssh asks for no code any more."));
    assert_eq!(files(machine), before);
    asks_no_code(machine);
    leave(machine);
}

pub fn is_taken_back_where_nobody_gets_in(machine: &Machine) {
    let _phone = ground(machine);
    let before = files(machine);
    let cursor = machine.journal_cursor();
    let mut words = sshd::client("ssh", 22, ADMINISTRATOR, &BY_PASSWORD);
    let session = "echo in; read -p more: x; echo still in";
    session.clone_into(words.last_mut().expect("a command"));
    let mut open = machine.at_terminal(&words);
    open.answer("assword: ", PASSWORD);
    open.expect("in");
    let begin = Instant::now();
    setup(machine, &format!("ssh --yes --by {ADMINISTRATOR} --within 20s"));
    // A phone whose clock is wrong, or no phone at all: no code is right.
    asks_a_code(machine);
    wait_for("the change to be taken back", || {
        doctor::faults(machine).contains(&"setup_taken_back".to_owned()).then_some(())
    });
    wait_until(machine, "The last change of ssh was taken back");
    assert!(begin.elapsed() >= Duration::from_secs(20), "not before its time");
    assert!(!setup(machine, "").contains("was taken back"), "it is said until somebody looks");
    machine.script("rm -f /etc/cloud2fa/setup.json");
    assert_eq!(files(machine), before);
    asks_no_code(machine);
    let log = machine.journal_since(&cursor);
    assert!(log.contains("ssh asks for no code any more"), "{log}");
    open.answer("more:", "yes");
    open.expect("still in");
    open.finish();
    leave(machine);
}

pub fn whatever_ends_the_watch_takes_the_change_back(machine: &Machine) {
    let _phone = ground(machine);
    let before = files(machine);
    for end in [
        "systemctl stop cloud2fa-setup.service",
        "systemctl kill --signal=KILL cloud2fa-setup.service",
        "systemctl mask --now --runtime cloud2fa-setup.service; systemctl unmask --runtime cloud2fa-setup.service",
    ] {
        let changed = setup(machine, &format!("ssh sudo --yes --by {ADMINISTRATOR} --within 10m"));
        assert!(changed.contains("sudo asks for a code now."), "{changed}");
        assert_ne!(files(machine), before);
        machine.script(end);
        wait_until(machine, "The last change of ssh was taken back");
        machine.script("systemctl reset-failed cloud2fa-setup.service 2>/dev/null || true");
        assert_eq!(files(machine), before, "{end}");
    }
    // Where it cannot be started nothing is changed.
    machine.script("systemctl mask --runtime cloud2fa-setup.service");
    let refused = machine.script("cloud2fa setup ssh --yes 2>&1 || echo status $?");
    assert!(refused.contains("nothing was changed") && refused.contains("status 1"), "{refused}");
    assert_eq!(files(machine), before);
    machine.script("systemctl unmask --runtime cloud2fa-setup.service");
    leave(machine);
}

pub fn sudo_is_confirmed_by_sudo_alone(machine: &Machine) {
    let mut phone = ground(machine);
    let before = files(machine);
    machine.script(&format!("usermod --append --groups sudo {ADMINISTRATOR}"));
    setup(machine, &format!("sudo --yes --by {ADMINISTRATOR} --within 10m"));
    let words = ["runuser", "--user", ADMINISTRATOR, "--", "sudo", "-k", "id"];
    let answers = [("assword for ", PASSWORD), (CODE, &*phone.code())];
    let right = people::at_terminal(machine, &words, &answers);
    assert!(right.shown.contains("uid=0"), "{right:?}");
    wait_until(machine, "sudo asks for a code.");
    setup(machine, "sudo --undo");
    assert_eq!(files(machine), before);
    leave(machine);
}

pub fn what_it_cannot_judge_it_leaves_alone(machine: &Machine) {
    let _phone = ground(machine);
    for (settings, said) in [
        (
            "Match User nobody\n    PasswordAuthentication no\n",
            "how people log in is set otherwise for some",
        ),
        ("UsePAM no\n", "sshd does not use PAM"),
    ] {
        machine.write("/etc/ssh/sshd_config.d/10-own.conf", settings);
        let before = files(machine);
        for how in ["--yes", "--yes --now", "--dry-run"] {
            let refused =
                machine.script(&format!("cloud2fa setup ssh {how} 2>&1 || echo status $?"));
            assert!(refused.contains(said) && refused.contains("status 1"), "{how}: {refused}");
        }
        assert_eq!(files(machine), before, "{settings}");
    }
    machine.script("rm /etc/ssh/sshd_config.d/10-own.conf");
    // A file that lies elsewhere is tried on a copy, too, and not where it lies.
    machine.script(
        "mkdir /srv/pam; mv /etc/pam.d/sudo /srv/pam/sudo; ln -s /srv/pam/sudo /etc/pam.d/sudo",
    );
    let linked = || machine.script("sha256sum /srv/pam/sudo");
    let before = linked();
    let words = ["cloud2fa", "setup", "sudo", "--by", ADMINISTRATOR];
    let no = people::at_terminal(machine, &words, &[("Go on? Type yes: ", "no")]);
    assert!(no.shown.contains("nothing was changed"), "{no:?}");
    assert_eq!(linked(), before);
    machine.script("rm /etc/pam.d/sudo; mv /srv/pam/sudo /etc/pam.d/sudo; rmdir /srv/pam");
    leave(machine);
}

pub fn nobody_keeps_it_from_being_taken_back(machine: &Machine) {
    let _phone = ground(machine);
    let before = files(machine);
    setup(machine, &format!("ssh --yes --by {ADMINISTRATOR} --within 10s"));
    // Neither somebody without root, by its lock, nor a question that nobody answers.
    let lock =
        format!("runuser --user {ADMINISTRATOR} -- flock --nonblock /run/cloud2fa-setup.lock true");
    let refused = machine.script(&format!("{lock} 2>&1 || echo status $?"));
    assert!(refused.contains("Permission denied"), "{refused}");
    let question = ["cloud2fa", "setup", "sudo", "--by", ADMINISTRATOR].map(str::to_owned);
    let mut open = machine.at_terminal(&question);
    open.expect("Go on? Type yes: ");
    wait_until(machine, "The last change of ssh was taken back");
    open.answer("", "no");
    open.finish();
    assert_eq!(files(machine), before);
    leave(machine);
}
