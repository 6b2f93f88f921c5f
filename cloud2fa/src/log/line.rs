//! The line: its fields, and how they are written so that nobody can forge one.

use super::Event;
use crate::answer::Factor;
use std::fmt::{self, Write};

/// A decision as it is logged.
#[derive(Debug)]
pub struct LogLine<'a> {
    /// What was decided.
    pub event: &'a Event,
    /// About whom. `None` if no user is known.
    pub user: Option<&'a str>,
    /// `PAM_SERVICE`.
    pub service: &'a str,
    /// `PAM_RHOST`.
    pub remote_host: Option<&'a str>,
    /// Nothing at a login.
    pub call: Option<Call<'a>>,
}

/// A call of the service.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Who calls. `None` if that is not known yet.
    pub uid: Option<u32>,
    /// The interface's method. `None` if it is none of ours.
    pub method: Option<&'a str>,
}

impl fmt::Display for LogLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Event { decision, reason, factor, failures, wait, detail, .. } = self.event;
        let factor = match factor {
            Some(Factor::Token) => "token",
            Some(Factor::BackupCode) => "backup_code",
            None => "none",
        };
        write!(f, "{} user={}", decision.word(), Quoted(self.user.unwrap_or_default()))?;
        write!(f, " reason={} factor={factor}", reason.word())?;
        write!(
            f,
            " service={} rhost={}",
            Word(self.service),
            Word(self.remote_host.unwrap_or_default())
        )?;
        write!(f, " failures={failures} wait={wait}")?;
        if let Some(Call { uid, method }) = self.call {
            let uid = uid.map(|uid| uid.to_string());
            let uid = Word(uid.as_deref().unwrap_or_default());
            write!(f, " uid={uid} method={}", Word(method.unwrap_or_default()))?;
        }
        detail.as_ref().map_or(Ok(()), |detail| write!(f, " detail={}", Quoted(detail)))
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
    use super::super::{Reason, Severity};
    use super::*;
    use crate::decide::Verdict;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_line_is_one_line_whatever_is_in_it(user in any::<String>(), other in any::<String>()) {
            let nul = format!("{other}\0\n{user}");
            for text in [&user, &other, &nul] {
                let line = LogLine {
                    event: &Event::refused(Reason::NotACode).with_detail(Severity::Notice, text),
                    user: Some(text),
                    service: text,
                    remote_host: Some(text),
                    call: Some(Call { uid: None, method: Some(text) }),
                };
                // A NUL would end it for C, and for the journal.
                prop_assert!(!line.to_string().contains(char::is_control), "{}", line);
            }
        }
    }

    #[test]
    fn the_line_is_the_documented_one() {
        let verdict = Verdict::Wrong { failures: 2, wait_seconds: 0, locked: false };
        let line = LogLine {
            event: &Event::of_verdict(&verdict, Factor::Token),
            user: Some("alice"),
            service: "sshd",
            remote_host: Some("192.0.2.1"),
            call: None,
        };
        let login = "refused user=\"alice\" reason=wrong_code factor=token service=sshd rhost=192.0.2.1 failures=2 wait=0";
        assert_eq!(line.to_string(), login);
        let call = Some(Call { uid: Some(5001), method: Some("Verify") });
        let line = LogLine { service: "cloud2fa", remote_host: None, call, ..line };
        let call = "refused user=\"alice\" reason=wrong_code factor=token service=cloud2fa rhost=- failures=2 wait=0 uid=5001 method=Verify";
        assert_eq!(line.to_string(), call);
    }

    #[test]
    fn nobody_can_forge_a_line_or_a_field() {
        let line = LogLine {
            event: &Event::refused(Reason::UnknownUser)
                .with_detail(Severity::Notice, "say \"so\"\n"),
            user: Some("x\" reason=right_code\naccepted user=\"root\\"),
            service: "a b",
            remote_host: Some("h\u{9b}31m\x7f\u{202e} rhost=1.2.3.4"),
            call: Some(Call { uid: None, method: Some("Verify uid=0") }),
        };
        assert_eq!(
            line.to_string(),
            "refused user=\"x\\\" reason=right_code\\x0aaccepted user=\\\"root\\\\\" reason=unknown_user factor=none \
             service=\"a b\" rhost=\"h\\x9b31m\\x7f\\x202e rhost=1.2.3.4\" failures=0 wait=0 uid=- \
             method=\"Verify uid=0\" detail=\"say \\\"so\\\"\\x0a\""
        );
    }
}
