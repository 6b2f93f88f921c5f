//! What stays in the memory of a program after a login: neither the key nor what was typed. The
//! program keeps no copy of its own, so what is found is the module's.
#![allow(missing_docs)]

use cloud2fa::BackupCode;
use cloud2fa_tests::memory::{self, Secrets};
use cloud2fa_tests::{Enrolled, Fixture};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const PASSWORD: &str = "correct horse battery staple";

/// A running `core_host`. Killed when dropped.
struct Host {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Host {
    fn start(fixture: &Fixture, user: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_core_host"))
            .arg(fixture.services())
            .args([&fixture.service, user])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, input, output }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn type_in(&mut self, text: &str) {
        self.input.write_all(text.as_bytes()).unwrap();
    }

    /// Looks while the program waits, whatever it waits for.
    fn found(&self, secrets: &Secrets) -> BTreeSet<String> {
        secrets.found_in(&memory::of_process(self.child.id()))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whom a login is tried for, what is typed, and what libpam's number for the end is.
struct Login<'a> {
    what: &'a str,
    user: &'a str,
    typed: &'a str,
    code: u32,
}

impl<'a> Login<'a> {
    fn of(user: &'a Enrolled, what: &'a str, typed: &'a str, code: u32) -> Self {
        Self { what, user: user.user.name.as_str(), typed, code }
    }

    /// Tries it. What of `secrets` stands in the memory while texts are told and afterwards;
    /// `password` only when all has ended, since libpam has it until then.
    fn run(&self, fixture: &Fixture, secrets: &Secrets, password: &Secrets) -> BTreeSet<String> {
        let mut host = Host::start(fixture, self.user);
        assert_eq!(host.line(), "ask", "{}", self.what);
        let by_chance = host.found(secrets);
        assert!(by_chance.is_empty(), "before {}: {by_chance:?}", self.what);
        host.type_in(self.typed);
        let mut found = BTreeSet::new();
        loop {
            let line = host.line();
            found.append(&mut host.found(secrets));
            match &*line {
                "told" => {}
                "ended" => break,
                code => assert_eq!(code, format!("code {}", self.code), "{}", self.what),
            }
            host.type_in("\n");
        }
        found.append(&mut host.found(password));
        found.into_iter().map(|found| format!("after {}: {found}", self.what)).collect()
    }
}

fn secrets_of(whose: &Enrolled, what: &str, typed: &str) -> Secrets {
    let mut secrets = Secrets::default();
    secrets.key(&whose.secret);
    if typed.len() == BackupCode::PRINTED_LENGTH {
        secrets.backup_code(what, typed);
    } else {
        secrets.text(what, typed);
    }
    secrets
}

fn all_clear(found: &BTreeSet<String>) {
    let lines: Vec<_> = found.iter().map(String::as_str).collect();
    assert!(found.is_empty(), "\n{}", lines.join("\n"));
}

#[test]
fn the_test_itself_would_notice() {
    let (fixture, alice) = Fixture::with("alice");
    let mut host = Host::start(&fixture, "alice");
    assert_eq!(host.line(), "ask");
    let mut there = Secrets::default();
    // The names are on the stack, as arguments; the file's is on the heap, as libpam has read it.
    there.text("an argument", &fixture.service);
    there.text("a file", "libpam_cloud2fa.so");
    let found = host.found(&there);
    for mapping in ["[stack]", "[heap]"] {
        assert!(found.iter().any(|found| found.ends_with(mapping)), "{mapping}: {found:?}");
    }
    // All forms of a key are found where they stand.
    let mut secrets = Secrets::default();
    secrets.key(&alice.secret);
    assert_eq!(secrets.forms().count(), 12);
    for form in secrets.forms() {
        let bytes = [b"\0\0\0", &form[3..], b"\0"].concat();
        let mapping = memory::Mapping { name: String::new(), begin: 0, bytes };
        assert!(!secrets.found_in(&[mapping]).is_empty(), "{form:?}");
    }
}

#[test]
fn neither_the_key_nor_a_typed_code_stays_in_the_programs_memory() {
    let fixture = Fixture::new();
    // Names of several lengths: the key stands elsewhere in the record, and in what is hashed.
    let mut all = BTreeSet::new();
    for name in ["root", "alice", "u000", "erin"] {
        let whose = fixture.enrol(name);
        let strange = BackupCode::generate().unwrap().printed().to_lowercase();
        let (right, wrong) = (whose.code(), whose.code_at(-40));
        for login in [
            Login::of(&whose, "a right code", &right, 0),
            Login::of(&whose, "a used code", &right, 7),
            Login::of(&whose, "a wrong code", &wrong, 7),
            Login::of(&whose, "a right backup code", &whose.backup_codes[0], 0),
            Login::of(&whose, "a used backup code", &whose.backup_codes[0], 7),
            Login::of(&whose, "a wrong backup code", &strange, 7),
            Login::of(&whose, "what is no code", PASSWORD, 7),
        ] {
            let secrets = secrets_of(&whose, login.what, login.typed);
            all.extend(login.run(&fixture, &secrets, &Secrets::default()));
        }
    }
    all_clear(&all);
}

#[test]
fn what_somebody_types_who_is_not_enrolled_does_not_stay_either() {
    let (fixture, alice) = Fixture::with("alice");
    let typed = alice.code();
    for (what, user) in [("bob's code", "bob"), ("nobody's code", "no-such-name")] {
        let login = Login { what, user, typed: &typed, code: 7 };
        let secrets = secrets_of(&alice, what, &typed);
        all_clear(&login.run(&fixture, &secrets, &Secrets::default()));
    }
}

#[test]
fn a_password_that_was_split_from_a_code_does_not_outlast_the_login() {
    let (fixture, alice) = Fixture::with("alice");
    // The second line reads the password that the first has handed on, and refuses it for a code.
    fixture.set_stack(&[
        "auth required MODULE CONFIG forward_pass",
        "auth [default=ignore] MODULE CONFIG use_first_pass",
        "auth required pam_permit.so",
    ]);
    let mut password = Secrets::default();
    password.text("the password", PASSWORD);
    let (right, wrong) = (alice.code(), alice.code_at(-40));
    for (what, code, number) in [
        ("a right code", &right, 0),
        ("a wrong code", &wrong, 7),
        ("a right backup code", &alice.backup_codes[0], 0),
    ] {
        let typed = format!("{PASSWORD}{code}");
        let login = Login::of(&alice, what, &typed, number);
        all_clear(&login.run(&fixture, &secrets_of(&alice, what, code), &password));
    }
}
