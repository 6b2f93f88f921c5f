//! A TOML table, taken apart key by key: each value is checked where it is taken, what is
//! left over is unknown. A mistake is a place and what would be right, never the text that
//! stands there: a secret may have been pasted into the wrong file.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value as the parser has it.
pub(super) type Value<'t> = DeValue<'t>;

/// A table of which not all keys are taken yet.
pub(super) struct Fields<'t> {
    table: DeTable<'t>,
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

impl<'t> Fields<'t> {
    /// The table that a whole text is.
    pub(super) fn parse(text: &'t str) -> Result<Self, Mistake> {
        let table = DeTable::parse(text).map_err(|error| Mistake {
            at: error.span().map_or(0, |span| span.start),
            what: error.message().replace('\n', "; "),
        })?;
        Ok(Self::of(table.into_inner(), None))
    }

    fn of(table: DeTable<'t>, name: Option<&'static str>) -> Self {
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
        let Some(value) = self.table.remove(key) else { return Ok(None) };
        let at = value.span().start;
        let mistake = || Mistake { at, what: format!("{key} must be {expected}") };
        read(value.into_inner()).map(Some).ok_or_else(mistake)
    }

    /// Takes the table `key`.
    pub(super) fn take_table(&mut self, key: &'static str) -> Result<Option<Self>, Mistake> {
        self.take(key, "a table", |value| match value {
            DeValue::Table(table) => Some(Self::of(table, Some(key))),
            _ => None,
        })
    }

    /// All that is known was taken: what is left is a mistake.
    pub(super) fn finish(self) -> Result<(), Mistake> {
        let first = self.table.keys().map(|key| Spanned::span(key).start).min();
        let Some(at) = first else { return Ok(()) };
        // In TOML what is appended to a file is in its last table.
        let place = self.name.map(|name| format!(" in [{name}], other keys belong above it"));
        let known = self.known.join(", ");
        let what = format!("unknown key{}; known here are {known}", place.unwrap_or_default());
        Err(Mistake { at, what })
    }
}

/// A string.
pub(super) fn string<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    value.as_str()
}

/// A non-negative integer that fits.
pub(super) fn unsigned<T: TryFrom<u64>>(value: &Value<'_>) -> Option<T> {
    let integer = value.as_integer()?;
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()?.try_into().ok()
}
