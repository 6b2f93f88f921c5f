//! The arguments that stand behind the module in a PAM service file: the module goes by them, and
//! `cloud2fa doctor` looks at them.

use crate::config::{Config, Unenrolled};
use std::path::PathBuf;

/// What the administrator asks of the module for one service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModuleArguments {
    /// `config=FILE`: another configuration file.
    pub config: Option<PathBuf>,
    /// `nullok`: users without an enrolment get in, unless the configuration says otherwise.
    pub nullok: bool,
    /// `use_first_pass`: take the code from the password that an earlier module asked for; never ask.
    pub use_first_pass: bool,
    /// `try_first_pass`: take it from there if it is shaped like a code; else ask.
    pub try_first_pass: bool,
    /// `forward_pass`: password and code come in one field; hand the password on.
    pub forward_pass: bool,
    /// `after_key`: ask where sshd has proven a key before; else take no part in the login.
    pub after_key: bool,
    /// `prompt=TEXT`: another prompt.
    pub prompt: Option<String>,
    /// `debug`: log more.
    pub debug: bool,
}

/// An argument that is not one. It refuses the login: a typo must not weaken a stack unnoticed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadArgument {
    /// No such argument.
    #[error(
        "unknown module argument {0:?}; known are config=FILE nullok use_first_pass try_first_pass forward_pass after_key prompt=TEXT debug"
    )]
    Unknown(String),
    /// `config=` without an absolute path.
    #[error("module argument config= needs an absolute path")]
    ConfigNotAbsolute,
    /// `prompt=` with nothing, or with what would garble a terminal.
    #[error(
        "module argument prompt= needs a text without control characters, at most 200 bytes; write [prompt=My text: ]"
    )]
    BadPrompt,
}

impl ModuleArguments {
    /// Reads all arguments, or says which one is wrong.
    pub fn parse<'a>(arguments: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, BadArgument> {
        let mut parsed = Self::default();
        for argument in arguments {
            let unknown = || BadArgument::Unknown(String::from_utf8_lossy(argument).into_owned());
            let argument = std::str::from_utf8(argument).map_err(|_| unknown())?;
            match argument.split_once('=') {
                None => match argument {
                    "nullok" => parsed.nullok = true,
                    "use_first_pass" => parsed.use_first_pass = true,
                    "try_first_pass" => parsed.try_first_pass = true,
                    "forward_pass" => parsed.forward_pass = true,
                    "after_key" => parsed.after_key = true,
                    "debug" => parsed.debug = true,
                    _ => return Err(unknown()),
                },
                Some(("config", path)) if path.starts_with('/') => {
                    parsed.config = Some(path.into());
                }
                Some(("config", _)) => return Err(BadArgument::ConfigNotAbsolute),
                Some(("prompt", text)) if is_a_prompt(text) => {
                    parsed.prompt = Some(text.to_owned());
                }
                Some(("prompt", _)) => return Err(BadArgument::BadPrompt),
                Some(_) => return Err(unknown()),
            }
        }
        Ok(parsed)
    }

    /// The one rule by which a second factor is skipped: the configuration's word, else the service file's.
    pub fn lets_unenrolled_in(&self, config: &Config) -> bool {
        match config.unenrolled {
            Some(unenrolled) => unenrolled == Unenrolled::Allow,
            None => self.nullok,
        }
    }
}

fn is_a_prompt(text: &str) -> bool {
    !text.is_empty() && text.len() <= 200 && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<ModuleArguments, BadArgument> {
        ModuleArguments::parse(arguments.iter().map(|argument| argument.as_bytes()))
    }

    #[test]
    fn every_argument_is_known() {
        let parsed = parse(&[
            "config=/etc/x.toml",
            "nullok",
            "use_first_pass",
            "try_first_pass",
            "forward_pass",
            "after_key",
            "prompt=Code: ",
            "debug",
        ]);
        let expected = ModuleArguments {
            config: Some("/etc/x.toml".into()),
            nullok: true,
            use_first_pass: true,
            try_first_pass: true,
            forward_pass: true,
            after_key: true,
            prompt: Some("Code: ".to_owned()),
            debug: true,
        };
        assert_eq!(parsed, Ok(expected));
        assert_eq!(parse(&[]), Ok(ModuleArguments::default()));
    }

    #[test]
    fn anything_else_refuses() {
        for wrong in ["nulok", "NULLOK", "nullok=1", "secret=/x", "", "=", "debug="] {
            assert!(matches!(parse(&["debug", wrong]), Err(BadArgument::Unknown(_))), "{wrong}");
        }
        for wrong in ["config=", "config=x.toml", "config=./x"] {
            assert_eq!(parse(&[wrong]), Err(BadArgument::ConfigNotAbsolute));
        }
        for wrong in ["prompt=", "prompt=a\x1b[2J", &format!("prompt={}", "x".repeat(201))] {
            assert_eq!(parse(&[wrong]), Err(BadArgument::BadPrompt));
        }
        assert!(matches!(ModuleArguments::parse([&b"\xff"[..]]), Err(BadArgument::Unknown(_))));
    }

    /// The arguments that the code has, each a field.
    fn names() -> Vec<String> {
        let fields = format!("{:?}", ModuleArguments::default());
        let names = fields.split([' ', '{']).filter_map(|word| word.strip_suffix(':'));
        let mut names: Vec<_> = names.map(str::to_owned).collect();
        names.sort();
        names
    }

    /// The names of arguments as they are written, `config=FILE` and the like.
    fn names_of<'a>(written: impl Iterator<Item = &'a str>) -> Vec<String> {
        let name = |word: &str| word.split('=').next().map(str::to_owned);
        let mut names: Vec<_> = written.filter_map(name).collect();
        names.sort();
        names
    }

    fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
        text.split_once(begin).and_then(|(_, rest)| rest.split_once(end)).expect("the list").0
    }

    #[test]
    fn manual_readme_and_log_name_every_argument_and_no_other() {
        let page = include_str!("../../man/pam_cloud2fa.8");
        let section = between(page, "\n.SH ARGUMENTS\n", "\n.SH ");
        // `.B nullok`, or `.BI config= FILE`.
        let tags = section.split(".TP\n").skip(1).filter_map(|rest| rest.split([' ', '\n']).nth(1));
        assert_eq!(names_of(tags), names());

        let readme = include_str!("../../README.md");
        let rows = between(readme, "\n| argument | meaning |\n", "\n\n").lines().skip(1);
        assert_eq!(names_of(rows.filter_map(|row| row.split('`').nth(1))), names());

        let log = BadArgument::Unknown("x".to_owned()).to_string();
        let (_, known) = log.split_once("known are ").expect("the known ones");
        assert_eq!(names_of(known.split(' ')), names());
    }
}
