//! Why a person is asked for something once more, or for a backup code alone.

use super::{Again, Question, Shut, Why};
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
    let why = match (what, again.why) {
        (_, Why::NotACode) => return words.not_a_code.to_owned(),
        (Question::Password, _) => words.wrong_password,
        (Question::CurrentCode, _) => words.wrong_current_code,
        (Question::Code | Question::BackupCode(_), _) => words.wrong_code,
    };
    format!("{why} {}", (words.tries_left)(again.tries_left))
}

/// Why a new key is to be proven once more.
pub fn not_proven(again: Again) -> String {
    let words = &WORDS.questions;
    let why = match again.why {
        Why::NotACode => return words.not_digits.to_owned(),
        Why::ClockOff { seconds } => (words.clock_is_off)(seconds),
        Why::Wrong => words.wrong_code.to_owned(),
    };
    format!("{why} {}", (words.tries_left)(again.tries_left))
}
