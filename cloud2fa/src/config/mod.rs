//! `/etc/cloud2fa/cloud2fa.toml`: what the administrator sets.

mod document;
mod error;
mod fields;
mod file;

pub use error::{ConfigError, Invalid};

use crate::rules::Rules;
use crate::throttle::Throttle;
use crate::user::UserName;
use crate::words::Language;
use fields::{Fields, Mistake, string, strings, unsigned};
use file::{must_not_lead_away, read_checked};
use std::fmt;
use std::path::{Path, PathBuf};

/// Where the configuration is.
pub const DEFAULT_PATH: &str = "/etc/cloud2fa/cloud2fa.toml";

/// Daemons that may verify for others: each has a place in the records.
pub const MOST_VERIFIERS: usize = 4;

/// What happens to users who have no enrolment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unenrolled {
    /// They are asked like everybody, and refused.
    Refuse,
    /// They are let in without a second factor.
    Allow,
}

/// What changing a second factor takes from its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reauthenticate {
    /// The password and a code: a stolen password alone must not remove what protects against it.
    Both,
    /// The password alone.
    Password,
}

/// Writes each key down once: what it means, its name, type and default, what it must be, and how its value
/// is read. What logins need must be right; of the others a mistake is kept in the place of the value, for what
/// needs that. Documents are held to it by tests/configuration.rs.
macro_rules! keys {
    (
        logins need {$(
            $(#[doc = $meaning:literal])+
            $name:ident: $type:ty = $default:expr, $expected:literal, $read:expr;
        )+}
        others need {$(
            $(#[doc = $its_meaning:literal])+
            $its_name:ident: $its_type:ty = $its_default:expr, $its_expected:literal, $its_read:expr;
        )+}
    ) => {
        /// The configuration, with the defaults where a key is not set.
        #[derive(Clone, PartialEq, Eq)]
        pub struct Config {
            $($(#[doc = $meaning])+ pub $name: $type,)+
            $($(#[doc = $its_meaning])+ pub $its_name: Result<$its_type, Invalid>,)+
            /// What wrong codes cost.
            pub throttle: Throttle,
        }

        /// Of what logins need: for the module's line in the log with `debug`.
        impl fmt::Debug for Config {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct("Config")
                    $(.field(stringify!($name), &self.$name))+
                    .field("throttle", &self.throttle)
                    .finish_non_exhaustive()
            }
        }

        impl Default for Config {
            fn default() -> Self {
                let throttle = Throttle::default();
                Self { $($name: $default,)+ $($its_name: Ok($its_default),)+ throttle }
            }
        }

        impl Config {
            /// `WHOLE`: with what logins do not need. Known when it is compiled, so that the module, which
            /// never reads that, is the smaller for it.
            fn read<const WHOLE: bool>(text: &str, path: &Path) -> Result<Self, Mistake> {
                let (mut fields, mut config) = (Fields::parse(text)?, Self::default());
                $(if let Some(value) = fields.take(stringify!($name), $expected, $read)? {
                    config.$name = value;
                })+
                $(if !WHOLE {
                    fields.pass(stringify!($its_name), $its_expected)?;
                } else {
                    let may_be_wrong = fields.may_be_wrong(stringify!($its_name));
                    let value = fields.take(stringify!($its_name), $its_expected, $its_read);
                    config.$its_name = match value {
                        Err(mistake) if may_be_wrong => Err(mistake.in_file(text, path)),
                        value => Ok(value?.unwrap_or($its_default)),
                    };
                })+
                if let Some(table) = fields.take_table("throttle")? {
                    read_throttle(table, &mut config.throttle)?;
                }
                fields.finish().map(|()| config)
            }

            /// The mistakes in what logins do not need.
            pub fn mistakes(&self) -> Vec<&Invalid> {
                [$(self.$its_name.as_ref().err()),+].into_iter().flatten().collect()
            }
        }
    };
}

keys! {
    logins need {
        /// The directory of the store.
        state_dir: PathBuf = PathBuf::from("/var/lib/cloud2fa"),
            "an absolute path",
            |value| string(&value).map(PathBuf::from).filter(|path| path.is_absolute());

        /// Steps either side of now in which a code is right.
        skew: u64 = Rules::default().skew,
            "an integer from 0 to 10",
            |value| unsigned::<u64>(&value).filter(|steps| *steps <= 10);

        /// Whether users without an enrolment get in. If set, it wins over the module's `nullok`.
        unenrolled: Option<Unenrolled> = None,
            "\"refuse\" or \"allow\"",
            |value| match string(&value)? {
                "refuse" => Some(Some(Unenrolled::Refuse)),
                "allow" => Some(Some(Unenrolled::Allow)),
                _ => None,
            };

        /// What people read at a login is in this language.
        language: Language = Language::English,
            "\"en\" or \"fr\"",
            |value| match string(&value)? {
                "en" => Some(Language::English),
                "fr" => Some(Language::French),
                _ => None,
            };

        /// What regenerating, disabling and replacing ask a user for. Root is asked for nothing.
        reauthenticate: Reauthenticate = Reauthenticate::Both,
            "\"both\" or \"password\"",
            |value| match string(&value)? {
                "both" => Some(Reauthenticate::Both),
                "password" => Some(Reauthenticate::Password),
                _ => None,
            };
    }
    others need {
        /// The name that the app shows; the host name if not set.
        issuer: Option<String> = None,
            "a name of 1 to 64 bytes without `:` and control characters",
            |value| string(&value).filter(is_issuer).map(|name| Some(name.to_owned()));

        /// Users of daemons that verify codes for others, through the service.
        verifiers: Vec<UserName> = Vec::new(),
            "a list of at most 4 users, such as [\"freerad\"]",
            |value| daemons(&strings(value)?);

        /// The ids of what `cloud2fa doctor` finds and the administrator knows.
        accept: Vec<String> = Vec::new(),
            "a list of ids, such as [\"wide_skew\"]",
            strings;
    }
}

impl Config {
    /// Reads the file at `path`, which must be `owner`'s. Without a path the default one
    /// is read, and if that is missing, the defaults hold.
    pub fn load(path: Option<&Path>, owner: u32) -> Result<Self, ConfigError> {
        Self::load_by(path, owner, Self::parse)
    }

    /// The same without what logins do not need, which is as if it were not set.
    pub fn load_for_logins(path: Option<&Path>, owner: u32) -> Result<Self, ConfigError> {
        Self::load_by(path, owner, |text, path| {
            Self::read::<false>(text, path).map_err(|mistake| mistake.in_file(text, path).into())
        })
    }

    fn load_by(
        path: Option<&Path>,
        owner: u32,
        parse: impl FnOnce(&str, &Path) -> Result<Self, ConfigError>,
    ) -> Result<Self, ConfigError> {
        let read_from = path.unwrap_or(Path::new(DEFAULT_PATH));
        match read_checked(read_from, Some(owner)) {
            Ok(text) => parse(&text, read_from),
            Err(ConfigError::Missing(_)) if path.is_none() => {
                must_not_lead_away(read_from).map(|()| Self::default())
            }
            Err(error) => Err(error),
        }
    }

    /// Reads a file that is to be installed later. Whose it is, and who may write it, matters at
    /// the place where logins read it; where it is made, it is its maker's.
    pub fn load_candidate(path: &Path) -> Result<Self, ConfigError> {
        Self::parse(&read_checked(path, None)?, path)
    }

    /// Reads a configuration's text; `path` is for the error message.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        Self::read::<true>(text, path).map_err(|mistake| mistake.in_file(text, path).into())
    }

    /// The rules for [`crate::decide()`].
    pub fn rules(&self) -> Rules {
        Rules { skew: self.skew, throttle: self.throttle }
    }

    /// The name that the app shows.
    pub fn issuer_or_host_name(&self) -> Result<String, Invalid> {
        let host = || nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
        let issuer = self.issuer.clone()?;
        Ok(issuer.or_else(host).unwrap_or_else(|| "localhost".to_owned()))
    }
}

/// Reads the table `[throttle]`.
fn read_throttle(mut table: Fields<'_>, throttle: &mut Throttle) -> Result<(), Mistake> {
    // NIST SP 800-63B section 3.2.2 allows at most 100 failures in a row.
    let mut count = |key, default| {
        let count = table.take(key, "an integer from 1 to 100", |value| {
            unsigned::<u32>(&value).filter(|count| (1..=100).contains(count))
        });
        count.map(|count| count.unwrap_or(default))
    };
    throttle.free_failures = count("free_failures", throttle.free_failures)?;
    throttle.lock_after = count("lock_after", throttle.lock_after)?;
    let mut duration = |key, default| {
        let expected = "an integer and s, m, h or d, such as \"30s\", at most \"365d\"";
        let duration = table.take(key, expected, |value| {
            string(&value).and_then(seconds).filter(|seconds| *seconds <= 365 * 86_400)
        });
        duration.map(|duration| duration.unwrap_or(default))
    };
    throttle.first_wait = duration("first_wait", throttle.first_wait)?;
    throttle.longest_wait = duration("longest_wait", throttle.longest_wait)?;
    table.finish()
}

/// Names of daemons' users: not many, and not long, since they stand in records.
fn daemons(names: &[String]) -> Option<Vec<UserName>> {
    let few = names.len() <= MOST_VERIFIERS;
    let names = names.iter().map(|name| UserName::new(name).ok());
    let names = names.collect::<Option<Vec<_>>>().filter(|_| few)?;
    names.iter().all(|name| name.encoded().len() <= 40).then_some(names)
}

/// The key URI keeps `:` for itself; control characters would garble the app's list.
fn is_issuer(issuer: &&str) -> bool {
    (1..=64).contains(&issuer.len()) && !issuer.chars().any(|c| c == ':' || c.is_control())
}

/// Seconds that a duration's text means.
fn seconds(text: &str) -> Option<u64> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    let number = &text[..text.len() - 1];
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| number.parse::<u64>().ok()?.checked_mul(unit))?
}

#[cfg(test)]
mod tests;
