//! An enrolment as its user goes through it: a key is shown, a code of it is asked for until one proves it,
//! and what is handed out is saved before anybody sees it. Without input and output: the command drives it,
//! on either side of the service, and whoever else enrols somebody.

use crate::answer::Answer;
use crate::enrolment::NotProven;
use crate::manage::{Manager, Refusal};
use crate::store::Issued;
use crate::time::Clock;

/// How often an answer may be wrong.
const TRIES: u32 = 3;
/// How often something may be typed that cannot be an answer at all. It is no try; but a program that goes on
/// saying it comes to an end.
const MISSHAPEN: u32 = 10;

/// How often somebody who is asked may still answer.
#[derive(Debug, Clone, Copy)]
pub struct Tries {
    left: u32,
    misshapen_left: u32,
}

impl Default for Tries {
    fn default() -> Self {
        Self { left: TRIES, misshapen_left: MISSHAPEN }
    }
}

impl Tries {
    /// After an answer that was wrong: how many are left.
    pub fn after_a_wrong_one(&mut self) -> u32 {
        self.left = self.left.saturating_sub(1);
        self.left
    }

    /// After something that cannot be an answer: how many are left. It takes none, within reason.
    pub fn after_a_misshapen_one(&mut self) -> u32 {
        self.misshapen_left = self.misshapen_left.saturating_sub(1);
        if self.misshapen_left == 0 { 0 } else { self.left }
    }
}

/// An enrolment of which the key has been made, and not yet proven.
pub struct Ceremony<'m> {
    manager: &'m mut dyn Manager,
    tries: Tries,
}

/// What came of a code.
#[derive(Debug)]
pub enum Step {
    /// It proves the key, and the enrolment is saved: the backup codes are to be shown.
    HandOut(Issued),
    /// It does not. With tries left another one may be asked for; with none the enrolment is over, and
    /// nothing was saved.
    NotProven {
        /// Why not.
        why: NotProven,
        /// How often it may be tried again.
        tries_left: u32,
    },
    /// It is none of an app, and was not looked at. As with [`Step::NotProven`], another one may be asked
    /// for while tries are left.
    NotACode {
        /// How often it may be tried again.
        tries_left: u32,
    },
}

impl<'m> Ceremony<'m> {
    /// Of the enrolment that `manager` has begun, whose key was shown.
    pub fn new(manager: &'m mut dyn Manager) -> Self {
        Self { manager, tries: Tries::default() }
    }

    /// Takes what was typed for a code. Only the app can prove that it has the key.
    pub fn answer(&mut self, typed: &[u8], clock: Clock<'_>) -> Result<Step, Refusal> {
        let Some(Answer::Token(token)) = Answer::parse(typed) else {
            return Ok(Step::NotACode { tries_left: self.tries.after_a_misshapen_one() });
        };
        match self.manager.confirm_enrolment(&token, clock) {
            Err(Refusal::NotProven(why)) => {
                Ok(Step::NotProven { why, tries_left: self.tries.after_a_wrong_one() })
            }
            outcome => outcome.map(Step::HandOut),
        }
    }
}
