//! The booted machine: commands in it, as root and as users, at terminals and without.

use crate::machine::workspace;
use crate::pty::Pty;
use crate::terminal::Terminal;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Every user's password; nothing else that is ever shown or logged has it in it.
pub const PASSWORD: &str = "correct-horse-battery";

/// Without the second step systemd thinks that so many starts are a fault.
const RESTART_SSHD: &str = "sshd -t; systemctl reset-failed ssh; systemctl restart ssh";

/// The machine.
pub struct Machine {
    directory: PathBuf,
    /// Of Debian.
    pub suite: String,
}

impl Machine {
    /// The one that was booted in `directory`.
    pub fn new(directory: &str, suite: &str) -> Self {
        Self { directory: directory.into(), suite: suite.to_owned() }
    }

    /// A command in the machine, as root.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(workspace().join("tests/machines/debian"));
        command.arg("run").arg(&self.directory).args(words);
        command
    }

    /// The process number of its pid 1, here.
    pub fn init(&self) -> u32 {
        let nspawn = std::fs::read_to_string(self.directory.join("nspawn")).expect("it runs");
        let nspawn = nspawn.trim();
        let children = std::fs::read_to_string(format!("/proc/{nspawn}/task/{nspawn}/children"));
        children.expect("it runs").trim().parse().expect("it has one child")
    }

    /// Its files, as it sees them itself.
    pub fn root(&self) -> String {
        format!("/proc/{}/root", self.init())
    }

    /// Runs a command with something to read; gives what it says, and how it ended.
    pub fn run(&self, words: &[&str], input: &str) -> Output {
        let mut command = self.command(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("bash starts");
        // It may not want to read.
        let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
        child.wait_with_output().expect("it ends")
    }

    /// Runs a command that must succeed; gives what it says.
    pub fn must(&self, words: &[&str]) -> String {
        let output = self.run(words, "");
        if !output.status.success() {
            let said = all_of(&output);
            panic!("{words:?}: {said}{}", self.what_the_unit_said(&said));
        }
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The end of the journal of the unit to which systemctl refers whoever reads `said`.
    fn what_the_unit_said(&self, said: &str) -> String {
        let unit = said.split_once("journalctl -xeu ").and_then(|(_, rest)| rest.split('"').next());
        unit.map_or_else(String::new, |unit| {
            all_of(&self.run(&["journalctl", "--no-pager", "--lines=15", "--unit", unit], ""))
        })
    }

    /// Starts sshd anew, with the files that it has now.
    pub fn restart_sshd(&self) {
        self.script(RESTART_SSHD);
    }

    /// Runs a shell script that must succeed; gives what it says.
    pub fn script(&self, script: &str) -> String {
        self.must(&["sh", "-ec", script])
    }

    /// Sees to it that none of these files is there. They may be patterns of the shell's.
    pub fn lacks(&self, files: &[&str]) {
        // Neither `ls` of several nor a command behind `!` ends a script by `set -e`.
        self.script(&format!(
            "for file in {}; do
                 if [ -e \"$file\" ] || [ -L \"$file\" ]; then echo \"$file is there\"; exit 1; fi
             done",
            files.join(" ")
        ));
    }

    /// Writes a file.
    pub fn write(&self, path: &str, content: &str) {
        let directory = Path::new(path).parent().expect("absolute").to_str().expect("UTF-8");
        let script = r#"mkdir -p "$1" && cat >"$2""#;
        let output = self.run(&["sh", "-ec", script, "sh", directory, path], content);
        assert!(output.status.success(), "{path}: {}", all_of(&output));
    }

    /// Does something while a file has another content, made of the usual one.
    pub fn with_file(&self, path: &str, change: impl Fn(&str) -> String, act: impl FnOnce()) {
        let usual = self.must(&["cat", path]);
        self.write(path, &change(&usual));
        let outcome = catch_unwind(AssertUnwindSafe(act));
        self.write(path, &usual);
        if let Err(panic) = outcome {
            resume_unwind(panic);
        }
    }

    /// Sees to it that there is an ordinary user of that name, with [`PASSWORD`].
    pub fn add_user(&self, name: &str) {
        self.script(&format!(
            "id {name} 2>/dev/null || useradd --create-home --shell /bin/bash {name}
             echo '{name}:{PASSWORD}' | chpasswd"
        ));
    }

    /// The command `cloud2fa` of an ordinary user, at a terminal.
    pub fn cloud2fa(&self, user: &str, arguments: &[&str]) -> Terminal {
        let words = [&as_user(user)[..], &["cloud2fa"], arguments].concat();
        let mut command = self.command(&words);
        Terminal::start(command.env("TERM", "xterm-256color"), 100)
    }

    /// What `cloud2fa` says to an ordinary user without a terminal, and whether it succeeds.
    pub fn asks(&self, user: &str, arguments: &[&str]) -> (String, bool) {
        let output = self.run(&[&as_user(user)[..], &["cloud2fa"], arguments].concat(), "");
        (all_of(&output), output.status.success())
    }

    /// Words of any program at a terminal, as root.
    pub fn at_terminal(&self, words: &[String]) -> Pty {
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        Pty::run(&self.command(&words))
    }

    /// Its console, and somebody who sits down at it.
    pub fn console(&self) -> Pty {
        let mut command = Command::new(workspace().join("tests/machines/debian"));
        Pty::run(command.arg("console").arg(&self.directory))
    }

    /// Where the journal ends now.
    pub fn journal_cursor(&self) -> String {
        let shown = self.must(&["journalctl", "--quiet", "--lines=0", "--show-cursor"]);
        shown.trim().strip_prefix("-- cursor: ").expect("a cursor").to_owned()
    }

    /// The journal from there on.
    pub fn journal_since(&self, cursor: &str) -> String {
        self.must(&["journalctl", "--sync"]);
        let after = format!("--after-cursor={cursor}");
        self.must(&["journalctl", "--quiet", "--no-pager", &after])
    }
}

/// The beginning of a command that an ordinary user runs.
fn as_user(user: &str) -> [&str; 4] {
    // Not su: it would take the terminal away.
    ["runuser", "--user", user, "--"]
}

/// All that a command has said.
pub fn all_of(output: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}
