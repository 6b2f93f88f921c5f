//! `enable`: show a new key, let one code prove it, save, show the backup codes.

use super::{change, manager, warn_of};
use crate::arguments::{Arguments, Enable};
use crate::dialogue::{Again, Dialogue, Done, NewKey, Question};
use crate::failure::{Failure, Kind};
use crate::language::WORDS;
use crate::qr_file::QrFile;
use crate::{caller, log, machine};
use cloud2fa::User;
use cloud2fa::ceremony::{Ceremony, Step};
use cloud2fa::enrolment::NotProven;
use cloud2fa::log::Decision;
use cloud2fa::manage::{self, Manager, Refusal};
use cloud2fa::qr::Picture;
use cloud2fa::store::Issued;
use std::process::ExitCode;

pub fn run(
    arguments: &Arguments,
    how: &Enable,
    dialogue: &mut dyn Dialogue,
) -> Result<ExitCode, Failure> {
    let (user, mut manager) = manager(arguments, &how.target)?;
    dialogue.require_interactive()?;
    may_begin(&user, how, &mut *manager)?;
    // Between the commit and the backup codes nothing is looked up.
    let asked_by = machine::asked_by();
    let key = change(&user, &mut *manager, dialogue, |manager, current| {
        manager.begin_enrolment(&user, how.replace, current, &machine::now)
    })?;
    let qr_file = show(&key, &user, how, dialogue)?;
    let issued = prove(&user, &mut *manager, dialogue)?;
    let Issued { backup_codes, old_copy, cleared } = issued;
    log::change("ConfirmEnrolment", &user, &user, Decision::Enrolled, &old_copy, cleared);
    if let Some(file) = qr_file {
        file.keep();
    }
    warn_of(&old_copy, &user);
    let done = Done::Enabled(&backup_codes, &asked_by);
    dialogue.done(user.name.as_str(), &done, cleared)?;
    Ok(ExitCode::SUCCESS)
}

/// Looks whether there is an enrolment already, before anything is asked. Root makes one of its own for
/// a name that is asked for another one's codes; its owner is refused.
fn may_begin(user: &User, how: &Enable, manager: &mut dyn Manager) -> Result<(), Failure> {
    // One that cannot be used may be replaced; whether it may be is the manager's to say.
    let found = match manager.status(user, &machine::now) {
        Err(_) if how.replace => return Ok(()),
        outcome => outcome?,
    };
    let is_enrolled = found.standing.status().is_some();
    if is_enrolled && found.whose != *user && caller::root().is_none() {
        let (name, whose) = (user.name.clone(), found.whose.name);
        return Err(Refusal::EnrolledAs { name, whose }.into());
    }
    if is_enrolled && found.whose == *user && !how.replace {
        return Err(Refusal::AlreadyEnrolled(user.name.clone()).into());
    }
    Ok(())
}

/// Shows the key, and writes it into the file that was asked for.
fn show(
    key: &manage::NewKey,
    user: &User,
    how: &Enable,
    dialogue: &mut dyn Dialogue,
) -> Result<Option<QrFile>, Failure> {
    let picture = Picture::of(&key.uri)
        .map_err(|error| Failure::new(Kind::Unavailable, error.to_string()))?;
    let file = how.qr_file.as_deref().map(|path| QrFile::create(path, &picture)).transpose()?;
    dialogue.show_key(&NewKey {
        user: user.name.as_str(),
        issuer: &key.issuer,
        uri: &key.uri,
        secret: &key.secret,
        picture: &picture,
        style: how.qr,
    })?;
    Ok(file)
}

/// Asks for a code until one proves the key, which is saved then.
fn prove(
    user: &User,
    manager: &mut dyn Manager,
    dialogue: &mut dyn Dialogue,
) -> Result<Issued, Failure> {
    let (mut ceremony, mut again) = (Ceremony::new(manager), None);
    loop {
        let typed = dialogue.ask(Question::Code, again)?;
        let (why, tries_left) = match ceremony.answer(&typed, &machine::now)? {
            Step::HandOut(issued) => return Ok(issued),
            Step::NotProven { why, tries_left } => (why, tries_left),
        };
        if let Some(why) = why {
            log::not_proven(user, why);
        }
        if tries_left == 0 {
            return Err(Failure::new(Kind::WrongCode, WORDS.failures.not_proven));
        }
        let clock_off_seconds = match why {
            Some(NotProven::ClockOff { seconds }) => Some(seconds),
            Some(NotProven::WrongCode) | None => None,
        };
        again = Some(Again { tries_left, clock_off_seconds });
    }
}
