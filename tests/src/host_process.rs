//! The program `pam_host` as a child process.

use crate::Fixture;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A running `pam_host`. Killed when dropped.
#[derive(Debug)]
pub struct HostProcess {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl HostProcess {
    /// Starts a login of `user` at the fixture's service. `program` is the path of
    /// `pam_host` (`env!("CARGO_BIN_EXE_pam_host")` in a test).
    pub fn start(program: &str, options: &[&str], fixture: &Fixture, user: &str) -> Self {
        Self::run(
            Command::new(program)
                .args(options)
                .arg(fixture.services())
                .args([&fixture.service, user]),
        )
    }

    /// Starts `command`, which runs `pam_host` in the end.
    pub fn run(command: &mut Command) -> Self {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("pam_host starts");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, input, output }
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether the program stands before a lock that somebody else holds.
    pub fn waits_for_a_lock(&self) -> bool {
        waits_for_a_lock(self.id())
    }

    /// The next line, without its end; nothing when the program has ended.
    pub fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let length = self.output.read_line(&mut line).expect("text");
        (length > 0).then(|| line.trim_end_matches('\n').to_owned())
    }

    /// Waits until the program stands at a prompt; gives the prompt.
    pub fn wait_for_prompt(&mut self) -> String {
        loop {
            let line = self.line().expect("pam_host ended before it asked");
            if let Some(prompt) =
                line.strip_prefix("ask ").or_else(|| line.strip_prefix("ask-shown "))
            {
                return prompt.to_owned();
            }
        }
    }

    /// Answers the prompt.
    pub fn answer(&mut self, answer: &str) {
        if let Some(input) = &mut self.input {
            // In one piece, as a terminal gives it. The program may have been killed by the test.
            let _ = input.write_all(format!("{answer}\n").as_bytes());
        }
    }

    /// Waits until the login has ended; gives the name of its code, or nothing if the
    /// program died before.
    pub fn wait_for_code(&mut self) -> Option<String> {
        loop {
            if let Some(code) = self.line()?.strip_prefix("code ") {
                return Some(code.to_owned());
            }
        }
    }

    /// Ends the input and waits for the end; gives what was said in between and the exit status.
    pub fn finish(mut self) -> (Vec<String>, std::process::ExitStatus) {
        drop(self.input.take());
        let lines = std::iter::from_fn(|| self.line()).collect();
        (lines, self.child.wait().expect("a child of ours"))
    }
}

/// Whether a process sleeps between two tries for a lock: nothing else in a login or in
/// the command sleeps.
pub fn waits_for_a_lock(pid: u32) -> bool {
    let call = std::fs::read_to_string(format!("/proc/{pid}/syscall")).unwrap_or_default();
    let number = call.split(' ').next().and_then(|number| number.parse().ok());
    number == Some(libc::SYS_clock_nanosleep)
}

impl Drop for HostProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
