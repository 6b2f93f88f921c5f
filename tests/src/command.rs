//! The built command `cloud2fa`, driven by JSON as another program would.

use crate::{Fixture, machine};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The built command.
pub fn path() -> PathBuf {
    machine::built("CLOUD2FA_COMMAND", "cloud2fa")
}

/// The command with the fixture's configuration, as root without sudo.
pub fn of(fixture: &Fixture) -> Command {
    let mut command = Command::new(path());
    command
        .env_remove("SUDO_UID")
        .env("LC_ALL", "C.UTF-8")
        .arg("--config")
        .arg(fixture.config_path());
    command
}

/// What a command said and how it ended.
#[derive(Debug)]
pub struct Ended {
    /// Standard output.
    pub output: String,
    /// Standard error.
    pub errors: String,
    /// The exit status; 128 and the signal where one has ended it.
    pub status: i32,
}

impl Ended {
    /// The last line of the output as JSON.
    pub fn last(&self) -> Value {
        let line = self.output.lines().last().unwrap_or_else(|| panic!("no output: {self:?}"));
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }
}

/// Runs the command with nothing to read.
pub fn run(fixture: &Fixture, arguments: &[&str]) -> Ended {
    ended(of(fixture).args(arguments).stdin(Stdio::null()))
}

/// Runs a command to its end.
pub fn ended(command: &mut Command) -> Ended {
    let output = command.output().expect("the command starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Ended {
        output: text(output.stdout),
        errors: text(output.stderr),
        status: status(output.status),
    }
}

fn status(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().or(status.signal().map(|signal| 128 + signal)).expect("it ended")
}

/// A dialogue by JSON.
#[derive(Debug)]
pub struct Dialogue {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Dialogue {
    /// Starts the command with `--json`.
    pub fn start(fixture: &Fixture, arguments: &[&str]) -> Self {
        let mut command = of(fixture);
        command.args(arguments).arg("--json");
        Self::spawn(&mut command)
    }

    /// Starts any command whose standard input and output are a dialogue.
    pub fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        Self { input: child.stdin.take(), output, child }
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line.
    pub fn line(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("UTF-8");
        assert!(line.ends_with('\n'), "not a whole line: {line:?}");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// Answers with one line.
    pub fn answer(&mut self, text: &str) {
        let input = self.input.as_mut().expect("not closed yet");
        input.write_all(format!("{text}\n").as_bytes()).expect("somebody reads");
    }

    /// Says nothing more, and waits for the end.
    pub fn end(mut self) -> Ended {
        self.input = None;
        let (mut output, mut errors) = (String::new(), String::new());
        self.output.read_to_string(&mut output).expect("UTF-8");
        let mut stderr = self.child.stderr.take().expect("piped");
        stderr.read_to_string(&mut errors).expect("UTF-8");
        Ended { output, errors, status: status(self.child.wait().expect("it ends")) }
    }
}
