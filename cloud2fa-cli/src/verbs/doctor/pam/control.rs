//! The control of a line: what libpam does with each code that a module may return (pam.conf(5)).

use super::line::Word;

/// The codes by number (`_pam_types.h`), as they are written in brackets.
const CODES: [&str; 32] = [
    "success",
    "open_err",
    "symbol_err",
    "service_err",
    "system_err",
    "buf_err",
    "perm_denied",
    "auth_err",
    "cred_insufficient",
    "authinfo_unavail",
    "user_unknown",
    "maxtries",
    "new_authtok_reqd",
    "acct_expired",
    "session_err",
    "cred_unavail",
    "cred_expired",
    "cred_err",
    "no_module_data",
    "conv_err",
    "authtok_err",
    "authtok_recover_err",
    "authtok_lock_busy",
    "authtok_disable_aging",
    "try_again",
    "ignore",
    "abort",
    "authtok_expired",
    "module_unknown",
    "bad_item",
    "conv_again",
    "incomplete",
];

/// What a module has returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code(usize);

impl Code {
    pub const SUCCESS: Self = Self(0);
    pub const SERVICE_ERR: Self = Self(3);
    pub const AUTH_ERR: Self = Self(7);
    pub const AUTHINFO_UNAVAIL: Self = Self(9);
    pub const MAXTRIES: Self = Self(11);
    pub const NEW_AUTHTOK_REQD: Self = Self(12);
    pub const CONV_ERR: Self = Self(19);
    pub const IGNORE: Self = Self(25);
    pub const MODULE_UNKNOWN: Self = Self(28);

    /// All there are.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..CODES.len()).map(Self)
    }
}

/// What is done then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Ignore,
    Ok,
    Done,
    Bad,
    Die,
    Reset,
    /// Over so many of the next modules.
    Jump(usize),
}

/// An action for each code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Control([Action; CODES.len()]);

impl Control {
    /// Reads the second word of a line. What libpam cannot read, it takes for a refusal.
    pub fn parse(word: &Word) -> Self {
        if word.in_brackets {
            return Self::of_pairs(&word.text);
        }
        let of = |success, default| {
            let mut control = Self([default; CODES.len()]);
            control.0[Code::SUCCESS.0] = success;
            control.0[Code::NEW_AUTHTOK_REQD.0] = success;
            control.0[Code::IGNORE.0] = Action::Ignore;
            control
        };
        match word.text.to_ascii_lowercase().as_str() {
            "required" => of(Action::Ok, Action::Bad),
            "requisite" => of(Action::Ok, Action::Die),
            "optional" => of(Action::Ok, Action::Ignore),
            "sufficient" => of(Action::Done, Action::Ignore),
            _ => Self::refusal(),
        }
    }

    /// Whatever the code is.
    pub fn refusal() -> Self {
        Self([Action::Bad; CODES.len()])
    }

    /// What is done with `code`.
    pub fn of(&self, code: Code) -> Action {
        self.0[code.0]
    }

    fn of_pairs(text: &str) -> Self {
        let mut actions = [None; CODES.len()];
        // Blanks may stand around the equals sign.
        let text = text.split('=').map(str::trim).collect::<Vec<_>>().join("=");
        for pair in text.split_whitespace() {
            let Some((value, action)) =
                pair.split_once('=').and_then(|(value, action)| Some((value, action_of(action)?)))
            else {
                break;
            };
            if value.eq_ignore_ascii_case("default") {
                actions = actions.map(|unset| unset.or(Some(action)));
            } else if let Some(code) =
                CODES.iter().position(|name| name.eq_ignore_ascii_case(value))
            {
                actions[code] = Some(action);
            } else {
                break;
            }
        }
        // What is not said is refused.
        Self(actions.map(|action| action.unwrap_or(Action::Bad)))
    }
}

fn action_of(text: &str) -> Option<Action> {
    Some(match text.to_ascii_lowercase().as_str() {
        "ignore" => Action::Ignore,
        "ok" => Action::Ok,
        "done" => Action::Done,
        "bad" => Action::Bad,
        "die" => Action::Die,
        "reset" => Action::Reset,
        number => Action::Jump(number.parse().ok().filter(|count| *count > 0)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn control(text: &str, in_brackets: bool) -> Control {
        Control::parse(&Word { text: text.to_owned(), in_brackets })
    }

    #[test]
    fn a_word_and_its_brackets_mean_the_same() {
        for (word, pairs) in [
            ("required", "success=ok new_authtok_reqd=ok ignore=ignore default=bad"),
            ("requisite", "success=ok new_authtok_reqd=ok ignore=ignore default=die"),
            ("optional", "success=ok new_authtok_reqd=ok default=ignore"),
            ("SUFFICIENT", "success=done  new_authtok_reqd = done default=ignore"),
        ] {
            assert_eq!(control(word, false), control(pairs, true), "{word}");
        }
    }

    #[test]
    fn what_is_not_said_or_not_understood_is_refused() {
        let jump = control("success=2", true);
        assert_eq!((jump.of(Code::SUCCESS), jump.of(Code::IGNORE)), (Action::Jump(2), Action::Bad));
        for (text, in_brackets) in [
            ("", true),
            ("success=0", true),
            ("success=fine", true),
            ("whatever=ok", true),
            ("perhaps", false),
        ] {
            assert_eq!(control(text, in_brackets), Control::refusal(), "{text}");
        }
    }

    #[test]
    fn default_leaves_alone_what_was_said_before() {
        let control = control("auth_err=die default=ignore success=ok", true);
        assert_eq!(control.of(Code::AUTH_ERR), Action::Die);
        assert_eq!(control.of(Code::MAXTRIES), Action::Ignore);
        assert_eq!(control.of(Code::SUCCESS), Action::Ok);
    }
}
