//! A TOML table, taken apart key by key: each value is checked where it is taken, what is
//! left over is unknown. A mistake is a place and what would be right, never the text that
//! stands there: a secret may have been pasted into the wrong file.

use super::document::{self, Entry, Table, Value};
use super::error::Invalid;
use std::borrow::Cow;
use std::path::Path;

/// A table of which not all keys are taken yet.
pub(super) struct Fields<'t> {
    table: Table<'t>,
    known: Vec<&'static str>,
    /// None for the whole text.
    name: Option<&'static str>,
}

/// What is wrong, and where.
#[derive(Debug)]
pub(super) struct Mistake {
    /// Bytes from the start of the text.
    pub(super) at: usize,
    /// What would be right.
    pub(super) what: String,
}

impl Mistake {
    /// The same, for who looks for it in the file.
    pub(super) fn in_file(self, text: &str, path: &Path) -> Invalid {
        let before = text.get(..self.at).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Invalid {
            path: path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            what: self.what,
        }
    }
}

impl<'t> Fields<'t> {
    /// The table that a whole text is.
    pub(super) fn parse(text: &'t str) -> Result<Self, Mistake> {
        let table = document::read(text).map_err(|(at, what)| Mistake { at, what })?;
        Ok(Self::of(table, None))
    }

    fn of(table: Table<'t>, name: Option<&'static str>) -> Self {
        Self { table, known: Vec::new(), name }
    }

    /// Takes the value of `key` through `read`. Where that gives nothing, the value is a
    /// mistake: `expected` says what the key must be.
    pub(super) fn take<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        read: impl FnOnce(Value<'t>) -> Option<T>,
    ) -> Result<Option<T>, Mistake> {
        self.known.push(key);
        let Some(Entry { value, value_at: at, .. }) = self.table.take(key) else { return Ok(None) };
        let mistake = || Mistake { at, what: format!("{key} must be {expected}") };
        read(value).map(Some).ok_or_else(mistake)
    }

    /// Takes `key`, whatever its value is; but a value that swallows other keys is a mistake: they are not
    /// set then, and somebody thinks that they are.
    pub(super) fn pass(&mut self, key: &'static str, expected: &str) -> Result<(), Mistake> {
        self.take(key, expected, |value| may_be_wrong(&value).then_some(())).map(|_| ())
    }

    /// Whether the value of `key` may be wrong, and no other key is swallowed by it.
    pub(super) fn may_be_wrong(&self, key: &str) -> bool {
        let entry = self.table.entries.iter().find(|entry| entry.key == key);
        entry.is_none_or(|entry| may_be_wrong(&entry.value))
    }

    /// Takes the table `key`.
    pub(super) fn take_table(&mut self, key: &'static str) -> Result<Option<Self>, Mistake> {
        self.take(key, "a table", |value| match value {
            Value::Table(table) => Some(Self::of(table, Some(key))),
            _ => None,
        })
    }

    /// All that is known was taken: what is left is a mistake.
    pub(super) fn finish(self) -> Result<(), Mistake> {
        let Some(Entry { at, .. }) = self.table.entries.into_iter().next() else { return Ok(()) };
        // In TOML what is appended to a file is in its last table.
        let place = self.name.map(|name| format!(" in [{name}], other keys belong above it"));
        let known = self.known.join(", ");
        let what = format!("unknown key{}; known here are {known}", place.unwrap_or_default());
        Err(Mistake { at, what })
    }
}

/// Whether no key can stand in a value: it is no table, and does not go over several lines.
fn may_be_wrong(value: &Value<'_>) -> bool {
    match value {
        Value::Table(_) | Value::Tables => false,
        Value::String(text) => !text.contains('\n'),
        Value::Strings(texts) => !texts.iter().any(|text| text.contains('\n')),
        Value::Integer(..) | Value::Other => true,
    }
}

/// A string.
pub(super) fn string<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// A list of strings, each in one line.
pub(super) fn strings(value: Value<'_>) -> Option<Vec<String>> {
    match value {
        Value::Strings(_) if !may_be_wrong(&value) => None,
        Value::Strings(texts) => Some(texts.into_iter().map(Cow::into_owned).collect()),
        _ => None,
    }
}

/// A non-negative integer that fits.
pub(super) fn unsigned<T: TryFrom<u64>>(value: &Value<'_>) -> Option<T> {
    let Value::Integer(digits, base) = value else { return None };
    u64::from_str_radix(digits, *base).ok()?.try_into().ok()
}
