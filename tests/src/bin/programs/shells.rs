//! Programs that ask at a terminal, question by question, and sessions that nobody is there to answer
//! for: all with the profile in common-auth.

use crate::ground::{ENROLLED, Factor, UNENROLLED, show_faults, with};
use crate::proof::{Came, lets_in_by_code, repeats_the_password};
use cloud2fa_tests::booted::{Machine, PASSWORD, all_of};
use cloud2fa_tests::logins::{ssh, sshd_asks};
use cloud2fa_tests::people::{self, CODE, at_terminal};
use cloud2fa_tests::processes::wait_for;
use cloud2fa_tests::pty::Pty;
use cloud2fa_tests::sshd::{self as client, LET_IN};

/// Does something while the profile is on.
fn with_profile(machine: &Machine, units: &str, act: impl FnOnce(Factor)) {
    with(machine, units, |factor| {
        machine.script("DEBIAN_FRONTEND=noninteractive pam-auth-update --enable cloud2fa");
        act(factor);
    });
}

pub fn sshd(machine: &Machine) {
    with_profile(machine, "", |mut factor| {
        sshd_asks(machine);
        show_faults(machine, "sshd with the profile");
        lets_in_by_code(machine, &mut factor, |user, code| {
            let (let_in, said) = ssh(machine, user, code);
            assert_eq!(said.matches(CODE).count(), usize::from(code.is_some()), "{said}");
            Came { let_in, said }
        });
        // As Debian has it.
        machine.script("echo 'PasswordAuthentication yes' >/etc/ssh/sshd_config.d/cloud2fa.conf");
        machine.restart_sshd();
        repeats_the_password(machine, |user, password| {
            let options = ["PreferredAuthentications=password"];
            let words = client::client("ssh", 22, user, &options);
            let mut terminal = machine.at_terminal(&words);
            terminal.answer("'s password: ", password);
            let ended = terminal.finish();
            Came { let_in: ended.shown.contains(LET_IN), said: ended.shown }
        });
    });
    machine.restart_sshd();
}

/// The question for the name.
const NAME: &str = "cloud2fa-test login: ";

/// At the machine's console.
pub fn login(machine: &Machine) {
    with_profile(machine, "", |mut factor| {
        lets_in_by_code(machine, &mut factor, |user, code| {
            let mut console = machine.console();
            console.answer(NAME, user);
            console.answer("Password: ", PASSWORD);
            if let Some(code) = code {
                console.answer(CODE, code);
            }
            let let_in = console.shows_one_of(&["Login incorrect", "$ "]) == Some(1);
            if let_in {
                console.type_line("exit");
            }
            console.expect(NAME);
            Came { let_in, said: console.transcript() }
        });
        people::console(machine, &mut factor.people(machine));
    });
}

pub fn su(machine: &Machine) {
    with_profile(machine, "", |mut factor| {
        lets_in_by_code(machine, &mut factor, |user, code| {
            let words = ["runuser", "--user", "nobody", "--", "su", user, "-c", "id -un"];
            let mut answers = vec![("Password: ", PASSWORD)];
            answers.extend(code.map(|code| (CODE, code)));
            let ended = at_terminal(machine, &words, &answers);
            Came {
                let_in: ended.shown.contains(&format!("{user}\n")) && ended.status == 0,
                said: ended.shown,
            }
        });
        people::su(machine, &mut factor.people(machine));
    });
}

pub fn sudo(machine: &Machine) {
    with_profile(machine, "", |mut factor| {
        machine.script(
            "for user in rosa otto; do echo \"$user ALL=(ALL:ALL) ALL\" >/etc/sudoers.d/$user; done
             echo 'Defaults passwd_tries=1' >/etc/sudoers.d/tries",
        );
        lets_in_by_code(machine, &mut factor, |user, code| {
            let words = ["runuser", "--user", user, "--", "sudo", "-k", "id"];
            let mut answers = vec![("[sudo] password for ", PASSWORD)];
            answers.extend(code.map(|code| (CODE, code)));
            let ended = at_terminal(machine, &words, &answers);
            Came { let_in: ended.shown.contains("uid=0"), said: ended.shown }
        });
        people::sudo(machine, &mut factor.people(machine));
    });
}

/// polkit's agent for terminals, for the shell that has started it, and a command as root.
const AS_ROOT: &str = "
    mkfifo $HOME/registered
    pkttyagent --process $$ --notify-fd 3 3>$HOME/registered &
    read -r line <$HOME/registered || rm $HOME/registered
    pkexec id; status=$?; kill $!; exit $status";

/// The helper that speaks to PAM is root.
pub fn polkit(machine: &Machine) {
    with_profile(machine, "", |mut factor| {
        machine.script(&format!(
            "usermod --append --groups sudo {ENROLLED}; usermod --append --groups sudo {UNENROLLED}
             systemctl start polkit"
        ));
        show_faults(machine, "polkit with the profile");
        lets_in_by_code(machine, &mut factor, |user, code| {
            let home = format!("HOME=/home/{user}");
            let words = ["runuser", "--user", user, "--", "env", &home, "sh", "-c", AS_ROOT];
            let mut terminal = machine.at_terminal(&words.map(str::to_owned));
            // With two administrators it asks who one is.
            if terminal.shows_one_of(&["Choose identity to authenticate as", "Password: "])
                == Some(0)
            {
                let shown = terminal.transcript();
                let line = shown.lines().find(|line| line.contains(user)).expect("a name");
                terminal.type_line(line.trim().split('.').next().expect("a number"));
                terminal.expect("Password: ");
            }
            // What was typed before the terminal shows nothing any more is lost.
            type_unseen(&mut terminal, PASSWORD);
            if let Some(code) = code {
                terminal.expect(CODE);
                type_unseen(&mut terminal, code);
            }
            let ended = terminal.finish();
            Came { let_in: ended.shown.contains("uid=0"), said: ended.shown }
        });
        machine.script(&format!(
            "gpasswd --delete {ENROLLED} sudo; gpasswd --delete {UNENROLLED} sudo"
        ));
    });
}

fn type_unseen(terminal: &mut Pty, line: &str) {
    wait_for("a terminal that shows nothing", || (!terminal.echoes()).then_some(()));
    terminal.type_line(line);
}

/// Nobody is asked, and the job runs.
fn runs_unasked(machine: &Machine, session: &str, begin: &str) {
    let file = format!("/home/{ENROLLED}/by-a-job");
    let since = machine.journal_cursor();
    machine.script(&format!("rm -f {file}; {begin}"));
    wait_for("the job", || {
        let said = machine.run(&["cat", &file], "");
        (all_of(&said) == format!("{ENROLLED}\n")).then_some(())
    });
    let log = machine.journal_since(&since);
    let opened = format!("pam_unix({session}:session): session opened for user {ENROLLED}");
    assert!(log.contains(&opened), "{log}");
    assert!(!log.contains(&format!("pam_cloud2fa({session}")), "{log}");
}

pub fn cron(machine: &Machine) {
    with_profile(machine, "", |_| {
        let begin = format!(
            "rm -f /run/crond.reboot; echo '@reboot id -un >by-a-job' | crontab -u {ENROLLED} -
             systemctl restart cron"
        );
        runs_unasked(machine, "cron", &begin);
        machine.script(&format!("crontab -u {ENROLLED} -r"));
    });
}

pub fn at(machine: &Machine) {
    with_profile(machine, "atd", |_| {
        let begin = format!(
            "systemctl start atd
             echo 'id -un >~/by-a-job' | runuser --user {ENROLLED} -- sh -c 'cd; HOME=/home/{ENROLLED} at now'"
        );
        runs_unasked(machine, "atd", &begin);
    });
}
