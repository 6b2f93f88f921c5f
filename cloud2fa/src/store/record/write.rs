//! An account as the text of format 2.

use super::entries::{
    write_attempt, write_base64, write_budget, write_decision, write_key, write_notice,
    write_ticket, write_toll,
};
use super::lines::quoted;
use super::{Content, LONGEST_TEXT};
use crate::account::{Account, Drift, Enrolment, Usage};
use crate::backup_codes::BackupCodeSet;
use crate::budget::Budget;
use crate::history::History;
use crate::totp::{Parameters, Secret};
use std::io::{Result, Write};

/// More than any account takes, so that the buffer never grows.
const ROOM: usize = 8192;

/// The text of `account`. Keys whose value is the default are left out. Where it would be longer
/// than a slot, the oldest decisions are.
pub(in crate::store) fn write(account: &Account) -> Content {
    let mut text = Content::with_room_for(ROOM);
    write_account(account, &mut text).expect("a Vec takes all that is written");
    debug_assert!(text.len() <= ROOM, "the buffer has grown");
    text
}

fn write_account(account: &Account, out: &mut Vec<u8>) -> Result<()> {
    writeln!(out, "generation = \"{}\"", account.generation.to_hex())?;
    writeln!(out, "user = {}", quoted(account.user.name.as_str()))?;
    if let Some(uid) = account.user.uid {
        writeln!(out, "uid = {uid}")?;
    }
    writeln!(out, "enrolled = {}", account.enrolment.is_some())?;
    if let Some(ticket) = &account.ticket {
        line("ticket", ticket, write_ticket, out)?;
    }
    if let Some(enrolment) = &account.enrolment {
        write_enrolment(enrolment, out)?;
    }
    write_usage(&account.usage, out)?;
    let ignorable = account.ignorable.as_lines();
    let behind = if ignorable.is_empty() { 0 } else { IGNORABLE.len() + ignorable.len() };
    write_decisions(&account.usage.history, LONGEST_TEXT - behind, out)?;
    if !ignorable.is_empty() {
        out.extend_from_slice(IGNORABLE.as_bytes());
        out.extend_from_slice(ignorable.as_bytes());
    }
    Ok(())
}

/// Begins the last table.
pub(super) const IGNORABLE: &str = "\n[ignorable]\n";

fn write_enrolment(enrolment: &Enrolment, out: &mut Vec<u8>) -> Result<()> {
    write_secret(&enrolment.secret, out)?;
    if enrolment.drift != Drift::default() {
        writeln!(out, "drift = {}", enrolment.drift.steps())?;
    }
    if let Some(date) = enrolment.secret.replace_by() {
        writeln!(out, "replace_weak_by = {}", date.0)?;
    }
    writeln!(out, "created = {}", enrolment.created.0)?;
    writeln!(out, "created_by = {}", quoted(enrolment.created_by.as_str()))?;
    if !enrolment.codes_seen {
        writeln!(out, "codes_seen = false")?;
    }
    if let Some(end) = enrolment.unconfirmed_until {
        writeln!(out, "unconfirmed_until = {}", end.0)?;
    }
    write_backup_codes(&enrolment.backup_codes, out)
}

fn write_secret(secret: &Secret, out: &mut Vec<u8>) -> Result<()> {
    if let Some(sealed) = secret.sealed() {
        let bytes = |bytes: &[u8], out: &mut Vec<u8>| {
            write_base64(bytes, out);
            Ok(())
        };
        line("sealed_secret", sealed.as_bytes(), bytes, out)?;
        writeln!(out, "seal_counter = {}", sealed.counter())?;
    } else {
        writeln!(out, "secret = \"{}\"", *secret.to_base32())?;
    }
    let (parameters, usual) = (secret.parameters(), Parameters::USUAL);
    if parameters.algorithm() != usual.algorithm() {
        writeln!(out, "algorithm = \"{}\"", parameters.algorithm().name())?;
    }
    if parameters.digits() != usual.digits() {
        writeln!(out, "digits = {}", parameters.digits())?;
    }
    if parameters.period() != usual.period() {
        writeln!(out, "period = {}", parameters.period())?;
    }
    Ok(())
}

fn write_backup_codes(set: &BackupCodeSet, out: &mut Vec<u8>) -> Result<()> {
    let recipe = set.recipe();
    writeln!(out, "\n[backup_codes]\nalgorithm = \"argon2id\"")?;
    writeln!(out, "memory_kib = {}\npasses = {}\nlanes = 1", recipe.memory_kib(), recipe.passes())?;
    out.extend_from_slice(b"salt = \"");
    write_base64(recipe.salt(), out);
    out.extend_from_slice(b"\"\n");
    list("hashes", set.hashes(), out, |hash, out| {
        write_base64(hash.as_bytes(), out);
        Ok(())
    })
}

fn write_usage(usage: &Usage, out: &mut Vec<u8>) -> Result<()> {
    writeln!(out, "\n[usage]")?;
    if let Some(time) = usage.last_step_at {
        writeln!(out, "last_step_at = {}", time.0)?;
    }
    if let Some(time) = usage.last_used {
        writeln!(out, "last_used = {}", time.0)?;
    }
    let spent: Vec<_> = usage.spent.positions().map(|position| position.to_string()).collect();
    if !spent.is_empty() {
        writeln!(out, "spent_backup_codes = [{}]", spent.join(", "))?;
    }
    if usage.failures > 0 {
        writeln!(out, "failures = {}", usage.failures)?;
    }
    if usage.failures_since_login > 0 {
        writeln!(out, "failures_since_login = {}", usage.failures_since_login)?;
    }
    if let Some(wait) = usage.wait {
        writeln!(out, "wait_from = {}\nwait_seconds = {}", wait.from.0, wait.seconds)?;
    }
    if usage.locked {
        writeln!(out, "locked = true")?;
    }
    if usage.budget != Budget::default() {
        line("budget", &usage.budget, write_budget, out)?;
    }
    list("tolls", usage.tolls.entries(), out, write_toll)?;
    list("remembered", usage.remembered.entries(), out, write_key)?;
    list("notices", usage.notices.entries(), out, write_notice)?;
    if let Some(attempt) = &usage.last_attempt {
        line("last_attempt", attempt, write_attempt, out)?;
    }
    Ok(())
}

/// Writes the decisions, but not beyond `end`: then the oldest are left out.
fn write_decisions(history: &History, end: usize, out: &mut Vec<u8>) -> Result<()> {
    let mut entries: Vec<_> = history.entries().collect();
    let begin = out.len();
    loop {
        list("decisions", &entries, out, |entry, out| write_decision(entry, out))?;
        let oldest = (0..entries.len()).min_by_key(|position| entries[*position].at);
        match oldest.filter(|_| out.len() > end) {
            Some(oldest) => entries.remove(oldest),
            None => return Ok(()),
        };
        out.truncate(begin);
    }
}

/// A line whose value is a string that needs no escapes.
fn line<T: ?Sized>(
    key: &str,
    value: &T,
    write: impl Fn(&T, &mut Vec<u8>) -> Result<()>,
    out: &mut Vec<u8>,
) -> Result<()> {
    write!(out, "{key} = \"")?;
    write(value, out)?;
    writeln!(out, "\"")
}

/// Writes a list of such strings, one a line. An empty list has no lines.
fn list<T>(
    key: &str,
    entries: &[T],
    out: &mut Vec<u8>,
    write: impl Fn(&T, &mut Vec<u8>) -> Result<()>,
) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    writeln!(out, "{key} = [")?;
    for entry in entries {
        out.push(b'"');
        write(entry, out)?;
        out.extend_from_slice(b"\",\n");
    }
    writeln!(out, "]")
}
