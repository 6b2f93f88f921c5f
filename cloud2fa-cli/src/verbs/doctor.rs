//! `doctor`: has the machine examined, or a configuration that is to be installed, and says what was
//! found.

use crate::arguments::Arguments;
use crate::caller::require_root;
use crate::dialogue::Dialogue;
use crate::failure::{Failure, Kind};
use crate::machine;
use cloud2fa_doctor::{Tools, candidate, examine};
use std::process::ExitCode;

pub fn run(arguments: &Arguments, dialogue: &mut dyn Dialogue) -> Result<ExitCode, Failure> {
    let report = if let Some(path) = &arguments.config {
        candidate(path)
    } else {
        require_root()?;
        examine(&Tools {
            now: &machine::now,
            written: &machine::rfc_3339,
            root: machine::ROOT,
            open: &machine::store,
        })
    };
    dialogue.report(&report)?;
    Ok(if report.is_healthy() { ExitCode::SUCCESS } else { Kind::Unavailable.exit_code() })
}
