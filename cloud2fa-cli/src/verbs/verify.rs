//! `verify`: what a login would say to a code. A right one is not spent and clears nothing, a wrong
//! one of the app counts.

use super::tries::{Missed, until_right};
use super::{manager, require_enrolled, say_whose};
use crate::arguments::{Arguments, Target};
use crate::dialogue::{Dialogue, Question, Shut};
use crate::failure::{Failure, Kind};
use crate::language::WORDS;
use crate::{log, machine};
use cloud2fa::history::Origin;
use cloud2fa::manage::Manager;
use cloud2fa::store;
use cloud2fa::{Answer, Attempt, Found, Purpose, Standing, StoreError, User, Verdict};
use std::process::ExitCode;

pub fn run(
    arguments: &Arguments,
    target: &Target,
    dialogue: &mut dyn Dialogue,
) -> Result<ExitCode, Failure> {
    let (user, mut manager) = manager(arguments, target)?;
    dialogue.require_interactive()?;
    let found = manager.challenge(&user, &machine::now)?;
    require_enrolled(&user, &found.standing)?;
    say_whose(&user, &found.whose, dialogue)?;
    let shut = found.standing.status().and_then(store::Shut::of).map(Shut::from);
    let answer = ask(dialogue, shut)?;
    match evaluate(&user, &found, &answer, &mut *manager, dialogue)? {
        Verdict::Accepted { .. } => Ok(ExitCode::SUCCESS),
        Verdict::Wrong { .. } | Verdict::Replayed { .. } => Ok(Kind::WrongCode.exit_code()),
        Verdict::Wait { .. } => Ok(Kind::Wait.exit_code()),
        Verdict::Locked => Ok(Kind::Locked.exit_code()),
        Verdict::Changed => Err(StoreError::Changed(user.name).into()),
        Verdict::ClockWentBack { behind_by } => {
            Err(Failure::new(Kind::Unavailable, (WORDS.failures.clock_is_behind)(behind_by)))
        }
    }
}

/// Says what a login would say to an answer to what was found.
pub fn evaluate(
    user: &User,
    found: &Found,
    answer: &Answer,
    manager: &mut dyn Manager,
    dialogue: &mut dyn Dialogue,
) -> Result<Verdict, Failure> {
    let Standing::Enrolled(seen, _) = &found.standing else {
        return Err(StoreError::NotEnrolled(user.name.clone()).into());
    };
    let (purpose, origin) = (Purpose::Trial, &Origin::own());
    let verdict =
        manager.verify(&Attempt { user, seen, answer, purpose, origin }, &machine::now)?;
    log::trial(user, &found.whose, &verdict, answer.factor());
    dialogue.verdict(user.name.as_str(), &verdict, Some(answer.factor()))?;
    Ok(verdict)
}

/// Asks until something shaped like a code is typed. What is not counts as nothing.
fn ask(dialogue: &mut dyn Dialogue, shut: Option<Shut>) -> Result<Answer, Failure> {
    until_right(dialogue, shut.map_or(Question::Code, Question::BackupCode), |typed| {
        let failure = || Failure::new(Kind::WrongCode, WORDS.failures.no_code);
        Answer::parse(typed).ok_or_else(|| Missed::NotACode(failure()))
    })
}
