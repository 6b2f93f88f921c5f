//! Why the command did not do what it was asked for: a kind for programs, a text for people.

use crate::advice;
use crate::language::WORDS;
use cloud2fa::config::ConfigError;
use cloud2fa::manage::Refusal;
use cloud2fa::roster::Unsayable;
use cloud2fa::{StoreError, Verdict};
use std::fmt;
use std::io;
use std::process::ExitCode;

/// Writes each kind down once: its meaning, its name, its word in JSON, its exit status.
macro_rules! kinds {
    ($(#[doc = $meaning:literal] $name:ident = $word:literal, $status:literal;)+) => {
        /// Kinds of failure. cloud2fa(1) documents each, which a test sees to.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Kind {
            $(#[doc = $meaning] $name,)+
        }

        impl Kind {
            /// All there are.
            #[cfg(test)]
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The word in JSON.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }

            /// The exit status, as a number.
            pub fn status(self) -> u8 {
                match self {
                    $(Self::$name => $status,)+
                }
            }
        }
    };
}

kinds! {
    /// What was typed makes no sense.
    Usage = "usage", 2;
    /// The password was wrong.
    WrongPassword = "wrong_password", 3;
    /// No code was proven.
    WrongCode = "wrong_code", 3;
    /// There is no enrolment.
    NotEnrolled = "not_enrolled", 4;
    /// There is one already.
    AlreadyEnrolled = "already_enrolled", 4;
    /// Too soon after wrong codes.
    Wait = "wait", 5;
    /// Locked after too many wrong codes.
    Locked = "locked", 5;
    /// There is no password that could be checked.
    NoPassword = "no_password", 1;
    /// Not the caller's to do.
    NotPermitted = "not_permitted", 1;
    /// The system has no such user.
    UnknownUser = "unknown_user", 1;
    /// Store or system do not work.
    Unavailable = "unavailable", 1;
    /// cloud2fa.toml says what it must not.
    BadConfig = "bad_config", 1;
    /// Ctrl-C, or the end of the input.
    Interrupted = "interrupted", 130;
}

impl Kind {
    /// The exit status.
    pub fn exit_code(self) -> ExitCode {
        ExitCode::from(self.status())
    }
}

/// A failure: what happened, and what to do next.
#[derive(Debug)]
pub struct Failure {
    /// For programs.
    pub kind: Kind,
    message: String,
    /// Whether nobody reads the output any more.
    is_unheard: bool,
}

impl Failure {
    /// A failure of a kind, told by `message`.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), is_unheard: false }
    }

    /// What is said could not be written; `message` tells why.
    pub fn of_output(error: &io::Error, message: String) -> Self {
        let is_unheard = error.kind() == io::ErrorKind::BrokenPipe;
        Self { is_unheard, ..Self::new(Kind::Unavailable, message) }
    }

    /// Whether the reader of the output is gone, as `head` is when it has seen enough.
    pub fn is_unheard(&self) -> bool {
        self.is_unheard
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
        let words = &WORDS.advice;
        let refusal = Refusal::from(error);
        let text = refusal.text(&WORDS.refusals);
        let message = match &refusal {
            Refusal::Store(StoreError::NotEnrolled(name)) => {
                (words.not_enrolled)(&text, &advice::command("enable", name.as_str()))
            }
            Refusal::Store(StoreError::Changed(name)) => {
                (words.changed)(&text, &advice::command("status", name.as_str()))
            }
            Refusal::Store(StoreError::Io { source, .. })
                if source.kind() == io::ErrorKind::StorageFull =>
            {
                (words.disk_is_full)(&text)
            }
            _ => text,
        };
        Self::new(kind, message)
    }
}

impl From<Unsayable> for Failure {
    fn from(unsayable: Unsayable) -> Self {
        match unsayable {
            Unsayable::Record(error) => error.into(),
            Unsayable::Name(..) => Self::new(Kind::Unavailable, unsayable.to_string()),
        }
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
            Refusal::BadConfig(_) => Kind::BadConfig,
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
            Refusal::AlreadyEnrolled(_) | Refusal::EnrolledAs { .. } => Kind::AlreadyEnrolled,
            Refusal::Unavailable(_) | Refusal::NoEnrolmentBegun | Refusal::Store(_) => {
                Kind::Unavailable
            }
        };
        let message = match &refusal {
            Refusal::AlreadyEnrolled(name) => {
                let replace = advice::command("enable --replace", name.as_str());
                (WORDS.advice.enrolled)(&refusal.text(&WORDS.refusals), &replace)
            }
            _ => refusal.text(&WORDS.refusals),
        };
        Self::new(kind, message)
    }
}

/// The machine's files, or what looks after them.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::new(Kind::Unavailable, (WORDS.setup_failures.cannot_be_done)(&error))
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(Kind::BadConfig, error.to_string())
    }
}
