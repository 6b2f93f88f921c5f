//! `doctor`: has the machine examined, or a configuration that is to be installed, and says what was
//! found.

use crate::arguments::{Arguments, Doctor};
use crate::caller::require_root;
use crate::dialogue::{Dialogue, Findings};
use crate::failure::{Failure, Kind};
use crate::machine;
use cloud2fa_doctor::{Report, Severity, Tools, candidate, examine};
use std::process::ExitCode;

/// What a monitor takes for "unknown".
const COULD_NOT_LOOK: u8 = 3;

pub fn run(
    arguments: &Arguments,
    how: &Doctor,
    dialogue: &mut dyn Dialogue,
) -> Result<ExitCode, Failure> {
    let said = report(arguments).and_then(|report| {
        dialogue.report(&report, &findings(how))?;
        Ok(if how.monitor { for_a_monitor(&report) } else { status(&report) })
    });
    match said {
        Err(failure) if how.monitor => {
            dialogue.fail(&failure)?;
            Ok(ExitCode::from(COULD_NOT_LOOK))
        }
        said => said,
    }
}

fn report(arguments: &Arguments) -> Result<Report, Failure> {
    if let Some(path) = &arguments.config {
        return Ok(candidate(path));
    }
    require_root()?;
    Ok(examine(&Tools {
        now: &machine::now,
        written: &machine::rfc_3339,
        root: machine::ROOT,
        open: &machine::store,
    }))
}

fn findings(how: &Doctor) -> Findings<'_> {
    match &how.id {
        Some(id) => Findings::Explained(Some(id)),
        None if how.verbose => Findings::Explained(None),
        None if how.monitor => Findings::Counted,
        None => Findings::Listed,
    }
}

fn status(report: &Report) -> ExitCode {
    if report.is_healthy() { ExitCode::SUCCESS } else { Kind::Unavailable.exit_code() }
}

/// The statuses of monitoring programs, which have the worse one in the larger number.
fn for_a_monitor(report: &Report) -> ExitCode {
    match report.worst() {
        None | Some(Severity::Note) => ExitCode::SUCCESS,
        Some(Severity::Warning) => ExitCode::from(1),
        Some(Severity::Critical) => ExitCode::from(2),
    }
}
