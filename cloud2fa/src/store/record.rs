//! An account as text: TOML, readable, documented in cloud2fa.toml(5) section FILES.
//!
//! It is written by hand, into one buffer of the final size that is wiped afterwards: a
//! serializer would leave copies of the secret wherever its buffer has grown.

use crate::account::{Account, Enrolment, Generation, SpentCodes, Usage};
use crate::backup_codes::{BackupCodeSet, CODES, CodeHash, HashRecipe};
use crate::fields::{Fields, Mistake, Value, array, string, unsigned};
use crate::throttle::Wait;
use crate::{Secret, TimeStep, UnixTime, User, UserName};
use std::io::Write;

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
    let fields = Fields::parse(std::str::from_utf8(text).ok()?).ok()?;
    read_account(fields).ok()?
}

/// A key that is missing gives nothing; one that is wrong or unknown, a mistake.
type Reading<T> = Result<Option<T>, Mistake>;

fn read_account(mut fields: Fields<'_>) -> Reading<Account> {
    let generation =
        fields.take("generation", "", |value| Generation::from_hex(string(&value)?))?;
    let name = fields.take("user", "", |value| UserName::new(string(&value)?).ok())?;
    let uid = fields.take("uid", "", |value| unsigned(&value))?;
    let enrolled = fields.take("enrolled", "", |value| value.as_bool())?;
    let enrolment = match enrolled {
        Some(true) => read_enrolment(&mut fields)?.map(Some),
        Some(false) => Some(None),
        None => None,
    };
    let usage = fields.take_table("usage")?.map(read_usage).transpose()?.flatten();
    fields.finish()?;
    Ok((|| {
        Some(Account {
            generation: generation?,
            user: User { name: name?, uid: uid? },
            enrolment: enrolment?,
            usage: usage?,
        })
    })())
}

fn read_enrolment(fields: &mut Fields<'_>) -> Reading<Enrolment> {
    let secret = fields.take("secret", "", |value| Secret::from_base32(string(&value)?))?;
    let created = fields.take("created", "", |value| unsigned(&value).map(UnixTime))?;
    let created_by = fields.take("created_by", "", |value| string(&value).map(str::to_owned))?;
    let codes = fields.take_table("backup_codes")?.map(read_backup_codes).transpose()?.flatten();
    Ok((|| {
        Some(Enrolment {
            secret: secret?,
            created: created?,
            created_by: created_by?,
            backup_codes: codes?,
        })
    })())
}

fn read_backup_codes(mut fields: Fields<'_>) -> Reading<BackupCodeSet> {
    let algorithm =
        fields.take("algorithm", "", |value| (string(&value)? == "argon2id").then_some(()))?;
    let lanes = fields.take("lanes", "", |value| (unsigned::<u32>(&value)? == 1).then_some(()))?;
    let memory_kib = fields.take("memory_kib", "", |value| unsigned(&value))?;
    let passes = fields.take("passes", "", |value| unsigned(&value))?;
    let salt = fields.take("salt", "", |value| bytes(&value))?;
    let hashes = fields
        .take("hashes", "", |value| array(&value, |hash| CodeHash::from_bytes(&bytes(hash)?)))?;
    fields.finish()?;
    Ok((|| {
        let ((), ()) = (algorithm?, lanes?);
        BackupCodeSet::from_parts(HashRecipe::from_parts(memory_kib?, passes?, &salt?)?, hashes?)
    })())
}

fn bytes(value: &Value<'_>) -> Option<Vec<u8>> {
    data_encoding::HEXLOWER.decode(string(value)?.as_bytes()).ok()
}

fn read_usage(mut fields: Fields<'_>) -> Reading<Usage> {
    let last_step = fields.take("last_step", "", |value| unsigned(&value).map(TimeStep))?;
    let last_used = fields.take("last_used", "", |value| unsigned(&value).map(UnixTime))?;
    let spent = fields.take("spent_backup_codes", "", |value| {
        let position = |value: &Value<'_>| unsigned(value).filter(|position| *position < CODES);
        Some(array(&value, position)?.into_iter().collect::<SpentCodes>())
    })?;
    let failures = fields.take("failures", "", |value| unsigned(&value))?;
    let failures_since_login = fields.take("failures_since_login", "", |value| unsigned(&value))?;
    let wait_from = fields.take("wait_from", "", |value| unsigned(&value).map(UnixTime))?;
    let wait_seconds = fields.take("wait_seconds", "", |value| unsigned(&value))?;
    let locked = fields.take("locked", "", |value| value.as_bool())?;
    fields.finish()?;
    let wait = match (wait_from, wait_seconds) {
        (Some(from), Some(seconds)) => Some(Wait { from, seconds }),
        (None, None) => None,
        _ => return Ok(None),
    };
    Ok((|| {
        Some(Usage {
            last_step,
            last_used,
            spent: spent?,
            failures: failures?,
            failures_since_login: failures_since_login?,
            wait,
            locked: locked?,
        })
    })())
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
