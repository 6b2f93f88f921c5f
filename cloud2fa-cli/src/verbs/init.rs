//! `init`: makes the store, or brings the one that is there into a format.

use super::{store_of_root, write_back};
use crate::arguments::{Arguments, Format, Init};
use crate::caller::require_root;
use crate::dialogue::{Dialogue, Initialised};
use crate::failure::{Failure, Kind};
use crate::machine;
use cloud2fa::FileStore;
use cloud2fa::names::Nss;
use cloud2fa_doctor::write_in_place;
use std::process::ExitCode;

pub fn run(
    arguments: &Arguments,
    how: &Init,
    dialogue: &mut dyn Dialogue,
) -> Result<ExitCode, Failure> {
    require_root()?;
    let config = machine::config(arguments)?;
    let new = how.format.is_none() && FileStore::init(&config.state_dir, machine::ROOT)?;
    if new {
        write_in_place(&config.state_dir);
    }
    let mut store = store_of_root(arguments)?;
    if how.format == Some(Format::One) {
        let went_back = write_back::run(&mut store)?;
        // Now earlier versions read the store, and the records that could be written back.
        store.to_format_1()?;
        dialogue.went_back(&went_back)?;
        let all = went_back.failed.is_empty();
        return Ok(if all { ExitCode::SUCCESS } else { Kind::Unavailable.exit_code() });
    }
    // Of a new store, too: records without the file `.store` are in no index.
    let was_complete = store.index_is_complete()?;
    let added = store.complete_index(&Nss)?;
    let what = match (new, was_complete && added == 0) {
        (true, _) => Initialised::New,
        (false, true) => Initialised::Unchanged,
        (false, false) => Initialised::Completed,
    };
    dialogue.initialised(&config.state_dir, what)?;
    Ok(ExitCode::SUCCESS)
}
