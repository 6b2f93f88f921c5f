//! A user: the name as the system's own database (NSS) spells it, and the uid.

use std::fmt;

/// The longest file name stem, in encoded bytes: with `.account` and a temporary
/// file's affixes it stays below the 255 bytes of NAME_MAX.
const LONGEST_ENCODED: usize = 200;

/// What Linux has room for where it keeps who is logged in (LOGIN_NAME_MAX in limits(0p)), without the NUL.
const LONGEST_NAME: usize = 255;

/// Why a name cannot be a user's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadUserName {
    /// Nothing at all.
    #[error("the user name is empty")]
    Empty,
    /// Control characters stand in no real name, and would garble logs and files.
    #[error("the user name contains a control character")]
    ControlCharacter,
    /// NSS gives bytes that are no text.
    #[error("the user name is not UTF-8")]
    NotUtf8,
    /// Longer than names of users are.
    #[error("the user name is too long (more than {LONGEST_NAME} bytes)")]
    TooLong,
    /// More than 200 bytes after encoding: it can have no record, and so no enrolment.
    #[error("the user name is too long (more than {LONGEST_ENCODED} bytes as a file name)")]
    NoFileName,
}

/// A user name that is safe as a file name, whatever it contains; unless it is too long for one, when it has none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserName(String);

impl UserName {
    /// Takes a name as NSS spells it.
    pub fn new(name: &str) -> Result<Self, BadUserName> {
        if name.is_empty() {
            return Err(BadUserName::Empty);
        }
        if name.chars().any(char::is_control) {
            return Err(BadUserName::ControlCharacter);
        }
        if name.len() > LONGEST_NAME {
            return Err(BadUserName::TooLong);
        }
        Ok(Self(name.to_owned()))
    }

    /// Fails for a name that no store has a record for.
    pub fn must_fit_a_record(&self) -> Result<(), BadUserName> {
        if self.encoded().len() > LONGEST_ENCODED { Err(BadUserName::NoFileName) } else { Ok(()) }
    }

    /// The name as NSS spells it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name with every byte outside `[A-Za-z0-9_-]`, and a leading `-`, as `%2E`.
    pub fn encoded(&self) -> String {
        let mut encoded = String::with_capacity(self.0.len());
        for (position, byte) in self.0.bytes().enumerate() {
            let plain =
                byte.is_ascii_alphanumeric() || byte == b'_' || (byte == b'-' && position > 0);
            if plain {
                encoded.push(char::from(byte));
            } else {
                encoded.push('%');
                encoded.push_str(&data_encoding::HEXUPPER.encode(&[byte]));
            }
        }
        encoded
    }

    /// The name that [`Self::encoded`] made `encoded` of. `None` if it makes no such string.
    pub fn decode(encoded: &str) -> Option<Self> {
        let mut bytes = Vec::with_capacity(encoded.len());
        let mut rest = encoded.as_bytes();
        while let [first, tail @ ..] = rest {
            if *first == b'%' {
                let (digits, tail) = tail.split_at_checked(2)?;
                bytes.extend(data_encoding::HEXUPPER.decode(digits).ok()?);
                rest = tail;
            } else {
                bytes.push(*first);
                rest = tail;
            }
        }
        let name = Self::new(std::str::from_utf8(&bytes).ok()?).ok()?;
        (name.encoded() == encoded && name.must_fit_a_record().is_ok()).then_some(name)
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A user of this system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The canonical name.
    pub name: UserName,
    /// The number behind the name, which tells a deleted account from one made anew.
    pub uid: u32,
}

impl TryFrom<nix::unistd::User> for User {
    type Error = BadUserName;

    /// Takes an entry of the system's database.
    fn try_from(entry: nix::unistd::User) -> Result<Self, BadUserName> {
        Ok(Self { name: UserName::new(&entry.name)?, uid: entry.uid.as_raw() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_name_is_its_own_file_name() {
        assert_eq!(UserName::new("alice_b-2").unwrap().encoded(), "alice_b-2");
    }

    #[test]
    fn nothing_in_a_name_can_leave_the_directory() {
        for (name, encoded) in [
            ("../x", "%2E%2E%2Fx"),
            (".", "%2E"),
            ("-f", "%2Df"),
            ("a/b", "a%2Fb"),
            ("DOM\\ann", "DOM%5Cann"),
            ("jörg", "j%C3%B6rg"),
            ("100%", "100%25"),
        ] {
            assert_eq!(UserName::new(name).unwrap().encoded(), encoded);
            assert_eq!(UserName::decode(encoded).unwrap().as_str(), name);
        }
    }

    #[test]
    fn two_spellings_of_one_file_name_do_not_exist() {
        for wrong in ["%61lice", "a%2", "a%", "%2e", "%C3", ""] {
            assert_eq!(UserName::decode(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn names_that_are_no_names_are_refused() {
        assert_eq!(UserName::new(""), Err(BadUserName::Empty));
        assert_eq!(UserName::new("a\nb"), Err(BadUserName::ControlCharacter));
        assert_eq!(UserName::new(&"a".repeat(256)), Err(BadUserName::TooLong));
    }

    #[test]
    fn a_name_that_is_too_long_for_a_file_is_a_name_all_the_same_and_has_no_record() {
        let fits = |name: &str| UserName::new(name).unwrap().must_fit_a_record();
        for too_long in ["a".repeat(201), ".".repeat(67), "\u{6f22}".repeat(23)] {
            assert_eq!(fits(&too_long), Err(BadUserName::NoFileName), "{too_long}");
            let encoded = UserName::new(&too_long).unwrap().encoded();
            assert_eq!(UserName::decode(&encoded), None, "{encoded}");
        }
        assert_eq!(fits(&"a".repeat(200)), Ok(()));
    }
}
