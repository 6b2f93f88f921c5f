//! French. `setup` and `doctor` speak English so far.

mod enrolment;
mod failures;
mod login;
mod overview;
mod questions;
mod refusals;
mod results;

use super::{Command, ENGLISH, Login, Words};

pub(super) const FRENCH_LOGIN: Login = login::LOGIN;

/// French.
pub const FRENCH: Words = Words {
    login: login::LOGIN,
    command: Command {
        questions: questions::QUESTIONS,
        enrolment: enrolment::ENROLMENT,
        results: results::RESULTS,
        trial: results::TRIAL,
        overview: overview::OVERVIEW,
        failures: failures::FAILURES,
        refusals: refusals::REFUSALS,
        advice: failures::ADVICE,
        ..ENGLISH.command
    },
};
