//! Who logs in by ssh with a key alone, as far as the log goes back: a change that asks for more shuts them out.

use super::files::program;
use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::process::Stdio;

/// Names of users, as sshd writes them.
#[derive(Debug)]
pub struct KeyLogins {
    /// Those who have logged in.
    pub names: BTreeSet<String>,
    /// Whether the journal goes back 30 days, or to when the machine was made.
    pub is_whole: bool,
}

/// The programs that say so, as root: one until OpenSSH 9.8, the other one since. Anybody may write to the log
/// by these names.
const BY_SSHD: [&str; 3] = ["_UID=0", "--identifier=sshd", "--identifier=sshd-session"];
/// How far to look back.
const DAYS: u64 = 30;
const A_DAY: u64 = 86_400;
/// Between the first boot and the first line of the journal, at most. In seconds.
const A_WHILE: u64 = 3600;
/// Made at the first boot (machine-id(5)).
const MACHINE_ID: &str = "/etc/machine-id";
/// sshd's own words (`auth_log` in auth.c).
const METHODS: [&str; 4] = ["publickey", "hostbased", "gssapi-with-mic", "gssapi-keyex"];

/// The users of the last 30 days, by the journal; `now` in seconds since 1970.
pub fn of_the_last_30_days(now: u64) -> io::Result<KeyLogins> {
    let (since, first_boot) = (now.saturating_sub(DAYS * A_DAY), first_boot());
    let begin = begin_of_the_journal()?;
    let is_whole = begin.is_some_and(|begin| begin <= since.max(first_boot) + A_WHILE);
    let said = program("journalctl")?
        .args(BY_SSHD)
        .args([&format!("--since=@{since}"), "--quiet", "--no-pager", "--output=cat"])
        .arg("--grep=^Accepted ")
        .output()?;
    // That nothing fits is status 1, and not a word.
    if !said.status.success() && !said.stderr.is_empty() {
        return Err(io::Error::other(String::from_utf8_lossy(&said.stderr).trim().to_owned()));
    }
    let names = String::from_utf8_lossy(&said.stdout).lines().filter_map(user_of).collect();
    Ok(KeyLogins { names, is_whole })
}

fn first_boot() -> u64 {
    let made = std::fs::metadata(MACHINE_ID).ok().map(|metadata| metadata.mtime());
    made.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(0)
}

/// The time of the first line. `None` if there is none.
fn begin_of_the_journal() -> io::Result<Option<u64>> {
    let mut all = program("journalctl")?
        .args(["--quiet", "--no-pager", "--output=short-unix"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut first = String::new();
    if let Some(output) = all.stdout.take() {
        BufReader::new(output).read_line(&mut first)?;
    }
    // It would go on to the last line.
    let _ = all.kill();
    all.wait()?;
    Ok(first.split('.').next().and_then(|seconds| seconds.parse().ok()))
}

/// Whose login a line tells of, if it was by such a method: `Accepted publickey for anna from ...`.
fn user_of(line: &str) -> Option<String> {
    let (method, rest) = line.strip_prefix("Accepted ")?.split_once(" for ")?;
    let (user, _) = rest.split_once(" from ")?;
    METHODS.contains(&method).then(|| user.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_by_key_is_told_from_the_others() {
        let of = |line| user_of(line);
        let key = "Accepted publickey for anna from 192.0.2.1 port 50000 ssh2: ED25519 SHA256:x";
        assert_eq!(of(key).as_deref(), Some("anna"));
        let both = "Accepted keyboard-interactive/pam for anna from 192.0.2.1 port 50000 ssh2";
        assert_eq!(of(both), None);
        assert_eq!(of("Accepted password for anna from 192.0.2.1 port 50000 ssh2"), None);
        assert_eq!(of("Accepted publickey for"), None);
    }
}
