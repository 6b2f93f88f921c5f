//! What `status --json` and `list --json` say of a user.

use crate::asking::AskedBy;
use crate::failure::Kind;
use crate::machine::rfc_3339;
use cloud2fa::history::{Entry, Outcome};
use cloud2fa::{Factor, Standing};
use serde::Serialize;

/// One of the last decisions on a user's codes, or equal refusals in a row.
#[derive(Serialize)]
pub struct Decision {
    time: String,
    verdict: &'static str,
    kind: &'static str,
    service: String,
    address: Option<String>,
    times: u32,
}

impl Decision {
    fn of(entry: &Entry) -> Self {
        Self {
            time: rfc_3339(entry.at),
            verdict: match entry.outcome {
                Outcome::Accepted => "accepted",
                Outcome::Wrong => "wrong",
                Outcome::Replayed => "replayed",
            },
            kind: word(entry.factor),
            service: entry.origin.service().to_owned(),
            address: entry.origin.address().map(|address| address.to_string()),
            times: entry.times,
        }
    }
}

/// The last line of `status`, and each line of `list`.
#[derive(Serialize)]
pub struct Status<'a> {
    user: &'a str,
    enrolled: bool,
    since: Option<String>,
    last_used: Option<String>,
    backup_codes_left: Option<usize>,
    failures: Option<u32>,
    wait_seconds: Option<u64>,
    locked: Option<bool>,
    budget_used: Option<u32>,
    /// The latest first.
    decisions: Option<Vec<Decision>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asked_by: Option<&'a [String]>,
    /// There where sshd is one of them by PAM's files alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    sshd_unknown: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    renamed_to: Option<&'a str>,
}

impl<'a> Status<'a> {
    pub fn of(user: &'a str, standing: &Standing) -> Self {
        let status = standing.status();
        Self {
            user,
            enrolled: status.is_some(),
            since: status.map(|status| rfc_3339(status.since)),
            last_used: status.and_then(|status| status.last_used).map(rfc_3339),
            backup_codes_left: status.map(|status| status.backup_codes_left),
            failures: status.map(|status| status.failures),
            wait_seconds: status.map(|status| status.wait_seconds),
            locked: status.map(|status| status.locked),
            budget_used: status.map(|status| status.budget_used),
            decisions: status.map(|status| {
                status.history.latest_first().into_iter().map(Decision::of).collect()
            }),
            asked_by: None,
            sshd_unknown: None,
            note: None,
            renamed_to: None,
        }
    }

    /// With the services that ask for a code.
    pub fn asked_by(self, by: &'a AskedBy) -> Self {
        let sshd_unknown = by.is_sshd_unknown.then_some(true);
        Self { asked_by: Some(&by.services), sshd_unknown, ..self }
    }

    /// The same of a user whom the system does not know any more, by this name.
    pub fn of_unknown(user: &'a str, renamed_to: Option<&'a str>, standing: &Standing) -> Self {
        Self { note: Some(Kind::UnknownUser.word()), renamed_to, ..Self::of(user, standing) }
    }
}

/// A kind of code in JSON.
pub fn word(factor: Factor) -> &'static str {
    match factor {
        Factor::Token => "token",
        Factor::BackupCode => "backup_code",
    }
}
