//! One entry of the index of uids: the target of a symbolic link, which is names as their files spell
//! them, with a slash between two.

use crate::user::UserName;

/// Between two names; none has it in its file's spelling.
const BETWEEN: char = '/';

/// What stands for more names than fit: all records must be looked at. No name is spelled so.
const ANY: &str = "*";

/// The longest target that every file system takes (XFS_SYMLINK_MAXLEN is 1024).
const LONGEST_TARGET: usize = 1000;

/// What an entry says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// Only records of these names count. In order; empty where there is no entry.
    Names(Vec<UserName>),
    /// Each record can.
    Any,
    /// What no version writes. Each record can.
    Damaged,
}

impl Entry {
    pub(super) fn parse(target: &[u8]) -> Self {
        if target == ANY.as_bytes() {
            return Self::Any;
        }
        let Ok(text) = std::str::from_utf8(target) else { return Self::Damaged };
        let mut names: Vec<UserName> = Vec::new();
        for encoded in text.split(BETWEEN) {
            let Some(name) = UserName::decode(encoded) else { return Self::Damaged };
            // Few; std's sorting would be the larger part of this file in the module.
            names.insert(names.partition_point(|before| *before < name), name);
        }
        Self::Names(names)
    }

    /// What has these, too. Of one that is damaged nobody knows what was in it: `are_all` says that it
    /// can be no others.
    pub(super) fn with(self, more: &[UserName], are_all: bool) -> Self {
        let mut names = match self {
            Self::Any => return Self::Any,
            Self::Damaged if !are_all => return Self::Any,
            Self::Damaged => Vec::new(),
            Self::Names(names) => names,
        };
        for name in more {
            if let Err(place) = names.binary_search(name) {
                names.insert(place, name.clone());
            }
        }
        let all = Self::Names(names);
        if all.target().len() > LONGEST_TARGET { Self::Any } else { all }
    }

    /// Both together.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Names(mut names), Self::Names(more)) => {
                names.extend(more);
                Self::Names(names)
            }
            _ => Self::Any,
        }
    }

    /// How it is written.
    pub(super) fn target(&self) -> String {
        match self {
            Self::Names(names) => {
                let all: Vec<_> = names.iter().map(UserName::encoded).collect();
                all.join(&BETWEEN.to_string())
            }
            Self::Any | Self::Damaged => ANY.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> UserName {
        UserName::new(text).unwrap()
    }

    #[test]
    fn an_entry_reads_back_in_the_order_of_names() {
        let one = Entry::Names(Vec::new()).with(&[name("zed")], false).target();
        assert_eq!(one, "zed");
        let two = Entry::parse(one.as_bytes()).with(&[name("a/b"), name("zed")], false).target();
        assert_eq!(two, "a%2Fb/zed");
        let two = Entry::parse(two.as_bytes());
        assert_eq!(two, Entry::Names(vec![name("a/b"), name("zed")]));
        // An earlier writing of this format added at the end.
        assert_eq!(Entry::parse(b"zed/a%2Fb"), two);
        assert_eq!(Entry::parse(b"zed/a%2Fb").with(&[name("zed")], false), two, "it is there");
    }

    #[test]
    fn what_is_no_list_of_names_finds_all_records_until_all_of_the_uid_are_known() {
        for target in ["", "/", "alice/", "a b", "%61lice", "**", "../store", "\u{fffd}"] {
            let entry = || Entry::parse(target.as_bytes());
            assert_eq!(entry(), Entry::Damaged, "{target}");
            assert_eq!(entry().with(&[name("alice")], false).target(), "*", "{target}");
            assert_eq!(entry().with(&[name("alice")], true).target(), "alice", "{target}");
        }
        assert_eq!(Entry::parse(b"\xff"), Entry::Damaged);
    }

    #[test]
    fn names_that_do_not_fit_are_any() {
        let long = |number: usize| name(&format!("{number:0>200}"));
        let mut entry = Entry::Names(Vec::new());
        for number in 0..4 {
            entry = Entry::parse(entry.with(&[long(number)], false).target().as_bytes());
            assert!(matches!(&entry, Entry::Names(names) if names.len() == number + 1));
        }
        assert_eq!(entry.with(&[long(4)], false).target(), ANY);
        assert_eq!(Entry::parse(ANY.as_bytes()).with(&[long(4)], false), Entry::Any);
    }

    #[test]
    fn two_are_their_names_together_unless_one_of_them_is_any() {
        let of = |text: &str| Entry::parse(text.as_bytes());
        let none = || Entry::Names(Vec::new());
        assert_eq!(of("alice").and(none()), of("alice"));
        assert_eq!(none().and(of("bea")), of("bea"));
        for (one, other) in [("*", "alice"), ("alice", "*"), ("alice", ""), ("", "*")] {
            assert_eq!(of(one).and(of(other)), Entry::Any, "{one:?} and {other:?}");
        }
    }
}
