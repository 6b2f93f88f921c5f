//! An enrolment as its user goes through it: a key is shown, a code of it is asked for until one proves it,
//! and what is handed out is saved before anybody sees it. Without input and output: the command drives it,
//! on either side of the service, and whoever else enrols somebody.

use crate::answer::Answer;
use crate::enrolment::NotProven;
use crate::manage::{Manager, Refusal};
use crate::store::Issued;
use crate::time::Clock;

/// How often a code may be wrong.
pub const TRIES: u32 = 3;

/// An enrolment of which the key has been made, and not yet proven.
pub struct Ceremony<'m> {
    manager: &'m mut dyn Manager,
    tries_left: u32,
}

/// What came of a code.
#[derive(Debug)]
pub enum Step {
    /// It proves the key, and the enrolment is saved: the backup codes are to be shown.
    HandOut(Issued),
    /// It does not. With tries left another one may be asked for; with none the enrolment is over, and
    /// nothing was saved.
    NotProven {
        /// Why not. `None` if it was none of an app at all, and was not looked at.
        why: Option<NotProven>,
        /// How often it may be tried again.
        tries_left: u32,
    },
}

impl<'m> Ceremony<'m> {
    /// Of the enrolment that `manager` has begun, whose key was shown.
    pub fn new(manager: &'m mut dyn Manager) -> Self {
        Self { manager, tries_left: TRIES }
    }

    /// Takes what was typed for a code. Only the app can prove that it has the key.
    pub fn answer(&mut self, typed: &[u8], clock: Clock<'_>) -> Result<Step, Refusal> {
        self.tries_left = self.tries_left.saturating_sub(1);
        let why = match Answer::parse(typed) {
            Some(Answer::Token(token)) => match self.manager.confirm_enrolment(&token, clock) {
                Err(Refusal::NotProven(why)) => Some(why),
                outcome => return outcome.map(Step::HandOut),
            },
            Some(Answer::BackupCode(_)) | None => None,
        };
        Ok(Step::NotProven { why, tries_left: self.tries_left })
    }
}
