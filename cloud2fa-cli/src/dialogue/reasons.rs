//! Why a person is asked for something once more, or for a backup code alone.

use super::{Again, Question, Shut};
use crate::language::WORDS;

/// Why no code of the app is taken.
pub fn shut(shut: Shut) -> String {
    match shut {
        Shut::Wait(seconds) => (WORDS.questions.must_wait)(seconds),
        Shut::Locked => WORDS.questions.locked.to_owned(),
    }
}

/// Why something is asked for once more.
pub fn again(what: Question, again: Again) -> String {
    let words = &WORDS.questions;
    let why = match (what, again.clock_off_seconds) {
        (Question::Password, _) => words.wrong_password.to_owned(),
        (Question::CurrentCode, _) => words.wrong_current_code.to_owned(),
        (Question::Code | Question::BackupCode(_), None) => words.wrong_code.to_owned(),
        (Question::Code | Question::BackupCode(_), Some(seconds)) => (words.clock_is_off)(seconds),
    };
    format!("{why} {}", (words.tries_left)(again.tries_left))
}
