//! What the service answers, taken apart. Every answer that is not exactly as the interface
//! has it is [`ServiceError::Nonsense`].

use super::{INTERFACE, ServiceError};
use crate::account::{Cleared, Generation};
use crate::backup_codes::BackupCode;
use crate::decide::{Factor, Verdict};
use crate::enrolment::NotProven;
use crate::history::{Entry, History, Origin, Outcome};
use crate::manage::{NewKey, Refusal, Requirements};
use crate::store::{Disabled, Found, Issued, OldCopy, Standing, Status, StoreError};
use crate::time::UnixTime;
use crate::user::{User, UserName};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

/// The parameters of an answer.
pub(super) struct Reply(Map<String, Value>);

/// What the call was about: the error's text needs it.
pub(super) struct Asked<'a> {
    pub(super) user: &'a User,
    /// Which kind of code went along.
    pub(super) factor: Factor,
}

impl Reply {
    /// Reads an answer. One that refuses is an error.
    pub(super) fn parse(message: &[u8], asked: &Asked<'_>) -> Result<Self, Refusal> {
        let Ok(Value::Object(mut answer)) = serde_json::from_slice(message) else {
            return Err(nonsense());
        };
        let parameters = match answer.remove("parameters") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(parameters)) => parameters,
            Some(_) => return Err(nonsense()),
        };
        let reply = Self(parameters);
        match answer.get("error") {
            None | Some(Value::Null) => Ok(reply),
            Some(Value::String(error)) => Err(reply.refusal(error, asked)),
            Some(_) => Err(nonsense()),
        }
    }

    /// The error of that name.
    fn refusal(&self, error: &str, asked: &Asked<'_>) -> Refusal {
        let name = || asked.user.name.clone();
        let ours = error.strip_prefix(INTERFACE).and_then(|rest| rest.strip_prefix('.'));
        let known = match ours {
            Some("NotPermitted") => Some(Refusal::NotPermitted),
            Some("UnknownUser") => Some(Refusal::UnknownUser(name().to_string())),
            Some("NoPassword") => Some(Refusal::NoPassword),
            Some("PasswordRequired") => Some(Refusal::PasswordRequired),
            Some("WrongPassword") => Some(Refusal::WrongPassword),
            Some("AccountRefused") => {
                self.text("message").map(|why| Refusal::AccountRefused(why.to_owned()))
            }
            Some("CurrentCodeRequired") => Some(Refusal::CurrentCodeRequired),
            Some("CurrentCodeRefused") => {
                self.verdict().map(|verdict| Refusal::CurrentCodeRefused(verdict, asked.factor))
            }
            Some("NotACode") => Some(Refusal::NotACode),
            Some("AlreadyEnrolled") => Some(Refusal::AlreadyEnrolled(name())),
            Some("NotEnrolled") => Some(StoreError::NotEnrolled(name()).into()),
            Some("EnrolmentChanged") => Some(StoreError::Changed(name()).into()),
            Some("NoEnrolmentBegun") => Some(Refusal::NoEnrolmentBegun),
            Some("WrongCode") => match self.0.get("clock_off_seconds") {
                None | Some(Value::Null) => Some(NotProven::WrongCode),
                Some(seconds) => seconds.as_i64().map(|seconds| NotProven::ClockOff { seconds }),
            }
            .map(Refusal::NotProven),
            Some("Unavailable") => self
                .text("message")
                .map(|why| StoreError::from(ServiceError::Refused(why.to_owned())).into()),
            _ => None,
        };
        known.unwrap_or_else(nonsense)
    }

    /// The parameters `standing` and `whose`. An earlier service does not send the latter: it knows of
    /// `user`'s own record alone, and so cannot say that none is asked of that name.
    pub(super) fn found(&self, user: &User) -> Result<Found, ServiceError> {
        let standing = self.standing().ok_or(ServiceError::Nonsense)?;
        let name = match self.0.get("whose") {
            None if standing.status().is_none() => return Err(ServiceError::Earlier),
            None => user.name.clone(),
            Some(name) => name
                .as_str()
                .and_then(|name| UserName::new(name).ok())
                .ok_or(ServiceError::Nonsense)?,
        };
        Ok(Found { whose: User { name, uid: user.uid }, standing })
    }

    /// The parameter `standing`.
    pub(super) fn standing(&self) -> Option<Standing> {
        let standing = self.object("standing")?;
        let generation = || Generation::from_hex(standing.text("generation")?);
        match standing.text("state")? {
            "never_enrolled" => Some(Standing::NeverEnrolled),
            "disabled" => Some(Standing::Disabled(generation()?)),
            "enrolled" => Some(Standing::Enrolled(
                generation()?,
                Status {
                    since: UnixTime(standing.number("since")?),
                    last_used: match standing.0.get("last_used") {
                        None | Some(Value::Null) => None,
                        Some(time) => Some(UnixTime(time.as_u64()?)),
                    },
                    backup_codes_left: standing.number("backup_codes_left")?.try_into().ok()?,
                    failures: standing.number("failures")?.try_into().ok()?,
                    wait_seconds: standing.number("wait_seconds")?,
                    locked: standing.flag("locked")?,
                    budget_used: standing.later_number("budget_used")?.try_into().ok()?,
                    history: standing.decisions()?,
                },
            )),
            _ => None,
        }
    }

    /// The parameter `verdict`.
    pub(super) fn verdict(&self) -> Option<Verdict> {
        let verdict = self.object("verdict")?;
        let small = |key| verdict.number(key)?.try_into().ok();
        Some(match verdict.text("verdict")? {
            "accepted" => Verdict::Accepted {
                backup_codes_left: verdict.number("backup_codes_left")?.try_into().ok()?,
                failures_since_login: small("failures_since_login")?,
                budget_used: verdict.later_number("budget_used")?.try_into().ok()?,
                opened: verdict.later_flag("opened")?,
            },
            "wrong" => Verdict::Wrong {
                failures: small("failures")?,
                wait_seconds: verdict.number("wait_seconds")?,
                locked: verdict.flag("locked")?,
            },
            "replayed" => Verdict::Replayed { next_in: verdict.number("next_in")? },
            "clock_went_back" => Verdict::ClockWentBack { behind_by: verdict.number("behind_by")? },
            "wait" => Verdict::Wait { seconds: verdict.number("wait_seconds")? },
            "locked" => Verdict::Locked,
            "changed" => Verdict::Changed,
            _ => return None,
        })
    }

    /// The parameters of `GetRequirements`.
    pub(super) fn requirements(&self) -> Option<Requirements> {
        Some(Requirements {
            password: self.flag("password")?,
            current_code: self.flag("current_code")?,
        })
    }

    /// The parameters of `BeginEnrolment`.
    pub(super) fn new_key(&mut self) -> Option<NewKey> {
        Some(NewKey {
            issuer: self.text("issuer")?.to_owned(),
            uri: self.take_secret("uri")?,
            secret: self.take_secret("secret")?,
        })
    }

    /// The parameters of what hands out backup codes.
    pub(super) fn issued(&mut self) -> Option<Issued> {
        let Some(Value::Array(codes)) = self.0.remove("backup_codes") else { return None };
        let read = |code| match code {
            Value::String(code) => BackupCode::from_printed(Zeroizing::new(code).as_bytes()),
            _ => None,
        };
        let backup_codes = codes.into_iter().map(read).collect::<Option<_>>()?;
        Some(Issued { backup_codes, old_copy: self.old_copy()?, cleared: self.cleared()? })
    }

    /// The parameters of `Disable`.
    pub(super) fn disabled(&self) -> Option<Disabled> {
        Some(Disabled { old_copy: self.old_copy()?, cleared: self.cleared()? })
    }

    /// The parameter `cleared`.
    fn cleared(&self) -> Option<Cleared> {
        let cleared = match self.0.get("cleared") {
            None | Some(Value::Null) => return Some(Cleared::default()),
            Some(cleared) => Fields(cleared.as_object()?),
        };
        Some(Cleared {
            failures_since_login: cleared.number("failures_since_login")?.try_into().ok()?,
            budget_used: cleared.number("budget_used")?.try_into().ok()?,
            opened: cleared.flag("opened")?,
        })
    }

    /// The parameter `old_copy_wiped`.
    fn old_copy(&self) -> Option<OldCopy> {
        Some(if self.flag("old_copy_wiped")? {
            OldCopy::Wiped
        } else {
            OldCopy::Left(std::io::Error::other("the system's log says why"))
        })
    }

    fn take_secret(&mut self, key: &str) -> Option<Zeroizing<String>> {
        match self.0.remove(key)? {
            Value::String(secret) => Some(Zeroizing::new(secret)),
            _ => None,
        }
    }

    fn object(&self, key: &str) -> Option<Fields<'_>> {
        self.0.get(key)?.as_object().map(Fields)
    }

    fn text(&self, key: &str) -> Option<&str> {
        Fields(&self.0).text(key)
    }

    fn flag(&self, key: &str) -> Option<bool> {
        Fields(&self.0).flag(key)
    }
}

/// Members of an object, by type.
struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    fn text(&self, key: &str) -> Option<&'a str> {
        self.0.get(key)?.as_str()
    }

    fn number(&self, key: &str) -> Option<u64> {
        self.0.get(key)?.as_u64()
    }

    fn flag(&self, key: &str) -> Option<bool> {
        self.0.get(key)?.as_bool()
    }

    /// Whether the member is there. A service that was started before a package's upgrade
    /// does not know the later ones.
    fn has(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(|value| !value.is_null())
    }

    /// A number that an older service does not say: 0.
    fn later_number(&self, key: &str) -> Option<u64> {
        if self.has(key) { self.number(key) } else { Some(0) }
    }

    /// The same of a truth value: no.
    fn later_flag(&self, key: &str) -> Option<bool> {
        if self.has(key) { self.flag(key) } else { Some(false) }
    }

    /// The last decisions, which an older service does not say, either.
    fn decisions(&self) -> Option<History> {
        if !self.has("decisions") {
            return Some(History::default());
        }
        let listed = self.0.get("decisions")?.as_array()?.iter();
        let entries = listed.map(|entry| entry.as_object().map(Fields)?.decision());
        History::from_entries(entries.collect::<Option<Vec<_>>>()?)
    }

    fn decision(&self) -> Option<Entry> {
        let address = self.has("address").then(|| self.text("address"));
        let origin = match address {
            None => Origin::new(self.text("service")?, None),
            Some(address) => Origin::new(self.text("service")?, Some(address?)),
        };
        Some(Entry {
            at: UnixTime(self.number("time")?),
            outcome: match self.text("outcome")? {
                "accepted" => Outcome::Accepted,
                "wrong" => Outcome::Wrong,
                "replayed" => Outcome::Replayed,
                _ => return None,
            },
            factor: match self.text("factor")? {
                "token" => Factor::Token,
                "backup_code" => Factor::BackupCode,
                _ => return None,
            },
            origin,
            times: self.number("times")?.try_into().ok()?,
        })
    }
}

pub(super) fn nonsense() -> Refusal {
    StoreError::from(ServiceError::Nonsense).into()
}
