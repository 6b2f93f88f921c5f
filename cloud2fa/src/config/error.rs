//! Why there is no configuration to go by.

use std::path::PathBuf;

/// Why there is no configuration to go by.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It was named, and is not there.
    #[error("there is no configuration file {0}; create it, or correct the path")]
    Missing(PathBuf),
    /// It cannot be read.
    #[error("the configuration file {0} cannot be read ({1})")]
    Unreadable(PathBuf, std::io::Error),
    /// It is not there, and a symbolic link says that it is elsewhere.
    #[error(
        "there is no configuration file {0}, and {link} is a symbolic link; mount what it leads to, or remove it",
        link = .1.display()
    )]
    LeadsAway(PathBuf, PathBuf),
    /// Somebody else than its owner could have written it.
    #[error("the configuration file {0} {1}")]
    Unsafe(PathBuf, &'static str),
    /// It says what it must not. The text of the line is never quoted.
    #[error("{path}:{line}:{column}: {what}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in characters.
        column: usize,
        /// What is wrong there, and what would be right.
        what: String,
    },
}
