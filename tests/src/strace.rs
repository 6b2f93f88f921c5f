//! strace: the system calls that a program makes, and what it does when one of them
//! fails or is its last.

use crate::machine;
use crate::processes::{status_field, wait_for};
use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Command, Stdio};
use tempfile::NamedTempFile;

/// One call of a program's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The system call's name.
    pub name: String,
    /// The how-manieth call of this name it is, from 1.
    pub number: usize,
    /// The whole of it; the paths of file descriptors are shown.
    pub text: String,
}

impl Call {
    /// The option that kills the program instead of this call.
    pub fn kill(&self) -> String {
        format!("inject={}:signal=KILL:when={}", self.name, self.number)
    }

    /// The option that lets this one call fail.
    pub fn fail(&self, error: &str) -> String {
        format!("inject={}:error={error}:when={}", self.name, self.number)
    }
}

/// A running strace, and where it writes.
#[derive(Debug)]
pub struct Strace {
    child: Child,
    output: NamedTempFile,
    /// Held open where it has attached: it says so again of each process that is forked.
    _errors: BufReader<ChildStderr>,
}

impl Strace {
    /// Attaches to a process that waits for its input, and returns when it waits again:
    /// what it does from then on is traced and numbered from 1. `inject`: options as a [`Call`] gives them.
    pub fn attach<'i>(pid: u32, inject: impl IntoIterator<Item = &'i str>) -> Self {
        let output = NamedTempFile::new().expect("a file");
        let mut command = strace(&output, inject);
        let mut child = command
            .args(["-p", &pid.to_string()])
            .stderr(Stdio::piped())
            .spawn()
            .expect("strace starts");
        let mut errors = BufReader::new(child.stderr.take().expect("piped"));
        let mut line = String::new();
        errors.read_line(&mut line).expect("text");
        assert!(line.contains("attached"), "strace does not attach: {line}");
        // The message comes when the process is interrupted. Afterwards it sleeps in its call again.
        wait_for("the traced process at its prompt", || {
            let field = |name| status_field(pid, name).unwrap_or_else(|| panic!("{pid} has ended"));
            let (tracer, state) = (field("TracerPid"), field("State"));
            (tracer != "0" && state.starts_with('S')).then_some(())
        });
        Self { child, output, _errors: errors }
    }

    /// Waits until the traced process has ended; gives its calls.
    pub fn calls(mut self) -> Vec<Call> {
        self.child.wait().expect("a child of ours");
        read(&self.output)
    }
}

impl Drop for Strace {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `command`, to be run under strace from its start. Its end, by signal too, is the
/// program's own. Gives the file of the calls as well, for [`read`].
pub fn around<'i>(
    command: &Command,
    inject: impl IntoIterator<Item = &'i str>,
) -> (Command, NamedTempFile) {
    let output = NamedTempFile::new().expect("a file");
    let mut traced = strace(&output, inject);
    traced.arg("--");
    (behind(traced, command), output)
}

/// `inner` behind the words of `outer`, which runs it.
pub fn behind(mut outer: Command, inner: &Command) -> Command {
    outer.arg(inner.get_program()).args(inner.get_args());
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    outer
}

fn strace<'i>(output: &NamedTempFile, inject: impl IntoIterator<Item = &'i str>) -> Command {
    let mut command = Command::new(machine::program("strace", "strace"));
    command.args(["-f", "-y", "-o"]).arg(output.path());
    for option in inject {
        command.args(["-e", option]);
    }
    command
}

/// The calls in a file that strace has written.
pub fn read(output: &NamedTempFile) -> Vec<Call> {
    let text = std::fs::read(output.path()).expect("strace's output");
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let text = String::from_utf8_lossy(&text);
    text.lines().filter_map(|line| call(line, &mut numbers)).collect()
}

/// Like [`around`], with nothing that the program starts: for [`read_alone`].
pub fn around_alone<'i>(
    command: &Command,
    inject: impl IntoIterator<Item = &'i str>,
) -> (Command, NamedTempFile) {
    let output = NamedTempFile::new().expect("a file");
    let mut traced = Command::new(machine::program("strace", "strace"));
    traced.args(["-y", "-o"]).arg(output.path());
    for option in inject {
        traced.args(["-e", option]);
    }
    traced.arg("--");
    (behind(traced, command), output)
}

/// The calls in a file of one process, whose lines do not say which.
pub fn read_alone(output: &NamedTempFile) -> Vec<Call> {
    let text = std::fs::read(output.path()).expect("strace's output");
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let text = String::from_utf8_lossy(&text);
    text.lines().filter_map(|line| call(&format!("0 {line}"), &mut numbers)).collect()
}

/// Reads `PID  NAME(ARGUMENTS) = RESULT`; what is no call (signals, exits) gives nothing.
fn call(line: &str, numbers: &mut HashMap<String, usize>) -> Option<Call> {
    let text = line.split_once(' ')?.1.trim_start();
    let name = text.split_once('(')?.0;
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_name || name.is_empty() {
        return None;
    }
    let number = numbers.entry(name.to_owned()).or_default();
    *number += 1;
    Some(Call { name: name.to_owned(), number: *number, text: text.to_owned() })
}

/// The calls behind the one that has read `answer`.
pub fn after_answer(calls: Vec<Call>, answer: &str) -> Vec<Call> {
    let quoted = format!("\"{answer}\\n\"");
    let at = calls.iter().position(|call| call.name == "read" && call.text.contains(&quoted));
    let at = at.unwrap_or_else(|| panic!("the answer was not read: {calls:#?}"));
    calls.into_iter().skip(at + 1).collect()
}
