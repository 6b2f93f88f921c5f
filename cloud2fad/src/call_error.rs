//! Why a call gets no result.

#![forbid(unsafe_code)]

use crate::log;
use cloud2fa::StoreError;
use cloud2fa::client::wire::{BadCode, BadParameter};
use cloud2fa::log::Event;
use cloud2fa::manage::Refusal;

/// Why a call gets no result.
pub enum CallError {
    /// A parameter is missing, wrong or unknown.
    Parameter(BadParameter),
    /// It was refused; and what is logged of that.
    Refused(Refusal, Event),
}

impl From<Refusal> for CallError {
    fn from(refusal: Refusal) -> Self {
        let event = log::of_refusal(&refusal);
        Self::Refused(refusal, event)
    }
}

impl From<StoreError> for CallError {
    fn from(error: StoreError) -> Self {
        Refusal::from(error).into()
    }
}

impl From<BadParameter> for CallError {
    fn from(bad: BadParameter) -> Self {
        Self::Parameter(bad)
    }
}

impl From<BadCode> for CallError {
    fn from(bad: BadCode) -> Self {
        match bad {
            BadCode::Parameter(bad) => Self::Parameter(bad),
            BadCode::Shape => Refusal::NotACode.into(),
        }
    }
}
