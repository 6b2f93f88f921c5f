//! `enable`: show a new key, let one code prove it, save, show the backup codes.

use super::{Saved, change, manager, verify, warn_of};
use crate::arguments::{Arguments, Enable};
use crate::dialogue::{Again, Dialogue, Done, NewCodes, NewKey, Why};
use crate::failure::{Failure, Kind};
use crate::language::WORDS;
use crate::new_file::NewFile;
use crate::{asking, caller, log, machine};
use cloud2fa::ceremony::{Ceremony, Step};
use cloud2fa::log::Decision;
use cloud2fa::manage::{self, Manager, Refusal};
use cloud2fa::qr::Picture;
use cloud2fa::store::Issued;
use cloud2fa::totp::STEP_SECONDS;
use cloud2fa::{Answer, BackupCode, Factor, User, Verdict};
use std::path::PathBuf;
use std::process::ExitCode;

pub fn run(
    arguments: &Arguments,
    how: &Enable,
    dialogue: &mut dyn Dialogue,
) -> Result<ExitCode, Failure> {
    let (user, mut manager) = manager(arguments, &how.target)?;
    dialogue.require_interactive()?;
    may_begin(&user, how, &mut *manager)?;
    // What can fail without anything spent, fails before.
    let mut files = Files::create(how)?;
    if manager.requirements(&user, &machine::now)?.current_code {
        dialogue.make_room(user.name.as_str(), how.qr)?;
    }
    // Between the commit and the backup codes nothing is looked up.
    let (asked_by, mut spent) = (asking::asked_by(), None);
    let key = change(&user, &mut *manager, dialogue, |manager, current| {
        spent = current.map(Answer::factor);
        manager.begin_enrolment(&user, how.replace, current, &machine::now)
    })?;
    let proven = show_and_prove(&key, &user, how, &mut files, &mut *manager, dialogue);
    let issued = proven.map_err(|failure| with_what_is_spent(failure, spent))?;
    let Issued { backup_codes, old_copy, cleared } = issued;
    log::change("ConfirmEnrolment", &user, &user, Decision::Enrolled, &old_copy, cleared);
    let saved = files.keep(&user, &backup_codes);
    let codes = NewCodes { codes: &backup_codes, file: saved.file() };
    dialogue.done(user.name.as_str(), &Done::Enabled(codes, &asked_by), cleared)?;
    saved.warn();
    warn_of(&old_copy, &user);
    match try_out(&user, &mut *manager, dialogue) {
        Err(failure) if failure.kind != Kind::Interrupted => dialogue.fail(&failure)?,
        // It is on: who leaves leaves nothing undone.
        Ok(()) | Err(_) => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// The new files that were asked for.
struct Files {
    qr: Option<NewFile>,
    codes: Option<NewFile>,
}

impl Files {
    fn create(how: &Enable) -> Result<Self, Failure> {
        let new = |path: &Option<PathBuf>| path.as_deref().map(NewFile::create).transpose();
        Ok(Self { qr: new(&how.qr_file)?, codes: new(&how.codes.codes_file)? })
    }

    /// The enrolment has come about, with these backup codes.
    fn keep(self, user: &User, codes: &[BackupCode]) -> Saved {
        self.qr.map(NewFile::keep);
        Saved::write(self.codes, user, codes)
    }
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

/// Shows the key, and writes it into the file that was asked for; asks for a code until one proves the key,
/// which is saved then.
fn show_and_prove(
    key: &manage::NewKey,
    user: &User,
    how: &Enable,
    files: &mut Files,
    manager: &mut dyn Manager,
    dialogue: &mut dyn Dialogue,
) -> Result<Issued, Failure> {
    let picture = Picture::of(&key.uri)
        .map_err(|error| Failure::new(Kind::Unavailable, error.to_string()))?;
    files.qr.as_mut().map(|file| file.write(&picture.svg())).transpose()?;
    let shown = NewKey {
        user: user.name.as_str(),
        account: &key.account,
        issuer: &key.issuer,
        uri: &key.uri,
        secret: &key.secret,
        picture: &picture,
        style: how.qr,
        shows_link: how.show_link,
    };
    let (mut ceremony, mut again) = (Ceremony::new(manager), None);
    loop {
        let typed = dialogue.ask_for_proof(&shown, again)?;
        let (why, tries_left) = match ceremony.answer(&typed, &machine::now)? {
            Step::HandOut(issued) => return Ok(issued),
            Step::NotACode { tries_left } => (Why::NotACode, tries_left),
            Step::NotProven { why, tries_left } => {
                log::not_proven(user, why);
                (Why::from(why), tries_left)
            }
        };
        if tries_left == 0 {
            return Err(Failure::new(Kind::WrongCode, WORDS.failures.not_proven));
        }
        again = Some(Again { why, tries_left });
    }
}

/// Why nothing was changed, where a backup code was used for it.
fn with_what_is_spent(failure: Failure, spent: Option<Factor>) -> Failure {
    let words = &WORDS.failures;
    match (spent, failure.kind) {
        (Some(Factor::BackupCode), Kind::Interrupted) => {
            Failure::new(failure.kind, words.interrupted_and_spent)
        }
        (Some(Factor::BackupCode), kind) => Failure::new(kind, (words.and_spent)(&failure)),
        (Some(Factor::Token) | None, _) => failure,
    }
}

/// How often the next code may be typed, until it is right.
const TRIALS: u32 = 3;

/// Offers to try the next code, as a login would take it: without spending it, a wrong one counts.
fn try_out(
    user: &User,
    manager: &mut dyn Manager,
    dialogue: &mut dyn Dialogue,
) -> Result<(), Failure> {
    for _ in 0..TRIALS {
        let into_the_step = machine::now().0 % STEP_SECONDS;
        let Some(answer) = dialogue.next_code(STEP_SECONDS - into_the_step)? else { break };
        let found = manager.challenge(user, &machine::now)?;
        let verdict = verify::evaluate(user, &found, &answer, manager, dialogue)?;
        if matches!(verdict, Verdict::Accepted { .. }) {
            break;
        }
    }
    Ok(())
}
