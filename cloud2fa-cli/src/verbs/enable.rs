//! `enable`: show a new key, let one code prove it, save, show the backup codes.

use super::{unusable, warn_of};
use crate::arguments::{Arguments, Enable};
use crate::caller::{self, require_root};
use crate::dialogue::{Again, Dialogue, Done, NewKey};
use crate::failure::{Failure, Kind};
use crate::machine;
use crate::qr_file::QrFile;
use cloud2fa::enrolment::NotProven;
use cloud2fa::qr::Picture;
use cloud2fa::store::Basis;
use cloud2fa::{Answer, Config, PendingEnrolment, ProvenEnrolment, Standing, Store, User, otpauth};
use std::process::ExitCode;

/// How often the first code may be wrong.
const TRIES: u32 = 3;

pub fn run(
    arguments: &Arguments,
    how: &Enable,
    dialogue: &mut dyn Dialogue,
) -> Result<ExitCode, Failure> {
    let user = caller::resolve(&how.target)?;
    let root = require_root()?;
    dialogue.require_interactive()?;
    let config = machine::config(arguments)?;
    let mut store = machine::store(&config)?;
    let basis = basis(&mut store, &user, how.replace)?;

    let pending = PendingEnrolment::generate().map_err(|error| {
        Failure::new(Kind::Unavailable, format!("{error}; nothing was changed"))
    })?;
    let qr_file = show(&pending, &config, &user, how, dialogue)?;
    let proven = prove(&pending, config.skew, dialogue)?;
    let issued = store.enrol(&user, proven, &root.name, &basis, &machine::now)?;
    if let Some(file) = qr_file {
        file.keep();
    }
    warn_of(&issued.old_copy, &user);
    dialogue.done(user.name.as_str(), &Done::Enabled(&issued.backup_codes))?;
    Ok(ExitCode::SUCCESS)
}

/// What the enrolment begins on.
fn basis(store: &mut dyn Store, user: &User, replace: bool) -> Result<Basis, Failure> {
    match store.status(user, &machine::now) {
        Ok(Standing::Enrolled(..)) if !replace => {
            let message = format!(
                "{0} is enrolled already; `cloud2fa enable --replace --user {0}` replaces the enrolment",
                user.name
            );
            Err(Failure::new(Kind::AlreadyEnrolled, message))
        }
        Ok(standing) => Ok(standing.basis()),
        Err(error) if replace => Ok(unusable(error)?),
        Err(error) => Err(error.into()),
    }
}

/// Shows the key, and writes it into the file that was asked for.
fn show(
    pending: &PendingEnrolment,
    config: &Config,
    user: &User,
    how: &Enable,
    dialogue: &mut dyn Dialogue,
) -> Result<Option<QrFile>, Failure> {
    let (issuer, secret) = (config.issuer_or_host_name(), pending.secret().to_base32());
    let uri = otpauth::uri(&issuer, user.name.as_str(), pending.secret());
    let picture =
        Picture::of(&uri).map_err(|error| Failure::new(Kind::Unavailable, error.to_string()))?;
    let file = how.qr_file.as_deref().map(|path| QrFile::create(path, &picture)).transpose()?;
    dialogue.show_key(&NewKey {
        user: user.name.as_str(),
        issuer: &issuer,
        uri: &uri,
        secret: &secret,
        picture: &picture,
        style: how.qr,
    })?;
    Ok(file)
}

/// Asks for a code until one proves the key.
fn prove(
    pending: &PendingEnrolment,
    skew: u64,
    dialogue: &mut dyn Dialogue,
) -> Result<ProvenEnrolment, Failure> {
    let mut again = None;
    for tries_left in (0..TRIES).rev() {
        let typed = dialogue.ask_code(again)?;
        let not_proven = match Answer::parse(&typed) {
            Some(Answer::Token(token)) => match pending.prove(&token, machine::now(), skew) {
                Ok(proven) => return Ok(proven),
                Err(not_proven) => not_proven,
            },
            Some(Answer::BackupCode(_)) | None => NotProven::WrongCode,
        };
        let clock_off_seconds = match not_proven {
            NotProven::WrongCode => None,
            NotProven::ClockOff { seconds } => Some(seconds),
        };
        again = Some(Again { tries_left, clock_off_seconds });
    }
    let message = "no code was right; nothing was saved. Look whether the app shows the account just added, and start again";
    Err(Failure::new(Kind::WrongCode, message))
}
