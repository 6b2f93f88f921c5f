//! The digits of one code.

use std::fmt;
use zeroize::Zeroizing;

/// The digits that an app shows: what people type are six. Wiped when dropped, never printed. On the
/// heap, since what is moved about on the stack leaves copies behind.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Zeroizing<Box<[u8]>>);

impl Token {
    /// Digits of a code that people type.
    pub const LENGTH: usize = 6;

    /// Takes exactly six ASCII digits.
    pub fn from_digits(digits: &[u8]) -> Option<Self> {
        if digits.len() == Self::LENGTH { Self::shown(digits) } else { None }
    }

    /// Takes what an app can show: 6 to 8 ASCII digits.
    pub(super) fn shown(digits: &[u8]) -> Option<Self> {
        let legal = (6..=8).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
        legal.then(|| Self(Zeroizing::new(digits.into())))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII digits were let in")
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}
