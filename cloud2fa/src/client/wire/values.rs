//! Each type of the interface: how it is written, and under it how it is read. What is not exactly
//! as the interface has it is not read.

use super::fields::Fields;
use crate::account::{Cleared, Generation};
use crate::answer::Factor;
use crate::backup_codes::BackupCode;
use crate::client::ServiceError;
use crate::decide::Verdict;
use crate::history::{Entry, History, Origin, Outcome};
use crate::manage::{NewKey, Requirements};
use crate::store::{Disabled, Found, Issued, OldCopy, Standing, Status};
use crate::time::UnixTime;
use crate::user::{User, UserName};
use serde_json::{Value, json};
use zeroize::Zeroizing;

/// `(standing: Standing, whose: string)`
pub(super) fn found(found: &Found) -> Value {
    json!({ "standing": standing(&found.standing), "whose": found.whose.name.as_str() })
}

/// An earlier service does not say whose: it knows of `user`'s own record alone, and so cannot say that
/// none is asked of that name.
pub(super) fn read_found(fields: &mut Fields, user: &User) -> Result<Found, ServiceError> {
    let nonsense = ServiceError::Nonsense;
    let standing = fields.object("standing").and_then(read_standing).ok_or(nonsense.clone())?;
    let name = match fields.text("whose") {
        None if fields.says("whose") => return Err(nonsense),
        None if standing.status().is_none() => return Err(ServiceError::Earlier),
        None => user.name.clone(),
        Some(name) => UserName::new(name).map_err(|_| nonsense)?,
    };
    Ok(Found { whose: User { name, uid: user.uid }, standing })
}

/// `Standing`
fn standing(standing: &Standing) -> Value {
    let (state, generation) = match standing {
        Standing::NeverEnrolled => ("never_enrolled", None),
        Standing::Disabled(generation) => ("disabled", Some(generation.to_hex())),
        Standing::Enrolled(generation, _) => ("enrolled", Some(generation.to_hex())),
    };
    let status = standing.status();
    json!({
        "state": state,
        "generation": generation,
        "since": status.map(|status| status.since.0),
        "last_used": status.and_then(|status| status.last_used).map(|time| time.0),
        "backup_codes_left": status.map(|status| status.backup_codes_left),
        "failures": status.map(|status| status.failures),
        "wait_seconds": status.map(|status| status.wait_seconds),
        "locked": status.map(|status| status.locked),
        "budget_used": status.map(|status| status.budget_used),
        "decisions": status.map(|status| status.history.entries().map(decision).collect::<Value>()),
    })
}

pub(super) fn read_standing(mut fields: Fields) -> Option<Standing> {
    let generation = Generation::from_hex(fields.text("generation").unwrap_or_default());
    match fields.text("state")? {
        "never_enrolled" => Some(Standing::NeverEnrolled),
        "disabled" => Some(Standing::Disabled(generation?)),
        "enrolled" => Some(Standing::Enrolled(
            generation?,
            Status {
                since: UnixTime(fields.number("since")?),
                last_used: fields.optional("last_used", Fields::number)?.map(UnixTime),
                backup_codes_left: fields.number("backup_codes_left")?,
                failures: fields.number("failures")?,
                wait_seconds: fields.number("wait_seconds")?,
                locked: fields.flag("locked")?,
                budget_used: fields.later("budget_used", Fields::number)?,
                history: read_decisions(&mut fields)?,
            },
        )),
        _ => None,
    }
}

/// `[]Decision`, which an earlier service does not say.
fn read_decisions(fields: &mut Fields) -> Option<History> {
    let Some(listed) = fields.take("decisions") else { return Some(History::default()) };
    let Value::Array(listed) = listed else { return None };
    let entries = listed.into_iter().map(|entry| read_decision(&Fields::of(entry)?));
    History::from_entries(entries.collect::<Option<Vec<_>>>()?)
}

/// `Decision`
fn decision(entry: &Entry) -> Value {
    json!({
        "time": entry.at.0,
        "outcome": match entry.outcome {
            Outcome::Accepted => "accepted",
            Outcome::Wrong => "wrong",
            Outcome::Replayed => "replayed",
        },
        "factor": match entry.factor {
            Factor::Token => "token",
            Factor::BackupCode => "backup_code",
        },
        "service": entry.origin.service(),
        "address": entry.origin.address().map(|address| address.to_string()),
        "times": entry.times,
    })
}

fn read_decision(fields: &Fields) -> Option<Entry> {
    let address = fields.optional("address", |fields, key| fields.text(key).map(str::to_owned))?;
    Some(Entry {
        at: UnixTime(fields.number("time")?),
        outcome: match fields.text("outcome")? {
            "accepted" => Outcome::Accepted,
            "wrong" => Outcome::Wrong,
            "replayed" => Outcome::Replayed,
            _ => return None,
        },
        factor: match fields.text("factor")? {
            "token" => Factor::Token,
            "backup_code" => Factor::BackupCode,
            _ => return None,
        },
        origin: Origin::new(fields.text("service")?, address.as_deref()),
        times: fields.number("times")?,
    })
}

/// `(verdict: Verdict)`
pub(super) fn verdict(verdict: &Verdict) -> Value {
    json!({ "verdict": match verdict {
        Verdict::Accepted { backup_codes_left, failures_since_login, budget_used, opened } => json!({
            "verdict": "accepted",
            "backup_codes_left": backup_codes_left,
            "failures_since_login": failures_since_login,
            "budget_used": budget_used,
            "opened": opened,
        }),
        Verdict::Wrong { failures, wait_seconds, locked } => json!({
            "verdict": "wrong",
            "failures": failures,
            "wait_seconds": wait_seconds,
            "locked": locked,
        }),
        Verdict::Replayed { next_in } => json!({ "verdict": "replayed", "next_in": next_in }),
        Verdict::ClockWentBack { behind_by } => {
            json!({ "verdict": "clock_went_back", "behind_by": behind_by })
        }
        Verdict::Wait { seconds } => json!({ "verdict": "wait", "wait_seconds": seconds }),
        Verdict::Locked => json!({ "verdict": "locked" }),
        Verdict::Changed => json!({ "verdict": "changed" }),
    } })
}

pub(super) fn read_verdict(fields: &mut Fields) -> Option<Verdict> {
    let fields = fields.object("verdict")?;
    Some(match fields.text("verdict")? {
        "accepted" => Verdict::Accepted {
            backup_codes_left: fields.number("backup_codes_left")?,
            failures_since_login: fields.number("failures_since_login")?,
            budget_used: fields.later("budget_used", Fields::number)?,
            opened: fields.later("opened", Fields::flag)?,
        },
        "wrong" => Verdict::Wrong {
            failures: fields.number("failures")?,
            wait_seconds: fields.number("wait_seconds")?,
            locked: fields.flag("locked")?,
        },
        "replayed" => Verdict::Replayed { next_in: fields.number("next_in")? },
        "clock_went_back" => Verdict::ClockWentBack { behind_by: fields.number("behind_by")? },
        "wait" => Verdict::Wait { seconds: fields.number("wait_seconds")? },
        "locked" => Verdict::Locked,
        "changed" => Verdict::Changed,
        _ => return None,
    })
}

/// `(password: bool, current_code: bool)`
pub(super) fn requirements(requirements: Requirements) -> Value {
    json!({ "password": requirements.password, "current_code": requirements.current_code })
}

pub(super) fn read_requirements(fields: &Fields) -> Option<Requirements> {
    Some(Requirements {
        password: fields.flag("password")?,
        current_code: fields.flag("current_code")?,
    })
}

/// `(issuer: string, account: string, uri: string, secret: string)`
pub(super) fn new_key(key: &NewKey) -> Value {
    json!({ "issuer": key.issuer, "account": key.account, "uri": *key.uri, "secret": *key.secret })
}

pub(super) fn read_new_key(fields: &mut Fields) -> Option<NewKey> {
    Some(NewKey {
        issuer: fields.text("issuer")?.to_owned(),
        account: fields.text("account")?.to_owned(),
        uri: fields.secret("uri")?,
        secret: fields.secret("secret")?,
    })
}

/// `(backup_codes: []string, old_copy_wiped: bool, cleared: Cleared)`
pub(super) fn issued(issued: &Issued) -> Value {
    let mut answer = change(&issued.old_copy, issued.cleared);
    // Moved, since a copy would not be wiped.
    let code = |code: &BackupCode| Value::String(code.printed().to_string());
    answer["backup_codes"] = issued.backup_codes.iter().map(code).collect();
    answer
}

pub(super) fn read_issued(fields: &mut Fields) -> Option<Issued> {
    let read = |code| match code {
        Value::String(code) => BackupCode::from_printed(Zeroizing::new(code).as_bytes()),
        _ => None,
    };
    let backup_codes = fields.list("backup_codes")?.into_iter().map(read);
    let backup_codes = backup_codes.collect::<Option<_>>()?;
    let (old_copy, cleared) = read_change(fields)?;
    Some(Issued { backup_codes, old_copy, cleared })
}

/// `(old_copy_wiped: bool, cleared: Cleared)`
pub(super) fn disabled(disabled: &Disabled) -> Value {
    change(&disabled.old_copy, disabled.cleared)
}

pub(super) fn read_disabled(fields: &mut Fields) -> Option<Disabled> {
    let (old_copy, cleared) = read_change(fields)?;
    Some(Disabled { old_copy, cleared })
}

/// `(old_copy_wiped: bool, cleared: Cleared)`
fn change(old_copy: &OldCopy, cleared: Cleared) -> Value {
    let Cleared { failures_since_login, budget_used, opened } = cleared;
    json!({
        "old_copy_wiped": matches!(old_copy, OldCopy::Wiped),
        "cleared": {
            "failures_since_login": failures_since_login,
            "budget_used": budget_used,
            "opened": opened,
        },
    })
}

fn read_change(fields: &mut Fields) -> Option<(OldCopy, Cleared)> {
    let old_copy = if fields.flag("old_copy_wiped")? {
        OldCopy::Wiped
    } else {
        OldCopy::Left(std::io::Error::other("the system's log says why"))
    };
    let Some(cleared) = fields.take("cleared") else { return Some((old_copy, Cleared::default())) };
    let cleared = Fields::of(cleared)?;
    let cleared = Cleared {
        failures_since_login: cleared.number("failures_since_login")?,
        budget_used: cleared.number("budget_used")?,
        opened: cleared.flag("opened")?,
    };
    Some((old_copy, cleared))
}
