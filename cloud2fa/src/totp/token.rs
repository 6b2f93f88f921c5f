//! The digits of one code.

use std::fmt;
use zeroize::Zeroizing;

/// The digits that an app shows: what people type are six. Wiped when dropped, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// Blanks behind the last one.
    digits: Zeroizing<[u8; 8]>,
    length: usize,
}

impl Token {
    /// Takes exactly six ASCII digits.
    pub fn from_digits(digits: &[u8]) -> Option<Self> {
        if digits.len() == 6 { Self::shown(digits) } else { None }
    }

    /// Takes what an app can show: 6 to 8 ASCII digits.
    pub(super) fn shown(digits: &[u8]) -> Option<Self> {
        let legal = (6..=8).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
        let mut token = Self { digits: Zeroizing::new([b' '; 8]), length: digits.len() };
        token.digits.get_mut(..digits.len()).filter(|_| legal)?.copy_from_slice(digits);
        Some(token)
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.digits[..self.length]).expect("only ASCII digits were let in")
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}
