//! The catalogue: what people read. A language is one constant of one type, so that the compiler finds what
//! a language lacks; nothing is read or looked up at a login. What programs read (the log, JSON, ids) stands
//! elsewhere.

pub mod command;
mod english;
mod french;
mod login;

pub use command::Command;
use english::ENGLISH_LOGIN;
pub use english::{ENGLISH, ENGLISH_REFUSALS};
pub use french::FRENCH;
use french::FRENCH_LOGIN;
pub use login::Login;

/// The languages there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// French.
    French,
}

impl Language {
    /// What the module says in it.
    pub fn of_logins(self) -> &'static Login {
        // Each by itself, so that the module has not all that the command says.
        match self {
            Self::English => &ENGLISH_LOGIN,
            Self::French => &FRENCH_LOGIN,
        }
    }
}

/// All texts of a language.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    /// What the module says.
    pub login: Login,
    /// What the command says.
    pub command: Command,
}
