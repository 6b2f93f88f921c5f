//! What a change needs before it is made: the password, and a code of what is to be changed.

use crate::dialogue::{Again, Asked, Dialogue};
use crate::failure::Failure;
use crate::machine;
use cloud2fa::manage::{Manager, Refusal};
use cloud2fa::{Answer, User, Verdict};

/// How often each of them may be wrong.
const TRIES: u32 = 3;

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
        prove_password(user, manager, dialogue)?;
    }
    if !needs.current_code {
        return Ok(make(manager, None)?);
    }
    let mut again = None;
    for tries_left in (0..TRIES).rev() {
        let typed = dialogue.ask(Asked::CurrentCode, again)?;
        let refusal = match Answer::parse(&typed) {
            None => Refusal::NotACode,
            Some(answer) => match make(manager, Some(&answer)) {
                Err(refusal) => refusal,
                outcome => return Ok(outcome?),
            },
        };
        if tries_left == 0 || !may_be_asked_again(&refusal) {
            return Err(refusal.into());
        }
        again = Some(Again { tries_left, clock_off_seconds: None });
    }
    unreachable!("the last try ends it")
}

/// Asks for the password until it is right.
fn prove_password(
    user: &User,
    manager: &mut dyn Manager,
    dialogue: &mut dyn Dialogue,
) -> Result<(), Failure> {
    let mut again = None;
    for tries_left in (0..TRIES).rev() {
        let typed = dialogue.ask(Asked::Password, again)?;
        match manager.authenticate(user, &typed) {
            Err(Refusal::WrongPassword) => {}
            outcome => return Ok(outcome?),
        }
        again = Some(Again { tries_left, clock_off_seconds: None });
    }
    Err(Failure::from(Refusal::WrongPassword))
}

/// Whether another code may be taken now.
fn may_be_asked_again(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::NotACode
            | Refusal::CurrentCodeRefused(
                Verdict::Wrong { wait_seconds: 0, locked: false, .. } | Verdict::Replayed { .. },
                _,
            )
    )
}
