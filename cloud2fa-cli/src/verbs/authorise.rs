//! What a change needs before it is made: the password, and a code of what is to be changed.

use super::tries::{Missed, until_right};
use crate::dialogue::{Dialogue, Question};
use crate::failure::Failure;
use crate::machine;
use cloud2fa::manage::{Manager, Refusal};
use cloud2fa::{Answer, User, Verdict};

/// Asks for what a change of `user`'s second factor needs, and makes it.
pub fn change<T>(
    user: &User,
    manager: &mut dyn Manager,
    dialogue: &mut dyn Dialogue,
    mut make: impl FnMut(&mut dyn Manager, Option<&Answer>) -> Result<T, Refusal>,
) -> Result<T, Failure> {
    let needs = manager.requirements(user, &machine::now)?;
    if needs.password || needs.current_code {
        dialogue.require_interactive()?;
    }
    if needs.password {
        until_right(dialogue, Question::Password, |typed| {
            manager.authenticate(user, typed).map_err(missed)
        })?;
    }
    if !needs.current_code {
        return Ok(make(manager, None)?);
    }
    until_right(dialogue, Question::CurrentCode, |typed| {
        let answer = Answer::parse(typed).ok_or_else(|| missed(Refusal::NotACode))?;
        make(manager, Some(&answer)).map_err(missed)
    })
}

/// Whether another password or code may be taken now.
fn missed(refusal: Refusal) -> Missed {
    match refusal {
        Refusal::NotACode => Missed::NotACode(refusal.into()),
        Refusal::WrongPassword
        | Refusal::CurrentCodeRefused(
            Verdict::Wrong { wait_seconds: 0, locked: false, .. } | Verdict::Replayed { .. },
            _,
        ) => Missed::wrong(refusal),
        refusal => Missed::Over(refusal.into()),
    }
}
