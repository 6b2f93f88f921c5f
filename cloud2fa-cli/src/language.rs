//! The language that the command speaks.

use cloud2fa::words::{Command, ENGLISH};

/// The command's texts.
pub const WORDS: &Command = &ENGLISH.command;
