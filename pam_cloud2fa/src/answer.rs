//! What is typed at a login: asked for, or there already, and whether it is shaped like a code.

#![forbid(unsafe_code)]

use crate::host::{Host, Typed};
use crate::outcome::Outcome;
use crate::texts::{self, Text};
use cloud2fa::log::{Reason, Severity};
use cloud2fa::module_arguments::ModuleArguments;
use cloud2fa::words::Login;
use cloud2fa::{Answer, BackupCode, Token};

/// What sshd answers for users that it refuses whatever they type: this, repeated and
/// cut to the length of what was typed (auth-pam.c, `fake_password`).
const SSHD_JUNK: &[u8] = b"\x08\n\r\x7fINCORRECT";

/// Gets an answer that is shaped like a code. What cannot be one is refused here: it is
/// not evaluated, written or counted. `shut`: how the login ends without a backup code, where
/// nothing else is taken now; whoever is asked is told that first.
pub fn get<H: Host>(
    host: &mut H,
    arguments: &ModuleArguments,
    words: &Login,
    shut: Option<&mut Outcome>,
) -> Result<Answer, Outcome> {
    let first_pass = host.first_pass();
    let refused_by_sshd = first_pass.as_ref().is_some_and(|password| is_sshd_junk(password));
    let usable =
        |typed: &Typed| !refused_by_sshd && is_surely_a_code(typed, arguments.forward_pass);
    let taken = match &first_pass {
        None if arguments.use_first_pass => return Err(Outcome::refused(Reason::NoFirstPass)),
        Some(typed) if arguments.use_first_pass => Some(typed),
        Some(typed) if arguments.try_first_pass && usable(typed) => Some(typed),
        _ => None,
    };
    let typed = match taken {
        Some(typed) => typed.clone(),
        None => ask(host, arguments, words, shut)?,
    };
    // Of what is no try all hear the same, by its length: sshd hides whom it refuses.
    let wrong = texts::of_length(typed.len(), arguments.forward_pass);
    if refused_by_sshd || is_sshd_junk(&typed) {
        let detail = "sshd refuses this user whatever the code is; see PermitRootLogin, AllowUsers and the like";
        return Err(Outcome::refused(Reason::RefusedBySshd)
            .with_detail(Severity::Notice, detail)
            .with_reason_told(wrong));
    }
    if taken.is_none() && !typed.is_empty() && first_pass.as_ref() == Some(&typed) {
        let detail = "the user has typed it again, or the program answers every prompt with it; for sshd set \
                      PasswordAuthentication no and KbdInteractiveAuthentication yes, for others use the module \
                      argument forward_pass";
        return Err(Outcome::refused(Reason::PasswordRepeated)
            .with_detail(Severity::Notice, detail)
            .with_reason_told(wrong));
    }
    let (password, answer) = read(&typed, arguments.forward_pass).ok_or_else(|| {
        let misshapen = Text::Misshapen { one_field: arguments.forward_pass };
        Outcome::refused(Reason::NotACode).with_reason_told(misshapen)
    })?;
    if let Some(password) = password {
        // Whatever the verdict will be: the modules that follow must not show it by asking again.
        host.hand_on(password)
            .map_err(|code| Outcome::refused(Reason::CannotHandOn).with_code(code))?;
    }
    Ok(answer)
}

fn ask<H: Host>(
    host: &mut H,
    arguments: &ModuleArguments,
    words: &Login,
    shut: Option<&mut Outcome>,
) -> Result<Typed, Outcome> {
    let usual = texts::prompt(words, arguments.forward_pass, shut.is_some());
    // A program that looks for the prompt of its own would answer no other.
    let prompt = arguments.prompt.as_deref().unwrap_or(usual);
    for (tone, text) in shut.into_iter().flat_map(|shut| shut.texts.drain(..)) {
        host.tell(tone, &text.by(words));
    }
    host.ask(prompt).map_err(|code| Outcome::conversation_failed(Reason::ConversationFailed, code))
}

/// Reads what was typed: a code, or a password with a code behind it.
fn read(typed: &[u8], one_field: bool) -> Option<(Option<&[u8]>, Answer)> {
    if one_field {
        Answer::split_trailing(typed).map(|(password, answer)| (Some(password), answer))
    } else {
        Answer::parse(typed).map(|answer| (None, answer))
    }
}

/// Whether a password that an earlier module asked for can be taken for a code unasked: only
/// where it is written as codes are shown. A password of 13 letters must not be a guess.
fn is_surely_a_code(typed: &[u8], one_field: bool) -> bool {
    one_field && Answer::split_trailing(typed).is_some()
        || Token::from_digits(typed).is_some()
        || BackupCode::from_printed(typed).is_some()
}

/// Whether sshd made this up, whatever its length.
fn is_sshd_junk(typed: &[u8]) -> bool {
    !typed.is_empty() && typed.iter().zip(SSHD_JUNK.iter().cycle()).all(|(byte, junk)| byte == junk)
}
