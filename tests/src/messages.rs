//! What passes between a module and a program: messages, replies, return codes.

use std::ffi::c_int;
use std::fmt;

/// A return code of libpam's.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Code(pub c_int);

macro_rules! codes {
    ($($name:ident = $value:literal),* $(,)?) => {
        impl Code {
            $(#[doc = concat!("`PAM_", stringify!($name), "`.")] pub const $name: Self = Self($value);)*
        }
        impl fmt::Debug for Code {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.0 {
                    $($value => f.write_str(concat!("PAM_", stringify!($name))),)*
                    other => write!(f, "PAM code {other}"),
                }
            }
        }
    };
}

// _pam_types.h
codes! {
    SUCCESS = 0, OPEN_ERR = 1, SYMBOL_ERR = 2, SERVICE_ERR = 3, SYSTEM_ERR = 4, BUF_ERR = 5,
    PERM_DENIED = 6, AUTH_ERR = 7, CRED_INSUFFICIENT = 8, AUTHINFO_UNAVAIL = 9, USER_UNKNOWN = 10,
    MAXTRIES = 11, NEW_AUTHTOK_REQD = 12, CRED_UNAVAIL = 15, CRED_ERR = 17, CONV_ERR = 19, IGNORE = 25, ABORT = 26,
    MODULE_UNKNOWN = 28, CONV_AGAIN = 30, INCOMPLETE = 31,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// How a message is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `PAM_PROMPT_ECHO_OFF`
    AskHidden,
    /// `PAM_PROMPT_ECHO_ON`
    AskShown,
    /// `PAM_ERROR_MSG`
    Reason,
    /// `PAM_TEXT_INFO`
    Information,
}

/// What a module said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// How it is meant.
    pub style: Style,
    /// The words.
    pub text: String,
}

impl Message {
    /// Whether an answer is expected.
    pub fn is_prompt(&self) -> bool {
        matches!(self.style, Style::AskHidden | Style::AskShown)
    }
}

/// What a program does when it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Gives this. Bytes behind a NUL do not arrive.
    Answer(Vec<u8>),
    /// Says "success" and gives NULL for an answer, as some do at the end of their input.
    NoAnswer,
    /// Says "success" and gives no array of answers at all.
    NoArray,
    /// Fails.
    Fails(Code),
}

impl<T: AsRef<[u8]> + ?Sized> From<&T> for Reply {
    fn from(answer: &T) -> Self {
        Self::Answer(answer.as_ref().to_vec())
    }
}
