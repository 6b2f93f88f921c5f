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
    /// It says what it must not.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

/// What a configuration says and must not. The text of the line is never quoted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}:{line}:{column}: {what}")]
pub struct Invalid {
    /// The file.
    pub path: PathBuf,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// What is wrong there, and what would be right.
    pub what: String,
}
