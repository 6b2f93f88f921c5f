//! The recipes in `conf/recipes`: each applied by the commands that stand in it, then tried with
//! the real program, each of whose questions is counted, then taken back by its own commands.

use cloud2fa_tests::booted::{Machine, PASSWORD};
use cloud2fa_tests::doctor;
use cloud2fa_tests::logins::{Phone, enable, ssh};
use cloud2fa_tests::pty::Ended;
use cloud2fa_tests::recipe;
use cloud2fa_tests::sshd::{self, LET_IN};

const CODE: &str = "Verification code: ";

/// The name of a recipe, and what is tried with it.
type Recipe = (&'static str, fn(&Machine, &mut People));

/// Rosa is enrolled, Otto is not.
struct People {
    phone: Phone,
    backup_codes: Vec<String>,
}

impl People {
    /// Once, before all recipes.
    fn come(machine: &Machine) -> Self {
        machine.add_user("rosa");
        machine.add_user("otto");
        machine.script(
            "for user in rosa otto; do
                 install -d -m 0700 -o $user /home/$user/.ssh
                 install -m 0600 -o $user /root/key.pub /home/$user/.ssh/authorized_keys
                 echo \"$user ALL=(ALL:ALL) ALL\" >/etc/sudoers.d/$user
             done",
        );
        let (phone, backup_codes) = enable(machine, "rosa");
        Self { phone, backup_codes }
    }

    /// A code that was not used yet. The phone's next one would come in half a minute.
    fn code(&mut self) -> String {
        self.backup_codes.pop().unwrap_or_else(|| self.phone.code())
    }
}

pub fn all(machine: &Machine) {
    machine.script("ssh-keygen -q -t ed25519 -N '' -f /root/key");
    let mut people = People::come(machine);
    let recipes: [Recipe; 7] = [
        ("ssh-password-then-code", ssh_password_then_code),
        ("ssh-key-then-code", ssh_key_then_code),
        ("ssh-one-field", ssh_one_field),
        ("emergency-group", emergency_group),
        ("sudo", sudo),
        ("su", su),
        ("console", console),
    ];
    let listed = machine.must(&["ls", "checkout/conf/recipes"]);
    assert_eq!(listed.split_whitespace().count(), recipes.len(), "each recipe is tried");
    for (name, check) in recipes {
        recipe::with(machine, &format!("checkout/conf/recipes/{name}"), || {
            // Who has no enrolment and may not log in is what this recipe is about.
            let refuses: &[&str] =
                if name == "ssh-key-then-code" { &["not_enrolled"] } else { &[] };
            assert_eq!(doctor::faults(machine), refuses, "{name}");
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
                 ! grep -s '^[^#]*pam_cloud2fa' $directory/$service
             done
         done",
    );
}

/// How often the terminal was asked for the code.
fn codes_asked(shown: &str) -> usize {
    shown.matches(CODE).count()
}

fn ssh_password_then_code(machine: &Machine, people: &mut People) {
    let (let_in, shown) = ssh(machine, "rosa", Some(&people.code()));
    assert!(let_in, "{shown}");
    assert_eq!((shown.matches("Password: ").count(), codes_asked(&shown)), (1, 1), "{shown}");
    let (let_in, shown) = ssh(machine, "otto", None);
    assert!(let_in && codes_asked(&shown) == 0, "{shown}");
}

/// The client with these options, and its answers to the questions.
fn client(machine: &Machine, user: &str, options: &[&str], answers: &[(&str, &str)]) -> Ended {
    let mut client = machine.at_terminal(&sshd::client("ssh", 22, user, options));
    for (question, answer) in answers {
        client.answer(question, answer);
    }
    client.finish()
}

const KEY: [&str; 2] =
    ["PreferredAuthentications=publickey,keyboard-interactive", "IdentityFile=/root/key"];

fn ssh_key_then_code(machine: &Machine, people: &mut People) {
    let right = client(machine, "rosa", &KEY, &[(CODE, &people.code())]);
    assert!(right.shown.contains(LET_IN), "{right:?}");
    assert_eq!((right.count("assword"), right.count(CODE)), (0, 1), "{right:?}");
    let wrong = client(machine, "rosa", &KEY, &[(CODE, "000000")]);
    assert!(!wrong.shown.contains(LET_IN), "{wrong:?}");
    let without_key = client(machine, "rosa", &[], &[]);
    assert_eq!((without_key.count(LET_IN), without_key.count(CODE)), (0, 0), "{without_key:?}");
    let unenrolled = client(machine, "otto", &KEY, &[(CODE, "000000")]);
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

/// A command of a user at a terminal, and its answers to the questions.
fn at_terminal(machine: &Machine, words: &[&str], answers: &[(&str, &str)]) -> Ended {
    let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
    let mut terminal = machine.at_terminal(&words);
    for (question, answer) in answers {
        terminal.answer(question, answer);
    }
    terminal.finish()
}

fn sudo(machine: &Machine, people: &mut People) {
    const QUESTION: &str = "[sudo] password for ";
    let as_rosa = ["runuser", "--user", "rosa", "--", "sudo", "-k", "id"];
    let right = at_terminal(machine, &as_rosa, &[(QUESTION, PASSWORD), (CODE, &people.code())]);
    assert!(right.shown.contains("uid=0"), "{right:?}");
    assert_eq!((right.count(QUESTION), right.count(CODE)), (1, 1), "{right:?}");
    let as_otto = ["runuser", "--user", "otto", "--", "sudo", "-k", "id"];
    let unenrolled = at_terminal(machine, &as_otto, &[(QUESTION, PASSWORD)]);
    assert!(unenrolled.shown.contains("uid=0"), "{unenrolled:?}");
    assert_eq!(unenrolled.count(CODE), 0, "{unenrolled:?}");
}

fn su(machine: &Machine, people: &mut People) {
    for words in [&["su", "rosa", "-c", "id"][..], &["su", "-l", "rosa", "-c", "id"]] {
        let by_otto = [&["runuser", "--user", "otto", "--"], words].concat();
        let right =
            at_terminal(machine, &by_otto, &[("Password: ", PASSWORD), (CODE, &people.code())]);
        assert!(right.shown.contains("(rosa)"), "{right:?}");
        assert_eq!((right.count("Password: "), right.count(CODE)), (1, 1), "{right:?}");
    }
    let by_root = at_terminal(machine, &["su", "rosa", "-c", "id"], &[]);
    assert!(by_root.shown.contains("(rosa)") && by_root.count(CODE) == 0, "{by_root:?}");
}

fn console(machine: &Machine, people: &mut People) {
    let answers = [("assword: ", PASSWORD), (CODE, &people.code()[..]), ("$ ", "exit")];
    // A terminal of the machine's own, which stands being hung up: login does that first.
    let by_rosa = ["systemd-run", "--quiet", "--pty", "login", "rosa"];
    let right = at_terminal(machine, &by_rosa, &answers);
    assert_eq!((right.count("assword: "), right.count(CODE)), (1, 1), "{right:?}");
    let answers = [("assword: ", PASSWORD), ("$ ", "exit")];
    let unenrolled =
        at_terminal(machine, &["systemd-run", "--quiet", "--pty", "login", "otto"], &answers);
    assert_eq!(unenrolled.count(CODE), 0, "{unenrolled:?}");
}
