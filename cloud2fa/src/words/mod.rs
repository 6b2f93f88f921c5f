//! The catalogue: what people read. A language is one constant of one type, so that the compiler finds what
//! a language lacks; nothing is read or looked up at a login. What programs read (the log, JSON, ids) stands
//! elsewhere.

pub mod command;
mod english;
mod french;
mod login;

pub use command::Command;
pub use english::{ENGLISH, ENGLISH_REFUSALS};
pub use french::FRENCH;
pub use login::Login;

/// All texts of a language.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    /// What the module says.
    pub login: Login,
    /// What the command says.
    pub command: Command,
}
