//! Asks the machine's own programs, in a fixed language, with nothing of the caller's environment.

use std::path::PathBuf;
use std::process::{Command, Stdio};

const DIRECTORIES: [&str; 6] =
    ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"];

/// What a program has said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub success: bool,
    pub output: String,
    pub errors: String,
}

/// Where a program is, if it is there.
pub fn find(name: &str) -> Option<PathBuf> {
    DIRECTORIES.iter().map(|directory| PathBuf::from(directory).join(name)).find(|it| it.is_file())
}

/// Runs a program to its end; nothing where there is no such program.
pub fn ask(name: &str, arguments: &[&str]) -> Option<Said> {
    let mut command = Command::new(find(name)?);
    command.args(arguments).env_clear().env("LC_ALL", "C").env("PATH", DIRECTORIES.join(":"));
    let output = command.stdin(Stdio::null()).output().ok()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some(Said {
        success: output.status.success(),
        output: text(&output.stdout),
        errors: text(&output.stderr),
    })
}
