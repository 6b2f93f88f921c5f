//! `doctor`: has the machine examined, or a configuration that is to be installed, and says what was
//! found.

use super::list::row;
use crate::arguments::Arguments;
use crate::caller::require_root;
use crate::dialogue::{Dialogue, Row};
use crate::failure::{Failure, Kind};
use crate::machine;
use cloud2fa::{FileStore, Store, StoreError};
use cloud2fa_doctor::{Record, Tools, candidate, examine};
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
            records: &records,
            names: &*machine::names(),
        })
    };
    dialogue.report(&report)?;
    Ok(if report.is_healthy() { ExitCode::SUCCESS } else { Kind::Unavailable.exit_code() })
}

/// All records of a store, as `list` shows them.
fn records(store: &mut FileStore) -> Result<Vec<Record>, StoreError> {
    let listed = store.list(&machine::now)?.into_iter();
    Ok(listed.map(|listed| record_of(row(listed, store))).collect())
}

fn record_of(row: Row) -> Record {
    let (status, unusable) = match row.standing {
        Ok(standing) => (standing.status().cloned(), None),
        Err(failure) => (None, Some(failure.what().to_owned())),
    };
    let Row { user, uid, is_known, renamed_to, .. } = row;
    Record { user, uid, status, unusable, is_known, renamed_to }
}
