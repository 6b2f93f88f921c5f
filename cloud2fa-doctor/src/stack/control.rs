//! The control of a line: what libpam does with each code that a module may return (pam.conf(5)).

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

/// What libpam does when a module has returned a code.
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
    pub fn parse(word: &str) -> Self {
        let of = |success, default| {
            let mut control = Self([default; CODES.len()]);
            control.0[Code::SUCCESS.0] = success;
            control.0[Code::NEW_AUTHTOK_REQD.0] = success;
            control.0[Code::IGNORE.0] = Action::Ignore;
            control
        };
        match word.to_ascii_lowercase().as_str() {
            "required" => of(Action::Ok, Action::Bad),
            "requisite" => of(Action::Ok, Action::Die),
            "optional" => of(Action::Ok, Action::Ignore),
            "sufficient" => of(Action::Done, Action::Ignore),
            _ => Self::of_pairs(word).unwrap_or(Self::refusal()),
        }
    }

    /// A control that refuses whatever the code is.
    pub fn refusal() -> Self {
        Self([Action::Bad; CODES.len()])
    }

    /// A control that refuses whatever the code is, and behind which nothing counts.
    pub fn end() -> Self {
        Self([Action::Die; CODES.len()])
    }

    /// What is done with `code`.
    pub fn of(&self, code: Code) -> Action {
        self.0[code.0]
    }

    /// `success=ok default=die`, as `_pam_parse_control` reads it: names are as they are written,
    /// blanks may stand anywhere between them. `None` if one part of it makes no sense.
    fn of_pairs(text: &str) -> Option<Self> {
        let mut actions = [None; CODES.len()];
        let mut rest = text.trim_start_matches(is_space);
        while !rest.is_empty() {
            let (name, behind) = prefix_of(rest, CODES.into_iter().chain([DEFAULT]))?;
            let behind = behind.trim_start_matches(is_space).strip_prefix('=')?;
            let (action, behind) = action_of(behind.trim_start_matches(is_space))?;
            match CODES.iter().position(|code| *code == name) {
                Some(code) => actions[code] = Some(action),
                None => actions = actions.map(|unset| unset.or(Some(action))),
            }
            rest = behind.trim_start_matches(is_space);
        }
        // What is not said is refused.
        Some(Self(actions.map(|action| action.unwrap_or(Action::Bad))))
    }
}

/// What stands for all codes that were not named before.
const DEFAULT: &str = "default";

/// isspace(3).
fn is_space(character: char) -> bool {
    character.is_ascii_whitespace() || character == '\x0b'
}

/// The first of `names` that `text` begins with, and what is behind it.
fn prefix_of<'n>(text: &str, mut names: impl Iterator<Item = &'n str>) -> Option<(&'n str, &str)> {
    names.find_map(|name| Some((name, text.strip_prefix(name)?)))
}

/// The action that `text` begins with, and what is behind it.
fn action_of(text: &str) -> Option<(Action, &str)> {
    const NAMED: [(&str, Action); 6] = [
        ("ignore", Action::Ignore),
        ("ok", Action::Ok),
        ("done", Action::Done),
        ("bad", Action::Bad),
        ("die", Action::Die),
        ("reset", Action::Reset),
    ];
    let named = NAMED.iter().find_map(|(name, action)| Some((*action, text.strip_prefix(name)?)));
    named.or_else(|| {
        let end = text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len());
        // libpam's numbers are an int of C.
        let count = text[..end].parse::<i32>().ok().filter(|count| *count > 0)?;
        Some((Action::Jump(usize::try_from(count).ok()?), &text[end..]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_and_its_brackets_mean_the_same() {
        for (word, pairs) in [
            ("required", "success=ok new_authtok_reqd=ok ignore=ignore default=bad"),
            ("requisite", "success=ok new_authtok_reqd=ok ignore=ignore default=die"),
            ("optional", "success=ok new_authtok_reqd=ok default=ignore"),
            ("SUFFICIENT", "success=done  new_authtok_reqd = done default=ignore"),
            ("success=ok", "success=okdefault=bad"),
        ] {
            assert_eq!(Control::parse(word), Control::parse(pairs), "{word}");
        }
    }

    #[test]
    fn what_is_not_said_or_not_understood_is_refused() {
        let jump = Control::parse("success=2");
        assert_eq!((jump.of(Code::SUCCESS), jump.of(Code::IGNORE)), (Action::Jump(2), Action::Bad));
        for text in [
            "",
            "success=0",
            "success=fine",
            "success=2147483648",
            "success=",
            "success",
            "whatever=ok",
            "perhaps",
            "Success=ok",
            "success=OK",
            "success=ok ignore=ignore default=die oops",
            "success=okay default=ignore",
        ] {
            assert_eq!(Control::parse(text), Control::refusal(), "{text}");
        }
    }

    #[test]
    fn default_leaves_alone_what_was_said_before() {
        let control = Control::parse("auth_err=die default=ignore success=ok");
        assert_eq!(control.of(Code::AUTH_ERR), Action::Die);
        assert_eq!(control.of(Code::MAXTRIES), Action::Ignore);
        assert_eq!(control.of(Code::SUCCESS), Action::Ok);
    }
}
