//! What `setup --json` says.

use crate::dialogue;
use crate::setup::{self, Service};
use serde::Serialize;
use std::collections::BTreeSet;

/// What is about to be changed.
#[derive(Serialize)]
pub struct Planned {
    plan: Service,
    files: Vec<File>,
}

/// One file of it.
#[derive(Serialize)]
struct File {
    path: String,
    new: bool,
    lines: String,
}

impl Planned {
    pub fn of(plan: &setup::Plan) -> Self {
        let file = |edit: &setup::Edit| File {
            path: edit.path.display().to_string(),
            new: edit.before.is_none(),
            lines: setup::added(edit),
        };
        Self { plan: plan.service, files: plan.edits.iter().map(file).collect() }
    }
}

/// How a service stands.
#[derive(Serialize)]
pub struct SetUp<'a> {
    service: Service,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirm_within_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a [String]>,
}

impl<'a> SetUp<'a> {
    pub fn of(service: Service, said: &'a dialogue::SetUp) -> Self {
        use dialogue::SetUp as Said;
        let (state, confirm_within_seconds, by) = match said {
            Said::AsksAlready => ("asks", None, None),
            Said::AsksNot => ("asks_not", None, None),
            Said::NotThere => ("not_there", None, None),
            Said::ForGood => ("changed", None, None),
            Said::Made { within, by } => ("unconfirmed", Some(*within), by.as_deref()),
            Said::Unconfirmed { seconds } => ("unconfirmed", Some(*seconds), None),
            Said::WasTakenBack => ("was_taken_back", None, None),
            Said::Confirmed => ("confirmed", None, None),
            Said::Undone | Said::UndoneAsFound => ("undone", None, None),
        };
        Self { service, state, confirm_within_seconds, by }
    }
}

/// Whom it would shut out.
#[derive(Serialize)]
pub struct ShutOut<'a> {
    pub shut_out: &'a BTreeSet<String>,
}

/// There was nothing to do.
#[derive(Serialize)]
pub struct NothingSetUp {
    pub changes: usize,
}
