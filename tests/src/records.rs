//! A record's text as cloud2fa.toml(5) section FILES documents it, read a second time: by a parser of
//! all TOML, and by no line of the library's. What the page does not say is a mistake.

use std::collections::BTreeSet;
use std::net::IpAddr;
use toml::de::{DeTable, DeValue};

/// A record. What is left out has its default; hashes are bytes, times are UNIX seconds.
#[derive(Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Record {
    pub generation: String,
    pub user: String,
    pub uid: Option<u64>,
    pub enrolled: bool,
    pub ticket: Option<(Vec<u8>, u64)>,
    pub secret: Option<Vec<u8>>,
    pub sealed_secret: Option<(Vec<u8>, u64)>,
    /// Algorithm, digits, period.
    pub parameters: Option<(String, u64, u64)>,
    pub drift: i64,
    pub replace_weak_by: Option<u64>,
    pub created: Option<(u64, String)>,
    pub codes_seen: bool,
    pub unconfirmed_until: Option<u64>,
    pub backup_codes: Option<BackupCodes>,
    pub last_step_at: Option<u64>,
    pub last_used: Option<u64>,
    pub spent_backup_codes: Vec<u64>,
    pub failures: u64,
    pub failures_since_login: u64,
    /// From when, how long.
    pub wait: Option<(u64, u64)>,
    pub locked: bool,
    /// The newest day, and its count and those of the days before.
    pub budget: Option<(u64, Vec<u64>)>,
    pub remembered: Vec<(Vec<u8>, u64)>,
    pub notices: Vec<(String, u64, u64)>,
    /// Id, what was asked, outcome, when.
    pub last_attempt: Option<(Vec<u8>, Vec<u8>, String, u64)>,
    pub decisions: Vec<Decision>,
    /// As it stands there.
    pub ignorable: String,
}

/// The table of the backup codes.
#[derive(Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct BackupCodes {
    pub memory_kib: u64,
    pub passes: u64,
    pub salt: Vec<u8>,
    pub hashes: Vec<Vec<u8>>,
}

/// One line of the last decisions.
#[derive(Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Decision {
    pub at: u64,
    pub outcome: String,
    pub factor: String,
    pub service: String,
    pub address: Option<IpAddr>,
    pub times: u64,
}

/// A table of which each key is taken once.
struct Table<'t> {
    table: DeTable<'t>,
    taken: BTreeSet<String>,
}

impl<'t> Table<'t> {
    fn of(table: DeTable<'t>) -> Self {
        Self { table, taken: BTreeSet::new() }
    }

    fn take(&mut self, key: &str) -> Option<DeValue<'t>> {
        assert!(self.taken.insert(key.to_owned()), "{key} is read twice");
        self.table.remove(key).map(toml::Spanned::into_inner)
    }

    fn table(&mut self, key: &str) -> Option<Table<'t>> {
        self.take(key).map(|value| match value {
            DeValue::Table(table) => Table::of(table),
            other => panic!("{key} is no table: {other:?}"),
        })
    }

    fn text(&mut self, key: &str) -> Option<String> {
        self.take(key).map(|value| text(&value))
    }

    fn number(&mut self, key: &str) -> Option<u64> {
        self.take(key).map(|value| number(&value))
    }

    fn boolean(&mut self, key: &str) -> Option<bool> {
        self.take(key).map(|value| value.as_bool().unwrap_or_else(|| panic!("{key}: no boolean")))
    }

    fn strings(&mut self, key: &str) -> Vec<String> {
        self.list(key).iter().map(text).collect()
    }

    fn list(&mut self, key: &str) -> Vec<DeValue<'t>> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let DeValue::Array(list) = value else { panic!("{key}: no list") };
        list.into_iter().map(toml::Spanned::into_inner).collect()
    }

    fn end(self) {
        let left: Vec<_> = self.table.keys().map(|key| key.get_ref().to_string()).collect();
        assert!(left.is_empty(), "the page does not know {left:?}");
    }
}

fn text(value: &DeValue<'_>) -> String {
    value.as_str().expect("a string").to_owned()
}

fn number(value: &DeValue<'_>) -> u64 {
    value.as_integer().expect("a number").as_str().parse().expect("not below 0")
}

fn base64(text: &str) -> Vec<u8> {
    data_encoding::BASE64_NOPAD.decode(text.as_bytes()).expect("base64")
}

fn parsed(text: &str) -> u64 {
    text.parse().expect("a number")
}

/// `HASH ENDS`.
fn hash_and_end(line: &str) -> (Vec<u8>, u64) {
    let (hash, end) = line.split_once(' ').expect("two fields");
    assert_eq!(base64(hash).len(), 16);
    (base64(hash), parsed(end))
}

/// `AT OUTCOME FACTOR SERVICE ADDRESS TIMES`.
fn decision(line: &str) -> Decision {
    let fields: Vec<_> = line.split(' ').collect();
    let [at, outcome, factor, service, address, times] = fields[..] else { panic!("{line}") };
    assert!(["accepted", "wrong", "replayed"].contains(&outcome), "{line}");
    assert!(["token", "backup_code"].contains(&factor), "{line}");
    assert!(service.len() <= 24, "{line}");
    Decision {
        at: parsed(at),
        outcome: outcome.to_owned(),
        factor: factor.to_owned(),
        service: service.to_owned(),
        address: (address != "-").then(|| address.parse().expect("an address")),
        times: parsed(times),
    }
}

/// `DAY COUNT,COUNT,…`.
fn budget(line: &str) -> (u64, Vec<u64>) {
    let (day, counts) = line.split_once(' ').expect("two fields");
    let count = |text: &str| if text.is_empty() { 0 } else { parsed(text) };
    let counts: Vec<_> = counts.split(',').map(count).collect();
    assert!(counts.len() <= 31, "{line}");
    (parsed(day), counts)
}

/// `KIND AT NUMBER`.
fn notice(line: &str) -> (String, u64, u64) {
    let fields: Vec<_> = line.split(' ').collect();
    let [kind, at, number] = fields[..] else { panic!("{line}") };
    (kind.to_owned(), parsed(at), parsed(number))
}

/// `ID ASKED OUTCOME AT`.
fn attempt(line: &str) -> (Vec<u8>, Vec<u8>, String, u64) {
    let fields: Vec<_> = line.split(' ').collect();
    let [id, asked, outcome, at] = fields[..] else { panic!("{line}") };
    assert_eq!((base64(id).len(), base64(asked).len()), (16, 16), "{line}");
    (base64(id), base64(asked), outcome.to_owned(), parsed(at))
}

/// Reads a record of format 2.
pub fn read(whole: &str) -> Record {
    // The lines of the last table are kept as they are; TOML or not.
    let (text, ignorable) = whole.split_once("\n[ignorable]\n").unwrap_or((whole, ""));
    assert!(ignorable.len() <= 256, "{ignorable}");
    let mut top = Table::of(DeTable::parse(text).expect("TOML").into_inner());
    let mut record = Record {
        generation: top.text("generation").expect("generation"),
        user: top.text("user").expect("user"),
        uid: top.number("uid"),
        enrolled: top.boolean("enrolled").expect("enrolled"),
        ticket: top.text("ticket").map(|line| hash_and_end(&line)),
        codes_seen: true,
        ignorable: ignorable.to_owned(),
        ..Record::default()
    };
    if record.enrolled {
        read_enrolment(&mut top, &mut record);
    }
    let usage = top.table("usage").expect("[usage]");
    top.end();
    read_usage(usage, &mut record);
    record
}

fn read_enrolment(top: &mut Table<'_>, record: &mut Record) {
    let base32 =
        |text: String| data_encoding::BASE32_NOPAD.decode(text.as_bytes()).expect("base32");
    record.secret = top.text("secret").map(base32);
    let counter = top.number("seal_counter");
    let sealed = top.text("sealed_secret").map(|text| base64(&text));
    record.sealed_secret = sealed.map(|sealed| (sealed, counter.expect("seal_counter")));
    assert!(record.secret.is_some() != record.sealed_secret.is_some(), "one of the two");
    let algorithm = top.text("algorithm").unwrap_or_else(|| "SHA1".to_owned());
    let (digits, period) = (top.number("digits"), top.number("period"));
    record.parameters = Some((algorithm, digits.unwrap_or(6), period.unwrap_or(30)));
    let drift = top.take("drift");
    let drift = drift.map(|value| value.as_integer().expect("a number").as_str().parse());
    record.drift = drift.map_or(0, |steps| steps.expect("a number"));
    record.replace_weak_by = top.number("replace_weak_by");
    let created_by = top.text("created_by").expect("created_by");
    record.created = Some((top.number("created").expect("created"), created_by));
    record.codes_seen = top.boolean("codes_seen").unwrap_or(true);
    record.unconfirmed_until = top.number("unconfirmed_until");
    let mut codes = top.table("backup_codes").expect("[backup_codes]");
    assert_eq!(codes.text("algorithm").as_deref(), Some("argon2id"));
    assert_eq!(codes.number("lanes"), Some(1));
    record.backup_codes = Some(BackupCodes {
        memory_kib: codes.number("memory_kib").expect("memory_kib"),
        passes: codes.number("passes").expect("passes"),
        salt: base64(&codes.text("salt").expect("salt")),
        hashes: codes.strings("hashes").iter().map(|hash| base64(hash)).collect(),
    });
    codes.end();
}

fn read_usage(mut usage: Table<'_>, record: &mut Record) {
    record.last_step_at = usage.number("last_step_at");
    record.last_used = usage.number("last_used");
    record.spent_backup_codes = usage.list("spent_backup_codes").iter().map(number).collect();
    record.failures = usage.number("failures").unwrap_or(0);
    record.failures_since_login = usage.number("failures_since_login").unwrap_or(0);
    let seconds = usage.number("wait_seconds");
    record.wait = usage.number("wait_from").map(|from| (from, seconds.expect("wait_seconds")));
    record.locked = usage.boolean("locked").unwrap_or(false);
    record.budget = usage.text("budget").map(|line| budget(&line));
    record.remembered = usage.strings("remembered").iter().map(|line| hash_and_end(line)).collect();
    record.notices = usage.strings("notices").iter().map(|line| notice(line)).collect();
    record.last_attempt = usage.text("last_attempt").map(|line| attempt(&line));
    record.decisions = usage.strings("decisions").iter().map(|line| decision(line)).collect();
    usage.end();
}
