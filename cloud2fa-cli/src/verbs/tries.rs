//! Asking until the answer is right, three times in all.

use crate::dialogue::{Again, Dialogue, Question, Why};
use crate::failure::Failure;
use cloud2fa::ceremony::Tries;

/// Why an answer did not do.
pub enum Missed {
    /// It is wrong, and may be asked for again. What it fails with, if it was the last try.
    Wrong(Failure),
    /// It cannot be an answer, which is no try. What it fails with, if there are too many of them.
    NotACode(Failure),
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
    let (mut tries, mut again) = (Tries::default(), None);
    loop {
        let typed = dialogue.ask(what, again)?;
        let (why, tries_left, failure) = match take(&typed) {
            Ok(right) => return Ok(right),
            Err(Missed::Wrong(failure)) => (Why::Wrong, tries.after_a_wrong_one(), failure),
            Err(Missed::NotACode(failure)) => {
                (Why::NotACode, tries.after_a_misshapen_one(), failure)
            }
            Err(Missed::Over(failure)) => return Err(failure),
        };
        if tries_left == 0 {
            return Err(failure);
        }
        again = Some(Again { why, tries_left });
    }
}
