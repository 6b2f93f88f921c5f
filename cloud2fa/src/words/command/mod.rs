//! The command's texts. They have no line break at their end: the command lays them out.

mod enrolment;
mod failures;
mod overview;
mod questions;
mod refusals;
mod results;
mod setup;

pub use enrolment::Enrolment;
pub use failures::{Advice, Failures};
pub use overview::{Examination, Overview};
pub use questions::Questions;
pub use refusals::Refusals;
pub use results::{Losses, Results, Trial};
pub use setup::{Setup, SetupFailures};

/// What the command `cloud2fa` says, by topic.
#[derive(Debug, Clone, Copy)]
pub struct Command {
    /// What is asked, and why it is asked again.
    pub questions: Questions,
    /// How a new key and new backup codes are shown.
    pub enrolment: Enrolment,
    /// What was done.
    pub results: Results,
    /// What `verify` says to a code.
    pub trial: Trial,
    /// How users stand.
    pub overview: Overview,
    /// How `doctor` shows what it has found.
    pub examination: Examination,
    /// Why the command did not do what it was asked for.
    pub failures: Failures,
    /// Why a second factor was not changed.
    pub refusals: Refusals,
    /// What to do next.
    pub advice: Advice,
    /// What `setup` shows, asks and has done.
    pub setup: Setup,
    /// Why `setup` does not do it.
    pub setup_failures: SetupFailures,
}
