//! What was typed at the prompt: a token, a backup code, or something that cannot be a code.

use crate::backup_codes::BackupCode;
use crate::totp::Token;
use zeroize::Zeroizing;

/// Answers of this many bytes or more are no codes (`PAM_MAX_RESP_SIZE` in `_pam_types.h`).
pub const TOO_LONG: usize = 512;

/// Which kind of code was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    /// Six digits of the app.
    Token,
    /// One of the printed codes.
    BackupCode,
}

/// An answer that is shaped like a code, and so is worth an evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Six digits of an app.
    Token(Token),
    /// Thirteen symbols of a printed list.
    BackupCode(BackupCode),
}

impl Answer {
    /// Which kind of code this is.
    pub fn factor(&self) -> Factor {
        match self {
            Self::Token(_) => Factor::Token,
            Self::BackupCode(_) => Factor::BackupCode,
        }
    }

    /// Reads an answer; ASCII spaces and dashes in it are ignored. `None` if it
    /// cannot be a code: that is not a guess, and must not be counted as one.
    pub fn parse(typed: &[u8]) -> Option<Self> {
        if typed.len() >= TOO_LONG {
            return None;
        }
        let mut symbols = Zeroizing::new(Vec::with_capacity(TOO_LONG));
        symbols.extend(typed.iter().copied().filter(|byte| !matches!(byte, b' ' | b'-')));
        Token::from_digits(&symbols)
            .map(Self::Token)
            .or_else(|| BackupCode::from_symbols(&symbols).map(Self::BackupCode))
    }

    /// Splits a password with a code typed behind it in the same field: the last six
    /// bytes if they are digits, else a trailing backup code in its printed form.
    pub fn split_trailing(typed: &[u8]) -> Option<(&[u8], Self)> {
        if typed.len() >= TOO_LONG {
            return None;
        }
        let trailing = |length: usize| typed.len().checked_sub(length).map(|at| typed.split_at(at));
        if let Some((password, digits)) = trailing(6)
            && let Some(token) = Token::from_digits(digits)
        {
            return Some((password, Self::Token(token)));
        }
        let (password, printed) = trailing(BackupCode::PRINTED_LENGTH)?;
        Some((password, Self::BackupCode(BackupCode::from_printed(printed)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(digits: &[u8]) -> Option<Answer> {
        Token::from_digits(digits).map(Answer::Token)
    }

    #[test]
    fn a_token_may_be_typed_as_apps_show_it() {
        for typed in ["123456", "123 456", " 123456 ", "123-456"] {
            assert_eq!(Answer::parse(typed.as_bytes()), token(b"123456"), "{typed:?}");
        }
    }

    #[test]
    fn what_cannot_be_a_code_is_none() {
        let long = "1".repeat(10_000);
        let padded = format!("{}123456", " ".repeat(506));
        for typed in [
            "",
            " ",
            "12345",
            "1234567",
            "abcdef",
            "１２３４５６",
            "+12345",
            "12345\n",
            &long,
            &padded,
        ] {
            assert_eq!(Answer::parse(typed.as_bytes()), None, "{typed:?}");
        }
        assert_eq!(Answer::parse(b"12345\x00"), None);
    }

    #[test]
    fn a_backup_code_may_be_typed_in_any_case_and_grouping() {
        let code = Answer::parse(b"ABCD-0123-4567X").unwrap();
        for typed in ["abcd01234567x", "abcd-oi23-4567x", "AB CD-OL23 4567X"] {
            assert_eq!(Answer::parse(typed.as_bytes()), Some(code.clone()), "{typed:?}");
        }
        assert!(Answer::parse(b"ABCD-0123-4567U").is_none(), "U is no Crockford symbol");
    }

    #[test]
    fn a_password_and_a_code_in_one_field_come_apart() {
        let (password, answer) = Answer::split_trailing(b"pw123456").unwrap();
        assert_eq!((password, Some(answer)), (&b"pw"[..], token(b"123456")));
        let (password, answer) = Answer::split_trailing(b"pw-abcd-0123-4567x").unwrap();
        assert_eq!((password, Some(answer)), (&b"pw-"[..], Answer::parse(b"abcd01234567x")));
        let (password, answer) = Answer::split_trailing(b"123456").unwrap();
        assert_eq!((password, Some(answer)), (&b""[..], token(b"123456")));
    }

    #[test]
    fn a_field_without_a_trailing_code_does_not_come_apart() {
        for typed in ["", "password", "pw12345", "pwabcd01234567x", "pw 123 456"] {
            assert!(Answer::split_trailing(typed.as_bytes()).is_none(), "{typed:?}");
        }
    }
}
