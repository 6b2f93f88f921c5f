//! A finding: what is wrong or worth knowing, what follows from it, and how to fix it.

pub use crate::id::Id;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// How bad it is. The worst comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Somebody gets in without the second factor, or nobody does with it.
    Critical,
    /// It will go wrong for some, or some day.
    Warning,
    /// Good to know; nothing is wrong.
    Note,
}

impl Severity {
    /// All there are, in the order of a report.
    pub const ALL: [Self; 3] = [Self::Critical, Self::Warning, Self::Note];

    /// The word in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// Whom and what a finding is about, for programs: all of them, where the sentence may name some.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// Users.
    pub users: BTreeSet<String>,
    /// PAM services.
    pub services: BTreeSet<String>,
    /// Files and directories.
    pub files: BTreeSet<PathBuf>,
}

/// What was found in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// For programs.
    pub id: Id,
    /// What is there, and where.
    pub what: String,
    /// What comes of it.
    pub why: String,
    /// What to type, or to write and where. Lines that begin with four blanks are to be copied.
    pub fix: String,
    /// Whom and what it is about.
    pub about: About,
    /// Whether the administrator has said that it is known: then it does not count.
    pub is_accepted: bool,
}

impl Finding {
    /// A finding, with what is there, what comes of it, and what to do.
    pub fn new(
        severity: Severity,
        id: Id,
        what: impl Into<String>,
        why: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        let (what, why, fix) = (what.into(), why.into(), fix.into());
        Self { severity, id, what, why, fix, about: About::default(), is_accepted: false }
    }

    /// It is about these users, too.
    #[must_use]
    pub fn about_users(mut self, names: &[String]) -> Self {
        self.about.users.extend(names.iter().cloned());
        self
    }

    /// It is about these services, too.
    #[must_use]
    pub fn about_services(mut self, names: &[String]) -> Self {
        self.about.services.extend(names.iter().cloned());
        self
    }

    /// It is about this file, too.
    #[must_use]
    pub fn about_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.about.files.insert(path.into());
        self
    }
}

/// What an examination came to.
#[derive(Debug)]
pub struct Report {
    /// What was looked at.
    pub looked_at: Vec<String>,
    /// What was found, the worst first; what is accepted last.
    pub findings: Vec<Finding>,
    /// Whether no login of the machine asks for a code, as after an installation.
    pub nothing_asks: bool,
}

impl Report {
    /// Brings the worst to the top. What was found first stays first among its like.
    pub fn new(looked_at: Vec<String>, mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|finding| (finding.is_accepted, finding.severity));
        Self { looked_at, findings, nothing_asks: false }
    }

    /// What counts: all that is not accepted.
    pub fn counting(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| !finding.is_accepted)
    }

    /// What is accepted.
    pub fn accepted(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.is_accepted)
    }

    /// The worst that counts.
    pub fn worst(&self) -> Option<Severity> {
        self.counting().map(|finding| finding.severity).min()
    }

    /// How many findings are as bad as that, and count.
    pub fn count(&self, severity: Severity) -> usize {
        self.counting().filter(|finding| finding.severity == severity).count()
    }

    /// Whether nothing is wrong. A note is no fault.
    pub fn is_healthy(&self) -> bool {
        self.counting().all(|finding| finding.severity == Severity::Note)
    }
}

/// `a, b, c`: all of them, since somebody has to act on each.
pub fn listed(names: &[String]) -> String {
    names.join(", ")
}

/// `a, b, c`, or the first ones and how many more.
pub fn bounded(names: &[String], most: usize) -> String {
    let shown = names.iter().take(most).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// A path or another text as a word of the shell's, which is copied into commands.
pub fn shell(word: impl AsRef<OsStr>) -> String {
    let bytes = word.as_ref().as_bytes();
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+:,@%=".contains(byte);
    if bytes.iter().all(is_plain) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains(char::is_control) => {
            format!("'{}'", text.replace('\'', "'\\''"))
        }
        // What no terminal should be shown, and what is no text, by its bytes.
        _ => {
            let word = bytes.iter().map(|byte| match byte {
                b'\'' | b'\\' => format!("\\{}", char::from(*byte)),
                b' '..=b'~' => char::from(*byte).to_string(),
                _ => format!("\\x{byte:02x}"),
            });
            format!("$'{}'", word.collect::<String>())
        }
    }
}

/// A path as a word of a unit's (systemd.syntax(7)); `%` would begin a specifier.
pub fn systemd_word(path: &Path) -> String {
    let text = path.display().to_string().replace('%', "%%");
    if text.contains(|it: char| it.is_whitespace() || "\"'\\".contains(it)) {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_path_in_a_command_is_one_word_whatever_is_in_it() {
        let plain = "/var/lib/cloud2fa";
        assert_eq!(shell(plain), plain);
        for bytes in [
            plain.as_bytes(),
            b"/run/my store",
            b"/a'b \"c\" $d `e` \\f;g*",
            b"/a\x1b[31m'\\\n0",
            b"/a\xff1",
        ] {
            let word = shell(OsStr::from_bytes(bytes));
            assert!(!word.contains(char::is_control), "{word:?}");
            let bash = Command::new("bash").args(["-c", &format!("printf %s {word}")]).output();
            assert_eq!(bash.unwrap().stdout, bytes, "{word}");
        }
    }

    #[test]
    fn a_path_in_a_unit_is_one_word_too() {
        let word = |path| systemd_word(Path::new(path));
        assert_eq!(word("/srv/cloud2fa"), "/srv/cloud2fa");
        assert_eq!(word("/srv/my \"5%\" store"), r#""/srv/my \"5%%\" store""#);
    }
}
