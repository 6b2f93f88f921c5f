//! What a person is shown goes to standard output.

use crate::failure::{Failure, Kind};
use std::io::Write;

/// Writes a text at once.
pub fn say(text: &str) -> Result<(), Failure> {
    let mut output = std::io::stdout().lock();
    let written = output.write_all(text.as_bytes()).and_then(|()| output.flush());
    written.map_err(|error| {
        Failure::new(Kind::Unavailable, format!("the terminal cannot be written to ({error})"))
    })
}
