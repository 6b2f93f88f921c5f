//! A TOML document as a tree of keys and values, made of what the parser reports. It has what a
//! configuration is made of; arrays of anything else than strings, dates and other numbers are known for
//! what they are not.

use std::borrow::Cow;
use toml_parser::decoder::{Encoding, ScalarKind};
use toml_parser::parser::EventKind::{Scalar, SimpleKey};
use toml_parser::parser::{
    Event, EventReceiver, RecursionGuard, ValidateWhitespace, parse_document,
};
use toml_parser::{ErrorSink, Expected, ParseError, Source, Span};

/// How deep tables and arrays may lie in one another, and how many parts a key may have.
const DEEPEST: u32 = 80;

/// What stands behind a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Value<'t> {
    /// A string.
    String(Cow<'t, str>),
    /// An integer: its digits, with a sign if there is one, and their base.
    Integer(Cow<'t, str>, u32),
    /// An array of strings; one that is empty may be one of anything.
    Strings(Vec<Cow<'t, str>>),
    /// A table.
    Table(Table<'t>),
    /// `[[a]]`: what is in them is checked, and not kept.
    Tables,
    /// Anything else.
    Other,
}

/// A key of a table, and its value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry<'t> {
    pub(super) key: Cow<'t, str>,
    /// Where the key is, in bytes from the start of the text.
    pub(super) at: usize,
    pub(super) value: Value<'t>,
    /// Where the value is.
    pub(super) value_at: usize,
}

/// Keys with their values, in the order of the text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Table<'t> {
    pub(super) entries: Vec<Entry<'t>>,
    origin: Origin,
}

impl<'t> Table<'t> {
    /// Takes what stands behind `key`. The others keep their order.
    pub(super) fn take(&mut self, key: &str) -> Option<Entry<'t>> {
        let index = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(index))
    }
}

/// What has made a table, which decides on what may be added to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// `[a]`
    Header,
    /// `[a.b]`, of `a`.
    HeaderBelow,
    /// `a.b = 1`, of `a`.
    DottedKey,
    /// `a = {}`
    Inline,
}

/// A part of a key, and where it is.
type Part<'t> = (Cow<'t, str>, usize);

/// Reads a document. An error is the first one's place and what is wrong there.
pub(super) fn read(text: &str) -> Result<Table<'_>, (usize, String)> {
    let source = Source::new(text);
    let tokens = source.lex().into_vec();
    let mut reader = Reader::of(source);
    let mut checked = ValidateWhitespace::new(&mut reader, source);
    let mut receiver = RecursionGuard::new(&mut checked, DEEPEST);
    let mut error = None::<ParseError>;
    parse_document(&tokens, &mut receiver, &mut error);
    match error {
        None => Ok(reader.root),
        Some(error) => Err((error.unexpected().map_or(0, |span| span.start()), message(&error))),
    }
}

/// What is wrong, in one line and without anything of the text.
fn message(error: &ParseError) -> String {
    let mut message = error.description().to_owned();
    let Some(expected) = error.expected() else { return message };
    message += if expected.is_empty() { ", expected nothing" } else { ", expected " };
    for (at, expected) in expected.iter().enumerate() {
        message += if at == 0 { "" } else { ", " };
        match expected {
            Expected::Literal("\n") => message += "newline",
            Expected::Literal(text) => message = format!("{message}`{text}`"),
            Expected::Description(text) => message += text,
            _ => message += "etc",
        }
    }
    message
}

/// Builds the tree while the parser goes through the text.
struct Reader<'t> {
    source: Source<'t>,
    root: Table<'t>,
    /// The key that is being read, from the root on.
    path: Vec<Part<'t>>,
    /// How many parts of it name the tables that the text is in: by a header, then by each inline table.
    bases: Vec<usize>,
    /// Arrays that are open. What is in them is checked; of the outermost the strings are kept, while there
    /// is nothing else in it, and its place.
    arrays: u32,
    strings: Option<Vec<Cow<'t, str>>>,
    array_at: usize,
}

impl<'t> Reader<'t> {
    fn of(source: Source<'t>) -> Self {
        let root = Table { entries: Vec::new(), origin: Origin::Header };
        let (path, bases) = (Vec::new(), vec![0]);
        Self { source, root, path, bases, arrays: 0, strings: None, array_at: 0 }
    }

    fn base(&self) -> usize {
        self.bases.last().copied().unwrap_or_default()
    }

    /// Takes the value of the key that was read, and goes back to before the key.
    fn say(&mut self, value: Value<'t>, at: usize, error: &mut dyn ErrorSink) {
        if self.arrays > 0 {
            match (value, &mut self.strings) {
                (Value::String(text), Some(strings)) if self.arrays == 1 => strings.push(text),
                _ => self.strings = None,
            }
            return;
        }
        self.put(value, at, Origin::DottedKey, error);
        self.path.truncate(self.base());
    }

    /// Puts a value where its key says. Tables on the way are made as those of `origin`.
    fn put(&mut self, value: Value<'t>, at: usize, origin: Origin, error: &mut dyn ErrorSink) {
        let base = self.base();
        if self.path.len() > DEEPEST as usize {
            return error.report_error(ParseError::new("recursion limit"));
        }
        let Some(((last, last_at), way)) = self.path.split_last() else { return };
        let mut table = &mut self.root;
        for (depth, (key, key_at)) in way.iter().enumerate() {
            if table.get(key).is_some_and(|entry| entry.value == Value::Tables) {
                return;
            }
            let Some(next) = table.table(key, *key_at, origin, depth < base) else {
                return error.report_error(duplicate(*key_at));
            };
            table = next;
        }
        match table.get(last) {
            None => {
                table.entries.push(Entry { key: last.clone(), at: *last_at, value, value_at: at });
            }
            // `[a]` after `[a.b]`.
            Some(Entry {
                value: Value::Table(below @ Table { origin: Origin::HeaderBelow, .. }),
                ..
            }) if origin == Origin::HeaderBelow => below.origin = Origin::Header,
            Some(entry) if entry.value == Value::Tables && value == Value::Tables => {}
            Some(_) => error.report_error(duplicate(*last_at)),
        }
    }

    fn begin_header(&mut self) {
        self.path.clear();
        self.bases = vec![0];
    }
}

impl<'t> Table<'t> {
    fn get(&mut self, key: &str) -> Option<&mut Entry<'t>> {
        self.entries.iter_mut().find(|entry| entry.key == key)
    }

    /// The table behind a key, made if there is none. `None` where something else is there, or one that
    /// nothing may be added to, unless the text `is_inside` it.
    fn table(
        &mut self,
        key: &Cow<'t, str>,
        at: usize,
        origin: Origin,
        is_inside: bool,
    ) -> Option<&mut Self> {
        let index = self.entries.iter().position(|entry| entry.key == *key).unwrap_or_else(|| {
            let value = Value::Table(Table { entries: Vec::new(), origin });
            self.entries.push(Entry { key: key.clone(), at, value, value_at: at });
            self.entries.len() - 1
        });
        let Value::Table(table) = &mut self.entries[index].value else { return None };
        let may_be_added_to = match origin {
            Origin::DottedKey => table.origin == Origin::DottedKey,
            _ => table.origin != Origin::Inline,
        };
        (is_inside || may_be_added_to).then_some(table)
    }
}

fn duplicate(at: usize) -> ParseError {
    ParseError::new("duplicate key").with_unexpected(Span::new_unchecked(at, at))
}

impl EventReceiver for Reader<'_> {
    fn std_table_open(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.begin_header();
    }

    fn std_table_close(&mut self, span: Span, error: &mut dyn ErrorSink) {
        let table = Table { entries: Vec::new(), origin: Origin::Header };
        self.put(Value::Table(table), span.start(), Origin::HeaderBelow, error);
        self.bases = vec![self.path.len()];
    }

    fn array_table_open(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.begin_header();
    }

    fn array_table_close(&mut self, span: Span, error: &mut dyn ErrorSink) {
        self.put(Value::Tables, span.start(), Origin::HeaderBelow, error);
        self.bases = vec![self.path.len()];
    }

    fn inline_table_open(&mut self, span: Span, error: &mut dyn ErrorSink) -> bool {
        if self.arrays == 0 {
            let table = Table { entries: Vec::new(), origin: Origin::Inline };
            self.put(Value::Table(table), span.start(), Origin::DottedKey, error);
            self.bases.push(self.path.len());
        }
        self.strings = None;
        true
    }

    fn inline_table_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        if self.arrays == 0 {
            self.bases.pop();
            self.path.truncate(self.base());
        }
    }

    fn array_open(&mut self, span: Span, _: &mut dyn ErrorSink) -> bool {
        self.strings = (self.arrays == 0).then(Vec::new);
        if self.arrays == 0 {
            self.array_at = span.start();
        }
        self.arrays += 1;
        true
    }

    fn array_close(&mut self, _: Span, error: &mut dyn ErrorSink) {
        // After a mistake the parser may close what it has not opened.
        self.arrays = self.arrays.saturating_sub(1);
        let strings = self.strings.take().filter(|_| self.arrays == 0);
        self.say(strings.map_or(Value::Other, Value::Strings), self.array_at, error);
    }

    fn simple_key(&mut self, span: Span, encoding: Option<Encoding>, error: &mut dyn ErrorSink) {
        let mut key = Cow::Borrowed("");
        if let Some(raw) = self.source.get(Event::new_unchecked(SimpleKey, encoding, span)) {
            raw.decode_key(&mut key, error);
        }
        if self.arrays == 0 {
            self.path.push((key, span.start()));
        }
    }

    fn scalar(&mut self, span: Span, encoding: Option<Encoding>, error: &mut dyn ErrorSink) {
        let mut text = Cow::Borrowed("");
        let raw = self.source.get(Event::new_unchecked(Scalar, encoding, span));
        let value = match raw.map(|raw| raw.decode_scalar(&mut text, error)) {
            Some(ScalarKind::String) => Value::String(text),
            Some(ScalarKind::Integer(radix)) => Value::Integer(text, radix.value()),
            _ => Value::Other,
        };
        self.say(value, span.start(), error);
    }
}

#[cfg(test)]
mod tests;
