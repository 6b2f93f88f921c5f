//! The text of format 1, which the first versions wrote: it is read for ever, and written for who
//! goes back to one of them.

use super::Content;
use super::lines::{Lines, quoted, unquoted};
use super::read::read_spent;
use crate::account::{
    Account, Drift, Enrolment, Generation, Holder, Ignorable, Notices, Remembered, Tolls, Usage,
};
use crate::backup_codes::{BackupCodeSet, CODES, CodeHash, HashRecipe};
use crate::budget::Budget;
use crate::history::History;
use crate::throttle::Wait;
use crate::time::UnixTime;
use crate::totp::{Parameters, STEP_SECONDS, Secret, TimeStep};
use crate::user::UserName;
use data_encoding::HEXLOWER;
use std::io::{Result, Write};

/// Why a record cannot be said in format 1: without it, it would be another enrolment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotInFormat1 {
    /// There is no uid.
    #[error("it has no uid")]
    NoUid,
    /// The secret is sealed.
    #[error("its secret is sealed")]
    Sealed,
    /// The secret has less than 128 bits.
    #[error("its key has less than 128 bits")]
    WeakKey,
    /// The app makes codes in another way than every app can.
    #[error("its codes are not made with SHA-1, 6 digits and 30 seconds")]
    Parameters,
    /// The phone's clock is off.
    #[error("the phone's clock is known to be off")]
    Drift,
    /// Nothing has confirmed it yet.
    #[error("no code has confirmed it yet")]
    Unconfirmed,
}

/// What format 1 has no place for, and what can be done without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lost {
    /// How many wrong tokens of the last 30 days count.
    Budget,
    /// What wrong tokens have cost at daemons.
    Tolls,
    /// The last decisions.
    Decisions,
    /// Keys that are not asked again.
    RememberedKeys,
    /// What the user would have been told.
    Notices,
    /// The ticket.
    Ticket,
    /// The last attempt with an id.
    LastAttempt,
    /// That the user has not shown to have the backup codes.
    CodesNotSeen,
    /// What a later version left.
    Ignorable,
}

impl Lost {
    /// A word for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Budget => "budget",
            Self::Tolls => "tolls",
            Self::Decisions => "decisions",
            Self::RememberedKeys => "remembered_keys",
            Self::Notices => "notices",
            Self::Ticket => "ticket",
            Self::LastAttempt => "last_attempt",
            Self::CodesNotSeen => "codes_not_seen",
            Self::Ignorable => "ignorable",
        }
    }
}

/// The text of `account`, and what is not in it.
pub(in crate::store) fn write(
    account: &Account,
) -> std::result::Result<(Content, Vec<Lost>), NotInFormat1> {
    let uid = account.user.uid.ok_or(NotInFormat1::NoUid)?;
    account.enrolment.as_ref().map_or(Ok(()), can_be_said)?;
    let mut text = Content::with_room_for(8192);
    write_lines(account, uid, &mut text).expect("a Vec takes all that is written");
    Ok((text, lost(account)))
}

fn can_be_said(enrolment: &Enrolment) -> std::result::Result<(), NotInFormat1> {
    let secret = &enrolment.secret;
    for (cannot, why) in [
        (secret.sealed().is_some(), NotInFormat1::Sealed),
        (secret.replace_by().is_some(), NotInFormat1::WeakKey),
        (secret.parameters() != Parameters::USUAL, NotInFormat1::Parameters),
        (enrolment.drift != Drift::default(), NotInFormat1::Drift),
        (enrolment.unconfirmed_until.is_some(), NotInFormat1::Unconfirmed),
    ] {
        if cannot {
            return Err(why);
        }
    }
    Ok(())
}

fn lost(account: &Account) -> Vec<Lost> {
    let (usage, enrolment) = (&account.usage, account.enrolment.as_ref());
    let all = [
        (usage.budget != Budget::default(), Lost::Budget),
        (usage.tolls != Tolls::default(), Lost::Tolls),
        (usage.history != History::default(), Lost::Decisions),
        (usage.remembered != Remembered::default(), Lost::RememberedKeys),
        (usage.notices != Notices::default(), Lost::Notices),
        (account.ticket.is_some(), Lost::Ticket),
        (usage.last_attempt.is_some(), Lost::LastAttempt),
        (enrolment.is_some_and(|enrolment| !enrolment.codes_seen), Lost::CodesNotSeen),
        (account.ignorable != Ignorable::default(), Lost::Ignorable),
    ];
    all.into_iter().filter(|(is_there, _)| *is_there).map(|(_, what)| what).collect()
}

fn write_lines(account: &Account, uid: u32, out: &mut Vec<u8>) -> Result<()> {
    writeln!(out, "generation = \"{}\"", account.generation.to_hex())?;
    writeln!(out, "user = {}", quoted(account.user.name.as_str()))?;
    writeln!(out, "uid = {uid}")?;
    writeln!(out, "enrolled = {}", account.enrolment.is_some())?;
    if let Some(enrolment) = &account.enrolment {
        writeln!(out, "secret = \"{}\"", *enrolment.secret.to_base32())?;
        writeln!(out, "created = {}", enrolment.created.0)?;
        writeln!(out, "created_by = {}", quoted(enrolment.created_by.as_str()))?;
        let (recipe, set) = (enrolment.backup_codes.recipe(), &enrolment.backup_codes);
        writeln!(out, "\n[backup_codes]\nalgorithm = \"argon2id\"")?;
        let (memory_kib, passes) = (recipe.memory_kib(), recipe.passes());
        writeln!(out, "memory_kib = {memory_kib}\npasses = {passes}\nlanes = 1")?;
        writeln!(out, "salt = \"{}\"\nhashes = [", HEXLOWER.encode(recipe.salt()))?;
        for hash in set.hashes() {
            writeln!(out, "  \"{}\",", HEXLOWER.encode(hash.as_bytes()))?;
        }
        writeln!(out, "]")?;
    }
    write_usage(&account.usage, out)
}

fn write_usage(usage: &Usage, out: &mut Vec<u8>) -> Result<()> {
    writeln!(out, "\n[usage]")?;
    if let Some(time) = usage.last_step_at {
        // Of a disabled enrolment it may be another period's: rather later than earlier.
        writeln!(out, "last_step = {}", time.0.div_ceil(STEP_SECONDS))?;
    }
    if let Some(time) = usage.last_used {
        writeln!(out, "last_used = {}", time.0)?;
    }
    let spent: Vec<_> = usage.spent.positions().map(|position| position.to_string()).collect();
    writeln!(out, "spent_backup_codes = [{}]", spent.join(", "))?;
    writeln!(out, "failures = {}", usage.failures)?;
    writeln!(out, "failures_since_login = {}", usage.failures_since_login)?;
    if let Some(wait) = usage.wait {
        writeln!(out, "wait_from = {}\nwait_seconds = {}", wait.from.0, wait.seconds)?;
    }
    writeln!(out, "locked = {}", usage.locked)
}

/// The account of `text`. `None` if it is not one, whatever is wrong.
pub(super) fn read(text: &str) -> Option<Account> {
    let mut lines = Lines(text);
    let generation = Generation::from_hex(lines.string("generation")?)?;
    let name = UserName::new(&unquoted(lines.value("user")?)?).ok()?;
    name.must_fit_a_record().ok()?;
    let uid = Some(lines.parsed("uid")?);
    let enrolled: bool = lines.parsed("enrolled")?;
    let enrolment = if enrolled { Some(read_enrolment(&mut lines)?) } else { None };
    let usage = read_usage(&mut lines)?;
    let (user, ticket, ignorable) = (Holder { name, uid }, None, Ignorable::default());
    let account = Account { generation, user, enrolment, ticket, usage, ignorable };
    lines.0.is_empty().then_some(account)
}

fn read_enrolment(lines: &mut Lines<'_>) -> Option<Enrolment> {
    let secret = Secret::from_base32(lines.string("secret")?)?;
    let created = UnixTime(lines.parsed("created")?);
    let created_by = unquoted(lines.value("created_by")?)?;
    Some(Enrolment::new(secret, created, &created_by, read_backup_codes(lines)?))
}

fn read_backup_codes(lines: &mut Lines<'_>) -> Option<BackupCodeSet> {
    lines.exactly("\n[backup_codes]\nalgorithm = \"argon2id\"\n")?;
    let (memory_kib, passes) = (lines.parsed("memory_kib")?, lines.parsed("passes")?);
    lines.exactly("lanes = 1\n")?;
    let salt = from_hex::<16>(lines.string("salt")?)?;
    lines.exactly("hashes = [\n")?;
    let mut hashes = Vec::with_capacity(CODES);
    while lines.exactly("]\n").is_none() {
        let hash = lines.line()?.strip_prefix("  \"")?.strip_suffix("\",")?;
        hashes.push(CodeHash::from_bytes(&from_hex::<32>(hash)?)?);
    }
    BackupCodeSet::from_parts(HashRecipe::from_parts(memory_kib, passes, &salt)?, hashes)
}

fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let fits = text.len() == 2 * N;
    let decoded = fits.then(|| HEXLOWER.decode_mut(text.as_bytes(), &mut bytes));
    decoded?.ok().map(|_| bytes)
}

fn read_usage(lines: &mut Lines<'_>) -> Option<Usage> {
    lines.exactly("\n[usage]\n")?;
    let last_step_at = lines.optional("last_step").ok()?.map(|step| TimeStep(step).start());
    let last_used = lines.optional("last_used").ok()?.map(UnixTime);
    let spent = read_spent(lines.value("spent_backup_codes")?)?;
    let (failures, failures_since_login) =
        (lines.parsed("failures")?, lines.parsed("failures_since_login")?);
    let wait = match lines.optional("wait_from").ok()? {
        Some(from) => Some(Wait { from: UnixTime(from), seconds: lines.parsed("wait_seconds")? }),
        None => None,
    };
    let locked = lines.parsed("locked")?;
    Some(Usage {
        last_step_at,
        last_used,
        spent,
        failures,
        failures_since_login,
        wait,
        locked,
        ..Usage::default()
    })
}
