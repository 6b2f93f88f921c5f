//! Asks the machine's own programs, in a fixed language, with nothing of the caller's environment.

use nix::sys::memfd::{MFdFlags, memfd_create};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::Duration;

const DIRECTORIES: [&str; 6] =
    ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"];

/// A program that has said nothing by then waits for something that does not come.
const PATIENCE: Duration = Duration::from_secs(10);

/// The pause between two looks whether a program has ended.
const PAUSE: Duration = Duration::from_millis(2);

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

/// One of the machine's own programs, whatever the caller's environment is. `None` if it is not there.
pub fn command(name: &str) -> Option<Command> {
    let mut command = Command::new(find(name)?);
    command.env_clear().env("LC_ALL", "C").env("PATH", DIRECTORIES.join(":"));
    Some(command)
}

/// Runs a program to its end, or for as long as anybody would wait. `None` if there is no such program.
pub fn ask<Word: AsRef<OsStr>>(name: &str, arguments: &[Word]) -> Option<Said> {
    let mut command = command(name)?;
    command.args(arguments);
    run(command, PATIENCE)
}

/// What sshd needs before it says anything; Debian's units make it, and one that a socket starts has it while
/// somebody is connected alone.
const SSHD_NEEDS: &str = "/run/sshd";

/// Gives sshd that directory in a mount namespace of its own, so that the machine stays as it is.
const WITH_DIRECTORY: &str =
    "mount -t tmpfs -o mode=0755 tmpfs /run; mkdir -m 0755 /run/sshd; exec \"$0\" \"$@\"";

/// Asks sshd, whether it runs or not.
pub fn ask_sshd(arguments: &[String]) -> Option<Said> {
    if !Path::new(SSHD_NEEDS).is_dir()
        && let Some(sshd) = find("sshd").and_then(|path| path.into_os_string().into_string().ok())
    {
        let words = ["--mount", "/bin/sh", "-ec", WITH_DIRECTORY, &sshd].map(str::to_owned);
        let said = ask("unshare", &[&words[..], arguments].concat());
        if said.as_ref().is_some_and(|said| said.success) {
            return said;
        }
    }
    ask("sshd", arguments)
}

fn run(mut command: Command, patience: Duration) -> Option<Said> {
    // Into memory, where a pipe would have to be read meanwhile.
    let memory = || Some(File::from(memfd_create("said", MFdFlags::MFD_CLOEXEC).ok()?));
    let (output, errors) = (memory()?, memory()?);
    command.stdin(Stdio::null());
    command.stdout(output.try_clone().ok()?).stderr(errors.try_clone().ok()?);
    let mut child = command.spawn().ok()?;
    let Some(status) = end_of(&mut child, patience) else {
        let errors = format!("it says nothing within {} seconds", patience.as_secs());
        return Some(Said { success: false, output: String::new(), errors });
    };
    Some(Said { success: status.success(), output: text(output), errors: text(errors) })
}

/// Waits for the end. `None` if the program had to be killed.
fn end_of(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    let mut left = patience;
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        if left.is_zero() {
            let _ = (child.kill(), child.wait());
            return None;
        }
        sleep(PAUSE);
        left = left.saturating_sub(PAUSE);
    }
}

fn text(mut file: File) -> String {
    let mut content = Vec::new();
    let _ = file.rewind().and_then(|()| file.read_to_end(&mut content));
    String::from_utf8_lossy(&content).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn what_a_program_says_is_heard_however_much_it_is() {
        let said = run(shell("head -c 300000 /dev/zero; echo no >&2; exit 3"), PATIENCE).unwrap();
        assert_eq!((said.success, said.output.len(), &said.errors[..]), (false, 300_000, "no\n"));
    }

    #[test]
    fn a_program_that_does_not_end_is_ended_and_has_said_nothing() {
        let said = run(shell("echo half; exec sleep 600"), PAUSE * 20).unwrap();
        assert_eq!((said.success, said.output.len()), (false, 0));
        assert!(said.errors.starts_with("it says nothing"), "{said:?}");
    }
}
