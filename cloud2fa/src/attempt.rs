//! One answer to one challenge, with all that a store needs to decide on it.

use crate::account::Generation;
use crate::answer::Answer;
use crate::decide::Purpose;
use crate::history::Origin;
use crate::user::User;

/// An answer, and what it was given for.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// Who answers.
    pub user: &'a User,
    /// The enrolment seen at the challenge.
    pub seen: &'a Generation,
    /// What was typed.
    pub answer: &'a Answer,
    /// Why it is evaluated.
    pub purpose: Purpose,
    /// Where it was typed, for the last decisions. A service writes down its own name.
    pub origin: &'a Origin,
}
