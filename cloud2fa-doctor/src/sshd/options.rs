//! What sshd is started with: options of its command line win over all files.

use super::words::words;
use crate::regular;
use std::path::Path;

/// The file that Debian's unit takes the options from.
pub const FILE: &str = "/etc/default/ssh";

/// Options that have a value.
const WITH_VALUE: &str = "CEbcfghkopu";

/// The options that say how sshd is set. The others are for a running sshd: `-E` makes a file.
const SETTINGS: &str = "cfho";

/// Options, as they are passed on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options(Vec<(char, String)>);

impl Options {
    /// Reads the options of this machine's sshd.
    pub fn read() -> Self {
        Self::parse(&regular::text(Path::new(FILE)).unwrap_or_default())
    }

    /// Reads a file of variables, of which the last value counts.
    pub fn parse(text: &str) -> Self {
        let mut values = text.lines().filter_map(|line| line.trim().strip_prefix("SSHD_OPTS="));
        // Quotes around all of it, and then those within.
        let value = values.next_back().map(|value| words(&format!("x {value}"))[1..].join(" "));
        let value = value.unwrap_or_default();
        let mut words = words(&format!("x {value}")).into_iter().skip(1);
        let mut options = Vec::new();
        while let Some(word) = words.next() {
            let mut letters = word.strip_prefix('-').unwrap_or_default().chars();
            while let Some(letter) = letters.next() {
                if WITH_VALUE.contains(letter) {
                    let rest = letters.as_str();
                    let value = if rest.is_empty() { words.next() } else { Some(rest.to_owned()) };
                    options.push((letter, value.unwrap_or_default()));
                    break;
                }
            }
        }
        options.retain(|(letter, _)| SETTINGS.contains(*letter));
        Self(options)
    }

    /// The words of the command line.
    pub fn words(&self) -> Vec<String> {
        self.0.iter().flat_map(|(letter, value)| [format!("-{letter}"), value.clone()]).collect()
    }

    /// The file where sshd begins to read. `None` if no option names one.
    pub fn main_file(&self) -> Option<&str> {
        self.0.iter().rev().find(|(letter, _)| *letter == 'f').map(|(_, value)| value.as_str())
    }

    /// Whether a keyword is set.
    pub fn set(&self, keyword: &str) -> bool {
        let of = |value: &str| words(value).into_iter().next().unwrap_or_default();
        self.0
            .iter()
            .any(|(letter, value)| *letter == 'o' && of(value).eq_ignore_ascii_case(keyword))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sshd_is_started_with_is_passed_on_as_far_as_it_sets_anything() {
        for (text, expected) in [
            ("SSHD_OPTS=\n", &[][..]),
            ("# SSHD_OPTS=-oUsePAM=no\n", &[]),
            ("SSHD_OPTS=\"-o UsePAM=no -p 2222\"\n", &["-o", "UsePAM=no"]),
            ("SSHD_OPTS='-4oUsePAM=no'\n", &["-o", "UsePAM=no"]),
            (
                "SSHD_OPTS=-4\nSSHD_OPTS='-f /etc/x -E /tmp/log -h/k'\n",
                &["-f", "/etc/x", "-h", "/k"],
            ),
            ("SSHD_OPTS=\"-o 'UsePAM no'\"\n", &["-o", "UsePAM no"]),
        ] {
            assert_eq!(Options::parse(text).words(), expected, "{text}");
        }
        let options = Options::parse("SSHD_OPTS=\"-ousepam=no -f /x\"");
        assert!(options.set("UsePAM") && !options.set("PasswordAuthentication"));
        assert_eq!(options.main_file(), Some("/x"));
    }
}
