//! How a login ends: what libpam is told, what is logged.

#![forbid(unsafe_code)]

use crate::host::Tone;
use crate::texts::{self, Text};
use cloud2fa::log::{Decision, Event, Reason, Severity};
use cloud2fa::store::Shut;
use cloud2fa::{Answer, Factor, StoreError, Verdict};
use pam::constants::PamResultCode;

/// Why a login ends. The log line and libpam's code follow from it.
#[derive(Debug)]
pub struct Outcome {
    pub event: Event,
    pub code: PamResultCode,
    /// For the user, once the line is in the log: to tell may end the program (SIGPIPE).
    pub texts: Vec<(Tone, Text)>,
}

impl Outcome {
    /// With nothing to tell.
    fn new(code: PamResultCode, event: Event) -> Self {
        Self { event, code, texts: Vec::new() }
    }

    /// A refusal, as a wrong code is refused.
    pub fn refused(reason: Reason) -> Self {
        Self::new(PamResultCode::PAM_AUTH_ERR, Event::refused(reason))
    }

    /// No second factor is asked for.
    pub fn skipped(reason: Reason) -> Self {
        Self::new(PamResultCode::PAM_IGNORE, Event::done(Decision::Skipped, reason, None))
    }

    /// Of a verdict that is written down.
    pub fn of(verdict: &Verdict, factor: Factor) -> Self {
        let code = match verdict {
            Verdict::Accepted { .. } => PamResultCode::PAM_SUCCESS,
            Verdict::Wait { .. } | Verdict::Locked => PamResultCode::PAM_MAXTRIES,
            Verdict::Wrong { .. }
            | Verdict::Replayed { .. }
            | Verdict::ClockWentBack { .. }
            | Verdict::Changed => PamResultCode::PAM_AUTH_ERR,
        };
        let texts = texts::of_verdict(verdict, factor);
        Self { texts, ..Self::new(code, Event::of_verdict(verdict, factor)) }
    }

    /// Of a user who must wait or is locked, without a backup code.
    pub fn of_shut(shut: &Shut) -> Self {
        let (reason, text) = if shut.locked {
            (Reason::Locked, Text::Locked)
        } else {
            (Reason::Wait, Text::MustWait(shut.wait_seconds))
        };
        let event = Event {
            failures: shut.failures,
            wait: shut.wait_seconds,
            ..Event::refused(reason).with_budget_used(shut.budget_used)
        };
        Self::new(PamResultCode::PAM_MAXTRIES, event).with_reason_told(text)
    }

    /// This one, for whom no answer could be had: the log says why nothing else was taken. A
    /// conversation that failed is passed on.
    pub fn unless_failed(self, no_answer: Self) -> Self {
        match no_answer.code {
            PamResultCode::PAM_AUTH_ERR if no_answer.texts.is_empty() => self,
            PamResultCode::PAM_AUTH_ERR => self.with_reason_told(Text::NotABackupCode),
            code => self.with_code(code),
        }
    }

    /// This one, for who has been asked for a backup code alone, and `shut` would have been the
    /// end without one: of a token the log says what it has met.
    pub fn at_a_shut_door(self, verdict: &Verdict, shut: Self) -> Self {
        match verdict {
            Verdict::Wait { .. } | Verdict::Locked => {
                let Event { failures, detail, .. } = shut.event;
                Self { event: Event { failures, detail, ..self.event }, ..self }
            }
            _ => self,
        }
    }

    /// This one, of somebody who hears what whoever is enrolled would hear of such an answer.
    pub fn answered(self, answer: &Result<Answer, Self>) -> Self {
        let texts = match answer {
            Ok(answer) => vec![(Tone::Reason, Text::Wrong(answer.factor()))],
            Err(misshapen) => misshapen.texts.clone(),
        };
        Self { texts, ..self }
    }

    pub fn with_code(self, code: PamResultCode) -> Self {
        Self { code, ..self }
    }

    pub fn with_reason_told(self, text: Text) -> Self {
        Self { texts: vec![(Tone::Reason, text)], ..self }
    }

    pub fn with_detail(self, severity: Severity, detail: impl Into<String>) -> Self {
        Self { event: self.event.with_detail(severity, detail), ..self }
    }

    /// The administrator's files say what they must not.
    pub fn misconfigured(reason: Reason, error: &dyn std::error::Error) -> Self {
        Self::refused(reason)
            .with_code(PamResultCode::PAM_SERVICE_ERR)
            .with_detail(Severity::Error, error.to_string())
            .with_reason_told(Text::Unavailable)
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
}

impl From<StoreError> for Outcome {
    fn from(error: StoreError) -> Self {
        Self::new(PamResultCode::PAM_AUTHINFO_UNAVAIL, Event::of_store_error(&error))
            .with_reason_told(match error {
                StoreError::Hashing(_) => Text::TryAgain,
                _ => Text::Unavailable,
            })
    }
}
