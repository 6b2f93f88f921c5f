//! Why the command did not do what it was asked for: a kind for programs, a text for people.

use cloud2fa::config::ConfigError;
use cloud2fa::manage::Refusal;
use cloud2fa::{StoreError, Verdict};
use std::fmt;
use std::process::ExitCode;

/// Kinds of failure. Words and exit statuses are documented in cloud2fa(1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What was typed makes no sense.
    Usage,
    /// The password was wrong.
    WrongPassword,
    /// No code was proven.
    WrongCode,
    /// There is no enrolment.
    NotEnrolled,
    /// There is one already.
    AlreadyEnrolled,
    /// Too soon after wrong codes.
    Wait,
    /// Locked after too many wrong codes.
    Locked,
    /// There is no password that could be checked.
    NoPassword,
    /// Not the caller's to do.
    NotPermitted,
    /// The system has no such user.
    UnknownUser,
    /// Store or system do not work.
    Unavailable,
    /// cloud2fa.toml says what it must not.
    BadConfig,
    /// Ctrl-C, or the end of the input.
    Interrupted,
}

impl Kind {
    /// The word in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::WrongPassword => "wrong_password",
            Self::WrongCode => "wrong_code",
            Self::NotEnrolled => "not_enrolled",
            Self::AlreadyEnrolled => "already_enrolled",
            Self::Wait => "wait",
            Self::Locked => "locked",
            Self::NoPassword => "no_password",
            Self::NotPermitted => "not_permitted",
            Self::UnknownUser => "unknown_user",
            Self::Unavailable => "unavailable",
            Self::BadConfig => "bad_config",
            Self::Interrupted => "interrupted",
        }
    }

    /// The exit status.
    pub fn exit_code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Usage => 2,
            Self::WrongPassword | Self::WrongCode => 3,
            Self::NotEnrolled | Self::AlreadyEnrolled => 4,
            Self::Wait | Self::Locked => 5,
            Self::Interrupted => 130,
            Self::NoPassword
            | Self::NotPermitted
            | Self::UnknownUser
            | Self::Unavailable
            | Self::BadConfig => 1,
        })
    }
}

/// A failure: what happened, and what to do next.
#[derive(Debug)]
pub struct Failure {
    /// For programs.
    pub kind: Kind,
    message: String,
}

impl Failure {
    /// A failure of a kind, told by `message`.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// The exit status.
    pub fn exit_code(&self) -> ExitCode {
        self.kind.exit_code()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let kind = match error {
            StoreError::NotEnrolled(_) => Kind::NotEnrolled,
            _ => Kind::Unavailable,
        };
        let nothing_saved = match &error {
            StoreError::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
                "; the disk is full: make room, and start again. Nothing was changed"
            }
            _ => "",
        };
        Self::new(kind, format!("{error}{nothing_saved}"))
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let refusal = match refusal {
            Refusal::Store(error) => return error.into(),
            other => other,
        };
        let kind = match &refusal {
            Refusal::NotPermitted | Refusal::PasswordRequired | Refusal::AccountRefused(_) => {
                Kind::NotPermitted
            }
            Refusal::UnknownUser(_) => Kind::UnknownUser,
            Refusal::NoPassword => Kind::NoPassword,
            Refusal::WrongPassword => Kind::WrongPassword,
            Refusal::CurrentCodeRefused(verdict, _) => match verdict {
                Verdict::Wrong { locked: true, .. } | Verdict::Locked => Kind::Locked,
                Verdict::Wrong { wait_seconds: 1.., .. } | Verdict::Wait { .. } => Kind::Wait,
                Verdict::ClockWentBack { .. } | Verdict::Changed => Kind::Unavailable,
                _ => Kind::WrongCode,
            },
            Refusal::CurrentCodeRequired | Refusal::NotACode | Refusal::NotProven(_) => {
                Kind::WrongCode
            }
            Refusal::AlreadyEnrolled(_) => Kind::AlreadyEnrolled,
            Refusal::Unavailable(_) | Refusal::NoEnrolmentBegun | Refusal::Store(_) => {
                Kind::Unavailable
            }
        };
        Self::new(kind, refusal.to_string())
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(Kind::BadConfig, error.to_string())
    }
}
