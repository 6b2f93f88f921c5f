//! Refusals as errors of the interface: how each is written, and under it how it is read.

use super::INTERFACE;
use super::fields::Fields;
use super::values::{read_verdict, verdict};
use crate::answer::Factor;
use crate::client::ServiceError;
use crate::enrolment::NotProven;
use crate::manage::Refusal;
use crate::store::StoreError;
use crate::user::User;
use serde_json::{Value, json};

/// The error's name and its parameters. `to_root`: only root is told what the log says.
pub(super) fn refusal(refusal: &Refusal, to_root: bool) -> (&'static str, Value) {
    let none = || json!({});
    match refusal {
        Refusal::UnknownUser(_) if to_root => ("UnknownUser", none()),
        Refusal::NotPermitted | Refusal::UnknownUser(_) | Refusal::EnrolledAs { .. } => {
            ("NotPermitted", none())
        }
        Refusal::NoPassword => ("NoPassword", none()),
        Refusal::PasswordRequired => ("PasswordRequired", none()),
        Refusal::WrongPassword => ("WrongPassword", none()),
        Refusal::AccountRefused(why) => ("AccountRefused", json!({ "message": why })),
        Refusal::CurrentCodeRequired => ("CurrentCodeRequired", none()),
        Refusal::CurrentCodeRefused(refused, _) => ("CurrentCodeRefused", verdict(refused)),
        Refusal::NotACode => ("NotACode", none()),
        Refusal::AlreadyEnrolled(_) => ("AlreadyEnrolled", none()),
        Refusal::Store(StoreError::NotEnrolled(_)) => ("NotEnrolled", none()),
        Refusal::Store(StoreError::Changed(_)) => ("EnrolmentChanged", none()),
        Refusal::NoEnrolmentBegun => ("NoEnrolmentBegun", none()),
        Refusal::NotProven(NotProven::WrongCode) => {
            ("WrongCode", json!({ "clock_off_seconds": null }))
        }
        Refusal::NotProven(NotProven::ClockOff { seconds }) => {
            ("WrongCode", json!({ "clock_off_seconds": seconds }))
        }
        Refusal::Unavailable(_) | Refusal::BadConfig(_) | Refusal::Store(_) => {
            ("Unavailable", json!({ "message": unavailable(refusal, to_root) }))
        }
    }
}

fn unavailable(refusal: &Refusal, to_root: bool) -> String {
    if to_root {
        return refusal.to_string();
    }
    "the second factor cannot be managed right now; the system log says why. Nothing was changed"
        .to_owned()
}

/// What a call was about: the text of an error needs it.
pub(in crate::client) struct Asked<'a> {
    pub(in crate::client) user: &'a User,
    /// Which kind of code went along.
    pub(in crate::client) factor: Factor,
}

/// The refusal that the error of that whole name means. `None` if it means none.
pub(super) fn read(error: &str, parameters: &mut Fields, asked: &Asked<'_>) -> Option<Refusal> {
    let name = || asked.user.name.clone();
    let message = |parameters: &Fields| parameters.text("message").map(str::to_owned);
    Some(match error.strip_prefix(INTERFACE)?.strip_prefix('.')? {
        "NotPermitted" => Refusal::NotPermitted,
        "UnknownUser" => Refusal::UnknownUser(name().to_string()),
        "NoPassword" => Refusal::NoPassword,
        "PasswordRequired" => Refusal::PasswordRequired,
        "WrongPassword" => Refusal::WrongPassword,
        "AccountRefused" => Refusal::AccountRefused(message(parameters)?),
        "CurrentCodeRequired" => Refusal::CurrentCodeRequired,
        "CurrentCodeRefused" => {
            Refusal::CurrentCodeRefused(read_verdict(parameters)?, asked.factor)
        }
        "NotACode" => Refusal::NotACode,
        "AlreadyEnrolled" => Refusal::AlreadyEnrolled(name()),
        "NotEnrolled" => StoreError::NotEnrolled(name()).into(),
        "EnrolmentChanged" => StoreError::Changed(name()).into(),
        "NoEnrolmentBegun" => Refusal::NoEnrolmentBegun,
        "WrongCode" => Refusal::NotProven(match parameters.take("clock_off_seconds") {
            None => NotProven::WrongCode,
            Some(seconds) => NotProven::ClockOff { seconds: seconds.as_i64()? },
        }),
        "Unavailable" => StoreError::from(ServiceError::Refused(message(parameters)?)).into(),
        _ => return None,
    })
}
