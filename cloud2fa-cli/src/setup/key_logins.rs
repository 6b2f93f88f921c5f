//! Who logs in by ssh with a key alone, as far as the log goes back: a change that asks for more shuts them out.

use super::files::program;
use std::collections::BTreeSet;
use std::io;

/// The programs that say so: one until OpenSSH 9.8, the other one since.
const PROGRAMS: [&str; 2] = ["--identifier=sshd", "--identifier=sshd-session"];
const SINCE: &str = "--since=-30 days";
/// sshd's own words (`auth_log` in auth.c).
const METHODS: [&str; 3] = ["publickey", "hostbased", "gssapi-with-mic"];

/// The users of the last 30 days, by the journal.
pub fn of_the_last_30_days() -> io::Result<BTreeSet<String>> {
    let said = program("journalctl")?
        .args(PROGRAMS)
        .args([SINCE, "--quiet", "--no-pager", "--output=cat", "--grep=^Accepted "])
        .output()?;
    // That nothing fits is status 1, and not a word.
    if !said.status.success() && !said.stderr.is_empty() {
        return Err(io::Error::other(String::from_utf8_lossy(&said.stderr).trim().to_owned()));
    }
    Ok(String::from_utf8_lossy(&said.stdout).lines().filter_map(user_of).collect())
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
