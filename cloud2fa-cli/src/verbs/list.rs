//! `list`: all who are enrolled, and what the system says to their names.

use super::store_of_root;
use crate::arguments::Arguments;
use crate::dialogue::Dialogue;
use crate::failure::{Failure, Kind};
use crate::language::WORDS;
use crate::machine;
use cloud2fa::names::NssInBulk;
use cloud2fa::roster;
use cloud2fa::store::Listed;
use std::process::ExitCode;

pub fn run(arguments: &Arguments, dialogue: &mut dyn Dialogue) -> Result<ExitCode, Failure> {
    let mut store = store_of_root(arguments)?;
    let enrolled = |listed: &Listed| {
        listed.standing.as_ref().map_or(true, |standing| standing.status().is_some())
    };
    // Records that cannot be used refuse their users' logins: somebody must look.
    let mut all_usable = true;
    roster::walk(&mut store, &mut NssInBulk::default(), &machine::now, enrolled, |person| {
        all_usable &= person.standing.is_ok();
        dialogue.person(person)
    })?;
    dialogue.end_of_list()?;
    if !store.index_is_complete()? {
        eprintln!("cloud2fa: {}", WORDS.results.index_is_not_complete);
    }
    Ok(if all_usable { ExitCode::SUCCESS } else { Kind::Unavailable.exit_code() })
}
