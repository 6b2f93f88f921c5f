//! The log line of a decision: stable, `key=value`; fail2ban and people depend on it.

#![forbid(unsafe_code)]

use cloud2fa::Factor;
use std::fmt::{self, Write};

/// The first word of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The second factor is proven.
    Accepted,
    /// The login is refused.
    Refused,
    /// The user has no second factor, and policy lets such users in.
    Skipped,
}

/// Why a decision was made. The words are documented in pam_cloud2fa(8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The right code.
    RightCode,
    /// Not a code of this account.
    WrongCode,
    /// A code of this account that is used or older than a used one.
    Replayed,
    /// Not shaped like a code: neither a guess nor counted.
    NotACode,
    /// The answer is the password again.
    PasswordRepeated,
    /// The answer, or the password before it, is what sshd sends for users that it will refuse anyway.
    RefusedBySshd,
    /// `use_first_pass`, and no earlier module has asked for a password.
    NoFirstPass,
    /// Too soon after wrong codes.
    Wait,
    /// Locked until an administrator unlocks.
    Locked,
    /// The clock is behind the last accepted code.
    ClockWentBack,
    /// The enrolment changed while the prompt was open.
    EnrolmentChanged,
    /// No enrolment.
    NotEnrolled,
    /// The service of our own password check.
    OwnService,
    /// No such user.
    UnknownUser,
    /// The user name cannot be a file name.
    BadUserName,
    /// The program named another user while the prompt was open.
    UserChanged,
    /// The store could not be asked, or the verdict not written down.
    StoreUnavailable,
    /// The module's arguments in the service file.
    BadArgument,
    /// cloud2fa.toml.
    BadConfig,
    /// The program did not ask the user, or gave no answer.
    ConversationFailed,
    /// The program named no user.
    NoUser,
    /// `PAM_AUTHTOK` could not be set.
    CannotHandOn,
}

impl Reason {
    /// The word in the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::RightCode => "right_code",
            Self::WrongCode => "wrong_code",
            Self::Replayed => "replayed",
            Self::NotACode => "not_a_code",
            Self::PasswordRepeated => "password_repeated",
            Self::RefusedBySshd => "refused_by_sshd",
            Self::NoFirstPass => "no_first_pass",
            Self::Wait => "wait",
            Self::Locked => "locked",
            Self::ClockWentBack => "clock_went_back",
            Self::EnrolmentChanged => "enrolment_changed",
            Self::NotEnrolled => "not_enrolled",
            Self::OwnService => "own_service",
            Self::UnknownUser => "unknown_user",
            Self::BadUserName => "bad_user_name",
            Self::UserChanged => "user_changed",
            Self::StoreUnavailable => "store_unavailable",
            Self::BadArgument => "bad_argument",
            Self::BadConfig => "bad_config",
            Self::ConversationFailed => "conversation_failed",
            Self::NoUser => "no_user",
            Self::CannotHandOn => "cannot_hand_on",
        }
    }
}

/// One decision as it is logged.
#[derive(Debug)]
pub struct LogLine<'a> {
    /// What was decided.
    pub decision: Decision,
    /// About whom; nothing where no user is known yet.
    pub user: Option<&'a str>,
    /// Why.
    pub reason: Reason,
    /// Which kind of code was evaluated.
    pub factor: Option<Factor>,
    /// `PAM_SERVICE`.
    pub service: &'a str,
    /// `PAM_RHOST`.
    pub remote_host: Option<&'a str>,
    /// Wrong codes in a row.
    pub failures: u32,
    /// Seconds until the next evaluation.
    pub wait: u64,
    /// What an administrator should know besides.
    pub detail: Option<&'a str>,
}

impl fmt::Display for LogLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decision = match self.decision {
            Decision::Accepted => "accepted",
            Decision::Refused => "refused",
            Decision::Skipped => "skipped",
        };
        let factor = match self.factor {
            Some(Factor::Token) => "token",
            Some(Factor::BackupCode) => "backup_code",
            None => "none",
        };
        write!(f, "{decision} user={}", Quoted(self.user.unwrap_or_default()))?;
        write!(f, " reason={} factor={factor}", self.reason.word())?;
        write!(
            f,
            " service={} rhost={}",
            Word(self.service),
            Word(self.remote_host.unwrap_or_default())
        )?;
        write!(f, " failures={} wait={}", self.failures, self.wait)?;
        self.detail.map_or(Ok(()), |detail| write!(f, " detail={}", Quoted(detail)))
    }
}

/// In quotes; quotes, backslashes and what is not seen as what it is (control characters,
/// and those that change the direction of text) escaped.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '"' | '\\' => write!(f, "\\{character}")?,
                hidden if is_hidden(hidden) => write!(f, "\\x{:02x}", u32::from(hidden))?,
                other => f.write_char(other)?,
            }
        }
        f.write_char('"')
    }
}

/// Whether a character shows nothing, or changes how others are shown: std escapes those.
fn is_hidden(character: char) -> bool {
    character != '\'' && character.escape_debug().len() > 1
}

/// Bare where it is one plain word, `-` where it is empty, else quoted.
struct Word<'a>(&'a str);

impl fmt::Display for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._:%@/-".contains(&byte);
        match self.0 {
            "" => f.write_str("-"),
            word if word.bytes().all(plain) => f.write_str(word),
            other => Quoted(other).fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_the_documented_one() {
        let line = LogLine {
            decision: Decision::Refused,
            user: Some("alice"),
            reason: Reason::WrongCode,
            factor: Some(Factor::Token),
            service: "sshd",
            remote_host: Some("192.0.2.1"),
            failures: 2,
            wait: 0,
            detail: None,
        };
        let expected = "refused user=\"alice\" reason=wrong_code factor=token service=sshd rhost=192.0.2.1 failures=2 wait=0";
        assert_eq!(line.to_string(), expected);
    }

    #[test]
    fn nobody_can_forge_a_line_or_a_field() {
        let line = LogLine {
            decision: Decision::Refused,
            user: Some("x\" reason=right_code\naccepted user=\"root\\"),
            reason: Reason::UnknownUser,
            factor: None,
            service: "a b",
            remote_host: Some("h\u{9b}31m\x7f\u{202e} rhost=1.2.3.4"),
            failures: 0,
            wait: 0,
            detail: Some("say \"so\""),
        };
        assert_eq!(
            line.to_string(),
            "refused user=\"x\\\" reason=right_code\\x0aaccepted user=\\\"root\\\\\" reason=unknown_user factor=none \
             service=\"a b\" rhost=\"h\\x9b31m\\x7f\\x202e rhost=1.2.3.4\" failures=0 wait=0 detail=\"say \\\"so\\\"\""
        );
    }
}
