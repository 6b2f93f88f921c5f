//! What the library says, as the interface has it: the other half of the client's reading.

#![forbid(unsafe_code)]

use cloud2fa::client::INTERFACE;
use cloud2fa::enrolment::NotProven;
use cloud2fa::history::{Entry, Outcome};
use cloud2fa::manage::{NewKey, Refusal, Requirements};
use cloud2fa::store::{Disabled, Found, Issued, OldCopy};
use cloud2fa::{BackupCode, Cleared, Factor, Standing, Status, StoreError, Verdict};
use serde_json::{Value, json};
use varlink::Reply;

/// An answer with these parameters.
pub fn with(parameters: Value) -> Reply {
    Reply::parameters(Some(parameters))
}

/// `(standing: Standing, whose: string)`
pub fn found(found: &Found) -> Value {
    json!({ "standing": standing(&found.standing), "whose": found.whose.name.as_str() })
}

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
        "decisions": status.map(decisions),
    })
}

/// `[]Decision`
fn decisions(status: &Status) -> Value {
    status.history.entries().map(decision).collect()
}

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

/// `(verdict: Verdict)`
pub fn verdict(verdict: &Verdict) -> Value {
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

/// The parameters of `GetRequirements`.
pub fn requirements(requirements: Requirements) -> Value {
    json!({ "password": requirements.password, "current_code": requirements.current_code })
}

/// The parameters of `BeginEnrolment`.
pub fn new_key(key: &NewKey) -> Value {
    json!({ "issuer": key.issuer, "uri": *key.uri, "secret": *key.secret })
}

/// The parameters of what hands out backup codes.
pub fn issued(issued: &Issued) -> Value {
    let mut answer = change(&issued.old_copy, issued.cleared);
    // Moved, since a copy would not be wiped.
    let code = |code: &BackupCode| Value::String(code.printed().to_string());
    answer["backup_codes"] = issued.backup_codes.iter().map(code).collect();
    answer
}

/// The parameters of `Disable`.
pub fn disabled(disabled: &Disabled) -> Value {
    change(&disabled.old_copy, disabled.cleared)
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

/// The error for a refusal. `to_root`: only root is told what the log says.
pub fn error(refusal: &Refusal, to_root: bool) -> Reply {
    let (name, parameters) = match refusal {
        Refusal::UnknownUser(_) if to_root => ("UnknownUser", Value::Null),
        Refusal::NotPermitted | Refusal::UnknownUser(_) | Refusal::EnrolledAs { .. } => {
            ("NotPermitted", Value::Null)
        }
        Refusal::NoPassword => ("NoPassword", Value::Null),
        Refusal::PasswordRequired => ("PasswordRequired", Value::Null),
        Refusal::WrongPassword => ("WrongPassword", Value::Null),
        Refusal::AccountRefused(why) => ("AccountRefused", json!({ "message": why })),
        Refusal::CurrentCodeRequired => ("CurrentCodeRequired", Value::Null),
        Refusal::CurrentCodeRefused(refused, _) => ("CurrentCodeRefused", verdict(refused)),
        Refusal::NotACode => ("NotACode", Value::Null),
        Refusal::AlreadyEnrolled(_) => ("AlreadyEnrolled", Value::Null),
        Refusal::Store(StoreError::NotEnrolled(_)) => ("NotEnrolled", Value::Null),
        Refusal::Store(StoreError::Changed(_)) => ("EnrolmentChanged", Value::Null),
        Refusal::NoEnrolmentBegun => ("NoEnrolmentBegun", Value::Null),
        Refusal::NotProven(NotProven::WrongCode) => {
            ("WrongCode", json!({ "clock_off_seconds": null }))
        }
        Refusal::NotProven(NotProven::ClockOff { seconds }) => {
            ("WrongCode", json!({ "clock_off_seconds": seconds }))
        }
        Refusal::Unavailable(_) | Refusal::Store(_) => {
            ("Unavailable", json!({ "message": unavailable(refusal, to_root) }))
        }
    };
    let parameters = if parameters.is_null() { json!({}) } else { parameters };
    Reply::error(format!("{INTERFACE}.{name}"), Some(parameters))
}

fn unavailable(refusal: &Refusal, to_root: bool) -> String {
    if to_root {
        return refusal.to_string();
    }
    "the second factor cannot be managed now; the system's log says why. Nothing was changed"
        .to_owned()
}

/// varlink's own error for a parameter that is missing, wrong or unknown.
pub fn invalid_parameter(name: &str) -> Reply {
    let parameters = json!({ "parameter": name });
    Reply::error("org.varlink.service.InvalidParameter", Some(parameters))
}
