//! Lines of a record, taken one by one as they were written, in that order: the checksum says that
//! nobody has edited them. Nothing is copied on the way, and a login, which reads twice, is done
//! sooner than with a parser of all TOML.

use std::str::FromStr;

/// What is there is not what it must be.
#[derive(Debug)]
pub(super) struct Malformed;

/// The lines that are not taken yet. What is not there as it was asked for gives nothing.
pub(super) struct Lines<'t>(pub(super) &'t str);

impl<'t> Lines<'t> {
    /// Takes a line.
    pub(super) fn line(&mut self) -> Option<&'t str> {
        let (line, rest) = self.0.split_once('\n')?;
        self.0 = rest;
        Some(line)
    }

    /// Takes what is there, if it is `text`.
    pub(super) fn exactly(&mut self, text: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    /// Takes the line of `key`, if that is the next. Gives the value.
    pub(super) fn value(&mut self, key: &str) -> Option<&'t str> {
        self.0 = self.0.strip_prefix(key)?.strip_prefix(" = ")?;
        self.line()
    }

    /// The same, of a string that needs no escapes.
    pub(super) fn string(&mut self, key: &str) -> Option<&'t str> {
        plain(self.value(key)?)
    }

    /// The same, of a number or a boolean.
    pub(super) fn parsed<T: FromStr>(&mut self, key: &str) -> Option<T> {
        self.value(key)?.parse().ok()
    }

    /// The same, of a number or a boolean that may be left out.
    pub(super) fn optional<T: FromStr>(&mut self, key: &str) -> Result<Option<T>, Malformed> {
        self.optional_by(key, |value| value.parse().ok())
    }

    /// The same, of a string that needs no escapes, may be left out, and is read by `read`.
    pub(super) fn optional_string<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&'t str) -> Option<T>,
    ) -> Result<Option<T>, Malformed> {
        self.optional_by(key, |value| read(plain(value)?))
    }

    fn optional_by<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&'t str) -> Option<T>,
    ) -> Result<Option<T>, Malformed> {
        match self.value(key) {
            None => Ok(None),
            Some(value) => read(value).map(Some).ok_or(Malformed),
        }
    }

    /// Takes the list `key`, of strings that need no escapes, one a line, at most `most`; an
    /// empty one where it is left out.
    pub(super) fn list<T>(
        &mut self,
        key: &str,
        most: usize,
        read: impl Fn(&'t str) -> Option<T>,
    ) -> Option<Vec<T>> {
        let mut entries = Vec::new();
        let Some(rest) = self.0.strip_prefix(key).and_then(|rest| rest.strip_prefix(" = [\n"))
        else {
            return Some(entries);
        };
        self.0 = rest;
        entries.reserve_exact(most);
        while self.exactly("]\n").is_none() {
            let entry = plain(self.line()?.strip_suffix(',')?)?;
            if entries.len() == most {
                return None;
            }
            entries.push(read(entry)?);
        }
        Some(entries)
    }
}

/// A string's content, where it needs no escapes.
fn plain(value: &str) -> Option<&str> {
    value.strip_prefix('"')?.strip_suffix('"')
}

/// A TOML basic string. Names have no control characters ([`crate::UserName::new`]).
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

/// What [`quoted`] made of a name.
pub(super) fn unquoted(text: &str) -> Option<String> {
    let mut characters = plain(text)?.chars();
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
