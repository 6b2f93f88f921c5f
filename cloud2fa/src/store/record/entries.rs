//! What is one short line of a record: a ticket, a key, a notice, a decision, the budget.

use crate::account::{Attempt, Fingerprint, Notice, NoticeKind, RememberedKey, Ticket, Toll};
use crate::answer::Factor;
use crate::budget::{Budget, DAYS};
use crate::history::{Entry, Origin, Outcome};
use crate::throttle::Wait;
use crate::time::UnixTime;
use crate::user::UserName;
use data_encoding::BASE64_NOPAD;
use std::io::{Result, Write};
use std::str::FromStr;

const OUTCOMES: [(Outcome, &str); 3] =
    [(Outcome::Accepted, "accepted"), (Outcome::Wrong, "wrong"), (Outcome::Replayed, "replayed")];

/// The words of the log.
const FACTORS: [(Factor, &str); 2] =
    [(Factor::Token, "token"), (Factor::BackupCode, "backup_code")];

/// Stands where there is no address.
const NO_ADDRESS: &str = "-";

fn word_of<T: PartialEq>(words: &[(T, &'static str)], what: &T) -> &'static str {
    let found = words.iter().find(|(known, _)| known == what);
    found.map(|(_, word)| *word).expect("each has a word")
}

fn of_word<T: Copy>(words: &[(T, &str)], word: &str) -> Option<T> {
    words.iter().find(|(_, known)| *known == word).map(|(what, _)| *what)
}

/// The fields of a line, one blank between two.
struct FieldsOf<'t>(std::str::Split<'t, char>);

impl<'t> FieldsOf<'t> {
    fn new(line: &'t str) -> Self {
        Self(line.split(' '))
    }

    fn text(&mut self) -> Option<&'t str> {
        self.0.next()
    }

    fn parsed<T: FromStr>(&mut self) -> Option<T> {
        self.text()?.parse().ok()
    }

    fn time(&mut self) -> Option<UnixTime> {
        self.parsed().map(UnixTime)
    }

    fn bytes(&mut self) -> Option<[u8; 16]> {
        from_base64(self.text()?)
    }

    fn budget(&mut self) -> Option<Budget> {
        let (newest, list) = (self.parsed()?, self.text()?);
        let mut counts = [0; DAYS];
        for (position, count) in list.split(',').enumerate() {
            let place = counts.get_mut(position)?;
            *place = if count.is_empty() { 0 } else { count.parse().ok()? };
        }
        Some(Budget::from_parts(newest, counts))
    }

    /// What was read, if that was all.
    fn end<T>(mut self, read: T) -> Option<T> {
        self.text().is_none().then_some(read)
    }
}

/// Writes `bytes` in base64, without a copy anywhere.
pub(super) fn write_base64(bytes: &[u8], out: &mut Vec<u8>) {
    let begin = out.len();
    out.resize(begin + BASE64_NOPAD.encode_len(bytes.len()), 0);
    BASE64_NOPAD.encode_mut(bytes, &mut out[begin..]);
}

/// What [`write_base64`] made of so many bytes.
pub(super) fn from_base64<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let fits = text.len() == BASE64_NOPAD.encode_len(N);
    let decoded = fits.then(|| BASE64_NOPAD.decode_mut(text.as_bytes(), &mut bytes));
    decoded?.ok().map(|_| bytes)
}

/// `HASH ENDS`.
pub(super) fn write_ticket(ticket: &Ticket, out: &mut Vec<u8>) -> Result<()> {
    write_base64(ticket.hash.as_bytes(), out);
    write!(out, " {}", ticket.ends.0)
}

pub(super) fn read_ticket(line: &str) -> Option<Ticket> {
    let mut fields = FieldsOf::new(line);
    let hash = Fingerprint::new(fields.bytes()?);
    let ticket = Ticket { hash, ends: fields.time()? };
    fields.end(ticket)
}

/// `HASH ENDS`.
pub(super) fn write_key(key: &RememberedKey, out: &mut Vec<u8>) -> Result<()> {
    write_base64(key.hash.as_bytes(), out);
    write!(out, " {}", key.ends.0)
}

pub(super) fn read_key(line: &str) -> Option<RememberedKey> {
    let mut fields = FieldsOf::new(line);
    let hash = Fingerprint::new(fields.bytes()?);
    let key = RememberedKey { hash, ends: fields.time()? };
    fields.end(key)
}

/// `KIND AT NUMBER`.
pub(super) fn write_notice(notice: &Notice, out: &mut Vec<u8>) -> Result<()> {
    write!(out, "{} {} {}", notice.kind.word(), notice.at.0, notice.number)
}

pub(super) fn read_notice(line: &str) -> Option<Notice> {
    let mut fields = FieldsOf::new(line);
    let word = fields.text()?;
    let kind = NoticeKind::ALL.into_iter().find(|kind| kind.word() == word)?;
    let notice = Notice { kind, at: fields.time()?, number: fields.parsed()? };
    fields.end(notice)
}

/// `ID ASKED OUTCOME AT`.
pub(super) fn write_attempt(attempt: &Attempt, out: &mut Vec<u8>) -> Result<()> {
    write_base64(&attempt.id, out);
    out.push(b' ');
    write_base64(attempt.asked.as_bytes(), out);
    write!(out, " {} {}", word_of(&OUTCOMES, &attempt.outcome), attempt.at.0)
}

pub(super) fn read_attempt(line: &str) -> Option<Attempt> {
    let mut fields = FieldsOf::new(line);
    let attempt = Attempt {
        id: fields.bytes()?,
        asked: Fingerprint::new(fields.bytes()?),
        outcome: of_word(&OUTCOMES, fields.text()?)?,
        at: fields.time()?,
    };
    fields.end(attempt)
}

/// `AT OUTCOME FACTOR SERVICE ADDRESS TIMES`. A service without a name leaves two blanks.
pub(super) fn write_decision(entry: &Entry, out: &mut Vec<u8>) -> Result<()> {
    let outcome = word_of(&OUTCOMES, &entry.outcome);
    let factor = word_of(&FACTORS, &entry.factor);
    write!(out, "{} {outcome} {factor} {} ", entry.at.0, entry.origin.service())?;
    match entry.origin.address() {
        Some(address) => write!(out, "{address}")?,
        None => out.extend_from_slice(NO_ADDRESS.as_bytes()),
    }
    write!(out, " {}", entry.times)
}

pub(super) fn read_decision(line: &str) -> Option<Entry> {
    let mut fields = FieldsOf::new(line);
    let at = fields.time()?;
    let outcome = of_word(&OUTCOMES, fields.text()?)?;
    let factor = of_word(&FACTORS, fields.text()?)?;
    let (service, address) = (fields.text()?, fields.text()?);
    let origin = Origin::new(service, Some(address));
    // What is kept has nothing left to cut or to leave out.
    let whole =
        origin.service() == service && (origin.address().is_some() || address == NO_ADDRESS);
    let entry = whole.then_some(Entry { at, outcome, factor, origin, times: fields.parsed()? })?;
    fields.end(entry)
}

/// `DAY COUNT,COUNT,…`: a count of 0 is left out between its commas, and behind the last other one.
pub(super) fn write_budget(budget: &Budget, out: &mut Vec<u8>) -> Result<()> {
    write!(out, "{} ", budget.newest())?;
    let counts = budget.counts();
    let used = counts.iter().rposition(|count| *count > 0).map_or(0, |last| last + 1);
    for (position, count) in counts[..used].iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        if *count > 0 {
            write!(out, "{count}")?;
        }
    }
    Ok(())
}

pub(super) fn read_budget(line: &str) -> Option<Budget> {
    let mut fields = FieldsOf::new(line);
    let budget = fields.budget()?;
    fields.end(budget)
}

/// `DAEMON FAILURES LOCKED WAIT_FROM WAIT_SECONDS DAY COUNT,COUNT,…`; without a wait both of its are 0.
pub(super) fn write_toll(toll: &Toll, out: &mut Vec<u8>) -> Result<()> {
    let (from, seconds) = toll.wait.map_or((0, 0), |wait| (wait.from.0, wait.seconds));
    let Toll { daemon, failures, locked, .. } = toll;
    write!(out, "{} {failures} {locked} {from} {seconds} ", daemon.encoded())?;
    write_budget(&toll.budget, out)
}

pub(super) fn read_toll(line: &str) -> Option<Toll> {
    let mut fields = FieldsOf::new(line);
    let daemon = UserName::decode(fields.text()?)?;
    let (failures, locked, from) = (fields.parsed()?, fields.parsed()?, fields.time()?);
    let seconds = fields.parsed()?;
    let wait = (seconds > 0).then_some(Wait { from, seconds });
    let toll = Toll { daemon, failures, wait, locked, budget: fields.budget()? };
    fields.end(toll)
}
