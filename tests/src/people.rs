//! Rosa, who is enrolled, and Otto, who is not, at the programs of the booted machine that ask for
//! a code, however that was set up: each question is counted.

use crate::booted::{Machine, PASSWORD};
use crate::logins::{Phone, enable, ssh};
use crate::pty::{Ended, Pty};

/// The question for the code.
pub const CODE: &str = "Verification code: ";

/// A code that nobody has.
const WRONG: &str = "000000";

/// The option of ssh that names root's key, which lets in as either of them.
pub const KEY: &str = "IdentityFile=/root/key";

/// Their codes.
pub struct People {
    phone: Phone,
    backup_codes: Vec<String>,
}

impl People {
    /// Makes them users with a key of root's and the right to use sudo, and enrols Rosa.
    pub fn come(machine: &Machine) -> Self {
        Self::settle(machine);
        let (phone, backup_codes) = enable(machine, "rosa");
        Self { phone, backup_codes }
    }

    /// The same where Rosa is enrolled already.
    pub fn enrolled(machine: &Machine, phone: Phone, backup_codes: Vec<String>) -> Self {
        Self::settle(machine);
        Self { phone, backup_codes }
    }

    fn settle(machine: &Machine) {
        machine.add_user("rosa");
        machine.add_user("otto");
        machine.script(
            "[ -e /root/key ] || ssh-keygen -q -t ed25519 -N '' -f /root/key
             for user in rosa otto; do
                 install -d -m 0700 -o $user /home/$user/.ssh
                 install -m 0600 -o $user /root/key.pub /home/$user/.ssh/authorized_keys
                 echo \"$user ALL=(ALL:ALL) ALL\" >/etc/sudoers.d/$user
             done",
        );
    }

    /// A code that was not used yet. The phone's next one would come in half a minute.
    pub fn code(&mut self) -> String {
        self.backup_codes.pop().unwrap_or_else(|| self.phone.code())
    }
}

/// By ssh, with the password.
pub fn sshd(machine: &Machine, people: &mut People) {
    let (let_in, shown) = ssh(machine, "rosa", Some(&people.code()));
    assert!(let_in, "{shown}");
    assert_eq!(
        (shown.matches("Password: ").count(), shown.matches(CODE).count()),
        (1, 1),
        "{shown}"
    );
    let (let_in, shown) = ssh(machine, "otto", None);
    assert!(let_in && !shown.contains(CODE), "{shown}");
}

/// A command of a user at a terminal, and its answers to the questions.
pub fn at_terminal(machine: &Machine, words: &[&str], answers: &[(&str, &str)]) -> Ended {
    let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
    let mut terminal = machine.at_terminal(&words);
    for (question, answer) in answers {
        terminal.answer(question, answer);
    }
    terminal.finish()
}

/// `sudo`, and `sudo -i`, which has a PAM file of its own.
pub fn sudo(machine: &Machine, people: &mut People) {
    const QUESTION: &str = "[sudo] password for ";
    for words in [&["sudo", "-k", "id"][..], &["sudo", "-k", "-i", "id"]] {
        let by = |user| [&["runuser", "--user", user, "--"], words].concat();
        let answers = [(QUESTION, PASSWORD), (CODE, &people.code())];
        let right = at_terminal(machine, &by("rosa"), &answers);
        assert!(right.shown.contains("uid=0"), "{right:?}");
        assert_eq!((right.count(QUESTION), right.count(CODE)), (1, 1), "{right:?}");
        let unenrolled = at_terminal(machine, &by("otto"), &[(QUESTION, PASSWORD)]);
        assert!(unenrolled.shown.contains("uid=0"), "{unenrolled:?}");
        assert_eq!(unenrolled.count(CODE), 0, "{unenrolled:?}");
    }
}

/// `su`, and `su -l`, which has a PAM file of its own. Root is asked for nothing.
pub fn su(machine: &Machine, people: &mut People) {
    for words in [&["su", "rosa", "-c", "id"][..], &["su", "-l", "rosa", "-c", "id"]] {
        let by_otto = [&["runuser", "--user", "otto", "--"], words].concat();
        let right =
            at_terminal(machine, &by_otto, &[("Password: ", PASSWORD), (CODE, &people.code())]);
        assert!(right.shown.contains("(rosa)"), "{right:?}");
        assert_eq!((right.count("Password: "), right.count(CODE)), (1, 1), "{right:?}");
        let by_root = at_terminal(machine, words, &[]);
        assert!(by_root.shown.contains("(rosa)") && by_root.count(CODE) == 0, "{by_root:?}");
    }
}

/// The machine's own console, where systemd has started what asks for the name.
pub fn console(machine: &Machine, people: &mut People) {
    let mut console = Console::sit_down(machine);
    let code = people.code();
    console.begin("rosa");
    console.0.answer(CODE, WRONG);
    console.0.expect("Login incorrect");
    console.0.expect(NAME);
    console.begin("rosa");
    console.0.answer(CODE, &code);
    console.is_let_in("rosa");
    let shown = console.0.transcript();
    let asked = (shown.matches("Password: ").count(), shown.matches(CODE).count());
    assert_eq!(asked, (2, 2), "{shown}");
    for secret in [PASSWORD, WRONG, &code] {
        assert!(!shown.contains(secret), "what is typed is shown: {shown}");
    }
    console.begin("otto");
    console.is_let_in("otto");
    assert_eq!(console.0.transcript().matches(CODE).count(), 2, "{}", console.0.transcript());
}

/// The question for the name. There is a "Last login: ", too.
const NAME: &str = "cloud2fa-test login: ";

/// The machine's console, at which the name is asked for: so it is found, and so it is left.
struct Console(Pty);

impl Console {
    fn sit_down(machine: &Machine) -> Self {
        let mut console = machine.console();
        console.expect(NAME);
        Self(console)
    }

    /// Somebody says the name and the password.
    fn begin(&mut self, user: &str) {
        self.0.type_line(user);
        self.0.answer("Password: ", PASSWORD);
    }

    /// There is a shell of the user's at the console. It is left again.
    fn is_let_in(&mut self, user: &str) {
        self.0.expect("$ ");
        self.0.type_line("[ /dev/stdin -ef /dev/console ] && echo $USER-is-here");
        self.0.expect(&format!("{user}-is-here"));
        self.0.answer("$ ", "exit");
        self.0.expect(NAME);
    }
}
