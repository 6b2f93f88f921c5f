//! The log: lines on standard error, which the unit sends to the system's log. A line has the
//! form of the module's, so that one filter reads both.

#![forbid(unsafe_code)]

use cloud2fa::log::{Call, Event, LogLine, Reason, Severity};
use cloud2fa::manage::Refusal;
use cloud2fa::{PAM_SERVICE, StoreError};
use std::io::Write;

/// Logs what was decided about `user`.
pub fn event(event: &Event, user: Option<&str>, call: Call<'_>) {
    let line = LogLine { event, user, service: PAM_SERVICE, remote_host: None, call: Some(call) }
        .to_string();
    write(event.severity, &line);
}

/// Logs a panic, and nothing that it says: that could be what a user typed.
pub fn panic() {
    write(Severity::Alert, "refused user=\"\" reason=panic: please report this bug");
}

/// A line that a process has written which serves a connection.
pub fn forward(line: &[u8]) {
    let _ = std::io::stderr().write_all(&[line, b"\n"].concat());
}

/// One line, behind sd-daemon(3)'s prefix. If that fails there is nobody to tell.
fn write(severity: Severity, line: &str) {
    let line = format!("<{}>{line}\n", severity as u8);
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// What is logged of a refusal.
pub fn of_refusal(refusal: &Refusal) -> Event {
    Event::refused(match refusal {
        Refusal::CurrentCodeRefused(verdict, factor) => return Event::of_verdict(verdict, *factor),
        Refusal::NotProven(why) => return Event::of_not_proven(*why),
        Refusal::Unavailable(why) => {
            return Event::refused(Reason::PasswordNotChecked).with_detail(Severity::Error, why);
        }
        Refusal::BadConfig(mistake) => {
            let why = mistake.to_string();
            return Event::refused(Reason::BadConfig).with_detail(Severity::Error, &why);
        }
        Refusal::AccountRefused(why) => {
            return Event::refused(Reason::AccountRefused).with_detail(Severity::Notice, why);
        }
        Refusal::Store(StoreError::NotEnrolled(_)) => Reason::NotEnrolled,
        Refusal::Store(StoreError::Changed(_)) => Reason::EnrolmentChanged,
        Refusal::Store(error) => return Event::of_store_error(error),
        Refusal::NotPermitted | Refusal::EnrolledAs { .. } => Reason::NotPermitted,
        Refusal::UnknownUser(_) => Reason::UnknownUser,
        Refusal::NoPassword => Reason::NoPassword,
        Refusal::PasswordRequired => Reason::PasswordRequired,
        Refusal::WrongPassword => Reason::WrongPassword,
        Refusal::CurrentCodeRequired => Reason::CodeRequired,
        Refusal::NotACode => Reason::NotACode,
        Refusal::AlreadyEnrolled(_) => Reason::AlreadyEnrolled,
        Refusal::NoEnrolmentBegun => Reason::NoEnrolmentBegun,
    })
}
