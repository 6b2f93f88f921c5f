//! English.

mod enrolment;
mod failures;
mod login;
mod overview;
mod questions;
mod results;
mod setup;

use super::{Command, Words};

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
        advice: failures::ADVICE,
        setup: setup::SETUP,
        setup_failures: setup::SETUP_FAILURES,
    },
};
