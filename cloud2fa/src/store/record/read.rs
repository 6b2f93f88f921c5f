//! The account of a text of format 2.

use super::entries::{
    from_base64, read_attempt, read_budget, read_decision, read_key, read_notice, read_ticket,
    read_toll,
};
use super::lines::{Lines, Malformed, unquoted};
use super::write::IGNORABLE;
use crate::account::{
    Account, Creator, Drift, Enrolment, Generation, Holder, Ignorable, Latest, SpentCodes, Usage,
};
use crate::backup_codes::{BackupCodeSet, CODES, CodeHash, HashRecipe};
use crate::history::{History, KEPT};
use crate::seal::{Seal, SealError, Sealed};
use crate::throttle::Wait;
use crate::time::UnixTime;
use crate::totp::{Algorithm, Parameters, Secret};
use crate::user::UserName;
use data_encoding::BASE64_NOPAD;

/// A text that is being read.
pub(super) struct Reader<'t> {
    lines: Lines<'t>,
    seal: &'t dyn Seal,
    /// Why the secret was not opened.
    pub(super) unopened: Option<SealError>,
}

impl<'t> Reader<'t> {
    /// Of `text`, whose sealed secret `seal` opens.
    pub(super) fn new(text: &'t str, seal: &'t dyn Seal) -> Self {
        Self { lines: Lines(text), seal, unopened: None }
    }

    /// The account. `None` if the text is not one, or the secret was not opened.
    pub(super) fn account(&mut self) -> Option<Account> {
        let generation = Generation::from_hex(self.lines.string("generation")?)?;
        let name = UserName::new(&unquoted(self.lines.value("user")?)?).ok()?;
        name.must_fit_a_record().ok()?;
        let uid = self.lines.optional("uid").ok()?;
        let enrolled: bool = self.lines.parsed("enrolled")?;
        let ticket = self.lines.optional_string("ticket", read_ticket).ok()?;
        let enrolment = if enrolled { Some(self.enrolment(&name)?) } else { None };
        let usage = read_usage(&mut self.lines)?;
        let ignorable = read_ignorable(&mut self.lines)?;
        let user = Holder { name, uid };
        Some(Account { generation, user, enrolment, ticket, usage, ignorable })
    }

    fn enrolment(&mut self, name: &UserName) -> Option<Enrolment> {
        let kept = read_secret(&mut self.lines)?;
        let parameters = read_parameters(&mut self.lines)?;
        let drift = Drift::new(self.lines.optional("drift").ok()?.unwrap_or_default())?;
        let replace_by = read_time(&mut self.lines, "replace_weak_by").ok()?;
        let secret = match kept {
            KeptSecret::Plain(base32) => Secret::of_base32(base32, replace_by)?,
            KeptSecret::Sealed(sealed) => {
                let opened = Secret::open(name, sealed, self.seal, replace_by);
                opened.map_err(|why| self.unopened = Some(why)).ok()?
            }
        };
        let lines = &mut self.lines;
        Some(Enrolment {
            secret: secret.with_parameters(parameters),
            drift,
            created: UnixTime(lines.parsed("created")?),
            created_by: Creator::from(&*unquoted(lines.value("created_by")?)?),
            codes_seen: lines.optional("codes_seen").ok()?.unwrap_or(true),
            unconfirmed_until: read_time(lines, "unconfirmed_until").ok()?,
            backup_codes: read_backup_codes(lines)?,
        })
    }
}

/// A secret as it stands in the text.
enum KeptSecret<'t> {
    Plain(&'t str),
    Sealed(Sealed),
}

fn read_secret<'t>(lines: &mut Lines<'t>) -> Option<KeptSecret<'t>> {
    let Some(text) = lines.string("sealed_secret") else {
        return lines.string("secret").map(KeptSecret::Plain);
    };
    let bytes = BASE64_NOPAD.decode(text.as_bytes()).ok()?;
    Sealed::new(&bytes, lines.parsed("seal_counter")?).map(KeptSecret::Sealed)
}

fn read_time(lines: &mut Lines<'_>, key: &str) -> Result<Option<UnixTime>, Malformed> {
    Ok(lines.optional(key)?.map(UnixTime))
}

fn read_parameters(lines: &mut Lines<'_>) -> Option<Parameters> {
    let named = |name: &str| Algorithm::ALL.into_iter().find(|known| known.name() == name);
    let usual = Parameters::USUAL;
    Parameters::new(
        lines.optional_string("algorithm", named).ok()?.unwrap_or(usual.algorithm()),
        lines.optional("digits").ok()?.unwrap_or(usual.digits()),
        lines.optional("period").ok()?.unwrap_or(usual.period()),
    )
}

fn read_backup_codes(lines: &mut Lines<'_>) -> Option<BackupCodeSet> {
    lines.exactly("\n[backup_codes]\nalgorithm = \"argon2id\"\n")?;
    let (memory_kib, passes) = (lines.parsed("memory_kib")?, lines.parsed("passes")?);
    lines.exactly("lanes = 1\n")?;
    let salt = from_base64::<16>(lines.string("salt")?)?;
    let hash = |text: &str| CodeHash::from_bytes(&from_base64::<32>(text)?);
    let hashes = lines.list("hashes", CODES, hash)?;
    BackupCodeSet::from_parts(HashRecipe::from_parts(memory_kib, passes, &salt)?, hashes)
}

fn read_usage(lines: &mut Lines<'_>) -> Option<Usage> {
    lines.exactly("\n[usage]\n")?;
    Some(Usage {
        last_step_at: read_time(lines, "last_step_at").ok()?,
        last_used: read_time(lines, "last_used").ok()?,
        spent: match lines.value("spent_backup_codes") {
            Some(list) => read_spent(list)?,
            None => SpentCodes::default(),
        },
        failures: lines.optional("failures").ok()?.unwrap_or_default(),
        failures_since_login: lines.optional("failures_since_login").ok()?.unwrap_or_default(),
        wait: match read_time(lines, "wait_from").ok()? {
            Some(from) => Some(Wait { from, seconds: lines.parsed("wait_seconds")? }),
            None => None,
        },
        locked: lines.optional("locked").ok()?.unwrap_or_default(),
        budget: lines.optional_string("budget", read_budget).ok()?.unwrap_or_default(),
        tolls: read_latest(lines, "tolls", read_toll)?,
        remembered: read_latest(lines, "remembered", read_key)?,
        notices: read_latest(lines, "notices", read_notice)?,
        last_attempt: lines.optional_string("last_attempt", read_attempt).ok()?,
        history: History::from_entries(lines.list("decisions", 2 * KEPT, read_decision)?)?,
    })
}

fn read_latest<'t, T, const MOST: usize>(
    lines: &mut Lines<'t>,
    key: &str,
    read: impl Fn(&'t str) -> Option<T>,
) -> Option<Latest<T, MOST>> {
    Latest::from_entries(lines.list(key, MOST, read)?)
}

/// Positions of spent codes, as `[0, 7]`.
pub(super) fn read_spent(list: &str) -> Option<SpentCodes> {
    let spent = list.strip_prefix('[')?.strip_suffix(']')?;
    let position = |text: &str| text.parse().ok().filter(|position| *position < CODES);
    spent.split(", ").filter(|text| !text.is_empty()).map(position).collect()
}

/// All that is left.
fn read_ignorable(lines: &mut Lines<'_>) -> Option<Ignorable> {
    if lines.0.is_empty() {
        return Some(Ignorable::default());
    }
    lines.exactly(IGNORABLE)?;
    Ignorable::from_lines(std::mem::take(&mut lines.0))
}
