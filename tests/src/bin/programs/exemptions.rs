//! Who is not asked: some networks, and accounts of programs.

use crate::ground::{ENROLLED, Factor, type_in, with};
use cloud2fa_tests::booted::{Machine, PASSWORD, all_of};
use cloud2fa_tests::people::{CODE, KEY};
use cloud2fa_tests::pty::Ended;
use cloud2fa_tests::recipe;
use cloud2fa_tests::sshd::{self, LET_IN};

const NETWORKS: &str = "Networks that are not asked";
const PROGRAMS: &str = "Accounts of programs";

/// With a recipe of the package's.
fn with_recipe(machine: &Machine, name: &str, act: impl FnOnce(Factor)) {
    with(machine, "", |factor| {
        recipe::with(machine, &format!("/usr/share/cloud2fa/recipes/{name}"), || act(factor));
    });
    machine.restart_sshd();
}

/// ssh with these options, and its answers.
fn ssh(machine: &Machine, user: &str, options: &[&str], answers: &[(&str, &str)]) -> Ended {
    let mut client = machine.at_terminal(&sshd::client("ssh", 22, user, options));
    for (question, answer) in answers {
        client.answer(question, answer);
    }
    client.finish()
}

pub fn networks(machine: &Machine) {
    machine.script("ip address replace 10.0.0.2/32 dev lo; ip address replace 192.0.2.2/32 dev lo");
    with_recipe(machine, "ssh-password-then-code", |mut factor| {
        type_in(machine, NETWORKS, 0);
        let inside = ssh(machine, ENROLLED, &["BindAddress=10.0.0.2"], &[("Password: ", PASSWORD)]);
        assert!(inside.shown.contains(LET_IN) && inside.count(CODE) == 0, "{inside:?}");
        let from_outside = ["BindAddress=192.0.2.2"];
        let right = [("Password: ", PASSWORD), (CODE, &factor.code()[..])];
        let outside = ssh(machine, ENROLLED, &from_outside, &right);
        assert!(outside.shown.contains(LET_IN), "{outside:?}");
        let wrong = [("Password: ", PASSWORD), (CODE, &factor.wrong[..])];
        let outside = ssh(machine, ENROLLED, &from_outside, &wrong);
        assert!(!outside.shown.contains(LET_IN), "{outside:?}");
    });
    machine.script("ip address delete 10.0.0.2/32 dev lo; ip address delete 192.0.2.2/32 dev lo");
}

/// An account that goes on by key alone, where everybody else needs a code behind it.
pub fn by_key_alone(machine: &Machine) {
    with_recipe(machine, "ssh-key-then-code", |mut factor| {
        type_in(machine, PROGRAMS, 0);
        machine.script(
            "[ -e /root/key ] || ssh-keygen -q -t ed25519 -N '' -f /root/key
             for user in robot rosa; do
                 install -d -m 0700 -o $user /home/$user/.ssh
                 install -m 0600 -o $user /root/key.pub /home/$user/.ssh/authorized_keys
             done",
        );
        let options = ["PreferredAuthentications=publickey,keyboard-interactive", KEY];
        let robot = ssh(machine, "robot", &options, &[]);
        assert!(robot.shown.contains(LET_IN) && robot.count(CODE) == 0, "{robot:?}");
        let without_key = ssh(machine, "robot", &[], &[]);
        assert!(!without_key.shown.contains(LET_IN), "{without_key:?}");
        let person = ssh(machine, ENROLLED, &options, &[(CODE, &factor.code())]);
        assert!(person.shown.contains(LET_IN), "{person:?}");
        let person = ssh(machine, ENROLLED, &options, &[(CODE, &factor.wrong)]);
        assert!(!person.shown.contains(LET_IN), "{person:?}");
        machine.script("rm /etc/ssh/sshd_config.d/cloud2fa-robot.conf");
    });
    machine.script("userdel --remove robot 2>/dev/null || :; rm -rf /home/robot");
}

/// Ansible's become gives sudo the password, and has no answer to another question.
pub fn sudo_for_programs(machine: &Machine) {
    let by_program = || {
        let words = ["runuser", "--user", ENROLLED, "--", "sudo", "-k", "-S", "id", "-un"];
        machine.run(&words, &format!("{PASSWORD}\n"))
    };
    with_recipe(machine, "sudo", |_| {
        machine.script("echo 'rosa ALL=(ALL:ALL) ALL' >/etc/sudoers.d/rosa");
        let asked = by_program();
        assert!(!asked.status.success(), "{}", all_of(&asked));
        type_in(machine, PROGRAMS, 1);
        machine.script("usermod --append --groups automation rosa");
        let exempt = by_program();
        assert!(exempt.status.success(), "{}", all_of(&exempt));
        assert!(all_of(&exempt).contains("root\n"), "{}", all_of(&exempt));
        machine.script("gpasswd --delete rosa automation");
        let asked = by_program();
        assert!(!asked.status.success(), "{}", all_of(&asked));
    });
}
