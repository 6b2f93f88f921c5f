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
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("x.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn an_empty_file_means_the_defaults() {
        assert_eq!(parse("").unwrap(), Config::default());
        assert_eq!(Config::default().rules(), Rules::default());
    }

    #[test]
    fn every_key_is_read() {
        let config = parse(
            "issuer = 'My Server'\nstate_dir = '/srv/x'\nskew = 2\nunenrolled = 'allow'\nlanguage = 'fr'\n\
             reauthenticate = 'password'\nverifiers = ['freerad']\naccept = ['wide_skew']\n[throttle]\nfree_failures = 3\nfirst_wait = '0s'\nlongest_wait = '2h'\nlock_after = 50\n",
        )
        .unwrap();
        assert_eq!(config.issuer, Ok(Some("My Server".to_owned())));
        assert_eq!(config.verifiers, Ok(vec![UserName::new("freerad").unwrap()]));
        assert_eq!(config.accept, Ok(vec!["wide_skew".to_owned()]));
        assert_eq!(config.state_dir, Path::new("/srv/x"));
        assert_eq!(config.unenrolled, Some(Unenrolled::Allow));
        assert_eq!(config.language, Language::French);
        assert_eq!(config.reauthenticate, Reauthenticate::Password);
        let throttle =
            Throttle { free_failures: 3, first_wait: 0, longest_wait: 7200, lock_after: 50 };
        assert_eq!(config.rules(), Rules { skew: 2, throttle });
    }

    #[test]
    fn a_mistake_is_located_and_its_line_not_quoted() {
        for (text, place) in [
            (
                "skew = 1\nskwe = 'JBSWY3DP'\n",
                "x.toml:2:1: unknown key; known here are state_dir, skew, unenrolled, language, reauthenticate, issuer, verifiers, accept, throttle",
            ),
            ("skew = 11\n", "x.toml:1:8: skew must be an integer from 0 to 10"),
            ("skew = 'JBSWY3DP'", "x.toml:1:8: skew must be an integer from 0 to 10"),
            (
                "\n\n[throttle]\nfirst_wait = '1w'",
                "x.toml:4:14: first_wait must be an integer and s, m, h or d",
            ),
            (
                "[throttle]\nfree_failures = 0",
                "x.toml:2:17: free_failures must be an integer from 1 to 100",
            ),
            (
                "[throttle]\nskew = 1",
                "x.toml:2:1: unknown key in [throttle], other keys belong above it; known here are free_failures, lock_after",
            ),
            ("unenrolled = 'enrol'", "x.toml:1:14: unenrolled must be \"refuse\" or \"allow\""),
            ("state_dir = 'var'", "x.toml:1:13: state_dir must be an absolute path"),
            ("skew = 1\nskew = 2", "x.toml:2:1: duplicate key"),
            ("skew = JBSWY3DP", "x.toml:1:8: "),
            ("JBSWY3DP", "x.toml:1:9: "),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(place), "{error}");
            assert!(!error.contains('\n') && !error.contains("JBSWY3DP"), "{error}");
        }
    }

    #[test]
    fn a_mistake_in_what_logins_do_not_need_is_no_reason_to_refuse_one() {
        for (text, place) in [
            ("skew = 2\nissuer = 'a:b'", "x.toml:2:10: issuer must be a name"),
            ("skew = 2\naccept = 'wide_skew'", "x.toml:2:10: accept must be a list of ids"),
            (
                "skew = 2\nverifiers = ['a', 'b', 'c', 'd', 'e']",
                "x.toml:2:13: verifiers must be a list of at most 4",
            ),
            ("skew = 2\naccept = ['a', 1]", "x.toml:2:10: accept must be a list of ids"),
        ] {
            let config = parse(text).unwrap();
            assert_eq!(config.skew, 2);
            let mistakes = config.mistakes();
            assert!(mistakes[0].to_string().starts_with(place), "{mistakes:?}");
            assert_eq!(mistakes.len(), 1);
        }
        assert!(parse("issuer = 'a:b'").unwrap().issuer_or_host_name().is_err());
    }

    #[test]
    fn a_value_that_swallows_other_keys_refuses_logins_too() {
        for text in [
            "[issuer]\nunenrolled = 'refuse'\nstate_dir = '/srv/x'",
            "[[verifiers]]\nname = 'freerad'\nunenrolled = 'refuse'",
            "[accept]\nids = []\nskew = 0",
            "[issuer.throttle]\nlock_after = 3",
            "verifiers.throttle.lock_after = 3",
            "issuer = { unenrolled = 'refuse' }",
            "issuer = '''\nx\nunenrolled = \"refuse\"\n'''",
            "accept = ['''\nunenrolled = \"refuse\"\n''']",
        ] {
            let for_logins = Config::read::<false>(text, Path::new("x.toml"));
            assert!(for_logins.is_err(), "{text}");
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_have_a_unit() {
        for (text, expected) in [
            ("30s", Some(30)),
            ("2m", Some(120)),
            ("1h", Some(3600)),
            ("1d", Some(86_400)),
            ("0s", Some(0)),
            ("30", None),
            ("s", None),
            ("-1s", None),
            ("1.5h", None),
            ("+3s", None),
            ("", None),
            ("3é", None),
            ("99999999999999999999s", None),
        ] {
            assert_eq!(seconds(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_file_that_others_may_write_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("cloud2fa.toml");
        let owner = nix::unistd::geteuid().as_raw();
        assert!(matches!(Config::load(Some(&path), owner), Err(ConfigError::Missing(_))));
        std::fs::write(&path, "skew = 2\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(Config::load(Some(&path), owner).unwrap().skew, 2);
        assert!(matches!(Config::load(Some(&path), owner + 1), Err(ConfigError::Unsafe(..))));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o664)).unwrap();
        assert!(matches!(Config::load(Some(&path), owner), Err(ConfigError::Unsafe(..))));
        assert_eq!(Config::load_candidate(&path).unwrap().skew, 2);
        assert!(matches!(Config::load_candidate(directory.path()), Err(ConfigError::Unsafe(..))));
        assert!(matches!(
            Config::load(Some(directory.path()), owner),
            Err(ConfigError::Unsafe(..))
        ));
    }
}
