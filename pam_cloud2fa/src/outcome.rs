//! How a login ends: what libpam is told, what is logged.

#![forbid(unsafe_code)]

use crate::host::{Severity, Tone};
use crate::log_line::{Decision, LogLine, Reason};
use crate::texts;
use cloud2fa::{Factor, StoreError};
use pam::constants::PamResultCode;

/// Why a login ends. The log line and libpam's code follow from it.
#[derive(Debug)]
pub struct Outcome {
    pub decision: Decision,
    pub reason: Reason,
    pub code: PamResultCode,
    pub severity: Severity,
    pub factor: Option<Factor>,
    pub failures: u32,
    pub wait: u64,
    pub detail: Option<String>,
    /// For the user, once the line is in the log: to tell may end the program (SIGPIPE).
    pub texts: Vec<(Tone, String)>,
}

impl Outcome {
    /// A refusal, as a wrong code is refused.
    pub fn refused(reason: Reason) -> Self {
        Self {
            decision: Decision::Refused,
            reason,
            code: PamResultCode::PAM_AUTH_ERR,
            severity: Severity::Notice,
            factor: None,
            failures: 0,
            wait: 0,
            detail: None,
            texts: Vec::new(),
        }
    }

    /// No second factor is asked for.
    pub fn skipped(reason: Reason) -> Self {
        Self {
            decision: Decision::Skipped,
            code: PamResultCode::PAM_IGNORE,
            severity: Severity::Info,
            ..Self::refused(reason)
        }
    }

    pub fn with_code(self, code: PamResultCode) -> Self {
        Self { code, ..self }
    }

    pub fn with_reason_told(self, text: impl Into<String>) -> Self {
        Self { texts: vec![(Tone::Reason, text.into())], ..self }
    }

    pub fn with_detail(self, severity: Severity, detail: impl Into<String>) -> Self {
        Self { severity, detail: Some(detail.into()), ..self }
    }

    /// The administrator's files say what they must not.
    pub fn misconfigured(reason: Reason, error: &dyn std::error::Error) -> Self {
        Self::refused(reason)
            .with_code(PamResultCode::PAM_SERVICE_ERR)
            .with_detail(Severity::Error, error.to_string())
    }

    /// The program did not do its part.
    pub fn conversation_failed(reason: Reason, code: PamResultCode) -> Self {
        Self::refused(reason).with_code(match code {
            PamResultCode::PAM_CONV_AGAIN => PamResultCode::PAM_INCOMPLETE,
            // A failing conversation must never read as a success; `required` takes the last of
            // these for one (pam.conf(5)).
            PamResultCode::PAM_SUCCESS
            | PamResultCode::PAM_IGNORE
            | PamResultCode::PAM_NEW_AUTHTOK_REQD => PamResultCode::PAM_CONV_ERR,
            code => code,
        })
    }

    /// How it is logged.
    pub fn log_line<'a>(
        &'a self,
        user: Option<&'a str>,
        service: &'a str,
        remote_host: Option<&'a str>,
    ) -> LogLine<'a> {
        LogLine {
            decision: self.decision,
            user,
            reason: self.reason,
            factor: self.factor,
            service,
            remote_host,
            failures: self.failures,
            wait: self.wait,
            detail: self.detail.as_deref(),
        }
    }
}

impl From<StoreError> for Outcome {
    fn from(error: StoreError) -> Self {
        let healthy = matches!(error, StoreError::Busy { .. }) || is_a_limit_of_the_caller(&error);
        let severity = if healthy { Severity::Notice } else { Severity::Alert };
        Self::refused(Reason::StoreUnavailable)
            .with_code(PamResultCode::PAM_AUTHINFO_UNAVAIL)
            .with_detail(severity, error.to_string())
            .with_reason_told(texts::UNAVAILABLE)
    }
}

/// Whether the store may be as healthy as ever: with `ulimit` anybody can make this happen
/// to their own su.
fn is_a_limit_of_the_caller(error: &StoreError) -> bool {
    let StoreError::Io { source, .. } = error else { return false };
    let limits = [libc::EFBIG, libc::EMFILE, libc::ENOMEM];
    source.raw_os_error().is_some_and(|number| limits.contains(&number))
}
