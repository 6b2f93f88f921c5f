//! Asking until the answer is right, three times in all.

use crate::dialogue::{Again, Dialogue, Question};
use crate::failure::Failure;
use cloud2fa::ceremony::TRIES;

/// Why an answer did not do.
pub enum Missed {
    /// It is wrong, and may be asked for again. What it fails with, if it was the last try.
    Wrong(Failure),
    /// Another answer would not help.
    Over(Failure),
}

impl Missed {
    /// A wrong answer that `failure` tells of, if it was the last.
    pub fn wrong(failure: impl Into<Failure>) -> Self {
        Self::Wrong(failure.into())
    }
}

/// Asks until `take` takes the answer.
pub fn until_right<T>(
    dialogue: &mut dyn Dialogue,
    what: Question,
    mut take: impl FnMut(&[u8]) -> Result<T, Missed>,
) -> Result<T, Failure> {
    let (mut tries_left, mut again) = (TRIES, None);
    loop {
        let typed = dialogue.ask(what, again)?;
        tries_left -= 1;
        match take(&typed) {
            Ok(right) => return Ok(right),
            Err(Missed::Wrong(_)) if tries_left > 0 => {
                again = Some(Again { tries_left, clock_off_seconds: None });
            }
            Err(Missed::Wrong(failure) | Missed::Over(failure)) => return Err(failure),
        }
    }
}
