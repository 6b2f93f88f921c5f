//! What stays in the memory of a user's command of the passwords and codes that were typed: nothing,
//! as soon as the next question is asked.
#![allow(missing_docs)]

use cloud2fa::{BackupCode, Secret};
use cloud2fa_tests::memory::{self, Secrets};
use cloud2fa_tests::service::{self, COMMAND, as_uid};
use cloud2fa_tests::user::{self, numbered};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};

/// A command that is asked for by JSON. Killed when dropped.
struct Dialogue {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Dialogue {
    /// setpriv becomes the command, so that it is the child.
    fn start(uid: u32, verb: &str) -> Self {
        service::start();
        let mut command = as_uid(uid, Path::new(COMMAND));
        let pipes = command.args([verb, "--json"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = pipes.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    /// Waits for a question.
    fn is_asked(&mut self, what: &str) {
        loop {
            let mut line = String::new();
            self.output.read_line(&mut line).unwrap();
            let said: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line:?}"));
            if said.get("secret").is_none() {
                assert_eq!(said["ask"], what, "{said}");
                return;
            }
        }
    }

    fn answer(&mut self, answer: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{answer}").unwrap();
    }

    fn has_forgotten(&self, secrets: &Secrets) {
        let found = secrets.found_in(&memory::of_process(self.child.id()));
        assert!(found.is_empty(), "{found:#?}");
    }
}

impl Drop for Dialogue {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(what: &str, text: &str) -> Secrets {
    let mut secrets = Secrets::default();
    secrets.text(what, text);
    secrets
}

#[test]
fn a_password_and_a_code_are_wiped_before_the_next_question() {
    let mut dialogue = Dialogue::start(numbered(290), "enable");
    dialogue.is_asked("password");
    assert!(
        !text("an environment", "PATH=/")
            .found_in(&memory::of_process(dialogue.child.id()))
            .is_empty(),
        "the memory is not even read"
    );
    let password = "correct-horse-battery-staple";
    dialogue.answer(password);
    dialogue.is_asked("password");
    dialogue.has_forgotten(&text("the password", password));
    dialogue.answer("pw");
    dialogue.is_asked("code");
    // As good as any other: the key is new, and nobody has scanned it.
    dialogue.answer("905217");
    dialogue.is_asked("code");
    dialogue.has_forgotten(&text("the code", "905217"));
}

#[test]
fn a_backup_code_is_wiped_before_the_next_question() {
    service::start();
    let user = user::of_this_machine("u291");
    user::enrol(Path::new("/var/lib/cloud2fa"), user, Secret::generate().unwrap());
    let mut dialogue = Dialogue::start(numbered(291), "regenerate");
    dialogue.is_asked("password");
    dialogue.answer("pw");
    dialogue.is_asked("current_code");
    let strange = BackupCode::generate().unwrap().printed();
    dialogue.answer(&strange);
    dialogue.is_asked("current_code");
    let mut secrets = Secrets::default();
    secrets.backup_code("the backup code", &strange);
    dialogue.has_forgotten(&secrets);
}
