//! A document is what the `toml` crate says that it is.

use super::{Table, Value, read};
use crate::Config;
use proptest::prelude::*;
use proptest::sample::select;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

/// A table without what does not matter: the order, and what has made it.
#[derive(Debug, PartialEq, Eq)]
enum Tree {
    String(String),
    Integer(String, u32),
    Strings(Vec<String>),
    Table(BTreeMap<String, (Option<usize>, Tree)>),
    Other,
}

impl Tree {
    /// With the place of its key, which a table may have several of.
    fn at(self, place: usize) -> (Option<usize>, Self) {
        (Some(place).filter(|_| !matches!(self, Self::Table(_))), self)
    }
}

fn ours(table: &Table<'_>) -> Tree {
    let entries = table.entries.iter().map(|entry| {
        let tree = match &entry.value {
            Value::String(text) => Tree::String(text.to_string()),
            Value::Integer(digits, base) => Tree::Integer(digits.to_string(), *base),
            Value::Strings(texts) => Tree::Strings(texts.iter().map(Cow::to_string).collect()),
            Value::Table(table) => ours(table),
            Value::Tables | Value::Other => Tree::Other,
        };
        (entry.key.to_string(), tree.at(entry.at))
    });
    Tree::Table(entries.collect())
}

fn theirs(table: &DeTable<'_>) -> Tree {
    let entries = table.iter().map(|(key, value)| {
        let tree = match value.get_ref() {
            DeValue::String(text) => Tree::String(text.to_string()),
            DeValue::Integer(integer) => {
                Tree::Integer(integer.as_str().to_owned(), integer.radix())
            }
            DeValue::Table(table) => theirs(table),
            DeValue::Array(values) => strings(values),
            _ => Tree::Other,
        };
        (key.get_ref().to_string(), tree.at(key.span().start))
    });
    Tree::Table(entries.collect())
}

/// An array of strings, or another one; `[[a]]` is one of tables.
fn strings(values: &DeArray<'_>) -> Tree {
    let text = |value: &Spanned<DeValue<'_>>| value.get_ref().as_str().map(str::to_owned);
    values.iter().map(text).collect::<Option<_>>().map_or(Tree::Other, Tree::Strings)
}

const KEYS: &[&str] = &[
    "skew",
    "issuer",
    "accept",
    "throttle",
    "throttle.lock_after",
    "throttle . 'lock_after'",
    "\"skew\"",
    "\"s\\u006bew\"",
    "a",
    "a.b",
    "a.b.c",
    "a.b.c.d",
    "",
    "'''a'''",
    "a b",
];

const VALUES: &[&str] = &[
    "1",
    "+1",
    "-1",
    "01",
    "1_0",
    "0x1F",
    "99999999999999999999",
    "'text'",
    "\"t\\u00e9xt\\n\"",
    "\"t\\qxt\"",
    "\"open",
    "'''a\nb'''",
    "\"\"\"a\\\n  b\"\"\"",
    "true",
    "1.5",
    "inf",
    "2026-11-27",
    "2026-13-27",
    "10:00",
    "[]",
    "['a', \"\\u00e9\", '''b''',]",
    "[1, 'a', [2]]",
    "['a', ['b']]",
    "[['a'], 'b']",
    "['a', {}]",
    "['a', { b = 'c' }, 'd']",
    "[\n  1, # one\n]",
    "[1 2]",
    "[{ a = 1, a = 2 }]",
    "{}",
    "{ lock_after = 5 }",
    "{ lock_after = 5, free_failures = 3, }",
    "{ a.b = 1, a.c = 2 }",
    "{ a = { b = 1 }, a.c = 2 }",
    "{ a = 1, a = 2 }",
    "{ a = [",
    "",
    "word",
    "# none",
];

fn line() -> impl Strategy<Value = String> {
    let key = || select(KEYS);
    prop_oneof![
        8 => (key(), select(VALUES)).prop_map(|(key, value)| format!("{key} = {value}")),
        2 => key().prop_map(|key| format!("[{key}]")),
        1 => key().prop_map(|key| format!("[[{key}]]")),
        1 => key().prop_map(|key| format!("[{key}] # table")),
        1 => select(&["", "  ", "# text", "#\u{7}", "=", "]", "\t[a.x]"][..]).prop_map(str::to_owned),
    ]
}

fn text() -> impl Strategy<Value = String> {
    let ends = select(&["\n", "\r\n", "\n\n", "\r"][..]);
    (prop::collection::vec(line(), 0..6), ends, any::<prop::sample::Index>(), 0..8_u8).prop_map(
        |(lines, end, at, cut)| {
            let mut text = lines.join(end);
            // One time in eight a character is missing.
            if cut == 0 && !text.is_empty() {
                let (begin, _) = text.char_indices().nth(at.index(text.chars().count())).unwrap();
                text.remove(begin);
            }
            text
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn what_is_toml_is_read_as_that_and_what_is_none_is_no_configuration(text in text()) {
        if let Ok(table) = DeTable::parse(&text) {
            let read = read(&text).map(|table| ours(&table));
            prop_assert_eq!(read, Ok(theirs(table.get_ref())));
        } else {
            // What no key takes is not read to its end: there it is a value of the wrong kind.
            let config = Config::parse(&text, Path::new("x.toml")).ok();
            prop_assert_eq!(config.filter(|config| config.mistakes().is_empty()), None);
        }
    }
}

#[test]
fn a_mistake_is_where_and_what_the_parser_says() {
    for text in [
        "a",
        "a =",
        "a = 1 2",
        "a = 'b",
        "a = \"b\\q\"",
        "a = 1\na = 2",
        "[a]\n[a]",
        "[a\n",
        "[a]]",
        "[[a]",
        "= 1",
        "a = word",
        "a = 1__0",
        "a = 0b2",
        "a = {",
        "a = { b }",
        "a = [1 2]",
        "a.b = 1\na = 2",
        "a = 1\n[a]",
        "a = 1\r2",
        "#\u{7}",
        "\u{feff}a = 1 1",
        "'''a''' = 1",
    ] {
        let error = DeTable::parse(text).expect_err(text);
        let at = error.span().map_or(0, |span| span.start);
        assert_eq!(read(text), Err((at, error.message().replace('\n', "; "))), "{text:?}");
    }
}

#[test]
fn a_file_as_large_as_they_may_be_is_no_danger() {
    let most = 64 * 1024;
    for text in [
        "a.".repeat(most / 2) + "a = 1",
        "[".repeat(most),
        "a = ".to_owned() + &"[".repeat(most - 4),
        "a = ".to_owned() + &"{ a = ".repeat(most / 6),
        "[".to_owned() + &"a.".repeat(most / 2) + "a]",
    ] {
        assert!(read(&text).is_err());
    }
}
