//! What a person is shown goes to standard output.

use crate::failure::Failure;
use crate::language::WORDS;
use std::io::Write;

/// Writes a text at once.
pub fn say(text: &str) -> Result<(), Failure> {
    let mut output = std::io::stdout().lock();
    let written = output.write_all(text.as_bytes()).and_then(|()| output.flush());
    written.map_err(|error| {
        let message = (WORDS.failures.terminal_cannot_be_written)(&error);
        Failure::of_output(&error, message)
    })
}

/// Writes a text and ends its line.
pub fn say_line(text: &str) -> Result<(), Failure> {
    say(&format!("{text}\n"))
}
