//! What `--json` says: one object a line. Other programs depend on the form (cloud2fa(1)).

pub use crate::messages_of_setup::{NothingSetUp, Planned, SetUp, ShutOut};
pub use crate::messages_of_users::Status;

use crate::failure::Failure;

use crate::messages_of_users::word;
use crate::verbs::write_back;
use cloud2fa::backup_codes::BackupCode;

use cloud2fa::{Factor, Verdict};
use cloud2fa_doctor::{About, Finding, Report, Severity};
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use zeroize::Zeroizing;

/// Writes one line, at once. The buffer, which may hold secrets, is wiped.
pub fn write_line(message: &impl Serialize) -> std::io::Result<()> {
    // Large enough never to grow: growing would leave a copy behind.
    let mut line = Zeroizing::new(Vec::with_capacity(16 * 1024));
    serde_json::to_writer(&mut *line, message)?;
    line.push(b'\n');
    let mut output = std::io::stdout().lock();
    output.write_all(&line)?;
    output.flush()
}

/// Something is asked for, and read as one line from standard input.
#[derive(Serialize)]
pub struct Ask {
    pub ask: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tries_left: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_off_seconds: Option<i64>,
}

/// The key of a new enrolment.
#[derive(Serialize)]
pub struct Key<'a> {
    pub uri: &'a str,
    pub secret: &'a str,
}

/// Backup codes in their printed form.
struct Codes<'a>(&'a [BackupCode]);

impl Serialize for Codes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(Some(self.0.len()))?;
        for code in self.0 {
            sequence.serialize_element(code.printed().as_str())?;
        }
        sequence.end()
    }
}

/// A result, and whose enrolment it is about, where that is another name's than was asked for.
#[derive(Serialize)]
pub struct OutcomeOf<'a, M> {
    #[serde(flatten)]
    pub message: M,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enrolment_of: Option<&'a str>,
}

/// What stood against the codes of the app, and is gone.
#[derive(Serialize)]
pub struct Cleared {
    failures_since_login: u32,
    budget_used: u32,
    opened: bool,
}

impl Cleared {
    /// Nothing where there was nothing.
    pub fn of(cleared: cloud2fa::Cleared) -> Option<Self> {
        let cloud2fa::Cleared { failures_since_login, budget_used, opened } = cleared;
        (budget_used > 0 || opened).then_some(Self { failures_since_login, budget_used, opened })
    }
}

/// The last line of `enable`.
#[derive(Serialize)]
pub struct Enabled<'a> {
    enabled: bool,
    user: &'a str,
    backup_codes: Codes<'a>,
    asked_by: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    cleared: Option<Cleared>,
}

impl<'a> Enabled<'a> {
    pub fn of(
        user: &'a str,
        codes: &'a [BackupCode],
        asked_by: &'a [String],
        cleared: Option<Cleared>,
    ) -> Self {
        Self { enabled: true, user, backup_codes: Codes(codes), asked_by, cleared }
    }
}

/// The last line of `regenerate`.
#[derive(Serialize)]
pub struct Regenerated<'a> {
    regenerated: bool,
    user: &'a str,
    backup_codes: Codes<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cleared: Option<Cleared>,
}

impl<'a> Regenerated<'a> {
    pub fn of(user: &'a str, codes: &'a [BackupCode], cleared: Option<Cleared>) -> Self {
        Self { regenerated: true, user, backup_codes: Codes(codes), cleared }
    }
}

/// The last line of `disable`.
#[derive(Serialize)]
pub struct Disabled<'a> {
    pub disabled: bool,
    pub user: &'a str,
    /// The PAM services that refuse the user now.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub refused_by: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cleared: Option<Cleared>,
}

/// The last line of `unlock`.
#[derive(Serialize)]
pub struct Unlocked<'a> {
    pub unlocked: bool,
    pub user: &'a str,
    /// Codes of the app are refused until then: one was accepted by a clock that was ahead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused_until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cleared: Option<Cleared>,
}

/// The last line of `init`.
#[derive(Serialize)]
pub struct Initialised {
    pub initialised: bool,
    /// Whether there was no store before.
    pub new: bool,
    /// The store's format now.
    pub format: u8,
    pub state_dir: std::path::PathBuf,
}

/// The last line about the records in `init --format 1`.
#[derive(Serialize)]
pub struct WentBack {
    /// How many are in format 1 now.
    records: usize,
    /// How many are not.
    failed: usize,
    /// What is lost, and of how many.
    lost: BTreeMap<&'static str, usize>,
}

impl WentBack {
    pub fn of(went_back: &write_back::WentBack) -> Self {
        let lost = went_back.lost.iter().map(|(lost, of)| (lost.word(), *of)).collect();
        Self { records: went_back.records, failed: went_back.failed.len(), lost }
    }
}

/// The last line of `verify`.
#[derive(Serialize)]
pub struct Verified<'a> {
    verdict: &'static str,
    user: &'a str,
    kind: Option<&'static str>,
    wait_seconds: u64,
}

impl<'a> Verified<'a> {
    /// Nothing for a verdict that is told as an error.
    pub fn of(user: &'a str, verdict: &Verdict, factor: Option<Factor>) -> Option<Self> {
        let kind = factor.map(word);
        let (verdict, wait_seconds) = match verdict {
            Verdict::Accepted { .. } => ("accepted", 0),
            Verdict::Wrong { wait_seconds, .. } => ("wrong", *wait_seconds),
            Verdict::Replayed { .. } => ("replayed", 0),
            Verdict::Wait { seconds } => ("wait", *seconds),
            Verdict::Locked => ("locked", 0),
            Verdict::ClockWentBack { .. } | Verdict::Changed => return None,
        };
        Some(Self { verdict, user, kind, wait_seconds })
    }
}

/// A line of `doctor`.
#[derive(Serialize)]
pub struct Found<'a> {
    severity: &'static str,
    id: &'static str,
    what: &'a str,
    why: &'a str,
    fix: &'a str,
    accepted: bool,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    users: &'a BTreeSet<String>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    services: &'a BTreeSet<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<Cow<'a, str>>,
}

impl<'a> Found<'a> {
    pub fn of(finding: &'a Finding) -> Self {
        let Finding { severity, id, what, why, fix, about, is_accepted } = finding;
        let (severity, id, accepted) = (severity.word(), id.word(), *is_accepted);
        let About { users, services, files } = about;
        let files = files.iter().map(|path| path.to_string_lossy()).collect();
        Self { severity, id, what, why, fix, accepted, users, services, files }
    }
}

/// The last line of `doctor`.
#[derive(Serialize)]
pub struct Examined {
    /// Whether nothing is wrong. A note is no fault.
    healthy: bool,
    findings: usize,
    critical: usize,
    warnings: usize,
    notes: usize,
    /// So many more do not count.
    accepted: usize,
}

impl Examined {
    pub fn of(report: &Report) -> Self {
        Self {
            healthy: report.is_healthy(),
            findings: report.counting().count(),
            critical: report.count(Severity::Critical),
            warnings: report.count(Severity::Warning),
            notes: report.count(Severity::Note),
            accepted: report.accepted().count(),
        }
    }
}

/// The last line where something went wrong.
#[derive(Serialize)]
pub struct Error<'a> {
    error: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    message: String,
}

impl<'a> Error<'a> {
    pub fn of(failure: &Failure) -> Self {
        Self { error: failure.kind.word(), user: None, message: failure.to_string() }
    }

    /// One user's of a list.
    pub fn about(user: &'a str, failure: &Failure) -> Self {
        Self { user: Some(user), ..Self::of(failure) }
    }
}
