//! An account as text: TOML, readable, documented in cloud2fa.toml(5) section FILES.
//!
//! It is written by hand, into one buffer of the final size that is wiped afterwards: a
//! serializer would leave copies of the secret wherever its buffer has grown.

use crate::account::{Account, Enrolment, Generation, Holder, Ignorable, SpentCodes, Usage};
use crate::backup_codes::{BackupCodeSet, CODES, CodeHash, HashRecipe};
use crate::throttle::Wait;
use crate::{Secret, TimeStep, UnixTime, UserName};
use std::io::Write;
use std::num::ParseIntError;
use std::str::FromStr;

use super::slots::{Content, SLOT_SIZE};

/// The text of `account`.
pub(super) fn write(account: &Account) -> Content {
    let mut text = Content::with_room_for(2 * SLOT_SIZE);
    write_lines(account, &mut text).expect("a Vec takes all that is written");
    text
}

fn write_lines(account: &Account, out: &mut Vec<u8>) -> std::io::Result<()> {
    writeln!(out, "generation = \"{}\"", account.generation.to_hex())?;
    writeln!(out, "user = {}", quoted(account.user.name.as_str()))?;
    writeln!(out, "uid = {}", account.user.uid.unwrap_or_default())?;
    writeln!(out, "enrolled = {}", account.enrolment.is_some())?;
    if let Some(enrolment) = &account.enrolment {
        writeln!(out, "secret = \"{}\"", *enrolment.secret.to_base32())?;
        writeln!(out, "created = {}", enrolment.created.0)?;
        writeln!(out, "created_by = {}", quoted(enrolment.created_by.as_str()))?;
        let (recipe, set) = (enrolment.backup_codes.recipe(), &enrolment.backup_codes);
        writeln!(out, "\n[backup_codes]\nalgorithm = \"argon2id\"")?;
        writeln!(
            out,
            "memory_kib = {}\npasses = {}\nlanes = 1",
            recipe.memory_kib(),
            recipe.passes()
        )?;
        writeln!(out, "salt = \"{}\"\nhashes = [", data_encoding::HEXLOWER.encode(recipe.salt()))?;
        for hash in set.hashes() {
            writeln!(out, "  \"{}\",", data_encoding::HEXLOWER.encode(hash.as_bytes()))?;
        }
        writeln!(out, "]")?;
    }
    write_usage(&account.usage, out)
}

fn write_usage(usage: &Usage, out: &mut Vec<u8>) -> std::io::Result<()> {
    writeln!(out, "\n[usage]")?;
    if let Some(at) = usage.last_step_at {
        writeln!(out, "last_step = {}", TimeStep::of(at).0)?;
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

/// A TOML basic string. Names have no control characters ([`UserName::new`]).
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The account of `text`; nothing where it is not one, whatever is wrong: its content
/// must not reach a log.
///
/// The lines are read as they were written, in that order: the checksum says that nobody has
/// edited them. Nothing is copied on the way, and a login, which reads twice, is done sooner
/// than with a parser of all TOML.
pub(super) fn read(text: &[u8]) -> Option<Account> {
    let mut lines = Lines(std::str::from_utf8(text).ok()?);
    let generation = Generation::from_hex(lines.string("generation")?)?;
    let name = UserName::new(&unquoted(lines.value("user")?)?).ok()?;
    let uid = lines.parsed("uid")?;
    let enrolled: bool = lines.parsed("enrolled")?;
    let enrolment = if enrolled { Some(read_enrolment(&mut lines)?) } else { None };
    let usage = read_usage(&mut lines)?;
    let user = Holder { name, uid: Some(uid) };
    let (ticket, ignorable) = (None, Ignorable::default());
    lines.0.is_empty().then_some(Account { generation, user, enrolment, ticket, usage, ignorable })
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
    let decoded = fits.then(|| data_encoding::HEXLOWER.decode_mut(text.as_bytes(), &mut bytes));
    decoded?.ok().map(|_| bytes)
}

fn read_usage(lines: &mut Lines<'_>) -> Option<Usage> {
    lines.exactly("\n[usage]\n")?;
    let last_step_at = lines.optional("last_step").ok()?.map(|step| TimeStep(step).start());
    let last_used = lines.optional("last_used").ok()?.map(UnixTime);
    let spent = lines.value("spent_backup_codes")?.strip_prefix('[')?.strip_suffix(']')?;
    let position = |text: &str| text.parse().ok().filter(|position| *position < CODES);
    let spent = spent.split(", ").filter(|text| !text.is_empty()).map(position);
    let spent = spent.collect::<Option<SpentCodes>>()?;
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

/// What [`quoted`] made of a name.
fn unquoted(text: &str) -> Option<String> {
    let mut characters = text.strip_prefix('"')?.strip_suffix('"')?.chars();
    let mut name = String::with_capacity(text.len());
    while let Some(character) = characters.next() {
        name.push(match character {
            '\\' => characters.next().filter(|escaped| matches!(escaped, '\\' | '"'))?,
            '"' => return None,
            plain => plain,
        });
    }
    Some(name)
}

/// The lines that are not taken yet. What is not there as it was asked for gives nothing.
struct Lines<'t>(&'t str);

impl<'t> Lines<'t> {
    /// Takes a line.
    fn line(&mut self) -> Option<&'t str> {
        let (line, rest) = self.0.split_once('\n')?;
        self.0 = rest;
        Some(line)
    }

    /// Takes what is there, if it is `text`.
    fn exactly(&mut self, text: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    /// Takes the line of `key`, if that is the next. Gives the value.
    fn value(&mut self, key: &str) -> Option<&'t str> {
        self.0 = self.0.strip_prefix(key)?.strip_prefix(" = ")?;
        self.line()
    }

    /// The same, of a string that needs no escapes.
    fn string(&mut self, key: &str) -> Option<&'t str> {
        self.value(key)?.strip_prefix('"')?.strip_suffix('"')
    }

    /// The same, of a number or a boolean.
    fn parsed<T: FromStr>(&mut self, key: &str) -> Option<T> {
        self.value(key)?.parse().ok()
    }

    /// The same, of a number that may be left out.
    fn optional(&mut self, key: &str) -> Result<Option<u64>, ParseIntError> {
        self.value(key).map(str::parse).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Creator;
    use crate::backup_codes::HeapMemory;
    use crate::fields::{Fields, string};

    fn account(name: &str) -> Account {
        let (_, backup_codes) = BackupCodeSet::generate(&mut HeapMemory::default()).unwrap();
        let secret = Secret::generate().unwrap();
        let enrolment = Enrolment::new(secret, UnixTime(1_764_000_000), "root", backup_codes);
        let mut usage = Usage {
            last_step_at: Some(TimeStep(58_800_000).start()),
            last_used: Some(UnixTime(1_764_000_001)),
            failures: 6,
            failures_since_login: 7,
            wait: Some(Wait { from: UnixTime(1_764_000_002), seconds: 60 }),
            locked: true,
            ..Usage::default()
        };
        usage.spent.insert(3);
        let user = Holder { name: UserName::new(name).unwrap(), uid: Some(1000) };
        Account { enrolment: Some(enrolment), usage, ..Account::empty(user).unwrap() }
    }

    #[test]
    fn an_account_reads_back_as_it_was_written() {
        for name in ["alice", "DOM\\ann \"x\"", "jörg"] {
            let account = account(name);
            assert_eq!(read(&write(&account)), Some(account));
        }
    }

    #[test]
    fn what_is_written_is_toml() {
        let text = write(&account("DOM\\ann \"x\""));
        let mut fields = Fields::parse(std::str::from_utf8(&text).unwrap()).unwrap();
        let name = fields.take("user", "", |value| string(&value).map(str::to_owned)).unwrap();
        assert_eq!(name.as_deref(), Some("DOM\\ann \"x\""));
        let mut codes = fields.take_table("backup_codes").unwrap().unwrap();
        let hashes = codes.take("hashes", "", |value| value.as_array().map(|hashes| hashes.len()));
        assert_eq!(hashes.unwrap(), Some(CODES));
        assert!(fields.take_table("usage").unwrap().is_some());
    }

    #[test]
    fn a_disabled_account_keeps_its_usage_and_nothing_secret() {
        let mut account = account("alice");
        account.enrolment = None;
        let text = write(&account);
        let shown = std::str::from_utf8(&text).unwrap();
        assert!(!shown.contains("secret") && !shown.contains("hashes"));
        assert_eq!(read(&text), Some(account));
    }

    #[test]
    fn the_longest_name_fits_into_a_slot() {
        let mut account = account(&"\\".repeat(66));
        account.enrolment.as_mut().unwrap().created_by = Creator::from(&*"\"".repeat(66));
        assert!(
            super::super::slots::encode(u64::MAX, "0123456789abcdef", &write(&account)).is_some()
        );
        let name = "a".repeat(200);
        assert!(
            super::super::slots::encode(
                u64::MAX,
                "0123456789abcdef",
                &write(&self::account(&name))
            )
            .is_some()
        );
    }

    #[test]
    fn a_record_that_is_not_whole_is_none() {
        let text = String::from_utf8(write(&account("alice")).to_vec()).unwrap();
        for (from, to) in [
            ("enrolled = true", "enrolled = false"),
            ("locked = true", ""),
            ("lanes = 1", "lanes = 2"),
            ("memory_kib = 9216", "memory_kib = 4194304"),
            ("spent_backup_codes = [3]", "spent_backup_codes = [8]"),
            ("wait_from", "wait_form"),
            ("wait_seconds = 60", ""),
            ("secret = \"", "secret = \"1"),
            ("uid = 1000", "uid = -1"),
        ] {
            assert!(text.contains(from));
            assert!(read(text.replace(from, to).as_bytes()).is_none(), "{from} -> {to}");
        }
        assert!(read(b"\xff").is_none() && read(b"").is_none());
    }
}
