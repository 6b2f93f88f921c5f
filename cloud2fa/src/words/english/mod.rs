//! English.

mod enrolment;
mod failures;
mod login;
mod overview;
mod questions;
mod refusals;
mod results;
mod setup;

use super::command::Refusals;
use super::{Command, Login, Words};

/// Of the command's, what the log says, too. By itself, so that who needs it has not all the words.
pub const ENGLISH_REFUSALS: Refusals = refusals::REFUSALS;

pub(super) const ENGLISH_LOGIN: Login = login::LOGIN;

/// English.
pub const ENGLISH: Words = Words {
    login: login::LOGIN,
    command: Command {
        questions: questions::QUESTIONS,
        enrolment: enrolment::ENROLMENT,
        results: results::RESULTS,
        trial: results::TRIAL,
        overview: overview::OVERVIEW,
        examination: overview::EXAMINATION,
        failures: failures::FAILURES,
        refusals: refusals::REFUSALS,
        advice: failures::ADVICE,
        setup: setup::SETUP,
        setup_failures: setup::SETUP_FAILURES,
    },
};
