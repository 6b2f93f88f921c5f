//! What a hostile user has: kill(2), and patience to try at any moment.

use crate::processes::as_user;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A user's own kill(2), which is all that this user has.
#[derive(Debug)]
pub struct Killer {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Killer {
    /// The user `name`'s.
    pub fn of(name: &str) -> Self {
        let script = "while read -r signal pid; do if kill -s $signal $pid; then echo sent; else echo refused; fi; done";
        let words = as_user(name, &["/bin/sh", "-c", script]);
        let mut child = Command::new(words[0])
            .args(&words[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("setpriv starts (package util-linux)");
        let (input, output) =
            (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        Self { child, input, output: BufReader::new(output) }
    }

    /// Sends; says whether the kernel let the user do it.
    pub fn send(&mut self, signal: &str, pid: u32) -> bool {
        writeln!(self.input, "{signal} {pid}").expect("the shell reads");
        let mut answer = String::new();
        self.output.read_line(&mut answer).expect("text");
        answer.trim_end() == "sent"
    }
}

impl Drop for Killer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Numbers that look random, the same in each run (xorshift64, Marsaglia 2003).
#[derive(Debug)]
pub struct Random(pub u64);

impl Random {
    /// A number from 0 to `limit` - 1.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
