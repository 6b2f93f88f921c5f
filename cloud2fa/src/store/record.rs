//! An account as text: TOML, readable, documented in cloud2fa.toml(5) section FILES.
//!
//! It is written by hand, into one buffer of the final size that is wiped afterwards: a
//! serializer would leave copies of the secret wherever its buffer has grown.

use crate::account::{Account, Enrolment, Generation, SpentCodes, Usage};
use crate::backup_codes::{BackupCodeSet, CODES, CodeHash, HashRecipe};
use crate::throttle::Wait;
use crate::{Secret, TimeStep, UnixTime, User, UserName};
use serde::{Deserialize, Deserializer};
use std::io::Write;
use zeroize::Zeroizing;

use super::slots::SLOT_SIZE;

/// The text of `account`.
pub(super) fn write(account: &Account) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(Vec::with_capacity(2 * SLOT_SIZE));
    write_lines(account, &mut text).expect("a Vec takes all that is written");
    text
}

fn write_lines(account: &Account, out: &mut Vec<u8>) -> std::io::Result<()> {
    writeln!(out, "generation = \"{}\"", account.generation.to_hex())?;
    writeln!(out, "user = {}", quoted(account.user.name.as_str()))?;
    writeln!(out, "uid = {}", account.user.uid)?;
    writeln!(out, "enrolled = {}", account.enrolment.is_some())?;
    if let Some(enrolment) = &account.enrolment {
        writeln!(out, "secret = \"{}\"", *enrolment.secret.to_base32())?;
        writeln!(out, "created = {}", enrolment.created.0)?;
        writeln!(out, "created_by = {}", quoted(&enrolment.created_by))?;
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
    if let Some(step) = usage.last_step {
        writeln!(out, "last_step = {}", step.0)?;
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
pub(super) fn read(text: &[u8]) -> Option<Account> {
    let lines: AccountLines = toml::from_str(std::str::from_utf8(text).ok()?).ok()?;
    lines.into_account()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountLines {
    generation: String,
    user: String,
    uid: u32,
    enrolled: bool,
    #[serde(default, deserialize_with = "wiped")]
    secret: Option<Zeroizing<String>>,
    created: Option<u64>,
    created_by: Option<String>,
    backup_codes: Option<BackupCodeLines>,
    usage: UsageLines,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BackupCodeLines {
    algorithm: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    hashes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UsageLines {
    last_step: Option<u64>,
    last_used: Option<u64>,
    spent_backup_codes: Vec<usize>,
    failures: u32,
    failures_since_login: u32,
    wait_from: Option<u64>,
    wait_seconds: Option<u64>,
    locked: bool,
}

fn wiped<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Zeroizing<String>>, D::Error> {
    String::deserialize(deserializer).map(|secret| Some(Zeroizing::new(secret)))
}

impl AccountLines {
    fn into_account(self) -> Option<Account> {
        let enrolment =
            match (self.enrolled, self.secret, self.created, self.created_by, self.backup_codes) {
                (true, Some(secret), Some(created), Some(created_by), Some(codes)) => {
                    Some(Enrolment {
                        secret: Secret::from_base32(&secret)?,
                        created: UnixTime(created),
                        created_by,
                        backup_codes: codes.into_set()?,
                    })
                }
                (false, None, None, None, None) => None,
                _ => return None,
            };
        Some(Account {
            generation: Generation::from_hex(&self.generation)?,
            user: User { name: UserName::new(&self.user).ok()?, uid: self.uid },
            enrolment,
            usage: self.usage.into_usage()?,
        })
    }
}

impl BackupCodeLines {
    fn into_set(self) -> Option<BackupCodeSet> {
        if self.algorithm != "argon2id" || self.lanes != 1 {
            return None;
        }
        let bytes = |hex: &String| data_encoding::HEXLOWER.decode(hex.as_bytes()).ok();
        let recipe = HashRecipe::from_parts(self.memory_kib, self.passes, &bytes(&self.salt)?)?;
        let hashes = self
            .hashes
            .iter()
            .map(|hash| CodeHash::from_bytes(&bytes(hash)?))
            .collect::<Option<Vec<_>>>()?;
        BackupCodeSet::from_parts(recipe, hashes)
    }
}

impl UsageLines {
    fn into_usage(self) -> Option<Usage> {
        let mut spent = SpentCodes::default();
        for position in self.spent_backup_codes {
            if position >= CODES {
                return None;
            }
            spent.insert(position);
        }
        let wait = match (self.wait_from, self.wait_seconds) {
            (Some(from), Some(seconds)) => Some(Wait { from: UnixTime(from), seconds }),
            (None, None) => None,
            _ => return None,
        };
        Some(Usage {
            last_step: self.last_step.map(TimeStep),
            last_used: self.last_used.map(UnixTime),
            spent,
            failures: self.failures,
            failures_since_login: self.failures_since_login,
            wait,
            locked: self.locked,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup_codes::HeapMemory;

    fn account(name: &str) -> Account {
        let (_, backup_codes) = BackupCodeSet::generate(&mut HeapMemory::default()).unwrap();
        let enrolment = Enrolment {
            secret: Secret::generate().unwrap(),
            created: UnixTime(1_764_000_000),
            created_by: "root".to_owned(),
            backup_codes,
        };
        let mut usage = Usage {
            last_step: Some(TimeStep(58_800_000)),
            last_used: Some(UnixTime(1_764_000_001)),
            failures: 6,
            failures_since_login: 7,
            wait: Some(Wait { from: UnixTime(1_764_000_002), seconds: 60 }),
            locked: true,
            ..Usage::default()
        };
        usage.spent.insert(3);
        Account {
            generation: Generation::generate().unwrap(),
            user: User { name: UserName::new(name).unwrap(), uid: 1000 },
            enrolment: Some(enrolment),
            usage,
        }
    }

    #[test]
    fn an_account_reads_back_as_it_was_written() {
        for name in ["alice", "DOM\\ann \"x\"", "jörg"] {
            let account = account(name);
            assert_eq!(read(&write(&account)), Some(account));
        }
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
        account.enrolment.as_mut().unwrap().created_by = "\"".repeat(66);
        assert!(super::super::slots::encode(u64::MAX, &write(&account)).is_some());
        let name = "a".repeat(200);
        assert!(super::super::slots::encode(u64::MAX, &write(&self::account(&name))).is_some());
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
