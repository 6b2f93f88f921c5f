//! The phone of a person, and what a person does with it: enrolling, logging in.

use crate::booted::{Machine, PASSWORD};
use crate::pty::Pty;
use crate::sshd;
use crate::terminal::{Terminal, shown_codes};
use crate::user::now;
use cloud2fa::totp::STEP_SECONDS;
use cloud2fa::{Secret, TimeStep};
use std::time::Duration;

/// Seconds that must be left until a code is too old, for a login on a busy machine. From 60 on a
/// phone would have to wait for each of its codes.
const ENOUGH: u64 = 45;

/// An authenticator app, which gives each of its codes once.
pub struct Phone {
    secret: Secret,
    last: u64,
}

impl Phone {
    /// One that has just got a key.
    pub const fn new(secret: Secret) -> Self {
        Self { secret, last: 0 }
    }

    /// The earliest code that the app has not given yet and that is right now; waits for one.
    pub fn code(&mut self) -> String {
        loop {
            let now = now().0;
            // A code is right from a step before its own to a step behind it.
            let step = (self.last + 1).max((now + ENOUGH) / STEP_SECONDS - 1);
            if step <= now / STEP_SECONDS + 1 {
                self.last = step;
                return self.secret.token_at(TimeStep(step)).as_str().to_owned();
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

/// Answers a question for something that is not shown.
pub fn answer_unseen(terminal: &mut Terminal, question: &str, answer: &str) {
    terminal.expect(question);
    assert!(!terminal.echoes(), "what is typed is shown");
    terminal.type_in(&format!("{answer}\n"));
}

/// Turns the second factor on, up to where the app has the key.
pub fn begin_enabling(machine: &Machine, user: &str, arguments: &[&str]) -> Terminal {
    let mut terminal = machine.cloud2fa(user, arguments);
    answer_unseen(&mut terminal, "Password: ", PASSWORD);
    terminal
}

/// Types the first code of the new key, and saves the backup codes.
pub fn prove(mut terminal: Terminal, before: Option<&Phone>) -> (Phone, Vec<String>) {
    terminal.expect("scan the picture");
    terminal.expect("Code: ");
    assert!(terminal.all().contains('▀'), "no picture:\n{}", terminal.all());
    let mut phone = Phone::new(terminal.shown_secret());
    terminal.type_in(&format!("{}\n", phone.code()));
    terminal.finish_enrolment();
    let codes = saved_codes(terminal);
    // No login goes back behind one with the key before.
    phone.last = phone.last.max(before.map_or(0, |before| before.last));
    (phone, codes)
}

/// Confirms that the backup codes are saved; gives them.
pub fn save_codes(mut terminal: Terminal) -> Vec<String> {
    terminal.say_that_codes_are_saved();
    saved_codes(terminal)
}

/// The backup codes, when all is answered.
fn saved_codes(terminal: Terminal) -> Vec<String> {
    let (shown, status) = terminal.end();
    assert_eq!(status, 0, "{shown}");
    assert!(!shown.contains(PASSWORD), "{shown}");
    let (_, listed) = shown.split_once("Backup codes for ").expect("a heading");
    let codes = shown_codes(listed);
    assert_eq!(codes.len(), 8, "{shown}");
    codes
}

/// Turns the second factor on.
pub fn enable(machine: &Machine, user: &str) -> (Phone, Vec<String>) {
    prove(begin_enabling(machine, user, &["enable"]), None)
}

/// From now on sshd asks one question after the other, as README has it.
pub fn sshd_asks(machine: &Machine) {
    machine.write(
        "/etc/ssh/sshd_config.d/cloud2fa.conf",
        "KbdInteractiveAuthentication yes\nPasswordAuthentication no\n",
    );
    // sshd of Debian 13 shuts its door on who fails often: the quicker the checks, the sooner.
    machine.script(
        "if sshd -T | grep -q '^persourcepenalties '; then
             echo 'PerSourcePenalties no' >/etc/ssh/sshd_config.d/test.conf
         fi",
    );
    machine.restart_sshd();
}

/// Logs in over ssh with password and code, or with the password alone. Says whether that worked,
/// and what was shown.
pub fn ssh(machine: &Machine, user: &str, code: Option<&str>) -> (bool, String) {
    let mut client = answered(machine, &sshd::client("ssh", 22, user, &[]), code);
    let let_in = client.shows(sshd::LET_IN);
    (let_in, client.finish().shown)
}

/// The same with a command of its own in the session.
pub fn ssh_to(machine: &Machine, user: &str, code: Option<&str>, command: &str) -> Pty {
    let mut words = sshd::client("ssh", 22, user, &[]);
    command.clone_into(words.last_mut().expect("a command"));
    answered(machine, &words, code)
}

/// A client that has been told the password, and the code.
fn answered(machine: &Machine, words: &[String], code: Option<&str>) -> Pty {
    let mut client = machine.at_terminal(words);
    client.answer("Password: ", PASSWORD);
    if let Some(code) = code {
        client.answer("Verification code: ", code);
    }
    client
}
