//! The recipes in `conf/recipes`: each applied by the commands that stand in it, then tried with
//! the real program, each of whose questions is counted, then taken back by its own commands.

use cloud2fa_tests::booted::{Machine, PASSWORD};
use cloud2fa_tests::doctor;
use cloud2fa_tests::logins::ssh;
use cloud2fa_tests::people::{self, CODE, KEY, People};
use cloud2fa_tests::pty::Ended;
use cloud2fa_tests::recipe;
use cloud2fa_tests::sshd::{self, LET_IN};

/// The name of a recipe, and what is tried with it.
type Recipe = (&'static str, fn(&Machine, &mut People));

pub fn all(machine: &Machine) {
    let mut people = People::come(machine);
    let recipes: [Recipe; 7] = [
        ("ssh-password-then-code", people::sshd),
        ("ssh-key-then-code", ssh_key_then_code),
        ("ssh-one-field", ssh_one_field),
        ("emergency-group", emergency_group),
        ("sudo", people::sudo),
        ("su", people::su),
        ("console", people::console),
    ];
    let listed = machine.must(&["ls", "checkout/conf/recipes"]);
    assert_eq!(listed.split_whitespace().count(), recipes.len(), "each recipe is tried");
    for (name, check) in recipes {
        recipe::with(machine, &format!("checkout/conf/recipes/{name}"), || {
            let expected: &[&str] = match name {
                // Who has no enrolment and may not log in is what this recipe is about.
                "ssh-key-then-code" => &["not_enrolled"],
                // It asks on the machine, which the network reaches by ssh with a password alone.
                "sudo" | "su" | "console" => &["password_alone"],
                _ => &[],
            };
            assert_eq!(doctor::faults(machine), expected, "{name}");
            check(machine, &mut people);
            bystanders(machine);
        });
        println!("    {name}");
    }
}

/// What no recipe may touch: sessions that nobody answers questions for.
fn bystanders(machine: &Machine) {
    machine.script(
        "for service in cron systemd-user; do
             for directory in /etc/pam.d /usr/lib/pam.d; do
                 if grep -s '^[^#]*pam_cloud2fa' $directory/$service; then exit 1; fi
             done
         done",
    );
}

/// How often the terminal was asked for the code.
fn codes_asked(shown: &str) -> usize {
    shown.matches(CODE).count()
}

/// The client with these options, and its answers to the questions.
fn client(machine: &Machine, user: &str, options: &[&str], answers: &[(&str, &str)]) -> Ended {
    let mut client = machine.at_terminal(&sshd::client("ssh", 22, user, options));
    for (question, answer) in answers {
        client.answer(question, answer);
    }
    client.finish()
}

const BY_KEY: [&str; 2] = ["PreferredAuthentications=publickey,keyboard-interactive", KEY];

fn ssh_key_then_code(machine: &Machine, people: &mut People) {
    let right = client(machine, "rosa", &BY_KEY, &[(CODE, &people.code())]);
    assert!(right.shown.contains(LET_IN), "{right:?}");
    assert_eq!((right.count("assword"), right.count(CODE)), (0, 1), "{right:?}");
    let wrong = client(machine, "rosa", &BY_KEY, &[(CODE, "000000")]);
    assert!(!wrong.shown.contains(LET_IN), "{wrong:?}");
    let without_key = client(machine, "rosa", &[], &[]);
    assert_eq!((without_key.count(LET_IN), without_key.count(CODE)), (0, 0), "{without_key:?}");
    let unenrolled = client(machine, "otto", &BY_KEY, &[(CODE, "000000")]);
    assert!(!unenrolled.shown.contains(LET_IN), "{unenrolled:?}");
}

fn ssh_one_field(machine: &Machine, people: &mut People) {
    const QUESTION: &str = "'s password: ";
    let options = ["PreferredAuthentications=password"];
    let both = format!("{PASSWORD}{}", people.code());
    let right = client(machine, "rosa", &options, &[(QUESTION, &both)]);
    assert!(right.shown.contains(LET_IN), "{right:?}");
    assert_eq!((right.count(QUESTION), right.count(CODE)), (1, 0), "{right:?}");
    let wrong_password = format!("x{}", people.code());
    for answer in [&both[..], PASSWORD, &wrong_password] {
        let refused = client(machine, "rosa", &options, &[(QUESTION, answer)]);
        assert!(!refused.shown.contains(LET_IN), "{refused:?}");
    }
    let unenrolled = client(machine, "otto", &options, &[(QUESTION, PASSWORD)]);
    assert!(unenrolled.shown.contains(LET_IN), "{unenrolled:?}");
}

fn emergency_group(machine: &Machine, people: &mut People) {
    let (let_in, shown) = ssh(machine, "rosa", Some(&people.code()));
    assert!(let_in && codes_asked(&shown) == 1, "{shown}");
    machine.script("usermod --append --groups no-second-factor rosa");
    let (let_in, shown) = ssh(machine, "rosa", None);
    assert!(let_in && codes_asked(&shown) == 0, "{shown}");
    machine.script("gpasswd --delete rosa no-second-factor");
}
